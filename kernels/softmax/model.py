"""Softmax self-attention: each token steps towards the mean of all tokens, weighted by exp(β score).

Neighbours: `enclosure` computes the layers; `kernels.exact.hardmax` is the limit β → ∞.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import InputError
from ..exact.hardmax import Hardmax
from ..exact.json_values import number
from ..exact.matrix import Matrix
from ..exact.model import Model
from ..exact.rational_text import rational_text, short_text
from ..exact.step import ConstantStep, Exact, Step, exact_number

if TYPE_CHECKING:
    from ..exact.configuration import Configuration
    from .enclosure import SoftmaxLayers


@dataclass(frozen=True, init=False)
class Softmax(Model):
    """z_i ← z_i + λ_k (Σ_j p_ij z_j − z_i), p_ij = w_j e^{β_k s_ij} / Σ_l w_l e^{β_k s_il}, s_ij = z_iᵀAz_j.

    Args:
        A: (d, d) exact numbers, any matrix.
        step: a `Step`, or an exact α > 0; α = 1 by default.
        beta: β_0 ≥ 0, exact.
        growth: g > 0, exact: β_k = β_0 g^k.

    Raises:
        ExactnessError: a value is a float or of another inexact type.
        InputError: A is no matrix, β < 0, g ≤ 0 or the step not positive.

    Source: arXiv:2305.05465; its rescaled Euler scheme with V = I has g = (1 + α)².
    """

    kind: ClassVar[str] = "softmax"
    keys: ClassVar[tuple[str, ...]] = ("A", "alpha", "step", "beta", "growth")
    prover: ClassVar[str] = "hardmax.verify.provers.softmax.prover:decide"
    claims: ClassVar[str] = "hardmax.verify.claims.families.glpr:MODEL"
    certificate: ClassVar[str | None] = "hardmax.verify.claims.families.softmax:certificate_of"

    A: Matrix
    step: Step
    beta: Fraction
    growth: Fraction

    def __init__(
        self,
        A: Iterable[Iterable[Exact]],
        step: Step | Exact | None = None,
        beta: Exact = 1,
        growth: Exact = 1,
    ) -> None:
        form = Hardmax(A, step)  # it validates
        write = object.__setattr__
        write(self, "A", form.A)
        write(self, "step", form.step)
        write(self, "beta", exact_number("beta", beta))
        write(self, "growth", exact_number("growth", growth))
        if self.beta < 0:
            raise InputError(f"beta is {short_text(self.beta)}; an inverse temperature must be >= 0")
        if self.growth <= 0:
            raise InputError(
                f"growth is {short_text(self.growth)}; beta_k = beta growth^k needs growth > 0 (1: constant)"
            )

    @classmethod
    def from_json(cls, fields: Mapping[str, Any], d: int) -> "Softmax":
        """`A`, `alpha` or `step` as for hardmax; `beta`, and `growth`, 1 by default."""
        if "beta" not in fields:
            raise InputError('the parameter "beta" is missing; give {"softmax": {"beta": "16"}}')
        form = Hardmax.from_json({key: fields[key] for key in ("A", "alpha", "step") if key in fields}, d)
        return cls(form.A, form.step, number("beta", fields["beta"]), number("growth", fields.get("growth", 1)))

    def to_json(self) -> dict[str, Any]:
        """What a file says of it; `growth` is left out where β is constant."""
        data = Hardmax(self.A, self.step).to_json() | {"beta": rational_text(self.beta)}
        return data if self.growth == 1 else {**data, "growth": rational_text(self.growth)}

    def must_fit(self, d: int) -> None:
        """Refuse an A that is not d × d."""
        Hardmax(self.A, self.step).must_fit(d)

    def dynamics(self, configuration: "Configuration") -> "SoftmaxLayers":
        """Enclosed layers; their centres, rounded, for pictures."""
        from .enclosure import SoftmaxLayers

        return SoftmaxLayers(configuration)

    def hypotheses(self) -> dict[str, bool]:
        """What claims assume of it: whether λ is the same at every layer."""
        return {"constant_step": isinstance(self.step, ConstantStep)}

    def beta_at(self, layer: int) -> Fraction:
        """β_k."""
        return self.beta * self.growth**layer

    def same_hardmax(self) -> Hardmax:
        """The model that this one tends to as β → ∞."""
        return Hardmax(self.A, self.step)

    @property
    def norm(self) -> Fraction:
        """a = Σ |A_bc|: |xᵀAy| ≤ a |x| |y| in the largest coordinate."""
        return sum((abs(v) for row in self.A for v in row), Fraction(0))
