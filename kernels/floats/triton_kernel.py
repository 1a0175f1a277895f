"""The Triton kernel for CUDA: top score, first index, tie count and margin in one pass; no score is ever stored.

One program decides a block of queries against all keys, tile by tile, in registers. Scores are sums of explicit fused
multiply-adds in float32 or float64, never tensor-core products, so no TF32 can slip in, and a second kernel that
marks the maximisers of tied tokens recomputes them bit by bit. Everything else is `torch_kernel`'s: gradients, the
policy on values that are not finite, and which errors are raised.

Importing this module needs triton, which comes with the CUDA builds of torch; using it needs a CUDA device, or
TRITON_INTERPRET=1 in the environment to run the same code, slowly, on the CPU.
"""
# pyright: reportMissingImports=false, reportIndexIssue=false
# (triton exists only where CUDA builds of torch do, and its launch syntax `kernel[grid](…)` has no types)

import os
from typing import Any

import numpy as np
import torch
import triton
import triton.language as tl
from torch import Tensor

from ..errors import InputError
from ..follow_sets import FollowSets
from ..protocol import Kernel
from .torch_kernel import check, full_precision

MASK_BYTES = 64 << 20
"""Bytes of one block of marks of tied tokens."""

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"


@triton.jit
def _scores(queries, keys, rows, columns, n, D: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, T: tl.constexpr):
    """A tile of scores of queries `rows` and keys `columns` of one configuration, −inf beyond n."""
    tile = tl.zeros((BM, BN), dtype=T)
    for c in tl.static_range(D):
        q = tl.load(queries + rows * D + c, mask=rows < n, other=0.0)
        k = tl.load(keys + columns * D + c, mask=columns < n, other=0.0)
        tile = tl.fma(tl.broadcast_to(q[:, None], (BM, BN)), tl.broadcast_to(k[None, :], (BM, BN)), tile)
    return tl.where(columns[None, :] < n, tile, float("-inf"))


@triton.jit
def _decide(
    queries, keys, first, count, top, margin, n, D: tl.constexpr, BM: tl.constexpr, BN: tl.constexpr, T: tl.constexpr
):
    """Decisions of BM queries: program (b, block)."""
    b = tl.program_id(0).to(tl.int64)
    rows = tl.program_id(1) * BM + tl.arange(0, BM)
    queries += b * n * D
    keys += b * n * D
    best = tl.full((BM,), float("-inf"), dtype=T)
    second = tl.full((BM,), float("-inf"), dtype=T)
    index = tl.zeros((BM,), dtype=tl.int32)
    ties = tl.zeros((BM,), dtype=tl.int32)
    for start in range(0, n, BN):
        columns = start + tl.arange(0, BN)
        tile = _scores(queries, keys, rows, columns, n, D, BM, BN, T)
        high = tl.max(tile, axis=1)
        equal = tile == high[:, None]
        number = tl.sum(equal.to(tl.int32), axis=1)
        place = tl.min(tl.where(equal, columns[None, :], n), axis=1)
        below = tl.max(tl.where(equal, float("-inf"), tile), axis=1)
        second = tl.where(high > best, tl.maximum(best, below), tl.maximum(second, tl.where(high == best, below, high)))
        index = tl.where(high > best, place, index)
        ties = tl.where(high > best, number, tl.where(high == best, ties + number, ties))
        best = tl.maximum(best, high)
    inside = rows < n
    tl.store(first + b * n + rows, index, mask=inside)
    tl.store(count + b * n + rows, ties, mask=inside)
    tl.store(top + b * n + rows, best, mask=inside)
    tl.store(margin + b * n + rows, best - second, mask=inside)


@triton.jit
def _mark(queries, keys, tied, top, marks, n, D: tl.constexpr, BN: tl.constexpr, T: tl.constexpr):
    """The maximisers of tied token r among BN keys: program (r, block); tied (R, 2) holds (b, i), marks is (R, n)."""
    r = tl.program_id(0).to(tl.int64)
    b = tl.load(tied + 2 * r)
    row = tl.load(tied + 2 * r + 1) + tl.zeros((1,), dtype=tl.int64)
    columns = tl.program_id(1) * BN + tl.arange(0, BN)
    tile = _scores(queries + b * n * D, keys + b * n * D, row, columns, n, D, 1, BN, T)
    best = tl.load(top + b * n + row)
    equal = tile == best[:, None]
    tl.store(marks + r * n + columns[None, :], equal.to(tl.int8), mask=columns[None, :] < n)


def _launch(tokens: Tensor, queries: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """First index, tie count, top score and margin, each (B, n)."""
    B, n, d = tokens.shape
    first = torch.zeros((B, n), dtype=torch.int32, device=tokens.device)
    count, top, margin = torch.ones_like(first), tokens.new_zeros((B, n)), tokens.new_zeros((B, n))
    BM, BN = (32, 64) if tokens.dtype == torch.float64 else (64, 64)
    if B:
        _decide[(B, triton.cdiv(n, BM))](queries, tokens, first, count, top, margin, n, d, BM, BN, _type(tokens))
    return first.long(), count.long(), top, margin


def _marks(tokens: Tensor, queries: Tensor, tied: Tensor, top: Tensor) -> Tensor:
    """(R, n) booleans: the maximisers of each tied token (b, i)."""
    n, d = tokens.shape[1:]
    marks = torch.zeros((len(tied), n), dtype=torch.int8, device=tokens.device)
    BN = 128
    _mark[(len(tied), triton.cdiv(n, BN))](queries, tokens, tied.contiguous(), top, marks, n, d, BN, _type(tokens))
    return marks.bool()


def _type(tokens: Tensor) -> Any:
    return tl.float64 if tokens.dtype == torch.float64 else tl.float32


def layer(tokens: Tensor, A: Tensor | None, alpha: float) -> tuple[Tensor, FollowSets]:
    """The next tokens and the follow sets of a batch.

    Args:
        tokens: (B, n, d) float32 or float64 CUDA tensor.
        A: (d, d) of the same dtype and device, the identity if None.
        alpha: α > 0.

    Returns:
        The next tokens, a tensor like `tokens` that remembers its gradient, and their `FollowSets` (NumPy).

    Raises:
        InputError: wrong shapes, dtypes or devices.
    """
    check(tokens, A, alpha)
    if tokens.device.type != "cuda" and not INTERPRETED:
        raise InputError(f"tokens are on {tokens.device}; kernel triton needs a CUDA device")
    _, n, d = tokens.shape
    rate = float(alpha) / (1 + float(alpha))
    fixed = tokens.detach().contiguous()
    identity = A is None or torch.equal(A, torch.eye(d, dtype=A.dtype, device=A.device))
    with full_precision():
        queries = fixed if identity or A is None else fixed @ A.detach()
    first, count, top, margin = _launch(fixed, queries)
    target = tokens.gather(1, first.unsqueeze(2).expand(-1, -1, d))
    tied = torch.nonzero(count > 1)
    members = [torch.empty((0, 3), dtype=torch.int64)]
    if len(tied):
        means = []
        for rows in tied.split(max(1, MASK_BYTES // n)):
            marks = _marks(fixed, queries, rows, top)
            r, j = torch.nonzero(marks, as_tuple=True)
            members.append(torch.cat([rows[r], j.unsqueeze(1)], dim=1).cpu())
            weights = marks.to(tokens.dtype).unsqueeze(2)
            means.append((weights * tokens[rows[:, 0]]).sum(dim=1) / weights.sum(dim=1).clamp(min=1))
        target = target.index_put((tied[:, 0], tied[:, 1]), torch.cat(means))
    moved = tokens + rate * (target - tokens)
    broken = ~torch.isfinite(fixed).all(dim=2).all(dim=1)
    if A is not None:
        broken = broken | ~torch.isfinite(A.detach()).all()
    moved = torch.where(broken[:, None, None], torch.nan, moved)
    lost = broken.cpu().numpy()
    arrays = [x.cpu().numpy() for x in (first, count.clamp(min=1), margin)]
    for array, value in zip(arrays, (0, 1, np.nan), strict=True):
        array[lost] = value
    listed = torch.cat(members).numpy()
    return moved, FollowSets(arrays[0], arrays[1], listed[~lost[listed[:, 0]]], arrays[2])


def step(tokens: Tensor, A: Tensor | None, alpha: float) -> Tensor:
    """The next tokens of a batch: `layer` without the sets."""
    return layer(tokens, A, alpha)[0]


def _refuse(tokens: Any, A: Any, alpha: float) -> Any:
    raise InputError(kernel.missing)


def _kernel() -> Kernel:
    if not (torch.cuda.is_available() or INTERPRETED):
        remedy = (
            f"kernel triton needs a CUDA device; torch {torch.__version__} sees none: use torch, or another machine"
        )
        return Kernel("triton", _refuse, device="cuda", arrays="torch", layer=_refuse, missing=remedy)
    return Kernel(
        "triton",
        step,
        dtypes=("float64", "float32"),
        device="cuda" if torch.cuda.is_available() else "cpu",
        arrays="torch",
        layer=layer,
    )


kernel = _kernel()
