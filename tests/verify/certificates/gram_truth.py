"""Whether a *Gram* certificate is right whose tokens all lead or follow a leader alone, by plain rationals.

It shares nothing with the checker: the first tokens are unit vectors, everything is a `Fraction`, every layer and every
score is computed anew, and a matrix is semidefinite if elimination never meets a negative pivot.
"""

from fractions import Fraction as Q
from itertools import pairwise
from typing import Any

Document = dict[str, Any]


def semidefinite(G: list[list[Q]]) -> bool:
    """By symmetric elimination: a pivot 0 has nothing beside it."""
    rest = [[*row] for row in G]
    for k, row in enumerate(rest):
        if row[k] < 0 or (row[k] == 0 and any(row[k + 1 :])):
            return False
        for i in range(k + 1, len(rest)):
            if row[k]:
                c = rest[i][k] / row[k]
                rest[i] = [x - c * y for x, y in zip(rest[i], row, strict=True)]
    return True


def is_right(c: Document) -> bool:
    """Whether G is a Gram matrix and everything else is so, but for the factor, which only has to show it."""
    try:
        return _is_right(c)
    except (ValueError, ZeroDivisionError, IndexError, KeyError, TypeError):
        return False


def _is_right(c: Document) -> bool:
    problem, proof = c["problem"], c["proof"]
    G = [[Q(x) for x in row] for row in problem["gram"]]
    n, w = len(G), problem["multiplicities"]
    if any(len(row) != n for row in G) or G != [[*column] for column in zip(*G, strict=True)] or not semidefinite(G):
        return False
    if len(w) != n or min(w) < 1:
        return False
    step = problem["step"]
    alpha = Q(step["alpha"]) if step["rule"] == "constant" else None
    if alpha is not None and alpha <= 0:
        return False

    def score(x: list[Q], y: list[Q]) -> Q:
        return sum((x[p] * G[p][q] * y[q] for p in range(n) for q in range(n) if x[p] and y[q]), Q(0))

    Z = []
    for i in range(n):
        first = next(j for j in range(n) if G[j][j] == G[i][j] == G[i][i])
        Z.append([Q(p == first and G[i][i] != 0) for p in range(n)])
    claimed: list[list[int] | None] = [None] * n
    leaders: dict[int, int] = {}
    k, sets = 0, []
    for number, phase in enumerate(c["itinerary"]):
        tokens = [i for i, _ in phase["sets"]]
        if phase["first"] != k or phase["layers"] < 1 or phase["jumps"] or any(i >= j for i, j in pairwise(tokens)):
            return False
        if not tokens or (number == 0 and tokens != [*range(n)]):
            return False
        for i, C in phase["sets"]:
            if claimed[i] == C:
                return False
            claimed[i] = C
        for _ in range(phase["layers"]):
            scores = [[score(x, y) for y in Z] for x in Z]
            sets = [[j for j in range(n) if row[j] == max(row)] for row in scores]
            if sets != claimed:
                return False
            leaders = {i: k for i, C in enumerate(sets) if C == [i]} | leaders
            rate = alpha / (1 + alpha) if alpha is not None else Q(step["numerator"], k + step["offset"])
            if not 0 < rate <= 1:
                return False
            before, Z = (
                Z,
                [
                    [
                        (1 - rate) * x + rate * sum((w[j] * Z[j][p] for j in C), Q(0)) / sum(w[j] for j in C)
                        for p, x in enumerate(z)
                    ]
                    for z, C in zip(Z, sets, strict=True)
                ],
            )
            k += 1
    if rate == 1:
        return False
    rules = ["leader" if C == [i] else "R1" if len(C) == 1 and sets[C[0]] == C else "" for i, C in enumerate(sets)]
    limits = [before[C[0]] for C in sets]
    points = sorted({tuple(s) for s in limits})
    stated = [[(p, Q(x)) for p, x in point] for point in c["cluster_points"]]
    return (
        proof["rules"] == rules
        and proof["layer"] == k - 1
        and proof["freeze_layer"] == c["itinerary"][-1]["first"]
        and c["leaders"] == [{"token": i, "layer": leaders[i]} for i in sorted(leaders)]
        and stated == [[(p, x) for p, x in enumerate(s) if x] for s in points]
        and [points[p] for p in proof["limits"]] == [tuple(s) for s in limits]
        and len(proof["weights"]) == len(points)
        and all(_weighs(pairs, s, leaders, before) for pairs, s in zip(proof["weights"], points, strict=True))
        and all(verdict in (None, "verified") for verdict in c["claims"].values())
        and any(c["claims"].values())
        and all(score([*s], [*s]) > 0 for s in points)
    )


def _weighs(pairs: list[Any], s: tuple[Q, ...], leaders: dict[int, int], Z: list[list[Q]]) -> bool:
    """Whether convex weights over leaders give a point."""
    tokens, x = [i for i, _ in pairs], [Q(v) for _, v in pairs]
    whole = tokens == sorted(set(tokens)) and set(tokens) <= leaders.keys() and min(x) > 0 and sum(x) == 1
    return whole and all(sum(v * Z[i][p] for i, v in zip(tokens, x, strict=True)) == s[p] for p in range(len(s)))
