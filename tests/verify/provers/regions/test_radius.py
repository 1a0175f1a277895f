"""The radius: no move within it changes anything, some move just outside does, and mistakes are seen."""

import random
from fractions import Fraction
from statistics import median

import pytest

from hardmax.kernels.errors import BugError
from hardmax.kernels.exact.configuration import Configuration, with_changes
from hardmax.verify.certificates.self_check import unchecked
from hardmax.verify.claims.families.clustering import figures
from hardmax.verify.provers.freeze.prover import decide
from hardmax.verify.provers.regions import follow, radius_answer
from hardmax.verify.provers.regions import radius as module
from hardmax.verify.provers.regions.answers import ask_all_steps
from hardmax.verify.provers.regions.radius import Constraint, radius, root_above
from hardmax.verify.provers.regions.radius_answer import ask_radius
from hardmax.verify.provers.regions.roots import as_fraction

FIGURES = dict(figures())
EMERGING = FIGURES["figure2a_emerging_leader"]


def same(configuration, other):
    """Whether two configurations have one itinerary."""
    a, b = decide(configuration), decide(other)
    return [(p.first, p.sets) for p in a.phases] == [(p.first, p.sets) for p in b.phases]


def moved(configuration, move):
    tokens = [[x + y for x, y in zip(z, d, strict=True)] for z, d in zip(configuration.tokens, move, strict=True)]
    return with_changes(configuration, tokens=tokens)


def drawn(rng):
    d = rng.randint(1, 3)
    tokens = {tuple(Fraction(rng.randint(-30, 30), 7) for _ in range(d)) for _ in range(rng.randint(2, 7))}
    tokens = [z for z in sorted(tokens) if any(z)] or [(Fraction(1),) * d]
    B = [[rng.randint(-1, 1) for _ in range(d)] for _ in range(d)]
    A = [[sum(B[k][i] * B[k][j] for k in range(d)) + (i == j) for j in range(d)] for i in range(d)]
    return Configuration(tokens, A, Fraction(rng.randint(1, 6), 3))


def unit(rng, d, size):
    """A random vector of length just below `size`."""
    v = [Fraction(rng.randint(-9, 9)) for _ in range(d)]
    length = root_above(sum((x * x for x in v), Fraction(0)))
    return [x * size / length * Fraction(9999, 10000) if length else x for x in v]


def test_no_move_within_the_radius_changes_the_itinerary():
    rng, broken, tried = random.Random(1), 0, 0
    for _ in range(60):
        configuration = drawn(rng)
        found = radius(configuration)
        if not found.tokens:
            continue
        d = configuration.d
        for _ in range(3):
            tried += 1
            assert same(configuration, moved(configuration, [unit(rng, d, found.tokens) for _ in configuration.tokens]))
            sizes = [sum((x * x for x in z), Fraction(0)) for z in configuration.tokens]
            relative = [unit(rng, d, found.relative * s / root_above(s)) for s in sizes]
            assert same(configuration, moved(configuration, relative))
            flat = unit(rng, d * d, found.A)
            change = [[(flat[i * d + j] + flat[j * d + i]) / 2 for j in range(d)] for i in range(d)]
            A = [[x + y for x, y in zip(*rows, strict=True)] for rows in zip(configuration.A, change, strict=True)]
            assert with_changes(configuration, A=A).is_spd
            assert same(configuration, with_changes(configuration, A=A))
        if found.move is not None:
            broken += 1
            assert not same(configuration, moved(configuration, found.move))
            sizes = [sum((x * x for x in row), Fraction(0)) for row in found.move]
            assert max(sizes) <= found.above**2
    assert tried > 100
    assert broken > 30


def test_moves_that_change_the_itinerary_are_hardly_larger_than_the_radius():
    rng, ratios = random.Random(4), []
    for _ in range(9):
        tokens = {tuple(Fraction(rng.randint(-999, 999), 512) for _ in range(2)) for _ in range(40)}
        found = radius(Configuration(sorted(tokens)))
        ratios.append(found.above / found.tokens)
    assert median(ratios) <= Fraction(105, 100)


def test_figure_2a_binds_at_layer_1_and_2d_at_a_tie():
    late, tie = radius(EMERGING), radius(FIGURES["figure2d_lasting_ties"])
    assert late.binding == Constraint(1, 1, 1, 3)
    assert late.above < late.tokens * Fraction(105, 100)
    assert tie.tokens == tie.relative == tie.A == 0
    assert tie.binding == Constraint(0, 4, 0, 1)
    assert tie.leaders > Fraction(249, 1000)


def test_leaders_stay_at_ties_within_their_own_radius():
    configuration = FIGURES["figure2d_lasting_ties"]
    rng, eps = random.Random(2), radius(configuration).leaders
    for _ in range(4):
        other = moved(configuration, [unit(rng, 2, eps) for _ in configuration.tokens])
        assert set(decide(other).leaders) == set(decide(configuration).leaders)


def test_the_interval_of_alpha_is_that_of_all_steps():
    low, high = ask_radius(EMERGING).alpha
    assert 3 * low**2 - 5 * low + 1 < 0
    assert 3 * high**2 - 5 * high + 1 < 0
    assert high - low > Fraction(12, 10)


CUT = [  # rule R3 holds on two parts of one cell, by tables of different orders
    [(-3, -3), (-2, -3), (0, -3), (0, -1), (2, -3), (3, -3)],
    [(-4, 3), (-2, 3), (0, -2), (0, 1), (0, 3), (2, 3), (4, 3)],
    [(-3, 2), (-2, 2), (0, -3), (0, 1), (0, 2), (2, 2), (3, 2)],
]


@pytest.mark.parametrize("tokens", [[(2, -1), (3, -3), (0, -2), (-1, -1)], *CUT])
def test_the_interval_of_alpha_ends_where_another_itinerary_begins(monkeypatch, tokens):
    """As in the cells of all steps, though a rule may hold on a part only: here from the first layer on."""
    monkeypatch.setattr(follow, "PATIENCE", 0)
    monkeypatch.setattr(radius_answer, "PATIENCE", 0)
    least, configuration = Fraction(1, 4), Configuration(tokens)
    answer = ask_all_steps(configuration, least)
    assert (len(answer.pieces) > len(answer.cells)) == (tokens in CUT)
    assert len(answer.cells) == (2 if tokens in CUT else 4)
    for cell in answer.cells[1:]:
        low, high = radius_answer.alpha_interval(with_changes(configuration, alpha=as_fraction(cell.sample)))
        assert low.compare(cell.low) == (-1 if as_fraction(cell.low.low) == least else 0)
        assert (high is None) == (cell.high is None)
        assert high is None or high.compare(cell.high) == 0


@pytest.mark.parametrize("scale", [Fraction(2) ** 700, Fraction(2) ** -700, Fraction(10) ** 400])
def test_a_radius_is_scaled_with_the_tokens_beyond_the_range_of_floats(scale):
    tokens = [(1, 0), (0, 3), (Fraction(1, 10), 1)]
    one = radius(Configuration(tokens))
    other = radius(Configuration([[scale * x for x in z] for z in tokens]))
    assert abs(other.relative / one.relative - 1) < Fraction(1, 2**30)
    assert abs(other.tokens / scale / one.tokens - 1) < Fraction(1, 2**30)
    assert other.A == one.A
    assert other.binding == one.binding


def test_floats_rule_out_only_what_does_not_bind():
    rng = random.Random(3)
    tokens = sorted({(Fraction(rng.randint(-99, 99), 64), Fraction(rng.randint(-99, 99), 64)) for _ in range(40)})
    configuration = Configuration([z for z in tokens if any(z)])
    found = radius(configuration, adversary=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CLEAR", 1e9)  # every inequality is computed exactly
        assert radius(configuration, adversary=False) == found


def test_floats_rule_out_nothing_that_binds_at_later_layers_and_other_forms():
    rng, late = random.Random(8), 0
    for _ in range(12):
        tokens = {(Fraction(rng.randint(-99, 99), 64), Fraction(rng.randint(-99, 99), 64)) for _ in range(14)}
        configuration = Configuration(sorted(z for z in tokens if any(z)), [[3, -1], [-1, rng.randint(1, 9)]], 1)
        sizes = [Fraction(rng.randint(0, 3), 7) for _ in range(configuration.n)]
        found = radius(configuration, adversary=False, sizes=sizes)
        late += len(found.follows) > 2
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "CLEAR", 1e9)
            assert radius(configuration, adversary=False, sizes=sizes) == found
    assert late > 3


def refused(patch_name, value, configuration):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, patch_name, value)
        answer = ask_radius(configuration)
    with pytest.raises(BugError, match="radius of tokens"):
        unchecked(answer.document())


def test_a_forgotten_layer_is_noticed():
    right = module._constraints

    def forgetful(*arguments):
        return right(*arguments) if arguments[1].k == 0 else []

    refused("_constraints", forgetful, EMERGING)


def test_without_the_second_order_term_the_bound_is_false():
    configuration = Configuration([(1, 0), (-1, 0)], [[1, 0], [0, 100]])
    found = radius(configuration)
    assert found.tokens < Fraction(1, 11)
    assert not same(configuration, moved(configuration, [(0, Fraction(3, 20)), (0, Fraction(3, 10))]))
    refused("_Gap", Linear, configuration)


class Linear(module._Gap):
    """Without b."""

    def radius(self, w, norm):
        return super().radius(w, Fraction(0))


def test_the_second_order_term_dropped_is_noticed():
    refused("_Gap", Linear, Configuration([[9], [-100]]))


def test_layers_in_integers_are_those_of_the_dynamics_and_of_their_matrix():
    """Z^k, Z^k = P_k Z^0, and rows of P_k that sum to 1."""
    rng, moved_on = random.Random(6), 0
    for _ in range(20):
        configuration = drawn(rng)
        layer = module._Layer.first(configuration)
        for known, sets in configuration.dynamics().layers():
            tokens = [layer.token(i) for i in range(configuration.n)]
            assert tokens == [list(z) for z in known.tokens()]
            for i, z in enumerate(tokens):
                row = layer.row(i)
                assert sum(row.values()) == 1
                assert z == [sum(x * configuration.tokens[p][c] for p, x in row.items()) for c in range(len(z))]
            if layer.k == 4 or any(len(C) > 1 for C in sets):
                break
            follows = [C[0] for C in sets]
            moved_on += follows != [*range(configuration.n)]
            layer = layer.next(follows, configuration.step.rate(0))
    assert moved_on > 20


class Halved(module._Layer):
    """Rows of P_k that sum to 1/2."""

    def next(self, follows, rate):
        after = super().next(follows, rate)
        return Halved(after.k, after.points, after.scale, after.parts, 2 * after.whole)


def test_a_matrix_of_other_rows_is_noticed():
    refused("_Layer", Halved, EMERGING)
