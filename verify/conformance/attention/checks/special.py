"""Checks of what only some kernels declare: the log-sum-exp, and hard attention (β = ∞, exact rationals).

Neighbours: `kernels.attention.truth.hard` has the exact rows.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .....kernels.attention.protocol import AttentionKernel
from ...check import NotApplicableError
from ..inputs import changed, problem
from ..judged import judged
from ..trial import AttentionTrial
from .masks import with_a_key
from .values import needs


def _lse(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    if kernel.lse is None:
        raise NotApplicableError("the kernel declares no lse")
    for kind in ("plain", "peaked", "low", "equal", "rising"):
        for Lq, Lk, D in ((1, 1, 2), (3, 5, 4), (5, 33, 8), (3, 300, 8)):
            yield AttentionTrial(problem(kernel, rng, dtype, H=2, Lq=Lq, Lk=Lk, D=D, kind=kind))  # type: ignore[arg-type]


def _lse_empty(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    if kernel.lse is None:
        raise NotApplicableError("the kernel declares no lse")
    needs(kernel, "mask")
    for Lq, Lk in ((1, 1), (3, 5), (9, 70)):
        mask = rng.random((1, 1, Lq, Lk)) < 0.5
        mask[:, :, 0] = False
        yield AttentionTrial(problem(kernel, rng, dtype, Lq=Lq, Lk=Lk, D=4, mask=mask))


def is_hard(kernel: AttentionKernel) -> None:
    """Raise `NotApplicableError` for softmax."""
    if not kernel.hard:
        raise NotApplicableError("the kernel is no hard attention (hard = True or hard = 'first')")


def _ties(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """Small whole numbers: every score is exact, and many are equal."""
    is_hard(kernel)
    for Lq, Lk in ((1, 2), (3, 5), (5, 17), (4, 70), (9, 130)):
        for D in (1, 4):
            one = problem(kernel, rng, dtype, H=2, Lq=Lq, Lk=Lk, D=D, kind="whole")
            yield AttentionTrial(changed(one, q=np.sign(one.q), k=np.sign(one.k)))
            yield AttentionTrial(changed(one, k=one.k.take([0], axis=2).repeat(Lk, axis=2)))


def _near(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """The best score leads by little more than what may be rounded away, first or last of all keys."""
    is_hard(kernel)
    how = kernel.arithmetic(dtype)
    lead = max(2 * how.dtype.u, 128 * how.accumulation.u)
    for Lk in (2, 3, 17, 70):
        for best in (0, Lk - 1):
            one = problem(kernel, rng, dtype, Lq=2, Lk=Lk, D=4)
            k, q = np.zeros_like(one.k), np.ones_like(one.q)
            k[..., 0], k[:, :, best, 0] = 1.0, 1 + lead
            yield AttentionTrial(changed(one, q=q, k=k))
            yield AttentionTrial(changed(one, q=q, k=-k))


def _hidden(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """Masks and diagonals over ties: a hidden key is no maximiser."""
    is_hard(kernel)
    if not {"mask", "causal"} & kernel.keywords:
        raise NotApplicableError("the kernel has no parameter mask or causal")
    for L in (2, 5, 20):
        for name in sorted({"mask", "causal"} & kernel.keywords):
            value: Any = True if name == "causal" else with_a_key(rng.random((1, 2, L, L)) < 0.5, rng)
            one = problem(kernel, rng, dtype, H=2, Lq=L, D=4, kind="whole", **{name: value})
            yield AttentionTrial(changed(one, q=np.sign(one.q), k=np.sign(one.k)))


CHECKS = (
    judged("lse.values", "The log-sum-exp lies within its own bound", _lse),
    judged("lse.empty", "The log-sum-exp of a row without keys is minus infinity", _lse_empty),
    judged("hard.ties", "Hard attention takes the mean of all maximisers, or the first, as declared", _ties),
    judged("hard.near", "Hard attention tells scores apart that differ by little", _near),
    judged("hard.hidden", "Hidden keys are no maximisers", _hidden),
)
