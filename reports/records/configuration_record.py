"""Records of exact inputs and of their layers: what tables and pictures are made of.

Neighbours: `run_record` and `record` hold them, `codec` reads and writes them.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeVar

from msgspec import Meta, convert

from .codec import Record, RecordError

_END = r"$(?!\n)"  # Python's $ is also before a newline at the end
Rational = Annotated[
    str, Meta(pattern=rf"^(?:0|-?[1-9][0-9]*(?:/[1-9][0-9]*)?){_END}", description='A string like "3" or "-1/2".')
]
"""An exact number."""
Identifier = Annotated[
    str, Meta(pattern=rf"^[A-Za-z0-9][A-Za-z0-9._-]{{0,99}}{_END}", description="Letters, digits and . _ -")
]
"""A name that is also the name of a folder or a file, without a path."""
Value = TypeVar("Value")
ByNumber = Annotated[
    Mapping[Annotated[int, Meta(ge=0)], Value],
    Meta(extra_json_schema={"propertyNames": {"pattern": "^(?:0|[1-9][0-9]*)$"}}),
]
"""An object whose keys are whole numbers ≥ 0."""

Row = tuple[Rational, ...]
Rows = tuple[Row, ...]
"""(n, d) exact numbers, one row a point."""
LayerSets = tuple[tuple[int, ...], ...]
"""The follow sets of one layer: entry i holds C_i, ascending."""


class StepRecord(Record, frozen=True):
    """A step that depends on the layer.

    Args:
        rule: "harmonic": λ_k = numerator / (k + offset); "geometric": λ_k = first · ratio^k; "listed": λ_k = rates[k],
            the last one for ever. What belongs to another rule is null.
        numerator: a whole number > 0.
        offset: a whole number ≥ numerator.
        first: λ_0.
        ratio: a number in (0, 1).
        rates: numbers in (0, 1].
    """

    rule: Literal["harmonic", "geometric", "listed"]
    numerator: int | None = None
    offset: int | None = None
    first: Rational | None = None
    ratio: Rational | None = None
    rates: tuple[Rational, ...] | None = None

    def __post_init__(self) -> None:
        needed = {"harmonic": ("numerator", "offset"), "geometric": ("first", "ratio"), "listed": ("rates",)}[self.rule]
        given = [n for n in ("numerator", "offset", "first", "ratio", "rates") if getattr(self, n) is not None]
        if tuple(given) != needed:
            raise RecordError(f"a {self.rule} step needs {' and '.join(needed)}, and nothing else")


class ConfigurationRecord(Record, frozen=True):
    """A configuration, exactly, in the form of a configuration file.

    Args:
        tokens: (n, d), one row a token.
        A: (d, d), the matrix of the inner product ⟨x, y⟩ = xᵀAy; required without `attention`.
        alpha: the constant step α > 0; null if `step` is given.
        step: a step that depends on the layer; null if `alpha` is given.
        labels: one name a token, any text.
        multiplicities: with which weight each token enters a mean; all 1 if null.
        follow: whether tokens follow the largest or the smallest inner product.
        attention: {kind of model: its parameters}; null for hardmax.
    """

    tokens: Rows
    A: Rows | None = None
    alpha: Rational | None = None
    step: StepRecord | None = None
    labels: tuple[str, ...] | None = None
    multiplicities: tuple[int, ...] | None = None
    follow: Literal["largest", "smallest"] = "largest"
    attention: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if not self.tokens or not self.tokens[0]:
            raise RecordError("tokens is empty; at least one token with one coordinate is required")
        n, d = len(self.tokens), len(self.tokens[0])
        _check_rows("tokens", self.tokens, n, d)
        if self.A is not None:
            _check_rows("A", self.A, d, d)
        elif self.attention is None:
            raise RecordError("needs A, or attention where another kind of model has none")
        if self.attention is None and (self.alpha is None) == (self.step is None):
            raise RecordError("needs exactly one of alpha and step")
        for name, values in (("labels", self.labels), ("multiplicities", self.multiplicities)):
            if values is not None and len(values) != n:
                raise RecordError(f"{name} has {len(values)} entries for {n} tokens")

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "ConfigurationRecord":
        """The record of a configuration that is given as a configuration file has it."""
        return convert(data, cls)

    @property
    def n(self) -> int:
        """The number of tokens."""
        return len(self.tokens)

    @property
    def d(self) -> int:
        """The dimension."""
        return len(self.tokens[0])


class TrajectoryRecord(Record, frozen=True):
    """The first layers of a configuration, for pictures and tables; proofs do not rest on it.

    Args:
        layers: the tokens Z^0, Z^1, …, each (n, d).
        follow_sets: the follow sets at the same layers.
        gaps: for each layer the smallest gap min_i (max_l ⟨z_i, z_l⟩ − max_{l ∉ C_i} ⟨z_i, z_l⟩); null where no token
            is left out of any follow set.
        bounds: for each layer the error bound of a float kernel on such a gap; null if no float kernel ran.
        complete: whether the follow sets are known to stay as in the last layer shown.
    """

    layers: tuple[Rows, ...]
    follow_sets: tuple[LayerSets, ...]
    gaps: tuple[Rational | None, ...]
    bounds: tuple[Rational, ...] | None
    complete: bool

    def __post_init__(self) -> None:
        if not self.layers:
            raise RecordError("layers is empty; at least layer 0 is required")
        n, d = len(self.layers[0]), len(self.layers[0][0]) if self.layers[0] else 0
        for k, rows in enumerate(self.layers):
            _check_rows(f"layers[{k}]", rows, n, d)
        for name, values in (("follow_sets", self.follow_sets), ("gaps", self.gaps), ("bounds", self.bounds)):
            if values is not None and len(values) != len(self.layers):
                raise RecordError(f"{name} has {len(values)} entries for {len(self.layers)} layers")
        for k, sets in enumerate(self.follow_sets):
            if len(sets) != n or any(not C or not all(0 <= j < n for j in C) for C in sets):
                raise RecordError(f"follow_sets[{k}] must hold {n} non-empty sets of token indices below {n}")


def _check_rows(name: str, rows: Rows, n: int, d: int) -> None:
    if len(rows) != n or any(len(row) != d for row in rows):
        raise RecordError(f"{name} must have {n} rows of {d} numbers, as many as there are tokens and coordinates")


def check_picture(
    configuration: ConfigurationRecord,
    trajectory: TrajectoryRecord | None,
    *,
    tokens: Iterable[int],
    limits: Rows | None,
    points: Rows | None,
) -> None:
    """What a picture relies on: every part belongs to the tokens of `configuration`."""
    n, d = configuration.n, configuration.d
    if trajectory is not None:
        _check_rows("trajectory.layers[0]", trajectory.layers[0], n, d)
    if wrong := [i for i in tokens if not 0 <= i < n]:
        raise RecordError(f"names the token {wrong[0]}, but there are {n} tokens")
    if limits is not None:
        _check_rows("limits", limits, n, d)
    if points is not None:
        _check_rows("vertices", points, len(points), d)
