"""Proofs that a symmetric matrix is positive semidefinite: G = R diag(w) Rᵀ + E, w > 0, E diagonally dominant.

xᵀGx = Σ w_k (Rᵀx)_k² + xᵀEx ≥ 0, because 2|x_i x_j| ≤ x_i² + x_j² makes xᵀEx ≥ 0 where E_ii ≥ Σ_{j≠i} |E_ij|. Exact
LDLᵀ is the case E = 0, which every semidefinite matrix has; large matrices of full rank have R from Cholesky's floats,
rounded, with what it misses in E, computed exactly.

Neighbours: `gram` asks for it, CERTIFICATE.md §13 has it as a certificate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, log2

from ..errors import InputError
from .dynamics import over_one_denominator
from .matrix import Matrix
from .rational_text import decimal_text

SMALL, LARGEST = 40, 160
"""Rows up to which LDLᵀ is tried at once, and at all: its numbers grow with every row."""
_HINT = "give the inner products exactly, not as floats have rounded them, or add to the diagonal"


@dataclass(frozen=True)
class Squares:
    """R and w of G = R diag(w) Rᵀ + E.

    Args:
        weights: w, positive.
        rows: of R, each as far as it is not 0.
    """

    weights: tuple[Fraction, ...]
    rows: Matrix


def factor(G: Matrix) -> Squares:
    """The proof that a symmetric matrix is positive semidefinite.

    Args:
        G: (n, n), symmetric, exact.

    Raises:
        InputError: it is not, shown by a combination of negative squared length; or neither is shown.
    """
    n = len(G)
    if n <= SMALL:
        return _eliminated(G)
    found = _rounded_cholesky(G)
    if found is not None:
        return found
    _refute(G)
    if n <= LARGEST:
        return _eliminated(G)
    raise InputError(
        f"gram of {n} tokens is so near to a singular matrix that floats do not tell whether it is positive "
        f"semidefinite, and above {LARGEST} tokens nothing else does; {_HINT}"
    )


def _eliminated(G: Matrix) -> Squares:
    """LDLᵀ: a pivot 0 has a row of zeros, none is negative."""
    rest = [list(row) for row in G]
    weights: list[Fraction] = []
    R: list[list[Fraction]] = [[] for _ in G]
    for k, pivot_row in enumerate(rest):
        pivot = pivot_row[k]
        others = [i for i in range(k + 1, len(G)) if pivot_row[i]]
        if pivot < 0 or (pivot == 0 and others):
            beside = " and other numbers beside it" if pivot == 0 else ""
            raise _not_semidefinite(f"LDLᵀ has the pivot {decimal_text(pivot)}{beside} in row {k}")
        if pivot == 0:
            continue
        weights.append(pivot)
        R[k] += [Fraction(0)] * (len(weights) - 1 - len(R[k])) + [Fraction(1)]
        for i in others:
            x = pivot_row[i] / pivot
            R[i] += [Fraction(0)] * (len(weights) - 1 - len(R[i])) + [x]
            for j in range(k + 1, len(G)):
                if pivot_row[j]:
                    rest[i][j] -= x * pivot_row[j]
    return Squares(tuple(weights), tuple(map(tuple, R)))


def _rounded_cholesky(G: Matrix) -> Squares | None:
    """R from floats, for G less a little of the identity, which is to outweigh what rounding has lost."""
    import numpy as np
    from flint import fmpz_mat

    n = len(G)
    numerators, D = over_one_denominator(G)
    top = max(numerators[i][i] for i in range(n))
    if top <= 0:
        return None
    # G times 4^half has its largest number near 1, whatever its size, and its factor is that of G times 2^half.
    half = (D.bit_length() - top.bit_length()) // 2
    up, down = 4 ** max(half, 0), 4 ** max(-half, 0) * D
    try:
        floats = np.array([[x * up / down for x in row] for row in numerators])
    except OverflowError:
        return None
    largest = float(floats.diagonal().max())
    for excess in (8, 128, 2048):
        delta = excess * n * 2.0**-53 * largest
        try:
            R = np.linalg.cholesky(floats - delta * np.eye(n))
        except np.linalg.LinAlgError:
            return None
        shift = max(0, ceil(log2(8 * n * largest**0.5 / delta)))  # rounding moves a row of R Rᵀ by less than delta
        if not 0 < delta or shift > 900 or (np.abs(R).max() * 2.0**shift) >= 2**62:
            return None
        whole = np.rint(np.ldexp(R, shift)).astype(np.int64).tolist()
        M = fmpz_mat(whole)
        square = [list(map(int, row)) for row in (M * M.transpose()).tolist()]
        e = shift + half
        if _is_dominant(numerators, D * 4 ** max(-e, 0), square, 4 ** max(e, 0)):
            unit = Fraction(2) ** e
            rows = tuple(tuple(v / unit for v in row[: i + 1]) for i, row in enumerate(whole))
            return Squares((Fraction(1),) * n, rows)
    return None


def _is_dominant(numerators: Sequence[Sequence[int]], D: int, square: Sequence[Sequence[int]], unit: int) -> bool:
    """Whether numerators / D − square / unit has no less on the diagonal than beside it."""
    for i, (row, other) in enumerate(zip(numerators, square, strict=True)):
        rest = [unit * x - D * y for x, y in zip(row, other, strict=True)]
        if 2 * rest[i] < sum(map(abs, rest)) or rest[i] < 0:
            return False
    return True


def _refute(G: Matrix) -> None:
    """Raise if a combination that floats propose has a negative squared length."""
    import numpy as np

    try:
        _, vectors = np.linalg.eigh(np.array([[float(v) for v in row] for row in G]))
    except (OverflowError, np.linalg.LinAlgError):
        return
    x = [int(v) for v in np.rint(vectors[:, 0] * 2**40)]
    numerators, D = over_one_denominator(G)
    value = sum(a * sum(map(int.__mul__, row, x)) for a, row in zip(x, numerators, strict=True))
    if value < 0:
        length = Fraction(value, D * sum(v * v for v in x))
        raise _not_semidefinite(
            f"a combination of length 1 of its tokens has the squared length {decimal_text(length)}"
        )


def _not_semidefinite(why: str) -> InputError:
    return InputError(f"gram is not positive semidefinite: {why}; {_HINT}")
