"""The record of `hardmax prove --all-A`: the disc of A in cells, and who leads in each.

Neighbours: `run_record` holds it.
"""

from .codec import Record, RecordError


class AtlasSetRecord(Record, frozen=True):
    """A set of leaders that occurs for some A = [[1 + x, y], [y, 1 − x]], x² + y² < 1.

    Args:
        leaders: tokens, ascending; null for what is undecided.
        A: one A with these leaders, exactly, row by row.
        at: its x and y as floats.
        polygons: cells of dimension 2.
        segments: of dimension 1.
        points: of dimension 0.
    """

    leaders: tuple[int, ...] | None
    A: tuple[tuple[str, str], tuple[str, str]]
    at: tuple[float, float]
    polygons: int
    segments: int
    points: int


class AtlasCellRecord(Record, frozen=True):
    """All A with one itinerary: what the open disc has of the relative interior of a polygon, a segment or a point.

    Args:
        set: its entry among the sets of leaders.
        freeze_layer: the first layer from which nothing changes; null if undecided.
        corners: x and y of each corner, rounded, in order around it.
        reason: why it is undecided; empty if it is decided.
    """

    set: int
    freeze_layer: int | None
    corners: tuple[tuple[float, float], ...]
    reason: str = ""


class AtlasRecord(Record, frozen=True):
    """One configuration for all A.

    Args:
        input: its name.
        labels: one name a token, or null.
        tokens: where they start, as floats, in units of the largest coordinate.
        multiplicities: one a token.
        alpha: the step, as a float.
        sets: the sets of leaders.
        cells: all cells.
        certificate: its file, null if none was written.
    """

    input: str
    labels: tuple[str, ...] | None
    tokens: tuple[tuple[float, float], ...]
    multiplicities: tuple[int, ...]
    alpha: float
    sets: tuple[AtlasSetRecord, ...]
    cells: tuple[AtlasCellRecord, ...]
    certificate: str | None

    def __post_init__(self) -> None:
        if any(not 0 <= cell.set < len(self.sets) for cell in self.cells):
            raise RecordError(f"{self.input}: a cell has leaders that are not listed")
