"""What the screen says is so in the exact kernel, at the edge of 64 bits too; a guard or a rule too wide shows."""

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

from hardmax.kernels import Configuration, ExactnessError, InputError
from hardmax.kernels.exact.dynamics import Dynamics
from hardmax.kernels.integers import loops
from hardmax.kernels.integers.screen import LARGEST, frozen_layers
from hardmax.verify.provers.by_kind import decide as prove
from hardmax.verify.provers.freeze.outcome import Frozen

SKEW = np.array([[2, 1], [-1, 3]])
# In the plane the maximum over the tie is that over all tokens; here, in space, it is not, and the tie ends.
SPATIAL = np.array([[-2, -2, 2], [0, 2, 1], [1, 3, -1], [3, 1, 2], [0, 0, 1], [1, 1, 3], [-2, 0, 0], [-2, 2, 0]])
SQUARE = [[2, 2], [-2, 2], [-2, -2], [2, -2], [1, 0], [-1, 0]]
REACH = isqrt(LARGEST // 2)  # d = 2, A = I: the largest coordinate whose scores fit


def lattice(count, n, d, size, seed=0):
    return np.random.default_rng(seed).integers(-size, size + 1, (count, n, d))


def sets_of(tokens, A, alpha, layers):
    form = np.eye(tokens.shape[1], dtype=int) if A is None else A
    dynamics = Dynamics(Configuration(tokens.tolist(), form.tolist(), alpha))
    return [sets for _, sets in islice(dynamics.layers(), layers)]


def check(tokens, A, alpha, layers, beyond=8):
    """Where a layer is said, the exact follow sets are constant from it on; how many are said."""
    frozen = frozen_layers(tokens, A, alpha, layers=layers)
    assert frozen.shape == (len(tokens),)
    for rows, layer in zip(tokens, frozen.tolist(), strict=True):
        if layer >= 0:
            assert layer < layers
            assert len(set(sets_of(rows, A, alpha, layer + beyond)[layer:])) == 1
    return (frozen >= 0).sum()


@pytest.mark.parametrize(
    ("tokens", "A", "alpha", "least"),
    [
        (lattice(60, 8, 2, 2), None, 1, 55),
        (lattice(40, 6, 2, 3), SKEW, Fraction(1, 3), 1),
        (lattice(40, 6, 2, 3), -np.eye(2, dtype=int), 2, 0),
        (lattice(40, 7, 3, 1), None, Fraction(1, 2), 30),
        (lattice(30, 5, 1, 4), None, 7, 28),
        (lattice(10, 40, 2, 3), None, 1, 0),
        (lattice(30, 3, 2, 1), np.zeros((2, 2), dtype=int), 1, 0),
        (np.array([SQUARE] * 3), None, 1, 3),
        (SPATIAL[None], None, 1, 0),
        (np.array([[[5]]]), None, 1, 1),
        (np.zeros((1, 64, 1), dtype=int), None, 1, 1),
    ],
)
def test_what_is_said_is_so_in_the_exact_kernel(tokens, A, alpha, least):
    assert check(tokens, A, alpha, 12) >= least


@given(
    arrays(np.int64, (2, 6, 2), elements=st.integers(-3, 3)),
    st.sampled_from([None, SKEW, np.array([[0, 1], [1, 0]])]),
    st.sampled_from([Fraction(1, 7), 1, 5]),
)
def test_any_lattice_agrees(tokens, A, alpha):
    check(tokens, A, alpha, 10, beyond=4)


def test_the_prover_says_the_same_by_itself():
    tokens = lattice(200, 7, 2, 3, seed=6)
    for rows, layer in zip(tokens, frozen_layers(tokens).tolist(), strict=True):
        if layer >= 0:
            outcome = prove(Configuration(rows.tolist()))
            assert isinstance(outcome, Frozen)
            assert outcome.freeze_layer <= layer


# --- the edge of the range ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("largest", [REACH - 1, REACH, REACH + 1, 2 * REACH, 2**62, LARGEST, -LARGEST - 1])
def test_tokens_scaled_to_the_edge_of_the_range(largest):
    rng = np.random.default_rng(2)
    tokens = rng.integers(-abs(largest) // 4 * 3, abs(largest) // 4 * 3, (25, 5, 2))
    tokens[:, 0] = largest  # |largest| is reached, with the largest score 2 M² of all
    tokens[5:, 1] = tokens[5:, 0] - (1 if largest > 0 else -1)  # and nearly tied
    assert (check(tokens, None, 1, 4, beyond=3) > 0) == (abs(largest) <= REACH)


@pytest.mark.parametrize("A", [np.array([[LARGEST, 0], [0, 1]]), np.array([[2**31, -(2**31)], [1, 2**31]])])
def test_forms_at_the_edge_of_the_range(A):
    check(lattice(20, 5, 2, 3), A, 1, 3)


@pytest.mark.parametrize("alpha", [Fraction(LARGEST - 1), Fraction(1, 2**70), Fraction(2**40, 3**20)])
def test_steps_at_the_edge_of_the_range(alpha):
    check(lattice(20, 5, 2, 3), None, alpha, 3, beyond=3)


def test_sums_and_common_multiples_at_the_edge_of_the_range():
    # Ties of 2, 3, 5, 7, … tokens at once: L = lcm of the counts; and sums of 64 large tokens.
    spread = np.array([[row for p in (2, 3, 5, 7, 11, 13) for row in [[p, 0]] * p]])
    check(spread, None, 1, 3)
    check(np.full((1, 64, 1), REACH), None, 1, 2)
    check(np.full((1, 64, 1), LARGEST // 64 + 1), np.zeros((1, 1), dtype=int), 1, 2)


def test_a_guard_four_times_too_wide_is_caught():
    tokens = np.random.default_rng(3).integers(-2 * REACH, 2 * REACH, (400, 5, 2))
    frozen = np.full(len(tokens), -1)
    loops.run_configurations(0, len(tokens), tokens, np.eye(2, dtype=np.int64), 1, 2, 4 * REACH, 4, 9, frozen)
    wrong = [
        layer
        for rows, layer in zip(tokens, frozen.tolist(), strict=True)
        if layer >= 0 and len(set(sets_of(rows, None, 1, layer + 8)[layer:])) > 1
    ]
    assert wrong


# --- the rules ------------------------------------------------------------------------------------------------------

MUTANTS = {
    "sets need not be stationary": ("if still & bit and masks[i] & ~still:", "if False:"),
    "captured by what moves": ("if not still >> np.uint64(i) & ONE and masks[i] & ~still:", "if False:"),
    "no comparison of scores": ("if masks[i] & ~maximisers(row, fill_scores(N, sums, row))[0]:", "if False:"),
}


@pytest.mark.parametrize(("old", "new"), MUTANTS.values(), ids=MUTANTS.keys())
def test_every_condition_of_the_rules_is_needed(old, new):
    source = inspect.getsource(loops).replace('"cache": True', '"cache": False')
    assert source.count(old) == 1
    space = {}
    exec(compile(source.replace(old, new), "mutant", "exec"), space)
    wrong = 0
    for tokens in (SPATIAL[None], lattice(300, 6, 2, 3, seed=4), lattice(300, 8, 2, 2, seed=5)):
        frozen, form = np.full(len(tokens), -1), np.eye(tokens.shape[2], dtype=np.int64)
        space["run_configurations"](0, len(tokens), tokens, form, 1, 2, REACH // 2, 3, 9, frozen)
        wrong += sum(
            layer >= 0 and len(set(sets_of(rows, None, 1, layer + 12)[layer:])) > 1
            for rows, layer in zip(tokens, frozen.tolist(), strict=True)
        )
    assert wrong


def test_patience_leaves_what_only_rule_r3_decides():
    tokens = lattice(3000, 8, 2, 2, seed=7)
    patient, plain = frozen_layers(tokens, layers=30, patience=4), frozen_layers(tokens, layers=30)
    assert ((patient == plain) | (patient < 0)).all()
    left = np.flatnonzero(plain < 0)
    assert len(left)
    rules = {rule for i in left.tolist() for rule in prove(Configuration(tokens[i].tolist())).rules}
    assert "R3" in rules


# --- bad input ------------------------------------------------------------------------------------------------------


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
        ((np.full((1, 1, 1), 2**63, dtype=np.uint64),), InputError, "below 2\\^63"),
    ],
)
def test_wrong_arguments_are_named(arguments, error, words):
    with pytest.raises(error, match=words):
        frozen_layers(*arguments)


def test_no_layers_and_no_configurations():
    with pytest.raises(InputError, match="layers is 0"):
        frozen_layers(np.ones((1, 2, 2), dtype=int), layers=0)
    assert frozen_layers(np.empty((0, 3, 2), dtype=int)).shape == (0,)
