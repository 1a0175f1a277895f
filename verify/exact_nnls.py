"""Nonnegative least squares over the integers, exactly: the point of a cone nearest to a target, in any inner product.

Started from a guessed support (`proposals`) one exact solve usually decides; a wrong guess costs time and nothing
else. Linear systems are SymPy `DomainMatrix` over QQ, solved by python-flint where it is installed.

Neighbours: `cone` uses it for membership at sizes where the simplex method of `exact_lp` is slow; `polytope` for
projections.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

from sympy import ZZ
from sympy.polys.matrices import DomainMatrix
from sympy.polys.matrices.exceptions import DMNonInvertibleMatrixError

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
    weights = _guess(generators, target, metric, support)
    while True:
        den = lcm(*[w.denominator for w in weights.values()])
        integral = {j: w.numerator * (den // w.denominator) for j, w in weights.items()}
        residual = [den * t for t in target]
        for j, w in integral.items():
            residual = [r - w * v for r, v in zip(residual, generators[j])]  # noqa: B905 both have m entries
        normal = residual if metric is None else [dot(row, residual) for row in metric]
        gains = [dot(normal, g) for g in generators] if any(residual) else [0]
        entering = max(range(len(gains)), key=gains.__getitem__, default=-1)
        if entering < 0 or gains[entering] <= 0:
            return ConeProjection({j: w for j, w in sorted(integral.items()) if w}, den, residual, normal)
        if exchanges is not None:
            exchanges -= 1
            if exchanges < 0:
                return None
        weights = _exchange(generators, target, metric, weights, entering)


def _guess(
    generators: Sequence[IntVector], target: IntVector, metric: Sequence[IntVector] | None, support: Iterable[int]
) -> dict[int, Fraction]:
    """Weights on the guessed support if they are the least-squares solution there and ≥ 0, no weights otherwise."""
    names = list(support)
    if not names or len(names) > len(target):
        return {}
    try:
        solution = least_squares([generators[j] for j in names], target, metric)
    except DMNonInvertibleMatrixError:
        return {}
    if min(solution) < 0:
        return {}
    return {j: x for j, x in zip(names, solution, strict=True) if x}


def _exchange(
    generators: Sequence[IntVector],
    target: IntVector,
    metric: Sequence[IntVector] | None,
    weights: dict[int, Fraction],
    entering: int,
) -> dict[int, Fraction]:
    """The weights after `entering` joins the support and whatever would turn negative leaves it."""
    weights = weights | {entering: Fraction(0)}
    while True:
        solution = least_squares([generators[j] for j in weights], target, metric)
        moves = list(zip(weights.items(), solution, strict=True))
        if min(solution) > 0:
            return {j: x for (j, _), x in moves}
        step = min(w / (w - x) for (_, w), x in moves if x <= 0)
        weights = {j: v for j, v in ((j, w + step * (x - w)) for (j, w), x in moves) if v}


def least_squares(
    rows: Sequence[IntVector], target: IntVector, metric: Sequence[IntVector] | None = None
) -> list[Fraction]:
    """The x minimising the distance from Σ_i x_i rows[i] to the target: R M Rᵀ x = R M t.

    Args:
        rows: R, (k, m) integers, linearly independent.
        target: t, m integers.
        metric: M, (m, m) integers, symmetric positive definite; the identity if None.

    Raises:
        DMNonInvertibleMatrixError: the rows are linearly dependent.
    """
    R = _matrix(rows)
    RM = R if metric is None else R * _matrix(metric)
    gram = RM * R.transpose()
    x: Any = gram.to_field().lu_solve((RM * _matrix([[t] for t in target])).to_field())
    return [Fraction(int(v.numerator), int(v.denominator)) for v in x.to_list_flat()]


def _matrix(rows: Sequence[IntVector]) -> DomainMatrix:
    """Python integers as a dense matrix over ZZ; SymPy takes them as they are, whatever its ground type."""
    return DomainMatrix([list(row) for row in rows], (len(rows), len(rows[0])), ZZ, fmt="dense")


__all__ = ["ConeProjection", "least_squares", "project_on_cone"]
