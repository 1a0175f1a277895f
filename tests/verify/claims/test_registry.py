"""The registry: claims are data, complete and selectable."""

import pytest
from hypothesis import given

from hardmax.kernels import Configuration, HarmonicStep, InputError, ListedStep
from hardmax.kernels.exact.layered import Layered
from hardmax.reports.formats import wording
from hardmax.strategies import configurations
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.registry import (
    FAMILIES,
    HYPOTHESES,
    Claim,
    Finding,
    Source,
    all_claims,
    assumed,
    select_claims,
)

CLAIMS = all_claims()
OUTSIDE = (
    Configuration([[0], [0]], [[-1]], HarmonicStep(2, 2)),
    Configuration([[1], [2]], [[0]], follow="smallest"),
    Configuration([(2, 0), (1, 1), (0, 1)], [[1, 1], [0, 1]]),
    Configuration([[1], [-1]], Layered([[[1]], [[2]]], P=[[1]])),
)
"""Inputs of which each hypothesis excludes one."""


def test_ids_are_unique_and_begin_with_their_family():
    assert len({claim.id for claim in CLAIMS}) == len(CLAIMS) > 10
    assert {claim.family for claim in CLAIMS} == set(FAMILIES)
    assert [claim.family for claim in CLAIMS] == sorted((c.family for c in CLAIMS), key=FAMILIES.index)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_every_claim_is_complete(claim):
    assert claim.statement
    assert claim.statement == claim.statement.strip().rstrip(".")
    assert "\n" not in claim.statement
    assert set(claim.assumes) <= set(wording.HYPOTHESES)
    assert claim.expected in ("theorem", "false_as_printed", "open", "needs_hypothesis")
    assert all((claim.source.paper, claim.source.version, claim.source.label))
    assert callable(claim.examine)


def test_globs_select_in_the_order_of_the_registry():
    assert select_claims() == CLAIMS
    assert {c.family for c in select_claims("lemmas.*")} == {"lemmas"}
    chosen = select_claims("metamorphic.*, clustering.boundary,clustering.*")
    assert [c.family for c in chosen] == ["clustering"] * 4 + ["metamorphic"] * 4


@pytest.mark.parametrize("pattern", ["nothing", "clustering.*,nothing", "", "Clustering.*"])
def test_a_glob_that_matches_nothing_is_refused(pattern):
    with pytest.raises(InputError, match=r"no claim matches .* `hardmax claims` lists them"):
        select_claims(pattern)


def test_hypotheses_that_a_case_does_not_meet():
    claim = Claim(
        "a.b", "s", assumed("nonzero", "spd"), Source("p", "v", "l"), "theorem", lambda _: Finding("verified", "m")
    )
    assert claim.unmet(Case(Configuration([[1], [1]]))) == ()
    assert claim.unmet(Case(Configuration([[0]], [[-1]]))) == ("nonzero", "spd")


@given(configurations(nonzero=None, distinct=None, spd=None, steps=["one", "huge", "harmonic", "geometric", "listed"]))
def test_hypotheses_are_those_of_the_configuration_and_of_its_step(c):
    found = {name: holds(c) for name, holds in HYPOTHESES.items()}
    assert c.hypotheses().items() <= found.items()
    assert found["rate_below_one"] == all(c.step.rate(k) < 1 for k in range(20))
    constant = len({c.step.rate(k) for k in range(20)}) == 1
    assert found["constant_step"] == (constant and not isinstance(c.step, ListedStep))


def test_every_hypothesis_has_words():
    assert set(wording.HYPOTHESES) == {*HYPOTHESES, *(name for claim in CLAIMS for name in claim.assumes)}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_no_claim_is_empty_its_example_meets_its_hypotheses(claim):
    """What the example is examined for is decided there: a theorem holds, and nothing is vacuous or undecided."""
    assert claim.example is not None
    case = Case(claim.example)
    assert claim.unmet(case) == ()
    finding = claim.judge(case)
    assert finding.verdict in (("verified",) if claim.expected == "theorem" else ("verified", "refuted")), finding
    if claim.expected == "theorem":
        assert not finding.trivial


@pytest.mark.parametrize(
    ("claim", "name"), [pytest.param(c, h.name, id=f"{c.id}-{h.name}") for c in CLAIMS for h in c.hypotheses]
)
def test_every_hypothesis_excludes_something(claim, name):
    (hypothesis,) = (h for h in claim.hypotheses if h.name == name)
    assert not all(hypothesis.holds(c) for c in OUTSIDE), "a hypothesis that excludes no input says nothing"
