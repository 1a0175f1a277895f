"""Wrong layers of softmax, and wrong evidence, which the claims of the families softmax and glpr must refute.

Each wrong model says that it is softmax, has its parameters and other layers: what an implementation gets wrong.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction as Q
from typing import Any

import flint

from hardmax.kernels import Configuration
from hardmax.kernels.softmax.enclosure import SoftmaxLayers
from hardmax.kernels.softmax.model import Softmax
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.families import glpr, softmax
from hardmax.verify.provers.freeze.budget import Budget


class AlphaForLambda(SoftmaxLayers):
    """The step is α."""

    def rate(self, k):
        return self.model.step.alpha


class OneMinusLambda(SoftmaxLayers):
    """Tokens keep λ of themselves."""

    def rate(self, k):
        return 1 - super().rate(k)


class BetaOfTheNextLayer(SoftmaxLayers):
    """β is off by one layer."""

    def beta(self, k):
        return super().beta(k + 1)


class BetaOfTheLayerBefore(SoftmaxLayers):
    """The same, the other way."""

    def beta(self, k):
        return super().beta(max(k - 1, 0))


class BetaDivided(SoftmaxLayers):
    """Scores are divided by β: temperature and inverse temperature are exchanged."""

    def beta(self, k):
        return 1 / super().beta(k)


class SelfExcluded(SoftmaxLayers):
    """No token attends to itself."""

    def attention(self, k, C):
        P = super().attention(k, C)
        others = [[flint.arb(0) if i == j else v for j, v in enumerate(row)] for i, row in enumerate(P)]
        return [[v / sum(row) for v in row] for row in others]


class TransposedA(SoftmaxLayers):
    """The scores are z_jᵀAz_i."""

    def exponents(self, k, C):
        return [list(row) for row in zip(*super().exponents(k, C), strict=True)]


class NotNormalised(SoftmaxLayers):
    """Weights do not sum to 1."""

    def attention(self, k, C):
        return [[v * 3 / 2 for v in row] for row in super().attention(k, C)]


class MaxNotSubtracted(SoftmaxLayers):
    """e^{β s_ij} as it stands: no mistake, where numbers of any size are at hand."""

    def attention(self, k, C):
        w = self.configuration.multiplicities
        rows = [[v.exp() * x for v, x in zip(row, w, strict=True)] for row in self.exponents(k, C)]
        return [[v / sum(row) for v in row] for row in rows]


class NoMultiplicities(SoftmaxLayers):
    """Every token counts once."""

    def attention(self, k, C):
        w = self.configuration.multiplicities
        rows = [[v / x for v, x in zip(row, w, strict=True)] for row in super().attention(k, C)]
        return [[v / sum(row) for v in row] for row in rows]


class Drift(SoftmaxLayers):
    """Tokens go apart a little at each layer."""

    def next_balls(self, k, C, P):
        return super().next_balls(k, C, P) * flint.arb("1.5")


class ForNegative(SoftmaxLayers):
    """Tokens attend to the smallest scores."""

    def exponents(self, k, C):
        return [[-v for v in row] for row in super().exponents(k, C)]


@dataclass(frozen=True, init=False)
class Wrong(Softmax):
    """Softmax by its word, with other layers."""

    def __init__(self, model: Softmax, layers: type[SoftmaxLayers]) -> None:
        super().__init__(model.A, model.step, model.beta, model.growth)
        object.__setattr__(self, "other", layers)

    def dynamics(self, configuration: Configuration) -> SoftmaxLayers:
        return self.other(configuration)  # type: ignore[attr-defined]


def with_layers(c: Configuration, layers: type[SoftmaxLayers]) -> Configuration:
    assert isinstance(c.model, Softmax)
    return Configuration(c.tokens, Wrong(c.model, layers), multiplicities=c.multiplicities)


SKEW = [[1, 2], [-1, Q(1, 2)]]
QUICK = Budget(operations=30_000_000)
TOKENS = glpr.EXAMPLE.tokens
WEIGHTS = [2, 1, 1, 3, 1]
CONSTANT = Configuration(TOKENS, Softmax(SKEW, Q(1, 2), 2), multiplicities=WEIGHTS)
GROWING = Configuration(TOKENS, Softmax([[1, Q(1, 2)], [-1, 2]], Q(1, 2), 1, Q(9, 4)), multiplicities=WEIGHTS)
LINE = Configuration([[1], [Q(-1, 2)], [Q(1, 3)]], Softmax([[1]], Q(1, 2), 1, Q(9, 4)), multiplicities=[1, 2, 1])
APART = Configuration([(1, 1), (1, -1)], Softmax([[1, 0], [0, 1]], Q(1, 2), 1, Q(9, 4)))
STAYING = softmax.EXAMPLE
SHARP = Configuration(STAYING.tokens, Softmax([[1, 0], [0, 1]], Q(1, 2), 300))

MISTAKES = {
    "wrong λ": (AlphaForLambda, OneMinusLambda),
    "β off by one layer": (BetaOfTheNextLayer, BetaOfTheLayerBefore, BetaDivided),
    "self excluded": (SelfExcluded,),
    "transposed A": (TransposedA,),
    "weights not normalised": (NotNormalised,),
    "multiplicities": (NoMultiplicities,),
}
"""What the layers may get wrong → models that do."""


def changed(c: Configuration, part: str, **fields: Any) -> Callable[[], Case]:
    """The case with another number in the evidence of its outcome."""

    def damaged() -> Case:
        case = Case(c, QUICK)
        evidence = case.outcome.evidence  # type: ignore[union-attr]
        found = replace(getattr(evidence, part), **fields)
        case.outcome = replace(case.outcome, evidence=replace(evidence, **{part: found}))  # type: ignore[type-var]
        return case

    return damaged


def killers(Killer: Callable[..., Any]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """(claim, its killers)."""

    def layers(c: Configuration, *wrong: type[SoftmaxLayers]) -> tuple[Any, ...]:
        return tuple(
            Killer(w.__name__, lambda: Case(c, QUICK), lambda w=w: Case(with_layers(c, w), QUICK)) for w in wrong
        )

    def evidence(c: Configuration, part: str, what: str, **fields: Any) -> Any:
        return Killer(what, lambda: Case(c, QUICK), changed(c, part, **fields))

    constant = (AlphaForLambda, OneMinusLambda, SelfExcluded, TransposedA, NotNormalised, NoMultiplicities, BetaDivided)
    yield "softmax.layers", (*layers(CONSTANT, *constant), *layers(GROWING, BetaOfTheNextLayer, BetaOfTheLayerBefore))
    yield (
        "softmax.consensus",
        (
            *layers(CONSTANT, *constant),
            evidence(CONSTANT, "consensus", "another limit", limit=(Q(0), Q(0))),
            evidence(CONSTANT, "consensus", "a smaller radius", radius=Q(1, 2**80)),
            evidence(CONSTANT, "consensus", "fewer layers are enough", enough=3),
            evidence(CONSTANT, "consensus", "fewer layers are needed", needed=2),
        ),
    )
    yield (
        "softmax.metastable",
        (
            evidence(STAYING, "metastable", "for longer", layers=10**30),
            evidence(STAYING, "metastable", "at another layer", layer=0),
            evidence(STAYING, "metastable", "hardly moving", delta=Q(1, 10**30)),
            evidence(STAYING, "shadow", "with hardmax for longer", stays=40, left=None),
        ),
    )
    yield "softmax.hulls", layers(CONSTANT, NotNormalised, Drift)
    yield "softmax.contraction", layers(CONSTANT, NotNormalised, Drift)
    yield "softmax.near_hardmax", layers(SHARP, OneMinusLambda, NotNormalised, BetaDivided, ForNegative)
    growing = (AlphaForLambda, BetaOfTheNextLayer, BetaOfTheLayerBefore, NotNormalised, NoMultiplicities, TransposedA)
    limits = (
        evidence(GROWING, "growing", "closed too early", layer=1),
        evidence(GROWING, "growing", "a smaller η", eta=Q(0)),
        *layers(GROWING, *growing),
    )
    yield "glpr.limits", limits
    yield "glpr.rows", (evidence(GROWING, "growing", "all lead", follows=(0, 1, 2, 3, 4)), *layers(GROWING, *growing))
    yield "glpr.vertices", limits
    yield "glpr.boolean", layers(LINE, AlphaForLambda, BetaOfTheNextLayer, NotNormalised, NoMultiplicities)
    yield "glpr.pair", layers(glpr.PAIR, NotNormalised, Drift, SelfExcluded)
    yield "glpr.pair_identity", layers(APART, NotNormalised, BetaOfTheNextLayer)
