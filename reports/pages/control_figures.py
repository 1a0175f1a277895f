"""Figures of `hardmax control` in the plane: the ellipse of A among the tokens, and the disc of all A.

Up to a positive factor every symmetric positive definite A is ((1 + p, q), (q, 1 − p)) with p² + q² < 1, a point of the
open unit disc. An inequality ⟨A, M⟩ > 0 is a half-plane there: those of an exclusion have no common point in the disc.

Neighbours: `svg` draws trajectories, `run_page` puts all figures on the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import acos, atan2, cos, hypot, pi, sin

import numpy as np
from markupsafe import Markup

from ..printable import isolated, one_line
from ..records.control_record import ControlledRecord, ControlRecord, FormRecord, MultiplierRecord
from .geometry import scaled
from .svg import drawn, placed

SIZE = 360
MOST = 6
"""Configurations and exclusions that are pictured."""
_COLOURS = 5


@dataclass(frozen=True, slots=True)
class ControlFigure:
    """A figure with what it shows, in words."""

    content: Markup
    caption: str


def figures(record: ControlRecord) -> list[ControlFigure]:
    """What can be drawn of an answer: nothing unless the tokens lie in a plane."""
    if any(len(one.tokens[0]) != 2 for one in record.inputs):
        return []
    found = [_among_tokens(record, one) for one in record.inputs[:MOST]]
    forms = record.whomever or ((),) * len(record.excluded)
    found += [_disc(record, [*y, *N]) for y, N in zip(record.excluded[:MOST], forms[:MOST], strict=True)]
    return found if record.excluded or record.A is None else [*found, _disc(record, ())]


def _named(one: ControlledRecord, i: int) -> str:
    return one_line(one.labels[i]) if one.labels else str(i)


def _list(one: ControlledRecord, tokens: Sequence[int]) -> str:
    return ", ".join(_named(one, i) for i in tokens) or "none"


def _among_tokens(record: ControlRecord, one: ControlledRecord) -> ControlFigure:
    """The tokens, who leads before and after, the circle of A = I and the ellipse xᵀAx = constant."""
    (tokens,), _ = scaled([one.tokens])
    reach, half = 1.25, SIZE / 2

    def at(x: float, y: float) -> tuple[float, float]:
        return half + half * x / reach, half - half * y / reach

    pieces = [f'<path class="origin" d="M{half - 6:.1f} {half}H{half + 6:.1f}M{half} {half - 6:.1f}V{half + 6:.1f}"/>']
    radius = half / reach * float(np.median(np.hypot(*tokens.T)))
    pieces.append(f'<circle class="unit" cx="{half}" cy="{half}" r="{radius:.1f}"/>')
    if record.A is not None and one.after is not None:
        A = np.array([[float(Fraction(v)) for v in row] for row in record.A])
        sizes, vectors = np.linalg.eigh(A / np.abs(A).max())
        axes = radius * np.sqrt(np.sqrt(sizes.prod()) / sizes)  # the same area as the circle
        turn = -np.degrees(atan2(vectors[1, 0], vectors[0, 0]))
        pieces.append(
            f'<ellipse class="ellipse" cx="{half}" cy="{half}" rx="{axes[0]:.1f}" ry="{axes[1]:.1f}" '
            f'transform="rotate({turn:.2f} {half} {half})"/>'
        )
    leads = one.before if one.after is None else one.after
    named: list[tuple[tuple[float, float], str, bool]] = []
    for i, (x, y) in enumerate(tokens.tolist()):
        px, py = at(x, y)
        shape = " ".join(["token", *(["leader"] if i in leads else []), *(["marked"] if i in one.asked else [])])
        pieces.append(
            f'<g class="{shape}" transform="translate({px:.1f} {py:.1f})"><circle class="ring" r="11"/>'
            '<circle class="dot" r="4.5"/><rect class="box" x="-5.5" y="-5.5" width="11" height="11"/></g>'
        )
        named.append(((px, py), isolated(_named(one, i)[:18]), i in one.asked or i in leads))
    pieces.append(drawn(placed(named, SIZE, [(x - 6, y - 6, x + 6, y + 6) for (x, y), _, _ in named])))
    after = "" if one.after is None else f" With the A found (ellipse): {_list(one, one.after)}."
    caption = (
        f"{one_line(one.input)}: asked to lead (ringed): {_list(one, one.asked)}. "
        f"Leaders at layer 0 with A = I (circle): {_list(one, one.before)}.{after}"
    )
    return ControlFigure(Markup("".join(pieces)), caption)


def _disc(record: ControlRecord, exclusion: Sequence[MultiplierRecord | FormRecord]) -> ControlFigure:
    """The disc of all A, with the half-planes of an exclusion or the point of the A found."""
    centre, radius = SIZE / 2, SIZE * 0.44
    pieces = [f'<circle class="unit" cx="{centre}" cy="{centre}" r="{radius:.1f}"/>']
    lines = []
    for number, m in enumerate(exclusion):
        constant, p, q = _half_plane(record, m)
        length = hypot(p, q)
        word = _inequality(record, m) + (f", y = {m.y}" if isinstance(m, MultiplierRecord) else "")
        if constant > -length:  # some A satisfies it
            pieces.append(_segment(constant, p, q, centre, radius, f"half half-{number % _COLOURS}"))
        else:
            word += " (no A satisfies it)"
        lines.append(word)
    if record.A is not None and not exclusion:
        (a, b), (_, c) = ([float(Fraction(v)) for v in row] for row in record.A)
        x, y = centre + radius * (a - c) / (a + c), centre - radius * 2 * b / (a + c)
        pieces.append(f'<circle class="found" cx="{x:.1f}" cy="{y:.1f}" r="5"/>')
        lines.append("the A found")
    pieces.append(f'<path class="origin" d="M{centre - 4} {centre}H{centre + 4}M{centre} {centre - 4}V{centre + 4}"/>')
    what = "No point is in all of these half-planes: " if exclusion else "In it: "
    return ControlFigure(
        Markup("".join(pieces)),
        f"The disc of all symmetric positive definite A of trace 2 (cross: A = I). {what}{'; '.join(lines)}.",
    )


def _half_plane(record: ControlRecord, m: MultiplierRecord | FormRecord) -> tuple[float, float, float]:
    """c_0, c_1, c_2 of c_0 + c_1 p + c_2 q > 0, in convenient units."""
    if isinstance(m, FormRecord):
        (a, b), (_, c) = ([Fraction(v) for v in row] for row in m.form)
        exact = (a + c, a - c, 2 * b)
    else:
        tokens = [[Fraction(v) for v in row] for row in record.inputs[m.input].tokens]
        x, u = tokens[m.token], [a - b for a, b in zip(tokens[m.target], tokens[m.other], strict=True)]
        exact = (x[0] * u[0] + x[1] * u[1], x[0] * u[0] - x[1] * u[1], x[0] * u[1] + x[1] * u[0])
    size = max(map(abs, exact)) or Fraction(1)
    constant, p, q = (float(v / size) for v in exact)
    return constant, p, q


def _segment(constant: float, p: float, q: float, centre: float, radius: float, name: str) -> str:
    """The part of the disc on the side where c_0 + c_1 p + c_2 q > 0."""
    opening = acos(max(-1.0, min(1.0, -constant / hypot(p, q)))) if hypot(p, q) else pi
    if opening >= pi:
        return f'<circle class="{name}" cx="{centre}" cy="{centre}" r="{radius:.1f}"/>'
    middle = atan2(q, p)
    ends = [(centre + radius * cos(t), centre - radius * sin(t)) for t in (middle - opening, middle + opening)]
    (ax, ay), (bx, by) = ends
    large = int(opening > pi / 2)
    return f'<path class="{name}" d="M{ax:.1f} {ay:.1f}A{radius:.1f} {radius:.1f} 0 {large} 0 {bx:.1f} {by:.1f}Z"/>'


def _inequality(record: ControlRecord, m: MultiplierRecord | FormRecord) -> str:
    one = record.inputs[m.input]
    if isinstance(m, FormRecord):
        return f"whomever {_named(one, m.token)} follows"
    i, j, p = (_named(one, k) for k in (m.token, m.target, m.other))
    return f"{i} leads before {p}" if m.token == m.target else f"{i} follows {j} rather than {p}"
