"""The table of exact configurations that every kernel is run on: small integers, with the reason why each is there.

A case is written in integers for A = I; other cases are made of it by maps that keep the follow sets: rotations with
integer coordinates, changes of basis (then A = BᵀB), scalings, permutations. Nothing here knows a dtype but `near_ties`
and `resolved_tie`, which place their gaps at its last bits.

Neighbours: `checks` turn cases into trials.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from flint import fmpz_mat

from ....kernels.bounds.exact_scores import PRECISION
from ....kernels.bounds.rounding import decision_bound
from ....kernels.exact.configuration import Matrix
from .trial import Call, call, exact_rows, stored

Integers = Sequence[Sequence[int | Fraction]]


@dataclass(frozen=True, slots=True)
class InputCase:
    """A named exact configuration.

    Args:
        name: what it is about.
        tokens: (n, d) exact.
        A: (d, d) exact, the identity if None.
        alpha: α, a dyadic rational.
    """

    name: str
    tokens: Integers
    A: Integers | None = None
    alpha: int | Fraction = 1

    def call(self) -> Call:
        """The case as a call of one token set."""
        return call(self.tokens, A=self.A, alpha=self.alpha)


CUBE = [(x, y, z) for x in (2, -2) for y in (2, -2) for z in (2, -2)]
TIES: tuple[InputCase, ...] = (
    InputCase("a bisector", [(2, 1), (1, 2), (1, 1)]),
    InputCase("a bisector, the follower first", [(1, 1), (1, 2), (2, 1)]),
    InputCase("a tie with itself", [(1, 0), (1, 1)]),
    InputCase("a tie with itself, itself last", [(1, 1), (1, 0)]),
    InputCase("a square with two tokens on axes", [(2, 2), (2, -2), (-2, -2), (-2, 2), (1, 0), (0, -1)]),
    InputCase("three on a line, one inside", [(3, -2), (3, 0), (3, 1), (1, 0)]),
    InputCase("a lesser token between the tied ones", [(2, 1), (1, 1), (2, -1), (1, 0)]),
    InputCase("the maximisers last", [(1, 0), (0, 1), (-1, 0), (5, 3), (5, -3)]),
    InputCase("a tie of unequal norms", [(1, 0), (4, 7), (4, -1), (3, 9)]),
    InputCase("a simplex", [(3, 0, 0), (0, 3, 0), (0, 0, 3), (1, 1, 1)]),
    InputCase("a cube: four-fold and two-fold ties", [*CUBE, (1, 0, 0), (0, -1, 0), (1, 1, 0), (0, 1, -1)]),
    InputCase(
        "a cross in five dimensions",
        [tuple(4 * (a == b) for b in range(5)) for a in range(5)] + [(1, 1, 1, 1, 1), (0, 1, 1, 0, 0)],
    ),
    InputCase("everything but one token ties", [(1, 1), (2, 0), (0, 2), (1, 1), (-1, 3), (0, 0)]),
)
"""Exact ties of different tokens."""

DUPLICATES: tuple[InputCase, ...] = (
    InputCase("a leader twice", [(2, 1), (2, 1), (1, 2), (1, 1)]),
    InputCase("two equal tokens alone", [(1, 0), (1, 0)]),
    InputCase("equal tokens around another", [(3, 0), (1, 1), (3, 0), (1, -1), (3, 0), (1, 0)]),
    InputCase("weights 3 : 1 in a tie", [(2, 1), (2, 1), (2, 1), (2, -1), (1, 0)]),
    InputCase("equal followers", [(4, 0), (1, 1), (1, 1), (0, 4), (1, 1)]),
    InputCase("duplicates on a line", [(3,), (3,), (-1,), (-1,), (-1,)]),
    InputCase("all equal", [(1, 2, 3)] * 5),
)
"""Repeated tokens: each copy enters a mean with its own weight."""

ZEROS: tuple[InputCase, ...] = (
    InputCase("the origin on a line", [(1,), (-1,), (0,)]),
    InputCase("the origin in the plane", [(0, 0), (1, 0), (0, 2)]),
    InputCase("two at the origin", [(0, 0), (3, 1), (0, 0), (-1, 2)]),
    InputCase("nothing but the origin", [(0, 0, 0)] * 3),
)
"""A zero token scores 0 with all and follows all."""

OPPOSITES: tuple[InputCase, ...] = (
    InputCase("a longer token behind", [(1, 0), (-3, 0)]),
    InputCase("a longer token behind, sideways ones ahead", [(1, 0), (-9, 1), (2, 5), (3, -4)]),
    InputCase("only itself is not behind", [(1, 1), (-2, -1), (-1, -3), (-4, -4)]),
    InputCase("on a line", [(1,), (-5,), (2,), (-4,)]),
)
"""Scores of large negative value; no ties."""

CHAINS: tuple[InputCase, ...] = (
    InputCase("one follows another that moves", [(2, 0), (3, 2), (2, 6)]),
    InputCase("the same, the leader first", [(2, 6), (3, 2), (2, 0)]),
    InputCase("a spiral", [(4, 0), (5, 3), (4, 8), (-2, 13), (-12, 14), (-25, 5)]),
    InputCase("a spiral, the leader first", [(-25, 5), (-12, 14), (-2, 13), (4, 8), (5, 3), (4, 0)]),
)
"""Tokens that follow tokens that move: all move at once."""

FORMS: tuple[InputCase, ...] = (
    InputCase("diagonal", [(1, 1), (3, 0), (0, 2), (2, -1)], [(1, 0), (0, 4)]),
    InputCase("diagonal, d = 3", [(1, 1, 1), (5, 0, 0), (0, 3, 0), (0, 0, 2)], [(1, 0, 0), (0, 2, 0), (0, 0, 8)]),
    InputCase("symmetric positive definite", [(1, 0), (3, -1), (1, 2), (-1, 3)], [(2, 1), (1, 3)]),
    InputCase("a dyadic diagonal", [(1, 1), (5, 0), (0, 3)], [(Fraction(1, 4), 0), (0, Fraction(3, 2))]),
)
"""A that is symmetric and not the identity."""

NONSYMMETRIC: tuple[InputCase, ...] = (
    InputCase("a quarter turn", [(2, 0), (0, 1), (-1, 0), (0, -3)], [(0, 1), (-1, 0)]),
    InputCase("a shear", [(1, 0), (0, 1), (2, -1), (-1, 3)], [(1, 3), (0, 1)]),
    InputCase("d = 3", [(1, 0, 2), (0, 3, 1), (3, -1, 0), (-1, 1, 1)], [(2, -1, 0), (3, 1, 1), (0, -2, 1)]),
)
"""A that is not its transpose, on tokens that tell: with Aᵀ, or (A + Aᵀ)/2, other tokens win."""

INDEFINITE: tuple[InputCase, ...] = (
    InputCase("negative definite: all scores negative", [(2, 0), (4, 1), (1, 3)], [(-1, 0), (0, -1)]),
    InputCase("negative definite: the best score is 0", [(1, 0), (0, 1), (2, 1)], [(-1, 0), (0, -3)]),
    InputCase("a saddle", [(1, 2), (3, 1), (-2, 3), (0, 2)], [(1, 0), (0, -1)]),
    InputCase("a saddle, d = 3", [(1, 2, 1), (2, -1, 3), (-1, 1, 4), (0, 3, -2)], [(1, 0, 1), (0, -2, 0), (1, 0, 0)]),
)
"""A without definiteness: the best score may be negative, and a token need not be near itself. No ties."""

DEGENERATE: tuple[InputCase, ...] = (
    InputCase("A = 0: all tie", [(1, 2), (2, 1), (-1, 1)], [(0, 0), (0, 0)]),
    InputCase("rank one", [(1, 2), (2, 1), (-1, 1), (3, -3)], [(1, 1), (1, 1)]),
    InputCase("a nilpotent A", [(1, 2), (2, 2), (-1, 1), (3, 0)], [(0, 1), (0, 0)]),
    InputCase("negative definite, a tie at 0", [(1, 0), (0, 1), (0, 2), (1, 1)], [(-1, 0), (0, -1)]),
)
"""Singular and indefinite A with exact ties."""

TURNS: dict[int, tuple[Matrix, ...]] = {
    2: (exact_rows([(3, -4), (4, 3)]), exact_rows([(5, -12), (12, 5)]), exact_rows([(-7, 24), (-24, -7)])),
    3: (exact_rows([(1, -2, 2), (2, -1, -2), (2, 2, 1)]), exact_rows([(2, 3, 6), (3, -6, 2), (6, 2, -3)])),
}
"""Integer matrices Q with Q Qᵀ = c I: rotations and reflections scaled by 5, 13, 25; 3, 7."""

BASES: dict[int, tuple[Matrix, ...]] = {
    2: (exact_rows([(1, 1), (0, 1)]), exact_rows([(2, 1), (1, 1)])),
    3: (exact_rows([(1, 1, 0), (0, 1, 2), (0, 0, 1)]), exact_rows([(1, 0, 0), (2, 1, 0), (1, 1, 1)])),
}
"""Integer matrices B of determinant 1."""


def times(rows: Integers, M: Matrix) -> Matrix:
    """rows · M, exact."""
    columns = tuple(zip(*M, strict=True))
    return tuple(tuple(sum((x * m for x, m in zip(row, c, strict=True)), Fraction(0)) for c in columns) for row in rows)


def turned(case: InputCase, Q: Matrix) -> InputCase:
    """The case with every token turned by Q (A must be the identity): the same follow sets, other coordinates."""
    return replace(case, name=f"{case.name}, turned", tokens=times(case.tokens, Q))


def in_basis(case: InputCase, B: Matrix) -> InputCase:
    """The case (with A = I) in the basis B: tokens z with Bz the old ones, and A = BᵀB. The same follow sets."""
    basis = fmpz_mat([[int(v) for v in row] for row in B])
    whole = basis.transpose().inv(), basis.transpose() * basis  # the determinant is 1
    inverse, A = (exact_rows([[int(v) for v in row] for row in M.tolist()]) for M in whole)
    tokens = times(case.tokens, inverse)
    return replace(case, name=f"{case.name}, in another basis", tokens=tokens, A=A)


def scaled(case: InputCase, factor: int | Fraction) -> InputCase:
    """The case with every token times `factor`."""
    return replace(case, name=f"{case.name}, times {factor}", tokens=[[v * factor for v in row] for row in case.tokens])


def permuted(case: InputCase, order: Sequence[int]) -> InputCase:
    """The case with its tokens in another order."""
    return replace(case, name=f"{case.name}, permuted", tokens=[case.tokens[i] for i in order])


def near_ties(dtype: str) -> Iterator[InputCase]:
    """Near-ties that are none: token 0 scores b with one token and b − g with another, g = 1, 2, 4, … units.

    b = 2^(p−1) with p the precision of the dtype, so that its unit in the last place is 1 and every score of token 0
    is an integer of at most p bits: exact in the dtype. The two contenders lie far apart, and come in both orders.

    Args:
        dtype: the dtype.
    """
    p = PRECISION[dtype]
    b = 1 << (p - 1)
    for power in (0, 1, 2, 4, *range(8, p - 5, 5)):
        g = 1 << power
        best, second = (3 * b // 4, b // 4), (b // 4, 3 * b // 4 - g)
        for contenders in ((best, second), (second, best)):
            yield InputCase(f"ahead by {g} ulps", [(1, 1), *contenders])
        yield InputCase(
            f"ahead by {g} ulps, d = 4, cancelling",
            [(1, -1, 1, 0), (b // 4, -b // 4, b // 2, 5), (b // 2, -b // 4, b // 4 - g, 5)],
        )
        yield InputCase(f"ahead by {g} ulps, three contenders", [second, (1, 1), best, (b // 2, b // 2 - g)])
    for h in ((1 << (p - 1)) - 4 * k for k in (1, 2, 3, 5, 7)):  # times a scale some are equal to their neighbours
        for contenders in ([(h, h, h), (h, h - 1, -h)], [(h - 1, h, -h), (h, h, h)]):
            yield InputCase("ahead by 1 ulp, just below a power of two", [(1, 1, 0), *contenders])
    for exponent in (60, 500) if dtype == "float64" else (20, 57):
        for contenders in ([(6, 3), (3, 5)], [(3, 5), (6, 3)]):
            yield scaled(InputCase("ahead by 1 of 9, small", [(1, 1), *contenders]), Fraction(1, 1 << exponent))


def random_lattice(rng: random.Random, *, most_tokens: int = 10, most_dimensions: int = 4, size: int = 2) -> InputCase:
    """Integer tokens in {−size, …, size}^d: full of ties, repeated tokens and zeros."""
    n, d = rng.randint(2, most_tokens), rng.randint(1, most_dimensions)
    tokens = [tuple(rng.randint(-size, size) for _ in range(d)) for _ in range(n)]
    return InputCase(f"random lattice points, n = {n}, d = {d}", tokens, alpha=rng.choice((1, 1, 3, Fraction(1, 2), 7)))


def lattice_without_ties(rng: random.Random, n: int, d: int, A: Integers | None = None, *, size: int = 99) -> InputCase:
    """Random integer tokens, nonzero and distinct, each with one best score: a mistake about ties does not show.

    Args:
        rng: the source.
        n: how many tokens.
        d: how many coordinates.
        A: (d, d) integers, the identity if None.
        size: the largest coordinate, large enough for n such tokens to exist.
    """
    form = np.eye(d, dtype=np.int64) if A is None else np.array(A, dtype=np.int64)
    while True:
        tokens = [tuple(rng.randint(-size, size) for _ in range(d)) for _ in range(n)]
        Z = np.array(tokens, dtype=np.int64)
        scores = np.sort(Z @ form @ Z.T, axis=1)
        if len(set(tokens)) == n and all(map(any, tokens)) and (n == 1 or (scores[:, -1] > scores[:, -2]).all()):
            return InputCase(f"integer points, n = {n}, d = {d}", tokens, A)


def random_points(rng: random.Random, n: int, d: int, dtype: str, *, alpha: int | Fraction = 1) -> InputCase:
    """Gaussian tokens in `dtype`, taken as the dyadic rationals they are: no ties, full mantissas."""
    bits = PRECISION[dtype]

    def draw() -> Fraction:
        # rounded to 2^-(p-4): representable for |x| < 8, so that both dtypes see values of their own full length
        x = max(-7.5, min(7.5, rng.gauss(0, 1)))
        return Fraction(round(x * (1 << (bits - 4))), 1 << (bits - 4))

    return InputCase(f"Gaussian points, n = {n}, d = {d}", [[draw() for _ in range(d)] for _ in range(n)], alpha=alpha)


def resolved_tie(rng: random.Random, dtype: str, factor: int) -> InputCase:
    """Gaussian points with full mantissas, the two best scores of token 0 about `factor` rounding errors apart.

    Token 1 is 4 z_0; token 2 is a random point whose last coordinate is solved for so that ⟨z_0, z_2⟩ is less by
    `factor` times `rounding.decision_bound`, the least gap that a right kernel always sees.
    """
    case = random_points(rng, 6, 3, dtype)
    rows = [list(row) for row in case.tokens]
    # no coordinate near 0: the last one is divided by
    rows[0] = [v + (1 if v >= 0 else -1) for v in rows[0]]
    rows[1] = [4 * v for v in rows[0]]
    x = rows[0]
    array = stored(np.array([rows], dtype=np.float64), dtype)
    gap = factor * Fraction(float(np.nan_to_num(decision_bound(array, dtype=dtype)[0, 0], posinf=1.0)))
    target = 4 * sum((v * v for v in x), Fraction(0)) - gap
    last = (target - sum((v * w for v, w in zip(x[:-1], rows[2][:-1], strict=True)), Fraction(0))) / x[-1]
    rounded = float(stored(np.array(float(last)), dtype))
    rows[2][-1] = Fraction(rounded) if np.isfinite(rounded) else last
    return replace(case, name=f"a gap of {factor} rounding errors", tokens=rows)
