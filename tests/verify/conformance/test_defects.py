"""Seeded defects: every wrong kernel is killed by the check made for it, with a report that reproduces it."""

import warnings
from pathlib import Path
from types import ModuleType

import pytest

from hardmax.kernels.exact.configuration_file import configuration_from_json
from hardmax.kernels.loading import module
from hardmax.kernels.registry import load
from hardmax.reports.records.codec import encode
from hardmax.verify.conformance import check as check_module
from hardmax.verify.conformance import check_ids, run_conformance
from hardmax.verify.conformance.checks import batches, sizes
from hardmax.verify.conformance.record import CheckFinding

FOLDER = Path(__file__).parents[2] / "kernels" / "defects"


def module_of(file: str) -> ModuleType:
    """A file of `tests/kernels/defects` as a module."""
    return module(str(FOLDER / file), "defects")


FILES = ("wrong_kernels.py", "wrong_combinations.py", "wrong_gradients.py", "wrong_promises.py")
PLACES, ALONE = module_of("wrong_places.py"), module_of("wrong_alone.py")
"""Kinds of mistakes at several places each; and kinds that one check alone finds."""
DEFECTS = [(str(FOLDER / file), name, check) for file in FILES for name, check in module_of(file).KILLED_BY.items()]
"""(file, wrong kernel, check that must find it)."""
ONE_OF_EACH_KIND = [names[len(names) // 2] for names in PLACES.KINDS.values()]
FOUND_BY_ONE = (
    *("first_maximiser_from_many_tokens_on", "only_the_first_of_what_is_repeated_moved", "tokens_remembered_by_object"),
    *("a_remembered_by_object", "nan_in_a_replaced", "a_clipped", "alpha_clipped_at", "nan_alpha_replaced"),
    *("small_alpha_in_float32", "large_alpha_in_float32", "gradient_read_as_contiguous", "expanded_gradient_read_once"),
    *("gradient_clipped", "gradient_normalised", "gradient_of_the_last_coordinate_lost"),
    "strided_gradient_copied_through_half",
)
"""Kinds of `wrong_places` that one check alone finds as well."""
REMEMBERING = (
    *("tokens_remembered_by_the_first", "tokens_remembered_by_their_sum", "a_remembered_by_its_diagonal"),
    "stale_columns_of_a_larger_call",
)
"""Kinds of `wrong_places` that meet again, in any check, what they kept of another one's calls: many checks fail.
Each must be found by its check, run after the others and run alone."""
LONE = [
    (source, name)
    for source, kinds in ((PLACES, FOUND_BY_ONE), (ALONE, ALONE.KINDS))
    for kind in kinds
    for name in source.KINDS[kind]
]
LONE += [
    (module_of("wrong_promises.py"), name)
    for name in ("miscompiled_for_33_tokens", "miscompiled_for_3_sets", "miscompiled_for_4_coordinates")
]
SHOWN = [
    pytest.param(str(FOLDER / file), name, source.KILLED_BY[name], marks=[pytest.mark.deep] * (k % 8 != 1))
    for file, source in (("wrong_places.py", PLACES), ("wrong_alone.py", ALONE))
    for k, name in enumerate(names[len(names) // 2] for names in source.KINDS.values())
]
RIGHT = module_of("right_habits.py").RIGHT
"""Right kernels with odd habits."""


def run_snippet(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a person who pastes it sees them, and no more
        exec(compile(text, "<snippet>", "exec"), {"__name__": "snippet"})


@pytest.mark.parametrize(("path", "name", "check"), [*DEFECTS, *SHOWN])
def test_is_killed_by_its_check_and_the_snippet_shows_it(path, name, check):
    report = run_conformance(load(f"{path}:{name}"), only=[check])
    (result,) = report.results
    assert result.status == "fail", result.message
    assert not report.passed
    assert result.message
    if result.gap_ulps is not None or result.first_divergent_layer is not None:
        assert result.configuration is not None or check.startswith("gradient")
    if result.configuration is not None:
        configuration_from_json(encode(result.configuration))
        assert result.first_divergent_layer is not None
    assert result.snippet is not None
    assert f"load('{path}:{name}')" in result.snippet
    with pytest.raises(Exception):  # noqa: B017, PT011 an assertion of the snippet, or what the kernel raises
        run_snippet(result.snippet)
    # the same snippet with a right kernel: what it asserts is true
    if not check.startswith("sets."):
        declared_first = "declared_first" in name
        right = f"{FOLDER / 'right_first.py'}:right" if declared_first else f"{path}:right"
        if path.endswith(("wrong_places.py", "wrong_alone.py")):
            right += "_torch" if name.endswith("_torch") else "_numpy"
        run_snippet(result.snippet.replace(f"{path}:{name}", right))


@pytest.fixture
def told_at_once(monkeypatch):
    """Failures are told as they are found: neither made smaller nor explained."""

    def failure(subject, trial, fault):
        return CheckFinding("fail", f"{fault.kind}: token {fault.token} of {trial.calls[fault.call].shape}")

    monkeypatch.setattr(check_module, "failure", failure)
    monkeypatch.setattr(batches, "failure", failure)
    monkeypatch.setattr(sizes, "reduced", lambda kernel, one, dtype: one)


@pytest.mark.parametrize(("source", "kind"), [(source, kind) for source in (PLACES, ALONE) for kind in source.KINDS])
def test_a_kind_is_found_at_every_place_in_every_library(source, kind, told_at_once):
    for name in source.KINDS[kind]:
        (result,) = run_conformance(getattr(source, name), only=[source.KILLED_BY[name]]).results
        assert result.status == "fail", (name, result.message)


@pytest.mark.parametrize(
    ("source", "name"),
    [pytest.param(*one, id=one[1], marks=[pytest.mark.deep] * (k % 40 > 0)) for k, one in enumerate(LONE)],
)
def test_no_other_check_finds_it(source, name, told_at_once):
    failing = [result.id for result in run_conformance(getattr(source, name)).failures]
    assert failing == [source.KILLED_BY[name]]


@pytest.mark.deep
@pytest.mark.parametrize("name", ONE_OF_EACH_KIND)
def test_the_check_of_a_kind_is_the_first_or_the_only_one_to_find_it(name, told_at_once):
    failing = [result.id for result in run_conformance(getattr(PLACES, name)).failures]
    check, groups = PLACES.KILLED_BY[name], {one.partition(".")[0] for one in failing}
    if any(name in PLACES.KINDS[kind] for kind in REMEMBERING):
        assert check in failing
    else:
        assert failing[0] == check or groups == {check.partition(".")[0]}, failing


def test_every_check_has_a_defect_and_every_kind_three_places_in_both_libraries(record_property):
    killers = [check for _, _, check in DEFECTS] + [*PLACES.KILLED_BY.values(), *ALONE.KILLED_BY.values()]
    assert set(killers) == set(check_ids())
    assert len(killers) >= 120
    record_property("seeded defects", len(killers))
    for source in (PLACES, ALONE):
        for kind, names in source.KINDS.items():
            libraries = ("torch",) if source.KILLED_BY[names[0]].startswith("gradient.") else ("numpy", "torch")
            for library in libraries:
                assert sum(name.endswith(library) for name in names) >= 3, kind


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.deep] * (k % 15 > 0)) for k, n in enumerate(RIGHT)]
)
def test_right_kernels_with_odd_habits_pass_everything(name):
    report = run_conformance(RIGHT[name])
    assert [(r.id, r.message) for r in report.failures] == []


# The test above has the others, in depth.
@pytest.mark.parametrize("name", list(RIGHT)[1::3])
def test_right_kernels_with_odd_habits_pass_what_looks_at_sizes_and_memory(name):
    patterns = ["ties.[enrs]*", "nan.*", "array.*", "batch.[mrw]*", "alpha.*", "gradient.*"]
    report = run_conformance(RIGHT[name], only=patterns)
    assert [(r.id, r.message) for r in report.failures] == []


@pytest.mark.parametrize(
    "file",
    [pytest.param(f, marks=[pytest.mark.deep] * (f != "right_first.py")) for f in (*FILES, "right_first.py")],
)
def test_the_right_kernel_beside_them_passes_everything(file):
    report = run_conformance(f"{FOLDER / file}:right")
    assert [(r.id, r.message) for r in report.failures] == []
    assert report.passed
