"""Certificates about tokens of which only the inner products are known (CERTIFICATE.md, section 14)."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from math import lcm
from operator import mul
from typing import Any

from . import dynamics, frozen, gram_layers, itinerary
from .clustering import CLAIMS
from .exact import Matrix, Vector, dot, integers
from .reading import POINT, WEIGHTS, OrNull, ascending, must

SHAPE = {
    "problem": {key: dynamics.SHAPE[key] for key in ("step", "multiplicities")} | {"gram": [POINT]},
    "factor": {"weights": POINT, "rows": [POINT]},
    "claims": dict.fromkeys(CLAIMS, OrNull({"verified", "refuted"})),
    "itinerary": itinerary.SHAPE,
    "leaders": [{"token": int, "layer": int}],
    "proof": frozen.SHAPE,
    "cluster_points": [WEIGHTS],
}


def derive(certificate: dict[str, Any]) -> dict[str, bool | None]:
    """Whether each claim holds, None where that is not shown; refused if anything in the certificate is not so."""
    problem, proof, entries = certificate["problem"], certificate["proof"], certificate["cluster_points"]
    n = len(problem["gram"])
    must(n > 0, "gram", "no row", "one token is the least")
    G, unit = integers(problem["gram"], n, n, "gram")
    must(G == [*zip(*G, strict=True)], "gram", "a matrix", "it is not symmetric")
    must_be_semidefinite(G, unit, certificate["factor"])

    points, common = integers([combination(entry, n) for entry in entries], len(entries), n, "cluster points")
    ascending(points, "cluster points")
    known = by_scores if is_quick(certificate) else by_coefficients
    converges, leaders, positions = known(certificate, G, [*points], common)
    found = [{"token": i, "layer": k} for i, k in sorted(leaders.items())]
    must(certificate["leaders"] == found, "leaders", certificate["leaders"], f"they are {found}")
    if not positions:
        return dict(zip(CLAIMS, (converges, False, False, False), strict=True))

    at_leaders = all(positions.keys() >= {i for i, _ in weights} for weights in proof["weights"])
    placed = at_leaders and all(square(G, s) > 0 for s in points)
    return dict(zip(CLAIMS, (converges, True, placed or None, placed or None), strict=True))


Known = tuple[bool | None, dict[int, int], dict[int, Vector]]
"""Whether all tokens converge to the cluster points, when each leader leads first, and where it is."""


def is_quick(certificate: dict[str, Any]) -> bool:
    """Whether all tokens are said to lead or to follow a leader alone, and each layer is computed."""
    alone = {"leader", "R1"}.issuperset(certificate["proof"]["rules"])
    return alone and not any(phase["jumps"] for phase in certificate["itinerary"])


def by_scores(certificate: dict[str, Any], G: Matrix, points: list[Vector], unit: int) -> Known:
    """By scores that move from layer to layer."""
    n, zero, proof = len(G), [[Fraction(0)]], certificate["proof"]
    steps = dynamics.Dynamics(certificate["problem"] | {"tokens": zero * n, "A": zero, "follow": "largest"})
    first = [{} if p is None else {p: 1} for p in places(G)]
    known = gram_layers.follow(steps, G, first, certificate["itinerary"])
    must(not known.free, "rules", proof["rules"], f"tokens {sorted(known.free)} follow no leader alone")
    rules = ["leader" if C == (i,) else "R1" for i, C in enumerate(known.sets)]
    frozen.must_end(steps, proof, (known.freeze_layer, known.last), rules)

    limits = frozen.limits_of(proof, n, points)
    for i, x in enumerate(limits):
        own, D = known.places[known.sets[i][0]]
        right = [D * y for y in x] == [unit * own.get(p, 0) for p in range(n)]
        must(right, "limits", f"{proof['limits'][i]} for token {i}", "it is another point")
    positions = {i: limits[i] for i in known.leaders}
    frozen.must_weigh(proof, positions, points)
    return True, known.leaders, positions


def by_coefficients(certificate: dict[str, Any], G: Matrix, points: list[Vector], unit: int) -> Known:
    """By the coefficients of all tokens, as if these were the tokens."""
    layers = Combinations(certificate["problem"], G)
    known = itinerary.follow(layers, certificate["itinerary"], 0)
    converges, positions = frozen.derive(layers, known, certificate["proof"], points, unit)
    return converges, known.leaders, positions


def combination(entry: Sequence[tuple[int, Fraction]], n: int) -> list[Fraction]:
    """The coefficients of a cluster point."""
    ascending([i for i, _ in entry] + [n], "cluster points, tokens")
    row = [Fraction(0)] * n
    for i, x in entry:
        must(x != 0, "cluster points", 0, "coefficients that are 0 are left out")
        row[i] = x
    return row


def must_be_semidefinite(G: Matrix, unit: int, factor: dict[str, Any]) -> None:
    """Refuse unless G / unit − R diag(w) Rᵀ has no less on the diagonal than beside it, with w > 0."""
    weights, rows = factor["weights"], factor["rows"]
    m, n = len(weights), len(G)
    short = len(rows) == n and all(len(row) <= m for row in rows) and all(w > 0 for w in weights)
    must(short, "factor", f"{len(rows)} rows, {m} weights", f"{n} rows of at most {m}, weights above 0 are needed")

    (w,), of_weights = integers([weights], 1, m, "factor, weights")
    of_rows = lcm(*{x.denominator for row in rows for x in row})
    R = [[x.numerator * (of_rows // x.denominator) for x in row] for row in rows]

    scale = of_weights * of_rows**2
    beside, diagonal = [0] * n, [0] * n
    for i, row in enumerate(products(w, R)):
        *others, own = [scale * x - unit * y for x, y in zip(G[i], row, strict=False)]
        rest = [*map(abs, others)]
        beside = [a + x for a, x in zip(beside, [*rest, sum(rest), *[0] * (n - 1 - i)], strict=True)]
        diagonal[i] = own
    for i, rest in enumerate(diagonal):
        must(rest >= beside[i], "factor", f"row {i}", "what it leaves of G is not diagonally dominant")


def products(w: Vector, R: Matrix) -> Iterator[list[int]]:
    """The rows of R diag(w) Rᵀ up to the diagonal.

    Each column of R is one number, with its entries as digits to the base 2^(8 size), and so is a row of the product:
    its digits are less than half of the base, since that exceeds 2 Σ w times the largest square.
    """
    largest = max([abs(x) for row in R for x in row], default=0)
    size = (sum(w) * largest**2).bit_length() // 8 + 1
    half = 1 << (8 * size - 1)
    columns, halves = [0] * len(w), 0
    for i, row in enumerate(R):
        halves += half << (8 * size * i)
        columns = [c + (x << (8 * size * i)) for c, x in zip(columns, row, strict=False)] + columns[len(row) :]
        digits = (dot(map(mul, w, row), columns) + halves).to_bytes(size * (i + 1), "little")
        yield [int.from_bytes(digits[k : k + size], "little") - half for k in range(0, size * (i + 1), size)]


def places(G: Matrix) -> list[int | None]:
    """For each token the first one at its place, None for the origin."""
    first: dict[int, list[int]] = {}
    found = []
    for i, row in enumerate(G):
        same = first.setdefault(row[i], [])
        place = next((j for j in same if row[j] == row[i]), i)
        if place == i:
            same.append(i)
        found.append(place if row[i] else None)
    return found


def square(G: Matrix, x: Vector) -> int:
    """xᵀGx."""
    pairs = nonzero(x)
    return sum([c * d * G[p][q] for p, c in pairs for q, d in pairs])


class Combinations(dynamics.Dynamics):
    """The layers of the coefficients: tokens start at unit vectors, and score by G."""

    def __init__(self, problem: dict[str, Any], G: Matrix) -> None:
        n, zero, one = len(G), Fraction(0), Fraction(1)
        tokens = [[one if j == place else zero for j in range(n)] for place in places(G)]
        super().__init__(problem | {"tokens": tokens, "A": problem["gram"], "follow": "largest"})
        self._points: Any = None
        self._support: list[list[tuple[int, int]]] = []

    def scores(self, x: Vector, points: Sequence[Vector]) -> list[int]:
        """A positive multiple of score(x, y) for every y among the points: most coefficients are 0."""
        image = [0] * self.n
        for p, c in nonzero(x):
            image = [a + c * b for a, b in zip(image, self.B[p], strict=True)]
        if points is not self._points:
            self._points, self._support = points, [nonzero(y) for y in points]
        return [sum([c * image[p] for p, c in pairs]) for pairs in self._support]


def nonzero(x: Iterable[int]) -> list[tuple[int, int]]:
    """The coordinates that are not 0."""
    return [(p, c) for p, c in enumerate(x) if c]
