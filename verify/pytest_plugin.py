"""The pytest plugin: the conformance suite, and claims, as items of the user's own test session.

    pytest --hardmax-kernel=mine.py:step            one item a check, beside the tests that pytest finds

    @pytest.mark.hardmax_kernel("mine.py:step")     the same inside a test file: one item a check
    def test_conformance(hardmax_check):
        hardmax_check()

    @hardmax.parametrize_checks([step, other])      one item for each kernel and check
    def test_kernels(check):
        check()

    def test_mine(hardmax_kernel): ...              the kernel under test itself

    pytest --hardmax-claims=mine.py                 one item a claim

    pytest 'hardmax[mine.py:step]::ties.exact'      an item by the id that pytest printed, 'hardmax-claims[…]::…' too

Unused, it costs nothing: this module imports pytest alone, hooks return at once, and nothing else is imported before a
kernel or a claim is asked for. Results of checks travel as `user_properties` of pytest's own reports: they reach JUnit
files and, with xdist, the controller.

Neighbours: `conformance` is the suite, `claims.own` has a user's claims.
"""

from __future__ import annotations

import argparse
import atexit
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

if TYPE_CHECKING:
    from .claims.own.claim import OwnClaim
    from .conformance.check import Check
    from .conformance.engine.bench import Bench
    from .conformance.record import CheckResult

PROPERTY = "hardmax_conformance"
"""The name of the user property that carries a result."""
_ID = re.compile(r"hardmax(-claims)?\[(.+)\](?:::(.+))?")
"""The id of an item: of a check on --hardmax-kernel, or of a claim of --hardmax-claims."""
MARK = "hardmax_kernel(spec, seed=0): test this kernel: one item a check where the test uses the fixture hardmax_check"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the suite."""
    group = parser.getgroup("hardmax", "conformance of hardmax attention kernels")
    group.addoption(
        "--hardmax-kernel",
        metavar="SPEC",
        help="run the conformance suite on this kernel: a name, pkg.module:attr or path/to/file.py:attr",
    )
    group.addoption("--hardmax-seed", type=int, default=0, metavar="N", help="seed of the suite's random cases")
    group.addoption("--hardmax-claims", metavar="CLAIMS", help="check these claims: ids, globs, mine.py, mine.py:name")
    group.addoption(
        "--hardmax-examples", type=int, default=300, metavar="N", help="configurations for each claim [300]"
    )
    group.addoption("--hardmax-only", action="append", default=[], help=argparse.SUPPRESS)
    group.addoption("--hardmax-known", metavar="FILE", help="known deviations: CHECK REASON, one a line (xfail)")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; refuse a bad SPEC or file before anything is collected."""
    config.addinivalue_line("markers", MARK)
    _take_ids(config)
    if config.option.hardmax_claims:
        config.pluginmanager.register(_Claims(config), "hardmax-claims")
    if not config.option.hardmax_kernel:
        if config.option.hardmax_known:
            raise pytest.UsageError("--hardmax-known is given without --hardmax-kernel; give the kernel as well")
        return
    config.pluginmanager.register(_Session(config), "hardmax-conformance")


def _take_ids(config: pytest.Config) -> None:
    """Ids of this plugin's items among the arguments become its options: no file of such a name is looked for."""
    option = config.option
    ids = {argument: read for argument in config.args if (read := _ID.fullmatch(argument))}
    for kind, given, only in (read.groups() for read in ids.values()):
        name = "hardmax_claims" if kind else "hardmax_kernel"
        if (other := getattr(option, name)) not in (None, given):
            raise pytest.UsageError(f"ids of {other} and of {given} are given; give those of one of them")
        setattr(option, name, given)
        option.hardmax_only += [only or "*"]
    if ids:
        config.args = [argument for argument in config.args if argument not in ids]
    elif option.hardmax_only and config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = []  # a process of xdist, to which the controller hands its options, and nothing to collect


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item a check for tests that use `hardmax_check`."""
    if "hardmax_check" in metafunc.fixturenames:
        from .conformance.suite import selected

        config, mark = metafunc.config, metafunc.definition.get_closest_marker("hardmax_kernel")
        named = mark is not None or config.option.hardmax_kernel  # else the fixture says what to do
        protocol = _named(config, mark).about.protocol if named else "layer"
        checks = {check.id: check for check in selected(protocol=protocol)}
        metafunc.parametrize("hardmax_check", checks.values(), ids=checks, indirect=True)


@pytest.fixture
def hardmax_kernel(request: pytest.FixtureRequest) -> Any:
    """The kernel under test, loaded in this process: that of the marker `hardmax_kernel`, else of --hardmax-kernel."""
    from ..kernels.registry import load_any

    mark = request.node.get_closest_marker("hardmax_kernel")
    _named(request.config, mark)  # says what is missing
    return load_any(request.config.option.hardmax_kernel if mark is None else mark.args[0])


@pytest.fixture
def hardmax_check(request: pytest.FixtureRequest) -> Callable[[], None]:
    """Runs one check of the suite on the kernel under test; the test is collected once for each check."""
    check: Check = request.param
    bench = _named(request.config, request.node.get_closest_marker("hardmax_kernel"))

    def run() -> None:
        __tracebackhide__ = True
        _outcome(request.node, bench, check, _known(request.config, bench))

    return run


def _named(config: pytest.Config, mark: pytest.Mark | None) -> Bench:
    """The kernel that the marker or the option names."""
    option = config.option
    if mark is None and not option.hardmax_kernel:
        remedy = 'mark the test with @pytest.mark.hardmax_kernel("SPEC") or give --hardmax-kernel=SPEC'
        raise pytest.UsageError(f"no kernel is named; {remedy}")
    if mark is None:
        return _open(config, option.hardmax_kernel, option.hardmax_seed)
    if len(mark.args) != 1 or set(mark.kwargs) - {"seed"}:
        raise pytest.UsageError(f"the marker hardmax_kernel takes one SPEC and seed=N; got {mark.args} {mark.kwargs}")
    return _open(config, mark.args[0], mark.kwargs.get("seed", option.hardmax_seed))


_BENCHES = pytest.StashKey[dict[tuple[Any, int], Any]]()
"""The kernels of a session, by SPEC (or object) and seed: each is loaded once, and closed with the session."""


def _open(config: pytest.Config, kernel: Any, seed: int) -> Bench:
    from ..kernels.errors import InputError
    from .conformance.engine.bench import Options
    from .conformance.suite import opened

    benches = config.stash.setdefault(_BENCHES, {})
    if (kernel, seed) not in benches:
        try:
            benches[kernel, seed] = opened(kernel, Options(seed))
        except InputError as error:
            raise pytest.UsageError(f"hardmax: {error}") from None
        config.add_cleanup(benches[kernel, seed].close)
    return benches[kernel, seed]


def _known(config: pytest.Config, bench: Bench) -> dict[str, str]:
    if not config.option.hardmax_known:
        return {}
    from ..kernels.errors import InputError
    from .conformance.known import read_known
    from .conformance.suite import check_ids

    try:
        return read_known(config.option.hardmax_known, check_ids(bench.about.protocol))
    except InputError as error:
        raise pytest.UsageError(f"hardmax: {error}") from None


class ConformanceFailure(Exception):  # noqa: N818 the user reads the name in the summary line
    """A failing check; its text is what pytest shows."""

    def __init__(self, result: CheckResult) -> None:
        from .conformance.text import failure_text

        super().__init__(result.message)
        self.text = failure_text(result)

    def __str__(self) -> str:
        return self.text


def _outcome(item: pytest.Item, bench: Bench, check: Check, known: dict[str, str]) -> None:
    """Run a check and end the item as its status says: pass (fragile as well), skip, xfail or failure."""
    from msgspec import to_builtins

    from .conformance.suite import run_check

    __tracebackhide__ = True
    result = run_check(bench, check, known)
    item.user_properties.append((PROPERTY, json.dumps({"kernel": bench.about.name, **to_builtins(result)})))
    _end(result)


def _end(result: CheckResult) -> None:
    """End a test as the result of its check says."""
    __tracebackhide__ = True
    if result.status == "not_applicable":
        pytest.skip(result.message)
    if result.status == "not_tested":
        pytest.skip(f"not tested: {result.message}")
    if result.status == "known":
        pytest.xfail(result.message)
    if result.failed:
        raise ConformanceFailure(result)


def parametrize_checks(kernels: Iterable[Any], **arguments: Any) -> pytest.MarkDecorator:
    """A decorator that makes a test one item for each kernel and check:

        @hardmax.parametrize_checks([step, "mine.py:other"])
        def test_kernels(check):
            check()

    Args:
        kernels: SPECs, each tested in a process of its own, or `Kernel`s and step functions, tested in this one.
        arguments: `only` and `skip` as for `run_conformance`.
    """
    from .conformance.suite import selected

    items = []
    for kernel in kernels:
        name = kernel if isinstance(kernel, str) else getattr(kernel, "name", getattr(kernel, "__name__", "kernel"))
        checks = selected(**arguments, protocol=_Bound.bench(kernel).about.protocol)
        items += [pytest.param(_Bound(kernel, check), id=f"{name}-{check.id}") for check in checks]
    return pytest.mark.parametrize("check", items)


class _Bound:
    """A check of a kernel, to be called in a test: it ends the test as the result says."""

    benches: ClassVar[dict[Any, Bench]] = {}
    """The kernels of this process, each loaded once; they are closed when it ends."""

    def __init__(self, kernel: Any, check: Check) -> None:
        self.kernel, self.check = kernel, check

    @classmethod
    def bench(cls, kernel: Any) -> Bench:
        """The loaded kernel."""
        from .conformance.suite import opened

        if kernel not in cls.benches:
            cls.benches[kernel] = opened(kernel)
            atexit.register(cls.benches[kernel].close)
        return cls.benches[kernel]

    def __call__(self) -> None:
        __tracebackhide__ = True
        from .conformance.suite import run_check

        _end(run_check(self.bench(self.kernel), self.check))


class ConformanceItem(pytest.Item):
    """One check on the kernel of --hardmax-kernel."""

    def __init__(self, *, check: Check, bench: Bench, known: dict[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.check, self.bench, self.known = check, bench, known

    def runtest(self) -> None:
        """Run the check."""
        _outcome(self, self.bench, self.check, self.known)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The report of a failing check in place of a traceback through the suite."""
        if isinstance(excinfo.value, ConformanceFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Where it is reported: the check and its kernel."""
        return self.path, None, f"{self.check.id} of kernel {self.bench.about.name}"


class ConformanceCollector(pytest.Collector):
    """The checks on one kernel."""

    def __init__(self, *, bench: Bench, known: dict[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bench, self.known = bench, known

    def collect(self) -> Iterator[ConformanceItem]:
        """One item a check."""
        from .conformance.suite import selected

        for check in selected(protocol=self.bench.about.protocol):
            yield ConformanceItem.from_parent(self, name=check.id, check=check, bench=self.bench, known=self.known)


class _Session:
    """The hooks of a session with --hardmax-kernel."""

    def __init__(self, config: pytest.Config) -> None:
        self.spec: str = config.option.hardmax_kernel
        self.bench = _open(config, self.spec, config.option.hardmax_seed)
        self.known = _known(config, self.bench)
        self.results: list[dict[str, Any]] = []

    def pytest_report_header(self) -> str:
        text = ", ".join(f"{name}: {value}" for name, value in self.bench.about.declared.items())
        return f"hardmax: kernel under test {self.spec} ({text}), seed {self.bench.seed}"

    @pytest.hookimpl(tryfirst=True)  # before -k and -m deselect, so that they apply to the checks as well
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        collector = ConformanceCollector.from_parent(
            session, name="hardmax", nodeid=f"hardmax[{self.spec}]", bench=self.bench, known=self.known
        )
        only = session.config.option.hardmax_only  # all of them if no id was given
        items += [item for item in collector.collect() if not only or {item.name, "*"} & set(only)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self.results += [json.loads(value) for name, value in report.user_properties if name == PROPERTY]  # type: ignore[arg-type]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self.results:
            return
        status = {result["id"]: result["status"] for result in self.results}
        for result in self.results:
            if result["status"] == "fragile":
                terminalreporter.write_line(f"hardmax: {result['id']} is fragile: {result['message']}", yellow=True)
        for name, reason in self.known.items():
            if status.get(name, "known") != "known":
                terminalreporter.write_line(
                    f"hardmax: stale known deviation: {name} ({reason}): the check is {status[name]}; remove the entry",
                    yellow=True,
                )


class ClaimItem(pytest.Item):
    """One claim of --hardmax-claims."""

    def __init__(self, *, claim: OwnClaim, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.claim = claim

    def runtest(self) -> None:
        """Check it."""
        option = self.config.option
        self.claim.check(examples=option.hardmax_examples, seed=option.hardmax_seed)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The message in place of a traceback."""
        from ..kernels.errors import HardmaxError

        return str(excinfo.value) if isinstance(excinfo.value, HardmaxError) else super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Where it is reported."""
        return self.path, None, f"claim {self.claim.id}"


class ClaimCollector(pytest.Collector):
    """The claims that are asked for."""

    def __init__(self, *, claims: tuple[OwnClaim, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.claims = claims

    def collect(self) -> Iterator[ClaimItem]:
        """One item a claim."""
        for claim in self.claims:
            yield ClaimItem.from_parent(self, name=claim.id, claim=claim)


class _Claims:
    """The hooks of a session with --hardmax-claims."""

    def __init__(self, config: pytest.Config) -> None:
        from ..kernels.errors import InputError
        from .claims.own.claim import own_claims

        self.wanted: str = config.option.hardmax_claims
        try:
            self.claims = own_claims(self.wanted)
        except InputError as error:
            raise pytest.UsageError(f"hardmax: {error}") from None
        if config.option.hardmax_examples < 1:
            raise pytest.UsageError("--hardmax-examples must be at least 1")

    @pytest.hookimpl(tryfirst=True)  # before -k and -m deselect
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        nodeid = f"hardmax-claims[{self.wanted}]"
        claims = ClaimCollector.from_parent(session, name="claims", nodeid=nodeid, claims=self.claims)
        only = session.config.option.hardmax_only
        items += [item for item in claims.collect() if not only or {item.name, "*"} & set(only)]
