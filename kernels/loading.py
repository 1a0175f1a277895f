"""What users hand in by name, kernels and claims alike: from a file, an importable module, or another package.

    path/to/file.py:name    an attribute of a file, relative to the working folder; it may import its neighbours
    pkg.module:name         an attribute of an importable module
    path/to/file.py         everything of one kind in it, as with path/to/file.py:* or pkg.module:few_*
    ties.*                  what is shipped, or offered by another package, by a glob of its name

`collect` takes all of them, in comma-separated lists, and objects as they are. Other packages offer things under an
entry-point group (`name = "pkg.module:attr"`), and nothing of theirs is imported before it is asked for; with
HARDMAX_NO_PLUGINS=1 in the environment they are left out.

Neighbours: `registry` names kernels; claims, checks of kernels, families of tokens and models are found in this way.
"""

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from .errors import InputError, author_line, nearest

Thing = TypeVar("Thing")

NO_PLUGINS = "HARDMAX_NO_PLUGINS"
"""The environment variable that leaves out what other packages offer, unless it is empty or 0."""
FILE_MODULE = "hardmax_file_"
"""What the name of a file's module begins with, before the name of the file."""
OTHER_PLACES = "put its folder on PYTHONPATH, or give path/to/file.py:attr"
"""What else to do about a module that is not found."""

_neighbours: dict[str, ModuleType] = {}
"""What files imported from their own folders, by name: the next file may have other modules of these names."""


class NotInstalledError(InputError):
    """What was asked for imports a module that is not there: `package` is its top-level name."""

    def __init__(self, message: str, package: str = "") -> None:
        super().__init__(message)
        self.package = package


def offered(group: str) -> dict[str, str]:
    """What other packages offer in an entry-point group: {name: import string}, nothing of it imported."""
    if os.environ.get(NO_PLUGINS, "0") not in ("", "0"):
        return {}
    return {point.name: point.value for point in entry_points(group=group)}


def is_place(spec: str) -> bool:
    """Whether `spec` says where something is, rather than what it is called."""
    return spec.endswith(".py") or ":" in spec


def attribute(source: str, *, what: str, hint: str = "") -> Any:
    """The object at `path/to/file.py:name` or `pkg.module:name`; the name may be dotted.

    Args:
        source: where it is.
        what: what was asked for, for messages: "kernel mine.py:step".
        hint: what to do where the attribute is missing and nothing like it is there; {name} stands for it.

    Raises:
        NotInstalledError: a module is not found.
        InputError: no such file, the import failed, or there is no such attribute.
    """
    place, _, name = source.rpartition(":")
    value: Any = module(place, what)
    for part in name.split("."):
        if not hasattr(value, part):
            raise InputError(f"{what}: {place} has no attribute {part!r}{_similar(value, part, hint)}")
        value = getattr(value, part)
    return value


def callables(value: object) -> list[str]:
    """The names of what is callable in an object and, of a module, comes from it: not what it imports itself."""
    module = isinstance(value, ModuleType)
    found = {n: getattr(value, n, None) for n in (vars(value) if module else dir(value)) if not n.startswith("_")}
    own = (getattr(value, "__name__", None), None)
    return [n for n, v in found.items() if callable(v) and (not module or getattr(v, "__module__", None) in own)]


def members(spec: str, kind: type[Thing], *, what: str, hint: str) -> list[tuple[str, Thing]]:
    """Everything of one kind at `file.py`, `file.py:glob`, `pkg.module` or `pkg.module:glob`, by where it is.

    Args:
        spec: where it is.
        kind: its type.
        what: one of that kind in a word: "claim".
        hint: what to do where there is none.

    Returns:
        (`place:name`, object) pairs in the order of their definition.

    Raises:
        NotInstalledError: a module is not found.
        InputError: no such file, the import failed, or nothing of that kind is there by that name.
    """
    place, _, glob = (spec, "", "*") if spec.endswith(".py") or ":" not in spec else spec.rpartition(":")
    found = vars(module(place, f"{what} {spec}"))
    chosen = {n: v for n, v in found.items() if isinstance(v, kind) and fnmatchcase(n, glob)}
    if not chosen:
        if glob in found:
            raise InputError(f"{spec} is of type {type(found[glob]).__name__}, and no {what}; {hint}")
        others = ", ".join(n for n, v in found.items() if isinstance(v, kind))
        which = what if glob == "*" else f"{what} {glob!r}"
        raise InputError(f"{place} has no {which}; {f'it has {others}' if others else hint}")
    once: dict[int, tuple[str, Thing]] = {}
    for name, value in chosen.items():  # one object of two names is one
        once.setdefault(id(value), (f"{place}:{name}", value))
    return list(once.values())


def collect(
    wanted: str | Thing | Iterable[str | Thing],
    kind: type[Thing],
    *,
    shipped: Sequence[Thing],
    group: str,
    name_of: Callable[[Thing], str],
    what: str,
    hint: str,
    listed: str,
) -> list[tuple[str | None, Thing]]:
    """Everything of one kind that is asked for: objects, by globs of names, and by places.

    Args:
        wanted: one or several: objects, and comma-separated lists of globs of names and of places.
        kind: their type.
        shipped: those of this project: their names, up to the first dot, cannot be taken.
        group: the entry-point group in which other packages offer some; a name there is what the names of what it loads
            begin with, up to the first dot. Only what a glob may name is loaded.
        name_of: the name of one.
        what: one of that kind in a word: "claim".
        hint: what to do where a place has none.
        listed: where all names are listed, in words.

    Returns:
        (`place:name`, object) pairs in the order in which they are asked for; None in place of a place where the object
        was given, or is shipped.

    Raises:
        NotInstalledError: a module is not found.
        InputError: one of the things asked for is not there.
    """
    taken = {_first(name_of(thing)) for thing in shipped}
    found: list[tuple[str | None, Thing]] = []
    asked: Any = (wanted,) if isinstance(wanted, str | kind) else wanted
    for one in asked:
        if isinstance(one, kind):
            found.append((None, one))
            continue
        for spec in (part.strip() for part in str(one).split(",")):
            if is_place(spec):
                found += members(spec, kind, what=what, hint=hint)
                continue
            named: list[tuple[str | None, Thing]] = [(None, thing) for thing in shipped]
            for name, source in offered(group).items():
                if _first(name) not in taken and fnmatchcase(_first(name), _first(spec)):
                    named += members(source, kind, what=what, hint=hint)
            chosen = [(place, thing) for place, thing in named if fnmatchcase(name_of(thing), spec)]
            if not chosen:
                raise InputError(f"no {what} matches {spec!r}; {listed}, and mine.py names those in a file")
            found += chosen
    return found


def lasting(place: str) -> str:
    """`place:name` with the full path of its file, so that it can be loaded from anywhere on this machine."""
    where, _, name = place.rpartition(":")
    return f"{Path(where).resolve()}:{name}" if where.endswith(".py") else place


def _first(name: str) -> str:
    return name.partition(".")[0]


def module(place: str, what: str) -> ModuleType:
    """The module `pkg.module`, or the one in the file `path/to/file.py`.

    Raises:
        NotInstalledError: a module is not found.
        InputError: no such file, or the import failed: the message says where.
    """
    in_file = place.endswith(".py")
    if not in_file and Path(place).is_file():
        raise InputError(f"{what}: {place} is no Python file; give path/to/file.py:attr")
    try:
        found = _file(place) if in_file else _module(place)
        if getattr(found, "__file__", "") is None:
            raise InputError(f"{what}: {place} is a folder; give a file in it, path/to/file.py:attr")
        return found
    except ModuleNotFoundError as error:
        where = f"put it beside {place} or its folder on PYTHONPATH" if in_file else OTHER_PLACES
        package = (error.name or "").partition(".")[0]
        raise NotInstalledError(f"{what}: {error}; install it, {where}", package) from error


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
        raise InputError(f"{path} is not a file; give path/to/file.py or path/to/file.py:attr")
    name = f"{FILE_MODULE}{file.stem}"
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
        said = " ".join(f"{type(error).__name__}: {error}{author_line(error)}".split())
        raise InputError(f"importing {what} failed: {said}") from error


def _similar(value: object, name: str, hint: str) -> str:
    """A remedy for a wrong attribute: what is callable there, the one that was probably meant if one is near."""
    found = callables(value)
    if near := nearest(name, found):
        return f"; did you mean {near}?"
    return f"; it offers {', '.join(found[:8])}" if found else hint and f"; {hint.format(name=name)}"
