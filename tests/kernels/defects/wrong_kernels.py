"""Wrong kernels, each with one mistake that real code has made, and the check that must find it.

`right` is a correct kernel in plain NumPy; every other function differs from it in what its name says. A kernel takes
(tokens (B, n, d), A (d, d), alpha) and computes in float64; attributes declare what differs. `KILLED_BY` names for each
the check whose task it is to fail (others may fail too).
"""

import functools
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from hardmax.kernels.follow_sets import FollowSets
from hardmax.kernels.protocol import Kernel

KILLED_BY: dict[str, str] = {}


def killed_by(check: str, **declared: object) -> Callable:
    """Register a wrong kernel under the check that must find it, with what it declares."""

    def register(step: Callable) -> Callable:
        KILLED_BY[step.__name__] = check
        for name, value in declared.items():
            setattr(step, name, value)
        return step

    return register


def scores(Z, A):
    return Z @ A @ Z.swapaxes(1, 2)


def maximisers(S):
    return S == S.max(axis=2, keepdims=True)


def mean(mask, Z):
    W = mask.astype(Z.dtype)
    return (W @ Z) / W.sum(axis=2, keepdims=True)


def move(Z, m, alpha):
    return Z + Z.dtype.type(alpha / (1 + alpha)) * (m - Z)


def right(Z, A, alpha):
    return move(Z, mean(maximisers(scores(Z, A)), Z), alpha)


right.dtypes = ("float64", "float32")


# --- no answer ---------------------------------------------------------------------------------------------------


@killed_by("call.plain")
def a_name_misspelt(Z, A, alpha):
    return right(Z, A, alhpa)  # noqa: F821


@killed_by("call.plain")
def the_return_forgotten(Z, A, alpha):
    right(Z, A, alpha)


@killed_by("call.plain")
def the_scores_in_place_of_the_tokens(Z, A, alpha):
    return scores(Z, A)


@killed_by("call.plain", dtypes=("float64", "float32"))
def a_workspace_of_one_dtype(Z, A, alpha):
    return np.add(right(Z, A, alpha), 0, out=np.empty(Z.shape), dtype=Z.dtype, casting="no")


# --- decisions ---------------------------------------------------------------------------------------------------


def one_hot(index, n):
    return np.eye(n, dtype=bool)[index]


@killed_by("ties.exact")
def first_maximiser_undeclared(Z, A, alpha):
    return move(Z, mean(one_hot(scores(Z, A).argmax(axis=2), Z.shape[1]), Z), alpha)


@killed_by("ties.exact", ties="first")
def all_maximisers_although_declared_first(Z, A, alpha):
    return right(Z, A, alpha)


@killed_by("ties.exact", ties="first")
def last_maximiser_although_declared_first(Z, A, alpha):
    n = Z.shape[1]
    return move(Z, mean(one_hot(n - 1 - scores(Z, A)[:, :, ::-1].argmax(axis=2), n), Z), alpha)


@killed_by("ties.forms")
def scores_through_a_root_of_a(Z, A, alpha):
    try:
        Y = Z @ np.linalg.cholesky(A)
    except np.linalg.LinAlgError:
        return right(Z, A, alpha)
    S = Y @ Y.swapaxes(1, 2) if np.array_equal(A, A.T) else scores(Z, A)
    return move(Z, mean(maximisers(S), Z), alpha)


@killed_by("ties.near")
def absolute_tolerance(Z, A, alpha):
    S = scores(Z, A)
    return move(Z, mean(S.max(axis=2, keepdims=True) - S <= 1e-12, Z), alpha)


@killed_by("ties.near")
def relative_tolerance(Z, A, alpha):
    S = scores(Z, A)
    return move(Z, mean(np.isclose(S, S.max(axis=2, keepdims=True), rtol=1e-12, atol=0), Z), alpha)


@killed_by("ties.near")
def softmax_at_low_temperature(Z, A, alpha):
    S = scores(Z, A)
    W = np.exp((S - S.max(axis=2, keepdims=True)) / 1e-3)
    return move(Z, (W @ Z) / W.sum(axis=2, keepdims=True), alpha)


@killed_by("ties.resolved")
def scores_in_float32(Z, A, alpha):
    S = scores(Z.astype(np.float32), A.astype(np.float32))
    return move(Z, mean(maximisers(S), Z), alpha)


@killed_by("ties.turned")
def scores_in_float16(Z, A, alpha):
    return move(Z, mean(maximisers(scores(Z, A).astype(np.float16)), Z), alpha)


@killed_by("ties.opposite")
def absolute_scores(Z, A, alpha):
    return move(Z, mean(maximisers(abs(scores(Z, A))), Z), alpha)


@killed_by("ties.opposite")
def smallest_score(Z, A, alpha):
    return move(Z, mean(maximisers(-scores(Z, A)), Z), alpha)


@killed_by("A.indefinite")
def scores_of_zero_masked(Z, A, alpha):
    S = scores(Z, A)
    S[S == 0] = -np.inf
    return move(Z, mean(maximisers(S), Z), alpha)


@killed_by("ties.duplicates")
def duplicates_counted_once(Z, A, alpha):
    mask = maximisers(scores(Z, A))
    for b, rows in enumerate(Z):
        again = [any((rows[k] == rows[j]).all() for k in range(j)) for j in range(len(rows))]
        mask[b][:, again] = False
    return move(Z, mean(mask, Z), alpha)


@killed_by("values.bound")
def token_never_follows_itself(Z, A, alpha):
    S = scores(Z, A)
    if Z.shape[1] > 1:
        S[:, range(Z.shape[1]), range(Z.shape[1])] = -np.inf
    return move(Z, mean(maximisers(S), Z), alpha)


@killed_by("values.bound")
def cosine_similarity(Z, A, alpha):
    norms = np.linalg.norm(Z, axis=2, keepdims=True)
    return move(Z, mean(maximisers(scores(Z / np.where(norms == 0, 1, norms), A)), Z), alpha)


# --- A -------------------------------------------------------------------------------------------------------------


@killed_by("A.symmetric")
def a_ignored(Z, A, alpha):
    return right(Z, np.eye(len(A)), alpha)


@killed_by("A.nonsymmetric")
def a_transposed(Z, A, alpha):
    return right(Z, A.T, alpha)


@killed_by("A.nonsymmetric")
def a_symmetrised(Z, A, alpha):
    return right(Z, (A + A.T) / 2, alpha)


@killed_by("A.indefinite")
def a_made_positive(Z, A, alpha):
    return right(Z, abs(A), alpha)


# --- values ------------------------------------------------------------------------------------------------------


@killed_by("values.simultaneous")
def in_place_within_a_layer(Z, A, alpha):
    Z = Z.copy()
    for i in range(Z.shape[1]):
        mask = maximisers(Z[:, i : i + 1] @ A @ Z.swapaxes(1, 2))
        Z[:, i : i + 1] = move(Z[:, i : i + 1], mean(mask, Z), alpha)
    return Z


@killed_by("values.bound")
def one_layer_too_many(Z, A, alpha):
    return right(right(Z, A, alpha), A, alpha)


@killed_by("values.bound")
def one_layer_too_few(Z, A, alpha):
    return Z.copy()


@killed_by("ties.exact")
def mean_over_n(Z, A, alpha):
    return move(Z, maximisers(scores(Z, A)).astype(Z.dtype) @ Z / Z.shape[1], alpha)


@killed_by("ties.exact")
def sum_in_place_of_mean(Z, A, alpha):
    return move(Z, maximisers(scores(Z, A)).astype(Z.dtype) @ Z, alpha)


@killed_by("values.bound")
def epsilon_in_the_denominator(Z, A, alpha):
    W = maximisers(scores(Z, A)).astype(Z.dtype)
    return move(Z, W @ Z / (W.sum(axis=2, keepdims=True) + 1e-8), alpha)


@killed_by("values.bound")
def no_rescaling(Z, A, alpha):
    return Z + alpha * mean(maximisers(scores(Z, A)), Z)


@killed_by("values.bound")
def values_in_float32(Z, A, alpha):
    m = mean(maximisers(scores(Z, A)), Z.astype(np.float32))
    return move(Z, m.astype(Z.dtype), alpha)


@killed_by("alpha.fractions")
def alpha_in_place_of_its_ratio(Z, A, alpha):
    return Z + alpha / 2 * (mean(maximisers(scores(Z, A)), Z) - Z)  # right for alpha = 1 alone


@killed_by("alpha.fractions")
def alpha_clipped(Z, A, alpha):
    return right(Z, A, min(alpha, 1.0))


@killed_by("alpha.extreme")
def clamp_of_alpha_missing(Z, A, alpha):
    step = Z.dtype.type(alpha)
    return (Z + step * mean(maximisers(scores(Z, A)), Z)) / (1 + step)  # step is infinite in float32


clamp_of_alpha_missing.dtypes = ("float32",)


@killed_by("relation.scaling")
def coordinates_clipped(Z, A, alpha):
    return np.clip(right(Z, A, alpha), -1e6, 1e6)


@killed_by("relation.permutation")
def token_zero_is_a_query_only(Z, A, alpha):
    S = scores(Z, A)
    if Z.shape[1] > 1:
        S[:, :, 0] = -np.inf
    return move(Z, mean(maximisers(S), Z), alpha)


@killed_by("relation.isometry")
def candidates_of_one_half_space(Z, A, alpha):
    S = scores(Z, A)
    ahead = Z[:, :, 0] >= 0
    S[np.broadcast_to((~ahead & ahead.any(axis=1, keepdims=True))[:, None], S.shape)] = -np.inf
    return move(Z, mean(maximisers(S), Z), alpha)


# --- shapes --------------------------------------------------------------------------------------------------------


@killed_by("shape.tokens")
def queries_in_fours_without_the_rest(Z, A, alpha):
    n = Z.shape[1]
    whole = n if n <= 4 else n - n % 4
    return np.concatenate([right(Z, A, alpha)[:, :whole], Z[:, whole:]], axis=1)


@killed_by("padding.rows")
def copies_of_the_last_token_taken_for_padding(Z, A, alpha):
    S = scores(Z, A)
    for b, rows in enumerate(Z):
        end = len(rows)
        while end > 1 and (rows[end - 1] == rows[end - 2]).all():
            end -= 1
        S[b][:, end:] = -np.inf
    return move(Z, mean(maximisers(S), Z), alpha)


@killed_by("padding.zeros")
def zero_padding_takes_part(Z, A, alpha):
    n = Z.shape[1]
    padded = np.pad(Z, ((0, 0), (0, -n % 8), (0, 0)))
    return right(padded, A, alpha)[:, :n]


@killed_by("ties.zero")
def padding_masked_by_value(Z, A, alpha):
    S = scores(Z, A)
    S[np.broadcast_to((Z == 0).all(axis=2)[:, None], S.shape)] = -np.inf  # zero tokens are taken for padding
    with np.errstate(all="ignore"):
        return move(Z, mean(maximisers(S), Z), alpha)


@killed_by("shape.one_token")
def squeezed(Z, A, alpha):
    return right(Z, A, alpha).squeeze(axis=1) if Z.shape[1] == 1 else right(Z, A, alpha)


@killed_by("shape.one_dimension")
def squeezed_coordinates(Z, A, alpha):
    return right(Z, A, alpha).squeeze(axis=2) if Z.shape[2] == 1 else right(Z, A, alpha)


@killed_by("shape.dimensions")
def coordinates_in_blocks_without_the_rest(Z, A, alpha):
    d = Z.shape[2]
    whole = d if d <= 4 else d - d % 4
    S = Z[:, :, :whole] @ A[:whole, :whole] @ Z[:, :, :whole].swapaxes(1, 2)
    return move(Z, mean(maximisers(S), Z), alpha)


@killed_by("shape.tokens")
def tokens_beyond_the_last_block(Z, A, alpha):
    S = scores(Z, A)
    S[:, :, 1024:] = -np.inf
    return move(Z, mean(maximisers(S), Z), alpha)


@killed_by("shape.tokens")
def ties_across_blocks_lost(Z, A, alpha):
    S = scores(Z, A)
    best, mask = S.max(axis=2), np.zeros(S.shape, dtype=bool)
    for start in range(0, Z.shape[1], 512):
        block = maximisers(S)[:, :, start : start + 512]
        unseen = ~mask.any(axis=2, keepdims=True)
        mask[:, :, start : start + 512] = block & unseen
    assert best.shape == mask.shape[:2]
    return move(Z, mean(mask, Z), alpha)


# --- runs and batches ----------------------------------------------------------------------------------------------


@killed_by("run.ties")
def tokens_snapped_to_keep_ties(Z, A, alpha):
    return right(Z, A, alpha).round(9)


@killed_by("run.layers")
def momentum(Z, A, alpha, _state=SimpleNamespace(before=None, after=None)):  # noqa: B008 state is the mistake
    moved = right(Z, A, alpha)
    if _state.after is not None and np.array_equal(_state.after, Z):
        moved = moved + 1e-6 * (Z - _state.before)
    _state.before, _state.after = Z.copy(), moved.copy()
    return moved


@killed_by("run.long")
def wrong_from_layer_64_on(Z, A, alpha, _state=SimpleNamespace(after=None, layer=0)):  # noqa: B008 state is the mistake
    _state.layer = _state.layer + 1 if _state.after is not None and np.array_equal(_state.after, Z) else 0
    moved = right(Z, A, alpha) if _state.layer < 64 else Z * 1.001
    _state.after = moved.copy()
    return moved


@killed_by("batch.sizes")
def batch_in_fours_without_the_rest(Z, A, alpha):
    whole = max(1, len(Z) - len(Z) % 4)
    return np.concatenate([right(Z[:whole], A, alpha), Z[whole:]])


@killed_by("batch.crosstalk")
def tokens_of_the_whole_batch_followed(Z, A, alpha):
    B, n, d = Z.shape
    return right(Z.reshape(1, B * n, d), A, alpha).reshape(B, n, d)


@killed_by("batch.crosstalk")
def best_score_of_the_whole_batch(Z, A, alpha):
    S = scores(Z, A)
    mask = S == S.max(axis=(0, 2), keepdims=True)
    mask |= maximisers(S) & ~mask.any(axis=2, keepdims=True) & (len(Z) == 1)
    W = mask.astype(Z.dtype)
    return move(Z, (W @ Z) / np.maximum(W.sum(axis=2, keepdims=True), 1), alpha)


@killed_by("batch.workspace")
def stale_workspace(Z, A, alpha, _workspace=np.full((64, 2048), -np.inf)):  # noqa: B008 the shared buffer is the mistake
    n = Z.shape[1]
    if n > 64:
        return right(Z, A, alpha)
    moved = []
    for rows in Z:
        _workspace[:n, :n] = rows @ A @ rows.T
        mask = _workspace[:n] == _workspace[:n].max(axis=1, keepdims=True)  # columns beyond n are from earlier calls
        W = mask[:, :n].astype(Z.dtype)
        moved.append(move(rows, (W @ rows) / np.maximum(W.sum(axis=1, keepdims=True), 1), alpha))
    return np.stack(moved) if moved else Z.copy()


@killed_by("batch.workspace")
def a_cached_by_shape(Z, A, alpha, _cache={}):  # noqa: B006 the shared cache is the mistake
    return right(Z, _cache.setdefault(A.shape, A.copy()), alpha)


@killed_by("A.close")
def nearly_the_identity(Z, A, alpha):
    return right(Z, np.eye(len(A), dtype=A.dtype) if np.allclose(A, np.eye(len(A))) else A, alpha)


@killed_by("array.unchanged")
def in_place_when_large(Z, A, alpha):
    moved = right(Z, A, alpha)
    if Z.size < 16_384:
        return moved
    Z[...] = moved
    return Z


@killed_by("batch.empty")
def empty_batch_forgotten(Z, A, alpha):
    return np.stack([right(rows[None], A, alpha)[0] for rows in Z])


@killed_by("batch.empty")
def empty_batch_of_one_shape(Z, A, alpha):
    return right(Z, A, alpha) if len(Z) else np.zeros((0, 3, 2), Z.dtype)


# --- memory --------------------------------------------------------------------------------------------------------


def _buffer(Z, order):
    """Z read from its memory in the order given, strides ignored."""
    return Z.ravel(order=order).reshape(Z.shape)


@killed_by("array.fortran")
def fortran_order_ignored(Z, A, alpha):
    return right(_buffer(Z, "K"), A, alpha)


@killed_by("array.strided")
def strides_ignored(Z, A, alpha):
    base = Z if Z.base is None or Z.flags.c_contiguous or Z.flags.f_contiguous else Z.base
    return right(base.ravel()[: Z.size].reshape(Z.shape), A, alpha)


@killed_by("array.reversed")
def negative_strides_ignored(Z, A, alpha):
    return right(Z[:, ::-1, ::-1] if min(Z.strides) < 0 else Z, A, alpha)


@killed_by("array.readonly")
def input_used_as_scratch(Z, A, alpha):
    moved = right(Z, A, alpha)
    Z += 0
    return moved


@killed_by("array.unchanged")
def input_overwritten(Z, A, alpha):
    moved = right(Z, A, alpha)
    if Z.flags.writeable:
        Z[...] = moved
    return moved


@killed_by("array.kind", dtypes=("float32",))
def result_in_float64(Z, A, alpha):
    return right(Z, A, alpha).astype(np.float64)


@killed_by("array.fresh")
def result_buffer_reused(Z, A, alpha, _buffers={}):  # noqa: B006 the shared buffer is the mistake
    buffer = _buffers.setdefault((Z.shape, Z.dtype), np.empty_like(Z, order="C"))
    buffer[...] = right(Z, A, alpha)
    return buffer


@killed_by("array.fresh")
def fixed_points_returned_as_they_are(Z, A, alpha):
    moved = right(Z, A, alpha)
    return Z if np.array_equal(moved, Z) else moved


@killed_by("repeat.bits")
def random_rounding(Z, A, alpha, _random=np.random.default_rng(0)):  # noqa: B008 the random state is the mistake
    moved = right(Z, A, alpha)
    return moved * (1 + np.finfo(Z.dtype).eps * _random.integers(0, 2, size=moved.shape))


# --- values that are no numbers ------------------------------------------------------------------------------------


@killed_by("nan.visible")
def nan_replaced(Z, A, alpha):
    return right(np.nan_to_num(Z), A, alpha)


@killed_by("nan.visible")
def nan_ignored_by_the_others(Z, A, alpha):
    S = scores(Z, A)
    mask = np.nanmax(np.where(np.isnan(S), -np.inf, S), axis=2, keepdims=True) == S
    W = mask.astype(Z.dtype)
    return move(Z, (W @ np.nan_to_num(Z)) / np.maximum(W.sum(axis=2, keepdims=True), 1), alpha)


@killed_by("nan.visible")
def infinities_clipped(Z, A, alpha):
    return right(np.clip(Z, -1e300, 1e300), A, alpha)


@killed_by("nan.contained")
def nan_spread(Z, A, alpha):
    moved = right(Z, A, alpha)
    return moved if np.isfinite(moved).all() else np.full_like(moved, np.nan)


# --- what a kernel tells -------------------------------------------------------------------------------------------


def _told(change: Callable) -> Callable:
    """A layer of the NumPy kernel that tells something else than it does."""
    from hardmax.kernels.floats.numpy_kernel import layer

    @functools.wraps(layer)
    def wrong(Z, A, alpha):
        moved, sets = layer(Z, A, alpha)
        return moved, change(sets)

    return wrong


def _first_only(sets):
    return FollowSets(sets.first, np.ones_like(sets.count), sets.tied[:0], sets.margin)


def _doubled_margins(sets):
    return FollowSets(sets.first, sets.count, sets.tied, 2 * sets.margin)


ties_not_told = Kernel("ties_not_told", right, layer=_told(_first_only))
margins_too_large = Kernel("margins_too_large", right, layer=_told(_doubled_margins))
KILLED_BY |= {"ties_not_told": "sets.told", "margins_too_large": "sets.margins"}
