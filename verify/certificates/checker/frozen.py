"""Proofs of the kind `frozen` (CERTIFICATE.md, section 5): the sets of the last layer hold for ever."""

from typing import Any

from .constant_sets import rules_at
from .dynamics import Dynamics
from .exact import Vector, convex
from .itinerary import Itinerary
from .reading import WEIGHTS, must

SHAPE = {
    "freeze_layer": int,
    "layer": int,
    "rules": [{"leader", "stationary", "R1", "R2", "R3"}],
    "limits": [int],
    "weights": [WEIGHTS],
}


def derive(
    dynamics: Dynamics, itinerary: Itinerary, proof: dict[str, Any], points: list[Vector], unit: int
) -> tuple[bool | None, dict[int, Vector]]:
    """Whether all tokens converge to the cluster points `points` / unit, and the position of each leader."""
    last, sets = itinerary.last, itinerary.sets
    rules, r, F = rules_at(dynamics, last, sets)

    claimed, derived = (proof["freeze_layer"], proof["layer"]), (itinerary.freeze_layer, last.k)
    a, b = dynamics.rate(last.k)
    must(claimed == derived and a < b, "layers", claimed, f"{derived} is right, with a step below 1")
    must(proof["rules"] == rules, "rules", proof["rules"], f"they are {rules}")
    if "R3" in rules:
        itinerary.tables.prove(sets, last)

    limits = proof["limits"]
    numbering = len(limits) == dynamics.n and {*limits} == {*range(len(points))}
    must(numbering, "limits", limits, "that is no numbering")
    positions = [points[p] for p in limits]
    for i, x in enumerate(positions):
        if i in F:
            W, sums = last.D, [unit * y for y in last.N[i]]
        else:
            W, sums = dynamics.total(positions, sets[i])
        must(sums == [W * y for y in x], "limits", f"{limits[i]} for token {i}", "it is another point")

    at_rest = {i: positions[i] for i in F if r[i] == i}
    must(len(proof["weights"]) == len(points), "weights", len(proof["weights"]), f"{len(points)} are needed")
    for p, weights in enumerate(proof["weights"]):
        convex(weights, at_rest, points[p], f"weights of cluster point {p}")
    return True, {i: positions[i] for i in itinerary.leaders}
