"""Late leaders really are late: the exact dynamics of bounded instances against the closed form."""

from fractions import Fraction

import pytest

from hardmax.kernels import Configuration, InputError
from hardmax.kernels.exact.dynamics import Dynamics
from hardmax.strategies import MATRICES, configurations
from hardmax.strategies.families.late_leaders import LATE, late_leaders

FIVE = ((13, 10), (-13, 10), (0, 1), (1, 11), (-1, 11))
CARRYING = [name for name, family in MATRICES.items() if family.carries]


class FirstMaximiser(Dynamics):
    """A wrong kernel: of tied tokens it follows the first, as argmax does."""

    def follow_sets(self, layer, rows=None):
        return tuple(C[:1] for C in super().follow_sets(layer, rows))


def first_leader_layer(tokens, alpha):
    """⌊rise/α⌋ + 1, the first layer at which row `LATE` is a leader, as the docstring of the family derives."""
    rise = max(map(abs, tokens[LATE + 1])) - max(map(abs, tokens[LATE]))
    return int(rise / Fraction(alpha)) + 1


def layer_of_leader(configuration, last, dynamics=Dynamics):
    """The first layer k ≤ last with C_x = {x}, None if there is none."""
    for layer, sets in dynamics(configuration).layers():
        if sets[LATE] == (LATE,):
            return layer.index
        if layer.index == last:
            return None
    raise AssertionError


@pytest.mark.parametrize("alpha", [1, 4, Fraction(1, 3), Fraction(3, 7)])
def test_closed_form_agrees_with_the_dynamics(alpha, assert_all_examples):
    def agrees(tokens):
        expected = first_leader_layer(tokens, alpha)
        return layer_of_leader(Configuration(tokens, alpha=alpha), expected + 1) == expected

    strategy = late_leaders(2, max_rise=12) | late_leaders(3, max_rise=12) | late_leaders(4, max_rise=12)
    assert_all_examples(strategy, agrees, max_examples=25)


def test_lateness_grows_with_the_rise_and_with_the_inverse_step():
    assert first_leader_layer(FIVE, 1) == 11
    assert first_leader_layer(FIVE, Fraction(1, 10)) == 101
    assert layer_of_leader(Configuration(FIVE, alpha=Fraction(1, 10)), 200) == 101
    # A rise of 2,000 in integers of four digits: two thousand layers at α = 1.
    b = 2001
    far = ((b + 2, b - 1), (-b - 2, b - 1), (0, 1), (1, b), (-1, b))
    assert first_leader_layer(far, 1) == 2001
    assert layer_of_leader(Configuration(far), 3000) == 2001


def test_the_promise_is_kept_under_every_carrying_matrix(assert_all_examples):
    strategy = configurations(families=["late_leaders"], matrices=CARRYING, steps=["one"])
    assert_all_examples(strategy, lambda c: (layer_of_leader(c, 31) or 0) >= 11, max_examples=25)


def test_hundreds_of_layers_are_reached_by_default(find_any):
    def late(c):
        rise = 10  # at least
        return c.alpha is not None and rise / c.alpha >= 1_000

    find_any(configurations(families=["late_leaders"]), late)


def test_without_ties_the_leader_never_comes():
    configuration = Configuration(FIVE)
    assert layer_of_leader(configuration, 60) == 11
    assert layer_of_leader(configuration, 60, FirstMaximiser) is None


@pytest.mark.parametrize("broken", [(FIVE[0], FIVE[1], (0, 12), *FIVE[3:]), (*FIVE[:3], (1, 12), FIVE[4])])
def test_the_check_of_layers_can_fail(broken):
    # x above the pair is a leader at once; a pair of unequal heights is no tie.
    assert layer_of_leader(Configuration(broken), 40) != 11


def test_impossible_arguments_raise():
    with pytest.raises(InputError, match="min_rise is 9; give a whole number >= 10"):
        late_leaders(2, min_rise=9)
    with pytest.raises(InputError, match="max_rise is 19; give a whole number >= 20"):
        late_leaders(2, min_rise=20, max_rise=19)
    with pytest.raises(InputError, match="late_leaders has no tokens for d = 1"):
        late_leaders(1)
