"""Hardmax attention, β = ∞: the mean of v over the keys of largest score, in exact rationals.

    C_i = {j : t_ij = max_k t_ik},   o_i = mean_{j ∈ C_i} v_j   (or v_j for the first j in C_i)

A kernel sees computed scores, within e_j of the exact ones (`bound.kernel_score_error`). Keys with
t_j + e_j ≥ max_k (t_k − e_k) may lead there. If these are C_i and the kernel cannot but keep their tie (one key, or
scores that every order of summation computes exactly), only the mean is rounded; otherwise any choice among them may be
returned, and the bound is the hull of their values: fragile.
"""

from fractions import Fraction
from math import isqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..arithmetic import Arithmetic
from ..bound import LEAST, SLACK, ErrorBound, kernel_score_error, overflows
from ..problem import Head, Reals
from .floats import scores


class HardRow(NamedTuple):
    """One row: the maximisers (indices into the head's keys) and the exact output; empty for a row without keys."""

    maximisers: list[int]
    o: list[Fraction]


def hard_rows(head: Head, first: bool = False) -> list[HardRow]:
    """Maximisers and outputs of every row, exactly.

    Args:
        head: the exact problem.
        first: the first maximiser instead of the mean over all.

    Raises:
        InputError: a softcap and a bias after it: such scores are compared by no finite computation here.
    """
    if head.softcap is not None and head.bias is not None and not head.bias_first:
        raise InputError("hard attention with a bias after a softcap cannot be compared exactly; leave one out")
    D = head.q.shape[1]
    root = isqrt(D)
    irrational = head.root and root * root != D
    scale = Fraction(1, root) if head.root and not irrational else Fraction(head.scale)
    k, v = ([[Fraction(x) for x in row] for row in values.tolist()] for values in (head.k, head.v))
    result = []
    for i, on in enumerate(head.allowed):
        q = [Fraction(x) for x in head.q[i].tolist()]
        best: list[int] = []
        top: tuple[Fraction, Fraction] | None = None
        for j in np.flatnonzero(on).tolist():
            dot = sum((x * y for x, y in zip(q, k[j], strict=True)), Fraction(0))
            bias = Fraction(0) if head.bias is None else Fraction(float(head.bias[i, j]))
            own = (dot, bias) if irrational else (scale * dot + bias, Fraction(0))  # dot/√D + bias, times √D
            sign = 1 if top is None else _sign(own[0] - top[0], own[1] - top[1], D)
            if sign > 0:
                best, top = [j], own
            elif sign == 0:
                best.append(j)
        chosen = best[:1] if first else best
        mean = [sum((v[j][d] for j in chosen), Fraction(0)) / len(chosen) for d in range(head.v.shape[1]) if chosen]
        result.append(HardRow(best, mean))
    return result


def _sign(x: Fraction, y: Fraction, D: int) -> int:
    """The sign of x + y √D."""
    if (x >= 0) == (y >= 0) or not x or not y:
        return ((x > 0) - (x < 0)) or ((y > 0) - (y < 0))
    larger = x * x - y * y * D
    return ((larger > 0) - (larger < 0)) * (1 if x > 0 else -1)


def hard_bound(head: Head, how: Arithmetic, rows: list[HardRow]) -> ErrorBound:
    """W for each element; `clipped` where a tie or near-tie leaves the choice to rounding. T is W; no log-sum-exp."""
    with np.errstate(all="ignore"):
        t, t_error = scores(head)
        size = np.abs(t) + t_error
        e = kernel_score_error(head, size, how)
        off = (t_error + e) * SLACK
        none = overflows(head, how, head.allowed, size + e, head.n[:, None].astype(np.float64))
        least = np.where(head.allowed, t - off, -np.inf).max(axis=1, initial=-np.inf)[:, None]
        lead = head.allowed & (t + off >= least)
    a, u = how.accumulation.u, how.dtype.u
    W = np.full((len(rows), head.v.shape[1]), np.inf)
    clipped = np.zeros(W.shape, dtype=np.bool_)
    exact = _exact_scores(head, how)
    for i, row in enumerate(rows):
        if not row.maximisers or not head.finite[i] or none[i] or not np.isfinite(off[i][head.allowed[i]]).all():
            continue
        lead[i, row.maximisers] = True
        own, o = head.v[lead[i]], np.array([float(x) for x in row.o])
        m = len(own)
        kept = m == len(row.maximisers) and (m == 1 or exact[i])
        reach = np.zeros(len(o)) if kept else np.maximum(own.max(axis=0) - o, o - own.min(axis=0)) * SLACK
        mean = np.abs(own).max(axis=0)
        rounding = np.expm1((2 * m + 4) * a + (2 * u if how.s or how.cast else 0.0)) * mean
        lost = (2 * m + 4) * (how.accumulation.tiny + how.lost_weight * mean)
        total = reach + rounding + lost
        W[i] = (total + u * (mean + total) + how.lost_output) * SLACK + LEAST
        W[i][(m * mean * 1.01 > how.accumulation.largest) | (np.abs(o) + W[i] > how.dtype.largest)] = np.inf
        clipped[i] = reach > 0
    none = np.full(len(rows), np.inf)
    return ErrorBound(W, W.copy(), none, clipped & np.isfinite(W), np.zeros(head.allowed.shape), none)


def _exact_scores(head: Head, how: Arithmetic) -> NDArray[np.bool_]:
    """(R,): rows whose products q·k every order of summation computes without rounding, so that exact ties stay ties.

    All products are multiples of one power of two, and Σ|q||k| is below 2^digits of them; the same operations follow
    for every key. With a bias, or a scale that is no power of two (it may be multiplied to q first), nothing is said.
    """
    power = abs(np.frexp(head.scale)[0]) == 0.5 and (not head.root or isqrt(head.q.shape[1]) ** 2 == head.q.shape[1])
    if head.bias is not None or how.narrow or how.s or not power:
        return np.zeros(len(head.allowed), dtype=np.bool_)
    step = _lowest_bit(head.q).min(axis=1, initial=np.inf) * _lowest_bit(head.k).min(initial=np.inf)
    fits = head.magnitude.max(axis=1, initial=0.0) < step * 2.0**how.accumulation.digits
    return fits & (
        (step > how.accumulation.tiny) & (step < how.accumulation.largest) | (head.magnitude.max(axis=1) == 0)
    )


def _lowest_bit(x: Reals) -> Reals:
    """The largest power of two of which a number is a multiple; infinite for 0."""
    fraction, exponent = np.frexp(x)
    whole = np.abs(fraction * 2.0**53).astype(np.int64)
    return np.where(x == 0, np.inf, np.ldexp((whole & -whole).astype(np.float64), exponent - 53))
