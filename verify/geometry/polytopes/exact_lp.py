"""Exact linear feasibility: is t in the cone of some integer vectors, and a proof either way.

Raw routines on lists of Python integers: no Fractions, no floats, no solver. Everything `polytope` asks (membership,
supporting hyperplanes, faces) is one such question, because each generator may be scaled by its own positive number,
which is how denominators disappear.

Neighbours: `cone` checks every answer again; `polytope` is the facade that speaks of points and faces.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import gcd
from operator import mul

IntVector = Sequence[int]


@dataclass(frozen=True, slots=True)
class Combination:
    """Proof of t ∈ cone(G): den · t = Σ_j weights[j] · g_j, weights positive integers, den > 0."""

    weights: dict[int, int]
    den: int


@dataclass(frozen=True, slots=True)
class Farkas:
    """Proof of t ∉ cone(G): normal · g_j ≤ 0 for every j, and normal · t > 0; an integer vector in lowest terms."""

    normal: list[int]


def dot(x: IntVector, y: IntVector) -> int:
    """x · y over the integers; the shorter length counts."""
    return sum(map(mul, x, y))


def primitive(x: IntVector) -> list[int]:
    """x divided by the greatest common divisor of its entries; the zero vector as it is."""
    common = gcd(*x)
    return [v // common for v in x] if common > 1 else list(x)


def cone_membership(generators: Sequence[IntVector], target: IntVector) -> Combination | Farkas:
    """Whether Σ_j x_j g_j = t has a solution x ≥ 0, with a proof either way.

    Phase one of the revised simplex method on integers: the inverse of the basis is kept as R / den with R integral
    and den > 0, and every division below is exact (Edmonds; Bareiss). The entering generator is the one of largest
    reduced cost; from a degenerate pivot on, until the objective falls again, Bland's rule picks it, so no basis
    ever repeats.

    Args:
        generators: (n, m) integers, n ≥ 0.
        target: m integers, m ≥ 1.

    Returns:
        `Combination`, over linearly independent generators, or `Farkas`; `cone` checks both again.

    Source: R. Bland, "New finite pivoting rules for the simplex method", Math. Oper. Res. 2(2), 1977; J. Edmonds,
    "Systems of distinct representatives and linear algebra", 1967 (integral pivoting).
    """
    m = len(target)
    # Artificial variable i has column sign_i · e_i and the name i − m < 0: Bland's order lets artificials leave first.
    basis = [i - m for i in range(m)]
    inverse = [[0] * m for _ in range(m)]
    for i, t in enumerate(target):
        inverse[i][i] = -1 if t < 0 else 1
    level = [abs(t) for t in target]
    den = 1
    # y = the sum of the rows of artificials; y · t = the sum of artificials, the objective, both times den.
    y = [row[i] for i, row in enumerate(inverse)]
    objective = sum(level)
    bland = False
    while objective:
        costs = [dot(y, g) for g in generators]
        if bland:
            entering = next((j for j, c in enumerate(costs) if c > 0), -1)
        else:
            entering = max(range(len(costs)), key=costs.__getitem__, default=-1)
        if entering < 0 or costs[entering] <= 0:
            return Farkas(primitive(y))
        g, cost = generators[entering], costs[entering]
        column = [dot(row, g) for row in inverse]
        leaving = _leaving_row(column, level, basis)
        pivot, pivot_row, pivot_level = column[leaving], inverse[leaving], level[leaving]
        for i, a in enumerate(column):
            if i != leaving:
                inverse[i] = [(pivot * u - a * v) // den for u, v in zip(inverse[i], pivot_row)]  # noqa: B905 rows of one matrix
                level[i] = (pivot * level[i] - a * pivot_level) // den
        y = [(pivot * u - cost * v) // den for u, v in zip(y, pivot_row)]  # noqa: B905 rows of one matrix
        bland = pivot_level == 0
        objective = (pivot * objective - cost * pivot_level) // den
        basis[leaving], den = entering, pivot
    return Combination({j: x for j, x in zip(basis, level) if j >= 0 and x}, den)  # noqa: B905 both have m entries


def _leaving_row(column: Sequence[int], level: Sequence[int], basis: Sequence[int]) -> int:
    """The row of least level / column over column > 0, ties by least name (one exists: the objective is ≥ 0)."""
    best = -1
    for i, a in enumerate(column):
        if a > 0:
            if best < 0:
                best = i
                continue
            order = level[i] * column[best] - level[best] * a
            if order < 0 or (order == 0 and basis[i] < basis[best]):
                best = i
    return best


def eliminate(vectors: Iterable[IntVector], m: int) -> tuple[list[int], list[list[int]]]:
    """A maximal linearly independent choice of the vectors, first come first chosen, and a basis of its complement.

    Args:
        vectors: integer vectors of length m; once m independent ones are found, no more are read.
        m: the dimension, ≥ 1.

    Returns:
        The indices chosen (their number is the rank), and m − rank integer vectors in lowest terms that span
        { h ∈ Q^m : h · u = 0 for every u }.
    """
    chosen: list[int] = []
    basis = [[int(i == j) for j in range(m)] for i in range(m)]
    for index, u in enumerate(vectors):
        values = [dot(h, u) for h in basis]
        pick = next((i for i, v in enumerate(values) if v), -1)
        if pick < 0:
            continue
        chosen.append(index)
        h, v = basis[pick], values[pick]
        basis = [
            primitive([v * a - w * b for a, b in zip(k, h)]) if w else k  # noqa: B905 both have m entries
            for i, (k, w) in enumerate(zip(basis, values))  # noqa: B905 one value a vector
            if i != pick
        ]
        if not basis:
            break
    return chosen, basis


def orthogonal_complement(vectors: Iterable[IntVector], m: int) -> list[list[int]]:
    """A basis of { h ∈ Q^m : h · u = 0 for every u }: the second result of `eliminate`, with its arguments."""
    return eliminate(vectors, m)[1]
