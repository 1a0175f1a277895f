"""Checks of gradients (torch): the layer is locally linear, so its gradient is known exactly.

Away from ties the follow sets are constant nearby, z_i⁺ = (1−λ) z_i + λ mean_{j ∈ C_i} z_j, and for L = Σ ⟨w_i, z_i⁺⟩

    ∂L/∂z_j = (1−λ) w_j + λ Σ_{i : j ∈ C_i} w_i / |C_i|.

At a tie the layer is not continuous, and the gradient is by convention that of the mean of the tied tokens, the same
formula. Away from ties the gradient must also agree with central differences of the kernel's own layer.

Neighbours: `cases` has points without ties; `autograd` asks what backward passes share.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....kernels.bounds.rounding import gamma
from ....kernels.exact.configuration import identity
from ....kernels.protocol import to_numpy
from ..check import Check, NotApplicableError, Subject
from ..failures.snippet import array, assignments, loading
from ..inputs.cases import random_points
from ..inputs.draws import INTEGER_FORMS, Draw, TokenKind
from ..inputs.lattices import Lattice, Shape, lattice
from ..inputs.trial import HALVES, Call, NotTestedError, call, exact_rows, floats, raised
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
        if A is not None and not any(map(any, A)):
            A = [[int(a == b) for b in range(d)] for a in range(d)]  # without scores there are no gaps
        while len(sets) < B:
            rows = random_points(rng, n, d, dtype).tokens
            exact = exact_layer(exact_rows(rows), identity(d) if A is None else exact_rows(A), Fraction(3), "all")
            alone = all(len(C) == 1 for C in exact.sets)
            if alone and all(gap is not None and gap * exact.unit > Fraction(1, 8) for gap in exact.gaps):
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


def _one_gradient(subject: Subject) -> None:
    """Refuse a kernel whose gradient at a tie is not one."""
    if subject.kernel.ties == "any":
        raise NotApplicableError('with ties = "any" it is not said which of the tied tokens has the gradient')


def wide(subject: Subject) -> list[str]:
    """The dtypes in which the bound on gradients says something at any size."""
    found = [dtype for dtype in subject.kernel.dtypes if dtype not in HALVES]
    if not found:
        raise NotTestedError(f"no useful bound on gradients of many numbers in {', '.join(subject.kernel.dtypes)}")
    return found


def _many(subject: Subject) -> Iterator[tuple[Lattice, str]]:
    """Many tokens, coordinates and sets, with ties."""
    _one_gradient(subject)
    rng = subject.random("gradient.sizes")
    shapes: tuple[Shape, ...] = ("identity", "permutation") if subject.kernel.supports_A else ("identity",)
    for dtype in wide(subject):
        sizes = ((1, 33, 3), (1, 65, 2), (2, 130, 3), (1, 257, 2), (1, 1100, 2), (33, 4, 2), (70, 4, 3), (300, 3, 2))
        for B, n, d in sizes:
            yield lattice(rng, n, d, dtype, B=B, shape=rng.choice(shapes), tied=True), dtype
        for d in (9, 33, 65, 130):
            yield lattice(rng, 12, d, dtype, B=2, shape=rng.choice(shapes), tied=True), dtype


def _weights(n: int, d: int) -> list[list[int]]:
    return [[1 + (3 * i + 5 * c) % 7 for c in range(d)] for i in range(n)]


ABSENT = "the result carries no gradient (requires_grad is False)"
FORWARD_ONLY = f"forward only: {ABSENT}; declare gradients = False if that is meant"


class ForwardOnlyError(Exception):
    """The result, or the tokens, carry no gradient."""


def _gradient(subject: Subject, one: Call, dtype: str, upstream: str = "weights") -> NDArray[np.float64]:
    """∂/∂z of Σ ⟨w_i, z_i⁺⟩ by torch, w as `upstream` says."""
    import torch

    kernel = subject.kernel
    tokens = kernel.arrays_for(floats(one.tokens, dtype), dtype).requires_grad_()
    moved = kernel.step(tokens, kernel.arrays_for(floats(one.A, dtype), dtype), float(one.alpha))
    if not isinstance(moved, torch.Tensor) or moved.shape != tokens.shape:
        raise TypeError(f"returned a {type(moved).__name__} of shape {np.shape(moved)}, no tensor like the tokens")
    if not moved.requires_grad:
        raise ForwardOnlyError(ABSENT)
    moved.backward(gradient=_laid(torch.as_tensor(upstream_of(one.shape, upstream, dtype)).to(tokens), upstream))
    if tokens.grad is None:
        raise ForwardOnlyError("no gradient reaches the tokens")
    return to_numpy(tokens.grad).astype(np.float64)


UPSTREAMS = ("weights", "ones", "one token", "transposed", "padded", "large", "zero")
"""w: integers; all 1 with stride 0, as `moved.sum()` gives it; 0 but at the last token of the last set; not contiguous
in two ways, and of more bits; times 2^60; 0."""
BITS = {"float64": 45, "float32": 16}
"""w (1 + 2^-bits) is no number of a dtype of fewer bits."""


def upstream_of(shape: tuple[int, int, int], upstream: str, dtype: str) -> NDArray[np.float64]:
    """w, (B, n, d)."""
    w = np.broadcast_to(np.array(_weights(*shape[1:]), dtype=np.float64), shape).copy()
    if upstream == "ones":
        return np.ones(shape)
    if upstream == "one token":
        w[:-1] = w[:, :-1] = 0
    if upstream in ("transposed", "padded"):
        w *= 1 + 2.0 ** -BITS[dtype]
    return w * {"large": 2.0**60, "zero": 0.0}.get(upstream, 1.0)


def _laid(w: Any, upstream: str) -> Any:
    """The tensor w laid out in memory as `upstream` says."""
    if upstream == "ones":
        return w[:1, :1, :1].expand(w.shape)
    if upstream == "transposed":
        return w.permute(2, 1, 0).contiguous().permute(2, 1, 0)
    if upstream == "padded":
        buffer = w.new_full([s + 1 for s in w.shape], float("nan"))
        buffer[1:, 1:, 1:] = w
        return buffer[1:, 1:, 1:]
    return w


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
        raise NotTestedError(f"central differences of {dtype} are all rounding")
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


Asked = tuple[Call, str, str, Callable[[], NDArray[np.float64]]]
"""A call, its dtype, the upstream gradient, and the gradient (B, n, d) that is right."""


def _asked(
    calls: Callable[[Subject, str], Iterator[Call]], reference: Callable[[Subject, Call, str], NDArray[np.float64]]
) -> Callable[[Subject], Iterator[Asked]]:
    """All calls, with weights as upstream gradient."""

    def questions(subject: Subject) -> Iterator[Asked]:
        for dtype in subject.kernel.dtypes:
            for one in calls(subject, dtype):
                yield one, dtype, "weights", partial(reference, subject, one, dtype)

    return questions


def lattice_gradient(subject: Subject, one: Lattice, upstream: str, dtype: str) -> NDArray[np.float64]:
    """The formula above in float64, for every row of the batch."""
    mask = one.masks(subject.kernel.ties)
    share = (mask / mask.sum(axis=2, keepdims=True)).transpose(0, 2, 1)[np.arange(one.B) % len(mask)]
    rate = float(one.alpha / (1 + one.alpha))
    w = upstream_of(one.shape, upstream, dtype)
    return ((1 - rate) * w + rate * (share @ w)) * (float(1 + one.alpha) if subject.kernel.form == "residual" else 1)


def _sizes(subject: Subject) -> Iterator[Asked]:
    for one, dtype in _many(subject):
        yield one.call(), dtype, "weights", partial(lattice_gradient, subject, one, "weights", dtype)


def _upstreams(subject: Subject) -> Iterator[Asked]:
    _one_gradient(subject)
    rng = subject.random("gradient.upstream")
    for dtype in wide(subject):
        for B, n, d in ((1, 4, 2), (3, 9, 3), (70, 3, 2), (2, 65, 2)):
            one = lattice(rng, n, d, dtype, B=B, tied=True)
            for upstream in UPSTREAMS:
                yield one.call(), dtype, upstream, partial(lattice_gradient, subject, one, upstream, dtype)


def _check(
    questions: Callable[[Subject], Iterator[Asked]], words: str, slack: float = 1.0
) -> Callable[[Subject], CheckFinding]:
    """The check that compares the gradient with a reference; `slack` multiplies the rounding of a sum of n terms."""

    def run(subject: Subject) -> CheckFinding:
        if subject.kernel.arrays != "torch":
            raise NotApplicableError("the kernel does not compute with torch tensors")
        if not subject.kernel.gradients:
            raise NotApplicableError("the kernel declares gradients = False: it is a forward pass alone")
        worst, count, absent, idle = 0.0, 0, "", ""
        for one, dtype, upstream, reference in questions(subject):
            try:
                found = _gradient(subject, one, dtype, upstream)
                wanted = reference()
            except ForwardOnlyError as error:
                if count:
                    return _fail(subject, one, dtype, f"{error}, though it does elsewhere", None, 0.0, upstream)
                absent = str(error)
                continue
            except NotTestedError as reason:  # of this dtype
                idle = str(reason)
                continue
            except (Exception, SystemExit) as error:
                message = f"{raised(error)}; a forward-only kernel declares gradients = False"
                return _fail(subject, one, dtype, message, None, 0.0, upstream)
            if absent:
                return _fail(subject, one, dtype, f"{absent} in other calls, though it does here", None, 0.0, upstream)
            _, n, d = one.shape
            size = float(np.abs(wanted).max())
            allowed = slack * float(gamma(4 * n * d, dtype)) * size
            error = float(np.abs(found - wanted).max())
            if not error <= allowed:
                message = f"the gradient differs from {words} by {error:.3g} (allowed {allowed:.3g})"
                return _fail(subject, one, dtype, message, wanted, allowed, upstream)
            worst, count = max(worst, error / (size or 1)), count + 1
        if absent:
            raise NotApplicableError(f"forward only: {absent}; declare gradients = False if that is meant")
        if idle and not count:
            raise NotTestedError(idle)
        return CheckFinding("pass", f"largest relative difference from {words} in {count} calls: {worst:.2g}")

    return run


def _fail(
    subject: Subject,
    one: Call,
    dtype: str,
    message: str,
    wanted: NDArray[np.float64] | None,
    allowed: float,
    upstream: str,
) -> CheckFinding:
    B, n, d = one.shape
    fine = f"(w * (1 + 2.0**-{BITS.get(dtype)}))"
    gradient = {
        "ones": "torch.ones(1, 1, 1).to(leaf).expand(leaf.shape)",
        "transposed": f"{fine}.permute(2, 1, 0).contiguous().permute(2, 1, 0)",
        "padded": f"torch.nn.functional.pad({fine}, (1, 0, 1, 0, 1, 0))[1:, 1:, 1:]",
        "large": "w * 2.0**60",
        "zero": "w * 0",
        "one token": "torch.nn.functional.pad(w[-1:, -1:], (0, 0, leaf.shape[1] - 1, 0, len(leaf) - 1, 0))",
    }.get(upstream, "w")
    lines = [
        *loading(subject.kernel, subject.spec, "import torch"),
        *assignments(one, dtype),
        f"leaf = kernel.arrays_for(tokens, {dtype!r}).requires_grad_()",
        f"moved = kernel.step(leaf, kernel.arrays_for(A, {dtype!r}), alpha)",
        "assert isinstance(moved, torch.Tensor) and moved.shape == leaf.shape, moved",
        "row, column = torch.arange(leaf.shape[1])[:, None], torch.arange(leaf.shape[2])",
        "w = (1 + (3 * row + 5 * column) % 7).to(leaf).expand(leaf.shape).contiguous()",
        f"moved.backward(gradient={gradient})",
        "assert leaf.grad is not None",
    ]
    if wanted is not None:
        lines += [
            f"wanted = {array(wanted.tolist(), 'float64')}",
            "error = np.abs(leaf.grad.cpu().numpy() - wanted).max()",
            f"assert error <= {allowed!r}, error",
        ]
    place = f"{dtype}, n = {n}, d = {d}" + (f", a batch of {B}" if B > 1 else "")
    if upstream != "weights":
        place += f", {upstream} as gradient of the result"
    return CheckFinding("fail", f"{place}: {' '.join(message.split())}", 0, snippet="\n".join(lines) + "\n")


CHECKS: tuple[Check, ...] = (
    Check(
        "gradient.exact",
        "The gradient is that of the weighted mean",
        _check(_asked(_with_ties, _exact_gradient), "the exact one"),
    ),
    Check(
        "gradient.differences",
        "The gradient agrees with finite differences away from ties",
        # a difference of two sums of about 4 divided by 2h loses 1/(2h) of their rounding
        _check(_asked(_points, _differences), "central differences", float(4 / STEP)),
    ),
    Check(
        "gradient.sizes",
        "The gradient is right with many tokens, coordinates and sets",
        _check(_sizes, "the exact one"),
    ),
    Check(
        "gradient.upstream",
        "The gradient of the result may be expanded, transposed, large or zero",
        _check(_upstreams, "the exact one"),
    ),
)
