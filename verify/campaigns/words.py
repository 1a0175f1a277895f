"""A configuration in words, as the lines of a run show it.

Neighbours: `sources`, `claims.own` and `commands` print it; `reports` has words of its own, made of records.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from ...kernels.exact.configuration import Configuration
from ...kernels.exact.matrix import Matrix, identity
from ...kernels.exact.rational_text import short_text, show
from ...kernels.exact.step import ConstantStep, GeometricStep, HarmonicStep, ListedStep, Step

_LISTED = 6
"""Rates of a step that are listed."""


def configuration_words(c: Configuration) -> str:
    """Tokens and model in one line; A = I and α = 1 are left out."""
    return ", ".join([f"tokens {' '.join(map(show, c.tokens))}", *model_words(c)])


def model_words(
    c: Configuration,
    number: Callable[[Fraction], str] = short_text,
    point: Callable[[Sequence[Fraction]], str] = show,
) -> list[str]:
    """What is said of a model beside its tokens: A, the step, the rule; of another kind than hardmax its values.

    Args:
        c: the configuration.
        number: how a number is written.
        point: how a row is written.
    """
    if c.model.kind != "hardmax":
        rest = {k: v for k, v in c.model.to_json().items() if k not in {"step", "alpha"}}
        step = getattr(c.model, "step", None)
        return [
            f"a model of kind {c.model.kind}",
            *(f"{key} = {_value(value)}" for key, value in rest.items()),
            *([] if step is None else [step_words(step, number)]),
        ]
    matrix = [] if c.A == identity(c.d) else [f"A = {matrix_words(c.A, point)}"]
    step = [] if c.step == ConstantStep(Fraction(1)) else [step_words(c.step, number)]
    return [*matrix, *step, *(["tokens follow the smallest scores"] if c.follow != "largest" else [])]


def matrix_words(A: Matrix, point: Callable[[Sequence[Fraction]], str] = show) -> str:
    """A matrix by its rows."""
    return " ".join(map(point, A))


def step_words(step: Step, number: Callable[[Fraction], str] = short_text) -> str:
    """A step as a formula."""
    match step:
        case ConstantStep(alpha):
            return f"alpha = {number(alpha)}"
        case HarmonicStep(numerator, offset):
            return f"lambda_k = {numerator}/(k + {offset})"
        case GeometricStep(first, ratio):
            return f"lambda_k = {number(first)} * ({number(ratio)})^k"
        case ListedStep(rates):
            more = ", …" if len(rates) > _LISTED else ""
            return f"lambda_k = {', '.join(map(number, rates[:_LISTED]))}{more}, the last one for ever"


def _value(value: Any) -> str:
    """A value of a model's JSON: a row is (x, y), rows stand beside one another, matrices in brackets."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_value(item)}" for key, item in value.items())
    if not isinstance(value, list):
        return str(value)
    if any(isinstance(item, list) for item in value):
        parts = [f"[{_value(item)}]" if any(isinstance(e, list) for e in item) else _value(item) for item in value]
        return " ".join(parts)
    return f"({', '.join(map(str, value))})"
