"""Theorem S4: several clusters for a long time; and for how long the tokens go with those of hardmax.

Neighbours: `prover` computes the layers; `bounds` has the sizes of one.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import floor

from ....kernels.exact.configuration import Configuration
from ....kernels.exact.dynamics import Dynamics, maximisers
from ....kernels.softmax.enclosure import EnclosedLayer, spread
from ....kernels.softmax.model import Softmax
from .bounds import Bounds, exponential, rounded_up
from .evidence import Metastable, Shadow

SHADOWED = 64
"""Layers that are compared with hardmax at most."""
EPSILON = Fraction(1, 100)
"""ε in units of the diameter of layer 0."""
LARGEST_EXPONENT = Fraction(990)


def clusters(scores: Sequence[Sequence[Fraction]]) -> tuple[int, ...] | None:
    """For each token the first one of those that end, following best scores, at the same token; None if one does not.

    Args:
        scores: (n, n).
    """
    follows = [maximisers(row)[0] for row in scores]
    roots = []
    for i in range(len(follows)):
        for _ in follows:
            i = follows[i]
        if follows[i] != i:
            return None
        roots.append(i)
    return tuple(roots.index(root) for root in roots)


def metastable(configuration: Configuration, model: Softmax, rate: Fraction, here: EnclosedLayer) -> Metastable | None:
    """For how many layers Theorem S4 keeps the clusters of a layer apart; None if for none.

    Args:
        configuration: tokens and multiplicities.
        model: their model, of constant β > 0.
        rate: λ.
        here: the layer.
    """
    bounds = Bounds(here, model.A, model.norm)
    scores, w, a = bounds.scores(), configuration.multiplicities, model.norm
    T = clusters(scores)
    if T is None or len({*T}) < 2 or a == 0:
        return None
    gamma = -bounds.loss + min(
        min(s for s, t in zip(row, T, strict=True) if t == own)
        - max(s for s, t in zip(row, T, strict=True) if t != own)
        for row, own in zip(scores, T, strict=True)
    )
    if gamma <= 0:
        return None
    D, R, beta = bounds.D, bounds.R, model.beta
    delta = rounded_up(min(1 / (beta * a * (D + 2 * R)), gamma / (2 * a * (D + 2 * R))), 12)
    y = beta * (gamma - a * delta * (D + 2 * R + 2 * delta))
    if y <= 0:
        return None
    sums = [sum(x for x, t in zip(w, T, strict=True) if t == own) for own in {*T}]
    N = max(Fraction(sum(w) - own, own) for own in sums)
    y = min(y, LARGEST_EXPONENT)
    most = delta * exponential(y, up=False) / (rate * N * (D + 2 * delta))
    layers = floor(most * (1 - Fraction(1, 1 << 24)))
    return Metastable(here.index, T, delta, layers) if layers >= 1 else None


class Shadowing:
    """Layers of softmax beside those of hardmax from the same tokens.

    Args:
        configuration: of softmax.
        model: its model.
        slack: what comparisons have to spare for the checker's own rounding.
    """

    def __init__(self, configuration: Configuration, model: Softmax, slack: Fraction) -> None:
        c = configuration
        same = Configuration(c.tokens, model.same_hardmax(), multiplicities=c.multiplicities)
        self._hard = Dynamics(same).layers()
        self._epsilon = EPSILON * spread(c.tokens)
        self._slack = max(slack, self._epsilon / (1 << 20))
        self._stays: int | None = None
        self._left: int | None = None
        self._within = self._epsilon > 0

    def add(self, here: EnclosedLayer) -> None:
        """Compare the next layer."""
        if self._left is not None or here.index > SHADOWED or not self._epsilon:
            return
        tokens = next(self._hard)[0].tokens()
        far = max(abs(x - y) for p, q in zip(here.centers, tokens, strict=True) for x, y in zip(p, q, strict=True))
        slack = self._slack
        self._within = self._within and far + here.radius + slack <= self._epsilon
        if self._within:
            self._stays = here.index
        elif far - here.radius - slack > self._epsilon:
            self._left = here.index

    @property
    def found(self) -> Shadow | None:
        """What is shown so far."""
        return None if self._stays is None else Shadow(self._epsilon, self._stays, self._left)
