"""What is measured on one trained classifier: leaders, whose words they are, and how tokens gather round them.

Every function takes the model and reviews and returns plain numbers; each comes with the alternatives that could
explain the same number without the paper's reason: untrained or shuffled embeddings, words of the same length,
random directions. Here everything is a float run of K layers; what holds for all layers is proved in `proofs`.

Neighbours: `interventions` changes the clusters and looks at the accuracy; `claims` compares over seeds.

Source: arXiv:2407.01602, section 4, and the code published with it (thresholds 0.95 and 2, the 15 most frequent).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from ..classifier.data import Bags, Ints
from ..classifier.hard_attention import TIE, Clusters, Floats, cluster, layers
from ..classifier.model import Classifier
from ..classifier.softmax_attention import softmax_mean

CONFIDENT = 0.95
"""A review counts as confident from this probability of its class on."""
FILTER = 2.0
"""The published histogram keeps leaders whose own decoder logit exceeds this in absolute value."""
TOP = 15
WINDOW = 100
DIRECTIONS = 20
CALIPER = 0.05
"""Two lengths match if they differ by at most this share."""
SAMPLE = 500
"""Reviews on which layers are looked at one by one."""
WORD_SAMPLE = 2_000
"""Reviews in which leaders are compared with the other words."""


def sampled(bags: Bags, size: int, rng: np.random.Generator) -> Bags:
    """`size` of the bags drawn at random, all if there are no more."""
    return bags.take(np.sort(rng.choice(len(bags), min(size, len(bags)), replace=False)))


def clusters_of(model: Classifier, bags: Bags) -> Clusters:
    """The leaders and followers of the model's own layers."""
    return cluster(model.embeddings.astype(np.float64), bags, model.rate, model.depth)


def shuffled(model: Classifier, rng: np.random.Generator) -> Classifier:
    """The model with the embeddings dealt out to the words at random; the padding keeps its own."""
    E = model.embeddings.copy()
    V = len(model.vocabulary.words)
    E[:V] = E[rng.permutation(V)]
    return replace(model, embeddings=E)


def untrained(model: Classifier, rng: np.random.Generator) -> Classifier:
    """The model with embeddings drawn from N(0, 1), as they are before training."""
    return replace(model, embeddings=rng.standard_normal(model.embeddings.shape).astype(np.float32))


def leader_counts(model: Classifier, bags: Bags) -> dict[str, Any]:
    """How many leaders a review has, up to multiplicity.

    Returns:
        mean, deviation, min, max over reviews; `initial`, the mean share that lead at layer 0 already; `share`, the
        mean share of a review's distinct tokens that lead; `histogram`, {number of leaders: reviews}.
    """
    found = clusters_of(model, bags)
    m = len(bags)
    count = np.bincount(bags.rows, found.first_leader >= 0, m)
    initial = np.bincount(bags.rows, found.first_leader == 0, m)
    some = count > 0
    return {
        "mean": float(count.mean()),
        "deviation": float(count.std()),
        "min": int(count.min()),
        "max": int(count.max()),
        "initial": float((initial[some] / count[some]).mean()),
        "share": float((count / np.diff(bags.start)).mean()),
        "histogram": {str(int(k)): int(v) for k, v in sorted(Counter(count.astype(int).tolist()).items())},
    }


def leaders_against_others(
    model: Classifier, bags: Bags, sentiment: Floats, rng: np.random.Generator
) -> dict[str, Any]:
    """Whether leaders carry more sentiment than the other words of the same review.

    Args:
        model: the classifier.
        bags: reviews.
        sentiment: (V,) a word's sentiment from a source that is independent of the model.
        rng: for directions, shuffles and matches.

    Returns:
        For the decoder (|⟨v, E_i⟩|) and for the independent measure (|β_i|) the probability that a leader exceeds a
        non-leader of its review, and the same probability for each alternative.
    """
    bags = sampled(bags, WORD_SAMPLE, rng)
    E = model.embeddings.astype(np.float64)
    v = model.direction.astype(np.float64)
    independent = np.abs(sentiment)
    mixed = shuffled(model, rng)
    leads = clusters_of(model, bags).first_leader >= 0
    leads_mixed = clusters_of(mixed, bags).first_leader >= 0
    directions = rng.standard_normal((DIRECTIONS, model.dimension))

    def within(scores: Floats, chosen: NDArray[np.bool_]) -> float:
        return superiority(scores, chosen, bags, len(sentiment))

    decoder = np.abs(E @ v)
    matched = _matched(np.linalg.norm(E, axis=1), leads, bags, len(sentiment), rng)
    return {
        "decoder": {
            "leaders": within(decoder, leads),
            "random_directions": float(np.mean([within(np.abs(E @ u), leads) for u in directions])),
            "same_length": _paired(decoder, *matched),
            "shuffled": within(np.abs(mixed.embeddings.astype(np.float64) @ v), leads_mixed),
        },
        "independent": {
            "leaders": within(independent, leads),
            "same_length": _paired(independent, *matched),
            "shuffled": within(independent, leads_mixed),
        },
    }


def frequent_leaders(
    model: Classifier, bags: Bags, labels: Floats, sentiment: Floats, rng: np.random.Generator
) -> dict[str, Any]:
    """The words that lead most often in reviews that are classified correctly and confidently.

    A word's *standing* is the share of the 200 words nearest to it in frequency whose |β| is smaller: ½ for a word
    like any other of its frequency.

    Returns:
        `reviews`, how many are confident and correct; `words`, the most frequent leaders with count, β, standing and
        the share of positive reviews; `filtered`, the same with the filter of the published code; `standing`, the
        mean standing of `words`, and `alternatives`, that of the most frequent non-leaders and of the most frequent
        leaders with shuffled embeddings.
    """
    probability = 1 / (1 + np.exp(-model.logits(bags)))
    sure = np.flatnonzero(np.abs(probability - (1 - labels)) > CONFIDENT)
    if not len(sure):
        return {"reviews": 0, "words": [], "filtered": [], "standing": None, "alternatives": {}}
    chosen, classes = bags.take(sure), labels[sure]
    leads = clusters_of(model, chosen).first_leader >= 0
    leads_mixed = clusters_of(shuffled(model, rng), chosen).first_leader >= 0
    word = chosen.tokens < len(sentiment)
    strong = np.abs(model.word_logits()) > FILTER
    standing = _standing(np.abs(sentiment))

    def top(entries: NDArray[np.bool_]) -> list[dict[str, Any]]:
        tokens, positive = chosen.tokens[entries], classes[chosen.rows[entries]]
        times = np.bincount(tokens, minlength=len(sentiment))
        share = np.bincount(tokens, positive, len(sentiment)) / np.maximum(times, 1)
        order = np.argsort(-times, kind="stable")[:TOP]
        return [
            {
                "word": model.vocabulary.words[i],
                "count": int(times[i]),
                "sentiment": float(sentiment[i]),
                "standing": float(standing[i]),
                "positive": float(share[i]),
            }
            for i in order
            if times[i]
        ]

    words = top(leads & word)
    alternatives = {"non_leaders": top(~leads & word), "shuffled": top(leads_mixed & word)}
    return {
        "reviews": len(sure),
        "words": words,
        "filtered": top(leads & word & strong[chosen.tokens]),
        "standing": _mean_standing(words),
        "alternatives": {name: _mean_standing(rows) for name, rows in alternatives.items()},
    }


def spread(model: Classifier, bags: Bags, rng: np.random.Generator) -> dict[str, Any]:
    """How far tokens are from their leader at each layer, as a share of layer 0.

    The leader of a token is where the chain of followed tokens at layer K ends.

    Returns:
        `layers`, K + 1 shares for the model; `untrained` and `shuffled`, the same with those embeddings; `null`,
        (1 − λ)^k, which is what one gets from any fixed targets whatever.
    """
    sample = sampled(bags, SAMPLE, rng)
    versions = {"layers": model, "untrained": untrained(model, rng), "shuffled": shuffled(model, rng)}
    result: dict[str, Any] = {name: _spread(version, sample) for name, version in versions.items()}
    return result | {"null": [(1 - model.rate) ** k for k in range(model.depth + 1)]}


def softmax_agreement(
    model: Classifier, bags: Bags, rng: np.random.Generator, temperatures: tuple[float, ...] = (0.001, 1.0)
) -> Mapping[str, dict[str, float]]:
    """How far the classifier with softmax attention agrees with that with hardmax.

    Returns:
        {temperature: {`same`: share of reviews in the same class}}.
    """
    sample = sampled(bags, SAMPLE, rng)
    E, v = model.embeddings.astype(np.float64), model.direction.astype(np.float64)
    hard = model.logits(sample)
    result = {}
    for temperature in temperatures:
        soft = softmax_mean(E, sample, model.rate, model.depth, temperature) @ v + float(model.bias)
        result[str(temperature)] = {"same": float(np.mean((soft > 0) == (hard > 0)))}
    return result


def padding_leads(model: Classifier, bags: Bags) -> float:
    """In what share of the reviews with padding it leads; 0 if there are none."""
    leads = clusters_of(model, bags).first_leader[bags.tokens == model.vocabulary.padding] >= 0
    return float(np.mean(leads)) if len(leads) else 0.0


def destinations(followed: Ints) -> Ints:
    """Where the chain of followed tokens ends: the leader of each token, TIE where a tie is met.

    Args:
        followed: (total,) places in the flat arrays; every chain ends, because lengths grow along it.
    """
    end = followed
    while not np.array_equal(further := np.where(end == TIE, TIE, followed[end]), end):
        end = further
    return end


def _spread(model: Classifier, bags: Bags) -> list[float]:
    """The mean distance to the leader at layers 0 … K, divided by that at layer 0."""
    *_, last = run = list(layers(model.embeddings.astype(np.float64), bags, model.rate, model.depth))
    end = destinations(last.followed)
    led = end != TIE
    weights = bags.counts[led] / bags.lengths[bags.rows[led]]
    total = np.array([np.linalg.norm(layer.Z[led] - last.Z[end[led]], axis=1) @ weights for layer in run])
    return (total / total[0]).tolist()


def superiority(scores: Floats, chosen: NDArray[np.bool_], bags: Bags, words: int) -> float:
    """The mean over reviews of P(x > y) + ½ P(x = y), x the score of a chosen word of the review, y of another one.

    ½ means that neither tends to be larger; so too if no review has both. The padding is left out.

    Args:
        scores: (V,) a number for each word.
        chosen: (total,) which tokens x is drawn from.
        bags: the reviews.
        words: V; the tokens below it are words.

    Source: Mann and Whitney's statistic, divided by the number of pairs.
    """
    word = bags.tokens < words
    rows, chosen, m = bags.rows[word], chosen[word], len(bags)
    _, place = np.unique(scores[bags.tokens[word]], return_inverse=True)
    earlier = np.cumsum(np.bincount(rows, minlength=m)) - np.bincount(rows, minlength=m)
    ranks = rankdata(rows * (len(rows) + 1) + place) - earlier[rows]  # within the review; equal scores share theirs
    ours, others = np.bincount(rows, chosen, m), np.bincount(rows, ~chosen, m)
    both = ours * others > 0
    wins = np.bincount(rows, ranks * chosen, m) - ours * (ours + 1) / 2
    return float(np.mean(wins[both] / (ours * others)[both])) if both.any() else 0.5


def _matched(
    lengths: Floats, leads: NDArray[np.bool_], bags: Bags, words: int, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Leaders and, for each, a non-leader of some review whose embedding is as long, within the caliper."""
    word = bags.tokens < words
    leaders, others = bags.tokens[leads & word], bags.tokens[~leads & word]
    if not len(leaders) or not len(others):
        return leaders[:0], leaders[:0]
    others = others[np.argsort(lengths[others], kind="stable")]
    near = np.searchsorted(lengths[others], lengths[leaders]) + rng.integers(-25, 26, len(leaders))
    partner = others[np.clip(near, 0, len(others) - 1)]
    close = np.abs(lengths[partner] - lengths[leaders]) <= CALIPER * lengths[leaders]
    return leaders[close], partner[close]


def _paired(scores: Floats, leaders: Ints, partners: Ints) -> float:
    """P(leader > partner) + ½ P(equal) over matched pairs; ½ if there are none."""
    if not len(leaders):
        return 0.5
    return float(np.mean((scores[leaders] > scores[partners]) + 0.5 * (scores[leaders] == scores[partners])))


def _standing(magnitudes: Floats) -> Floats:
    """For each word the share of the words within `WINDOW` ranks of frequency that have a smaller magnitude."""
    result = np.empty(len(magnitudes))
    for i in range(len(magnitudes)):
        near = magnitudes[max(0, i - WINDOW) : i + WINDOW + 1]
        result[i] = np.sum(near < magnitudes[i]) / max(1, len(near) - 1)
    return result


def _mean_standing(rows: list[dict[str, Any]]) -> float:
    return float(np.mean([row["standing"] for row in rows])) if rows else 0.5
