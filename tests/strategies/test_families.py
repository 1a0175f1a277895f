"""Every family: what it promises, what it reaches, what it shrinks to, and what it refuses."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import strategies as st

from hardmax.kernels import InputError
from hardmax.strategies import FAMILIES
from hardmax.strategies.families.degenerate import _polytopes, polytope
from hardmax.strategies.families.family import UNBOUNDED
from hardmax.strategies.points import orbit, symmetries

DIMENSIONS = (1, 2, 3, 8)


def room(name, d):
    return FAMILIES[name].room(d)


def tokens_of(name, dimensions=DIMENSIONS, **sizes):
    """Token sets of one family in any of the dimensions in which it has room."""
    return st.one_of([FAMILIES[name].tokens(d, **sizes) for d in dimensions if room(name, d)])


def rank(rows):
    """The exact rank of rows of integers or Fractions, by elimination."""
    rows = [[Fraction(x) for x in row] for row in rows]
    result = 0
    for column in range(len(rows[0])):
        pivot = next((i for i in range(result, len(rows)) if rows[i][column]), None)
        if pivot is None:
            continue
        rows[result], rows[pivot] = rows[pivot], rows[result]
        for i in range(result + 1, len(rows)):
            factor = rows[i][column] / rows[result][column]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[result], strict=True)]
        result += 1
    return result


def differences(tokens):
    return [[a - b for a, b in zip(z, tokens[0], strict=True)] for z in tokens]


def squared_norm(z):
    return sum(x * x for x in z)


@pytest.mark.parametrize("name", FAMILIES)
def test_tokens_are_exact_distinct_and_nonzero(name, assert_all_examples):
    def fine(tokens):
        return (
            len(set(tokens)) == len(tokens)
            and all(any(z) for z in tokens)
            and len({len(z) for z in tokens}) == 1
            and all(type(x) in (int, Fraction) for z in tokens for x in z)
        )

    assert_all_examples(tokens_of(name), fine)


@pytest.mark.parametrize("d", DIMENSIONS)
@pytest.mark.parametrize("name", FAMILIES)
def test_sizes_keep_to_the_range_and_reach_its_ends(name, d, find_any, assert_all_examples):
    if room(name, d) is None:
        with pytest.raises(InputError, match=f"{name} has no tokens for d = {d}"):
            FAMILIES[name].tokens(d)
        return
    least, most = room(name, d)
    lo = max(least, min(2, most))
    hi = min(lo + 4, most)
    strategy = FAMILIES[name].tokens(d, min_size=lo, max_size=hi)
    assert_all_examples(
        strategy, lambda tokens: lo <= len(tokens) <= hi and all(len(z) == d for z in tokens), max_examples=40
    )
    for size in (lo, hi):
        find_any(strategy, lambda tokens, size=size: len(tokens) == size)
    full = FAMILIES[name].tokens(d, min_size=min(most, 40), max_size=min(most, 40))
    find_any(full, lambda tokens: len(tokens) == min(most, 40), max_examples=3)


@pytest.mark.parametrize("name", FAMILIES)
def test_sizes_outside_the_room_raise(name):
    for d in DIMENSIONS:
        if room(name, d) is None:
            continue
        least, most = room(name, d)
        if most < UNBOUNDED:
            with pytest.raises(InputError, match=f"{name} has at most {most} tokens for d = {d}"):
                FAMILIES[name].tokens(d, min_size=most + 1, max_size=most + 1)
        if least:
            with pytest.raises(InputError, match=f"{name} needs at least {least} tokens for d = {d}"):
                FAMILIES[name].tokens(d, min_size=0, max_size=least - 1)
    for arguments, message in (
        ({"d": 0}, "d is 0; give a whole number >= 1"),
        ({"d": 2, "min_size": -1}, "min_size is -1; give a whole number >= 0"),
        ({"d": 2, "min_size": 9, "max_size": 8}, "max_size is 8; give a whole number >= 9"),
    ):
        with pytest.raises(InputError, match=message):
            FAMILIES[name].tokens(**arguments)


SIMPLEST = {
    "lattice": ((1, 0),),
    "lattice_fractions": ((1, 0),),
    "dyadic": ((1, 0),),
    "large_denominator": ((1, 0),),
    "float32": ((1, 0),),
    "orthant": ((1, 0),),
    "scaled": ((2**30, 0),),
    "mixed_scales": ((1, 0),),
    "symmetric_orbits": ((0, 1),),
    "polytope": ((1, 0), (0, 1), (-1, -1)),
    "faces": ((2, 0),),
    "axes": ((1, 0),),
    "collinear": ((1, 0),),
    "concentric_spheres": ((18, 1),),
    "binary_near_ties": ((Fraction(1, 2), 0), (Fraction(13, 4), 0), (3, 0)),
    "decimal_near_ties": ((Fraction(1, 2), 0), (Fraction(301, 100), 0), (3, 0)),
    "late_leaders": ((13, 10), (-13, 10), (0, 1), (1, 11), (-1, 11)),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_shrinks_to_few_and_simple_tokens(name, minimal):
    assert minimal(FAMILIES[name].tokens(2)) == SIMPLEST[name]


@pytest.mark.parametrize("name", ["lattice", "lattice_fractions", "orthant", "axes", "mixed_scales", "collinear"])
def test_three_tokens_shrink_to_small_integers(name, minimal):
    tokens = minimal(FAMILIES[name].tokens(3), lambda tokens: len(tokens) >= 3)
    assert len(tokens) == 3
    assert all(x.denominator == 1 and abs(x) <= 2 for z in tokens for x in z)


# What each family promises, and an example of each kind of token in it.


def test_lattice_ties_are_frequent(find_any):
    def tie(tokens):
        scores = [sum(a * b for a, b in zip(tokens[0], z, strict=True)) for z in tokens]
        return scores.count(max(scores)) > 1

    find_any(tokens_of("lattice", (2, 3)), tie, max_examples=100)


def test_lattice_fractions_lie_on_common_rays(find_any):
    find_any(
        tokens_of("lattice_fractions", (2,)),
        lambda tokens: any(rank([y, z]) == 1 and y != z for y, z in combinations(tokens, 2)),
        max_examples=100,
    )


def test_float32_tokens_survive_float32(find_any, assert_all_examples):
    def survives(tokens):
        return all(Fraction(float(np.float32(float(x)))) == x for z in tokens for x in z)

    assert_all_examples(tokens_of("float32"), survives)
    find_any(tokens_of("large_denominator"), lambda tokens: not survives(tokens))


def test_orthant_holds_all_tokens(find_any, assert_all_examples):
    assert_all_examples(
        tokens_of("orthant"),
        lambda tokens: all(min(column) >= 0 or max(column) <= 0 for column in zip(*tokens, strict=True)),
    )
    find_any(tokens_of("orthant", (2,)), lambda tokens: min(min(z) for z in tokens) < 0)


def test_scaled_tokens_are_huge_or_tiny(find_any, assert_all_examples):
    def sizes(tokens):
        return [max(abs(x) for x in z) for z in tokens]

    strategy = tokens_of("scaled")
    assert_all_examples(strategy, lambda tokens: min(sizes(tokens)) >= 10**9 or max(sizes(tokens)) <= 1)
    find_any(strategy, lambda tokens: min(sizes(tokens)) ** 2 > Fraction(np.finfo(np.float64).max))
    find_any(strategy, lambda tokens: max(sizes(tokens)) ** 2 < Fraction(np.finfo(np.float64).tiny))
    find_any(strategy, lambda tokens: min(sizes(tokens)) > Fraction(float(np.finfo(np.float32).max)))


def test_mixed_scales_lose_a_token_in_a_float_sum(find_any):
    find_any(
        tokens_of("mixed_scales", (1,)),
        lambda tokens: any(y + z != y and float(y) + float(z) == float(y) for (y,), (z,) in combinations(tokens, 2)),
    )


def test_symmetric_orbits_are_symmetric(find_any, assert_all_examples):
    def symmetric(tokens):
        groups = symmetries(len(tokens[0])).values()
        return any({g(z) for g in generators for z in tokens} == set(tokens) for generators in groups)

    # Orbits are whole unless a least size asks for more.
    strategy = tokens_of("symmetric_orbits", (1, 2, 3), min_size=0)
    assert_all_examples(strategy, lambda tokens: not tokens or symmetric(tokens), max_examples=300)
    for generators in symmetries(3).values():
        find_any(
            tokens_of("symmetric_orbits", (3,), min_size=0),
            lambda tokens, generators=generators: (
                len(tokens) > 1 and set(orbit(tokens[0], generators, 99)) == set(tokens)
            ),
        )


@pytest.mark.parametrize("d", [*DIMENSIONS, 16])
def test_polytope_fills_its_room(d, assert_all_examples):
    _, most = room("polytope", d)
    strategy = polytope(d, min_size=most, max_size=most)
    assert_all_examples(strategy, lambda tokens: len(set(tokens)) == most, max_examples=10)
    assert all(any(p) and p not in vertices for vertices, inner in _polytopes(d) for p in inner)


def test_polytope_holds_all_vertices_and_nothing_outside(find_any, assert_all_examples):
    simplex = {(1, 0), (0, 1), (-1, -1)}
    cross = {(1, 0), (-1, 0), (0, 1), (0, -1)}
    square = {(1, 1), (1, -1), (-1, 1), (-1, -1)}
    octagons = [{(s * a, t * b) for s in (1, -1) for t in (1, -1) for a, b in (v, v[::-1])} for v in ((1, 2), (1, 3))]
    bodies = [simplex, cross, square, *octagons]

    def inside(z, body):
        # z is in the hull of a body around the origin iff it is in the triangle of the origin and some two vertices.
        for v, w in combinations(body, 2):
            det = v[0] * w[1] - v[1] * w[0]
            if det:
                s = Fraction(z[0] * w[1] - z[1] * w[0]) / det
                t = Fraction(v[0] * z[1] - v[1] * z[0]) / det
                if s >= 0 and t >= 0 and s + t <= 1:
                    return True
        return False

    assert_all_examples(
        polytope(2),
        lambda tokens: any(body <= set(tokens) and all(inside(z, body) for z in tokens) for body in bodies),
    )
    for body in bodies:
        find_any(polytope(2), lambda tokens, body=body: set(tokens[: len(body)]) == body and len(tokens) > len(body))
    # Ties that last for ever: the square with two midpoints of its edges halved, as in the paper's last example.
    find_any(
        polytope(2, min_size=6, max_size=6), lambda tokens: (Fraction(1, 2), 0) in tokens and square <= set(tokens)
    )


def test_faces_are_the_boundary_of_a_cube_or_cross_polytope(find_any, assert_all_examples):
    def cube(tokens):
        return len({max(map(abs, z)) for z in tokens}) == 1

    def cross(tokens):
        return len({sum(map(abs, z)) for z in tokens}) == 1

    assert_all_examples(tokens_of("faces"), lambda tokens: cube(tokens) or cross(tokens))
    find_any(tokens_of("faces", (3,)), lambda tokens: len(tokens) > 5 and cube(tokens) and not cross(tokens))
    find_any(tokens_of("faces", (3,)), lambda tokens: len(tokens) > 5 and cross(tokens) and not cube(tokens))


def test_axes_hold_all_tokens(find_any, assert_all_examples):
    assert_all_examples(tokens_of("axes"), lambda tokens: all(sum(x != 0 for x in z) == 1 for z in tokens))
    find_any(tokens_of("axes", (4,)), lambda tokens: rank(tokens) == 4)


def test_collinear_tokens_lie_on_one_line(find_any, assert_all_examples):
    assert_all_examples(tokens_of("collinear"), lambda tokens: rank(differences(tokens)) <= 1)
    for dimension in (1, 2):  # of the span: the line passes through the origin, or beside it
        find_any(tokens_of("collinear", (3,)), lambda tokens, r=dimension: len(tokens) > 2 and rank(tokens) == r)


def test_concentric_spheres_have_two_norms(find_any, assert_all_examples):
    def norms(tokens):
        return {squared_norm(z) for z in tokens}

    assert_all_examples(tokens_of("concentric_spheres"), lambda tokens: max(norms(tokens)) <= 4 * min(norms(tokens)))
    assert_all_examples(tokens_of("concentric_spheres"), lambda tokens: len(norms(tokens)) <= 2)
    find_any(tokens_of("concentric_spheres", (2, 3)), lambda tokens: len(norms(tokens)) == 2 and len(tokens) > 6)
