"""The judgement: what must be right, what no float kernel can know, and that the bounds are neither loose nor tight."""

from fractions import Fraction
from itertools import islice, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardmax.kernels.bounds.exact_scores import PRECISION, exact_scores
from hardmax.kernels.bounds.rounding import decision_bound
from hardmax.kernels.exact.configuration import Configuration
from hardmax.kernels.floats.numpy_kernel import kernel as numpy_kernel
from hardmax.kernels.protocol import declare
from hardmax.verify.conformance.inputs.trial import Trial, call, exact_rows, floats
from hardmax.verify.conformance.judge import exact_layer, examine, judge_layer
from hardmax.verify.conformance.tolerance import value_tolerance


def forced(sets):
    """A kernel that follows the given sets, whatever the scores are."""

    def step(Z, A, alpha):
        means = np.stack([Z[:, list(C)].mean(axis=1) for C in sets], axis=1)
        return Z + Z.dtype.type(alpha / (1 + alpha)) * (means - Z)

    return declare(step, dtypes=("float64", "float32"))


# --- exact scores ------------------------------------------------------------------------------------------------


@given(
    st.integers(1, 3).flatmap(
        lambda d: st.tuples(
            st.lists(st.lists(st.integers(-70, 70), min_size=d, max_size=d), min_size=1, max_size=4),
            st.lists(st.lists(st.integers(-9, 9), min_size=d, max_size=d), min_size=d, max_size=d),
            st.integers(-6, 6),
        )
    )
)
def test_scores_called_exact_are_exact_in_every_order_of_summation(drawn):
    rows, form, shift = drawn
    tokens = exact_rows([[v * Fraction(2) ** shift for v in row] for row in rows])
    A = exact_rows(form)
    configuration = Configuration(tokens, A)
    Z, F = floats(tokens, "float32"), floats(A, "float32")
    for i, exact in enumerate(exact_scores(tokens, A, "float32")):
        assert exact  # 70² · 9 · 9 < 2^24
        for other, z in zip(tokens, Z, strict=True):
            terms = [Z[i][a] * F[a][b] * z[b] for a in range(len(F)) for b in range(len(F))]
            for order in islice(permutations(terms), 0, 240, 40):
                total = np.float32(0)
                for term in order:
                    total += term
                assert Fraction(float(total)) == configuration.inner(tokens[i], other)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_limit_is_the_precision_and_not_a_bit_more(dtype):
    half = 1 << (PRECISION[dtype] // 2)
    big = 1 << (PRECISION[dtype] - PRECISION[dtype] // 2)
    just = exact_rows([(half,), (big,)])
    assert exact_scores(just, exact_rows([(1,)]), dtype)[0]
    beyond = exact_rows([(half, 1), (big, 1)])
    assert not exact_scores(beyond, exact_rows([(1, 0), (0, 1)]), dtype)[0]
    # and rightly so: 2^p + 1 is not representable
    assert np.dtype(dtype).type(half) * np.dtype(dtype).type(big) + np.dtype(dtype).type(1) == half * big


def test_no_score_is_exact_with_thirds_or_where_products_are_subnormal():
    unit = exact_rows([(1,)])
    assert exact_scores(exact_rows([(Fraction(1, 3),)]), unit, "float64") == (False,)
    assert exact_scores(exact_rows([(Fraction(1, 1 << 63),)]), unit, "float32") == (True,)
    assert exact_scores(exact_rows([(Fraction(1, 1 << 64),)]), unit, "float32") == (False,)
    assert exact_scores(exact_rows([(0,)]), unit, "float32") == (True,)
    # 2^70 · 2^70 is no float32; and 2^-130 is one, subnormal, which a kernel may take for 0.
    assert exact_scores(exact_rows([(1 << 70,)]), unit, "float32") == (False,)
    assert exact_scores(exact_rows([(1 << 10,)]), exact_rows([(Fraction(1, 1 << 130),)]), "float32") == (False,)


def test_the_size_of_one_token_does_not_spoil_the_rows_of_others():
    tokens = exact_rows([(1, 1), (1 << 20, 3), (5, 1 << 20)])
    assert exact_scores(tokens, exact_rows([(1, 0), (0, 1)]), "float32") == (True, False, False)


# --- decisions ---------------------------------------------------------------------------------------------------


def test_a_tie_of_exact_scores_must_be_kept():
    trial = Trial((call([(2, 1), (1, 2), (1, 1)]),), "float64")
    assert examine(forced([(0,), (1,), (0, 1)]), trial).fault is None
    fault = examine(forced([(0,), (1,), (0,)]), trial).fault
    assert fault is not None
    assert (fault.kind, fault.token, fault.layer) == ("value", 2, 0)
    assert fault.decision is not None
    assert fault.decision.expected == (0, 1)
    assert fault.decision.gap_ulps == 0


def near_pair(dtype, factor):
    """Three tokens with full mantissas; token 0 prefers token 1 to token 2 by about `factor` decision bounds."""
    rng = np.random.default_rng(5)
    Z = rng.standard_normal((1, 3, 3)).astype(dtype)
    Z[0, 0] += 3
    Z[0, 1] = 3 * Z[0, 0]
    Z[0, 2] += 12
    bound = float(decision_bound(Z)[0, 0])
    rows = [[Fraction(float(v)) for v in row] for row in Z[0]]
    target = sum(a * b for a, b in zip(rows[0], rows[1], strict=True)) - Fraction(factor * bound)
    rest = target - sum(a * b for a, b in zip(rows[0][:2], rows[2][:2], strict=True))
    rows[2][2] = Fraction(float(Z.dtype.type(float(rest / rows[0][2]))))
    return call(rows)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_below_the_bound_any_near_maximiser_passes_and_no_other(dtype):
    one = near_pair(dtype, 0.01)
    exact = exact_layer(one.tokens[0], one.A, one.alpha, "all")
    others = list(exact.sets[1:])
    for C in ((1,), (2,), (1, 2)):
        found = examine(forced([C, *others]), Trial((one,), dtype))
        assert found.fault is None
        assert list(found.lost) == ([] if C == exact.sets[0] else [False])
    for C in ((0,), (0, 1), (0, 1, 2)):
        fault = examine(forced([C, *others]), Trial((one,), dtype)).fault
        assert fault is not None
        assert fault.decision is not None
        assert not fault.decision.determined


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_beyond_the_bound_only_the_exact_set_passes(dtype):
    one = near_pair(dtype, 8)
    exact = exact_layer(one.tokens[0], one.A, one.alpha, "all")
    assert exact.sets[0] == (1,)
    others = list(exact.sets[1:])
    assert examine(forced([(1,), *others]), Trial((one,), dtype)).fault is None
    for C in ((2,), (1, 2)):
        fault = examine(forced([C, *others]), Trial((one,), dtype)).fault
        assert fault is not None
        assert fault.decision is not None
        assert fault.decision.determined
        assert 0 < fault.decision.gap_ulps < 1000


def test_with_many_near_maximisers_their_box_is_accepted_and_nothing_else():
    # token 0 scores 1 + 2u with ten tokens and (1 + 2u)^2 with itself, u = 2^-24: not to be told apart in float32
    rows = [(1 + Fraction(1, 1 << 23), 0)] + [(1, k) for k in range(1, 11)]
    one = call(rows)
    Z, A = floats(one.tokens, "float32"), floats(one.A, "float32")
    exact = exact_layer(one.tokens[0], one.A, one.alpha, "all")
    assert exact.sets[0] == (0,)
    after = np.array(exact.next_tokens, float)
    for k in (1, 5.5, 10):
        after[0] = (1, k / 2)
        assert judge_layer(Z[0], one, A, after, "all") == (None, [False])
    for wrong in ((1, 5.6), (0.9, 2), (1, -0.1)):
        after[0] = wrong
        assert judge_layer(Z[0], one, A, after, "all")[0] is not None


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("g", [1, 2, 8])
def test_the_gap_is_in_units_in_the_last_place_of_the_score(dtype, g):
    b = 1 << (PRECISION[dtype] - 1)
    one = call([(1, 1), (3 * b // 4, b // 4), (b // 4, 3 * b // 4 - g)])
    exact = exact_layer(one.tokens[0], one.A, one.alpha, "all")
    assert exact.decision(0, dtype, True, 0.0).gap_ulps == g


def test_rule_first_expects_the_smallest_index():
    trial = Trial((call([(2, 1), (1, 2), (1, 1)]),), "float64")
    kernel = declare(forced([(0,), (1,), (0,)]).step, ties="first")
    assert examine(kernel, trial).fault is None
    assert examine(declare(forced([(0,), (1,), (1,)]).step, ties="first"), trial).fault is not None
    assert examine(declare(forced([(0,), (1,), (0, 1)]).step, ties="first"), trial).fault is not None


# --- values ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_are_allowed_their_bound_and_no_more(dtype):
    one = call([(3, 1), (1, 2), (-1, 3)])
    tolerance = float(value_tolerance(floats(one.tokens, dtype)[0], 1).min())
    assert 0 < tolerance < 1e-4

    def off(error):
        return declare(lambda Z, A, alpha: numpy_kernel.step(Z, A, alpha).astype(float) + error, dtypes=(dtype,))

    assert examine(off(tolerance / 2), Trial((one,), dtype)).fault is None
    fault = examine(off(3 * tolerance), Trial((one,), dtype)).fault
    assert fault is not None
    assert fault.got is not None


def test_every_form_of_the_update_is_right():
    forms = {
        "difference": lambda z, m, a: z + (a / (1 + a)) * (m - z),
        "weights": lambda z, m, a: (1 - a / (1 + a)) * z + (a / (1 + a)) * m,
        "quotient": lambda z, m, a: (z + a * m) / (1 + a),
    }
    for update in forms.values():

        def step(Z, A, alpha, update=update):
            S = Z @ A @ Z.swapaxes(1, 2)
            W = (S == S.max(axis=2, keepdims=True)).astype(Z.dtype)
            return update(Z, W @ Z / W.sum(axis=2, keepdims=True), Z.dtype.type(alpha))

        rng = np.random.default_rng(2)
        for dtype in ("float32", "float64"):
            Z = rng.standard_normal((30, 4)).astype(dtype)
            one = call([[Fraction(float(v)) for v in row] for row in Z], alpha=Fraction(3, 2))
            assert examine(declare(step, dtypes=(dtype,)), Trial((one,), dtype, 5)).fault is None


def test_nan_is_never_near_anything():
    kernel = declare(lambda Z, A, alpha: np.full_like(Z, np.nan))
    fault = examine(kernel, Trial((call([(1, 2), (2, 1)]),), "float64")).fault
    assert fault is not None
    assert fault.kind == "value"


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (lambda Z, A, alpha: Z[:, :1], "shape"),
        (lambda Z, A, alpha: None, "shape"),
        (lambda Z, A, alpha: Z.astype(int), "shape"),
        (lambda Z, A, alpha: 1 / 0, "raised"),
        (lambda Z, A, alpha: exit(3), "raised"),
    ],
)
def test_results_of_another_shape_and_errors_are_faults(step, kind):
    fault = examine(declare(step), Trial((call([(1, 2), (2, 1)]),), "float64")).fault
    assert fault is not None
    assert fault.kind == kind
    assert fault.detail


def test_the_first_wrong_layer_is_found_however_late():
    calls = []

    def step(Z, A, alpha):
        calls.append(1)
        return numpy_kernel.step(Z, A, alpha) + (len(calls) == 6)

    fault = examine(declare(step), Trial((call([(3, 1), (1, 2), (-1, 3)]),), "float64", 9)).fault
    assert fault is not None
    assert fault.layer == 5
    assert len(calls) == 6


def test_a_trial_out_of_range_is_refused_not_passed():
    huge = call([(Fraction(2) ** 600, 0), (0, Fraction(2) ** 1022)])
    with pytest.raises(ValueError, match="out of range"):
        examine(numpy_kernel, Trial((huge,), "float64"))
