"""Steps: how far a token moves towards the mean of its follow set at each layer.

The update is z_i^{k+1} = z_i^k + λ_k (m_i − z_i^k). The clustering paper has one step for all layers, λ = α/(1+α);
the Frank–Wolfe paper has λ_k = 2/(k+2), whose first layer is λ_0 = 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from ..errors import ExactnessError, InputError
from .json_values import number
from .rational_text import rational_text, short_text

Exact = int | Fraction | str
"""An exact number: an int, a Fraction or the text of one, like "1/2" or "0.25"."""


def _exact(name: str, value: object) -> Fraction:
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
            object.__setattr__(self, "alpha", _exact("alpha", self.alpha))
        if self.alpha <= 0:
            raise InputError(f"alpha is {short_text(self.alpha)}; a step must be positive: give alpha > 0")

    def rate(self, layer: int) -> Fraction:
        """λ_k, a rational in (0, 1), the same for every layer k."""
        return self.alpha / (1 + self.alpha)

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

    def to_json(self) -> dict[str, object]:
        """The value of the file's key `step`."""
        return {"rule": "harmonic", "numerator": self.numerator, "offset": self.offset}


Step = ConstantStep | HarmonicStep


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


def step_from_json(value: Mapping[str, object]) -> Step:
    """The step that the file's key `step` describes.

    Args:
        value: `{"rule": "harmonic", "numerator": 2, "offset": 2}`, numbers as int.

    Raises:
        InputError: another rule, or keys missing or unknown.
    """
    if value.get("rule") != "harmonic" or set(value) != {"rule", "numerator", "offset"}:
        raise InputError('step must be {"rule": "harmonic", "numerator": N, "offset": M}; a constant step is "alpha"')
    numerator, offset = value["numerator"], value["offset"]
    if not (type(numerator) is int and type(offset) is int):
        raise InputError(f"step needs whole numbers, got numerator {numerator!r} and offset {offset!r}")
    return HarmonicStep(numerator, offset)
