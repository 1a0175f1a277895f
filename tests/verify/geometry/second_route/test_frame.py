"""Frames: coordinates that floats can tell apart, with combinations and normals carried over exactly."""

from fractions import Fraction as Q

from hypothesis import assume, given
from hypothesis import strategies as st

from hardmax.verify.geometry.polytopes.exact_lp import dot, eliminate
from hardmax.verify.geometry.second_route.frame import frame_of, largest, unit_rows


@st.composite
def directions(draw):
    d = draw(st.integers(1, 4))
    entry = st.one_of(st.integers(-3, 3), st.integers(-3, 3).map(lambda x: 10**40 + x))
    rows = draw(st.lists(st.lists(entry, min_size=d, max_size=d), min_size=1, max_size=7))
    assume(any(map(any, rows)))
    return d, rows


def factor(frame, rows):
    """The number by which C B is a multiple of the directions, from the first entry that is not zero."""
    pairs = ((x, y) for image, u in zip(images(frame), rows, strict=True) for x, y in zip(image, u, strict=True))
    return next(Q(x, y) for x, y in pairs if y)


def images(frame):
    """C B."""
    return [[dot(C, column) for column in zip(*frame.basis, strict=True)] for C in frame.coordinates]


@given(directions())
def test_coordinates_and_normals_are_those_of_the_directions(case):
    d, rows = case
    frame = frame_of(rows, d)
    assert len(frame.basis) == len(eliminate(rows, d)[0])
    den = factor(frame, rows)
    assert den > 0
    assert images(frame) == [[den * x for x in u] for u in rows]
    for g in (range(1, len(frame.basis) + 1), [-1] * len(frame.basis)):
        h = frame.normal(g)
        heights = [(dot(h, u), dot(g, C)) for u, C in zip(rows, frame.coordinates, strict=True)]
        ratio = next((Q(x, y) for x, y in heights if y), Q(1))
        assert ratio > 0
        assert all(x == ratio * y for x, y in heights)


@given(directions())
def test_no_coordinate_is_large(case):
    """In units of at least half and at most the size of each basis vector no coordinate of a unit vector is above 2."""
    d, rows = case
    frame = frame_of(rows, d)
    den = factor(frame, rows)
    sizes = [largest(b) for b in frame.basis]
    assert max(sizes) < 2 * min(sizes)
    for u, C in zip(rows, frame.coordinates, strict=True):
        assert all(abs(c) * size <= 2 * den * largest(u) for c, size in zip(C, sizes, strict=True))


def test_rows_become_floats_whatever_their_size():
    assert unit_rows([(3, -6), (0, 0)]).tolist() == [[0.5, -1.0], [0.0, 0.0]]
    huge = 10**400
    assert unit_rows([(3 * huge, -6 * huge), (0, 0), (huge, 1)]).tolist() == [[0.5, -1.0], [0.0, 0.0], [1.0, 0.0]]
    assert [largest(row) for row in ((3, -6), (0, 0), (huge, 1))] == [6, 1, huge]
