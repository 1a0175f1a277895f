"""A reader's hands on the disc of all A: the pointer, the sliders and the table move the tokens."""

import json
from pathlib import Path

import pytest

import hardmax.verify
from hardmax.kernels.exact.configuration_file import read_configuration
from hardmax.reports.pages.html import render_html
from hardmax.reports.records.store import Records
from hardmax.verify.commands.parts.atlas_text import atlas_record
from hardmax.verify.provers.regions.atlas.answer import ask_all_matrices

pytestmark = pytest.mark.browser

FIGURE = Path(hardmax.verify.__file__).parent / "claims" / "figures" / "figure2a_emerging_leader.json"
WALL = {"tokens": [[2, 0], [0, 2], [1, 2], [-2, 1], [-1, 2]], "alpha": "1/2", "labels": [*"abcde"]}


@pytest.fixture(scope="session")
def page_text(made, tmp_path_factory):
    path = tmp_path_factory.mktemp("atlas") / "wall.json"
    path.write_text(json.dumps(WALL))
    asked = [(p.name, ask_all_matrices(read_configuration(p))) for p in (path, FIGURE)]
    atlases = tuple(atlas_record(name, answer, None) for name, answer in asked)
    return render_html(Records(made.run("prove", atlases=atlases, results=0), (), ()))


def said(tab, number):
    return tab.page.locator("figure.atlas output").nth(number).inner_text()


def boxes(tab, number):
    return tab.page.locator(".plane").nth(number).locator(".box").count()


def test_pointer_sliders_and_table_move_the_tokens(open_report, page_text):
    tab = open_report(page_text)
    assert said(tab, 1) == "A = [[1.000, 0.000], [0.000, 1.000]]: leaders 0, 1, 2"  # the paper's figure
    assert boxes(tab, 1) == 3
    disc = tab.page.locator(".disc").nth(1)
    disc.scroll_into_view_if_needed()
    box = disc.bounding_box()
    tab.page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.3 * box["height"])
    assert said(tab, 1).endswith("leaders 0, 2")
    assert boxes(tab, 1) == 2
    slider = tab.page.locator("figure.atlas input").nth(2)
    slider.fill("0")
    tab.page.locator("figure.atlas input").nth(3).fill("0")
    assert boxes(tab, 1) == 3
    tab.check_quiet()


def test_every_row_shows_a_matrix_with_its_leaders(open_report, page_text):
    """In floats, too: what the script computes for the A of a row has as many leaders as is proved."""
    tab = open_report(page_text)
    for number, rows in ((0, tab.page.locator("table.stack").nth(0)), (1, tab.page.locator("table.stack").nth(1))):
        for row in rows.locator("tbody tr").all():
            leaders = row.locator("td").first.inner_text().strip()
            row.locator("button.go").click()
            assert said(tab, number).endswith(f": {leaders}")
            assert boxes(tab, number) == leaders.count(",") + 1
    tab.check_quiet()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_disc_fits_a_narrow_screen(open_report, page_text, scheme):
    tab = open_report(page_text, color_scheme=scheme)
    tab.page.set_viewport_size({"width": 390, "height": 844})
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390
    tab.check_quiet()
