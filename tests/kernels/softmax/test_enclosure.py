"""Enclosures of softmax layers contain what 150 digits of mpmath say, are narrow, and notice when they are not."""

from fractions import Fraction as Q
from itertools import islice

import mpmath
import pytest

from hardmax.kernels import Configuration
from hardmax.kernels.softmax.enclosure import PrecisionError, largest
from hardmax.kernels.softmax.model import Softmax

from .plain import DIGITS, distance, number, plain_layers, random_configuration


def escapes(c, layers, bits=64):
    """The first layer of which a token lies outside its enclosure, None if there is none."""
    with mpmath.workdps(DIGITS):
        for here, Z in zip(c.dynamics().enclosed(bits), plain_layers(c, layers), strict=False):
            if any(distance(z, x) > number(here.radius) for z, x in zip(Z, here.centers, strict=True)):
                return here.index
    return None


@pytest.mark.parametrize("seed", range(30))
def test_every_layer_lies_in_its_enclosure(seed):
    c = random_configuration(seed, growing=seed % 3 == 0)
    try:
        assert escapes(c, 12) is None
    except PrecisionError:
        assert escapes(c, 12, 256) is None


def test_enclosures_of_extreme_tokens_hold():
    for scale in (Q(1, 10**400), Q(10**400)):
        tokens = [[scale * x for x in row] for row in ((1, 2), (-1, Q(1, 3)), (Q(1, 7), -1))]
        c = Configuration(tokens, Softmax([[1, 1], [0, 1]], 1, 1 / scale**2))
        assert escapes(c, 6, 128) is None
        assert next(islice(c.dynamics().precise(), 5, None)).radius < scale / 2**30


def test_sizes_beyond_floats_are_as_good_as_others():
    """The same orbit at other scales: the mean deviation must not vanish below all floats, nor overflow."""
    tokens = [[Q(1000, 1001)], [Q(-998, 999)], [Q(1, 7 * 10**12)]]

    def radii(scale):
        c = Configuration([[scale * x for x in row] for row in tokens], Softmax([[1]], 1, 8 / scale**2))
        return [here.radius / scale for here in islice(c.dynamics().enclosed(128), 20)]

    for least, r in zip(radii(Q(1)), radii(Q(1, 10**330)), strict=True):
        assert r >= least / 2
    assert max(radii(Q(10**308))) < Q(1, 2**60)


@pytest.mark.parametrize("beta", [1, 4, 16, 64])
def test_radii_do_not_grow_by_themselves(beta):
    c = random_configuration(7, n=6, betas=(beta,))
    last = next(islice(c.dynamics().precise(), 400, None))
    assert last.radius <= Q(1, 2**40) * largest(c.tokens)


def test_a_precision_that_is_too_low_is_noticed():
    c = random_configuration(3, n=6, betas=(10**6,))
    with pytest.raises(PrecisionError, match="bits are too few"):
        list(islice(c.dynamics().enclosed(16), 40))
    assert len(list(islice(c.dynamics().precise(), 40))) == 40


def test_equal_tokens_stay_equal_and_beta_0_is_the_mean():
    c = Configuration([(1, 2), (1, 2), (0, Q(1, 3))], Softmax([[0, 1], [1, 0]], 1, 3))
    for here in islice(c.dynamics().enclosed(), 20):
        assert here.centers[0] == here.centers[1]
    mean = Configuration([[1], [4]], Softmax([[1]], 1, 0), multiplicities=[2, 1])
    layer, sets = next(islice(mean.dynamics().layers(), 1, None))
    assert [[round(x * 10**9) for x in row] for row in layer.tokens()] == [[15 * 10**8], [3 * 10**9]]
    assert sets == ((0, 1), (0, 1))
