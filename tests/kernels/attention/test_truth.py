"""The truth three times: enclosures in floats, balls, and plain 60-digit arithmetic that shares nothing with them."""

import mpmath
import numpy as np
import pytest

from hardmax.kernels.attention.problem import FORMATS, Problem, rounded
from hardmax.kernels.attention.truth.balls import ball_rows, distance, enclosure_of
from hardmax.kernels.attention.truth.floats import enclose

from . import inputs


def plain(problem, b, h):
    """Output and log-sum-exp of one head from the formula, in mpmath; None for rows without keys."""
    head = problem.head(b, h)
    group = h * problem.k.shape[1] // problem.q.shape[1]
    seen = np.flatnonzero(head.seen)
    D = problem.q.shape[3]
    result = []
    with mpmath.workdps(60):
        scale = 1 / mpmath.sqrt(D) if problem.scale is None else mpmath.mpf(problem.scale)
        for i in range(problem.q.shape[2]):
            t, v = [], []
            for j in seen[head.allowed[i]]:
                s = scale * mpmath.fsum(
                    mpmath.mpf(x) * mpmath.mpf(y)
                    for x, y in zip(problem.q[b, h, i], problem.k[b, group, j], strict=True)
                )
                bias = mpmath.mpf(0) if problem.bias is None else mpmath.mpf(problem.bias[b, h, i, j])
                first = problem.softcap_order == "bias,softcap"
                s = s + bias if first else s
                if problem.softcap is not None:
                    s = problem.softcap * mpmath.tanh(s / problem.softcap)
                t.append(s if first else s + bias)
                v.append([mpmath.mpf(x) for x in problem.v[b, group, j]])
            if not t:
                result.append(None)
                continue
            w = [mpmath.exp(x - max(t)) for x in t]
            o = [
                mpmath.fsum(x * y[d] for x, y in zip(w, v, strict=True)) / mpmath.fsum(w)
                for d in range(head.v.shape[1])
            ]
            result.append((o, max(t) + mpmath.log(mpmath.fsum(w))))
    return result


@pytest.mark.parametrize("family", inputs.FAMILIES)
@pytest.mark.parametrize("dtype", list(FORMATS))
def test_enclosures_and_balls_hold_the_value_of_plain_arithmetic(family, dtype):
    rng = np.random.default_rng([1, inputs.FAMILIES.index(family)])
    problem = inputs.problem(rng, family, dtype, softcap=bool(rng.random() < 0.3))
    head = problem.head(0, 0)
    known, rows = enclose(head), ball_rows(head)
    for i, exact in enumerate(plain(problem, 0, 0)):
        if exact is None:
            assert rows[i].o == []
            continue
        o, lse = exact
        assert abs(mpmath.mpf(known.lse[i]) - lse) <= known.lse_error[i]
        for d, value in enumerate(o):
            assert abs(mpmath.mpf(known.o[i, d]) - value) <= known.o_error[i, d]
            low, high = distance(rows[i].o[d], float(value))
            assert low <= abs(mpmath.mpf(float(value)) - value) * (1 + 1e-12) + 1e-300
            assert high <= abs(float(value)) * 2.0**-52 + 1e-300


def compared(head):
    """How far floats and balls are apart, as a share of what the floats allow: at most 1."""
    floats, balls = enclose(head), enclosure_of(head, ball_rows(head))
    on, shares = head.allowed, []
    for name in ("t", "log_p", "o", "lse"):
        x, y = getattr(floats, name), getattr(balls, name)
        room = getattr(floats, f"{name}_error") + getattr(balls, f"{name}_error")
        if name in ("t", "log_p"):
            x, y, room = x[on], y[on], room[on]
        if name in ("o", "lse"):
            some = head.n > 0
            x, y, room = x[some], y[some], room[some]
        sound = np.isfinite(room)
        shares.append(float((np.abs(x - y)[sound] / room[sound]).max(initial=0.0)))
    return max(shares)


@pytest.mark.parametrize("family", inputs.FAMILIES)
def test_balls_lie_in_the_enclosures(family):
    rng = np.random.default_rng([2, inputs.FAMILIES.index(family)])
    for dtype in FORMATS:
        for _ in range(4):
            assert compared(inputs.problem(rng, family, dtype, softcap=bool(rng.random() < 0.3)).head(0, 0)) <= 1


@pytest.mark.parametrize("size", [1e-170, 1e-30, 1e4, 1e8, 1e12, 1e14, 1e100, 1e160])
def test_balls_lie_in_the_enclosures_for_scores_of_any_size(size):
    rng = np.random.default_rng(5)
    q, k, v = (rng.standard_normal((1, 1, 9, 5)) * x for x in (np.sqrt(size), np.sqrt(size), 1.0))
    for v_ in (v, v + 1e6, v * 1e300, v * 1e-310):
        head = Problem(q, k, v_, "float64", scale=1.0, causal=True).head(0, 0)
        assert compared(head) <= 1


def test_enclosures_are_narrow_where_scores_are_moderate():
    rng = np.random.default_rng(6)
    q, k, v = (rng.standard_normal((1, 1, 64, 64)) for _ in range(3))
    known = enclose(Problem(q, k, v, "float64").head(0, 0))
    assert known.o_error.max() < 1e-13
    assert known.lse_error.max() < 1e-13


def test_one_key_and_equal_scores_give_exact_means():
    v = rounded(np.random.default_rng(7).standard_normal((1, 1, 8, 3)), "float16")
    q, k = np.ones((1, 1, 2, 4)), np.ones((1, 1, 8, 4))
    for head, mean in (
        (Problem(q, k, v).head(0, 0), v[0, 0].mean(axis=0)),  # eight equal dyadic numbers: the mean is exact
        (Problem(q, k[:, :, :1], v[:, :, :1]).head(0, 0), v[0, 0, 0]),
        (Problem(q[..., :0], k[..., :0], v).head(0, 0), v[0, 0].mean(axis=0)),  # without coordinates all scores are 0
    ):
        known, rows = enclose(head), ball_rows(head)
        assert (np.abs(known.o[0] - mean) <= known.o_error[0]).all()
        assert all(distance(x, float(y))[1] < 1e-30 for x, y in zip(rows[0].o, mean, strict=True))


def test_an_enclosure_that_floats_cannot_give_is_infinite_and_balls_give_it():
    q = np.array([[[[1e200, 1.0]]]])
    k = np.array([[[[1e200, 0.0], [1e200, 1.0]]]])
    v = np.array([[[[0.0], [1.0]]]])
    head = Problem(q, k, v, "float64", scale=1.0).head(0, 0)
    assert np.isinf(enclose(head).o_error).all()
    low = Problem(-q, k[:, :, :1], v[:, :, 1:], "float64", scale=1e-310).head(0, 0)  # every product is −∞
    assert np.isinf(enclose(low).o_error).all()
    exact = ball_rows(head)[0].o[0]
    assert distance(exact, 1 / (1 + np.exp(-1.0)))[1] < 1e-15
