"""Arrays, and files of them: floats as the dyadic rationals they are, text as the exact numbers it names."""

import io
import math
import pickle
import sys
from fractions import Fraction as Q

import numpy as np
import pytest

import hardmax
from hardmax.kernels import Configuration, ExactnessError, HarmonicStep, InputError
from hardmax.kernels.exact.configuration_file import read_configuration
from hardmax.kernels.exact.hardmax import Hardmax

torch = pytest.importorskip("torch", reason="torch is not installed")
VALUES = np.array([[0.1, -2.5], [3e-5, 7]])


def test_arrays_of_numpy_and_torch_are_read_exactly_with_all_that_a_configuration_has():
    values = VALUES
    for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        tensor = torch.tensor(values, dtype=dtype, requires_grad=True)
        exact = [[Q(v) for v in row] for row in tensor.tolist()]
        assert Configuration.from_array(tensor).tokens == tuple(map(tuple, exact))
    c = Configuration.from_array(
        torch.tensor([[1, 2], [3, 4]]),
        torch.eye(2, dtype=torch.bfloat16),
        torch.tensor(0.5),
        multiplicities=torch.tensor([2, 1]),
        follow="smallest",
        labels=["a", "b"],
    )
    assert c == Configuration(
        [["1", "2"], [3, 4]], alpha="1/2", multiplicities=[2, 1], follow="smallest", labels=["a", "b"]
    )
    mixed = Configuration.from_array([[Q(1, 3), 10**30]], [["1/3", 0], [0, "0.1"]], "1/3", multiplicities=np.array([3]))
    assert (mixed.tokens, mixed.A) == (((Q(1, 3), 10**30),), ((Q(1, 3), 0), (0, Q(1, 10))))
    assert (mixed.alpha, mixed.multiplicities) == (Q(1, 3), (3,))
    assert Configuration.from_array(values, step=HarmonicStep()).step == HarmonicStep()
    assert Configuration.from_array(values, Hardmax([[2, 0], [0, 1]])).A[0] == (2, 0)


def test_prove_takes_an_array_and_rows_but_no_rows_of_floats():
    assert hardmax.prove(np.array([[0.1, 1.0], [1.0, 0.5]])).configuration.tokens[0][0] == Q(0.1)
    assert hardmax.prove(torch.tensor([[1.0], [2.0]], dtype=torch.bfloat16)).configuration.alpha == 1
    assert hardmax.prove([["1/2", 0], [0, 1]]).configuration.tokens[0][0] == Q(1, 2)
    with pytest.raises(ExactnessError, match="from_array for arrays and floats"):
        hardmax.prove([[0.1]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.ones(1).expand(10**6, 10**6),), "tokens has 1000000000000 numbers"),
        ((np.ones((2000, 1001)),), "tokens has 2002000 numbers; at most 2000000 are read"),
        ((torch.tensor([[1.0, math.nan]], dtype=torch.bfloat16),), r"tokens\[0, 1\] is nan"),
        ((torch.ones(1, 1, dtype=torch.complex64),), "tokens has dtype complex64"),
        ((torch.ones(3),), r"tokens has shape \(3,\); a 2-d array is required"),
        ((torch.ones(1, 1), torch.ones(2, 2)), "A must be 1 x 1"),
        ((torch.ones(1, 1), None, torch.ones(1)), r"alpha has shape \(1,\)"),
    ],
)
def test_arrays_that_cannot_be_read(arguments, message):
    with pytest.raises(InputError, match=message):
        Configuration.from_array(*arguments)


def saved(path, value):
    """The path, with the value in it as its name says."""
    if path.suffix == ".npy":
        np.save(path, value)
    elif path.suffix == ".npz":
        np.savez(path, *value) if isinstance(value, list) else np.savez(path, **value)
    elif path.suffix == ".pt":
        torch.save(value, path)
    else:
        path.write_text(value, encoding="utf-8-sig" if "bom" in path.name else "utf-8")
    return path


FILES = {
    "c.npy": VALUES,
    "one.npz": [VALUES],
    "c.npz": {"tokens": VALUES, "alpha": "1/3", "multiplicities": [2, 1], "follow": "smallest"},
    "c.pt": torch.tensor(VALUES, requires_grad=True),
    "all.pt": {"tokens": torch.tensor(VALUES), "alpha": "1/3", "multiplicities": [2, 1], "follow": "smallest"},
    "commas.csv": "x1,x2\n0.1,-5/2\n\n3e-5,7\n",
    "bom.csv": "# made by hand\n0.1,-2.5\n3e-5,7\n",
    "semicolons.csv": "0.1;-2.5\n3e-5;7",
    "tabs.tsv": "0.1\t-2.5\n3e-5\t7",
    "spaces.txt": "0.1  -2.5\n 3e-5 7\r\n",
    "rows.json": '[["0.1", "-5/2"], [3e-5, 7]]',
    "bom.json": '{"tokens": [[0.1, -2.5], [3e-5, 7]]}',
}


@pytest.mark.parametrize("name", FILES)
def test_a_point_cloud_is_read_from_every_kind_of_file_and_from_standard_input(name, tmp_path, monkeypatch):
    path = saved(tmp_path / name, FILES[name])
    c = read_configuration(path)
    decimals = ((Q(1, 10), Q(-5, 2)), (Q(3, 100_000), 7))
    dyadic = tuple(tuple(map(Q, row)) for row in VALUES.tolist())
    assert c.tokens == (dyadic if path.suffix in (".npy", ".npz", ".pt") else decimals)
    whole = ((2, 1), "smallest", Q(1, 3)) if name in ("c.npz", "all.pt") else ((1, 1), "largest", 1)
    assert (c.multiplicities, c.follow, c.alpha) == whole
    with path.open("rb") as file:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(file))
        assert read_configuration("-") == c


def test_half_precision_is_read_from_a_file_exactly(tmp_path):
    tensor = torch.tensor(VALUES, dtype=torch.bfloat16)
    c = read_configuration(saved(tmp_path / "c.pt", tensor))
    assert c.tokens[0][0] == Q(205, 2048)  # the bfloat16 nearest to 0.1
    assert c == Configuration.from_array(tensor)


def test_a_torch_file_runs_no_code_and_faults_are_one_line(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "trap"), "w"))

    (tmp_path / "trap.pt").write_bytes(pickle.dumps(Trap()))
    torch.save([Trap()], tmp_path / "trap2.pt")
    np.savez(tmp_path / "two.npz", VALUES, VALUES)
    torch.save({"tokens": torch.ones(1, 1), "labels": [1]}, tmp_path / "labels.pt")
    torch.save({"weights": torch.ones(1, 1)}, tmp_path / "weights.pt")
    torch.save([torch.ones(1, 1)], tmp_path / "list.pt")
    (tmp_path / "plain.npy").write_bytes(b"1,2")
    (tmp_path / "nan.csv").write_text("nan,nan\n1,2\n")
    (tmp_path / "ragged.csv").write_text("1,2\n\n3\n")
    (tmp_path / "words.csv").write_text("name,x\ngreat,1\n")
    (tmp_path / "names.csv").write_text("x,y\n")
    expected = {
        "trap.pt": "is not a readable torch file of tensors",
        "trap2.pt": "is not a readable torch file of tensors",
        "two.npz": 'unknown array "arr_0"',
        "labels.pt": "labels must be a list of strings",
        "weights.pt": 'unknown array "weights"',
        "list.pt": "holds a list; save a tensor (n, d), or a dictionary with tokens",
        "plain.npy": "is not a readable .npy file",
        "nan.csv": 'line 1, column 1 is "nan"; a number is required',
        "ragged.csv": "line 3 has 1 numbers but the first row has 2",
        "words.csv": 'line 2, column 1 is "great"; a number is required',
        "names.csv": "holds no line of numbers",
    }
    for name, wanted in expected.items():
        with pytest.raises(InputError) as caught:
            read_configuration(tmp_path / name)
        assert wanted in str(caught.value), (name, str(caught.value))
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "trap").exists()


def test_without_torch_its_files_are_refused_in_one_line_and_nothing_else_asks_for_it(tmp_path, monkeypatch):
    torch.save(torch.ones(1, 1), tmp_path / "c.pt")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match="torch is not installed; install it, or save the tokens as"):
        read_configuration(tmp_path / "c.pt")
    assert read_configuration(saved(tmp_path / "c.npy", VALUES)).n == 2
