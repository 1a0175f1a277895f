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


def nonnegative(generators: Floats, target: Floats) -> Proposal | None:
    """The support and residual of min ‖t − Σ x_j g_j‖ over x ≥ 0, from floats; None if SciPy gives up.

    Args:
        generators: (n, m) floats.
        target: m floats.
    """
    from scipy.optimize import nnls  # its import takes longer than most of the questions that never come here

    size = np.abs(generators).max(axis=1)
    if not (np.isfinite(size).all() and np.isfinite(target).all()):
        return None
    size[size == 0] = 1
    columns = (generators / size[:, None]).T
    try:
        x, distance = nnls(columns, target)
    except RuntimeError:
        return None
    residual = target - columns @ x
    return Proposal(np.flatnonzero(x).tolist(), residual, distance > _NOISE * np.abs(target).max())


def min_norm_support(rows: Sequence[IntVector], root: Floats | None) -> list[int]:
    """The points that may carry the weight of the point of least xᵀAx in their hull; [] where floats do not help.

    Args:
        rows: (n, d + 1) homogeneous points.
        root: R, (d, d) floats with A = R Rᵀ, or None if there are none.
    """
    homogeneous = as_floats(rows)
    if homogeneous is None or root is None:
        return []
    with np.errstate(over="ignore", invalid="ignore"):
        points = homogeneous[:, :-1] / homogeneous[:, -1:] @ root
    size = np.abs(points).max()
    if not np.isfinite(size):
        return []
    # The nearest point of the cone over points × {1} to (0, 1); the unit of length decides how well conditioned it is.
    generators = np.ones_like(homogeneous)
    generators[:, :-1] = points / (size or 1)
    axis = np.zeros(generators.shape[1])
    axis[-1] = 1
    proposal = nonnegative(generators, axis)
    return [] if proposal is None else proposal.support


def as_floats(rows: Sequence[IntVector]) -> Floats | None:
    """Integer vectors as floats; None where an entry is too large for one."""
    try:
        return np.array(rows, dtype=np.float64)
    except OverflowError:
        return None


__all__ = ["Floats", "Proposal", "as_floats", "min_norm_support", "nonnegative"]
