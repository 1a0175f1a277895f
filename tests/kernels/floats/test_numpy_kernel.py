import tracemalloc

import numpy as np
import pytest

from hardmax.kernels.floats.numpy_kernel import layer, move


@pytest.mark.parametrize("block_bytes", [1, 8 * 7, 8 * 7 * 3, 8 * 49 * 2, 1 << 20])
@pytest.mark.parametrize("A", [None, np.array([[2.0, 1], [0, 1]])])
def test_blocks_change_nothing(block_bytes, A):
    tokens = np.random.default_rng(0).integers(-3, 4, (5, 7, 2)).astype(float)
    moved, sets = layer(tokens, A, 1.0)
    again, found = layer(tokens, A, 1.0, block_bytes=block_bytes)
    assert (again == moved).all()
    assert (found.tied == sets.tied).all()
    assert [found.sets(b) for b in range(5)] == [sets.sets(b) for b in range(5)]
    assert (found.margin == sets.margin).all()


def test_memory_is_three_blocks_beside_inputs_and_outputs():
    tokens = np.random.default_rng(1).standard_normal((32, 512, 2))
    block = 1 << 18
    outputs = tokens.nbytes + 32 * 512 * (8 + 8 + 8)
    temporary = 3 * tokens.nbytes  # the update's own vectors, (B, n, d) and not (B, n, n)
    layer(tokens[:1], None, 1.0)
    tracemalloc.start()
    layer(tokens, None, 1.0, block_bytes=block)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < outputs + temporary + 3 * block
    assert 32 * 512 * 512 * 8 > 10 * peak, "the full matrix of scores would not fit: the bound is not idle"


def test_other_dtypes_are_computed_in_float64():
    moved, sets = layer(np.array([[[3], [-1]]]), None, 1)
    assert (moved.dtype, moved.tolist(), sets.margin.dtype) == (np.float64, [[[3.0], [-1.0]]], np.float64)


def test_move_averages_what_the_sets_say():
    tokens = np.array([[[4.0], [8.0], [0.0]]])
    _, sets = layer(tokens * 0, None, 1.0)  # all tie
    assert move(tokens, sets, 1.0).tolist() == [[[4.0], [6.0], [2.0]]]
