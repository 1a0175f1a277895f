"""Linearly independent tokens can be told whom to follow, by a given A (CONTROL.md, theorem C).

Neighbours: `search` uses it where floats fail, the claims about control everywhere.
"""

from collections.abc import Sequence
from fractions import Fraction

from flint import fmpq, fmpq_mat

from ....kernels.exact.configuration import Matrix, Vector
from ....kernels.exact.matrix import identity


def prescribed(tokens: Sequence[Vector], follows: Sequence[int]) -> Matrix | None:
    """A = Z̄⁻¹ diag(G, I) Z̄⁻ᵀ, for which every token i follows follows[i] alone; None if they are not independent.

    Args:
        tokens: the rows of Z, which Z̄ completes to a basis.
        follows: for each token a leader, which follows itself.
    """
    basis = basis_of(tokens)
    if basis is None:
        return None
    n, d = len(tokens), len(basis)
    G = [[Fraction(i == j) for j in range(d)] for i in range(d)]
    for i in range(n):
        for j in range(n):  # the Gram matrix of e_l for leaders l, and of e_σ(i)/2 + f_i/4
            size = (1 if follows[i] == i else Fraction(1, 2)) * (1 if follows[j] == j else Fraction(1, 2))
            G[i][j] = size * (follows[i] == follows[j]) + Fraction(i == j != follows[i], 16)
    inverse = to_flint(basis).inv()
    return from_flint(inverse * to_flint(G) * inverse.transpose())


def basis_of(tokens: Sequence[Vector]) -> Matrix | None:
    """The tokens and unit vectors that complete them to a basis; None if they are not independent."""
    basis = [*tokens]
    if len(basis) > len(basis[0]) or to_flint(basis).rank() < len(basis):
        return None
    for unit in identity(len(basis[0])):
        if to_flint([*basis, unit]).rank() > len(basis):
            basis.append(unit)
    return tuple(basis)


def to_flint(rows: Sequence[Sequence[Fraction]]) -> fmpq_mat:
    """The matrix with these rows."""
    return fmpq_mat([[fmpq(v.numerator, v.denominator) for v in row] for row in rows])


def from_flint(M: fmpq_mat) -> Matrix:
    """The rows of a matrix."""
    return tuple(tuple(Fraction(int(v.p), int(v.q)) for v in row) for row in M.tolist())
