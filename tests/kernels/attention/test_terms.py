"""No term of W can be left out: for each there is a right kernel that W without it would blame."""

from dataclasses import replace

import numpy as np
import pytest

from hardmax.kernels.attention import bound as bound_module
from hardmax.kernels.attention.arithmetic import Arithmetic
from hardmax.kernels.attention.bound import forward_bound
from hardmax.kernels.attention.problem import FORMATS, Problem, rounded
from hardmax.kernels.attention.truth.floats import enclose

from . import bank

U = 2.0**-24


def one_row(t, v, dtype="float32", **options):
    """A problem of one coordinate whose scores are t (numbers of the dtype) and whose values are v."""
    k = np.asarray(t, dtype=float)[None, None, :, None]
    v = np.asarray(v, dtype=float)[None, None, :, None]
    return Problem(np.ones((1, 1, 1, 1)), k, v, dtype, **({"scale": 1.0} | options))


def worst(plan, problem, how):
    """The largest error over W of what the plan returns."""
    out, _ = bank.run(plan, problem)
    head = problem.head(0, 0)
    known = enclose(head)
    found = forward_bound(head, how, known)
    assert np.isfinite(found.W).all()
    error = np.abs(out[0, 0] - known.o) - known.o_error
    return float((error / found.W).max())


def rounding_up(values, dtype):
    """+1 where rounding to the dtype increases a value, −1 where it decreases it."""
    return np.where(rounded(values, dtype) > values, 1.0, -1.0)


NEAR = rounded(np.linspace(7.7, 8.1, 24), "bfloat16")
WEIGHED = rounded(np.linspace(-1, 0, 64), "bfloat16")

# name: (plan, problem, what the kernel declares besides, what W then lacks)
CASES = {
    "exp": (
        bank.Plan(exp_off=2800),
        one_row([0.0, -1.0, -1.0], [0.0, 1.0, -1.0]),
        {"exp_ulps": 4096},
        {"exp_ulps": 2.0},
    ),
    "rescales": (
        bank.Plan(exp_off=2800, block=1),
        one_row(np.arange(60) / 64, np.where(np.arange(60) < 20, 1.0, -1.0)),
        {"exp_ulps": 4096},
        {"block": 10**6},
    ),
    "dot product": (  # 1 + 1.02u + 1.02u + …: every addition rounds up by nearly u
        bank.Plan(),
        Problem(
            np.ones((1, 1, 1, 3000)),
            np.stack([np.where(np.arange(3000) == 0, 1.0, rounded(1.02 * U, "float32")), np.zeros(3000)])[None, None],
            np.array([[[[1.0], [-1.0]]]]),
            scale=1.0,
        ),
        {},
        {"roundings": -3000},
    ),
    "cast": (
        bank.Plan(cast="v"),
        one_row(WEIGHED, 64 * rounding_up(np.exp(WEIGHED), "bfloat16"), "bfloat16"),
        {},
        {"cast": False},
    ),
    "lost weight": (  # e^-18 is below half of the least float16
        bank.Plan(cast="v"),
        one_row([0.0, -18.0], [0.0, 60000.0], "float16"),
        {},
        {"lost_weight": 0.0},
    ),
    "flushed weight": (bank.Plan(flush=True), one_row([0.0, -88.0], [0.0, 2.0**100]), {}, {"lost_weight": 0.0}),
    "lost score": (  # products below the normal range, then a huge scale
        bank.Plan(flush=True),
        Problem(
            np.full((1, 1, 1, 2), 2.0**-70),
            np.array([[[[2.0**-60, 2.0**-60], [0.0, 0.0]]]]),
            np.array([[[[0.0], [1.0]]]]),
            scale=2.0**127 / 1.6,
        ),
        {},
        {"lost_score": 0.0},
    ),
    "scores in half": (
        bank.Plan(half_scores=True),
        one_row(NEAR, rounding_up(NEAR * rounded(0.7, "bfloat16"), "bfloat16"), "bfloat16", scale=0.7),
        {},
        {"s": 0},
    ),
    # 250 + log 2 is 251 in bfloat16: the weights are e^-1
    "second pass": (
        bank.Plan(second_pass=True, acc="bfloat16"),
        one_row([250.0] * 2, [1.0] * 2, "bfloat16"),
        {},
        {"normalised_by_lse": False},
    ),
    "split keys": (
        bank.Plan(splits=2, acc="bfloat16"),
        one_row([250.0] * 2, [1.0] * 2, "bfloat16"),
        {},
        {"split_keys": False},
    ),
    "narrow accumulation": (
        bank.Plan(narrow=True, acc="float32"),
        one_row([0.1, 0.3], [1.0 + 2**-25 + 2**-30] * 2, "float64"),
        {},
        {"accumulation": FORMATS["float64"]},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_right_kernel_needs_this_term(name, monkeypatch):
    plan, problem, declared, without = CASES[name]
    how = bank.kernel(plan, lse="natural", **declared).arithmetic(problem.dtype)
    assert worst(plan, problem, how) <= 1
    for key, value in without.items():
        if key == "roundings":
            real = bound_module.score_error
            fewer = lambda *a, roundings, **b: real(*a, roundings=roundings + value, **b)  # noqa: E731, B023
            monkeypatch.setattr(bound_module, "score_error", fewer)
        elif isinstance(getattr(Arithmetic, key), property):
            monkeypatch.setattr(Arithmetic, key, property(lambda self, value=value: value))
        else:
            how = replace(how, **{key: value})
    assert worst(plan, problem, how) > 1
