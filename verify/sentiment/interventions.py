"""What becomes of the accuracy when the clusters of a trained classifier are changed: does it matter who follows whom?

With every token at its leader the logit is Σ_l (mass of l) ⟨v, z_l⟩ + b. Each intervention changes the masses or the
leaders and keeps embeddings and decoder; each gets its own bias, chosen on the validation part, so that none fails
for a shift alone.

Neighbours: `measures` describes leaders; `claims` compares over seeds.
"""

from collections.abc import Callable

import numpy as np

from .data import Bags, Dataset, Ints
from .hard_attention import TIE, Floats, pool
from .measures import clusters_of, destinations
from .model import Classifier

Score = Callable[[Bags], Floats]


def accuracies(model: Classifier, dataset: Dataset, rng: np.random.Generator) -> dict[str, float]:
    """The test accuracy of the model and of each intervention.

    Returns:
        `model`: as it is. `at_leaders`: every token moved all the way to its leader. `shuffled`: the masses of a
        review's clusters dealt out to its leaders at random. `equal`: every leader the same mass.
        `random_leaders`: as many words drawn at random as leaders, every token at the one with the largest inner
        product. `no_attention`: the same embeddings, no layers. `context_free`: every word with the mean weight that
        the layers give it in the training part, whatever the review.
    """
    v = model.direction.astype(np.float64)
    E = model.embeddings.astype(np.float64)
    along = E @ v
    multiplier = _mean_multiplier(model, dataset)
    scores: dict[str, Score] = {
        "model": lambda bags: model.pool(bags).mean @ v,
        "at_leaders": lambda bags: _total(along, bags, _cluster_masses(model, bags)),
        "shuffled": lambda bags: _total(along, bags, _dealt(_cluster_masses(model, bags), bags, rng)),
        "equal": lambda bags: _total(along, bags, (_cluster_masses(model, bags) > 0).astype(np.float64)),
        "random_leaders": lambda bags: _total(along, bags, _random_leaders(E, model, bags, rng)),
        "no_attention": lambda bags: _total(along, bags, bags.counts.astype(np.float64)),
        "context_free": lambda bags: (
            np.bincount(bags.rows, bags.counts * (multiplier * along)[bags.tokens], len(bags)) / bags.lengths
        ),
    }
    validation, test = dataset.part("validation"), dataset.part("test")
    return {name: _accuracy(score, validation, test) for name, score in scores.items()}


def _accuracy(score: Score, validation: tuple[Bags, Floats], test: tuple[Bags, Floats]) -> float:
    """The test accuracy with the bias that is best on validation."""
    threshold = best_threshold(score(validation[0]), validation[1])
    return float(np.mean((score(test[0]) > threshold) == (test[1] > 0.5)))


def best_threshold(scores: Floats, labels: Floats) -> float:
    """The threshold above which calling a review positive is right most often; the middle of the first best gap."""
    order = np.argsort(scores, kind="stable")
    positive = labels[order] > 0.5
    # With the lowest k called negative: the negatives among them and the positives among the rest are right.
    right = np.concatenate(([0], np.cumsum(~positive))) + positive.sum() - np.concatenate(([0], np.cumsum(positive)))
    k = int(np.argmax(right))
    edges = np.concatenate(([scores[order[0]] - 1], scores[order], [scores[order[-1]] + 1]))
    return float((edges[k] + edges[k + 1]) / 2)


def _total(along: Floats, bags: Bags, masses: Floats) -> Floats:
    """Σ masses ⟨v, E⟩ of each bag over Σ masses."""
    m = len(bags)
    return np.bincount(bags.rows, masses * along[bags.tokens], m) / np.bincount(bags.rows, masses, m)


def _cluster_masses(model: Classifier, bags: Bags) -> Floats:
    """(total,) the number of tokens whose leader a token is; zero for what is no leader."""
    followed = clusters_of(model, bags).followed
    masses = np.zeros(len(bags.tokens))
    for r in range(len(bags)):
        begin, end = bags.start[r], bags.start[r + 1]
        leader = destinations(followed[begin:end])
        led = leader != TIE
        np.add.at(masses[begin:end], leader[led], bags.counts[begin:end][led])
    return masses


def _dealt(masses: Floats, bags: Bags, rng: np.random.Generator) -> Floats:
    """The masses of the leaders of each bag, permuted among them."""
    at = np.flatnonzero(masses)
    # Sorted by bag, then at random: a permutation within every bag.
    order = np.lexsort((rng.random(len(at)), bags.rows[at]))
    result = np.zeros_like(masses)
    result[at] = masses[at[order]]
    return result


def _random_leaders(E: Floats, model: Classifier, bags: Bags, rng: np.random.Generator) -> Floats:
    """The masses if as many random tokens led as do."""
    count = np.bincount(bags.rows, _leads(model, bags), len(bags)).astype(int)
    masses = np.zeros(len(bags.tokens))
    for r in range(len(bags)):
        begin, end = bags.start[r], bags.start[r + 1]
        tokens, counts = bags.bag(r)
        chosen = rng.choice(end - begin, max(1, count[r]), replace=False)
        nearest = np.argmax(E[tokens] @ E[tokens[chosen]].T, axis=1)
        nearest[chosen] = np.arange(len(chosen))
        np.add.at(masses[begin:end], chosen[nearest], counts)
    return masses


def _leads(model: Classifier, bags: Bags) -> Ints:
    return (clusters_of(model, bags).first_leader >= 0).astype(np.int64)


def _mean_multiplier(model: Classifier, dataset: Dataset) -> Floats:
    """(V,) how much more than in a plain mean a word weighs after the layers, on average over the training part."""
    bags, _ = dataset.part("train")
    weights = pool(model.embeddings.astype(np.float64), bags, model.rate, model.depth).weights
    size = len(model.embeddings)
    plain = bags.counts / bags.lengths[bags.rows]
    times = np.bincount(bags.tokens, plain, size)
    return np.where(times > 0, np.bincount(bags.tokens, weights, size) / np.where(times > 0, times, 1), 1.0)


__all__ = ["accuracies", "best_threshold"]
