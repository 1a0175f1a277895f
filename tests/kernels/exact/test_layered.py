"""Layers that differ: the form of each layer, the step of each layer, and P before the mean, all by hand."""

import json
from fractions import Fraction as Q
from itertools import islice

import pytest
from hypothesis import given, settings

from hardmax.kernels import Configuration, ExactnessError, GeometricStep, HarmonicStep, InputError, ListedStep
from hardmax.kernels.exact.configuration_file import configuration_to_json, parse_configuration
from hardmax.kernels.exact.layered import Layered
from hardmax.strategies import configurations
from hardmax.verify import Undecided, decide, prove

FORMS = [[[1, 0], [0, 1]], [[0, 1], [1, 0]]]
TOKENS = [(2, 0), (0, 1), (1, 1)]


def layers(configuration, count):
    return [(layer.tokens(), sets) for layer, sets in islice(configuration.dynamics().layers(), count)]


@settings(max_examples=60)
@given(configurations(n=(1, 5), d=(1, 3), steps=["one", "harmonic", "geometric", "listed"], spd=None, nonzero=None))
def test_equal_forms_and_no_preconditioner_are_hardmax(c):
    same = Configuration(c.tokens, Layered([c.A, c.A], c.step, c.follow), multiplicities=c.multiplicities)
    assert layers(same, 4) == layers(c, 4)
    d = c.d
    identity = [[int(i == j) for j in range(d)] for i in range(d)]
    same = Configuration(c.tokens, Layered([c.A], c.step, c.follow, identity), multiplicities=c.multiplicities)
    assert layers(same, 4) == layers(c, 4)


def test_each_layer_scores_by_its_own_form():
    c = Configuration(TOKENS, Layered(FORMS, ListedStep([Q(1, 2), Q(1, 3), Q(1, 4)])))
    (_, C0), (Z1, C1), (Z2, _) = layers(c, 3)
    assert C0 == ((0,), (1, 2), (0, 2))
    assert Z1 == ((2, 0), (Q(1, 4), 1), (Q(5, 4), Q(3, 4)))
    # x₁y₂ + x₂y₁: (2, 0) scores 0, 2, 3/2; (1/4, 1) scores 2, 1/2, 23/16; (5/4, 3/4) scores 3/2, 23/16, 15/8
    assert C1 == ((1,), (0,), (2,))
    assert Z2[0] == (2 + Q(1, 3) * (Q(1, 4) - 2), Q(1, 3))
    assert Z2[2] == Z1[2]


def test_the_preconditioner_by_hand():
    P = [[Q(3, 5), 0], [0, Q(7, 10)]]
    c = Configuration([(0, 0), (1, 0), (0, 1)], Layered([[[1, 2], [2, 5]]], P=P))
    assert c.step == ListedStep([1])
    assert layers(c, 2)[1][0][1] == (Q(2, 5), Q(7, 10))
    half = Configuration(c.tokens, Layered([[[1, 2], [2, 5]]], 1, P=P))  # α = 1 halves the way
    assert layers(half, 2)[1][0][1] == (Q(7, 10), Q(7, 20))
    skew = Configuration(c.tokens, Layered([[[1, 2], [2, 5]]], P=[[0, Q(1, 2)], [0, 0]]))
    assert layers(skew, 2)[1][0][1] == (Q(3, 2), 0)


@pytest.mark.parametrize(
    "model",
    [
        Layered([[[1]]]),
        Layered([[[1]], [[Q(1, 2)]]], 3, "smallest"),
        Layered([[[2]]], HarmonicStep(2, 2), P=[[Q(1, 3)]]),
        Layered([[[2]]], GeometricStep(Q(1, 2), Q(1, 3)), "smallest", [[1]]),
    ],
)
def test_files_read_back(model):
    c = Configuration([[1], [Q(-1, 2)]], model)
    text = json.dumps(configuration_to_json(c))
    assert parse_configuration(text) == c
    assert hash(parse_configuration(text)) == hash(c)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"layered": {}}', "forms is null; it must be a list of matrices"),
        ('{"layered": {"forms": []}}', "forms is"),
        ('{"layered": {"forms": [[["x"]]]}}', r"forms\[0\]\[0\]\[0\] is \"x\"; a number is required"),
        ('{"layered": {"forms": [[[1, 0]]]}}', r"forms\[0\] is not 1 x 1"),
        ('{"layered": {"forms": [[[1]]], "P": [[1, 2]]}}', "P is not 1 x 1"),
        ('{"layered": {"forms": [[[1]]], "Q": 1}}', 'unknown parameter "Q"'),
    ],
)
def test_files_that_cannot_be_read(text, says):
    with pytest.raises(InputError, match=says) as caught:
        parse_configuration(f'{{"tokens": [[1], [2]], "attention": {text}}}')
    assert "\n" not in str(caught.value)


def test_a_file_takes_alpha_or_step_beside_the_tokens():
    text = '{"tokens": [[1], [2]], %s "attention": {"layered": {"forms": [[[1]]]}}}'
    assert parse_configuration(text % "").step == ListedStep([1])
    assert parse_configuration(text % '"alpha": 3,').alpha == 3
    step = parse_configuration(text % '"step": {"rule": "geometric", "first": "1/2", "ratio": 0.5},').step
    assert step == GeometricStep(Q(1, 2), Q(1, 2))
    with pytest.raises(InputError, match='unknown key "A"'):
        parse_configuration(text % '"A": [[1]],')


def test_values_that_are_not_exact_or_out_of_range_are_refused():
    with pytest.raises(ExactnessError, match=r"is 0\.5 of type float"):
        Layered([[[0.5]]])
    with pytest.raises(InputError, match="forms is empty"):
        Layered([])
    with pytest.raises(InputError, match="follow is 'best'"):
        Layered([[[1]]], follow="best")


def test_hypotheses_are_about_every_form():
    assert Layered([[[1]], [[2]]]).hypotheses() == {"spd": True}
    assert Layered([[[1]], [[0]]]).hypotheses() == {"spd": False}
    assert Layered([[[-1]]], follow="smallest").hypotheses() == {"spd": True}
    assert Layered([[[1, 1], [0, 1]]]).hypotheses() == {"spd": False}


def test_nothing_is_proved_of_layers_that_differ_nor_of_steps_without_a_rule():
    c = Configuration([[1], [-1]], Layered([[[1]], [[2]]]))
    assert isinstance(decide(c), Undecided)
    result = prove(c)
    assert result.verdict == "verified"  # hulls are nested at the layers that are computed, and no more is claimed
    assert set(result.findings) == {"frank_wolfe.hulls_preconditioned"}
    for step in (GeometricStep(Q(1, 2), Q(1, 2)), ListedStep([Q(1, 2), Q(1, 3)])):
        outcome = decide(Configuration([[1], [-1], [Q(1, 2)]], None, step))
        assert isinstance(outcome, Undecided)
        assert "neither constant nor harmonic" in outcome.reason
