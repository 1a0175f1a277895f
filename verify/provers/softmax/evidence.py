"""What the theorems of SOFTMAX.md prove of one configuration, as plain records with the numbers that show it.

Neighbours: `prover` fills them, `certificates.softmax` writes them to a file.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ....kernels.exact.configuration import Vector

HALVINGS = 10
"""Layers are counted until the diameter is 2^−HALVINGS of the first one."""


@dataclass(frozen=True, slots=True)
class Consensus:
    """All tokens converge to one point (S2).

    Args:
        layer: the layer whose hull encloses the limit.
        limit: the middle of that hull.
        radius: the limit is within this of `limit`, in each coordinate.
        enough: a number of layers that is proved in advance to make the diameter 2^−HALVINGS of the first one; None
            for a growing β, or where it has hundreds of digits.
        needed: the number of layers that does it; None if it was not reached, or not seen exactly.
        rows: whether every row of the attention matrix tends to (w_1, …, w_n)/W.
    """

    layer: int
    limit: Vector
    radius: Fraction
    enough: int | None
    needed: int | None
    rows: bool


@dataclass(frozen=True, slots=True)
class Metastable:
    """Tokens stay within `delta` of the hull of their cluster for so many `layers` after `layer` (S4).

    Args:
        layer: K.
        clusters: for each token the first one of its cluster.
        delta: δ > 0.
        layers: m ≥ 1.
    """

    layer: int
    clusters: tuple[int, ...]
    delta: Fraction
    layers: int


@dataclass(frozen=True, slots=True)
class Shadow:
    """How long softmax stays near hardmax from the same tokens.

    Args:
        epsilon: ε.
        stays: all tokens are within ε of those of hardmax at all layers up to this one.
        left: a layer at which one is further away; None if none was reached.
    """

    epsilon: Fraction
    stays: int
    left: int | None


@dataclass(frozen=True, slots=True)
class Growing:
    """Several limits for ever, as β grows (S5).

    Args:
        layer: K.
        follows: f.
        eta: η with S(η) ≤ η.
        radius: each limit is within this of its middle, in each coordinate.
    """

    layer: int
    follows: tuple[int, ...]
    eta: Fraction
    radius: Fraction


@dataclass(frozen=True, slots=True)
class SoftmaxEvidence:
    """What shows the limits of one configuration, and what comes before them.

    Args:
        bits: with so many the checker encloses the layers.
        consensus: why there is one limit, if so.
        growing: why there are several, if so.
        metastable: for how long there are several clusters before, where that is shown.
        shadow: for how long tokens go with those of hardmax.
    """

    bits: int
    consensus: Consensus | None = None
    growing: Growing | None = None
    metastable: Metastable | None = None
    shadow: Shadow | None = None

    def facts(self) -> dict[str, Any]:
        """What it says beside the limits: the fields of `EnclosureRecord`."""
        said: dict[str, Any] = {}
        if self.consensus is not None:
            enough = self.consensus.enough
            said |= {"halvings": HALVINGS, "needed": self.consensus.needed}
            said["enough"] = None if enough is None else Fraction(enough)
        if self.metastable is not None:
            m = self.metastable
            said |= {"clusters": m.clusters, "from_layer": m.layer, "layers": Fraction(m.layers), "within": m.delta}
        if self.shadow is not None:
            said |= {"epsilon": self.shadow.epsilon, "stays": self.shadow.stays, "left": self.shadow.left}
        return said
