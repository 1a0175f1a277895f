"""The record of `hardmax prove --all-alpha`: the half-line of α in cells, and who leads in each.

Neighbours: `run_record` holds it.
"""

from .codec import Record, RecordError


class StepCellRecord(Record, frozen=True):
    """An open interval of α, or a point, with one itinerary; or the small steps, with the same leaders.

    Args:
        low: the lower end, exactly: a rational, or the root of a polynomial with five digits.
        high: the upper end; "inf" if there is none, equal to `low` for a point.
        start: the lower end as a float.
        end: the upper end as a float; null for none.
        leaders: who leads; null if undecided.
        freeze_layer: the first layer from which nothing changes; null if undecided or dependent on α.
        small_steps: whether these are the small steps.
        reason: why it is undecided; empty if it is decided.
    """

    low: str
    high: str
    start: float
    end: float | None
    leaders: tuple[int, ...] | None
    freeze_layer: int | None
    small_steps: bool
    reason: str


class StepsRecord(Record, frozen=True):
    """One configuration for all α.

    Args:
        input: its name.
        labels: one name a token, or null.
        cells: ascending.
        certificate: its file, null if none was written.
    """

    input: str
    labels: tuple[str, ...] | None
    cells: tuple[StepCellRecord, ...]
    certificate: str | None

    def __post_init__(self) -> None:
        if not self.cells or self.cells[-1].end is not None:
            raise RecordError(f"{self.input}: the cells have to reach up to all alpha")
