"""A conformance report as text: what fails first, grouped by cause; plain lines for logs, colours for a terminal.

Neighbours: `record` is what is printed, `verify.commands.kernel` prints it.
"""

import re
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .failures.explain import BLAME
from .record import CheckResult, ConformanceReport, Status

if TYPE_CHECKING:
    from rich.console import Console

WORDS: dict[Status, str] = {
    "pass": "pass",
    "fail": "fail",
    "known": "known",
    "fragile": "fragile",
    "not_applicable": "n/a",
    "not_tested": "not tested",
}
"""Status → the word for it."""
STYLES = {"fail": "bold red", "known": "magenta", "fragile": "yellow", "not_tested": "cyan", "not_applicable": "dim"}
CAUSES = (
    re.compile(re.escape(BLAME) + r"([^;]*)"),
    re.compile(r"(the process (?:was|ended|had)[^;,]*)"),
    re.compile(r"(raised .*?)(?: for a batch of shape .*)?$"),
    re.compile(r"(returned (?:another shape than the tokens have|\w+ values$|a \w+ in place of an array))"),
)
"""Where a message says what is to blame for a failure."""
ERRORS = """  Where the error sits in the input that was found first, rows down, components across:
  . within the bound, 1 beyond it, 2 ten times, 3 a hundred times, ..., - not judged"""

MOST_LISTED = 12
"""So many checks that did not run for one reason are listed by id."""
LONGEST = 6_000
"""Longer snippets are not printed: what stands above them would be lost."""

Block = tuple[str, str]
"""A style, or "code", and text."""


def headline(report: ConformanceReport) -> str:
    """Which kernel was tested, and what it declares, in one line."""
    declared = ", ".join(f"{name}: {value}" for name, value in report.declared.items())
    source = f" ({report.spec})" if report.spec not in ("", report.kernel) else ""
    return f"kernel {report.kernel}{source}, {report.protocol}: {declared}; seed {report.seed}"


def summary(report: ConformanceReport) -> str:
    """The verdict and the counts in one line."""
    counts = ", ".join(f"{count} {WORDS[status]}" for status, count in report.counts().items() if count)
    return f"{'conforms' if report.passed else 'does not conform'}: {counts}"


def cause(result: CheckResult) -> str:
    """What is to blame for a failure, as its message says it; the message itself if it names no cause."""
    for pattern in CAUSES:
        found = pattern.search(result.message)
        if found is not None:
            return found[1].strip()
    return result.snippet or result.message


def causes(report: ConformanceReport) -> list[tuple[str, list[CheckResult]]]:
    """The failures by cause, the cause of most of them first; in each group a small one with an input comes first."""
    groups: dict[str, list[CheckResult]] = {}
    for result in report.failures:
        groups.setdefault(cause(result), []).append(result)
    for group in groups.values():
        group.sort(key=lambda result: (result.snippet is None, result.configuration is None))
    return sorted(groups.items(), key=lambda pair: -len(pair[1]))


def failure_text(result: CheckResult) -> str:
    """A failing check for a person: what is required, what was found, how to see it."""
    return "\n".join(textwrap.indent(text, "    ") if style == "code" else text for style, text in _failure(result))


def _failure(result: CheckResult) -> Iterator[Block]:
    yield "bold", f"{result.id}: {result.title}"
    yield "", textwrap.fill(result.message, 116, initial_indent="  ", subsequent_indent="  ")
    if result.errors:
        shown = textwrap.indent("\n".join(result.errors), "    ")
        yield "", f"{ERRORS}\n\n{shown}\n"
    if result.snippet and len(result.snippet) > LONGEST:
        where = f"hardmax kernel SPEC --checks {result.id} --out DIR writes it to DIR"
        yield "", f"  The snippet that shows it has {len(result.snippet):,} characters: {where}\n"
    elif result.snippet:
        yield "", "  To see it, paste:\n"
        yield "code", result.snippet.rstrip() + "\n"


def stale_lines(report: ConformanceReport) -> Iterator[str]:
    """One line a stale entry."""
    for name, reason in report.stale.items():
        yield f"stale known deviation: {name}: {reason}"


def _blocks(report: ConformanceReport, verbose: bool) -> Iterator[Block]:
    """The report in the order in which it is read."""
    yield "bold", headline(report) + "\n"
    for words, group in causes(report):
        if len(group) > 1:
            same = words == (group[0].snippet or group[0].message)
            yield "bold red", f"{len(group)} checks fail, {'all on one input' if same else f'one cause: {words}'}\n"
        yield from _failure(group[0])
        if len(group) > 1:
            others = ", ".join(result.id for result in group[1:])
            yield "", textwrap.fill(f"also {others}", 116, initial_indent="  ", subsequent_indent="  ") + "\n"
    for status in ("known", "fragile", "not_tested", "not_applicable"):
        alike: dict[str, list[str]] = {}
        for result in report.results:
            if result.status == status:
                alike.setdefault(result.message, []).append(result.id)
        for message, ids in alike.items():
            names = ", ".join(ids) if verbose or len(ids) <= MOST_LISTED else f"{len(ids)} checks (-v lists them)"
            yield STYLES[status], f"{WORDS[status]:<12}{names}: {message}"
    passed = [result for result in report.results if result.status == "pass"]
    if verbose:
        width = max((len(result.id) for result in passed), default=0)
        for result in passed:
            yield "", f"{WORDS[result.status]:<12}{result.id:<{width}}  {result.title} ({result.message})"
    elif passed:
        shown = f"{len(passed)} checks (-v lists them)" if len(passed) > 1 else passed[0].id
        yield "", f"{'pass':<12}{shown}"
    yield from (("yellow", line) for line in stale_lines(report))
    yield "bold green" if report.passed else "bold red", "\n" + summary(report)


def plain_text(report: ConformanceReport, *, verbose: bool = False) -> str:
    """The whole report as plain lines: failures with a snippet for each cause, what else is to say, the verdict last.

    Args:
        report: the report.
        verbose: list the checks that pass too.
    """
    lines = [textwrap.indent(text, "    ") if style == "code" else text for style, text in _blocks(report, verbose)]
    return "\n".join(lines) + "\n"


def print_report(report: ConformanceReport, console: "Console", *, verbose: bool = False) -> None:
    """The same on a terminal, with colours and highlighted snippets."""
    from rich.markup import escape
    from rich.padding import Padding
    from rich.syntax import Syntax

    for style, text in _blocks(report, verbose):
        if style == "code":
            console.print(Padding(Syntax(text, "python", word_wrap=True), (0, 0, 0, 4)))
        else:
            console.print(escape(text), style=style, highlight=False)
