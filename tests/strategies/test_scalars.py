from fractions import Fraction

import numpy as np
import pytest

from hardmax.kernels import InputError
from hardmax.strategies import scalars

STRATEGIES = {
    "small_integers": (scalars.small_integers(), 0),
    "nonzero_integers": (scalars.small_integers(nonzero=True), 1),
    "positive_rationals": (scalars.positive_rationals(), 1),
    "dyadics": (scalars.dyadic_codes().strategy(), 0),
    "large_denominators": (scalars.large_denominator_codes().strategy(), 0),
    "float32_dyadics": (scalars.float32_dyadics(), 0),
    "binary_units": (scalars.units(2), Fraction(1, 4)),
    "decimal_units": (scalars.units(10), Fraction(1, 100)),
}


@pytest.mark.parametrize("name", STRATEGIES)
def test_values_are_exact_and_shrink_to_the_simplest(name, minimal, assert_all_examples):
    strategy, simplest = STRATEGIES[name]
    assert_all_examples(strategy, lambda v: type(v) in (int, Fraction))
    assert minimal(strategy) == simplest


def test_small_integers_keep_to_the_radius_and_reach_it(find_any, assert_all_examples):
    assert_all_examples(scalars.small_integers(2), lambda v: abs(v) <= 2)
    assert_all_examples(scalars.small_integers(2, nonzero=True), lambda v: 0 < abs(v) <= 2)
    for value in (-2, 2):
        find_any(scalars.small_integers(2), lambda v, value=value: v == value)
        find_any(scalars.small_integers(2, nonzero=True), lambda v, value=value: v == value)


def test_positive_rationals_keep_to_the_size(find_any, assert_all_examples):
    assert_all_examples(scalars.positive_rationals(3), lambda v: v > 0 and v.numerator <= 3 and v.denominator <= 3)
    find_any(scalars.positive_rationals(3), lambda v: v == Fraction(2, 3))


def test_dyadics_have_powers_of_two_below(minimal, find_any, assert_all_examples):
    strategy = scalars.dyadic_codes(numerator=100, max_exponent=12).strategy()
    assert_all_examples(strategy, lambda v: 4096 % v.denominator == 0 and abs(v.numerator) <= 100)
    find_any(strategy, lambda v: v.denominator == 4096)
    assert minimal(strategy, lambda v: v.denominator > 1) == Fraction(1, 2)


def test_large_denominators_are_no_floats_and_no_decimals(find_any, assert_all_examples):
    strategy = scalars.large_denominator_codes(radius=2).strategy()
    assert_all_examples(strategy, lambda v: -2 <= v < 3)
    for q in scalars.LARGE_DENOMINATORS:
        value = find_any(strategy, lambda v, q=q: v.denominator == q)
        assert Fraction(float(value)) != value
        assert all((value * 10**k).denominator > 1 for k in range(40))


def test_float32_dyadics_survive_float32(find_any, assert_all_examples):
    strategy = scalars.float32_dyadics()
    assert_all_examples(strategy, lambda v: Fraction(float(np.float32(float(v)))) == v)
    assert_all_examples(strategy, lambda v: abs(v.numerator) <= 2**23 and 2**31 % v.denominator == 0)
    full = find_any(strategy, lambda v: abs(v.numerator) > 2**22)
    with np.errstate(over="ignore"):
        assert float(np.float16(float(full))) != float(full)


def test_units_reach_both_ends(find_any, assert_all_examples):
    strategy = scalars.units(10, min_exponent=3, max_exponent=60)
    assert_all_examples(strategy, lambda v: Fraction(1, 10**60) <= v <= Fraction(1, 1000))
    find_any(strategy, lambda v: v == Fraction(1, 10**60))


@pytest.mark.parametrize(
    "codes", [scalars.dyadic_codes(numerator=9, max_exponent=5), scalars.large_denominator_codes(radius=1)]
)
def test_codes_number_distinct_values(codes):
    numbers = range(min(codes.count, 10_000))
    values = [codes.decode(code) for code in numbers]
    assert values[:4] == [0, 1, -1, values[3]]
    assert len(set(values)) == len(numbers)
    assert codes.decode(codes.count - 1) not in values[:-1]


def test_zigzag_meets_each_integer_once():
    assert [scalars.zigzag(code) for code in range(7)] == [0, 1, -1, 2, -2, 3, -3]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: scalars.small_integers(-1), "radius is -1; give a whole number >= 0"),
        (lambda: scalars.small_integers(0, nonzero=True), "radius is 0; give a whole number >= 1"),
        (lambda: scalars.positive_rationals(0), "size is 0; give a whole number >= 1"),
        (lambda: scalars.dyadic_codes(numerator=0).strategy(), "numerator is 0; give a whole number >= 1"),
        (lambda: scalars.dyadic_codes(max_exponent=-1).strategy(), "max_exponent is -1; give a whole number >= 0"),
        (lambda: scalars.large_denominator_codes(radius=-1).strategy(), "radius is -1; give a whole number >= 0"),
        (lambda: scalars.units(1), "base is 1; give a whole number >= 2"),
        (lambda: scalars.units(2, min_exponent=9, max_exponent=8), "max_exponent is 8; give a whole number >= 9"),
        (lambda: scalars.small_integers(2.0), "radius is 2.0; give a whole number >= 0"),
        (lambda: scalars.small_integers(True), "radius is True; give a whole number >= 0"),
    ],
)
def test_impossible_arguments_raise(call, message):
    with pytest.raises(InputError) as error:
        call()
    assert str(error.value) == message
