"""Mutants: a module of the project with one line changed, to see that the tests notice.

Where the line to change is no longer in the source exactly once, the mutant itself fails: it must be kept up.
"""

import inspect
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType


@dataclass(frozen=True)
class Mutant:
    """One change to one module.

    Args:
        what: the mistake, in words.
        old: source text that occurs exactly once.
        new: what stands there instead.
    """

    what: str
    old: str
    new: str


def mutate(module: str, mutant: Mutant) -> ModuleType:
    """The module `hardmax.…` with the change, as a second module beside the real one."""
    real = import_module(module)
    source = inspect.getsource(real)
    if source.count(mutant.old) != 1:
        raise AssertionError(f"{mutant.old!r} occurs {source.count(mutant.old)} times in {module}; mend the mutant")
    wrong = ModuleType(module)
    wrong.__package__, wrong.__file__ = real.__package__, real.__file__
    exec(compile(source.replace(mutant.old, mutant.new), f"<{module}: {mutant.what}>", "exec"), wrong.__dict__)
    return wrong
