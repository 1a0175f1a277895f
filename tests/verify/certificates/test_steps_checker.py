"""Polynomials, places, tables and enclosures of the checker are right; and what its flow encloses really happens."""

from fractions import Fraction as Q
from itertools import islice

import pytest

from hardmax.kernels.exact.configuration import Configuration
from hardmax.kernels.exact.dynamics import Dynamics
from hardmax.verify.certificates import checker

from . import steps_numbers, steps_truth
from .steps_numbers import CASES


def test_what_each_part_promises_holds():
    assert not list(steps_truth.problems(checker))


def test_the_numbers_are_those_on_file():
    assert not list(steps_numbers.problems(checker))


HAPPEN = ["one change", "fast", "two changes", "two changes, larger", "closes at once, later"]


@pytest.mark.parametrize("name", HAPPEN)
@pytest.mark.parametrize("part", [Q(1, 3), Q(9, 10)])
def test_what_is_enclosed_happens(name, part):
    """Each window's sets begin at a layer at which all tokens are in its boxes, for α below its bound."""
    case = CASES[name]
    steps = []
    try:
        steps_numbers.flow(checker, case, steps).leaders(*steps_numbers.start(checker, case))
    except checker.Refused:
        assert name == "closes at once, later"
    windows = [found for found in steps if isinstance(found[1], list)]
    assert windows
    configuration = Configuration(case.tokens, case.A, case.a * part, multiplicities=case.w)
    waiting, one = [sets for _, sets in windows], 2**80
    boxes = iter(windows)
    T, sets = next(boxes)
    for layer, found in islice(Dynamics(configuration).layers(), 4000):
        inside = all(
            low <= x * one <= high
            for row, box in zip(layer.tokens(), T, strict=True)
            for x, (low, high) in zip(row, box, strict=True)
        )
        if inside and list(found) == sets:
            waiting.pop(0)
            if not waiting:
                return
            T, sets = next(boxes)
    raise AssertionError(f"{len(waiting)} windows are never reached")
