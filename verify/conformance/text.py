"""A conformance report as text: plain lines for logs, a table for a terminal.

Neighbours: `record` is what is printed, `command` prints it.
"""

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .record import CheckResult, ConformanceReport

if TYPE_CHECKING:
    from rich.console import Console

WORDS = {"pass": "pass", "fail": "FAIL", "not_applicable": "n/a", "fragile": "fragile", "known": "known"}
STYLES = {"pass": "green", "fail": "bold red", "not_applicable": "dim", "fragile": "yellow", "known": "magenta"}


def headline(report: ConformanceReport) -> str:
    """Which kernel was tested, and what it declares, in one line."""
    declared = ", ".join(f"{name}: {value}" for name, value in report.declared.items())
    source = f" ({report.spec})" if report.spec not in ("", report.kernel) else ""
    return f"kernel {report.kernel}{source}: {declared}; seed {report.seed}"


def summary(report: ConformanceReport) -> str:
    """The verdict and the counts in one line."""
    counts = ", ".join(f"{count} {WORDS[status].lower()}" for status, count in report.counts().items() if count)
    if report.passed:
        return f"conforms: {counts}"
    names = ", ".join(result.id for result in report.failures)
    return f"does not conform: {counts}; failing: {names}"


def failure_text(result: CheckResult) -> str:
    """A failing check for a person: what is required, what was found, how to see it."""
    lines = [
        f"{result.id}: {result.title}",
        *textwrap.wrap(result.message, 116, initial_indent="  ", subsequent_indent="  "),
    ]
    if result.snippet:
        lines += ["  To see it, paste:", "", textwrap.indent(result.snippet.rstrip(), "    "), ""]
    return "\n".join(lines)


def _failures(report: ConformanceReport) -> Iterator[tuple[CheckResult, str]]:
    """Each failure and its text; a failure with the same snippet as an earlier one only refers to that."""
    shown: dict[str, str] = {}
    for result in report.failures:
        first = shown.setdefault(result.snippet or result.id, result.id)
        yield (
            result,
            failure_text(result) if first == result.id else f"{result.id}: {result.title}\n  fails like {first}\n",
        )


def stale_lines(report: ConformanceReport) -> Iterator[str]:
    """One line a stale entry."""
    for name, reason in report.stale.items():
        yield f"stale known deviation: {name}: {reason}"


def plain_text(report: ConformanceReport) -> str:
    """The whole report as plain lines: checks, failures with snippets, stale entries, the verdict last."""
    width = max((len(result.id) for result in report.results), default=0)
    lines = [headline(report), ""]
    for result in report.results:
        lines.append(f"{WORDS[result.status]:<8}{result.id:<{width + 2}}{result.title}{_aside(result)}")
    lines += ["", *(text for _, text in _failures(report))]
    lines += ["", *stale_lines(report), summary(report)]
    return "\n".join(lines) + "\n"


def _aside(result: CheckResult) -> str:
    return f" [{result.message}]" if result.status in ("not_applicable", "fragile", "known") else ""


def print_report(report: ConformanceReport, console: "Console") -> None:
    """The report on a terminal: a table of checks, then failures with highlighted snippets, then the verdict."""
    from rich.markup import escape
    from rich.padding import Padding
    from rich.syntax import Syntax
    from rich.table import Table

    console.print(f"[bold]{escape(headline(report))}[/bold]", highlight=False)
    table = Table(box=None, pad_edge=False)
    for name in ("", "check", "a right kernel", "found"):
        table.add_column(name, overflow="fold")
    for result in report.results:
        style = STYLES[result.status]
        found = "see below" if result.failed else result.message
        table.add_row(
            f"[{style}]{WORDS[result.status]}[/]", result.id, escape(result.title), f"[dim]{escape(found)}[/]"
        )
    console.print(table)
    shown: dict[str, str] = {}
    for result in report.failures:
        console.print(f"\n[bold red]{result.id}[/]: {escape(result.title)}", highlight=False)
        first = shown.setdefault(result.snippet or result.id, result.id)
        if first != result.id:
            console.print(f"  fails like {first}", highlight=False)
            continue
        console.print(Padding(escape(result.message), (0, 0, 0, 2)), highlight=False)
        if result.snippet:
            console.print("  To see it, paste:")
            console.print(Padding(Syntax(result.snippet.rstrip(), "python", word_wrap=True), (0, 0, 0, 4)))
    console.print()
    for line in stale_lines(report):
        console.print(escape(line), style="yellow")
    console.print(escape(summary(report)), style="bold green" if report.passed else "bold red", highlight=False)
