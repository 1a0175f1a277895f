"""What the commands print for a person.

Neighbours: `commands.sentiment` prints it; `reports.pages.sentiment_page` makes the page of a run.
"""

from collections.abc import Mapping, Sequence
from math import floor

from ....reports.records.review_record import NearHardmaxRecord, ProofsRecord, RoundingRecord
from ....reports.records.sentiment_record import ComparisonRecord, SentimentRecord
from .explain import Explanation
from .proofs import TextProof


def record_text(record: SentimentRecord) -> str:
    """The claims of a record with their verdicts, and the counts of its proofs."""
    lines = []
    for claim in record.claims:
        lines.append(f"{claim.verdict:14} {claim.id}: {claim.statement}")
        for part in claim.parts:
            lines.append(f"    {part.verdict:14} {part.label}: {part.quantity}")
            for one in part.comparisons:
                lines.append(f"        {_comparison(one)}")
        if not claim.parts:
            lines.append("    nothing was measured")
    near = [] if record.near_hardmax is None else [near_hardmax_text(record.near_hardmax)]
    return "\n".join([*lines, proofs_text(record.proofs), *map(rounding_text, record.roundings), *near])


def _comparison(one: ComparisonRecord) -> str:
    """One comparison on one line: both means, and the interval of the advantage."""
    difference = one.difference
    interval = "one seed" if difference.low is None else f"[{difference.low:+.4f}, {difference.high:+.4f}]"
    notes = one.name + ("" if not one.margin else f", margin {one.margin:+g}") + ", control" * one.control
    means = f"{one.effect.mean:.4f} against {one.alternative.mean:.4f} ({notes})"
    return f"{one.verdict:14} {means}: advantage {difference.mean:+.4f} {interval}"


def proofs_text(counts: ProofsRecord) -> str:
    """The counts of the exact proofs."""
    hypotheses = counts.hypotheses
    return (
        f"{counts.reviews} reviews proved exactly: {_counted(counts.merged)} (equal words merged); "
        f"{_counted(counts.literal)} as they stand\n"
        f"hypotheses hold as it stands in {hypotheses.literal}, only after merging in {hypotheses.merged_only}, "
        f"not even then in {hypotheses.never}; {counts.mean_leaders:.2f} leaders a review"
    )


def near_hardmax_text(found: NearHardmaxRecord) -> str:
    """How near to hardmax softmax attention provably is."""
    rows = ", ".join(
        f"at least {floor(1000 * share) / 10:.1f}% of the rows in {name}" for name, share in found.within.items()
    )
    return (
        f"softmax at β = {found.beta:g} is provably hardmax up to a rounding unit: {rows}; {found.undecided} undecided"
    )


def rounding_text(row: RoundingRecord) -> str:
    """What rounding the embedding leaves as it is."""
    return (
        f"embedding rounded to {row.format}: no leader changes in {row.leaders_kept} of {row.reviews} reviews, "
        f"provably by the radius in {row.leaders_proved}; no prediction in {row.predictions_kept}, provably in "
        f"{row.predictions_proved}"
    )


def _counted(verdicts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items(), reverse=True))


def proof_text(proof: TextProof) -> str:
    """The verdict on one review with equal words merged and, where a word repeats, that on the review as it stands."""
    merged = proof.merged
    line = f"{merged.verdict}: " + "; ".join(finding.message for finding in merged.findings.values())
    if proof.literal is None:
        return line
    times = zip(proof.words, merged.configuration.multiplicities, strict=True)
    repeated = ", ".join(f"{word}×{count}" for word, count in times if count > 1)
    findings = proof.literal.findings.values()
    why = "; ".join(dict.fromkeys(f.message for f in findings if f.verdict == proof.literal.verdict))
    return f"{line}\nequal words are merged above ({repeated}); as it stands: {proof.literal.verdict}: {why}"


def explanation_text(e: Explanation) -> str:
    """The prediction, the clusters with their leaders and members, and the sum that decides."""
    frozen = "" if e.freeze_layer is None else f", nothing changes from layer {e.freeze_layer} on"
    merged = " (equal words merged)" if max(e.counts) > 1 else ""
    lines = [
        f"{e.prediction}: p(positive) = σ({e.logit:+.3f}) = {e.probability:.3f}",
        *dropped_text(e.dropped),
        f"{_read(e)}, {_times(len(e.clusters), 'cluster')}; exact verdict{merged}: {e.verdict}{frozen}",
        "",
        f"{'leader':20} {'from layer':>10} {'tokens':>6} {'⟨v, leader⟩':>12} {'adds':>8}  members",
    ]
    for cluster in e.clusters:
        members = " ".join(word if times == 1 else f"{word}×{times}" for word, times in cluster.members.items())
        layer = "–" if cluster.first_layer is None else str(cluster.first_layer)
        numbers = f"{cluster.size:6} {cluster.logit:12.3f} {cluster.contribution:+8.3f}"
        lines.append(f"{' + '.join(cluster.leaders) or '(no leader)':20} {layer:>10} {numbers}  {members}")
    lines.append(f"{'bias':20} {'':>10} {'':>6} {'':>12} {e.bias:+8.3f}")
    lines.append(f"{'logit':20} {'':>10} {e.tokens:6} {'':>12} {e.logit:+8.3f}")
    return "\n".join(lines)


def dropped_text(dropped: Mapping[str, Sequence[str]]) -> list[str]:
    """A line a reason why words are not read; long lists are cut."""
    return [
        f"NOT READ, {reason}: {', '.join(words[:20])}{f' and {len(words) - 20} more' if len(words) > 20 else ''}"
        for reason, words in dropped.items()
    ]


def _read(e: Explanation) -> str:
    """What of the text the model reads."""
    read, known, padding = e.read_words, e.known_words, e.tokens - e.read_words
    part = _times(read, "word") if read == known else f"the first {read} of {known} words"
    return f"{part} known to the model" + (f" and {_times(padding, 'token')} of padding" if padding else "")


def _times(count: int, noun: str) -> str:
    return f"{count} {noun}" + "s" * (count != 1)
