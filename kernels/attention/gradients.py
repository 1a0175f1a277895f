"""How far the gradients of a right kernel may be from the true ones: dQ, dK, dV for a given grad_output dO.

    dP = dO Vᵀ,   Δ = Σ_j P_j dP_j = dO·o,   dS = P (dP − Δ),   dQ = scale·dS K,   dK = scale·dSᵀ Q,   dV = Pᵀ dO

dK and dV are summed over the heads of a group. As in the forward pass, Σ_j P_j (dP_j − Δ) = 0, so errors that all
weights of a row have in common cancel. BOUND.md states the assumptions and the proof; the true gradients are enclosed
in float64 from the enclosure of the forward pass, and what is beyond is judged again in balls. There is no bound for a
softcap. Neighbours: `bound` (W, τ, the log-sum-exp), `truth`, `balls`, `verdict`.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .arithmetic import Arithmetic
from .balls import ball_gradients, distance
from .bound import LEAST, SLACK, forward_bound
from .problem import Head, Problem, Reals
from .protocol import AttentionKernel, as_reals
from .truth import U, enclose
from .verdict import BEYOND, UNJUDGED, WITHIN

NAMES = ("dq", "dk", "dv")


class Gradient(NamedTuple):
    """One gradient: the exact value is within `error` of `value`, a right kernel's within W of the exact one."""

    value: Reals
    error: Reals
    W: Reals


class _Sums(NamedTuple):
    """What one head adds: value, error, E (the kernel's error before its last roundings), an upper bound of |value|."""

    value: Reals
    error: Reals
    E: Reals
    size: Reals

    def over(self, seen: NDArray[np.bool_]) -> "_Sums":
        """The same over all keys: 0 for those that no row sees."""
        full = [np.zeros((len(seen), self.value.shape[1])) for _ in self]
        for target, own in zip(full, self, strict=True):
            target[seen] = own
        return _Sums(*full)


def gradients(problem: Problem, how: Arithmetic, grad_out: Reals) -> dict[str, Gradient]:
    """dq (B, H, Lq, D), dk (B, Hk, Lk, D), dv (B, Hk, Lk, Dv) with errors and bounds, infinite where there is none.

    Args:
        problem: without a softcap.
        how: what the kernel declares.
        grad_out: (B, H, Lq, Dv) dO, numbers of the problem's dtype.

    Raises:
        InputError: the problem has a softcap, or grad_out another shape.
    """
    if problem.softcap is not None:
        raise InputError("gradients of a softcap have no bound; give a problem without one")
    if grad_out.shape != (*problem.q.shape[:3], problem.v.shape[3]):
        raise InputError(f"grad_out has shape {grad_out.shape}; that of the output is required")
    shapes = {"dq": problem.q.shape, "dk": problem.k.shape, "dv": problem.v.shape}
    result = {name: Gradient(*(np.zeros(shape) for _ in range(3))) for name, shape in shapes.items()}
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
                    whole = whole._replace(E=whole.E + more)
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
    W = x.E + np.expm1(steps * how.dtype.u) * (x.size + x.E)
    W = W + steps * max(1.0, abs(scale)) * how.half_step + 4 * how.accumulation.tiny
    W = (W + how.lost_output) * SLACK + LEAST
    sound = np.isfinite(W) & np.isfinite(x.error) & (x.size + W <= how.dtype.largest)
    return Gradient(x.value, np.where(np.isfinite(x.error), x.error, np.inf), np.where(sound, W, np.inf))


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

    keys = on.astype(np.float64)
    lost = most * (4 * tiny + c2 * half)

    def product(left: Reals, error: Reals, E: Reals, right: Reals, terms: Any, below: Reals) -> _Sums:
        """scale · left @ right, with `terms` roundings on each term."""
        sums = (np.abs(left) + error) @ np.abs(right)
        rounding = np.expm1((terms + narrow) * a + s * u)
        value = head.scale * (left @ right)
        exact = scale * (error @ np.abs(right) + np.expm1((terms + 3) * U) * sums) * SLACK + LEAST
        E_sum = scale * ((1 + rounding) * (E @ np.abs(right)) + rounding * sums) + below
        reach = 1.01 * G * most * (1 + rounding) * (sums + E @ np.abs(right))
        E_sum = np.where(reach <= room(s), E_sum, np.inf)
        return _Sums(value, exact, E_sum, np.abs(value) + exact)

    below = lost * (keys @ size_k) + most * tiny * (2 * n + dS_size.sum(axis=1)[:, None])
    dq = product(dS, dS_error, E_S, head.k, n + 4, below)
    below = lost * (keys.T @ size_q) + most * tiny * (2 * G * R + dS_size.sum(axis=0)[:, None])
    dk = product(dS.T, dS_error.T, E_S.T, head.q, float(G * R + 4), below)
    rounding = np.expm1((G * R + 1 + narrow) * a + c1 * u)
    value, sums = P.T @ dO, up.T @ size_dO
    error = (lost_P.T @ size_dO + np.expm1((G * R + 3) * U) * sums) * SLACK + LEAST
    E_V = (up * pi).T @ size_dO + rounding * (own.T @ size_dO)
    E_V = E_V + (tiny + c1 * half) * (keys.T @ size_dO) + tiny * (2 * G * R + sums)
    reach = 1.01 * G * (1 + rounding) * (own.T @ size_dO)
    dv = _Sums(value, error, np.where(reach <= room(0), E_V, np.inf), np.abs(value) + error)

    dq = dq._replace(E=np.where(lacking[:, None], np.inf, dq.E))
    if lacking.any():
        dk, dv = (x._replace(E=np.full_like(x.E, np.inf)) for x in (dk, dv))
    return dq, dk, dv


class GradientVerdict(NamedTuple):
    """Codes of `verdict.VERDICTS` for one gradient, its distance from the exact one (at most), W, who judged.

    by_balls: the elements beyond W that balls confirmed.
    """

    codes: NDArray[np.int8]
    error: Reals
    W: Reals
    by_balls: NDArray[np.bool_]


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
        value, error, W = exact[name]
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
        beyond = np.isfinite(W) & (low > W)
        codes = np.where(np.isinf(W), UNJUDGED, np.where(beyond, BEYOND, WITHIN)).astype(np.int8)
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
        result[name] = GradientVerdict(codes, distance_ * (1 + 2.0**-40) + error, W, by_balls)
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
