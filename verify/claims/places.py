"""Where cluster points lie: vertex of K, projection of the origin on a face, or somewhere that breaks the theorem.

K is the convex hull of the leaders. The dynamics hands over convex weights for every limit; for symmetric A the normal
As of a limit s settles the rest in one line: ⟨s, v⟩ ≤ ⟨s, s⟩ for all leaders v puts s on the boundary, and makes it the
projection of the origin on the face where equality holds. Whatever that does not settle is decided by exact linear
programs (`polytope`).

Neighbours: `evidence` holds the records, `clustering` draws the verdicts.
"""

from collections.abc import Mapping
from fractions import Fraction

from ...kernels.exact.configuration import Configuration, Vector
from ...kernels.exact.matrix import dot
from ..certificates.evidence import Interior, Neither, Outside, Place, Projection, Vertex
from ..geometry.polytopes import polytope
from ..provers.freeze.budget import fraction
from ..provers.freeze.outcome import Frozen
from .case import Case


def places(outcome: Frozen) -> dict[Vector, Place]:
    """For every cluster point (distinct limit) its place relative to K, with the evidence.

    Args:
        outcome: a frozen itinerary with at least one leader.

    Returns:
        One `Place` a distinct limit, keyed by the point.

    Source: arXiv:2407.01602, main theorem; the boundary is the one in R^d.
    """
    leaders = {outcome.limits[i]: i for i in outcome.leaders}
    found: dict[Vector, Place] = {}
    for s, weights in zip(outcome.limits, outcome.weights, strict=True):
        if s not in found:
            found[s] = Vertex(leaders[s]) if s in leaders else _place(outcome.configuration, s, weights, leaders)
    return found


def _place(
    configuration: Configuration, s: Vector, weights: Mapping[int, Fraction], leaders: Mapping[Vector, int]
) -> Place:
    tokens, vertices = list(leaders.values()), list(leaders)
    if not leaders_only(weights, leaders):
        member = polytope.convex_weights(s, vertices)
        if isinstance(member, polytope.Separated):
            return Outside(member.normal)
        weights = {tokens[j]: value for j, value in member.weights.items()}
    if configuration.is_symmetric:
        sign = 1 if configuration.follow == "largest" else -1
        h = tuple(sign * sum((a * x for a, x in zip(row, s, strict=True)), Fraction(0)) for row in configuration.A)
        height = dot(h, s)
        if any(h) and all(dot(h, v) <= height for v in vertices):
            return Projection(weights)
    face = polytope.face_of(s, vertices)
    weights = {tokens[j]: value for j, value in face.weights.items()}
    if not any(face.normal):
        return Interior(weights)
    height = configuration.inner(s, s)
    symmetric = all(
        configuration.inner(s, vertices[j]) + configuration.inner(vertices[j], s) == 2 * height for j in face.indices
    )
    return Projection(weights, face.normal) if symmetric else Neither(weights, face.normal)


def leaders_only(weights: Mapping[int, Fraction], leaders: Mapping[Vector, int]) -> bool:
    """Whether all weights sit on leaders."""
    return set(weights) <= set(leaders.values())


def case_places(case: Case) -> dict[Vector, Place]:
    """`places` of a frozen case, computed once."""
    return case.once(_case_places)


def _case_places(case: Case) -> dict[Vector, Place]:
    outcome = case.outcome
    assert isinstance(outcome, Frozen)
    bits = {s: max(x.denominator.bit_length() for x in s) for s in outcome.limits}
    vertices = {outcome.limits[i] for i in outcome.leaders}
    for s in bits.keys() - vertices:  # its scores with the vertices of K
        case.work.do(case.configuration.d * sum(fraction(bits[s] + bits[v]) for v in vertices))
    return places(outcome)
