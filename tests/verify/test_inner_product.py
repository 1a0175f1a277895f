from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Matrix

from hardmax.kernels import ExactnessError, InputError
from hardmax.kernels.configuration import identity
from hardmax.verify.inner_product import InnerProduct


def test_denominators_are_cleared():
    product = InnerProduct(((Fraction(1, 2), Fraction(1, 3)), (Fraction(1, 3), Fraction(1))))
    assert product.form == [[3, 2], [2, 6]]
    assert product.homogeneous == [[3, 2, 0], [2, 6, 0], [0, 0, 1]]
    assert product.gradient((1, -1)) == [1, -4]


@pytest.mark.parametrize("scale", [Fraction(1), Fraction(1, 3)])
def test_a_multiple_of_the_identity_with_numerator_one_needs_no_matrix(scale):
    assert InnerProduct(tuple(tuple(scale * v for v in row) for row in identity(3))).homogeneous is None
    assert InnerProduct(((1, 0), (0, 2))).homogeneous is not None
    assert InnerProduct(((2, 0), (0, 2))).homogeneous is not None


@given(st.integers(1, 4), st.data())
def test_exactly_positive_definite_matrices_are_accepted(d, data):
    upper = data.draw(st.lists(st.integers(-3, 4), min_size=d * d, max_size=d * d))
    rows = [[upper[min(i, j) * d + max(i, j)] + (3 if i == j else 0) for j in range(d)] for i in range(d)]
    if Matrix(rows).is_positive_definite:
        product = InnerProduct(rows)
        assert product.form == rows
        assert product.root is not None
        assert np.allclose(product.root @ product.root.T * np.max(rows), rows)
    else:
        with pytest.raises(InputError, match="not positive definite"):
            InnerProduct(rows)


def test_roots_of_numbers_beyond_floats():
    huge = InnerProduct(((10**400, 0), (0, 4 * 10**400))).root
    assert huge is not None
    assert huge.tolist() == [[0.5, 0], [0, 1]]
    assert InnerProduct(((10**400, 0), (0, 1))).root is None
    almost_singular = InnerProduct(((1, 1), (1, 1 + Fraction(1, 10**30))))
    assert almost_singular.root is None or np.isfinite(almost_singular.root).all()


def test_a_prepared_product_is_taken_as_it_is():
    product = InnerProduct(identity(2))
    assert InnerProduct.of(product) is product
    assert InnerProduct.of(identity(2)).form == product.form


@pytest.mark.parametrize(
    ("A", "error", "words"),
    [
        (((1, 2),), InputError, "square"),
        (((1, 2), (3, 4)), InputError, "not symmetric"),
        (((1, 1), (1, 1)), InputError, "not positive definite"),
        (((1.0,),), ExactnessError, "float"),
        ((), InputError, "empty"),
    ],
)
def test_what_is_no_inner_product_is_refused(A, error, words):
    with pytest.raises(error, match=words):
        InnerProduct(A)
