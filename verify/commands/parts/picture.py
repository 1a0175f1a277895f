"""Pictures for notebooks and papers, made of the same records and by the same hand as the pages of reports.

Neighbours: `claims.conclusion.Result`, `claims.own.claim.Refutation` and `Configuration` show themselves by this.
"""

from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup, escape

from ....kernels.errors import InputError
from ....kernels.exact.configuration import Configuration
from ....reports.pages import svg
from ....reports.pages.moving import animated
from ....reports.pages.scene import LIMIT, Scene, scene_of
from ....reports.printable import printable
from ....reports.records.files import write_file
from ....reports.records.record import CounterexampleRecord, ResultRecord
from ...claims.case import Case
from ...claims.conclusion import Result
from ...claims.registry import Claim, Finding
from ...provers.freeze.outcome import Undecided
from ...records.bundle import counterexample_record
from ...records.findings import result_record, trajectory_record
from .prove_text import describe


@dataclass(frozen=True, repr=False)
class Drawing:
    """A picture that a notebook shows, and that `save` writes as a file.

    Args:
        svg: the SVG, style included.
    """

    svg: str

    def save(self, path: str | Path) -> Path:
        """Write the SVG to a file.

        Raises:
            InputError: the file cannot be written.
        """
        path = Path(path)
        try:
            write_file(path, self.svg)
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror}; give another place") from None
        return path

    def _repr_html_(self) -> str:
        data = b64encode(self.svg.encode()).decode()  # as an image: its style does not touch the notebook's
        return f'<img alt="tokens layer by layer" width="360" src="data:image/svg+xml;base64,{data}">'

    def __repr__(self) -> str:
        return f"<Drawing: {len(self.svg):,} characters of SVG>"


def picture_of(proved: Result, layer: int | None = None) -> Drawing:
    """The picture of a result: all layers shown, one after the other, or one of them.

    Args:
        proved: the result.
        layer: the layer to show, −1 for the limit; all of them if None.

    Raises:
        InputError: there are too many tokens for a picture, or no such layer is shown.
    """
    scene = _scene(proved)
    if scene is None:
        raise InputError("there is no picture of this: it has too many tokens, or no layer could be computed")
    if layer is None:
        return Drawing(animated(scene))
    wanted = LIMIT if layer == -1 else str(layer)
    names = [frame.name for frame in scene.frames]
    if wanted not in names:
        raise InputError(f"layer is {layer!r}; the picture shows {', '.join(names)} (the limit is -1)")
    return Drawing(svg.standalone(scene, names.index(wanted)))


def result_html(proved: Result) -> str:
    """The picture of a result and what is decided about it."""
    return _shown(_scene(proved), describe("result", proved).removeprefix("result: "))


def configuration_html(configuration: Configuration) -> str:
    """The first layers of a configuration, of which nothing is proved."""
    return _shown(_scene(Result(_unproved(configuration), {}, None)), repr(configuration))


def refutation_html(claim: Claim, case: Case, finding: Finding) -> str:
    """The picture of a counterexample and what fails."""
    shown = None if claim.shown is None else claim.shown(case, finding)
    record = counterexample_record("picture", claim, case, finding, folder="picture", shown=shown)
    return _shown(scene_of(record), f"{record.claim}: {record.because}")


def _unproved(configuration: Configuration) -> Case:
    case = Case(configuration)
    case.outcome = Undecided(configuration, (), "nothing was asked")
    return case


def _scene(proved: Result) -> Scene | None:
    record: ResultRecord | CounterexampleRecord = result_record(
        proved, "picture", None, trajectory_record(proved.configuration, proved.outcome)
    )
    return scene_of(record)


def _shown(scene: Scene | None, text: str) -> str:
    image = "" if scene is None else Drawing(animated(scene))._repr_html_()
    return Markup('<div>{}<pre style="white-space:pre-wrap">{}</pre></div>').format(
        Markup(image), escape(printable(text))
    )
