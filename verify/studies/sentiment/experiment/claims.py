"""What the paper says of its classifier, and what is asked of it, as claims that numbers can refute.

A claim is data: its statement, and a function that makes its parts from the trials. Each part compares one quantity
seed by seed with what the claim says it beats, and with controls: other explanations of the same number. It is
supported only if it stands all of them, and refuted if it fails where the claim itself says how it comes out.

The margins and the direction of every comparison are fixed here and were not changed once numbers had been seen; what
was changed is said on the page.

Neighbours: `judgement` has series, comparisons and verdicts; `trials` and `measures` make the numbers.

Source: arXiv:2407.01602, section 4, and the code published with it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .....kernels.exact.configuration import Configuration
from .....reports.records.sentiment_record import PartRecord
from ....claims.inputs import Listed
from ....claims.registry import Claim, Finding, Source
from .judgement import Evidence, SentimentClaim, against, part_of

PUBLISHED = {2: 0.791, 4: 0.823, 8: 0.851, 16: 0.882}
"""The paper's best test accuracy by dimension, from 35,000 training reviews."""
CLOSE = 0.02
"""Two accuracies no further apart count as the same."""
FEW = 0.25
"""Leaders are few if at most this share of a review's distinct words lead."""
SAME_CLASS = 0.99
"""Softmax attention approximates hardmax if it gives at least this share of reviews the same class."""

TEST = "accuracy test"
HARD = "trained through the hard layers"
AS_PUBLISHED = "trained as published: through softmax, α learned, padding kept"


@dataclass(frozen=True, slots=True)
class Rival:
    """What the quantity of a claim is compared with.

    Args:
        name: in words.
        value: where it is measured, or one number.
        effect: where the quantity is measured for this comparison, if not where the claim says.
        smaller, control: as in `judgement.compare`.
    """

    name: str
    value: str | float
    effect: str | None = None
    smaller: bool = False
    control: bool = False


def _measured(quantity: str, effect: str, *rivals: Rival) -> Callable[[Evidence], list[PartRecord]]:
    """The parts of a claim about one measure of the classifier itself, at every dimension."""

    def parts(evidence: Evidence) -> list[PartRecord]:
        return [part for d in evidence.dimensions for part in at(evidence, d)]

    def at(evidence: Evidence, d: int) -> list[PartRecord]:
        def series(where: str) -> dict[int, float]:
            return evidence.by_seed("hard", f"measures {where}", dimension=d)

        return part_of(
            f"d = {d}",
            quantity,
            *(
                against(
                    rival.name,
                    series(rival.effect or effect),
                    series(rival.value) if isinstance(rival.value, str) else rival.value,
                    smaller=rival.smaller,
                    control=rival.control,
                )
                for rival in rivals
            ),
        )

    return parts


def _against_fixed(
    ways: dict[str, str], quantity: str, path: str, name: str, number: Callable[[int], float | None], margin: float
) -> Callable[[Evidence], list[PartRecord]]:
    """What several ways of training come to, against a number that is fixed for each dimension.

    Args:
        ways: {kind of training: it in words}.
        quantity: in words.
        path: where it is measured.
        name: the number in words.
        number: of a dimension; None to leave it out.
        margin: how much the quantity may be worse, negative.
    """
    return lambda e: [
        part
        for d in e.dimensions
        if (fixed := number(d)) is not None
        for kind, words in ways.items()
        for part in part_of(
            f"d = {d}, {words}", quantity, against(name, e.by_seed(kind, path, dimension=d), fixed, margin=margin)
        )
    ]


def _attention(e: Evidence) -> list[PartRecord]:
    """The accuracy against the twin without layers and against a bag of words, for every way of training."""
    parts = []
    for d in e.dimensions:
        twin, bag = e.by_seed("twin", TEST, dimension=d), e.by_seed("words", TEST)
        for kind, words in (("hard", "α = 1"), ("learned", "α learned"), ("published", "trained as published")):
            accuracy = e.by_seed(kind, TEST, dimension=d)
            parts += part_of(
                f"d = {d}, {words}",
                "test accuracy",
                against("the twin without attention (K = 0)", accuracy, twin),
                against("bag-of-words logistic regression", accuracy, bag),
            )
    return parts


def _steps(name: str, symbol: str) -> Callable[[Evidence], list[PartRecord]]:
    """Neighbouring values of a setting compared, the larger against the smaller; all but d at the smallest d."""

    def parts(e: Evidence) -> list[PartRecord]:
        fixed = {"dimension": min(e.dimensions, default=0)} if name != "dimension" else {}
        series = {value: e.by_seed(name, TEST, **{name: value}) for value in e.settings(name, name)}
        for value in e.settings("hard", name):
            series[value] = e.by_seed("hard", TEST, **fixed, **{name: value})
        if name == "depth" and e.dimensions:
            series[0] = e.by_seed("twin", TEST, **fixed)
        return [
            part
            for less, more in pairwise(sorted(series))
            for part in part_of(
                f"{symbol} = {more:g} against {less:g}",
                f"test accuracy at d = {fixed['dimension']}" if fixed else "test accuracy",
                against(f"{symbol} = {less:g}", series[more], series[less]),
            )
        ]

    return parts


def _compared(kind: str, label: str, rival: str, margin: float, *more: Any) -> Callable[[Evidence], list[PartRecord]]:
    """The accuracy of trainings of one kind against that of the classifier itself, at every dimension.

    Args:
        kind: of the trainings.
        label: the quantity, in words.
        rival: the classifier itself, in words.
        margin: how much the accuracy may be worse, negative.
        more: the name and the two places of a measure of the same trainings that is to be the smaller one.
    """

    def parts(e: Evidence) -> list[PartRecord]:
        found = []
        for d in e.dimensions:
            ours, theirs = e.by_seed(kind, TEST, dimension=d), e.by_seed("hard", TEST, dimension=d)
            comparisons = [against(rival, ours, theirs, margin=margin)]
            if more:
                name, *places = more
                comparisons.append(against(name, *(e.by_seed(kind, at, dimension=d) for at in places), smaller=True))
            found += part_of(f"d = {d}", label, *comparisons)
        return found

    return parts


CLAIMS = (
    SentimentClaim(
        "sentiment.accuracy",
        "paper",
        f"the classifier reaches the published accuracy (within {CLOSE:g}) on fewer training reviews",
        "an accuracy below the published one by more than the tolerance refutes it",
        _against_fixed(
            {"hard": HARD, "published": AS_PUBLISHED},
            "best test accuracy over the epochs, as the paper reports it",
            "accuracy best_test",
            "the published figure",
            PUBLISHED.get,
            margin=-CLOSE,
        ),
    ),
    SentimentClaim(
        "sentiment.dimension",
        "paper",
        "accuracy grows with the dimension of the embedding",
        "the next smaller dimension on the same split",
        _steps("dimension", "d"),
    ),
    SentimentClaim(
        "sentiment.attention",
        "paper",
        "the hardmax layers improve the classification: they capture context",
        "the twin without layers and a bag of words know no context; if they are better, the layers cost accuracy",
        _attention,
    ),
    SentimentClaim(
        "sentiment.step",
        "question",
        "the further tokens move to their leaders in a layer (α), the better the classification",
        "the next smaller fixed α on the same split",
        _steps("alpha", "α"),
    ),
    SentimentClaim(
        "sentiment.depth",
        "question",
        "the more layers, the better the classification",
        "the next smaller depth on the same split, down to no layer",
        _steps("depth", "K"),
    ),
    SentimentClaim(
        "sentiment.learned_step",
        "question",
        "training, free to choose α, keeps the attention at least as strong as it starts",
        "α falling under training refutes it",
        _against_fixed(
            {"learned": "through the hard layers", "published": "through softmax, padding kept"},
            "log α after training from α = 1",
            "log_alpha",
            "its start, log α = 0",
            lambda d: 0.0,
            margin=0.0,
        ),
    ),
    SentimentClaim(
        "sentiment.softmax_agreement",
        "paper",
        "softmax attention at τ = 0.001 approximates the hardmax layers",
        "a share of agreement below 0.99, or no better than ordinary softmax has",
        _measured(
            "share of reviews in the same class with softmax attention at τ = 0.001",
            "softmax 0.001 same",
            Rival(f"{SAME_CLASS:g}", SAME_CLASS),
            Rival("ordinary softmax, τ = 1", "softmax 1.0 same", control=True),
        ),
    ),
    SentimentClaim(
        "sentiment.softmax_training",
        "paper",
        f"training through softmax attention gives as good a hardmax classifier (within {CLOSE:g})",
        "training through the hard layers themselves, on the same split",
        _compared(
            "softmax",
            "test accuracy of the hard layers after training through softmax",
            "training through the hard layers",
            -CLOSE,
        ),
    ),
    SentimentClaim(
        "sentiment.few_leaders",
        "paper",
        "tokens cluster round few leaders, and training makes them fewer",
        "more than a quarter of the words leading, or as few leaders before training",
        _measured(
            "share of a review's distinct words that lead",
            "leaders share",
            Rival("a quarter", FEW, smaller=True),
            Rival("untrained embeddings", "untrained_leaders share", smaller=True),
        ),
    ),
    SentimentClaim(
        "sentiment.frequent_leaders",
        "paper",
        "the most frequent leaders of confidently and correctly classified reviews are words of sentiment",
        "words of the same frequency, frequent non-leaders, and leaders when embeddings are dealt out at random",
        _measured(
            "mean standing of the 15 most frequent leaders: share of equally frequent words with less sentiment",
            "frequent standing",
            Rival("any word of that frequency", 0.5),
            Rival("the 15 most frequent non-leaders", "frequent alternatives non_leaders", control=True),
            Rival("the most frequent leaders with shuffled embeddings", "frequent alternatives shuffled", control=True),
        ),
    ),
    SentimentClaim(
        "sentiment.leader_logit",
        "paper",
        "leaders are the words with the largest decoder logits, beyond what the shape of the embedding brings about",
        "leaders are long vectors; then any direction shows the same, dealing the vectors to other words changes "
        "nothing, and words of the same length are no different",
        _measured(
            "P(|⟨v, E⟩| of a leader exceeds that of a non-leader of its review)",
            "against_others decoder leaders",
            Rival("non-leaders (½)", 0.5),
            Rival("random directions u in place of v", "against_others decoder random_directions", control=True),
            Rival("non-leaders of the same length (½)", 0.5, "against_others decoder same_length", control=True),
            Rival("shuffled embeddings", "against_others decoder shuffled", control=True),
        ),
    ),
    SentimentClaim(
        "sentiment.leader_words",
        "paper",
        "leaders are the words that carry the sentiment, by a measure that does not know the classifier",
        "the other words of the review, those of the same length, and leaders of shuffled embeddings",
        _measured(
            "P(|β| of a leader exceeds that of a non-leader of its review), β from the bag-of-words regression",
            "against_others independent leaders",
            Rival("non-leaders (½)", 0.5),
            Rival("non-leaders of the same length (½)", 0.5, "against_others independent same_length", control=True),
            Rival("shuffled embeddings", "against_others independent shuffled", control=True),
        ),
    ),
    SentimentClaim(
        "sentiment.gathering",
        "question",
        "words gather round their leaders more closely than averaging towards any fixed targets explains",
        "fixed targets would see (1 − λ)^K, which leaves little to gain; untrained and shuffled embeddings gather too",
        _measured(
            "mean distance to the leader at the last layer, as a share of layer 0",
            "spread layers last",
            Rival("any fixed targets, (1 − λ)^K", "spread null last", smaller=True),
            Rival("untrained embeddings", "spread untrained last", smaller=True, control=True),
            Rival("shuffled embeddings", "spread shuffled last", smaller=True, control=True),
        ),
    ),
    SentimentClaim(
        "sentiment.clusters",
        "question",
        "it matters which words follow which leader",
        "cluster sizes dealt out at random, equal ones, or leaders drawn at random; each with its own bias",
        _measured(
            "test accuracy",
            "interventions model",
            Rival("cluster sizes shuffled among the leaders", "interventions shuffled"),
            Rival("every leader the same weight", "interventions equal"),
            Rival("random words as leaders", "interventions random_leaders"),
        ),
    ),
    SentimentClaim(
        "sentiment.context",
        "paper",
        "the weight that a word gets depends on its review in a way that helps",
        "the same embeddings with every word at its average weight, or at no weight but its count",
        _measured(
            "test accuracy",
            "interventions model",
            Rival("every word at its mean weight, whatever the review", "interventions context_free"),
            Rival("the same embeddings without layers", "interventions no_attention"),
        ),
    ),
    SentimentClaim(
        "sentiment.padding",
        "question",
        "padding is harmless: it costs no accuracy and seldom leads",
        "accuracy with padding masked, and how often words lead",
        _compared(
            "padding",
            "test accuracy with padding kept; how often padding leads where there is some",
            "padding masked",
            -CLOSE / 2,
            "how often a word of a review leads",
            "measures padding_leads",
            "measures leaders share",
        ),
    ),
)


# -- the same as claims among others ----------------------------------------------------------------------------------

REVIEWS = 20
"""Real reviews that they are asked about one by one, which leaves them undecided."""


def _reviews() -> Iterator[tuple[str, Configuration]]:
    from .verification import review_configurations  # trains and measures

    return review_configurations(REVIEWS)


def _record(claim: SentimentClaim) -> Claim:
    """The claim as a record of the registry: no single review decides what is measured over trainings."""
    source = Source("arXiv:2407.01602", "section 4" if claim.origin == "paper" else "asked of its classifier")
    measured = Finding("undecided", "no single review decides it; `hardmax sentiment verify` trains and measures")
    title = "Real movie reviews, measured over trainings by `hardmax sentiment verify`"
    reviews = Listed(title, _reviews, summary=True)
    return Claim(claim.id, claim.statement, (), source, "open", lambda _: measured, inputs=(reviews,))


RECORDS = tuple(map(_record, CLAIMS))
