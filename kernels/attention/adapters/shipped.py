"""The attention kernels that are shipped: a plain one in NumPy, and those of torch, each with its declarations.

Every adapter is a function of q, k, v in the form of `protocol`; what it declares is what torch's sources say.
"""

import warnings
from collections.abc import Callable
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from ..protocol import AttentionKernel, declare_attention
from .libraries import jax_nn, onnxruntime_attention, torch_flex

DTYPES = ("float16", "bfloat16", "float32", "float64")
HALF = ("float16", "bfloat16")


def reference(
    q: Any,
    k: Any,
    v: Any,
    *,
    scale: float | None = None,
    mask: Any = None,
    bias: Any = None,
    causal: bool = False,
    window: tuple[int, int] | None = None,
    softcap: float | None = None,
) -> tuple[Any, Any]:
    """Attention in plain NumPy, step by step: (out, lse). Float16 is computed in float32; diagonals are top left."""
    dtype, wide = q.dtype, np.float64 if q.dtype == np.float64 else np.float32
    group = q.shape[1] // max(1, k.shape[1])
    k, v = (np.repeat(x.astype(wide), group, axis=1) for x in (k, v))
    q = q.astype(wide)
    Lq, Lk = q.shape[2], k.shape[2]
    factor = wide(1 / np.sqrt(max(1, q.shape[3])) if scale is None else scale)
    s = factor * (q @ np.swapaxes(k, 2, 3))
    if softcap is not None:
        s = wide(softcap) * np.tanh(s / wide(softcap))
    if bias is not None:
        s = s + bias.astype(wide)
    place = np.arange(Lk)[None, :] - np.arange(Lq)[:, None]
    on: Any = place <= 0 if causal else np.ones((Lq, Lk), dtype=bool)
    if window is not None:
        left, right = window
        on = on & ((left < 0) | (place >= -left)) & ((right < 0) | (place <= right))
    on = np.broadcast_to(on if mask is None else on & mask, s.shape)
    s = np.where(on, s, -np.inf)
    top = s.max(axis=3, keepdims=True, initial=-np.inf)
    with np.errstate(under="ignore"):
        w = np.exp(s - np.where(np.isneginf(top), 0, top))
        total = w.sum(axis=3, keepdims=True)
        out = (w @ np.where(on.any(axis=2)[..., None], v, 0)) / np.where(total > 0, total, 1)
    with np.errstate(divide="ignore"):
        lse = (top + np.log(total))[..., 0]
    return out.astype(dtype), lse


def _sdpa(backend: str | None) -> Callable[..., Any]:
    """torch's scaled_dot_product_attention with one backend (its choice if None); mask and bias become attn_mask."""

    def attention(
        q: Any, k: Any, v: Any, *, scale: float | None = None, mask: Any = None, bias: Any = None, causal: bool = False
    ) -> Any:
        import torch
        from torch.nn.attention import SDPBackend, sdpa_kernel

        if mask is not None and bias is not None:
            mask = torch.where(mask, bias, torch.tensor(-torch.inf, dtype=bias.dtype, device=bias.device))
        elif mask is None:
            mask = bias
        grouped = q.shape[1] != k.shape[1]
        call = torch.nn.functional.scaled_dot_product_attention
        options = {"attn_mask": mask, "is_causal": causal, "scale": scale, "enable_gqa": grouped}
        chosen = nullcontext() if backend is None else sdpa_kernel(getattr(SDPBackend, backend))
        try:
            with warnings.catch_warnings(), chosen:
                warnings.simplefilter("ignore")  # torch's reasons why it will not run
                return call(q, k, v, **options)
        except RuntimeError as error:
            if "No available kernel" in str(error):
                raise NotImplementedError(f"torch's back end {backend} does not take such arrays") from None
            if "should not be set when is_causal" in str(error):
                raise NotImplementedError("torch takes either a mask or is_causal") from None
            raise

    return attention


def chosen_by_torch(q: Any, k: Any, v: Any, **keywords: Any) -> str:
    """The back end of scaled_dot_product_attention that torch runs for these tensors, in small letters."""
    import torch
    from torch.nn.attention import SDPBackend

    mask = keywords.get("mask") if keywords.get("bias") is None else keywords["bias"]
    grouped = q.shape[1] != k.shape[1]
    options = {"dropout_p": 0.0, "is_causal": keywords.get("causal", False), "scale": keywords.get("scale")}
    number = torch._fused_sdp_choice(  # pyright: ignore[reportPrivateImportUsage]
        q, k, v, mask, enable_gqa=grouped, **options
    )
    return SDPBackend(number).name.removesuffix("_ATTENTION").lower()


def _torch(name: str, backend: str | None, **declared: Any) -> AttentionKernel:
    missing = "" if find_spec("torch") else f"kernel {name} needs torch: pip install 'hardmax[torch]'"
    device = declared.get("device", "cpu")
    if not missing and device != "cpu":
        import torch

        if not torch.cuda.is_available():
            missing = f"kernel {name} needs a CUDA device; torch {torch.__version__} sees none: use another machine"
    declared = {"causal_alignment": "top_left", "dtypes": DTYPES, **declared}
    return declare_attention(_sdpa(backend), name=name, arrays="torch", missing=missing, **declared)


# The math backend upcasts half inputs to float32 (unless torch.backends.cuda.allow_fp16_bf16_reduction_math_sdp), so
# that nothing but its output is rounded to the dtype.
SHIPPED: dict[str, Callable[[], AttentionKernel]] = {
    "attention-numpy": lambda: declare_attention(
        reference,
        name="attention-numpy",
        dtypes=("float16", "float32", "float64"),
        weights_cast=False,
        lse="natural",
        causal_alignment="top_left",
        empty_rows="zero",
        gradients=False,
    ),
    "torch-sdpa": lambda: _torch("torch-sdpa", None, chooses=chosen_by_torch),
    "torch-sdpa-math": lambda: _torch("torch-sdpa-math", "MATH", weights_cast=False),
    "torch-sdpa-flash": lambda: _torch("torch-sdpa-flash", "FLASH_ATTENTION"),
    "torch-sdpa-efficient": lambda: _torch(
        "torch-sdpa-efficient", "EFFICIENT_ATTENTION", device="cuda", dtypes=DTYPES[:3], shift_rounded=True
    ),
    "torch-sdpa-cudnn": lambda: _torch(
        "torch-sdpa-cudnn", "CUDNN_ATTENTION", device="cuda", dtypes=HALF, shift_rounded=True
    ),
    "torch-flex": torch_flex,
    "onnxruntime-attention": onnxruntime_attention,
    "jax-attention": jax_nn,
}
"""The attention kernels of this project by name, made when asked for."""


CLASSES = ("wrong", "undocumented choice", "declared precision class")
"""What a known deviation of a shipped kernel is, the first words of its reason."""


def known_deviations(name: str, dtypes: tuple[str, ...]) -> dict[str, str]:
    """The known deviations of a shipped kernel in some dtypes, from `known/NAME.txt`: check id → reason."""
    path = Path(__file__).parent / "known" / f"{name}.txt"
    found: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        entry, _, reason = line.partition(" ")
        check, _, only = entry.partition("@")
        if check and not check.startswith("#") and (not only or set(only.split(",")) & set(dtypes)):
            found[check] = reason.strip()
    return found


def load_attention(name: str) -> AttentionKernel:
    """The shipped attention kernel of that name.

    Raises:
        InputError: there is none.
    """
    if name not in SHIPPED:
        raise InputError(f"no attention kernel is called {name!r}; there are {', '.join(SHIPPED)}")
    return SHIPPED[name]()
