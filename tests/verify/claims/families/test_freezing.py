"""Theorems about freezing, and the hunt for an itinerary that never does: inputs are what they claim to be."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings

from hardmax.kernels import Configuration
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.families import freezing
from hardmax.verify.claims.registry import all_claims
from hardmax.verify.provers.freeze.budget import Budget

(CLAIM,) = (claim for claim in all_claims() if claim.id == "freezing.every_itinerary")
RNG = np.random.default_rng
THEOREMS = [claim for claim in freezing.CLAIMS if claim.expected == "theorem"]
STRATEGIES = {"generic": freezing._generic(), "symmetric": freezing._symmetric()}


@pytest.mark.parametrize("seed", range(4))
def test_families_are_what_they_are_called(seed):
    def same(tokens, images):
        return sorted(map(tuple, tokens)) == sorted(map(tuple, images))

    flip = [1] * 8
    for tokens in freezing.mirror(RNG(seed), 20).tolist():
        signs = [*flip[: len(tokens[0]) - 1], -1]
        assert same(tokens, [[s * v for s, v in zip(signs, z, strict=True)] for z in tokens])
    for tokens in freezing.two_mirrors(RNG(seed), 20).tolist():
        d = len(tokens[0])
        for axis in (d - 2, d - 1):
            signs = [-1 if c == axis else 1 for c in range(d)]
            turned = [[s * v for s, v in zip(signs, z, strict=True)] for z in tokens]
            assert same(tokens, turned)
    for tokens in freezing.cyclic(RNG(seed), 20).tolist():
        assert same(tokens, [[z[2], z[0], z[1]] for z in tokens])


def test_configurations_outside_the_hypotheses_are_left_out():
    rng = RNG(0)
    tokens = rng.integers(-1, 2, (500, 4, 3))
    wanted = [[0, 0, 0] in rows or len({tuple(z) for z in rows}) < 4 for rows in tokens.tolist()]
    assert freezing.has_zero_or_equal(tokens).tolist() == wanted
    assert 0 < sum(wanted) < 500


def test_a_batch_is_the_same_each_time_and_what_is_left_can_refute(monkeypatch):
    pytest.importorskip("numba", reason="numba is not installed: pip install 'hardmax[compiled]'")
    monkeypatch.setattr(freezing, "MANY", 3000)
    batches = [freezing.draw(5, number) for number in range(6)]
    assert batches == [freezing.draw(5, number) for number in range(6)]
    assert {batch.family for batch in batches} == {"mirror", "two_mirrors", "cyclic"}
    assert all(0 < batch.verified <= 3000 for batch in batches)
    left = [c for batch in batches for c in batch.left]
    found = {}
    for c in left[:80]:
        case = Case(c)
        assert CLAIM.judge(case).verdict == "verified"
        for regime, value in freezing.regimes(case):
            found.setdefault(regime, set()).add(value)
    assert "R3" in found["rule"]
    assert "yes" in found["follows moving tokens of another limit"]


def test_what_repeats_without_becoming_constant_refutes_and_short_budgets_decide_nothing():
    turning = Configuration([(1, 0), (0, 1), (0, -1), (-1, 0)], [(1, 1), (-1, 1)], 1)
    finding = freezing.check(Case(turning))
    assert (finding.verdict, "repeat" in finding.message) == ("refuted", True)
    assert CLAIM.judge(Case(turning)).verdict == "vacuous"  # its A is not symmetric
    late = Configuration([(20, 0), (-20, 0), (0, 1), (1, 1)], None, Fraction(1, 100))
    assert freezing.check(Case(late, Budget(layers=0))).verdict == "undecided"


@pytest.mark.parametrize("name", STRATEGIES)
def test_generic_tokens_never_tie_and_symmetric_ones_do(name):
    ties = []

    @given(STRATEGIES[name])
    @settings(max_examples=25, deadline=None)
    def check(configuration):
        case = Case(configuration)
        ties.append(freezing.without_ties(case).trivial)
        assert {claim.judge(case).verdict for claim in THEOREMS} == {"verified"}

    check()
    assert any(ties) == (name == "symmetric")


def test_without_their_conditions_the_theorems_are_false():
    """A limit between two leaders, on a tie; and a token that for ever follows moving ones with another limit."""
    mirrored = Configuration([(1, -3), (1, -2), (1, 0), (1, 2), (1, 3)])
    outcome = Case(mirrored).outcome
    assert outcome.limits[2] not in {outcome.tokens[i] for i in outcome.leaders}
    assert freezing.without_ties(Case(mirrored)).trivial
    assert freezing.meets_the_open_case(outcome)
    assert any(outcome.tokens[j] != outcome.limits[j] for j in outcome.sets[2])
    assert freezing.at_rest_in_the_end(Case(mirrored)).verdict == "verified"
