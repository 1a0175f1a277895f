"""What an implementation of softmax layers may get wrong, and what it may do otherwise: claims see only the former."""

import pytest

from hardmax.verify.certificates.self_check import answer_to
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.families import glpr, softmax
from hardmax.verify.claims.search import find_counterexample

from ..softmax_killers import CONSTANT, GROWING, MISTAKES, QUICK, MaxNotSubtracted, with_layers

CLAIMS = {claim.id: claim for claim in (*softmax.CLAIMS, *glpr.CLAIMS)}


@pytest.mark.parametrize(("mistake", "layers"), [(what, one) for what, models in MISTAKES.items() for one in models])
def test_every_mistake_is_caught(mistake, layers):
    given = GROWING if "one layer" in mistake else CONSTANT
    wrong = Case(with_layers(given, layers), QUICK)
    assert wrong.finding(CLAIMS["softmax.layers"]).verdict == "refuted"


def test_the_pair_with_one_limit_is_found_and_certified():
    claim = CLAIMS["glpr.pair_identity"]
    (source,) = claim.inputs
    found = find_counterexample(claim, source)
    assert found.tokens == ((1, 1), (1, -1))
    assert found.A == ((1, 0), (0, 0))
    assert claim.judge(Case(found)).certified
    proved = answer_to(softmax.certificate_of(Case(found)))[1]
    assert (proved["softmax.consensus"], proved["glpr.rows"]) == ("verified", "refuted")


@pytest.mark.parametrize(("c", "claim"), [(CONSTANT, "softmax.consensus"), (GROWING, "glpr.rows")])
def test_a_maximum_that_is_not_subtracted_is_no_mistake(c, claim):
    other = Case(with_layers(c, MaxNotSubtracted), QUICK)
    assert {other.finding(CLAIMS[name]).verdict for name in ("softmax.layers", claim)} == {"verified"}
