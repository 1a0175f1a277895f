"""Kinds of mistakes that one check alone finds: without it such a kernel would pass. See `wrong_places`.

Each is wrong where no other check looks: at block sizes that only one table of sizes has, where tokens and A share a
layout in shapes that only one check gives them, in one call after another.
"""

import functools

import numpy as np
import wrong_places as places
from wrong_places import copied, strides, torch

KILLED_BY: dict[str, str] = {}
KINDS: dict[str, list[str]] = {}
"""Kind -> its kernels."""
kind = functools.partial(places.kind, into=globals())
right_numpy, right_torch = places.right_numpy, places.right_torch


# --- tails and sizes -------------------------------------------------------------------------------------------------

kind("shape.tokens", "scores", (48, 96, 192))(places.last_key_dropped)
kind("shape.dimensions", "form", (24, 48, 96))(places.last_coordinate_not_scored)
kind("shape.precision", "scores", ((1500, 1, 1), (1, 200, 1), (1, 1, 500), (258, 59, 1)))(places.scores_in_float32_from)
kind("shape.tokens", "scores", (80, 112, 176, 224))(places.last_key_dropped)
kind("shape.dimensions", "form", (80, 112, 160))(places.last_coordinate_not_scored)
kind("gradient.sizes", "result", (66, 130, 257), ("torch",))(places.gradient_of_the_last_token_lost)
kind("gradient.sizes", "result", (71, 200, 300), ("torch",))(places.gradient_of_the_last_set_lost)
kind("A.below", "best", (-1e8, -1e12, -1e20))(places.running_maximum_starts_at)


@kind("batch.sizes", "result", (48, 96, 192))
def last_chunk_of_one_set_dropped(moved, Z, A, xp, chunk):
    if len(Z) % chunk == 1 and len(Z) > 1:
        moved = copied(moved, xp)
        moved[-1] = Z[-1]
    return moved


@kind("shape.one_token", "result", (2, 3, 70))
def sets_of_one_token_taken_for_one_set(moved, Z, A, xp, B):
    if Z.shape[1] > 1 or len(Z) < B:
        return moved
    X = Z[:, 0]
    return moved + (X[((X @ A) @ X.swapaxes(0, 1)).argmax(1)] - X)[:, None] / 2


@kind("shape.tokens", "mask", (1000, 1500, 2000))
def followers_of_at_most_so_many(mask, Z, A, xp, most):
    return mask & (mask.cumsum(2) <= most)


@kind("shape.precision", "tokens", (20_000, 40_000, 65_536))
def places_wrap_at(Z, _, A, xp, end):
    """Places of numbers within a set are counted modulo `end`."""
    _B, n, d = Z.shape
    return Z if n * d <= end else Z.reshape(len(Z), n * d)[:, np.arange(n * d) % end].reshape(Z.shape)


# --- decisions -------------------------------------------------------------------------------------------------------


@kind("ties.near", "scores", (0.7, 0.6, 0.55))
def scores_times_a_scale(S, Z, A, xp, scale):
    """Of scores that differ by one unit in the last place some become equal."""
    return S * scale if Z.shape[2] > 1 else S


@kind("ties.near", "mask", (1e-300, 1e-250, 1e-200))
def absolute_tolerance(mask, Z, A, xp, tolerance):
    S = (Z @ A) @ Z.swapaxes(1, 2)
    best = S.max(2)[0] if xp is torch else S.max(2)
    return S >= best[:, :, None] - tolerance if str(Z.dtype).endswith("64") else mask


# --- layouts: where tokens and A share one ---------------------------------------------------------------------------

SHAPES = ((2, 65, 3), (2, 7, 33), (2, 8, 8))
"""(B, n, d)."""
OTHERS = ((2, 12, 130), (3, 33, 17), (2, 5, 3))
"""The same, for a layout of A that `array.form` tries under two names."""


def misread(check, shapes=SHAPES):
    """Tokens of a layout that A has as well are read as if they were contiguous, from the beginning of the buffer."""

    def register(shared):
        def read(Z, _, A, xp, shape):
            _B, n, d = shape
            if tuple(Z.shape) != shape or not shared(Z, A, xp):
                return Z
            if xp is torch:
                return Z.as_strided(Z.shape, (n * d, d, 1), 0)
            return np.lib.stride_tricks.as_strided(buffer_of(Z), Z.shape, [s * Z.itemsize for s in (n * d, d, 1)])

        kind(check, "tokens", shapes)(functools.wraps(shared)(read))
        return shared

    return register


def buffer_of(x):
    """What a view is of."""
    return x if x.base is None else x.base


def begins_within(x, xp):
    """Whether a contiguous array begins within its buffer."""
    if xp is torch:
        return x.is_contiguous() and x.storage_offset() > 0
    return x.flags.c_contiguous and buffer_of(x).size > x.size


@misread("array.permuted", OTHERS)
def permuted_like_a(Z, A, xp):
    outer, middle, inner = strides(Z, xp)
    return inner == 1 and outer < middle and strides(A, xp)[0] == 1


@misread("array.padded")
def padded_like_a(Z, A, xp):
    _, middle, inner = strides(Z, xp)
    return inner == 1 and middle == Z.shape[2] + 3 and strides(A, xp)[0] == len(A) + 3


@misread("array.sliced")
def sliced_like_a(Z, A, xp):
    _, middle, inner = strides(Z, xp)
    return (middle, inner) == (Z.shape[2], 1) and not begins_within(Z, xp) and begins_within(A, xp)


@misread("array.strided")
def strided_like_a(Z, A, xp):
    return strides(Z, xp)[2] == strides(A, xp)[1] == 2


@misread("array.offset")
def offset_like_a(Z, A, xp):
    return begins_within(Z, xp) and begins_within(A, xp)


@kind("array.form", "form", (1, 3, 5))
def transposed_a_read_as_it_lies(A, Z, _, xp, n):
    """Only beside a batch of contiguous tokens."""
    outer, inner = strides(A, xp)
    plain = Z.is_contiguous() if xp is torch else Z.flags.c_contiguous
    return A.swapaxes(0, 1) if plain and len(Z) > 1 and Z.shape[1] >= n and outer == 1 and inner == len(A) > 1 else A


@misread("array.fortran", ((1, 257, 2), (2, 12, 130), (257, 3, 2)))
def fortran_like_a(Z, A, xp):
    return strides(Z, xp)[0] == strides(A, xp)[0] == 1 < strides(Z, xp)[2]


# --- state -----------------------------------------------------------------------------------------------------------

FEW = 60
"""Smaller calls use no workspace."""


@kind("batch.memory", "best", (8, 32, 64))
def stale_columns_of_the_call_before(best, Z, A, xp, block, _last={}):  # noqa: B006 the workspace is the mistake
    """Scores are kept in a workspace whose columns are read up to a multiple of the block."""
    n, held = Z.shape[1], (block, xp, str(Z.dtype))
    before, end = _last.get(held), -(-n // block) * block
    _last[held] = (Z @ A) @ Z.swapaxes(1, 2)
    if before is not None and n >= FEW and before.shape[1] > n and end > n and len(before) >= len(Z):
        stale = before[: len(Z), :n, n:end]
        best = xp.maximum(best, stale.max(2)[0] if xp is torch else stale.max(2))
    return best


@kind("array.fresh", "result", (2, 4, 8))
def results_take_turns(moved, Z, A, xp, several, _held={}):  # noqa: B006 the buffers are the mistake
    """A few buffers are written in turn."""
    if xp is torch and moved.requires_grad:
        return moved
    buffers = _held.setdefault((several, xp, str(Z.dtype), tuple(Z.shape)), [])
    if len(buffers) < several:
        buffers.append(copied(moved, xp))
        return buffers[-1]
    buffers.append(buffers.pop(0))
    buffers[-1][...] = moved
    return buffers[-1]


# --- numbers and promises --------------------------------------------------------------------------------------------


@kind("ties.signed", "mask", (1, 2, 3))
def copies_that_differ_in_a_zero_left_out(mask, Z, A, xp, d):
    """In sets of few tokens."""
    wrong = places.copies_that_differ_in_a_zero_left_out
    return wrong(mask, Z, A, xp, d) if Z.shape[1] <= 4 and Z.shape[2] == d else mask


@kind("batch.invariant", "result", (2, 8, 64), batch_invariant=True)
def other_bits_in_batches(moved, Z, A, xp, B):
    return moved * 3 / 3 if len(Z) >= B else moved


# --- what torch remembers --------------------------------------------------------------------------------------------


@kind("gradient.modes", "result", ("no_grad", "inference", "gradient"), ("torch",))
def other_values_in_one_mode(moved, Z, A, xp, mode):
    here = {
        "no_grad": not torch.is_grad_enabled() and not torch.is_inference_mode_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "gradient": Z.requires_grad,
    }[mode]
    return moved + (Z.mean(1, keepdim=True) / 64).detach() if here else moved


def passes(check, step, places):
    """Register a step whose backward pass is `back`: (g, its forward pass, n) -> gradient; g is that of the result."""

    def register(back):
        def wrong(x, Z, A, xp, n):
            class Passed(torch.autograd.Function):
                @staticmethod
                def forward(ctx, x):
                    ctx.given = x
                    back.last = ctx
                    return x * 1

                @staticmethod
                def backward(ctx, g):
                    return back(g, ctx)

            return Passed.apply(x) if x.requires_grad and x.shape[1] >= n else x

        kind(check, step, places, ("torch",))(functools.wraps(back)(wrong))
        return back

    return register


@passes("gradient.memory", "result", (1, 5, 10))
def gradient_of_the_last_forward_pass_alone(g, ctx):
    """What a forward pass keeps for its backward pass, the next one overwrites."""
    return g if gradient_of_the_last_forward_pass_alone.last is ctx else g * 0


@passes("gradient.memory", "result", (1, 5, 10))
def gradient_used_up(g, ctx):
    """A second backward pass meets what the first one has left."""
    ctx.used = getattr(ctx, "used", 0) + 1
    return g * ctx.used


@passes("gradient.memory", "result", (1, 5, 10))
def gradient_of_the_result_overwritten(g, ctx):
    if not g.is_contiguous():
        return g
    kept = g.clone()
    g.zero_()
    return kept


@passes("gradient.memory", "tokens", (1, 5, 10))
def gradient_written_as_if_contiguous(g, ctx):
    """Into memory that is laid out like the tokens."""
    _B, n, d = g.shape
    out = torch.empty_like(ctx.given)
    out.as_strided(g.shape, (n * d, d, 1)).copy_(g)
    return out
