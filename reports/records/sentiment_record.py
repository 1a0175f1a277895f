"""The record of a run of `hardmax sentiment verify`: the file sentiment.json, field by field.

Neighbours: `codec` reads it strictly, `sentiment` makes the page.
"""

from collections.abc import Mapping
from typing import Literal

from .codec import Record, RecordError
from .configuration_record import ByNumber
from .review_record import NearHardmaxRecord, ProofsRecord, RoundingRecord

Support = Literal["supported", "not_supported", "refuted"]
Label = Literal["positive", "negative"]


class EstimateRecord(Record, frozen=True):
    """A mean over seeds.

    Args:
        mean: of the values.
        deviation: standard deviation; null for one seed.
        low: lower end of the 95 % confidence interval of the mean; null for one seed.
        high: upper end.
        values: one number a seed.
    """

    mean: float
    deviation: float | None
    low: float | None
    high: float | None
    values: tuple[float, ...]


class ComparisonRecord(Record, frozen=True):
    """A quantity against an alternative explanation.

    Args:
        verdict: on which side of 0 the interval of the difference lies.
        name: the alternative, in words.
        effect: the quantity.
        alternative: the same for the alternative.
        difference: the advantage, positive in favour of the claim, less the margin.
        margin: by how much the effect must be better; negative: by how much it may be worse.
        control: whether the alternative is another explanation of what the claim says.
    """

    verdict: Support
    name: str
    effect: EstimateRecord
    alternative: EstimateRecord
    difference: EstimateRecord
    margin: float
    control: bool


class PartRecord(Record, frozen=True):
    """One instance of a claim, e.g. "d = 2": refuted if a comparison is that is no control, supported if all are."""

    label: str
    quantity: str
    verdict: Support
    comparisons: tuple[ComparisonRecord, ...]


class SentimentClaimRecord(Record, frozen=True):
    """One claim about the classifier, e.g. "sentiment.attention".

    Args:
        origin: whether the paper says so, or it is asked of the paper's model.
        why: how the comparisons could refute it.
        verdict: supported or refuted if every part is.
        parts: its instances; none where nothing was measured.
    """

    id: str
    origin: Literal["paper", "question"]
    statement: str
    why: str
    verdict: Support
    parts: tuple[PartRecord, ...]


class AccuracyRow(Record, frozen=True):
    """Accuracies at one dimension; null where nothing was trained.

    Args:
        dimension: d.
        published: the paper's best test accuracy.
        hard: through the hard layers, at the epoch that validation chose.
        best: the same, the best epoch by test accuracy, as the paper counts.
        twin: without layers.
        learned: α learned.
        padding: padding kept.
        softmax: trained through softmax attention.
        words: bag-of-words logistic regression.
        learned_alpha: α where it was learned.
    """

    dimension: int
    published: float | None
    hard: EstimateRecord | None
    best: EstimateRecord | None
    twin: EstimateRecord | None
    learned: EstimateRecord | None
    padding: EstimateRecord | None
    softmax: EstimateRecord | None
    words: EstimateRecord | None
    learned_alpha: EstimateRecord | None


class LeaderRow(Record, frozen=True):
    """Leaders per review at one dimension.

    Args:
        dimension: d.
        padding: "masked" or "kept".
        mean: mean number of leaders of a test review.
        deviation: its standard deviation over reviews.
        initial: share of the leaders that lead at layer 0 already.
        share: share of a review's distinct tokens that lead.
        min: fewest.
        max: most.
        histogram: {leaders: reviews} for the first seed.
    """

    dimension: int
    padding: str
    mean: EstimateRecord | None
    deviation: EstimateRecord | None
    initial: EstimateRecord | None
    share: EstimateRecord | None
    min: int
    max: int
    histogram: ByNumber[int]


class WordRow(Record, frozen=True):
    """A word that leads often.

    Args:
        word: any text.
        count: how often it leads.
        sentiment: its weight in the bag-of-words regression.
        standing: share of equally frequent words whose weight is smaller in absolute value.
        positive: share of positive reviews among those where it leads.
    """

    word: str
    count: int
    sentiment: float
    standing: float
    positive: float


class FrequentRecord(Record, frozen=True):
    """The most frequent leaders of confident, correct reviews.

    Args:
        reviews: how many such reviews there are.
        words: the most frequent leaders.
        filtered: the most frequent of those whose own decoder logit exceeds 2, as in the published histogram.
        standing: mean standing of `words`; null if there are none.
        alternatives: mean standing of other lists.
    """

    reviews: int
    words: tuple[WordRow, ...]
    filtered: tuple[WordRow, ...]
    standing: float | None
    alternatives: Mapping[str, float]


class SpeedRow(Record, frozen=True):
    """Seconds an epoch at one dimension, through hard and through softmax layers, and their ratio."""

    dimension: int
    hard: float
    softmax: float
    ratio: float


class ClusterRecord(Record, frozen=True):
    """The words of the example that tend to one point.

    Args:
        leaders: {word: weight}; empty for a point with no leader.
        first_layer: the layer at which the one leader leads first; null otherwise.
        members: {word: times}, the leaders' own words included.
        size: tokens.
        point: the limit.
        logit: ⟨v, limit⟩.
        contribution: what the cluster adds to the logit, (1/n) Σ ⟨v, z_i^K⟩ over it.
    """

    leaders: Mapping[str, float]
    first_layer: int | None
    members: Mapping[str, int]
    size: int
    point: tuple[float, ...]
    logit: float
    contribution: float


class ExplanationRecord(Record, frozen=True):
    """The classification of one review, taken apart.

    Args:
        text: the review, any text.
        prediction: the classifier's class.
        probability: of a positive review.
        logit: Σ contributions + bias.
        bias: b.
        tokens: n, repeats and padding counted.
        verdict: the exact verdict on the clustering theorem's conclusion for the merged review.
        freeze_layer: null if undecided.
        clusters: the largest contribution first.
        words: distinct words.
        counts: how often each occurs.
        layers: (K + 1, n, d) positions.
        direction: v.
    """

    text: str
    prediction: Label
    probability: float
    logit: float
    bias: float
    tokens: int
    verdict: str
    freeze_layer: int | None
    clusters: tuple[ClusterRecord, ...]
    words: tuple[str, ...]
    counts: tuple[int, ...]
    layers: tuple[tuple[tuple[float, ...], ...], ...]
    direction: tuple[float, ...]

    def __post_init__(self) -> None:
        n, d = len(self.words), len(self.direction)
        if len(self.counts) != n:
            raise RecordError(f"counts has {len(self.counts)} entries for {n} words")
        if not self.layers or any(len(layer) != n or any(len(row) != d for row in layer) for layer in self.layers):
            raise RecordError(f"layers must hold {n} points of {d} numbers at each layer, and at least one layer")


class ExampleRecord(ExplanationRecord, frozen=True):
    """The review that the page shows.

    Args:
        review: its index in the corpus.
        rule: which one it is, in words.
        label: its class.
    """

    review: int
    rule: str
    label: Label


class SettingsRecord(Record, frozen=True):
    """What was asked: seeds, dimensions, epochs, whether softmax was trained through, which reviews."""

    seeds: tuple[int, ...]
    dimensions: tuple[int, ...]
    epochs: int
    softmax: bool
    source: str


class DataRecord(Record, frozen=True):
    """The sizes of the split and of the vocabulary; test reviews that also occur outside; reviews left out."""

    train: int
    validation: int
    test: int
    duplicates: int
    dropped: int
    words: int


class ModelRecord(Record, frozen=True):
    """The classifier whose reviews were proved; null where its file does not say."""

    digest: str
    command: str | None
    test_accuracy: float | None
    twin_test_accuracy: float | None


class TrainingsRecord(Record, frozen=True):
    """How many classifiers were trained, and for how many of them the last epoch was the best one."""

    all: int
    longest: int


class SecondsRecord(Record, frozen=True):
    """How long the last session of the run took."""

    trials: float
    proofs: float
    all: float


class SentimentRecord(Record, frozen=True):
    """A run of `hardmax sentiment verify`.

    Args:
        accuracy: one row a dimension.
        leaders: one row a dimension and treatment of the padding.
        frequent: at the smallest dimension, first seed.
        spread: {dimension: {whose: share of the first distance at each layer}}.
        speed: one row a dimension that was trained both ways.
        model: the classifier that was proved.
        reproduced: whether training it again gave the same numbers, bit for bit.
        roundings: what rounding its embedding leaves as it is.
        near_hardmax: how far softmax attention is from its layers; null if no review was examined.
    """

    format: Literal["hardmax-sentiment"]
    version: Literal[1]
    settings: SettingsRecord
    data: DataRecord
    claims: tuple[SentimentClaimRecord, ...]
    accuracy: tuple[AccuracyRow, ...]
    leaders: tuple[LeaderRow, ...]
    frequent: FrequentRecord | None
    spread: ByNumber[Mapping[str, tuple[float, ...]]]
    speed: tuple[SpeedRow, ...]
    proofs: ProofsRecord
    model: ModelRecord
    reproduced: bool
    example: ExampleRecord
    trainings: TrainingsRecord
    seconds: SecondsRecord
    roundings: tuple[RoundingRecord, ...] = ()
    near_hardmax: NearHardmaxRecord | None = None
