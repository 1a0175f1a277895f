"""What is proved on real reviews, as part of the record of `hardmax sentiment verify`.

Neighbours: `sentiment_record` is the whole record, `codec` reads it strictly.
"""

from collections.abc import Mapping

from .codec import Record, RecordError
from .configuration_record import ByNumber


class HypothesesRecord(Record, frozen=True):
    """In how many reviews the hypotheses hold as it stands, only once equal words are merged, and not even then."""

    literal: int
    merged_only: int
    never: int


class ProofsRecord(Record, frozen=True):
    """Exact verdicts on test reviews.

    Args:
        reviews: how many were examined.
        hypotheses: in how many the hypotheses hold.
        literal: {verdict: reviews} as they stand.
        merged: {verdict: reviews} with equal words merged.
        freeze_layers: {first layer from which nothing changes: reviews}.
        leaders: {leaders: reviews}.
        mean_leaders: null if there was no review.
        with_face_points: reviews with a cluster point that is no vertex.
        rules: {rule: tokens that it decided}.
    """

    reviews: int
    hypotheses: HypothesesRecord
    literal: Mapping[str, int]
    merged: Mapping[str, int]
    freeze_layers: ByNumber[int]
    leaders: ByNumber[int]
    mean_leaders: float | None
    with_face_points: int
    rules: Mapping[str, int]


class RoundingRecord(Record, frozen=True):
    """What rounding the embedding leaves as it is, in reviews with equal words merged.

    Args:
        format: "float16" or "bfloat16".
        reviews: how many were examined.
        leaders_proved: in how many no leader changes, by the radius.
        leaders_kept: in how many none changes, by the exact run of the rounded words.
        predictions_proved: in how many the prediction does not change, by the radius.
        predictions_kept: in how many it does not, by the exact run.
    """

    format: str
    reviews: int
    leaders_proved: int
    leaders_kept: int
    predictions_proved: int
    predictions_kept: int

    def __post_init__(self) -> None:
        proved = self.leaders_proved <= self.leaders_kept and self.predictions_proved <= self.predictions_kept
        if not proved or max(self.leaders_kept, self.predictions_kept) > self.reviews:
            raise RecordError(f"{self.format}: more is proved than kept, or kept than examined")


class NearHardmaxRecord(Record, frozen=True):
    """How far softmax attention of one layer provably is from hardmax, in reviews with equal words merged.

    Args:
        beta: the inverse temperature of the distances.
        reviews: how many were examined.
        rows: rows of the attention matrix that are decided.
        undecided: rows whose largest scores are closer than their rounding; their reviews are in no table.
        within: {dtype: share of the rows that are hardmax up to its rounding unit}.
        marks: {what: its 10 %, 50 %, 90 %, 99 % and 100 % quantiles}: upper bounds of distances, in units of a review's
            largest coordinate, and β from which on a review is hardmax up to a rounding unit.
    """

    beta: float
    reviews: int
    rows: int
    undecided: int
    within: Mapping[str, float]
    marks: Mapping[str, tuple[float, float, float, float, float]]
