"""InnerProduct: ⟨x, y⟩ = xᵀAy for A symmetric positive definite, checked once and kept as integers.

Neighbours: `point_set` does the same for points; `polytope` and `rounding` project in it.
"""

from functools import cached_property
from math import lcm
from typing import Self

import numpy as np

from ..kernels.configuration import Matrix
from ..kernels.errors import InputError
from .exact_lp import IntVector, dot
from .point_set import PointSet
from .proposals import Floats


class InnerProduct:
    """⟨x, y⟩ = xᵀAy times the common denominator of A, which changes no projection.

    Args:
        A: (d, d) exact numbers, symmetric positive definite.

    Attributes:
        d: the dimension.
        form: (d, d) integers, a positive multiple of A.
        homogeneous: (d+1, d+1) integers, the inner product diag(form, 1) of homogeneous points; None if it is the
            identity.

    Raises:
        InputError: A is not square, not symmetric or not positive definite.
        ExactnessError: an entry is not exact.
    """

    def __init__(self, A: Matrix) -> None:
        self.d = len(A)
        if any(len(row) != self.d for row in A):
            lengths = sorted({len(row) for row in A})
            raise InputError(f"A has {self.d} rows of lengths {lengths}; an inner product needs a square matrix")
        rows = PointSet(A).rows
        D = lcm(*[row[-1] for row in rows])
        self.form = [[v * (D // row[-1]) for v in row[:-1]] for row in rows]
        identity = all(v == (i == j) for i, row in enumerate(self.form) for j, v in enumerate(row))
        if not identity:
            _require_positive(self.form)
        self.homogeneous = None if identity else [[*row, 0] for row in self.form] + [[0] * self.d + [1]]

    @classmethod
    def of(cls, A: "Matrix | InnerProduct") -> Self:
        """`A` itself if it is an `InnerProduct` already, otherwise a new one."""
        return A if isinstance(A, cls) else cls(A)  # type: ignore[arg-type]

    def gradient(self, x: IntVector) -> list[int]:
        """The integer vector g with g · y = ⟨x, y⟩ for every y."""
        return [dot(row, x) for row in self.form]

    @cached_property
    def root(self) -> Floats | None:
        """R of size at most 1 with R Rᵀ close to a positive multiple of A, for proposals; None where floats fail."""
        largest = max(map(max, self.form))
        try:
            return np.linalg.cholesky([[v / largest for v in row] for row in self.form]).astype(np.float64, copy=False)
        except np.linalg.LinAlgError:
            return None


def _require_positive(form: list[list[int]]) -> None:
    """Refuses a form that is not symmetric positive definite: Bareiss' elimination on the upper triangle."""
    d = len(form)
    if any(form[i][j] != form[j][i] for i in range(d) for j in range(i)):
        raise InputError("A is not symmetric; a projection needs A symmetric positive definite")
    upper, previous = [row[i:] for i, row in enumerate(form)], 1
    for k, head in enumerate(upper):
        pivot = head[0]
        if pivot <= 0:
            raise InputError("A is not positive definite; a projection needs A symmetric positive definite")
        for i in range(k + 1, d):
            factor = head[i - k]
            if factor or pivot != previous:
                # Rows are symmetric, so the factor of row i stands in the head's column i.
                upper[i] = [(pivot * a - factor * b) // previous for a, b in zip(upper[i], head[i - k :], strict=True)]
        previous = pivot


__all__ = ["InnerProduct"]
