"""Hard attention in exact rationals."""

from fractions import Fraction

import numpy as np
import pytest

from hardmax.kernels.attention.problem import Problem, rounded
from hardmax.kernels.attention.protocol import declare_attention
from hardmax.kernels.attention.truth.hard import hard_rows
from hardmax.kernels.attention.verdict import judge
from hardmax.kernels.errors import InputError


def hard(problem, first=False, drop=False):
    """Hard attention in float64 on integers, where every score is exact."""
    out = np.zeros((*problem.q.shape[:3], problem.v.shape[3]))
    for b, h in problem.heads():
        head = problem.head(b, h)
        t = np.where(head.allowed, head.q @ head.k.T * np.sign(head.scale), -np.inf)
        lead = t == t.max(axis=1, keepdims=True)
        if first or drop:
            lead &= np.cumsum(lead, axis=1) == 1
        out[b, h] = (lead @ head.v) / lead.sum(axis=1, keepdims=True)
    return rounded(out, problem.dtype)


def integers(seed, **options):
    rng = np.random.default_rng(seed)
    q, k = (rng.integers(-2, 3, (1, 1, n, 4)).astype(float) for n in (9, 12))
    return Problem(q, k, rounded(rng.standard_normal((1, 1, 12, 3)), "float32"), scale=1.0, **options)


@pytest.mark.parametrize("first", [False, True])
def test_a_right_hard_kernel_passes_and_one_with_the_other_rule_fails(first):
    kernel = declare_attention(lambda q, k, v: v, name="hard", hard="first" if first else True)
    failed = 0
    for seed in range(6):
        problem = integers(seed, causal=bool(seed % 2))
        assert judge(kernel, problem, hard(problem, first)).verdict == "pass"
        other = hard(problem, not first)
        ties = np.abs(other - hard(problem, first)).max() > 1e-3
        assert (judge(kernel, problem, other).verdict == "fail") == ties
        failed += ties
    assert failed >= 4


def test_ties_that_rounding_may_break_are_fragile_and_other_keys_beyond():
    q = np.full((1, 1, 1, 2), 1.0)
    x = rounded(np.array([0.1, 0.3]), "float32")
    k = np.stack([x, x[::-1], [0.0, 0.0]])[None, None]
    v = np.array([[[[1.0], [3.0], [100.0]]]])
    problem = Problem(q, k, v, scale=0.3)
    kernel = declare_attention(lambda q, k, v: v, name="hard", hard=True)
    assert hard_rows(problem.head(0, 0))[0] == ([0, 1], [Fraction(2)])
    for value, verdict in ((2.0, "fragile"), (1.0, "fragile"), (3.0, "fragile"), (3.01, "fail"), (100.0, "fail")):
        assert judge(kernel, problem, np.full((1, 1, 1, 1), value)).verdict == verdict


def test_irrational_scales_are_compared_exactly():
    """s/√2 + b: 1/√2 against 0.7071067811865475 and …476, its neighbours in float64."""
    q, k, v = np.array([[[[1.0, 0.0]]]]), np.array([[[[1.0, 0.0], [0.0, 0.0]]]]), np.array([[[[1.0], [2.0]]]])
    below = 2**-0.5 if Fraction(2**-0.5) ** 2 < Fraction(1, 2) else np.nextafter(2**-0.5, 0)
    for bias, leader in ((below, 0), (np.nextafter(below, 1), 1)):
        problem = Problem(q, k, v, "float64", bias=np.array([[0.0, bias]]))
        assert hard_rows(problem.head(0, 0))[0].maximisers == [leader]
        negative = Problem(q, -k, v, "float64", bias=np.array([[0.0, -bias]]))
        assert hard_rows(negative.head(0, 0))[0].maximisers == [1 - leader]


def test_a_bias_after_a_softcap_is_refused():
    x = np.zeros((1, 1, 2, 2))
    with pytest.raises(InputError, match="compared exactly"):
        hard_rows(Problem(x, x, x, softcap=1.0, bias=np.zeros((2, 2))).head(0, 0))
