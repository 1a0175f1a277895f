"""Checks of what a row may see: masks, biases, causal diagonals, windows, empty rows; and of softcaps and heads.

Neighbours: `inputs` draws problems.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .....kernels.attention.protocol import AttentionKernel
from ...check import NotApplicableError
from ..inputs import ProblemKind, changed, offered, option, problem
from ..judged import judged
from ..trial import AttentionTrial
from .values import needs

HARD: tuple[ProblemKind, ...] = ("low", "rising", "deep")
"""Hidden keys must stay hidden where what a row may see scores low, and where they score high."""
APART = (("bias", "softcap"), ("causal", "scale"), ("causal", "softcap"), ("causal", "window"), ("mask", "softcap"))
"""Pairs of options that `scale.given`, `softcap.order` and `window.sides` try."""
SHAPES = ((1, 1, 5, 7), (2, 2, 5, 9), (2, 3, 17, 33), (1, 2, 4, 70))
"""(B, H, Lq, Lk) of masked problems."""


def with_a_key(mask: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """`mask`, but no row is empty."""
    Lk = mask.shape[-1]
    first = np.arange(Lk) == rng.integers(0, Lk, size=(*mask.shape[:-1], 1))
    return mask | (first & ~mask.any(axis=-1, keepdims=True))


def _bool(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """Random masks, whole and narrow along each axis."""
    needs(kernel, "mask")
    for B, H, Lq, Lk in SHAPES:
        for shape in ((B, H, Lq, Lk), (1, 1, Lq, Lk), (B, 1, 1, Lk), (B, 1, Lq, Lk), (1, H, Lq, Lk)):
            mask = with_a_key(rng.random(shape) < 0.6, rng)
            one = problem(kernel, rng, dtype, B=B, H=H, Lq=Lq, Lk=Lk, D=4, mask=mask)
            yield AttentionTrial(one, {"mask": "narrow"})
            yield AttentionTrial(one)


def _blocks(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """Whole blocks of keys hidden at the beginning, in the middle and at the end; rows differ."""
    needs(kernel, "mask")
    for Lk, size in ((48, 16), (100, 32), (200, 64), (300, 128)):
        blocks = np.arange(Lk) // size
        for hidden in ([0], [1], [blocks[-1]], [0, blocks[-1]], list(range(int(blocks[-1])))):
            mask = np.ones((4, Lk), dtype=np.bool_)
            mask[0] = ~np.isin(blocks, hidden)
            mask[2] = (np.arange(Lk) % 3 == 0) & mask[0]
            mask[3] = mask[0] if len(hidden) > 1 else np.arange(Lk) == Lk - 1
            yield AttentionTrial(problem(kernel, rng, dtype, Lq=4, Lk=Lk, D=4, mask=mask[None, None]))


def _best(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """A hidden key scores far above all others, in one row only; hidden from all rows, with large numbers; far above.

    In the last kind all that a row may see scores below −10⁴.
    """
    needs(kernel, "mask")
    for Lk in (3, 20, 70):
        one = problem(kernel, rng, dtype, Lq=3, Lk=Lk, D=4, mask=np.ones((1, 1, 3, Lk), dtype=np.bool_))
        for j in (0, Lk - 1):
            k, v, mask, q = one.k.copy(), one.v.copy(), one.mask.copy(), np.abs(one.q) + 1  # type: ignore[union-attr]
            k[:, :, j] = 60.0
            mask[:, :, 1, j] = False
            yield AttentionTrial(changed(one, q=q, k=k, mask=mask))
            mask[:, :, :, j] = False
            v[:, :, j] = 2.0**14
            only = np.arange(Lk) == Lk - 1 - j
            yield AttentionTrial(
                problem(kernel, rng, dtype, Lq=3, Lk=Lk, D=4, mask=only[None, None, None], kind="deep")
            )
            far = np.where(np.arange(Lk)[:, None] == j, 0.0, -200 - np.abs(one.k))
            yield AttentionTrial(changed(one, q=100 + q, k=far, v=v, mask=mask))
            yield AttentionTrial(changed(one, q=q, k=k * 16 if dtype != "float16" else k, v=v, mask=mask))


def _padding(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """Keys that are hidden from every row of a head hold NaN and infinity."""
    needs(kernel, "mask")
    for Lk in (3, 20, 70):
        for bad in (np.nan, np.inf):
            mask = np.ones((1, 1, 3, Lk), dtype=np.bool_)
            mask[..., Lk - 1 - Lk // 3 :] = False
            one = problem(kernel, rng, dtype, Lq=3, Lk=Lk, D=4, mask=mask)
            for name in ("k", "v"):
                spoiled = getattr(one, name).copy()
                spoiled[:, :, Lk - 1] = bad
                yield AttentionTrial(changed(one, **{name: spoiled}))


def _empty(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """Rows without keys, beside others; whole heads without keys."""
    needs(kernel, "mask")
    for Lq, Lk in ((1, 1), (3, 5), (9, 20), (4, 70)):
        mask = rng.random((1, 2, Lq, Lk)) < 0.5
        mask[:, :, 0] = False
        mask[:, 1, Lq - 1] = False
        yield AttentionTrial(problem(kernel, rng, dtype, H=2, Lq=Lq, Lk=Lk, D=4, mask=mask))
        yield AttentionTrial(problem(kernel, rng, dtype, H=2, Lq=Lq, Lk=Lk, D=4, mask=np.zeros_like(mask)))


def _bias(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    needs(kernel, "bias")
    for B, H, Lq, Lk in SHAPES:
        for shape in ((B, H, Lq, Lk), (1, 1, Lq, Lk), (B, 1, 1, Lk), (1, H, Lq, Lk)):
            bias = 2 * rng.standard_normal(shape)
            one = problem(kernel, rng, dtype, B=B, H=H, Lq=Lq, Lk=Lk, D=4, bias=bias)
            yield AttentionTrial(one, {"bias": "narrow"})


def _large_bias(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """A bias of −∞ or of very large negative numbers hides keys; where all are so low they are compared."""
    needs(kernel, "bias")
    low = -6e4 if dtype == "float16" else -1e9
    for hidden in (-np.inf, low):
        for Lk in (3, 20, 70):
            bias = np.where(rng.random((1, 1, 4, Lk)) < 0.5, hidden, rng.standard_normal((1, 1, 4, Lk)))
            bias[..., 0, :] = -2e4
            bias[..., 1, 0] = 0.0
            bias[..., 2, Lk - 1] = 1.0
            bias[..., 3, Lk // 2] = -5.0
            yield AttentionTrial(problem(kernel, rng, dtype, Lq=4, Lk=Lk, D=4, bias=bias))


def _together(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """Two options together, but for the pairs that other checks try."""
    pairs = [pair for pair in combinations(offered(kernel), 2) if pair not in APART]
    if not pairs:
        raise NotApplicableError("the kernel takes no two of scale, mask, bias, causal, window and softcap")
    for pair in pairs:
        for L in (5, 33):
            options = {name: option(name, rng, (2, 2, L, L)) for name in pair}
            yield AttentionTrial(problem(kernel, rng, dtype, B=2, H=2, Lq=L, D=4, **options))


def _causal(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    needs(kernel, "causal")
    for L in (1, 2, 3, 5, 15, 16, 17, 33, 64, 65, 130):
        yield AttentionTrial(problem(kernel, rng, dtype, H=2 if L < 20 else 1, Lq=L, D=4, causal=True))
    for kind in HARD:
        for L in (2, 5, 40):
            yield AttentionTrial(problem(kernel, rng, dtype, Lq=L, D=4, causal=True, kind=kind))


def _alignment(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """More keys than queries, and fewer: rows may then be empty."""
    needs(kernel, "causal")
    for Lq, Lk in ((2, 3), (1, 5), (3, 2), (5, 1), (7, 33), (33, 7), (17, 64), (65, 130), (130, 65)):
        yield AttentionTrial(problem(kernel, rng, dtype, Lq=Lq, Lk=Lk, D=4, causal=True))
    for name in sorted({"mask", "window"} & kernel.keywords):
        for Lq, Lk in ((3, 9), (12, 9)):
            also = {name: option(name, rng, (1, 1, Lq, Lk))}
            yield AttentionTrial(problem(kernel, rng, dtype, Lq=Lq, Lk=Lk, D=4, causal=True, **also))


def _window(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    needs(kernel, "window")
    causal = (False, True) if "causal" in kernel.keywords else (False,)
    for L in (5, 20, 70):
        for window in ((0, 0), (1, 2), (3, 0), (0, 2), (-1, 1), (2, -1), (-1, -1), (16, 15)):
            for also in causal if window in ((1, 2), (2, -1)) else (False,):
                yield AttentionTrial(problem(kernel, rng, dtype, Lq=L, D=4, window=window, causal=also))
    for Lq, Lk in ((3, 9), (9, 12)):
        yield AttentionTrial(problem(kernel, rng, dtype, Lq=Lq, Lk=Lk, D=4, window=(2, 1)))
    for kind in HARD:
        yield AttentionTrial(problem(kernel, rng, dtype, Lq=20, D=4, window=(0, 0), kind=kind))


def _softcap(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    needs(kernel, "softcap")
    for c in (0.5, 1.0, 5.0, 30.0, 50.0):
        for kind in ("plain", "peaked"):
            yield AttentionTrial(problem(kernel, rng, dtype, H=2, Lq=5, Lk=20, D=8, softcap=c, kind=kind))  # type: ignore[arg-type]


def _softcap_order(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """A softcap with a bias, a mask or a diagonal: hidden keys stay hidden."""
    needs(kernel, "softcap")
    for c in (1.0, 5.0):
        for name in ("bias", "mask", "causal"):
            if name in kernel.keywords:
                shape = (1, 1, 9, 9)
                value: Any = {"bias": 3 * rng.standard_normal(shape), "causal": True}.get(name)
                value = (rng.random(shape) < 0.5) | np.eye(9, dtype=np.bool_) if name == "mask" else value
                yield AttentionTrial(problem(kernel, rng, dtype, Lq=9, D=8, softcap=c, kind="peaked", **{name: value}))


def _grouped(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """Fewer heads of k and v than of q; with each option, whose masks and biases are those of the heads of q."""
    for H, Hk in ((2, 1), (4, 2), (8, 2), (6, 3), (8, 1), (3, 3)):
        for L in (3, 20):
            yield AttentionTrial(problem(kernel, rng, dtype, B=2, H=H, Hk=Hk, Lq=L, Lk=L + 2, D=4))
    for H, Hk in ((4, 2), (3, 1)):
        for name in offered(kernel):
            one = {name: option(name, rng, (2, H, 9, 9))}
            yield AttentionTrial(problem(kernel, rng, dtype, B=2, H=H, Hk=Hk, Lq=9, D=4, **one))


def _heads(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """Sets and heads have values of their own."""
    for B, H in ((1, 1), (2, 1), (1, 3), (3, 2), (2, 5)):
        yield AttentionTrial(problem(kernel, rng, dtype, B=B, H=H, Lq=4, Lk=6, D=4, kind="peaked"))


CHECKS = (
    judged("heads.own", "Every head of every set sees its own keys", _heads),
    judged("heads.grouped", "Head h of q reads head h // (H/Hk) of k and v", _grouped, may_refuse=True),
    judged("mask.bool", "A mask hides where it is False, in every shape that broadcasts", _bool),
    judged("mask.blocks", "Whole blocks of keys may be hidden, also the first ones", _blocks),
    judged("mask.best", "A hidden key has no influence, however large its score and value", _best),
    judged("mask.padding", "Keys hidden from all rows may hold NaN and infinity", _padding),
    judged("mask.empty", "Rows without keys come out as declared, and spoil no others", _empty),
    judged("mask.together", "Scale, mask, bias, causal, window and softcap hold together, any two of them", _together),
    judged("bias.added", "A bias is added to the scaled score, in every shape that broadcasts", _bias),
    judged("bias.large", "A bias of minus infinity hides, a very negative one is a number", _large_bias),
    judged("causal.square", "A causal row sees no later key, at any length", _causal),
    judged(
        "causal.rectangular",
        "The causal diagonal is anchored at one corner wherever Lq and Lk differ",
        _alignment,
        may_refuse=True,
    ),
    judged("window.sides", "A window reaches as far as it says on either side", _window),
    judged("softcap.values", "A softcap bounds the scaled scores by c tanh(s/c)", _softcap),
    judged("softcap.order", "A softcap, bias and mask are applied in the declared order", _softcap_order),
)
