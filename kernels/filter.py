"""Which decisions of a float kernel are proved: a rigorous running error bound, and the exact kernel for the rest.

A float kernel holds tokens ẑ_i with |ẑ_i − z_i| ≤ E (componentwise, one vector E ≥ 0 for each configuration) and
computes scores ŝ_ij of ⟨z_i, z_j⟩ = z_iᵀ A z_j. Write |x|, |A| for absolute values entry by entry, R = max_i |ẑ_i|,
u for the unit roundoff (2⁻²⁴, 2⁻⁵³) and γ_k = k u / (1 − k u).

**Arithmetic.** Every operation returns (exact result)(1 + δ), |δ| ≤ u, unless it underflows; a fused multiply-add is
two exact operations with one such factor. A product of k factors (1 + δ)^{±1} is 1 + θ with |θ| ≤ γ_k, and
γ_a + γ_b + γ_a γ_b ≤ γ_{a+b}. With gradual underflow or with flushing (of results, of inputs or both), an operation
that underflows errs by at most ω, the least normal number, times 1 or the other operand.

**Scores.** In a sum Σ_{c=1}^d x_c y_c evaluated in *any* order or tree, with or without FMA, each monomial passes at
most 1 multiplication and d − 1 additions (adding exact zeros changes nothing): |fl − exact| ≤ γ_d Σ |x_c y_c|.
With A, the score is two such sums, (zᵀA)z or zᵀ(Az), so each monomial ẑ_ib A_bc ẑ_jc passes at most q = 2d
roundings; q = d if A is the identity. With p_i = |A|ᵀ|ẑ_i| and |ẑ_j| ≤ R,

    |ŝ_ij − ẑ_iᵀAẑ_j| ≤ γ_q p_i·R + U,        U = 4 d ω (1 + r)² (1 + a),   r = Σ_c R_c,   a = Σ |A_bc|.

U covers underflow: at most 2d flushed operations a sum, the first sum's being multiplied by |ẑ_j|, plus flushed
inputs, together at most ω (2d (1 + r) + 2 r a + r + r²).

**Tokens.** ẑ_iᵀAẑ_j − z_iᵀAz_j = δ_iᵀAẑ_j + ẑ_iᵀAδ_j − δ_iᵀAδ_j with |δ| ≤ E, so with the scores' bound

    |ŝ_ij − ⟨z_i, z_j⟩| ≤ B_i := p_i·(γ_q R + E) + (|A|ᵀE)·(R + E) + U.                                       (1)

If ŝ_ij − ŝ_il > 2 B_i then ⟨z_i, z_j⟩ > ⟨z_i, z_l⟩. So if the margin between C_i and everything else exceeds 2 B_i,
no token outside C_i is a maximiser; C_i is *proved* if moreover its tokens are one token, or equal as given (equal
tokens stay equal for ever). A tie between different tokens is never proved by (1).

**Layers.** With proved sets, z_i⁺ = (1 − λ) z_i + λ m_i with m_i = mean_{C_i} z_j is an average: it maps an error E
to at most E. Rounding adds to it. λ = α/(1+α) carries at most 4 factors (α rounded to the dtype, in numerator and
denominator; sum; quotient), the mean of m tokens at most m + 1 (m − 1 additions and a division, or rounded weights
1/m). Counting the factors of each monomial, with |ẑ| ≤ R, the rounding of one layer is at most R times

    z + λ(m_i − z):       γ_1 + λ γ_7 + λ γ_{m+8}           (monomials z, λz, λm_i)
    (1−λ)z + λm_i:        (1−λ) γ_3 + λ γ_7 + λ γ_{m+7}     ((1−λ)z, the error of 1 − λ, λm_i)
    (z + αm_i)/(1+α):     (1−λ) γ_4 + λ γ_{m+7}

each at most γ_{m+16} since 0 < λ < 1. So

    E⁺ = E + γ_{m+16} R + (m + 16) ω (1 + 2R).                                                                 (2)

**Overflow** is outside the model, so the bound is infinite, and nothing proved, as soon as 4 times a bound on some
intermediate value exceeds the largest float. **The bound's own rounding**: (1) and (2) are sums and products of
nonnegative numbers in float64, so they lose at most a relative 4(d+8)·2⁻⁵³; the factor 1 + 2⁻²⁰ covers that, and
the rounding of the margin. What underflows in them is below U.

Requirements: tokens and A representable in the kernel's dtype, round to nearest, no TF32 or other shortened products,
no Strassen-like matrix products.

Neighbours: `numpy_kernel` and the other float kernels supply sets and margins, `exact` decides what is not proved.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .configuration import Configuration
from .errors import InputError
from .exact import Dynamics, Sets
from .numpy_kernel import is_identity
from .protocol import FollowSets, Kernel, checked, to_numpy

SLACK = 1 + 2.0**-20
"""Covers the rounding of the bound itself and of the margin it is compared with."""


def gamma(k: NDArray | int, dtype: np.dtype | type) -> NDArray[np.float64]:
    """γ_k = k u / (1 − k u) in float64, u the unit roundoff of `dtype`; infinite where k u ≥ 1/2."""
    ku = np.asarray(k, dtype=np.float64) * (float(np.finfo(dtype).eps) / 2)
    return np.where(ku < 0.5, ku / (1 - np.minimum(ku, 0.5)), np.inf)


def score_roundings(A: NDArray) -> int:
    """q: how many roundings a monomial of a score passes at most, d if A is the identity, else 2d."""
    d = len(A)
    return d if is_identity(A) else 2 * d


def decision_bound(
    tokens: NDArray[np.floating], A: NDArray[np.floating] | None = None, error: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """2 B_i of equation (1): a margin above it is positive for the exact scores too.

    Args:
        tokens: (B, n, d) ẑ, in the dtype that the scores are computed in.
        A: (d, d), the identity if None.
        error: (B, d) E with |ẑ − z| ≤ E; zero if None.

    Returns:
        (B, n) float64, infinite where no bound holds (overflow, values that are not finite).
    """
    values, form = checked(tokens, A, 1.0)
    info = np.finfo(values.dtype)
    d = values.shape[2]
    size = np.abs(values.astype(np.float64))
    weights = np.abs(form.astype(np.float64))
    E = np.zeros((len(values), d)) if error is None else error
    with np.errstate(over="ignore", invalid="ignore"):
        R = size.max(axis=1)
        p = size if is_identity(form) else size @ weights
        U = 4 * d * float(info.tiny) * (1 + R.sum(axis=1)) ** 2 * (1 + weights.sum())
        own = (p @ (gamma(score_roundings(form), values.dtype) * R + E)[:, :, None])[:, :, 0]
        others = ((E @ weights) * (R + E)).sum(axis=1)
        bound = 2 * SLACK * (own + (others + U)[:, None])
        reached = 4 * (p @ R[:, :, None])[:, :, 0] + 4 * p.max(axis=2)
    return np.where(np.isfinite(bound) & (reached < float(info.max)), bound, np.inf)


def layer_error(
    tokens: NDArray[np.floating],
    count: NDArray[np.integer] | int,
    alpha: float,
    error: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """E⁺ of equation (2): how far the next tokens are from the exact ones, if all follow sets are right.

    Args:
        tokens: (B, n, d) ẑ, in the dtype that the layer is computed in.
        count: (B, n) |C_i|, or one number for all.
        alpha: α > 0.
        error: (B, d) E with |ẑ − z| ≤ E; zero if None.

    Returns:
        (B, d) float64, infinite where no bound holds.
    """
    info = np.finfo(tokens.dtype)
    B, n, d = tokens.shape
    E = np.zeros((B, d)) if error is None else error
    m = np.broadcast_to(np.asarray(count), (B, n)).max(axis=1)[:, None]
    with np.errstate(over="ignore", invalid="ignore"):
        R = np.abs(tokens.astype(np.float64)).max(axis=1)
        grown = SLACK * (E + gamma(m + 16, tokens.dtype) * R + (m + 16) * float(info.tiny) * (1 + 2 * R))
        reached = 4 * R * (m + 1 + alpha)
    return np.where(np.isfinite(grown) & (reached < float(info.max)), grown, np.inf)


def proved(sets: FollowSets, bound: NDArray[np.float64], initial: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which follow sets of a batch are those of the exact tokens.

    Args:
        sets: what the kernel computed, with its margins.
        bound: (B, n) `decision_bound`.
        initial: (B, n, d) the tokens of layer 0, exact: tokens that are equal there are equal at every layer.

    Returns:
        (B, n) booleans: the margin exceeds the bound, and C_i is one token up to equal ones.
    """
    result: NDArray[np.bool_] = np.greater(sets.margin, bound)
    b, i, j = sets.tied.T
    different = (initial[b, j] != initial[b, sets.first[b, i]]).any(axis=1)
    result[b[different], i[different]] = False
    return result


@dataclass(frozen=True, slots=True, eq=False)
class Certified:
    """Facts about the exact dynamics of a batch: nothing here depends on rounding.

    Args:
        first: (B, K, n) the smallest j in C_i at layer k; rows from layer `frozen[b]` + 1 on are not filled.
        several: configurations with a set of more than one token: their whole itinerary as far as it is stored.
        frozen: (B,) the first layer from which on all tokens are captured by leaders (rule R1), so that the sets of
            that layer are those of every later one; −1 if that was not reached within K layers.
        limit: (B, n) the leader whose position token i converges to, −1 where `frozen` is −1.
        tokens: (B, n, d) tokens after K layers, within `error` of the exact ones.
        error: (B, d) float64.
        by_floats: (B,) whether the floats alone proved all; the others were replayed by the exact kernel.
        unproved: (B,) how many decisions were not proved at the layer at which the floats gave up (0 if `by_floats`).
    """

    first: NDArray[np.integer]
    several: Mapping[int, tuple[Sets, ...]]
    frozen: NDArray[np.integer]
    limit: NDArray[np.integer]
    tokens: NDArray[np.floating]
    error: NDArray[np.float64]
    by_floats: NDArray[np.bool_]
    unproved: NDArray[np.integer]

    def itinerary(self, b: int) -> tuple[Sets, ...]:
        """The exact follow sets of configuration b at layers 0 … K−1."""
        K = self.first.shape[1]
        stored = K if self.frozen[b] < 0 else int(self.frozen[b]) + 1
        if b in self.several:
            sets = self.several[b]
        else:
            sets = tuple(tuple((int(j),) for j in self.first[b, k]) for k in range(stored))
        return sets + (sets[-1],) * (K - len(sets))

    @property
    def proved_share(self) -> float:
        """The share of the B·K·n decisions proved by floats; a replayed configuration counts as none proved."""
        B, K, n = self.first.shape
        lost = (~self.by_floats).sum() * K * n
        return 1.0 if B == 0 else 1.0 - float(lost) / (B * K * n)


def captured(sets: FollowSets, initial: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which configurations of a batch have every token following one leader (a leader follows itself): rule R1.

    C_i = {i} persists because every other token's score ⟨z_i, ·⟩ is an average of scores below ⟨z_i, z_i⟩ with a
    positive weight on its own; and C_i = {l} with a leader l because z_i then moves towards z_l, in whose favour both
    ⟨z_i, ·⟩ and ⟨z_l, ·⟩ decide. Neither argument needs A symmetric or definite. Equal tokens count as one.

    Args:
        sets: proved follow sets, each of one token up to equal ones.
        initial: (B, n, d) the tokens of layer 0.

    Returns:
        (B,) booleans.
    """
    n = sets.first.shape[1]
    itself = sets.first == np.arange(n)
    b, i = np.nonzero(sets.tie_mask & ~itself)
    itself[b, i] = (initial[b, i] == initial[b, sets.first[b, i]]).all(axis=1)
    return np.take_along_axis(itself, sets.first, axis=1).all(axis=1)


def certify(
    kernel: Kernel, tokens: NDArray[np.floating], A: NDArray[np.floating] | None, alpha: float, layers: int
) -> Certified:
    """The exact itineraries of a batch for K layers, and the limits where leaders capture all, at float speed.

    Args:
        kernel: a kernel with `layer` whose arithmetic is that of this module's docstring.
        tokens: (B, n, d) float32 or float64, finite: the exact configurations are the dyadic rationals they are.
        A: (d, d) representable in that dtype, the identity if None.
        alpha: α > 0, exact as given.
        layers: K ≥ 1.

    Returns:
        `Certified`: what the floats prove, and by the exact kernel what they do not.

    Raises:
        InputError: values that are not finite, a dtype the kernel does not declare, or a kernel without `layer`.
    """
    values, form = _exact_input(kernel, tokens, A, alpha, layers)
    if kernel.layer is None:
        raise InputError(f"kernel {kernel.name} does not return follow sets; a kernel with `layer` is required")
    B, n, _ = values.shape
    result = _blank(values, layers)
    dtype = str(values.dtype)
    active = np.arange(B)
    current, E = values.copy(), np.zeros((B, values.shape[2]))
    frozen = np.zeros(B, dtype=bool)
    native_A = kernel.arrays_for(form, dtype)
    for k in range(layers):
        native, sets = kernel.layer(kernel.arrays_for(current, dtype), native_A, float(alpha))
        initial = values[active]
        certain = proved(sets, decision_bound(current, form, E), initial) | frozen[:, None]
        result.unproved[active] = n - certain.sum(axis=1)
        keep = np.flatnonzero(certain.all(axis=1))
        if len(keep) < len(active):
            sets, current, E, active = sets.select(keep), current[keep], E[keep], active[keep]
            initial, native, frozen = initial[keep], native[keep], frozen[keep]
        if not len(active):
            break
        _store(result, active, k, sets, ~frozen)
        now = captured(sets, initial) & ~frozen
        result.frozen[active[now]] = k
        result.limit[active[now]] = sets.first[now]
        frozen |= now
        E = layer_error(current, sets.count, alpha, E)
        current = to_numpy(native)
    result.tokens[active], result.error[active] = current, E
    result.by_floats[active] = True
    for b in np.flatnonzero(~result.by_floats).tolist():
        replay(result, b, values[b], form, alpha, layers)
    return result


def _exact_input(
    kernel: Kernel, tokens: NDArray, A: NDArray | None, alpha: float, layers: int
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Tokens and A in the tokens' dtype, refused where that would change a value."""
    values, form = checked(tokens, A, alpha)
    if str(values.dtype) not in kernel.dtypes:
        raise InputError(f"tokens are {values.dtype}; kernel {kernel.name} computes in {', '.join(kernel.dtypes)}")
    if layers < 1:
        raise InputError(f"layers is {layers}; at least one is required")
    if not np.isfinite(values).all():
        b, i, c = np.argwhere(~np.isfinite(values))[0].tolist()
        raise InputError(f"tokens[{b}][{i}][{c}] is {values[b, i, c]}; every value must be finite")
    converted = form.astype(values.dtype)
    if not (np.isfinite(form).all() and (converted == form).all()):
        raise InputError(f"A is not representable in {values.dtype}; give tokens in float64, or an A that is")
    return values, converted


def _blank(values: NDArray[np.floating], layers: int) -> Certified:
    """A `Certified` record to be filled."""
    B, n, d = values.shape
    return Certified(
        np.zeros((B, layers, n), dtype=np.int32),
        {},
        np.full(B, -1),
        np.full((B, n), -1),
        np.empty_like(values),
        np.empty((B, d)),
        np.zeros(B, dtype=bool),
        np.zeros(B, dtype=np.int64),
    )


def _store(result: Certified, active: NDArray, k: int, sets: FollowSets, moving: NDArray[np.bool_]) -> None:
    """Write layer k's proved sets of the configurations that are not frozen yet."""
    result.first[active[moving], k] = sets.first[moving]
    several: dict[int, tuple[Sets, ...]] = result.several  # type: ignore[assignment]
    for row in np.unique(sets.tied[:, 0]).tolist():
        if moving[row]:
            b = int(active[row])
            before = several.get(b) or tuple(tuple((int(j),) for j in result.first[b, i]) for i in range(k))
            several[b] = (*before, sets.sets(row))
    for b in [int(b) for b in active[moving] if int(b) in several and len(several[int(b)]) == k]:
        several[b] = (*several[b], tuple((int(j),) for j in result.first[b, k]))


def replay(
    result: Certified, b: int, tokens: NDArray[np.floating], A: NDArray[np.floating], alpha: float, layers: int
) -> None:
    """Fill configuration b of `result` by the exact kernel."""
    configuration = Configuration.from_floats(tokens, None if is_identity(A) else A, float(alpha))
    dynamics = Dynamics(configuration)
    layer, itinerary = dynamics.first, []
    place = {row: i for i, row in reversed(list(enumerate(configuration.tokens)))}
    merged = [place[row] for row in configuration.tokens]  # the first of the tokens equal to token i
    for k in range(layers):
        sets = dynamics.follow_sets(layer)
        itinerary.append(sets)
        result.first[b, k] = [C[0] for C in sets]
        if result.frozen[b] < 0:
            single = [len({merged[j] for j in C}) == 1 for C in sets]
            leader = [single[i] and merged[i] in C for i, C in enumerate(sets)]
            if all(single[i] and leader[C[0]] for i, C in enumerate(sets)):
                result.frozen[b] = k
                result.limit[b] = result.first[b, k]
        layer = dynamics.next_layer(layer, sets)
    several: dict[int, tuple[Sets, ...]] = result.several  # type: ignore[assignment]
    several.pop(b, None)
    if any(len(C) > 1 for sets in itinerary for C in sets):
        several[b] = tuple(itinerary)
    exact = layer.tokens()
    result.tokens[b] = [[float(v) for v in row] for row in exact]
    info = np.finfo(tokens.dtype)
    R = np.abs(result.tokens[b].astype(np.float64)).max(axis=0)
    result.error[b] = SLACK * (float(info.eps) * R + float(info.tiny))


__all__ = [
    "Certified",
    "captured",
    "certify",
    "decision_bound",
    "gamma",
    "layer_error",
    "proved",
    "replay",
    "score_roundings",
]
