"""What an attention kernel is: a function of q, k, v with declared properties, and how it is called.

    attention(q, k, v, *, …) -> out                 or -> (out, lse)
    q (B, H, Lq, D)   k (B, Hk, Lk, D)   v (B, Hk, Lk, Dv)   out (B, H, Lq, Dv)   lse (B, H, Lq)

on NumPy arrays, torch tensors or JAX arrays; with `layout = "BLHD"` heads and tokens change places in all but lse.
The keywords `scale`, `mask`, `bias`, `causal`, `window`, `softcap` are passed only if the function has them. What a
kernel declares stands in attributes of the function of the same names as the fields of `AttentionKernel`, so a module
need not import this project. Neighbours: `adapters` ships kernels, `bound` reads the declarations as an `Arithmetic`.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .arithmetic import Arithmetic
from .problem import FORMATS, Problem, Reals

KEYWORDS = ("scale", "mask", "bias", "causal", "window", "softcap")
"""What is passed by name, if the function has it."""

FIRST = (("q", "k", "v"), ("query", "key", "value"))
"""A function with these first parameters is taken for an attention kernel."""

CHOICES: dict[str, tuple[Any, ...]] = {
    "arrays": ("numpy", "torch", "jax"),
    "layout": ("BHLD", "BLHD"),
    "accumulates": (None, *FORMATS),
    "score_roundings": (0, 1, 2, 3, 4),
    "causal_alignment": (None, "top_left", "bottom_right"),
    "empty_rows": ("unspecified", "zero", "nan", "mean"),
    "lse": (None, "natural", "log2"),
    "softcap_order": ("softcap,bias", "bias,softcap"),
    "hard": (False, True, "first"),
    "gradients": (None, True, False),
    "weights_cast": (False, True, "both"),
}
"""The declarations that are one of several values."""


@dataclass(frozen=True, slots=True, eq=False)
class AttentionKernel:
    """An attention function and what its author declares about it.

    Args:
        name: how reports call it.
        function: (q, k, v, keywords it has) -> out, or (out, lse) if `lse` is declared.
        dtypes: what it takes, of float16, bfloat16, float32, float64.
        arrays: "numpy", "torch" or "jax".
        device: where torch tensors live.
        layout: "BHLD" or "BLHD".
        accumulates: the dtype of scores and sums: float32 for half inputs, else the dtype, if None.
        weights_cast: softmax weights are rounded to the dtype before they meet v; "both": the log-sum-exp is theirs.
        score_roundings: how often a score is rounded to the dtype: 0, or 4 where scores are kept in it.
        exp_ulps: its exp is within so many units in the last place of the accumulation.
        tanh_ulps: the same for the tanh of softcap.
        block: the least number of keys between two rescales of an online softmax.
        shift_rounded: the shift is fl(max·c), so the maximal key need not have weight 1.
        lag: how far the running maximum may lag behind, in natural units.
        normalised_by_lse: a second pass computes the weights as exp(score − lse).
        flushes: subnormal results are flushed even in float16.
        causal_alignment: "top_left" or "bottom_right"; None: either.
        empty_rows: what a row without keys gives: "zero", "nan", "mean" of all values, or "unspecified".
        lse: the log-sum-exp that is returned too, "natural" or "log2"; None: only the output.
        lse_dtype: its dtype; that of the accumulation if None.
        split_keys: partial results over ranges of keys are merged once by their log-sum-exps.
        softcap_order: "softcap,bias" or "bias,softcap".
        gradients: whether it can be differentiated; None: where torch or JAX can.
        deterministic: equal calls give equal bits.
        batch_invariant: the bits of a row do not depend on its batch.
        hard: True for β = ∞ (the mean over all maximisers), "first" for the first one.
        known: known deviations: check id → reason.
        chooses: (q, k, v, keywords) → the name of the implementation that the library runs for them, or None.
        source: where it was found.
        missing: empty, or the one-line remedy of a kernel that cannot run here, which it raises when called.

    Raises:
        InputError: a declaration is not one of the values above.
    """

    name: str
    function: Callable[..., Any]
    dtypes: tuple[str, ...] = ("float32",)
    arrays: Literal["numpy", "torch", "jax"] = "numpy"
    device: str = "cpu"
    layout: Literal["BHLD", "BLHD"] = "BHLD"
    accumulates: str | None = None
    weights_cast: bool | str = True
    score_roundings: int = 0
    exp_ulps: float = 2.0
    tanh_ulps: float = 2.0
    block: int = 16
    shift_rounded: bool = False
    lag: float = 0.0
    normalised_by_lse: bool = False
    flushes: bool = False
    causal_alignment: str | None = None
    empty_rows: str = "unspecified"
    lse: str | None = None
    lse_dtype: str | None = None
    split_keys: bool = False
    softcap_order: str = "softcap,bias"
    gradients: bool | None = None
    deterministic: bool = True
    batch_invariant: bool = False
    hard: bool | str = False
    known: Mapping[str, str] = field(default_factory=dict)
    chooses: Callable[..., str] | None = None
    source: str = ""
    missing: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    """Declarations that whoever loaded it gave in place of its author's."""
    keywords: frozenset[str] = field(init=False)
    """Which of KEYWORDS the function has."""

    def __post_init__(self) -> None:
        put = object.__setattr__
        if not callable(self.function):
            raise InputError(f"kernel {self.name}: {self.function!r} is no function of q, k, v")
        names = (self.dtypes,) if isinstance(self.dtypes, str) else tuple(self.dtypes)
        names = tuple(_dtype_name(d) for d in names)
        if not names or not set(names) <= set(FORMATS):
            raise InputError(f"kernel {self.name}: dtypes is {self.dtypes!r}; give some of {', '.join(FORMATS)}")
        put(self, "dtypes", names)
        for name, allowed in CHOICES.items():
            value = getattr(self, name)
            if not any(value is a or (type(value) is type(a) and value == a) for a in allowed):
                shown = ", ".join(map(repr, allowed))
                raise InputError(f"kernel {self.name}: {name} is {value!r}; it must be one of {shown}")
        for name, value in _typed(self, bool):
            raise InputError(f"kernel {self.name}: {name} is {value!r}; give True or False")
        for name, least in (("exp_ulps", 0), ("tanh_ulps", 0), ("lag", 0), ("block", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < float("inf"):
                raise InputError(f"kernel {self.name}: {name} is {value!r}; a finite number >= {least} is required")
        if self.lse_dtype is not None and _dtype_name(self.lse_dtype) not in FORMATS:
            raise InputError(f"kernel {self.name}: lse_dtype is {self.lse_dtype!r}; give one of {', '.join(FORMATS)}")
        if not isinstance(self.known, Mapping) or not all(isinstance(x, str) for p in self.known.items() for x in p):
            raise InputError(f'kernel {self.name}: known is {self.known!r}; give {{"check.id": "reason"}}')
        put(self, "lse_dtype", None if self.lse_dtype is None else _dtype_name(self.lse_dtype))
        parameters = _parameters(self.function)
        every = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        put(self, "keywords", frozenset(k for k in KEYWORDS if every or k in parameters))

    def arithmetic(self, dtype: str) -> Arithmetic:
        """What the bound needs to know, for inputs of `dtype`."""
        return Arithmetic.of(
            dtype,
            self.accumulates,
            s=self.score_roundings,
            exp_ulps=self.exp_ulps,
            tanh_ulps=self.tanh_ulps,
            cast=bool(self.weights_cast),
            cast_sum=self.weights_cast == "both",
            block=int(self.block),
            shift_rounded=self.shift_rounded,
            lag=float(self.lag),
            split_keys=self.split_keys,
            normalised_by_lse=self.normalised_by_lse,
            flushes=self.flushes,
        )

    def array(self, values: Any, dtype: str) -> Any:
        """`values` as a fresh array of `dtype` of the library that the kernel takes; booleans stay what they are.

        Raises:
            InputError: the kernel cannot run here, or NumPy has no such dtype.
        """
        if self.missing:
            raise InputError(self.missing)
        values = np.array(values, order="C")
        if self.arrays == "torch":
            import torch

            tensor = torch.from_numpy(values).to(self.device)
            return tensor if values.dtype == np.bool_ else tensor.to(getattr(torch, dtype))
        if self.arrays == "jax":
            import jax.numpy  # type: ignore[import-not-found]

            if dtype == "float64":
                jax.config.update("jax_enable_x64", True)
            # cast and put there by NumPy: XLA would compile conversions and copies for every shape
            return jax.device_put(values if values.dtype == np.bool_ else values.astype(jax.numpy.dtype(dtype)))
        if dtype == "bfloat16":
            raise InputError(f'kernel {self.name}: NumPy has no bfloat16; declare arrays = "torch" or other dtypes')
        return values if values.dtype == np.bool_ else values.astype(dtype)

    def arguments(self, problem: Problem) -> tuple[list[Any], dict[str, Any]]:
        """([q, k, v], keywords) for `problem`, in the kernel's layout, library and dtype.

        Raises:
            InputError: the problem needs a keyword that the function does not have, or another dtype.
        """
        if problem.dtype not in self.dtypes:
            raise InputError(f"kernel {self.name} takes {', '.join(self.dtypes)}, not {problem.dtype}")
        given = {name: getattr(problem, name) for name in KEYWORDS}
        needed = {name: value for name, value in given.items() if value is not None and value is not False}
        if lacking := sorted(set(needed) - self.keywords):
            raise InputError(f"kernel {self.name} has no parameter {', '.join(lacking)}, which this problem needs")
        if problem.softcap is not None and problem.softcap_order != self.softcap_order:
            raise InputError(f'kernel {self.name} declares softcap_order = "{self.softcap_order}"; give such a problem')
        for name in {"mask", "bias"} & set(needed):
            needed[name] = self.array(needed[name], problem.dtype)
        arrays = (problem.q, problem.k, problem.v)
        if self.layout == "BLHD":
            arrays = tuple(a.swapaxes(1, 2) for a in arrays)
        return [self.array(a, problem.dtype) for a in arrays], needed

    def __call__(self, problem: Problem) -> tuple[Reals, Reals | None]:
        """(out (B, H, Lq, Dv), lse (B, H, Lq) or None) in float64, whatever the kernel's layout and arrays.

        Raises:
            InputError: see `arguments`; or what came back has another shape.
        """
        arrays, keywords = self.arguments(problem)
        return self.results(self.function(*arrays, **keywords), problem)

    def results(self, returned: Any, problem: Problem) -> tuple[Reals, Reals | None]:
        """What the function returned for `problem`, as `__call__` gives it."""
        out, lse = returned, None
        if self.lse is not None:
            if not isinstance(returned, tuple | list) or len(returned) < 2:
                raise InputError(f"kernel {self.name} declares lse but does not return (out, lse)")
            out, lse = returned[0], as_reals(returned[1])
        elif isinstance(returned, tuple | list):
            out = returned[0]
        result = as_reals(out)
        if self.layout == "BLHD" and result.ndim == 4:
            result = result.swapaxes(1, 2)
        for what, array, shape in (
            ("out", result, (*problem.q.shape[:3], problem.v.shape[3])),
            ("lse", lse, problem.q.shape[:3]),
        ):
            if array is not None and array.shape != shape:
                raise InputError(f"kernel {self.name} returned {what} of shape {array.shape}; {shape} is required")
        return result, lse


def as_reals(values: Any) -> NDArray[np.float64]:
    """An array of any of the libraries as float64, exactly."""
    if hasattr(values, "detach"):
        import torch

        return values.detach().to(device="cpu", dtype=torch.float64).numpy()
    return np.asarray(values, dtype=np.float64)


def is_attention(value: Any) -> bool:
    """Whether `value` is an attention kernel: one that is declared, or a function whose first parameters say so."""
    kind = getattr(value, "kind", None)
    if isinstance(value, AttentionKernel) or (isinstance(kind, str) and kind == "attention"):
        return True
    return callable(value) and not isinstance(value, type) and tuple(_parameters(value))[:3] in FIRST


def declare_attention(function: Callable[..., Any], *, name: str | None = None, **declared: Any) -> AttentionKernel:
    """An `AttentionKernel` of a function and what its author declares.

    Raises:
        InputError: an unknown declaration or value.
    """
    known = set(AttentionKernel.__dataclass_fields__) - {"name", "function", "keywords", "overrides"}
    if unknown := sorted(set(declared) - known):
        raise InputError(
            f"unknown declaration {', '.join(unknown)}; an attention kernel declares {', '.join(sorted(known))}"
        )
    return AttentionKernel(name or getattr(function, "__name__", "attention"), function, **declared)


def as_attention(value: Any, *, name: str, source: str = "", **overrides: Any) -> AttentionKernel:
    """`value` as an attention kernel: one already, or a function with its declarations as attributes.

    Args:
        value: the kernel or function.
        name: how reports call a function.
        source: where it was found.
        overrides: declarations in place of its author's.

    Raises:
        InputError: no attention kernel, or an attribute that is no declaration.
    """
    if isinstance(value, AttentionKernel):
        named = source or value.source
        kernel = value
        if overrides or named != value.source:
            kernel = replace(value, source=named, overrides={**value.overrides, **overrides}, **overrides)
        remedy = kernel.missing or _remedy(kernel)
        if kernel.arrays == "jax" and not remedy:
            return replace(kernel, function=_compiled(kernel))
        return replace(kernel, missing=remedy) if remedy != kernel.missing else kernel
    if not is_attention(value):
        raise InputError(f"{name} is no attention kernel; its first parameters must be q, k, v or query, key, value")
    if inspect.isfunction(value):  # what stands in its attributes was put there to declare, but for methods of wrappers
        own = AttentionKernel.__dataclass_fields__
        declared = {k: v for k, v in vars(value).items() if k in own or not (k.startswith("_") or callable(v))}
        declared.pop("kind", None)
    else:
        declared = {k: getattr(value, k) for k in AttentionKernel.__dataclass_fields__ if hasattr(value, k)}
        apart = ("name", "function", "keywords", "source", "missing", "overrides")
        declared = {k: v for k, v in declared.items() if k not in apart}
    return as_attention(declare_attention(value, name=name, **declared), name=name, source=source, **overrides)


def _compiled(kernel: AttentionKernel) -> Callable[..., Any]:
    """The function by jax.jit, which is how its users run it; what is no array is static."""
    if hasattr(kernel.function, "lower"):  # it is compiled already
        return kernel.function
    import jax  # type: ignore[import-not-found]

    return jax.jit(kernel.function, static_argnames=sorted(kernel.keywords - {"mask", "bias"}))


def _remedy(kernel: AttentionKernel) -> str:
    """What to do about a kernel whose library, dtype or device is not there; empty if it can run here."""
    needs = {"torch": "torch", "jax": "jax"}.get(kernel.arrays, "")
    if needs and find_spec(needs) is None:
        what = f"kernel {kernel.name} takes {needs} arrays, and {needs} is not installed"
        return f"{what}: pip install 'hardmax[{needs}]'"
    if kernel.arrays == "numpy" and "bfloat16" in kernel.dtypes:
        return f'kernel {kernel.name}: NumPy has no bfloat16; declare arrays = "torch" or other dtypes'
    if kernel.device == "cpu":
        return ""
    if kernel.arrays != "torch":
        return f'kernel {kernel.name}: device is {kernel.device!r}; only torch tensors live elsewhere than on the "cpu"'
    import torch

    if torch.cuda.is_available():
        return ""
    seen = f"torch {torch.__version__} sees no CUDA device"
    return f'kernel {kernel.name} needs the device {kernel.device}; {seen}: declare device = "cpu"'


def _parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return {}


def _dtype_name(dtype: Any) -> str:
    """The name of a dtype given as text, or as NumPy, torch or JAX have it."""
    if isinstance(dtype, type | np.dtype):
        try:
            return np.dtype(dtype).name
        except TypeError:
            return str(dtype)
    return str(dtype).removeprefix("torch.")


def _typed(kernel: AttentionKernel, kind: type) -> list[tuple[str, Any]]:
    """The fields declared to be of `kind` that are not."""
    fields = AttentionKernel.__dataclass_fields__
    wrong = [(name, getattr(kernel, name)) for name, entry in fields.items() if entry.type is kind]
    return [(name, value) for name, value in wrong if not isinstance(value, kind)]
