"""Certificates: the file that proves a verdict to anyone, written from the records of a proof.

The format is specified in CERTIFICATE.md, its shape in certificate.schema.json. Nothing is decided here: a record that
is wrong becomes a file that `checker` refuses.

Neighbours: `proof` and `evidence` hold what is written, `checker` reads it back without this package.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..kernels.configuration import Configuration, Vector
from ..kernels.errors import InputError
from ..kernels.exact import Sets
from ..kernels.step import ConstantStep
from . import checker
from .case import Case
from .claims import clustering
from .evidence import Interior, Neither, Outside, Place, Projection, Verdict, Vertex, Weights
from .proof import Frozen, Outcome, Phase, SelfSimilar, Undecided

FORMAT, VERSION = "hardmax certificate", 1
CLAIMS = tuple(f"clustering.{name}" for name in ("convergence", "vertices", "boundary", "cluster_points"))
Document = dict[str, Any]


def certificate(outcome: Outcome, claims: Mapping[str, Verdict], places: Mapping[Vector, Place]) -> Document:
    """The certificate of `claims` about one configuration, as a JSON object.

    Args:
        outcome: why the itinerary is known for all layers.
        claims: {claim id: verdict}, at least one of the family `clustering`.
        places: where each cluster point lies; needed if there is a leader and all tokens converge.

    Raises:
        InputError: the outcome is undecided, a claim is unknown, none is given, or a place is missing.
    """
    if isinstance(outcome, Undecided):
        raise InputError(f"nothing is proved about this configuration ({outcome.reason}); there is no certificate")
    unknown = set(claims) - set(CLAIMS)
    if unknown or not claims:
        raise InputError(f"certificates are about {', '.join(CLAIMS)}; got {', '.join(sorted(unknown)) or 'no claim'}")
    points = sorted(set(outcome.limits if isinstance(outcome, Frozen) else _limits(outcome)))
    document: Document = {
        "format": FORMAT,
        "version": VERSION,
        "problem": _problem(outcome.configuration),
        "claims": {claim: claims.get(claim) for claim in CLAIMS},
        "itinerary": _itinerary(outcome.phases),
        "leaders": [{"token": i, "layer": k} for i, k in sorted(outcome.leaders.items())],
        "proof": _frozen(outcome, points) if isinstance(outcome, Frozen) else _self_similar(outcome),
        "cluster_points": [{"point": _vector(s), "place": _place(s, places, bool(outcome.leaders))} for s in points],
    }
    return {**document, "seal": seal(document)}


def seal(document: Mapping[str, Any]) -> str:
    """SHA-256 of the certificate without its seal, in hexadecimal: it detects errors of transcription."""
    body = {key: value for key, value in document.items() if key != "seal"}
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def certificate_of(case: Case) -> Document | None:
    """The certificate of all that is decided about the four claims of the clustering theorem, None if nothing is.

    Args:
        case: a configuration under examination.
    """
    outcome = case.outcome
    if isinstance(outcome, Undecided):
        return None
    claims: dict[str, Verdict] = {}
    for claim in clustering.CLAIMS:
        verdict = claim.check(case).verdict
        if verdict == "verified" or verdict == "refuted":
            claims[claim.id] = verdict
    if not claims:
        return None
    placed = isinstance(outcome, Frozen) and outcome.leaders
    return certificate(outcome, claims, clustering.case_places(case) if placed else {})


def certificate_text(case: Case) -> str | None:
    """`certificate_of` as the text of a file."""
    document = certificate_of(case)
    return None if document is None else to_text(document)


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


def write_certificate(path: str | Path, document: Mapping[str, Any]) -> Path:
    """Write a certificate, completely or not at all.

    Args:
        path: the file; the checker finds it in a folder if its name ends with `.cert.json`.
        document: what `certificate` returned.

    Raises:
        InputError: the file cannot be written.
    """
    path = Path(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_text(to_text(document), encoding="utf-8", newline="")
        beside.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}; give another place") from None
    finally:
        beside.unlink(missing_ok=True)
    return path


def excess(text: str) -> str | None:
    """Which limit of the independent checker (CERTIFICATE.md, section 9) a certificate exceeds; None if it has none."""
    if len(text) > checker.MAX_BYTES:
        return f"it has {len(text):,} characters and the checker reads {checker.MAX_BYTES:,}"
    longest = max(map(len, text.split('"')))  # rationals are strings
    if longest > checker.MAX_DIGITS:
        return f"a number in it has {longest:,} characters and the checker reads {checker.MAX_DIGITS:,}"
    try:
        checker.check(text)
    except checker.Refused as refusal:
        if "units of work" in str(refusal):
            return f"checking it takes more than the {checker.MAX_WORK:,} units of work that the checker does"
    return None


def save_certificate(path: Path, case: Case) -> str | None:
    """Write the certificate of a case if something is decided and it is within the limits of the checker.

    Args:
        path: the file, `*.cert.json`.
        case: the configuration, with its outcome.

    Returns:
        None if it was written, or why it was not.

    Raises:
        InputError: the file cannot be written.
    """
    document = certificate_of(case)
    if document is None:
        return "nothing is decided"
    reason = excess(to_text(document))
    if reason is None:
        write_certificate(path, document)
    return reason


def _problem(configuration: Configuration) -> Document:
    step = configuration.step
    constant = isinstance(step, ConstantStep)
    return {
        "tokens": [_vector(row) for row in configuration.tokens],
        "A": [_vector(row) for row in configuration.A],
        "step": {"rule": "constant", "alpha": _rational(step.alpha)} if constant else step.to_json(),
        "multiplicities": list(configuration.multiplicities),
        "follow": configuration.follow,
    }


def _itinerary(phases: Sequence[Phase]) -> list[Document]:
    """Each phase with the sets that differ from the previous phase's."""
    result = []
    previous: Sets = ((),) * len(phases[0].sets)
    for phase in phases:
        changed = [[i, list(C)] for i, (C, old) in enumerate(zip(phase.sets, previous, strict=True)) if C != old]
        result.append({"first": phase.first, "layers": phase.layers, "sets": changed, "jumps": list(phase.jumps)})
        previous = phase.sets
    return result


def _frozen(outcome: Frozen, points: Sequence[Vector]) -> Document:
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
        "scale": _rational(outcome.scale),
        "contraction": None if outcome.contraction is None else _rational(outcome.contraction),
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
    return [[i, _rational(x)] for i, x in sorted(total.items())]


def _vector(values: Sequence[Fraction]) -> list[str]:
    return [_rational(x) for x in values]


def _rational(value: Fraction) -> str:
    # str(int) has a limit on digits, which late leaders exceed; Decimal has none and is exact for an int.
    upper, lower = (str(Decimal(part)) for part in value.as_integer_ratio())
    return upper if lower == "1" else f"{upper}/{lower}"


__all__ = [
    "CLAIMS",
    "certificate",
    "certificate_of",
    "certificate_text",
    "excess",
    "save_certificate",
    "seal",
    "to_text",
    "write_certificate",
]
