"""Work for other processes: any executor of `concurrent.futures`, a pool of our own, or this process itself.

Neighbours: `campaign` sends chunks, `journal` the tasks of studies, `interruption` ends both.
"""

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any, TypeVar

from ...kernels.errors import LostWorkerError
from .interruption import starting_processes

Task = TypeVar("Task")
Done = TypeVar("Done")

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
"""What numerical libraries read when they load to see how many threads they may start."""
MOST_JOBS = 4
"""Processes a core at most: more would only fill the memory."""


class AtOnce(Executor):
    """An executor that works where it stands: what is submitted is done when `submit` returns, or raises."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call it now."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@contextmanager
def workers(jobs: int) -> Iterator[Executor]:
    """An executor of so many processes, of this one alone for one; at most `MOST_JOBS` a core.

    The processes end with the context, at once if it ends by an exception, and with this process however it ends.
    """
    jobs = min(jobs, MOST_JOBS * (os.cpu_count() or 1))
    if jobs <= 1:
        yield AtOnce()
        return
    for name in THREADS:  # the processes share the cores among themselves
        os.environ.setdefault(name, "1")
    # spawn: a fork would share the threads of numerical libraries
    context = get_context("spawn")
    alive, lifeline = context.Pipe(duplex=False)  # its end is the end of the processes
    executor = ProcessPoolExecutor(jobs, mp_context=context, initializer=_serve_the_parent, initargs=(alive,))
    try:
        yield executor
    except BaseException:  # nobody waits for what is under way
        lifeline.close()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
        lifeline.close()
        alive.close()


def finished(
    executor: Executor, work: Callable[[Task], Done], tasks: Iterable[tuple[int, Task]], *, ahead: int
) -> Iterator[tuple[int, Done]]:
    """The results of tasks as they end: (number, result).

    Args:
        executor: does the work.
        work: like the tasks it can be sent to another process.
        tasks: (number, task) in the order in which they are begun; the next one is drawn when there is room.
        ahead: how many are under way at most.

    Raises:
        LostWorkerError: a process ended before its work.
    """
    source = iter(tasks)
    pending: dict[Future[Done], int] = {}
    at_once = isinstance(executor, AtOnce)
    try:
        while True:
            while len(pending) < (1 if at_once else ahead) and (task := next(source, None)) is not None:
                if at_once:
                    pending[executor.submit(work, task[1])] = task[0]
                else:
                    with starting_processes():
                        pending[executor.submit(work, task[1])] = task[0]
            if not pending:
                return
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                yield pending.pop(future), future.result()
    except (BrokenExecutor, CancelledError):
        raise LostWorkerError(
            "a process of this run was killed, from outside or for want of memory; give fewer --jobs"
        ) from None
    finally:
        for future in pending:
            future.cancel()


def _serve_the_parent(alive: Connection) -> None:
    """In a worker: Ctrl-C is the parent's to handle, and where the parent is gone there is nothing left to do.

    Args:
        alive: a pipe that ends when the parent does, or when it wants no more work.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        alive.poll(None)
        os._exit(1)

    Thread(target=watch, daemon=True).start()
