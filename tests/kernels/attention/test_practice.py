"""The table against today's practice: what it counts, on a few kernels; the whole table is run by hand."""

import pytest

pytest.importorskip("torch")

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
        ("keeps_scores_in_the_dtype", "values.softmax"),
    ],
)
def test_every_rule_knows_what_a_kernel_declares(name, check):
    refused, ratios = practice.judged_by_all(practice.RIGHT[name], [check], "bfloat16")
    assert refused <= {"assert_close"}
    assert 0 < max(ratios) <= 1


@pytest.mark.deep
def test_bounds_blame_no_right_kernel():
    found = practice.table(("float16",), most_wrong=0, most_right=3)["float16"]
    assert found["blamed"]["bounds"] == 0
    assert found["blamed"]["assert_close"] > 0
    assert 0 < max(found["tight"]) <= 1
