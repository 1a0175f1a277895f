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
from .cells import Cell, SpecialSampleError
from .follow import Follower
from .radius import Radius, radius
from .roots import Root, as_fraction
from .steps import LAYERS, must_be_fit


@dataclass(frozen=True, slots=True)
class RadiusAnswer:
    """The answer about one configuration.

    Args:
        proved: the verdict on the input.
        found: its radii, with equal tokens merged.
        alpha: rationals within the interval of α with the itinerary of the input's own, None for no upper end; None
            if it is not decided.
    """

    proved: Result
    found: Radius
    alpha: tuple[Fraction, Fraction | None] | None

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
        given: the input; equal tokens are merged first, and move together.
        seconds: a limit on time for the proof of its itinerary.

    Raises:
        InputError: as `steps.must_be_fit`.
    """
    must_be_fit(given)
    budget = Budget() if seconds is None else Budget.unlimited(seconds)
    merged = given.merged()
    found = radius(merged, budget)
    return RadiusAnswer(prove(given, budget), found, None if found.tokens is None else alpha_interval(merged))


def alpha_interval(configuration: Configuration) -> tuple[Fraction, Fraction | None] | None:
    """Rationals between which, inclusively, every α has the itinerary of the configuration's own; None if undecided."""
    alpha = configuration.alpha
    if alpha is None:
        return None
    cell = Cell(Root.rational(fmpq(0)), None, fmpq(alpha.numerator, alpha.denominator))
    try:
        if Follower(configuration, cell).decide(LAYERS) is None:
            return None
    except SpecialSampleError:
        return alpha, alpha
    for end in filter(None, (cell.low, cell.high)):
        while end.low <= cell.sample <= end.high or end.high - end.low > cell.sample / 2**20:
            end.refine((end.high - end.low) / 2)
    return as_fraction(cell.low.high), None if cell.high is None else as_fraction(cell.high.low)
