"""Dropped hypotheses: without any one of them the theorem's conclusion fails, and a counterexample is found here.

Each claim says that the conclusion survives without one hypothesis, all others kept. It is expected to be refuted: by
Hypothesis, which searches configurations that break just this hypothesis and shrinks what it finds to few tokens, low
dimension and small integers. A dropped hypothesis does not always break the conclusion: each check is about its case.

Source: arXiv:2407.01602, the hypotheses of the main theorem; THEORY.md §5.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ....kernels.exact.configuration import Configuration, with_changes
from ....strategies import configurations
from ..case import Case
from ..inputs import Searched
from ..registry import Claim, Finding, Source, assumed
from ..search import STAGES, Search
from . import clustering

SOURCE = Source("arXiv:2407.01602", "SIAM J. Math. Data Sci. 7(3), 2025", "hypotheses of the main theorem")


def check_conclusion(case: Case) -> Finding:
    """The whole conclusion of the theorem on this case: the first part that fails, or that is not decided."""
    undecided = None
    for claim in clustering.CLAIMS:
        finding = case.finding(claim)
        if finding.verdict == "refuted":
            return Finding("refuted", f"{claim.id}: {finding.message}", finding.layer)
        if finding.verdict == "undecided":
            undecided = undecided or Finding("undecided", f"{claim.id}: {finding.message}", finding.layer)
    return undecided or Finding(
        "verified", "the whole conclusion holds for this input although a hypothesis is dropped"
    )


@dataclass(frozen=True, slots=True)
class Dropped:
    """A hypothesis to drop: its name, the claim that it is not needed, what is kept, where to search, an example."""

    name: str
    statement: str
    kept: tuple[str, ...]
    search: Search
    example: Configuration
    least_n: int = 2  # one token leads at rest, whatever is dropped
    least_d: int = 1


def _with_skew_part(**where: Any) -> SearchStrategy[Configuration]:
    """A = S + t (e_1 e_2ᵀ − e_2 e_1ᵀ) with S symmetric positive definite: xᵀAx = xᵀSx > 0, but A is not symmetric."""

    def twist(c: Configuration, t: int) -> Configuration:
        rows = [list(row) for row in c.A]
        rows[0][1] += t
        rows[1][0] -= t
        return with_changes(c, A=rows)

    return st.builds(twist, configurations(**where), st.sampled_from([1, -1, 2, -2, 3, -3]))


_PLANE = ((1, 0), (0, 1), (0, -1), (-1, 0))

DROPPED = (
    Dropped(
        "nonzero",
        "the conclusion holds with a token at the origin",
        ("distinct", "spd"),
        partial(configurations, nonzero=False),
        Configuration([(1, 0), (-1, 0), (0, 0)]),
        least_n=3,  # of two tokens the one at the origin follows the other
    ),
    Dropped(
        "distinct",
        "the conclusion holds with repeated tokens",
        ("nonzero", "spd"),
        partial(configurations, distinct=False),
        Configuration([[1], [1], [-1]]),
    ),
    Dropped(
        "positive_definite",
        "the conclusion holds with A symmetric negative definite",
        ("nonzero", "distinct"),
        partial(configurations, spd=False, matrices=["negative_definite"]),
        Configuration([[1], [-1]], [[-1]]),
    ),
    Dropped(
        "definite",
        "the conclusion holds with A symmetric indefinite",
        ("nonzero", "distinct"),
        partial(configurations, spd=False, matrices=["indefinite"]),
        Configuration(_PLANE, [[1, 0], [0, -1]]),
        least_d=2,
    ),
    Dropped(
        "strictly_definite",
        "the conclusion holds with A symmetric positive semidefinite, A ≠ 0",
        ("nonzero", "distinct"),
        partial(configurations, spd=False, matrices=["semidefinite"]),
        Configuration([(1, 0), (-1, 0)], [[1, 0], [0, 0]]),
        least_d=2,
    ),
    Dropped(
        "symmetric",
        "the conclusion holds with A positive definite but not symmetric",
        ("nonzero", "distinct"),
        _with_skew_part,
        Configuration(_PLANE, [[1, 1], [-1, 1]]),
        least_d=2,
    ),
)


TITLE = "Dropped hypotheses: a counterexample is expected for each"

CLAIMS = tuple(
    Claim(
        f"necessity.{d.name}",
        d.statement,
        assumed(*d.kept),
        SOURCE,
        "needs_hypothesis",
        check_conclusion,
        shown=clustering.conclusion_shown,
        inputs=(Searched(TITLE, d.search, STAGES, d.least_n, d.least_d),),
        example=d.example,
    )
    for d in DROPPED
)
