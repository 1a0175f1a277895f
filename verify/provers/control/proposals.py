"""Float proposals by cvxpy: an A with the largest margin or with a small condition number, and multipliers.

A problem is compiled once for a shape and solved again with other rows (DPP); the number of rows is filled up with
copies of the first, so that few shapes are needed. What a solver says is a proposal, `rounding` decides.

Importing this module imports cvxpy, which takes a second.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cvxpy as cp
import numpy as np
from cvxpy.error import SolverError

from ...geometry.second_route.frame import FloatArray

SOLVERS = ("CLARABEL", "SCS")
"""Asked in this order: the second where the first fails, or its floats cannot be made exact."""
_PADDING = 32
"""Rows are filled up to a multiple of this."""


@dataclass(frozen=True, slots=True)
class Margin:
    """What a solver suggests about G a ≥ t, A ⪰ t I, tr A = 1.

    Attributes:
        t: the largest t: positive if there is an A, negative if multipliers exclude every A.
        A: (d, d).
        y: one multiplier a row, −Σ y M ⪰ |t| I for t < 0.
    """

    t: float
    A: FloatArray
    y: FloatArray


def widest(G: FloatArray, d: int, solver: str) -> Margin | None:
    """The A of the largest margin t, with the multipliers of the rows.

    Args:
        G: (m, d(d+1)/2) rows of about unit length.
        d: the dimension.
        solver: a name in `SOLVERS`.
    """
    problem, parameter, A, t, rows = _widest(_filled(len(G)), d)
    parameter.value = _padded(G)
    if not _solved(problem, solver):
        return None
    y = np.array(rows.dual_value)
    y[0] += y[len(G) :].sum()
    return Margin(float(t.value), A.value, y[: len(G)])


def roundest(G: FloatArray, d: int, margin: float, solver: str) -> FloatArray | None:
    """The A of least condition number κ with I ⪯ A ⪯ κ I and G a ≥ margin.

    Args:
        G: (m, d(d+1)/2) rows of about unit length.
        d: the dimension.
        margin: a positive number for which there is such an A.
        solver: a name in `SOLVERS`.
    """
    problem, parameter, least, A = _roundest(_filled(len(G)), d)
    parameter.value, least.value = _padded(G), margin
    return A.value if _solved(problem, solver) else None


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What a solver suggests about G a ≥ t, A ⪰ t I, tr A = 1, and A = Σ_j A_qj with the like of all A_qj.

    Attributes:
        t: the largest t, at most 0 where some A_qj has to be 0; negative if there is no such A.
        A: (d, d).
        y: one multiplier a row of G.
        forms: for every q the coefficients of N_q, −Σ y M − Σ N_q ⪰ |t| I for t < 0.
        cases: for every q and j one multiplier a row of G_qj, N_q − Σ y M ⪰ 0.
        shares: for every q and j the trace of A_qj.
    """

    t: float
    A: FloatArray
    y: FloatArray
    forms: list[FloatArray]
    cases: list[list[FloatArray]]
    shares: list[list[float]]


def relaxed(G: FloatArray, blocks: Sequence[Sequence[FloatArray]], d: int, solver: str) -> Relaxation | None:
    """A as a sum over the leaders that a token may follow, for several tokens: no map σ need be chosen.

    Args:
        G: (m, d(d+1)/2) rows of about unit length that hold whatever σ is.
        blocks: for every token q and every leader j the rows G_qj of "q follows j".
        d: the dimension.
        solver: a name in `SOLVERS`.
    """
    upper, A = _form(d)
    t: Any = cp.Variable()
    ahead: Any = G @ upper >= t
    constraints: list[Any] = [ahead, A - t * np.eye(d) >> 0, cp.trace(A) == 1]
    sums: list[Any] = []
    rows: list[list[Any]] = []
    pieces: list[list[Any]] = []
    for block in blocks:
        parts = [_form(d) for _ in block]
        rows.append([G_qj @ part >= t for G_qj, (part, _) in zip(block, parts, strict=True)])
        pieces.append([A_qj for _, A_qj in parts])
        sums.append(upper == sum(part for part, _ in parts))
        constraints += [*rows[-1], sums[-1], *(A_qj - t * np.eye(d) >> 0 for _, A_qj in parts)]
    problem = cp.Problem(cp.Maximize(t), constraints)
    if not _solved(problem, solver):
        return None
    forms = [-np.array(one.dual_value) for one in sums]
    cases = [[np.array(one.dual_value) for one in block] for block in rows]
    shares = [[float(np.trace(A_qj.value)) for A_qj in block] for block in pieces]
    return Relaxation(float(t.value), A.value, np.array(ahead.dual_value), forms, cases, shares)


def _filled(m: int) -> int:
    return -(-m // _PADDING) * _PADDING


def _padded(G: FloatArray) -> FloatArray:
    return np.vstack([G, np.repeat(G[:1], _filled(len(G)) - len(G), axis=0)])


def _form(d: int) -> tuple[Any, Any]:
    """The upper triangle of A as a variable, and A."""
    upper = cp.Variable(d * (d + 1) // 2)
    spread = np.zeros((d * d, d * (d + 1) // 2))
    for k, (a, b) in enumerate(zip(*np.triu_indices(d), strict=True)):
        spread[a * d + b, k] = spread[b * d + a, k] = 1
    return upper, cp.reshape(spread @ upper, (d, d), order="C")


@lru_cache(maxsize=64)
def _widest(m: int, d: int) -> tuple[Any, ...]:
    G = cp.Parameter((m, d * (d + 1) // 2))
    upper, A = _form(d)
    t = cp.Variable()
    rows: Any = G @ upper >= t
    constraints: list[Any] = [rows, A - t * np.eye(d) >> 0, cp.trace(A) == 1]
    return cp.Problem(cp.Maximize(t), constraints), G, A, t, rows


@lru_cache(maxsize=64)
def _roundest(m: int, d: int) -> tuple[Any, ...]:
    G, margin = cp.Parameter((m, d * (d + 1) // 2)), cp.Parameter(nonneg=True)
    upper, A = _form(d)
    kappa = cp.Variable()
    constraints: list[Any] = [G @ upper >= margin, A - np.eye(d) >> 0, kappa * np.eye(d) - A >> 0]
    return cp.Problem(cp.Minimize(kappa), constraints), G, margin, A


def _solved(problem: Any, solver: str) -> bool:
    """Whether the solver ended with a point, exact or not; what goes wrong inside it is no more than that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            problem.solve(solver=solver)
        except (SolverError, ArithmeticError, ValueError):
            return False
    values = (
        [v for variable in problem.variables() for v in np.ravel(variable.value)] if problem.status in _POINT else []
    )
    return bool(values) and bool(np.isfinite(values).all())


_POINT = (cp.OPTIMAL, cp.OPTIMAL_INACCURATE)
