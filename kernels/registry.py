"""Where kernels are found: by name, by import string, in a file, or offered by another package.

    load("numpy")               shipped with this project, or offered under the entry-point group `hardmax.kernels`
    load("pkg.module:attr")     an attribute of an importable module
    load("path/to/file.py:attr")    an attribute of a file, relative to the working folder; it may import its neighbours

Names map to import strings, so that nothing heavy is imported before it is asked for. A shipped kernel whose optional
dependency is not installed loads as a kernel that raises the remedy when it is used (`Kernel.missing`).
"""

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from .errors import InputError
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
    "numba": "pip install 'hardmax[compiled]'",
    "torch": "pip install 'hardmax[torch]'",
    "triton": "pip install triton (Linux with a CUDA device; it comes with the CUDA builds of torch)",
}
"""What to do about a missing optional dependency."""

OTHER_PLACES = "put its folder on PYTHONPATH, or give path/to/file.py:attr"
"""What else to do about a module that is not found."""


_neighbours: dict[str, ModuleType] = {}
"""What kernel files imported from their own folders, by name: the next file may have other modules of these names."""


def names() -> dict[str, str]:
    """Every known kernel: name → import string; shipped names cannot be taken by entry points."""
    return {point.name: point.value for point in entry_points(group=GROUP)} | SHIPPED


def load(spec: str, **overrides: Any) -> Kernel:
    """The kernel that `spec` names.

    Args:
        spec: a name of `names()`, `pkg.module:attr` or `path/to/file.py:attr`.
        overrides: declarations in place of its author's: arrays, dtypes, ….

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
    in_file = place.endswith(".py")
    try:
        module = _file(place) if in_file else _module(place)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if spec in SHIPPED and package in REMEDIES:
            return missing(spec, source, f"kernel {spec} needs {package}: {REMEDIES[package]}")
        where = f"put it beside {place} or its folder on PYTHONPATH" if in_file else OTHER_PLACES
        raise InputError(f"kernel {spec}: {error}; install it, {where}") from error
    value: Any = module
    for name in attribute.split("."):
        if not hasattr(value, name):
            raise InputError(f"kernel {spec}: {place} has no attribute {name!r}{_similar(value, name)}")
        value = getattr(value, name)
    return as_kernel(value, name=spec if spec in known else attribute, source=source, **overrides)


def missing(name: str, source: str, remedy: str) -> Kernel:
    """A kernel that cannot run here: it is listed as any other, and raises `remedy` when it is used."""

    def step(tokens: Any, A: Any, alpha: float) -> NoReturn:
        raise InputError(remedy)

    return Kernel(name, step, layer=step, source=source, missing=remedy)


def _module(name: str) -> ModuleType:
    """The module `name`; an error inside it is reported as bad input, with the place where it happened."""
    with _import_errors(name):
        return importlib.import_module(name)


def _file(path: str) -> ModuleType:
    """The module in the file `path`, under a name of its own, so that it shadows nothing.

    While it is imported its folder comes first on `sys.path`, as under `python path`: it may import its neighbours.
    Each file, and each load of the same one, imports them afresh.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError(f"{path} is not a file; give path/to/file.py:attr")
    name = f"hardmax_kernel_file_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise InputError(f"{path} cannot be imported; give a Python file")
    module = importlib.util.module_from_spec(spec)
    folder = str(file.resolve().parent)
    while _neighbours:
        neighbour, imported = _neighbours.popitem()
        if sys.modules.get(neighbour) is imported:
            del sys.modules[neighbour]
    others = set(sys.modules)
    sys.modules[name] = module  # dataclasses and pickle look their module up there
    sys.path.insert(0, folder)
    try:
        with _import_errors(path):
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    finally:
        with suppress(ValueError):  # the file may have changed sys.path itself
            sys.path.remove(folder)
        for top in {name.partition(".")[0] for name in sys.modules if name not in others}:
            if _lies_in(sys.modules.get(top), folder):
                _neighbours.update((n, m) for n, m in sys.modules.items() if n.partition(".")[0] == top)
    return module


def _lies_in(module: ModuleType | None, folder: str) -> bool:
    """Whether a top-level module or package was found directly in `folder`."""
    found = getattr(module, "__spec__", None)
    places = [] if found is None else [*(found.submodule_search_locations or ()), found.origin or ""]
    return any(str(Path(place).parent) == folder for place in places if place)


@contextmanager
def _import_errors(what: str) -> Iterator[None]:
    """What goes wrong while `what` is imported is bad input; a module that is not found is the caller's to explain.

    A `sys.exit` at import would end the whole program with the status, and as if the work were done.
    """
    try:
        yield
    except ModuleNotFoundError:
        raise
    except SystemExit as error:
        raise InputError(
            f"importing {what} ended in sys.exit({'' if error.code is None else repr(error.code)}); "
            "an import must not exit: put what the script does under if __name__ == '__main__'"
        ) from error
    except Exception as error:
        raise InputError(f"importing {what} failed: {type(error).__name__}: {error}") from error


def _similar(value: object, name: str) -> str:
    """A remedy for a wrong attribute: what is callable there."""
    found = [n for n in dir(value) if not n.startswith("_") and callable(getattr(value, n))]
    return f"; it offers {', '.join(sorted(found)[:8])}" if found else f"; define a function {name}(tokens, A, alpha)"


__all__ = ["GROUP", "REMEDIES", "SHIPPED", "load", "missing", "names"]
