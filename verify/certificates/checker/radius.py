"""Certificates of a robustness radius (CERTIFICATE.md, section 16): how far inputs may move and nothing changes."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import isqrt
from typing import Any

from .dynamics import Dynamics, Sets
from .exact import dot
from .itinerary import visit
from .no_a import semidefinite
from .reading import POINT, OrNull, must

ITINERARY, LEADERS = "radius.itinerary", "radius.leaders"
SHAPE = {
    "problem": {"tokens": [POINT], "A": [POINT], "alpha": Fraction, "multiplicities": [int]},
    "claims": {ITINERARY: OrNull({"verified"}), LEADERS: OrNull({"verified"})},
    "follows": [[int]],
    "radius": {"tokens": Fraction, "relative": Fraction, "A": Fraction, "leaders": Fraction},
}
Vector = Sequence[Fraction]


def root_above(q: Fraction) -> Fraction:
    """A rational that is at least the square root of q, by less than a part in 2^60."""
    shift = max(0, 64 + (q.denominator.bit_length() - q.numerator.bit_length()) // 2)
    return Fraction(isqrt((q.numerator << 2 * shift) // q.denominator) + 1, 1 << shift) if q else q


def length_above(x: Vector) -> Fraction:
    """A rational that is at least the Euclidean length."""
    return root_above(sum([v * v for v in x], Fraction(0)))


def times(A: Sequence[Vector], x: Vector) -> list[Fraction]:
    """A x."""
    return [sum([a * v for a, v in zip(row, x, strict=True)], Fraction(0)) for row in A]


def derive(certificate: dict[str, Any]) -> dict[str, bool | None]:
    """Whether the itinerary stays within the radii for tokens and A, and the leaders within theirs."""
    problem, radius = certificate["problem"], certificate["radius"]
    alpha, rest = problem["alpha"], {key: problem[key] for key in ("tokens", "A", "multiplicities")}
    dynamics = Dynamics({**rest, "step": {"rule": "constant", "alpha": alpha}, "follow": "largest"})
    A: list[Vector] = problem["A"]
    symmetric = A == [[*column] for column in zip(*A, strict=True)]
    must(symmetric and all(eps >= 0 for eps in radius.values()), "A, radius", "these", "A is symmetric, radii are >= 0")
    least = [[x - radius["A"] * (i == j) for j, x in enumerate(row)] for i, row in enumerate(A)]
    must(semidefinite(least), "radius, A", radius["A"], "it is more than the least eigenvalue of A")

    ones = [Fraction(1)] * dynamics.n
    lengths = [length_above(z) for z in problem["tokens"]]
    known = [(radius["tokens"], ones), (radius["relative"], lengths)]
    if certificate["claims"][ITINERARY]:
        follow(dynamics, A, certificate["follows"], known, radius["A"], alpha / (1 + alpha))
    if certificate["claims"][LEADERS]:
        leaders_stay(dynamics, A, problem["tokens"], radius["leaders"])
    return {ITINERARY: True, LEADERS: True}


def follow(
    dynamics: Dynamics,
    A: Sequence[Vector],
    layers: list[list[int]],
    radii: list[tuple[Fraction, list[Fraction]]],
    of_A: Fraction,
    rate: Fraction,
) -> None:
    """Refuse unless each token follows the one token stated, by enough, up to the layer at which it is captured."""
    n, layer = dynamics.n, dynamics.first
    P = [[Fraction(i == j) for j in range(n)] for i in range(n)]
    captured: set[int] = set()
    for k, ahead in enumerate(layers):
        must(len(ahead) == n and max(ahead) < n, f"follows, layer {k}", ahead, f"{n} tokens are needed")
        sets: Sets = [(j,) for j in ahead]
        visit(dynamics, layer, sets)
        z = [[Fraction(x, layer.D) for x in row] for row in layer.N]
        for i in {*range(n)} - captured:
            for other in {*range(n)} - {ahead[i]}:
                where = f"layer {k}, token {i}, rival {other}"
                must_be_far(A, z, P, (i, ahead[i], other), radii, of_A, where)
        captured = {i for i, j in enumerate(ahead) if ahead[j] == j}
        layer = dynamics.next(layer, sets)
        P = [[(1 - rate) * x + rate * y for x, y in zip(P[i], P[ahead[i]], strict=True)] for i in range(n)]
    must(
        len(captured) == n, "itinerary", f"{len(layers)} layers", "a token is not captured by a leader at the last one"
    )


def must_be_far(
    A: Sequence[Vector],
    z: list[list[Fraction]],
    P: list[list[Fraction]],
    at: tuple[int, int, int],
    radii: list[tuple[Fraction, list[Fraction]]],
    of_A: Fraction,
    where: str,
) -> None:
    """Refuse unless ⟨z_i, z_j − z_l⟩ stays positive within the radii: gap − aε − bε² ≥ 0."""
    i, j, other = at
    ahead = [x - y for x, y in zip(z[j], z[other], strict=True)]
    gap = sum([x * y for x, y in zip(times(A, z[i]), ahead, strict=True)], Fraction(0))
    norm = max([sum(map(abs, row)) for row in A])
    turn = [x - y for x, y in zip(P[j], P[other], strict=True)]
    pulls: list[tuple[int, Fraction]] = []
    for p, (own, step) in enumerate(zip(P[i], turn, strict=True)):
        if own or step:
            v = [own * x + step * y for x, y in zip(ahead, z[i], strict=True)]
            pulls.append((p, length_above(times(A, v))))
    for eps, w in radii:
        a = sum([w[p] * pull for p, pull in pulls], Fraction(0))
        own_reach = sum([x * y for x, y in zip(P[i], w, strict=True)], Fraction(0))
        b = norm * own_reach * sum([abs(x) * y for x, y in zip(turn, w, strict=True)])
        must(gap - a * eps - b * eps * eps >= 0, f"radius of tokens, {where}", eps, "a smaller move may change it")
    pairs = [*zip(z[i], ahead, strict=True)]
    square = sum([(x * v + y * u) ** 2 for x, u in pairs for y, v in pairs], Fraction(0))  # |2 sym(z_i aheadᵀ)|²
    must(of_A * of_A * square <= 4 * gap * gap, f"radius of A, {where}", of_A, "a smaller change may change it")


def leaders_stay(dynamics: Dynamics, A: Sequence[Vector], tokens: list[Vector], eps: Fraction) -> None:
    """Refuse unless who leads at layer 0 does so within the radius, and all others stay in the hull of these, d = 2."""
    n = dynamics.n
    leading = [i for i, z in enumerate(dynamics.first.N) if is_first(dynamics.scores(z, dynamics.first.N), i)]
    enough = dynamics.d == 2 and len(leading) > 2
    must(enough, "radius of leaders", f"{len(leading)} leaders", "three in a plane are needed")
    P = [[Fraction(i == j) for j in range(n)] for i in range(n)]
    z = [[*map(Fraction, row)] for row in tokens]
    for i in leading:
        for other in {*range(n)} - {i}:
            must_be_far(A, z, P, (i, i, other), [(eps, [Fraction(1)] * n)], Fraction(0), f"leader {i}, rival {other}")
    edges = hull([tuple(tokens[i]) for i in leading])
    for p in {*range(n)} - {*leading}:
        for (x, y), (u, v) in edges:
            side = (u - x) * (z[p][1] - y) - (v - y) * (z[p][0] - x)
            far = side >= 0 and side * side >= 4 * eps * eps * ((u - x) ** 2 + (v - y) ** 2)
            must(far, f"radius of leaders, token {p}", eps, "it is not twice that inside the hull of the leaders")


def is_first(scores: list[int], i: int) -> bool:
    """Whether entry i is the largest, and no other one is."""
    return all(scores[i] > s for j, s in enumerate(scores) if j != i)


def hull(points: list[tuple[Any, ...]]) -> list[tuple[Any, Any]]:
    """The edges of the convex hull of points in a plane, counterclockwise."""
    ordered = sorted(points)
    chains = []
    for half in (ordered, ordered[::-1]):
        chain: list[Any] = []
        for p in half:
            while len(chain) > 1 and turns_right(chain[-2], chain[-1], p):
                chain.pop()
            chain.append(p)
        chains += chain[:-1]
    return [*pairwise([*chains, chains[0]])]


def turns_right(a: Any, b: Any, c: Any) -> bool:
    """Whether c is not to the left of the line from a to b."""
    first, second = [q - p for p, q in zip(a, b, strict=True)], [q - p for p, q in zip(a, c, strict=True)]
    return dot([first[0], -first[1]], [second[1], second[0]]) <= 0
