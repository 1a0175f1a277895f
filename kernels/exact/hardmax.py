"""Hardmax: each token steps towards the mean of the tokens with which its inner product is extreme, all ties kept.

Neighbours: `model` is the protocol, `dynamics` computes the layers, `step` says how far tokens move.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ..errors import InputError
from .json_values import number, quoted, rows
from .matrix import Matrix, exact_matrix, identity, is_positive_definite
from .model import Model
from .rational_text import rational_text
from .step import ConstantStep, Exact, Step, step_from_json, step_of

if TYPE_CHECKING:
    from .configuration import Configuration
    from .dynamics import Dynamics

Follow = Literal["largest", "smallest"]


@dataclass(frozen=True, init=False)
class Hardmax(Model):
    """z_i ← z_i + λ (mean_{j ∈ C_i} z_j − z_i), C_i = { j : ⟨z_i, z_j⟩ is the largest, or smallest }, ⟨x, y⟩ = xᵀAy.

    Args:
        A: (d, d) exact numbers (int, Fraction, or text like "1/2").
        alpha: an exact α > 0, λ = α/(1 + α); 1 if neither it nor a step is given.
        follow: a token follows the tokens of "largest" (the clustering paper) or of "smallest" inner product
            (a negative semidefinite key–query matrix); the latter is the former with −A.
        step: a `Step`, in place of α.

    Raises:
        ExactnessError: a value is a float or of another inexact type.
        InputError: A is no matrix, the step not positive, or the rule another one.

    Source: arXiv:2407.01602, equation (1.1).
    """

    kind: ClassVar[str] = "hardmax"
    keys: ClassVar[tuple[str, ...]] = ("A", "alpha", "follow", "step")
    prover: ClassVar[str] = "hardmax.verify.provers.freeze.prover:decide"
    claims: ClassVar[str] = "hardmax.verify.claims.families.clustering:CLAIMS"
    certificate: ClassVar[str | None] = "hardmax.verify.claims.certified:clustering_certificate"

    A: Matrix
    step: Step
    follow: Follow

    def __init__(
        self,
        A: Iterable[Iterable[Exact]],
        alpha: Step | Exact | None = None,
        follow: Follow = "largest",
        *,
        step: Step | None = None,
    ) -> None:
        if follow not in ("largest", "smallest"):
            raise InputError(f'follow is {follow!r}; it must be "largest" or "smallest"')
        write = object.__setattr__
        write(self, "A", exact_matrix("A", A))
        write(self, "step", step_of(alpha, step))
        write(self, "follow", follow)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any], d: int) -> "Hardmax":
        """A, the identity by default, `alpha` or `step`, α = 1 by default, and `follow`."""
        if "step" in fields and "alpha" in fields:
            raise InputError('"alpha" and "step" are both given; give one of them')
        A = rows("A", fields["A"]) if "A" in fields else identity(d)
        if "step" in fields:
            step: Step = step_from_json(fields["step"])
        else:
            step = ConstantStep(number("alpha", fields.get("alpha", 1)))
        follow = fields.get("follow", "largest")
        if follow not in ("largest", "smallest"):
            raise InputError(f'follow is {quoted(follow)}; it must be "largest" or "smallest"')
        return cls(A, step, "largest" if follow == "largest" else "smallest")

    def to_json(self) -> dict[str, Any]:
        """What a file says of it; `follow` is left out where it is the default."""
        data: dict[str, Any] = {"A": [[rational_text(v) for v in row] for row in self.A]}
        data["alpha" if isinstance(self.step, ConstantStep) else "step"] = self.step.to_json()
        return data if self.follow == "largest" else {**data, "follow": self.follow}

    def must_fit(self, d: int) -> None:
        """Refuse an A that is not d × d."""
        if len(self.A) != d or any(len(row) != d for row in self.A):
            shape = f"{len(self.A)} rows of lengths {sorted({len(row) for row in self.A})}"
            raise InputError(f"A has {shape} but tokens have {d} coordinates; A must be {d} x {d}")

    def dynamics(self, configuration: "Configuration") -> "Dynamics":
        """The exact layers, with all that the prover asks of them."""
        from .dynamics import Dynamics  # reading a configuration needs no SymPy

        return Dynamics(configuration)

    def hypotheses(self) -> dict[str, bool]:
        """Whether the scores are an inner product."""
        return {"spd": self.has_inner_product}

    @cached_property
    def is_symmetric(self) -> bool:
        """Whether A = Aᵀ."""
        return self.A == tuple(zip(*self.A, strict=True))

    @cached_property
    def is_spd(self) -> bool:
        """Whether A is symmetric positive definite."""
        return self.A == identity(len(self.A)) or (self.is_symmetric and is_positive_definite(self.A))

    @cached_property
    def has_inner_product(self) -> bool:
        """Whether the scores are an inner product: A, or −A where tokens follow the smallest, is SPD."""
        if self.follow == "largest":
            return self.is_spd
        return self.is_symmetric and is_positive_definite([[-v for v in row] for row in self.A])
