"""The page and the code say the same: BOUND.md sections 2 and 3, transcribed number by number in mpmath."""

from dataclasses import replace

import numpy as np
import pytest
from mpmath import exp, expm1, inf, log, mp, mpf

from hardmax.kernels.attention.balls import ball_rows, enclosure_of
from hardmax.kernels.attention.bound import Arithmetic, forward_bound
from hardmax.kernels.attention.problem import FORMATS

from . import inputs

OPTIONS = (
    {},
    {"cast": False},
    {"s": 4},
    {"exp_ulps": 5.0, "block": 2},
    {"shift_rounded": True},
    {"lag": 4.0, "block": 4},
    {"split_keys": True, "cast": False},
    {"normalised_by_lse": True},
    {"flushes": True, "s": 1},
    {"cast_sum": True},
    {"tanh_ulps": 4096.0},
)


def formula(head, how, i, o, t, log_p, lse):
    """(W of every coordinate, W_lse, τ, clipped) of row i, from exact o, t, log p, lse (lists of mpf)."""
    a, u, E, s = how.accumulation.u, how.dtype.u, how.exp_ulps, how.s
    tiny, eta = mpf(how.accumulation.tiny), mpf(how.dtype.tiny if how.flushes else how.dtype.eta / 2)
    flushed = mpf(0 if how.dtype.name == "float16" else how.dtype.tiny)
    keys = np.flatnonzero(head.allowed[i])
    D, n = head.q.shape[1], len(keys)
    N = min(n, -(-head.length // how.block))
    wide = int(u < a)
    lost_s, w = tiny + (eta if s else 0), tiny + (eta if s or how.cast else 0)
    scale, c = abs(mpf(head.scale)), head.softcap
    e = []
    for j, t_j in zip(keys, t, strict=True):
        q, k = ([mpf(float(x)) for x in y] for y in (head.q[i], head.k[j]))
        size = sum((abs(x * y) for x, y in zip(q, k, strict=True)), mpf(0))
        b = mpf(0) if head.bias is None else mpf(float(head.bias[i, j]))
        growth = expm1((D + 7 + 2 * wide) * a + s * u)
        zeta = (1 + growth) * lost_s * (1 + scale) * (2 * D + 4 + sum(map(abs, q)) + sum(map(abs, k)))
        if scale < 2 * max(tiny, lost_s):
            zeta += (1 + growth) * 2 * lost_s * size
        if c is None:
            e.append(growth * (scale * size + abs(b)) + zeta)
            continue
        first = min(mpf(2 * c), growth * (scale * size + (abs(b) if head.bias_first else 0)) + zeta)
        capped = min(abs(t_j) if head.bias_first else abs(t_j) + abs(b), mpf(c))
        second = first + expm1(2 * how.tanh_ulps * a + 5 * a + s * u) * (capped + first) + 4 * (1 + c) * lost_s
        e.append(second + expm1(4 * a + s * u) * (capped + second + (0 if head.bias_first else abs(b))) + 2 * lost_s)
    top = max(x + y for x, y in zip(t, e, strict=True))
    h = [top - x + y + 2 * mpf(how.lag) for x, y in zip(t, e, strict=True)]
    g = [a * (abs(x) + y + z) for x, y, z in zip(t, e, h, strict=True)]
    argument, one_exp = expm1(3 * a + min(s, 2) * u), 2 * E * a / (1 - 2 * mpf(E) * a)
    tau = [y + z + argument * (x + z) + N * one_exp for x, y, z in zip(h, e, g, strict=True)]
    alpha, beta = (n + N + 3 + wide) * a + (2 * u if s else 0), (n + N + 1) * a
    if how.split_keys:
        for j in range(n):
            far = mpf("1.01") * (h[j] + log(n))
            tau[j] += 6 * a * (abs(t[j]) + e[j] + far) + argument * far + (2 * E + 6) * a * (1 + log(n))
        alpha += a * (6 * (abs(lse) + log(n)) + (2 * E + 4) * (1 + log(n)) + 8)
    kappa = u if how.cast else 0
    lead = [g[j] for j in range(n) if t[j] + e[j] >= max(x - y for x, y in zip(t, e, strict=True))]
    shift = mpf(0)
    if how.shift_rounded or how.lag:
        shift = mpf("1.01") * (max(lead) + how.lag) + 2 * one_exp + kappa + (2 * u if s else 0)
    more = log(sum(exp(x + y) for x, y in zip(log_p, tau, strict=True)))
    rho = more + (n + N + 1) * a + (2 * u if s else 0) + (u if how.cast_sum else 0)
    rho += exp(2 * shift) * (mpf("1.01") * w * n + (n + N) * tiny)
    W_lse = rho + a * (6 * (abs(lse) + log(n) + rho) + (2 * E + 3) * log(n) + 12) + 4 * tiny
    if how.split_keys:
        W_lse += a * (6 * (abs(lse) + log(n) + rho) + (2 * E + 4) * (1 + log(n)) + 8)
    if how.normalised_by_lse:
        alpha += W_lse + more + 3 * a * abs(lse) + mpf("1.01") * argument * (log(n) + W_lse)
    result, clipped = [], []
    for d, o_d in enumerate(o):
        v = [mpf(float(head.v[j, d])) for j in keys]

        def F(x, v=v, o_d=o_d):  # noqa: N802 the page's name
            up = sum(exp(p) * expm1(y + x) * abs(z - o_d) for p, y, z in zip(log_p, tau, v, strict=True))
            return up / sum(exp(p - y - x) for p, y in zip(log_p, tau, strict=True)), max(max(v) - o_d, o_d - min(v))

        def M(x, v=v):  # noqa: N802
            up = sum(exp(p + y + x) * abs(z) for p, y, z in zip(log_p, tau, v, strict=True))
            return min(up / sum(exp(p - y - x) for p, y in zip(log_p, tau, strict=True)), max(map(abs, v)))

        W1 = min(F(0)) + expm1(alpha + kappa) * M(0)
        if how.cast:
            W1 = max(W1, min(F(kappa)) + expm1(alpha) * M(kappa))
        W1 = exp(beta) * W1 + expm1(beta) * abs(o_d)
        lost = mpf("1.01") * w * (sum(map(abs, v)) + n * (abs(o_d) + W1)) + (3 * n + 2 * N + 8) * tiny * (
            1 + abs(o_d) + W1
        )
        W0 = W1 + exp(2 * shift + alpha + kappa) * lost
        result.append(W0 + u * (abs(o_d) + W0) + eta + flushed if shift <= 60 else inf)
        clipped.append(F(0)[0] > F(0)[1])
    return result, W_lse, tau, clipped


@pytest.mark.parametrize("dtype", list(FORMATS))
@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(o) or "default")
def test_the_code_is_the_formula_rounded_outwards(options, dtype):
    how = replace(Arithmetic.of(dtype), **options)
    if "s" in options and dtype == "float64":
        how = replace(Arithmetic.of(dtype, "float32"), **options)
    compared = 0
    for number, family in enumerate(("plain", "peaked", "bias", "masked", "subnormal", "mean_v", "outlier")):
        head = inputs.problem(np.random.default_rng([number, 13]), family, dtype, softcap=number % 3 == 1).head(0, 0)
        rows = np.flatnonzero(head.n > 0)[:1]
        head = head.select(rows)
        exact = ball_rows(head)
        found = forward_bound(head, how, enclosure_of(head, exact))
        for i, row in enumerate(exact):
            with mp.workdps(40):
                values = [[mpf(str(x.mid().str(40, radius=False))) for x in y] for y in (row.o, row.t)]
                lse = mpf(str(row.lse.mid().str(40, radius=False)))
                expected = formula(head, how, i, *values, [x - lse for x in values[1]], lse)
            for d, W in enumerate(expected[0]):
                if np.isfinite(found.W[i, d]):
                    # where τ ≤ 0.4 max |v| is over all keys: in rows with masks M may be larger
                    more = 1.001 if head.allowed[i].all() else 1.1
                    assert float(W) * (1 - 1e-12) <= found.W[i, d] <= float(W) * more + 1e-290
                    assert found.clipped[i, d] == expected[3][d]
                    compared += 1
            if np.isfinite(found.lse[i]):
                assert float(expected[1]) * (1 - 1e-12) <= found.lse[i] <= float(expected[1]) * 1.001 + 1e-290
            tau = found.tau[i][head.allowed[i]]
            assert np.allclose(tau, [float(x) for x in expected[2]], rtol=1e-4)
    assert compared > 8
