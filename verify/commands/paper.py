"""`hardmax paper`: every statement of a paper with its verdict and how it is known, in one table."""

import json
import textwrap
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import click

from ...kernels.errors import InputError
from ...kernels.exact.configuration import Configuration
from ...kernels.exact.model import named
from ...reports.formats.exact_text import configuration_line
from ...reports.formats.wording import hypothesis, plural
from ...reports.records.codec import encode
from ...reports.records.run_record import PaperRecord, StatementRecord
from ..campaigns.campaign import Plan
from ..campaigns.interruption import Interruption
from ..campaigns.judgement import Findings, Judged
from ..claims.case import Case
from ..claims.papers.paper import Paper, Statement, read_paper, shipped_papers
from ..claims.registry import Claim
from ..records.findings import configuration_record
from .parts.options import overwrite
from .parts.output import prepare
from .parts.verify_text import last_line
from .verify import examine_all, on_reviews, write_counterexamples, write_findings

EXAMPLES, REVIEWS = 400, 40
"""Random configurations of the campaign, and real reviews for the claims that list inputs."""


@click.command()
@click.argument("wanted", default="", metavar="[ID]")
@click.option("--examples", type=click.IntRange(min=1), default=EXAMPLES, show_default=True, help="Random inputs.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Decides every input.")
@click.option("--out", type=click.Path(path_type=Path), help="Write records and counterexamples here.")
@overwrite
@click.option("--report", is_flag=True, help="Also write the HTML and JUnit reports (needs --out).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: the paper with its statements.")
def paper(wanted: str, examples: int, seed: int, out: Path | None, overwrite: bool, report: bool, as_json: bool) -> int:
    """Check the paper ID ("2508.09628", or a file of yours, *.toml), statement by statement; without ID list them.

    Every statement is named by its label, and says its verdict and how that is known: for all inputs, by certificates,
    by a counterexample found in this run; or "open", what no finite run settles, and why.

    Exit status, as of `verify`, over the statements that have a claim: 0 all came out as expected, 1 one did not, 3
    something is undecided.
    """
    if not wanted:
        for name in shipped_papers():
            _listed(read_paper(name), as_json)
        return 0
    if out is None and report:
        raise click.UsageError("--report needs --out DIR: give the folder to write to")
    chosen = read_paper(wanted)
    claims = _with_reviews(chosen)
    if out is not None:
        prepare(out, overwrite)
        (out / "certificates").mkdir()
    plan = Plan(
        claims=tuple(claim.place or claim.id for claim in claims if claim.every is not None),
        seed=seed,
        certificates=None if out is None else str(out / "certificates"),
    )
    found = Findings(claims)
    say = partial(click.echo, err=as_json)
    with Interruption(None) as interruption:
        examine_all(found, plan, interruption, examples=examples, out=out, say=lambda _: None)
        names = write_counterexamples(found, out, say)
        record = paper_record(chosen, found)
        if as_json:
            click.echo(json.dumps({**encode(record), "exit_status": found.status}, ensure_ascii=False))
        else:
            for line in _table(record, found):
                click.echo(line)
        if out is not None:
            write_findings(out, found, names, report, say=say, command="paper", seed=seed, paper=record)
    return found.status


def _listed(chosen: Paper, as_json: bool) -> None:
    """One line about a paper."""
    settled = sum(s.claim is not None for s in chosen.statements)
    if as_json:
        fields = {"id": chosen.id, "version": chosen.version, "title": chosen.title, "authors": list(chosen.authors)}
        click.echo(
            json.dumps({**fields, "statements": len(chosen.statements), "examined": settled}, ensure_ascii=False)
        )
    else:
        count = plural(len(chosen.statements), "statement")
        click.echo(f"{chosen.id}  {chosen.title}\n    {', '.join(chosen.authors)}; {count}, {settled} of them examined")


def _with_reviews(chosen: Paper) -> tuple[Claim, ...]:
    """The claims of a paper; those with listed inputs also on real reviews, if the paper is about them."""
    if not any("sentiment" in statement.recompute for statement in chosen.statements):
        return chosen.claims
    return on_reviews(chosen.claims, REVIEWS)


def paper_record(chosen: Paper, found: Findings) -> PaperRecord:
    """The paper with what was found of each statement."""
    return PaperRecord(
        chosen.id,
        chosen.version,
        chosen.title,
        chosen.authors,
        chosen.note,
        tuple(_statement(statement, found) for statement in chosen.statements),
    )


def _statement(s: Statement, found: Findings) -> StatementRecord:
    if s.claim is None:
        return StatementRecord(s.label, s.says, None, "open", _open(s), None, s.note)
    judged = found.judge(s.claim)
    example = None if s.claim.example is None else configuration_record(s.claim.example)
    known = "; ".join(_known(judged, found))
    return StatementRecord(s.label, s.says, s.claim.id, judged.verdict, known, example, s.note)  # pyright: ignore[reportArgumentType] a verdict on a claim


def _open(s: Statement) -> str:
    """Why a statement cannot be settled here, with what can be computed of it."""
    if not s.recompute:
        return f"cannot be settled here: {s.why}"
    try:
        found = named(s.recompute)()
    except InputError as error:
        found = f"not recomputed, {error}"
    return f"cannot be settled here: {s.why}; recomputed: {found}"


def _known(judged: Judged, found: Findings) -> Iterator[str]:
    """How the verdict on a claim is known, in words."""
    claim, counts = judged.claim, judged.counts
    refutation = next(((case, finding) for c, case, finding in found.refutations if c.id == claim.id), None)
    if refutation is not None:
        case, finding = refutation
        yield f"counterexample: {_line(case.configuration)}: {finding.message}"
    standing = found.derived.get(claim.id)
    if judged.verdict == "proved":
        yield "for all inputs, by a derivation that is checked line by line"
    elif standing is not None and standing.standing == "rests on":
        identities = plural(sum(len(d.steps) for d in claim.rests_on), "identity", "identities")
        yield f"for all inputs on paper, of which {identities} checked here"
    elif standing is not None and standing.standing == "refuted":
        yield f"its derivation does not hold: {standing.lines[-1]}"
    if counts["verified"]:
        told = counts["verified"] - counts["trivial"]
        certified = claim.example is not None and claim.judge(Case(claim.example)).certified
        how = "proved for all layers, as a certificate can show, of" if certified else "exactly on"
        share = f"{100 * told // counts['verified']} %"  # rounded down: 100 % is all
        yield f"{how} {plural(counts['verified'], 'input')}, {told:,} not trivial ({share})"
    if counts["undecided"]:
        yield f"undecided on {plural(counts['undecided'], 'input')}"
    if found.interrupted and judged.verdict == "undecided":
        yield "not examined to its end, the run was interrupted"
    elif not judged.as_expected:
        yield "NOT AS EXPECTED"


def _line(c: Configuration) -> str:
    return configuration_line(configuration_record(c))


def _table(record: PaperRecord, found: Findings) -> Iterator[str]:
    """The table, for a terminal."""
    yield f"{record.id} ({record.version}), {record.title}"
    yield f"{', '.join(record.authors)}"
    if record.note:
        yield from textwrap.wrap(record.note, 116)
    assumed = {claim.id: [hypothesis(name) for name in claim.assumes] for claim in found.claims}
    for s in record.statements:
        yield ""
        yield f"{s.verdict:<10} {s.label}{f'   [{s.claim}]' if s.claim else ''}"
        yield from _wrapped(s.statement)
        yield from _wrapped(f"known: {s.known}")
        if s.claim is not None and s.example is not None:
            needs = "; ".join(assumed[s.claim]) or "nothing"
            yield from _wrapped(f"assumes: {needs}; met by {configuration_line(s.example)}")
        if s.note:
            yield from _wrapped(f"note: {s.note}")
    verdicts = [s.verdict for s in record.statements]
    counted = ", ".join(f"{verdicts.count(v)} {v}" for v in dict.fromkeys(verdicts))
    yield ""
    yield f"{plural(len(verdicts), 'statement')}: {counted}"
    yield last_line(found)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 116, initial_indent=" " * 11, subsequent_indent=" " * 13, break_on_hyphens=False)
