from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Matrix, Rational

from hardmax.verify.exact_lp import Combination, cone_membership
from hardmax.verify.exact_nnls import least_squares, project_on_cone


def inner(x, y):
    return sum(a * b for a, b in zip(x, y, strict=True))


def is_projection(answer, generators, target, metric):
    """The Karush–Kuhn–Tucker conditions, written without the module's own helpers."""
    m = len(target)
    nearest = [sum(x * generators[j][i] for j, x in answer.weights.items()) for i in range(m)]
    residual = [answer.den * t - v for t, v in zip(target, nearest, strict=True)]
    normal = [inner(row, residual) for row in metric]
    return (
        answer.den > 0
        and all(x > 0 for x in answer.weights.values())
        and residual == answer.residual
        and normal == answer.normal
        and all(inner(normal, g) <= 0 for g in generators)
        and all(inner(normal, generators[j]) == 0 for j in answer.weights)
    )


@st.composite
def problems(draw):
    m = draw(st.integers(1, 4))
    vectors = st.lists(st.one_of(st.integers(-3, 3), st.integers(-(2**40), 2**40)), min_size=m, max_size=m)
    root = Matrix(draw(st.lists(st.lists(st.integers(-2, 2), min_size=m, max_size=m), min_size=m, max_size=m)))
    metric = [[int(v) for v in row] for row in (root.T * root + Matrix.eye(m)).tolist()]
    generators = draw(st.lists(vectors, min_size=1, max_size=6))
    support = draw(st.lists(st.integers(0, len(generators) - 1), unique=True))
    return generators, draw(vectors), draw(st.sampled_from([None, metric])), support


@given(problems())
def test_projection_meets_the_optimality_conditions_whatever_is_guessed(problem):
    generators, target, metric, support = problem
    m = len(target)
    answer = project_on_cone(generators, target, metric, support)
    assert answer is not None
    assert is_projection(answer, generators, target, metric or [[int(i == j) for j in range(m)] for i in range(m)])
    inside = isinstance(cone_membership(generators, target), Combination)
    assert any(answer.residual) != inside


def test_a_right_guess_needs_no_exchange_and_a_wrong_one_may_run_out():
    generators, target = [(1, 0), (0, 1), (-1, -1)], (2, 3)
    right = project_on_cone(generators, target, support=[0, 1], exchanges=0)
    assert right is not None
    assert right.weights == {0: 2, 1: 3}
    assert project_on_cone(generators, target, support=[2], exchanges=0) is None
    assert project_on_cone(generators, target, support=[0, 1, 2], exchanges=0) is None  # dependent: no guess at all


def test_a_guess_may_hold_generators_without_weight():
    answer = project_on_cone([(1, 0), (0, 1)], (2, 0), support=[0, 1], exchanges=0)
    assert answer is not None
    assert answer.weights == {0: 2}


def test_exchanges_are_counted():
    assert project_on_cone([(1, 0), (0, 1)], (2, 3), exchanges=1) is None
    assert project_on_cone([(1, 0), (0, 1)], (2, 3), exchanges=2) is not None


def test_the_empty_cone_is_the_origin():
    answer = project_on_cone([], (1, 2))
    assert answer is not None
    assert answer.weights == {}
    assert answer.residual == [1, 2]


def test_the_metric_changes_the_nearest_point():
    # Nearest to (0, 1) on the ray of (1, 1): x = (gᵀMt)/(gᵀMg).
    plain = project_on_cone([(1, 1)], (0, 1))
    assert plain is not None
    assert Fraction(plain.weights[0], plain.den) == Fraction(1, 2)
    heavy = project_on_cone([(1, 1)], (0, 1), [(1, 0), (0, 3)])
    assert heavy is not None
    assert Fraction(heavy.weights[0], heavy.den) == Fraction(3, 4)


@pytest.mark.parametrize("k", [1, 2, 3])
@given(data=st.data())
def test_least_squares_is_the_normal_equation(k, data):
    m = 3
    vectors = st.lists(st.integers(-9, 9), min_size=m, max_size=m)
    rows = data.draw(st.lists(vectors, min_size=k, max_size=k).filter(lambda r: Matrix(r).rank() == k))
    target = data.draw(vectors)
    solution, den = least_squares(rows, target)
    R, t = Matrix(rows), Matrix(target)
    expected = (R * R.T).solve(R * t)
    assert den > 0
    assert [Rational(x, den) for x in solution] == list(expected)
