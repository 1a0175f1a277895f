"""The table of exact cases: it holds what it says, it can tell right from wrong, and every kernel is run through it."""

import random
from fractions import Fraction
from importlib.util import find_spec

import numpy as np
import pytest

from hardmax.kernels.bounds.exact_scores import exact_scores
from hardmax.kernels.exact.dynamics import Dynamics
from hardmax.kernels.registry import SHIPPED, load
from hardmax.verify.conformance.inputs import cases
from hardmax.verify.conformance.inputs.trial import Trial, floats
from hardmax.verify.conformance.judge import exact_layer, examine
from hardmax.verify.conformance.tolerance import value_tolerance

TIED = (*cases.TIES, *cases.DEGENERATE)
UNTIED = (*cases.OPPOSITES, *cases.CHAINS, *cases.FORMS, *cases.NONSYMMETRIC, *cases.INDEFINITE)
ALL = (*TIED, *cases.DUPLICATES, *cases.ZEROS, *UNTIED)
KERNELS = [name for name, source in SHIPPED.items() if find_spec(source.partition(":")[0])]


def layer_of(case, ties="all"):
    one = case.call()
    return exact_layer(one.tokens[0], one.A, one.alpha, ties)


# numba compiles for seconds
@pytest.mark.parametrize("name", [pytest.param(k, marks=pytest.mark.deep if k == "compiled" else ()) for k in KERNELS])
def test_every_kernel_gets_every_case_right(name):
    kernel = load(name)
    if kernel.missing:
        pytest.skip(kernel.missing)
    for dtype in kernel.dtypes:
        for case in (*ALL, *cases.near_ties(dtype)):
            assert examine(kernel, Trial((case.call(),), dtype)).fault is None, (case.name, dtype)


@pytest.mark.parametrize("case", TIED, ids=lambda c: c.name)
def test_cases_of_ties_have_a_tie_of_different_tokens(case):
    tokens = case.call().tokens[0]
    assert any(len({tokens[j] for j in C}) > 1 for C in layer_of(case).sets)


@pytest.mark.parametrize("case", UNTIED, ids=lambda c: c.name)
def test_other_cases_have_no_tie_so_that_a_mistake_about_ties_does_not_show_in_them(case):
    assert all(len(C) == 1 for C in layer_of(case).sets)


@pytest.mark.parametrize("case", ALL, ids=lambda c: c.name)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_decision_of_the_table_is_exact_in_both_dtypes(case, dtype):
    one = case.call()
    assert all(exact_scores(one.tokens[0], one.A, dtype))


@pytest.mark.parametrize("case", TIED, ids=lambda c: c.name)
def test_losing_a_tie_moves_a_token_by_far_more_than_the_tolerance(case):
    one = case.call()
    exact, first = layer_of(case), layer_of(case, "first")
    tolerance = value_tolerance(floats(one.tokens, "float32")[0], len(one.tokens[0]))
    difference = np.abs(np.array(exact.next_tokens, float) - np.array(first.next_tokens, float))
    assert (difference > 1000 * tolerance).any()


@pytest.mark.parametrize("case", cases.NONSYMMETRIC, ids=lambda c: c.name)
def test_nonsymmetric_cases_tell_a_from_its_transpose_and_its_symmetric_part(case):
    one = case.call()
    sets = layer_of(case).sets
    transposed = tuple(zip(*one.A, strict=True))
    symmetrised = tuple(
        tuple((a + b) / 2 for a, b in zip(r, s, strict=True)) for r, s in zip(one.A, transposed, strict=True)
    )
    for other in (transposed, symmetrised):
        assert exact_layer(one.tokens[0], other, one.alpha, "all").sets != sets


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_near_ties_are_no_ties_are_exact_and_reach_down_to_one_ulp(dtype):
    gaps = set()
    for case in cases.near_ties(dtype):
        one = case.call()
        exact = layer_of(case)
        rows = exact_scores(one.tokens[0], one.A, dtype)
        watcher = next(
            i for i, z in enumerate(case.tokens) if max(map(abs, z)) == min(max(map(abs, t)) for t in case.tokens)
        )
        assert rows[watcher]
        assert all(len(C) == 1 for C in exact.sets)
        gap = exact.decision(watcher, dtype, True, 0.0).gap_ulps
        assert gap is not None
        gaps.add(gap)
    assert {1.0, 2.0, 4.0} <= gaps


def test_rotations_and_bases_keep_the_follow_sets():
    for case in cases.TIES:
        for Q in cases.TURNS.get(len(case.tokens[0]), ()):
            assert layer_of(cases.turned(case, Q)).sets == layer_of(case).sets
        for B in cases.BASES.get(len(case.tokens[0]), ()):
            assert layer_of(cases.in_basis(case, B)).sets == layer_of(case).sets


@pytest.mark.parametrize("d", [2, 3])
def test_turns_are_similarities_and_bases_unimodular(d):
    for Q in cases.TURNS[d]:
        product = cases.times(Q, tuple(zip(*Q, strict=True)))
        assert product == tuple(tuple(product[0][0] * (i == j) for j in range(d)) for i in range(d))
        assert product[0][0] > 1
    for B in cases.BASES[d]:
        assert round(np.linalg.det(np.array(B, float)), 9) == 1


def test_resolved_ties_are_inexact_yet_beyond_the_bound():
    rng = random.Random(1)
    for dtype in ("float32", "float64"):
        one = cases.resolved_tie(rng, dtype, 16).call()
        exact = exact_layer(one.tokens[0], one.A, one.alpha, "all")
        assert not exact_scores(one.tokens[0], one.A, dtype)[0]
        assert exact.sets[0] == (1,)
        gap = exact.decision(0, dtype, False, 0.0).gap_ulps
        assert gap is not None
        assert gap < 1e4


def test_random_lattices_reach_ties_repeats_and_zeros_and_the_untied_ones_none():
    rng = random.Random(0)
    lattices = [cases.random_lattice(rng) for _ in range(40)]
    assert any(len(set(map(tuple, c.tokens))) < len(c.tokens) for c in lattices)
    assert any(not any(z) for c in lattices for z in c.tokens)
    assert any(len(C) > 1 for c in lattices for C in layer_of(c).sets)
    for _ in range(10):
        assert all(len(C) == 1 for C in layer_of(cases.lattice_without_ties(rng, 9, 2)).sets)


def test_the_exact_layer_is_that_of_the_exact_kernel():
    for case in ALL:
        one = case.call()
        dynamics = Dynamics(one.configuration(0))
        sets = dynamics.follow_sets(dynamics.first)
        exact = layer_of(case)
        assert exact.sets == sets
        assert exact.next_tokens == dynamics.next_layer(dynamics.first, sets).tokens()
        for row, gap in zip(dynamics.scores(dynamics.first), exact.gaps, strict=True):
            below = sorted({int(v) for v in row})
            assert gap == (below[-1] - below[-2] if len(below) > 1 else None)


def test_points_are_representable_and_have_full_mantissas():
    rng = random.Random(3)
    for dtype, bits in (("float32", 20), ("float64", 49)):
        tokens = cases.random_points(rng, 20, 3, dtype).call().tokens
        floats(tokens, dtype)
        assert max(v.denominator for row in tokens[0] for v in row) == 1 << bits
        assert all(isinstance(v, Fraction) for row in tokens[0] for v in row)
