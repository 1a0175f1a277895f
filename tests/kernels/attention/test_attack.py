"""Right kernels of many kinds stay within W of the truth in 320 bits; where W lacks something the attack sees it."""

import pytest

from hardmax.kernels.attention import bound as bound_module
from hardmax.kernels.attention import gradients as gradients_module

from .attack import attack
from .attack_kernels import FORMATS


@pytest.mark.parametrize("dtype", list(FORMATS))
def test_no_right_kernel_is_beyond(dtype):
    assert attack(60, 0, [dtype]) == 0


@pytest.mark.deep
@pytest.mark.parametrize("dtype", list(FORMATS))
def test_no_right_kernel_is_beyond_in_ten_thousand_trials(dtype):
    assert attack(10_000, 10_000, [dtype]) == 0


def smaller(real, factor):
    return lambda *a, **b: factor * real(*a, **b)


MUTANTS = {  # what is taken from the bound, and where the attack sees it
    "score errors": (bound_module, "kernel_score_error", 0.02, "bfloat16"),
    "weighted values": (bound_module, "expanded", 0.1, "float16"),
    "shifts": (bound_module, "_shift", 0.0, "float16"),
    "overflow": (bound_module, "overflows", False, "float16"),
    "slopes of softcaps": (gradients_module, "kernel_score_error", 0.001, "bfloat16"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_attack_sees_what_a_bound_lacks(name, monkeypatch, capsys):
    module, function, factor, dtype = MUTANTS[name]
    monkeypatch.setattr(module, function, smaller(getattr(module, function), factor))
    assert attack(250, 300, [dtype]) > 0
