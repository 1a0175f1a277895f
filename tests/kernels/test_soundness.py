"""What float kernels prove is true, on adversarial configurations: hundreds here, ten thousand a kernel in depth."""

import numpy as np
import pytest

from hardmax.kernels import registry
from hardmax.kernels.bounds.certify import certify
from hardmax.kernels.exact.configuration import Configuration
from hardmax.kernels.exact.dynamics import Dynamics
from hardmax.kernels.floats.numpy_kernel import kernel as numpy_kernel
from hardmax.kernels.floats.numpy_kernel import layer
from hardmax.kernels.follow_sets import FollowSets
from hardmax.kernels.protocol import Kernel

from . import soundness
from .adversary import batches
from .soundness import Truth, campaign, large_campaign, proving

PRESENT = [kernel.name for kernel in proving([])]
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # kernels meet overflow here on purpose


def all_true(reports):
    for name, report in reports.items():
        assert not report.wrong, (name, report.shown)
    return reports


def test_what_is_stated_is_true():
    kernels = [kernel for kernel in proving([]) if kernel.name != "triton"]  # interpreted it would take minutes
    reports = all_true(campaign(kernels, 384, seed=1, size=16))
    for report in reports.values():
        assert report.configurations == 384
        assert min(report.facts[f"{way} sets"] for way in ("proved", "replayed")) > 50


def test_what_is_stated_of_large_sets_is_true():
    reports = all_true(large_campaign(proving(["numpy"]), 4, seed=0, n=1500))
    assert reports["numpy"].facts["large sets"] > 10


@pytest.mark.deep
@pytest.mark.parametrize("name", PRESENT)
def test_ten_thousand_configurations(name):
    count = 10_000 if name != "triton" or registry.load(name).device != "cpu" else 200
    (report,) = all_true(campaign(proving([name]), count, seed=2)).values()
    assert report.configurations == count


@pytest.mark.deep
@pytest.mark.parametrize("name", [name for name in PRESENT if name != "triton"])
def test_large_sets(name):
    all_true(large_campaign(proving([name]), 10, seed=3, n=10_000))


# -- the comparison itself --------------------------------------------------------------------------------------------


def test_the_truth_is_that_of_the_exact_kernel():
    """Two ways that share no code: integers from the formula here, `DomainMatrix` there."""
    source = batches(np.random.default_rng(5), 3)
    for _ in range(40):
        batch = next(source)
        for b, tokens in enumerate(batch.tokens):
            truth, run = Truth.of(batch, b), Dynamics(Configuration.from_array(tokens, batch.A, batch.alpha))
            at = run.first
            for sets in truth.sets:
                assert run.follow_sets(at) == sets
                at = run.next_layer(at, sets)
            exact = np.array([[float(v) for v in row] for row in at.tokens()])
            assert (truth.floats[batch.layers] == exact).all()
            assert not truth.beyond(batch.layers, exact, np.spacing(np.abs(exact).max(axis=0))).any()


def wrong_kernel(change):
    """The NumPy kernel with `change(moved, sets)` made to what it returns."""

    def changed(tokens, A, alpha):
        return change(*layer(tokens, A, alpha))

    return Kernel("wrong", lambda *a: changed(*a)[0], dtypes=numpy_kernel.dtypes, layer=changed)


def larger_margins(moved, sets):
    return moved, FollowSets(sets.first, sets.count, sets.tied, sets.margin * 1e6)


def other_set(moved, sets):
    return moved, FollowSets((sets.first + 1) % sets.first.shape[1], sets.count, sets.tied, sets.margin)


def moved_too_far(moved, sets):
    return moved + 2.0**-10 * np.abs(moved), sets


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (larger_margins, {"layer margin", "layer sets", "proved sets"}),
        (other_set, {"layer sets", "proved sets", "proved frozen"}),
        (moved_too_far, {"layer tokens", "proved tokens"}),
    ],
)
def test_a_kernel_that_states_what_is_false_is_seen(change, seen):
    report = campaign([wrong_kernel(change)], 1200, seed=6, size=16)["wrong"]
    assert seen <= set(report.false), report.false


def test_a_replay_that_is_wrong_is_seen(monkeypatch):
    real = soundness.certify_module._replay

    def replay(result, b, A, alpha):
        itinerary = real(result, b, A, alpha)
        result.error[b] = 0
        result.frozen[b] = 0 if result.frozen[b] else -1
        return itinerary[::-1]

    monkeypatch.setattr(soundness.certify_module, "_replay", replay)
    report = campaign([numpy_kernel], 600, seed=7, size=16)["numpy"]
    assert {"replayed sets", "replayed frozen", "replayed tokens"} <= set(report.false)


def test_false_facts_end_with_status_1_and_a_call_that_shows_them(monkeypatch, capsys):
    monkeypatch.setattr(soundness, "proving", lambda names: [wrong_kernel(other_set)])
    assert soundness.main(["--count", "64", "--large", "0"]) == 1
    assert "certify(load('wrong'), np.array(" in capsys.readouterr().out
    monkeypatch.setattr(soundness, "proving", lambda names: [numpy_kernel])
    assert soundness.main(["--count", "64", "--large", "1", "--tokens", "1000"]) == 0
    assert "numpy: 64 small configurations, 0 with false facts" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("tokens", "A", "sets"),
    [
        ([[4e38, 0.0], [3e38, 3e38]], np.eye(2) * 1e-42, ((0,), (1,))),
        ([[1e100], [-1e100], [0.0]], np.eye(1) * 1e-210, ((0,), (1,), (0, 1, 2))),
    ],
    ids=["a key beyond float32", "keys far beyond it"],
)
@pytest.mark.parametrize("name", PRESENT)
def test_where_keys_are_beyond_float32(name, tokens, A, sets):
    result = certify(registry.load(name), np.array([tokens]), A, 0.5, 1)
    assert result.itinerary(0) == (sets,)
