"""The layer map once more, from its formula alone: two plain ways that share nothing with the exact kernel.

`matrix_layers` is `sympy.Matrix` of Rationals throughout: slow and beyond doubt. `fraction_layers` is the same on lists
of Fractions, for longer runs.
"""

from collections.abc import Iterator
from fractions import Fraction

import sympy

from hardmax.kernels import ConstantStep, GeometricStep, ListedStep
from hardmax.kernels.exact.configuration import Configuration, Matrix
from hardmax.kernels.exact.dynamics import Sets


def rate(configuration: Configuration, layer: int) -> Fraction:
    """λ_k = α/(1 + α), m/(k + s), first · ratio^k, or the k-th of a list."""
    step = configuration.step
    if isinstance(step, ConstantStep):
        return 1 - 1 / (1 + step.alpha)
    if isinstance(step, GeometricStep):
        return step.first * step.ratio**layer
    if isinstance(step, ListedStep):
        return (*step.rates, *[step.rates[-1]] * layer)[layer]
    return Fraction(step.numerator, step.offset + layer)


def matrix_layers(configuration: Configuration) -> Iterator[tuple[Matrix, Sets]]:
    """Tokens and follow sets of layer 0, 1, …, on `sympy.Matrix`."""
    n, w = configuration.n, configuration.multiplicities
    Z, A = _sympy(configuration.tokens), _sympy(configuration.A)
    if configuration.follow == "smallest":
        A = -A
    k = 0
    while True:
        sets = []
        for scores in (Z * A * Z.T).tolist():
            best = max(scores)
            sets.append(tuple(j for j, score in enumerate(scores) if score == best))
        sets = tuple(sets)
        yield tuple(tuple(Fraction(int(v.p), int(v.q)) for v in Z.row(i)) for i in range(n)), sets
        W = sympy.Matrix(n, n, lambda i, j: w[j] if j in sets[i] else 0)  # noqa: B023 used at once
        means = sympy.diag(*[1 / sympy.Integer(sum(W.row(i))) for i in range(n)]) * W * Z
        λ = rate(configuration, k)
        Z = Z + sympy.Rational(λ.numerator, λ.denominator) * (means - Z)
        k += 1


def _sympy(rows: Matrix) -> sympy.Matrix:
    return sympy.Matrix([[sympy.Rational(v.numerator, v.denominator) for v in row] for row in rows])


def fraction_layers(configuration: Configuration) -> Iterator[tuple[Matrix, Sets]]:
    """Tokens and follow sets of layer 0, 1, …, on Fractions."""
    w, Z, k = configuration.multiplicities, configuration.tokens, 0
    sign = -1 if configuration.follow == "smallest" else 1
    while True:
        sets = []
        for z in Z:
            scores = [sign * configuration.inner(z, other) for other in Z]
            sets.append(tuple(j for j, score in enumerate(scores) if score >= max(scores)))
        yield Z, tuple(sets)
        λ, moved = rate(configuration, k), []
        for z, C in zip(Z, sets, strict=True):
            total = sum(w[j] for j in C)
            mean = [sum(w[j] * Z[j][c] for j in C) / total for c in range(len(z))]
            moved.append(tuple((1 - λ) * x + λ * m for x, m in zip(z, mean, strict=True)))
        Z, k = tuple(moved), k + 1
