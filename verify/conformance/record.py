"""What a conformance run found: plain frozen records that become JSON, and nothing else.

Neighbours: `suite` fills them, `text` prints them; `reports` turns their JSON into pages.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["pass", "fail", "not_applicable", "not_tested", "fragile", "known"]
STATUSES: tuple[Status, ...] = ("pass", "fragile", "not_applicable", "not_tested", "known", "fail")


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """What one check found.

    Args:
        status: "pass"; "fail"; "not_applicable": the kernel declares that it does not do this; "not_tested": it could
            not be tried, or was ruled out; "fragile": passed, but
            an exact tie, or a gap below any float kernel's error, came out differently; "known": it fails and is
            listed as a known deviation.
        message: what was found, in one line.
        first_divergent_layer: the first wrong layer of the configuration below, counted from 0.
        gap_ulps: there, the exact gap between the best score and the best one outside the follow set, in units in the
            last place of the score; 0 on an exact tie. None if no decision is at stake.
        configuration: a minimal input that shows it, as a configuration file has it (`hardmax prove` reads it).
        snippet: Python to paste that shows it.
        token: the token that the kernel put elsewhere at that layer; None if that is not what is wrong.
        returned: where it put it, an exact number a coordinate.
    """

    status: Status
    message: str
    first_divergent_layer: int | None = None
    gap_ulps: float | None = None
    configuration: Mapping[str, Any] | None = None
    snippet: str | None = None
    token: int | None = None
    returned: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult(CheckFinding):
    """One check of a kernel, with what it found.

    Args:
        id: e.g. "ties.exact".
        title: what a right kernel does, in one sentence.
    """

    id: str
    title: str

    @property
    def failed(self) -> bool:
        """Whether the check counts against the kernel."""
        return self.status == "fail"

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        returned = None if self.returned is None else [*self.returned]
        return {"id": self.id, "title": self.title} | asdict(self) | {"returned": returned}


@dataclass(frozen=True, slots=True)
class ConformanceReport:
    """All checks of one kernel.

    Args:
        kernel: its name.
        spec: how it was named: SPEC, or where the object comes from; empty if unknown.
        file: the file that defines its step function, None if unknown.
        line: the line there, None if unknown.
        declared: what its author declares: property → value.
        seed: the seed of the random cases.
        results: one a check, in the order of the suite.
        stale: ids listed as known deviations that no longer fail (or name no check that ran), with what is the case.
    """

    kernel: str
    spec: str
    file: str | None
    line: int | None
    declared: Mapping[str, str]
    seed: int
    results: tuple[CheckResult, ...]
    stale: Mapping[str, str]

    @property
    def passed(self) -> bool:
        """Whether no check fails but those listed as known."""
        return not any(result.failed for result in self.results)

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        """The checks that fail and are not listed as known."""
        return tuple(result for result in self.results if result.failed)

    def counts(self) -> dict[Status, int]:
        """Status → how many checks have it."""
        return {status: sum(r.status == status for r in self.results) for status in STATUSES}

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "kernel": self.kernel,
            "spec": self.spec,
            "file": self.file,
            "line": self.line,
            "declared": dict(self.declared),
            "seed": self.seed,
            "passed": self.passed,
            "counts": self.counts(),
            "stale": dict(self.stale),
            "results": [result.to_json() for result in self.results],
        }
