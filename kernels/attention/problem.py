"""The exact problem: dyadic q, k, v, scale, bias, masks; which keys a row may see; float formats.

Every float is a dyadic rational, so the arrays *are* exact. They are held in float64, which holds every value of
float16, bfloat16 and float32, next to the name of the dtype that a kernel is given them in. Neighbours: `truth`
encloses the output of a `Head`, `bound` says how far a kernel may be from it.
"""

import math
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

Alignment = Literal["top_left", "bottom_right"]
"""Which diagonal causal masks and windows are anchored at: key i for row i, or key i + Lk − Lq."""

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Format:
    """A binary float format, round to nearest.

    Args:
        name: as NumPy and torch call it.
        digits: bits of the significand, the leading one included.
        least: exponent of the least positive normal number.
        top: exponent of the first power of two beyond the largest number.
    """

    name: str
    digits: int
    least: int
    top: int

    @property
    def u(self) -> float:
        """The unit roundoff 2^−digits."""
        return 2.0**-self.digits

    @property
    def tiny(self) -> float:
        """The least positive normal number."""
        return 2.0**self.least

    @property
    def eta(self) -> float:
        """The least positive subnormal number."""
        return 2.0 ** (self.least - self.digits + 1)

    @property
    def largest(self) -> float:
        """The largest finite number."""
        return (2 - 2 * self.u) * 2.0 ** (self.top - 1)


FORMATS = {
    "float16": Format("float16", 11, -14, 16),
    "bfloat16": Format("bfloat16", 8, -126, 128),
    "float32": Format("float32", 24, -126, 128),
    "float64": Format("float64", 53, -1022, 1024),
}
"""The formats that attention kernels compute in, by name."""


def rounded(values: Any, dtype: str) -> Reals:
    """`values` rounded to the nearest numbers of `dtype`, ties to even, in float64; infinite beyond the largest."""
    x = np.asarray(values, dtype=np.float64)
    form = FORMATS[dtype]
    if form.digits == 53:
        return x
    step = np.ldexp(1.0, np.maximum(np.frexp(np.where(np.isfinite(x), x, 0.0))[1] - 1, form.least) - form.digits + 1)
    with np.errstate(invalid="ignore"):
        near = np.where(np.isfinite(x), np.rint(x / step) * step, x)
    return np.where(np.abs(near) > form.largest, np.copysign(np.inf, near), near)


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """One call of an attention kernel, exactly.

        t_ij = cap(scale · q_i·k_j) + bias_ij,   p_i = softmax of t_i over the keys that row i sees,   o_i = Σ p_ij v_j

    with cap(s) = softcap·tanh(s/softcap), the identity if `softcap` is None. Head h of q reads head h // (H/Hk).

    Args:
        q: (B, H, Lq, D).
        k: (B, Hk, Lk, D), Hk a divisor of H.
        v: (B, Hk, Lk, Dv).
        dtype: the dtype of the arrays; every finite value must be one of its numbers.
        scale: a finite float, or None for 1/√D.
        mask: booleans that broadcast to (B, H, Lq, Lk), True = may attend.
        bias: floats likewise, added to the scaled (and capped) score; −∞ hides like a mask.
        causal: row i may see the keys up to the diagonal.
        window: (left, right): how many keys before and after the diagonal a row may see; negative is unlimited.
        softcap: c > 0, or None.
        softcap_order: "softcap,bias" (cap the score, then add the bias), or "bias,softcap".
        alignment: the diagonal of `causal` and `window`.

    Raises:
        InputError: shapes that do not fit, values that are no numbers of the dtype, a scale that is not finite, ….
    """

    q: Reals
    k: Reals
    v: Reals
    dtype: str = "float32"
    scale: float | None = None
    mask: NDArray[np.bool_] | None = None
    bias: Reals | None = None
    causal: bool = False
    window: tuple[int, int] | None = None
    softcap: float | None = None
    softcap_order: str = "softcap,bias"
    alignment: Alignment = "top_left"

    def __post_init__(self) -> None:
        if self.dtype not in FORMATS:
            raise InputError(f"dtype is {self.dtype!r}; it must be one of {', '.join(FORMATS)}")
        for name in ("q", "k", "v"):
            object.__setattr__(self, name, _array(name, getattr(self, name), self.dtype))
        q, k, v = self.q, self.k, self.v
        if k.shape[0] != q.shape[0] or k.shape[3] != q.shape[3] or v.shape[:3] != k.shape[:3]:
            raise InputError(
                f"q, k, v have shapes {q.shape}, {k.shape}, {v.shape}; "
                "(B, H, Lq, D), (B, Hk, Lk, D), (B, Hk, Lk, Dv) are required"
            )
        if q.shape[1] and (not k.shape[1] or q.shape[1] % k.shape[1]):
            raise InputError(f"q has {q.shape[1]} heads and k {k.shape[1]}; the heads of k must divide those of q")
        if self.scale is not None and not math.isfinite(self.scale):
            raise InputError(f"scale is {self.scale}; a finite number is required, or None for 1/sqrt(D)")
        if self.scale is None and q.shape[3] == 0:
            object.__setattr__(self, "scale", 1.0)  # without coordinates every score is the bias
        if self.softcap is not None and not 0 < self.softcap < math.inf:
            raise InputError(f"softcap is {self.softcap}; a finite number > 0 is required, or None")
        for name, value, allowed in (
            ("softcap_order", self.softcap_order, ("softcap,bias", "bias,softcap")),
            ("alignment", self.alignment, ("top_left", "bottom_right")),
        ):
            if value not in allowed:
                raise InputError(f"{name} is {value!r}; it must be one of {' or '.join(allowed)}")
        if self.window is not None and len(self.window) != 2:
            raise InputError(f"window is {self.window!r}; (left, right) is required")
        if self.mask is not None:
            object.__setattr__(self, "mask", _wide("mask", np.asarray(self.mask), np.dtype(np.bool_), self.scores))
        if self.bias is not None:
            bias = _of(self.dtype, "bias", self.bias)
            object.__setattr__(self, "bias", _wide("bias", bias, np.dtype(np.float64), self.scores))

    @property
    def scores(self) -> tuple[int, int, int, int]:
        """The shape (B, H, Lq, Lk) of the scores."""
        return (*self.q.shape[:3], self.k.shape[2])

    @property
    def depends_on_alignment(self) -> bool:
        """Whether the two diagonals differ for what this problem hides."""
        return (self.causal or self.window is not None) and self.q.shape[2] != self.k.shape[2]

    def heads(self) -> Iterator[tuple[int, int]]:
        """All (b, h)."""
        return ((b, h) for b in range(self.q.shape[0]) for h in range(self.q.shape[1]))

    def head(self, b: int, h: int, rows: Any = None) -> "Head":
        """One head of q with the keys and values that it reads, for some rows of q (all if None)."""
        _, H, Lq, _ = self.scores
        group = h * self.k.shape[1] // H
        i = np.arange(Lq) if rows is None else np.asarray(rows, dtype=np.intp)
        return Head(
            self.q[b, h, i],
            self.k[b, group],
            self.v[b, group],
            self.allowed(b, h, i),
            None if self.bias is None else self.bias[b, h, i],
            scale=1 / math.sqrt(self.q.shape[3]) if self.scale is None else self.scale,
            root=self.scale is None,
            softcap=self.softcap,
            bias_first=self.softcap_order == "bias,softcap",
            seen=None if rows is None else self._seen(b, h),
        )

    def allowed(self, b: int, h: int, i: NDArray[np.intp]) -> NDArray[np.bool_]:
        """(rows, Lk): which keys the rows i of q may see."""
        Lq, Lk = self.scores[2:]
        allowed = np.ones((len(i), Lk), dtype=np.bool_)
        if self.mask is not None:
            allowed &= self.mask[b, h, i]
        place = np.arange(Lk)[None, :] - i[:, None] - (Lk - Lq if self.alignment == "bottom_right" else 0)
        if self.causal:
            allowed &= place <= 0
        if self.window is not None:
            left, right = self.window
            allowed &= ((left < 0) | (place >= -left)) & ((right < 0) | (place <= right))
        if self.bias is not None:
            allowed &= ~np.isneginf(self.bias[b, h, i])
        return allowed

    def _seen(self, b: int, h: int) -> NDArray[np.bool_]:
        """(Lk,): the keys that some row of the head may see, looked up from the last row until there are no more."""
        Lq, Lk = self.scores[2:]
        seen = np.zeros(Lk, dtype=np.bool_)
        step = max(1, (1 << 22) // max(1, Lk))
        for high in range(Lq, 0, -step):
            seen |= self.allowed(b, h, np.arange(max(0, high - step), high)).any(axis=0)
            if seen.all():
                break
        return seen


@dataclass(frozen=True, eq=False)
class Head:
    """What some rows of one head see: the unit that is enclosed, bounded and judged.

    Keys that no row of the whole head sees are dropped (nothing in them, NaN included, may have an influence); values
    that are not finite and seen are replaced by 0; `nonfinite` says what comes out where they enter.

    Args:
        q: (R, D).
        k: (L, D).
        v: (L, Dv).
        allowed: (R, L): which keys each row may see.
        bias: (R, L), or None.
        scale: the scale, rounded to float64 if `root`.
        root: the exact scale is 1/√D.
        softcap: c, or None.
        bias_first: the bias is added before the cap.
        seen: (Lk,): the keys that some row of the whole head may see; None: that some row of `allowed` may.
    """

    q: Reals
    k: Reals
    v: Reals
    allowed: NDArray[np.bool_]
    bias: Reals | None = None
    scale: float = 1.0
    root: bool = False
    softcap: float | None = None
    bias_first: bool = False
    seen: Any = None
    length: int = field(init=False)
    """Lk, hidden keys included."""
    finite: NDArray[np.bool_] = field(init=False)
    """(R,): rows whose own q, bias and allowed keys are finite."""
    clean: bool = field(init=False)
    """Whether all inputs are finite: of all these rows, and of all keys that some row of the head may see."""

    def __post_init__(self) -> None:
        put = object.__setattr__
        seen = self.allowed.any(axis=0) if self.seen is None else self.seen
        put(self, "length", len(self.k))
        put(self, "seen", seen)
        put(self, "allowed", self.allowed[:, seen])
        finite, clean = np.isfinite(self.q).all(axis=1), True
        for name in ("k", "v"):
            values = getattr(self, name)[seen]
            wild = ~np.isfinite(values).all(axis=1)
            if wild.any():
                clean = False
                finite = finite & ~((self.allowed & wild).any(axis=1) & (name == "k"))
            put(self, name, np.where(np.isfinite(values), values, 0.0))
        put(self, "q", np.where(np.isfinite(self.q), self.q, 0.0))
        if self.bias is not None:
            bias = np.where(self.allowed, self.bias[:, seen], 0.0)
            finite = finite & np.isfinite(bias).all(axis=1)
            put(self, "bias", np.where(np.isfinite(bias), bias, 0.0))
        put(self, "finite", finite)
        put(self, "clean", clean and bool(finite.all()))

    def select(self, rows: Any) -> "Head":
        """The same head for some of its rows; keys that only others see stay."""
        part, put = copy(self), object.__setattr__
        for name in ("q", "allowed", "finite", "bias"):
            put(part, name, None if getattr(self, name) is None else getattr(self, name)[rows])
        for name in ("magnitude", "offset"):  # what was computed for all rows
            part.__dict__.pop(name, None)
        return part

    @property
    def n(self) -> NDArray[np.int64]:
        """(R,): how many keys each row may see."""
        return self.allowed.sum(axis=1)

    @cached_property
    def magnitude(self) -> Reals:
        """(R, L): Σ_d |q_id k_jd|."""
        with np.errstate(over="ignore", invalid="ignore"):
            return np.abs(self.q) @ np.abs(self.k).T

    @cached_property
    def offset(self) -> Reals | float:
        """The bias where it is given, 0 elsewhere."""
        return 0.0 if self.bias is None else self.bias


class Enclosure(NamedTuple):
    """What is known of a head: every exact value is within the second number of the first.

    t, t_error (R, L): scores. log_p, log_p_error (R, L): log p, −∞ for hidden keys. o, o_error (R, Dv): the output.
    lse, lse_error (R,): log Σ e^t.
    """

    t: Reals
    t_error: Reals
    log_p: Reals
    log_p_error: Reals
    o: Reals
    o_error: Reals
    lse: Reals
    lse_error: Reals


def _array(name: str, values: Any, dtype: str) -> Reals:
    array = _of(dtype, name, values)
    if array.ndim != 4:
        raise InputError(f"{name} has shape {array.shape}; four axes (batch, head, token, coordinate) are required")
    return array


def _of(dtype: str, name: str, values: Any) -> Reals:
    array = np.asarray(values, dtype=np.float64)
    if not np.array_equal(rounded(array, dtype), array, equal_nan=True):
        raise InputError(f"{name} holds values that are no {dtype} numbers; round them with `rounded` first")
    return array


def _wide(name: str, values: NDArray[Any], dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """`values` broadcast to `shape`."""
    if dtype == np.bool_ and values.dtype != np.bool_:
        raise InputError(f"{name} has dtype {values.dtype}; booleans are required, True = may attend")
    try:
        return np.broadcast_to(values.astype(dtype), shape)
    except ValueError:
        raise InputError(f"{name} has shape {values.shape}; it must broadcast to {shape}") from None
