"""What each claim compares with what: one function a claim, from the trials to its parts.

The margins and the direction of every comparison are fixed here and were not changed once numbers had been seen; what
was changed is said on the page.

Neighbours: `claims` states the claims, `judgement` has series, parts and verdicts, `trials` measures.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from math import log
from typing import Any

from .judgement import Evidence, Part, against, part_of

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


def by_dimension(make: Callable[[Evidence, int], list[Part]]) -> Callable[[Evidence], list[Part]]:
    """The parts that `make` gives at every dimension of the evidence."""
    return lambda evidence: [part for d in evidence.dimensions for part in make(evidence, d)]


def _measure(evidence: Evidence, d: int, *path: str) -> dict[int, float]:
    return evidence.by_seed("hard", "measures", *path, dimension=d)


def published(evidence: Evidence, d: int) -> list[Part]:
    """The best epoch by test accuracy against the paper's figure, for both ways of training."""
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


def dimension(evidence: Evidence) -> list[Part]:
    """The accuracy at each dimension against that at the next smaller one."""
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


def attention(evidence: Evidence, d: int) -> list[Part]:
    """The accuracy against the twin without layers and against a bag of words, for every way of training."""
    return [
        part
        for kind, words in (("hard", "α = 1"), ("learned", "α learned"), ("published", "trained as published"))
        for part in part_of(
            f"d = {d}, {words}",
            "test accuracy",
            *(
                against(name, _accuracy(evidence, kind, dimension=d), other)
                for name, other in (
                    ("the twin without attention (K = 0)", _accuracy(evidence, "twin", dimension=d)),
                    ("bag-of-words logistic regression", _accuracy(evidence, "words")),
                )
            ),
        )
    ]


def steps(kind: str, name: str, symbol: str) -> Callable[[Evidence], list[Part]]:
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


def learned(evidence: Evidence, d: int) -> list[Part]:
    """log α after training against its start, for both ways of training."""
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


def softmax_agreement(evidence: Evidence, d: int) -> list[Part]:
    """The share of reviews in the same class against a fixed share, and against ordinary softmax."""
    same = _measure(evidence, d, "softmax", "0.001", "same")
    return part_of(
        f"d = {d}",
        "share of reviews in the same class with softmax attention at τ = 0.001",
        against(f"{SAME_CLASS:g}", same, SAME_CLASS),
        against("ordinary softmax, τ = 1", same, _measure(evidence, d, "softmax", "1.0", "same"), control=True),
    )


def softmax_training(evidence: Evidence) -> list[Part]:
    """The accuracy after training through softmax against that after training through the hard layers."""
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


def few(evidence: Evidence, d: int) -> list[Part]:
    """The share of words that lead against a quarter, and against untrained embeddings."""
    share = _measure(evidence, d, "leaders", "share")
    return part_of(
        f"d = {d}",
        "share of a review's distinct words that lead",
        against("a quarter", share, FEW, smaller=True),
        against("untrained embeddings", share, _measure(evidence, d, "untrained_leaders", "share"), smaller=True),
    )


def frequent(evidence: Evidence, d: int) -> list[Part]:
    """The standing of the most frequent leaders against words of their frequency and other lists."""
    standing = {s: v for s, v in _measure(evidence, d, "frequent", "standing").items() if v is not None}
    others = evidence.by_seed("hard", "measures", "frequent", "alternatives", dimension=d)
    return part_of(
        f"d = {d}",
        "mean standing of the 15 most frequent leaders: share of equally frequent words with less sentiment",
        against("any word of that frequency", standing, 0.5),
        *(
            against(name, standing, {s: v[key] for s, v in others.items() if key in v}, control=True)
            for key, name in (
                ("non_leaders", "the 15 most frequent non-leaders"),
                ("shuffled", "the most frequent leaders with shuffled embeddings"),
            )
        ),
    )


def decoder(evidence: Evidence, d: int) -> list[Part]:
    """Leaders against non-leaders by the decoder's logit; controls: length, direction, shuffled embeddings."""
    leaders = _measure(evidence, d, "against_others", "decoder", "leaders")
    return part_of(
        f"d = {d}",
        "P(|⟨v, E⟩| of a leader exceeds that of a non-leader of its review)",
        against("non-leaders (½)", leaders, 0.5),
        against(
            "random directions u in place of v",
            leaders,
            _measure(evidence, d, "against_others", "decoder", "random_directions"),
            control=True,
        ),
        against(
            "non-leaders of the same length (½)",
            _measure(evidence, d, "against_others", "decoder", "same_length"),
            0.5,
            control=True,
        ),
        against(
            "shuffled embeddings",
            leaders,
            _measure(evidence, d, "against_others", "decoder", "shuffled"),
            control=True,
        ),
    )


def independent(evidence: Evidence, d: int) -> list[Part]:
    """Leaders against non-leaders by the weights of the regression; controls: length, shuffled embeddings."""
    leaders = _measure(evidence, d, "against_others", "independent", "leaders")
    return part_of(
        f"d = {d}",
        "P(|β| of a leader exceeds that of a non-leader of its review), β from the bag-of-words regression",
        against("non-leaders (½)", leaders, 0.5),
        against(
            "non-leaders of the same length (½)",
            _measure(evidence, d, "against_others", "independent", "same_length"),
            0.5,
            control=True,
        ),
        against(
            "shuffled embeddings",
            leaders,
            _measure(evidence, d, "against_others", "independent", "shuffled"),
            control=True,
        ),
    )


def spread(evidence: Evidence, d: int) -> list[Part]:
    """The last distance to the leader against that to any fixed targets; controls: other embeddings."""
    last = {
        name: {seed: curve[-1] for seed, curve in _measure(evidence, d, "spread", name).items()}  # type: ignore[index]
        for name in ("layers", "null", "untrained", "shuffled")
    }
    return part_of(
        f"d = {d}",
        "mean distance to the leader at the last layer, as a share of layer 0",
        against("any fixed targets, (1 − λ)^K", last["layers"], last["null"], smaller=True),
        against("untrained embeddings", last["layers"], last["untrained"], smaller=True, control=True),
        against("shuffled embeddings", last["layers"], last["shuffled"], smaller=True, control=True),
    )


def interventions(alternatives: Mapping[str, str]) -> Callable[[Evidence, int], list[Part]]:
    """The accuracy of the model against that after interventions.

    Args:
        alternatives: {intervention: what it is called}.
    """

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


def padding(evidence: Evidence, d: int) -> list[Part]:
    """Accuracy with padding kept against masked, and how often it leads against how often words do."""
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


__all__ = [
    "CLOSE",
    "PUBLISHED",
    "attention",
    "by_dimension",
    "decoder",
    "dimension",
    "few",
    "frequent",
    "independent",
    "interventions",
    "learned",
    "padding",
    "published",
    "softmax_agreement",
    "softmax_training",
    "spread",
    "steps",
]
