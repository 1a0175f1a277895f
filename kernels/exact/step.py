"""Steps: how far a token moves towards the mean of its follow set at each layer.

The update is z_i^{k+1} = z_i^k + λ_k (m_i − z_i^k). The clustering paper has one step for all layers, λ = α/(1+α);
the Frank–Wolfe paper has λ_k = 2/(k+2), whose first layer is λ_0 = 1, and any λ_k in (0, 1).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..errors import ExactnessError, InputError
from .json_values import number, whole
from .rational_text import rational_text, short_text

Exact = int | Fraction | str
"""An exact number: an int, a Fraction or the text of one, like "1/2" or "0.25"."""


def exact_number(name: str, value: object) -> Fraction:
    """`value` as a Fraction; refuses whatever is not exact already."""
    if isinstance(value, str):
        return number(name, value)
    if isinstance(value, bool) or not isinstance(value, int | Fraction):
        raise ExactnessError(
            f'{name} is {value!r}; an int, a Fraction or text like "1/2" is required (Fraction(x) is exact for a '
            "float x)"
        )
    return Fraction(value)


@dataclass(frozen=True, slots=True)
class ConstantStep:
    """The same step at every layer: λ = α/(1+α).

    Args:
        alpha: α > 0, an int, a Fraction or text like "1/2".

    Raises:
        ExactnessError: α is not exact.
        InputError: α ≤ 0.
    """

    alpha: Fraction

    def __post_init__(self) -> None:
        if type(self.alpha) is not Fraction:
            object.__setattr__(self, "alpha", exact_number("alpha", self.alpha))
        if self.alpha <= 0:
            raise InputError(f"alpha is {short_text(self.alpha)}; a step must be positive: give alpha > 0")

    def rate(self, layer: int) -> Fraction:
        """λ_k, a rational in (0, 1), the same for every layer k."""
        return self.alpha / (1 + self.alpha)

    @property
    def largest(self) -> Fraction:
        """max_k λ_k."""
        return self.rate(0)

    def to_json(self) -> str:
        """The value of the file's key `alpha`."""
        return rational_text(self.alpha)


@dataclass(frozen=True, slots=True)
class HarmonicStep:
    """A step that shrinks with the layer: λ_k = numerator / (k + offset).

    Its sum diverges, so Π(1 − λ_k) → 0 and a captured token still reaches its limit.

    Args:
        numerator: a positive int.
        offset: an int ≥ numerator, so that λ_k ≤ 1 from the first layer on.

    Raises:
        InputError: an argument is out of range.

    Source: arXiv:2508.09628v1, Theorem 3.1 (γ_t = 2/(t+2)).
    """

    numerator: int = 2
    offset: int = 2

    def __post_init__(self) -> None:
        for name, value in (("numerator", self.numerator), ("offset", self.offset)):
            if isinstance(value, bool) or not isinstance(value, int):
                raise ExactnessError(f"{name} is {value!r}; an int is required")
        if not 0 < self.numerator <= self.offset:
            raise InputError(
                f"a harmonic step {self.numerator}/(k + {self.offset}) leaves (0, 1]; give 0 < numerator <= offset"
            )

    def rate(self, layer: int) -> Fraction:
        """λ_k = numerator/(k + offset), a rational in (0, 1]."""
        return Fraction(self.numerator, layer + self.offset)

    @property
    def largest(self) -> Fraction:
        """max_k λ_k."""
        return self.rate(0)

    def to_json(self) -> dict[str, object]:
        """The value of the file's key `step`."""
        return {"rule": "harmonic", "numerator": self.numerator, "offset": self.offset}


@dataclass(frozen=True, slots=True)
class GeometricStep:
    """A step that shrinks so fast that its sum is finite: λ_k = first · ratio^k.

    Π(1 − λ_k) > 0: a token that follows a resting one stays on its way to it for ever.

    Args:
        first: λ_0, an exact number in (0, 1].
        ratio: an exact number in (0, 1).

    Raises:
        ExactnessError: an argument is not exact.
        InputError: an argument is out of range.

    Source: arXiv:2508.09628v1, Theorem 4.2 allows it (any γ_t in (0, 1)).
    """

    first: Fraction
    ratio: Fraction

    def __post_init__(self) -> None:
        for name in ("first", "ratio"):
            object.__setattr__(self, name, exact_number(name, getattr(self, name)))
        if not (0 < self.first <= 1 and 0 < self.ratio < 1):
            raise InputError(
                f"a geometric step {short_text(self.first)} · ({short_text(self.ratio)})^k leaves (0, 1] or does not "
                "shrink; give 0 < first <= 1 and 0 < ratio < 1"
            )

    def rate(self, layer: int) -> Fraction:
        """λ_k = first · ratio^k, a rational in (0, 1]."""
        return self.first * self.ratio**layer

    @property
    def largest(self) -> Fraction:
        """max_k λ_k."""
        return self.first

    def to_json(self) -> dict[str, object]:
        """The value of the file's key `step`."""
        return {"rule": "geometric", "first": rational_text(self.first), "ratio": rational_text(self.ratio)}


@dataclass(frozen=True, slots=True, init=False)
class ListedStep:
    """Any rational steps: λ_0, λ_1, …, the last one for ever.

    Args:
        rates: exact numbers in (0, 1], at least one.

    Raises:
        ExactnessError: a rate is not exact.
        InputError: there is none, or one is out of range.
    """

    rates: tuple[Fraction, ...]

    def __init__(self, rates: Iterable[int | Fraction]) -> None:
        found = tuple(exact_number(f"rates[{k}]", rate) for k, rate in enumerate(rates))
        wrong = [k for k, rate in enumerate(found) if not 0 < rate <= 1]
        if not found or wrong:
            what = f"rates[{wrong[0]}] is {short_text(found[wrong[0]])}" if wrong else "rates is empty"
            raise InputError(f"{what}; give at least one step, each in (0, 1]")
        object.__setattr__(self, "rates", found)

    def rate(self, layer: int) -> Fraction:
        """λ_k, the last one of the list from its end on."""
        return self.rates[min(layer, len(self.rates) - 1)]

    @property
    def largest(self) -> Fraction:
        """max_k λ_k."""
        return max(self.rates)

    def to_json(self) -> dict[str, object]:
        """The value of the file's key `step`."""
        return {"rule": "listed", "rates": [rational_text(rate) for rate in self.rates]}


Step = ConstantStep | HarmonicStep | GeometricStep | ListedStep
_KEYS = {"harmonic": {"numerator", "offset"}, "geometric": {"first", "ratio"}, "listed": {"rates"}}
_HELP = (
    'step must be {"rule": "harmonic", "numerator": N, "offset": M}, {"rule": "geometric", "first": "1/2", '
    '"ratio": "1/2"} or {"rule": "listed", "rates": ["1/2", …]}; a constant step is "alpha"'
)


def step_of(alpha: "Step | Exact | None", step: Step | None = None) -> Step:
    """The step that is given as `alpha` or as `step`, α = 1 if neither is.

    Raises:
        ExactnessError: α is not exact.
        InputError: both are given, α ≤ 0, or `step` is no `Step`.
    """
    if step is None:
        return alpha if isinstance(alpha, Step) else ConstantStep(1 if alpha is None else alpha)  # type: ignore[arg-type]
    if alpha is not None:
        raise InputError("alpha and step are both given; give one of them")
    if not isinstance(step, Step):
        raise InputError(f"step is {step!r}, no Step; a number is alpha: give alpha={step!r}, or HarmonicStep(…)")
    return step


def step_from_json(value: Any) -> Step:
    """The step that the file's key `step` describes.

    Args:
        value: an object as `to_json` writes it.

    Raises:
        InputError: another rule, or keys missing or unknown, or a value is not what it must be.
    """
    rule = value.get("rule") if isinstance(value, Mapping) else None
    if not isinstance(rule, str) or rule not in _KEYS or set(value) != _KEYS[rule] | {"rule"}:
        raise InputError(_HELP)
    if rule == "harmonic":
        return HarmonicStep(*(whole(f"step.{key}", value[key]) for key in ("numerator", "offset")))
    if rule == "geometric":
        return GeometricStep(*(number(f"step.{key}", value[key]) for key in ("first", "ratio")))
    if not isinstance(value["rates"], list):
        raise InputError(_HELP)
    return ListedStep(number(f"step.rates[{k}]", rate) for k, rate in enumerate(value["rates"]))
