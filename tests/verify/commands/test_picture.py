"""What Python and a notebook show: short reprs, the moving picture, plots and certificates that are files."""

import base64
import json
import re
import xml.etree.ElementTree as ElementTree
from fractions import Fraction
from pathlib import Path

import pytest

from hardmax import Budget, Configuration, HarmonicStep, InputError, all_claims, claim, prove
from hardmax.verify.certificates.self_check import answer_to
from hardmax.verify.provers.freeze.outcome import Frozen, Undecided

SQUARE = Configuration(
    [[1, 1], [1, -1], [-1, 1], [-1, -1], ["1/2", 0]], alpha="1/2", labels=["a", "b", "<c>", "d", "e"]
)


@claim
def few_leaders(case):
    """There are at most two leaders."""
    return len(case.leaders) <= 2 or f"{len(case.leaders)} leaders"


@pytest.fixture(scope="module")
def square():
    return prove(SQUARE)


def image(html):
    """The SVG in the only image of a piece of HTML."""
    (data,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]*)"', html)
    return base64.b64decode(data).decode()


@pytest.mark.parametrize(
    "c",
    [
        SQUARE,
        Configuration([["1/3"], [10**30], ["-0.125"]], [["7/2"]], follow="smallest", multiplicities=[2, 1, 1]),
        Configuration([[1, 2]], step=HarmonicStep(2, 5)),
    ],
)
def test_the_prompt_shows_what_makes_an_equal_configuration(c):
    assert eval(repr(c)) == c
    assert "Fraction" not in repr(c)


def test_long_configurations_and_numbers_are_cut():
    many = repr(Configuration([[i, Fraction(1, 3**400)] for i in range(500)], labels=map(str, range(500))))
    assert "… 480 more" in many
    assert len(many) < 3_000


def test_what_is_proved_has_short_names(square):
    assert repr(square) == "<Result verified: 5 tokens in R^2, 4 leaders, 5 cluster points>"
    assert repr(square.outcome) == "<Frozen from layer 0 on, leaders {0: 0, 1: 0, 2: 0, 3: 0}>"
    assert repr(square.limits) == "((1, 1), (1, -1), (-1, 1), (-1, -1), (1, 0))"
    assert square.limits[4] == (Fraction(1), Fraction(0))
    assert repr(square.vertices[0]) == "(-1, -1)"
    assert (square.leaders, square.freeze_layer) == ({0: 0, 1: 0, 2: 0, 3: 0}, 0)
    assert repr(square.case) == f"Case({SQUARE!r})"
    assert repr(all_claims()[0]) == f"<Claim {all_claims()[0].id}>"
    assert repr(few_leaders).startswith("<OwnClaim ")
    assert repr(prove([["1/2"]]).limits) == "((1/2,),)"


def test_what_is_undecided_has_the_attributes_of_what_is_frozen_and_they_are_none():
    late = Configuration([(2, -1), (2, 1), (1, -3), (1, 0), (-1, 2), (1, 3)], alpha="1/1000")
    found = prove(late, Budget(steps=3))
    assert isinstance(found.outcome, Undecided)
    fields = {*Frozen.__dataclass_fields__, "tokens", "freeze_layer", "sets"} - {"configuration", "phases"}
    assert {name: getattr(found.outcome, name) for name in fields} == dict.fromkeys(fields)
    assert (found.limits, found.leaders, found.freeze_layer, found.vertices) == (None,) * 4
    assert repr(found) == "<Result undecided: 6 tokens in R^2>"
    assert repr(found.outcome).startswith("<Undecided: ")
    with pytest.raises(InputError, match="there is no certificate to write: nothing is decided"):
        found.save_certificate("late.cert.json")
    assert not Path("late.cert.json").exists()
    spiral = prove(Configuration([[1, 0], [0, 1], [0, -1], [-1, 0]], [[1, 1], [-1, 1]]))
    assert (spiral.freeze_layer, spiral.limits[0], repr(spiral.outcome)[:13]) == (None, (0, 0), "<SelfSimilar,")


def test_a_plot_moves_and_is_one_file_with_all_that_it_needs(square, tmp_path):
    moving = square.plot()
    assert moving.save(tmp_path / "square.svg").read_text() == moving.svg
    root = ElementTree.fromstring(moving.svg)
    frames = [g for g in root.iter("{http://www.w3.org/2000/svg}g") if g.get("class") == "frame"]
    names = [g[-1].text for g in frames]
    assert names == [*(f"layer {k}" for k in range(len(names) - 1)), "the limit"]
    assert re.findall(r"animation-delay:([\d.]+)s", moving.svg) == [f"{0.9 * k:g}" for k in range(len(names))]
    assert "@keyframes" in moving.svg
    assert "prefers-reduced-motion" in moving.svg
    assert not re.search(r"<script|https?://(?!www\.w3\.org/2000/svg)", moving.svg)
    assert "&lt;c&gt;" in moving.svg
    places = [tuple(t.get("transform") for t in g.iter() if "token" in (t.get("class") or "").split()) for g in frames]
    assert places[0] != places[1], "tokens move"
    still = square.plot(-1).svg
    assert "@keyframes" not in still
    assert "in the limit" in still
    with pytest.raises(InputError, match=r"layer is 99; the picture shows 0, 1, .*limit"):
        square.plot(99)
    with pytest.raises(InputError, match=r"cannot be written: .*give another place"):
        moving.save(tmp_path)


def test_too_many_tokens_are_no_picture_but_no_error_in_a_notebook_either():
    many = prove([[i] for i in range(1, 203)])
    with pytest.raises(InputError, match="there is no picture of this"):
        many.plot()
    assert "<img" not in many._repr_html_()
    assert "202 tokens in R^1" in many._repr_html_()


def test_a_notebook_shows_the_moving_picture_and_what_is_decided(square):
    html = square._repr_html_()
    assert image(html) == square.plot().svg
    assert "verified: the theorem&#39;s hypotheses hold" in html
    assert "2 &#39;&lt;c&gt;&#39;" in html
    assert "@keyframes" in image(SQUARE._repr_html_())
    assert "Configuration([[1, 1]" in SQUARE._repr_html_()
    refuted = few_leaders.search(examples=200)
    html = refuted._repr_html_()
    assert "@keyframes" in image(html)
    assert f"test_picture.few_leaders: {refuted.finding.message}" in html
    assert repr(refuted) == f"<Refutation of test_picture.few_leaders: {refuted.finding.message}>"


def test_a_certificate_is_saved_and_accepted(square, tmp_path):
    path = square.save_certificate(tmp_path / "square.cert.json")
    assert answer_to(json.loads(path.read_text()), None)[0] == "accepted"
    with pytest.raises(InputError, match="cannot be written"):
        square.save_certificate(tmp_path / "nowhere" / "x.cert.json")
