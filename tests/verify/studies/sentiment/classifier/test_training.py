from dataclasses import asdict, replace

import numpy as np
import pytest

from hardmax.kernels.errors import InputError
from hardmax.verify.studies.sentiment.classifier import training
from hardmax.verify.studies.sentiment.classifier.training import Adam, Recipe, train

QUICK = Recipe(epochs=3, depth=3, rate=0.05, batch=32)


def test_it_learns_what_can_be_learned(dataset):
    trained = train(dataset, replace(QUICK, epochs=8))
    assert trained.model.accuracy(*dataset.part("test")) > 0.9
    assert trained.history[-1].loss < trained.history[0].loss


def test_it_learns_nothing_from_labels_dealt_out_at_random(dataset):
    labels = np.random.default_rng(0).permutation(dataset.labels)
    trained = train(replace(dataset, labels=labels), QUICK)
    bags, _ = dataset.part("test")
    assert trained.model.accuracy(bags, labels[dataset.test]) < 0.7


def test_the_same_recipe_gives_the_same_classifier_and_another_seed_another(dataset):
    first, again = train(dataset, QUICK), train(dataset, QUICK)
    assert first.model.digest() == again.model.digest()
    assert first.history == again.history
    assert train(dataset, replace(QUICK, seed=1)).model.digest() != first.model.digest()


def test_the_epoch_is_chosen_on_validation_and_what_is_watched_changes_nothing(dataset):
    test = dataset.part("test")
    trained = train(dataset, QUICK, watch={"test": test})
    scores = [epoch.validation for epoch in trained.history]
    assert trained.chosen == scores.index(max(scores))
    assert trained.model.accuracy(*dataset.part("validation")) == max(scores)
    assert trained.model.accuracy(*test) == trained.history[trained.chosen].watched["test"]
    assert train(dataset, QUICK).model.digest() == trained.model.digest()


def test_the_best_epoch_is_kept_although_training_goes_on(dataset, monkeypatch):
    order = iter([0.5, 0.9, 0.7])
    monkeypatch.setattr(training.Classifier, "accuracy", lambda *_: next(order))
    trained = train(dataset, QUICK)
    monkeypatch.undo()
    assert trained.chosen == 1
    # Two epochs alone end where the second of three ended.
    two = train(dataset, replace(QUICK, epochs=2))
    if two.chosen == 1:
        assert trained.model.digest() == two.model.digest()


def test_alpha_stays_fixed_unless_it_is_learned(dataset):
    assert train(dataset, replace(QUICK, alpha=0.3)).model.alpha == 0.3
    learned = train(dataset, replace(QUICK, alpha=0.3, learn_alpha=True))
    assert learned.model.alpha not in (0.3, pytest.approx(0.3, abs=1e-12))


def test_training_through_softmax_works_too(dataset):
    pytest.importorskip("torch", reason="torch is not installed: pip install 'hardmax[torch]'")
    trained = train(dataset, replace(QUICK, attention="softmax", depth=1, temperature=0.1, epochs=8))
    assert trained.model.accuracy(*dataset.part("test")) > 0.85


def test_provenance_says_how_it_was_made(dataset):
    trained = train(dataset, QUICK, provenance={"command": "x"})
    assert trained.model.provenance["recipe"] == asdict(QUICK)
    assert trained.model.provenance["command"] == "x"
    assert trained.model.provenance["epoch"] == trained.chosen + 1


def test_progress_reaches_the_end_of_every_epoch(dataset):
    seen = []
    train(dataset, QUICK, progress=lambda epoch, share: seen.append((epoch, share)))
    assert [epoch for epoch, share in seen if share == 1.0] == [0, 1, 2]
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dimension": 0}, "dimension is 0"),
        ({"dimension": 100_000_000}, "dimension is 100000000; give a number between 1 and 4096"),
        ({"depth": 10**9}, "depth is 1000000000; give a number between 0 and 1000"),
        ({"alpha": 1e-320}, "alpha is 1e-320; give a number between 1e-15 and 1e[+]15"),
        ({"alpha": 1e17}, "alpha is 1e[+]17"),
        ({"rate": 1e300}, "rate is 1e[+]300; give a number between 1e-12 and 1"),
        ({"rate": float("inf")}, "rate is inf"),
        ({"temperature": 1e-320}, "temperature is 1e-320"),
        ({"epochs": 0}, "epochs is 0"),
        ({"alpha": -1.0}, "alpha is -1.0"),
        ({"alpha": float("nan")}, "alpha is nan"),
        ({"rate": 0.0}, "rate is 0.0"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"attention": "linear"}, "attention is 'linear'"),
        ({"depth": -1}, "depth is -1"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(InputError, match=message):
        Recipe(**settings)


def test_adam_is_that_of_torch(dataset):
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'hardmax[torch]'")
    rng = np.random.default_rng(0)
    value = rng.standard_normal(4)
    parameters = {"x": value.copy()}
    adam = Adam(parameters, 0.1)
    tensor = torch.tensor(value, requires_grad=True)
    optimiser = torch.optim.Adam([tensor], lr=0.1, eps=0.0)
    for _ in range(5):
        gradient = rng.standard_normal(4)
        adam.step({"x": gradient})
        tensor.grad = torch.tensor(gradient)
        optimiser.step()
    np.testing.assert_allclose(parameters["x"], tensor.detach().numpy(), atol=1e-7)
