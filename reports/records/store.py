"""The folder of a run: writing records into it, and reading all of it back or not at all.

Every file is complete or absent, and files that belong together are all there or none. `run.json` is written last, so
that a folder without it is a run that did not end.

Neighbours: `record` says what the files hold, `codec` how, `files` writes them.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from ..printable import path_text
from .codec import Record, RecordError, dumps, loads
from .configuration_record import ConfigurationRecord
from .files import write_file, write_files
from .record import CounterexampleRecord, ResultRecord
from .run_record import RunRecord

RUN, RESULTS, COUNTEREXAMPLES = "run.json", "results.jsonl", "counterexamples"
GIVE_OUT = "; give the folder that --out named"
RECORD, CONFIG, REPRO = "record.json", "config.json", "repro.py"
MAX_BYTES = 2**30
"""Larger files, and longer lines of results.jsonl, are refused: to read one would take all memory."""


class Records(Record, frozen=True):
    """All records of a folder.

    Args:
        run: run.json.
        results: the lines of results.jsonl.
        counterexamples: in the order of `run.counterexamples`.
    """

    run: RunRecord
    results: tuple[ResultRecord, ...]
    counterexamples: tuple[CounterexampleRecord, ...]


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
    text = dumps(record, readable=True)
    folder = Path(directory) / COUNTEREXAMPLES / record.id
    texts = {folder / CONFIG: dumps(record.configuration, readable=True) + "\n", folder / REPRO: repro}
    if record.certificate is not None and certificate is not None:
        texts[folder / record.certificate] = certificate
    write_files({**texts, folder / RECORD: text + "\n"})
    return folder


def write_results(directory: Path, records: Iterable[ResultRecord]) -> int:
    """Write results.jsonl and return how many lines it has, the value of `RunRecord.results`."""
    lines = [dumps(record) + "\n" for record in records]
    write_file(Path(directory) / RESULTS, "".join(lines))
    return len(lines)


def write_run(directory: Path, run: RunRecord) -> Path:
    """Write run.json, the last file of a run, and return its path.

    Raises:
        RecordError: the record is not valid.
    """
    path = Path(directory) / RUN
    write_file(path, dumps(run, readable=True) + "\n")
    return path


def read_records(directory: Path) -> Records:
    """All records of a run's folder.

    Raises:
        RecordError: a file is missing, unreadable, damaged or of another version, or the files do not belong together;
            nothing is skipped.
    """
    directory = Path(directory)
    run = _run(directory / RUN)
    path = directory / RESULTS
    results = tuple(_results(path)) if run.results else ()
    if not run.results and path.exists():
        raise RecordError(f"{path_text(path)}: is not mentioned in {RUN}; it belongs to another run")
    if len(results) != run.results:
        raise RecordError(f"{path_text(path)}: has {len(results)} lines but {RUN} says {run.results}; it was cut off")
    folder = directory / COUNTEREXAMPLES
    counterexamples = tuple(read_counterexample(folder / name) for name in run.counterexamples)
    for name, record in zip(run.counterexamples, counterexamples, strict=True):
        if record.id != name:
            place = path_text(folder / name / RECORD)
            raise RecordError(f"{place}: id is {record.id} in the folder {name}; they must be the same")
    return Records(run, results, counterexamples)


def _run(path: Path) -> RunRecord:
    """run.json; early files of version 1 say "not_met" where version 2 says "vacuous"."""
    data = read_bytes(path, GIVE_OUT)
    if re.match(rb'\{\s*"format": "hardmax-run",\s*"version": 1,', data):
        data = re.sub(rb'"not_met"(?=:)|(?<="verdict": )"not_met"', b'"vacuous"', data)
    return loads(RunRecord, data, path_text(path))


def read_counterexample(folder: Path) -> CounterexampleRecord:
    """The record of one counterexample's folder, whatever the folder is called now.

    Raises:
        RecordError: it is no folder of a counterexample, or record.json or config.json is missing or damaged, or they
            differ.
    """
    folder = Path(folder)
    path, config = folder / RECORD, folder / CONFIG
    if not path.exists():
        raise RecordError(_other_than_a_counterexample(folder))
    record = loads(CounterexampleRecord, read_bytes(path), path_text(path))
    if loads(ConfigurationRecord, read_bytes(config), path_text(config)) != record.configuration:
        raise RecordError(f"{path_text(config)}: differs from the configuration in {RECORD}")
    if record.certificate is not None and not (folder / record.certificate).is_file():
        raise RecordError(f"{path_text(folder / record.certificate)}: is missing, but {RECORD} names it")
    return record


def _other_than_a_counterexample(folder: Path) -> str:
    """What a folder without record.json is, and what to give in its place."""
    give = "give the folder of a counterexample"
    if not folder.is_dir():
        return f"{path_text(folder)}: {'is a file' if folder.exists() else 'does not exist'}; {give}"
    place = next((f for f in (folder / COUNTEREXAMPLES, folder) if any(f.glob(f"*/{RECORD}"))), None)
    if place is not None:
        found = sorted(place.glob(f"*/{RECORD}"))
        more = f", one of {len(found)}" if len(found) > 1 else ""
        return f"{path_text(folder)}: holds counterexamples; give {path_text(found[0].parent)}{more}"
    if (folder / RUN).exists():
        return f"{path_text(folder)}: is the folder of a run that found no counterexample"
    return f"{path_text(folder / RECORD)}: is missing; {give}"


def _results(path: Path) -> Iterator[ResultRecord]:
    with _open(path) as file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_BYTES + 1), b""), 1):
            where = f"{path_text(path)}: line {number}"
            if len(line) > MAX_BYTES:
                raise RecordError(f"{where} is longer than {MAX_BYTES} bytes; no more are read")
            if not line.endswith(b"\n"):
                raise RecordError(f"{where} is cut off; every line ends with a newline")
            yield loads(ResultRecord, line, where)


def read_bytes(path: Path, hint: str = "") -> bytes:
    """The content of a file that a run wrote.

    Args:
        path: the file.
        hint: what to do if it cannot be opened, after a semicolon.

    Raises:
        RecordError: it cannot be read, is no regular file or is larger than `MAX_BYTES`.
    """
    with _open(path, hint) as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise RecordError(f"{path_text(path)}: is larger than {MAX_BYTES} bytes; no more are read")
    return data


def _open(path: Path, hint: str = "") -> BinaryIO:
    """The file, open for reading; anything but a regular file is refused, since it may be endless or never open."""
    try:
        if path.exists() and not path.is_file():
            raise RecordError(f"{path_text(path)}: is no regular file; give a folder that hardmax wrote")
        return path.open("rb")
    except OSError as error:
        raise RecordError(f"{path_text(path)}: cannot be read: {error.strerror}{hint}") from None
