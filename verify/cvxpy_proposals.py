"""Float proposals by cvxpy: faces with normal and weights, projections; problems parametrised and kept per shape.

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


@dataclass(frozen=True, slots=True)
class FaceProposal:
    """What a solver suggests about the smallest face of 0 in conv{u_j}.

    Attributes:
        strict: for each j whether u_j is suggested to lie off the face.
        normal: d floats, a normal that exposes the face.
        weights: n floats, Σ weights[j] u_j ≈ 0, positive on the face.
    """

    strict: list[bool]
    normal: Floats
    weights: Floats


def propose_face(directions: Floats, solver: str) -> FaceProposal | None:
    """The smallest face of conv{u_j} that contains 0, by one linear program:

        maximise Σ_j y_j   subject to   h · u_j ≤ −y_j,   0 ≤ y_j ≤ 1

    Normals can be added and scaled, so at the optimum y_j = 1 off the face and y_j = 0 on it; the multipliers of
    h · u_j ≤ −y_j sum to 0 over u_j and are at least 1 on the face. Scaling a u_j by a positive number changes
    neither, so each is divided by its size.

    Args:
        directions: (n, d) finite floats, rows that are zero allowed.
        solver: a name in `LP_SOLVERS`.
    """
    n, d = directions.shape
    size = np.abs(directions).max(axis=1)
    size[size == 0] = 1
    padded = np.zeros((_padded(n), d))
    padded[:n] = directions / size[:, None]
    problem, U, h, y, below = _face_problem(*padded.shape)
    U.value = padded
    if not _solved(problem, solver):
        return None
    return FaceProposal((y.value[:n] > 0.5).tolist(), h.value, below.dual_value[:n] / size)


def propose_projection(points: Floats, form: Floats, solver: str) -> Floats | None:
    """Convex weights of the point of least xᵀAx in conv V, by one quadratic program.

    Args:
        points: V, (n, d) floats.
        form: (d, d) floats, a positive multiple of A, symmetric positive definite.
        solver: a name in `QP_SOLVERS`.
    """
    try:
        images = np.linalg.cholesky(form).T @ points.T
    except np.linalg.LinAlgError:
        return None
    size = np.abs(images).max()
    if not np.isfinite(size):
        return None
    n = len(points)
    # Copies of the last point fill the shape; their weight is its weight.
    columns = np.repeat(images[:, -1:], _padded(n), axis=1)
    columns[:, :n] = images
    problem, M, w = _projection_problem(*columns.shape)
    M.value = columns / (size or 1)
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


__all__ = ["LP_SOLVERS", "QP_SOLVERS", "FaceProposal", "propose_face", "propose_projection"]
