"""Geometric evidence: where a cluster point lies relative to K, and the exact numbers that show it.

K is the convex hull of the strict leaders' positions, B is A (or −A where tokens follow the smallest inner product),
H = A + Aᵀ, and F(s) is the smallest face of K that contains s. A cluster point s ∈ ∂K is the projection of the origin
on a face exactly if sᵀHv is the same for all vertices v of F(s) (`CERTIFICATE.md`, "Places"). Everything else that
a verdict of the family `clustering` needs (leaders, limits, a token that does not converge) follows from the outcome.

Neighbours: the claims fill these records, `writer` writes them, `checker` checks them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from ...kernels.exact.configuration import Vector

CertifiedVerdict = Literal["verified", "refuted"]
Weights = Mapping[int, Fraction]
"""{strict leader: weight}: positive weights with sum 1."""


@dataclass(frozen=True, slots=True)
class Vertex:
    """s is a vertex of K: the position of a strict leader.

    Args:
        leader: the token whose position is s.
    """

    leader: int


@dataclass(frozen=True, slots=True)
class Projection:
    """s ∈ ∂K is the projection of the origin on a face of K.

    Args:
        weights: over strict leaders, with Σ weights[l] z_l = s.
        normal: h ≠ 0 with h·v ≤ h·s for every vertex v of K, and sᵀHv = sᵀHs wherever h·v = h·s. None stands for
            h = sᵀB, which serves every limit of the dynamics with a symmetric A unless sᵀB = 0.
    """

    weights: Weights
    normal: Vector | None = None


@dataclass(frozen=True, slots=True)
class Neither:
    """s ∈ ∂K is neither a vertex of K nor the projection of the origin on a face of K.

    Args:
        weights: over strict leaders, with Σ weights[l] z_l = s and sᵀHz_l ≠ sᵀHs for some l.
        normal: h ≠ 0 with h·v ≤ h·s for every vertex v of K; None stands for h = sᵀB.
    """

    weights: Weights
    normal: Vector | None = None


@dataclass(frozen=True, slots=True)
class Interior:
    """s is an interior point of K (which refutes S ⊂ ∂K).

    Args:
        weights: over strict leaders whose positions span R^d affinely, with Σ weights[l] z_l = s.
    """

    weights: Weights


@dataclass(frozen=True, slots=True)
class Outside:
    """s is not in K (which refutes S ⊂ ∂K).

    Args:
        normal: h with h·v < h·s for every vertex v of K; None stands for h = sᵀB.
    """

    normal: Vector | None = None


Place = Vertex | Projection | Neither | Interior | Outside
