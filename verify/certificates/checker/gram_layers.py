"""Tokens that all lead or follow a leader alone in the end, by their scores alone (CERTIFICATE.md, section 14)."""

import math
from typing import Any, NamedTuple

from .dynamics import Dynamics, Sets
from .exact import Matrix
from .itinerary import UNKNOWN, changed
from .reading import must

Row = list[int]
Sparse = dict[int, int]
"""The coefficients that are not 0."""


class State(NamedTuple):
    """Of some tokens i at a layer: the scores of all tokens for i, times a positive number; and i's coefficients."""

    scores: dict[int, Row]
    coefficients: dict[int, Sparse]
    D: int


class Captured(NamedTuple):
    """What is derived from all phases: as `Itinerary`, with the coefficients of leaders over a denominator."""

    freeze_layer: int
    last: int
    sets: Sets
    leaders: dict[int, int]
    places: dict[int, tuple[Sparse, int]]
    free: set[int]


def follow(steps: Dynamics, G: Matrix, first: list[Sparse], phases: list[dict[str, Any]]) -> Captured:
    """Verify all phases; `free` are tokens that do not follow a leader alone in the end."""
    must(phases, "itinerary", "no phase", "there is one at least")
    until = followed(phases)
    state = State({i: [*row] for i, row in enumerate(G)}, dict(enumerate(first)), 1)
    free, leaders, places, k = {*range(len(G))}, {}, {}, -1
    sets: Sets = [UNKNOWN] * len(G)
    for number, phase in enumerate(phases):
        start = phase["first"]
        must(start == k + 1, "itinerary", f"a phase from layer {start}", f"layer {k + 1} comes next")
        before, sets = sets, changed(sets, phase)
        for i, C in phase["sets"]:
            must(i in free, f"itinerary, layer {start}, follow set of token {i}", C, "it follows a leader for ever")
        leads = {i for i, _ in phase["sets"] if sets[i] == (i,)}
        leaders |= dict.fromkeys(leads, start)
        for k in range(start, start + phase["layers"]):
            if k > 0:
                held = free | {i for i in state.scores if until.get(i, 0) >= number}
                state = moved(steps, k - 1, before, state, held)
            visit(k, sets, state, free)
            a, b = steps.rate(k)
            free, before = {i for i in free if a == b or not captured(sets, i)}, sets
        places |= {i: (state.coefficients[i], state.D) for i in leads}
    return Captured(phases[-1]["first"], k, sets, leaders, places, free)


def captured(sets: Sets, i: int) -> bool:
    """Whether i leads, or follows a leader alone: it does so for ever."""
    leader = sets[i][0]
    return sets[i] == sets[leader] == (leader,)


def followed(phases: list[dict[str, Any]]) -> dict[int, int]:
    """The last phase in which a token is followed: so long others may need its scores."""
    until: dict[int, int] = {}
    sets: dict[int, list[int]] = {}
    for number, phase in enumerate(phases):
        sets |= dict(phase["sets"])
        until |= {j: number for C in sets.values() for j in C}
    return until


def visit(k: int, sets: Sets, state: State, tokens: set[int]) -> None:
    """Refuse unless these tokens have the follow sets that are claimed."""
    for i in tokens:
        row = state.scores[i]
        best = max(row)
        derived = tuple([j for j, x in enumerate(row) if x == best])
        must(sets[i] == derived, f"itinerary, layer {k}, follow set of token {i}", sets[i], f"it is {derived}")


def moved(steps: Dynamics, k: int, sets: Sets, state: State, held: set[int]) -> State:
    """Layer k + 1, of the tokens that are held: S ← P S Pᵀ, row by row, with whole numbers."""
    (a, b), w = steps.rate(k), steps.w
    totals = {i: sum([w[j] for j in C]) for i, C in enumerate(sets) if len(C) > 1}
    L = math.lcm(*totals.values())
    keep, pull = (b - a) * L, a * L
    heads = [C[0] for C in sets]
    shared = {i: [(pull // W * w[j], j) for j in sets[i]] for i, W in totals.items()}
    scores, coefficients = {}, {}
    for i in held:
        row, own, kept = state.scores[i], state.coefficients[i], keep
        for c, j in shared.get(i, [(pull, heads[i])]):
            row = [kept * x + c * y for x, y in zip(row, state.scores[j], strict=True)]
            own = {p: kept * x for p, x in own.items()}
            for p, x in state.coefficients[j].items():
                own[p] = own.get(p, 0) + c * x
            kept = 1
        scores[i] = [keep * x + pull * row[h] for x, h in zip(row, heads, strict=True)]
        for t, mixed in shared.items():
            scores[i][t] = keep * row[t] + sum([c * row[j] for c, j in mixed])
        coefficients[i] = own
    return State(scores, coefficients, b * L * state.D)
