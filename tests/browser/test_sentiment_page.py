"""The classifier's page in a real browser: the slider moves the words, and nothing else happens."""

import json
from pathlib import Path
from runpy import run_path

import pytest

from hardmax.reports.pages.sentiment_page import render
from hardmax.reports.records.codec import loads
from hardmax.reports.records.sentiment_record import SentimentRecord

pytestmark = pytest.mark.browser

MADE = run_path(str(Path(__file__).parents[1] / "reports" / "made_sentiment.py"))


def page(word: str = "worst") -> str:
    return render(loads(SentimentRecord, json.dumps(MADE["made_record"](word)), "made"))


def test_the_slider_shows_one_layer_after_the_other(open_report):
    tab = open_report(page()).page
    frames, slider = tab.locator(".words .frame"), tab.locator("#layer")
    assert [frame.is_visible() for frame in frames.all()] == [True, False]
    assert tab.locator("#layer-name").text_content() == "layer 0 of 1"
    slider.press("End")
    assert [frame.is_visible() for frame in frames.all()] == [False, True]
    assert tab.locator("#layer-name").text_content() == "layer 1 of 1"


def test_without_script_the_first_layer_is_shown_and_no_dead_slider(open_report):
    tab = open_report(page(), java_script_enabled=False).page
    assert tab.locator(".words .frame").first.is_visible()
    assert not tab.locator("#layer").is_visible()


def test_words_that_look_like_markup_stay_words(open_report):
    tab = open_report(page("<img src=x onerror=alert(1)>")).page
    assert tab.locator("img").count() == 0
    assert tab.locator(".words text").first.text_content() == "<img src=x onerror=alert(1)>"
