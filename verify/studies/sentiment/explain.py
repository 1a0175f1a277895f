"""Why the classifier says what it says of one review: its leaders, who follows them, and the sum that decides.

    logit = Σ_clusters (1/n) Σ_{i in the cluster} ⟨v, z_i^K⟩ + b

Who leads and who follows for ever is proved exactly; the sum is the classifier's own, in float64.

Neighbours: `proofs` proves, `model` decides, `text` prints, the page draws.
"""

from typing import Any

import numpy as np

from ....reports.records.sentiment_record import ClusterRecord, ExplanationRecord
from ....strategies.corpus import STOP_WORDS, all_words
from ....strategies.corpus import words as words_of
from ...claims.conclusion import prove
from ...provers.freeze.outcome import Frozen
from .classifier.data import LENGTH, Bags
from .classifier.hard_attention import layers
from .classifier.model import Classifier


class Explanation(ExplanationRecord, frozen=True):
    """The record, and how much of the text it is about.

    Args:
        known_words: how many words of the text the model knows, repeats counted.
        read_words: how many of them it reads: the first 128.
        dropped: the words that it does not read, by the reason why not.
    """

    known_words: int
    read_words: int
    dropped: dict[str, tuple[str, ...]]


def dropped_words(model: Classifier, text: str) -> dict[str, tuple[str, ...]]:
    """The words of a text that the model does not read, in order: {why: distinct words}, reasons without any left out.

    A negation among the stop words may turn what is said, and the model does not see it.
    """
    known, reasons = 0, ("on the stop list", "not in the vocabulary", f"after the first {LENGTH}")
    dropped: dict[str, dict[str, None]] = {reason: {} for reason in reasons}
    for word in all_words(text):
        is_known = word not in STOP_WORDS and word in model.vocabulary.index
        known += is_known
        if not is_known:
            dropped[reasons[0] if word in STOP_WORDS else reasons[1]][word] = None
        elif known > LENGTH:
            dropped[reasons[2]][word] = None
    return {reason: tuple(words) for reason, words in dropped.items() if words}


def explain(model: Classifier, text: str) -> Explanation:
    """The classification of a review, taken apart by clusters.

    Args:
        model: the classifier.
        text: the review as a person writes it.

    Raises:
        InputError: the text is empty or has no word that the model knows.
    """
    bags = Bags.of([model.tokens(text)])
    tokens, counts = bags.bag(0)
    proved = prove(model.configuration(tokens, counts), merge=False)
    outcome, limits = proved.outcome, proved.limits
    v = model.direction.astype(np.float64)
    Z = np.stack([layer.Z for layer in layers(model.embeddings.astype(np.float64), bags, model.rate, model.depth)])
    shares = (counts / counts.sum() * (Z[-1] @ v)).tolist()
    words = tuple(model.vocabulary.name(int(token)) for token in tokens)
    groups: dict[tuple[Any, ...], list[int]] = {}
    for i in range(len(tokens)):
        groups.setdefault(() if limits is None else limits[i], []).append(i)
    clusters = []
    for members in groups.values():
        leaders: dict[str, float] = {}
        first_layer, point = None, ()
        if isinstance(outcome, Frozen):
            weights = outcome.weights[members[0]]
            leaders = {words[j]: float(weight) for j, weight in weights.items() if j in outcome.leaders}
            first_layer = outcome.leaders.get(next(iter(weights))) if len(weights) == 1 else None
            point = tuple(float(x) for x in outcome.limits[members[0]])
        clusters.append(
            ClusterRecord(
                leaders=leaders,
                first_layer=first_layer,
                members={words[i]: int(counts[i]) for i in members},
                size=int(counts[members].sum()),
                point=point,
                logit=float(v @ point) if point else 0.0,
                contribution=sum(shares[i] for i in members),
            )
        )
    logit = sum(shares) + float(model.bias)
    with np.errstate(over="ignore"):  # exp(−logit) = ∞ gives the right limit, 0
        probability = float(1 / (1 + np.exp(-logit)))
    return Explanation(
        text=text,
        prediction="positive" if logit > 0 else "negative",
        probability=probability,
        logit=logit,
        bias=float(model.bias),
        tokens=int(counts.sum()),
        verdict=proved.verdict,
        freeze_layer=outcome.freeze_layer if isinstance(outcome, Frozen) else None,
        clusters=tuple(sorted(clusters, key=lambda cluster: -abs(cluster.contribution))),
        words=words,
        counts=tuple(counts.tolist()),
        layers=tuple(tuple(tuple(row) for row in layer) for layer in Z.tolist()),
        direction=tuple(v.tolist()),
        known_words=sum(word in model.vocabulary.index for word in words_of(text)),
        read_words=int(counts[tokens != model.vocabulary.padding].sum()),
        dropped=dropped_words(model, text),
    )
