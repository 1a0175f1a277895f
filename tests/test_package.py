"""The distribution: one package `hardmax`, light to import; wheel and sdist hold every file of the rooms."""

import doctest
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import hardmax

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("kernels", "strategies", "verify", "reports")


def python(code):
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    return run.stdout.strip()


def test_every_public_name_is_there_and_listed():
    assert len(hardmax.__all__) == len(set(hardmax.__all__))
    for name in hardmax.__all__:
        assert getattr(hardmax, name) is not None
        assert name in dir(hardmax)


def test_every_public_class_and_function_says_what_it_is():
    assert [name for name in hardmax.__all__ if not (getattr(hardmax, name).__doc__ or "").strip()] == []


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'proof'"):
        hardmax.proof  # noqa: B018


def test_the_readme_lists_the_public_names():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.partition("<!-- public names -->")[2].partition("<!-- end -->")[0]
    assert {w.strip("`") for w in table.replace("|", " ").replace(",", " ").split() if w.startswith("`")} == set(
        hardmax.__all__
    )


def test_the_front_page_of_the_package_is_true():
    assert doctest.testmod(hardmax).failed == 0


def test_importing_the_package_loads_nothing_else():
    assert python("import sys, hardmax; print([m for m in sys.modules if m.startswith('hardmax.')])") == "[]"


def test_rooms_and_version_are_found_at_first_use():
    assert python("import hardmax; print(hardmax.kernels.__name__, hardmax.__version__)").startswith("hardmax.kernels ")


def test_python_m_hardmax_is_the_command_line():
    run = subprocess.run([sys.executable, "-m", "hardmax", "--version"], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["hardmax,", "version", hardmax.__version__]


def files_of_the_rooms():
    listed = subprocess.run(["git", "ls-files", *ROOMS], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    kept = [f for f in listed.stdout.splitlines() if not f.startswith("reports/examples/")]
    return {f"hardmax/{f}" for f in kept} | {f"hardmax/{n}" for n in ("__init__.py", "__main__.py", "py.typed")}


@pytest.mark.deep
def test_wheel_and_sdist_hold_every_file_of_the_rooms(tmp_path):
    """The wheel is built from the sdist, so a file that the sdist lost is missing in both."""
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "-o", str(tmp_path), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (wheel,), (sdist,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {n for n in names if ".dist-info/" not in n} == files_of_the_rooms()
    with tarfile.open(sdist) as archive:
        packed = {n.partition("/")[2] for n in archive.getnames()}
    assert {"tests/test_package.py", "Makefile", "constraints.txt", "pyproject.toml", "README.md", "LICENSE"} <= packed
