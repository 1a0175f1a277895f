"""The half-line of α as a coloured line: one colour a set of leaders, one stroke an end of a cell.

α is drawn at α/(1+α), so that (0, ∞) has the length of the line.

Neighbours: `run_page` puts it on the page; `steps_record` is what it shows.
"""

from dataclasses import dataclass

from markupsafe import Markup, escape

from ..records.steps_record import StepCellRecord, StepsRecord

WIDTH, HEIGHT, MOST_ROWS = 720, 56, 60
_COLOURS = ("#3b6fb6", "#d9822b", "#4c9a5b", "#a5508f", "#8a7a2b", "#3d9aa1", "#b04a4a")
_UNDECIDED = "#9a9a9a"


@dataclass(frozen=True, slots=True)
class StepsFigure:
    """A line, the colour and words of each set of leaders on it, and rows of a table."""

    record: StepsRecord
    content: Markup
    sets: list[tuple[str, str]]
    rows: list[tuple[StepCellRecord, str]]
    more: int


def steps_figure(record: StepsRecord) -> StepsFigure:
    """The line of one configuration."""
    sets = list(dict.fromkeys(_leaders(record, cell) for cell in record.cells))
    colour = {said: _COLOURS[k % len(_COLOURS)] for k, said in enumerate(sets)} | {"undecided": _UNDECIDED}
    pieces = []
    for cell in record.cells:
        x, end = _at(cell.start), WIDTH if cell.end is None else _at(cell.end)
        said = _leaders(record, cell)
        where = f"α = {cell.low}" if cell.high == cell.low else f"{cell.low} < α < {cell.high}"
        title = f"<title>{escape(f'{where}: {said}')}</title>"
        if cell.high == cell.low:
            pieces.append(f'<rect x="{x - 0.6:.2f}" y="4" width="1.2" height="26" fill="{colour[said]}">{title}</rect>')
        else:
            box = f'x="{x:.2f}" y="8" width="{max(end - x, 0.4):.2f}" height="18"'
            pieces.append(f'<rect {box} fill="{colour[said]}">{title}</rect>')
    for text, x in (("0", 0), ("1/2", WIDTH / 3), ("1", WIDTH / 2), ("2", 2 * WIDTH / 3), ("∞", WIDTH)):
        anchor = "start" if x == 0 else "end" if x == WIDTH else "middle"
        pieces.append(
            f'<text x="{x:.1f}" y="48" font-size="18" fill="currentColor" text-anchor="{anchor}">{text}</text>'
        )
    rows = [(cell, _leaders(record, cell)) for cell in record.cells]
    legend = [(colour[said], said) for said in sets]
    return StepsFigure(record, Markup("".join(pieces)), legend, rows[:MOST_ROWS], max(0, len(rows) - MOST_ROWS))


def _at(alpha: float) -> float:
    return WIDTH * alpha / (1 + alpha)


def _leaders(record: StepsRecord, cell: StepCellRecord) -> str:
    if cell.leaders is None:
        return "undecided"
    names = [record.labels[i] if record.labels else str(i) for i in cell.leaders]
    return f"leaders {', '.join(names) or 'none'}"
