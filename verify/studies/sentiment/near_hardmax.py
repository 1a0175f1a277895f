"""How far softmax attention provably is from hardmax on real reviews: the temperature that the paper trains with.

Of each test review of the shipped classifier, equal words merged: the first layer, row by row, by theorem S1 of
SOFTMAX.md. Scores are computed in float64 with a bound of their rounding, gaps are taken from below, so what is printed
are upper bounds. A row whose largest scores are closer than their rounding counts as not decided.

Neighbours: `classifier.softmax_attention` is that attention, `experiment.verification` asks for reviews.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ....kernels.exact.configuration import Configuration
from ....reports.records.review_record import NearHardmaxRecord
from .classifier.softmax_attention import TEMPERATURE

UNITS = {"float32": 2.0**-24, "float64": 2.0**-53}
"""Rounding units, relative to the largest coordinate of the review."""
MARKS = (0.1, 0.5, 0.9, 0.99, 1.0)
"""Quantiles that are shown."""
ROOM = 1 + 1e-9
"""For the rounding of the bounds themselves."""


@dataclass(frozen=True, slots=True)
class Nearness:
    """One review.

    Args:
        distance: no token of layer 1 is further from hardmax's, in units of the largest coordinate; infinity if a row
            is not decided.
        rows: the same, for each row that is decided.
        beta: {dtype: from this β on every row is hardmax up to its rounding unit}; infinity likewise.
        undecided: rows whose largest scores are too close to tell.
    """

    distance: float
    rows: tuple[float, ...]
    beta: dict[str, float]
    undecided: int


def merged(c: Configuration) -> Configuration:
    """A review with equal words merged, of which some may have equal embeddings."""
    return c if c.is_distinct else c.merged()


def nearness(c: Configuration, beta: float = 1 / TEMPERATURE) -> Nearness:
    """How far the first layer of a review is from hardmax's, proved.

    Args:
        c: a review of distinct words with multiplicities; its tokens are floats, A = I.
        beta: β > 0.
    """
    x = np.array([[float(v) for v in row] for row in c.tokens])
    w, rate = np.array(c.multiplicities, dtype=float), float(c.step.rate(0))
    scores, sizes = x @ x.T, np.abs(x) @ np.abs(x).T
    error = (c.d + 1) * 2.0**-52 * sizes
    rows, needed, undecided = [], dict.fromkeys(UNITS, 0.0), 0
    largest = float(np.abs(x).max())
    for i in range(c.n):
        q = int(scores[i].argmax())
        others = np.arange(c.n) != q
        gaps = (scores[i, q] - scores[i] - error[i, q] - error[i])[others]
        if not others.any():
            rows.append(0.0)
            continue
        if gaps.min() <= 0:
            undecided += 1
            continue
        weight = w[others] / w[q]
        ratio = float((weight * np.exp(-beta * gaps)).sum())
        far = float(np.abs(x[others] - x[q]).max())
        rows.append(rate * ratio / (1 + ratio) * far / largest * ROOM)
        for name, u in UNITS.items():
            enough = np.log(max(weight.sum() * rate * far / (u * largest), 1.0)) / gaps.min() * ROOM
            needed[name] = max(needed[name], float(enough))
    if undecided:
        return Nearness(np.inf, tuple(rows), dict.fromkeys(UNITS, np.inf), undecided)
    return Nearness(max(rows), tuple(rows), needed, 0)


def summary(found: Iterable[Nearness], beta: float = 1 / TEMPERATURE) -> NearHardmaxRecord | None:
    """The quantiles over rows and over reviews all of whose rows are decided; None if there is none.

    Args:
        found: at that β.
        beta: β > 0.
    """
    reviews = list(found)
    decided = [review for review in reviews if not review.undecided]
    if not decided:
        return None
    rows = np.array([row for review in reviews for row in review.rows])
    shown = {
        "distance of a row": rows,
        "distance of a review, its worst row": np.array([r.distance for r in decided]),
        **{f"β from which a review is hardmax in {name}": np.array([r.beta[name] for r in decided]) for name in UNITS},
    }
    marks = {name: np.quantile(values, MARKS, method="higher").tolist() for name, values in shown.items()}
    within = {name: float((rows <= u).mean()) for name, u in UNITS.items()}
    undecided = sum(review.undecided for review in reviews)
    return NearHardmaxRecord(beta, len(reviews), len(rows), undecided, within, {k: tuple(v) for k, v in marks.items()})
