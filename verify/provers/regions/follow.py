"""The dynamics over a cell of α or at an algebraic α: the itinerary, and why it is frozen (MANY_INPUTS.md §1).

Tokens are multiplied by (1+α)^k and by whole numbers, which changes no follow set: with L the common multiple of the
weights W_i, Z_i ← L Z_i + α (L/W_i) Σ_{j ∈ C_i} w_j Z_j, polynomials in α.

Neighbours: `cells` are the numbers; `steps` covers all α; `freeze` is the prover for one rational α.
"""

import time
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from math import lcm
from typing import Any, Literal

from ....kernels.exact.configuration import Configuration
from ....kernels.exact.dynamics import Sets, over_one_denominator
from ...certificates.all_steps import FrozenPiece
from ..freeze.follow_graph import follow_order
from ..freeze.outcome import Rule
from .cells import AlgebraicPoint, Cell

FIRST_TABLE = 4
"""Age of a phase, in layers, at which its first sign table is tried; then at every power of two."""
OPERATIONS = 3e7
"""Coefficients multiplied before a run gives up: some ten seconds."""
PATIENCE = 32
"""Layers after which a rule that holds on a part of the cell makes it that part."""


class Meter:
    """Counts coefficients that are multiplied, and looks at a clock if there is a limit on time."""

    def __init__(self, operations: float, deadline: float | None = None) -> None:
        self.left, self._deadline = operations, deadline

    def spend(self, operations: float) -> bool:
        """Whether so many more are allowed; they are counted."""
        self.left -= operations
        return not self.is_spent

    @property
    def is_spent(self) -> bool:
        """Whether nothing more is allowed."""
        return self.left < 0 or (self._deadline is not None and time.monotonic() > self._deadline)


class Itinerary(FrozenPiece):
    """The follow sets of every layer, the last ones for ever, and why."""

    @property
    def freeze_layer(self) -> int:
        """The first layer from which all sets are constant."""
        return self.phases[-1][0]


class Follower:
    """One run over a cell or a point."""

    def __init__(self, configuration: Configuration, place: Cell | AlgebraicPoint, meter: Meter | None = None) -> None:
        self.meter = meter or Meter(OPERATIONS)
        self.place: Any = place
        tokens, _ = over_one_denominator(configuration.tokens)
        self.A, _ = over_one_denominator(configuration.A)
        self.w, self.n, self.d = configuration.multiplicities, configuration.n, configuration.d
        self.Z = [[place.element(v) for v in row] for row in tokens]
        self.sets: list[tuple[int, ...]] = [()] * self.n
        self.rules: list[Rule | None] = [None] * self.n
        self.at_rest: set[int] = set()
        self.layer = 0

    def decide(self, layers: int) -> Itinerary | None:
        """The itinerary for ever, None if so many layers, or the operations left, do not settle it."""
        phases: list[tuple[int, Sets]] = []
        leaders: dict[int, int] = {}
        while self.layer <= layers:
            if not self._visit(phases, leaders):
                return None
            age = self.layer - phases[-1][0] + 1
            due = age >= FIRST_TABLE and age & (age - 1) == 0
            if not self._open() or (due and self._constant_for_ever()):
                return Itinerary(tuple(phases), self.layer, tuple(rule or "R3" for rule in self.rules), leaders)
            self.Z = self._next(self.Z)
            self.layer += 1
        return None

    def start(self, layers: int) -> tuple[tuple[tuple[int, Sets], ...], tuple[Rule | Literal["open"], ...]] | None:
        """The first layers, up to one at which no token without a rule follows several; None if there is none soon."""
        phases: list[tuple[int, Sets]] = []
        while self.layer <= layers and self._visit(phases, {}):
            if all(len(self.sets[i]) == 1 for i in self._open()):
                return tuple(phases), tuple(rule or "open" for rule in self.rules)
            self.Z = self._next(self.Z)
            self.layer += 1
        return None

    def _visit(self, phases: list[tuple[int, Sets]], leaders: dict[int, int]) -> bool:
        """Find the sets of the layer and what captures tokens there; False if there are no operations left for it."""
        before = tuple(self.sets)
        if not self.meter.spend(len(self._open()) * self.n * self.d * self._degree() ** 2):
            return False
        for i in self._open():
            self.sets[i] = self._follow_set(i)
            if self.sets[i] == (i,):
                leaders.setdefault(i, self.layer)
        if before != tuple(self.sets):
            phases.append((self.layer, tuple(self.sets)))
        self._capture()
        return True

    def _degree(self) -> int:
        """About how many coefficients a token's coordinate has."""
        return self.layer + 1

    def _open(self) -> list[int]:
        return [i for i, rule in enumerate(self.rules) if rule is None]

    def _scores(self, x: Sequence[Any], Z: Sequence[Sequence[Any]], of: Sequence[int]) -> dict[int, Any]:
        """xᵀAz_l for each other of some tokens."""
        h = [sum((v * a for v, a in zip(x, column, strict=True)), start=0) for column in zip(*self.A, strict=True)]
        return {
            other: self.place.reduced(sum((a * b for a, b in zip(h, Z[other], strict=True)), start=0 * x[0]))
            for other in of
        }

    def _follow_set(self, i: int) -> tuple[int, ...]:
        """C_i, on the whole cell."""
        scores = self._scores(self.Z[i], self.Z, range(self.n))
        best, C = self.sets[i][0] if self.sets[i] else 0, []
        signs: dict[int, int] = {}
        while True:  # the best one is most often the last layer's
            for other in range(self.n):
                signs[other] = 0 if other == best else self.place.sign(scores[best] - scores[other])
                if signs[other] < 0:
                    best = other
                    break
            else:
                break
        for other in range(self.n):
            if signs[other] == 0:
                C.append(other)
            else:
                self.place.is_constant(scores[best] - scores[other], shrink=True)
        return tuple(C)

    # -- rules F, R1, R2 ------------------------------------------------------------------------------------------

    def _capture(self) -> None:
        """The rules of CERTIFICATE.md §5, on the whole cell."""
        F, sets = self.at_rest, self.sets
        F |= {i for i in range(self.n) if sets[i] == (i,)}
        while found := {i for i in self._open() if i not in F and F >= {*sets[i]} - {i} and self._is_mean(i)}:
            F |= found
        for i in self._open():
            if i in F:
                self.rules[i] = "leader" if sets[i] == (i,) else "stationary"
            elif F.issuperset(sets[i]):
                if len(sets[i]) == 1:
                    self.rules[i] = "R1"
                elif self._is_captured_by_tie(i):
                    self.rules[i] = "R2"

    def _sum(self, Z: Sequence[Sequence[Any]], C: tuple[int, ...]) -> list[Any]:
        """Σ w_j z_j over C."""
        return [sum((self.w[j] * Z[j][a] for j in C), start=0 * Z[0][0]) for a in range(self.d)]

    def _is_mean(self, i: int) -> bool:
        W, sums = sum(self.w[j] for j in self.sets[i]), self._sum(self.Z, self.sets[i])
        return all(W * x == y for x, y in zip(self.Z[i], sums, strict=True))

    def _is_captured_by_tie(self, i: int) -> bool:
        C = self.sets[i]
        scores = self._scores(self._sum(self.Z, C), self.Z, range(self.n))
        return all(scores[j] == scores[C[0]] for j in C) and self._all_positive(
            [scores[C[0]] - scores[other] for other in range(self.n) if other not in C]
        )

    def _all_positive(self, values: Sequence[Any]) -> bool:
        """Whether none of them is negative on the cell; late, the cell is made to be where that is so."""
        values = [v for v in values if v != 0]
        if any(self.place.sign(v) < 0 for v in values):
            return False
        shrink = self.layer >= PATIENCE
        return all(self.place.is_constant(v, shrink=shrink) for v in values)

    # -- the next layer, and rule R3 -------------------------------------------------------------------------------

    def _next(self, Z: Sequence[Sequence[Any]]) -> list[list[Any]]:
        """The next layer, multiplied by L (1+α)."""
        totals = [sum(self.w[j] for j in C) for C in self.sets]
        L = lcm(*totals)
        rows = []
        for i, C in enumerate(self.sets):
            pull = self._sum(Z, C)
            rows.append(
                [
                    self.place.reduced(L * x + (L // totals[i]) * self.place.alpha * y)
                    for x, y in zip(Z[i], pull, strict=True)
                ]
            )
        return rows

    def _constant_for_ever(self) -> bool:
        """Rule R3: no entry of the sign tables is negative (CERTIFICATE.md §4, with polynomials for numbers)."""
        place, open_tokens, sets = self.place, self._open(), tuple(self.sets)
        totals = [sum(self.w[j] for j in C) for C in sets]
        L = lcm(*totals)
        shares: dict[int, Counter[int]] = {}
        for i in follow_order(sets, range(self.n), self.at_rest):
            shares[i] = Counter({L: 1})
            if i not in self.at_rest:
                shares[i] = Counter()
                for j in {*sets[i]} - {i}:
                    shares[i] |= shares[j]
                shares[i][L // totals[i] * self.w[i] if i in sets[i] else 0] += 1
        layers = [self.Z]
        alpha = place.sample
        for i in open_tokens:
            first = sets[i][0]
            for other in range(self.n):
                if other == first:
                    continue
                orders: Counter[tuple[int, int]] = Counter()
                for s, p in shares[i].items():
                    for t, q in (shares[first] | shares[other]).items():
                        orders |= Counter({(s + t, s * t): p + q - 1})
                shifts = sorted(orders.elements(), key=lambda st: (L * L + L * st[0] * alpha + st[1] * alpha**2, st))
                if not self.meter.spend(len(shifts) * (self._degree() + 2 * len(shifts)) ** 2 * (self.d + len(shifts))):
                    return False
                while len(layers) < len(shifts):
                    layers.append(self._next(layers[-1]))
                row = []
                for Z in layers[: len(shifts)]:
                    scores = self._scores(Z[i], Z, (first, other))
                    row.append(scores[first] - scores[other])
                entries = []
                for s, t in shifts:
                    entries.append(row[0])
                    sigma = place.reduced(L * L + L * s * place.alpha + t * place.alpha * place.alpha)
                    row = [place.reduced(after - sigma * before) for before, after in pairwise(row)]
                if not (all(e == 0 for e in entries) if other in sets[i] else self._all_positive(entries)):
                    return False
        return True
