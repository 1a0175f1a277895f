"""Real roots of integer polynomials, exactly: isolated by Descartes' rule, compared, refined.

Neighbours: `cells` asks where a gap vanishes; the checker counts roots again by itself (`checker/polynomials`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import fmpq, fmpq_poly, fmpz_poly

ONE_MORE = fmpz_poly([1, 1])


def as_fraction(value: fmpq) -> Fraction:
    """The number as a Fraction."""
    return Fraction(int(value.p), int(value.q))


@dataclass(slots=True)
class Root:
    """A real number: the only root of p in [low, high].

    Args:
        p: primitive, irreducible, leading coefficient positive.
        low, high: rationals; equal if the root is rational, else low < root < high.
    """

    p: fmpz_poly
    low: fmpq
    high: fmpq

    @classmethod
    def rational(cls, value: fmpq) -> "Root":
        """A rational number."""
        return cls(fmpz_poly([-value.p, value.q]), value, value)

    def refine(self, width: fmpq) -> None:
        """Make high − low ≤ width."""
        if self.high == self.low:
            return
        above = self.p(self.high) > 0
        while self.high - self.low > width:
            middle = (self.low + self.high) / 2
            if (self.p(middle) > 0) == above:  # irrational: never 0
                self.high = middle
            else:
                self.low = middle

    def compare(self, other: "Root") -> int:
        """−1, 0 or 1: whether this number is less than the other one, equal or greater."""
        while True:
            if self.high < other.low or (self.high == other.low and self.p != other.p):
                return -1
            if other.high < self.low or (other.high == self.low and self.p != other.p):
                return 1
            if self.p == other.p:
                low, high = max(self.low, other.low), min(self.high, other.high)
                if low == high == self.low == self.high or self.p(low) * self.p(high) < 0:
                    return 0
            self.refine((self.high - self.low) / 2)
            other.refine((other.high - other.low) / 2)


def transformed(D: fmpz_poly, low: fmpq, high: fmpq | None) -> list[Any]:
    """Coefficients of (1+t)^n D((low + high t)/(1+t)), t ∈ (0, ∞); of D(low + t) if there is no upper end."""
    if high is None:
        return D.coeffs() if low == 0 else fmpq_poly(D)(fmpq_poly([low, 1])).numer().coeffs()
    stretched = fmpq_poly(D)(fmpq_poly([low, high - low])).numer()
    return fmpz_poly(stretched.coeffs()[::-1])(ONE_MORE).coeffs()


def variations(coefficients: list[Any]) -> int:
    """Changes of sign, zeros left out: an upper bound for the number of positive roots, of the same parity."""
    count, last = 0, 0
    for c in coefficients:
        if c:
            sign = 1 if c > 0 else -1
            count += sign == -last
            last = sign
    return count


def brackets(D: fmpz_poly, low: fmpq, high: fmpq | None, *, downwards: bool = False) -> Iterator[tuple[fmpq, fmpq]]:
    """Of each root of D in the open interval an isolating (a, b), a = b if it is found exactly; in order.

    Args:
        D: not 0.
        low, high: rationals; None for no upper end.
        downwards: the greatest root first.
    """
    simple = False
    stack: list[tuple[fmpq, fmpq | None]] = [(low, high)]
    while stack:
        low, high = stack.pop()
        if low == high:
            yield low, low
            continue
        count = variations(transformed(D, low, high))
        if count > 1 and not simple:  # a multiple root would never be isolated
            D, simple = D / D.gcd(D.derivative()), True
            count = variations(transformed(D, low, high))
        if count == 0:
            continue
        if high is None:
            high = max(low, fmpq(0)) + 1
            while variations(transformed(D, high, None)):
                high *= 2
            parts = [(low, high), (high, high)] if D(high) == 0 else [(low, high)]
        elif count == 1:
            yield low, high
            continue
        else:
            middle = (low + high) / 2
            parts = [(low, middle), *([(middle, middle)] if D(middle) == 0 else []), (middle, high)]
        stack.extend(parts if downwards else parts[::-1])


def root_in(D: fmpz_poly, low: fmpq, high: fmpq) -> Root:
    """The root of D that (low, high) isolates, or that low = high is."""
    if low == high:
        return Root.rational(low)
    for factor, _ in D.factor()[1]:
        if factor(low) * factor(high) < 0:
            if factor.leading_coefficient() < 0:
                factor = -factor
            if factor.degree() == 1:
                return Root.rational(fmpq(-factor[0], factor[1]))
            return Root(factor, low, high)
    raise AssertionError  # an isolating interval has a change of sign of one factor
