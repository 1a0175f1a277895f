"""Points: finite sets of integer points, simplest first, from which token families choose.

Plain combinatorics without Hypothesis; what comes earlier in a sequence is what examples shrink to. Neighbours:
`tokens` and `degenerate`.
"""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import combinations, islice, pairwise, product
from math import gcd

Point = tuple[int | Fraction, ...]
Points = tuple[Point, ...]
IntegerPoint = tuple[int, ...]
Symmetry = Callable[[IntegerPoint], IntegerPoint]


def simplest_first(points: Iterable[Point]) -> Points:
    """The distinct `points`, ordered by denominators, 1-norm, largest coordinate, and number of negative signs."""

    def key(p: Point) -> tuple:
        sizes = [abs(x) for x in p]
        return (max(x.denominator for x in p), sum(sizes), max(sizes), sum(x < 0 for x in p), [-x for x in p])

    return tuple(sorted(set(points), key=key))


@lru_cache
def shell(d: int, norm: int) -> tuple[IntegerPoint, ...]:
    """The integer points of R^d with |x_1| + … + |x_d| = norm ≥ 1, all of them on the faces of a cross-polytope."""
    result = []
    for support in range(1, min(d, norm) + 1):
        for axes in combinations(range(d), support):
            for cuts in combinations(range(1, norm), support - 1):
                sizes = [b - a for a, b in pairwise((0, *cuts, norm))]
                for signs in product((1, -1), repeat=support):
                    point = [0] * d
                    for axis, size, sign in zip(axes, sizes, signs, strict=True):
                        point[axis] = sign * size
                    result.append(tuple(point))
    return tuple(result)


@lru_cache
def lattice_points(d: int, count: int) -> tuple[IntegerPoint, ...]:
    """At least `count` nonzero integer points of R^d: whole shells, smallest first.

    Shells of the 1-norm keep the set small in every dimension, where a box has 3^d points at least.
    """
    result: list[IntegerPoint] = []
    norm = 0
    while len(result) < count:
        norm += 1
        result.extend(simplest_first(shell(d, norm)))  # type: ignore[arg-type]
    return tuple(result)


def primitive_points(d: int, count: int) -> tuple[IntegerPoint, ...]:
    """The points of `lattice_points(d, count)` with coprime coordinates: one on each ray from the origin."""
    return tuple(p for p in lattice_points(d, count) if gcd(*p) == 1)


@lru_cache
def sphere_points(d: int, squared_norm: int) -> tuple[IntegerPoint, ...]:
    """The integer points of R^d with x_1² + … + x_d² = squared_norm."""

    def points(d: int, rest: int) -> Iterator[IntegerPoint]:
        if d == 0:
            if rest == 0:
                yield ()
            return
        x = 0
        while x * x <= rest:
            for tail in points(d - 1, rest - x * x):
                yield (x, *tail)
                if x:
                    yield (-x, *tail)
            x += 1

    return simplest_first(points(d, squared_norm))  # type: ignore[return-value]


def cube_face_points(d: int, radius: int, count: int) -> Points:
    """Integer points on the faces of the cube [−radius, radius]^d, about `count` a facet, vertices included."""
    facet = [(0,) * (d - 1)]
    if d > 1:
        facet += [p for p in lattice_points(d - 1, count) if max(map(abs, p)) <= radius]
        facet += islice(product((radius, -radius), repeat=d - 1), count)
    return simplest_first(
        (*p[:axis], side, *p[axis:]) for axis in range(d) for side in (radius, -radius) for p in facet
    )


def symmetries(d: int) -> dict[str, tuple[Symmetry, ...]]:
    """Generators of groups of signed permutations of R^d, by name, groups with small orbits first."""

    def negate(p: IntegerPoint) -> IntegerPoint:
        return tuple(-x for x in p)

    def rotate_axes(p: IntegerPoint) -> IntegerPoint:
        return (*p[1:], p[0])

    def quarter_turn(p: IntegerPoint) -> IntegerPoint:
        return (-p[1], p[0], *p[2:])

    def swap(p: IntegerPoint) -> IntegerPoint:
        return (p[1], p[0], *p[2:])

    def reflection(axis: int) -> Symmetry:
        return lambda p: tuple(-x if c == axis else x for c, x in enumerate(p))

    if d == 1:
        return {"central": (negate,)}
    return {
        "mirror": (reflection(0),),
        "central": (negate,),
        "cyclic": (rotate_axes,),
        "quarter_turn": (quarter_turn,),
        "reflections": tuple(reflection(axis) for axis in range(d)),
        "signed_permutations": (rotate_axes, swap, reflection(0)),
    }


def orbit(point: IntegerPoint, generators: Iterable[Symmetry], limit: int) -> tuple[IntegerPoint, ...]:
    """The images of `point` under the group of `generators`, `point` first; cut off at `limit` points."""
    generators = tuple(generators)
    found = {point: None}
    for p in (waiting := [point]):
        for g in generators:
            if (image := g(p)) not in found:
                found[image] = None
                waiting.append(image)
                if len(found) >= limit:
                    return tuple(found)
    return tuple(found)


def orbits(
    points: Iterable[IntegerPoint], generators: tuple[Symmetry, ...], limit: int
) -> list[tuple[IntegerPoint, ...]]:
    """The disjoint orbits of `points` with at most `limit` points each: smaller ones first, else as `points`."""
    seen: set[IntegerPoint] = set()
    result = []
    for point in points:
        if point not in seen:
            images = orbit(point, generators, limit + 1)
            seen.update(images)
            if len(images) <= limit:
                result.append(images)
    return sorted(result, key=len)
