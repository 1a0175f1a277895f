"""cvxpy's route against the exact one, and what happens when solvers fail or lie."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardmax.verify.geometry.polytopes.point_set import PointSet
from hardmax.verify.geometry.polytopes.polytope import face_of
from hardmax.verify.geometry.second_route import rounding
from hardmax.verify.geometry.second_route import routes as module
from hardmax.verify.geometry.second_route.cvxpy_proposals import SOLVERS, Proposal, propose_face
from hardmax.verify.geometry.second_route.frame import SpanFrame
from hardmax.verify.geometry.second_route.rounding import proposed_face
from hardmax.verify.geometry.second_route.routes import UnconfirmedError, compare, second_route

TINY = Fraction(1, 2**60)


def vectors(*rows):
    return [tuple(Fraction(v) for v in row) for row in rows]


IDENTITY = tuple(vectors((1, 0), (0, 1)))
HEAVY = tuple(vectors((2, 1), (1, 3)))
SQUARE = vectors((1, 1), (-1, 1), (1, -1), (-1, -1))
SHIFTED = vectors((1, 1), (1, -1), (3, 1), (3, -1))
"""A square whose nearest point to the origin, (1, 0), lies in the middle of an edge."""


LIMITS = [*SHIFTED, *vectors((1, 0), (3, "1/2"), (2, 0))]
KINDS = ["vertex"] * 4 + ["projection", "neither", "interior"]


def inner(x, y):
    return sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0))


def combination(weights, points=None):
    items = [(v if points is None else points[v], w) for v, w in weights.items()]
    return tuple(sum((w * v[c] for v, w in items), Fraction(0)) for c in range(len(items[0][0])))


def is_foot(s, face, A):
    """Whether s is the A-projection of the origin on conv(face), by its optimality condition."""
    gradient = [inner(row, s) for row in A]
    return all(inner(gradient, v) >= inner(gradient, s) for v in face)


def proves_place(place, s, route, A):
    """A place on K from its definition, with Fractions alone."""
    h, height = place.normal, inner(place.normal, s)
    return (
        set(place.weights) == set(place.face)
        and min(place.weights.values()) > 0
        and sum(place.weights.values()) == 1
        and combination(place.weights) == s
        and all((inner(h, v) == height) if v in place.face else (inner(h, v) < height) for v in route)
        and any(h) is (place.kind != "interior")
        and (place.kind == "vertex") is (place.face == (s,))
        and (place.kind not in ("projection", "neither") or (place.kind == "projection") is is_foot(s, place.face, A))
    )


def vertices(route):
    return [s for s, place in route.items() if place.kind == "vertex"]


small = st.one_of(st.integers(-2, 2).map(Fraction), st.fractions(-3, 3, max_denominator=4))


@st.composite
def limit_sets(draw):
    """Points of Q^d with means of some of them: vertices, points on faces and interior points all occur."""
    d = draw(st.integers(1, 3))
    V = draw(st.lists(st.tuples(*[small] * d), min_size=1, max_size=6))
    if draw(st.booleans()):
        V = [(*v[:-1], Fraction(1)) for v in V]
    for _ in range(draw(st.integers(0, 2))):
        chosen = draw(st.lists(st.sampled_from(V), min_size=1, max_size=3))
        V.append(tuple(sum((v[c] for v in chosen), Fraction(0)) / len(chosen) for c in range(d)))
    A = tuple(tuple(Fraction(2 if i == j else 1) for j in range(d)) for i in range(d))
    return V, A


@given(limit_sets())
def test_the_routes_agree(case):
    V, A = case
    route = second_route(V, A)
    assert list(route) == sorted(set(V))
    for s, place in route.items():
        assert proves_place(place, s, route, A)
        assert place.face == tuple(sorted({V[j] for j in face_of(s, V).indices}))
    corners = vertices(route)
    first = {v: V.index(v) for v in corners}
    weights = [{first[corners[j]]: w for j, w in face_of(v, corners).weights.items()} for v in V]
    assert compare(route, V, first.values(), weights) == []


@pytest.mark.parametrize("solver", SOLVERS)
class TestEachSolver:
    """Whatever one solver proposes about plain polytopes must hold after rounding, without the other."""

    @pytest.fixture(autouse=True)
    def only(self, solver, monkeypatch):
        monkeypatch.setattr(module, "SOLVERS", (solver,))

    def test_places(self):
        route = second_route(LIMITS, IDENTITY)
        assert [route[s].kind for s in LIMITS] == KINDS
        assert all(proves_place(place, s, route, IDENTITY) for s, place in route.items())

    def test_a_slanted_triangle(self):
        corners = vectors((15, 0, 0), (0, 10, 0), (0, 0, 6))
        edge, middle, foot = vectors(("15/2", 5, 0), (5, "10/3", 2), ("60/38", "90/38", "150/38"))
        A = tuple(vectors((1, 0, 0), (0, 1, 0), (0, 0, 1)))
        route = second_route([*corners, edge, middle, foot], A)
        assert vertices(route) == sorted(corners)
        assert route[edge].face == tuple(sorted((edge, *corners[:2])))
        assert [route[s].kind for s in (edge, middle, foot)] == ["neither", "neither", "projection"]
        assert all(proves_place(place, s, route, A) for s, place in route.items())


@pytest.mark.parametrize("tiny", [Fraction(1, 2**27), Fraction(1, 10**20), Fraction(1, 10**50)])
@pytest.mark.parametrize("scale", [Fraction(1), Fraction(10**30), Fraction(1, 10**30)])
class TestWhatFloatsSeeAsFlat:
    def test_a_corner(self, scale, tiny):
        corners = [(-scale, Fraction(0)), (Fraction(0), -scale * tiny), (scale, Fraction(0))]
        assert vertices(second_route(corners, IDENTITY)) == corners
        inside = second_route([*corners, (Fraction(0), scale * tiny), (Fraction(0), Fraction(0))], IDENTITY)
        assert inside[0, 0].kind == "interior"

    def test_a_corner_among_other_points(self, scale, tiny):
        """In coordinates for all points the corner is flat; among its neighbours alone it is not."""
        corners = vectors((-1, 0, 0), (0, -tiny, 0), (1, 0, 0), (0, 3, 1), (1, 2, -1))
        corners = [tuple(scale * x for x in v) for v in corners]
        assert vertices(second_route(corners, tuple(vectors((1, 0, 0), (0, 1, 0), (0, 0, 1))))) == sorted(corners)
        flat = [v[:2] for v in corners]
        assert vertices(second_route(flat, IDENTITY)) == sorted(flat)


@pytest.mark.parametrize(("side", "kind"), [(0, "neither"), (1, "vertex")])
def test_a_point_on_a_facet_and_hardly_beyond(side, kind):
    s = (1 + side * TINY, Fraction(1, 3))
    route = second_route([*SQUARE, s], IDENTITY)
    assert route[s].kind == kind
    assert all(proves_place(place, s, route, IDENTITY) for s, place in route.items())


def test_a_point_hardly_inside_a_facet_is_not_taken_for_one_on_it():
    with pytest.raises(UnconfirmedError):
        second_route([*SQUARE, (1 - TINY, Fraction(1, 3))], IDENTITY)


@pytest.mark.parametrize("scale", [Fraction(10**400), Fraction(1, 10**5000), Fraction(10**60)])
def test_scales_beyond_floats(scale, monkeypatch):
    limits = [tuple(scale * x for x in v) for v in [*SHIFTED, *vectors((1, 0))]]
    route = second_route(limits, IDENTITY)
    assert [route[s].kind for s in limits] == ["vertex"] * 4 + ["projection"]
    (difference,) = compare(
        route, limits, range(3), [{i: Fraction(1)} for i in range(4)] + [{0: Fraction(1, 2), 1: Fraction(1, 2)}]
    )
    assert difference.what == "vertices"
    # A refusal must not try to print numbers that Python will not print.
    monkeypatch.setattr(rounding, "propose_face", lambda u, solver: None)
    with pytest.raises(UnconfirmedError, match="no solver"):
        second_route(limits, IDENTITY)


class TestFailingAndLyingSolvers:
    """A solver's failure, and any nonsense it returns, must not become a mathematical fact."""

    def test_all_solvers_fail(self, monkeypatch):
        monkeypatch.setattr(rounding, "propose_face", lambda u, solver: None)
        with pytest.raises(UnconfirmedError, match="nothing independent is known of it"):
            second_route(LIMITS, IDENTITY)

    def test_the_first_solver_fails(self, monkeypatch):
        monkeypatch.setattr(
            rounding, "propose_face", lambda u, solver: None if solver == SOLVERS[0] else propose_face(u, solver)
        )
        route = second_route(LIMITS, IDENTITY)
        assert [route[s].kind for s in LIMITS] == KINDS

    @pytest.mark.parametrize(
        "lie",
        [
            lambda p, n: replace(p, on=[j for j in range(n) if j not in p.on]),
            lambda p, n: replace(p, on=list(range(n))),
            lambda p, n: replace(p, on=[]),
            lambda p, n: replace(p, on=p.on[:1]),
            lambda p, n: replace(p, normal=-p.normal),
            lambda p, n: replace(p, normal=np.zeros_like(p.normal)),
            lambda p, n: replace(p, normal=np.full_like(p.normal, np.nan)),
            lambda p, n: replace(p, weights=-p.weights),
            lambda p, n: replace(p, weights=np.full_like(p.weights, np.inf)),
            lambda p, n: replace(p, weights=np.zeros_like(p.weights)),
        ],
    )
    def test_proposals_that_lie_are_refused_or_repaired(self, lie, monkeypatch):
        V = PointSet(LIMITS)
        monkeypatch.setattr(rounding, "propose_face", lambda u, solver: lie(propose_face(u, solver), len(u)))
        for s in LIMITS:
            for solver in SOLVERS:
                face = proposed_face(V, V.homogeneous(s), solver)
                assert face is None or face.indices == face_of(s, LIMITS).indices

    def test_the_metric_is_not_ignored(self):
        foot = (Fraction(4, 3), Fraction(2, 3))
        limits = [*vectors((2, 0), (0, 2)), foot]
        assert second_route(limits, HEAVY)[foot].kind == "projection"
        assert second_route(limits, IDENTITY)[foot].kind == "neither"

    def test_solver_exceptions_are_failures(self):
        assert propose_face(np.ones((2, 2)), "NO_SUCH_SOLVER") is None


@pytest.mark.parametrize(
    ("proposal", "faces"),
    [
        (Proposal([0, 2, 4], np.array([1.0, 0.0]), np.array([1.0, 0.0, 1.0, 0.0, 1.0])), (0, 2, 4)),
        (Proposal([0, 4], np.array([1.0, 0.0]), np.array([1.0, 0.0, 1.0, 0.0, 1.0])), None),  # 2 is on that line too
        (Proposal([0, 1, 2, 3, 4], np.array([1.0, 0.0]), np.array([1.0, 0.0, 1.0, 0.0, 1.0])), None),  # no weight on 1
    ],
)
def test_rounding_refuses_what_proves_nothing(proposal, faces, monkeypatch):
    V = PointSet([*SQUARE, (1, 0)])
    monkeypatch.setattr(rounding, "frame_of", lambda directions, d: SpanFrame([[1, 0], [0, 1]], directions))
    proposals = iter([proposal])
    monkeypatch.setattr(rounding, "propose_face", lambda u, solver: next(proposals, None))
    face = proposed_face(V, V.homogeneous((1, 0)), "none")
    assert (face and face.indices) == faces


FOUND = [*SHIFTED, *vectors((2, 0), (1, 0))]
WEIGHTS = [{i: Fraction(1)} for i in range(4)] + [dict.fromkeys(range(4), Fraction(1, 4))]
WEIGHTS.append(dict.fromkeys((0, 1), Fraction(1, 2)))
LEADERS = range(4)
"""What the dynamics would say about four leaders at the corners of `SHIFTED` and two more tokens."""


@pytest.fixture(scope="module")
def route():
    return second_route(FOUND, IDENTITY)


class TestCompare:
    """Each way in which the dynamics may be wrong is named, and what is not determined is no difference."""

    def test_agreement(self, route):
        kinds = dict.fromkeys(SHIFTED, "vertex") | {FOUND[4]: "interior", FOUND[5]: "projection"}
        assert compare(route, FOUND, LEADERS, WEIGHTS, kinds) == []

    def test_other_weights_over_the_same_face_are_no_difference(self, route):
        diagonal = [*WEIGHTS[:4], {0: Fraction(1, 2), 3: Fraction(1, 2)}, WEIGHTS[5]]
        assert compare(route, FOUND, LEADERS, diagonal) == []

    def test_weights_over_tokens_at_the_same_place_are_added(self, route):
        limits = [*FOUND, SHIFTED[0]]
        split = [*WEIGHTS[:5], {0: Fraction(1, 4), 6: Fraction(1, 4), 1: Fraction(1, 2)}, {0: Fraction(1)}]
        assert compare(second_route(limits, IDENTITY), limits, LEADERS, split) == []

    @pytest.mark.parametrize(
        ("token", "weights", "fault"),
        [
            (5, {0: Fraction(1)}, "do not reproduce the limit"),
            (5, {0: Fraction(3, 4), 1: Fraction(1, 4)}, "do not reproduce the limit"),
            (5, {0: Fraction(1), 1: Fraction(1)}, "not positive with sum 1"),
            (5, {0: Fraction(1, 2), 1: Fraction(1, 2), 2: Fraction(0)}, "not positive with sum 1"),
            (5, {}, "not positive with sum 1"),
            (4, {0: Fraction(1, 4), 1: Fraction(1, 4), 2: Fraction(1, 4)}, "not positive with sum 1"),
        ],
    )
    def test_wrong_weights(self, route, token, weights, fault):
        wrong = [*WEIGHTS]
        wrong[token] = weights
        (difference,) = compare(route, FOUND, LEADERS, wrong)
        assert difference.what == f"weights of token {token}"
        assert difference.point == FOUND[token]
        assert fault in difference.dynamics

    def test_weights_off_the_face(self, route):
        """These cannot reproduce the point; a route that is wrong itself must not hide the difference."""
        s = FOUND[5]
        smaller = replace(route[s], face=(SHIFTED[0], s))
        (difference,) = compare({**route, s: smaller}, FOUND, LEADERS, WEIGHTS)
        assert "not on the face" in difference.dynamics

    def test_vertices_kinds_and_cluster_points(self, route):
        def names(*arguments):
            return [difference.what for difference in compare(*arguments)]

        assert names(route, FOUND, range(3), WEIGHTS) == ["vertices"]
        assert names(route, FOUND, range(5), WEIGHTS) == ["vertices"]
        assert names(route, FOUND, [0, 0, 1, 2, 3], WEIGHTS) == ["vertices"]
        assert names(route, FOUND, LEADERS, WEIGHTS, {SHIFTED[0]: "projection"}) == ["kind"]
        assert names(route, FOUND, LEADERS, WEIGHTS, {(Fraction(9),) * 2: "vertex"}) == ["kind"]
        assert names(route, FOUND[:5], LEADERS, WEIGHTS[:5]) == ["cluster points"]


def test_equal_limits_are_one_cluster_point():
    assert len(second_route(SQUARE + SQUARE, IDENTITY)) == 4


def test_one_limit_is_a_vertex_without_a_solver(monkeypatch):
    monkeypatch.setattr(rounding, "propose_face", lambda u, solver: None)
    ((point, place),) = second_route(SQUARE[:1] * 2, IDENTITY).items()
    assert (point, place.kind) == (SQUARE[0], "vertex")
