"""Snippets: Python that a person pastes to see a failure, without pytest and without the suite.

Neighbours: `suite` puts them into the results; a test runs every one against the kernel that it was made for.
"""

import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ....kernels.exact.configuration import Matrix, identity
from ....kernels.protocol import Kernel
from ..inputs.trial import Call, Trial
from ..judge import Fault

WIDE = 16
"""Of larger A that are mostly 0 the other entries are written."""


def loading(kernel: Any, spec: str, *imports: str, by: str = "load") -> list[str]:
    """The first lines of a snippet: imports, and the kernel by its SPEC.

    Args:
        kernel: the kernel under test.
        spec: how it was named; empty if it was given as an object. A file is named by its absolute path, so that the
            snippet runs from any folder.
        imports: further import lines.
        by: the function of `registry` that loads it.
    """
    lines = ["import numpy as np", f"from hardmax.kernels.registry import {by}", *imports, ""]
    if not spec:
        spec = importable(kernel)
    if spec:
        overrides = "".join(f", {name}={value!r}" for name, value in kernel.overrides.items())
        return [*lines, f"kernel = {by}({_from_anywhere(spec)!r}{overrides})"]
    return [
        *lines,
        f"assert 'kernel' in globals(), 'put the kernel under test, {kernel.name}, into the variable kernel'",
    ]


def importable(kernel: Any) -> str:
    """The import string of a kernel given as an object, if its step function is importable; else empty."""
    if kernel.source:
        return kernel.source
    function = getattr(kernel, "step", None) or kernel.function
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    if module in (None, "__main__") or getattr(sys.modules.get(module), name, None) is not function:
        return ""
    return f"{module}:{name}"


def _from_anywhere(spec: str) -> str:
    """`spec` with the path of a file made absolute."""
    place, colon, attribute = spec.rpartition(":")
    return f"{Path(place).absolute()}{colon}{attribute}" if place.endswith(".py") else spec


def literal(value: Fraction | float) -> str:
    """A number as Python text that reads back as the same float."""
    number = float(value)
    return repr(number) if np.isfinite(number) else f'float("{number}")'


def array(values: Sequence, dtype: str) -> str:
    """Nested rows of exact numbers as the text of a NumPy array, short: 3 for 3.0."""

    def text(part: Any) -> str:
        if not isinstance(part, Fraction | float | int):
            return f"[{', '.join(text(p) for p in part)}]"
        number = literal(part)
        return number if number == "-0.0" else number.removesuffix(".0")

    return f'np.array({text(values)}, dtype="{"float32" if dtype == "bfloat16" else dtype}")'


def assignments(one: Call, dtype: str) -> list[str]:
    """The lines that define tokens, A and alpha of a call."""
    B, n, d = one.shape
    different = list({id(rows): rows for rows in one.tokens}.values())
    place = {id(rows): s for s, rows in enumerate(different)}
    order = [place[id(rows)] for rows in one.tokens]
    k = len(different)
    repeated = "" if k == B else f"[{f'np.arange({B}) % {k}' if order == [b % k for b in range(B)] else order}]"
    lines = [f"tokens = {array(different, dtype)}{repeated}  # {B} x {n} x {d}"]
    name = "float32" if dtype == "bfloat16" else dtype
    filled = [(a, b) for a in range(d) for b in range(d) if one.A[a][b]]
    if d > 4 and one.A == identity(d):
        lines += [f'A = np.eye({d}, dtype="{name}")']
    elif d > WIDE and 4 * len(filled) < d * d:
        values = ", ".join(literal(one.A[a][b]) for a, b in filled)
        place = f"{[a for a, _ in filled]}, {[b for _, b in filled]}"
        lines += [f'A = np.zeros(({d}, {d}), dtype="{name}")', f"A[{place}] = [{values}]"]
    else:
        lines += [f"A = {array(one.A, dtype)}"]
    return [*lines, f"alpha = {literal(one.alpha)}"]


def trial_snippet(kernel: Kernel, spec: str, trial: Trial, fault: Fault) -> str:
    """The snippet of a failing trial: it ends in an assertion that fails for the kernel, or in the error it raises."""
    plain = not any(one.layout for one in trial.calls)
    imports = (
        ()
        if plain
        else ("from hardmax.kernels.protocol import to_numpy", "from hardmax.verify.conformance import arranged")
    )
    lines = loading(kernel, spec, *imports)
    for c, one in enumerate(trial.calls[: fault.call + 1]):
        lines += assignments(one, trial.dtype)
        count = fault.layer + 1 if c == fault.call else trial.layers
        half = "" if trial.dtype != "bfloat16" else ', "bfloat16"'
        step = (
            f"tokens = kernel(tokens, A, alpha{half})"
            if not one.layout
            else f'tokens = to_numpy(kernel.step(arranged(kernel, tokens, "{one.arrangement}"{half}), '
            f'arranged(kernel, A, "{one.form or one.arrangement}"{half}), alpha))'
        )
        if kernel.form == "residual":
            step = f"{step}.astype(np.float64) / (1 + alpha)"  # the tokens of the normalised layer
            step = step.replace("tokens = ", "tokens = (", 1).replace(" / (1", ") / (1") if count > 1 else step
        lines += [step] if count == 1 else [f"for _ in range({count}):", f"    {step}.astype(A.dtype)"]
    shape = trial.calls[fault.call].shape
    if fault.kind == "value":
        lines += expectation(f"tokens[{fault.row}, {fault.token}]", fault.expected, fault.tolerance)
    elif fault.kind == "shape":
        lines += [f"assert tokens.shape == {shape} and tokens.dtype.kind == 'f', (tokens.shape, tokens.dtype)"]
    return "\n".join(lines) + "\n"


def expectation(got: str, expected: Sequence[Fraction], tolerance: Sequence[float]) -> list[str]:
    """The lines that compare the vector `got` (Python text of a NumPy array) with the exact one, without rounding."""
    exact, allowed = (", ".join(map(text, values)) for text, values in ((str, expected), (literal, tolerance)))
    return [
        "from fractions import Fraction",
        f'expected = [Fraction(v) for v in "{exact}".split(", ")]',
        f"allowed = [{allowed}]",
        f"error = [abs(Fraction(x) - v) for x, v in zip({got}.tolist(), expected)]",
        f'assert all(e <= t for e, t in zip(error, allowed)), f"{{{got}}} in place of {{[*map(float, expected)]}}"',
    ]


def exact_text(rows: Matrix) -> str:
    """Rows of exact numbers for a message: [(1, 1/2), (3, 0)]."""
    return "[" + ", ".join(vector_text(row) for row in rows) + "]"


def vector_text(vector: Sequence[Fraction | float]) -> str:
    """A vector for a message: (1, 1/2)."""
    return "(" + ", ".join(str(v) if isinstance(v, Fraction) else f"{v:.17g}" for v in vector) + ")"
