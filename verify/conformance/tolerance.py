"""How far a next token may be from the exact one, and where nothing is known about it.

Neighbours: `kernels.bounds` derives the bounds; `judge` applies them.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ...kernels.bounds.exact_scores import largest
from ...kernels.bounds.half import HALVES, followed, sums_overflow, token_error
from ...kernels.bounds.rounding import layer_error


def value_tolerance(before: NDArray[np.floating], size: int, dtype: str = "") -> NDArray[np.float64]:
    """(d,) how far a next token may be from the exact one, if means are over at most `size` tokens.

    The bound holds for every α > 0; it is taken at α = 1 because a kernel whose αR overflows has no excuse: λ does not.
    """
    tolerance = layer_error(before[None], size, 1.0, dtype=dtype or str(before.dtype))[0]
    if not np.isfinite(tolerance).all():
        raise ValueError("no error bound holds for these tokens, so that nothing could fail: the trial is out of range")
    return tolerance


def tolerance_of(
    before: NDArray[np.floating], i: int, followed_set: Sequence[int], alpha: Fraction, dtype: str
) -> NDArray[np.float64]:
    """(d,) how far next token i may be from the exact one if it follows this set."""
    if dtype not in HALVES:
        return value_tolerance(before, len(followed_set), dtype)
    return token_error(*followed(before, [followed_set], (i,)), float(alpha), dtype)[0]


def unjudged(
    before: NDArray[np.floating],
    i: int,
    near: Sequence[int],
    alpha: Fraction,
    after: NDArray[np.float64],
    dtype: str,
    *,
    scores: bool,
) -> str:
    """Why nothing is known about the next token i of half precision; empty if something is.

    Args:
        before: (n, d) the tokens.
        i: the token.
        near: the tokens that it may follow.
        alpha: α.
        after: (d,) what the kernel made of it.
        dtype: what it computes in.
        scores: whether anything is known of its scores: they are exact, or `rounding.decision_bound` is finite.
    """
    if dtype not in HALVES:
        return ""
    if not scores:
        return f"no bound holds for scores that large, or of so many coordinates, in {dtype}"
    if 4 * (1 + float(alpha)) >= largest(dtype):
        return f"1 + alpha is beyond {dtype}"
    own, low, high, count = followed(before, [near], (i,))
    if not np.isfinite(token_error(own, low, high, count, float(alpha), dtype)).all():
        return f"no bound holds for means of so many or so large tokens in {dtype}"
    overflows = sums_overflow(own, low, high, float(alpha), dtype)[0]
    return f"z + alpha m is beyond {dtype}" if (overflows & ~np.isfinite(after)).any() else ""
