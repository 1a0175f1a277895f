"""What the paper says of its classifier, and what is asked of it, as claims that numbers can refute.

A claim is data: its statement, and a function that makes its parts from the trials. Each part compares one quantity
with the alternatives that could explain it, seed by seed; it is supported only if it stands all of them. The margins
and the direction of every comparison are fixed here, before any number is seen.

Neighbours: `judgement` has the parts and verdicts, `trials` measures, `verification` writes the results.

Source: arXiv:2407.01602, section 4, and the code published with it.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from math import log
from typing import Any

from .judgement import Evidence, Part, SentimentClaim, against, part_of

PUBLISHED = {2: 0.791, 4: 0.823, 8: 0.851, 16: 0.882}
"""The paper's best test accuracy by dimension, from 35,000 training reviews."""
CLOSE = 0.02
"""Two accuracies no further apart count as the same."""
FEW = 0.25
"""Leaders are few if at most this share of a review's distinct words lead."""
SAME_CLASS = 0.99
"""Softmax attention approximates hardmax if it gives at least this share of reviews the same class."""


def _accuracy(evidence: Evidence, kind: str, **recipe: Any) -> dict[int, float]:
    return evidence.by_seed(kind, "accuracy", "test", **recipe)


def _by_dimension(make: Callable[[Evidence, int], list[Part]]) -> Callable[[Evidence], list[Part]]:
    return lambda evidence: [part for d in evidence.dimensions for part in make(evidence, d)]


def _measure(evidence: Evidence, d: int, *path: str) -> dict[int, float]:
    return evidence.by_seed("hard", "measures", *path, dimension=d)


def _published(evidence: Evidence, d: int) -> list[Part]:
    if d not in PUBLISHED:
        return []
    ways = {
        "hard": "trained through the hard layers",
        "published": "trained as published: through softmax, α learned, padding kept",
    }
    return [
        part
        for kind, words in ways.items()
        for part in part_of(
            f"d = {d}, {words}",
            "best test accuracy over the epochs, as the paper reports it",
            against(
                "the published figure",
                evidence.by_seed(kind, "accuracy", "best_test", dimension=d),
                PUBLISHED[d],
                margin=-CLOSE,
            ),
        )
    ]


def _dimension(evidence: Evidence) -> list[Part]:
    return [
        part
        for low, high in pairwise(evidence.dimensions)
        for part in part_of(
            f"d = {high} against {low}",
            "test accuracy",
            against(
                f"d = {low}", _accuracy(evidence, "hard", dimension=high), _accuracy(evidence, "hard", dimension=low)
            ),
        )
    ]


def _attention(evidence: Evidence, d: int) -> list[Part]:
    ours = _accuracy(evidence, "hard", dimension=d)
    return part_of(
        f"d = {d}",
        "test accuracy",
        against("the twin without attention (K = 0)", ours, _accuracy(evidence, "twin", dimension=d)),
        against("bag-of-words logistic regression", ours, _accuracy(evidence, "words")),
    )


def _steps(kind: str, name: str, symbol: str) -> Callable[[Evidence], list[Part]]:
    """Neighbouring values of a setting compared, the larger against the smaller."""

    def parts(evidence: Evidence) -> list[Part]:
        if not evidence.dimensions:
            return []
        low = evidence.dimensions[0]
        series = {value: _accuracy(evidence, kind, **{name: value}) for value in evidence.settings(kind, name)}
        for value in evidence.settings("hard", name):
            series[value] = _accuracy(evidence, "hard", dimension=low, **{name: value})
        if name == "depth":
            series[0] = _accuracy(evidence, "twin", dimension=low)
        values = sorted(series)
        return [
            part
            for less, more in pairwise(values)
            for part in part_of(
                f"{symbol} = {more:g} against {less:g}",
                f"test accuracy at d = {low}",
                against(f"{symbol} = {less:g}", series[more], series[less]),
            )
        ]

    return parts


def _learned(evidence: Evidence, d: int) -> list[Part]:
    return [
        part
        for kind, words in (("learned", "through the hard layers"), ("published", "through softmax, padding kept"))
        for part in part_of(
            f"d = {d}, {words}",
            "log α after training from α = 1",
            against(
                "its start, log α = 0",
                {seed: log(alpha) for seed, alpha in evidence.by_seed(kind, "alpha", dimension=d).items()},
                0.0,
            ),
        )
    ]


def _softmax_agreement(evidence: Evidence, d: int) -> list[Part]:
    same = _measure(evidence, d, "softmax", "0.001", "same")
    return part_of(
        f"d = {d}",
        "share of reviews in the same class with softmax attention at τ = 0.001",
        against(f"{SAME_CLASS:g}", same, SAME_CLASS),
        against("ordinary softmax, τ = 1", same, _measure(evidence, d, "softmax", "1.0", "same")),
    )


def _softmax_training(evidence: Evidence) -> list[Part]:
    return [
        part
        for d in evidence.dimensions
        for part in part_of(
            f"d = {d}",
            "test accuracy of the hard layers after training through softmax",
            against(
                "training through the hard layers",
                _accuracy(evidence, "softmax", dimension=d),
                _accuracy(evidence, "hard", dimension=d),
                margin=-CLOSE,
            ),
        )
    ]


def _few(evidence: Evidence, d: int) -> list[Part]:
    share = _measure(evidence, d, "leaders", "share")
    return part_of(
        f"d = {d}",
        "share of a review's distinct words that lead",
        against("a quarter", share, FEW, smaller=True),
        against("untrained embeddings", share, _measure(evidence, d, "untrained_leaders", "share"), smaller=True),
    )


def _frequent(evidence: Evidence, d: int) -> list[Part]:
    standing = {s: v for s, v in _measure(evidence, d, "frequent", "standing").items() if v is not None}
    others = evidence.by_seed("hard", "measures", "frequent", "alternatives", dimension=d)
    return part_of(
        f"d = {d}",
        "mean standing of the 15 most frequent leaders: share of equally frequent words with less sentiment",
        against("any word of that frequency", standing, 0.5),
        *(
            against(name, standing, {s: v[key] for s, v in others.items() if key in v})
            for key, name in (
                ("non_leaders", "the 15 most frequent non-leaders"),
                ("shuffled", "the most frequent leaders with shuffled embeddings"),
            )
        ),
    )


def _decoder(evidence: Evidence, d: int) -> list[Part]:
    leaders = _measure(evidence, d, "against_others", "decoder", "leaders")
    return part_of(
        f"d = {d}",
        "P(|⟨v, E⟩| of a leader exceeds that of a non-leader of its review)",
        against("non-leaders (½)", leaders, 0.5),
        against(
            "random directions u in place of v",
            leaders,
            _measure(evidence, d, "against_others", "decoder", "random_directions"),
        ),
        against(
            "non-leaders of the same length (½)",
            _measure(evidence, d, "against_others", "decoder", "same_length"),
            0.5,
        ),
        against("shuffled embeddings", leaders, _measure(evidence, d, "against_others", "decoder", "shuffled")),
    )


def _independent(evidence: Evidence, d: int) -> list[Part]:
    leaders = _measure(evidence, d, "against_others", "independent", "leaders")
    return part_of(
        f"d = {d}",
        "P(|β| of a leader exceeds that of a non-leader of its review), β from the bag-of-words regression",
        against("non-leaders (½)", leaders, 0.5),
        against(
            "non-leaders of the same length (½)",
            _measure(evidence, d, "against_others", "independent", "same_length"),
            0.5,
        ),
        against("shuffled embeddings", leaders, _measure(evidence, d, "against_others", "independent", "shuffled")),
    )


def _spread(evidence: Evidence, d: int) -> list[Part]:
    last = {
        name: {seed: curve[-1] for seed, curve in _measure(evidence, d, "spread", name).items()}  # type: ignore[index]
        for name in ("layers", "null", "untrained", "shuffled")
    }
    return part_of(
        f"d = {d}",
        "mean distance to the leader at the last layer, as a share of layer 0",
        against("any fixed targets, (1 − λ)^K", last["layers"], last["null"], smaller=True),
        against("untrained embeddings", last["layers"], last["untrained"], smaller=True),
        against("shuffled embeddings", last["layers"], last["shuffled"], smaller=True),
    )


def _interventions(alternatives: Mapping[str, str]) -> Callable[[Evidence, int], list[Part]]:
    def parts(evidence: Evidence, d: int) -> list[Part]:
        model = _measure(evidence, d, "interventions", "model")
        return part_of(
            f"d = {d}",
            "test accuracy",
            *(
                against(words, model, _measure(evidence, d, "interventions", key))
                for key, words in alternatives.items()
            ),
        )

    return parts


def _padding(evidence: Evidence, d: int) -> list[Part]:
    leads = evidence.by_seed("padding", "measures", "padding", "leads", dimension=d)
    return part_of(
        f"d = {d}",
        "test accuracy with padding kept; how often padding leads where there is some",
        against(
            "padding masked",
            _accuracy(evidence, "padding", dimension=d),
            _accuracy(evidence, "hard", dimension=d),
            margin=-CLOSE / 2,
        ),
        against(
            "how often a word of a review leads",
            leads,
            evidence.by_seed("padding", "measures", "leaders", "share", dimension=d),
            smaller=True,
        ),
    )


CLAIMS = (
    SentimentClaim(
        "sentiment.accuracy",
        "paper",
        f"the classifier reaches the published accuracy (within {CLOSE:g}) on fewer training reviews",
        "an accuracy below the published one by more than the tolerance refutes it",
        _by_dimension(_published),
    ),
    SentimentClaim(
        "sentiment.dimension",
        "paper",
        "accuracy grows with the dimension of the embedding",
        "the next smaller dimension on the same split",
        _dimension,
    ),
    SentimentClaim(
        "sentiment.attention",
        "paper",
        "the hardmax layers improve the classification: they capture context",
        "the twin without layers and a bag of words know no context; if they are better, the layers cost accuracy",
        _by_dimension(_attention),
    ),
    SentimentClaim(
        "sentiment.step",
        "question",
        "the further tokens move to their leaders in a layer (α), the better the classification",
        "the next smaller fixed α on the same split",
        _steps("alpha", "alpha", "α"),
    ),
    SentimentClaim(
        "sentiment.depth",
        "question",
        "the more layers, the better the classification",
        "the next smaller depth on the same split, down to no layer",
        _steps("depth", "depth", "K"),
    ),
    SentimentClaim(
        "sentiment.learned_step",
        "question",
        "training, free to choose α, keeps the attention at least as strong as it starts",
        "α falling under training refutes it",
        _by_dimension(_learned),
    ),
    SentimentClaim(
        "sentiment.softmax_agreement",
        "paper",
        "softmax attention at τ = 0.001 approximates the hardmax layers",
        "a share of agreement below 0.99, or no better than ordinary softmax has",
        _by_dimension(_softmax_agreement),
    ),
    SentimentClaim(
        "sentiment.softmax_training",
        "paper",
        f"training through softmax attention gives as good a hardmax classifier (within {CLOSE:g})",
        "training through the hard layers themselves, on the same split",
        _softmax_training,
    ),
    SentimentClaim(
        "sentiment.few_leaders",
        "paper",
        "tokens cluster round few leaders, and training makes them few",
        "more than a quarter of the words leading, or as few leaders before training",
        _by_dimension(_few),
    ),
    SentimentClaim(
        "sentiment.frequent_leaders",
        "paper",
        "the most frequent leaders of confidently and correctly classified reviews are words of sentiment",
        "words of the same frequency, frequent non-leaders, and leaders when embeddings are dealt out at random",
        _by_dimension(_frequent),
    ),
    SentimentClaim(
        "sentiment.leader_logit",
        "paper",
        "leaders are the words with the largest decoder logits",
        "leaders are long vectors; then any direction shows the same, and words of the same length are no different",
        _by_dimension(_decoder),
    ),
    SentimentClaim(
        "sentiment.leader_words",
        "paper",
        "leaders are the words that carry the sentiment, by a measure that does not know the classifier",
        "the other words of the review, those of the same length, and leaders of shuffled embeddings",
        _by_dimension(_independent),
    ),
    SentimentClaim(
        "sentiment.gathering",
        "paper",
        "over the layers words gather round their leaders more closely than averaging alone explains",
        "any fixed targets would see (1 − λ)^K; untrained and shuffled embeddings gather too",
        _by_dimension(_spread),
    ),
    SentimentClaim(
        "sentiment.clusters",
        "question",
        "it matters which words follow which leader",
        "cluster sizes dealt out at random, equal ones, or leaders drawn at random; each with its own bias",
        _by_dimension(
            _interventions(
                {
                    "shuffled": "cluster sizes shuffled among the leaders",
                    "equal": "every leader the same weight",
                    "random_leaders": "random words as leaders",
                }
            )
        ),
    ),
    SentimentClaim(
        "sentiment.context",
        "paper",
        "the weight that a word gets depends on its review in a way that helps",
        "the same embeddings with every word at its average weight, or at no weight but its count",
        _by_dimension(
            _interventions(
                {
                    "context_free": "every word at its mean weight, whatever the review",
                    "no_attention": "the same embeddings without layers",
                }
            )
        ),
    ),
    SentimentClaim(
        "sentiment.padding",
        "question",
        "padding is harmless: it costs no accuracy and seldom leads",
        "accuracy with padding masked, and how often words lead",
        _by_dimension(_padding),
    ),
)

__all__ = ["CLAIMS", "PUBLISHED"]
