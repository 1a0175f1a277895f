"""Right kernels of many kinds stay within W of the truth in 320 bits; where W lacks something the attack sees it."""

import pytest

from hardmax.kernels.attention import bound as bound_module
from hardmax.kernels.attention import gradients as gradients_module

from .attack import attack, trial
from .attack_kernels import FORMATS


@pytest.mark.parametrize("dtype", list(FORMATS))
def test_no_right_kernel_is_beyond(dtype):
    assert attack(60, 0, [dtype]) == 0


@pytest.mark.deep
@pytest.mark.parametrize("dtype", list(FORMATS))
def test_no_right_kernel_is_beyond_in_ten_thousand_trials(dtype):
    assert attack(10_000, 10_000, [dtype]) == 0


def smaller(factor):
    return lambda real: lambda *a, **b: factor * real(*a, **b)


def without_slopes(real):
    return lambda head, how, known, c, dS, dS_error, E_S: (*real(head, how, known, c, dS, dS_error, E_S)[:3], 0 * E_S)


MUTANTS = {  # what is taken from the bound, and where the attack sees it
    "score errors": (bound_module, "kernel_score_error", smaller(0.02), "bfloat16"),
    "weighted values": (bound_module, "expanded", smaller(0.02), "float16"),
    "overflow": (bound_module, "overflows", smaller(False), "float32"),
    "slopes of softcaps": (gradients_module, "_through_softcap", without_slopes, "bfloat16"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_the_attack_sees_what_a_bound_lacks(name, monkeypatch):
    module, function, change, dtype = MUTANTS[name]
    monkeypatch.setattr(module, function, change(getattr(module, function)))
    assert any(trial(seed, dtype)[0] for seed in range(300, 700))
