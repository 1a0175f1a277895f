"""Theorem 4.2: tokens follow the *largest* ⟨x, y⟩ = xᵀBy, B positive definite, and vertices own their cells.

K is the hull of the tokens at layer 0; the cell of a vertex v is {x ∈ K : ⟨x, v⟩ = max over K}. *Vertices own their
cells* if each vertex lies in its own cell alone and every token in one cell.

**Solution.** If vertices own their cells, x_i^t = Π_t x_i^0 + (1 − Π_t) v_{σ(i)} with Π_t = Π_{τ<t}(1 − γ_τ) and
v_{σ(i)} the vertex of the cell of x_i^0. Proof: x and v score v strictly above every other vertex w, hence so does (1
− γ) x + γ v; vertices rest, so K stays, and all other tokens stay in it. ∎

**"Hence at least exponentially fast"** is false for γ_t ∈ (0, 1) alone. With γ_t = 2^{−t−1} Π_t decreases to 0.288788…
and of the tokens 1, −1, 1/2 the last tends to 0.855606…, not to 1. For any summable γ_t, Π_T (1 − Σ_{t≥T} γ_t) ≤ lim
Π_t ≤ Π_T. And where γ_t → 0 without being summable tokens do converge, but slower than any C q^t with q < 1, as 1 −
γ_t > q from some t on. If γ_t ≥ c > 0, then |x^t − v| ≤ (1 − c)^t |x^0 − v|: repaired, and the published abstract has
this hypothesis.

Neighbours: `cells` is about the cells themselves; `rate` is Theorem 3.1, where tokens follow the smallest product.
"""

from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from typing import Any

from hypothesis.strategies import SearchStrategy

from .....kernels.exact.configuration import Configuration, Vector
from .....kernels.exact.rational_text import rational_text, show
from .....kernels.exact.step import ConstantStep, GeometricStep, HarmonicStep
from .....strategies import configurations
from ....geometry.polytopes.polytope import Inside, convex_weights
from ...case import Case
from ...inputs import Drawn, Searched
from ...proofs.derivation import Derivation, Line
from ...registry import Finding, Shown
from .cells import first_sets, owning_inputs
from .hypotheses import claim_about, follows_largest, guarded, rate_below_one, step_bounded_below, vertices_own_cells

LAYERS = 8
"""Layers that are compared with the formula."""
DIGITS = 8
"""Decimal digits of a limit that is enclosed."""
TITLE = "Theorem 4.2 of arXiv:2508.09628v1"


def _targets(case: Case) -> list[int]:
    """σ: the vertex whose cell holds each token, where vertices own their cells."""
    return [C[0] for C in case.once(first_sets)]


def _nobody_moves(case: Case) -> bool:
    tokens = case.configuration.tokens
    return all(tokens[j] == z for j, z in zip(_targets(case), tokens, strict=True))


def check_solution(case: Case) -> Finding:
    """The formula, at the first layers."""
    c, target, part = case.configuration, _targets(case), Fraction(1)
    for layer, sets in islice(c.dynamics().layers(), LAYERS):
        for i, z in enumerate(layer.tokens()):
            v = c.tokens[target[i]]
            if sets[i] != (target[i],) or z != tuple(b + part * (a - b) for a, b in zip(c.tokens[i], v, strict=True)):
                message = f"token {i} is at {show(z)} and follows {list(sets[i])} at layer {layer.index}"
                return Finding("refuted", message, layer.index, i)
        part *= 1 - c.step.rate(layer.index)
    return Finding("verified", f"the formula gives the first {LAYERS} layers", trivial=_nobody_moves(case))


def limit_of_products(step: GeometricStep, digits: int = DIGITS) -> tuple[Fraction, Fraction]:
    """Bounds on lim Π_t: Π_T (1 − γ_T/(1 − ratio)) ≤ lim Π_t ≤ Π_T, T so large that they agree to so many digits."""
    part, k = Fraction(1), 0
    while True:
        tail = step.rate(k) / (1 - step.ratio)
        if part * tail < Fraction(1, 10 ** (digits + 1)):
            return part * (1 - tail), part
        part, k = part * (1 - step.rate(k)), k + 1


def check_exponential(case: Case) -> Finding:
    """Refuted by a step that tends to 0 and a token that is at no vertex; verified where steps are bounded below."""
    right = check_solution(case)
    if right.verdict == "refuted":
        return right
    c = case.configuration
    moving = next((i for i, j in enumerate(_targets(case)) if c.tokens[i] != c.tokens[j]), None)
    if moving is None:
        return Finding("verified", "all tokens are at vertices", trivial=True)
    x, v = c.tokens[moving], c.tokens[_targets(case)[moving]]
    if isinstance(c.step, GeometricStep):
        low, high = limit_of_products(c.step)
        enclosed = (sorted(b + p * (a - b) for p in (low, high)) for a, b in zip(x, v, strict=True))
        text = ", ".join(_decimal(*ends) for ends in enclosed)
        least = _decimal(low, low).removesuffix("…")
        message = f"token {moving} at {show(x)} tends to ({text}), not to {show(v)}: Π(1 − γ_t) ≥ {least}"
        return Finding("refuted", message, None, moving)
    if isinstance(c.step, HarmonicStep):
        return Finding("refuted", f"token {moving} tends to {show(v)} slower than any C q^t: 1 − γ_t → 1", None, moving)
    return Finding("verified", f"token {moving} tends to {show(v)} like (1 − γ)^t")


def _decimal(low: Fraction, high: Fraction) -> str:
    """The decimal digits that both ends of an enclosure share, with … after them; an exact number as it is."""
    if low == high and 10**DIGITS % low.denominator == 0:
        return str(low)
    digits = DIGITS
    while digits and (low * 10**digits).__trunc__() != (high * 10**digits).__trunc__():
        digits -= 1
    value = abs((low * 10**digits).__trunc__())
    sign = "-" if low < 0 else ""
    return f"{sign}{value // 10**digits}.{value % 10**digits:0{digits}}…" if digits else f"{sign}{value}…"


def check_bounded_below(case: Case) -> Finding:
    """|x^t − v|² ≤ (1 − c)^{2t} |x^0 − v|² at the first layers, c the smallest step."""
    c, target = case.configuration, _targets(case)
    least = min(c.step.rate(k) for k in range(LAYERS)) if not isinstance(c.step, ConstantStep) else c.step.rate(0)
    for layer, _ in islice(c.dynamics().layers(), LAYERS):
        for i, z in enumerate(layer.tokens()):
            v = c.tokens[target[i]]
            if _square(z, v) > (1 - least) ** (2 * layer.index) * _square(c.tokens[i], v):
                return Finding("refuted", f"token {i} is at {show(z)} at layer {layer.index}", layer.index, i)
    return Finding("verified", "tokens come nearer by the factor 1 − c at each layer", trivial=_nobody_moves(case))


def _square(x: Vector, y: Vector) -> Fraction:
    return sum(((a - b) ** 2 for a, b in zip(x, y, strict=True)), Fraction(0))


def _shown(case: Case, finding: Finding) -> Shown | None:
    """For steps of finite sum: the product of 1 − γ_t, and that the leaders are the vertices."""
    c, i = case.configuration, finding.token
    leaders = [j for j, C in enumerate(case.once(first_sets)) if C == (j,)]
    inside: dict[str, list[str]] = {}
    for k in set(range(c.n)) - set(leaders):
        answer = convex_weights(c.tokens[k], [c.tokens[j] for j in leaders])
        if not isinstance(answer, Inside):
            return None
        inside[str(k)] = [rational_text(answer.weights.get(j, Fraction(0))) for j in range(len(leaders))]
    if i is None or not isinstance(c.step, GeometricStep) or finding.layer is not None:
        return None
    return Shown("stalls", 6, {"token": i, "inside": inside}, token=i)


STAYS = Derivation(
    "what scores v strictly best does so after its step towards v, which does so too",
    tokens=("x", "v", "w"),
    let={"x⁺": "x + λ (v − x)"},
    given={
        "λ > 0": "the step",
        "λ < 1": "rate_below_one",
        "⟨x, v⟩ > ⟨x, w⟩": "x is in the cell of v alone",
        "⟨v, v⟩ > ⟨v, w⟩": "v owns its cell",
    },
    scalars=("λ",),
    steps=(
        Line("x⁺ − v = (1 − λ) (x − v)"),
        Line("⟨x⁺, v⟩ > ⟨x⁺, w⟩", by="(1 − λ) (⟨x, v⟩ − ⟨x, w⟩) + λ (⟨v, v⟩ − ⟨v, w⟩)"),
    ),
)


# -- where to look ----------------------------------------------------------------------------------------------------


def _own(**where: Any) -> SearchStrategy[Configuration]:
    """Configurations whose vertices own their cells."""
    return configurations(**where).filter(vertices_own_cells)


def _with_inner(steps: tuple[str, ...]) -> Callable[[], SearchStrategy[Configuration]]:
    return lambda: owning_inputs(steps).filter(vertices_own_cells)


_TOKENS = Configuration([[1], [-1], [Fraction(1, 2)]], None, GeometricStep(Fraction(1, 2), Fraction(1, 2)))
_SEARCH = ({"families": ["lattice"], "steps": ["geometric"]}, {"steps": ["geometric", "harmonic"]})
_OWN = ("spd", follows_largest, rate_below_one, vertices_own_cells)
_GUARD = (follows_largest, rate_below_one, vertices_own_cells)

CLAIMS = (
    claim_about(
        "solution",
        "x_i^t = Π_t x_i^0 + (1 − Π_t) v with Π_t = Π_{τ<t}(1 − γ_τ) and v the vertex of the cell of x_i^0",
        _OWN,
        "Theorem 4.2",
        "theorem",
        guarded(check_solution, *_GUARD),
        inputs=(Drawn(TITLE, _with_inner(("one", "simple", "geometric", "listed")), 120, "the solution"),),
        example=_TOKENS,
        rests_on=(STAYS,),
    ),
    claim_about(
        "exponential",
        "for γ_t in (0, 1) every token converges to the vertex of its cell, at least exponentially fast",
        _OWN,
        "Theorem 4.2, last sentence",
        "false_as_printed",
        guarded(check_exponential, *_GUARD),
        inputs=(Searched(TITLE, _own, _SEARCH, least_n=3),),
        example=_TOKENS,
        shown=_shown,
    ),
    claim_about(
        "exponential_bounded_below",
        "for γ_t in [c, 1), c > 0, ‖x_i^t − v‖ ≤ (1 − c)^t ‖x_i^0 − v‖",
        (*_OWN, step_bounded_below),
        "Theorem 4.2, last sentence, with steps bounded below (as in the abstract published later)",
        "theorem",
        guarded(check_bounded_below, *_GUARD, step_bounded_below),
        inputs=(
            Drawn(TITLE, _with_inner(("one", "simple", "listed")), 120, "exponentially fast, for steps bounded below"),
        ),
        example=Configuration(_TOKENS.tokens),
        rests_on=(STAYS,),
    ),
)
