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
MultiplierData = Iterable[tuple[tuple[int, int, int], Fraction]]
"""((configuration, i, p), y) for each multiplier."""
WhomeverData = tuple[tuple[int, int], Sequence[Sequence[Fraction]], Iterable[MultiplierData]]
"""(configuration, token), the symmetric matrix N, and the multipliers of each case."""
Exclusion = tuple[Mapping[tuple[int, int], int], MultiplierData, Iterable[WhomeverData]]
"""{(configuration, token): the leader that it follows}, the multipliers, and forms whomever a token follows."""


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
        excluded: which part of σ is excluded, and by what.
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
        "excluded": [_entry(*exclusion) for exclusion in excluded],
    }
    return {**document, "seal": seal(document)}


def _entry(
    follows: Mapping[tuple[int, int], int], multipliers: MultiplierData, forms: Iterable[WhomeverData]
) -> Document:
    """An exclusion as it is written; the key `whomever` only where it has something to say."""
    whomever = [
        {
            "token": list(place),
            "form": [[rational_text(v) for v in row[a:]] for a, row in enumerate(N)],
            "cases": [[[p, rational_text(y)] for (_, _, p), y in sorted(case)] for case in cases],
        }
        for place, N, cases in sorted(forms, key=lambda form: form[0])
    ]
    return {
        "follows": [[c, i, j] for (c, i), j in sorted(follows.items())],
        "multipliers": [[c, i, p, rational_text(y)] for (c, i, p), y in sorted(multipliers)],
        **({"whomever": whomever} if whomever else {}),
    }
