"""Snapshots of a cycle as a closed curve: leaders at any sampling rate, and what CURVES.md foretells of them.

All of it through inner products. With c_m the Fourier coefficients in time, the curve is Σ_m cos(ms) p_m + sin(ms) q_m,
and K the Gram matrix of p_1, q_1, p_2, …; a sample is a row of cosines and sines, samples have the Gram matrix Φ K Φᵀ.

Neighbours: `shedding` makes snapshots, `claims` asks.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .shedding import Shedding

HARMONICS = 24
"""Of a cycle of 120 snapshots; what is beyond is told as `tail`."""
FINE = 7200
"""Points of the cycle at which b' is looked at for zeros."""

Weight = Callable[[np.ndarray], np.ndarray]
"""Of the distance from the centre in diameters."""
WINDOWS: dict[str, Weight] = {
    "r < 3 D": lambda r: (r < 3) * 1.0,
    "r < 5 D": lambda r: (r < 5) * 1.0,
    "r < 8 D": lambda r: (r < 8) * 1.0,
    "Gaussian, 3 D": lambda r: np.exp(-(r**2) / 18),
    "exp(-r / 3 D)": lambda r: np.exp(-r / 3),
}


def velocity(flow: Shedding, weight: Weight) -> np.ndarray:
    """Snapshots whose inner products are ∫ w u·v dx: coefficients of (ψ_θ, ψ_ξ), one row each (r² cancels)."""
    xi = flow.grid.xi[: flow.psi.shape[2]]
    middle = (xi[1:] + xi[:-1]) / 2
    k = np.arange(flow.psi.shape[1])[:, None]
    ring, between = (2 * np.pi * flow.grid.h * weight(np.exp(x) / 2) for x in (xi, middle))
    twice = np.where(k == 0, 1.0, 2.0)
    along = np.diff(flow.psi, axis=2) / flow.grid.h * np.sqrt(between * twice)
    across = k * flow.psi * np.sqrt(ring * twice)
    return _real(np.concatenate([along, across], axis=2))


def vorticity(flow: Shedding, weight: Weight) -> np.ndarray:
    """Snapshots whose inner products are ∫ w ω ω' dx."""
    xi = flow.grid.xi[: flow.omega.shape[2]]
    k = np.arange(flow.omega.shape[1])[:, None]
    ring = 2 * np.pi * flow.grid.h * weight(np.exp(xi) / 2) * np.exp(2 * xi)
    return _real(flow.omega * np.sqrt(ring * np.where(k == 0, 1.0, 2.0)))


def _real(f: np.ndarray) -> np.ndarray:
    flat = f.reshape(len(f), -1)
    flat = np.concatenate([np.real(flat), np.imag(flat)], axis=1)
    return flat[:, np.abs(flat).max(axis=0) > 0]


@dataclass(frozen=True)
class Cycle:
    """A closed curve by the Gram matrix K of its harmonics.

    Args:
        K: of p_1, q_1, p_2, q_2, …; with `mean`, p_0 and a row of zeros for q_0 stand first.
        tail: share of the energy of the fluctuation beyond the harmonics.
        first: the first harmonic, 0 or 1.
    """

    K: np.ndarray
    tail: float = 0.0
    first: int = 1

    @classmethod
    def of(cls, snapshots: np.ndarray, mean: bool = False) -> "Cycle":
        """The cycle through snapshots at equal steps, one a row; the mean removed unless it is asked for."""
        n = len(snapshots)
        m = np.arange(0 if mean else 1, min(HARMONICS, (n - 1) // 2) + 1)
        s = 2 * np.pi * np.arange(n) / n
        W = np.stack([np.cos(np.outer(m, s)), np.sin(np.outer(m, s))], axis=1).reshape(-1, n) * 2 / n
        if mean:
            W[0] /= 2
        gram = snapshots @ snapshots.T
        K = W @ gram @ W.T
        centred = np.eye(n) - 1 / n
        energy = float(np.trace(centred @ gram @ centred)) / n
        kept = float(np.diagonal(K)[2 if mean else 0 :].sum()) / 2
        return cls((K + K.T) / 2, max(0.0, 1 - kept / energy), int(m[0]))

    def rows(self, s: np.ndarray, derivative: int = 0) -> np.ndarray:
        """Φ or its derivative in s: one row a sample."""
        m = np.arange(self.first, self.first + len(self.K) // 2)
        turn = np.outer(s, m) + derivative * np.pi / 2
        return (np.stack([np.cos(turn), np.sin(turn)], axis=2) * (m**derivative)[:, None]).reshape(len(s), -1)

    def product(self, s: np.ndarray, left: int = 0, right: int = 0) -> np.ndarray:
        """⟨γ^(left)(s), γ^(right)(s)⟩ at each s."""
        return np.einsum("ij,ij->i", self.rows(s, left) @ self.K, self.rows(s, right))

    def gram(self, s: np.ndarray) -> np.ndarray:
        """The Gram matrix of samples."""
        rows = self.rows(s)
        return rows @ self.K @ rows.T

    def leaders(self, n: int, phase: float = 0.0) -> np.ndarray:
        """s of the samples that lead among n at equal steps, the first at `phase` steps."""
        s = 2 * np.pi * (np.arange(n) + phase) / n
        rows = self.rows(s)
        image = rows @ self.K
        own, *beside = (np.einsum("ij,ij->i", image, np.roll(rows, k, axis=0)) for k in (0, 1, -1))
        near = np.flatnonzero(own > np.maximum(*beside))  # who does not beat its neighbours does not lead
        scores = image[near] @ rows.T
        scores[np.arange(len(near)), near] = -np.inf
        return s[near[own[near] > scores.max(axis=1)]] if len(near) else s[near]

    def shape(self, s: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """b', b'' and a."""
        b1, a = self.product(s, 0, 1), -self.product(s, 0, 2)
        return b1, self.product(s, 1, 1) - a, a

    def zeros(self) -> "list[Zero]":
        """The zeros of b', and the share that each carries."""
        s = 2 * np.pi * np.arange(FINE) / FINE
        b1 = self.shape(s)[0]
        if np.abs(b1).max() < 1e-9 * np.abs(self.product(s)).max():
            return []
        found = []
        everywhere = self.rows(s) @ self.K
        for i in np.flatnonzero((b1 < 0) != (np.roll(b1, -1) < 0)):
            lo, hi = float(s[i]), float(s[i]) + 2 * np.pi / FINE
            for _ in range(40):
                middle = (lo + hi) / 2
                lo, hi = (lo, middle) if (self.shape(np.array([middle]))[0][0] < 0) != (b1[i] < 0) else (middle, hi)
            at = np.array([lo])
            _, (b2,), (a,) = self.shape(at)
            here = self.rows(at)[0]
            best = float((everywhere @ here).max()) <= float(here @ self.K @ here) * (1 + 1e-9)
            found.append(Zero(lo, float(a / abs(b2)) if a > 0 and best else 0.0, bool(b2 < 0)))
        return found

    def predicted(self) -> float | None:
        """Σ a/|b''| over the zeros that carry leaders; None if b is constant."""
        zeros = self.zeros()
        return sum(z.share for z in zeros) if zeros else None

    def all_lead_below(self) -> int:
        """N below which all samples lead at every phase, by theorem 4: c²T/(2 max|b'|), c the chord-arc constant."""
        s = 2 * np.pi * np.arange(1440) / 1440
        G = self.gram(s)
        square = np.diagonal(G)[:, None] + np.diagonal(G)[None] - 2 * G
        apart = np.abs(s[:, None] - s[None])
        apart = np.minimum(apart, 2 * np.pi - apart)
        np.fill_diagonal(apart, 1)
        ratio = square / apart**2
        np.fill_diagonal(ratio, self.product(s, 1, 1))
        b1 = np.abs(self.shape(s)[0]).max()
        return int(ratio.min() * 2 * np.pi / (2 * b1)) if b1 > 0 else FINE


@dataclass(frozen=True)
class Zero:
    """A zero of b': where, how many leaders it carries, and whether b is largest there."""

    at: float
    share: float
    maximum: bool


def leaders_of(gram: np.ndarray) -> np.ndarray:
    """The tokens that lead at layer 0, by floats."""
    own = np.diagonal(gram).copy()
    rest = gram.copy()
    np.fill_diagonal(rest, -np.inf)
    return np.flatnonzero(own > rest.max(axis=1))


def nearest(points: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """The distance round the cycle of each point from the nearest mark, as a share of the cycle."""
    apart = np.abs(points[:, None] - marks[None]) % (2 * np.pi)
    return np.minimum(apart, 2 * np.pi - apart).min(axis=1) / (2 * np.pi)
