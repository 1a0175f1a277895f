"""The registry of claims: statement, hypotheses, source, expected status and the exact check, as data.

Tests, reports and the command line are driven by `all_claims()`; a family is one module that ends in a tuple `CLAIMS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from fractions import Fraction
from functools import cache
from importlib import import_module
from typing import Any, Literal

from ...kernels.errors import InputError
from ..case import Case

Verdict = Literal["proved", "verified", "refuted", "undecided", "not_met"]
"""`proved`: for all inputs, with symbols. `verified`, `refuted`: for this input, exactly. `undecided`: no proof within
the budget. `not_met`: the claim says nothing about this input."""
Expected = Literal["theorem", "false_as_printed", "open", "needs_hypothesis"]
MOST_LAYERS = 60
"""Layers that a script computes: with plain fractions, more would take long."""
FAMILIES = ("clustering", "lemmas", "metamorphic", "routes", "necessity", "frank_wolfe")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a claim is printed: paper (arXiv identifier), version and label."""

    paper: str
    version: str
    label: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Args:
        verdict: for the input that was examined.
        message: the statement that holds or fails, with the numbers that show it when it fails.
        layer: the layer at which it fails, where there is one.
        token: the token that breaks it, where it is one.
    """

    verdict: Verdict
    message: str
    layer: int | None = None
    token: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """How one refutation is shown by a script that needs the standard library only.

    Args:
        by: the name of the test in `repro_script.SHOWN_BY`; None where it has none, or would not come as far.
        layers: how many layers the script computes.
        evidence: what the test is given, as JSON.
        token: the token that breaks the claim, where it is one.
        certified: whether the certificate of the case belongs to what shows it.
        fails: the conclusion of the clustering theorem that fails, with what refutes it, where the claim is about them.
    """

    by: str | None
    layers: int
    evidence: Mapping[str, Any] = field(default_factory=dict)
    token: int | None = None
    certified: bool = False
    fails: "tuple[Claim, Finding] | None" = None


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim.

    Args:
        id: family.name.
        statement: the claim in one sentence.
        hypotheses: names in `Configuration.hypotheses()` under which it is claimed.
        source: where it is printed.
        expected: what the literature, read with care, says of it.
        check: examines one case, exactly.
        identity: shows the algebraic identity behind the claim with symbols; None where there is none.
        may_stay_open: share of the inputs that may be undecided without the claim being so: a cross-check by floats
            confirms what it can.
        shown: how a refutation is shown by a script; None, or None for a case, where nothing is known of that.
    """

    id: str
    statement: str
    hypotheses: tuple[str, ...]
    source: Source
    expected: Expected
    check: Callable[[Case], Finding]
    identity: Callable[[], Finding] | None = None
    may_stay_open: Fraction = Fraction(0)
    shown: Callable[[Case, Finding], Shown | None] | None = None

    @property
    def family(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]

    def unmet(self, case: Case) -> tuple[str, ...]:
        """The hypotheses that the case does not meet."""
        given = case.configuration.hypotheses()
        return tuple(name for name in self.hypotheses if not given[name])


@cache
def all_claims() -> tuple[Claim, ...]:
    """Every claim, by family in the order of `FAMILIES`."""
    return tuple(claim for family in FAMILIES for claim in import_module(f".{family}", __package__).CLAIMS)


def select_claims(pattern: str = "*") -> tuple[Claim, ...]:
    """The claims whose id matches a comma-separated list of globs.

    Raises:
        InputError: a glob matches no claim.
    """
    chosen: dict[str, Claim] = {}
    for glob in pattern.split(","):
        found = [claim for claim in all_claims() if fnmatchcase(claim.id, glob.strip())]
        if not found:
            raise InputError(
                f"no claim matches {glob.strip()!r}; `hardmax claims` lists them (families: {', '.join(FAMILIES)})"
            )
        chosen.update((claim.id, claim) for claim in found)
    return tuple(claim for claim in all_claims() if claim.id in chosen)


__all__ = ["MOST_LAYERS", "Claim", "Expected", "Finding", "Shown", "Source", "Verdict", "all_claims", "select_claims"]
