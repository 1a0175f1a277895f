"""A forward pass of attention in Triton, as an example of a kernel on CUDA that the suite judges: `triton-attention`.

Blocks of queries against all keys, block by block, with a running maximum; float32 accumulation, weights rounded to the
dtype before they meet v, no TF32. Importing this module needs triton, which comes with the CUDA builds of torch.
"""
# pyright: reportMissingImports=false, reportIndexIssue=false
# (triton exists only where CUDA builds of torch do, and its launch syntax `kernel[grid](…)` has no types)

import math
from typing import Any

import torch
import triton
import triton.language as tl

from ..protocol import AttentionKernel, declare_attention


@triton.jit
def _rows(
    Q, K, V, OUT, scale, Lq, Lk, group,
    H: tl.constexpr, D: tl.constexpr, DV: tl.constexpr, PD: tl.constexpr, PV: tl.constexpr, CAUSAL: tl.constexpr,
    BM: tl.constexpr, BN: tl.constexpr,
):  # fmt: skip
    """BM rows of one head: program (block, set and head)."""
    head = tl.program_id(1).to(tl.int64)
    own = (head // H) * (H // group) + (head % H) // group
    i = tl.program_id(0) * BM + tl.arange(0, BM)
    d, e = tl.arange(0, PD), tl.arange(0, PV)
    q = tl.load(Q + head * Lq * D + i[:, None] * D + d[None, :], (i[:, None] < Lq) & (d[None, :] < D), other=0.0)
    top = tl.full((BM,), float("-inf"), tl.float32)
    total = tl.zeros((BM,), tl.float32)
    acc = tl.zeros((BM, PV), tl.float32)
    for low in range(0, Lk, BN):
        j = low + tl.arange(0, BN)
        k = tl.load(K + own * Lk * D + j[None, :] * D + d[:, None], (j[None, :] < Lk) & (d[:, None] < D), other=0.0)
        v = tl.load(V + own * Lk * DV + j[:, None] * DV + e[None, :], (j[:, None] < Lk) & (e[None, :] < DV), other=0.0)
        s = tl.dot(q, k, input_precision="ieee") * scale
        on = j[None, :] < Lk
        if CAUSAL:
            on = on & (j[None, :] <= i[:, None])
        s = tl.where(on, s, float("-inf"))
        new = tl.maximum(top, tl.max(s, 1))
        shift = tl.where(new == float("-inf"), 0.0, new)
        factor = tl.exp(top - shift)
        w = tl.exp(s - shift[:, None])
        total = total * factor + tl.sum(w, 1)
        acc = acc * factor[:, None] + tl.dot(w.to(v.dtype), v, input_precision="ieee")
        top = new
    out = acc / tl.where(total == 0.0, 1.0, total)[:, None]
    place = OUT + head * Lq * DV + i[:, None] * DV + e[None, :]
    tl.store(place, out.to(OUT.dtype.element_ty), (i[:, None] < Lq) & (e[None, :] < DV))


def attention(q: Any, k: Any, v: Any, *, scale: float | None = None, causal: bool = False) -> Any:
    """Attention on CUDA tensors of float16, bfloat16 or float32; rows without keys give 0."""
    q, k, v = (x.contiguous() for x in (q, k, v))
    (B, H, Lq, D), (Lk, DV) = q.shape, v.shape[2:]
    out = torch.empty((B, H, Lq, DV), dtype=q.dtype, device=q.device)
    if not out.numel():
        return out
    sizes = [max(16, triton.next_power_of_2(size)) for size in (D, DV)]
    factor = 1 / math.sqrt(D) if scale is None else scale
    group = H // max(1, k.shape[1])
    BM = BN = 32
    grid = (triton.cdiv(Lq, BM), B * H)
    _rows[grid](q, k, v, out, factor, Lq, Lk, group, H, D, DV, *sizes, causal, BM, BN)
    return out


kernel: AttentionKernel = declare_attention(
    attention,
    name="triton-attention",
    arrays="torch",
    device="cuda",
    dtypes=("float16", "bfloat16", "float32"),
    causal_alignment="top_left",
    empty_rows="zero",
    gradients=False,
    block=32,
)
"""The kernel with its declarations."""
