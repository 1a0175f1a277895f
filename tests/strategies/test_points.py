"""The point sets against brute force."""

from fractions import Fraction
from itertools import product

import pytest

from hardmax.strategies import points


def box(d, radius):
    return product(range(-radius, radius + 1), repeat=d)


@pytest.mark.parametrize("d", [1, 2, 3, 4])
@pytest.mark.parametrize("norm", [1, 2, 3, 4])
def test_shell_is_a_sphere_of_the_one_norm(d, norm):
    found = points.shell(d, norm)
    assert len(found) == len(set(found))
    assert set(found) == {p for p in box(d, norm) if sum(map(abs, p)) == norm}


@pytest.mark.parametrize("d", [1, 2, 3, 8, 300])
def test_lattice_points_are_distinct_nonzero_and_enough(d):
    found = points.lattice_points(d, 100)
    assert len(found) >= 100
    assert len(set(found)) == len(found)
    assert (0,) * d not in found
    assert found[0] == (1, *(0,) * (d - 1))
    norms = [sum(map(abs, p)) for p in found]
    assert norms == sorted(norms)


def test_primitive_points_lie_on_different_rays():
    found = points.primitive_points(2, 200)
    assert not [
        (p, q) for p in found for q in found if p != q and p[0] * q[1] == p[1] * q[0] and p[0] * q[0] + p[1] * q[1] > 0
    ]


@pytest.mark.parametrize(("d", "squared"), [(1, 4), (1, 3), (2, 25), (2, 3), (3, 9), (4, 4)])
def test_sphere_points(d, squared):
    found = points.sphere_points(d, squared)
    assert len(found) == len(set(found))
    assert set(found) == {p for p in box(d, squared) if sum(x * x for x in p) == squared}


@pytest.mark.parametrize("d", [1, 2, 3])
def test_cube_face_points_lie_on_the_faces(d):
    found = set(points.cube_face_points(d, 2, 40))
    boundary = {p for p in box(d, 2) if max(map(abs, p)) == 2}
    assert found <= boundary
    assert set(product((2, -2), repeat=d)) <= found
    if d < 3:
        assert found == boundary


def test_cube_face_points_stay_few_in_high_dimension():
    assert len(points.cube_face_points(16, 2, 40)) < 32 * 700


def test_simplest_first_prefers_integers_then_small_then_positive():
    half = Fraction(1, 2)
    shuffled = [(half, 0), (-1, 0), (0, 2), (1, 0), (0, 1), (1, 0)]
    assert points.simplest_first(shuffled) == ((1, 0), (0, 1), (-1, 0), (0, 2), (half, 0))


@pytest.mark.parametrize("d", [1, 2, 3, 4])
def test_orbits_are_disjoint_and_closed(d):
    for generators in points.symmetries(d).values():
        orbits = points.orbits(points.lattice_points(d, 60), generators, 48)
        members = [p for orbit in orbits for p in orbit]
        assert orbits
        assert len(members) == len(set(members))
        for orbit in orbits:
            assert {g(p) for g in generators for p in orbit} == set(orbit)


def test_signed_permutations_have_the_orbits_of_the_hyperoctahedral_group():
    sizes = {p: len(points.orbit(p, points.symmetries(3)["signed_permutations"], 100)) for p in [(1, 0, 0), (1, 2, 3)]}
    assert sizes == {(1, 0, 0): 6, (1, 2, 3): 48}
