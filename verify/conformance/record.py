"""What a conformance run found. `CheckResult` is the record of a check that reports read.

Neighbours: `suite` fills them, `text` prints them.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from msgspec import convert, to_builtins

from ...reports.records.run_record import CheckResult
from ...reports.records.run_record import CheckStatus as Status

STATUSES: tuple[Status, ...] = ("pass", "fragile", "not_applicable", "not_tested", "known", "fail")


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """What one check found: the fields of `CheckResult`, with the configuration as a configuration file has it."""

    status: Status
    message: str
    first_divergent_layer: int | None = None
    gap_ulps: float | None = None
    configuration: Mapping[str, Any] | None = None
    snippet: str | None = None
    token: int | None = None
    returned: tuple[str, ...] | None = None
    errors: tuple[str, ...] | None = None

    def of_check(self, name: str, title: str) -> CheckResult:
        """The record of the check of this id that found it; `title` says what a right kernel does."""
        return convert({"id": name, "title": title, **asdict(self)}, CheckResult)


@dataclass(frozen=True, slots=True)
class ConformanceReport:
    """All checks of one kernel.

    Args:
        kernel: its name.
        protocol: what it is: "a layer" or "an attention kernel".
        spec: how it was named: SPEC, or where the object comes from; empty if unknown.
        file: the file that defines its step function, None if unknown.
        line: the line there, None if unknown.
        declared: what its author declares: property → value.
        seed: the seed of the random cases.
        results: one a check, in the order of the suite.
        stale: ids listed as known deviations that no longer fail (or name no check that ran), with what is the case.
    """

    kernel: str
    protocol: str
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
        data = to_builtins(self)
        for result in data["results"]:
            result.setdefault("token", None)
            result.setdefault("returned", None)
        return data | {"passed": self.passed, "counts": self.counts()}
