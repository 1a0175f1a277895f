"""The torch kernel: one code for CPU and CUDA, float32 or float64, differentiable, all ties of the scores kept.

Follow sets are constants to the gradient: the next tokens are a linear function of the tokens for given sets, and away
from ties that is the derivative. float32 products are computed in float32 whatever the process allows elsewhere (no
TF32, no bfloat16), so the bound of `rounding` holds.

Memory: blocks of scores of `block_bytes`, of which about four exist at a time; a batch of any size fits.

A configuration with a NaN or an infinity becomes NaN as a whole; its neighbours in the batch are not touched.
Importing this module needs torch (`pip install 'hardmax[torch]'`). Neighbours: `triton_kernel` never stores a score.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import InputError
from ..follow_sets import FollowSets
from ..protocol import Kernel

BLOCK_BYTES = {"cpu": 2 << 20, "cuda": 256 << 20}
"""Default size of one block of scores: a core's cache, or enough to fill a GPU."""


@contextmanager
def full_precision() -> Iterator[None]:
    """float32 matrix products in float32, for the body only; the settings of the process are put back."""
    backends: list[Any] = [torch.backends.cuda.matmul, torch.backends.mkldnn.matmul]  # pyright: ignore[reportAttributeAccessIssue]
    if hasattr(backends[0], "fp32_precision"):
        before = [b.fp32_precision for b in backends]
        for b in backends:
            b.fp32_precision = "ieee"
        try:
            yield
        finally:
            for b, value in zip(backends, before, strict=True):
                b.fp32_precision = value
    else:  # torch < 2.9
        name = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("highest")
        try:
            yield
        finally:
            torch.set_float32_matmul_precision(name)


def decide(queries: Tensor, keys: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Decisions of a block: queries (b, r, d), keys (b, n, d) → mask (b, r, n), first, count and margin (b, r)."""
    scores = queries @ keys.transpose(1, 2)
    top, first = scores.max(dim=2)  # the first of several, on every device
    mask = scores == top.unsqueeze(2)
    rest = scores.masked_fill_(mask, -torch.inf).amax(dim=2)
    return mask, first, mask.sum(dim=2), top - rest


def layer(
    tokens: Tensor,
    A: Tensor | None,
    alpha: float,
    *,
    block_bytes: int | None = None,
    decide: Callable[..., tuple[Tensor, Tensor, Tensor, Tensor]] = decide,
) -> tuple[Tensor, FollowSets]:
    """The next tokens and the follow sets of a batch.

    Args:
        tokens: (B, n, d) float32 or float64 tensor on any device.
        A: (d, d) of the same dtype and device, the identity if None.
        alpha: α > 0.
        block_bytes: bytes of one block of scores; by device if None.
        decide: what decides a block; `torch.compile(decide)` serves as well.

    Returns:
        The next tokens, a tensor like `tokens` that remembers its gradient, and their `FollowSets` (NumPy).

    Raises:
        InputError: wrong shapes, dtypes or devices.
    """
    moved, sets = _layer(tokens, A, alpha, block_bytes, decide, tell=True)
    assert sets is not None
    return moved, sets


def step(tokens: Tensor, A: Tensor | None, alpha: float) -> Tensor:
    """The next tokens of a batch: `layer` without the sets, which then never leave the device."""
    return _layer(tokens, A, alpha, None, decide, tell=False)[0]


def _layer(
    tokens: Tensor,
    A: Tensor | None,
    alpha: float,
    block_bytes: int | None,
    decide: Callable[..., tuple[Tensor, Tensor, Tensor, Tensor]],
    *,
    tell: bool,
) -> tuple[Tensor, FollowSets | None]:
    check(tokens, A, alpha)
    B, n, d = tokens.shape
    rate = float(alpha) / (1 + float(alpha))
    budget = block_bytes or BLOCK_BYTES.get(tokens.device.type, BLOCK_BYTES["cuda"])
    rows = max(1, budget // (n * tokens.element_size()))
    width, depth = min(n, rows), max(1, rows // n)
    sets = _Sets.empty(B, n, tokens.dtype) if tell else None
    # What is kept of each block is written into one tensor: pieces of memory kept between large blocks that are freed
    # would leave holes too small for the next block. A gradient needs the pieces.
    whole = None if tokens.requires_grad else torch.empty_like(tokens)
    blocks: list[Tensor] = []
    with full_precision():
        with torch.no_grad():
            identity = A is None or torch.equal(A, torch.eye(d, dtype=A.dtype, device=A.device))
            queries = tokens if identity or A is None else tokens @ A
        for b in range(0, B, depth):
            keys = tokens[b : b + depth]
            parts = []
            for i in range(0, n, width):
                with torch.no_grad():
                    mask, first, count, margin = decide(queries[b : b + depth, i : i + width], keys)
                own = keys[:, i : i + width]
                target = keys.gather(1, first.unsqueeze(2).expand(-1, -1, d))
                several = count > 1
                if bool(several.any()):
                    mean = (mask.to(keys.dtype) @ keys) / count.clamp(min=1).unsqueeze(2).to(keys.dtype)
                    target = torch.where(several.unsqueeze(2), mean, target)
                if whole is None:
                    parts.append(own + rate * (target - own))
                else:
                    whole[b : b + depth, i : i + width] = own + rate * (target - own)
                if sets is not None:
                    sets.fill(b, i, mask, first, count, margin)
            if parts:
                blocks.append(torch.cat(parts, dim=1))
        moved = whole if whole is not None else torch.cat(blocks) if blocks else tokens.clone()
    broken = ~torch.isfinite(tokens.detach()).all(dim=2).all(dim=1)
    if A is not None:
        broken = broken | ~torch.isfinite(A.detach()).all()
    if bool(broken.any()):
        moved = torch.where(broken[:, None, None], torch.nan, moved)
    return moved, None if sets is None else sets.record(broken.cpu().numpy())


@dataclass(frozen=True, slots=True)
class _Sets:
    """Follow sets on the CPU, filled block by block in the order of the tokens."""

    first: NDArray[np.int64]
    count: NDArray[np.int64]
    margin: NDArray[np.floating]
    tied: list[NDArray[np.int64]]

    @classmethod
    def empty(cls, B: int, n: int, dtype: torch.dtype) -> "_Sets":
        margin = np.empty((B, n), dtype=np.float32 if dtype == torch.float32 else np.float64)
        none = np.empty((0, 3), dtype=np.int64)
        return cls(np.empty((B, n), dtype=np.int64), np.empty((B, n), dtype=np.int64), margin, [none])

    def fill(self, b: int, i: int, mask: Tensor, first: Tensor, count: Tensor, margin: Tensor) -> None:
        place = (slice(b, b + first.shape[0]), slice(i, i + first.shape[1]))
        for array, values in ((self.first, first), (self.count, count.clamp(min=1)), (self.margin, margin)):
            array[place] = values.cpu().numpy()
        shared = torch.nonzero(mask & (count > 1).unsqueeze(2))
        if len(shared):
            self.tied.append(shared.cpu().numpy() + np.array([b, i, 0]))

    def record(self, broken: NDArray[np.bool_]) -> FollowSets:
        """The sets, those of `broken` configurations blanked out."""
        self.first[broken], self.count[broken], self.margin[broken] = 0, 1, np.nan
        tied = np.concatenate(self.tied)
        return FollowSets(self.first, self.count, tied[~broken[tied[:, 0]]], self.margin)


def check(tokens: Tensor, A: Tensor | None, alpha: float) -> None:
    """Refuse what the layer cannot compute, in one line."""
    if not isinstance(tokens, Tensor):
        raise InputError(f"tokens is {type(tokens).__name__}; a torch tensor is required")
    if tokens.ndim != 3 or 0 in tokens.shape[1:]:
        raise InputError(f"tokens has shape {tuple(tokens.shape)}; (B, n, d) with n, d >= 1 is required")
    if tokens.dtype not in (torch.float32, torch.float64):
        raise InputError(f"tokens has dtype {tokens.dtype}; torch.float32 or torch.float64 is required")
    d = tokens.shape[2]
    if A is not None and (tuple(A.shape) != (d, d) or A.dtype != tokens.dtype or A.device != tokens.device):
        raise InputError(
            f"A is {tuple(A.shape)} {A.dtype} on {A.device}; it must be ({d}, {d}) {tokens.dtype} on {tokens.device}"
        )
    if not 0 < float(alpha) < float("inf"):
        raise InputError(f"alpha is {alpha}; a finite number > 0 is required")


def build(device: str = "cpu", *, compile: bool = False) -> Kernel:
    """The kernel on `device`, with its decisions compiled by torch or not.

    Args:
        device: "cpu" or "cuda".
        compile: whether `torch.compile` fuses the decisions (needs a C++ compiler on the CPU).
    """
    name = {"cpu": "torch", "cuda": "torch-cuda"}.get(device, f"torch-{device}")
    if device != "cpu" and not torch.cuda.is_available():
        remedy = (
            f"kernel {name} needs a CUDA device; torch {torch.__version__} sees none: use torch, or another machine"
        )

        def refuse(tokens: Any, A: Any, alpha: float) -> Any:
            raise InputError(remedy)

        return Kernel(name, refuse, device=device, arrays="torch", layer=refuse, missing=remedy)
    chosen = torch.compile(decide, dynamic=True) if compile else decide
    return Kernel(
        f"{name}-compiled" if compile else name,
        lambda tokens, A, alpha: _layer(tokens, A, alpha, None, chosen, tell=False)[0],
        dtypes=("float64", "float32"),
        device=device,
        arrays="torch",
        layer=partial(layer, decide=chosen),
    )


kernel = build("cpu")
cuda_kernel = build("cuda")
