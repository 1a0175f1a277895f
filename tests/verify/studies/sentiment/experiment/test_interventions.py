import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardmax.verify.studies.sentiment.classifier.data import Bags
from hardmax.verify.studies.sentiment.classifier.training import Recipe, train
from hardmax.verify.studies.sentiment.experiment.interventions import (
    accuracies,
    best_threshold,
    cluster_masses,
    dealt,
    mean_multiplier,
)


@given(st.lists(st.tuples(st.integers(-4, 4), st.booleans()), min_size=1, max_size=12))
def test_no_threshold_is_better_than_the_best(rows):
    scores = np.array([score for score, _ in rows], float)
    labels = np.array([label for _, label in rows], float)

    def right(threshold):
        return int(((scores > threshold) == (labels > 0.5)).sum())

    best = right(best_threshold(scores, labels))
    assert best == max(right(t) for t in np.arange(-5, 5, 0.5))


def test_masses_are_the_sizes_of_clusters(make_model):
    E = np.array([[4.0, 0.0], [-4.0, 0.0], [1.0, 0.2], [-1.0, 0.2]])
    bags = Bags.of([[0, 1, 2, 2, 2, 3], [0, 2]])
    assert cluster_masses(make_model(E, [1, 0]), bags).tolist() == [4, 2, 0, 0, 2, 0]


def test_dealing_out_keeps_leaders_and_sizes_within_each_review(random_bags):
    rng = np.random.default_rng(0)
    bags = random_bags(0, reviews=50)
    masses = np.where(rng.random(len(bags.tokens)) < 0.4, rng.integers(1, 9, len(bags.tokens)), 0).astype(float)
    mixed = dealt(masses, bags, rng)
    assert not np.array_equal(mixed, masses)
    np.testing.assert_array_equal(mixed > 0, masses > 0)
    for r in range(len(bags)):
        span = slice(bags.start[r], bags.start[r + 1])
        assert sorted(mixed[span]) == sorted(masses[span])


def test_without_layers_every_word_weighs_its_share(make_model, random_bags):
    model = make_model(np.random.default_rng(0).standard_normal((30, 2)), [1, 0], depth=0)
    np.testing.assert_allclose(mean_multiplier(model, random_bags(1)), 1.0)


def test_leaders_weigh_more_than_their_share_and_the_others_less(make_model):
    E = np.array([[4.0, 0.0], [-4.0, 0.0], [1.0, 0.2]])
    multiplier = mean_multiplier(make_model(E, [1, 0]), Bags.of([[0, 1, 2], [0, 2]]))
    assert multiplier[0] > 1.5
    assert multiplier[1] == pytest.approx(1.0)
    assert multiplier[2] < 0.01


def test_clusters_that_decide_are_missed_when_they_are_changed(dataset):
    model = train(dataset, Recipe(epochs=8, depth=8, rate=0.05, batch=32)).model
    found = accuracies(model, dataset, np.random.default_rng(0))
    assert found["model"] > 0.8
    assert found["shuffled"] < found["model"] - 0.05
    assert found["random_leaders"] < found["model"]


def test_where_all_leaders_say_the_same_it_does_not_matter_who_follows(make_model, dataset):
    words = dataset.vocabulary.words
    good = {"wonderful", "excellent", "lovely", "brilliant"}
    bad = {"awful", "boring", "dreadful", "stupid"}
    # One leader a review, by construction: everything lies on the first axis, sentiment on both ends of it.
    E = np.array(
        [[9.0 + i / 100 if w in good else -9.0 - i / 100 if w in bad else 0.1, 0] for i, w in enumerate(words)]
    )
    found = accuracies(make_model(E, [1, 0], words=words), dataset, np.random.default_rng(0))
    assert found["model"] == found["shuffled"] == found["equal"] == 1.0
