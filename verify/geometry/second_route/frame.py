"""Integer directions of any size as floats, and coordinates in which floats can tell them apart.

Directions that differ by 1e-50 are one direction in double precision, and no solver can tell which is outermost. In
coordinates along some of them they may differ by a whole unit. Combinations to 0 are the same in all coordinates, and a
normal is carried over exactly.

Neighbours: `rounding` asks its solver in a frame and carries the answer back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpz_mat
from numpy.typing import NDArray

from ..polytopes.exact_lp import IntVector, eliminate, primitive

FloatArray = NDArray[np.float64]

_ENOUGH = 2
"""Each exchange of a basis vector multiplies the volume of the (scaled) basis by more than this, so they end."""


@dataclass(frozen=True, slots=True)
class SpanFrame:
    """A basis B of the span of n directions in Z^d, chosen among them, and their coordinates.

    Attributes:
        basis: B, (r, d) integers, linearly independent.
        coordinates: C, (n, r) integers with C B a positive multiple of the directions.
    """

    basis: list[list[int]]
    coordinates: list[list[int]]

    def normal(self, g: Sequence[int]) -> list[int]:
        """h ∈ Z^d with h · u_j a positive multiple of g · C_j for every direction u_j: h = Bᵀ (B Bᵀ)⁻¹ g.

        Args:
            g: r integers.
        """
        B = fmpz_mat(self.basis)
        gram: Any = B * B.transpose()
        solution, _ = gram.solve(fmpz_mat([[v] for v in g])).numer_denom()
        return primitive([int(v) for v in (B.transpose() * solution).entries()])


def frame_of(directions: Sequence[IntVector], d: int) -> SpanFrame:
    """A frame in which every direction, divided by its largest entry, has coordinates of at most 2 in absolute value.

    Args:
        directions: n integer vectors of length d, not all zero.
        d: the dimension.
    """
    sizes = [largest(u) for u in directions]
    chosen, _ = eliminate(directions, d)
    while True:
        coordinates, den = coordinates_in([directions[k] for k in chosen], directions)
        # Of the vectors divided by their sizes, the coordinate of j along k is (c / den) · sizes[k] / sizes[j].
        size, j, k = max(
            (Fraction(abs(c) * sizes[chosen[k]], den * sizes[j]), j, k)
            for j, row in enumerate(coordinates)
            for k, c in enumerate(row)
        )
        if size <= _ENOUGH:
            break
        chosen[k] = j
    # In units of about the size of each basis vector.
    bits = [sizes[k].bit_length() for k in chosen]
    basis = [[v << max(bits) - b for v in directions[k]] for k, b in zip(chosen, bits, strict=True)]
    return SpanFrame(basis, [[c << b for c, b in zip(row, bits, strict=True)] for row in coordinates])


def unit_rows(rows: Sequence[IntVector]) -> FloatArray:
    """Integer vectors of any size, each divided by its largest entry, as floats; zero vectors stay zero."""
    try:
        floats = np.array(rows, dtype=np.float64)
    except OverflowError:
        floats = np.array([[v / size for v in row] for row, size in ((row, largest(row)) for row in rows)])
    size = np.abs(floats).max(axis=1, keepdims=True)
    size[size == 0] = 1
    return floats / size


def largest(row: IntVector) -> int:
    """The number that `unit_rows` divides the row by: its largest absolute entry, 1 for a zero vector."""
    return max(map(abs, row)) or 1


def coordinates_in(basis: Sequence[IntVector], vectors: Sequence[IntVector]) -> tuple[list[list[int]], int]:
    """C, (n, r) integers, and den > 0 with C B = den · vectors.

    Args:
        basis: B, (r, d) integers, linearly independent.
        vectors: n integer vectors in its span.
    """
    B = fmpz_mat(basis)
    gram: Any = B * B.transpose()
    numerators, den = gram.solve(B * fmpz_mat(vectors).transpose()).numer_denom()
    return [[int(v) for v in row] for row in numerators.transpose().tolist()], int(den)
