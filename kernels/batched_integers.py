"""Lattice configurations by the thousand, exactly, in 64-bit integers; what does not fit goes to big integers.

The layers are those of `exact`: with λ = a/b, W_i = |C_i| and L = lcm W_i,

    N_i ← (b − a) L N_i + a (L / W_i) Σ_{j ∈ C_i} N_j,        D ← b L D,        common factors divided out.

Every layer is guarded *before* it is computed: |score| ≤ d f M² with M = max |N|, f = max_c Σ_b |A_bc|, and an update
is at most b L max(M, D). What exceeds 2⁶³ − 1 is not tried; the configuration is handed over as it stands.

A configuration stops when its sets are proved constant, so that ties that last do not run into the guards:

- *stationary* set S: the largest set of tokens with C_i ⊂ S and mean(C_i) = z_i. These never move: for l ∉ C_i,
  ⟨z_i, z_l⟩ stays below the maximum, because z_l keeps the weight 1 − λ.
- *captured* (rules R1 and R2): C_i ⊂ S, i ∉ S, and with m = mean(C_i): ⟨m, z_j⟩ is the same for all j ∈ C_i and at
  least ⟨m, z_l⟩ for every l. Then C_i is constant and the limit is m.

If every token is stationary or captured, the sets are constant for ever, for any A. Importing this module needs numba
(`pip install 'hardmax[compiled]'`). Neighbours: `exact` is the reference; `integer_loops` has the compiled loops.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import ZZ

from . import integer_loops as loops
from .configuration import Configuration, Matrix
from .errors import ExactnessError, InputError
from .exact import Dynamics, Layer, Sets, integer_matrix, maximisers
from .threads import share

LARGEST = 2**63 - 1
MOST_TOKENS = 64
"""Follow sets are the bits of one 64-bit word."""


@dataclass(frozen=True, slots=True, eq=False)
class IntegerBatch:
    """The exact itineraries of a batch, as far as they were followed.

    Args:
        tokens: (B, n, d) int64: the input.
        masks: (K, B, n) uint64: bit j of entry (k, b, i) says j ∈ C_i at layer k < `followed[b]`.
        frozen: (B,) the layer from which on the sets are proved constant for ever, or −1 if none was.
        followed: (B,) how many layers have their sets in `masks`: frozen + 1, or K, or fewer if given up before.
        numerators, denominator: (B, n, d) and (B,) int64: the tokens of layer `frozen`, or of layer `followed` where
            nothing is frozen, are numerators / denominator, in the units of the input.
        replayed: the configurations that left the 64-bit range, with that layer by big integers.
    """

    tokens: NDArray[np.int64]
    masks: NDArray[np.uint64]
    frozen: NDArray[np.int64]
    followed: NDArray[np.int64]
    numerators: NDArray[np.int64]
    denominator: NDArray[np.int64]
    replayed: Mapping[int, Layer]

    def itinerary(self, b: int) -> tuple[Sets, ...]:
        """The follow sets of configuration b at layers 0 … K−1, or as far as they were followed."""
        sets = tuple(tuple(map(members, row)) for row in self.masks[: self.followed[b], b].tolist())
        return sets if self.frozen[b] < 0 else sets + (sets[-1],) * (len(self.masks) - len(sets))

    def layer(self, b: int) -> Layer:
        """The layer `frozen` of configuration b, or layer `followed` if nothing is frozen."""
        if b in self.replayed:
            return self.replayed[b]
        index = int(self.followed[b] if self.frozen[b] < 0 else self.frozen[b])
        return Layer(
            index, integer_matrix(self.numerators[b].tolist(), self.tokens.shape[1:]), ZZ(int(self.denominator[b]))
        )

    def limit(self, b: int) -> Matrix | None:
        """(n, d) lim z_i^k, exact, or None if configuration b is not frozen."""
        if self.frozen[b] < 0:
            return None
        tokens = self.layer(b).tokens()
        sets = [members(mask) for mask in self.masks[self.frozen[b], b].tolist()]
        return tuple(
            tuple(sum((tokens[j][c] for j in C), Fraction(0)) / len(C) for c in range(len(tokens[0]))) for C in sets
        )


def members(mask: int) -> tuple[int, ...]:
    """The set bits of `mask`, ascending."""
    result = []
    while mask:
        low = mask & -mask
        result.append(low.bit_length() - 1)
        mask ^= low
    return tuple(result)


def run(
    tokens: NDArray[np.integer],
    A: NDArray[np.integer] | None = None,
    alpha: int | Fraction = 1,
    layers: int = 64,
    *,
    patience: int | None = None,
) -> IntegerBatch:
    """The exact itineraries of a batch of integer configurations until they are frozen, at most K layers.

    Rational tokens are made integers by their common denominator, and A likewise: neither changes a follow set.

    Args:
        tokens: (B, n, d) integers within 64 bits, n ≤ 64.
        A: (d, d) integers within 64 bits, the identity if None.
        alpha: α > 0, an int or a Fraction.
        layers: K ≥ 1.
        patience: give a configuration up after so many layers with the same sets, if it is not frozen: it needs rule
            R3 (`verify.freeze`), which following it further does not replace. Never if None.

    Raises:
        ExactnessError: tokens, A or alpha are not of an exact type.
        InputError: the shapes do not fit, n > 64, or α ≤ 0.
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
    rate = Fraction(alpha) / (1 + Fraction(alpha))
    weight = max(1, max(sum(abs(v) for v in column) for column in zip(*form.tolist(), strict=True)))
    # The largest M with d f M² ≤ 2⁶³ − 1; 0 or a rate too large for 64 bits sends everything to the big integers.
    reach = isqrt(LARGEST // (d * weight)) if max(rate.denominator, weight) <= LARGEST else -1
    a, b = (rate.numerator, rate.denominator) if reach >= 0 else (1, 2)
    masks = np.zeros((layers, B, n), dtype=np.uint64)
    at, reached = np.full(B, -1), np.zeros(B, dtype=np.int64)
    numerators, denominator = values.copy(), np.ones(B, dtype=np.int64)
    most = layers + 1 if patience is None else patience
    arguments = (form, a, b, reach, most, masks, at, numerators, denominator, reached)
    share(lambda low, high: loops.run_configurations(low, high, *arguments), B, 4 * n * n * d)
    replayed = {}
    followed = np.where(at >= 0, at + 1, reached)
    batch = IntegerBatch(values, masks, at, followed, numerators, denominator, replayed)
    for i in np.flatnonzero((at < 0) & (reached < layers)).tolist():
        same = _unchanged(masks[: reached[i], i])
        if same < most:
            replayed[i] = _replay(batch, i, form, Fraction(alpha), most, same)
    return batch


def _unchanged(masks: NDArray[np.uint64]) -> int:
    """How many of the last layers have the same sets; masks is (layers, n)."""
    return int((masks == masks[-1:]).all(axis=1)[::-1].cumprod().sum())


def _integers(name: str, values: Any) -> NDArray[np.int64]:
    """`values` as contiguous int64, refused unless they are integers that fit."""
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise ExactnessError(f"{name} has dtype {array.dtype}; integers of at most 64 bits are required")
    if array.dtype == np.uint64 and array.size and array.max() > LARGEST:
        raise InputError(f"{name} holds {array.max()}; integers below 2^63 are required")
    return np.array(array, dtype=np.int64, order="C")


def _replay(batch: IntegerBatch, b: int, A: NDArray[np.int64], alpha: Fraction, patience: int, same: int) -> Layer:
    """Follow configuration b by the exact kernel from the layer on at which it left the 64-bit range."""
    dynamics = Dynamics(Configuration(batch.tokens[b].tolist(), A.tolist(), alpha))
    layer = batch.layer(b)
    while layer.index < len(batch.masks) and same < patience:
        scores = dynamics.scores(layer)
        sets = tuple(maximisers(row) for row in scores)
        batch.masks[layer.index, b] = [sum(1 << j for j in C) for C in sets]
        batch.followed[b] = layer.index + 1
        same = _unchanged(batch.masks[: layer.index + 1, b])
        if frozen(layer, sets, scores):
            batch.frozen[b] = layer.index
            return layer
        layer = dynamics.next_layer(layer, sets)
    return layer


def frozen(layer: Layer, sets: Sets, scores: list[list[Any]]) -> bool:
    """Whether every token is stationary or captured at this layer, by the rules of this module.

    Args:
        layer: the tokens.
        sets: their follow sets.
        scores: positive multiples of ⟨z_i, z_l⟩, see `Dynamics.scores`.
    """
    N = layer.numerators.to_list()
    still = {i for i, C in enumerate(sets) if all(len(C) * x == sum(N[j][c] for j in C) for c, x in enumerate(N[i]))}
    while loose := {i for i in still if not still.issuperset(sets[i])}:
        still -= loose
    for i, C in enumerate(sets):
        if i in still:
            continue
        if not still.issuperset(C):
            return False
        pulled = [sum(scores[j][v] for j in C) for v in range(len(sets))]  # |C| ⟨m, z_v⟩
        if any(pulled[j] != max(pulled) for j in C):
            return False
    return True


__all__ = ["MOST_TOKENS", "IntegerBatch", "frozen", "members", "run"]
