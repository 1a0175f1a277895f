"""Random calls whose properties are drawn independently of each other: batch, size, form, step, tokens, memory.

Whatever a wrong kernel gets wrong only in combination (ties in the second set of a batch, a non-symmetric A of six
coordinates, a rounded A in float64) is a combination of values of these axes. The exact judgement needs no tables: any
call can be judged. Token sets of large batches repeat a few distinct ones in random order, so that the exact layer of
each is computed once, while every row of the batch is judged.

Neighbours: `checks.cross` says which axes a check runs through; `cases` has the tables with reasons.
"""

import random
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, get_args

from ....kernels.bounds.exact_scores import PRECISION, exact_scores
from ....kernels.exact.configuration import Matrix, identity
from .cases import Integers, random_points, times
from .trial import Arrangement, Call, call, exact_rows

TokenKind = Literal["lattice", "tied", "near", "turned", "integers", "full", "copies"]
"""Tokens: few small integers; built ties; ties split by a few ulps; built ties turned by an integer rotation; integers
almost without ties; full mantissas; few different tokens of full mantissas, many times."""
KINDS: tuple[TokenKind, ...] = get_args(TokenKind)
TIED_KINDS: tuple[TokenKind, ...] = ("lattice", "tied", "near", "turned", "copies")

FormKind = Literal[
    "identity", "diagonal", "symmetric", "nonsymmetric", "diagonal floats", "symmetric floats", "nonsymmetric floats"
]
"""A: small integers, or numbers of full mantissas."""
FORMS: tuple[FormKind, ...] = get_args(FormKind)
INTEGER_FORMS: tuple[FormKind, ...] = FORMS[:4]

ALPHAS = (Fraction(1), Fraction(1, 2), Fraction(0.1), Fraction(1 / 3), Fraction(3))
"""Steps; 0.1 and 1/3 as the floats they are, which float32 cannot hold."""

MOST_SETS = 5
"""Different token sets in one batch."""


@dataclass(frozen=True, slots=True)
class Draw:
    """One combination of values of all axes; A and the tokens are then drawn at random.

    Args:
        B: token sets in the batch.
        n: tokens.
        d: coordinates.
        kind: what tokens.
        form: what A.
        arrangement: how arrays lie in memory.
    """

    B: int
    n: int
    d: int
    kind: TokenKind
    form: FormKind
    arrangement: Arrangement

    def call(self, rng: random.Random, dtype: str) -> Call:
        """A call of these properties: its values are representable in `dtype`."""
        A = _form(rng, self.d, self.form, dtype)
        if self.kind in ("tied", "near", "turned"):
            A = _with_first_axis_apart(A, self.form)
        turn = identity(self.d)
        if self.kind == "turned" and self.d > 1:
            turn = _turn(rng, self.d)
        axes = rng.sample(range(self.d), self.d)
        sets = []
        for _ in range(min(self.B, MOST_SETS)):
            rows = _tokens(rng, self.n, self.d, self.kind, dtype)
            sets.append([[row[a] for a in axes] for row in rows])
        A = tuple([tuple([A[a][b] for b in axes]) for a in axes])
        if turn != identity(self.d):
            turned = [times(rows, turn) for rows in sets]
            image = times(tuple(zip(*turn, strict=True)), exact_rows(times(A, turn)))
            if all(all(exact_scores(rows, image, dtype)) for rows in turned):
                sets, A = turned, image
        order = [*range(len(sets)), *(rng.randrange(len(sets)) for _ in range(self.B - len(sets)))]
        rng.shuffle(order)
        return call(*(sets[s] for s in order), A=A, alpha=rng.choice(ALPHAS), arrangement=self.arrangement)


def _full(rng: random.Random, dtype: str) -> Fraction:
    """A Gaussian number with all bits of the mantissa, as the dyadic rational it is."""
    return random_points(rng, 1, 1, dtype).tokens[0][0] + Fraction(0)


def _form(rng: random.Random, d: int, form: FormKind, dtype: str) -> Matrix:
    if form == "identity":
        return identity(d)
    shape, _, floats = form.partition(" ")

    def entry() -> Fraction:
        return _full(rng, dtype) if floats else Fraction(rng.randint(-3, 3))

    rows = [[entry() for _ in range(d)] for _ in range(d)]
    for i in range(d):
        # neither definite nor singular for certain: nothing of that kind is asked of A
        rows[i][i] = abs(entry()) if floats else Fraction(rng.randint(1, 5))
        for j in range(i):
            if shape == "diagonal":
                rows[i][j] = rows[j][i] = Fraction(0)
            elif shape == "symmetric":
                rows[i][j] = rows[j][i]
    return exact_rows(rows)


def _with_first_axis_apart(A: Matrix, form: FormKind) -> Matrix:
    """A with first row (1, 0, …, 0), and first column too if A is symmetric: (c, 0, …, 0) scores c z_1 with z."""
    d = len(A)
    rows = [list(row) for row in A]
    rows[0] = [Fraction(int(j == 0)) for j in range(d)]
    if not form.startswith("nonsymmetric"):
        for i in range(1, d):
            rows[i][0] = Fraction(0)
    return exact_rows(rows)


def _turn(rng: random.Random, d: int) -> Matrix:
    """An integer matrix Q with Q Qᵀ = 25 I: rotations of pairs of axes, and 5 on the axis that is left over."""
    rows = [[0] * d for _ in range(d)]
    axes = rng.sample(range(d), d)
    for a, b in zip(axes[::2], axes[1::2], strict=False):
        rows[a][a], rows[a][b], rows[b][a], rows[b][b] = 3, -4, 4, 3
    if d % 2:
        rows[axes[-1]][axes[-1]] = 5
    return exact_rows(rows)


def _tokens(rng: random.Random, n: int, d: int, kind: TokenKind, dtype: str) -> Integers:
    if kind == "full":
        return random_points(rng, n, d, dtype).tokens
    if kind == "copies":
        distinct = random_points(rng, 1 + n // 3, d, dtype).tokens
        return [rng.choice(distinct) for _ in range(n)]
    if kind in ("lattice", "integers"):
        size = 2 if kind == "lattice" else 300
        return [[rng.randint(-size, size) for _ in range(d)] for _ in range(n)]
    return _led(rng, n, d, dtype, split=kind == "near")


def _led(rng: random.Random, n: int, d: int, dtype: str, *, split: bool) -> Integers:
    """Tokens (c, 0, …, 0) and leaders that they score equally, or (if `split`) so that few ulps decide.

    The leaders have the largest first coordinate and anything else; there are two, three or many. A leader is last as
    often as not: the ends of blocks are where leaders get lost.
    """
    many = rng.choice((2, 3, max(2, n // 2)))
    top = (1 << (PRECISION[dtype] - 1)) - rng.randint(0, 99) if split else 6
    spread = top // 2 if split else 3
    rows = []
    for k in range(min(many, n - 1)):
        lag = rng.choice((0, 1, 2, 4, 16)) if split and k else 0
        rows.append([top - lag, *(rng.randint(-spread, spread) for _ in range(d - 1))])
    leaders = len(rows)
    while len(rows) < n:
        follower = len(rows) == leaders or rng.random() < 0.4
        if follower:
            rows.append([1 if split else rng.randint(1, 3), *[0] * (d - 1)])
        else:
            rows.append([rng.randint(-2, 2) for _ in range(d)])
    last = rows.pop(0) if n > 1 and rng.random() < 0.5 else None
    rng.shuffle(rows)
    return rows if last is None else [*rows, last]
