"""Late leaders: a token that follows a slowly converging pair for a long time and then becomes a leader.

Five tokens of the plane, for A = I and a constant step α:

    P = (a, b − 1),  Q = (−a, b − 1)    leaders from layer 0,
    p = (s, b),      q = (−s, b)        p follows P, q follows Q for ever (rule R1),
    x = (0, c)                          0 < c < b, follows the tied pair {p, q}.

With ρ = 1 − λ the heights over b − 1 are ρ^k for p and q, and for x, which is drawn to their mean,

    x^k_2 − (b − 1) = ρ^k (c − b + 1 + k λ/ρ),        λ/ρ = α,

a Jordan block: the factor k wins in the end. So x is above the pair, and with it a leader for ever, exactly when
k α > b − c: first at

    layer ⌊(b − c)/α⌋ + 1.

The lateness grows linearly in the size b of the coordinates and in 1/α, without bound. The family adds
tokens that follow P or Q from layer 0 on, and so disturb nothing.

Neighbours: `degenerate` lists the family.
"""

from functools import lru_cache

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..points import Point
from ..scalars import check_integer
from .family import Family, Room, Tokens, beside, choose, family

LATE = 2
"""The row of the late leader x in every set of the family."""

_CORE, _LEAST_RISE = 5, 10

LATE_LEADERS: list[Family] = []


def _room(d: int) -> Room | None:
    """Five tokens at least; nothing on the line."""
    return (_CORE, _CORE + len(_bystanders(d))) if d > 1 else None


@family(LATE_LEADERS, _room, about_scores=True)
def late_leaders(d: int, lo: int, hi: int, *, min_rise: int = 10, max_rise: int = 30) -> SearchStrategy[Tokens]:
    """Tokens whose row `LATE` becomes a leader at layer ⌊rise/α⌋ + 1, min_rise ≤ rise ≤ max_rise (for A = I).

    Shrinks towards the five tokens of the module's docstring with the smallest rise, s = c = 1. The
    least rise, b − c, is 10 at least, so that the other tokens have room.
    """
    check_integer("min_rise", min_rise, least=_LEAST_RISE)
    check_integer("max_rise", max_rise, least=min_rise)
    return st.builds(
        _assemble,
        st.just(d),
        beside(_CORE, _bystanders(d), lo, hi),
        st.integers(min_rise, max_rise),
        choose([(s, c, turned) for turned in (False, True) for s in (1, 2, 3) for c in (1, 2, 3)]),
    )


def _assemble(d: int, others: list[Point], rise: int, shape: tuple[int, int, bool]) -> Tokens:
    s, c, turned = shape
    b = rise + c
    # ⟨p, P⟩ > ‖p‖² asks s·a > s² + b; and a ≥ b keeps the bystanders captured by P and Q.
    a = b + s + 1
    rest = (0,) * (d - 2)
    core = [(a, b - 1), (-a, b - 1), (0, c), (s, b), (-s, b)]
    tokens = [(*z, *rest) for z in core] + others
    return tuple([(-z[1], z[0], *z[2:]) for z in tokens]) if turned else tuple(tokens)


@lru_cache
def _bystanders(d: int) -> list[Point]:
    """Tokens y that follow P or Q alone from layer 0 on.

    Say y_1 > 0. From 2|y_2| ≤ y_1, y_2 ≤ 0 and b − 1 < a, ⟨y, P⟩ ≥ a y_1/2 ≥ 6.5 y_1, because a ≥ 13; p has at most
    3 y_1, x at most 0, and another bystander at most 3 y_1 + y_1/2 + 1.
    """
    plane = [(y1, y2) for size in (1, 2, 3) for y1 in (size, -size) for y2 in range(0, -(size // 2) - 1, -1)]
    tails = [(0,) * (d - 2)]
    tails += [tuple(sign * int(c == axis) for c in range(d - 2)) for axis in range(min(d - 2, 4)) for sign in (1, -1)]
    return [(*y, *tail) for tail in tails for y in plane]
