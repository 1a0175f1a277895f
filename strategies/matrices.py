"""Matrices: A of the inner product ⟨x, y⟩ = xᵀAy, with a known isometry wherever A is built from a factor.

`MATRICES` lists the families: symmetric positive definite ones for the theorem, and ones that break that hypothesis.
Neighbours: `configurations` pairs them with tokens, and moves tokens by the isometry.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import wraps

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..kernels.exact.configuration import identity as identity_matrix
from .families.family import Tokens
from .scalars import check_integer, positive_rationals, small_integers

MatrixRows = tuple[tuple[int | Fraction, ...], ...]


@dataclass(frozen=True, slots=True)
class Form:
    """A matrix A, and T with TᵀAT = I where one is known.

    The tokens T z_1, …, T z_n have under A exactly the scores that z_1, …, z_n have under I: ties, near ties and late
    leaders made for I are carried over to A, however ill-conditioned it is.

    Args:
        A: (d, d) exact numbers.
        isometry: T, (d, d) exact numbers; None if A is the identity, or if no T is known.
    """

    A: MatrixRows
    isometry: MatrixRows | None = None

    def carry(self, tokens: Tokens) -> Tokens:
        """T z for every token z, or the tokens as they are if A = I or no T is known."""
        T = self.isometry
        if T is None:
            return tokens
        return tuple([tuple([sum([t * x for t, x in zip(row, z, strict=True)]) for row in T]) for z in tokens])


@dataclass(frozen=True, slots=True)
class MatrixFamily:
    """A named family of matrices.

    Args:
        name: what reports call it.
        forms: the strategy factory, called with the dimension d ≥ least_dimension.
        spd: whether every A is symmetric positive definite (otherwise none is).
        symmetric: whether every A is symmetric (otherwise none is).
        carries: whether tokens made for A = I can be carried over: A is the identity or an isometry is known.
        least_dimension: the smallest d that has such matrices.
    """

    name: str
    forms: Callable[[int], SearchStrategy[Form]]
    spd: bool
    symmetric: bool
    carries: bool = False
    least_dimension: int = 1


MATRICES: dict[str, MatrixFamily] = {}
"""The families of matrices by name."""


def matrices(
    *, spd: bool, symmetric: bool, carries: bool = False, least_dimension: int = 1
) -> Callable[[Callable[[int], SearchStrategy[Form]]], Callable[[int], SearchStrategy[Form]]]:
    """Lists a strategy factory as a family of its name; it refuses a dimension below the least by an `InputError`.

    The arguments are those of `MatrixFamily`.
    """

    def factory(draw: Callable[[int], SearchStrategy[Form]]) -> Callable[[int], SearchStrategy[Form]]:
        @wraps(draw)
        def forms(d: int) -> SearchStrategy[Form]:
            check_integer("d", d, least=least_dimension)
            return draw(d)

        MATRICES[draw.__name__] = MatrixFamily(draw.__name__, forms, spd, symmetric, carries, least_dimension)
        return forms

    return factory


@matrices(spd=True, symmetric=True, carries=True)
def identity(d: int) -> SearchStrategy[Form]:
    """The identity."""
    return st.just(Form(identity_matrix(d)))


@matrices(spd=True, symmetric=True)
def diagonal(d: int) -> SearchStrategy[Form]:
    """Diagonal matrices with entries p/q > 0, 1 ≤ p, q ≤ 5.

    Shrinks towards the identity.
    """
    return st.tuples(*[positive_rationals()] * d).map(lambda entries: Form(_diagonal(entries)))


@matrices(spd=True, symmetric=True, carries=True)
def spd(d: int) -> SearchStrategy[Form]:
    """A = LLᵀ, L lower triangular with small integers below a positive diagonal: symmetric positive definite.

    Shrinks towards the identity.
    """
    return st.builds(_from_factor, _below_diagonal(d, small_integers(2)), st.tuples(*[st.sampled_from((1, 2, 3))] * d))


@matrices(spd=True, symmetric=True, carries=True, least_dimension=2)
def ill_conditioned(d: int) -> SearchStrategy[Form]:
    """A = LLᵀ, symmetric positive definite, L unit lower triangular with L_21 = ±10^k, k ≤ 6.

    det A = 1 while tr A reaches 10^12, so for d = 2 the condition number reaches 10^24: beyond float64.
    Shrinks towards L_21 = 10.
    """
    large = st.sampled_from([sign * 10**k for k in range(1, 7) for sign in (1, -1)])
    below = _below_diagonal(d, small_integers(1))
    return st.builds(lambda first, rest: _from_factor((first, *rest[1:]), (1,) * d), large, below)


@matrices(spd=False, symmetric=True)
def negative_definite(d: int) -> SearchStrategy[Form]:
    """A = −LDLᵀ with unit lower triangular L and positive diagonal D: every pivot is negative.

    Shrinks towards −I.
    """
    pivots = st.tuples(*[st.sampled_from((-1, -2, -3))] * d)
    return st.builds(_from_pivots, _below_diagonal(d, small_integers(2)), pivots)


@matrices(spd=False, symmetric=True)
def semidefinite(d: int) -> SearchStrategy[Form]:
    """A = LDLᵀ with unit lower triangular L and pivots D ≥ 0 of which one at least is 0: singular.

    Shrinks towards D = (1, 0, …), L = I; on the line A = 0 is the only one.
    """
    if d == 1:
        return st.just(Form(((0,),)))
    rest = st.tuples(*[st.sampled_from((0, 1, 2))] * (d - 2))

    def build(below: Sequence[int], p: int, rest: Sequence[int], turn: int) -> Form:
        pivots = (p, 0, *rest)
        return _from_pivots(below, pivots[-turn:] + pivots[:-turn])

    return st.builds(
        build, _below_diagonal(d, small_integers(2)), st.sampled_from((1, 2, 3)), rest, st.integers(0, d - 1)
    )


@matrices(spd=False, symmetric=True, least_dimension=2)
def indefinite(d: int) -> SearchStrategy[Form]:
    """A = LDLᵀ with unit lower triangular L and pivots D of both signs.

    Shrinks towards D = (1, −1, 0, …), L = I. In R^2 at least: on the line a form has one sign.
    """
    positive = st.sampled_from((1, 2, 3))
    negative = st.sampled_from((-1, -2, -3))
    rest = st.tuples(*[small_integers(2)] * (d - 2))

    def build(below: Sequence[int], p: int, q: int, rest: Sequence[int], turn: int) -> Form:
        pivots = (p, q, *rest)
        return _from_pivots(below, pivots[-turn:] + pivots[:-turn])

    return st.builds(build, _below_diagonal(d, small_integers(2)), positive, negative, rest, st.integers(0, d - 1))


@matrices(spd=False, symmetric=False, least_dimension=2)
def nonsymmetric(d: int) -> SearchStrategy[Form]:
    """Matrices of small integers with A_12 ≠ A_21, the quadratic form of any sign.

    Shrinks towards zeros but for A_12 = 1.
    """

    def build(entries: Sequence[int], skew: int) -> Form:
        rows = [list(entries[i * d : (i + 1) * d]) for i in range(d)]
        rows[0][1] = rows[1][0] + skew
        return Form(tuple(map(tuple, rows)))

    return st.builds(build, st.tuples(*[small_integers(2)] * (d * d)), small_integers(2, nonzero=True))


@matrices(spd=False, symmetric=False, least_dimension=2)
def nonsymmetric_definite(d: int) -> SearchStrategy[Form]:
    """A = S + t (e_1 e_2ᵀ − e_2 e_1ᵀ), S as in `spd`, t ≠ 0: xᵀAx = xᵀSx > 0 for x ≠ 0, but A is not symmetric.

    Shrinks towards S = I, t = 1: tokens spiral.
    """

    def twist(form: Form, t: int) -> Form:
        assert form.A is not None  # `spd` builds every A
        rows = [list(row) for row in form.A]
        rows[0][1] += t
        rows[1][0] -= t
        return Form(tuple(map(tuple, rows)))

    return st.builds(twist, spd(d), small_integers(3, nonzero=True))


def _diagonal(entries: Sequence[int | Fraction]) -> MatrixRows:
    return tuple(tuple(v if i == j else 0 for j in range(len(entries))) for i, v in enumerate(entries))


def _below_diagonal(d: int, entries: SearchStrategy[int]) -> SearchStrategy[tuple[int, ...]]:
    """The entries below the diagonal of a unit lower triangular matrix, row by row."""
    return st.tuples(*[entries] * (d * (d - 1) // 2))


def _unit_lower(d: int, below: Sequence[int]) -> list[list[int]]:
    """L from its entries below the unit diagonal, row by row."""
    entries = iter(below)
    return [[next(entries) if j < i else int(i == j) for j in range(d)] for i in range(d)]


def _from_pivots(below: Sequence[int], pivots: Sequence[int]) -> Form:
    """A = LDLᵀ."""
    d = len(pivots)
    L = _unit_lower(d, below)
    return Form(
        tuple(
            tuple(sum(L[i][k] * pivots[k] * L[j][k] for k in range(min(i, j) + 1)) for j in range(d)) for i in range(d)
        )
    )


def _from_factor(below: Sequence[int], scales: Sequence[int]) -> Form:
    """A = (LS)(LS)ᵀ with S diagonal and positive, and the isometry T = (LS)^{−T} = L^{−T} S^{−1}."""
    d = len(scales)
    L = _unit_lower(d, below)
    inverse = _unit_lower(d, [0] * len(below))
    for i in range(d):
        for j in range(i):
            inverse[i][j] = -sum(L[i][k] * inverse[k][j] for k in range(j, i))
    T = tuple(
        tuple(inverse[j][i] if scales[j] == 1 else Fraction(inverse[j][i], scales[j]) for j in range(d))
        for i in range(d)
    )
    return Form(_from_pivots(below, [s * s for s in scales]).A, T)
