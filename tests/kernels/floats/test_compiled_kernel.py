import numpy as np
import pytest

pytest.importorskip("numba", reason="numba is not installed: pip install 'hardmax[compiled]'")

from hardmax.kernels import InputError
from hardmax.kernels.bounds.certify import _prove
from hardmax.kernels.bounds.rounding import decision_bound, gamma
from hardmax.kernels.floats.compiled_kernel import WIDTH, layer, prove, run
from hardmax.kernels.floats.numpy_kernel import kernel as numpy_kernel
from hardmax.kernels.floats.numpy_kernel import layer as numpy_layer

FORM = np.array([[2.0, 0.5], [0.5, 1.0]])


def integers(*shape, seed=0, size=4):
    return np.random.default_rng(seed).integers(-size, size + 1, shape).astype(float)


def test_more_queries_than_a_block_and_odd_sizes():
    for n in (WIDTH - 1, WIDTH, WIDTH + 1, 2 * WIDTH + 5):
        tokens = integers(1, n, 3, size=20)
        moved, sets = layer(tokens, None, 1.0)
        expected, found = numpy_layer(tokens, None, 1.0)
        assert (sets.tied == found.tied).all()
        assert (sets.first == found.first).all()
        assert (sets.margin == found.margin).all()
        assert np.allclose(moved, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("A", [None, FORM])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_run_is_the_layer_repeated(A, dtype):
    tokens = np.concatenate([np.random.default_rng(1).standard_normal((20, 30, 2)), integers(20, 30, 2)]).astype(dtype)
    A = None if A is None else A.astype(dtype)
    stepped = tokens
    for _ in range(5):
        stepped = layer(stepped, A, 1.0)[0]
    tolerance = 1e-3 if dtype == np.float32 else 1e-12
    close = np.isclose(run(tokens, A, 1.0, 5), stepped, rtol=0, atol=tolerance).all(axis=(1, 2))
    # Ties that rounding creates or breaks may be decided differently by the two orders of summation.
    assert close[:20].all()
    assert close.mean() > 0.8
    assert (run(tokens, A, 1.0, 0) == tokens).all()


def test_run_and_prove_use_their_workspace_anew_for_every_configuration():
    mixed = np.concatenate(
        [integers(6, 9, 2), np.random.default_rng(2).standard_normal((6, 9, 2)), np.zeros((2, 9, 2))]
    )
    mixed[3] = np.nan
    mixed[9, 4] = mixed[9, 3]
    together, proof = run(mixed, FORM, 0.5, 4), prove(mixed, FORM, 0.5, 4)
    for b in range(len(mixed)):
        assert np.array_equal(run(mixed[b : b + 1], FORM, 0.5, 4)[0], together[b], equal_nan=True)
        alone = prove(mixed[b : b + 1], FORM, 0.5, 4)
        assert alone.unproved[0] == proof.unproved[b]
        if not alone.unproved[0]:
            assert alone.frozen[0] == proof.frozen[b]
            stored = slice(0, 4 if alone.frozen[0] < 0 else alone.frozen[0] + 1)
            assert (alone.first[stored, 0] == proof.first[stored, b]).all()
            assert (alone.error[0] == proof.error[b]).all()


@pytest.mark.parametrize("A", [None, FORM])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("alpha", [0.01, 1.0, 50.0])
def test_the_fused_proof_is_that_of_the_filter(A, dtype, alpha):
    """The same decisions proved as by the NumPy filter, up to a few whose margin lies between the two bounds."""
    rng = np.random.default_rng(3)
    tokens = rng.standard_normal((200, 12, 2)).astype(dtype)
    tokens[:60, 6:] = tokens[:60, :6]  # every token twice
    form = np.eye(2, dtype=dtype) if A is None else A.astype(dtype)
    proof, expected = prove(tokens, form, alpha, 5), _prove(numpy_kernel, tokens, form, alpha, 5)
    both = (proof.unproved == 0) & (expected.unproved == 0)
    assert both.mean() >= 0.97
    assert (proof.frozen[both] == expected.frozen[both]).all()
    for b in np.flatnonzero(both):
        stored = 5 if proof.frozen[b] < 0 else proof.frozen[b] + 1
        assert (proof.first[:stored, b] == expected.first[:stored, b]).all()
    # what is not proved is not computed to the end, and may be anything
    apart = np.abs(proof.tokens[both] - expected.tokens[both])
    assert (apart <= (proof.error + expected.error)[both][:, None]).all()
    # The fused bound takes R from layer 0, not from every layer, but follows one of two equal tokens: γ_17, not γ_18.
    assert (proof.error[both] >= expected.error[both] * 0.94).all()
    assert (proof.error[both] <= 5 * 1.001 * gamma(17, dtype) * np.abs(tokens[both]).max(axis=1)).all()


def test_a_decision_between_the_bounds_is_not_proved():
    """A margin just above or below 2 B_i of `rounding` is proved or not: the fused bound is the same at layer 0."""
    near = np.array([[[0.25, 0], [1, -1], [1, 1]]])
    bound = decision_bound(near)[0, 0]
    tokens = np.repeat(near, 40, axis=0)
    tokens[:, 1, 0] = 1 - np.geomspace(0.25 * bound, 64 * bound, 40) / 0.25
    margins = 0.25 * (1 - tokens[:, 1, 0])
    limits = decision_bound(tokens)[:, 0]
    proof = prove(tokens, None, 1.0, 1)
    assert ((proof.unproved == 0) == (margins > limits)).all()
    assert 0 < (proof.unproved == 0).sum() < 40


def test_negative_layers_are_refused():
    with pytest.raises(InputError, match="layers is -1"):
        run(np.ones((1, 1, 1)), None, 1.0, -1)


def test_the_arrays_given_are_not_changed():
    tokens = np.random.default_rng(4).standard_normal((3, 8, 2))
    kept = tokens.copy()
    layer(tokens, FORM, 1.0)
    run(tokens, FORM, 1.0, 3)
    prove(tokens, FORM, 1.0, 3)
    assert (tokens == kept).all()
