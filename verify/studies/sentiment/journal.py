"""Results that are kept as they come, so that a run that is stopped goes on from them.

A journal is a text file: a first line that says what it is, then a line a result, its checksum first. A result is
filed under a digest of all that it depends on, so whoever asks for anything else does not find it, and results of
other runs do no harm.

Neighbours: `proofs` keeps its verdicts here, `experiment.trials` its results.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from hashlib import sha256
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ....kernels.errors import InputError

HEADER = b"hardmax-sentiment-journal 2\n"


def key_of(*parts: Any) -> str:
    """The digest under which a result is filed that depends on these JSON values alone."""
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class Journal:
    """The results in a file, or in memory alone.

    Args:
        path: the file; begun if it is absent or empty. A last line that was cut off is dropped. None keeps nothing.

    Raises:
        InputError: the file is no journal, one of an earlier version, or damaged.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known: dict[str, Any] = {}
        if path is None:
            return
        data = path.read_bytes() if path.exists() else b""
        if HEADER.startswith(data):
            path.write_bytes(HEADER)
            return
        if not data.startswith(HEADER):
            raise InputError(f"{path} is no journal, or one of an earlier version; delete it or give another name")
        whole = data[: data.rfind(b"\n") + 1]
        for number, line in enumerate(whole[len(HEADER) :].split(b"\n")[:-1], start=2):
            checksum, _, text = line.partition(b" ")
            if checksum != _checksum(text):
                raise InputError(f"{path} is damaged (line {number}); delete it to start anew")
            key, value = json.loads(text)
            self._known[key] = value
        if whole != data:
            path.write_bytes(whole)

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
            keys: from `key_of`, one a task.
            tasks: in the order in which they are begun.
            jobs: processes, ≥ 1.
            chunk: tasks that are sent to a process together.
            progress: called with the number of tasks that are done.

        Raises:
            InputError: a result holds a number that is not finite.
        """
        missing = {key: task for key, task in zip(keys, tasks, strict=True) if key not in self._known}
        done = len(keys) - len(missing)
        if progress is not None:
            progress(done)
        for results in _computed(work, missing, jobs, chunk):
            for key, value in results:
                self._add(key, value)
            done += len(results)
            if progress is not None:
                progress(done)
        return [self._known[key] for key in keys]

    def _add(self, key: str, value: Any) -> None:
        try:
            text = json.dumps([key, value], allow_nan=False)
        except ValueError:
            raise InputError("there are too few reviews: a mean over none has no value; give more") from None
        if self._path is not None:
            with self._path.open("ab") as file:
                file.write(_checksum(text.encode()) + b" " + text.encode() + b"\n")
        self._known[key] = json.loads(text)[1]


def _computed(
    work: Callable[[Any], Any], tasks: dict[str, Any], jobs: int, chunk: int
) -> Iterator[list[tuple[str, Any]]]:
    """Chunks of keys and results, as they end."""
    source = iter(tasks.items())
    chunks = list(iter(lambda: list(islice(source, chunk)), []))
    if jobs == 1 or len(chunks) < 2:
        yield from (_worked(work, each) for each in chunks)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        running = [pool.submit(_worked, work, each) for each in chunks]
        try:
            for future in as_completed(running):
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _worked(work: Callable[[Any], Any], tasks: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [(key, work(task)) for key, task in tasks]


def _checksum(text: bytes) -> bytes:
    return sha256(text).hexdigest()[:16].encode()
