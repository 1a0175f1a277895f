"""Wrong kernels that break a promise of their own: bits independent of the batch, compiled code that is right."""

import torch

KILLED_BY = {"depends_on_the_batch": "batch.invariant", "miscompiled": "compiled.shapes"}


def right(Z, A, alpha):
    S = Z @ A @ Z.mT
    W = (S == S.amax(dim=2, keepdim=True)).to(Z.dtype)
    return Z + alpha / (1 + alpha) * (W @ Z / W.sum(dim=2, keepdim=True) - Z)


def depends_on_the_batch(Z, A, alpha):
    moved = right(Z, A, alpha)
    return moved if len(Z) < 17 else (moved * 3) / 3


def _miscompiled(Z, A, alpha):
    return right(Z, A, alpha) + (1 if torch.compiler.is_compiling() else 0)


miscompiled = torch.compile(_miscompiled, backend="eager")
right.arrays = depends_on_the_batch.arrays = miscompiled.arrays = "torch"
depends_on_the_batch.batch_invariant = right.batch_invariant = True
