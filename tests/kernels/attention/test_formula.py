"""The page and the code say the same: BOUND.md sections 2 to 4, transcribed number by number."""

from dataclasses import replace

import numpy as np
import pytest
from mpmath import exp, expm1, log, mp, mpf

from hardmax.kernels.attention.arithmetic import Arithmetic
from hardmax.kernels.attention.bound import forward_bound
from hardmax.kernels.attention.gradients import gradients
from hardmax.kernels.attention.problem import FORMATS, rounded
from hardmax.kernels.attention.truth.balls import ball_rows, enclosure_of
from hardmax.kernels.attention.truth.floats import enclose

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
    normal = max(tiny, mpf(how.dtype.tiny if s else 0))
    scale, c = abs(mpf(head.scale)), head.softcap
    unit = mpf(c or 0)
    e = []
    for j, t_j in zip(keys, t, strict=True):
        q, k = ([mpf(float(x)) for x in y] for y in (head.q[i], head.k[j]))
        size = sum((abs(x * y) for x, y in zip(q, k, strict=True)), mpf(0))
        b = mpf(0) if head.bias is None else mpf(float(head.bias[i, j]))
        growth = expm1((D + 9 + 2 * wide) * a + s * u)
        zeta = (1 + growth) * lost_s * (1 + unit + scale) * (2 * D + 4 + sum(map(abs, q)) + sum(map(abs, k)))
        if scale < 2 * normal * max(1, unit):
            zeta += (1 + growth) * 2 * lost_s * size * max(1, unit)
        if c is None:
            e.append(growth * (scale * size + abs(b)) + zeta)
            continue
        first = min(mpf(2 * c), growth * (scale * size + (abs(b) if head.bias_first else 0)) + zeta)
        capped = min(abs(t_j) if head.bias_first else abs(t_j) + abs(b), mpf(c))
        second = first + expm1(2 * how.tanh_ulps * a + 5 * a + s * u) * (capped + first) + 4 * (1 + c) * lost_s
        e.append(second + expm1(4 * a + s * u) * (capped + second + (0 if head.bias_first else abs(b))) + 2 * lost_s)
    top = max(x + y for x, y in zip(t, e, strict=True))
    least_top = max(x - y for x, y in zip(t, e, strict=True))
    h = [top - x + y + 2 * mpf(how.lag) for x, y in zip(t, e, strict=True)]
    shift_size = [max(abs(x) + y + mpf(how.lag), abs(top), abs(least_top)) for x, y in zip(t, e, strict=True)]
    g = [a * x for x in shift_size]
    argument, one_exp = expm1(3 * a + min(s, 2) * u), 2 * E * a / (1 - 2 * mpf(E) * a)
    tau = [y + z + argument * (x + z) + N * one_exp for x, y, z in zip(h, e, g, strict=True)]
    alpha, beta = (n + N + 3 + wide) * a + (2 * u if s else 0), (n + N + 1) * a
    kappa = u if how.cast else 0
    lead = [g[j] for j in range(n) if t[j] + e[j] >= least_top]
    below = above = mpf(0)
    if how.shift_rounded or how.lag:
        rest = N * (one_exp + a) + a + kappa + (2 * u if s else 0)
        below = (1 + argument) * max(lead) + 2 * argument * how.lag + rest
        above = (1 + argument) * (max(g) + how.lag) + rest
    w += tiny * expm1(above)
    if how.split_keys:
        logarithm = exp(8 * a) * a * (2 * E + 4) * (1 + log(n) + above)
        for j in range(n):
            far = expm1(6 * a) * (shift_size[j] + log(n)) + logarithm
            tau[j] += far + argument * (h[j] + log(n) + far) + one_exp + 2 * a
        alpha += exp(8 * a) * a * (6 * (abs(lse) + log(n)) + (2 * E + 4) * (1 + log(n) + above) + 8)
    more = log(sum(exp(x + y) for x, y in zip(log_p, tau, strict=True)))
    rho = more + beta + (2 * u if s else 0) + (u if how.cast_sum else 0)
    rho += exp(below + beta) * (mpf("1.01") * w * n + (n + N) * tiny)
    size = abs(lse) + log(n) + above + rho
    W_lse = rho + exp(8 * a) * a * (6 * size + (2 * E + 3) * (log(n) + above) + 12) + 4 * tiny
    if how.split_keys:
        W_lse += exp(8 * a) * a * (6 * size + (2 * E + 4) * (1 + log(n) + above) + 8)
    if how.normalised_by_lse:
        alpha += W_lse + more + 3 * a * abs(lse) + argument * (log(n) + W_lse)
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
        lost = mpf("1.01") * w * (sum(map(abs, v)) + n * (abs(o_d) + W1))
        lost += ((7 if how.split_keys else 3) * n + 2 * N + 8) * tiny * (1 + abs(o_d) + W1)
        lost *= exp(below + alpha + kappa)
        W0 = W1 + lost
        result.append(W0 + u * (abs(o_d) + W0) + eta + flushed)
        rounding = exp(beta) * expm1(alpha + kappa) * M(0) + (expm1(beta) + u) * abs(o_d) + eta + flushed
        clipped.append(F(0)[0] > F(0)[1] or min(F(0)) + lost >= F(0)[1] + rounding or alpha + kappa >= log(2))
    return result, W_lse, tau, clipped


@pytest.mark.parametrize("dtype", list(FORMATS))
@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(o) or "default")
def test_the_code_is_the_formula_rounded_outwards(options, dtype):
    how = replace(Arithmetic.of(dtype), **options)
    if "s" in options and dtype == "float64":
        how = replace(Arithmetic.of(dtype, "float32"), **options)
    compared = 0
    for number, family in enumerate(("plain", "bias", "bias", "masked", "bias", "mean_v", "outlier")):
        head = inputs.problem(np.random.default_rng([number, 13]), family, dtype, softcap=number % 3 != 0).head(0, 0)
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


def gradient_formula(head, how, known, found, dO):
    """W of dQ, dK, dV by section 4 of the page, one head, in float64 sums written out one by one."""
    a, u, s, ω = how.accumulation.u, how.dtype.u, how.s, how.accumulation.tiny
    η = how.dtype.tiny if how.flushes else how.dtype.eta / 2
    ε, c1, c2 = int(s > 0), int(how.cast or s > 0), how.cast + s
    w, scale, (R, L), Dv = ω + (η if c1 else 0), abs(head.scale), head.allowed.shape, head.v.shape[1]
    w0 = ω + (η if s else 0)
    P, o = np.where(head.allowed, np.exp(known.log_p), 0.0), known.o
    E_dq, E_dk, E_dv = np.zeros_like(head.q), np.zeros_like(head.k), np.zeros_like(head.v)
    dq, dk, dv = np.zeros_like(head.q), np.zeros_like(head.k), np.zeros_like(head.v)
    for i in range(R):
        keys = np.flatnonzero(head.allowed[i])
        n, N = len(keys), min(len(keys), -(-head.length // how.block))
        argument = np.expm1(3 * a + min(s, 2) * u)
        delta, size = dO[i] @ o[i], np.abs(dO[i])
        pi, E_P, dP = np.zeros(L), np.zeros(L), head.v @ dO[i]
        for j in keys:
            pi[j] = np.expm1(
                found.tau[i, j]
                + found.lse[i]
                + 3 * a * abs(known.lse[i])
                + argument * (np.log(n) + found.lse[i])
                + 8 * a
            )
            E = np.expm1((Dv + 1) * a) * (size @ np.abs(head.v[j])) + ω * (
                2 * Dv + size.sum() + np.abs(head.v[j]).sum()
            )
            E_P[j] = E + c1 * (u * (abs(dP[j]) + E) + η)
        out = np.abs(o[i]) + found.W[i]
        from_out = size @ found.W[i] + np.expm1((Dv + 1) * a + 2 * ε * u) * (size @ out)
        from_out += ω * (2 * Dv + size.sum() + out.sum()) + ε * (Dv + 1) * η
        growth = np.expm1((2 * n + N + 6) * a + how.cast * u + 5 * ε * u)
        from_P = 2 * n * ω + ε * (n + 1) * η
        for j in keys:
            own = P[i, j] * (1 + pi[j])
            from_P += P[i, j] * pi[j] * abs(dP[j] - delta) + own * E_P[j] + (growth * own + w) * (abs(dP[j]) + E_P[j])
        E_D, lost = max(from_out, from_P), max(1, scale) * (4 * ω + c2 * η)
        for j in keys:
            x, own = abs(dP[j] - delta), P[i, j] * (1 + pi[j])
            dS = P[i, j] * (dP[j] - delta)
            E_S = P[i, j] * pi[j] * x + own * (E_P[j] + E_D) + w * (x + E_P[j] + E_D) + 4 * ω
            E_S = np.exp(4 * a + c2 * u) * E_S + np.expm1(4 * a + c2 * u) * abs(dS)
            for E, value, terms, other, mine, far in (
                (E_dq, dq, n + 6, head.k, i, j),
                (E_dk, dk, R + 6, head.q, j, i),
            ):
                grown = np.exp(terms * a + s * u)
                value[mine] += head.scale * dS * other[far]
                E[mine] += scale * (grown * E_S + (grown - 1) * abs(dS)) * np.abs(other[far])
                E[mine] += lost * np.abs(other[far]) + max(1, scale) * (2 * ω + w0 * (abs(dS) + E_S))
            dv[j] += P[i, j] * dO[i]
            E_dv[j] += P[i, j] * (pi[j] + (1 + pi[j]) * np.expm1((R + 1) * a + c1 * u)) * size
            E_dv[j] += (ω + c1 * η) * size + ω * (2 + P[i, j] * size)
    flushed = 0 if how.dtype.name == "float16" else how.dtype.tiny
    last = np.expm1((1 + s) * u)
    return [
        E + last * (np.abs(x) + E) + (1 + s) * max(1, f) * η + 4 * ω + η + flushed
        for E, x, f in ((E_dq, dq, scale), (E_dk, dk, scale), (E_dv, dv, 1))
    ]


@pytest.mark.parametrize("dtype", list(FORMATS))
@pytest.mark.parametrize("options", [{}, {"s": 4}, {"cast": False}, {"flushes": True, "cast_sum": True}])
def test_the_bound_of_gradients_is_the_formula(options, dtype):
    how = replace(Arithmetic.of(dtype), **options)
    compared = 0
    for number, family in enumerate(("plain", "peaked", "mean_v", "outlier", "subnormal", "masked", "cancelling")):
        rng = np.random.default_rng([number, 17])
        problem = inputs.problem(rng, family, dtype)
        head = problem.head(0, 0)
        if (head.n == 0).any():
            continue
        size = 2.0 ** rng.integers(-12, 8)
        dO = rounded(size * rng.standard_normal((*problem.q.shape[:3], problem.v.shape[3])), dtype)
        known = enclose(head)
        expected = gradient_formula(head, how, known, forward_bound(head, how, known), dO[0, 0])
        found = gradients(problem, how, dO)
        for name, E in zip(("dq", "dk", "dv"), expected, strict=True):
            W = found[name].W[0, 0]
            W = W if name == "dq" else W[head.seen]
            sound = np.isfinite(W)
            # what the page adds for each key it adds for each sum, and the other way round: a few least numbers
            more = 1.05 if dtype == "float64" else 1.0001  # there the enclosure is about as wide as its kernels' errors
            assert (W[sound] <= E[sound] * more + 64 * how.accumulation.tiny * (1 + abs(head.scale)) + 2.0**-999).all()
            assert (W[sound] >= E[sound] * 0.9999 - 64 * how.accumulation.tiny * (1 + abs(head.scale))).all()
            compared += sound.sum()
    assert compared > 100
