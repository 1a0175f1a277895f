"""Claims examined where they say so outside a campaign: on listed inputs, by a search, on draws of their own.

Neighbours: `claims.inputs` says where as data, `campaign` does the rest, `judgement` keeps what is found.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from hypothesis import Phase, given
from hypothesis import seed as with_seed
from hypothesis.errors import Unsatisfiable

from ...kernels.errors import InputError
from ...kernels.exact.configuration import Configuration
from ...strategies.reproducible import no_constants_from_source, quiet
from ..claims.case import Case
from ..claims.conclusion import overall
from ..claims.inputs import Drawn, Every, Inputs, Listed, Screened, Searched
from ..claims.registry import Claim, Finding
from ..claims.search import find_counterexample, shrunk
from ..provers.freeze.outcome import Frozen
from .entries import add_findings, findings_to_json
from .journal import Journal
from .judgement import Findings
from .tally import count_finding, counted
from .words import configuration_words


def examine_sources(found: Findings, *, seed: int, examples: int, journal: Journal | None = None) -> Iterator[str]:
    """Examine the claims on all their inputs but those of campaigns, and count what is found.

    Args:
        found: takes the findings; it says which claims.
        seed: decides what is drawn.
        examples: how many configurations to draw for a claim that does not say it.
        journal: takes what is found on each source's inputs; what is in it already is taken from there.

    Yields:
        The lines to print.

    Raises:
        InputError: the check of a claim is none, or a strategy draws something else than configurations.
    """
    journal = Journal() if journal is None else journal
    done: list[Inputs] = []
    title = None
    for claim in found.claims:
        for number, source in enumerate(claim.inputs):
            if isinstance(source, Every | Screened) or (isinstance(source, Listed) and source in done):
                continue
            done.append(source)
            key = f"source {number} of {claim.id}"
            if key in journal.known:
                lines = iter(journal.known[key]["lines"])
                add_findings(found, journal.known[key])
            else:
                lines = _noted(
                    found, key, journal, partial(_examine, claim=claim, source=source, seed=seed, many=examples)
                )
            first = next(lines, None)
            if title != source.title and not (isinstance(source, Listed) and source.summary):
                yield source.title
            title = source.title
            if first is not None:
                yield first
            yield from lines


def _noted(found: Findings, key: str, journal: Journal, examine: Callable[[Findings], Iterator[str]]) -> Iterator[str]:
    """Examine one source, and write in the journal what was found and said."""
    part, lines = Findings(found.claims), []
    for line in examine(part):
        lines.append(line)
        yield line
    journal.add(key, {"lines": lines, **findings_to_json(part)})
    found.tally.add(part.tally)
    found.counterexamples.extend(part.counterexamples)


def _examine(found: Findings, claim: Claim, source: Inputs, seed: int, many: int) -> Iterator[str]:
    match source:
        case Listed():
            return _listed(found, source)
        case Searched():
            return _searched(found, claim, source, seed)
        case Drawn():
            return _drawn(found, claim, source, seed, many)
    return iter(())


def _listed(found: Findings, source: Listed) -> Iterator[str]:
    """Examine each of the configurations for every claim that has them."""
    claims = [claim for claim in found.claims if source in claim.inputs]
    verdicts: Counter[str] = Counter()
    try:
        for name, configuration in source.configurations():
            case = Case(configuration)
            findings = [claim.judge(case) for claim in claims]
            for claim, finding in zip(claims, findings, strict=True):
                found.count(claim, case, finding)
            found.tally.configurations += 1
            verdict = "vacuous" if all(f.verdict == "vacuous" for f in findings) else overall(findings)
            verdicts[verdict] += 1
            if not source.summary:
                outcome, what = case.outcome, ""
                if isinstance(outcome, Frozen):
                    numbers = f"{len(outcome.leaders)} leaders, {len(set(outcome.limits))} cluster points"
                    what = f": {numbers}, frozen from layer {outcome.freeze_layer} on"
                yield f"  {verdict:<10} {name}{what}"
    except InputError as error:
        if not source.summary:
            raise
        yield f"{source.title}: skipped, {error}"
        return
    if source.summary:
        yield f"{source.title}: {', '.join(f'{number} {verdict}' for verdict, number in verdicts.items())}"


def _searched(found: Findings, claim: Claim, source: Searched, seed: int) -> Iterator[str]:
    """Look for a counterexample, and count it."""
    c = find_counterexample(claim, source, seed=seed)
    if c is None:
        yield f"  not found  {claim.id}: {claim.statement}"
        return
    case = Case(c)
    finding = case.finding(claim)
    found.count(claim, case, finding)
    yield f"  {finding.verdict:<10} {claim.id}: {configuration_words(c)}"
    yield f"             {finding.message}"


def _drawn(found: Findings, claim: Claim, source: Drawn, seed: int, examples: int) -> Iterator[str]:
    """Draw configurations, and count what is found; of those that refute the claim the smallest is kept."""
    counts, refuted = examine_drawn(claim, source, seed=seed, examples=examples)
    found.tally.claims.setdefault(claim.id, Counter()).update(counts)
    found.tally.configurations += counts.total() - counts["trivial"]
    if refuted is not None:
        found.counterexamples.append((claim, *refuted))
    yield f"  {counted(counts) or 'nothing drawn'} {claim.id}{': ' if source.what else ''}{source.what}"


def examine_drawn(
    claim: Claim, source: Drawn, *, seed: int = 0, examples: int = 200
) -> tuple[Counter[str], tuple[Case, Finding] | None]:
    """A claim on draws of its own: verdicts and "trivial" counted, and a small case that refutes it if any does.

    Args:
        claim: the claim.
        source: what to draw from.
        seed: decides the draws.
        examples: how many, where the source does not say it.

    Raises:
        InputError: the check of the claim is none, or the strategy draws something else than configurations.
    """
    counts: Counter[str] = Counter()
    refuted: list[Configuration] = []
    faults: list[InputError] = []  # nothing is shrunk

    def look(configuration: object) -> None:
        if faults:
            return
        try:
            case = _case(claim, source, configuration)
            finding = claim.judge(case)
        except InputError as fault:
            faults.append(fault)
            return
        count_finding(counts, finding)
        if finding.verdict == "refuted":
            refuted.append(case.configuration)

    strategy, many = source.strategy(), source.examples or examples
    with no_constants_from_source(), suppress(Unsatisfiable):
        quiet(many, Phase.generate)(with_seed(seed)(given(strategy)(look)))()
    if faults:
        raise faults[0]
    if not refuted:
        return counts, None
    smaller = shrunk(lambda c: claim.judge(_case(claim, source, c)).verdict == "refuted", strategy, seed, many)
    case = _case(claim, source, refuted[0] if smaller is None else smaller)
    return counts, (case, case.finding(claim))


def _case(claim: Claim, source: Drawn, configuration: object) -> Case:
    if not isinstance(configuration, Configuration):
        kind = type(configuration).__name__
        raise InputError(f"the inputs of {claim.id} drew {kind}; give a strategy of hardmax.Configuration")
    return Case(configuration, source.budget)
