"""The certificate of a robustness radius: whom each token follows up to its capture, and how far inputs may move.

The format is CERTIFICATE.md, section 16. Nothing is decided here: what is wrong becomes a text that `checker` refuses.

Neighbours: `provers.regions.radius` finds the radii, `writer` makes the text, `self_check` has it checked.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from ...kernels.exact.configuration import Configuration
from ...kernels.exact.rational_text import rational_text
from .writer import VERSION, Document, problem_of, seal

FORMAT = "hardmax radius"


def radius_certificate(
    configuration: Configuration, follows: Sequence[Sequence[int]], radius: Mapping[str, Fraction]
) -> Document:
    """The certificate, as a JSON object.

    Args:
        configuration: the input, with a constant step.
        follows: for each layer up to that at which all are captured the token that each token follows; [] if there is
            a tie, and nothing is claimed about the itinerary.
        radius: "tokens", "relative", "A" and "leaders".
    """
    problem = problem_of(configuration)
    document: Document = {
        "format": FORMAT,
        "version": VERSION,
        "problem": {
            "tokens": problem["tokens"],
            "A": problem["A"],
            "alpha": problem["step"]["alpha"],
            "multiplicities": problem["multiplicities"],
        },
        "claims": {
            "radius.itinerary": "verified" if follows else None,
            "radius.leaders": "verified" if radius["leaders"] else None,
        },
        "follows": [list(row) for row in follows],
        "radius": {key: rational_text(value) for key, value in radius.items()},
    }
    return {**document, "seal": seal(document)}
