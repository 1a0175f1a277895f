"""Nonnegative least squares over the integers, exactly: the point of a cone nearest to a target, in any inner product.

Started from a guessed support (`proposals`) one exact solve usually decides; a wrong guess costs time and nothing
else. Linear systems go to FLINT as they are: through SymPy's matrices a small one takes three times as long.

Neighbours: `cone` uses it for membership at sizes where the simplex method of `exact_lp` is slow; `polytope` for
projections.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import fmpz_mat

from .exact_lp import IntVector, dot


@dataclass(frozen=True, slots=True)
class ConeProjection:
    """The nearest point Σ_j (weights[j] / den) g_j of a cone to the target t.

    Attributes:
        weights: {j: positive integer}.
        den: a positive integer.
        residual: den · t − Σ_j weights[j] g_j; zero exactly if t lies in the cone.
        normal: M · residual, with normal · g_j ≤ 0 for every j and normal · t > 0 unless the residual is zero.
    """

    weights: dict[int, int]
    den: int
    residual: list[int]
    normal: list[int]


def project_on_cone(
    generators: Sequence[IntVector],
    target: IntVector,
    metric: Sequence[IntVector] | None = None,
    support: Iterable[int] = (),
    exchanges: int | None = None,
) -> ConeProjection | None:
    """argmin over x ≥ 0 of (t − Σ_j x_j g_j)ᵀ M (t − Σ_j x_j g_j), by the active-set method of Lawson and Hanson.

    The supporting generators are always linearly independent and the distance falls strictly from one exchange to the
    next, so in exact arithmetic no support repeats and the method ends.

    Args:
        generators: (n, m) integers.
        target: t, m integers.
        metric: M, (m, m) integers, symmetric positive definite; the identity if None.
        support: generators to start from: a guess, dropped where it does not solve with weights ≥ 0.
        exchanges: give up after this many; no limit if None.

    Returns:
        The projection, or None if the exchanges ran out.

    Source: C. Lawson, R. Hanson, "Solving Least Squares Problems", 1974, chapter 23.
    """
    weights, den = _guess(generators, target, metric, support)
    while True:
        residual = [den * t for t in target]
        for j, w in weights.items():
            residual = [r - w * v for r, v in zip(residual, generators[j])]  # noqa: B905 both have m entries
        normal = residual if metric is None else [dot(row, residual) for row in metric]
        gains = [dot(normal, g) for g in generators] if any(residual) else [0]
        entering = max(range(len(gains)), key=gains.__getitem__, default=-1)
        if entering < 0 or gains[entering] <= 0:
            return ConeProjection({j: w for j, w in sorted(weights.items()) if w}, den, residual, normal)
        if exchanges is not None:
            exchanges -= 1
            if exchanges < 0:
                return None
        weights, den = _exchange(generators, target, metric, weights, den, entering)


def _guess(
    generators: Sequence[IntVector], target: IntVector, metric: Sequence[IntVector] | None, support: Iterable[int]
) -> tuple[dict[int, int], int]:
    """Weights on the guessed support if they are the least-squares solution there and ≥ 0, no weights otherwise."""
    names = list(support)
    if not names or len(names) > len(target):
        return {}, 1
    try:
        solution, den = least_squares([generators[j] for j in names], target, metric)
    except ZeroDivisionError:
        return {}, 1
    if min(solution) < 0:
        return {}, 1
    return {j: x for j, x in zip(names, solution, strict=True) if x}, den


def _exchange(
    generators: Sequence[IntVector],
    target: IntVector,
    metric: Sequence[IntVector] | None,
    weights: dict[int, int],
    den: int,
    entering: int,
) -> tuple[dict[int, int], int]:
    """The weights after `entering` joins the support and whatever would turn negative leaves it."""
    current = {j: Fraction(w, den) for j, w in weights.items()} | {entering: Fraction(0)}
    while True:
        solution, den = least_squares([generators[j] for j in current], target, metric)
        if min(solution) > 0:
            return dict(zip(current, solution, strict=True)), den
        moves = [(j, w, Fraction(x, den)) for (j, w), x in zip(current.items(), solution, strict=True)]
        step = min(w / (w - x) for _, w, x in moves if x <= 0)
        current = {j: v for j, v in ((j, w + step * (x - w)) for j, w, x in moves) if v}


def least_squares(
    rows: Sequence[IntVector], target: IntVector, metric: Sequence[IntVector] | None = None
) -> tuple[list[int], int]:
    """The x minimising the distance from Σ_i x_i rows[i] to the target: R M Rᵀ x = R M t.

    Args:
        rows: R, (k, m) integers, linearly independent.
        target: t, m integers.
        metric: M, (m, m) integers, symmetric positive definite; the identity if None.

    Returns:
        den · x and den > 0, integers.

    Raises:
        ZeroDivisionError: the rows are linearly dependent.
    """
    R, t = fmpz_mat(rows), fmpz_mat([[v] for v in target])
    if len(rows) == len(target):
        left, right = R.transpose(), t  # the distance is zero in every metric, and the numbers stay smaller
    else:
        RM = R if metric is None else R * fmpz_mat(metric)
        left, right = RM * R.transpose(), RM * t
    solution: Any = left.solve(right)  # its stubs know less than it
    numerators, den = solution.numer_denom()
    return [int(v) for v in numerators.entries()], int(den)


__all__ = ["ConeProjection", "least_squares", "project_on_cone"]
