"""The command `hardmax kernel SPEC`: run the suite on a kernel, print the report, write records.

Exit status: 0 no check fails (but those listed as known), 1 some check fails, 2 bad SPEC or usage, in one line.

Neighbours: `suite` runs, `text` prints; `verify.cli` mounts the command and turns `InputError` into status 2,
`verify.commands.output` writes the records that `hardmax report` reads.
"""

import contextlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from msgspec import structs

from ...kernels.errors import InputError
from ...kernels.exact.configuration_file import configuration_from_json
from ...reports.printable import json_text, printable
from ...reports.records.codec import dumps, encode
from ...reports.records.files import write_files
from ...reports.records.run_record import RunCounts, SubjectRecord
from ..conformance.known import read_known
from ..conformance.record import CheckResult, ConformanceReport
from ..conformance.suite import check_ids, resolve, run_conformance
from ..conformance.text import plain_text, print_report
from .options import overwrite

MOST_DRAWN = 40
"""Checks of more tokens have no picture: the record would be long and the picture crowded."""

CHECKS_FOLDER = "checks"
"""Below --out: for each failing check its configuration CHECK.json and its snippet CHECK.py."""


@click.command()
@click.argument("spec", metavar="SPEC")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Decides the random cases.")
@click.option("--known", type=click.Path(path_type=Path), help="Known deviations: CHECK REASON, one a line.")
@click.option("--out", type=click.Path(path_type=Path), help="Write records, configurations and snippets here.")
@overwrite
@click.option("--report", is_flag=True, help="Also write the HTML, JUnit and SARIF reports (needs --out).")
def kernel(
    spec: str, as_json: bool, seed: int, known: Path | None, out: Path | None, overwrite: bool, report: bool
) -> int:
    """Test a kernel against the exact one: ties, near-ties, any A, batches, memory, long runs.

    SPEC is the name of a kernel (numpy, compiled, torch), pkg.module:attr or path/to/file.py:attr, where attr is a
    function (tokens (B, n, d), A (d, d), alpha) -> next tokens.

    Exit status: 0 the kernel conforms, 1 a check fails, 2 bad SPEC or usage.
    """
    if report and out is None:
        raise click.UsageError("--report needs --out DIR: give the folder to write to")
    deviations = {} if known is None else read_known(known, check_ids())
    if out is not None:
        with contextlib.redirect_stdout(sys.stderr):
            resolve(spec)  # a SPEC that cannot be loaded ends here: the files of an earlier run stay
        _prepare(out, overwrite)
    result = _run(spec, seed, deviations)
    status = 0 if result.passed else 1
    if out is not None:
        arguments = [spec, "--seed", str(seed), *([] if known is None else ["--known", str(known)])]
        _write(out, result, arguments, status, report)
    if as_json:
        click.echo(json_text(result.to_json()))
    elif sys.stdout.isatty():
        from rich.console import Console

        print_report(_printable(result), Console())
    else:
        click.echo(plain_text(_printable(result)), nl=False)
    return status


def _printable(report: ConformanceReport) -> ConformanceReport:
    """The report with what a kernel said about itself, in its errors for instance, safe for a terminal."""
    results = (
        structs.replace(r, message=printable(r.message), snippet=r.snippet and printable(r.snippet))
        for r in report.results
    )
    return replace(report, results=tuple(results), kernel=printable(report.kernel), spec=printable(report.spec))


def _run(spec: str, seed: int, known: dict[str, str]) -> ConformanceReport:
    """Run the suite; what the kernel prints goes to stderr, so that stdout holds the report alone."""
    with contextlib.redirect_stdout(sys.stderr):
        if not sys.stderr.isatty():
            return run_conformance(spec, seed=seed, known=known)
        from rich.console import Console

        with Console(stderr=True).status("testing …") as status:

            def progress(result: CheckResult) -> None:
                status.update(f"{result.id}: {result.status}")

            return run_conformance(spec, seed=seed, known=known, progress=progress)


def _prepare(out: Path, overwrite: bool) -> None:
    """Make the folder empty before any work is done; the files of others are kept."""
    from .output import prepare

    prepare(out, overwrite, also=(CHECKS_FOLDER,) if _of_an_earlier_run(out) else ())


def _of_an_earlier_run(out: Path) -> bool:
    """Whether out/checks is what this command wrote: beside its record or its mark, and with no other files."""
    from ...reports.records.store import RUN
    from .output import BEGUN

    try:
        record = json.loads((out / RUN).read_text(encoding="utf-8"))
        ours = isinstance(record, dict) and record.get("command") == "kernel"
    except (OSError, ValueError):
        ours = (out / BEGUN).exists()
    names = check_ids()
    folder = out / CHECKS_FOLDER
    return (
        ours
        and folder.is_dir()
        and all(p.is_file() and p.stem in names and p.suffix in (".json", ".py") for p in folder.iterdir())
    )


def _write(out: Path, result: ConformanceReport, arguments: list[str], status: int, report: bool) -> None:
    """The record of the run, what each failing check needs to be replayed, and the reports if asked for."""
    from .output import render, write_run

    failing = [r for r in result.results if r.status in ("fail", "known")]
    folder = out / CHECKS_FOLDER
    files = {folder / f"{r.id}.json": dumps(r.configuration) + "\n" for r in failing if r.configuration is not None}
    files |= {folder / f"{r.id}.py": r.snippet for r in failing if r.snippet is not None}
    try:
        write_files(files)
        write_run(out, **run_fields(result, arguments, status))
        if report:
            render(out)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}; give --out another folder") from None


def run_fields(result: ConformanceReport, arguments: list[str], status: int) -> dict[str, Any]:
    """The report as fields of a run record."""
    counts, inputs = result.counts(), len(result.results)
    file = None if result.file is None else _seen_from_here(result.file)
    return {
        "command": "kernel",
        "arguments": tuple(arguments),
        "seed": result.seed,
        "verdict": "verified" if result.passed else "refuted",
        "exit_status": status,
        "counts": RunCounts(
            inputs=inputs, verified=inputs - counts["fail"], refuted=counts["fail"], undecided=0, invalid=0
        ),
        "subject": SubjectRecord(result.spec, result.kernel, file, result.line, result.declared),
        "checks": tuple(map(_with_layers, result.results)),
        "notes": tuple(f"{name} is listed as a known deviation, but {what}." for name, what in result.stale.items()),
    }


def _seen_from_here(file: str) -> str:
    """A path below the working directory without it, as code hosts want it; any other as it is."""
    path = Path(file)
    return path.relative_to(Path.cwd()).as_posix() if path.is_relative_to(Path.cwd()) else file


def _with_layers(result: CheckResult) -> CheckResult:
    """One check; with the exact layers of its configuration where the kernel put a token elsewhere."""
    from ..provers.freeze.prover import Budget, decide
    from ..records.findings import SHOWN_LAYERS, trajectory_record

    given, layer = result.configuration, result.first_divergent_layer
    if given is None or result.token is None or layer is None or layer + 2 > SHOWN_LAYERS or given.n > MOST_DRAWN:
        return result
    configuration = configuration_from_json(encode(given))
    outcome = decide(configuration, Budget(steps=64))
    return structs.replace(result, trajectory=trajectory_record(configuration, outcome, layer))
