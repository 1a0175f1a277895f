import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hardmax.verify.studies.sentiment.classifier.data import Bags
from hardmax.verify.studies.sentiment.experiment.judgement import against, compare, estimate, joint_verdict
from hardmax.verify.studies.sentiment.experiment.measures import superiority


def test_the_interval_is_that_of_scipy_widened_for_the_overlap_of_the_splits():
    values = [0.81, 0.83, 0.82, 0.86, 0.80]
    found = estimate(values)
    scale = np.std(values, ddof=1) * np.sqrt(1 / 5 + 0.3 / 0.7)
    low, high = stats.t.interval(0.95, 4, loc=np.mean(values), scale=scale)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.deviation == pytest.approx(np.std(values, ddof=1))
    assert found.values == tuple(values)


def test_one_seed_gives_no_interval_and_no_verdict():
    found = estimate([0.8])
    assert (found.mean, found.low, found.high, found.deviation) == (0.8, None, None, None)
    assert compare("x", [0.9], [0.1]).verdict == "not_supported"


@pytest.mark.parametrize(
    ("effect", "alternative", "options", "verdict"),
    [
        ([0.9, 0.91, 0.92], [0.8, 0.81, 0.82], {}, "supported"),
        ([0.8, 0.81, 0.82], [0.9, 0.91, 0.92], {}, "refuted"),
        ([0.8, 0.9, 0.7], [0.9, 0.7, 0.8], {}, "not_supported"),
        ([0.9, 0.91, 0.92], 0.8, {}, "supported"),
        ([0.1, 0.11, 0.12], 0.25, {"smaller": True}, "supported"),
        ([0.9, 0.91, 0.92], 0.25, {"smaller": True}, "refuted"),
        ([0.79, 0.791, 0.792], 0.8, {"margin": -0.02}, "supported"),
        ([0.79, 0.791, 0.792], 0.8, {}, "refuted"),
        ([0.81, 0.811, 0.812], 0.8, {"margin": 0.05}, "refuted"),
    ],
)
def test_verdicts_by_hand(effect, alternative, options, verdict):
    effect = dict(enumerate(effect))
    alternative = dict(enumerate(alternative)) if isinstance(alternative, list) else alternative
    (comparison,) = against("alternative", effect, alternative, **options)
    assert comparison.verdict == verdict


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=8), st.lists(st.floats(-1, 1), min_size=8, max_size=8))
def test_exchanging_the_sides_exchanges_the_verdicts(effect, alternative):
    exchanged = {"supported": "refuted", "refuted": "supported", "not_supported": "not_supported"}
    one = compare("x", effect, alternative[: len(effect)])
    other = compare("x", alternative[: len(effect)], effect)
    assert other.verdict == exchanged[one.verdict]


def test_comparisons_are_paired_by_seed():
    # Both vary wildly, but the difference is always 0.01.
    theirs = np.array([0.1, 0.9, 0.5, 0.3])
    assert compare("paired", theirs + 0.01 + np.array([0, 1, -1, 0]) * 1e-4, theirs).verdict == "supported"


def one(verdict, control=False):
    effect = {"supported": [0.9, 0.91], "refuted": [0.1, 0.11], "not_supported": [0.1, 0.9]}[verdict]
    comparison = compare("x", effect, [0.5, 0.5], control=control)
    assert comparison.verdict == verdict
    return comparison


@pytest.mark.parametrize(
    ("direct", "control", "verdict"),
    [
        ("supported", "supported", "supported"),
        ("supported", "not_supported", "not_supported"),
        ("supported", "refuted", "not_supported"),  # another explanation holds: no support, but no refutation
        ("not_supported", "supported", "not_supported"),
        ("refuted", "supported", "refuted"),
    ],
)
def test_controls_take_support_away_but_do_not_refute(direct, control, verdict):
    assert joint_verdict([one(direct), one(control, control=True)]) == verdict
    assert joint_verdict([one("supported"), one(direct), one(control, control=True)]) == verdict


def false_verdicts(shared, trials=2_000, seeds=5):
    """How often no difference at all is called supported or refuted; `shared` is the correlation between seeds."""
    rng = np.random.default_rng(0)
    verdicts = []
    for _ in range(trials):
        values = shared**0.5 * rng.standard_normal() + (1 - shared) ** 0.5 * rng.standard_normal(seeds)
        verdicts.append(compare("null", values, np.zeros(seeds)).verdict)
    return 1 - verdicts.count("not_supported") / trials


def test_chance_alone_gets_a_verdict_in_one_of_twenty_runs_although_splits_overlap():
    assert 0.035 < false_verdicts(0.3) < 0.065  # the share of the reviews that are tested on
    assert false_verdicts(0) < 0.035  # independent runs: on the safe side


groups = st.lists(st.tuples(st.integers(0, 3), st.integers(-3, 3), st.booleans()), min_size=1, max_size=40)


@given(groups)
def test_superiority_is_the_statistic_of_mann_and_whitney_averaged_over_reviews(rows):
    rows = sorted(rows, key=lambda row: row[0])
    group, values, chosen = (np.array(column) for column in zip(*rows, strict=True))
    bags = Bags(np.searchsorted(group, np.arange(5)), np.arange(len(rows)), np.ones(len(rows), int))
    expected = []
    for g in range(4):
        x, y = values[(group == g) & chosen], values[(group == g) & ~chosen]
        if len(x) and len(y):
            expected.append(stats.mannwhitneyu(x, y, method="asymptotic").statistic / (len(x) * len(y)))
    found = superiority(values.astype(float), chosen, bags, len(rows))
    assert found == pytest.approx(np.mean(expected) if expected else 0.5)
