"""What a campaign finds, as JSON for its journal, and back.

Neighbours: `tally` counts, `judgement` keeps what refutes, `journal` holds the lines.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from fractions import Fraction
from typing import Any

from ...kernels.bounds.crosscheck import CrossCheck, Difference
from ...kernels.exact.configuration_file import configuration_from_json, configuration_to_json
from ...kernels.exact.rational_text import rational_text
from ..claims.case import Case
from ..claims.registry import Finding
from .judgement import Findings
from .tally import Counterexample, Tally


def tally_to_json(tally: Tally) -> dict[str, Any]:
    """A tally, certificates by their names alone: their texts are files."""
    return {
        "configurations": tally.configurations,
        "claims": tally.claims,
        "coverage": {regime: list(counts.items()) for regime, counts in tally.coverage.items()},
        "kernels": tally.kernels,
        "disagreements": {
            spec: [configuration_to_json(c), _crosscheck_to_json(check)]
            for spec, (c, check) in tally.disagreements.items()
        },
        "failures": {spec: [configuration_to_json(c), message] for spec, (c, message) in tally.failures.items()},
        "refutations": [
            [r.claim, configuration_to_json(r.configuration), asdict(r.finding), r.chunk] for r in tally.refutations
        ],
        "certificates": list(tally.certificates),
    }


def tally_from_json(data: Mapping[str, Any]) -> Tally:
    """What `tally_to_json` wrote."""
    return Tally(
        configurations=data["configurations"],
        claims={claim: Counter(counts) for claim, counts in data["claims"].items()},
        coverage={regime: Counter(dict(counts)) for regime, counts in data["coverage"].items()},
        kernels={spec: Counter(counts) for spec, counts in data["kernels"].items()},
        disagreements={
            spec: (configuration_from_json(c), _crosscheck_from_json(check))
            for spec, (c, check) in data["disagreements"].items()
        },
        failures={spec: (configuration_from_json(c), message) for spec, (c, message) in data["failures"].items()},
        refutations=[
            Counterexample(claim, configuration_from_json(c), Finding(**finding), chunk)
            for claim, c, finding, chunk in data["refutations"]
        ],
        certificates=dict.fromkeys(data["certificates"], ""),
    )


def findings_to_json(found: Findings) -> dict[str, Any]:
    """What was found on the inputs of one source."""
    kept = [
        [claim.id, configuration_to_json(case.configuration), asdict(f)] for claim, case, f in found.counterexamples
    ]
    return {"tally": tally_to_json(found.tally), "counterexamples": kept}


def add_findings(found: Findings, data: Mapping[str, Any]) -> None:
    """Count what `findings_to_json` wrote."""
    claims = {claim.id: claim for claim in found.claims}
    found.tally.add(tally_from_json(data["tally"]))
    for claim, c, finding in data["counterexamples"]:
        found.counterexamples.append((claims[claim], Case(configuration_from_json(c)), Finding(**finding)))


def _crosscheck_to_json(check: CrossCheck) -> dict[str, Any]:
    fields = {name: getattr(check, name) for name in check.__slots__}
    for name in ("first_disagreement", "first_too_close"):
        d = fields[name]
        fields[name] = d and {**asdict(d), "gap": rational_text(d.gap), "bound": _text(d.bound)}
    return {**fields, "drift": _text(check.drift)}


def _crosscheck_from_json(data: Mapping[str, Any]) -> CrossCheck:
    fields = {**data, "drift": _fraction(data["drift"])}
    for name in ("first_disagreement", "first_too_close"):
        d = data[name]
        fields[name] = d and Difference(
            **{**d, "exact_set": tuple(d["exact_set"]), "float_set": d["float_set"] and tuple(d["float_set"])}
            | {"gap": Fraction(d["gap"]), "bound": _fraction(d["bound"])}
        )
    return CrossCheck(**fields)


def _text(value: Fraction | None) -> str | None:
    return None if value is None else rational_text(value)


def _fraction(value: str | None) -> Fraction | None:
    return None if value is None else Fraction(value)
