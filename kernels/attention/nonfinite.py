"""What a kernel must return where inputs are NaN or infinite: a pattern, not a number. BOUND.md section 8 proves it.

Neighbours: `problem` replaces what is not finite by 0 and says which rows have finite scores; `verdict` lays these
patterns over the verdicts.
"""

import numpy as np
from numpy.typing import NDArray

from .problem import Problem, Reals

Flags = NDArray[np.bool_]
Patterns = NDArray[np.int_]

USUAL, NAN, PLUS, MINUS, LEAKS, FREE = range(6)
"""As the bound says; NaN; +∞; −∞; NaN or as the bound says; anything."""


def patterns(problem: Problem, b: int, h: int, rows: NDArray[np.intp], sure: Flags) -> tuple[Patterns, Patterns]:
    """The patterns (R, Dv) of the output and (R,) of the log-sum-exp of some rows of a head.

    Args:
        problem: the exact problem.
        b, h: which head of q.
        rows: which rows of q.
        sure: (R, L) keys whose weight cannot vanish, L the keys that some row of the head may see.
    """
    head, group = problem.head(b, h, rows), h * problem.k.shape[1] // problem.q.shape[1]
    k, v = (x[b, group][head.seen] for x in (problem.k, problem.v))
    on = head.allowed
    nan, plus, minus = _scores(problem.q[b, h, rows], k, head.scale)
    if problem.bias is not None:
        bias = np.where(on, problem.bias[b, h, rows][:, head.seen], 0.0)
        nan |= np.isnan(bias) | (np.isposinf(bias) & minus)
        plus |= np.isposinf(bias)
    finite_score = ~(nan | plus | minus)

    def rowwise(x: Flags) -> Flags:
        return x.max(axis=1, initial=False)

    lost_lse, free, leaks = rowwise(on & nan), rowwise(on & ~finite_score), rowwise(~on & ~finite_score)
    lost = rowwise(on & (nan | plus)) if head.softcap is None else lost_lse
    lse = np.select([head.n == 0, lost_lse, free, leaks], [USUAL, NAN, FREE, LEAKS], USUAL)

    def some(keys: Flags, values: Flags) -> Flags:
        return (keys.astype(np.float64) @ values.astype(np.float64)) > 0

    wild, unsure = ~np.isfinite(v), on & ~sure
    up, down, none = np.isposinf(v), np.isneginf(v), np.isnan(v)
    both = some(on & sure, none) | (some(on & sure, up) & some(on & sure, down))
    leak = leaks[:, None] | some(~on, wild)  # 0·∞ and ∞ − ∞ are NaN
    must = np.select([some(on, up), some(on, down)], [PLUS, MINUS], USUAL)
    out = np.select(
        [(head.n == 0)[:, None], lost[:, None], free[:, None], both, some(unsure, wild), leak & (must != USUAL), leak],
        [USUAL, NAN, FREE, NAN, FREE, FREE, LEAKS],
        must,
    )
    return out, lse


def _scores(q: Reals, k: Reals, scale: float) -> tuple[Flags, Flags, Flags]:
    """(R, L) each: whether scale·q·k is NaN, +∞, −∞ by the rules of floats, in any order of its sums."""

    def meet(x: Flags, y: Flags) -> Flags:
        return (x.astype(np.float64) @ y.T.astype(np.float64)) > 0

    all_q, all_k = (np.ones(x.shape, dtype=np.bool_) for x in (q, k))
    nan = meet(np.isnan(q), all_k) | meet(all_q, np.isnan(k)) | meet(np.isinf(q), k == 0) | meet(q == 0, np.isinf(k))
    signs = [(q > 0, k > 0), (q < 0, k < 0)], [(q > 0, k < 0), (q < 0, k > 0)]
    plus, minus = (
        np.logical_or.reduce([meet(x & np.isinf(q), y) | meet(x, y & np.isinf(k)) for x, y in pairs]) for pairs in signs
    )
    if scale < 0:
        plus, minus = minus, plus
    nan = nan | (plus & minus) | ((plus | minus) & (scale == 0))
    return nan, plus & ~nan, minus & ~nan
