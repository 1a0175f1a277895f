"""`hardmax prove --all-alpha`, `--all-A` and `--radius`: what happens for many inputs at once, with its certificate.

Neighbours: `prove` is the command; `provers.regions` answers; `many_text` and `atlas_text` say it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ...kernels.errors import InputError
from ...kernels.exact.configuration import Configuration
from ...kernels.exact.json_values import number
from ...reports.printable import json_text, one_line, path_text, printable
from ...reports.records.codec import dumps
from ..certificates.self_check import unchecked
from ..certificates.writer import to_text, write_text
from ..provers.regions.answers import AllSteps, ask_all_steps
from ..provers.regions.atlas.answer import Atlas, ask_all_matrices, must_be_fit_in_the_plane
from ..provers.regions.radius_answer import RadiusAnswer, ask_radius
from ..provers.regions.steps import must_be_fit
from .parts import atlas_text, many_text


def asked(*, all_alpha: bool, all_matrices: bool, radius: bool, alpha_min: str | None) -> str | None:
    """The option that asks a question about many inputs, None if there is none.

    Raises:
        click.UsageError: there are two, or `alpha_min` is given without `all_alpha`.
    """
    given = {"--all-alpha": all_alpha, "--all-A": all_matrices, "--radius": radius}
    options = [option for option, is_given in given.items() if is_given]
    if len(options) > 1:
        raise click.UsageError("--all-alpha, --all-A and --radius are questions of their own: give one of them")
    if alpha_min is not None and not all_alpha:
        raise click.UsageError("--alpha-min is the least alpha of --all-alpha: give both, or leave it out")
    return options[0] if options else None


@dataclass(frozen=True)
class RegionQuestion:
    """A question about many inputs.

    Args:
        option: what `asked` returned.
        alpha_min: the least α of --all-alpha, None for all α > 0.
        seconds: a limit on time.

    Raises:
        InputError: `alpha_min` is no number > 0.
    """

    option: str
    alpha_min: str | None
    seconds: float | None

    def __post_init__(self) -> None:
        if self.alpha_min is not None and number("alpha-min", self.alpha_min) <= 0:
            raise InputError(f"alpha-min is {self.alpha_min}; it must be positive: leave it out for all alpha > 0")

    def must_fit(self, given: Configuration, path: Path) -> None:
        """Refuse an input that it is not about, by the name of its file."""
        try:
            if self.option == "--all-A":
                must_be_fit_in_the_plane(given)
            else:
                must_be_fit(given, any_A=self.option == "--radius")
        except InputError as error:
            raise InputError(f"{path_text(path)}: {error}") from None

    def answer(self, given: Configuration) -> AllSteps | Atlas | RadiusAnswer:
        """The answer for one input that fits."""
        if self.option == "--all-A":
            return ask_all_matrices(given, self.seconds)
        if self.option == "--radius":
            return ask_radius(given, self.seconds)
        least = None if self.alpha_min is None else number("alpha-min", self.alpha_min)
        return ask_all_steps(given, least, self.seconds)

    def written(
        self, answer: AllSteps | Atlas | RadiusAnswer, name: str, path: Path | None, *, as_json: bool
    ) -> dict[str, Any]:
        """What the journal has of an answer; its certificate is written to `path`, unless that is None.

        Raises:
            BugError: the independent checker refuses the certificate; nothing is written.
        """
        certificate, note = None, None
        kept: dict[str, Any] = {}
        if path is not None:
            document = answer.document()
            if document is not None:
                note = unchecked(document, self.seconds)
                certificate = str(write_text(path, to_text(document)))
            kept["samples"] = [dumps(record) for record in answer.samples(name)]
            if isinstance(answer, AllSteps):
                kept["steps"] = dumps(many_text.steps_record(name, answer, certificate))
            if isinstance(answer, Atlas):
                kept["atlas"] = dumps(atlas_text.atlas_record(name, answer, certificate))
        if as_json:
            said = json_text(answer.to_json(name, certificate))
        else:
            lines = atlas_text.lines(answer) if isinstance(answer, Atlas) else many_text.lines(answer)
            if certificate is not None:
                lines.append(f"certificate: {certificate}" + (f", not checked: {note}" if note else ""))
            said = printable("\n  ".join([f"{one_line(name)}: {answer.verdict}", *lines]))
        kept["certified"] = certificate is not None
        return {"verdict": answer.verdict, "error": None, "said": said, "record": None, **kept}
