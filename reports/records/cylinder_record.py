"""The record of a run of `hardmax cylinder`: the file cylinder.json, field by field.

Neighbours: `codec` reads it strictly, `pages.cylinder_page` makes the page.
"""

from typing import Literal

from .codec import Record


class FlowRecord(Record, frozen=True):
    """One computed flow, and how many of its snapshots lead.

    Args:
        reynolds, radial, angular: Reynolds number and resolution.
        strouhal, drag, lift: fD/U, mean drag and amplitude of the lift coefficient.
        settled: relative difference of the last two cycles.
        predicted: Σ a/|b''| in each window.
        leaders: (fewest, most, mean) over starting phases of how many of 3,600 snapshots lead there.
    """

    reynolds: float
    radial: int
    angular: int
    strouhal: float
    drag: float
    lift: float
    settled: float
    predicted: tuple[float, ...]
    leaders: tuple[tuple[int, int, float], ...]


class CountRecord(Record, frozen=True):
    """How many snapshots of a cycle lead, by how many there are.

    Args:
        name: the window, the variant or the null.
        predicted: Σ a/|b''|; null where b is constant or the tokens are no curve.
        counts: (N, fewest, most) over starting phases.
    """

    name: str
    predicted: float | None
    counts: tuple[tuple[int, int, int], ...]


class QuestionRecord(Record, frozen=True):
    """A claim about the flow, and what became of it.

    Args:
        id: its name.
        statement: what is claimed.
        why: what could refute it.
        verdict: what the comparison says.
        effect: what was measured, with its uncertainty, in words.
        rivals: what it was compared with, in words.
    """

    id: str
    statement: str
    why: str
    verdict: Literal["supported", "not_supported", "refuted"]
    effect: str
    rivals: tuple[str, ...]


class CurveRecord(Record, frozen=True):
    """The cycle in the window that the page shows.

    Args:
        window: its name.
        energy: b at equal steps of the cycle, over its mean.
        lift: the lift coefficient at equal steps; empty for snapshots of another's.
        leaders: where leaders are, as a share of the cycle.
        zeros: (where, share, whether b is largest) of each zero of b'.
    """

    window: str
    energy: tuple[float, ...]
    lift: tuple[float, ...]
    leaders: tuple[float, ...]
    zeros: tuple[tuple[float, float, bool], ...]


class CylinderRecord(Record, frozen=True):
    """A run.

    Args:
        source: what the snapshots are of.
        tail: share of the energy of the fluctuation that the harmonics leave out.
        conclusion: what it comes to, a sentence each.
        questions: every claim with its verdict.
        windows, variants, nulls: how many lead.
        curve: the cycle that is shown.
        frames: vorticity round the cycle, PNG in base64; empty for snapshots of another's.
        flows: the flow itself first, then others to compare with.
    """

    source: str
    tail: float
    conclusion: tuple[str, ...]
    questions: tuple[QuestionRecord, ...]
    windows: tuple[CountRecord, ...]
    variants: tuple[CountRecord, ...]
    nulls: tuple[CountRecord, ...]
    curve: CurveRecord
    frames: tuple[str, ...]
    flows: tuple[FlowRecord, ...]
