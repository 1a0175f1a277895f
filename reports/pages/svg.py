"""One layer of a scene as SVG. The page's script computes the same parts when it moves the tokens.

Every picture is SIZE x SIZE user units. Meaning never rests on colour alone: leaders are squares, tokens circles,
cluster points diamonds, the token that breaks a claim wears a ring; colours are those of Okabe and Ito.

Neighbours: `scene` says what is shown, `gap_plot` draws the other figure, `templates/figure.css` has the colours.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from math import ceil, floor, hypot, log10

from markupsafe import Markup, escape

from ..printable import isolated
from .geometry import ScenePoint
from .scene import Scene

SIZE = 480
LINE = (150, 180)
"""Of the square, the rows (first, how many) that show tokens on a line."""
NEAR = 18.0
"""Arrows shorter than this are left out: their tokens cover them."""
MERGE = 16.0
"""Labels of tokens nearer than this stand together."""
PLACES = ((9, -9), (-9, -9), (9, 17), (-9, 17))
"""Where a label may stand from its token, in the order in which places are tried."""
LETTER = 7.2
"""The width of a letter, about."""
AXES, AXIS = (46.0, 434.0), 34.0
"""Where the axes of a picture of space meet, and how long they are."""
MAX_LABELLED = 24
"""With more tokens only leaders and the tokens that break a claim have labels."""
RING, DOT = '<circle class="ring" r="13"/>', '<circle class="dot" r="5"/>'
BOX = '<rect class="box" x="-6" y="-6" width="12" height="12"/>'

Screen = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Token:
    """A token on the screen: its place and the classes that give its shape."""

    at: Screen
    classes: str


@dataclass(frozen=True, slots=True)
class TextLabel:
    """A text on the screen; `end` where it stands to the left of its token."""

    at: Screen
    text: str
    end: bool


@dataclass(frozen=True, slots=True)
class Parts:
    """What changes from layer to layer: path data by class, tokens and labels."""

    paths: dict[str, str]
    tokens: tuple[Token, ...]
    labels: tuple[TextLabel, ...]


def parts(scene: Scene, k: int) -> Parts:
    """The moving parts of frame k of a scene."""
    frame = scene.frames[k]

    def screen(points: Iterable[ScenePoint]) -> list[Screen]:
        return [_on_screen(scene, p) for p in points]

    at, corners = screen(frame.points), screen(scene.vertices)
    trails = [screen([f.points[i] for f in scene.frames[: k + 1]]) for i in range(len(at))]
    arrows = [
        _arrow(at[i], at[j], scene.d == 1) if i != j else _loop(at[i])
        for i, C in enumerate(frame.follow_sets)
        if C != (i,)
        for j in C
    ]
    origin, wrong = screen([scene.origin])[0] if scene.origin else None, scene.misplaced
    paths = {
        "k-fill": _closed(corners, scene) if scene.d != 3 else "",
        "k-edge": _segments((corners[a], corners[b]) for a, b in scene.edges),
        "face": _segments((corners[a], corners[b]) for face in scene.faces for a, b in face.edges),
        "projection": _segments((origin, p) for p in screen([f.point for f in scene.faces])) if origin else "",
        "trail": "".join(_line(points) for points in trails) if k else "",
        "hull": _segments((at[a], at[b]) for a, b in frame.hull),
        "arrow": "".join(arrows),
        "origin": _cross(origin) if origin else "",
        "misplaced": _elsewhere(at[wrong.token], *screen([wrong.point])) if wrong and wrong.frame == k else "",
        "cluster": "".join(_diamond(p) for p in screen(scene.cluster_points)),
        "axis": _segments((AXES, tip) for tip in _axes(scene)),
    }
    layer = int(frame.name) if frame.name.isdecimal() else None
    tokens = tuple(Token(p, _classes(scene, i, layer)) for i, p in enumerate(at))
    return Parts(paths, tokens, tuple(_labels(scene, tokens)))


def _on_screen(scene: Scene, p: ScenePoint) -> Screen:
    scale = SIZE / 2 / scene.half_width
    x, y = scene.camera.screen((p[0] - scene.centre[0], p[1] - scene.centre[1], p[2] - scene.centre[2]))
    return SIZE / 2 + scale * x, SIZE / 2 - scale * y


def _classes(scene: Scene, i: int, layer: int | None) -> str:
    leads = i in scene.leaders and (layer is None or scene.leaders[i] <= layer)
    return " ".join(["token", *(["leader"] if leads else []), *(["marked"] if i in scene.marked else [])])


def many(scene: Scene) -> str:
    """The class of pictures of many tokens, whose marks are small; with a space before it."""
    return " many" if len(scene.labels) > MAX_LABELLED else ""


def _axes(scene: Scene) -> list[Screen]:
    """The tips of the three axes in the corner of a picture of space; none for other dimensions."""
    if scene.d != 3:
        return []
    seen = [scene.camera.screen(e) for e in ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))]
    return [(AXES[0] + AXIS * x, AXES[1] - AXIS * y) for x, y in seen]


def _labels(scene: Scene, tokens: Sequence[Token]) -> list[TextLabel]:
    """One label for every group of tokens that stand together, where it covers no other; those of leaders first.

    A label without a free place is left out, but for those of leaders and of the tokens that break a claim.
    """
    groups: list[tuple[Screen, list[str]]] = []
    special: set[Screen] = set()
    for i, token in enumerate(tokens):
        if len(tokens) > MAX_LABELLED and token.classes == "token":
            continue
        text = isolated(scene.labels[i] if len(scene.labels[i]) <= 18 else scene.labels[i][:17] + "…")
        for at, names in groups:
            if hypot(at[0] - token.at[0], at[1] - token.at[1]) < MERGE:
                names.append(text)
                break
        else:
            at = token.at
            groups.append((at, [text]))
        if token.classes != "token":
            special.add(at)
    axes = [TextLabel((x + 3, y + 4), name, False) for (x, y), name in zip(_axes(scene), "xyz", strict=False)]
    named = [
        (at, ", ".join(names[:3]) + (f" +{len(names) - 3}" if len(names) > 3 else ""), at in special)
        for at, names in groups
    ]
    return [*axes, *placed(named, SIZE)]


def placed(named: Iterable[tuple[Screen, str, bool]], size: float, taken: Iterable[Box] = ()) -> list[TextLabel]:
    """Labels beside their places, so that none covers another one or what is taken.

    A label without a free place is left out, unless it is marked as special; special ones come first.
    """
    covered, result = list(taken), []
    for (x, y), text, special in sorted(named, key=lambda label: not label[2]):
        width = LETTER * len(text)
        boxes = [
            (x + dx - (width if dx < 0 else 0), y + dy - 11, x + dx + (width if dx > 0 else 0), y + dy + 3)
            for dx, dy in PLACES
        ]
        free = [k for k, box in enumerate(boxes) if box[0] >= 0 and box[2] <= size and not _covers(box, covered)]
        if not free and not special:
            continue
        k = free[0] if free else 1 if x > size * 0.8 else 0
        covered.append(boxes[k])
        dx, dy = PLACES[k]
        result.append(TextLabel((x + dx, y + dy), text, dx < 0))
    return result


def _covers(box: Box, taken: Iterable[Box]) -> bool:
    """Whether a box lies over one of the others."""
    return any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken)


def _number(x: float) -> str:
    return f"{x + 0.0:.1f}".replace("-0.0", "0.0")


def _at(p: Screen) -> str:
    return f"{_number(p[0])} {_number(p[1])}"


def _line(points: Sequence[Screen]) -> str:
    return "M" + "L".join(map(_at, points))


def _segments(pairs: Iterable[tuple[Screen, Screen]]) -> str:
    return "".join(_line(pair) for pair in pairs)


def _closed(corners: Sequence[Screen], scene: Scene) -> str:
    """The polygon K: its edges chained into one outline."""
    neighbours: dict[int, list[int]] = {}
    for a, b in scene.edges:
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    if len(scene.edges) < 3:
        return ""
    start = previous = scene.edges[0][0]
    here, outline = neighbours[start][0], [start]
    while here != start:
        outline.append(here)
        previous, here = here, next(c for c in neighbours[here] if c != previous)
    return _line([corners[c] for c in outline]) + "Z"


def _arrow(a: Screen, b: Screen, bent: bool) -> str:
    """An arrow from token to token, with its head; an arc where all tokens stand on one line."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = hypot(dx, dy)
    if length < NEAR:
        return ""
    ux, uy = dx / length, dy / length
    if bent:
        middle = ((a[0] + b[0]) / 2, a[1] - dx * 0.35)
        ux, uy = b[0] - middle[0], b[1] - middle[1]
        length = hypot(ux, uy)
        ux, uy = ux / length, uy / length
        tip = (b[0] - 8 * ux, b[1] - 8 * uy)
        shaft = f"M{_at(a)}Q{_at(middle)} {_at(tip)}"
    else:
        tip = (b[0] - 9 * ux, b[1] - 9 * uy)
        shaft = _line([(a[0] + 6 * ux, a[1] + 6 * uy), tip])
    left = (tip[0] - 7 * ux - 3.5 * uy, tip[1] - 7 * uy + 3.5 * ux)
    right = (tip[0] - 7 * ux + 3.5 * uy, tip[1] - 7 * uy - 3.5 * ux)
    return shaft + _line([left, tip, right])


def _loop(p: Screen) -> str:
    """The mark of a token that follows itself among others."""
    return f"M{_at((p[0] - 3, p[1] - 5))}c-8 -15 14 -15 6 0"


def _cross(p: Screen) -> str:
    x, y = p
    return _segments([((x - 7, y), (x + 7, y)), ((x, y - 7), (x, y + 7))])


def _elsewhere(right: Screen, wrong: Screen) -> str:
    """A line from where a token belongs to a cross where it was put."""
    x, y = wrong
    arms = [((x - 8, y - 8), (x + 8, y + 8)), ((x - 8, y + 8), (x + 8, y - 8))]
    return _segments([(right, wrong), *arms])


def _diamond(p: Screen) -> str:
    x, y = p
    return _line([(x, y - 12), (x + 12, y), (x, y + 12), (x - 12, y)]) + "Z"


def window(scene: Scene) -> tuple[int, int, int, int]:
    """The viewBox of a scene's pictures: x, y, width, height."""
    return (0, LINE[0], SIZE, LINE[1]) if scene.d == 1 else (0, 0, SIZE, SIZE)


def grid(scene: Scene) -> Markup:
    """Grid lines with their values, for d ≤ 2; axes named and nothing else for more dimensions."""
    if scene.d > 2:
        return Markup("")
    unit, pieces = scene.unit, []
    _, top, _, height = window(scene)
    for axis in range(scene.d):
        low, high = (Decimal(scene.centre[axis] + side * scene.half_width) * unit for side in (-1, 1))
        step = _nice((high - low) / 5)
        for m in range(ceil(low / step), floor(high / step) + 1):
            value = m * step
            p = [scene.centre[0], scene.centre[1], 0.0]
            p[axis] = float(value / unit)
            x, y = _on_screen(scene, (p[0], p[1], p[2]))
            text = f"{value.normalize():f}" if abs(step.adjusted()) < 5 else f"{value:.3g}"
            place = (x + 3, top + height - 5) if axis == 0 else (4, y - 4)
            line = f"M{_number(x)} {top}V{top + height}" if axis == 0 else f"M0 {_number(y)}H{SIZE}"
            pieces.append(f'<path d="{line}"/><text x="{_number(place[0])}" y="{_number(place[1])}">{text}</text>')
    return Markup("".join(pieces))


def _nice(step: Decimal) -> Decimal:
    """The smallest of 1, 2, 5 times a power of ten that is not below `step`."""
    power = Decimal(1).scaleb(floor(log10(step)) if 1e-300 < step < 1e300 else step.adjusted())
    return next(f * power for f in (1, 2, 5, 10) if f * power >= step)


def inner(scene: Scene, k: int, *, to_move: bool = False) -> Markup:
    """The content of the picture of frame k: grid, paths, tokens, labels.

    Args:
        scene: the picture.
        k: the frame.
        to_move: as for `on_the_grid`.
    """
    return Markup('<g class="grid">{}</g>{}').format(grid(scene), on_the_grid(scene, k, to_move=to_move))


def on_the_grid(scene: Scene, k: int, *, to_move: bool = False) -> Markup:
    """What lies on the grid at frame k: paths, tokens, labels.

    Args:
        scene: the picture.
        k: the frame.
        to_move: with the parts that are empty or hidden at this frame, which the page's script needs at others.
    """
    shown = parts(scene, k)
    paths = [f'<path class="{name}" d="{data}"/>' for name, data in shown.paths.items() if data or to_move]
    tokens = [
        f'<g class="{t.classes}" transform="translate({_at(t.at)})">'
        f"{RING if to_move or 'marked' in t.classes else ''}"
        f"{DOT if to_move or 'leader' not in t.classes else ''}"
        f"{BOX if to_move or 'leader' in t.classes else ''}</g>"
        for t in shown.tokens
    ]
    return Markup(f'{"".join(paths)}<g class="tokens">{"".join(tokens)}</g>{drawn(shown.labels)}')


def drawn(labels: Iterable[TextLabel]) -> str:
    """The SVG of labels."""
    texts = [
        f'<text x="{_number(x)}" y="{_number(y)}" class="{"end" if label.end else "start"}">{escape(label.text)}</text>'
        for label in labels
        for x, y in [label.at]
    ]
    return f'<g class="labels">{"".join(texts)}</g>'


@cache
def figure_style() -> str:
    """The style sheet of all figures."""
    return resources.files(str(__package__)).joinpath("templates/figure.css").read_text("utf-8")


def opening(scene: Scene) -> str:
    """The first tag of a picture that is a file."""
    x, y, width, height = window(scene)
    size = f'viewBox="{x} {y} {width} {height}" width="{width}" height="{height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" class="figure{many(scene)}" {size} role="img">'


def standalone(scene: Scene, k: int) -> str:
    """Frame k as an SVG file for a paper: style included, white background, nothing to load."""
    frame = scene.frames[k]
    where = "in the limit" if not frame.name.isdecimal() else f"at layer {frame.name}"
    return (
        f"{opening(scene)}<title>{escape(scene.title)} {where}</title>"
        f"<desc>{escape(scene.note)}</desc><style>{figure_style()}</style>{inner(scene, k)}</svg>\n"
    )
