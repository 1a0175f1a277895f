"""The command `hardmax kernel SPEC`: run the suite on a kernel, print the report, write files.

Exit status: 0 no check fails (but those listed as known), 1 some check fails, 2 bad SPEC or usage, in one line.

Neighbours: `suite` runs, `text` prints; `verify.cli` mounts the command, and may give `make_command` its own writer
for what goes into --out.
"""

import contextlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import click

from ...kernels.errors import InputError
from .known import read_known
from .record import CheckResult, ConformanceReport
from .suite import check_ids, run_conformance
from .text import plain_text, print_report

Writer = Callable[[ConformanceReport, Path], None]
"""Writes a report into a folder that exists."""


def write_files(report: ConformanceReport, out: Path) -> None:
    """The report as `conformance.json`, and for each failing check its configuration and its snippet.

    Args:
        report: the report.
        out: the folder: CHECK.json can be given to `hardmax prove`, CHECK.py to `python`.
    """
    for result in report.results:
        if result.status in ("fail", "known"):
            if result.configuration is not None:
                _write(out / f"{result.id}.json", json.dumps(result.configuration) + "\n")
            if result.snippet is not None:
                _write(out / f"{result.id}.py", result.snippet)
    _write(out / "conformance.json", json.dumps(report.to_json(), indent=1, ensure_ascii=False) + "\n")


def _write(path: Path, text: str) -> None:
    """Write a whole file or none."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def make_command(write: Writer = write_files) -> click.Command:
    """The command `kernel`.

    Args:
        write: what --out writes.
    """

    @click.command("kernel", short_help="Test an attention kernel against the exact one.")
    @click.argument("spec", metavar="SPEC")
    @click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
    @click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the random cases.")
    @click.option("--out", type=click.Path(path_type=Path), help="Folder for the report, configurations and snippets.")
    @click.option(
        "--known", type=click.Path(path_type=Path), help="File of known deviations: CHECK REASON, one a line."
    )
    def kernel(spec: str, as_json: bool, seed: int, out: Path | None, known: Path | None) -> None:
        """Test a kernel against the exact one: ties, near-ties, any A, batches, memory, long runs.

        SPEC is the name of a kernel (numpy, compiled, torch), pkg.module:attr or path/to/file.py:attr, where attr is
        a function (tokens (B, n, d), A (d, d), alpha) -> next tokens.

        Exit status: 0 conforms, 1 a check fails, 2 bad SPEC or usage.
        """
        try:
            deviations = {} if known is None else read_known(known, check_ids())
            if out is not None:
                _prepare(out)
            report = _run(spec, seed, deviations)
            if out is not None:
                _written(write, report, out)
        except InputError as error:
            _refuse(str(error))
        if as_json:
            click.echo(json.dumps(report.to_json(), ensure_ascii=False))
        elif sys.stdout.isatty():
            from rich.console import Console

            print_report(report, Console())
        else:
            click.echo(plain_text(report), nl=False)
        sys.exit(0 if report.passed else 1)

    return kernel


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


def _prepare(out: Path) -> None:
    """Make the folder before any work is done."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out} cannot be made: {error.strerror}; give a folder that can be written") from None


def _written(write: Writer, report: ConformanceReport, out: Path) -> None:
    try:
        write(report, out)
    except OSError as error:
        raise InputError(f"--out {out} cannot be written: {error.strerror}; give a folder that can be") from None


def _refuse(message: str) -> NoReturn:
    """End with one line and status 2."""
    click.echo(f"hardmax kernel: {' '.join(message.split())}", err=True)
    sys.exit(2)


kernel = make_command()

__all__ = ["Writer", "kernel", "make_command", "write_files"]
