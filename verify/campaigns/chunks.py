"""Numbered chunks of work, done by any executor, kept in a journal as they end, and counted in order.

Neighbours: `campaign` and `hunt` say what a chunk is, `pool` has executors, `entries` makes JSON of tallies.
"""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import monotonic

from ...reports.records.files import write_file
from .entries import tally_from_json, tally_to_json
from .journal import Journal, unwritable
from .pool import AtOnce, finished, workers
from .tally import Tally


@dataclass(frozen=True, slots=True)
class Chunks:
    """Chunks of work that are numbered, and depend on their number alone.

    Args:
        key: what their keys begin with in a journal; the number follows.
        here: number → tally, in this process.
        there: the same for another process.
        certificates: the folder for those that come back, None if none do.
    """

    key: str
    here: Callable[[int], Tally]
    there: Callable[[int], Tally]
    certificates: str | None = None


def in_order(
    chunks: Chunks,
    *,
    examples: int,
    seconds: float | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    journal: Journal | None = None,
) -> Generator[Tally, None, None]:
    """The tallies of chunk 0, 1, 2, …, each in the journal as soon as it ends; see `run_campaign`."""
    ends = None if seconds is None else monotonic() + seconds
    journal = Journal() if journal is None else journal
    folder = Path(chunks.certificates or "")
    known = {
        int(key.removeprefix(chunks.key))
        for key, value in journal.known.items()
        if key.startswith(chunks.key) and all((folder / name).is_file() for name in value["certificates"])
    }
    ready: dict[int, Tally] = {}
    due = examined = 0

    def waiting() -> Iterator[tuple[int, int]]:
        for number in count():
            if ends is not None and monotonic() >= ends and number > 0:
                return
            if number not in known:
                yield number, number

    with workers(jobs) if executor is None else nullcontext(executor) as pool:
        work = chunks.here if isinstance(pool, AtOnce) else chunks.there
        done = finished(pool, work, waiting(), ahead=2 * jobs)
        while True:
            while due in known or due in ready:
                tally = ready.pop(due) if due in ready else tally_from_json(journal.known[f"{chunks.key}{due}"])
                due += 1
                examined += tally.configurations
                yield tally
                if examined >= examples:
                    return
            one = next(done, None)
            if one is None:
                return
            number, tally = one
            for name, text in tally.certificates.items():  # they may come from another machine
                try:
                    write_file(folder / name, text)
                except OSError as error:
                    raise unwritable(folder / name, error) from None
                tally.certificates[name] = ""
            journal.add(f"{chunks.key}{number}", tally_to_json(tally))
            ready[number] = tally


def configurations_known(journal: Journal, key: str) -> int:
    """How many configurations the chunks of such keys have in a journal."""
    return sum(value["configurations"] for name, value in journal.known.items() if name.startswith(key))
