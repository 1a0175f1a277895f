"""The table against today's practice: what it counts, on a few kernels; the whole table is run by hand."""

import numpy as np
import pytest

pytest.importorskip("torch")

from hardmax.kernels.attention.problem import Problem

from . import practice


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_bounds_catch_every_wrong_kernel_and_others_do_not_count_more(dtype):
    found = practice.table((dtype,), most_wrong=6, most_right=0)[dtype]
    assert found["wrong"] == found["caught"]["bounds"] == 6
    assert all(0 <= found["caught"][rule] <= 6 for rule in practice.RULES)


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("anchored_at_the_bottom", "causal.rectangular"),
        ("anchored_somewhere", "causal.rectangular"),
        ("caps_after_the_bias", "softcap.order"),
        ("keeps_scores_in_the_dtype", "values.peaked"),
    ],
)
def test_every_rule_knows_what_a_kernel_declares(name, check):
    refused, ratios = practice.judged_by_all(practice.RIGHT[name], [check], "float16")
    assert refused <= {"assert_close", "twice"}
    assert 0 < max(ratios) <= 1


@pytest.mark.parametrize("alignment", ["top_left", "bottom_right"])
@pytest.mark.parametrize("order", ["softcap,bias", "bias,softcap"])
def test_the_reference_solves_the_same_problem(alignment, order):
    q, k, v = (np.random.default_rng(n).standard_normal((1, 1, L, 4)) for n, L in enumerate((3, 5, 5)))
    options = {"bias": np.full((1, 1, 3, 5), 2.0) * np.arange(5), "softcap": 1.5, "causal": True}
    problem = Problem(q, k, v, "float64", **options, alignment=alignment, softcap_order=order)
    eager = practice.Eager(problem)(*practice.tensors(problem)).numpy()
    assert np.abs(eager - practice.exact(problem)).max() < 1e-12


@pytest.mark.deep
def test_bounds_blame_no_right_kernel():
    found = practice.table(("float16",), most_wrong=0, most_right=3)["float16"]
    assert found["blamed"]["bounds"] == 0
    assert found["blamed"]["assert_close"] > 0
    assert 0 < max(found["tight"]) <= 1
