"""Softmax layers on whole numbers, with one radius for all coordinates (CERTIFICATE.md, section 13)."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from .dynamics import Dynamics
from .exact import Matrix, dot, integers, times
from .exponential import decay
from .reading import must

LEAST_BITS = 64


class Balls(NamedTuple):
    """Layer k: every coordinate of token i is within `radius` of N[i], both in units of 2^−bits."""

    k: int
    N: list[list[int]]
    radius: int


class Softmax:
    """The problem: tokens, A over one denominator, λ = p / q, the multiplicities, and β_k = β g^k."""

    def __init__(self, problem: dict[str, Any], bits: int) -> None:
        self.hardmax = Dynamics(
            {
                "tokens": problem["tokens"],
                "A": problem["A"],
                "step": {"rule": "constant", "alpha": problem["alpha"]},
                "multiplicities": problem["multiplicities"],
                "follow": "largest",
            }
        )  # it refuses what is no problem
        self.n, self.d, self.w = self.hardmax.n, self.hardmax.d, self.hardmax.w
        self.W = sum(self.w)
        self.bits = bits
        must(
            bits >= LEAST_BITS and 8 * self.W < 1 << bits, "bits", bits, f"{LEAST_BITS} are the least, and 8 W < 2^bits"
        )
        self.alpha: Fraction = problem["alpha"]
        self.p, self.q = self.hardmax.rate(0)
        self.beta, self.growth = problem["beta"], problem["growth"]
        must(self.beta >= 0 and self.growth > 0, "problem", "beta and growth", "beta >= 0 and growth > 0 are needed")
        self.tokens: list[list[Fraction]] = problem["tokens"]
        self.A: Matrix
        self.A, self.unit = integers(problem["A"], self.d, self.d, "A")
        self.norm = sum([abs(x) for row in self.A for x in row])
        N = self.hardmax.first.N
        flat = all(len({*self.hardmax.scores(row, N)}) == 1 for row in N)
        self.bounded = self.growth <= 1 or self.beta == 0 or flat

    def beta_at(self, k: int) -> Fraction:
        """β_k."""
        return self.beta * self.growth**k

    def layers(self) -> Iterator[Balls]:
        """Layer 0, 1, 2, … without end."""
        N = [[(x.numerator << self.bits) // x.denominator for x in row] for row in self.tokens]
        balls = Balls(0, N, 1)
        while True:
            yield balls
            balls = self.next(balls)

    def next(self, balls: Balls) -> Balls:
        """Layer k + 1, by Lemma S3."""
        k, N, radius = balls
        beta, one = self.beta_at(k), 1 << self.bits
        above, below = beta.numerator, beta.denominator * self.unit << self.bits
        images = times(N, [*zip(*self.A, strict=True)])  # A c_j
        spreads = [max(column) - min(column) for column in zip(*images, strict=True)]
        left = times(N, self.A)  # c_iᵀA
        reach = sum(spreads) + max([sum(map(abs, row)) for row in left])
        tau = above * radius * (reach + self.norm * radius) // below + 2
        must(64 * tau <= one, "bits", self.bits, f"they are too few for layer {k + 1}")

        columns = [*zip(*N, strict=True)]
        D = max([max(column) - min(column) for column in columns])
        blur = 2 * self.W * D // one + 1  # what the errors of the exponentials do to a mean
        moved, V = [], 0
        for z, h in zip(N, left, strict=True):
            scores = [dot(h, x) for x in N]
            top = max(scores)
            weights = [w * decay(above * (top - s) // below, self.bits) for w, s in zip(self.w, scores, strict=True)]
            total = sum(weights)
            row = []
            for c, column in enumerate(columns):
                pulled = dot(weights, column)
                row.append(((self.q - self.p) * z[c] * total + self.p * pulled) // (self.q * total))
                V = max(V, self.deviation(weights, total, column, pulled // total, blur))
            moved.append(row)
        grown = 17 * self.p * tau * V // (16 * self.q << self.bits) + 1
        return Balls(k + 1, moved, radius + grown + blur + 1)

    def deviation(self, weights: list[int], total: int, column: Sequence[int], mean: int, blur: int) -> int:
        """At least Σ_j p̃_j |c_j − m|, for one row and coordinate, whatever the errors of the exponentials."""
        far = [abs(x - mean) + blur + 1 for x in column]
        upper = dot(weights, far) + 2 * dot(self.w, far)
        return upper // (total - 2 * self.W) + 1
