"""Float proposals by cvxpy: faces, separations, projections; problems parametrised and kept per shape.

Each problem is compiled once for a shape and solved again with other parameters (DPP); shapes are padded so that few
are needed. A solver that fails, or says anything but "optimal", proposes nothing.

Neighbours: `rounding` makes the proposals exact, `second_route` is the caller.
"""

import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cvxpy as cp
import numpy as np
from cvxpy.error import SolverError

from .proposals import Floats

LP_SOLVERS = ("CLARABEL", "SCIPY")
"""Interior points first: they end in the middle of the optimal set, where faces and positive weights are read off."""

QP_SOLVERS = ("CLARABEL", "OSQP")

_PADDING = 4
"""Shapes are filled up to multiples of this: fewer problems to compile, slightly larger ones to solve."""

_NEGLIGIBLE = 1e-7
"""Interior points leave multipliers below this where there should be none."""


@dataclass(frozen=True, slots=True)
class LPProposal:
    """What a solver suggests about 0 and conv{u_j}: a normal h and, complementary to it, weights.

    Attributes:
        strict: for each j whether h · u_j < 0 is suggested, so that u_j carries no weight.
        normal: h, d floats.
        weights: n floats with Σ weights[j] u_j ≈ 0 where 0 lies in the hull.
    """

    strict: list[bool]
    normal: Floats
    weights: Floats


def propose_face(directions: Floats, solver: str) -> LPProposal | None:
    """The smallest face of conv{u_j} that contains 0, by one linear program:

        maximise Σ_j y_j   subject to   h · u_j ≤ −y_j,   0 ≤ y_j ≤ 1

    Normals can be added and scaled, so at the optimum y_j = 1 off the face and y_j = 0 on it; the multipliers of
    h · u_j ≤ −y_j combine the u_j to 0 and are at least 1 on the face.

    Args:
        directions: (n, d) floats of similar size, rows that are zero allowed.
        solver: a name in `LP_SOLVERS`.
    """
    n, d = directions.shape
    padded = np.zeros((_padded(n), d))
    padded[:n] = directions
    problem, U, h, y, below = _face_problem(*padded.shape)
    U.value = padded
    if not _solved(problem, solver):
        return None
    return LPProposal((y.value[:n] > 0.5).tolist(), h.value, below.dual_value[:n])


def propose_separation(directions: Floats, solver: str) -> LPProposal | None:
    """A normal that separates 0 from conv{u_j} by the widest margin, or weights of 0, by one linear program:

        maximise t   subject to   h · u_j ≤ −t,   −1 ≤ h ≤ 1

    The multipliers of h · u_j ≤ −t sum to 1, and t = 0 exactly if they combine the u_j to 0.

    Args:
        directions: (n, d) floats of similar size, rows that are zero allowed.
        solver: a name in `LP_SOLVERS`.
    """
    n = len(directions)
    # Copies of the last direction fill the shape; their weight is its weight.
    padded = np.repeat(directions[-1:], _padded(n), axis=0)
    padded[:n] = directions
    problem, U, h, below = _separation_problem(*padded.shape)
    U.value = padded
    if not _solved(problem, solver):
        return None
    weights = np.append(below.dual_value[: n - 1], below.dual_value[n - 1 :].sum())
    return LPProposal((weights < _NEGLIGIBLE).tolist(), h.value, weights)


def propose_projection(points: Floats, root: Floats, solver: str) -> Floats | None:
    """Convex weights of the point of least xᵀAx in conv V, by one quadratic program.

    Args:
        points: V, (n, d) floats.
        root: R, (d, d) floats of size at most 1 with R Rᵀ a positive multiple of A.
        solver: a name in `QP_SOLVERS`.
    """
    if not np.isfinite(points).all():
        return None
    images = root.T @ (points / (np.abs(points).max() or 1)).T
    n = len(points)
    # Copies of the last point fill the shape; their weight is its weight.
    columns = np.repeat(images[:, -1:], _padded(n), axis=1)
    columns[:, :n] = images
    problem, M, w = _projection_problem(*columns.shape)
    M.value = columns / (np.abs(columns).max() or 1)
    if not _solved(problem, solver):
        return None
    return np.append(w.value[: n - 1], w.value[n - 1 :].sum())


@lru_cache(maxsize=256)
def _face_problem(n: int, d: int) -> tuple[Any, ...]:
    U = cp.Parameter((n, d))
    h = cp.Variable(d)
    y = cp.Variable(n)
    below: Any = U @ h <= -y
    constraints: list[Any] = [below, y >= 0, y <= 1]
    return cp.Problem(cp.Maximize(cp.sum(y)), constraints), U, h, y, below


@lru_cache(maxsize=256)
def _separation_problem(n: int, d: int) -> tuple[Any, ...]:
    U = cp.Parameter((n, d))
    h = cp.Variable(d)
    t = cp.Variable()
    below: Any = U @ h <= -t
    constraints: list[Any] = [below, h <= 1, h >= -1]
    return cp.Problem(cp.Maximize(t), constraints), U, h, below


@lru_cache(maxsize=256)
def _projection_problem(d: int, n: int) -> tuple[Any, ...]:
    M = cp.Parameter((d, n))
    w = cp.Variable(n, nonneg=True)
    convex: Any = cp.sum(w) == 1
    return cp.Problem(cp.Minimize(cp.sum_squares(M @ w)), [convex]), M, w


def _padded(n: int) -> int:
    return -(-n // _PADDING) * _PADDING


def _solved(problem: Any, solver: str) -> bool:
    """Whether the solver ended with an optimal point; what goes wrong inside it is no more than that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            problem.solve(solver=solver)
        except (SolverError, ArithmeticError, ValueError):
            return False
    return problem.status == cp.OPTIMAL


__all__ = ["LP_SOLVERS", "QP_SOLVERS", "LPProposal", "propose_face", "propose_projection", "propose_separation"]
