"""The pages of the gallery in a real browser; HARDMAX_UPDATE=1 takes the README's screenshots anew."""

import os
import re
from pathlib import Path

import pytest

import hardmax.reports

pytestmark = pytest.mark.browser

GALLERY = Path(hardmax.reports.__file__).parent / "examples"
SCREENSHOTS = GALLERY / "screenshots"
PAGES = {
    "emerging-leader": ("article.card", 1),
    "persistent-tie": ("article.card", 1),
    "late-leader": ("article.card", 1),
    "dropped-hypotheses": ("[id='necessity.nonzero']", 6),
    "paper-2508.09628": ("article.card", 5),
    "first-maximiser": ("#checks tbody tr", 17),
}
"""Folder → what its screenshot shows, and how many pictures the page has."""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_gallery_opens_and_its_pictures_move(open_report, name):
    tab = open_report((GALLERY / name / "report.html").read_text("utf-8"))
    figures = tab.page.locator("figure.scene")
    tab.page.locator("details").evaluate_all("folds => folds.forEach((fold) => { fold.open = true; })")
    assert figures.count() == PAGES[name][1]
    for figure in figures.all():
        slider, output = figure.locator("input[type=range]"), figure.locator("output")
        slider.press("Home")
        assert output.text_content().startswith("layer 0 of ")
        slider.press("End")
        assert re.fullmatch(r"limit.*|layer (\d+) of \1", output.text_content())
        assert figure.locator(".stage path.trail").get_attribute("d").startswith("M")


@pytest.mark.parametrize("name", ["dropped-hypotheses", "emerging-leader", "first-maximiser"])
def test_the_screenshot_of_the_readme_is_there(open_report, name):
    path = SCREENSHOTS / f"{name}.png"
    if os.environ.get("HARDMAX_UPDATE") == "1":
        tab = open_report((GALLERY / name / "report.html").read_text("utf-8"), color_scheme="light")
        shown = tab.page.locator(PAGES[name][0]).first
        if name == "emerging-leader":
            tab.page.locator("input[type=range]").first.press("ArrowRight")
            tab.page.locator("input[type=range]").first.blur()
        SCREENSHOTS.mkdir(exist_ok=True)
        shown.screenshot(path=path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert path.stat().st_size < 200_000
