"""Softmax layers enclosed by balls: exact centres, and one radius for each token that does not grow by itself.

A layer is computed from the exact centres with ball arithmetic, which bounds its rounding; what the tokens' own
uncertainty does to the next layer is bounded by Lemma S3 of verify/theory/SOFTMAX.md, and not by the balls, which would
grow in every layer.

Neighbours: `model` is what is computed; `verify.provers.softmax` draws conclusions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import count, islice
from typing import TYPE_CHECKING, Any

import flint
from sympy import ZZ

from ..errors import HardmaxError
from ..exact.dynamics import Layer, Sets, integer_matrix, maximisers, over_one_denominator
from ..exact.matrix import Matrix

if TYPE_CHECKING:
    from ..exact.configuration import Configuration
    from .model import Softmax

BITS, MOST_BITS = 128, 8192
"""Precision that is tried first, and beyond which nothing is tried."""
SHOWN_BITS = 40
"""Fractional bits of the centres that pictures and records show."""
GOOD = Fraction(1, 2**40)
"""The radius, in units of the largest coordinate, that a precision has to reach."""
LARGEST_TAU = 1 / 64
"""Of Lemma S3."""


class PrecisionError(HardmaxError):
    """Balls of this precision are too wide for the next layer."""


@dataclass(frozen=True, slots=True)
class EnclosedLayer:
    """Every coordinate of Z^k is within `radius` of that of `centers`.

    Args:
        index: k.
        centers: (n, d) dyadic rationals.
        radius: ≥ 0.
    """

    index: int
    centers: Matrix
    radius: Fraction

    @property
    def diameter(self) -> Fraction:
        """At least max |z_i − z_j| in the largest coordinate."""
        return spread(self.centers) + 2 * self.radius


def spread(points: Matrix) -> Fraction:
    """max_ij |x_i − x_j| in the largest coordinate."""
    return max(max(column) - min(column) for column in zip(*points, strict=True))


def largest(points: Matrix) -> Fraction:
    """max_i |x_i|."""
    return max(abs(v) for row in points for v in row)


class SoftmaxLayers:
    """The layers of one configuration of softmax.

    Args:
        configuration: tokens, multiplicities, and a `Softmax`.

    Attributes:
        bits: the precision in which `precise` computes now.
    """

    def __init__(self, configuration: "Configuration") -> None:
        self.configuration = configuration
        self.model: Softmax = configuration.model  # pyright: ignore[reportAttributeAccessIssue] of this kind
        self.bits = BITS

    def rate(self, k: int) -> Fraction:
        """λ_k."""
        return self.model.step.rate(k)

    def beta(self, k: int) -> Fraction:
        """β_k."""
        return self.model.beta_at(k)

    def exponents(self, k: int, C: Any) -> list[list[Any]]:
        """β_k c_iᵀAc_j as balls, (n, n).

        Args:
            k: the layer.
            C: (n, d) `arb_mat` of exact centres.
        """
        return (C * _matrix(self.model.A) * C.transpose() * _ball(self.beta(k))).tolist()

    def attention(self, k: int, C: Any) -> list[list[Any]]:
        """p_ij as balls, (n, n)."""
        rows, lowest = [], -3 * flint.ctx.prec
        nothing = flint.arb(0, flint.arb(2) ** lowest)  # e^x for x < lowest: its own exponent might not fit into memory
        for row in self.exponents(k, C):
            top = max(row, key=_middle)
            terms = [nothing if (x := v - top) < lowest else x.exp() for v in row]
            terms = [t if w == 1 else t * w for t, w in zip(terms, self.configuration.multiplicities, strict=True)]
            total = sum(terms)
            rows.append([t / total for t in terms])
        return rows

    def next_balls(self, k: int, C: Any, P: Any) -> Any:
        """(1 − λ_k) C + λ_k P C."""
        rate = self.rate(k)
        return C * _ball(1 - rate) + flint.arb_mat(P) * C * _ball(rate)

    def enclosed(self, bits: int = BITS) -> Iterator[EnclosedLayer]:
        """Layer 0, 1, 2, … enclosed, without end.

        Args:
            bits: precision.

        Raises:
            PrecisionError: balls of this precision have become too wide.
        """
        with flint.ctx.workprec(bits):
            Z = _matrix(self.configuration.tokens)
            radii = [flint.arb(0)] * self.configuration.n
        for k in count():
            with flint.ctx.workprec(bits):
                C = Z.mid()
                radii = [(r + max(v.rad() for v in row)).upper() for r, row in zip(radii, Z.tolist(), strict=True)]
                exact = C.tolist()
            yield EnclosedLayer(k, tuple(tuple(map(_fraction, row)) for row in exact), _fraction(max(radii)))
            with flint.ctx.workprec(bits):
                P = self.attention(k, C)
                Z = self.next_balls(k, C, P)
                finite = all(v.is_finite() for row in Z.tolist() for v in row)  # not where exponents are all error
                radii = self._carried(k, C, P, radii) if finite else None
                if radii is None:
                    raise PrecisionError(f"{bits} bits are too few for layer {k + 1}")

    def _carried(self, k: int, C: Any, P: list[list[Any]], radii: list[Any]) -> list[Any] | None:
        """What the uncertainty of a layer makes of the next one, by Lemma S3; None where it does not apply."""
        n, points, weights, rho = range(len(P)), C.tolist(), flint.arb_mat(P), flint.arb_mat([[r] for r in radii])
        means = (weights * C).tolist()
        columns = flint.arb_mat(
            [[_ball(sum(map(abs, column), Fraction(0)))] for column in zip(*self.model.A, strict=True)]
        )
        b = [sum((abs(v) for v in row), flint.arb(0)) for row in (C * _matrix(self.model.A)).tolist()]
        beta, rate, a, most = _ball(self.beta(k)), _ball(self.rate(k)), _ball(self.model.norm), max(radii)
        far, own, widest = [], [], flint.arb(0)
        for m, p in zip(means, P, strict=True):
            away = [[abs(x - y).upper() for x, y in zip(c, m, strict=True)] for c in points]
            e = flint.arb_mat(away) * columns
            far.append([x * max(row) for x, row in zip(p, away, strict=True)])
            own.append((flint.arb_mat(far[-1:]) * e)[0, 0])
            widest = max(widest, max(row[0].upper() for row in e.tolist()))
        tau = beta * most * (widest + max(v.upper() for v in b) + a * most)
        if not tau <= LARGEST_TAU:
            return None
        pulled, crossed = (weights * rho).tolist(), (flint.arb_mat(far) * rho).tolist()
        return [
            (1 - rate) * radii[i]
            + rate * (pulled[i][0] * (1 + tau * 17 / 8))
            + rate * beta * (radii[i] * own[i] + (b[i] + a * radii[i]) * crossed[i][0]) * 17 / 16
            for i in n
        ]

    def precise(self, goal: Fraction | None = None) -> Iterator[EnclosedLayer]:
        """Layer 0, 1, 2, … enclosed with radii up to a goal, in as many bits as that takes.

        Args:
            goal: the largest radius; `GOOD` of the largest coordinate by default.

        Raises:
            PrecisionError: `MOST_BITS` are too few.
        """
        goal = GOOD * (largest(self.configuration.tokens) or 1) if goal is None else goal
        k, self.bits = 0, BITS
        while self.bits <= MOST_BITS:
            try:
                for here in islice(self.enclosed(self.bits), k, None):
                    if here.radius > goal:
                        break
                    yield here
                    k += 1
            except PrecisionError:
                pass
            self.bits *= 2
        raise PrecisionError(f"{MOST_BITS} bits are too few for layer {k}")

    def layers(self) -> Iterator[tuple[Layer, Sets]]:
        """The centres, rounded to `SHOWN_BITS`, and for each token those of the largest score."""
        first, D = over_one_denominator(self.configuration.tokens)
        shape = self.configuration.n, self.configuration.d
        for here in self.precise(Fraction(1, 2 << SHOWN_BITS)):
            if here.index:
                D = 1 << SHOWN_BITS
                first = [[round(v * D) for v in row] for row in here.centers]
            yield Layer(here.index, integer_matrix(first, shape), ZZ(D)), self.most_attended(here)

    def most_attended(self, here: EnclosedLayer) -> Sets:
        """For each token those of the largest score at the centres, all ties; all tokens where β = 0."""
        if self.beta(here.index) == 0:
            return (tuple(range(self.configuration.n)),) * self.configuration.n
        C = _exact_matrix(here.centers)
        scores = (C * _exact_matrix(self.model.A) * C.transpose()).tolist()
        return tuple(maximisers(row) for row in scores)

    def smallest_gap(self, layer: Layer, sets: Sets) -> None:
        """Not said: a softmax row has no gap beyond which it does not change."""


def _ball(value: Fraction) -> Any:
    return flint.arb(flint.fmpq(value.numerator, value.denominator))


def _matrix(rows: Matrix) -> Any:
    return flint.arb_mat([[_ball(v) for v in row] for row in rows])


def _exact_matrix(rows: Matrix) -> Any:
    return flint.fmpq_mat([[flint.fmpq(v.numerator, v.denominator) for v in row] for row in rows])


def _fraction(ball: Any) -> Fraction:
    """The dyadic rational that a ball of radius 0 is."""
    mantissa, exponent = ball.man_exp()
    m, e = int(mantissa), int(exponent)
    return Fraction(m << e) if e >= 0 else Fraction(m, 1 << -e)


def _middle(ball: Any) -> Any:
    return ball.mid()
