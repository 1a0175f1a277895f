"""How far a next token may be from the exact one, and where nothing is known about it.

Neighbours: `kernels.bounds` derives the bounds; `judge` applies them.
"""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ...kernels.bounds.exact_scores import largest
from ...kernels.bounds.filter import layer_error
from ...kernels.bounds.half import sums_overflow, token_error
from .inputs.trial import HALVES


def value_tolerance(before: NDArray[np.floating], size: int, dtype: str = "") -> NDArray[np.float64]:
    """(d,) how far a next token may be from the exact one, if means are over at most `size` tokens.

    The bound holds for every α > 0; it is taken at α = 1 because a kernel whose αR overflows has no excuse: λ does not.
    """
    tolerance = layer_error(before[None], size, 1.0, dtype=dtype or str(before.dtype))[0]
    if not np.isfinite(tolerance).all():
        raise ValueError("no error bound holds for these tokens, so that nothing could fail: the trial is out of range")
    return tolerance


def tolerances(
    before: NDArray[np.floating],
    sets: Sequence[Sequence[int]],
    alpha: Fraction,
    dtype: str,
    *,
    of: Sequence[int] | None = None,
    size: int = 0,
) -> NDArray[np.float64]:
    """How far next tokens may be from the exact ones: each its own in half precision, else one number for all.

    Args:
        before: (n, d) the tokens.
        sets: for each of k tokens those that it follows.
        alpha: α; no bound but those of half precision depends on it.
        dtype: what they are computed in.
        of: which k tokens; all n if None.
        size: the least number of tokens that means may be over.

    Returns:
        (k, d) float64; infinite where no bound holds in half precision.
    """
    if dtype not in HALVES:
        most = max(size, *map(len, sets))
        return np.broadcast_to(value_tolerance(before, most, dtype), (len(sets), before.shape[1]))
    own, low, high = _followed(before, sets, range(len(before)) if of is None else of)
    return token_error(own, low, high, np.array([[len(C)] for C in sets]), float(alpha), dtype)


def _followed(
    before: NDArray[np.floating], sets: Sequence[Sequence[int]], of: Sequence[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The tokens `of`, and coordinate by coordinate the least and the largest that they follow: three times (k, d)."""
    Z = before.astype(np.float64)
    ends = [(Z[list(C)].min(axis=0), Z[list(C)].max(axis=0)) for C in sets]
    return Z[list(of)], np.array([low for low, _ in ends]), np.array([high for _, high in ends])


def unjudged(
    before: NDArray[np.floating],
    i: int,
    near: Sequence[int],
    bound: float,
    alpha: Fraction,
    after: NDArray[np.float64],
    dtype: str,
    *,
    exact: bool,
) -> str:
    """Why nothing is known about the next token i of half precision; empty if something is.

    Args:
        before: (n, d) the tokens.
        i: the token.
        near: the tokens that it may follow.
        bound: its `filter.decision_bound`.
        alpha: α.
        after: (d,) what the kernel made of it.
        dtype: what it computes in.
        exact: whether its scores are exact in the dtype.
    """
    if dtype not in HALVES:
        return ""
    if not exact and not np.isfinite(bound):
        return f"no bound holds for scores that large, or of so many coordinates, in {dtype}"
    if 4 * (1 + float(alpha)) >= largest(dtype):
        return f"1 + alpha is beyond {dtype}"
    own, low, high = _followed(before, [near], (i,))
    if not np.isfinite(token_error(own, low, high, len(near), float(alpha), dtype)).all():
        return f"no bound holds for means of so many or so large tokens in {dtype}"
    overflows = sums_overflow(own, low, high, float(alpha), dtype)[0]
    return f"z + alpha m is beyond {dtype}" if (overflows & ~np.isfinite(after)).any() else ""
