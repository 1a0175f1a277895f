import numpy as np
import pytest

from hardmax.verify.studies.sentiment.classifier import baseline
from hardmax.verify.studies.sentiment.classifier.data import Bags


def test_it_finds_the_words_of_sentiment(dataset):
    model = baseline.fit(dataset)
    assert model.accuracy(*dataset.part("test")) > 0.95
    weight = dict(zip(dataset.vocabulary.words, model.weights, strict=True))
    assert min(weight[w] for w in ("wonderful", "excellent")) > 0 > max(weight[w] for w in ("awful", "boring"))
    assert abs(weight["plotone"]) < weight["wonderful"]


def test_it_is_the_minimum_of_its_objective(dataset, monkeypatch):
    monkeypatch.setattr(baseline, "PENALTIES", (0.01,))
    model = baseline.fit(dataset)
    bags, labels = dataset.part("train")
    X = np.zeros((len(bags), len(model.weights)))
    X[bags.rows, bags.tokens] = 1
    residual = 1 / (1 + np.exp(-(X @ model.weights + model.bias))) - labels
    gradient = X.T @ residual / len(bags) + 0.01 * model.weights
    assert np.abs(gradient).max() < 1e-4
    assert residual.mean() == pytest.approx(0, abs=1e-4)


def test_repeats_count_once_and_the_padding_not_at_all():
    model = baseline.LogisticRegression(np.array([2.0, -1.0]), -0.5)
    bags = Bags.of([[0, 0, 0, 1, 1], [1, 1, 2, 2], [0, 2]])
    assert model.accuracy(bags, np.array([1.0, 0.0, 1.0])) == 1.0
