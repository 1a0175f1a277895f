"""From trials to verdicts: series over seeds, parts that compare them, claims that stand or fall.

Neighbours: `statistics` has intervals, `claims` states what is compared, `trials` makes the results.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .statistics import Comparison, Verdict, joint_verdict


@dataclass(frozen=True, slots=True)
class Part:
    """One instance of a claim, for example at one dimension.

    Args:
        label: which.
        quantity: what is measured, in words.
        comparisons: at least one.
    """

    label: str
    quantity: str
    comparisons: tuple[Comparison, ...]

    @property
    def verdict(self) -> Verdict:
        """What its comparisons say together (`statistics.joint_verdict`)."""
        return joint_verdict(self.comparisons)


class Evidence:
    """The results of the trials, to be asked for series over seeds.

    Args:
        results: as `trials.run_trial` returns them.
    """

    def __init__(self, results: Iterable[Mapping[str, Any]]) -> None:
        self._results = sorted(results, key=lambda result: result["trial"]["seed"])
        self.dimensions = sorted({self._recipe(r)["dimension"] for r in self._results if self._is(r, "hard")})

    @staticmethod
    def _recipe(result: Mapping[str, Any]) -> Mapping[str, Any]:
        return result["trial"]["recipe"]

    @staticmethod
    def _is(result: Mapping[str, Any], kind: str) -> bool:
        return result["trial"]["kind"] == kind

    def by_seed(self, kind: str, *path: str, **recipe: Any) -> dict[int, Any]:
        """{seed: value} of the trials of one kind.

        Args:
            kind: the kind of trial.
            path: keys that lead to the value in a result.
            recipe: settings that the trial's recipe must have.

        Raises:
            ValueError: two trials of one seed fit, so that the value of that seed is not determined.
        """
        found: dict[int, Any] = {}
        for result in self._results:
            settings = self._recipe(result)
            if self._is(result, kind) and all(settings[name] == value for name, value in recipe.items()):
                value: Any = result
                for key in path:
                    value = value[key]
                seed = result["trial"]["seed"]
                if seed in found:
                    raise ValueError(f"several {kind} trials of seed {seed} have {recipe}; name more settings")
                found[seed] = value
        return found

    def settings(self, kind: str, name: str) -> list[Any]:
        """The values that a setting takes in the trials of one kind, ascending."""
        return sorted({self._recipe(result)[name] for result in self._results if self._is(result, kind)})


def paired(*series: Mapping[int, Any]) -> list[list[Any]]:
    """The values of several series on the seeds that all of them have, in the order of the seeds."""
    seeds = sorted(set.intersection(*(set(s) for s in series)))
    return [[s[seed] for seed in seeds] for s in series]


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
    parts: Callable[[Evidence], list[Part]]


@dataclass(frozen=True, slots=True)
class Judged:
    """A claim with its parts and verdict.

    Args:
        claim: the claim.
        parts: its instances; none where nothing was measured.
    """

    claim: SentimentClaim
    parts: tuple[Part, ...]

    @property
    def verdict(self) -> Verdict:
        """supported or refuted if every part is, else not_supported; so too where nothing was measured."""
        verdicts = {part.verdict for part in self.parts}
        return self.parts[0].verdict if len(verdicts) == 1 else "not_supported"


def judge(claims: Sequence[SentimentClaim], evidence: Evidence) -> list[Judged]:
    """Every claim with the parts that the evidence allows."""
    return [Judged(claim, tuple(claim.parts(evidence))) for claim in claims]


def against(
    name: str, effect: Mapping[int, float], alternative: Mapping[int, float] | float, **options: Any
) -> list[Comparison]:
    """The comparison on the seeds that both have; none if there is no such seed."""
    if isinstance(alternative, Mapping):
        ours, theirs = paired(effect, alternative)
        return [Comparison.of(name, ours, theirs, **options)] if ours else []
    return [Comparison.of(name, list(effect.values()), alternative, **options)] if effect else []


def part_of(label: str, quantity: str, *comparisons: list[Comparison]) -> list[Part]:
    """The part with these comparisons; none if there is nothing to compare."""
    flat = tuple(comparison for group in comparisons for comparison in group)
    return [Part(label, quantity, flat)] if flat else []


__all__ = ["Evidence", "Judged", "Part", "SentimentClaim", "against", "judge", "paired", "part_of"]
