"""Ctrl-C, or SIGTERM, during a run: it ends the work, not the program, and is neither lost nor in the way of records.

    with Interruption() as interruption:
        try:
            with interruption.ends_the_work():
                …                                  # here, and only here, it is a KeyboardInterrupt
                with interruption.held_back():
                    …                              # not in the midst of this, but at its end
        except KeyboardInterrupt:
            …
        …                                          # records are written in peace

A KeyboardInterrupt raised within a callback of the garbage collector (Hypothesis has one) or a `__del__` never leaves
it: Python prints it and goes on. Here such a one is raised again, a moment later.

Neighbours: the commands that keep records of what was finished run inside of it, `campaign` starts processes.
"""

import atexit
import signal
import sys
from _thread import interrupt_main
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer, current_thread, main_thread
from time import monotonic
from typing import Any

from ..provers.freeze.time_limit import LONGEST

AGAIN = 0.02
"""Seconds until a KeyboardInterrupt that was lost is raised again."""
PATIENCE = 2.0
"""Seconds within which further signals are the same one: they do not break off the clean end of the work."""


class Interruption:
    """A context in which Ctrl-C and SIGTERM are handled as above; outside the main thread it changes nothing.

    Args:
        seconds: after that time the work ends as if by Ctrl-C; None for no limit.

    Attributes:
        out_of_time: whether that time is up.
    """

    def __init__(self, seconds: float | None = None) -> None:
        self._seconds, self.out_of_time = seconds, False
        self._raises = False
        self._waiting = False
        self._raised: float | None = None
        self._number = int(signal.SIGINT)
        self._again: Timer | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Interruption":
        if current_thread() is main_thread():
            self._hook, sys.unraisablehook = sys.unraisablehook, self._unraisable
            # What the caller has chosen stays: nohup and shells ignore signals on behalf of their jobs.
            for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
                if signal.getsignal(number) == usual:
                    self._before[number] = signal.signal(number, self._arrived)
            if self._seconds is not None and hasattr(signal, "setitimer"):
                signal.signal(signal.SIGALRM, self._time_is_up)
                signal.setitimer(signal.ITIMER_REAL, min(self._seconds, LONGEST))
        return self

    def __exit__(self, *exception: object) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again.join()
        if current_thread() is main_thread():
            sys.unraisablehook = self._hook
            if self._seconds is not None and hasattr(signal, "setitimer"):
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
        if self._raised is None or self.out_of_time:
            for number, handler in self._before.items():
                signal.signal(number, handler)
        else:  # the program is about to end: further signals change neither that nor its status
            for number in self._before:
                atexit.register(signal.signal, number, signal.SIG_IGN)

    @contextmanager
    def ends_the_work(self) -> Iterator[None]:
        """Within this context the signal is a KeyboardInterrupt, whatever libraries make of it on its way."""
        try:
            self._raises = True
            self._raise_waiting()
            yield
        except Exception:  # Hypothesis fails its own assertions where it is interrupted
            if self._raised is None:
                raise
            raise KeyboardInterrupt from None
        finally:
            self._raises = False

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Within this context the signal waits for its end; one that somebody caught earlier is raised again there."""
        raises, self._raises = self._raises, False
        try:
            yield
        finally:
            self._raises = raises
        self._raise_waiting()

    def _raise_waiting(self) -> None:
        if self._raises and (self._waiting or self._raised is not None):
            self._waiting, self._raised = False, monotonic()
            raise KeyboardInterrupt

    def _arrived(self, number: int, _: object) -> None:
        self._number = number
        if self._raised is None or monotonic() - self._raised > PATIENCE:
            self._waiting = True
            self._raise_waiting()

    def _time_is_up(self, number: int, frame: object) -> None:
        self.out_of_time = True
        self._arrived(number, frame)

    def _unraisable(self, lost: Any) -> None:
        if not issubclass(lost.exc_type, KeyboardInterrupt):
            self._hook(lost)
            return
        self._raised = None
        self._again = Timer(AGAIN, _signal_main_thread, (self._number,))
        self._again.daemon = True
        self._again.start()


@contextmanager
def starting_processes() -> Iterator[None]:
    """Within this context signals wait for its end, and the processes that start in it never see Ctrl-C.

    A terminal sends Ctrl-C to every process; one that has just begun would print a traceback.
    """
    if current_thread() is not main_thread():
        yield
        return
    came: list[int] = []
    before = {n: signal.signal(n, lambda number, _: came.append(number)) for n in (signal.SIGINT, signal.SIGTERM)}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if hasattr(signal, "pthread_sigmask") else None
    try:
        yield
    finally:
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in came[:1]:
            signal.raise_signal(number)


def _signal_main_thread(number: int) -> None:
    """As a terminal does, even where the main thread waits for something."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(main_thread().ident or 0, number)
    else:
        interrupt_main()
