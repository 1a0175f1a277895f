"""The exact kernel: the reference that decides every tie, on integers over one denominator.

Scaling all tokens by c > 0 leaves every follow set unchanged, so the layers run on integers N with Z = N / D. With
λ = a/b, W_i = Σ_{j ∈ C_i} w_j and L = lcm W_i,

    N_i ← (b − a) L N_i + a (L / W_i) Σ_{j ∈ C_i} w_j N_j,        D ← b L D,

and the common factor is divided out. Matrices are SymPy `DomainMatrix` over ZZ: python-flint does the arithmetic.

Neighbours: `configuration` is the input; `prover` proves that the sets stay what they are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

from sympy import ZZ
from sympy.polys.matrices import DomainMatrix

from .configuration import Configuration, Matrix

Sets = tuple[tuple[int, ...], ...]
"""The follow sets of one layer: entry i holds C_i as ascending token indices."""


@dataclass(frozen=True, slots=True)
class Layer:
    """The tokens at layer `index`: Z^k = numerators / denominator, numerators an (n, d) `DomainMatrix` over ZZ."""

    index: int
    numerators: DomainMatrix
    denominator: Any

    def tokens(self) -> Matrix:
        """Z^k as (n, d) Fractions in the units of the configuration."""
        D = int(self.denominator)
        return tuple(tuple(Fraction(int(v), D) for v in row) for row in self.numerators.to_list())


def over_one_denominator(rows: Matrix) -> tuple[list[list[int]], int]:
    """Numerators of `rows` over their least common denominator, and that denominator."""
    D = lcm(*(v.denominator for row in rows for v in row))
    return [[v.numerator * (D // v.denominator) for v in row] for row in rows], D


def integer_matrix(rows: Sequence[Sequence[Any]], shape: tuple[int, int]) -> DomainMatrix:
    """`rows` of integers as a dense `DomainMatrix` over ZZ."""
    return DomainMatrix([[ZZ(v) for v in row] for row in rows], shape, ZZ, fmt="dense")


class Dynamics:
    """The layers of hardmax for one configuration, exactly.

    Args:
        configuration: the tokens, A, step, multiplicities and follow rule.

    Attributes:
        first: layer 0.
        form: the integer matrix whose scores decide: A times its denominator, negated where tokens follow the
            smallest inner product.
    """

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        n, d = configuration.n, configuration.d
        numerators, D = over_one_denominator(configuration.tokens)
        form, _ = over_one_denominator(configuration.A)
        sign = 1 if configuration.follow == "largest" else -1
        self.first = Layer(0, integer_matrix(numerators, (n, d)), ZZ(D))
        self.form = integer_matrix([[sign * v for v in row] for row in form], (d, d))

    def scores(self, layer: Layer, rows: Sequence[int] | None = None) -> list[list[Any]]:
        """Positive multiples of ⟨z_i, z_l⟩ (one multiple for the whole layer), for i in `rows` and every l.

        Args:
            layer: the tokens.
            rows: the tokens i whose scores are wanted, all if None.

        Returns:
            One list of n integers a row.
        """
        N = layer.numerators
        left = N if rows is None else N.extract(list(rows), range(N.shape[1]))
        return (left * self.form * N.transpose()).to_list()

    def follow_sets(self, layer: Layer, rows: Sequence[int] | None = None) -> Sets:
        """C_i = { j : ⟨z_i, z_j⟩ = max_l ⟨z_i, z_l⟩ }, all ties kept, for i in `rows` (all if None)."""
        return tuple(maximisers(row) for row in self.scores(layer, rows))

    def next_layer(self, layer: Layer, sets: Sets) -> Layer:
        """Layer k+1 from layer k and its follow sets.

        Args:
            layer: layer k.
            sets: `follow_sets(layer)`.
        """
        rate = self.configuration.step.rate(layer.index)
        a, b = rate.numerator, rate.denominator
        w = self.configuration.multiplicities
        totals = [sum([w[j] for j in C]) for C in sets]
        L = lcm(*totals)
        keep, scale = (b - a) * L, b * L
        N = layer.numerators.to_list()
        moved = []
        for i, C in enumerate(sets):
            if len(C) == 1:
                (j,) = C
                pull = a * L
                moved.append([scale * x for x in N[i]] if j == i else [keep * x + pull * y for x, y in zip(N[i], N[j])])  # noqa: B905 rows of one matrix
            else:
                pull = a * (L // totals[i])
                means = [sum([w[j] * N[j][c] for j in C]) for c in range(len(N[i]))]
                moved.append([keep * x + pull * y for x, y in zip(N[i], means)])  # noqa: B905 rows of one matrix
        return reduced(layer.index + 1, moved, layer.denominator * scale)

    def smallest_gap(self, layer: Layer, sets: Sets) -> Fraction | None:
        """min_i (max_l ⟨z_i, z_l⟩ − max_{l ∉ C_i} ⟨z_i, z_l⟩) at one layer, None if every C_i holds all tokens."""
        gaps = []
        for C, row in zip(sets, self.scores(layer), strict=True):
            members = set(C)
            outside = [v for l, v in enumerate(row) if l not in members]  # noqa: E741 the paper's index
            if outside:
                gaps.append(row[C[0]] - max(outside))
        if not gaps:
            return None
        unit = lcm(*(v.denominator for row in self.configuration.A for v in row))
        return Fraction(int(min(gaps)), int(layer.denominator) ** 2 * unit)

    def layers(self) -> Iterator[tuple[Layer, Sets]]:
        """Layer 0, 1, 2, … with its follow sets, without end."""
        layer = self.first
        while True:
            sets = self.follow_sets(layer)
            yield layer, sets
            layer = self.next_layer(layer, sets)


def maximisers(scores: Sequence[Any]) -> tuple[int, ...]:
    """The indices of the largest entries, ascending: all ties."""
    best = max(scores)
    if scores.count(best) == 1:
        return (scores.index(best),)
    return tuple([j for j, v in enumerate(scores) if v == best])


def reduced(index: int, rows: Sequence[Sequence[Any]], denominator: Any) -> Layer:
    """The layer with tokens rows / denominator (elements of ZZ), the factor common to all of them divided out."""
    common = denominator
    for row in rows:
        for v in row:
            if v:
                common = ZZ.gcd(common, v)
                if common == 1:
                    break
        else:
            continue
        break
    if common != 1:
        rows = [[v // common for v in row] for row in rows]
        denominator //= common
    return Layer(
        index, DomainMatrix([list(row) for row in rows], (len(rows), len(rows[0])), ZZ, fmt="dense"), denominator
    )


def itinerary(configuration: Configuration, layers: int) -> list[Sets]:
    """The follow sets of layers 0 … layers−1.

    Args:
        configuration: any configuration.
        layers: how many layers, ≥ 0.

    Returns:
        One `Sets` a layer: a finite run, which says nothing about later layers (`prover` proves those).
    """
    run = Dynamics(configuration).layers()
    return [next(run)[1] for _ in range(layers)]
