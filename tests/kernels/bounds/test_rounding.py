"""The bound holds on inputs made to reach it, and every factor in it is needed.

Each witness is a computation inside the model of `rounding` (a given order of summation, with or without flushing to
zero) whose error comes near the bound. `MUTANTS` removes one factor of the bound at a time from the source text, and
some witness must refute each.
"""

import inspect
from fractions import Fraction
from functools import cache
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hardmax.kernels.bounds import rounding as real
from hardmax.kernels.floats.numpy_kernel import layer

F32 = np.float32
u = 2.0**-24


def sequential(x, y):
    """Σ x_c y_c in float32, one rounding an operation, in the given order."""
    total = F32(0)
    with np.errstate(all="ignore"):
        for a, b in zip(x, y, strict=True):
            total = F32(total + F32(a * b))
    return total


def two_stages(z, A, y):
    """(zᵀA) y in float32, both sums sequential; a product with the identity is left out."""
    query = z if np.array_equal(A, np.eye(len(A))) else np.array([sequential(z, column) for column in A.T], dtype=F32)
    return sequential(query, y)


def exact_score(x, A, y):
    return sum(
        Fraction(float(a)) * Fraction(float(A[b, c])) * Fraction(float(e))
        for b, a in enumerate(x)
        for c, e in enumerate(y)
        if A[b, c]
    )


def claims_hold(bounds, tokens, A=None, error=None, exact=None, query=0):
    """Whether every score of token `query` is within B_i, and every decision by a margin above 2 B_i is right.

    `exact` are the exact tokens, within `error` of `tokens`.
    """
    tokens = np.asarray(tokens, dtype=F32)
    A = np.eye(tokens.shape[1], dtype=F32) if A is None else np.asarray(A, dtype=F32)
    E = None if error is None else np.asarray([error], dtype=np.float64)
    exact = tokens if exact is None else exact
    assert error is None or (np.abs(tokens.astype(float) - exact) <= np.asarray(error)).all()
    bound = bounds.decision_bound(tokens[None], A, E)[0, query]
    scores = [two_stages(tokens[query], A, y) for y in tokens]
    truth = [exact_score(exact[query], A, y) for y in exact]
    if not np.isfinite(bound):
        return True
    if not all(
        np.isfinite(s) and 2 * abs(Fraction(float(s)) - t) <= Fraction(bound)
        for s, t in zip(scores, truth, strict=True)
    ):
        return False
    pairs = [(j, k) for j in range(len(tokens)) for k in range(len(tokens)) if scores[j] - scores[k] > bound]
    return all(truth[j] > truth[k] for j, k in pairs)


def step_holds(bounds, moved, tokens, members, alpha, error=None, exact=None):
    """Whether the float next token `moved` of token 0, which follows `members`, is within E⁺ of the exact one."""
    tokens = np.asarray(tokens, dtype=F32)
    count = np.ones((1, len(tokens)), dtype=int)
    count[0, 0] = len(members)
    E = None if error is None else np.asarray([error], dtype=np.float64)
    limit = bounds.layer_error(tokens[None], count, alpha, E)[0]
    exact = tokens if exact is None else exact
    rate = Fraction(alpha) / (1 + Fraction(alpha))
    for c, bound in enumerate(limit):
        column = [Fraction(float(v)) for v in np.asarray(exact)[:, c]]
        target = (1 - rate) * column[0] + rate * sum(column[j] for j in members) / len(members)
        if np.isfinite(bound) and not (
            np.isfinite(moved[c]) and abs(Fraction(float(moved[c])) - target) <= Fraction(bound)
        ):
            return False
    return True


# --- witnesses for the scores -------------------------------------------------------------------------------------

D = 64
TINY_STEP = u * (1 - 2.0**-10)  # just below half an ulp of 1: adding it to 1 is lost


def lost_additions(bounds):
    """Two keys of nearly equal score; every addition of one rounds up and of the other down."""
    tokens = np.zeros((3, D))
    tokens[0] = 2.0**-18
    tokens[1, 0], tokens[1, 1:] = 1 + 2 * u * (D - 2), -TINY_STEP
    tokens[2, 0], tokens[2, 1:] = 1, TINY_STEP
    return claims_hold(bounds, tokens)


def lost_additions_twice(bounds):
    """Additions lost in zᵀA, and again in the product with the key."""
    A = np.zeros((D, D))
    A[0] = 1
    A[1:, 0] = TINY_STEP
    tokens = np.zeros((2, D))
    tokens[0] = 2.0**-18
    tokens[1, 0], tokens[1, 1:] = 1, TINY_STEP
    return claims_hold(bounds, tokens, A)


def cancelling_query(bounds):
    """zᵀA cancels, the rounding of its products does not."""
    x, y = F32(1 / 3), F32(1 / 3 + 2.0**-20)
    return all(
        claims_hold(bounds, [[x, y], [1, 0]], [[a, 0], [-a * x / y, 0]])
        for a in (F32(0.1) + F32(k) * F32(2.0**-20) for k in range(20))
    )


def shifted_token(bounds):
    """|z − ẑ| = E on both sides of a score: (1 + E)² against 1."""
    return all(
        claims_hold(bounds, [[1.0], [0.5]], error=[E], exact=np.array([[1 + E], [0.5 + E]])) for E in (1.0, 2.0**-10)
    )


def shifted_token_weighed(bounds):
    """The same where |A| weighs the shifts."""
    A = [[0.0, 8.0], [-8.0, 0.0]]
    exact = np.array([[1 + 2.0**-5, 1 - 2.0**-5], [1 - 2.0**-5, 1 + 2.0**-5]])
    return claims_hold(bounds, [[1, 1], [1, 1]], A, error=[2.0**-5, 2.0**-5], exact=exact)


def one_large_key(bounds):
    """The error is that of the largest key, whatever the others are."""
    tokens = np.zeros((9, D))
    tokens[0] = 2.0**-18
    tokens[1, 0], tokens[1, 1:] = 1, TINY_STEP
    return claims_hold(bounds, tokens)


def underflowing_products(bounds):
    """Products of 2⁻⁷⁵ vanish: the smaller key wins by its sign alone."""
    return claims_hold(bounds, [[2.0**-75] * 2, [2.0**-75, 2.0**-76]])


def underflowing_query(bounds):
    """zᵀA vanishes, and would have met a large key."""
    return claims_hold(bounds, [[2.0**-75, 0], [2.0**40, 0]], [[2.0**-76, 0], [0, 1]])


def overflowing_sum(bounds):
    """A partial sum overflows though the score would not."""
    return claims_hold(bounds, [[1, 1, 1], [3e38, 3e38, -3.4e38], [3e38, 0, 0]])


def overflowing_score(bounds):
    """Scores overflow, tokens and queries do not."""
    return claims_hold(bounds, [[1e20], [2e20]])


def overflowing_key(bounds):
    """Az overflows where zᵀA does not: a kernel may form either."""
    tokens = np.array([[2.0**-60, 2], [2.0**-60, 1]], dtype=F32)
    A = np.array([[0, 3e38], [0, 0]], dtype=F32)
    with np.errstate(over="ignore"):
        keys = [np.array([sequential(row, y) for row in A], dtype=F32) for y in tokens]
        scores = [sequential(tokens[0], key) for key in keys]
    bound = bounds.decision_bound(tokens[None], A)[0, 0]
    return not np.isfinite(bound) or all(np.isfinite(s) for s in scores)


# --- witnesses for the layers -------------------------------------------------------------------------------------


def formulas(z, mean, alpha):
    """The next token by the three usual formulas, in float32."""
    a = F32(alpha)
    rate = F32(a / F32(1 + a))
    with np.errstate(all="ignore"):
        return [z + rate * (mean - z), F32(1 - rate) * z + rate * mean, (z + a * mean) / F32(1 + a)]


def random_layers(bounds):
    rng = np.random.default_rng(0)
    for _ in range(100):
        alpha = float(rng.choice([0.1, 1 / 3, 0.7, 3.0, 7.3]))
        tokens = rng.uniform(0.9, 1.9, (2, 2)).astype(F32) * rng.choice([-1, 1], (2, 1)).astype(F32)
        for moved in formulas(tokens[0], tokens[1], alpha):
            if not step_holds(bounds, moved, tokens, [1], alpha):
                return False
    return True


@cache
def rounded_down(members):
    """Tokens near 1 whose sequential float32 sum rounds down by nearly half an ulp each time, and that sum."""
    total, column = F32(0), []
    for _ in range(members):
        near = (1 - np.arange(200) * u).astype(F32)
        lost = (float(total) + near.astype(float)) - (total + near).astype(float)  # both exact in float64
        column.append(near[lost.argmax()])
        total = F32(total + column[-1])
    return np.array([F32(0), *column])[:, None], total


def long_mean(bounds):
    tokens, total = rounded_down(1000)
    moved = formulas(tokens[0], F32(total / F32(1000)), 2.0**20)[0]
    return step_holds(bounds, moved, tokens, range(1, 1001), 2.0**20)


def carried_error(bounds):
    exact = np.array([[1 + 2.0**-6], [1 + 2.0**-6]])
    return step_holds(bounds, np.array([F32(1)]), [[1], [1]], [1], 1.0, error=[2.0**-6], exact=exact)


def underflowing_step(bounds):
    tokens = np.array([[0.0], [2.0**-149]], dtype=F32)
    return all(step_holds(bounds, moved, tokens, [1], 0.75) for moved in formulas(tokens[0], tokens[1], 0.75))


def overflowing_mean(bounds):
    tokens = np.full((20, 1), 4e37, dtype=F32)
    with np.errstate(over="ignore"):
        moved = formulas(tokens[0], F32(sequential(tokens[:, 0], np.ones(20, dtype=F32)) / 20), 1.0)[0]
    return step_holds(bounds, moved, tokens, range(20), 1.0)


def overflowing_weight(bounds):
    tokens = np.array([[3e38], [3e38]], dtype=F32)
    return step_holds(bounds, formulas(tokens[0], tokens[1], 100.0)[2], tokens, [1], 100.0)


def overflowing_alpha(bounds):
    """α itself is beyond the dtype: the tokens are small, and (z + αm)/(1 + α) is no number."""
    tokens = np.array([[1e-10], [1e-10]], dtype=F32)
    with np.errstate(all="ignore"):
        moved = formulas(tokens[0], tokens[1], 1e40)[2]
    return step_holds(bounds, moved, tokens, [1], 1e40)


WITNESSES = [
    lost_additions,
    lost_additions_twice,
    cancelling_query,
    shifted_token,
    shifted_token_weighed,
    one_large_key,
    underflowing_products,
    underflowing_query,
    overflowing_sum,
    overflowing_score,
    overflowing_key,
    random_layers,
    long_mean,
    carried_error,
    underflowing_step,
    overflowing_mean,
    overflowing_weight,
    overflowing_alpha,
]

MUTANTS = {
    "one of two scores": ("2 * SLACK * (own", "SLACK * (own"),
    "one rounding a score": ("return d if is_identity(A) else 2 * d", "return 1"),
    "roundings of one sum only": ("else 2 * d", "else d"),
    "no rounding of scores": ("gamma(score_roundings(form), name) * R + E", "0 * R + E"),
    "half the roundoff": ("2.0 ** -PRECISION[_name(dtype)]", "2.0 ** (-1 - PRECISION[_name(dtype)])"),
    "signed A": ("weights = np.abs(form.astype(np.float64))", "weights = form.astype(np.float64)"),
    "query without A": ("p = size if is_identity(form) else size @ weights", "p = size"),
    "mean key": ("R = size.max(axis=1)\n        p", "R = size.mean(axis=1)\n        p"),
    "error of the key": ("* R + E)[:", "* R)[:"),
    "error of the query": ("others = ((E @ weights) * (R + E)).sum(axis=1)", "others = 0 * E.sum(axis=1)"),
    "error of the query without A": ("((E @ weights) * (R + E))", "(E * (R + E))"),
    "product of both errors": ("(E @ weights) * (R + E)", "(E @ weights) * R"),
    "no underflow of scores": ("U = UNDERFLOW * d", "U = 0 * d"),
    "underflow without the key": ("* (1 + R.sum(axis=1)) ** 2", "* (1 + 0 * R.sum(axis=1))"),
    "no overflow of scores": ("& (reached < largest(name))[:, None], bound", ", bound"),
    "no overflow of Az": (" + right.max(axis=1))", ")"),
    "no overflow of sums": ("4 * ((left * R).sum(axis=1) + left", "4 * (left"),
    "no rounding of layers": ("gamma(m + 16, name) * R", "0 * R"),
    "one rounding a layer": ("gamma(m + 16, name)", "gamma(m, name)"),
    "a mean in one rounding": ("gamma(m + 16, name)", "gamma(16, name)"),
    "error not carried": ("SLACK * (E + gamma", "SLACK * (gamma"),
    "no underflow of layers": ("(m + 16) * loss", "0 * loss"),
    "no overflow of layers": ("& (reached < largest(name)), grown", ", grown"),
    "no overflow of means": ("4 * R * (m + 1 + alpha)", "4 * R * (1 + alpha)"),
    "no overflow of weights": ("4 * R * (m + 1 + alpha)", "R * m"),
    "no overflow of alpha": ("4 * R * (m + 1 + alpha), 4 * (1 + alpha)", "4 * R * (m + 1 + alpha), 0 * R"),
}


def mutant(old: str, new: str) -> ModuleType:
    source = inspect.getsource(real)
    assert source.count(old) == 1, f"{old!r} occurs {source.count(old)} times in rounding.py"
    module = ModuleType("mutant")
    module.__package__ = real.__package__
    exec(compile(source.replace(old, new), "mutant", "exec"), module.__dict__)
    return module


@pytest.mark.parametrize("witness", WITNESSES)
def test_the_bound_holds_on_each_witness(witness):
    assert witness(real)


@pytest.mark.parametrize(("old", "new"), MUTANTS.values(), ids=MUTANTS.keys())
def test_every_factor_is_needed(old, new):
    changed = mutant(old, new)
    assert not all(witness(changed) for witness in WITNESSES)


def test_the_bound_is_not_idle():
    """It is within a factor of the worst case that a witness reaches, for scores and for layers."""
    tokens = np.zeros((1, 3, D), dtype=F32)
    tokens[0, 0] = 2.0**-18
    tokens[0, 1, 0] = tokens[0, 2, 0] = 1
    assert real.decision_bound(tokens)[0, 0] <= 1.02 * 2 * D * u * 2.0**-18
    assert real.layer_error(tokens, 1, 1.0)[0, 0] <= 17.001 * u


SMALL = st.floats(-4, 4, width=32)


@given(
    arrays(F32, (4, 3), elements=SMALL),
    st.none() | arrays(F32, (3, 3), elements=SMALL),
    arrays(np.float64, (4, 3), elements=st.floats(-1, 1)),
    st.sampled_from([0.0, 2.0**-20, 2.0**-3]),
)
def test_any_scores_stay_within_the_bound(tokens, A, direction, size):
    exact = tokens.astype(float) + size * direction
    error = np.abs(exact - tokens).max(axis=0) * (1 + 2.0**-50)
    assert claims_hold(real, tokens, A, error=error, exact=exact)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_that_are_not_finite_or_too_many_have_no_bound(dtype):
    bad = np.array([[[1.0, np.nan], [1, 1]], [[1, np.inf], [1, 1]], [[1, 2], [1, 1]]], dtype=dtype)
    assert np.isfinite(real.decision_bound(bad)).tolist() == [[False, False], [False, False], [True, True]]
    assert np.isfinite(real.layer_error(bad, 1, 1.0)[:, 1]).tolist() == [False, False, True]
    assert real.gamma(2**25, np.float32) == np.inf


def test_only_one_token_up_to_equal_ones_is_proved():
    # Token 0 ties tokens 1 and 2, equal in the first configuration and different in the second.
    tokens = np.array([[[1.0, 0], [2, 1], [2, 1]], [[1.0, 0], [2, 1], [2, -1]]])
    _, sets = layer(tokens, None, 1.0)
    bound = real.decision_bound(tokens)
    assert real.proved(sets, bound, tokens).tolist() == [[True] * 3, [False, True, True]]
    # Tokens that are equal by now but were not at layer 0 are different tokens.
    apart = tokens.copy()
    apart[0, 2] += 2.0**-40
    assert real.proved(sets, bound, apart)[0].tolist() == [False] * 3
    # Nothing is proved where the margin does not exceed the bound.
    assert not real.proved(sets, sets.margin.astype(np.float64), tokens).any()


def test_captured_needs_leaders_at_the_end_of_every_arrow():
    tokens = np.array([[[4.0, 0], [1, 1]], [[4.0, 0], [4.0, 0]], [[0.0, 1], [2, 2]]])
    _, sets = layer(tokens, None, 1.0)
    assert real.captured(sets, tokens).tolist() == [True, True, True]
    cycle = np.array([[[1.0, 0], [-1, 0]]])
    _, sets = layer(cycle, -np.eye(2), 1.0)
    assert real.captured(sets, cycle).tolist() == [False]
    chain = np.array([[[1.0, 0], [1.5, 2], [0, 4]]])  # 0 → 1 → 2: token 0 does not follow a leader
    _, sets = layer(chain, None, 1.0)
    assert (sets.first.tolist(), real.captured(sets, chain).tolist()) == ([[1, 2, 2]], [False])
