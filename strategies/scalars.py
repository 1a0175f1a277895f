"""Scalars: exact numbers, from small integers to denominators that no float holds.

Every value is an int or a Fraction, and costs one draw: a campaign draws a million of them. Where distinct values are
needed without rejecting any, they are numbered (`Codes`). Neighbours: `tokens`, `matrices` and `steps` are built from
these.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..kernels import InputError

LARGE_DENOMINATORS = (10**9 + 7, 2**31 - 1, 3**20)
"""Two primes and a power of 3, all prime to 10: neither floats nor decimals hold their fractions."""


def small_integers(radius: int = 3, *, nonzero: bool = False) -> SearchStrategy[int]:
    """Integers m with |m| ≤ radius.

    Shrinks towards 0 (towards 1 where 0 is excluded), positive before negative.

    Args:
        radius: an int ≥ 0, ≥ 1 if `nonzero`.
        nonzero: whether 0 is excluded.

    Raises:
        InputError: no integer is left.
    """
    check_integer("radius", radius, least=1 if nonzero else 0)
    if nonzero:
        return st.sampled_from([sign * m for m in range(1, radius + 1) for sign in (1, -1)])
    return st.integers(-radius, radius)


def positive_rationals(size: int = 5) -> SearchStrategy[Fraction]:
    """Rationals p/q with 1 ≤ p, q ≤ size.

    Shrinks towards 1, integers before fractions.

    Args:
        size: an int ≥ 1.

    Raises:
        InputError: `size` is below 1.
    """
    check_integer("size", size, least=1)
    values = {Fraction(p, q) for p in range(1, size + 1) for q in range(1, size + 1)}
    return st.sampled_from(sorted(values, key=lambda v: (v.denominator, v.numerator)))


@dataclass(frozen=True, slots=True)
class Codes:
    """Distinct rationals numbered by simplicity: 0 is number 0, then come other integers, then fractions.

    Args:
        count: how many there are.
        decode: the rational with a number in 0 … count − 1.
    """

    count: int
    decode: Callable[[int], Fraction]

    def strategy(self) -> SearchStrategy[Fraction]:
        """All of them; shrinks towards 0, then towards integers, positive before negative."""
        return st.integers(0, self.count - 1).map(self.decode)


def dyadic_codes(*, numerator: int = 1000, max_exponent: int = 20) -> Codes:
    """Dyadic rationals m/2^e with |m| ≤ numerator and 0 ≤ e ≤ max_exponent.

    Args:
        numerator: an int ≥ 1.
        max_exponent: an int ≥ 0.

    Raises:
        InputError: an argument is out of range.
    """
    check_integer("numerator", numerator, least=1)
    check_integer("max_exponent", max_exponent, least=0)
    integers, odd = 2 * numerator + 1, 2 * ((numerator + 1) // 2)

    def decode(code: int) -> Fraction:
        if code < integers:
            return Fraction(zigzag(code))
        # Lowest terms, so that all codes from here on are fractions and the first of them is the simplest.
        e, place = divmod(code - integers, odd)
        m = place // 2 * 2 + 1
        return Fraction(-m if place % 2 else m, 2 << e)

    return Codes(integers + odd * max_exponent, decode)


def large_denominator_codes(*, radius: int = 3) -> Codes:
    """Rationals m + r/q with |m| ≤ radius and 0 ≤ r < q, where q is one of `LARGE_DENOMINATORS`.

    Args:
        radius: an int ≥ 0.

    Raises:
        InputError: `radius` is negative.
    """
    check_integer("radius", radius, least=0)
    integers, kinds = 2 * radius + 1, len(LARGE_DENOMINATORS)

    def decode(code: int) -> Fraction:
        if code < integers:
            return Fraction(zigzag(code))
        rest, m = divmod(code - integers, integers)
        r, kind = divmod(rest, kinds)
        return zigzag(m) + Fraction(r + 1, LARGE_DENOMINATORS[kind])

    return Codes(integers * (1 + kinds * (min(LARGE_DENOMINATORS) - 1)), decode)


def float32_dyadics() -> SearchStrategy[Fraction]:
    """The dyadic rationals m/2^e with |m| ≤ 2^23 and 0 ≤ e < 32: float32 numbers with a full mantissa.

    Shrinks towards 0, then towards integers, positive before negative.
    """

    def decode(word: bytes) -> Fraction:
        return Fraction(zigzag(int.from_bytes(word[:3])), 1 << (word[3] & 31))

    # Bytes, because integers of this range are drawn with a preference for few bits: most mantissas would be short.
    return st.binary(min_size=4, max_size=4).map(decode)


def units(base: int, *, min_exponent: int = 2, max_exponent: int = 60) -> SearchStrategy[Fraction]:
    """The powers base^-k with min_exponent ≤ k ≤ max_exponent.

    Shrinks towards the largest of them, base^-min_exponent.

    Args:
        base: an int ≥ 2.
        min_exponent: an int ≥ 0.
        max_exponent: an int ≥ min_exponent.

    Raises:
        InputError: an argument is out of range.
    """
    check_integer("base", base, least=2)
    check_integer("min_exponent", min_exponent, least=0)
    check_integer("max_exponent", max_exponent, least=min_exponent)
    return st.integers(min_exponent, max_exponent).map(lambda k: Fraction(1, base**k))


def zigzag(code: int) -> int:
    """The integer at place `code` ≥ 0 of 0, 1, −1, 2, −2, …: a smaller code is a simpler integer."""
    return (code + 1) // 2 if code % 2 else -(code // 2)


def check_integer(name: str, value: object, *, least: int) -> None:
    """Refuses a value that is not an int ≥ least.

    Raises:
        InputError: naming the argument, the value and the range.
    """
    if type(value) is not int or value < least:
        raise InputError(f"{name} is {value!r}; give a whole number >= {least}")
