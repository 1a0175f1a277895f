"""Certificates about all A in the plane (CERTIFICATE.md, section 17): a tree of cuts of the disc, and its cells."""

from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

from .constant_sets import Rules, columns
from .disc import SQUARE, Form, Region, at, minus, product
from .dynamics import Dynamics, Layer, Sets
from .exact import integers
from .polynomials import sign
from .reading import POINT, OrNull, ascending, must, shown

CELLS, ALL = "matrices.cells", "matrices.all"
SHAPE = {
    "problem": {"tokens": [POINT], "alpha": Fraction, "multiplicities": [int]},
    "claims": {CELLS: OrNull({"verified"}), ALL: OrNull({"verified"})},
    "sets": [{"leaders": [int], "at": POINT}],
    "nodes": [{"changes": [[[int, [int]]]], "cut": OrNull(POINT)}],
}


class Run(NamedTuple):
    """What is known on a region: its tokens and their sets at a layer, who led so far, and the samples in it."""

    region: Region
    layer: Layer
    sets: Sets
    leaders: dict[int, int]
    samples: list[int]


def derive(certificate: dict[str, Any]) -> dict[str, bool | None]:
    """Whether each cell has one itinerary for ever and leaders that are listed; and whether no cell is left open."""
    problem, listed, nodes = certificate["problem"], certificate["sets"], certificate["nodes"]
    plane = all(len(z) == 2 for z in problem["tokens"])
    must(plane, "tokens", problem["tokens"], "they have to be in the plane")
    step = {"rule": "constant", "alpha": problem["alpha"]}
    known = {"tokens": problem["tokens"], "multiplicities": problem["multiplicities"], "follow": "largest"}
    dynamics = Dynamics({**known, "A": [[Fraction(0)] * 2] * 2, "step": step})
    Z, n = dynamics.first.N, dynamics.n
    must(len({*Z}) == n and all(map(any, Z)), "tokens", f"{n} tokens", "they have to be distinct and not zero")
    ascending([entry["leaders"] for entry in listed], "sets")
    points, unit = integers([entry["at"] for entry in listed], len(listed), 2, "sets")
    samples = [(x, y, unit) for x, y in points]
    must(all(x * x + y * y < w * w for x, y, w in samples), "sets", "a sample", "it is not in the disc")

    first = Run(Region(SQUARE), dynamics.first, [()] * n, {}, [*range(len(samples))])
    waiting, is_open = [first], False
    for number, node in enumerate(nodes):
        where, form = f"node {number}", node["cut"]
        must(waiting, where, "a node", "every part is settled before it")
        run = follow(dynamics, waiting.pop(), node["changes"], where, complete=form == [])
        if form:
            must(len(form) == 3, where, f"a cut {shown(form)}", "it has three coefficients")
            ((c, a, b),), _ = integers([form], 1, 3, where)
            waiting += reversed(cut(run, (c, a, b), samples, where))
        elif form is None:
            is_open = True
            must(not run.samples, where, f"samples {run.samples}", "nothing is known here")
        else:
            must_stay(dynamics, run, where)
            led = sorted(run.leaders)
            for k in run.samples:
                must(listed[k]["leaders"] == led, f"sets, entry {k}", listed[k]["leaders"], f"they are {led}")
            must(led in [entry["leaders"] for entry in listed], where, "a cell", f"its leaders {led} are not listed")
    must(not waiting, "nodes", f"{len(nodes)} nodes", f"{len(waiting)} parts are left")
    return {CELLS: True, ALL: None if is_open else True}


def cut(run: Run, form: Form, samples: list[tuple[int, int, int]], where: str) -> list[Run]:
    """The run on the three sides of a line, of which none is empty: where the form is negative, 0, positive."""
    both = run.region.has_negative(form) and run.region.has_negative(minus(form))
    must(both, where, f"a cut {shown(form)}", "the line does not divide this part")
    sides = zip((-1, 0, 1), run.region.sides(form), strict=True)
    signs = {k: sign(at(form, samples[k])) for k in run.samples}
    return [run._replace(region=region, samples=[k for k, s in signs.items() if s == side]) for side, region in sides]


def follow(dynamics: Dynamics, run: Run, layers: list[list[Any]], where: str, *, complete: bool) -> Run:
    """The run after more layers; the last one need not be `complete`: before a cut, and where nothing more is known."""
    region, layer, sets, leaders, _ = run
    must(layers, where, "no layer", "there is one at least")
    for number, changes in enumerate(layers):
        if number:
            layer = dynamics.next(layer, sets)
        ascending([i for i, _ in changes] + [dynamics.n], f"{where}, tokens of changes")
        sets = [*sets]
        for i, C in changes:
            ascending([*C, dynamics.n], f"{where}, changes")
            sets[i] = tuple(C)
        if number + 1 < len(layers) or complete:
            for i, C in enumerate(sets):
                must_follow(region, layer, i, C, f"{where}, layer {layer.k}, follow set of token {i}")
            leaders = {**{i: layer.k for i, C in enumerate(sets) if C == (i,)}, **leaders}
    return run._replace(layer=layer, sets=sets, leaders=leaders)


def must_follow(region: Region, layer: Layer, i: int, C: tuple[int, ...], where: str) -> None:
    """Refuse unless C is the follow set of token i for every A of the region."""
    must(C, where, C, "no follow set is empty")
    for other, z in enumerate(layer.N):
        form = product(layer.N[i], [u - v for u, v in zip(layer.N[C[0]], z, strict=True)])
        holds = region.is_zero(form) if other in C else region.is_positive(form)
        must(holds, where, C, f"the score for {other} is against it")


def must_stay(dynamics: Dynamics, run: Run, where: str) -> None:
    """Refuse unless each token has a rule that keeps its set for ever, for every A of the region."""
    region, layer, sets, N = run.region, run.layer, run.sets, run.layer.N
    totals = [dynamics.total(N, C) for C in sets]
    F = {i for i, C in enumerate(sets) if C == (i,)}
    resting = {i for i, (W, sums) in enumerate(totals) if sums == [W * x for x in N[i]]}
    while found := {i for i in resting - F if F >= {*sets[i]} - {i}}:
        F |= found
    names = ["R3"] * dynamics.n
    for i, C in enumerate(sets):
        ahead = [product(totals[i][1], [u - v for u, v in zip(N[C[0]], N[j], strict=True)]) for j in C]
        captured = F.issuperset(C) and all(map(region.is_zero, ahead))
        if i in F or captured:
            names[i] = "kept"
    layers = [layer]
    for i, ahead, other, tie, shifts in columns(dynamics, layer, sets, Rules(names, [*range(dynamics.n)], F)):
        while len(layers) < len(shifts):
            layers.append(dynamics.next(layers[-1], sets))
        forms = [product(N[i], [u - v for u, v in zip(N[ahead], N[other], strict=True)]) for _, N, _ in layers]
        forms = forms[: len(shifts)]
        for sigma in shifts:
            holds = region.is_zero(forms[0]) or (not tie and region.is_positive(forms[0]))
            must(holds, f"{where}, R3: scores of token {i}", f"{ahead} and {other}", "the table does not show it")
            forms = [(c - sigma * f, a - sigma * g, b - sigma * h) for (f, g, h), (c, a, b) in pairwise(forms)]
