"""From trainings to verdicts: series over seeds, comparisons that can refute, claims that stand or fall.

Neighbours: `claims` states what is compared, `trials` makes the results; `reports.records.sentiment_record` has the
records of what comes out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.stats import t

from .....reports.records.sentiment_record import (
    ComparisonRecord,
    EstimateRecord,
    PartRecord,
    SentimentClaimRecord,
    Support,
)
from ..classifier.data import TRAIN_SHARE

CONFIDENCE = 0.95
OVERLAP = (1 - TRAIN_SHARE) / TRAIN_SHARE
"""Test reviews for each training review: seeds split the same reviews again, so their numbers are not independent."""


def estimate(values: Iterable[float]) -> EstimateRecord:
    """The mean of one number a seed (at least one), with its uncertainty.

    The 95 % confidence interval is Student's t with the variance s²/n replaced by
    s² (1/n + test reviews / training reviews), because the splits of different seeds overlap.

    Source: C. Nadeau, Y. Bengio, "Inference for the generalization error", Machine Learning 52, 2003 (the corrected
    resampled t-test).
    """
    array = np.array(list(values), np.float64)
    mean, n = float(array.mean()), len(array)
    if n == 1:
        return EstimateRecord(mean, None, None, None, (mean,))
    deviation = float(array.std(ddof=1))
    half = float(t.ppf((1 + CONFIDENCE) / 2, n - 1)) * deviation * (1 / n + OVERLAP) ** 0.5
    return EstimateRecord(mean, deviation, mean - half, mean + half, tuple(array.tolist()))


def compare(
    name: str,
    effect: Sequence[float],
    alternative: Sequence[float],
    *,
    smaller: bool = False,
    margin: float = 0.0,
    control: bool = False,
) -> ComparisonRecord:
    """The comparison of numbers measured on the same seeds.

    Args:
        name: the alternative, in words.
        effect: one number a seed.
        alternative: one number a seed, in the same order.
        smaller: the claim says that the effect is the smaller of the two.
        margin: by how much the effect must be better.
        control: False if the claim itself says how this comes out; True if the alternative is another explanation
            of what the claim says, so that failing takes the support away but does not refute the claim.
    """
    ours, theirs = np.asarray(effect, np.float64), np.asarray(alternative, np.float64)
    advantage = estimate((theirs - ours if smaller else ours - theirs) - margin)
    verdict: Support = "not_supported"
    if advantage.low is not None and advantage.low > 0:
        verdict = "supported"
    if advantage.high is not None and advantage.high < 0:
        verdict = "refuted"
    return ComparisonRecord(verdict, name, estimate(ours), estimate(theirs), advantage, margin, control)


def joint_verdict(comparisons: Sequence[ComparisonRecord]) -> Support:
    """The verdict of several comparisons on what they test together.

    Refuted if one that is no control is; supported if all are, the controls included; not_supported otherwise.

    Args:
        comparisons: at least one.
    """
    if any(one.verdict == "refuted" and not one.control for one in comparisons):
        return "refuted"
    return "supported" if all(one.verdict == "supported" for one in comparisons) else "not_supported"


class Evidence:
    """The results of the trainings, to be asked for series over seeds.

    Args:
        results: as `trials.run_trial` returns them.
    """

    def __init__(self, results: Iterable[Mapping[str, Any]]) -> None:
        self._results = sorted(results, key=lambda result: result["trial"]["seed"])
        self.dimensions = self.settings("hard", "dimension")

    def by_seed(self, kind: str, path: str, **recipe: Any) -> dict[int, Any]:
        """{seed: value} of the trainings of one kind, without those that have no such value.

        Args:
            kind: the kind of training.
            path: the keys that lead to the value in a result, separated by spaces.
            recipe: settings that the recipe must have.

        Raises:
            ValueError: two trainings of one seed fit, so that the value of that seed is not determined.
        """
        found: dict[int, Any] = {}
        for result in self._results:
            trial = result["trial"]
            if trial["kind"] == kind and all(trial["recipe"][name] == value for name, value in recipe.items()):
                if trial["seed"] in found:
                    raise ValueError(f"several {kind} trainings of seed {trial['seed']} have {recipe}")
                value: Any = result
                for key in path.split():
                    value = None if value is None else value[-1] if key == "last" else value.get(key)
                found[trial["seed"]] = value
        return {seed: value for seed, value in found.items() if value is not None}

    def settings(self, kind: str, name: str) -> list[Any]:
        """The values that a setting takes in the trainings of one kind, ascending."""
        trials = (result["trial"] for result in self._results)
        return sorted({trial["recipe"][name] for trial in trials if trial["kind"] == kind})


@dataclass(frozen=True, slots=True)
class SentimentClaim:
    """One claim.

    Args:
        id: sentiment.name.
        origin: "paper" if the paper says so, "question" if it is asked of the paper's model.
        statement: what is claimed, in one sentence.
        why: how the comparisons could refute it.
        parts: the instances that the evidence allows.
    """

    id: str
    origin: Literal["paper", "question"]
    statement: str
    why: str
    parts: Callable[[Evidence], list[PartRecord]]


def judge(claim: SentimentClaim, evidence: Evidence) -> SentimentClaimRecord:
    """The claim with the parts that the evidence allows."""
    parts = tuple(claim.parts(evidence))
    verdict = parts[0].verdict if len({part.verdict for part in parts}) == 1 else "not_supported"
    return SentimentClaimRecord(claim.id, claim.origin, claim.statement, claim.why, verdict, parts)


def against(
    name: str, effect: Mapping[int, float], alternative: Mapping[int, float] | float, **options: Any
) -> list[ComparisonRecord]:
    """The comparison on the seeds that both have, in their order; none if there is no such seed."""
    other = alternative if isinstance(alternative, Mapping) else dict.fromkeys(effect, alternative)
    seeds = sorted(effect.keys() & other.keys())
    ours, theirs = ([series[seed] for seed in seeds] for series in (effect, other))
    return [compare(name, ours, theirs, **options)] if seeds else []


def part_of(label: str, quantity: str, *comparisons: list[ComparisonRecord]) -> list[PartRecord]:
    """The part with these comparisons; none if there is nothing to compare."""
    flat = tuple(comparison for group in comparisons for comparison in group)
    return [PartRecord(label, quantity, joint_verdict(flat), flat)] if flat else []
