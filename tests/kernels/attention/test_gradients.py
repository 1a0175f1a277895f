"""Gradients: the exact ones by finite differences and balls, right backward passes within W, wrong ones beyond."""

from dataclasses import replace

import numpy as np
import pytest

from hardmax.kernels.attention.adapters import load_attention
from hardmax.kernels.attention.gradients import NAMES, differentiate, gradients, groups, judge_gradients
from hardmax.kernels.attention.problem import FORMATS, Problem, rounded
from hardmax.kernels.attention.protocol import declare_attention
from hardmax.kernels.attention.truth.balls import ball_gradients, distance
from hardmax.kernels.attention.verdict import VERDICTS
from hardmax.kernels.errors import InputError

from . import inputs

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'hardmax[torch]'")
WITHIN, BEYOND, UNJUDGED = (VERDICTS.index(x) for x in ("within", "beyond", "unjudged"))


def case(rng, family, dtype, square=False):
    problem = inputs.problem(rng, family, dtype, square=square)
    grad_out = rng.standard_normal((*problem.q.shape[:3], problem.v.shape[3])) * 2.0 ** rng.integers(-8, 8)
    return problem, rounded(grad_out, dtype)


@pytest.mark.parametrize("family", inputs.FAMILIES)
def test_enclosures_hold_the_gradients_in_balls(family):
    rng = np.random.default_rng([inputs.FAMILIES.index(family), 1])
    for dtype in FORMATS:
        problem, grad_out = case(rng, family, dtype)
        if dtype in ("float16", "float64"):
            problem = replace(problem, softcap=float(rng.choice([0.5, 3.0, 30.0])))
        found = gradients(problem, load_attention("torch-sdpa-math").arithmetic(dtype), grad_out)
        for b, group, heads in groups(problem):
            exact = ball_gradients([(problem.head(b, h), grad_out[b, h]) for h in heads])
            for name in NAMES:
                own = np.s_[b, heads] if name == "dq" else np.s_[b, group]
                value, error = (x[own].ravel().tolist() for x in found[name][:2])
                assert len(value) == len(exact[name])
                assert all(distance(x, y)[0] <= e for x, y, e in zip(exact[name], value, error, strict=True))


def test_gradients_in_float64_are_those_of_autograd():
    rng = np.random.default_rng(2)
    problem = inputs.problem(rng, "grouped", "float64")
    grad_out = rng.standard_normal((*problem.q.shape[:3], problem.v.shape[3]))
    kernel = load_attention("torch-sdpa-math")
    found, autograd = (
        gradients(problem, kernel.arithmetic("float64"), grad_out),
        differentiate(kernel, problem, grad_out),
    )
    for name in NAMES:
        assert np.allclose(found[name].value, autograd[name], rtol=1e-11, atol=1e-12)
        assert (found[name].error < 1e-10).all()


@pytest.mark.parametrize("name", ["torch-sdpa-math", "torch-sdpa-flash"])
@pytest.mark.parametrize("dtype", list(FORMATS))
def test_torch_is_within_on_short_inputs(name, dtype):
    kernel = load_attention(name)
    for number, family in enumerate(inputs.FAMILIES):
        problem, grad_out = case(np.random.default_rng([number, 5]), family, dtype, square=True)
        if problem.window is not None or (problem.causal and problem.alignment != "top_left"):
            continue
        got = differentiate(kernel, problem, grad_out)
        for what, found in judge_gradients(kernel, problem, grad_out, got).items():
            assert not (found.codes == BEYOND).any(), (family, what)


@pytest.mark.parametrize("order", ["softcap,bias", "bias,softcap"])
@pytest.mark.parametrize("dtype", list(FORMATS))
def test_gradients_of_a_softcap(dtype, order):
    """By autograd: in float64 the exact ones; in the dtype within W; without the derivative of the cap beyond it."""

    def capped(q, k, v, scale=None, bias=None, softcap=None, slope=True):
        s = (q @ k.transpose(2, 3)) * scale
        s = s + bias if order == "bias,softcap" else s
        cap = softcap * torch.tanh(s / softcap)
        s = cap if slope else s + (cap - s).detach()
        s = s if order == "bias,softcap" else s + bias
        return torch.softmax(s, dim=3) @ v

    largest = 0.0
    for seed, c in enumerate((0.5, 3.0, 30.0, 50.0)):
        rng = np.random.default_rng([seed, 23])
        q, k, v, grad, bias = (
            rounded(rng.standard_normal((1, 1, *shape)) * size, dtype)
            for shape, size in (((9, 8), 3), ((9, 8), 1), ((9, 4), 1), ((9, 4), 1), ((9, 9), 1))
        )
        problem = Problem(q, k, v, dtype, scale=0.7, bias=bias[0, 0], softcap=c, softcap_order=order)
        half = dtype in ("float16", "bfloat16")
        kernel = declare_attention(
            capped, arrays="torch", dtypes=(dtype,), score_roundings=4 * half, softcap_order=order, weights_cast=half
        )
        for which, one in judge_gradients(kernel, problem, grad, differentiate(kernel, problem, grad)).items():
            assert not (one.codes == BEYOND).any(), (c, which)
            largest = max(largest, (one.error / one.W).max())
        wrong = declare_attention(
            lambda q, k, v, scale=None, bias=None, softcap=None: capped(q, k, v, scale, bias, softcap, slope=False),
            arrays="torch",
            dtypes=(dtype,),
            softcap_order=order,
        )
        if c < 30:
            found = judge_gradients(wrong, problem, grad, differentiate(wrong, problem, grad))
            assert (found["dq"].codes == BEYOND).any()
            assert found["dq"].by_balls.any()
    assert largest > 0.01


def test_flash_adds_blocks_of_rows_in_half():
    """Why: bit for bit, dV is a sum over blocks of rows that is rounded to bfloat16 after each block.

    Such a kernel is outside what "accumulates = float32" says: each of its partial sums adds u to the bound.
    """
    kernel, rng = load_attention("torch-sdpa-flash"), np.random.default_rng(8)
    for R, rows in ((96, 32), (160, 32), (700, 64), (900, 256), (2000, 256)):
        grad = rounded(rng.random((1, 1, R, 1)) * 3, "bfloat16")
        problem = Problem(np.zeros((1, 1, R, 1)), np.zeros((1, 1, 1, 1)), np.ones((1, 1, 1, 1)), "bfloat16")
        total = 0.0
        for low in range(0, R, rows):
            total = float(rounded(np.float32(total + grad[0, 0, low : low + rows, 0].sum()), "bfloat16"))
        got = differentiate(kernel, problem, grad)
        assert got["dv"].item() == total
        W = gradients(problem, kernel.arithmetic("bfloat16"), grad)["dv"].W.item()
        blocks = -(-R // rows)
        assert abs(total - grad.sum()) <= W + np.expm1(blocks * 2.0**-8) * (grad.sum() + W)


def test_flash_that_adds_blocks_in_half_is_found():
    """dV is 32·8 + 128/32 = 260, a bfloat16 number; torch's flash on CPUs adds blocks in bfloat16 and gives 256."""
    q, k, v = np.zeros((1, 1, 160, 1)), np.zeros((1, 1, 1, 1)), np.ones((1, 1, 1, 1))
    grad_out = np.full((1, 1, 160, 1), 1 / 32)
    grad_out[:, :, :32] = 8
    problem = Problem(q, k, v, "bfloat16")
    for name, verdict in (("torch-sdpa-math", WITHIN), ("torch-sdpa-flash", BEYOND)):
        kernel = load_attention(name)
        got = differentiate(kernel, problem, grad_out)
        found = judge_gradients(kernel, problem, grad_out, got)["dv"]
        assert found.codes.item() == verdict, got
        assert found.by_balls.item() == (verdict == BEYOND)


def eager(dtype, scale_grad=1.0, drop_delta=False):
    """Attention in torch's own operations, each rounded to the dtype, with a backward pass that may be wrong."""

    class Function(torch.autograd.Function):
        @staticmethod
        def forward(ctx, q, k, v):
            scale = q.shape[3] ** -0.5
            p = torch.softmax((q @ k.transpose(2, 3)) * scale, dim=3)
            ctx.save_for_backward(q, k, v, p)
            return p @ v

        @staticmethod
        def backward(ctx, grad):
            q, k, v, p = ctx.saved_tensors
            scale = q.shape[3] ** -0.5 * scale_grad
            dp = grad @ v.transpose(2, 3)
            delta = 0 if drop_delta else (p * dp).sum(dim=3, keepdim=True)
            ds = p * (dp - delta)
            return (ds @ k) * scale, (ds.transpose(2, 3) @ q) * scale, p.transpose(2, 3) @ grad

    return declare_attention(
        lambda q, k, v: Function.apply(q, k, v), name="eager", arrays="torch", dtypes=(dtype,), score_roundings=4
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_an_eager_backward_in_half_is_within_what_it_declares(dtype):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        factor = 2.0 ** rng.integers(-12, 7)
        q, k, v, grad = (rounded(rng.standard_normal((1, 2, 12, 8)) * x, dtype) for x in (2, 1, 1, factor))
        problem, kernel = Problem(q, k, v, dtype), eager(dtype)
        found = judge_gradients(kernel, problem, grad, differentiate(kernel, problem, grad))
        assert all(not (x.codes == BEYOND).any() for x in found.values())
        assert all((x.codes == WITHIN).any() for x in found.values())


@pytest.mark.parametrize("dtype", list(FORMATS))
@pytest.mark.parametrize("wrong", [{"scale_grad": 1.1}, {"drop_delta": True}])
def test_wrong_backward_passes_are_beyond(dtype, wrong):
    rng = np.random.default_rng(3)
    q, k, v, grad = (rounded(rng.standard_normal((1, 1, 12, 8)), dtype) for _ in range(4))
    problem, kernel = Problem(q, k, v, dtype), eager(dtype, **wrong)
    got = differentiate(kernel, problem, grad)
    got = {name: rounded(x, dtype) for name, x in got.items()}
    declared = declare_attention(kernel.function, name="undeclared", arrays="torch", dtypes=(dtype,))
    found = judge_gradients(declared, problem, grad, got)
    assert (found["dq"].codes == BEYOND).any()
    assert found["dq"].by_balls[found["dq"].codes == BEYOND].all()


def test_rows_without_keys_leave_their_group_unjudged_unless_they_are_declared():
    rng = np.random.default_rng(4)
    q, k, v, grad = (rounded(rng.standard_normal((1, 1, 4, 3)), "float32") for _ in range(4))
    mask = np.ones((4, 4), dtype=bool)
    mask[1] = False
    problem = Problem(q, k, v, mask=mask)
    zero = {name: np.zeros(getattr(problem, name[1]).shape) for name in NAMES}
    for empty_rows, judged in (("unspecified", False), ("zero", True)):
        kernel = declare_attention(lambda q, k, v, mask=None: q, name="x", empty_rows=empty_rows)
        found = judge_gradients(kernel, problem, grad, zero)
        assert (found["dq"].codes[0, 0, 1] == (WITHIN if judged else UNJUDGED)).all()
        assert (found["dv"].codes == (BEYOND if judged else UNJUDGED)).all()


def test_what_cannot_be_judged_is_refused():
    x = np.zeros((1, 1, 2, 2))
    how = load_attention("attention-numpy").arithmetic("float32")
    with pytest.raises(InputError, match="grad_out has shape"):
        gradients(Problem(x, x, x), how, x[:, :, :1])
    with pytest.raises(InputError, match="torch tensors"):
        differentiate(load_attention("attention-numpy"), Problem(x, x, x), x)
