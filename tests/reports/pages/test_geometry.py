"""Drawing only, but right: hulls, projections, numbers of any size."""

from fractions import Fraction
from itertools import combinations
from math import hypot

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardmax.reports.formats.exact_text import decimal
from hardmax.reports.pages.geometry import Camera, hull_edges, projection, scaled

small = st.integers(-3, 3)


def hull_edges_by_definition(points: list[tuple[int, int]]) -> set[tuple[int, int]]:
    """Pairs of distinct points with all others on one side, and none of them beyond the two on their line."""
    first = [points.index(p) for p in points]
    distinct = sorted(set(first))
    edges = set()
    for i, j in combinations(distinct, 2):
        (x, y), (u, v) = points[i], points[j]
        sides = [(u - x) * (points[k][1] - y) - (v - y) * (points[k][0] - x) for k in distinct]
        along = [(points[k][0] - x) * (u - x) + (points[k][1] - y) * (v - y) for k in distinct]
        inside = all(0 <= a <= (u - x) ** 2 + (v - y) ** 2 for a, s in zip(along, sides, strict=True) if s == 0)
        if inside and (min(sides) >= 0 or max(sides) <= 0):
            edges.add((i, j))
    return edges


@given(st.lists(st.tuples(small, small), min_size=1, max_size=9))
def test_the_hull_in_the_plane_is_the_one_of_the_definition(points):
    assert set(hull_edges([(x, y, 0.0) for x, y in points])) == hull_edges_by_definition(points)


@given(st.lists(st.tuples(small, small), min_size=1, max_size=7), st.permutations([0, 1, 2]))
def test_a_flat_set_has_the_same_hull_in_space(points, axes):
    flat = [(x, y, 0) for x, y in points]
    lifted = [(float(p[axes[0]] + p[axes[1]]), float(p[axes[1]]), float(p[axes[0]] + p[axes[2]] - 1)) for p in flat]
    assert set(hull_edges(lifted)) == hull_edges_by_definition(points)


SOLIDS = {
    "tetrahedron": ([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], 6),
    "cube with centres": ([(x, y, z) for x in (0, 1, 2) for y in (0, 1, 2) for z in (0, 1, 2)], 12),
    "octahedron": ([(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1), (0, 0, 0)], 12),
    "pyramid": ([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0.5, 0.5, 1)], 8),
    "prism": ([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (0, 1, 1)], 9),
}


@pytest.mark.parametrize("name", SOLIDS)
def test_a_solid_shows_its_edges_and_no_diagonal_of_a_face(name):
    points, edges = SOLIDS[name]
    found = hull_edges([tuple(map(float, p)) for p in points])
    assert len(found) == edges
    corners = {i for edge in found for i in edge}
    assert len(corners) - edges + faces(points, corners) == 2  # Euler


def faces(points, corners) -> int:
    """How many planes touch the corners in at least three points and have all of them on one side."""
    P = [np.array(points[i], dtype=float) for i in corners]
    planes = set()
    for a, b, c in combinations(range(len(P)), 3):
        normal = np.cross(P[b] - P[a], P[c] - P[a])
        heights = [float(normal @ (p - P[a])) for p in P]
        if normal.any() and (min(heights) > -1e-9 or max(heights) < 1e-9):
            planes.add(frozenset(i for i, h in enumerate(heights) if abs(h) < 1e-9))
    return len(planes)


@given(st.fractions())
def test_a_decimal_has_forty_digits_of_its_fraction(value):
    error = abs(Fraction(decimal(str(value))) - value)
    assert error <= abs(value) * Fraction(1, 10**39)


def test_numbers_beyond_floats_keep_their_ratios():
    big = "1" + "0" * 5000
    (points,), size = scaled([((big, f"-{big}"), (f"1/{big}", "0"))])
    assert points.tolist() == [[1.0, -1.0], [0.0, 0.0]]
    assert size == decimal(big)


def test_up_to_three_dimensions_nothing_is_projected():
    for d in (1, 2, 3):
        look = projection(d, [], np.ones((1, d)))
        assert look.note == ""
        assert look(np.arange(1.0, d + 1)[None, :]) == [tuple([1.0, 2.0, 3.0][:d] + [0.0] * (3 - d))]


def test_more_dimensions_are_seen_on_the_plane_of_three_leaders_and_it_is_said():
    e = np.eye(5)
    look = projection(5, [(4, e[0]), (2, e[1]), (0, (e[0] + e[1]) / 2), (1, e[2])], e)
    assert look.note == "d = 5: projected on the plane of the leaders 4, 2, 1"  # 0 lies between 4 and 2
    p, q, r = (look(x[None, :])[0] for x in (e[0], e[1], e[2]))
    assert p == (0.0, 0.0, 0.0)
    assert hypot(q[0], q[1]) == pytest.approx(2**0.5)  # distances in the plane are kept
    assert hypot(q[0] - r[0], q[1] - r[1]) == pytest.approx(2**0.5)


def test_without_three_leaders_the_principal_axes_are_used_and_it_is_said():
    cloud = np.zeros((5, 4))
    cloud[:, 2] = [-2, -1, 0, 1, 2]
    cloud[:, 0] = [0.1, -0.1, 0, -0.1, 0.1]
    look = projection(4, [(0, cloud[0])], cloud)
    assert look.note == "d = 4: projected on the two principal axes of the tokens"
    assert [p[0] for p in look(cloud)] == pytest.approx([-2, -1, 0, 1, 2])
    assert [p[1] for p in look(cloud)] == pytest.approx([0.1, -0.1, 0, -0.1, 0.1])


@given(st.floats(-180, 180), st.floats(-90, 90), st.tuples(*[st.floats(-1, 1)] * 3))
def test_a_camera_never_lengthens(azimuth, elevation, p):
    x, y = Camera(azimuth, elevation).screen(p)
    assert hypot(x, y) <= np.linalg.norm(p) + 1e-9


def test_camera_directions():
    assert Camera().screen((1.0, 2.0, 3.0)) == (1.0, 2.0)
    assert Camera(azimuth=90).screen((1.0, 2.0, 3.0)) == pytest.approx((3.0, 2.0))
    assert Camera(elevation=90).screen((1.0, 2.0, 3.0)) == pytest.approx((1.0, -3.0))
