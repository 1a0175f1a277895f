"""A limit on wall-clock time for work that does not look at a clock itself.

The system's interval timer interrupts the main thread between two operations of Python; a single operation on large
integers is not interrupted. Where there is no such timer, or another part of the program uses it, and in other threads,
nothing is interrupted: what looks at a clock by itself (`prover`) still ends in time.

Neighbours: `conclusion` limits the examination of a configuration, `commands.prove` what is written about it.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from typing import Any

from ....kernels.errors import HardmaxError

GRACE = 1.25
"""The limit is enforced after so many times the seconds: work that looks at the clock ends before, and says where."""
AGAIN = 1.0
"""Seconds after which it is enforced again, should the exception have been lost in a callback."""
LONGEST = 1e8
"""Seconds, three years, beyond which no timer is set."""


class OutOfTimeError(HardmaxError):
    """The time is up. Raised between any two operations: what was under way is incomplete."""


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Within this context `OutOfTimeError` is raised once `GRACE` times `seconds` have passed; None is no limit."""
    if (
        seconds is None
        or seconds > LONGEST
        or current_thread() is not main_thread()
        or not hasattr(signal, "setitimer")
        or signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL
    ):
        yield
        return
    over = False

    def end(*_: Any) -> None:
        if not over:
            raise OutOfTimeError(f"{seconds:g} seconds have passed")

    signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, max(GRACE * seconds, 1e-6), AGAIN)
    try:
        yield
    finally:
        over = True
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
