"""Exact layers that are wrong on purpose, each in one thing, and hardmax models that have them: see `with_layers`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import cycle

from hardmax.kernels.exact.configuration import Configuration, identity, with_changes
from hardmax.kernels.exact.dynamics import Dynamics, Layer, Sets
from hardmax.kernels.exact.hardmax import Hardmax


@dataclass(frozen=True, init=False)
class WrongHardmax(Hardmax):
    """It says that it is hardmax, and has other layers."""

    make: Callable[[Configuration], Dynamics]

    def __init__(self, A, step, follow, make) -> None:
        super().__init__(A, step, follow)
        object.__setattr__(self, "make", make)

    def dynamics(self, configuration: Configuration) -> Dynamics:
        return self.make(configuration)


def with_layers(configuration: Configuration, layers: Callable[[Configuration], Dynamics]) -> Configuration:
    """The configuration with a model that computes these layers in place of the right ones."""
    c = configuration
    return with_changes(c, model=WrongHardmax(c.A, c.step, c.follow, layers))


class FirstMaximiser(Dynamics):
    """Ties are dropped: a token follows the first maximiser alone."""

    def follow_sets(self, layer: Layer, rows: Sequence[int] | None = None) -> Sets:
        return tuple(C[:1] for C in super().follow_sets(layer, rows))


class Tolerant(Dynamics):
    """≥ with a tolerance in place of =: scores within 1/4 (in the units of the layer) of the best count as ties."""

    tolerance = Fraction(1, 4)

    def follow_sets(self, layer: Layer, rows: Sequence[int] | None = None) -> Sets:
        # Scores are integers: those of tokens and form times both denominators.
        unit = int(layer.denominator) ** 2
        return tuple(
            tuple(j for j, s in enumerate(scores) if s >= max(scores) - self.tolerance * unit)
            for scores in ([int(s) for s in row] for row in self.scores(layer, rows))
        )


class Second(Dynamics):
    """The best score is left out: a token follows those that come second."""

    def follow_sets(self, layer: Layer, rows: Sequence[int] | None = None) -> Sets:
        result = []
        for scores in self.scores(layer, rows):
            second = sorted(set(scores))[-2:][0]
            result.append(tuple(j for j, s in enumerate(scores) if s == second))
        return tuple(result)


class NoSelf(Dynamics):
    """A token never follows itself."""

    def follow_sets(self, layer: Layer, rows: Sequence[int] | None = None) -> Sets:
        chosen = range(self.configuration.n) if rows is None else rows
        result = []
        for i, scores in zip(chosen, self.scores(layer, rows), strict=True):
            best = max((s for j, s in enumerate(scores) if j != i), default=scores[i])
            result.append(tuple(j for j, s in enumerate(scores) if s == best and j != i) or (i,))
        return tuple(result)


class SelfOnly(Dynamics):
    """Every token follows itself alone."""

    def follow_sets(self, layer: Layer, rows: Sequence[int] | None = None) -> Sets:
        return tuple((i,) for i in (range(self.configuration.n) if rows is None else rows))


class Misreports(FirstMaximiser):
    """It moves by the right sets, but states others: the first maximiser alone."""

    def next_layer(self, layer: Layer, sets: Sets) -> Layer:
        return super().next_layer(layer, Dynamics.follow_sets(self, layer))


class IgnoresA(Dynamics):
    """Scores are Euclidean whatever A is."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.form = Dynamics(with_changes(configuration, A=identity(configuration.d))).form


class Transposed(Dynamics):
    """Scores are ⟨z_l, z_i⟩ in place of ⟨z_i, z_l⟩."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.form = self.form.transpose()


class Opposite(Dynamics):
    """Tokens follow the smallest score where they should follow the largest, and the other way round."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        self.form = -self.form


class OneLayerOff(Dynamics):
    """What it calls layer k is layer k + 1."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(configuration)
        first = self.next_layer(self.first, self.follow_sets(self.first))
        self.first = Layer(0, first.numerators, first.denominator)


class StaleSets(Dynamics):
    """Each layer moves by the follow sets of layer 0."""

    def next_layer(self, layer: Layer, sets: Sets) -> Layer:
        return super().next_layer(layer, self.follow_sets(self.first))


class StepTwice(Dynamics):
    """Each step is made twice."""

    def next_layer(self, layer: Layer, sets: Sets) -> Layer:
        once = super().next_layer(layer, sets)
        return super().next_layer(Layer(layer.index, once.numerators, once.denominator), sets)


class InPlace(Dynamics):
    """Tokens move one after the other, each seeing those before it where they have moved to."""

    def next_layer(self, layer: Layer, sets: Sets) -> Layer:
        for i in range(len(sets)):
            others_stay = tuple(C if j == i else (j,) for j, C in enumerate(sets))
            moved = super().next_layer(layer, others_stay)
            layer = Layer(layer.index, moved.numerators, moved.denominator)
        return Layer(layer.index + 1, layer.numerators, layer.denominator)


class NoMultiplicities(Dynamics):
    """Every token counts once in every mean."""

    def __init__(self, configuration: Configuration) -> None:
        super().__init__(with_changes(configuration, multiplicities=None))


class Step(Dynamics):
    """λ is replaced by another rate; see the subclasses."""

    def wrong(self, rate: Fraction) -> Fraction:
        raise NotImplementedError

    def next_layer(self, layer: Layer, sets: Sets) -> Layer:
        right = super().next_layer(layer, sets)
        rate = self.configuration.step.rate(layer.index)
        # z + λ' (m − z) is z + λ'/λ (z⁺ − z).
        return blend(layer, right, self.wrong(rate) / rate)


class AlphaForLambda(Step):
    """λ = α: the continuous step without its 1/(1 + α)."""

    def wrong(self, rate: Fraction) -> Fraction:
        return rate / (1 - rate)


class OneMinusLambda(Step):
    """1 − λ and λ exchanged."""

    def wrong(self, rate: Fraction) -> Fraction:
        return 1 - rate


class FullStep(Step):
    """λ = 1: a token jumps to its mean."""

    def wrong(self, rate: Fraction) -> Fraction:
        return Fraction(1)


class Away(Step):
    """Tokens move away from the mean."""

    def wrong(self, rate: Fraction) -> Fraction:
        return -rate


class Drift(Dynamics):
    """All tokens drift by a hundredth in every coordinate."""

    shift: tuple[Fraction, ...] = (Fraction(1, 100),)
    """What is added to the coordinates in turn."""

    def next_layer(self, layer: Layer, sets: Sets) -> Layer:
        right = super().next_layer(layer, sets)
        rows, D = right.numerators.to_list(), right.denominator
        drifted = Dynamics(
            with_changes(
                self.configuration,
                tokens=[[Fraction(int(v), int(D)) + s for v, s in zip(row, cycle(self.shift))] for row in rows],
            )
        ).first
        return Layer(right.index, drifted.numerators, drifted.denominator)


class Rounding(Dynamics):
    """Coordinates are rounded to 1/16 after each layer, as a float kernel rounds them to something."""

    def next_layer(self, layer: Layer, sets: Sets) -> Layer:
        right = super().next_layer(layer, sets)
        rounded = [[Fraction(round(x * 16), 16) for x in row] for row in right.tokens()]
        first = Dynamics(with_changes(self.configuration, tokens=rounded)).first
        return Layer(right.index, first.numerators, first.denominator)


def blend(old: Layer, new: Layer, share: Fraction) -> Layer:
    """old + share (new − old), at new's index."""
    D, E = int(old.denominator), int(new.denominator)
    p, q = share.numerator, share.denominator
    left, right = old.numerators * ((q - p) * E), new.numerators * (p * D)
    return Layer(new.index, left + right, old.denominator * (E * q))


WRONG: tuple[type[Dynamics], ...] = (
    FirstMaximiser,
    Tolerant,
    Second,
    NoSelf,
    SelfOnly,
    Misreports,
    IgnoresA,
    Transposed,
    Opposite,
    OneLayerOff,
    StaleSets,
    StepTwice,
    InPlace,
    NoMultiplicities,
    AlphaForLambda,
    OneMinusLambda,
    FullStep,
    Away,
    Drift,
    Rounding,
)
