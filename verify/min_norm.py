"""The point of least norm in a polytope, exactly: Wolfe's active-set method on the Gram matrix.

Neighbours: `polytope.projection_of_origin` is the caller and checks the answer; `proposals` guesses the active set.
"""

from collections.abc import Sequence
from fractions import Fraction

from .exact_lp import dot
from .point_set import PointSet


def min_norm_point(form: Sequence[Sequence[int]], V: PointSet) -> dict[int, Fraction]:
    """Convex weights of the point of least xᵀAx in conv V.

    The corral S (points with weight) is always affinely independent and the norm falls strictly at every major step,
    so in exact arithmetic the method ends.

    Args:
        form: (d, d) integers, a positive multiple of A, symmetric positive definite.
        V: the points.

    Returns:
        {index: weight > 0} with sum 1, at most d + 1 entries.

    Source: P. Wolfe, "Finding the nearest point in a polytope", Math. Programming 11, 1976.
    """
    gram = _Gram(form, V)
    start = min(range(V.n), key=lambda j: gram(j, j))
    weights = {start: Fraction(1)}
    while True:
        inner = [sum((w * gram(i, j) for i, w in weights.items()), Fraction(0)) for j in range(V.n)]
        norm = sum(w * inner[i] for i, w in weights.items())
        entering = min(range(V.n), key=inner.__getitem__)
        if inner[entering] >= norm:
            return dict(sorted(weights.items()))
        weights[entering] = Fraction(0)
        while True:
            corral = list(weights)
            target = affine_minimiser([[gram(i, j) for j in corral] for i in corral])
            falling = [(weights[j], x, j) for j, x in zip(corral, target, strict=True) if x <= 0]
            if not falling:
                weights = dict(zip(corral, target, strict=True))
                break
            step = min(w / (w - x) for w, x, _ in falling)
            moved = {j: w + step * (x - w) for (j, w), x in zip(weights.items(), target, strict=True)}
            weights = {j: w for j, w in moved.items() if w > 0}


def affine_minimiser(gram: Sequence[Sequence[Fraction]]) -> list[Fraction]:
    """Affine weights (sum 1, any sign) of the point of least norm in the affine hull: G x = μ 1, Σ x = 1.

    Args:
        gram: (k, k) inner products of affinely independent points.
    """
    k = len(gram)
    # The bordered system is regular for affinely independent points, even where the Gram matrix is singular.
    rows = [[*row, Fraction(-1), Fraction(0)] for row in gram]
    rows.append([Fraction(1)] * k + [Fraction(0), Fraction(1)])
    for c in range(k + 1):
        p = next(r for r in range(c, k + 1) if rows[r][c])
        rows[c], rows[p] = rows[p], rows[c]
        head = rows[c]
        for r in range(k + 1):
            if r != c and rows[r][c]:
                factor = rows[r][c] / head[c]
                rows[r] = [a - factor * b for a, b in zip(rows[r], head, strict=True)]
    return [rows[c][k + 1] / rows[c][c] for c in range(k)]


class _Gram:
    """Inner products ⟨v_i, v_j⟩ times the denominator of the form, computed when asked for and kept."""

    def __init__(self, form: Sequence[Sequence[int]], V: PointSet) -> None:
        self._rows = V.rows
        self._forms = [[dot(row, v) for row in form] for v in V.rows]
        self._known: dict[tuple[int, int], Fraction] = {}

    def __call__(self, i: int, j: int) -> Fraction:
        key = (i, j) if i <= j else (j, i)
        value = self._known.get(key)
        if value is None:
            v, w = self._rows[i], self._rows[j]
            value = self._known[key] = Fraction(dot(self._forms[i], w), v[-1] * w[-1])
        return value


__all__ = ["affine_minimiser", "min_norm_point"]
