"""A case: one configuration with everything that claims ask of it, computed once and only when asked for.

Neighbours: `by_kind` decides the itinerary, `claims` examine cases. A test hands in a configuration whose model has
wrong layers, and sees which claim notices.
"""

from collections.abc import Callable
from functools import cached_property
from itertools import islice
from math import lcm
from typing import Any, Protocol, TypeVar

from ...kernels.errors import InputError
from ...kernels.exact.configuration import Configuration
from ...kernels.exact.dynamics import Layer, Sets
from ..provers.by_kind import decide
from ..provers.freeze.budget import Budget, Work
from ..provers.freeze.outcome import Enclosed, Outcome, Undecided

T = TypeVar("T")
Found = TypeVar("Found", covariant=True)

_UNDER_WAY = object()
FIRST_LAYERS = 6
"""Layers that claims about single steps look at when nothing says how many there are."""


class Examining(Protocol[Found]):
    """What has an exact check of a case: a claim."""

    @property
    def examine(self) -> "Callable[[Case], Found]":
        """The check."""
        ...


class Case:
    """One configuration under examination.

    Args:
        configuration: the input.
        budget: for the freeze proof and what is concluded from it.
    """

    def __init__(self, configuration: Configuration, budget: Budget | None = None) -> None:
        self.configuration = configuration
        self.work = Work(budget or Budget())
        self._once: dict[Callable[[Case], Any], Any] = {}

    def __repr__(self) -> str:
        return f"Case({self.configuration!r})"

    def once(self, make: "Callable[[Case], T]") -> T:
        """make(case), computed the first time that this function is handed in: several claims rest on it."""
        if make not in self._once:
            self._once[make] = _UNDER_WAY
            try:
                self._once[make] = make(self)
            except BaseException:
                del self._once[make]
                raise
        if self._once[make] is _UNDER_WAY:
            raise InputError("it asks for its own finding, directly or by what is proved of the model; leave that out")
        return self._once[make]

    def finding(self, claim: Examining[T]) -> T:
        """What the check of a claim finds here, whether or not its hypotheses hold; it is examined once."""
        return self.once(claim.examine)

    @cached_property
    def outcome(self) -> Outcome:
        """The itinerary for all layers, or `Undecided`."""
        return decide(self.configuration, self.work.budget, self.work)

    @cached_property
    def form(self) -> list[list[int]]:
        """The matrix of the scores times a positive integer: A, or −A where tokens follow the smallest score."""
        c = self.configuration
        D = lcm(*(v.denominator for row in c.A for v in row)) * (1 if c.follow == "largest" else -1)
        return [[int(v * D) for v in row] for row in c.A]

    @cached_property
    def layers(self) -> list[tuple[Layer, Sets]]:
        """The first layers with their follow sets: up to the freeze layer and two more, at least `FIRST_LAYERS`."""
        outcome = self.outcome
        wanted = (
            FIRST_LAYERS
            if isinstance(outcome, Undecided | Enclosed)
            else min(outcome.phases[-1].first + 2, 4 * FIRST_LAYERS)
        )
        return list(islice(self.configuration.dynamics().layers(), max(wanted, FIRST_LAYERS)))
