"""Freeze proofs against plain stepping, on the table of examples and on random inputs; changed rules are noticed."""

from fractions import Fraction as Q
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hardmax.kernels import Configuration
from hardmax.kernels.exact.configuration import with_changes
from hardmax.strategies import configurations
from hardmax.verify.certificates import checker
from hardmax.verify.certificates.writer import to_text
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.certified import certificate_of
from hardmax.verify.provers.freeze import budget as budgets
from hardmax.verify.provers.freeze import prover as freeze
from hardmax.verify.provers.freeze import sign_table as shift_table
from hardmax.verify.provers.freeze.outcome import Frozen, Undecided
from hardmax.verify.provers.freeze.prover import Budget, decide

from ....examples import DIP, EXAMPLES, LATE, SQUARE, late_leader
from ....kernels import wrong_dynamics
from ...geometry.battery import answer_faults, shown
from ...mutants import Mutant, mutate
from ..stepping import faults

QUICK = Budget(steps=60, layers=3_000, bits=200_000)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_come_out_as_known_and_as_stepping_shows(name):
    example = EXAMPLES[name]
    outcome = decide(example.configuration, QUICK)
    assert answer_faults(example, outcome) == []
    assert faults(outcome) == []


# -- random inputs ----------------------------------------------------------------------------------------------------

within = configurations(n=(1, 8), d=(1, 3))
slow_steps = configurations(n=(2, 6), d=(2, 3), steps=["tiny"])
beyond_hypotheses = st.one_of(
    configurations(n=(1, 6), d=(1, 3), nonzero=None, distinct=None, spd=None),
    configurations(n=(1, 6), d=(1, 3), nonzero=None, distinct=None, spd=None, max_multiplicity=3),
    configurations(n=(1, 6), d=(1, 3), nonzero=None, distinct=None, spd=None, steps=["harmonic"]),
    configurations(n=(1, 6), d=(1, 3), nonzero=None, distinct=None, spd=None, follow="smallest"),
    configurations(n=(1, 6), d=(1, 3), nonzero=None, distinct=None, spd=False),
)


def no_random_fault(configuration, budget=QUICK):
    outcome = decide(configuration, budget)
    assert faults(outcome, beyond=8) == []
    return outcome


@given(within)
def test_within_the_hypotheses_everything_is_decided(configuration):
    assert isinstance(no_random_fault(configuration, Budget()), Frozen)


@given(slow_steps)
def test_slow_steps(configuration):
    assert isinstance(no_random_fault(configuration, Budget(layers=100_000)), Frozen)


@given(beyond_hypotheses)
def test_beyond_the_hypotheses_nothing_crashes_or_loops(configuration):
    no_random_fault(configuration)


@pytest.mark.deep
@given(st.one_of(within, slow_steps, beyond_hypotheses))
@settings(max_examples=2_000, suppress_health_check=list(HealthCheck))
def test_many_random_inputs(configuration):
    no_random_fault(configuration)


@given(within)
def test_merging_equal_tokens_changes_no_limit(configuration):
    tokens = [*configuration.tokens, configuration.tokens[0]]
    doubled = with_changes(configuration, tokens=tokens, multiplicities=None, labels=None)
    outcome, merged = decide(doubled, QUICK), decide(doubled.merged(), QUICK)
    assert isinstance(outcome, Frozen)
    assert isinstance(merged, Frozen)
    assert outcome.limits == (*merged.limits, merged.limits[0])
    assert outcome.freeze_layer == merged.freeze_layer


# -- late changes, by jumping -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("a", [10, 31, 32, 33, 1_000, 20_000])
def test_a_late_leader_emerges_at_its_layer(a):
    outcome = decide(late_leader(a), Budget(steps=200))
    assert isinstance(outcome, Frozen)
    assert (outcome.freeze_layer, outcome.leaders[3]) == (a + 1, a + 1)
    assert sum(phase.layers for phase in outcome.phases) == a + 2


@pytest.mark.parametrize("a", range(28, 38))
def test_changes_about_the_first_jump(a):
    assert faults(decide(late_leader(a)), beyond=2) == []


@pytest.mark.deep
def test_a_very_late_leader_emerges_at_its_layer():
    outcome = decide(late_leader(100_000), Budget(steps=200))
    assert isinstance(outcome, Frozen)
    assert outcome.leaders[3] == 100_001


@given(st.integers(12, 30), st.integers(1, 10))
def test_late_leaders_of_two_sizes(rise, a):
    # strategies.late_leaders: leads first at layer ⌊(b − c)/α⌋ + 1, here with b − c = rise and α = 1/a.
    core = [(rise + 4, rise), (-rise - 4, rise), (0, 1), (1, rise + 1), (-1, rise + 1)]
    outcome = decide(Configuration(core, alpha=Q(1, a)), Budget(steps=200))
    assert isinstance(outcome, Frozen)
    assert outcome.leaders[2] == rise * a + 1
    assert faults(outcome, beyond=2) == []


@pytest.mark.parametrize("name", ["late leader", "late leader, large coordinates", "dip"])
def test_jumps_are_what_stepping_finds(name, monkeypatch):
    configuration = EXAMPLES[name].configuration
    jumping = decide(configuration)
    assert any(phase.jumps for phase in jumping.phases)
    monkeypatch.setattr(freeze, "FIRST_JUMP", 10**9)
    stepping = decide(configuration)
    assert not any(phase.jumps for phase in stepping.phases)
    strip = [[(p.first, p.layers, p.sets) for p in outcome.phases] for outcome in (jumping, stepping)]
    assert strip[0] == strip[1]
    assert (jumping.limits, jumping.leaders) == (stepping.limits, stepping.leaders)


@pytest.mark.parametrize("configuration", [late_leader(700), DIP], ids=["late leader", "dip"])
def test_balls_and_exact_integers_jump_alike(configuration, monkeypatch):
    asked = []
    monkeypatch.setattr(
        shift_table.ConstantSets,
        "_exact_table",
        lambda self, offset, exact=shift_table.ConstantSets._exact_table: asked.append(offset) or exact(self, offset),
    )
    with_balls, exact_at_first = decide(configuration), len(asked)
    monkeypatch.setattr(shift_table, "BALLS_FROM", 10**9)
    without = decide(configuration)
    assert with_balls.phases == without.phases
    assert with_balls == without
    assert exact_at_first < len(asked) - exact_at_first  # balls did settle something


def test_a_freeze_may_be_proved_at_the_end_of_a_jump():
    outcome = decide(EXAMPLES["proved at the end of a jump"].configuration)
    assert isinstance(outcome, Frozen)
    assert outcome.phases[-1].jumps
    assert (outcome.freeze_layer, outcome.layer) == (1, 64)


def test_after_a_jump_nothing_before_it_is_compared(monkeypatch):
    # The late leader in a space with one more direction, of length 0: no inner product, so repetitions are looked for.
    forgotten = []
    monkeypatch.setattr(freeze.Recurrence, "forget", lambda self: forgotten.append(self))
    flat = Configuration([(*z, i) for i, z in enumerate(LATE)], [[1, 0, 0], [0, 1, 0], [0, 0, 0]], Q(1, 100))
    outcome = decide(flat)
    assert outcome.leaders[3] == 101
    assert forgotten


@pytest.mark.parametrize("name", EXAMPLES)
def test_certificates_of_the_examples_are_accepted(name):
    # The checker derives rules, tables and every jump on its own.
    document = certificate_of(Case(EXAMPLES[name].configuration, QUICK))
    assert (document is None) == (EXAMPLES[name].verdicts == "uuuu")
    if document is not None:
        checker.check(to_text(document))


@given(st.one_of(within, slow_steps, beyond_hypotheses))
def test_certificates_of_random_inputs_are_accepted(configuration):
    document = certificate_of(Case(configuration, QUICK))
    if document is not None:
        checker.check(to_text(document))


# -- budgets ----------------------------------------------------------------------------------------------------------

SLOW = late_leader(10**6)


@pytest.mark.parametrize(
    ("configuration", "budget", "reason"),
    [
        (EXAMPLES["drifting"].configuration, Budget(steps=7), "7 layers were computed one by one, at layer 7"),
        (EXAMPLES["drifting"].configuration, Budget(layers=5), "the budget is 5 layers, at layer 5"),
        (EXAMPLES["drifting"].configuration, Budget(bits=100), "numbers have more than 100 bits, at layer"),
        (SLOW, Budget(layers=100), "the budget is 100 layers, at layer 100"),
        (SLOW, Budget(bits=5_000), "numbers have more than 5000 bits, at layer"),
        (DIP, Budget(bits=2_000), "numbers have more than 2000 bits, at layer"),
        (SLOW, Budget(steps=10), "10 layers were computed one by one, at layer 10"),
    ],
)
def test_every_budget_ends_undecided_with_its_reason(configuration, budget, reason):
    outcome = decide(configuration, budget)
    assert isinstance(outcome, Undecided)
    assert outcome.reason.startswith(reason)
    assert faults(outcome, beyond=0) == []


def test_a_jump_goes_no_further_than_the_bits_allow():
    outcome = decide(SLOW, Budget(bits=100_000))
    assert isinstance(outcome, Undecided)
    last = outcome.phases[-1]
    assert 4_000 < last.first + last.layers < 12_000  # 20 bits a layer


def test_time_ends_in_the_midst_of_a_table(monkeypatch):
    # The clock stands still until sign tables are made, and passes a second a look from then on.
    ticks = count()
    monkeypatch.setattr(budgets, "monotonic", lambda: 0 if not inside else next(ticks))
    inside = []
    make = shift_table.ConstantSets._make_table
    monkeypatch.setattr(
        shift_table.ConstantSets, "_make_table", lambda self, offset: inside.append(offset) or make(self, offset)
    )
    outcome = decide(late_leader(1_000), Budget(seconds=5))
    assert isinstance(outcome, Undecided)
    assert outcome.reason.startswith("5 seconds have passed, at layer 4")
    assert faults(outcome, beyond=0) == []


def test_a_budget_does_not_change_what_is_decided():
    for name in ("Jordan block", "dip", "cycle"):
        c = EXAMPLES[name].configuration
        assert decide(c, Budget(steps=200, bits=10**6, seconds=1_000)) == decide(c)


# -- wrong rules are noticed ------------------------------------------------------------------------------------------

CAPTURE_MUTANTS = [
    Mutant("R2 without its side condition", "return all(of_mean[j] == best for j in C)", "return True"),
    Mutant("R2 asks for equality alone", "of_mean[j] == best for j in C", "of_mean[j] == of_mean[C[0]] for j in C"),
    Mutant("R2 with an unweighted mean", "sum([w[j] * s for j, s in zip(C, column, strict=True)])", "sum(column)"),
    Mutant(
        "R2 for sets that still move", "if rules[i] is None and stationary.issuperset(sets[i]):", "if rules[i] is None:"
    ),
    Mutant("stationary without the mean", "and self._is_mean(layer, i, sets[i])", ""),
    Mutant(
        "stationary by an unweighted mean",
        "total = sum([w[j] for j in C])\n        return",
        "w = [1] * len(w); total = len(C)\n        return",
    ),
    Mutant(
        "twins do not count",
        "all(j in stationary or r[j] == r[i] for j in sets[i])",
        "all(j in stationary for j in sets[i])",
    ),
    Mutant("tokens never meet", "self.may_meet = not (", "self.may_meet = False and ("),
]
LIMITS_MUTANTS = [
    Mutant(
        "limits by unweighted means",
        "mixed.get(base, 0) + value * Fraction(w[j], total)",
        "mixed.get(base, 0) + value / len(others)",
    ),
    Mutant(
        "limits count the token itself",
        "others = [j for j in sets[i] if r[j] != i]",
        "others = [j for j in sets[i] if j != i] or []",
    ),
]
PROVER_MUTANTS = [
    Mutant("rules at a full step", "if self.configuration.step.rate(self.layer.index) < 1:", "if True:"),
    Mutant(
        "phases begin a layer late",
        "self.first, self.jumps = self.layer.index, []",
        "self.first, self.jumps = self.layer.index + 1, []",
    ),
    Mutant(
        "the last leading layer",
        "self.leaders.setdefault(i, self.layer.index)",
        "self.leaders[i] = self.layer.index + 1",
    ),
    Mutant(
        "first maximiser leads",
        "if C == (i,):\n                self.leaders",
        "if C[0] == i:\n                self.leaders",
    ),
    Mutant(
        "one layer past the jump",
        "self.layer = run.layer_at(points[-1] + (not frozen))",
        "self.layer = run.layer_at(points[-1] + 1 + (not frozen))",
    ),
    Mutant(
        "tables of the phase's first layer",
        "self.dynamics, self.layer, tuple",
        "self.dynamics, self.dynamics.first, tuple",
    ),
    Mutant(
        "jumps count from the layer",
        "self.jumps.extend(age + p for p in points[1:])",
        "self.jumps.extend(p for p in points[1:])",
    ),
    Mutant(
        "a failed look is a proof",
        "frozen = run.holds_for_ever(end)",
        "frozen = True",
    ),
    Mutant("R3 without a proof", "if run.holds_for_ever():", "if True:"),
    Mutant(
        "the repeated layer counts twice",
        "if self.layer.index > self.first:\n"
        "            self.phases.append(self._current_phase(self.layer.index - self.first))\n"
        "        return SelfSimilar(",
        "return SelfSimilar(",
    ),
    Mutant(
        "period off by one",
        "period=self.layer.index - repetition.start.index",
        "period=self.layer.index - repetition.start.index + 1",
    ),
]


def a_fault_is_shown(prover):
    return shown(lambda c: prover.decide(c, Budget(steps=60, layers=3_000, bits=200_000))) is not None


@pytest.mark.parametrize("mutant", PROVER_MUTANTS, ids=lambda m: m.what)
def test_a_wrong_prover_is_noticed(mutant):
    assert a_fault_is_shown(mutate("hardmax.verify.provers.freeze.prover", mutant))


@pytest.mark.parametrize("mutant", CAPTURE_MUTANTS, ids=lambda m: m.what)
def test_a_wrong_rule_is_noticed(mutant, monkeypatch):
    monkeypatch.setattr(freeze, "Capture", mutate("hardmax.verify.provers.freeze.capture", mutant).Capture)
    assert a_fault_is_shown(freeze)


@pytest.mark.parametrize("mutant", LIMITS_MUTANTS, ids=lambda m: m.what)
def test_wrong_limits_are_noticed(mutant, monkeypatch):
    monkeypatch.setattr(freeze, "limits_of", mutate("hardmax.verify.provers.freeze.limits", mutant).limits_of)
    assert a_fault_is_shown(freeze)


def test_the_right_prover_shows_no_fault():
    assert shown(lambda c: decide(c, QUICK)) is None


@pytest.mark.parametrize("wrong", wrong_dynamics.WRONG, ids=lambda w: w.__name__)
def test_a_wrong_kernel_under_the_prover_is_noticed(wrong):
    configurations = {
        "nonsymmetric": Configuration([(1, 0), (0, 1), (-1, -1), (2, 1)], [[1, 3], [-2, 1]], Q(1, 3)),
        "halfway": Configuration([*SQUARE, (Q(1, 5), Q(1, 3)), (Q(1, 2), Q(1, 2))]),
    }
    found = shown(lambda c: decide(wrong_dynamics.with_layers(c, wrong), QUICK))
    for c in configurations.values():
        found = found or faults(decide(wrong_dynamics.with_layers(c, wrong), QUICK))
    assert found
