"""Tokens known by their Gram matrix: the prover against that of the tokens, and proofs that are wrong on purpose."""

from dataclasses import replace
from fractions import Fraction as Q
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given

from hardmax.kernels.exact.configuration import Configuration
from hardmax.kernels.exact.dynamics import itinerary
from hardmax.kernels.exact.step import HarmonicStep
from hardmax.strategies import configurations
from hardmax.verify.certificates.checker import check
from hardmax.verify.certificates.writer import to_text
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.certified import certificate_of
from hardmax.verify.claims.conclusion import prove
from hardmax.verify.claims.gram import CLAIMS
from hardmax.verify.commands.parts.prove_text import describe
from hardmax.verify.provers import gram
from hardmax.verify.provers.freeze.budget import Budget, Work
from hardmax.verify.provers.freeze.outcome import Undecided

from ..mutants import Mutant, mutate


def gram_of(c: Configuration) -> Configuration:
    return Configuration.from_gram(
        [[c.inner(x, y) for y in c.tokens] for x in c.tokens], c.step, multiplicities=c.multiplicities
    )


@example(Configuration([[13, 10], [-13, 10], [0, 1], [1, 11], [-1, 11]], alpha=2))  # token 2 leads from layer 6 on
@given(configurations(n=(1, 7), d=(1, 3), distinct=None, max_multiplicity=2))
def test_what_is_proved_is_what_is_proved_of_the_tokens(c):
    if c.follow != "largest":
        return
    theirs, ours = prove(c), prove(gram_of(c))
    assert (ours.leaders, ours.freeze_layer) == (theirs.leaders, theirs.freeze_layer)
    if theirs.limits is not None and ours.limits is not None:
        for s, point in zip(ours.limits, theirs.limits, strict=True):
            assert tuple(sum((x * z[k] for x, z in zip(s, c.tokens, strict=True)), Q(0)) for k in range(c.d)) == point
    if all(c.hypotheses().values()):
        assert ours.verdict == theirs.verdict
    document = certificate_of(ours.case)
    if document is not None:
        check(to_text(document))


def many(n: int) -> Configuration:
    """Samples of a closed curve in space, on which n tokens come to rest after some layers."""
    s = 2 * np.pi * np.arange(n) / n
    X = np.stack([3 * np.cos(s), 2 * np.sin(s), np.cos(2 * s), np.sin(3 * s)], axis=1)
    whole = np.concatenate([np.rint(X * 2**16), np.random.default_rng(0).integers(-9, 9, (n, 2 * n))], axis=1)
    return Configuration.from_gram(whole @ whole.T, 1)


def test_more_tokens_than_freeze_takes_are_decided_by_their_leaders():
    c = many(gram.FEW + 20)
    result = prove(c)
    assert result.verdict == "verified"
    assert 0 < len(result.leaders) < c.n
    assert result.freeze_layer > 0
    assert set(result.outcome.rules) == {"leader", "R1"}
    text = to_text(certificate_of(result.case))
    assert set(check(text).values()) == {"verified"}


def test_ties_of_many_tokens_are_undecided():
    n = gram.FEW + 1
    G = [[Q(i == j) * (4 if i < 2 else 1) for j in range(n)] for i in range(n)]
    for j in (0, 1):
        G[2][j] = G[j][2] = Q(1)
    G[2][2] = Q(9, 10)  # token 2 scores the same for the leaders 0 and 1, for ever
    result = prove(Configuration.from_gram(G))
    assert result.verdict == "undecided"
    assert "no other rule is tried" in result.outcome.reason


def test_the_claims_can_fail():
    c = gram_of(Configuration([[1], [-1], ["1/2"]]))
    for claim, change in (
        ("clustering.vertices", {"leaders": {0: 0, 1: 0, 2: 0}}),
        ("clustering.vertices", {"leaders": {}}),
        ("clustering.boundary", {"leaders": {}}),
        ("clustering.convergence", {"limits": ((Q(1), Q(0), Q(0)),) * 3}),
    ):
        case = prove(c).case
        wrong = type(case)(c)
        wrong.outcome = replace(case.outcome, **change)
        (examined,) = (one for one in CLAIMS if one.id == claim)
        assert wrong.finding(examined).verdict == "refuted", claim


def ring(n: int, alpha: str | None = "1", step=None) -> Configuration:
    """Rational points of the circle, and within it tokens that score the same for two of them, exactly or nearly."""
    points = [(Q(1 - t * t, 1 + t * t), Q(2 * t, 1 + t * t)) for t in (Q(k, n) for k in range(-n, n))]
    inside = []
    for k, (z, y) in enumerate(pairwise(points)):
        off = (k % 3 - 1) * Q(1, 10**20)
        inside.append(tuple((a + b) / 4 + off * (b - a) for a, b in zip(z, y, strict=True)))
    tokens = [*points, *inside]
    G = [[sum(a * b for a, b in zip(x, y, strict=True)) for y in tokens] for x in tokens]
    return Configuration.from_gram(G, alpha, step=step)


@pytest.mark.parametrize("c", [many(gram.FEW + 20), ring(26, "1/2"), ring(26, None, HarmonicStep(2, 2))])
def test_floats_and_exact_layers_have_the_same_sets(c, monkeypatch):
    monkeypatch.setattr(gram, "LAYERS", 8)
    found = Case(c).outcome
    layers = [phase.sets for phase in found.phases for _ in range(phase.layers)]
    assert layers
    assert layers == itinerary(c, len(layers))


def test_a_budget_that_is_spent_is_said():
    case = Case(many(gram.FEW + 20), Budget(operations=4_000_000))
    assert "exceeds the budget" in case.outcome.reason


def test_a_leader_on_whose_place_others_jump_is_a_vertex():
    """λ_0 = 1: followers are at their leader's place from layer 1 on."""
    G = [[9, 3, 0], [3, 1, 0], [0, 0, 1]]
    result = prove(Configuration.from_gram(G, step=HarmonicStep(2, 2)))
    assert result.findings["clustering.vertices"].verdict == "verified"
    assert "outside the theorem's hypotheses (the step changes" in describe("h.json", result)
    assert set(check(to_text(certificate_of(result.case))).values()) == {"verified"}


WRONG = [
    Mutant("scores move by the left alone", "for _ in range(2):", "for _ in range(1):"),
    Mutant("leaders do not stay", "(keep + pull) * x for", "keep * x for"),
    Mutant("R1 without a leader", "len(C) == 1 and C[0] in leaders", "len(C) == 1"),
    Mutant("the step is λ of the next layer", "rate = c.step.rate(k)", "rate = c.step.rate(k) / 2"),
    Mutant("the last rival wins", "best = [j] if sign > 0 else", "best = [j] if sign < 0 else"),
    Mutant("ties are what floats say", "if abs(sign) <= 2 * (len(x) + len(apart) + 8) * EPS:", "if False:"),
]  # fmt: skip


@pytest.mark.parametrize("mutant", WRONG, ids=lambda m: m.what)
def test_a_wrong_prover_is_noticed(mutant, monkeypatch):
    wrong = mutate("hardmax.verify.provers.gram", mutant)
    monkeypatch.setattr(gram, "LAYERS", 8)
    wrong.LAYERS = 8
    for c in (many(gram.FEW + 20), ring(26, "1/2")):
        truth = gram.decide(c, Work(Budget()))
        try:
            found = wrong.decide(c, Work(Budget()))
            assert found.phases == truth.phases
            assert isinstance(truth, Undecided) or (found.leaders, found.limits) == (truth.leaders, truth.limits)
        except Exception:  # a wrong prover may break in any way
            return
    raise AssertionError(f"nobody notices that {mutant.what}")
