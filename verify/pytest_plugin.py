"""The pytest plugin: the conformance suite, and claims, as items of the user's own test session.

    pytest --hardmax-kernel=mine.py:step            one item a check, beside the tests that pytest finds

    @pytest.mark.hardmax_kernel("mine.py:step")     the same inside a test file: one item a check
    def test_conformance(hardmax_check):
        hardmax_check()

    def test_mine(hardmax_kernel): ...              the kernel under test itself

    pytest --hardmax-claims=mine.py                 one item a claim

Unused, it costs nothing: this module imports pytest alone, hooks return at once, and nothing else is imported before a
kernel or a claim is asked for. Results of checks travel as `user_properties` of pytest's own reports: they reach JUnit
files and, with xdist, the controller.

Neighbours: `conformance` is the suite, `own_claim` checks claims.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conformance.check import Check, Subject
    from .conformance.record import CheckResult
    from .own_claim import OwnClaim

PROPERTY = "hardmax_conformance"
"""The name of the user property that carries a result."""
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
    group.addoption("--hardmax-known", metavar="FILE", help="known deviations: CHECK REASON, one a line (xfail)")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; refuse a bad SPEC or file before anything is collected."""
    config.addinivalue_line("markers", MARK)
    if config.option.hardmax_claims:
        config.pluginmanager.register(_Claims(config), "hardmax-claims")
    if not config.option.hardmax_kernel:
        if config.option.hardmax_known:
            raise pytest.UsageError("--hardmax-known is given without --hardmax-kernel; give the kernel as well")
        return
    config.pluginmanager.register(_Session(config), "hardmax-conformance")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item a check for tests that use `hardmax_check`."""
    if "hardmax_check" in metafunc.fixturenames:
        from .conformance.checks import CHECKS

        metafunc.parametrize("hardmax_check", CHECKS, ids=[check.id for check in CHECKS], indirect=True)


@pytest.fixture
def hardmax_kernel(request: pytest.FixtureRequest) -> Any:
    """The kernel under test, loaded: that of the test's marker `hardmax_kernel`, else of --hardmax-kernel."""
    return _subject(request).kernel


@pytest.fixture
def hardmax_check(request: pytest.FixtureRequest) -> Callable[[], None]:
    """Runs one check of the suite on the kernel under test; the test is collected once for each check."""
    check: Check = request.param
    subject = _subject(request)
    known = _known(request.config)

    def run() -> None:
        __tracebackhide__ = True
        _outcome(request.node, subject, check, known)

    return run


def _subject(request: pytest.FixtureRequest) -> Subject:
    """The kernel that the marker or the option names."""
    mark = request.node.get_closest_marker("hardmax_kernel")
    option = request.config.option
    if mark is None and not option.hardmax_kernel:
        raise pytest.UsageError(
            'no kernel is named; mark the test with @pytest.mark.hardmax_kernel("SPEC") or give --hardmax-kernel=SPEC'
        )
    if mark is None:
        return _load(option.hardmax_kernel, option.hardmax_seed)
    if len(mark.args) != 1 or set(mark.kwargs) - {"seed"}:
        raise pytest.UsageError(f"the marker hardmax_kernel takes one SPEC and seed=N; got {mark.args} {mark.kwargs}")
    return _load(mark.args[0], mark.kwargs.get("seed", option.hardmax_seed))


def _load(kernel: Any, seed: int) -> Subject:
    from ..kernels.errors import InputError
    from .conformance.check import Subject
    from .conformance.suite import resolve

    try:
        return Subject(*resolve(kernel), seed)
    except InputError as error:
        raise pytest.UsageError(f"hardmax: {error}") from None


def _known(config: pytest.Config) -> dict[str, str]:
    if not config.option.hardmax_known:
        return {}
    from ..kernels.errors import InputError
    from .conformance.known import read_known
    from .conformance.suite import check_ids

    try:
        return read_known(config.option.hardmax_known, check_ids())
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


def _outcome(item: pytest.Item, subject: Subject, check: Check, known: dict[str, str]) -> None:
    """Run a check and end the item as its status says: pass (fragile as well), skip, xfail or failure."""
    from .conformance.suite import run_check

    __tracebackhide__ = True
    result = run_check(subject, check, known)
    item.user_properties.append((PROPERTY, json.dumps({"kernel": subject.kernel.name, **result.to_json()})))
    if result.status == "not_applicable":
        pytest.skip(result.message)
    if result.status == "known":
        pytest.xfail(result.message)
    if result.failed:
        raise ConformanceFailure(result)


class ConformanceItem(pytest.Item):
    """One check on the kernel of --hardmax-kernel."""

    def __init__(self, *, check: Check, subject: Subject, known: dict[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.check, self.subject, self.known = check, subject, known

    def runtest(self) -> None:
        """Run the check."""
        _outcome(self, self.subject, self.check, self.known)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The report of a failing check in place of a traceback through the suite."""
        if isinstance(excinfo.value, ConformanceFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Where it is reported: the check and its kernel."""
        return self.path, None, f"{self.check.id} of kernel {self.subject.kernel.name}"


class ConformanceCollector(pytest.Collector):
    """The checks on one kernel."""

    def __init__(self, *, subject: Subject, known: dict[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.subject, self.known = subject, known

    def collect(self) -> Iterator[ConformanceItem]:
        """One item a check."""
        from .conformance.checks import CHECKS

        for check in CHECKS:
            yield ConformanceItem.from_parent(self, name=check.id, check=check, subject=self.subject, known=self.known)


class _Session:
    """The hooks of a session with --hardmax-kernel."""

    def __init__(self, config: pytest.Config) -> None:
        self.spec: str = config.option.hardmax_kernel
        self.known = _known(config)
        self.subject = _load(self.spec, config.option.hardmax_seed)
        self.results: list[dict[str, Any]] = []

    def pytest_report_header(self) -> str:
        from .conformance.suite import declared

        text = ", ".join(f"{name}: {value}" for name, value in declared(self.subject.kernel).items())
        return f"hardmax: kernel under test {self.spec} ({text}), seed {self.subject.seed}"

    @pytest.hookimpl(tryfirst=True)  # before -k and -m deselect, so that they apply to the checks as well
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        collector = ConformanceCollector.from_parent(
            session, name="hardmax", nodeid=f"hardmax[{self.spec}]", subject=self.subject, known=self.known
        )
        items.extend(collector.collect())

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
        from .own_claim import own_claims

        self.wanted: str = config.option.hardmax_claims
        try:
            self.claims = own_claims(self.wanted)
        except InputError as error:
            raise pytest.UsageError(f"hardmax: {error}") from None
        if config.option.hardmax_examples < 1:
            raise pytest.UsageError("--hardmax-examples must be at least 1")

    @pytest.hookimpl(tryfirst=True)  # before -k and -m deselect
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        nodeid = f"hardmax[{self.wanted}]"
        items.extend(ClaimCollector.from_parent(session, name="claims", nodeid=nodeid, claims=self.claims).collect())


__all__ = ["PROPERTY", "ClaimCollector", "ClaimItem", "ConformanceCollector", "ConformanceFailure", "ConformanceItem"]
