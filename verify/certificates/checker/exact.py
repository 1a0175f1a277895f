"""Exact linear algebra: vectors and matrices of integers over a common denominator, and convex combinations."""

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from operator import mul

from .reading import ascending, must

Vector = Sequence[int]
Matrix = Sequence[Vector]


def dot(x: Iterable[int], y: Iterable[int]) -> int:
    """Σ x_i y_i."""
    return sum(map(mul, x, y))


def times(X: Matrix, Y: Matrix) -> list[list[int]]:
    """The matrix product X Y."""
    columns = [*zip(*Y, strict=True)]
    return [[dot(row, column) for column in columns] for row in X]


def scaled(c: int, X: Matrix) -> list[list[int]]:
    """c X."""
    return [[c * x for x in row] for row in X]


def integers(rows: Sequence[Sequence[Fraction]], n: int, d: int, where: str) -> tuple[list[tuple[int, ...]], int]:
    """The n rows of d rationals as integers over one denominator; refused if they are of another size."""
    sizes = [len(row) for row in rows]
    must(sizes == [d] * n, where, f"rows of {sizes}", f"{n} rows of {d} are needed")

    D = math.lcm(*{x.denominator for row in rows for x in row})
    return [tuple([x.numerator * (D // x.denominator) for x in row]) for row in rows], D


def convex(weights: Sequence[tuple[int, Fraction]], positions: Mapping[int, Vector], point: Vector, where: str) -> None:
    """Refuse weights that are not convex, that are not over tokens with a position, or that give another point."""
    tokens = [i for i, _ in weights]
    ascending(tokens, where)
    must(positions.keys() >= {*tokens}, where, tokens, f"only these count: {[*positions]}")

    (numerators,), unit = integers([[x for _, x in weights]], 1, len(weights), where)
    positive = sum(numerators) == unit and min(numerators) > 0
    must(positive, where, "weights", "their sum is not 1 or one is not positive")
    image = times([numerators], [positions[i] for i in tokens])
    must(image == scaled(unit, [point]), where, "weights", "they give another point")
