"""Wrong answers, layouts, memory and state, and what becomes of NaN and infinity, one mistake each. See `core`."""

# ruff: noqa: N801 classes are called as the kernels that are made of them

import math

import torch

from .core import Steps, wrong

# Answers, memory and state.


@wrong("call.plain")
class returned_wide(Steps):
    def last(self, out, q, k, v):
        return out.to(torch.float32 if q.dtype == torch.float64 else torch.float64)


@wrong("call.plain")
class returned_transposed(Steps):
    def last(self, out, q, k, v):
        return out.transpose(1, 2)


def dense(x, strides=None):
    """The memory of `x` read as if its axes lay one in another."""
    if strides is None:
        strides = torch.empty(x.shape, device="meta").stride()
    room = x.untyped_storage().size() // x.element_size() - x.storage_offset()
    if x.numel() and sum((n - 1) * s for n, s in zip(x.shape, strides, strict=True)) >= room:
        return torch.full_like(x, math.nan)  # beyond the memory of the array
    return x.as_strided(x.shape, strides, x.storage_offset())


@wrong("layout.transposed")
class queries_read_as_dense(Steps):
    def __call__(self, q, *rest):
        swapped = q.transpose(1, 2).is_contiguous() or q.transpose(2, 3).is_contiguous()
        return super().__call__(dense(q) if swapped else q, *rest)


@wrong("layout.packed")
class keys_begin_at_the_storage(Steps):
    def __call__(self, q, k, *rest):
        return super().__call__(q, torch.as_strided(k, k.shape, k.stride(), 0), *rest)


@wrong("layout.packed")
class values_have_dense_rows(Steps):
    def __call__(self, q, k, v, *rest):
        wide = v.stride(3) == 1 and v.stride(2) > v.shape[3] and v.stride(2) != v.shape[1] * v.shape[3]
        return super().__call__(q, k, dense(v) if wide else v, *rest)


@wrong("layout.expanded")
class stride_zero_taken_for_one(Steps):
    def __call__(self, q, k, v, *rest):
        return super().__call__(q, k, dense(v) if 0 in v.stride()[:2] and v.numel() else v, *rest)


@wrong("layout.mixed")
class values_read_with_the_strides_of_keys(Steps):
    def __call__(self, q, k, v, *rest):
        return super().__call__(q, k, dense(v, k.stride()) if k.shape == v.shape else v, *rest)


@wrong("layout.scores")
class mask_read_as_dense(Steps):
    def masked(self, on, mask):
        return on & (dense(mask) if mask.shape == on.shape else mask)


@wrong("layout.scores")
class bias_read_as_dense(Steps):
    def biased(self, s, bias, softcap):
        return super().biased(s, dense(bias) if bias is not None and bias.shape == s.shape else bias, softcap)


@wrong("memory.unchanged")
class queries_scaled_in_place(Steps):
    def __call__(self, q, k, v, scale, *rest):
        factor = self.scale(q, v, scale)
        q *= factor
        return super().__call__(q, k, v, 1.0, *rest)


@wrong("memory.unchanged")
class bias_masked_in_place(Steps):
    def __call__(self, q, k, v, scale, mask, bias, *rest):
        out = super().__call__(q, k, v, scale, mask, bias, *rest)
        if bias is not None:
            bias.masked_fill_(bias > 1, 1.0)
        return out


@wrong("memory.fresh")
class one_buffer_for_all_results(Steps):
    def __init__(self):
        self.buffers = {}

    def last(self, out, q, k, v):
        return self.buffers.setdefault((out.shape, out.dtype), torch.empty_like(out)).copy_(out)


@wrong("memory.fresh")
class result_in_the_memory_of_queries(Steps):
    def last(self, out, q, k, v):
        return q.copy_(out).view(q.shape) if out.shape == q.shape and q.shape[2] == 2 else out


@wrong("state.refilled")
class keys_kept_by_address(Steps):
    def __init__(self):
        self.kept = {}

    def heads(self, x, H, name):
        self.kept.clear() if len(self.kept) > 50 else None
        return super().heads(x, H, name)

    def __call__(self, q, k, *rest):
        known = self.kept.get(id(k))
        if known is None or known[0] is not k:
            known = self.kept[id(k)] = (k, k.clone())
        return super().__call__(q, known[1], *rest)


@wrong("state.sequence")
class mask_kept_by_shape(Steps):
    def __init__(self):
        self.kept = {}

    def masked(self, on, mask):
        return on & self.kept.setdefault(mask.shape, mask.clone())


@wrong("state.sequence")
class workspace_not_cleared(Steps):
    def __init__(self):
        self.room = {}

    def mix(self, w, v):
        room = self.room.get(w.dtype)
        found = w @ v
        if room is None or room.shape[2] < found.shape[2]:
            self.room[w.dtype] = found.clone()
        elif room.shape[2] > found.shape[2] and room.shape[:2] == found.shape[:2] and room.shape[3] == found.shape[3]:
            found = found + room[:, :, : found.shape[2]] / 4
        return found


@wrong("repeat.equal")
class noise_in_the_last_bits(Steps):
    def __init__(self):
        self.calls = 0

    def last(self, out, q, k, v):
        self.calls += 1
        return out * (1 + (self.calls % 2) * torch.finfo(out.dtype).eps) if out.shape[2] else out


@wrong("batch.alone", batch_invariant=True)
class other_order_in_a_batch(Steps):
    def mix(self, w, v):
        return w @ v if w.shape[0] == 1 else (w.flip(3) @ v.flip(2)) * (1 + 2 * torch.finfo(w.dtype).eps)

    def last(self, out, q, k, v):
        return out * (1 + torch.finfo(out.dtype).eps) if q.shape[0] > 1 else out


# Values that are no numbers.


@wrong("nan.query")
class queries_without_nan(Steps):
    def __call__(self, q, *rest):
        return super().__call__(torch.where(q.isnan(), 0, q), *rest)


@wrong("nan.key")
class scores_without_nan(Steps):
    def scores(self, q, k, scale):
        return super().scores(q, torch.where(k.isnan(), 0, k), scale)


@wrong("nan.key")
class maximum_ignores_nan(Steps):
    def hide(self, s, on):
        return super().hide(s, on & ~s.isnan())


@wrong("nan.infinity")
class values_kept_finite(Steps):
    def values(self, v, on):
        return super().values(v, on).clamp(-60000.0, 60000.0) if v.isinf().any() else super().values(v, on)


@wrong("nan.scores")
class infinite_scores_clamped(Steps):
    def scores(self, q, k, scale):
        s = super().scores(q, k, scale)
        return s.clamp(max=torch.finfo(s.dtype).max)


@wrong("nan.contained")
class one_sum_over_all_sets(Steps):
    def last(self, out, q, k, v):
        return out + 0 * q.sum()


@wrong("nan.contained")
class values_checked_for_all_sets(Steps):
    def last(self, out, q, k, v):
        return torch.full_like(out, math.nan) if v.isnan().any() or v.isinf().any() else out
