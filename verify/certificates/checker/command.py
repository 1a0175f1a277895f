"""The command: files and folders in, one line a file out.

A file is checked in another process, which asks the operating system to limit its time and memory. Whoever runs the
checker sets the limits; a file that reaches one is neither accepted nor refused but not checked.
"""

import argparse
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from .formats import check
from .reading import Refused

try:
    import resource
except ImportError:  # Windows: time and memory are not limited there
    resource = None

SECONDS, MEMORY = 60, 4096
"""Limits for each file, in seconds of processor time and in megabytes, where nothing else is asked for."""
STATUS = {"accepted": 0, "refused": 1, "not checked": 3, "unreadable": 2}
WORST_FIRST = ("refused", "unreadable", "not checked", "accepted")

Answer = tuple[str, Any]
"""A word of `STATUS`, and the verdicts {claim: verdict} if it is accepted, else why not."""
Worker = Any
"""A `subprocess.Popen` with pipes to and from it."""


def main(arguments: list[str] | None = None) -> int:
    """Check the files and folders that the arguments name.

    Returns:
        0 all accepted, 1 one refused, 2 bad usage or one unreadable, 3 one not checked; the first of 1, 2, 3 that fits.
    """
    parser = argparse.ArgumentParser(prog="checker", description="Check certificates, and folders of *.cert.json.")
    parser.add_argument("paths", nargs="*", metavar="FILE", help="a certificate, or a folder of *.cert.json")
    parser.add_argument("--seconds", type=positive, default=SECONDS, help=f"processor time a file [{SECONDS}]")
    parser.add_argument("--memory", type=positive, default=MEMORY, help=f"megabytes [{MEMORY}]")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.worker:
        work(options.seconds, options.memory)
        return 0
    if not options.paths:
        parser.error("give certificates, or folders with *.cert.json files")
    return run(options.paths, options.seconds, options.memory)


def positive(text: str) -> int:
    """A whole number ≥ 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is given, a whole number of at least 1 is needed")
    return int(text)


def run(names: Iterable[str], seconds: int = SECONDS, memory: int = MEMORY) -> int:
    """Check files and folders, print a line for each file and their numbers, and return the status of `main`."""
    paths = [path for name in names for path in sorted(Path(name).rglob("*.cert.json")) or [Path(name)]]
    counts: Counter[str] = Counter()
    for path, (word, detail) in zip(paths, answers(paths, seconds, memory), strict=True):
        counts[word] += 1
        shown = ", ".join(map(" ".join, detail.items())) if word == "accepted" else detail
        print(f"{word:11} " + "".join(c if c.isprintable() else "?" for c in f"{path}: {shown}"))
    print(", ".join(f"{counts[word]} {word}" for word in STATUS))
    return next(STATUS[word] for word in WORST_FIRST if counts[word])


def answers(paths: Iterable[Path], seconds: int = SECONDS, memory: int = MEMORY) -> Iterator[Answer]:
    """What is to be said about each file; a worker that does not survive one is followed by another."""
    worker: Worker = None
    try:
        for path in paths:
            worker = worker or start(seconds, memory)
            with suppress(BrokenPipeError):
                worker.stdin.write(json.dumps(os.fspath(path)) + "\n")
                worker.stdin.flush()
            line = worker.stdout.readline()
            if line:
                word, detail = json.loads(line)
                yield word, detail
            else:
                stop(worker)
                yield "not checked", ending(worker.returncode, seconds)
                worker = None
    finally:
        if worker:
            stop(worker)


def start(seconds: int, memory: int) -> Worker:
    """A process that answers for files."""
    limits = ["--worker", "--seconds", str(seconds), "--memory", str(memory)]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", os.path.dirname(os.path.abspath(__file__)), *limits],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="ascii",
    )


def stop(worker: Worker) -> None:
    """End a worker that has nothing left to say."""
    with suppress(BrokenPipeError):
        worker.stdin.close()
    worker.stdout.close()
    worker.kill()
    worker.wait()


def ending(status: int, seconds: int) -> str:
    """Why a worker ended without an answer."""
    if resource is not None and status == -signal.SIGXCPU:
        return f"it takes longer than {seconds} seconds; give more --seconds"
    return f"the process that checked it ended with status {status}, perhaps for want of memory; give more --memory"


def work(seconds: int, memory: int) -> None:
    """Answer for each path on the standard input, under limits."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who waits for the answers
    limit("RLIMIT_CORE", 0)
    limit("RLIMIT_AS", memory << 20)
    for line in sys.stdin:
        limit("RLIMIT_CPU", math.ceil(time.process_time()) + seconds)
        try:
            answer = answer_for(json.loads(line))
        except MemoryError:
            answer = "not checked", f"it takes more than {memory} MB of memory; give more --memory"
        print(json.dumps(answer), flush=True)


def limit(name: str, value: int) -> None:
    """Ask the operating system for a limit, as far as it allows and has it."""
    if resource is not None:
        what = getattr(resource, name)
        _, most = resource.getrlimit(what)
        with suppress(ValueError, OSError):
            resource.setrlimit(what, (value if most == resource.RLIM_INFINITY else min(value, most), most))


def answer_for(path: str) -> Answer:
    """What is to be said about a file."""
    try:
        return "accepted", check(Path(path).read_bytes().decode())
    except OSError as error:
        return "unreadable", f"{error.strerror}: give certificates, or folders with *.cert.json files"
    except UnicodeDecodeError:
        return "refused", "JSON: the file is no UTF-8 text"
    except Refused as refusal:
        return "refused", str(refusal)
    except MemoryError:
        raise
    except Exception as error:  # a fault of this program accepts nothing and hides no other file
        return "refused", repr(error)
