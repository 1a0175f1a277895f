"""The suite as its users call it: SPECs, objects, declarations, known deviations, reports."""

import json
from pathlib import Path

import numpy as np
import pytest

from hardmax.kernels.errors import InputError
from hardmax.kernels.floats.numpy_kernel import kernel as numpy_kernel
from hardmax.kernels.protocol import declare, unbatched
from hardmax.kernels.registry import missing
from hardmax.verify.conformance import (
    assert_conforms,
    check_ids,
    read_known,
    run_conformance,
    suite,
)
from hardmax.verify.conformance.check import Check, Subject, finding_of
from hardmax.verify.conformance.checks import CHECKS
from hardmax.verify.conformance.record import CheckFinding, ConformanceReport
from hardmax.verify.conformance.text import plain_text


def wrong(Z, A, alpha):
    return Z + 1


def statuses(report):
    return {result.id: result.status for result in report.results}


@pytest.mark.parametrize("name", ["numpy", pytest.param("torch", marks=pytest.mark.deep)])
def test_the_shipped_kernels_pass_everything(name):
    report = run_conformance(name)
    assert [(r.id, r.message) for r in report.failures] == []
    assert {result.id for result in report.results} == set(check_ids())
    found = statuses(report)
    assert found["run.ties"] == "fragile"
    not_applicable = {name for name, status in found.items() if status == "not_applicable"}
    expected = {"sets.proved", "batch.invariant", "compiled.shapes"}
    gradients = {name for name in check_ids() if name.startswith("gradient.")}
    expected |= gradients if name == "numpy" else {"array.reversed", "array.readonly"}
    assert not_applicable == expected


@pytest.mark.deep
@pytest.mark.parametrize("name", ["compiled"])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_compiled_kernel_passes_everything(name, seed):
    assert_conforms(name, seed=seed)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(1, 9))
def test_other_seeds_pass_as_well(seed):
    assert_conforms("numpy", seed=seed)


def test_a_fragile_result_says_how_far_the_orbit_strays():
    (result,) = run_conformance("numpy", only=["run.ties"]).results
    assert result.status == "fragile"
    assert "strays from the exact one by up to" in result.message
    assert result.gap_ulps == 0
    assert result.first_divergent_layer is not None
    assert result.configuration is not None


def test_a_function_for_one_set_is_adapted_in_one_line():
    def one(z, A, alpha):
        scores = z @ A @ z.T
        W = (scores == scores.max(axis=1, keepdims=True)).astype(z.dtype)
        return z + alpha / (1 + alpha) * (W @ z / W.sum(axis=1, keepdims=True) - z)

    report = run_conformance(declare(unbatched(one), name="one"), only=["ties.*", "batch.*", "shape.one*", "array.*"])
    assert [r.id for r in report.failures] == []
    assert report.kernel == "one"


def test_a_kernel_that_declares_the_identity_is_not_asked_for_other_forms():
    seen = []

    def step(Z, A, alpha):
        seen.append((A == np.eye(len(A))).all())
        return numpy_kernel.step(Z, None, alpha)

    patterns = ["ties.*", "A.*", "shape.[od]*", "padding.*", "run.[lt]*", "sets.*", "batch.*"]
    report = run_conformance(declare(step, supports_A=False), only=patterns)
    assert all(seen)
    found = statuses(report)
    assert [r.id for r in report.failures] == []
    for name in ("A.symmetric", "A.nonsymmetric", "A.close", "A.indefinite", "ties.forms"):
        assert found[name] == "not_applicable"


def test_a_half_finished_kernel_still_gets_a_whole_report():
    def step(Z, A, alpha):
        if Z.shape[2] != 2:
            raise NotImplementedError("d = 2 only")
        return numpy_kernel.step(Z, A, alpha)

    report = run_conformance(declare(step))
    assert len(report.results) == len(CHECKS)
    found = statuses(report)
    assert found["shape.one_dimension"] == "fail"
    assert found["A.symmetric"] == "fail"
    assert found["alpha.fractions"] == "pass"
    by_id = {result.id: result for result in report.results}
    assert "NotImplementedError: d = 2 only" in by_id["shape.one_dimension"].message


@pytest.mark.parametrize(
    "result",
    [None, 0.0, "abc", np.zeros(3), np.zeros((1, 2, 2, 1)), np.array([[[object()]]])],
    ids=["None", "a number", "a text", "flat", "an axis too many", "objects"],
)
def test_whatever_a_kernel_returns_every_check_gives_a_finding(result):
    report = run_conformance(declare(lambda Z, A, alpha: result), skip=["call.plain"])
    assert len(report.results) == len(CHECKS) - 1
    assert statuses(report)["nan.contained"] == "fail"
    assert not any("could not be judged" in r.message for r in report.results), report.failures


def test_a_check_that_breaks_off_is_a_failure_that_names_the_error():
    def breaks(subject):
        raise TypeError("no\nway")

    finding = finding_of(Subject(numpy_kernel, "", 0), Check("a.b", "Title", breaks))
    assert (finding.status, finding.message) == ("fail", "could not be judged: TypeError: no way")


def test_a_list_is_no_array_but_its_memory_is_fresh():
    step = declare(lambda Z, A, alpha: numpy_kernel.step(Z, A, alpha).tolist())
    assert statuses(run_conformance(step, only=["array.fresh", "array.kind"])) == {
        "array.fresh": "pass",
        "array.kind": "fail",
    }


def test_known_deviations_pass_and_stale_ones_are_reported():
    known = {"values.bound": "we know", "batch.empty": "batches are never empty"}
    report = run_conformance(wrong, known=known, only=["values.bound", "batch.empty"])
    assert statuses(report) == {"values.bound": "known", "batch.empty": "pass"}
    assert report.passed
    assert list(report.stale) == ["batch.empty"]
    assert "remove the entry" in report.stale["batch.empty"]
    assert "stale known deviation: batch.empty" in plain_text(report)
    report = run_conformance(wrong, known={"batch.empty": "x"}, only=["values.bound"])
    assert not report.passed
    assert report.stale == {"batch.empty": "no such check ran"}


def test_a_known_file_is_read_and_its_mistakes_are_refused(tmp_path):
    path = tmp_path / "known.txt"
    path.write_text("# ours\n\nvalues.bound   we know, since 2019\nnan.visible\tNaN never comes\n")
    assert read_known(path, check_ids()) == {"values.bound": "we know, since 2019", "nan.visible": "NaN never comes"}
    for text, message in (
        ("values.bnd we know", "did you mean values.bound"),
        ("values.bound", "has no reason"),
        ("values.bound a\nvalues.bound b", "line 2: values.bound is listed twice"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            read_known(path, check_ids())
    with pytest.raises(InputError, match="cannot be read"):
        read_known(tmp_path / "absent", check_ids())


def test_wrong_arguments_are_one_line_that_says_what_to_do():
    with pytest.raises(InputError, match="no check matches 'tie'"):
        run_conformance("numpy", only=["tie"])
    with pytest.raises(InputError, match="no check is called 'tie'"):
        run_conformance("numpy", known={"tie": "x"})
    with pytest.raises(InputError, match="no kernel is called"):
        run_conformance("nump")
    with pytest.raises(InputError, match="is required"):
        run_conformance(3)
    with pytest.raises(InputError, match="install it"):
        run_conformance(missing("gpu", "x:y", "install it"))


def test_the_report_is_json_and_the_same_for_the_same_seed(first):
    texts = [json.dumps(run_conformance(first, seed=4, only=["ties.*", "values.*"]).to_json()) for _ in range(2)]
    assert texts[0] == texts[1]
    data = json.loads(texts[0])
    assert data["kernel"] == "step"
    assert data["spec"] == first
    assert data["file"] == first.partition(":")[0]
    assert data["line"] == 4
    assert data["passed"] is False
    assert sum(data["counts"].values()) == len(data["results"])
    keys = ["id", "title", "status", "message", "first_divergent_layer", "gap_ulps", "configuration", "snippet"]
    for result in data["results"]:
        assert list(result) == [*keys, "token", "returned"]


def test_seeds_change_the_random_cases_only():
    def spy(seen):
        return lambda Z, A, alpha: seen.append(Z.copy()) or numpy_kernel.step(Z, A, alpha)

    runs = []
    for seed in (0, 0, 1):
        seen = []
        run_conformance(declare(spy(seen)), seed=seed, only=["values.bound", "ties.near"])
        runs.append([Z.tobytes() for Z in seen])
    assert runs[0] == runs[1]
    differing = [a != b for a, b in zip(runs[0], runs[2], strict=True)]
    assert any(differing)
    assert not all(differing)


def test_the_conformance_test_of_an_author_fails_with_the_report(first):
    with pytest.raises(AssertionError) as caught:
        assert_conforms(first)
    text = str(caught.value)
    assert "ties.exact: Exact ties keep every maximiser" in text
    assert "keeps only the first of several maximisers" in text
    assert f"kernel = load({first!r})" in text
    assert "checks fail, one cause: keeps only the first of several maximisers" in text


def test_only_the_checks_about_ties_fail_for_a_mistake_about_ties(first):
    report = run_conformance(first)
    groups = {r.id.partition(".")[0] for r in report.failures}
    # refilled and repeated arrays have ties by chance
    assert groups - {"shape", "nan", "batch", "array"} == {"ties", "padding", "run", "cross"}
    assert not {r.id for r in report.failures} & {"batch.sizes", "batch.crosstalk", "array.fortran", "array.form"}


def test_refilled_arrays_are_not_blamed_where_fresh_ones_come_out_wrong_as_well(first):
    (result,) = run_conformance(first, only=["batch.refilled"]).results
    assert "keeps only the first of several maximisers" in result.message
    assert "filled anew" not in result.message


def test_failures_on_the_same_input_are_said_to_be_so():
    finding = CheckFinding("fail", "float64, n = 65: token 0 must follow {0}", snippet="kernel(tokens)")
    results = tuple([finding.of_check(name, "A title") for name in ("shape.tokens", "A.below")])
    text = plain_text(ConformanceReport("step", "a layer", "", None, None, {}, 0, results, {}))
    assert text.splitlines()[2] == "2 checks fail, all on one input"


def test_state_between_calls_is_named_where_a_fresh_kernel_passes(tmp_path):
    (tmp_path / "stateful.py").write_text(
        "count = 0\n"
        "def step(Z, A, alpha):\n"
        "    global count\n"
        "    count += 1\n"
        "    return Z + (count > 40)\n"  # one token alone never moves
    )
    (result,) = run_conformance(f"{tmp_path / 'stateful.py'}:step", only=["shape.one_token"]).results
    assert result.status == "pass"  # too few calls to see it
    (tmp_path / "stateful.py").write_text((tmp_path / "stateful.py").read_text().replace("> 40", "> 3"))
    (result,) = run_conformance(f"{tmp_path / 'stateful.py'}:step", only=["shape.one_token"]).results
    assert result.status == "fail"
    assert "keeps state between calls" in result.message


def test_an_orbit_that_drifts_although_every_layer_looked_right_is_a_failure():
    seen = set()

    def forgetful(Z, A, alpha):
        """Right when asked for the first time, which is when the layers are judged."""
        moved = numpy_kernel.step(Z, A, alpha)
        again = Z.tobytes() in seen
        seen.add(Z.tobytes())
        return moved + 1e-3 * again

    (result,) = run_conformance(declare(forgetful, supports_A=False), only=["run.layers"]).results
    assert result.status == "fail"
    assert "the orbit leaves the exact one at layer 0" in result.message


def test_warnings_of_a_kernel_do_not_become_failures():
    def step(Z, A, alpha):
        import warnings

        warnings.warn("experimental", stacklevel=1)
        return numpy_kernel.step(Z, A, alpha)

    assert run_conformance(declare(step), only=["ties.exact", "array.*"]).passed


def test_ids_and_titles_are_unique_and_titles_are_sentences():
    assert len(set(check_ids())) == len(CHECKS)
    assert len({check.title for check in CHECKS}) == len(CHECKS)
    for check in CHECKS:
        assert check.title[0].isupper()
        assert not check.title.endswith(".")


def test_the_readme_lists_the_checks_as_they_are():
    text = (Path(suite.__file__).parent / "README.md").read_text()
    rows = [line for line in text.partition("## Attention kernels")[0].splitlines() if line.startswith("| `")]
    assert rows == [f"| `{check.id}` | {check.title} |" for check in CHECKS]
