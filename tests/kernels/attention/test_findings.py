"""The page of findings and the lists of known deviations say the same, and every deviation has a class."""

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

import hardmax.kernels.attention.adapters as adapters
from hardmax.kernels.registry import load_any
from hardmax.verify.conformance import Options, check_ids, run_conformance

from .findings import KERNELS, PAGE

KNOWN = Path(adapters.__file__).parent / "known"
TEXT = PAGE.read_text(encoding="utf-8")


def section(name):
    return TEXT.partition(f"\n## {name},")[2].partition("\n## ")[0]


def test_every_known_deviation_names_a_check_and_a_class():
    assert {path.stem for path in KNOWN.glob("*.txt")} <= set(adapters.SHIPPED)
    for path in KNOWN.glob("*.txt"):
        found = adapters.known_deviations(path.stem, ("float16", "bfloat16", "float32", "float64"))
        assert found
        assert set(found) <= set(check_ids("attention")), path
        assert all(reason.startswith(tuple(f"{c}: " for c in adapters.CLASSES)) for reason in found.values()), path


@pytest.mark.parametrize("name", KERNELS)
def test_the_page_shows_each_known_deviation_with_an_input_and_nothing_new(name):
    every = adapters.known_deviations(name, ("float16", "bfloat16", "float32", "float64"))
    rows = re.findall(r"^\| `([a-z_.]+)` \| ([^|]*) \| ([^|]*) \| (.+) \|$", section(name), re.M)
    assert {check for check, *_ in rows} == set(every)
    for check, reason, _, message in rows:
        assert reason == every[check]
        assert re.search(r"must be|returned|came out|raised", message)


def test_deviations_of_one_dtype_are_known_there_alone():
    assert "gradient.sums" in adapters.known_deviations("torch-sdpa-flash", ("bfloat16",))
    assert "gradient.sums" not in adapters.known_deviations("torch-sdpa-flash", ("float32", "float64"))
    pytest.importorskip("torch")
    assert "gradient.sums" in load_any("torch-sdpa-flash", dtypes=("float16",)).known


def test_the_backward_pass_of_flash_is_found_by_the_suite():
    torch = pytest.importorskip("torch")
    if not torch.__version__.startswith("2.13"):
        pytest.skip(f"torch {torch.__version__} is not the pinned 2.13")
    bfloat16 = Options(overrides={"dtypes": ("bfloat16",)})
    (result,) = run_conformance("torch-sdpa-flash", only=["gradient.sums"], options=bfloat16).results
    assert result.status == "known"
    assert "dv[0, 0, 0, 0]" in result.message
    assert "Lk = 1, D = 1" in result.message


@pytest.mark.deep
@pytest.mark.parametrize("name", [n for n in KERNELS if n != "torch-flex"])
def test_a_run_at_the_pinned_versions_shows_nothing_new(name):
    package = KERNELS[name]
    pins = (Path(__file__).parents[3] / "constraints.txt").read_text(encoding="utf-8")
    try:
        if f"{package}=={version(package).partition('+')[0]}\n" not in pins:
            pytest.skip(f"{package} {version(package)} is not the pinned one")
    except PackageNotFoundError:
        pytest.skip(f"{package} is not installed: pip install 'hardmax[torch,onnx,jax]'")
    report = run_conformance(name, options=Options(overrides={"dtypes": ("float32",)}))
    assert [(r.id, r.message) for r in report.failures] == []
