import numpy as np
from hardmax.kernels.registry import load

kernel = load('first_maximiser.py:step')
tokens = np.array([[[1, 0], [0, 1]]], dtype="float64")  # 1 x 2 x 2
A = np.array([[1, 1], [1, 2]], dtype="float64")
alpha = 1.0
tokens = kernel(tokens, A, alpha)
from fractions import Fraction
expected = [Fraction(v) for v in "3/4, 1/4".split(", ")]
allowed = [1.998403350149417e-15, 1.998403350149417e-15]
error = [abs(Fraction(x) - v) for x, v in zip(tokens[0, 0].tolist(), expected)]
assert all(e <= t for e, t in zip(error, allowed)), f"{tokens[0, 0]} in place of {[*map(float, expected)]}"
