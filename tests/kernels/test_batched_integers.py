import inspect
from fractions import Fraction
from itertools import islice
from math import isqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

pytest.importorskip("numba", reason="numba is not installed: pip install 'hardmax[compiled]'")

from hardmax.kernels import Configuration, ExactnessError, InputError, batched_integers
from hardmax.kernels import integer_loops as loops
from hardmax.kernels.batched_integers import LARGEST, frozen, members, run
from hardmax.kernels.exact import Dynamics

SKEW = np.array([[2, 1], [-1, 3]])
# In the plane the maximum over the tie is that over all tokens; here, in space, it is not, and the tie ends.
SPATIAL = np.array([[-2, -2, 2], [0, 2, 1], [1, 3, -1], [3, 1, 2], [0, 0, 1], [1, 1, 3], [-2, 0, 0], [-2, 2, 0]])
SQUARE = [[2, 2], [-2, 2], [-2, -2], [2, -2], [1, 0], [-1, 0]]


def lattice(count, n, d, size, seed=0):
    return np.random.default_rng(seed).integers(-size, size + 1, (count, n, d))


def exact_run(tokens, A, alpha, layers):
    """Sets of all layers and tokens of layers 0 … layers, by the exact kernel."""
    dynamics = Dynamics(Configuration(np.asarray(tokens).tolist(), None if A is None else A.tolist(), alpha))
    layer, sets, tokens_at = dynamics.first, [], []
    for _ in range(layers):
        tokens_at.append(layer.tokens())
        sets.append(dynamics.follow_sets(layer))
        layer = dynamics.next_layer(layer, sets[-1])
    return tuple(sets), [*tokens_at, layer.tokens()]


def check(batch, A, alpha, beyond=8):
    """Every statement of `batch` holds for the exact kernel, frozen sets for `beyond` layers more."""
    K = len(batch.masks)
    for b, tokens in enumerate(batch.tokens):
        sets, tokens_at = exact_run(tokens, A, alpha, K + beyond)
        found = batch.itinerary(b)
        assert found == sets[: len(found)]
        k = int(batch.frozen[b])
        if k < 0:
            assert len(found) == batch.followed[b]
            assert batch.limit(b) is None
            assert batch.layer(b).tokens() == tokens_at[batch.followed[b]]
            continue
        assert len(found) == K
        assert batch.layer(b).tokens() == tokens_at[k]
        assert set(sets[k:]) == {sets[k]}
        limit = batch.limit(b)
        rate = Fraction(alpha) / (1 + Fraction(alpha))
        for i in range(len(tokens)):
            before, after = ([x - y for x, y in zip(tokens_at[k + s][i], limit[i], strict=True)] for s in (0, beyond))
            assert after == [(1 - rate) ** beyond * x for x in before]


@pytest.mark.parametrize(
    ("tokens", "A", "alpha"),
    [
        (lattice(60, 8, 2, 2), None, 1),
        (lattice(40, 6, 2, 3), SKEW, Fraction(1, 3)),
        (lattice(40, 6, 2, 3), -np.eye(2, dtype=int), 2),
        (lattice(40, 7, 3, 1), None, Fraction(1, 2)),
        (lattice(30, 5, 1, 4), None, 7),
        (lattice(10, 40, 2, 3), None, 1),
        (lattice(30, 3, 2, 1), np.zeros((2, 2), dtype=int), 1),
        (np.array([SQUARE]), None, 1),
        (SPATIAL[None], None, 1),
        (np.array([[[5]]]), None, 1),
        (np.zeros((1, 64, 1), dtype=int), None, 1),
    ],
    ids=[
        "planar",
        "skew",
        "negative",
        "space",
        "line",
        "many",
        "zero form",
        "square",
        "tie that ends",
        "one token",
        "64 equal tokens",
    ],
)
def test_lattices_agree_with_the_exact_kernel(tokens, A, alpha):
    check(run(tokens, A, alpha, 12), A, alpha)


def test_ties_that_last_are_frozen_and_not_run_into_the_guards():
    batch = run(np.array([SQUARE] * 3), None, 1, 10_000)
    assert batch.frozen.tolist() == [0, 0, 0]
    assert batch.replayed == {}
    assert batch.limit(0)[4:] == ((2, 0), (-2, 0))
    planar = run(lattice(2000, 8, 2, 2, seed=1), None, 1, 200, patience=6)
    assert len(planar.replayed) == 0
    assert (planar.frozen >= 0).mean() > 0.99


@given(
    arrays(np.int64, (2, 6, 2), elements=st.integers(-3, 3)),
    st.sampled_from([None, SKEW, np.array([[0, 1], [1, 0]])]),
    st.sampled_from([Fraction(1, 7), 1, 5]),
)
def test_any_lattice_agrees(tokens, A, alpha):
    check(run(tokens, A, alpha, 10), A, alpha, beyond=3)


# --- the edge of the range ------------------------------------------------------------------------------------------

REACH = isqrt(LARGEST // 2)  # d = 2, A = I: the largest coordinate whose scores fit


@pytest.mark.parametrize("largest", [REACH - 1, REACH, REACH + 1, 2 * REACH, 2**62, LARGEST, -LARGEST - 1])
def test_tokens_scaled_to_the_edge_of_the_range(largest):
    rng = np.random.default_rng(2)
    tokens = rng.integers(-abs(largest) // 4 * 3, abs(largest) // 4 * 3, (25, 5, 2))
    tokens[:, 0] = largest  # |largest| is reached, with the largest score 2 M² of all
    tokens[5:, 1] = tokens[5:, 0] - (1 if largest > 0 else -1)  # and nearly tied
    batch = run(tokens, None, 1, 4)
    check(batch, None, 1, beyond=2)
    assert (len(batch.replayed) == 25) == (abs(largest) > REACH)


@pytest.mark.parametrize("A", [np.array([[LARGEST, 0], [0, 1]]), np.array([[2**31, -(2**31)], [1, 2**31]])])
def test_forms_at_the_edge_of_the_range(A):
    check(run(lattice(20, 5, 2, 3), A, 1, 3), A, 1, beyond=2)


@pytest.mark.parametrize("alpha", [Fraction(LARGEST - 1), Fraction(1, 2**70), Fraction(2**40, 3**20)])
def test_steps_at_the_edge_of_the_range(alpha):
    check(run(lattice(20, 5, 2, 3), None, alpha, 3), None, alpha, beyond=2)


def test_sums_and_common_multiples_at_the_edge_of_the_range():
    # Ties of 2, 3, 5, 7, … tokens at once: L = lcm of the counts; and sums of 64 large tokens.
    groups = [[[p, 0]] * p for p in (2, 3, 5, 7, 11, 13)]
    spread = np.array([[row for group in groups for row in group]])
    check(run(spread, None, 1, 3), None, 1, beyond=1)
    check(run(np.full((1, 64, 1), REACH), None, 1, 2), None, 1, beyond=1)
    check(run(np.full((1, 64, 1), LARGEST // 64 + 1), np.zeros((1, 1), dtype=int), 1, 2), None, 1, beyond=1)


def run_unguarded(tokens, reach):
    """`run` with another guard: the masks of one layer."""
    B, n, _ = tokens.shape
    masks, numerators = np.zeros((1, B, n), dtype=np.uint64), np.array(tokens)
    at, reached, denominator = np.full(B, -1), np.zeros(B, dtype=np.int64), np.ones(B, dtype=np.int64)
    loops.run_configurations(
        0, B, np.eye(2, dtype=np.int64), 1, 2, reach, 9, masks, at, numerators, denominator, reached
    )
    return masks[0]


def test_a_guard_four_times_too_wide_is_caught():
    tokens = np.random.default_rng(3).integers(-2 * REACH, 2 * REACH, (50, 5, 2))
    exact = run(tokens, None, 1, 1).masks[0]
    assert (run_unguarded(tokens // 4, REACH) == run(tokens // 4, None, 1, 1).masks[0]).all()
    assert (run_unguarded(tokens, 4 * REACH) != exact).any()


# --- rules and hand-over --------------------------------------------------------------------------------------------

LOOSE = """    while loose := {i for i in still if not still.issuperset(sets[i])}:
        still -= loose
"""
MUTANTS = {
    "sets need not be stationary": (LOOSE, ""),
    "captured by what moves": ("        if not still.issuperset(C):\n            return False\n", ""),
    "no comparison of scores": ("        if any(pulled[j] != max(pulled) for j in C):\n            return False\n", ""),
    "maximum within the tie only": ("max(pulled) for j in C", "max(pulled[v] for v in C) for j in C"),
}


@pytest.mark.parametrize(("old", "new"), MUTANTS.values(), ids=MUTANTS.keys())
def test_every_condition_of_the_rules_is_needed(old, new):
    source = inspect.getsource(frozen)
    assert source.count(old) == 1
    space = dict(vars(batched_integers))
    exec(source.replace(old, new), space)
    assert any(
        space["frozen"](layer, sets, dynamics.scores(layer)) and changes_later(dynamics, layer, sets)
        for tokens in [SPATIAL, *lattice(300, 6, 2, 3, seed=4), *lattice(300, 8, 2, 2, seed=5)]
        for dynamics in [Dynamics(Configuration(tokens.tolist()))]
        for layer, sets in islice(dynamics.layers(), 3)
    )


def changes_later(dynamics, layer, sets, layers=12):
    for _ in range(layers):
        layer = dynamics.next_layer(layer, dynamics.follow_sets(layer))
        if dynamics.follow_sets(layer) != sets:
            return True
    return False


def test_compiled_and_exact_rules_agree():
    tokens = lattice(400, 7, 2, 2, seed=6)
    batch = run(tokens, None, 1, 6)
    for b in range(400):
        dynamics = Dynamics(Configuration(tokens[b].tolist()))
        layer, first = dynamics.first, -1
        for k in range(6):
            sets = dynamics.follow_sets(layer)
            if frozen(layer, sets, dynamics.scores(layer)):
                first = k
                break
            layer = dynamics.next_layer(layer, sets)
        assert batch.frozen[b] == first


def test_patience_hands_over_what_only_rule_r3_decides():
    tokens = lattice(3000, 8, 2, 2, seed=7)
    patient, plain = run(tokens, None, 1, 30, patience=4), run(tokens, None, 1, 30)
    given_up = np.flatnonzero((patient.frozen < 0) & (patient.followed < 30))
    assert len(given_up) > 0
    assert patient.replayed == {}
    for b in given_up.tolist():
        sets = patient.itinerary(b)
        assert sets == plain.itinerary(b)[: len(sets)]
        assert len(set(sets[-4:])) == 1
    same = plain.frozen >= 0
    assert (patient.frozen[same & (patient.frozen >= 0)] == plain.frozen[same & (patient.frozen >= 0)]).all()


def test_replayed_configurations_may_freeze_later():
    tokens = lattice(40, 6, 2, 3, seed=8) * (REACH // 8)
    batch = run(tokens, None, 1, 8)
    assert any(batch.frozen[b] > 0 for b in batch.replayed)
    check(batch, None, 1)


def test_members_are_the_set_bits():
    assert members(0) == ()
    assert members(2**63 + 5) == (0, 2, 63)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((np.ones((1, 2, 2)),), ExactnessError, "tokens has dtype float64"),
        ((np.ones((1, 2, 2), dtype=int), np.eye(2)), ExactnessError, "A has dtype float64"),
        ((np.ones((1, 2, 2), dtype=int), None, 0.5), ExactnessError, "alpha is 0.5"),
        ((np.ones((2, 2), dtype=int),), InputError, r"tokens has shape \(2, 2\)"),
        ((np.ones((1, 65, 2), dtype=int),), InputError, "1 <= n <= 64"),
        ((np.ones((1, 2, 2), dtype=int), np.eye(3, dtype=int)), InputError, "A must be 2 x 2"),
        ((np.ones((1, 2, 2), dtype=int), None, Fraction(-1)), InputError, "alpha is -1"),
        ((np.ones((1, 2, 2), dtype=int), None, 1, 0), InputError, "layers is 0"),
        ((np.full((1, 1, 1), 2**63, dtype=np.uint64),), InputError, "below 2\\^63"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, words):
    with pytest.raises(error, match=words):
        run(*arguments)


def test_an_empty_batch():
    assert run(np.empty((0, 3, 2), dtype=int)).frozen.shape == (0,)
