"""Attention of other libraries as kernels: torch's flex_attention, onnxruntime's operator Attention, jax.nn.

Each needs its package, which is imported when the kernel is first called; `missing` says what to install without it.
"""

from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from ..protocol import AttentionKernel, declare_attention

NOT_TRACED = "_FLEX_ATTENTION_DISABLE_COMPILE_DEBUG"
"""torch's switch for `flex_attention` without tracing."""


def flex(
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
    """torch's flex_attention, not compiled, with a score_mod for what is asked: (out, lse)."""
    import torch
    from torch.nn.attention import flex_attention as module

    shape = (q.shape[0], q.shape[1], q.shape[2], k.shape[2])
    mask, bias = (None if x is None else x.expand(shape) for x in (mask, bias))
    hidden = -float("inf")

    def modified(s: Any, b: Any, h: Any, i: Any, j: Any) -> Any:
        if softcap is not None:
            s = softcap * torch.tanh(s / softcap)
        if bias is not None:
            s = s + bias[b, h, i, j]
        if mask is not None:
            s = torch.where(mask[b, h, i, j], s, hidden)
        if causal:
            s = torch.where(j <= i, s, hidden)
        if window is not None:
            left, right = window
            s = torch.where(j >= i - left, s, hidden) if left >= 0 else s
            s = torch.where(j <= i + right, s, hidden) if right >= 0 else s
        return s

    plain = mask is None and bias is None and window is None and softcap is None and not causal
    options = {"scale": scale, "enable_gqa": q.shape[1] != k.shape[1], "return_lse": True}
    # Uncompiled, it traces every new shape for a backend that runs the same operations: slower, and no bit is another.
    usual = getattr(module, NOT_TRACED, False)
    setattr(module, NOT_TRACED, True)
    try:
        return module.flex_attention(q, k, v, None if plain else modified, **options)
    finally:
        setattr(module, NOT_TRACED, usual)


@lru_cache(maxsize=64)
def _session(dtype: str, masked: str, causal: bool, scale: float | None, softcap: float | None) -> Any:
    """An onnxruntime session of one Attention node."""
    import onnxruntime  # type: ignore[import-not-found]
    from onnx import TensorProto, helper  # type: ignore[import-not-found]

    kind = {"float16": TensorProto.FLOAT16, "float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE}[dtype]
    given = {"q": "B H Lq D", "k": "B Hk Lk D", "v": "B Hk Lk Dv"}
    values = [helper.make_tensor_value_info(n, kind, axes.split()) for n, axes in given.items()]
    if masked:
        of = TensorProto.BOOL if masked == "bool" else kind
        values.append(helper.make_tensor_value_info("mask", of, ["b", "h", "i", "j"]))
    options: dict[str, Any] = {"is_causal": int(causal)}
    options |= {} if scale is None else {"scale": scale}
    options |= {} if softcap is None else {"softcap": softcap}
    node = helper.make_node("Attention", [value.name for value in values], ["out"], **options)
    graph = helper.make_graph([node], "attention", values, [helper.make_tensor_value_info("out", kind, None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=10)
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    return onnxruntime.InferenceSession(model.SerializeToString(), settings, providers=["CPUExecutionProvider"])


def onnx_attention(
    q: Any,
    k: Any,
    v: Any,
    *,
    scale: float | None = None,
    mask: Any = None,
    bias: Any = None,
    causal: bool = False,
    softcap: float | None = None,
) -> Any:
    """The operator Attention of ONNX (opset 23) by onnxruntime on the CPU; mask and bias become its attn_mask."""
    if scale is not None and not scale > 0:
        raise NotImplementedError("onnxruntime takes no scale <= 0")
    if mask is not None and bias is not None:
        mask, bias = None, np.where(mask, bias, -np.inf).astype(bias.dtype)
    given = mask if bias is None else bias
    masked = "" if given is None else "bool" if bias is None else "float"
    session = _session(str(q.dtype), masked, causal, scale, softcap)
    arrays = {"q": q, "k": k, "v": v}
    if given is not None:  # its last two axes do not broadcast
        arrays["mask"] = np.broadcast_to(given, (*given.shape[:2], q.shape[2], k.shape[2]))
    return session.run(None, {name: np.ascontiguousarray(x) for name, x in arrays.items()})[0]


def jax_attention(
    query: Any,
    key: Any,
    value: Any,
    *,
    scale: float | None = None,
    mask: Any = None,
    bias: Any = None,
    causal: bool = False,
    window: tuple[int, int] | None = None,
) -> Any:
    """jax.nn.dot_product_attention by XLA."""
    import jax  # type: ignore[import-not-found]

    if query.shape[3] != value.shape[3]:
        raise NotImplementedError("jax.nn takes values as wide as keys")
    if window is not None:
        window = tuple(max(query.shape[1], key.shape[1]) if side < 0 else side for side in window)  # type: ignore[assignment]
    return jax.nn.dot_product_attention(
        query, key, value, bias, mask, scale=scale, is_causal=causal, local_window_size=window, implementation="xla"
    )


def _missing(name: str, packages: tuple[str, ...], extra: str) -> str:
    lacking = [package for package in packages if find_spec(package) is None]
    return f"kernel {name} needs {' and '.join(lacking)}: pip install 'hardmax[{extra}]'" if lacking else ""


def torch_flex() -> AttentionKernel:
    """`flex` with its declarations."""
    return declare_attention(
        flex,
        name="torch-flex",
        arrays="torch",
        dtypes=("float16", "bfloat16", "float32", "float64"),
        causal_alignment="top_left",
        lse="natural",
        missing=_missing("torch-flex", ("torch",), "torch"),
    )


def onnxruntime_attention() -> AttentionKernel:
    """`onnx_attention` with its declarations: float16 scores are kept in float16; float64 has a scale in float32."""
    return declare_attention(
        onnx_attention,
        name="onnxruntime-attention",
        dtypes=("float16", "float32"),
        score_roundings=4,
        missing=_missing("onnxruntime-attention", ("onnx", "onnxruntime"), "onnx"),
    )


def jax_nn() -> AttentionKernel:
    """`jax_attention` with its declarations; XLA has no float16 on the CPU and computes float64 in float32."""
    return declare_attention(
        jax_attention,
        name="jax-attention",
        arrays="jax",
        layout="BLHD",
        dtypes=("bfloat16", "float32", "float64"),
        accumulates="float32",
        causal_alignment="top_left",
        missing=_missing("jax-attention", ("jax",), "jax"),
    )
