"""Verdicts: their order, what balls confirm, empty rows, alignment, inputs that are not finite."""

import numpy as np
import pytest

from hardmax.kernels.attention import verdict as verdict_module
from hardmax.kernels.attention.adapters import load_attention
from hardmax.kernels.attention.problem import Problem, rounded
from hardmax.kernels.attention.protocol import declare_attention
from hardmax.kernels.attention.truth.floats import enclose
from hardmax.kernels.attention.verdict import VERDICTS, judge
from hardmax.kernels.errors import BugError


def nothing(q, k, v, *, mask=None, causal=False):
    return v


def random(seed=0, Lq=6, Lk=8, dtype="float32", **options):
    rng = np.random.default_rng(seed)
    q, k, v = (rounded(rng.standard_normal((1, 1, n, 4)), dtype) for n in (Lq, Lk, Lk))
    return Problem(q, k, v, dtype, **options)


def exact(problem):
    return np.stack([enclose(problem.head(b, h)).o for b, h in problem.heads()]).reshape(
        (*problem.q.shape[:3], problem.v.shape[3])
    )


def test_each_element_has_its_own_verdict():
    problem, kernel = random(), declare_attention(nothing)
    out = exact(problem)
    first = judge(kernel, problem, out)
    W, T = first.W[0, 0, 2], first.T[0, 0, 2]
    assert (T < W).all()
    out[0, 0, 2] += [0.9 * T[0], 1.1 * T[1], 1.1 * W[2], np.nan]
    found = judge(kernel, problem, out)
    names = [VERDICTS[c] for c in found.codes[0, 0, 2]]
    assert names == ["within", "implausible", "beyond", "beyond"]
    assert found.balls[0, 0, 2]
    assert found.balls.sum() == 2  # it and the sample
    assert found.verdict == "fail"
    assert found.counts == first.counts | {"within": first.counts["within"] - 3, "implausible": 1, "beyond": 2}
    assert {e.place for e in found.worst(2)} == {(0, 0, 2, 2), (0, 0, 2, 3)}
    assert all(e.verdict == "beyond" and e.by_balls for e in found.worst(2))


def test_kernels_that_accumulate_in_float64_are_judged_in_balls():
    problem, kernel = random(dtype="float64"), load_attention("attention-numpy")
    found = judge(kernel, problem, *kernel(problem))
    assert found.balls.all()
    assert found.verdict == "pass"
    out, lse = kernel(problem)
    out[0, 0, 0, 0] += 1.5 * found.W[0, 0, 0, 0]
    assert judge(kernel, problem, out, lse).verdict == "fail"


def test_floats_that_balls_exclude_are_a_bug(monkeypatch):
    problem = random()
    real = verdict_module.enclose
    monkeypatch.setattr(verdict_module, "enclose", lambda head: real(head)._replace(o=real(head).o + 1e-9))
    with pytest.raises(BugError, match="exclude each other"):
        judge(declare_attention(nothing), problem, exact(problem))


def test_some_rows_of_a_long_problem():
    problem, kernel = random(Lq=40), declare_attention(nothing)
    out = exact(problem)
    out[0, 0, 17] += 1
    assert judge(kernel, problem, out, rows=np.array([0, 5, 39])).verdict == "pass"
    found = judge(kernel, problem, out, rows=np.array([0, 17]))
    assert found.worst()[0].place[2] == 17


def test_hulls_are_fragile():
    q, k = np.full((1, 1, 2, 4), 60000.0), np.random.default_rng(0).integers(1, 9, (1, 1, 8, 4)) / 8.0
    problem = Problem(q, k, random().v, "float32", scale=1000.0)
    kernel = declare_attention(nothing, score_roundings=0, accumulates="float32")
    out = exact(problem)
    found = judge(kernel, problem, out)
    assert found.counts["fragile"] > 0
    outside = np.full_like(out, 50.0)
    assert judge(kernel, problem, outside).counts["beyond"] == out.size


@pytest.mark.parametrize("declared", [None, "top_left", "bottom_right"])
def test_alignment_is_free_unless_it_is_declared(declared):
    kernel = declare_attention(nothing, causal_alignment=declared)
    for alignment in ("top_left", "bottom_right"):
        problem = random(causal=True, alignment=alignment)
        found = judge(kernel, problem, exact(problem))
        assert (found.verdict == "pass") == (declared in (None, alignment))
        assert declared is not None or found.alignment == alignment


@pytest.mark.parametrize(
    ("declared", "value", "code"),
    [
        ("unspecified", np.nan, "empty"),
        ("zero", 0.0, "within"),
        ("zero", 1e-30, "beyond"),
        ("nan", np.nan, "within"),
        ("nan", 0.0, "beyond"),
        ("mean", None, "within"),
        ("mean", 0.0, "beyond"),
    ],
)
def test_rows_without_keys_are_what_the_kernel_says(declared, value, code):
    mask = np.ones((6, 8), dtype=bool)
    mask[3] = False
    problem = random(mask=mask)
    out = exact(problem)
    out[0, 0, 3] = problem.v[0, 0].mean(axis=0) if value is None else value
    found = judge(declare_attention(nothing, empty_rows=declared), problem, out)
    assert [VERDICTS[c] for c in found.codes[0, 0, 3]] == [code] * 4
    assert (found.codes[0, 0, [0, 1, 2, 4, 5]] == 0).all()


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_a_mean_of_nothing_or_of_no_numbers_may_be_anything(value):
    kernel = declare_attention(nothing, empty_rows="mean")
    q, none = np.ones((1, 1, 2, 3)), np.zeros((1, 1, 0, 3))
    found = judge(kernel, Problem(q, none, none, "float32"), np.full((1, 1, 2, 3), value))
    assert (found.verdict, found.counts["empty"]) == ("pass", 6)
    v = np.full((1, 1, 2, 3), np.nan)
    hidden = Problem(q, q, v, "float32", mask=np.zeros((2, 2), dtype=bool))
    assert judge(kernel, hidden, np.full((1, 1, 2, 3), value)).verdict == "pass"


def test_log_sum_exps():
    mask = np.ones((6, 8), dtype=bool)
    mask[3] = False
    problem = random(mask=mask)
    lse = enclose(problem.head(0, 0)).lse[None, None]
    lse[0, 0, 3] = -np.inf
    for unit, factor in (("natural", 1.0), ("log2", 1 / np.log(2))):
        kernel = declare_attention(nothing, lse=unit)
        assert judge(kernel, problem, exact(problem), lse * factor).lse.tolist() == [[[0] * 6]]
        wrong = lse * factor + np.array([0, 1e-3, np.nan, 1, 0, 0])
        codes = judge(kernel, problem, exact(problem), wrong).lse
        assert [VERDICTS[c] for c in codes[0, 0]] == ["within", "beyond", "beyond", "within", "within", "within"]
    assert judge(kernel, problem, exact(problem), np.zeros((1, 1, 6))).lse[0, 0, 3] == VERDICTS.index("beyond")


def test_what_is_not_finite_spoils_what_it_can_reach_only():
    q, k, v = (x.copy() for x in (random().q, random().k, random().v))
    q[0, 0, 1, 0] = np.nan
    kernel = declare_attention(nothing)
    codes = judge(kernel, Problem(q, k, v), np.zeros((1, 1, 6, 4))).codes
    assert (codes[0, 0, 1] == VERDICTS.index("beyond")).all()  # NaN must come out
    assert (codes[0, 0, 0] == VERDICTS.index("beyond")).any()
    v[0, 0, 7], k[0, 0, 7] = np.inf, np.nan
    mask = np.ones((6, 8), dtype=bool)
    mask[:, 7] = False  # hidden from all rows: a kernel must not let it leak
    hidden = Problem(q, k, v, mask=mask)
    assert (judge(kernel, hidden, np.full((1, 1, 6, 4), np.nan)).codes[0, 0, 0] == VERDICTS.index("beyond")).all()
    mask[5, 7] = True
    codes = judge(kernel, Problem(q, k, v, mask=mask), np.full((1, 1, 6, 4), np.nan)).codes[0, 0]
    assert (codes[[1, 5]] == VERDICTS.index("within")).all()
    assert (codes[[0, 2, 3, 4]] == VERDICTS.index("unjudged")).all()  # 0·∞ may leak into other rows


def test_how_much_is_declared_is_shown():
    problem = random(dtype="bfloat16")
    out = rounded(exact(problem), "bfloat16")
    assert judge(declare_attention(nothing, dtypes="bfloat16"), problem, out).default == 1
    assert judge(declare_attention(nothing, dtypes="bfloat16", score_roundings=4), problem, out).default > 1.5


@pytest.mark.parametrize(
    ("shape", "judged"),
    [((1, 1, 3, 0, 4, 2), 9), ((1, 1, 0, 3, 4, 2), 0), ((0, 1, 3, 3, 4, 2), 0), ((1, 2, 3, 3, 0, 2), 18)],
)
def test_nothing_is_something_too(shape, judged):
    B, H, Lq, Lk, D, Dv = shape
    problem = Problem(np.ones((B, H, Lq, D)), np.ones((B, 1, Lk, D)), np.ones((B, 1, Lk, Dv)))
    kernel = load_attention("attention-numpy")
    found = judge(kernel, problem, *kernel(problem))
    assert found.verdict == "pass"
    assert found.counts["within"] == judged == sum(found.counts.values())
