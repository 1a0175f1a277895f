"""Decisive configurations: every end decides, all scores are exact, and the fast judgement is that of the judge."""

import random
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from hardmax.kernels.floats.numpy_kernel import kernel as numpy_kernel
from hardmax.kernels.protocol import declare
from hardmax.verify.conformance.inputs import lattices
from hardmax.verify.conformance.inputs.lattices import CERTAIN, PLAIN, SHAPES, excess, lattice, reduced
from hardmax.verify.conformance.inputs.trial import ARRANGEMENTS, Trial, arranged
from hardmax.verify.conformance.judge import exact_layer, examine

DTYPES = ("float32", "float64")


def winners(one):
    """(k, n, n) who follows whom."""
    return one.masks("all")


@pytest.mark.parametrize("shape", [s for s in SHAPES if s != "dense"])
@pytest.mark.parametrize("n", [9, 33, 65, 129, 257])
def test_the_last_key_wins_alone_for_one_query_and_in_a_tie_for_another(n, shape):
    rng = random.Random(n)
    for variant in ("plain", "near", "sunk"):
        for d in (3, 9):
            one = lattice(rng, n, d, "float64", variant=variant, shape=shape, last_leads=True, tied=True)
            (mask,) = winners(one)
            last = mask[:, -1]
            assert (last & (mask.sum(axis=1) == 1)).any()
            assert (last & (mask.sum(axis=1) > 1)).any()


@pytest.mark.parametrize("n", [129, 257, 513])
def test_the_ends_of_blocks_lead_in_turn(n):
    rng = random.Random(0)
    led = sum(winners(lattice(rng, n, 4, "float64", B=3, tied=True))[:, :, place].any() for place in lattices.ends(n))
    assert led == len(lattices.ends(n))


@pytest.mark.parametrize("shape", SHAPES)
def test_no_ties_unless_they_are_wanted(shape):
    rng = random.Random(1)
    for n, d in ((5, 2), (33, 3), (65, 9), (20, 65)):
        one = lattice(rng, n, d, "float64", B=3, shape=shape)
        first = np.take_along_axis(one.sets, one.masks("first").argmax(axis=2)[:, :, None], axis=1)
        total = one.masks("all") @ one.sets  # equal tokens may tie
        assert (total == one.masks("all").sum(axis=2)[:, :, None] * first).all()


@pytest.mark.parametrize("d", [2, 9, 33, 65, 129, 257])
def test_without_the_last_coordinate_other_tokens_win(d):
    rng = random.Random(d)
    for shape in (s for s in SHAPES if s != "dense"):
        one = lattice(rng, 20, d, "float64", B=3, shape=shape)
        cut = one.A.copy()
        cut[:, -1] = 0
        assert (winners(one) != winners(replace(one, A=cut))).any(axis=(1, 2)).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_all_scores_are_exact_and_lie_where_the_variant_says(dtype):
    rng = random.Random(2)
    limit = 1 << (23 if dtype == "float32" else 52)
    for n, d in ((2, 2), (7, 2), (65, 4), (20, 65), (300, 3)):
        for shape in SHAPES:
            for variant in ("plain", "near", "sunk"):
                one = lattice(rng, n, d, dtype, B=2, variant=variant, shape=shape)
                assert one.is_exact(dtype)
                Z = one.sets.astype(np.int64)
                best = (Z @ one.A @ Z.transpose(0, 2, 1)).max(axis=2)
                if variant == "sunk":
                    assert (best < 0).all()
                if variant == "near":
                    assert (abs(best) >= limit // 2).all()
                    assert (abs(best) < 2 * limit).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_scores_that_need_a_bit_more_are_not_called_exact(dtype):
    big = 1 << (12 if dtype == "float32" else 27)
    one = lattice(random.Random(0), 3, 1, dtype)
    assert not replace(one, sets=np.array([[[big + 1], [1], [2]]])).is_exact(dtype)
    assert not replace(one, exponent=-600).is_exact(dtype)
    assert not replace(one, exponent=600).is_exact(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ties", ["all", "first"])
def test_the_fast_judgement_is_that_of_the_exact_layer(dtype, ties):
    rng = random.Random(5)
    for shape in SHAPES:
        one = lattice(rng, 12, 4, dtype, B=5, shape=shape, variant=rng.choice(("plain", "near", "sunk")), exponent=2)
        call = one.call()
        exact = [exact_layer(rows, call.A, call.alpha, ties) for rows in call.tokens]
        assert [layer.expected for layer in exact] == [
            tuple(tuple(np.flatnonzero(row).tolist()) for row in mask)
            for mask in one.masks(ties)[np.arange(5) % len(one.sets)]
        ]
        right = np.array([layer.next_tokens for layer in exact], dtype=np.float64)
        assert one.excess(right, dtype, ties).max() < 0.5
        wrong = right.copy()
        wrong[4, 3, 1] += 1
        off = one.excess(wrong, dtype, ties)
        assert off[4, 3] > CERTAIN
        assert np.delete(off.ravel(), 4 * 12 + 3).max() < PLAIN
        wrong[4, 3, 1] = np.nan
        assert one.excess(wrong, dtype, ties)[4, 3] == np.inf


def test_any_one_of_tied_tokens_is_right_for_a_kernel_that_takes_any():
    one = replace(lattice(random.Random(0), 3, 1, "float64"), sets=np.array([[[2], [-2], [0]]]), alpha=Fraction(1))
    for follows, fits in ((2, True), (-2, True), (0, True), (1, False)):
        after = np.array([[[2.0], [-2.0], [follows / 2]]])
        assert bool(one.excess(after, "float64", "any").max() < PLAIN) is fits


def test_what_is_wrong_is_made_smaller_before_the_judge_sees_it():
    def step(Z, A, alpha):
        moved = numpy_kernel.step(Z, A, alpha)
        if Z.shape[1] >= 20 and len(Z) >= 3:
            moved[:, -1] += 1
        return moved

    kernel = declare(step)
    one = lattice(random.Random(1), 200, 30, "float64", B=70)
    assert excess(kernel, one, "float64") > CERTAIN
    small = reduced(kernel, one, "float64")
    assert small.shape[1] < 60
    assert small.shape[2] <= 10
    assert examine(kernel, Trial((small.call(),), "float64")).fault is not None
    assert excess(numpy_kernel, one, "float64") < PLAIN


@pytest.mark.parametrize("arrays", ["numpy", "torch"])
@pytest.mark.parametrize("arrangement", ARRANGEMENTS)
def test_layouts_keep_the_values_and_differ_in_memory(arrangement, arrays):
    if arrays == "torch":
        pytest.importorskip("torch")
        if arrangement in ("reversed", "readonly"):
            return
    kernel = declare(lambda Z, A, alpha: Z, arrays=arrays)
    for shape in ((3, 4, 5), (4, 4)):
        values = np.arange(np.prod(shape), dtype=np.float64).reshape(shape)
        values[0] = values[1:].min() if arrangement != "signed" else 0
        if arrangement == "expanded":
            values[:] = values[0]
        laid = arranged(kernel, values, arrangement)
        assert np.array_equal(np.asarray(laid), values)
        strides = laid.stride() if arrays == "torch" else tuple(s // 8 for s in laid.strides)
        plain = tuple(int(np.prod(shape[k + 1 :])) for k in range(len(shape)))
        dense = ("contiguous", "offset", "readonly", "signed") + ("sliced",) * (len(shape) == 2)
        assert (strides == plain) == (arrangement in dense), strides
        if arrangement == "offset":
            assert laid.storage_offset() == 3 if arrays == "torch" else laid.base is not None
        if arrangement == "signed":
            signs = np.signbit(np.asarray(laid)[values == 0])
            assert signs.any()
            assert not signs.all()
