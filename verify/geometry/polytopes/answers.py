"""What questions about polytopes return: frozen records, each a statement with the data that prove it.

The functions below make a record out of an answer on integers, and refuse (`UnprovedError`) if it proves nothing.

V are the points asked about, s the point; weights are {index into V: Fraction > 0} with sum 1 and normals are integer
vectors (as Fractions) in lowest terms.

Neighbours: `cone` answers on integers; `polytope` and `rounding` make records of its answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

from ....kernels.exact.configuration import Vector
from .cone import UnprovedError
from .exact_lp import Combination, dot, orthogonal_complement, primitive
from .point_set import PointSet, as_vector

PointWeights = Mapping[int, Fraction]


@dataclass(frozen=True, slots=True)
class Inside:
    """Proof of s ∈ conv V: s = Σ_j weights[j] v_j."""

    weights: PointWeights


@dataclass(frozen=True, slots=True)
class Separated:
    """Proof of s ∉ conv V: normal · v < normal · s for every v ∈ V, strictly."""

    normal: Vector


@dataclass(frozen=True, slots=True)
class Face:
    """The smallest face of conv V that contains s, with its proof.

    Attributes:
        indices: ascending indices of the points of V on the face.
        normal: normal · v = normal · s on the face and < normal · s off it; zero only if s is an interior point in R^d.
        weights: s = Σ weights[j] v_j with a positive weight for every point of the face.
    """

    indices: tuple[int, ...]
    normal: Vector
    weights: PointWeights


def affine_weights(rows: Sequence[Sequence[int]], row: Sequence[int], answer: Combination) -> PointWeights:
    """Convex weights from den (D s, D) = Σ x_j (D_j v_j, D_j): the weight of v_j is x_j D_j / (den D)."""
    scale = answer.den * row[-1]
    return {j: Fraction(x * rows[j][-1], scale) for j, x in sorted(answer.weights.items())}


def weights_at(rows: Sequence[Sequence[int]], row: Sequence[int], answer: Combination) -> PointWeights:
    """Convex weights from 0 = Σ x_j u_j with u_j = lcm(D, D_j) (v_j − s), the directions of `PointSet.differences`."""
    *s, D = row
    parts = {j: x * (D // gcd(D, rows[j][-1])) for j, x in answer.weights.items()}
    total = sum([x * rows[j][-1] for j, x in parts.items()])
    # s = Σ w_j v_j with w_j = parts[j] D_j / total, before the weights leave the integers.
    if any(D * sum([x * rows[j][c] for j, x in parts.items()]) != total * v for c, v in enumerate(s)):
        raise UnprovedError("the weights do not reproduce the point")
    return {j: Fraction(x * rows[j][-1], total) for j, x in parts.items()}


def face_record(
    V: PointSet,
    row: Sequence[int],
    directions: Sequence[Sequence[int]],
    indices: Sequence[int],
    normal: Sequence[int],
    answer: Combination,
) -> Face:
    """The `Face` of s with these points, checked exactly.

    Args:
        V: the points.
        row: the homogeneous row of s.
        directions: u = `V.differences(row)`.
        indices: ascending, the points on the face.
        normal: d integers; not used if all points are on the face, which a flat polytope is in R^d by another normal.
        answer: 0 = Σ_i x_i u_{indices[i]} with every x_i > 0, x_i integers.

    Raises:
        UnprovedError: the normal does not expose these points, or the weights are no proof.
    """
    on = set(indices)
    if len(on) == V.n:
        normal = next(iter(orthogonal_complement(directions, V.d)), [0] * V.d)
    if not all((dot(normal, u) == 0) if j in on else (dot(normal, u) < 0) for j, u in enumerate(directions)):
        raise UnprovedError(f"the normal does not expose the points {list(indices)}")
    if len(answer.weights) != len(on) or min(answer.weights.values()) <= 0:
        raise UnprovedError(f"not every point of the face {list(indices)} has a positive weight")
    weights = weights_at([V.rows[j] for j in indices], row, answer)
    return Face(tuple(indices), as_vector(primitive(normal)), {indices[i]: w for i, w in weights.items()})
