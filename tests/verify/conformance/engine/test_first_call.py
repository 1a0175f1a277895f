"""A kernel that answers to no plain input is one finding; one that fails on some inputs is judged check by check."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from hardmax.kernels.protocol import declare
from hardmax.verify.cli import main
from hardmax.verify.conformance import Options, check_kernel, run_conformance
from hardmax.verify.conformance.inputs.trial import Sizes
from hardmax.verify.conformance.text import plain_text

KERNELS = """
import numpy as np

def helper(values):
    return undefined(values)

def raises(Z, A, alpha):
    return helper(Z)

def leaves(Z, A, alpha):
    raise SystemExit(3)

def nothing(Z, A, alpha):
    return None

def several(Z, A, alpha):
    return Z, A

def cut(Z, A, alpha):
    return Z[:, :1]

def whole(Z, A, alpha):
    return Z.astype(int)

def dies(Z, A, alpha):
    import os
    os.abort()

def hangs(Z, A, alpha):
    while True:
        pass

def multiples(Z, A, alpha):
    if Z.shape[2] % 16:
        raise ValueError("d must be a multiple of 16")
    return Z + 0

def attention_raises(q, k, v):
    raise ValueError("no way")

def attention_nothing(q, k, v):
    return None

def attention_refuses(q, k, v):
    raise NotImplementedError("not on this machine")

def attention_multiples(q, k, v):
    if q.shape[3] % 16:
        raise ValueError("D must be a multiple of 16")
    return q @ k.swapaxes(2, 3) @ v
"""


@pytest.fixture
def kernels(tmp_path):
    (tmp_path / "mine.py").write_text(KERNELS)
    return lambda name: f"{tmp_path / 'mine.py'}:{name}"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("raises", "raised NameError: name 'undefined' is not defined (mine.py:5)"),
        ("leaves", "raised SystemExit: 3 (mine.py:11)"),
        ("nothing", "returned a NoneType in place of an array of shape (1, 1, 1)"),
        ("several", "returned a tuple in place of an array"),
        ("cut", "returned another shape than the tokens have: (1, 1, 1) for (1, 2, 1)"),
        ("whole", "returned int64 values"),
        ("dies", "the process was killed by SIGABRT"),
        ("hangs", "the process was ended after 8 s"),
        ("attention_raises", "raised ValueError: no way (mine.py:39)"),
        ("attention_refuses", "float32: the kernel refuses such arrays: not on this machine; no plain input gives"),
        ("attention_nothing", "returned out of type NoneType; an array is required"),
    ],
)
def test_no_answer_to_any_plain_input_is_one_finding_and_one_record_a_check_is_left(
    kernels, capsys, tmp_path, name, words
):
    out = tmp_path / "out"
    limits = ["--check-seconds", "8"] if name == "hangs" else []
    with pytest.raises(SystemExit) as ended:
        main(["kernel", kernels(name), "--out", str(out), "--report", *limits])
    printed = capsys.readouterr().out
    assert ended.value.code == 1
    assert words in " ".join(printed.split())
    assert "not tested  " in printed
    assert "call.plain fails, so that nothing else can be told" in printed
    assert len(printed.splitlines()) < 40
    record = json.loads((out / "run.json").read_text())
    statuses = [check["status"] for check in record["checks"]]
    assert statuses == ["fail"] + ["not_tested"] * (len(statuses) - 1)
    assert len(statuses) > 60
    counts = record["counts"]
    assert (counts["inputs"], counts["refuted"], counts["undecided"]) == (len(statuses), 1, len(statuses) - 1)
    (suite,) = ET.parse(out / "junit.xml").getroot().iter("testsuite")
    assert (int(suite.get("failures", "")), int(suite.get("skipped", ""))) == (1, len(statuses) - 1)


def test_a_kernel_that_refuses_some_inputs_is_judged_check_by_check(kernels):
    for name, others in (("multiples", "d = "), ("attention_multiples", "D = ")):
        report = run_conformance(kernels(name), only=["call.plain", "values.*"])
        first, *rest = report.results
        assert first.status == "pass"
        assert not any(result.status == "not_tested" for result in rest)
        assert any(others in result.message for result in report.failures)
    sized = run_conformance(kernels("multiples"), only=["call.plain"], options=Options(sizes=Sizes(d=(3, 3))))
    assert sized.results[0].status == "not_tested"


def test_a_dtype_that_is_declared_and_not_computed_in_is_one_finding_with_the_remedy():
    def step(Z, A, alpha):
        if Z.dtype == np.float32:
            raise TypeError("float64 only")
        return Z + 0

    first, second = check_kernel(declare(step, dtypes=("float32", "float64")), only=["call.plain", "ties.exact"])
    assert "if it does not compute in float32, declare step.dtypes = ('float64',)" in first.message
    assert second.status == "not_tested"


def test_other_shapes_are_one_cause_of_many_failures():
    report = run_conformance(lambda Z, A, alpha: Z[:1] + 0)
    text = plain_text(report)
    assert "checks fail, one cause: returned another shape than the tokens have" in text
