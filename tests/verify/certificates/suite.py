"""Run the conformance set against a checker: any module with `check`, `main`, `Refused` and the three limits.

`problems` compares every answer; what is yielded is wrong. A wrong checker is recognised by at least one problem: that
is what `mutants` measures.
"""

import contextlib
import io
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from hardmax.verify.certificates.writer import to_text

from .edits import put, sealed
from .handmade import frozen, vertex

FOLDER = Path(__file__).parent


@cache
def texts(kind: str) -> dict[str, str]:
    """{name: text} of the files in `accept` or `refuse`."""
    files = sorted((FOLDER / kind).glob("*.cert.json"))
    return {path.name.removesuffix(".cert.json"): path.read_text(encoding="utf-8") for path in files}


@cache
def reasons() -> dict[str, str]:
    """{name: regular expression for the reason} of the refusing examples."""
    return json.loads((FOLDER / "reasons.json").read_text(encoding="utf-8"))


def not_accepted(checker: ModuleType, text: str) -> str | None:
    """What is wrong with the answer to a text that has to be accepted, None if nothing."""
    expected = {claim: verdict for claim, verdict in json.loads(text)["claims"].items() if verdict}
    try:
        answer = checker.check(text)
    except Exception as error:  # a checker may fail in any way; here each is a wrong answer
        return f"{type(error).__name__}: {error}"
    return None if answer == expected else f"proved {answer}, expected {expected}"


def not_refused(checker: ModuleType, text: str, reason: str) -> str | None:
    """What is wrong with the answer to a text that has to be refused for this reason, None if nothing."""
    try:
        answer = checker.check(text)
    except checker.Refused as error:
        return None if re.search(reason, str(error)) else f"refused for another reason: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return f"accepted: {answer}"


@contextlib.contextmanager
def limits(checker: ModuleType, **values: Any) -> Iterator[None]:
    """Other limits, or other members, for a while: small limits are quicker to reach."""
    before = {name: getattr(checker, name) for name in values}
    for name, value in values.items():
        setattr(checker, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(checker, name, value)


def cost(checker: ModuleType, text: str) -> int:
    """The work that the checker does to accept the text."""
    runs = []

    class Recorded(checker.Run):
        def __init__(self, problem: Any) -> None:
            runs.append(self)
            super().__init__(problem)

    with limits(checker, Run=Recorded):
        checker.check(text)
    return checker.MAX_WORK - runs[0].left


def costs(checker: ModuleType) -> dict[str, int]:
    """The cost of every accepting example."""
    return {name: cost(checker, text) for name, text in texts("accept").items()}


def changed(name: str, change: Callable[[Any], None]) -> str:
    """An accepting example with a change, sealed."""
    document = json.loads(texts("accept")[name])
    change(document)
    return to_text(sealed(document))


def _phase(**members: Any) -> Callable[[Any], None]:
    return lambda c: c["itinerary"][-1].update(members)


def _follow(value: str) -> Callable[[Any], None]:
    return lambda c: c["problem"].update(follow=value)


def _token(value: str) -> Callable[[Any], None]:
    return lambda c: c["problem"]["tokens"].__setitem__(2, [value])


def _with(name: str, value: Any, *path: str | int) -> str:
    return changed(name, put(value, *path))


def huge_tokens(digits: int) -> str:
    """40 tokens with different denominators of that length."""
    rows = [[f"1/1{'0' * (digits + i)}"] for i in range(40)]
    return changed("leaders-and-R1", lambda c: c["problem"].update(tokens=rows))


def many_leaders(n: int) -> str:
    """n leaders at rest for two layers, with multiplicities whose least common multiple is long."""
    tokens = [[i, i * i, 1] for i in range(n)]
    own = [[[i, "1"]] for i in range(n)]
    points = [vertex(row, i) for i, row in enumerate(tokens)]
    rows = [[2, 0, 0], [0, 0, 0], [0, -1, 0]]
    document = frozen(tokens, rows, [[i] for i in range(n)], ["leader"] * n, [*range(n)], own, points, layers=2)
    document["problem"]["multiplicities"] = [10**14 + 2 * i * i + 1 for i in range(n)]
    return to_text(sealed(document))


def long(digits: int) -> str:
    """A rational number whose numerator and denominator have that many digits."""
    return f"{'7' * digits}/1{'0' * (digits - 1)}"


LIMIT = "limits: .*work"

HOSTILE: dict[str, tuple[str, str]] = {
    "nested arrays": ("[" * 100_000, "JSON: "),
    "nested objects": ('{"a":' * 100_000, "JSON: "),
    "millions of layers": (changed("leaders-and-R1", _phase(layers=10**14)), LIMIT),
    "a jump over millions of layers": (
        changed("R3-tie", _phase(layers=10**12, jumps=[4, 10**12 - 1])),
        LIMIT,
    ),
    "huge steps": (
        changed("R1-slow", lambda c: (c["problem"]["step"].update(alpha=f"1/{7**4000}"), _phase(layers=10**6)(c))),
        LIMIT,
    ),
    "huge tokens": (huge_tokens(10_000), LIMIT),
    "many multiplicities": (many_leaders(100), LIMIT),
    "huge normal": (
        _with("flat-normal", [long(30_000), "1"], "cluster_points", 1, "place", "normal"),
        LIMIT,
    ),
    "huge weights": (_with("interior", long(30_000), "cluster_points", 1, "place", "weights", 0, 1), LIMIT),
    "huge cluster point": (_with("R2-tie", long(30_000), "cluster_points", 1, "point", 0), LIMIT),
    "huge Q": (_with("spiral", [[long(30_000)]], "proof", "Q"), LIMIT),
    "huge scale": (_with("cycle", long(49_000), "proof", "scale"), LIMIT),
}
"""Texts that cost much time or memory; each is refused with a small MAX_WORK, and answered soon with the real one."""


def problems(checker: ModuleType, costs: dict[str, int]) -> Iterator[str]:
    """Everything that the checker answers wrongly.

    Args:
        checker: the module.
        costs: {accepting example: the work it has to be charged}, from `cost`.
    """
    answers = [
        (f"refuse/{name}", not_refused(checker, text, reasons()[name])) for name, text in texts("refuse").items()
    ]
    answers += [(f"accept/{name}", not_accepted(checker, text)) for name, text in texts("accept").items()]
    yield from (f"{name}: {problem}" for name, problem in answers if problem is not None)
    for name, units in costs.items():
        text = texts("accept")[name]
        with limits(checker, MAX_WORK=units):
            if not_accepted(checker, text) is not None:
                yield f"work/{name}: it costs more than {units}"
        with limits(checker, MAX_WORK=units - 1):
            if not_refused(checker, text, LIMIT) is not None:
                yield f"work/{name}: it costs less than {units}"
    with limits(checker, MAX_WORK=10**6):
        for name, (text, reason) in HOSTILE.items():
            problem = not_refused(checker, text, reason)
            if problem is not None:
                yield f"hostile/{name}: {problem}"
    yield from _sizes(checker)
    yield from _command_line(checker)


def _sizes(checker: ModuleType) -> Iterator[str]:
    """Exactly what is allowed, and one more; and the limits that CERTIFICATE.md states."""
    if (checker.MAX_BYTES, checker.MAX_DIGITS, checker.MAX_WORK) != (4 * 1024**2, 100_000, 10**9):
        yield "size/limits: they are not those of CERTIFICATE.md"
    with limits(checker, MAX_BYTES=5_000, MAX_DIGITS=30):
        text = texts("accept")["leaders-and-R1"]
        for size, wanted in ((5_000, not_accepted(checker, text.ljust(5_000))), (5_001, None)):
            problem = wanted if size == 5_000 else not_refused(checker, text.ljust(size), "limits: .*5001 characters")
            if problem is not None:
                yield f"size/{size} characters: {problem}"
        fits = not_accepted(checker, changed("leaders-and-R1", _token("1/" + "1" * 28)))
        exceeds = not_refused(checker, changed("leaders-and-R1", _token("1/" + "1" * 29)), "tokens: .*30 long")
        yield from (f"size/digits: {problem}" for problem in (fits, exceeds) if problem is not None)


def _command_line(checker: ModuleType) -> Iterator[str]:
    """`main` on files and folders: the status and one line a file."""
    good, bad = texts("accept")["leaders-and-R1"], texts("refuse")["seal-other"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "inner").mkdir()
        (folder / "none").mkdir()
        for path, text in (("a.cert.json", good), ("inner/b.cert.json", bad), ("plain.json", good)):
            (folder / path).write_text(text, encoding="utf-8")
        (folder / "bytes.json").write_bytes(b"\xff" + good.encode())
        (folder / "escape.json").write_text(changed("leaders-and-R1", _follow("\x1b[2J")), encoding="utf-8")
        (folder / "long.json").write_text(good.ljust(checker.MAX_BYTES + 1), encoding="utf-8")
        runs = [
            (["a.cert.json"], 0, ["accepted +.*a.cert.json: clustering.convergence verified, ", "^1 accepted, 0 ref"]),
            (["plain.json", "a.cert.json"], 0, ["accepted", "accepted", "^2 accepted, 0 refused, 0 unreadable"]),
            ([""], 1, ["accepted +.*a.cert.json", r"refused +.*inner/b.cert.json: seal", "^1 accepted, 1 refused"]),
            (["inner", "missing"], 1, ["refused", "unreadable .*No such file", "^0 accepted, 1 refused, 1 unread"]),
            (["bytes.json"], 1, ["refused .*UnicodeDecodeError", "^0 accepted, 1 refused, 0"]),
            (["none"], 2, ["unreadable .*: give certificates, or folders", "^0 accepted, 0 refused, 1 unreadable"]),
            (["a.cert.json", "missing"], 2, ["accepted", "unreadable", "^1 accepted, 0 refused, 1 unreadable"]),
            (
                ["escape.json"],
                1,
                [r"refused +[^\x1b]*follow: the certificate has \?\[2J[^\x1b]*$", "^0 accepted, 1 ref"],
            ),
            (["long.json"], 1, ["refused .*limits: the certificate has .* characters", "^0 accepted, 1 refused"]),
            ([], 2, ["^0 accepted, 0 refused, 0 unreadable"]),
        ]
        for arguments, status, lines in runs:
            paths = [str(folder / argument) for argument in arguments]
            for argv, given in ((sys.argv, paths), (["checker.py", *paths], None)):
                answer, printed = _main(checker, argv, given)
                if answer != status or len(printed) != len(lines):
                    yield f"main/{arguments}: status {answer}, printed {printed}"
                elif not all(re.search(pattern, line) for pattern, line in zip(lines, printed, strict=True)):
                    yield f"main/{arguments}: printed {printed}"


def _main(checker: ModuleType, argv: list[str], given: list[str] | None) -> tuple[Any, list[str]]:
    """What `main(given)` returns and the lines that it prints."""
    output, before = io.StringIO(), sys.argv
    sys.argv = argv
    try:
        with contextlib.redirect_stdout(output):
            answer = checker.main(given)
    except Exception as error:
        answer = repr(error)
    finally:
        sys.argv = before
    return answer, output.getvalue().splitlines()
