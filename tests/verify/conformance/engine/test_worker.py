"""Kernels that crash, hang, fill the memory, exit or print: through the command line, which keeps all other results."""

import json
import signal
import subprocess
import sys
import time

import pytest

from hardmax.kernels.errors import InputError
from hardmax.kernels.exact.configuration_file import configuration_from_json
from hardmax.verify.cli import main
from hardmax.verify.conformance import Limits, Options, run_conformance
from hardmax.verify.conformance.text import plain_text

KERNELS = """
import os
import sys
import numpy as np

def right(Z, A, alpha):
    S = Z @ A @ Z.swapaxes(1, 2)
    W = (S == S.max(axis=2, keepdims=True)).astype(Z.dtype)
    return Z + Z.dtype.type(alpha / (1 + alpha)) * (W @ Z / W.sum(axis=2, keepdims=True) - Z)

def aborts(Z, A, alpha):
    if Z.shape[1] == 1:
        os.abort()
    return right(Z, A, alpha)

def leaves(Z, A, alpha):
    if Z.shape[1] == 1:
        os._exit(0)
    return right(Z, A, alpha)

def exits(Z, A, alpha):
    if Z.shape[1] == 1:
        raise SystemExit(0)
    return right(Z, A, alpha)

def aborts_in_batches(Z, A, alpha):
    if Z.shape[0] == 70:
        os.abort()
    return right(Z, A, alpha)

def aborts_at_many_tokens(Z, A, alpha):
    if Z.shape[1] > 1000:
        os.abort()
    return right(Z, A, alpha)

def hangs(Z, A, alpha):
    while Z.shape[1] == 1:
        pass
    return right(Z, A, alpha)

def eats(Z, A, alpha):
    kept = []
    while Z.shape[1] == 1:
        kept.append(np.ones(10**6))
    return right(Z, A, alpha)

def noisy(Z, A, alpha):
    os.write(1, b"noise from C\\n")
    print("noise from Python")
    return right(Z, A, alpha)

def aborts_at_no_number(Z, A, alpha):
    if not np.isfinite(alpha):
        os.abort()
    return right(Z, A, alpha)

def always_aborts(Z, A, alpha):
    os.abort()

def wrong_then_aborts(Z, A, alpha, calls=[]):
    calls.append(1)
    if len(calls) > 2:
        os.abort()
    return Z + 1
"""
TWO = ("--checks", "shape.one_token", "--checks", "values.simultaneous", "--json")


@pytest.fixture
def kernels(tmp_path):
    (tmp_path / "kernels.py").write_text(KERNELS)
    return lambda name: f"{tmp_path / 'kernels.py'}:{name}"


def run(capfd, *arguments):
    """(status, results by id, stderr) of `hardmax kernel … --json`."""
    with pytest.raises(SystemExit) as ended:
        main(["kernel", *arguments])
    captured = capfd.readouterr()
    return ended.value.code, {r["id"]: r for r in json.loads(captured.out)["results"]}, captured.err


@pytest.mark.parametrize(
    ("name", "limits", "words"),
    [
        ("aborts", (), "the process was killed by SIGABRT"),
        ("leaves", (), "the process ended with exit status 0"),
        ("exits", (), "raised SystemExit"),
        ("hangs", ("--check-seconds", "3"), "the process was ended after 3 s"),
        ("eats", ("--check-memory", "0.2"), "the process was ended when it had taken"),
    ],
)
def test_a_kernel_that_does_not_return_fails_with_its_input_and_the_other_checks_are_run(
    kernels, capfd, name, limits, words
):
    status, results, _ = run(capfd, kernels(name), *TWO, *limits)
    assert status == 1
    assert results["values.simultaneous"]["status"] == "pass"
    failing = results["shape.one_token"]
    assert failing["status"] == "fail"
    assert words in failing["message"]
    assert configuration_from_json(failing["configuration"]).n == 1
    assert f"load({kernels(name)!r})" in failing["snippet"]


def test_the_snippet_of_a_crash_crashes(kernels, capfd):
    _, results, _ = run(capfd, kernels("aborts"), *TWO)
    snippet = results["shape.one_token"]["snippet"]
    done = subprocess.run([sys.executable, "-c", snippet], capture_output=True, check=False)
    assert done.returncode == -signal.SIGABRT


def test_an_input_that_is_no_number_is_told_as_well(kernels):
    (result,) = run_conformance(kernels("aborts_at_no_number"), only=["nan.alpha"]).results
    assert "the process was killed by SIGABRT; tokens, A or alpha hold values that are not finite" in result.message
    assert result.configuration is None
    assert 'alpha = float("nan")' in result.snippet


def test_equal_sets_of_a_batch_are_written_once(kernels):
    (result,) = run_conformance(kernels("aborts_in_batches"), only=["batch.sizes"]).results
    assert "[np.arange(70) % 3]  # 70 x " in result.snippet


def test_a_long_snippet_is_not_printed(kernels):
    report = run_conformance(kernels("aborts_at_many_tokens"), only=["shape.tokens"])
    assert "--checks shape.tokens --out DIR writes it to DIR" in plain_text(report)
    assert "np.array" not in plain_text(report)


def test_what_a_kernel_writes_to_stdout_is_not_in_the_report(kernels, capfd):
    status, results, errors = run(capfd, kernels("noisy"), *TWO)
    assert status == 0
    assert {r["status"] for r in results.values()} == {"pass"}
    assert "noise from C" in errors
    assert "noise from Python" in errors


def test_a_kernel_that_crashes_in_every_check_is_given_up_after_some(kernels):
    report = run_conformance(kernels("always_aborts"), only=["ties.*", "values.*", "shape.one*"])
    statuses = [result.status for result in report.results]
    assert statuses[:8] == ["fail"] * 8
    assert set(statuses[8:]) == {"not_tested"}
    assert not report.passed


def test_what_was_found_is_kept_where_the_process_ends_while_it_is_made_smaller(kernels):
    (result,) = run_conformance(kernels("wrong_then_aborts"), only=["shape.one_token"]).results
    assert result.status == "fail"
    assert "the process was killed by SIGABRT while that was made smaller" in result.message
    assert result.configuration is not None
    assert "assert all(e <= t" in result.snippet


def test_a_slow_check_is_no_hang(tmp_path):
    (tmp_path / "slow.py").write_text(
        "import time\nfrom hardmax.kernels.floats.numpy_kernel import kernel as numpy\n\n"
        "def step(Z, A, alpha):\n    time.sleep(0.4)\n    return numpy.step(Z, A, alpha)\n"
    )
    options = Options(limits=Limits(seconds=2.5))
    (result,) = run_conformance(f"{tmp_path / 'slow.py'}:step", only=["shape.tokens"], options=options).results
    assert result.status == "not_tested"
    assert "give --check-seconds" in result.message


def test_the_input_of_an_earlier_crash_is_not_blamed(tmp_path):
    (tmp_path / "once.py").write_text(
        "import os\nfrom pathlib import Path\nfrom hardmax.kernels.floats.numpy_kernel import kernel as numpy\n"
        "mark = Path(__file__).with_suffix('.mark')\nif mark.exists():\n    os._exit(7)\n\n"
        "def step(Z, A, alpha):\n    if Z.shape[1] == 1:\n        mark.touch()\n        os.abort()\n"
        "    return numpy.step(Z, A, alpha)\n"
    )
    first, second = run_conformance(f"{tmp_path / 'once.py'}:step", only=["shape.one*"]).results
    assert "SIGABRT" in first.message
    assert second.status == "fail"
    assert "after a crash" in second.message
    assert "cannot be loaded: the process ended with exit status 7" in second.message
    assert second.configuration is None


@pytest.mark.parametrize("text", ["import os\nos.abort()\n", "import os\nos._exit(3)\n"])
def test_a_file_that_ends_the_process_when_it_is_imported_is_bad_input(tmp_path, text):
    (tmp_path / "dies.py").write_text(text)
    with pytest.raises(InputError, match="cannot be loaded: the process"):
        run_conformance(f"{tmp_path / 'dies.py'}:step")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupted_run_keeps_the_results_so_far(kernels, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "hardmax", "kernel", kernels("hangs"), "--out", out, "--skip", "cross.*"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # the tests may run in background
    )
    while not (out / "journal").exists() and process.poll() is None:
        time.sleep(0.1)
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate()
    assert process.returncode in (1, 3), errors
    record = json.loads((out / "run.json").read_text())
    assert record["interrupted"] is True
    statuses = [check["status"] for check in record["checks"]]
    assert statuses[-1] == "not_tested"
    assert "the run was interrupted" in printed
