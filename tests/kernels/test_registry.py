import subprocess
import sys
from importlib.metadata import EntryPoint

import numpy as np
import pytest

from hardmax.kernels import InputError, loading, registry
from hardmax.kernels.protocol import Kernel


@pytest.fixture
def kernel_file(tmp_path):
    def write(text: str, name: str = "mine.py"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_every_shipped_name_loads_without_its_dependency_being_asked_for():
    for name in registry.SHIPPED:
        kernel = registry.load(name)
        assert kernel.name == name
        assert kernel.source == registry.SHIPPED[name]


def test_a_shipped_kernel_is_not_asked_for_a_dtype_that_it_does_not_compute_in():
    assert registry.load("numpy", dtypes=("float32",)).dtypes == ("float32",)
    with pytest.raises(InputError, match="kernel numpy computes in float64 or float32, not in float16; ask for"):
        registry.load("numpy", dtypes=("float16", "float32"))


def test_importing_the_registry_imports_no_accelerator():
    code = "import sys, hardmax.kernels.registry; print({'torch', 'numba', 'triton'} & set(sys.modules))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/").stdout
        == "set()\n"
    )


def test_a_file_and_a_module_on_the_spot(kernel_file):
    path = kernel_file("def half(tokens, A, alpha):\n    return tokens / 2\nhalf.ties = 'first'\n")
    kernel = registry.load(f"{path}:half")
    assert (kernel.name, kernel.ties, kernel.source) == ("half", "first", f"{path}:half")
    assert kernel(np.ones((1, 2, 3))).tolist() == [[[0.5] * 3] * 2]
    assert registry.load("hardmax.kernels.floats.numpy_kernel:step").name == "step"
    assert registry.load("hardmax.kernels.floats.numpy_kernel:kernel").layer is not None


def test_a_file_with_dataclasses_and_nested_attributes(kernel_file):
    path = kernel_file(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Model:\n    scale: float\n    def step(self, tokens, A, alpha): return tokens * self.scale\n"
        "model = Model(3.0)\n"
    )
    assert registry.load(f"{path}:model.step")(np.ones((1, 1, 1))).item() == 3


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("nunpy", "no kernel is called 'nunpy'; did you mean numpy?"),
        ("xyz", "no kernel is called 'xyz'; give compiled, large, numpy"),
        ("", "no kernel is called ''"),
        (":step", "no kernel is called"),
        ("hardmax.kernels.floats.numpy_kernel:", "names no function; give one of hardmax.kernels.floats.numpy_kernel:"),
        ("hardmax.kernels.errors", "hardmax.kernels.errors has no function (tokens, A, alpha) or (q, k, v)"),
        ("hardmax.kernels.floats.numpy_kernel.step", "is no module; give hardmax.kernels.floats.numpy_kernel:step"),
        ("no_such_module.step", "no kernel is called 'no_such_module.step'"),
        ("no_such_module:step", "No module named 'no_such_module'; install it"),
        ("hardmax.kernels.floats.numpy_kernel:steps", "has no attribute 'steps'; did you mean step?"),
        ("hardmax.kernels.floats.numpy_kernel:xyz", "has no attribute 'xyz'; it offers"),
        ("hardmax.kernels.protocol:Kernel", "a Kernel or a function (tokens, A, alpha)"),
        ("hardmax.kernels.floats.numpy_kernel:BLOCK_BYTES", "a Kernel or a function (tokens, A, alpha)"),
        ("nowhere/mine.py:step", "nowhere/mine.py is not a file"),
    ],
)
def test_what_cannot_be_loaded_is_one_clear_line(spec, words):
    with pytest.raises(InputError) as caught:
        registry.load(spec)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("def step(:\n", "SyntaxError"),
        ("import no_such_module\n", "No module named 'no_such_module'; install it, put it beside "),
        ("import sys\nsys.exit(0)\n", "ended in sys.exit(0); an import must not exit"),
        ("raise SystemExit\n", "ended in sys.exit(); an import must not exit"),
        ("x = 1\n", "has no attribute 'step'; define a function step(tokens, A, alpha)"),
        ("def step(t, A, a): pass\nstep.ties = 'some'\n", "ties is 'some'; it must be one of all, first"),
        ("def step(t, A, a): pass\nstep.dtypes = ('int8',)\n", "dtypes is ('int8',); give some of float64, float32"),
    ],
)
def test_a_broken_file_is_one_clear_line(kernel_file, text, words):
    with pytest.raises(InputError) as caught:
        registry.load(f"{kernel_file(text)}:step")
    assert words in str(caught.value).splitlines()[0]


def test_without_a_function_those_of_the_place_are_offered(kernel_file, monkeypatch):
    one = "from math import dist\nfrom statistics import mean\n\ndef _help(x): pass\n\ndef read(path): pass\n\n"
    one += "def step(Z, A, alpha): pass\n"
    more = one + "def attend(q, k, v, causal=False): pass\n\nclass Model:\n    def __call__(self, Z, A, alpha): pass\n"
    folder = kernel_file(one, "only.py").parent
    kernel_file(more + "\nmodel = Model()\n", "several.py")
    kernel_file("x = 1\n", "none.py")
    kernel_file("not Python", "notes.txt")
    (folder / "room").mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    for spec, words in (
        ("only.py", "only.py names no function; give only.py:step"),
        ("only.py:", "only.py names no function; give only.py:step"),
        ("only", "only names no function; give only:step"),
        ("only.step", "only.step is no module; give only:step"),
        ("several.py", "give one of several.py:step, several.py:attend, several.py:model"),
        ("none.py", "none.py has no function (tokens, A, alpha) or (q, k, v); define one and give none.py:NAME"),
        ("absent.py", "absent.py is not a file"),
        ("room", "room is a folder; give a file in it"),
        ("room:step", "room is a folder; give a file in it"),
        ("notes.txt", "notes.txt is no Python file"),
        ("notes.txt:step", "notes.txt is no Python file"),
        ("several.py:atend", "has no attribute 'atend'; did you mean attend?"),
        ("several.py:xyz", "it offers read, step, attend, Model, model"),
    ):
        with pytest.raises(InputError) as caught:
            registry.load(spec)
        assert words in str(caught.value), spec
        assert "\n" not in str(caught.value)


def test_an_error_of_an_import_names_the_line(kernel_file):
    with pytest.raises(InputError, match=r"ZeroDivisionError: division by zero \(mine\.py:2\)$"):
        registry.load(f"{kernel_file('x = 1' + chr(10) + '1 / 0' + chr(10))}:step")


def test_a_file_may_import_its_neighbours_and_leaves_the_path_as_it_was(kernel_file, monkeypatch):
    kernel_file("def half(tokens, A, alpha): return tokens / 2\n", "neighbour_of_mine.py")
    path = kernel_file("from neighbour_of_mine import half as step\n")
    before = list(sys.path)
    assert registry.load(f"{path}:step")(np.ones((1, 1, 1))).item() == 0.5
    assert sys.path == before
    monkeypatch.delitem(sys.modules, "neighbour_of_mine")
    monkeypatch.chdir(path.parent)
    assert registry.load("mine.py:step").source == "mine.py:step", "and from within the folder"


def test_two_files_have_neighbours_of_the_same_name(tmp_path):
    for folder, factor in (("one", 2), ("two", 3)):
        (tmp_path / folder / "helpers").mkdir(parents=True)
        (tmp_path / folder / "helpers" / "__init__.py").write_text("")
        (tmp_path / folder / "helpers" / "inner.py").write_text(f"factor = {factor}\n")
        (tmp_path / folder / "constants.py").write_text(f"from helpers.inner import factor\nfactor = {factor}\n")
        imports = "from constants import factor\nfrom helpers import inner\n"
        text = f"{imports}def step(tokens, A, alpha): return tokens * factor * inner.factor\n"
        (tmp_path / folder / "mine.py").write_text(text)
    one, two = (registry.load(f"{tmp_path / folder / 'mine.py'}:step") for folder in ("one", "two"))
    assert [kernel(np.ones((1, 1, 1))).item() for kernel in (one, two, one)] == [4, 9, 4]
    from hardmax.kernels.floats import numpy_kernel

    registry.load(f"{tmp_path / 'one' / 'mine.py'}:step")
    assert sys.modules["hardmax.kernels.floats.numpy_kernel"] is numpy_kernel
    assert sys.modules["numpy"] is np


def test_a_module_that_exits_is_refused_and_an_interrupt_stays_one(kernel_file, monkeypatch):
    monkeypatch.syspath_prepend(kernel_file("import sys\nsys.exit(0)\n", "exits_at_import.py").parent)
    with pytest.raises(InputError, match=r"importing exits_at_import ended in sys.exit\(0\)"):
        registry.load("exits_at_import:step")
    with pytest.raises(KeyboardInterrupt):
        registry.load(f"{kernel_file('raise KeyboardInterrupt')}:step")
    assert f"{loading.FILE_MODULE}mine" not in sys.modules


def test_entry_points_are_found_by_name_and_cannot_replace_shipped_kernels(monkeypatch):
    offered = [
        EntryPoint("theirs", "hardmax.kernels.floats.numpy_kernel:step", registry.GROUP),
        EntryPoint("numpy", "nowhere:step", registry.GROUP),
    ]
    monkeypatch.setattr(loading, "entry_points", lambda group: offered if group == registry.GROUP else [])
    assert registry.load("theirs").name == "theirs"
    assert registry.load("numpy").layer is not None
    monkeypatch.setenv("HARDMAX_NO_PLUGINS", "1")
    assert "theirs" not in registry.names()


@pytest.mark.parametrize("name", ["compiled", "torch", "triton"])
def test_a_missing_dependency_is_a_kernel_that_says_what_to_install(monkeypatch, name):
    package = {"compiled": "numba", "torch": "torch", "triton": "triton"}[name]
    monkeypatch.setitem(sys.modules, registry.SHIPPED[name].partition(":")[0], None)
    real = loading.importlib.import_module

    def absent(module):
        if module == registry.SHIPPED[name].partition(":")[0]:
            raise ModuleNotFoundError(f"No module named '{package}'", name=package)
        return real(module)

    monkeypatch.setattr(loading.importlib, "import_module", absent)
    kernel = registry.load(name)
    assert isinstance(kernel, Kernel)
    assert registry.REMEDIES[package] in kernel.missing
    with pytest.raises(InputError, match="pip install"):
        kernel(np.ones((1, 1, 1)))
