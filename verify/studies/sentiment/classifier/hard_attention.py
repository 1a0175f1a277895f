"""The hard layers of the classifier, and how the mean of the last one depends on the embeddings.

Every layer is an average with the weights of its follow sets, Z^{k+1} = P_k Z^k, so the mean over tokens is a convex
combination of the embeddings, z̄ = Σ_i c_i E_i. The weights follow from the last layer backwards,

    c^K_i = w_i / Σ w,      c^k = P_kᵀ c^{k+1},

which is all that back-propagation needs: ∂z̄/∂E_i = c_i I wherever no inner product is tied.

Neighbours: `_compiled` has the loops; `kernels.exact` is the exact form of the same layers, with which the tests
compare; `softmax_attention` is the path that the paper trains through.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .data import Bags, Ints

try:
    from . import _compiled
except ImportError:  # numba is an extra: without it the NumPy form below does the same work, slower
    _compiled = None

Floats = NDArray[np.float64]

TIE = -1
"""In place of the token that is followed: more than one is."""


@dataclass(frozen=True, slots=True)
class Pooled:
    """The mean over tokens at layer K and what it depends on.

    Args:
        mean: (m, d) z̄ of each bag.
        weights: (total,) c_i of each token of each bag, positive or zero, with sum 1 over a bag.
        slope: (m, d) ∂z̄/∂λ.
    """

    mean: Floats
    weights: Floats
    slope: Floats


@dataclass(frozen=True, slots=True)
class Clusters:
    """Who leads and who follows whom, from a float run of finitely many layers.

    Args:
        first_leader: (total,) the first layer k ≤ K with C_i(Z^k) = {i}, −1 if there is none.
        followed: (total,) the place within the bag of the token that is followed at layer K, TIE for several.
    """

    first_leader: Ints
    followed: Ints


def pool(E: Floats, bags: Bags, rate: float, depth: int) -> Pooled:
    """The mean over tokens after `depth` hard layers, with its weights and its slope in λ.

    Args:
        E: (V, d) float64 embeddings, a row a token.
        bags: m reviews.
        rate: λ in (0, 1).
        depth: K ≥ 0; 0 is the twin without attention.
    """
    if _compiled is None:
        return pool_numpy(E, bags, rate, depth)
    m, d = len(bags), E.shape[1]
    result = Pooled(np.empty((m, d)), np.empty(len(bags.tokens)), np.empty((m, d)))
    arrays = np.ascontiguousarray(E, np.float64), bags.start, bags.tokens, bags.counts
    _compiled.pool(*arrays, rate, depth, result.mean, result.weights, result.slope)
    return result


def cluster(E: Floats, bags: Bags, rate: float, depth: int) -> Clusters:
    """The leaders of layers 0 … K and the follow sets of layer K (arguments as for `pool`)."""
    if _compiled is None:
        return cluster_numpy(E, bags, rate, depth)
    result = Clusters(np.empty(len(bags.tokens), np.int64), np.empty(len(bags.tokens), np.int64))
    arrays = np.ascontiguousarray(E, np.float64), bags.start, bags.tokens, bags.counts
    _compiled.cluster(*arrays, rate, depth, result.first_leader, result.followed)
    return result


def averaging(Z: Floats, counts: Ints) -> tuple[NDArray[np.bool_], Floats]:
    """The follow sets of one layer and the weights of their means.

    Args:
        Z: (n, d) tokens.
        counts: (n,) multiplicities w.

    Returns:
        C (n, n), C[i, j] whether j ∈ C_i; and W (n, n), row i the weights w_j / Σ_{C_i} w over C_i.
    """
    scores = Z @ Z.T
    C = scores == scores.max(axis=1, keepdims=True)
    W = C * counts
    return C, W / W.sum(axis=1, keepdims=True)


def layers(E: Floats, tokens: Ints, counts: Ints, rate: float, depth: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Every layer of one review.

    Args:
        E: (V, d) embeddings.
        tokens: (n,) distinct tokens.
        counts: (n,) their multiplicities.
        rate: λ.
        depth: K.

    Returns:
        Z (K + 1, n, d) and the follow sets C (K + 1, n, n) of layers 0 … K.
    """
    Z = [E[tokens]]
    C = []
    for _ in range(depth):
        sets, W = averaging(Z[-1], counts)
        C.append(sets)
        Z.append(Z[-1] + rate * (W @ Z[-1] - Z[-1]))
    C.append(averaging(Z[-1], counts)[0])
    return np.stack(Z), np.stack(C)


def pool_numpy(E: Floats, bags: Bags, rate: float, depth: int) -> Pooled:
    """`pool` by dense matrices, one bag at a time: the form to read, and to check the compiled one with."""
    m, d = len(bags), E.shape[1]
    result = Pooled(np.empty((m, d)), np.empty(len(bags.tokens)), np.zeros((m, d)))
    for r in range(m):
        tokens, counts = bags.bag(r)
        Z = E[tokens]
        passed = []
        for _ in range(depth):
            _, W = averaging(Z, counts)
            pull = W @ Z - Z
            passed.append((W, pull))
            Z = Z + rate * pull
        c = counts / counts.sum()
        result.mean[r] = c @ Z
        for W, pull in reversed(passed):
            result.slope[r] += c @ pull
            c = (1 - rate) * c + rate * (c @ W)
        result.weights[bags.start[r] : bags.start[r + 1]] = c
    return result


def cluster_numpy(E: Floats, bags: Bags, rate: float, depth: int) -> Clusters:
    """`cluster` by dense matrices, one bag at a time."""
    first_leader, followed = [], []
    for r in range(len(bags)):
        _, C = layers(E, *bags.bag(r), rate, depth)
        alone = C.sum(axis=2) == 1
        leads = alone & np.diagonal(C, axis1=1, axis2=2)
        first_leader.append(np.where(leads.any(axis=0), leads.argmax(axis=0), -1))
        followed.append(np.where(alone[-1], C[-1].argmax(axis=1), TIE))
    return Clusters(np.concatenate(first_leader), np.concatenate(followed))


__all__ = [
    "TIE",
    "Clusters",
    "Floats",
    "Pooled",
    "averaging",
    "cluster",
    "cluster_numpy",
    "layers",
    "pool",
    "pool_numpy",
]
