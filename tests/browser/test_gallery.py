"""The pages of the gallery in a real browser; HARDMAX_UPDATE=1 takes the README's screenshot anew."""

import os
import re
from pathlib import Path

import pytest

import hardmax.reports

pytestmark = pytest.mark.browser

GALLERY = Path(hardmax.reports.__file__).parent / "examples"
PAGES = {
    "emerging-leader": 1,
    "persistent-tie": 1,
    "late-leader": 1,
    "dropped-hypotheses": 6,
    "paper-2508.09628": 5,
    "first-maximiser": 17,
}
"""Folder → how many pictures its page has."""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_gallery_opens_and_its_pictures_move(open_report, name):
    tab = open_report((GALLERY / name / "report.html").read_text("utf-8"))
    figures = tab.page.locator("figure.scene")
    tab.page.locator("details").evaluate_all("folds => folds.forEach((fold) => { fold.open = true; })")
    assert figures.count() == PAGES[name]
    for figure in figures.all():
        slider, output = figure.locator("input[type=range]"), figure.locator("output")
        slider.press("Home")
        assert output.text_content().startswith("layer 0 of ")
        slider.press("End")
        assert re.fullmatch(r"limit.*|layer (\d+) of \1", output.text_content())
        assert figure.locator(".stage path.trail").get_attribute("d").startswith("M")


def test_the_screenshot_of_the_readme_is_there(open_report):
    path = GALLERY / "screenshots" / "emerging-leader.png"
    if os.environ.get("HARDMAX_UPDATE") == "1":
        tab = open_report((GALLERY / "emerging-leader" / "report.html").read_text("utf-8"), color_scheme="light")
        slider = tab.page.locator("input[type=range]").first
        slider.press("ArrowRight")
        slider.blur()
        path.parent.mkdir(exist_ok=True)
        tab.page.locator("article.card").first.screenshot(path=path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert path.stat().st_size < 200_000


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_of_every_matrix_moves_its_tokens(open_report, width):
    tab = open_report((GALLERY / "every-matrix" / "report.html").read_text("utf-8"))
    tab.page.set_viewport_size({"width": width, "height": 844})
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
    said = tab.page.locator("figure.atlas output")
    assert said.inner_text() == "A = [[1.000, 0.000], [0.000, 1.000]]: leaders 0, 1, 2"
    tab.page.locator("figure.atlas input").first.fill("0.5")
    assert said.inner_text().endswith(": leaders 0, 2")
    row = tab.page.locator("table.stack tbody tr").first
    row.locator("button.go").click()
    assert said.inner_text().endswith(f": {row.locator('td').first.inner_text().strip()}")
