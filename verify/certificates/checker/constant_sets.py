"""Why follow sets stay as they are (CERTIFICATE.md): the sign tables of section 4 and the rules of section 5."""

import math
from collections import Counter
from itertools import pairwise
from operator import sub
from typing import NamedTuple

from .dynamics import Dynamics, Layer, Sets
from .reading import must


class Rules(NamedTuple):
    """At one layer: the first rule that applies to each token, its representative (the first twin), and the set F."""

    names: list[str]
    representative: list[int]
    at_rest: set[int]


def rules_at(dynamics: Dynamics, layer: Layer, sets: Sets) -> Rules:
    """The first of leader, stationary, R1, R2 that applies to each token, else R3."""
    N = layer.N
    first: dict[tuple[int, ...], int] = {}
    r = [first.setdefault(row, i) for i, row in enumerate(N)]
    totals = [dynamics.total(N, C) for C in sets]
    resting = [i for i, (W, sums) in enumerate(totals) if sums == [W * x for x in N[i]]]

    F = {i for i, C in enumerate(sets) if C == (i,)}
    while found := {i for i in resting if i not in F and all(j in F or r[j] == r[i] for j in sets[i])}:
        F |= found

    names = ["R3"] * dynamics.n
    for i, C in enumerate(sets):
        if i in F:
            names[i] = "leader" if C == (i,) else "stationary"
        elif F.issuperset(C):
            scores = dynamics.scores(totals[i][1], N)
            if sets[C[0]] == C[:1] == C:
                names[i] = "R1"
            elif {scores[j] for j in C} == {max(scores)}:
                names[i] = "R2"
    return Rules(names, r, F)


class Column(NamedTuple):
    """Of a sign table: token i's score for `ahead` less that for `other`, annihilated by Π (E − σ), σ ascending."""

    i: int
    ahead: int
    other: int
    tie: bool
    shifts: list[int]


def annihilators(dynamics: Dynamics, layer: Layer, sets: Sets, rules: Rules) -> dict[int, Counter[int]]:
    """The multiset a_i of each representative i."""
    _, r, F = rules
    a, b = dynamics.rate(layer.k)
    weights = [sum([dynamics.w[j] for j in C]) for C in sets]
    L = math.lcm(*weights)

    result = {i: Counter([b * L]) for i in F}
    follows = {i: {r[j] for j in sets[i]} - {i} for i in {*r} - F}
    while waiting := follows.keys() - result.keys():
        ready = [i for i in waiting if follows[i] <= result.keys()]
        must(ready, "sign tables", "a follow graph with a cycle", "they need one without")
        for i in ready:
            own: Counter[int] = Counter()
            for j in follows[i]:
                own |= result[j]
            kept = sum([dynamics.w[j] for j in sets[i] if r[j] == i])
            own[(b - a) * L + a * L // weights[i] * kept] += 1
            result[i] = own
    return result


def columns(dynamics: Dynamics, layer: Layer, sets: Sets, rules: Rules | None = None) -> list[Column]:
    """The columns of the sign tables at a layer, for the tokens that no other rule covers (as found here, or given)."""
    must(dynamics.constant, "sign tables", "a step that depends on the layer", "they need a constant one")
    rules = rules or rules_at(dynamics, layer, sets)
    multisets, result = annihilators(dynamics, layer, sets, rules), []
    representatives = {*rules.representative}
    for i in representatives - rules.at_rest:
        if rules.names[i] != "R3":
            continue
        ahead, tied = rules.representative[sets[i][0]], {rules.representative[j] for j in sets[i]}
        for other in representatives - {ahead}:
            own, both = multisets[i], multisets[ahead] | multisets[other]
            orders: Counter[int] = Counter()
            for mu, p in own.items():
                for nu, q in both.items():
                    orders |= Counter({mu * nu: p + q - 1})  # the larger one, where two products are equal
            result.append(Column(i, ahead, other, other in tied, sorted(orders.elements())))
    return result


class SignTables:
    """Proofs that the sets stay, by the signs F_1(0), …, F_r(0) of each column."""

    def __init__(self, dynamics: Dynamics) -> None:
        self._dynamics = dynamics
        self._last: tuple[Layer, list[Column], list[list[int]]] | None = None  # a jump may start where one ended

    def prove(self, sets: Sets, start: Layer, end: Layer | None = None) -> None:
        """Refuse unless the sets stay what they are from the layer `start` to the layer `end`, or for ever."""
        table = columns(self._dynamics, start, sets)
        if self._last is not None and self._last[:2] == (start, table):
            at_start = self._last[2]
        else:
            at_start = self._values(table, start, sets)
        at_end = None
        if end is not None:
            at_end = self._values(table, end, sets)
            self._last = end, table, at_end

        for c, (i, ahead, other, tie, _) in enumerate(table):
            x = at_start[c]
            if tie:
                holds = not any(x if end is None else x[: end.k - start.k + 1])
            elif at_end is None:
                holds = all(s >= 0 for s in x)  # F_1(0) > 0 says no more than the follow sets of the layer
            else:
                holds = all(s * t >= 0 for s, t in zip(x, at_end[c], strict=True))
            rule = f"{'R3' if end is None else 'jump'}: scores of token {i} for {ahead} and {other}"
            rule += f" from layer {start.k} on"
            must(holds, rule, "a tie" if tie else f"{ahead} ahead", "the table does not show it")

    def _values(self, table: list[Column], layer: Layer, sets: Sets) -> list[list[int]]:
        """F_1(0), …, F_r(0) for each column, at a layer whose sets are these."""
        layers, result = [layer], []
        for i, ahead, other, _, shifts in table:
            while len(layers) < len(shifts):
                layers.append(self._dynamics.next(layers[-1], sets))

            F = []
            for _, N, _ in layers[: len(shifts)]:
                F += self._dynamics.scores(N[i], [[*map(sub, N[ahead], N[other])]])
            values = []
            for sigma in shifts:
                values.append(F[0])
                F = [after - sigma * before for before, after in pairwise(F)]
            result.append(values)
        return result
