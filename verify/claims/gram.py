"""The clustering theorem for tokens of which only the inner products are known, in the span of these tokens.

Outcomes are in coefficients (`kernels.exact.gram`); the map e_i → z_i takes them to the tokens. It keeps convergence
and scores, so leaders too; a limit is on the boundary of K, and the projection of the origin on a face, if it is a
combination of leaders and not the origin (CERTIFICATE.md, section 14).

Neighbours: the theorem's own family is the same with coordinates, `certificates.gram` writes what is proved.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import lcm
from typing import Any, cast

from ...kernels.exact.gram import Gram
from ..certificates.evidence import CertifiedVerdict
from ..certificates.gram import gram_certificate
from ..certificates.writer import Document
from ..provers.freeze.outcome import Frozen, Undecided
from .case import Case
from .registry import Finding, theorem

NO_LEADER = "no token is ever a leader, so K is empty"


def check_vertices(case: Case) -> Finding:
    """Every leader scores higher for itself than any other token does: it is exposed by its own normal."""
    outcome = case.outcome
    if not isinstance(outcome, Frozen):
        return _undecided(case)
    if not outcome.leaders:
        return Finding("refuted", NO_LEADER)
    G, rows = case.form, [_sparse(list(map(int, row))) for row in outcome.state.numerators.to_list()]
    for i in outcome.leaders:
        normal = _image(G, rows[i])
        heights = [sum(normal[q] * y for q, y in row) for row in rows]
        top = max(heights)
        if heights[i] < top or len({tuple(row) for row, h in zip(rows, heights, strict=True) if h == top}) > 1:
            return Finding("refuted", f"leader {i} is no vertex of its own", outcome.layer)
    alone = len(set(outcome.limits)) == 1
    return Finding("verified", "each leader is exposed by its own normal and never moves again", trivial=alone)


def check_places(case: Case) -> Finding:
    """Every limit is a combination of leaders, and not the origin."""
    outcome = case.outcome
    if not isinstance(outcome, Frozen):
        return _undecided(case)
    if not outcome.leaders:
        return Finding("refuted", NO_LEADER)
    if any(not set(weights) <= outcome.leaders.keys() for weights in outcome.weights):
        return Finding("undecided", "a limit is no combination of leaders; merge equal tokens")
    for s in set(outcome.limits):
        pairs = _sparse(s)
        D = lcm(*(x.denominator for _, x in pairs))
        whole = [(p, int(x * D)) for p, x in pairs]
        if sum(x * y * case.form[p][q] for p, x in whole for q, y in whole) <= 0:
            return Finding("undecided", "a token tends to the origin")
    trivial = {outcome.limits[i] for i in outcome.leaders} >= set(outcome.limits)
    return Finding("verified", "every limit is on the boundary of K, and nearest the origin on a face", trivial=trivial)


def _sparse(row: Sequence[Any]) -> list[tuple[int, Any]]:
    return [(p, x) for p, x in enumerate(row) if x]


def _image(G: Sequence[Sequence[int]], row: Sequence[tuple[int, Any]]) -> list[Any]:
    """G times a vector."""
    image: list[Any] = [0] * len(G)
    for p, x in row:
        image = [a + x * g for a, g in zip(image, G[p], strict=True)]
    return image


def _undecided(case: Case) -> Finding:
    outcome: Any = case.outcome
    return Finding("undecided", outcome.reason if isinstance(outcome, Undecided) else "the layers repeat")


CLAIMS = tuple(
    replace(claim, examine=check, models=("gram",), inputs=(), shown=None, example=None)
    for claim, check in zip(
        theorem(),
        (theorem()[0].examine, check_places, check_vertices, check_places),
        strict=True,
    )
)
"""The four claims of the theorem, examined without coordinates."""


def certificate_of(case: Case) -> Document | None:
    """The certificate of what is decided, None if nothing is or the tokens are not those of the matrix."""
    outcome, c = case.outcome, case.configuration
    if not isinstance(outcome, Frozen) or c.tokens != cast(Gram, c.model).tokens():
        return None
    claims: dict[str, CertifiedVerdict] = {}
    for claim in CLAIMS:
        verdict = case.finding(claim).verdict
        if verdict == "verified" or verdict == "refuted":
            claims[claim.id] = verdict
    return gram_certificate(outcome, claims)
