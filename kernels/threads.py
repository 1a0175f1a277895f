"""Sharing compiled work among threads: for loops that release the interpreter's lock.

Plain threads instead of numba's parallel loops: those take nearly twice as long to compile, and their thread pools do
not survive a fork, on which process pools rely. Neighbour: `compiled_kernel`.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Lock

import numba

LEAST_WORK = 1 << 20
"""Elementary operations below which a second thread costs more than it saves."""


def share(function: Callable[[int, int], object], count: int, work: int) -> None:
    """Call function(low, high) for ranges that together are 0 … count − 1, on several threads if it is worth it.

    Args:
        function: does items low … high − 1 and may run beside itself on other ranges.
        count: how many items there are.
        work: elementary operations an item, roughly.
    """
    # numba's own limit: the processors this process may use, or NUMBA_NUM_THREADS.
    threads = min(numba.config.NUMBA_NUM_THREADS, count, 1 + count * work // LEAST_WORK)  # type: ignore[attr-defined]
    if threads <= 1:
        function(0, count)
        return
    function(0, 1)  # it compiles, for a minute perhaps, where Ctrl-C and time limits arrive: in this thread
    parts = min(count - 1, 8 * threads)  # several each, so that a thread that is held up does not hold up all
    edges = [1 + part * (count - 1) // parts for part in range(parts + 1)]
    ranges, lock = iter(list(pairwise(edges))), Lock()

    def work_on() -> None:
        while True:
            with lock:
                part = next(ranges, None)
            if part is None:
                return
            function(*part)

    # The caller works too: that is one new thread less which waits for a processor.
    with ThreadPoolExecutor(threads - 1) as pool:
        others = [pool.submit(work_on) for _ in range(threads - 1)]
        work_on()
        for other in others:
            other.result()
