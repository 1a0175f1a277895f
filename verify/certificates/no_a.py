"""The certificate that no A makes given tokens lead: multipliers for the inequalities that cannot all hold.

The format is CERTIFICATE.md, section 12. Nothing is decided here: what is wrong becomes a text that `checker` refuses.

Neighbours: `provers.control` finds the multipliers, `writer` makes the text, `self_check` has it checked.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from ...kernels.exact.configuration import Configuration
from ...kernels.exact.rational_text import rational_text
from .writer import VERSION, Document, seal

FORMAT = "hardmax no A"
Exclusion = tuple[Mapping[tuple[int, int], int], Iterable[tuple[tuple[int, int, int], Fraction]]]
"""{(configuration, token): the leader that it follows}, and ((configuration, i, p), y) for each multiplier."""


def no_a_certificate(
    question: str,
    configurations: Sequence[Configuration],
    leaders: Sequence[Sequence[int]],
    excluded: Iterable[Exclusion],
    refuted: Mapping[str, bool],
) -> Document:
    """The certificate, as a JSON object.

    Args:
        question: "lead", "alone" or "exactly".
        configurations: their tokens and multiplicities are stated.
        leaders: for each configuration the tokens that are asked to lead, ascending.
        excluded: which part of σ is excluded, and by which multipliers.
        refuted: {claim: whether it is claimed to be refuted}, both claims of the format.
    """
    document: Document = {
        "format": FORMAT,
        "version": VERSION,
        "configurations": [
            {"tokens": [[rational_text(v) for v in row] for row in c.tokens], "multiplicities": list(c.multiplicities)}
            for c in configurations
        ],
        "question": question,
        "leaders": [list(L) for L in leaders],
        "claims": {claim: "refuted" if is_refuted else None for claim, is_refuted in refuted.items()},
        "excluded": [
            {
                "follows": [[c, i, j] for (c, i), j in sorted(follows.items())],
                "multipliers": [[c, i, p, rational_text(y)] for (c, i, p), y in sorted(multipliers)],
            }
            for follows, multipliers in excluded
        ],
    }
    return {**document, "seal": seal(document)}
