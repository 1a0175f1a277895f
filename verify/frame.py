"""Coordinates in which directions are far from collinear, for questions that floats cannot see otherwise.

Directions that differ by 1e-50 are one direction in double precision, and no solver can tell which is outermost. In
coordinates along some of them they may differ by a whole unit. Combinations to 0 are the same in all coordinates, and a
normal is carried over exactly.

Neighbours: `second_route` asks its solvers again in a frame where nothing else held; `rounding` makes answers exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import fmpz_mat

from .exact_lp import IntVector, eliminate, primitive
from .proposals import largest

_ENOUGH = 2
"""Each exchange of a basis vector multiplies the volume of the (scaled) basis by more than this, so they end."""


@dataclass(frozen=True, slots=True)
class Frame:
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


def frame_of(directions: Sequence[IntVector], d: int) -> Frame:
    """A frame in which every direction, divided by its largest entry, has coordinates of at most 2 in absolute value.

    Args:
        directions: n integer vectors of length d, not all zero.
        d: the dimension.
    """
    sizes = [largest(u) for u in directions]
    chosen, _ = eliminate(directions, d)
    while True:
        coordinates, den = _coordinates([directions[k] for k in chosen], directions)
        # Of the vectors divided by their sizes, the coordinate of j along k is (c / den) · sizes[k] / sizes[j].
        size, j, k = max(
            (Fraction(abs(c) * sizes[chosen[k]], den * sizes[j]), j, k)
            for j, row in enumerate(coordinates)
            for k, c in enumerate(row)
        )
        if size <= _ENOUGH:
            return Frame([list(directions[k]) for k in chosen], coordinates)
        chosen[k] = j


def _coordinates(basis: Sequence[IntVector], directions: Sequence[IntVector]) -> tuple[list[list[int]], int]:
    """C and den > 0 with C B = den · directions."""
    B = fmpz_mat(basis)
    gram: Any = B * B.transpose()
    numerators, den = gram.solve(B * fmpz_mat(directions).transpose()).numer_denom()
    return [[int(v) for v in row] for row in numerators.transpose().tolist()], int(den)


__all__ = ["Frame", "frame_of"]
