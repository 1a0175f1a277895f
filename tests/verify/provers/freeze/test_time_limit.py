"""A limited time ends work that looks at no clock, between rows of long products, and leaves nothing behind."""

import os
import signal
import time
from itertools import count

import pytest

from hardmax.kernels import Configuration
from hardmax.verify import prove
from hardmax.verify.claims import case
from hardmax.verify.provers.freeze import budget
from hardmax.verify.provers.freeze import sign_table as shift_table
from hardmax.verify.provers.freeze.outcome import Frozen, Undecided
from hardmax.verify.provers.freeze.prover import Budget, decide
from hardmax.verify.provers.freeze.time_limit import OutOfTimeError, time_limit

from ....examples import SQUARE, late_leader
from ..stepping import faults

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs an interval timer")


def endless(*_):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        pass
    pytest.fail("nothing ended it")


def test_work_that_looks_at_no_clock_is_ended():
    with pytest.raises(OutOfTimeError, match=r"^0\.1 seconds have passed$"), time_limit(0.1):
        endless()
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL


@pytest.mark.parametrize("seconds", [None, 30, 1e300])
def test_work_that_ends_in_time_is_not(seconds):
    with time_limit(seconds):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL


def test_a_timer_of_somebody_else_is_left_alone():
    def theirs(*_):
        pass

    signal.signal(signal.SIGALRM, theirs)
    signal.setitimer(signal.ITIMER_REAL, 100)
    try:
        with time_limit(1):
            assert signal.getsignal(signal.SIGALRM) is theirs
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 50
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def test_a_verdict_that_takes_too_long_is_undecided(monkeypatch):
    monkeypatch.setattr(case, "decide", endless)
    proved = prove(Configuration(SQUARE), Budget(seconds=0.1))
    assert proved.verdict == "undecided"
    assert {finding.message for finding in proved.findings.values()} == {"0.1 seconds have passed"}
    assert proved.record().limits is None


def test_the_clock_is_looked_at_before_the_first_layer(monkeypatch):
    ticks = count()
    monkeypatch.setattr(budget, "monotonic", lambda: next(ticks))
    outcome = decide(Configuration(SQUARE), Budget(seconds=0.5))
    assert isinstance(outcome, Undecided)
    assert (outcome.reason, outcome.phases) == ("0.5 seconds have passed, at layer 0", ())
    monkeypatch.setattr(budget, "monotonic", lambda: 0)
    assert decide(Configuration(SQUARE), Budget(seconds=2)) == decide(Configuration(SQUARE))


def test_the_clock_is_looked_at_within_a_long_jump(monkeypatch):
    plain = decide(late_leader(700))
    inside = []
    ticks = count()
    monkeypatch.setattr(budget, "monotonic", lambda: next(ticks) if inside else 0)
    jump = shift_table.ConstantSets.layer_at
    monkeypatch.setattr(
        shift_table.ConstantSets, "layer_at", lambda self, offset: inside.append(offset) or jump(self, offset)
    )
    outcome = decide(late_leader(700), Budget(seconds=3))
    assert isinstance(outcome, Undecided)
    assert outcome.reason.startswith("3 seconds have passed, at layer ")
    assert faults(outcome, beyond=0) == []
    assert isinstance(plain, Frozen)
