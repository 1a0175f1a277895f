"""Trials of attention kernels: one problem, how its arrays lie in memory, and what is asked of the kernel.

Neighbours: `examine` judges answers, `shrink` makes failing trials small.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from ....kernels.attention.problem import Problem, Reals
from ....kernels.attention.protocol import AttentionKernel, as_reals
from ..check import NotApplicableError
from ..inputs.trial import raised

GRADIENTS = ("dq", "dk", "dv")

LAYOUTS = ("transposed", "packed", "sliced", "offset", "strided", "turned", "expanded", "reversed", "readonly")
"""Heads and tokens exchanged in memory; a third of a wider array; some tokens of a longer array; beginning within a
buffer; every other number of a wider array; the last two axes exchanged in memory; stride 0 along axes where all is
equal; negative strides and read-only (NumPy). What surrounds the values is NaN, which shows if strides are ignored."""

NUMPY_ONLY = ("reversed", "readonly")


@dataclass(frozen=True, slots=True, eq=False)
class AttentionTrial:
    """One call of an attention kernel.

    Args:
        problem: the exact problem.
        memory: how arrays lie in memory: "q", "k", "v", "mask", "bias", "grad" → one of LAYOUTS, "narrow" for a mask or
            bias of size 1 along axes where all is equal; contiguous if not named.
        grad_out: (B, H, Lq, Dv): the gradients for it are asked for, and judged beside the output; or None.
        rows: the rows of q that are judged; all if None.
        before: problems that the kernel is called with before.
        refilled: the call before is made with the very arrays of this one, which are then filled anew.
    """

    problem: Problem
    memory: Mapping[str, str] = field(default_factory=dict)
    grad_out: Reals | None = None
    rows: tuple[int, ...] | None = None
    before: tuple[Problem, ...] = ()
    refilled: bool = False

    @property
    def signature(self) -> tuple[Any, ...]:
        """What a compiler makes code for: shapes and options, not numbers."""
        p = self.problem
        widths = [
            None if x is None else [*x.strides, self.memory.get(n)] for n, x in (("mask", p.mask), ("bias", p.bias))
        ]
        masks = tuple(map(str, widths))  # stride 0 where it is broadcast
        options = (p.scale, p.causal, p.window, p.softcap, self.grad_out is None)
        return (p.dtype, p.q.shape, p.k.shape, p.v.shape, *masks, *options)

    @property
    def size(self) -> tuple[int, int, int]:
        """(B, the larger number of tokens, the larger number of coordinates)."""
        p = self.problem
        return p.q.shape[0], max(p.q.shape[2], p.k.shape[2]), max(p.q.shape[3], p.v.shape[3])


@dataclass(frozen=True, slots=True, eq=False)
class KernelAnswer:
    """What a kernel returned: out (B, H, Lq, Dv) and lse (B, H, Lq), or the gradients by name, in float64."""

    out: Reals
    lse: Reals | None = None
    gradients: Mapping[str, Reals] = field(default_factory=dict)


class WrongAnswerError(Exception):
    """The kernel raised, or returned something that is no answer: `kind` is "raised" or "returned"."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind


def run(kernel: AttentionKernel, trial: AttentionTrial) -> KernelAnswer:
    """What `kernel` answers.

    Raises:
        WrongAnswerError: it raised, or returned another shape, dtype or device.
        NotApplicableError: it has no parameter for the problem, refuses it (NotImplementedError), or has no gradient.
    """
    arrays, keywords = native(kernel, trial)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for earlier in trial.before:
            others, with_them = native(kernel, replace(trial, problem=earlier))
            if trial.refilled:
                for own, other in zip(arrays, others, strict=True):
                    swap(own, other)
            called(kernel, arrays if trial.refilled else others, with_them)
            if trial.refilled:
                for own, other in zip(arrays, others, strict=True):
                    swap(own, other)
        if trial.grad_out is not None:
            return _gradients(kernel, trial, arrays, keywords)
        returned = called(kernel, arrays, keywords)
        refuse(kernel, returned, arrays[0], trial.problem)
        out, lse = kernel.results(returned, trial.problem)
    return KernelAnswer(out, lse)


def called(kernel: AttentionKernel, arrays: list[Any], keywords: dict[str, Any]) -> Any:
    """What the function returns; what it raises becomes a `WrongAnswerError`."""
    try:
        return kernel.function(*arrays, **keywords)
    except NotImplementedError as error:
        raise NotApplicableError(f"the kernel refuses such arrays: {' '.join(str(error).split())[:160]}") from None
    except (Exception, SystemExit) as error:
        raise WrongAnswerError("raised", raised(error)) from None


def refuse(kernel: AttentionKernel, returned: Any, like: Any, problem: Problem) -> None:
    """Raise `WrongAnswerError` if what came back is no answer for q = `like`: its kind, shape, dtype or device."""
    several = isinstance(returned, tuple | list)
    out: Any = returned[0] if several and returned else returned
    if kernel.lse is not None and (not several or len(returned) < 2):
        raise WrongAnswerError("returned", "declares lse but does not return (out, lse)")
    B, H, Lq, _ = problem.q.shape
    shape = (B, H, Lq, problem.v.shape[3]) if kernel.layout == "BHLD" else (B, Lq, H, problem.v.shape[3])
    answers: list[tuple[str, Any, tuple[int, ...]]] = [("out", out, shape)]
    if kernel.lse:
        answers.append(("lse", returned[1], (B, H, Lq)))
    for what, array, wanted in answers:
        if not hasattr(array, "shape") or not hasattr(array, "dtype"):
            raise WrongAnswerError("returned", f"returned {what} of type {type(array).__name__}; an array is required")
        if tuple(array.shape) != wanted:
            raise WrongAnswerError("returned", f"returned {what} of shape {tuple(array.shape)}; {wanted} is required")
        dtype = dtype_of(array)
        if what == "out" and dtype != problem.dtype:
            wide = kernel.arrays == "numpy" and dtype == "float64"
            hint = " (np.sqrt(D) is a float64 and widens what it meets; math.sqrt(D) does not)" if wide else ""
            wrong = f"returned {dtype} for {problem.dtype} q, k, v; {problem.dtype} is required{hint}"
            raise WrongAnswerError("returned", wrong)
        if str(getattr(array, "device", "")) != str(getattr(like, "device", "")):
            raise WrongAnswerError("returned", f"returned {what} on {array.device}; q is on {like.device}")


def dtype_of(array: Any) -> str:
    """The name of an array's dtype."""
    return str(array.dtype).removeprefix("torch.")


def native(kernel: AttentionKernel, trial: AttentionTrial) -> tuple[list[Any], dict[str, Any]]:
    """The arrays and keywords of a call, laid out in memory as the trial says.

    Raises:
        NotApplicableError: the kernel has no parameter for the problem.
    """
    lacking = lacks(kernel, trial.problem)
    if lacking:
        raise NotApplicableError(f"the kernel has no parameter {lacking}")
    arrays, keywords = kernel.arguments(trial.problem)
    arrays = [laid_out(x, trial.memory.get(name, "")) for name, x in zip("qkv", arrays, strict=True)]
    for name in {"mask", "bias"} & set(keywords):
        keywords[name] = laid_out(keywords[name], trial.memory.get(name, ""))
    return arrays, keywords


def lacks(kernel: AttentionKernel, problem: Problem) -> str:
    """The parameters that a problem needs and the function does not have, in words."""
    needed = {"scale", "mask", "bias", "causal", "window", "softcap"} - kernel.keywords
    unused = (None, False)
    return ", ".join(sorted(n for n in needed if not any(getattr(problem, n) is x for x in unused)))


def laid_out(array: Any, how: str) -> Any:
    """`array` (NumPy or torch, four axes) with the same values, laid out in memory as `how` (see LAYOUTS) says."""
    if not how:
        return array
    torch = hasattr(array, "detach")
    shape = tuple(array.shape)

    def filled(size: tuple[int, ...]) -> Any:
        hole = 1 if dtype_of(array) == "bool" else float("nan")
        return array.new_full(size, hole) if torch else np.full(size, hole, dtype=array.dtype)

    def swapped(x: Any, a: int, b: int) -> Any:
        return x.transpose(a, b) if torch else x.swapaxes(a, b)

    if how in ("transposed", "turned"):
        axes = (1, 2) if how == "transposed" else (2, 3)
        moved = swapped(array, *axes)
        return swapped(moved.contiguous() if torch else moved.copy(), *axes)
    if how in ("expanded", "narrow"):
        values = as_reals(array)
        same = [size > 1 and (values == values.take([0], axis=a)).all() for a, size in enumerate(shape)]
        cut = tuple(slice(0, 1) if one else slice(None) for one in same)
        if hasattr(array, "at"):  # JAX, which would compile the slice
            from jax import device_put  # type: ignore[import-not-found]

            return device_put(np.asarray(array)[cut])
        array = array[cut]
        if how == "narrow":
            return array
        return array.clone().expand(shape) if torch else np.broadcast_to(array.copy(), shape)
    if how == "readonly":
        array.flags.writeable = False
        return array
    if how == "reversed":
        return array[..., ::-1, ::-1].copy()[..., ::-1, ::-1]
    if how == "packed":
        view = filled((*shape[:3], 3 * shape[3]))[..., shape[3] : 2 * shape[3]]
    elif how == "sliced":
        view = filled((*shape[:2], shape[2] + 5, shape[3]))[:, :, 2 : 2 + shape[2]]
    elif how == "strided":
        view = filled((*shape[:3], 2 * shape[3]))[..., ::2]
    else:
        size = int(np.prod(shape))
        view = filled((size + 8,))[3 : 3 + size].reshape(shape)
    view[...] = array
    return view


def swap(one: Any, other: Any) -> None:
    """Exchange the values of two arrays of one shape, in place."""
    kept = one.clone() if hasattr(one, "detach") else one.copy()
    one[...] = other
    other[...] = kept


def _gradients(
    kernel: AttentionKernel, trial: AttentionTrial, arrays: list[Any], keywords: dict[str, Any]
) -> KernelAnswer:
    """The gradients by torch or JAX."""
    swapped = (lambda x: x.swapaxes(1, 2)) if kernel.layout == "BLHD" else (lambda x: x)
    grad = trial.grad_out
    assert grad is not None
    grad = laid_out(kernel.array(swapped(grad), trial.problem.dtype), trial.memory.get("grad", ""))
    if kernel.arrays == "jax":
        try:
            out, found = _jax_gradients(kernel.function, kernel.keywords - {"mask", "bias"})(grad, *arrays, **keywords)
        except (Exception, SystemExit) as error:
            raise WrongAnswerError("raised", raised(error)) from None
    else:
        leaves = [x.detach().requires_grad_() for x in arrays]
        returned = called(kernel, leaves, keywords)
        refuse(kernel, returned, leaves[0], trial.problem)
        out = returned[0] if isinstance(returned, tuple | list) else returned
        if not out.requires_grad:
            if kernel.gradients is None:
                raise NotApplicableError("the result carries no gradient (gradients = True would make that a failure)")
            raise WrongAnswerError("returned", "declares gradients, but the result carries none")
        try:
            out.backward(grad)
        except NotImplementedError as error:
            raise NotApplicableError(f"the kernel refuses gradients: {' '.join(str(error).split())[:160]}") from None
        except (Exception, SystemExit) as error:
            raise WrongAnswerError("raised", raised(error, " in the backward pass")) from None
        found = [x.grad for x in leaves]
        if any(x is None for x in found):
            lost = ", ".join(name for name, x in zip("qkv", found, strict=True) if x is None)
            raise WrongAnswerError("returned", f"no gradient reaches {lost}")
    named = {name: swapped(as_reals(x)) for name, x in zip(GRADIENTS, found, strict=True)}
    return KernelAnswer(swapped(as_reals(out)), None, named)


@lru_cache(maxsize=8)
def _jax_gradients(function: Any, static: frozenset[str]) -> Any:
    """(grad, q, k, v, keywords) → (out, [dq, dk, dv]) as one compiled function."""
    import jax  # type: ignore[import-not-found]

    def both(grad: Any, *arrays: Any, **keywords: Any) -> Any:
        def forward(*given: Any) -> Any:
            found = function(*given, **keywords)
            return found[0] if isinstance(found, tuple | list) else found

        out, back = jax.vjp(forward, *arrays)
        return out, list(back(grad))

    return jax.jit(both, static_argnames=sorted(static))
