"""One right attention in torch, step by step; a wrong kernel replaces one step. `made` gives it its declarations.

WRONG: name → (kernel, the check that must find it); the families beside this file fill it.
"""

import math

import torch

DTYPES = ("float64", "float32", "float16", "bfloat16")
WIDE = {torch.float16: torch.float32, torch.bfloat16: torch.float32}
NARROW = {torch.float64: torch.float32, torch.float32: torch.bfloat16}


class Steps:
    """The steps of attention, in the order in which they are made."""

    empty = 0.0

    def scale(self, q, v, scale):
        return 1 / math.sqrt(max(1, q.shape[3])) if scale is None else scale

    def heads(self, x, H, name):
        return x.repeat_interleave(H // max(1, x.shape[1]), dim=1)

    def scores(self, q, k, scale):
        return (q @ k.transpose(2, 3)) * scale

    def biased(self, s, bias, softcap):
        return s if bias is None else s + bias.to(s.dtype)

    def capped(self, s, c):
        return s if c is None else c * torch.tanh(s / c)

    def after(self, s, softcap, bias):
        return self.biased(self.capped(s, softcap), bias, softcap)

    def diagonal(self, Lq, Lk):
        return torch.arange(Lk)[None] - torch.arange(Lq)[:, None]

    def causal(self, place):
        return place <= 0

    def window(self, place, left, right):
        return ((place >= -left) | (left < 0)) & ((place <= right) | (right < 0))

    def masked(self, on, mask):
        return on & mask

    def allowed(self, s, mask, causal, window, bias):
        Lq, Lk = s.shape[2:]
        place = self.diagonal(Lq, Lk)
        on = torch.ones(s.shape, dtype=torch.bool)
        if causal:
            on = on & self.causal(place)
        if window is not None:
            on = on & self.window(place, *window)
        if mask is not None:
            on = self.masked(on, mask)
        return on

    def hide(self, s, on):
        return s.masked_fill(~on, -math.inf)

    def top(self, s, on):
        if not s.shape[3]:
            return s.new_zeros((*s.shape[:3], 1))
        top = s.amax(dim=3, keepdim=True)
        return torch.where(top == -math.inf, 0.0, top)

    def weights(self, s, on):
        w = torch.exp(s - self.top(s, on))
        total = w.sum(dim=3, keepdim=True)
        return w, total

    def values(self, v, on):
        return torch.where(on.any(dim=2)[..., None], v, 0.0)

    def mix(self, w, v):
        return w @ v

    def out(self, w, total, v, on):
        found = self.mix(w, self.values(v, on)) / torch.where(total == 0, 1.0, total)
        return torch.where((total == 0), torch.full_like(found, self.empty), found)

    def wide(self, x):
        return x.to(WIDE.get(x.dtype, x.dtype))

    def last(self, out, q, k, v):
        return out

    def __call__(self, q, k, v, scale=None, mask=None, bias=None, causal=False, window=None, softcap=None):
        H = q.shape[1]
        a, b, c = (self.wide(x) for x in (q, k, v))
        b, c = self.heads(b, H, "k"), self.heads(c, H, "v")
        s = self.scores(a, b, self.scale(q, v, scale))
        s = self.after(s, softcap, bias)
        on = self.allowed(s, mask, causal, window, bias)
        s = self.hide(s, on)
        w, total = self.weights(s, on)
        return self.last(self.out(w, total, c, on).to(q.dtype), q, k, v)


def made(steps, **declared):
    """The function of `steps`, with declarations."""

    def attention(q, k, v, *, scale=None, mask=None, bias=None, causal=False, window=None, softcap=None):
        return steps(q, k, v, scale, mask, bias, causal, window, softcap)

    usual = {"arrays": "torch", "dtypes": DTYPES, "causal_alignment": "top_left", "empty_rows": "zero"}
    for name, value in (usual | {"gradients": False} | declared).items():
        setattr(attention, name, value)
    return attention


right = made(Steps(), gradients=None)

WRONG = {}


def wrong(check, **declared):
    """Registers a class of `Steps` under its name."""

    def add(steps):
        WRONG[steps.__name__] = (made(steps(), **declared), check)
        return steps

    return add


def blocks(s, v, size, new_top=None, rescale=True, safe=True):
    """Online softmax over blocks of `size` keys: (acc, total, top)."""
    acc = s.new_zeros((*s.shape[:3], v.shape[3]))
    total = s.new_zeros((*s.shape[:3], 1))
    top = torch.full_like(total, -math.inf)
    for low in range(0, s.shape[3], size):
        part = s[..., low : low + size]
        new = torch.maximum(top, part.amax(dim=3, keepdim=True))
        shift = torch.where(new == -math.inf, 0.0, new) if safe else new
        factor = torch.exp(top - shift) if rescale else 1.0
        w = torch.exp(part - shift)
        total = total * factor + w.sum(dim=3, keepdim=True)
        acc = acc * factor + w @ v[:, :, low : low + size]
        top = new
    return acc, total, top
