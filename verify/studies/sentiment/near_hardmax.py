"""How far softmax attention provably is from hardmax on real reviews: the temperature that the paper trains with.

    python -m hardmax.verify.studies.sentiment.near_hardmax [REVIEWS]

Of each test review of the shipped classifier, equal words merged: the first layer, row by row, by theorem S1 of
SOFTMAX.md. Scores are computed in float64 with a bound of their rounding, gaps are taken from below, so what is printed
are upper bounds. A row whose largest scores are closer than their rounding counts as not decided.

Neighbours: `classifier.softmax_attention` is that attention, `experiment.verification` has the reviews.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ....kernels.exact.configuration import Configuration
from .classifier.softmax_attention import TEMPERATURE
from .experiment.verification import review_configurations

UNITS = {"float32": 2.0**-24, "float64": 2.0**-53}
"""Rounding units, relative to the largest coordinate of the review."""
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


def table(found: Iterable[Nearness]) -> str:
    """The quantiles over reviews and rows, as a table in Markdown."""
    reviews = list(found)
    rows = np.array([row for review in reviews for row in review.rows])
    undecided = sum(review.undecided for review in reviews)
    head = "| | 10 % | median | 90 % | 99 % | largest |\n|---|---|---|---|---|---|"
    shown = {
        "distance of a row": rows,
        "distance of a review, its worst row": np.array([r.distance for r in reviews]),
        **{f"β from which a review is hardmax in {name}": np.array([r.beta[name] for r in reviews]) for name in UNITS},
    }
    lines = [head]
    for name, values in shown.items():
        marks = np.quantile(values, [0.1, 0.5, 0.9, 0.99, 1.0], method="higher")
        lines.append(f"| {name} | {' | '.join(f'{v:.2g}' for v in marks)} |")
    within = [float((rows <= u).mean()) for u in UNITS.values()]
    lines.append("")
    lines.append(
        f"{len(reviews)} reviews, {len(rows)} rows decided and {undecided} not; at β = {1 / TEMPERATURE:g} "
        f"{within[0]:.1%} of the rows are hardmax in float32, {within[1]:.1%} in float64"
    )
    return "\n".join(lines)


def main(most: int = 500) -> None:
    """Print the table for the first so many test reviews.

    Raises:
        InputError: the reviews are not installed.
    """
    reviews = (c if c.is_distinct else c.merged() for _, c in review_configurations(most))
    print(table(map(nearness, reviews)))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
