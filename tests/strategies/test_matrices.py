"""Matrices: each family is what it says, by an independent exact test."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import strategies as st
from sympy import Matrix, Rational

from hardmax.kernels import Configuration, InputError
from hardmax.strategies import MATRICES, Form
from hardmax.strategies.matrices import ill_conditioned, indefinite, nonsymmetric, semidefinite

IDENTITY = ((1, 0), (0, 1))


def forms_of(name, dimensions=(1, 2, 3, 4)):
    family = MATRICES[name]
    return st.one_of([family.forms(d) for d in dimensions if d >= family.least_dimension])


def sympy_matrix(A):
    return Matrix([[Rational(x.numerator, x.denominator) for x in row] for row in A])


def transpose(A):
    return tuple(zip(*A, strict=True))


def product(A, B):
    return tuple(tuple(sum(a * b for a, b in zip(row, column, strict=True)) for column in transpose(B)) for row in A)


@pytest.mark.parametrize("name", MATRICES)
def test_flags_are_true_of_every_matrix(name, assert_all_examples):
    family = MATRICES[name]

    def holds(form):
        c = Configuration([(1,) * len(form.A)], form.A)
        return c.is_spd == family.spd and c.is_symmetric == family.symmetric

    assert_all_examples(forms_of(name), holds, max_examples=150)


def inertia(A):
    """How many eigenvalues of the symmetric part of A are positive, negative and zero.

    By Descartes' rule of signs, which is exact for a polynomial whose roots are all real.
    """
    M = sympy_matrix(A)
    coefficients = (M + M.T).charpoly().all_coeffs()
    zero = next(k for k, c in enumerate(reversed(coefficients)) if c)
    signs = [c > 0 for c in coefficients if c]
    positive = sum(a != b for a, b in pairwise(signs))
    return positive, len(A) - zero - positive, zero


def test_inertia():
    assert inertia(((1, 0, 0), (0, -2, 0), (0, 0, 0))) == (1, 1, 1)
    assert inertia(((2, 1), (1, 2))) == (2, 0, 0)
    assert inertia(((0,),)) == (0, 0, 1)


DEFINITENESS = {
    "identity": lambda p, q, z: q == z == 0,
    "diagonal": lambda p, q, z: q == z == 0,
    "spd": lambda p, q, z: q == z == 0,
    "ill_conditioned": lambda p, q, z: q == z == 0,
    "negative_definite": lambda p, q, z: p == z == 0,
    "semidefinite": lambda p, q, z: q == 0 < z and (p > 0 or z == 1),
    "indefinite": lambda p, q, z: p > 0 and q > 0,
    "nonsymmetric_definite": lambda p, q, z: q == z == 0,
}


@pytest.mark.parametrize("name", DEFINITENESS)
def test_signs_of_the_eigenvalues(name, assert_all_examples):
    assert_all_examples(forms_of(name, (1, 2, 3)), lambda form: DEFINITENESS[name](*inertia(form.A)), max_examples=40)


def test_every_matrix_family_is_tested_here():
    assert set(MATRICES) == {*DEFINITENESS, "nonsymmetric"}


def test_semidefinite_matrices_reach_every_rank(find_any):
    for rank in (1, 2):
        find_any(semidefinite(3), lambda form, rank=rank: inertia(form.A) == (rank, 0, 3 - rank), max_examples=50)


def test_nonsymmetric_matrices_may_be_indefinite_and_definite(find_any):
    for name in ("indefinite", "negative_definite", "nonsymmetric_definite"):
        find_any(nonsymmetric(2), lambda form, name=name: DEFINITENESS[name](*inertia(form.A)))


@pytest.mark.parametrize("name", [name for name, family in MATRICES.items() if family.carries])
def test_isometry_carries_scores(name, assert_all_examples):
    def isometric(form):
        d = len(form.A)
        identity = tuple(tuple(int(i == j) for j in range(d)) for i in range(d))
        if form.isometry is None:
            return form.A == identity and form.carry(identity) is identity
        return product(product(transpose(form.isometry), form.A), form.isometry) == identity

    assert_all_examples(forms_of(name), isometric, max_examples=150)


def test_carried_tokens_have_the_scores_of_the_identity(assert_all_examples):
    tokens = ((1, 2, 3), (Fraction(1, 2), 0, -1), (0, 5, 1))

    def same_scores(form):
        plain, carried = Configuration(tokens), Configuration(form.carry(tokens), form.A)
        return all(
            plain.inner(plain.tokens[i], plain.tokens[j]) == carried.inner(carried.tokens[i], carried.tokens[j])
            for i in range(3)
            for j in range(3)
        )

    assert_all_examples(forms_of("spd", (3,)) | forms_of("ill_conditioned", (3,)), same_scores)
    # A wrong isometry is caught.
    assert not same_scores(Form(((2, 0, 0), (0, 1, 0), (0, 0, 1)), ((1, 0, 0), (0, 1, 0), (0, 0, 1))))


def test_ill_conditioned_matrices_are(find_any):
    form = find_any(ill_conditioned(2), lambda form: max(max(row) for row in form.A) > 10**11)
    # Condition number (tr/2)^2-ish with determinant 1: far beyond float64, in which A looks singular.
    assert sympy_matrix(form.A).det() == 1
    A = np.array([[float(x) for x in row] for row in form.A])
    assert np.linalg.cond(A) > 1e15


def test_indefinite_matrices_have_their_signs_anywhere(find_any):
    for sign in (1, -1):
        find_any(indefinite(3), lambda form, sign=sign: form.A[0][0] * sign > 0)


@pytest.mark.parametrize(
    ("name", "simplest"),
    [
        ("identity", IDENTITY),
        ("diagonal", IDENTITY),
        ("spd", IDENTITY),
        ("ill_conditioned", ((1, 10), (10, 101))),
        ("negative_definite", ((-1, 0), (0, -1))),
        ("semidefinite", ((1, 0), (0, 0))),
        ("indefinite", ((1, 0), (0, -1))),
        ("nonsymmetric", ((0, 1), (0, 0))),
        ("nonsymmetric_definite", ((1, 1), (-1, 1))),
    ],
)
def test_shrinks_to_small_integers(name, simplest, minimal):
    assert minimal(MATRICES[name].forms(2)).A == simplest


@pytest.mark.parametrize("name", MATRICES)
def test_dimensions_below_the_least_raise(name):
    least = MATRICES[name].least_dimension
    with pytest.raises(InputError, match=f"d is {least - 1}; give a whole number >= {least}"):
        MATRICES[name].forms(least - 1)


def test_diagonal_reaches_fractions(find_any):
    find_any(forms_of("diagonal"), lambda form: any(form.A[i][i].denominator > 1 for i in range(len(form.A))))
