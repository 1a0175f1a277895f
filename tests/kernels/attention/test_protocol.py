"""What is taken for an attention kernel, what it may declare, and how it is called."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from hardmax.kernels.attention.adapters import SHIPPED, libraries, load_attention
from hardmax.kernels.attention.problem import FORMATS, Problem, rounded
from hardmax.kernels.attention.protocol import AttentionKernel, as_attention, declare_attention, is_attention
from hardmax.kernels.attention.verdict import judge
from hardmax.kernels.errors import InputError

from . import inputs


def plain(q, k, v, *, causal=False):
    return v


def test_what_is_taken_for_an_attention_kernel():
    def tagged(x, y, z):
        return z

    assert is_attention(plain)
    assert is_attention(lambda query, key, value, mask=None: value)
    assert not is_attention(lambda tokens, A, alpha: tokens)
    assert not is_attention(tagged)
    tagged.kind = "attention"
    assert is_attention(tagged)
    assert is_attention(declare_attention(plain))
    assert not is_attention(dict)
    assert not is_attention(3)


def test_declarations_are_read_from_attributes():
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'hardmax[torch]'")

    def attention(q, k, v, *, scale=None, softcap=None):
        return v

    attention.dtypes = (torch.bfloat16, "float16", np.float32)
    attention.arrays = "torch"
    attention.score_roundings = 4
    attention.kind = "attention"
    kernel = as_attention(attention, name="mine", source="here.py:attention")
    assert (kernel.name, kernel.source) == ("mine", "here.py:attention")
    assert kernel.dtypes == ("bfloat16", "float16", "float32")
    assert kernel.keywords == {"scale", "softcap"}
    assert kernel.arithmetic("bfloat16").s == 4
    assert as_attention(kernel, name="other") is kernel
    attention.score_roundigs = 4
    with pytest.raises(InputError, match=r"^unknown declaration score_roundigs; an attention kernel declares .*$"):
        as_attention(attention, name="mine")


def test_an_object_declares_what_it_has():
    class Attention:
        lse = "log2"
        training = True

        def __call__(self, q, k, v):
            return v

    assert as_attention(Attention(), name="object").lse == "log2"


@pytest.mark.parametrize(
    "wrong",
    [
        {"dtypes": ("float8",)},
        {"dtypes": ()},
        {"arrays": "cupy"},
        {"layout": "LBHD"},
        {"accumulates": "tf32"},
        {"weights_cast": "maybe"},
        {"weights_cast": 1},
        {"score_roundings": 5},
        {"score_roundings": True},
        {"exp_ulps": -1},
        {"exp_ulps": "2"},
        {"block": 0},
        {"lag": float("inf")},
        {"shift_rounded": "yes"},
        {"flushes": None},
        {"empty_rows": "none"},
        {"lse": "log10"},
        {"lse_dtype": "int8"},
        {"softcap_order": "mask"},
        {"causal_alignment": "left"},
        {"hard": "last"},
        {"gradients": "yes"},
        {"colour": 3},
    ],
)
def test_wrong_declarations_are_one_line(wrong):
    with pytest.raises(InputError, match=r"^[^\n]+$") as error:
        declare_attention(plain, **wrong)
    assert next(iter(wrong)) in str(error.value)


def test_only_the_keywords_that_a_function_has_are_passed():
    seen = {}

    def attention(q, k, v, *, scale=None, mask=None):
        seen.update(scale=scale, mask=mask, dtype=q.dtype)
        return np.zeros((*q.shape[:3], v.shape[3]), dtype=q.dtype)

    x = np.zeros((1, 1, 2, 3))
    kernel = declare_attention(attention, dtypes="float16")
    kernel(Problem(x, x, x, "float16", scale=0.5, mask=np.eye(2, dtype=bool)))
    assert (seen["scale"], seen["mask"].dtype, seen["dtype"]) == (0.5, bool, np.float16)
    with pytest.raises(InputError, match="no parameter causal, which"):
        kernel(Problem(x, x, x, "float16", causal=True))
    with pytest.raises(InputError, match="takes float16, not float32"):
        kernel(Problem(x, x, x))
    with pytest.raises(InputError, match="declares lse but"):
        declare_attention(plain, lse="natural")(Problem(x, x, x))
    with pytest.raises(InputError, match="returned out of shape"):
        declare_attention(lambda q, k, v: v[:, :, :1])(Problem(x, x, x))
    with pytest.raises(InputError, match="NumPy has no bfloat16"):
        declare_attention(plain, dtypes="bfloat16")(Problem(x, x, x, "bfloat16"))


def test_heads_and_tokens_change_places():
    reference = load_attention("attention-numpy").function

    def swapped(q, k, v):
        out, lse = reference(*(x.swapaxes(1, 2) for x in (q, k, v)))
        return out.swapaxes(1, 2), lse

    rng = np.random.default_rng(0)
    q, k, v = (rounded(rng.standard_normal((2, 4, n, 3)), "float32") for n in (5, 6, 6))
    problem = Problem(q, k, v)
    kernel = declare_attention(swapped, layout="BLHD", lse="natural")
    found = judge(kernel, problem, *kernel(problem))
    assert found.verdict == "pass"
    assert found.counts["within"] == 2 * 4 * 5 * 3 + 2 * 4 * 5


@pytest.mark.parametrize("name", ["attention-numpy", "torch-sdpa", "torch-sdpa-math", "torch-sdpa-flash"])
def test_shipped_kernels_pass_what_they_take(name):
    if name.startswith("torch"):
        pytest.importorskip("torch", reason="torch is not installed: pip install 'hardmax[torch]'")
    kernel = load_attention(name)
    judged = 0
    for dtype in kernel.dtypes:
        for number, family in enumerate(inputs.FAMILIES):
            problem = inputs.problem(np.random.default_rng([number, 9]), family, dtype, square=True)
            if problem.causal and problem.alignment != "top_left":
                continue
            if problem.window is not None and "window" not in kernel.keywords:
                continue
            out, lse = kernel(problem)
            found = judge(kernel, problem, out, lse)
            assert found.verdict != "fail", (dtype, family, found.worst(1))
            judged += found.counts["within"]
    assert judged > 500


def test_every_name_is_a_kernel_and_what_cannot_run_says_why():
    for name in SHIPPED:
        kernel = load_attention(name)
        assert isinstance(kernel, AttentionKernel)
        if kernel.missing:
            with pytest.raises(InputError, match=r"needs (a CUDA device|torch|onnx and onnxruntime|jax)"):
                kernel.array(np.zeros(1), "float32")
    with pytest.raises(InputError, match="no attention kernel is called"):
        load_attention("flash-9")


PAGE = (Path(__file__).resolve().parents[3] / "kernels" / "README.md").read_text(encoding="utf-8")


def test_the_example_of_the_page_prints_what_it_says(capsys):
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE.partition("## Attention kernels")[2], re.M | re.S)
    exec(code, {})
    assert capsys.readouterr().out == f"{code.rpartition('# ')[2]}" == "pass\n"


def test_every_declaration_has_its_row():
    table = PAGE.partition("| attention declares |")[2].partition("\n\n")[0]
    listed = re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`[^|]*) \|", table, re.M)))
    apart = {"name", "function", "source", "missing", "keywords", "overrides"}
    fields = set(AttentionKernel.__dataclass_fields__) - apart
    assert sorted(listed) == sorted(fields)


def test_arithmetic_follows_the_declarations():
    how = declare_attention(plain, accumulates="float32", dtypes="float64").arithmetic("float64")
    assert how.narrow == 1
    for dtype, wide in (
        ("float16", "float32"),
        ("bfloat16", "float32"),
        ("float32", "float32"),
        ("float64", "float64"),
    ):
        assert declare_attention(plain).arithmetic(dtype).accumulation == FORMATS[wide]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("torch-flex", "needs torch: pip install 'hardmax[torch]'"),
        ("onnxruntime-attention", "needs onnx and onnxruntime: pip install 'hardmax[onnx]'"),
        ("jax-attention", "needs jax: pip install 'hardmax[jax]'"),
    ],
)
def test_without_the_library_one_line_says_what_to_install(name, said, monkeypatch):
    monkeypatch.setattr(libraries, "find_spec", lambda package: None)
    kernel = load_attention(name)
    with pytest.raises(InputError) as caught:
        kernel.array(np.zeros(1), "float32")
    assert str(caught.value) == f"kernel {name} {said}"


def test_flex_without_tracing_gives_the_bits_that_it_gives_with_it(monkeypatch):
    torch = pytest.importorskip("torch")
    q, k = (torch.randn(shape, generator=torch.Generator().manual_seed(1)) for shape in ((1, 2, 5, 8), (1, 1, 9, 8)))
    options = {"bias": torch.randn((1, 1, 5, 9)), "softcap": 2.0}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        plain = libraries.flex(q, k, k, **options)
        assert not any("without torch.compile" in str(one.message) for one in told)
        monkeypatch.setattr(libraries, "NOT_TRACED", "not_a_switch_of_torch")
        traced = libraries.flex(q, k, k, **options)
    assert any("without torch.compile" in str(one.message) for one in told)
    assert all(map(torch.equal, plain, traced))


def test_methods_that_a_wrapper_such_as_a_compiler_puts_on_a_function_declare_nothing():
    def attention(q, k, v):
        return v

    attention.lse, attention.get_compiler_config = "natural", lambda: None
    assert as_attention(attention, name="attention").lse == "natural"
    attention.lses = "natural"
    with pytest.raises(InputError, match="unknown declaration lses;"):
        as_attention(attention, name="attention")
