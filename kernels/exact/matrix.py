"""Exact matrices: rows of Fractions, read from exact numbers only.

Neighbours: `configuration` holds tokens, `hardmax` the matrix of an inner product.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache

from ..errors import ExactnessError, InputError
from .json_values import number
from .step import Exact

Vector = tuple[Fraction, ...]
Matrix = tuple[Vector, ...]


def exact_matrix(name: str, rows: Iterable[Iterable[Exact]]) -> Matrix:
    """`rows` as Fractions.

    Args:
        name: what the rows are, for messages.
        rows: exact numbers (int, Fraction, or text like "1/2"); rows may differ in length.

    Raises:
        ExactnessError: a value is a float or of another inexact type; the message names its place.
        InputError: something is no row of numbers, or a text is no number.
    """
    result = []
    if not isinstance(rows, Iterable) or isinstance(rows, str):
        raise InputError(f"{name} is {rows!r}; a list of rows is required, each a list of numbers")
    for i, row in enumerate(rows):
        if not isinstance(row, Iterable) or isinstance(row, str):
            raise InputError(f"{name}[{i}] is {row!r}; a row of numbers is required")
        values = tuple(row)
        for j, value in enumerate(values):
            if type(value) is not int and type(value) is not Fraction and type(value) is not str:
                raise ExactnessError(
                    f"{name}[{i}][{j}] is {value!r} of type {type(value).__name__}; exact values are int, Fraction or "
                    f'text like "1/2": use Configuration.from_array for arrays and floats'
                )
        result.append(tuple(v if type(v) is Fraction else number(f"{name}[{i}][{j}]", v) for j, v in enumerate(values)))
    return tuple(result)


@lru_cache(maxsize=8)
def identity(d: int) -> Matrix:
    """The d × d identity matrix, exact."""
    zero, one = Fraction(0), Fraction(1)
    return tuple(tuple(one if i == j else zero for j in range(d)) for i in range(d))


def dot(x: Sequence[Fraction], y: Sequence[Fraction]) -> Fraction:
    """Σ x_i y_i."""
    return sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0))


def is_positive_definite(A: Iterable[Sequence[Fraction]]) -> bool:
    """Whether a symmetric matrix is positive definite: exact LDLᵀ, all pivots positive."""
    rows = [list(row) for row in A]
    for k, pivot_row in enumerate(rows):
        pivot = pivot_row[k]
        if pivot <= 0:
            return False
        for row in (row for row in rows[k + 1 :] if row[k]):
            factor = row[k] / pivot
            for j in range(k, len(rows)):
                row[j] -= factor * pivot_row[j]
    return True
