"""Run the conformance set against a checker: a module with `check` and `Refused`, and the folder of a command.

`problems` and `command_problems` compare every answer; what is yielded is wrong. A wrong checker is recognised by at
least one problem: that is what `mutants` measures.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from hardmax.verify.certificates.writer import to_text

from .edits import both, put, sealed
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


def changed(name: str, change: Callable[[Any], None]) -> str:
    """An accepting example with a change, sealed."""
    document = json.loads(texts("accept")[name])
    change(document)
    return to_text(sealed(document))


def _phase(**members: Any) -> Callable[[Any], None]:
    return lambda c: c["itinerary"][-1].update(members)


def _follow(value: str) -> Callable[[Any], None]:
    return lambda c: c["problem"].update(follow=value)


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


def _long_steps() -> str:
    edit = both(put(f"1/{7**4000}", "problem", "step", "alpha"), put(10**6, "itinerary", -1, "layers"))
    return changed("R1-slow", edit)


HOSTILE: dict[str, Callable[[], str]] = {
    "millions of layers": lambda: changed("leaders-and-R1", _phase(layers=10**14)),
    "a jump over millions of layers": lambda: changed("R3-tie", _phase(layers=10**12, jumps=[4, 10**12 - 1])),
    "huge steps": _long_steps,
    "huge tokens": lambda: huge_tokens(400_000),
    "many multiplicities": lambda: many_leaders(6_000),
    "huge normal": lambda: _with("flat-normal", [long(3_000_000), "1"], "cluster_points", 1, "place", "normal"),
    "huge weights": lambda: _with("interior", long(3_000_000), "cluster_points", 1, "place", "weights", 0, 1),
    "huge cluster point": lambda: _with("R2-tie", long(3_000_000), "cluster_points", 1, "point", 0),
    "huge Q": lambda: _with("spiral", [[long(3_000_000)]], "proof", "Q"),
    "huge scale": lambda: _with("cycle", long(3_000_000), "proof", "scale"),
}
"""Texts that take more time or memory than small limits allow: neither accepted nor refused."""
NESTED = {"nested arrays": "[" * 100_000, "nested objects": '{"a":' * 100_000}


def problems(checker: ModuleType) -> Iterator[str]:
    """Everything that the checker answers wrongly.

    Args:
        checker: a module with `check` and `Refused`.
    """
    answers = [
        (f"refuse/{name}", not_refused(checker, text, reasons()[name])) for name, text in texts("refuse").items()
    ]
    answers += [(f"accept/{name}", not_accepted(checker, text)) for name, text in texts("accept").items()]
    answers += [(name, not_refused(checker, text, "^JSON: ")) for name, text in NESTED.items()]
    yield from (f"{name}: {problem}" for name, problem in answers if problem is not None)


def command_problems(folder: Path) -> Iterator[str]:
    """Everything that a checker's folder does wrongly as a command: the status and one line a file.

    Args:
        folder: what `python -I` runs.
    """
    good, bad = texts("accept")["leaders-and-R1"], texts("refuse")["seal-other"]
    files = {
        "a.cert.json": good,
        "inner/b.cert.json": bad,
        "plain.json": good,
        "escape.json": changed("leaders-and-R1", _follow("\x1b[2J")),
        "slow.json": changed("leaders-and-R1", _phase(layers=10**14)),
    }
    accepted = "^accepted +[^ ]*a.cert.json: clustering.convergence verified, clustering.vertices verified"
    refused = "^refused +[^ ]*inner/b.cert.json: seal"
    slow = "^not checked +[^ ]*slow.json: it takes longer than 1 seconds; give more --seconds$"
    large = "^not checked +[^ ]*large.json: it takes more than 150 MB of memory; give more --memory$"
    few = "is given, a whole number of at least 1 is needed"
    runs: list[tuple[list[str], int, list[str]]] = [
        (["a.cert.json"], 0, [accepted, "^1 accepted, 0 refused, 0 not checked, 0 unreadable$"]),
        (["plain.json", "a.cert.json"], 0, ["accepted", accepted, "^2 accepted, 0 refused, 0 not"]),
        (["."], 1, [accepted, refused, "^1 accepted, 1 refused, 0 not"]),
        (
            ["inner", "missing"],
            1,
            [refused, "unreadable .*No such file", "^0 accepted, 1 refused, 0 not.*, 1 un"],
        ),
        (["bytes.json"], 1, ["refused .*JSON: the file is no UTF-8 text", "^0 accepted, 1 refused, 0"]),
        (["none"], 2, ["unreadable .*: give certificates, or folders", "^0 accepted, 0 refused, 0 not.*, 1 un"]),
        (["a.cert.json", "missing"], 2, [accepted, "unreadable", "^1 accepted, 0 refused, 0 not.*, 1 un"]),
        (
            ["escape.json"],
            1,
            [r"^refused +[^\x1b]*follow: the certificate has \?\[2J[^\x1b]*$", "^0 acc"],
        ),
        ([], 2, ["usage: checker", "give certificates, or folders with"]),
        (
            ["--seconds", "0", "a.cert.json"],
            2,
            ["usage: checker", f"0 {few}"],
        ),
        (["--memory", "x", "a.cert.json"], 2, ["usage: checker", f"x {few}"]),
        (["--memory", "150", "large.json", "a.cert.json"], 3, [large, accepted, "^1 accepted, 0 ref.* 1 not"]),
        (["--seconds", "1", "slow.json", "a.cert.json"], 3, [slow, accepted, "^1 accepted, 0 ref.* 1 not"]),
        (
            ["--seconds", "1", "slow.json", "missing"],
            2,
            [slow, "unreadable", "^0 accepted, 0 ref.* 1 not.*, 1 un"],
        ),
        (["--seconds", "1", "slow.json", "inner"], 1, [slow, refused, "^0 accepted, 1 ref.* 1 not"]),
    ]
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "inner").mkdir()
        (work / "none").mkdir()
        for path, text in files.items():
            (work / path).write_text(text, encoding="utf-8")
        (work / "bytes.json").write_bytes(b"\xff" + good.encode())
        with (work / "large.json").open("wb") as file:
            file.truncate(1 << 30)  # nothing but zeros, which take no room on the disk
        for arguments, status, lines in runs:
            command = [sys.executable, "-I", "-S", str(folder), *arguments]
            status_now, output, errors = _run(command, work)
            printed = [line for line in (output or errors).splitlines() if not line.startswith("  ")]
            matches = len(printed) == len(lines) and all(map(re.search, lines, printed))
            if status_now != status or not matches or (output and errors):
                yield f"command/{arguments}: status {status_now}, printed {output}{errors}"


def _run(command: list[str], folder: Path) -> tuple[int | None, str, str]:
    """The status, None after a minute, and what was printed; all processes of the command are gone then."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=folder, start_new_session=True) as process:
        try:
            output, errors = process.communicate(timeout=60)
            return process.returncode, output, errors
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return None, "", ""
