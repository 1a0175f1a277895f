"""Problems for attention kernels: sizes, options, and scores and values that are hard.

Neighbours: `checks` choose among them.
"""

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from ....kernels.attention.problem import FORMATS, Problem, Reals, rounded
from ....kernels.attention.protocol import AttentionKernel

ProblemKind = Literal[
    "plain", "peaked", "outlier", "negative", "low", "sunk", "deep", "equal", "huge", "mean", "rising", "falling",
    "faint", "whole", "subnormal", "signed",
]  # fmt: skip
"""Scores of size 1; of size 8; one channel 20 times the others; all scores negative; so low that exp of them is 0 in
the accumulation; near −2·10⁴; below −10⁹ (float16: −10⁵), so that only rows of one key are judged; equal; v near the
largest number; v with a large mean; maxima that rise, that fall from block to block, in row 0 by more than exp bears;
weights near e^−17 (float16: e^−9) that meet huge v; small whole numbers; subnormal numbers; zeros of both signs."""


def problem(
    kernel: AttentionKernel,
    rng: np.random.Generator,
    dtype: str,
    *,
    B: int = 1,
    H: int = 1,
    Hk: int | None = None,
    Lq: int = 8,
    Lk: int | None = None,
    D: int = 8,
    Dv: int | None = None,
    kind: ProblemKind = "plain",
    **options: Any,
) -> Problem:
    """A problem of the given sizes; Lk = Lq, Dv = D and Hk = H if they are None.

    Its diagonal and the order of softcap and bias are those that the kernel declares.
    """
    Lk, Dv, Hk = Lq if Lk is None else Lk, D if Dv is None else Dv, Hk or H
    q, k, v = (rng.standard_normal(s) for s in ((B, H, Lq, D), (B, Hk, Lk, D), (B, Hk, Lk, Dv)))
    q, k, v = _kind(rng, dtype, kind, q, k, v)
    if "bias" in options:
        options["bias"] = rounded(options["bias"], dtype)
    options.setdefault("softcap_order", kernel.softcap_order)
    alignment = kernel.causal_alignment or "top_left"
    return Problem(*(rounded(x, dtype) for x in (q, k, v)), dtype=dtype, alignment=alignment, **options)  # type: ignore[arg-type]


OPTIONS = ("bias", "causal", "mask", "scale", "softcap", "window")
"""The parameters that change what attention computes."""


def option(name: str, rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """A value of one of OPTIONS, for scores of shape (B, H, Lq, Lk); no row of a square problem is without keys."""
    if name == "mask":
        return (rng.random(shape) < 0.5) | np.eye(*shape[2:], dtype=np.bool_)
    if name == "bias":
        return rng.standard_normal(shape)
    return {"causal": True, "scale": 0.3, "softcap": 1.5, "window": (2, 1)}[name]


def offered(kernel: AttentionKernel) -> list[str]:
    """Those of OPTIONS that the kernel has."""
    return [name for name in OPTIONS if name in kernel.keywords]


def changed(one: Problem, **arrays: Any) -> Problem:
    """The problem with other arrays, rounded to its dtype, or other options."""
    new = {n: rounded(x, one.dtype) if n in ("q", "k", "v", "bias") and x is not None else x for n, x in arrays.items()}
    return replace(one, **new)


def _kind(
    rng: np.random.Generator, dtype: str, kind: ProblemKind, q: Reals, k: Reals, v: Reals
) -> tuple[Reals, Reals, Reals]:
    form, D, Lk = FORMATS[dtype], q.shape[3], k.shape[2]
    root = max(1.0, np.sqrt(D))
    if kind == "peaked":
        q = q * 8
    elif kind == "outlier":
        k[..., :1] *= 20
    elif kind in ("negative", "low", "sunk"):  # every scaled score is near −level
        level = {"negative": 30, "sunk": 2e4}.get(kind, 900 if dtype == "float64" else 120)
        q, k = np.abs(q) / 4 + 1, -np.abs(k) / 4 - level / root
    elif kind == "deep":
        size = 2.0**8 if dtype == "float16" else 2.0**17
        q, k = size * (np.abs(q) / 4 + 1), -size * (np.abs(k) / 4 + 1)
    elif kind == "equal":
        k[:] = k[:, :, :1]
    elif kind == "huge":
        v = np.sign(v) * rng.uniform(0.5, 1, v.shape) * form.largest / (4 * max(1, Lk))
    elif kind == "mean":
        v = v + 100
    elif kind in ("rising", "falling"):
        steps = np.linspace(0.1, 4, max(1, Lk))[None, None, :, None]
        q, k = np.abs(q), np.abs(k) * (steps if kind == "rising" else steps[:, :, ::-1])
        q[:, :, 0] *= 120 if dtype == "float64" else 15
    elif kind == "faint" and Lk:
        q, k = np.ones_like(q), np.zeros_like(k)
        k[..., 0] = -(9 if dtype == "float16" else 17) * root
        k[:, :, -1] = 0
        q[..., 1:] = 0
        v[:, :, :-1] *= 2.0**20 if dtype != "float16" else 2.0**13
    elif kind == "whole":
        q, k, v = (np.rint(2 * x) for x in (q, k, v))
    elif kind == "subnormal":
        v = v * form.tiny * 2.0 ** rng.integers(-5, 3, size=v.shape)
    elif kind == "signed":
        q, k, v = (np.where(rng.random(x.shape) < 0.5, np.copysign(0.0, x), np.rint(2 * x)) for x in (q, k, v))
    return q, k, v


def chosen_rows(rng: np.random.Generator, Lq: int, most: int = 12) -> tuple[int, ...] | None:
    """The rows of a long problem that are judged: the first, the last, block edges and some others; None for all."""
    if Lq <= most:
        return None
    edges = {0, 1, Lq - 1, Lq - 2} | {e + d for e in (16, 64, 128, 256) for d in (-1, 0) if e + d < Lq}
    rest = rng.choice(Lq, size=min(Lq, most), replace=False).tolist()
    few = sorted(edges)[:2] + sorted(edges)[-2:] + rng.permutation(sorted(edges)).tolist()
    return tuple(sorted({int(i) for i in (few + rest)[:most]}))
