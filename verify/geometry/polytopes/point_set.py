"""PointSet: points of Q^d as integer vectors, cleared of denominators once and used for many questions.

A point v with least common denominator D becomes the homogeneous row (D v, D): scaling one row by its own positive
number changes no answer about convex combinations or hyperplanes, so no common denominator of all points is needed.

Neighbours: `polytope` asks questions about point sets, `cone` answers them on the integer rows.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import Self

from ....kernels.errors import ExactnessError, InputError
from ....kernels.exact.configuration import Vector

PointRows = Iterable[Sequence[int | Fraction]]

_EXACT = {int, Fraction}


class PointSet:
    """Finitely many points of Q^d, with the integer forms that exact questions need.

    Every function of `polytope` takes plain sequences of points too; a `PointSet` saves the conversion where many
    questions are asked about the same points.

    Args:
        points: (n, d) exact numbers (int or Fraction), n ≥ 1, d ≥ 1; duplicates are kept.

    Attributes:
        rows: n homogeneous integer rows (D_j v_j, D_j), D_j > 0, in lowest terms: equal points have equal rows.
        n: the number of points.
        d: the dimension of the space.

    Raises:
        ExactnessError: a coordinate is a float or of another inexact type.
        InputError: no points, no coordinates, or points of different lengths.
    """

    def __init__(self, points: PointRows) -> None:
        self.rows = [homogeneous(point, f"points[{i}]") for i, point in enumerate(points)]
        self.n = len(self.rows)
        if not self.n:
            raise InputError("points is empty; a polytope needs at least one point")
        self.d = len(self.rows[0]) - 1
        for i, row in enumerate(self.rows):
            if len(row) != self.d + 1:
                raise InputError(f"points[{i}] has {len(row) - 1} coordinates but points[0] has {self.d}")

    @classmethod
    def of(cls, points: "PointRows | PointSet") -> Self:
        """`points` itself if it is a `PointSet` already, otherwise a new one."""
        return points if isinstance(points, cls) else cls(points)  # type: ignore[arg-type]

    def homogeneous(self, point: Sequence[int | Fraction]) -> tuple[int, ...]:
        """The integer row (D s, D) of one more point s of the same space."""
        row = homogeneous(point, "point")
        if len(row) != self.d + 1:
            raise InputError(f"point has {len(row) - 1} coordinates but the points have {self.d}; give {self.d}")
        return row

    def differences(self, row: Sequence[int]) -> list[list[int]]:
        """lcm(D, D_j) (v_j − s) for every j, integers; `row` is the homogeneous row (D s, D) of s."""
        *s, D = row
        result = []
        for v in self.rows:
            if v[-1] == D:
                result.append([a - b for a, b in zip(v, s)])  # noqa: B905 v ends with D_j
            else:
                common = gcd(D, v[-1])
                p, q = D // common, v[-1] // common
                result.append([p * a - q * b for a, b in zip(v, s)])  # noqa: B905 v ends with D_j
        return result


def homogeneous(point: Sequence[int | Fraction], name: str) -> tuple[int, ...]:
    """The integer row (D v, D) of the point v, D its least common denominator; `name` is used in errors."""
    if not set(map(type, point)) <= _EXACT:
        wrong = next(v for v in point if type(v) not in _EXACT)
        raise ExactnessError(
            f"{name} holds {wrong!r} of type {type(wrong).__name__}; exact coordinates are int or Fraction: "
            f"Fraction(x) is exact for a float x"
        )
    if not point:
        raise InputError(f"{name} has no coordinates; at least one is required")
    ratios = [v.as_integer_ratio() for v in point]
    D = lcm(*[q for _, q in ratios])
    return (*[p * (D // q) for p, q in ratios], D)


def as_vector(row: Sequence[int]) -> Vector:
    """An integer vector as Fractions."""
    return tuple([Fraction(v) for v in row])
