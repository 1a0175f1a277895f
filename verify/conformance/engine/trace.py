"""The last input of a kernel, in a file that outlives its process.

The process of the kernel writes it before each call, the one that waits reads it when the other is gone.
"""

import mmap
import os
import pickle
import struct
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import wraps
from time import monotonic
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ....kernels.exact.configuration_file import configuration_to_json
from ....kernels.protocol import Kernel, to_numpy
from ..check import in_words
from ..failures.snippet import assignments, loading
from ..inputs.trial import Arrangement, Call, Trial
from ..judge import Fault, read_exactly
from ..record import CheckFinding

ROOM = 1 << 26
"""Bytes of the file, holes until they are written; longer inputs are not kept."""
HEAD = struct.Struct("qdqq")
"""Calls so far, when the last began (monotonic), whether it is under way, bytes of its input (0: none kept)."""


class CallInput(Protocol):
    """The input of a call, as it is kept: it can be pickled."""

    def finding(self, kernel: Any, spec: str, how: str) -> CheckFinding:
        """The failure of a kernel that did not return from the call; the arguments are those of `Left.finding`."""
        ...


@dataclass(frozen=True, slots=True)
class Left:
    """What a process left.

    Args:
        calls: how many calls of the kernel its check made.
        began: when the last one began, by `time.monotonic`.
        under_way: whether it had not returned.
        given: its input; None if it was not kept.
    """

    calls: int
    began: float
    under_way: bool
    given: CallInput | None = None

    def finding(self, kernel: Any, spec: str, how: str) -> CheckFinding:
        """The failure of a kernel that did not return from this call.

        Args:
            kernel: its declarations.
            spec: how it was named.
            how: what became of the process, after "the process".
        """
        if self.given is None or not self.under_way:
            return CheckFinding("fail", f"the process {how}, after {self.calls} calls of the kernel")
        return self.given.finding(kernel, spec, how)


@dataclass(frozen=True, slots=True)
class LayerInput:
    """The input of a layer.

    Args:
        entry: what was called: "step", "layer" or "prove".
        dtype: the dtype of its tokens.
        arrangement: how they lay in memory.
        values: tokens (B, n, d), A (d, d) and α.
    """

    entry: str
    dtype: str
    arrangement: Arrangement
    values: tuple[NDArray[Any], NDArray[Any], float]

    @classmethod
    def of(cls, entry: str, tokens: Any, A: Any, alpha: float) -> "LayerInput":
        """What a call of `entry` is given."""
        dtype = str(tokens.dtype).removeprefix("torch.")
        return cls(entry, dtype, _arrangement(tokens), (to_numpy(tokens), to_numpy(A), float(alpha)))

    def finding(self, kernel: Any, spec: str, how: str) -> CheckFinding:
        """The failure of a layer that did not return from this call."""
        tokens, A, alpha = self.values
        finite = all(bool(np.isfinite(values).all()) for values in self.values)
        read = read_exactly if finite else _as_floats
        sets = {rows.tobytes(): read(rows) for rows in tokens}  # equal ones are one object
        step: Any = Fraction(alpha) if finite else alpha
        one = Call(tuple([sets[rows.tobytes()] for rows in tokens]), read(A), step, self.arrangement)
        lines = loading(kernel, spec, "from hardmax.verify.conformance import arranged")
        lines += assignments(one, self.dtype)
        arrays = "tokens, A"
        if self.entry != "prove":
            form = f"(arranged(kernel, values, {self.arrangement!r}, {self.dtype!r}) for values in (tokens, A))"
            lines += [f"native, form = {form}"]
            arrays = "native, form"
        layers = ", 6" if self.entry == "prove" else ""
        lines += [f"kernel.{self.entry}({arrays}, alpha{layers})  # the process {how}"]
        detail = f"the process {how}" + ("" if finite else "; tokens, A or alpha hold values that are not finite")
        message = in_words(Trial((one,), self.dtype), Fault("raised", 0, 0, 0, 0, detail, ()))
        single = finite and len(tokens) == 1
        configuration = configuration_to_json(one.configuration(0)) if single else None
        return CheckFinding("fail", message, 0 if single else None, None, configuration, "\n".join(lines) + "\n")


def _as_floats(rows: NDArray[Any]) -> Any:
    return tuple(map(tuple, rows.astype(np.float64).tolist()))


class Trace:
    """The file.

    Args:
        path: an existing one, for the process of the kernel; a new one if empty.
    """

    def __init__(self, path: str = "") -> None:
        self._owned = not path
        if path:
            descriptor = os.open(path, os.O_RDWR)
        else:
            descriptor, path = tempfile.mkstemp(prefix="hardmax-", suffix=".input")
            os.truncate(descriptor, ROOM)
        self.path = path
        self._map = mmap.mmap(descriptor, ROOM)
        os.close(descriptor)
        self._calls = 0

    def close(self) -> None:
        """Remove the file."""
        self._map.close()
        if self._owned:
            with suppress(OSError):
                os.unlink(self.path)

    def clear(self) -> None:
        """Begin a check."""
        self._calls = 0
        self._map[: HEAD.size] = HEAD.pack(0, 0.0, 0, 0)

    def traced(self, function: Callable[..., Any], given: Callable[..., CallInput]) -> Callable[..., Any]:
        """`function`, each of whose calls leaves `given` of its arguments."""

        @wraps(function)
        def call(*arguments: Any, **keywords: Any) -> Any:
            self._write(given(*arguments, **keywords))
            try:
                return function(*arguments, **keywords)
            finally:
                self._map[: HEAD.size] = HEAD.pack(self._calls, 0.0, 0, 0)

        return call

    def _write(self, given: CallInput) -> None:
        self._calls += 1
        text = pickle.dumps(given, protocol=pickle.HIGHEST_PROTOCOL)
        kept = len(text) if HEAD.size + len(text) <= ROOM else 0
        if kept:
            self._map[HEAD.size : HEAD.size + kept] = text
        self._map[: HEAD.size] = HEAD.pack(self._calls, monotonic(), 1, kept)

    def read(self) -> Left:
        """What the process of the kernel left."""
        calls, began, under_way, kept = HEAD.unpack(self._map[: HEAD.size])
        if not kept:
            return Left(calls, began, bool(under_way))
        return Left(calls, began, bool(under_way), pickle.loads(self._map[HEAD.size : HEAD.size + kept]))


def traced_layer(trace: Trace, kernel: Kernel) -> Kernel:
    """`kernel`, all of whose calls leave their input."""
    entries = {name: getattr(kernel, name) for name in ("step", "layer", "prove")}

    def given(name: str) -> Callable[..., LayerInput]:
        return lambda tokens, A, alpha, *rest: LayerInput.of(name, tokens, A, alpha)

    there = {name: trace.traced(function, given(name)) for name, function in entries.items() if function is not None}
    return replace(kernel, **there)


def _arrangement(tokens: Any) -> Arrangement:
    """How tokens lie in memory, as `arranged` has it."""
    if isinstance(tokens, np.ndarray):
        if tokens.flags.c_contiguous:
            return "contiguous" if tokens.flags.writeable else "readonly"
        if tokens.flags.f_contiguous:
            return "fortran"
        return "reversed" if min(tokens.strides) < 0 else "strided"
    if tokens.is_contiguous():
        return "contiguous"
    return "fortran" if tokens.permute(*range(tokens.ndim)[::-1]).is_contiguous() else "strided"
