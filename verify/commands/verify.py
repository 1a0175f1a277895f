"""`hardmax verify`: the claims, on the paper's configurations and on thousands of hard random ones."""

import shlex
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, redirect_stdout
from importlib.resources import as_file, files
from itertools import chain, count
from pathlib import Path

import click

from ...kernels.errors import InputError, LostWorkerError
from ...kernels.exact.configuration import Configuration, identity
from ...kernels.exact.configuration_file import read_configuration
from ...kernels.exact.rational_text import show
from ...kernels.protocol import Kernel
from ...kernels.registry import load
from ...reports.printable import path_text
from ...reports.records.run_record import RunCounts
from ...reports.records.store import COUNTEREXAMPLES
from ...strategies import FAMILIES
from ..campaigns.campaign import Plan, run_campaign
from ..campaigns.interruption import Interruption
from ..campaigns.judgement import REFUTED, UNDECIDED, VERIFIED, Findings
from ..campaigns.tally import histograms
from ..claims.case import Case
from ..claims.conclusion import Result, prove
from ..claims.families import frank_wolfe, necessity
from ..claims.registry import Claim, Finding, derived, select_claims
from ..provers.freeze.outcome import Frozen
from .options import Seconds, overwrite
from .output import ProgressLine, prepare, render, write_counterexample, write_run
from .verify_text import claim_lines, claim_records, counted, kernel_lines, kernel_notes, kernel_records, last_line

DEFAULT_EXAMPLES = 2_000
REVIEWS = 300
"""Real reviews of the test split that `--reviews` proves."""


@click.command()
@click.option("--claims", "pattern", default="*", metavar="GLOB", help="Claims to check: globs, separated by commas.")
@click.option("--examples", type=click.IntRange(min=1), help=f"Random configurations at least [{DEFAULT_EXAMPLES}].")
@click.option(
    "--seconds", type=Seconds(), metavar="S", help="Time for the whole command: what is not done by then is left."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Decides every configuration.")
@click.option("--kernels", default="", metavar="SPECS", help="Float kernels to compare, separated by commas.")
@click.option("--families", default="", metavar="NAMES", help="Families of tokens, separated by commas [all].")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
@click.option("--out", type=click.Path(path_type=Path), help="Write records and counterexamples here.")
@overwrite
@click.option("--reviews", is_flag=True, help=f"Also prove {REVIEWS} real movie reviews (needs the extra sentiment).")
@click.option("--all-certificates", is_flag=True, help="Write every certificate, not a sample (needs --out).")
@click.option("--report", is_flag=True, help="Also write the HTML and JUnit reports (needs --out).")
@click.option("--database", type=click.Path(path_type=Path), default=Path(".hypothesis/hardmax"), hidden=True)
def verify(
    pattern: str,
    examples: int | None,
    seconds: float | None,
    seed: int,
    kernels: str,
    families: str,
    jobs: int,
    out: Path | None,
    overwrite: bool,
    reviews: bool,
    all_certificates: bool,
    report: bool,
    database: Path,
) -> int:
    """Check claims exactly: on the paper's configurations, on random ones, and by finding counterexamples.

    Exit status: 0 every claim came out as expected, 1 a claim did not or a kernel disagrees, 3 something is undecided.
    """
    if out is None and (report or all_certificates):
        raise click.UsageError("--report and --all-certificates need --out DIR: give the folder to write to")
    claims = select_claims(pattern)
    specs = tuple(filter(None, (s.strip() for s in kernels.split(","))))
    compared = _usable(specs)
    plan = Plan(
        claims=tuple(c.id for c in claims if c.family not in ("necessity", "frank_wolfe")),
        families=_families(families),
        seed=seed,
        kernels=tuple(compared),
        database=str(database),
        certificates=None if out is None else str(out / "certificates"),
        certify_all=all_certificates,
    )
    if out is not None:
        prepare(out, overwrite)
        (out / "certificates").mkdir()
    found = Findings(claims)
    with Interruption(seconds) as interruption:
        try:
            with interruption.ends_the_work():
                _derivations(found)
                if any(claim.family == "clustering" for claim in claims):
                    _paper(found)
                    if reviews:
                        _reviews(found)
                _dropped_hypotheses(found, seed)
                _second_theorem(found, seed)
                if plan.claims:
                    wanted = examples or (sys.maxsize if seconds else DEFAULT_EXAMPLES)
                    tallies = run_campaign(plan, examples=wanted, seconds=seconds, jobs=jobs)
                    with closing(tallies), ProgressLine("configurations", None if seconds else wanted) as progress:
                        for tally in tallies:
                            with interruption.held_back():
                                found.add(tally)
                            progress.advance(tally.configurations)
        except KeyboardInterrupt:
            found.out_of_time, found.interrupted = interruption.out_of_time, not interruption.out_of_time
        except LostWorkerError as error:
            found.interrupted = True
            click.echo(f"hardmax: error: {error}; what was found until then is kept", err=True)
        if out is not None:  # chunks that were under way at the end are not counted, so their files go
            for path in (out / "certificates").iterdir():
                if path.name not in found.tally.certificates:
                    path.unlink()
        _finish(found, seed, out, report, compared)
    return found.status


def _arguments() -> tuple[str, ...]:
    """What the user typed, for the record."""
    return tuple(sys.argv[2:]) if sys.argv[1:2] == ["verify"] else ()


def _usable(specs: Iterable[str]) -> dict[str, Kernel]:
    """The kernels to compare: one that cannot be loaded, or cannot run here, ends the command before any work."""
    with redirect_stdout(sys.stderr):
        kernels = {spec: load(spec) for spec in specs}
    for kernel in kernels.values():
        if kernel.missing:
            raise InputError(kernel.missing)
    return kernels


def _families(names: str) -> tuple[str, ...]:
    chosen = tuple(filter(None, (name.strip() for name in names.split(",")))) or tuple(FAMILIES)
    for name in chosen:
        if name not in FAMILIES:
            raise InputError(f"there is no family {name!r}; known are {', '.join(FAMILIES)}")
    return chosen


def _derivations(found: Findings) -> None:
    """Check the derivations of what is claimed for all inputs."""
    for claim in found.claims:
        result = derived(claim)
        if result is not None:
            found.derived[claim.id] = result


def _prove(found: Findings, configuration: Configuration) -> Result:
    """The verdict on a given configuration, counted."""
    proved = prove(configuration, merge=False)
    for claim in found.claims:
        if claim.family == "clustering":
            found.count(claim, proved.case, proved.findings[claim.id])
    found.tally.configurations += 1
    return proved


def _paper(found: Findings) -> None:
    """The configurations of the paper's Figure 2, shipped as files."""
    click.echo("The paper's configurations")
    for name, path in paper_files():
        proved = _prove(found, read_configuration(path))
        outcome = proved.outcome
        what = ""
        if isinstance(outcome, Frozen):
            numbers = f"{len(outcome.leaders)} leaders, {len(set(outcome.limits))} cluster points"
            what = f": {numbers}, frozen from layer {outcome.freeze_layer} on"
        click.echo(f"  {proved.verdict:<10} {name}{what}")


def _reviews(found: Findings) -> None:
    """Real movie reviews through the shipped classifier, equal words merged, where the data package is installed."""
    from ..studies.sentiment.classifier.model import shipped_model
    from ..studies.sentiment.experiment.verification import Corpus, dataset_of

    try:
        model = shipped_model()
        dataset = dataset_of(model, Corpus(None, "imdb"))
    except InputError as error:
        click.echo(f"Real movie reviews: skipped, {error}")
        return
    verdicts: Counter[str] = Counter()
    for review in dataset.test[:REVIEWS]:
        verdicts[_prove(found, model.configuration(*dataset.bags.bag(int(review)))).verdict] += 1
    counts = ", ".join(f"{number} {verdict}" for verdict, number in verdicts.items())
    click.echo(f"Real movie reviews, equal words merged: {counts}")


def _dropped_hypotheses(found: Findings, seed: int) -> None:
    """Search a counterexample for each dropped hypothesis."""
    wanted = [c for c in found.claims if c.family == "necessity"]
    if wanted:
        click.echo("Dropped hypotheses: a counterexample is expected for each")
    for claim in wanted:
        configuration = necessity.find_counterexample(claim, seed=seed)
        if configuration is None:
            click.echo(f"  not found  {claim.id}: {claim.statement}")
            continue
        _show_counterexample(found, claim, Case(configuration), necessity.check_conclusion)


def _show_counterexample(found: Findings, claim: Claim, case: Case, check: Callable[[Case], Finding]) -> None:
    """Count and print what a search has found."""
    finding, c = check(case), case.configuration
    found.count(claim, case, finding)
    A = "" if c.A == identity(c.d) else f" with A = {' '.join(map(show, c.A))}"
    click.echo(f"  {finding.verdict:<10} {claim.id}: tokens {' '.join(map(show, c.tokens))}{A}")
    click.echo(f"             {finding.message}")


def _second_theorem(found: Findings, seed: int) -> None:
    """A theorem that is false as printed: find the counterexample, and check what is left of it on many inputs."""
    wanted = {c.id: c for c in found.claims if c.family == "frank_wolfe"}
    if wanted:
        click.echo("A theorem that is false as printed, arXiv:2508.09628v1: a counterexample is expected")
    if (printed := wanted.get("frank_wolfe.rate")) is not None:
        configuration = frank_wolfe.find_counterexample(seed=seed)
        if configuration is None:
            click.echo(f"  not found  {printed.id}: {printed.statement}")
        else:
            _show_counterexample(found, printed, Case(configuration), frank_wolfe.check_rate)
    if (repaired := wanted.get("frank_wolfe.rate_origin_inside")) is not None:
        counts, refuted = frank_wolfe.examine_repaired(seed=seed)
        found.tally.claims.setdefault(repaired.id, Counter()).update(counts)
        found.tally.configurations += counts.total() - counts["trivial"]
        if refuted is not None:
            found.counterexamples.append((repaired, *refuted))
        click.echo(f"  {counted(counts)} {repaired.id}: the bound, while the origin is in the hull")


def _finish(found: Findings, seed: int, out: Path | None, report: bool, compared: Mapping[str, Kernel]) -> None:
    """Print the verdicts and write what was asked for."""
    names = _write_counterexamples(found, out)
    for line in (*claim_lines(found), *kernel_lines(found.tally, compared, out), last_line(found)):
        click.echo(line)
    if out is None:
        return
    total, undecided = found.tally.configurations, found.undecided
    refuted = sum(claim.expected == "theorem" for claim, _, _ in found.counterexamples)
    verified = max(0, total - refuted - undecided)
    write_run(
        out,
        command="verify",
        arguments=_arguments(),
        seed=seed,
        verdict={VERIFIED: "verified", REFUTED: "refuted", UNDECIDED: "undecided"}[found.status],
        exit_status=found.status,
        interrupted=found.interrupted,
        counts=RunCounts(inputs=total, verified=verified, refuted=refuted, undecided=undecided, invalid=0),
        claims=claim_records(found, names),
        coverage=histograms(found.tally.coverage),
        kernels=kernel_records(found.tally, compared),
        notes=("The time was up before all was done.",) * found.out_of_time + kernel_notes(found.tally),
        counterexamples=tuple(names),
    )
    click.echo(f"records: {path_text(out)}")
    if report:
        click.echo(f"report: {path_text(render(out)[0])}")


def _write_counterexamples(found: Findings, out: Path | None) -> dict[str, str]:
    """Write a folder for each refutation ({its id: claim id}); without --out, for those that nobody expected."""
    names: dict[str, str] = {}
    for claim, case, finding in found.counterexamples:
        unexpected = claim.expected in ("theorem", "open")
        if out is None and not unexpected:
            continue
        place = out or Path("hardmax-out")
        tries = chain([claim.id], (f"{claim.id}-{k}" for k in count(2)))
        name = next(name for name in tries if not (place / COUNTEREXAMPLES / name).exists())  # nor one of earlier runs
        names[name] = claim.id
        path = write_counterexample(place, name, claim, case, finding)
        if unexpected:
            click.echo(f"COUNTEREXAMPLE to {claim.id}: hardmax replay {shlex.quote(str(path))}")
    return names


def paper_files() -> Iterator[tuple[str, Path]]:
    """The shipped examples: name and path."""
    folder = files("hardmax.verify.claims") / "figures"
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".json"):
            with as_file(entry) as path:
                yield entry.name.removesuffix(".json"), path
