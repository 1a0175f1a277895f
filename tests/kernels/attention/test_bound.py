"""W holds for right kernels that are as bad as they may be, is met by an adversary, and refutes wrong ones."""

from dataclasses import replace

import numpy as np
import pytest

from hardmax.kernels.attention import bound as bound_module
from hardmax.kernels.attention.arithmetic import Arithmetic
from hardmax.kernels.attention.bound import forward_bound, spread
from hardmax.kernels.attention.problem import FORMATS, Problem, rounded
from hardmax.kernels.attention.truth.floats import enclose
from hardmax.kernels.attention.typical import Typical
from hardmax.kernels.attention.verdict import VERDICTS, judge

from . import bank, inputs

RIGHT = [(n, d) for n, p in bank.RIGHT.items() for d in FORMATS if bank.at(n, p, d) is not None]


def judged(plan, problem, **declared):
    out, lse = bank.run(plan, problem)
    kernel = bank.kernel(plan, lse="natural", causal_alignment=problem.alignment, **declared)
    return judge(kernel, problem, out, lse)


@pytest.mark.parametrize(("name", "dtype"), RIGHT)
def test_no_right_kernel_is_blamed(name, dtype):
    plan = bank.at(name, bank.RIGHT[name], dtype)
    for number, family in enumerate(inputs.FAMILIES):
        rng = np.random.default_rng([number, list(FORMATS).index(dtype), 7])
        found = judged(plan, inputs.problem(rng, family, dtype, softcap=number % 5 == 0))
        assert found.verdict != "fail", (family, found.worst(1))


def ordinary(dtype, seed=5, **options):
    rng = np.random.default_rng(seed)
    q, k, v = (rng.standard_normal(s) for s in ((1, 2, 20, 16), (1, 1, 32, 16), (1, 1, 32, 4)))
    return Problem(*(rounded(x, dtype) for x in (4 * q, k, v)), dtype=dtype, **options)


@pytest.mark.parametrize("dtype", list(FORMATS))
@pytest.mark.parametrize("name", list(bank.WRONG))
def test_wrong_kernels_are_beyond(name, dtype):
    rng = np.random.default_rng(6)
    options = {
        "mask_off": {"causal": True},
        "alignment": {"causal": True, "alignment": "bottom_right"},
        "bias": {"bias": rounded(rng.standard_normal((20, 32)), dtype)},
        "mask": {"mask": rng.random((20, 32)) < 0.7},
    }.get(name, {})
    problem = ordinary(dtype, **options)
    if name == "max_zero":  # every weight underflows
        q, k = np.full_like(problem.q, 16.0), np.full_like(problem.k, -4.0)
        problem = Problem(q, k, problem.v, dtype, scale=1.0)
    if name == "half_undeclared" and dtype in ("float32", "float64"):
        dtype_of_scores = {"float32": "bfloat16", "float64": "float32"}[dtype]
        out, _ = bank.run(bank.Plan(acc=dtype_of_scores), problem)
        assert judge(bank.kernel(bank.Plan()), problem, out).verdict == "fail"
        return
    out, _ = bank.run(bank.WRONG[name], problem)
    kernel = bank.kernel(bank.Plan(), block=4, causal_alignment=problem.alignment)
    found = judge(kernel, problem, out)
    assert found.verdict == "fail"
    assert found.worst(1)[0].by_balls


@pytest.mark.parametrize("name", ["eager_half", "all_half", "shift_rounded_half", "cast_both"])
def test_what_a_kernel_does_not_declare_it_is_blamed_for(name):
    plan = bank.at(name, bank.RIGHT[name], "bfloat16")
    found = judged(plan, ordinary("bfloat16"), accumulates=None, score_roundings=0, weights_cast=False)
    assert found.verdict == "fail"


# -- the adversary -----------------------------------------------------------------------------------------------------


def perturbed(head, known, how, tau, d, sign):
    """The output d when every key's weight errs by its τ towards `sign`, and sums and casts do their worst too."""
    a, u = how.accumulation.u, how.dtype.u
    n = head.n[:, None].astype(float)
    N = np.minimum(n, -(-head.length // how.block))
    v = head.v[None, :, d]
    towards = np.sign(v - known.o[:, d : d + 1]) * sign
    exponent = known.log_p + towards * tau
    own = np.exp(exponent - exponent.max(axis=1, keepdims=True, initial=-1e300))
    each = np.exp(np.sign(v) * sign * ((n + N + 3) * a + u * how.cast))
    whole = own.sum(axis=1) * np.exp(-np.sign(known.o[:, d]) * sign * (n[:, 0] + N[:, 0] + 1) * a)
    out = (own * each * v).sum(axis=1) / whole
    return out * (1 + np.sign(out) * sign * u / (1 + u))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("cast", [False, True])
def test_an_adversary_within_the_assumptions_comes_close_and_not_beyond(dtype, cast):
    largest = 0.0
    for number, family in enumerate(("plain", "peaked", "outlier", "mean_v", "causal", "bias", "equal")):
        head = inputs.problem(np.random.default_rng([number, 11]), family, dtype).head(0, 0)
        how = Arithmetic.of(dtype, cast=cast)
        known = enclose(head)
        found = forward_bound(head, how, known)
        some = (head.n > 0) & np.isfinite(found.W).all(axis=1)
        for d in range(head.v.shape[1]):
            for sign in (1, -1):
                error = np.abs(perturbed(head, known, how, found.tau, d, sign) - known.o[:, d])[some]
                ratio = error / found.W[some, d]
                assert (ratio <= 1).all(), (family, ratio.max())
                largest = max(largest, ratio.max(initial=0.0))
    assert largest > 0.97


def test_worst_sums_come_close():
    """Each of 4000 additions to 1 rounds up in the denominator and down in the numerator, by nearly u every time."""
    n, u = 4000, 2.0**-24
    t = float(rounded(np.log(1.02 * u), "float32"))
    k = np.where(np.arange(n) == 0, 0.0, t)[None, None, :, None]
    v = np.where(np.arange(n) == 0, 1.0, rounded(0.96, "float32"))[None, None, :, None]
    problem = Problem(np.ones((1, 1, 1, 1)), k, v, "float32", scale=1.0)
    found = judged(bank.Plan(), problem)
    assert found.verdict == "pass"
    assert found.error[0, 0, 0, 0] > 0.9 * found.W[0, 0, 0, 0]


# -- its terms ---------------------------------------------------------------------------------------------------------


def test_spread_is_the_sum():
    rng = np.random.default_rng(0)
    g, v, o = rng.random((7, 30)), rng.standard_normal((30, 3)), rng.standard_normal((7, 3))
    expected = (g[:, :, None] * np.abs(v[None] - o[:, None])).sum(axis=1)
    assert np.allclose(spread([g, 2 * g], v, o)[1], 2 * expected, rtol=1e-12)


def test_the_hull_is_left_out_only_where_it_cannot_matter(monkeypatch):
    rng = np.random.default_rng(3)
    hull = bound_module._hull
    for factor in (1.0, 300.0, 1e4):
        q, k, v = (rounded(rng.standard_normal((1, 1, 9, 6)) * x, "float16") for x in (factor, 1, 1))
        head = Problem(q, k, v, "float16", causal=True).head(0, 0)
        how, known = Arithmetic.of("float16", s=4), enclose(head)
        first = forward_bound(head, how, known)
        with monkeypatch.context() as patch:
            patch.setattr(bound_module, "_hull", lambda h, k, rows: hull(h, k, np.ones(len(rows), dtype=bool)))
            second = forward_bound(head, how, known)
        assert np.array_equal(first.clipped, second.clipped)
        assert (second.W <= first.W).all()
        assert (first.W <= 1.5 * second.W).all()


@pytest.mark.parametrize(
    ("change", "at_least"),
    [
        ({"exp_ulps": 40.0}, 1.01),
        ({"s": 4}, 1.5),
        ({"lag": 8.0}, 1.0001),
        ({"split_keys": True}, 1.01),
        ({"normalised_by_lse": True}, 1.01),
        ({"block": 1}, 1.01),
        ({"cast": True}, 1.01),
    ],
)
def test_every_declaration_widens_the_bound(change, at_least):
    head = ordinary("float16").head(0, 0)
    known = enclose(head)
    how = Arithmetic.of("float16", cast=False)
    before, after = (forward_bound(head, x, known).W for x in (how, replace(how, **change)))
    assert (after >= before).all()
    assert (after >= at_least * before).any()


def test_a_looser_enclosure_gives_a_looser_bound():
    head = ordinary("float32").head(0, 0)
    known = enclose(head)
    wide = known._replace(
        **{f"{x}_error": 100 * getattr(known, f"{x}_error") + 1e-6 for x in ("t", "log_p", "o", "lse")}
    )
    how = Arithmetic.of("float32")
    assert (forward_bound(head, how, wide).W >= forward_bound(head, how, known).W).all()


def test_the_bound_covers_every_weight_that_an_enclosure_allows():
    """The weights of the keys that matter most are given too small, within what the enclosure says of them."""
    head = ordinary("float32").head(0, 0)
    known = enclose(head)
    moved = np.where(np.abs(head.v[:, 0] - known.o[:, :1]) > 0.5, 1.0, 0.0)
    wide = known._replace(log_p=known.log_p - moved, log_p_error=known.log_p_error + moved)
    how = Arithmetic.of("float32", cast=False)
    assert (forward_bound(head, how, wide).W[:, 0] >= 0.999 * forward_bound(head, how, known).W[:, 0]).all()


@pytest.mark.parametrize(
    ("dtype", "change"),
    [
        ("float16", {"v": 65504.0}),
        ("float32", {"k": 2.0**126}),
        ("float32", {"scale": 2.0**127}),
    ],
)
def test_where_something_may_overflow_nothing_is_said(dtype, change):
    arrays = {"q": np.ones((1, 1, 2, 2)), "k": np.ones((1, 1, 2, 2)), "v": np.ones((1, 1, 2, 1))}
    values = {x: np.full_like(arrays[x], y) for x, y in change.items() if x in arrays}
    rest = {x: y for x, y in change.items() if x not in arrays}
    problem = Problem(**(arrays | values), dtype=dtype, **rest)
    found = judge(bank.kernel(bank.Plan()), problem, np.full((1, 1, 2, 1), 12.0))
    assert found.counts["unjudged"] == 2
    assert found.verdict == "fragile"


# -- how tight, and T --------------------------------------------------------------------------------------------------

ORDINARY = ("plain", "peaked", "outlier", "huge_v", "causal", "masked", "grouped", "rising")


def ratios(dtype, plan):
    """The largest error over W and over T of each ordinary family."""
    found = []
    for number, family in enumerate(ORDINARY):
        for seed in range(6):
            one = judged(plan, inputs.problem(np.random.default_rng([number, seed, 3]), family, dtype))
            good = np.isfinite(one.W) & (one.codes != VERDICTS.index("empty"))
            found.append([(one.error[good] / x[good]).max(initial=0.0) for x in (one.W, one.T)])
    return np.median(found, axis=0)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_within_ten_times_of_errors_that_are_seen_in_half_precision(dtype):
    W, _ = ratios(dtype, bank.RIGHT["online_cast"])
    assert W > 0.1


def test_typical_level_is_within_forty_times_of_errors_that_are_seen_in_float32():
    _, T = ratios("float32", bank.RIGHT["online"])
    assert T > 1 / 40


def test_the_typical_level_fails_nothing(monkeypatch):
    real = bound_module.typical
    monkeypatch.setattr(bound_module, "typical", lambda *a: Typical(*(0 * x for x in real(*a))))
    problem = ordinary("float32")
    found = judged(bank.Plan(), problem)
    assert found.counts["implausible"] > 0
    assert found.counts["beyond"] == 0
    assert found.verdict == "pass"
    assert found.default == pytest.approx(1.0, rel=0.1)


def test_a_scale_off_by_two_thousandths_is_seen_in_bfloat16_on_peaked_scores():
    rng = np.random.default_rng(0)
    q, k, v = (rng.standard_normal((1, 1, n, 64)) for n in (64, 256, 256))
    problem = Problem(*(rounded(x, "bfloat16") for x in (8 * q, k, v)), dtype="bfloat16")
    kernel = bank.kernel(bank.RIGHT["online_cast"])
    for factor, verdict in ((1.0, "pass"), (1.002, "fail"), (0.998, "fail")):
        scaled = replace(problem, scale=factor / 8)
        out = np.stack([enclose(scaled.head(0, 0)).o])[None]
        assert judge(kernel, problem, rounded(out, "bfloat16")).verdict == verdict
