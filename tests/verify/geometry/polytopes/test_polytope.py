"""The facade against certifiers written here with Fractions alone: each answer has to prove itself."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Matrix, Rational

from hardmax.kernels import ExactnessError, InputError
from hardmax.verify.geometry.polytopes import answers as polytope_records
from hardmax.verify.geometry.polytopes import cone, polytope
from hardmax.verify.geometry.polytopes.answers import Inside, Separated
from hardmax.verify.geometry.polytopes.cone import UnprovedError
from hardmax.verify.geometry.polytopes.exact_lp import Combination, Farkas
from hardmax.verify.geometry.polytopes.point_set import PointSet
from hardmax.verify.geometry.polytopes.polytope import convex_weights, face_of

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


def proves_face(answer, s, V):
    h = answer.normal
    height = inner(h, s)
    return (
        set(answer.weights) == set(answer.indices)
        and are_weights(answer.weights, s, V)
        and all((inner(h, v) == height) if j in answer.indices else (inner(h, v) < height) for j, v in enumerate(V))
        and any(h) is not (len(answer.indices) == len(V) and affine_rank(V) == len(s))
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


@given(clouds_and_points())
def test_membership_proves_itself(case):
    V, s = case
    assert proves_membership(convex_weights(s, V), s, V)


@given(st.data(), clouds())
def test_faces_prove_themselves(data, V):
    s = data.draw(points_of(V))
    assert proves_face(face_of(s, V), s, V)


@given(clouds_and_points())
def test_answers_do_not_depend_on_scale_or_place(case):
    V, s = case
    factor, shift = Fraction(10**30, 7), tuple(Fraction(c - 1, 3) for c in range(len(s)))
    moved = [tuple(factor * x + t for x, t in zip(v, shift, strict=True)) for v in V]
    moved_s = tuple(factor * x + t for x, t in zip(s, shift, strict=True))
    answer = convex_weights(s, V)
    assert type(convex_weights(moved_s, moved)) is type(answer)
    if isinstance(answer, Inside):
        assert face_of(moved_s, moved).indices == face_of(s, V).indices


class TestKnownPolytopes:
    """Answers that one can see, on the inputs that go wrong most easily."""

    @pytest.mark.parametrize("side", [-1, 1])
    def test_a_point_2_to_the_minus_60_from_a_facet(self, side):
        s = (1 + side * TINY, Fraction(1, 3))
        answer = convex_weights(s, SQUARE)
        assert isinstance(answer, Separated if side > 0 else Inside)
        assert proves_membership(answer, s, SQUARE)
        if side < 0:
            assert face_of(s, SQUARE).indices == (0, 1, 2, 3)

    @pytest.mark.parametrize("d", [2, 3, 5])
    def test_near_a_facet_of_the_simplex(self, d):
        simplex = [tuple(Fraction(int(i == j)) for j in range(d)) for i in range(d + 1)]
        on = (Fraction(1, d),) * d
        assert face_of(on, simplex).indices == tuple(range(d))
        assert face_of((on[0] - TINY, *on[1:]), simplex).indices == tuple(range(d + 1))
        assert isinstance(convex_weights((on[0] + TINY, *on[1:]), simplex), Separated)

    def test_the_middle_of_an_edge(self):
        face = face_of((1, 0), SQUARE)
        assert face.indices == (0, 2)
        assert face.normal == (1, 0)
        assert face.weights == {0: Fraction(1, 2), 2: Fraction(1, 2)}

    def test_the_centre_is_interior(self):
        face = face_of((0, 0), SQUARE)
        assert face.indices == (0, 1, 2, 3)
        assert face.normal == (0, 0)

    def test_a_single_point_in_one_dimension(self):
        V = vectors((3,))
        assert convex_weights(V[0], V) == Inside({0: Fraction(1)})
        assert isinstance(convex_weights((Fraction(2),), V), Separated)
        assert face_of(V[0], V).normal == (1,)

    def test_a_segment_in_one_dimension(self):
        V = vectors((3,), (-1,), (0,), (3,))
        assert face_of((0,), V).normal == (0,)
        assert face_of((-1,), V).indices == (1,)
        assert face_of((3,), V).indices == (0, 3)

    def test_collinear_points_are_all_boundary_in_the_plane(self):
        V = vectors((0, 0), (2, 2), (1, 1), (1, 1))
        face = face_of((1, 1), V)
        assert face.indices == (0, 1, 2, 3)
        assert any(face.normal)
        assert isinstance(convex_weights((1, 1 + TINY), V), Separated)

    def test_duplicates_of_a_vertex(self):
        assert face_of(SQUARE[0], SQUARE + SQUARE[:2]).indices == (0, 4)

    @pytest.mark.parametrize("scale", [Fraction(10**400), Fraction(1, 10**400), TINY])
    def test_scales_beyond_floats(self, scale):
        V = [tuple(scale * x for x in v) for v in SQUARE]
        assert face_of((scale, scale / 3), V).indices == (0, 2)
        assert isinstance(convex_weights((scale * (1 + TINY), scale / 3), V), Separated)

    def test_cross_polytope_in_sixteen_dimensions(self):
        d = 16
        V = [tuple(Fraction(sign * int(i == j)) for j in range(d)) for i in range(d) for sign in (1, -1)]
        on, out = (Fraction(1, d),) * d, (Fraction(1, d) + TINY,) * d
        assert proves_membership(convex_weights(on, V), on, V)
        assert isinstance(convex_weights(out, V), Separated)
        assert face_of(on, V).indices == tuple(range(0, 2 * d, 2))

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
        assert proves_face(face_of(V[0], V), V[0], V)


def test_a_prepared_set_gives_the_same_answers():
    V = PointSet(SQUARE)
    s = (Fraction(1), Fraction(1, 5))
    assert convex_weights(s, V) == convex_weights(s, SQUARE)
    assert face_of(s, V) == face_of(s, SQUARE)


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda: convex_weights((1, 2, 3), SQUARE), InputError, "point has 3 coordinates but the points have 2"),
        (lambda: convex_weights((1, 0.5), SQUARE), ExactnessError, "float"),
        (lambda: convex_weights((1, 1), []), InputError, "points is empty"),
        (lambda: face_of((2, 2), SQUARE), InputError, "point is outside the polytope"),
    ],
)
def test_bad_input_is_refused_in_one_line(ask, error, words):
    with pytest.raises(error, match=words) as caught:
        ask()
    assert "\n" not in str(caught.value)


class TestMutants:
    """Broken versions of the code: the exact check, or the certifiers above, must catch each of them."""

    def test_interior_point_accepted_as_boundary(self, monkeypatch):
        true = polytope.relative_interior
        first = iter([Farkas([1, 0])])
        monkeypatch.setattr(polytope, "relative_interior", lambda u: next(first, None) or true(u))
        with pytest.raises((UnprovedError, InputError)):
            face_of((0, 0), SQUARE)

    def test_boundary_in_the_affine_hull_instead_of_in_space(self, monkeypatch):
        segment, middle = vectors((0, 0), (2, 2)), (Fraction(1), Fraction(1))
        monkeypatch.setattr(polytope_records, "orthogonal_complement", lambda vectors, m: [])
        assert not proves_face(face_of(middle, segment), middle, segment)

    def test_weak_instead_of_strict_separation(self, monkeypatch):
        monkeypatch.setattr(cone, "cone_membership", lambda generators, target: Farkas([1, 0, -1]))
        with pytest.raises(UnprovedError):
            convex_weights((1, 0), SQUARE)
        assert not proves_membership(Separated((Fraction(1), Fraction(0))), (1, 0), SQUARE)

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
