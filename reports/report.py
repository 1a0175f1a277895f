"""All reports of a run's folder, written beside its records: the one function that the command line calls.

    DIR/report.html      the page              DIR/junit.xml       for continuous integration
    DIR/report.md        for a pull request    DIR/report.sarif    for code hosts (runs that tested a kernel)
    DIR/report.json      all records in one document (trajectories stay in results.jsonl)
    DIR/figures/         initial and final state of each pictured trajectory, as SVG for papers

Neighbours: one module a format; `terminal` prints instead of writing.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from .formats.junit import render_junit
from .formats.markdown import render_markdown
from .formats.sarif import render_sarif
from .pages import svg
from .pages.scene import scene_of
from .records.codec import dumps
from .records.files import write_files
from .records.record import CounterexampleRecord, ReportRecord, ResultRecord
from .records.store import Records, read_records

if TYPE_CHECKING:
    from rich.console import Console

FIGURES = "figures"
OWN = ("report.html", "report.json", "report.md", "report.sarif", "junit.xml", FIGURES)
"""What a report writes into the folder of a run, and a later one replaces."""


def render_json(records: Records) -> str:
    """All records in one JSON document of the schema `schemas/report.schema.json`."""
    results = tuple(replace(result, trajectory=None) for result in records.results)
    report = ReportRecord("hardmax-report", 1, records.run, results, records.counterexamples)
    return dumps(report, readable=True) + "\n"


def render_all(records: Records) -> dict[str, str]:
    """Every report of a run: file name, relative to its folder → text. Equal records give equal texts."""
    from .pages.run_page import render_html  # Jinja2 is for those who want a page

    files = {
        "report.html": render_html(records),
        "report.json": render_json(records),
        "report.md": render_markdown(records),
        "junit.xml": render_junit(records),
    }
    if records.run.checks or records.run.kernels:
        files["report.sarif"] = render_sarif(records)
    return files | _figures(records)


def write_report(directory: Path, console: "Console | None" = None) -> tuple[Path, ...]:
    """Read the records in `directory` and write every report beside them.

    Args:
        directory: the folder of a run.
        console: where a summary is printed once the reports are written; None for nowhere.

    Returns:
        The files written, the page first.

    Raises:
        RecordError: a record is missing or damaged; nothing is written.
        OSError: a report cannot be written; as `write_files`.
    """
    directory = Path(directory)
    records = read_records(directory)
    files = {directory / name: text for name, text in render_all(records).items()}
    write_files(files)
    for old in (directory / FIGURES).glob("*.svg"):
        if old not in files:
            old.unlink()
    if console is not None:
        from .formats.terminal import print_summary

        print_summary(records, console)
    return tuple(files)


def _figures(records: Records) -> dict[str, str]:
    """Initial and final state of the first trajectories, counterexamples first."""
    from .pages.run_page import MAX_PICTURES

    named: list[tuple[str, CounterexampleRecord | ResultRecord]] = [(c.id, c) for c in records.counterexamples]
    named += [(f"{i + 1}-{_stem(r.input)}", r) for i, r in enumerate(records.results)]
    files: dict[str, str] = {}
    for name, record in named:
        if len(files) >= 2 * MAX_PICTURES:
            break
        if scene := scene_of(record):
            files[f"{FIGURES}/{name}-initial.svg"] = svg.standalone(scene, 0)
            files[f"{FIGURES}/{name}-final.svg"] = svg.standalone(scene, len(scene.frames) - 1)
    return files


def _stem(name: str) -> str:
    """The name of an input file as part of another one."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", Path(name).stem)[:60]
