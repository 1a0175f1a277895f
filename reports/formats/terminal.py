"""The summary of a run on a terminal, by Rich: verdict, what broke and how to replay it, counts.

Nothing is interpreted: text from records is never markup. Neighbours: `markdown` for pull requests, `run_page` for the
page.
"""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..printable import one_line
from ..records.record import CounterexampleRecord
from ..records.store import Records
from .exact_text import configuration_line
from .wording import (
    CHECK_STATUS,
    CLAIM_COUNTS,
    KERNEL_COUNTS,
    counts,
    headline,
    hypothesis,
    is_beyond_the_theorem,
    is_expected,
    verdict_word,
    where,
)

MOST = 8
"""Lines of one kind on a screen; the counts cover all."""
_STYLES = {
    "verified": "bold green",
    "proved": "bold green",
    "refuted": "bold red",
    "undecided": "bold yellow",
    "invalid": "bold red",
    "vacuous": "dim",
}
_CHECK_STYLES = {
    "pass": "green",
    "fail": "bold red",
    "known": "red",
    "fragile": "yellow",
    "not_tested": "cyan",
    "not_applicable": "dim",
}


def print_summary(records: Records, console: Console) -> None:
    """Print the run in at most a screen or two.

    Args:
        records: what `read_records` returns.
        console: where to; its width and colour system are respected.
    """
    run = records.run
    console.print(Text(f"{verdict_word(run).upper()}  ", _STYLES[run.verdict]) + Text(one_line(headline(run))))
    for note in run.notes:
        console.print(Text(one_line(note), "yellow"))
    surprising = [c for c in records.counterexamples if not is_expected(records, c)]
    _print_counterexamples(records, console, "Not expected", surprising, "bold red")
    if run.claims:
        console.print(_claims(records))
    expected = [c for c in records.counterexamples if is_expected(records, c)]
    _print_counterexamples(records, console, "Refuted, as it must be", expected, "bold")
    if run.checks:
        console.print(_checks(records))
    if run.kernels:
        console.print(_kernels(records))
    odd = [r for r in records.results if r.verdict != "verified"]
    for result in odd[:MOST]:
        console.print(Text.assemble((result.verdict, _STYLES[result.verdict]), f"  {one_line(result.input)}"))
        if result.reason:
            console.print(Text(f"  {one_line(result.reason)}"))
    if len(odd) > MOST:
        console.print(Text(f"and {len(odd) - MOST} more inputs that are not verified"))


def _print_counterexamples(
    records: Records, console: Console, title: str, found: Sequence[CounterexampleRecord], style: str
) -> None:
    for c in found[:MOST]:
        shown = "Hypothesis not met" if is_beyond_the_theorem(records, c) else title
        console.print(Text.assemble((shown, style), f": {one_line(c.claim)} {where(c.layer)}"))
        console.print(Text(f"  {configuration_line(c.configuration)}"))
        console.print(Text(f"  {one_line(c.because)}"))
        if c.dropped:
            console.print(Text(f"  hypothesis not met: {one_line('; '.join(map(hypothesis, c.dropped)))}"))
        console.print(Text(f"  replay: {one_line(c.replay)}", "cyan"))
    if len(found) > MOST:
        console.print(Text(f"and {len(found) - MOST} more counterexamples"))


def _table(words: Sequence[str], numbers: Sequence[str] = ()) -> Table:
    """An empty table: columns of words, then columns of numbers."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in words:
        table.add_column(name)
    for name in numbers:
        table.add_column(name, justify="right")
    return table


def _claims(records: Records) -> Table:
    table = _table(("claim", "verdict"), CLAIM_COUNTS)
    for claim in records.run.claims:
        style = _STYLES[claim.verdict] if claim.verdict == "vacuous" else "green" if claim.as_expected else "bold red"
        verdict = claim.verdict + ("" if claim.as_expected else " (not expected)")
        table.add_row(Text(one_line(claim.id)), Text(verdict, style), *counts(claim.counts, CLAIM_COUNTS))
    return table


def _checks(records: Records) -> Table:
    table = _table(("check", "status", "found"))
    for check in records.run.checks:
        layer = check.first_divergent_layer
        found = one_line(check.message) + ("" if layer is None else f" (first wrong layer: {layer})")
        status = Text(CHECK_STATUS[check.status], _CHECK_STYLES[check.status])
        table.add_row(Text(one_line(check.id)), status, Text(found))
    return table


def _kernels(records: Records) -> Table:
    table = _table(("kernel",), ("layers", "agree", "too close", "ties lost", "disagree"))
    for k in records.run.kernels:
        *numbers, disagree = counts(k, KERNEL_COUNTS)
        style = "bold red" if k.disagree else "green"
        table.add_row(Text(one_line(f"{k.spec} {k.dtype}")), *numbers, Text(disagree, style))
    return table
