"""`hardmax control`: choose A so that given tokens lead, or prove that no A can do it."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from ...kernels.exact.configuration import with_changes
from ...kernels.exact.configuration_file import read_configuration
from ...kernels.exact.matrix import identity
from ...kernels.exact.rational_text import show
from ...reports.printable import json_text, one_line, printable
from ...reports.records.run_record import RunCounts
from ...reports.records.store import write_results
from ..certificates.self_check import unchecked
from ..certificates.writer import to_text, write_text
from ..claims.certified import save_certificate
from ..claims.conclusion import prove
from ..provers.control.answers import ControlAnswer, LeadingKind, ask, leaders_at_0
from ..provers.control.records import control_record
from ..records.findings import result_record, trajectory_record
from .parts.options import Seconds, overwrite
from .parts.output import prepare, render, write_run

STATUS = {"possible": 0, "impossible": 1, "undecided": 3}
_ASKED = {
    "lead": "all of these lead",
    "alone": "every token follows this one",
    "exactly": "these are the leaders for ever: they lead, and every other token follows one of them",
}


@click.command()
@click.argument("configurations", nargs=-1, required=True, metavar="CONFIG...", type=click.Path(path_type=Path))
@click.option("--lead", metavar="I,J", help="All of these tokens lead (indices from 0 on, or labels).")
@click.option("--alone", metavar="I", help="Every token follows this one.")
@click.option("--exactly", metavar="I,J", help="These are the leaders for ever, whatever the step.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write certificates and records here.")
@overwrite
@click.option(
    "--seconds", type=Seconds(), metavar="S", help="Time limit for the search, in place of the default budget."
)
@click.option("--report", is_flag=True, help="Also write the HTML and JUnit reports (needs --out).")
def control(
    configurations: tuple[Path, ...],
    lead: str | None,
    alone: str | None,
    exactly: str | None,
    as_json: bool,
    out: Path | None,
    overwrite: bool,
    seconds: float | None,
    report: bool,
) -> int:
    """Choose A, symmetric positive definite, so that given tokens lead, or prove that no A can do it.

    What is said is about layer 0, and so about ever after where it is possible. The A of CONFIG is not used; equal
    tokens are merged first. Several CONFIG share one A; a label means every token so labelled, in each of them.
    Labels with commas, or of digits only, stand in a JSON list: '["yes, of course", "7", 3]', where 3 is an index.

    Exit status: 0 possible, 1 proved impossible, 2 bad usage or input, 3 undecided.
    """
    kinds: dict[LeadingKind, str | None] = {"lead": lead, "alone": alone, "exactly": exactly}
    asked: list[tuple[LeadingKind, str]] = [(kind, text) for kind, text in kinds.items() if text is not None]
    if len(asked) != 1:
        raise click.UsageError("give one of --lead, --alone, --exactly, with the tokens")
    if report and out is None:
        raise click.UsageError("--report needs --out DIR: give the folder to write to")
    ((kind, text),) = asked
    wanted = _wanted(text)
    names = [str(path) for path in configurations]
    inputs = [read_configuration(path) for path in configurations]
    answer = ask(kind, inputs, wanted, seconds)
    certificates, notes = ([], []) if out is None else _write(out, overwrite, names, answer)
    if as_json:
        click.echo(json_text(answer.to_json(names, certificates)))
    else:
        click.echo(printable(describe(names, answer, certificates, notes)))
    if out is not None:
        options = [f"--{kind}", text, *([] if seconds is None else ["--seconds", str(seconds)])]
        _write_records(out, names, options, answer, certificates)
        if report:
            render(out)
    return STATUS[answer.verdict]


def _wanted(text: str) -> list[Any]:
    """Indices and labels: a JSON list, or what stands between commas, where a number is an index."""
    with suppress(ValueError, RecursionError):
        if isinstance(listed := json.loads(text), list):
            return listed
    parts = [part for part in map(str.strip, text.split(",")) if part]
    return [int(part) if part.isdecimal() and len(part) < 19 else part for part in parts]


def describe(names: list[str], answer: ControlAnswer, certificates: list[str], notes: list[str]) -> str:
    """The answer for a person: the verdict and its sense, A, who leads and who follows."""
    single = len(names) == 1
    lines = [f"{one_line(', '.join(names))}: {answer.verdict}: {_ASKED[answer.kind]}"]
    for name, one in zip(names, answer.inputs, strict=True):
        where = "" if single else f"{one_line(name)}: "
        merged = f", {one.merged.n} once equal ones are merged" if one.merged.n < one.given.n else ""
        tokens = ", ".join(_called(one.given.labels, i) for i in one.tokens) or "none of them"
        lines.append(f"  {where}{tokens} of {one.given.n} tokens in R^{one.given.d}{merged}")
    if answer.reason:
        lines.append(f"  {answer.reason}")
    if answer.A is not None:
        if answer.verdict != "possible":
            held = ", ".join(one_line(names[c]) for c in answer.held)
            lines.append(f"  one A for a largest part found greedily, {len(answer.held)} of {len(names)}: {held}")
        lines.append(f"  A = {' '.join(map(show, answer.A))}, condition number {answer.condition:.4g}")
    for c, result in zip(answer.held, answer.results, strict=True):
        one = answer.inputs[c]
        leaders = ", ".join(_called(one.given.labels, one.first(i)) for i in leaders_at_0(result.configuration))
        lines.append(f"  {'' if single else one_line(names[c]) + ': '}leaders at layer 0: {leaders}")
    for certificate in certificates:
        lines.append(f"  certificate: {certificate}")
    return "\n".join([*lines, *(f"  {note}" for note in notes)])


def _called(labels: tuple[str, ...] | None, i: int) -> str:
    return f"{i} ({one_line(labels[i])})" if labels else str(i)


def _write(out: Path, replace: bool, names: list[str], answer: ControlAnswer) -> tuple[list[str], list[str]]:
    """Write the certificates: that there is no A, and of `prove` for the A of each configuration in which it holds."""
    prepare(out, replace)
    certificates, notes = [], []
    if answer.document is not None:
        note = unchecked(answer.document)
        path = write_text(out / "no-A.cert.json", to_text(answer.document))
        certificates.append(str(path))
        notes += [] if note is None else [f"{path} is not checked: {note}"]
    for c, result in zip(answer.held, answer.results, strict=True):
        path = out / f"{c}-{_stem(names[c])}.cert.json"
        written, note = save_certificate(path, result.case)
        certificates += [str(path)] if written else []
        notes += [] if note is None else [f"{path}: {note}"]
    return certificates, notes


def _stem(name: str) -> str:
    """The name of an input as part of another file's."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in Path(name).stem)[:80]


def _write_records(
    out: Path, names: list[str], options: list[str], answer: ControlAnswer, certificates: list[str]
) -> None:
    """Write results.jsonl, each configuration with A = I and with the A found, and run.json."""
    results: list[Any] = []
    after = dict(zip(answer.held, answer.results, strict=True))
    for c, one in enumerate(answer.inputs):
        states = [("A = I", prove(with_changes(one.merged, A=identity(one.merged.d)), merge=False))]
        states += [("the A found", after[c])] if c in after else []
        for state, result in states:
            trajectory = trajectory_record(result.configuration, result.outcome)
            results.append(result_record(result, f"{names[c]}, {state}", None, trajectory))
    held, n = len(answer.held), len(names)
    refuted, open_ones = (n - held, 0) if answer.verdict == "impossible" else (0, n - held)
    write_run(
        out,
        command="control",
        arguments=(*names, *options),
        verdict={"possible": "verified", "impossible": "refuted", "undecided": "undecided"}[answer.verdict],
        exit_status=STATUS[answer.verdict],
        counts=RunCounts(inputs=n, verified=held, refuted=refuted, undecided=open_ones, invalid=0),
        results=write_results(out, results),
        control=control_record(names, answer, certificates),
    )
