"""Make a failing trial of an attention kernel small: fewest calls, heads, tokens, coordinates, then simple numbers.

Every candidate is judged anew by the bound, so that a shrunk trial is a failure in its own right.

Neighbours: `failures.search` is the search, `examine` decides whether a candidate fails.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....kernels.attention.problem import Reals, rounded
from ....kernels.attention.protocol import AttentionKernel
from ....kernels.errors import HardmaxError
from ..check import NotApplicableError
from ..failures.search import Rules, pieces, smallest
from .examine import AttentionFault, examine
from .trial import AttentionTrial

BUDGET = 700
"""Trials that a shrink may run."""
COST = 4e6
"""Scores times coordinates that they may have together."""
FEW = 96
"""Arrays of more numbers are simplified as a whole only."""

SCORES = ("mask", "bias")


def shrink(
    kernel: AttentionKernel, trial: AttentionTrial, fault: AttentionFault, *, budget: int = BUDGET
) -> tuple[AttentionTrial, AttentionFault]:
    """A smaller trial that `kernel` fails in the same way (`AttentionFault.kind`), and its fault."""

    def fails(candidate: AttentionTrial) -> AttentionFault | None:
        try:
            found = examine(kernel, candidate).fault
        except (HardmaxError, NotApplicableError, ValueError):
            return None
        if found is None or found.kind != fault.kind or found.finite != fault.finite:
            return None
        return found if fault.detail.split(":")[0] == found.detail.split(":")[0] else None

    rules = Rules(STAGES, lambda candidate: True, fails, _cost)
    return smallest(trial, fault, rules, budget=budget, cost=COST)


def _cost(trial: AttentionTrial) -> float:
    B, H, Lq, Lk = trial.problem.scores
    return 500.0 + B * H * Lq * Lk * (2 + trial.problem.q.shape[3] / 16)


def _take(trial: AttentionTrial, axis: str, kept: Any) -> AttentionTrial:
    """The trial with some of its sets ("B"), queries ("q"), keys ("k"), or coordinates ("D" of q and k, "Dv" of v)."""
    p = trial.problem
    taken: dict[str, Any] = {}
    grad = trial.grad_out
    if axis == "B":
        taken = {n: getattr(p, n)[kept] for n in ("q", "k", "v", *SCORES) if getattr(p, n) is not None}
        grad = None if grad is None else grad[kept]
    elif axis == "q":
        taken = {"q": p.q[:, :, kept]} | {n: getattr(p, n)[:, :, kept] for n in SCORES if getattr(p, n) is not None}
        grad = None if grad is None else grad[:, :, kept]
    elif axis == "k":
        taken = {"k": p.k[:, :, kept], "v": p.v[:, :, kept]}
        taken |= {n: getattr(p, n)[..., kept] for n in SCORES if getattr(p, n) is not None}
    elif axis == "both":
        return _take(_take(trial, "q", kept), "k", kept)
    elif axis == "D":
        taken = {"q": p.q[..., kept], "k": p.k[..., kept]}
    else:
        taken = {"v": p.v[..., kept]}
        grad = None if grad is None else grad[..., kept]
    return replace(trial, problem=replace(p, **taken), grad_out=grad, rows=None)


def _fewer_calls(trial: AttentionTrial, fault: AttentionFault) -> Iterator[AttentionTrial]:
    if trial.before:
        yield replace(trial, before=(), refilled=False)
        for c in range(len(trial.before)):
            yield replace(trial, before=trial.before[:c] + trial.before[c + 1 :])


def _plain_memory(trial: AttentionTrial, fault: AttentionFault) -> Iterator[AttentionTrial]:
    if trial.memory:
        yield replace(trial, memory={})
    for name in trial.memory if len(trial.memory) > 1 else ():
        yield replace(trial, memory={n: how for n, how in trial.memory.items() if n != name})


def _one_row(trial: AttentionTrial, fault: AttentionFault) -> Iterator[AttentionTrial]:
    if trial.problem.scores[2] > 1 and fault.place and fault.kind in ("out", "lse", "dq") and not trial.before:
        yield _take(trial, "q", [fault.place[2]])


def _fewer_sets(trial: AttentionTrial, fault: AttentionFault) -> Iterator[AttentionTrial]:
    B = trial.problem.q.shape[0]
    if B > 1 and not trial.before:
        if fault.place:
            yield _take(trial, "B", slice(fault.place[0], fault.place[0] + 1))
        for kept in _parts(B):
            yield _take(trial, "B", kept)


def _fewer_heads(trial: AttentionTrial, fault: AttentionFault) -> Iterator[AttentionTrial]:
    """One head, one group, or fewer heads in each group."""
    p = trial.problem
    H, Hk = p.q.shape[1], p.k.shape[1]
    if H <= 1 or trial.before:
        return
    size = H // Hk
    group = (fault.place[1] // (size if fault.kind not in ("dk", "dv") else 1)) if fault.place else 0
    head = fault.place[1] if fault.place and fault.kind not in ("dk", "dv") else group * size

    def part(heads: list[int], groups: list[int]) -> AttentionTrial:
        taken: dict[str, Any] = {"q": p.q[:, heads], "k": p.k[:, groups], "v": p.v[:, groups]}
        taken |= {n: getattr(p, n)[:, heads] for n in SCORES if getattr(p, n) is not None}
        grad = None if trial.grad_out is None else trial.grad_out[:, heads]
        return replace(trial, problem=replace(p, **taken), grad_out=grad, rows=None)

    yield part([head], [group])
    if Hk > 1:
        yield part(list(range(group * size, (group + 1) * size)), [group])
        for other in range(Hk):
            if other != group and Hk > 2:
                pair = sorted((group, other))
                yield part([h for g in pair for h in range(g * size, (g + 1) * size)], pair)
    for smaller in (1, 2):
        if smaller < size:
            yield part([g * size + j for g in range(Hk) for j in range(smaller)], list(range(Hk)))


def _parts(size: int) -> Iterator[NDArray[np.intp]]:
    """All but a half, a quarter, …, at least a 32nd: single ones follow when few are left."""
    every = np.arange(size)
    for start, stop in pieces(size):
        if max(1, size // 32) <= stop - start < size:
            yield np.concatenate([every[:start], every[stop:]])


def _fewer_tokens(trial: AttentionTrial, fault: AttentionFault) -> Iterator[AttentionTrial]:
    if trial.before:
        return
    Lq, Lk = trial.problem.scores[2:]
    if fault.place and fault.kind in ("out", "lse", "dq") and Lq == Lk and fault.place[2] + 1 < Lq:
        yield _take(trial, "both", np.arange(fault.place[2] + 1))
    if Lq == Lk:
        for kept in _parts(Lq):
            yield _take(trial, "both", kept)
    for axis, size in (("k", Lk), ("q", Lq)):
        for kept in _parts(size):
            yield _take(trial, axis, kept)


def _fewer_coordinates(trial: AttentionTrial, fault: AttentionFault) -> Iterator[AttentionTrial]:
    if trial.before:
        return
    D, Dv = trial.problem.q.shape[3], trial.problem.v.shape[3]
    if D == Dv and D > 1:  # kernels that need D = Dv
        for kept in _parts(D):
            yield _take(_take(trial, "D", kept), "Dv", kept)
    if Dv > 1 and fault.place and fault.kind in ("out", "dv"):
        yield _take(trial, "Dv", [fault.place[3]])
    for axis, size in (("Dv", Dv), ("D", D)):
        for kept in _parts(size):
            yield _take(trial, axis, kept)


def _fewer_options(trial: AttentionTrial, fault: AttentionFault) -> Iterator[AttentionTrial]:
    p = trial.problem
    plain = {"mask": None, "bias": None, "window": None, "softcap": None, "causal": False, "scale": None}
    for name, value in plain.items():
        if getattr(p, name) is not value:
            yield _with(trial, **{name: value})
    if p.scale not in (None, 1.0):
        yield _with(trial, scale=1.0)
    if p.softcap not in (None, 1.0):
        yield _with(trial, softcap=1.0)
    if p.mask is not None and p.mask.size <= FEW and not p.mask.all():
        for place in np.argwhere(~p.mask).tolist():
            mask = p.mask.copy()
            mask[tuple(place)] = True
            yield _with(trial, mask=mask)
    if p.window is not None:
        for side, other in ((0, -1), (1, -1), (0, 0), (1, 0)):
            if p.window[side] > other:
                yield _with(trial, window=(other, p.window[1]) if side == 0 else (p.window[0], other))


def _with(trial: AttentionTrial, **changed: Any) -> AttentionTrial:
    return replace(trial, problem=replace(trial.problem, **changed))


def _numbers(trial: AttentionTrial) -> dict[str, Reals]:
    """The arrays of numbers of a trial."""
    p = trial.problem
    arrays: dict[str, Reals] = {
        name: getattr(p, name) for name in ("q", "k", "v", "bias") if getattr(p, name) is not None
    }
    if trial.grad_out is not None:
        arrays["grad"] = trial.grad_out
    return arrays


def _whole_arrays(trial: AttentionTrial, fault: AttentionFault) -> Iterator[AttentionTrial]:
    """Whole arrays made simpler: 0, 1, signs, whole numbers, few bits, powers of two."""
    p = trial.problem
    for name, values in _numbers(trial).items():
        with np.errstate(all="ignore"):
            wholes = [np.zeros_like(values), np.ones_like(values), np.sign(values), np.rint(values)]
            wholes += [
                np.ldexp(np.rint(np.ldexp(values, 3)), -3),
                np.sign(values) * 2.0 ** np.rint(np.log2(np.abs(values))),
            ]
        for simple in wholes:
            good = np.where(np.isfinite(values) & np.isfinite(simple), rounded(simple, p.dtype) + 0.0, values)
            if _complexity(good) < _complexity(values):
                yield _set(trial, name, good)


def _simpler_numbers(trial: AttentionTrial, fault: AttentionFault) -> Iterator[AttentionTrial]:
    """One number at a time made simpler: 0, 1, −1, 2, a power of two, a whole number, fewer bits."""
    p = trial.problem
    for name, values in _numbers(trial).items():
        if values.size > FEW:
            continue
        for place in np.ndindex(values.shape):
            for simple in _simpler(float(values[place])):
                changed = values.copy()
                changed[place] = rounded(np.array(simple), p.dtype)
                yield _set(trial, name, changed)


def _set(trial: AttentionTrial, name: str, values: Reals) -> AttentionTrial:
    return replace(trial, grad_out=values) if name == "grad" else _with(trial, **{name: values})


def _simpler(x: float) -> Iterator[float]:
    """Numbers simpler than x, the simplest first."""
    if not np.isfinite(x) or x == 0:
        return
    power = float(np.sign(x) * 2.0 ** np.rint(np.log2(abs(x))))
    step = 2.0 ** (np.floor(np.log2(abs(x))) - 2)
    seen = set()
    for simple in (0.0, 1.0, -1.0, 2.0, power, float(np.rint(x)), float(np.rint(x / step) * step)):
        if simple not in seen and _weight(simple) < _weight(x):
            seen.add(simple)
            yield simple


def _weight(x: float) -> float:
    """How much there is to read in a number: 0 for 0, then whole numbers and few bits first."""
    if not np.isfinite(x) or x == 0:
        return 0.0
    mantissa, exponent = np.frexp(abs(x))
    bits = 53 - int(np.log2(int(mantissa * 2**53) & -int(mantissa * 2**53)))
    return bits + abs(int(exponent) - 1) / 4 + (x < 0) / 2 + 0.25


def _complexity(values: Reals) -> float:
    return sum(map(_weight, values.ravel().tolist())) if values.size <= 4096 else float(np.count_nonzero(values))


STAGES = (
    _fewer_calls,
    _plain_memory,
    _one_row,
    _fewer_sets,
    _fewer_heads,
    _whole_arrays,
    _fewer_tokens,
    _fewer_options,
    _fewer_coordinates,
    _simpler_numbers,
)
