"""Where α lies (CERTIFICATE.md, section 15): α = v/u with polynomials u > 0 and v in t, and what sign others have."""

import math
from fractions import Fraction

from . import polynomials
from .polynomials import Poly, Root, sign
from .reading import must


class Cell:
    """An open interval: α = (high + low t)/(1 + t), t ∈ (0, ∞), or low + t; low and high outer bounds of its ends."""

    def __init__(self, low: Root, high: Root | None, sample: Fraction, where: str) -> None:
        a, b = low.low, None if high is None else high.high
        above = low.high < sample or low.low < low.high == sample
        below = high is None or sample < high.low or sample == high.low < high.high
        must(a >= 0 and above and below, where, sample, "0 <= from < sample < to is needed")

        self.sample = sample
        unit = math.lcm(a.denominator, 1 if b is None else b.denominator)
        self.u = [unit] if b is None else [unit, unit]
        self.v = polynomials.trimmed([int(a * unit), unit] if b is None else [int(b * unit), int(a * unit)])
        self._at = sample - a if b is None else (b - sample) / (sample - a)

        self._ends: list[Poly] = []
        if high is not None and high.p == low.p:
            self._keep(low.p, low.high, high.low, a, b)
            return
        if low.low < low.high:
            self._keep(low.p, low.high, b, a, b)
        if high is not None and high.low < high.high:
            self._keep(high.p, a, high.low, a, b)

    def _keep(self, p: Poly, first: Fraction, last: Fraction | None, a: Fraction, b: Fraction | None) -> None:
        """Keep the polynomial of an end, in t, if it has no root between `first` and `last`, where the cell lies."""
        if polynomials.has_no_root(polynomials.between(p, first, last)):
            in_t = polynomials.between(p, a, b)
            self._ends.append([c // math.gcd(*in_t) for c in in_t])

    def reduced(self, f: Poly) -> Poly:
        """f itself."""
        return f

    def sign(self, f: Poly) -> int:
        """The sign of f ≠ 0 on the whole interval; refused if it is not shown to have one."""
        if polynomials.variations(f):
            g = f
            for p in self._ends:  # there f may vanish
                while (quotient := polynomials.divided(g, p)) is not None:
                    g = quotient
            must(polynomials.has_no_root(g), "cell", f"one sign for degree {len(f) - 1}", "it has a root inside")
        return sign(polynomials.value(f, self._at))


class Point:
    """One α = t/c: t is c times a root, modulo its polynomial that ends with 1."""

    def __init__(self, root: Root, sample: Fraction, where: str) -> None:
        near = 0 <= root.low <= sample <= root.high and root.high > 0
        must(near, where, sample, "it has to be as near to a point > 0 as its interval")
        self._root = root.monic()
        self.sample, self.u, self.v = sample, [root.p[-1]], self.reduced([0, 1])

    def reduced(self, f: Poly) -> Poly:
        """What is left of f modulo the polynomial."""
        return polynomials.remainder(f, self._root.p)

    def sign(self, f: Poly) -> int:
        """The sign of f ≠ 0."""
        return self._root.sign_of(f)
