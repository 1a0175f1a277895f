"""The judge on a kernel that errs as far as the derived bounds let it, and on one that errs a little farther."""

import random
from fractions import Fraction

import numpy as np
import pytest

from hardmax.kernels.bounds import judge
from hardmax.kernels.bounds.exact_scores import exact_scores
from hardmax.kernels.bounds.half import HALVES, followed, token_error
from hardmax.kernels.bounds.judge import ExactLayer, beyond, judged, up
from hardmax.kernels.bounds.rounding import decision_bound, layer_error
from hardmax.kernels.exact.configuration import Configuration
from hardmax.kernels.exact.dynamics import Dynamics
from hardmax.kernels.protocol import stored

ALMOST = Fraction(99, 100)
UNBOUNDED = 1e6
"""Where the kernel moves a coordinate that no bound holds for."""
DTYPES = ("float64", "float32", "float16", "bfloat16")


class Adversary:
    """A layer by a right kernel at its worst: every score off by up to B_i, every coordinate by up to E⁺.

    Tokens are on a small lattice (exact ties), some moved by less than the bound (near-ties), in units of 1 or 1/3
    (E = 0 or not), with an A that the dtype can hold or not.
    """

    def __init__(self, rng, farther=False):
        self.dtype = rng.choice(DTYPES)
        self.ties = rng.choice(("all", "first", "any"))
        n, d, unit = rng.randint(2, 12), rng.randint(1, 3), Fraction(1, rng.choice((1, 3)))
        rows = [[unit * rng.randint(-3, 3) for _ in range(d)] for _ in range(n)]
        for row in rows:
            if rng.random() < 0.3:
                row[0] += Fraction(rng.randint(-2, 2), 1 << rng.choice((7, 10, 23, 52)))
        entries = (0, 1, 2, -1, Fraction(1, 3))
        A = [[rng.choice(entries) for _ in range(d)] for _ in range(d)] if rng.random() < 0.7 else None
        configuration = Configuration(rows, A, alpha=rng.choice((Fraction(1, 8), Fraction(1), Fraction(7, 3))))
        dynamics = Dynamics(configuration)
        self.exact = ExactLayer(dynamics, dynamics.first, self.ties)
        self.tokens, self.A = (
            stored(np.array([[float(v) for v in row] for row in m]), self.dtype) for m in (rows, configuration.A)
        )
        E = [max(map(abs, c)) for c in zip(*self.differences(self.tokens, rows), strict=True)]
        H = [[abs(h) for h in row] for row in self.differences(self.A, configuration.A)]
        self.error = np.array([up(e) for e in E]) if any(E) else None
        self.form_error = H if any(map(any, H)) else None
        self.sets = tuple(self.choice(rng, i, E, H) for i in range(n))
        self.after = np.array([self.moved(rng, i, farther) for i in range(n)])

    @staticmethod
    def differences(floats, exact):
        return [
            [Fraction(v) - z for v, z in zip(*rows, strict=True)] for rows in zip(floats.tolist(), exact, strict=True)
        ]

    def choice(self, rng, i, E, H):
        """The maximisers of scores that are each off by at most B_i."""
        exact, C = self.exact, self.exact.sets[i]
        configuration = exact.dynamics.configuration
        seen = self.error is None and self.form_error is None
        if not (seen and exact_scores(exact.tokens, configuration.A, self.dtype)[i]):
            R = [max(abs(Fraction(v)) for v in c) + e for c, e in zip(self.tokens.T.tolist(), E, strict=True)]
            shift = sum(R[b] * H[b][c] * R[c] for b in range(len(R)) for c in range(len(R)))
            error = None if self.error is None else self.error[None]
            bound = float(decision_bound(self.tokens[None], self.A, error, self.dtype)[0, i])
            B = ALMOST * (Fraction(bound) / 2 + shift) if np.isfinite(bound) else Fraction(10**9)
            scores = exact.scores(i)
            level = max(scores) - B
            may = [j for j, s in enumerate(scores) if s + B >= level]
            C = tuple(sorted(rng.sample(may, rng.randint(1, len(may)))))
        return C if self.ties == "all" else C[:1] if self.ties == "first" else (rng.choice(C),)

    def moved(self, rng, i, farther):
        S, tokens = self.sets[i], self.exact.tokens
        rate = self.exact.dynamics.configuration.step.rate(0)
        m = max(len(S), *map(len, self.exact.expected)) if farther else len(S)
        if self.dtype in HALVES and self.error is None:
            reach = token_error(*followed(self.tokens, [S], [i]), float(rate / (1 - rate)), self.dtype)
        else:
            error = None if self.error is None else self.error[None]
            reach = layer_error(self.tokens[None], m, 1.0, error, self.dtype)
        result = []
        for c, allowed in enumerate(reach[0].tolist()):
            mean = sum((tokens[j][c] for j in S), Fraction(0)) / len(S)
            target = tokens[i][c] + rate * (mean - tokens[i][c])
            if not np.isfinite(allowed):
                result.append(UNBOUNDED)
                continue
            off = rng.choice((-1, 1)) * Fraction(allowed)
            value, end = float(target + off), Fraction(allowed)
            if (abs(Fraction(value) - target) > end) != farther:  # the last float on this side of the bound
                value = float(np.nextafter(value, float(target) if not farther else np.inf * float(np.sign(off))))
            result.append(value)
        return result

    def judged(self, told=None):
        return list(
            judged(
                self.exact,
                self.tokens,
                self.A,
                self.after,
                self.dtype,
                error=self.error,
                form_error=self.form_error,
                told=told,
            )
        )


def verdicts(count, seed=0):
    """Of `count` right kernels, their sets told or not: how many decisions rounding hides, and whether one is wrong."""
    rng = random.Random(seed)
    for _ in range(count):
        kernel = Adversary(rng)
        for told in (None, kernel.sets):
            found = kernel.judged(told)
            yield len(found), any(one.wrong for one in found)


def test_a_right_kernel_is_never_called_wrong():
    hidden, wrong = zip(*verdicts(300), strict=True)
    assert not any(wrong)
    assert sum(hidden) > 300  # it was not spared


@pytest.mark.deep
def test_five_thousand_right_kernels():
    assert not any(wrong for _, wrong in verdicts(5000, seed=1))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("decision_bound", lambda *a: decision_bound(*a) * 0.9),
        ("layer_error", lambda *a: layer_error(*a) * 0.9),
        ("layer_error", lambda tokens, m, *a: layer_error(tokens, 1, *a)),
        ("_form_bound", lambda *a: 0.0),
        ("exact_scores", lambda tokens, A, dtype: (True,) * len(tokens)),
        ("beyond", lambda after, target, tolerance: beyond(after, target, tolerance * 0.9)),
    ],
)
def test_a_judge_a_little_stricter_blames_it(monkeypatch, name, change):
    monkeypatch.setattr(judge, name, change)
    assert any(wrong for _, wrong in verdicts(400))


def test_a_little_farther_is_wrong():
    """Values just beyond E⁺ are noticed where the sets are told; so is a token just beyond 2B_i among them."""
    rng = random.Random(2)
    finite = 0
    for _ in range(200):
        kernel = Adversary(rng, farther=True)
        if (kernel.after == UNBOUNDED).any():
            continue
        finite += 1
        found = {one.token: one for one in kernel.judged(kernel.sets)}
        assert all(found[i].wrong for i in range(len(kernel.after)))
    assert finite > 50


@pytest.mark.parametrize("told", [(), (0, 5), (1, 2)])
def test_sets_that_no_right_kernel_tells(told):
    """No token at all, one beyond the bound, and one more than the rule "any" allows."""
    rows = [[1, 0], [2, 1], [2, -1], [0, 1], [0, -1], [1, 1]]
    dynamics = Dynamics(Configuration(rows))
    exact = ExactLayer(dynamics, dynamics.first, "any")
    assert exact.sets[0] == (1, 2)
    after = np.array(exact.next_tokens, dtype=np.float64)
    tokens, A = np.array(rows, dtype=np.float64), np.eye(2)
    assert not list(judged(exact, tokens, A, after, "float64", told=exact.expected))
    (found,) = judged(exact, tokens, A, after, "float64", told=(told, *exact.expected[1:]))
    assert (found.token, found.wrong) == (0, True)


def test_the_comparison_with_the_tolerance_is_exact():
    third = Fraction(1, 3)
    near = float(third)
    for v in (near, np.nextafter(near, 1), np.nextafter(near, 0)):
        gap = abs(Fraction(float(v)) - third)
        below = np.nextafter(float(gap), 0.0)
        for tolerance in (up(gap), below):
            far = beyond(np.array([[v]]), [[third]], np.array([tolerance]))
            assert far == ([0] if Fraction(float(tolerance)) < gap else [])
    assert beyond(np.array([[np.nan]]), [[third]], np.array([1.0])) == [0]
    assert beyond(np.array([[np.nan]]), [[third]], np.array([np.inf])) == []
