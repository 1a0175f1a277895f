"""Freeze proofs: from some layer on nothing changes, and here is why.

Three rules decide k → ∞ in finite time, each valid for any matrix A and for means with multiplicities (DESIGN 1.4):

*Stationary* tokens F: leaders, C_i = {i}; and i with C_i ⊂ F ∪ {tokens at z_i} whose weighted mean is z_i. They never
    move again.
*R1*: C_i = {l}, l a leader. *R2*: C_i ⊂ F, i itself not in F, and with m the mean of C_i the score ⟨m, z_j⟩ is the
    same for all j ∈ C_i and the largest of all. Then C_i is constant for ever: z_i keeps to the segment from z_i to m,
    and a token outside C_i keeps weight 1 − λ > 0 on its place, hence a strictly lower score.
*R3*: all sets constant, by sign tables (`shift_table`), which also *jump* to the first layer at which a set changes.

Where scores are no inner product, layers may repeat up to a linear map instead (`self_similar`).

Neighbours: `proof` holds what is returned, `claims` draw conclusions, `certificate` writes them down.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from time import monotonic
from typing import Any

from ..kernels.configuration import Configuration, Matrix, Vector
from ..kernels.errors import FollowGraphError
from ..kernels.exact import Dynamics, Layer, Sets
from ..kernels.step import ConstantStep
from .budget import Budget
from .follow_graph import follow_order
from .proof import Frozen, Outcome, Phase, Rule, SelfSimilar, Undecided
from .self_similar import Recurrence, Repetition
from .shift_table import ConstantSets

FIRST_TABLE = 4
"""Age of a phase, in layers, at which its first sign table is tried; then at every power of two."""
FIRST_JUMP = 32
"""Age from which on a failed table is followed by a jump as long as the age."""
LONG = 10_000_000
"""Bits of the numbers in one product of matrices from which on a limited time is looked at row by row."""


class _OutOfTimeError(Exception):
    """The budget's seconds have passed, perhaps in the midst of a sign table."""


class _Prover:
    """One run of `decide`: the current layer, what is proved so far, and the phases behind it."""

    def __init__(self, configuration: Configuration, budget: Budget, dynamics: Dynamics) -> None:
        self.started = monotonic()
        self.configuration, self.budget, self.dynamics = configuration, budget, dynamics
        self.layer = self.dynamics.first
        self.known = -1  # the last layer whose follow sets are `sets`
        n = configuration.n
        self.sets: list[tuple[int, ...]] = [()] * n
        self.rules: list[Rule | None] = [None] * n
        self.stationary: set[int] = set()
        self.open = list(range(n))
        self.leaders: dict[int, int] = {}
        self.phases: list[Phase] = []
        self.first = 0  # first layer of the current phase
        self.jumps: list[int] = []
        # Tokens can share a position only if they start so, or if the map is not injective (DESIGN 1.3, injective).
        injective = configuration.has_inner_product and configuration.step.rate(0) < 1
        self.may_meet = not (injective and configuration.is_distinct)
        self.representative: Sequence[int] = range(n)
        self.recurrence = None if configuration.has_inner_product else Recurrence(self.dynamics)
        self.tables_apply = isinstance(configuration.step, ConstantStep)

    def decide(self) -> Outcome:
        try:
            return self._decide()
        except _OutOfTimeError:
            return self._undecided(f"{self.budget.seconds:g} seconds have passed")

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
            if self._table_is_due() and self._constant_for_ever_or_jump():
                return self._frozen()
            if self.recurrence is not None:
                repetition = self.recurrence.visit(self.layer, tuple(self.sets))
                if repetition is not None:
                    return self._self_similar(repetition)
            self._check_time()
            steps += 1
            if steps > budget.steps:
                return self._undecided(f"{budget.steps} layers were computed one by one")
            if self.layer.index >= budget.layers:
                return self._undecided(f"the budget is {budget.layers} layers")
            if int(self.layer.denominator).bit_length() > budget.bits:
                return self._undecided(f"numbers have more than {budget.bits} bits")
            self.layer = self.dynamics.next_layer(self.layer, tuple(self.sets))

    def _check_time(self) -> None:
        if self.budget.seconds is not None and monotonic() - self.started > self.budget.seconds:
            raise _OutOfTimeError

    def _undecided(self, reason: str) -> Undecided:
        return Undecided(self.configuration, self._all_phases(), f"{reason}, at layer {self.layer.index}")

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
        """The sets of all open tokens at the current layer; with a look at the clock between rows that take long."""
        if self.budget.seconds is not None:
            rows = self.layer.numerators.to_list()
            bits = max(int(v).bit_length() for row in rows for v in row)
            if bits * len(self.open) * len(rows) * len(rows[0]) > LONG:
                return tuple([self._follow_set(i) for i in self.open])
        rows = None if len(self.open) == len(self.sets) else self.open
        return self.dynamics.follow_sets(self.layer, rows)

    def _follow_set(self, i: int) -> tuple[int, ...]:
        self._check_time()
        return self.dynamics.follow_sets(self.layer, [i])[0]

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

    # -- rules F, R1, R2 ------------------------------------------------------------------------------------------

    def _capture(self) -> None:
        """Apply the rules F, R1 and R2 to the open tokens at the current layer."""
        if self.may_meet:
            places: dict[tuple[Any, ...], int] = {}
            rows = self.layer.numerators.to_list()
            self.representative = [places.setdefault(tuple(row), i) for i, row in enumerate(rows)]
        sets, rules, stationary = self.sets, self.rules, self.stationary
        r = self.representative
        candidates = []
        for i in self.open:
            if sets[i] == (i,):
                rules[i] = "leader"
                stationary.add(i)
            elif len(sets[i]) > 1:
                candidates.append(i)
        grown = bool(candidates)
        while grown:
            grown = False
            for i in candidates:
                if (
                    rules[i] is None
                    and all(j in stationary or r[j] == r[i] for j in sets[i])
                    and self._is_mean(i)
                ):  # fmt: skip
                    rules[i] = "stationary"
                    stationary.add(i)
                    grown = True
        for i in self.open:
            if rules[i] is None and stationary.issuperset(sets[i]):
                if len(sets[i]) == 1:  # then that one leads: a mean of others never scores above all of them
                    rules[i] = "R1"
                elif self._is_captured_by_tie(i):
                    rules[i] = "R2"
        self.open = [i for i in self.open if rules[i] is None]

    def _is_mean(self, i: int) -> bool:
        """Whether z_i is the weighted mean of its follow set."""
        w, C = self.configuration.multiplicities, self.sets[i]
        N = self.layer.numerators.to_list()
        total = sum([w[j] for j in C])
        return all(total * N[i][c] == sum([w[j] * N[j][c] for j in C]) for c in range(len(N[i])))

    def _is_captured_by_tie(self, i: int) -> bool:
        """The side condition of R2, given that C_i is stationary: then i is not in it, or F would hold i."""
        w, C = self.configuration.multiplicities, self.sets[i]
        columns = zip(*self.dynamics.scores(self.layer, C), strict=True)
        of_mean = [sum([w[j] * s for j, s in zip(C, column, strict=True)]) for column in columns]
        best = max(of_mean)
        return all(of_mean[j] == best for j in C)

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
                self.stationary,
                self.open,
                self.representative,
                self._check_time,
            )
        except FollowGraphError:
            self.tables_apply = False
            return False
        if run.holds_for_ever():
            return True
        age = self.layer.index - self.first
        if age + 1 < FIRST_JUMP:
            return False
        # Look twice as far each time, never far past the sizes and layers that the budget allows. Each layer
        # multiplies the denominator by run.scale, so at that end the budget is used up.
        spare = self.budget.bits - int(self.layer.denominator).bit_length()
        furthest = min(max(spare, 0) // max(run.scale.bit_length() - 1, 1) + 1, self.budget.layers - self.layer.index)
        frozen, points, reach = False, [0], age + 1
        while not frozen and points[-1] < furthest:
            end = min(points[-1] + reach, furthest)
            points.extend(run.constant_until(end, points[-1])[1:])
            if points[-1] < end:
                break
            frozen = run.holds_for_ever(end)
            reach *= 2
        self.layer = run.layer_at(points[-1])
        self.known = self.layer.index
        self.jumps = self.jumps or [age]
        self.jumps.extend(age + p for p in points[1:])
        if self.recurrence is not None:  # a repetition is proved from layers that were all computed
            self.recurrence.forget()
        if frozen:
            self._find_sets()
            self._capture()
        return frozen

    # -- the answer -----------------------------------------------------------------------------------------------

    def _frozen(self) -> Frozen:
        tokens = _Positions(self.layer)
        limits, weights = _limits(self, tokens)
        return Frozen(
            configuration=self.configuration,
            phases=self._all_phases(),
            layer=self.layer.index,
            rules=tuple(rule or "R3" for rule in self.rules),  # the table holds for all that are still open
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


class _Positions(dict[int, Vector]):
    """Positions of single tokens at one layer as Fractions, made when asked for."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self._rows, self._denominator = layer.numerators.to_list(), int(layer.denominator)

    def __missing__(self, i: int) -> Vector:
        self[i] = point = tuple(Fraction(int(v), self._denominator) for v in self._rows[i])
        return point


def _limits(prover: _Prover, tokens: _Positions) -> tuple[Matrix, tuple[Mapping[int, Fraction], ...]]:
    """Every token's limit and its convex weights over tokens that never move, up the follow graph."""
    w, sets, r = prover.configuration.multiplicities, prover.sets, prover.representative
    weights: dict[int, dict[int, Fraction]] = {}
    for i in follow_order(tuple(sets), r):
        others = [j for j in sets[i] if r[j] != i]
        if len(others) < 2:
            weights[i] = weights[r[others[0]]] if others else {i: Fraction(1)}
            continue
        total = sum(w[j] for j in others)
        mixed = weights[i] = {}
        for j in others:
            for base, value in weights[r[j]].items():
                mixed[base] = mixed.get(base, 0) + value * Fraction(w[j], total)
    limits: dict[int, Vector] = {}
    for i, bases in weights.items():
        if len(bases) == 1:
            (base,) = bases
            limits[i] = tokens[base]
        else:
            columns = zip(*([value * x for x in tokens[base]] for base, value in bases.items()), strict=True)
            limits[i] = tuple(sum(column, Fraction(0)) for column in columns)
    return tuple(limits[i] for i in r), tuple(weights[i] for i in r)


def decide(
    configuration: Configuration,
    budget: Budget | None = None,
    make_dynamics: Callable[[Configuration], Dynamics] = Dynamics,
) -> Outcome:
    """The itinerary of a configuration for all layers, or `Undecided`.

    Args:
        configuration: any configuration; hypotheses of the theorem are not required.
        budget: when to give up; the default `Budget()` has no wall-clock limit.
        make_dynamics: the exact kernel; tests hand in a wrong one.

    Returns:
        `Frozen` (constant from a layer on, with all limits), `SelfSimilar` (repeating up to a linear map) or
        `Undecided` with the reason. Never a guess.

    Source: arXiv:2407.01602, main theorem; DESIGN 1.4 for the rules and their proofs.
    """
    return _Prover(configuration, budget or Budget(), make_dynamics(configuration)).decide()


__all__ = ["Budget", "decide"]
