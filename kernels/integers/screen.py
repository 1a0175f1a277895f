"""Which of many lattice configurations freeze, exactly, in 64-bit integers; what does not fit stays open.

The layers are those of `exact.dynamics`: with λ = a/b, W_i = |C_i| and L = lcm W_i,

    N_i ← (b − a) L N_i + a (L / W_i) Σ_{j ∈ C_i} N_j,        D ← b L D,        common factors divided out.

Every layer is guarded *before* it is computed: |score| ≤ d f M² with M = max |N|, f = max_c Σ_b |A_bc|, and an update
is at most b L max(M, D). What exceeds 2⁶³ − 1 is not tried.

A configuration freezes when its sets are proved constant from some layer on:

- *stationary* set S: the largest set of tokens with C_i ⊂ S and mean(C_i) = z_i. These never move: for l ∉ C_i,
  ⟨z_i, z_l⟩ stays below the maximum, because z_l keeps the weight 1 − λ.
- *captured* (rules R1 and R2): C_i ⊂ S, i ∉ S, and with m = mean(C_i): ⟨m, z_j⟩ is the same for all j ∈ C_i and at
  least ⟨m, z_l⟩ for every l. Then C_i is constant and the limit is m.

If every token is stationary or captured, the sets are constant for ever, for any A.

It needs numba (`pip install 'hardmax[compiled]'`). Neighbours: `loops` is compiled; `verify.provers.freeze` decides one
configuration at a time, with rule R3 too, and proves by itself what it says.
"""

from fractions import Fraction
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ExactnessError, InputError, install

LARGEST = 2**63 - 1
MOST_TOKENS = 64
"""Follow sets are the bits of one 64-bit word."""


def frozen_layers(
    tokens: NDArray[np.integer],
    A: NDArray[np.integer] | None = None,
    alpha: int | Fraction = 1,
    *,
    layers: int = 64,
    patience: int | None = None,
) -> NDArray[np.int64]:
    """The layer from which on the follow sets of each configuration are proved constant, −1 where that stays open.

    Args:
        tokens: (B, n, d) integers within 64 bits, n ≤ 64. Rational tokens are made integers by their common
            denominator, and A likewise: neither changes a follow set.
        A: (d, d) integers within 64 bits, the identity if None.
        alpha: α > 0, an int or a Fraction.
        layers: how many layers are followed at most.
        patience: give a configuration up after so many layers with the same sets, if it is not frozen: it needs rule
            R3, which following it further does not replace. Never if None.

    Returns:
        (B,) int64.

    Raises:
        ExactnessError: tokens, A or alpha are not of an exact type.
        InputError: the shapes do not fit, n > 64, α ≤ 0, or numba is missing.
    """
    if isinstance(alpha, bool) or not isinstance(alpha, int | Fraction):
        raise ExactnessError(f"alpha is {alpha!r}; an int or a Fraction is required")
    values = _integers("tokens", tokens)
    if values.ndim != 3 or 0 in values.shape[1:] or values.shape[1] > MOST_TOKENS:
        raise InputError(f"tokens has shape {values.shape}; (B, n, d) with 1 <= n <= {MOST_TOKENS}, d >= 1 is required")
    B, n, d = values.shape
    form = _integers("A", np.eye(d, dtype=np.int64) if A is None else A)
    if form.shape != (d, d):
        raise InputError(f"A has shape {form.shape} but tokens have {d} coordinates; A must be {d} x {d}")
    if alpha <= 0 or layers < 1:
        raise InputError(f"alpha is {alpha} and layers is {layers}; alpha > 0 and layers >= 1 are required")
    try:
        from ..threads import share
        from . import loops
    except ImportError:
        raise InputError(f"the screen needs numba; {install('compiled')}") from None
    rate = Fraction(alpha) / (1 + Fraction(alpha))
    weight = max(1, max(sum(abs(v) for v in column) for column in zip(*form.tolist(), strict=True)))
    # The largest M with d f M² ≤ 2⁶³ − 1; 0 or a rate too large for 64 bits leaves everything open.
    reach = isqrt(LARGEST // (d * weight)) if max(rate.denominator, weight) <= LARGEST else -1
    a, b = (rate.numerator, rate.denominator) if reach >= 0 else (1, 2)
    most = layers + 1 if patience is None else patience
    frozen = np.full(B, -1)
    arguments = (values, form, a, b, reach, layers, most, frozen)
    share(lambda low, high: loops.run_configurations(low, high, *arguments), B, 4 * n * n * d)
    return frozen


def _integers(name: str, values: Any) -> NDArray[np.int64]:
    """`values` as contiguous int64, refused unless they are integers that fit."""
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise ExactnessError(f"{name} has dtype {array.dtype}; integers of at most 64 bits are required")
    if array.dtype == np.uint64 and array.size and array.max() > LARGEST:
        raise InputError(f"{name} holds {array.max()}; integers below 2^63 are required")
    return np.array(array, dtype=np.int64, order="C")
