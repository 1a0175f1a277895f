"""`hardmax prove`: one verdict a configuration, with its certificate."""

import json
from pathlib import Path
from typing import Any

import click

from ...kernels.configuration import Configuration
from ...kernels.configuration_file import read_configuration
from ...kernels.errors import InputError
from ...kernels.rational_text import show
from ..freeze import Budget
from ..proof import Frozen, Undecided
from ..verdict import Proved
from ..verdict import prove as prove_configuration

FIELDS = ("hypotheses", "freeze_layer", "leaders", "limits", "cluster_points", "vertices", "claims", "certificate")


@click.command()
@click.argument("configurations", nargs=-1, required=True, metavar="CONFIG...", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, in the order of the inputs.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write certificates and records here.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="Time limit for each configuration.")
@click.option("--report", is_flag=True, help="Also write the HTML and JUnit reports (needs --out).")
def prove(
    configurations: tuple[Path, ...], as_json: bool, out: Path | None, seconds: float | None, report: bool
) -> int:
    """Prove or refute the clustering theorem's conclusion for each CONFIG (JSON or .npz), exactly.

    Exit status: 0 all verified, 1 one refuted, 2 one cannot be read, 3 one undecided.
    """
    if report and out is None:
        raise click.UsageError("--report needs --out DIR: give the folder to write to")
    inputs = [(str(path), _read(path)) for path in configurations]
    writer = None if out is None else _Writer(out, [str(p) for p in configurations], seconds)
    statuses = []
    for name, given in inputs:
        if isinstance(given, InputError):
            click.echo(f"hardmax: error: {given}", err=True)
            data: dict[str, Any] = {"input": name, "verdict": "invalid", **dict.fromkeys(FIELDS), "error": str(given)}
            proved = None
        else:
            proved = prove_configuration(given, Budget(seconds=seconds))
            certificate = None if writer is None else writer.certificate(name, proved)
            data = proved.to_json(name, certificate)
        if writer is not None:
            writer.add(name, proved, data)
        statuses.append(data["verdict"])
        if as_json:
            click.echo(json.dumps(data, ensure_ascii=False))
        elif proved is not None:
            click.echo(describe(name, proved, data["certificate"]))
    status = exit_status(statuses)
    if writer is not None:
        writer.finish(statuses, status, report)
    return status


def exit_status(verdicts: list[str]) -> int:
    """2 if one is invalid, else 1 if one is refuted, else 3 if one is undecided, else 0."""
    for verdict, status in (("invalid", 2), ("refuted", 1), ("undecided", 3)):
        if verdict in verdicts:
            return status
    return 0


def _read(path: Path) -> Configuration | InputError:
    try:
        return read_configuration(path)
    except InputError as error:
        return error


def describe(name: str, proved: Proved, certificate: str | None) -> str:
    """The verdict for a person: what was decided, and what it rests on."""
    outcome, c = proved.outcome, proved.configuration
    unmet = [h for h, met in c.hypotheses().items() if not met]
    lines = [
        f"{name}: {proved.verdict}",
        f"  {c.n} tokens in R^{c.d}, " + (f"not {', not '.join(unmet)}" if unmet else "all hypotheses hold"),
    ]
    if isinstance(outcome, Undecided):
        lines.append(f"  {outcome.reason}")
    else:
        leaders = ", ".join(f"{_called(c, i)} (layer {k})" for i, k in sorted(outcome.leaders.items()))
        lines.append(f"  leaders: {leaders or 'none'}")
    if isinstance(outcome, Frozen):
        lines.append(f"  all follow sets are constant from layer {outcome.freeze_layer} on")
    if proved.limits is not None:
        lines.append("  cluster points: " + ", ".join(map(show, sorted(set(proved.limits)))))
    for claim, finding in proved.findings.items():
        lines.append(f"  {finding.verdict:<9} {claim}: {finding.message}")
    if proved.merged is not None:
        lines.append(f"  with equal tokens merged: {proved.merged.verdict}")
    if certificate is not None:
        lines.append(f"  certificate: {certificate}")
    return "\n".join(lines)


def _called(c: Configuration, i: int) -> str:
    return str(i) if c.labels is None else f"{i} {c.labels[i]!r}"


class _Writer:
    """Writes certificates as they come and the records of the run at its end."""

    def __init__(self, out: Path, arguments: list[str], seconds: float | None) -> None:
        from ...reports import store
        from .output import prepare

        prepare(out)
        self._store, self._out = store, out
        self._arguments = [*arguments, *([] if seconds is None else ["--seconds", str(seconds)])]
        self._results: list[dict[str, Any]] = []
        self._names: set[str] = set()

    def certificate(self, name: str, proved: Proved) -> str | None:
        """Write the certificate of a decided configuration; its path, or None."""
        from ..certificate import save_certificate

        stem = Path(name).stem or "input"
        unique, copy = stem, 1
        while unique in self._names:
            copy += 1
            unique = f"{stem}-{copy}"
        self._names.add(unique)
        path = self._out / f"{unique}.cert.json"
        return str(path) if save_certificate(path, proved.case) else None

    def add(self, name: str, proved: Proved | None, data: dict[str, Any]) -> None:
        """Keep the record of one input."""
        from ..records import result_record

        if proved is None:
            self._results.append(
                {k: v for k, v in data.items() if k != "error"}
                | {"hypotheses": {}, "claims": {}, "reason": data["error"]}
            )
        else:
            self._results.append(result_record(proved, name, data["certificate"]))

    def finish(self, verdicts: list[str], status: int, report: bool) -> None:
        """Write results.jsonl and run.json, and the reports if asked for."""
        from .output import render, write_results, write_run

        counts = {v: verdicts.count(v) for v in ("verified", "refuted", "undecided", "invalid")}
        write_run(
            self._out,
            {
                "command": "prove",
                "arguments": self._arguments,
                "verdict": {0: "verified", 1: "refuted", 2: "invalid", 3: "undecided"}[status],
                "exit_status": status,
                "counts": {"inputs": len(verdicts), **counts},
                "results": write_results(self._out, self._results),
            },
        )
        if report:
            render(self._out)


__all__ = ["describe", "exit_status", "prove"]
