"""Text of exact numbers: what is written is read back, at any length."""

import sys
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hardmax.kernels.exact.rational_text import integer_text, rational_text, short_text, upper_text


@given(st.integers(), st.integers(0, 60_000), st.integers(-5, 5))
@example(1, 40_000, 0)
@example(-1, 40_000, -1)
@example(10, 13_287, 0)
def test_digits_of_any_integer(odd, bits, near):
    value = (odd << bits) + near
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        wanted = str(value)
    finally:
        sys.set_int_max_str_digits(limit)
    assert integer_text(value) == wanted


@pytest.mark.parametrize("digits", [3_999, 4_000, 4_001, 8_000, 16_001])
def test_zeros_inside_a_long_number_are_kept(digits):
    assert integer_text(10**digits) == "1" + "0" * digits
    assert integer_text(-(10**digits) + 1) == "-" + "9" * digits


def test_rationals_are_in_lowest_terms():
    assert [rational_text(v) for v in (Fraction(-6, 4), Fraction(8, 4), 0)] == ["-3/2", "2", "0"]


@given(st.fractions())
def test_short_numbers_are_shown_exactly_and_long_ones_say_so(value):
    assert short_text(value) == str(value) or "exactly a fraction of" in short_text(value)
    long = value + Fraction(1, 3**5_000)
    assert len(short_text(long)) < 80
    assert "exactly a fraction of" in short_text(long)
    assert "2^-7" in short_text(Fraction(1, 3**5_000))


@given(st.fractions(), st.integers(-80, 80))
def test_upper_bounds_are_never_below(x, power):
    value = x * Fraction(10) ** power
    above = Fraction(upper_text(value))
    assert value <= above <= value + abs(value) / 100


def test_upper_bounds_are_short():
    shown = [upper_text(x) for x in (Fraction(1, 2**70), Fraction(1, 3), Fraction(7), Fraction(7**9000, 3**20000))]
    assert shown == ["8.48e-22", "0.334", "7", "2.87e-1937"]
