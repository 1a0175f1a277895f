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
    must_end(dynamics, proof, (itinerary.freeze_layer, last.k), rules)
    if "R3" in rules:
        itinerary.tables.prove(sets, last)

    limits = proof["limits"]
    positions = limits_of(proof, dynamics.n, points)
    for i, x in enumerate(positions):
        if i in F:
            W, sums = last.D, [unit * y for y in last.N[i]]
        else:
            W, sums = dynamics.total(positions, sets[i])
        must(sums == [W * y for y in x], "limits", f"{limits[i]} for token {i}", "it is another point")

    must_weigh(proof, {i: positions[i] for i in F if r[i] == i}, points)
    return True, {i: positions[i] for i in itinerary.leaders}


def must_end(dynamics: Dynamics, proof: dict[str, Any], derived: tuple[int, int], rules: list[str]) -> None:
    """Refuse unless the proof has these layers, of which the last has a step below 1, and these rules."""
    claimed = proof["freeze_layer"], proof["layer"]
    a, b = dynamics.rate(derived[1])
    must(claimed == derived and a < b, "layers", claimed, f"{derived} is right, with a step below 1")
    must(proof["rules"] == rules, "rules", proof["rules"], f"they are {rules}")


def limits_of(proof: dict[str, Any], n: int, points: list[Vector]) -> list[Vector]:
    """The cluster point that is claimed for each token; refused if one is left over."""
    limits = proof["limits"]
    numbering = len(limits) == n and {*limits} == {*range(len(points))}
    must(numbering, "limits", limits, "that is no numbering")
    return [points[p] for p in limits]


def must_weigh(proof: dict[str, Any], at_rest: dict[int, Vector], points: list[Vector]) -> None:
    """Refuse unless each cluster point is the convex combination of tokens at rest that the proof states."""
    must(len(proof["weights"]) == len(points), "weights", len(proof["weights"]), f"{len(points)} are needed")
    for p, weights in enumerate(proof["weights"]):
        convex(weights, at_rest, points[p], f"weights of cluster point {p}")
