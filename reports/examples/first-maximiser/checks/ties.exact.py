import numpy as np
from hardmax.kernels.registry import load

kernel = load('first_maximiser.py:step')
tokens = np.array([[[2.0, 1.0], [1.0, 2.0], [1.0, 1.0]]], dtype="float64")  # 1 x 3 x 2
A = np.array([[1.0, 0.0], [0.0, 1.0]], dtype="float64")
alpha = 1.0
tokens = kernel(tokens, A, alpha)
expected = np.array([1.25, 1.25], dtype="float64")  # exactly (5/4, 5/4)
error = np.abs(tokens[0, 2] - expected).max()
assert error <= 4.274362456455123e-15, f"off by {error}: {tokens[0, 2]} in place of {expected}"
