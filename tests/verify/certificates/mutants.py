"""Break the checker in every small way and see whether the conformance set notices.

Each mutant differs in one place of one file's syntax tree: a comparison, a check or call left out, an operand of
`and`/`or` left out, a `not` removed, a condition always true or false, a filter dropped, a sum turned into a
difference, a number off by one. It survives if the suite finds nothing wrong with it.

    python -m certificates.mutants [FILE…]   from `tests/verify`: the score, and the survivors
"""

import ast
import copy
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.abc import Loader, MetaPathFinder
from importlib.util import module_from_spec, spec_from_loader
from itertools import chain
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from hardmax.verify.certificates import checker

from . import softmax_numbers, steps_numbers, steps_truth, suite

FOLDER = Path(checker.__file__).parent
FILES = tuple(sorted(path.stem for path in FOLDER.glob("*.py")))
COMMAND = ("__main__", "command")
"""The files that run as a process of their own; the others are the rules."""
SECONDS = 60
"""A mutant that takes longer than this has fallen into a loop, which is noticed too."""

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
}


def _changes(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """(what is done, what takes the node's place or edits it) for each way to break a node."""
    match node:
        case ast.Compare():
            for k, op in enumerate(node.ops):
                for other in COMPARISONS[type(op)]:
                    new = copy.deepcopy(node)
                    new.ops[k] = other()
                    yield f"{type(op).__name__} becomes {other.__name__}", new
        case ast.Expr(value=ast.Call()) | ast.Raise():
            yield "left out", ast.Pass()
        case ast.BoolOp():
            for k in range(len(node.values)):
                rest = [value for i, value in enumerate(node.values) if i != k]
                yield (
                    f"operand {k} left out",
                    rest[0] if len(rest) == 1 else ast.BoolOp(op=node.op, values=rest),
                )
        case ast.UnaryOp(op=ast.Not()):
            yield "not removed", node.operand
        case ast.If() | ast.While():
            for value in (True, False):
                if value and isinstance(node, ast.While):
                    continue
                new = copy.deepcopy(node)
                new.test = ast.Constant(value)
                yield f"condition always {value}", new
        case ast.IfExp():
            yield "always the first", node.body
            yield "always the second", node.orelse
        case ast.comprehension(ifs=[_, *_]):
            new = copy.deepcopy(node)
            new.ifs = []
            yield "filter dropped", new
        case ast.BinOp() if type(node.op) in ARITHMETIC and not _is_text(node):
            other = ARITHMETIC[type(node.op)]
            yield f"{type(node.op).__name__} becomes {other.__name__}", ast.BinOp(node.left, other(), node.right)
        case ast.Constant() if type(node.value) is int:
            yield f"{node.value} becomes {node.value + 1}", ast.Constant(node.value + 1)


def _is_text(node: ast.BinOp) -> bool:
    return any(isinstance(n, ast.Constant | ast.JoinedStr) and not _number(n) for n in (node.left, node.right))


def _number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int)


Place = tuple[Any, Any]
"""Where a node hangs: the list or the object that holds it, and the index or the name of the field."""


def _places(tree: ast.AST) -> Iterator[tuple[ast.AST, Place]]:
    """All nodes below the tree, each with its place."""
    for name, value in ast.iter_fields(tree):
        if isinstance(value, list):
            for i, child in enumerate(value):
                if isinstance(child, ast.AST):
                    yield child, (value, i)
                    yield from _places(child)
        elif isinstance(value, ast.AST):
            yield value, (tree, name)
            yield from _places(value)


def _put(place: Place, node: ast.AST) -> None:
    holder, key = place
    if isinstance(holder, list):
        holder[key] = node
    else:
        setattr(holder, key, node)


MESSAGES = {"must": 1, "refuse": 0, "ascending": 1, "convex": 3, "integers": 3, "read": 2, "rational": 1, "about": 0}
"""Functions that are told what to say: from which argument on it is no more than that."""


def _in_messages(tree: ast.Module) -> set[int]:
    """The nodes that only make up a message or a type: no condition depends on them."""
    found: set[int] = set()
    for node in ast.walk(tree):
        parts: list[ast.AST | None] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MESSAGES:
            parts = [*node.args[MESSAGES[node.func.id] :]]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refused":
            parts = [*node.args]
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Compare) and "__name__" in ast.unparse(node.test):
            parts = [node]
        elif isinstance(node, ast.AnnAssign):
            parts = [node.annotation]
        elif isinstance(node, ast.FunctionDef):
            parts = [node.returns, *[a.annotation for a in node.args.args]]
        elif isinstance(node, ast.Assign) and [*map(ast.unparse, node.targets)] in (["rule"], ["where"]):
            parts = [node.value]
        elif isinstance(node, ast.AugAssign) and ast.unparse(node.target) == "rule":
            parts = [node]
        found.update(id(inner) for part in parts if part for inner in ast.walk(part))
    return found


def mutants(file: str) -> Iterator[tuple[str, ast.Module]]:
    """(description, syntax tree) of every mutant of a file of the checker. The tree is good until the next one."""
    source = (FOLDER / f"{file}.py").read_text(encoding="utf-8")
    tree = ast.parse(source)
    lines = source.splitlines()
    skipped = _in_messages(tree)
    for node, place in list(_places(tree)):
        if id(node) in skipped:
            continue
        line = getattr(node, "lineno", 0) or getattr(getattr(node, "target", None), "lineno", 0)
        for what, new in list(_changes(node)):
            _put(place, ast.fix_missing_locations(ast.copy_location(new, node)) if line else new)
            yield f"{file}, line {line}, {what}: {lines[line - 1].strip()}", ast.fix_missing_locations(tree)
            _put(place, node)


class _Files(MetaPathFinder, Loader):
    """Finds the files of a package in a dictionary."""

    def __init__(self, package: str, code: Mapping[str, CodeType]) -> None:
        self._package, self._code = package, code

    def find_spec(self, fullname: str, path: object, target: object = None) -> Any:
        package, _, file = fullname.partition(".")
        if package != self._package or (file or "__init__") not in self._code:
            return None
        return spec_from_loader(fullname, self, is_package=not file)

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code[module.__name__.partition(".")[2] or "__init__"], module.__dict__)


@cache
def original() -> dict[str, CodeType]:
    """The code of every file of the checker."""
    return {file: compile((FOLDER / f"{file}.py").read_bytes(), file, "exec") for file in FILES}


def package(code: Mapping[str, CodeType]) -> ModuleType:
    """A checker made of this code, beside the real one.

    Args:
        code: that of each file.
    """
    finder = _Files("mutant", code)
    sys.meta_path.insert(0, finder)
    try:
        spec: Any = finder.find_spec("mutant", None)
        module = sys.modules["mutant"] = module_from_spec(spec)
        finder.exec_module(module)
        return module
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.partition(".")[0] == "mutant"]:
            del sys.modules[name]


@contextmanager
def folder(file: str, text: str) -> Iterator[Path]:
    """A copy of the checker's folder in which a file has another text, and one lies that has no business there.

    Args:
        file: its name, without `.py`.
        text: what it says there.
    """
    with tempfile.TemporaryDirectory() as name:
        copied = Path(name) / "checker"
        shutil.copytree(FOLDER, copied, ignore=shutil.ignore_patterns("__pycache__"))
        (copied / f"{file}.py").write_text(text, encoding="utf-8")
        (copied / "json.py").write_text("raise SystemExit('not the library')\n")  # must not be taken for the library's
        yield copied


class _TooLongError(BaseException):
    """Not an Exception: a mutant must not catch it."""


def survives(file: str, tree: ast.Module) -> bool:
    """Whether the suite finds nothing wrong with a checker of which one file is this."""
    try:
        code = compile(tree, "mutant", "exec")
    except (SyntaxError, ValueError, TypeError):
        return False
    if file in COMMAND:
        with folder(file, ast.unparse(tree)) as copied:
            return next(suite.command_problems(copied), None) is None
    return passes({**original(), file: code})


def passes(code: Mapping[str, CodeType]) -> bool:
    """Whether the suite finds nothing wrong with the rules in this code."""

    def stop(*_: object) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        mutant = package(code)
        numbers = (part.problems(mutant) for part in (softmax_numbers, steps_numbers, steps_truth))
        found = chain(*numbers, suite.problems(mutant))
        return next(found, None) is None
    except (_TooLongError, SystemExit):
        return False
    except Exception:  # it cannot even be loaded
        return False
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def main(files: list[str]) -> None:
    """Print the score and every survivor."""
    count, survivors = 0, 0
    for file in files or FILES:
        for description, tree in mutants(file):
            count += 1
            if survives(file, tree):
                survivors += 1
                print("survives:", description, flush=True)
        print(f"{file}: {count - survivors} of {count} mutants so far are noticed", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
