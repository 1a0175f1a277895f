"""Convex polytopes conv V in R^d, exactly: whether a point lies in one, and on which face, each with its proof.

Points are vectors of Fractions (or ints), d ≥ 1, in any position: duplicates, flat and single-point polytopes are
ordinary input. Every answer has passed an exact check before it is returned (`UnprovedError` otherwise: a bug, never a
fact about the polytope).

Neighbours: `answers` are the answers, `point_set` clears denominators, `cone` decides on integers;
`second_route` finds faces by cvxpy.
"""

from collections.abc import Sequence
from fractions import Fraction

from ....kernels.errors import InputError
from .answers import Face, Inside, Separated, affine_weights, face_record
from .cone import decide, relative_interior
from .exact_lp import Farkas, IntVector, dot, primitive
from .point_set import PointRows, PointSet, as_vector


def convex_weights(point: Sequence[int | Fraction], points: PointRows | PointSet) -> Inside | Separated:
    """Whether s ∈ conv V, with weights or a strictly separating normal.

    Args:
        point: s, d exact numbers.
        points: V, (n, d) exact numbers, n ≥ 1, or a `PointSet`.

    Returns:
        `Inside` with at most d + 1 weights, or `Separated`.

    Raises:
        ExactnessError, InputError: see `PointSet`.
    """
    V = PointSet.of(points)
    row = V.homogeneous(point)
    answer = decide(V.rows, row)
    if isinstance(answer, Farkas):
        return Separated(as_vector(primitive(answer.normal[:-1])))
    return Inside(affine_weights(V.rows, row, answer))


def face_of(point: Sequence[int | Fraction], points: PointRows | PointSet) -> Face:
    """The smallest face of conv V that contains s ∈ conv V, with an exposing normal and weights.

    By Stiemke's lemma either Σ x_v (v − s) = 0 with all x_v > 0, and s is a relative interior point, or some h has
    h · (v − s) ≤ 0 for every v, not always 0, and exposes a smaller face in which to go on.

    Args:
        point: s ∈ conv V, d exact numbers.
        points: V, (n, d) exact numbers, n ≥ 1, or a `PointSet`.

    Raises:
        InputError: s ∉ conv V.
        ExactnessError: see `PointSet`.
    """
    V = PointSet.of(points)
    row = V.homogeneous(point)
    directions = V.differences(row)
    indices = list(range(V.n))
    normal = [0] * V.d
    while isinstance(answer := relative_interior([directions[j] for j in indices]), Farkas):
        normal = combined(normal, answer.normal, directions)
        indices = [j for j in indices if dot(answer.normal, directions[j]) == 0]
        if not indices:
            raise InputError("point is outside the polytope, so no face contains it; ask convex_weights first")
    return face_record(V, row, directions, indices, normal, answer)


def combined(normal: IntVector, h: IntVector, directions: Sequence[IntVector]) -> list[int]:
    """c · normal + h, with c so large that whatever was strictly below the old hyperplane stays below the new one."""
    if not any(normal):
        return list(h)
    c = 1
    for u in directions:
        below = -dot(normal, u)
        if below > 0:
            c = max(c, dot(h, u) // below + 1)
    return primitive([c * a + b for a, b in zip(normal, h, strict=True)])
