"""What the paper says of the layer itself: hulls under a preconditioner, single leaders, the duality gap.

**Hulls.** x + γ (m − x) stays in the hull of the tokens for 0 ≤ γ ≤ 1, which is `lemmas.hull_nested`. With a matrix P
in place of γ it need not, as the paper says: P = diag(3/5, 7/10) sends e_1, which follows e_2, to (2/5, 7/10), outside
the triangle 0, e_1, e_2; and B = ((1, 2), (2, 5)), symmetric positive definite, makes e_1 follow e_2.

**Single leaders.** For invertible B_t and almost every input every C_i is one *point*, at every layer. Proof:
translating all tokens by u translates all later tokens by u as long as nobody changes whom it follows, so differences
are the same and a tie of z_j ≠ z_k is ⟨z_i + u, z_j − z_k⟩ = 0: a hyperplane of u, since B (z_j − z_k) ≠ 0; countably
many. ∎ The printed proof says instead that a layer takes no set of positive measure to a null set. That is false: with
B = −1 and λ = 1/2 two tokens of opposite signs follow each other and both land on their midpoint, an open set of
inputs on a line. The tokens are then one point of two indices, so the lemma survives. Both were found by the Lean
formalisation of fxeqxmulfx/transformer, Transformer/FrankWolfe (`hardmaxAverageStep_maps_open_set_to_null`,
`singleLeader`).

**Duality gap.** For B ⪰ 0, B_t = β_t B with β_t/γ_t = c the same for all t, J^t(x) = −½ β_t ⟨x, x⟩ and g_t the largest
⟨∇J^t(x_t), x_t − y⟩ = β_t ⟨x_t, y − x_t⟩ over the hull: min_{1≤τ≤t} g_τ ≤ (J^1(x_1)/γ_1 − min_y J^t(y)/γ_t)/t. Proof:
with E = ½ ⟨·, ·⟩ and y = m_t, E(x_{t+1}) − E(x_t) = γ_t ⟨x_t, m_t − x_t⟩ + γ_t² E(m_t − x_t) ≥ g_t/c; add up t of
these, and x_{t+1} lies in the hull of layer t. ∎

Neighbours: `rate` and `vertices` are the theorems.
"""

from fractions import Fraction
from itertools import islice, pairwise
from typing import Any

import sympy
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .....kernels.exact.configuration import Configuration
from .....kernels.exact.layered import Layered
from .....kernels.exact.rational_text import rational_text, show
from .....strategies import configurations
from ....geometry.polytopes.polytope import Separated, convex_weights
from ...case import Case
from ...inputs import Drawn, Searched
from ...proofs.derivation import Derivation, Line
from ...registry import Finding, Shown
from .hypotheses import (
    claim_about,
    diagonal_preconditioner,
    follows_largest,
    guarded,
    invertible,
    rate_below_one,
    semidefinite,
)

LAYERS = 6
GAP_LAYERS = 14
"""Layers that are looked at."""
TITLE = "The layer of arXiv:2508.09628v1: hulls, single leaders, duality gap"


def check_hulls(case: Case) -> Finding:
    """conv Z^{k+1} ⊂ conv Z^k at the first layers, by exact linear programs."""
    run = [layer.tokens() for layer, _ in islice(case.configuration.dynamics().layers(), LAYERS)]
    for k, (before, after) in enumerate(pairwise(run)):
        for i, z in enumerate(after):
            if isinstance(convex_weights(z, before), Separated):
                message = f"token {i} goes from {show(before[i])} to {show(z)}, outside the hull, at layer {k + 1}"
                return Finding("refuted", message, k + 1, i)
    return Finding("verified", f"hulls are nested at the first {LAYERS} layers", trivial=run[0] == run[1])


def without_ties(case: Case) -> bool:
    """Whether nobody ties at the first layers: no tie rule decides anything then."""
    return all(len(C) == 1 for _, sets in islice(case.configuration.dynamics().layers(), LAYERS) for C in sets)


def check_single_leader(case: Case) -> Finding:
    """Every C_i is one point; where it is not, almost every translation of all tokens breaks that tie."""
    c = case.configuration
    trivial = len(set(c.tokens)) == 1
    for layer, sets in islice(c.dynamics().layers(), LAYERS):
        Z = layer.tokens()
        for i, C in enumerate(sets):
            other = next((j for j in C if Z[j] != Z[C[0]]), None)
            if other is None:
                continue
            w = tuple(x - y for x, y in zip(Z[other], Z[C[0]], strict=True))
            where = f"token {i} follows {list(C)} at layer {layer.index}"
            if c.inner(Z[i], w) != 0:
                return Finding("refuted", f"{where}, which score differently", layer.index, i)
            if not any(sum(a * x for a, x in zip(row, w, strict=True)) for row in c.A):
                return Finding("refuted", f"{where}, and no translation changes that", layer.index, i)
            return Finding("verified", f"{where}, which almost every translation ends", trivial=trivial)
    return Finding("verified", f"every token follows one point at the first {LAYERS} layers", trivial=trivial)


def check_null_sets(case: Case) -> Finding:
    """Where nobody ties, a layer is linear near this input: it takes an open set to a null set iff it is singular."""
    c = case.configuration
    for layer, sets in islice(c.dynamics().layers(), LAYERS):
        if any(len(C) > 1 for C in sets):
            return Finding("verified", f"layers before the tie at layer {layer.index} are invertible near this input")
        rate = c.step.rate(layer.index)
        M = [[(1 - rate) * (i == j) + rate * (C == (j,)) for j in range(c.n)] for i, C in enumerate(sets)]
        if sympy.Matrix(M).det() == 0:
            after = c.dynamics().next_layer(layer, sets).tokens()  # pyright: ignore[reportAttributeAccessIssue]
            meet = next(((i, j) for i in range(c.n) for j in range(i) if after[i] == after[j]), None)
            what = f": tokens {meet[1]} and {meet[0]} meet at {show(after[meet[0]])}" if meet else ""
            message = f"near this input layer {layer.index} is one singular linear map{what}"
            return Finding("refuted", message, layer.index)
    return Finding("verified", f"the first {LAYERS} layers are invertible near this input")


def check_duality_gap(case: Case) -> Finding:
    """The bound for β_t = γ_t, c = 1, at t = 1, 2, …, for every token; both sides come from the tokens alone."""
    c = case.configuration
    run = [layer.tokens() for layer, _ in islice(c.dynamics().layers(), GAP_LAYERS)]
    moves = False
    for i in range(c.n):
        start, least = c.inner(run[1][i], run[1][i]), None
        for t, Z in enumerate(run[1:], 1):
            x = Z[i]
            gap = c.step.rate(t) * max(c.inner(x, y) - c.inner(x, x) for y in Z)
            least = gap if least is None else min(least, gap)
            bound = (max(c.inner(y, y) for y in Z) - start) / 2 / t
            if least > bound:
                return Finding(
                    "refuted", f"token {i} has gaps of at least {least}, more than {bound}, at layer {t}", t, i
                )
            moves = moves or least > 0
    return Finding("verified", f"the bound holds for t < {GAP_LAYERS}", trivial=not moves)


def _hull_shown(case: Case, finding: Finding) -> Shown | None:
    """A hyperplane with the token on one side and the layer before on the other."""
    k, i = finding.layer, finding.token
    if k is None or i is None:
        return None
    run = [layer.tokens() for layer, _ in islice(case.configuration.dynamics().layers(), k + 1)]
    answer = convex_weights(run[k][i], run[k - 1])
    if not isinstance(answer, Separated):
        return None
    normal = list(map(rational_text, answer.normal))
    return Shown("outside", k + 1, {"token": i, "layer": k, "normal": normal}, token=i)


def _layer_shown(_: Case, finding: Finding) -> Shown | None:
    """The matrix of the layer."""
    k = finding.layer
    return None if k is None else Shown("singular", k + 2, {"layer": k})


SINGLE = Derivation(
    "a translation by u changes the score difference of y and x by ⟨u, y − x⟩, whatever the form",
    tokens=("z", "x", "y"),
    others=("u",),
    steps=(Line("⟨z + u, y + u⟩ − ⟨z + u, x + u⟩ = ⟨z, y⟩ − ⟨z, x⟩ + ⟨u, y − x⟩"),),
)
GAP = Derivation(
    "a step towards m raises ½⟨·, ·⟩ by γ⟨z, m − z⟩ and a square",
    tokens=("z",),
    others=("m",),
    scalars=("γ",),
    steps=(Line("1/2 ‖z + γ (m − z)‖² − 1/2 ‖z‖² = γ ⟨z, m − z⟩ + γ² 1/2 ‖m − z‖²"),),
    symmetric=True,
)


def _preconditioned(**where: Any) -> SearchStrategy[Configuration]:
    """Layers with P diagonal, tenths in (0, 1)."""
    d = where.get("d", 2)
    entries = st.lists(st.integers(1, 9), min_size=d, max_size=d)

    def with_P(c: Configuration, tenths: list[int]) -> Configuration:  # noqa: N802 the paper's symbol
        P = [[Fraction(t, 10) if i == j else Fraction(0) for j in range(d)] for i, t in enumerate(tenths)]
        return Configuration(c.tokens, Layered([c.A], P=P))

    return st.builds(with_P, configurations(**where), entries)


def _opposite(**where: Any) -> SearchStrategy[Configuration]:
    """Tokens that follow the smallest inner product: a negative definite form."""
    return configurations(follow="smallest", **where)


def _any_sign() -> SearchStrategy[Configuration]:
    """Definite forms of either sign, with any step below 1."""
    steps = ["one", "simple", "geometric", "listed"]
    return st.one_of(*(configurations(n=(2, 7), d=(1, 3), follow=f, steps=steps) for f in ("smallest", "largest")))


def _with_gap() -> SearchStrategy[Configuration]:
    """Definite and semidefinite forms, with steps of every kind below 1."""
    drawn = configurations(n=(2, 7), d=(1, 3), steps=["one", "simple", "geometric", "listed"])
    flat = configurations(
        n=(2, 7), d=(2, 3), spd=None, matrices=["semidefinite"], nonzero=None, distinct=None, steps=["listed"]
    )
    return st.one_of(drawn, flat)


_TRIANGLE = Configuration(
    [(0, 0), (1, 0), (0, 1)], Layered([[[1, 2], [2, 5]]], P=[[Fraction(3, 5), 0], [0, Fraction(7, 10)]])
)
_PAIR = Configuration([[2], [-1]], follow="smallest")
_POSITIVE = Configuration([[2], [-1], [1]])

CLAIMS = (
    claim_about(
        "hulls_preconditioned",
        "conv Z^{k+1} ⊂ conv Z^k for the layer x + P (mean − x) with P diagonal, entries in (0, 1)",
        ("spd", diagonal_preconditioner),
        "remark after “lem:convHullDecreases”, §2, which says that it fails",
        "needs_hypothesis",
        check_hulls,
        shown=_hull_shown,
        models=("layered",),
        inputs=(
            Searched(
                TITLE, _preconditioned, ({"families": ["lattice"]}, {}), least_n=2, least_d=2, accepts=without_ties
            ),
        ),
        example=_TRIANGLE,
    ),
    claim_about(
        "single_leader",
        "for almost every input every C_i is one point at every layer, if the form is invertible",
        (invertible,),
        "“lem:singleLeader”, §2.1",
        "theorem",
        check_single_leader,
        rests_on=(SINGLE,),
        inputs=(Drawn(TITLE, _any_sign, 120, "single leaders, forms of either sign"),),
        example=_PAIR,
    ),
    claim_about(
        "null_sets",
        "a layer takes no set of inputs of positive measure to a null set, if the form is invertible",
        (invertible,),
        "proof of “lem:singleLeader”, §2.1",
        "false_as_printed",
        check_null_sets,
        shown=_layer_shown,
        inputs=(Searched(TITLE, _opposite, ({"families": ["lattice"], "steps": ["one"]}, {}), least_n=2),),
        example=_PAIR,
    ),
    claim_about(
        "duality_gap",
        "for B_t = β_t B ⪰ 0 with β_t/γ_t constant the least duality gap of layers 1 to t is at most "
        "(J^1(x_1)/γ_1 − min J^t/γ_t) / t",
        (follows_largest, semidefinite, rate_below_one),
        "“prop: trash” (the minimum duality gap), §4",
        "theorem",
        guarded(check_duality_gap, semidefinite, rate_below_one),
        rests_on=(GAP,),
        inputs=(Drawn(TITLE, _with_gap, 100, "the duality gap"),),
        example=_POSITIVE,
    ),
)
LAYERED = CLAIMS[:1]
"""What is examined of layers that differ whatever they are: the others speak of one form."""
