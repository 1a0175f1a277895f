"""The gap-versus-layer plot: how near the follow sets are to a change, against the error bound of a float kernel.

Neighbours: `svg` draws the tokens; the page's script only moves the cursor of this figure.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

from ..formats.exact_text import decimal
from ..records.record import CounterexampleRecord, ResultRecord

WIDTH, HEIGHT = 480, 190
LEFT, RIGHT, TOP, BOTTOM = 44, 14, 30, 34
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class GapPlot:
    """The plot's content, and where layer k is: x = start + k · step, for the cursor."""

    content: Markup
    start: float
    step: float


def gap_plot(record: CounterexampleRecord | ResultRecord) -> GapPlot | None:
    """The plot of log10 of the smallest gap over the layers; None if no layer has a gap."""
    trajectory = record.trajectory
    if trajectory is None:
        return None
    gaps = {k: _log10(g) for k, g in enumerate(trajectory.gaps) if g is not None and decimal(g) > 0}
    if not gaps:
        return None
    bounds = {k: _log10(b) for k, b in enumerate(trajectory.bounds or ()) if decimal(b) > 0}
    last = max(len(trajectory.layers) - 1, 1)
    values = [*gaps.values(), *bounds.values()]
    low, high = int(min(values) // 1), int(-(-max(values) // 1))
    high = max(high, low + 1)
    step = (WIDTH - LEFT - RIGHT) / last

    def x(k: float) -> str:
        return f"{LEFT + k * step:.1f}"

    def y(value: float) -> str:
        return f"{TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM):.1f}"

    pieces = ['<g class="grid">']
    for power in range(low, high + 1, max(1, -(-(high - low) // 5))):
        raised = str(power).translate(_RAISED)
        pieces.append(
            f'<path d="M{LEFT} {y(power)}H{WIDTH - RIGHT}"/><text x="4" y="{y(power - 0.02)}">10{raised}</text>'
        )
    for k in range(0, last + 1, max(1, -(-last // 10))):
        pieces.append(f'<text x="{x(k)}" y="{HEIGHT - 18}">{k}</text>')
    pieces.append("</g>")
    pieces.append(f'<text class="note" x="{LEFT}" y="{HEIGHT - 3}">layer</text>')
    pieces.append(f'<text class="note" x="4" y="12">smallest gap (line with dots){_bound_key(bounds)}</text>')
    for layer, text in _marks(record):
        if layer <= last:
            pieces.append(f'<path class="mark" d="M{x(layer)} {TOP}V{HEIGHT - BOTTOM}"/>')
            right = LEFT + layer * step > WIDTH - RIGHT - 60
            place = f'x="{LEFT + layer * step:.1f}" y="{TOP - 5}"'  # above the plot, where no line crosses it
            anchor = "end" if right else "start"
            pieces.append(f'<text class="note" {place} text-anchor="{anchor}">{text}</text>')
    pieces.append(f'<path class="cursor" d="M0 {TOP}V{HEIGHT - BOTTOM}" transform="translate({LEFT} 0)"/>')
    pieces.append(f'<path class="gap" d="{_curve(gaps, x, y)}"/>')
    pieces.extend(f'<circle class="gap-point" cx="{x(k)}" cy="{y(v)}" r="3"/>' for k, v in gaps.items())
    if bounds:
        pieces.append(f'<path class="bound" d="{_curve(bounds, x, y)}"/>')
    return GapPlot(Markup("".join(pieces)), float(LEFT), round(step, 3))


def _log10(value: str) -> float:
    """log10 of a positive exact number of any size."""
    size: Decimal = decimal(value)
    return float(size.log10())


def _curve(points: dict[int, float], x: Callable[[float], str], y: Callable[[float], str]) -> str:
    """Line segments between neighbouring layers; a layer without a value interrupts the line."""
    pieces = []
    for k, value in points.items():
        pieces.append(f"{'L' if k - 1 in points else 'M'}{x(k)} {y(value)}")
    return "".join(pieces)


def _bound_key(bounds: dict[int, float]) -> str:
    return ", float error bound (dashed)" if bounds else ""


def _marks(record: CounterexampleRecord | ResultRecord) -> list[tuple[int, str]]:
    """The layers that the plot names."""
    marks = [] if record.freeze_layer is None else [(record.freeze_layer, "frozen")]
    if isinstance(record, CounterexampleRecord) and record.layer is not None and record.layer != record.freeze_layer:
        marks.append((record.layer, "fails"))
    return marks
