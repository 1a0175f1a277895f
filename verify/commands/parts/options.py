"""Options that several commands share, their types, and the one rule for what earlier runs left: it stays."""

from math import isfinite
from pathlib import Path
from typing import Any

import click

from ....kernels.errors import InputError

models = click.option(
    "--models", metavar="MODELS", help="Where your kinds of model are: mine.py, mine.py:name, pkg.module:name."
)
overwrite = click.option("--overwrite", is_flag=True, help="Replace the results of an earlier run.")
"""The option `--overwrite`."""
RESUME_HELP = "Go on with the run in this folder that was stopped, as it was begun."


def spare(earlier: Path, replace: bool) -> None:
    """Refuse to write where an earlier run has left results, unless they are to be replaced.

    Args:
        earlier: the file or folder that holds them.
        replace: whether `--overwrite` was given.

    Raises:
        InputError: it was not.
    """
    if not replace:
        raise InputError(
            f"{earlier} holds the results of an earlier run; give --overwrite to replace them, or another place to "
            "write to"
        )


class Seconds(click.ParamType):
    """A time: a finite number above 0."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number that was typed."""
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        if not (isfinite(seconds) and seconds > 0):
            self.fail(f"{value!r} is no time limit; give a finite number of seconds above 0, or leave it out")
        return seconds
