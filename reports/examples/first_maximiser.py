"""A kernel with a common mistake: `argmax` keeps one of several equal maximisers, the model averages over all."""

import numpy as np


def step(tokens, A, alpha):
    """One layer: every token moves towards the first token of largest inner product."""
    keys = np.zeros_like(tokens)
    for row in range(A.shape[0]):
        for column in range(A.shape[1]):
            keys[..., row] += A[row, column] * tokens[..., column]
    scores = np.zeros((*tokens.shape[:2], tokens.shape[1]), dtype=tokens.dtype)
    for c in range(tokens.shape[2]):
        scores += tokens[:, :, None, c] * keys[:, None, :, c]
    first = scores.argmax(axis=2)
    followed = np.take_along_axis(tokens, first[:, :, None], axis=1)
    return tokens + alpha / (1 + alpha) * (followed - tokens)
