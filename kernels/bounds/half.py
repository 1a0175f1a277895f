"""How far a next token of half precision may be from the exact one, for every admitted form of the layer.

In float16 and bfloat16 the bound (2) of `rounding`, which is one number R γ_{m+16} for all tokens and forms, is a tenth
of the tokens themselves. What decides there is derived here for one coordinate of one token z, from |z|, from those
that it follows and from λ. Notation and arithmetic are those of `rounding`: u, γ_k, θ_k with |θ_k| ≤ γ_k.

The token follows y_1, …, y_m, y is their mean, M = max |y_j|, D = max |y_j − z|, and z⁺ = (1−λ) z + λ y.

**Means.** ŷ is Σ y_j / m, or Σ ŵ y_j with ŵ = 1/m rounded, summed in any order or tree. y_j passes t_j additions, and
a division or the rounding of ŵ and a product: at most t_j + 2 ≤ m + 1 factors. Over the leaves of a binary tree
Σ t_j ≤ (m−1)(m+2)/2, by induction: with a + b = m leaves on the two sides the sum is m more than theirs, most if a = 1.
So |ŷ − y| ≤ ε := M K u / (1 − (m+1) u) with K = (m−1)(m+2)/(2m) + 2, and ε = 0 for m = 1, where nothing is rounded.
Running means (a ← a + (y_j − a)/j) are not admitted: their errors are larger.

**λ** is α/(1+α) or 1/(1+1/α), of an α that is rounded: 1/(1+α̂) and α̂/(1+α̂) change by at most the factor 1 + δ of
α̂, so λ̂ = λ (1 + θ_4), and 1/(1+α) rounded is (1−λ)(1 + θ_3). Not admitted is 1 − 1/(1+α), computed in the dtype: it
loses all of a small α.

**Forms**, with the error of each:

    A   z + λ̂ (ŷ − z)                         λ ε + κ (D+ε) + u [(1−λ)|z| + λ (M+ε) + κ (D+ε)],   κ = λ γ_6
    A'  ŷ − (ŷ − z)(1 − λ̂), λ rounded once    the same with κ = λ γ_4 + (1−λ) γ_3 (torch.lerp, from λ = 1/2 on)
    B   (1 − λ̂) z + λ̂ ŷ                       λ ε + [(1−λ) γ_3 + λ γ_7] |z| + λ γ_6 (M+ε)
    C   (z + α̂ ŷ)/(1 + α̂)                     λ ε + (1−λ) γ_4 |z| + λ γ_5 (M+ε)
    D   z/(1+α) + λ̂ ŷ, 1/(1+α) rounded        λ ε + (1−λ) γ_5 |z| + λ γ_6 (M+ε)
    D'  (z + α̂ ŷ) · 1/(1+α), rounded          as D
    E   (z + α̂ ŷ) in the dtype, over 1 + α    below C: the form "residual"

A: the difference and the product add 2 factors to λ̂, so the result is [z + λ (1+θ_6)(ŷ−z)](1+δ), and
|z + λ (ŷ−z)| ≤ (1−λ)|z| + λ (M+ε). A': 1 − λ̂ is (1−λ−λδ)(1+δ'), so (1−λ̂) and two more factors err by
(1−λ) γ_3 + λ u (1+γ_3) in place of (1−λ). B: in the same way 1 − λ̂ and two factors err by (1−λ) γ_3 + λ γ_4 (1+γ_3).
C: z passes the sum, the division and 1 + α̂ with 2 factors; α̂ ŷ has one factor for α̂ over 1 + α̂, and the product, two
sums and the division. D, D': 3 factors of 1/(1+α), a product and a sum; λ̂ or α̂/(1+α̂) as in B or C and one more.
Wider intermediate numbers and fused operations only leave factors out. The bound is the largest of these.

**Underflow.** An operation that underflows errs by at most ℓ = `rounding.loss`: m products of a mean, α and λ, each
times |ŷ − z| or less, and fewer than 10 others; later factors are below 2. All are below (m+16) ℓ (1 + |z| + M + ε).
Where 1/α overflows, 1/(1+1/α) is 0: λ (D+ε).

**Overflow.** No bound holds unless 4 (m+1) max(|z|, M) is below the largest number: sums, and ŷ − z. That is all that A
and B form. C, D' and E also form 1 + α and z + αy, which may overflow though the next token does not: no kernel is
judged where 4 (1+α) reaches the largest number (α ≥ 16383 in float16), nor by what is not finite where 4 (|z| + α M)
does. In float16 subnormal numbers must not be flushed to zero; in bfloat16 they may be.

Neighbours: `rounding` proves decisions; the conformance suite judges next tokens.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .exact_scores import largest
from .rounding import SLACK, gamma, loss

HALVES = ("float16", "bfloat16")
"""Dtypes of few bits: exact values are rounded to them before anything is computed or judged."""


def token_error(
    own: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    count: NDArray[np.integer] | int,
    alpha: float,
    dtype: str,
) -> NDArray[np.float64]:
    """The largest error of a coordinate of a next token over all admitted forms; it grows with [low, high] and m.

    Args:
        own: (…, d) z.
        low: (…, d) the least y_j.
        high: (…, d) the largest y_j.
        count: (…, 1) m, or one number for all.
        alpha: α > 0.
        dtype: "float16" or "bfloat16".

    Returns:
        (…, d) float64, infinite where no bound holds.
    """
    m = np.asarray(count, dtype=np.float64)
    rate, u = (alpha / (1 + alpha), float(gamma(1, dtype)))
    rest = 1 - rate

    def g(k: int) -> float:
        return float(gamma(k, dtype))

    with np.errstate(over="ignore", invalid="ignore"):
        size, M = np.abs(own), np.maximum(np.abs(low), np.abs(high))
        sums = np.where(m > 1, gamma(m + 1, dtype) / (m + 1) * ((m - 1) * (m + 2) / (2 * m) + 2), 0.0)
        mean = M * sums
        apart = np.maximum(np.abs(low - own), np.abs(high - own)) + mean
        kappa = max(rate * g(6), rate * g(4) + rest * g(3) if rate >= 0.5 else 0.0) * apart
        differences = kappa + u * (rest * size + rate * (M + mean) + kappa)
        weights = max(rest * g(3) + rate * g(7), rest * g(5)) * size + rate * g(6) * (M + mean)
        small = (m + 16) * loss(dtype) * (1 + size + M + mean) + (rate * apart if alpha * largest(dtype) <= 1 else 0.0)
        error = SLACK * (rate * mean + np.maximum(differences, weights) + small)
        within = 4 * (m + 1) * np.maximum(size, M) < largest(dtype)
    return np.where(np.isfinite(error) & within, error, np.inf)


def sums_overflow(own: NDArray, low: NDArray, high: NDArray, alpha: float, dtype: str) -> NDArray[np.bool_]:
    """Whether z + αy may overflow in a coordinate though the next token does not (arguments as above)."""
    with np.errstate(over="ignore", invalid="ignore"):
        return 4 * (np.abs(own) + alpha * np.maximum(np.abs(low), np.abs(high))) >= largest(dtype)


def followed(
    tokens: NDArray[np.floating], sets: Sequence[Sequence[int]], of: Sequence[int] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """z, the least and the largest y_j, (k, d), and m, (k, 1), of the tokens `of` (all if None) that follow `sets`."""
    Z = tokens.astype(np.float64)
    ends = [(Z[list(C)].min(axis=0), Z[list(C)].max(axis=0)) for C in sets]
    own = Z if of is None else Z[list(of)]
    low, high = (np.array([pair[side] for pair in ends]) for side in (0, 1))
    return own, low, high, np.array([[len(C)] for C in sets])
