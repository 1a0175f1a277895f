"""What `hardmax verify` prints, and the records of the same: claims, kernels, the last line."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from ....kernels.bounds.crosscheck import written_out
from ....kernels.exact.configuration import Configuration, identity
from ....kernels.exact.rational_text import rational_text, show
from ....kernels.protocol import Kernel
from ....reports.formats.wording import CLAIM_COUNTS, KERNEL_COUNTS, plural
from ....reports.records.run_record import (
    ClaimCounts,
    ClaimRecord,
    Divergence,
    KernelFailure,
    KernelRecord,
    VerdictOnClaim,
)
from ...campaigns.judgement import REFUTED, UNDECIDED, VERIFIED, Findings, Judged
from ...campaigns.tally import Tally, counted
from ...claims.registry import Claim, Derived
from ...records.findings import configuration_record

LONGEST_INPUT = 400
"""Characters of a configuration that are printed."""
SUMMARY = {
    VERIFIED: "everything came out as expected",
    REFUTED: "NOT everything came out as expected",
    UNDECIDED: "some of it is undecided",
}


def claim_lines(found: Findings) -> Iterator[str]:
    """One line a claim: verdict, counts, what it rests on, and a mark where it was not expected."""
    yield "Claims"
    for j in map(found.judge, found.claims):
        numbers = counted(j.counts) or "nothing examined"
        note = derived_note(j.claim, found.derived.get(j.claim.id))
        mark = "   NOT AS EXPECTED" if not j.as_expected else ", as expected" if j.verdict == "refuted" else ""
        yield f"  {j.verdict:<10} {j.claim.id}: {numbers}{'; ' if note else ''}{note}{mark}"


def derived_note(claim: Claim, derived: Derived | None) -> str:
    """What derivations show of a claim, in a few words."""
    if derived is None:
        return ""
    if derived.standing == "refuted":
        return f"its derivation does not hold: {derived.lines[-1]}"
    if derived.standing == "proved":
        return "proved for all inputs by a derivation"
    identities = plural(sum(len(d.steps) for d in claim.rests_on), "identity", "identities")
    return f"rests on {identities} shown here, the rest of its proof is on paper"


def claim_records(found: Findings, names: dict[str, str]) -> tuple[ClaimRecord, ...]:
    """The records of the claims; `names` maps counterexample ids to claim ids."""

    def record(j: Judged) -> ClaimRecord:
        claim = j.claim
        return ClaimRecord(
            id=claim.id,
            family=claim.family,
            statement=claim.statement,
            hypotheses=claim.assumes,
            source=claim.source,
            expected=claim.expected,
            verdict=cast(VerdictOnClaim, j.verdict),
            as_expected=j.as_expected,
            counts=ClaimCounts(**{name: j.counts[name] for name in CLAIM_COUNTS}),
            counterexamples=tuple(name for name, refuted in names.items() if refuted == claim.id),
            note=derived_note(claim, found.derived.get(claim.id)),
        )

    return tuple(record(found.judge(claim)) for claim in found.claims)


def kernel_lines(tally: Tally, kernels: Mapping[str, Kernel], out: Path | None) -> Iterator[str]:
    """What the comparison with float kernels counted, and the first disagreement and failure of each.

    Args:
        tally: the counts.
        kernels: the kernels by their spec.
        out: where the record will be, None if none is written.
    """
    if tally.kernels:
        yield "Float kernels against the exact one, per token and layer"
    for place, (spec, counts) in enumerate(tally.kernels.items()):
        verdict = "DISAGREES" if counts["disagree"] else "agrees" if counts["layers"] else "not compared"
        lost = f"{counts['ties_lost']:,} of them exact ties that rounding lost"
        failed = f" ({counts['failed']:,} of them calls without an answer)" if counts["failed"] else ""
        yield (
            f"  {verdict:<10} {spec} ({kernels[spec].dtypes[0]}): {counts['agree']:,} agree, "
            f"{counts['too_close']:,} too close to call ({lost}), {counts['disagree']:,} disagree{failed}"
        )
        recorded = None if out is None else f"{out / 'run.json'}, kernels[{place}]"
        if spec in tally.disagreements:
            configuration, result = tally.disagreements[spec]
            d = result.first_disagreement
            if d is not None:
                goes = "elsewhere" if d.float_set is None else f"to {list(d.float_set)}"
                where = f"at layer {d.layer} token {d.token}"
                yield f"             first: {where} goes {goes}, exactly to {list(d.exact_set)}"
                yield f"             {_input(configuration, recorded, 'first_disagreement')}"
        if spec in tally.failures:
            configuration, message = tally.failures[spec]
            yield f"             no answer: {message}"
            yield f"             {_input(configuration, recorded, 'first_failure')}"
    for note in kernel_notes(tally):
        yield f"  {note}"


def _input(configuration: Configuration, recorded: str | None, key: str) -> str:
    """Which configuration it was: written out as kernels are given it, or, if that is long, where it is recorded."""
    c = written_out(configuration)
    A = "" if c.A == identity(c.d) else f", A = {' '.join(map(show, c.A))}"
    text = f"on tokens {' '.join(map(show, c.tokens))}{A}, alpha = {c.alpha}"
    if len(text) <= LONGEST_INPUT:
        return text
    where = "give --out DIR to have it recorded" if recorded is None else f"see {recorded}.{key}.configuration"
    return f"on {c.n} tokens of {c.d} coordinates, too long to print: {where}"


def kernel_records(tally: Tally, kernels: Mapping[str, Kernel]) -> tuple[KernelRecord, ...]:
    """The records of the same."""

    def record(spec: str, counts: Mapping[str, int]) -> KernelRecord:
        first = failure = None
        if spec in tally.disagreements:
            configuration, result = tally.disagreements[spec]
            if (d := result.first_disagreement) is not None:
                given, gap = configuration_record(configuration), rational_text(d.gap)
                first = Divergence(d.layer, d.token, d.exact_set, d.float_set, gap, given)
        if spec in tally.failures:
            configuration, message = tally.failures[spec]
            failure = KernelFailure(message, configuration_record(configuration))
        numbers = {name: counts[name] for name in (*KERNEL_COUNTS, "failed")}
        return KernelRecord(
            spec=spec, dtype=kernels[spec].dtypes[0], first_disagreement=first, first_failure=failure, **numbers
        )

    return tuple(record(spec, counts) for spec, counts in tally.kernels.items())


def kernel_notes(tally: Tally) -> tuple[str, ...]:
    """What the counts do not say: which configurations a kernel was spared."""
    return tuple(
        f"{spec} declares supports_A = False: it is compared where A is the identity, "
        f"and not where it is another ({counts['other_A']:,} of the configurations)."
        for spec, counts in tally.kernels.items()
        if counts["other_A"]
    )


def last_line(found: Findings) -> str:
    """How much was examined, and whether all is well."""
    early = "interrupted after " if found.interrupted else "out of time after " if found.out_of_time else ""
    rest = (found.interrupted or found.out_of_time) and found.status == UNDECIDED
    summary = "the rest was not examined" if rest else SUMMARY[found.status]
    return f"{early}{found.tally.configurations:,} configurations, {found.undecided:,} undecided: {summary}"
