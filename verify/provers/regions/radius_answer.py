"""What is said about a radius: bounds for tokens, A and α, beside the verdict on the input itself.

Neighbours: `radius` finds the bounds; `certificates.radius` writes them down.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import fmpq

from ....kernels.exact.configuration import Configuration
from ....kernels.exact.rational_text import rational_text
from ....reports.records.record import ResultRecord
from ...certificates.radius import radius_certificate
from ...certificates.writer import Document
from ...claims.conclusion import Result, prove
from ...records.findings import result_record, trajectory_record
from ..freeze.prover import Budget
from .answers import end_json
from .cells import AlgebraicPoint, Cell, SpecialSampleError
from .follow import OPERATIONS, PATIENCE, Follower, Itinerary, Meter
from .radius import Radius, radius
from .roots import Root, as_fraction
from .steps import LAYERS, around_a_sample, must_be_fit


@dataclass(frozen=True, slots=True)
class RadiusAnswer:
    """The answer about one configuration.

    Args:
        proved: the verdict on the input.
        found: its radii.
        ends: of the largest open interval of α with the itinerary of the input's own, None for no upper end; twice
            its own α if there is no interval; None if it is not decided.
    """

    proved: Result
    found: Radius
    ends: tuple[Root, Root | None] | None

    @property
    def alpha(self) -> tuple[Fraction, Fraction | None] | None:
        """Rationals between which, exclusively, every α has this itinerary; at the ends where these are rational."""
        if self.ends is None:
            return None
        low, high = self.ends
        return as_fraction(low.high), None if high is None else as_fraction(high.low)

    @property
    def verdict(self) -> str:
        """The verdict on the input; undecided where its radii are."""
        return "undecided" if self.found.tokens is None else self.proved.verdict

    def document(self) -> Document | None:
        """The certificate, None if everything is 0 or undecided."""
        r = self.found
        if r.tokens is None or r.relative is None or r.A is None or not (r.tokens or r.hull):
            return None
        return radius_certificate(
            r.configuration,
            r.follows,
            {"tokens": r.tokens, "relative": r.relative, "A": r.A, "leaders": r.hull},
        )

    def samples(self, name: str) -> list[ResultRecord]:
        """The record of the input."""
        trajectory = trajectory_record(self.proved.configuration, self.proved.outcome)
        return [result_record(self.proved, name, None, trajectory)]

    def to_json(self, name: str, certificate: str | None) -> dict[str, Any]:
        """The JSON object of `hardmax prove --radius`."""
        r = self.found

        def text(value: Fraction | None) -> str | None:
            return None if value is None else rational_text(value)

        data: dict[str, Any] = {
            "tokens": text(r.tokens),
            "relative": text(r.relative),
            "A": text(r.A),
            "alpha": None if self.alpha is None else [text(end) for end in self.alpha],
            "leaders": text(r.leaders),
        }
        if self.ends is not None:
            low, high = self.ends
            data["alpha_ends"] = [end_json(low), "inf" if high is None else end_json(high)]
        if r.reason:
            data["reason"] = r.reason
        if r.binding is not None:
            at = r.binding
            key = "tie" if r.tokens == 0 else "binding"
            data[key] = {"layer": at.layer, "token": at.token, "follows": at.follows, "rival": at.rival}
        if r.move is not None:
            data["broken_at"] = text(r.above)
            data["move"] = [[rational_text(x) for x in row] for row in r.move]
        return {**self.proved.to_json(name, certificate), "verdict": self.verdict, "radius": data}


def ask_radius(given: Configuration, seconds: float | None = None) -> RadiusAnswer:
    """How far the tokens, A and α may move without another itinerary, and the tokens without other leaders.

    Args:
        given: the input.
        seconds: a limit on time for the proof of its itinerary.

    Raises:
        InputError: as `steps.must_be_fit`, but for A: if it is not SPD, the radii are undecided.
    """
    must_be_fit(given, any_A=True)
    budget = Budget() if seconds is None else Budget.unlimited(seconds)
    if given.is_spd:
        found = radius(given, budget)
    else:
        found = Radius(given, None, None, None, Fraction(0), reason="A is not symmetric positive definite")
    return RadiusAnswer(prove(given, budget), found, None if found.tokens is None else alpha_interval(given))


def alpha_interval(configuration: Configuration) -> tuple[Root, Root | None] | None:
    """The ends of the largest open interval of α with the itinerary of the configuration's own, None for no upper one.

    Both are its own α where the itinerary is another one on both sides. None if it is undecided.
    """
    alpha = configuration.alpha
    if alpha is None:
        return None
    at = Root.rational(fmpq(alpha.numerator, alpha.denominator))
    cell = Cell(Root.rational(fmpq(0)), None, at.low)
    try:
        own = Follower(configuration, cell).decide(LAYERS)
        low, high = cell.low, cell.high
    except SpecialSampleError:
        own, low, high = Follower(configuration, AlgebraicPoint(at)).decide(LAYERS), at, at
    if own is None:
        return None
    if low is high or own.layer >= PATIENCE:  # ends at which a rule's sign changes, or nothing, are no ends
        zero = Root.rational(fmpq(0))
        low = _reach(configuration, own, low, zero) or zero
        high = high and _reach(configuration, own, high, None)
    for end in filter(None, (low, high)):
        while end.low < end.high and (end.low <= at.low <= end.high or end.high - end.low > at.low / 2**20):
            end.refine((end.high - end.low) / 2)
    return (low, high) if low is not None else None


def _reach(configuration: Configuration, own: Itinerary, end: Root, last: Root | None) -> Root | None:
    """Where, from `end` towards `last`, another itinerary begins."""
    meter = Meter(OPERATIONS)
    while end is not last and end.high:
        here = Follower(configuration, AlgebraicPoint(end), meter).decide(LAYERS)
        if here is None or here.phases != own.phases:
            return end
        beyond = last
        while True:  # the interval next to the end
            low, high = (end, beyond) if last is None else (beyond, end)
            assert low is not None
            found, cell = around_a_sample(configuration, low, high, meter)
            if found is None:
                return end
            next_to, beyond = (cell.low, cell.high) if last is None else (cell.high, cell.low)
            if next_to is end:
                break
            beyond = next_to
        if found.phases != own.phases:
            return end
        if beyond is None:
            return None
        end = beyond
    return end
