"""Break the checker in every small way and see whether the conformance set notices.

Each mutant differs in one place: a comparison, a check or call left out, an operand of `and`/`or` left out, a `not`
removed, a condition always true or false, a filter dropped, a sum turned into a difference, a number off by one. A
mutant survives if `suite.problems` finds nothing wrong with it.

    python -m certificates.mutants           from `tests/verify`: the score, and the survivors
"""

import ast
import copy
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from hardmax.verify.certificates import checker

from . import suite

SECONDS = 20
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


def _in_messages(tree: ast.Module) -> set[int]:
    """The nodes that only make up a message: what `must` is told beyond its condition, and how a match is shown."""
    found: set[int] = set()
    for node in ast.walk(tree):
        parts: list[ast.AST] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "must":
            parts = [*node.args[1:]]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refused":
            parts = [*node.args]
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Compare) and "__name__" in ast.unparse(node.test):
            parts = [node]
        found.update(id(inner) for part in parts for inner in ast.walk(part))
    return found


def mutants(source: str) -> Iterator[tuple[str, ModuleType]]:
    """(description, module) of every mutant that compiles."""
    tree = ast.parse(source)
    lines = source.splitlines()
    skipped = _in_messages(tree)
    for node, place in list(_places(tree)):
        if id(node) in skipped:
            continue
        line = getattr(node, "lineno", 0) or getattr(getattr(node, "target", None), "lineno", 0)
        for what, new in list(_changes(node)):
            _put(place, ast.fix_missing_locations(ast.copy_location(new, node)) if line else new)
            try:
                code = compile(ast.fix_missing_locations(tree), "mutant", "exec")
                module = ModuleType("mutant")
                exec(code, module.__dict__)
            except Exception:
                continue  # it cannot even be loaded
            finally:
                _put(place, node)
            yield f"line {line}, {what}: {lines[line - 1].strip()}", module


class _TooLongError(BaseException):
    """Not an Exception: a mutant must not catch it."""


def survives(module: ModuleType, costs: dict[str, int]) -> bool:
    """Whether the conformance set finds nothing wrong with the module."""

    def stop(*_: object) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        return next(suite.problems(module, costs), None) is None
    except (_TooLongError, SystemExit):
        return False
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def main() -> None:
    """Print the score and every survivor."""
    costs, count, survivors = suite.costs(checker), 0, []
    for description, module in mutants(Path(checker.__file__).read_text(encoding="utf-8")):
        count += 1
        if survives(module, costs):
            survivors.append(description)
            print("survives:", description, flush=True)
    print(f"{count - len(survivors)} of {count} mutants are noticed")


if __name__ == "__main__":
    sys.exit(main())
