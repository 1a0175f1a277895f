"""The page of the movie-review classifier: what the evidence supports and what not, and one review taken apart.

One self-contained file: style and script inline, allowed by hash alone; every text of a record is escaped.

Neighbours: `sentiment_record` is the record, `templates/sentiment.html.j2` the layout, `page_parts` what all pages
share.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, hypot
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup

from ..formats.exact_text import at_most
from ..printable import path_text
from ..records.codec import loads
from ..records.files import write_file
from ..records.sentiment_record import (
    ComparisonRecord,
    EstimateRecord,
    ExampleRecord,
    SentimentClaimRecord,
    SentimentRecord,
)
from ..records.store import GIVE_OUT, read_bytes
from . import page_parts

RECORD = "sentiment.json"
PAGE = "sentiment.html"
SIZE = 560
EDGE = 40
FOREST = 220
"""Width of the picture of one interval, in user units."""

WORDS = {"supported": "supported", "not_supported": "not supported", "refuted": "refuted"}
CLASSES = {"supported": "good", "not_supported": "open", "refuted": "bad"}


@dataclass(frozen=True, slots=True)
class Dot:
    """A word on the picture.

    Args:
        x, y: its place.
        radius: by how often it occurs.
        word: its label.
        leads: whether it is a leader.
        positive: on which side of the decision line it lies.
    """

    x: float
    y: float
    radius: float
    word: str
    leads: bool
    positive: bool


@dataclass(frozen=True, slots=True)
class SentimentFrame:
    """One layer of the picture: its words, and the mean of all tokens, which decides."""

    layer: int
    dots: tuple[Dot, ...]
    mean: Dot


@dataclass(frozen=True, slots=True)
class Picture:
    """The example at d = 2, layer by layer, with the decision line ⟨v, z⟩ + b = 0 as (x1, y1, x2, y2)."""

    size: int
    frames: tuple[SentimentFrame, ...]
    line: tuple[float, float, float, float] | None


@dataclass(frozen=True, slots=True)
class Interval:
    """A comparison's interval on a common scale: `zero`, `low`, `high` and `mean` as places from 0 to FOREST."""

    zero: float
    low: float
    high: float
    mean: float


def read_record(folder: Path) -> SentimentRecord:
    """The record of a run.

    Raises:
        RecordError: it is missing, damaged or of another version.
    """
    path = Path(folder) / RECORD
    return loads(SentimentRecord, read_bytes(path, GIVE_OUT), path_text(path))


def write_page(folder: Path) -> Path:
    """Write the page of the run in `folder` beside its record, and return its path.

    Raises:
        RecordError: the record cannot be read.
        OSError: the page cannot be written; it is as it was.
    """
    path = Path(folder) / PAGE
    write_file(path, render(read_record(folder)))
    return path


def render(record: SentimentRecord) -> str:
    """The page, as text; equal records give equal text."""
    style, script = page_parts.asset("page.css") + page_parts.asset("sentiment.css"), page_parts.asset("sentiment.js")
    return (
        environment()
        .get_template("sentiment.html.j2")
        .render(
            record=record,
            counts=Counter(claim.verdict for claim in record.claims),
            parts={verdict: _labels(record, verdict) for verdict in WORDS},
            unmeasured=[claim for claim in record.claims if not claim.parts],
            picture=picture(record.example),
            histogram_scale=max((max(row.histogram.values(), default=1) for row in record.leaders), default=1),
            policy=page_parts.content_policy(style, script),
            style=Markup(style),
            script=Markup(script),
        )
    )


def _labels(record: SentimentRecord, verdict: str) -> list[tuple[SentimentClaimRecord, list[str]]]:
    """The claims with parts of this verdict, and the labels of those parts."""
    found = [(c, [part.label for part in c.parts if part.verdict == verdict]) for c in record.claims]
    return [(claim, labels) for claim, labels in found if labels]


def environment() -> Environment:
    """The template environment of the other page, with this one's words and filters."""
    shared = page_parts.environment().overlay()
    shared.filters.update(estimate=estimate, interval=interval, percent=lambda x: f"{100 * x:.1f} %")
    shared.filters.update(at_least=lambda x: f"{floor(1000 * x) / 10:.1f} %", at_most=at_most)
    shared.globals.update(WORDS=WORDS, CLASSES=CLASSES, FOREST=FOREST)
    return shared


def estimate(value: EstimateRecord | None, digits: int = 3) -> str:
    """A mean with half its interval, "–" if nothing was measured."""
    if value is None:
        return "–"
    if value.low is None or value.high is None or value.low == value.high:  # one seed, or a fixed number
        return f"{value.mean:.{digits}f}"
    return f"{value.mean:.{digits}f} ± {(value.high - value.low) / 2:.{digits}f}"


def interval(comparison: ComparisonRecord, comparisons: Sequence[ComparisonRecord]) -> Interval | None:
    """The interval of one comparison, on the scale of all those of its part; None for one seed."""
    edges = [0.0]
    for one in comparisons:
        d = one.difference
        edges += [d.mean, *(x for x in (d.low, d.high) if x is not None)]
    low, high = min(edges), max(edges)
    d = comparison.difference
    if d.low is None or d.high is None or low == high:
        return None

    def place(x: float) -> float:
        return round(10 + (FOREST - 20) * (x - low) / (high - low), 1)

    return Interval(place(0.0), place(d.low), place(d.high), place(d.mean))


def picture(example: ExampleRecord) -> Picture | None:
    """The picture of the example; None unless d = 2."""
    if len(example.direction) != 2:
        return None
    points = [(p[0], p[1]) for layer in example.layers for p in layer]
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    half = max(max(xs) - min(xs), max(ys) - min(ys), 1e-9) / 2
    cx, cy = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
    scale = (SIZE / 2 - EDGE) / half

    def screen(x: float, y: float) -> tuple[float, float]:
        return round(SIZE / 2 + scale * (x - cx), 1), round(SIZE / 2 - scale * (y - cy), 1)

    leaders = {word for cluster in example.clusters for word in cluster.leaders}
    v, b, n = example.direction, example.bias, sum(example.counts)
    frames = []
    for k, layer in enumerate(example.layers):
        dots = tuple(
            Dot(
                *screen(p[0], p[1]),
                radius=round(3.5 + 1.5 * (count - 1) ** 0.5, 1),
                word=word,
                leads=word in leaders,
                positive=v[0] * p[0] + v[1] * p[1] + b > 0,
            )
            for p, word, count in zip(layer, example.words, example.counts, strict=True)
        )
        mean = [sum(count * p[c] for p, count in zip(layer, example.counts, strict=True)) / n for c in (0, 1)]
        above = v[0] * mean[0] + v[1] * mean[1] + b > 0
        frames.append(SentimentFrame(k, dots, Dot(*screen(*mean), radius=6, word="mean", leads=False, positive=above)))
    return Picture(SIZE, tuple(frames), _decision_line(v, b, (cx, cy), SIZE / scale, screen))


def _decision_line(
    v: Sequence[float],
    b: float,
    centre: tuple[float, float],
    length: float,
    screen: Callable[[float, float], tuple[float, float]],
) -> tuple[float, float, float, float] | None:
    """A stretch of ⟨v, z⟩ + b = 0, `length` to both sides of its point nearest to `centre`; the picture cuts it off."""
    norm = hypot(*v)
    if norm == 0:
        return None
    x, y = v[0] / norm, v[1] / norm
    away = x * centre[0] + y * centre[1] + b / norm
    foot = centre[0] - away * x, centre[1] - away * y
    (x1, y1), (x2, y2) = (screen(foot[0] - s * length * y, foot[1] + s * length * x) for s in (-1, 1))
    return x1, y1, x2, y2
