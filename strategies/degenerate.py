"""Degenerate tokens: sets on which ties last, faces hold tokens, floats decide wrongly, or leaders come late.

Each function is a strategy factory `(d, *, min_size, max_size)` for distinct nonzero tokens and shrinks towards fewer
and simpler ones; `DEGENERATE` lists them as families. Neighbours: `tokens` holds the general families, `points` the
sets chosen from, `near_ties` and `late_leaders` the two families that promise something about scores.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, product

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from .family import Family, Room, Tokens, choose, fit, given_tokens, subsets, unbounded
from .late_leaders import late_leaders, late_leaders_room
from .near_ties import binary_near_ties, decimal_near_ties, near_ties_room
from .points import (
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


def symmetric_orbits(d: int, *, min_size: int = 1, max_size: int = 12) -> SearchStrategy[Tokens]:
    """Whole orbits of integer points under a group of signed permutations: a cut-off orbit is the last one, if any.

    Symmetric tokens tie, and their ties last as long as the symmetry does. Shrinks towards mirror images
    in the first axis, and tokens on the mirror; on the line towards pairs z, −z.

    Args:
        d: the dimension, ≥ 1.
        min_size: the least number of tokens, ≥ 0.
        max_size: the largest.

    Raises:
        InputError: an argument is out of range.
    """
    lo, hi = fit("symmetric_orbits", unbounded, d, min_size, max_size)
    choices = [_orbits(d, name, max(hi, 2)) for name in symmetries(d)]
    return st.one_of([_unions(parts, lo, hi) for parts in choices if len(parts) >= max(lo, 1)])


def polytope(d: int, *, min_size: int = 1, max_size: int = 12) -> SearchStrategy[Tokens]:
    """All vertices of a polytope around the origin, then some midpoints and centres of its faces, and points within.

    The polytopes are the simplex, the cross-polytope, the cube and, in the plane, two octagons. Shrinks towards the
    vertices of the simplex, in the line towards (1, −1).

    Args:
        d: the dimension, ≥ 1.
        min_size: the least number of tokens, ≥ 0.
        max_size: the largest, ≥ d + 1: the simplex must fit.

    Raises:
        InputError: an argument is out of range.
    """
    lo, hi = fit("polytope", _polytope_room, d, min_size, max_size)
    choices = []
    for vertices, inner in _polytopes(d):
        most = min(hi - len(vertices), len(inner))
        least = max(lo - len(vertices), 0)
        if least <= most:
            choices.append(st.builds(_after(vertices), subsets(inner, least, most), given_tokens(len(vertices))))
    return st.one_of(choices)


def faces(d: int, *, min_size: int = 1, max_size: int = 12) -> SearchStrategy[Tokens]:
    """Integer points on the faces of a cube or of a cross-polytope: many tokens on the boundary that are no vertices.

    Shrinks towards the smaller cube.

    Args:
        d: the dimension, ≥ 1.
        min_size: the least number of tokens, ≥ 0.
        max_size: the largest, at most the number of points (2 on the line).

    Raises:
        InputError: an argument is out of range.
    """
    lo, hi = fit("faces", _faces_room, d, min_size, max_size)
    bodies = [points for points in _faces(d) if len(points) >= lo]
    return st.one_of([subsets(points, lo, min(hi, len(points))) for points in bodies])


def axes(d: int, *, min_size: int = 1, max_size: int = 12) -> SearchStrategy[Tokens]:
    """Points t·e_c on the axes: for A = I tokens on different axes have inner product 0, which ties.

    Shrinks towards t = 1 on the first axes.

    Args:
        d: the dimension, ≥ 1.
        min_size: the least number of tokens, ≥ 0.
        max_size: the largest.

    Raises:
        InputError: an argument is out of range.
    """
    lo, hi = fit("axes", unbounded, d, min_size, max_size)
    return subsets(_axis_points(d, max(6, 4 * hi // d)), lo, hi)


def collinear(d: int, *, min_size: int = 1, max_size: int = 12) -> SearchStrategy[Tokens]:
    """Points u + t·v of one line, t ≠ 0, through the origin (u = 0) or beside it.

    Shrinks towards u = 0, v = (1, 0, …) and small t.

    Args:
        d: the dimension, ≥ 1.
        min_size: the least number of tokens, ≥ 0.
        max_size: the largest.

    Raises:
        InputError: an argument is out of range.
    """
    lo, hi = fit("collinear", unbounded, d, min_size, max_size)
    times = [t for t in _fractions_by_size(max(12, 2 * hi)) if t]

    def place(line: tuple[Point, Point], chosen: Points) -> Tokens:
        u, v = line
        return tuple([tuple([a + t * b for a, b in zip(u, v, strict=True)]) for (t,) in chosen])

    return st.builds(place, choose(_lines(d)), subsets([(t,) for t in times], lo, hi))


def concentric_spheres(d: int, *, min_size: int = 1, max_size: int = 12) -> SearchStrategy[Tokens]:
    """Integer points of one sphere around the origin, and the same points halved: for A = I only two norms occur.

    Shrinks towards the outer sphere.

    Args:
        d: the dimension, ≥ 1.
        min_size: the least number of tokens, ≥ 0.
        max_size: the largest, at most the number of points (4 on the line).

    Raises:
        InputError: an argument is out of range.
    """
    lo, hi = fit("concentric_spheres", _spheres_room, d, min_size, max_size)
    return subsets(_spheres(d), lo, hi)


@lru_cache
def _orbits(d: int, name: str, limit: int) -> list[Points]:
    """The orbits of small integer points with at most `limit` points, under the named group."""
    return orbits(lattice_points(d, 16 * limit), symmetries(d)[name], limit)  # type: ignore[return-value]


def _unions(choices: list[Points], min_size: int, max_size: int) -> SearchStrategy[Tokens]:
    """Unions of some of the disjoint `choices`, cut off at max_size tokens."""
    sizes = sorted(map(len, choices))
    least = -(-min_size // sizes[0])
    most = max(least, -(-max_size // sizes[len(sizes) // 2]))
    parts = subsets(choices, least, most)

    @st.composite
    def union(draw: DrawFn) -> Tokens:
        chosen = draw(parts)
        tokens = tuple([z for part in chosen for z in part][:max_size])
        draw(given_tokens(max(len(tokens) - len(chosen), 0)))
        return tokens

    return union()


def _after(vertices: Points) -> Callable[[Points, object], Tokens]:
    return lambda inner, _: vertices + inner


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
    """Means of two or three vertices, these halved, and vertices times j/8: nonzero points that are no vertices."""
    some = vertices[:12]
    means = [_mean(group) for size in (2, 3) for group in combinations(some, size)]
    shrunk = [tuple(Fraction(j, 8) * x for x in v) for j in range(1, 8) for v in some]
    halved = [tuple(Fraction(1, 2) * x for x in p) for p in means]
    return tuple(p for p in simplest_first([*means, *halved, *shrunk]) if any(p) and p not in vertices)


def _mean(points: Points) -> Point:
    return tuple(Fraction(sum(column), len(points)) for column in zip(*points, strict=True))


def _polytope_room(d: int) -> Room:
    vertices, inner = _polytopes(d)[0]
    return (len(vertices), len(vertices) + len(inner))


@lru_cache
def _faces(d: int) -> list[Points]:
    """The boundaries offered in R^d."""
    if d == 1:
        return [((m,), (-m,)) for m in (1, 2)]
    return [cube_face_points(d, 2, 40), cube_face_points(d, 3, 40), simplest_first(shell(d, 6 if d < 6 else 2))]


def _faces_room(d: int) -> Room:
    return (0, max(map(len, _faces(d))))


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


def _spheres_room(d: int) -> Room:
    return (0, len(_spheres(d)))


DEGENERATE = (
    Family("symmetric_orbits", symmetric_orbits, unbounded),
    Family("polytope", polytope, _polytope_room),
    Family("faces", faces, _faces_room),
    Family("axes", axes, unbounded),
    Family("collinear", collinear, unbounded),
    Family("concentric_spheres", concentric_spheres, _spheres_room),
    Family("binary_near_ties", binary_near_ties, near_ties_room, about_scores=True),
    Family("decimal_near_ties", decimal_near_ties, near_ties_room, about_scores=True),
    Family("late_leaders", late_leaders, late_leaders_room, about_scores=True),
)

__all__ = [
    "DEGENERATE",
    "axes",
    "binary_near_ties",
    "collinear",
    "concentric_spheres",
    "decimal_near_ties",
    "faces",
    "late_leaders",
    "polytope",
    "symmetric_orbits",
]
