"""What a float kernel tells about a layer: the follow sets it found, and what floats alone prove of several layers.

Neighbours: `protocol` says which functions of a kernel give these, `bounds.rounding` turns them into proofs.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .exact.dynamics import Sets


@dataclass(frozen=True, slots=True, eq=False)
class FollowSets:
    """The follow sets of a batch at one layer, as a float kernel computed them.

    Args:
        first: (B, n) integers: the smallest j in C_i.
        count: (B, n) integers: |C_i| ≥ 1.
        tied: (T, 3) integers: rows (b, i, j), sorted, for every j in C_i of every token with |C_i| > 1.
        margin: (B, n) floats: the computed max_l ⟨z_i, z_l⟩ minus the largest computed score outside C_i, in the
            kernel's dtype; infinite if C_i holds all tokens. NaN in a configuration with a value that is not finite.
    """

    first: NDArray[np.integer]
    count: NDArray[np.integer]
    tied: NDArray[np.integer]
    margin: NDArray[np.floating]

    def sets(self, b: int) -> Sets:
        """C_i of every token i of configuration b, as ascending indices: the form of the exact kernel."""
        result: list[tuple[int, ...]] = [(int(j),) for j in self.first[b]]
        low, high = np.searchsorted(self.tied[:, 0], [b, b + 1])
        members: dict[int, list[int]] = {}
        for _, i, j in self.tied[low:high].tolist():
            members.setdefault(i, []).append(j)
        for i, row in members.items():
            result[i] = tuple(row)
        return tuple(result)

    def select(self, rows: NDArray[np.integer]) -> "FollowSets":
        """The follow sets of the configurations `rows` (ascending), renumbered 0, 1, …."""
        place = np.full(len(self.first), -1)
        place[rows] = np.arange(len(rows))
        tied = self.tied[place[self.tied[:, 0]] >= 0]
        tied = np.column_stack([place[tied[:, 0]], tied[:, 1:]])
        return FollowSets(self.first[rows], self.count[rows], tied, self.margin[rows])


class FloatProof(NamedTuple):
    """What floats alone prove about the exact dynamics of a batch over K layers: see `certify.Certified`.

    Args:
        first: (K, B, n) int32: the smallest j in C_i, each C_i being one token up to equal ones; layers outermost,
            since most configurations need few.
        frozen: (B,) the first layer at which leaders have captured all tokens, or −1.
        tokens: (B, n, d) tokens after K layers.
        error: (B, d) float64: how far they are from the exact ones at most.
        unproved: (B,) how many decisions were not proved at the layer at which the configuration was given up; its
            rows above mean something only where this is 0.
    """

    first: NDArray[np.integer]
    frozen: NDArray[np.integer]
    tokens: NDArray[np.floating]
    error: NDArray[np.float64]
    unproved: NDArray[np.integer]


def move(tokens: NDArray[np.floating], sets: FollowSets, alpha: float) -> NDArray[np.floating]:
    """z_i + λ (mean_{j ∈ C_i} z_j − z_i) for given follow sets, λ = α/(1+α) rounded to the dtype of the tokens."""
    target = np.take_along_axis(tokens, sets.first[:, :, None], axis=1)
    if len(sets.tied):
        b, i, j = sets.tied.T
        starts = np.flatnonzero(np.r_[True, (np.diff(b) != 0) | (np.diff(i) != 0)])
        totals = np.add.reduceat(tokens[b, j], starts, axis=0)
        b, i = b[starts], i[starts]
        target[b, i] = totals / sets.count[b, i, None].astype(tokens.dtype)
    rate = tokens.dtype.type(alpha / (1 + alpha))
    target -= tokens
    target *= rate
    target += tokens
    return target
