import numpy as np
from hardmax.kernels.registry import load

kernel = load('first_maximiser.py:step')
tokens = np.array([[[0.0, 1.0], [1.0, 0.0]]], dtype="float64")  # 1 x 2 x 2
A = np.array([[0.0, 0.0], [0.0, 0.0]], dtype="float64")
alpha = 1.0
tokens = kernel(tokens, A, alpha)
expected = np.array([0.25, 0.75], dtype="float64")  # exactly (1/4, 3/4)
error = np.abs(tokens[0, 0] - expected).max()
assert error <= 2.1649368038431905e-15, f"off by {error}: {tokens[0, 0]} in place of {expected}"
