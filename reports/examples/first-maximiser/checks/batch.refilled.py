import numpy as np
from hardmax.kernels.registry import load
from hardmax.kernels.protocol import to_numpy

kernel = load('first_maximiser.py:step')
tokens = np.array([[[4.0, 3.0, 12.0], [0.0, -1.0, 0.0], [2.0, 0.0, 4.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [-2.0, 0.0, 1.0], [-1.0, 0.0, 2.0], [-12.0, -1.0, 4.0], [-4.0, -3.0, 12.0]], [[1.0, 12.0, 4.0], [-1.0, 0.0, 0.0], [0.0, 2.0, 1.0], [0.0, 1.0, 2.0], [2.0, 12.0, -4.0], [0.0, 4.0, -2.0], [-1.0, 0.0, 0.0], [0.0, 4.0, 12.0], [-1.0, 0.0, 0.0]], [[-12.0, -2.0, 4.0], [-2.0, 0.0, 4.0], [0.0, -1.0, 0.0], [-2.0, 0.0, 1.0], [0.0, -1.0, 0.0], [0.0, 1.0, 0.0], [-4.0, 0.0, -2.0], [-12.0, 1.0, -4.0], [-4.0, 2.0, 12.0]]], dtype="float64")  # 3 x 9 x 3
A = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], dtype="float64")
alpha = 3.0
tokens, A = (kernel.arrays_for(values, "float64") for values in (tokens, A))
held, form = tokens, A
kernel.step(held, form, alpha)
tokens = np.array([[[4.0, 3.0, 12.0], [0.0, -1.0, 0.0], [2.0, 0.0, 4.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [-2.0, 0.0, 1.0], [-1.0, 0.0, 2.0], [-12.0, -1.0, 4.0], [-4.0, -3.0, 12.0]], [[1.0, 12.0, 4.0], [-1.0, 0.0, 0.0], [0.0, 2.0, 1.0], [0.0, 1.0, 2.0], [2.0, 12.0, -4.0], [0.0, 4.0, -2.0], [-1.0, 0.0, 0.0], [0.0, 4.0, 12.0], [-1.0, 0.0, 0.0]], [[-12.0, -2.0, 4.0], [-2.0, 0.0, 4.0], [0.0, -1.0, 0.0], [-2.0, 0.0, 1.0], [0.0, -1.0, 0.0], [0.0, 1.0, 0.0], [-4.0, 0.0, -2.0], [-12.0, 1.0, -4.0], [-4.0, 2.0, 12.0]]], dtype="float64")  # 3 x 9 x 3
A = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, -2.0]], dtype="float64")
alpha = 3.0
tokens, A = (kernel.arrays_for(values, "float64") for values in (tokens, A))
held[...], form[...] = tokens, A
found = to_numpy(kernel.step(held, form, alpha))
expected = np.array([0.5, 0.25, 1.0], dtype="float64")  # exactly (1/2, 1/4, 1)
error = np.abs(found[0, 2] - expected).max()
assert error <= 2.5535153706817648e-14, f"off by {error}: {found[0, 2]} in place of {expected}"
