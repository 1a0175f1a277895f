"""Configuration: the exact input of everything else — tokens, the model that moves them, what the words are called.

Neighbours: `hardmax` is the model of all that names no other, `model` the protocol of models, `configuration_file`
reads and writes files.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from ..errors import InputError
from .array_values import as_numpy, exact_array
from .hardmax import Follow, Hardmax
from .matrix import Matrix, Vector, exact_matrix, identity
from .model import Layers, Model, named
from .rational_text import short_text
from .step import ConstantStep, Exact, Step, step_of

MOST_SHOWN = 20
"""Tokens that the prompt shows of a configuration."""


@dataclass(frozen=True, repr=False)
class Configuration:
    """Tokens z_1 … z_n in R^d and the model that moves them from layer to layer.

    `Configuration(tokens, model)`; what is given in place of a model are the arguments of `Hardmax`. Nothing is assumed
    beyond shapes: tokens may repeat or be zero and A need not be symmetric or positive definite, because dropping a
    hypothesis is a question one can ask. `is_nonzero`, `is_distinct` and `is_spd` tell.

    Args:
        tokens: (n, d) exact numbers (int, Fraction, or text like "1/2"), n ≥ 1, d ≥ 1.
        A: a `Model`, or (d, d) exact numbers, the matrix of the inner product ⟨x, y⟩ = xᵀAy; the identity if None.
        alpha: an exact α > 0; 1 if neither it nor a step is given.
        step: a `Step`, in place of α.
        labels: n names, or None.
        multiplicities: n weights w_i ≥ 1 with which token i enters every mean; all 1 if None.
        follow: whether a token follows the tokens of "largest" or of "smallest" inner product.

    Raises:
        ExactnessError: a value is a float or of another inexact type.
        InputError: a shape is wrong, a step not positive, or `alpha`, `step` or `follow` is given beside a model.

    Source: arXiv:2407.01602, equation (1.1).
    """

    tokens: Matrix
    model: Model
    labels: tuple[str, ...] | None
    multiplicities: tuple[int, ...]

    def __init__(
        self,
        tokens: Iterable[Iterable[Exact]],
        A: Model | Iterable[Iterable[Exact]] | None = None,
        alpha: Step | Exact | None = None,
        *,
        step: Step | None = None,
        labels: Iterable[str] | None = None,
        multiplicities: Iterable[int] | None = None,
        follow: Follow = "largest",
    ) -> None:
        rows = exact_matrix("tokens", tokens)
        if not rows:
            raise InputError("tokens is empty; at least one token is required")
        d = len(rows[0])
        if d == 0:
            raise InputError("tokens[0] is empty; a token needs at least one coordinate")
        for i, row in enumerate(rows):
            if len(row) != d:
                raise InputError(
                    f"tokens[{i}] has {len(row)} coordinates but tokens[0] has {d}; all must have the same"
                )
        model = A if isinstance(A, Model) else Hardmax(identity(d) if A is None else A, alpha, follow, step=step)
        if model is A and (alpha is not None or step is not None or follow != "largest"):
            raise InputError("alpha, step or follow is given beside a model; give them to the model")
        model.must_fit(d)
        names = None if labels is None else tuple(labels)
        if names is not None and len(names) != len(rows):
            raise InputError(f"labels has {len(names)} names for {len(rows)} tokens; give one a token or none")
        weights = (1,) * len(rows) if multiplicities is None else tuple(multiplicities)
        if len(weights) != len(rows) or any(type(w) is not int or w < 1 for w in weights):
            raise InputError(f"multiplicities is {list(weights)}; give {len(rows)} whole numbers >= 1")
        write = object.__setattr__
        write(self, "tokens", rows)
        write(self, "model", model)
        write(self, "labels", names)
        write(self, "multiplicities", weights)

    @classmethod
    def from_array(
        cls,
        tokens: Any,
        A: Any = None,
        alpha: Any = None,
        *,
        step: Step | None = None,
        labels: Sequence[str] | None = None,
        multiplicities: Any = None,
        follow: Follow = "largest",
    ) -> "Configuration":
        """The configuration whose values are exactly the dyadic rationals that the floats of arrays are.

        Args:
            tokens: (n, d) array of NumPy, torch (also bfloat16, on any device) or another library, or nested lists:
                finite floats, integers, or text like "1/2".
            A: (d, d) likewise, a `Model`, or None for the identity.
            alpha: a positive number, float or exact; 1 if neither it nor a step is given.
            step: a `Step`, in place of α.
            labels: n names, or None.
            multiplicities: n whole numbers ≥ 1, an array or a list; all 1 if None.
            follow: "largest" or "smallest".

        Raises:
            InputError: an array is not of that shape or holds NaN or infinity, or subnormal numbers are flushed here.
        """
        return cls(
            exact_array("tokens", tokens, 2),
            A if A is None or isinstance(A, Model) else exact_array("A", A, 2),
            alpha if alpha is None or isinstance(alpha, Step) else exact_array("alpha", alpha, 0),
            step=step,
            labels=labels,
            multiplicities=None if multiplicities is None else as_numpy("multiplicities", multiplicities).tolist(),
            follow=follow,
        )

    @classmethod
    def from_gram(
        cls,
        gram: Any,
        alpha: Any = None,
        *,
        step: Step | None = None,
        labels: Sequence[str] | None = None,
        multiplicities: Any = None,
    ) -> "Configuration":
        """The configuration of tokens of which only the inner products G_ij = ⟨z_i, z_j⟩ are given.

        Args:
            gram: (n, n), symmetric and positive semidefinite: exact numbers, or an array of floats, which are taken as
                the dyadic rationals that they are.
            alpha, step, labels, multiplicities: as in `from_array`.

        Raises:
            InputError: it is not square, not symmetric or not positive semidefinite, or holds NaN or infinity.
        """
        from .gram import Gram

        exact = exact_array("gram", gram, 2) if hasattr(gram, "__array__") else gram
        model = Gram(
            exact, alpha if alpha is None or isinstance(alpha, Step) else exact_array("alpha", alpha, 0), step=step
        )
        weights = None if multiplicities is None else as_numpy("multiplicities", multiplicities).tolist()
        return cls(model.tokens(), model, labels=labels, multiplicities=weights)

    @property
    def n(self) -> int:
        """The number of tokens."""
        return len(self.tokens)

    @property
    def d(self) -> int:
        """The dimension."""
        return len(self.tokens[0])

    def _of_model(self, name: str) -> Any:
        """What only some kinds of model have."""
        try:
            return getattr(self.model, name)
        except AttributeError:
            raise InputError(f"models of kind {self.model.kind!r} have no {name}; ask for the kind first") from None

    @property
    def A(self) -> Matrix:  # noqa: N802 the paper's symbol
        """The matrix of the inner product ⟨x, y⟩ = xᵀAy."""
        return self._of_model("A")

    @property
    def step(self) -> Step:
        """How far tokens move at each layer."""
        return self._of_model("step")

    @property
    def follow(self) -> Follow:
        """Whether tokens follow the "largest" or the "smallest" inner product."""
        return self._of_model("follow")

    @property
    def alpha(self) -> Fraction | None:
        """α of a constant step, None for a step that depends on the layer."""
        return self.step.alpha if isinstance(self.step, ConstantStep) else None

    @cached_property
    def is_nonzero(self) -> bool:
        """Whether no token is the origin."""
        return all(any(row) for row in self.tokens)

    @cached_property
    def is_distinct(self) -> bool:
        """Whether no two tokens share a position (multiplicities are no repetition: see `merged`)."""
        return len(set(self.tokens)) == self.n

    @property
    def is_symmetric(self) -> bool:
        """Whether A = Aᵀ."""
        return self._of_model("is_symmetric")

    @property
    def is_spd(self) -> bool:
        """Whether A is symmetric positive definite."""
        return self._of_model("is_spd")

    @property
    def has_inner_product(self) -> bool:
        """Whether the scores are an inner product: A, or −A where tokens follow the smallest, is SPD."""
        return self._of_model("has_inner_product")

    def __repr__(self) -> str:
        """What makes an equal configuration, for the prompt; cut where nobody reads on."""
        matrix = [f"[{', '.join(map(_repr, row))}]" for row in self.tokens[:MOST_SHOWN]]
        more = f", … {self.n - MOST_SHOWN} more" if self.n > MOST_SHOWN else ""
        parts = [f"[{', '.join(matrix)}{more}]"]
        if self.model.kind != "hardmax":
            parts.append(repr(self.model))
        else:
            if self.A != identity(self.d):
                rows = [f"[{', '.join(map(_repr, row))}]" for row in self.A]
                parts.append(f"[{', '.join(rows[:MOST_SHOWN])}{', …' if self.d > MOST_SHOWN else ''}]")
            parts.append(f"step={self.step}" if self.alpha is None else f"alpha={_repr(self.alpha)}")
            parts += [] if self.follow == "largest" else [f"follow={self.follow!r}"]
        if self.labels is not None:
            parts.append(f"labels={list(self.labels[:MOST_SHOWN])}{'…' if more else ''}")
        if max(self.multiplicities) > 1:
            parts.append(f"multiplicities={list(self.multiplicities[:MOST_SHOWN])}{'…' if more else ''}")
        return f"Configuration({', '.join(parts)})"

    def _repr_html_(self) -> str:
        return named("hardmax.verify.commands.parts.picture:configuration_html")(self)

    def hypotheses(self) -> dict[str, bool]:
        """What the model's claims assume of tokens and model, and whether this input meets it."""
        return {"nonzero": self.is_nonzero, "distinct": self.is_distinct, **self.model.hypotheses()}

    def dynamics(self) -> Layers:
        """The exact layers."""
        return self.model.dynamics(self)

    def merged(self) -> "Configuration":
        """The configuration with equal tokens merged into one, in order of first appearance, multiplicities added.

        Labels of merged tokens are kept once each, joined by "/". The dynamics is the same: means stay weighted.
        """
        places: dict[Vector, list[int]] = {}
        for i, row in enumerate(self.tokens):
            places.setdefault(row, []).append(i)
        labels = self.labels
        return with_changes(
            self,
            tokens=tuple(places),
            multiplicities=tuple(sum(self.multiplicities[i] for i in group) for group in places.values()),
            labels=None
            if labels is None
            else tuple("/".join(dict.fromkeys(labels[i] for i in group)) for group in places.values()),
        )

    def inner(self, x: Vector, y: Vector) -> Fraction:
        """⟨x, y⟩ = xᵀAy, exact; x and y are vectors of d Fractions."""
        return sum(
            (
                xi * sum((a * yj for a, yj in zip(row, y, strict=True)), Fraction(0))
                for xi, row in zip(x, self.A, strict=True)
            ),
            Fraction(0),
        )


def _repr(value: Fraction) -> str:
    """A number as `Configuration` takes it, cut if it is very long."""
    return str(value) if value.denominator == 1 and abs(value) < 10**40 else f'"{short_text(value)}"'


def with_changes(configuration: Configuration, **changes: Any) -> Configuration:
    """A copy of `configuration` with the named fields, its own or its model's, replaced, validated anew."""
    c = configuration
    own = {"tokens": c.tokens, "model": c.model, "labels": c.labels, "multiplicities": c.multiplicities}
    of_model = {name: value for name, value in changes.items() if name not in own}
    own |= {name: value for name, value in changes.items() if name in own}
    if "alpha" in of_model and "alpha" not in {f.name for f in fields(c.model)}:  # type: ignore[arg-type]
        of_model["step"] = step_of(of_model.pop("alpha"))
    model = replace(own["model"], **of_model) if of_model else own["model"]
    return Configuration(own["tokens"], model, labels=own["labels"], multiplicities=own["multiplicities"])
