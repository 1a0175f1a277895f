"""What `hardmax verify` prints, and the records of the same: claims, kernels, the last line."""

from collections.abc import Iterator
from typing import Any

from ...kernels.configuration_file import configuration_to_json
from ...kernels.rational_text import rational_text
from ...kernels.registry import load
from ..campaign import Tally
from ..judgement import REFUTED, UNDECIDED, VERIFIED, Findings, Judged
from ..records import claim_record

SUMMARY = {
    VERIFIED: "everything came out as expected",
    REFUTED: "NOT everything came out as expected",
    UNDECIDED: "some of it is undecided",
}


def claim_lines(found: Findings) -> Iterator[str]:
    """One line a claim: verdict, counts, identity, and a mark where it was not expected."""
    yield "Claims"
    for j in map(found.judge, found.claims):
        names = ("verified", "refuted", "undecided", "not_met")
        numbers = ", ".join(f"{j.counts[v]:,} {v.replace('_', ' ')}" for v in names if j.counts[v])
        identity = found.identities.get(j.claim.id)
        symbols = "" if identity is None else f"; identity {identity.verdict} with symbols"
        mark = "   NOT AS EXPECTED" if not j.as_expected else "" if j.verdict == "verified" else ", as expected"
        yield f"  {j.verdict:<10} {j.claim.id}: {numbers or 'nothing examined'}{symbols}{mark}"


def claim_records(found: Findings, names: dict[str, str]) -> list[dict[str, Any]]:
    """The records of the claims; `names` maps counterexample ids to claim ids."""

    def record(j: Judged) -> dict[str, Any]:
        identity = found.identities.get(j.claim.id)
        note = "" if identity is None else f"identity {identity.verdict} with symbols: {identity.message}"
        cited = [name for name, claim in names.items() if claim == j.claim.id]
        return claim_record(j.claim, j.verdict, j.counts, as_expected=j.as_expected, counterexamples=cited, note=note)

    return [record(found.judge(claim)) for claim in found.claims]


def kernel_lines(tally: Tally) -> Iterator[str]:
    """What the comparison with float kernels counted, and the first disagreement of each."""
    if tally.kernels:
        yield "Float kernels against the exact one, per token and layer"
    for spec, counts in tally.kernels.items():
        verdict = "DISAGREES" if counts["disagree"] else "agrees"
        lost = f"{counts['ties_lost']:,} of them exact ties that rounding lost"
        yield (
            f"  {verdict:<10} {spec} ({load(spec).dtypes[0]}): {counts['agree']:,} agree, "
            f"{counts['too_close']:,} too close to call ({lost}), {counts['disagree']:,} disagree"
        )
        if spec in tally.disagreements:
            d = tally.disagreements[spec][1].first_disagreement
            if d is not None:
                goes = "elsewhere" if d.float_set is None else f"to {list(d.float_set)}"
                where = f"at layer {d.layer} token {d.token}"
                yield f"             first: {where} goes {goes}, exactly to {list(d.exact_set)}"


def kernel_records(tally: Tally) -> list[dict[str, Any]]:
    """The records of the same."""
    records = []
    for spec, counts in tally.kernels.items():
        first = None
        if spec in tally.disagreements:
            configuration, result = tally.disagreements[spec]
            d = result.first_disagreement
            if d is not None:
                first = {
                    "layer": d.layer,
                    "token": d.token,
                    "exact": list(d.exact_set),
                    "computed": None if d.float_set is None else list(d.float_set),
                    "gap": rational_text(d.gap),
                    "configuration": configuration_to_json(configuration),
                }
        names = ("layers", "agree", "too_close", "disagree", "ties_lost")
        numbers = {name: counts[name] for name in names}
        records.append({"spec": spec, "dtype": load(spec).dtypes[0], **numbers, "first_disagreement": first})
    return records


def last_line(found: Findings) -> str:
    """How much was examined, and whether all is well."""
    early = "interrupted, " if found.interrupted else ""
    return (
        f"{early}{found.tally.configurations:,} configurations, {found.undecided:,} undecided: {SUMMARY[found.status]}"
    )


__all__ = ["claim_lines", "claim_records", "kernel_lines", "kernel_records", "last_line"]
