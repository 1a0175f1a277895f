import numpy as np
from hardmax.kernels.registry import load
from hardmax.kernels.protocol import to_numpy

kernel = load('first_maximiser.py:step')
tokens = np.array([[[-181], [790], [-276]]], dtype="float64")
A = np.array([[float("nan")]], dtype="float64")
native, form = (kernel.arrays_for(values, "float64") for values in (tokens, A))
found = to_numpy(kernel.step(native, form, float("1.0")))
assert not np.isfinite(found[0, 0]).all(), found
