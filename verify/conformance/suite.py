"""Run the checks on a kernel and report.

    report = run_conformance("mine.py:step")        a SPEC, a kernel or a function (tokens, A, alpha) or (q, k, v)
    assert_conforms("mine.py:step")                 the same as a test of one line

A kernel named by a SPEC runs in a process of its own: a crash, a hang, memory without end and noise are findings. A
Python object runs in this process, without that protection.

Neighbours: `checks` holds the checks, `engine` runs them, `known` reads known deviations, `text` prints the report.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from fnmatch import fnmatchcase
from operator import attrgetter

from ...kernels.errors import InputError
from ...kernels.loading import collect, lasting
from .check import Check
from .engine.bench import Bench, InProcess, Options
from .engine.protocols import PROTOCOLS
from .engine.worker import Worker
from .record import CheckFinding, CheckResult, ConformanceReport
from .text import plain_text

GROUP = "hardmax.checks"
"""The entry-point group under which other packages offer checks: `name = "pkg.module"` or `"pkg.module:attr"`."""
INTERRUPTED = "the run was interrupted"
"""Why checks were not tested after Ctrl-C."""


def opened(kernel: object, options: Options | None = None) -> Bench:
    """A loaded kernel on which checks can be run, in a process of its own if it is named by a SPEC; to be closed.

    Args:
        kernel: a SPEC, a `Kernel` or a step function.
        options: how it is tested.

    Raises:
        InputError: no such kernel, one whose optional dependency is missing, or one that is declared wrongly.
    """
    chosen = options or Options()
    bench = Worker(kernel, chosen) if isinstance(kernel, str) else InProcess(kernel, chosen)
    ids = check_ids(bench.about.protocol)
    for name in bench.about.known:
        if name not in ids:
            bench.close()
            raise InputError(f"kernel {bench.about.name}: known names {name!r}; checks are {', '.join(ids)}")
    return bench


def run_check(bench: Bench, check: Check, known: Mapping[str, str] | None = None) -> CheckResult:
    """Run one check.

    Args:
        bench: the kernel under test.
        check: the check.
        known: known deviations beside those that the kernel declares: check id → reason.
    """
    if bench.shut:
        return result_of(bench, check, CheckFinding("not_tested", bench.shut), known)
    finding = bench.run(check)
    if check.gate and finding.status == "fail":
        bench.shut = f"{check.id} fails, so that nothing else can be told"
    return result_of(bench, check, finding, known)


def result_of(bench: Bench, check: Check, finding: CheckFinding, known: Mapping[str, str] | None = None) -> CheckResult:
    """A finding as the result of its check, under the title that the kernel's declarations give it."""
    reason = ({**bench.about.known} | dict(known or {})).get(check.id)
    if finding.status == "fail" and reason is not None:
        finding = replace(finding, status="known", message=f"{reason} (known deviation): {finding.message}")
    return finding.of_check(check.id, check.title_for(bench.about.ties))


def check_ids(protocol: str = "layer") -> tuple[str, ...]:
    """The ids of all checks of a protocol, "layer" or "attention", in the order of the report."""
    return tuple(check.id for check in PROTOCOLS[protocol].checks)


def selected(
    only: str | Check | Iterable[str | Check] = ("*",), skip: Iterable[str] = (), *, protocol: str = "layer"
) -> tuple[Check, ...]:
    """The checks that `only` asks for, without those that match a pattern of `skip`.

    Args:
        only: checks, globs of ids, and places of users' checks ("mine.py", "mine.py:name", "pkg.module:name"); a text
            may be several, separated by commas.
        skip: globs of ids, several with commas.
        protocol: that of the kernels to test, "layer" or "attention".

    Returns:
        The shipped ones in the order of the report, then the others as they are asked for.

    Raises:
        InputError: a pattern that matches no check, one that cannot be loaded or takes another's id, or none is left.
    """
    shipped, ids = PROTOCOLS[protocol].checks, check_ids(protocol)
    found = collect(
        only,
        Check,
        shipped=shipped,
        group=GROUP,
        name_of=attrgetter("id"),
        what="check",
        hint="put @hardmax.kernel_check(id, title) above a function",
        listed=f"checks are {', '.join(ids)}",
    )
    chosen: dict[str, Check] = {}
    for place, check in found:
        placed = check if place is None else replace(check, place=lasting(place))
        other = next((c for c in shipped if c.id == check.id), chosen.setdefault(check.id, placed))
        if other is not check and (other.place != placed.place or not other.place):
            owner = other.place or "another check"
            raise InputError(f"{placed.place or 'a check'} has the id {check.id}, which {owner} has already; rename it")
    unwanted = tuple(p.strip() for text in skip for p in text.split(","))
    for pattern in unwanted:
        if not any(fnmatchcase(name, pattern) for name in (*ids, *chosen)):
            raise InputError(f"no check matches {pattern!r}; checks are {', '.join(ids)}")
    ordered = (*(c for c in shipped if c.id in chosen), *(c for c in chosen.values() if c not in shipped))
    left = tuple(c for c in ordered if not any(fnmatchcase(c.id, pattern) for pattern in unwanted))
    if not left:
        raise InputError(
            f"no check is left of {', '.join(c.id for c in ordered)} without {', '.join(unwanted)}; skip fewer"
        )
    return left


def stale_entries(known: Mapping[str, str], results: Iterable[CheckResult]) -> dict[str, str]:
    """Known deviations that are none: check id → what is the case."""
    status = {result.id: result.status for result in results}
    return {
        name: f"the check is {status[name]}; remove the entry" if name in status else "no such check ran"
        for name in known
        if status.get(name) not in ("known", "not_tested")
    }


def run_conformance(
    kernel: object,
    *,
    seed: int = 0,
    known: Mapping[str, str] | None = None,
    only: str | Check | Iterable[str | Check] = ("*",),
    skip: Iterable[str] = (),
    options: Options | None = None,
    progress: Callable[[CheckResult], None] | None = None,
) -> ConformanceReport:
    """Test a kernel against the exact one.

    Args:
        kernel: a SPEC ("numpy", "pkg.module:attr", "path/to/file.py:attr"), tested in a process of its own; or a
            `Kernel`, an `AttentionKernel`, a function (tokens (B, n, d), A (d, d), alpha) -> next tokens or one of
            q, k, v, tested in this process: one that crashes ends it, one that hangs is waited for.
        seed: the seed of the random cases; the tables of fixed cases do not depend on it.
        known: known deviations: check id → reason (`read_known` reads them from a file), beside those in the kernel's
            own attribute `known`.
        only: the checks to run, and
        skip: those to leave out: see `selected`.
        options: further declarations, sizes and limits; its seed counts if it is given.
        progress: called with each result.

    Returns:
        The report: `report.passed` is False if a check fails that is not listed as known.

    Raises:
        InputError: no such kernel, its optional dependency is missing, it is declared wrongly (the message has the
            remedy), or a pattern or entry that matches no check.
    """
    with closing(opened(kernel, options or Options(seed))) as bench:
        return run_on(bench, known=known, only=only, skip=skip, progress=progress)


def run_on(
    bench: Bench,
    *,
    known: Mapping[str, str] | None = None,
    only: str | Check | Iterable[str | Check] = ("*",),
    skip: Iterable[str] = (),
    progress: Callable[[CheckResult], None] | None = None,
    keep: bool = False,
) -> ConformanceReport:
    """`run_conformance` of a kernel that is loaded.

    Args:
        bench: the kernel.
        known: as there, like `only`, `skip` and `progress`.
        keep: whether Ctrl-C ends the run with what was found until then; the other checks are then "not_tested".
    """
    listed, protocol = dict(known or {}), bench.about.protocol
    checks = selected(only, skip, protocol=protocol)
    names = (*check_ids(protocol), *(check.id for check in checks if check.place))
    for name in listed:
        if name not in names:
            raise InputError(f"no check is called {name!r}; checks are {', '.join(names)}")
    results: list[CheckResult] = []
    try:
        for check in checks:
            results.append(run_check(bench, check, listed))
            if progress is not None:
                progress(results[-1])
    except KeyboardInterrupt:
        if not keep:
            raise
        ended = CheckFinding("not_tested", INTERRUPTED)
        results += [result_of(bench, check, ended) for check in checks[len(results) :]]
    about = bench.about
    own = {name: reason for name, reason in about.known.items() if name in {check.id for check in checks}}
    stale = stale_entries(own | listed, results)
    what = PROTOCOLS[about.protocol].article
    return ConformanceReport(
        about.name, what, about.spec, about.file, about.line, about.declared, bench.seed, tuple(results), stale
    )


def check_kernel(kernel: object, **arguments: object) -> tuple[CheckResult, ...]:
    """The result of every check of a kernel, one record a check; a failing check is a record as well.

        for result in hardmax.check_kernel(step):
            print(result.id, result.status, result.message)

    Args:
        kernel: as for `run_conformance`.
        arguments: as for `run_conformance`.

    Raises:
        InputError: no such kernel, or one that is declared wrongly.
    """
    return run_conformance(kernel, **arguments).results  # type: ignore[arg-type]


def assert_conforms(kernel: object, *, seed: int = 0, known: Mapping[str, str] | None = None) -> None:
    """The conformance test of a kernel, for its author's own tests:

        def test_conformance():
            assert_conforms("my_package.kernels:step")

    Args:
        kernel: as for `run_conformance`; only one named by a SPEC can crash or hang without harm.
        seed: the seed of the random cases.
        known: known deviations: check id → reason.

    Raises:
        AssertionError: a check fails; the message is the report, with a snippet for each cause.
        InputError: no such kernel, or one that is declared wrongly.
    """
    report = run_conformance(kernel, seed=seed, known=known)
    if not report.passed:
        raise AssertionError("\n" + plain_text(report))
