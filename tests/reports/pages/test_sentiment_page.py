"""The page of the classifier, from made records alone: strict reading, escaping, geometry."""

import json
import re
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

from hardmax.reports.pages.sentiment_page import RECORD, estimate, interval, picture, read_record, render, write_page
from hardmax.reports.records.codec import RecordError, loads
from hardmax.reports.records.sentiment_record import EstimateRecord, SentimentRecord

# Run, not imported: test folders are no packages.
MADE = run_path(str(Path(__file__).parents[1] / "made_sentiment.py"))
made_record, comparison = MADE["made_record"], MADE["comparison"]

EVIL = '<script>alert("x")</script>&\u202e'


def record(word: str = "worst", **changes: Any) -> SentimentRecord:
    return loads(SentimentRecord, json.dumps(made_record(word) | changes), "made")


def test_the_page_says_what_was_proved_and_what_the_claims_came_to():
    page = render(record())
    assert "5 of 5 test reviews proved exactly" in page
    assert "1 are supported, 1 are not supported and 0 are refuted" in " ".join(page.split())
    assert "Not measured in this run: statement b worst." in page
    assert "bit for bit" in page
    assert "0.830 ± 0.010" in page
    assert render(record()) == page


def test_a_run_with_a_refuted_review_does_not_look_verified():
    proofs = made_record()["proofs"] | {"merged": {"verified": 4, "refuted": 1}}
    page = render(record(proofs=proofs))
    assert '<header class="refuted">' in page
    assert '<header class="verified">' in render(record())


def test_the_page_is_one_file_and_every_text_is_escaped():
    page = render(record(EVIL))
    assert "<script>alert" not in page
    assert page.count("<script") == 1
    assert "&lt;script&gt;" in page
    assert not re.search(r"(?:src|href)=[\"'](?!#)", page)
    assert "http" not in page.replace("http-equiv", "")
    assert " style=" not in page
    assert not re.search(r"\son\w+=", page)


def test_the_policy_allows_this_script_and_style_alone():
    page = render(record())
    assert page.count("sha256-") == 2
    assert "default-src &#39;none&#39;; style-src" in page


def test_words_move_and_the_mean_decides():
    shown = picture(record().example)
    assert shown is not None
    first, last = shown.frames
    leader, follower = first.dots
    assert (leader.leads, follower.leads) == (True, False)
    assert (leader.x, leader.y) == (last.dots[0].x, last.dots[0].y)
    distance = [((f.dots[1].x - leader.x) ** 2 + (f.dots[1].y - leader.y) ** 2) ** 0.5 for f in shown.frames]
    assert distance[1] == pytest.approx(distance[0] / 2, abs=0.5)
    assert not leader.positive
    assert not last.mean.positive
    # the line x = 1/2 lies to the left of all words, upright
    assert shown.line is None or shown.line[0] == shown.line[2]


def test_the_decision_line_is_where_the_logit_is_zero():
    example = made_record()["example"] | {"direction": [1.0, 1.0], "bias": -3.0}
    shown = picture(record(example=example).example)
    assert shown is not None
    assert shown.line is not None
    x1, y1, x2, y2 = shown.line
    # The screen's second axis points down, so the line x + y = 3 rises on it.
    assert (y2 - y1) / (x2 - x1) == pytest.approx(1.0, abs=0.01)
    sides = {dot.positive for dot in shown.frames[0].dots}
    assert sides == {True, False}


def test_other_dimensions_have_no_picture():
    example = made_record()["example"] | {"direction": [1.0], "layers": [[[4.0], [1.0]]]}
    assert picture(record(example=example).example) is None
    assert "<input id=" not in render(record(example=example))


def test_intervals_share_the_scale_of_their_part():
    part = made_record()["claims"][0]["parts"][0] | {
        "comparisons": [comparison(difference=0.05), comparison("refuted", -0.2)]
    }
    claims = [made_record()["claims"][0] | {"parts": [part]}]
    one, other = record(claims=claims).claims[0].parts[0].comparisons
    ours, theirs = interval(one, (one, other)), interval(other, (one, other))
    assert ours is not None
    assert theirs is not None
    assert ours.zero == theirs.zero
    assert theirs.high < theirs.zero < ours.low < ours.mean < ours.high
    single = record().accuracy[0].twin
    assert isinstance(single, EstimateRecord)
    assert estimate(single) == "0.870"
    assert estimate(None) == "–"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "version"),
        ({"claims": None}, "claims"),
        ({"unknown": 1}, "unknown"),
        ({"reproduced": "yes"}, "reproduced"),
        ({"example": made_record()["example"] | {"counts": [1]}}, "counts has 1 entries for 2 words"),
        ({"example": made_record()["example"] | {"layers": [[[1.0, 2.0]]]}}, "layers must hold 2 points"),
    ],
)
def test_records_that_are_not_right_are_refused(tmp_path: Path, change, message):
    (tmp_path / RECORD).write_text(json.dumps(made_record() | change))
    with pytest.raises(RecordError, match=re.escape(message)):
        read_record(tmp_path)
    with pytest.raises(RecordError):
        write_page(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [RECORD]


def test_damaged_files_are_refused_by_name(tmp_path: Path):
    with pytest.raises(RecordError, match="cannot be read: No such file or directory; give the folder that --out"):
        read_record(tmp_path)
    (tmp_path / RECORD).symlink_to("/dev/zero")
    with pytest.raises(RecordError, match="is no regular file"):
        read_record(tmp_path)
    (tmp_path / RECORD).unlink()
    (tmp_path / RECORD).write_bytes(b"\xff")
    with pytest.raises(RecordError, match="is not JSON: invalid character"):
        read_record(tmp_path)
    (tmp_path / RECORD).write_text(json.dumps(made_record())[:-10])
    with pytest.raises(RecordError, match="is not JSON"):
        read_record(tmp_path)


def test_the_page_is_written_beside_the_record(tmp_path: Path):
    (tmp_path / RECORD).write_text(json.dumps(made_record()))
    path = write_page(tmp_path)
    assert path == tmp_path / "sentiment.html"
    assert path.read_text(encoding="utf-8") == render(record())


def test_bounds_of_the_distance_to_hardmax_are_rounded_up_and_shares_down():
    near = made_record()["near_hardmax"] | {
        "within": {"float32": 0.9999},
        "marks": {"β": [0.0, 1e-7, 0.3071, 1234.5, 2e6]},
    }
    text = render(record(near_hardmax=near))
    assert "99.9 % of the" in text
    for shown in ("0", "1.00e-7", "0.308", "1,235", "2,000,000"):
        assert f'">{shown}</td>' in text
