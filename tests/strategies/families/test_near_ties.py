"""Near ties really are near: gaps computed exactly, under every A that tokens are carried over to."""

from fractions import Fraction

import numpy as np
import pytest

from hardmax.kernels import Configuration, InputError
from hardmax.kernels.exact.dynamics import Dynamics
from hardmax.strategies import MATRICES, configurations, samples
from hardmax.strategies.families.near_ties import HEIGHT, binary_near_ties, decimal_near_ties

NAMES = {"binary_near_ties": (binary_near_ties, 2), "decimal_near_ties": (decimal_near_ties, 10)}
CARRYING = [name for name, family in MATRICES.items() if family.carries]


def best_two(configuration, i):
    """The two largest scores of token i, exactly."""
    z = configuration.tokens
    return sorted((configuration.inner(z[i], y) for y in z), reverse=True)[:2]


def gap(configuration):
    """The gap between the two best scores of the watcher, token 0."""
    best, second = best_two(configuration, 0)
    return best - second


def exponent(value, base):
    """k if value is base^-k, None if it is no such power."""
    return next((k for k in range(100) if value * base**k == 1), None)


def is_near(configuration, base):
    k = exponent(2 * gap(configuration), base)
    return k is not None and 2 <= k <= 60


@pytest.mark.parametrize("name", NAMES)
def test_two_best_scores_differ_by_half_a_power(name, assert_all_examples):
    _, base = NAMES[name]
    strategy = configurations(families=[name], matrices=CARRYING, n=(3, 16))
    assert_all_examples(strategy, lambda c: is_near(c, base), max_examples=300)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("k", [2, 60])
def test_largest_and_smallest_gap_are_reached(name, k, find_any):
    family, base = NAMES[name]
    find_any(family(2), lambda tokens: gap(Configuration(tokens)) == Fraction(1, 2 * base**k))


def test_the_check_of_gaps_can_fail():
    tokens = ((Fraction(1, 2), 0), (HEIGHT, 1), (HEIGHT, -1))
    assert gap(Configuration(tokens)) == 0  # ε = 0: an exact tie
    assert exponent(Fraction(3, 8), 2) is None
    assert not is_near(Configuration([(Fraction(1, 2),), (4,), (3,)]), 2)


def test_the_follow_set_is_one_token_exactly_and_a_tie_in_floats(find_any):
    def floats_lose(sample):
        c = sample.configuration
        exact = Dynamics(c).follow_sets(Dynamics(c).first, [0])[0]
        z = np.array([[float(x) for x in row] for row in c.tokens])
        scores = z[0] @ np.array([[float(x) for x in row] for row in c.A]) @ z.T
        return exact == (1,) and tuple(np.flatnonzero(scores == scores.max())) != (1,)

    for name in NAMES:
        find_any(samples(families=[name]), floats_lose)


def test_contenders_are_mirror_images_or_neighbours(find_any):
    def mirrored(tokens):
        (_, (_, y), (_, w)) = tokens[:3]
        return y == -w != 0

    find_any(binary_near_ties(2), mirrored)
    find_any(binary_near_ties(2), lambda tokens: tokens[1][1] == tokens[2][1])


def test_either_axis_may_carry_the_tie(find_any):
    for axis in (0, 1):
        find_any(decimal_near_ties(2), lambda tokens, axis=axis: tokens[0][axis] != 0)


def test_other_tokens_are_moved_too(find_any):
    def moved(tokens):
        return any(x.denominator > 2 for z in tokens[3:] for x in z)

    find_any(binary_near_ties(2), moved)


@pytest.mark.parametrize("family", [binary_near_ties, decimal_near_ties])
def test_impossible_exponents_raise(family, assert_all_examples):
    with pytest.raises(InputError, match="max_exponent is 1; give a whole number >= 2"):
        family(2, max_exponent=1)
    base = 2 if family is binary_near_ties else 10
    small = family(2, max_exponent=5)
    assert_all_examples(small, lambda tokens: gap(Configuration(tokens)) >= Fraction(1, 2 * base**5))
