"""The NumPy kernel: a batch in blocks, all ties of the computed scores kept, float32 or float64.

Scores are ⟨z_i, z_l⟩ = (z_iᵀ A) z_l, computed by two matrix products (one if A is the identity); the update is
z_i + λ (mean_{j ∈ C_i} z_j − z_i), so that a leader does not move by a single bit. Both are of the form that
`rounding` derives its error bound for.

Memory: beside inputs and outputs, at most three blocks of scores of `block_bytes` each (one of them of one byte a
score), whatever B and n are; only a single row of n scores may be larger.

A configuration with a NaN or an infinity becomes NaN as a whole; its neighbours in the batch are not touched.
"""

import numpy as np
from numpy.typing import NDArray

from ..follow_sets import FollowSets, move
from ..protocol import BLOCK_BYTES, Kernel, checked, is_identity


def layer(
    tokens: NDArray[np.floating], A: NDArray[np.floating] | None, alpha: float, *, block_bytes: int = BLOCK_BYTES
) -> tuple[NDArray[np.floating], FollowSets]:
    """The next tokens and the follow sets of a batch.

    Args:
        tokens: (B, n, d), float32 or float64 (any other dtype is computed in float64).
        A: (d, d), the identity if None.
        alpha: α > 0, a float.
        block_bytes: bytes of one block of scores.

    Returns:
        The next tokens, of the shape and dtype of `tokens`, and their `FollowSets`.

    Raises:
        InputError: the shapes do not fit.
    """
    values, form = checked(tokens, A, alpha)
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float64)
    B, n, _ = values.shape
    with np.errstate(invalid="ignore", over="ignore"):
        queries = values if is_identity(form) else values @ form.astype(values.dtype)
    first = np.empty((B, n), dtype=np.int64)
    count = np.empty((B, n), dtype=np.int64)
    margin = np.empty((B, n), dtype=values.dtype)
    tied = [np.empty((0, 3), dtype=np.int64)]
    rows = max(1, block_bytes // (n * values.itemsize))
    width, depth = min(n, rows), max(1, rows // n)
    with np.errstate(invalid="ignore", over="ignore"):
        for b in range(0, B, depth):
            keys = values[b : b + depth].transpose(0, 2, 1)
            for i in range(0, n, width):
                place = (slice(b, b + depth), slice(i, i + width))
                first[place], count[place], margin[place], found = _decide(queries[place] @ keys)
                tied.append(found + np.array([b, i, 0]))
        ties = np.concatenate(tied)  # sorted, since the blocks come in the order of their tokens
        sets = FollowSets(first, count, ties, margin)
        moved = move(values, sets, alpha)
    broken = np.logical_not(np.isfinite(values).all(axis=(1, 2)))
    if broken.any():
        moved[broken], margin[broken], first[broken], count[broken] = np.nan, np.nan, 0, 1
        ties = ties[~broken[ties[:, 0]]]
        sets = FollowSets(first, count, ties, margin)
    return moved, sets


def _decide(scores: NDArray[np.floating]) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """First maximiser, number of maximisers, margin, and the tied (b, i, j) of a block of scores (b, i, l).

    Overwrites `scores`.
    """
    first = scores.argmax(axis=2)
    top = np.take_along_axis(scores, first[:, :, None], axis=2)
    mask = scores == top
    count = np.maximum(np.count_nonzero(mask, axis=2), 1)  # a score that overflowed to NaN equals nothing
    scores[mask] = -np.inf
    margin = top[:, :, 0] - scores.max(axis=2)
    shared = np.argwhere(count > 1)
    if len(shared) == 0:
        return first, count, margin, np.empty((0, 3), dtype=np.int64)
    row, members = np.nonzero(mask[shared[:, 0], shared[:, 1]])
    return first, count, margin, np.column_stack([shared[row], members])


def step(tokens: NDArray[np.floating], A: NDArray[np.floating] | None, alpha: float) -> NDArray[np.floating]:
    """The next tokens of a batch: `layer` without the sets."""
    return layer(tokens, A, alpha)[0]


kernel = Kernel("numpy", step, dtypes=("float64", "float32"), layer=layer)
