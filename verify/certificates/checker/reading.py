"""Reading (CERTIFICATE.md, section 3): strict JSON, canonical rationals, values of exactly the shape asked for."""

import json
import re
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple, NoReturn

PIECE = 500
"""Digits converted at a time: `int` refuses long texts, and takes quadratic time for them."""
RATIONAL = re.compile("(-?)(0|[1-9][0-9]*)(?:/([1-9][0-9]*))?")


class Refused(Exception):  # noqa: N818 a verdict, not an error
    """The certificate is no proof: the message names the rule, what was claimed and what was derived."""


def refuse(rule: str, claimed: Any, derived: Any) -> NoReturn:
    """Refuse the certificate."""
    raise Refused(f"{rule}: the certificate has {shown(claimed)}, but {shown(derived)}")


def shown(value: Any) -> str:
    """A value for a message, of whatever size its numbers are: `str` refuses long ones."""
    try:
        return str(value)[:200]
    except ValueError:
        return "a number of thousands of digits"


def must(holds: Any, rule: str, claimed: Any, derived: Any) -> None:
    """Refuse the certificate unless the condition holds."""
    if not holds:
        refuse(rule, claimed, derived)


def ascending(values: Any, where: str) -> None:
    """Refuse values of which one is not less than the next."""
    must(all(a < b for a, b in pairwise(values)), where, f"{len(values)} entries", "they have to ascend strictly")


def load(text: str) -> Any:
    """The JSON value of a text in which no key repeats and all numbers are whole, not negative and short."""

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        must(len(result) == len(pairs), "JSON", [key for key, _ in pairs], "keys must not repeat")
        return result

    def number(digits: str) -> int:
        short = re.fullmatch("[0-9]{1,15}", digits)
        must(short, "JSON", digits, "numbers are whole, >= 0, of at most 15 digits")
        return int(digits)

    try:
        return json.loads(text, object_pairs_hook=members, parse_int=number, parse_float=number, parse_constant=number)
    except (json.JSONDecodeError, RecursionError) as error:
        raise Refused(f"JSON: {error}") from None


def whole(digits: str) -> int:
    """The number that has these digits, of any length: by halves."""
    if len(digits) <= PIECE:
        return int(digits)
    half = len(digits) // 2
    return whole(digits[:-half]) * 10**half + whole(digits[-half:])


def rational(value: Any, where: str) -> Fraction:
    """The number that a text like "-22/7" stands for, in lowest terms and written in the one canonical way."""
    match = RATIONAL.fullmatch(value) if type(value) is str else None
    if match is None:
        refuse(where, value, 'a string like "-22/7" is needed')

    sign, upper, lower = match.groups()
    top = -whole(upper) if sign else whole(upper)
    bottom = whole(lower or "1")
    result = Fraction(top, bottom)
    lowest = result.denominator == bottom and lower != "1"
    must(lowest and (top or not sign), where, value, "that is not in canonical form")
    return result


class OneOf(NamedTuple):
    """The shape of an object whose member `key` is a word that says which of the shapes it has."""

    key: str
    shapes: dict[str, dict[str, Any]]


class OrNull(NamedTuple):
    """The shape of what may be null."""

    shape: Any


class OrAbsent(NamedTuple):
    """The shape of a member that an object need not have."""

    shape: Any


def read(value: Any, shape: Any, where: str) -> Any:
    """The value, with rationals as `Fraction`s, if it has the shape.

    A shape is `int` or `str`, `Fraction` for a rational as text, a set of words, {key: shape, …} for an object with
    just these keys, [shape] for an array of any length, [shape, shape] for one of two entries, `OneOf`, `OrNull`, or
    `OrAbsent` in an object.
    """
    if shape is Fraction:
        return rational(value, where)
    if isinstance(shape, OrNull):
        return None if value is None else read(value, shape.shape, where)
    if isinstance(shape, OrAbsent):
        return read(value, shape.shape, where)
    if isinstance(shape, OneOf):
        must(type(value) is dict, where, value, f"an object with the key {shape.key} is needed")
        word = value.get(shape.key)
        known = type(word) is str and word in shape.shapes
        must(known, f"{where}, {shape.key}", word, f"it has to be in {[*shape.shapes]}")
        return read(value, {**shape.shapes[word], shape.key: str}, where)

    kind = {type: shape, set: str}.get(type(shape), type(shape))
    must(type(value) is kind, where, value, f"it has to be like {shape}")
    if kind is dict:
        needed = {key for key, part in shape.items() if not isinstance(part, OrAbsent)}
        fits = needed <= value.keys() <= shape.keys()
        must(fits, where, f"the keys {[*value]}", f"they have to be {[*shape]}")
        return {key: read(part, shape[key], f"{where}, {key}") for key, part in value.items()}
    if kind is list:
        must(len(shape) in (1, len(value)), where, value, f"it has to be like {shape}")
        return [read(entry, shape[i % len(shape)], where) for i, entry in enumerate(value)]
    must(type(shape) is type or value in shape, where, value, f"it has to be in {shape}")
    return value


POINT = [Fraction]
WEIGHTS = [[int, Fraction]]
