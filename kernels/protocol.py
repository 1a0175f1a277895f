"""What a kernel is: one hardmax layer on a batch of token sets, with declared properties.

The least a kernel must offer is a function

    step(tokens, A, alpha) -> next tokens          tokens (B, n, d), A (d, d), alpha a float > 0

on NumPy arrays or torch tensors, computed in the dtype of `tokens`, its input left as it is. `as_kernel` makes a
`Kernel` of it; functions for one set (n, d), or for K layers at once, are adapted in one line:

    kernel = declare(unbatched(my_function), name="mine")
    kernel = declare(from_layers(my_run), name="mine", ties="first", dtypes=("float32",))

A kernel that also offers `layer` returns the follow sets, tie counts and margins (`FollowSets`) that `rounding` turns
into proofs. Neighbours: `registry` finds kernels by name, `rounding` proves decisions, `crosscheck` compares a kernel
with the exact one.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from importlib.util import find_spec
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from .errors import InputError, install
from .follow_sets import FloatProof, FollowSets

TieRule = Literal["all", "first", "any"]
"""What a kernel does with equal scores: average over "all" maximisers (the model), take the "first" one (the lowest
index), or "any" one of them."""

DTYPES = ("float64", "float32", "float16", "bfloat16")
"""What a kernel may declare to compute in."""

StepFunction = Callable[[Any, Any, float], Any]
"""(tokens (B, n, d), A (d, d), alpha) -> next tokens (B, n, d)."""

BLOCK_BYTES = 1 << 21
"""Default size of one block of scores: about what a core's second-level cache holds."""


LayerFunction = Callable[[Any, Any, float], tuple[Any, FollowSets]]
"""(tokens (B, n, d), A (d, d), alpha) -> (next tokens (B, n, d), their follow sets)."""

ProveFunction = Callable[[NDArray[np.floating], NDArray[np.floating], float, int], FloatProof]
"""(tokens (B, n, d), A (d, d), alpha, layers) -> `FloatProof`, by the bound of `rounding`; NumPy arrays."""


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """A layer of a hardmax transformer on a batch, and what its author declares about it.

    Args:
        name: how reports call it.
        step: (tokens (B, n, d), A (d, d), alpha) -> next tokens.
        dtypes: the dtypes it computes in; tokens of another one are converted to the first by `arrays_for`. One name,
            and the dtypes of NumPy and torch, are taken too, and kept as a tuple of names.
        device: where torch tensors must live, "cpu", "cuda" or "cuda:1" (or a `torch.device`); "cpu" for NumPy.
        ties: "all" maximisers averaged (the model), the "first" one taken (lowest index), or "any" one of them.
        supports_A: False if the kernel ignores A and computes with the identity.
        arrays: what `step` takes and returns, "numpy" arrays or "torch" tensors.
        form: "normalised", (z + αm)/(1 + α), or "residual", z + αm: what `step` returns, m the mean it follows.
        gradients: False if it has no backward pass; otherwise torch is asked for one.
        batch_invariant: True if the bits of a token set's result do not depend on the other sets of its batch.
        known: known deviations: check id → reason.
        layer: (tokens, A, alpha) -> (next tokens, FollowSets), or None if the kernel does not tell its sets.
        prove: (tokens, A, alpha, K) -> FloatProof: K layers and their proof in one pass, or None.
        source: where it was found (an import string or a path), for reports.
        missing: empty, or the one-line remedy of a kernel whose optional dependency is not installed or whose device
            is not there (found out here for torch and CUDA); such a kernel raises it, as InputError, when it is used.
        overrides: declarations that whoever loaded it gave in place of its author's.

    Raises:
        InputError: a declaration is not one of the values above.
    """

    name: str
    step: StepFunction
    dtypes: tuple[str, ...] = ("float64",)
    device: str = "cpu"
    ties: TieRule = "all"
    supports_A: bool = True  # noqa: N815 the paper's symbol
    arrays: Literal["numpy", "torch"] = "numpy"
    form: Literal["normalised", "residual"] = "normalised"
    gradients: bool = True
    batch_invariant: bool = False
    known: Mapping[str, str] = field(default_factory=dict)
    layer: LayerFunction | None = None
    prove: ProveFunction | None = None
    source: str = ""
    missing: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not callable(self.step):
            raise InputError(f"kernel {self.name}: step is {self.step!r}; a function (tokens, A, alpha) is required")
        names = _dtype_names(self.dtypes)
        if not names or not set(names) <= set(DTYPES):
            raise InputError(f"kernel {self.name}: dtypes is {self.dtypes!r}; give some of {', '.join(DTYPES)}")
        for name, allowed in _ALLOWED.items():
            if (value := getattr(self, name)) not in allowed:
                raise InputError(f"kernel {self.name}: {name} is {value!r}; it must be one of {', '.join(allowed)}")
        for name in ("supports_A", "gradients", "batch_invariant"):
            if not isinstance(value := getattr(self, name), bool):
                raise InputError(f"kernel {self.name}: {name} is {value!r}; give True or False")
        for name in ("layer", "prove"):
            if (value := getattr(self, name)) is not None and not callable(value):
                raise InputError(f"kernel {self.name}: {name} is {value!r}; a function is required, or leave it out")
            if value is not None and self.form == "residual":
                raise InputError(
                    f"kernel {self.name}: {name} belongs to the normalised layer; leave out one of the two"
                )
        if not isinstance(self.known, Mapping) or not all(isinstance(x, str) for p in self.known.items() for x in p):
            raise InputError(f'kernel {self.name}: known is {self.known!r}; give {{"check.id": "reason"}}')
        device = str(self.device)
        if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
            raise InputError(f'kernel {self.name}: device is {device!r}; it must be "cpu", "cuda" or "cuda:NUMBER"')
        if self.arrays == "numpy" and device != "cpu":
            raise InputError(
                f'kernel {self.name}: device is {device!r} but arrays is {self.arrays!r}; declare arrays = "torch" too'
            )
        object.__setattr__(self, "dtypes", names)
        object.__setattr__(self, "device", device)
        if not self.missing:
            remedy = _torch_remedy(self.name, device) if self.arrays == "torch" else _numpy_remedy(self.name, names)
            object.__setattr__(self, "missing", remedy)

    def arrays_for(self, values: Any, dtype: str | None = None) -> Any:
        """`values` as what `step` takes: a fresh array of `dtype` (the kernel's first if None) on its device.

        Raises:
            InputError: the kernel is one that is `missing`.
        """
        if self.missing:
            raise InputError(self.missing)
        name = dtype or self.dtypes[0]
        if self.arrays == "numpy":
            return np.array(values, dtype=name, order="C")
        import torch

        array = np.array(values, dtype="float32" if name == "bfloat16" else name, order="C")
        return torch.from_numpy(array).to(self.device, getattr(torch, name))

    def __call__(self, tokens: Any, A: Any = None, alpha: float = 1.0, dtype: str = "") -> NDArray[np.floating]:
        """The next tokens, NumPy in and NumPy out, whatever arrays the kernel itself takes.

        Args:
            tokens: (B, n, d) array-like; computed in its dtype if declared, else in the kernel's first one.
            A: (d, d), the identity if None.
            alpha: α > 0.
            dtype: what to compute in instead.

        Raises:
            InputError: the shapes do not fit, or the kernel's optional dependency is missing.
        """
        values, form = checked(tokens, A, alpha)
        dtype = dtype or (str(values.dtype) if str(values.dtype) in self.dtypes else self.dtypes[0])
        return to_numpy(self.step(self.arrays_for(values, dtype), self.arrays_for(form, dtype), float(alpha)))


DECLARATIONS = ("dtypes", "arrays", "device", "ties", "supports_A", "form", "gradients", "batch_invariant", "known")
"""What any callable object declares in attributes of these names; functions may have `layer` and `prove` as well."""
_ALLOWED = {"ties": get_args(TieRule), "arrays": ("numpy", "torch"), "form": ("normalised", "residual")}


def _dtype_names(dtypes: Any) -> tuple[str, ...]:
    """The names of declared dtypes: of one or several, as text or as NumPy or torch have them; () for anything else."""
    several = dtypes if isinstance(dtypes, tuple | list) else (dtypes,)
    try:
        names = [d if isinstance(d, type) else str(d).removeprefix("torch.") for d in several]
        return tuple("bfloat16" if name == "bfloat16" else np.dtype(name).name for name in names)
    except (TypeError, ValueError, SyntaxError):
        return ()


def _numpy_remedy(name: str, dtypes: tuple[str, ...]) -> str:
    """What to do about a kernel on NumPy arrays of a dtype that NumPy does not have; empty if it can run here."""
    if "bfloat16" not in dtypes:
        return ""
    if find_spec("ml_dtypes") is None:
        return f'kernel {name}: NumPy has no bfloat16; declare arrays = "torch", or pip install ml_dtypes'
    import ml_dtypes  # noqa: F401  # pyright: ignore[reportMissingImports] registers the name with NumPy

    return ""


def _torch_remedy(name: str, device: str) -> str:
    """What to do about a kernel that takes torch tensors on `device`; empty if it can run here."""
    if find_spec("torch") is None:
        return f"kernel {name} takes torch tensors, and torch is not installed: {install('torch')}"
    if device == "cpu":
        return ""
    import torch

    seen = torch.cuda.device_count()
    if int(device.partition(":")[2] or 0) < seen:
        return ""
    return (
        f"kernel {name} needs the device {device}; torch {torch.__version__} sees {seen or 'no'} CUDA devices: "
        'declare device = "cpu", or use another machine'
    )


def to_numpy(values: Any) -> NDArray[Any]:
    """A kernel's result as a NumPy array: tensors are detached and brought to the CPU, bfloat16 becomes float32."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        return (values.float() if str(values.dtype) == "torch.bfloat16" else values).numpy()
    array = np.asarray(values)
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def stored(values: NDArray[Any], dtype: str) -> NDArray[np.floating]:
    """`values` rounded to `dtype`, in an array that can hold it: float32 for bfloat16."""
    with np.errstate(all="ignore"):
        if dtype != "bfloat16":
            return values.astype(dtype)
        mantissa, exponent = np.frexp(values.astype(np.float64))
        # ties to even, of 8 bits, or of as many as subnormal numbers have
        bits = 2.0 ** np.minimum(8, exponent + 133)
        return np.ldexp(np.rint(mantissa * bits) / bits, exponent).astype(np.float32)


def normalised(kernel: Kernel, moved: NDArray[Any], alpha: float) -> NDArray[Any]:
    """The next tokens of the normalised layer from those that `kernel` returned: divided by 1 + α if it is "residual".

    The bound on next tokens covers (z + αm)/(1 + α), so that both forms are judged by the same one.
    """
    return moved if kernel.form == "normalised" else moved.astype(np.float64) / (1 + float(alpha))


def checked(tokens: Any, A: Any, alpha: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """`tokens` and `A` (identity if None) as arrays of fitting shape; values may be anything a float can be.

    With a value in A that is not finite no score means anything: the tokens come out as NaN, all of them.

    Raises:
        InputError: tokens is not (B, n, d) with n, d ≥ 1, A is not (d, d), or alpha is not a finite number > 0.
    """
    values = np.asarray(tokens)
    if values.ndim != 3 or 0 in values.shape[1:]:
        raise InputError(f"tokens has shape {values.shape}; (B, n, d) with n, d >= 1 is required")
    d = values.shape[2]
    form = np.eye(d, dtype=values.dtype) if A is None else np.asarray(A)
    if form.shape != (d, d):
        raise InputError(f"A has shape {form.shape} but tokens have {d} coordinates; A must be {d} x {d}")
    if not 0 < float(alpha) < float("inf"):
        raise InputError(f"alpha is {alpha}; a finite number > 0 is required")
    if form.dtype.kind == "f" and not np.isfinite(form).all():
        values = np.full(values.shape, np.nan, dtype=values.dtype if values.dtype.kind == "f" else np.float64)
    return values, form


def is_identity(A: NDArray) -> bool:
    """Whether A is the identity, so that its product can be left out without changing a value."""
    return bool(np.array_equal(A, np.eye(len(A))))


def kernel(**declarations: Any) -> Callable[[StepFunction], StepFunction]:
    """A decorator that sets the attributes by which a function declares what it does, and changes nothing else.

        @hardmax.kernel(arrays="torch", ties="first")
        def step(tokens, A, alpha): ...

    Args:
        declarations: as for `declare`.

    Raises:
        InputError: an unknown keyword or value, or an object that takes no attributes.
    """

    def mark(step: StepFunction) -> StepFunction:
        declare(step, **declarations)
        try:
            for name, value in declarations.items():
                setattr(step, name, value)
        except AttributeError:
            raise InputError(
                f"{step!r} takes no attributes; use declare(step, …) of hardmax.kernels.protocol"
            ) from None
        return step

    return mark


def declare(step: StepFunction, *, name: str | None = None, **declarations: Any) -> Kernel:
    """A `Kernel` of a step function and what its author declares: see `Kernel` for the keywords.

    Raises:
        InputError: an unknown keyword or value.
    """
    known = sorted(set(Kernel.__dataclass_fields__) - {"name", "step", "source", "missing", "overrides"})
    if unknown := sorted(set(declarations) - {*known, "source", "missing"}):
        raise InputError(f"unknown declaration {', '.join(unknown)}; a kernel declares {', '.join(known)}")
    return Kernel(name or getattr(step, "__name__", "kernel"), step, **declarations)


def unbatched(function: Callable[[Any, Any, float], Any]) -> StepFunction:
    """The batch version of a function (tokens (n, d), A, alpha) -> (n, d): one call for each set."""

    def step(tokens: Any, A: Any, alpha: float) -> Any:
        return _stacked([function(one, A, alpha) for one in tokens], tokens)

    step.__name__ = getattr(function, "__name__", "unbatched")
    return step


def from_layers(function: Callable[[Any, Any, float, int], Any]) -> StepFunction:
    """One layer of a function (tokens, A, alpha, K) -> tokens after K layers: K = 1."""

    def step(tokens: Any, A: Any, alpha: float) -> Any:
        return function(tokens, A, alpha, 1)

    step.__name__ = getattr(function, "__name__", "from_layers")
    return step


def _stacked(sets: list[Any], like: Any) -> Any:
    """The token sets of a batch in one array of the library that `like` belongs to."""
    if not sets:
        return like[:0]
    if hasattr(sets[0], "detach"):
        import torch

        return torch.stack(sets)
    return np.stack(sets)


def as_kernel(value: Any, *, name: str, source: str = "", **overrides: Any) -> Kernel:
    """`value` as a kernel: a `Kernel`, or a function whose attributes of the same names declare its properties.

    So a module need not import this project: `step.ties = "first"` beside the function is enough. Any other callable
    object declares the same, but its attribute `layer` is its own affair (many modules of torch have one), so follow
    sets need `declare(object, layer=…)`.

    Raises:
        InputError: neither a kernel nor a function, or a class (an instance is required); a misspelt declaration.
    """
    if isinstance(value, Kernel):
        return replace(value, source=source or value.source, overrides=overrides, **overrides)
    if isinstance(value, type) or not callable(value):
        raise InputError(
            f"{source or name} is {value!r}; a Kernel or a function (tokens, A, alpha) -> next tokens is required"
        )
    names = set(DECLARATIONS)
    if inspect.isroutine(value):  # who sets these on a function means them
        names |= {"layer", "prove", "missing"}
        for given in set(getattr(value, "__dict__", ())) - names:
            if close := get_close_matches(given, names, 1, 0.8):
                raise InputError(f"kernel {name}: {given} is no declaration; did you mean {close[0]}?")
    found = {field: getattr(value, field) for field in names if hasattr(value, field)}
    return Kernel(name, value, source=source, overrides=overrides, **(found | overrides))
