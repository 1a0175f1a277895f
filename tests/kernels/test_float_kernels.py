"""One table of examples and laws, every float kernel that runs here."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hardmax.kernels import Configuration, registry
from hardmax.kernels.bounds.rounding import decision_bound, layer_error
from hardmax.kernels.exact.dynamics import Dynamics, itinerary
from hardmax.kernels.protocol import to_numpy

KERNELS = [registry.load(name) for name in registry.SHIPPED]
PRESENT = [kernel for kernel in KERNELS if not kernel.missing]
DTYPES = ["float64", "float32"]

# name: tokens, A, alpha; values are exact in float32 and so is every score, so follow sets must be the exact ones.
EXAMPLES = {
    "one token": ([[3, -2]], None, 1.0),
    "one dimension": ([[1], [-2], [0.5], [0]], None, 0.5),
    "square and a tie that lasts": ([[1, 1], [-1, 1], [-1, -1], [1, -1], [0.5, 0], [-0.5, 0]], None, 0.5),
    "duplicates": ([[2, 1], [2, 1], [2, 1], [-1, 0], [-1, 0], [0, 0]], None, 1.0),
    "all equal": ([[1, 2, 3]] * 5, None, 2.0),
    "zero token ties with all": ([[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1]], None, 1.0),
    "diagonal A": ([[1, 2], [2, 1], [-3, 1], [0, -1]], [[4, 0], [0, 1]], 0.5),
    "A not symmetric": ([[1, 2], [2, 1], [-3, 1], [0, -1]], [[1, 2], [-1, 1]], 0.5),
    "A negative": ([[1, 0], [-1, 0], [0, 2]], [[-1, 0], [0, -1]], 1.0),
    "A zero: all tie": ([[1, 0], [-1, 0], [0, 2]], [[0, 0], [0, 0]], 1.0),
    "cube": (
        [[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)] + [[0.5, 0.5, 0.5], [0.5, 0, 0]],
        None,
        1.0,
    ),
    "five dimensions, seven tokens": (np.arange(35).reshape(7, 5) % 8 - 3, np.diag([1, 2, 1, 3, 1]), 3.0),
}


def native(kernel, tokens, A, dtype):
    tokens = np.asarray(tokens, dtype=dtype)
    form = np.eye(tokens.shape[-1]) if A is None else A
    return kernel.arrays_for(tokens, dtype), kernel.arrays_for(form, dtype)


def run(kernel, tokens, A, alpha, dtype="float64"):
    # Triton's interpreter computes with NumPy, whose warnings it would turn into errors of its own.
    with np.errstate(all="ignore" if kernel.name == "triton" else None):
        moved, sets = kernel.layer(*native(kernel, tokens, A, dtype), alpha)
    return to_numpy(moved), sets


@pytest.fixture(params=PRESENT, ids=lambda kernel: kernel.name)
def kernel(request):
    return request.param


@pytest.mark.parametrize("name", registry.SHIPPED)
def test_every_shipped_kernel_is_tested_here_or_says_why_not(name):
    found = registry.load(name)
    if found.missing:
        pytest.skip(found.missing)
    assert found.name in [kernel.name for kernel in PRESENT]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES.keys())
def test_sets_and_next_tokens_of_exact_scores(kernel, example, dtype):
    tokens, A, alpha = example
    configuration = Configuration.from_array(np.array(tokens, dtype=float), None if A is None else np.array(A), alpha)
    dynamics = Dynamics(configuration)
    exact = dynamics.follow_sets(dynamics.first)
    batch = np.array([tokens], dtype=dtype)
    moved, sets = run(kernel, batch, A, alpha, dtype)
    assert sets.sets(0) == exact
    assert sets.first.tolist() == [[C[0] for C in exact]]
    assert sets.count.tolist() == [[len(C) for C in exact]]
    assert (moved.dtype, moved.shape) == (batch.dtype, batch.shape)
    target = np.array(dynamics.next_layer(dynamics.first, exact).tokens(), dtype=float)
    assert (abs(moved[0] - target) <= layer_error(batch, sets.count, alpha)[0]).all()
    scores = batch[0].astype(float) @ (np.eye(batch.shape[2]) if A is None else np.array(A)) @ batch[0].T.astype(float)
    for i, C in enumerate(exact):
        rest = np.delete(scores[i], C)
        assert sets.margin[0, i] == (scores[i, C[0]] - rest.max() if len(rest) else np.inf)
    assert (to_numpy(kernel.step(*native(kernel, batch, A, dtype), alpha)) == moved).all()


def test_a_leader_does_not_move_by_a_bit(kernel):
    tokens = np.random.default_rng(1).standard_normal((3, 9, 2))
    moved, sets = run(kernel, tokens, None, 0.3)
    leaders = sets.first == np.arange(9)
    assert leaders.any()
    assert (moved[leaders] == tokens[leaders]).all()


@pytest.mark.parametrize("shape", [(0, 3, 2), (1, 1, 1), (3, 130, 2), (2, 5, 3), (2, 33, 17), (5, 4, 1)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_decisions_are_within_the_bound_for_every_shape(kernel, shape, dtype):
    rng = np.random.default_rng(2)
    tokens, A = rng.standard_normal(shape).astype(dtype), rng.standard_normal((shape[2], shape[2])).astype(dtype)
    moved, sets = run(kernel, tokens, A, 0.7, dtype)
    assert moved.shape == shape
    scores = tokens.astype(float) @ A.astype(float) @ tokens.astype(float).transpose(0, 2, 1)
    chosen = np.take_along_axis(scores, sets.first[:, :, None], axis=2)[:, :, 0]
    slack = decision_bound(tokens, A) * (1 + 2.0**-20)
    assert (scores.max(axis=2, initial=-np.inf) - chosen <= slack).all()
    several = sets.count > 1
    expected = tokens + 0.7 / 1.7 * (np.take_along_axis(tokens, sets.first[:, :, None], axis=1) - tokens)
    assert np.allclose(moved[~several], expected[~several], rtol=0, atol=1e-5 if dtype == "float32" else 1e-13)


def test_configurations_of_a_batch_do_not_see_each_other(kernel):
    rng = np.random.default_rng(3)
    tokens = rng.integers(-4, 5, (7, 6, 2)).astype(float)
    moved, sets = run(kernel, tokens, None, 1.0)
    for b in (0, 3, 6):
        alone, own = run(kernel, tokens[b : b + 1], None, 1.0)
        assert (alone[0] == moved[b]).all()
        assert own.sets(0) == sets.sets(b)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_spoils_its_configuration_only(kernel, bad):
    tokens = np.random.default_rng(4).standard_normal((3, 5, 2))
    clean, sets = run(kernel, tokens, None, 1.0)
    spoilt = tokens.copy()
    spoilt[1, 2, 0] = bad
    moved, found = run(kernel, spoilt, None, 1.0)
    assert np.isnan(moved[1]).all()
    assert np.isnan(found.margin[1]).all()
    assert (moved[[0, 2]] == clean[[0, 2]]).all()
    assert [found.sets(b) for b in (0, 2)] == [sets.sets(b) for b in (0, 2)]


def test_scores_that_overflow_crash_nothing(kernel):
    tokens = np.array([[[1e200, -1e200], [1e200, 1e200], [3.0, 4]]])
    moved, sets = run(kernel, tokens, None, 1.0)
    assert moved.shape == tokens.shape
    assert (sets.count >= 1).all()
    assert ((sets.first >= 0) & (sets.first < 3)).all()


def test_the_input_is_left_alone_and_may_be_anything_strided(kernel):
    tokens = np.random.default_rng(5).standard_normal((4, 6, 2))
    wide = np.zeros((4, 12, 4))
    wide[:, ::2, 1:3] = tokens
    given = wide[:, ::2, 1:3]
    if kernel.arrays == "torch":
        import torch

        given = torch.from_numpy(wide)[:, ::2, 1:3]
    else:
        given.flags.writeable = False
    form = kernel.arrays_for(np.eye(2))
    assert (to_numpy(kernel.step(given, form, 0.5)) == run(kernel, tokens, None, 0.5)[0]).all()
    assert (to_numpy(given) == tokens).all()


def test_scores_that_overflow_to_nan_are_of_one_token_and_no_neighbour(kernel):
    """(inf, 0) · (0, 1) = NaN: one token stands for C_i, and a tie elsewhere in the batch changes nothing."""
    lost, tied = np.array([[1e200, 0], [0, 1.0], [3, 4]]), np.array([[1.0, 0], [1, 0], [0, 1]])
    form = 1e200 * np.eye(2)
    alone, _ = run(kernel, lost[None], form, 1.0)
    moved, sets = run(kernel, np.stack([lost, tied]), form, 1.0)
    assert not np.isfinite(sets.margin[0]).all()
    assert (sets.count[0] >= 1).all()
    assert [len(C) for C in sets.sets(0)] == sets.count[0].tolist()
    assert np.array_equal(moved[0], alone[0], equal_nan=True)


@given(arrays(np.float64, (3, 6, 2), elements=st.integers(-3, 3)), st.sampled_from([1.0, 3.0]))
def test_integer_orbits_keep_every_tie(tokens, alpha):
    """While sets are of 1, 2 or 4 tokens all is dyadic: a few layers are exact, and so must the sets be."""
    for kernel in PRESENT:
        current = tokens
        exact = [itinerary(Configuration.from_array(z, None, alpha), 3) for z in tokens]
        dyadic = np.ones(len(tokens), dtype=bool)
        for k in range(3):
            moved, sets = run(kernel, current, None, alpha)
            for b in np.flatnonzero(dyadic):
                assert sets.sets(b) == exact[b][k], (kernel.name, k)
                dyadic[b] = all(len(C) in (1, 2, 4) for C in exact[b][k])
            current = moved
