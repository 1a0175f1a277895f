"""The certificate about all steps α: pieces of the half-line, each with its itinerary and why it is frozen.

The format is CERTIFICATE.md, section 15. Nothing is decided here: what is wrong becomes a text that `checker` refuses.

Neighbours: `provers.regions` finds the pieces, `writer` makes the text, `self_check` has it checked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ...kernels.exact.configuration import Configuration
from ...kernels.exact.dynamics import Sets
from ...kernels.exact.rational_text import rational_text
from .writer import VERSION, Document, problem_of, seal

FORMAT = "hardmax all steps"
End = tuple[Sequence[int], Fraction, Fraction]
"""A number: an integer polynomial, constant coefficient first, and an interval with this one of its roots."""


@dataclass(frozen=True, slots=True)
class FrozenPiece:
    """Why the itinerary of a piece is known.

    Args:
        phases: (first layer, follow sets), the last one for ever.
        layer: the layer at which the rules apply.
        rules: one a token.
        leaders: {token: first layer at which it leads}.
    """

    phases: Sequence[tuple[int, Sets]]
    layer: int
    rules: Sequence[str]
    leaders: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class SmallSteps:
    """Who leads for all small steps; the layers of what changes later depend on the step.

    Args:
        phases: (first layer, follow sets) of the first layers, which are the same for all of them.
        layer: the last of these.
        rules: one a token, "open" where its set may change later.
        leaders: the tokens that lead at some layer, ascending.
        fineness: parts of a unit of time.
    """

    phases: Sequence[tuple[int, Sets]]
    layer: int
    rules: Sequence[str]
    leaders: Sequence[int]
    fineness: int


def all_steps_certificate(
    configuration: Configuration, pieces: Sequence[tuple[End, End | None, Fraction, FrozenPiece | SmallSteps | None]]
) -> Document:
    """The certificate, as a JSON object.

    Args:
        configuration: its tokens, A and multiplicities are stated.
        pieces: (lower end, upper end or None for ∞, sample, proof or None where it is not decided), ascending.
    """
    problem = problem_of(configuration)
    document: Document = {
        "format": FORMAT,
        "version": VERSION,
        "problem": {key: problem[key] for key in ("tokens", "A", "multiplicities")},
        "claims": {
            "steps.pieces": "verified",
            "steps.all": "verified" if all(proof for *_, proof in pieces) else None,
        },
        "pieces": [
            {
                "from": _end(low),
                "to": None if high is None else _end(high),
                "sample": rational_text(sample),
                "proof": None if proof is None else _proof(proof),
            }
            for low, high, sample, proof in pieces
        ],
    }
    return {**document, "seal": seal(document)}


def _end(end: End) -> Document:
    polynomial, low, high = end
    return {
        "polynomial": [rational_text(c) for c in polynomial],
        "between": [rational_text(low), rational_text(high)],
    }


def _proof(proof: FrozenPiece | SmallSteps) -> Document:
    phases, before = [], ((),) * len(proof.rules)
    for first, sets in proof.phases:
        changed = [[i, list(C)] for i, (C, old) in enumerate(zip(sets, before, strict=True)) if C != old]
        phases.append({"first": first, "sets": changed})
        before = sets
    common = {"itinerary": phases, "layer": proof.layer, "rules": list(proof.rules)}
    if isinstance(proof, SmallSteps):
        return {"kind": "small steps", **common, "leaders": list(proof.leaders), "fineness": proof.fineness}
    leaders = [{"token": i, "layer": k} for i, k in sorted(proof.leaders.items())]
    return {"kind": "frozen", **common, "leaders": leaders}
