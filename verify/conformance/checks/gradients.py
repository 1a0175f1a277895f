"""Checks of gradients (torch): the layer is locally linear, so its gradient is known exactly.

Away from ties the follow sets are constant nearby, z_i⁺ = (1−λ) z_i + λ mean_{j ∈ C_i} z_j, and for L = Σ ⟨w_i, z_i⁺⟩

    ∂L/∂z_j = (1−λ) w_j + λ Σ_{i : j ∈ C_i} w_i / |C_i|.

The gradient must also agree with central differences of the kernel's own layer.

Neighbours: `cases` has points without ties.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....kernels.filter import gamma
from ....kernels.protocol import to_numpy
from ..cases import random_points
from ..check import Check, Finding, NotApplicableError, Subject
from ..judge import exact_layer
from ..snippet import array, assignments, loading
from ..trial import Call, floats

STEP = Fraction(1, 1 << 12)
"""h of the central differences: a power of two, far below every gap of scores of the points chosen."""


def _points(subject: Subject, dtype: str) -> Call:
    """Points whose gaps exceed 1/8, so that moving one coordinate by STEP changes no follow set."""
    rng = subject.random(f"gradient/{dtype}")
    while True:
        one = random_points(rng, 6, 2, dtype, alpha=3).call()
        exact = exact_layer(one.tokens[0], one.A, one.alpha, "all")
        if all(gap is not None and gap * exact.unit > Fraction(1, 8) for gap in exact.gaps):
            return one


def _weights(n: int, d: int) -> list[list[int]]:
    return [[1 + (3 * i + 5 * c) % 7 for c in range(d)] for i in range(n)]


def _gradient(subject: Subject, one: Call, dtype: str) -> NDArray[np.float64]:
    """∂/∂z of Σ ⟨w_i, z_i⁺⟩ by torch."""
    import torch

    kernel = subject.kernel
    tokens = kernel.arrays_for(floats(one.tokens, dtype), dtype).requires_grad_()
    moved = kernel.step(tokens, kernel.arrays_for(floats(one.A, dtype), dtype), float(one.alpha))
    if not moved.requires_grad:
        raise NotApplicableError("the result carries no gradient (requires_grad is False)")
    w = torch.as_tensor(_weights(*one.shape[1:]), dtype=tokens.dtype, device=tokens.device)
    (moved * w).sum().backward()
    if tokens.grad is None:
        raise NotApplicableError("no gradient reaches the tokens")
    return to_numpy(tokens.grad)[0].astype(np.float64)


def _exact_gradient(one: Call) -> NDArray[np.float64]:
    """The formula above, in fractions."""
    _, n, d = one.shape
    exact = exact_layer(one.tokens[0], one.A, one.alpha, "all")
    rate = one.alpha / (1 + one.alpha)
    w = _weights(n, d)
    total = [[(1 - rate) * v for v in row] for row in w]
    for i, C in enumerate(exact.sets):
        for j in C:
            total[j] = [t + rate * v / len(C) for t, v in zip(total[j], w[i], strict=True)]
    return np.array(total, dtype=np.float64)


def _differences(subject: Subject, one: Call, dtype: str) -> NDArray[np.float64]:
    """Central differences of the kernel's layer, in all n d directions."""
    _, n, d = one.shape
    base = floats(one.tokens, dtype)
    w = np.array(_weights(n, d), dtype=np.float64)
    result = np.empty((n, d))
    for i in range(n):
        for c in range(d):
            ends = []
            for sign in (1, -1):
                moved = base.copy()
                moved[0, i, c] += sign * float(STEP)
                ends.append(float((subject.kernel(moved, None, float(one.alpha))[0].astype(np.float64) * w).sum()))
            result[i, c] = (ends[0] - ends[1]) / (2 * float(STEP))
    return result


def _check(reference: Callable[[Subject, Call, str], Any], words: str, slack: float) -> Callable[[Subject], Finding]:
    """The check that compares the gradient with a reference; `slack` multiplies the rounding of a sum of n terms."""

    def run(subject: Subject) -> Finding:
        if subject.kernel.arrays != "torch":
            raise NotApplicableError("the kernel does not compute with torch tensors")
        worst = 0.0
        for dtype in subject.kernel.dtypes:
            one = _points(subject, dtype)
            try:
                found = _gradient(subject, one, dtype)
                wanted = reference(subject, one, dtype)
            except RuntimeError as error:
                return _fail(subject, one, dtype, f"raised {type(error).__name__}: {error}", None, 0.0)
            _, n, d = one.shape
            size = float(np.abs(wanted).max())
            allowed = slack * float(gamma(4 * n * d, np.dtype(dtype))) * size
            error = float(np.abs(found - wanted).max())
            if not error <= allowed:
                message = f"the gradient differs from {words} by {error:.3g} (allowed {allowed:.3g})"
                return _fail(subject, one, dtype, message, wanted, allowed)
            worst = max(worst, error)
        return Finding("pass", f"largest difference from {words}: {worst:.2g}")

    return run


def _fail(
    subject: Subject, one: Call, dtype: str, message: str, wanted: NDArray[np.float64] | None, allowed: float
) -> Finding:
    _, n, d = one.shape
    lines = [
        *loading(subject.kernel, subject.spec, "import torch"),
        *assignments(one, dtype),
        f"leaf = kernel.arrays_for(tokens, {dtype!r}).requires_grad_()",
        f"moved = kernel.step(leaf, kernel.arrays_for(A, {dtype!r}), alpha)",
        f"(moved * torch.tensor({_weights(n, d)}, dtype=leaf.dtype, device=leaf.device)).sum().backward()",
    ]
    if wanted is not None:
        lines += [
            f"wanted = {array(wanted.tolist(), 'float64')}",
            "error = np.abs(leaf.grad[0].cpu().numpy() - wanted).max()",
            f"assert error <= {allowed!r}, error",
        ]
    return Finding("fail", f"{dtype}: {' '.join(message.split())}", 0, snippet="\n".join(lines) + "\n")


CHECKS: tuple[Check, ...] = (
    Check(
        "gradient.exact",
        "The gradient is that of the weighted mean",
        _check(lambda subject, one, dtype: _exact_gradient(one), "the exact one", 1.0),
    ),
    Check(
        "gradient.differences",
        "The gradient agrees with finite differences away from ties",
        # a difference of two sums of about 4 divided by 2h loses 1/(2h) of their rounding
        _check(_differences, "central differences", float(4 / STEP)),
    ),
)

__all__ = ["CHECKS"]
