"""The hard layers of the classifier, and how the mean of the last one depends on the embeddings.

Every layer is an average with the weights of its follow sets, Z^{k+1} = P_k Z^k, so the mean over tokens is a convex
combination of the embeddings, z̄ = Σ_i c_i E_i. The weights follow from the last layer backwards,

    c^K_i = w_i / Σ w,      c^k = P_kᵀ c^{k+1},

which is all that back-propagation needs: ∂z̄/∂E_i = c_i I wherever no inner product is tied. All reviews go through a
layer together, in the flat arrays of their bags; only the search for who follows whom looks at one bag at a time.

Neighbours: `kernels.exact` is the exact form of the same layers, with which the tests compare; `softmax_attention` is
the path that the paper trains through.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .data import Bags, Ints

try:
    from numba import njit
except ImportError:  # an extra: without it `follow_numpy` does the same work, slower
    njit = None

Floats = NDArray[np.float64]

TIE = -1
"""In place of the token that is followed: more than one is."""


@dataclass(frozen=True, slots=True)
class FloatLayer:
    """The tokens of one layer and whom they follow.

    Args:
        Z: (total, d) the tokens of all bags.
        followed: (total,) the place in Z of the one token that is followed, TIE for several.
        tied: {token that follows several: their places, their shares w_j / Σ w}.
        pull: (total, d) P Z − Z: from each token to the mean of those that it follows.
    """

    Z: Floats
    followed: Ints
    tied: Mapping[int, tuple[Ints, Floats]]
    pull: Floats

    def back(self, c: Floats, rate: float) -> Floats:
        """(total,) the weights of this layer from those of the next: (1 − λ) c + λ Pᵀ c."""
        result = (1.0 - rate) * c
        alone = self.followed != TIE
        np.add.at(result, self.followed[alone], rate * c[alone])
        for i, (places, shares) in self.tied.items():
            result[places] += rate * c[i] * shares
        return result


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
        followed: (total,) the place in the flat arrays of the token that is followed at layer K, TIE for several.
    """

    first_leader: Ints
    followed: Ints


def layers(E: Floats, bags: Bags, rate: float, depth: int) -> Iterator[FloatLayer]:
    """Layers 0 … K of all bags.

    Args:
        E: (V, d) float64 embeddings, a row a token.
        bags: m reviews.
        rate: λ in (0, 1).
        depth: K ≥ 0; 0 is the twin without attention.
    """
    Z = E[bags.tokens]
    followed = np.full(len(Z), TIE)
    for _ in range(depth + 1):
        followed = follow(Z, bags.start, followed)
        tied = {int(i): _shares(Z, bags, i) for i in np.flatnonzero(followed == TIE)}
        means = Z.take(followed, axis=0, mode="clip")
        for i, (places, shares) in tied.items():
            means[i] = shares @ Z[places]
        yield FloatLayer(Z, followed, tied, means - Z)
        Z = Z + rate * (means - Z)


def _shares(Z: Floats, bags: Bags, i: Any) -> tuple[Ints, Floats]:
    """The places of the tokens that token i follows, and their shares of the mean."""
    start, end = bags.start[bags.rows[i] : bags.rows[i] + 2]
    scores = (Z[start:end] * Z[i]).sum(axis=1)
    places = start + np.flatnonzero(scores == scores.max())
    return places, bags.counts[places] / bags.counts[places].sum()


def pool(E: Floats, bags: Bags, rate: float, depth: int) -> Pooled:
    """The mean over tokens after `depth` hard layers, with its weights and its slope in λ (arguments: `layers`)."""
    *passed, last = layers(E, bags, rate, depth)
    c: Floats = bags.counts / bags.lengths[bags.rows]
    mean, slope = _sums(bags, c, last.Z), np.zeros((len(bags), E.shape[1]))
    for layer in reversed(passed):
        slope += _sums(bags, c, layer.pull)
        c = layer.back(c, rate)
    return Pooled(mean, c, slope)


def _sums(bags: Bags, c: Floats, Z: Floats) -> Floats:
    """(m, d) Σ c_i z_i of each bag."""
    return np.stack([np.bincount(bags.rows, c * column, len(bags)) for column in Z.T], axis=1, dtype=np.float64)


def cluster(E: Floats, bags: Bags, rate: float, depth: int) -> Clusters:
    """The leaders of layers 0 … K and whom each token follows at layer K (arguments: `layers`)."""
    first_leader = followed = np.full(len(bags.tokens), -1)
    for k, layer in enumerate(layers(E, bags, rate, depth)):
        followed = layer.followed
        leads = (followed == np.arange(len(followed))) & (first_leader < 0)
        first_leader = np.where(leads, k, first_leader)
    return Clusters(first_leader, followed)


def follow_numpy(Z: Floats, start: Ints, before: Ints) -> Ints:
    """Whom each token follows: the place of the one token with the largest inner product, TIE for several.

    Args:
        Z: (total, d) the tokens of all bags.
        start: where each bag begins, and the end.
        before: the same for the layer before. Who followed a leader alone follows it for ever (rule R1): its scores
            are not computed again.
    """
    result = before.copy()
    searched = (before == TIE) | (before[before] != before)
    for begin, end in pairwise(start):
        rows = begin + np.flatnonzero(searched[begin:end])
        scores = Z[rows] @ Z[begin:end].T
        largest = scores == scores.max(axis=1, keepdims=True)
        result[rows] = np.where(largest.sum(axis=1) == 1, begin + largest.argmax(axis=1), TIE)
    return result


def _follow_loops(columns: Any, start: Any, before: Any) -> Any:
    """`follow_numpy` as loops to compile; the tokens are columns (d, total), so that scores lie side by side."""
    result = before.copy()
    for r in range(len(start) - 1):
        begin, end = start[r], start[r + 1]
        scores = np.empty(end - begin)
        for i in range(begin, end):
            if before[i] != -1 and before[before[i]] == before[i]:
                continue
            scores[:] = 0.0
            for c in range(len(columns)):
                for t in range(end - begin):
                    scores[t] += columns[c, i] * columns[c, begin + t]
            top = -np.inf
            for t in range(end - begin):
                if scores[t] > top:
                    top = scores[t]
                    result[i] = begin + t
                elif scores[t] == top:
                    result[i] = -1
    return result


if njit is None:
    follow = follow_numpy
else:
    _compiled = njit(cache=True)(_follow_loops)

    def follow(Z: Floats, start: Ints, before: Ints) -> Ints:
        """`follow_numpy`, compiled."""
        return _compiled(np.ascontiguousarray(Z.T), start, before)
