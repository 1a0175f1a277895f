"""What questions about polytopes return: plain frozen records, each a statement with the data that prove it.

V are the points asked about, s the point; weights are {index into V: Fraction > 0} with sum 1 and normals are integer
vectors (as Fractions) in lowest terms.

Neighbours: `polytope` fills them after an exact check.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from ..kernels.configuration import Vector

Weights = Mapping[int, Fraction]


@dataclass(frozen=True, slots=True)
class Inside:
    """Proof of s ∈ conv V: s = Σ_j weights[j] v_j."""

    weights: Weights


@dataclass(frozen=True, slots=True)
class Separated:
    """Proof of s ∉ conv V: normal · v < normal · s for every v ∈ V, strictly."""

    normal: Vector


@dataclass(frozen=True, slots=True)
class Supported:
    """Proof that s ∈ conv V lies on the boundary in R^d: normal ≠ 0 and normal · v ≤ normal · s for every v ∈ V.

    Attributes:
        normal: the normal of a supporting hyperplane.
        face: ascending indices of the points on that hyperplane; the face conv of them need not be minimal.
    """

    normal: Vector
    face: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Interior:
    """Proof that s lies in the interior of conv V in R^d: s = Σ weights[j] v_j, and those v_j affinely span R^d."""

    weights: Weights


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
    weights: Weights


@dataclass(frozen=True, slots=True)
class Vertices:
    """The vertices of conv V and why each point is one or is not.

    Attributes:
        normals: {index: h} for each vertex, h · w < h · v for every point w ≠ v. Of equal points the first counts.
        redundant: for every other index convex weights over vertices (for a later copy of a vertex: that vertex).
    """

    normals: Mapping[int, Vector]
    redundant: Mapping[int, Weights]


@dataclass(frozen=True, slots=True)
class Projection:
    """The A-projection of the origin on conv V: the point s of least ⟨s, s⟩ = sᵀAs.

    Attributes:
        point: s, the only point of conv V with ⟨s, v − s⟩ ≥ 0 for every v ∈ V.
        weights: s = Σ weights[j] v_j.
        face: ascending indices of the v with ⟨s, v − s⟩ = 0 (all of them if s = 0).
    """

    point: Vector
    weights: Weights
    face: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Nested:
    """Proof of conv U ⊂ conv V: entry i holds convex weights of u_i over V."""

    weights: tuple[Weights, ...]


@dataclass(frozen=True, slots=True)
class Escapes:
    """Proof of conv U ⊄ conv V: normal · v < normal · u_index for every v ∈ V."""

    index: int
    normal: Vector


__all__ = [
    "Escapes",
    "Face",
    "Inside",
    "Interior",
    "Nested",
    "Projection",
    "Separated",
    "Supported",
    "Vertices",
    "Weights",
]
