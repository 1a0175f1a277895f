import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from hardmax.kernels.errors import InputError
from hardmax.verify.studies.sentiment.classifier import training
from hardmax.verify.studies.sentiment.classifier.training import Recipe, train

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
    path.write_text("no checkpoint\n")
    with pytest.raises(InputError, match=r"not a checkpoint \(it is no \.npz archive\); delete it"):
        train(dataset, QUICK, checkpoint=path)


def test_a_checkpoint_of_other_reviews_labels_or_split_is_refused(dataset, tmp_path):
    path = tmp_path / "state.npz"
    train(dataset, replace(QUICK, epochs=1), checkpoint=path)
    later = dataset.train.copy()
    later[-1], test = dataset.test[0], dataset.test.copy()
    test[0] = dataset.train[-1]
    tokens = dataset.bags.tokens.copy()
    tokens[[0, -1]] = tokens[[-1, 0]]
    for other in (
        replace(dataset, labels=1 - dataset.labels),
        replace(dataset, train=later, test=test),
        replace(dataset, bags=replace(dataset.bags, tokens=tokens)),
    ):
        with pytest.raises(InputError, match=r"another run: sha256 of reviews, labels and split is .* delete it"):
            train(other, QUICK, checkpoint=path)
    assert len(train(dataset, QUICK, checkpoint=path).history) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"step": "x"}, "step is 'x' after 1 epochs"),
        ({"history": []}, "after 0 epochs"),
        ({"history": [{"loss": 1.0}]}, "missing"),
        ({"history": [{"loss": 1.0, "validation": "a", "watched": {}, "alpha": 1.0}]}, "is no epoch"),
        ({"rng": {}}, "not a checkpoint"),
        ({"rng": None}, "not a checkpoint"),
        ({"identity": 5}, "not a checkpoint"),
        ({"first.bias": np.zeros(2)}, r"first\.bias is not \(\) finite float64 numbers"),
        ({"best.direction": np.full(2, np.nan)}, r"best\.direction is not"),
        ({"best.direction": None}, r"best\.direction' is missing"),
    ],
)
def test_a_checkpoint_with_wrong_parts_is_refused(dataset, tmp_path, change, message):
    path = tmp_path / "state.npz"
    train(dataset, replace(QUICK, epochs=1), checkpoint=path)
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    about = json.loads(arrays["about"].tobytes())
    for name, value in change.items():
        (about if name in about else arrays)[name] = value
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    np.savez(path, **{name: value for name, value in arrays.items() if value is not None})
    with pytest.raises(InputError, match=message) as error:
        train(dataset, QUICK, checkpoint=path)
    assert "delete it to start anew" in str(error.value)


def test_a_checkpoint_that_cannot_be_written_leaves_the_last_one(dataset, tmp_path, monkeypatch):
    path = tmp_path / "state.npz"
    train(dataset, replace(QUICK, epochs=1), checkpoint=path)
    before = path.read_bytes()

    def full(file, **_):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        train(dataset, QUICK, checkpoint=path)
    assert [p.name for p in tmp_path.iterdir()] == ["state.npz"]
    assert path.read_bytes() == before


def test_a_checkpoint_with_more_epochs_than_asked_for_is_refused(dataset, tmp_path):
    path = tmp_path / "state.npz"
    train(dataset, QUICK, checkpoint=path)
    with pytest.raises(InputError, match="holds 3 epochs and 2 are asked for"):
        train(dataset, replace(QUICK, epochs=2), checkpoint=path)


@pytest.mark.parametrize("direction", [-1.0, 1.0])
def test_a_learned_alpha_that_runs_away_is_one_line(dataset, monkeypatch, direction):
    right = training.hard_gradients

    def pushed(*arguments):
        loss, gradients = right(*arguments)
        return loss, gradients | {"log_alpha": np.asarray(direction)}

    monkeypatch.setattr(training, "hard_gradients", pushed)
    with pytest.raises(InputError, match=r"learned alpha has run away to .* smaller rate"):
        train(dataset, replace(QUICK, learn_alpha=True, rate=1.0, epochs=500))


def test_too_little_memory_is_one_line_with_the_size(dataset, monkeypatch):
    def start(rows, recipe):
        raise MemoryError

    monkeypatch.setattr(training, "_start", start)
    with pytest.raises(InputError, match=r"28 embeddings of dimension 4096, 0\.0 GiB .* smaller dimension"):
        train(dataset, replace(QUICK, dimension=4096))


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
        ({"dimension": 100_000_000}, "dimension is 100000000; give at most 4096"),
        ({"depth": 10**9}, "depth is 1000000000; give at most 1000"),
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
