"""The lemmas behind the theorem, each checked at every one of the first layers of a case, and by its identity.

For A symmetric positive definite. A check recomputes what it needs from the tokens and A on its own, on integers; the
follow sets and the next layer are the ones of the kernel under examination.

Source: arXiv:2407.01602, the lemmas of its proof; short proofs in DESIGN 1.3.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import sympy

from ...kernels.configuration import with_changes
from ...kernels.exact import Sets
from ..case import Case
from ..proof import Frozen
from .identities import Scalar, inner, shown_by, vector
from .registry import MOST_LAYERS, Claim, Finding, Shown, Source

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


def _every_layer(verified: str, fault: Callable[[Scores], str | None]) -> Callable[[Case], Finding]:
    """A check that looks for a fault in one layer at a time."""

    def check(case: Case) -> Finding:
        for layer in scored_layers(case):
            found = fault(layer)
            if found:
                return Finding("refuted", f"{found} at layer {layer.index}", layer.index)
        return Finding("verified", verified)

    return check


def _every_step(verified: str, fault: Callable[[Scores, Scores], str | None]) -> Callable[[Case], Finding]:
    """A check that looks for a fault from one layer to the next."""

    def check(case: Case) -> Finding:
        for before, after in _steps(case):
            found = fault(before, after)
            if found:
                return Finding("refuted", f"{found} from layer {before.index} to {after.index}", before.index)
        return Finding("verified", verified)

    return check


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
    return Finding("verified", "every token is an exact convex combination of the layer before")


def check_equilibrium(case: Case) -> Finding:
    """Z is a fixed point exactly if every z_i is the mean of its C_i, and then ⟨z_i, z_l⟩ ≤ ‖z_i‖² for all l.

    Looked at in every layer of the case and, so that there always is a fixed point to look at, in the configuration of
    the tokens that never move again.
    """
    found = _equilibrium_fault(case)
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
        fixed = Case(at_rest, make_dynamics=case.make_dynamics)
        found = _equilibrium_fault(fixed)
        first, second = scored_layers(fixed)[:2]
        if found is None and not all(_stays(i, first, second) for i in range(len(still))):
            found = "the tokens that never move again are no fixed point by themselves"
    if found:
        return Finding("refuted", found)
    return Finding("verified", "fixed points are the layers whose tokens are the means of their follow sets")


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


# -- the identities, with symbols -------------------------------------------------------------------------------------

_z, _m, _x, _y = vector("z"), vector("m"), vector("x"), vector("y")
_lam = sympy.Symbol("lambda", positive=True)


def _follow_norm_identity() -> Scalar:
    """‖y‖² − ‖z‖² = ‖y − z‖² + 2(⟨z, y⟩ − ‖z‖²), both terms ≥ 0 where y scores at least as high as z itself"""
    return inner(_y, _y) - inner(_z, _z) - inner(_y - _z, _y - _z) - 2 * (inner(_z, _y) - inner(_z, _z))


def _norm_growth_identity() -> Scalar:
    """‖z + λ(m − z)‖² − ‖z‖² = 2λ(⟨z, m⟩ − ‖z‖²) + λ²‖m − z‖², both terms ≥ 0"""
    moved = _z + (_m - _z) * _lam
    return (
        inner(moved, moved)
        - inner(_z, _z)
        - 2 * _lam * (inner(_z, _m) - inner(_z, _z))
        - _lam**2 * inner(_m - _z, _m - _z)
    )


def _hull_identity() -> Scalar:
    """(1 − λ) + λ Σ w_j / W = 1"""
    w = sympy.symbols("w1:4", positive=True)
    return (1 - _lam) + _lam * sum((v / sum(w) for v in w), start=sympy.Integer(0)) - 1


_u, _v = _x - _y, vector("p") - vector("q")


def _monotone_identity() -> Scalar:
    """⟨x − y, p − q⟩ = (⟨x, p⟩ − ⟨x, q⟩) + (⟨y, q⟩ − ⟨y, p⟩), both ≥ 0 for the means p, q of the follow sets of x, y"""
    p, q = vector("p"), vector("q")
    return inner(_u, _v) - (inner(_x, p) - inner(_x, q)) - (inner(_y, q) - inner(_y, p))


def _injective_identity() -> Scalar:
    """‖x⁺ − y⁺‖² = (1−λ)²‖x − y‖² + 2λ(1−λ)⟨x − y, p − q⟩ + λ²‖p − q‖² > 0 for x ≠ y"""
    moved = _u * (1 - _lam) + _v * _lam
    return (
        inner(moved, moved)
        - (1 - _lam) ** 2 * inner(_u, _u)
        - 2 * _lam * (1 - _lam) * inner(_u, _v)
        - _lam**2 * inner(_v, _v)
    )


def _persistence_identity() -> Scalar:
    """⟨z, z − y⁺⟩ = (1−λ)⟨z, z − y⟩ + λ⟨z, z − m⟩, the first term > 0 and the second ≥ 0 for a leader z"""
    moved = _y + (_m - _y) * _lam
    return inner(_z, _z - moved) - (1 - _lam) * inner(_z, _z - _y) - _lam * inner(_z, _z - _m)


def _equilibrium_identity() -> Scalar:
    """‖y‖² = ‖z‖² + 2⟨z, y − z⟩ + ‖y − z‖², so z is nearest the origin where ⟨z, y − z⟩ = 0"""
    return inner(_y, _y) - inner(_z, _z) - 2 * inner(_z, _y - _z) - inner(_y - _z, _y - _z)


def _claim(
    name: str,
    statement: str,
    check: Callable[[Case], Finding],
    *identities: Callable[[], Scalar],
    spd: bool = True,
    shown: Callable[[Case, Finding], Shown | None] | None = None,
) -> Claim:
    hypotheses = ("spd",) if spd else ()
    return Claim(f"lemmas.{name}", statement, hypotheses, SOURCE, "theorem", check, shown_by(*identities), shown=shown)


def _by_its_layers(_: Case, finding: Finding) -> Shown | None:
    """A script computes the layers up to the one at which the lemma fails, and tests it there."""
    layers = (finding.layer or 0) + 2
    return Shown("lemma", layers, token=finding.token) if layers <= MOST_LAYERS else None


CLAIMS = (
    _claim(
        "follow_norm",
        "j ∈ C_i implies ‖z_j‖ ≥ ‖z_i‖, with equality only if z_j = z_i",
        _every_layer("no token follows one of smaller norm", _follow_norm),
        _follow_norm_identity,
        shown=_by_its_layers,
    ),
    _claim(
        "norm_growth",
        "‖z_i^{k+1}‖ ≥ ‖z_i^k‖, with equality only if token i does not move",
        _every_step("no norm shrinks, and what moves grows", _norm_growth),
        _norm_growth_identity,
        shown=_by_its_layers,
    ),
    _claim("hull_nested", "conv Z^{k+1} ⊂ conv Z^k", check_hull_nested, _hull_identity, spd=False),
    _claim(
        "injective",
        "distinct tokens stay distinct",
        _every_step("no two tokens meet", _injective),
        _monotone_identity,
        _injective_identity,
        shown=_by_its_layers,
    ),
    _claim(
        "leader_persistence",
        "a leader stays a leader and never moves again",
        _every_step("every leader stays one, where it is", _leader_persistence),
        _persistence_identity,
        spd=False,
        shown=_by_its_layers,
    ),
    _claim(
        "equilibrium",
        "Z is fixed if and only if every z_i is the mean of its C_i; z_i is then nearest the origin on conv C_i",
        check_equilibrium,
        _equilibrium_identity,
        shown=_by_its_layers,
    ),
)

__all__ = ["CLAIMS", "Scores", "check_equilibrium", "check_hull_nested", "scored_layers"]
