"""cvxpy's route against the exact one, and what happens when solvers fail or lie."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardmax.kernels import InputError
from hardmax.verify import second_route as module
from hardmax.verify.cvxpy_proposals import (
    LP_SOLVERS,
    QP_SOLVERS,
    LPProposal,
    propose_face,
    propose_projection,
    propose_separation,
)
from hardmax.verify.inner_product import InnerProduct
from hardmax.verify.point_set import PointSet
from hardmax.verify.polytope import (
    Inside,
    Interior,
    convex_weights,
    face_of,
    projection_of_origin,
    supporting_normal,
    vertices,
)
from hardmax.verify.rounding import exact_face, exact_membership, exact_projection
from hardmax.verify.second_route import EXACT, compare, second_membership, second_route

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


def proves_place(place, s, route, A):
    """A place on K from its definition, with Fractions alone."""
    h, height = place.normal, inner(place.normal, s)
    return (
        set(place.weights) == set(place.face)
        and min(place.weights.values()) > 0
        and sum(place.weights.values()) == 1
        and combination(place.weights) == s
        and all((inner(h, v) == height) if v in place.face else (inner(h, v) < height) for v in route.vertices)
        and any(h) is (place.kind != "interior")
        and (place.kind == "vertex") is (s in route.vertices)
        and (place.kind != "projection" or len({inner(s, [inner(row, v) for row in A]) for v in place.face}) == 1)
        and (place.kind != "neither" or len({inner(s, [inner(row, v) for row in A]) for v in place.face}) > 1)
    )


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
    exact = vertices(V)
    assert list(route.vertices) == sorted(V[j] for j in exact.normals)
    assert set(route.places) == set(V)
    for s, place in route.places.items():
        assert proves_place(place, s, route, A)
        assert place.face == tuple(route.vertices[j] for j in face_of(s, route.vertices).indices)
        assert (place.kind == "interior") is isinstance(supporting_normal(s, V), Interior)
        if place.kind in ("projection", "neither"):
            assert (place.kind == "projection") is (projection_of_origin(A, place.face).point == s)
    weights = [exact.redundant.get(j, {j: Fraction(1)}) for j in range(len(V))]
    assert compare(route, V, exact.normals, weights) == []


@given(limit_sets(), st.data())
def test_membership_agrees(case, data):
    V, _ = case
    s = data.draw(st.tuples(*[small] * len(V[0])))
    s = data.draw(st.sampled_from([s, V[-1], tuple(x + TINY for x in V[-1])]))
    answer, _solver = second_membership(s, V)
    assert type(answer) is type(convex_weights(s, V))
    if isinstance(answer, Inside):
        assert combination(answer.weights, V) == s
        assert sum(answer.weights.values()) == 1
        assert min(answer.weights.values()) > 0
    else:
        assert all(inner(answer.normal, v) < inner(answer.normal, s) for v in V)


@pytest.mark.parametrize("solver", LP_SOLVERS)
class TestEachLinearProgramSolver:
    """Whatever one solver proposes about plain squares must hold after rounding, without the other."""

    @pytest.fixture(autouse=True)
    def only(self, solver, monkeypatch):
        monkeypatch.setattr(module, "LP_SOLVERS", (solver,))

    def test_places(self, solver):
        route = second_route(LIMITS, IDENTITY)
        assert list(route.vertices) == sorted(SHIFTED)
        assert [route.places[s].kind for s in LIMITS] == KINDS
        assert all(proves_place(place, s, route, IDENTITY) for s, place in route.places.items())
        assert route.unconfirmed == ()
        assert all(place.solvers[0] == solver for place in route.places.values())

    def test_a_slanted_triangle(self, solver):
        corners = vectors((15, 0, 0), (0, 10, 0), (0, 0, 6))
        edge, middle = vectors(("15/2", 5, 0), (5, "10/3", 2))
        A = tuple(vectors((1, 0, 0), (0, 1, 0), (0, 0, 1)))
        foot = projection_of_origin(A, corners).point
        route = second_route([*corners, edge, middle, foot], A)
        assert route.unconfirmed == ()
        assert list(route.vertices) == sorted(corners)
        assert route.places[edge].face == tuple(sorted(corners[:2]))
        assert [route.places[s].kind for s in (edge, middle, foot)] == ["neither", "neither", "projection"]
        assert all(proves_place(place, s, route, A) for s, place in route.places.items())

    def test_membership(self, solver):
        for s, kind in (((1, 0), Inside), ((0, 0), Inside), ((1, 1), Inside)):
            answer, by = second_membership(s, SQUARE)
            assert isinstance(answer, kind)
            assert by == solver
        answer, by = second_membership((2, 0), SQUARE)
        assert not isinstance(answer, Inside)
        assert by == solver


@pytest.mark.parametrize("solver", QP_SOLVERS)
@pytest.mark.parametrize(
    ("A", "points", "expected"),
    [
        (IDENTITY, SHIFTED, (1, 0)),
        (HEAVY, vectors((2, 0), (0, 2)), (Fraction(4, 3), Fraction(2, 3))),
        (IDENTITY, SQUARE, (0, 0)),
        (IDENTITY, [*SHIFTED, *vectors((1, 0), (1, 0))], (1, 0)),
        (IDENTITY, vectors((5, 5)), (5, 5)),
    ],
)
def test_each_quadratic_program_solver(solver, A, points, expected):
    V = PointSet(points)
    product = InnerProduct(A)
    assert product.root is not None
    weights = propose_projection(np.array(points, dtype=float), product.root, solver)
    assert weights is not None
    assert exact_projection(V, product, weights) == expected


@pytest.mark.parametrize("side", [-1, 0, 1])
def test_a_point_near_a_facet_is_never_misplaced(side):
    """2^-60 is beyond the solvers: what they say then is refused, and the exact methods decide."""
    s = (1 + side * TINY, Fraction(1, 3))
    answer, _ = second_membership(s, SQUARE)
    assert isinstance(answer, Inside) is (side <= 0)
    if side <= 0:
        route = second_route([*SQUARE, s], IDENTITY)
        assert list(route.vertices) == sorted(SQUARE)
        assert route.places[s].kind == ("interior" if side else "neither")
        assert proves_place(route.places[s], s, route, IDENTITY)
    else:
        assert s in second_route([*SQUARE, s], IDENTITY).vertices


@pytest.mark.parametrize("scale", [Fraction(10**400), Fraction(1, 10**5000), Fraction(10**60)])
def test_scales_beyond_floats(scale, monkeypatch):
    limits = [tuple(scale * x for x in v) for v in [*SHIFTED, *vectors((1, 0))]]
    route = second_route(limits, IDENTITY)
    assert len(route.vertices) == 4
    assert all(route.places[v].solvers == (LP_SOLVERS[0],) for v in route.vertices)
    assert route.places[limits[-1]].kind == "projection"
    # A refusal must not try to print numbers that Python will not print.
    monkeypatch.setattr(
        module, "propose_face", lambda u, solver: replace(propose_face(u, solver), strict=[False] * len(u))
    )
    assert second_route(limits, IDENTITY).vertices == route.vertices
    (difference,) = compare(
        route, limits, range(3), [{i: Fraction(1)} for i in range(4)] + [{0: Fraction(1, 2), 1: Fraction(1, 2)}]
    )
    assert difference.what == "vertices"


class TestFailingAndLyingSolvers:
    """A solver's failure, and any nonsense it returns, must not become a mathematical fact."""

    def check(self):
        route = second_route(LIMITS, IDENTITY)
        assert [route.places[s].kind for s in LIMITS] == KINDS
        assert all(proves_place(place, s, route, IDENTITY) for s, place in route.places.items())
        return route

    def test_all_solvers_fail(self, monkeypatch):
        for name in ("propose_face", "propose_projection", "propose_separation"):
            monkeypatch.setattr(module, name, lambda *arguments: None)
        route = self.check()
        assert set(route.unconfirmed) == set(LIMITS)
        assert second_membership((0, 0), SQUARE)[1] == EXACT
        assert second_membership((2, 0), SQUARE)[1] == EXACT

    def test_the_first_solver_fails(self, monkeypatch):
        first = LP_SOLVERS[0]
        monkeypatch.setattr(
            module, "propose_face", lambda u, solver: None if solver == first else propose_face(u, solver)
        )
        route = self.check()
        assert route.unconfirmed == ()
        assert all(place.solvers[0] == LP_SOLVERS[1] for place in route.places.values())

    @pytest.mark.parametrize(
        "lie",
        [
            lambda p: replace(p, strict=[not x for x in p.strict]),
            lambda p: replace(p, strict=[False] * len(p.strict)),
            lambda p: replace(p, strict=[True] * len(p.strict)),
            lambda p: replace(p, normal=-p.normal),
            lambda p: replace(p, normal=np.zeros_like(p.normal)),
            lambda p: replace(p, normal=np.full_like(p.normal, np.nan)),
            lambda p: replace(p, weights=-p.weights),
            lambda p: replace(p, weights=np.full_like(p.weights, np.inf)),
            lambda p: replace(p, weights=np.zeros_like(p.weights)),
        ],
    )
    def test_proposals_that_lie(self, lie, monkeypatch):
        def lying(propose):
            return lambda u, solver: (p := propose(u, solver)) and lie(p)

        monkeypatch.setattr(module, "propose_face", lying(propose_face))
        monkeypatch.setattr(module, "propose_separation", lying(propose_separation))
        self.check()
        assert isinstance(second_membership((0, 0), SQUARE)[0], Inside)
        assert isinstance(second_membership((1, 0), SQUARE)[0], Inside)
        assert not isinstance(second_membership((2, 0), SQUARE)[0], Inside)

    @pytest.mark.parametrize("weights", [(1.0, 0.0), (0.0, 1.0), (np.nan, 1.0), (np.inf, 1.0), (0.0, 0.0), (2.0, -1.0)])
    def test_projections_that_lie(self, weights, monkeypatch):
        lie = np.array(weights)
        assert exact_projection(PointSet(SHIFTED[:2]), InnerProduct(IDENTITY), lie) in (None, (1, 0))
        monkeypatch.setattr(module, "propose_projection", lambda points, root, solver: lie)
        self.check()

    def test_the_metric_is_not_ignored(self):
        V = PointSet(vectors((2, 0), (0, 2)))
        right = exact_projection(V, InnerProduct(HEAVY), np.array([2 / 3, 1 / 3]))
        assert right == (Fraction(4, 3), Fraction(2, 3))
        limits = [*vectors((2, 0), (0, 2)), right]
        assert second_route(limits, HEAVY).places[right].kind == "projection"
        assert second_route(limits, IDENTITY).places[right].kind == "neither"

    def test_solver_exceptions_are_failures(self):
        assert propose_face(np.ones((2, 2)), "NO_SUCH_SOLVER") is None
        assert propose_separation(np.ones((2, 2)), "NO_SUCH_SOLVER") is None
        assert propose_projection(np.ones((2, 2)), np.eye(2), "NO_SUCH_SOLVER") is None
        assert propose_projection(np.full((2, 2), np.inf), np.eye(2), LP_SOLVERS[0]) is None


def test_rounding_refuses_what_proves_nothing():
    V = PointSet(SQUARE)
    row = V.homogeneous((1, 0))
    right = LPProposal([False, True, False, True], np.array([1.0, 0.0]), np.array([1.0, 0.0, 1.0, 0.0]))
    face = exact_face(V, row, right.strict, right.normal, right.weights)
    assert face is not None
    assert face.indices == (0, 2)
    assert exact_face(V, row, [False, True, True, True], right.normal, right.weights) is None
    assert exact_face(V, row, [False] * 4, right.normal, right.weights) is None
    assert exact_membership(V, row, [True] * 4, -right.normal, right.weights) is None
    assert exact_membership(V, row, [False, True, True, True], -right.normal, right.weights) is None


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

    def test_weights_that_differ_on_a_simplex_or_leave_the_face(self, route):
        """These cannot reproduce the point; a route that is wrong itself must not hide the difference."""
        s = FOUND[5]
        place = route.places[s]
        other = replace(place, weights={SHIFTED[0]: Fraction(1, 3), SHIFTED[1]: Fraction(2, 3)})
        (difference,) = compare(replace(route, places={**route.places, s: other}), FOUND, LEADERS, WEIGHTS)
        assert "simplex" in difference.dynamics
        tilted = replace(place, normal=(Fraction(-1), Fraction(1)))
        (difference,) = compare(replace(route, places={**route.places, s: tilted}), FOUND, LEADERS, WEIGHTS)
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
    route = second_route(SQUARE + SQUARE, IDENTITY)
    assert len(route.places) == 4


@pytest.mark.parametrize("A", [((1, 2), (2, 1)), ((1, 1), (0, 1)), ((1,),)])
def test_a_matrix_that_is_no_inner_product_is_refused(A):
    with pytest.raises(InputError):
        second_route(SQUARE, A)
