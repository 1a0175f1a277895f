"""The itinerary (CERTIFICATE.md, section 4): which follow sets the tokens have at all layers up to the last."""

from collections.abc import Iterator
from itertools import chain, pairwise
from typing import Any, NamedTuple

from .constant_sets import SignTables
from .dynamics import Dynamics, Layer, Sets
from .reading import ascending, must

SHAPE = [{"first": int, "layers": int, "sets": [[int, [int]]], "jumps": [int]}]


UNKNOWN: Any = None
"""The follow set of a token before the first phase: it equals none."""


class Itinerary(NamedTuple):
    """What is derived from all phases.

    `freeze_layer` is the first layer of the last phase, `last` the last layer, `sets` its follow sets, `leaders` the
    first layer at which each leader leads. `kept` is the layer that was asked for with its sets, if it was visited.
    """

    freeze_layer: int
    last: Layer
    sets: Sets
    leaders: dict[int, int]
    kept: tuple[Layer, Sets] | None
    tables: SignTables


def visit(dynamics: Dynamics, layer: Layer, sets: Sets) -> None:
    """Refuse unless the follow sets of the layer are these."""
    k, N, _ = layer
    for i, C in enumerate(sets):
        scores = dynamics.scores(N[i], N)
        best = max(scores)
        derived = tuple([j for j, x in enumerate(scores) if x == best])
        must(C == derived, f"itinerary, layer {k}, follow set of token {i}", C, f"it is {derived}")


def follow(dynamics: Dynamics, phases: list[dict[str, Any]], keep: int) -> Itinerary:
    """Verify all phases, and keep the layer `keep` on the way."""
    must(phases, "itinerary", "no phase", "there is one at least")
    tables, leaders, kept, first = SignTables(dynamics), {}, None, 0
    layer = dynamics.first
    sets: Sets = [UNKNOWN] * dynamics.n
    for number, phase in enumerate(phases):
        if number > 0:
            layer = dynamics.next(layer, sets)
        first = phase["first"]
        must(first == layer.k, "itinerary", f"a phase from layer {first}", f"layer {layer.k} comes next")
        sets = changed(sets, phase)
        leaders |= {i: first for i, _ in phase["sets"] if sets[i] == (i,)}

        for start, end in strides(dynamics, layer, sets, phase):
            visit(dynamics, end, sets)
            if end.k == keep:
                kept = end, sets
            if end.k > start.k + 1:
                tables.prove(sets, start, end)
            layer = end
    return Itinerary(first, layer, sets, leaders, kept, tables)


def changed(sets: Sets, phase: dict[str, Any]) -> Sets:
    """The sets with the changes that a phase begins with."""
    first, result = phase["first"], [*sets]
    some = phase["layers"] and phase["sets"]
    must(some, "itinerary", f"a phase from layer {first}", "it has no layer or changes no set")
    ascending([i for i, _ in phase["sets"]] + [len(sets)], "itinerary, tokens of sets")
    for i, C in phase["sets"]:
        must(result[i] != tuple(C), "itinerary", f"{C} for token {i} at layer {first}", "it is no change")
        result[i] = tuple(C)
    return result


def strides(dynamics: Dynamics, layer: Layer, sets: Sets, phase: dict[str, Any]) -> Iterator[tuple[Layer, Layer]]:
    """Each layer of a phase that is to be visited, after the one visited before it (the first one after itself)."""
    layers, jumps = phase["layers"], phase["jumps"]
    ascending(jumps, "itinerary, jumps")
    must(not jumps or (jumps[1:] and jumps[-1] == layers - 1), "itinerary", jumps, f"{layers - 1} is the end")

    yield layer, layer
    singles = range(jumps[0] + 1 if jumps else layers)  # long itineraries are never held as a list
    for x, y in pairwise(chain(singles, jumps[1:])):
        start = layer
        for _ in range(y - x):
            layer = dynamics.next(layer, sets)
        yield start, layer
