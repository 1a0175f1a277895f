"""The true output of attention: enclosed in float64, in balls of any precision, and in rationals at β = ∞.

Job: what `verdict` and `gradients` compare a kernel's output with.

May import: `problem`, `arithmetic`, `bound`; NumPy and python-flint.
"""
