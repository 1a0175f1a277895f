"""Near ties: the two best scores of a token differ by 2^-k or 10^-k times a known number, k up to 60.

With ε the unit and h = 3 the set holds, up to a signed permutation of the first two axes,

    a watcher    w = (1/2, 0, …, 0),
    contenders   p = (h + ε, *), q = (h, *)        * arbitrary integers,
    others       integer points with |x_1| < h, some moved by ±ε along one axis,

so that for A = I the scores of w are half the first coordinates: ⟨w, p⟩ = (h + ε)/2 is the best, ⟨w, q⟩ = h/2 the
second, and the gap between them is ε/2 exactly. A float kernel that calls it a tie, or takes q, is wrong.

Neighbours: `degenerate` lists the families.
"""

from fractions import Fraction
from functools import lru_cache
from itertools import product

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..points import Point, Points, lattice_points
from ..scalars import units
from .family import Family, Room, Tokens, beside, choose, family

HEIGHT = 3
"""The first coordinate h of the contenders."""

_Other = tuple[Point, int, int]
"""A lattice point, the axis along which it is moved, and the sign of the move (0: not moved)."""

NEAR_TIES: list[Family] = []


def _room(d: int) -> Room:
    """The watcher and two contenders at least."""
    return (3, 3 + len(_others(d)))


@family(NEAR_TIES, _room, about_scores=True)
def binary_near_ties(d: int, lo: int, hi: int, *, max_exponent: int = 60) -> SearchStrategy[Tokens]:
    """Tokens of which one has its two best scores ε/2 apart, ε = 2^-k, 2 ≤ k ≤ max_exponent (for A = I).

    Shrinks towards the watcher and two contenders with ε = 1/4.
    """
    return _near_ties(2, d, lo, hi, max_exponent)


@family(NEAR_TIES, _room, about_scores=True)
def decimal_near_ties(d: int, lo: int, hi: int, *, max_exponent: int = 60) -> SearchStrategy[Tokens]:
    """Tokens of which one has its two best scores ε/2 apart, ε = 10^-k, 2 ≤ k ≤ max_exponent (for A = I).

    Shrinks towards the watcher and two contenders with ε = 1/100.
    """
    return _near_ties(10, d, lo, hi, max_exponent)


def _near_ties(base: int, d: int, lo: int, hi: int, max_exponent: int) -> SearchStrategy[Tokens]:
    others = beside(3, _others(d), lo, hi)
    return st.builds(_assemble, others, units(base, max_exponent=max_exponent), choose(_contenders(d)))


def _assemble(others: list[_Other], unit: Fraction, pair: tuple[Points, bool]) -> Tokens:
    """The set for one ε: coordinates of contenders and others may hold a multiple of it."""
    (best, second), swapped = pair
    tokens = [(Fraction(1, 2), *(0,) * (len(best) - 1)), (best[0] + unit, *best[1:]), second]
    for point, axis, sign in others:
        tokens.append(point if not sign else (*point[:axis], point[axis] + sign * unit, *point[axis + 1 :]))
    if swapped:
        # A signed permutation keeps every score for A = I; the watcher then sits on the negative second axis.
        return tuple([(p[1], -p[0], *p[2:]) for p in tokens])
    return tuple(tokens)


@lru_cache
def _contenders(d: int) -> list[tuple[Points, bool]]:
    """The pairs (p, q) at ε = 0, each as it is and turned to the second axis; mirror images first."""
    if d == 1:
        return [(((HEIGHT,), (HEIGHT,)), False)]
    tails = [(0,) * (d - 1), *lattice_points(d - 1, 8)[:24]]
    pairs = sorted(
        product(tails, repeat=2),
        key=lambda pair: any(a + b for a, b in zip(*pair, strict=True)),
    )
    return [(((HEIGHT, *p), (HEIGHT, *q)), swapped) for swapped in (False, True) for p, q in pairs]


@lru_cache
def _others(d: int) -> list[_Other]:
    """Lattice points below the contenders, each unmoved (sign 0) and moved along one axis.

    Distinct entries are distinct tokens for every ε ≤ 1/4, and none is zero, the watcher or a contender.
    """
    points: list[Point] = [p for p in lattice_points(d, 64) if abs(p[0]) < HEIGHT]
    still = [(p, 0, 0) for p in points]
    return still + [(p, axis, sign) for p in points for axis in range(min(d, 3)) for sign in (1, -1)]
