"""The certificate about all A in the plane: the tree of cuts of the disc, with what changes in each part of it.

The format is CERTIFICATE.md, section 17. Nothing is decided here: what is wrong becomes a text that `checker` refuses.

Neighbours: `provers.regions.atlas` finds the tree, `writer` makes the text, `self_check` has it checked.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from ...kernels.exact.configuration import Configuration
from ...kernels.exact.rational_text import rational_text
from .writer import VERSION, Document, problem_of, seal

FORMAT = "hardmax all A"
Changes = Sequence[Sequence[tuple[int, Sequence[int]]]]


def all_matrices_certificate(
    configuration: Configuration,
    sets: Mapping[tuple[int, ...], tuple[Fraction, Fraction]],
    nodes: Sequence[tuple[Changes, Sequence[int] | None]],
) -> Document:
    """The certificate, as a JSON object.

    Args:
        configuration: its tokens, multiplicities and constant step are stated.
        sets: each set of leaders that occurs, with an (x, y) where it does.
        nodes: what changes at which layer, and the form of the cut, () for a cell, None for an undecided one.
    """
    problem = problem_of(configuration)
    document: Document = {
        "format": FORMAT,
        "version": VERSION,
        "problem": {
            "tokens": problem["tokens"],
            "alpha": problem["step"]["alpha"],
            "multiplicities": problem["multiplicities"],
        },
        "claims": {
            "matrices.cells": "verified",
            "matrices.all": "verified" if all(cut is not None for _, cut in nodes) else None,
        },
        "sets": [
            {"leaders": list(leaders), "at": [rational_text(v) for v in place]}
            for leaders, place in sorted(sets.items())
        ],
        "nodes": [
            {
                "changes": [[[i, list(C)] for i, C in layer] for layer in changes],
                "cut": None if cut is None else [rational_text(Fraction(c)) for c in cut],
            }
            for changes, cut in nodes
        ],
    }
    return {**document, "seal": seal(document)}
