"""The true output by interval arithmetic of any precision (balls: midpoint and radius, python-flint).

Slower than `floats` by a few times, independent of it and of the machine's floats: it judges rows that floats cannot
judge, a sample of the others, and everything that is reported as a failure.
"""

import math
from typing import NamedTuple

import flint
import numpy as np

from ..bound import LEAST
from ..problem import Enclosure, Head, Reals


class BallRow(NamedTuple):
    """One row, exactly up to radii: scores of the keys that it may see (by index), log-sum-exp, output."""

    keys: list[int]
    t: list[flint.arb]
    lse: flint.arb
    o: list[flint.arb]


def ball_rows(head: Head, precision: int = 0) -> list[BallRow]:
    """Every row of `head` that sees a key, in balls; rows without keys come with empty lists.

    Args:
        head: the exact problem, no wider than needed: `head.select(rows)`.
        precision: bits; 0 for what its magnitudes need and 128 beyond them.
    """
    with flint.ctx.workprec(precision or _precision(head)):
        q, k, v = (_matrix(x) for x in (head.q, head.k.T, head.v))
        D, (R, L), Dv = head.q.shape[1], head.allowed.shape, head.v.shape[1]
        scale = 1 / flint.arb(D).sqrt() if head.root else flint.arb(head.scale)
        dots = (q * k).entries() if D and R and L else [flint.arb(0)] * (R * L)
        result, weights, totals = [], [], []
        for i in range(R):
            keys = np.flatnonzero(head.allowed[i]).tolist()
            t = [_score(head, scale * dots[i * L + j], i, j) for j in keys]
            top = max(t, key=lambda x: float(x.mid())) if t else flint.arb(0)
            w = [(x - top).exp() for x in t]
            total = sum(w, flint.arb(0))
            row = [flint.arb(0)] * L
            for j, x in zip(keys, w, strict=True):
                row[j] = x
            weights.append(row)
            totals.append(total)
            result.append(BallRow(keys, t, top + total.log() if t else flint.arb(0), []))
        sums = (flint.arb_mat(weights) * v).entries() if R and L and Dv else [flint.arb(0)] * (R * Dv)
        return [
            row._replace(o=[x / totals[i] for x in sums[i * Dv : (i + 1) * Dv]] if row.keys else [])
            for i, row in enumerate(result)
        ]


def ball_gradients(parts: list[tuple[Head, Reals]]) -> dict[str, list[flint.arb]]:
    """dq of every head of a group, and dk and dv over all keys, each flat, for (head, dO) of all its heads."""
    length = parts[0][0].length
    D, Dv = parts[0][0].q.shape[1], parts[0][0].v.shape[1]
    dq: list[flint.arb] = []
    dk, dv = ([flint.arb(0)] * (length * width) for width in (D, Dv))
    for head, grad in parts:
        (R, L), seen = head.allowed.shape, np.flatnonzero(head.seen).tolist()
        with flint.ctx.workprec(_precision(head) + 64):
            scale = 1 / flint.arb(D).sqrt() if head.root else flint.arb(head.scale)
            dO, out = _matrix(grad), ball_rows(head, _precision(head) + 64)
            dP = (dO * _matrix(head.v.T)).entries() if L else []
            P, dS = ([flint.arb(0)] * (R * L) for _ in range(2))
            for i, row in enumerate(out):
                delta = sum((flint.arb(x) * y for x, y in zip(grad[i].tolist(), row.o, strict=False)), flint.arb(0))
                for j, t in zip(row.keys, row.t, strict=True):
                    P[i * L + j] = (t - row.lse).exp()
                    dS[i * L + j] = scale * P[i * L + j] * (dP[i * L + j] - delta) * _slope(head, t, i, j)
            if not L:
                dq += [flint.arb(0)] * (R * D)
                continue
            left, weights = flint.arb_mat(R, L, dS), flint.arb_mat(R, L, P)
            dq += (left * _matrix(head.k)).entries()
            for target, own, width in ((dk, left.transpose() * _matrix(head.q), D), (dv, weights.transpose() * dO, Dv)):
                values = own.entries()
                for place, j in enumerate(seen):
                    for d in range(width):
                        target[j * width + d] += values[place * width + d]
    return {"dq": dq, "dk": dk, "dv": dv}


def _score(head: Head, t: flint.arb, i: int, j: int) -> flint.arb:
    bias = flint.arb(0) if head.bias is None else flint.arb(float(head.bias[i, j]))
    if head.bias_first:
        t = t + bias
    if head.softcap is not None:
        c = flint.arb(head.softcap)
        t = c * (t / c).tanh()
    return t if head.bias_first else t + bias


def _slope(head: Head, t: flint.arb, i: int, j: int) -> flint.arb:
    """1 − tanh² of the score before the softcap, given the score t; 1 without one."""
    if head.softcap is None:
        return flint.arb(1)
    bias = 0.0 if head.bias is None or head.bias_first else float(head.bias[i, j])
    return 1 - ((t - flint.arb(bias)) / flint.arb(head.softcap)) ** 2


def _matrix(values: Reals) -> flint.arb_mat:
    rows, columns = values.shape
    return flint.arb_mat(rows, columns, [flint.arb(x) for x in values.ravel().tolist()])


def _precision(head: Head) -> int:
    """128 bits more than the scores have before the point: 1e300 needs 1,128."""
    q, k = np.abs(head.q).max(initial=0.0), np.abs(head.k).max(initial=0.0)
    bits = sum(max(0.0, math.log2(x)) for x in (q, k, max(1.0, abs(head.scale)), max(1, head.q.shape[1])) if x > 0)
    bias = np.abs(head.bias).max(initial=0.0) if head.bias is not None else 0.0
    return 144 + math.ceil(max(bits, math.log2(bias) if bias > 1 else 0.0))


def upper(x: flint.arb) -> float:
    """A float that is at least |x|."""
    return float(np.nextafter(float(x.abs_upper()), np.inf))


def lower(x: flint.arb) -> float:
    """A float ≥ 0 that is at most |x|."""
    return max(0.0, float(np.nextafter(float(x.abs_lower()), -np.inf)))


def distance(exact: flint.arb, value: float, precision: int = 256) -> tuple[float, float]:
    """Floats below and above |value − exact|; infinite for a value that is not finite."""
    if not math.isfinite(value):
        return math.inf, math.inf
    with flint.ctx.workprec(precision):
        difference = exact - flint.arb(value)
        return lower(difference), upper(difference)


def enclosure_of(head: Head, rows: list[BallRow]) -> Enclosure:
    """What `floats.enclose` gives, from balls."""
    (R, L), Dv = head.allowed.shape, head.v.shape[1]
    t, t_error, p_error = np.zeros((R, L)), np.zeros((R, L)), np.zeros((R, L))
    log_p, o, o_error = np.full((R, L), -np.inf), np.zeros((R, Dv)), np.zeros((R, Dv))
    lse, lse_error = np.zeros(R), np.zeros(R)
    with flint.ctx.workprec(_precision(head)):
        for i, row in enumerate(rows):
            for j, x in zip(row.keys, row.t, strict=True):
                t[i, j], t_error[i, j] = _float(x)
                log_p[i, j], p_error[i, j] = _float(x - row.lse)
            for d, x in enumerate(row.o):
                o[i, d], o_error[i, d] = _float(x)
            lse[i], lse_error[i] = _float(row.lse)
    return Enclosure(t, t_error, log_p, p_error, o, o_error, lse, lse_error)


def _float(x: flint.arb) -> tuple[float, float]:
    """The midpoint as a float, and how far the exact value may be from it."""
    middle = float(x.mid())
    if not math.isfinite(middle):
        return 0.0, math.inf
    return middle, upper(x - flint.arb(middle)) + LEAST
