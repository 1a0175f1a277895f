"""The true output of attention, enclosed: computed in float64, with a proved error for each element.

The value computed here and the theorem of BOUND.md with the roles of exact and computed weights exchanged (the
identity (1) of `bound` holds either way) *are* an enclosure: with w_j the computed weights, o* = Σ w_j v_j / Σ w_j and
|θ_j| ≤ τ_j their errors, |o − o*| ≤ Σ w(e^τ − 1)|v − o*| / Σ w e^−τ. What it assumes of NumPy: round to nearest, sums
and products of matrices in any order with or without FMA, `exp`, `log` and `tanh` within 4 units in the last place.
Where float64 does not suffice (scores beyond 1e12, kernels that accumulate in float64, values that overflow) and for
whatever is reported, `balls` encloses a row by interval arithmetic of any precision; there is nothing in between.
"""

import numpy as np

from ..bound import LEAST, SLACK, expanded, score_error, spread
from ..problem import FORMATS, Enclosure, Head, Reals

U = 2.0**-53
ULPS = 8 * U
"""Relative error of `exp`, `log`, `tanh`: 4 units in the last place."""


MOST_EXACT = 1 << 20
"""Numbers v_j − o_i up to which Σ g|v − o| is summed; above it is bounded by products of matrices, which is faster."""


def scores(head: Head) -> tuple[Reals, Reals]:
    """t (R, L) and how far it may be from the exact scores; 0 for hidden keys."""
    t = head.scale * (head.q @ head.k.T)
    if head.bias_first:
        t = t + head.offset
    if head.softcap is not None:
        t = head.softcap * np.tanh(t / head.softcap)
    if not head.bias_first:
        t = t + head.offset
    form = FORMATS["float64"]
    # 4 roundings besides the product's: 1/√D (2), its product with the score, the bias.
    size = np.abs(t) * SLACK
    error = score_error(head, size, form, roundings=4, s_u=0.0, lost=form.tiny, tanh=ULPS, normal=form.tiny)
    return np.where(head.allowed, t, 0.0), np.where(head.allowed, error * SLACK + LEAST, 0.0)


def enclose(head: Head) -> Enclosure:
    """Scores, weights, outputs and log-sum-exps of all rows, each with its error; infinite where floats give none."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        return _enclose(head)


def _enclose(head: Head) -> Enclosure:
    on, v = head.allowed, head.v
    n = np.maximum(head.n, 1).astype(np.float64)
    t, t_error = scores(head)
    top = np.where(on, t, -np.inf).max(axis=1, initial=-np.inf)
    top = np.where(np.isneginf(top), 0.0, top)[:, None]
    x = np.where(on, t - top, -np.inf)
    w = np.exp(x)
    total = w.sum(axis=1)
    total = np.where(total > 0, total, 1.0)
    log_total = np.log(total)
    p = w / total[:, None]
    o = p @ v
    lse = top[:, 0] + log_total

    # τ: the score, the subtraction (relative to x), exp.
    tau = np.where(on, t_error + 1.01 * U * np.abs(x) + 1.01 * ULPS, 0.0)
    grown = expanded(p, x - log_total[:, None], tau)
    more = grown.sum(axis=1)
    least = np.where(on, p * np.exp(-tau), 0.0).sum(axis=1) / SLACK

    # |õ − o*| ≤ rounding of sums: every term passes at most 2n + 3 roundings. Then (1), around õ.
    own = np.expm1((2 * n + 3) * U)[:, None] * (p @ np.abs(v)) * SLACK
    own = own + 2.0**-1018 * ((n + 1) * (1 + np.abs(v).sum(axis=0).max(initial=0.0)))[:, None]
    around = spread([grown], v, o)[0] * SLACK if grown.size * v.shape[1] <= MOST_EXACT else _spread(grown, v, o, n)
    around = (around + own * more[:, None]) / least[:, None]
    reach = v.max(axis=0, initial=-np.inf) - v.min(axis=0, initial=np.inf) if len(v) else np.zeros(v.shape[1])
    o_error = (np.fmin(around, reach * SLACK) + own) * SLACK + LEAST

    moved = np.log1p(more) + (n + 3) * U
    lse_error = (moved + ULPS * 1.01 * (1 + log_total) + 2 * U * (np.abs(top[:, 0]) + np.abs(lse))) * SLACK + n * LEAST
    log_p = np.where(on, t - lse[:, None], -np.inf)
    log_p_error = np.where(on, (t_error + lse_error[:, None] + 2 * U * np.abs(np.where(on, log_p, 0.0))) * SLACK, 0.0)
    sound = head.finite & np.isfinite(o).all(axis=1) & np.isfinite(lse) & np.isfinite(t).all(axis=1)

    def known(values: Reals) -> Reals:
        good = sound if values.ndim == 1 else sound[:, None]
        return np.where(good & ~np.isnan(values), values, np.inf)

    return Enclosure(
        np.where(np.isfinite(t), t, 0.0),
        known(t_error),
        np.where(np.isnan(log_p), 0.0, log_p),
        np.where(on, known(log_p_error), 0.0),
        np.where(np.isfinite(o), o, 0.0),
        known(o_error),
        np.where(np.isfinite(lse), lse, 0.0),
        known(lse_error),
    )


def _spread(g: Reals, v: Reals, o: Reals, n: Reals) -> Reals:
    """An upper bound of Σ_j g_ij |v_jd − o_id| by matrix products alone.

    Around the mean of v, the least of Σ g|v| + |o| Σ g and, by Cauchy and Schwarz, √(Σ g · Σ g (v − o)²); the square
    is expanded, and what that loses to cancellation is added.
    """
    middle = v.mean(axis=0) if len(v) else np.zeros(v.shape[1])
    v, o = v - middle, o - middle
    total = g.sum(axis=1)[:, None]
    second, square = g @ v**2, o**2 * total
    cancelled = (n[:, None] + 16) * 2.0**-50 * (second + square)
    schwarz = np.sqrt(total * np.maximum(second - 2 * o * (g @ v) + square + cancelled, 0.0))
    return np.fmin(schwarz, g @ np.abs(v) + np.abs(o) * total) * (1 + 1e-9)
