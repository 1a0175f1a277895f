"""The folder that a command writes: records, certificates, counterexamples, and the reports made of them.

A record that does not have the published shape is an error of this program and is never written.
"""

import re
import shutil
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from itertools import chain, count
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ...kernels.errors import InputError
from ...reports import report
from ...reports.records import store
from ...reports.records.codec import RecordError
from ...reports.records.run_record import RunRecord
from ..claims.case import Case
from ..claims.registry import Claim, Finding
from ..records.bundle import counterexample_record, repro_text
from ..records.environment import environment
from .options import spare

if TYPE_CHECKING:
    from rich.console import Console

    from ..provers.control.answers import ControlAnswer
try:
    import fcntl
except ImportError:  # Windows: two runs into one folder are not noticed there
    fcntl = None

BEGUN = ".hardmax"
"""Marks the folder of a run that has not ended, so that the next run may replace what a killed one left."""
OWN = (store.RUN, store.RESULTS, store.COUNTEREXAMPLES, "certificates", BEGUN, *report.OWN)
"""What an earlier run may have left in a folder, and a new run replaces."""
_marks: dict[Path, IO[bytes]] = {}
"""The marks of this process, open and locked: the lock ends with the process, however that ends."""


def prepare(out: Path, overwrite: bool = False, also: Collection[str] = ()) -> None:
    """Make `out` an empty folder for a run.

    Args:
        out: the folder; it need not exist.
        overwrite: whether the results of an earlier run in it are to be replaced.
        also: further names that an earlier run may have left there. Nothing is removed from a folder that is refused.

    Raises:
        InputError: it is no folder, holds results that are not to be replaced or other files, cannot be written, or
            another run is writing to it.
    """
    try:
        if out.exists() and not out.is_dir():
            raise InputError(f"{out} is a file; give --out a folder")
        names = [p.name for p in out.iterdir()] if out.exists() else []
        strangers = [n for n in names if n not in OWN and n not in also and not n.endswith(".cert.json")]
        if names and not {store.RUN, BEGUN} & set(names):
            raise InputError(f"{out} holds files, but no {store.RUN} of an earlier run; give --out an empty folder")
        if strangers:
            raise InputError(f"{out} holds {strangers[0]!r}, which is no result of hardmax; give --out an empty folder")
        if BEGUN in names:
            _mark(out)
        if set(names) - {BEGUN}:
            try:
                spare(out, overwrite)
            except InputError:
                _unmark(out)
                raise
        for path in out.iterdir() if out.exists() else ():
            if path.name == BEGUN:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        out.mkdir(parents=True, exist_ok=True)
        _mark(out)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}; give --out another folder") from None


def _mark(out: Path) -> None:
    """Mark `out` as the folder of a run of this process; refused while another one holds the mark."""
    _unmark(out)
    mark = _marks[out.absolute()] = (out / BEGUN).open("ab")
    if fcntl is not None:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _unmark(out)
            raise InputError(
                f"another run is writing to {out}; wait for its end, or give --out another folder"
            ) from None
        except OSError:  # a file system without locks
            pass


def _unmark(out: Path) -> None:
    mark = _marks.pop(out.absolute(), None)
    if mark is not None:
        mark.close()


def discard(out: Path) -> None:
    """Leave nothing of a run that cannot go on in the folder that `prepare` has made."""
    for path in out.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != BEGUN:
            path.unlink()
    _unmark(out)
    (out / BEGUN).unlink(missing_ok=True)


def write_run(out: Path, **fields: Any) -> None:
    """Write run.json.

    Args:
        out: the folder.
        fields: of `RunRecord`; left out is what the command does not have.
    """
    nothing = dict.fromkeys(("seed", "seconds", "subject"))
    none = dict.fromkeys(("claims", "coverage", "kernels", "checks", "counterexamples"), ())
    rest = {
        "tool_version": version("hardmax"),
        "environment": environment(),
        "interrupted": False,
        "results": 0,
        **nothing,
        **none,
        **fields,
    }
    store.write_run(out, RunRecord("hardmax-run", 2, **rest))
    _unmark(out)
    (out / BEGUN).unlink(missing_ok=True)


def new_counterexample(out: Path, claim: Claim, case: Case, finding: Finding) -> Path:
    """Write the folder of a counterexample under the id of its claim, beside those of earlier runs."""
    stem = re.sub("[^A-Za-z0-9._-]", "_", claim.id).lstrip("._-")[:90] or "claim"
    tries = chain([stem], (f"{stem}-{k}" for k in count(2)))
    name = next(name for name in tries if not (out / store.COUNTEREXAMPLES / name).exists())
    return write_counterexample(out, name, claim, case, finding)


def write_counterexample(out: Path, name: str, claim: Claim, case: Case, finding: Finding) -> Path:
    """Write the folder of one counterexample: config.json, record.json, repro.py and its certificate.

    Raises:
        BugError: the independent checker refuses the certificate; nothing is written.
    """
    from ..claims.certified import certificate_text  # SymPy's weight is for those who need it

    shown = None if claim.shown is None else claim.shown(case, finding)
    text = certificate_text(case) if shown is not None and shown.certified else None
    record = counterexample_record(
        name,
        claim,
        case,
        finding,
        folder=str(out / store.COUNTEREXAMPLES / name),
        shown=shown,
        certificate=None if text is None else "proof.cert.json",
    )
    return store.write_counterexample(out, record, repro=repro_text(claim, case, finding, shown), certificate=text)


def control_picture(answer: "ControlAnswer") -> str:
    """HTML for a notebook: the figures that the report's page has of an answer of `control`, its verdict below."""
    from markupsafe import Markup

    from ...reports.pages import control_figures, page
    from ..provers.control.records import control_record

    names = [f"configuration {c}" for c in range(len(answer.inputs))]
    figures = control_figures.figures(control_record(names if len(names) > 1 else ["tokens"], answer))
    box = Markup('<figure><svg class="figure" viewBox="0 0 360 360" width="360" role="img">{}</svg><p>{}</p></figure>')
    style = page.asset("figure.css") + page.asset("answer.css")
    pictures = Markup("").join(box.format(figure.content, figure.caption) for figure in figures)
    text = Markup("<p><strong>{}</strong> {}</p>").format(answer.verdict, answer.reason)
    return f'<div><style>{style}</style><div class="control">{pictures}</div>{text}</div>'


def render(out: Path, console: "Console | None" = None) -> list[Path]:
    """Write the reports of the run in `out` beside its records, and a summary on the console if one is given.

    Returns:
        The files written, the page first.

    Raises:
        InputError: a record is missing or damaged; nothing is written.
    """
    try:
        return list(report.write_report(out, console))
    except RecordError as error:
        raise InputError(str(error)) from None


@contextmanager
def progress() -> Iterator[Callable[[str, float, int | None], None]]:
    """Takes what is counted, how much is done, and of how much: bars on a terminal, a line now and then elsewhere."""
    if not sys.stderr.isatty():
        said: dict[str, float] = {}

        def line(what: str, done: float, total: int | None) -> None:
            if done - said.get(what, 0) >= max(1, (total or 50_000) / 5):
                said[what] = done
                of = "" if total is None else f" of {total}"
                print(f"{what}: {int(done)}{of}", file=sys.stderr, flush=True)

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def bar(what: str, done: float, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done)

        yield bar
