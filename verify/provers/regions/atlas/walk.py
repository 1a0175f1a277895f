"""The dynamics over parts of the disc of A, each cut where a follow set changes, until nothing changes any more.

For one token the maximisers of z_iᵀAz_l, as A varies, change along lines through one point (A with Az_i = 0) of the
circle: each line is a whole cut. The cuts, each with what lies on its three sides, are a tree.

Neighbours: `disc` has the parts, `follow` the rules and the next layer, `answer` says what is found.
"""

import copy
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import gcd, lcm

from flint import fmpq, fmpq_poly

from .....kernels.exact.configuration import Configuration
from .....kernels.exact.dynamics import Sets
from ..follow import FIRST_TABLE, Follower, Meter
from .disc import SQUARE, AffineForm, CutError, OnPart, Part, at, clipped, is_somewhere_negative

LAYERS, WORK = 192, 8e7
"""Layers computed for a part, and operations before the walk gives up: some ten seconds."""
Change = tuple[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class AtlasCell:
    """All A with one itinerary.

    Args:
        part: where they are.
        phases: (first layer, follow sets), the last one for ever; as far as known if it is undecided.
        leaders: {token: first layer at which it leads}; None if undecided.
        reason: why it is undecided, in words.
    """

    part: Part
    phases: tuple[tuple[int, Sets], ...]
    leaders: Mapping[int, int] | None
    reason: str = ""


@dataclass(slots=True)
class Node:
    """A part: what is found on all of it, then a cut, or the end.

    Args:
        changes: for each layer, from the one on at which the cut before was made, the sets that change. The last layer
            may be incomplete before a cut.
        end: the form of the cut, whose three sides follow; or the cell.
    """

    changes: list[list[Change]] = field(default_factory=list)
    end: AffineForm | AtlasCell | None = None


class Walker(Follower):
    """One run over a part."""

    place: OnPart

    def __init__(self, configuration: Configuration, meter: Meter) -> None:
        assert configuration.alpha is not None
        alpha = fmpq(configuration.alpha.numerator, configuration.alpha.denominator)
        super().__init__(configuration, OnPart(Part(SQUARE, (0, 0, 1)), alpha), meter)  # type: ignore[arg-type]
        self.A = [[fmpq_poly([1, 1, 0]), fmpq_poly([0, 0, 1])], [fmpq_poly([0, 0, 1]), fmpq_poly([1, -1, 0])]]
        self.phases: tuple[tuple[int, Sets], ...] = ()
        self.leaders: dict[int, int] = {}
        self.known: set[int] = set()
        self._whole()

    def on(self, part: Part) -> "Walker":
        """The same run, on a part of its part."""
        other = copy.copy(self)
        other.place, other.sets, other.rules = OnPart(part, self.place.alpha), [*self.sets], [*self.rules]
        other.at_rest, other.leaders, other.known = {*self.at_rest}, {**self.leaders}, {*self.known}
        return other

    def go(self) -> Node:
        """What is found on the whole part."""
        node = Node([[]])
        try:
            while True:
                for i in self._open():
                    if i not in self.known:
                        C = self._follow_set(i)
                        if C != self.sets[i]:
                            node.changes[-1].append((i, C))
                            self.sets[i] = C
                        if C == (i,):
                            self.leaders.setdefault(i, self.layer)
                        self.known.add(i)
                if not self.phases or self.phases[-1][1] != tuple(self.sets):
                    self.phases += ((self.layer, tuple(self.sets)),)
                self._capture()
                age = self.layer - self.phases[-1][0] + 1
                tied = self.place.part.dimension < 2  # elsewhere all follow one token, and R1 is what ends it
                due = tied and age >= FIRST_TABLE and age & (age - 1) == 0
                if not self._open() or (due and self._constant_for_ever()):
                    node.end = AtlasCell(self.place.part, self.phases, self.leaders)
                    return node
                if self.layer == LAYERS:
                    reason = f"the follow sets are not proved constant after {LAYERS} layers"
                    node.end = AtlasCell(self.place.part, self.phases, None, reason)
                    return node
                self.Z = self._next(self.Z)
                self._whole()
                self.layer, self.known = self.layer + 1, set()
                node.changes.append([])
        except CutError as cut:
            node.end = cut.form
            return node

    def _degree(self) -> int:
        """Numbers in place of polynomials."""
        return 1

    def _whole(self) -> None:
        """Multiply the tokens by what makes them whole, in lowest terms."""
        unit = lcm(*(int(v.q) for row in self.Z for v in row))
        rows = [[int(v * unit) for v in row] for row in self.Z]
        common = gcd(*(v for row in rows for v in row))
        self.N = [[v // common for v in row] for row in rows]
        self.Z = [[fmpq(v) for v in row] for row in self.N]

    def _follow_set(self, i: int) -> tuple[int, ...]:
        """C_i, if it is the same on the whole part.

        Raises:
            CutError: it is not; the form vanishes along an edge of where the best one at the sample is best.
        """
        u, v = self.N[i]
        X, Y, W = self.place.part.sample
        h = (W + X) * u + Y * v, Y * u + (W - X) * v
        scores = [h[0] * p + h[1] * q for p, q in self.N]
        best = scores.index(max(scores))
        s, t = self.N[best]
        C, corners, last = [], self.place.part.corners, None
        for other, (p, q) in enumerate(self.N):
            x, y = s - p, t - q
            form = u * x + v * y, u * x - v * y, u * y + v * x
            values = [at(form, p) for p in corners]
            if min(values) >= 0:
                if not any(values) and not any(at(form, p) for p in self.place.part.corners):
                    C.append(other)
            elif is_somewhere_negative(corners, values):
                corners, last = clipped(corners, values), form
        self.meter.spend(10 * self.n * len(corners))  # about as long as so many coefficients of a sign table
        if last is not None:
            raise CutError(last)
        return tuple(C)


def walk(configuration: Configuration, seconds: float | None = None) -> list[Node]:
    """The tree of cuts of the disc: each node that is cut is followed by its three sides, −, 0 and +.

    Args:
        configuration: in the plane, with distinct nonzero tokens and a constant step; its own A is not used.
        seconds: a limit on time; what is not reached is undecided.
    """
    meter = Meter(WORK if seconds is None else math.inf, None if seconds is None else time.monotonic() + seconds)
    spent = "the budget is spent" if seconds is None else f"{seconds:g} seconds have passed"
    nodes: list[Node] = []
    stack = [Walker(configuration, meter)]
    while stack:
        walker = stack.pop()
        if meter.is_spent:
            nodes.append(Node([[]], AtlasCell(walker.place.part, walker.phases, None, spent)))
            continue
        node = walker.go()
        nodes.append(node)
        if not isinstance(node.end, AtlasCell):
            assert node.end is not None
            stack += [walker.on(part) for part in reversed(walker.place.part.cut(node.end))]
    return nodes
