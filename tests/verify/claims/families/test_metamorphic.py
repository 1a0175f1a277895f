"""Metamorphic relations: exact for every form, with maps that really are isometries."""

from fractions import Fraction as Q

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardmax.kernels import Configuration
from hardmax.strategies import configurations
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.families import metamorphic
from hardmax.verify.provers.freeze.prover import Budget

QUICK = Budget(steps=20, layers=500, bits=100_000)

any_form = configurations(
    n=(1, 6),
    d=(1, 3),
    nonzero=None,
    distinct=None,
    spd=None,
    max_multiplicity=3,
    steps=["one", "simple", "harmonic"],
    labels=st.sampled_from("abc"),
)


@given(st.one_of(any_form, configurations(n=(1, 5), d=(1, 3), spd=None, follow="smallest")))
def test_relations_hold_for_every_form(configuration):
    case = Case(configuration, QUICK)
    findings = {claim.id: case.finding(claim) for claim in metamorphic.CLAIMS if not claim.unmet(case)}
    assert {name: f for name, f in findings.items() if f.verdict != "verified"} == {}


@given(configurations(n=(2, 4), d=(1, 3), spd=None), st.data())
def test_the_isometry_keeps_all_scores(configuration, data):
    c = configuration
    image, what = metamorphic._isometry(c)
    x, y = (data.draw(st.sampled_from(c.tokens)) for _ in range(2))
    assert c.inner(image(x), image(y)) == c.inner(x, y)
    assert image(image(x)) == x
    vectors = [tuple(Q(int(i == j)) for j in range(c.d)) for i in range(c.d)]
    assert any(image(e) != e for e in vectors)  # not the identity
    assert what in ("reflection", "the point reflection")


@pytest.mark.parametrize(
    ("A", "what"),
    [
        ([[1, 0], [0, 1]], "reflection"),
        ([[1, 0], [0, -1]], "reflection"),
        ([[1, 0], [0, Q(-1, 4)]], "the point reflection"),  # (1, 2) has length 0
        ([[1, 1], [0, 1]], "the point reflection"),
        ([[0, 0], [0, 0]], "the point reflection"),
    ],
)
def test_where_there_is_no_reflection_the_origin_is_the_mirror(A, what):
    case = Case(Configuration([(1, 2), (3, -1)], A), QUICK)
    finding = metamorphic.check_isometry(case)
    assert finding.verdict == "verified"
    assert finding.message.startswith(what)


def test_the_relations_are_claimed_for_every_form():
    assert {claim.id: claim.assumes for claim in metamorphic.CLAIMS} == {
        "metamorphic.homogeneity": (),
        "metamorphic.permutation": (),
        "metamorphic.isometry": (),
        "metamorphic.unnormalised": ("rate_below_one",),
    }


def test_the_layer_without_normalisation_by_hand():
    """Tokens 1, 2 and α = 1: 1 + 2 = 3 and 2 + 2 = 4, twice 3/2 and 2; then 3 + 4 = 7 and 8, four times 7/4 and 2."""
    case = Case(Configuration([[1], [2]]), QUICK)
    assert [layer.tokens() for layer, _ in case.layers[:3]] == [((1,), (2,)), ((Q(3, 2),), (2,)), ((Q(7, 4),), (2,))]
    finding = metamorphic.check_unnormalised(case)
    assert (finding.verdict, finding.trivial) == ("verified", False)


def test_one_place_shows_nothing():
    twins = Case(Configuration([(1, 2), (1, 2)]), QUICK)
    assert all(twins.finding(claim).trivial for claim in metamorphic.CLAIMS)
