"""Trials: what a kernel is called with, exactly, and how it is called.

A *call* is one batch (token sets of one shape, one A, one α) of exact values that the kernel's dtype can represent,
laid out in memory in some arrangement. A *trial* is a sequence of calls, each run for some layers on the kernel's own
output. Everything that the suite judges is a trial, so that every failure can be shrunk and written as a snippet.

Neighbours: `judge` says whether answers are right, `shrink` makes failing trials small, `snippet` writes them.
"""

import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import wraps
from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from ....kernels.bounds.exact_scores import GREATEST_EXPONENT
from ....kernels.bounds.half import HALVES
from ....kernels.errors import InputError, author_line
from ....kernels.exact.configuration import Configuration, Matrix, identity
from ....kernels.protocol import Kernel, normalised, stored, to_numpy

Arrangement = Literal[
    "contiguous",
    "fortran",
    "permuted",
    "padded",
    "sliced",
    "offset",
    "strided",
    "reversed",
    "readonly",
    "expanded",
    "signed",
]
ARRANGEMENTS: tuple[Arrangement, ...] = get_args(Arrangement)
NUMPY_ONLY: tuple[Arrangement, ...] = ("reversed", "readonly")


class NotTestedError(BaseException):
    """Something is not tested, for the reason given: it was ruled out, or no right answer is known there.

    No Exception: what checks catch is what a kernel raises, and this is not the kernel's.
    """


class NoTokensError(Exception):
    """What a kernel returned cannot be next tokens: the message says why."""


def raised(error: BaseException, when: str = "") -> str:
    """What a kernel raised (`when`: in which pass), in one line, and the line of its author's where it came about."""
    said = " ".join(f"{type(error).__name__}{when}: {error}".split())
    return f"raised {said if len(said) <= 300 else f'{said[:300]}…'}{author_line(error)}"


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes that a kernel is asked for.

    Args:
        B: the least and the largest number of token sets, None for any.
        n: the same of tokens.
        d: of coordinates.
    """

    B: tuple[int, int] | None = None
    n: tuple[int, int] | None = None
    d: tuple[int, int] | None = None

    def __str__(self) -> str:
        return ",".join(f"{name}={r[0]}-{r[1]}" for name in "Bnd" if (r := getattr(self, name)) is not None)

    def require(self, *shapes: tuple[int, int, int]) -> None:
        """Raise `NotTestedError` if one of the shapes (B, n, d) is ruled out."""
        for shape in shapes:
            for name, size in zip("Bnd", shape, strict=True):
                low, high = getattr(self, name) or (size, size)
                if not low <= size <= high:
                    raise NotTestedError(f"it takes {name} = {size}; --sizes rules out all but {low} to {high}")

    def limited(self, kernel: Kernel) -> Kernel:
        """`kernel`, which is never called with other sizes."""
        if self == Sizes():
            return kernel

        def entry(function: Any) -> Any:
            @wraps(function)
            def call(tokens: Any, *rest: Any) -> Any:
                self.require(tuple(tokens.shape))
                return function(tokens, *rest)

            return call

        entries = {name: getattr(kernel, name) for name in ("step", "layer", "prove")}
        return replace(kernel, **{name: entry(function) for name, function in entries.items() if function is not None})


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a kernel, in exact numbers.

    Args:
        tokens: B token sets, each (n, d).
        A: (d, d).
        alpha: α > 0, a dyadic rational (what the kernel is given is `float(alpha)`).
        arrangement: how the array of tokens lies in memory.
        form: how A lies in memory; as the tokens do if None.
    """

    tokens: tuple[Matrix, ...]
    A: Matrix
    alpha: Fraction
    arrangement: Arrangement = "contiguous"
    form: Arrangement | None = None

    @property
    def layout(self) -> str:
        """How arrays lie in memory, in words; empty if they are contiguous."""
        form = self.form or self.arrangement
        if form == self.arrangement:
            return "" if form == "contiguous" else f"{form} arrays"
        return f"{self.arrangement} tokens, {form} A"

    @property
    def shape(self) -> tuple[int, int, int]:
        """(B, n, d)."""
        return len(self.tokens), len(self.tokens[0]), len(self.A)

    def configuration(self, row: int) -> Configuration:
        """Row `row` of the batch as a configuration."""
        return Configuration(self.tokens[row], self.A, self.alpha)


@dataclass(frozen=True, slots=True)
class Trial:
    """Calls of one kernel, one after the other.

    Args:
        calls: at least one.
        dtype: what the kernel computes in; in half precision the values of the calls are rounded to it first.
        layers: every call is run for so many layers, each on the output of the one before.
        linked: whether the calls only mean something together (a small one after a large one): two at least are kept.
    """

    calls: tuple[Call, ...]
    dtype: str
    layers: int = 1
    linked: bool = False

    def __post_init__(self) -> None:
        if self.dtype in HALVES:
            with suppress(NotTestedError):  # whoever runs the trial is told
                object.__setattr__(self, "calls", tuple(rounded(one, self.dtype) for one in self.calls))


def rounded(one: Call, dtype: str) -> Call:
    """A call whose tokens and A are rounded to the dtype.

    Raises:
        NotTestedError: a value is beyond the largest number of the dtype.
    """

    def exactly(rows: Matrix) -> Matrix:
        try:
            result = stored(np.array(rows, dtype=object).astype(np.float64), dtype).astype(np.float64)
        except OverflowError:
            result = np.array([np.inf])
        if not np.isfinite(result).all():
            raise NotTestedError(f"values beyond the largest {dtype}")
        return tuple(tuple(map(Fraction, row)) for row in result.tolist())

    different = {id(rows): exactly(rows) for rows in {id(rows): rows for rows in one.tokens}.values()}
    return replace(one, tokens=tuple([different[id(rows)] for rows in one.tokens]), A=exactly(one.A))


def exact_rows(rows: Sequence[Sequence[int | Fraction]]) -> Matrix:
    """`rows` of int or Fraction as a `Matrix`."""
    return tuple(tuple(Fraction(v) for v in row) for row in rows)


def call(
    *sets: Sequence[Sequence[int | Fraction]],
    A: Sequence[Sequence[int | Fraction]] | None = None,
    alpha: int | Fraction = 1,
    arrangement: Arrangement = "contiguous",
) -> Call:
    """A `Call` with the token sets `sets` (each (n, d) of int or Fraction), A the identity if None."""
    tokens = tuple(exact_rows(rows) for rows in sets)
    return Call(tokens, identity(len(tokens[0][0])) if A is None else exact_rows(A), Fraction(alpha), arrangement)


def floats(values: Sequence[Matrix] | Matrix, dtype: str) -> NDArray[np.floating]:
    """Exact values as an array of `dtype` (for bfloat16, which NumPy has not, of float32), rounded in half precision.

    Raises:
        InputError: a value is not representable, so that the kernel would not see the configuration that is judged.
        NotTestedError: a value is beyond the largest number of half precision.
    """
    distinct = list({id(rows): rows for rows in values}.values()) if isinstance(values[0][0], tuple) else values
    array = np.array(distinct, dtype=object)
    result = stored(array.astype(np.float64), dtype)
    if dtype in HALVES:
        if not np.isfinite(result).all():
            raise NotTestedError(f"values beyond the largest {dtype}")
    elif [Fraction(v) for v in result.astype(np.float64).ravel().tolist()] != array.ravel().tolist():
        raise InputError(f"a value of the trial is not representable in {dtype}; give dyadic rationals that are")
    if len(distinct) == len(values):
        return result
    place = {id(rows): b for b, rows in enumerate(distinct)}
    return result[[place[id(rows)] for rows in values]]


def arranged(kernel: Kernel, tokens: Any, arrangement: Arrangement = "contiguous", dtype: str = "") -> Any:
    """`tokens` (or A) as what `kernel.step` takes, laid out in memory as `arrangement` says; the values are the same.

    Args:
        kernel: the kernel.
        tokens: (B, n, d) NumPy array, or A (d, d).
        arrangement: "contiguous"; "fortran" (first index fastest); "permuted" (the two outer axes exchanged, the inner
            one contiguous; for A its transpose, as in A = W.T); "padded" (a corner of a larger buffer, the inner axis
            contiguous); "sliced" (some tokens of longer sets, whole rows); "offset" (contiguous, but begins within a
            buffer, not at a multiple of 16 bytes); "strided" (every other entry of a larger buffer along each axis);
            "reversed" (negative strides, NumPy only); "readonly" (NumPy only); "expanded" (an axis along which all is
            equal has stride 0, any other array is contiguous); "signed" (contiguous, every third zero negative). What
            surrounds the values is NaN, which shows if strides are ignored.
        dtype: of the result, that of `tokens` if empty.
    """
    dtype = dtype or str(tokens.dtype)
    if arrangement == "signed":
        zeros = np.argwhere(np.asarray(tokens) == 0)[::3]
        tokens = np.array(tokens)
        tokens[tuple(zeros.T)] = -0.0
    native = kernel.arrays_for(tokens, dtype)
    if arrangement in ("contiguous", "signed"):
        return native
    if arrangement in NUMPY_ONLY and kernel.arrays != "numpy":
        raise InputError(f"torch tensors cannot be {arrangement}")
    if arrangement == "readonly":
        native.flags.writeable = False
        return native
    if arrangement == "reversed":
        return native[..., ::-1, ::-1].copy()[..., ::-1, ::-1]
    if arrangement == "expanded":
        return _expanded(kernel, native, tokens)
    axes = list(range(native.ndim))
    if arrangement in ("fortran", "permuted"):
        order = axes[::-1] if arrangement == "fortran" or native.ndim < 3 else [1, 0, 2]
        moved = native.transpose(order).copy() if kernel.arrays == "numpy" else native.permute(order).contiguous()
        return moved.transpose(order) if kernel.arrays == "numpy" else moved.permute(order)
    if arrangement == "offset":
        buffer = kernel.arrays_for(np.full(tokens.size + 8, np.nan), dtype)
        view = buffer[3 : 3 + tokens.size].reshape(tokens.shape)
    else:
        step, margin = (2, 0) if arrangement == "strided" else (1, 3)
        size = [step * s + margin for s in tokens.shape]
        cut = [slice(1, s + 1) if margin else slice(None, None, 2) for s in tokens.shape]
        if arrangement == "sliced":
            size[-1], cut[-1] = tokens.shape[-1], slice(None)
        view = kernel.arrays_for(np.full(size, np.nan), dtype)[tuple(cut)]
    view[...] = native
    return view


def _expanded(kernel: Kernel, native: Any, values: NDArray) -> Any:
    """`native` with stride 0 along the axes where all of `values` is equal; a copy if there is none."""
    for axis, size in enumerate(values.shape):
        first = values.take([0], axis=axis)
        if size > 1 and np.array_equal(np.broadcast_to(first, values.shape), values):
            place = (slice(None),) * axis
            part = native[(*place, slice(0, 1))]
            return np.broadcast_to(part, values.shape) if kernel.arrays == "numpy" else part.expand(values.shape)
    return native


def layouts(kernel: Kernel) -> tuple[Arrangement, ...]:
    """The arrangements that arrays of the kernel's kind can have."""
    return tuple(a for a in ARRANGEMENTS if kernel.arrays == "numpy" or a not in NUMPY_ONLY)


def raw_step(kernel: Kernel, tokens: Any, A: Any, alpha: Any) -> Any:
    """`kernel.step` on arrays of its own kind, without the warnings that NumPy gives about NaN and overflow.

    The suite judges values; a warning turned into an error would only hide them.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return kernel.step(tokens, A, float(alpha))


def next_tokens(found: Any, shape: tuple[int, ...]) -> NDArray[np.floating]:
    """What a kernel returned, as a NumPy array.

    Args:
        found: the result.
        shape: that of the tokens.

    Raises:
        NoTokensError: it is no array of floats of this shape.
    """
    if isinstance(found, tuple) or (moved := to_numpy(found)).dtype.kind == "O":
        raise NoTokensError(f"returned a {type(found).__name__} in place of an array of shape {shape}")
    if moved.shape != tuple(shape):
        raise NoTokensError(f"returned another shape than the tokens have: {moved.shape} for {tuple(shape)}")
    if moved.dtype.kind != "f":
        raise NoTokensError(f"returned {moved.dtype} values")
    return moved


class Given(Protocol):
    """What `apply` reads of a call."""

    @property
    def alpha(self) -> Fraction:
        """α."""
        ...

    @property
    def arrangement(self) -> Arrangement:
        """How tokens lie in memory."""
        ...

    @property
    def form(self) -> Arrangement | None:
        """How A does; as the tokens if None."""
        ...


def apply(
    kernel: Kernel, tokens: NDArray[np.floating], one: Given, A: NDArray[np.floating], dtype: str = ""
) -> NDArray[Any]:
    """The kernel's next tokens for the float tokens of a call; for the form "residual" divided by 1 + α.

    Args:
        kernel: the kernel.
        tokens: (B, n, d) in the dtype of the trial.
        one: the call, for α and the arrangements.
        A: its A in the dtype of the trial.
        dtype: what it computes in, if that is not the dtype of `tokens`.

    Raises:
        NoTokensError: it returned something else.
    """
    dtype = dtype or str(tokens.dtype)
    form = arranged(kernel, A, one.form or one.arrangement, dtype)
    found = raw_step(kernel, arranged(kernel, tokens, one.arrangement, dtype), form, one.alpha)
    moved = next_tokens(found, tokens.shape)
    if kernel.form != "residual":
        return moved
    if not np.isfinite(moved).all() and np.log2(float(one.alpha)) > GREATEST_EXPONENT[dtype] / 2:
        raise NotTestedError(f"z + alpha m is beyond the largest {dtype}")
    return normalised(kernel, moved, float(one.alpha))
