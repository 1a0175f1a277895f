"""T, the typical level: the bound with independent roundings of variance u²/3. It is no proof and fails nothing.

BOUND.md section 7 has the formulas. Neighbours: `bound` and `gradients` take it where it is below W and roundings may
be independent.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arithmetic import Arithmetic
from .problem import Enclosure, Head, Reals


class Typical(NamedTuple):
    """Variances, and what errors that all scores share add: of the output (R, Dv), of the log-sum-exp (R,)."""

    out: Reals
    out_shared: Reals
    lse: Reals
    lse_shared: Reals


def level(elements: int) -> float:
    """z: how many standard deviations one of so many elements is off, at most 6 or with probability 1e-3."""
    return max(6.0, float(np.sqrt(2 * np.log(2 * max(1, elements) / 1e-3))))


def independent(head: Head, how: Arithmetic, t: Reals) -> NDArray[np.bool_]:
    """(R, Dv): where roundings may count as independent: scores and values differ, and sums are not too long."""
    if head.length >= 8192 and how.accumulation.u >= 2.0**-24:
        return np.zeros((len(t), head.v.shape[1]), dtype=np.bool_)
    ordered = np.sort(np.where(head.allowed, t, np.inf), axis=1)
    same = ((ordered[:, 1:] == ordered[:, :-1]) & np.isfinite(ordered[:, 1:])).sum(axis=1)
    constant = head.v.max(axis=0, initial=-np.inf) == head.v.min(axis=0, initial=np.inf)
    return (same <= head.n / 2)[:, None] & ~constant[None, :]


def score_variance(head: Head, how: Arithmetic, known: Enclosure) -> Reals:
    """(R, L): of a computed score and the exponential of its distance from the largest."""
    u, a, E, s = how.dtype.u, how.accumulation.u, how.exp_ulps, how.s
    D, t = head.q.shape[1], np.where(head.allowed, known.t, 0.0)
    top = np.where(head.allowed, known.t, -np.inf).max(axis=1, initial=-np.inf)[:, None]
    h = np.where(head.allowed, top - known.t, 0.0) + 2 * how.lag
    squares = head.scale**2 * ((head.q**2) @ (head.k**2).T)
    variance = a**2 / 3 * (squares * (1 + D / 2) + t**2 * (D / 3 + 4) + 2 * np.square(head.offset))
    variance += (s * u**2 + (2 * how.tanh_ulps * a) ** 2 * bool(head.softcap)) / 3 * t**2
    variance += (2 * E * a) ** 2 / 3 * 2 + ((3 * a) ** 2 + (min(s, 2) * u) ** 2) / 3 * np.square(h)
    if how.shift_rounded or how.split_keys:
        variance += (6 * a) ** 2 / 3 * (t**2 + np.square(h))
    return variance


def typical(head: Head, how: Arithmetic, known: Enclosure, up_v: Reals) -> Typical:
    """Before the rounding of the output, given Σ p|v|."""
    u, a, s = how.dtype.u, how.accumulation.u, how.s
    n = np.maximum(head.n, 1).astype(np.float64)
    t = np.where(head.allowed, known.t, 0.0)
    p = np.where(head.allowed, np.exp(known.log_p), 0.0)
    middle = head.v.mean(axis=0) if len(head.v) else np.zeros(head.v.shape[1])
    v, o = head.v - middle, known.o - middle

    def scatter(g: Reals) -> Reals:
        """Σ g (v − o)²."""
        second = g @ v**2
        return np.maximum(second - 2 * o * (g @ v) + o**2 * g.sum(axis=1)[:, None], 0.0) + 1e-12 * second

    g = p**2 * score_variance(head, how, known)
    square = scatter(g) + (n[:, None] + 8) * a**2 / 3 * (up_v**2 + known.o**2)
    log = g.sum(axis=1) + a**2 / 3 * (n + 12 * (1 + known.lse**2 + np.log(n) ** 2))
    if s:
        square += u**2 / 3 * ((p**2) @ head.v**2 + known.o**2)
        log += 2 * u**2 / 3
    if how.cast:
        square += u**2 / 3 * ((p**2 @ head.v**2) + scatter(p**2))
        log += how.cast_sum * u**2 / 3 * (p**2).sum(axis=1)
    if how.normalised_by_lse or how.split_keys:  # an error of the log-sum-exp does not cancel
        square += log[:, None] * known.o**2
    shared = 5 * a + (2 * u if s else 0.0)
    mean = (p * t).sum(axis=1)
    return Typical(square, np.abs((p * t) @ v - o * mean[:, None]) * shared, log, np.abs(mean) * shared)


class Moved(NamedTuple):
    """Variances of one head's dQ (R, D), dK (L, D), dV (L, Dv) before their last roundings."""

    dq: Reals
    dk: Reals
    dv: Reals


def typical_gradients(
    head: Head, how: Arithmetic, known: Enclosure, dO: Reals, p: Reals, x: Reals, slope: Reals | float, rows: int
) -> Moved:
    """Given P, x = dP − Δ, the derivative of the softcap and the rows of the group."""
    u, a, s, c1 = how.dtype.u, how.accumulation.u, how.s, int(how.cast or how.s > 0)
    n, Dv = np.maximum(head.n, 1).astype(np.float64)[:, None], dO.shape[1]
    forward = typical(head, how, known, p @ np.abs(head.v))
    t = np.where(head.allowed, known.t, 0.0)
    score = score_variance(head, how, known) + ((5 * a + (2 * u if s else 0.0)) * t) ** 2
    lse = (forward.lse + forward.lse_shared**2 + 3 * a**2 * known.lse**2)[:, None]
    dS, q2, k2 = p * x * slope, head.q**2, head.k**2
    products = (dO**2) @ (head.v**2).T
    dP = a**2 / 3 * (1 + Dv / 2) * products + c1 * u**2 / 3 * (dO @ head.v.T) ** 2
    out = forward.out + forward.out_shared**2 + u**2 / 3 * known.o**2 + how.lost_output**2
    delta = (dO**2 * out).sum(axis=1)[:, None]
    own = (p * slope) ** 2 * (score * x**2 + dP) + (6 * a**2 + (how.cast + 2 * s) * u**2) / 3 * dS**2
    if head.softcap is not None:
        own = own + 4 * (p * x) ** 2 * score / head.softcap**2
    scale2, weights = head.scale**2, p * slope
    dq, dk, dv = dS @ head.k, dS.T @ head.q, p.T @ dO
    return Moved(
        scale2
        * (
            own @ k2
            + delta * (weights @ head.k) ** 2
            + lse * dq**2
            + a**2 / 3 * ((1 + n / 2) * (dS**2 @ k2) + (n / 3 + 4) * dq**2)
            + s * u**2 / 3 * dq**2
        ),
        scale2
        * (
            (own + weights**2 * delta + lse * dS**2).T @ q2
            + a**2 / 3 * ((1 + rows / 2) * ((dS**2).T @ q2) + (rows / 3 + 4) * dk**2)
            + s * u**2 / 3 * dk**2
        ),
        (p**2 * (score + lse + c1 * u**2 / 3)).T @ dO**2
        + a**2 / 3 * ((1 + rows / 2) * ((p**2).T @ dO**2) + (rows / 3 + 4) * dv**2),
    )
