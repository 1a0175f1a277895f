"""Real reviews ready for the classifier: the split, the vocabulary, and reviews as bags of merged tokens.

A hardmax layer with A = I sees equal tokens as one with a multiplicity, so a review is a *bag*: its distinct words,
how often each occurs, in order of first appearance. Bags of many reviews lie one after another in flat arrays.

Neighbours: `strategies.corpus` reads the reviews and defines their words; `training` and `experiment` use the bags.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .....kernels.errors import InputError
from .....strategies.corpus import Review, words

Padding = Literal["masked", "kept"]
"""Whether a short review is filled up with a padding token that takes part in the attention ("kept", as in the
paper) or not ("masked")."""

LENGTH = 128
TRAIN_SHARE = 0.7
VALIDATION_SHARE = 0.1

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Vocabulary:
    """The words that have an embedding, most frequent first.

    Args:
        words: distinct words; the token of words[i] is i. The token of the padding, where it is kept, is V.

    Raises:
        InputError: no word, or a word twice.
    """

    words: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.words:
            raise InputError("the vocabulary is empty; at least one word is required")
        if len(self.index) != len(self.words):
            (word, times), *_ = Counter(self.words).most_common(1)
            raise InputError(f"the vocabulary holds the word {word!r} {times} times; words must be distinct")

    @classmethod
    def of(cls, texts: Iterable[Sequence[str]], size: int) -> "Vocabulary":
        """The `size` most frequent words of the given texts, ties in alphabetical order.

        Args:
            texts: the words of each review: of the training split only, or the test would leak into the model.
            size: V ≥ 1; fewer words are kept if the texts have no more.
        """
        counts = Counter(word for text in texts for word in text)
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return cls(tuple(word for word, _ in ranked[:size]))

    @cached_property
    def index(self) -> dict[str, int]:
        """The token of each word."""
        return {word: i for i, word in enumerate(self.words)}

    @property
    def padding(self) -> int:
        """The token of the padding: V."""
        return len(self.words)

    def name(self, token: int) -> str:
        """The word of a token; "<pad>" for the padding."""
        return "<pad>" if token == self.padding else self.words[token]

    def tokens(self, text: Sequence[str]) -> list[int]:
        """The tokens of a review: its words in the vocabulary, unknown ones left out, the first 128 of them."""
        index = self.index
        return [index[word] for word in text if word in index][:LENGTH]


@dataclass(frozen=True)
class Bags:
    """Reviews as bags of merged tokens, in flat arrays.

    Args:
        start: (m + 1,) int64; bag r lies at start[r] … start[r + 1] − 1 of the two arrays below.
        tokens: distinct tokens of each bag in order of first appearance, int64.
        counts: how often each occurs in the review, int64 ≥ 1.
    """

    start: Ints
    tokens: Ints
    counts: Ints

    @classmethod
    def of(cls, sequences: Iterable[Sequence[int]]) -> "Bags":
        """The bags of token sequences."""
        start, tokens, counts = [0], [], []
        for sequence in sequences:
            bag = Counter(sequence)
            tokens.extend(bag.keys())
            counts.extend(bag.values())
            start.append(len(tokens))
        return cls(np.array(start, np.int64), np.array(tokens, np.int64), np.array(counts, np.int64))

    def __len__(self) -> int:
        return len(self.start) - 1

    @cached_property
    def lengths(self) -> Ints:
        """(m,) the number of tokens of each review, repeats counted."""
        return np.add.reduceat(self.counts, self.start[:-1]) if len(self.tokens) else np.zeros(len(self), np.int64)

    @cached_property
    def rows(self) -> Ints:
        """The bag to which each entry of `tokens` belongs."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))

    def bag(self, r: int) -> tuple[Ints, Ints]:
        """The tokens and counts of bag r."""
        span = slice(self.start[r], self.start[r + 1])
        return self.tokens[span], self.counts[span]

    def take(self, chosen: Ints) -> "Bags":
        """The chosen bags, in that order."""
        sizes = self.start[chosen + 1] - self.start[chosen]
        start = np.concatenate(([0], np.cumsum(sizes)))
        at = np.arange(start[-1]) + np.repeat(self.start[chosen] - start[:-1], sizes)
        return Bags(start, self.tokens[at], self.counts[at])

    def thinned(self, rate: float, rng: np.random.Generator) -> "Bags":
        """Word dropout: every occurrence left out with probability `rate`; a bag that would be empty stays whole."""
        counts = rng.binomial(self.counts, 1.0 - rate)
        emptied = np.add.reduceat(counts, self.start[:-1]) == 0
        counts = np.where(emptied[self.rows], self.counts, counts)
        kept = counts > 0
        start = np.concatenate(([0], np.cumsum(np.add.reduceat(kept, self.start[:-1], dtype=np.int64))))
        return Bags(start, self.tokens[kept], counts[kept])

    def padded(self, token: int) -> "Bags":
        """The bags with `token` added 128 − n times to each review of n < 128 tokens."""
        short = np.flatnonzero(self.lengths < LENGTH)
        ends = self.start[short + 1]
        start = self.start + np.concatenate(([0], np.cumsum(self.lengths < LENGTH)))
        missing = LENGTH - self.lengths[short]
        return Bags(start, np.insert(self.tokens, ends, token), np.insert(self.counts, ends, missing))


@dataclass(frozen=True)
class Dataset:
    """One split of the reviews, encoded.

    Args:
        vocabulary: the words, from the training part alone (validation excluded).
        padding: "masked" or "kept".
        train, validation, test: the indices of the reviews of each part; validation is a tenth of the 70 % that are
            not test.
        bags: all reviews, in the order of the corpus.
        labels: (m,) float64, 1 positive and 0 negative.
        duplicates: how many test reviews have the same words, in the same order, as a review that is not test.
        dropped: how many reviews have no known word; they are in no part.
    """

    vocabulary: Vocabulary
    padding: Padding
    train: Ints
    validation: Ints
    test: Ints
    bags: Bags
    labels: NDArray[np.float64]
    duplicates: int
    dropped: int

    def part(self, name: Literal["train", "validation", "test"]) -> tuple[Bags, NDArray[np.float64]]:
        """The bags and labels of one part."""
        chosen: Ints = getattr(self, name)
        return self.bags.take(chosen), self.labels[chosen]

    def digest(self) -> str:
        """A digest of the reviews as a classifier sees them, their labels and the split: all that training reads."""
        digest = sha256("\n".join(self.vocabulary.words).encode())
        bags = self.bags
        for array in (bags.start, bags.tokens, bags.counts, self.labels, self.train, self.validation, self.test):
            digest.update(f"\n{len(array)}\n".encode())
            digest.update(array.tobytes())
        return digest.hexdigest()


def split(count: int, seed: int) -> tuple[Ints, Ints, Ints]:
    """A random split of `count` reviews into train, validation and test, fixed by `seed`.

    Args:
        count: m ≥ 10, or some part would be empty.
        seed: the seed of the permutation.

    Returns:
        Ascending indices: 63 % train, 7 % validation (a tenth of the 70 %), 30 % test, disjoint, together all.

    Raises:
        InputError: fewer than ten reviews.
    """
    if count < 10:
        raise InputError(f"{count} reviews cannot be split into train, validation and test; give at least 10")
    order = np.random.default_rng(seed).permutation(count)
    fitted = int(TRAIN_SHARE * count)
    validation = max(1, int(VALIDATION_SHARE * fitted))
    return np.sort(order[validation:fitted]), np.sort(order[:validation]), np.sort(order[fitted:])


def texts_of(reviews: Sequence[Review]) -> list[list[str]]:
    """The words of each review (see `strategies.corpus.words`)."""
    return [words(review.text) for review in reviews]


def encode(
    texts: Sequence[Sequence[str]],
    labels: Sequence[int],
    *,
    seed: int = 0,
    size: int = 10_000,
    padding: Padding = "masked",
    vocabulary: Vocabulary | None = None,
) -> Dataset:
    """The reviews, split and encoded.

    Args:
        texts: the words of each review, from `texts_of`.
        labels: 0 or 1 for each.
        seed: of the split.
        size: V, the largest size of a vocabulary made here.
        padding: "masked" or "kept".
        vocabulary: that of a trained model; made from the training part if None.

    Raises:
        InputError: too few reviews, or none with a known word.
    """
    train, validation, test = split(len(texts), seed)
    if vocabulary is None:
        vocabulary = Vocabulary.of([texts[int(i)] for i in train], size)
    sequences = [vocabulary.tokens(text) for text in texts]
    known = np.array([bool(sequence) for sequence in sequences])
    if not known.all():
        train, validation, test = (part[known[part]] for part in (train, validation, test))
    if min(len(train), len(validation), len(test)) == 0:
        raise InputError(
            "a part of the split has no review with a known word; give more reviews or a larger vocabulary"
        )
    seen = {tuple(sequences[i]) for i in (*train, *validation)}
    # A review without a known word stays as a bag of one word, in no part, so that indices keep their meaning.
    bags = Bags.of(sequence or [0] for sequence in sequences)
    return Dataset(
        vocabulary=vocabulary,
        padding=padding,
        train=train,
        validation=validation,
        test=test,
        bags=bags.padded(vocabulary.padding) if padding == "kept" else bags,
        labels=np.asarray(labels, np.float64),
        duplicates=sum(tuple(sequences[i]) in seen for i in test),
        dropped=int((~known).sum()),
    )
