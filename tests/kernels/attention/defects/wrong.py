"""Wrong attention kernels, one mistake each, in the forward pass; WRONG: name → (kernel, the check that must find it).

Each mistake is one that real code makes; most come from bug trackers. See `core`.
"""

# ruff: noqa: N801 classes are called as the kernels that are made of them

import math

import torch

from .core import DTYPES, NARROW, Steps, blocks, made

WRONG = {}


def wrong(check, **declared):
    """Registers a class of `Steps` under its name in small letters."""

    def add(steps):
        function = made(steps(), **declared)
        WRONG[steps.__name__] = (function, check)
        return steps

    return add


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


# Masks and biases.


@wrong("mask.bool")
class mask_ignored(Steps):
    def masked(self, on, mask):
        return on


@wrong("mask.bool")
class mask_inverted(Steps):
    def masked(self, on, mask):
        return on & ~mask


@wrong("mask.bool")
class mask_of_the_first_head(Steps):
    def masked(self, on, mask):
        return on & mask[:, :1]


@wrong("mask.bool")
class mask_of_the_first_set(Steps):
    def masked(self, on, mask):
        return on & mask[:1]


@wrong("mask.bool")
class mask_of_the_first_row(Steps):
    def masked(self, on, mask):
        return on & mask[:, :, :1]


@wrong("mask.bool")
class mask_after_the_softmax(Steps):
    def hide(self, s, on):
        self.on = on
        return s

    def mix(self, w, v):
        return (w * self.on) @ v


@wrong("mask.best")
class mask_by_a_small_number(Steps):
    def hide(self, s, on):
        return torch.where(on, s, s - 1e4)


@wrong("mask.best")
class maximum_over_hidden_keys(Steps):
    def hide(self, s, on):
        self.most = s.amax(dim=3, keepdim=True) if s.shape[3] else None
        return super().hide(s, on)

    def top(self, s, on):
        return super().top(s, on) if self.most is None else self.most


@wrong("mask.best")
class hidden_values_added(Steps):
    def mix(self, w, v):
        return (w + 2.0**-10 * (w == 0)) @ v

    def values(self, v, on):
        return v


@wrong("mask.blocks")
class empty_first_block(Steps):
    def out(self, w, total, v, on):
        acc, total, _ = blocks(self.kept, self.values(v, on), 16, safe=False)
        empty = ~on.any(dim=3, keepdim=True)
        return torch.where(empty, 0.0, acc / total)

    def weights(self, s, on):
        self.kept = s
        return s, s[..., :1]


@wrong("mask.blocks")
class blocks_skipped_by_the_first_row(Steps):
    def masked(self, on, mask):
        on = on & mask
        for low in range(16, on.shape[3], 16):
            if not on[:, :, 0, low : low + 16].any():
                on[..., low : low + 16] = False
        return on


@wrong("mask.padding")
class hidden_not_a_number(Steps):
    def values(self, v, on):
        return v


@wrong("mask.empty")
class empty_rows_are_not_a_number(Steps):
    empty = math.nan


@wrong("mask.empty")
class an_empty_row_empties_the_head(Steps):
    def allowed(self, s, mask, causal, window, bias):
        on = super().allowed(s, mask, causal, window, bias)
        if mask is not None and s.shape[2] > 1:
            on = on & on.any(dim=3).all(dim=2)[:, :, None, None]
        return on


@wrong("mask.together")
class mask_or_causal(Steps):
    def allowed(self, s, mask, causal, window, bias):
        return super().allowed(s, None if causal else mask, causal, window, bias)


@wrong("mask.together")
class mask_or_bias(Steps):
    def allowed(self, s, mask, causal, window, bias):
        return super().allowed(s, None if bias is not None else mask, causal, window, bias)


@wrong("mask.together")
class bias_or_causal(Steps):
    def __call__(self, q, k, v, scale, mask, bias, causal, window, softcap):
        return super().__call__(q, k, v, scale, mask, None if causal else bias, causal, window, softcap)


@wrong("bias.added")
class bias_before_the_scale(Steps):
    def scores(self, q, k, scale):
        self.factor = scale
        return super().scores(q, k, scale)

    def biased(self, s, bias, softcap):
        return super().biased(s, None if bias is None else bias * self.factor, softcap)


@wrong("bias.added")
class bias_subtracted(Steps):
    def biased(self, s, bias, softcap):
        return super().biased(s, None if bias is None else -bias, softcap)


@wrong("bias.added")
class bias_of_the_first_head(Steps):
    def biased(self, s, bias, softcap):
        return super().biased(s, None if bias is None else bias[:, :1], softcap)


@wrong("bias.large")
class bias_clamped(Steps):
    def biased(self, s, bias, softcap):
        return super().biased(s, None if bias is None else bias.clamp(min=-4.0), softcap)


@wrong("bias.large")
class low_bias_hides(Steps):
    def biased(self, s, bias, softcap):
        return super().biased(s, None if bias is None else bias.masked_fill(bias <= -1e4, -math.inf), softcap)


# Diagonals and windows.


@wrong("causal.square")
class diagonal_hidden(Steps):
    def causal(self, place):
        return place < 0


@wrong("causal.square")
class one_key_too_many(Steps):
    def causal(self, place):
        return place <= 1


@wrong("causal.square")
class diagonal_of_whole_blocks(Steps):
    def diagonal(self, Lq, Lk):
        return torch.arange(Lk)[None] // 64 - torch.arange(Lq)[:, None] // 64 if Lq > 64 else super().diagonal(Lq, Lk)


@wrong("causal.square")
class causal_ignored(Steps):
    def causal(self, place):
        return place < math.inf


@wrong("causal.rectangular")
class other_corner(Steps):
    def diagonal(self, Lq, Lk):
        return super().diagonal(Lq, Lk) - (Lk - Lq)


@wrong("causal.rectangular", causal_alignment=None)
class corner_by_length(Steps):
    def diagonal(self, Lq, Lk):
        return super().diagonal(Lq, Lk) - (Lk - Lq if Lk > Lq else 0)


@wrong("window.sides")
class window_too_short(Steps):
    def window(self, place, left, right):
        return super().window(place, left - 1 if left > 0 else left, right)


@wrong("window.sides")
class window_right_ignored(Steps):
    def window(self, place, left, right):
        return super().window(place, left, -1)


@wrong("window.sides")
class window_exchanged(Steps):
    def window(self, place, left, right):
        return super().window(place, right, left)


@wrong("window.sides")
class window_unlimited_is_none(Steps):
    def window(self, place, left, right):
        return super().window(place, max(left, 0), max(right, 0))


@wrong("window.sides")
class window_or_causal(Steps):
    def allowed(self, s, mask, causal, window, bias):
        return super().allowed(s, mask, causal and window is None, window, bias)


# Softcaps.


@wrong("softcap.values")
class softcap_ignored(Steps):
    def capped(self, s, c):
        return s


@wrong("softcap.values")
class softcap_clamps(Steps):
    def capped(self, s, c):
        return s if c is None else s.clamp(-c, c)


@wrong("softcap.values")
class softcap_before_the_scale(Steps):
    def scores(self, q, k, scale):
        self.factor = scale
        return super().scores(q, k, scale)

    def capped(self, s, c):
        return s if c is None else self.factor * c * torch.tanh(s / self.factor / c)


@wrong("softcap.order")
class bias_before_the_softcap(Steps):
    def after(self, s, softcap, bias):
        return self.capped(self.biased(s, bias, softcap), softcap)


@wrong("softcap.order")
class masked_before_the_softcap(Steps):
    def hide(self, s, on):
        return torch.where(on, s, -self.c) if self.c else super().hide(s, on)

    def capped(self, s, c):
        self.c = c
        return super().capped(s, c)


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
