"""Certified batches against the exact kernel, on near-ties made at every scale of gap and at every layer."""

import tracemalloc
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hardmax.kernels import Configuration, InputError, registry
from hardmax.kernels.bounds import certify as module
from hardmax.kernels.bounds import rounding as bounds
from hardmax.kernels.bounds.certify import certify
from hardmax.kernels.exact.dynamics import Dynamics, itinerary
from hardmax.kernels.floats.numpy_kernel import kernel as numpy_kernel
from hardmax.kernels.floats.numpy_kernel import layer
from hardmax.kernels.protocol import BLOCK_BYTES, Kernel, declare

PRESENT = [k for k in map(registry.load, registry.SHIPPED) if not k.missing]
FORM = np.array([[2.0, 0.5], [-0.25, 1.0]])


@pytest.fixture(params=PRESENT, ids=lambda kernel: kernel.name)
def kernel(request):
    return request.param


def exact_run(tokens, A, alpha, layers):
    """Itinerary, and tokens after all layers, by the exact kernel."""
    run = Dynamics(Configuration.from_array(tokens, A, alpha))
    at, sets = run.first, []
    for _ in range(layers):
        sets.append(run.follow_sets(at))
        at = run.next_layer(at, sets[-1])
    return tuple(sets), at.tokens()


def check(result, A, alpha):
    """Every statement of `result` holds for the exact dynamics."""
    layers = len(result.first)
    for b, tokens in enumerate(result.initial):
        sets, last = exact_run(tokens, A, alpha, layers)
        assert result.itinerary(b) == sets
        for row, exact in zip(result.tokens[b].tolist(), last, strict=True):
            for v, z, e in zip(row, exact, result.error[b].tolist(), strict=True):
                assert abs(Fraction(v) - z) <= Fraction(e)
        k = result.frozen[b]
        if k >= 0:
            later = itinerary(Configuration.from_array(tokens, A, alpha), k + 6)[k:]
            assert len(set(later)) == 1
            assert all(j == C[0] for j, C in zip(result.limit[b], later[0], strict=True))
        else:
            assert (result.limit[b] == -1).all()


@cache
def near_ties(each, layers, skew, alpha, dtype, easiest=1):
    """For every layer about `each` configurations in which two scores nearly tie there, for the first time.

    On the segment between two random configurations the point is found by bisection at which the itinerary changes;
    there two scores tie. The result is 2⁻ᵉ beside it, e from `easiest` to beyond the precision of the dtype.
    """
    rng = np.random.default_rng(0)
    A, digits = (FORM if skew else None), (24 if dtype == np.float32 else 53)

    def followed(tokens):
        rows = []
        for _ in range(layers):
            tokens, sets = layer(tokens, A, alpha)
            rows.append(sets.first)
        return np.stack(rows, axis=1)  # (B, layers, n)

    here = rng.standard_normal((2000, 5, 2))
    way = 0.5 * rng.standard_normal(here.shape)
    start = followed(here)
    low, high = np.zeros(len(here)), np.ones(len(here))
    for _ in range(56):
        middle = (low + high) / 2
        same = (followed(here + middle[:, None, None] * way) == start).all(axis=(1, 2))
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    differs = (followed(here + high[:, None, None] * way) != start).any(axis=2)
    first = np.where(differs.any(axis=1) & (low > 0), differs.argmax(axis=1), -1)
    chosen = np.concatenate([np.flatnonzero(first == k)[:each] for k in range(layers)])
    beside = low + rng.choice([-1, 1], len(low)) * 2.0 ** -rng.uniform(easiest, digits + 4, len(low))
    return (here + beside[:, None, None] * way)[chosen].astype(dtype)


def passing_the_origin(count=100):
    """A token that a layer moves to within rounding of the origin, where a sign decides which side it follows."""
    b = np.random.default_rng(0).uniform(1, 2, count)
    return np.stack([3.3 * b, np.full(count, 1.75), -b], axis=1)[:, :, None], -np.eye(1), 3.3


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("A", [None, FORM])
def test_near_ties_at_every_scale_and_layer(kernel, dtype, A):
    tokens = near_ties(40, 4, A is not None, 0.25, dtype)
    assert len(tokens) > 100
    result = certify(kernel, tokens, A, 0.25, 5)
    check(result, A, 0.25)
    assert 5 < len(result.replayed) < len(tokens) / 2, "both ways are taken"


def test_near_ties_reach_both_sides_of_the_bound():
    """The configurations above have exact gaps from far above to far below the bound, at every layer."""
    ratios = [set() for _ in range(4)]
    for z in near_ties(40, 4, False, 0.25, np.float64):
        run, current, error = Dynamics(Configuration.from_array(z, None, 0.25)), z[None], None
        at = run.first
        for k in range(4):
            bound = bounds.decision_bound(current, None, error)[0]
            for limit, scores in zip(bound, run.scores(at), strict=True):
                best, second = sorted(scores, reverse=True)[:2]
                gap = Fraction(int(best - second), int(at.denominator) ** 2)
                ratios[k].add(float(gap / Fraction(limit)))
            error = bounds.layer_error(current, 1, 0.25, error)
            current = layer(current, None, 0.25)[0]
            at = run.next_layer(at, run.follow_sets(at))
    for here in ratios:
        assert min(here) < 0.1
        assert any(1 < ratio < 1e4 for ratio in here)
        assert max(here) > 1e10


def test_a_token_within_rounding_of_the_origin(kernel):
    tokens, A, alpha = passing_the_origin()
    result = certify(kernel, tokens, A, alpha, 3)
    check(result, A, alpha)
    assert len(result.replayed) == len(tokens)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("decision_bound", lambda tokens, A=None, error=None: np.zeros(tokens.shape[:2])),
        ("decision_bound", lambda tokens, A=None, error=None: bounds.decision_bound(tokens, A, None)),
        ("proved", lambda sets, bound, initial: sets.margin > bound),
        ("captured", lambda sets, initial: np.ones(len(initial), dtype=bool)),
        ("layer_error", lambda tokens, count, alpha, error=None: np.zeros(tokens.shape[::2])),
    ],
    ids=["no bound", "no carried error", "ties proved", "captured too early", "no layer error"],
)
def test_a_filter_with_a_part_left_out_proves_what_is_false(monkeypatch, name, changed):
    tied = np.random.default_rng(1).integers(-9, 10, (100, 5, 2)).astype(np.float32)
    near = near_ties(40, 4, False, 0.25, np.float32, easiest=22)
    batches = [(near, None, 0.25), (tied, None, 0.25), passing_the_origin()]
    monkeypatch.setattr(module, name, changed)

    def holds(tokens, A, alpha):
        try:
            check(certify(numpy_kernel, tokens, A, alpha, 5), A, alpha)
        except AssertionError:
            return False
        return True

    assert not all(holds(*batch) for batch in batches)


@given(
    arrays(np.float64, (2, 5, 2), elements=st.integers(-3, 3) | st.floats(-4, 4, width=16)),
    st.sampled_from([None, FORM, np.array([[1.0, 3.0], [-3.0, 1.0]]), -np.eye(2)]),
    st.sampled_from([0.125, 1.0, 1 / 3, 40.0]),
)
def test_any_input_is_decided_right(tokens, A, alpha):
    for kernel in PRESENT:
        check(certify(kernel, tokens, A, alpha, 4), A, alpha)


@pytest.mark.parametrize("scale", [2.0**-1074, 2.0**-600, 2.0**-520, 2.0**500, 2.0**510])
def test_scales_at_which_products_underflow_or_overflow(kernel, scale):
    tokens = np.random.default_rng(2).integers(-3, 4, (6, 5, 2)) * scale
    check(certify(kernel, tokens, None, 1.0, 3), None, 1.0)


def test_random_inputs_are_proved_by_floats_alone(kernel):
    rng = np.random.default_rng(3)
    for d in (2, 16):
        result = certify(kernel, rng.standard_normal((100, 40, d)), None, 1.0, 8)
        assert not result.replayed
        assert (result.frozen >= 0).mean() > 0.9


def test_repeated_words_and_padding_are_proved_by_floats(kernel):
    rng = np.random.default_rng(4)
    vocabulary = rng.standard_normal((50, 16))
    tokens = vocabulary[rng.integers(0, 50, (40, 30))]
    tokens[:, 20:] = vocabulary[0]
    result = certify(kernel, tokens, None, 1.0, 4)
    assert len(result.replayed) <= 2
    check(result, None, 1.0)
    assert any(len(C) >= 10 for C in result.itinerary(0)[0])


def without_margins(tokens, A, alpha):
    """A layer that leaves every decision open."""
    moved, sets = layer(tokens, A, alpha)
    return moved, replace(sets, margin=np.zeros_like(sets.margin))


def test_open_decisions_of_a_large_set_are_scored_in_blocks():
    """All scores at once would be 32 MB."""
    tokens = np.random.default_rng(6).standard_normal((1, 2000, 2))
    tokens[0, 1000:1500] = tokens[0, :500]
    expected = certify(numpy_kernel, tokens, None, 0.5, 1)
    tracemalloc.start()
    try:
        result = certify(replace(numpy_kernel, layer=without_margins), tokens, None, 0.5, 1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6 * BLOCK_BYTES < 8 * 2000**2 / 2
    assert not result.replayed
    assert (result.first == expected.first).all()


@pytest.mark.parametrize("i", [0, 700, 1999])
def test_what_the_kernel_averaged_for_a_token_is_looked_up_in_every_block(i):
    """A second member that is another token: the next token is wrong, however clear the scores are."""

    def with_a_member_more(tokens, A, alpha):
        moved, sets = without_margins(tokens, A, alpha)
        assert not len(sets.tied)
        members = sorted([sets.first[0, i], (sets.first[0, i] + 1) % 2000])
        return moved, replace(sets, tied=np.array([[0, i, j] for j in members]))

    tokens = np.random.default_rng(6).standard_normal((1, 2000, 2))
    proof = module._prove(replace(numpy_kernel, layer=with_a_member_more), tokens, np.eye(2), 0.5, 1)
    assert proof.unproved.tolist() == [1]


def test_zeros_of_two_signs_are_equal(kernel):
    tokens = np.array([[[1.0, 0.0], [1.0, -0.0], [-0.0, 0.5], [0.0, 0.5], [1.0, 0.0]], [[0.0, -0.0]] * 5])
    result = certify(kernel, tokens, None, 1.0, 3)
    check(result, None, 1.0)
    assert result.itinerary(0)[0][0] == (0, 1, 4)


def test_the_result_does_not_depend_on_the_batch(kernel):
    rng = np.random.default_rng(5)
    tokens = np.concatenate([rng.standard_normal((4, 6, 2)), rng.integers(-2, 3, (4, 6, 2))])
    together = certify(kernel, tokens, None, 1.0, 3)
    for b in range(8):
        alone = certify(kernel, tokens[b : b + 1], None, 1.0, 3)
        assert alone.itinerary(0) == together.itinerary(b)
        assert (alone.limit[0] == together.limit[b]).all()


def test_an_empty_batch_and_one_token(kernel):
    assert not certify(kernel, np.empty((0, 3, 2)), None, 1.0, 2).replayed
    one = certify(kernel, np.array([[[3.0]]]), None, 1.0, 2)
    assert (one.itinerary(0), one.frozen.tolist(), one.limit.tolist()) == ((((0,),),) * 2, [0], [[0]])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tokens": np.array([[[1.0, np.nan]]])}, r"tokens\[0\]\[0\]\[1\] is nan"),
        (
            {"tokens": np.ones((1, 1, 2), dtype=np.float16)},
            "tokens are float16; kernel numpy computes in float64, float32",
        ),
        (
            {"tokens": np.ones((1, 1, 2), dtype=np.float32), "A": np.full((2, 2), 0.1)},
            "A is not representable in float32",
        ),
        ({"A": np.full((2, 2), np.inf)}, "A is not representable"),
        ({"layers": 0}, "layers is 0"),
        ({"kernel": declare(lambda z, A, a: z, name="bare")}, "kernel bare does not return follow sets"),
        ({"kernel": registry.missing("absent", "", "pip install it")}, "pip install it"),
        ({"alpha": -1.0}, "alpha is -1.0"),
    ],
)
def test_what_cannot_be_certified_is_named(changes, words):
    arguments = {"kernel": numpy_kernel, "tokens": np.ones((1, 1, 2)), "A": None, "alpha": 1.0, "layers": 1} | changes
    with pytest.raises(InputError, match=words):
        certify(**arguments)


# -- what would be rounded is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("alpha", "message"),
    [
        (Fraction(1, 3), "which no float64 is exactly"),
        (Decimal("0.1"), "which no float64 is exactly"),
        ("0.5", "which no float64 is exactly"),
        (10**400, "a positive float64 is required"),
        (None, "a positive float64 is required"),
        (float("nan"), "a positive float64 is required"),
        (0, "must be positive"),
    ],
)
def test_a_step_that_would_be_rounded_is_refused(alpha, message):
    with pytest.raises(InputError, match=message):
        certify(numpy_kernel, np.ones((1, 2, 2)), None, alpha, 1)


def test_a_step_that_is_a_float_may_be_given_as_any_number():
    tokens = np.random.default_rng(0).standard_normal((2, 5, 2))
    results = [certify(numpy_kernel, tokens, None, alpha, 3).tokens for alpha in (0.5, Fraction(1, 2), Decimal("0.5"))]
    assert (results[0] == results[1]).all()
    assert (results[0] == results[2]).all()


@pytest.mark.parametrize("A", [[[2**60 + 1, 0], [0, 2**60]], [[Fraction(1, 3), 0], [0, 1]], [["1", "0"], ["0", "1"]]])
def test_a_form_that_would_be_rounded_is_refused(A):
    with pytest.raises(InputError, match=r"A (is not representable in|holds \w+ values; give numbers that) float64"):
        certify(numpy_kernel, np.array([[[1.0, 1], [3, 0], [0, 3]]]), np.array(A), 1.0, 1)


@pytest.mark.parametrize("layers", [0, 2.5, True, None])
def test_layers_are_a_whole_number(layers):
    with pytest.raises(InputError, match=r"layers is .*; a whole number >= 1 is required"):
        certify(numpy_kernel, np.ones((1, 2, 2)), None, 1.0, layers)


def test_a_kernel_with_a_tie_rule_of_its_own_states_no_facts():
    with pytest.raises(InputError, match='declares ties = "first"; facts need a kernel that keeps all ties'):
        certify(replace(numpy_kernel, ties="first"), np.ones((1, 2, 2)), None, 1.0, 1)


def test_a_process_that_flushes_subnormal_numbers_is_told_so():
    """There 0 and the smallest float are equal, and would count as one token."""
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'hardmax[torch]'")
    tokens = np.array([[[5e-324], [0.0]]])
    try:
        if not torch.set_flush_denormal(True):
            pytest.skip("this processor cannot flush subnormal numbers")
        with pytest.raises(InputError, match="flushes subnormal numbers to zero"):
            certify(numpy_kernel, tokens, None, 1.0, 1)
        with pytest.raises(InputError, match="flushes subnormal numbers to zero"):
            Configuration.from_array(tokens[0])
    finally:
        torch.set_flush_denormal(False)
    assert certify(numpy_kernel, tokens, None, 1.0, 1).itinerary(0) == (((0,), (0, 1)),)


def test_nothing_is_proved_in_half_precision():
    """SLACK does not cover a margin that is rounded to 11 bits."""
    half = Kernel("half", numpy_kernel.step, dtypes=("float16",), layer=numpy_kernel.layer)
    with pytest.raises(InputError, match="facts are proved in float32 and float64"):
        certify(half, np.ones((1, 2, 2), dtype=np.float16), None, 1.0, 1)
