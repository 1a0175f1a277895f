"""Markdown for a pull request: the verdict, what breaks, the claims table. Neighbour: `terminal` for a screen.

Text from records is escaped, so that labels and messages can neither format nor link anything.
"""

import re
from collections.abc import Iterable, Sequence

from ..printable import one_line, printable
from ..records.record import CounterexampleRecord
from ..records.store import Records
from .exact_text import configuration_line, enclosure_lines
from .wording import (
    CHECK_STATUS,
    CLAIM_COUNTS,
    KERNEL_COUNTS,
    claim_of,
    command_line,
    counts,
    headline,
    hypothesis,
    is_expected,
    plural,
    surprise_title,
    verdict_word,
    where,
)

MOST = 20
"""Counterexamples and inputs that a comment shows in full; the counts cover all."""
_SPECIAL = re.compile(r"([\\`*_\[\]<>~|&$@#]|:(?=//)|(?<=www)\.)")
_SYMBOLS = {"verified": "✅", "refuted": "❌", "undecided": "❓", "invalid": "⚠️"}


def render_markdown(records: Records) -> str:
    """The Markdown document of a run."""
    run = records.run
    lines = [
        f"## {_SYMBOLS[run.verdict]} hardmax {run.command}: {verdict_word(run)}",
        "",
        f"**{escaped(headline(run))}**",
        *(f"\n{escaped(note)}" for note in run.notes),
        "",
        f"{code(command_line(run))}, exit status {run.exit_status}"
        + (f", seed {run.seed}" if run.seed is not None else "")
        + f", version {escaped(run.tool_version)}",
    ]
    if run.paper is not None:
        rows = [
            [escaped(s.label), s.verdict, escaped(s.statement), escaped("; ".join(filter(None, (s.known, s.note))))]
            for s in run.paper.statements
        ]
        about = f"{run.paper.id} ({run.paper.version}), {run.paper.title}, {', '.join(run.paper.authors)}"
        lines += ["", f"### {escaped(about)}", ""]
        lines += [*([escaped(run.paper.note), ""] if run.paper.note else [])]
        lines += _table(["in the paper", "verdict", "statement", "how it is known"], rows)
    for one in run.steps:
        lines += ["", f"### {escaped(one.input)}: every step α", ""]
        rows = [
            [
                escaped(cell.low),
                escaped(cell.high),
                "undecided" if cell.leaders is None else ", ".join(map(str, cell.leaders)),
                "small steps" if cell.small_steps else cell.reason or str(cell.freeze_layer),
            ]
            for cell in one.cells
        ]
        lines += _table(["from", "to", "leaders", "frozen from layer"], rows)
    for one in run.atlases:
        lines += ["", f"### {escaped(one.input)}: every symmetric positive definite A", ""]
        rows = [
            [
                "undecided" if found.leaders is None else ", ".join(map(str, found.leaders)),
                *(f"{n:,}" for n in (found.polygons, found.segments, found.points)),
                escaped("[[{}, {}], [{}, {}]]".format(*found.A[0], *found.A[1])),
            ]
            for found in one.sets
        ]
        lines += _table(["leaders", "polygons", "segments", "points", "for example A"], rows)
    surprising = [c for c in records.counterexamples if not is_expected(records, c)]
    expected = [c for c in records.counterexamples if is_expected(records, c)]
    lines += _counterexamples(records, surprise_title(records, surprising), surprising)
    failed = [check for check in run.checks if check.status in ("fail", "known")]
    if failed:
        lines += ["", "### Failed checks", ""]
        for check in failed:
            layer = check.first_divergent_layer
            place = "" if layer is None else f" (first wrong layer: {layer})"
            lines.append(f"- **{escaped(check.id)}**, {CHECK_STATUS[check.status]}: {escaped(check.message)}{place}")
            if check.snippet:
                lines += ["", *_fence(check.snippet, "python"), ""]
    if run.checks:
        rows = [[code(c.id), CHECK_STATUS[c.status], escaped(c.title)] for c in run.checks]
        lines += ["", "### Checks", "", *_table(["check", "status", "what a right kernel does"], rows)]
    if run.claims:
        rows = [
            [
                code(c.id),
                c.verdict + ("" if c.as_expected else " (**not expected**)"),
                *counts(c.counts, CLAIM_COUNTS),
                escaped(", ".join(filter(None, (c.source.label, f"{c.source.paper} {c.source.version}".strip())))),
            ]
            for c in run.claims
        ]
        head = ["claim", "verdict", "verified", "of them trivial", "refuted", "undecided", "vacuous", "source"]
        lines += ["", "### Claims", "", *_table(head, rows)]
    lines += _counterexamples(records, "Counterexamples that had to be found", expected)
    if records.results:
        ordered = sorted(records.results, key=lambda r: r.verdict == "verified")
        rows = [
            [
                escaped(r.input),
                r.verdict,
                "" if r.freeze_layer is None else str(r.freeze_layer),
                "" if r.leaders is None else str(len(r.leaders)),
                escaped(r.reason or (" ".join(enclosure_lines(r.enclosure)) if r.enclosure else "")),
            ]
            for r in ordered[:MOST]
        ]
        lines += ["", "### Results", "", *_table(["input", "verdict", "frozen from layer", "leaders", "why"], rows)]
        if len(ordered) > MOST:
            lines += ["", f"{MOST} of {plural(len(ordered), 'input')}, those that are not verified first."]
    if run.kernels:
        rows = [[code(k.spec), escaped(k.dtype), *counts(k, KERNEL_COUNTS)] for k in run.kernels]
        head = ["kernel", "dtype", "layers", "agree", "too close", "exact ties lost", "disagree"]
        lines += ["", "### Float kernels", "", *_table(head, rows)]
    return "\n".join(lines) + "\n"


def _counterexamples(records: Records, title: str, found: Sequence[CounterexampleRecord]) -> list[str]:
    if not found:
        return []
    lines = ["", f"### {title}", ""]
    for c in found[:MOST]:
        claim = claim_of(records.run, c)
        cited = [escaped(t) for t in (claim.source.label, claim.source.paper) if t] if claim else []
        source = f" ({', '.join(cited)})" if cited else ""
        dropped = "; ".join(escaped(hypothesis(h)) for h in c.dropped)
        lines += [
            f"- **{escaped(c.id)}** refutes {code(c.claim)}{source}: {escaped(c.statement)}",
            *([f"  - what fails: {escaped(c.fails)}"] if c.fails and c.fails not in c.statement else []),
            f"  - broken by {escaped(configuration_line(c.configuration))}",
            f"  - fails {where(c.layer)}: {escaped(c.because)}",
            *([f"  - hypothesis not met: {dropped}"] if dropped else []),
            f"  - replay: {code(c.replay)}",
        ]
    if len(found) > MOST:
        lines.append(f"- and {len(found) - MOST} more in the folder of the run")
    return lines


def escaped(text: str) -> str:
    """`text` on one line, with every character that means something in Markdown or HTML escaped."""
    return _SPECIAL.sub(r"\\\1", one_line(text))


def code(text: str) -> str:
    """`text` as inline code, whatever backticks it has; a bar is escaped for tables."""
    shown = one_line(text).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    pad = " " if shown[:1] == "`" or shown[-1:] == "`" else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _fence(text: str, language: str) -> list[str]:
    text = printable(text)
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return [f"{fence}{language}", *text.rstrip("\n").split("\n"), fence]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
