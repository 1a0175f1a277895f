"""Wrong gradients, log-sum-exps and hard attention, one mistake each. See `core`."""

# ruff: noqa: N801 classes are called as the kernels that are made of them

import math

import torch

from .core import Steps, made, wrong
from .wrong_memory import dense

# Gradients.


class Changed(torch.autograd.Function):
    """The identity, whose gradient is changed by a function."""

    @staticmethod
    def forward(ctx, x, change):
        ctx.change = change
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad):
        return ctx.change(grad), None


class Grafted(torch.autograd.Function):
    """A result whose gradient is that of another one."""

    @staticmethod
    def forward(ctx, result, other):
        return result.clone()

    @staticmethod
    def backward(ctx, grad):
        return None, grad


class Backward(Steps):
    """Steps that change the gradient of q, k, v or out."""

    grads = None

    def __call__(self, q, k, v, scale=None, *rest):
        given = [
            Changed.apply(x, self.grads[n]) if n in self.grads else x for n, x in zip("qkv", (q, k, v), strict=True)
        ]
        out = super().__call__(*given, scale, *rest)
        return Changed.apply(out, self.grads["out"]) if "out" in self.grads else out


def backward(name, check, **grads):
    wrong(check, gradients=None)(type(name, (Backward,), {"grads": grads}))


backward("gradient_doubled", "gradient.values", q=lambda g: 2 * g)
backward("gradient_of_values_transposed", "gradient.values", v=lambda g: g.flip(2))
backward(
    "gradient_lost_in_the_last_row",
    "gradient.values",
    k=lambda g: g * (torch.arange(g.shape[2]) < max(1, g.shape[2] - 1))[:, None],
)
backward("grad_out_read_as_dense", "gradient.grad_out", out=lambda g: dense(g))
backward("grad_out_clamped", "gradient.grad_out", out=lambda g: g.clamp(-20, 20))
backward("grad_out_of_zero_skipped", "gradient.grad_out", out=lambda g: g if g.any() else g + 1)
backward(
    "grad_of_few_bits",
    "gradient.sums",
    v=lambda g: g.to(torch.bfloat16).to(g.dtype) * (1 + 2.0**-7) if g.shape[2] < 4 else g,
)


@wrong("gradient.values", gradients=None)
class weights_detached(Steps):
    def weights(self, s, on):
        return super().weights(s.detach(), on)


@wrong("gradient.values", gradients=None)
class values_detached(Steps):
    def mix(self, w, v):
        return w @ (v.detach() / 2 + v / 2)


@wrong("gradient.options", gradients=None)
class gradient_without_the_given_scale(Steps):
    def scores(self, q, k, scale):
        s, own = super().scores(q, k, scale), super().scores(q, k, 1 / math.sqrt(max(1, q.shape[3])))
        return Grafted.apply(s, own)


@wrong("gradient.options", gradients=None)
class gradient_through_hidden_keys(Steps):
    def __call__(self, q, k, v, scale, mask, bias, causal, *rest):
        out = super().__call__(q, k, v, scale, mask, bias, causal, *rest)
        if not causal:
            return out
        other = super().__call__(q, k, v, scale, mask, bias, False, *rest)
        return Grafted.apply(out, other)


@wrong("gradient.options", gradients=None)
class gradient_as_if_not_capped(Steps):
    def capped(self, s, c):
        return Grafted.apply(super().capped(s, c), s)


@wrong("gradient.options", gradients=None)
class gradient_outside_the_window(Steps):
    def __call__(self, q, k, v, scale, mask, bias, causal, window, softcap):
        out, other = (
            super(type(self), self).__call__(q, k, v, scale, mask, bias, causal, w, softcap) for w in (window, None)
        )
        return out if window is None else Grafted.apply(out, other)


@wrong("gradient.options", gradients=None)
class gradient_of_an_empty_row_is_not_a_number(Steps):
    """Zero divided by zero is replaced too late for the backward pass."""

    def out(self, w, total, v, on):
        found = self.mix(w, self.values(v, on)) / total
        return torch.where(total == 0, 0.0, found)


@wrong("gradient.rectangular", gradients=None)
class gradient_of_the_other_corner(Steps):
    other = False

    def diagonal(self, Lq, Lk):
        return super().diagonal(Lq, Lk) - (Lk - Lq) * self.other

    def __call__(self, *given):
        out, self.other = super().__call__(*given), True
        turned, self.other = super().__call__(*given), False
        return Grafted.apply(out, turned)


@wrong("gradient.values", gradients=None)
class values_dropped_where_gradients_are_wanted(Steps):
    """As in training."""

    def mix(self, w, v):
        if v.requires_grad:
            w = w * (torch.arange(w.shape[3]) % 8 != 1) * 8 / 7
        return super().mix(w, v)


@wrong("gradient.heads", gradients=None)
class gradient_of_one_head_of_a_group(Steps):
    def heads(self, x, H, name):
        y = super().heads(x, H, name)
        G = H // x.shape[1]
        return torch.where((torch.arange(H) % G == 0)[:, None, None], y, y.detach())


@wrong("gradient.values", gradients=True)
class gradient_not_there(Steps):
    def last(self, out, q, k, v):
        return out.detach()


class PartialSums(torch.autograd.Function):
    """w @ v, the gradient of v summed over blocks of 32 rows in the dtype of the input."""

    @staticmethod
    def forward(ctx, w, v, dtype):
        ctx.save_for_backward(w, v)
        ctx.dtype = dtype
        return w @ v

    @staticmethod
    def backward(ctx, grad):
        w, v = ctx.saved_tensors
        total = torch.zeros_like(v).to(ctx.dtype)
        for low in range(0, w.shape[2], 32):
            part = w[:, :, low : low + 32].transpose(2, 3) @ grad[:, :, low : low + 32]
            total = (total + part.to(ctx.dtype)).to(ctx.dtype)
        return grad @ v.transpose(2, 3), total.to(v.dtype), None


@wrong("gradient.sums", gradients=None)
class gradient_summed_in_the_dtype(Steps):
    def __call__(self, q, *rest):
        narrow = {torch.float64: torch.float32, torch.float32: torch.bfloat16}
        self.dtype = narrow.get(q.dtype, q.dtype)
        return super().__call__(q, *rest)

    def mix(self, w, v):
        return PartialSums.apply(w, v, self.dtype)


# Log-sum-exps and hard attention.


class WithLse(Steps):
    """(out, lse)."""

    def weights(self, s, on):
        w, total = super().weights(s, on)
        self.found = self.lse(self.top(s, on), total)[..., 0]
        return w, total

    def lse(self, top, total):
        return torch.where(total == 0, -math.inf, top + torch.log(total))

    def last(self, out, q, k, v):
        return out, self.found


@wrong("lse.values", lse="natural")
class lse_in_base_two(WithLse):
    def lse(self, top, total):
        return super().lse(top, total) / math.log(2)


@wrong("lse.values", lse="natural")
class lse_without_the_maximum(WithLse):
    def lse(self, top, total):
        return torch.where(total == 0, -math.inf, torch.log(total))


@wrong("lse.empty", lse="natural")
class lse_of_nothing_is_zero(WithLse):
    def lse(self, top, total):
        return torch.where(total == 0, 0.0, super().lse(top, total))


class Hard(Steps):
    """The mean over all maximisers."""

    near = 0.0

    def best(self, s):
        if not s.shape[3]:
            return s.to(torch.bool)
        top = s.amax(dim=3, keepdim=True)
        return (s >= top - self.near * top.abs()) & (s > -math.inf)

    def weights(self, s, on):
        w = self.best(s).to(s.dtype)
        return w, w.sum(dim=3, keepdim=True)


@wrong("hard.ties", hard=True)
class hard_first_declared_mean(Hard):
    def best(self, s):
        best = super().best(s)
        return best & (best.cumsum(3) == 1)


@wrong("hard.ties", hard="first")
class hard_last_declared_first(Hard):
    def best(self, s):
        best = super().best(s)
        return best & (best.flip(3).cumsum(3).flip(3) == 1)


@wrong("hard.near", hard=True)
class hard_merges_near_scores(Hard):
    near = 0.01


@wrong("hard.hidden", hard=True)
class hard_among_hidden_keys(Hard):
    def hide(self, s, on):
        self.seen = super().best(s) & on
        return s

    def best(self, s):
        return self.seen


right_lse = made(WithLse(), lse="natural")
right_hard = made(Hard(), hard=True)
__all__ = ["Hard", "WithLse", "right_hard", "right_lse"]
