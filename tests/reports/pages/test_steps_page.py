"""The line of α on the page: one stroke a cell, one colour a set of leaders, escaped."""

import pytest

from hardmax.reports.pages.steps_figures import steps_figure
from hardmax.reports.records.codec import RecordError
from hardmax.reports.records.steps_record import StepCellRecord, StepsRecord


def cell(low, high, start, end, leaders, **more):
    fields = {"freeze_layer": 0, "small_steps": False, "reason": ""} | more
    return StepCellRecord(low=low, high=high, start=start, end=end, leaders=leaders, **fields)


CELLS = (
    cell("0", "1/2", 0.0, 0.5, (0, 1)),
    cell("1/2", "1/2", 0.5, 0.5, (0,)),
    cell("1/2", "2", 0.5, 2.0, None, reason="late"),
    cell("2", "2", 2.0, 2.0, (0, 1)),
    cell("2", "inf", 2.0, None, (0, 1)),
)


def test_every_cell_is_drawn_and_equal_sets_share_a_colour():
    figure = steps_figure(StepsRecord("x.json", ("<b>", "c"), CELLS, None))
    assert figure.content.count("<rect") == len(CELLS)
    assert [said for _, said in figure.sets] == ["leaders <b>, c", "leaders <b>", "undecided"]
    assert len({colour for colour, _ in figure.sets}) == 3
    assert "<b>" not in figure.content
    assert 'x="240.00"' in figure.content  # 1/2 at a third of the line
    assert [said for _, said in figure.rows][2] == "undecided"


def test_a_line_with_an_end_is_refused():
    with pytest.raises(RecordError, match="reach"):
        StepsRecord("x.json", None, CELLS[:2], None)
