"""Which points of a large set may lie on its convex hull, d ≤ 3: Qhull proposes, a margin against rounding disposes.

Neighbour: `large_sets` scores only these.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from .numpy_kernel import BLOCK_BYTES

Floats = NDArray[np.floating]
Indices = NDArray[np.int64]


def hull_candidates(points: Floats) -> tuple[Indices, float]:
    """The points that may maximise ⟨q, ·⟩ for some q ≠ 0: all vertices of the hull at least.

    Qhull proposes half-spaces; a point is left out only if it lies deeper than δ = 2⁸ d u max|x| in all of them, and
    only if their number is that of a closed polytope (Euler). What Qhull misses is thus kept, not lost.

    Args:
        points: (n, d) finite floats.

    Returns:
        Their indices, ascending (all if d > 3, or if the points do not span d dimensions), and how deep inside the
        hull the others are at least, with room for rounding: their scores are that times ‖q‖ below the maximum.
    """
    n, d = points.shape
    rest = np.arange(n)
    depth = 2.0**8 * d * float(np.finfo(points.dtype).eps) * float(np.abs(points).max(initial=0.0))
    if d == 1:
        x = points[:, 0].astype(np.float64)
        return np.flatnonzero((x >= x.max() - depth) | (x <= x.min() + depth)), depth / 2
    if d > 3 or n < 64:
        return rest, np.inf
    # First the polytope of the extremes in a few directions, which leaves out most; then the hull of the rest.
    for sample in (_extremes(points), None):
        chosen = rest if sample is None else sample
        faces = _half_spaces(points[chosen].astype(np.float64))
        if faces is None or len(faces) * len(rest) > 1 << 30:
            break
        rest = rest[~(_height(points[rest], faces) < -depth)]
    return rest, depth / 2 if len(rest) < n else np.inf


def _extremes(points: Floats) -> Indices:
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
    points = points / (np.abs(points).max() or 1)  # squares of what is huge or tiny would be no numbers
    spread = np.cov(points[:: max(1, len(points) // 4096)].T.astype(np.float64))
    values, vectors = np.linalg.eigh(spread)
    directions = vectors @ (directions / np.sqrt(np.maximum(values, values[-1] * 1e-12 + 1e-300))[:, None])
    found = []
    for direction in directions.T.astype(points.dtype):
        heights = points @ direction
        found += [heights.argmax(), heights.argmin()]
    return np.unique(found)


def _half_spaces(points: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Rows (normal, offset) with normal·x + offset ≤ 0 on the hull; None if there is no hull of full dimension."""
    d = points.shape[1]
    if len(points) <= d:
        return None
    try:
        hull = ConvexHull(points)
    except (QhullError, ValueError):
        return None
    faces, corners = len(hull.simplices), len(hull.vertices)
    closed = faces == (corners if d == 2 else 2 * corners - 4)
    return np.unique(hull.equations, axis=0) if closed else None


def _height(points: Floats, faces: NDArray[np.float64]) -> NDArray[np.float64]:
    """max over faces of normal·x + offset for each point, in blocks."""
    rows = max(1, BLOCK_BYTES // (8 * len(faces)))
    blocks = range(0, len(points), rows)
    heights = [(points[i : i + rows] @ faces[:, :-1].T + faces[:, -1]).max(axis=1) for i in blocks]
    return np.concatenate(heights) if heights else np.empty(0)


__all__ = ["Floats", "Indices", "hull_candidates"]
