"""Exact rationals as text: canonical for files, shortened for people.

Python refuses to print integers of more than 4,300 digits at once, and leaders that emerge after thousands of layers
sit at rationals far beyond that.
"""

from collections.abc import Iterable
from fractions import Fraction
from importlib import import_module
from importlib.util import find_spec
from typing import Any

_fmpz: Any = import_module("flint").fmpz if find_spec("flint") else None
_PIECE = 4_000
"""Digits converted at a time."""
SHORT_DIGITS = 24
"""Longer numerators or denominators are rounded in what people read."""


def rational_text(value: Fraction | int) -> str:
    """`value` in lowest terms: "3", "-1/2"; of any length."""
    top = integer_text(value.numerator)
    return top if value.denominator == 1 else f"{top}/{integer_text(value.denominator)}"


def integer_text(value: int) -> str:
    """The decimal digits of an integer of any size."""
    if abs(value).bit_length() < 3 * _PIECE:
        return str(value)
    if _fmpz is not None:
        return str(_fmpz(value))
    digits, powers = [], [10**_PIECE]
    while powers[-1] ** 2 <= abs(value):
        powers.append(powers[-1] ** 2)

    def write(v: int, level: int) -> None:
        """Append the digits of v < powers[level]², by halves."""
        if level < 0:
            digits.append(str(v).rjust(_PIECE, "0"))
            return
        high, low = divmod(v, powers[level])
        write(high, level - 1)
        write(low, level - 1)

    write(abs(value), len(powers) - 1)
    return ("-" if value < 0 else "") + "".join(digits).lstrip("0")


def short_text(value: Fraction) -> str:
    """`value` exactly if it is short, else its first digits and how many its numerator and denominator have."""
    size = max(abs(value.numerator).bit_length(), value.denominator.bit_length())
    if size < 10 * SHORT_DIGITS // 3:
        return str(value)
    exponent = abs(value.numerator).bit_length() - value.denominator.bit_length()
    if -900 < exponent < 900:
        return f"{float(value):.12g} (exactly a fraction of {size} bits)"
    return f"about {'-' if value < 0 else ''}2^{exponent} (exactly a fraction of {size} bits)"


def show(point: Iterable[Fraction]) -> str:
    """A point as (x, y, …), long coordinates shortened."""
    return f"({', '.join(map(short_text, point))})"


__all__ = ["integer_text", "rational_text", "short_text", "show"]
