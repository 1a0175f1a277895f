"""Layers that repeat up to a linear map: cycles and spirals, which exist only where A is not positive definite.

If Z^{k+p} = Z^k Q with Q B Qᵀ = c B and c > 0 (B the matrix of the scores), then scores at layer k+p are c times those
at layer k, so the follow sets agree; the same step turns Z^{k+1} into Z^{k+p+1} = Z^{k+1} Q, and so on for ever. Layers
to compare are found by Brent's rule: keep one layer, replace it whenever the layer number doubles.

Neighbours: `prover` asks at each layer and turns a `Repetition` into a `outcome.SelfSimilar`.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sympy import QQ
from sympy.polys.matrices import DomainMatrix

from ....kernels.exact.configuration import Matrix
from ....kernels.exact.dynamics import Dynamics, Layer, Sets
from ....kernels.exact.step import ConstantStep
from .budget import Budget, Work, common_factor, product

MAX_LAYER = 512
"""Layers after which no repetition is looked for: numbers grow, and a repetition shows early or never."""


@dataclass(frozen=True, slots=True)
class Repetition:
    """Z^{k+p} = Z^k Q with Q B Qᵀ = scale · B; `contraction` is r with Q Qᵀ = r I, or None. `start` is layer k."""

    start: Layer
    Q: Matrix
    scale: Fraction
    contraction: Fraction | None


class Recurrence:
    """Looks for a layer that is a linear image of an earlier one.

    Args:
        dynamics: the dynamics; only a constant step can repeat.
        work: where operations are counted before they are done.
    """

    def __init__(self, dynamics: Dynamics, work: Work | None = None) -> None:
        self._work = work or Work(Budget.unlimited())
        self._form = dynamics.form.convert_to(QQ)
        self._active = isinstance(dynamics.configuration.step, ConstantStep)
        self._kept: tuple[Layer, Sets] | None = None

    def visit(self, layer: Layer, sets: Sets) -> Repetition | None:
        """The proof that `layer`, with its follow sets, is a linear image of the kept layer, if it is one."""
        if not self._active or layer.index > MAX_LAYER:
            return None
        if self._kept is not None and self._kept[1] == sets:
            (n, d), bits = layer.numerators.shape, int(layer.denominator).bit_length()
            self._work.do(2 * n * d * common_factor(bits) + 2 * d * d * (n + d) * product(d * bits, d * bits))
            found = self._compare(self._kept[0], layer)
            if found is not None:
                return found
        if layer.index & (layer.index - 1) == 0:  # 0, 1, 2, 4, 8, …
            self._kept = (layer, sets)
        return None

    def forget(self) -> None:
        """Compare with no layer visited so far."""
        self._kept = None

    def _compare(self, old: Layer, new: Layer) -> Repetition | None:
        Z0, Z1, B = _rational(old), _rational(new), self._form
        d = Z0.shape[1]
        one = DomainMatrix.eye(d, QQ).to_dense()
        factor = _ratio(Z1, Z0)
        if factor is not None:
            Q = one * QQ(factor.numerator, factor.denominator)
        else:
            _, rows = Z0.transpose().rref()
            if len(rows) < d:
                return None  # tokens that do not span R^d leave Q undetermined
            columns = range(d)
            Q = Z0.extract(list(rows), columns).inv() * Z1.extract(list(rows), columns)
            if Z0 * Q != Z1:
                return None
        scale = _ratio(Q * B * Q.transpose(), B) if any(map(any, B.to_list())) else Fraction(1)
        if scale is None or scale <= 0:
            return None
        contraction = _ratio(Q * Q.transpose(), one)
        matrix = tuple(tuple(_fraction(v) for v in row) for row in Q.to_list())
        return Repetition(old, matrix, scale, contraction)


def _rational(layer: Layer) -> DomainMatrix:
    return layer.numerators.convert_to(QQ) / QQ(layer.denominator)


def _ratio(X: DomainMatrix, Y: DomainMatrix) -> Fraction | None:
    """t with X = t Y, None if there is none or if it is not determined (Y = 0)."""
    for x_row, y_row in zip(X.to_list(), Y.to_list(), strict=True):
        for x, y in zip(x_row, y_row, strict=True):
            if y:
                return _fraction(x / y) if X == Y * (x / y) else None
    return None


def _fraction(value: Any) -> Fraction:
    return Fraction(int(value.numerator), int(value.denominator))
