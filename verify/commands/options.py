"""Types of options that several commands share."""

from math import isfinite
from typing import Any

import click


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


__all__ = ["Seconds"]
