"""Softmax layers: the model as data, its layers enclosed by balls, and as floats with an error bound.

`model` is what files and records hold, `enclosure` computes layers rigorously, `float_layer` in NumPy or torch. The
mathematics is in verify/theory/SOFTMAX.md. Imports `kernels.exact` only.
"""
