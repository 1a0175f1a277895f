"""Fast float proposals for exact questions about cones: which generators carry weight, which normal might separate.

Nothing here is an answer: a proposal is a set of indices or an integer vector that `cone` tries and checks exactly.
Where floats cannot represent the numbers, or the solver gives up, there is no proposal.

Neighbours: `cone` is the caller; `exact_nnls` makes an exact solution out of a support.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .exact_lp import IntVector

Floats = NDArray[np.float64]

_BITS = (10, 50)
"""How finely normals are rounded: short ones make short certificates, long ones separate closer points."""

_NOISE = 1e-9
"""Relative residuals below this are taken for rounding errors first. Wrong guesses cost time only."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a float solution suggests.

    Attributes:
        support: the generators that carry weight.
        residual: target − combination, a normal where the target lies outside.
        is_apart: whether the residual is more than noise, so that trying normals first pays.
    """

    support: list[int]
    residual: Floats
    is_apart: bool

    def normals(self) -> list[list[int]]:
        """The residual rounded to integer vectors, coarse first; none if it is not finite or zero."""
        size = np.abs(self.residual).max()
        if not 0 < size < np.inf:
            return []
        unit = self.residual / size
        return [np.rint(unit * 2.0**bits).astype(np.int64).tolist() for bits in _BITS]


def unit_rows(rows: Sequence[IntVector]) -> Floats:
    """Integer vectors of any size, each divided by its largest entry, as floats; zero vectors stay zero.

    Scaling a generator, a target or a homogeneous point by its own positive number changes nothing that is asked.
    """
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


def nonnegative(generators: Floats, target: Floats) -> Proposal | None:
    """The support and residual of min ‖t − Σ x_j g_j‖ over x ≥ 0, from floats; None if SciPy gives up.

    Args:
        generators: (n, m) finite floats.
        target: m finite floats.
    """
    from scipy.optimize import nnls  # its import takes longer than most of the questions that never come here

    try:
        x, distance = nnls(generators.T, target)
    except RuntimeError:
        return None
    residual = target - x @ generators
    return Proposal(np.flatnonzero(x).tolist(), residual, distance > _NOISE * np.abs(target).max())


def min_norm_support(rows: Sequence[IntVector], root: Floats | None) -> list[int]:
    """The points that may carry the weight of the point of least xᵀAx in their hull; [] where floats do not help.

    Args:
        rows: (n, d + 1) homogeneous points.
        root: R, (d, d) floats of size at most 1 with R Rᵀ a positive multiple of A, or None if there are none.
    """
    if root is None:
        return []
    points = coordinates(rows)
    if not np.isfinite(points).all():
        return []
    images = points / (np.abs(points).max() or 1) @ root
    # The nearest point of the cone over images × {1} to (0, 1); the unit of length decides how well conditioned it is.
    generators = np.ones((len(rows), images.shape[1] + 1))
    generators[:, :-1] = images / (np.abs(images).max() or 1)
    axis = np.zeros(generators.shape[1])
    axis[-1] = 1
    proposal = nonnegative(generators, axis)
    return [] if proposal is None else proposal.support


def coordinates(rows: Sequence[IntVector]) -> Floats:
    """Homogeneous points as (n, d) floats; not finite where a coordinate is beyond floats."""
    homogeneous = unit_rows(rows)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        points = homogeneous[:, :-1] / homogeneous[:, -1:]
    return points if np.isfinite(points).all() else np.full_like(points, np.nan)


__all__ = ["Floats", "Proposal", "coordinates", "largest", "min_norm_support", "nonnegative", "unit_rows"]
