"""Configurations and steps: what they hold, what they refuse and how they say it."""

import dataclasses
import math
from decimal import Decimal
from fractions import Fraction as Q
from itertools import islice

import numpy as np
import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from hardmax.kernels import (
    Configuration,
    ConstantStep,
    ExactnessError,
    GeometricStep,
    HardmaxError,
    HarmonicStep,
    InputError,
    ListedStep,
)
from hardmax.kernels.exact import array_file, configuration_file
from hardmax.kernels.exact.configuration import identity, with_changes
from hardmax.kernels.exact.configuration_file import configuration_from_json, read_configuration
from hardmax.kernels.exact.dynamics import Dynamics
from hardmax.kernels.exact.step import step_from_json
from hardmax.strategies import configurations

# -- what it holds ----------------------------------------------------------------------------------------------------


def test_defaults():
    c = Configuration([[1, 2], [3, Q(1, 2)]])
    assert c.tokens == ((1, 2), (3, Q(1, 2)))
    assert c.A == ((1, 0), (0, 1)) == identity(2)
    assert (c.step, c.alpha) == (ConstantStep(Q(1)), 1)
    assert (c.labels, c.multiplicities, c.follow) == (None, (1, 1), "largest")
    assert (c.n, c.d) == (2, 2)


def test_every_value_is_a_fraction():
    c = Configuration([[1, 2]], [[1, 0], [0, 3]], 2)
    assert {type(v) for row in c.tokens + c.A for v in row} == {Q}
    assert type(c.alpha) is Q


def test_a_configuration_is_a_value():
    c = Configuration([[1], [2]], labels=["a", "b"])
    assert c == Configuration(((Q(1),), (2,)), labels=("a", "b"))
    assert len({c, Configuration([[1], [2]], labels=["a", "b"]), Configuration([[1], [3]])}) == 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        c.follow = "smallest"


@given(configurations(nonzero=None, distinct=None, spd=None), st.data())
def test_inner_is_the_bilinear_form(c, data):
    x, y = (data.draw(st.sampled_from(c.tokens)) for _ in range(2))
    column = sympy.Matrix([sympy.Rational(v.numerator, v.denominator) for v in y])
    A = sympy.Matrix(c.d, c.d, lambda i, j: sympy.Rational(c.A[i][j].numerator, c.A[i][j].denominator))
    row = sympy.Matrix([[sympy.Rational(v.numerator, v.denominator) for v in x]])
    exact = (row * A * column)[0]
    assert c.inner(x, y) == Q(int(exact.p), int(exact.q))


def test_inner_takes_its_arguments_in_order():
    c = Configuration([[1, 0], [0, 1]], [[0, 5], [7, 0]])
    assert (c.inner(*c.tokens), c.inner(*reversed(c.tokens))) == (5, 7)


# -- hypotheses -------------------------------------------------------------------------------------------------------

DEFINITE = {
    "identity": ([[1, 0], [0, 1]], True, False),
    "positive": ([[2, 1], [1, 1]], True, False),
    "negative": ([[-2, 1], [1, -1]], False, True),
    "indefinite": ([[1, 2], [2, 1]], False, False),
    "semidefinite": ([[1, 1], [1, 1]], False, False),
    "zero": ([[0, 0], [0, 0]], False, False),
    "not symmetric": ([[1, 1], [0, 1]], False, False),
    "zero pivot": ([[0, 1], [1, 0]], False, False),
    "barely positive": ([[1, 1], [1, 1 + Q(1, 10**30)]], True, False),
    "barely indefinite": ([[1, 1], [1, 1 - Q(1, 10**30)]], False, False),
}


@pytest.mark.parametrize("name", DEFINITE)
def test_the_form_is_judged_exactly(name):
    A, positive, negative = DEFINITE[name]
    largest, smallest = (Configuration([[1, 0]], A, follow=follow) for follow in ("largest", "smallest"))
    assert largest.is_spd == smallest.is_spd == positive
    assert largest.has_inner_product == positive
    assert smallest.has_inner_product == negative
    assert largest.hypotheses()["spd"] == positive
    assert smallest.hypotheses()["spd"] == negative


@given(configurations(spd=None, nonzero=None, distinct=None))
def test_definiteness_is_that_of_the_leading_minors(c):
    A = sympy.Matrix(c.d, c.d, lambda i, j: sympy.Rational(c.A[i][j].numerator, c.A[i][j].denominator))
    minors = [A[:k, :k].det() for k in range(1, c.d + 1)]
    assert c.is_spd == (A == A.T and all(m > 0 for m in minors))


def test_hypotheses_tell_what_is_met():
    assert Configuration([[1], [2]]).hypotheses() == {"nonzero": True, "distinct": True, "spd": True}
    assert Configuration([[0], [0]], [[-1]]).hypotheses() == {"nonzero": False, "distinct": False, "spd": False}
    assert Configuration([[1], [2]], multiplicities=[2, 2]).is_distinct


# -- merged and changed -----------------------------------------------------------------------------------------------


def test_merged_keeps_first_places_and_adds_multiplicities():
    c = Configuration([[1], [2], [1], [3], [2]], labels=["a", "b", "c", "d", "b"], multiplicities=[1, 2, 3, 4, 5])
    assert c.merged() == Configuration([[1], [2], [3]], labels=["a/c", "b", "d"], multiplicities=[4, 7, 4])


@given(configurations(distinct=None, nonzero=None, spd=None, max_multiplicity=3, n=(1, 6), d=(1, 2)))
def test_merging_changes_no_position(c):
    merged = c.merged()
    assert merged.is_distinct
    assert sum(merged.multiplicities) == sum(c.multiplicities)
    place = [merged.tokens.index(z) for z in c.tokens]
    for (full, _), (short, _) in islice(zip(Dynamics(c).layers(), Dynamics(merged).layers(), strict=False), 4):
        assert full.tokens() == tuple(short.tokens()[p] for p in place)


def test_with_changes_validates():
    c = Configuration([[1], [2]], labels=["a", "b"])
    assert with_changes(c, step=ConstantStep(Q(1, 3))) == with_changes(c, alpha="1/3")
    assert with_changes(c, alpha=Q(1, 3)).alpha == Q(1, 3)
    assert with_changes(c, labels=None).labels is None
    with pytest.raises(InputError, match="labels has 2 names for 1 tokens"):
        with_changes(c, tokens=[[1]], multiplicities=None)


# -- from floats ------------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=2), min_size=1))
def test_floats_are_the_dyadic_rationals_they_are(rows):
    c = Configuration.from_array(rows)
    assert [[float(v) for v in row] for row in c.tokens] == rows
    assert all(v.denominator & (v.denominator - 1) == 0 for row in c.tokens for v in row)


def test_narrow_floats_are_read_as_they_are():
    c = Configuration.from_array(np.array([[0.1]], dtype=np.float32), [[2]], np.float16(0.1))
    assert c.tokens == ((Q(13421773, 2**27),),)
    assert (c.A, c.alpha) == (((2,),), Q(float(np.float16(0.1))))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1.0, math.nan]],), r"tokens\[0, 1\] is nan; every value must be finite"),
        (([[math.inf]],), r"tokens\[0, 0\] is inf"),
        (([1.0],), r"tokens has shape \(1,\); a 2-d array is required"),
        (([[1.0], [1.0, 2.0]],), "tokens is not a rectangular array"),
        (([["x"]],), r'tokens\[0\]\[0\] is "x"; a number is required'),
        (([[1j]],), "tokens has dtype complex128"),
        (([[True]],), "tokens has dtype bool"),
        (([[1.0]], [["1/2", "x"]]), r'A\[0\]\[1\] is "x"; a number is required'),
        (([[1.0]], None, "one half"), 'alpha is "one half"; a number is required'),
        ((np.ones((2000, 1001)),), "tokens has 2002000 numbers; at most 2000000 are read"),
        (([[1.0]], [[math.inf]]), r"A\[0, 0\] is inf"),
        (([[1.0]], None, math.nan), "alpha is nan"),
        (([[1.0]], None, 0.0), "alpha is 0; a step must be positive"),
        (([[1.0]], None, [1.0]), r"alpha has shape \(1,\); a number is required"),
        ((np.zeros((1, 1), dtype=np.longdouble),), "float64 is the widest float read exactly"),
        ((np.zeros((0, 2)),), "tokens is empty"),
    ],
)
def test_floats_that_cannot_be_read(arguments, message):
    with pytest.raises(InputError, match=message):
        Configuration.from_array(*arguments)


# -- what it refuses --------------------------------------------------------------------------------------------------

INEXACT = [0.5, np.float64(1), np.int64(1), True, Decimal(1), None, 1j, sympy.Integer(1)]


@pytest.mark.parametrize("value", INEXACT, ids=repr)
def test_whatever_is_not_exact_is_refused_by_place(value):
    name = type(value).__name__
    with pytest.raises(ExactnessError, match=rf"tokens\[1\]\[0\] is .* of type {name};.*from_array"):
        Configuration([[1], [value]])
    with pytest.raises(ExactnessError, match=rf"A\[0\]\[0\] is .* of type {name}"):
        Configuration([[1]], [[value]])


@pytest.mark.parametrize("value", [v for v in INEXACT if v is not None], ids=repr)
def test_whatever_is_no_exact_step_is_refused(value):
    with pytest.raises(ExactnessError, match=r"alpha is .*; an int, a Fraction or text like .* is required"):
        Configuration([[1]], alpha=value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tokens": []}, "tokens is empty"),
        ({"tokens": [[]]}, r"tokens\[0\] is empty"),
        ({"tokens": [[1], [1, 2]]}, r"tokens\[1\] has 2 coordinates but tokens\[0\] has 1"),
        ({"tokens": [[1, 2]], "A": [[1]]}, r"A has 1 rows of lengths \[1\] but tokens have 2 coordinates"),
        ({"tokens": [[1, 2]], "A": [[1, 2], [3]]}, r"A has 2 rows of lengths \[1, 2\]"),
        ({"tokens": [[1]], "A": []}, r"A has 0 rows"),
        ({"tokens": [1, 2]}, r"tokens\[0\] is 1; a row of numbers is required"),
        ({"tokens": [[1]], "A": [1]}, r"A\[0\] is 1; a row of numbers is required"),
        ({"tokens": 7}, r"tokens is 7; a list of rows is required"),
        ({"tokens": "12"}, r"tokens is '12'; a list of rows is required"),
        ({"tokens": ["12"]}, r"tokens\[0\] is '12'; a row of numbers is required"),
        ({"tokens": [["1", "1/0"]]}, r'tokens\[0\]\[1\] is "1/0", a division by zero'),
        ({"tokens": [[1]], "alpha": 0}, "alpha is 0; a step must be positive"),
        ({"tokens": [[1]], "alpha": "-1/2"}, "alpha is -1/2"),
        ({"tokens": [[1]], "alpha": "a half"}, 'alpha is "a half"; a number is required'),
        ({"tokens": [[1]], "step": 2}, "step is 2, no Step; a number is alpha: give alpha=2"),
        ({"tokens": [[1]], "alpha": 1, "step": HarmonicStep()}, "alpha and step are both given"),
        ({"tokens": [[1]], "labels": ["a", "b"]}, "labels has 2 names for 1 tokens"),
        ({"tokens": [[1]], "multiplicities": [0]}, r"multiplicities is \[0\]; give 1 whole numbers >= 1"),
        ({"tokens": [[1]], "multiplicities": [1, 1]}, "give 1 whole numbers"),
        ({"tokens": [[1]], "multiplicities": [True]}, "give 1 whole numbers"),
        ({"tokens": [[1]], "multiplicities": [1.0]}, "give 1 whole numbers"),
        ({"tokens": [[1]], "follow": "nearest"}, "follow is 'nearest'"),
    ],
)
def test_what_cannot_be_a_configuration(arguments, message):
    with pytest.raises(InputError, match=message) as raised:
        Configuration(**arguments)
    assert "\n" not in str(raised.value)


def test_refusals_are_errors_of_the_project():
    assert issubclass(ExactnessError, HardmaxError)
    assert issubclass(ExactnessError, TypeError)
    assert issubclass(InputError, HardmaxError)


# -- steps ------------------------------------------------------------------------------------------------------------


@given(st.fractions(Q(1, 10**9), 10**9), st.integers(0, 10**9))
def test_a_constant_step_is_one_rate_between_0_and_1(alpha, layer):
    step = ConstantStep(alpha)
    assert step.rate(layer) == step.rate(0) == 1 - 1 / (1 + alpha)
    assert 0 < step.rate(0) < 1


def test_a_harmonic_step_shrinks_with_the_layer():
    assert [HarmonicStep().rate(k) for k in range(4)] == [1, Q(2, 3), Q(1, 2), Q(2, 5)]
    assert [HarmonicStep(1, 3).rate(k) for k in range(3)] == [Q(1, 3), Q(1, 4), Q(1, 5)]
    assert Configuration([[1]], step=HarmonicStep()).alpha is None


@pytest.mark.parametrize(("numerator", "offset"), [(0, 1), (3, 2), (-1, 2), (1, 0)])
def test_a_harmonic_step_keeps_to_the_unit_interval(numerator, offset):
    with pytest.raises(InputError, match="leaves \\(0, 1\\]"):
        HarmonicStep(numerator, offset)


@pytest.mark.parametrize("value", [True, 1.0, Q(1), "1"])
def test_a_harmonic_step_takes_whole_numbers(value):
    with pytest.raises(ExactnessError, match="numerator is"):
        HarmonicStep(value, 2)
    with pytest.raises(ExactnessError, match="offset is"):
        HarmonicStep(1, value)


def test_steps_to_json_and_back():
    assert ConstantStep(Q(3, 7)).to_json() == "3/7"
    step = HarmonicStep(2, 5)
    assert step.to_json() == {"rule": "harmonic", "numerator": 2, "offset": 5}
    assert step_from_json(step.to_json()) == step
    step = GeometricStep(Q(2, 3), Q(1, 2))
    assert step.to_json() == {"rule": "geometric", "first": "2/3", "ratio": "1/2"}
    assert step_from_json(step.to_json()) == step
    step = ListedStep([1, Q(1, 3)])
    assert step.to_json() == {"rule": "listed", "rates": ["1", "1/3"]}
    assert step_from_json(step.to_json()) == step


def test_geometric_and_listed_rates():
    assert [GeometricStep(Q(1, 2), Q(1, 2)).rate(k) for k in range(3)] == [Q(1, 2), Q(1, 4), Q(1, 8)]
    assert [ListedStep([Q(1, 2), Q(1, 3)]).rate(k) for k in range(4)] == [Q(1, 2), Q(1, 3), Q(1, 3), Q(1, 3)]
    assert ListedStep([Q(1, 2), 1]).largest == 1 == HarmonicStep(2, 2).largest
    assert GeometricStep(Q(1, 2), Q(1, 3)).largest == Q(1, 2)


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: GeometricStep(0, Q(1, 2)), InputError, "0 < first"),
        (lambda: GeometricStep(Q(3, 2), Q(1, 2)), InputError, "first <= 1"),
        (lambda: GeometricStep(Q(1, 2), 1), InputError, "ratio < 1"),
        (lambda: GeometricStep(0.5, Q(1, 2)), ExactnessError, "first is 0.5"),
        (lambda: ListedStep([]), InputError, "rates is empty"),
        (lambda: ListedStep([Q(1, 2), 0]), InputError, r"rates\[1\] is 0"),
        (lambda: ListedStep([0.5]), ExactnessError, r"rates\[0\] is 0.5"),
    ],
)
def test_steps_out_of_range_are_refused(make, error, says):
    with pytest.raises(error, match=says):
        make()


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"rule": "constant", "numerator": 1, "offset": 2},
        {"rule": "harmonic", "numerator": 1},
        {"rule": "harmonic", "numerator": 1, "offset": 2, "more": 3},
        {"rule": "harmonic", "numerator": "1", "offset": 2},
        {"rule": "harmonic", "numerator": True, "offset": 2},
        {"rule": "harmonic", "numerator": 3, "offset": 2},
        {"rule": "geometric", "first": "1/2"},
        {"rule": "geometric", "first": "x", "ratio": "1/2"},
        {"rule": "geometric", "first": "2", "ratio": "1/2"},
        {"rule": "listed", "rates": "1/2"},
        {"rule": "listed", "rates": ["0"]},
        {"rule": "listed", "rates": []},
        [],
    ],
)
def test_steps_that_cannot_be_read(value):
    with pytest.raises(InputError, match=r"step|rates"):
        step_from_json(value)


# -- files that are too large ------------------------------------------------------------------------------------------


def test_a_file_that_is_too_large_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "large.json"
    path.write_text('{"tokens": [[1]]}')
    assert read_configuration(path).n == 1
    monkeypatch.setattr(configuration_file, "MAX_FILE_BYTES", 16)
    with pytest.raises(InputError, match=r"large.json: is larger than 16 bytes; no more are read for exact work"):
        read_configuration(path)


def test_a_file_without_an_end_is_refused(monkeypatch):
    monkeypatch.setattr(configuration_file, "MAX_FILE_BYTES", 1_000)
    with pytest.raises(InputError, match="/dev/zero: is larger than 1000 bytes"):
        read_configuration("/dev/zero")


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "zeros.npz"
    np.savez_compressed(path, tokens=np.zeros((1_000, 10)))
    monkeypatch.setattr(array_file, "MAX_FILE_BYTES", 10_000)
    with pytest.raises(InputError, match=r"zeros.npz: unpacks to \d+ bytes; at most 10000 are read"):
        read_configuration(path)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"A": np.eye(1)}, 'one of the arrays "tokens", \\(n, d\\), and "gram", \\(n, n\\), is needed'),
        (
            {"tokens": np.ones((1, 1)), "b": np.ones(1)},
            'unknown array "b"; known arrays are tokens, gram, A, alpha, labels, multiplicities, follow',
        ),
        ({"tokens": np.ones((1, 1)), "labels": np.ones(1)}, "labels must be a 1-d array of strings"),
        ({"tokens": np.ones((1, 1)), "labels": np.array("a")}, "labels must be a 1-d array of strings"),
    ],
)
def test_archives_that_are_no_configuration(tmp_path, arrays, message):
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(InputError, match=f"x.npz: {message}"):
        read_configuration(tmp_path / "x.npz")


@pytest.mark.parametrize("key", ["multiplicities", "step", "labels", "tokens", "A"])
@pytest.mark.parametrize("value", ["text", 7, True, {"a": 1}])
def test_values_of_another_kind_are_refused(key, value):
    with pytest.raises(InputError, match=key):
        configuration_from_json({"tokens": [[1]], key: value})
