"""Freeze proofs: from some layer on nothing changes, and here is why.

Three rules decide k → ∞ in finite time, each valid for any matrix A and for means with multiplicities
(CERTIFICATE.md §5): R1 and R2 for single tokens (`capture`); R3, all sets constant, by sign tables (`sign_table`),
which also *jump* to the first layer at which a set changes. Where scores are no inner product, layers may repeat up to
a linear map instead (`self_similar`).

Neighbours: `outcome` holds what is returned, `limits` finds where tokens tend, `claims` draw conclusions, `writer`
writes them down.
"""

import sys
from typing import cast

from ....kernels.errors import FollowGraphError, InputError
from ....kernels.exact.configuration import Configuration
from ....kernels.exact.dynamics import Dynamics, Sets
from ....kernels.exact.step import ConstantStep, HarmonicStep
from . import large_layers
from .budget import Budget, OutOfBudgetError, Work, common_factor, product
from .capture import Capture
from .limits import limits_of
from .outcome import Frozen, Outcome, Phase, SelfSimilar, Undecided
from .self_similar import Recurrence, Repetition
from .sign_table import ConstantSets

FIRST_TABLE = 4
"""Age of a phase, in layers, at which its first sign table is tried; then at every power of two."""
FIRST_JUMP = 32
"""Age from which on a failed table is followed by a jump as long as the age."""
LAYER = 30_000
"""Operations of one layer beside those of its numbers."""


class _Prover:
    """One run of `decide`: the current layer, what is proved so far, and the phases behind it."""

    def __init__(self, configuration: Configuration, work: Work, dynamics: Dynamics) -> None:
        self.configuration, self.work, self.dynamics = configuration, work, dynamics
        self.budget = work.budget
        self.layer = self.dynamics.first
        # Tokens stay in their hull, where |v| < 2^(sizes + 1): by how many bits numerators may exceed D.
        sizes = [v.numerator.bit_length() - v.denominator.bit_length() for row in configuration.tokens for v in row]
        self.spread = max(0, *sizes) + 1
        self.known = -1  # the last layer whose follow sets are `sets`
        n = configuration.n
        self.sets: list[tuple[int, ...]] = [()] * n
        self.capture = Capture(configuration, dynamics, work)
        self.open = list(range(n))
        self.leaders: dict[int, int] = {}
        self.phases: list[Phase] = []
        self.first = 0  # first layer of the current phase
        self.jumps: list[int] = []
        self.recurrence = None if configuration.has_inner_product else Recurrence(self.dynamics, self.work)
        self.tables_apply = isinstance(configuration.step, ConstantStep)

    def decide(self) -> Outcome:
        try:
            return self._decide()
        except OutOfBudgetError as error:
            return self._undecided(str(error))

    def _decide(self) -> Outcome:
        budget = self.budget
        steps = 0
        while True:
            changed = self._find_sets()
            if self.configuration.step.rate(self.layer.index) < 1:
                self._capture()
            if not self.open:
                return self._frozen()
            if changed:
                self.tables_apply = isinstance(self.configuration.step, ConstantStep)
            if self._table_is_due():
                if self._constant_for_ever_or_jump():
                    return self._frozen()
                if self.layer.index > self.known:  # a jump has gone on to the layer at which a set changes
                    continue
            if self.recurrence is not None:
                repetition = self.recurrence.visit(self.layer, tuple(self.sets))
                if repetition is not None:
                    return self._self_similar(repetition)
            steps += 1
            if budget.steps is not None and steps > budget.steps:
                raise OutOfBudgetError(f"{budget.steps} layers were computed one by one")
            if budget.layers is not None and self.layer.index >= budget.layers:
                raise OutOfBudgetError(f"the budget is {budget.layers} layers")
            if budget.bits is not None and self._bits() - self.spread > budget.bits:
                raise OutOfBudgetError(f"numbers have more than {budget.bits} bits")
            self.work.do(LAYER + self._step_operations(self._bits()))
            self.layer = self.dynamics.next_layer(self.layer, tuple(self.sets))

    def _capture(self) -> None:
        self.open = self.capture.still_open(self.layer, self.sets, self.open, self._bits())

    def _bits(self) -> int:
        """A bound on the size of all numerators at the current layer."""
        return int(self.layer.denominator).bit_length() + self.spread

    def _step_operations(self, bits: int) -> int:
        """What the next layer costs: sums over the follow sets, and the common factor."""
        d = self.configuration.d
        return d * sum(map(len, self.sets)) * product(bits, 64) + common_factor(bits)

    def _undecided(self, reason: str) -> Undecided:
        return Undecided(self.configuration, self._all_phases(), f"{reason}, at layer {max(self.known, 0)}")

    # -- one layer ------------------------------------------------------------------------------------------------

    def _find_sets(self) -> bool:
        """Compute the sets of all open tokens at the current layer; start a new phase where one changed."""
        found = list(zip(self.open, self._follow_sets(), strict=True))
        changed = any(self.sets[i] != C for i, C in found)
        if changed:
            if self.layer.index > self.first:
                self.phases.append(self._current_phase(self.layer.index - self.first))
            self.first, self.jumps = self.layer.index, []
            for i, C in found:
                self.sets[i] = C
        elif self.jumps:
            self._extend_jumps()
        for i, C in found:
            if C == (i,):
                self.leaders.setdefault(i, self.layer.index)
        self.known = self.layer.index
        return changed

    def _follow_sets(self) -> Sets:
        """The sets of all open tokens at the current layer."""
        return large_layers.follow_sets(self.dynamics, self.layer, self.open, self._bits(), self.work)

    def _extend_jumps(self) -> None:
        offset = self.layer.index - self.first
        if self.jumps[-1] < offset:
            self.jumps.append(offset)

    def _current_phase(self, layers: int) -> Phase:
        jumps = tuple(o for o in self.jumps if o < layers) if len(self.jumps) > 1 else ()
        return Phase(self.first, layers, tuple(self.sets), jumps)

    def _all_phases(self) -> tuple[Phase, ...]:
        if self.known < 0:
            return ()
        return (*self.phases, self._current_phase(self.known - self.first + 1))

    # -- rule R3 and jumps ----------------------------------------------------------------------------------------

    def _table_is_due(self) -> bool:
        age = self.layer.index - self.first + 1
        return self.tables_apply and age >= FIRST_TABLE and (age & (age - 1) == 0 or bool(self.jumps))

    def _constant_for_ever_or_jump(self) -> bool:
        """Prove the current sets constant for ever (True), or go on to where they change (False)."""
        try:
            run = ConstantSets(
                self.dynamics,
                self.layer,
                tuple(self.sets),
                self.capture.stationary,
                self.open,
                self.capture.representative,
                self.work,
            )
        except FollowGraphError:
            self.tables_apply = False
            return False
        if run.holds_for_ever():
            return True
        age = self.layer.index - self.first
        if age + 1 < FIRST_JUMP:
            return False
        furthest, reason = self._furthest(run)  # look twice as far each time, never beyond what the budget allows
        frozen, points, reach = False, [0], age + 1
        while not frozen and points[-1] < furthest:
            end = min(points[-1] + reach, furthest)
            points.extend(run.constant_until(end, points[-1])[1:])
            if points[-1] < end:
                break
            frozen = run.holds_for_ever(end)
            reach *= 2
        self.known = self.layer.index + points[-1]
        self.jumps = self.jumps or [age]
        self.jumps.extend(age + p for p in points[1:])
        if points[-1] >= furthest and not frozen:
            raise OutOfBudgetError(reason)
        self.layer = run.layer_at(points[-1] + (not frozen))
        if self.recurrence is not None:  # a repetition is proved from layers that were all computed
            self.recurrence.forget()
        if frozen:
            self._find_sets()
            self._capture()
        return frozen

    def _furthest(self, run: ConstantSets) -> tuple[int, str]:
        """How far a jump from the current layer may go, and what ends it there."""
        budget = self.budget
        ends: list[tuple[int, str]] = []
        if budget.layers is not None:
            ends.append((budget.layers - self.layer.index, f"the budget is {budget.layers} layers"))
        if budget.bits is not None:  # each layer multiplies the denominator by run.scale
            spare = max(0, budget.bits - int(self.layer.denominator).bit_length())
            further = spare // max(run.scale.bit_length() - 1, 1) + 1
            ends.append((further, f"numbers have more than {budget.bits} bits"))
        if budget.operations is not None:
            low, high = 0, 1
            while self.work.allows(run.operations(high)):
                low, high = high, 2 * high
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if self.work.allows(run.operations(middle)) else (low, middle)
            ends.append((low, self.work.exhausted))
        return min(ends, default=(sys.maxsize, ""))

    # -- the answer -----------------------------------------------------------------------------------------------

    def _frozen(self) -> Frozen:
        limits, weights = limits_of(self.layer, self.sets, self.capture.representative, self.configuration, self.work)
        return Frozen(
            configuration=self.configuration,
            phases=self._all_phases(),
            layer=self.layer.index,
            rules=tuple(rule or "R3" for rule in self.capture.rules),  # the table holds for all that are still open
            state=self.layer,
            limits=limits,
            weights=weights,
            leaders=self.leaders,
        )

    def _self_similar(self, repetition: Repetition) -> SelfSimilar:
        if self.layer.index > self.first:  # the repeated layer itself is left out
            self.phases.append(self._current_phase(self.layer.index - self.first))
        return SelfSimilar(
            configuration=self.configuration,
            phases=tuple(self.phases),
            layer=repetition.start.index,
            period=self.layer.index - repetition.start.index,
            permutation=tuple(range(self.configuration.n)),
            Q=repetition.Q,
            scale=repetition.scale,
            contraction=repetition.contraction,
            tokens=repetition.start.tokens(),
            leaders=self.leaders,
        )


def decide(configuration: Configuration, budget: Budget | None = None, work: Work | None = None) -> Outcome:
    """The itinerary of a hardmax configuration for all layers, or `Undecided`.

    Args:
        configuration: any configuration of hardmax; hypotheses of the theorem are not required.
        budget: when to give up; the default `Budget()` counts operations, about ten seconds of them.
        work: where operations are counted, in place of a budget.

    Returns:
        `Frozen` (constant from a layer on, with all limits), `SelfSimilar` (repeating up to a linear map) or
        `Undecided` with the reason. Never a guess.

    Raises:
        InputError: the model is of another kind: the rules are proved for hardmax alone.

    Source: arXiv:2407.01602, main theorem; CERTIFICATE.md §4 and 5 for the rules and their proofs.
    """
    kind = configuration.model.kind
    if kind != "hardmax":
        raise InputError(f"freeze proofs are about hardmax; give models of kind {kind!r} a prover of their own")
    if not isinstance(configuration.step, ConstantStep | HarmonicStep):
        return Undecided(configuration, (), "the limits of steps that are neither constant nor harmonic have no rule")
    return follow_itinerary(configuration, work or Work(budget or Budget()), cast(Dynamics, configuration.dynamics()))


def follow_itinerary(configuration: Configuration, work: Work, dynamics: Dynamics) -> Outcome:
    """What `decide` says, for layers that are those of hardmax with some form: the rules hold for any.

    Args:
        configuration: with a step that is constant or harmonic.
        work: where operations are counted.
        dynamics: its layers.
    """
    return _Prover(configuration, work, dynamics).decide()
