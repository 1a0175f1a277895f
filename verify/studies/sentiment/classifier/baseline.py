"""A bag-of-words logistic regression: what the same words give without attention and without a bottleneck.

Its weights are also the measure of a word's sentiment that is independent of the classifier under test.

Neighbours: `data` has the bags, `measures` and `claims` compare with it.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_array

from .data import Bags, Dataset
from .hard_attention import Floats

PENALTIES = (1e-4, 3e-4, 1e-3, 3e-3)
"""The strengths of the squared penalty that are tried; the validation part chooses."""


@dataclass(frozen=True, slots=True)
class LogisticRegression:
    """p(positive) = σ(Σ_{words of the review} β + b).

    Args:
        weights: (V,) β, the sentiment of each word.
        bias: b.
    """

    weights: Floats
    bias: float

    def accuracy(self, bags: Bags, labels: Floats) -> float:
        """The share of bags whose class is that of their label."""
        logits = _presence(bags, len(self.weights)) @ self.weights + self.bias
        return float(np.mean((logits > 0) == (labels > 0.5)))


def fit(dataset: Dataset) -> LogisticRegression:
    """The regression on which words are present, fitted on the training part, its penalty chosen on validation.

    A token outside the vocabulary (the padding) has no weight.
    """
    size = len(dataset.vocabulary.words)
    bags, labels = dataset.part("train")
    X, signs = _presence(bags, size), 2 * labels - 1
    best: tuple[float, LogisticRegression] | None = None
    start = np.zeros(size + 1)
    for penalty in sorted(PENALTIES, reverse=True):  # each fit starts from the last, more strongly penalised one

        def objective(beta: Floats, penalty: float = penalty) -> tuple[float, Floats]:
            margins = signs * (X @ beta[:-1] + beta[-1])
            pull = -signs / (1 + np.exp(margins)) / len(signs)
            loss = np.logaddexp(0, -margins).mean() + penalty / 2 * beta[:-1] @ beta[:-1]
            return loss, np.append(X.T @ pull + penalty * beta[:-1], pull.sum())

        start = minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
        model = LogisticRegression(start[:-1], float(start[-1]))
        score = model.accuracy(*dataset.part("validation"))
        if best is None or score > best[0]:
            best = score, model
    assert best is not None
    return best[1]


def _presence(bags: Bags, size: int) -> csr_array:
    """(m, V) 1 where a word occurs in a review."""
    known = bags.tokens < size
    entries = np.ones(int(known.sum())), (bags.rows[known], bags.tokens[known])
    return csr_array(entries, shape=(len(bags), size))
