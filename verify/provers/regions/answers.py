"""What is said about all α: maximal intervals with one itinerary, the points between them, and the certificate.

Neighbours: `steps` finds the pieces; `certificates.all_steps` writes them down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ....kernels.exact.configuration import Configuration, with_changes
from ....kernels.exact.rational_text import rational_text
from ....reports.records.record import ResultRecord
from ...certificates.all_steps import End, SmallSteps, all_steps_certificate
from ...certificates.writer import Document
from ...claims.conclusion import prove
from ...records.findings import result_record, trajectory_record
from .follow import Itinerary
from .roots import Root, as_fraction
from .steps import Piece, all_steps, must_be_fit


@dataclass(frozen=True, slots=True)
class AllSteps:
    """The answer about all α.

    Args:
        given: the input.
        pieces: what was proved, ascending; neighbours may have one itinerary.
        cells: neighbours with one itinerary joined.
    """

    given: Configuration
    pieces: tuple[Piece, ...]
    cells: tuple[Piece, ...]

    @property
    def verdict(self) -> str:
        """The worst cell's: verified, the theorem's conclusion holds for every α of it; or undecided."""
        return "verified" if all(cell.itinerary for cell in self.cells) else "undecided"

    def leaders(self, cell: Piece) -> dict[int, int | None] | None:
        """{token of the input: first layer at which it leads, None if that depends on α}; None if undecided."""
        if cell.itinerary is None:
            return None
        return dict(_layers(cell.itinerary))

    def samples(self, name: str) -> list[ResultRecord]:
        """What `prove` says at one rational α for each set of leaders, in an interval where it is the set."""
        chosen: dict[frozenset[int], Piece] = {}
        for cell in self.cells:
            if cell.itinerary is not None and not cell.is_point:
                chosen.setdefault(frozenset(cell.itinerary.leaders), cell)
        results = []
        for cell in chosen.values():
            alpha = as_fraction(cell.sample)
            found = prove(with_changes(self.given, alpha=alpha))
            trajectory = trajectory_record(found.configuration, found.outcome)
            results.append(result_record(found, f"{name}, alpha = {rational_text(alpha)}", None, trajectory))
        return results

    def document(self) -> Document:
        """The certificate."""
        pieces = [(_end(p.low), p.high and _end(p.high), as_fraction(p.sample), p.itinerary) for p in self.pieces]
        return all_steps_certificate(self.given, pieces)

    def to_json(self, name: str, certificate: str | None) -> dict[str, Any]:
        """The JSON object of `hardmax prove --all-alpha`."""
        return {
            "input": name,
            "verdict": self.verdict,
            "hypotheses": self.given.hypotheses(),
            "cells": [self.cell_json(cell) for cell in self.cells],
            "certificate": certificate,
        }

    def cell_json(self, cell: Piece) -> dict[str, Any]:
        """One cell as the JSON object has it."""
        found, leaders = cell.itinerary, self.leaders(cell)
        data: dict[str, Any] = {
            "from": end_json(cell.low),
            "to": "inf" if cell.high is None else end_json(cell.high),
            "leaders": None if leaders is None else {str(i): k for i, k in leaders.items()},
            "freeze_layer": found.freeze_layer if isinstance(found, Itinerary) else None,
            "verdict": "undecided" if found is None else "verified",
        }
        if isinstance(found, SmallSteps):
            data["small_steps"] = True
        return data if found else {**data, "reason": cell.reason}


def _layers(found: Itinerary | SmallSteps) -> list[tuple[int, int | None]]:
    """(leader, first layer at which it leads; None if that depends on α)."""
    if isinstance(found, Itinerary):
        return sorted(found.leaders.items())
    led = {i: first for first, sets in reversed(found.phases) for i, C in enumerate(sets) if C == (i,)}
    return [(i, led.get(i)) for i in found.leaders]


def _end(root: Root) -> End:
    return [int(c) for c in root.p.coeffs()], as_fraction(root.low), as_fraction(root.high)


def end_json(root: Root) -> Any:
    """An end of a cell: a rational as text, or an irrational's polynomial and an interval that isolates it."""
    if root.low == root.high:
        return rational_text(as_fraction(root.low))
    return {
        "polynomial": [int(c) for c in root.p.coeffs()],
        "between": [rational_text(as_fraction(root.low)), rational_text(as_fraction(root.high))],
    }


def ask_all_steps(given: Configuration, least: Fraction | None = None, seconds: float | None = None) -> AllSteps:
    """What happens for every α ≥ least, or for every α > 0.

    Args:
        given: the input; its own α is not used.
        least: see `steps.all_steps`.
        seconds: a limit on time.

    Raises:
        InputError: as `steps.must_be_fit`.
    """
    must_be_fit(given)
    pieces = all_steps(given, least, seconds)
    return AllSteps(given, tuple(pieces), tuple(joined(pieces)))


def joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Neighbours with one itinerary, or of which none is decided, as one; a point alone stays a point."""
    result: list[Piece] = []
    for piece in pieces:
        result.append(piece)
        while len(result) > 2 and not result[-1].is_point and _same(*result[-3:]):
            first, _, last = result[-3:]
            result[-3:] = [Piece(first.low, last.high, first.sample, first.itinerary, first.reason)]
    return result


def _same(*pieces: Piece) -> bool:
    """Whether pieces have one itinerary, or none of them has any."""
    found = [piece.itinerary for piece in pieces]
    if any(isinstance(one, SmallSteps) for one in found):
        return False
    return len({one and one.phases for one in found}) == 1
