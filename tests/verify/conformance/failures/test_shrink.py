"""Shrinking: failing trials become as small as the mistake allows, and stay failures of the same kind."""

import numpy as np
import pytest

from hardmax.kernels.floats.numpy_kernel import kernel as numpy_kernel
from hardmax.kernels.protocol import declare
from hardmax.verify.conformance.failures.shrink import shrink
from hardmax.verify.conformance.inputs.cases import TIES, lattice_without_ties
from hardmax.verify.conformance.inputs.trial import Trial, call
from hardmax.verify.conformance.judge import examine


def smallest(step, trial, **options):
    kernel = declare(step)
    fault = examine(kernel, trial).fault
    assert fault is not None
    small, found = shrink(kernel, trial, fault, **options)
    again = examine(kernel, small).fault
    assert again is not None
    assert (again.kind, again.layer, again.token) == (found.kind, found.layer, found.token)
    return small, found


def lattice(n, d, seed=0):
    import random

    return lattice_without_ties(random.Random(seed), n, d)


def wrong_if(condition):
    """A kernel whose result is off by 1 where `condition(tokens, A, alpha)` holds."""
    return lambda Z, A, alpha: numpy_kernel.step(Z, A, alpha) + bool(condition(Z, A, alpha))


@pytest.mark.parametrize(
    ("condition", "shape"),
    [
        (lambda Z, A, alpha: True, (1, 1, 1)),
        (lambda Z, A, alpha: Z.shape[1] >= 5, (1, 5, 1)),
        (lambda Z, A, alpha: Z.shape[2] >= 3, (1, 1, 3)),
        (lambda Z, A, alpha: len(Z) >= 2, (2, 1, 1)),
    ],
)
def test_shapes_shrink_to_what_the_mistake_needs(condition, shape):
    cases = [lattice(9, 4, seed).tokens for seed in range(3)]
    small, _ = smallest(wrong_if(condition), Trial((call(*cases),), "float64"))
    assert small.calls[0].shape == shape


def test_values_shrink_to_small_integers():
    small, _ = smallest(wrong_if(lambda Z, A, alpha: np.abs(Z).max() >= 8), Trial((lattice(9, 3).call(),), "float64"))
    ((token,),) = small.calls[0].tokens
    assert token == (8,)


def test_form_and_step_shrink_to_the_identity_and_one():
    trial = Trial((call([(1, 2), (3, 1)], A=[(2, 1), (1, 3)], alpha=5),), "float64")
    small, _ = smallest(wrong_if(lambda Z, A, alpha: True), trial)
    assert small.calls[0].A == ((1,),)
    assert small.calls[0].alpha == 1
    small, _ = smallest(wrong_if(lambda Z, A, alpha: (A != np.eye(len(A))).any()), trial)
    assert small.calls[0].shape == (1, 1, 1)
    assert small.calls[0].A == ((2,),)
    small, _ = smallest(wrong_if(lambda Z, A, alpha: alpha > 3), trial)
    assert small.calls[0].alpha == 5


def test_calls_and_arrangements_shrink_unless_they_matter():
    calls = tuple(lattice(4, 2, seed).call() for seed in range(4))
    small, _ = smallest(wrong_if(lambda Z, A, alpha: True), Trial(calls, "float64"))
    assert len(small.calls) == 1
    small, _ = smallest(wrong_if(lambda Z, A, alpha: True), Trial(calls, "float64", linked=True))
    assert len(small.calls) == 2
    strided = Trial((call(lattice(4, 2).tokens, arrangement="strided"),), "float64")
    small, _ = smallest(wrong_if(lambda Z, A, alpha: True), strided)
    assert small.calls[0].arrangement == "contiguous"
    small, _ = smallest(wrong_if(lambda Z, A, alpha: not Z.flags.c_contiguous), strided)
    assert small.calls[0].arrangement == "strided"


def test_a_late_fault_starts_where_it_is_seen():
    # wrong where a coordinate is a quarter, which takes two layers to come about
    quarter = wrong_if(lambda Z, A, alpha: (Z * 4 % 2 == 1).any())
    trial = Trial((call([(3,), (2,), (1,)]),), "float64", 6)
    fault = examine(declare(quarter), trial).fault
    assert fault is not None
    assert fault.layer == 2
    small, found = smallest(quarter, trial)
    assert small.layers == 1
    assert found.layer == 0


def test_hypotheses_that_hold_are_kept_and_so_is_whether_it_is_a_tie():
    def first(Z, A, alpha):
        j = (Z @ A @ Z.swapaxes(1, 2)).argmax(axis=2)
        return Z + alpha / (1 + alpha) * (np.take_along_axis(Z, j[:, :, None], axis=1) - Z)

    for case in TIES:
        if not case.call().configuration(0).is_nonzero:
            continue
        trial = Trial((case.call(),), "float64")
        if examine(declare(first), trial).fault is None:
            continue
        small, found = smallest(first, trial)
        configuration = small.calls[0].configuration(0)
        assert configuration.hypotheses() | {"distinct": True} == {"nonzero": True, "distinct": True, "spd": True}
        assert found.decision is not None
        assert found.decision.gap_ulps == 0
        assert configuration.n <= 3
    smallest_score = lambda Z, A, alpha: numpy_kernel.step(Z, -A, alpha)  # noqa: E731
    small, found = smallest(smallest_score, Trial((lattice(6, 3).call(),), "float64"))
    assert found.decision is not None
    assert found.decision.gap_ulps != 0
    assert small.calls[0].configuration(0).is_nonzero


def test_a_clear_decision_does_not_shrink_to_a_tie():
    one_line = wrong_if(lambda Z, A, alpha: Z.shape[1] > 1 and Z.shape[2] > 1 and (Z[:, :, 0] == 1).all())
    small, found = smallest(one_line, Trial((call([(1, 1), (1, 2), (1, 3)]),), "float64"))
    assert found.decision is not None
    assert found.decision.gap_ulps != 0
    assert small.calls[0].shape == (1, 2, 2)


def test_an_error_shrinks_as_an_error():
    def step(Z, A, alpha):
        if Z.shape[1] > 3:
            raise IndexError(Z.shape)
        return numpy_kernel.step(Z, A, alpha) + 1

    small, found = smallest(step, Trial((lattice(9, 3).call(),), "float64"))
    assert found.kind == "raised"
    assert small.calls[0].shape == (1, 4, 1)


def test_the_budget_bounds_the_kernel_calls():
    count = 0

    def step(Z, A, alpha):
        nonlocal count
        count += 1
        return Z + 1

    trial = Trial((lattice(60, 5).call(),), "float64")
    fault = examine(declare(step), trial).fault
    assert fault is not None
    count = 0
    shrink(declare(step), trial, fault, budget=7)
    assert count <= 7
    assert shrink(declare(step), trial, fault, budget=0)[0] == trial
