"""Text that is shown: nothing in it acts on a terminal, a browser or a reader of XML, and nothing is lost."""

import json
import os
import unicodedata
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hardmax.kernels import Configuration
from hardmax.reports.printable import isolated, json_text, one_line, path_text, printable
from hardmax.reports.report import render_all

ANY_TEXT = st.text(st.characters() | st.characters(categories=["Cs"]))
"""Lone surrogates included."""


@given(ANY_TEXT)
def test_what_is_printable_has_no_control_characters_and_stays_as_it_is(text):
    shown = printable(text)
    assert {c for c in shown if unicodedata.category(c) in ("Cc", "Cs", "Co", "Zl", "Zp")} <= {"\n", "\t"}
    assert printable(shown) == shown
    ET.fromstring(ET.tostring(element(shown), encoding="utf-8"))  # XML can hold it
    assert "\n" not in one_line(text)


def element(text: str) -> ET.Element:
    made = ET.Element("a", {"b": text})
    made.text = text
    return made


@pytest.mark.parametrize(
    "text", ["naïve", "Ελληνικά", "می\u200cخواهم", "हिन्दी", "中文", "한국어", "👨‍👩‍👧", "a\u200eb", "\ufffd"]
)
def test_every_script_is_shown_as_it_is(text):
    assert printable(text) == one_line(text) == text
    assert json_text([text]) == f'["{text}"]'


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", r"\u001b[2J"),
        ("a\x00b", r"a\u0000b"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("a\u2066b\u2028c", r"a\u2066b\u2028c"),
        ("\udce9", r"\udce9"),
        ("\U000e0041", r"\U000e0041"),
        ("a\r\nb\rc", "a\nb\\u000dc"),
        ("\ufffe\x85", r"\ufffe\u0085"),
    ],
)
def test_what_cannot_be_seen_is_shown_as_its_escape(text, shown):
    assert printable(text) == shown


def test_one_line_has_single_spaces():
    assert one_line(" a\nb\r\n\t c\u2028") == r"a b c\u2028"


def test_what_is_written_from_right_to_left_keeps_to_itself():
    assert isolated("שלום 1") == "\u2068שלום 1\u2069"
    assert isolated("سلام") == "\u2068سلام\u2069"
    assert isolated("naïve 中文 👨‍👩‍👧") == "naïve 中文 👨‍👩‍👧"


@given(st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_reads_back_as_it_was_and_holds_nothing_that_cannot_be_seen(value):
    for text in (json_text(value), json_text(value, readable=True)):
        assert json.loads(text) == value
        assert printable(text) == text


@given(st.recursive(st.text(max_size=9) | st.floats(0, 1), st.lists).map(lambda value: [value] * 9))
def test_readable_json_has_lines_of_what_fits_into_one(value):
    lines = json_text(value, readable=True).split("\n")
    assert all(len(line) <= 120 for line in lines)
    for first, *rest in zip(lines, lines[1:], lines[2:], strict=False):  # a list of one entry
        if first.endswith("[") and rest[-1].lstrip().startswith("]"):
            assert len(first) + sum(len(line.strip()) for line in rest) > 120


def test_a_name_that_is_not_utf_8_is_written_as_its_escape():
    name = os.fsdecode(b"caf\xe9.json")
    assert json.loads(json_text([name])) == [r"caf\udce9.json"]
    assert path_text(Path("out") / name) == r"'out/caf\udce9.json'"
    assert path_text(Path("out/a b.json")) == "out/a b.json"
    assert path_text(Path("a\nb")) == r"'a\nb'"


HOSTILE = "\x1b]0;x\x07 \u202e\u2028 \x00 \udcff <b>"


def test_no_report_has_a_character_that_cannot_be_seen(made):
    c = Configuration([(2, 0), (-1, 1), (-1, -1), (0, 0)], labels=[HOSTILE] * 4)
    free = ("statement", "fails", "because", "claim", "replay", "snippet", "example")
    bad = made.counterexample(c, limits=c.tokens, dropped=(HOSTILE,), **dict.fromkeys(free, HOSTILE))
    claim = made.refuted_claim([bad.id], statement=HOSTILE, note=HOSTILE, hypotheses=(HOSTILE,), family=HOSTILE)
    records = made.verify_records(bad, claims=(claim,), arguments=(HOSTILE,), notes=(HOSTILE,), tool_version=HOSTILE)
    kernel = made.kernel_records().run
    subject = replace(kernel.subject, name=HOSTILE, spec=HOSTILE, declared={HOSTILE: HOSTILE})
    check = replace(kernel.checks[1], title=HOSTILE, message=HOSTILE, snippet=HOSTILE)
    numpy = replace(records.run.kernels[0], spec=HOSTILE, dtype=HOSTILE, disagree=1)
    result = made.result(c, name=HOSTILE, reason=HOSTILE, certificate=HOSTILE, claims={HOSTILE: "verified"})
    run = replace(records.run, subject=subject, checks=(check,), kernels=(numpy,), results=1)
    texts = render_all(replace(records, run=run, results=(result,)))
    assert {"report.html", "report.json", "report.md", "junit.xml", "report.sarif"} < set(texts)
    for name, text in texts.items():
        assert printable(text) == text, name
        text.encode("utf-8")
        if name.endswith((".xml", ".svg")):
            ET.fromstring(text.encode())
