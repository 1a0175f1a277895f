"""How far the gradients of a right kernel may be from the true ones: dQ, dK, dV for a given grad_output dO.

    dP = dO Vᵀ,   Δ = Σ_j P_j dP_j = dO·o,   dS = P (dP − Δ),   dQ = scale·dS K,   dK = scale·dSᵀ Q,   dV = Pᵀ dO

dK and dV are summed over the heads of a group. As in the forward pass, Σ_j P_j (dP_j − Δ) = 0, so errors that all
weights of a row have in common cancel. BOUND.md states the assumptions and the proof; the true gradients are enclosed
in float64 from the enclosure of the forward pass, and what is beyond is judged again in balls. A softcap multiplies dS
by its derivative 1 − tanh². Neighbours: `bound` (W, τ, the log-sum-exp), `truth`, `verdict`.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .arithmetic import Arithmetic
from .bound import LEAST, SLACK, forward_bound, kernel_score_error
from .problem import Enclosure, Head, Problem, Reals
from .protocol import AttentionKernel, as_reals
from .truth.balls import ball_gradients, distance
from .truth.floats import U, enclose
from .typical import independent, level, typical_gradients
from .verdict import BEYOND, IMPLAUSIBLE, UNJUDGED, WITHIN

NAMES = ("dq", "dk", "dv")


class Gradient(NamedTuple):
    """One gradient: the exact value is within `error` of `value`, a right kernel's within W of it, usually within T."""

    value: Reals
    error: Reals
    W: Reals
    T: Reals


class _Sums(NamedTuple):
    """What one head adds: value, error, E (the kernel's error before its last roundings), an upper bound of |value|.

    variance: that of E; infinite where roundings are not independent.
    """

    value: Reals
    error: Reals
    E: Reals
    size: Reals
    variance: Reals

    def over(self, seen: NDArray[np.bool_]) -> "_Sums":
        """The same over all keys: 0 for those that no row sees, without a bound where no key has one: 0·∞ is NaN."""
        full = [np.zeros((len(seen), self.value.shape[1])) for _ in self]
        if self.E.size and np.isinf(self.E).all():
            full[2][:] = np.inf
        for target, own in zip(full, self, strict=True):
            target[seen] = own
        return _Sums(*full)


def gradients(problem: Problem, how: Arithmetic, grad_out: Reals) -> dict[str, Gradient]:
    """dq (B, H, Lq, D), dk (B, Hk, Lk, D), dv (B, Hk, Lk, Dv) with errors and bounds, infinite where there is none.

    Args:
        problem: the forward pass.
        how: what the kernel declares.
        grad_out: (B, H, Lq, Dv) dO, numbers of the problem's dtype.

    Raises:
        InputError: grad_out has another shape than the output.
    """
    if grad_out.shape != (*problem.q.shape[:3], problem.v.shape[3]):
        raise InputError(f"grad_out has shape {grad_out.shape}; that of the output is required")
    shapes = {"dq": problem.q.shape, "dk": problem.k.shape, "dv": problem.v.shape}
    result = {name: Gradient(*(np.zeros(shape) for _ in range(4))) for name, shape in shapes.items()}
    with np.errstate(all="ignore"):
        for b, group, heads in groups(problem):
            ones = []
            for h in heads:
                head = problem.head(b, h)
                dq, dk, dv = _one_head(head, how, len(heads), grad_out[b, h])
                _put(result["dq"], (b, h), _rounded(dq, how, head.scale))
                ones.append((dk.over(head.seen), dv.over(head.seen)))
            scale = problem.head(b, heads[0], rows=[]).scale
            for name, several, factor in zip(("dk", "dv"), zip(*ones, strict=True), (scale, 1.0), strict=True):
                whole = _Sums(*(np.sum(x, axis=0) for x in zip(*several, strict=True)))
                if len(heads) > 1:  # each head's gradient may be rounded before the sum, and the sum after each head
                    more = np.expm1(len(heads) * how.dtype.u) * (whole.size + whole.E) + len(heads) * how.half_step
                    variance = whole.variance + len(heads) * how.dtype.u**2 / 3 * whole.size**2
                    whole = whole._replace(E=whole.E + more, variance=variance)
                _put(result[name], (b, group), _rounded(whole, how, factor))
    return result


def groups(problem: Problem) -> list[tuple[int, int, list[int]]]:
    """(b, head of k, heads of q that read it)."""
    B, H, Hk = problem.q.shape[0], problem.q.shape[1], problem.k.shape[1]
    G = H // max(1, Hk)
    return [(b, g, list(range(g * G, (g + 1) * G))) for b in range(B) for g in range(Hk)]


def _put(target: Gradient, at: tuple[int, int], values: Gradient) -> None:
    for whole, own in zip(target, values, strict=True):
        whole[at] = own


def _rounded(x: _Sums, how: Arithmetic, scale: float) -> Gradient:
    """R: the last roundings, to the dtype; no bound where the result may overflow."""
    steps = 1 + how.s
    lost = steps * max(1.0, abs(scale)) * how.half_step + 4 * how.accumulation.tiny + how.lost_output
    W, T = (
        (E + np.expm1(steps * how.dtype.u) * (x.size + E) + lost) * SLACK + LEAST
        for E in (x.E, level(x.E.size) * np.sqrt(x.variance))
    )
    sound = np.isfinite(W) & np.isfinite(x.error) & (x.size + W <= how.dtype.largest)
    W = np.where(sound, W, np.inf)
    T = np.where(sound & (T < W) & (x.size > 2.0**-400), T, W)  # variances of smaller ones underflow
    return Gradient(x.value, np.where(np.isfinite(x.error), x.error, np.inf), W, T)


def _one_head(head: Head, how: Arithmetic, G: int, dO: Reals) -> tuple[_Sums, _Sums, _Sums]:
    """What one head of a group of G adds to dQ, dK and dV."""
    known = enclose(head)
    bound = forward_bound(head, how, known)
    u, a, s, tiny, half = how.dtype.u, how.accumulation.u, how.s, how.accumulation.tiny, how.half_step
    c1, c2, w, narrow = int(how.cast or s > 0), how.cast + s, how.lost_weight, how.narrow
    eager, scale, on = int(s > 0), abs(head.scale), head.allowed
    (R, Dv), n = dO.shape, np.maximum(head.n, 1).astype(np.float64)[:, None]
    N = np.minimum(n, max(1, -(-head.length // max(1, how.block))))
    size_dO, size_v, size_q, size_k = (np.abs(x) for x in (dO, head.v, head.q, head.k))
    each = size_dO.sum(axis=1)[:, None]

    # The exact quantities, enclosed: P within P ρ, dP, Δ, x = dP − Δ and dS = P x within what `_error` says.
    P = np.where(on, np.exp(known.log_p), 0.0)
    rho = np.where(on, np.expm1(known.log_p_error + 10 * U), 0.0)
    both = size_dO @ size_v.T
    dP, dP_error = dO @ head.v.T, np.expm1((Dv + 1) * U) * both + 4 * (Dv + 1) * LEAST
    x = dP - (dO * known.o).sum(axis=1)[:, None]
    delta_error = (size_dO * (known.o_error + (Dv + 1) * U * np.abs(known.o))).sum(axis=1)[:, None] * SLACK
    x_error = dP_error + delta_error + 2 * U * np.abs(x)
    dS, up = P * x, (P * (1 + rho)) * SLACK + on * LEAST
    lost_P = P * (rho + 2 * U) + on * 2.0**-1060  # a subnormal P is rounded absolutely
    dS_error = (up * x_error + lost_P * np.abs(x)) * SLACK
    x_size, dS_size, dP_size = np.abs(x) + x_error, np.abs(dS) + dS_error, np.abs(dP) + dP_error

    # The kernel's weights (π), dP (E_P), Δ by either way (E_D) and dS (E_S).
    lse = np.abs(known.lse) + known.lse_error
    common = bound.lse + 3 * a * lse + how.argument * (np.log(n[:, 0]) + bound.lse) + 8 * a
    pi = np.where(on, np.expm1(bound.tau + common[:, None]), 0.0)
    own = up * (1 + pi)
    E_P = np.expm1((Dv + 1 + 2 * narrow) * a) * both + tiny * (2 * Dv + each + size_v.sum(axis=1)[None, :])
    hidden = both + E_P  # keys that only other rows see: 0·∞ would be NaN
    E_P = np.where(on, E_P + c1 * (u * (dP_size + E_P) + half), 0.0)
    out = np.abs(known.o) + known.o_error + bound.W
    growth = np.expm1((Dv + 1 + narrow) * a + 2 * eager * u)
    from_out = (size_dO * (bound.W + growth * out)).sum(axis=1) + eager * (Dv + 1) * half
    from_out += tiny * (2 * Dv + each[:, 0] + out.sum(axis=1))
    growth = np.expm1((2 * n + N + 6) * a + how.cast * u + 5 * eager * u)
    from_P = (up * pi * x_size + own * E_P + (growth * own + on * w) * (dP_size + E_P)).sum(axis=1)
    from_P += 2 * n[:, 0] * tiny + eager * (n[:, 0] + 1) * half
    E_D = np.where(head.n > 0, np.maximum(from_out, from_P), 0.0)[:, None]
    growth = np.expm1(4 * a + c2 * u)
    E_S = up * pi * x_size + own * (E_P + E_D) + w * (x_size + E_P + E_D) + 4 * tiny
    E_S = np.where(on, (1 + growth) * E_S + growth * dS_size, 0.0) * SLACK

    # Rows in which something may overflow, and rows without a bound of their own, leave none for what they enter.
    lacking = ~np.isfinite(bound.W).all(axis=1) | ~np.isfinite(bound.lse) | ~np.isfinite(dO).all(axis=1)
    room, most = how.largest, max(1.0, scale)
    reach = (hidden * (1 + u)).max(axis=1, initial=0.0)
    lacking |= ~(reach <= room(c1)) | ~(1.01 * own.max(initial=0.0) <= room(c1))
    lacking |= ~(1.01 * reach * (1 + own.sum(axis=1)) + 2 * E_D[:, 0] <= room(s))
    lacking |= ~(1.01 * most * (dS_size + E_S).max(axis=1, initial=0.0) <= room(c2))
    lacking |= ~(1.01 * size_dO.max(axis=1, initial=0.0) <= room(s))
    lacking &= head.n > 0
    lacking |= not head.clean

    keys, slope = on.astype(np.float64), 1.0
    lost, unit = most * (4 * tiny + c2 * half), max(1.0, head.softcap or 0.0)
    scale_lost = 2 * how.lost_score * unit if scale < 2 * how.score_normal * unit else 0.0  # it may underflow itself
    if head.softcap is not None:
        reach = 1.01 * max(head.softcap, 1.0) * most * (dS_size + E_S).max(axis=1, initial=0.0)
        lacking |= ~(reach <= room(c2)) & (head.n > 0)
        slope, dS, dS_error, E_S = _through_softcap(head, how, known, head.softcap, dS, dS_error, E_S)
        dS_size = np.abs(dS) + dS_error
        lost *= 3 * max(1.0, 1 / head.softcap)

    def product(left: Reals, error: Reals, E: Reals, right: Reals, terms: Any, below: Reals) -> _Sums:
        """scale · left @ right, with `terms` roundings on each term."""
        sums = (np.abs(left) + error) @ np.abs(right)
        rounding = np.expm1((terms + narrow) * a + s * u)
        value = head.scale * (left @ right)
        exact = scale * (error @ np.abs(right) + np.expm1((terms + 3) * U) * sums) * SLACK + LEAST
        E_sum = scale * ((1 + rounding) * (E @ np.abs(right)) + rounding * sums) + below
        E_sum = E_sum + scale_lost * (1 + rounding) * (sums + E @ np.abs(right))
        reach = 1.01 * G * most * (1 + rounding) * (sums + E @ np.abs(right))
        E_sum = np.where(reach <= room(s), E_sum, np.inf)
        return _Sums(value, exact, E_sum, np.abs(value) + exact, np.full_like(E_sum, np.inf))

    touched = how.lost_score * (dS_size + E_S)  # q or k times a root of the scale underflows
    below_q = lost * (keys @ size_k) + most * (2 * n * tiny + touched.sum(axis=1)[:, None])
    dq = product(dS, dS_error, E_S, head.k, n + 6, below_q)
    below_k = lost * (keys.T @ size_q) + most * (2 * G * R * tiny + touched.sum(axis=0)[:, None])
    dk = product(dS.T, dS_error.T, E_S.T, head.q, float(G * R + 6), below_k)
    rounding = np.expm1((G * R + 1 + narrow) * a + c1 * u)
    value, sums = P.T @ dO, up.T @ size_dO
    error = (lost_P.T @ size_dO + np.expm1((G * R + 3) * U) * sums) * SLACK + LEAST
    E_V = (up * pi).T @ size_dO + rounding * (own.T @ size_dO)
    below_v = (tiny + c1 * half) * (keys.T @ size_dO) + tiny * (2 * G * R + sums)
    E_V = E_V + below_v
    reach = 1.01 * G * (1 + rounding) * (own.T @ size_dO)
    E_V = np.where(reach <= room(0), E_V, np.inf)
    dv = _Sums(value, error, E_V, np.abs(value) + error, np.full_like(E_V, np.inf))

    usual = typical_gradients(head, how, known, dO, P, x, slope, G * R)
    alike = ~independent(head, how, known.t).any(axis=1) & (head.n > 1) | (bound.tau > 0.25).any(axis=1)
    flushed = on * (scale * (w * x_size + 4 * tiny + c1 * half) + scale_lost * dS_size)  # no matter of chance
    below_q, below_k = below_q + flushed @ size_k, below_k + flushed.T @ size_q
    dq = dq._replace(variance=np.where(alike[:, None], np.inf, usual.dq + below_q**2))
    if not alike.any():
        dk = dk._replace(variance=usual.dk + below_k**2)
        dv = dv._replace(variance=usual.dv + below_v**2)

    dq = dq._replace(E=np.where(lacking[:, None], np.inf, dq.E))
    if lacking.any():
        dk, dv = (x._replace(E=np.full_like(x.E, np.inf)) for x in (dk, dv))
    return dq, dk, dv


def _through_softcap(
    head: Head, how: Arithmetic, known: Enclosure, c: float, dS: Reals, dS_error: Reals, E_S: Reals
) -> tuple[Reals, Reals, Reals, Reals]:
    """φ, dS φ, its error and the kernel's, with φ = 1 − tanh²: of the score before the cap."""
    u, a, eager = how.dtype.u, how.accumulation.u, int(how.s > 0)
    b = np.zeros_like(dS) if head.bias_first else head.offset + np.zeros_like(dS)
    x = (known.t - b) / c
    x_error = (known.t_error + 4 * U * (np.abs(known.t) + np.abs(b))) / c + 4 * U
    x = np.clip(x, -1.0, 1.0)
    phi, size = 1 - x**2, np.abs(x) + x_error
    phi_error = (2 * np.abs(x) + x_error) * x_error + 4 * U
    most = phi + phi_error
    off = np.minimum(kernel_score_error(head, np.abs(known.t) + known.t_error, how) / c, 2.0)
    E_phi = np.exp(a + eager * u) * (
        (2 * size + off) * off + np.expm1(8 * a + 3 * eager * u) * (size + off) ** 2 + 2 * how.lost_score
    )
    E_phi = E_phi + np.expm1(a + eager * u) * most
    growth, dS_size = np.expm1(6 * a + 3 * eager * u), np.abs(dS) + dS_error
    E = (1 + growth) * (E_S * (most + E_phi) + dS_size * E_phi) + growth * dS_size * most
    error = dS_error * most + np.abs(dS) * (phi_error + 2 * U) + LEAST
    on = head.allowed
    return phi, dS * phi, np.where(on, error * SLACK, 0.0), np.where(on, (E + 4 * how.accumulation.tiny) * SLACK, 0.0)


class GradientVerdict(NamedTuple):
    """Codes of `verdict.VERDICTS` for one gradient, its distance from the exact one (at most), W, who judged, T.

    by_balls: the elements beyond W that balls confirmed.
    """

    codes: NDArray[np.int8]
    error: Reals
    W: Reals
    by_balls: NDArray[np.bool_]
    T: Reals


def judge_gradients(
    kernel: AttentionKernel, problem: Problem, grad_out: Reals, got: dict[str, Reals]
) -> dict[str, GradientVerdict]:
    """The verdict on each of dq, dk, dv that `got` holds.

    Rows without keys have no gradient that is agreed on unless the kernel declares `empty_rows = "zero"`: dq of such a
    row is not judged, nor dk and dv of a group that has one.
    """
    exact = gradients(problem, kernel.arithmetic(problem.dtype), grad_out)
    result = {}
    for name in NAMES:
        if name not in got:
            continue
        value, error, W, T = exact[name]
        if kernel.empty_rows != "zero":
            for b, group, heads in groups(problem):
                empty = np.stack([problem.head(b, h).n == 0 for h in heads])
                if name == "dq":
                    W[b, heads[0] : heads[-1] + 1][empty] = np.inf
                elif empty.any():
                    W[b, group] = np.inf
        with np.errstate(invalid="ignore", over="ignore"):
            distance_ = np.abs(got[name] - value)
            low = np.where(np.isfinite(distance_), distance_ * (1 - 2.0**-40) - error, np.inf)
            high = distance_ * (1 + 2.0**-40) + error
        beyond = np.isfinite(W) & (low > W)
        codes = np.select([np.isinf(W), beyond, low > T], [UNJUDGED, BEYOND, IMPLAUSIBLE], WITHIN).astype(np.int8)
        by_balls = np.zeros(W.shape, dtype=np.bool_)
        for b, group, heads in groups(problem):
            own = np.s_[b, heads] if name == "dq" else np.s_[b, group]
            if beyond[own].any() and len(heads) * np.prod(problem.scores[2:]) <= MOST_SCORES:
                parts = [(problem.head(b, h), grad_out[b, h]) for h in heads]
                balls = ball_gradients(parts)[name]
                pairs = zip(balls, np.asarray(got[name][own]).ravel().tolist(), strict=True)
                lows = np.array([distance(x, y)[0] for x, y in pairs]).reshape(codes[own].shape)
                by_balls[own] = beyond[own] & (lows > W[own])
                codes[own] = np.where(beyond[own] & ~by_balls[own], WITHIN, codes[own])
        result[name] = GradientVerdict(codes, high, W, by_balls, T)
    return result


MOST_SCORES = 1 << 16
"""Scores of a group beyond which balls, which need about ten microseconds for each, do not confirm gradients."""


def differentiate(kernel: AttentionKernel, problem: Problem, grad_out: Reals) -> dict[str, Reals]:
    """dq, dk, dv of a torch kernel by autograd.

    Raises:
        InputError: the kernel takes no torch tensors.
    """
    if kernel.arrays != "torch":
        raise InputError(f"kernel {kernel.name} takes {kernel.arrays} arrays; torch tensors are required for gradients")
    arrays, keywords = kernel.arguments(problem)
    leaves = [x.requires_grad_() for x in arrays]
    out = kernel.function(*leaves, **keywords)
    out = out[0] if isinstance(out, tuple | list) else out
    swapped = grad_out.swapaxes(1, 2) if kernel.layout == "BLHD" else grad_out
    out.backward(kernel.array(swapped, problem.dtype))
    found = [as_reals(x.grad) for x in leaves]
    return {name: x.swapaxes(1, 2) if kernel.layout == "BLHD" else x for name, x in zip(NAMES, found, strict=True)}
