"""Wrong attention kernels on NumPy arrays with negative strides, or that may not be written to. See `core`."""

import torch
from numpy.lib.stride_tricks import as_strided

from hardmax.kernels.attention.adapters.shipped import reference

from .core import WRONG


def reading(read):
    """Attention by `reference`, whose q, k, v are read by a function."""

    def attention(q, k, v, scale=None, mask=None, bias=None, causal=False):
        return read(q, k, v, lambda *arrays: reference(*arrays, scale=scale, mask=mask, bias=bias, causal=causal)[0])

    attention.dtypes, attention.causal_alignment = ("float16", "float32", "float64"), "top_left"
    attention.empty_rows = "zero"
    return attention


def wrong_view(read):
    """Registers it under the name of the function."""
    WRONG[read.__name__] = (reading(read), "layout.views")
    return read


@wrong_view
def strides_without_their_sign(q, k, v, right):
    def lowest(x):
        return (
            x if min(x.strides, default=0) >= 0 else x[tuple(slice(None, None, -1 if s < 0 else 1) for s in x.strides)]
        )

    return right(*(as_strided(lowest(x), x.shape, [abs(s) for s in x.strides]) for x in (q, k, v)))


@wrong_view
def tensors_of_the_same_memory(q, k, v, right):
    return right(torch.from_numpy(q).numpy(), k, torch.from_numpy(v).numpy())


@wrong_view
def queries_scaled_in_place_and_back(q, k, v, right):
    kept = q.copy()
    q += 0
    out = right(q, k, v)
    q[...] = kept
    return out


right_view = reading(lambda q, k, v, right: right(q, k, v))
