"""Dropped hypotheses: for each a small counterexample is found, that breaks this one alone."""

from dataclasses import replace

import pytest

from hardmax.kernels.exact.configuration import with_changes
from hardmax.kernels.exact.configuration_file import configuration_from_json
from hardmax.reports import read_records
from hardmax.reports.records.codec import encode
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.families import necessity
from hardmax.verify.claims.families.necessity import check_conclusion
from hardmax.verify.claims.registry import Finding, all_claims
from hardmax.verify.claims.search import find_counterexample
from hardmax.verify.provers.freeze.prover import Budget

from ....examples import EXAMPLES
from ...gallery import DROPPED

CLAIMS = {claim.id.partition(".")[2]: claim for claim in necessity.CLAIMS}
BROKEN = {
    "nonzero": lambda c: not c.is_nonzero,
    "distinct": lambda c: not c.is_distinct,
    "positive_definite": lambda c: with_changes(c, follow="smallest").has_inner_product,
    "definite": lambda c: c.is_symmetric and not c.is_spd,
    "strictly_definite": lambda c: c.is_symmetric and not c.is_spd and any(map(any, c.A)),
    "symmetric": lambda c: not c.is_symmetric,
}


@pytest.fixture(scope="module")
def found():
    """What `hardmax verify` finds for each claim: the gallery's test runs it and compares."""
    records = read_records(DROPPED)
    return {
        c.claim.partition(".")[2]: configuration_from_json(encode(c.configuration)) for c in records.counterexamples
    }


@pytest.mark.parametrize("name", CLAIMS)
def test_a_small_counterexample_is_found(name, found):
    claim, found = CLAIMS[name], found[name]
    case = Case(found)
    assert check_conclusion(case).verdict == "refuted"
    assert claim.unmet(case) == ()
    assert BROKEN[name](found)
    assert found.n <= 4
    assert found.d <= 2
    values = [v for row in (*found.tokens, *found.A) for v in row]
    assert all(v.denominator == 1 and abs(v) <= 2 for v in values)
    assert found.alpha == 1


def test_the_search_is_the_same_for_the_same_seed():
    claim = CLAIMS["distinct"]
    assert find_counterexample(claim, *claim.inputs, seed=3) == find_counterexample(claim, *claim.inputs, seed=3)


def test_a_search_of_nothing_finds_nothing():
    claim = replace(CLAIMS["definite"], examine=lambda case: Finding("verified", "always"))
    assert find_counterexample(claim, *claim.inputs, examples=3) is None


def test_all_claims_of_the_family_are_expected_to_fail():
    family = [claim for claim in all_claims() if claim.family == "necessity"]
    assert tuple(family) == necessity.CLAIMS
    assert {claim.expected for claim in family} == {"needs_hypothesis"}
    assert len(BROKEN) == len(family)


@pytest.mark.parametrize(
    ("name", "verdict", "first"),
    [
        ("tie of corners", "verified", "the whole conclusion holds"),
        ("zero on the line", "refuted", "clustering.boundary: token 2"),
        ("cycle", "refuted", "clustering.convergence: token 4"),
        ("all repeated", "refuted", "clustering.boundary: no token is ever a leader"),
        ("drifting", "undecided", "clustering.convergence: 9 layers"),
    ],
)
def test_the_conclusion_as_a_whole(name, verdict, first):
    finding = check_conclusion(Case(EXAMPLES[name].configuration, Budget(steps=9)))
    assert finding.verdict == verdict
    assert finding.message.startswith(first)
