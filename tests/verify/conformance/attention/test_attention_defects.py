"""Seeded attention kernels: each wrong one is found by the check made for it, in every dtype; right ones pass."""

import warnings
from pathlib import Path

import pytest

import hardmax.verify

torch = pytest.importorskip("torch")

from hardmax.kernels.attention.protocol import as_attention  # noqa: E402
from hardmax.verify.conformance import Options, check_ids, run_conformance  # noqa: E402
from hardmax.verify.conformance.attention import CHECKS, judged  # noqa: E402
from hardmax.verify.conformance.record import CheckFinding  # noqa: E402
from tests.kernels.attention.defects import RIGHT, WRONG, wrong_gradients, wrong_paths, wrong_views  # noqa: E402
from tests.kernels.attention.defects.core import DTYPES, right  # noqa: E402


@pytest.fixture
def told_at_once(monkeypatch):
    """Failures are told as they are found: neither made smaller nor explained."""

    def failure(subject, kernel, trial, fault, others=()):
        return CheckFinding("fail", f"{fault.kind} {fault.place} {fault.detail}")

    monkeypatch.setattr(judged, "failure", failure)


def of(kernel, dtypes, **options):
    return run_conformance(kernel, options=Options(overrides={"dtypes": dtypes}), **options)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_kernel_is_found_by_its_check_in_every_dtype(name, told_at_once):
    kernel, check = WRONG[name]
    for dtype in kernel.dtypes:
        (result,) = of(kernel, (dtype,), only=[check]).results
        assert result.status == "fail", (dtype, result.message)
        assert "could not be judged" not in result.message


@pytest.mark.parametrize("number", [pytest.param(n, marks=[pytest.mark.deep] * (n % 5 > 0)) for n in range(len(WRONG))])
def test_the_snippet_shows_it_and_a_right_kernel_passes_it(number):
    name = list(WRONG)[number]
    kernel, check = WRONG[name]
    dtype = kernel.dtypes[number % len(kernel.dtypes)]
    (result,) = of(kernel, (dtype,), only=[check]).results
    assert result.status == "fail", result.message
    assert "a freshly loaded kernel passes this" not in result.message
    if check.partition(".")[0] in ("memory", "repeat", "batch", "call", "nan"):
        assert result.snippet is not None
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Exception):  # noqa: B017, PT011 an assertion of the snippet, or what the kernel raises
            exec(result.snippet, {"__name__": "snippet", "kernel": as_attention(kernel, name=name, dtypes=(dtype,))})
        good = wrong_gradients.right_lse if kernel.__dict__.get("lse") else right
        good = wrong_gradients.right_hard if kernel.__dict__.get("hard") is True else good
        good = wrong_views.right_view if check == "layout.views" else good
        if kernel.__dict__.get("hard") != "first" and check != "causal.rectangular":
            exec(result.snippet, {"__name__": "snippet", "kernel": as_attention(good, name="right")})


def test_every_check_has_a_wrong_kernel():
    assert {check for _, check in WRONG.values()} == set(check_ids("attention"))
    assert len(WRONG) >= 100
    assert sum(set(kernel.dtypes) == set(DTYPES) for kernel, _ in WRONG.values()) >= 100


def test_the_page_lists_every_attention_check_and_counts_the_kernels():
    page = (Path(hardmax.verify.__file__).parent / "conformance" / "README.md").read_text(encoding="utf-8")
    table = page.partition("| check | a right attention kernel |")[2].partition("\n\n")[0]
    assert table.splitlines()[2:] == [f"| `{check.id}` | {check.title} |" for check in CHECKS]
    assert f"holds {len(WRONG)} wrong kernels" in page
    assert f"and {len(RIGHT)} right ones" in page


FEW = ["values.[snl]*", "mask.*", "causal.*", "ties.*", "lse.*", "hard.*", "sizes.[kvn]*", "gradient.[orsv]*", "nan.*"]


@pytest.mark.parametrize("name", RIGHT)
def test_right_kernels_with_odd_habits_pass(name):
    dtypes = RIGHT[name].dtypes
    number = list(RIGHT).index(name)
    report = of(RIGHT[name], (dtypes[number % len(dtypes)],), only=FEW)
    assert [(r.id, r.message) for r in report.failures] == []


@pytest.mark.deep
@pytest.mark.parametrize("name", RIGHT)
def test_right_kernels_with_odd_habits_pass_everything_in_every_dtype(name):
    assert [(r.id, r.message) for r in run_conformance(RIGHT[name]).failures] == []


ALONE = wrong_paths.PATHS_OF | {
    "call.plain": "returned_wide",
    "values.long": "keys_beyond_a_thousand",
    "scale.given": "scale_zero_is_none",
    "heads.grouped": "diagonal_of_packed_heads",
    "mask.padding": "hidden_not_a_number",
    "mask.empty": "an_empty_row_empties_the_head",
    "mask.together": "path of scale beside bias",
    "bias.large": "low_bias_hides",
    "causal.rectangular": "corner_by_length",
    "window.sides": "window_unlimited_is_none",
    "softcap.order": "bias_before_the_softcap",
    "sizes.values": "values_as_wide_as_keys",
    "sizes.sets": "sets_beyond_two_hundred",
    "sizes.nothing": "no_keys_give_one",
    "gradient.options": "path of gradient of bias beside softcap",
    "gradient.rectangular": "gradient_of_the_other_corner",
    "gradient.heads": "gradient_of_one_head_of_a_group",
    "gradient.sums": "grad_of_few_bits",
    "gradient.grad_out": "grad_out_read_as_dense",
    "layout.packed": "values_have_dense_rows",
    "layout.expanded": "stride_zero_taken_for_one",
    "layout.views": "tensors_of_the_same_memory",
    "layout.scores": "mask_read_as_dense",
    "memory.unchanged": "bias_masked_in_place",
    "memory.fresh": "one_buffer_for_all_results",
    "state.refilled": "keys_kept_by_address",
    "repeat.equal": "noise_in_the_last_bits",
    "batch.alone": "other_order_in_a_batch",
    "nan.scores": "infinite_scores_clamped",
}
"""Check → a wrong kernel that no other check finds."""


def test_every_check_has_a_wrong_kernel_of_its_own():
    assert set(ALONE) == set(check_ids("attention"))
    assert all(WRONG[name][1] == check for check, name in ALONE.items())


@pytest.mark.deep
@pytest.mark.parametrize("check", ALONE)
def test_no_other_check_finds_the_wrong_kernel_of_a_check(check, told_at_once):
    kernel, _ = WRONG[ALONE[check]]
    assert [r.id for r in of(kernel, kernel.dtypes[1:2] or kernel.dtypes).failures] == [check]


@pytest.mark.deep
@pytest.mark.parametrize("name", WRONG)
def test_the_check_of_a_wrong_kernel_finds_it_beside_all_others(name, told_at_once):
    kernel, check = WRONG[name]
    failing = [r.id for r in of(kernel, kernel.dtypes[1:2] or kernel.dtypes).failures]
    assert check in failing or (failing and name == "workspace_not_cleared")  # it is full when that check begins
