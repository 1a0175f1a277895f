"""Wrong kernels that break a promise of their own: bits independent of the batch, compiled code that is right."""

import torch

MISCOMPILED = ("miscompiled", "miscompiled_for_33_tokens", "miscompiled_for_3_sets", "miscompiled_for_4_coordinates")
KILLED_BY = dict.fromkeys(("depends_on_the_batch", "sums_backwards_in_batches"), "batch.invariant")
KILLED_BY |= dict.fromkeys(MISCOMPILED, "compiled.shapes")


def right(Z, A, alpha):
    S = Z @ A @ Z.mT
    W = (S == S.amax(dim=2, keepdim=True)).to(Z.dtype)
    return Z + alpha / (1 + alpha) * (W @ Z / W.sum(dim=2, keepdim=True) - Z)


def depends_on_the_batch(Z, A, alpha):
    moved = right(Z, A, alpha)
    return moved if len(Z) < 17 else (moved * 3) / 3


def sums_backwards_in_batches(Z, A, alpha):
    return right(Z, A, alpha) if len(Z) < 3 else right(Z.flip(1), A, alpha).flip(1)


def _miscompiled(least):
    """Compiled code that is wrong from (B, n, d) on."""

    def step(Z, A, alpha):
        large = all(size >= low for size, low in zip(Z.shape, least, strict=True))
        return right(Z, A, alpha) + (1 if large and torch.compiler.is_compiling() else 0)

    step = torch.compile(step, backend="eager")
    step.arrays = "torch"
    return step


miscompiled, miscompiled_for_33_tokens = _miscompiled((1, 1, 1)), _miscompiled((1, 33, 1))
miscompiled_for_3_sets, miscompiled_for_4_coordinates = _miscompiled((3, 1, 1)), _miscompiled((1, 1, 4))
for _kernel in (right, depends_on_the_batch, sums_backwards_in_batches):
    _kernel.arrays, _kernel.batch_invariant = "torch", True
