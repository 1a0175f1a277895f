"""Right attention kernels with odd habits, which must pass everything; RIGHT: name → kernel."""

# ruff: noqa: N801 classes are called as the kernels that are made of them

import math

import numpy as np
import torch

from .core import DTYPES, WIDE, Steps, blocks, made
from .wrong_gradients import Hard, WithLse

RIGHT = {}


def right(**declared):
    """Registers a class of `Steps`, or a function, under its name."""

    def add(steps):
        function = made(steps(), **declared) if isinstance(steps, type) else steps
        if function is steps:
            for name, value in declared.items():
                setattr(function, name, value)
        RIGHT[steps.__name__] = function
        return steps

    return add


@right(gradients=None)
class plain(Steps):
    pass


class Online(Steps):
    """Blocks of keys with a running maximum."""

    size = 16

    def out(self, w, total, v, on):
        acc, total, _ = blocks(self.kept, self.values(v, on), self.size)
        return torch.where(total == 0, 0.0, acc / torch.where(total == 0, 1.0, total))

    def weights(self, s, on):
        self.kept = s
        return s, s.new_zeros((*s.shape[:3], 1))


@right()
class online_in_blocks_of_sixteen(Online):
    pass


@right()
class online_in_blocks_of_sixty_four(Online):
    size = 64


@right(block=4)
class online_in_blocks_of_four(Online):
    size = 4


@right()
class normalises_before_the_values(Steps):
    def out(self, w, total, v, on):
        return (w / torch.where(total == 0, 1.0, total)) @ self.values(v, on)


@right()
class multiplies_by_the_reciprocal(Steps):
    def out(self, w, total, v, on):
        return self.mix(w, self.values(v, on)) * (1 / torch.where(total == 0, 1.0, total))


@right()
class exponentials_of_base_two(Steps):
    def weights(self, s, on):
        w = torch.exp2((s - self.top(s, on)) * math.log2(math.e))
        return w, w.sum(dim=3, keepdim=True)


@right()
class scales_the_queries(Steps):
    def scores(self, q, k, scale):
        return (q * scale) @ k.transpose(2, 3)


@right()
class scales_both_by_the_root(Steps):
    def scores(self, q, k, scale):
        root = math.sqrt(abs(scale))
        return (q * root) @ (k * math.copysign(root, scale)).transpose(2, 3)


@right()
class casts_the_weights(Steps):
    def mix(self, w, v):
        return (w.to(self.dtype).to(w.dtype)) @ v

    def __call__(self, q, *rest):
        self.dtype = q.dtype
        return super().__call__(q, *rest)


@right(score_roundings=4)
class keeps_scores_in_the_dtype(Steps):
    def __call__(self, q, *rest):
        self.dtype = q.dtype
        return super().__call__(q, *rest)

    def scores(self, q, k, scale):
        return ((q @ k.transpose(2, 3)).to(self.dtype) * scale).to(self.dtype).to(q.dtype)


@right()
class computes_in_float64(Steps):
    def wide(self, x):
        return x.double()


@right()
class sums_backwards(Steps):
    def scores(self, q, k, scale):
        return super().scores(q.flip(3), k.flip(3), scale)

    def mix(self, w, v):
        return w.flip(3) @ v.flip(2)


@right()
class one_head_at_a_time(Steps):
    def mix(self, w, v):
        found = w.new_zeros((*w.shape[:3], v.shape[3]))
        for b in range(w.shape[0]):
            for h in range(w.shape[1]):
                found[b, h] = w[b, h] @ v[b, h]
        return found


@right(arrays="torch", dtypes=DTYPES, layout="BLHD", causal_alignment="top_left", gradients=False)
def heads_after_tokens(q, k, v, *, causal=False, scale=None):
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    return Steps()(q, k, v, scale, None, None, causal, None, None).transpose(1, 2)


@right(causal_alignment="bottom_right")
class anchored_at_the_bottom(Steps):
    def diagonal(self, Lq, Lk):
        return super().diagonal(Lq, Lk) - (Lk - Lq)


@right(causal_alignment=None)
class anchored_somewhere(Steps):
    def diagonal(self, Lq, Lk):
        return super().diagonal(Lq, Lk) - (Lk - Lq)


@right(empty_rows="nan")
class empty_rows_are_not_a_number(Steps):
    empty = math.nan


@right(empty_rows="unspecified")
class empty_rows_are_seven(Steps):
    empty = 7.0


@right(empty_rows="mean")
class empty_rows_are_the_mean(Steps):
    """Of all values; of none it is 0."""

    def out(self, w, total, v, on):
        mean = v.sum(dim=2, keepdim=True) / max(1, v.shape[2])
        return torch.where(total == 0, mean, super().out(w, total, v, on))


@right(lse="natural")
class tells_the_lse(WithLse):
    pass


@right(lse="log2")
class tells_the_lse_in_base_two(WithLse):
    def lse(self, top, total):
        return super().lse(top, total) / math.log(2)


@right(softcap_order="bias,softcap")
class caps_after_the_bias(Steps):
    def after(self, s, softcap, bias):
        return self.capped(self.biased(s, bias, softcap), softcap)


@right(deterministic=False)
class sums_in_another_order_each_time(Steps):
    def __init__(self):
        self.calls = 0

    def mix(self, w, v):
        self.calls += 1
        return w.roll(self.calls, 3) @ v.roll(self.calls, 2)


@right(split_keys=True)
class merges_two_halves(Steps):
    def weights(self, s, on):
        self.kept = s
        return s, s.new_zeros((*s.shape[:3], 1))

    def out(self, w, total, v, on):
        v, s = self.values(v, on), self.kept
        half = (s.shape[3] + 1) // 2
        parts = [blocks(s[..., a:b], v[:, :, a:b], 16) for a, b in ((0, half), (half, s.shape[3]))]
        outs = [acc / torch.where(total == 0, 1.0, total) for acc, total, _ in parts]
        lses = [torch.where(total == 0, -math.inf, top + total.log()) for _, total, top in parts]
        top = torch.maximum(*lses)
        top = torch.where(top == -math.inf, 0.0, top)
        weights = [torch.exp(x - top) for x in lses]
        total = weights[0] + weights[1]
        return (outs[0] * weights[0] + outs[1] * weights[1]) / torch.where(total == 0, 1.0, total)


@right(arrays="torch", dtypes=DTYPES, gradients=None, causal_alignment="top_left")
def the_softmax_of_torch(query, key, value, causal=False):
    group = query.shape[1] // key.shape[1]
    q, k, v = (x.to(WIDE.get(x.dtype, x.dtype)) for x in (query, key, value))
    s = torch.einsum("bhid,bhjd->bhij", q, k.repeat_interleave(group, 1)) / max(1, q.shape[3]) ** 0.5
    if causal:
        s = s.masked_fill(~torch.ones(s.shape[2:], dtype=torch.bool).tril(), -math.inf)
    return (s.softmax(dim=3) @ v.repeat_interleave(group, 1)).to(query.dtype)


@right(dtypes=("float16", "float32", "float64"), causal_alignment="top_left")
def numpy_in_longer_numbers(q, k, v, causal=False, scale=None):
    wide = np.float64 if q.dtype != np.float64 else np.longdouble
    group = q.shape[1] // max(1, k.shape[1])
    a, b, c = (x.astype(wide) for x in (q, np.repeat(k, group, 1), np.repeat(v, group, 1)))
    s = np.einsum("bhid,bhjd->bhij", a, b) * wide(1 / math.sqrt(max(1, q.shape[3])) if scale is None else scale)
    if causal:
        s = np.where(np.tri(s.shape[2], s.shape[3], dtype=bool), s, -np.inf)
    w = np.exp(s - s.max(axis=3, keepdims=True, initial=-np.inf))
    return np.einsum("bhij,bhjd->bhid", w / w.sum(axis=3, keepdims=True), c).astype(q.dtype)


@right(hard=True)
class hard_mean(Hard):
    pass


@right(hard="first")
class hard_first(Hard):
    def best(self, s):
        best = super().best(s)
        return best & (best.cumsum(3) == 1)


@right(hard="first", dtypes=("float32", "float64"), causal_alignment="top_left")
def argmax_attention(q, k, v, causal=False):
    s = q @ np.repeat(k, q.shape[1] // k.shape[1], 1).swapaxes(2, 3)
    if causal:
        s = np.where(np.tri(s.shape[2], s.shape[3], dtype=bool), s, -np.inf)
    best = s.argmax(axis=3)[..., None]
    return np.take_along_axis(np.repeat(v, q.shape[1] // k.shape[1], 1), best, axis=2)
