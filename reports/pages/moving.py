"""A trajectory as one SVG that moves by itself: for notebooks, READMEs and slides, with no script and nothing to load.

Neighbours: `svg` draws one frame, `scene` says what is shown.
"""

from markupsafe import escape

from . import svg
from .scene import LIMIT, Scene

SECONDS, HELD = 0.9, 3
"""How long a frame is shown, and how many times as long the last one."""


def animated(scene: Scene) -> str:
    """All frames of a scene, one after the other for ever; the last one alone in print and where motion is unwanted."""
    count = len(scene.frames)
    if count == 1:
        return svg.standalone(scene, 0)
    slots = count - 1 + HELD
    name = f"hardmax-{count}"
    style = (
        f".frame{{visibility:hidden;animation:{name} {slots * SECONDS:g}s step-end infinite}}"
        f".frame:last-child{{animation-name:{name}-last}}"
        f"@keyframes {name}{{0%{{visibility:visible}}{100 / slots:.3f}%{{visibility:hidden}}}}"
        f"@keyframes {name}-last{{0%{{visibility:visible}}{100 * HELD / slots:.3f}%{{visibility:hidden}}}}"
        "@media (prefers-reduced-motion:reduce),print{.frame{animation:none}.frame:last-child{visibility:visible}}"
    )
    x, y, _, _ = svg.window(scene)
    frames = "".join(
        f'<g class="frame" style="animation-delay:{k * SECONDS:g}s">{svg.on_the_grid(scene, k)}'
        f'<text class="note" x="{x + 8}" y="{y + 16}">{escape(_name(frame.name))}</text></g>'
        for k, frame in enumerate(scene.frames)
    )
    return (
        f"{svg.opening(scene)}<title>{escape(scene.title)}, layer by layer</title>"
        f"<desc>{escape(scene.note)}</desc><style>{svg.figure_style()}{style}</style>"
        f'<g class="grid">{svg.grid(scene)}</g><g>{frames}</g></svg>\n'
    )


def _name(frame: str) -> str:
    return "the limit" if frame == LIMIT else f"layer {frame}"
