"""Ctrl-C and SIGTERM: never lost, never in the midst of what must be whole, and ignored once the work has ended."""

import atexit
import gc
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from hardmax.kernels.errors import LostWorkerError
from hardmax.verify.campaigns.campaign import Plan, run_campaign
from hardmax.verify.campaigns.interruption import Interruption

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")


@pytest.fixture(autouse=True)
def handlers(monkeypatch):
    """The handlers of a program that has just begun; those of the tests come back."""
    monkeypatch.setattr(atexit, "register", lambda *_: None)
    before = {
        number: signal.signal(number, usual)
        for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL))
    }
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def wait_for_it():
    """Work that only an interruption ends early."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        time.sleep(0.001)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_signal_ends_the_work_and_what_follows_is_left_in_peace(number):
    with Interruption() as interruption:
        with pytest.raises(KeyboardInterrupt), interruption.ends_the_work():
            signal.raise_signal(number)
        signal.raise_signal(number)
    signal.raise_signal(number)


def test_without_a_signal_everything_is_as_before():
    hook = sys.unraisablehook
    with Interruption() as interruption, interruption.ends_the_work(), interruption.held_back():
        assert signal.getsignal(signal.SIGINT) != signal.default_int_handler
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert sys.unraisablehook is hook
    with pytest.raises(KeyError), Interruption() as interruption, interruption.ends_the_work():
        raise KeyError


def interrupted(work):
    """Whether `work(interruption)` ends in an interruption."""
    with Interruption() as interruption:
        try:
            with interruption.ends_the_work():
                work(interruption)
        except KeyboardInterrupt:
            return True
    return False


def test_one_that_is_lost_in_a_callback_of_the_collector_is_raised_again(capsys):
    sent = []

    def callback(phase, info):
        if not sent:
            sent.append(phase)
            signal.raise_signal(signal.SIGINT)

    def work(_):
        gc.callbacks.append(callback)
        try:
            gc.collect()
            wait_for_it()
        finally:
            gc.callbacks.remove(callback)

    assert interrupted(work)
    assert sent
    assert "Traceback" not in capsys.readouterr().err


def test_what_libraries_make_of_it_is_still_an_interruption():
    def work(_):
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            raise AssertionError

    assert interrupted(work)


def test_one_that_somebody_catches_is_raised_at_the_next_piece_of_work():
    def work(interruption):
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with interruption.held_back():
            pass

    assert interrupted(work)


def test_what_must_be_whole_is_finished_first():
    done = []

    def work(interruption):
        with interruption.held_back():
            signal.raise_signal(signal.SIGINT)
            done.append("whole")
        done.append("more")

    assert interrupted(work)
    assert done == ["whole"]


def test_a_second_one_in_the_same_moment_does_not_break_off_the_clean_end():
    ended = []

    def work(_):
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGINT)
            ended.append(True)

    assert interrupted(work)
    assert ended


def test_signals_that_the_caller_ignores_stay_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Interruption() as interruption, interruption.ends_the_work():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN


# -- in a whole run ---------------------------------------------------------------------------------------------------

FATES = """
import gc, os, signal
from hardmax.kernels.floats.numpy_kernel import step
def once(phase, info):
    gc.callbacks.remove(once)
    signal.raise_signal(signal.SIGINT)
def interrupted_in_the_collector(tokens, A, alpha, calls=[]):
    calls.append(1)
    if len(calls) == 8:
        gc.callbacks.append(once)
    return step(tokens, A, alpha)
def killed(tokens, A, alpha):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def verify(folder, *arguments):
    (folder / "fates.py").write_text(FATES)
    command = [sys.executable, "-m", "hardmax.verify.cli", "verify", "--claims", "lemmas.norm_growth", "--out", "out"]
    ended = subprocess.run(
        [*command, "--families", "lattice", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert "Traceback" not in ended.stderr, ended.stderr
    assert ended.returncode == 3
    assert json.loads((folder / "out" / "run.json").read_text())["interrupted"]
    return ended


def test_a_run_that_is_interrupted_in_a_callback_of_the_collector_ends(tmp_path):
    verify(tmp_path, "--kernels", "fates.py:interrupted_in_the_collector", "--examples", "3000")


def test_a_worker_that_is_killed_ends_the_run_in_one_line_and_what_was_found_is_kept(tmp_path):
    ended = verify(tmp_path, "--kernels", "fates.py:killed", "--examples", "3000", "--jobs", "2")
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("configurations: ")]
    assert lines == [
        "hardmax: error: a process of this run was killed, from outside or for want of memory; give fewer --jobs; "
        "what was found until then is kept"
    ]


def test_a_lost_worker_is_an_error_of_its_own(tmp_path):
    (tmp_path / "fates.py").write_text(FATES)
    plan = Plan(("lemmas.norm_growth",), ("lattice",), kernels=(f"{tmp_path / 'fates.py'}:killed",))
    with pytest.raises(LostWorkerError):
        list(run_campaign(plan, examples=50, jobs=2))
