"""The geometry of a configuration's limits, computed a second time by cvxpy and compared with the dynamics.

K is the convex hull of the limits. For each cluster point s a linear program proposes the smallest face of K that
contains it; what is believed is an exact normal and exact weights. The rest follows:

- s is a vertex exactly if that face is {s}, and interior in R^d exactly if no normal ≠ 0 is constant on all of it.
- On the boundary, s is the projection of the origin on some face exactly if ⟨s, v − s⟩ = 0 on its smallest face F. For
  a face that contains s contains F; on F, ⟨s, v − s⟩ ≥ 0 and Σ w_v (v − s) = 0 with all w_v > 0 leave equality only.

A solver's failure is never a difference: where no solver's floats could be made exact, nothing independent is known.

Neighbours: `rounding` makes faces exact; campaigns call this beside the first route, `places`. Importing this module
imports cvxpy, which takes a second: import it where it is used.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from ....kernels.errors import HardmaxError
from ....kernels.exact.configuration import Matrix, Vector
from ....kernels.exact.rational_text import short_text, show
from ..polytopes.answers import Face
from ..polytopes.point_set import PointSet
from .cvxpy_proposals import SOLVERS
from .rounding import proposed_face

PlaceKind = Literal["vertex", "projection", "neither", "interior"]


class UnconfirmedError(HardmaxError):
    """No solver's floats could be made exact, so there is nothing to compare the dynamics with."""


@dataclass(frozen=True, slots=True)
class PlaceOnK:
    """Where a cluster point s lies relative to K.

    Attributes:
        kind: s is a "vertex" of K; or lies on the boundary in R^d and is the A-"projection" of the origin on a face,
            or "neither" of the two; or is an "interior" point.
        face: the cluster points on the smallest face that contains s, sorted.
        normal: normal · v = normal · s on the face and < normal · s elsewhere on K; zero only if s is interior.
        weights: {point of the face: weight > 0} over all of `face`, with Σ weights[v] v = s.
    """

    kind: PlaceKind
    face: tuple[Vector, ...]
    normal: Vector
    weights: Mapping[Vector, Fraction]


@dataclass(frozen=True, slots=True)
class RouteDifference:
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


def second_route(limits: Iterable[Vector], A: Matrix) -> dict[Vector, PlaceOnK]:
    """The place of every distinct limit on K = conv(limits), by cvxpy with exact checks.

    Args:
        limits: (n, d) Fractions, n ≥ 1, duplicates allowed.
        A: (d, d) exact numbers, symmetric positive definite.

    Returns:
        {cluster point: its place}, sorted by cluster point.

    Raises:
        UnconfirmedError: no solver's proposal could be made exact for some point.
    """
    points = sorted(set(limits))
    V = PointSet(points)
    places = {}
    for s in points:
        face = _face(V, s)
        on = tuple(points[j] for j in face.indices)
        weights = {points[j]: w for j, w in face.weights.items()}
        places[s] = PlaceOnK(_kind(s, on, face.normal, A), on, face.normal, weights)
    return places


def _face(V: PointSet, s: Vector) -> Face:
    row = V.homogeneous(s)
    for solver in SOLVERS:
        face = proposed_face(V, row, solver)
        if face is not None:
            return face
    raise UnconfirmedError(f"no solver's floats could be made exact for {show(s)}: nothing independent is known of it")


def _kind(s: Vector, face: Sequence[Vector], normal: Vector, A: Matrix) -> PlaceKind:
    if len(face) == 1:
        return "vertex"
    if not any(normal):
        return "interior"
    gradient = [_inner(row, s) for row in A]
    return "projection" if len({_inner(gradient, v) for v in face}) == 1 else "neither"


def compare(
    route: Mapping[Vector, PlaceOnK],
    limits: Sequence[Vector],
    leaders: Iterable[int],
    weights: Sequence[Mapping[int, Fraction]],
    kinds: Mapping[Vector, str] | None = None,
) -> list[RouteDifference]:
    """Where the dynamics and the second route differ; [] if they agree on all that is determined.

    Determined are the vertices, the kind of each cluster point, and that the weights of a limit are convex weights of
    it over its smallest face; over affinely independent points there are no others.

    Args:
        route: `second_route` of these limits.
        limits: the limit of each token, from the dynamics.
        leaders: the tokens that are leaders (`Frozen.leaders`).
        weights: for each token the weights of its limit over tokens (`Frozen.weights`).
        kinds: {cluster point: kind} as the claims have it; not compared if None.
    """
    at_leaders = sorted(limits[j] for j in leaders)
    vertices = [s for s, place in route.items() if place.kind == "vertex"]
    differences = []
    if at_leaders != vertices:
        differences.append(RouteDifference("vertices", None, _words(at_leaders), _words(vertices)))
    if set(limits) != set(route):
        differences.append(RouteDifference("cluster points", None, _words(sorted(set(limits))), _words(route)))
        return differences
    for s, kind in (kinds or {}).items():
        there = route[s].kind if s in route else "no cluster point"
        if kind != there:
            differences.append(RouteDifference("kind", s, kind, there))
    for i, (s, own) in enumerate(zip(limits, weights, strict=True)):
        over = [(limits[j], w) for j, w in own.items()]
        fault = _fault(s, over, route[s])
        if fault:
            told = ", ".join(f"{short_text(w)} of {show(v)}" for v, w in over)
            differences.append(RouteDifference(f"weights of token {i}", s, f"{told}: {fault}", _words(route[s].face)))
    return differences


def _fault(s: Vector, weights: Sequence[tuple[Vector, Fraction]], place: PlaceOnK) -> str | None:
    """What is wrong with these weights of s, given its place; None if nothing is."""
    if min((w for _, w in weights), default=Fraction(0)) <= 0 or sum(w for _, w in weights) != 1:
        return "not positive with sum 1"
    if any(sum(w * v[c] for v, w in weights) != x for c, x in enumerate(s)):
        return "do not reproduce the limit"
    off = [v for v, _ in weights if v not in place.face]
    return f"{_words(off)} not on the face" if off else None


def _inner(x: Sequence[Fraction], y: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0))


def _words(points: Iterable[Vector]) -> str:
    return ", ".join(map(show, points)) or "none"
