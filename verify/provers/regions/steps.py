"""All steps α at once: (0, ∞) in open intervals and points, on each of which the itinerary is one and known for ever.

Neighbours: `follow` decides one interval or point; `all_steps` of the certificates writes what is found.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from flint import fmpq

from ....kernels.errors import InputError
from ....kernels.exact.configuration import Configuration
from ....kernels.exact.step import ConstantStep
from ...certificates.all_steps import SmallSteps
from .cells import AlgebraicPoint, Cell, SpecialSampleError
from .follow import OPERATIONS, Follower, Itinerary, Meter
from .roots import Root, as_fraction
from .small_steps import small_steps

MANY = 12
"""Pieces after which small steps are tried as one."""
LAYERS, PIECES, HALVINGS, NARROW = 192, 240, 5, 2**24
"""Layers computed for a piece, pieces, how often an open part is halved, and how exactly ends are given."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some α with one itinerary: the open interval from `low` to `high` (None: ∞), or the point low = high.

    Args:
        low, high: its ends.
        sample: a rational inside; near the point, if it is irrational.
        itinerary: None where it is not decided; who leads where α is small.
        reason: why it is not, in words.
    """

    low: Root
    high: Root | None
    sample: fmpq
    itinerary: Itinerary | SmallSteps | None
    reason: str = ""

    @property
    def is_point(self) -> bool:
        """Whether it is one α."""
        return self.low is self.high


def all_steps(configuration: Configuration, least: Fraction | None = None, seconds: float | None = None) -> list[Piece]:
    """Pieces that cover all α ≥ `least`, or all α > 0, ascending; neighbours with one itinerary are not joined yet.

    Args:
        configuration: one that is fit (`must_be_fit`); its own step is not used.
        least: the least α, a point of its own.
        seconds: a limit on time; what is not reached is undecided.

    Raises:
        InputError: least is not positive.
    """
    if least is not None and least <= 0:
        raise InputError(f"the least alpha is {least}; it must be positive: leave it out for all alpha > 0")
    meter = Meter(OPERATIONS if seconds is None else math.inf, None if seconds is None else time.monotonic() + seconds)
    spent = "the budget is spent" if seconds is None else f"{seconds:g} seconds have passed"
    zero = Root.rational(fmpq(0) if least is None else fmpq(least.numerator, least.denominator))
    pieces: list[Piece] = []
    smallest = Fraction(1)
    stack: list[tuple[Root, Root | None, int]] = [(zero, None, 0)]
    while stack:  # from above: where intervals accumulate, at 0, they come last
        low, high, depth = stack.pop()
        if low is high:
            found = Follower(configuration, AlgebraicPoint(low), meter).decide(LAYERS)
            reason = "" if found else _late(LAYERS)
            pieces.append(Piece(low, low, (low.low + low.high) / 2, found, reason))
            continue
        if meter.is_spent or len(pieces) > PIECES:
            reason = spent if meter.is_spent else f"there are more than {PIECES} pieces"
            pieces.append(Piece(low, high, between(low, high), None, reason))
            continue
        if least is None and low is zero and high is not None and len(pieces) > MANY:
            a = Fraction(1, 4)
            while high.low == 0:  # an isolating interval may begin at 0, the root never does
                high.refine((high.high - high.low) / 2)
            while a >= as_fraction(high.low):
                a /= 2
            if a < smallest:
                smallest = a
                proof = small_steps(configuration, a, meter)
                if proof is not None:
                    end = Root.rational(fmpq(a.numerator, a.denominator))
                    pieces.append(Piece(zero, end, end.low / 2, proof))
                    stack += [(end, end, 0), (end, high, 0)]
                    continue
        found, cell = around_a_sample(configuration, low, high, meter)
        if found is None:
            if depth >= HALVINGS:
                pieces.append(Piece(low, high, between(low, high), None, _late(LAYERS)))
                continue
            middle = Root.rational(between(low, high))
            stack += [(low, middle, depth + 1), (middle, middle, 0), (middle, high, depth + 1)]
            continue
        if cell.low is not low:
            stack += [(low, cell.low, depth), (cell.low, cell.low, 0)]
        here = len(pieces)
        if cell.high is not high:
            assert cell.high is not None
            stack += [(cell.high, cell.high, 0), (cell.high, high, depth)]
        pieces.insert(here, Piece(cell.low, cell.high, cell.sample, found))
    if least is not None:
        found = Follower(configuration, AlgebraicPoint(zero), meter).decide(LAYERS)
        pieces.append(Piece(zero, zero, zero.low, found, "" if found else _late(LAYERS)))
    return _ordered(pieces)


def _ordered(pieces: Sequence[Piece]) -> list[Piece]:
    """Ascending: each piece starts where the one before ends, a point after the interval that it ends."""
    points = {id(piece.low): piece for piece in pieces if piece.is_point}
    intervals = {id(piece.low): piece for piece in pieces if not piece.is_point}
    (first,) = [p for p in pieces if not p.is_point and id(p.low) not in {id(q.high) for q in pieces if not q.is_point}]
    result = [points[id(first.low)]] if id(first.low) in points else []
    current: Piece | None = first
    while current is not None:
        result.append(current)
        if current.high is None:
            break
        result.append(points[id(current.high)])
        current = intervals[id(current.high)]
    for piece in result:  # ends that a checker can tell from samples and, most often, from other roots nearby
        for end in (piece.low, piece.high):
            if end is not None:
                end.refine(end.high / NARROW)
                while not piece.is_point and end.low <= piece.sample <= end.high:
                    end.refine((end.high - end.low) / 2)
    return [replace(p, sample=(p.low.low + p.low.high) / 2) if p.is_point else p for p in result]


def _late(layers: int) -> str:
    return f"the follow sets are not proved constant after {layers} layers"


def around_a_sample(
    configuration: Configuration, low: Root, high: Root | None, meter: Meter
) -> tuple[Itinerary | None, Cell]:
    """What holds around a sample between the ends, and how far."""
    for k in range(2, 30):
        cell = Cell(low, high, between(low, high, k))
        try:
            return Follower(configuration, cell, meter).decide(LAYERS), cell
        except SpecialSampleError:
            continue
    return None, Cell(low, high, between(low, high))


def between(low: Root, high: Root | None, k: int = 2) -> fmpq:
    """A rational between two numbers; for other k another one. The simplest one near 1/k of the way."""
    if high is None:
        return low.high + k - 1 if low.high else fmpq(k - 1)
    while low.high >= high.low:
        low.refine((low.high - low.low) / 2)
        high.refine((high.high - high.low) / 2)
    a, b = low.high, high.low
    middle, spread = a + (b - a) / k, (b - a) / (8 * k)
    return simplest(middle - spread, middle + spread)


def simplest(a: fmpq, b: fmpq) -> fmpq:
    """The rational of least denominator in [a, b], 0 < a < b."""
    whole = fmpq(-((-a.p) // a.q))
    if whole <= b:
        return whole
    floor = fmpq(a.p // a.q)
    return floor + 1 / simplest(1 / (b - floor), 1 / (a - floor))


def must_be_fit(configuration: Configuration, *, any_A: bool = False) -> None:
    """Refuse what the proofs for many inputs at once are not about.

    Args:
        configuration: the input.
        any_A: whether its A does not matter.

    Raises:
        InputError: no hardmax, a step that depends on the layer, a zero token, A not symmetric positive definite, two
            equal tokens: the theorem is about distinct ones, and so are cells and radii.
    """
    if configuration.model.kind != "hardmax":
        raise InputError(
            f"models of kind {configuration.model.kind!r} have no proofs for many inputs; give a hardmax one"
        )
    if not isinstance(configuration.step, ConstantStep):
        raise InputError("the step depends on the layer; proofs for many inputs need a constant one: give alpha")
    is_fit = configuration.is_nonzero and configuration.follow == "largest" and (any_A or configuration.is_spd)
    if not is_fit:
        what = "a token is zero" if not configuration.is_nonzero else "A is not symmetric positive definite"
        what = what if configuration.follow == "largest" else "tokens follow the smallest score"
        raise InputError(f"{what}; proofs for many inputs need nonzero tokens, follow largest and A positive definite")
    tokens = configuration.tokens
    j = next((j for j, z in enumerate(tokens) if z in tokens[:j]), None)
    if j is not None:
        i = tokens.index(tokens[j])
        raise InputError(f"tokens {i} and {j} are equal; distinct ones are required: give one, with its multiplicity")
