"""Theorem S2: one cluster, where its point is, and after how many layers.

Neighbours: `prover` computes the layers; `bounds` has the sizes of one.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil

import flint

from ....kernels.exact.configuration import Configuration
from ....kernels.exact.matrix import Matrix
from ....kernels.softmax.enclosure import EnclosedLayer, largest, spread
from ....kernels.softmax.model import Softmax
from .bounds import Bounds, exponential, rounded, rounded_up
from .evidence import HALVINGS, Consensus

LARGEST_EXPONENT = 1000
"""Beyond it the number of layers that is proved in advance would have hundreds of digits."""
LN2 = Fraction(7, 10)
"""More than ln 2."""


def contraction(model: Softmax, rate: Fraction, here: EnclosedLayer) -> Fraction:
    """An upper bound of q_k = 1 − λ e^{−β a R D} at a layer."""
    bounds = Bounds(here, model.A, model.norm)
    exponent = model.beta_at(here.index) * model.norm * bounds.R * bounds.D
    return 1 - rate * exponential(-min(exponent, Fraction(LARGEST_EXPONENT)), up=False)


def bounded(c: Configuration) -> bool:
    """Whether β does not grow, or there are no scores for it to act on: then there is one cluster in the end.

    Args:
        c: of softmax.
    """
    assert isinstance(c.model, Softmax)
    if c.model.growth <= 1 or c.model.beta == 0:
        return True
    Z, A = (flint.fmpq_mat([[flint.fmpq(v.numerator, v.denominator) for v in r] for r in M]) for M in (c.tokens, c.A))
    return all(len({*row}) == 1 for row in (Z * A * Z.transpose()).tolist())


def meets(model: Softmax, rate: Fraction, here: EnclosedLayer) -> bool:
    """Whether g q ≤ 1, with a margin, where β grows."""
    bounds = Bounds(here, model.A, model.norm)
    small = model.beta_at(here.index) * model.norm * bounds.R * bounds.D <= LARGEST_EXPONENT
    return small and model.growth * contraction(model, rate, here) <= 1 - Fraction(1, 1 << 20)


def enough(tokens: Matrix, model: Softmax, rate: Fraction) -> int | None:
    """A number of layers after which the diameter is 2^−HALVINGS of what it is, by S2; None where it is not written."""
    exponent = model.beta * model.norm * largest(tokens) * spread(tokens)
    if model.growth > 1 or exponent > LARGEST_EXPONENT:
        return None
    factor = 1 + Fraction(1, 1 << 40)  # the checker rounds otherwise
    parts = (exponential(exponent / 2**m, up=True) * factor for m in range(HALVINGS))
    return sum(ceil(LN2 * part / rate) for part in parts)


def needed(tokens: Matrix, run: Sequence[tuple[Fraction, Fraction]], slack: Fraction) -> int | None:
    """The first layer whose diameter is at most 2^−HALVINGS of layer 0's; None if that is not seen exactly.

    Args:
        tokens: layer 0.
        run: for each layer bounds of its diameter, from below and from above.
        slack: what comparisons have to spare for the checker's own rounding.
    """
    goal = spread(tokens) / 2**HALVINGS
    k = next((k for k, (_, most) in enumerate(run) if most + slack <= goal), None)
    return k if k is None or k == 0 or run[k - 1][0] - slack > goal else None


def consensus(
    configuration: Configuration,
    model: Softmax,
    rate: Fraction,
    here: EnclosedLayer,
    run: Sequence[tuple[Fraction, Fraction]],
    slack: Fraction,
) -> Consensus:
    """What Theorem S2 says at a layer that `meets` its condition.

    Args:
        configuration: the tokens.
        model: their model.
        rate: λ.
        here: the layer whose hull encloses the limit.
        run: see `needed`.
        slack: what the radius has to spare.
    """
    middle = tuple((max(c) + min(c)) / 2 for c in zip(*here.centers, strict=True))
    limit = tuple(rounded(x, slack / 4) for x in middle) if slack else middle
    radius = rounded_up(spread(here.centers) / 2 + 2 * here.radius + slack)
    tokens = configuration.tokens
    return Consensus(
        here.index, limit, radius, enough(tokens, model, rate), needed(tokens, run, slack), configuration.n > 1
    )
