import numpy as np
import pytest

from hardmax.kernels.errors import InputError
from hardmax.verify.studies.sentiment.classifier import softmax_attention
from hardmax.verify.studies.sentiment.classifier.data import Bags
from hardmax.verify.studies.sentiment.classifier.hard_attention import pool
from hardmax.verify.studies.sentiment.classifier.softmax_attention import softmax_gradients, softmax_mean


@pytest.fixture
def parameters():
    rng = np.random.default_rng(0)
    return {
        "embeddings": rng.standard_normal((30, 2)),
        "direction": np.array([0.7, -0.2]),
        "bias": np.asarray(0.1),
        "log_alpha": np.asarray(0.2),
    }


def numpy_loss(parameters, bags, labels, depth, temperature):
    rate = 1 / (1 + np.exp(-parameters["log_alpha"]))
    mean = softmax_mean(parameters["embeddings"], bags, float(rate), depth, temperature)
    logits = mean @ parameters["direction"] + parameters["bias"]
    return float(np.mean(np.logaddexp(0, logits) - labels * logits))


def test_torch_and_numpy_compute_the_same_loss(parameters, random_bags):
    pytest.importorskip("torch", reason="torch is not installed: pip install 'hardmax[torch]'")
    bags, labels = random_bags(1), np.arange(20) % 2.0
    loss, _ = softmax_gradients(parameters, bags, labels, 5, temperature=0.5, dtype="float64")
    assert abs(loss - numpy_loss(parameters, bags, labels, 5, 0.5)) < 1e-12


@pytest.mark.parametrize(
    ("name", "place"), [("embeddings", (3, 1)), ("direction", (0,)), ("bias", ()), ("log_alpha", ())]
)
def test_gradients_are_difference_quotients(parameters, random_bags, name, place):
    pytest.importorskip("torch", reason="torch is not installed: pip install 'hardmax[torch]'")
    bags, labels, h = random_bags(1), np.arange(20) % 2.0, 1e-6
    _, gradients = softmax_gradients(parameters, bags, labels, 4, temperature=0.5, dtype="float64")
    sides = []
    for sign in (1, -1):
        moved = {key: value.copy() for key, value in parameters.items()}
        moved[name][place] += sign * h
        sides.append(numpy_loss(moved, bags, labels, 4, 0.5))
    quotient = (sides[0] - sides[1]) / (2 * h)
    assert abs(quotient) > 1e-6
    assert abs(quotient - gradients[name][place]) < 1e-7


def test_multiplicities_are_repeats_written_out(parameters):
    E = parameters["embeddings"]
    tokens = [0, 1, 1, 2, 2, 2]
    merged = softmax_mean(E, Bags.of([tokens]), 0.5, 4, 0.3)
    literal = softmax_mean(E[tokens], Bags.of([range(6)]), 0.5, 4, 0.3)
    np.testing.assert_allclose(merged, literal, atol=1e-12)
    without = softmax_mean(E, Bags.of([[0, 1, 2]]), 0.5, 4, 0.3)
    assert np.abs(merged - without).max() > 1e-3


def test_it_tends_to_the_hard_layers_as_the_temperature_falls(parameters, random_bags):
    E, bags = parameters["embeddings"], random_bags(1)
    hard = pool(E, bags, 0.5, 6).mean
    gaps = [np.abs(softmax_mean(E, bags, 0.5, 6, t) - hard).max() for t in (1.0, 1e-2, 1e-6)]
    assert gaps[0] > 0.1
    assert gaps[0] > gaps[1] > gaps[2]
    assert gaps[2] < 1e-6


def test_without_torch_the_command_that_installs_it_is_named(monkeypatch, parameters, random_bags):
    monkeypatch.setattr(softmax_attention, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'hardmax\[torch\]'"):
        softmax_gradients(parameters, random_bags(1), np.zeros(20), 2)


def test_gradients_are_computed_on_one_thread_whatever_the_caller_has_set(parameters, random_bags, monkeypatch):
    """Small tensors are added up by one thread anyway, so what is looked at is the setting."""
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'hardmax[torch]'")
    right, inside = softmax_attention._gradients, []
    monkeypatch.setattr(
        softmax_attention, "_gradients", lambda *given: inside.append(torch.get_num_threads()) or right(*given)
    )
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        softmax_gradients(parameters, random_bags(1), np.arange(20) % 2.0, 2)
        assert inside == [1]
        assert torch.get_num_threads() == 2
        with pytest.raises(KeyError):
            softmax_gradients({}, random_bags(1), np.arange(20) % 2.0, 2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
