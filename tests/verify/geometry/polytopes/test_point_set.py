from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardmax.kernels import ExactnessError, InputError
from hardmax.verify.geometry.polytopes.point_set import PointSet

points = st.integers(1, 3).flatmap(
    lambda d: st.lists(
        st.lists(st.one_of(st.integers(-5, 5), st.fractions(-3, 3, max_denominator=12)), min_size=d, max_size=d),
        min_size=1,
        max_size=5,
    )
)


@given(points)
def test_rows_are_the_points_in_lowest_terms(given_points):
    V = PointSet(given_points)
    for row, point in zip(V.rows, given_points, strict=True):
        assert row[-1] > 0
        assert [Fraction(v, row[-1]) for v in row[:-1]] == [Fraction(v) for v in point]
        assert row[-1] == np.lcm.reduce([Fraction(v).denominator for v in point])


@given(points, st.data())
def test_differences_are_positive_multiples(given_points, data):
    V = PointSet(given_points)
    s = data.draw(st.lists(st.fractions(-3, 3, max_denominator=12), min_size=V.d, max_size=V.d))
    row = V.homogeneous(s)
    for u, v, r in zip(V.differences(row), given_points, V.rows, strict=True):
        factor = np.lcm(row[-1], r[-1])
        assert [Fraction(x) for x in u] == [int(factor) * (a - b) for a, b in zip(v, s, strict=True)]


def test_a_prepared_set_is_taken_as_it_is():
    V = PointSet([(1, 2)])
    assert PointSet.of(V) is V
    assert PointSet.of([(1, 2)]).rows == V.rows


@pytest.mark.parametrize(
    ("bad", "error", "words"),
    [
        ([], InputError, "points is empty"),
        ([()], InputError, r"points\[0\] has no coordinates"),
        ([(1, 2), (1,)], InputError, r"points\[1\] has 1 coordinates but points\[0\] has 2"),
        ([(1, 2.0)], ExactnessError, r"points\[0\] holds 2\.0 of type float"),
        ([(np.int64(1),)], ExactnessError, "int64"),
        ([(True,)], ExactnessError, "bool"),
        ([("1",)], ExactnessError, "str"),
    ],
)
def test_bad_points_are_refused_by_place(bad, error, words):
    with pytest.raises(error, match=words):
        PointSet(bad)


def test_a_point_of_another_space_is_refused():
    with pytest.raises(InputError, match="point has 1 coordinates but the points have 2"):
        PointSet([(1, 2)]).homogeneous((1,))
    with pytest.raises(ExactnessError, match=r"point holds 0\.5"):
        PointSet([(1,)]).homogeneous((0.5,))
