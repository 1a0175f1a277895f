"""Where tokens tend once all follow sets are constant: exact positions and convex weights, up the follow graph.

Neighbours: `prover` asks when all is frozen, `follow_graph` orders tokens.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from sympy import ZZ

from ....kernels.exact.configuration import Configuration, Matrix, Vector
from ....kernels.exact.dynamics import Layer
from .budget import CALL, Work, common_factor, fraction, product
from .follow_graph import follow_order


class _Positions(dict[int, Vector]):
    """Positions of single tokens at one layer as Fractions, made when asked for."""

    def __init__(self, layer: Layer, work: Work) -> None:
        super().__init__()
        self._rows, self._denominator, self._work = layer.numerators.to_list(), layer.denominator, work

    def __missing__(self, i: int) -> Vector:
        self[i] = point = tuple(map(self._reduced, self._rows[i]))
        return point

    def _reduced(self, numerator: Any) -> Fraction:
        """Python's own common factor is quadratic: it should see only what a better one has left."""
        D = self._denominator
        common = ZZ.gcd(numerator, D)  # takes as many steps as what it leaves has bits
        bits = (D // common).bit_length()
        self._work.do(product(D.bit_length(), D.bit_length()) + common_factor(bits) + fraction(bits))
        return Fraction(int(numerator // common), int(D // common))


def limits_of(
    layer: Layer, sets: Sequence[tuple[int, ...]], r: Sequence[int], configuration: Configuration, work: Work
) -> tuple[Matrix, tuple[Mapping[int, Fraction], ...]]:
    """Every token's limit and its convex weights over tokens that never move, up the follow graph.

    Args:
        layer: from which on the follow sets are constant.
        sets: those follow sets.
        r: for each token the first one at its position.
        configuration: with its multiplicities.
        work: where operations are counted.
    """
    tokens, w = _Positions(layer, work), configuration.multiplicities
    weights: dict[int, dict[int, Fraction]] = {}
    for i in follow_order(tuple(sets), r):
        others = [j for j in sets[i] if r[j] != i]
        if len(others) < 2:
            weights[i] = weights[r[others[0]]] if others else {i: Fraction(1)}
            continue
        total = sum(w[j] for j in others)
        mixed = weights[i] = {}
        work.do(CALL * sum(len(weights[r[j]]) for j in others))
        for j in others:
            for base, value in weights[r[j]].items():
                mixed[base] = mixed.get(base, 0) + value * Fraction(w[j], total)
    limits: dict[int, Vector] = {}
    for i, bases in weights.items():
        if len(bases) == 1:
            (base,) = bases
            limits[i] = tokens[base]
        else:
            bits = max(x.denominator.bit_length() for base in bases for x in tokens[base])
            work.do(2 * len(bases) * configuration.d * fraction(bits))
            columns = zip(*([value * x for x in tokens[base]] for base, value in bases.items()), strict=True)
            limits[i] = tuple(sum(column, Fraction(0)) for column in columns)
    return tuple(limits[i] for i in r), tuple(weights[i] for i in r)
