"""The registry of claims: statement, hypotheses, source, expected status and the exact check, as data.

Tests, reports and the command line are driven by `all_claims()`; a family is one module that ends in a tuple `CLAIMS`.

A claim is *proved* if derivations show it for all inputs and the machine has checked them, and *rests on* identities if
it is proved on paper and the machine has checked the algebra in that proof, no more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from fractions import Fraction
from functools import cache
from importlib import import_module
from typing import Any, Literal

from ...kernels.errors import InputError
from ...kernels.exact.configuration import Configuration
from ...kernels.exact.model import Model, named
from ...kernels.exact.step import ConstantStep
from ...reports.records.run_record import ExpectedStatus as Expected
from ...reports.records.run_record import SourceRecord as Source
from .case import Case
from .proofs.derivation import Derivation, check
from .proofs.witness import breaking

Verdict = Literal["proved", "verified", "refuted", "undecided", "vacuous"]
"""`proved`: for all inputs. `verified`, `refuted`: for this input, exactly. `undecided`: no proof within the budget.
`vacuous`: the claim says nothing about this input."""
MOST_LAYERS = 60
"""Layers that a script computes: with plain fractions, more would take long."""
HYPOTHESES: Mapping[str, Callable[[Configuration], bool]] = {
    "nonzero": lambda c: c.is_nonzero,
    "distinct": lambda c: c.is_distinct,
    "spd": lambda c: c.has_inner_product,
    "constant_step": lambda c: isinstance(c.step, ConstantStep),
    "rate_below_one": lambda c: c.step.rate(0) < 1,  # no step grows with the layer
}
"""What claims may assume: no token is the origin; no two are equal; the scores are an inner product; λ_k is the same at
every layer; λ_k < 1 at every layer, so that no token lands on the mean of its follow set."""
FAMILIES = ("clustering", "lemmas", "metamorphic", "routes", "necessity", "frank_wolfe")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Args:
        verdict: for the input that was examined.
        message: the statement that holds or fails, with the numbers that show it when it fails.
        layer: the layer at which it fails, where there is one.
        token: the token that breaks it, where it is one.
        trivial: whether it is verified because there was nothing to refute: what the claim is about does not occur.
    """

    verdict: Verdict
    message: str
    layer: int | None = None
    token: int | None = None
    trivial: bool = False


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
        hypotheses: names in `HYPOTHESES` under which it is claimed.
        source: where it is printed.
        expected: what the literature, read with care, says of it.
        check: examines one case, exactly.
        proof: derivations that together show it for all inputs that meet the hypotheses; none where there are none.
        rests_on: identities in its proof on paper, as derivations.
        may_stay_open: share of the inputs that may be undecided without the claim being so: a cross-check by floats
            confirms what it can.
        shown: how a refutation is shown by a script; None, or None for a case, where nothing is known of that.
        models: the kinds of model that it speaks about, beside those that name it among their own `claims`.
    """

    id: str
    statement: str
    hypotheses: tuple[str, ...]
    source: Source
    expected: Expected
    check: Callable[[Case], Finding]
    proof: tuple[Derivation, ...] = ()
    rests_on: tuple[Derivation, ...] = ()
    may_stay_open: Fraction = Fraction(0)
    shown: Callable[[Case, Finding], Shown | None] | None = None
    models: tuple[str, ...] = ("hardmax",)

    @property
    def family(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]

    def speaks_about(self, model: Model) -> bool:
        """Whether it says anything about a model of that kind."""
        return model.kind in self.models or any(claim is self for claim in named(model.claims))

    def unmet(self, case: Case) -> tuple[str, ...]:
        """The hypotheses that the case does not meet; the first is to have a model that the claim speaks about."""
        if not self.speaks_about(case.configuration.model):
            return (f"a model of kind {' or '.join(self.models)}",)
        c, said = case.configuration, case.configuration.hypotheses()  # a kind of model may have names of its own
        return tuple(name for name in self.hypotheses if not (said[name] if name in said else HYPOTHESES[name](c)))


@dataclass(frozen=True, slots=True)
class Derived:
    """What the derivations of a claim show.

    Args:
        standing: "proved" or "rests on"; "refuted" if a derivation does not hold.
        lines: the derivations, to be read; the fault with a witness at the end where there is one.
    """

    standing: Literal["proved", "rests on", "refuted"]
    lines: tuple[str, ...]


def derived(claim: Claim) -> Derived | None:
    """Check the derivations of a claim; None if it has none."""
    lines: list[str] = []
    for derivation in (*claim.proof, *claim.rests_on):
        checked = check(derivation)
        lines += checked.lines
        if checked.fault is not None:
            assert checked.at is not None
            broken = breaking(derivation, checked.at)
            why = "no small witness was found" if broken is None else f"{broken[0]} is false for {broken[1]}"
            return Derived("refuted", (*lines, f"{checked.fault}; {why}"))
    if not lines:
        return None
    return Derived("proved" if claim.proof else "rests on", tuple(lines))


@cache
def all_claims() -> tuple[Claim, ...]:
    """Every claim, by family in the order of `FAMILIES`."""
    return tuple(claim for family in FAMILIES for claim in import_module(f".families.{family}", __package__).CLAIMS)


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


__all__ = [
    "HYPOTHESES",
    "MOST_LAYERS",
    "Claim",
    "Derived",
    "Expected",
    "Finding",
    "Shown",
    "Source",
    "Verdict",
    "all_claims",
    "derived",
    "select_claims",
]
