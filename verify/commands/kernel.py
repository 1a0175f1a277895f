"""The command `hardmax kernel SPEC`: run the suite on a kernel, print the report, write records.

Exit status: 0 no check fails (but those listed as known), 1 some check fails, 2 bad SPEC, declaration or usage, in one
line, 3 interrupted before one failed.

Neighbours: `suite` runs, `text` prints; `verify.cli` mounts the command and turns `InputError` into status 2,
`verify.commands.parts.output` writes the records that `hardmax report` reads.
"""

import contextlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from msgspec import structs

from ...kernels.errors import InputError
from ...kernels.exact.configuration_file import configuration_from_json
from ...kernels.protocol import DTYPES
from ...reports.printable import json_text, printable
from ...reports.records.codec import dumps, encode
from ...reports.records.files import write_files
from ...reports.records.run_record import RunCounts, SubjectRecord
from ..campaigns.interruption import Interruption
from ..conformance.engine.bench import Limits, Options
from ..conformance.engine.protocols import PROTOCOLS
from ..conformance.inputs.trial import Sizes
from ..conformance.known import read_known
from ..conformance.record import CheckResult, ConformanceReport
from ..conformance.suite import INTERRUPTED, check_ids, opened, run_on, selected
from ..conformance.text import WORDS, plain_text, print_report
from .parts.options import Seconds, overwrite
from .parts.output import discard

MOST_DRAWN = 40
"""Checks of more tokens have no picture: the record would be long and the picture crowded."""

CHECKS_HELP = "Run these checks alone: globs of ids, mine.py, mine.py:name, pkg.module:name; several with commas."
CHECKS_FOLDER = "checks"
"""Below --out: for each failing check its configuration CHECK.json and its snippet CHECK.py."""


class SizesType(click.ParamType):
    """Sizes of batches: B, n and d, each a number or a range."""

    name = "sizes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Sizes:
        """The sizes that were typed."""
        if isinstance(value, Sizes):
            return value
        found: dict[str, tuple[int, int]] = {}
        for part in value.split(","):
            read = re.fullmatch(r"\s*([Bnd])=(\d+)(?:-(\d+))?\s*", part)
            if read is None or read[1] in found or int(read[2]) > int(read[3] or read[2]):
                self.fail(f"{value!r} names no sizes; give B, n or d with a number or a range each, as n=1-512,d=64")
            found[read[1]] = (int(read[2]), int(read[3] or read[2]))
        return Sizes(**found)


@click.command()
@click.argument("spec", metavar="SPEC")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.option("-v", "--verbose", is_flag=True, help="List the checks that pass too.")
@click.option("--checks", "only", metavar="CHECKS", multiple=True, help=CHECKS_HELP)
@click.option("--skip", metavar="GLOB", multiple=True, help="Leave these checks out; several with commas.")
@click.option("--arrays", type=click.Choice(["numpy", "torch", "jax"]), help="In place of what the kernel declares.")
@click.option("--device", help="In place of what the kernel declares: cpu, cuda or cuda:NUMBER.")
@click.option("--dtype", type=click.Choice(DTYPES), multiple=True, help="In place of what the kernel declares.")
@click.option("--sizes", type=SizesType(), help="Only these sizes, e.g. n=1-512,d=8-64,B=1-32.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Decides the random cases.")
@click.option("--check-seconds", type=Seconds(), default=60.0, show_default=True, help="Time limit of a check.")
@click.option(
    "--check-memory",
    type=click.FloatRange(min=0, min_open=True),
    default=4.0,
    show_default=True,
    metavar="GIB",
    help="Its memory limit in GiB (Linux).",
)
@click.option("--known", type=click.Path(path_type=Path), help="Known deviations: CHECK REASON, one a line.")
@click.option("--out", type=click.Path(path_type=Path), help="Write records, configurations and snippets here.")
@overwrite
@click.option("--report", is_flag=True, help="Also write the HTML, JUnit and SARIF reports (needs --out).")
def kernel(
    spec: str,
    as_json: bool,
    verbose: bool,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    arrays: str | None,
    device: str | None,
    dtype: tuple[str, ...],
    sizes: Sizes | None,
    seed: int,
    check_seconds: float,
    check_memory: float,
    known: Path | None,
    out: Path | None,
    overwrite: bool,
    report: bool,
) -> int:
    """Test a hardmax layer or an attention kernel: is it right, on every input that kernels get wrong?

    SPEC is the name of a kernel (numpy, compiled, torch, torch-sdpa), pkg.module:attr or path/to/file.py:attr, where
    attr is a function (tokens (B, n, d), A (d, d), alpha) -> next tokens, or attention(q, k, v, …) -> out with q, k, v
    (B, H, L, D). It runs in a process of its own: a crash or a hang is a failing check, and the others are run.

    Exit status: 0 the kernel conforms, 1 a check fails, 2 bad SPEC, declaration or usage, 3 interrupted before one
    failed.
    """
    if report and out is None:
        raise click.UsageError("--report needs --out DIR: give the folder to write to")
    given = {"arrays": arrays, "device": device, "dtypes": dtype or None}
    overrides = {name: value for name, value in given.items() if value is not None}
    options = Options(seed, overrides, sizes or Sizes(), Limits(check_seconds, check_memory))
    with (
        Interruption() as interruption,
        _progress() as progress,
        interruption.ends_the_work(),
        contextlib.closing(opened(spec, options)) as bench,
    ):
        protocol = bench.about.protocol
        with contextlib.redirect_stdout(sys.stderr):
            checks = selected(only or ("*",), skip, protocol=protocol)
        deviations = {} if known is None else read_known(known, {*check_ids(protocol), *(check.id for check in checks)})
        if out is not None:  # a SPEC that cannot be loaded has ended above: the files of an earlier run stay
            _prepare(out, overwrite)
        try:
            result = run_on(bench, known=deviations, only=checks, progress=progress, keep=True)
        except InputError:
            if out is not None:
                discard(out)
            raise
    interrupted = any(r.message == INTERRUPTED for r in result.results)
    status = 1 if not result.passed else 3 if interrupted else 0
    if out is not None:
        _write(out, result, _arguments(click.get_current_context()), status, report, interrupted)
    if as_json:
        click.echo(json_text(result.to_json()))
    elif sys.stdout.isatty():
        from rich.console import Console

        print_report(_printable(result), Console(), verbose=verbose)
    else:
        click.echo(plain_text(_printable(result), verbose=verbose), nl=False)
    if interrupted:
        click.echo("hardmax: interrupted; what was found until then is above", err=True)
    return status


def _printable(report: ConformanceReport) -> ConformanceReport:
    """The report with what a kernel said about itself, in its errors for instance, safe for a terminal."""
    results = (
        structs.replace(r, message=printable(r.message), snippet=r.snippet and printable(r.snippet))
        for r in report.results
    )
    return replace(report, results=tuple(results), kernel=printable(report.kernel), spec=printable(report.spec))


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[CheckResult], None]]:
    """Says on a terminal which check was the last."""
    if not sys.stderr.isatty():
        yield lambda result: None
        return
    from rich.console import Console

    with Console(stderr=True).status("testing …") as status:
        yield lambda result: status.update(f"{result.id}: {WORDS[result.status]}")


def _arguments(context: click.Context) -> list[str]:
    """What was typed, without what says where results go."""
    arguments = [str(context.params["spec"])]
    for option in context.command.params:
        value = context.params.get(option.name or "")
        if option.name in ("spec", "as_json", "verbose", "out", "overwrite", "report"):
            continue
        for one in value if isinstance(value, tuple) else (value,):
            if one not in (None, option.default) or option.name == "seed":
                arguments += [option.opts[0], str(one)]
    return arguments


def _prepare(out: Path, overwrite: bool) -> None:
    """Make the folder empty before any work is done; the files of others are kept."""
    from .parts.output import prepare

    prepare(out, overwrite, also=(CHECKS_FOLDER,) if _of_an_earlier_run(out) else ())


def _of_an_earlier_run(out: Path) -> bool:
    """Whether out/checks is what this command wrote: beside its record or its journal, and with no other files."""
    from ...reports.records.store import RUN
    from .parts.output import JOURNAL

    names = {name for protocol in PROTOCOLS for name in check_ids(protocol)}
    try:
        record = json.loads((out / RUN).read_text(encoding="utf-8"))
        ours = isinstance(record, dict) and record.get("command") == "kernel"
        names |= {check["id"] for check in record["checks"]} if ours else set()
    except (OSError, ValueError, LookupError, TypeError):
        ours = (out / JOURNAL).exists()
    folder = out / CHECKS_FOLDER
    return (
        ours
        and folder.is_dir()
        and all(p.is_file() and p.stem in names and p.suffix in (".json", ".py") for p in folder.iterdir())
    )


def _write(
    out: Path, result: ConformanceReport, arguments: list[str], status: int, report: bool, interrupted: bool
) -> None:
    """The record of the run, what each failing check needs to be replayed, and the reports if asked for."""
    from .parts.output import render, write_run

    failing = [r for r in result.results if r.status in ("fail", "known")]
    folder = out / CHECKS_FOLDER
    files = {folder / f"{r.id}.json": dumps(r.configuration) + "\n" for r in failing if r.configuration is not None}
    files |= {folder / f"{r.id}.py": r.snippet for r in failing if r.snippet is not None}
    try:
        write_files(files)
        write_run(out, **run_fields(result, arguments, status), interrupted=interrupted)
        if report:
            render(out)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}; give --out another folder") from None


def run_fields(result: ConformanceReport, arguments: list[str], status: int) -> dict[str, Any]:
    """The report as fields of a run record."""
    counts = result.counts()
    file = None if result.file is None else _seen_from_here(result.file)
    return {
        "command": "kernel",
        "arguments": tuple(arguments),
        "seed": result.seed,
        "verdict": "verified" if result.passed else "refuted",
        "exit_status": status,
        "counts": RunCounts(
            inputs=len(result.results),
            verified=len(result.results) - counts["fail"] - counts["not_tested"],
            refuted=counts["fail"],
            undecided=counts["not_tested"],
            invalid=0,
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
