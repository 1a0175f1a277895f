"""From exact strings to points on paper: scaling, projections, hulls. For drawing only; no verdict rests on it.

Neighbours: `scene` arranges what a picture shows, `svg` draws it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import cos, radians, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formats.exact_text import EXACT, decimal
from ..records.configuration_record import Rows

ScenePoint = tuple[float, float, float]
"""A point of a scene; flat scenes have z = 0, those on a line y = z = 0."""
Edges = tuple[tuple[int, int], ...]
"""Pairs of point indices, ascending."""
Coordinates = NDArray[np.float64]

FLAT = 1e-9
"""Below this share of the largest extent a direction counts as flat in a drawing."""


def scaled(groups: Sequence[Rows]) -> tuple[list[Coordinates], Decimal]:
    """The points of all groups as floats of absolute value at most 1, divided by one common size.

    Args:
        groups: sets of (n, d) exact numbers, possibly empty, with the same d.

    Returns:
        One (n, d) array a group, and the size: the largest absolute coordinate (1 if all are 0).
    """
    decimals = [[[decimal(v) for v in row] for row in rows] for rows in groups]
    size = max((abs(v) for rows in decimals for row in rows for v in row), default=Decimal(0)) or Decimal(1)
    arrays = [np.array([[float(EXACT.divide(v, size)) for v in row] for row in rows]) for rows in decimals]
    return arrays, size


@dataclass(frozen=True, slots=True)
class PlaneProjection:
    """An affine map R^d → R^m, m ≤ 3, and what the figure says about it.

    Args:
        origin: (d,) the point that is sent to 0.
        basis: (m, d) rows that are orthonormal.
        note: the sentence for the figure; empty if nothing is lost.
    """

    origin: Coordinates
    basis: Coordinates
    note: str

    def __call__(self, points: Coordinates) -> list[ScenePoint]:
        """The images of (n, d) points, padded with zeros to three coordinates."""
        if not len(points):
            return []
        images = (points - self.origin) @ self.basis.T
        padded = np.zeros((len(images), 3))
        padded[:, : images.shape[1]] = images
        return [(float(x), float(y), float(z)) for x, y, z in padded]


def projection(d: int, leaders: Sequence[tuple[int, Coordinates]], cloud: Coordinates) -> PlaneProjection:
    """The map that draws R^d: the identity for d ≤ 3, else on a plane that shows most.

    Args:
        d: the dimension.
        leaders: token index and (d,) limit of each leader, in the order in which they emerge.
        cloud: (m, d) points to be shown.

    Returns:
        The plane of the first three leaders that span one; the two principal axes of `cloud` if there are none.
    """
    if d <= 3:
        return PlaneProjection(np.zeros(d), np.eye(d), "")
    for c in range(2, len(leaders)):
        chosen = [leaders[0], leaders[1], leaders[c]]
        base = chosen[0][1]
        basis = _orthonormal([point - base for _, point in chosen[1:]])
        if len(basis) == 2:
            names = ", ".join(str(i) for i, _ in chosen)
            return PlaneProjection(base, basis, f"d = {d}: projected on the plane of the leaders {names}")
    centre = cloud.mean(axis=0)
    axes = np.linalg.svd(cloud - centre)[2][:2]
    axes *= np.where(axes[np.arange(2), np.abs(axes).argmax(axis=1)] < 0, -1.0, 1.0)[:, None]
    return PlaneProjection(centre, axes, f"d = {d}: projected on the two principal axes of the tokens")


def _orthonormal(vectors: Sequence[Coordinates]) -> Coordinates:
    """The Gram–Schmidt basis of `vectors`, those that depend on earlier ones left out."""
    basis: list[Coordinates] = []
    for v in vectors:
        rest = v - sum((b * (b @ v) for b in basis), np.zeros_like(v))
        if (length := float(np.linalg.norm(rest))) > FLAT * max(float(np.linalg.norm(v)), FLAT):
            basis.append(rest / length)
    return np.array(basis)


def hull_edges(points: Sequence[ScenePoint]) -> Edges:
    """The edges of the convex hull of points on a line, in a plane or in space.

    Returns:
        Index pairs, sorted; of coinciding points the first stands for all; () for a single point.
    """
    first: dict[tuple[float, ...], int] = {}
    for i, p in enumerate(points):
        first.setdefault(tuple(round(x, 9) + 0.0 for x in p), i)
    indices = list(first.values())
    cloud = np.array([points[i] for i in indices])
    if len(indices) < 2:
        return ()
    _, extents, axes = np.linalg.svd(cloud - cloud.mean(axis=0))
    rank = int((extents > FLAT * extents[0]).sum())
    flat = (cloud - cloud[0]) @ axes[:rank].T
    if rank == 1:
        ends = sorted(range(len(indices)), key=lambda i: float(flat[i, 0]))
        pairs = [(ends[0], ends[-1])]
    elif rank == 2:
        pairs = _hull(flat).simplices.tolist()
    else:
        pairs = _polyhedron(flat)
    return tuple(sorted({(min(e), max(e)) for e in ((indices[a], indices[b]) for a, b in pairs)}))


def _hull(points: Coordinates) -> Any:
    """Qhull's convex hull; SciPy takes long to load, and many runs draw nothing."""
    from scipy.spatial import ConvexHull

    return ConvexHull(points)


def _polyhedron(points: Coordinates) -> list[tuple[int, int]]:
    """The edges of the convex hull in space: Qhull's triangles without the lines inside one facet."""
    hull = _hull(points)
    sides: dict[tuple[int, int], list[Coordinates]] = {}
    for simplex, equation in zip(hull.simplices.tolist(), hull.equations, strict=True):
        for a, b in ((0, 1), (1, 2), (0, 2)):
            sides.setdefault((min(simplex[a], simplex[b]), max(simplex[a], simplex[b])), []).append(equation[:3])
    return [edge for edge, normals in sides.items() if not np.allclose(normals[0], normals[-1], atol=1e-6)]


@dataclass(frozen=True, slots=True)
class Camera:
    """A parallel projection of a scene on the screen: x to the right, y up.

    Args:
        azimuth: degrees about the vertical axis; 0 with elevation 0 looks along −z.
        elevation: degrees above the horizon.
    """

    azimuth: float = 0.0
    elevation: float = 0.0

    def screen(self, p: ScenePoint) -> tuple[float, float]:
        """The screen coordinates of a point of the scene, in the scene's units."""
        a, e = radians(self.azimuth), radians(self.elevation)
        x, y, z = p
        depth = z * cos(a) - x * sin(a)
        return x * cos(a) + z * sin(a), y * cos(e) - depth * sin(e)
