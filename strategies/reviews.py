"""Real movie reviews as configurations: their repeated words, their lengths, and embeddings that are float32 numbers.

Drawn inputs are made by a rule; these are not. A review repeats words, so that as it stands its tokens are not
distinct, and its coordinates are dyadic rationals of 24 bits.

Neighbours: `corpus` reads the reviews; a trained `Classifier.embedding` may be handed in for the default one.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random
from struct import pack, unpack
from zlib import crc32

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ..kernels.errors import InputError
from ..kernels.exact.configuration import Configuration
from ..kernels.exact.step import Step
from .corpus import ReviewSource, read_reviews, words

Embedding = Callable[[str], Sequence[float] | None]
"""The vector of a word, finite floats of one length; None for a word that has none."""


def untrained_embedding(d: int) -> Embedding:
    """Every word at a fixed place drawn from N(0, 1)^d, rounded to float32: how training starts.

    Args:
        d: the dimension, ≥ 1.
    """
    if d < 1:
        raise InputError(f"d is {d}; give at least 1")

    def embedding(word: str) -> Sequence[float]:
        # A generator seeded by the word: the same place in every process, without a vocabulary.
        rng = Random(crc32(word.encode()))
        return unpack(f"{d}f", pack(f"{d}f", *(rng.gauss(0.0, 1.0) for _ in range(d))))

    return embedding


def reviews(
    *,
    embedding: Embedding | None = None,
    d: int = 2,
    most_words: int = 128,
    merged: bool = True,
    step: Step | int | Fraction = 1,
    source: ReviewSource = "imdb",
    path: Path | None = None,
) -> SearchStrategy[Configuration]:
    """The beginning of a real review: its words as exact tokens with A = I, labelled by the words.

    Shrinks towards the first review of the corpus and towards one word.

    Args:
        embedding: word → vector; `untrained_embedding(d)` if None. Words without a vector are left out.
        d: the dimension of the default embedding; unused if `embedding` is given.
        most_words: how many words are kept at most, ≥ 1.
        merged: repeated words as one token with its multiplicity (True), or each as a token of its own (False).
        step: α, or a `Step`.
        source: "imdb" or "rotten_tomatoes".
        path: a CSV file of the same columns; the installed package's if None.

    Raises:
        InputError: an argument is out of range, or the reviews are not installed (with the command that does it).
    """
    if most_words < 1:
        raise InputError(f"most_words is {most_words}; give at least 1")
    place = untrained_embedding(d) if embedding is None else embedding
    texts = _texts(path, source)
    return _review(texts, place, most_words, merged, step)


@cache
def _texts(path: Path | None, source: ReviewSource) -> tuple[str, ...]:
    """The texts of the corpus, read once."""
    return tuple(review.text for review in read_reviews(path, source))


@st.composite
def _review(
    draw: DrawFn, texts: Sequence[str], embedding: Embedding, most_words: int, merged: bool, step: Step | int | Fraction
) -> Configuration:
    text = texts[draw(st.integers(0, len(texts) - 1))]
    placed = [(word, vector) for word in words(text) if (vector := embedding(word)) is not None][:most_words]
    kept = placed[: draw(st.integers(1, max(1, len(placed))))]
    if not kept:  # a review without a known word
        reject()
    configuration = Configuration(
        [[Fraction(x) for x in vector] for _, vector in kept], alpha=step, labels=[word for word, _ in kept]
    )
    return configuration.merged() if merged else configuration
