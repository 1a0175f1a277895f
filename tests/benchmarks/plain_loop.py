"""The baseline of the kernel benchmarks: one layer, token by token, as published research code has it.

Kept as it would be written in a notebook: NumPy for the inner products of one token, a Python loop over tokens.
"""

import numpy as np


def hardmax_layer(Z, A, alpha):
    """The next tokens of one set (n, d)."""
    n = Z.shape[0]
    new = np.zeros_like(Z)
    for i in range(n):
        scores = Z @ (A @ Z[i])
        followed = np.flatnonzero(scores == np.max(scores))
        new[i] = Z[i] + alpha / (1 + alpha) * (np.mean(Z[followed], axis=0) - Z[i])
    return new


def transformer(Z, A, alpha, layers):
    """The tokens of one set (n, d) after `layers` layers."""
    for _ in range(layers):
        Z = hardmax_layer(Z, A, alpha)
    return Z
