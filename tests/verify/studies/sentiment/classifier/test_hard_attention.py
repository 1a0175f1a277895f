"""The layers against the exact kernel, and the gradient against autograd; wrong layers must be noticed."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hardmax.kernels import Configuration
from hardmax.kernels.exact.dynamics import Dynamics
from hardmax.verify.studies.sentiment.classifier import hard_attention
from hardmax.verify.studies.sentiment.classifier.data import Bags
from hardmax.verify.studies.sentiment.classifier.hard_attention import (
    TIE,
    cluster,
    follow_numpy,
    layers,
    pool,
)
from hardmax.verify.studies.sentiment.classifier.training import hard_gradients

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'hardmax[torch]'")


@pytest.fixture(params=["as installed", "numpy"])
def form(request, monkeypatch):
    """The search for whom a token follows: compiled where numba is installed, and the form that serves without it."""
    if request.param == "numpy":
        monkeypatch.setattr(hard_attention, "follow", follow_numpy)


def exact_mean(E, tokens, counts, rate, depth):
    """Mean at layer `depth` and the number of leaders at layer 0, by the exact kernel."""
    alpha = rate / (1 - rate)
    configuration = Configuration(
        [[Fraction(float(x)) for x in E[t]] for t in tokens], alpha=alpha, multiplicities=[int(c) for c in counts]
    )
    run = Dynamics(configuration).layers()
    for _ in range(depth + 1):
        layer, _ = next(run)
    Z, total = layer.tokens(), int(sum(counts))
    return [sum(int(c) * z[k] for c, z in zip(counts, Z, strict=True)) / total for k in range(E.shape[1])]


def agrees_with_exact(E, bags, rate=Fraction(1, 2), depth=3, pool=pool):
    pooled = pool(E, bags, float(rate), depth)
    return all(
        abs(float(exact) - got) < 1e-9 * (1 + abs(got))
        for r in range(len(bags))
        for exact, got in zip(exact_mean(E, *bags.bag(r), rate, depth), pooled.mean[r], strict=True)
    )


small_reviews = st.lists(st.lists(st.integers(0, 7), min_size=1, max_size=12), min_size=1, max_size=4)
# Small integers: ties between distinct tokens, the zero token and tokens on one ray all occur.
tied_embeddings = st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 2)), min_size=8, max_size=8, unique=True).map(
    lambda rows: np.array(rows, float)
)


@pytest.mark.usefixtures("form")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the form is the same for all examples
@given(E=tied_embeddings, reviews=small_reviews)
def test_layers_are_those_of_the_exact_kernel_ties_and_multiplicities_included(E, reviews):
    # λ = 1/2 and one layer: a tie at layer 0 is decided exactly.
    assert agrees_with_exact(E, Bags.of(reviews), depth=1)


@pytest.mark.usefixtures("form")
def test_many_layers_of_generic_tokens(random_bags):
    E = np.random.default_rng(1).standard_normal((30, 3)).astype(np.float32).astype(np.float64)
    assert agrees_with_exact(E, random_bags(2), rate=Fraction(1, 3), depth=6)


def _ignores_multiplicities(E, bags, rate, depth):
    return pool(E, Bags(bags.start, bags.tokens, np.ones_like(bags.counts)), rate, depth)


def _one_layer_less(E, bags, rate, depth):
    return pool(E, bags, rate, depth - 1)


def _takes_alpha_for_lambda(E, bags, rate, depth):
    return pool(E, bags, rate / (1 - rate) / 2, depth)


def _with_follow(wrong):
    def pooled(E, bags, rate, depth):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(hard_attention, "follow", wrong)
            return pool(E, bags, rate, depth)

    return pooled


def _first_of_a_tie(Z, start, before):
    return np.concatenate([a + (Z[a:b] @ Z[a:b].T).argmax(axis=1) for a, b in pairwise(start)])


def _the_smallest(Z, start, before):
    return np.concatenate([a + (Z[a:b] @ Z[a:b].T).argmin(axis=1) for a, b in pairwise(start)])


def _never_again(Z, start, before):
    return before if (before != TIE).any() else follow_numpy(Z, start, before)


def test_searching_at_the_first_layer_alone_is_noticed(random_bags):
    E = np.random.default_rng(1).standard_normal((30, 3)).astype(np.float32).astype(np.float64)
    assert not agrees_with_exact(E, random_bags(2), rate=Fraction(1, 3), depth=6, pool=_with_follow(_never_again))


@pytest.mark.parametrize(
    "mutant",
    [
        _ignores_multiplicities,
        _one_layer_less,
        _takes_alpha_for_lambda,
        _with_follow(_first_of_a_tie),
        _with_follow(_the_smallest),
    ],
)
def test_a_wrong_layer_is_noticed(mutant):
    E = np.array([[1, 0], [1, 1], [1, -1], [-2, 0], [0, 0]], float)  # (1, 0) ties between (1, 1) and (1, −1)
    bags = Bags.of([[0, 1, 1, 2, 3, 4], [3, 3, 3, 1, 4]])
    assert agrees_with_exact(E, bags, rate=Fraction(1, 3), depth=2)
    assert not agrees_with_exact(E, bags, rate=Fraction(1, 3), depth=2, pool=mutant)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_both_forms_give_the_same(d, random_bags, monkeypatch):
    E, bags = np.random.default_rng(d).standard_normal((30, d)), random_bags(d)
    ours, found = pool(E, bags, 0.4, 7), cluster(E, bags, 0.4, 7)
    monkeypatch.setattr(hard_attention, "follow", follow_numpy)
    for name in ("mean", "weights", "slope"):
        np.testing.assert_allclose(getattr(ours, name), getattr(pool(E, bags, 0.4, 7), name), atol=1e-12)
    again = cluster(E, bags, 0.4, 7)
    np.testing.assert_array_equal(found.first_leader, again.first_leader)
    np.testing.assert_array_equal(found.followed, again.followed)


@given(E=tied_embeddings, reviews=small_reviews, depth=st.integers(0, 5))
def test_the_mean_is_the_convex_combination_that_the_weights_say(E, reviews, depth):
    bags = Bags.of(reviews)
    pooled = pool(E, bags, 0.25, depth)
    assert (pooled.weights >= 0).all()
    for r in range(len(bags)):
        c = pooled.weights[bags.start[r] : bags.start[r + 1]]
        assert abs(c.sum() - 1) < 1e-12
        np.testing.assert_allclose(c @ E[bags.bag(r)[0]], pooled.mean[r], atol=1e-12)


def test_no_layers_is_the_plain_mean(random_bags):
    E = np.random.default_rng(3).standard_normal((30, 2))
    bags = random_bags(3)
    pooled = pool(E, bags, 0.5, 0)
    np.testing.assert_allclose(pooled.weights, bags.counts / bags.lengths[bags.rows])
    assert not pooled.slope.any()


def test_repeats_written_out_are_the_same_as_multiplicities():
    E = np.array([[3.0, 1.0], [1.0, -2.0], [-1.0, 0.5], [0.2, 0.1]])
    tokens = [0, 1, 1, 2, 3, 3, 3]
    merged = pool(E, Bags.of([tokens]), 0.5, 4).mean
    # Equal tokens as different rows of E: the literal review.
    literal = pool(E[tokens], Bags.of([range(len(tokens))]), 0.5, 4).mean
    np.testing.assert_allclose(merged, literal, atol=1e-12)


def test_slope_is_the_derivative_in_lambda(random_bags):
    E = np.random.default_rng(4).standard_normal((30, 2))
    bags, h = random_bags(4), 1e-6
    up, down = pool(E, bags, 0.3 + h, 5).mean, pool(E, bags, 0.3 - h, 5).mean
    np.testing.assert_allclose(pool(E, bags, 0.3, 5).slope, (up - down) / (2 * h), atol=1e-6)


def test_leaders_and_followers_of_a_picture():
    #  a long token on each side, and a short one near each
    E = np.array([[4.0, 0.0], [-4.0, 0.0], [1.0, 0.2], [-1.0, 0.2]])
    found = cluster(E, Bags.of([[0, 1, 2, 3, 3]]), 0.5, 2)
    assert found.first_leader.tolist() == [0, 0, -1, -1]
    assert found.followed.tolist() == [0, 1, 0, 1]
    tied = cluster(np.array([[1.0, 1.0], [1.0, -1.0], [0.5, 0.0]]), Bags.of([[0, 1, 2]]), 0.5, 1)
    assert tied.followed.tolist() == [0, 1, TIE]


def test_a_token_can_become_a_leader_late():
    # (3, 0) follows (4, 4), moves out and leads from layer 1 on.
    E = np.array([[4.0, 4.0], [3.5, -2.0], [3.4, -2.6], [-1.0, -1.0]])
    Z = [layer.Z for layer in layers(E, Bags.of([range(4)]), 0.5, 8)]
    C = np.array([z @ z.T == (z @ z.T).max(axis=1, keepdims=True) for z in Z])
    first = cluster(E, Bags.of([range(4)]), 0.5, 8).first_leader
    for i in range(4):
        leads = [k for k in range(9) if C[k, i].sum() == 1 and C[k, i, i]]
        assert first[i] == (leads[0] if leads else -1)


def torch_loss(parameters, bags, labels, depth):
    """The same classifier in torch: sets by comparison, values by autograd."""
    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in parameters.items()}
    rate = torch.sigmoid(leaves["log_alpha"])
    logits = []
    for r in range(len(bags)):
        tokens, counts = (torch.from_numpy(a) for a in bags.bag(r))
        Z, w = leaves["embeddings"][tokens], counts.double()
        for _ in range(depth):
            scores = (Z @ Z.T).detach()
            W = (scores == scores.max(dim=1, keepdim=True).values) * w
            Z = Z + rate * (W / W.sum(dim=1, keepdim=True) @ Z - Z)
        logits.append(w @ Z / w.sum() @ leaves["direction"] + leaves["bias"])
    loss = torch.nn.functional.binary_cross_entropy_with_logits(torch.stack(logits), torch.tensor(labels))
    loss.backward()
    return loss.item(), {name: leaf.grad.numpy() for name, leaf in leaves.items() if leaf.grad is not None}


@pytest.fixture
def batch(random_bags):
    rng = np.random.default_rng(5)
    parameters = {
        "embeddings": rng.standard_normal((30, 3)),
        "direction": rng.standard_normal(3),
        "bias": np.asarray(0.3),
        "log_alpha": np.asarray(-0.4),
    }
    return parameters, random_bags(5), rng.integers(0, 2, 20).astype(float)


@pytest.mark.parametrize("depth", [0, 1, 8])
def test_gradients_are_those_of_autograd(batch, depth):
    parameters, bags, labels = batch
    loss, gradients = hard_gradients(parameters, bags, labels, depth)
    expected_loss, expected = torch_loss(parameters, bags, labels, depth)
    assert abs(loss - expected_loss) < 1e-12
    for name, value in expected.items():
        np.testing.assert_allclose(gradients[name], value, atol=1e-12, err_msg=name)
    assert depth == 0 or np.abs(gradients["log_alpha"]) > 1e-6


def test_a_gradient_of_another_depth_or_with_lost_multiplicities_is_noticed(batch):
    parameters, bags, labels = batch
    _, right = torch_loss(parameters, bags, labels, 4)
    _, shallow = hard_gradients(parameters, bags, labels, 3)
    _, single = hard_gradients(parameters, Bags(bags.start, bags.tokens, np.ones_like(bags.counts)), labels, 4)
    for wrong in (shallow, single):
        assert np.abs(wrong["embeddings"] - right["embeddings"]).max() > 1e-4


def test_embeddings_are_pulled_along_the_decoder_alone(batch):
    parameters, bags, labels = batch
    _, gradients = hard_gradients(parameters, bags, labels, 8)
    v = parameters["direction"]
    across = gradients["embeddings"] - np.outer(gradients["embeddings"] @ v / (v @ v), v)
    assert np.abs(across).max() < 1e-15
