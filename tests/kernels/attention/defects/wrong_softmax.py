"""Wrong scales, softmaxes, heads and sizes, one mistake each, most of them from bug trackers. See `core`."""

# ruff: noqa: N801 classes are called as the kernels that are made of them

import math

import torch

from .core import DTYPES, NARROW, Steps, wrong

# The scale.


@wrong("scale.default")
class scale_missing(Steps):
    def scale(self, q, v, scale):
        return 1.0 if scale is None else scale


@wrong("scale.default")
class scale_by_dimension(Steps):
    def scale(self, q, v, scale):
        return 1 / max(1, q.shape[3]) if scale is None else scale


@wrong("scale.default")
class scale_in_bfloat16(Steps):
    def scale(self, q, v, scale):
        exact = super().scale(q, v, scale)
        return float(torch.tensor(exact, dtype=torch.bfloat16)) if scale is None else scale


@wrong("scale.default")
class scale_a_little_off(Steps):
    def scale(self, q, v, scale):
        return super().scale(q, v, scale) * (1 + 2.0**-10) if scale is None else scale


@wrong("scale.default")
class scale_of_padded_dimension(Steps):
    def scale(self, q, v, scale):
        return 1 / math.sqrt(-(-q.shape[3] // 8) * 8) if scale is None else scale


@wrong("sizes.values")
class scale_of_values(Steps):
    def scale(self, q, v, scale):
        return 1 / math.sqrt(v.shape[3]) if scale is None else scale


@wrong("scale.given")
class scale_given_ignored(Steps):
    def scale(self, q, v, scale):
        return super().scale(q, v, None)


@wrong("scale.given")
class scale_given_divided(Steps):
    def scale(self, q, v, scale):
        return super().scale(q, v, None) * (1.0 if scale is None else scale)


@wrong("scale.given")
class scaled_after_it_is_hidden(Steps):
    """As torch's flash attention on CPUs."""

    def scores(self, q, k, scale):
        self.factor = scale
        return super().scores(q, k, 1.0)

    def after(self, s, softcap, bias):
        self.options = softcap, bias
        return s

    def hide(self, s, on):
        if self.factor > 0:
            return super().hide(super().after(s * self.factor, *self.options), on)
        return super().after(super().hide(s, on) * self.factor, *self.options)


@wrong("scale.given")
class scale_absolute(Steps):
    def scale(self, q, v, scale):
        return abs(super().scale(q, v, scale))


@wrong("scale.given")
class scale_zero_is_none(Steps):
    def scale(self, q, v, scale):
        return super().scale(q, v, scale or None)


@wrong("scale.given")
class shifted_by_the_scaled_maximum(Steps):
    """A scale below 0 makes a minimum of it."""

    def scores(self, q, k, scale):
        self.negative = scale < 0
        return super().scores(q, k, scale)

    def top(self, s, on):
        if not self.negative or not s.shape[3]:
            return super().top(s, on)
        return -super().top(torch.where(s == -math.inf, s, -s), on)


# The softmax.


@wrong("values.negative")
class no_maximum(Steps):
    def top(self, s, on):
        return s.new_zeros((*s.shape[:3], 1))


@wrong("values.negative")
class maximum_from_zero(Steps):
    def top(self, s, on):
        return super().top(s, on).clamp(min=0.0)


@wrong("values.maxima")
class shifted_by_the_first_key(Steps):
    def top(self, s, on):
        first = s[..., :1] if s.shape[3] else super().top(s, on)
        return torch.where(first == -math.inf, 0.0, first)


@wrong("values.maxima")
class no_rescale(Steps):
    def weights(self, s, on):
        tops, w = s.new_full((*s.shape[:3], 1), -math.inf), []
        for part in s.split(16, dim=3) if s.shape[3] else ():
            tops = torch.maximum(tops, part.amax(dim=3, keepdim=True))
            w.append(torch.exp(part - torch.where(tops == -math.inf, 0.0, tops)))
        w = torch.cat(w, dim=3) if w else s
        return w, w.sum(dim=3, keepdim=True)


@wrong("values.softmax")
class not_normalised(Steps):
    def weights(self, s, on):
        w, total = super().weights(s, on)
        return w, (total > 0).to(total.dtype)


@wrong("values.softmax")
class normalised_over_queries(Steps):
    def weights(self, s, on):
        w = torch.exp(s - self.top(s, on))
        total = w.sum(dim=2, keepdim=True)
        return w / torch.where(total == 0, 1, total), w.sum(dim=3, keepdim=True).clamp(max=0) + 1.0


@wrong("values.softmax")
class denominator_off_by_one(Steps):
    def weights(self, s, on):
        w, total = super().weights(s, on)
        return w, total + (total > 0) / 4


@wrong("values.peaked")
class scores_rounded(Steps):
    def scores(self, q, k, scale):
        s = super().scores(q, k, scale)
        return s.to(NARROW.get(s.dtype, torch.bfloat16)).to(s.dtype)


@wrong("values.peaked", dtypes=DTYPES[:3])  # in bfloat16 no bound can tell
class q_scaled_in_a_narrow_dtype(Steps):
    def scores(self, q, k, scale):
        q = (q * scale).to(NARROW.get(q.dtype, torch.bfloat16)).to(q.dtype)
        return super().scores(q, k, 1.0)


@wrong("values.peaked")
class scores_clamped(Steps):
    def scores(self, q, k, scale):
        return super().scores(q, k, scale).clamp(-10, 10)


@wrong("values.long")
class keys_beyond_a_thousand(Steps):
    def hide(self, s, on):
        return super().hide(s, on & (torch.arange(s.shape[3]) < 1024))


@wrong("values.long", dtypes=DTYPES[:3])  # in bfloat16 no bound can tell
class total_in_few_bits(Steps):
    def weights(self, s, on):
        w, total = super().weights(s, on)
        if s.shape[3] > 1000:
            total = 0 * total
            for part in w.split(16, dim=3):
                total = (total + part.sum(dim=3, keepdim=True)).to(torch.bfloat16).to(w.dtype)
        return w, total


@wrong("values.large")
class values_clamped(Steps):
    def values(self, v, on):
        return super().values(v, on).clamp(-300, 300)


@wrong("values.large")
class values_times_weights_overflow(Steps):
    def last(self, out, q, k, v):
        total = v.abs().sum(dim=2, keepdim=True) * 8  # a buffer in the dtype of the input
        return torch.where(total.amax() == math.inf, math.nan, out)


@wrong("values.faint")
class small_weights_dropped(Steps):
    def weights(self, s, on):
        w, total = super().weights(s, on)
        return torch.where(w < 2e-4, 0.0, w), total


@wrong("values.subnormal")
class values_normalised(Steps):
    def values(self, v, on):
        v = super().values(v, on)
        most = v.abs().amax().to(self.dtype) if v.numel() else torch.ones(())
        return v / most * most if most > 64 * torch.finfo(self.dtype).tiny else v * (1 / (0 * most))

    def __call__(self, q, *rest):
        self.dtype = q.dtype
        return super().__call__(q, *rest)


@wrong("ties.equal")
class ties_counted_once(Steps):
    def weights(self, s, on):
        w, _ = super().weights(s, on)
        ordered, place = s.sort(dim=3, stable=True)
        again = torch.zeros_like(on)
        again[..., 1:] = ordered[..., 1:] == ordered[..., :-1]
        w = w.masked_fill(torch.zeros_like(on).scatter(3, place, again), 0.0)
        return w, w.sum(dim=3, keepdim=True)


@wrong("ties.equal")
class the_first_of_equal_maxima(Steps):
    def weights(self, s, on):
        w, _ = super().weights(s, on)
        if s.shape[3] > 1:
            best = s == s.amax(dim=3, keepdim=True)
            w = torch.where(best & (best.cumsum(3) > 1) & (s > -math.inf), 0.0, w)
        return w, w.sum(dim=3, keepdim=True)


# Heads and sets.


@wrong("heads.grouped")
class heads_modulo(Steps):
    def heads(self, x, H, name):
        return x.repeat(1, H // max(1, x.shape[1]), 1, 1)


@wrong("heads.grouped")
class values_of_the_first_head(Steps):
    def heads(self, x, H, name):
        y = super().heads(x, H, name)
        return y if name == "k" or x.shape[1] == H else y[:, :1].expand(y.shape)


@wrong("heads.own")
class keys_of_the_first_set(Steps):
    def heads(self, x, H, name):
        y = super().heads(x, H, name)
        return y[:1].expand(y.shape) if name == "k" else y


@wrong("heads.own")
class values_of_the_first_own_head(Steps):
    def heads(self, x, H, name):
        y = super().heads(x, H, name)
        return y[:, :1].expand(y.shape) if name == "v" and x.shape[1] == H else y


@wrong("sizes.sets")
class heads_beyond_thirty_two(Steps):
    def heads(self, x, H, name):
        y = super().heads(x, H, name)
        return y[:, [min(h, 31) for h in range(H)]] if H > 32 else y


@wrong("sizes.sets")
class sets_beyond_two_hundred(Steps):
    def last(self, out, q, k, v):
        out[256:] = 0
        return out


# Sizes.


@wrong("sizes.keys")
class keys_beyond_five_hundred(Steps):
    def hide(self, s, on):
        return super().hide(s, on & (torch.arange(s.shape[3]) < 512))


@wrong("sizes.keys")
class last_key_of_an_odd_block(Steps):
    def hide(self, s, on):
        Lk = s.shape[3]
        return super().hide(s, on & (torch.arange(Lk) < Lk - (Lk % 128 == 1 and Lk > 1)))


@wrong("sizes.queries")
class last_query_of_an_odd_block(Steps):
    def last(self, out, q, k, v):
        if q.shape[2] > 64 and q.shape[2] % 64 == 1:
            out[:, :, -1] = out[:, :, -2]
        return out


@wrong("sizes.coordinates")
class coordinates_beyond_a_hundred(Steps):
    def scores(self, q, k, scale):
        return super().scores(q[..., :128], k[..., :128], scale)


@wrong("sizes.coordinates")
class coordinates_beyond_a_multiple_of_eight(Steps):
    def scores(self, q, k, scale):
        D = q.shape[3]
        kept = D // 8 * 8 if D > 32 else D
        return super().scores(q[..., :kept], k[..., :kept], scale)


@wrong("sizes.values")
class values_as_wide_as_keys(Steps):
    def last(self, out, q, k, v):
        out[..., q.shape[3] :] = 0
        return out


@wrong("sizes.nothing")
class no_keys_give_one(Steps):
    def last(self, out, q, k, v):
        return out if k.shape[2] else torch.ones_like(out)
