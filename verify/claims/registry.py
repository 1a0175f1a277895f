"""The registry of claims: statement, hypotheses, source, inputs, expected status and the exact check, as data.

Tests, reports and the command line are driven by `all_claims()`; a family is one module that ends in a tuple `CLAIMS`.
Claims of users come from files, modules and packages (`select_claims`), and nothing asks which is whose.

A claim is *proved* if derivations show it for all inputs and the machine has checked them, and *rests on* identities if
it is proved on paper and the machine has checked the algebra in that proof, no more.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from ...kernels import loading
from ...kernels.errors import InputError
from ...kernels.exact.configuration import Configuration
from ...kernels.exact.model import Model, named
from ...kernels.exact.step import ConstantStep
from ...reports.records.run_record import ExpectedStatus as Expected
from ...reports.records.run_record import SourceRecord as Source
from .case import Case
from .inputs import Every, Inputs
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
    "rate_below_one": lambda c: c.step.largest < 1,
}
"""What claims may assume: no token is the origin; no two are equal; the scores are an inner product; λ_k is the same at
every layer; λ_k < 1 at every layer, so that no token lands on the mean of its follow set."""
GROUP = "hardmax.claims"
"""The entry-point group under which other packages offer claims: `name = "pkg.module"` or `"pkg.module:attr"`."""
FAMILIES = (
    "clustering",
    "lemmas",
    "metamorphic",
    "routes",
    "control",
    "curves",
    "freezing",
    "necessity",
    "panels",
    "frank_wolfe",
    "softmax",
    "glpr",
)
"""The shipped families in the order in which they are listed; the first is the theorem that `prove` is about."""
STUDIES = {
    "sentiment": "hardmax.verify.studies.sentiment.experiment.claims",
    "cylinder": "hardmax.verify.studies.cylinder.claims",
}
"""Families that a study measures, and the modules with their `RECORDS`: listed, and examined when asked for by name."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What a claim assumes: its name, and whether a configuration meets it."""

    name: str
    holds: Callable[[Configuration], bool]


def assumed(*given: str | Hypothesis | Callable[[Configuration], bool]) -> tuple[Hypothesis, ...]:
    """Hypotheses by their names in `HYPOTHESES`, or predicates on configurations by theirs.

    Raises:
        InputError: a name is not known, or something is neither.
    """
    found = []
    for number, one in enumerate(given, 1):
        if isinstance(one, str) and one in HYPOTHESES:
            found.append(Hypothesis(one, HYPOTHESES[one]))
        elif isinstance(one, Hypothesis):
            found.append(one)
        elif callable(one):
            name = getattr(one, "__name__", "")
            found.append(Hypothesis(name if name.isidentifier() else f"condition {number}", one))
        else:
            known = ", ".join(HYPOTHESES)
            raise InputError(f"{one!r} is no hypothesis; give {known}, or a function of a Configuration")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Args:
        verdict: for the input that was examined.
        message: the statement that holds or fails, with the numbers that show it when it fails.
        layer: the layer at which it fails, where there is one.
        token: the token that breaks it, where it is one.
        trivial: whether it is verified because there was nothing to refute: what the claim is about does not occur.
        certified: whether it rests on what the certificate of the case proves.
    """

    verdict: Verdict
    message: str
    layer: int | None = None
    token: int | None = None
    trivial: bool = False
    certified: bool = False


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
        id: family.name; of a claim in a file of its own, the name of the file and that of the function.
        statement: the claim in one sentence.
        hypotheses: under which it is claimed: `assumed("nonzero", "spd")`.
        source: where it is printed.
        expected: what the literature, read with care, says of it.
        examine: the exact check of one case; `Case.finding` keeps what it finds.
        proof: derivations that together show it for all inputs that meet the hypotheses; none where there are none.
        rests_on: identities in its proof on paper, as derivations.
        may_stay_open: share of the inputs that may be undecided without the claim being so: a cross-check by floats
            confirms what it can.
        shown: how a refutation is shown by a script; None, or None for a case, where nothing is known of that.
        models: the kinds of model that it speaks about, beside those that name it among their own `claims`.
        inputs: where it is examined.
        example: a configuration that meets its hypotheses, so that it is not empty.
        place: from where it can be loaded again, `path/to/file.py:name`; empty where no file has it, None for a
            shipped one.
        sha256: of the file that it stands in, if there is one.
    """

    id: str
    statement: str
    hypotheses: tuple[Hypothesis, ...]
    source: Source
    expected: Expected
    examine: Callable[[Case], Finding]
    proof: tuple[Derivation, ...] = ()
    rests_on: tuple[Derivation, ...] = ()
    may_stay_open: Fraction = Fraction(0)
    shown: Callable[[Case, Finding], Shown | None] | None = None
    models: tuple[str, ...] = ("hardmax",)
    inputs: tuple[Inputs, ...] = (Every(),)
    example: Configuration | None = None
    place: str | None = None
    sha256: str | None = None

    def __str__(self) -> str:
        return self.id

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"

    @property
    def family(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]

    def speaks_about(self, model: Model) -> bool:
        """Whether it says anything about a model of that kind."""
        own = named(model.claims)
        return model.kind in self.models or any(c is self or (self.place and c.place == self.place) for c in own)

    @property
    def assumes(self) -> tuple[str, ...]:
        """The names of the hypotheses."""
        return tuple(h.name for h in self.hypotheses)

    @property
    def every(self) -> int | None:
        """One in so many configurations of a campaign is examined; None if none is."""
        return next((source.many for source in self.inputs if isinstance(source, Every)), None)

    def unmet(self, case: Case) -> tuple[str, ...]:
        """The hypotheses that the case does not meet; the first is to have a model that the claim speaks about."""
        c = case.configuration
        if not self.speaks_about(c.model):
            return (f"a model of kind {' or '.join(self.models)}",)
        said = c.hypotheses()  # a kind of model may have names of its own
        return tuple(h.name for h in self.hypotheses if not (said[h.name] if h.name in said else h.holds(c)))

    def judge(self, case: Case) -> Finding:
        """What the check finds on a case; vacuous where it does not meet a hypothesis."""
        unmet = self.unmet(case)
        if unmet:
            return Finding("vacuous", f"it assumes {unmet[0]}, which does not hold here")
        return case.finding(self)


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


def theorem() -> tuple[Claim, ...]:
    """The claims of the theorem that `prove` is about, and whose verdicts a certificate carries."""
    return import_module(f".families.{FAMILIES[0]}", __package__).CLAIMS


def select_claims(wanted: str | Claim | Iterable[str | Claim] = "*") -> tuple[Claim, ...]:
    """The claims that are asked for: shipped, in files and modules, or offered by other packages.

    Args:
        wanted: a comma-separated list, or several: of globs of ids ("lemmas.*"), and of places ("mine.py",
            "mine.py:few_*", "pkg.module:name"); claims themselves are taken as they are.

    Returns:
        The shipped ones in their order, then the others in the order in which they are asked for.

    Raises:
        InputError: one of them matches no claim, cannot be loaded, or takes the id of another claim.
    """
    asked = [wanted] if isinstance(wanted, str | Claim) else list(wanted)
    specs = [spec.strip() for text in asked if isinstance(text, str) for spec in text.split(",")]
    studied = [STUDIES[family] for family in STUDIES if any(spec.partition(".")[0] == family for spec in specs)]
    shipped = (*all_claims(), *(record for module in studied for record in import_module(module).RECORDS))
    found = loading.collect(
        asked,
        Claim,
        shipped=shipped,
        group=GROUP,
        name_of=str,
        what="claim",
        hint="put @hardmax.claim above a function",
        listed=f"`hardmax claims` lists them (families: {', '.join((*FAMILIES, *STUDIES))})",
    )
    ours = {claim.id: claim for claim in shipped}
    chosen: dict[str, Claim] = {}
    for place, claim in found:
        placed = claim if place is None or claim is ours.get(claim.id) else _placed(place, claim)
        other = chosen.setdefault(placed.id, ours.get(placed.id, placed))
        if other.place != placed.place:
            raise InputError(
                f"{placed.place} has the id {placed.id}, which {other.place or 'a shipped claim'} has already; "
                "rename the function or its file"
            )
    return (*(c for c in shipped if c.id in chosen), *(c for c in chosen.values() if c.id not in ours))


def _placed(place: str, claim: Claim) -> Claim:
    """The claim with the place where it is found again, files by their full path, and the digest of its file."""
    where = place.rpartition(":")[0]
    file = Path(where if where.endswith(".py") else import_module(where).__file__ or "")
    digest = sha256(file.read_bytes()).hexdigest() if file.is_file() else None
    return replace(claim, place=loading.lasting(place), sha256=digest)
