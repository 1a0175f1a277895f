"""`hardmax prove`: one verdict a configuration, with its certificate."""

import re
import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from itertools import count
from pathlib import Path
from shutil import rmtree
from typing import Any

import click

from ...kernels.errors import InputError
from ...kernels.exact.configuration import Configuration, with_changes
from ...kernels.exact.configuration_file import read_configuration
from ...kernels.exact.model import register
from ...kernels.exact.step import ConstantStep
from ...reports.printable import json_text, one_line, printable
from ...reports.records import store
from ...reports.records.atlas_record import AtlasRecord
from ...reports.records.codec import dumps, loads
from ...reports.records.configuration_record import TrajectoryRecord
from ...reports.records.record import ResultRecord
from ...reports.records.run_record import RunCounts
from ...reports.records.steps_record import StepsRecord
from ..campaigns.interruption import Interruption
from ..campaigns.journal import Journal, key_of
from ..claims.certified import save_certificate
from ..claims.conclusion import Result
from ..claims.conclusion import prove as prove_configuration
from ..claims.registry import Claim, select_claims, theorem
from ..provers.freeze.outcome import Undecided
from ..provers.freeze.prover import Budget
from ..provers.freeze.time_limit import OutOfTimeError, time_limit
from ..records.findings import result_record, trajectory_record
from . import many
from .parts.options import RESUME_HELP, Seconds, models, overwrite
from .parts.output import JOURNAL, prepare, render, write_counterexample, write_run
from .parts.prove_text import describe
from .parts.resume import about_run, go_on, stopped_run

FIELDS = ("hypotheses", "freeze_layer", "leaders", "limits", "cluster_points", "vertices", "claims", "certificate")

LIMIT = (
    "Time limit for each configuration, in place of the default budget, which counts operations, about ten seconds of "
    "them: a verdict that takes longer is undecided. It ends after at most a quarter "
    "more, or when one operation on large integers has ended, which takes seconds where they have a million digits. "
    "As long again may go, with --out, into the first layers for the record and into the certificate, each of which is "
    "left out where it takes longer, and into checking the certificate, which is written unchecked where that does."
)


@click.command()
@click.argument("configurations", nargs=-1, metavar="CONFIG...", type=click.Path(path_type=Path))
@click.option("--alpha", metavar="Q", help='Step of every input, in place of its own: "1/2", 0.25.')
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, in the order of the inputs.")
@click.option("--exact", is_flag=True, help="Show every token, and every fraction in full.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write certificates and records here.")
@overwrite
@click.option("--resume", type=click.Path(path_type=Path), metavar="DIR", help=RESUME_HELP)
@click.option("--seconds", type=Seconds(), metavar="S", help=LIMIT)
@click.option("--claims", "also", metavar="CLAIMS", help="Claims to examine besides: ids, mine.py, mine.py:name.")
@models
@click.option("--all-alpha", is_flag=True, help="Decide every step alpha at once; CONFIG's own is not used.")
@click.option("--alpha-min", metavar="Q", help="The least alpha of --all-alpha, in place of all alpha > 0.")
@click.option("--all-A", "all_matrices", is_flag=True, help="Decide every A at once, in the plane; own A is not used.")
@click.option("--radius", is_flag=True, help="How far tokens, A and alpha may move and the itinerary stays.")
@click.option("--report", is_flag=True, help="Also write the HTML and JUnit reports (needs --out).")
@click.pass_context
def prove(
    context: click.Context,
    configurations: tuple[Path, ...],
    alpha: str | None,
    as_json: bool,
    exact: bool,
    out: Path | None,
    overwrite: bool,
    resume: Path | None,
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
    if resume is not None:
        journal = stopped_run(context, resume, "prove", ("report",))
        asked = journal.about["asked"]
        if "-" in asked["configurations"]:
            raise InputError(f"{resume} was proved from the standard input, which cannot be read again; start anew")
        return _prove(_Asked(**asked), resume, report, overwrite=False, journal=journal)
    if not configurations:
        raise click.UsageError("give a configuration: CONFIG, several of them, or - for the standard input")
    if report and out is None:
        raise click.UsageError("--report needs --out DIR: give the folder to write to")
    question = many.asked(all_alpha=all_alpha, all_matrices=all_matrices, radius=radius, alpha_min=alpha_min)
    if question is not None and (alpha is not None or also is not None or models is not None or exact):
        raise click.UsageError("--alpha, --claims, --models and --exact are about one input; leave them out")
    names = [str(path) for path in configurations]
    asked = _Asked(names, alpha, as_json, exact, seconds, also, models, question, alpha_min)
    return _prove(asked, out, report, overwrite=overwrite)


@dataclass(frozen=True)
class _Asked:
    """The options that decide what a run says."""

    configurations: Sequence[str]
    alpha: str | None
    as_json: bool
    exact: bool
    seconds: float | None
    also: str | None
    models: str | None
    question: str | None = None
    alpha_min: str | None = None


def _prove(asked: _Asked, out: Path | None, report: bool, *, overwrite: bool, journal: Journal | None = None) -> int:
    """Prove what is asked, but for what the journal of a run that was stopped has; print and write all of it."""
    with redirect_stdout(sys.stderr):
        if asked.models:
            register(asked.models)
        claims = tuple(c for c in select_claims(asked.also) if c not in theorem()) if asked.also else ()
    step = None if asked.alpha is None else ConstantStep(asked.alpha)  # type: ignore[arg-type]
    question = None if asked.question is None else many.RegionQuestion(asked.question, asked.alpha_min, asked.seconds)
    inputs = [(name, _read(Path(name), step, question)) for name in asked.configurations]
    faults = [(name, given) for name, given in inputs if isinstance(given, InputError)]
    bad = [name for name, _ in faults]
    about = about_run("prove", filter(None, (asked.also, asked.models)), asked=asdict(asked), bad=bad)
    if journal is not None and out is not None:
        lost = next((fault for name, fault in faults if name not in journal.about["bad"]), None)
        if lost is not None:  # another folder to work in, perhaps: nothing that is proved goes for that
            raise InputError(f"{lost}; it could be read when {out} was begun: put it back, or start anew with --out")
        go_on(out, journal.about, about, keep=(store.COUNTEREXAMPLES,))
    elif faults and out is not None and (len(faults) == len(inputs) or _is_in_use(out)):
        for name, fault in faults:  # never a reason to touch what an earlier run has left
            _say(_refused(name, fault, asked))
        return 2
    elif out is not None:
        prepare(out, overwrite)
        journal = Journal(out / JOURNAL, about)
    run = _Proofs(asked, claims, question, out, journal or Journal())
    verdicts: list[str] = []
    interrupted = False
    with Interruption() as interruption:
        try:
            with interruption.ends_the_work():
                for number, (name, given) in enumerate(inputs):
                    entry = run.entry(number, name, given)
                    with interruption.held_back():
                        verdicts.append(_say(entry()))
        except KeyboardInterrupt:
            interrupted = True
            click.echo(f"hardmax: interrupted after {len(verdicts)} of {len(inputs)} configurations", err=True)
        status = exit_status([*verdicts, "undecided"] if interrupted else verdicts)
        if out is not None:
            run.finish(verdicts, status, interrupted=interrupted, report=report)
    return status


def _is_in_use(out: Path) -> bool:
    """Whether something is there already."""
    return out.exists() and (not out.is_dir() or any(out.iterdir()))


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


def _read(path: Path, step: ConstantStep | None, question: many.RegionQuestion | None) -> Configuration | InputError:
    try:
        given = read_configuration(path)
        if question is not None:
            question.must_fit(given, path)
        if step is not None and "step" not in given.model.keys:
            raise InputError(f"{path}: models of kind {given.model.kind!r} have no alpha; leave --alpha out")
        return given if step is None else with_changes(given, step=step)
    except InputError as error:
        return error


def _refused(name: str, error: InputError, asked: _Asked) -> dict[str, Any]:
    """The entry of an input that is none."""
    none: dict[str, Any] = dict.fromkeys(FIELDS)
    fields = none if asked.question is None else {}
    said = json_text({"input": name, "verdict": "invalid", **fields, "error": str(error)}) if asked.as_json else None
    none |= {"hypotheses": {}, "claims": {}}
    record = ResultRecord(input=name, verdict="invalid", reason=str(error), **none)
    kept = {"names": [], "record": dumps(record), "certified": False}
    return {"verdict": "invalid", "error": str(error), "said": said, **kept}


def _say(entry: dict[str, Any]) -> str:
    """Print what an entry says; its verdict."""
    if entry["error"] is not None:
        click.echo(f"hardmax: error: {entry['error']}", err=True)
    if entry["said"] is not None:
        click.echo(entry["said"])
    return entry["verdict"]


class _Proofs:
    """Proves inputs one by one; with a folder it writes certificates as they come and the records at the end.

    An entry of the journal is what is printed of an input, its record, and the names that its files have.
    """

    def __init__(
        self,
        asked: _Asked,
        claims: tuple[Claim, ...],
        question: many.RegionQuestion | None,
        out: Path | None,
        journal: Journal,
    ) -> None:
        self._asked, self._also, self._question, self._out, self._journal = asked, claims, question, out, journal
        self._budget = Budget() if asked.seconds is None else Budget.unlimited(asked.seconds)
        self._entries: list[dict[str, Any]] = []
        files = asked.configurations if out is not None else ()
        self._keys = [key_of(number, name, _digest(Path(name))) for number, name in enumerate(files)]
        self._known = {k: e for k in self._keys if (e := journal.known.get(k)) is not None and self._is_whole(e)}
        self._names = {name for entry in self._known.values() for name in entry["names"]}

    def entry(self, number: int, name: str, given: Configuration | InputError) -> Callable[[], dict[str, Any]]:
        """Prove an input that the journal does not have; what returns its entry, once everything of it is written."""
        key = self._keys[number] if self._keys else ""
        if key in self._known:
            return partial(self._keep, self._known[key])
        if isinstance(given, InputError):
            made = partial(_refused, name, given, self._asked)
        elif self._question is not None:
            made = partial(self._answered, name, self._question, self._question.answer(given))
        else:
            proved = prove_configuration(given, self._budget, also=self._also)
            trajectory = None if self._out is None else _first_layers(proved, self._asked.seconds)
            made = partial(self._written, name, proved, trajectory)

        def entry() -> dict[str, Any]:
            entry = made()
            self._journal.add(key, entry)
            return self._keep(entry)

        return entry

    def _is_whole(self, entry: dict[str, Any]) -> bool:
        """Whether the files that an entry tells of are still there; what is gone is made again."""
        out = self._out or Path()
        files = [out / store.COUNTEREXAMPLES / name / store.RECORD for name in entry.get("refuted", ())]
        if entry["certified"]:
            files.append(out / f"{entry['names'][0]}.cert.json")
        return all(file.is_file() for file in files)

    def _keep(self, entry: dict[str, Any]) -> dict[str, Any]:
        if self._out is not None:
            self._entries.append(entry)
        return entry

    def _name(self, name: str) -> str:
        """A name for the files about an input: its file's name, made harmless and unique."""
        stem = re.sub("[^A-Za-z0-9._-]", "_", Path(name).stem).lstrip("._-")[:80] or "input"
        unique = next(u for k in count(1) if (u := stem if k == 1 else f"{stem}-{k}") not in self._names)
        self._names.add(unique)
        return unique

    def _answered(self, name: str, question: many.RegionQuestion, answer: Any) -> dict[str, Any]:
        """The entry of an answer about many inputs; its certificate is written."""
        names = [] if self._out is None else [self._name(name)]
        path = None if self._out is None else self._out / f"{names[0]}.cert.json"
        return {**question.written(answer, name, path, as_json=self._asked.as_json), "names": names}

    def _written(self, name: str, proved: Result, trajectory: TrajectoryRecord | None) -> dict[str, Any]:
        """The entry of one input; its certificate and the counterexamples that it is are written.

        Raises:
            BugError: the independent checker refuses the certificate; nothing is written.
        """
        certificate, note, record, names = None, None, None, []
        refuted: list[str] = []
        if self._out is not None:
            names.append(self._name(name))
            path = self._out / f"{names[0]}.cert.json"
            written, note = save_certificate(path, proved.case, self._asked.seconds)
            certificate = str(path) if written else None
            record = dumps(result_record(proved, name, certificate, trajectory))
            failing = [] if proved.failing is None else [proved.failing[0]]
            failing += [claim for claim in self._also if proved.findings[claim.id].verdict == "refuted"]
            for k, claim in enumerate(failing):
                if k:
                    names.append(self._name(f"{names[0]}-{k + 1}"))
                refuted.append(names[-1])
                write_counterexample(self._out, names[-1], claim, proved.case, proved.findings[claim.id])
        if self._asked.as_json:
            said = json_text(proved.to_json(name, certificate))
        else:
            said = printable(describe(one_line(name), proved, certificate, note, exact=self._asked.exact))
        verdict = proved.verdict
        kept = {"names": names, "record": record, "refuted": refuted, "certified": certificate is not None}
        return {"verdict": verdict, "error": None, "said": said, **kept}

    def finish(self, verdicts: list[str], status: int, *, interrupted: bool, report: bool) -> None:
        """Write results.jsonl and run.json, and the reports if asked for."""
        assert self._out is not None
        asked = self._asked
        options = {"--alpha": asked.alpha, "--alpha-min": asked.alpha_min, "--seconds": asked.seconds}
        given = [str(word) for name, value in options.items() if value is not None for word in (name, value)]
        question = () if asked.question is None else (asked.question,)
        self._remove_what_belongs_to_no_entry(self._out)
        texts = [text for e in self._entries for text in (e["record"], *e.get("samples", ())) if text is not None]
        results = [loads(ResultRecord, text, "the journal") for text in texts]
        counts = {v: verdicts.count(v) for v in ("verified", "refuted", "undecided", "invalid")}
        write_run(
            self._out,
            unfinished=interrupted,
            command="prove",
            arguments=(*asked.configurations, *question, *given),
            verdict={0: "verified", 1: "refuted", 2: "invalid", 3: "undecided"}[status],
            exit_status=status,
            interrupted=interrupted,
            counts=RunCounts(inputs=len(verdicts), **counts),
            results=store.write_results(self._out, results) if results else 0,
            counterexamples=tuple(name for entry in self._entries for name in entry.get("refuted", ())),
            conclusion={
                c.id: c.statement for c in theorem() if not question and any(c.id in r.claims for r in results)
            },
            steps=tuple(loads(StepsRecord, e["steps"], "the journal") for e in self._entries if "steps" in e),
            atlases=tuple(loads(AtlasRecord, e["atlas"], "the journal") for e in self._entries if "atlas" in e),
        )
        if report:
            render(self._out)
        if interrupted:
            click.echo(f"to go on: hardmax prove --resume {shlex.quote(str(self._out))}", err=True)

    def _remove_what_belongs_to_no_entry(self, out: Path) -> None:
        """What an earlier part of the run has left of an input that has changed since, or that it had not finished."""
        names = {name for entry in self._entries for name in entry["names"]}
        for path in out.glob("*.cert.json"):
            if path.name.removesuffix(".cert.json") not in names:
                path.unlink()
        refuted = {name for entry in self._entries for name in entry.get("refuted", ())}
        for path in (out / store.COUNTEREXAMPLES).glob("*"):
            if path.name not in refuted:
                rmtree(path)


def _digest(path: Path) -> str | None:
    """Of what a file holds; None where it cannot be read, or read again."""
    try:
        return sha256(path.read_bytes()).hexdigest() if path.is_file() else None
    except OSError:
        return None
