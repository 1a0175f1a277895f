"""Where kernels are found: by name, by import string, in a file, or offered by another package.

    load("numpy")               shipped with this project, or offered under the entry-point group `hardmax.kernels`
    load("pkg.module:attr")     an attribute of an importable module
    load("path/to/file.py:attr")    an attribute of a file, relative to the working folder; it may import its neighbours
    load_any("torch-sdpa")      the same, attention kernels (`kernels.attention`) included

Names map to import strings, so that nothing heavy is imported before it is asked for. A shipped kernel whose optional
dependency is not installed loads as a kernel that raises the remedy when it is used (`Kernel.missing`).

Neighbours: `loading` finds what is no name.
"""

import inspect
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

from . import loading
from .attention.adapters import SHIPPED as ATTENTION
from .attention.adapters import known_deviations, load_attention
from .attention.protocol import AttentionKernel, as_attention, is_attention
from .errors import InputError, install, nearest
from .protocol import Kernel, as_kernel

GROUP = "hardmax.kernels"
"""The entry-point group under which other packages offer kernels: `name = "pkg.module:attr"`."""

SHIPPED = {
    "numpy": "hardmax.kernels.floats.numpy_kernel:kernel",
    "compiled": "hardmax.kernels.floats.compiled_kernel:kernel",
    "torch": "hardmax.kernels.floats.torch_kernel:kernel",
    "torch-cuda": "hardmax.kernels.floats.torch_kernel:cuda_kernel",
    "triton": "hardmax.kernels.floats.triton_kernel:kernel",
    "large": "hardmax.kernels.floats.large_sets:kernel",
}
"""The kernels of this project by name."""

REMEDIES = {
    "numba": install("compiled"),
    "torch": install("torch"),
    "triton": "pip install triton (Linux with a CUDA device; it comes with the CUDA builds of torch)",
}
"""What to do about a missing optional dependency."""


MOST_OFFERED = 8
"""So many functions of a file are offered where none was named."""


def names() -> dict[str, str]:
    """Every known kernel: name → import string; shipped names cannot be taken by entry points."""
    return loading.offered(GROUP) | SHIPPED


def load(spec: str, **overrides: Any) -> Kernel:
    """The kernel that `spec` names.

    Args:
        spec: a name of `names()`, `pkg.module:attr` or `path/to/file.py:attr`.
        overrides: declarations in place of its author's: arrays, dtypes, ….

    Returns:
        The kernel; a plain function gets the default declarations (see `protocol.as_kernel`).

    Raises:
        InputError: nothing of that name, the import failed, or what was found is no kernel of a layer.
    """
    found = load_any(spec, **overrides)
    if isinstance(found, AttentionKernel):
        raise InputError(f"{spec} is an attention kernel; a function (tokens, A, alpha) -> next tokens is required")
    return found


def load_any(spec: str, **overrides: Any) -> Kernel | AttentionKernel:
    """The kernel that `spec` names, of either protocol: a layer, step(tokens, A, alpha), or attention(q, k, v).

    Raises:
        InputError: nothing of that name, the import failed, what was found is no kernel, or a shipped one does not
            compute in the dtypes asked for.
    """
    known = names()
    if spec in ATTENTION and spec not in known:
        found = as_attention(load_attention(spec), name=spec, source=spec, **overrides)
        return replace(found, known=known_deviations(spec, found.dtypes))
    source = known.get(spec, spec)
    place, colon, attribute = source.rpartition(":")
    if not colon or not place or not attribute:
        raise InputError(_incomplete(spec.removesuffix(":"), sorted(known) + sorted(ATTENTION)))
    hint = "define a function {name}(tokens, A, alpha) or {name}(q, k, v)"
    try:
        value = loading.attribute(source, what=f"kernel {spec}", hint=hint)
    except loading.NotInstalledError as error:
        if spec in SHIPPED and error.package in REMEDIES:
            return missing(spec, source, f"kernel {spec} needs {error.package}: {REMEDIES[error.package]}")
        raise
    found = as_any(value, name=spec if spec in known else attribute, source=source, **overrides)
    if spec in SHIPPED and (other := set(found.dtypes) - set(value.dtypes)):
        raise InputError(
            f"kernel {spec} computes in {' or '.join(value.dtypes)}, not in {', '.join(sorted(other))}; ask for these"
        )
    return found


def _incomplete(spec: str, names: list[str]) -> str:
    """What to do about a SPEC that is no name and has no attribute: the functions that are there, if it is a place."""
    if spec and Path(spec).is_dir():
        return f"{spec} is a folder; give a file in it and a function, path/to/file.py:attr"
    in_file, (parent, _, last) = spec.endswith(".py"), spec.rpartition(".")
    if not in_file and (near := nearest(spec, names)):
        return f"no kernel is called {spec!r}; did you mean {near}?"
    if in_file or Path(spec).is_file() or _importable(spec):
        found = loading.module(spec, f"kernel {spec}")
        able = [f"{spec}:{name}" for name in loading.callables(found) if _takes_three(getattr(found, name))]
        if not able:
            return f"{spec} has no function (tokens, A, alpha) or (q, k, v); define one and give {spec}:NAME"
        shown = ", ".join(able[:MOST_OFFERED]) + (", …" if len(able) > MOST_OFFERED else "")
        return f"{spec} names no function; give {'one of ' if len(able) > 1 else ''}{shown}"
    if _importable(parent) and hasattr(loading.module(parent, f"kernel {spec}"), last):
        return f"{spec} is no module; give {parent}:{last}"
    return f"no kernel is called {spec!r}; give {', '.join(names)}, pkg.module:attr or path/to/file.py:attr"


def _importable(name: str) -> bool:
    """Whether there is a module of this name."""
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _takes_three(value: Any) -> bool:
    """Whether `value`, which is callable, may be a kernel of either protocol."""
    if isinstance(value, type):
        return False
    try:
        inspect.signature(value).bind(None, None, None)
    except (TypeError, ValueError):
        return isinstance(value, Kernel)
    return True


def as_any(value: Any, *, name: str, source: str = "", **overrides: Any) -> Kernel | AttentionKernel:
    """`value` as a kernel of the protocol that it follows: see `is_attention`."""
    convert = as_attention if is_attention(value) else as_kernel
    return convert(value, name=name, source=source, **overrides)


def missing(name: str, source: str, remedy: str) -> Kernel:
    """A kernel that cannot run here: it is listed as any other, and raises `remedy` when it is used."""

    def step(tokens: Any, A: Any, alpha: float) -> NoReturn:
        raise InputError(remedy)

    return Kernel(name, step, layer=step, source=source, missing=remedy)
