"""The problem (CERTIFICATE.md, section 1): tokens, scores, and the step from a layer to the next."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from .exact import Matrix, Vector, dot, integers, times
from .reading import POINT, OneOf, must

STEPS = {
    "constant": {"alpha": Fraction},
    "harmonic": {"numerator": int, "offset": int},
}
SHAPE = {
    "tokens": [POINT],
    "A": [POINT],
    "step": OneOf("rule", STEPS),
    "multiplicities": [int],
    "follow": {"largest", "smallest"},
}

Sets = Sequence[tuple[int, ...]]
"""The follow set of each token, ascending."""


class Layer(NamedTuple):
    """Layer k: token i is row i of the numerators N over the denominator D."""

    k: int
    N: Sequence[tuple[int, ...]]
    D: int


class Dynamics:
    """The problem with whole numbers: A and the first layer over common denominators, and λ_k = a/b.

    B is a positive multiple of A where tokens follow the largest score, of −A where they follow the smallest.
    """

    def __init__(self, problem: dict[str, Any]) -> None:
        tokens, step = problem["tokens"], problem["step"]
        must(tokens and tokens[0], "tokens", f"{len(tokens)} tokens", "one with one coordinate is the least")
        self.n, self.d = len(tokens), len(tokens[0])
        self.first = Layer(0, *integers(tokens, self.n, self.d, "tokens"))

        self.A: Matrix = integers(problem["A"], self.d, self.d, "A")[0]
        self.B: Matrix = self.A if problem["follow"] == "largest" else [[-x for x in row] for row in self.A]

        self.w: list[int] = problem["multiplicities"]
        enough = len(self.w) == self.n and min(self.w) > 0
        must(enough, "multiplicities", self.w, f"{self.n} numbers >= 1 are needed")

        self.constant = step["rule"] == "constant"
        if self.constant:
            p, q = step["alpha"].as_integer_ratio()
            self._p, self._q = p, p + q  # λ = α / (1 + α)
        else:
            self._p, self._q = step["numerator"], step["offset"]
        must(0 < self._p <= self._q, "step", step["rule"], "it has to be positive and at most 1")

    def rate(self, k: int) -> tuple[int, int]:
        """(a, b) with λ_k = a/b in lowest terms."""
        if self.constant:
            return self._p, self._q
        return Fraction(self._p, self._q + k).as_integer_ratio()

    def scores(self, x: Vector, points: Sequence[Vector]) -> list[int]:
        """A positive multiple of score(x, y) for every y among the points."""
        (image,) = times([x], self.B)
        return [dot(image, y) for y in points]

    def total(self, points: Sequence[Vector], C: tuple[int, ...]) -> tuple[int, list[int]]:
        """W = Σ w_j and Σ w_j y_j over j ∈ C."""
        weights = [self.w[j] for j in C]
        return sum(weights), [dot(weights, column) for column in zip(*[points[j] for j in C], strict=True)]

    def next(self, layer: Layer, sets: Sets) -> Layer:
        """Layer k + 1: N ← (b − a) L N + a (L / W) Σ w N and D ← b L D, with L the common multiple of all W."""
        (k, N, D), (a, b) = layer, self.rate(layer.k)
        totals = [self.total(N, C) for C in sets]
        L = math.lcm(*[W for W, _ in totals])

        keep, rows = (b - a) * L, []
        for z, (W, sums) in zip(N, totals, strict=True):
            pull = a * L // W
            rows.append(tuple([keep * x + pull * y for x, y in zip(z, sums, strict=True)]))
        return Layer(k + 1, rows, b * L * D)
