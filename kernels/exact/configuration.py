"""Configuration: the exact input of everything else — tokens, A, step, and what the words are called.

Neighbours: `configuration_file` reads and writes files, `dynamics` moves the tokens.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal

from ..errors import ExactnessError, InputError
from .step import ConstantStep, Step

Vector = tuple[Fraction, ...]
Matrix = tuple[Vector, ...]
Follow = Literal["largest", "smallest"]


def _exact_matrix(name: str, rows: Iterable[Iterable[int | Fraction]]) -> Matrix:
    """`rows` as Fractions, refusing floats by name and place."""
    result = []
    if not isinstance(rows, Iterable):
        raise InputError(f"{name} is {rows!r}; a list of rows is required, each a list of numbers")
    for i, row in enumerate(rows):
        if not isinstance(row, Iterable):
            raise InputError(f"{name}[{i}] is {row!r}; a row of numbers is required")
        values = tuple(row)
        for j, value in enumerate(values):
            if type(value) is not int and type(value) is not Fraction:
                raise ExactnessError(
                    f"{name}[{i}][{j}] is {value!r} of type {type(value).__name__}; exact values are int or Fraction: "
                    f"use Configuration.from_floats for floats"
                )
        result.append(tuple(v if type(v) is Fraction else Fraction(v) for v in values))
    return tuple(result)


def identity(d: int) -> Matrix:
    """The d × d identity matrix, exact."""
    return tuple(tuple(Fraction(int(i == j)) for j in range(d)) for i in range(d))


@dataclass(frozen=True)
class Configuration:
    """Tokens z_1 … z_n in R^d, the matrix A of the inner product ⟨x, y⟩ = xᵀAy, and the step.

    Nothing is assumed beyond shapes: tokens may repeat or be zero and A need not be symmetric or positive definite,
    because dropping a hypothesis is a question one can ask. `is_nonzero`, `is_distinct` and `is_spd` tell.

    Args:
        tokens: (n, d) exact numbers (int or Fraction), n ≥ 1, d ≥ 1.
        A: (d, d) exact numbers; the identity if None.
        step: an α > 0 (int or Fraction), or a `Step`.
        labels: n names, or None.
        multiplicities: n weights w_i ≥ 1 with which token i enters every mean; all 1 if None.
        follow: a token follows the tokens of "largest" (the clustering paper) or of "smallest" inner product
            (a negative semidefinite key–query matrix); the latter is the former with −A.

    Raises:
        ExactnessError: a value is a float or of another inexact type.
        InputError: a shape is wrong or a step not positive.

    Source: arXiv:2407.01602, equation (1.1).
    """

    tokens: Matrix
    A: Matrix
    step: Step
    labels: tuple[str, ...] | None
    multiplicities: tuple[int, ...]
    follow: Follow

    def __init__(
        self,
        tokens: Iterable[Iterable[int | Fraction]],
        A: Iterable[Iterable[int | Fraction]] | None = None,
        step: Step | int | Fraction = 1,
        *,
        labels: Iterable[str] | None = None,
        multiplicities: Iterable[int] | None = None,
        follow: Follow = "largest",
    ) -> None:
        rows = _exact_matrix("tokens", tokens)
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
        matrix = identity(d) if A is None else _exact_matrix("A", A)
        if len(matrix) != d or any(len(row) != d for row in matrix):
            shape = f"{len(matrix)} rows of lengths {sorted({len(row) for row in matrix})}"
            raise InputError(f"A has {shape} but tokens have {d} coordinates; A must be {d} x {d}")
        names = None if labels is None else tuple(labels)
        if names is not None and len(names) != len(rows):
            raise InputError(f"labels has {len(names)} names for {len(rows)} tokens; give one a token or none")
        weights = (1,) * len(rows) if multiplicities is None else tuple(multiplicities)
        if len(weights) != len(rows) or any(type(w) is not int or w < 1 for w in weights):
            raise InputError(f"multiplicities is {list(weights)}; give {len(rows)} whole numbers >= 1")
        if follow not in ("largest", "smallest"):
            raise InputError(f'follow is {follow!r}; it must be "largest" or "smallest"')
        write = object.__setattr__
        write(self, "tokens", rows)
        write(self, "A", matrix)
        write(self, "step", step if isinstance(step, Step) else ConstantStep(step))  # type: ignore[arg-type]
        write(self, "labels", names)
        write(self, "multiplicities", weights)
        write(self, "follow", follow)

    @classmethod
    def from_floats(
        cls, tokens: Any, A: Any = None, alpha: Any = 1.0, *, labels: Sequence[str] | None = None
    ) -> "Configuration":
        """The configuration whose values are exactly the dyadic rationals that the given floats are.

        Args:
            tokens: (n, d) array-like of finite floats (any NumPy dtype) or integers.
            A: (d, d) array-like, or None for the identity.
            alpha: a finite positive number.
            labels: n names, or None.

        Raises:
            InputError: an array is not of that shape or holds NaN or infinity, or subnormal numbers are flushed here.
        """
        return cls(
            _dyadic("tokens", tokens, 2),
            None if A is None else _dyadic("A", A, 2),
            _dyadic("alpha", alpha, 0),
            labels=labels,
        )

    @property
    def n(self) -> int:
        """The number of tokens."""
        return len(self.tokens)

    @property
    def d(self) -> int:
        """The dimension."""
        return len(self.tokens[0])

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

    @cached_property
    def is_symmetric(self) -> bool:
        """Whether A = Aᵀ."""
        return self.A == tuple(zip(*self.A, strict=True))

    @cached_property
    def is_spd(self) -> bool:
        """Whether A is symmetric positive definite."""
        return self.A == identity(self.d) or (self.is_symmetric and is_positive_definite(self.A))

    @cached_property
    def has_inner_product(self) -> bool:
        """Whether the scores are an inner product: A, or −A where tokens follow the smallest, is SPD."""
        if self.follow == "largest":
            return self.is_spd
        return self.is_symmetric and is_positive_definite([[-v for v in row] for row in self.A])

    def hypotheses(self) -> dict[str, bool]:
        """The hypotheses of the clustering theorem and whether this input meets each."""
        return {"nonzero": self.is_nonzero, "distinct": self.is_distinct, "spd": self.has_inner_product}

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


def with_changes(configuration: Configuration, **changes: Any) -> Configuration:
    """A copy of `configuration` with the named fields replaced, validated anew."""
    fields: dict[str, Any] = {
        "tokens": configuration.tokens,
        "A": configuration.A,
        "step": configuration.step,
        "labels": configuration.labels,
        "multiplicities": configuration.multiplicities,
        "follow": configuration.follow,
    } | changes
    return Configuration(**fields)


def is_positive_definite(A: Iterable[Sequence[Fraction]]) -> bool:
    """Whether a symmetric matrix is positive definite: exact LDLᵀ, all pivots positive."""
    rows = [list(row) for row in A]
    for k, pivot_row in enumerate(rows):
        pivot = pivot_row[k]
        if pivot <= 0:
            return False
        for row in rows[k + 1 :]:
            factor = row[k] / pivot
            for j in range(k, len(rows)):
                row[j] -= factor * pivot_row[j]
    return True


def refuse_flushing() -> None:
    """Refuse to read floats exactly where the processor takes subnormal numbers for 0.

    Raises:
        InputError: this thread flushes subnormal numbers.
    """
    if not sys.float_info.min / 2 > 0:
        raise InputError(
            "this process flushes subnormal numbers to zero, so floats cannot be read as what they are; "
            "call torch.set_flush_denormal(False)"
        )


def _dyadic(name: str, values: Any, ndim: int) -> Any:
    """Floats as the dyadic rationals they are: a Fraction (ndim 0) or a list of rows (ndim 2)."""
    import numpy as np  # exact work needs no NumPy, and `hardmax --help` should not wait for it

    refuse_flushing()
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise InputError(f"{name} is not a rectangular array: {error}") from None
    if array.ndim != ndim:
        raise InputError(f"{name} has shape {array.shape}; {'a number' if ndim == 0 else 'a 2-d array'} is required")
    if array.dtype.kind not in "fiu":
        raise InputError(f"{name} has dtype {array.dtype}; float or integer values are required")
    if array.dtype.kind == "f":
        if array.dtype.itemsize > 8:
            raise InputError(f"{name} has dtype {array.dtype}; float64 is the widest float read exactly")
        if not np.isfinite(array).all():
            where = np.argwhere(~np.isfinite(array))[0].tolist()
            raise InputError(f"{name}{where or ''} is {array[tuple(where)]}; every value must be finite")
    if ndim == 0:
        return Fraction(array.item())
    return [[Fraction(v) for v in row] for row in array.tolist()]


__all__ = [
    "Configuration",
    "Follow",
    "Matrix",
    "Vector",
    "identity",
    "is_positive_definite",
    "refuse_flushing",
    "with_changes",
]
