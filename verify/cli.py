"""The command `hardmax`: subcommands found late, and every fault one line and status 2.

Exit status: 0 everything asked was verified (expected refutations included) · 1 something was refuted or a kernel
failed · 2 bad usage or input · 3 undecided within budget, or ended before the end.

Neighbours: `commands` holds one module a subcommand; a subcommand's module is imported when it is called.
"""

import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Any, NoReturn

import click

from ..kernels.errors import BugError, HardmaxError

COMMANDS = {
    "verify": (".commands.verify", "Check claims on thousands of configurations, exactly."),
    "prove": (".commands.prove", "Prove or refute the clustering theorem's conclusion for given configurations."),
    "check": (".commands.check", "Check certificates with the independent checker."),
    "kernel": (".conformance.command", "Test an attention kernel against the exact one."),
    "claims": (".commands.claims", "List the claims: statement, hypotheses, source, expected status."),
    "report": (".commands.report", "Turn the records of a run into HTML, JUnit, SARIF, Markdown."),
    "replay": (".commands.replay", "Run a counterexample again from its folder."),
    "sentiment": (".sentiment.cli", "Train, prove and question the movie-review classifier."),
}
"""Subcommand → (module that defines a click command of that name, one-line help)."""

UNDECIDED, BUG = 3, 4


class _ReaderGoneError(Exception):
    """Nobody reads standard output any more. For click itself that is status 1, which here means refuted."""


class _LazyGroup(click.Group):
    """Imports a subcommand when it is called, so that `hardmax --help` loads nothing heavy."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return getattr(import_module(COMMANDS[cmd_name][0], __package__), cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise _ReaderGoneError from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("hardmax"), prog_name="hardmax")
def hardmax() -> None:
    """Prove or refute claims about hardmax transformers, exactly, and test attention kernels against that truth.

    Exit status: 0 verified, 1 refuted, 2 bad usage or input, 3 undecided within budget, 4 a bug of this program.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line.

    Args:
        arguments: as in `sys.argv[1:]`, which is the default.

    Returns:
        Never: it ends in `SystemExit` with the status of DESIGN 3.4.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of files may hold bytes that no encoding has a letter for
        sys.stdout.reconfigure(errors="backslashreplace")
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started the program
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 for the rest of the program
    try:
        status = hardmax.main(arguments, prog_name="hardmax", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        status = 2
    except click.ClickException as error:
        _fail(error.format_message())
    except BugError as error:
        _fail(f"a bug of hardmax, please report it with the input: {error}", BUG)
    except HardmaxError as error:
        _fail(str(error))
    except _ReaderGoneError:  # head, perhaps, has seen enough
        from .commands.output import discard

        discard(sys.stdout)
        status = UNDECIDED
    except OSError as error:
        place = f"{error.filename} cannot be used: " if error.filename else ""
        _fail(f"{place}{error.strerror or error}; give another place")
    except (KeyboardInterrupt, click.Abort):
        click.echo("hardmax: interrupted", err=True)
        status = UNDECIDED
    raise SystemExit(status if isinstance(status, int) else 0)


def _fail(message: str, status: int = 2) -> NoReturn:
    """One line on stderr, and the status."""
    from ..reports.printable import one_line

    click.echo(f"hardmax: error: {one_line(message)}", err=True)
    raise SystemExit(status)


if __name__ == "__main__":
    main()

__all__ = ["COMMANDS", "main"]
