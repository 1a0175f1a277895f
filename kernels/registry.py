"""Where kernels are found: by name, by import string, in a file, or offered by another package.

    load("numpy")               shipped with this project, or offered under the entry-point group `hardmax.kernels`
    load("pkg.module:attr")     an attribute of an importable module
    load("path/to/file.py:attr")    an attribute of a file, relative to the working folder

Names map to import strings, so that nothing heavy is imported before it is asked for. A shipped kernel whose optional
dependency is not installed loads as a kernel that raises the remedy when it is used (`Kernel.missing`).
"""

import importlib
import importlib.util
import sys
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from .errors import InputError
from .protocol import Kernel, as_kernel

GROUP = "hardmax.kernels"
"""The entry-point group under which other packages offer kernels: `name = "pkg.module:attr"`."""

SHIPPED = {
    "numpy": "hardmax.kernels.numpy_kernel:kernel",
    "compiled": "hardmax.kernels.compiled_kernel:kernel",
    "torch": "hardmax.kernels.torch_kernel:kernel",
    "torch-cuda": "hardmax.kernels.torch_kernel:cuda_kernel",
    "triton": "hardmax.kernels.triton_kernel:kernel",
    "large": "hardmax.kernels.large_sets:kernel",
}
"""The kernels of this project by name."""

REMEDIES = {
    "numba": "pip install 'hardmax[compiled]'",
    "torch": "pip install 'hardmax[torch]'",
    "triton": "pip install triton (Linux with a CUDA device; it comes with the CUDA builds of torch)",
}
"""What to do about a missing optional dependency."""


def names() -> dict[str, str]:
    """Every known kernel: name → import string; shipped names cannot be taken by entry points."""
    return {point.name: point.value for point in entry_points(group=GROUP)} | SHIPPED


def load(spec: str) -> Kernel:
    """The kernel that `spec` names.

    Args:
        spec: a name of `names()`, `pkg.module:attr` or `path/to/file.py:attr`.

    Returns:
        The kernel; a plain function gets the default declarations (see `protocol.as_kernel`).

    Raises:
        InputError: nothing of that name, the import failed, or what was found is no kernel.
    """
    known = names()
    source = known.get(spec, spec)
    place, colon, attribute = source.rpartition(":")
    if not colon or not place or not attribute:
        raise InputError(
            f"no kernel is called {spec!r}; give {', '.join(sorted(known))}, pkg.module:attr or path/to/file.py:attr"
        )
    try:
        module = _file(place) if place.endswith(".py") else _module(place)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if spec in SHIPPED and package in REMEDIES:
            return missing(spec, source, f"kernel {spec} needs {package}: {REMEDIES[package]}")
        raise InputError(
            f"kernel {spec}: {error}; install it, put its folder on PYTHONPATH, or give path/to/file.py:attr"
        ) from error
    value: Any = module
    for name in attribute.split("."):
        if not hasattr(value, name):
            raise InputError(f"kernel {spec}: {place} has no attribute {name!r}{_similar(value, name)}")
        value = getattr(value, name)
    return as_kernel(value, name=spec if spec in known else attribute, source=source)


def missing(name: str, source: str, remedy: str) -> Kernel:
    """A kernel that cannot run here: it is listed as any other, and raises `remedy` when it is used."""

    def step(tokens: Any, A: Any, alpha: float) -> NoReturn:
        raise InputError(remedy)

    return Kernel(name, step, layer=step, source=source, missing=remedy)


def _module(name: str) -> ModuleType:
    """The module `name`; an error inside it is reported as bad input, with the place where it happened."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        raise
    except Exception as error:
        raise InputError(f"importing {name} failed: {type(error).__name__}: {error}") from error


def _file(path: str) -> ModuleType:
    """The module in the file `path`, under a name of its own, so that it shadows nothing."""
    file = Path(path)
    if not file.is_file():
        raise InputError(f"{path} is not a file; give path/to/file.py:attr")
    name = f"hardmax_kernel_file_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise InputError(f"{path} cannot be imported; give a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look their module up there
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError:
        del sys.modules[name]
        raise
    except Exception as error:
        del sys.modules[name]
        raise InputError(f"importing {path} failed: {type(error).__name__}: {error}") from error
    return module


def _similar(value: object, name: str) -> str:
    """A remedy for a wrong attribute: what is callable there."""
    found = [n for n in dir(value) if not n.startswith("_") and callable(getattr(value, n))]
    return f"; it offers {', '.join(sorted(found)[:8])}" if found else f"; define a function {name}(tokens, A, alpha)"


__all__ = ["GROUP", "REMEDIES", "SHIPPED", "load", "missing", "names"]
