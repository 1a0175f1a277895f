"""The command `hardmax`: subcommands found late, and every fault one line and status 2.

Exit status: 0 everything asked was verified (expected refutations included) · 1 something was refuted or a kernel
failed · 2 bad usage or input · 3 undecided within budget, or ended before the end · 4 a bug of this program.

A reader who leaves, `head` perhaps, changes neither what is done nor the status: what is printed then goes nowhere.

Neighbours: `commands` holds one module a subcommand; a subcommand's module is imported when it is called.
"""

import io
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib import import_module
from importlib.metadata import version
from time import monotonic
from typing import Any, NoReturn

import click

from ..kernels.errors import BugError, HardmaxError, nearest

COMMANDS = {
    "verify": (".commands.verify", "Check claims on thousands of configurations, exactly."),
    "prove": (".commands.prove", "Prove or refute the clustering theorem's conclusion for given configurations."),
    "control": (".commands.control", "Choose A so that given tokens lead, or prove that no A can do it."),
    "check": (".commands.check", "Check certificates with the independent checker."),
    "kernel": (".commands.kernel", "Test an attention kernel against the exact one."),
    "claims": (".commands.claims", "List the claims: statement, hypotheses, source, expected status."),
    "paper": (".commands.paper", "Check a paper, statement by statement, in one table."),
    "report": (".commands.report", "Turn the records of a run into HTML, JUnit, SARIF, Markdown."),
    "replay": (".commands.replay", "Run a counterexample again from its folder."),
    "sentiment": (".commands.sentiment", "Train, prove and question the movie-review classifier."),
    "cylinder": (".commands.cylinder", "Who leads among snapshots of the flow past a cylinder."),
}
"""Subcommand → (module that defines a click command of that name, one-line help)."""

UNDECIDED, BUG = 3, 4


class _Unbreakable:
    """A stream that goes on as if nothing were the matter when nobody reads it any more."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        try:
            self._stream.write(text)
        except BrokenPipeError:
            self._discard()
        return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._discard()

    def _discard(self) -> None:
        """Send to nowhere what the stream still holds and will be given."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


class _LazyGroup(click.Group):
    """Imports a subcommand when it is called, so that `hardmax --help` loads nothing heavy."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return getattr(import_module(COMMANDS[cmd_name][0], __package__), cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name in COMMANDS or name.startswith("-"):
            return super().resolve_command(ctx, args)
        near = nearest(name, COMMANDS)
        meant = f"prove {name}" if os.path.isfile(name) else near
        hint = "" if meant is None else f"did you mean `hardmax {meant}`? "
        raise click.UsageError(f"No such command {name!r}; {hint}`hardmax --help` lists them")

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
        Never: it ends in `SystemExit` with the exit status above.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of files may hold bytes that no encoding has a letter for
        sys.stdout.reconfigure(errors="backslashreplace")
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started the program
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 for the rest of the program
    stdout = _Unbreakable(sys.stdout)
    with redirect_stdout(stdout):  # pyright: ignore[reportArgumentType] a stream in all but name
        status = _status(arguments)
    stdout.flush()  # here and not at Python's end, which would make a fault of it
    raise SystemExit(status)


def _status(arguments: Sequence[str] | None) -> int:
    """Run the command line; its exit status."""
    try:
        status = hardmax.main(arguments, prog_name="hardmax", standalone_mode=False, obj=monotonic())  # when it began
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        status = 2
    except click.ClickException as error:
        return _fail(error.format_message())
    except BugError as error:
        return _fail(f"a bug of hardmax, please report it with the input: {error}", BUG)
    except HardmaxError as error:
        return _fail(str(error))
    except OSError as error:
        place = f"{error.filename} cannot be used: " if error.filename else ""
        return _fail(f"{place}{error.strerror or error}; give another place")
    except (KeyboardInterrupt, click.Abort):
        click.echo("hardmax: interrupted", err=True)
        status = UNDECIDED
    except MemoryError:
        click.echo("hardmax: error: there is too little memory for this input; nothing is decided", err=True)
        status = UNDECIDED
    except Exception as error:
        from ..reports.printable import one_line

        what = one_line(f"{type(error).__name__}: {error}")
        click.echo(traceback.format_exc(), err=True, nl=False)
        click.echo(
            f"hardmax: this is a bug of hardmax {version('hardmax')}, and no verdict ({what}); "
            "please report it with the lines above, the command and its input",
            err=True,
        )
        status = BUG
    return status if isinstance(status, int) else 0


def _fail(message: str, status: int = 2) -> int:
    """One line on stderr, and the status."""
    from ..reports.printable import one_line

    click.echo(f"hardmax: error: {one_line(message)}", err=True)
    return status


if __name__ == "__main__":
    main()
