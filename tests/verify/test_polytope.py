"""The facade against certifiers written here with Fractions alone: each answer has to prove itself."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Matrix, Rational

from hardmax.kernels import ExactnessError, InputError
from hardmax.kernels.configuration import identity
from hardmax.verify import cone, polytope, polytope_records
from hardmax.verify.exact_lp import Combination, Farkas
from hardmax.verify.exact_nnls import ConeProjection
from hardmax.verify.polytope import (
    Escapes,
    Inside,
    Interior,
    Nested,
    PointSet,
    Separated,
    Supported,
    UnprovedError,
    convex_weights,
    dimension,
    face_of,
    hull_nested,
    minimal_face,
    projection_of_origin,
    supporting_normal,
    vertices,
)

TINY = Fraction(1, 2**60)


def vectors(*rows):
    return [tuple(Fraction(v) for v in row) for row in rows]


SQUARE = vectors((1, 1), (-1, 1), (1, -1), (-1, -1))


def inner(x, y):
    return sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0))


def affine_rank(points):
    return Matrix([[Rational(a.numerator, a.denominator) for a in point] + [1] for point in points]).rank() - 1


def are_weights(weights, s, V):
    """Σ weights[j] v_j = s, positive, sum 1, exact."""
    return (
        all(type(w) is Fraction and w > 0 for w in weights.values())
        and sum(weights.values()) == 1
        and all(sum(w * V[j][c] for j, w in weights.items()) == x for c, x in enumerate(s))
    )


def proves_membership(answer, s, V):
    if isinstance(answer, Inside):
        return are_weights(answer.weights, s, V) and len(answer.weights) <= len(s) + 1
    return all(inner(answer.normal, v) < inner(answer.normal, s) for v in V)


def proves_boundary(answer, s, V):
    if isinstance(answer, Interior):
        return are_weights(answer.weights, s, V) and affine_rank([V[j] for j in answer.weights]) == len(s)
    h = answer.normal
    height = inner(h, s)
    return (
        any(h)
        and all(inner(h, v) <= height for v in V)
        and answer.face == tuple(j for j, v in enumerate(V) if inner(h, v) == height)
    )


def proves_face(answer, s, V):
    h = answer.normal
    height = inner(h, s)
    return (
        set(answer.weights) == set(answer.indices)
        and are_weights(answer.weights, s, V)
        and all((inner(h, v) == height) if j in answer.indices else (inner(h, v) < height) for j, v in enumerate(V))
        and any(h) is not (len(answer.indices) == len(V) and affine_rank(V) == len(s))
    )


def proves_vertices(answer, V):
    return (
        set(answer.normals) | set(answer.redundant) == set(range(len(V)))
        and not set(answer.normals) & set(answer.redundant)
        and len({V[j] for j in answer.normals}) == len(answer.normals)
        and all(all(inner(h, w) < inner(h, V[j]) for w in V if w != V[j]) for j, h in answer.normals.items())
        and all(any(h) for h in answer.normals.values())
        and all(are_weights(w, V[j], V) and set(w) <= set(answer.normals) for j, w in answer.redundant.items())
    )


def proves_projection(answer, A, V):
    s = answer.point
    gradient = [inner(row, s) for row in A]
    gaps = [inner(gradient, v) - inner(gradient, s) for v in V]
    return (
        are_weights(answer.weights, s, V)
        and min(gaps) >= 0
        and answer.face == tuple(j for j, gap in enumerate(gaps) if gap == 0)
    )


coordinates = st.one_of(
    st.integers(-2, 2).map(Fraction),
    st.fractions(-3, 3, max_denominator=6),
    st.sampled_from([TINY, 1 - TINY, Fraction(2**70), 1 / Fraction(2**70), Fraction(10**40, 3)]),
)


@st.composite
def clouds(draw, max_d=3, max_n=7, coordinates=coordinates):
    """Points of Q^d: any, flat, or with repetitions; shrinks to few small integers."""
    d = draw(st.integers(1, max_d))
    V = draw(st.lists(st.tuples(*[coordinates] * d), min_size=1, max_size=max_n))
    if draw(st.booleans()):
        V = [(*v[:-1], sum(v[:-1], Fraction(1))) for v in V]
    if draw(st.booleans()):
        V = V + V[: draw(st.integers(0, 2))]
    return V


@st.composite
def points_of(draw, V):
    """A point of conv V: a vertex, in a face, or in the middle."""
    numbers = draw(st.lists(st.integers(0, 3), min_size=len(V), max_size=len(V)).filter(any))
    return tuple(
        sum((n * v[c] for n, v in zip(numbers, V, strict=True)), Fraction(0)) / sum(numbers) for c in range(len(V[0]))
    )


@st.composite
def clouds_and_points(draw, **options):
    V = draw(clouds(**options))
    s = draw(points_of(V))
    how = draw(st.sampled_from(["of the polytope", "nudged", "anywhere"]))
    if how == "nudged":
        s = tuple(x + draw(st.sampled_from([-TINY, Fraction(0), TINY])) for x in s)
    elif how == "anywhere":
        s = draw(st.tuples(*[coordinates] * len(s)))
    return V, s


@pytest.fixture(params=[0, cone._SMALL, 10**9], ids=["proposals", "default", "simplex"])
def route(request, monkeypatch):
    """Every test that asks for it runs by float proposals, as shipped, and by the exact simplex method alone."""
    monkeypatch.setattr(cone, "_SMALL", request.param)


def by_both_routes(ask):
    """Runs the question by each route, since Hypothesis resets no fixture between examples."""
    for small in (0, 10**9):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cone, "_SMALL", small)
            yield ask()


@given(clouds_and_points())
def test_membership_proves_itself(case):
    V, s = case
    answers = list(by_both_routes(lambda: convex_weights(s, V)))
    assert all(proves_membership(answer, s, V) for answer in answers)


@given(st.data(), clouds())
def test_boundary_and_face_prove_themselves(data, V):
    s = data.draw(points_of(V))
    for boundary, face in by_both_routes(lambda: (supporting_normal(s, V), face_of(s, V))):
        assert proves_boundary(boundary, s, V)
        assert proves_face(face, s, V)
        assert face.indices == minimal_face(s, V)
        assert any(face.normal) is isinstance(boundary, Supported)


@given(clouds())
def test_vertices_prove_themselves(V):
    for answer in by_both_routes(lambda: vertices(V)):
        assert proves_vertices(answer, V)


def test_a_hint_that_supports_is_taken():
    assert supporting_normal((1, 1), SQUARE, [(0, 0), (-1, 0), (2, 0)]) == Supported((1, 0), (0, 2))
    assert vertices(SQUARE, {0: (3, 1), 1: (1, 0)}).normals == {0: (3, 1), 1: (-1, 1), 2: (1, -1), 3: (-1, -1)}


@given(clouds(), st.data())
def test_hints_change_normals_and_nothing_else(V, data):
    d = len(V[0])
    hint = st.tuples(*[st.integers(-2, 2)] * d)
    s = data.draw(points_of(V))
    hints = data.draw(st.lists(hint, max_size=3))
    hinted = supporting_normal(s, V, hints)
    assert proves_boundary(hinted, s, V)
    assert type(hinted) is type(supporting_normal(s, V))
    exposing = vertices(V, dict(enumerate(hints[: len(V)])))
    assert proves_vertices(exposing, V)
    assert set(exposing.normals) == set(vertices(V).normals)


def spd(draw, d):
    root = Matrix(draw(st.lists(st.lists(st.integers(-2, 2), min_size=d, max_size=d), min_size=d, max_size=d)))
    form = (root.T * root + Matrix.eye(d)).tolist()
    scale = draw(st.sampled_from([Fraction(1), Fraction(1, 3), Fraction(2**40)]))
    return tuple(tuple(scale * int(v) for v in row) for row in form)


@given(clouds(), st.data())
def test_projection_meets_the_optimality_condition(V, data):
    A = spd(data.draw, len(V[0]))
    assert proves_projection(projection_of_origin(A, V), A, V)


@given(clouds())
def test_dimension_is_the_rank_of_the_differences(V):
    assert dimension(V) == affine_rank(V)


@given(clouds(max_n=5), st.data())
def test_nesting_proves_itself(V, data):
    d = len(V[0])
    U = data.draw(st.lists(st.one_of(points_of(V), st.tuples(*[coordinates] * d)), min_size=1, max_size=4))
    answer = hull_nested(U, V)
    if isinstance(answer, Nested):
        assert len(answer.weights) == len(U)
        assert all(are_weights(w, u, V) for w, u in zip(answer.weights, U, strict=True))
    else:
        assert proves_membership(Separated(answer.normal), U[answer.index], V)
        assert all(isinstance(convex_weights(u, V), Inside) for u in U[: answer.index])


@given(clouds_and_points())
def test_answers_do_not_depend_on_scale_or_place(case):
    V, s = case
    factor, shift = Fraction(10**30, 7), tuple(Fraction(c - 1, 3) for c in range(len(s)))
    moved = [tuple(factor * x + t for x, t in zip(v, shift, strict=True)) for v in V]
    moved_s = tuple(factor * x + t for x, t in zip(s, shift, strict=True))
    assert type(convex_weights(moved_s, moved)) is type(convex_weights(s, V))
    assert set(vertices(moved).normals) == set(vertices(V).normals)


@pytest.mark.usefixtures("route")
class TestKnownPolytopes:
    """Answers that one can see, on the inputs that go wrong most easily."""

    @pytest.mark.parametrize("side", [-1, 1])
    def test_a_point_2_to_the_minus_60_from_a_facet(self, side):
        s = (1 + side * TINY, Fraction(1, 3))
        answer = convex_weights(s, SQUARE)
        assert isinstance(answer, Separated if side > 0 else Inside)
        assert proves_membership(answer, s, SQUARE)
        if side < 0:
            boundary = supporting_normal(s, SQUARE)
            assert isinstance(boundary, Interior)
            assert proves_boundary(boundary, s, SQUARE)
            assert minimal_face(s, SQUARE) == (0, 1, 2, 3)

    @pytest.mark.parametrize("d", [2, 3, 5])
    def test_near_a_facet_of_the_simplex(self, d):
        simplex = [tuple(Fraction(int(i == j)) for j in range(d)) for i in range(d + 1)]
        on = (Fraction(1, d),) * d
        assert minimal_face(on, simplex) == tuple(range(d))
        for side, kind in ((-1, Interior), (1, Separated)):
            s = (on[0] + side * TINY, *on[1:])
            answer = supporting_normal(s, simplex) if side < 0 else convex_weights(s, simplex)
            assert isinstance(answer, kind)

    def test_the_middle_of_an_edge(self):
        s = (Fraction(1), Fraction(0))
        boundary = supporting_normal(s, SQUARE)
        assert boundary == Supported((Fraction(1), Fraction(0)), (0, 2))
        face = face_of(s, SQUARE)
        assert face.indices == (0, 2)
        assert face.weights == {0: Fraction(1, 2), 2: Fraction(1, 2)}

    def test_the_centre_is_interior(self):
        s = (Fraction(0), Fraction(0))
        assert isinstance(supporting_normal(s, SQUARE), Interior)
        assert face_of(s, SQUARE).normal == (0, 0)

    def test_a_single_point_in_one_dimension(self):
        V = vectors((3,))
        assert convex_weights(V[0], V) == Inside({0: Fraction(1)})
        assert isinstance(convex_weights((Fraction(2),), V), Separated)
        assert isinstance(supporting_normal(V[0], V), Supported)
        assert vertices(V).normals == {0: (1,)}
        assert dimension(V) == 0
        assert projection_of_origin(((Fraction(1),),), V).point == (3,)

    def test_a_segment_in_one_dimension(self):
        V = vectors((3,), (-1,), (0,), (3,))
        assert vertices(V).normals.keys() == {0, 1}
        assert vertices(V).redundant == {2: {0: Fraction(1, 4), 1: Fraction(3, 4)}, 3: {0: Fraction(1)}}
        assert isinstance(supporting_normal((0,), V), Interior)
        assert supporting_normal((-1,), V) == Supported((-1,), (1,))
        assert minimal_face((3,), V) == (0, 3)
        assert projection_of_origin(((Fraction(2),),), V).point == (0,)

    def test_collinear_points_are_all_boundary_in_the_plane(self):
        V = vectors((0, 0), (2, 2), (1, 1), (1, 1))
        assert vertices(V).normals.keys() == {0, 1}
        boundary = supporting_normal((1, 1), V)
        assert isinstance(boundary, Supported)
        assert boundary.face == (0, 1, 2, 3)
        face = face_of((1, 1), V)
        assert face.indices == (0, 1, 2, 3)
        assert any(face.normal)
        assert isinstance(convex_weights((1, 1 + TINY), V), Separated)

    def test_duplicates_of_a_vertex(self):
        V = SQUARE + SQUARE[:2]
        answer = vertices(V)
        assert answer.normals.keys() == {0, 1, 2, 3}
        assert answer.redundant == {4: {0: Fraction(1)}, 5: {1: Fraction(1)}}
        assert minimal_face(SQUARE[0], V) == (0, 4)

    @pytest.mark.parametrize("scale", [Fraction(10**400), Fraction(1, 10**400), TINY])
    def test_scales_beyond_floats(self, scale):
        V = [tuple(scale * x for x in v) for v in SQUARE]
        s = (scale, scale / 3)
        assert isinstance(supporting_normal(s, V), Supported)
        assert isinstance(convex_weights((scale * (1 + TINY), scale / 3), V), Separated)
        assert vertices(V).normals.keys() == {0, 1, 2, 3}
        A = ((Fraction(2), Fraction(1)), (Fraction(1), Fraction(2)))
        shifted = [(x + 2 * scale, y) for x, y in V]
        assert proves_projection(projection_of_origin(A, shifted), A, shifted)

    def test_cross_polytope_in_sixteen_dimensions(self):
        d = 16
        V = [tuple(Fraction(sign * int(i == j)) for j in range(d)) for i in range(d) for sign in (1, -1)]
        on, out = (Fraction(1, d),) * d, (Fraction(1, d) + TINY,) * d
        assert proves_membership(convex_weights(on, V), on, V)
        assert isinstance(convex_weights(out, V), Separated)
        assert minimal_face(on, V) == tuple(range(0, 2 * d, 2))
        assert len(vertices(V).normals) == 2 * d

    def test_a_hundred_points_in_sixteen_dimensions(self):
        # Lehmer's generator: the same points on every machine.
        d, n, x = 16, 100, 1
        V = []
        for _ in range(n):
            row = []
            for _ in range(d):
                x = (x * 48271) % (2**31 - 1)
                row.append(Fraction(x % 2001 - 1000, 8))
            V.append(tuple(row))
        centre = tuple(sum(v[c] for v in V) / n for c in range(d))
        assert proves_membership(convex_weights(centre, V), centre, V)
        far = tuple(2 * c - x for c, x in zip(centre, V[0], strict=True))
        assert proves_membership(convex_weights(far, V), far, V)
        shifted = [(v[0] + 300, *v[1:]) for v in V]
        A = tuple(tuple(Fraction(2 if i == j else int(abs(i - j) == 1)) for j in range(d)) for i in range(d))
        assert proves_projection(projection_of_origin(A, shifted), A, shifted)


def test_the_metric_decides_the_projection():
    V = vectors((2, 0), (0, 2))
    heavy = ((Fraction(3), Fraction(0)), (Fraction(0), Fraction(1)))
    assert projection_of_origin(identity(2), V).point == (1, 1)
    assert projection_of_origin(heavy, V).point == (Fraction(1, 2), Fraction(3, 2))
    assert projection_of_origin(heavy, V).face == (0, 1)
    assert projection_of_origin(heavy, SQUARE).face == (0, 1, 2, 3)  # the origin itself: no face is singled out


def test_nesting_names_the_first_point_outside():
    inside, outside = vectors((0, 0), (1, 1)), vectors((0, 0), (1, 1 + TINY), (5, 5))
    assert isinstance(hull_nested(inside, SQUARE), Nested)
    answer = hull_nested(outside, SQUARE)
    assert isinstance(answer, Escapes)
    assert answer.index == 1


def test_a_prepared_set_gives_the_same_answers():
    V = PointSet(SQUARE)
    s = (Fraction(1), Fraction(1, 5))
    assert convex_weights(s, V) == convex_weights(s, SQUARE)
    assert face_of(s, V) == face_of(s, SQUARE)
    assert vertices(V) == vertices(SQUARE)


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda: convex_weights((1, 2, 3), SQUARE), InputError, "point has 3 coordinates but the points have 2"),
        (lambda: convex_weights((1, 0.5), SQUARE), ExactnessError, "float"),
        (lambda: vertices([]), InputError, "points is empty"),
        (lambda: supporting_normal((1, 1), SQUARE, [(1,)]), InputError, "coordinates"),
        (lambda: face_of((2, 2), SQUARE), InputError, "point is outside the polytope"),
        (lambda: hull_nested([(1,)], SQUARE), InputError, "inner has dimension 1 but outer has 2"),
        (lambda: projection_of_origin(((1,),), SQUARE), InputError, "A is 1 x 1 but the points have 2"),
        (lambda: projection_of_origin(((1, 1), (0,)), SQUARE), InputError, "needs a square matrix"),
        (lambda: projection_of_origin(((1, 1), (0, 1)), SQUARE), InputError, "not symmetric"),
        (lambda: projection_of_origin(((1, 1), (1, 1)), SQUARE), InputError, "not positive definite"),
        (lambda: projection_of_origin(((1, 2), (2, 1)), SQUARE), InputError, "not positive definite"),
        (lambda: projection_of_origin(((0, 0), (0, 1)), SQUARE), InputError, "not positive definite"),
        (lambda: projection_of_origin(((1.0, 0), (0, 1)), SQUARE), ExactnessError, "float"),
    ],
)
def test_bad_input_is_refused_in_one_line(ask, error, words):
    with pytest.raises(error, match=words) as caught:
        ask()
    assert "\n" not in str(caught.value)


class TestMutants:
    """Broken versions of the code: the exact check, or the certifiers above, must catch each of them."""

    def test_interior_point_accepted_as_boundary(self, monkeypatch):
        centre = (Fraction(0), Fraction(0))
        for normal in ([0, 0], [1, 0]):
            monkeypatch.setattr(polytope, "relative_interior", lambda directions, h=normal: Farkas(h))
            with pytest.raises(UnprovedError, match="supports no face"):
                supporting_normal(centre, SQUARE)
        assert not proves_boundary(Supported((Fraction(1), Fraction(0)), (0, 2)), centre, SQUARE)
        assert not proves_boundary(Supported((Fraction(0), Fraction(0)), (0, 1, 2, 3)), centre, SQUARE)

    def test_boundary_in_the_affine_hull_instead_of_in_space(self, monkeypatch):
        segment, middle = vectors((0, 0), (2, 2)), (Fraction(1), Fraction(1))
        monkeypatch.setattr(polytope, "orthogonal_complement", lambda vectors, m: [])
        wrong = supporting_normal(middle, segment)
        assert isinstance(wrong, Interior)
        assert not proves_boundary(wrong, middle, segment)
        assert not proves_face(face_of(middle, segment), middle, segment)

    def test_weak_instead_of_strict_separation(self, monkeypatch):
        monkeypatch.setattr(cone, "cone_membership", lambda generators, target: Farkas([1, 0, -1]))
        with pytest.raises(UnprovedError):
            convex_weights((1, 0), SQUARE)
        assert not proves_membership(Separated((Fraction(1), Fraction(0))), (1, 0), SQUARE)

    def test_weak_exposure_of_a_vertex(self, monkeypatch):
        V = vectors((0, 0), (1, 0), (2, 0))
        monkeypatch.setattr(polytope, "_exposes", lambda normal, row, rows: True)
        assert not proves_vertices(vertices(V), V)

    def test_matrix_ignored_in_the_projection(self, monkeypatch):
        true = polytope.project_on_cone
        monkeypatch.setattr(polytope, "project_on_cone", lambda G, t, M, support: true(G, t, None, support))
        heavy = ((Fraction(3), Fraction(0)), (Fraction(0), Fraction(1)))
        with pytest.raises(UnprovedError, match="optimality"):
            projection_of_origin(heavy, vectors((2, 0), (0, 2)))

    @pytest.mark.parametrize("weights", [{0: 3, 1: -1}, {0: 1, 1: 0}, {0: 1, 1: -1}])
    def test_projection_on_the_affine_hull_instead_of_the_polytope(self, weights, monkeypatch):
        wrong = ConeProjection(weights, 2, [], [])
        monkeypatch.setattr(polytope, "project_on_cone", lambda *arguments: wrong)
        with pytest.raises(UnprovedError, match="optimality"):
            projection_of_origin(identity(2), vectors((1, 2), (3, 6)))

    def test_a_decision_that_contradicts_the_others(self, monkeypatch):
        V = vectors((0, 0), (1, 0), (2, 0))
        true = polytope.decide
        outside = Farkas([1, 0, 0])
        monkeypatch.setattr(polytope, "decide", lambda rows, row, affine: outside)
        with pytest.raises(UnprovedError, match="neither exposed nor in the hull"):
            vertices(V)
        answers = iter([true, lambda rows, row, affine: outside])
        monkeypatch.setattr(polytope, "decide", lambda rows, row, affine: next(answers)(rows, row, affine=affine))
        with pytest.raises(UnprovedError, match="outside the hull of the vertices"):
            vertices(V)

    def test_affine_accepted_as_convex_weights(self, monkeypatch):
        affine = Combination({0: 3, 1: -1, 2: -1}, 1)
        monkeypatch.setattr(cone, "cone_membership", lambda generators, target: affine)
        with pytest.raises(UnprovedError):
            convex_weights((3, 1), SQUARE)

    def test_face_too_large_or_too_small(self):
        V = PointSet(SQUARE)
        row = V.homogeneous((1, 0))
        half = Combination({0: 1, 1: 1}, 1)
        assert polytope_records.face_record(V, row, V.differences(row), [0, 2], [1, 0], half).indices == (0, 2)
        for indices, normal, answer in (
            ([0, 1, 2, 3], [0, 0], half),  # two points without weight
            ([0], [1, 0], Combination({0: 1}, 1)),  # another point on the hyperplane
            ([0, 2], [1, 1], half),  # not constant on the face
            ([0, 2], [1, 0], Combination({0: 1, 1: 2}, 1)),  # weights of another point
            ([0, 2], [1, 0], Combination({0: 1, 1: -1}, 1)),
        ):
            with pytest.raises(UnprovedError):
                polytope_records.face_record(V, row, V.differences(row), indices, normal, answer)

    def test_normals_of_a_chain_of_faces_are_combined(self, monkeypatch):
        """The second hyperplane may cut through K; only a large multiple of the first makes up for it."""
        s = SQUARE[2]
        chain = iter([Farkas([1, 0]), Farkas([-5, -1])])
        true = polytope.relative_interior
        monkeypatch.setattr(polytope, "relative_interior", lambda u: next(chain, None) or true(u))
        face = face_of(s, SQUARE)
        assert face.normal == (1, -1)
        assert proves_face(face, s, SQUARE)

    def test_the_first_hyperplane_taken_for_the_minimal_face(self, monkeypatch):
        """One supporting hyperplane of a vertex may hold an edge; the recursion must go on."""
        s = SQUARE[0]
        true = polytope.relative_interior
        monkeypatch.setattr(polytope, "relative_interior", lambda u: true(u) if len(u) < 4 else Farkas([1, 0]))
        face = face_of(s, SQUARE)
        assert face.indices == (0,)
        assert proves_face(face, s, SQUARE)
