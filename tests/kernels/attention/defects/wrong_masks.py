"""Wrong masks, biases, diagonals, windows and softcaps, one mistake each. See `core`."""

# ruff: noqa: N801 classes are called as the kernels that are made of them

import math

import torch

from .core import Steps, blocks, wrong

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


@wrong("heads.grouped")
class bias_of_the_head_of_k(Steps):
    def heads(self, x, H, name):
        self.size = H // max(1, x.shape[1])
        return super().heads(x, H, name)

    def biased(self, s, bias, softcap):
        rows = torch.arange(s.shape[1]) // self.size
        return super().biased(s, bias if bias is None or bias.shape[1] == 1 else bias[:, rows], softcap)


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


@wrong("heads.grouped")
class diagonal_of_packed_heads(Steps):
    """The heads of a group lie one after another as rows of one head; the last of them see one key too many."""

    def heads(self, x, H, name):
        self.size = H // max(1, x.shape[1])
        return super().heads(x, H, name)

    def diagonal(self, Lq, Lk):
        return super().diagonal(Lq, Lk)[None] - (torch.arange(self.H) % self.size > 0).long()[:, None, None]

    def __call__(self, q, *rest):
        self.H = q.shape[1]
        return super().__call__(q, *rest)


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
