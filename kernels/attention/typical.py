"""T, the typical level: the bound with independent roundings of variance u²/3. It is no proof and fails nothing.

BOUND.md section 7 has the formulas. Neighbour: `bound` takes it where it is below W and roundings may be independent.
"""

import numpy as np
from numpy.typing import NDArray

from .arithmetic import Arithmetic
from .problem import Enclosure, Head, Reals


def independent(head: Head, how: Arithmetic, t: Reals) -> NDArray[np.bool_]:
    """(R, Dv): where roundings may count as independent: scores and values differ, and sums are not too long."""
    if head.length >= 8192 and how.accumulation.u >= 2.0**-24:
        return np.zeros((len(t), head.v.shape[1]), dtype=np.bool_)
    ordered = np.sort(np.where(head.allowed, t, np.inf), axis=1)
    same = ((ordered[:, 1:] == ordered[:, :-1]) & np.isfinite(ordered[:, 1:])).sum(axis=1)
    constant = head.v.max(axis=0, initial=-np.inf) == head.v.min(axis=0, initial=np.inf)
    return (same <= head.n / 2)[:, None] & ~constant[None, :]


def typical(head: Head, how: Arithmetic, known: Enclosure, h: Reals, up_v: Reals, elements: int) -> Reals:
    """z σ + the sensitivity to common factors of the scores: the part of T before the rounding of the output."""
    u, a, E, s = how.dtype.u, how.accumulation.u, how.exp_ulps, how.s
    D = head.q.shape[1]
    n = np.maximum(head.n, 1).astype(np.float64)[:, None]
    t = np.where(head.allowed, known.t, 0.0)
    squares = head.scale**2 * ((head.q**2) @ (head.k**2).T)
    variance = a**2 / 3 * (squares * (1 + D / 2) + t**2 * (D / 3 + 4) + 2 * np.square(head.offset))
    variance += (s * u**2 + (2 * how.tanh_ulps * a) ** 2 * bool(head.softcap)) / 3 * t**2
    variance += (2 * E * a) ** 2 / 3 * 2 + ((3 * a) ** 2 + (min(s, 2) * u) ** 2) / 3 * np.square(h)
    if how.shift_rounded or how.split_keys:
        variance += (6 * a) ** 2 / 3 * (t**2 + np.square(h))
    p = np.where(head.allowed, np.exp(known.log_p), 0.0)
    middle = head.v.mean(axis=0) if len(head.v) else np.zeros(head.v.shape[1])
    v, o = head.v - middle, known.o - middle
    g = p**2 * variance
    scatter = g @ v**2 - 2 * o * (g @ v) + o**2 * g.sum(axis=1)[:, None] + 1e-12 * (g @ v**2)
    square = np.maximum(scatter, 0.0) + (n + 8) * a**2 / 3 * (up_v**2 + known.o**2)
    if s:
        square += u**2 / 3 * ((p**2) @ head.v**2 + known.o**2)
    if how.cast:
        q = p**2
        around = q @ v**2 - 2 * o * (q @ v) + o**2 * q.sum(axis=1)[:, None]
        square += u**2 / 3 * ((q @ head.v**2) + np.maximum(around, 0.0))
    z = max(6.0, np.sqrt(2 * np.log(2 * max(1, elements) / 1e-3)))
    common = np.abs((p * t) @ v - o * (p * t).sum(axis=1)[:, None]) * (5 * a + (2 * u if s else 0.0))
    return z * np.sqrt(square) + common
