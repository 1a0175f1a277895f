"""Measures on classifiers whose answer is known: they must say yes where it is yes, and no where it is no."""

from dataclasses import replace

import numpy as np
import pytest

from hardmax.verify.studies.sentiment.classifier.data import Bags
from hardmax.verify.studies.sentiment.classifier.hard_attention import TIE
from hardmax.verify.studies.sentiment.experiment import measures
from hardmax.verify.studies.sentiment.experiment.measures import (
    destinations,
    frequent_leaders,
    leader_counts,
    leaders_against_others,
    padding_leads,
    shuffled,
    softmax_agreement,
    spread,
    untrained,
)

WORDS = 60


@pytest.fixture
def bags():
    rng = np.random.default_rng(0)
    return Bags.of(rng.choice(WORDS, 25).tolist() for _ in range(200))


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def circle(count, radius):
    """Points on a circle: every one of them leads."""
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return radius * np.stack((np.cos(angles), np.sin(angles)), axis=1)


def test_on_a_circle_every_word_leads(make_model, bags):
    counts = leader_counts(make_model(circle(WORDS, 1.0), [1, 0]), bags)
    assert counts["share"] == 1.0
    assert counts["initial"] == 1.0
    assert counts["mean"] == np.mean(np.diff(bags.start))
    assert sum(counts["histogram"].values()) == len(bags)


def test_on_a_ray_one_word_leads(make_model, bags):
    line = np.stack((np.arange(1, WORDS + 1), np.zeros(WORDS)), axis=1)
    counts = leader_counts(make_model(line, [1, 0]), bags)
    assert (counts["mean"], counts["min"], counts["max"], counts["deviation"]) == (1.0, 1, 1, 0.0)
    assert counts["histogram"] == {"1": 200}


def test_leaders_are_counted_up_to_multiplicity(make_model):
    counts = leader_counts(make_model(circle(3, 1.0), [1, 0]), Bags.of([[0, 0, 0, 1]]))
    assert (counts["mean"], counts["share"]) == (2.0, 1.0)


def model_with_sentiment_as_length(make_model, rng):
    """Long words are those of sentiment: half of the words have |β| = 1 and lie far out."""
    sentiment = np.zeros(WORDS)
    sentiment[::3] = np.where(np.arange(0, WORDS, 3) % 2, 1.0, -1.0)
    far = circle(WORDS, 1.0) * np.where(sentiment != 0, 10.0, rng.uniform(0.1, 1.0, WORDS))[:, None]
    return make_model(far, [1.0, 0.0]), sentiment


def test_words_of_sentiment_that_lead_are_found(make_model, bags, rng):
    model, sentiment = model_with_sentiment_as_length(make_model, rng)
    found = leaders_against_others(model, bags, sentiment, rng)
    assert found["independent"]["leaders"] > 0.95
    assert abs(found["independent"]["shuffled"] - 0.5) < 0.15
    assert found["independent"]["same_length"] == 0.5  # nothing that is not a leader is as long


def test_sentiment_that_has_nothing_to_do_with_leading_is_not(make_model, bags, rng):
    model, _ = model_with_sentiment_as_length(make_model, rng)
    found = leaders_against_others(model, bags, rng.standard_normal(WORDS), rng)
    assert abs(found["independent"]["leaders"] - 0.5) < 0.25
    # Long in every direction: the decoder is no better than a random one.
    assert abs(found["decoder"]["leaders"] - found["decoder"]["random_directions"]) < 0.1


def test_a_decoder_that_knows_the_leaders_beats_random_directions(make_model, bags, rng):
    stretched = circle(WORDS, 1.0)
    stretched[:, 0] *= 30  # leaders are far out along the first axis alone
    found = leaders_against_others(make_model(stretched, [1.0, 0.0]), bags, np.ones(WORDS), rng)
    against = leaders_against_others(make_model(stretched, [0.0, 1.0]), bags, np.ones(WORDS), rng)
    assert found["decoder"]["leaders"] >= found["decoder"]["random_directions"]
    assert against["decoder"]["leaders"] < against["decoder"]["random_directions"]
    assert found["independent"]["leaders"] == 0.5  # all equal: ties count half


def test_frequent_leaders_and_the_filter_of_the_published_code(make_model, bags, rng, monkeypatch):
    monkeypatch.setattr(measures, "FILTER", 9.0)
    model, sentiment = model_with_sentiment_as_length(make_model, rng)
    logits = model.logits(bags)
    found = frequent_leaders(model, bags, (logits > 0).astype(float), sentiment, rng)
    probability = 1 / (1 + np.exp(-np.abs(logits)))
    assert found["reviews"] == int((probability > 0.95).sum())
    assert found["standing"] > found["alternatives"]["non_leaders"]
    strong = np.abs(model.word_logits()) > 9
    assert all(strong[model.vocabulary.index[row["word"]]] for row in found["filtered"])
    assert not all(strong[model.vocabulary.index[row["word"]]] for row in found["words"])
    counts = [row["count"] for row in found["words"]]
    assert counts == sorted(counts, reverse=True)


def test_reviews_that_are_classified_wrongly_do_not_count(make_model, bags, rng):
    model, sentiment = model_with_sentiment_as_length(make_model, rng)
    wrong = (model.logits(bags) < 0).astype(float)
    assert frequent_leaders(model, bags, wrong, sentiment, rng)["reviews"] == 0


def test_spread_falls_as_fixed_targets_make_it_where_all_follow_leaders_at_once(make_model, rng):
    # The short words are captured at layer 0: (1 − λ)^k exactly.
    E = np.vstack((circle(4, 10.0), circle(20, 1.0) + 0.01))
    model = make_model(E, [1, 0], alpha=0.5)
    bags = Bags.of([*rng.choice(24, 15).tolist(), 0, 1, 2, 3] for _ in range(30))
    found = spread(model, bags, rng)
    np.testing.assert_allclose(found["layers"], found["null"], rtol=1e-5)
    assert found["null"][3] == pytest.approx((2 / 3) ** 3)
    assert len(found["layers"]) == model.depth + 1


def test_destinations_follow_the_chain_to_its_end():
    assert destinations(np.array([1, 2, 2, 0, 4])).tolist() == [2, 2, 2, 2, 4]
    assert destinations(np.array([1, TIE, 2, 0])).tolist() == [TIE, TIE, 2, TIE]
    assert destinations(np.array([0])).tolist() == [0]


def test_softmax_agrees_at_low_temperature_only(make_model, bags, rng):
    model = make_model(rng.standard_normal((WORDS, 2)) * 2, [1.0, -0.5])
    found = softmax_agreement(model, bags, rng, temperatures=(1e-4, 30.0))
    assert found["0.0001"]["same"] > found["30.0"]["same"]


def test_shuffling_deals_out_the_same_vectors_and_leaves_the_padding(make_model, rng):
    E = np.arange(22.0).reshape(11, 2)
    model = make_model(E, [1, 1], padding="kept")
    mixed = shuffled(model, rng)
    assert not np.array_equal(mixed.embeddings, model.embeddings)
    assert sorted(map(tuple, mixed.embeddings)) == sorted(map(tuple, model.embeddings))
    np.testing.assert_array_equal(mixed.embeddings[-1], model.embeddings[-1])
    assert untrained(model, rng).embeddings.shape == model.embeddings.shape


def test_padding_that_leads_and_padding_that_does_not(make_model):
    bags = Bags.of([[0, 1], [1, 1, 0]]).padded(2)
    E = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 9.0]])
    loud = make_model(E, [0.0, 1.0], padding="kept")
    assert padding_leads(loud, bags) == 1.0
    E[2] = [0.01, 0.0]
    assert padding_leads(replace(loud, embeddings=E.astype(np.float32)), bags) == 0.0
    assert padding_leads(loud, Bags.of([[0]])) == 0.0
