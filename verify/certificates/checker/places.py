"""Places of the cluster points relative to K, the hull of the leaders' positions (CERTIFICATE.md, section 7)."""

from operator import add, sub
from typing import Any

from .dynamics import Dynamics
from .exact import Vector, convex, dot, integers, times
from .reading import POINT, WEIGHTS, OneOf, OrNull, must, refuse

PRIME = 2**61 - 1
NORMAL = OrNull(POINT)
KINDS = {
    "vertex": {"leader": int},
    "interior": {"weights": WEIGHTS},
    "projection": {"weights": WEIGHTS, "normal": NORMAL},
    "neither": {"weights": WEIGHTS, "normal": NORMAL},
    "outside": {"normal": NORMAL},
}
SHAPE = OrNull(OneOf("kind", KINDS))

Leaders = dict[int, Vector]
"""The position of each leader, over the same denominator as the cluster points."""


def must_lie(dynamics: Dynamics, place: dict[str, Any] | None, s: Vector, leaders: Leaders, where: str) -> None:
    """Refuse unless the cluster point s has this place."""
    if place is None:
        refuse(where, "no place", "there are leaders, so it needs one")
    kind = place["kind"]
    if kind == "vertex":
        must(leaders.get(place["leader"]) == s, where, f"vertex {place['leader']}", "there is no such leader")
    if "weights" in place:
        convex(place["weights"], leaders, s, where)
    if kind == "interior":
        must_span([leaders[i] for i, _ in place["weights"]], dynamics.d, where)
    if "normal" in place:
        must_support(dynamics, place, s, leaders, where)


def must_span(points: list[Vector], d: int, where: str) -> None:
    """Refuse unless the points span R^d affinely: independent modulo a prime is independent."""
    rows = [[x % PRIME for x in map(sub, point, points[0])] for point in points]
    for c in range(d):
        row = next((row for row in rows if row[c]), None)
        if row is None:
            refuse(where, "interior", f"its leaders lie in a hyperplane modulo {PRIME}")
        inverse = pow(row[c], -1, PRIME)
        pivot = [inverse * x for x in row]
        rows = [[(x - row[c] * y) % PRIME for x, y in zip(row, pivot, strict=True)] for row in rows]


def must_support(dynamics: Dynamics, place: dict[str, Any], s: Vector, leaders: Leaders, where: str) -> None:
    """Refuse unless the normal h bounds K at s (`outside`: short of s), with the right products on its face."""
    kind, h = place["kind"], place["normal"]
    if h is None:
        (h,) = times([s], dynamics.B)
    else:
        ((h,), _) = integers([h], 1, dynamics.d, where)
    must(any(h), where, "a normal", "its coordinates must be not all 0")

    heights = {i: dot(h, map(sub, v, s)) for i, v in leaders.items()}
    highest = max(heights.values())
    must(highest < 0 if kind == "outside" else highest <= 0, where, kind, "the normal shows something else")
    if kind == "outside":
        return

    g = [*map(add, times([s], dynamics.A)[0], [dot(row, s) for row in dynamics.A])]  # H s
    face = [i for i, _ in place["weights"]] if kind == "neither" else [i for i in leaders if heights[i] == 0]
    constant = not any(dot(g, map(sub, leaders[i], s)) for i in face)
    must(constant == (kind == "projection"), where, kind, "the inner products on the face show the contrary")
