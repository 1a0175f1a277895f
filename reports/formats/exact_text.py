"""Exact configurations in words: numbers, points, the matrix, the step, and all of them in one line.

Neighbours: `html` has tables of them, `markdown`, `junit` and `terminal` the line.
"""

from collections.abc import Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact

from ..records.configuration_record import ConfigurationRecord, Rational

LONG = 24
"""Exact numbers longer than this are shown rounded in tables, and exactly in the configuration below them."""
MAX_LISTED = 8
"""Tokens that one line lists."""


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


def point(row: Sequence[Rational]) -> str:
    """A point as (x, y, …), long ones cut."""
    shown = [short(v) for v in row[:6]]
    return f"({', '.join(shown)}{', …' if len(row) > 6 else ''})"


def matrix_text(c: ConfigurationRecord) -> str:
    """The matrix A by its rows, long ones cut."""
    if all(v == str(int(i == j)) for i, row in enumerate(c.A) for j, v in enumerate(row)):
        return "the identity"
    return f"[{', '.join(map(point, c.A[:6]))}{', …' if len(c.A) > 6 else ''}]"


def step_text(c: ConfigurationRecord) -> str:
    """The step as a formula."""
    if c.step is not None:
        return f"λ at layer k is {c.step.numerator}/(k + {c.step.offset})"
    assert c.alpha is not None
    return f"α = {short(c.alpha)}"


def configuration_line(c: ConfigurationRecord) -> str:
    """The whole configuration in one line, as far as a person reads it."""
    tokens = " ".join(map(point, c.tokens[:MAX_LISTED]))
    more = f" … ({c.n} in all)" if c.n > MAX_LISTED else ""
    weights = ", some of them repeated" if c.multiplicities and max(c.multiplicities) > 1 else ""
    smallest = ", tokens follow the smallest inner product" if c.follow == "smallest" else ""
    return f"tokens {tokens}{more}{weights}, A is {matrix_text(c)}, {step_text(c)}{smallest}"
