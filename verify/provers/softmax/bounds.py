"""What the theorems ask of an enclosed layer, bounded on the safe side: sizes, gaps, exponentials.

Neighbours: `kernels.softmax.enclosure` encloses layers; `consensus`, `metastable` and `growing` are the theorems.
"""

from fractions import Fraction
from math import ceil
from typing import Any

import flint

from ....kernels.exact.matrix import Matrix
from ....kernels.softmax.enclosure import EnclosedLayer, largest, spread

DIGITS = 96
"""Binary digits of the balls in which exponentials are computed."""


class Bounds:
    """Sizes of a layer inside its enclosure, in the largest coordinate.

    Args:
        here: the layer.
        A: the matrix of the scores.
        norm: a = Σ |A_bc|.

    Attributes:
        D: ≥ the diameter.
        R: ≥ the largest token.
        loss: a score difference z_iᵀA(z_k − z_j) is at least that of the centres less this.
    """

    def __init__(self, here: EnclosedLayer, A: Matrix, norm: Fraction) -> None:
        self.here, self._A = here, A
        D, R, rho = spread(here.centers), largest(here.centers), here.radius
        self.D, self.R = D + 2 * rho, R + rho
        self.loss = norm * rho * (D + 2 * R + 2 * rho)

    def scores(self) -> list[list[Fraction]]:
        """c_iᵀAc_j, (n, n), exactly."""
        C, A = (flint.fmpq_mat([[flint.fmpq(v.numerator, v.denominator) for v in row] for row in M]) for M in self._all)
        return [[Fraction(int(v.p), int(v.q)) for v in row] for row in (C * A * C.transpose()).tolist()]

    @property
    def _all(self) -> tuple[Matrix, Matrix]:
        return self.here.centers, self._A


def exponential(x: Fraction, *, up: bool) -> Fraction:
    """e^x, rounded up or down to a rational."""
    with flint.ctx.workprec(DIGITS):
        ball = flint.arb(flint.fmpq(x.numerator, x.denominator)).exp()
        return dyadic(ball.upper() if up else ball.lower())


def dyadic(ball: Any) -> Fraction:
    """The rational that a ball of radius 0 is."""
    mantissa, exponent = ball.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def rounded_up(x: Fraction, digits: int = 24) -> Fraction:
    """x ≥ 0 with so many binary digits, rounded up."""
    if x == 0:
        return x
    shift = digits - x.numerator.bit_length() + x.denominator.bit_length()
    unit = Fraction(2) ** shift
    return ceil(x * unit) / unit


def rounded(x: Fraction, unit: Fraction) -> Fraction:
    """The multiple of a unit that is nearest to x."""
    return round(x / unit) * unit
