from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardmax.kernels import Configuration, HarmonicStep, InputError
from hardmax.kernels.bounds.crosscheck import crosscheck, written_out
from hardmax.kernels.floats.numpy_kernel import kernel, layer
from hardmax.kernels.follow_sets import FollowSets
from hardmax.kernels.protocol import Kernel, declare

SQUARE = Configuration([[1, 1], [-1, 1], [-1, -1], [1, -1], [Fraction(1, 2), 0], [Fraction(-1, 2), 0]], alpha=1)
THIRDS = Configuration(
    [[Fraction(1, 3), Fraction(2, 3)], [Fraction(-1, 3), Fraction(1, 7)], [Fraction(1, 9), -1]], alpha=2
)
INTEGERS = st.integers(-8, 8)


def configurations():
    def of(n, d):
        vector = st.lists(st.fractions(-3, 3, max_denominator=7), min_size=d, max_size=d)
        return st.builds(
            Configuration,
            st.lists(vector, min_size=n, max_size=n),
            st.none() | st.lists(st.lists(INTEGERS, min_size=d, max_size=d), min_size=d, max_size=d),
            st.sampled_from([Fraction(1, 10), Fraction(1), Fraction(100)]),
            multiplicities=st.none() | st.lists(st.integers(1, 3), min_size=n, max_size=n),
            follow=st.sampled_from(["largest", "smallest"]),
        )

    return st.tuples(st.integers(1, 6), st.integers(1, 3)).flatmap(lambda shape: of(*shape))


@given(configurations(), st.sampled_from(["per_layer", "free"]), st.sampled_from(["float64", "float32"]))
def test_the_numpy_kernel_never_disagrees(configuration, variant, dtype):
    check = crosscheck(configuration, kernel, 6, variant=variant, dtype=dtype)
    assert check.passed, check.first_disagreement
    compared = check.layers * written_out(configuration).n
    assert check.agree + check.too_close + check.disagree == compared
    assert check.ties_lost <= check.too_close


def changed(name, change, **declarations):
    """A kernel wrong in one way: `change(tokens, A, alpha)` -> arguments for the NumPy kernel."""
    return declare(lambda *arguments: layer(*change(*arguments))[0], name=name, **declarations)


def follows_last(tokens, A, alpha):
    moved, sets = layer(tokens, A, alpha)
    sets.first[:] = tokens.shape[1] - 1
    return moved, sets


DEFECTS = {
    "A ignored": changed("A ignored", lambda z, A, a: (z, None, a)),
    "A transposed": changed("A transposed", lambda z, A, a: (z, A.T, a)),
    "wrong step": changed("wrong step", lambda z, A, a: (z, A, 2 * a)),
    "one layer too many": declare(lambda z, A, a: layer(layer(z, A, a)[0], A, a)[0]),
    "smallest score": changed("smallest score", lambda z, A, a: (z, -A, a)),
    "wrong sets, right tokens": Kernel("last", layer, layer=follows_last),  # type: ignore[arg-type]
    "a little too far": declare(lambda z, A, a: layer(z, A, a)[0] * (1 + 2.0**-40)),
    "NaN": declare(lambda z, A, a: z * np.nan),
}
SKEW = Configuration([[4, 1], [-3, 2], [1, -4], [-2, -2], [2, 3]], [[2, 1], [0, 3]], Fraction(1, 3))


@pytest.mark.parametrize("defect", DEFECTS.values(), ids=DEFECTS.keys())
@pytest.mark.parametrize("variant", ["per_layer", "free"])
def test_defects_disagree_with_a_gap_beyond_the_bound(defect, variant):
    assert crosscheck(SKEW, kernel, 4, variant=variant).passed
    check = crosscheck(SKEW, defect, 4, variant=variant)
    assert not check.passed
    first = check.first_disagreement
    assert first is not None
    assert first.bound is not None
    assert first.gap > first.bound or first.exact_set == first.float_set or first.float_set is None


def test_an_exact_tie_lost_to_rounding_is_shown_for_what_it_is():
    # Both competitors have score 1/30 exactly; as floats of thirds and tenths they do not.
    configuration = Configuration(
        [[Fraction(1, 10), Fraction(1, 10)], [1, Fraction(-2, 3)], [Fraction(-1, 3), Fraction(2, 3)]], alpha=1
    )
    check = crosscheck(configuration, kernel, 1, dtype="float64")
    assert (check.disagree, check.ties_lost) == (0, 1)
    lost = check.first_too_close
    assert lost is not None
    assert (lost.token, lost.exact_set, lost.gap) == (0, (1, 2), 0)
    assert lost.float_set in ((1,), (2,))
    free = crosscheck(configuration, kernel, 5, variant="free")
    assert (free.lost, free.layers) == (0, 1)
    assert free.drift > 0.1


def test_ties_of_dyadic_numbers_are_kept_and_agree():
    check = crosscheck(SQUARE, kernel, 5)
    assert (check.agree, check.too_close, check.disagree) == (30, 0, 0)


@pytest.mark.parametrize("tells", [True, False])
def test_a_kernel_is_held_to_the_rule_that_it_declares(tells):
    def compared(layer, ties, variant="per_layer"):
        kernel = declare(lambda z, A, a: layer(z, A, a)[0], layer=layer if tells else None, ties=ties)
        return crosscheck(SQUARE, kernel, 3, variant=variant)

    for variant in ("per_layer", "free"):
        check = compared(first_layer, "first", variant)
        assert (check.agree, check.too_close, check.disagree, check.lost) == (18, 0, 0, None)
    assert compared(first_layer, "any").disagree == compared(last_layer, "any").disagree == 0
    assert compared(last_layer, "first").disagree == 2
    assert compared(layer, "first").disagree == compared(layer, "any").disagree == 2


@pytest.mark.parametrize("sets", [True, False])
def test_a_tie_that_rounding_has_not_split_must_be_kept(sets):
    """Unless the kernel declares that it follows the first."""
    first = declare(lambda z, A, a: first_layer(z, A, a)[0], layer=first_layer if sets else None)
    check = crosscheck(SQUARE, first, 1)
    assert (check.ties_lost, check.disagree) == (0, 2)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e6, -0.6])
def test_a_tie_is_no_excuse_for_any_value(value):
    """Thirds round, so the tie may be lost; but the token must go between the tied ones, not just anywhere."""

    def step(tokens, A, alpha):
        moved = layer(tokens, A, alpha)[0]
        moved[0, 2] = value
        return moved

    tie = Configuration([[Fraction(1, 3), 1], [Fraction(-1, 3), 1], [0, Fraction(1, 3)]], alpha=1)
    assert crosscheck(tie, declare(step), 1).disagree == 1
    towards_one = declare(lambda z, A, a: first_layer(z, A, a)[0])
    check = crosscheck(tie, towards_one, 1)
    assert (check.too_close, check.disagree) == (1, 0)


def first_layer(tokens, A, alpha):
    """The NumPy layer with the first maximiser only."""
    from hardmax.kernels.floats.numpy_kernel import move

    _, sets = layer(tokens, A, alpha)
    single = FollowSets(sets.first, np.ones_like(sets.count), sets.tied[:0], sets.margin)
    return move(tokens, single, alpha), single


def last_layer(tokens, A, alpha):
    """The last maximiser only: the first one of the tokens in reverse."""
    moved, sets = first_layer(tokens[:, ::-1], A, alpha)
    first = tokens.shape[1] - 1 - sets.first[:, ::-1]
    return moved[:, ::-1], FollowSets(first, sets.count, sets.tied, sets.margin[:, ::-1])


def test_a_residual_layer_is_compared_as_what_it_is():
    residual = declare(lambda z, A, a: (1 + a) * layer(z, A, a)[0], form="residual")
    assert crosscheck(SKEW, residual, 4).passed
    assert not crosscheck(SKEW, declare(residual.step), 4).passed
    with pytest.raises(InputError, match="beyond the largest float64"):
        crosscheck(Configuration([[1]], alpha=Fraction(2) ** 1022), residual, 1)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_a_kernel_that_computes_in_another_dtype_is_judged_by_its_own(dtype):
    wider = declare(lambda z, A, a: layer(z.astype(np.float64), A, a)[0], dtypes=("float16", "float32"))
    for variant in ("per_layer", "free"):
        assert crosscheck(THIRDS, wider, 6, variant=variant, dtype=dtype).passed


def test_bfloat16_comes_as_float32():
    torch = pytest.importorskip("torch")

    def step(tokens, A, alpha):
        assert tokens.dtype == torch.bfloat16
        moved = layer(tokens.float().numpy(), A.float().numpy(), alpha)[0]
        return torch.from_numpy(np.ascontiguousarray(moved)).to(torch.bfloat16)

    half = declare(step, arrays="torch", dtypes=("bfloat16",))
    for variant in ("per_layer", "free"):
        assert crosscheck(THIRDS, half, 6, variant=variant).passed
    assert not crosscheck(THIRDS, declare(lambda *a: 2 * step(*a), arrays="torch", dtypes=("bfloat16",)), 1).passed


def test_a_gap_just_beyond_the_bound_is_a_disagreement_and_just_within_too_close():
    def merges(tokens, A, alpha):  # a tie rule with a tolerance
        _, sets = layer(tokens, A, alpha)
        tied = np.array([[0, 0, 1], [0, 0, 2]])
        count = sets.count.copy()
        count[0, 0] = 2
        merged = FollowSets(sets.first, count, tied, sets.margin)
        from hardmax.kernels.floats.numpy_kernel import move

        return move(tokens, merged, alpha), merged

    tolerant = Kernel("tolerant", lambda *a: merges(*a)[0], layer=merges)
    for exponent, kind in ((-45, "disagree"), (-53, "too_close")):
        near = Configuration([[Fraction(1, 4), 0], [1, -1], [1 - Fraction(2) ** exponent, 1]], alpha=1)
        check = crosscheck(near, tolerant, 1)
        assert getattr(check, kind) == 1
        assert check.disagree + check.too_close == 1


def test_values_far_outside_the_floats_are_scaled_exactly():
    far = Fraction(10) ** 400
    for scale in (far, 1 / far):
        scaled = Configuration([[v * scale for v in row] for row in THIRDS.tokens], step=THIRDS.step)
        check = crosscheck(scaled, kernel, 4)
        assert (check.agree, check.disagree) == (12, 0)
        form = Configuration(THIRDS.tokens, [[2 * scale, 0], [0, scale / 3]], THIRDS.step)
        assert crosscheck(form, kernel, 4).agree == 12


def test_multiplicities_and_the_smallest_rule_are_written_out():
    configuration = Configuration([[1], [-2]], [[3]], multiplicities=[2, 1], follow="smallest")
    plain = written_out(configuration)
    assert (plain.tokens, plain.A, plain.follow) == (((1,), (1,), (-2,)), ((-3,),), "largest")
    assert written_out(plain) is plain


@pytest.mark.parametrize(
    ("configuration", "options", "words"),
    [
        (Configuration([[1]], step=HarmonicStep()), {"layers": 1}, "depends on the layer"),
        (SQUARE, {"layers": 0}, "at least one is required"),
        (Configuration([[1]], alpha=Fraction(10) ** 400), {"layers": 1}, "one that float64 can hold"),
        (Configuration([[1]], alpha=Fraction(1, 10**400)), {"layers": 1}, "one that float64 can hold"),
        (SKEW, {"layers": 1, "kernel": declare(lambda z, A, a: z, supports_A=False)}, "supports_A = False"),
    ],
)
def test_what_cannot_be_compared_is_named(configuration, options, words):
    with pytest.raises(InputError, match=words):
        crosscheck(configuration, **({"kernel": kernel} | options))
