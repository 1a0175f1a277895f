"""What is said about all A in the plane: cells with one itinerary, sets of leaders with an A for each, the certificate.

Neighbours: `walk` finds the cells; `certificates.all_matrices` writes them down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .....kernels.errors import InputError
from .....kernels.exact.configuration import Configuration
from .....kernels.exact.rational_text import rational_text
from .....reports.records.record import ResultRecord
from ....certificates.all_matrices import all_matrices_certificate
from ....certificates.writer import Document
from ..steps import must_be_fit
from .disc import Homogeneous
from .walk import AtlasCell, Node, walk

KINDS = ("point", "segment", "polygon")


@dataclass(frozen=True, slots=True)
class SetOfLeaders:
    """A set of leaders, where it occurs.

    Args:
        leaders: tokens of the input, ascending; None for what is undecided.
        best: the cell to show it by: one of the largest dimension.
        at: a point of it.
        counts: of its points, segments and polygons.
    """

    leaders: tuple[int, ...] | None
    best: AtlasCell
    at: Homogeneous
    counts: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Atlas:
    """The answer about all A.

    Args:
        given: the input; its own A is not used.
        nodes: the tree of cuts.
    """

    given: Configuration
    nodes: Sequence[Node]

    @property
    def cells(self) -> list[AtlasCell]:
        """All cells."""
        return [node.end for node in self.nodes if isinstance(node.end, AtlasCell)]

    @property
    def verdict(self) -> str:
        """The worst cell's: verified, the theorem's conclusion holds for every A of it; or undecided."""
        return "undecided" if any(cell.leaders is None for cell in self.cells) else "verified"

    def leaders(self, cell: AtlasCell) -> dict[int, int] | None:
        """{token of the input: first layer at which it leads}; None if undecided."""
        return None if cell.leaders is None else dict(sorted(cell.leaders.items()))

    def sets(self) -> list[SetOfLeaders]:
        """The sets of leaders that occur: those of most polygons first, what is undecided last."""
        found: dict[tuple[int, ...] | None, list[AtlasCell]] = {}
        for cell in self.cells:
            led = self.leaders(cell)
            found.setdefault(None if led is None else tuple(led), []).append(cell)
        sets = []
        for leaders, cells in found.items():
            dimensions = [cell.part.dimension for cell in cells]
            largest = [cell for cell in cells if cell.part.dimension == max(dimensions)]
            at, best = min(((cell.part.simple_point(), cell) for cell in largest), key=lambda pair: pair[0][2])
            point, segment, polygon = (dimensions.count(d) for d in range(3))
            sets.append(SetOfLeaders(leaders, best, at, (point, segment, polygon)))
        return sorted(sets, key=lambda s: (s.leaders is None, *(-k for k in reversed(s.counts)), s.leaders or ()))

    def samples(self, name: str) -> list[ResultRecord]:
        """No single input is decided."""
        return []

    def document(self) -> Document:
        """The certificate."""
        sets: dict[tuple[int, ...], AtlasCell] = {}
        for cell in self.cells:
            if cell.leaders is not None:
                sets.setdefault(tuple(sorted(cell.leaders)), cell)
        places = {leaders: place_of(cell.part.sample) for leaders, cell in sets.items()}
        ends = []
        for node in self.nodes:
            end = node.end
            ends.append((None if end.leaders is None else ()) if isinstance(end, AtlasCell) else end)
        changes = [node.changes for node in self.nodes]
        return all_matrices_certificate(self.given, places, list(zip(changes, ends, strict=True)))

    def to_json(self, name: str, certificate: str | None) -> dict[str, Any]:
        """The JSON object of `hardmax prove --all-A`."""
        hypotheses = self.given.hypotheses()
        return {
            "input": name,
            "verdict": self.verdict,
            "hypotheses": {key: hypotheses[key] for key in ("nonzero", "distinct")},
            "sets": [
                {
                    "leaders": None if one.leaders is None else list(one.leaders),
                    "A": matrix_text(one.at),
                    **{f"{kind}s": count for kind, count in zip(KINDS, one.counts, strict=True)},
                }
                for one in self.sets()
            ],
            "cells": [self.cell_json(cell) for cell in self.cells],
            "certificate": certificate,
        }

    def cell_json(self, cell: AtlasCell) -> dict[str, Any]:
        """One cell as the JSON object has it."""
        leaders = self.leaders(cell)
        data: dict[str, Any] = {
            "kind": KINDS[cell.part.dimension],
            "corners": [[rational_text(v) for v in place_of(corner)] for corner in cell.part.corners],
            "A": matrix_text(cell.part.sample),
            "leaders": None if leaders is None else {str(i): k for i, k in leaders.items()},
            "freeze_layer": None if leaders is None else cell.phases[-1][0],
            "verdict": "undecided" if leaders is None else "verified",
        }
        return data if leaders is not None else {**data, "reason": cell.reason}


def place_of(point: Homogeneous) -> tuple[Fraction, Fraction]:
    """(x, y)."""
    X, Y, W = point
    return Fraction(X, W), Fraction(Y, W)


def matrix(point: Homogeneous) -> list[list[Fraction]]:
    """A = [[1 + x, y], [y, 1 − x]]."""
    x, y = place_of(point)
    return [[1 + x, y], [y, 1 - x]]


def matrix_text(point: Homogeneous) -> list[list[str]]:
    """A as texts."""
    return [[rational_text(v) for v in row] for row in matrix(point)]


def ask_all_matrices(given: Configuration, seconds: float | None = None) -> Atlas:
    """What happens for every symmetric positive definite A, in the plane.

    Args:
        given: the input; its own A is not used.
        seconds: a limit on time.

    Raises:
        InputError: as `must_be_fit_in_the_plane`.
    """
    must_be_fit_in_the_plane(given)
    return Atlas(given, walk(given, seconds))


def must_be_fit_in_the_plane(given: Configuration) -> None:
    """Refuse what the proof for all A is not about.

    Raises:
        InputError: d is not 2, a token is zero, two are equal, tokens follow the smallest score, or the step is not
            constant.
    """
    if given.d != 2:
        raise InputError(f"the tokens are in R^{given.d}; all A at once need tokens in the plane, d = 2")
    must_be_fit(given, any_A=True)
