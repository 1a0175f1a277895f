"""Where the inputs of a claim come from, as data: `campaigns` draws and examines them.

Neighbours: `search` looks for a smallest counterexample; `registry` says which inputs a claim has.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...kernels.exact.configuration import Configuration
from ..provers.freeze.budget import Budget

if TYPE_CHECKING:  # Hypothesis is slow to load, and no proof needs it
    from hypothesis.strategies import SearchStrategy

    from .case import Case

SMALL = Budget(steps=40, layers=2_000)
"""For one configuration of a search: counterexamples are simple, and an undecided one is no loss."""


@dataclass(frozen=True, slots=True)
class Every:
    """Configurations of a campaign.

    Args:
        many: one in so many is examined; a claim that costs more is examined on fewer.
    """

    many: int = 1


@dataclass(frozen=True, slots=True)
class Listed:
    """Certain configurations, each examined once for all claims that have them.

    Args:
        title: what they are.
        configurations: makes (name, configuration) pairs; an `InputError` says why there are none here.
        summary: whether one line tells of all of them.
    """

    title: str
    configurations: Callable[[], Iterable[tuple[str, Configuration]]]
    summary: bool = False


@dataclass(frozen=True, slots=True)
class Searched:
    """A search for the smallest configuration that meets the claim's hypotheses and refutes it.

    Args:
        title: what is looked for.
        where: keyword arguments of `strategies.configurations` (n, d and others) → where to look.
        stages: further arguments of `where`, one stage after the other, the simplest first.
        least_n: the fewest tokens that can do it.
        least_d: the lowest dimension.
        accepts: what a counterexample must be besides, None if nothing.
    """

    title: str
    where: "Callable[..., SearchStrategy[Configuration]]"
    stages: tuple[Mapping[str, Any], ...]
    least_n: int = 1
    least_d: int = 1
    accepts: "Callable[[Case], bool] | None" = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """Configurations of a strategy of the claim's own.

    Args:
        title: what they are.
        strategy: makes the strategy.
        examples: how many; None for as many as a campaign examines.
        what: what is looked at, in words.
        budget: for each freeze proof.
    """

    title: str
    strategy: "Callable[[], SearchStrategy[Configuration]]"
    examples: int | None = None
    what: str = ""
    budget: Budget = SMALL


@dataclass(frozen=True, slots=True)
class Batch:
    """Configurations drawn together, most of them decided together.

    Args:
        family: from which they are drawn.
        verified: how many are decided, and the claim holds of them.
        left: the others, to be examined one by one.
        latest: the largest layer at which one that is decided freezes; None if that says nothing.
    """

    family: str
    verified: int
    left: tuple[Configuration, ...]
    latest: int | None = None


@dataclass(frozen=True, slots=True)
class Screened:
    """Configurations by the million: batches of which a fast exact screen decides most, for hunts of open statements.

    Args:
        title: what they are.
        draw: (seed, number) → batch; the same one each time. It is sent to other processes by its name.
        many: configurations a batch.
        regimes: what to count of a case that is left: (regime, value) pairs.
        package, extra: what the screen needs, and the extra of `pip install` that brings it.
    """

    title: str
    draw: Callable[[int, int], Batch]
    many: int
    regimes: "Callable[[Case], Iterable[tuple[str, str | int]]] | None" = None
    package: str = "numba"
    extra: str = "compiled"


Inputs = Every | Listed | Searched | Drawn | Screened
