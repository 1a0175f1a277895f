"""The errors of the project: one small tree, so that callers can tell bad input from a bug."""

import sysconfig
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from traceback import walk_tb


def install(extra: str) -> str:
    """The command that installs an extra, from a wheel and in a checkout: pip finds it in what is installed already."""
    return f"pip install 'hardmax[{extra}]'"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` that was probably meant by `word`, None if nothing is near."""
    return next(iter(get_close_matches(word, list(known), n=1)), None)


_ROOMS = tuple(str(Path(__file__).parents[1] / room) for room in ("kernels", "verify"))
_OTHERS = (*_ROOMS, sysconfig.get_path("stdlib"), "<")
"""What the files begin with that are not an author's own; installed packages are none either."""


def author_line(error: BaseException) -> str:
    """The line of a user's own code where an error came about, as " (mine.py:7)"; empty if it was in none."""
    frames = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    own = [(file, line) for file, line in frames if not file.startswith(_OTHERS) and "site-packages" not in file]
    return f" ({Path(own[-1][0]).name}:{own[-1][1]})" if own else ""


class HardmaxError(Exception):
    """Any error that this project raises on purpose."""


class InputError(HardmaxError):
    """What was given cannot be used: the message says what was given, what is required and what to do.

    Common causes: a file that is not a configuration, ragged or empty tokens, a number that is not finite,
    a step that is not positive. The command line prints the message on one line and ends with status 2.
    """


class ExactnessError(HardmaxError, TypeError):
    """A float, or a type that cannot be exact, reached a constructor of exact values.

    Common cause: passing NumPy values; `Configuration.from_array` reads them as the dyadic rationals they are.
    """


class FollowGraphError(HardmaxError):
    """A rule that needs a follow graph without cycles (but self-loops) met one with a cycle."""


class BugError(HardmaxError):
    """The program contradicts itself: two of its own ways to one result differ. Nobody's input is to blame.

    The command line says so, asks for a report, and ends with status 4; what is in doubt is not written.
    """


class LostWorkerError(HardmaxError):
    """A process that worked for this one ended before its work: killed from outside, or for want of memory."""


class JournalError(HardmaxError):
    """What a run has finished cannot be written down: the disk is full, perhaps. What was written before is kept."""
