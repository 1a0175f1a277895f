"""Proofs of the kind `self-similar` (CERTIFICATE.md, section 6): a layer is a mapped copy of an earlier one."""

from fractions import Fraction
from typing import Any

from .dynamics import Dynamics
from .exact import Vector, dot, integers, scaled, times
from .itinerary import Itinerary
from .reading import POINT, OrNull, must, refuse

SHAPE = {
    "layer": int,
    "period": int,
    "permutation": [int],
    "Q": [POINT],
    "scale": Fraction,
    "contraction": OrNull(Fraction),
}


def derive(
    dynamics: Dynamics, itinerary: Itinerary, proof: dict[str, Any], points: list[Vector], _: int
) -> tuple[bool | None, dict[int, Vector]]:
    """Whether all tokens converge, None if that is not decided, and the position of each leader."""
    k, p, pi, c = proof["layer"], proof["period"], proof["permutation"], proof["scale"]
    n, d, w, last = dynamics.n, dynamics.d, dynamics.w, itinerary.last
    if not dynamics.constant or itinerary.kept is None or last.k != k + p - 1:
        refuse("self-similar", f"layer {k}, period {p}", "these are unknown")
    must(sorted(pi) == [*range(n)] and [w[j] for j in pi] == w, "permutation", pi, "it is none of w")

    start, sets = itinerary.kept
    _, X, D = start
    _, Y, E = dynamics.next(start, sets)
    _, Z, F = dynamics.next(last, itinerary.sets)
    Q, q = integers(proof["Q"], d, d, "Q")

    image = times([X[j] for j in pi], Q)
    must(scaled(F, image) == scaled(D * q, Z), "self-similar", "Q", "it is no image")
    form = times(times(Q, dynamics.B), [*zip(*Q, strict=True)])
    similar = c > 0 and scaled(c.denominator, form) == scaled(c.numerator * q**2, dynamics.B)
    must(similar, "self-similar", "scale", "the scores differ")

    gram, square = times(Q, [*zip(*Q, strict=True)]), dot(Q[0], Q[0])
    conformal = gram == [[square * (i == j) for j in range(d)] for i in range(d)]
    r = Fraction(square, q**2) if conformal else None
    must(proof["contraction"] == r, "self-similar", "contraction", "Q has another or none")
    must(scaled(E, X) != scaled(D, Y), "self-similar", f"layer {k}", "no token moves: use a frozen proof")

    converges = None if r is None else r < 1
    limits = [(0,) * d] if converges else []
    must(points == limits, "cluster points", len(points), "limits are others")
    return converges, {i: Z[i] for i in itinerary.leaders}
