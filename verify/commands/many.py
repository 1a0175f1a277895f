"""`hardmax prove --all-alpha`, `--all-A` and `--radius`: what happens for many inputs at once, with its certificate.

Neighbours: `prove` is the command; `provers.regions` answers; `many_text` says it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from ...kernels.errors import InputError
from ...kernels.exact.configuration import Configuration
from ...kernels.exact.configuration_file import read_configuration
from ...kernels.exact.json_values import number
from ...reports.printable import json_text, one_line, printable
from ...reports.records.atlas_record import AtlasRecord
from ...reports.records.record import ResultRecord
from ...reports.records.run_record import RunCounts
from ...reports.records.steps_record import StepsRecord
from ...reports.records.store import write_results
from ..certificates.self_check import unchecked
from ..certificates.writer import to_text, write_text
from ..provers.regions.answers import AllSteps, ask_all_steps
from ..provers.regions.atlas.answer import Atlas, ask_all_matrices
from ..provers.regions.radius_answer import ask_radius
from .parts import atlas_text, many_text
from .parts.output import prepare, render, write_run

STATUS = {"invalid": 2, "refuted": 1, "undecided": 3}


def asked(
    *, all_alpha: bool, all_matrices: bool, alpha_min: str | None, radius: bool, seconds: float | None
) -> Callable[[Configuration], Any] | None:
    """The question that the options ask, None if it is the one about a single input.

    Raises:
        InputError: `alpha_min` is no number > 0.
        click.UsageError: it is given without `all_alpha`, or two questions are asked.
    """
    if all_alpha + all_matrices + radius > 1:
        raise click.UsageError("--all-alpha, --all-A and --radius are questions of their own: give one of them")
    if all_matrices and alpha_min is None:
        return lambda configuration: ask_all_matrices(configuration, seconds)
    if radius and alpha_min is None:
        return lambda configuration: ask_radius(configuration, seconds)
    if not all_alpha:
        if alpha_min is not None:
            raise click.UsageError("--alpha-min is the least alpha of --all-alpha: give both, or leave it out")
        return None
    least = None if alpha_min is None else number("alpha-min", alpha_min)
    if least is not None and least <= 0:
        raise InputError(f"alpha-min is {alpha_min}; it must be positive: leave it out for all alpha > 0")
    return lambda configuration: ask_all_steps(configuration, least, seconds)


class Many:
    """One run of a question over all inputs.

    Args:
        ask: the question.
        out: where certificates and records go.
        arguments: of the command, for the record.
    """

    def __init__(self, ask: Callable[[Configuration], Any], out: Path | None, arguments: Sequence[str]) -> None:
        self._ask, self._out, self._arguments = ask, out, tuple(arguments)
        self._results: list[ResultRecord] = []
        self._steps: list[StepsRecord] = []
        self._atlases: list[AtlasRecord] = []
        self._stems: set[str] = set()

    def run(self, paths: Sequence[Path], *, overwrite: bool, as_json: bool, report: bool, seconds: float | None) -> int:
        """Answer for each file, print and write; the exit status."""
        answers: list[tuple[str, Any]] = []
        for path in paths:  # bad input is found before a folder is touched
            try:
                answers.append((str(path), self._ask(read_configuration(path))))
            except InputError as error:
                text = str(error) if str(path) in str(error) else f"{path}: {error}"
                answers.append((str(path), InputError(text)))
        found = [answer for _, answer in answers if not isinstance(answer, InputError)]
        if self._out is not None and found:
            prepare(self._out, overwrite)
        verdicts = [self._say(name, answer, as_json, seconds) for name, answer in answers]
        status = next((STATUS[v] for v in STATUS if v in verdicts), 0)
        if self._out is not None and found:
            write_run(
                self._out,
                command="prove",
                arguments=self._arguments,
                verdict={0: "verified", 1: "refuted", 2: "invalid", 3: "undecided"}[status],
                exit_status=status,
                counts=RunCounts(
                    inputs=len(verdicts),
                    **{v: verdicts.count(v) for v in ("verified", "refuted", "undecided", "invalid")},
                ),
                results=write_results(self._out, self._results) if self._results else 0,
                steps=tuple(self._steps),
                atlases=tuple(self._atlases),
            )
            if report:
                render(self._out)
        return status

    def _say(self, name: str, answer: Any, as_json: bool, seconds: float | None) -> str:
        """Print one answer and write its certificate; the verdict."""
        if isinstance(answer, InputError):
            click.echo(f"hardmax: error: {one_line(str(answer))}", err=True)
            if as_json:
                click.echo(json_text({"input": name, "verdict": "invalid", "error": str(answer)}))
            return "invalid"
        certificate, note = None, None
        if self._out is not None:
            self._results += answer.samples(name)
            document = answer.document()
            if document is not None:
                note = unchecked(document, seconds)
                certificate = str(write_text(self._out / f"{self._stem(name)}.cert.json", to_text(document)))
        if isinstance(answer, AllSteps):
            self._steps.append(many_text.steps_record(name, answer, certificate))
        if isinstance(answer, Atlas):
            self._atlases.append(atlas_text.atlas_record(name, answer, certificate))
        if as_json:
            click.echo(json_text(answer.to_json(name, certificate)))
        else:
            lines = atlas_text.lines(answer) if isinstance(answer, Atlas) else many_text.lines(answer)
            if certificate is not None:
                lines.append(f"certificate: {certificate}" + (f", not checked: {note}" if note else ""))
            click.echo(printable("\n  ".join([f"{one_line(name)}: {answer.verdict}", *lines])))
        return answer.verdict

    def _stem(self, name: str) -> str:
        """A name for the files about an input."""
        stem = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in Path(name).stem)
        stem = stem.lstrip("._-")[:80] or "input"
        unique = next(u for k in range(1, 10**9) if (u := stem if k == 1 else f"{stem}-{k}") not in self._stems)
        self._stems.add(unique)
        return unique
