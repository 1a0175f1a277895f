"""Attention kernels through `hardmax kernel`, check_kernel and pytest: what a user sees."""

import json
from pathlib import Path

import pytest

import hardmax.reports
from hardmax import check_kernel
from hardmax.kernels.errors import InputError
from hardmax.verify.cli import main
from hardmax.verify.conformance import check_ids

pytest_plugins = ["pytester"]

KERNELS = """
import os
import numpy as np

def attention(q, k, v, causal=False):
    s = q @ k.swapaxes(-1, -2) / np.sqrt(np.float32(q.shape[-1]))
    if causal:
        s = np.where(np.tri(q.shape[2], k.shape[2], dtype=bool), s, -np.inf)
    w = np.exp(s - s.max(-1, keepdims=True, initial=-np.inf))
    return w / w.sum(-1, keepdims=True) @ v

def tail(q, k, v):
    out = attention(q, k, v)
    out[..., -1] += 1
    return out

def strict(q, k, v, causal=False):
    s = q @ k.swapaxes(-1, -2) / np.sqrt(np.float32(q.shape[-1]))
    if causal:
        s = np.where(np.tri(q.shape[2], k.shape[2], 1, dtype=bool), s, -np.inf)
    w = np.exp(s - s.max(-1, keepdims=True))
    return w / w.sum(-1, keepdims=True) @ v

def two_corners(q, k, v, causal=False):
    s = q @ k.swapaxes(-1, -2) / np.sqrt(np.float32(q.shape[-1]))
    if causal:
        s = np.where(np.tri(q.shape[2], k.shape[2], max(0, k.shape[2] - q.shape[2] - 20), dtype=bool), s, -np.inf)
    w = np.exp(s - s.max(-1, keepdims=True))
    return w / w.sum(-1, keepdims=True) @ v

def wide(q, k, v):
    return attention(q, k, v).astype(np.float64)

def flat(q, k, v):
    return attention(q, k, v)[:, 0]

def raises(q, k, v):
    raise RuntimeError("not today")

def hangs(q, k, v):
    while True:
        pass

def aborts(q, k, v):
    if k.shape[2] == 17:
        os.abort()
    return attention(q, k, v)

def declared(q, k, v):
    return attention(q, k, v)
declared.tie_break = "first"

def tensors(q, k, v):
    return q.softmax(-1) + k.mean() + v

def four(q, k, v, heads):
    return v
"""


@pytest.fixture
def kernels(tmp_path):
    (tmp_path / "kernels.py").write_text(KERNELS)
    return lambda name: f"{tmp_path / 'kernels.py'}:{name}"


def run(capfd, *arguments):
    """(status, stdout, stderr) of `hardmax kernel …`."""
    with pytest.raises(SystemExit) as ended:
        main(["kernel", *map(str, arguments)])
    return ended.value.code, *capfd.readouterr()


def results(out):
    return {r["id"]: r for r in json.loads(out)["results"]}


def test_a_right_kernel_conforms_and_the_command_says_what_it_found(kernels, capfd):
    status, out, _ = run(capfd, kernels("attention"), "--checks", "call.*,values.s*,causal.*,mask.bool,heads.*")
    assert status == 0
    assert "an attention kernel: attention: q, k, v, causal, dtypes: float32, arrays: numpy" in out.splitlines()[0]
    assert "n/a         mask.bool: the kernel has no parameter mask" in out
    assert out.splitlines()[-1] == "conforms: 7 pass, 1 n/a"


def test_a_wrong_diagonal_comes_with_the_smallest_input_and_the_reason(kernels, capfd):
    status, out, _ = run(capfd, kernels("strict"), "--checks", "call.*,values.softmax,causal.square", "--json")
    assert status == 1
    found = results(out)
    assert found["values.softmax"]["status"] == "pass"
    message, snippet = found["causal.square"]["message"], found["causal.square"]["snippet"]
    assert "lets rows see one key after the diagonal" in message
    assert "Lq = 2, Lk = 2, D = 1, causal" in message
    with pytest.raises(AssertionError, match="in place of"):
        exec(snippet, {"__name__": "snippet"})
    exec(snippet.replace(":strict", ":attention"), {"__name__": "snippet"})


def test_a_diagonal_that_moves_from_corner_to_corner_fails_although_none_is_declared(kernels, capfd):
    status, out, _ = run(capfd, kernels("two_corners"), "--checks", "causal.*", "--json")
    assert status == 1
    assert results(out)["causal.rectangular"]["status"] == "fail"
    assert results(out)["causal.square"]["status"] == "pass"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("wide", "returned float64 for float32 q, k, v; float32 is required (np.sqrt(D) is a float64"),
        ("flat", "returned out of shape (2, 3, 2); (2, 1, 3, 2) is required"),
        ("raises", "raised RuntimeError: not today"),
        ("hangs", "was ended after 1 s"),
    ],
)
def test_what_gives_no_answer_is_one_finding_and_not_fifty(name, said, kernels, capfd):
    status, out, _ = run(capfd, kernels(name), "--json", "--check-seconds", "1")
    assert status == 1
    found = results(out)
    assert [r["id"] for r in found.values() if r["status"] == "fail"] == ["call.plain"]
    assert said in found["call.plain"]["message"]
    assert found["call.plain"]["snippet"]
    others = {r["status"] for r in found.values()} - {"fail"}
    assert others == {"not_tested"}
    assert set(found) == set(check_ids("attention"))


def test_a_crash_is_a_finding_with_its_input_and_the_others_go_on(kernels, capfd):
    status, out, _ = run(capfd, kernels("aborts"), "--checks", "values.softmax,sizes.keys,heads.own", "--json")
    found = results(out)
    assert status == 1
    assert found["sizes.keys"]["status"] == "fail"
    assert "(1, 1, 17, 8)" in found["sizes.keys"]["message"]
    assert "SIGABRT" in found["sizes.keys"]["message"]
    assert "kernel.function(q, k, v)" in found["sizes.keys"]["snippet"]
    assert found["heads.own"]["status"] == found["values.softmax"]["status"] == "pass"


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("declared", (), "unknown declaration tie_break; an attention kernel declares accumulates, arrays,"),
        ("tensors", (), 'declare tensors.arrays = "torch", or give --arrays torch'),
        ("four", (), "cannot be called as attention(q, k, v)"),
        ("attention", ("--checks", "ties.exact"), "no check matches 'ties.exact'; checks are call.plain, "),
        ("attention", ("--dtype", "bfloat16"), "NumPy has no bfloat16"),
        ("attention", ("--arrays", "torch", "--device", "cuda"), "sees no CUDA device"),
    ],
)
def test_wrong_declarations_and_usage_end_in_one_line(name, arguments, said, kernels, capfd):
    status, out, err = run(capfd, kernels(name), *arguments)
    assert status == 2
    assert out == ""
    (line,) = [x for x in err.splitlines() if x]
    assert said in line


def test_the_back_end_that_torch_chose_is_shown(capfd):
    pytest.importorskip("torch")
    status, out, _ = run(capfd, "torch-sdpa", "--dtype", "float32", "--checks", "call.plain,mask.bool")
    assert status == 0
    assert "back end: flash" in out.splitlines()[0]
    status, out, _ = run(capfd, "torch-sdpa", "--dtype", "float32", "--checks", "mask.padding")
    assert "by flash:" in " ".join(out.split())


def test_records_and_reports_are_written_as_for_layers(kernels, capfd, tmp_path):
    arguments = ("--checks", "values.softmax,causal.square", "--out", tmp_path / "out", "--report")
    status, _, _ = run(capfd, kernels("strict"), *arguments)
    assert status == 1
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert {"run.json", "report.html", "checks"} <= names
    assert "lets rows see one key after the diagonal" in (tmp_path / "out" / "report.html").read_text()
    assert [p.name for p in (tmp_path / "out" / "checks").iterdir()] == ["causal.square.py"]
    assert run(capfd, kernels("strict"), *arguments, "--overwrite")[0] == 1
    for name in ("junit.xml", "report.sarif"):
        assert "causal.square" in next((tmp_path / "out").glob(f"*{name.split('.')[-1]}")).read_text()


def test_the_error_is_shown_where_it_sits(kernels, capfd, tmp_path):
    arguments = (kernels("tail"), "--checks", "values.softmax", "--out", tmp_path / "out", "--report")
    status, out, _ = run(capfd, *arguments)
    assert status == 1
    picture = out.partition("3 a hundred times, ..., - not judged\n\n")[2].partition("\n\n")[0]
    rows = [line.strip() for line in picture.splitlines()]
    assert len(rows) == 5
    assert {row[:3] for row in rows} == {"..."}
    assert {row[3] for row in rows} <= set("123456789")
    page = (tmp_path / "out" / "report.html").read_text()
    drawn = page.partition('<svg class="errors"')[2].partition("</svg>")[0]
    assert 'viewBox="0 0 4 5"' in page
    assert drawn.count("<rect") == 20
    assert drawn.count('fill-opacity="0.08"') == 15
    assert json.loads((tmp_path / "out" / "run.json").read_text())["checks"][0]["errors"] == rows


def test_known_deviations_are_listed_beside_the_kernel_or_in_a_file(kernels, capfd, tmp_path):
    known = tmp_path / "known.txt"
    known.write_text("causal.square our diagonal is one off\nvalues.softmax nothing is wrong here\n")
    status, out, _ = run(capfd, kernels("strict"), "--checks", "values.softmax,causal.square", "--known", known)
    assert status == 0
    assert "our diagonal is one off (known deviation)" in out
    assert "stale known deviation: values.softmax" in out


def test_an_object_is_judged_in_this_process():
    space = {}
    exec(KERNELS, space)
    found = check_kernel(space["strict"], only=["values.softmax", "causal.square"])
    assert [r.status for r in found] == ["pass", "fail"]
    with pytest.raises(InputError, match="unknown declaration tie_break"):
        check_kernel(space["declared"])


def test_the_plugin_makes_one_item_for_each_check_of_attention(pytester):
    pytester.makepyfile(kernels=KERNELS)
    result = pytester.runpytest_inprocess("--hardmax-kernel=kernels.py:strict", "-k", "square or softmax", "-n", "0")
    result.assert_outcomes(passed=1, failed=1, deselected=len(check_ids("attention")) - 2)
    pytester.makepyfile(
        """
        import hardmax
        import pytest

        @pytest.mark.hardmax_kernel("kernels.py:attention")
        def test_conformance(hardmax_check):
            hardmax_check()

        @hardmax.parametrize_checks(["kernels.py:strict"], only=["causal.*"])
        def test_kernels(check):
            check()
        """
    )
    result = pytester.runpytest_inprocess("-k", "square", "-n", "0")
    result.assert_outcomes(passed=1, failed=1, deselected=len(check_ids("attention")) - 1 + 1)


HARD = Path(hardmax.reports.__file__).parent / "examples" / "hard_attention.py"


@pytest.mark.parametrize("name", ["argmax_attention", "onnx_hardmax"])
def test_hard_attention_of_other_libraries_is_judged_exactly(name, capfd):
    if name == "onnx_hardmax":
        pytest.importorskip("onnxruntime")
    checks = "call.*,hard.*,ties.*,causal.*,mask.bool,heads.*"
    status, out, _ = run(capfd, f"{HARD}:{name}", "--checks", checks, "--json", "-v")
    assert [(r["id"], r["message"]) for r in results(out).values() if r["status"] == "fail"] == []
    assert status == 0
    assert json.loads(out)["declared"]["hard"] == "first"
    assert results(out)["hard.ties"]["status"] == "pass"
