"""The prover of softmax: layers are enclosed one by one until a theorem of SOFTMAX.md says what comes after.

Neighbours: `consensus`, `metastable` and `growing` are the theorems, `kernels.softmax.enclosure` encloses layers.
"""

from dataclasses import replace
from fractions import Fraction

from ....kernels.exact.configuration import Configuration
from ....kernels.exact.step import ConstantStep
from ....kernels.softmax.enclosure import EnclosedLayer, PrecisionError, SoftmaxLayers, largest, spread
from ....kernels.softmax.model import Softmax
from ..freeze.budget import CALL, OutOfBudgetError, Work, product
from ..freeze.outcome import Enclosed, Undecided
from .consensus import bounded, consensus, meets
from .evidence import Growing, Metastable, SoftmaxEvidence
from .growing import growing
from .metastable import Shadowing, metastable

EXPONENTIALS, MOST_LAYERS = 300_000, 4_000
"""For a consensus: how many exponentials and layers are computed; its certificate is checked in a few seconds."""
GROWING_LAYERS = 40
"""Layers at which a growing β is looked at."""
METASTABLE_LAYERS = 64
"""Layers at which clusters are looked for."""
GOAL = Fraction(1, 1 << 70)
"""Radius of the enclosures, in units of the largest coordinate."""
SLACK = Fraction(1, 1 << 60)
"""What the radius of a limit has to spare for the checker's own rounding, likewise."""
SMALLEST = Fraction(1, 1 << 40)
"""Diameter, in units of the first one, at which a limit is known well enough."""
MORE_BITS = 64
"""The checker's bits beyond those of the prover, for tokens of size 1."""


def decide(configuration: Configuration, work: Work) -> Enclosed | Undecided:
    """Where all tokens converge to, up to a radius, or `Undecided` with the reason.

    Args:
        configuration: of softmax.
        work: where operations are counted.
    """
    model = configuration.model
    assert isinstance(model, Softmax)
    if not isinstance(model.step, ConstantStep):
        return Undecided(configuration, (), "what is proved of softmax needs a constant step: give alpha")
    layers = configuration.dynamics()
    assert isinstance(layers, SoftmaxLayers)
    run = _Run(configuration, model, model.step.alpha, layers, work)
    try:
        return run.bounded() if bounded(configuration) else run.growing()
    except (PrecisionError, OutOfBudgetError) as error:
        return Undecided(configuration, (), str(error))


class _Run:
    def __init__(
        self, configuration: Configuration, model: Softmax, alpha: Fraction, layers: SoftmaxLayers, work: Work
    ) -> None:
        self.c, self.model, self.alpha, self.layers, self.work = configuration, model, alpha, layers, work
        self.rate = alpha / (1 + alpha)
        self.scale = largest(configuration.tokens) or Fraction(1)
        self.slack = SLACK * self.scale
        self.diameters: list[tuple[Fraction, Fraction]] = []

    def _count(self) -> None:
        """The operations of one layer."""
        n, bits = self.c.n, self.layers.bits
        self.work.do(n * n * (20 * CALL + 30 * product(bits, bits)))

    def _bits(self) -> int:
        """Bits of the checker, which are absolute."""
        small = max(0, self.scale.denominator.bit_length() - self.scale.numerator.bit_length())
        return self.layers.bits + MORE_BITS + small

    def _see(self, here: EnclosedLayer) -> None:
        D = spread(here.centers)
        self.diameters.append((D - 2 * here.radius, D + 2 * here.radius))

    def bounded(self) -> Enclosed:
        """β does not grow: one cluster, and what is before it."""
        most = max(1, min(MOST_LAYERS, EXPONENTIALS // self.c.n**2))
        goal = SMALLEST * spread(self.c.tokens)
        stays: Metastable | None = None
        shadowing, last = Shadowing(self.c, self.model, self.slack), None
        constant = self.model.growth == 1 and self.model.beta > 0
        try:
            for last in self.layers.precise(GOAL * self.scale):
                self._see(last)
                shadowing.add(last)
                if constant and last.index <= METASTABLE_LAYERS:
                    now = metastable(self.c, self.model, self.rate, last)
                    stays = now if now and (stays is None or now.layers > stays.layers) else stays
                if self.diameters[-1][1] <= goal or last.index == most:
                    break
                self._count()
        except (PrecisionError, OutOfBudgetError):
            if last is None:
                raise
        assert last is not None
        return self._one(last, stays, shadowing)

    def _one(self, here: EnclosedLayer, stays: Metastable | None, shadowing: Shadowing) -> Enclosed:
        found = consensus(self.c, self.model, self.rate, here, self.diameters, self.slack)
        evidence = SoftmaxEvidence(self._bits(), found, None, stays, shadowing.found)
        return Enclosed(self.c, (found.limit,) * self.c.n, found.radius, here.index, None, evidence)

    def growing(self) -> Enclosed | Undecided:
        """β grows: several clusters for ever, or one all the same."""
        reason, s = "", 1 + self.alpha
        closed: tuple[EnclosedLayer, Growing] | None = None
        shadowing = Shadowing(self.c, self.model, self.slack)
        for here in self.layers.precise(GOAL * self.scale):
            self._see(here)
            shadowing.add(here)
            if self.model.growth > s:
                found = growing(self.c, self.model, self.alpha, here)
                if isinstance(found, Growing):
                    closed = here, found
                    if found.radius <= SMALLEST * self.scale:
                        break
                elif closed is not None:
                    break
                else:
                    reason = found.reason
            elif meets(self.model, self.rate, here):
                return self._one(here, None, shadowing)
            else:
                reason = f"no theorem is known for a growth of {self.model.growth} <= 1 + alpha = {s} unless g q <= 1"
            if here.index == GROWING_LAYERS:
                break
            self._count()
        if closed is None:
            why = f"after {GROWING_LAYERS} layers the certificate is still open: {reason}"
            return Undecided(self.c, (), why)
        return self._growing(*closed, shadowing)

    def _growing(self, here: EnclosedLayer, found: Growing, shadowing: Shadowing) -> Enclosed:
        slack = self.slack
        at = tuple(tuple(round(x / slack * 4) * slack / 4 for x in here.centers[i]) for i in found.follows)
        radius = found.radius + 2 * slack
        evidence = SoftmaxEvidence(self._bits(), None, replace(found, radius=radius), None, shadowing.found)
        leaders = dict.fromkeys(sorted({*found.follows}), found.layer)
        return Enclosed(self.c, at, radius, here.index, leaders, evidence)
