"""Checks of sizes: numbers of keys, queries, coordinates, heads and sets about the blocks that kernels have.

In each trial the last key and the last coordinate decide something, since tails are where keys get lost.
"""

from collections.abc import Iterator

import numpy as np

from .....kernels.attention.protocol import AttentionKernel
from ..inputs import changed, chosen_rows, offered, option, problem
from ..judged import judged
from ..trial import AttentionTrial

EDGES = (1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 513)


def _keys(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    for Lk in EDGES:
        one = problem(kernel, rng, dtype, Lq=3, Lk=Lk, D=8)
        k = one.k.copy()
        k[:, :, -1] = np.rint(2 * one.q[:, :, 1])  # the last key is the best one of row 1
        yield AttentionTrial(changed(one, k=k))


def _queries(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    for Lq in EDGES:
        yield AttentionTrial(problem(kernel, rng, dtype, Lq=Lq, Lk=9, D=8), rows=chosen_rows(rng, Lq, 24))


def _coordinates(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    for D in (1, 2, 3, 5, 8, 9, 12, 16, 24, 31, 32, 33, 40, 48, 63, 64, 65, 72, 80, 96, 100, 127, 128, 129, 192, 256):
        one = problem(kernel, rng, dtype, Lq=3, Lk=12, D=D)
        q, k = one.q.copy(), one.k.copy()
        q[..., -1], k[..., -1] = 2.0, np.rint(k[..., -1] * 4)
        yield AttentionTrial(changed(one, q=q, k=k))
    for name in offered(kernel):  # fast kernels have other code for wide heads
        one = problem(kernel, rng, dtype, Lq=140, D=80, **{name: option(name, rng, (1, 1, 140, 140))})
        yield AttentionTrial(one, rows=chosen_rows(rng, 140))


def _values(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    for D, Dv in ((8, 4), (4, 8), (16, 1), (1, 16), (32, 48), (64, 40), (16, 130)):
        yield AttentionTrial(problem(kernel, rng, dtype, H=2, Lq=3, Lk=12, D=D, Dv=Dv))
    yield AttentionTrial(problem(kernel, rng, dtype, H=4, Hk=2, Lq=3, Lk=12, D=8, Dv=6))


def _sets(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    for B, H in ((3, 1), (17, 2), (65, 1), (257, 1), (1, 33), (1, 65)):
        one = problem(kernel, rng, dtype, B=B, H=H, Lq=2, Lk=3, D=4, kind="peaked")
        yield AttentionTrial(one, rows=(1,) if B * H > 50 else None)


def _nothing(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    for B, Lq, Lk in ((0, 2, 3), (1, 0, 3), (1, 3, 0)):
        yield AttentionTrial(problem(kernel, rng, dtype, B=B, Lq=Lq, Lk=Lk, D=4))


CHECKS = (
    judged("sizes.keys", "Any number of keys is right, block sizes or not", _keys),
    judged("sizes.queries", "Any number of queries is right, block sizes or not", _queries),
    judged("sizes.coordinates", "Any number of coordinates is right, multiples of 8 or not", _coordinates),
    judged("sizes.values", "Values may have fewer or more coordinates than keys", _values, may_refuse=True),
    judged("sizes.sets", "Any number of sets and heads is right", _sets),
    judged(
        "sizes.nothing", "No sets, no queries or no keys give an empty result, or empty rows", _nothing, may_refuse=True
    ),
)
