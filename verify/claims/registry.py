"""The registry of claims: statement, hypotheses, source, expected status and the exact check, as data.

Tests, reports and the command line are driven by `all_claims()`; a family is one module that ends in a tuple `CLAIMS`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction
from functools import cache
from importlib import import_module
from typing import Literal

from ...kernels.errors import InputError
from ..case import Case

Verdict = Literal["proved", "verified", "refuted", "undecided", "not_met"]
"""`proved`: for all inputs, with symbols. `verified`, `refuted`: for this input, exactly. `undecided`: no proof within
the budget. `not_met`: the claim says nothing about this input."""
Expected = Literal["theorem", "false_as_printed", "open", "needs_hypothesis"]
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
    """

    id: str
    statement: str
    hypotheses: tuple[str, ...]
    source: Source
    expected: Expected
    check: Callable[[Case], Finding]
    identity: Callable[[], Finding] | None = None
    may_stay_open: Fraction = Fraction(0)

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


__all__ = ["Claim", "Expected", "Finding", "Source", "Verdict", "all_claims", "select_claims"]
