"""The line a minute that a run prints where there is no terminal."""

import pytest

from hardmax.verify.commands.parts import output


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(output, "monotonic", lambda: now[0])
    return now


def said(clock, capsys, steps, seconds=None):
    """What is printed for (seconds later, done, total), one after another."""
    with output.progress(seconds) as told:
        for later, done, total in steps:
            clock[0] += later
            told("things", done, total)
    return capsys.readouterr().err.splitlines()


def test_a_line_a_minute_with_rate_and_rest(clock, capsys):
    lines = said(clock, capsys, [(0, 0, 9000)] + [(20, 20 * k, 9000) for k in range(1, 10)])
    assert lines == [f"things: {60 * k} of 9,000, 1 a second, 2 h {30 - k} min left" for k in (1, 2, 3)]


def test_what_an_earlier_run_has_done_does_not_count_for_the_rate(clock, capsys):
    (line,) = said(clock, capsys, [(0, 5000, 9000), (60, 5060, 9000)])
    assert line == "things: 5,060 of 9,000, 1 a second, 1 h 5 min left"


def test_no_more_time_is_left_than_the_run_has(clock, capsys):
    lines = said(clock, capsys, [(0, 0, 9000), (60, 60, 9000), (60, 120, None), (60, 9000, 9000)], seconds=200)
    rests = [line.split(", ")[-1] for line in lines]
    assert rests == ["2 min 20 s left", "1 min 20 s left", "0 s left"]


def test_without_a_total_or_a_limit_nothing_is_said_of_the_rest(clock, capsys):
    lines = said(clock, capsys, [(60 * (k > 0), 60 * k, None) for k in range(3)])
    assert lines == ["things: 60, 1 a second", "things: 120, 1 a second"]
