"""Faces, weights and projections proposed in floats, made exact: rounding that keeps the equations that must hold.

Plain rounding would lose them. So a normal is rounded in coordinates of the face's orthogonal complement, where every
integer vector is orthogonal to the face, and weights are taken as they are and corrected on a basis of the face.

Neighbours: `cvxpy_proposals` proposes, `second_route` calls, `polytope_records.face_record` checks faces.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import isfinite, lcm

import numpy as np

from ..kernels.configuration import Vector
from .cone import UnprovedError
from .exact_lp import Combination, dot, eliminate, primitive
from .exact_nnls import least_squares
from .frame import Frame
from .inner_product import InnerProduct
from .point_set import PointSet, as_vector
from .polytope_records import Face, Inside, Separated, face_record, weights_at
from .proposals import Floats, largest, unit_rows

_BITS = (10, 30, 50)
"""How finely normals are rounded, short ones first."""

_WEIGHT = (1e-3, 1e-6, 1e-9)
"""Weights up to this count as zero; interior points leave small weights where there should be none."""


def exact_face(
    V: PointSet,
    row: Sequence[int],
    strict: Sequence[bool],
    normal: Floats,
    weights: Floats,
    frame: Frame | None = None,
) -> Face | None:
    """The proposed smallest face of s, exact and checked; None if the proposal cannot be made a proof.

    Args:
        V: n points.
        row: the homogeneous row of s.
        strict: n entries, whether a point is proposed to lie off the face.
        normal: d floats.
        weights: n floats with Σ weights[j] u_j ≈ 0 for u_j = `V.differences(row)`[j], each divided by its largest
            entry; positive on the face.
        frame: a frame of the u_j, if normal and weights are about its coordinates.
    """
    whole = V.differences(row)
    directions, d = (whole, V.d) if frame is None else (frame.coordinates, len(frame.basis))
    on = [j for j, is_off in enumerate(strict) if not is_off]
    off = [directions[j] for j, is_off in enumerate(strict) if is_off]
    face = [directions[j] for j in on]
    values = weights[on].tolist()
    if not on or not all(map(isfinite, values)):
        return None
    basis, complement = eliminate(face, d)
    exact_normal = _normal(complement, off, normal, d)
    combination = _corrected(face, basis, _for_whole(values, face))
    if exact_normal is None or combination is None:
        return None
    if frame is not None:
        exact_normal = frame.normal(exact_normal)
    try:
        return face_record(V, row, whole, on, exact_normal, combination)
    except UnprovedError:
        return None


def exact_membership(
    V: PointSet, row: Sequence[int], strict: Sequence[bool], normal: Floats, weights: Floats
) -> Inside | Separated | None:
    """Proposed weights of s, or a proposed separating normal, exact and checked; None if neither is a proof.

    Args:
        V: n points.
        row: the homogeneous row of s.
        strict: n entries, whether a point is proposed to have no weight.
        normal: d floats.
        weights: n floats with Σ weights[j] u_j ≈ 0 for u_j as in `exact_face`.
    """
    directions = V.differences(row)
    separating = _normal([[int(i == j) for j in range(V.d)] for i in range(V.d)], directions, normal, V.d)
    if separating is not None:
        return Separated(as_vector(primitive(separating)))
    used = [j for j, is_off in enumerate(strict) if not is_off]
    values = weights[used].tolist()
    if not used or not all(map(isfinite, values)):
        return None
    face = [directions[j] for j in used]
    combination = _corrected(face, eliminate(face, V.d)[0], _for_whole(values, face))
    if combination is None:
        return None
    try:
        own = weights_at([V.rows[j] for j in used], row, combination)
    except UnprovedError:
        return None
    return Inside({used[i]: w for i, w in own.items()})


def exact_projection(V: PointSet, product: InnerProduct, weights: Floats) -> Vector | None:
    """The point of least xᵀAx in conv V from floats for its weights, exact and checked; None if they prove nothing.

    Args:
        V: n points.
        product: the inner product of A.
        weights: n floats, the proposed convex weights.
    """
    values = weights.tolist()
    if not all(map(isfinite, values)):
        return None
    for threshold in _WEIGHT:
        support = sorted((j for j, w in enumerate(values) if w > threshold), key=lambda j: -values[j])
        if not support:
            continue
        # The nearest point of the affine hull of the support. Basis points carry much weight: they come first.
        basis = [support[i] for i in eliminate([V.rows[j] for j in support], V.d + 1)[0]]
        solution, _ = least_squares([V.rows[j] for j in basis], [0] * V.d + [1], product.homogeneous)
        *total, D = [sum(x * V.rows[j][c] for x, j in zip(solution, basis, strict=True)) for c in range(V.d + 1)]
        if D <= 0:
            continue
        s = tuple(Fraction(x, D) for x in total)
        row = V.homogeneous(s)
        # ⟨s, v − s⟩ ≥ 0 for every v, times positive numbers.
        directions, gradient = V.differences(row), product.gradient(row[:-1])
        if any(dot(gradient, u) < 0 for u in directions):
            continue
        # s ∈ conv V: weights near the proposed ones.
        directions = [directions[j] for j in support]
        scaled = [Fraction(values[j]) / lcm(row[-1], V.rows[j][-1]) for j in support]
        if _corrected(directions, eliminate(directions, V.d)[0], scaled) is not None:
            return s
    return None


def _normal(
    complement: Sequence[Sequence[int]], off: Sequence[Sequence[int]], normal: Floats, d: int
) -> list[int] | None:
    """An integer combination of the complement near `normal` that is negative on `off`, or None."""
    if not off:
        return list(complement[0]) if complement else [0] * d
    if not complement or not np.isfinite(normal).all():
        return None
    sizes = [largest(h) for h in complement]
    common = lcm(*sizes)
    coordinates = np.linalg.lstsq(unit_rows(complement).T, normal, rcond=None)[0]
    scale = np.abs(coordinates).max()
    if not 0 < scale < np.inf:
        return None
    for bits in _BITS:
        c = np.rint(coordinates / scale * 2.0**bits).astype(np.int64).tolist()
        c = [v * (common // size) for v, size in zip(c, sizes, strict=True)]
        rounded = [dot(c, column) for column in zip(*complement, strict=True)]
        if all(dot(rounded, u) < 0 for u in off):
            return rounded
    return None


def _for_whole(weights: Sequence[float], directions: Sequence[Sequence[int]]) -> list[Fraction]:
    """The weights of the directions themselves, from those of the directions divided by their largest entries."""
    return [Fraction(w) / largest(u) for w, u in zip(weights, directions, strict=True)]


def _corrected(
    directions: Sequence[Sequence[int]], basis: Sequence[int], weights: Sequence[Fraction]
) -> Combination | None:
    """x near the weights with Σ x_i u_i = 0 and all x_i > 0, changed on `basis` only (a basis of the span); or None."""
    scale = lcm(*[w.denominator for w in weights])
    x = [int(w * scale) for w in weights]
    residual = [dot(x, column) for column in zip(*directions, strict=True)]
    den = 1
    if any(residual):
        # The residual lies in the span of the basis, so the least-squares solution cancels it exactly.
        correction, den = least_squares([directions[i] for i in basis], residual)
        x = [den * v for v in x]
        for i, v in zip(basis, correction, strict=True):
            x[i] -= v
    return Combination(dict(enumerate(x)), den) if min(x) > 0 else None


__all__ = ["exact_face", "exact_membership", "exact_projection"]
