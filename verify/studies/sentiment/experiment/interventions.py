"""What becomes of the accuracy when the clusters of a trained classifier are changed: does it matter who follows whom?

The mass of a token is how many tokens it leads, itself included; zero for what is no leader. With every token at its
leader the logit is Σ_l (mass of l) ⟨v, z_l⟩ / n + b. Each intervention changes the masses or the leaders and keeps
embeddings and decoder; each gets its own bias, chosen on the validation part, so that none fails for a shift alone.

Neighbours: `measures` describes leaders; `claims` compares over seeds.
"""

from collections.abc import Callable

import numpy as np

from ..classifier.data import Bags, Dataset
from ..classifier.hard_attention import TIE, Floats
from ..classifier.model import Classifier
from .measures import clusters_of, destinations


def accuracies(model: Classifier, dataset: Dataset, rng: np.random.Generator) -> dict[str, float]:
    """The test accuracy of the model and of each intervention.

    Returns:
        `model`: as it is. `shuffled`: the masses of a review's clusters dealt out to its leaders at random. `equal`:
        every leader the same mass. `random_leaders`: as many words drawn at random as leaders, every token at the one
        with the largest inner product. `no_attention`: the same embeddings, no layers. `context_free`: every word
        with the mean weight that the layers give it in the training part, whatever the review.
    """
    E, v = model.embeddings.astype(np.float64), model.direction.astype(np.float64)
    along = E @ v
    multiplier = mean_multiplier(model, dataset.part("train")[0])
    scores: dict[str, Callable[[Bags, Floats], Floats]] = {
        "model": lambda bags, masses: model.pool(bags).mean @ v,
        "shuffled": lambda bags, masses: _mean(along, bags, dealt(masses, bags, rng)),
        "equal": lambda bags, masses: _mean(along, bags, (masses > 0).astype(np.float64)),
        "random_leaders": lambda bags, masses: _mean(along, bags, _random_masses(E, bags, masses, rng)),
        "no_attention": lambda bags, masses: _mean(along, bags, bags.counts.astype(np.float64)),
        "context_free": lambda bags, masses: _mean(multiplier * along, bags, bags.counts.astype(np.float64)),
    }
    (validation, labels), (test, classes) = dataset.part("validation"), dataset.part("test")
    masses = [cluster_masses(model, bags) for bags in (validation, test)]
    result = {}
    for name, score in scores.items():
        threshold = best_threshold(score(validation, masses[0]), labels)
        result[name] = float(np.mean((score(test, masses[1]) > threshold) == (classes > 0.5)))
    return result


def best_threshold(scores: Floats, labels: Floats) -> float:
    """The threshold above which calling a review positive is right most often; the middle of the first best gap.

    Args:
        scores: (m,) numbers, m ≥ 1.
        labels: (m,) 0 or 1.
    """
    order = np.argsort(scores, kind="stable")
    ordered, positive = scores[order], labels[order] > 0.5
    # With the lowest k called negative: the negatives among them and the positives among the rest are right.
    right = np.concatenate(([0], np.cumsum(~positive))) + positive.sum() - np.concatenate(([0], np.cumsum(positive)))
    edges = np.concatenate(([ordered[0] - 1], ordered, [ordered[-1] + 1]))
    right[edges[:-1] == edges[1:]] = -1  # no threshold lies between equal scores
    k = int(np.argmax(right))
    return float((edges[k] + edges[k + 1]) / 2)


def mean_multiplier(model: Classifier, bags: Bags) -> Floats:
    """(V,) how many times its share of the words a word weighs after the layers, on average over reviews; 1 if absent.

    Args:
        model: the classifier.
        bags: the reviews to average over: not those that are tested.
    """
    size = len(model.embeddings)
    plain = np.bincount(bags.tokens, bags.counts / bags.lengths[bags.rows], size)
    weighted = np.bincount(bags.tokens, model.pool(bags).weights, size)
    return np.where(plain > 0, weighted / np.where(plain > 0, plain, 1), 1.0)


def cluster_masses(model: Classifier, bags: Bags) -> Floats:
    """(total,) the number of tokens whose leader a token is, repeats counted; zero for what is no leader."""
    leader = destinations(clusters_of(model, bags).followed)
    led = leader != TIE
    return np.bincount(leader[led], bags.counts[led], len(bags.tokens)).astype(np.float64)


def dealt(masses: Floats, bags: Bags, rng: np.random.Generator) -> Floats:
    """The masses of the leaders of each bag, permuted among them at random."""
    at = np.flatnonzero(masses)
    order = np.lexsort((rng.random(len(at)), bags.rows[at]))  # by bag, then at random
    result = np.zeros_like(masses)
    result[at] = masses[at[order]]
    return result


def _mean(along: Floats, bags: Bags, masses: Floats) -> Floats:
    """(m,) Σ masses ⟨v, E⟩ / Σ masses of each bag."""
    m = len(bags)
    return np.bincount(bags.rows, masses * along[bags.tokens], m) / np.bincount(bags.rows, masses, m)


def _random_masses(E: Floats, bags: Bags, masses: Floats, rng: np.random.Generator) -> Floats:
    """The masses if as many random tokens led as do."""
    count = np.bincount(bags.rows, masses > 0, len(bags)).astype(int)
    result = np.zeros(len(bags.tokens))
    for r in range(len(bags)):
        tokens, counts = bags.bag(r)
        chosen = rng.choice(len(tokens), count[r], replace=False)
        nearest = np.argmax(E[tokens] @ E[tokens[chosen]].T, axis=1)
        nearest[chosen] = np.arange(len(chosen))
        np.add.at(result[bags.start[r] : bags.start[r + 1]], chosen[nearest], counts)
    return result
