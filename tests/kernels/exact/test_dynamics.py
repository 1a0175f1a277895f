"""The exact kernel against plain `sympy.Matrix` arithmetic; wrong ones must differ."""

from fractions import Fraction as Q
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import ZZ

from hardmax.kernels import Configuration, HarmonicStep
from hardmax.kernels.exact.configuration import with_changes
from hardmax.kernels.exact.dynamics import Dynamics, Layer, integer_matrix, itinerary, maximisers, reduced
from hardmax.strategies import configurations

from ...examples import EXAMPLES, SQUARE
from ..oracle import fraction_layers, matrix_layers
from ..wrong_dynamics import WRONG

any_configuration = st.one_of(
    configurations(n=(1, 6), d=(1, 3)),
    configurations(n=(1, 5), d=(1, 3), nonzero=None, distinct=None, spd=None, steps=["one", "huge", "harmonic"]),
    configurations(n=(1, 5), d=(1, 3), nonzero=None, distinct=None, spd=None, max_multiplicity=4),
    configurations(n=(1, 5), d=(1, 3), nonzero=None, distinct=None, spd=None, follow="smallest"),
)


def run(dynamics, layers):
    return [(layer.tokens(), sets) for layer, sets in islice(dynamics.layers(), layers)]


def differs(dynamics, reference, layers):
    """The first layer at which the two runs differ, None if they agree."""
    mine, theirs = run(dynamics, layers), islice(reference, layers)
    return next((k for k, (a, b) in enumerate(zip(mine, theirs, strict=True)) if a != b), None)


@given(any_configuration)
def test_layers_are_those_of_sympy_matrices(configuration):
    assert differs(Dynamics(configuration), matrix_layers(configuration), 4) is None


@pytest.mark.deep
@given(any_configuration)
@settings(max_examples=1_000)
def test_more_layers_are_those_of_sympy_matrices(configuration):
    assert differs(Dynamics(configuration), matrix_layers(configuration), 7) is None


@given(any_configuration)
def test_layers_are_those_of_fractions(configuration):
    assert differs(Dynamics(configuration), fraction_layers(configuration), 8) is None


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_those_of_sympy_matrices(name):
    c = EXAMPLES[name].configuration
    assert differs(Dynamics(c), matrix_layers(c), 3) is None


DISCERNING = {
    "ties": Configuration([*SQUARE, (Q(1, 2), 0), (Q(1, 5), Q(1, 3))]),
    "a nonsymmetric form": Configuration([(1, 0), (0, 1), (-1, -1), (2, 1)], [[1, 3], [-2, 1]], Q(1, 3)),
    "multiplicities": Configuration([*SQUARE, (Q(1, 2), 0)], multiplicities=[3, 1, 1, 1, 1]),
    "a short line": Configuration([[1], [Q(1, 2)], [Q(3, 4)], [-1]], alpha=3),
}


@pytest.mark.parametrize("wrong", WRONG, ids=lambda w: w.__name__)
def test_every_wrong_kernel_differs_from_the_matrices(wrong):
    # 4 layers each: what is wrong must show soon on at least one of them.
    assert any(differs(wrong(c), matrix_layers(c), 4) is not None for c in DISCERNING.values())


def test_an_itinerary_is_the_sets_of_the_layers():
    c = DISCERNING["ties"]
    assert itinerary(c, 5) == [sets for _, sets in islice(matrix_layers(c), 5)]
    assert itinerary(c, 0) == []


@given(any_configuration, st.data())
def test_scores_and_sets_of_some_rows_are_those_of_all(configuration, data):
    dynamics = Dynamics(configuration)
    rows = data.draw(st.lists(st.integers(0, configuration.n - 1), min_size=1, unique=True))
    layer = dynamics.first
    assert dynamics.scores(layer, rows) == [dynamics.scores(layer)[i] for i in rows]
    assert dynamics.follow_sets(layer, rows) == tuple(dynamics.follow_sets(layer)[i] for i in rows)


@given(any_configuration)
def test_scores_are_one_positive_multiple_of_inner_products(configuration):
    c, dynamics = configuration, Dynamics(configuration)
    sign = -1 if c.follow == "smallest" else 1
    exact = [[sign * c.inner(x, y) for y in c.tokens] for x in c.tokens]
    scores = [[Q(int(s)) for s in row] for row in dynamics.scores(dynamics.first)]
    factors = {s / e for row, exacts in zip(scores, exact, strict=True) for s, e in zip(row, exacts, strict=True) if e}
    assert len(factors) <= 1
    assert all(f > 0 for f in factors)
    assert all(bool(s) == bool(e) for a, b in zip(scores, exact, strict=True) for s, e in zip(a, b, strict=True))


@given(configurations(n=(1, 6), d=(1, 3), spd=None), st.fractions(Q(1, 10**6), 10**6))
def test_scaling_all_tokens_changes_no_set(configuration, c):
    scaled = with_changes(configuration, tokens=[[c * x for x in row] for row in configuration.tokens])
    assert itinerary(scaled, 4) == itinerary(configuration, 4)


@given(any_configuration)
def test_layers_are_in_lowest_terms(configuration):
    for layer, _ in islice(Dynamics(configuration).layers(), 4):
        values = [int(v) for row in layer.numerators.to_list() for v in row]
        assert int(layer.denominator) > 0
        assert reduced(layer.index, [[v] for v in values], layer.denominator).denominator == layer.denominator


def test_reduced_divides_by_the_greatest_common_factor():
    def shown(rows, denominator):
        layer = reduced(3, [list(map(ZZ, row)) for row in rows], ZZ(denominator))
        return layer.index, layer.numerators.to_list(), layer.denominator

    assert shown([[12, -18], [0, 6]], 24) == (3, [[2, -3], [0, 1]], 4)
    assert shown([[0, 0]], 24) == (3, [[0, 0]], 1)
    assert shown([[5]], 24) == (3, [[5]], 24)


def test_maximisers_keep_all_ties():
    assert maximisers([1, 3, 2, 3]) == (1, 3)
    assert maximisers([7]) == (0,)
    assert maximisers([-1, -1, -1]) == (0, 1, 2)


def test_a_tie_that_floats_cannot_see():
    tiny = Q(1, 10**40)
    base = [(1, 0), (0, 1), (Q(1, 2), Q(1, 2))]
    assert itinerary(Configuration(base), 1) == [((0,), (1,), (0, 1, 2))]
    assert itinerary(Configuration([(1 + tiny, 0), *base[1:]]), 1) == [((0,), (1,), (0,))]


def test_a_full_step_lands_on_the_mean():
    c = Configuration([[2], [1], [-1]], step=HarmonicStep(1, 1))
    second = next(islice(Dynamics(c).layers(), 1, None))[0]
    assert second.tokens() == ((Q(2),), (Q(2),), (Q(-1),))


def test_a_layer_states_its_tokens_in_the_units_of_the_configuration():
    layer = Layer(0, integer_matrix([[1, -2]], (1, 2)), 6)
    assert layer.tokens() == ((Q(1, 6), Q(-1, 3)),)
