"""The disc of all A in the plane as a picture: one colour a set of leaders, one shape a cell.

A = [[1 + x, y], [y, 1 − x]] is drawn at (x, y). Walls and corners are lines and points; those whose set of leaders no
polygon has are drawn boldly, in its colour.

Neighbours: `run_page` puts it on the page, `templates/atlas.js` moves the pointer; `atlas_record` is what it shows.
"""

import colorsys
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from ..printable import printable
from ..records.atlas_record import AtlasRecord, AtlasSetRecord

CENTRE, RADIUS, MOST_ROWS = 200, 190, 60
_UNDECIDED = "#9a9a9a"


@dataclass(frozen=True, slots=True)
class AtlasFigure:
    """A disc, the rows of its table (colour, who leads, the set), and what the page's script needs."""

    record: AtlasRecord
    content: Markup
    rows: list[tuple[str, str, AtlasSetRecord]]
    more: int
    data: dict[str, Any]


def atlas_figure(record: AtlasRecord, number: int) -> AtlasFigure:
    """The disc of one configuration.

    Args:
        record: its cells.
        number: of the figure on its page.
    """
    said = [_leaders(record, one) for one in record.sets]
    colours = [_UNDECIDED if one.leaders is None else _colour(k) for k, one in enumerate(record.sets)]
    polygons: list[list[str]] = [[] for _ in said]
    walls: list[list[str]] = [[] for _ in said]
    corners: list[list[str]] = [[] for _ in said]
    for cell in record.cells:
        places = [f"{CENTRE + RADIUS * x:.1f} {CENTRE - RADIUS * y:.1f}" for x, y in cell.corners]
        if len(places) > 2:
            polygons[cell.set].append(f'<polygon points="{" ".join(places)}"/>')
        elif len(places) == 2:
            walls[cell.set].append(f"M{places[0]}L{places[1]}")
        else:
            corners[cell.set].append(places[0])
    drawn = []
    for k, shapes in enumerate(polygons):
        title = f"<title>{escape(said[k])}</title>"
        if shapes:
            drawn.append(f'<g class="cells" fill="{colours[k]}" data-set="{k}">{title}{"".join(shapes)}</g>')
    plain = "".join(path for k, paths in enumerate(walls) for path in paths if polygons[k])
    drawn.append(f'<path class="wall" d="{plain}"/>')
    for k, shapes in enumerate(polygons):
        title = f"<title>{escape(said[k])}</title>"
        if walls[k] and not shapes:
            drawn.append(f'<path class="bold" stroke="{colours[k]}" d="{"".join(walls[k])}">{title}</path>')
        if corners[k] and not shapes and not walls[k]:
            places = (place.split() for place in corners[k])
            dots = "".join(f'<circle cx="{x}" cy="{y}" r="4"/>' for x, y in places)
            drawn.append(f'<g fill="{colours[k]}">{title}{dots}</g>')
    circle = f'cx="{CENTRE}" cy="{CENTRE}" r="{RADIUS}"'
    clip = f'<clipPath id="atlas-{number}"><circle {circle}/></clipPath><g clip-path="url(#atlas-{number})">'
    content = Markup(f'{clip}{"".join(drawn)}</g><circle class="rim" {circle}/>')
    data = {
        "tokens": record.tokens,
        "weights": record.multiplicities,
        "alpha": record.alpha,
        "names": _names(record),
        "sets": said,
    }
    rows = list(zip(colours, said, record.sets, strict=True))
    return AtlasFigure(record, content, rows[:MOST_ROWS], max(0, len(rows) - MOST_ROWS), data)


def _colour(k: int) -> str:
    """Far from those before it: hues by the golden ratio."""
    parts = colorsys.hls_to_rgb((0.58 + 0.618034 * k) % 1, (0.5, 0.66, 0.38, 0.58, 0.44)[k % 5], 0.5)
    return "#" + "".join(f"{round(255 * v):02x}" for v in parts)


def _names(record: AtlasRecord) -> list[str]:
    return [printable(name) for name in record.labels or map(str, range(len(record.tokens)))]


def _leaders(record: AtlasRecord, one: AtlasSetRecord) -> str:
    if one.leaders is None:
        return "undecided"
    names = [_names(record)[i] for i in one.leaders]
    return f"leaders {', '.join(names) or 'none'}"
