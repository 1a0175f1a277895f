"""Mutants: a module of the project with one change to its code, to see that the tests notice.

What is changed is the text that the module's syntax tree stands for, so that layout and comments of the source do not
matter. Where the text to change is no longer in it exactly once, the mutant itself fails: it must be kept up.
"""

import ast
import inspect
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from types import CodeType, ModuleType


@dataclass(frozen=True)
class Mutant:
    """One change to one module.

    Args:
        what: the mistake, in words.
        old: text that occurs exactly once in `ast.unparse` of the module.
        new: what stands there instead.
    """

    what: str
    old: str
    new: str


def changed(source: str, mutant: Mutant, name: str) -> CodeType:
    """The code of a module with the change.

    Args:
        source: the module's text.
        mutant: the change.
        name: the module's name, for messages.
    """
    text, forms = ast.unparse(ast.parse(source)), [mutant.old]
    with suppress(SyntaxError):  # a whole expression or statement, rather than a part of one
        forms.append(ast.unparse(ast.parse(mutant.old)))
    found = [old for old in dict.fromkeys(forms) if text.count(old) == 1]
    if len(found) != 1:
        raise AssertionError(f"{forms} occur {[*map(text.count, forms)]} times in {name}; mend the mutant")
    return compile(text.replace(found[0], mutant.new), f"<{name}: {mutant.what}>", "exec")


def mutate(module: str, mutant: Mutant) -> ModuleType:
    """The module `hardmax.…` with the change, as a second module beside the real one."""
    real = import_module(module)
    wrong = ModuleType(module)
    wrong.__package__, wrong.__file__ = real.__package__, real.__file__
    exec(changed(inspect.getsource(real), mutant, module), wrong.__dict__)
    return wrong
