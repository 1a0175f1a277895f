"""Run the checks on a kernel and report.

    report = run_conformance("mine.py:step")        a SPEC, a Kernel or a function (tokens, A, alpha) -> next tokens
    assert_conforms("mine.py:step")                 the same as a test of one line

Neighbours: `checks` holds the checks, `known` reads known deviations, `text` prints the report.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

from ...kernels.errors import InputError
from ...kernels.protocol import Kernel, as_kernel
from ...kernels.registry import load
from .check import Check, NotApplicableError, Subject
from .checks import CHECKS
from .record import CheckFinding, CheckResult, ConformanceReport
from .text import plain_text


def resolve(kernel: object, *, spec: str = "") -> tuple[Kernel, str]:
    """The kernel that is meant, and its SPEC if it was named by one.

    Args:
        kernel: a SPEC, a `Kernel` or a step function.
        spec: the SPEC if it was loaded from one already.

    Raises:
        InputError: no such kernel, or one whose optional dependency is missing.
    """
    if isinstance(kernel, str):
        spec = kernel
        found = load(kernel)
    else:
        found = as_kernel(kernel, name=getattr(kernel, "__name__", "kernel"))
    if found.missing:
        raise InputError(found.missing)
    return found, spec


def declared(kernel: Kernel) -> dict[str, str]:
    """What the author of a kernel declares, for headers and reports."""
    return {
        "dtypes": ", ".join(kernel.dtypes),
        "arrays": kernel.arrays,
        "device": kernel.device,
        "ties": kernel.ties,
        "A": "any" if kernel.supports_A else "identity only",
        "follow sets": "yes" if kernel.layer is not None else "no",
    }


def definition(kernel: Kernel) -> tuple[str | None, int | None]:
    """File and line of a kernel's step function, None where that is unknown (builtins, compiled functions)."""
    code = getattr(inspect.unwrap(kernel.step), "__code__", None)
    return (None, None) if code is None else (code.co_filename, code.co_firstlineno)


def run_check(subject: Subject, check: Check, known: Mapping[str, str] | None = None) -> CheckResult:
    """Run one check; one that breaks off, because of what the kernel returned or raised, is a failure.

    Args:
        subject: the kernel under test.
        check: the check.
        known: known deviations: check id → reason.
    """
    try:
        finding = check.run(subject)
    except NotApplicableError as reason:
        finding = CheckFinding("not_applicable", str(reason))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a kernel may return or raise anything; the report goes on to the next check
        finding = CheckFinding("fail", " ".join(f"could not be judged: {type(error).__name__}: {error}".split()))
    if finding.status == "fail" and known and check.id in known:
        finding = replace(finding, status="known", message=f"{known[check.id]} (known deviation): {finding.message}")
    return finding.of_check(check.id, check.title)


def check_ids() -> tuple[str, ...]:
    """The ids of all checks, in the order of the report."""
    return tuple(check.id for check in CHECKS)


def stale_entries(known: Mapping[str, str], results: Iterable[CheckResult]) -> dict[str, str]:
    """Known deviations that are none: check id → what is the case."""
    status = {result.id: result.status for result in results}
    return {
        name: f"the check is {status[name]}; remove the entry" if name in status else "no such check ran"
        for name in known
        if status.get(name) != "known"
    }


def run_conformance(
    kernel: object,
    *,
    seed: int = 0,
    known: Mapping[str, str] | None = None,
    only: Iterable[str] = ("*",),
    progress: Callable[[CheckResult], None] | None = None,
) -> ConformanceReport:
    """Test a kernel against the exact one.

    Args:
        kernel: a SPEC ("numpy", "pkg.module:attr", "path/to/file.py:attr"), a `Kernel`, or a function
            (tokens (B, n, d), A (d, d), alpha) -> next tokens.
        seed: the seed of the random cases; the tables of fixed cases do not depend on it.
        known: known deviations: check id → reason (`read_known` reads them from a file).
        only: shell patterns of check ids to run.
        progress: called with each result.

    Returns:
        The report: `report.passed` is False if a check fails that is not listed as known.

    Raises:
        InputError: no such kernel, its optional dependency is missing, or a pattern or entry that matches no check.
    """
    found, spec = resolve(kernel)
    listed = dict(known or {})
    for name in listed:
        if name not in check_ids():
            raise InputError(f"no check is called {name!r}; checks are {', '.join(check_ids())}")
    patterns = tuple(only)
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in check_ids()):
            raise InputError(f"no check matches {pattern!r}; checks are {', '.join(check_ids())}")
    subject = Subject(found, spec, seed)
    results = []
    for check in CHECKS:
        if any(fnmatchcase(check.id, pattern) for pattern in patterns):
            results.append(run_check(subject, check, listed))
            if progress is not None:
                progress(results[-1])
    file, line = definition(found)
    stale = stale_entries(listed, results)
    return ConformanceReport(found.name, spec or found.source, file, line, declared(found), seed, tuple(results), stale)


def assert_conforms(kernel: object, *, seed: int = 0, known: Mapping[str, str] | None = None) -> None:
    """The conformance test of a kernel, for its author's own tests:

        def test_conformance():
            assert_conforms("my_package.kernels:step")

    Args:
        kernel: as for `run_conformance`.
        seed: the seed of the random cases.
        known: known deviations: check id → reason.

    Raises:
        AssertionError: a check fails; the message is the report, with a snippet for each failure.
        InputError: no such kernel.
    """
    report = run_conformance(kernel, seed=seed, known=known)
    if not report.passed:
        raise AssertionError("\n" + plain_text(report))
