"""Seeded defects: every wrong kernel is killed by the check made for it, with a report that reproduces it."""

import importlib.util
import warnings
from pathlib import Path

import pytest

from hardmax.kernels.exact.configuration_file import configuration_from_json
from hardmax.verify.conformance import check_ids, run_conformance

FOLDER = Path(__file__).parents[2] / "kernels" / "defects"


def defects(file: str) -> list[tuple[str, str, str]]:
    """(file, wrong kernel, check that must find it) for one file of `tests/kernels/defects`."""
    path = FOLDER / file
    spec = importlib.util.spec_from_file_location(f"defects_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [(str(path), name, check) for name, check in module.KILLED_BY.items()]


FILES = ("wrong_kernels.py", "wrong_combinations.py", "wrong_gradients.py", "wrong_places.py")
DEFECTS = [one for file in FILES for one in defects(file)]


def run_snippet(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a person who pastes it sees them, and no more
        exec(compile(text, "<snippet>", "exec"), {"__name__": "snippet"})


@pytest.mark.parametrize(("path", "name", "check"), DEFECTS, ids=[name for _, name, _ in DEFECTS])
def test_is_killed_by_its_check_and_the_snippet_shows_it(path, name, check):
    report = run_conformance(f"{path}:{name}", only=[check])
    (result,) = report.results
    assert result.status == "fail", result.message
    assert not report.passed
    assert result.message
    if result.gap_ulps is not None or result.first_divergent_layer is not None:
        assert result.configuration is not None or check.startswith("gradient")
    if result.configuration is not None:
        configuration_from_json(result.configuration)
        assert result.first_divergent_layer is not None
    assert result.snippet is not None
    assert f"load('{path}:{name}')" in result.snippet
    with pytest.raises(Exception):  # noqa: B017, PT011 an assertion of the snippet, or what the kernel raises
        run_snippet(result.snippet)
    # the same snippet with a right kernel: what it asserts is true
    if not check.startswith("sets."):
        declared_first = "declared_first" in name
        right = f"{FOLDER / 'right_first.py'}:right" if declared_first else f"{path}:right"
        run_snippet(result.snippet.replace(f"{path}:{name}", right))


def test_score_is_complete_and_every_check_has_a_defect_that_only_it_must_find(record_property):
    assert len(DEFECTS) >= 15
    record_property("seeded defects", len(DEFECTS))
    killers = {check for _, _, check in DEFECTS}
    assert killers == set(check_ids())


@pytest.mark.parametrize("file", [*FILES, "right_first.py"])
def test_the_right_kernel_beside_them_passes_everything(file):
    report = run_conformance(f"{FOLDER / file}:right")
    assert [(r.id, r.message) for r in report.failures] == []
    assert report.passed
