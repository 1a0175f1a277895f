"""What the checker's square roots, hulls and intervals are: exact where the format says so, else outwards."""

from collections.abc import Callable, Iterator
from fractions import Fraction as Q
from itertools import pairwise, product
from math import isqrt
from types import ModuleType
from typing import Any

from flint import arb, ctx

Facts = Iterator[tuple[str, Callable[[], Any], Any]]
"""(what, what a checker computes, what it has to be)"""


def answer(checker: ModuleType, function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function returns, or "refused"."""
    try:
        return function(*arguments)
    except checker.Refused:
        return "refused"


def lengths(checker: ModuleType) -> Facts:
    radius = checker.radius
    yield "root of 0", lambda: radius.root_above(Q(0)), Q(0)
    for q in (Q(1), Q(2), Q(10**60 + 1), Q(1, 10**60), Q(7, 3), Q(3, 7 * 10**9), Q(2**129), Q(2**131 - 1)):
        s = max(0, 64 + (q.denominator.bit_length() - q.numerator.bit_length()) // 2)
        yield f"root of {q}", lambda q=q: radius.root_above(q), Q(isqrt(q.numerator * 4**s // q.denominator) + 1, 2**s)
    corner = [(Q(0), Q(0)), (Q(1, 2), Q(0)), (Q(1, 2), Q(1, 3)), (Q(0), Q(1, 2))]
    yield "hull", lambda: radius.hull([corner[2], corner[0], corner[3], corner[1]]), [*pairwise([*corner, corner[0]])]
    inner = [*corner, (Q(1, 4), Q(1, 4)), (Q(1, 4), Q(0)), (Q(0), Q(1, 4))]
    yield "hull without", lambda: radius.hull(inner), [*pairwise([*corner, corner[0]])]
    slanted = [(Q(-3), Q(-1)), (Q(2), Q(-2)), (Q(4), Q(1)), (Q(1), Q(5)), (Q(-2), Q(3))]
    yield "slanted hull", lambda: radius.hull(slanted[::-1]), [*pairwise([*slanted, slanted[0]])]


def intervals(checker: ModuleType) -> Facts:
    s = checker.small_steps
    one = 1 << 80
    yield "rational", lambda: s.rational(Q(-1, 3), Q(2, 7)), ((-one) // 3, -((-2 * one) // 7))
    ends = [-5 * one, -one // 3, 0, one // 7, 3 * one + 1]
    pairs = [(x, y) for x in ends for y in ends if x <= y]
    for x, y in product(pairs, repeat=2):
        yield "plus", lambda x=x, y=y: s.plus(x, y), (x[0] + y[0], x[1] + y[1])
        yield "minus", lambda x=x, y=y: s.minus(x, y), (x[0] - y[1], x[1] - y[0])
        yield "hull of intervals", lambda x=x, y=y: s.hull(x, y), (min(x[0], y[0]), max(x[1], y[1]))
        corners = [a * b for a in x for b in y]
        yield "times", lambda x=x, y=y: s.times(x, y), (min(corners) // one, -(-max(corners) // one))
    for fineness in (8, 16, 4096):
        for a, good in ((Q(1, 4), True), (Q(1, 5), True), (Q(1, 4) + Q(1, 10**9), False)):

            def flow(a: Any = a, fineness: Any = fineness) -> bool:
                return answer(checker, s.Flow, [[1]], [1], a, fineness) != "refused"

            yield f"flow {fineness} {a}", flow, good
    for fineness in (1, 2, 4, 12, 255, 8192, 2**13, 2**40):
        yield (
            f"flow {fineness}",
            lambda fineness=fineness: answer(checker, s.Flow, [[1]], [1], Q(1, 9), fineness),
            "refused",
        )
    flow = s.Flow([[2, -1], [0, 3]], [2, 3, 1], Q(1, 8), 8)
    yield "rate", lambda: flow.rate, (0, -(-one // 9))
    x, y = [(one, 2 * one), (-one, one)], [(-one, 0), (3 * one, 5 * one)]
    # 2 x0 y0 − x0 y1 + 3 x1 y1, term by term
    yield "inner", lambda: flow.inner(x, y), ((-4 - 10 - 15) * one, (0 - 3 + 15) * one)
    points = [[(0, one)], [(5 * one, 10 * one)], [(one, one)]]
    exact = [w * p / Q(5) for w, p in ((2, 0), (3, 5 * one))], [w * p / Q(5) for w, p in ((2, one), (3, 10 * one))]
    found = lambda: flow.mean(points, (0, 1))[0]  # noqa: E731
    yield "mean", lambda: all(abs(e - sum(x)) < 40 for e, x in zip(found(), exact, strict=True)), True
    yield "mean outwards", lambda: found()[0] <= sum(exact[0]) and found()[1] >= sum(exact[1]), True
    yield "mean of one", lambda: flow.mean(points, (2,)), points[2]
    for k in (0, 1, 2, 7, 50):
        yield f"decay {k}", lambda k=k: _encloses_decay(flow.decay(k), k, 8), True
    fine = s.Flow([[1]], [1], Q(1, 9), 4096)
    yield "fine decay", lambda: _encloses_decay(fine.decay(3), 3, 4096), True
    boxes = s.enclosures([[[1, -2], []], [[3], [0, 0, 5]]], [2, 4, 8])
    expected = [[s.rational(Q(-1, 2), Q(1, 2)), (0, 0)], [s.rational(Q(0), Q(3, 2)), s.rational(Q(0), Q(5, 8))]]
    yield "enclosures", lambda: boxes, expected


def _encloses_decay(found: tuple[int, int], k: int, fineness: int) -> bool:
    """Whether an interval contains e^(−k/fineness), and hardly more: one unit for e^0, some for each factor."""
    before, ctx.prec = ctx.prec, 300
    try:
        truth = (-arb(k) / fineness).exp() * arb(2) ** 80
        low, high = arb(found[0]), arb(found[1])
        inside = k == 0 or (bool(low < truth) and bool(high > truth))
        return inside and found[1] - found[0] <= 4 * k
    finally:
        ctx.prec = before
