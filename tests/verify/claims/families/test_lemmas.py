"""The lemmas: verified within their hypotheses, refuted where a hypothesis is needed and dropped."""

from fractions import Fraction as Q

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardmax.kernels import Configuration, HarmonicStep
from hardmax.strategies import configurations
from hardmax.verify.claims.case import FIRST_LAYERS, Case
from hardmax.verify.claims.families import lemmas
from hardmax.verify.claims.families.lemmas import scored_layers
from hardmax.verify.provers.freeze.prover import Budget

from ....examples import EXAMPLES

QUICK = Budget(steps=60, layers=3_000, bits=200_000)
CLAIMS = {claim.id.partition(".")[2]: claim for claim in lemmas.CLAIMS}


def check(name, configuration):
    return Case(configuration, QUICK).finding(CLAIMS[name])


@given(configurations(n=(1, 7), d=(1, 3), nonzero=None, distinct=None, max_multiplicity=3))
def test_lemmas_hold_for_inner_products(configuration):
    case = Case(configuration, QUICK)
    findings = {name: case.finding(claim) for name, claim in CLAIMS.items()}
    assert {name: f for name, f in findings.items() if f.verdict != "verified"} == {}


@given(configurations(n=(1, 6), d=(1, 3), nonzero=None, distinct=None, spd=None, max_multiplicity=3))
def test_lemmas_without_a_form_hold_for_every_form(configuration):
    case = Case(configuration, QUICK)
    for name in ("hull_nested", "leader_persistence"):
        assert case.finding(CLAIMS[name]).verdict == "verified"


@given(configurations(n=(1, 6), d=(1, 3), nonzero=None, distinct=None, steps=["harmonic"]))
def test_lemmas_hold_for_steps_that_depend_on_the_layer(configuration):
    case = Case(configuration, QUICK)
    findings = {name: case.finding(claim) for name, claim in CLAIMS.items() if not claim.unmet(case)}
    assert {name: f for name, f in findings.items() if f.verdict != "verified"} == {}
    assert set(findings) >= {"follow_norm", "norm_growth", "hull_nested", "equilibrium"}


def test_what_each_lemma_assumes():
    assert {name: claim.assumes for name, claim in CLAIMS.items()} == {
        "follow_norm": ("spd",),
        "norm_growth": ("spd",),
        "hull_nested": (),
        "injective": ("spd", "rate_below_one"),
        "leader_persistence": ("rate_below_one",),
        "equilibrium": ("spd",),
    }


@pytest.mark.parametrize("name", ["injective", "leader_persistence"])
def test_a_full_step_refutes_what_needs_a_smaller_one_and_is_no_instance_of_it(name):
    landing = Configuration([[1], [2]], step=HarmonicStep(2, 2))  # λ_0 = 1: the first token lands on the second
    assert check(name, landing).verdict == "refuted"
    assert CLAIMS[name].unmet(Case(landing)) == ("rate_below_one",)
    assert CLAIMS[name].unmet(Case(Configuration([[1], [2]], step=HarmonicStep(2, 3)))) == ()


STILL = Configuration([[1], [-1]])  # two leaders, nothing moves
ALONE = Configuration([[1]])
CAPTURED = Configuration([[1], [2]])
TIED = Configuration([[1, 1], [1, 1]])
TRIVIAL = {
    "follow_norm": (STILL, ALONE, TIED),
    "norm_growth": (STILL, ALONE, TIED),
    "hull_nested": (STILL, ALONE, TIED),
    "injective": (STILL, ALONE, TIED),
    "leader_persistence": (STILL, ALONE, TIED),
    "equilibrium": (ALONE, TIED, CAPTURED),
}


@pytest.mark.parametrize("name", TRIVIAL)
def test_trivial_is_what_the_lemma_says_nothing_about(name):
    trivial = [check(name, c) for c in TRIVIAL[name]]
    assert all(f.verdict == "verified" and f.trivial for f in trivial)
    telling = STILL if name == "equilibrium" else CAPTURED
    finding = check(name, telling)
    assert finding.verdict == "verified"
    assert not finding.trivial


NEEDED = {
    "follow_norm": Configuration([[1], [-1]], [[-1]]),
    "norm_growth": Configuration([(2, 0), (0, 1)], [[-1, 0], [0, -1]]),
    "injective": Configuration([[1], [-1]], [[-1]]),
    # With λ_0 = 1 a follower lands on its leader.
    "leader_persistence": Configuration([[2], [1]], step=HarmonicStep(1, 1)),
}


@pytest.mark.parametrize("name", NEEDED)
def test_lemmas_fail_where_their_hypothesis_is_dropped(name):
    finding = check(name, NEEDED[name])
    assert finding.verdict == "refuted"
    assert finding.layer is not None


def test_messages_name_token_and_layer():
    assert check("follow_norm", NEEDED["follow_norm"]).message == (
        "token 0 follows token 1 of equal norm elsewhere at layer 0"
    )
    assert check("injective", NEEDED["injective"]).message == "tokens 0 and 1 meet from layer 0 to 1"
    assert check("leader_persistence", NEEDED["leader_persistence"]).message == (
        "leader 0 follows [0, 1] next from layer 0 to 1"
    )


@given(st.one_of(configurations(n=(1, 5), d=(1, 3), spd=None), configurations(n=(1, 5), spd=None, follow="smallest")))
def test_scores_are_the_inner_products_of_the_layers(configuration):
    c = configuration
    case = Case(c, QUICK)
    sign = -1 if c.follow == "smallest" else 1
    for scores, (layer, sets) in zip(scored_layers(case), case.layers, strict=True):
        tokens = layer.tokens()
        assert (scores.index, scores.sets) == (layer.index, sets)
        assert tuple(tuple(Q(x, scores.unit) for x in row) for row in scores.rows) == tokens
        exact = [[sign * c.inner(x, y) * scores.unit**2 for y in tokens] for x in tokens]
        ratios = {
            Q(g) / e
            for row, exacts in zip(scores.gram, exact, strict=True)
            for g, e in zip(row, exacts, strict=True)
            if e
        }
        assert len(ratios) <= 1
        assert all(r > 0 for r in ratios)


@pytest.mark.parametrize("name", ["figure 2a", "cycle", "drifting", "dip"])
def test_a_case_shows_its_layers_past_the_freeze(name):
    case = Case(EXAMPLES[name].configuration, QUICK)
    indices = [layer.index for layer, _ in case.layers]
    assert indices == list(range(len(indices)))
    freeze = EXAMPLES[name].freeze_layer
    assert len(indices) >= min(FIRST_LAYERS if freeze is None else freeze + 2, 4 * FIRST_LAYERS)
