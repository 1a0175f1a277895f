"""Name the mistake: which well-known wrong layer computes exactly what the kernel returned?

A list of wrong layers, each in exact arithmetic on the failing configuration; the first whose next tokens agree with
the kernel's within the derived tolerance is named in the report. It is a hint for the author, never part of a verdict.

Neighbours: `judge` found the fault, `suite` puts the hint into the message.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from ....kernels.bounds.exact_scores import PRECISION
from ....kernels.exact.configuration import Matrix, Vector, identity
from ....kernels.protocol import TieRule
from ..inputs.trial import HALVES, Call, floats
from ..tolerance import value_tolerance

MOST_TOKENS, MOST_WORK = 40, 40_000
"""Larger configurations (n, n² d + n d²) are not explained: an exact wrong layer costs so many products."""

BLAME = "that is what a kernel computes that "
"""How a message goes on that names the mistake."""

LayerRule = Callable[[Matrix, Matrix, Fraction], Matrix]
"""(tokens (n, d), A, α) -> next tokens, exact."""


def _scores(Z: Matrix, A: Matrix) -> list[list[Fraction]]:
    """⟨z_i, z_l⟩: a second way beside the exact kernel's, on fractions."""
    columns = _transposed(A)
    left = [tuple(_dot(z, column) for column in columns) for z in Z]
    return [[_dot(row, z) for z in Z] for row in left]


def _dot(x: Vector, y: Vector) -> Fraction:
    return sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0))


def _mean(Z: Matrix, C: Sequence[int], size: int | None = None) -> Vector:
    """The sum over C divided by `size`, |C| if None."""
    return tuple(sum((Z[j][c] for j in C), Fraction(0)) / (size or len(C)) for c in range(len(Z[0])))


def _move(z: Vector, m: Vector, rate: Fraction) -> Vector:
    return tuple(x + rate * (y - x) for x, y in zip(z, m, strict=True))


def _rate(alpha: Fraction) -> Fraction:
    return alpha / (1 + alpha)


def _maximisers(row: list[Fraction]) -> list[int]:
    best = max(row)
    return [j for j, s in enumerate(row) if s == best]


def _right(Z: Matrix, A: Matrix, alpha: Fraction) -> Matrix:
    """The layer as it should be."""
    return tuple(_move(z, _mean(Z, _maximisers(row)), _rate(alpha)) for z, row in zip(Z, _scores(Z, A), strict=True))


# Ways to go wrong: another A, other scores, another choice among them, another update.


def _form(change: Callable[[Matrix], Matrix]) -> LayerRule:
    return lambda Z, A, alpha: _right(Z, change(A), alpha)


def _scored(change: Callable[[Fraction], Fraction]) -> LayerRule:
    return _chosen(lambda row, i: _maximisers([change(s) for s in row]))


def _chosen(choose: Callable[[list[Fraction], int], Sequence[int]]) -> LayerRule:
    """The follow set of token i is `choose(its scores, i)`."""

    def layer(Z: Matrix, A: Matrix, alpha: Fraction) -> Matrix:
        rows = enumerate(_scores(Z, A))
        return tuple(_move(Z[i], _mean(Z, choose(row, i)), _rate(alpha)) for i, row in rows)

    return layer


def _updated(update: Callable[[Matrix, int, Sequence[int], Fraction], Vector]) -> LayerRule:
    """Token i with the follow set C moves to `update(Z, i, C, alpha)`."""

    def layer(Z: Matrix, A: Matrix, alpha: Fraction) -> Matrix:
        return tuple(update(Z, i, _maximisers(row), alpha) for i, row in enumerate(_scores(Z, A)))

    return layer


def _transposed(A: Matrix) -> Matrix:
    return tuple(zip(*A, strict=True))


def _symmetrised(A: Matrix) -> Matrix:
    pairs = zip(A, _transposed(A), strict=True)
    return tuple(tuple((a + b) / 2 for a, b in zip(row, other, strict=True)) for row, other in pairs)


def _without_self(row: list[Fraction], i: int) -> Sequence[int]:
    best = max((s for j, s in enumerate(row) if j != i), default=row[i])
    return [j for j, s in enumerate(row) if j != i and s == best] or [i]


def _copies_once(Z: Matrix, i: int, C: Sequence[int], alpha: Fraction) -> Vector:
    first = {Z[j]: j for j in reversed(C)}
    return _move(Z[i], _mean(Z, list(first.values())), _rate(alpha))


def _in_place(Z: Matrix, A: Matrix, alpha: Fraction) -> Matrix:
    rows = list(Z)
    for i in range(len(rows)):
        rows[i] = _right(tuple(rows), A, alpha)[i]
    return tuple(rows)


def _padded(size: int) -> LayerRule:
    """The layer on tokens padded by zero rows to a multiple of `size`."""

    def layer(Z: Matrix, A: Matrix, alpha: Fraction) -> Matrix:
        zero = (Fraction(0),) * len(A)
        return _right(Z + (zero,) * (-len(Z) % size), A, alpha)[: len(Z)]

    return layer


MISTAKES: tuple[tuple[str, LayerRule], ...] = (
    ("ignores A (computes with the identity)", _form(lambda A: identity(len(A)))),
    ("transposes A (scores z_l^T A z_i in place of z_i^T A z_l)", _form(_transposed)),
    ("uses the symmetric part of A only", _form(_symmetrised)),
    ("follows the smallest score in place of the largest", _scored(lambda s: -s)),
    ("follows the largest absolute score", _scored(abs)),
    (
        'keeps only the first of several maximisers (declare ties = "first" if that is meant)',
        _chosen(lambda row, i: _maximisers(row)[:1]),
    ),
    ("keeps only the last of several maximisers", _chosen(lambda row, i: _maximisers(row)[-1:])),
    ("counts copies of a token once when it averages", _updated(_copies_once)),
    ("never lets a token follow itself", _chosen(_without_self)),
    ("applies two layers", lambda Z, A, alpha: _right(_right(Z, A, alpha), A, alpha)),
    ("updates tokens in place, so that later ones see earlier ones already moved", _in_place),
    ("moves by alpha in place of alpha/(1 + alpha)", _updated(lambda Z, i, C, alpha: _move(Z[i], _mean(Z, C), alpha))),
    (
        'does not divide by 1 + alpha (declare form = "residual" if that is meant)',
        _updated(lambda Z, i, C, alpha: tuple(x + alpha * m for x, m in zip(Z[i], _mean(Z, C), strict=True))),
    ),
    (
        "sums over the follow set and does not divide by its size",
        _updated(lambda Z, i, C, alpha: _move(Z[i], _mean(Z, C, 1), _rate(alpha))),
    ),
    (
        "divides the sum over the follow set by n in place of its size",
        _updated(lambda Z, i, C, alpha: _move(Z[i], _mean(Z, C, len(Z)), _rate(alpha))),
    ),
    ("moves to the mean at once, whatever alpha is", _updated(lambda Z, i, C, alpha: _mean(Z, C))),
    ("averages over all tokens", _chosen(lambda row, i: range(len(row)))),
    (
        "weighs the token by alpha and the mean by 1",
        _updated(lambda Z, i, C, alpha: _move(Z[i], _mean(Z, C), 1 / (1 + alpha))),
    ),
    (
        'divides by 1 + alpha once too often (remove form = "residual" if it divides once)',
        lambda Z, A, alpha: tuple(tuple(x / (1 + alpha) for x in row) for row in _right(Z, A, alpha)),
    ),
    ("lets rows of zero padding take part", _padded(4)),
    ("lets rows of zero padding take part", _padded(8)),
    ("returns its input unchanged", lambda Z, A, alpha: Z),
)
"""What a wrong layer does, in words, and the layer; the likeliest first."""


def explain(tokens: Matrix, one: Call, got: NDArray[np.float64], dtype: str, ties: TieRule) -> str:
    """What a kernel does that returns `got` for `tokens`, in words; empty if no known mistake fits.

    Args:
        tokens: (n, d) the exact tokens it got.
        one: the call they belong to, for A and α.
        got: (n, d) what it returned.
        dtype: what it computes in.
        ties: its tie rule.
    """
    n, d = len(tokens), len(tokens[0])
    if n > MOST_TOKENS or n * d * (n + d) > MOST_WORK:
        return ""
    if not np.isfinite(got).all():
        return ""
    model, least = _right(tokens, one.A, one.alpha), 0.0
    if dtype in HALVES:  # where many mistakes would fit if they were not far from what is right
        tolerance = 2.0 ** (3 - PRECISION[dtype]) * np.abs(floats(tokens, dtype)).max(axis=0)
        least = 4 * float(tolerance.max())
    else:
        tolerance = 4 * value_tolerance(floats(tokens, dtype), len(tokens))

    def off(layer: Matrix, from_: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.abs(from_ - np.array(layer, dtype=np.float64))

    def fits(layer: Matrix) -> bool:
        return bool((off(layer, got) <= tolerance).all())

    if ties == "first" and fits(model):
        return 'keeps all of several maximisers although it declares ties = "first"'
    for words, wrong in MISTAKES:
        layer = wrong(tokens, one.A, one.alpha)
        far = layer != model and off(layer, np.array(model, dtype=np.float64)).max() >= least
        if far and fits(layer):  # a mistake without effect on these tokens explains nothing
            return words
    return ""


def followed(
    tokens: Matrix, alpha: Fraction, i: int, got: Sequence[float], tolerance: Sequence[float]
) -> tuple[int, ...] | None:
    """The follow set with which token i would have moved to `got`; None if there is none, or more than 8 tokens.

    Args:
        tokens: (n, d) the exact tokens.
        alpha: α.
        i: the token.
        got: (d,) its next token as the kernel computed it.
        tolerance: (d,).
    """
    if len(tokens) > 8 or not all(map(isfinite, got)):
        return None
    near = [(Fraction(v) - Fraction(e), Fraction(v) + Fraction(e)) for v, e in zip(got, tolerance, strict=True)]
    for size in range(1, len(tokens) + 1):
        for C in combinations(range(len(tokens)), size):
            target = _move(tokens[i], _mean(tokens, C), _rate(alpha))
            if all(low <= t <= high for t, (low, high) in zip(target, near, strict=True)):
                return C
    return None
