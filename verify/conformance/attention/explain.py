"""Name the mistake: which well-known wrong attention is what the kernel returned?

Each candidate is the same problem with one thing changed; if the answer is right for it, by the same bound, that is
what the kernel computes. It is a hint for the author, never part of a verdict.

Neighbours: `failures.explain` does the same for layers.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from ....kernels.attention.problem import Problem, rounded
from ....kernels.attention.protocol import AttentionKernel
from ....kernels.attention.verdict import judge
from ....kernels.errors import HardmaxError
from ..inputs.trial import NotTestedError
from .examine import AttentionFault

MOST = 1 << 17
"""Scores of the largest problem that is explained."""
LEAST_NUMBER = 5e3
"""Numbers by which keys are hidden in place of −∞ are larger than this."""
BY_NUMBER = "hides keys by a number that scores may be below (use -inf)"


def explain(kernel: AttentionKernel, faults: list[AttentionFault]) -> str:
    """What a kernel does that gave all of these answers, in words; empty if no known mistake fits."""
    for words, other in _precisions(kernel, faults):
        with suppress(HardmaxError, NotTestedError, ValueError):
            if all(fault.right_for(other) for fault in faults):
                return words
    left: list[str] | None = None
    for fault in sorted(faults, key=lambda fault: not fault.finite):
        p = fault.problem
        small = p is not None and np.prod(p.scores) <= MOST and all(np.isfinite(x).all() for x in (p.q, p.k, p.v))
        if left != [] and fault.kind == "out" and small and np.isfinite(fault.expected):
            left = list(_fitting(kernel, fault, left))
    if left:
        return BY_NUMBER if left[0] in ("ignores the mask", "ignores causal") and all(map(_sunk, faults)) else left[0]
    lost = [fault for fault in faults if fault.kind == "out" and not fault.finite]
    return next(filter(None, (_not_finite(kernel, fault) for fault in lost)), "")


def _precisions(kernel: AttentionKernel, faults: list[AttentionFault]) -> Iterator[tuple[str, AttentionKernel]]:
    """(what a kernel does, how it is then declared)."""
    dtypes = {fault.problem.dtype for fault in faults if fault.problem is not None}
    half = len(dtypes) == 1 and min(dtypes) in ("float16", "bfloat16")
    if half and kernel.score_roundings < 4:
        words = f"keeps scores in {min(dtypes)} (declare score_roundings = 4 if that is meant)"
        yield words, replace(kernel, score_roundings=4)
    if dtypes == {"float64"} and kernel.accumulates is None:
        yield (
            'computes in float32 (declare accumulates = "float32" if that is meant)',
            replace(kernel, accumulates="float32"),
        )


def _sunk(fault: AttentionFault) -> bool:
    """Whether the row of the fault has a hidden key that scores far above all that it may see."""
    p = fault.problem
    if p is None or len(fault.place) != 4:
        return False
    b, h, i, _ = fault.place
    s = _scale(p) * (p.k[b, h * p.k.shape[1] // p.q.shape[1]] @ p.q[b, h, i])
    on = p.allowed(b, h, np.array([i]))[0]
    return bool(on.any() and not on.all() and s[~on].max() - s[on].max() > LEAST_NUMBER)


def _fitting(kernel: AttentionKernel, fault: AttentionFault, among: list[str] | None) -> Iterator[str]:
    """The mistakes (of those in `among`) that explain one answer."""
    assert fault.problem is not None
    assert fault.out is not None
    for words, other in _mistakes(fault.problem):
        if among is not None and words not in among:
            continue
        try:
            chosen = replace(kernel, causal_alignment=other.alignment, lse=None)
            found = judge(chosen, other, fault.out)
        except (HardmaxError, ValueError):
            continue
        told = found.counts["within"] + found.counts["implausible"]
        lost = among is not None and not fault.finite and found.counts["empty"]  # a row without keys: 0/0
        if found.verdict == "pass" and (told or lost):
            yield words


def _not_finite(kernel: AttentionKernel, fault: AttentionFault) -> str:
    assert fault.problem is not None
    problem = fault.problem
    b, h, i, d = fault.place
    head = problem.head(b, h, [i])
    group = h * problem.k.shape[1] // problem.q.shape[1]
    hidden = ~problem.allowed(b, h, np.array([i]))[0]
    if np.isfinite(fault.expected) and not all(np.isfinite(x[b, group][hidden]).all() for x in (problem.k, problem.v)):
        return "multiplies what a hidden key holds by a weight of 0, and 0 times NaN is NaN (put 0 there)"
    t = (head.scale * (head.q @ head.k.T) + head.offset)[head.allowed]
    with np.errstate(divide="ignore"):
        terms = t + np.log(np.abs(head.v[head.allowed[0], d]))
    if t.size and np.logaddexp.reduce(terms) > np.log(kernel.arithmetic(problem.dtype).accumulation.largest):
        return "does not subtract the largest score before exp"
    if t.size and t.max() > (11 if problem.dtype == "float16" else 88):
        return "does not subtract the largest score before exp"
    if t.size and t.max() < (-17 if problem.dtype == "float16" else -87):
        return "subtracts something above the largest allowed score (0, or a hidden one) before exp"
    return ""


def _mistakes(p: Problem) -> Iterator[tuple[str, Problem]]:
    """(what a kernel does, the problem that it then solves), the likeliest first."""
    B, H, Lq, Lk = p.scores
    D, Dv = p.q.shape[3], p.v.shape[3]
    if p.causal:
        yield "ignores causal", replace(p, causal=False)
    if p.mask is not None:
        yield "ignores the mask", replace(p, mask=None)
        yield "hides what the mask allows (True must mean: may attend)", replace(p, mask=~p.mask)
        yield BY_NUMBER, replace(p, q=p.q * 0, mask=~p.mask)
        yield "applies the mask of the first set or head to all", replace(p, mask=p.mask[:1, :1])
        with_rows = np.broadcast_to(p.mask[:, :, :1], p.mask.shape)
        yield "applies the mask of the first row to all", replace(p, mask=with_rows)
    if p.bias is not None:
        yield "ignores the bias", replace(p, bias=None)
        yield "subtracts the bias", replace(p, bias=-p.bias)
        yield "takes the bias for a mask", replace(p, bias=None, mask=p.bias != 0)
        scale = 1 / np.sqrt(D) if p.scale is None else p.scale
        with np.errstate(all="ignore"):
            yield "adds the bias before it scales", replace(p, bias=rounded(p.bias * scale, p.dtype))
        yield "applies the bias of the first set or head to all", replace(p, bias=p.bias[:1, :1])
    if p.window is not None:
        left, right = p.window
        yield "ignores the window", replace(p, window=None)
        yield "exchanges the sides of the window", replace(p, window=(right, left))
        yield "ignores the right side of the window", replace(p, window=(left, -1))
        yield "ignores the left side of the window", replace(p, window=(-1, right))
        for change, words in ((1, "one too far"), (-1, "one too short")):
            if min(left, right) + change >= 0:
                yield f"lets the window reach {words}", replace(p, window=(left + change, right + change))
            if left + change >= 0:
                yield f"lets the left side of the window reach {words}", replace(p, window=(left + change, right))
    if p.softcap is not None:
        yield "ignores the softcap", replace(p, softcap=None)
        if p.bias is not None:
            other = "bias,softcap" if p.softcap_order == "softcap,bias" else "softcap,bias"
            yield (
                f'caps and adds the bias in the other order (declare softcap_order = "{other}")',
                replace(p, softcap_order=other),
            )
        scale = 1 / np.sqrt(D) if p.scale is None else p.scale
        if scale:
            yield "caps before it scales", replace(p, softcap=abs(scale) * p.softcap)
    if p.depends_on_alignment:
        other = "bottom_right" if p.alignment == "top_left" else "top_left"
        words = other.replace("_", " ")
        yield (
            f'anchors the diagonal at the {words} (declare causal_alignment = "{other}" if that is meant)',
            replace(p, alignment=other),
        )  # type: ignore[arg-type]
    if p.causal:
        place = np.arange(Lk)[None] - np.arange(Lq)[:, None] - (Lk - Lq if p.alignment == "bottom_right" else 0)
        for reach, words in ((1, "lets rows see one key after the diagonal"), (-1, "hides the diagonal from rows")):
            hidden = _and(place <= reach, p)
            yield words, replace(p, causal=False, mask=hidden)
        unseen = np.broadcast_to(place > 0, p.scores)
        yield BY_NUMBER, replace(p, causal=False, q=p.q * 0, mask=unseen)
    yield from _scales(p, D, Dv)
    if p.k.shape[1] != H:
        size = H // p.k.shape[1]
        heads = np.arange(H) % p.k.shape[1]
        yield "reads head h % Hk of k and v in place of h // (H/Hk)", replace(p, k=p.k[:, heads], v=p.v[:, heads])
        yield "reads the first head of k and v", replace(p, k=p.k[:, :1], v=p.v[:, :1])
        first = np.arange(H) // size
        yield "reads the right head of k and the first of v", replace(p, k=p.k[:, first], v=p.v[:, first * 0])
    if B > 1:
        yield "reads k and v of the first set", replace(p, k=p.k[:1].repeat(B, axis=0), v=p.v[:1].repeat(B, axis=0))
    for size in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512):
        whole = Lk // size * size
        if size < Lk and whole < Lk and Lk % size:
            yield f"leaves out the keys beyond a multiple of {size}", _fewer(p, whole)
    yield "leaves out the last key", _fewer(p, Lk - 1)
    for size in (16, 32, 64, 128, 256, 512):
        if size < Lk:
            yield f"reads the first {size} keys only", _fewer(p, size)
    if D > 1:
        yield "leaves out the last coordinate of q and k", replace(p, q=p.q * (np.arange(D) < D - 1), scale=_scale(p))
        for size in (4, 8, 16, 32, 64):
            if D > size and D % size:
                kept = np.arange(D) < D // size * size
                yield (
                    f"leaves out the coordinates beyond a multiple of {size}",
                    replace(p, q=p.q * kept, scale=_scale(p)),
                )
    yield "takes the mean of v", replace(p, q=p.q * 0)
    yield "turns the scores around", replace(p, scale=-_scale(p))


def _scale(p: Problem) -> float:
    return float(1 / np.sqrt(max(1, p.q.shape[3]))) if p.scale is None else p.scale


def _scales(p: Problem, D: int, Dv: int) -> Iterator[tuple[str, Problem]]:
    if p.scale is not None:
        yield "ignores the scale that is given", replace(p, scale=None)
        yield "divides by sqrt(D) although a scale is given", replace(p, scale=p.scale / float(np.sqrt(max(1, D))))
        yield "takes the absolute value of the scale", replace(p, scale=abs(p.scale))
        yield "takes a scale of 0 for none", replace(p, scale=1.0)
        return
    yield "does not scale", replace(p, scale=1.0)
    yield "divides by D in place of sqrt(D)", replace(p, scale=1.0 / max(1, D))
    yield "divides by sqrt(Dv) in place of sqrt(D)", replace(p, scale=float(1 / np.sqrt(max(1, Dv))))
    yield "scales twice", replace(p, scale=float(_scale(p) ** 2))
    next_power = 1 << (max(1, D) - 1).bit_length()
    yield "divides by the root of a padded D", replace(p, scale=float(1 / np.sqrt(next_power)))
    for size in (8, 16, 32, 64, 128):
        padded = -(-D // size) * size
        yield "divides by the root of a padded D", replace(p, scale=float(1 / np.sqrt(max(1, padded))))
    for dtype in ("float16", "bfloat16", "float32"):
        yield f"rounds the scale to {dtype}", replace(p, scale=float(rounded(np.array(_scale(p)), dtype)))


def _and(on: Any, p: Problem) -> Any:
    return on if p.mask is None else on & p.mask


def _fewer(p: Problem, keys: int) -> Problem:
    """The problem in which no row sees the keys from number `keys` on; the diagonal stays where it is."""
    Lk = p.scores[3]
    return replace(p, mask=_and(np.broadcast_to(np.arange(Lk) < keys, p.scores), p))
