"""The convex polygon of points in the plane, exact, and where on it a linear function may have its maximum.

**The polygon.** Points sorted by abscissa, the highest of each, are a chain above which no point lies. While it has
corners that do not turn right they are left out. In a run of these the chain is the graph of a convex function, below
its chord, so the chain only rises and no strict vertex of the hull is lost; at the end it is strictly concave: the
upper boundary of the hull. So below. Orientations are signs of float64 determinants where these exceed 2⁻⁵⁰ of the sum
of their two products' sizes (the error is below 2⁻⁵¹ of it) and that sum exceeds 2⁻⁹⁰⁰ (what underflows is below 2⁻¹⁷⁰
of it); everywhere else, after an overflow too, they are computed with fractions.

**Windows.** Let p_a, …, p_b be a run of consecutive vertices, and f linear. If f is larger at some vertex of the run
than at both its ends, then every point x with f(x) > max(f(p_a), f(p_b)) lies in conv(p_a, …, p_b), and its abscissa
between those of two neighbours in the run.
*Proof.* The vertices where f exceeds that maximum are consecutive (a half-plane cuts the boundary of a convex polygon
in one piece), neither a nor b is one of them, and one of them is in the run: so all are. The chord p_a p_b splits the
polygon into conv(p_a, …, p_b) and conv(p_b, …, p_a), and on the latter f is at most that maximum. The run is a path, so
its edges cover the abscissas of its hull. ∎
So each point that is no vertex is *hung* on the last vertex of the lower boundary, and on the last of the upper one,
that is not to its right: an edge that covers its abscissa has an end that holds it. Comparisons of abscissas are exact.
Where a window is put is a guess that nothing rests on.

Neighbours: `large_sets` searches by windows, `hull` measures depths from the edges.
"""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

PlaneFloats = NDArray[np.floating]
Indices = NDArray[np.int64]

LEAST = 2.0**-900
"""A determinant whose products are smaller is computed exactly."""

ROUNDS = 64
"""So many times a chain is thinned as a whole; then corner by corner, so that the cost stays linear."""

FEW = 128
"""So few corners are faster taken one by one at once."""


def scaled_to_one(points: PlaneFloats) -> tuple[PlaneFloats, int]:
    """Points divided by 2^e so that the largest component lies in [1/2, 1), and e."""
    exponent = int(np.frexp(max(float(points.max()), -float(points.min())))[1])
    if abs(exponent) > 120:  # the power itself might be no number of this dtype
        return np.ldexp(points, -exponent), exponent
    return points * points.dtype.type(2.0**-exponent), exponent


def convex_polygon(points: NDArray[np.float64]) -> tuple[Indices, Indices]:
    """The strict vertices of the convex hull of points in the plane, exactly.

    Args:
        points: (n, 2) finite, n ≥ 1.

    Returns:
        The indices of its lower and of its upper boundary, both from the least to the greatest abscissa, strictly
        ascending; of equal points one is named.
    """
    scaled, exponent = scaled_to_one(points)
    if np.array_equal(np.ldexp(scaled, exponent), points):  # else something underflowed, and the scale stays
        points = scaled.astype(np.float64)
    order = np.lexsort(points.T[::-1])
    x = points[order, 0]
    starts = np.flatnonzero(np.r_[True, x[1:] != x[:-1]])
    ends = np.r_[starts[1:], len(x)] - 1
    return _chain(points, order[starts], 1), _chain(points, order[ends], -1)


def _chain(points: NDArray[np.float64], chain: Indices, side: int) -> Indices:
    """What is left of a chain of strictly ascending abscissas when all its corners turn to one side."""
    for _ in range(ROUNDS if len(chain) > FEW else 0):
        turning = side * _turns(points[chain[:-2]], points[chain[1:-1]], points[chain[2:]]) > 0
        if turning.all():
            return chain
        chain = chain[np.r_[True, turning, True]]
    kept: list[int] = []
    rows = points[chain].tolist()
    for i in range(len(rows)):
        while len(kept) > 1 and side * _turn(rows[kept[-2]], rows[kept[-1]], rows[i]) <= 0:
            kept.pop()
        kept.append(i)
    return chain[kept]


def _turns(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sign of (b − a) × (c − a) of every row, exactly: positive where a, b, c turn left."""
    with np.errstate(over="ignore", invalid="ignore"):
        left = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1])
        right = (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
        size = np.abs(left) + np.abs(right)
        signs = np.sign(left - right)
        sure = (np.abs(left - right) > 2.0**-50 * size) & (size > LEAST)
    for i in np.flatnonzero(~sure).tolist():
        signs[i] = _turn(a[i].tolist(), b[i].tolist(), c[i].tolist())
    return signs


def _turn(a: list[float], b: list[float], c: list[float]) -> int:
    """`_turns` of one triple."""
    left, right = (b[0] - a[0]) * (c[1] - a[1]), (b[1] - a[1]) * (c[0] - a[0])
    size = abs(left) + abs(right)
    if abs(left - right) > 2.0**-50 * size and size > LEAST:
        return 1 if left > right else -1
    (ax, ay), (bx, by), (cx, cy) = (tuple(map(Fraction, point)) for point in (a, b, c))
    exact = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    return (exact > 0) - (exact < 0)


def hung_points(points: NDArray[np.float64], lower: Indices, upper: Indices) -> tuple[Indices, Indices]:
    """Points that are no vertices, in the order of the ring's places they hang on, and where those of a place start.

    Both go twice round the ring (lower + reversed upper), so that a window is one slice.
    """
    size = len(lower) + len(upper)
    inner = np.ones(len(points), dtype=np.bool_)
    inner[lower], inner[upper] = False, False
    others = np.flatnonzero(inner)
    below = np.searchsorted(points[lower, 0], points[others, 0], side="right") - 1
    above = size - np.searchsorted(points[upper, 0], points[others, 0], side="right")
    place, others = np.r_[below, above, below + size, above + size], np.tile(others, 4)
    order = np.argsort(place, kind="stable")
    return others[order], np.searchsorted(place[order], np.arange(2 * size + 1))


def proposed(queries: PlaneFloats, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> Indices:
    """The place in lower + reversed upper vertices of about the maximiser: between two slopes."""
    with np.errstate(divide="ignore"):
        wanted = queries[:, 0] / np.abs(queries[:, 1])
    rises, falls = (np.diff(chain[:, 1]) / np.diff(chain[:, 0]) for chain in (lower, upper))
    below = np.searchsorted(rises, wanted)
    above = len(lower) + len(upper) - 1 - np.searchsorted(-falls, wanted)
    return np.where(queries[:, 1] < 0, below, above)
