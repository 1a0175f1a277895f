"""The geometry of a configuration's limits, computed a second time by cvxpy and compared with the dynamics.

K is the convex hull of the limits. For a cluster point s one linear program proposes the smallest face of K that
contains it, with normal and weights; one quadratic program proposes the projection of the origin on that face. Both are
made exact and checked. What fails goes to the next solver and at last to the exact methods of `polytope`, and the
record names the one that was believed: a solver's failure is never a difference.

Neighbours: `cvxpy_proposals` holds the programs, `rounding` makes them exact; `polytope` is the first route;
campaigns call both. Importing this module imports cvxpy, which takes a second: import it where it is used.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from ..kernels.configuration import Matrix, Vector
from ..kernels.errors import InputError
from ..kernels.rational_text import short_text, show
from .cvxpy_proposals import LP_SOLVERS, QP_SOLVERS, propose_face, propose_projection, propose_separation
from .frame import frame_of
from .inner_product import InnerProduct
from .point_set import Points, PointSet
from .polytope import convex_weights, dimension, face_of, projection_of_origin
from .polytope_records import Face, Inside, Separated
from .proposals import coordinates, unit_rows
from .rounding import exact_face, exact_membership, exact_projection

Kind = Literal["vertex", "projection", "neither", "interior"]

EXACT = "exact"
"""Instead of a solver's name: no proposal held, so this answer comes from the first route's methods."""


@dataclass(frozen=True, slots=True)
class PlaceOnK:
    """Where a cluster point s lies relative to K.

    Attributes:
        kind: s is a "vertex" of K; or lies on the boundary in R^d and is the A-"projection" of the origin on a face,
            or "neither" of the two; or is an "interior" point.
        face: the vertices of K on the smallest face that contains s, sorted.
        weights: {vertex: weight > 0} over all of `face`, with Σ weights[v] v = s.
        normal: normal · v = normal · s on the face and < normal · s elsewhere on K; zero only if s is interior.
        solvers: whose proposals were believed, in order of use; `EXACT` where none held.
    """

    kind: Kind
    face: tuple[Vector, ...]
    weights: Mapping[Vector, Fraction]
    normal: Vector
    solvers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SecondRoute:
    """The polytope K and the place of every cluster point, found from the limits alone.

    Attributes:
        vertices: the vertices of K, sorted.
        places: {cluster point: its place}, sorted by cluster point.
    """

    vertices: tuple[Vector, ...]
    places: Mapping[Vector, PlaceOnK]

    @property
    def unconfirmed(self) -> tuple[Vector, ...]:
        """The cluster points for which some solver's proposal never held: nothing independent is known about them."""
        return tuple(s for s, place in self.places.items() if EXACT in place.solvers)


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing on which the dynamics and the second route disagree, both sides in words.

    Attributes:
        what: "vertices", "cluster points", "kind" or "weights of token i".
        point: the cluster point it is about, None if it is about all of K.
        dynamics: what the dynamics say.
        second: what the second route says.
    """

    what: str
    point: Vector | None
    dynamics: str
    second: str


def second_route(limits: Iterable[Vector], A: Matrix | InnerProduct) -> SecondRoute:
    """The vertices of K = conv(limits) and the place of every distinct limit, by cvxpy with exact checks.

    Args:
        limits: (n, d) Fractions, n ≥ 1, duplicates allowed.
        A: (d, d) exact numbers, symmetric positive definite, or an `InnerProduct`.

    Raises:
        InputError: A is not symmetric positive definite, or a shape is wrong.
        ExactnessError: a number is not exact.
    """
    points = sorted(set(limits))
    cloud = PointSet(points)
    product = InnerProduct.of(A)
    if product.d != cloud.d:
        raise InputError(f"A is {product.d} x {product.d} but the limits have {cloud.d} coordinates")
    found = {s: _face(cloud, s) for s in points}
    vertices = tuple(s for s, (face, _) in found.items() if len(face.indices) == 1)
    hull = PointSet(vertices)
    places: dict[Vector, PlaceOnK] = {}
    for s, (face, solver) in found.items():
        if len(face.indices) == 1:
            places[s] = PlaceOnK("vertex", (s,), {s: Fraction(1)}, face.normal, (solver,))
            continue
        # Again over the vertices alone, so that the weights are over vertices too.
        face, again = _face(hull, s)
        on_face = tuple(vertices[j] for j in face.indices)
        weights = {vertices[j]: w for j, w in face.weights.items()}
        if not any(face.normal):
            places[s] = PlaceOnK("interior", on_face, weights, face.normal, (solver, again))
            continue
        nearest, third = _projection(product, on_face)
        kind: Kind = "projection" if nearest == s else "neither"
        places[s] = PlaceOnK(kind, on_face, weights, face.normal, (solver, again, third))
    return SecondRoute(vertices, places)


def second_membership(point: Vector, points: Points | PointSet) -> tuple[Inside | Separated, str]:
    """`polytope.convex_weights` by cvxpy: the answer, exactly checked, and the solver that proposed it (or `EXACT`).

    Args:
        point: s, d exact numbers.
        points: V, (n, d) exact numbers, n ≥ 1, or a `PointSet`.

    Raises:
        ExactnessError, InputError: see `PointSet`.
    """
    V = PointSet.of(points)
    row = V.homogeneous(point)
    directions = unit_rows(V.differences(row))
    for solver in LP_SOLVERS:
        proposal = propose_separation(directions, solver)
        if proposal is None:
            continue
        answer = exact_membership(V, row, proposal.strict, proposal.normal, proposal.weights)
        if answer is not None:
            return answer, solver
    return convex_weights(point, V), EXACT


def compare(
    route: SecondRoute,
    limits: Sequence[Vector],
    leaders: Iterable[int],
    weights: Sequence[Mapping[int, Fraction]],
    kinds: Mapping[Vector, str] | None = None,
) -> list[Difference]:
    """Where the dynamics and the second route differ; [] if they agree on all that is determined.

    Determined are the vertices, the kind of each cluster point, that the weights of a limit reproduce it and lie on
    its face, and the weights themselves where the vertices of the face are affinely independent. Other weights over
    the same face are no difference.

    Args:
        route: `second_route` of these limits.
        limits: the limit of each token, from the dynamics.
        leaders: the tokens that are leaders (`Frozen.leaders`).
        weights: for each token the weights of its limit over tokens (`Frozen.weights`).
        kinds: {cluster point: kind} as the claims have it; not compared if None.
    """
    at_leaders = sorted(limits[j] for j in leaders)
    differences = []
    if at_leaders != list(route.vertices):
        differences.append(Difference("vertices", None, _words(at_leaders), _words(route.vertices)))
    if set(limits) != set(route.places):
        differences.append(Difference("cluster points", None, _words(sorted(set(limits))), _words(route.places)))
        return differences
    for s, kind in (kinds or {}).items():
        there = route.places[s].kind if s in route.places else "no cluster point"
        if kind != there:
            differences.append(Difference("kind", s, kind, there))
    for i, (s, own) in enumerate(zip(limits, weights, strict=True)):
        over: dict[Vector, Fraction] = {}
        for j, w in own.items():
            over[limits[j]] = over.get(limits[j], Fraction(0)) + w
        fault = _fault(s, over, route.places[s])
        if fault:
            told = {show(v): short_text(w) for v, w in over.items()}
            expected = {show(v): short_text(w) for v, w in route.places[s].weights.items()}
            differences.append(Difference(f"weights of token {i}", s, f"{told}: {fault}", str(expected)))
    return differences


def _fault(s: Vector, weights: Mapping[Vector, Fraction], place: PlaceOnK) -> str | None:
    """What is wrong with these weights of s, given its place; None if nothing is."""
    if min(weights.values(), default=Fraction(0)) <= 0 or sum(weights.values()) != 1:
        return "not positive with sum 1"
    if any(sum(w * v[c] for v, w in weights.items()) != x for c, x in enumerate(s)):
        return "do not reproduce the limit"
    height = _inner(place.normal, s)
    off = [v for v in weights if _inner(place.normal, v) != height]
    if off:
        return f"{_words(off)} not on the face"
    unique = set(weights) <= set(place.face) and dimension(place.face) == len(place.face) - 1
    return "differ, and the face is a simplex" if unique and weights != place.weights else None


def _face(V: PointSet, s: Vector) -> tuple[Face, str]:
    """The smallest face of conv V that contains s, and the solver that proposed it."""
    row = V.homogeneous(s)
    directions = V.differences(row)
    for framed in (False, True) if any(map(any, directions)) else (False,):
        frame = frame_of(directions, V.d) if framed else None
        rows = unit_rows(directions if frame is None else frame.coordinates)
        for solver in LP_SOLVERS:
            proposal = propose_face(rows, solver)
            if proposal is None:
                continue
            face = exact_face(V, row, proposal.strict, proposal.normal, proposal.weights, frame)
            if face is not None:
                return face, solver
    return face_of(s, V), EXACT


def _projection(product: InnerProduct, face: Sequence[Vector]) -> tuple[Vector, str]:
    """The A-projection of the origin on the hull of the face's vertices, and the solver that proposed it."""
    V = PointSet(face)
    if product.root is not None:
        points = coordinates(V.rows)
        for solver in QP_SOLVERS:
            weights = propose_projection(points, product.root, solver)
            nearest = None if weights is None else exact_projection(V, product, weights)
            if nearest is not None:
                return nearest, solver
    return projection_of_origin(product, V).point, EXACT


def _inner(x: Sequence[Fraction], y: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0))


def _words(points: Iterable[Vector]) -> str:
    return "{" + ", ".join(map(show, points)) + "}"


__all__ = ["EXACT", "Difference", "Kind", "PlaceOnK", "SecondRoute", "compare", "second_membership", "second_route"]
