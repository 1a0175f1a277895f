"""How a kernel computes, as far as bounds on its error depend on it. BOUND.md has the notation."""

from dataclasses import dataclass

import numpy as np

from .problem import FORMATS, Format


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """How a kernel computes, as far as the bound depends on it; a kernel's declarations say it (`protocol`).

    Args:
        dtype: the format of q, k, v and the output.
        accumulation: the format of scores, weights and sums.
        s: roundings of a score to the dtype: 0, or up to 4.
        exp_ulps: E, for every exp of the accumulation.
        tanh_ulps: the same for tanh.
        cast: the weights are rounded to the dtype before they meet v.
        cast_sum: the log-sum-exp is that of rounded weights.
        block: the least number of keys between two rescales.
        shift_rounded: the shift is fl(max·c), so the maximal key need not have weight 1.
        lag: how far the running maximum may lag behind, in natural units.
        split_keys: partial results over ranges of keys are merged once, by their log-sum-exps.
        normalised_by_lse: weights of a second pass are exp(score − lse).
        flushes: results below the least normal number of the dtype may be flushed even where it is float16.
    """

    dtype: Format
    accumulation: Format
    s: int = 0
    exp_ulps: float = 2.0
    tanh_ulps: float = 2.0
    cast: bool = True
    cast_sum: bool = False
    block: int = 16
    shift_rounded: bool = False
    lag: float = 0.0
    split_keys: bool = False
    normalised_by_lse: bool = False
    flushes: bool = False

    @classmethod
    def of(cls, dtype: str, accumulates: str | None = None, **declared: object) -> "Arithmetic":
        """For the names of the formats; the accumulation is float32 for half inputs, else the dtype, if None."""
        wide = accumulates or ("float32" if dtype in ("float16", "bfloat16") else dtype)
        return cls(FORMATS[dtype], FORMATS[wide], **declared)  # type: ignore[arg-type]

    @property
    def narrow(self) -> int:
        """1 if the inputs are rounded to a narrower accumulation first, else 0."""
        return int(self.dtype.u < self.accumulation.u)

    @property
    def half_step(self) -> float:
        """How far a rounding to the dtype may be off below its normal range."""
        return self.dtype.tiny if self.flushes else self.dtype.eta / 2

    @property
    def argument(self) -> float:
        """How far the argument of an exp may be off, relatively."""
        return float(np.expm1(3 * self.accumulation.u + min(self.s, 2) * self.dtype.u))

    @property
    def score_normal(self) -> float:
        """The least number that is normal in every format that a score passes."""
        return max(self.accumulation.tiny, self.dtype.tiny if self.s else 0.0)

    def largest(self, in_dtype: object) -> float:
        """The largest number of what is computed in the accumulation and, if `in_dtype`, rounded to the dtype."""
        return min(self.accumulation.largest, self.dtype.largest) if in_dtype else self.accumulation.largest

    @property
    def lost_output(self) -> float:
        """The same for the output: where the format has the exponents of float32, processors may flush it."""
        return self.half_step + (0.0 if self.dtype.name == "float16" else self.dtype.tiny)

    @property
    def lost_score(self) -> float:
        """w₀: how far an operation on scores may be off where it underflows."""
        return self.accumulation.tiny + (self.half_step if self.s else 0.0)

    @property
    def lost_weight(self) -> float:
        """w: the same for a weight."""
        return self.accumulation.tiny + (self.half_step if self.s or self.cast else 0.0)
