"""How far a right kernel may be from the true output: W, a theorem for each element, and T, the typical level.

With p the softmax weights, o = Σ p_j v_j and computed weights e^{t_j − c} e^{θ_j}, |θ_j| ≤ τ_j, c common to the row,

    ô − o = Σ_j p_j (e^{θ_j} − 1)(v_j − o) / Σ_j p_j e^{θ_j}                                                (1)

because Σ p_j = 1 and Σ p_j (v_j − o) = 0: what all scores of a row have in common cancels. So W weighs the error of a
score by |v_j − o|, and sums, casts, the rounding of the output and underflow come on top.

BOUND.md states the assumptions A1 … A8 on the kernel, the theorem |ô − o| ≤ W, its proof, and why what is evaluated
here in float64, around an enclosure of p and o, is an upper bound of W. In short, u and a being the unit roundoffs of
the dtype and of the accumulation, n the keys of the row, N the blocks between two rescales, s the roundings of a score
in the dtype:

    e_j   how far the computed score may be:  (e^{(D+7)a+su} − 1) A_j + underflow,   A_j = |scale| Σ|q||k_j| + |b_j|
    h_j   how far below the computed maximum: max_k (t_k + e_k) − t_j + e_j
    τ_j = e_j + g_j + (e^{3a+min(s,2)u} − 1)(h_j + g_j) + N·2Ea/(1 − 2Ea),            g_j = a (|t_j| + e_j + h_j)
    F(τ) = min( Σ p(e^τ − 1)|v − o| / Σ p e^−τ , the distance of o from the ends of the allowed v )
    W    = the largest of e^β (F + (e^{α+κ} − 1) M) + (e^β − 1)|o| over both places where weights may be cast,
           + underflow of weights and sums + the rounding of the output

T is the same analysis with independent roundings of variance u²/3. It is no proof and never fails a kernel.
Neighbours: `truth` and `balls` make enclosures, `verdict` compares.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .problem import FORMATS, Format, Head, Reals

SLACK = 1 + 2.0**-20
"""Covers the rounding of the bound's own evaluation: sums of fewer than 2²² nonnegative terms, each within 2⁻⁴⁵."""

LEAST = 2.0**-1000
"""Added to every bound: what underflows in its own evaluation."""

CHUNK = 1 << 18
"""Numbers in one block of |v_j − o_i|: what a core's cache holds."""


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """How a kernel computes, as far as the bound depends on it; a kernel's declarations say it (`protocol`).

    Args:
        dtype: the format of q, k, v and the output.
        accumulation: the format of scores, weights and sums.
        s: roundings of a score to the dtype: 0, or up to 4.
        exp_ulps: E, for every exp of the accumulation.
        tanh_ulps: the same for tanh.
        cast: the weights are rounded to the dtype before they meet v.
        cast_sum: the log-sum-exp is that of rounded weights.
        block: the least number of keys between two rescales.
        shift_rounded: the shift is fl(max·c), so the maximal key need not have weight 1.
        lag: how far the running maximum may lag behind, in natural units.
        split_keys: partial results over ranges of keys are merged once, by their log-sum-exps.
        normalised_by_lse: weights of a second pass are exp(score − lse).
        flushes: results below the least normal number of the dtype may be flushed even where it is float16.
    """

    dtype: Format
    accumulation: Format
    s: int = 0
    exp_ulps: float = 2.0
    tanh_ulps: float = 2.0
    cast: bool = True
    cast_sum: bool = False
    block: int = 16
    shift_rounded: bool = False
    lag: float = 0.0
    split_keys: bool = False
    normalised_by_lse: bool = False
    flushes: bool = False

    @classmethod
    def of(cls, dtype: str, accumulates: str | None = None, **declared: object) -> "Arithmetic":
        """For the names of the formats; the accumulation is float32 for half inputs, else the dtype, if None."""
        wide = accumulates or ("float32" if dtype in ("float16", "bfloat16") else dtype)
        return cls(FORMATS[dtype], FORMATS[wide], **declared)  # type: ignore[arg-type]

    @property
    def narrow(self) -> int:
        """1 if the inputs are rounded to a narrower accumulation first, else 0."""
        return int(self.dtype.u < self.accumulation.u)

    @property
    def half_step(self) -> float:
        """How far a rounding to the dtype may be off below its normal range."""
        return self.dtype.tiny if self.flushes else self.dtype.eta / 2

    @property
    def argument(self) -> float:
        """How far the argument of an exp may be off, relatively."""
        return float(np.expm1(3 * self.accumulation.u + min(self.s, 2) * self.dtype.u))

    @property
    def lost_output(self) -> float:
        """The same for the output: where the format has the exponents of float32, processors may flush it."""
        return self.half_step + (0.0 if self.dtype.name == "float16" else self.dtype.tiny)

    @property
    def lost_score(self) -> float:
        """w₀: how far an operation on scores may be off where it underflows."""
        return self.accumulation.tiny + (self.half_step if self.s else 0.0)

    @property
    def lost_weight(self) -> float:
        """w: the same for a weight."""
        return self.accumulation.tiny + (self.half_step if self.s or self.cast else 0.0)


class Enclosure(NamedTuple):
    """What is known of a head: every exact value is within the second number of the first.

    t, t_error (R, L): scores. log_p, log_p_error (R, L): log p, −∞ for hidden keys. o, o_error (R, Dv): the output.
    lse, lse_error (R,): log Σ e^t.
    """

    t: Reals
    t_error: Reals
    log_p: Reals
    log_p_error: Reals
    o: Reals
    o_error: Reals
    lse: Reals
    lse_error: Reals


class ErrorBound(NamedTuple):
    """W, T (R, Dv) for the output, `lse` (R,) for the log-sum-exp, `clipped` (R, Dv): F is the hull of v; τ (R, L)."""

    W: Reals
    T: Reals
    lse: Reals
    clipped: NDArray[np.bool_]
    tau: Reals


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


def score_error(head: Head, t: Reals, form: Format, *, roundings: int, s_u: float, lost: float, tanh: float) -> Reals:
    """e (R, L): how far a computed score may be from the exact one, given |t| (an upper bound of it).

    Args:
        head: the exact problem.
        t: upper bounds of |t_ij|.
        form: the format of the computation.
        roundings: how many it makes on a monomial besides the D of the product.
        s_u: s times the unit roundoff of the dtype.
        lost: w₀.
        tanh: relative error of tanh.
    """
    a, D = form.u, head.q.shape[1]
    size, b, c = abs(head.scale) * head.magnitude, np.abs(head.offset), head.softcap
    growth = np.expm1((D + roundings) * a + s_u)
    sums = np.abs(head.q).sum(axis=1)[:, None] + np.abs(head.k).sum(axis=1)[None, :]
    below = lost * (1 + abs(head.scale)) * (2 * D + 4 + sums)
    if abs(head.scale) < 2 * max(form.tiny, lost):  # the scale itself underflows
        below = below + 2 * lost * head.magnitude
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
    e = score_error(
        head,
        size,
        how.accumulation,
        roundings=7 + 2 * how.narrow,
        s_u=s * u,
        lost=how.lost_score,
        tanh=2 * how.tanh_ulps * a,
    )
    off = known.t_error + e
    top = np.where(on, known.t + off, -np.inf).max(axis=1, initial=-np.inf)[:, None]
    h = np.where(on, top - known.t + off, 0.0) + 2 * how.lag
    g = a * (size + e + h)
    argument = how.argument
    tau = e + g + argument * (h + g) + N[:, None] * exp_error
    alpha = (n + N + 3 + how.narrow) * a + (2 * u if s else 0.0)
    beta = (n + N + 1) * a
    kappa = u if how.cast else 0.0
    lse_size = np.abs(known.lse) + known.lse_error
    if how.split_keys:
        far = (h + log_n[:, None]) * 1.01
        tau = tau + 6 * a * (size + e + far) + argument * far + (2 * E + 6) * a * (1 + log_n[:, None])
        alpha = alpha + a * (6 * (lse_size + log_n) + (2 * E + 4) * (1 + log_n) + 8)
    tau = np.where(on, tau * SLACK, 0.0)

    # Weighted sums around the enclosure: `up` ≥ p, and p(e^x − 1) jointly in the logarithm where x is large.
    log_up = known.log_p + known.log_p_error
    up = np.where(on, np.exp(log_up), 0.0)
    up_v = up @ absv

    def least(x: Reals) -> Reals:
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
        Z = least(x)
        F.append((sum_x + known.o_error * g_x.sum(axis=1)[:, None]) / Z)
        M.append(np.fmin((up_v + g_x @ absv) / Z, largest))
    clipped = ~(F[0] * SLACK <= hull)
    F = [np.fmin(f * SLACK, hull) for f in F]
    size_o = np.abs(known.o) + known.o_error
    alpha, beta = alpha[:, None], beta[:, None]
    log_more = np.log1p(more[0].sum(axis=1)) * SLACK  # ≥ log Σ p e^τ, as the sum of p(e^τ − 1) is what exceeds 1

    # The log-sum-exp, and the second pass that is normalised by it.
    heaviest = _shift(how, on, known, off, g, kappa, exp_error)
    lost_sum = np.exp(2 * heaviest) * (1.01 * w * n + (n + N) * tiny)
    rest = log_more + (n + N + 1) * a + (2 * u if s else 0.0) + u * how.cast_sum + lost_sum
    lse = rest + a * (6 * (lse_size + log_n + rest) + (2 * E + 3) * log_n + 12) + 4 * tiny
    if how.split_keys:
        lse = lse + a * (6 * (lse_size + log_n + rest) + (2 * E + 4) * (1 + log_n) + 8)
    if how.normalised_by_lse:
        second = 3 * a * lse_size + 1.01 * argument * (log_n + lse)
        alpha = alpha + (lse + log_more + second)[:, None]

    # W: W1 + underflow + the rounding of the output.
    W1 = F[0] + np.expm1(alpha + kappa) * M[0]
    if how.cast:
        W1 = np.maximum(W1, F[1] + np.expm1(alpha) * M[1])
    W1 = np.exp(beta) * W1 + np.expm1(beta) * size_o
    count, blocks = n[:, None], N[:, None]
    lost = 1.01 * w * (on @ absv + count * (size_o + W1)) + (3 * count + 2 * blocks + 8) * tiny * (1 + size_o + W1)
    lost = np.exp(2 * heaviest[:, None] + alpha + kappa) * lost
    out = how.lost_output + LEAST * (1 + absv.sum(axis=0))
    W0 = (W1 + lost) * SLACK
    W = (W0 + u * (size_o + W0) + out) * SLACK

    T = _typical(head, how, known, e, h, up_v, elements) + (lost + u * (size_o + W0) + out) * SLACK
    independent = (most <= 0.25)[:, None] & ~clipped & _varied(head, known, how)
    T = np.where(independent & (T < W), T, W)

    none = ~head.finite | _overflows(head, how, on, size + e, n)
    most_out = how.dtype.largest * (1 + u / 2)
    reach = 1.01 * np.exp(2 * heaviest[:, None]) * (on @ absv)
    no_bound = none[:, None] | (reach > how.accumulation.largest) | (size_o + W > most_out) | ~np.isfinite(W)
    W, T = (np.where(no_bound, np.inf, x) for x in (W, T))
    lse = np.where(none | ~np.isfinite(lse), np.inf, (lse * SLACK + LEAST))
    return ErrorBound(W, T, lse, clipped & ~no_bound, tau)


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


def _shift(
    how: Arithmetic, on: NDArray[np.bool_], known: Enclosure, off: Reals, g: Reals, kappa: float, exp_error: float
) -> Reals:
    """ĝ (R,): the computed sum of weights is at least e^−ĝ, and no weight exceeds e^ĝ; infinite beyond 60."""
    if not how.shift_rounded and not how.lag:
        return np.zeros(len(on))
    least = np.where(on, known.t - off, -np.inf).max(axis=1, initial=-np.inf)[:, None]
    may_lead = on & (known.t + off >= least)
    worst = np.where(may_lead, g, 0.0).max(axis=1, initial=0.0)
    worst = 1.01 * (worst + how.lag) + 2 * exp_error + kappa + 2 * how.dtype.u * bool(how.s)
    return np.where(worst <= 60, worst, np.inf)


def _overflows(head: Head, how: Arithmetic, on: NDArray[np.bool_], size: Reals, n: Reals) -> NDArray[np.bool_]:
    """(R,): rows in which a score, a query times the scale, or a sum of weights may overflow."""
    most = min(how.accumulation.largest, how.dtype.largest) if how.s else how.accumulation.largest
    least = max(how.accumulation.tiny, how.dtype.tiny) if how.s else how.accumulation.tiny
    scale = max(1.0, abs(head.scale))
    reached = 3.1 * scale * head.magnitude.max(axis=1, initial=0.0)
    reached = np.maximum(reached, 3.1 * np.where(on, size, 0.0).max(axis=1, initial=0.0))
    entries = np.abs(head.q).max(axis=1, initial=0.0) if head.q.size else np.zeros(len(on))
    reached = np.maximum(reached, 1.5 * scale * np.maximum(entries, np.abs(head.k).max(initial=0.0)))
    reached = np.maximum(reached, 1.5 * scale)
    return ~(reached <= most) | ~(4 * n <= most) | ~(4 * n * least <= 1)


def _varied(head: Head, known: Enclosure, how: Arithmetic) -> NDArray[np.bool_]:
    """(R, Dv): where roundings may count as independent: scores and values differ, and sums are not too long."""
    if head.length >= 8192 and how.accumulation.u >= 2.0**-24:
        return np.zeros(known.o.shape, dtype=np.bool_)
    ordered = np.sort(np.where(head.allowed, known.t, np.inf), axis=1)
    same = ((ordered[:, 1:] == ordered[:, :-1]) & np.isfinite(ordered[:, 1:])).sum(axis=1)
    constant = head.v.max(axis=0, initial=-np.inf) == head.v.min(axis=0, initial=np.inf)
    return (same <= head.n / 2)[:, None] & ~constant[None, :]


def _typical(head: Head, how: Arithmetic, known: Enclosure, e: Reals, h: Reals, up_v: Reals, elements: int) -> Reals:
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
