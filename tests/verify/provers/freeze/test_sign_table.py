"""Sign tables against Fractions: what a table says of all layers holds for the layers that one can compute."""

from fractions import Fraction as Q
from itertools import combinations_with_replacement, islice, pairwise
from math import gcd, prod

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hardmax.kernels import Configuration, HarmonicStep
from hardmax.kernels.errors import FollowGraphError
from hardmax.kernels.exact.dynamics import Dynamics
from hardmax.strategies import configurations
from hardmax.verify.provers.freeze import balls
from hardmax.verify.provers.freeze import prover as freeze
from hardmax.verify.provers.freeze import sign_table as shift_table
from hardmax.verify.provers.freeze.budget import OutOfBudgetError, Work
from hardmax.verify.provers.freeze.prover import Budget, decide
from hardmax.verify.provers.freeze.sign_table import Column, ConstantSets

from ....examples import DIP, EXAMPLES, late_leader
from ...geometry.battery import shown
from ...mutants import Mutant, mutate


class Run:
    """Layers k, k + 1, … under the sets of layer k, on Fractions, and the table's columns as sequences of real gaps."""

    def __init__(self, configuration, k, constant_sets=ConstantSets):
        self.configuration, self.k = configuration, k
        self.dynamics = Dynamics(configuration)
        layer, self.sets = next(islice(self.dynamics.layers(), k, None))
        rows = layer.tokens()
        self.representative = [rows.index(z) for z in rows]
        self.at_rest = {i for i, C in enumerate(self.sets) if C == (i,)}
        moving = [i for i in range(configuration.n) if i not in self.at_rest]
        self.table = constant_sets(self.dynamics, layer, self.sets, self.at_rest, moving, self.representative)
        self.tokens = [rows]

    def at(self, offset):
        c, λ = self.configuration, self.configuration.step.rate(0)
        while len(self.tokens) <= offset:
            Z, moved = self.tokens[-1], []
            for z, C in zip(Z, self.sets, strict=True):
                total = sum(c.multiplicities[j] for j in C)
                mean = [sum(c.multiplicities[j] * Z[j][x] for j in C) / total for x in range(c.d)]
                moved.append(tuple((1 - λ) * a + λ * m for a, m in zip(z, mean, strict=True)))
            self.tokens.append(tuple(moved))
        return self.tokens[offset]

    def gap(self, column, offset):
        Z, sign = self.at(offset), -1 if self.configuration.follow == "smallest" else 1
        inner = self.configuration.inner
        return sign * (inner(Z[column.i], Z[column.j]) - inner(Z[column.i], Z[column.l]))

    def shifted(self, column, offset):
        """F_0, …, F_r at the offset: F_{s+1} = (E − ρ_s) F_s with the real root ρ = σ / scale²."""
        values = [self.gap(column, offset + m) for m in range(len(column.shifts) + 1)]
        result = []
        for sigma in column.shifts:
            result.append(values[0])
            ρ = Q(int(sigma), int(self.table.scale) ** 2)
            values = [after - ρ * before for before, after in pairwise(values)]
        return [*result, values[0]]

    @property
    def columns(self):
        return self.table._columns


def signs(values):
    return tuple((v > 0) - (v < 0) for v in values)


@st.composite
def runs(draw, source=configurations(n=(2, 6), d=(1, 3), nonzero=None, distinct=None, spd=None, max_multiplicity=2)):  # noqa: B008 drawn from, never changed
    configuration = draw(source)
    try:
        run = Run(configuration, draw(st.integers(0, 2)))
    except FollowGraphError:
        assume(False)
    assume(run.columns)
    return run


named_runs = st.builds(
    lambda name, k: Run(EXAMPLES[name].configuration, k),
    st.sampled_from(
        [
            "tie of moving tokens",
            "Jordan block",
            "late leader",
            "dip",
            "weighted tie of moving tokens",
            "repeated followers",
        ]
    ),
    st.integers(0, 3),
)
any_run = st.one_of(named_runs, runs())


def column_faults(run, offset=0):
    """Where a table at an offset departs from Fractions: the layer, the signs, or an order that is too low."""
    found = []
    if run.table.layer_at(offset).tokens() != run.at(offset):
        found.append(f"layer_at({offset}) is another layer")
    for column, row in zip(run.columns, run.table.table(offset), strict=True):
        exact = run.shifted(column, offset)
        if exact[-1] != 0:
            found.append(f"{column} is not annihilated")
        if column.tie:
            exact = [run.gap(column, offset + m) for m in range(len(row))]
        if row != signs(exact[: len(row)]):
            found.append(f"{column} has signs {signs(exact)}, the table says {row}")
        if list(column.shifts) != sorted(column.shifts) or min(column.shifts) <= 0:
            found.append(f"{column} has shifts out of order")
    return found


def first_break(run, end):
    """The first offset up to `end` at which a set differs, end + 1 if there is none."""
    for m in range(end + 1):
        for c in run.columns:
            gap = run.gap(c, m)
            if gap != 0 if c.tie else gap <= 0:
                return m
    return end + 1


@given(any_run, st.integers(0, 5))
def test_tables_hold_the_signs_and_shifts_annihilate(run, offset):
    assert column_faults(run, offset) == []


@given(any_run)
def test_every_set_has_its_columns(run):
    # Each moving place i, against every place but one of those it follows; ties exactly with those it follows.
    places = set(run.representative)
    moving = {run.representative[i] for i in range(run.configuration.n) if i not in run.at_rest}
    seen = {}
    for c in run.columns:
        seen.setdefault((c.i, c.j), {})[c.l] = c.tie
    assert {i for i, _ in seen} == moving
    for (i, j), against in seen.items():
        followed = {run.representative[t] for t in run.sets[i]}
        assert j in followed
        assert set(against) == places - {j}
        assert {l for l, tie in against.items() if tie} == followed - {j}  # noqa: E741


@given(any_run)
def test_what_holds_for_ever_holds_for_thirty_layers(run):
    assume(run.table.holds_for_ever())
    assert first_break(run, 30) == 31


@given(any_run, st.integers(1, 40))
def test_constant_until_ends_before_the_first_change(run, end):
    points = run.table.constant_until(end)
    assert points[0] == 0
    assert all(a < b for a, b in pairwise(points))
    assert points[-1] == min(first_break(run, end) - 1, end)


@given(any_run, st.integers(1, 15), st.integers(1, 15))
def test_constant_until_may_begin_where_it_ended(run, first, more):
    points = run.table.constant_until(first)
    assume(points[-1] == first)
    onwards = run.table.constant_until(first + more, first)
    assert onwards[0] == first
    assert onwards[-1] == min(first_break(run, first + more) - 1, first + more)


class TieThatComesBack(ConstantSets):
    """One tie, at offsets 0 and 2 and broken between; the strict columns would let it pass."""

    def __init__(self):
        self._columns = (Column(0, 1, 2, True, (1, 2, 4)), Column(0, 1, 3, False, (1,)))

    def table(self, offset):
        return (((0, 1, 0) if offset == 0 else (1, 0, 1) if offset == 1 else (0, 1, 1)), (1,))


def test_a_tie_that_breaks_and_comes_back_is_not_jumped_over():
    assert TieThatComesBack().constant_until(2) == [0]


def test_the_dip_is_found_between_two_good_ends():
    run = Run(DIP, 0).table
    assert run._holds_at(575)
    assert not run._holds_at(600)
    assert run._holds_at(1_023)  # good again, had the sets stayed
    assert not run._holds_between(575, 1_023)
    assert run.constant_until(1_023)[-1] == 575


def test_a_jordan_block_raises_the_order():
    run = Run(EXAMPLES["Jordan block"].configuration, 1)
    # The follower of two followers has the root 1 − λ twice, those have it once, and leaders have the root 1.
    # On integers, with λ = 1/2 and L = 2, these are 2 and 4.
    annihilators = run.table._annihilators()
    assert (annihilators[4], annihilators[2], annihilators[0]) == ({2: 2, 4: 1}, {2: 1, 4: 1}, {4: 1})


def test_sign_tables_need_a_constant_step():
    with pytest.raises(FollowGraphError, match="constant step"):
        Run(Configuration([[1], [-1], [Q(1, 2)]], step=HarmonicStep(1, 3)), 0)


def test_sign_tables_need_a_graph_without_cycles():
    with pytest.raises(FollowGraphError, match="cycle"):
        Run(Configuration([[1], [-1]], [[-1]]), 0)


# -- balls ------------------------------------------------------------------------------------------------------------


@given(any_run, st.integers(0, 90), st.sampled_from([16, 64, 192]))
def test_balls_give_the_exact_sign_or_none(run, offset, precision):
    table = run.table
    rows = balls.BallRun(table._rows, table.scale, table._layer.numerators, run.dynamics.form, precision).signs(
        offset, run.columns, table._window
    )
    known = 0
    for c, row, exact in zip(run.columns, rows, table._exact_table(offset), strict=True):
        assert len(row) == len(c.shifts)
        for sign, value in zip(row, exact, strict=False):
            assert sign in (None, value)
            known += sign is not None
    if precision == 192 and offset == 0:
        assert known == sum(
            v != 0 for row, c in zip(table.table(0), run.columns, strict=True) for v in row[: len(c.shifts)]
        )


@given(st.sampled_from(["late leader", "dip", "Jordan block", "change shown by F_4"]), st.integers(64, 300))
def test_tables_far_away_are_the_exact_ones(name, offset):
    run = Run(EXAMPLES[name].configuration, 1)
    exact = run.table._exact_table(offset)
    for c, row, other in zip(run.columns, run.table.table(offset), exact, strict=True):
        assert row[: len(c.shifts)] == other[: len(c.shifts)]


def test_balls_that_leave_signs_open_are_followed_by_exact_integers(monkeypatch):
    monkeypatch.setattr(balls, "PRECISIONS", (2, 3))
    monkeypatch.setattr(shift_table, "BALLS_FROM", 1)
    run = Run(late_leader(40), 1)
    assert column_faults(run, 3) == []


def test_a_budget_ends_a_table():
    c = EXAMPLES["late leader"].configuration
    dynamics = Dynamics(c)
    sets, work = dynamics.follow_sets(dynamics.first), Work(Budget(operations=1_000))
    with pytest.raises(OutOfBudgetError, match="the budget of 1,000 operations"):
        ConstantSets(dynamics, dynamics.first, sets, (), range(c.n), range(c.n), work)
    assert work.spent <= 1_000


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6).map(sorted), st.integers(0, 12))
def test_divided_differences_are_sums_of_products_of_nodes(nodes, m):
    # f[μ_0, …, μ_s] of x^m is the sum of all products of m − s nodes among μ_0, …, μ_s, repetition allowed.
    wanted = [
        sum(prod(chosen) for chosen in combinations_with_replacement(nodes[: s + 1], m - s)) if s <= m else 0
        for s in range(len(nodes))
    ]
    assert shift_table._divided_differences(nodes, m) == wanted


@given(any_run, st.integers(0, 40))
def test_a_jump_is_the_power_of_the_layer_matrix(run, offset):
    table = run.table
    N = table._layer.numerators
    for _ in range(offset):
        N = table._M * N
    assert table._numerators(offset) == N
    layer = table.layer_at(offset)
    common = gcd(int(layer.denominator), *(int(v) for row in layer.numerators.to_list() for v in row))
    assert common == 1
    D = int(table._layer.denominator) * table.scale**offset
    assert layer.tokens() == tuple(tuple(Q(int(v), D) for v in row) for row in N.to_list())


# -- wrong tables are noticed -----------------------------------------------------------------------------------------


def without(s):
    return Mutant(f"F_{s} is not looked at", "min(signs) >= 0", f"min(signs[:{s}] + signs[{s} + 1 :]) >= 0")


TABLE_MUTANTS = [
    without(1),
    without(2),
    without(4),
    Mutant("only F_0 is looked at", "signs[0] > 0 and min(signs) >= 0", "signs[0] > 0"),
    Mutant("F_0 may vanish", "signs[0] > 0 and min(signs) >= 0", "min(signs) >= 0"),
    Mutant("ties at one layer alone", "not any(signs) if c.tie", "signs[0] == 0 if c.tie"),
    Mutant("ties are not looked at", "not any(signs) if c.tie", "True if c.tie"),
    Mutant("jumps without the sign match", "c.tie or all(s * t >= 0 for s, t in zip(x, y, strict=True))", "True"),
    Mutant("jumps past a broken tie", "if c.tie and any(signs):", "if False:"),
    Mutant("jumps without looking at the end", "if self._holds_at(b) and (", "if (b == b) and ("),
    Mutant(
        "the second half is not looked at",
        "return constant(a, middle) and constant(middle, b)",
        "return constant(a, middle) and not points.append(b)",
    ),
    Mutant("no Jordan blocks", "p + (mu == own)", "p"),
    Mutant("products without multiplicities", "p + q - 1", "1"),
    Mutant("multiplicities are ignored", "a * (L // totals[i]) * w[j]", "a * (L // totals[i])"),
    Mutant("descending shifts", "for sigma in sorted(orders)", "for sigma in sorted(orders, reverse=True)"),
    Mutant(
        "the wrong eigenvalue", "rows[i][representative[i]] += (b - a) * L", "rows[i][representative[i]] += (b + a) * L"
    ),
    Mutant("resting tokens fade", "rows[i][i] = self.scale", "rows[i][i] = (b - a) * L"),
    Mutant(
        "the gap is turned round",
        "S[position[c.i]][c.j] - S[position[c.i]][c.l]",
        "S[position[c.i]][c.l] - S[position[c.i]][c.j]",
    ),
    Mutant(
        "the scores of the followed",
        "S[position[c.i]][c.j] - S[position[c.i]][c.l]",
        "S[position[c.i]][c.j] - S[position[c.i]][c.i]",
    ),
    Mutant("columns for ties alone", "for l in sorted(set(r) - {j}):", "for l in sorted(targets - {j}):"),
    Mutant("a window too short", "max((len(c.shifts) for c in self._columns), default=0)", "1"),
    Mutant(
        "differences off by one",
        "comb(m, s) * powers[nodes[i]]",
        "comb(m, s + 1) * powers[nodes[i]]",
    ),
    Mutant(
        "the unit is not raised",
        "self._layer.denominator * ZZ(self.scale) ** offset",
        "self._layer.denominator * self.scale",
    ),
    Mutant(
        "open balls count as zero",
        "if None in signs[:known]:\n                return None",
        "signs = [s or 0 for s in signs]",
    ),
    Mutant("signs beyond the last known are zero", "while known and at_start[known - 1] == 0:", "while known:"),
]


def table_shown(wrong, monkeypatch):
    """A fault that a module of tables shows on runs of its own, None if there is none."""
    for name, k in (
        ("Jordan block", 1),
        ("late leader", 1),
        ("tie of unequal leaders", 0),
        ("weighted tie of moving tokens", 0),
    ):
        run = Run(EXAMPLES[name].configuration, k, wrong.ConstantSets)
        found = [fault for offset in (0, 2, 70) for fault in column_faults(run, offset)]
        if found:
            return found[0]
        if run.table.holds_for_ever() and first_break(run, 30) <= 30:
            return f"{name}: not for ever"
        if run.table.constant_until(20)[-1] != min(first_break(run, 20) - 1, 20):
            return f"{name}: changes elsewhere"
    bent = wrong.ConstantSets.__new__(wrong.ConstantSets)
    bent.__dict__.update(TieThatComesBack().__dict__)
    bent.table = TieThatComesBack().table
    if bent.constant_until(2) != [0]:
        return "a tie comes back"
    # Sets that leave out a tied token: its gap vanishes for ever, which is not positive.
    square = EXAMPLES["tie of corners"].configuration
    dynamics = Dynamics(square)
    sets = (*dynamics.follow_sets(dynamics.first)[:4], (0,), (2, 3))
    run = wrong.ConstantSets(dynamics, dynamics.first, sets, range(4), [4, 5], range(6))
    if run.holds_for_ever():
        return "a tied token may be left out"
    monkeypatch.setattr(wrong, "BALLS_FROM", 1)
    monkeypatch.setattr(balls, "PRECISIONS", (2, 3))
    found = column_faults(Run(late_leader(40), 1, wrong.ConstantSets), 3)
    return found[0] if found else None


@pytest.mark.parametrize("mutant", TABLE_MUTANTS, ids=lambda m: m.what)
def test_a_wrong_table_is_noticed(mutant, monkeypatch):
    wrong = mutate("hardmax.verify.provers.freeze.sign_table", mutant)
    try:
        found = table_shown(wrong, monkeypatch)
    except Exception as error:  # a wrong table may break in any way
        found = repr(error)
    if found is None:
        monkeypatch.undo()
        monkeypatch.setattr(freeze, "ConstantSets", wrong.ConstantSets)
        found = shown(lambda c: decide(c, Budget(steps=120, layers=3_000, bits=200_000)))
    assert found is not None


def test_right_tables_show_no_fault(monkeypatch):
    assert table_shown(shift_table, monkeypatch) is None
