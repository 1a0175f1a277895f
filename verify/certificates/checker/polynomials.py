"""Integer polynomials, coefficients of 1, t, t², … in lists: signs on (0, ∞) by Descartes' rule, signs at a root."""

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import zip_longest

from .reading import must, shown

Poly = list[int]
DEEP = 40
"""Halvings after which common factors are looked for."""


def trimmed(f: Sequence[int]) -> Poly:
    """Without zeros at the end."""
    f = list(f)
    while f and f[-1] == 0:
        f.pop()
    return f


def plus(f: Poly, g: Poly) -> Poly:
    """f + g."""
    return trimmed([x + y for x, y in zip_longest(f, g, fillvalue=0)])


def minus(f: Poly, g: Poly) -> Poly:
    """f − g."""
    return trimmed([x - y for x, y in zip_longest(f, g, fillvalue=0)])


def product(f: Poly, g: Poly) -> Poly:
    """f g."""
    result = [0] * (len(f) + len(g) - 1 if f and g else 0)
    for i, x in enumerate(f):
        if x:
            for j, y in enumerate(g):
                result[i + j] += x * y
    return result


def value(f: Poly, x: Fraction) -> int:
    """q^n f(p/q), n the degree: it has the sign of f(x)."""
    p, q = x.as_integer_ratio()
    total, power = 0, 1
    for c in reversed(f):
        total, power = total * p + c * power, power * q
    return total


def sign(x: int) -> int:
    """−1, 0 or 1."""
    return (x > 0) - (x < 0)


def shifted(f: Poly) -> Poly:
    """f(t + 1)."""
    f = list(f)
    for first in range(len(f) - 1):
        for i in range(len(f) - 2, first - 1, -1):
            f[i] += f[i + 1]
    return f


def between(f: Poly, low: Fraction, high: Fraction | None) -> Poly:
    """A positive multiple of (1+t)^n f((high + low t)/(1+t)), t ∈ (0, ∞); of f(low + t) if there is no upper end."""
    width = Fraction(1) if high is None else high - low
    unit = math.lcm(low.denominator, width.denominator)
    a, b = int(low * unit), int(width * unit)
    result: Poly = []
    for k, c in enumerate(reversed(f)):  # Horner, times unit^n
        result = plus(product(result, trimmed([a, b])), trimmed([c * unit**k]))
    if high is None:
        return result
    return trimmed(shifted(result[::-1]))


def variations(f: Poly) -> int:
    """Changes of sign among the coefficients: at least the number of positive roots, and of its parity."""
    signs = [c > 0 for c in f if c]
    return sum(map(int.__ne__, signs, signs[1:]))


def remainder(f: Poly, g: Poly) -> Poly:
    """f modulo g for a g with leading coefficient 1."""
    f, n = list(f), len(g) - 1
    while len(f) > n:
        top = f.pop()
        if top:
            for i in range(n):
                f[len(f) - n + i] -= top * g[i]
    return trimmed(f)


def divided(f: Poly, g: Poly) -> Poly | None:
    """f / g if that has whole coefficients, else None."""
    f, n, quotient = list(f), len(g) - 1, []
    while len(f) > n:
        top, rest = divmod(f.pop(), g[-1])
        if rest:
            return None
        quotient.append(top)
        for i in range(n):
            f[len(f) - n + i] -= top * g[i]
    return None if any(f) else trimmed(quotient[::-1])


def common(f: Poly, g: Poly) -> Poly:
    """The greatest common divisor, primitive where g is not 0."""
    while g:
        content = math.gcd(*g)
        g = [c // content for c in g]
        while len(f) >= len(g):
            top, scale = f[-1], g[-1]
            shift = [0] * (len(f) - len(g))
            f = minus([scale * c for c in f], shift + [top * c for c in g])
        f, g = g, f
    return f


def without_multiple_roots(f: Poly) -> Poly:
    """A polynomial with the roots of f, each once."""
    g = common(f, trimmed([i * c for i, c in enumerate(f)][1:]))
    content = math.gcd(*f)
    return divided([c // content for c in f], g) or f


def has_no_root(f: Poly) -> bool:
    """Whether f ≠ 0 has no root in (0, ∞): Descartes' rule, on halves of the interval while it does not tell."""
    waiting = [(f, 0)]
    while waiting:
        f, depth = waiting.pop()
        if depth == DEEP:  # a multiple root would be halved for ever
            f = without_multiple_roots(f)
        count = variations(f)
        if count == 1 or sum(f) == 0:  # t = 1 is a root
            return False
        if count:
            halves = trimmed(shifted(f)), trimmed(shifted(f[::-1]))  # (1, ∞), and (0, 1) by 1/t
            waiting += [(half, depth + 1) for half in halves]
    return True


class Root:
    """The only root of a polynomial in (low, high), or low = high itself."""

    def __init__(self, p: Sequence[Fraction], interval: Sequence[Fraction], where: str) -> None:
        self.p = trimmed([int(c) for c in p])
        self.low, self.high = interval
        whole = all(c.denominator == 1 for c in p) and len(self.p) == len(p) > 1 and self.p[-1] > 0
        must(whole, where, p, "whole numbers are needed, the last one positive")
        if self.low == self.high:
            linear = [-self.low.numerator, self.low.denominator]
            must(self.p == linear, where, self.p, f"it is {shown(linear)}")
            return
        must(self.low < self.high, where, interval, "the first is the smaller one")
        ends = value(self.p, self.low) and value(self.p, self.high)
        one = variations(between(self.p, self.low, self.high)) == 1
        must(ends and one, where, self.p, "Descartes' rule does not show just one root inside")

    def monic(self) -> "Root":
        """c times this number, c the leading coefficient: its polynomial c^(m−1) p(y/c) ends with 1."""
        *rest, c = self.p
        scaled = [x * c ** (len(rest) - 1 - i) for i, x in enumerate(rest)]
        result = object.__new__(Root)
        result.p, result.low, result.high = [*scaled, 1], c * self.low, c * self.high
        return result

    def halve(self) -> None:
        """Halve the interval."""
        middle = (self.low + self.high) / 2
        at = sign(value(self.p, middle))
        must(at, "root", self.p, f"{shown(middle)} is a root: it has a linear polynomial")
        if at == sign(value(self.p, self.high)):
            self.high = middle
        else:
            self.low = middle

    def sign_of(self, f: Poly) -> int:
        """The sign of f ≠ 0, of lower degree than p, at the root; refused if it vanishes there."""
        step = 0
        while self.low < self.high:
            at = sign(value(f, self.low))
            if at and variations(between(f, self.low, self.high)) == 0:
                return at
            if step == DEEP:
                must(len(common(self.p, f)) == 1, "root", self.p, "its polynomial is not irreducible")
            step += 1
            self.halve()
        return sign(value(f, self.low))
