"""NaN and infinity: right kernels of several kinds return the patterns that must come out; what hides them does not."""

import numpy as np
import pytest

from hardmax.kernels.attention.adapters import load_attention
from hardmax.kernels.attention.nonfinite import FREE, LEAKS, MINUS, NAN, PLUS, USUAL, patterns
from hardmax.kernels.attention.problem import Problem, rounded
from hardmax.kernels.attention.protocol import declare_attention
from hardmax.kernels.attention.verdict import VERDICTS, judge

WITHIN, BEYOND, UNJUDGED = (VERDICTS.index(x) for x in ("within", "beyond", "unjudged"))


def scores(q, k, scale, mask, adds):
    s = np.float32(1 if scale is None else scale) * (q @ k.swapaxes(2, 3))
    if mask is None:
        return s
    return s + np.where(mask, np.float32(0), np.float32(-np.inf)) if adds else np.where(mask, s, -np.inf)


def step_by_step(adds, ignores_nan):
    """All scores, the largest, weights, normalised before or after: as eager code is."""

    def attention(q, k, v, scale=None, mask=None):
        s = scores(q, k, scale, mask, adds)
        top = (np.fmax if ignores_nan else np.maximum).reduce(s, axis=3, keepdims=True)
        w = np.exp(s - np.where(np.isneginf(top), 0, top))
        total = w.sum(axis=3, keepdims=True)
        return (w / total) @ v if adds else (w @ v) / total, (top + np.log(total))[..., 0]

    return attention


def online(q, k, v, scale=None, mask=None):
    """One key after the other, with a running maximum that ignores NaN."""
    s = scores(q, k, scale, mask, False)
    top = np.full(s.shape[:3], -np.inf, dtype=np.float32)
    total, acc = np.zeros_like(top), np.zeros((*top.shape, v.shape[3]), dtype=np.float32)
    for j in range(s.shape[3]):
        new = np.fmax(top, s[..., j])
        safe = np.where(np.isneginf(new), 0, new)
        rescale, w = np.exp(top - safe), np.exp(s[..., j] - safe)
        rescale = np.where(np.isneginf(top) & np.isneginf(new), 1, rescale)
        total, acc = total * rescale + w, acc * rescale[..., None] + w[..., None] * v[:, :, None, j]
        top = new
    return acc / total[..., None], top + np.log(total)


KERNELS = {
    "where": step_by_step(False, False),
    "where, maximum without NaN": step_by_step(False, True),
    "adds its mask": step_by_step(True, True),
    "online": online,
}


def case(rng):
    """A small problem with one to three values that are not finite, sometimes zeros, masks, a negative scale."""
    Lq, L, D, Dv = (int(rng.integers(1, n)) for n in (5, 7, 4, 4))
    arrays = [rounded(rng.standard_normal((1, 1, *s)), "float32") for s in ((Lq, D), (L, D), (L, Dv))]
    for x in arrays:
        x[rng.random(x.shape) < 0.15] = 0.0
    for _ in range(int(rng.integers(1, 4))):
        x = arrays[rng.integers(3)]
        x[tuple(rng.integers(n) for n in x.shape)] = rng.choice([np.nan, np.inf, -np.inf])
    mask = rng.random((Lq, L)) < 0.7 if rng.random() < 0.5 else None
    if mask is not None:  # these kernels multiply keys that no row may see by 0
        for x in arrays[1:]:
            x[0, 0, ~mask.any(axis=0)] = 0.0
    return Problem(*arrays, scale=float(rng.choice([1.0, 0.5, -1.0, 30.0])), mask=mask)


@pytest.mark.parametrize("name", KERNELS)
def test_right_kernels_return_what_must_come_out(name):
    kernel = declare_attention(KERNELS[name], weights_cast=False, lse="natural")
    seen = dict.fromkeys((USUAL, NAN, PLUS, MINUS, LEAKS, FREE), 0)
    for seed in range(100):
        problem = case(np.random.default_rng([seed, 31]))
        with np.errstate(all="ignore"):
            out, lse = kernel(problem)
        found = judge(kernel, problem, out, lse)
        some = problem.head(0, 0).n > 0
        assert not (found.codes[0, 0][some] == BEYOND).any(), (seed, problem.q, problem.k, problem.v, out)
        assert not (found.lse[0, 0][some] == BEYOND).any(), (seed, lse)
        rows = np.arange(problem.q.shape[2])
        sure = np.ones((len(rows), int(problem.head(0, 0).seen.sum())), dtype=bool)
        for kind in patterns(problem, 0, 0, rows, sure)[0].ravel().tolist():
            seen[kind] += 1
    assert min(seen.values()) > 5, seen


@pytest.mark.parametrize("replacement", [0.0, 1.0, np.inf, -np.inf])
def test_what_hides_them_is_beyond(replacement):
    caught = {NAN: 0, PLUS: 0, MINUS: 0}
    kernel = declare_attention(KERNELS["where"], weights_cast=False, lse="natural")
    for seed in range(100):
        problem = case(np.random.default_rng([seed, 32]))
        with np.errstate(all="ignore"):
            out, lse = kernel(problem)
        wild = ~np.isfinite(out)
        codes = judge(kernel, problem, np.where(wild, replacement, out), lse).codes
        right = codes[wild & (out == replacement)]
        assert not (right == BEYOND).any()
        for kind, which in ((NAN, np.isnan(out)), (PLUS, out == np.inf), (MINUS, out == -np.inf)):
            caught[kind] += int((codes[which & (out != replacement)] == BEYOND).sum())
    assert caught[NAN] > 50
    assert all(n > 0 for kind, n in caught.items() if replacement != {PLUS: np.inf, MINUS: -np.inf}.get(kind))


def test_a_weight_that_may_vanish_lets_infinity_come_out_as_nan():
    """e^-200 is 0 in float32, and 0·∞ is NaN; with e^-80 ∞ must come out."""
    kernel = declare_attention(KERNELS["where"], weights_cast=False, lse="natural")
    for t, code in ((-200.0, UNJUDGED), (-80.0, BEYOND)):
        problem = Problem(np.ones((1, 1, 1, 1)), np.array([[[[0.0], [t]]]]), np.array([[[[1.0], [np.inf]]]]), scale=1.0)
        assert judge(kernel, problem, np.full((1, 1, 1, 1), np.nan), np.zeros((1, 1, 1))).codes.item() == code


def test_torch_flash_hides_nan_behind_few_keys():
    pytest.importorskip("torch", reason="torch is not installed: pip install '.[torch]'")
    q, k, v = np.ones((1, 1, 2, 2)), np.ones((1, 1, 3, 2)), np.ones((1, 1, 3, 2))
    q[0, 0, 1, 0] = np.nan
    problem = Problem(q, k, v)
    for name, code in (("torch-sdpa-math", WITHIN), ("torch-sdpa-flash", BEYOND)):
        kernel = load_attention(name)
        codes = judge(kernel, problem, *kernel(problem)).codes[0, 0]
        assert (codes[1] == code).all()
        assert (codes[0] == WITHIN).all()


def test_torch_flash_multiplies_its_causal_mask_by_the_scale():
    """−∞·(−1) is ∞, and −∞·0 NaN, where a row hides keys: right with a mask, NaN with is_causal."""
    pytest.importorskip("torch", reason="torch is not installed: pip install '.[torch]'")
    x, v = np.ones((1, 1, 2, 1)), np.array([[[[1.0], [2.0]]]])
    for scale in (-1.0, 0.0):
        for name, code in (("torch-sdpa-math", WITHIN), ("torch-sdpa-flash", BEYOND)):
            kernel = load_attention(name)
            causal, masked = Problem(x, x, v, scale=scale, causal=True), Problem(x, x, v, scale=scale, mask=MASK)
            assert judge(kernel, causal, *kernel(causal)).codes.ravel().tolist() == [code, WITHIN]
            assert judge(kernel, masked, *kernel(masked)).codes.ravel().tolist() == [WITHIN, WITHIN]


MASK = np.array([[True, False], [True, True]])
