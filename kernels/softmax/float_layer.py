"""One softmax layer in floats, NumPy or torch, with a bound of how far it is from the exact layer.

**The bound.** u is the unit roundoff, ω the smallest normal number, γ_k = ku/(1 − ku), S = max_i Σ |z_i|ᵀ|A||z_j|, R
and D the largest coordinate and the diameter, |x| the largest coordinate. A, β and λ may have been rounded to floats,
once each. An exponent β(s_ij − max) passes at most 2d roundings of its scores, and 4 of A, β, the product and the
difference, on terms of size βS: it errs by at most 2βS γ_{2d+8}. exp is taken to err by at most 4 units in the last
place, `EXP` (NumPy and torch promise less; `test_float_layer` compares them with balls). What underflows is off by at
most ω: d products and d entries of A for each coordinate of z_iᵀA, d products more, β, and its product with the score.
So computed weights are exact ones times e^θ, |θ| ≤ τ = 2βS γ_{2d+8} + (`EXP` + 1)u + 4ω(β(d²R(R + 1) + d) + S + 1), and
a factor that is common to a row. If τ ≤ 1/64, Lemma S3 (SOFTMAX.md) bounds what θ does to a mean by (17/16)τD; sums of
n terms, the division by their sum and the product with the tokens pass at most 2n + 4 roundings, on numbers of size R,
and z + λ(m − z) at most 6 more. What underflows in exp, in a product with a token or in what follows is less than ω in
n terms, and four times besides:

    |computed − exact| ≤ (17/16) τ D + (γ_{2n+4} + 3 γ_6) R + (n + 4) ω (D + 1).

Neighbours: `enclosure` is the exact layer, in balls.
"""

from typing import Any

import numpy as np

EXP = 4
"""Units in the last place by which exp may err."""
LARGEST_TAU = 1 / 64


def layer(tokens: Any, A: Any, rate: float, beta: float, weights: Any = None) -> tuple[Any, float]:
    """The next tokens of one set, and a bound of their distance from the exact layer.

    Args:
        tokens: (n, d) array of NumPy or tensor of torch, float32 or float64.
        A: (d, d) likewise.
        rate: λ in (0, 1].
        beta: β ≥ 0.
        weights: (n,) multiplicities; all 1 if None.

    Returns:
        The next tokens in the dtype of `tokens`, and the bound in the largest coordinate; infinity where there is none.
    """
    moved = _moved(tokens, A, rate, beta, weights)
    x, form = (np.asarray(M.detach().cpu() if hasattr(M, "detach") else M) for M in (tokens, A))
    return moved, bound(x, form, beta)


def _moved(tokens: Any, A: Any, rate: float, beta: float, weights: Any) -> Any:
    scores = (tokens @ A @ tokens.T) * beta
    is_torch = type(tokens).__module__.partition(".")[0] == "torch"
    top = scores.amax(dim=1, keepdim=True) if is_torch else scores.max(axis=1, keepdims=True)
    terms = (scores - top).exp() if is_torch else np.exp(scores - top)
    terms = terms if weights is None else terms * weights
    means = (terms @ tokens) / terms.sum(1)[:, None]
    return tokens + rate * (means - tokens)


def bound(tokens: np.ndarray, A: np.ndarray, beta: float) -> float:
    """The bound above, in float64, itself with room for its own rounding."""
    info, (n, d) = np.finfo(tokens.dtype), tokens.shape
    u, tiny, beta = float(info.eps) / 2, float(info.tiny), float(beta)
    x, form = np.abs(tokens.astype(np.float64)), np.abs(A.astype(np.float64))

    def gamma(k: int) -> float:
        return k * u / (1 - k * u) if k * u < 0.5 else np.inf

    with np.errstate(all="ignore"):
        S = float((x @ form @ x.T).max())
        R, D = float(x.max()), float(np.ptp(tokens.astype(np.float64), axis=0).max())
        tau = 2 * beta * S * gamma(2 * d + 8) + (EXP + 1) * u
        tau += 4 * tiny * (beta * (d * d * R * (R + 1) + d) + S + 1)
        total = 17 / 16 * tau * D + (gamma(2 * n + 4) + 3 * gamma(6)) * R + (n + 4) * tiny * (D + 1)
    fine = tau <= LARGEST_TAU and np.isfinite(total) and max(S, S * beta, R) < float(info.max) / 4
    return total * (1 + 1e-9) if fine else np.inf
