"""Attention kernels that are right but as bad as they are allowed to be, and wrong ones.

Each is built from one plain loop over keys in emulated arithmetic: every operation is rounded to the accumulation. What
a right kernel does is declared; what a wrong one does is not. All of it is written from the formula of the layer and
shares nothing with the code under test but `rounded`.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from hardmax.kernels.attention.problem import FORMATS, rounded
from hardmax.kernels.attention.protocol import declare_attention


@dataclass(frozen=True)
class Plan:
    """What a kernel does, right or wrong."""

    acc: str | None = None
    order: str = "forward"  # of sums: forward, reverse, tree, large_first
    block: int | None = None
    exp: str = "e"  # e, 2 for exp2 with log2 e folded into the scale, or late for exp2(fl(x log2 e))
    exp_off: float = 0.0  # ulps that exp is off by, the sign alternating with the key
    half_scores: bool = False
    cast: str = ""  # "", "v": before v, "both": in the denominator too
    normalise: str = "after"  # after, before, reciprocal
    shift: str = "exact"  # exact, rounded, zero (wrong)
    splits: int = 1
    second_pass: bool = False
    flush: bool = False
    lag: float = 0.0
    narrow: bool = False  # float64 inputs computed in float32
    # wrong
    scale_off: float = 1.0
    drop_last: bool = False
    mask_off: int = 0
    no_rescale: bool = False
    flip_alignment: bool = False
    ignore_bias: bool = False
    ignore_mask: bool = False


def run(plan, problem):
    """(out, lse) of `plan` for `problem`, head by head."""
    acc = plan.acc or ("float32" if problem.dtype in ("float16", "bfloat16") else problem.dtype)
    if plan.flip_alignment:
        other = "top_left" if problem.alignment == "bottom_right" else "bottom_right"
        problem = replace(problem, alignment=other)
    out = np.zeros((*problem.q.shape[:3], problem.v.shape[3]))
    lse = np.full(problem.q.shape[:3], -np.inf)
    for b, h in problem.heads():
        group = h * problem.k.shape[1] // problem.q.shape[1]
        on = allowed(plan, problem, b, h)
        out[b, h], lse[b, h] = Machine(plan, acc, problem, on).head(
            problem.q[b, h],
            problem.k[b, group],
            problem.v[b, group],
            None if problem.bias is None or plan.ignore_bias else problem.bias[b, h],
        )
    return rounded(out, problem.dtype), lse


def allowed(plan, problem, b, h):
    Lq, Lk = problem.scores[2:]
    i, j = np.arange(Lq)[:, None], np.arange(Lk)[None, :]
    diagonal = i + (Lk - Lq if problem.alignment == "bottom_right" else 0) + plan.mask_off
    on = np.ones((Lq, Lk), dtype=bool)
    if problem.causal:
        on &= j <= diagonal
    if problem.window is not None:
        left, right = problem.window
        on &= (left < 0) | (j >= diagonal - left)
        on &= (right < 0) | (j <= diagonal + right)
    if problem.mask is not None and not plan.ignore_mask:
        on &= problem.mask[b, h]
    if problem.bias is not None and not plan.ignore_bias:
        on &= ~np.isneginf(problem.bias[b, h])
    if plan.drop_last:
        on[:, -1] = False
    return on


class Machine:
    def __init__(self, plan, acc, problem, on):
        self.plan, self.acc, self.problem, self.on = plan, acc, problem, on
        self.form = FORMATS[acc]

    def r(self, x):
        """Rounded to the accumulation, flushed if the plan says so."""
        y = rounded(x, self.acc)
        return np.where(np.abs(y) < self.form.tiny, 0.0, y) if self.plan.flush else y

    def h(self, x):
        return rounded(x, self.problem.dtype)

    def exp(self, x):
        if self.plan.exp == "late":
            x = self.r(x * self.r(np.log2(np.e)))
        y = np.exp(x) if self.plan.exp == "e" else np.exp2(x)
        off = 2 * self.plan.exp_off * self.form.u * (-1.0) ** np.arange(y.shape[-1])
        return self.r(np.where(x == 0, 1.0, y * (1 + off)))

    def total(self, terms):
        """Σ over axis 0 in the plan's order, rounded after each addition."""
        terms = list(terms)
        if not terms:
            return 0.0
        if self.plan.order == "reverse":
            terms = terms[::-1]
        if self.plan.order == "large_first":
            terms.sort(key=lambda x: -np.abs(x).max(initial=0))
        if self.plan.order == "tree":
            while len(terms) > 1:
                pairs = [self.r(x + y) for x, y in zip(terms[::2], terms[1::2], strict=False)]
                terms = pairs + terms[len(terms) // 2 * 2 :]
            return terms[0]
        result = terms[0]
        for term in terms[1:]:
            result = self.r(result + term)
        return result

    def scores(self, q, k, bias):
        plan, problem, r = self.plan, self.problem, self.r
        half = self.h if plan.half_scores else (lambda x: x)
        if plan.narrow:
            q, k = r(q), r(k)
            bias = None if bias is None else r(bias)
        exact = 1 / np.sqrt(max(1, q.shape[1])) if problem.scale is None else problem.scale
        factor = half(r(r(exact) * plan.scale_off))
        unit = r(np.log2(np.e)) if plan.exp == "2" else 1.0
        s = self.total(r(q[:, None, d] * k[None, :, d]) for d in range(q.shape[1])) + np.zeros((len(q), len(k)))
        capped = problem.softcap is not None
        s = half(r(half(s) * factor)) if capped or plan.half_scores else r(s * r(factor * unit))
        if capped:
            c = r(problem.softcap)
            if bias is not None and problem.softcap_order == "bias,softcap":
                s, bias = half(r(s + bias)), None
            s = half(r(c * half(r(np.tanh(half(r(s / c)))))))
        if capped or plan.half_scores:
            s = s if bias is None else half(r(s + np.where(self.on, bias, 0)))
            return r(s * unit) if plan.exp == "2" else s
        return s if bias is None else r(s + r(unit * np.where(self.on, bias, 0)))

    def head(self, q, k, v, bias):
        plan, r = self.plan, self.r
        with np.errstate(all="ignore"):
            v = np.where(self.on.any(axis=0)[:, None], v, 0.0)
            v = r(v) if plan.narrow else v
            s = np.where(self.on, self.scores(q, k, bias), -np.inf)
            if plan.splits > 1:
                return self.merged(s, v)
            acc, total, top = self.online(s, v)
            unit = np.log(2) if plan.exp == "2" else 1.0
            lse = r(r(top * unit) + r(np.log(total)))
            if plan.second_pass:
                w = self.exp(r(s - r(lse / unit)[:, None]))
                w = np.where(self.on, w, 0.0)
                w = self.h(w) if plan.cast else w
                return self.sums(w, v), lse
            return self.divided(acc, total), np.where(self.on.any(axis=1), lse, -np.inf)

    def online(self, s, v):
        plan, r = self.plan, self.r
        R, L = s.shape
        block = plan.block or max(1, L)
        acc, total, top = np.zeros((R, v.shape[1])), np.zeros(R), np.full(R, -np.inf)
        if plan.shift == "zero":
            top = np.zeros(R)
        for low in range(0, L, block):
            part = slice(low, low + block)
            new = np.maximum(top, s[:, part].max(axis=1, initial=-np.inf))
            if plan.lag:
                new = np.where(new - top > plan.lag, new, top)
            safe = np.where(np.isneginf(new), 0.0, new)
            factor = np.where(np.isneginf(top) & np.isneginf(new), 1.0, self.exp(r(top - safe)[:, None])[:, 0])
            used = safe
            if plan.shift == "rounded":  # next to a fused multiply-add, whose product is exact
                used = safe + self.form.u * 0.99 * np.abs(safe) * (-1.0) ** (low // block)
            w = np.where(np.isneginf(s[:, part]), 0.0, self.exp(r(s[:, part] - used[:, None])))
            below = self.h(w) if plan.cast else w
            if plan.normalise == "before" and block >= L:
                whole = self.total((below if plan.cast == "both" else w).T) + np.zeros(R)
                w = r(w / np.where(whole > 0, whole, 1)[:, None])
                return self.sums(self.h(w) if plan.cast else w, v), whole, new
            own = self.total((below if plan.cast == "both" else w).T)
            total = r((total if plan.no_rescale else r(total * factor)) + own)
            acc = r(r(acc * factor[:, None]) + self.sums(below, v[part]))
            top = new
        return acc, total, top

    def sums(self, w, v):
        return self.total(self.r(w[:, j, None] * v[None, j]) for j in range(len(v))) + np.zeros((len(w), v.shape[1]))

    def divided(self, acc, total):
        r, plan = self.r, self.plan
        if plan.normalise == "before" and plan.block is None:
            return acc
        total = np.where(total > 0, total, 1)[:, None]
        return r(acc * r(1 / total)) if plan.normalise == "reciprocal" else r(acc / total)

    def merged(self, s, v):
        r = self.r
        edges = np.linspace(0, s.shape[1], self.plan.splits + 1).astype(int)
        parts, lses = [], []
        for low, high in pairwise(edges):
            acc, total, top = self.online(s[:, low:high], v[low:high])
            parts.append(self.divided(acc, total))
            lses.append(np.where(total > 0, r(top + r(np.log(np.where(total > 0, total, 1)))), -np.inf))
        top = np.max(lses, axis=0)
        safe = np.where(np.isneginf(top), 0, top)
        lse = r(safe + r(np.log(self.total([r(np.exp(r(x - safe))) for x in lses]))))
        lse = np.where(np.isneginf(top), -np.inf, lse)
        w = [np.where(np.isneginf(x), 0, r(np.exp(r(x - np.where(np.isneginf(lse), 0, lse))))) for x in lses]
        return self.total([r(x[:, None] * part) for x, part in zip(w, parts, strict=True)]), lse


def kernel(plan, **wrongly_declared):
    """The plan as a kernel that takes a problem itself (its arithmetic is emulated), with honest declarations."""
    declared = {
        "dtypes": tuple(FORMATS),
        "accumulates": plan.acc,
        "weights_cast": {"": False, "v": True, "both": "both"}[plan.cast],
        "score_roundings": 4 if plan.half_scores else 0,
        "block": plan.block or 10**6,
        "shift_rounded": plan.shift == "rounded",
        "split_keys": plan.splits > 1,
        "normalised_by_lse": plan.second_pass,
        "flushes": plan.flush,
        "lag": plan.lag,
        "exp_ulps": 2.0,
    } | wrongly_declared
    return declare_attention(lambda q, k, v: None, name="emulated", **declared)


RIGHT = {
    "plain": Plan(),
    "reverse": Plan(order="reverse", exp_off=1.4),
    "large_first": Plan(order="large_first", exp_off=1.4, normalise="reciprocal"),
    "tree": Plan(order="tree"),
    "online": Plan(block=4, exp_off=1.4),
    "online_cast": Plan(block=8, cast="v", exp_off=-1.4),
    "cast_both": Plan(cast="both"),
    "cast_normalised": Plan(cast="v", normalise="before"),
    "exp2_late": Plan(exp="late", block=16, exp_off=0.9),
    "exp2": Plan(exp="2", block=16, cast="v"),
    "eager_half": Plan(half_scores=True, cast="v", normalise="before"),
    "half_scores": Plan(half_scores=True, order="reverse"),
    "all_half": Plan(acc="dtype", half_scores=True, cast="v", exp_off=1.4),
    "shift_rounded": Plan(shift="rounded", block=4, exp="e", cast="v"),
    "shift_rounded_half": Plan(shift="rounded", block=4, acc="dtype"),
    "split": Plan(splits=3, exp_off=1.4),
    "split_online": Plan(splits=2, block=4, cast="v"),
    "second_pass": Plan(second_pass=True, exp_off=1.4),
    "flush": Plan(flush=True, block=4),
    "lag": Plan(lag=8.0, block=4),
    "narrow": Plan(acc="float32", narrow=True),
}

WRONG = {
    "scale": Plan(scale_off=1.02),
    "last_key": Plan(drop_last=True),
    "mask_off": Plan(mask_off=1),
    "half_undeclared": Plan(half_scores=True),
    "max_zero": Plan(shift="zero"),
    "no_rescale": Plan(block=4, no_rescale=True),
    "alignment": Plan(flip_alignment=True),
    "bias": Plan(ignore_bias=True),
    "mask": Plan(ignore_mask=True),
}


def at(name, plan, dtype):
    """The plan for inputs of `dtype`, or None where it means nothing there."""
    half = dtype in ("float16", "bfloat16")
    if (plan.half_scores or plan.acc == "dtype") and name not in ("shift_rounded_half",) and not half:
        return None
    if name == "shift_rounded_half" and not half:
        return None
    if plan.narrow and dtype != "float64":
        return None
    return replace(plan, acc=dtype) if plan.acc == "dtype" else plan
