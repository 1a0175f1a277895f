"""The mistakes that users make most, and what the report calls them."""

import math

import pytest

torch = pytest.importorskip("torch")

from hardmax.kernels.attention.protocol import as_attention  # noqa: E402
from hardmax.verify.conformance import run_conformance  # noqa: E402

MISTAKES = {}


def mistake(check, words, **declared):
    def add(function):
        kernel = as_attention(function, name=function.__name__, arrays="torch", gradients=False, **declared)
        MISTAKES[function.__name__] = (kernel, check, words)
        return function

    return add


def scores(q, k):
    return q @ k.mT / math.sqrt(q.shape[-1])


@mistake("values.softmax", "does not scale")
def no_scale(q, k, v):
    return (q @ k.mT).softmax(-1) @ v


@mistake("causal.rectangular", 'declare causal_alignment = "bottom_right"', causal_alignment="top_left")
def other_corner(q, k, v, causal=False):
    Lq, Lk = q.shape[2], k.shape[2]
    hidden = torch.ones(Lq, Lk, dtype=torch.bool).triu(1 + Lk - Lq) if causal else torch.zeros(Lq, Lk, dtype=torch.bool)
    return scores(q, k).masked_fill(hidden, -math.inf).softmax(-1) @ v


@mistake("mask.best", "hides keys by a number that scores may be below (use -inf)")
def minus_65504(q, k, v, mask=None):
    return (scores(q, k) if mask is None else scores(q, k) - 65504.0 * ~mask).softmax(-1) @ v


@mistake("causal.square", "hides keys by a number that scores may be below (use -inf)")
def minus_a_billion(q, k, v, causal=False):
    return (scores(q, k) - 1e9 * torch.ones(q.shape[2], k.shape[2]).triu(1) * causal).softmax(-1) @ v


@mistake("causal.square", "hides the diagonal from rows", causal_alignment="top_left")
def no_diagonal(q, k, v, causal=False):  # 0/0 in the first row, and that alone at length 1
    hidden = torch.ones(q.shape[2], k.shape[2], dtype=torch.bool).triu(0) & causal
    return scores(q, k).masked_fill(hidden, -math.inf).softmax(-1) @ v


@mistake("mask.bool", "ignores the mask")
def no_mask(q, k, v, mask=None):
    return scores(q, k).softmax(-1) @ v


@mistake("mask.padding", "0 times NaN is NaN (put 0 there)")
def hidden_values_as_they_are(q, k, v, mask=None):
    s = scores(q, k)
    return (s if mask is None else s.masked_fill(~mask, -math.inf)).softmax(-1) @ v


@mistake("heads.grouped", "reads head h % Hk of k and v in place of h // (H/Hk)")
def interleaved_heads(q, k, v):
    k, v = (x.repeat(1, q.shape[1] // x.shape[1], 1, 1) for x in (k, v))
    return scores(q, k).softmax(-1) @ v


@mistake("values.peaked", "keeps scores in bfloat16 (declare score_roundings = 4", dtypes="bfloat16")
def half_scores(q, k, v):
    return scores(q, k).softmax(-1) @ v


@mistake("gradient.values", "keeps scores in bfloat16 (declare score_roundings = 4", dtypes="bfloat16")
def half_gradients(q, k, v):
    return scores(q, k).softmax(-1) @ v


@mistake("values.softmax", 'computes in float32 (declare accumulates = "float32"', dtypes="float64")
def single_precision(q, k, v):
    return (scores(q.float(), k.float()).softmax(-1) @ v.float()).double()


@mistake("values.large", "does not subtract the largest score before exp")
def no_maximum(q, k, v):
    w = torch.exp(scores(q, k))
    return w @ v / w.sum(-1, keepdim=True)


def test_a_nan_alone_is_no_hidden_key():
    kernel = as_attention(lambda q, k, v, causal=False: v * math.nan, name="nan", arrays="torch", gradients=False)
    (result,) = run_conformance(kernel, only=["causal.square"]).results
    assert result.status == "fail"
    assert "that is what a kernel computes" not in result.message


@pytest.mark.parametrize("name", MISTAKES)
def test_a_usual_mistake_is_called_by_its_name(name):
    kernel, check, words = MISTAKES[name]
    if check.startswith("gradient"):
        kernel = as_attention(kernel, name=name, gradients=True)
    (result,) = run_conformance(kernel, only=[check]).results
    assert result.status == "fail"
    assert words in result.message
