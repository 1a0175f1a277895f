"""The lemmas behind the theorem, each checked at every one of the first layers of a case.

A check recomputes what it needs from the tokens and A on its own, on integers; the follow sets and the next layer are
the ones of the kernel under examination. A finding is trivial where the lemma had nothing to say: no token follows
another, none moves, none leads.

Four lemmas are proved for all inputs by derivations: `injective` for every positive definite form, symmetric or not,
`leader_persistence` for every form. Both need λ_k < 1: with λ_0 = 1 the tokens 1, 2 on a line are both at 2 at layer 1.
They speak of one layer and the next; by induction distinct tokens stay distinct, and a leader leads and rests for ever.
`hull_nested` and `equilibrium` are proved on paper, and rest on identities that are shown.

Source: arXiv:2407.01602, the lemmas of its proof.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

from ....kernels.exact.configuration import with_changes
from ....kernels.exact.dynamics import Sets
from ...provers.freeze.outcome import Frozen
from ..case import Case
from ..inputs import Every
from ..proofs.derivation import Derivation, Line
from ..registry import MOST_LAYERS, Claim, Finding, Shown, Source, assumed
from . import clustering

SOURCE = Source("arXiv:2407.01602", "SIAM J. Math. Data Sci. 7(3), 2025", "lemmas of the proof")


@dataclass(frozen=True, slots=True)
class Scores:
    """One layer: the tokens are rows / unit, scores ⟨z_i, z_l⟩ a fixed positive multiple of gram / unit²."""

    index: int
    rows: tuple[tuple[int, ...], ...]
    unit: int
    gram: tuple[tuple[int, ...], ...]
    sets: Sets

    def norm_to_compare(self, i: int, other: "Scores") -> int:
        """‖z_i‖² on a scale shared with the same token at the layer `other`."""
        return self.gram[i][i] * other.unit**2


def scored_layers(case: Case) -> tuple[Scores, ...]:
    """The first layers of a case with their Gram matrices, from the tokens and A alone; computed once."""
    return case.once(_score_layers)


def _score_layers(case: Case) -> tuple[Scores, ...]:
    return tuple(
        _scored(
            layer.index,
            [[int(v) for v in row] for row in layer.numerators.to_list()],
            int(layer.denominator),
            case.form,
            sets,
        )
        for layer, sets in case.layers
    )


def _scored(index: int, rows: list[list[int]], unit: int, form: list[list[int]], sets: Sets) -> Scores:
    images = [[sum([a * x for a, x in zip(line, row, strict=True)]) for line in form] for row in rows]  # A z_l
    gram = tuple(tuple([sum([x * y for x, y in zip(row, image, strict=True)]) for image in images]) for row in rows)
    return Scores(index, tuple(map(tuple, rows)), unit, gram, sets)


def _steps(case: Case) -> Iterator[tuple[Scores, Scores]]:
    """Every two consecutive layers."""
    return pairwise(scored_layers(case))


def _every_layer(
    verified: str, fault: Callable[[Scores], str | None], says: Callable[[Scores], bool]
) -> Callable[[Case], Finding]:
    """A check that looks for a fault in one layer at a time; trivial where the lemma says nothing about any."""

    def check(case: Case) -> Finding:
        for layer in scored_layers(case):
            found = fault(layer)
            if found:
                return Finding("refuted", f"{found} at layer {layer.index}", layer.index)
        return Finding("verified", verified, trivial=not any(map(says, scored_layers(case))))

    return check


def _every_step(
    verified: str, fault: Callable[[Scores, Scores], str | None], says: Callable[[Scores, Scores], bool]
) -> Callable[[Case], Finding]:
    """A check that looks for a fault from one layer to the next; trivial where the lemma says nothing about any."""

    def check(case: Case) -> Finding:
        for before, after in _steps(case):
            found = fault(before, after)
            if found:
                return Finding("refuted", f"{found} from layer {before.index} to {after.index}", before.index)
        return Finding("verified", verified, trivial=not any(says(*step) for step in _steps(case)))

    return check


def _somebody_follows(layer: Scores) -> bool:
    return any(layer.rows[j] != layer.rows[i] for i, C in enumerate(layer.sets) for j in C)


def _somebody_moves(before: Scores, after: Scores) -> bool:
    return not all(_stays(i, before, after) for i in range(len(before.rows)))


def _somebody_leads(before: Scores, after: Scores) -> bool:
    """Whether there is a leader, and another token moves, so that it might take the leader's place."""
    return any(C == (i,) for i, C in enumerate(before.sets)) and _somebody_moves(before, after)


def _follow_norm(layer: Scores) -> str | None:
    for i, C in enumerate(layer.sets):
        for j in C:
            if layer.gram[j][j] < layer.gram[i][i]:
                return f"token {i} follows token {j} of smaller norm"
            if layer.gram[j][j] == layer.gram[i][i] and layer.rows[j] != layer.rows[i]:
                return f"token {i} follows token {j} of equal norm elsewhere"
    return None


def _norm_growth(before: Scores, after: Scores) -> str | None:
    for i in range(len(before.rows)):
        old, new = before.norm_to_compare(i, after), after.norm_to_compare(i, before)
        if new < old:
            return f"the norm of token {i} shrinks"
        if new == old and not _stays(i, before, after):
            return f"token {i} moves and keeps its norm"
    return None


def _stays(i: int, before: Scores, after: Scores) -> bool:
    return all(x * after.unit == y * before.unit for x, y in zip(before.rows[i], after.rows[i], strict=True))


def _injective(before: Scores, after: Scores) -> str | None:
    places: dict[tuple[int, ...], int] = {}
    for i, row in enumerate(after.rows):
        j = places.setdefault(row, i)
        if before.rows[j] != before.rows[i]:
            return f"tokens {j} and {i} meet"
    return None


def _leader_persistence(before: Scores, after: Scores) -> str | None:
    for i, C in enumerate(before.sets):
        if C == (i,):
            if after.sets[i] != (i,):
                return f"leader {i} follows {list(after.sets[i])} next"
            if not _stays(i, before, after):
                return f"leader {i} moves"
    return None


def check_hull_nested(case: Case) -> Finding:
    """Each z_i^{k+1} is the convex combination (1−λ) z_i + Σ_{j ∈ C_i} (λ w_j / W_i) z_j of layer k, computed here."""
    w = case.configuration.multiplicities
    for before, after in _steps(case):
        rate = case.configuration.step.rate(before.index)
        for i, C in enumerate(before.sets):
            total = sum(w[j] for j in C)
            weights = {i: 1 - rate}
            for j in C:
                weights[j] = weights.get(j, Fraction(0)) + rate * Fraction(w[j], total)
            for c, x in enumerate(after.rows[i]):
                combined = sum((v * before.rows[j][c] for j, v in weights.items()), Fraction(0)) / before.unit
                if combined != Fraction(x, after.unit):
                    where = f"layer {before.index}"
                    return Finding(
                        "refuted", f"token {i} does not step towards the mean of C_{i} at {where}", before.index
                    )
    trivial = not any(_somebody_moves(*step) for step in _steps(case))
    return Finding("verified", "every token is an exact convex combination of the layer before", trivial=trivial)


def check_equilibrium(case: Case) -> Finding:
    """Z is a fixed point exactly if every z_i is the mean of its C_i, and then ⟨z_i, z_l⟩ ≤ ‖z_i‖² for all l.

    Looked at in every layer of the case and, so that there always is a fixed point to look at, in the configuration of
    the tokens that never move again.
    """
    found = _equilibrium_fault(case)
    fixed_points = [len(set(a.rows)) for a, b in _steps(case) if not _somebody_moves(a, b)]
    if found is None and isinstance(case.outcome, Frozen):
        outcome = case.outcome
        still = [i for i, rule in enumerate(outcome.rules) if rule in ("leader", "stationary")]
        c = case.configuration
        at_rest = with_changes(
            c,
            tokens=[outcome.limits[i] for i in still],
            multiplicities=[c.multiplicities[i] for i in still],
            labels=None,
        )
        fixed = Case(at_rest)
        found = _equilibrium_fault(fixed)
        first, second = scored_layers(fixed)[:2]
        fixed_points.append(len(set(first.rows)))
        if found is None and not all(_stays(i, first, second) for i in range(len(still))):
            found = "the tokens that never move again are no fixed point by themselves"
    if found:
        return Finding("refuted", found)
    trivial = max(fixed_points, default=0) < 2  # tokens at one place are always fixed
    message = "fixed points are the layers whose tokens are the means of their follow sets"
    return Finding("verified", message, trivial=trivial)


def _equilibrium_fault(case: Case) -> str | None:
    w = case.configuration.multiplicities
    for before, after in _steps(case):
        n = len(before.rows)
        fixed = all(_stays(i, before, after) for i in range(n))
        centred = all(
            sum(w[j] for j in C) * x == sum(w[j] * before.rows[j][c] for j in C)
            for i, C in enumerate(before.sets)
            for c, x in enumerate(before.rows[i])
        )
        if fixed != centred:
            states = "is fixed, but a token is not" if fixed else "is not fixed, but every token is"
            return f"layer {before.index} {states} the mean of its follow set"
        if fixed:
            for i, row in enumerate(before.gram):
                if max(row) > row[i]:
                    return (
                        f"layer {before.index} is fixed and token {i} scores token {row.index(max(row))} above itself"
                    )
    return None


# -- derivations: the lemmas for all inputs ---------------------------------------------------------------------------

_RATE = {"λ > 0": "the step", "λ < 1": "rate_below_one"}
_SCORE = Line("⟨z, m⟩ ≥ ⟨z, z⟩", mean="m")

FOLLOW_NORM = Derivation(
    "what a token follows is not shorter than the token",
    tokens=("z",),
    members={"y": "z"},
    steps=(Line("‖y‖² ≥ ‖z‖²", by="2 (⟨z, y⟩ − ⟨z, z⟩) + ‖y − z‖²"),),
    symmetric=True,
    definite=True,
)
FOLLOW_NORM_STRICTLY = replace(
    FOLLOW_NORM,
    shows="it is longer where it is elsewhere, so equality holds only for y = z",
    given={"y ≠ z": "what is followed is elsewhere"},
    steps=(Line("‖y‖² > ‖z‖²", by="2 (⟨z, y⟩ − ⟨z, z⟩) + ‖y − z‖²"),),
)
NORM_GROWTH = Derivation(
    "a token z becomes z⁺, which is not shorter",
    tokens=("z",),
    members={"a": "z"},
    means=({"m": "a"},),
    let={"z⁺": "z + λ (m − z)"},
    given={"λ > 0": "the step"},
    scalars=("λ",),
    steps=(_SCORE, Line("‖z⁺‖² ≥ ‖z‖²", by="2 λ (⟨z, m⟩ − ⟨z, z⟩) + ‖z⁺ − z‖²")),
    symmetric=True,
    definite=True,
)
NORM_GROWTH_STRICTLY = replace(
    NORM_GROWTH,
    shows="it is longer where it moves, so equality holds only for z⁺ = z",
    given={"λ > 0": "the step", "z⁺ ≠ z": "the token moves"},
    steps=(_SCORE, Line("‖z⁺‖² > ‖z‖²", by="2 λ (⟨z, m⟩ − ⟨z, z⟩) + ‖z⁺ − z‖²")),
)
INJECTIVE = Derivation(
    "two tokens x ≠ y become x⁺ ≠ y⁺",
    tokens=("x", "y"),
    members={"a": "x", "b": "y"},
    means=({"p": "a"}, {"q": "b"}),
    let={"x⁺": "x + λ (p − x)", "y⁺": "y + λ (q − y)"},
    given={**_RATE, "x ≠ y": "the tokens are distinct"},
    scalars=("λ",),
    steps=(
        Line("⟨x, p⟩ ≥ ⟨x, b⟩", mean="p"),
        Line("⟨x, p⟩ ≥ ⟨x, q⟩", mean="q"),
        Line("⟨y, q⟩ ≥ ⟨y, a⟩", mean="q"),
        Line("⟨y, q⟩ ≥ ⟨y, p⟩", mean="p"),
        Line(
            "x⁺ ≠ y⁺",
            along="x − y",
            by="(1 − λ) ‖x − y‖² + λ (⟨x, p⟩ − ⟨x, q⟩) + λ (⟨y, q⟩ − ⟨y, p⟩)",
        ),
    ),
    definite=True,
)
LEADER_PERSISTENCE = Derivation(
    "a leader z stays where it is, and scores itself above every other token y again, so C(z) = {z} at the next layer",
    tokens=("z", "y"),
    members={"z": "z", "a": "y"},
    means=({"m": "a"},),
    let={"z⁺": "z + λ (z − z)", "y⁺": "y + λ (m − y)"},
    given={**_RATE, "⟨z, z⟩ > ⟨z, y⟩": "C(z) = {z}, and y is another token"},
    scalars=("λ",),
    steps=(
        Line("z⁺ = z"),
        Line("⟨z, z⟩ ≥ ⟨z, m⟩", mean="m"),
        Line("⟨z⁺, z⁺⟩ > ⟨z⁺, y⁺⟩", by="(1 − λ) (⟨z, z⟩ − ⟨z, y⟩) + λ (⟨z, z⟩ − ⟨z, m⟩)"),
    ),
)
HULL = Derivation(
    "the weights of a step, 1 − λ and λ times those of a mean (here of two), add up to 1",
    tokens=(),
    given={"v + w = 1": "the weights of a mean"},
    scalars=("λ", "v", "w"),
    steps=(Line("(1 − λ) + λ (v + w) = 1", by="λ (v + w − 1)"),),
)
EQUILIBRIUM = Derivation(
    "z is nearest the origin among all y with ⟨z, y − z⟩ = 0",
    tokens=("z",),
    others=("y",),
    steps=(Line("‖y‖² = ‖z‖² + 2 ⟨z, y − z⟩ + ‖y − z‖²"),),
    symmetric=True,
)


def _claim(
    name: str,
    statement: str,
    hypotheses: tuple[str, ...],
    check: Callable[[Case], Finding],
    shown: Callable[[Case, Finding], Shown | None] | None = None,
    **derivations: Any,
) -> Claim:
    more: dict[str, Any] = {"shown": shown, "inputs": (Every(8),), "example": clustering.EXAMPLE, **derivations}
    return Claim(f"lemmas.{name}", statement, assumed(*hypotheses), SOURCE, "theorem", check, **more)


def _by_its_layers(_: Case, finding: Finding) -> Shown | None:
    """A script computes the layers up to the one at which the lemma fails, and tests it there."""
    layers = (finding.layer or 0) + 2
    return Shown("lemma", layers, token=finding.token) if layers <= MOST_LAYERS else None


CLAIMS = (
    _claim(
        "follow_norm",
        "j ∈ C_i implies ‖z_j‖ ≥ ‖z_i‖, with equality only if z_j = z_i",
        ("spd",),
        _every_layer("no token follows one of smaller norm", _follow_norm, _somebody_follows),
        proof=(FOLLOW_NORM, FOLLOW_NORM_STRICTLY),
        shown=_by_its_layers,
    ),
    _claim(
        "norm_growth",
        "‖z_i^{k+1}‖ ≥ ‖z_i^k‖, with equality only if token i does not move",
        ("spd",),
        _every_step("no norm shrinks, and what moves grows", _norm_growth, _somebody_moves),
        proof=(NORM_GROWTH, NORM_GROWTH_STRICTLY),
        shown=_by_its_layers,
    ),
    _claim("hull_nested", "conv Z^{k+1} ⊂ conv Z^k", (), check_hull_nested, rests_on=(HULL,)),
    _claim(
        "injective",
        "tokens that are distinct at one layer are distinct at the next",
        ("spd", "rate_below_one"),
        _every_step("no two tokens meet", _injective, lambda b, a: len(set(b.rows)) > 1 and _somebody_moves(b, a)),
        proof=(INJECTIVE,),
        shown=_by_its_layers,
    ),
    _claim(
        "leader_persistence",
        "a leader stays where it is, and is a leader again at the next layer",
        ("rate_below_one",),
        _every_step("every leader stays one, where it is", _leader_persistence, _somebody_leads),
        proof=(LEADER_PERSISTENCE,),
        shown=_by_its_layers,
    ),
    _claim(
        "equilibrium",
        "Z is fixed if and only if every z_i is the mean of its C_i; z_i is then nearest the origin on conv C_i",
        ("spd",),
        check_equilibrium,
        rests_on=(EQUILIBRIUM,),
        shown=_by_its_layers,
    ),
)
