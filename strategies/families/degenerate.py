"""Degenerate tokens: sets on which ties last, faces hold tokens, floats decide wrongly, or leaders come late.

Each function is a strategy factory `(d, *, min_size, max_size)` for distinct nonzero tokens and shrinks towards fewer
and simpler ones; `DEGENERATE` lists them as families. Neighbours: `tokens` holds the general families, `points` the
sets chosen from, `near_ties` and `late_leaders` the two families that promise something about scores.
"""

from fractions import Fraction
from functools import lru_cache
from itertools import chain, combinations, product

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ..points import (
    Point,
    Points,
    cube_face_points,
    lattice_points,
    orbits,
    primitive_points,
    shell,
    simplest_first,
    sphere_points,
    symmetries,
)
from .family import Family, Room, Tokens, at_places, choose, family, places, subsets

DEGENERATE: list[Family] = []


@family(DEGENERATE)
def symmetric_orbits(d: int, lo: int, hi: int) -> SearchStrategy[Tokens]:
    """Whole orbits of integer points under a group of signed permutations; one is cut off if min_size asks for it.

    Symmetric tokens tie, and their ties last as long as the symmetry does. Shrinks towards mirror images
    in the first axis, and tokens on the mirror; on the line towards pairs z, −z.
    """
    groups = [group for group in _orbits(d, max(hi, 2)) if sum(map(len, group)) >= max(lo, 1)]

    def union(chosen: list[int], group: list[Points]) -> Tokens:
        n = len(chosen)
        parts = at_places(group, chosen[: len(group)])
        tokens: list[Point] = []
        for part in parts:
            if len(tokens) + len(part) <= n:
                tokens.extend(part)
        if len(tokens) < lo:
            tokens = list(dict.fromkeys([*tokens, *chain(*parts), *chain(*group)]))[:n]
        return tuple(tokens)

    return st.builds(union, places(max(map(len, groups)), lo, hi), choose(groups))


def _polytope_room(d: int) -> Room:
    """The simplex must fit; and any polytope whose vertices fit may be the one drawn."""
    bodies = _polytopes(d)
    return (len(bodies[0][0]), min(len(vertices) + len(inner) for vertices, inner in bodies))


@family(DEGENERATE, _polytope_room)
def polytope(d: int, lo: int, hi: int) -> SearchStrategy[Tokens]:
    """All vertices of a polytope around the origin, then some midpoints and centres of its faces, and points within.

    The polytopes are the simplex, the cross-polytope, the cube and, in the plane, two octagons. Shrinks towards the
    vertices of the simplex, in the line towards (1, −1).
    """
    bodies = _polytopes(d)
    fitting = {n: choose([body for body in bodies if len(body[0]) <= n]) for n in range(lo, hi + 1)}
    most = max(len(vertices) + len(inner) for vertices, inner in bodies)

    @st.composite
    def tokens(draw: DrawFn) -> Tokens:
        chosen = draw(places(most, lo, hi))
        vertices, inner = draw(fitting[len(chosen)])
        core = len(vertices)
        return (*vertices, *at_places(inner, [place - core for place in chosen[core:]]))

    return tokens()


def _faces_room(d: int) -> Room:
    return (0, max(map(len, _faces(d))))


@family(DEGENERATE, _faces_room)
def faces(d: int, lo: int, hi: int) -> SearchStrategy[Tokens]:
    """Integer points on the faces of a cube or of a cross-polytope: many tokens on the boundary that are no vertices.

    Shrinks towards the smaller cube.
    """
    boundaries = [points for points in _faces(d) if len(points) >= hi]
    count = max(map(len, boundaries))
    return st.builds(
        lambda chosen, boundary: tuple(at_places(boundary, chosen)), places(count, lo, hi), choose(boundaries)
    )


@family(DEGENERATE)
def axes(d: int, lo: int, hi: int) -> SearchStrategy[Tokens]:
    """Points t·e_c on the axes: for A = I tokens on different axes have inner product 0, which ties.

    Shrinks towards t = 1 on the first axes.
    """
    return subsets(_axis_points(d, max(6, 4 * hi // d)), lo, hi)


@family(DEGENERATE)
def collinear(d: int, lo: int, hi: int) -> SearchStrategy[Tokens]:
    """Points u + t·v of one line, t ≠ 0, through the origin (u = 0) or beside it.

    Shrinks towards u = 0, v = (1, 0, …) and small t.
    """
    times = [t for t in _fractions_by_size(max(12, 2 * hi)) if t]

    def place(chosen: Points, line: tuple[Point, Point]) -> Tokens:
        u, v = line
        return tuple([tuple([a + t * b for a, b in zip(u, v, strict=True)]) for (t,) in chosen])

    return st.builds(place, subsets([(t,) for t in times], lo, hi), choose(_lines(d)))


def _spheres_room(d: int) -> Room:
    return (0, len(_spheres(d)))


@family(DEGENERATE, _spheres_room)
def concentric_spheres(d: int, lo: int, hi: int) -> SearchStrategy[Tokens]:
    """Integer points of one sphere around the origin, and the same points halved: for A = I only two norms occur.

    Shrinks towards the outer sphere.
    """
    return subsets(_spheres(d), lo, hi)


@lru_cache
def _orbits(d: int, limit: int) -> list[list[Points]]:
    """For each group the orbits of small integer points with at most `limit` points."""
    points = lattice_points(d, 16 * limit)
    return [orbits(points, generators, limit) for generators in symmetries(d).values()]  # type: ignore[misc]


@lru_cache
def _polytopes(d: int) -> list[tuple[Points, Points]]:
    """Vertices and inner points of the polytopes offered in R^d, fewest vertices first."""
    basis = [tuple(int(c == axis) for c in range(d)) for axis in range(d)]
    opposite = (-1,) * d
    polytopes: list[Points] = [(*basis, opposite)]
    if d > 1:
        polytopes.append(tuple(tuple(sign * x for x in e) for e in basis for sign in (1, -1)))
    if 1 < d <= 6:
        polytopes.append(tuple(product((1, -1), repeat=d)))
    if d == 2:
        polytopes.append(sphere_points(2, 5))
        polytopes.append(sphere_points(2, 10))
    return [(vertices, _inner_points(vertices)) for vertices in polytopes]


def _inner_points(vertices: Points) -> Points:
    """Means of two or three vertices, these halved, and vertices times j/8: nonzero points, none a vertex."""
    some = vertices[:12]
    means = [_mean(group) for size in (2, 3) for group in combinations(some, size)]
    shrunk = [tuple(Fraction(j, 8) * x for x in v) for j in range(1, 8) for v in some]
    halved = [tuple(Fraction(1, 2) * x for x in p) for p in means]
    return tuple(p for p in simplest_first([*means, *halved, *shrunk]) if any(p))


def _mean(points: Points) -> Point:
    return tuple(Fraction(sum(column), len(points)) for column in zip(*points, strict=True))


@lru_cache
def _faces(d: int) -> list[Points]:
    """The boundaries offered in R^d."""
    if d == 1:
        return [((m,), (-m,)) for m in (1, 2)]
    return [cube_face_points(d, 2, 40), cube_face_points(d, 3, 40), simplest_first(shell(d, 6 if d < 6 else 2))]


@lru_cache
def _axis_points(d: int, count: int) -> Points:
    """About `count` points on each axis."""
    return simplest_first(
        tuple(t if c == axis else 0 for c in range(d)) for axis in range(d) for t in _fractions_by_size(count) if t
    )


def _fractions_by_size(count: int) -> list[Fraction]:
    """At least `count` halves of integers, smallest denominators first; 0 is among them."""
    radius = count // 4 + 1
    return sorted(
        {Fraction(sign * m, q) for q in (1, 2) for m in range(q * radius + 1) for sign in (1, -1)},
        key=lambda t: (t.denominator, abs(t), t < 0),
    )


@lru_cache
def _lines(d: int) -> list[tuple[Point, Point]]:
    """Lines u + R v in R^d: u = 0, or u not parallel to v, so that no line beside the origin meets it."""
    directions = [v for v in primitive_points(d, 24)[:48] if v > (0,) * d]
    zero = (0,) * d
    through = [(zero, v) for v in directions]
    beside = [(u, v) for v in directions for u in lattice_points(d, 12)[:24] if not _parallel(u, v)]
    return [*through, *beside]


def _parallel(u: Point, v: Point) -> bool:
    lead = next(c for c, x in enumerate(v) if x)
    return all(a * v[lead] == u[lead] * b for a, b in zip(u, v, strict=True))


@lru_cache
def _spheres(d: int) -> Points:
    # Squared norms with many representations: 24 points in the plane, 96 in space, the 24-cell in R^4.
    squared_norm = {1: 4, 2: 325, 3: 41}.get(d, 4 if d <= 6 else 2)
    outer = sphere_points(d, squared_norm)
    return (*outer, *(tuple(Fraction(x, 2) for x in p) for p in outer))
