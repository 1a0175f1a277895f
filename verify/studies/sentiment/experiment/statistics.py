"""From one number a seed to a verdict: means with confidence intervals, and comparisons that can refute.

Neighbours: `claims` states what is compared, `trials` makes the numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from ..classifier.data import TRAIN_SHARE, Ints
from ..classifier.hard_attention import Floats

Verdict = Literal["supported", "not_supported", "refuted"]

CONFIDENCE = 0.95
OVERLAP = (1 - TRAIN_SHARE) / TRAIN_SHARE
"""Test reviews for each training review: seeds split the same reviews again, so their numbers are not independent."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over seeds with its uncertainty.

    Args:
        mean: of the values.
        deviation: their standard deviation (n − 1), None for one value.
        low, high: the 95 % confidence interval of the mean, None for one value. Student's t with the variance s²/n
            replaced by s² (1/n + test reviews / training reviews), because the splits of different seeds overlap.
        values: one number a seed.

    Source: C. Nadeau, Y. Bengio, "Inference for the generalization error", Machine Learning 52, 2003 (the corrected
    resampled t-test).
    """

    mean: float
    deviation: float | None
    low: float | None
    high: float | None
    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Sequence[float]) -> "Estimate":
        """The estimate from one number a seed (at least one)."""
        array = np.asarray(values, np.float64)
        mean, n = float(array.mean()), len(array)
        if n == 1:
            return cls(mean, None, None, None, (mean,))
        deviation = float(array.std(ddof=1))
        half = float(t.ppf((1 + CONFIDENCE) / 2, n - 1)) * deviation * (1 / n + OVERLAP) ** 0.5
        return cls(mean, deviation, mean - half, mean + half, tuple(array.tolist()))


@dataclass(frozen=True, slots=True)
class Comparison:
    """A quantity against what else could explain it, seed by seed.

    Args:
        name: the alternative, in words.
        effect: the quantity.
        alternative: the same quantity for the alternative.
        difference: the advantage of the effect, positive in favour of the claim, less `margin`.
        margin: by how much the effect must be better; negative: by how much it may be worse.
        control: False if the claim itself says how this comes out; True if the alternative is another explanation
            of what the claim says, so that failing takes the support away but does not refute the claim.
    """

    name: str
    effect: Estimate
    alternative: Estimate
    difference: Estimate
    margin: float
    control: bool

    @classmethod
    def of(
        cls,
        name: str,
        effect: Sequence[float],
        alternative: Sequence[float] | float,
        *,
        smaller: bool = False,
        margin: float = 0.0,
        control: bool = False,
    ) -> "Comparison":
        """The comparison of numbers measured on the same seeds, or with one fixed number.

        Args:
            name: the alternative, in words.
            effect: one number a seed.
            alternative: one number a seed, in the same order, or one number.
            smaller: the claim says that the effect is the smaller of the two.
            margin, control: see above.
        """
        ours = np.asarray(effect, np.float64)
        theirs = np.broadcast_to(np.asarray(alternative, np.float64), ours.shape)
        advantage = (theirs - ours if smaller else ours - theirs) - margin
        effect_, alternative_, difference = (Estimate.of(values.tolist()) for values in (ours, theirs, advantage))
        return cls(name, effect_, alternative_, difference, margin, control)

    @property
    def verdict(self) -> Verdict:
        """supported or refuted if the interval of the difference lies on that side of 0, else not_supported."""
        low, high = self.difference.low, self.difference.high
        if low is not None and low > 0:
            return "supported"
        if high is not None and high < 0:
            return "refuted"
        return "not_supported"


def joint_verdict(comparisons: Sequence[Comparison]) -> Verdict:
    """The verdict of several comparisons on what they test together.

    Refuted if one that is no control is; supported if all are, the controls included; not_supported otherwise.

    Args:
        comparisons: at least one.
    """
    if any(one.verdict == "refuted" and not one.control for one in comparisons):
        return "refuted"
    return "supported" if all(one.verdict == "supported" for one in comparisons) else "not_supported"


def superiority(values: Floats, chosen: NDArray[np.bool_], groups: Ints, count: int) -> Floats:
    """For each group P(x > y) + ½ P(x = y), x drawn from its chosen values and y from its others.

    ½ means that neither tends to be larger.

    Args:
        values: (n,) numbers.
        chosen: (n,) which of them x is drawn from.
        groups: (n,) the group of each, 0 … count − 1.
        count: how many groups there are.

    Returns:
        (count,) the probabilities, NaN where a group has no chosen value or no other.

    Source: Mann and Whitney's statistic, divided by the number of pairs.
    """
    order = np.lexsort((values, groups))
    ordered, group = values[order], groups[order]
    begins = np.flatnonzero(np.r_[True, (np.diff(ordered) != 0) | (np.diff(group) != 0)])
    sizes = np.diff(np.r_[begins, len(values)])
    first = np.searchsorted(group, np.arange(count))
    ranks = np.repeat(begins + (sizes + 1) / 2, sizes) - first[group]  # equal values share their mean rank, from 1
    m = np.bincount(groups, chosen, count)
    others = np.bincount(groups, ~chosen, count)
    total = np.bincount(group, ranks * chosen[order], count)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (total - m * (m + 1) / 2) / (m * others)


__all__ = ["CONFIDENCE", "Comparison", "Estimate", "Verdict", "joint_verdict", "superiority"]
