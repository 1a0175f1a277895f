from dataclasses import asdict, replace

import numpy as np
import pytest

from hardmax.kernels.errors import InputError
from hardmax.verify.sentiment import training
from hardmax.verify.sentiment.training import Recipe, train

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


@pytest.mark.parametrize("recipe", [QUICK, replace(QUICK, learn_alpha=True), replace(QUICK, depth=0)])
def test_a_run_that_stopped_goes_on_as_if_it_had_not(dataset, tmp_path, recipe):
    whole = train(dataset, recipe)
    path = tmp_path / "state.npz"
    train(dataset, replace(recipe, epochs=1), checkpoint=path)

    def stop(epoch, share):
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(dataset, recipe, checkpoint=path, progress=stop)
    resumed = train(dataset, recipe, checkpoint=path)
    assert resumed.model.digest() == whole.model.digest()
    assert resumed.history == whole.history


def test_resuming_with_forgotten_moments_is_noticed(dataset, tmp_path, monkeypatch):
    whole = train(dataset, QUICK)
    path = tmp_path / "state.npz"
    train(dataset, replace(QUICK, epochs=1), checkpoint=path)
    right = training._restore

    def forgetful(*arguments):
        state = right(*arguments)
        state.first = {name: np.zeros_like(value) for name, value in state.first.items()}
        return state

    monkeypatch.setattr(training, "_restore", forgetful)
    assert train(dataset, QUICK, checkpoint=path).model.digest() != whole.model.digest()


def test_a_checkpoint_of_another_run_or_a_damaged_one_is_refused(dataset, tmp_path):
    path = tmp_path / "state.npz"
    train(dataset, replace(QUICK, epochs=1), checkpoint=path)
    with pytest.raises(InputError, match="another run: depth is 3 there and 4 here"):
        train(dataset, replace(QUICK, depth=4), checkpoint=path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match="delete it to start anew"):
        train(dataset, QUICK, checkpoint=path)


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
    assert learned.history[-1].alpha > 0


def test_training_through_softmax_works_too(dataset):
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
    import torch

    rng = np.random.default_rng(0)
    value = rng.standard_normal(4)
    state = training._State({"x": value.copy()}, {"x": np.zeros(4)}, {"x": np.zeros(4)}, step=0, rng=rng, best={})
    tensor = torch.tensor(value, requires_grad=True)
    optimiser = torch.optim.Adam([tensor], lr=0.1, eps=0.0)
    for _ in range(5):
        gradient = rng.standard_normal(4)
        training._adam(state, {"x": gradient}, 0.1)
        tensor.grad = torch.tensor(gradient)
        optimiser.step()
    np.testing.assert_allclose(state.parameters["x"], tensor.detach().numpy(), atol=1e-7)
