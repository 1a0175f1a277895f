"""Exact rationals as text: canonical for files, shortened for people.

Python refuses to print integers of more than 4,300 digits at once, and leaders that emerge after thousands of layers
sit at rationals far beyond that.
"""

from collections.abc import Iterable
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, Context, Decimal
from fractions import Fraction

from flint import fmpz

_DIRECT_BITS = 12_000
"""Up to this length Python prints an integer itself, and as fast."""
_UPWARDS = Context(prec=3, rounding=ROUND_CEILING, Emax=MAX_EMAX, Emin=MIN_EMIN)
SHORT_DIGITS = 24
"""Longer numerators or denominators are rounded in what people read."""


def rational_text(value: Fraction | int) -> str:
    """`value` in lowest terms: "3", "-1/2"; of any length."""
    top = integer_text(value.numerator)
    return top if value.denominator == 1 else f"{top}/{integer_text(value.denominator)}"


def integer_text(value: int) -> str:
    """The decimal digits of an integer of any size."""
    if abs(value).bit_length() < _DIRECT_BITS:
        return str(value)
    return str(fmpz(value))


def short_text(value: Fraction) -> str:
    """`value` exactly if it is short, else its first digits and how many its numerator and denominator have."""
    size = max(abs(value.numerator).bit_length(), value.denominator.bit_length())
    if size < 10 * SHORT_DIGITS // 3:
        return str(value)
    exponent = abs(value.numerator).bit_length() - value.denominator.bit_length()
    if -900 < exponent < 900:
        return f"{float(value):.12g} (exactly a fraction of {size} bits)"
    return f"about {'-' if value < 0 else ''}2^{exponent} (exactly a fraction of {size} bits)"


def decimal_text(value: Fraction) -> str:
    """`value` rounded to five significant digits, an integer of at most five as it is."""
    if value.denominator == 1 and abs(value) < 100_000:
        return str(value)
    exponent = abs(value.numerator).bit_length() - value.denominator.bit_length()
    if -900 < exponent < 900:
        return f"{value.numerator / value.denominator:#.5g}"
    return f"{'-' if value < 0 else ''}2^{exponent}"


def upper_text(value: Fraction) -> str:
    """An upper bound in three significant digits, never less than `value`; an integer of at most five as it is."""
    if value.denominator == 1 and abs(value) < 100_000:
        return str(value)
    return str(_UPWARDS.divide(Decimal(value.numerator), Decimal(value.denominator))).lower()


class ExactPoint(tuple[Fraction, ...]):
    """A vector that prints as its numbers, (1, -1/2), not as Fraction(1, 1), …; equal to the tuple that it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"({', '.join(map(short_text, self))}{',' if len(self) == 1 else ''})"


def show(point: Iterable[Fraction]) -> str:
    """A point as (x, y, …), long coordinates shortened."""
    return f"({', '.join(map(short_text, point))})"
