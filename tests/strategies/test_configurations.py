"""Configurations: hypotheses kept and broken as asked, everything reachable, small examples, clear refusals."""

import inspect
import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from hardmax.kernels import (
    Configuration,
    ConstantStep,
    GeometricStep,
    HardmaxError,
    HarmonicStep,
    InputError,
    ListedStep,
)
from hardmax.strategies import FAMILIES, MATRICES, STEPS, configurations, samples
from hardmax.strategies.planning import MOST_COPIES

FLAGS = (True, False, None)
ONE_STEP = ConstantStep(Fraction(1))


def of_kind(sample):
    return sample.family, sample.matrix, sample.step


# -- hypotheses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spd", FLAGS)
@pytest.mark.parametrize("distinct", FLAGS)
@pytest.mark.parametrize("nonzero", FLAGS)
def test_hypotheses_are_kept_broken_or_left_open(nonzero, distinct, spd, assert_all_examples):
    asked = {"nonzero": nonzero, "distinct": distinct, "spd": spd}

    def as_asked(c):
        return all(flag is None or c.hypotheses()[name] == flag for name, flag in asked.items())

    assert_all_examples(configurations(**asked), as_asked, max_examples=75)


@pytest.mark.parametrize("family", FAMILIES)
def test_hypotheses_are_kept_and_broken_in_every_family(family, assert_all_examples):
    assert_all_examples(configurations(families=[family]), lambda c: all(c.hypotheses().values()), max_examples=40)
    assert_all_examples(
        configurations(families=[family], nonzero=False, distinct=False, spd=False),
        lambda c: not any(c.hypotheses().values()),
        max_examples=40,
    )


@pytest.mark.parametrize("name", ["nonzero", "distinct", "spd"])
def test_an_open_hypothesis_holds_and_fails(name, find_any):
    for holds in (True, False):
        find_any(configurations(**{name: None}), lambda c, holds=holds: c.hypotheses()[name] == holds)


def test_the_check_of_hypotheses_can_fail(assert_all_examples):
    for name in ("nonzero", "distinct", "spd"):
        with pytest.raises(AssertionError, match="the condition fails"):
            assert_all_examples(configurations(**{name: None}), lambda c, name=name: c.hypotheses()[name])


@pytest.mark.parametrize("symmetric", [True, False])
def test_symmetry_is_kept_or_broken(symmetric, assert_all_examples):
    strategy = configurations(spd=None, symmetric=symmetric)
    assert_all_examples(strategy, lambda c: c.is_symmetric == symmetric)


def test_spd_may_be_broken_with_and_without_symmetry(assert_all_examples):
    for symmetric in (True, False):
        strategy = configurations(spd=False, symmetric=symmetric)
        assert_all_examples(strategy, lambda c, symmetric=symmetric: c.is_symmetric == symmetric and not c.is_spd)


def test_copies_are_few_and_the_origin_may_be_among_them(find_any, assert_all_examples):
    assert_all_examples(
        configurations(distinct=False, nonzero=None), lambda c: 0 < c.n - len(set(c.tokens)) <= MOST_COPIES
    )
    find_any(configurations(distinct=False), lambda c: c.n - len(set(c.tokens)) == MOST_COPIES)
    find_any(configurations(distinct=False, nonzero=False), lambda c: sum(not any(z) for z in c.tokens) == 2)


def test_the_origin_comes_first_last_and_between(find_any):
    strategy = configurations(nonzero=False, n=5)
    for place in (0, 2, 4):
        find_any(strategy, lambda c, place=place: not any(c.tokens[place]))


# -- what is reached --------------------------------------------------------------------------------------------------


def test_every_family_matrix_and_step_is_reached_by_default():
    seen = [set(), set(), set()]

    @settings(max_examples=600, database=None, deadline=None, derandomize=True)
    @given(samples(spd=None))
    def look(sample):
        for found, name in zip(seen, of_kind(sample), strict=True):
            found.add(name)

    look()
    default_steps = {name for name, family in STEPS.items() if family.default}
    assert seen == [set(FAMILIES), set(MATRICES), default_steps]
    assert default_steps == {"one", "simple", "tiny", "huge"}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_asked_for_is_the_one_drawn(family, assert_all_examples):
    assert_all_examples(samples(families=[family]), lambda sample: sample.family == family, max_examples=20)


@pytest.mark.parametrize("matrix", MATRICES)
def test_a_matrix_asked_for_is_the_one_drawn(matrix, assert_all_examples):
    strategy = samples(matrices=[matrix], spd=None)
    assert_all_examples(
        strategy,
        lambda sample: sample.matrix == matrix and sample.configuration.is_spd == MATRICES[matrix].spd,
        max_examples=40,
    )


@pytest.mark.parametrize("step", STEPS)
def test_a_step_asked_for_is_the_one_drawn(step, assert_all_examples):
    kind = {"harmonic": HarmonicStep, "geometric": GeometricStep, "listed": ListedStep}.get(step, ConstantStep)
    strategy = samples(steps=[step])
    assert_all_examples(
        strategy,
        lambda sample: sample.step == step and isinstance(sample.configuration.step, kind),
        max_examples=20,
    )


def test_several_names_are_all_drawn(find_any, assert_all_examples):
    strategy = samples(families=["axes", "lattice"], matrices=("spd", "diagonal"), steps={"harmonic", "one"})
    assert_all_examples(strategy, lambda sample: sample.family in ("axes", "lattice"))
    for kind in (("axes", "spd", "one"), ("lattice", "diagonal", "harmonic")):
        find_any(strategy, lambda sample, kind=kind: of_kind(sample) == kind)


def test_one_name_may_be_given_as_it_is(assert_all_examples):
    strategy = samples(families="collinear", matrices="identity", steps="huge")
    assert_all_examples(strategy, lambda sample: of_kind(sample) == ("collinear", "identity", "huge"), max_examples=20)


def test_sizes_and_dimensions_are_kept_and_reached(find_any, assert_all_examples):
    strategy = configurations(n=(3, 7), d=(2, 3))
    assert_all_examples(strategy, lambda c: 3 <= c.n <= 7 and 2 <= c.d <= 3, max_examples=300)
    for n in (3, 7):
        for d in (2, 3):
            find_any(strategy, lambda c, n=n, d=d: (c.n, c.d) == (n, d))
    assert_all_examples(configurations(n=5, d=2, nonzero=None, distinct=None), lambda c: (c.n, c.d) == (5, 2))


def test_high_dimension_and_many_tokens(assert_all_examples):
    assert_all_examples(configurations(n=(100, 128), d=2), lambda c: 100 <= c.n <= 128, max_examples=10)
    assert_all_examples(configurations(n=(1, 8), d=16), lambda c: c.d == 16, max_examples=20)


def test_tokens_are_carried_to_another_matrix_and_kept(find_any):
    """Lattice tokens stay small integers under an ill-conditioned A, or are moved far by the isometry."""
    strategy = configurations(families=["lattice"], matrices=["ill_conditioned"], d=2)
    for far in (True, False):
        find_any(strategy, lambda c, far=far: any(abs(x) > 10**4 for z in c.tokens for x in z) == far and c.n > 3)


@pytest.mark.parametrize("family", [name for name, family in FAMILIES.items() if family.about_scores])
def test_promises_about_scores_hold_for_every_matrix_drawn(family, assert_all_examples):
    assert_all_examples(samples(families=[family]), lambda sample: MATRICES[sample.matrix].carries)
    # Where no such matrix is asked for, the tokens are drawn all the same.
    assert_all_examples(
        samples(families=[family], matrices=["diagonal"]), lambda sample: sample.matrix == "diagonal", max_examples=20
    )


def test_multiplicities_labels_and_follow(find_any, assert_all_examples):
    strategy = configurations(distinct=None, max_multiplicity=3, labels=st.sampled_from("abc"), follow="smallest")
    assert_all_examples(
        strategy, lambda c: max(c.multiplicities) <= 3 and set(c.labels) <= set("abc") and c.follow == "smallest"
    )
    find_any(strategy, lambda c: set(c.multiplicities) == {1, 2, 3})
    assert_all_examples(
        configurations(), lambda c: set(c.multiplicities) == {1} and c.labels is None and c.follow == "largest"
    )
    assert_all_examples(configurations(distinct=False, max_multiplicity=2), lambda c: not c.is_distinct)


# -- what it shrinks to -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, Configuration([(1,)])),
        ({"nonzero": False}, Configuration([(0,)])),
        ({"distinct": False}, Configuration([(1,), (1,)])),
        ({"nonzero": None, "distinct": None, "spd": None}, Configuration([(1,)])),
        ({"spd": False}, Configuration([(1,)], [(-1,)])),
        ({"spd": False, "symmetric": False}, Configuration([(1, 0)], [(0, 1), (0, 0)])),
        ({"nonzero": False, "distinct": False}, Configuration([(0,), (0,)])),
        ({"n": 3, "d": 2}, Configuration([(1, 0), (0, 1), (0, -1)])),
        ({"distinct": None, "max_multiplicity": 3, "labels": st.text()}, Configuration([(1,)], labels=[""])),
    ],
)
def test_shrinks_to_few_tokens_and_small_integers(arguments, expected, minimal):
    assert minimal(configurations(**arguments)) == expected


@pytest.mark.parametrize("start", range(4))
def test_shrinks_across_families_and_dimensions(start, minimal):
    """A counterexample ends on the lattice, whatever family and dimension it came from."""
    c = minimal(configurations(), lambda c: c.n >= 3 and c.step != ONE_STEP, start=start)
    assert c == Configuration([(1,), (-1,), (2,)], alpha=2)


# -- refusals ---------------------------------------------------------------------------------------------------------

REFUSALS = [
    ({"n": 0}, "n: the least is 0; give a whole number >= 1"),
    ({"n": (5, 4)}, "n: the largest is 4; give a whole number >= 5"),
    ({"n": [1, 2]}, "n is [1, 2]; give a whole number or a pair (least, largest)"),
    ({"d": 1.5}, "d is 1.5; give a whole number or a pair (least, largest)"),
    ({"d": (0, 2)}, "d: the least is 0; give a whole number >= 1"),
    ({"nonzero": "no"}, "nonzero is 'no'; give True (guaranteed), False (guaranteed broken) or None (open)"),
    ({"families": ["latice"]}, "families holds 'latice'; choose from lattice, "),
    ({"families": []}, "families is empty; name one at least, or give None for all"),
    ({"matrices": ["unit"]}, "matrices holds 'unit'; choose from identity, "),
    ({"steps": ["none"]}, "steps holds 'none'; choose from one, "),
    ({"matrices": ["indefinite"]}, "spd is True but matrices holds 'indefinite'; leave out one of them"),
    ({"matrices": ["spd"], "spd": False}, "spd is False but matrices holds 'spd'; leave out one of them"),
    (
        {"matrices": ["nonsymmetric"], "spd": None, "symmetric": True},
        "symmetric is True but matrices holds 'nonsymmetric'; leave out one of them",
    ),
    (
        {"matrices": ["ill_conditioned"], "d": 1},
        "matrices holds 'ill_conditioned', which needs d >= 2; raise d",
    ),
    ({"symmetric": False}, "spd is True but symmetric is False; an SPD matrix is symmetric: give symmetric=None"),
    (
        {"symmetric": False, "spd": None, "d": 1},
        "spd=None and symmetric=False leave no matrix for d = 1; every 1 x 1 matrix is symmetric: raise d to 2",
    ),
    ({"distinct": False, "n": 1}, "distinct is False but n is 1; repeating a token takes two: give n >= 2"),
    ({"max_multiplicity": 0}, "max_multiplicity is 0; give a whole number >= 1"),
    (
        {"max_multiplicity": 2},
        "max_multiplicity is 2 but distinct is True, and a token of multiplicity 2 is not distinct",
    ),
    ({"follow": "nearest"}, 'follow is \'nearest\'; it must be "largest" or "smallest"'),
    (
        {"families": ["faces"], "n": 3, "d": 1},
        "families holds 'faces', which cannot give n in 3..3; it has distinct nonzero tokens for d = 1: 0 to 2; "
        "change n or d, or leave the family out",
    ),
    (
        {"families": ["late_leaders"], "n": 5, "nonzero": False, "d": (1, 2)},
        "families holds 'late_leaders', which cannot give n in 5..5, 1 of them the origin or copies; it has distinct "
        "nonzero tokens for d = 1: none; d = 2: 5 to 15",
    ),
    (
        {"families": ["lattice", "polytope"], "n": 4, "d": 4},
        "families holds 'polytope', which cannot give n in 4..4; it has distinct nonzero tokens for d = 4: 5 to ",
    ),
    (
        {"families": ["polytope"], "matrices": ["ill_conditioned"], "n": 2, "d": (1, 2)},
        "families holds 'polytope', which has room for n in 2..2 in d = [1] alone, where none of the matrices "
        "['ill_conditioned'] exists; change n or d, or name other matrices",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSALS)
def test_impossible_arguments_raise_with_the_reason_and_the_remedy(arguments, message):
    for strategy in (configurations, samples):
        with pytest.raises(InputError) as error:
            strategy(**arguments)
        assert str(error.value).startswith(message)
        assert "\n" not in str(error.value)


def test_families_without_room_are_left_out_unless_asked_for(assert_all_examples):
    assert_all_examples(samples(n=4, d=4), lambda sample: sample.family not in ("polytope", "late_leaders"))


def test_samples_and_configurations_take_the_same_arguments():
    assert inspect.signature(samples).parameters == inspect.signature(configurations).parameters


def test_reprs_stay_short():
    """Hypothesis shows strategies in error messages, and warns of large ones."""
    assert len(repr(configurations())) < 2_000


# -- models of one's own ----------------------------------------------------------------------------------------------


def test_the_examples_of_the_page_run():
    page = Path(__file__).resolve().parents[2] / "strategies" / "README.md"
    names = {"__name__": "page"}
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S):
        exec(compile(block, str(page), "exec"), names)
    assert_all(names["large_steps"], lambda c: 2 <= c.alpha <= 9 and c.is_spd)
    assert_all(names["stretched"], lambda c: 1 <= c.A[0][0] <= 9 and c.A[1] == (0, Fraction(1, 2)))
    found = names["few_leaders"].search(examples=20)
    assert found is None or found.configuration.A == ((2, 1), (1, 2))
    names["test_something"]()


def assert_all(strategy, holds):
    @settings(max_examples=40, database=None)
    @given(strategy)
    def check(c):
        assert holds(c)

    check()


def test_a_model_of_ones_own_is_a_value_a_strategy_or_a_function_of_d():
    assert_all(configurations(alpha="7/3"), lambda c: c.alpha == Fraction(7, 3))
    assert_all(configurations(step=HarmonicStep()), lambda c: c.step == HarmonicStep())
    steps = st.builds(HarmonicStep, st.integers(1, 2), st.integers(2, 5))
    assert_all(configurations(step=steps), lambda c: isinstance(c.step, HarmonicStep))
    assert_all(configurations(A=[[2, 1], [1, 2]]), lambda c: (c.d, c.A) == (2, ((2, 1), (1, 2))))
    by_dimension = configurations(d=(2, 3), A=lambda d: [[d * (i == j) for j in range(d)] for i in range(d)])
    assert_all(by_dimension, lambda c: c.A[0][0] == c.d)
    assert_all(configurations(d=2, A=st.just([[0, 1], [1, 0]]), spd=None), lambda c: not c.is_spd)
    assert_all(samples(A=[[1]], alpha=1), lambda s: (s.matrix, s.step) == ("given", "given"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alpha": 0}, "alpha is 0; a step must be positive"),
        ({"alpha": 0.5}, "an int, a Fraction or text"),
        ({"alpha": 1, "step": HarmonicStep()}, "of alpha, step and steps more than one is given"),
        ({"alpha": 1, "steps": "one"}, "of alpha, step and steps more than one is given"),
        ({"step": 1}, "give alpha=1"),
        ({"A": [[1]], "matrices": "spd"}, "A and matrices are both given"),
        ({"A": [[0, 1], [1, 0]]}, r"for which spd is False, but spd=True; give spd=None, or another A"),
        ({"A": [[1, 0], [0, 1]], "d": 3}, "A has 2 rows, but d is 3; give d=2"),
        ({"A": st.just([[1]])}, "A is a strategy, but d is .*; give d as one number, or A as a function of d"),
        ({"A": [[0.5]]}, "from_array"),
    ],
)
def test_a_model_that_does_not_fit_is_refused(arguments, message):
    with pytest.raises(HardmaxError, match=message):
        configurations(**arguments)


@pytest.mark.parametrize("drawn", [[[0]], [[1, 0], [0, 1]], [[0.5]]])
def test_a_drawn_matrix_that_breaks_a_promise_is_an_error_and_never_left_out(drawn):
    with pytest.raises(InputError):
        find(configurations(d=1, A=st.just(drawn)), lambda c: True)
