"""The disc of all A on the page: one shape a cell, one colour a set of leaders, bold what no polygon has, escaped."""

import pytest
from msgspec.structs import replace

from hardmax.reports.formats.markdown import render_markdown
from hardmax.reports.pages.atlas_figures import atlas_figure
from hardmax.reports.pages.run_page import render_html
from hardmax.reports.records.atlas_record import AtlasCellRecord, AtlasRecord, AtlasSetRecord
from hardmax.reports.records.codec import RecordError
from hardmax.reports.records.store import Records

ONE = (("1", "0"), ("0", "1"))
HALF = (("3/2", "0"), ("0", "1/2"))
SETS = (
    AtlasSetRecord(leaders=(0, 1), A=ONE, at=(0.0, 0.0), polygons=2, segments=1, points=0),
    AtlasSetRecord(leaders=(0,), A=HALF, at=(0.5, 0.0), polygons=0, segments=1, points=1),
    AtlasSetRecord(leaders=(1,), A=HALF, at=(0.5, 0.0), polygons=0, segments=0, points=1),
    AtlasSetRecord(leaders=None, A=HALF, at=(0.5, 0.0), polygons=1, segments=0, points=0),
)
CELLS = (
    AtlasCellRecord(set=0, freeze_layer=0, corners=((-1, -1), (0, -1), (0, 1))),
    AtlasCellRecord(set=0, freeze_layer=1, corners=((0, -1), (1, -1), (0, 1))),
    AtlasCellRecord(set=0, freeze_layer=1, corners=((0, -1), (0, 1))),
    AtlasCellRecord(set=1, freeze_layer=1, corners=((0.5, 0), (0.5, 1))),
    AtlasCellRecord(set=1, freeze_layer=1, corners=((0.5, 1),)),
    AtlasCellRecord(set=2, freeze_layer=1, corners=((0.5, 0),)),
    AtlasCellRecord(set=3, freeze_layer=None, corners=((0, 0), (1, 0), (0, 1)), reason="late"),
)
RECORD = AtlasRecord(
    input="x.json",
    labels=("<b>", "c\u202e"),
    tokens=((1.0, 0.0), (0.0, 1.0)),
    multiplicities=(1, 1),
    alpha=1.0,
    sets=SETS,
    cells=CELLS,
    certificate=None,
)


def test_every_cell_is_drawn_and_what_no_polygon_has_is_bold():
    figure = atlas_figure(RECORD, 3)
    assert figure.content.count("<polygon") == 3
    assert figure.content.count('class="bold"') == 1  # the wall of the second set; its corner lies at its end
    assert 'd="M295.0 200.0L295.0 10.0"' in figure.content
    assert '<circle cx="295.0" cy="200.0" r="4"/>' in figure.content  # the corner of the third set
    assert '<path class="wall" d="M200.0 390.0L200.0 10.0"/>' in figure.content
    assert "url(#atlas-3)" in figure.content
    assert len({colour for colour, _, _ in figure.rows}) == 4
    assert [said for _, said, _ in figure.rows][2:] == ["leaders c\\u202e", "undecided"]


def test_names_are_escaped_and_printable_wherever_they_stand(made):
    run = made.run("prove", atlases=(RECORD,), results=0)
    text = render_html(Records(run, (), ()))
    assert "leaders &lt;b&gt;" in text
    assert "<b>" not in text
    assert "\u202e" not in text
    assert "figure.atlas" in text  # its script
    assert "figure.atlas" not in render_html(Records(made.run("prove", results=0), (), ()))


def test_markdown_has_the_table(made):
    text = render_markdown(Records(made.run("prove", atlases=(RECORD,), results=0), (), ()))
    assert "every symmetric positive definite A" in text
    assert "| 0, 1 | 2 | 1 | 0 |" in text
    assert "| undecided | 1 | 0 | 0 |" in text


def test_a_cell_of_no_set_is_refused():
    with pytest.raises(RecordError, match="not listed"):
        replace(RECORD, sets=SETS[:2])
