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
from time import monotonic
from typing import IO, TYPE_CHECKING, Any

from ....kernels.errors import InputError
from ....reports import report
from ....reports.records import store
from ....reports.records.codec import RecordError
from ....reports.records.files import is_part
from ....reports.records.run_record import RunRecord
from ...campaigns.journal import Journal
from ...claims.case import Case
from ...claims.registry import Claim, Finding
from ...records.bundle import counterexample_record, repro_text
from ...records.environment import environment
from .options import spare

if TYPE_CHECKING:
    from rich.console import Console

    from ...provers.control.answers import ControlAnswer
try:
    import fcntl
except ImportError:  # Windows: two runs into one folder are not noticed there
    fcntl = None

JOURNAL = "journal"
"""What a run has finished while it has not finished all: the mark of its folder, which goes with the end of the run."""
OWN = (store.RUN, store.RESULTS, store.COUNTEREXAMPLES, "certificates", JOURNAL, *report.OWN)
"""What an earlier run may have left in a folder, and a new run replaces."""
MINUTE = 60.0
"""Seconds between two lines on what is done."""
_locked: dict[Path, IO[bytes]] = {}
"""The journals of this process, open and locked: the lock ends with the process, however that ends."""


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
        ours = (*OWN, *also)
        strangers = [n for n in names if n not in ours and not n.endswith(".cert.json") and not is_part(n)]
        if names and not {store.RUN, JOURNAL} & set(names):
            raise InputError(f"{out} holds files, but no {store.RUN} of an earlier run; give --out an empty folder")
        if strangers:
            raise InputError(f"{out} holds {strangers[0]!r}, which is no result of hardmax; give --out an empty folder")
        if JOURNAL in names:
            _lock(out)
        try:
            if JOURNAL in names and not overwrite and (out / JOURNAL).stat().st_size:
                raise InputError(
                    f"{out} holds a run that was stopped; give --resume {out} to go on with it, --overwrite to replace "
                    "it, or another place to write to"
                )
            if set(names) - {JOURNAL}:
                spare(out, overwrite)
        except InputError:
            _unlock(out)
            raise
        out.mkdir(parents=True, exist_ok=True)
        _clear(out, keep=(JOURNAL,))
        _lock(out)
        (out / JOURNAL).write_bytes(b"")
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}; give --out another folder") from None


def reopen(out: Path) -> Journal:
    """The journal of a run that was stopped, in its folder.

    Raises:
        InputError: there is no run to go on with, another run is writing there, or the journal is damaged.
    """
    path = out / JOURNAL
    if path.is_file():
        _lock(out)
    try:
        if not _is_begun(path):  # asked under the lock: a run that has just ended has removed it
            ended = (out / store.RUN).is_file()
            what = (
                "holds a run that was not stopped: nothing is left to do" if ended else f"holds no {JOURNAL} of a run"
            )
            raise InputError(f"{out} {what}; give --resume the --out of a run that was stopped")
        return Journal(path)
    except InputError:
        _unlock(out)
        raise


def _is_begun(journal: Path) -> bool:
    """Whether its first line was written: a run that was killed before has done nothing."""
    if not journal.is_file():
        return False
    with journal.open("rb") as file:
        return file.readline().endswith(b"\n")


def remove_what_is_made_anew(out: Path, keep: Collection[str]) -> None:
    """Leave of a run that goes on its journal, its certificates and what is named, each of them whole."""
    _clear(out, keep=(JOURNAL, *keep, *(p.name for p in out.glob("*.cert.json"))))
    for path in out.rglob(".*.part"):
        path.unlink()


def _clear(out: Path, keep: Collection[str] = ()) -> None:
    for path in out.iterdir():
        if path.name in keep:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _lock(out: Path) -> None:
    """Lock the journal of `out` for this process; refused while another one holds it."""
    _unlock(out)
    journal = _locked[out.absolute()] = (out / JOURNAL).open("ab")
    if fcntl is not None:
        try:
            fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _unlock(out)
            raise InputError(
                f"another run is writing to {out}; wait for its end, or give --out another folder"
            ) from None
        except OSError:  # a file system without locks
            pass


def _unlock(out: Path) -> None:
    journal = _locked.pop(out.absolute(), None)
    if journal is not None:
        journal.close()


def discard(out: Path) -> None:
    """Leave nothing of a run that cannot go on in the folder that `prepare` has made."""
    _clear(out, keep=(JOURNAL,))
    _unlock(out)
    (out / JOURNAL).unlink(missing_ok=True)


def write_run(out: Path, *, unfinished: bool = False, **fields: Any) -> None:
    """Write run.json, the last file of a run.

    Args:
        out: the folder.
        unfinished: whether its journal is kept to go on from.
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
    if not unfinished:
        (out / JOURNAL).unlink(missing_ok=True)
    _unlock(out)


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
    from ...claims.certified import certificate_text  # SymPy's weight is for those who need it

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

    from ....reports.pages import control_figures, page_parts
    from ...provers.control.records import control_record

    names = [f"configuration {c}" for c in range(len(answer.inputs))]
    figures = control_figures.figures(control_record(names if len(names) > 1 else ["tokens"], answer))
    box = Markup('<figure><svg class="figure" viewBox="0 0 360 360" width="360" role="img">{}</svg><p>{}</p></figure>')
    style = page_parts.asset("figure.css") + page_parts.asset("answer.css")
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
def progress(seconds: float | None = None) -> Iterator[Callable[[str, float, int | None], None]]:
    """Takes what is counted, how much is done, and of how much: bars on a terminal, a line a minute elsewhere.

    Both tell the rate and the time that is left; what an earlier run has done, said at first, counts for neither.

    Args:
        seconds: the work ends after that time at the latest; None for no limit.
    """
    ends = None if seconds is None else monotonic() + seconds

    def left(done: float, total: int | None, rate: float | None) -> str:
        rest = [(total - done) / rate] if total is not None and rate else []
        rest += [] if ends is None else [max(0.0, ends - monotonic())]
        return f", {_duration(min(rest))} left" if rest else ""

    if not sys.stderr.isatty():
        begun: dict[str, tuple[float, float]] = {}
        said: dict[str, float] = {}

        def line(what: str, done: float, total: int | None) -> None:
            now = monotonic()
            if what not in begun or done <= begun[what][1]:  # nothing is done since: the clock starts here
                begun[what] = now, done
            start, first = begun[what]
            if now - said.setdefault(what, now) >= MINUTE:
                said[what] = now
                rate = (done - first) / max(now - start, 1e-9)
                of = "" if total is None else f" of {total:,}"
                told = f"{what}: {int(done):,}{of}, {rate:,.3g} a second{left(done, total, rate)}"
                print(told, file=sys.stderr, flush=True)

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    rate = TextColumn("{task.fields[rate]}")
    both = sys.stdout.isatty()  # what goes elsewhere does not pass through the terminal's bars
    with Progress(*columns, rate, console=Console(stderr=True), transient=True, redirect_stdout=both) as bars:
        tasks: dict[str, Any] = {}

        def bar(what: str, done: float, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total, completed=done, rate="")  # type: ignore[arg-type]
            speed = next(task.speed for task in bars.tasks if task.id == tasks[what])
            told = f"{speed:,.3g} a second{left(done, total, speed)}" if speed else ""
            bars.update(tasks[what], completed=done, rate=told)

        yield bar


def _duration(seconds: float) -> str:
    """Hours, minutes and seconds, the two largest of them."""
    hours, minutes, rest = int(seconds // 3600), int(seconds % 3600 // 60), int(seconds % 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
