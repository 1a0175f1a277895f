"""Checks of gradients for a given grad_output: dq, dk, dv by torch's autograd or by JAX, judged by their own bounds.

Neighbours: `kernels.attention.gradients` has the bounds.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from .....kernels.attention.problem import FORMATS, Problem, Reals, rounded
from .....kernels.attention.protocol import AttentionKernel
from ...check import NotApplicableError
from ..inputs import changed, offered, option, problem
from ..judged import judged
from ..trial import AttentionTrial
from .values import needs


def differentiable(kernel: AttentionKernel) -> None:
    """Raise `NotApplicableError` if the kernel has no gradients."""
    if kernel.gradients is False:
        raise NotApplicableError("the kernel declares gradients = False")
    if kernel.arrays == "numpy":
        raise NotApplicableError("NumPy arrays carry no gradients")
    if kernel.hard:
        raise NotApplicableError("hard attention is constant between ties: its gradients are not judged")


def upstream(rng: np.random.Generator, one: Problem) -> Reals:
    """A random grad_output, in numbers of the problem's dtype."""
    return rounded(rng.standard_normal((*one.q.shape[:3], one.v.shape[3])), one.dtype)


def _plain(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    differentiable(kernel)
    for kind in ("plain", "peaked", "mean"):
        for H, Lq, Lk, D in ((2, 3, 5, 4), (1, 17, 33, 8), (1, 9, 20, 64)):
            one = problem(kernel, rng, dtype, H=H, Lq=Lq, Lk=Lk, D=D, kind=kind)  # type: ignore[arg-type]
            yield AttentionTrial(one, grad_out=upstream(rng, one))


def _options(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """With each option and each two; with rows that see no key, where it is declared that they come out as zero."""
    differentiable(kernel)
    names = offered(kernel)
    singles = [(name,) for name in names]
    for L, D, chosen in ((5, 8, singles), (20, 8, singles), (30, 72, singles), (6, 4, combinations(names, 2))):
        for some in chosen:
            options = {name: option(name, rng, (1, 2, L, L)) for name in some}
            one = problem(kernel, rng, dtype, H=2, Lq=L, D=D, **options)
            yield AttentionTrial(one, grad_out=upstream(rng, one))
    if "mask" in names and kernel.empty_rows == "zero":
        for L in (5, 20):
            mask = option("mask", rng, (1, 2, L, L)) & (np.arange(L) != 1)[:, None]
            one = problem(kernel, rng, dtype, H=2, Lq=L, D=8, mask=mask)
            yield AttentionTrial(one, grad_out=upstream(rng, one))


def _rectangular(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """Under causal, with more keys than queries, and fewer."""
    differentiable(kernel)
    needs(kernel, "causal")
    for Lq, Lk in ((5, 7), (7, 5), (17, 33), (33, 17)):
        one = problem(kernel, rng, dtype, H=2, Lq=Lq, Lk=Lk, D=8, causal=True)
        yield AttentionTrial(one, grad_out=upstream(rng, one))


def _grouped(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    differentiable(kernel)
    for H, Hk in ((2, 1), (4, 2), (8, 1)):
        one = problem(kernel, rng, dtype, B=2, H=H, Hk=Hk, Lq=5, Lk=7, D=4)
        yield AttentionTrial(one, grad_out=upstream(rng, one))
    for name in offered(kernel):
        one = problem(kernel, rng, dtype, H=4, Hk=2, Lq=6, D=4, **{name: option(name, rng, (1, 4, 6, 6))})
        yield AttentionTrial(one, grad_out=upstream(rng, one))


def _long(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """Long sums over queries (dk, dv) and over keys (dq): a few large terms before many small ones."""
    differentiable(kernel)
    few = problem(kernel, rng, dtype, Lq=288, Lk=1, D=1)
    grad = np.full((1, 1, 288, 1), 4 * FORMATS[dtype].u)  # 32 of these are half of what rounds away next to 256
    grad[:, :, :32] = 8.0
    yield AttentionTrial(changed(few, q=0 * few.q, k=0 * few.k, v=np.ones_like(few.v)), grad_out=grad)
    for Lq, Lk in ((160, 1), (300, 3), (3, 300), (130, 130)):
        for D in (1, 8):
            one = problem(kernel, rng, dtype, Lq=Lq, Lk=Lk, D=D, kind="whole")
            grad = np.full((1, 1, Lq, D), 2.0**-5)
            grad[:, :, : max(1, Lq // 5)] = 8.0
            yield AttentionTrial(changed(one, v=np.ones_like(one.v)), grad_out=grad)
            yield AttentionTrial(one, grad_out=grad[:, :, ::-1].copy())
            yield AttentionTrial(one, grad_out=upstream(rng, one) + 0.0)


def _upstream(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """grad_output of zeros, of ones with stride 0, in one row only, large, laid out in every way."""
    differentiable(kernel)
    for H, Lq, Lk, D in ((2, 4, 6, 4), (1, 17, 9, 8)):
        one = problem(kernel, rng, dtype, H=H, Lq=Lq, Lk=Lk, D=D)
        grad = upstream(rng, one)
        last = np.zeros_like(grad)
        last[:, -1, -1] = grad[:, -1, -1]
        yield AttentionTrial(one, grad_out=np.zeros_like(grad))
        yield AttentionTrial(one, {"grad": "expanded"} if kernel.arrays == "torch" else {}, np.ones_like(grad))
        yield AttentionTrial(one, grad_out=last)
        yield AttentionTrial(one, grad_out=rounded(grad * 2.0**8, dtype))
        for how in ("transposed", "packed", "turned", "strided") if kernel.arrays == "torch" else ():
            yield AttentionTrial(one, {"grad": how}, grad)
            yield AttentionTrial(one, dict.fromkeys("qkv", how), grad)


CHECKS = (
    judged("gradient.values", "dq, dk and dv lie within the rounding error that every right kernel keeps", _plain),
    judged("gradient.options", "The gradients hold with every option, and with any two", _options),
    judged(
        "gradient.rectangular",
        "The gradients hold under causal where Lq and Lk differ",
        _rectangular,
        may_refuse=True,
    ),
    judged("gradient.heads", "dk and dv are summed over the heads of a group", _grouped, may_refuse=True),
    judged("gradient.sums", "Long sums over queries and over keys lose no precision", _long),
    judged("gradient.grad_out", "grad_output may be expanded, transposed, large, zero or in one row", _upstream),
)
