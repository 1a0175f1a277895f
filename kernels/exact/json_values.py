"""What a JSON value says: exact numbers, rows of them, whole numbers; every fault one line that names the place.

Neighbours: `configuration_file` reads files, each kind of model its own keys.
"""

import json
import re
from fractions import Fraction
from typing import Any

from ..errors import InputError

MAX_DIGITS = 5_000
"""Digits of one numerator or denominator. The smallest float64 written out as a decimal has 751 significant digits."""
MAX_EXPONENT = 5_000
"""Decimal exponent, either sign."""
MAX_WHOLE_DIGITS = 15
"""Digits of a multiplicity or of a number of a step: certificates hold these as JSON numbers, of no more digits."""

_NUMBER = re.compile(r"[+-]?(?:\d+(?:/\d+)?|(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)", re.ASCII)
_HALF = re.compile("[\ud800-\udfff]")


class JsonNumber(str):
    """A JSON number as the text it was written in."""

    __slots__ = ()


def quoted(value: Any) -> str:
    """`value` as JSON on one line, cut to what a message can carry."""
    text = str(value) if isinstance(value, JsonNumber) else json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def rows(name: str, value: Any) -> list[list[Fraction]]:
    """Rows of exact numbers, of any lengths ≥ 1."""
    if not isinstance(value, list) or not value:
        raise InputError(f"{name} is {quoted(value)}; it must be a list of rows, each a list of numbers")
    result = []
    for i, row in enumerate(value):
        if not isinstance(row, list) or not row:
            raise InputError(f"{name}[{i}] is {quoted(row)}; it must be a list of numbers")
        result.append([number(f"{name}[{i}][{j}]", v) for j, v in enumerate(row)])
    return result


def number(place: str, value: Any) -> Fraction:
    """An exact number from an int, a Fraction or its text; floats and all else are refused."""
    if type(value) is int or type(value) is Fraction:
        return Fraction(value)
    if not isinstance(value, str):
        raise InputError(f"{place} is {quoted(value)}; a number is required: an integer, a fraction or a decimal")
    if not _NUMBER.fullmatch(value):
        raise InputError(f'{place} is {quoted(value)}; a number is required, like "3", "1/2" or "0.25"')
    mantissa, _, exponent = value.lower().partition("e")
    longest = max(map(len, re.split(r"[/.]", mantissa)))
    if longest > MAX_DIGITS or len(exponent) > 6 or abs(int(exponent or 0)) > MAX_EXPONENT:
        raise InputError(
            f"{place} is {quoted(value)} ({len(value)} characters); at most {MAX_DIGITS} digits and an exponent of "
            f"at most {MAX_EXPONENT} are read"
        )
    numerator, _, denominator = mantissa.partition("/")
    integer, _, decimals = numerator.partition(".")
    bottom = _integer(denominator or "1")
    if bottom == 0:
        raise InputError(f"{place} is {quoted(value)}, a division by zero; give a denominator other than 0")
    shift = int(exponent or 0) - len(decimals)
    return Fraction(_integer(integer + decimals) * 10 ** max(shift, 0), bottom * 10 ** max(-shift, 0))


def _integer(digits: str) -> int:
    """int(digits) in pieces below Python's limit for one conversion."""
    sign, digits = (-1, digits[1:]) if digits[:1] == "-" else (1, digits.removeprefix("+"))
    value = 0
    for start in range(0, len(digits), 4000):
        piece = digits[start : start + 4000]
        value = value * 10 ** len(piece) + int(piece)
    return sign * value


def text_labels(value: Any) -> list[str]:
    """Labels that can be written to a file: half a surrogate pair, which JSON and NumPy let through, is no text."""
    if not isinstance(value, list) or any(type(label) is not str for label in value):
        raise InputError("labels must be a list of strings, one a token")
    for i, label in enumerate(value):
        if half := _HALF.search(label):
            raise InputError(f"labels[{i}] holds {quoted(half[0])}, half a surrogate pair; give text")
    return value


def whole(place: str, value: Any) -> int:
    """A whole number from an int or a JSON number; text is refused."""
    read = number(place, value) if isinstance(value, JsonNumber) or type(value) is int else None
    if read is None or read.denominator != 1:
        raise InputError(f"{place} is {quoted(value)}; a whole number is required")
    if abs(read) >= 10**MAX_WHOLE_DIGITS:
        raise InputError(f"{place} is {quoted(value)}; a whole number of at most {MAX_WHOLE_DIGITS} digits is read")
    return int(read)
