"""Which scores are exact in a dtype: the inputs on which a float kernel has to keep every tie and split every near-tie.

Write the tokens as 2^e N and A as 2^f M with integers N, M. Every monomial N_ia M_ab N_lb of a score, and every partial
sum of such monomials in any order, is an integer of absolute value at most Σ_ab |N_ia| |M_ab| R_b with
R_b = max_l |N_lb|. If that is at most 2^p, p the precision of the dtype (24 or 53), then all of them are representable:
additions, multiplications and fused operations round nothing, whichever of zᵀA and Az is formed first (those are
bounded as well), if they are no subnormal numbers and stay below the largest float. Equal scores are then equal in
floats, and scores that differ, differ.

Neighbours: `judge` applies this token by token.
"""

from fractions import Fraction
from math import gcd

from ..exact.configuration import Matrix

PRECISION = {"bfloat16": 8, "float16": 11, "float32": 24, "float64": 53}
"""Bits of the significand, the hidden one included: the unit roundoff u is 2 to the minus that."""
LEAST_EXPONENT = {"bfloat16": -126, "float16": -14, "float32": -126, "float64": -1022}
"""Products of the units below this power of two, the least normal number ω, are subnormal: kernels may flush them."""
GREATEST_EXPONENT = {"bfloat16": 127, "float16": 15, "float32": 127, "float64": 1023}
"""The greatest power of two in the dtype."""


def largest(dtype: str) -> float:
    """The largest number in the dtype."""
    return float((2 - Fraction(1, 1 << (PRECISION[dtype] - 1))) * (1 << GREATEST_EXPONENT[dtype]))


def _integers(rows: Matrix) -> tuple[list[list[int]], int] | None:
    """(N, e) with rows = 2^e N, N integers without a common factor 2; None if a value is not dyadic."""
    values = [v for row in rows for v in row if v]
    if any(v.denominator & (v.denominator - 1) for v in values):
        return None
    if not values:
        return [[0] * len(row) for row in rows], 0
    down = max(v.denominator for v in values).bit_length() - 1
    scaled = [[int(v * (1 << down)) for v in row] for row in rows]
    common = gcd(*(x for row in scaled for x in row))
    up = (common & -common).bit_length() - 1
    return [[x >> up for x in row] for row in scaled], up - down


def exact_scores(tokens: Matrix, A: Matrix, dtype: str) -> tuple[bool, ...]:
    """For each token i, whether all scores ⟨z_i, z_l⟩ are exact in `dtype`, in any order of summation.

    Args:
        tokens: (n, d) exact.
        A: (d, d) exact.
        dtype: a key of `PRECISION`.
    """
    rows, form = _integers(tokens), _integers(A)
    if rows is None or form is None:
        return (False,) * len(tokens)
    (N, e), (M, f) = rows, form
    scores, products = 2 * e + f, e + f
    if min(scores, products, e, f) < LEAST_EXPONENT[dtype]:
        return (False,) * len(tokens)
    if max(scores, products) + PRECISION[dtype] > GREATEST_EXPONENT[dtype]:
        return (False,) * len(tokens)
    d = len(A)
    limit = 1 << PRECISION[dtype]
    largest = [max(abs(row[b]) for row in N) for b in range(d)]
    entries = [[(b, abs(v)) for b, v in enumerate(row) if v] for row in M]
    right = [sum(v * largest[b] for b, v in row) for row in entries]  # bounds |A z_l|
    result = []
    for row in N:
        left = [0] * d  # bounds |A^T z_i|
        for x, column in zip(row, entries, strict=True):
            for b, v in column if x else ():
                left[b] += abs(x) * v
        total = sum(abs(x) * r for x, r in zip(row, right, strict=True))
        result.append(max(total, *left, *(r if x else 0 for x, r in zip(row, right, strict=True))) <= limit)
    return tuple(result)
