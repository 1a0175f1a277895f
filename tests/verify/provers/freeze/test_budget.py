"""Budgets count operations: hopeless proofs end, late ones come out, and nothing of it depends on a clock."""

from fractions import Fraction as Q

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as with_seed

from hardmax.kernels import Configuration
from hardmax.kernels.exact.dynamics import Dynamics
from hardmax.strategies import configurations
from hardmax.verify import Budget, Undecided, decide, prove
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.families.clustering import CLAIMS
from hardmax.verify.provers.freeze import large_layers
from hardmax.verify.provers.freeze.budget import DEFAULT, OutOfBudgetError, Work, common_factor, product

from ....examples import EXAMPLES, late_leader

THIRTEEN = [
    *[(-1, 0, 1, -1), (-1, 1, 1, 0), (-1, 1, 1, 1), (0, -1, 0, -1), (0, 0, -1, -1), (0, 1, 0, -1), (0, 1, 1, 1)],
    *[(1, -1, -1, -1), (1, -1, 0, 0), (1, 0, -1, -1), (1, 0, 0, 1), (1, 0, 1, 1), (1, 1, 0, -1)],
]
FORM = [(6, 3, 3, -5), (3, 5, -1, -1), (3, -1, 8, -6), (-5, -1, -6, 8)]
WEIGHTS = [2, 2, 7, 1, 1, 1, 1, 7, 1, 1, 2, 1, 7]
HOPELESS = Configuration(
    [(-3, 0, -1), (0, 3, 1), (-1, 0, -1), (1, 1, 0), (2, 2, 0)], [(-2, -4, -2), (-4, -7, -6), (-2, -6, 0)], 10**7
)
"""Its layers neither freeze nor repeat, as far as one has looked, and each has 24 bits more than the one before."""


@pytest.mark.parametrize(("exponent", "freeze_layer"), [(4, 4_123), (5, 41_225), (6, 412_246)])
def test_thirteen_tokens_freeze_late_and_within_the_default_budget(exponent, freeze_layer):
    proved = prove(Configuration(THIRTEEN, FORM, Q(1, 10**exponent), multiplicities=WEIGHTS))
    assert proved.verdict == "verified"
    assert proved.outcome.freeze_layer == freeze_layer
    assert proved.case.work.spent < DEFAULT // 4


@pytest.mark.parametrize("limit", [10**6, 10**7, 10**8])
def test_a_hopeless_proof_ends_before_its_budget_and_says_how_to_give_more(limit):
    case = Case(HOPELESS, Budget(operations=limit))
    outcome = case.outcome
    assert isinstance(outcome, Undecided)
    assert limit // 2 < case.work.spent <= limit
    assert outcome.reason.startswith(f"the next piece of work exceeds the budget of {limit:,} operations, of which ")
    assert "(more: --seconds S, in Python Budget.unlimited(seconds=S)), at layer " in outcome.reason
    assert decide(HOPELESS, Budget(operations=limit)) == outcome


def test_a_larger_budget_goes_further():
    layers = [decide(HOPELESS, Budget(operations=limit)).phases[-1] for limit in (10**6, 10**7, 10**8)]
    assert layers[0].first + layers[0].layers < layers[1].first + layers[1].layers < layers[2].first + layers[2].layers


def test_the_default_is_ten_thousand_million_operations_and_unlimited_is_none():
    assert Budget().operations == DEFAULT == 10**10
    assert Budget().seconds is None
    assert Budget.unlimited().operations is Budget.unlimited().seconds is None
    assert (Budget.unlimited(7).operations, Budget.unlimited(7).seconds) == (None, 7)
    assert Work(Budget.unlimited()).allows(10**100)


@with_seed(0)
@settings(
    max_examples=22, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
@given(configurations(spd=None, distinct=None, nonzero=None))
def test_no_configuration_costs_more_than_its_budget(configuration):
    limit = 3 * 10**7
    case = Case(configuration, Budget(operations=limit))
    findings = [case.finding(claim) for claim in CLAIMS]
    assert case.work.spent <= limit
    if isinstance(case.outcome, Undecided):
        assert {finding.verdict for finding in findings} == {"undecided"}


@pytest.mark.parametrize("name", ["late leader", "Jordan block", "dip", "cycle", "tie of moving tokens"])
def test_every_loop_counts_before_it_works(name):
    # Whatever the limit, no work is done beyond it, and what is decided is decided the same.
    configuration = EXAMPLES[name].configuration
    full = Case(configuration, Budget.unlimited())
    decided = full.outcome
    for share in (0, 1, 10, 50, 99):
        case = Case(configuration, Budget(operations=full.work.spent * share // 100))
        assert isinstance(case.outcome, Undecided)
        assert case.work.spent <= full.work.spent * share // 100
    assert Case(configuration, Budget(operations=full.work.spent)).outcome == decided


def test_a_jump_that_the_budget_does_not_allow_is_not_begun(monkeypatch):
    from hardmax.verify.provers.freeze.sign_table import ConstantSets

    monkeypatch.setattr(ConstantSets, "layer_at", lambda *_: pytest.fail("begun"))
    outcome = decide(late_leader(10**9), Budget(operations=10**8))
    assert isinstance(outcome, Undecided)
    assert outcome.phases[-1].layers > 1_000


def test_products_cost_more_the_longer_their_factors():
    assert product(1, 1) < product(64 * 100, 1) < product(64 * 100, 64 * 100) == product(64 * 100, 64 * 100)
    assert product(10, 10**6) == product(10**6, 10)
    assert product(10**6, 10**6) < common_factor(10**6)
    with pytest.raises(OutOfBudgetError):
        Work(Budget(operations=5)).do(6)


@given(configurations(n=(1, 7), d=(1, 3), spd=None, nonzero=None, distinct=None))
def test_leading_bits_and_exact_scores_give_the_follow_sets(configuration):
    dynamics = Dynamics(configuration)
    layer = dynamics.first
    for leading in (1, 3, 8):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(large_layers, "LARGE", 0)
            patch.setattr(large_layers, "LEADING", leading)
            rows = list(range(configuration.n))
            found = large_layers.follow_sets(dynamics, layer, rows, 64, Work(Budget.unlimited()))
        assert found == dynamics.follow_sets(layer)


def test_leading_bits_alone_settle_what_is_far_apart():
    dynamics = Dynamics(Configuration([(10**9, 1), (-(10**9), 3), (5, 10**8)]))
    assert large_layers._possible(dynamics, dynamics.first, [0, 1, 2]) == [[0], [1], [2]]


def test_what_leading_bits_put_far_below_may_still_be_the_maximiser(monkeypatch):
    # By three leading bits token 1 scores −7 and token 2 scores 0, to within 10 and 3; exactly it is 0.43 and 0.25.
    monkeypatch.setattr(large_layers, "LARGE", 0)
    monkeypatch.setattr(large_layers, "LEADING", 3)
    dynamics = Dynamics(Configuration([(-10, 512), (7 * 1024, 1024), (512, 512)]))
    work = Work(Budget.unlimited())
    assert large_layers.follow_sets(dynamics, dynamics.first, [0], 13, work) == ((1,),)
