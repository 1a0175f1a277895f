"""Certificates about tokens of which only the inner products are known (CERTIFICATE.md, section 14)."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from . import dynamics, frozen, itinerary
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

    layers = Combinations(problem, G)
    known = itinerary.follow(layers, certificate["itinerary"], 0)
    leaders = [{"token": i, "layer": k} for i, k in sorted(known.leaders.items())]
    must(certificate["leaders"] == leaders, "leaders", certificate["leaders"], f"they are {leaders}")

    points, common = integers([combination(entry, n) for entry in entries], len(entries), n, "cluster points")
    ascending(points, "cluster points")
    converges, positions = frozen.derive(layers, known, proof, [*points], common)
    if not positions:
        return dict(zip(CLAIMS, (converges, False, False, False), strict=True))

    at_leaders = all(positions.keys() >= {i for i, _ in weights} for weights in proof["weights"])
    placed = at_leaders and all(layers.scores(s, [s]) > [0] for s in points)
    return dict(zip(CLAIMS, (converges, True, placed or None, placed or None), strict=True))


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

    full = [[*row, *[Fraction(0)] * (m - len(row))] for row in rows]
    (w,), of_weights = integers([weights], 1, m, "factor, weights")
    whole, of_rows = integers(full, n, m, "factor, rows")
    R = [x[: len(row)] for x, row in zip(whole, rows, strict=True)]

    scale = of_weights * of_rows**2
    beside, diagonal = [0] * n, [0] * n
    for i, row in enumerate(R):
        weighted = [*map(int.__mul__, w, row)]
        for j in range(i):
            rest = abs(scale * G[i][j] - unit * dot(weighted, R[j]))
            beside[i] += rest
            beside[j] += rest
        diagonal[i] = scale * G[i][i] - unit * dot(weighted, row)
    for i, rest in enumerate(diagonal):
        must(rest >= beside[i], "factor", f"row {i}", "what it leaves of G is not diagonally dominant")


class Combinations(dynamics.Dynamics):
    """The layers of the coefficients: tokens start at unit vectors, and score by G."""

    def __init__(self, problem: dict[str, Any], G: Matrix) -> None:
        n, zero, one = len(G), Fraction(0), Fraction(1)
        first: dict[int, list[int]] = {}
        tokens = []
        for i in range(n):
            places = first.setdefault(G[i][i], [])
            place = next((j for j in places if G[i][j] == G[i][i]), i)
            if place == i:
                places.append(i)
            tokens.append([one if j == place and G[i][i] else zero for j in range(n)])
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
