"""`hardmax verify`: the claims, on the paper's configurations and on thousands of hard random ones."""

import shlex
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import click

from ...kernels.configuration_file import configuration_to_json, read_configuration
from ...kernels.errors import InputError
from ...kernels.registry import load
from ...strategies import FAMILIES
from ..campaign import Plan, Refutation, Tally, histograms, run_campaign
from ..case import Case
from ..claims import necessity
from ..claims.registry import Claim, Finding, select_claims
from ..records import claim_record
from ..verdict import prove
from .output import Progress, prepare, render, write_counterexample, write_run

DEFAULT_EXAMPLES = 2_000


@click.command()
@click.option("--claims", "pattern", default="*", metavar="GLOB", help="Claims to check: globs, separated by commas.")
@click.option("--examples", type=click.IntRange(min=1), help=f"Random configurations at least [{DEFAULT_EXAMPLES}].")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="Start no more work after this time.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Decides every configuration.")
@click.option("--kernels", default="", metavar="SPECS", help="Float kernels to compare, separated by commas.")
@click.option("--families", default="", metavar="NAMES", help="Families of tokens, separated by commas [all].")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
@click.option("--out", type=click.Path(path_type=Path), help="Write records and counterexamples here.")
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
    report: bool,
    database: Path,
) -> int:
    """Check claims exactly: on the paper's configurations, on random ones, and by finding counterexamples.

    Exit status: 0 every claim came out as expected, 1 a claim did not or a kernel disagrees, 3 something is undecided.
    """
    if report and out is None:
        raise click.UsageError("--report needs --out DIR: give the folder to write to")
    claims = select_claims(pattern)
    specs = tuple(filter(None, (s.strip() for s in kernels.split(","))))
    for spec in specs:
        load(spec)  # a spec that cannot be loaded ends here, before any work
    plan = Plan(
        claims=tuple(c.id for c in claims if c.family != "necessity"),
        families=_families(families),
        seed=seed,
        kernels=specs,
        database=str(database),
    )
    if out is not None:
        prepare(out)
    run = _Run(claims, plan)
    try:
        run.identities()
        run.paper()
        run.necessities(seed, database)
        if plan.claims:
            wanted = examples or (sys.maxsize if seconds else DEFAULT_EXAMPLES)
            run.campaign(run_campaign(plan, examples=wanted, seconds=seconds, jobs=jobs), None if seconds else wanted)
    except KeyboardInterrupt:
        run.interrupted = True
    status = run.finish(out, [*_arguments()], report)
    return status


def _arguments() -> list[str]:
    """What the user typed, for the record."""
    return sys.argv[2:] if sys.argv[1:2] == ["verify"] else []


def _families(names: str) -> tuple[str, ...]:
    chosen = tuple(filter(None, (name.strip() for name in names.split(",")))) or tuple(FAMILIES)
    for name in chosen:
        if name not in FAMILIES:
            raise InputError(f"there is no family {name!r}; known are {', '.join(FAMILIES)}")
    return chosen


@dataclass
class _Run:
    """What `verify` found so far; `finish` judges it, prints it and writes it."""

    claims: tuple[Claim, ...]
    plan: Plan
    tally: Tally = field(default_factory=Tally)
    proved: dict[str, Finding] = field(default_factory=dict)
    found: list[tuple[Claim, Case, Finding]] = field(default_factory=list)
    interrupted: bool = False

    def _counts(self, claim: Claim) -> Counter[str]:
        return self.tally.claims.setdefault(claim.id, Counter())

    def identities(self) -> None:
        """Show the algebraic identities with symbols."""
        for claim in self.claims:
            if claim.identity is not None:
                self.proved[claim.id] = claim.identity()

    def paper(self) -> None:
        """The configurations of the paper's Figure 2, shipped as files."""
        clustering = [c for c in self.claims if c.family == "clustering"]
        if not clustering:
            return
        click.echo("The paper's configurations")
        for name, path in paper_files():
            proved = prove(read_configuration(path))
            leaders = len(getattr(proved.outcome, "leaders", ()))
            points = "?" if proved.limits is None else len(set(proved.limits))
            layer = getattr(proved.outcome, "freeze_layer", "?")
            click.echo(
                f"  {proved.verdict:<10} {name}: {leaders} leaders, {points} cluster points, frozen from layer {layer} on"
            )
            for claim in clustering:
                finding = proved.findings[claim.id]
                self._counts(claim)[finding.verdict] += 1
                if finding.verdict == "refuted":
                    self.found.append((claim, proved.case, finding))
            self.tally.configurations += 1

    def necessities(self, seed: int, database: Path) -> None:
        """Search a counterexample for each dropped hypothesis."""
        wanted = [c for c in self.claims if c.family == "necessity"]
        if wanted:
            click.echo("Dropped hypotheses (a counterexample is expected)")
        for claim in wanted:
            configuration = necessity.find_counterexample(claim, seed=seed)
            if configuration is None:
                self._counts(claim)["undecided"] += 1
                click.echo(f"  not found  {claim.id}: {claim.statement}")
                continue
            case = Case(configuration)
            finding = necessity.check_conclusion(case)
            self._counts(claim)[finding.verdict] += 1
            self.found.append((claim, case, finding))
            shown = " ".join(f"({', '.join(map(str, z))})" for z in configuration.tokens)
            click.echo(f"  {finding.verdict:<10} {claim.id}: {shown}\n             {finding.message}")

    def campaign(self, tallies: Iterator[Tally], total: int | None) -> None:
        """Count a campaign's chunks as they come; Ctrl-C keeps what was counted."""
        with ExitStack() as stack:
            progress = stack.enter_context(Progress("configurations", total))
            for tally in tallies:
                self.tally.add(tally)
                progress.advance(tally.configurations)
        worst: dict[str, Refutation] = {}
        for refutation in self.tally.refutations:
            known = worst.get(refutation.claim)
            if known is None or _size(refutation) < _size(known):
                worst[refutation.claim] = refutation
        by_id = {claim.id: claim for claim in self.claims}
        self.found.extend((by_id[r.claim], Case(r.configuration, self.plan.budget), r.finding) for r in worst.values())

    # -- the end ------------------------------------------------------------------------------------------------------

    def judge(self, claim: Claim) -> tuple[str, bool]:
        """The claim's verdict over everything examined, and whether it is the expected one."""
        counts = self._counts(claim)
        if counts["refuted"] or (claim.id in self.proved and self.proved[claim.id].verdict == "refuted"):
            verdict = "refuted"
        elif counts["undecided"] or not counts["verified"]:
            verdict = "undecided"
        else:
            verdict = "verified"
        expected = {"theorem": "verified", "open": verdict}.get(claim.expected, "refuted")
        return verdict, verdict == expected

    def finish(self, out: Path | None, arguments: list[str], report: bool) -> int:
        """Print the verdicts, write what `out` asks for; the exit status."""
        status = self._status()
        records = []
        names = self._write_counterexamples(out)
        click.echo("Claims")
        for claim in self.claims:
            verdict, as_expected = self.judge(claim)
            counts = self._counts(claim)
            identity = self.proved.get(claim.id)
            note = "" if identity is None else f"identity {identity.verdict} with symbols: {identity.message}"
            cited = [name for name, c in names.items() if c is claim]
            records.append(
                claim_record(claim, verdict, counts, as_expected=as_expected, counterexamples=cited, note=note)
            )
            numbers = ", ".join(
                f"{counts[v]} {v.replace('_', ' ')}"
                for v in ("verified", "refuted", "undecided", "not_met")
                if counts[v]
            )
            mark = "" if as_expected else "   NOT AS EXPECTED"
            symbols = "" if identity is None else f"; identity {identity.verdict} with symbols"
            click.echo(f"  {verdict:<10} {claim.id}: {numbers or 'nothing examined'}{symbols}{mark}")
        kernels = self._kernels()
        if self.interrupted:
            click.echo("interrupted: the counts are what was found until then")
        summary = {
            0: "everything came out as expected",
            1: "NOT everything came out as expected",
            3: "some of it is undecided",
        }
        click.echo(
            f"{self.tally.configurations} configurations, {sum(c['undecided'] for c in self.tally.claims.values())} undecided verdicts: {summary[status]}"
        )
        if out is not None:
            outcome = {0: "verified", 1: "refuted", 3: "undecided"}
            write_run(
                out,
                {
                    "command": "verify",
                    "arguments": arguments,
                    "seed": self.plan.seed,
                    "verdict": outcome[status],
                    "exit_status": status,
                    "interrupted": self.interrupted,
                    "counts": self._run_counts(),
                    "claims": records,
                    "coverage": histograms(self.tally.coverage),
                    "kernels": kernels,
                    "counterexamples": list(names),
                },
            )
            click.echo(f"records: {out}")
            if report:
                for path in render(out):
                    click.echo(f"report: {path}")
        return status

    def _status(self) -> int:
        judged = [(claim, *self.judge(claim)) for claim in self.claims]
        disagree = any(counts["disagree"] for counts in self.tally.kernels.values())
        if disagree or any(not ok and verdict != "undecided" for _, verdict, ok in judged):
            return 1
        if any(claim.expected == "needs_hypothesis" and not ok for claim, _, ok in judged) and not self.interrupted:
            return 1  # a run that fails to refute what is known to fail is a failed run
        return 3 if self.interrupted or any(verdict == "undecided" for _, verdict, _ in judged) else 0

    def _run_counts(self) -> dict[str, int]:
        refuted = sum(1 for claim, _, _ in self.found if claim.expected == "theorem")
        undecided = max((self._counts(c)["undecided"] for c in self.claims if c.expected == "theorem"), default=0)
        total = self.tally.configurations
        return {
            "inputs": total,
            "verified": max(0, total - refuted - undecided),
            "refuted": refuted,
            "undecided": undecided,
            "invalid": 0,
        }

    def _write_counterexamples(self, out: Path | None) -> dict[str, Claim]:
        """Write a bundle for each refutation; where no folder was given, for those nobody expected."""
        names: dict[str, Claim] = {}
        for claim, case, finding in self.found:
            expected = claim.expected != "theorem"
            folder = out if out is not None else None if expected else Path("hardmax-out")
            if folder is None:
                continue
            name = claim.id if claim.id not in names else f"{claim.id}-{len(names)}"
            names[name] = claim
            path = write_counterexample(folder, name, claim, case, finding)
            if not expected:
                click.echo(f"  counterexample to {claim.id}: hardmax replay {shlex.quote(str(path))}")
        return names

    def _kernels(self) -> list[dict[str, Any]]:
        records = []
        if self.tally.kernels:
            click.echo("Float kernels against the exact one, per token and layer")
        for spec, counts in self.tally.kernels.items():
            kernel = load(spec)
            click.echo(
                f"  {'DISAGREES' if counts['disagree'] else 'agrees':<10} {spec} ({kernel.dtypes[0]}): {counts['agree']} agree, "
                f"{counts['too_close']} too close to call ({counts['ties_lost']} exact ties lost to rounding), "
                f"{counts['disagree']} disagree, over {counts['layers']} layers"
            )
            first = None
            if spec in self.tally.disagreements:
                configuration, result = self.tally.disagreements[spec]
                d = result.first_disagreement
                if d is not None:
                    click.echo(
                        f"             first: layer {d.layer}, token {d.token} follows {d.float_set}, exactly {d.exact_set}"
                    )
                    first = {
                        "layer": d.layer,
                        "token": d.token,
                        "exact": list(d.exact_set),
                        "computed": None if d.float_set is None else list(d.float_set),
                        "gap": str(d.gap),
                        "configuration": configuration_to_json(configuration),
                    }
            names = ("layers", "agree", "too_close", "disagree", "ties_lost")
            records.append(
                {"spec": spec, "dtype": kernel.dtypes[0], **{n: counts[n] for n in names}, "first_disagreement": first}
            )
        return records


def _size(refutation: Refutation) -> tuple[int, int, int]:
    c = refutation.configuration
    return c.n, c.d, sum(len(str(v)) for row in c.tokens for v in row)


def paper_files() -> Iterator[tuple[str, Path]]:
    """The shipped examples: name and path."""
    folder = files("hardmax.verify") / "examples"
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".json"):
            with as_file(entry) as path:
                yield entry.name.removesuffix(".json"), path


__all__ = ["paper_files", "verify"]
