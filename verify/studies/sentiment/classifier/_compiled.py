"""The hard layers of many bags, compiled: the loops behind `hard_attention`, one bag at a time.

Tokens lie as columns, Z (d, n), so that the scores of one token against all run over contiguous memory. A token whose
follow set is one leader keeps it for ever (rule R1), so only tokens not yet captured are scored again.

Needs numba; imported by `hard_attention` alone, which has the NumPy form of the same functions.
"""

# numba's decorators carry no types, and its functions are called with arrays that hard_attention has checked.
# pyright: reportUntypedFunctionDecorator=false

import numpy as np
from numba import njit

TIE = -1
"""In place of the token that is followed: more than one is."""


@njit(cache=True)
def _score(Z, i, scores):
    """scores[t] = ⟨z_i, z_t⟩ for every t; returns the largest, how often it occurs and where first."""
    d, n = Z.shape
    scores[:] = 0.0
    for c in range(d):
        x = Z[c, i]
        for t in range(n):
            scores[t] += x * Z[c, t]
    top, times, first = -np.inf, 0, 0
    for t in range(n):
        if scores[t] > top:
            top, times, first = scores[t], 1, t
        elif scores[t] == top:
            times += 1
    return top, times, first


@njit(cache=True)
def _follow(Z, captured, followed, scores):
    """Update `followed` (a token, or TIE) and `captured` for the tokens Z of one layer."""
    n = Z.shape[1]
    for i in range(n):
        if not captured[i]:
            _, times, first = _score(Z, i, scores)
            followed[i] = first if times == 1 else TIE
    for i in range(n):
        if not captured[i]:
            j = followed[i]
            captured[i] = j != TIE and followed[j] == j


@njit(cache=True)
def _step(Z, counts, followed, rate, scores, out):
    """The next layer: out = (1 − λ) Z + λ (mean of the followed tokens)."""
    d, n = Z.shape
    for i in range(n):
        j = followed[i]
        if j != TIE:
            for c in range(d):
                out[c, i] = Z[c, i] + rate * (Z[c, j] - Z[c, i])
        else:
            top, _, _ = _score(Z, i, scores)
            weight = 0.0
            for c in range(d):
                out[c, i] = 0.0
            for t in range(n):
                if scores[t] == top:
                    weight += counts[t]
                    for c in range(d):
                        out[c, i] += counts[t] * Z[c, t]
            for c in range(d):
                out[c, i] = Z[c, i] + rate * (out[c, i] / weight - Z[c, i])


@njit(cache=True)
def _pull_back(Z, counts, followed, rate, scores, after, before):
    """The weights of layer k from those of layer k + 1: before = Pᵀ after, P the averaging of the layer."""
    n = Z.shape[1]
    for i in range(n):
        before[i] = (1.0 - rate) * after[i]
    for i in range(n):
        j = followed[i]
        if j != TIE:
            before[j] += rate * after[i]
        else:
            top, _, _ = _score(Z, i, scores)
            weight = 0.0
            for t in range(n):
                if scores[t] == top:
                    weight += counts[t]
            for t in range(n):
                if scores[t] == top:
                    before[t] += rate * after[i] * counts[t] / weight


@njit(cache=True)
def pool(E, start, tokens, counts, rate, depth, mean, weights, slope):
    """Fill `mean` (m, d), `weights` (total,) and `slope` (m, d); see `hard_attention.pool`."""
    d = E.shape[1]
    for r in range(len(start) - 1):
        a, b = start[r], start[r + 1]
        n = b - a
        w = counts[a:b].astype(np.float64)
        layers = np.empty((depth + 1, d, n))
        for i in range(n):
            for c in range(d):
                layers[0, c, i] = E[tokens[a + i], c]
        followed = np.empty((depth, n), np.int64)
        captured = np.zeros(n, np.bool_)
        scores = np.empty(n)
        for k in range(depth):
            if k:
                followed[k] = followed[k - 1]
            _follow(layers[k], captured, followed[k], scores)
            _step(layers[k], w, followed[k], rate, scores, layers[k + 1])
        after, before = w / w.sum(), np.empty(n)
        for c in range(d):
            total = 0.0
            for i in range(n):
                total += after[i] * layers[depth, c, i]
            mean[r, c] = total
            slope[r, c] = 0.0
        for k in range(depth - 1, -1, -1):
            for c in range(d):
                moved = 0.0
                for i in range(n):
                    moved += after[i] * (layers[k + 1, c, i] - layers[k, c, i])
                slope[r, c] += moved / rate
            _pull_back(layers[k], w, followed[k], rate, scores, after, before)
            after, before = before, after
        weights[a:b] = after


@njit(cache=True)
def cluster(E, start, tokens, counts, rate, depth, first_leader, followed_last):
    """Fill `first_leader` and `followed_last` (total,); see `hard_attention.cluster`."""
    d = E.shape[1]
    for r in range(len(start) - 1):
        a, b = start[r], start[r + 1]
        n = b - a
        w = counts[a:b].astype(np.float64)
        Z, out = np.empty((d, n)), np.empty((d, n))
        for i in range(n):
            for c in range(d):
                Z[c, i] = E[tokens[a + i], c]
        followed = np.empty(n, np.int64)
        captured = np.zeros(n, np.bool_)
        scores = np.empty(n)
        first_leader[a:b] = -1
        for k in range(depth + 1):
            _follow(Z, captured, followed, scores)
            for i in range(n):
                if followed[i] == i and first_leader[a + i] < 0:
                    first_leader[a + i] = k
            if k < depth:
                _step(Z, w, followed, rate, scores, out)
                Z, out = out, Z
        followed_last[a:b] = followed


__all__ = ["TIE", "cluster", "pool"]
