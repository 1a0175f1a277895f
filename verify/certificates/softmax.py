"""The certificate about softmax layers: the problem, and the numbers with which the checker encloses them again.

The format is CERTIFICATE.md, section 13. Nothing is decided here: what is wrong becomes a text that `checker` refuses.

Neighbours: `provers.softmax` finds the numbers, `writer` makes the text, `self_check` has it checked.
"""

from fractions import Fraction

from ...kernels.exact.configuration import Vector
from ...kernels.exact.rational_text import rational_text
from ...kernels.exact.step import ConstantStep
from ...kernels.softmax.model import Softmax
from ..provers.freeze.outcome import Enclosed
from ..provers.softmax.evidence import HALVINGS, Consensus, Growing, Metastable, Shadow, SoftmaxEvidence
from .evidence import CertifiedVerdict
from .writer import VERSION, Document, seal

FORMAT = "hardmax softmax"
CONSENSUS, METASTABLE, SHADOW = (f"softmax.{name}" for name in ("consensus", "metastable", "shadow"))
LIMITS, ROWS, VERTICES = (f"glpr.{name}" for name in ("limits", "rows", "vertices"))
CLAIMS = (CONSENSUS, METASTABLE, SHADOW, LIMITS, ROWS, VERTICES)


def softmax_certificate(outcome: Enclosed) -> Document:
    """The certificate of all that the evidence of an outcome shows, as a JSON object.

    Args:
        outcome: of a configuration of softmax.
    """
    c, evidence = outcome.configuration, outcome.evidence
    model = c.model
    assert isinstance(model, Softmax)
    assert isinstance(model.step, ConstantStep)
    assert isinstance(evidence, SoftmaxEvidence)
    document: Document = {
        "format": FORMAT,
        "version": VERSION,
        "problem": {
            "tokens": [_vector(row) for row in c.tokens],
            "A": [_vector(row) for row in model.A],
            "alpha": rational_text(model.step.alpha),
            "multiplicities": list(c.multiplicities),
            "beta": rational_text(model.beta),
            "growth": rational_text(model.growth),
        },
        "claims": dict.fromkeys(CLAIMS) | _claims(evidence),
        "bits": evidence.bits,
        "consensus": None if evidence.consensus is None else _consensus(evidence.consensus),
        "metastable": None if evidence.metastable is None else _metastable(evidence.metastable),
        "shadow": None if evidence.shadow is None else _shadow(evidence.shadow),
        "growing": None if evidence.growing is None else _growing(evidence.growing, outcome),
    }
    return {**document, "seal": seal(document)}


def _claims(evidence: SoftmaxEvidence) -> dict[str, CertifiedVerdict]:
    """{claim of the format: verdict} that the evidence shows."""
    shown: dict[str, CertifiedVerdict] = {}
    if evidence.consensus is not None:
        shown |= {CONSENSUS: "verified", LIMITS: "verified"}
        if evidence.consensus.rows:
            shown[ROWS] = "refuted"
    if evidence.metastable is not None:
        shown[METASTABLE] = "verified"
    if evidence.shadow is not None:
        shown[SHADOW] = "verified"
    if evidence.growing is not None:
        shown |= dict.fromkeys((LIMITS, ROWS, VERTICES), "verified")
    return shown


def _consensus(found: Consensus) -> Document:
    return {
        "layer": found.layer,
        "limit": _vector(found.limit),
        "radius": rational_text(found.radius),
        "halvings": HALVINGS,
        "enough": None if found.enough is None else rational_text(Fraction(found.enough)),
        "needed": found.needed,
    }


def _metastable(found: Metastable) -> Document:
    return {
        "layer": found.layer,
        "clusters": list(found.clusters),
        "delta": rational_text(found.delta),
        "layers": rational_text(Fraction(found.layers)),
    }


def _shadow(found: Shadow) -> Document:
    return {"epsilon": rational_text(found.epsilon), "stays": found.stays, "left": found.left}


def _growing(found: Growing, outcome: Enclosed) -> Document:
    return {
        "layer": found.layer,
        "follows": list(found.follows),
        "eta": rational_text(found.eta),
        "limits": [_vector(outcome.limits[i]) for i in sorted({*found.follows})],
        "radius": rational_text(outcome.radius),
    }


def _vector(values: Vector) -> list[str]:
    return [rational_text(x) for x in values]
