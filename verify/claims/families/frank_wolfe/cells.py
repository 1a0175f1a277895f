"""The cells of vertices: tokens follow the *largest* ⟨x, y⟩ = xᵀBy, B symmetric positive definite.

K is the hull of the tokens at layer 0; the cell of a vertex v is {x ∈ K : ⟨x, v⟩ = max over K}.

**The condition of the polytope** says that v ≠ 0 lies in its own cell if and only if all of its neighbours and the
origin lie strictly on one side of the tangent hyperplane at v, ⟨v, w − v⟩ < 0 for all or > 0 for all. With a tie it is
false: of (1, 0) and its neighbour (1, 1) it says that (1, 0) is not in its cell, which it is. Repaired: v lies in its
own cell *and in no other* iff ⟨v, w − v⟩ < 0 for every neighbour w. Proof: ⇒ is the definition. ⇐: K lies in the cone
at v that its edges at v span, so ⟨v, y − v⟩ is a sum of nonnegative multiples of the ⟨v, w − v⟩, not all 0 for y ≠ v.
∎

**Cells** are convex, as ⟨x, v − w⟩ ≥ 0 is linear in x, and cover K, as ⟨x, ·⟩ is largest at a vertex. Those of v ≠ w
share points of the hyperplane ⟨x, v − w⟩ = 0 alone, which does not hold K: ⟨x, v − w⟩ at v and at w differ
by ‖v − w‖² > 0. ∎

**Voronoi.** ‖x − v‖² − ‖x − w‖² = 2 ⟨x, w − v⟩ + ‖v‖² − ‖w‖², so where all vertices have one norm the best are the
nearest.

Neighbours: `vertices` is Theorem 4.2, about inputs whose vertices own their cells.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import permutations, product
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .....kernels.exact.configuration import Configuration, Vector
from .....kernels.exact.dynamics import Sets
from .....kernels.exact.rational_text import rational_text, show
from .....kernels.exact.step import Step
from .....strategies import STEPS, configurations
from ....geometry.polytopes.polytope import Inside, convex_weights, face_of
from ...case import Case
from ...inputs import Drawn, Searched
from ...proofs.derivation import Derivation, Line
from ...registry import Finding, Shown
from .hypotheses import claim_about, follows_largest, guarded, vertices

TITLE = "The cells of vertices, arXiv:2508.09628v1, section 4"


def first_sets(case: Case) -> Sets:
    """Whom tokens follow at layer 0."""
    return next(iter(case.configuration.dynamics().layers()))[1]


def neighbours(c: Configuration, i: int) -> Iterator[int]:
    """The vertices w for which the segment from vertex i to w is an edge of the hull."""
    return (j for j in vertices(c.tokens) if j != i and edge_normal(c, i, j) is not None)


def edge_normal(c: Configuration, i: int, j: int) -> Vector | None:
    """A normal that is largest at the vertices i and j alone; None if the segment between them is no edge."""
    corners = vertices(c.tokens)
    middle = _combination((c.tokens[i], c.tokens[j]), [1, 1])
    face = face_of(middle, [c.tokens[k] for k in corners])
    return face.normal if {corners[k] for k in face.indices} == {i, j} else None


def check_condition(case: Case) -> Finding:
    """The printed equivalence at every vertex v ≠ 0; the left side is what token v follows at layer 0."""
    c, sets = case.configuration, case.once(first_sets)
    for i in vertices(c.tokens):
        v = c.tokens[i]
        if not any(v):
            continue
        sides = {j: c.inner(v, c.tokens[j]) - c.inner(v, v) for j in neighbours(c, i)}
        signs = [*sides.values(), -c.inner(v, v)]
        says, lies = all(s < 0 for s in signs) or all(s > 0 for s in signs), any(c.tokens[j] == v for j in sets[i])
        if says != lies:
            tie = next((f", of which {show(c.tokens[j])} is on the hyperplane" for j, s in sides.items() if s == 0), "")
            message = f"{show(v)} {'lies' if lies else 'does not lie'} in its own cell, against its neighbours{tie}"
            return Finding("refuted", message, 0, i)
    return Finding("verified", "the equivalence holds at every vertex", trivial=len(vertices(c.tokens)) < 2)


def check_own_cell(case: Case) -> Finding:
    """The repaired equivalence at every vertex; trivial if all vertices are neighbours of one another."""
    c, sets = case.configuration, case.once(first_sets)
    corners, far = vertices(c.tokens), False
    for i in corners:
        v, near = c.tokens[i], list(neighbours(c, i))
        far = far or len(near) < len(corners) - 1
        alone = {c.tokens[j] for j in sets[i]} == {v}
        if any(v) and alone != all(c.inner(v, c.tokens[j]) < c.inner(v, v) for j in near):
            message = f"{show(v)} {'owns' if alone else 'does not own'} its cell, against its neighbours"
            return Finding("refuted", message, 0, i)
    return Finding("verified", "the equivalence holds at every vertex", trivial=not far)


def equal_energies(c: Configuration) -> bool:
    """All vertices of the hull have one norm."""
    return len({c.inner(c.tokens[i], c.tokens[i]) for i in vertices(c.tokens)}) == 1


def check_voronoi(case: Case) -> Finding:
    """The vertices that a token follows at layer 0 are those nearest to it in the B-norm."""
    c, sets = case.configuration, case.once(first_sets)
    corners = {c.tokens[i] for i in vertices(c.tokens)}
    for i, x in enumerate(c.tokens):
        far = {v: c.inner(w, w) for v in corners for w in [tuple(a - b for a, b in zip(x, v, strict=True))]}
        nearest = {v for v, square in far.items() if square == min(far.values())}
        if nearest != {c.tokens[j] for j in sets[i]} & corners:
            return Finding("refuted", f"token {i} at {show(x)} does not follow the vertices nearest to it", 0, i)
    return Finding("verified", "tokens follow the nearest vertices", trivial=corners.issuperset(c.tokens))


def check_cells(case: Case) -> Finding:
    """Every token is in the cell of a vertex; one between tokens of a cell is in it; two cells share no open set."""
    c, sets = case.configuration, case.once(first_sets)
    corners, between = vertices(c.tokens), False
    places = [{c.tokens[j] for j in C} for C in sets]
    for i, best in enumerate(places):
        if not best & {c.tokens[j] for j in corners}:
            return Finding("refuted", f"token {i} at {show(c.tokens[i])} is in no cell", 0, i)
    for j in corners:
        v = c.tokens[j]
        cell = {c.tokens[i] for i, best in enumerate(places) if v in best}
        for i, best in enumerate(places):
            rest = cell - {c.tokens[i]}
            if rest and isinstance(convex_weights(c.tokens[i], list(rest)), Inside):
                between = True
                if v not in best:
                    return Finding(
                        "refuted", f"token {i} lies between tokens of the cell of {show(v)}, not in it", 0, i
                    )
        for k in corners:
            w = tuple(a - b for a, b in zip(v, c.tokens[k], strict=True))
            if k != j and not any(sum(a * x for a, x in zip(row, w, strict=True)) for row in c.A):
                return Finding("refuted", f"the cells of {show(v)} and {show(c.tokens[k])} are the same", 0, j)
    return Finding("verified", "cells are convex on these tokens, and cover them", trivial=not between)


def _shown(case: Case, finding: Finding) -> Shown | None:
    """A neighbour on the tangent hyperplane, and a normal that makes it one."""
    c, i = case.configuration, finding.token
    for j in neighbours(c, i) if i is not None else ():
        if i is not None and c.inner(c.tokens[i], c.tokens[j]) == c.inner(c.tokens[i], c.tokens[i]):
            normal = list(map(rational_text, edge_normal(c, i, j) or ()))
            return Shown("on the side", 1, {"token": i, "neighbour": j, "normal": normal}, token=i)
    return None


NEAREST = (
    Derivation(
        "of two vertices of one norm the one that scores best is the nearest",
        tokens=("x", "v", "w"),
        given={"⟨v, v⟩ = ⟨w, w⟩": "energies are equal", "⟨x, v⟩ ≥ ⟨x, w⟩": "x is in the cell of v"},
        steps=(Line("‖x − w‖² ≥ ‖x − v‖²", by="2 (⟨x, v⟩ − ⟨x, w⟩) + (⟨w, w⟩ − ⟨v, v⟩)"),),
        symmetric=True,
    ),
    Derivation(
        "and the nearest scores best",
        tokens=("x", "v", "w"),
        given={"⟨v, v⟩ = ⟨w, w⟩": "energies are equal", "‖x − w‖² ≥ ‖x − v‖²": "v is the nearest vertex"},
        steps=(Line("⟨x, v⟩ ≥ ⟨x, w⟩", by="1/2 (‖x − w‖² − ‖x − v‖²) + 1/2 (⟨v, v⟩ − ⟨w, w⟩)"),),
        symmetric=True,
    ),
)
CONVEX = Derivation(
    "what lies between two points of the cell of v scores v at least as high as w",
    tokens=("x", "y", "v", "w"),
    given={
        "λ > 0": "a weight",
        "λ < 1": "a weight",
        "⟨x, v⟩ ≥ ⟨x, w⟩": "x is in the cell of v",
        "⟨y, v⟩ ≥ ⟨y, w⟩": "y is in the cell of v",
    },
    scalars=("λ",),
    steps=(
        Line(
            "⟨(1 − λ) x + λ y, v⟩ ≥ ⟨(1 − λ) x + λ y, w⟩",
            by="(1 − λ) (⟨x, v⟩ − ⟨x, w⟩) + λ (⟨y, v⟩ − ⟨y, w⟩)",
        ),
    ),
)


# -- where to look ----------------------------------------------------------------------------------------------------


@st.composite
def owning_inputs(draw: Any, steps: tuple[str, ...]) -> Configuration:
    """Tokens ±M e_i and others inside their hull: vertices of one norm own their cells, and most tokens move."""
    corners, A = draw(_spheres())
    inside = [_combination(corners, draw(_weights(len(corners)))) for _ in range(draw(st.integers(1, 4)))]
    step: Step = draw(st.one_of(*(STEPS[name].steps() for name in steps)))
    return Configuration((*corners, *inside), A, step)


SIGNS = {d: tuple(product((1, -1), repeat=d)) for d in (1, 2, 3)}


@st.composite
def _spheres(draw: Any) -> tuple[tuple[Vector, ...], Any]:
    """Points with zᵀAz the same for all: some of the points (±a, ±b, …) in any order, carried along by a linear map."""
    d = draw(st.integers(1, 3))
    point = draw(st.lists(st.integers(0, 3), min_size=d, max_size=d).filter(any))
    signed = (tuple(s * x for s, x in zip(signs, p, strict=True)) for p in permutations(point) for signs in SIGNS[d])
    orbit = sorted(set(signed))
    count = draw(st.integers(1, min(6, len(orbit))))
    chosen = draw(st.lists(st.sampled_from(orbit), min_size=count, max_size=count, unique=True))
    if d == 1:
        return tuple((Fraction(p[0]),) for p in chosen), None
    shear = draw(st.integers(-2, 2))  # z = (x − shear·y, y, …) has ⟨z, z⟩ = |p|² for A = SᵀS, S z = p

    def back(p: tuple[int, ...]) -> Vector:
        return (Fraction(p[0] - shear * p[1]), *map(Fraction, p[1:]))

    A = [[int(i == j) for j in range(d)] for i in range(d)]
    A[0][1] = A[1][0] = shear
    A[1][1] = 1 + shear * shear
    return tuple(map(back, chosen)), A


def _weights(n: int) -> SearchStrategy[list[int]]:
    return st.lists(st.integers(0, 4), min_size=n, max_size=n).filter(any)


def _combination(points: tuple[Vector, ...], weights: list[int]) -> Vector:
    total = sum(weights)
    columns = zip(*points, strict=True)
    return tuple(sum((w * x for w, x in zip(weights, column, strict=True)), Fraction(0)) / total for column in columns)


def _polygons() -> SearchStrategy[Configuration]:
    """Hulls of which most have vertices that are no neighbours: six or more tokens in two or three dimensions."""
    return configurations(n=(5, 9), d=(2, 3), nonzero=None, distinct=None)


def _on_spheres() -> SearchStrategy[Configuration]:
    """Tokens whose vertices have one norm, with tokens between them."""
    return owning_inputs(("one",)).filter(equal_energies)


def _with_midpoints() -> SearchStrategy[Configuration]:
    """The same with points half way between some tokens and vertices that they follow."""

    def more(c: Configuration) -> Configuration:
        sets = next(iter(c.dynamics().layers()))[1]
        half = (_combination((z, c.tokens[C[0]]), [1, 1]) for z, C in zip(c.tokens, sets, strict=True))
        new = [z for z in dict.fromkeys(half) if z not in c.tokens]
        return Configuration((*c.tokens, *new[:3]), c.model)

    return _on_spheres().map(more)


_SQUARE = Configuration(
    [(1, 1), (1, -1), (-1, 1), (-1, -1), (Fraction(1, 2), Fraction(1, 4)), (Fraction(3, 4), Fraction(5, 8))]
)


CLAIMS = (
    claim_about(
        "polytope_condition",
        "a vertex v ≠ 0 lies in its own cell iff its neighbours and the origin lie strictly on one side of the tangent "
        "hyperplane at v",
        ("spd", follows_largest),
        "“prop: polytope.condition”, §4",
        "false_as_printed",
        guarded(check_condition, follows_largest),
        inputs=(Searched(TITLE, configurations, ({"families": ["lattice"], "steps": ["one"]}, {}), least_n=2),),
        example=_SQUARE,
        shown=_shown,
    ),
    claim_about(
        "polytope_condition_alone",
        "a vertex v ≠ 0 lies in its own cell and in no other iff ⟨v, w − v⟩ < 0 for every neighbour w",
        ("spd", follows_largest),
        "“prop: polytope.condition”, §4, repaired",
        "theorem",
        guarded(check_own_cell, follows_largest),
        inputs=(Drawn(TITLE, _polygons, 80, "the condition of the polytope, repaired"),),
        example=_SQUARE,
    ),
    claim_about(
        "cells",
        "cells are convex, cover K, and no two of them share an open set",
        ("spd", follows_largest),
        "“lem: cells”, §4",
        "theorem",
        guarded(check_cells, follows_largest),
        inputs=(Drawn(TITLE, _with_midpoints, 80, "cells"),),
        example=_SQUARE,
        rests_on=(CONVEX,),
    ),
    claim_about(
        "voronoi",
        "where all vertices have one energy the cells are the Voronoi cells of the vertices in the B-norm",
        ("spd", follows_largest, equal_energies),
        "“prop: voronoi”, §4",
        "theorem",
        guarded(check_voronoi, follows_largest, equal_energies),
        inputs=(Drawn(TITLE, _on_spheres, 120, "Voronoi cells"),),
        example=_SQUARE,
        rests_on=NEAREST,
    ),
)
