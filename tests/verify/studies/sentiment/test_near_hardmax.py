"""The table of distances to hardmax, on reviews with a known answer."""

import math
from fractions import Fraction as Q

import numpy as np
import pytest

from hardmax import Configuration
from hardmax.kernels.softmax.model import Softmax
from hardmax.reports.records.review_record import NearHardmaxRecord
from hardmax.verify.studies.sentiment.near_hardmax import UNITS, nearness, summary
from hardmax.verify.studies.sentiment.text import near_hardmax_text

SIMPLE = Configuration([[2], [1]], alpha=1, multiplicities=[1, 3])
"""Scores 4, 2 and 2, 1: gaps 2 and 1, and the second token weighs three times as much."""


def test_the_bound_is_that_of_the_theorem():
    found = nearness(SIMPLE, beta=5.0)
    ratios = [3 * math.exp(-10), 3 * math.exp(-5)]
    assert found.rows == pytest.approx([0.5 * r / (1 + r) / 2 for r in ratios], rel=1e-6)
    assert found.distance == max(found.rows)
    assert found.beta["float32"] == pytest.approx(math.log(3 * 0.5 / 2 * 2**24), rel=1e-6)
    assert found.undecided == 0


def test_no_layer_is_further_from_hardmax_than_it_says():
    rng = np.random.default_rng(5)
    for beta in (1, 4, 30):
        rows = [[Q(int(v), 64) for v in row] for row in rng.integers(-90, 90, (6, 2))]
        c = Configuration(rows, alpha=Q(1, 2), multiplicities=[1, 2, 1, 3, 1, 1])
        hard = list(zip(range(2), c.dynamics().layers(), strict=False))[1][1][0].tokens()
        run = Configuration(rows, Softmax(c.A, c.step, beta), multiplicities=c.multiplicities).dynamics().layers()
        next(run)
        soft = next(run)[0].tokens()
        largest = max(abs(v) for row in rows for v in row)
        far = max(abs(x - y) for p, q in zip(hard, soft, strict=True) for x, y in zip(p, q, strict=True))
        assert 0 < far <= Q(nearness(c, float(beta)).distance) * largest + Q(1, 2**39)


def test_from_the_beta_that_it_gives_rows_are_hardmax():
    for name, u in UNITS.items():
        beta = nearness(SIMPLE).beta[name]
        assert nearness(SIMPLE, beta).distance <= u < nearness(SIMPLE, beta - 1).distance


def test_what_is_too_close_is_not_decided():
    tie = nearness(Configuration([[1], [-1], [0]]))
    assert (tie.undecided, tie.distance) == (1, math.inf)
    both, alone = summary([tie, nearness(SIMPLE)]), summary([nearness(SIMPLE)])
    assert (both.reviews, both.rows, both.undecided) == (2, 4, 1)
    assert {k: v for k, v in both.marks.items() if "review" in k} == {
        k: v for k, v in alone.marks.items() if "review" in k
    }
    assert summary([tie]) is None
    assert nearness(Configuration([[3]])).distance == 0


def test_a_share_is_not_rounded_up_in_what_is_printed():
    found = NearHardmaxRecord(1000.0, 1, 9999, 0, {"float32": 0.99999}, {})
    assert "99.9% of the rows in float32" in near_hardmax_text(found)
