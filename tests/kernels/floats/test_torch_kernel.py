import shutil

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'hardmax[torch]'")

from hardmax.kernels import InputError  # noqa: E402
from hardmax.kernels.bounds.rounding import layer_error  # noqa: E402
from hardmax.kernels.floats.torch_kernel import build, cuda_kernel, full_precision, layer, step  # noqa: E402

A = torch.tensor([[2.0, 1], [0, 1]], dtype=torch.float64)


def random_tokens(*shape, seed=0, dtype=torch.float64):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).to(dtype)


@pytest.mark.parametrize("block_bytes", [1, 8 * 7, 8 * 7 * 3, 8 * 49 * 2, 1 << 20])
@pytest.mark.parametrize("form", [None, A])
def test_blocks_change_nothing(block_bytes, form):
    tokens = torch.from_numpy(np.random.default_rng(0).integers(-3, 4, (5, 7, 2)).astype(float))
    moved, sets = layer(tokens, form, 1.0)
    again, found = layer(tokens, form, 1.0, block_bytes=block_bytes)
    assert torch.equal(again, moved)
    assert [found.sets(b) for b in range(5)] == [sets.sets(b) for b in range(5)]


@pytest.mark.parametrize("form", [None, A])
def test_gradient_is_that_of_finite_differences(form):
    tokens = random_tokens(2, 6, 2).requires_grad_()
    _, sets = layer(tokens, form, 0.5)
    assert (sets.count == 1).all(), "away from ties"
    assert torch.autograd.gradcheck(lambda z: step(z, form, 0.5), tokens)


def test_gradient_of_a_tie_goes_to_all_its_tokens():
    tokens = torch.tensor([[[1.0, 1], [1, -1], [0.5, 0]]], dtype=torch.float64, requires_grad=True)
    step(tokens, None, 1.0)[0, 2, 0].backward()
    assert tokens.grad is not None
    assert tokens.grad[0, :, 0].tolist() == [0.25, 0.25, 0.5]


@pytest.mark.parametrize("precision", ["highest", "high", "medium"])
def test_reduced_precision_of_the_process_is_neither_used_nor_changed(precision):
    tokens = random_tokens(1, 64, 256, dtype=torch.float32)
    moved, sets = layer(tokens, torch.eye(256) * 2, 1.0)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        again, found = layer(tokens, torch.eye(256) * 2, 1.0)
        assert torch.get_float32_matmul_precision() == precision
    finally:
        torch.set_float32_matmul_precision(before)
    assert torch.equal(again, moved)
    assert (found.margin == sets.margin).all()


def test_full_precision_is_put_back_after_an_error():
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        with pytest.raises(RuntimeError, match="inside"), full_precision():
            raise RuntimeError("inside")
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision(before)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((np.ones((1, 1, 1)), None, 1.0), "tokens is ndarray; a torch tensor"),
        ((torch.ones(2, 2), None, 1.0), r"tokens has shape \(2, 2\)"),
        ((torch.ones(1, 2, 2, dtype=torch.float16), None, 1.0), "torch.float16"),
        ((torch.ones(1, 2, 2), A, 1.0), "must be .* torch.float32 on cpu"),
        ((torch.ones(1, 2, 3), torch.eye(2), 1.0), r"must be \(3, 3\)"),
        ((torch.ones(1, 2, 2), None, -1.0), "alpha is -1.0"),
    ],
)
def test_wrong_arguments_are_named(arguments, words):
    with pytest.raises(InputError, match=words):
        layer(*arguments)


@pytest.mark.deep
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler: g++ is not on the path")
@pytest.mark.filterwarnings("default")  # torch's own compiler warns about itself
def test_compiled_decisions_are_the_same():
    kernel = build("cpu", compile=True)
    tokens = random_tokens(3, 40, 2)
    assert kernel.name == "torch-compiled"
    assert kernel.layer is not None
    moved, sets = kernel.layer(tokens, None, 0.5)
    plain, expected = layer(tokens, None, 0.5)
    assert (sets.first == expected.first).all()
    assert (abs(moved - plain).numpy() <= 2 * layer_error(tokens.numpy(), 1, 0.5)[:, None]).all()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason=cuda_kernel.missing or "unreachable")
def test_the_device_changes_no_decision():
    for dtype in (torch.float64, torch.float32):
        tokens = random_tokens(64, 300, 2, dtype=dtype)
        _, here = layer(tokens, None, 1.0)
        _, there = layer(tokens.cuda(), None, 1.0)
        assert (here.first == there.first).mean() > 0.999
