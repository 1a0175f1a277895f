"""Certificates: the file that proves a verdict to anyone, written from the records of a proof.

The format is specified in CERTIFICATE.md, its shape in `schemas`. Nothing is decided here: a record that is wrong
becomes a text that `checker` refuses.

Neighbours: `outcome` and `evidence` hold what is written; `self_check` has it checked, `claims.certified` writes it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from ...kernels.errors import InputError
from ...kernels.exact.configuration import Configuration, Vector
from ...kernels.exact.dynamics import Sets
from ...kernels.exact.rational_text import rational_text
from ...kernels.exact.step import ConstantStep, Step
from ...reports.records.files import write_file
from ..provers.freeze.outcome import Enclosed, Frozen, Outcome, Phase, SelfSimilar, Undecided
from .evidence import CertifiedVerdict, Interior, Neither, Outside, Place, Projection, Vertex, Weights

FORMAT, VERSION = "hardmax certificate", 1
CLAIMS = tuple(f"clustering.{name}" for name in ("convergence", "vertices", "boundary", "cluster_points"))
Document = dict[str, Any]


def certificate(outcome: Outcome, claims: Mapping[str, CertifiedVerdict], places: Mapping[Vector, Place]) -> Document:
    """The certificate of `claims` about one configuration, as a JSON object.

    Args:
        outcome: why the itinerary is known for all layers.
        claims: {claim id: verdict}, at least one of the family `clustering`.
        places: where each cluster point lies; needed if there is a leader and all tokens converge.

    Raises:
        InputError: the model is not of kind hardmax, the outcome undecided, a claim unknown, none
            given, or a place missing.
    """
    kind = outcome.configuration.model.kind
    if kind != "hardmax":
        raise InputError(f"no certificate for models of kind {kind!r}: this format holds hardmax layers alone")
    if isinstance(outcome, Undecided):
        raise InputError(f"nothing is proved about this configuration ({outcome.reason}); there is no certificate")
    assert not isinstance(outcome, Enclosed)  # of another kind of model
    unknown = set(claims) - set(CLAIMS)
    if unknown or not claims:
        raise InputError(f"certificates are about {', '.join(CLAIMS)}; got {', '.join(sorted(unknown)) or 'no claim'}")
    points = sorted(set(outcome.limits if isinstance(outcome, Frozen) else _limits(outcome)))
    document: Document = {
        "format": FORMAT,
        "version": VERSION,
        "problem": problem_of(outcome.configuration),
        "claims": {claim: claims.get(claim) for claim in CLAIMS},
        "itinerary": itinerary_json(outcome.phases),
        "leaders": [{"token": i, "layer": k} for i, k in sorted(outcome.leaders.items())],
        "proof": proof_json(outcome, points) if isinstance(outcome, Frozen) else _self_similar(outcome),
        "cluster_points": [{"point": _vector(s), "place": _place(s, places, bool(outcome.leaders))} for s in points],
    }
    return {**document, "seal": seal(document)}


def seal(document: Mapping[str, Any]) -> str:
    """SHA-256 of the certificate without its seal, in hexadecimal: it detects errors of transcription."""
    body = {key: value for key, value in document.items() if key != "seal"}
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def to_text(document: Mapping[str, Any]) -> str:
    """JSON with a line for each member, phase, leader and cluster point."""
    lines = []
    for key, value in document.items():
        if isinstance(value, list) and value:
            value = "[\n" + ",\n".join("  " + json.dumps(entry) for entry in value) + "\n ]"
        else:
            value = json.dumps(value)
        lines.append(f' "{key}": {value}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def write_text(path: str | Path, text: str) -> Path:
    """Write the text of a certificate, completely or not at all. It is not checked here.

    Args:
        path: the file; the checker finds it in a folder if its name ends with `.cert.json`.
        text: what `to_text` returned.

    Raises:
        InputError: the file cannot be written.
    """
    path = Path(path)
    try:
        path.parent.stat()  # a folder that is not there is a mistake of whoever named it
        write_file(path, text)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}; give another place") from None
    return path


def problem_of(configuration: Configuration) -> Document:
    """The problem as every format states it."""
    return {
        "tokens": [_vector(row) for row in configuration.tokens],
        "A": [_vector(row) for row in configuration.A],
        "step": step_json(configuration.step),
        "multiplicities": list(configuration.multiplicities),
        "follow": configuration.follow,
    }


def step_json(step: Step) -> Document:
    """The step of a problem."""
    constant = isinstance(step, ConstantStep)
    return {"rule": "constant", "alpha": rational_text(step.alpha)} if constant else step.to_json()


def itinerary_json(phases: Sequence[Phase]) -> list[Document]:
    """Each phase with the sets that differ from the previous phase's."""
    result = []
    previous: Sets = ((),) * len(phases[0].sets)
    for phase in phases:
        changed = [[i, list(C)] for i, (C, old) in enumerate(zip(phase.sets, previous, strict=True)) if C != old]
        result.append({"first": phase.first, "layers": phase.layers, "sets": changed, "jumps": list(phase.jumps)})
        previous = phase.sets
    return result


def proof_json(outcome: Frozen, points: Sequence[Vector]) -> Document:
    """The proof of kind `frozen`, for the cluster points in this order."""
    number = {s: p for p, s in enumerate(points)}
    # Of the weights of a cluster point one choice is written: that of the first token that tends to it.
    weights: dict[Vector, Weights] = {}
    for s, mixed in zip(outcome.limits, outcome.weights, strict=True):
        weights.setdefault(s, mixed)
    first: dict[tuple[Any, ...], int] = {}
    twin = [first.setdefault(tuple(row), i) for i, row in enumerate(outcome.state.numerators.to_list())]
    return {
        "kind": "frozen",
        "freeze_layer": outcome.freeze_layer,
        "layer": outcome.layer,
        "rules": list(outcome.rules),
        "limits": [number[s] for s in outcome.limits],
        "weights": [_weights(weights[s], twin) for s in points],
    }


def _self_similar(outcome: SelfSimilar) -> Document:
    return {
        "kind": "self-similar",
        "layer": outcome.layer,
        "period": outcome.period,
        "permutation": list(outcome.permutation),
        "Q": [_vector(row) for row in outcome.Q],
        "scale": rational_text(outcome.scale),
        "contraction": None if outcome.contraction is None else rational_text(outcome.contraction),
    }


def _limits(outcome: SelfSimilar) -> Sequence[Vector]:
    """The limits of all tokens; () if one does not converge or that is not decided (CERTIFICATE.md, section 6)."""
    contracts = outcome.contraction is not None and outcome.contraction < 1
    return [(Fraction(0),) * outcome.configuration.d] if contracts else []


def _place(s: Vector, places: Mapping[Vector, Place], has_leaders: bool) -> Document | None:
    if not has_leaders:
        return None
    place = places.get(s)
    if place is None:
        raise InputError(f"no place is given for the cluster point ({', '.join(_vector(s))}); give one for each")
    data: Document = {"kind": type(place).__name__.lower()}
    if isinstance(place, Vertex):
        data["leader"] = place.leader
    if isinstance(place, Projection | Neither | Interior):
        data["weights"] = _weights(place.weights)
    if isinstance(place, Projection | Neither | Outside):
        data["normal"] = None if place.normal is None else _vector(place.normal)
    return data


def _weights(weights: Weights, representative: Sequence[int] | None = None) -> list[list[Any]]:
    """Pairs [token, weight], tokens ascending and each replaced by its representative."""
    total: dict[int, Fraction] = {}
    for i, x in weights.items():
        i = i if representative is None else representative[i]
        total[i] = total.get(i, Fraction(0)) + x
    return [[i, rational_text(x)] for i, x in sorted(total.items())]


def _vector(values: Sequence[Fraction]) -> list[str]:
    return [rational_text(x) for x in values]
