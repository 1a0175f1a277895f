"""How far a right kernel may be from the true output: W, a theorem for each element, and T, the typical level.

With p the softmax weights, o = Σ p_j v_j and computed weights e^{t_j − c} e^{θ_j}, |θ_j| ≤ τ_j, c common to the row,

    ô − o = Σ_j p_j (e^{θ_j} − 1)(v_j − o) / Σ_j p_j e^{θ_j}                                                (1)

because Σ p_j = 1 and Σ p_j (v_j − o) = 0: what all scores of a row have in common cancels. So W weighs the error of a
score by |v_j − o|, and sums, casts, the rounding of the output and underflow come on top.

BOUND.md states the assumptions A1 … A8 on the kernel, the theorem |ô − o| ≤ W, its proof, and why what is evaluated
here in float64, around an enclosure of p and o, is an upper bound of W. In short, u and a being the unit roundoffs of
the dtype and of the accumulation, n the keys of the row, N the blocks between two rescales, s the roundings of a score
in the dtype:

    e_j   how far the computed score may be:  (e^{(D+9)a+su} − 1) A_j + underflow,   A_j = |scale| Σ|q||k_j| + |b_j|
    h_j   how far below the computed maximum: max_k (t_k + e_k) − t_j + e_j
    τ_j = e_j + g_j + (e^{3a+min(s,2)u} − 1)(h_j + g_j) + N·2Ea/(1 − 2Ea),      g_j = a max(|t_j| + e_j, |max t|)
    F(τ) = min( Σ p(e^τ − 1)|v − o| / Σ p e^−τ , the distance of o from the ends of the allowed v )
    W    = the largest of e^β (F + (e^{α+κ} − 1) M) + (e^β − 1)|o| over both places where weights may be cast,
           + underflow of weights and sums + the rounding of the output

T is the same analysis with independent roundings of variance u²/3. It is no proof and never fails a kernel.
Neighbours: `truth` makes enclosures, `verdict` compares.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arithmetic import Arithmetic
from .problem import Enclosure, Format, Head, Reals
from .typical import independent, level, typical

SLACK = 1 + 2.0**-20
"""Covers the rounding of the bound's own evaluation: sums of fewer than 2²² nonnegative terms, each within 2⁻⁴⁵."""

LEAST = 2.0**-1000
"""Added to every bound: what underflows in its own evaluation."""

CHUNK = 1 << 18
"""Numbers in one block of |v_j − o_i|: what a core's cache holds."""


class ErrorBound(NamedTuple):
    """W, T (R, Dv) for the output, `lse`, `lse_typical` (R,) for the log-sum-exp; τ (R, L).

    clipped (R, Dv): what weights and underflow may do reaches beyond the hull of v: nothing can be told.
    """

    W: Reals
    T: Reals
    lse: Reals
    clipped: NDArray[np.bool_]
    tau: Reals
    lse_typical: Reals


def spread(weights: list[Reals], v: Reals, o: Reals) -> list[Reals]:
    """Σ_j g_ij |v_jd − o_id| for each g (R, L) of `weights`: (R, Dv)."""
    R, L = weights[0].shape
    stacked = np.stack(weights, axis=1)
    result = np.empty((R, len(weights), v.shape[1]))
    step = max(1, CHUNK // max(1, L * v.shape[1]))
    for low in range(0, R, step):
        part = slice(low, low + step)
        difference = v[None, :, :] - o[part, None, :]
        result[part] = stacked[part] @ np.abs(difference, out=difference)
    return [result[:, c] for c in range(len(weights))]


def expanded(p: Reals, log_p: Reals, x: Reals) -> Reals:
    """p(e^x − 1), from log p where x ≥ 30, since p may be 0 there in floats and e^x infinite; 0 where p and x are."""
    result = p * np.expm1(np.minimum(x, 30))
    far = x >= 30
    return np.where(far, np.exp(log_p + x + 2.0**-51 * (np.abs(log_p) + x)), result) if far.any() else result


def kernel_score_error(head: Head, t: Reals, how: Arithmetic) -> Reals:
    """e (R, L) of a kernel, given upper bounds of |t|."""
    return score_error(
        head,
        t,
        how.accumulation,
        roundings=9 + 2 * how.narrow,
        s_u=how.s * how.dtype.u,
        lost=how.lost_score,
        tanh=2 * how.tanh_ulps * how.accumulation.u,
        normal=how.score_normal,
    )


def score_error(
    head: Head, t: Reals, form: Format, *, roundings: int, s_u: float, lost: float, tanh: float, normal: float
) -> Reals:
    """e (R, L): how far a computed score may be from the exact one, given |t| (an upper bound of it).

    Args:
        head: the exact problem.
        t: upper bounds of |t_ij|.
        form: the format of the computation.
        roundings: how many it makes on a monomial besides the D of the product.
        s_u: s times the unit roundoff of the dtype.
        lost: w₀.
        tanh: relative error of tanh.
        normal: ω′, the least number that is normal in every format of a score.
    """
    a, D = form.u, head.q.shape[1]
    scale, b, c = abs(head.scale), np.abs(head.offset), head.softcap
    size, unit = scale * head.magnitude, c or 0.0
    growth = np.expm1((D + roundings) * a + s_u)
    sums = np.abs(head.q).sum(axis=1)[:, None] + np.abs(head.k).sum(axis=1)[None, :]
    below = lost * (1 + unit + scale) * (2 * D + 4 + sums)
    if scale < 2 * normal * max(1.0, unit):  # the scale itself, or its quotient by c, underflows
        below = below + 2 * lost * max(1.0, unit) * head.magnitude
    below = (1 + growth) * below
    if c is None:
        return growth * (size + b) + below
    first = growth * (size + (b if head.bias_first else 0.0)) + below
    first = np.minimum(first, 2 * c)
    capped = np.minimum(t if head.bias_first else t + b, c)
    error = first + np.expm1(tanh + 5 * a + s_u) * (capped + first) + 4 * (1 + c) * lost
    after = capped + error + (0.0 if head.bias_first else b)
    return error + np.expm1(4 * a + s_u) * after + 2 * lost


def forward_bound(head: Head, how: Arithmetic, known: Enclosure, elements: int | None = None) -> ErrorBound:
    """W, T and the bound of the log-sum-exp for every row of `head`; infinite where there is no bound.

    Args:
        head: the exact problem.
        how: what the kernel declares.
        known: an enclosure of its scores, weights and outputs.
        elements: how many elements the check looks at, for T; those of this head if None.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        return _forward(head, how, known, elements or known.o.size)


def _forward(head: Head, how: Arithmetic, known: Enclosure, elements: int) -> ErrorBound:
    u, a, E = how.dtype.u, how.accumulation.u, how.exp_ulps
    tiny, w, s = how.accumulation.tiny, how.lost_weight, how.s
    on, v, absv = head.allowed, head.v, np.abs(head.v)
    n = np.maximum(head.n, 1).astype(np.float64)
    N = np.minimum(n, max(1, -(-head.length // max(1, how.block))))
    log_n = np.log(n)
    exp_error = 2 * E * a / (1 - 2 * E * a) if 2 * E * a < 0.5 else np.inf

    # Scores and exponents: e, h, g, τ.
    size = np.abs(known.t) + known.t_error
    e = kernel_score_error(head, size, how)
    off = known.t_error + e
    high, low = (np.where(on, known.t + x, -np.inf).max(axis=1, initial=-np.inf)[:, None] for x in (off, -off))
    h = np.where(on, high - known.t + off, 0.0) + 2 * how.lag
    most_shift = np.where(head.n[:, None] > 0, np.maximum(np.abs(high), np.abs(low)), 0.0)
    g = a * np.maximum(size + e + how.lag, most_shift)
    argument = how.argument
    tau = e + g + argument * (h + g) + N[:, None] * exp_error
    alpha = (n + N + 3 + how.narrow) * a + (2 * u if s else 0.0)
    beta = (n + N + 1) * a
    kappa = u if how.cast else 0.0
    lse_size = np.abs(known.lse) + known.lse_error
    may_lead = on & (known.t + off >= low)
    least_sum = _shift(how, np.where(may_lead, g, 0.0), argument * 2 * how.lag, N, exp_error)
    heaviest = _shift(how, np.where(on, g, 0.0), (1 + argument) * how.lag, N, exp_error)
    logs = np.log(n) + heaviest  # ≥ |log Σ w|
    w = w + tiny * np.expm1(heaviest)  # a weight, or a rescale of one, underflows
    if how.split_keys:
        log = np.exp(8 * a) * a * (2 * E + 4) * (1 + logs[:, None])
        far = np.expm1(6 * a) * (g / a + log_n[:, None]) + log
        tau = tau + far + argument * (h + log_n[:, None] + far) + exp_error + 2 * a
        alpha = alpha + np.exp(8 * a) * a * (6 * (lse_size + log_n) + (2 * E + 4) * (1 + logs) + 8)
    tau = np.where(on, tau * SLACK, 0.0)

    # Weighted sums around the enclosure: `up` ≥ p, and p(e^x − 1) jointly in the logarithm where x is large.
    log_up = known.log_p + known.log_p_error
    up = np.where(on, np.exp(log_up), 0.0)
    up_v = up @ absv

    def lower_sum(x: Reals) -> Reals:
        below = np.where(on, np.exp(known.log_p - known.log_p_error - x), 0.0).sum(axis=1)
        return (below / SLACK)[:, None]

    both = [tau, tau + kappa] if how.cast else [tau]
    more = [expanded(up, log_up, x) for x in both]
    sums = spread(more, v, known.o)
    most = tau.max(axis=1, initial=0.0) + kappa
    hull, largest = _hull(head, known, most > 0.4)
    hull = (hull + known.o_error) * SLACK
    F, M = [], []
    for x, g_x, sum_x in zip(both, more, sums, strict=True):
        Z = lower_sum(x)
        F.append((sum_x + known.o_error * g_x.sum(axis=1)[:, None]) / Z)
        M.append(np.fmin((up_v + g_x @ absv) / Z, largest))
    clipped = ~(F[0] * SLACK <= hull)
    F = [np.fmin(f * SLACK, hull) for f in F]
    size_o = np.abs(known.o) + known.o_error
    alpha, beta = alpha[:, None], beta[:, None]
    log_more = np.log1p(more[0].sum(axis=1)) * SLACK  # ≥ log Σ p e^τ, as the sum of p(e^τ − 1) is what exceeds 1

    # The log-sum-exp, and the second pass that is normalised by it.
    lost_sum = np.exp(least_sum + beta[:, 0]) * (1.01 * w * n + (n + N) * tiny)
    rest = log_more + (n + N + 1) * a + (2 * u if s else 0.0) + u * how.cast_sum + lost_sum
    logs_rest = 6 * (lse_size + logs + rest)
    lse = rest + np.exp(8 * a) * a * (logs_rest + (2 * E + 3) * logs + 12) + 4 * tiny
    if how.split_keys:
        lse = lse + np.exp(8 * a) * a * (logs_rest + (2 * E + 4) * (1 + logs) + 8)
    if how.normalised_by_lse:
        second = 3 * a * lse_size + argument * (log_n + lse)
        alpha = alpha + (lse + log_more + second)[:, None]

    # W: W1 + underflow + the rounding of the output.
    W1 = F[0] + np.expm1(alpha + kappa) * M[0]
    if how.cast:
        W1 = np.maximum(W1, F[1] + np.expm1(alpha) * M[1])
    W1 = np.exp(beta) * W1 + np.expm1(beta) * size_o
    count, blocks = n[:, None], N[:, None]
    least = ((7 if how.split_keys else 3) * count + 2 * blocks + 8) * tiny
    lost = 1.01 * w[:, None] * (on @ absv + count * (size_o + W1)) + least * (1 + size_o + W1)
    lost = np.exp(least_sum[:, None] + alpha + kappa) * lost
    out = how.lost_output + LEAST * (1 + absv.sum(axis=0))
    W0 = (W1 + lost) * SLACK
    W = (W0 + u * (size_o + W0) + out) * SLACK
    sums = np.exp(beta) * np.expm1(alpha + kappa) * M[0] + (np.expm1(beta) + u) * size_o + out
    clipped |= _empty_bound(head, known, most, F[0] + lost, hull, sums) | (alpha + kappa >= np.log(2))

    usual, z = typical(head, how, known, up_v), level(elements)
    T = z * np.sqrt(usual.out) + usual.out_shared + (lost + u * (size_o + W0) + out) * SLACK
    lse_typical = z * np.sqrt(usual.lse) + usual.lse_shared + lost_sum + 4 * tiny
    sure = (most <= 0.25)[:, None] & ~clipped & independent(head, how, known.t)
    T = np.where(sure & (T < W), T, W)
    lse_typical = np.where((most <= 0.25) & sure.any(axis=1) & (lse_typical < lse), lse_typical, lse)

    grown = np.exp(np.minimum(heaviest[:, None] + alpha + kappa, 800.0)) * 1.01  # a weight and its roundings
    none = ~head.finite | overflows(head, how, on, size + e, count * grown)
    none |= ~(grown[:, 0] <= how.largest(s or how.cast))
    most_out = how.dtype.largest * (1 + u / 2)
    no_bound = none[:, None] | (grown * (on @ absv) > how.accumulation.largest) | (size_o + W > most_out)
    no_bound |= ~np.isfinite(W)
    W, T = (np.where(no_bound, np.inf, x) for x in (W, T))
    none |= ~np.isfinite(lse)
    lse, lse_typical = (np.where(none, np.inf, x * SLACK + LEAST) for x in (lse, lse_typical))
    return ErrorBound(W, T, lse, clipped & ~no_bound, tau, lse_typical)


def _hull(head: Head, known: Enclosure, rows: NDArray[np.bool_]) -> tuple[Reals, Reals]:
    """max(max v − o, o − min v) and max |v| over the allowed keys in `rows`, where they can matter.

    Elsewhere infinite, and max |v| over all keys.

    If every τ ≤ x ≤ 0.4 then F is at most (e^x − 1)e^x < 1 times Σ p|v − o|, which is at most the first number.
    """
    reach = np.full(known.o.shape, np.inf)
    largest = np.tile(np.abs(head.v).max(axis=0, initial=0.0), (len(reach), 1))
    for i in np.flatnonzero(rows):
        own = head.v[head.allowed[i]]
        if len(own):
            high, low = own.max(axis=0), own.min(axis=0)
            reach[i] = np.maximum(high - known.o[i], known.o[i] - low)
            largest[i] = np.maximum(np.abs(high), np.abs(low))
    return reach, largest


def _empty_bound(
    head: Head, known: Enclosure, most: Reals, moved: Reals, hull: Reals, rounding: Reals
) -> NDArray[np.bool_]:
    """(R, Dv): where weights and underflow may move o beyond every allowed v, and by more than roundings do.

    `hull` is known in rows with `most` > 0.4 only; the others are looked at where that is possible.
    """
    clipped = moved >= hull + rounding
    possible = (moved >= rounding) & (np.abs(head.v).max(axis=0, initial=0.0) > 0) & ~(most > 0.4)[:, None]
    if possible.any():
        again, _ = _hull(head, known, possible.any(axis=1))
        clipped |= possible & (moved >= again + rounding)
    return clipped


def _shift(how: Arithmetic, g: Reals, lag: float, N: Reals, exp_error: float) -> Reals:
    """(R,): how far the logarithm of a weight may be above 0, or that of the leading one below 0.

    g (R, L) is that of the keys in question, and 0 for others; `lag` what a shift that lags behind adds.
    """
    if not how.shift_rounded and not how.lag:
        return np.zeros(len(g))
    u, a = how.dtype.u, how.accumulation.u
    worst = (1 + how.argument) * g.max(axis=1, initial=0.0) + lag
    return worst + N * (exp_error + a) + a + u * how.cast + 2 * u * bool(how.s)


def overflows(head: Head, how: Arithmetic, on: NDArray[np.bool_], size: Reals, total: Reals) -> NDArray[np.bool_]:
    """(R,): rows in which a score, a query times the scale, or a sum of weights (at most `total`) may overflow.

    Products with keys that only other rows see count too: a kernel may add −∞ to them.
    """
    most, least, c = how.largest(how.s), how.score_normal, head.softcap
    growth = np.exp((head.q.shape[1] + 9 + 2 * how.narrow) * how.accumulation.u + how.s * how.dtype.u)
    scale = max(1.0, abs(head.scale)) * (1.0 if c is None else max(1.0, 1 / c))
    reached = 3 * growth * scale * head.magnitude.max(axis=1, initial=0.0)
    reached = np.maximum(reached, 3.1 * np.where(on, size, 0.0).max(axis=1, initial=0.0))
    entries = np.abs(head.q).max(axis=1, initial=0.0) if head.q.size else np.zeros(len(on))
    entries = np.maximum(entries, np.abs(head.k).max(initial=0.0))
    reached = np.maximum(reached, 1.5 * scale * np.maximum(entries, 1.0))
    if c is not None and not 2 * least <= c <= 1 / (2 * least):
        reached = np.full_like(reached, np.inf)
    if how.narrow and head.v.size:
        reached = np.maximum(reached, 1.01 * np.abs(head.v).max())
    total = total[:, 0]
    return ~(reached <= most) | ~(total <= most) | ~(2 * total * least <= 1)
