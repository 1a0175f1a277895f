"""Softmax whose β grows: the Euler scheme of Geshkovski, Letrouit, Polyanskiy and Rigollet with V = I.

With z^k = (1 + α)^{−k} x^k the scheme x_i ← x_i + α Σ_j p_ij x_j is a softmax layer with β_k = (1 + α)^{2k}. The paper
proves in continuous time, for A positive definite, that tokens converge to the boundary of a polytope, and in dimension
1 that the attention matrix tends to one of unit vectors but for at most one row. What happens to its rows in higher
dimension it leaves open: every input that is verified here is an instance. SOFTMAX.md, S5, is the theorem that decides.

Neighbours: `softmax` is about a constant β, and has the checker asked.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from hypothesis.strategies import SearchStrategy

from ....kernels.errors import InputError
from ....kernels.exact.configuration import Configuration
from ....kernels.exact.rational_text import decimal_text, upper_text
from ....kernels.exact.step import ConstantStep
from ....kernels.softmax.model import Softmax
from ...provers.softmax.evidence import SoftmaxEvidence
from ..case import Case
from ..inputs import Drawn, Searched
from ..registry import Claim, Finding, Shown, Source, assumed
from . import softmax

PAPER = "arXiv:2305.05465"
TITLE = "Softmax with a growing β, g = (1 + α)²: limits, rows of the attention matrix, leaders"


def _growing(case: Case, claim: str, several: Callable[[SoftmaxEvidence], str], one: str | None) -> Finding:
    """What the checker says of a claim; `one` is what there is to say of one cluster."""
    model = case.configuration.model
    assert isinstance(model, Softmax)
    if model.growth <= 1 or model.beta == 0:
        return Finding("vacuous", "beta does not grow: softmax.consensus is about that")
    return softmax.certified(case, claim, lambda e: one if e.growing is None else several(e))


def check_limits(case: Case) -> Finding:
    """Every token converges, with its limit up to a certified radius."""

    def several(evidence: SoftmaxEvidence) -> str:
        found = evidence.growing
        assert found is not None
        return f"{len({*found.follows})} limits up to {upper_text(found.radius)}, certified at layer {found.layer}"

    return _growing(case, "glpr.limits", several, "one limit")


def check_rows(case: Case) -> Finding:
    """Every row of the attention matrix tends to a unit vector."""

    def several(evidence: SoftmaxEvidence) -> str:
        found = evidence.growing
        assert found is not None
        return f"token i attends, in the limit, to token {list(found.follows)}[i] alone"

    return _growing(case, "glpr.rows", several, "all rows tend to the multiplicities over their sum")


def check_vertices(case: Case) -> Finding:
    """The limits are the vertices of their hull, and each is the limit of one leader."""

    def several(evidence: SoftmaxEvidence) -> str:
        found = evidence.growing
        assert found is not None
        leaders = ", ".join(map(str, sorted({*found.follows})))
        return f"the leaders are {leaders}, each at a vertex of its own"

    return _growing(case, "glpr.vertices", several, None)


def check_pair(case: Case) -> Finding:
    """SOFTMAX.md, S6: of two tokens (b, ±c) with A diagonal, what the rows tend to is decided by the sign of A_22."""
    c = case.configuration
    assert isinstance(c.model, Softmax)
    second = c.model.A[1][1]
    layers = [layer.tokens() for layer, _ in _first(c)]
    apart = [Z[0][1] - Z[1][1] for Z in layers]
    for k, (Z, before) in enumerate(zip(layers[1:], layers[:-1], strict=True), 1):
        mirrored = abs(Z[0][0] - before[0][0]) <= softmax.SHOWN and abs(Z[0][1] + Z[1][1]) <= softmax.SHOWN
        rate = c.model.step.rate(k - 1)
        halved = apart[k] - (1 - rate) * apart[k - 1]
        moved = halved * ((second > 0) - (second < 0)) < -2 * softmax.SHOWN or (
            not second and abs(halved) > 2 * softmax.SHOWN
        )
        if not mirrored or moved:
            places = " and ".join(f"({', '.join(map(decimal_text, z))})" for z in Z)
            return Finding("refuted", f"the tokens are at {places} at layer {k}, which the proposition excludes", k)
    outcome = case.finding(next(claim for claim in CLAIMS if claim.id == "glpr.rows"))
    if outcome.verdict == "refuted" and second > 0:
        return Finding("refuted", "all rows are said to tend to (1/2, 1/2), against the proposition")
    if outcome.verdict == "verified" and second <= 0:
        return Finding("refuted", "all rows are said to tend to unit vectors, against the proposition")
    said = "to unit vectors, and the limits differ" if second > 0 else "to (1/2, 1/2), and there is one limit"
    return Finding("verified", f"the rows tend {said}")


def check_pair_identity(case: Case) -> Finding:
    """Of two tokens (b, ±c) the attention matrix tends to the identity, whatever their limits are."""

    def several(evidence: SoftmaxEvidence) -> str:
        found = evidence.growing
        assert found is not None
        return f"the matrix tends to the identity, and the limits, known up to {upper_text(found.radius)}, differ"

    return _growing(case, "glpr.rows", several, "both tokens tend to one point, and all rows to (1/2, 1/2)")


def _by_certificate(case: Case, finding: Finding) -> Shown:
    """The certificate shows it; there is no script for softmax layers."""
    return Shown(None, 0, certified=True)


def _first(c: Configuration) -> Any:
    run = c.dynamics().layers()
    return [next(run) for _ in range(12)]


def scheme_growth(c: Configuration) -> bool:
    """β_k = β_0 (1 + α)^{2k}: the Euler scheme."""
    model = c.model
    constant = isinstance(model, Softmax) and isinstance(model.step, ConstantStep)
    return constant and model.growth == (1 + model.step.alpha) ** 2 and model.beta > 0  # pyright: ignore


def positive_line(c: Configuration) -> bool:
    """d = 1 and A > 0."""
    return c.d == 1 and c.A[0][0] > 0


def mirrored_pair(c: Configuration) -> bool:
    """Two tokens (b, ±c), c > 0, multiplicities 1, A diagonal, α ≤ 1."""
    if (c.n, c.d) != (2, 2) or max(c.multiplicities) > 1 or c.alpha is None or c.alpha > 1:
        return False
    (b, x), (other, y) = c.tokens
    return b == other and x == -y > 0 and c.A[0][1] == c.A[1][0] == 0


def _generic() -> SearchStrategy[Configuration]:
    return softmax.generic(True)


def _line() -> SearchStrategy[Configuration]:
    return softmax.generic(True, (1, 1), symmetric=True)


def _pairs() -> SearchStrategy[Configuration]:
    from hypothesis import strategies as st

    def made(b: int, c: int, first: int, second: int, alpha: Fraction) -> Configuration:
        x = Fraction(c, 100)
        return Configuration([(b, x), (b, -x)], Softmax([[first, 0], [0, second]], alpha, 1, (1 + alpha) ** 2))

    steps = st.sampled_from([Fraction(1, 2), Fraction(1)])
    return st.builds(made, st.integers(-2, 2), st.integers(1, 200), st.integers(-1, 2), st.integers(-2, 2), steps)


def _flat_pairs(n: int = 2, d: int = 2) -> SearchStrategy[Configuration]:
    """Tokens (1, ±c) and A diagonal, positive semidefinite."""
    from hypothesis import strategies as st

    def made(c: Fraction, first: int, second: int) -> Configuration:
        model = Softmax([[first, 0], [0, second]], Fraction(1, 2), 1, Fraction(9, 4))
        return Configuration([(1, c), (1, -c)], model)

    if (n, d) != (2, 2):
        raise InputError("the pair is two tokens of the plane")
    return st.builds(made, st.sampled_from([Fraction(1, k) for k in (1, 2, 5)]), st.integers(1, 2), st.integers(0, 2))


def _claim(
    name: str, statement: str, check: Callable[[Case], Finding], expected: Any, label: str, **more: Any
) -> Claim:
    strategy, examples = more.pop("strategy", _generic), more.pop("examples", 40)
    return Claim(
        f"glpr.{name}",
        statement,
        assumed("constant_step", *more.pop("given", (scheme_growth,))),
        Source(PAPER, "v6", label),
        expected,
        check,
        models=("softmax",),
        inputs=(more.pop("search", None) or Drawn(TITLE, strategy, examples, name),),
        may_stay_open=Fraction(1, 20),
        **more,
    )


EXAMPLE = Configuration(
    [(1, 0), (0, 1), (-1, Fraction(1, 2)), (Fraction(-1, 3), -1), (Fraction(1, 5), Fraction(1, 3))],
    Softmax([[1, 0], [0, 1]], Fraction(1, 2), 1, Fraction(9, 4)),
)
_LINE = Configuration([[1], [Fraction(-1, 2)], [Fraction(1, 3)]], Softmax([[1]], Fraction(1, 2), 1, Fraction(9, 4)))
PAIR = Configuration(
    [(1, Fraction(1, 10)), (1, Fraction(-1, 10))], Softmax([[1, 0], [0, 0]], Fraction(1, 2), 1, Fraction(9, 4))
)
CLAIMS = (
    _claim(
        "limits",
        "for generic tokens and any A every token converges; its limit is known up to a certified radius",
        check_limits,
        "open",
        "convergence for V = I, proved there for A positive definite, in continuous time",
        example=EXAMPLE,
    ),
    _claim(
        "rows",
        "for generic tokens and any A every row of the attention matrix tends to a unit vector",
        check_rows,
        "open",
        "the Boolean limit of the attention matrix, proved there in dimension 1 and left open beyond",
        example=EXAMPLE,
    ),
    _claim(
        "vertices",
        "for generic tokens and any A the limits are the vertices of their hull, one of each leader",
        check_vertices,
        "open",
        "leaders, for V = I",
        example=EXAMPLE,
    ),
    _claim(
        "boolean",
        "for d = 1 and A > 0 all rows of the attention matrix but at most one tend to unit vectors",
        check_rows,
        "theorem",
        "the theorem in dimension 1, V, QK > 0",
        given=(scheme_growth, positive_line),
        strategy=_line,
        example=_LINE,
    ),
    _claim(
        "pair",
        "for tokens (b, ±c) and A diagonal, α ≤ 1, all rows tend to unit vectors if A_22 > 0 and to (1/2, 1/2) else",
        check_pair,
        "theorem",
        "two tokens (1, ±ε); proof in SOFTMAX.md, S6",
        given=(scheme_growth, mirrored_pair),
        strategy=_pairs,
        examples=20,
        example=PAIR,
    ),
    _claim(
        "pair_identity",
        "for tokens (1, ±c) and A diagonal the attention matrix tends to the identity, also where they have one limit",
        check_pair_identity,
        "false_as_printed",
        "Remark 7.9: tokens (1, ±ε) tend to one point and the matrix to the identity; from a reader's notes, not print",
        given=(scheme_growth, mirrored_pair),
        shown=_by_certificate,
        search=Searched("Two tokens with one limit: a counterexample is expected", _flat_pairs, ({},), 2, 2),
        example=PAIR,
    ),
)
MODEL = (*softmax.CLAIMS[:2], *CLAIMS[:3])
"""What `prove` examines of softmax; each says nothing where it is about another kind of β."""
