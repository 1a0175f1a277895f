"""Exact configurations in words: numbers, points, the matrix, the step, and all of them in one line.

Neighbours: `run_page` has tables of them, `markdown`, `junit` and `terminal` the line.
"""

import re
from collections.abc import Sequence
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_FLOOR, Context, Decimal, Inexact
from math import ceil
from typing import Any

from ..printable import json_text, one_line
from ..records.configuration_record import ConfigurationRecord, Rational, Rows
from ..records.record import EnclosureRecord

LONG = 24
"""Exact numbers longer than this are shown rounded in tables, and exactly in the configuration below them."""
BRIEF = 8
"""Bounds longer than this are rounded outwards; results.jsonl has them exactly."""
MAX_LISTED = 8
"""Tokens that one line lists."""
MAX_KIND = 160
"""Characters that a line spends on the kind of a model and its parameters."""


UP, DOWN = (Context(prec=3, rounding=way, Emax=MAX_EMAX, Emin=MIN_EMIN) for way in (ROUND_CEILING, ROUND_FLOOR))
EXACT = Context(prec=40, Emax=MAX_EMAX, Emin=MIN_EMIN)
EXACT.traps[Inexact] = False


def decimal(value: Rational) -> Decimal:
    """An exact number to 40 digits, whatever its size: numbers beyond the range of floats can be drawn too."""
    numerator, _, denominator = value.partition("/")
    return EXACT.divide(Decimal(numerator), Decimal(denominator or 1))


def short(value: Rational) -> str:
    """An exact number if it is short enough to read, else its first digits, and said so."""
    if len(value) <= LONG:
        return value.replace("-", "\u2212")
    number = decimal(value)
    digits = f"{number:.6g}" if Decimal("1e-4") < abs(number) < Decimal("1e9") else f"{number:.4e}"
    return f"≈ {digits}".replace("-", "\u2212")


def bound(value: Rational, outwards: Context = UP) -> str:
    """A bound, exact if it is very short, else in three digits: never less than it is, or (`DOWN`) never more."""
    if len(value) <= BRIEF:
        return value.replace("-", "\u2212")
    numerator, _, denominator = value.partition("/")
    return str(outwards.divide(Decimal(numerator), Decimal(denominator or 1))).lower().replace("-", "\u2212")


def at_most(value: float) -> str:
    """A float rounded up, to three digits or to a whole number."""
    return f"{ceil(value):,}" if 1000 <= value < 1e9 else f"{UP.create_decimal_from_float(value):g}"


def point(row: Sequence[Rational]) -> str:
    """A point as (x, y, …), long ones cut."""
    shown = [short(v) for v in row[:6]]
    return f"({', '.join(shown)}{', …' if len(row) > 6 else ''})"


def enclosure_lines(found: EnclosureRecord) -> list[str]:
    """What is proved of softmax layers, a sentence each."""
    lines = [f"Each limit is known up to {bound(found.radius)} in each coordinate, from layer {found.layer} on."]
    if found.halvings is not None:
        goal = f"a diameter of 2^\u2212{found.halvings} of the first one"
        seen = (
            f"{goal} is not reached there" if found.needed is None else f"{goal} is reached after {found.needed} layers"
        )
        proved = "" if found.enough is None else f"; {bound(found.enough)} are enough, by the bound that needs no layer"
        lines.append(f"One cluster: {seen}{proved}.")
    if found.clusters is not None and found.layers is not None and found.within is not None:
        near, wait = bound(found.within), bound(found.layers, DOWN)
        lines.append(
            f"Before, {len(set(found.clusters))} clusters stay within {near} of where they are at layer "
            f"{found.from_layer}, for at least {wait} layers."
        )
    if found.epsilon is not None:
        left = "" if found.left is None else f", and not at layer {found.left}"
        lines.append(f"Within {short(found.epsilon)} of hardmax's tokens up to layer {found.stays}{left}.")
    return lines


def model_text(c: ConfigurationRecord) -> str:
    """The model in words: its kind where it is not hardmax, then A, the step and the rule if it has them."""
    kinds = [
        ", ".join([f"a model of kind {kind}", *(f"{name} = {_value_text(value)}" for name, value in given.items())])
        for kind, given in (c.attention or {}).items()
    ]
    parts = [
        *(text if len(text) <= MAX_KIND else f"{text[:MAX_KIND]}…" for text in kinds),
        *([] if c.A is None else [f"A is {_matrix_text(c.A)}"]),
        *([] if c.alpha is None and c.step is None else [_step_text(c)]),
        *(["tokens follow the smallest inner product"] if c.follow == "smallest" else []),
    ]
    return ", ".join(parts)


def _matrix_text(A: Rows) -> str:
    """The matrix A by its rows, long ones cut."""
    if all(v == str(int(i == j)) for i, row in enumerate(A) for j, v in enumerate(row)):
        return "the identity"
    return f"[{', '.join(map(point, A[:6]))}{', …' if len(A) > 6 else ''}]"


def _value_text(value: Any) -> str:
    """A value of a model's JSON: rows, matrices and lists of matrices as everywhere, anything else as it is."""
    depth, first = 0, value
    while isinstance(first, list) and first:
        depth, first = depth + 1, first[0]
    if not 0 < depth <= 3 or not _regular(value, depth):
        return json_text(value) if isinstance(value, list | dict) else one_line(str(value))
    return {1: point, 2: _matrix_text, 3: lambda forms: "; ".join(map(_matrix_text, forms))}[depth](value)


def _regular(value: Any, depth: int) -> bool:
    """Whether a value is nested lists of so many levels, of rationals."""
    if depth:
        return isinstance(value, list) and len(value) > 0 and all(_regular(item, depth - 1) for item in value)
    return isinstance(value, str) and re.fullmatch(r"-?[0-9]+(/[0-9]+)?", value) is not None


def _step_text(c: ConfigurationRecord) -> str:
    """The step as a formula."""
    if c.step is not None:
        s = c.step
        formulas = {
            "harmonic": f"{s.numerator}/(k + {s.offset})",
            "geometric": f"{short(s.first or '')} · ({short(s.ratio or '')})^k",
            "listed": f"{', '.join(map(short, (s.rates or ())[:6]))}{', …' if len(s.rates or ()) > 6 else ' for ever'}",
        }
        return f"λ at layer k is {formulas[s.rule]}"
    assert c.alpha is not None
    return f"α = {short(c.alpha)}"


def configuration_line(c: ConfigurationRecord) -> str:
    """The whole configuration in one line, as far as a person reads it."""
    tokens = " ".join(map(point, c.tokens[:MAX_LISTED]))
    more = f" … ({c.n} in all)" if c.n > MAX_LISTED else ""
    weights = ", some of them repeated" if c.multiplicities and max(c.multiplicities) > 1 else ""
    return f"tokens {tokens}{more}{weights}, {model_text(c)}"
