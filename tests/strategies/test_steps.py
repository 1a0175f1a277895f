from fractions import Fraction

import pytest

from hardmax.kernels import ConstantStep, GeometricStep, HarmonicStep, ListedStep
from hardmax.strategies import STEPS

RANGES = {
    "one": (Fraction(1), Fraction(1)),
    "simple": (Fraction(1, 5), Fraction(5)),
    "tiny": (Fraction(1, 128), Fraction(1, 8)),
    "huge": (Fraction(8), Fraction(2**40)),
    "minute": (Fraction(1, 2**60), Fraction(1, 256)),
}


@pytest.mark.parametrize("name", RANGES)
def test_constant_steps_keep_to_their_range_and_reach_its_ends(name, find_any, assert_all_examples):
    least, largest = RANGES[name]
    strategy = STEPS[name].steps()
    assert_all_examples(strategy, lambda step: isinstance(step, ConstantStep) and least <= step.alpha <= largest)
    for end in (least, largest):
        find_any(strategy, lambda step, end=end: step.alpha == end)


def test_tiny_and_huge_are_binary_or_decimal(find_any):
    for name, value in (("tiny", Fraction(1, 100)), ("tiny", Fraction(1, 64)), ("huge", 10**6), ("huge", 2**20)):
        find_any(STEPS[name].steps(), lambda step, value=value: step.alpha == value)


def test_harmonic_steps_have_rates_in_the_unit_interval(find_any, assert_all_examples):
    strategy = STEPS["harmonic"].steps()
    assert_all_examples(
        strategy, lambda step: isinstance(step, HarmonicStep) and all(0 < step.rate(k) <= 1 for k in range(5))
    )
    find_any(strategy, lambda step: step.numerator == 1 and step.offset == 4)


@pytest.mark.parametrize("name", ["geometric", "listed"])
def test_other_steps_stay_between_0_and_1_and_differ_from_layer_to_layer(name, find_any, assert_all_examples):
    strategy = STEPS[name].steps()
    assert_all_examples(strategy, lambda step: all(0 < step.rate(k) <= step.largest < 1 for k in range(7)))
    find_any(strategy, lambda step: step.rate(0) > step.rate(1))


@pytest.mark.parametrize(
    ("name", "simplest"),
    [
        ("one", ConstantStep(Fraction(1))),
        ("simple", ConstantStep(Fraction(1))),
        ("tiny", ConstantStep(Fraction(1, 8))),
        ("huge", ConstantStep(Fraction(8))),
        ("minute", ConstantStep(Fraction(1, 256))),
        ("harmonic", HarmonicStep(2, 2)),
        ("geometric", GeometricStep(Fraction(1, 2), Fraction(1, 2))),
        ("listed", ListedStep([Fraction(1, 2)])),
    ],
)
def test_shrinks_to(name, simplest, minimal):
    assert minimal(STEPS[name].steps()) == simplest


def test_every_step_family_is_tested_here():
    assert set(STEPS) == {*RANGES, "harmonic", "geometric", "listed"}
