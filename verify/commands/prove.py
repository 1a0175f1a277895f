"""`hardmax prove`: one verdict a configuration, with its certificate."""

import re
import sys
from contextlib import redirect_stdout
from itertools import count
from pathlib import Path
from typing import Any

import click

from ...kernels.errors import InputError
from ...kernels.exact.configuration import Configuration, with_changes
from ...kernels.exact.configuration_file import read_configuration
from ...kernels.exact.model import register
from ...kernels.exact.step import ConstantStep
from ...reports.printable import json_text, one_line, printable
from ...reports.records.configuration_record import TrajectoryRecord
from ...reports.records.record import ResultRecord
from ...reports.records.run_record import RunCounts
from ...reports.records.store import write_results
from ..campaigns.interruption import Interruption
from ..claims.certified import save_certificate
from ..claims.conclusion import Result
from ..claims.conclusion import prove as prove_configuration
from ..claims.registry import Claim, select_claims, theorem
from ..provers.freeze.outcome import Undecided
from ..provers.freeze.prover import Budget
from ..provers.freeze.time_limit import OutOfTimeError, time_limit
from ..records.findings import result_record, trajectory_record
from . import many
from .parts.options import Seconds, models, overwrite
from .parts.output import prepare, render, write_counterexample, write_run
from .parts.prove_text import describe

FIELDS = ("hypotheses", "freeze_layer", "leaders", "limits", "cluster_points", "vertices", "claims", "certificate")

LIMIT = (
    "Time limit for each configuration, in place of the default budget, which counts operations, about ten seconds of "
    "them: a verdict that takes longer is undecided. It ends after at most a quarter "
    "more, or when one operation on large integers has ended, which takes seconds where they have a million digits. "
    "As long again may go, with --out, into the first layers for the record and into the certificate, each of which is "
    "left out where it takes longer, and into checking the certificate, which is written unchecked where that does."
)


@click.command()
@click.argument("configurations", nargs=-1, required=True, metavar="CONFIG...", type=click.Path(path_type=Path))
@click.option("--alpha", metavar="Q", help='Step of every input, in place of its own: "1/2", 0.25.')
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, in the order of the inputs.")
@click.option("--exact", is_flag=True, help="Show every token, and every fraction in full.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write certificates and records here.")
@overwrite
@click.option("--seconds", type=Seconds(), metavar="S", help=LIMIT)
@click.option("--claims", "also", metavar="CLAIMS", help="Claims to examine besides: ids, mine.py, mine.py:name.")
@models
@click.option("--all-alpha", is_flag=True, help="Decide every step alpha at once; CONFIG's own is not used.")
@click.option("--alpha-min", metavar="Q", help="The least alpha of --all-alpha, in place of all alpha > 0.")
@click.option("--all-A", "all_matrices", is_flag=True, help="Decide every A at once, in the plane; own A is not used.")
@click.option("--radius", is_flag=True, help="How far tokens, A and alpha may move and the itinerary stays.")
@click.option("--report", is_flag=True, help="Also write the HTML and JUnit reports (needs --out).")
def prove(
    configurations: tuple[Path, ...],
    alpha: str | None,
    as_json: bool,
    exact: bool,
    out: Path | None,
    overwrite: bool,
    seconds: float | None,
    also: str | None,
    models: str | None,
    all_alpha: bool,
    alpha_min: str | None,
    all_matrices: bool,
    radius: bool,
    report: bool,
) -> int:
    """Prove or refute the clustering theorem's conclusion for each CONFIG, exactly.

    CONFIG is JSON, or an (n, d) array of tokens: .npy, .npz, .pt or .csv; "-" is the standard input.

    Exit status: 0 all verified, 1 one refuted, 2 one cannot be read, 3 one undecided.

    \b
    Examples:
      echo '[[1, 0], [0, 1], ["1/2", 0]]' | hardmax prove - --alpha 1/2
      hardmax prove cloud.npy --out proof --report && hardmax check proof
      hardmax prove square.json --all-alpha
    """
    if report and out is None:
        raise click.UsageError("--report needs --out DIR: give the folder to write to")
    question = many.asked(
        all_alpha=all_alpha, all_matrices=all_matrices, alpha_min=alpha_min, radius=radius, seconds=seconds
    )
    if question is not None:
        if alpha is not None or also is not None or models is not None or exact:
            raise click.UsageError("--alpha, --claims, --models and --exact are about one input; leave them out")
        least = [] if alpha_min is None else ["--alpha-min", alpha_min]
        options = ["--radius"] if radius else ["--all-A"] if all_matrices else ["--all-alpha", *least]
        run = many.Many(question, out, [*map(str, configurations), *options])
        return run.run(configurations, overwrite=overwrite, as_json=as_json, report=report, seconds=seconds)
    with redirect_stdout(sys.stderr):
        if models:
            register(models)
        claims = tuple(c for c in select_claims(also) if c not in theorem()) if also else ()
    step = None if alpha is None else ConstantStep(alpha)  # type: ignore[arg-type]
    inputs = [(str(path), _read(path, step)) for path in configurations]
    faults = [(name, given) for name, given in inputs if isinstance(given, InputError)]
    if faults and out is not None and (len(faults) == len(inputs) or _is_in_use(out)):
        for name, fault in faults:  # never a reason to touch what an earlier run has left
            _refuse(name, fault, None, as_json)
        return 2
    arguments = [*map(str, configurations), *([] if alpha is None else ["--alpha", alpha])]
    writer = None if out is None else _Writer(out, overwrite, arguments, seconds, claims)
    budget = Budget() if seconds is None else Budget.unlimited(seconds)
    verdicts: list[str] = []
    interrupted = False
    with Interruption() as interruption:
        try:
            with interruption.ends_the_work():
                for name, given in inputs:
                    if isinstance(given, InputError):
                        _refuse(name, given, writer, as_json)
                        verdicts.append("invalid")
                        continue
                    proved = prove_configuration(given, budget, also=claims)
                    trajectory = None if writer is None else _first_layers(proved, seconds)
                    with interruption.held_back():
                        certificate, note = (None, None) if writer is None else writer.add(name, proved, trajectory)
                        if as_json:
                            click.echo(json_text(proved.to_json(name, certificate)))
                        else:
                            click.echo(printable(describe(one_line(name), proved, certificate, note, exact=exact)))
                        verdicts.append(proved.verdict)
        except KeyboardInterrupt:
            interrupted = True
            click.echo(f"hardmax: interrupted after {len(verdicts)} of {len(inputs)} configurations", err=True)
        status = exit_status([*verdicts, "undecided"] if interrupted else verdicts)
        if writer is not None:
            writer.finish(verdicts, status, interrupted=interrupted, report=report)
    return status


def _is_in_use(out: Path) -> bool:
    """Whether something is there already."""
    return out.exists() and (not out.is_dir() or any(out.iterdir()))


def _refuse(name: str, error: InputError, writer: "_Writer | None", as_json: bool) -> None:
    """Say that an input is none, and keep a record of it."""
    click.echo(f"hardmax: error: {error}", err=True)
    if writer is not None:
        writer.add_invalid(name, str(error))
    if as_json:
        click.echo(json_text({"input": name, "verdict": "invalid", **dict.fromkeys(FIELDS), "error": str(error)}))


def _first_layers(proved: Result, seconds: float | None) -> TrajectoryRecord | None:
    """The first layers for the record; None where even the first ones take longer than the limit."""
    outcome = proved.outcome
    if isinstance(outcome, Undecided) and not outcome.phases:
        return None
    try:
        with time_limit(seconds):
            return trajectory_record(proved.configuration, outcome)
    except OutOfTimeError:
        return None


def exit_status(verdicts: list[str]) -> int:
    """2 if one is invalid, else 1 if one is refuted, else 3 if one is undecided, else 0."""
    for verdict, status in (("invalid", 2), ("refuted", 1), ("undecided", 3)):
        if verdict in verdicts:
            return status
    return 0


def _read(path: Path, step: ConstantStep | None) -> Configuration | InputError:
    try:
        given = read_configuration(path)
        if step is not None and "step" not in given.model.keys:
            raise InputError(f"{path}: models of kind {given.model.kind!r} have no alpha; leave --alpha out")
        return given if step is None else with_changes(given, step=step)
    except InputError as error:
        return error


class _Writer:
    """Writes certificates as they come and the records of the run at its end."""

    def __init__(
        self, out: Path, overwrite: bool, arguments: list[str], seconds: float | None, also: tuple[Claim, ...]
    ) -> None:
        prepare(out, overwrite)
        self._out, self._seconds, self._also = out, seconds, also
        self._arguments = [*arguments, *([] if seconds is None else ["--seconds", str(seconds)])]
        self._results: list[ResultRecord] = []
        self._names: set[str] = set()
        self._refuted: list[str] = []

    def _stem(self, name: str) -> str:
        """A name for the files about an input: its file's name, made harmless and unique."""
        stem = re.sub("[^A-Za-z0-9._-]", "_", Path(name).stem).lstrip("._-")[:80] or "input"
        unique = next(u for k in count(1) if (u := stem if k == 1 else f"{stem}-{k}") not in self._names)
        self._names.add(unique)
        return unique

    def add_invalid(self, name: str, error: str) -> None:
        """Keep the record of an input that is none."""
        fields: dict[str, Any] = dict.fromkeys(FIELDS) | {"hypotheses": {}, "claims": {}}
        self._results.append(ResultRecord(input=name, verdict="invalid", reason=error, **fields))

    def add(self, name: str, proved: Result, trajectory: TrajectoryRecord | None) -> tuple[str | None, str | None]:
        """Keep the record of one input, and write its certificate and the counterexample that it is.

        Returns:
            The path of the certificate, if there is one; and why not, or why it is written unchecked.

        Raises:
            BugError: the independent checker refuses the certificate; nothing is written.
        """
        stem = self._stem(name)
        path = self._out / f"{stem}.cert.json"
        written, note = save_certificate(path, proved.case, self._seconds)
        certificate = str(path) if written else None
        self._results.append(result_record(proved, name, certificate, trajectory))
        refuted = [] if proved.failing is None else [proved.failing[0]]
        refuted += [claim for claim in self._also if proved.findings[claim.id].verdict == "refuted"]
        for k, claim in enumerate(refuted):
            folder = stem if k == 0 else self._stem(f"{stem}-{k + 1}")
            write_counterexample(self._out, folder, claim, proved.case, proved.findings[claim.id])
            self._refuted.append(folder)
        return certificate, note

    def finish(self, verdicts: list[str], status: int, *, interrupted: bool, report: bool) -> None:
        """Write results.jsonl and run.json, and the reports if asked for."""
        counts = {v: verdicts.count(v) for v in ("verified", "refuted", "undecided", "invalid")}
        write_run(
            self._out,
            command="prove",
            arguments=tuple(self._arguments),
            verdict={0: "verified", 1: "refuted", 2: "invalid", 3: "undecided"}[status],
            exit_status=status,
            interrupted=interrupted,
            counts=RunCounts(inputs=len(verdicts), **counts),
            results=write_results(self._out, self._results) if self._results else 0,
            counterexamples=tuple(self._refuted),
            conclusion={c.id: c.statement for c in theorem() if any(c.id in r.claims for r in self._results)},
        )
        if report:
            render(self._out)
