"""Checks of gradients (torch): the layer is locally linear, so its gradient is known exactly.

Away from ties the follow sets are constant nearby, z_i⁺ = (1−λ) z_i + λ mean_{j ∈ C_i} z_j, and for L = Σ ⟨w_i, z_i⁺⟩

    ∂L/∂z_j = (1−λ) w_j + λ Σ_{i : j ∈ C_i} w_i / |C_i|.

At a tie the layer is not continuous, and the gradient is by convention that of the mean of the tied tokens, the same
formula. Away from ties the gradient must also agree with central differences of the kernel's own layer.

Neighbours: `cases` has points without ties.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ....kernels.bounds.filter import gamma
from ....kernels.exact.configuration import identity
from ....kernels.protocol import to_numpy
from ..check import Check, NotApplicableError, Subject
from ..failures.snippet import array, assignments, loading
from ..inputs.cases import random_points
from ..inputs.draws import INTEGER_FORMS, Draw, TokenKind
from ..inputs.trial import HALVES, Call, call, exact_rows, floats
from ..judge import exact_layer
from ..record import CheckFinding

STEP = Fraction(1, 1 << 12)
"""h of the central differences: a power of two, far below every gap of scores of the points chosen."""


def _points(subject: Subject, dtype: str) -> Iterator[Call]:
    """Points whose gaps exceed 1/8, so that moving one coordinate by STEP changes no follow set."""
    rng = subject.random(f"gradient/{dtype}")
    sizes = [(1, 6, 2, False), (3, 5, 3, False), (2, 9, 4, False)]
    if subject.kernel.supports_A:
        sizes += [(1, 5, 2, True), (2, 8, 3, True)]
    for B, n, d, formed in sizes:
        A = [[(a == b) + rng.randint(-1, 1) for b in range(d)] for a in range(d)] if formed else None
        sets = []
        while len(sets) < B:
            rows = random_points(rng, n, d, dtype).tokens
            exact = exact_layer(exact_rows(rows), identity(d) if A is None else exact_rows(A), Fraction(3), "all")
            if all(gap is not None and gap * exact.unit > Fraction(1, 8) for gap in exact.gaps):
                sets.append(rows)
        yield call(*sets, A=A, alpha=3)


def _with_ties(subject: Subject, dtype: str) -> Iterator[Call]:
    """The points above, and exact ties under several A: at a tie the layer is the mean of the tied tokens."""
    yield from _points(subject, dtype)
    if subject.kernel.ties == "any":
        return
    rng = subject.random(f"gradient/ties/{dtype}")
    kinds: tuple[tuple[TokenKind, int, int, int], ...] = (("tied", 1, 5, 2), ("tied", 3, 8, 3), ("lattice", 2, 30, 2))
    for kind, B, n, d in kinds:
        for form in INTEGER_FORMS if subject.kernel.supports_A else INTEGER_FORMS[:1]:
            yield Draw(B, n, d, kind, form, "contiguous").call(rng, dtype)


Reference = Callable[[Subject, Call, str], NDArray[np.float64]]
"""(kernel, call, dtype) -> the gradient (B, n, d) that is right."""


def _weights(n: int, d: int) -> list[list[int]]:
    return [[1 + (3 * i + 5 * c) % 7 for c in range(d)] for i in range(n)]


def _gradient(subject: Subject, one: Call, dtype: str) -> NDArray[np.float64]:
    """∂/∂z of Σ ⟨w_i, z_i⁺⟩ by torch."""
    import torch

    kernel = subject.kernel
    tokens = kernel.arrays_for(floats(one.tokens, dtype), dtype).requires_grad_()
    moved = kernel.step(tokens, kernel.arrays_for(floats(one.A, dtype), dtype), float(one.alpha))
    if not isinstance(moved, torch.Tensor) or moved.shape != tokens.shape:
        raise TypeError(f"returned a {type(moved).__name__} of shape {np.shape(moved)}, no tensor like the tokens")
    if not moved.requires_grad:
        raise NotApplicableError("the result carries no gradient (requires_grad is False); declare gradients = False")
    w = torch.as_tensor(_weights(*one.shape[1:]), dtype=tokens.dtype, device=tokens.device)
    (moved * w).sum().backward()
    if tokens.grad is None:
        raise NotApplicableError("no gradient reaches the tokens; declare gradients = False")
    return to_numpy(tokens.grad).astype(np.float64)


def _exact_gradient(subject: Subject, one: Call, dtype: str) -> NDArray[np.float64]:
    """The formula above, in fractions, for every set of the batch."""
    return np.stack([_exact_row(subject, one, row) for row in range(len(one.tokens))])


def _exact_row(subject: Subject, one: Call, row: int) -> NDArray[np.float64]:
    _, n, d = one.shape
    exact = exact_layer(one.tokens[row], one.A, one.alpha, subject.kernel.ties)
    rate = one.alpha / (1 + one.alpha)
    w = _weights(n, d)
    total = [[(1 - rate) * v for v in row] for row in w]
    for i, C in enumerate(exact.expected):
        for j in C:
            total[j] = [t + rate * v / len(C) for t, v in zip(total[j], w[i], strict=True)]
    scale = 1 + one.alpha if subject.kernel.form == "residual" else 1
    return np.array(total, dtype=np.float64) * float(scale)


def _differences(subject: Subject, one: Call, dtype: str) -> NDArray[np.float64]:
    """Central differences of the kernel's layer, in all n d directions of all sets at once (they do not interact)."""
    if dtype in HALVES:
        raise NotApplicableError(f"differences of {dtype} tell nothing")
    B, n, d = one.shape
    base, A = floats(one.tokens, dtype), floats(one.A, dtype)
    w = np.array(_weights(n, d), dtype=np.float64)
    result = np.empty((B, n, d))
    for i in range(n):
        for c in range(d):
            ends = []
            for sign in (1, -1):
                moved = base.copy()
                moved[:, i, c] += sign * float(STEP)
                ends.append((subject.kernel(moved, A, float(one.alpha)).astype(np.float64) * w).sum(axis=(1, 2)))
            result[:, i, c] = (ends[0] - ends[1]) / (2 * float(STEP))
    return result


def _check(
    calls: Callable[[Subject, str], Iterator[Call]], reference: Reference, words: str, slack: float
) -> Callable[[Subject], CheckFinding]:
    """The check that compares the gradient with a reference; `slack` multiplies the rounding of a sum of n terms."""

    def run(subject: Subject) -> CheckFinding:
        if subject.kernel.arrays != "torch":
            raise NotApplicableError("the kernel does not compute with torch tensors")
        if not subject.kernel.gradients:
            raise NotApplicableError("the kernel declares gradients = False: it is a forward pass alone")
        worst, count = 0.0, 0
        for dtype in subject.kernel.dtypes:
            for one in calls(subject, dtype):
                try:
                    found = _gradient(subject, one, dtype)
                    wanted = reference(subject, one, dtype)
                except (NotApplicableError, KeyboardInterrupt):
                    raise
                except (Exception, SystemExit) as error:
                    return _fail(subject, one, dtype, f"raised {type(error).__name__}: {error}", None, 0.0)
                _, n, d = one.shape
                allowed = slack * float(gamma(4 * n * d, dtype)) * float(np.abs(wanted).max())
                error = float(np.abs(found - wanted).max())
                if not error <= allowed:
                    message = f"the gradient differs from {words} by {error:.3g} (allowed {allowed:.3g})"
                    return _fail(subject, one, dtype, message, wanted, allowed)
                worst, count = max(worst, error), count + 1
        return CheckFinding("pass", f"largest difference from {words} in {count} calls: {worst:.2g}")

    return run


def _fail(
    subject: Subject, one: Call, dtype: str, message: str, wanted: NDArray[np.float64] | None, allowed: float
) -> CheckFinding:
    _, n, d = one.shape
    lines = [
        *loading(subject.kernel, subject.spec, "import torch"),
        *assignments(one, dtype),
        f"leaf = kernel.arrays_for(tokens, {dtype!r}).requires_grad_()",
        f"moved = kernel.step(leaf, kernel.arrays_for(A, {dtype!r}), alpha)",
        "assert isinstance(moved, torch.Tensor) and moved.shape == leaf.shape, moved",
        f"(moved * torch.tensor({_weights(n, d)}, dtype=leaf.dtype, device=leaf.device)).sum().backward()",
    ]
    if wanted is not None:
        lines += [
            f"wanted = {array(wanted.tolist(), 'float64')}",
            "error = np.abs(leaf.grad.cpu().numpy() - wanted).max()",
            f"assert error <= {allowed!r}, error",
        ]
    B, _, _ = one.shape
    place = f"{dtype}, n = {n}, d = {d}" + (f", a batch of {B}" if B > 1 else "")
    return CheckFinding("fail", f"{place}: {' '.join(message.split())}", 0, snippet="\n".join(lines) + "\n")


CHECKS: tuple[Check, ...] = (
    Check(
        "gradient.exact",
        "The gradient is that of the weighted mean",
        _check(_with_ties, _exact_gradient, "the exact one", 1.0),
    ),
    Check(
        "gradient.differences",
        "The gradient agrees with finite differences away from ties",
        # a difference of two sums of about 4 divided by 2h loses 1/(2h) of their rounding
        _check(_points, _differences, "central differences", float(4 / STEP)),
    ),
)
