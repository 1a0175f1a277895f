"""One self-contained HTML page of a run: verdict first, then what breaks, what held and how far the inputs reached.

The page loads nothing: style, script and data are inline, and its Content-Security-Policy allows those alone, by hash.
Equal records give equal bytes. Every value is escaped; text that comes from records never reaches the script as code.

Neighbours: `page_parts` has what all pages share, `templates/` the layout, its style and its script; `scene`, `svg` and
`gap_plot` make the figures.
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from markupsafe import Markup, escape

from ..formats import wording
from ..formats.exact_text import bound, configuration_line, enclosure_lines, model_text, point, short
from ..printable import printable
from ..records.codec import dumps
from ..records.record import CounterexampleRecord, ResultRecord
from ..records.run_record import CheckResult, ClaimRecord
from ..records.store import COUNTEREXAMPLES, Records
from . import atlas_figures, control_figures, gap_plot, page_parts, steps_figures, svg
from .scene import Pictured, Scene, scene_of

MAX_PICTURES = 30
"""Pictures on one page; those of counterexamples come first, all other data stays complete."""
MAX_CARDS = 200
"""Counterexamples shown in full; the claims table still counts and names all of them."""
CHUNK = 200
"""Rows of a results table in one fold."""
MAX_ROWS = 60
"""Tokens listed in the table of one configuration; the configuration file below it has all."""


def render_html(records: Records) -> str:
    """The page of a run, as text.

    Args:
        records: what `read_records` returns.

    Returns:
        An HTML document without any reference to another file, but links to the folder's counterexamples.
    """
    run = records.run
    figures = _Figures(MAX_PICTURES)
    surprising = [c for c in records.counterexamples if not wording.is_expected(records, c)]
    shown = sorted(records.counterexamples, key=lambda c: c not in surprising)[:MAX_CARDS]
    cards = [_card(records, c, figures) for c in shown]
    not_verified = [r for r in records.results if r.verdict != "verified"]
    with_figures = [(r, figures.of(r)) for r in sorted(records.results, key=lambda r: r.verdict == "verified")]
    checks = [
        (c, figures.of(c) if c.status in ("fail", "known") else None)
        for c in sorted(run.checks, key=lambda c: _CHECK_ORDER.index(c.status))
    ]
    style = (
        page_parts.asset("figure.css")
        + page_parts.asset("page.css")
        + (page_parts.asset("answer.css") if run.control else "")
    )
    script = page_parts.asset("page.js")
    if run.atlases:
        style, script = style + page_parts.asset("atlas.css"), script + page_parts.asset("atlas.js")
    template = page_parts.environment().get_template("page.html.j2")
    return template.render(
        run=run,
        word=wording.verdict_word(run),
        command=wording.command_line(run),
        headline=wording.headline(run),
        policy=page_parts.content_policy(style, script),
        style=Markup(style),
        script=Markup(script),
        families=_families(run.claims),
        cards=cards,
        surprising=bool(surprising),
        all_cards=len(records.counterexamples),
        chunks=[records.results[i : i + CHUNK] for i in range(0, len(records.results), CHUNK)],
        results=len(records.results),
        pictures=[(r, f, _tokens(r)) for r, f in with_figures if f],
        control_figures=[] if run.control is None else control_figures.figures(run.control),
        steps_figures=[steps_figures.steps_figure(one) for one in run.steps],
        atlas_figures=[atlas_figures.atlas_figure(one, number) for number, one in enumerate(run.atlases)],
        shown_figures=figures.used,
        all_figures=figures.asked,
        not_verified=not_verified,
        checks=checks,
        wording=wording,
        short=short,
        dumps=dumps,
        one_input=configuration_line,
        enclosure_lines=enclosure_lines,
        beside=_beside,
        replay=lambda result: shlex.join(["hardmax", "prove", result.input]),
        linked=_linked,
        theorem=bool(records.run.conclusion),
    )


_CHECK_ORDER = ("fail", "known", "fragile", "not_tested", "pass", "not_applicable")


@dataclass(frozen=True, slots=True)
class Figure:
    """The picture of one record, ready for the template."""

    scene: Scene
    window: str
    data: dict[str, Any]
    stage: Markup
    first: Markup
    last: Markup
    many: str
    plot: gap_plot.GapPlot | None
    gaps: tuple[str, ...]


class _Figures:
    """Makes figures until the page has enough of them, and counts those it could not show."""

    def __init__(self, most: int) -> None:
        self.used = self.asked = 0
        self._most = most

    def of(self, record: Pictured) -> Figure | None:
        """The figure of a record, None if it has none or the page is full."""
        if record.trajectory is None:
            return None
        self.asked += 1
        if self.used >= self._most:
            return None
        scene = scene_of(record)
        if scene is None:
            return None
        self.used += 1
        return Figure(
            scene=scene,
            window=" ".join(map(str, svg.window(scene))),
            data=scene.to_json(),
            stage=svg.inner(scene, 0, to_move=True),
            first=svg.inner(scene, 0),
            last=svg.inner(scene, len(scene.frames) - 1),
            many=svg.many(scene),
            plot=None if isinstance(record, CheckResult) else gap_plot.gap_plot(record),
            gaps=tuple("" if g is None else short(g) for g in record.trajectory.gaps),
        )


def _tokens(record: CounterexampleRecord | ResultRecord, marked: Sequence[int] = ()) -> dict[str, Any] | None:
    """The exact configuration of a card: a table of its tokens, the rest of it in words, and as a file."""
    c, leaders, limits = record.configuration, record.leaders, record.limits
    if c is None:
        return None
    enclosure = record.enclosure if isinstance(record, ResultRecord) else None
    wide = "" if enclosure is None else f" ± {bound(enclosure.radius)}"
    rows = [
        {
            "index": i,
            "label": c.labels[i] if c.labels else None,
            "start": point(row),
            "multiplicity": c.multiplicities[i] if c.multiplicities else 1,
            "leader": "–" if leaders is None else str(leaders.get(i, "never")),
            "limit": point(limits[i]) + wide if limits else None,
            "marked": i in marked,
        }
        for i, row in enumerate(c.tokens[:MAX_ROWS])
    ]
    return {"rows": rows, "model": model_text(c), "config": dumps(c), "record": c}


def _card(records: Records, c: CounterexampleRecord, figures: _Figures) -> dict[str, Any]:
    """One counterexample, ready for the template."""
    return {
        "record": c,
        "claim": wording.claim_of(records.run, c),
        "expected": wording.is_expected(records, c),
        "beyond": wording.is_beyond_the_theorem(records, c),
        "statement": _marked(c.statement, c.fails),
        "tokens": _tokens(c, c.tokens),
        "folder": f"{COUNTEREXAMPLES}/{c.id}",
        "figure": figures.of(c),
    }


def _marked(statement: str, fails: str) -> Markup:
    """The statement with the part that fails marked; the part by itself where it is no part of the statement."""
    statement, fails = printable(statement), printable(fails)
    before, part, after = statement.partition(fails) if fails else (statement, "", "")
    if not part:
        return escape(statement)
    return Markup("{}<mark>{}</mark>{}").format(before, part, after)


def _linked(source: str) -> Markup:
    """A source with its arXiv numbers as links."""
    text = str(escape(printable(source)))
    return Markup(re.sub(r"arXiv:(\d{4}\.\d{4,5}(?:v\d+)?)", r'<a href="https://arxiv.org/abs/\1">arXiv:\1</a>', text))


def _beside(path: str) -> str:
    """The link to a file that lies beside the page, whatever path the record gives: its name alone, quoted."""
    return quote(PurePath(path).name, safe="", errors="surrogateescape")


def _families(claims: Sequence[ClaimRecord]) -> list[tuple[str, list[ClaimRecord]]]:
    """The claims by family, in the order of the record; those that surprise first within a family."""
    families: dict[str, list[ClaimRecord]] = {}
    for claim in claims:
        families.setdefault(claim.family, []).append(claim)
    return [(name, sorted(group, key=lambda c: c.as_expected)) for name, group in families.items()]
