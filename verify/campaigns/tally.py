"""Tallies: what a chunk of a campaign, or the whole of it, has counted, and which regimes its configurations reached.

Neighbours: `campaign` fills tallies and adds them up, `float_comparison` counts kernels, `judgement` draws conclusions.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from ...kernels.bounds.crosscheck import CrossCheck
from ...kernels.exact.configuration import Configuration
from ...reports.records.run_record import Bin, Histogram
from ...strategies import Sample
from ..claims.case import Case
from ..claims.registry import Finding
from ..provers.freeze.outcome import Frozen


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A configuration that refutes a claim, the smallest of its chunk.

    Args:
        claim: its id.
        configuration: as it was drawn.
        finding: what refutes it.
        chunk: the number of the chunk.
    """

    claim: str
    configuration: Configuration
    finding: Finding
    chunk: int


@dataclass(slots=True)
class Tally:
    """What a chunk, or a whole campaign, found; tallies add up.

    Args:
        configurations: how many were examined.
        claims: {claim id: {verdict: how many}}; "trivial" counts those of the verified that could not have refuted it.
        coverage: {regime: {value: how many}}.
        kernels: {spec: {"layers", "agree", "too_close", "ties_lost", "disagree": how many}}; "disagree" includes the
            "failed" calls, and "other_A" counts configurations that a kernel with supports_A = False was spared.
        disagreements: {spec: the first comparison in which it disagreed, with its configuration}.
        failures: {spec: the first configuration on which it gave no answer, and what happened}.
        refutations: of each chunk, the smallest of each claim.
        certificates: {name of the file: its text}; the text is empty once it is written.
    """

    configurations: int = 0
    claims: dict[str, Counter[str]] = field(default_factory=dict)
    coverage: dict[str, Counter[str | int]] = field(default_factory=dict)
    kernels: dict[str, Counter[str]] = field(default_factory=dict)
    disagreements: dict[str, tuple[Configuration, CrossCheck]] = field(default_factory=dict)
    failures: dict[str, tuple[Configuration, str]] = field(default_factory=dict)
    refutations: list[Counterexample] = field(default_factory=list)
    certificates: dict[str, str] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        """Count what another tally counted."""
        self.configurations += other.configurations
        pairs = ((self.claims, other.claims), (self.coverage, other.coverage), (self.kernels, other.kernels))
        for mine, theirs in cast(Any, pairs):
            for name, counts in theirs.items():
                mine.setdefault(name, Counter()).update(counts)
        for spec, found in other.disagreements.items():
            self.disagreements.setdefault(spec, found)
        for spec, failure in other.failures.items():
            self.failures.setdefault(spec, failure)
        self.refutations.extend(other.refutations)
        self.certificates.update(other.certificates)


def extent(c: Configuration) -> tuple[int, int, int]:
    """How large a counterexample is: tokens, dimension, digits."""
    return c.n, c.d, sum(v.numerator.bit_length() + v.denominator.bit_length() for row in c.tokens for v in row)


def count_finding(counts: Counter[str], finding: Finding) -> None:
    """Count one finding: its verdict, and apart from it whether it is trivial."""
    counts[finding.verdict] += 1
    if finding.trivial:
        counts["trivial"] += 1


def counted(counts: Mapping[str, int]) -> str:
    """How many inputs had which verdict, and how many of the verified were trivial: could not have refuted it."""
    trivial = f" ({counts['trivial']:,} trivial)" if counts.get("trivial") else ""
    names = ("verified", "refuted", "undecided", "vacuous")
    return ", ".join(f"{counts[v]:,} {v}{trivial if v == 'verified' else ''}" for v in names if counts.get(v))


def regimes(sample: Sample, case: Case) -> Iterator[tuple[str, str | int]]:
    """Which regimes a configuration reached: (regime, value) pairs, a regime at most once but for "rule"."""
    c = sample.configuration
    yield "family", sample.family
    yield "matrix", sample.matrix
    yield "step", sample.step
    yield "tokens", c.n
    yield "dimension", c.d
    outcome = case.outcome
    yield "outcome", type(outcome).__name__
    if isinstance(outcome, Frozen):
        yield "leaders", len(outcome.leaders)
        yield "freeze layer", binned(outcome.freeze_layer)
        yield "last leader emerges at layer", binned(max(outcome.leaders.values(), default=0))
        yield "lasting ties", sum(len(C) > 1 for C in outcome.sets)
        yield "jumps", sum(bool(phase.jumps) for phase in outcome.phases)
        for rule in set(outcome.rules):
            yield "rule", rule


def binned(value: int) -> str | int:
    """Small numbers as they are, larger ones by powers of two: 8-15, 16-31, …"""
    if value < 8:
        return value
    low = 1 << (value.bit_length() - 1)
    return f"{low:>6}-{2 * low - 1}"


def histograms(coverage: Mapping[str, Mapping[str | int, int]]) -> tuple[Histogram, ...]:
    """Coverage as records: bars in ascending order, numbers first."""

    def bins(counts: Mapping[str | int, int]) -> Iterator[Bin]:
        for value in sorted(counts, key=lambda v: (isinstance(v, str), v)):
            yield Bin(str(value).strip(), counts[value])

    return tuple(Histogram(regime, tuple(bins(counts))) for regime, counts in coverage.items())
