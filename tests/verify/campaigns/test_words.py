"""A configuration in words: everything that makes it another one than A = I and alpha = 1 is said."""

from fractions import Fraction

import pytest

from hardmax.kernels import Configuration
from hardmax.kernels.exact.hardmax import Hardmax
from hardmax.kernels.exact.layered import Layered
from hardmax.kernels.exact.step import GeometricStep, HarmonicStep, ListedStep
from hardmax.verify.campaigns.words import configuration_words

I2, HALF = [(1, 0), (0, 1)], Fraction(1, 2)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Hardmax(I2, 1), ""),
        (Hardmax([(2, 0), (0, HALF)], HALF), ", A = (2, 0) (0, 1/2), alpha = 1/2"),
        (Hardmax(I2, HarmonicStep(2, 3), "smallest"), ", lambda_k = 2/(k + 3), tokens follow the smallest scores"),
        (Hardmax(I2, GeometricStep(HALF, HALF)), ", lambda_k = 1/2 * (1/2)^k"),
        (Hardmax(I2, ListedStep([HALF] * 7)), f", lambda_k = {'1/2, ' * 6}…, the last one for ever"),
        (
            Layered([I2, [(2, 0), (0, 2)]], P=[(HALF, 0), (0, 1)]),
            ", a model of kind layered, forms = [(1, 0) (0, 1)] [(2, 0) (0, 2)], P = (1/2, 0) (0, 1), "
            "lambda_k = 1, the last one for ever",
        ),
    ],
)
def test_tokens_and_model_in_one_line(model, said):
    assert configuration_words(Configuration(I2, model)) == f"tokens (1, 0) (0, 1){said}"
