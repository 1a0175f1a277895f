"""The pytest plugin: idle it loads nothing, used it is the suite inside a user's session."""

import json
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

import hardmax.verify.campaigns.sources
import hardmax.verify.claims.own.claim  # loaded before sessions in this process, which forget what they load
import hardmax.verify.conformance.suite  # noqa: F401
from hardmax.verify.conformance import check_ids

pytest_plugins = ["pytester"]

NAME = "hardmax.verify.pytest_plugin"
INSTALLED = any(point.value == NAME for point in entry_points(group="pytest11"))
PLUGIN = [] if INSTALLED else ["-p", NAME]

FIRST = """
import numpy as np

def step(tokens, A, alpha):
    scores = tokens @ A @ tokens.transpose(0, 2, 1)
    target = np.take_along_axis(tokens, scores.argmax(axis=2)[:, :, None], axis=1)
    return tokens + alpha / (1 + alpha) * (target - tokens)
"""
FEW = "ties.exact or ties.near or batch.empty or sets.told or run.ties"


@pytest.fixture
def session(pytester):
    """Runs pytest with the plugin in a folder with a wrong kernel, `first.py:step`."""
    pytester.makepyfile(first=FIRST)

    def run(*arguments):
        return pytester.runpytest_inprocess(*PLUGIN, "-p", "no:cacheprovider", *arguments)

    return run


def test_unused_it_imports_nothing_of_the_suite(pytester):
    pytester.makepyfile(
        """
        import sys

        def test_nothing_heavy():
            assert "hardmax.verify.pytest_plugin" in sys.modules
            heavy = {"numpy", "sympy", "flint", "torch", "numba", "hypothesis", "click", "rich"}
            assert not heavy & set(sys.modules)
            assert not [name for name in sys.modules if name.startswith(("hardmax.kernels", "hardmax.verify.conf"))]
        """
    )
    command = [sys.executable, "-m", "pytest", *PLUGIN, "-q", "-p", "no:hypothesispytest", "-p", "no:benchmark"]
    result = subprocess.run(command, cwd=pytester.path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 passed" in result.stdout


def test_unused_it_adds_no_item_no_header_and_no_summary(session, pytester):
    pytester.makepyfile("def test_mine(): pass")
    result = session()
    result.assert_outcomes(passed=1)
    assert "hardmax: kernel" not in result.stdout.str()


def test_a_kernel_is_tested_beside_the_users_tests_with_a_snippet_for_each_failure(session, pytester):
    pytester.makepyfile("def test_exact_like_mine(): pass")
    result = session("--hardmax-kernel=first.py:step", "-k", f"{FEW} or mine")
    result.assert_outcomes(passed=3, failed=2, skipped=1, deselected=len(check_ids()) - 5)
    result.stdout.fnmatch_lines(
        [
            "hardmax: kernel under test first.py:step (dtypes: float64, *ties: all*seed 0",
            "*ties.exact of kernel step*",
            "ties.exact: Exact ties keep every maximiser",
            "*keeps only the first*",
            "*kernel = load('*first.py:step')",
            "*assert all(e <= t *",
            "FAILED hardmax*first.py:step*::ties.exact*",
        ]
    )
    assert "runtest" not in result.stdout.str()  # no traceback through the suite


def test_one_item_a_check(session):
    result = session("--hardmax-kernel=numpy", "--collect-only", "-q")
    names = [line.rpartition("::")[2] for line in result.outlines if line.startswith("hardmax[numpy]::")]
    assert names == list(check_ids())


def test_fragile_passes_and_is_told_at_the_end(session):
    result = session("--hardmax-kernel=numpy", "-k", "run.ties")
    result.assert_outcomes(passed=1, deselected=len(check_ids()) - 1)
    result.stdout.fnmatch_lines(["hardmax: run.ties is fragile: *strays from the exact one*"])


def test_known_deviations_are_expected_failures_and_stale_ones_are_told(session, pytester):
    pytester.path.joinpath("known.txt").write_text("ties.exact we take the first\nbatch.empty never empty\n")
    result = session("--hardmax-kernel=first.py:step", "--hardmax-known=known.txt", "-k", FEW, "-rx")
    result.assert_outcomes(passed=2, failed=1, skipped=1, xfailed=1, deselected=len(check_ids()) - 5)
    result.stdout.fnmatch_lines(
        ["hardmax: stale known deviation: batch.empty (never empty): the check is pass; remove the entry"]
    )
    assert "we take the first (known deviation)" in result.stdout.str()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--hardmax-kernel=nump"], "no kernel is called 'nump'"),
        (["--hardmax-kernel=first.py:stop"], "did you mean step?"),
        (["--hardmax-kernel=numpy", "--hardmax-known=absent"], "absent cannot be read"),
        (["--hardmax-known=absent"], "give the kernel as well"),
    ],
)
def test_bad_options_end_the_session_with_one_line(session, arguments, message):
    result = session(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str() + result.stdout.str()
    assert "Traceback" not in result.stderr.str()


def test_marker_and_fixtures_test_a_kernel_inside_a_test_file(session, pytester):
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.hardmax_kernel("first.py:step")
        def test_conformance(hardmax_check):
            hardmax_check()

        @pytest.mark.hardmax_kernel("numpy", seed=3)
        class TestNumpy:
            def test_conformance(self, hardmax_check):
                hardmax_check()

            def test_name(self, hardmax_kernel):
                assert hardmax_kernel.name == "numpy"
        """
    )
    result = session("--strict-markers", "-k", f"{FEW} or name")
    result.assert_outcomes(passed=2 + 5 + 1, failed=2, skipped=1, deselected=2 * (len(check_ids()) - 5))
    result.stdout.fnmatch_lines(["*kernel = load('*first.py:step')", "FAILED *test_conformance?ties.exact?*"])


def test_several_kernels_give_one_item_for_each_and_check(session, pytester):
    pytester.makepyfile(
        """
        import hardmax
        from first import step

        @hardmax.parametrize_checks([step, "numpy"], only=["ties.exact", "batch.empty", "sets.told"])
        def test_kernels(check):
            check()
        """
    )
    pytester.syspathinsert()
    result = session("-v")
    result.assert_outcomes(passed=4, failed=1, skipped=1)
    result.stdout.fnmatch_lines(["*test_kernels?step-ties.exact? FAILED*", "*test_kernels?numpy-ties.exact? PASSED*"])


def test_a_fixture_without_a_kernel_says_what_to_do(session, pytester):
    pytester.makepyfile("def test_name(hardmax_kernel): pass")
    result = session()
    assert "mark the test with @pytest.mark.hardmax_kernel" in result.stdout.str()
    assert result.ret != 0
    result = session("--hardmax-kernel=first.py:step", "-k", "test_name")
    result.assert_outcomes(passed=1, deselected=len(check_ids()))


def test_with_xdist_every_check_runs_once_and_results_reach_controller_and_junit(pytester):
    pytester.makepyfile(first=FIRST)
    result = pytester.runpytest_subprocess(
        *PLUGIN, "-p", "xdist", "-n", "2", "--hardmax-kernel=first.py:step", "-k", FEW, "--junitxml=junit.xml"
    )
    result.assert_outcomes(passed=2, failed=2, skipped=1)
    result.stdout.fnmatch_lines(["hardmax: kernel under test first.py:step*", "*kernel = load('*first.py:step')"])
    text = pytester.path.joinpath("junit.xml").read_text()
    assert text.count('name="hardmax_conformance"') == 5
    import xml.etree.ElementTree as ET

    values = [json.loads(p.attrib["value"]) for p in ET.fromstring(text).iter("property")]
    assert {v["id"]: v["status"] for v in values}["ties.exact"] == "fail"
    assert all(v["kernel"] == "step" for v in values)


CLAIMS = """
from hardmax import claim

@claim
def inside(case):
    'Every limit has as many coordinates as the tokens.'
    return all(len(s) == case.d for s in case.limits)

@claim
def single(case):
    'There is one leader.'
    return len(case.leaders) == 1 or f"{len(case.leaders)} leaders"

@claim(given=[lambda c: c.n > 100])
def crowds(case):
    'In a crowd token 0 leads.'
    return 0 in case.leaders
"""


def test_claims_are_items_and_what_refutes_one_is_shown(session, pytester):
    pytester.makepyfile(mine=CLAIMS)
    result = session("--hardmax-claims=mine.py", "--hardmax-examples=20", "-v")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*mine.inside PASSED*",
            "*mine.single FAILED*",
            "*mine.crowds FAILED*",
            "mine.single is refuted: * leaders",
            "tokens (*",
            "print(examine('*mine.py:single', configuration))",
            "mine.crowds, expected theorem, is vacuous: * vacuous",
        ]
    )
    assert "Traceback" not in result.stdout.str()
    session("--hardmax-claims=mine.py", "--hardmax-examples=20", "-k", "inside").assert_outcomes(passed=1, deselected=2)


def test_claims_that_are_not_there_are_one_line(session):
    result = session("--hardmax-claims=absent.py")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "hardmax: absent.py is not a file; give path/to/file.py" in result.stderr.str() + result.stdout.str()


def test_the_ids_that_a_session_prints_run_those_items_alone(session, pytester):
    pytester.makepyfile(mine=CLAIMS)
    pytester.makepyfile("def test_mine(): pass")
    told = session("--hardmax-kernel=first.py:step", "-k", FEW, "-rA")
    ids = [line.split()[1] for line in told.outlines if line.startswith(("FAILED ", "PASSED ")) and "[" in line]
    failed = [line.split()[1] for line in told.outlines if line.startswith("FAILED ")]
    assert "hardmax[first.py:step]::ties.exact" in failed
    again = session(*failed)
    again.assert_outcomes(failed=len(failed))
    assert sorted(line.split()[1] for line in again.outlines if line.startswith("FAILED ")) == sorted(failed)
    passed = next(i for i in ids if i not in failed)
    session(passed, "test_the_ids_that_a_session_prints_run_those_items_alone.py").assert_outcomes(passed=2)
    told = session("--hardmax-claims=mine.py", "--hardmax-examples=20", "-k", "single")
    (claim,) = [line.split()[1] for line in told.outlines if line.startswith("FAILED ")]
    assert claim == "hardmax-claims[mine.py]::mine.single"
    session(claim, "--hardmax-examples=20").assert_outcomes(failed=1)


def test_ids_of_two_kernels_are_refused(session):
    told = session("hardmax[numpy]::ties.exact", "hardmax[torch]::ties.exact")
    told.stderr.fnmatch_lines(["*ids of numpy and of torch are given; give those of one of them*"])


def test_with_xdist_an_id_runs_its_item_once(session, pytester):
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    pytester.makepyfile("def test_mine(): pass")
    command = [sys.executable, "-m", "pytest", *PLUGIN, "-n", "1", "hardmax[numpy]::ties.exact"]
    done = subprocess.run(command, cwd=pytester.path, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
