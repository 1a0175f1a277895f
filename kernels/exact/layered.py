"""Layers that differ: scores by a form B_k of their own, steps λ_k, and a preconditioner P on the way to the mean.

Where all forms are equal and P is the identity this is hardmax, which is proved for all layers; here layers are only
computed.

Neighbours: `hardmax` is the model of one form, `dynamics` computes its layers, `step` says how far tokens move.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from sympy import ZZ

from ..errors import InputError
from .dynamics import Dynamics, Layer, Sets, integer_matrix, over_one_denominator, reduced
from .hardmax import Follow, Hardmax
from .json_values import quoted, rows
from .matrix import Matrix, exact_matrix, identity, is_positive_definite
from .model import Model
from .rational_text import rational_text
from .step import ListedStep, Step

if TYPE_CHECKING:
    from .configuration import Configuration


@dataclass(frozen=True, init=False)
class Layered(Model):
    """z_i ← z_i + λ_k P (mean_{j ∈ C_i} z_j − z_i), C_i = { j : z_iᵀ B_k z_j is the largest, or smallest }.

    Args:
        forms: B_0, B_1, …, each (d, d) exact numbers; the last one for ever.
        step: a `Step`, or an α > 0; by default λ_k = 1, for a P that says how far tokens move.
        follow: a token follows the tokens of "largest" or of "smallest" score.
        P: (d, d) exact numbers, the identity by default.

    Raises:
        ExactnessError: a value is a float or of another inexact type.
        InputError: there is no form, or a value is out of range.

    Source: arXiv:2508.09628v1, the layer of its sections 1 to 3.
    """

    kind: ClassVar[str] = "layered"
    keys: ClassVar[tuple[str, ...]] = ("alpha", "follow", "step", "forms", "P")
    prover: ClassVar[str] = "hardmax.verify.provers.layered:decide"
    claims: ClassVar[str] = "hardmax.verify.claims.families.frank_wolfe.hulls:LAYERED"

    forms: tuple[Matrix, ...]
    step: Step
    follow: Follow
    P: Matrix | None

    def __init__(
        self,
        forms: Iterable[Iterable[Iterable[int | Fraction]]],
        step: Step | int | Fraction | None = None,
        follow: Follow = "largest",
        P: Iterable[Iterable[int | Fraction]] | None = None,
    ) -> None:
        one = [Hardmax(form, ListedStep([1]) if step is None else step, follow) for form in forms]  # it validates
        if not one:
            raise InputError("forms is empty; give at least one matrix, the last one holds for ever")
        write = object.__setattr__
        write(self, "forms", tuple(model.A for model in one))
        write(self, "step", one[0].step)
        write(self, "follow", one[0].follow)
        write(self, "P", None if P is None else exact_matrix("P", P))

    @classmethod
    def from_json(cls, fields: Mapping[str, Any], d: int) -> "Layered":
        """`forms`, `P`, and `step` or `alpha` and `follow` as for hardmax."""
        forms = fields.get("forms")
        if not isinstance(forms, list) or not forms:
            raise InputError(f"forms is {quoted(forms)}; it must be a list of matrices, the last one holds for ever")
        shared = {key: fields[key] for key in ("alpha", "follow", "step") if key in fields}
        whole = Hardmax.from_json(shared, d)
        step = whole.step if {"alpha", "step"} & set(shared) else None
        P = rows("P", fields["P"]) if "P" in fields else None
        return cls([rows(f"forms[{k}]", form) for k, form in enumerate(forms)], step, whole.follow, P)

    def to_json(self) -> dict[str, Any]:
        """What a file says of it."""
        one = Hardmax(self.A, self.step, self.follow).to_json()
        del one["A"]
        data = {**one, "forms": [_text(form) for form in self.forms]}
        return data if self.P is None else {**data, "P": _text(self.P)}

    def must_fit(self, d: int) -> None:
        """Refuse forms and a P that are not d × d."""
        for name, M in (*((f"forms[{k}]", form) for k, form in enumerate(self.forms)), ("P", self.P or identity(d))):
            if len(M) != d or any(len(row) != d for row in M):
                raise InputError(f"{name} is not {d} x {d}, but tokens have {d} coordinates")

    def dynamics(self, configuration: "Configuration") -> "LayeredDynamics":
        """The exact layers."""
        return LayeredDynamics(configuration)

    def hypotheses(self) -> dict[str, bool]:
        """Whether the scores of every layer are an inner product."""
        sign = 1 if self.follow == "largest" else -1
        symmetric = all(form == tuple(zip(*form, strict=True)) for form in self.forms)
        scaled = ([[sign * v for v in row] for row in form] for form in self.forms)
        return {"spd": symmetric and all(map(is_positive_definite, scaled))}

    @property
    def A(self) -> Matrix:  # noqa: N802 the name that one form has
        """B_0."""
        return self.forms[0]


class LayeredDynamics(Dynamics):
    """The layers: those of hardmax with the form of the layer, and P on what each token moves."""

    def __init__(self, configuration: "Configuration") -> None:
        super().__init__(configuration)
        self.model: Layered = configuration.model  # pyright: ignore[reportAttributeAccessIssue] of this kind
        d, sign = configuration.d, 1 if self.model.follow == "largest" else -1
        scaled = [[[sign * v for v in row] for row in over_one_denominator(form)[0]] for form in self.model.forms]
        self.forms = [integer_matrix(form, (d, d)) for form in scaled]

    def scores(self, layer: Layer, rows: Sequence[int] | None = None) -> list[list[Any]]:
        """As for hardmax, by the form of this layer."""
        self.form = self.forms[min(layer.index, len(self.forms) - 1)]
        return super().scores(layer, rows)

    def smallest_gap(self, layer: Layer, sets: Sets) -> None:
        """Not said: scores of different layers are on different scales."""

    def next_layer(self, layer: Layer, sets: Sets) -> Layer:
        """Layer k+1: z + P (z⁺ − z), z⁺ the step of hardmax."""
        there = super().next_layer(layer, sets)
        if self.model.P is None:
            return there
        moved = [
            [
                x + sum(p * (b - a) for p, a, b in zip(row, z, y, strict=True))
                for x, row in zip(z, self.model.P, strict=True)
            ]
            for z, y in zip(layer.tokens(), there.tokens(), strict=True)
        ]
        numerators, D = over_one_denominator(tuple(map(tuple, moved)))
        return reduced(there.index, [[ZZ(v) for v in row] for row in numerators], ZZ(D))


def _text(M: Matrix) -> list[list[str]]:
    return [[rational_text(v) for v in row] for row in M]
