"""The float layers of NumPy and torch are within their bound of the enclosed layer, which is not much too wide."""

from fractions import Fraction as Q
from itertools import islice

import flint
import numpy as np
import pytest

from hardmax.kernels import Configuration
from hardmax.kernels.softmax import float_layer
from hardmax.kernels.softmax.float_layer import EXP, bound, layer
from hardmax.kernels.softmax.model import Softmax

from .plain import random_configuration


def arrays(kind, dtype, *values):
    if kind == "numpy":
        return [np.array(v, dtype=dtype) for v in values]
    torch = pytest.importorskip("torch")
    return [torch.tensor(v, dtype=getattr(torch, dtype)) for v in values]


def case(seed, dtype):
    """A configuration whose tokens, A, λ and β are floats."""
    c = random_configuration(seed, betas=(0, 1, 16, 200))
    x, A = (np.array([[float(v) for v in row] for row in M], dtype=dtype) for M in (c.tokens, c.A))
    exact = [[[Q(float(v)) for v in row] for row in M] for M in (x, A)]
    return x, A, Configuration(exact[0], Softmax(exact[1], c.step, c.model.beta), multiplicities=c.multiplicities)


@pytest.mark.parametrize("kind", ["numpy", "torch"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_floats_are_within_their_bound(kind, dtype):
    worst, known = 0.0, 0
    for seed in range(60):
        x, A, c = case(seed, dtype)
        X, form, w = arrays(kind, dtype, x, A, [float(v) for v in c.multiplicities])
        moved, most = layer(X, form, float(c.step.rate(0)), float(c.model.beta), w)
        if most == np.inf:
            continue
        known += 1
        true = next(islice(c.dynamics().enclosed(256), 1, None))
        far = max(
            abs(Q(float(v)) - y)
            for row, z in zip(moved, true.centers, strict=True)
            for v, y in zip(row, z, strict=True)
        )
        assert far <= Q(most) + true.radius
        worst = max(worst, float(far) / most)
    assert known > 40
    assert worst > 1 / 100, "a bound that is a hundred times too wide says little"


def test_a_wrong_float_layer_is_beyond_its_bound():
    x, A, c = next(found for s in range(60) if (found := case(s, "float64"))[2].model.beta == 1 and found[2].n > 3)
    true = next(islice(c.dynamics().enclosed(256), 1, None))

    own, w = (float(c.step.rate(0)), 1.0), c.multiplicities

    def far(rate=own[0], beta=own[1], form=A, weights=w):
        moved, most = layer(x, form, rate, beta, np.array(weights, dtype=float))
        gap = max(
            abs(Q(float(v)) - y)
            for row, z in zip(moved, true.centers, strict=True)
            for v, y in zip(row, z, strict=True)
        )
        return gap > Q(most)

    assert not far()
    assert far(rate=own[0] + 1e-9)
    assert far(beta=1 + 1e-9)
    assert far(form=A.T)
    assert far(weights=[w + (i == 0) for i, w in enumerate(c.multiplicities)])


@pytest.mark.parametrize("beta", [1e32, 1.6e38])
@pytest.mark.parametrize("d", [4, 40, 400])
def test_scores_that_underflow_are_bounded_or_nothing_is_said(d, beta):
    """x² is below the smallest float32, and β up to as large as one can be: the next x is x tanh(βdx²)."""
    x = np.float32(3.15e-23)
    tokens = np.array([[x] * d, [-x] * d], dtype=np.float32)
    moved, most = layer(tokens, np.eye(d, dtype=np.float32), 1.0, beta)
    true = Q(float(x)) * Q(float(np.tanh(beta * d * float(x) ** 2)))
    assert most == np.inf or abs(Q(float(moved[0, 0])) - true) <= Q(most)
    assert (most < np.inf) == (beta < 1e33)


def test_where_nothing_can_be_said_the_bound_is_infinite():
    tokens = np.array([[1.0], [2.0]])
    assert bound(tokens, np.eye(1), 1e14) == np.inf
    assert bound(tokens * 1e200, np.eye(1), 1.0) == np.inf
    assert bound(np.array([[np.nan], [1.0]]), np.eye(1), 1.0) == np.inf
    assert bound(tokens, np.eye(1), 1.0) < 1e-13


@pytest.mark.parametrize("kind", ["numpy", "torch"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_exp_errs_by_less_than_is_assumed(kind, dtype):
    r = np.random.default_rng(3)
    lowest = 80.0 if dtype == "float32" else 700.0
    x = -np.concatenate([r.uniform(0, lowest, 1500), r.uniform(0, 1, 500), 10.0 ** r.uniform(-12, 0, 500)]).astype(
        dtype
    )
    (X,) = arrays(kind, dtype, x)
    y = [float(v) for v in (np.exp(X) if kind == "numpy" else X.exp())]
    u = float(np.finfo(dtype).eps) / 2
    with flint.ctx.workprec(200):
        off = [abs(flint.arb(v) / flint.arb(float(t)).exp() - 1) for v, t in zip(y, x, strict=True)]
    assert max(float(v) for v in off) <= EXP * u
    assert float_layer.EXP == 4
