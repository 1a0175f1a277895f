"""The compiled kernel: numba, parallel over the batch, float32 or float64, all ties of the computed scores kept.

It never stores a matrix of scores, and `run` and `prove` do not score again what a leader has captured. Importing this
module needs numba (`pip install 'hardmax[compiled]'`); the machine code is cached beside the module.

A configuration with a NaN or an infinity becomes NaN as a whole; its neighbours in the batch are not touched.
Neighbours: `compiled_layer` and `compiled_loops` have the loops, `rounding` the bound that `prove` evaluates, `certify`
the whole result.
"""

import numpy as np
from numpy.typing import NDArray

from ..bounds.rounding import SLACK, UNDERFLOW, gamma, score_roundings
from ..errors import InputError
from ..follow_sets import FloatProof, FollowSets
from ..protocol import Kernel, checked, is_identity
from ..threads import share
from . import compiled_layer
from . import compiled_loops as loops

WIDTH = 512
"""Queries in one block of `layer`: what a core's first-level cache holds beside the keys."""


def layer(
    tokens: NDArray[np.floating], A: NDArray[np.floating] | None, alpha: float
) -> tuple[NDArray[np.floating], FollowSets]:
    """The next tokens and the follow sets of a batch.

    Args:
        tokens: (B, n, d), float32 or float64 (any other dtype is computed in float64).
        A: (d, d), the identity if None.
        alpha: α > 0.

    Returns:
        The next tokens, of the shape and dtype of `tokens`, and their `FollowSets`.

    Raises:
        InputError: the shapes do not fit.
    """
    values, form = _prepared(tokens, A, alpha)
    B, n, d = values.shape
    first, count = np.empty((B, n), dtype=np.int64), np.empty((B, n), dtype=np.int64)
    margin, moved = np.empty((B, n), dtype=values.dtype), np.empty_like(values)
    width = min(n, WIDTH)
    arguments = (values, form, _rate(values, alpha), width, first, count, margin, moved)
    share(lambda low, high: compiled_layer.layer_blocks(low, high, *arguments), B * -(-n // width), width * n * d)
    rows = np.argwhere(count > 1)
    ends = np.cumsum(count[rows[:, 0], rows[:, 1]])
    tied = np.empty((ends[-1] if len(rows) else 0, 3), dtype=np.int64)
    if len(rows):
        compiled_layer.tied_members(values, form, rows, ends - count[rows[:, 0], rows[:, 1]], tied)
    return moved, FollowSets(first, count, tied, margin)


def step(tokens: NDArray[np.floating], A: NDArray[np.floating] | None, alpha: float) -> NDArray[np.floating]:
    """The next tokens of a batch: `layer` without the sets."""
    return layer(tokens, A, alpha)[0]


def run(
    tokens: NDArray[np.floating], A: NDArray[np.floating] | None, alpha: float, layers: int
) -> NDArray[np.floating]:
    """The tokens after K layers, without a proof: ties are those of the computed scores.

    Args:
        tokens: (B, n, d), float32 or float64 (any other dtype is computed in float64).
        A: (d, d), the identity if None.
        alpha: α > 0.
        layers: K ≥ 0.

    Raises:
        InputError: the shapes do not fit, or K < 0.
    """
    if layers < 0:
        raise InputError(f"layers is {layers}; it must not be negative")
    return _run(*_prepared(tokens, A, alpha), alpha, layers, prove=False).tokens


def prove(tokens: NDArray[np.floating], A: NDArray[np.floating] | None, alpha: float, layers: int) -> FloatProof:
    """K layers of a batch with every follow set proved, or the configuration given up: see `certify.certify`.

    Args:
        tokens: (B, n, d) finite float32 or float64.
        A: (d, d) representable in that dtype, the identity if None.
        alpha: α > 0.
        layers: K ≥ 1.
    """
    return _run(*_prepared(tokens, A, alpha), alpha, layers, prove=True)


def _prepared(tokens: NDArray, A: NDArray | None, alpha: float) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Tokens and A as contiguous writable arrays of one dtype (one compiled version each); A empty if identity."""
    values, form = checked(tokens, A, alpha)
    dtype = values.dtype if values.dtype in (np.float32, np.float64) else np.dtype(np.float64)
    values = np.require(values, dtype, ["C", "W"])
    return values, np.empty((0, 0), dtype) if is_identity(form) else np.array(form, dtype, order="C")


def _rate(values: NDArray[np.floating], alpha: float) -> np.floating:
    return values.dtype.type(alpha / (1 + alpha))


def _run(
    values: NDArray[np.floating], form: NDArray[np.floating], alpha: float, layers: int, *, prove: bool
) -> FloatProof:
    B, n, d = values.shape
    A = form if form.size else np.eye(d, dtype=values.dtype)
    weights = np.abs(A.astype(np.float64))
    models = [_model(dtype, extra, A, weights) for dtype, extra in ((values.dtype, 0), (np.float32, 2))]
    kept = B if prove else 1
    proof = FloatProof(
        np.empty((layers if prove else 0, kept, n), dtype=np.int32),
        np.empty(B, dtype=np.int64),
        np.empty_like(values),
        np.zeros((kept, d)),
        np.zeros(kept, dtype=np.int64),
    )
    arguments = (values, form, weights, _rate(values, alpha), *models, layers, prove, *proof)
    share(lambda low, high: loops.run_configurations(low, high, *arguments), B, n * n * d)
    return proof


def _model(dtype: np.dtype | type, extra: int, A: NDArray, weights: NDArray[np.float64]) -> loops.ErrorModel:
    """The bound's numbers for scores in `dtype`, each monomial with `extra` roundings (of both tokens to it) more."""
    info, d = np.finfo(dtype), len(A)
    tiny = float(info.tiny)
    return loops.ErrorModel(
        score=float(gamma(score_roundings(A) + extra, dtype)),
        layer=float(gamma(17, A.dtype)),
        underflow=UNDERFLOW * (d + extra) * tiny * (1 + float(weights.sum())),
        layer_underflow=17 * float(np.finfo(A.dtype).tiny),
        largest=float(info.max),
        slack=SLACK,
    )


kernel = Kernel(
    "compiled",
    step,
    dtypes=("float64", "float32"),
    layer=layer,
    prove=prove,
    source="hardmax.kernels.floats.compiled_kernel:kernel",
)
