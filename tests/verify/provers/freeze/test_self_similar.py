"""Layers that repeat up to a linear map: found where they do, never where they do not."""

from fractions import Fraction as Q
from itertools import islice

import pytest
from hypothesis import given

from hardmax.kernels import Configuration, HarmonicStep
from hardmax.kernels.exact.dynamics import Dynamics, Layer
from hardmax.strategies import configurations
from hardmax.verify.provers.freeze import prover as freeze
from hardmax.verify.provers.freeze import self_similar
from hardmax.verify.provers.freeze.outcome import SelfSimilar
from hardmax.verify.provers.freeze.prover import Budget, decide
from hardmax.verify.provers.freeze.self_similar import Recurrence

from ....examples import EXAMPLES
from ...geometry.battery import shown
from ...mutants import Mutant, mutate
from ..stepping import faults

QUICK = Budget(steps=60, layers=3_000, bits=200_000)
ROTATIONS = {
    # A = I + a skew part: every token follows the next one round the square.
    "shrinking spiral": (Configuration([(1, 0), (0, 1), (-1, 0), (0, -1)], [[1, 3], [-3, 1]]), 1, Q(1, 2)),
    "shrinking swap": (Configuration([[1], [-1]], [[-1]], 2), 1, Q(1, 9)),
    "shrinking spiral, sheared": (
        Configuration([(1, 1), (0, 1), (-1, -1), (0, -1)], [[2, 2], [-4, 1]]),
        1,
        None,
    ),
    "from layer 1 on": (Configuration([(-1, 1), (-1, -1), (1, 0)], [[-1, 0], [0, 0]]), 1, Q(1, 4)),
    "cycle": (EXAMPLES["cycle"].configuration, 2, Q(1)),
    "weak swap": (Configuration([[1], [-1]], [[-1]], Q(1, 2)), 1, Q(1, 9)),
    "swap in the plane, stretched": (
        Configuration([(1, 2), (-1, -2)], [[-1, 0], [0, -1]], 2),
        1,
        Q(1, 9),
    ),
}


@pytest.mark.parametrize("name", ROTATIONS)
def test_repetitions_are_found_and_hold(name):
    configuration, period, contraction = ROTATIONS[name]
    outcome = decide(configuration, QUICK)
    assert isinstance(outcome, SelfSimilar)
    assert (outcome.period, outcome.contraction) == (period, contraction)
    assert faults(outcome) == []


@given(
    configurations(
        n=(2, 5), d=(1, 2), nonzero=None, distinct=None, spd=False, families=["lattice"], steps=["one", "simple"]
    )
)
def test_random_repetitions_hold(configuration):
    outcome = decide(configuration, QUICK)
    if isinstance(outcome, SelfSimilar):
        assert faults(outcome) == []


def visits(configuration, layers):
    """What `Recurrence` says at each of the first layers."""
    dynamics = Dynamics(configuration)
    recurrence = Recurrence(dynamics)
    return [recurrence.visit(layer, sets) for layer, sets in islice(dynamics.layers(), layers)]


def test_a_repetition_states_the_map():
    found = visits(ROTATIONS["shrinking spiral"][0], 2)
    assert found[0] is None
    assert found[1].Q == ((Q(1, 2), Q(1, 2)), (Q(-1, 2), Q(1, 2)))
    assert (found[1].start.index, found[1].scale, found[1].contraction) == (0, Q(1, 2), Q(1, 2))


def test_a_map_that_is_no_multiple_of_an_isometry_has_no_contraction():
    # The spiral in other coordinates: x ↦ (2 x_1, x_2).
    stretched = Configuration([(2, 0), (0, 1), (-2, 0), (0, -1)], [[Q(1, 4), Q(3, 2)], [Q(-3, 2), 1]])
    outcome = decide(stretched, QUICK)
    assert isinstance(outcome, SelfSimilar)
    assert outcome.contraction is None
    assert faults(outcome) == []


def test_a_step_that_shrinks_cannot_repeat():
    configuration = Configuration([[1], [-1]], [[-1]], HarmonicStep(1, 3))
    assert visits(configuration, 12) == [None] * 12


def test_nothing_is_looked_for_after_the_last_layer(monkeypatch):
    monkeypatch.setattr(self_similar, "MAX_LAYER", 0)
    assert visits(ROTATIONS["shrinking swap"][0], 6) == [None] * 6


def test_what_is_forgotten_is_not_compared():
    dynamics = Dynamics(ROTATIONS["shrinking swap"][0])
    recurrence = Recurrence(dynamics)
    run = list(islice(dynamics.layers(), 5))
    assert recurrence.visit(*run[0]) is None
    recurrence.forget()
    assert recurrence.visit(*run[1]) is None  # kept in its turn
    assert recurrence.visit(*run[2]) is not None


def test_tokens_that_do_not_span_leave_the_map_open():
    # All tie for ever and draw near to (3/2, 3/2) on a line: nothing determines Q beside it.
    configuration = Configuration([(1, 1), (2, 2)], [[0, 0], [0, 0]])
    assert visits(configuration, 6) == [None] * 6


def turned_round(module):
    """Whether a layer counts as an image although the map turns all scores round: Q swaps the axes, Q B Qᵀ = −B."""
    dynamics = Dynamics(Configuration([(1, 0), (0, 1)], [[0, 1], [-1, 0]]))
    swapped = Dynamics(Configuration([(0, 1), (1, 0)])).first
    recurrence = module.Recurrence(dynamics)
    same = dynamics.follow_sets(dynamics.first)
    assert recurrence.visit(dynamics.first, same) is None
    return recurrence.visit(Layer(1, swapped.numerators, swapped.denominator), same) is not None


def test_a_map_that_turns_scores_round_is_no_repetition():
    assert not turned_round(self_similar)


BAIT = Configuration([(0, -1), (-1, 1)], [[1, 0], [2, -1]], 2)
"""Each layer is a linear image of the one before, as of any two independent tokens, but the map scales no scores: token
1 becomes a leader."""

MUTANTS = [
    Mutant("rows need not fit", "if Z0 * Q != Z1:", "if False:"),
    Mutant("scores need not scale", "if scale is None or", "scale = scale or Fraction(1)\n        if"),
    Mutant("scores may turn round", "scale <= 0", "scale == 0"),
    Mutant("the contraction is forgotten", "contraction = _ratio(Q * Q.transpose(), one)", "contraction = Fraction(1)"),
    Mutant(
        "the contraction is a length", "contraction = _ratio(Q * Q.transpose(), one)", "contraction = _ratio(Q, one)"
    ),
    Mutant(
        "the factor is not checked", "return _fraction(x / y) if X == Y * (x / y) else None", "return _fraction(x / y)"
    ),
    Mutant("the start is a layer later", "return Repetition(old, matrix", "return Repetition(new, matrix"),
    Mutant(
        "Q from the left",
        "inv() * Z1.extract(list(rows), columns)",
        "inv().transpose() * Z1.extract(list(rows), columns)",
    ),
    Mutant("the form is forgotten", "_ratio(Q * B * Q.transpose(), B)", "_ratio(Q * Q.transpose(), one)"),
    Mutant("every layer is kept", "layer.index & (layer.index - 1) == 0", "True"),
    Mutant("the first layer alone is kept", "layer.index & (layer.index - 1) == 0", "layer.index == 0"),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.what)
def test_a_wrong_search_is_noticed(mutant, monkeypatch):
    wrong = mutate("hardmax.verify.provers.freeze.self_similar", mutant)
    monkeypatch.setattr(freeze, "Recurrence", wrong.Recurrence)
    found = turned_round(wrong) or faults(decide(BAIT, QUICK)) or shown(lambda c: decide(c, QUICK))
    for configuration, period, contraction in ROTATIONS.values():
        if not found:
            outcome = decide(configuration, QUICK)
            known = (getattr(outcome, "period", None), getattr(outcome, "contraction", None)) == (period, contraction)
            found = faults(outcome) or not known
    assert found


def test_the_right_search_shows_no_fault():
    assert faults(decide(BAIT, QUICK)) == []
    assert shown(lambda c: decide(c, QUICK)) is None
