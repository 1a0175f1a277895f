"""Certificates about all steps α at once (CERTIFICATE.md, section 15): pieces of the half-line, one itinerary each."""

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from . import small_steps
from .exact import Matrix, integers
from .polynomials import Poly, Root, minus, plus, product
from .reading import POINT, OneOf, OrNull, ascending, must
from .step_places import Cell, Point

END = {"polynomial": [Fraction], "between": [Fraction, Fraction]}
FROZEN = {
    "itinerary": [{"first": int, "sets": [[int, [int]]]}],
    "layer": int,
    "rules": [{"leader", "stationary", "R1", "R2", "R3"}],
    "leaders": [{"token": int, "layer": int}],
}
SMALL = {
    **FROZEN,
    "rules": [{"leader", "stationary", "R1", "R2", "open"}],
    "leaders": [int],
    "fineness": int,
}
PIECES, ALL = "steps.pieces", "steps.all"
SHAPE = {
    "problem": {"tokens": [POINT], "A": [POINT], "multiplicities": [int]},
    "claims": {PIECES: OrNull({"verified"}), ALL: OrNull({"verified"})},
    "pieces": [
        {
            "from": END,
            "to": OrNull(END),
            "sample": Fraction,
            "proof": OrNull(OneOf("kind", {"frozen": FROZEN, "small steps": SMALL})),
        }
    ],
}

Vectors = Sequence[Sequence[Poly]]


def derive(certificate: dict[str, Any]) -> dict[str, bool | None]:
    """Whether every proof of a piece is one; and whether there is one for every piece, with no gap up to ∞."""
    problem = certificate["problem"]
    tokens, w = problem["tokens"], problem["multiplicities"]
    must(tokens, "tokens", "none", "there is one at least")
    n, d = len(tokens), len(tokens[0])
    Z, unit = integers(tokens, n, d, "tokens")
    fit = len({*Z}) == n and all(map(any, Z))
    must(fit, "tokens", f"{n} tokens", "they have to be distinct and not zero")
    A, _ = integers(problem["A"], d, d, "A")
    must(positive_definite(A), "A", A, "it is not symmetric positive definite")
    must(len(w) == n and min(w) > 0, "multiplicities", w, f"{n} numbers >= 1 are needed")

    pieces = certificate["pieces"]
    must(pieces, "pieces", "none", "there is one at least")
    for number, piece in enumerate(pieces):
        following: Any = pieces[number + 1] if number + 1 < len(pieces) else None
        where = f"piece {number}"
        start: Any = piece["from"]
        end: Any = piece["to"]
        if following is None:
            must(end is None, where, end, "the last piece has no upper end")
        else:
            alternate = (start == end) != (following["from"] == following["to"])
            must(end == following["from"] and alternate, where, end, "points and intervals alternate, end to end")
        low = Root(start["polynomial"], start["between"], f"{where}, from")
        high = None if end is None else Root(end["polynomial"], end["between"], f"{where}, to")
        place = Point(low, piece["sample"], where) if start == end else Cell(low, high, piece["sample"], where)
        if piece["proof"] is None:
            continue
        run = Run(Z, unit, A, w, place, where)
        if piece["proof"]["kind"] == "frozen":
            run.must_prove(piece["proof"])
        else:
            at_0 = start["between"] == [0, 0] and end and len({*end["between"]}) == 1
            must(at_0, where, "small steps", "that is a proof for 0 < alpha < a, a rational")
            run.must_prove_small(piece["proof"], max(piece["to"]["between"]))
    everywhere = all(piece["proof"] is not None for piece in pieces)
    return {PIECES: True, ALL: True if everywhere else None}


def positive_definite(A: Sequence[Sequence[int]]) -> bool:
    """Whether a matrix is symmetric with positive pivots."""
    rows = [[Fraction(x) for x in row] for row in A]
    symmetric = rows == [[*column] for column in zip(*rows, strict=True)]
    while rows and rows[0][0] > 0:
        first, *rest = rows
        rows = [[x - row[0] * y / first[0] for x, y in zip(row[1:], first[1:], strict=True)] for row in rest]
    return symmetric and not rows


class Run:
    """The layers over one piece."""

    def __init__(self, Z: Matrix, unit: int, A: Matrix, w: list[int], place: Cell | Point, where: str) -> None:
        self.A, self.w, self.place, self.where = A, w, place, where
        self.Z: Vectors = [[[x] if x else [] for x in row] for row in Z]
        self.n = len(Z)
        self.scale: Poly = [unit]

    def must_prove(self, proof: dict[str, Any]) -> None:
        """Refuse unless the itinerary is this one, for ever."""
        sets, leaders = self.follow(proof)
        claimed = [{"token": i, "layer": k} for i, k in sorted(leaders.items())]
        must(proof["leaders"] == claimed, f"{self.where}, leaders", proof["leaders"], f"they are {claimed}")
        self.must_stay(sets, proof["rules"])

    def must_prove_small(self, proof: dict[str, Any], a: Fraction) -> None:
        """Refuse unless these lead for every α in (0, a): the first layers as ever, the others by enclosures."""
        sets, _ = self.follow(proof)
        self.must_stay(sets, proof["rules"])
        kept = {i for i, rule in enumerate(proof["rules"]) if rule != "open"}
        flow = small_steps.Flow(self.A, self.w, a, proof["fineness"])
        leaders = sorted(flow.leaders(small_steps.enclosures(self.Z, self.scale), sets, kept))
        must(proof["leaders"] == leaders, f"{self.where}, leaders", proof["leaders"], f"they are {leaders}")

    def follow(self, proof: dict[str, Any]) -> tuple[list[tuple[int, ...]], dict[int, int]]:
        """The sets at the last layer, and the first layer at which each leader leads; refused if they are others."""
        phases, last = proof["itinerary"], proof["layer"]
        firsts = [phase["first"] for phase in phases]
        ascending([*firsts, last + 1], f"{self.where}, phases")
        must(phases and firsts[0] == 0, f"{self.where}, phases", firsts, "they start at layer 0")
        starts = {phase["first"]: phase for phase in phases}
        sets: list[Any] = [None] * self.n
        leaders: dict[int, int] = {}
        kept: dict[int, tuple[int, ...]] = {}
        for k in range(last + 1):
            if k:
                self.Z = self.next(self.Z, sets)
            if k in starts:
                changes = starts[k]["sets"]
                ascending([i for i, _ in changes] + [self.n], f"{self.where}, tokens of sets")
                must(changes, f"{self.where}, phases", f"one from layer {k}", "it changes no set")
                for i, C in changes:
                    must(sets[i] != tuple(C), f"{self.where}, phases", C, "it is no change")
                    sets[i] = tuple(C)
                must(None not in sets, f"{self.where}, phases", "fewer sets than tokens", "each token has one")
            for i, C in enumerate(sets):
                if kept.get(i) != C:
                    self.must_follow(i, C, k)
            leaders |= {i: k for i, C in enumerate(sets) if C == (i,) and i not in leaders}
            kept |= {i: C for i, C in enumerate(sets) if len(C) == 1 and C[0] in leaders}  # by Lemma 1 and rule R1
        return sets, leaders

    def scores(self, x: Sequence[Poly], points: Vectors) -> list[Poly]:
        """xᵀAy for every y among the points, times a positive number."""
        image = [total([scaled(a, v) for a, v in zip(column, x, strict=True)]) for column in zip(*self.A, strict=True)]
        return [
            self.place.reduced(total([product(h, y) for h, y in zip(image, point, strict=True)])) for point in points
        ]

    def must_follow(self, i: int, C: tuple[int, ...], k: int) -> None:
        """Refuse unless C is the follow set of token i: tied with each other, ahead of all others."""
        ascending([*C, self.n], f"{self.where}, sets")
        must(C, f"{self.where}, sets", C, "no follow set is empty")
        scores = self.scores(self.Z[i], self.Z)
        for j, score in enumerate(scores):
            gap = minus(scores[C[0]], score)
            holds = not gap if j in C else gap and self.place.sign(gap) > 0
            must(holds, f"{self.where}, layer {k}, follow set of token {i}", C, f"the score for {j} is against it")

    def sums(self, Z: Vectors, C: tuple[int, ...]) -> list[Poly]:
        """Σ w_j z_j over C."""
        return [total([scaled(self.w[j], Z[j][a]) for j in C]) for a in range(len(self.A))]

    def weight(self, C: tuple[int, ...]) -> int:
        """Σ w_j over C."""
        return sum([self.w[j] for j in C])

    def next(self, Z: Vectors, sets: Sequence[tuple[int, ...]]) -> list[list[Poly]]:
        """The next layer times L (1 + α) u: Z_i ← L u Z_i + (L/W_i) v Σ w_j Z_j."""
        L = math.lcm(*map(self.weight, sets))
        self.scale = scaled(L, product(self.scale, plus(self.place.u, self.place.v)))
        rows = []
        for z, C in zip(Z, sets, strict=True):
            share, pull = L // self.weight(C), self.sums(Z, C)
            rows.append(
                [
                    self.place.reduced(
                        plus(scaled(L, product(self.place.u, x)), scaled(share, product(self.place.v, y)))
                    )
                    for x, y in zip(z, pull, strict=True)
                ]
            )
        return rows

    def must_stay(self, sets: Sequence[tuple[int, ...]], rules: list[str]) -> None:
        """Refuse unless each token has a rule that keeps its set for ever."""
        where = f"{self.where}, rules"
        must(len(rules) == self.n, where, rules, f"{self.n} are needed")
        F = {i for i, C in enumerate(sets) if C == (i,)}
        must(F == {i for i, rule in enumerate(rules) if rule == "leader"}, where, rules, f"the leaders are {sorted(F)}")
        resting = {i for i, rule in enumerate(rules) if rule == "stationary"}
        while found := {i for i in resting - F if F >= {*sets[i]} - {i} and self.is_mean(i, sets[i])}:
            F |= found
        must(resting <= F, where, rules, f"at rest are {sorted(F)}")
        for i, rule in enumerate(rules):
            if rule in ("R1", "R2"):
                must(F.issuperset(sets[i]), where, f"{rule} for token {i}", "it follows others")
            if rule == "R1":
                ahead = sets[i][0]
                must(sets[ahead] == sets[i] == (ahead,), where, f"R1 for token {i}", "it follows no single leader")
            if rule == "R2":
                scores = self.scores(self.sums(self.Z, sets[i]), self.Z)
                self.must_lead(scores, sets[i], f"{where}, R2 of token {i}")
        if "R3" in rules:
            self.must_stay_by_tables(sets, [i for i, rule in enumerate(rules) if rule == "R3"], F)

    def is_mean(self, i: int, C: tuple[int, ...]) -> bool:
        """Whether z_i is the mean of C."""
        return [scaled(self.weight(C), x) for x in self.Z[i]] == self.sums(self.Z, C)

    def must_lead(self, scores: list[Poly], C: tuple[int, ...], where: str) -> None:
        """Refuse unless all of C have the same score, and no token a greater one."""
        for j, score in enumerate(scores):
            gap = minus(scores[C[0]], score)
            must(not gap or (j not in C and self.place.sign(gap) > 0), where, C, f"the score for {j} is against it")

    def must_stay_by_tables(self, sets: Sequence[tuple[int, ...]], tokens: list[int], F: set[int]) -> None:
        """Rule R3: the sign tables of section 4, with polynomials for numbers."""
        L = math.lcm(*map(self.weight, sets))
        shares = {i: Counter([L]) for i in F}
        while waiting := {*range(self.n)} - shares.keys():
            ready = [i for i in waiting if {*sets[i]} - {i} <= shares.keys()]
            must(ready, f"{self.where}, R3", "a follow graph with a cycle", "it needs one without")
            for i in ready:
                own: Counter[int] = Counter()
                for j in {*sets[i]} - {i}:
                    own |= shares[j]
                own[L // self.weight(sets[i]) * self.w[i] if i in sets[i] else 0] += 1
                shares[i] = own
        u, v, alpha, layers = self.place.u, self.place.v, self.place.sample, [self.Z]
        for i in tokens:
            ahead = sets[i][0]
            for other in {*range(self.n)} - {ahead}:
                orders: Counter[tuple[int, int]] = Counter()
                for s, p in shares[i].items():
                    for t, q in (shares[ahead] | shares[other]).items():
                        orders |= Counter({(s + t, s * t): p + q - 1})
                shifts = sorted(orders.elements(), key=lambda st: (L * L + L * st[0] * alpha + st[1] * alpha**2, st))
                while len(layers) < len(shifts):
                    layers.append(self.next(layers[-1], sets))
                F_s = [minus(*self.scores(Z[i], [Z[ahead], Z[other]])) for Z in layers[: len(shifts)]]
                for s, t in shifts:
                    holds = not F_s[0] or (other not in sets[i] and self.place.sign(F_s[0]) > 0)
                    must(
                        holds,
                        f"{self.where}, R3: scores of token {i}",
                        f"{ahead} and {other}",
                        "the table does not show it",
                    )
                    square = scaled(L * L, product(u, u))
                    sigma = plus(square, plus(scaled(L * s, product(u, v)), scaled(t, product(v, v))))
                    F_s = [minus(y, self.place.reduced(product(sigma, x))) for x, y in pairwise(F_s)]


def scaled(c: int, f: Poly) -> Poly:
    """c f, with zeros at the end if c = 0."""
    return [c * x for x in f]


def total(polys: Sequence[Poly]) -> Poly:
    """The sum."""
    result: Poly = []
    for f in polys:
        result = plus(result, f)
    return result
