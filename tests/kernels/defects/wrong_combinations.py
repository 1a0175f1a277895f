"""Wrong kernels that are right wherever only one property is unusual: two must meet. See `wrong_kernels`."""

import numpy as np

from hardmax.kernels.floats import numpy_kernel
from hardmax.kernels.follow_sets import FloatProof, FollowSets
from hardmax.kernels.protocol import Kernel

KILLED_BY: dict[str, str] = {}


def killed_by(check):
    """Register a wrong kernel under the check that must find it; all compute in both dtypes."""

    def register(step):
        KILLED_BY[step.__name__] = check
        step.dtypes = ("float64", "float32")
        return step

    return register


def scores(Z, A):
    return (Z @ A) @ Z.swapaxes(1, 2)


def maximisers(S):
    return S == S.max(axis=2, keepdims=True)


def moved(Z, mask, alpha):
    mean = (mask.astype(Z.dtype) @ Z) / mask.sum(axis=2)[..., None].astype(Z.dtype)
    return Z + Z.dtype.type(alpha / (1 + alpha)) * (mean - Z)


def right(Z, A, alpha):
    return moved(Z, maximisers(scores(Z, A)), alpha)


right.dtypes = ("float64", "float32")


def first_only(Z, A, alpha):
    S = scores(Z, A)
    return moved(Z, np.arange(S.shape[2]) == S.argmax(axis=2)[..., None], alpha)


def in_float32(Z, A, alpha):
    return right(Z.astype(np.float32), A.astype(np.float32), alpha).astype(Z.dtype)


def within_tolerance(Z, A, alpha):
    S = scores(Z, A)
    return moved(Z, np.isclose(S, S.max(axis=2, keepdims=True)), alpha)


# --- batches -----------------------------------------------------------------------------------------------------


@killed_by("cross.batches")
def ties_lost_in_batches(Z, A, alpha):
    return first_only(Z, A, alpha) if len(Z) > 1 else right(Z, A, alpha)


@killed_by("cross.batches")
def ties_grouped_without_the_set(Z, A, alpha):
    mask = maximisers(scores(Z, A))
    b, i, j = np.nonzero(mask & (mask.sum(axis=2) > 1)[..., None])
    mean = np.take_along_axis(Z, mask.argmax(axis=2)[..., None], axis=1)
    if len(b):
        starts = np.flatnonzero(np.r_[True, np.diff(i) != 0])  # np.diff(b) is forgotten
        count = np.diff(np.r_[starts, len(i)])[:, None]
        mean[b[starts], i[starts]] = np.add.reduceat(Z[b, j], starts, axis=0) / count
    return Z + Z.dtype.type(alpha / (1 + alpha)) * (mean - Z)


@killed_by("cross.batches")
def ties_kept_in_the_first_set_only(Z, A, alpha):
    result = first_only(Z, A, alpha)
    result[:1] = right(Z[:1], A, alpha)
    return result


@killed_by("cross.batches")
def tolerance_in_batches(Z, A, alpha):
    return within_tolerance(Z, A, alpha) if len(Z) > 1 else right(Z, A, alpha)


@killed_by("cross.batches")
def float32_in_batches(Z, A, alpha):
    return in_float32(Z, A, alpha) if len(Z) > 1 else right(Z, A, alpha)


@killed_by("cross.batches")
def remainder_of_the_last_chunk_forgotten(Z, A, alpha):
    result = right(Z, A, alpha)
    if len(Z) > 65:
        whole = len(Z) // 64 * 64
        result[whole:] = Z[whole:]
    return result


# --- A -----------------------------------------------------------------------------------------------------------


@killed_by("cross.forms")
def a_transposed_from_four_coordinates_on(Z, A, alpha):
    return right(Z, A.T if len(A) > 3 else A, alpha)


@killed_by("cross.forms")
def a_ignored_from_18_tokens_on(Z, A, alpha):
    return right(Z, np.eye(len(A), dtype=Z.dtype) if Z.shape[1] > 17 else A, alpha)


@killed_by("A.close")
def a_in_float16(Z, A, alpha):
    return right(Z, A.astype(np.float16).astype(Z.dtype), alpha)


@killed_by("array.fortran")
def a_read_as_it_lies_in_memory(Z, A, alpha):
    return right(Z, A.ravel(order="K").reshape(A.shape), alpha)


@killed_by("array.readonly")
def a_must_be_writable(Z, A, alpha):
    if not A.flags.writeable:
        raise ValueError("A is read-only")
    return right(Z, A, alpha)


@killed_by("alpha.decimals")
def alpha_in_float32(Z, A, alpha):
    return right(Z, A, float(np.float32(alpha)) if 1e-30 < alpha < 1e30 else alpha)


# --- sizes -------------------------------------------------------------------------------------------------------


@killed_by("shape.dimensions")
def coordinates_beyond_100_not_scored(Z, A, alpha):
    A = A.copy()
    A[100:] = 0
    return right(Z, A, alpha)


@killed_by("shape.tokens")
def nothing_beyond_1030_tokens(Z, A, alpha):
    return right(Z, A, alpha) if Z.shape[1] <= 1030 else Z.copy()


@killed_by("cross.sizes")
def last_token_of_a_block_of_256_is_no_key(Z, A, alpha):
    S = scores(Z, A)
    if S.shape[2] % 256 == 0:
        S[:, :, -1] = -np.inf
    return moved(Z, maximisers(S), alpha)


@killed_by("cross.sizes")
def last_coordinates_in_float32(Z, A, alpha):
    result = right(Z, A, alpha)
    result[..., 16:] = result[..., 16:].astype(np.float32)
    return result


@killed_by("cross.sizes")
def members_in_32_bits(Z, A, alpha):
    mask = maximisers(scores(Z, A))
    if Z.shape[1] <= 64:
        mask &= (np.arange(Z.shape[1]) < 32) | (mask.sum(axis=2, keepdims=True) == 1)
    return moved(Z, mask, alpha)


# --- ties --------------------------------------------------------------------------------------------------------


@killed_by("cross.ties")
def ties_lost_from_six_coordinates_on(Z, A, alpha):
    return first_only(Z, A, alpha) if Z.shape[2] > 5 else right(Z, A, alpha)


@killed_by("cross.ties")
def ties_lost_between_36_and_999_tokens(Z, A, alpha):
    return first_only(Z, A, alpha) if 35 < Z.shape[1] < 1000 else right(Z, A, alpha)


@killed_by("cross.ties")
def tolerance_from_five_coordinates_on(Z, A, alpha):
    return within_tolerance(Z, A, alpha) if Z.shape[2] > 4 else right(Z, A, alpha)


# --- what a kernel tells of batches, and proves --------------------------------------------------------------------


def told(name, change, ties="all", base=None):
    """A kernel whose layer is that of the NumPy kernel, but what it tells is changed by `change(Z, sets)`."""

    def layer(Z, A, alpha):
        moved_, sets = numpy_kernel.layer(Z, A, alpha)
        return moved_ if base is None else base(Z, A, alpha), change(Z, sets)

    return Kernel(name, base or numpy_kernel.step, dtypes=("float64", "float32"), layer=layer, ties=ties)


def _first_of_set_0(Z, sets):
    sets.first[1:] = sets.first[:1]
    return sets


def _ties_in_set_0(Z, sets):
    sets.tied[:, 0] = 0
    return sets


def _infinite_margins(Z, sets):
    if len(Z) > 1:
        sets.margin[:] = np.inf
    return sets


def _input_doubled(Z, sets):
    Z *= 2
    return sets


def _ties_left_out(Z, sets):
    return FollowSets(sets.first, np.ones_like(sets.count), sets.tied[:0], sets.margin)


def _nothing(Z, sets):
    return None


def _proved_at_once(Z, A, alpha, layers):
    B, n, d = Z.shape
    return FloatProof(np.zeros((layers, B, n), int), np.zeros(B, int), Z.copy(), np.zeros((B, d)), np.zeros(B, int))


first_told_of_set_0 = told("first_told_of_set_0", _first_of_set_0)
ties_told_of_set_0 = told("ties_told_of_set_0", _ties_in_set_0)
margins_infinite_in_batches = told("margins_infinite_in_batches", _infinite_margins)
input_doubled_by_layer = told("input_doubled_by_layer", _input_doubled)
margins_beyond_ties_left_out = told("margins_beyond_ties_left_out", _ties_left_out, "first", first_only)
sets_not_told = told("sets_not_told", _nothing)
everything_proved = Kernel("everything_proved", right, dtypes=("float64", "float32"), prove=_proved_at_once)
KILLED_BY |= {
    "first_told_of_set_0": "sets.told",
    "ties_told_of_set_0": "sets.told",
    "margins_infinite_in_batches": "sets.margins",
    "input_doubled_by_layer": "sets.told",
    "margins_beyond_ties_left_out": "sets.margins",
    "sets_not_told": "sets.told",
    "everything_proved": "sets.proved",
}


# --- NaN and memory ------------------------------------------------------------------------------------------------


@killed_by("nan.visible")
def nan_silent_from_three_coordinates_on(Z, A, alpha):
    return right(np.nan_to_num(Z) if Z.shape[2] > 2 else Z, A, alpha)


@killed_by("nan.contained")
def nan_spread_in_large_batches(Z, A, alpha):
    result = right(Z, A, alpha)
    return np.full_like(result, np.nan) if len(Z) > 3 and np.isnan(Z).any() else result


@killed_by("array.unchanged")
def in_place_where_not_contiguous(Z, A, alpha):
    result = right(Z, A, alpha)
    if not Z.flags.c_contiguous:
        Z[...] = result
    return result


BUFFERS: dict[tuple, np.ndarray] = {}


@killed_by("array.fresh")
def one_buffer_for_a_set_of_four(Z, A, alpha):
    result = right(Z, A, alpha)
    if Z.shape[:2] != (1, 4):
        return result
    buffer = BUFFERS.setdefault((Z.shape, Z.dtype.str), np.empty_like(result))
    buffer[...] = result
    return buffer


# --- sums ----------------------------------------------------------------------------------------------------------


@killed_by("values.bound")
def means_as_differences_of_running_sums(Z, A, alpha):
    """Of neighbours in memory; the others are summed."""
    S = Z @ A @ Z.swapaxes(1, 2)
    mask = S == S.max(2, keepdims=True)
    first, end = mask.argmax(2), Z.shape[1] - mask[:, :, ::-1].argmax(2)
    sums = np.concatenate([np.zeros_like(Z[:, :1]), Z.cumsum(1)], 1)
    moved = right(Z, A, alpha)
    for b, i in np.argwhere(mask.sum(2) == end - first):
        m = (sums[b, end[b, i]] - sums[b, first[b, i]]) / Z.dtype.type(end[b, i] - first[b, i])
        moved[b, i] = Z[b, i] + Z.dtype.type(alpha / (1 + alpha)) * (m - Z[b, i])
    return moved
