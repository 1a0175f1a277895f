"""Why the classifier says what it says of one review: its leaders, who follows them, and the sum that decides.

    logit = Σ_clusters (1/n) Σ_{i in the cluster} ⟨v, z_i^K⟩ + b

Who leads and who follows for ever is proved exactly; the sum is the classifier's own, in float64.

Neighbours: `proofs` proves, `model` decides, `cli` prints, the report draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....strategies.corpus import words as words_of
from ...claims.conclusion import prove
from ...provers.freeze.outcome import Frozen
from .classifier.data import Bags
from .classifier.hard_attention import layers
from .classifier.model import Classifier


@dataclass(frozen=True, slots=True)
class Cluster:
    """The words that tend to one point.

    Args:
        leaders: {word: weight} of the leaders whose convex combination the point is; one leader of weight 1 if it is
            a vertex. Empty for a point with no leader.
        first_layer: the first layer at which the leader leads; None unless there is exactly one.
        members: (word, how often it occurs), the leader's own word included.
        size: tokens in the cluster, repeats counted.
        point: the limit, rounded to float64.
        logit: ⟨v, limit⟩, without the bias.
        contribution: (1/n) Σ ⟨v, z_i^K⟩ over the cluster: what it adds to the logit.
    """

    leaders: dict[str, float]
    first_layer: int | None
    members: tuple[tuple[str, int], ...]
    size: int
    point: tuple[float, ...]
    logit: float
    contribution: float

    @property
    def name(self) -> str:
        """The leaders' words."""
        return " + ".join(self.leaders) or "(no leader)"


@dataclass(frozen=True, slots=True)
class Explanation:
    """The classification of one review, taken apart.

    Args:
        text: the review.
        probability: σ(logit), of a positive review.
        logit: Σ contributions + bias.
        bias: b.
        tokens: n, repeats and padding counted.
        known: how many words of the text the model knows, repeats counted; it reads the first 128 of them.
        padding: how many of the tokens are padding.
        verdict: the exact verdict on the clustering theorem's conclusion for the merged review.
        freeze_layer: the layer from which nothing changes any more; None if undecided.
        clusters: by contribution, the largest in absolute value first.
        words: the distinct words in order of first appearance.
        counts: how often each occurs.
        layers: positions of the words at layers 0 … K, (K + 1, n, d).
        direction: v.
    """

    text: str
    probability: float
    logit: float
    bias: float
    tokens: int
    known: int
    padding: int
    verdict: str
    freeze_layer: int | None
    clusters: tuple[Cluster, ...]
    words: tuple[str, ...]
    counts: tuple[int, ...]
    layers: tuple[tuple[tuple[float, ...], ...], ...]
    direction: tuple[float, ...]

    @property
    def read(self) -> int:
        """How many words of the text the model reads, repeats counted."""
        return self.tokens - self.padding

    @property
    def positive(self) -> bool:
        """Whether the review is classified as positive."""
        return self.logit > 0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, for a program or the report; its record has these keys and no others."""
        return {
            "text": self.text,
            "prediction": "positive" if self.positive else "negative",
            "probability": self.probability,
            "logit": self.logit,
            "bias": self.bias,
            "tokens": self.tokens,
            "verdict": self.verdict,
            "freeze_layer": self.freeze_layer,
            "clusters": [
                {
                    "leaders": cluster.leaders,
                    "first_layer": cluster.first_layer,
                    "members": dict(cluster.members),
                    "size": cluster.size,
                    "point": list(cluster.point),
                    "logit": cluster.logit,
                    "contribution": cluster.contribution,
                }
                for cluster in self.clusters
            ],
            "words": list(self.words),
            "counts": list(self.counts),
            "layers": [[list(point) for point in layer] for layer in self.layers],
            "direction": list(self.direction),
        }


def explain(model: Classifier, text: str) -> Explanation:
    """The classification of a review, taken apart by clusters.

    Args:
        model: the classifier.
        text: the review as a person writes it.

    Raises:
        InputError: the text is empty or has no word that the model knows.
    """
    tokens, counts = Bags.of([model.tokens(text)]).bag(0)
    proved = prove(model.configuration(tokens, counts), merge=False)
    outcome, limits = proved.outcome, proved.limits
    v = model.direction.astype(np.float64)
    Z, _ = layers(model.embeddings.astype(np.float64), tokens, counts, model.rate, model.depth)
    shares = counts / counts.sum() * (Z[-1] @ v)
    words = tuple(model.vocabulary.name(int(token)) for token in tokens)
    groups: dict[tuple[Any, ...], list[int]] = {}
    for i in range(len(tokens)):
        groups.setdefault(() if limits is None else limits[i], []).append(i)
    clusters = [
        _cluster(members, words, counts.tolist(), shares.tolist(), outcome, v.tolist()) for members in groups.values()
    ]
    logit = float(shares.sum() + model.bias)
    with np.errstate(over="ignore"):  # exp(−logit) = ∞ gives the right limit, 0
        probability = float(1 / (1 + np.exp(-logit)))
    return Explanation(
        text=text,
        probability=probability,
        logit=logit,
        bias=float(model.bias),
        tokens=int(counts.sum()),
        known=sum(word in model.vocabulary.index for word in words_of(text)),
        padding=int(counts[tokens == model.vocabulary.padding].sum()),
        verdict=proved.verdict,
        freeze_layer=outcome.freeze_layer if isinstance(outcome, Frozen) else None,
        clusters=tuple(sorted(clusters, key=lambda cluster: -abs(cluster.contribution))),
        words=words,
        counts=tuple(counts.tolist()),
        layers=tuple(tuple(tuple(row) for row in layer) for layer in Z.tolist()),
        direction=tuple(v.tolist()),
    )


def _cluster(
    members: Sequence[int],
    words: Sequence[str],
    counts: Sequence[int],
    shares: Sequence[float],
    outcome: Any,
    direction: Sequence[float],
) -> Cluster:
    """The cluster of the tokens with these indices, which have one limit."""
    leaders: dict[str, float] = {}
    first_layer, point = None, ()
    if isinstance(outcome, Frozen):
        weights = outcome.weights[members[0]]
        leaders = {words[j]: float(weight) for j, weight in weights.items() if j in outcome.leaders}
        if len(weights) == 1:
            first_layer = outcome.leaders.get(next(iter(weights)))
        point = tuple(float(x) for x in outcome.limits[members[0]])
    return Cluster(
        leaders=leaders,
        first_layer=first_layer,
        members=tuple((words[i], counts[i]) for i in members),
        size=sum(counts[i] for i in members),
        point=point,
        logit=sum(a * b for a, b in zip(direction, point, strict=False)),
        contribution=sum(shares[i] for i in members),
    )


__all__ = ["Cluster", "Explanation", "explain"]
