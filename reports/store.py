"""The folder of a run: writing records into it, and reading all of it back or not at all.

Every file is complete or absent: it is written beside its place and then renamed. `run.json` is written last, so that
a folder without it is a run that did not end. Neighbours: `record` says what the files hold, `codec` how.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .codec import RecordError, dumps, loads
from .record import ConfigurationRecord, CounterexampleRecord, ResultRecord, RunRecord

RUN, RESULTS, COUNTEREXAMPLES = "run.json", "results.jsonl", "counterexamples"
RECORD, CONFIG, REPRO = "record.json", "config.json", "repro.py"


@dataclass(frozen=True, slots=True)
class Records:
    """All records of a folder.

    Args:
        run: run.json.
        results: the lines of results.jsonl.
        counterexamples: in the order of `run.counterexamples`.
    """

    run: RunRecord
    results: tuple[ResultRecord, ...]
    counterexamples: tuple[CounterexampleRecord, ...]


def write_text(path: Path, text: str) -> None:
    """Write a file completely or not at all, parents included; newlines stay as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_text(text, encoding="utf-8", newline="")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_counterexample(
    directory: Path, record: CounterexampleRecord, *, repro: str, certificate: str | None = None
) -> Path:
    """Write the folder of one counterexample.

    Args:
        directory: DIR of the run.
        record: what record.json will hold; its configuration becomes config.json.
        repro: the text of repro.py.
        certificate: the text of the certificate, written under the name `record.certificate`.

    Returns:
        DIR/counterexamples/ID.

    Raises:
        RecordError: the record is not valid, or names a certificate that is not given (or the reverse).
    """
    if (record.certificate is None) != (certificate is None):
        raise RecordError(f"counterexample {record.id} names the certificate {record.certificate}; give its text too")
    text = dumps(record, indent=1)
    folder = Path(directory) / COUNTEREXAMPLES / record.id
    write_text(folder / CONFIG, dumps(record.configuration, indent=1) + "\n")
    write_text(folder / REPRO, repro)
    if record.certificate is not None and certificate is not None:
        write_text(folder / record.certificate, certificate)
    write_text(folder / RECORD, text + "\n")
    return folder


def result_line(record: ResultRecord) -> str:
    """The line of results.jsonl (newline included) that holds `record`.

    Raises:
        RecordError: the record is not valid.
    """
    return dumps(record) + "\n"


def write_results(directory: Path, records: Iterable[ResultRecord]) -> int:
    """Write results.jsonl and return how many lines it has, the value of `RunRecord.results`."""
    lines = [result_line(record) for record in records]
    write_text(Path(directory) / RESULTS, "".join(lines))
    return len(lines)


def write_run(directory: Path, run: RunRecord) -> Path:
    """Write run.json, the last file of a run, and return its path.

    Raises:
        RecordError: the record is not valid.
    """
    path = Path(directory) / RUN
    write_text(path, dumps(run, indent=1) + "\n")
    return path


def read_records(directory: Path) -> Records:
    """All records of a run's folder.

    Raises:
        RecordError: a file is missing, unreadable, damaged or of another version, or the files do not belong together;
            nothing is skipped.
    """
    directory = Path(directory)
    run = loads(RunRecord, _read(directory / RUN), _shown(directory / RUN))
    path = directory / RESULTS
    results = tuple(_results(path)) if run.results else ()
    if not run.results and path.exists():
        raise RecordError(f"{_shown(path)}: is not mentioned in {RUN}; it belongs to another run")
    if len(results) != run.results:
        raise RecordError(f"{_shown(path)}: has {len(results)} lines but {RUN} says {run.results}; it was cut off")
    folder = directory / COUNTEREXAMPLES
    return Records(run, results, tuple(read_counterexample(folder / name) for name in run.counterexamples))


def read_counterexample(folder: Path) -> CounterexampleRecord:
    """The record of one counterexample's folder.

    Raises:
        RecordError: record.json or config.json is missing or damaged, they differ, or the folder has another name.
    """
    folder = Path(folder)
    path, config = folder / RECORD, folder / CONFIG
    record = loads(CounterexampleRecord, _read(path), _shown(path))
    if record.id != folder.name:
        raise RecordError(f"{_shown(path)}: id is {record.id} in the folder {folder.name}; they must be the same")
    if loads(ConfigurationRecord, _read(config), _shown(config)) != record.configuration:
        raise RecordError(f"{_shown(config)}: differs from the configuration in {RECORD}")
    if record.certificate is not None and not (folder / record.certificate).is_file():
        raise RecordError(f"{_shown(folder / record.certificate)}: is missing, but {RECORD} names it")
    return record


def _results(path: Path) -> Iterator[ResultRecord]:
    lines = _read(path).split("\n")
    if lines.pop():
        raise RecordError(f"{_shown(path)}: line {len(lines) + 1} is cut off; every line ends with a newline")
    for number, line in enumerate(lines, 1):
        yield loads(ResultRecord, line, f"{_shown(path)}: line {number}")


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise RecordError(f"{_shown(path)}: is not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        hint = "; give the folder that --out named" if path.name == RUN else ""
        raise RecordError(f"{_shown(path)}: cannot be read: {error.strerror}{hint}") from None


def _shown(path: Path) -> str:
    """The path on one line, whatever characters it has."""
    text = str(path)
    return text if text.isprintable() else repr(text)


__all__ = [
    "CONFIG",
    "COUNTEREXAMPLES",
    "RECORD",
    "REPRO",
    "RESULTS",
    "RUN",
    "Records",
    "read_counterexample",
    "read_records",
    "result_line",
    "write_counterexample",
    "write_results",
    "write_run",
    "write_text",
]
