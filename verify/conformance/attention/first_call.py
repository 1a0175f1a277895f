"""One call before the checks of an attention kernel, and what is shown of it.

Neighbours: `engine.protocols` hands these to the suite.
"""

import inspect
import sys
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ....kernels.attention.problem import Problem
from ....kernels.attention.protocol import AttentionKernel
from ....kernels.errors import InputError
from ..check import NotApplicableError
from ..checks.promises import compiled_frames
from ..failures.snippet import literal, loading
from ..record import CheckFinding
from .judged import implementation
from .trial import AttentionTrial, WrongAnswerError, dtype_of, run
from .words import array_text

PLAIN_SHAPES = ((2, 1, 3, 2), (1, 2, 24, 16), (1, 1, 128, 64))
"""(B, H, L, D) of plain problems; a kernel that answers to none of them is asked for nothing else."""


def plain_problem(dtype: str, shape: tuple[int, int, int, int] = PLAIN_SHAPES[0]) -> Problem:
    """Small whole numbers: two sets, one head, three tokens, two coordinates, or another shape."""
    numbers = np.arange(float(np.prod(shape))).reshape(shape)
    return Problem(numbers % 5 - 2, numbers % 3 - 1, numbers % 7, dtype=dtype)


def probe(kernel: AttentionKernel) -> bool:
    """Call `kernel` once; what it computes is not looked at.

    Returns:
        Whether torch compiled it, or tried to.

    Raises:
        InputError: it needs other arguments than q, k, v, or arrays of another library.
    """
    try:
        inspect.signature(kernel.function).bind(None, None, None)
    except TypeError as error:
        what = f"cannot be called as attention(q, k, v): {error}; give the other parameters defaults"
        raise InputError(f"kernel {kernel.name} {what}") from error
    except ValueError:  # a builtin without a signature
        pass
    if (dynamo := sys.modules.get("torch._dynamo")) is not None:
        dynamo.reset()
    before = compiled_frames()
    trial = AttentionTrial(plain_problem(kernel.dtypes[0]))
    try:
        run(kernel, trial)
    except (WrongAnswerError, NotApplicableError) as error:
        other = "torch" if kernel.arrays == "numpy" else "numpy"
        if kernel.arrays != "jax" and kernel.device == "cpu" and _works(replace(kernel, arrays=other), trial):
            remedy = f'declare {kernel.name}.arrays = "{other}", or give --arrays {other}'
            what = f"takes {other} arrays and was given {kernel.arrays}: {remedy} ({error})"
            raise InputError(f"kernel {kernel.name} {what}") from None
    return compiled_frames() > before


def _works(kernel: AttentionKernel, trial: AttentionTrial) -> bool:
    try:
        run(kernel, trial)
    except (WrongAnswerError, NotApplicableError, InputError, ImportError):
        return False
    return True


USUAL: dict[str, tuple[str, Any]] = {
    "layout": ("layout", "BHLD"),
    "accumulates": ("accumulates in", None),
    "weights_cast": ("weights cast", True),
    "score_roundings": ("score roundings", 0),
    "exp_ulps": ("ulps of exp", 2.0),
    "block": ("block", 16),
    "shift_rounded": ("shift rounded", False),
    "lag": ("lag", 0.0),
    "normalised_by_lse": ("normalised by lse", False),
    "split_keys": ("split keys", False),
    "flushes": ("flushes", False),
    "causal_alignment": ("causal diagonal", None),
    "empty_rows": ("empty rows", "unspecified"),
    "lse": ("log-sum-exp", None),
    "gradients": ("gradients", None),
    "deterministic": ("deterministic", True),
    "batch_invariant": ("batch invariant", False),
    "hard": ("hard", False),
}
"""Declaration → its words and the usual value, which is not shown."""


def declared(kernel: AttentionKernel) -> dict[str, str]:
    """What the author of an attention kernel declares, for headers and reports, and the back end that torch chose."""
    keywords = [name for name in ("scale", "mask", "bias", "causal", "window", "softcap") if name in kernel.keywords]
    shown = {
        "attention": ", ".join(["q, k, v", *keywords]),
        "dtypes": ", ".join(kernel.dtypes),
        "arrays": kernel.arrays,
        "device": kernel.device,
    }
    for name, (words, usual) in USUAL.items():
        value = getattr(kernel, name)
        if value != usual:
            shown[words] = str(value).replace("_", " ")
    if kernel.chooses is not None:
        chosen: dict[str, list[str]] = {}
        for dtype in kernel.dtypes:
            plain = plain_problem(dtype)
            cases = {"": plain, " with a mask": replace(plain, mask=np.tri(3, dtype=np.bool_))}
            for words, problem in cases.items():
                chosen.setdefault(implementation(kernel, AttentionTrial(problem)), []).append(f"{dtype}{words}")
        only = len(chosen) == 1
        shown["back end"] = "; ".join(
            name if only else f"{name} for {', '.join(for_)}" for name, for_ in chosen.items()
        )
    return shown


@dataclass(frozen=True, slots=True)
class AttentionInput:
    """The input of a call, to show what a process was doing when it ended."""

    dtype: str
    arrays: tuple[np.ndarray, ...]
    keywords: tuple[tuple[str, Any], ...]

    def finding(self, kernel: Any, spec: str, how: str) -> CheckFinding:
        """The failure of a kernel that did not return from this call."""
        lines = loading(kernel, spec, by="load_any")
        named = [f"q, k, v = (kernel.array(x, {self.dtype!r}) for x in ("]
        named += [f"    {array_text(x)}," for x in self.arrays]
        given = []
        for name, value in self.keywords:
            if isinstance(value, np.ndarray):
                named_value = f"kernel.array({array_text(value)}, {self.dtype!r})"
            else:
                named_value = literal(value) if isinstance(value, float) else repr(value)
            given.append(f"{name}={named_value}")
        lines += [*named, "))", f"kernel.function(q, k, v{''.join(f', {x}' for x in given)})  # the process {how}"]
        shapes = ", ".join(str(x.shape) for x in self.arrays)
        options = "".join(f", {name}" for name, _ in self.keywords)
        message = f"{self.dtype}, q, k, v of shapes {shapes}{options}: the process {how}"
        return CheckFinding("fail", message, snippet="\n".join(lines) + "\n")


def given(q: Any, k: Any, v: Any, **keywords: Any) -> AttentionInput:
    """What a call is given, as it is kept."""

    def kept(value: Any) -> Any:
        if not hasattr(value, "dtype"):
            return value
        if hasattr(value, "detach"):
            value = value.detach().cpu()
            return value.numpy() if str(value.dtype) == "torch.bool" else value.double().numpy()
        try:
            array = np.asarray(value)
        except Exception:  # a tracer of JAX has no values
            return np.full(value.shape, np.nan)
        return array if array.dtype == np.bool_ else array.astype(np.float64)

    return AttentionInput(
        dtype_of(q), tuple(kept(x) for x in (q, k, v)), tuple((name, kept(x)) for name, x in keywords.items())
    )


def with_function(kernel: AttentionKernel, function: Any) -> AttentionKernel:
    """`kernel` with another function of the same parameters."""
    return replace(kernel, function=function)
