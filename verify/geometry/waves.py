"""Trigonometric curves with rational coefficients: their exact points at equal steps, products and derivatives.

cos s and sin s are rational where t = tan(s/2) is, and a step of s is t ← (t + τ)/(1 − tτ) with τ = tan(Δ/2).

Neighbours: `claims.families.curves` asks who leads among such points (CURVES.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, fmpq, fmpq_mat

from ...kernels.exact.configuration import Configuration, Matrix

MOST_DEGREE = 4
"""Harmonics of a curve that is looked for among tokens."""
ZERO, ONE = Fraction(0), Fraction(1)


@dataclass(frozen=True, slots=True)
class Wave:
    """f(s) = Σ_k c_k cos ks + d_k sin ks, with rational coefficients; c and d of the same length."""

    c: tuple[Fraction, ...]
    d: tuple[Fraction, ...]

    def derivative(self) -> "Wave":
        """f'."""
        return Wave(
            tuple(k * v for k, v in enumerate(self.d)),
            tuple(-k * v for k, v in enumerate(self.c)),
        )

    def __add__(self, other: "Wave") -> "Wave":
        size = max(len(self.c), len(other.c))
        c, d = ([[*v, *[ZERO] * (size - len(v))] for v in pair] for pair in ((self.c, other.c), (self.d, other.d)))
        return Wave(tuple(map(sum, zip(*c, strict=True))), tuple(map(sum, zip(*d, strict=True))))  # type: ignore[arg-type]

    def __mul__(self, other: "Wave") -> "Wave":
        size = len(self.c) + len(other.c) - 1
        c, d = [ZERO] * size, [ZERO] * size
        for j, (p, q) in enumerate(zip(self.c, self.d, strict=True)):
            for k, (u, v) in enumerate(zip(other.c, other.d, strict=True)):
                c[j + k] += (p * u - q * v) / 2
                c[abs(j - k)] += (p * u + q * v) / 2
                d[j + k] += (p * v + q * u) / 2
                d[abs(j - k)] += (q * u - p * v) * (1 if j >= k else -1) / 2
        return Wave(tuple(c), (ZERO, *d[1:]))

    def at(self, s: arb) -> arb:
        """f(s)."""
        total = arb(0)
        for k, (c, d) in enumerate(zip(self.c, self.d, strict=True)):
            total += ball(c) * (s * k).cos() + ball(d) * (s * k).sin()
        return total

    def bound(self) -> Fraction:
        """At least max |f|."""
        return sum(map(abs, (*self.c, *self.d)), ZERO)


Curve = tuple[Wave, ...]
"""γ, one wave a coordinate."""


def inner(x: Curve, y: Curve) -> Wave:
    """⟨x(s), y(s)⟩."""
    total = Wave((ZERO,), (ZERO,))
    for p, q in zip(x, y, strict=True):
        total += p * q
    return total


def samples(curve: Curve, fineness: int) -> Configuration:
    """Samples at equal steps Δ = 2 arctan(1/fineness), once round but for a gap, labelled with tan(s/2).

    Args:
        curve: γ.
        fineness: a whole number ≥ 2; there are about π times as many samples.
    """
    tau, t = Fraction(1, fineness), Fraction(-7 * fineness)  # a little after −π
    parameters = [t]
    while t * tau < 1:
        t = (t + tau) / (1 - t * tau)
        parameters.append(t)
    tokens = []
    for t in parameters:
        turns = powers(t, max(len(wave.c) for wave in curve))
        tokens.append(
            [sum((x * c + y * d for (x, y), c, d in zip(turns, w.c, w.d, strict=False)), ZERO) for w in curve]
        )
    return Configuration(tokens, labels=[str(t) for t in parameters])


def powers(t: Fraction, count: int) -> list[tuple[Fraction, Fraction]]:
    """(cos ks, sin ks) for k < count, with tan(s/2) = t."""
    x, y = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
    found = [(ONE, ZERO)]
    for _ in range(count - 1):
        c, d = found[-1]
        found.append((x * c - y * d, x * d + y * c))
    return found


def fitted(t: Sequence[Fraction], tokens: Matrix) -> Curve | None:
    """The curve of fewest harmonics on which all tokens lie, found from some and verified on the others."""
    for m in range(MOST_DEGREE + 1):
        size = 2 * m + 1
        if size >= len(t):
            return None
        rows = [[v for pair in powers(x, m + 1) for v in pair] for x in t]
        rows = [[row[0], *row[2:]] for row in rows]
        some = [k * (len(t) - 1) // max(size - 1, 1) for k in range(size)]
        found = _matrix([rows[k] for k in some]).solve(_matrix([tokens[k] for k in some]))
        if _matrix(rows) * found == _matrix(tokens):
            columns = [[Fraction(int(v.p), int(v.q)) for v in column] for column in found.transpose().tolist()]
            return tuple(Wave((u[0], *u[1::2]), (ZERO, *u[2::2])) for u in columns)
    return None


def ball(v: Fraction) -> arb:
    """A rational as a ball."""
    return arb(fmpq(v.numerator, v.denominator))


def _matrix(rows: Sequence[Sequence[Fraction]]) -> fmpq_mat:
    return fmpq_mat([[fmpq(v.numerator, v.denominator) for v in row] for row in rows])
