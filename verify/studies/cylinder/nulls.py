"""What snapshots are compared with: curves and tokens that are no flow.

Neighbours: `questions` and `study` count who leads among them.
"""

import numpy as np

from .cycle import Cycle, leaders_of


def circle() -> Cycle:
    """A circle round the origin."""
    return Cycle(np.eye(2))


def shuffled(snapshots: np.ndarray, rng: np.random.Generator) -> Cycle:
    """The curve through the snapshots in another order."""
    return Cycle.of(snapshots[rng.permutation(len(snapshots))])


def phase_randomised(snapshots: np.ndarray, rng: np.random.Generator) -> Cycle:
    """Each principal coordinate with its own spectrum, and phases drawn anew."""
    values, vectors = np.linalg.eigh(snapshots @ snapshots.T)
    coordinates = vectors * np.sqrt(np.maximum(values, 0))
    spectrum = np.fft.rfft(coordinates, axis=0)
    turned = np.abs(spectrum) * np.exp(2j * np.pi * rng.random(spectrum.shape))
    turned[0] = 0
    return Cycle.of(np.fft.irfft(turned, len(snapshots), axis=0))


def gaussian(cycle: Cycle, n: int, rng: np.random.Generator) -> int:
    """How many of n Gaussian tokens with the cycle's principal variances lead."""
    values = np.maximum(np.linalg.eigvalsh(cycle.K), 0)
    drawn = rng.standard_normal((n, len(values))) * np.sqrt(values / 2)
    return len(leaders_of(drawn @ drawn.T))
