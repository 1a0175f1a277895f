"""Right kernels that an earlier form of the bound blamed, and kernels that it could not tell from right ones.

Each is written in NumPy or torch as people write it, and declares what it does.
"""

import numpy as np
import pytest

from hardmax.kernels.attention.adapters import load_attention
from hardmax.kernels.attention.arithmetic import Arithmetic
from hardmax.kernels.attention.bound import forward_bound
from hardmax.kernels.attention.gradients import differentiate, gradients, judge_gradients
from hardmax.kernels.attention.problem import Problem, rounded
from hardmax.kernels.attention.protocol import declare_attention
from hardmax.kernels.attention.truth.floats import enclose
from hardmax.kernels.attention.verdict import VERDICTS, judge

torch = pytest.importorskip("torch", reason="torch is not installed: pip install '.[torch]'")
WITHIN, FRAGILE, BEYOND, UNJUDGED = (VERDICTS.index(x) for x in ("within", "fragile", "beyond", "unjudged"))
H, F = np.float16, np.float32


def one(values):
    return np.array(values, dtype=float)[None, None]


def small(q, k, v, dtype, **options):
    return Problem(*(one(rounded(x, dtype)) for x in (q, k, v)), dtype=dtype, **({"scale": 1.0} | options))


def found(function, problem, **declared):
    declared = {"dtypes": ("float16", "float32", "float64"), "weights_cast": False} | declared
    kernel = declare_attention(function, **declared)
    with np.errstate(all="ignore"):
        return judge(kernel, problem, *kernel(problem))


@pytest.mark.parametrize("units", [2.499, 2.501, 4.501, 5.499])
def test_a_scale_below_the_normal_numbers_of_half(units):
    def eager(q, k, v, scale=None):
        s = (q.astype(F) @ k.astype(F).swapaxes(2, 3)).astype(H) * H(scale)
        w = np.exp(s.astype(F) - s.max(axis=3, keepdims=True).astype(F))
        p = (w / w.sum(axis=3, keepdims=True).astype(H).astype(F)).astype(H)
        return (p.astype(F) @ v.astype(F)).astype(H)

    k, v = np.full((12, 1), -144.0), np.zeros((12, 1))
    k[0], v[0] = 144.0, 1.544921875
    problem = small([[146.0]], k, v, "float16", scale=units * 2**-24)
    assert found(eager, problem, score_roundings=3).verdict == "pass"


def lagging(q, k, v, scale=None, cast=H):
    """The first key's score is the shift, whatever comes after it."""
    s = F(scale) * (q.astype(F) @ k.astype(F).swapaxes(2, 3))
    w = np.exp(s - s[..., :1])
    return ((w.astype(cast).astype(F) @ v.astype(F)) / w.sum(axis=3, keepdims=True)).astype(q.dtype)


def test_weights_above_one_may_overflow_where_they_are_cast():
    problem = small([[1.0]], [[0.0], [11.5]], [[1.0], [2.0]], "float16")
    judged = found(lagging, problem, lag=12.0, weights_cast=True)
    assert judged.codes.tolist() == [[[[UNJUDGED]]]]
    near = small([[1.0]], [[0.0], [9.0]], [[1.0], [2.0]], "float16")
    assert found(lagging, near, lag=9.0, weights_cast=True).codes.tolist() == [[[[WITHIN]]]]


def test_sums_of_weights_above_one_may_overflow_in_half():
    def rounds_its_sum(q, k, v, scale=None):
        s = (q.astype(F) @ k.astype(F).swapaxes(2, 3)).astype(H).astype(F)
        w = np.exp(s - s[..., :1])
        return ((w @ v.astype(F)) / w.sum(axis=3, keepdims=True).astype(H).astype(F)).astype(H)

    problem = small([[1.0]], [[0.0]] + [[10.5]] * 3, [[0.001]] * 4, "float16")
    assert found(rounds_its_sum, problem, lag=10.5, score_roundings=4).codes.tolist() == [[[[UNJUDGED]]]]


def test_shifts_that_are_rounded_leave_weights_that_overflow_in_half():
    """fl(m·c) next to a fused multiply-add, at scores of 3e8: the largest weight is e^11, near the largest float16."""

    def fused(q, k, v, scale=None):
        c = F(F(scale) * F(np.log2(np.e)))
        s = q.astype(F) @ k.astype(F).swapaxes(2, 3)
        shift = (s.max(axis=3, keepdims=True) * c).astype(F)
        w = np.exp2((s.astype(float) * float(c) - shift.astype(float)).astype(F))
        return ((w.astype(H).astype(F) @ v.astype(F)) / w.sum(axis=3, keepdims=True)).astype(H)

    q, k = np.meshgrid(np.arange(60000.0, 65505, 32), np.arange(2860.0, 3300, 2))
    for scale in np.linspace(1, 1.05, 40):
        c = float(F(F(scale) * F(np.log2(np.e))))
        excess = q * k * c - (q * k * c).astype(F)
        at = np.unravel_index(excess.argmax(), excess.shape)
        problem = small([[q[at]]], [[k[at]]], [[1e-3]], "float16", scale=float(scale))
        judged = found(fused, problem, shift_rounded=True, weights_cast=True)
        assert judged.codes.item() in (UNJUDGED, FRAGILE), (scale, excess.max())


def test_a_row_that_may_overflow_stays_so_when_it_is_judged_alone():
    def adds_its_mask(q, k, v, scale=None, mask=None):
        s = (q @ k.swapaxes(2, 3)) * F(scale) + np.where(mask, F(0), F(-np.inf))
        w = np.exp(s - s.max(axis=3, keepdims=True))
        return (w @ v) / w.sum(axis=3, keepdims=True)

    mask = np.array([[True, False, True], [False, True, False]])
    problem = small([[1e20], [0.0]], [[0.0], [1e20], [1e-20]], [[1.0], [2.0], [3.0]], "float32", mask=mask)
    judged = found(adds_its_mask, problem)  # 1e40 − ∞ is NaN
    assert judged.codes[0, 0, 0].tolist() == [UNJUDGED]
    kernel = declare_attention(adds_its_mask, weights_cast=False)
    with np.errstate(all="ignore"):
        assert judge(kernel, problem, *kernel(problem), rows=np.array([0])).codes.tolist() == [[[[UNJUDGED]]]]
    head = problem.head(0, 0)
    assert np.array_equal(head.select([0]).k, head.k)
    assert np.array_equal(head.select([0]).magnitude, head.magnitude[:1])


@pytest.mark.parametrize("ulps", [4, 16, 64, 256])
def test_the_logarithm_of_a_sum_that_is_far_from_one(ulps):
    def lags(q, k, v, scale=None):
        s = F(scale) * (q @ k.swapaxes(2, 3))
        w = np.exp(s - s[..., :1])
        total = w.sum(axis=3, keepdims=True, dtype=F)
        log = np.log(total)
        log = (log + F(ulps) * np.spacing(log)).astype(F)
        return (w @ v) / total, (s[..., :1] + log)[..., 0]

    problem = small([[1.0]], [[-10.9], [0.0]], [[1.0], [2.0]], "float32")
    assert found(lags, problem, exp_ulps=float(ulps), lag=11.0, lse="natural").counts["beyond"] == 0


@pytest.mark.parametrize(
    ("q", "k", "scale", "code"),
    [
        (1.0, 1.0, 1.49 * 2**-24, WITHIN),  # one least subnormal number of float16
        (1.0, 1.0, 1.51 * 2**-24, WITHIN),
        (300.0, 300.0, 1.0, UNJUDGED),  # 90000 is infinite in float16
        (30.0, 30.0, 1.0, WITHIN),
    ],
)
def test_log_sum_exps_in_half(q, k, scale, code):
    def narrow_lse(q, k, v, scale=None):
        s = (q.astype(float) @ k.astype(float).swapaxes(2, 3)) * scale
        top = s.max(axis=3, keepdims=True)
        w = np.exp(s - top)
        total = w.sum(axis=3, keepdims=True)
        with np.errstate(over="ignore"):
            lse = (top + np.log(total))[..., 0].astype(H)
        return (w / total @ v.astype(float)).astype(H), lse

    for accumulates in ("float32", "float64"):
        problem = small([[q]], [[k]], [[1.0]], "float16", scale=scale)
        judged = found(narrow_lse, problem, accumulates=accumulates, lse="natural", lse_dtype="float16")
        assert judged.lse.tolist() == [[[code]]]


@pytest.mark.parametrize(
    ("c", "scale", "code"),
    [(1e39, 1.0, UNJUDGED), (1e-39, 1.0, UNJUDGED), (1e-46, 1.0, UNJUDGED), (1e38, 1.0, UNJUDGED), (30.0, 1.0, WITHIN)],
)
def test_a_softcap_outside_the_range_of_the_accumulation(c, scale, code):
    def capped(q, k, v, scale=None, softcap=None):
        with np.errstate(all="ignore"):
            c = F(softcap)
            s = c * np.tanh((F(scale) * (q @ k.swapaxes(2, 3))) / c)
            w = np.exp(s - s.max(axis=3, keepdims=True))
            return (w @ v) / w.sum(axis=3, keepdims=True)

    problem = small([[1.0]], [[0.0], [1.0]], [[1.0], [2.0]], "float32", softcap=c, scale=scale)
    assert found(capped, problem).codes.tolist() == [[[[code]]]]


def test_a_scale_that_is_divided_by_the_softcap_first():
    """scale/c, 6.7e-40 of 2e-38/30, is subnormal and flushed; the score is 20/3."""

    def folds(q, k, v, scale=None, softcap=None):
        factor = F(scale) / F(softcap)
        factor = F(0) if abs(factor) < np.finfo(F).tiny else factor
        s = F(softcap) * np.tanh((q * factor) @ k.swapaxes(2, 3))
        w = np.exp(s - s.max(axis=3, keepdims=True))
        return (w @ v) / w.sum(axis=3, keepdims=True)

    problem = small([[1e19]], [[0.0], [1e19]], [[1.0], [2.0]], "float32", softcap=30.0, scale=6e-38)
    judged = found(folds, problem)
    assert judged.counts["beyond"] == 0
    assert judged.error.item() > 0.1


# -- gradients ---------------------------------------------------------------------------------------------------------


def eager(q, k, v, scale=None, mask=None):
    s = (q @ k.transpose(2, 3)) * scale
    if mask is not None:
        s = s.masked_fill(~mask, -torch.inf)
    return torch.softmax(s, dim=3) @ v


def scaled_first(q, k, v, scale=None):
    return torch.softmax((q * scale) @ k.transpose(2, 3), dim=3) @ v


MASK = np.array([[True, False], [True, True]])
GRADIENTS = {
    "dP - delta": (eager, ([[1.0]], [[0.0], [14.0]], [[1.6e38], [-1.6e38]], "float32"), {}, [[1.4]], {}),
    "hidden dP": (
        eager,
        ([[1.0]] * 2, [[0.0], [1.0]], [[1.0], [1e37]], "float32"),
        {"mask": MASK},
        [[100.0], [1.0]],
        {},
    ),
    "hidden dP in half": (
        eager,
        ([[1.0]] * 2, [[0.0], [1.0]], [[1.0], [1000.0]], "float16"),
        {"mask": MASK},
        [[100.0], [1.0]],
        {"score_roundings": 4},
    ),
    "dS·K in half": (
        scaled_first,
        ([[1.0]], [[20.0], [-20.0]], [[100.0], [-100.0]], "float16"),
        {"scale": 1e-3},
        [[100.0]],
        {"score_roundings": 4},
    ),
    "scale·dS in half": (
        eager,
        ([[1.0]], [[0.01], [-0.01]], [[100.0], [-100.0]], "float16"),
        {"scale": 100.0},
        [[100.0]],
        {"score_roundings": 4},
    ),
    "dO beyond the accumulation": (
        lambda q, k, v, scale=None: eager(q.float(), k.float(), v.float(), scale).double(),
        ([[1.0]], [[1.0], [0.0]], [[1e-10], [2e-10]], "float64"),
        {},
        [[1e39]],
        {"accumulates": "float32"},
    ),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_whose_intermediates_overflow_are_not_judged(name):
    function, arrays, options, grad_out, declared = GRADIENTS[name]
    problem = small(*arrays, **options)
    kernel = declare_attention(
        function, **({"dtypes": (arrays[3],), "arrays": "torch", "weights_cast": False} | declared)
    )
    got = differentiate(kernel, problem, one(rounded(grad_out, arrays[3])))
    wrong = {name: ~np.isfinite(x) for name, x in got.items()}
    assert any(x.any() for x in wrong.values())
    for which, verdict in judge_gradients(kernel, problem, one(rounded(grad_out, arrays[3])), got).items():
        assert (verdict.codes[wrong[which]] == UNJUDGED).all()


def test_scaled_products_that_a_cast_makes_overflow():
    """scale·dS, 5e5, is rounded to float16 before it meets K, as it may be where weights are."""
    problem = small([[1.0]], [[0.01], [-0.01]], [[100.0], [-100.0]], "float16", scale=100.0)
    assert np.isinf(gradients(problem, Arithmetic.of("float16"), one([[100.0]]))["dq"].W).all()
    assert np.isfinite(gradients(problem, Arithmetic.of("float16"), one([[1.0]]))["dq"].W).all()


def test_gradients_where_probabilities_are_subnormal_are_enclosed():
    problem = small([[1.0]], [[0.0], [744.7]], [[1e300], [-1e300]], "float64")
    dq = gradients(problem, Arithmetic.of("float64"), one([[1.0]]))["dq"]
    exact = -2e300 * 744.7 * np.exp(-700.0) * np.exp(-44.7)
    assert abs(dq.value.item() - exact) <= dq.error.item() + 1e-9 * abs(exact)


# -- what says nothing -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("L", [4000, 8000])
def test_where_weights_may_vanish_nothing_is_told(L):
    """Normalised weights of 1/L below the normal numbers of float16 may be flushed, and 0 comes out."""
    v = rounded(np.random.default_rng(0).uniform(0.5, 1, (L, 1)), "float16")
    problem = small([[0.0]], np.zeros((L, 1)), v, "float16")
    judged = found(lambda q, k, v, scale=None: 0 * q, problem, flushes=True, weights_cast=True)
    assert judged.codes.item() in (FRAGILE, BEYOND)
    assert judged.verdict == ("fail" if judged.codes.item() == BEYOND else "fragile")
    head = problem.head(0, 0)
    assert forward_bound(head, Arithmetic.of("float16", flushes=True), enclose(head)).clipped.all()
    assert not forward_bound(head, Arithmetic.of("float16"), enclose(head)).clipped.any()


def test_what_is_told_where_the_hull_is_a_point():
    """One key, or equal values: any weights are right, and the output is v; that is judged."""
    for v in ([[0.7]], [[0.7]] * 40, [[0.0]] * 3):
        problem = small([[1.0]], np.ones((len(v), 1)), v, "float32")
        head = problem.head(0, 0)
        assert not forward_bound(head, Arithmetic.of("float32"), enclose(head)).clipped.any()
    tiny = small([[1.0]], [[1.0]], [[1e-39]], "float32")  # subnormal: 0 may come out
    assert forward_bound(tiny.head(0, 0), Arithmetic.of("float32"), enclose(tiny.head(0, 0))).clipped.all()


def test_sums_that_may_lose_everything_tell_nothing():
    problem = small([[1.0]], np.zeros((400, 1)), np.ones((400, 1)), "bfloat16")
    head, how = problem.head(0, 0), Arithmetic.of("bfloat16", "bfloat16")
    assert forward_bound(head, how, enclose(head)).clipped.all()


def test_shipped_kernels_are_not_blamed_where_intermediates_overflow():
    problem = small([[1.0]], [[0.0], [14.0]], [[1.6e38], [-1.6e38]], "float32")
    grad_out = one(rounded([[1.4]], "float32"))
    for name in ("torch-sdpa-math", "torch-sdpa-flash"):
        kernel = load_attention(name)
        judged = judge_gradients(kernel, problem, grad_out, differentiate(kernel, problem, grad_out))
        assert not any((x.codes == BEYOND).any() for x in judged.values())
