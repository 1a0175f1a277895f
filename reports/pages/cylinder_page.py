"""The page of the flow past a cylinder: the conclusion, the cycle with its leaders, every claim with its rivals.

One self-contained file: style and script inline, allowed by hash alone; every text of a record is escaped.

Neighbours: `cylinder_record` is the record, `templates/cylinder.html.j2` the layout, `page_parts` what all pages share.
"""

from base64 import b64decode
from collections.abc import Sequence
from math import log10
from pathlib import Path

from markupsafe import Markup

from ..records.codec import RecordError, loads
from ..records.cylinder_record import CountRecord, CylinderRecord
from ..records.files import write_file
from ..records.store import read_bytes
from . import page_parts

RECORD, PAGE = "cylinder.json", "cylinder.html"
WIDTH, HEIGHT, EDGE = 560, 220, 34
CLASSES = {"supported": "good", "not_supported": "open", "refuted": "bad"}
WORDS = {"supported": "supported", "not_supported": "not supported", "refuted": "refuted"}


def write_page(folder: str | Path) -> Path:
    """Write the page of the run in `folder` beside its record, and return its path.

    Raises:
        RecordError: the record cannot be read.
        OSError: the page cannot be written; it is as it was.
    """
    path = Path(folder) / PAGE
    write_file(path, render(loads(CylinderRecord, read_bytes(Path(folder) / RECORD), RECORD)))
    return path


def render(record: CylinderRecord) -> str:
    """The page, as text; equal records give equal text."""
    for picture in record.frames:  # they stand in the address of an image
        if not b64decode(picture, validate=True).startswith(b"\x89PNG"):
            raise RecordError("a frame is no PNG picture")
    style, script = page_parts.asset("page.css") + page_parts.asset("cylinder.css"), page_parts.asset("cylinder.js")
    policy = page_parts.content_policy(style, script) + "; img-src data:"
    shared = page_parts.environment().overlay()
    shared.globals.update(WORDS=WORDS, CLASSES=CLASSES, WIDTH=WIDTH, HEIGHT=HEIGHT, EDGE=EDGE)
    return shared.get_template("cylinder.html.j2").render(
        record=record,
        energy=line(record.curve.energy),
        lift=line(record.curve.lift) if record.curve.lift else "",
        leaders=[(across(s), height(record.curve.energy, s)) for s in record.curve.leaders],
        zeros=[(across(s), height(record.curve.energy, s), share, top) for s, share, top in record.curve.zeros],
        rates=rates(record.windows),
        policy=policy,
        style=Markup(style),
        script=Markup(script),
    )


def across(share: float) -> float:
    """x of a share of the cycle."""
    return round(EDGE + (WIDTH - 2 * EDGE) * share, 1)


def height(values: Sequence[float], share: float) -> float:
    """y of a curve at a share of the cycle."""
    low, high = min(values), max(values)
    n = len(values)
    place = share * n
    i, part = int(place) % n, place % 1
    value = values[i] * (1 - part) + values[(i + 1) % n] * part
    return round(HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (value - low) / ((high - low) or 1), 1)


def line(values: Sequence[float]) -> str:
    """A closed curve over the cycle, as the points of a polyline."""
    n = len(values)
    return " ".join(f"{across(k / n)},{height(values, (k % n) / n)}" for k in range(n + 1))


def rates(windows: Sequence[CountRecord]) -> list[tuple[str, str, float | None]]:
    """For each window its name, leaders against snapshots as a polyline, and y of the prediction; both axes log."""
    low, high = log10(10), log10(4000)

    def place(v: float, length: int) -> float:
        return EDGE + (length - 2 * EDGE) * (log10(max(v, 10**0.5)) - (low if length == WIDTH else 0.5)) / (
            (high - low) if length == WIDTH else 3.1
        )

    return [
        (
            c.name,
            " ".join(f"{place(n, WIDTH):.1f},{HEIGHT - place(top, HEIGHT):.1f}" for n, _, top in c.counts),
            None if c.predicted is None else round(HEIGHT - place(c.predicted, HEIGHT), 1),
        )
        for c in windows
    ]
