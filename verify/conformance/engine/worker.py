"""A kernel in a process of its own, which may crash, hang, fill the memory or print without harm to the results.

The process is started afresh when it has ended or was ended; the check that it ran is then a failure *with its input*:
before each call the process leaves the input in a file that both map into memory (`trace`), which costs microseconds.
What the kernel writes to file descriptor 1 goes to stderr, so that stdout is the report's alone.

Neighbours: `served` is the other side, `trace` the file between them.
"""

import os
import pickle
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any

from ....kernels.errors import InputError, LostWorkerError
from ....kernels.protocol import Kernel
from ....kernels.registry import missing
from ..check import Check, CheckError
from ..record import CheckFinding
from .bench import About, Options
from .protocols import PROTOCOLS
from .trace import Trace

START_SECONDS = 180.0
"""How long loading a kernel may take: large libraries on a busy machine."""
LOOK = 0.05
"""Seconds between two looks at the memory of the process."""
COMPILE_SECONDS = 600.0
"""How long a check in a process of its own may take at least: compilers are slow."""
MOST_HANGS = 3
"""After so many checks that hang the others are not tested: each would cost the whole time limit."""
MOST_CRASHES = 8
"""After so many crashes, no check between them, the others are not tested."""


class Worker:
    """A kernel named by a SPEC, in a process of its own.

    Args:
        spec: a SPEC.
        options: how it is tested.
        probed: whether it has been probed before.

    Raises:
        InputError: no such kernel, one that is `missing`, cannot be loaded, or fails the probe.
    """

    about: About
    shut = ""

    def __init__(self, spec: str, options: Options, *, probed: bool = False) -> None:
        self._spec, self._options, self.seed = spec, options, options.seed
        self._trace = Trace()
        self._preliminary: CheckFinding | None = None
        self._compiles = False
        self._process: subprocess.Popen[bytes] | None = None
        self._hangs = self._crashes = 0
        try:
            self.about = self._start(probed=probed)
        except BaseException:
            self.close()
            raise

    def run(self, check: Check) -> CheckFinding:
        """What a check finds; a failure if the process does not survive it."""
        if self._hangs >= MOST_HANGS or self._crashes >= MOST_CRASHES:
            what = "hangs" if self._hangs >= MOST_HANGS else "ends the process"
            return CheckFinding("not_tested", f"the kernel {what} in too many checks; --checks tries one of the others")
        if not (check.place or check in PROTOCOLS[self.about.protocol].checks):
            raise CheckError(
                f"the check {check.id} is an object, and a SPEC runs in another process; give the check's place, "
                "path/to/file.py:name, or the kernel as an object"
            )
        self._preliminary = None
        if check.alone and self._compiles:
            return self._alone(check)
        try:
            if self._process is None:
                self._start(probed=True)
            self._trace.clear()
            self._send(check.place or check.id)
            finding = self._answer(self._options.limits.seconds)
        except _LostError as lost:
            self._end()
            return self._lost(lost)
        except CheckError:
            raise
        except InputError as error:  # it could be loaded before
            self._end()
            self._crashes += 1
            return CheckFinding("fail", f"after a crash {error}")
        self._crashes = 0
        return finding

    def _alone(self, check: Check) -> CheckFinding:
        """A check in a process of its own."""
        limits = self._options.limits
        longer = replace(limits, seconds=max(limits.seconds, COMPILE_SECONDS))
        other = Worker(self._spec, replace(self._options, limits=longer), probed=True)
        try:
            return other.run(check)
        finally:
            other.close()

    def close(self) -> None:
        """End the process."""
        self._end()
        self._trace.close()

    def _start(self, *, probed: bool) -> About:
        """Start the process; what it says about the kernel.

        Args:
            probed: whether the kernel has been probed before.
        """
        code = f"import sys; sys.path[:] = {sys.path!r}; from {__package__}.served import serve; serve()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for this process, and what the kernel starts ends with it
        )
        self._messages: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        Thread(target=_listen, args=(self._process, self._messages), daemon=True).start()
        self._base = 0
        self._send((self._spec, self._options, self._trace.path))
        try:
            about = self._answer(START_SECONDS)
        except _LostError as lost:
            self._end()
            raise InputError(f"kernel {self._spec} cannot be loaded: the process {lost}") from None
        self._base = _resident(self._process.pid)
        if not probed:
            self._send("probe")
            try:
                self._compiles = self._answer(
                    START_SECONDS if "torch" in about.declared["arrays"] else self._options.limits.seconds
                )
            except _LostError:  # the checks will show with what input
                self._end()
        if self._compiles:  # the checks would use up its recompilations and then judge other code than its users run
            self._send("eager")
        return about

    def _send(self, message: Any) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(OSError):  # a process that has ended is noticed by what it does not answer
            pickle.dump(message, self._process.stdin)
            self._process.stdin.flush()

    def _answer(self, seconds: float) -> Any:
        """The answer of the process.

        Raises:
            _LostError: it ended, or was ended because of its time or memory.
            InputError: what it refused.
        """
        process, ends = self._process, monotonic() + seconds
        assert process is not None
        while True:
            try:
                kind, value = self._messages.get(timeout=max(0.0, min(LOOK, ends - monotonic())))
            except Empty:
                if monotonic() >= ends:
                    raise _LostError(f"was ended after {seconds:g} s", hang=True) from None
                more = (_resident(process.pid) - self._base) / 2**30
                if self._base and more > self._options.limits.memory:
                    raise _LostError(f"was ended when it had taken {more:.2g} GiB") from None
                continue
            if kind in ("refused", "no check"):
                raise (InputError if kind == "refused" else CheckError)(value)
            if kind == "found":
                self._preliminary = value
            elif kind == "ended":
                raise _LostError(_ended(process.wait()))
            else:
                return value

    def _lost(self, lost: "_LostError") -> CheckFinding:
        """The finding of a check whose process was lost."""
        self._crashes += not lost.hang
        if self._preliminary is not None:
            message = f"{self._preliminary.message}; the process {lost} while that was made smaller"
            return replace(self._preliminary, message=message)
        left = self._trace.read()
        seconds = monotonic() - left.began
        if lost.hang and (not left.under_way or seconds < self._options.limits.seconds / 2):
            return CheckFinding(
                "not_tested",
                f"did not end within {self._options.limits.seconds:g} s, in {left.calls} calls; give --check-seconds",
            )
        self._hangs += lost.hang
        return left.finding(self._stand_in(), self._spec, str(lost))

    def _stand_in(self) -> Kernel:
        """The kernel as far as snippets must know it; it is never called here."""
        return replace(
            missing(self.about.name, self.about.spec, "it runs elsewhere"), overrides=self._options.overrides
        )

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if hasattr(os, "killpg"):
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
        with suppress(OSError):
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()


class _LostError(LostWorkerError):
    """The process is gone: the message says how, after "the process"."""

    def __init__(self, how: str, *, hang: bool = False) -> None:
        super().__init__(how)
        self.hang = hang


def _ended(status: int) -> str:
    """How a process ended by itself."""
    if status >= 0:
        return f"ended with exit status {status}"
    with suppress(ValueError):
        return f"was killed by {signal.Signals(-status).name}"
    return f"was killed by signal {-status}"


def _listen(process: "subprocess.Popen[bytes]", messages: "SimpleQueue[tuple[str, Any]]") -> None:
    """Hand on what a process says until it ends."""
    assert process.stdout is not None
    with suppress(EOFError, OSError, ValueError, pickle.UnpicklingError):
        while True:
            messages.put(pickle.load(process.stdout))
    messages.put(("ended", None))


def _resident(pid: int) -> int:
    """Bytes that a process holds in memory; 0 where that cannot be read."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0
