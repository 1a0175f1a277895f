"""The search for the smallest failing trial: greedy, every simplification that still fails is kept.

Neighbours: `shrink` has the simplifications of trials of layers, `attention` those of attention kernels.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Tried = TypeVar("Tried")
Flaw = TypeVar("Flaw")


@dataclass(frozen=True, slots=True)
class Rules(Generic[Tried, Flaw]):
    """What a search needs to know about its trials.

    Args:
        stages: (trial, its fault) → simplifications of one kind, the boldest first.
        admits: whether a candidate may be tried at all.
        fails: the fault of a candidate that fails in the same way as the first trial; None for any other.
        cost: what it costs to try one.
    """

    stages: Sequence[Callable[[Tried, Flaw], Iterator[Tried]]]
    admits: Callable[[Tried], bool]
    fails: Callable[[Tried], Flaw | None]
    cost: Callable[[Tried], float]


def smallest(trial: Tried, fault: Flaw, rules: Rules[Tried, Flaw], *, budget: int, cost: float) -> tuple[Tried, Flaw]:
    """The smallest failing trial that greedy search finds, and its fault.

    Args:
        trial: a failing trial.
        fault: its fault.
        rules: how it may be simplified.
        budget: how many trials may be run.
        cost: what they may cost together.
    """
    search = _Search(trial, fault, rules, budget, cost)
    while True:
        before = search.trial
        for stage in rules.stages:
            search.exhaust(stage)
        if search.trial is before or search.spent:
            return search.trial, search.fault


class _Search(Generic[Tried, Flaw]):
    """The smallest failing trial so far."""

    def __init__(self, trial: Tried, fault: Flaw, rules: Rules[Tried, Flaw], budget: int, cost: float) -> None:
        self.trial, self.fault, self.rules, self.budget, self.cost = trial, fault, rules, budget, cost

    def attempt(self, candidate: Tried) -> bool:
        """Whether `candidate` fails in the same way; it is then the smallest so far."""
        if candidate == self.trial:
            return False
        self.cost -= self.rules.cost(candidate)
        self.budget -= 1
        fault = self.rules.fails(candidate) if self.rules.admits(candidate) else None
        if fault is None:
            return False
        self.trial, self.fault = candidate, fault
        return True

    def exhaust(self, stage: Callable[[Tried, Flaw], Iterator[Tried]]) -> None:
        """Try all simplifications of one stage, on the smallest trial so far, until none helps.

        After a success the stage goes on where it is, on the new trial: `place` counts the candidates that failed.
        """
        place = 0
        while True:
            for skipped, candidate in enumerate(stage(self.trial, self.fault)):
                if skipped < place:
                    continue
                if self.spent:
                    return
                if self.attempt(candidate):
                    break
                place = skipped + 1
            else:
                return

    @property
    def spent(self) -> bool:
        """Whether the budget is used up."""
        return self.budget <= 0 or self.cost <= 0


def pieces(size: int) -> Iterator[tuple[int, int]]:
    """What to leave out of `size` things: halves, quarters, …, single ones."""
    length = size // 2
    while length >= 1:
        for start in range(0, size, length):
            yield start, min(start + length, size)
        length //= 2
