import ast
import fnmatch
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from hardmax.kernels import InputError, protocol
from hardmax.kernels.floats.numpy_kernel import kernel as numpy_kernel
from hardmax.kernels.floats.numpy_kernel import layer
from hardmax.kernels.follow_sets import FollowSets
from hardmax.kernels.protocol import Kernel, as_kernel, declare, from_layers, unbatched
from hardmax.verify.conformance import check_ids


def one_set(tokens, A, alpha):
    scores = tokens @ A @ tokens.T
    weights = scores == scores.max(axis=1, keepdims=True)
    return (tokens + alpha * (weights @ tokens) / weights.sum(axis=1, keepdims=True)) / (1 + alpha)


def run(tokens, A, alpha, layers):
    for _ in range(layers):
        tokens = np.stack([one_set(z, A, alpha) for z in tokens])
    return tokens


Z = np.array([[[4.0, 0], [0, 4], [-4, 0], [1, 1]], [[2, 2], [2, 2], [-1, 0], [0, 1]]])


@pytest.mark.parametrize("kernel", [declare(unbatched(one_set)), declare(from_layers(run), name="run")])
def test_adapters_agree_with_the_batch_kernel(kernel):
    assert kernel.name in ("one_set", "run")
    assert kernel(Z, None, 1.0).tolist() == numpy_kernel(Z, None, 1.0).tolist()
    A = np.array([[2.0, 1], [1, 3]])
    assert kernel(Z, A, 1.0).tolist() == numpy_kernel(Z, A, 1.0).tolist()


def test_unbatched_keeps_an_empty_batch_and_tensors():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    step = unbatched(lambda z, A, alpha: 2 * z)
    assert step(Z[:0], None, 1.0).shape == (0, 4, 2)
    assert step(torch.ones(2, 3, 1), None, 1.0).tolist() == [[[2.0]] * 3] * 2


def test_follow_sets_as_the_exact_kernel_writes_them():
    _, sets = layer(Z, None, 1.0)
    assert sets.sets(0) == ((0,), (1,), (2,), (0, 1))
    assert sets.sets(1) == ((0, 1), (0, 1), (2,), (0, 1))
    chosen = sets.select(np.array([1]))
    assert chosen.sets(0) == sets.sets(1)
    assert chosen.margin.tolist() == sets.margin[1:].tolist()


def test_a_call_converts_and_leaves_its_input_alone():
    kernel = Kernel("k", lambda tokens, A, alpha: tokens.__imul__(2), dtypes=("float32",))
    tokens = np.ones((1, 2, 2))
    out = kernel(tokens)
    assert (out.dtype, out.max(), tokens.max()) == (np.float32, 2, 1)
    assert kernel([[[1, 2]]]).tolist() == [[[2, 4]]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((np.ones((2, 2)), None, 1.0), r"tokens has shape \(2, 2\)"),
        ((np.ones((1, 0, 2)), None, 1.0), r"n, d >= 1 is required"),
        ((Z, np.eye(3), 1.0), "A must be 2 x 2"),
        ((Z, None, 0.0), "alpha is 0.0; a finite number > 0 is required"),
        ((Z, None, float("nan")), "alpha is nan"),
        ((Z, None, float("inf")), "alpha is inf"),
    ],
)
def test_wrong_arguments_are_named(arguments, words):
    with pytest.raises(InputError, match=words):
        numpy_kernel(*arguments)


def test_a_misspelt_attribute_is_named_and_others_are_the_functions_own_affair():
    def step(tokens, A, alpha):
        return tokens

    step.calls = 0
    assert as_kernel(step, name="step").ties == "all"
    step.tie = "first"
    with pytest.raises(InputError, match=r"^kernel step: tie is no declaration; did you mean ties\?$"):
        as_kernel(step, name="step")


def test_wrong_declarations_are_named():
    with pytest.raises(InputError, match=r"unknown declaration tie; a kernel declares .*ties"):
        declare(one_set, tie="first")
    with pytest.raises(InputError, match="step is 3"):
        Kernel("k", 3)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="dtypes is"):
        Kernel("k", one_set, dtypes=())
    with pytest.raises(InputError, match="arrays is 'jax'"):
        Kernel("k", one_set, arrays="jax")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"device": "gpu"}, 'device is \'gpu\'; it must be "cpu", "cuda" or "cuda:NUMBER"'),
        ({"device": "cuda"}, "device is 'cuda' but arrays is 'numpy'; declare arrays = \"torch\" too"),
        ({"dtypes": "int8"}, "dtypes is 'int8'; give some of float64, float32, float16, bfloat16"),
        ({"form": "raw"}, "form is 'raw'; it must be one of normalised, residual"),
        ({"gradients": "no"}, "gradients is 'no'; give True or False"),
        ({"batch_invariant": 1}, "batch_invariant is 1; give True or False"),
        ({"known": 3}, "known is 3; give"),
        ({"form": "residual", "layer": len}, "layer belongs to the normalised layer"),
        ({"dtypes": 3}, "dtypes is 3; give"),
        ({"dtypes": ("float32", "half a float")}, "dtypes is \\('float32', 'half a float'\\); give"),
        ({"supports_A": "no"}, "supports_A is 'no'; give True or False"),
        ({"layer": 3}, "layer is 3; a function is required, or leave it out"),
        ({"prove": "yes"}, "prove is 'yes'; a function is required"),
    ],
)
def test_a_wrong_declaration_is_one_line_that_says_what_to_give(declared, words):
    with pytest.raises(InputError, match=f"^kernel one_set: {words}") as caught:
        declare(one_set, **declared)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("dtypes", "names"),
    [
        ("float32", ("float32",)),
        (np.float32, ("float32",)),
        ((np.float64, "float32"), ("float64", "float32")),
        ([np.dtype("f4")], ("float32",)),
    ],
)
def test_dtypes_are_kept_as_names_however_they_are_given(dtypes, names):
    assert declare(one_set, dtypes=dtypes).dtypes == names


def test_dtypes_and_devices_of_torch_are_kept_as_names():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    kernel = declare(one_set, dtypes=(torch.float32, torch.float64), device=torch.device("cpu"), arrays="torch")
    assert (kernel.dtypes, kernel.device, kernel.missing) == (("float32", "float64"), "cpu", "")
    assert type(kernel.device) is str


def test_a_device_that_is_not_there_is_told_when_the_kernel_is_used(monkeypatch):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    kernel = declare(one_set, device="cuda", arrays="torch")
    assert "needs the device cuda" in kernel.missing
    with pytest.raises(InputError, match="sees no CUDA devices: declare device"):
        kernel(Z)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert declare(one_set, device="cuda:0", arrays="torch").missing == ""
    assert "sees 1 CUDA devices" in declare(one_set, device="cuda:1", arrays="torch").missing


def test_a_kernel_of_tensors_without_torch_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match=r"torch is not installed: pip install 'hardmax\[torch\]'"):
        declare(one_set, arrays="torch")(Z)


def test_a_layer_of_an_object_that_is_none_of_the_protocol_is_left_alone():
    class Module:
        dtypes = "float32"

        def __init__(self):
            self.layer = self.prove = lambda x: x

        def __call__(self, tokens, A, alpha):
            return tokens

    kernel = as_kernel(Module(), name="module")
    assert (kernel.layer, kernel.prove, kernel.dtypes) == (None, None, ("float32",))

    def step(tokens, A, alpha):
        return layer(tokens, A, alpha)[0]

    step.layer = layer  # type: ignore[attr-defined]
    assert as_kernel(step, name="step").layer is layer
    assert as_kernel(declare(Module(), layer=layer), name="module").layer is layer


def test_attributes_of_a_function_declare_its_properties():
    def step(tokens, A, alpha):
        return tokens

    step.dtypes, step.supports_A = ("float32",), False  # type: ignore[attr-defined]
    kernel = as_kernel(step, name="mine", source="here:step")
    assert (kernel.dtypes, kernel.supports_A, kernel.ties, kernel.name) == (("float32",), False, "all", "mine")
    assert as_kernel(kernel, name="other").name == "mine"


def test_follow_sets_without_ties_have_an_empty_list():
    _, sets = layer(np.array([[[1.0], [-1.0]]]), None, 1.0)
    assert isinstance(sets, FollowSets)
    assert sets.tied.shape == (0, 3)


def test_the_readme_has_every_declaration_with_its_default_and_checks_that_exist():
    text = (Path(protocol.__file__).parent / "README.md").read_text(encoding="utf-8")
    rows = [[c.strip() for c in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| `")]
    table = {row[0].strip("`"): row for row in rows if len(row) == 4}
    kernel = Kernel("k", lambda Z, A, alpha: Z)
    assert set(table) == set(Kernel.__dataclass_fields__) - {"name", "step", "source", "missing", "overrides"}
    assert set(table) == {*protocol.DECLARATIONS, "layer", "prove"}
    for name, (_, default, _, checks) in table.items():
        assert ast.literal_eval(default.strip("`")) == getattr(kernel, name)
        for pattern in re.findall(r"`([a-zA-Z]+\\.[a-z_*]+)`", checks):
            assert fnmatch.filter(check_ids(), pattern), pattern
