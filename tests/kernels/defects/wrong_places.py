"""Kinds of mistakes at several places each, in NumPy and in torch, as data: one right kernel with one step replaced.

A *kind* names the step that it replaces (what comes before goes through it: tokens, A, α, scores, best scores, the mask
of followed tokens, the next tokens), the check that must find it, and the places (sizes, values) where it is wrong.
A kernel is called KIND_PLACE_LIBRARY, e.g. `last_key_dropped_64_torch`. See `wrong_kernels`.
"""

import functools

import numpy as np

from hardmax.kernels.protocol import declare

try:
    import torch
except ImportError:
    torch = None

LIBRARIES = {"numpy": np, "torch": torch}
KILLED_BY: dict[str, str] = {}
KINDS: dict[str, list[str]] = {}
"""Kind -> its kernels."""


def kernel(xp, declared=None, **steps):
    """The right kernel in NumPy or torch, with `steps` replaced: what a step returns goes on."""

    def through(name, x, Z, A):
        return steps[name](x, Z, A, xp) if name in steps else x

    def step(tokens, form, alpha):
        Z, A = through("tokens", tokens, tokens, form), through("form", form, tokens, form)
        alpha = through("alpha", alpha, tokens, form)
        scores = (Z @ A) @ (Z.swapaxes(1, 2))
        scores = through("scores", scores.detach() if xp is torch else scores, Z, A)
        best = through("best", scores.max(2)[0] if xp is torch else scores.max(2), Z, A)[:, :, None]
        mask = through("mask", scores == best, Z, A)
        weights = mask.to(Z.dtype) if xp is torch else mask.astype(Z.dtype)
        mean = (weights @ Z) / weights.sum(2)[:, :, None]
        rate = alpha / (1 + alpha)
        moved = Z + (rate if xp is torch else Z.dtype.type(rate)) * (mean - Z)
        return through("result", moved, tokens, form)

    name = "torch" if xp is torch else "numpy"
    return declare(step, dtypes=("float64", "float32"), arrays=name, name=name, **(declared or {}))


right_numpy, right_torch = kernel(np), kernel(torch) if torch else None


def kind(check, step, places, libraries=("numpy", "torch"), into=None, **declared):
    """Register a wrong step at all places in all libraries, in this module or in the names `into`."""
    names = globals() if into is None else into

    def register(function):
        for place in places:
            for library in libraries:
                if LIBRARIES[library] is None:
                    continue
                where = "_".join(map(str, place if isinstance(place, tuple) else (place,)))
                name = (
                    f"{function.__name__}_{where}_{library}".replace("-", "minus_").replace(".", "_").replace("+", "")
                )

                def wrong(x, Z, A, xp, place=place):
                    return function(x, Z, A, xp, place)

                names[name] = kernel(LIBRARIES[library], declared, **{step: wrong})
                names["KILLED_BY"][name] = check
                names["KINDS"].setdefault(function.__name__, []).append(name)
        return function

    return register


INF = float("inf")


def single(x, xp):
    """x in float32."""
    return x.float() if xp is torch else x.astype(np.float32)


def like(x, other, xp):
    """x in the dtype of `other`."""
    return x.to(other.dtype) if xp is torch else x.astype(other.dtype)


def first_only(mask, xp):
    """The first of each row of a mask."""
    if xp is torch:
        return mask & (mask.cumsum(2) == 1)
    return mask & (mask.cumsum(axis=2) == 1)


def copied(x, xp):
    return x.clone() if xp is torch else x.copy()


# --- tails -----------------------------------------------------------------------------------------------------------


@kind("shape.tokens", "scores", (32, 64, 128, 256))
def last_key_dropped(S, Z, A, xp, block):
    if Z.shape[1] % block == 1 and Z.shape[1] > 1:
        S[:, :, -1] = -INF
    return S


@kind("shape.tokens", "mask", (32, 64, 256))
def last_key_in_no_tie(mask, Z, A, xp, block):
    if Z.shape[1] % block == 1:
        mask[:, :, -1] &= mask.sum(2) == 1
    return mask


@kind("shape.tokens", "result", (16, 64, 128))
def last_query_not_moved(moved, Z, A, xp, block):
    if Z.shape[1] % block == block - 1:
        moved = copied(moved, xp)
        moved[:, -1] = Z[:, -1]
    return moved


@kind("shape.dimensions", "form", (32, 64, 128))
def last_coordinate_not_scored(A, Z, _, xp, block):
    A = copied(A, xp)
    if len(A) % block == 1 and len(A) > 1:
        A[-1] = 0
    return A


@kind("shape.dimensions", "result", (8, 32, 128))
def last_coordinate_not_moved(moved, Z, A, xp, block):
    if Z.shape[2] % block == 1 and Z.shape[2] > 1:
        moved = copied(moved, xp)
        moved[:, :, -1] = Z[:, :, -1]
    return moved


# --- sizes -----------------------------------------------------------------------------------------------------------


@kind("batch.sizes", "result", (192, 256, 1024))
def last_chunk_of_sets_dropped(moved, Z, A, xp, chunk):
    whole = len(Z) // chunk * chunk
    if whole:
        moved = copied(moved, xp)
        moved[whole:] = Z[whole:]
    return moved


@kind("batch.sizes", "result", (255, 4095, 65535))
def sets_beyond_the_grid_dropped(moved, Z, A, xp, grid):
    moved = copied(moved, xp)
    moved[grid:] = Z[grid:]
    return moved


@kind("shape.tokens", "mask", (1200, 1500, 2000))
def first_maximiser_from_many_tokens_on(mask, Z, A, xp, n):
    return first_only(mask, xp) if Z.shape[1] >= n else mask


@kind("shape.dimensions", "form", (129, 200, 255))
def coordinates_beyond_not_scored(A, Z, _, xp, d):
    A = copied(A, xp)
    A[d:] = 0
    return A


# --- far below zero --------------------------------------------------------------------------------------------------


@kind("A.below", "best", (0.0, -1e4, -65504.0, -1e30))
def running_maximum_starts_at(best, Z, A, xp, start):
    return xp.maximum(best, best * 0 + start)


@kind("A.below", "scores", (-1e4, -65504.0, -1e9))
def padded_keys_score(S, Z, A, xp, value):
    """Keys are padded to a multiple of 8 and masked with a number: where it wins, nobody is followed."""
    if Z.shape[1] % 8:
        S = xp.where(S < value, S * 0 - INF, S)
    return S


@kind("A.below", "scores", (33, 100, 257))
def scores_clipped_at_many_tokens(S, Z, A, xp, n):
    return S.clip(-1e6, None) if Z.shape[1] >= n else S


# --- precision -------------------------------------------------------------------------------------------------------


@kind("shape.precision", "scores", ((1500, 1, 1), (1, 200, 1), (1, 1, 500)))
def scores_in_float32_from(S, Z, A, xp, shape):
    n, d, B = shape
    return like(single(S, xp), S, xp) if Z.shape[1] >= n and Z.shape[2] >= d and len(Z) >= B else S


@kind("shape.precision", "mask", (300, 1100, 1600))
def tolerance_from_many_tokens_on(mask, Z, A, xp, n):
    if Z.shape[1] < n:
        return mask
    S = (Z @ A) @ Z.swapaxes(1, 2)
    best = S.max(2)[0] if xp is torch else S.max(2)
    return S >= best[:, :, None] - abs(best[:, :, None]) * 1e-6


# --- memory layout ---------------------------------------------------------------------------------------------------


def strides(x, xp):
    """Strides in entries."""
    return tuple(x.stride()) if xp is torch else tuple(s // x.itemsize for s in x.strides)


def read(x, xp, steps):
    """x read from where it begins with other strides."""
    if xp is torch:
        return x.as_strided(x.shape, steps)
    return np.lib.stride_tricks.as_strided(x, x.shape, [s * x.itemsize for s in steps])


@kind("array.permuted", "tokens", (1, 3, 9))
def outer_strides_taken_for_contiguous(Z, _, A, xp, n):
    B, m, d = Z.shape
    outer, middle, inner = strides(Z, xp)
    permuted = inner == 1 and outer < middle and B > 1 and m >= n and outer
    return read(Z, xp, (m * d, d, 1)) if permuted else Z


@kind("array.padded", "tokens", (1, 4, 8))
def padding_of_rows_ignored(Z, _, A, xp, d):
    _B, n, width = Z.shape
    outer, middle, inner = strides(Z, xp)
    padded = inner == 1 and middle > width and outer > middle and width >= d
    return read(Z, xp, (n * width, width, 1)) if padded and n > 1 else Z


@kind("array.sliced", "tokens", (1, 3, 17))
def sets_taken_for_packed(Z, _, A, xp, d):
    """Whole rows one after the other: the next set is read from where this one ends."""
    _B, n, width = Z.shape
    outer, middle, inner = strides(Z, xp)
    packed = inner == 1 and middle == width >= d and outer > n * width
    return read(Z, xp, (n * width, width, 1)) if packed else Z


@kind("array.offset", "tokens", (1, 3, 17))
def beginning_of_the_buffer_read(Z, _, A, xp, d):
    if Z.shape[2] < d:
        return Z
    if xp is torch:
        return Z.as_strided(Z.shape, Z.stride(), 0) if Z.is_contiguous() else Z
    inside = Z.base is not None and Z.flags.c_contiguous and Z.base.size > Z.size
    return Z.base.ravel()[: Z.size].reshape(Z.shape) if inside else Z


@kind("array.expanded", "result", (2, 3, 9))
def only_the_first_of_what_is_repeated_moved(moved, Z, A, xp, n):
    if Z.shape[1] >= n and len(Z) > 1 and strides(Z, xp)[0] == 0:
        moved = copied(moved, xp)
        moved[1:] = Z[1:]
    return moved


@kind("array.form", "form", (2, 3, 8))
def transposed_a_read_as_it_lies(A, Z, _, xp, d):
    outer, inner = strides(A, xp)
    plain = Z.is_contiguous() if xp is torch else Z.flags.c_contiguous
    return A.swapaxes(0, 1) if plain and len(A) >= d and outer == 1 and inner == len(A) > 1 else A


@kind("array.unchanged", "result", (70, 300, 600))
def many_tokens_moved_in_place(moved, Z, A, xp, n):
    plain = Z.is_contiguous() and not moved.requires_grad if xp is torch else Z.flags.c_contiguous and Z.flags.writeable
    if Z.shape[1] >= n and plain:
        Z[...] = moved
    return moved


# --- state -----------------------------------------------------------------------------------------------------------

HELD = 400
"""Larger arrays are not remembered."""


def remembered(check, step, places):
    """Register a step that gives back what it met first under the key of a function, if it is not None."""

    def register(function):
        seen = {}

        @functools.wraps(function)
        def step_(x, Z, A, xp, place):
            found = function(x, Z, xp, place)
            if found is None or x.reshape(-1).shape[0] > HELD:
                return x
            held = (found, place, xp, str(x.dtype), tuple(x.shape))
            return seen.setdefault(held, (copied(x, xp), x))[0]  # x stays alive, so that its id stays its own

        return kind(check, step, places)(step_)

    return register


@remembered("batch.refilled", "tokens", (2, 5, 9))
def tokens_remembered_by_object(x, Z, xp, n):
    return id(x) if Z.shape[1] >= n else None


@remembered("batch.refilled", "form", (2, 3, 9))
def a_remembered_by_object(x, Z, xp, n):
    return id(x) if Z.shape[1] >= n else None


@remembered("batch.memory", "tokens", (2, 5, 9))
def tokens_remembered_by_the_first(x, Z, xp, n):
    return tuple(x[0, 0].tolist()) if Z.shape[1] >= n else None


@remembered("batch.memory", "tokens", (2, 5, 9))
def tokens_remembered_by_their_sum(x, Z, xp, n):
    return float(x.sum()) if Z.shape[1] >= n else None


@remembered("batch.memory", "form", (2, 3, 9))
def a_remembered_by_its_diagonal(x, Z, xp, n):
    return tuple(float(x[i, i]) for i in range(len(x))) if Z.shape[1] >= n else None


@kind("batch.memory", "best", (8, 32, 64))
def stale_columns_of_a_larger_call(best, Z, A, xp, block, _old={}):  # noqa: B006 the shared workspace is the mistake
    """Scores are kept in a workspace whose columns are read up to a multiple of the block."""
    B, n, _ = Z.shape
    held = block, xp, str(Z.dtype)
    S = (Z @ A) @ Z.swapaxes(1, 2)
    before = _old.get(held)
    end = -(-n // block) * block
    if before is not None and before.shape[1] > n < before.shape[2] and len(before) >= B and end > n:
        stale = before[:B, :n, n:end]
        best = xp.maximum(best, stale.max(2)[0] if xp is torch else stale.max(2))
    if before is None or B * n * n <= 10**6:
        _old[held] = S
    return best


# --- numbers ---------------------------------------------------------------------------------------------------------


@kind("nan.form", "form", (0, 1, -1))
def nan_in_a_replaced(A, Z, _, xp, row):
    A = copied(A, xp)
    if len(A) > 1:
        A[row] = xp.nan_to_num(A[row])
    return A


@kind("nan.form", "form", (1e3, 1e9, 1e30))
def a_clipped(A, Z, _, xp, most):
    return A.clip(-most, most)


@kind("nan.alpha", "alpha", (1e20, 1e60, 1e300))
def alpha_clipped_at(alpha, Z, A, xp, most):
    return min(most, alpha) if alpha == INF or alpha != alpha else alpha


@kind("nan.alpha", "alpha", (0.0, 1.0, 2.0))
def nan_alpha_replaced(alpha, Z, A, xp, value):
    return value if alpha != alpha else alpha


@kind("alpha.decimals", "alpha", (1e-3, 1e-4, 1e-5))
def small_alpha_in_float32(alpha, Z, A, xp, most):
    return float(np.float32(alpha)) if 1e-30 < alpha <= most else alpha


@kind("alpha.decimals", "alpha", (30.0, 1e3, 1e4))
def large_alpha_in_float32(alpha, Z, A, xp, least):
    return float(np.float32(alpha)) if least <= alpha < 1e30 else alpha


@kind("ties.signed", "mask", (1, 2, 3))
def copies_that_differ_in_a_zero_left_out(mask, Z, A, xp, d):
    """Of equal tokens only those with the same bits as the first maximiser count."""
    if Z.shape[2] < d:
        return mask
    bits = like(xp.signbit(Z), Z, xp).sum(2)
    first = first_only(mask, xp)
    same = (like(first, Z, xp) * bits[:, None, :]).sum(2)[:, :, None] == bits[:, None, :]
    equal = (Z[:, None, :, :] == (like(first, Z, xp) @ Z)[:, :, None, :]).all(3) if Z.shape[1] < 300 else mask
    return mask & (same | ~equal)


# --- gradients (torch) -----------------------------------------------------------------------------------------------


def backward(change):
    """A step for the result whose gradient is `change` of the right one."""

    def step(moved, Z, A, xp, place):
        class Changed(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x.clone()

            @staticmethod
            def backward(ctx, g):
                return change(g, place)

        return Changed.apply(moved) if moved.requires_grad else moved

    return step


def gradient(check, places):
    def register(change):
        return kind(check, "result", places, ("torch",))(functools.wraps(change)(backward(change)))

    return register


@gradient("gradient.upstream", (1, 3, 9))
def gradient_read_as_contiguous(g, n):
    _B, m, d = g.shape
    if m < n or g.is_contiguous() or 0 in g.stride():
        return g
    return g.as_strided(g.shape, (m * d, d, 1))


@gradient("gradient.upstream", (1, 3, 9))
def expanded_gradient_read_once(g, n):
    if g.shape[1] < n or 0 not in g.stride():
        return g
    g = g.clone()
    g[1:] = 0
    g[:, 1:] = 0
    return g


@gradient("gradient.upstream", (1, 3, 9))
def strided_gradient_copied_through_half(g, n):
    return g if g.shape[1] < n or g.is_contiguous() or 0 in g.stride() else g.half().to(g.dtype)


@gradient("gradient.upstream", (1e3, 1e6, 1e15))
def gradient_clipped(g, most):
    return g.clip(-most, most)


@gradient("gradient.upstream", (1, 3, 9))
def gradient_normalised(g, n):
    return g / abs(g).max() * abs(g).max() if g.shape[1] >= n else g


@gradient("gradient.sizes", (33, 65, 257))
def gradient_of_the_last_token_lost(g, n):
    g = g.clone()
    if g.shape[1] >= n:
        g[:, -1] = 0
    return g


@gradient("gradient.sizes", (9, 33, 130))
def gradient_of_the_last_coordinate_lost(g, d):
    g = g.clone()
    if g.shape[2] >= d:
        g[:, :, -1] = 0
    return g


@gradient("gradient.sizes", (33, 70, 300))
def gradient_of_the_last_set_lost(g, B):
    g = g.clone()
    if len(g) >= B:
        g[-1] = 0
    return g
