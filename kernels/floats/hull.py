"""Which points of a large set may lie on its convex hull (d ≤ 3), and how deep inside it all others are, proved.

**Covering.** Let a set V of points span a closed triangulated surface: oriented simplices of d corners in which every
ridge (d − 1 corners) that occurs, occurs once in each orientation. If x lies strictly on the inner side of *every*
simplex, det(p_1 − x, …, p_d − x) > 0, then max_V ⟨q, ·⟩ ≥ ⟨q, x⟩ for every q.
*Proof.* The cones K_f = cone(p_1 − x, …, p_d − x) have an interior. Join a direction in one of them to any other
direction u by a path that avoids the cones of the faces of d − 2 corners, which do not separate space. Where the path
leaves K_f through the cone of a ridge, the simplex with that ridge in the opposite orientation has its last corner on
the other side, since both determinants are positive; so the path goes on in that one's cone. Hence u is in some K_f,
and x + s u with some s > 0 is a convex combination of corners. For u = q a corner v has ⟨q, v⟩ > ⟨q, x⟩. ∎
Nothing is asked of the surface but this count: no convexity, and no trust in who proposed it.

**Depth.** If x lies on the inner side of every simplex's plane by at least δ, the above holds for x + (δ/‖q‖) q, so

    ⟨q, x⟩ ≤ max_V ⟨q, ·⟩ − δ ‖q‖        for every q.                                                          (1)

**In floats**, with the points scaled by a power of two to max |x_c| in [1/2, 1), ε of their dtype, u = 2⁻⁵³, and
δ = 2⁸ d ε. A point is left out if its computed heights over all planes are below −δ; (1) then holds with δ/2:

    guard or cast                        what it bounds
    scaling by 2^−e                      exact, or off by half the smallest subnormal: no part of δ
    corners, normals in float64          edges have components right to u; normals of d = 2 are edges, turned
    NORMAL = 2⁻⁹⁰⁰ ≤ ‖normal‖            what scaling and underflow do to a normal is below 2⁻¹⁰⁰ of it
    slack = 2⁴ u Σ_c S_c / ‖normal‖      d = 3: a cross product's component errs by at most 4u S_c, the sum of its two
                                         products' sizes; |x − p| ≤ 2, δ < 1; added to the height
    heights in float64                   ‖n‖ = 1, |x|, |p| ≤ 1, d ≤ 3: at most 28 eps(float64) < δ/4
    d = 1: the ends less δ               two roundings of numbers ≤ 1
    δ/2 · 2^e                            rounded in the subnormal range, to at most twice its value
    NaN (a plane without a normal)       comparisons are false: nothing is left out

Neighbour: `large_sets` scores only the candidates, and searches the polygon.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from ..protocol import BLOCK_BYTES
from .polygon import Indices, PlaneFloats, convex_polygon, scaled_to_one

NORMAL = 2.0**-900
"""A plane whose normal is shorter is not used."""


def hull_candidates(points: PlaneFloats) -> tuple[Indices, float]:
    """The points that may maximise ⟨q, ·⟩ for some q ≠ 0: all that lie on the boundary of the hull, at least.

    Args:
        points: (n, d) finite floats.

    Returns:
        Their indices, ascending (all if d > 3, or if no hull is proved), and the depth δ of (1) at which the others
        lie at least; infinite if there are no others.
    """
    n, d = points.shape
    rest = np.arange(n)
    if n == 0 or d > 3 or (d > 1 and n < 64):
        return rest, np.inf
    scaled, exponent = scaled_to_one(points)
    depth = 2.0**8 * d * float(np.finfo(points.dtype).eps)
    if d == 1:
        x = scaled[:, 0].astype(np.float64)
        rest = np.flatnonzero((x >= x.max() - depth) | (x <= x.min() + depth))
    else:
        # First the polytope of the extremes in a few directions, which leaves out most; then the hull of the rest.
        for sample in (_extremes(scaled), None):
            chosen = rest if sample is None else sample
            planes = _planes(np.ldexp(points[chosen].astype(np.float64), -exponent))
            if planes is None or len(planes) * len(rest) > 1 << 30:
                break
            rest = rest[~(_height(scaled[rest], planes) < -depth)]
    return rest, float(np.ldexp(depth / 2, exponent)) if len(rest) < n else np.inf


def _extremes(points: PlaneFloats) -> Indices:
    """The extreme points in some directions that are evenly spread after the points are made isotropic."""
    d = points.shape[1]
    if d == 2:
        angles = np.arange(24) * (np.pi / 24)
        directions = np.stack([np.cos(angles), np.sin(angles)])
    else:
        height = (np.arange(48) + 0.5) / 48  # a spiral on the half-sphere
        angles = np.arange(48) * (np.pi * (3 - 5**0.5))
        radius = np.sqrt(1 - height**2)
        directions = np.stack([radius * np.cos(angles), radius * np.sin(angles), height])
    spread = np.cov(points[:: max(1, len(points) // 4096)].T.astype(np.float64))
    values, vectors = np.linalg.eigh(spread)
    directions = vectors @ (directions / np.sqrt(np.maximum(values, values[-1] * 1e-12 + 1e-300))[:, None])
    directions /= np.abs(directions).max()
    found = []
    for direction in directions.T.astype(points.dtype):
        heights = points @ direction
        found += [heights.argmax(), heights.argmin()]
    return np.unique(found)


def _planes(points: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Rows (unit normal, offset) of a closed oriented surface whose corners are among `points`, or None."""
    simplices = _surface(points)
    if simplices is None:
        return None
    corners = points[simplices]
    edges = corners[:, 1:] - corners[:, :1]
    with np.errstate(invalid="ignore", divide="ignore"):
        if points.shape[1] == 2:
            normals, doubt = np.stack([edges[:, 0, 1], -edges[:, 0, 0]], axis=1), 0.0
        else:
            (a, b, c), (e, f, g) = edges.transpose(1, 2, 0)
            normals = np.stack([b * g - c * f, c * e - a * g, a * f - b * e], axis=1)
            (a, b, c), (e, f, g) = np.abs(edges).transpose(1, 2, 0)
            doubt = b * g + c * f + c * e + a * g + a * f + b * e
        length = np.hypot.reduce(normals, axis=1)
        normals /= length[:, None]
        offsets = -(normals * corners[:, 0]).sum(axis=1) + 2.0**4 * 2.0**-53 * doubt / length
    return np.column_stack([normals, offsets]) if (length >= NORMAL).all() else None


def _surface(points: NDArray[np.float64]) -> Indices | None:
    """Simplices (rows of d corners) of a closed surface, oriented alike: every ridge once in each orientation."""
    d = points.shape[1]
    if d == 2:
        lower, upper = convex_polygon(points)
        ring = np.r_[lower, upper[::-1]]
        ring = ring[(points[ring] != points[np.roll(ring, 1)]).any(axis=1)]
        return np.column_stack([ring, np.roll(ring, -1)]) if len(ring) > 2 else None
    if len(points) <= d:
        return None
    try:
        simplices = ConvexHull(points).simplices.astype(np.int64)
    except (QhullError, ValueError):
        return None
    middle = points[np.unique(simplices)].mean(axis=0)
    turned = np.linalg.det(points[simplices] - middle) < 0
    simplices[turned] = simplices[turned][:, [1, 0, 2]]
    tails, heads = simplices.T.ravel(), np.roll(simplices, -1, axis=1).T.ravel()
    forth, back = np.sort(tails * len(points) + heads), np.sort(heads * len(points) + tails)
    closed = np.array_equal(forth, back) and (forth[1:] != forth[:-1]).all()
    return simplices if closed else None


def _height(points: PlaneFloats, planes: NDArray[np.float64]) -> NDArray[np.float64]:
    """max over planes of normal·x + offset for each point, in blocks."""
    rows = max(1, BLOCK_BYTES // (8 * len(planes)))
    blocks = range(0, len(points), rows)
    heights = [(points[i : i + rows] @ planes[:, :-1].T + planes[:, -1]).max(axis=1) for i in blocks]
    return np.concatenate(heights) if heights else np.empty(0)
