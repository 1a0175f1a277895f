"""Which decisions of a float kernel are proved: a rigorous running error bound, derived here from first principles.

A float kernel holds tokens ẑ_i with |ẑ_i − z_i| ≤ E (componentwise, one vector E ≥ 0 for each configuration) and
computes scores ŝ_ij of ⟨z_i, z_j⟩ = z_iᵀ A z_j. Write |x|, |A| for absolute values entry by entry, R = max_i |ẑ_i|,
u for the unit roundoff and γ_k = k u / (1 − k u).

**Dtypes.** Nothing below knows more of a dtype than its unit roundoff u, its least normal number ω and its largest
number, so it holds for each of

    dtype       u       ω         largest                    γ_k finite for
    float64     2⁻⁵³    2⁻¹⁰²²    (2 − 2⁻⁵²) 2¹⁰²³           k < 2⁵²
    float32     2⁻²⁴    2⁻¹²⁶     (2 − 2⁻²³) 2¹²⁷            k < 2²³
    float16     2⁻¹¹    2⁻¹⁴      (2 − 2⁻¹⁰) 2¹⁵ = 65504     k < 1024
    bfloat16    2⁻⁸     2⁻¹²⁶     (2 − 2⁻⁷) 2¹²⁷             k < 128

and for kernels that compute some steps in a wider one, which only round less. Tokens and A are in the dtype; α is a
float64 that the kernel may round. NumPy has no bfloat16: such tokens come as float32, which holds them, with the dtype
by name.

**Arithmetic.** Every operation returns (exact result)(1 + δ), |δ| ≤ u, unless it underflows; a fused multiply-add is
two exact operations with one such factor. A product of k factors (1 + δ)^{±1} is 1 + θ with |θ| ≤ γ_k, and
γ_a + γ_b + γ_a γ_b ≤ γ_{a+b}. With gradual underflow or with flushing (of results, of inputs or both), an operation
that underflows errs by at most ω, the least normal number, times 1 or the other operand; in a sum of any shape at most
once for each term, since what is flushed takes its terms out of the sum. In float16, where ω is large and nothing is
flushed by default, gradual underflow is assumed: numbers below ω are multiples of 2uω, so that products and quotients
err by at most uω there, and sums not at all. What follows is written with ω and holds with uω in its place.

**Scores.** In a sum Σ_{c=1}^d x_c y_c evaluated in *any* order or tree, with or without FMA, each monomial passes at
most 1 multiplication and d − 1 additions (adding exact zeros changes nothing): |fl − exact| ≤ γ_d Σ |x_c y_c|.
With A, the score is two such sums, (zᵀA)z or zᵀ(Az), so each monomial ẑ_ib A_bc ẑ_jc passes at most q = 2d
roundings; q = d if A is the identity. With p_i = |A|ᵀ|ẑ_i| and |ẑ_j| ≤ R,

    |ŝ_ij − ẑ_iᵀAẑ_j| ≤ γ_q p_i·R + U,        U = 32 d ω (1 + r)² (1 + a),   r = Σ_c R_c,   a = Σ |A_bc|.

U covers underflow: a sum of d products x_c y_c loses at most ω (3d + Σ|x_c| + Σ|y_c|), and the first sum's losses are
multiplied by |ẑ_j|; together at most ω (3d + 3dr + r² + r + 4ar), twice that after later roundings (γ_q < 1). The
same count for the evaluation of (1) in floats that are flushed adds less than ω (13d + 9dr + 3r² + 10ar + 2a).

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

each at most γ_{m+16} since 0 < λ < 1; if α or λ is rounded to 0, it errs by at most ω. So

    E⁺ = E + γ_{m+16} R + (m + 16) ω (1 + 2R).                                                                 (2)

**Overflow** is outside the model, so the bound is infinite, and nothing proved, unless four times each of these stays
below the largest float: for scores Rᵀ|A|R (partial sums), |A|ᵀR (zᵀA), |A|R (Az) and R (the keys, where they are
rounded to a narrower dtype); for layers R (m + 1 + α) (means, m − z, αm) and 1 + α (α itself).

**The bound's own rounding**: (1) and (2) are sums and products of nonnegative numbers in float64, so they lose at most
a relative 4(d+8)·2⁻⁵³; the factor SLACK = 1 + 2⁻²⁰ covers that, and the rounding of the margin.

Every guard and cast on the way from floats to facts. `test_filter` and `test_guards` take guards out one at a time, and
derive those about rounding a second time; the rows on R and on int32 rest on what is said here alone.

    guard or cast                      where                            what it bounds, and why that is enough
    4 (Rᵀ|A|R + |A|ᵀR + |A|R) < max    decision_bound                   all intermediate scores, of either order
    4 (Rᵀ|A|R + max(|A|ᵀR, R)) < max   compiled_loops.bounds            the same for (zᵀA)z; keys and queries cast to
                                                                        float32 are at most R and |A|ᵀR, so finite
    tokens, queries → float32          compiled_loops.shorten           one factor 1 + δ each: q + 2 a monomial;
                                                                        where they underflow ω (|query| + |key|): in U
    γ_k = ∞ if k u ≥ 1/2               gamma                            then 1 − k u bounds nothing
    U                                  decision_bound, bounds           all losses below ω, of scores and of (1) itself
    4 R (m + 1 + α), 4 (1 + α) < max   layer_error                      sums of m tokens, m − z, α m, and α in the dtype
    4 R < max                          compiled_loops.grown             m − z, which is all that its layer forms
    λ, α → dtype                       kernels                          4 factors, or ω where it underflows: in (2)
    R = max |z⁰| + E                   compiled_loops                   later tokens: z in the hull of z⁰, |ẑ − z| ≤ E
    margin > bound, ¬(ŝ < max − bound) proved, only_candidate           NaN proves nothing and excludes nothing
    max − bound, rounded               only_candidate, _prove_equal     rounding is monotone, and ŝ is a float: ŝ ≥
                                                                        max − 2B implies ŝ ≥ fl(max − bound)
    top − second, rounded              all kernels                      a relative u < 2⁻²⁰: in SLACK; `certify` takes
                                                                        float32 and float64 alone
    hash of a linear image             compiled_loops.find_distinct     nothing: `same` decides, and a duplicate that is
                                                                        missed ties, so it is compared by `same` again
    A → dtype of the tokens, α → float certify                          nothing: refused unless it changes no value
    tiny / 2 > 0                       array_values.refuse_flushing     floats are read and compared where subnormal
                                                                        numbers are kept apart from 0
    exact tokens → dtype               certify._replay                  2u |ẑ| + ω ≥ two roundings to nearest
    index → int32                      compiled_loops                   n < 2³¹: 2³¹ tokens would need n² = 2⁶² scores

Requirements: tokens and A representable in the kernel's dtype, round to nearest, no TF32 or other shortened products,
no Strassen-like matrix products.

Neighbours: `numpy_kernel` and the other float kernels supply sets and margins; `certify` runs a batch through this
filter and gives what it does not prove to the exact kernel.
"""

import numpy as np
from numpy.typing import NDArray

from ..follow_sets import FollowSets
from ..protocol import checked, is_identity
from .exact_scores import LEAST_EXPONENT, PRECISION, largest

SLACK = 1 + 2.0**-20
"""Covers the rounding of the bound itself, and that of the margin it is compared with in float32 and float64."""

UNDERFLOW = 32
"""The factor in U."""


def gamma(k: NDArray | int, dtype: np.dtype | type | str) -> NDArray[np.float64]:
    """γ_k = k u / (1 − k u) in float64, u the unit roundoff of `dtype`; infinite where k u ≥ 1/2."""
    ku = np.asarray(k, dtype=np.float64) * 2.0 ** -PRECISION[_name(dtype)]
    return np.where(ku < 0.5, ku / (1 - np.minimum(ku, 0.5)), np.inf)


def loss(dtype: str) -> float:
    """What an operation errs by at most where it underflows: ω, and uω in float16."""
    return 2.0 ** (LEAST_EXPONENT[dtype] - (PRECISION[dtype] if dtype == "float16" else 0))


def _name(dtype: np.dtype | type | str) -> str:
    return dtype if isinstance(dtype, str) else np.dtype(dtype).name


def score_roundings(A: NDArray) -> int:
    """q: how many roundings a monomial of a score passes at most, d if A is the identity, else 2d."""
    d = len(A)
    return d if is_identity(A) else 2 * d


def decision_bound(
    tokens: NDArray[np.floating],
    A: NDArray[np.floating] | None = None,
    error: NDArray[np.float64] | None = None,
    dtype: str | None = None,
) -> NDArray[np.float64]:
    """2 B_i of equation (1): a margin above it is positive for the exact scores too.

    Args:
        tokens: (B, n, d) ẑ, in the dtype that the scores are computed in.
        A: (d, d), the identity if None.
        error: (B, d) E with |ẑ − z| ≤ E; zero if None.
        dtype: what the scores are computed in, if that is not the dtype of `tokens`.

    Returns:
        (B, n) float64, infinite where no bound holds (overflow, values that are not finite).
    """
    values, form = checked(tokens, A, 1.0)
    name = dtype or values.dtype.name
    d = values.shape[2]
    size = np.abs(values.astype(np.float64))
    weights = np.abs(form.astype(np.float64))
    E = np.zeros((len(values), d)) if error is None else error
    with np.errstate(over="ignore", invalid="ignore"):
        R = size.max(axis=1)
        p = size if is_identity(form) else size @ weights
        U = UNDERFLOW * d * loss(name) * (1 + R.sum(axis=1)) ** 2 * (1 + weights.sum())
        own = (p @ (gamma(score_roundings(form), name) * R + E)[:, :, None])[:, :, 0]
        others = ((E @ weights) * (R + E)).sum(axis=1)
        bound = 2 * SLACK * (own + (others + U)[:, None])
        left, right = R @ weights, R @ weights.T  # bounds on zᵀA and Az
        reached = 4 * ((left * R).sum(axis=1) + left.max(axis=1) + right.max(axis=1))
    return np.where(np.isfinite(bound) & (reached < largest(name))[:, None], bound, np.inf)


def layer_error(
    tokens: NDArray[np.floating],
    count: NDArray[np.integer] | int,
    alpha: float,
    error: NDArray[np.float64] | None = None,
    dtype: str | None = None,
) -> NDArray[np.float64]:
    """E⁺ of equation (2): how far the next tokens are from the exact ones, if all follow sets are right.

    Args:
        tokens: (B, n, d) ẑ, in the dtype that the layer is computed in.
        count: (B, n) |C_i|, or one number for all.
        alpha: α > 0.
        error: (B, d) E with |ẑ − z| ≤ E; zero if None.
        dtype: what the layer is computed in, if that is not the dtype of `tokens`.

    Returns:
        (B, d) float64, infinite where no bound holds.
    """
    name = dtype or tokens.dtype.name
    B, n, d = tokens.shape
    E = np.zeros((B, d)) if error is None else error
    m = np.broadcast_to(np.asarray(count), (B, n)).max(axis=1)[:, None]
    with np.errstate(over="ignore", invalid="ignore"):
        R = np.abs(tokens.astype(np.float64)).max(axis=1)
        grown = SLACK * (E + gamma(m + 16, name) * R + (m + 16) * loss(name) * (1 + 2 * R))
        reached = np.maximum(4 * R * (m + 1 + alpha), 4 * (1 + alpha))
    return np.where(np.isfinite(grown) & (reached < largest(name)), grown, np.inf)


def proved(sets: FollowSets, bound: NDArray[np.float64], initial: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Which follow sets of a batch are those of the exact tokens.

    Args:
        sets: what the kernel computed, with its margins.
        bound: (B, n) `decision_bound`.
        initial: (B, n, d) the tokens of layer 0, exact: tokens that are equal there are equal at every layer.

    Returns:
        (B, n) booleans: the margin exceeds the bound, and C_i is one token up to equal ones.
    """
    result = np.array(sets.margin > bound, dtype=np.bool_)
    b, i, j = sets.tied.T
    different = (initial[b, j] != initial[b, sets.first[b, i]]).any(axis=1)
    result[b[different], i[different]] = False
    return result


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
    followed = np.take_along_axis(initial, sets.first[:, :, None], axis=1)
    itself = (followed == initial).all(axis=2)
    return np.asarray(np.take_along_axis(itself, sets.first, axis=1).all(axis=1))
