"""Tokens known by their Gram matrix: the prover against that of the tokens, and proofs that are wrong on purpose."""

from dataclasses import replace
from fractions import Fraction as Q
from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import example, given

from hardmax.kernels.exact.configuration import Configuration
from hardmax.kernels.exact.dynamics import itinerary, over_one_denominator
from hardmax.kernels.exact.gram import Gram
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


LARGE = [
    [7401623400928, -5976380005350, 9236658658209, -9515685593953],
    [7401623400926, -5976380005351, 9236658658211, -9515685593953],
    [7401623400927, -5976380005351, 9236658658210, -9515685593952],
    [7401623400926, -5976380005349, 9236658658211, -9515685593951],
]
"""Coefficients of tokens that differ by less than floats do: 2 leads, and all others follow it."""


@pytest.mark.parametrize("sign", [1, -1])
def test_coefficients_that_are_no_convex_combinations_are_not_left_to_floats(sign, monkeypatch):
    monkeypatch.setattr(gram, "FEW", 0)
    G = [[117, -15, 108, 57], [-15, 113, -8, -57], [108, -8, 100, 50], [57, -57, 50, 50]]
    c = Configuration([[sign * x for x in row] for row in LARGE], Gram(G, 1))
    found = Case(c).outcome
    assert [found.phases[0].sets] == itinerary(c, 1)


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


SMALL = [
    ring(4, "1/26"),  # floats of 26/27 and 1/27 sum to less than 1
    ring(3, None, HarmonicStep(1, 2)),
    gram_of(Configuration([(1, 0), (0, 1), (Q(1, 3), Q(1, 3)), (-1, -1)], alpha="1/2", multiplicities=[1, 2, 3, 1])),
]
"""Ties of two tokens, exact and within 10⁻²⁰, and steps that are no floats."""


def layers_of(c, module, many=60):
    """(float scores, exact scores, sets, coefficients) of the first layers; floats and exact ones in the same unit."""
    G, (N, D) = over_one_denominator(c.A)[0], over_one_denominator(c.tokens)
    unit = max(abs(x) for row in G for x in row)
    scores = module.GramScores(G, [{p: x for p, x in enumerate(row) if x} for row in N], D)
    for layer, sets in islice(c.dynamics().layers(), many):
        rows = [[int(x) for x in row] for row in layer.numerators.to_list()]
        images = [
            [sum(x * g for x, g in zip(row, column, strict=True)) for column in zip(*G, strict=True)] for row in rows
        ]
        size = int(layer.denominator) ** 2 * unit
        exact = [[Q(sum(a * b for a, b in zip(y, z, strict=True)), size) for z in rows] for y in images]
        yield scores, exact, sets, [{p: x for p, x in enumerate(row) if x} for row in rows]
        scores.move(sets, c.multiplicities, c.step.rate(layer.index))


def beyond_its_error(module) -> bool:
    """Whether a float score is further from the exact one than it is said to be."""
    return any(
        abs(Q(float(x)) - y) > Q(scores.error)
        for c in SMALL
        for scores, exact, _, _ in layers_of(c, module)
        for row, other in zip(scores.floats, exact, strict=True)
        for x, y in zip(row, other, strict=True)
    )


def misled(module) -> bool:
    """Whether floats that are as wrong as they may be, the best too low and all others too high, give other sets."""
    for c in SMALL:
        for scores, exact, sets, N in layers_of(c, module, 12):
            kept = scores.floats
            signs = np.array([[-1 if j in C else 1 for j in range(c.n)] for C in sets])
            scores.floats = np.array([[float(x) for x in row] for row in exact]) + 0.999 * scores.error * signs
            found = scores.follow_sets(range(c.n), N, Work(Budget()))
            scores.floats = kept
            if [found[i] for i in range(c.n)] != [*sets]:
                return True
    return False


def test_float_scores_are_within_their_error_and_mislead_nobody():
    assert not beyond_its_error(gram)
    assert not misled(gram)


MARGIN = "- 2 * (self.error + EPS)"
UNSAFE = [
    (misled, Mutant("half the margin", MARGIN, "- (self.error + EPS)")),
    (misled, Mutant("no margin", MARGIN, "")),
    (misled, Mutant("the margin on the other side", MARGIN, MARGIN.replace("-", "+"))),
    (misled, Mutant("the floats' own error is no part of the margin", MARGIN, "- 2 * EPS")),
    (beyond_its_error, Mutant("no error at first", "4 * (max(map(len, N)) + 2) * EPS", "0.0")),
    (beyond_its_error, Mutant("errors do not add up", "self.error += (max(map(len, sets)) + 8) * EPS", "pass")),
]


@pytest.mark.parametrize(("notices", "mutant"), UNSAFE, ids=lambda m: getattr(m, "what", ""))
def test_an_unsafe_margin_is_noticed(notices, mutant):
    assert notices(mutate("hardmax.verify.provers.gram", mutant))


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
