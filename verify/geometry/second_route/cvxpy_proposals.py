"""Float proposals by cvxpy: the smallest face that holds a point; problems parametrised and kept per shape.

A problem is compiled once for a shape and solved again with other parameters (DPP); shapes are padded so that few are
needed. A solver that fails, or says anything but "optimal", proposes nothing.

Neighbours: `rounding` makes the proposals exact. Importing this module imports cvxpy, which takes a second.
"""

import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cvxpy as cp
import numpy as np
from cvxpy.error import SolverError

from .frame import FloatArray

SOLVERS = ("CLARABEL", "SCIPY")
"""Interior points first: they end in the middle of the optimal set, where faces and positive weights are read off."""

_PADDING = 4
"""Shapes are filled up to multiples of this: fewer problems to compile, slightly larger ones to solve."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a solver suggests about 0 and conv{u_j}: a normal h and, complementary to it, weights.

    Attributes:
        on: ascending, the j with h · u_j = 0, by suggestion; elsewhere h · u_j < 0 is suggested.
        normal: h, d floats.
        weights: n floats with Σ weights[j] u_j ≈ 0, suggested to be positive for the j in `on`.
    """

    on: list[int]
    normal: FloatArray
    weights: FloatArray


def propose_face(directions: FloatArray, solver: str) -> Proposal | None:
    """The smallest face of conv{u_j} that contains 0, by one linear program:

        maximise Σ_j y_j   subject to   h · u_j ≤ −y_j,   0 ≤ y_j ≤ 1

    Normals can be added and scaled, so at the optimum y_j = 1 off the face and y_j = 0 on it; the multipliers of
    h · u_j ≤ −y_j combine the u_j to 0 and are at least 1 on the face.

    Args:
        directions: (n, d) floats of similar size, rows that are zero allowed.
        solver: a name in `SOLVERS`.
    """
    n, d = directions.shape
    padded = np.zeros((-(-n // _PADDING) * _PADDING, d))
    padded[:n] = directions
    problem, U, h, y, below = _face_problem(*padded.shape)
    U.value = padded
    if not _solved(problem, solver):
        return None
    return Proposal(np.flatnonzero(y.value[:n] <= 0.5).tolist(), h.value, below.dual_value[:n])


@lru_cache(maxsize=256)
def _face_problem(n: int, d: int) -> tuple[Any, ...]:
    U = cp.Parameter((n, d))
    h = cp.Variable(d)
    y = cp.Variable(n)
    below: Any = U @ h <= -y
    constraints: list[Any] = [below, y >= 0, y <= 1]
    return cp.Problem(cp.Maximize(cp.sum(y)), constraints), U, h, y, below


def _solved(problem: Any, solver: str) -> bool:
    """Whether the solver ended with an optimal point; what goes wrong inside it is no more than that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            problem.solve(solver=solver)
        except (SolverError, ArithmeticError, ValueError):
            return False
    return problem.status == cp.OPTIMAL
