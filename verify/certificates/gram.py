"""The certificate about tokens of which only the inner products are known, with the proof that there are such tokens.

The format is CERTIFICATE.md, section 14. Nothing is decided here: what is wrong becomes a text that `checker` refuses.

Neighbours: `claims.gram` has what is claimed, `writer` makes the text, `self_check` has it checked.
"""

from collections.abc import Mapping
from typing import cast

from ...kernels.exact.gram import Gram
from ...kernels.exact.rational_text import rational_text
from ..provers.freeze.outcome import Frozen
from .evidence import CertifiedVerdict
from .writer import CLAIMS, VERSION, Document, itinerary_json, proof_json, seal, step_json

FORMAT = "hardmax Gram"


def gram_certificate(outcome: Frozen, claims: Mapping[str, CertifiedVerdict]) -> Document:
    """The certificate, as a JSON object.

    Args:
        outcome: of a configuration whose tokens are those of its Gram matrix.
        claims: {claim of the family `clustering`: verdict}.
    """
    c = outcome.configuration
    model = cast(Gram, c.model)
    points = sorted(set(outcome.limits))
    document: Document = {
        "format": FORMAT,
        "version": VERSION,
        "problem": {
            "gram": [[rational_text(v) for v in row] for row in model.A],
            "step": step_json(model.step),
            "multiplicities": list(c.multiplicities),
        },
        "factor": {
            "weights": [rational_text(v) for v in model.factor.weights],
            "rows": [[rational_text(v) for v in row] for row in model.factor.rows],
        },
        "claims": {claim: claims.get(claim) for claim in CLAIMS},
        "itinerary": itinerary_json(outcome.phases),
        "leaders": [{"token": i, "layer": k} for i, k in sorted(outcome.leaders.items())],
        "proof": {key: value for key, value in proof_json(outcome, points).items() if key != "kind"},
        "cluster_points": [[[i, rational_text(v)] for i, v in enumerate(s) if v] for s in points],
    }
    return {**document, "seal": seal(document)}
