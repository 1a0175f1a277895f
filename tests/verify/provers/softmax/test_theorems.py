"""The theorems of SOFTMAX.md against 150 digits of mpmath: orbits that would break them, bounds that cannot shrink."""

import random
from fractions import Fraction as Q
from itertools import islice, pairwise

import mpmath
import pytest
from mpmath import mpf

from hardmax.kernels import Configuration
from hardmax.kernels.softmax.enclosure import largest, spread
from hardmax.kernels.softmax.model import Softmax
from hardmax.verify.provers.freeze.budget import Budget, Work
from hardmax.verify.provers.freeze.outcome import Enclosed
from hardmax.verify.provers.softmax.consensus import enough
from hardmax.verify.provers.softmax.evidence import HALVINGS
from hardmax.verify.provers.softmax.growing import GapSizes
from hardmax.verify.provers.softmax.prover import decide

from ....kernels.softmax.plain import DIGITS, distance, number, plain_layers, random_configuration, weights


def proved(c):
    return decide(c, Work(Budget()))


def size(Z):
    return max(max(column) - min(column) for column in zip(*Z, strict=True))


def far(x, y):
    return max(abs(a - b) for a, b in zip(x, y, strict=True))


# S1


@pytest.mark.parametrize("seed", range(40))
def test_s1_is_an_identity(seed):
    """Σ p_j v_j − μ = ρ/(1+ρ) (μ' − μ), with ties in C and weights."""
    r = random.Random(seed)
    n, beta = r.randint(2, 7), mpf(r.randint(0, 40)) / 4
    s = [r.randint(0, 3) for _ in range(n)]
    w, v = [r.randint(1, 3) for _ in range(n)], [mpf(r.randint(-9, 9)) for _ in range(n)]
    with mpmath.workdps(40):
        top, e = max(s), [x * mpmath.exp(beta * y) for x, y in zip(w, s, strict=True)]
        C, rest = [j for j in range(n) if s[j] == top], [j for j in range(n) if s[j] != top]
        mu, total = mpf(sum(w[j] * v[j] for j in C)) / sum(w[j] for j in C), sum(e)
        rho = sum(w[j] * mpmath.exp(-beta * (top - s[j])) for j in rest) / sum(w[j] for j in C)
        other = sum(e[j] * v[j] for j in rest) / sum(e[j] for j in rest) if rest else mu
        left = sum(x * y for x, y in zip(e, v, strict=True)) / total - mu
        assert abs(left - rho / (1 + rho) * (other - mu)) < mpf(10) ** -35
        assert abs(left) <= rho / (1 + rho) * max((abs(v[j] - mu) for j in rest), default=0) + mpf(10) ** -35


# S2


@pytest.mark.parametrize("seed", range(25))
def test_s2_contracts(seed):
    c = random_configuration(seed, growing=seed % 2 == 0)
    a = number(c.model.norm)
    with mpmath.workdps(DIGITS):
        for k, (Z, after) in enumerate(pairwise(plain_layers(c, 10))):
            R = max(abs(x) for row in Z for x in row)
            q = 1 - number(c.step.rate(k)) * mpmath.exp(-number(c.model.beta_at(k)) * a * R * size(Z))
            assert size(after) <= q * size(Z) * (1 + mpf(10) ** -100)


@pytest.mark.parametrize("seed", range(12))
def test_s2_says_where_the_limit_is_and_after_how_many_layers(seed):
    c = random_configuration(seed, betas=(Q(1, 2), 1, 2))
    outcome = proved(c)
    assert isinstance(outcome, Enclosed)
    found = outcome.evidence.consensus
    bound = enough(c.tokens, c.model, c.step.rate(0))
    assert bound is not None
    assert found.needed is not None
    assert found.needed <= bound
    with mpmath.workdps(60):
        run = list(plain_layers(c, found.needed + 1))
        goal = number(spread(c.tokens)) / 2**HALVINGS
        assert size(run[found.needed]) <= goal
        assert found.needed == 0 or size(run[found.needed - 1]) > goal


def test_s2_with_a_growing_beta_needs_its_condition():
    """g < s, one cluster, rows (w_1, …, w_n)/W; the same with g > s has two clusters."""
    tokens, A = [[1], [Q(11, 10)]], [[1]]
    one = proved(Configuration(tokens, Softmax(A, 1, Q(1, 4), Q(3, 2))))
    assert one.evidence.consensus is not None
    assert one.radius < Q(1, 2)
    two = proved(Configuration([[1], [-1]], Softmax(A, 1, 1, 4)))
    assert two.evidence.growing is not None
    assert len(set(two.limits)) == 2
    open_still = proved(Configuration([[1], [-1]], Softmax(A, 1, 1, Q(3, 2))))
    assert "no theorem is known for a growth of 3/2" in open_still.reason


# S3


def test_s3_bounds_what_errors_of_the_tokens_do_and_no_tenth_of_it_would():
    worst = mpf(0)
    with mpmath.workdps(60):
        for seed in range(30):
            r, c = random.Random(seed), random_configuration(seed, betas=(1, 4, 16))
            rate, beta, a = number(c.step.rate(0)), number(c.model.beta), number(c.model.norm)
            A = [[number(v) for v in row] for row in c.A]
            Z = [[number(v) for v in row] for row in c.tokens]
            d = range(c.d)
            images = [[sum(A[x][y] * z[y] for y in d) for x in d] for z in Z]
            h = max(sum(abs(x - y) for x, y in zip(p, q, strict=True)) for p in images for q in images)
            b = max(sum(abs(sum(z[x] * A[x][y] for x in d)) for y in d) for z in Z)
            rho = mpf(2) ** -40
            tau = beta * rho * (h + b + a * rho)
            P, after = weights(c, Z, 0), next(islice(plain_layers(c, 2), 1, None))
            means = [[sum(p * z[x] for p, z in zip(row, Z, strict=True)) for x in d] for row in P]
            V = [
                [sum(p * abs(z[x] - m[x]) for p, z in zip(row, Z, strict=True)) for x in d]
                for row, m in zip(P, means, strict=True)
            ]
            for _ in range(8):
                moved = [[x + rho * r.choice([-1, 1]) for x in z] for z in Z]
                Q_ = weights(c, moved, 0)
                for i in range(c.n):
                    for x in d:
                        now = (1 - rate) * moved[i][x] + rate * sum(p * z[x] for p, z in zip(Q_[i], moved, strict=True))
                        bound = rho + rate * tau * V[i][x] * 17 / 16
                        assert abs(now - after[i][x]) <= bound * (1 + mpf(10) ** -9)
                        worst = max(
                            worst, (abs(now - after[i][x]) - rho) / (bound - rho) if V[i][x] > 0 and tau > 0 else mpf(0)
                        )
    assert worst > mpf(1) / 10, worst


# S4


@pytest.mark.parametrize("seed", range(25))
def test_s4_keeps_clusters_where_they_are(seed):
    c = random_configuration(seed, betas=(8, 16, 32))
    found = proved(c).evidence.metastable
    if found is None:
        return
    layers = min(found.layers, 25)
    with mpmath.workdps(80):
        run = list(plain_layers(c, found.layer + layers + 1))
        start = run[found.layer]
        for Z in run[found.layer :]:
            for i, z in enumerate(Z):
                own = [start[j] for j in range(c.n) if found.clusters[j] == found.clusters[i]]
                for x, column in zip(z, zip(*own, strict=True), strict=True):
                    assert min(column) - number(found.delta) <= x <= max(column) + number(found.delta)


def test_s4_is_exponential_in_beta():
    tokens = [(1, 0), (Q(9, 10), Q(1, 20)), (-1, 0), (0, 1)]
    many = [
        proved(Configuration(tokens, Softmax([[1, 0], [0, 1]], Q(1, 2), b))).evidence.metastable for b in (8, 16, 32)
    ]
    assert [len({*m.clusters}) for m in many] == [3, 3, 3]
    logs = [float(mpmath.log(m.layers)) for m in many]
    assert 0 < 2 * logs[0] < logs[1]
    assert 2 * logs[1] < logs[2]


# S5


@pytest.mark.parametrize("seed", range(20))
def test_s5_orbits_do_what_the_certificate_says(seed):
    c = random_configuration(seed, growing=True)
    outcome = proved(c)
    if not isinstance(outcome, Enclosed) or outcome.evidence.growing is None:
        assert not c.is_distinct or c.model.growth < 2 * (1 + c.alpha)
        return
    found = outcome.evidence.growing
    s, K, f = number(1 + c.alpha), found.layer, found.follows
    with mpmath.workdps(DIGITS):
        run = list(plain_layers(c, K + 12))
        eta = number(found.eta)
        for m, Z in enumerate(run[K:]):
            for i, z in enumerate(Z):
                start = [a - b for a, b in zip(run[K][i], run[K][f[i]], strict=True)]
                now = [s**m * (a - b) for a, b in zip(z, Z[f[i]], strict=True)]
                assert far(start, now) <= eta
                assert f[i] != i or far(z, run[K][i]) <= eta / (2 * s)
        last = run[-1]
        for i in range(c.n):
            assert distance(last[f[i]], outcome.limits[i]) <= number(outcome.radius) * (1 + mpf(10) ** -9)
        P = weights(c, last, K + 11)
        assert all(P[i][f[i]] > 1 - mpf(10) ** -6 for i in range(c.n))


def test_s5_is_needed_as_it_is():
    """With S a thousand times smaller the certificate closes too early: leaders move further than it says."""
    broken = 0
    for seed in range(40):
        c = random_configuration(seed, growing=True, n=4)
        with mpmath.workdps(80):
            run = list(plain_layers(c, 30))
            for K in range(6):
                early = closes_early(c, run[K], K)
                if early is None:
                    continue
                f, eta = early
                s = number(1 + c.alpha)
                broken += any(far(Z[i], run[K][i]) > number(eta) / (2 * s) for Z in run[K:] for i in f)
                break
    assert broken > 3


def closes_early(c, Z, K):
    """Leaders and η of a certificate whose S is a thousand times too small, None if it does not close at this layer."""
    exact = [[Q(int(x * 2**100), 2**100) for x in row] for row in Z]
    scores = [
        [sum(x * a * y for x, row in zip(p, c.A, strict=True) for a, y in zip(row, q, strict=True)) for q in exact]
        for p in exact
    ]
    f = [row.index(max(row)) for row in scores]
    if any(f[i] != i for i in f):
        return None
    n, w = range(c.n), c.multiplicities
    inner = [scores[i][f[i]] - scores[i][j] for i in n for j in n if f[i] == f[j] != j]
    outer = [scores[i][f[i]] - scores[i][j] for i in n for j in n if f[i] != f[j]]
    own = {i: sum(w[j] for j in n if f[j] == i != j) for i in f}
    E = max(abs(x - y) for i in n for x, y in zip(exact[i], exact[f[i]], strict=True))
    sizes = GapSizes(
        c.model.norm,
        c.model.beta_at(K),
        c.alpha,
        c.model.growth,
        largest(exact),
        spread(exact),
        E,
        min(inner, default=None),
        min(outer, default=None),
        max(Q(own[i], w[i]) for i in f),
        max(Q(sum(w) - own[i] - w[i], w[i]) for i in f),
    )
    eta = Q(0)
    for _ in range(40):
        S = sizes.total(eta)
        if S is None:
            return None
        if S / 1000 <= eta:
            return {*f}, eta
        eta = S / 1000 * Q(9, 8)
    return None


# S6


@pytest.mark.parametrize("second", [1, 0, -1])
def test_s6_two_tokens(second):
    alpha = Q(1, 2)
    c = Configuration([(1, Q(1, 3)), (1, Q(-1, 3))], Softmax([[1, 0], [0, second]], alpha, 1, (1 + alpha) ** 2))
    with mpmath.workdps(100):
        U = mpf(1) / 9
        for k, Z in enumerate(plain_layers(c, 40)):
            P, t = weights(c, Z, k), mpmath.tanh(second * U)
            assert abs(Z[0][0] - 1) < mpf(10) ** -80
            assert abs(P[0][0] - (1 + t) / 2) < mpf(10) ** -60
            U = U * (1 + mpf(1) / 2 * t) ** 2
    assert (P[0][0] > 1 - mpf(10) ** -9) == (second > 0)
    assert abs(P[0][0] - mpf(1) / 2) < mpf(1) / 20 or second > 0
