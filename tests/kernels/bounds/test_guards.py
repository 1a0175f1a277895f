"""Every guard between floats and facts is needed: without it something false is stated.

`kernels/bounds/rounding.py` lists the guards and casts; here each is taken out of the source text, one at a time, and a
witness must then be proved wrong in exact arithmetic. What no witness can show is derived a second time, as a test of
its own.
"""

import inspect
from fractions import Fraction
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("numba", reason="numba is not installed: pip install 'hardmax[compiled]'")

from hardmax.kernels.bounds import certify as certify_module
from hardmax.kernels.bounds.certify import certify
from hardmax.kernels.bounds.rounding import SLACK, layer_error
from hardmax.kernels.floats import compiled_kernel, compiled_layer, compiled_loops
from hardmax.kernels.floats.numpy_kernel import kernel as numpy_kernel

from ..adversary import Batch
from ..soundness import Report, Truth, compare

ONE = np.eye(1)


def batch(tokens, A=None, alpha=0.5, layers=1):
    return Batch(np.array([tokens], dtype=np.float64), A, alpha, layers, "witness")


def close_to_the_origin():
    b = np.random.default_rng(0).uniform(1, 2, 100)
    return Batch(np.stack([3.3 * b, np.full(100, 1.75), -b], axis=1)[:, :, None], -ONE, 3.3, 3, "witness")


WITNESSES = {
    "a key beyond float32": batch([[4e38, 0], [3e38, 3e38]], np.eye(2) * 1e-42),
    "keys far beyond float32": batch([[1e100], [-1e100], [0]], ONE * 1e-210),
    "no score is a number": batch([[1e100], [-1e100]], ONE * 1e-210),
    "a query beyond float32": batch([[3e-10, 0], [1e-10, 1e-10]], np.eye(2) * 1e50),
    "a score beyond float32": batch([[1e25, -9e24], [1e20, 1e20]]),
    "products below float32": batch([[2.0**-75, 2.0**-75], [1.2 * 2.0**-75, 0]]),
    "a linear image that two tokens share": batch([[1e20, 1], [1e20, 2], [0, 5], [0, 5]]),
    "a token beside the origin": close_to_the_origin(),
    "thirds of the smallest float": batch([[5e-324], [1.5e-323], [-5e-324]], -ONE, 0.5, 2),
    "a step of 1.4 ulps, a hundred times": batch([[1.0], [2.0]], None, 1.4 * 2.0**-52, 100),
    "a tie that is averaged": batch([[3.0, 1], [3, -1], [0.1, 0]], None, 1 / 3, 2),
}

MUTANTS = {
    "keys unguarded": ("highest = max(highest, column, R)", "highest = max(highest, column)"),
    "queries unguarded": ("highest = max(highest, column, R)", "highest = max(highest, R)"),
    "scores unguarded": ("4 * (far + highest)", "4 * highest"),
    "no underflow": ("common += model.underflow * (1 + total) * (1 + total)", "common += 0"),
    "NaN proves": ("leader[a] = not (top[a] - second[a] > bound[a])", "leader[a] = top[a] - second[a] <= bound[a]"),
    "the hash decides": ("while not same(tokens, i, place[a])", "while codes[i] != codes[place[a]]"),
    "error of the query": ("common += row * (R + error[c])", "common += 0"),
    "no rounding of layers": ("model.layer * R", "0"),
    "error not carried": ("model.slack * (error[c] + model.layer", "model.slack * (0 + model.layer"),
    "ties are single": ("elif not same(initial, first, j):", "elif False:"),
    "whoever is followed leads": ("leader[i] = target[i] == i", "leader[i] = 1"),
}


def interpreted(old="", new=""):
    """The loops as plain Python, with one change of their text."""
    layer, loops = inspect.getsource(compiled_layer), inspect.getsource(compiled_loops)
    imported = [line for line in loops.splitlines() if line.startswith("from .compiled_layer import ")]
    assert len(imported) == 1
    source = layer + loops.replace(imported[0], "")
    assert not old or source.count(old) == 1, f"{old!r} occurs {source.count(old)} times in the loops"
    source = source.replace("from numba import njit", "njit = lambda **flags: lambda function: function")
    module = ModuleType("interpreted")
    module.__package__ = compiled_loops.__package__
    exec(compile(source.replace(old, new) if old else source, "interpreted", "exec"), module.__dict__)
    return module


def prove_by(module):
    """The compiled kernel with other loops, as `certify` asks it."""

    def prove(tokens, A, alpha, layers):
        kept, compiled_kernel.loops = compiled_kernel.loops, module
        try:
            with np.errstate(all="ignore"):
                return compiled_kernel.prove(tokens, A, alpha, layers)
        finally:
            compiled_kernel.loops = kept

    return compiled_kernel.Kernel("mutant", numpy_kernel.step, dtypes=("float64", "float32"), prove=prove)


def false_facts(kernel, witness):
    report = Report()
    compare(kernel, witness, [Truth.of(witness, b) for b in range(len(witness.tokens))], report)
    assert sum(report.facts.values()) >= 5 * len(witness.tokens)
    return report.false


@pytest.mark.parametrize("name", WITNESSES)
def test_every_witness_is_stated_right(name):
    for kernel in (compiled_kernel.kernel, numpy_kernel, prove_by(interpreted())):
        assert not false_facts(kernel, WITNESSES[name])


@pytest.mark.parametrize(("old", "new"), MUTANTS.values(), ids=MUTANTS.keys())
def test_without_its_guard_the_compiled_proof_states_what_is_false(old, new):
    kernel = prove_by(interpreted(old, new))
    assert any(false_facts(kernel, witness) for witness in WITNESSES.values())


@pytest.mark.parametrize(
    ("old", "new"),
    [("float(info.eps) * R", "0 * R"), ("+ float(info.tiny))", "+ 0)"), ("single[i] and i in C", "single[i]")],
    ids=["no rounding", "no underflow", "whoever is single leads"],
)
def test_without_its_bound_a_replay_states_what_is_false(monkeypatch, old, new):
    source = inspect.getsource(certify_module)
    assert source.count(old) == 1
    module = ModuleType("mutant")
    module.__package__ = certify_module.__package__
    monkeypatch.setitem(__import__("sys").modules, "mutant", module)  # dataclasses look their module up there
    exec(compile(source.replace(old, new), "mutant", "exec"), module.__dict__)
    monkeypatch.setattr(certify_module, "_replay", module._replay)
    assert any(false_facts(numpy_kernel, witness) for witness in WITNESSES.values())


# -- second derivations -----------------------------------------------------------------------------------------------


def short_bound(extra, tokens, A):
    """B_i for scores of tokens and queries rounded to float32, by the loops' own evaluation."""
    n, d = tokens.shape
    weights = np.abs(np.eye(d) if A is None else A)
    model = compiled_kernel._model(np.float32, extra, np.eye(d) if A is None else A, weights)
    bound, reach = np.zeros(n), np.abs(tokens).max(axis=0)
    queries = np.ascontiguousarray((tokens if A is None else tokens @ A).T)
    form = np.empty((0, 0)) if A is None else A
    rows = np.arange(n)
    compiled_loops.bounds(
        np.ascontiguousarray(tokens.T),
        queries,
        form,
        rows,
        n,
        d,
        weights,
        reach,
        np.zeros(d),
        model,
        np.zeros(d),
        bound,
    )
    return bound / 2


def short_error(tokens, A):
    """|ŝ − s| for all pairs, scores by single operations in float32."""
    queries = tokens if A is None else tokens @ A
    error = np.zeros((len(tokens), len(tokens)))
    for i, q in enumerate(queries.astype(np.float32)):
        for j, z in enumerate(tokens.astype(np.float32)):
            total = np.float32(0)
            for x, y in zip(q, z, strict=True):
                total = np.float32(total + np.float32(x * y))
            form = np.eye(len(q)) if A is None else A
            exact = sum(
                Fraction(float(x)) * Fraction(float(form[a, c])) * Fraction(float(y))
                for a, x in enumerate(tokens[i])
                for c, y in enumerate(tokens[j])
            )
            error[i, j] = float(abs(Fraction(float(total)) - exact))
    return error


@pytest.mark.parametrize("A", [None, np.array([[2.0, 0.3], [-0.7, 1.0]])])
def test_scores_of_rounded_tokens_need_two_roundings_more(A):
    """A query and a key rounded to float32 cost a factor each: with them the bound holds, without it does not."""
    rng = np.random.default_rng(0)
    holds = {0: [], 2: []}
    for _ in range(60):
        tokens = rng.uniform(1, 2, (3, 1 if A is None else 2))
        error = short_error(tokens, A)
        for extra, found in holds.items():
            found.append((error <= short_bound(extra, tokens, A)[:, None]).all())
    assert all(holds[2])
    assert A is not None or not all(holds[0])


def test_a_layer_that_may_overflow_has_no_error_bound():
    d, info = 1, np.finfo(np.float64)
    model = compiled_kernel._model(np.float64, 0, ONE, ONE)
    for share, fits in ((0.2, True), (0.3, False), (np.inf, False), (np.nan, False)):
        assert compiled_loops.grown(np.zeros(d), np.array([share * float(info.max)]), d, model) == fits


def test_a_score_that_is_no_number_is_a_candidate():
    initial = np.array([[1.0, 0], [2.0, 0]])
    keys = np.array([[1.0, np.inf], [0.0, -np.inf]])
    found = compiled_loops.only_candidate(initial, np.ones((2, 1)), 0, keys, 2, 0.25, np.zeros(2))
    assert found == -1


@given(st.floats(-1e300, 1e300), st.floats(0, 1e300), st.floats(-1e300, 1e300))
def test_rounding_a_threshold_excludes_no_candidate(best, bound, score):
    """ŝ ≥ max − 2B exactly, ŝ a float, implies that ŝ < fl(max − 2B) is false: rounding keeps order."""
    if Fraction(score) >= Fraction(best) - Fraction(bound):
        assert not score < best - bound


@given(st.floats(0, 2.0**99, width=32), st.floats(0, 2.0**99, width=32), st.floats(0, 2.0**99))
def test_a_margin_above_the_bound_is_one_before_it_was_rounded(top, second, B):
    """fl(top − second) > 2B·SLACK implies top − second > 2B, in float32 and so in float64."""
    margin = np.float32(top) - np.float32(second)
    if float(margin) > 2 * B * SLACK:
        assert Fraction(top) - Fraction(second) > 2 * Fraction(B)


def test_an_alpha_beyond_the_dtype_has_no_error_bound():
    tokens = np.full((1, 2, 1), 1e-10, dtype=np.float32)
    assert np.isfinite(layer_error(tokens, 1, 1e30)).all()
    assert np.isposinf(layer_error(tokens, 1, 1e40)).all()


def test_run_takes_the_decisions_of_step_where_float32_ends():
    for witness in WITNESSES.values():
        tokens, A, alpha, layers, _ = witness
        stepped = tokens
        for _ in range(layers):
            stepped = compiled_kernel.step(stepped, A, alpha)
        error = (
            np.abs(certify(compiled_kernel.kernel, tokens, A, alpha, layers).error).max() + 4e-15 * np.abs(tokens).max()
        )
        assert (np.abs(compiled_kernel.run(tokens, A, alpha, layers) - stepped) <= error).all()
