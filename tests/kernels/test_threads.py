import threading

import pytest

pytest.importorskip("numba", reason="numba is not installed: pip install 'hardmax[compiled]'")

from hardmax.kernels.threads import LEAST_WORK, share


@pytest.mark.parametrize(("count", "work"), [(0, 1), (1, 1), (7, 1), (7, LEAST_WORK), (1000, LEAST_WORK)])
def test_every_item_is_done_once(count, work):
    done, lock = [], threading.Lock()

    def function(low, high):
        with lock:
            done.extend(range(low, high))

    share(function, count, work)
    assert sorted(done) == list(range(count))


def test_little_work_stays_on_the_callers_thread():
    names = set()
    share(lambda low, high: names.add(threading.current_thread()), 100, 1)
    assert names == {threading.current_thread()}


def test_an_error_in_a_thread_reaches_the_caller():
    with pytest.raises(ZeroDivisionError):
        share(lambda low, high: 1 // (high - 9), 9, LEAST_WORK)


def test_it_compiles_on_the_callers_thread():
    """There a time limit or Ctrl-C ends it; a pool would be waited for, a minute perhaps."""
    calls, lock = [], threading.Lock()

    def function(low, high):
        with lock:
            calls.append((low, high, threading.current_thread()))

    share(function, 100, LEAST_WORK)
    assert calls[0] == (0, 1, threading.current_thread())
