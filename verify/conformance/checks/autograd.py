"""Checks of torch's modes and of its graph: the same values in each mode, and backward passes that share nothing.

Neighbours: `gradients` asks for right gradients of one call.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....kernels.bounds.rounding import gamma
from ....kernels.protocol import to_numpy
from ..check import Check, NotApplicableError, Subject, unshrunk
from ..failures.snippet import assignments, loading
from ..inputs.lattices import PLAIN, Lattice, excess, lattice, reduced
from ..inputs.trial import HALVES, NUMPY_ONLY, Arrangement, NotTestedError, Trial, arranged, layouts, raised
from ..judge import examine
from ..record import CheckFinding
from .gradients import FORWARD_ONLY, lattice_gradient, upstream_of, wide

MODES = {
    "under torch.no_grad()": "torch.no_grad()(kernel.step)",
    "under torch.inference_mode()": "torch.inference_mode()(kernel.step)",
    "with tokens that require a gradient": "lambda Z, A, alpha, step=kernel.step: step(Z.requires_grad_(), A, alpha)",
}
"""Words → Python text of the step in that mode."""
SHAPES = ((2, 5, 3), (1, 33, 2), (70, 3, 2))
"""(B, n, d)."""


def _torch(subject: Subject) -> None:
    """Refuse a kernel on other arrays."""
    if subject.kernel.arrays != "torch":
        raise NotApplicableError("the kernel does not compute with torch tensors")


def _modes(subject: Subject) -> CheckFinding:
    """What is right in the plain mode must be right in each."""
    _torch(subject)
    import torch

    kernel, rng, count = subject.kernel, subject.random("gradient.modes"), 0
    for words, text in list(MODES.items())[: 3 if kernel.gradients else 2]:
        other = replace(kernel, step=eval(text, {"torch": torch, "kernel": kernel}))
        for dtype in kernel.dtypes:
            for B, n, d in SHAPES:
                small = 0 if dtype in HALVES else -12
                tied = lattice(rng, n, d, dtype, B=B, tied=True, exponent=small)
                for one in (tied, lattice(rng, n, d, dtype, B=B, variant="near")):
                    count += 1
                    if excess(other, one, dtype) <= PLAIN:
                        continue
                    less = one if dtype in HALVES else reduced(other, one, dtype)
                    trial = Trial((less.call(),), dtype)
                    try:
                        fault = examine(other, trial).fault
                        if fault is None or examine(kernel, trial).fault is not None:
                            continue
                    except NotTestedError:
                        continue
                    found = unshrunk(replace(subject, kernel=other), trial, fault)
                    loaded = loading(kernel, subject.spec)[-1]
                    lines = [loaded, "import torch", "from dataclasses import replace"]
                    lines += [f"kernel = replace(kernel, step={text})"]
                    snippet = (found.snippet or "").replace(loaded, "\n".join(lines), 1)
                    return replace(found, message=f"{words}: {found.message}", snippet=snippet)
    return CheckFinding("pass", f"{count} calls")


def _backward(subject: Subject) -> Iterator[tuple[Lattice, Lattice, Arrangement, str]]:
    """Two lattices of one shape, how the tokens of the first lie in memory, and the dtype."""
    rng = subject.random("gradient.memory")
    for dtype in wide(subject):
        for arrangement in layouts(subject.kernel):
            if arrangement in (*NUMPY_ONLY, "expanded"):
                continue
            for B, n, d in ((1, 4, 2), (3, 9, 3), (2, 65, 2)):
                one, other = (lattice(rng, n, d, dtype, B=B, tied=True) for _ in range(2))
                yield one, other, arrangement, dtype


def _memory(subject: Subject) -> CheckFinding:
    """Two forward passes, then their backward passes, the first one twice."""
    _torch(subject)
    if not subject.kernel.gradients:
        raise NotApplicableError("the kernel declares gradients = False: it is a forward pass alone")
    if subject.kernel.ties == "any":
        raise NotApplicableError('with ties = "any" it is not said which of the tied tokens has the gradient')
    count = 0
    for one, other, arrangement, dtype in _backward(subject):
        try:
            wrong = _shared(subject, one, other, arrangement, dtype)
        except NotApplicableError:
            raise
        except (Exception, SystemExit) as error:
            wrong = f"{raised(error)}; a forward-only kernel declares gradients = False"
        if wrong:
            return _fail(subject, one, other, arrangement, dtype, " ".join(wrong.split()))
        count += 1
    if not count:
        raise NotTestedError("the kernel has no such dtype")
    return CheckFinding("pass", f"{count} pairs of calls")


def _shared(subject: Subject, one: Lattice, other: Lattice, arrangement: Arrangement, dtype: str) -> str:
    """What is wrong with the backward passes of two calls; empty if nothing is."""
    import torch

    kernel = subject.kernel
    results: list[tuple[Any, Any, NDArray[np.float64], float]] = []
    pair: tuple[tuple[Lattice, Arrangement], ...] = ((one, arrangement), (other, "contiguous"))
    for each, place in pair:
        leaf = arranged(kernel, each.batch(dtype), place, dtype).requires_grad_()
        moved = kernel.step(leaf, kernel.arrays_for(each.A, dtype), float(each.alpha))
        if not getattr(moved, "requires_grad", False):
            raise NotApplicableError(FORWARD_ONLY)
        wanted = lattice_gradient(subject, each, "weights", dtype)
        _, n, d = each.shape
        allowed = float(gamma(4 * n * d, dtype)) * float(np.abs(wanted).max())
        results.append((leaf, moved, wanted, allowed))
    weights = upstream_of(one.shape, "weights", dtype)
    upstream = torch.as_tensor(weights).to(results[0][0])

    def off(number: int, times: int) -> bool:
        leaf, _, wanted, allowed = results[number]
        return not np.abs(to_numpy(leaf.grad).astype(np.float64) - times * wanted).max() <= times * allowed

    results[0][1].backward(gradient=upstream, retain_graph=True)
    if off(0, 1):
        return "the gradient of a call after which another one was made is not that of the weighted mean"
    if not np.array_equal(to_numpy(upstream), weights):
        return "the backward pass overwrote the gradient of the result"
    results[1][1].backward(gradient=upstream)
    if off(1, 1):
        return "the gradient of a call after the backward pass of another one is not that of the weighted mean"
    results[0][1].backward(gradient=upstream)
    return "a second backward pass of the same call gives another gradient" if off(0, 2) else ""


def _fail(
    subject: Subject, one: Lattice, other: Lattice, arrangement: Arrangement, dtype: str, message: str
) -> CheckFinding:
    imports = ("import torch", "from hardmax.verify.conformance import arranged")
    lines = loading(subject.kernel, subject.spec, *imports)
    for number, (each, place) in enumerate(((one, arrangement), (other, "contiguous"))):
        wanted = lattice_gradient(subject, each, "weights", dtype).tolist()
        lines += [
            *assignments(each.call(), dtype),
            f"leaf{number} = arranged(kernel, tokens, {place!r}, {dtype!r}).requires_grad_()",
            f"moved{number} = kernel.step(leaf{number}, kernel.arrays_for(A, {dtype!r}), alpha)",
            f"wanted{number} = torch.tensor({wanted}).to(leaf{number})",
        ]
    lines += [
        "row, column = torch.arange(tokens.shape[1])[:, None], torch.arange(tokens.shape[2])",
        "w = (1 + (3 * row + 5 * column) % 7).to(leaf0).expand(leaf0.shape).contiguous()",
        "kept = w.clone()",
        "moved0.backward(gradient=w, retain_graph=True)",
        "torch.testing.assert_close(leaf0.grad, wanted0)",
        "assert torch.equal(w, kept), w",
        "moved1.backward(gradient=w)",
        "torch.testing.assert_close(leaf1.grad, wanted1)",
        "moved0.backward(gradient=w)",
        "torch.testing.assert_close(leaf0.grad, 2 * wanted0)",
    ]
    B, n, d = one.shape
    place = f"{dtype}, n = {n}, d = {d}, a batch of {B}, tokens {arrangement} in memory"
    return CheckFinding("fail", f"{place}: {message}", snippet="\n".join(lines) + "\n")


CHECKS: tuple[Check, ...] = (
    Check("gradient.modes", "With and without gradients, and in inference mode, next tokens are the same", _modes),
    Check("gradient.memory", "Backward passes share no memory, with each other and with their input", _memory),
)
