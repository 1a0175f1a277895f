"""The smallest face that holds a point, proposed in floats and made exact: rounding that keeps what must hold.

Let u_j = v_j − s. A proposal says on which u_j a normal h vanishes, and that it is negative on the others. Plain
rounding would lose the equations. So h is rounded in coordinates of the orthogonal complement of those u_j, where every
integer vector is orthogonal to them, and weights are taken as they are and corrected on a basis of them.

Where no positive weights come out, floats saw too large a face: some of its u_j differ by less than floats resolve. The
question is then asked of these u_j alone, in coordinates of their own. If h_0 vanishes on a face and is negative off
it, and h does the same for a smaller face within that one, then so does c h_0 + h on the whole, for large c.

Neighbours: `cvxpy_proposals` proposes, `frame` chooses coordinates, `answers.face_record` checks what comes
out; `routes` calls.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

import numpy as np

from ..polytopes.answers import Face, face_record
from ..polytopes.cone import UnprovedError
from ..polytopes.exact_lp import Combination, IntVector, dot, eliminate
from ..polytopes.point_set import PointSet
from ..polytopes.polytope import combined
from .cvxpy_proposals import propose_face
from .frame import FloatArray, coordinates_in, frame_of, largest, unit_rows

_BITS = (10, 30, 50)
"""How finely normals are rounded, short ones first."""


def proposed_face(V: PointSet, row: IntVector, solver: str) -> Face | None:
    """The smallest face of conv V that contains s, as a solver proposes it, exact and checked; None if nothing held.

    Args:
        V: n distinct points.
        row: the homogeneous row of s ∈ V.
        solver: a name in `cvxpy_proposals.SOLVERS`.
    """
    directions = V.differences(row)
    indices, normal = list(range(V.n)), [0] * V.d
    combination = None
    while combination is None:
        within = [directions[j] for j in indices]
        if not any(map(any, within)):
            combination = Combination({0: 1}, 1)  # s is a vertex
            break
        coordinates = (frame := frame_of(within, V.d)).coordinates
        proposal = propose_face(unit_rows(coordinates), solver)
        if proposal is None or not np.isfinite([*proposal.normal, *proposal.weights]).all():
            return None
        on = [coordinates[j] for j in proposal.on]
        off = [u for j, u in enumerate(coordinates) if j not in proposal.on]
        basis, complement = eliminate(on, len(frame.basis))
        combination = _corrected(on, basis, proposal.weights[proposal.on])
        if off:
            h = _normal(complement, off, proposal.normal)
            if h is not None:  # otherwise the normal of a smaller face may do for all
                normal = combined(normal, frame.normal(h), directions)
            indices = [indices[j] for j in proposal.on]
        elif combination is None:
            return None
    try:
        return face_record(V, row, directions, indices, normal, combination)
    except UnprovedError:
        return None


def _normal(complement: Sequence[IntVector], off: Sequence[IntVector], normal: FloatArray) -> list[int] | None:
    """An integer combination of the complement near `normal` that is negative on `off`, or None."""
    if not complement:
        return None
    sizes = [largest(h) for h in complement]
    common = lcm(*sizes)
    coordinates = np.linalg.lstsq(unit_rows(complement).T, normal, rcond=None)[0]
    scale = np.abs(coordinates).max()
    if not 0 < scale < np.inf:
        return None
    for bits in _BITS:
        c = np.rint(coordinates / scale * 2.0**bits).astype(np.int64).tolist()
        c = [v * (common // size) for v, size in zip(c, sizes, strict=True)]
        rounded = [dot(c, column) for column in zip(*complement, strict=True)]
        if all(dot(rounded, u) < 0 for u in off):
            return rounded
    return None


def _corrected(directions: Sequence[IntVector], basis: Sequence[int], weights: FloatArray) -> Combination | None:
    """x with Σ x_i u_i = 0 and all x_i > 0, or None.

    Args:
        directions: u, n integer vectors.
        basis: indices of a basis of their span; elsewhere x is as proposed.
        weights: n floats with Σ weights[i] u_i ≈ 0 for the u_i divided by their largest entries.
    """
    proposed = [Fraction(w) / largest(u) for w, u in zip(weights.tolist(), directions, strict=True)]
    scale = lcm(*[w.denominator for w in proposed])
    x, den = [int(w * scale) for w in proposed], 1
    residual = [dot(x, column) for column in zip(*directions, strict=True)]
    if any(residual):
        (correction,), den = coordinates_in([directions[i] for i in basis], [residual])
        x = [den * v for v in x]
        for i, v in zip(basis, correction, strict=True):
            x[i] -= v
    return Combination(dict(enumerate(x)), den) if min(x, default=0) > 0 else None
