"""What a run has finished, kept as it comes, so that a run that ends in any way goes on from there.

A journal is a text file: a first line that says which run it belongs to, then a line a result, each with a checksum.
Lines are only ever added, each in one piece; one that was cut off at the end is dropped, any other damage is refused.
A result is filed under a key. Studies take a digest of all that it depends on (`key_of`), so whoever asks for anything
else does not find it; a campaign takes the number of a chunk, and its first line tells the plan.

Neighbours: `pool` does the work, `entries` makes JSON of what a campaign finds.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from ...kernels.errors import InputError, JournalError
from .pool import finished, workers

FORMAT = b"hardmax-journal 4 "


def key_of(*parts: Any) -> str:
    """The digest under which a result is filed that depends on these JSON values alone."""
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class Journal:
    """The results in a file, or in memory alone.

    Args:
        path: the file; begun if it is absent or empty. A last line that was cut off is dropped. None keeps nothing.
        about: what its first line says, a JSON value; None for whatever that is.

    Attributes:
        about: what the first line says.
        known: key → result, of those that were in the file when it was opened.

    Raises:
        InputError: the file is no journal, one of an earlier version, or damaged.
    """

    def __init__(self, path: Path | None = None, about: Mapping[str, Any] | None = None) -> None:
        self._path = path
        self.about: Mapping[str, Any] = about or {}
        self.known: dict[str, Any] = {}
        if path is None:
            return
        data = path.read_bytes() if path.exists() else b""
        if FORMAT.startswith(data) or (data.startswith(FORMAT) and b"\n" not in data):
            path.write_bytes(FORMAT + _line(json.dumps(self.about, sort_keys=True).encode()))
            return
        if not data.startswith(FORMAT):
            raise InputError(f"{path} is no journal, or one of an earlier version; delete it or give another name")
        whole = data[: data.rfind(b"\n") + 1]
        texts: list[bytes] = []
        for number, line in enumerate(whole.removeprefix(FORMAT).splitlines(keepends=True), start=1):
            texts.append(line[17:-1])
            if line != _line(texts[-1]):
                raise InputError(f"{path} is damaged (line {number}); delete it to start anew")
        self.about = json.loads(texts[0])
        self.known = dict(map(json.loads, texts[1:]))
        if about is not None and about != self.about:
            raise InputError(f"{path} belongs to another run, {texts[0].decode()}; give another name")
        if whole != data:
            os.truncate(path, len(whole))

    def add(self, key: str, value: Any) -> None:
        """Write a result to the file.

        Raises:
            InputError: it holds a number that is not finite.
            JournalError: it cannot be written, for want of space perhaps; the file is as it was.
        """
        try:
            text = json.dumps([key, value], allow_nan=False).encode()
        except ValueError:
            raise InputError("there are too few reviews: a mean over none has no value; give more") from None
        if self._path is None:
            return
        try:
            with self._path.open("ab") as file:
                file.write(_line(text))
        except OSError as error:
            self._drop_what_was_cut_off()
            raise unwritable(self._path, error) from None

    def _drop_what_was_cut_off(self) -> None:
        with suppress(OSError):
            assert self._path is not None
            os.truncate(self._path, self._path.read_bytes().rfind(b"\n") + 1)

    def run(
        self,
        work: Callable[[Any], Any],
        keys: Sequence[str],
        tasks: Sequence[Any],
        *,
        jobs: int = 1,
        chunk: int = 1,
        progress: Callable[[int], None] | None = None,
    ) -> list[Any]:
        """The results of all tasks, those in the journal taken from there, the others written to it as they end.

        Args:
            work: gives a task's result as a JSON value; like the tasks it can be sent to another process.
            keys: one a task.
            tasks: in the order in which they are begun.
            jobs: processes, ≥ 1.
            chunk: tasks that are sent to a process together.
            progress: called with the number of tasks that are done.

        Raises:
            InputError: a result holds a number that is not finite.
        """
        missing = {key: task for key, task in zip(keys, tasks, strict=True) if key not in self.known}
        done = len(keys) - len(missing)
        if progress is not None:
            progress(done)
        source = iter(missing.items())
        chunks = iter(lambda: list(islice(source, chunk)), [])
        with workers(jobs if len(missing) > chunk else 1) as executor:
            for _, results in finished(executor, partial(_worked, work), enumerate(chunks), ahead=2 * jobs):
                for key, value in results:
                    self.add(key, value)
                    self.known[key] = value
                done += len(results)
                if progress is not None:
                    progress(done)
        return [self.known[key] for key in keys]


def _worked(work: Callable[[Any], Any], tasks: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [(key, json.loads(json.dumps(work(task)))) for key, task in tasks]


def unwritable(path: Path, error: OSError) -> JournalError:
    """The error of a run that can write no more."""
    return JournalError(
        f"{path} cannot be written: {error.strerror}; what was finished before is in the journal, so go on from there "
        "when there is space again"
    )


def _line(text: bytes) -> bytes:
    """A line of the file: the text with its checksum first."""
    return sha256(text).hexdigest()[:16].encode() + b" " + text + b"\n"
