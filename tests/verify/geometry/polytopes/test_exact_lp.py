from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Matrix

from hardmax.verify.geometry.polytopes import exact_lp
from hardmax.verify.geometry.polytopes.exact_lp import Combination, Farkas, cone_membership, eliminate, primitive


def inner(x, y):
    return sum(a * b for a, b in zip(x, y, strict=True))


def is_proof(answer, generators, target):
    """The definition, written without the module's own helpers."""
    if isinstance(answer, Combination):
        total = [sum(x * generators[j][i] for j, x in answer.weights.items()) for i in range(len(target))]
        return (
            answer.den > 0
            and all(type(x) is int and x > 0 for x in answer.weights.values())
            and total == [answer.den * t for t in target]
        )
    return inner(answer.normal, target) > 0 and all(inner(answer.normal, g) <= 0 for g in generators)


entries = st.one_of(st.integers(-3, 3), st.integers(-(2**70), 2**70))


@st.composite
def cones(draw, entries=entries):
    m = draw(st.integers(1, 4))
    generators = draw(st.lists(st.lists(entries, min_size=m, max_size=m), max_size=7))
    if draw(st.booleans()) or not generators:
        return generators, draw(st.lists(entries, min_size=m, max_size=m))
    weights = draw(st.lists(st.integers(0, 3), min_size=len(generators), max_size=len(generators)))
    return generators, [sum(w * g[i] for w, g in zip(weights, generators, strict=True)) for i in range(m)]


CASES = {
    "target zero": ([[1, 2]], [0, 0], Combination),
    "no generators": ([], [1], Farkas),
    "opposite ray": ([[1]], [-1], Farkas),
    "negative target": ([[-2]], [-1], Combination),
    "on an edge of the cone": ([[1, 0], [1, 1]], [3, 3], Combination),
    "just outside the edge": ([[2**60, 0], [2**60, 2**60]], [2**60, 2**60 + 1], Farkas),
    "just inside the edge": ([[2**60, 0], [2**60, 2**60]], [2**60, 2**60 - 1], Combination),
    "a whole line": ([[1, 1], [-1, -1]], [-5, -5], Combination),
    "beside a line": ([[1, 1], [-1, -1]], [1, 0], Farkas),
    "zero generators": ([[0, 0], [0, 0]], [0, 1], Farkas),
    "repeated generators": ([[1, 0], [1, 0], [0, 1]], [2, 1], Combination),
}


@pytest.mark.parametrize(("generators", "target", "kind"), CASES.values(), ids=CASES)
def test_membership_of_known_cones(generators, target, kind):
    answer = cone_membership(generators, target)
    assert isinstance(answer, kind)
    assert is_proof(answer, generators, target)


@given(cones())
def test_every_answer_is_a_proof(case):
    generators, target = case
    assert is_proof(cone_membership(generators, target), generators, target)


@pytest.mark.parametrize(("target", "kind"), [(100, Combination), (500, Combination), (501, Farkas)])
def test_beales_example_does_not_cycle(target, kind, monkeypatch):
    """Beale's linear program as a feasibility question: the largest coefficient rule alone cycles on it for ever.

    The rows are four times his (slacks first), his objective row weighs so much that it decides every entering column.
    """
    rows = [
        [0, 0, 0, 300, -8000, 200, -2400, target],
        [4, 0, 0, 1, -32, -4, 36, 0],
        [0, 4, 0, 2, -48, -2, 12, 0],
        [0, 0, 4, 0, 0, 4, 0, 4],
    ]
    *generators, target = zip(*rows, strict=True)
    pivots = count(1)
    choose = exact_lp._leaving_row

    def counted(*arguments):
        assert next(pivots) <= 50, "the simplex method cycles"
        return choose(*arguments)

    monkeypatch.setattr(exact_lp, "_leaving_row", counted)
    answer = cone_membership(generators, target)
    assert isinstance(answer, kind)
    assert is_proof(answer, generators, target)


@given(st.integers(1, 5), st.data())
def test_degenerate_cones_end(m, data):
    """Entries of −1, 0, 1 and a zero-heavy target make most pivots degenerate: without Bland's rule this may cycle."""
    generators = data.draw(st.lists(st.lists(st.integers(-1, 1), min_size=m, max_size=m), max_size=12))
    target = data.draw(st.lists(st.sampled_from([0, 0, 0, 1]), min_size=m, max_size=m))
    assert is_proof(cone_membership(generators, target), generators, target)


@given(st.integers(1, 4), st.data())
def test_elimination_gives_rank_and_complement(m, data):
    vectors = data.draw(st.lists(st.lists(entries, min_size=m, max_size=m), max_size=6))
    chosen, complement = eliminate(vectors, m)
    rank = Matrix(len(vectors), m, [v for row in vectors for v in row]).rank() if vectors else 0
    assert len(chosen) == rank
    assert len(complement) == m - rank
    if chosen:
        assert Matrix([vectors[j] for j in chosen]).rank() == rank
    if complement:
        assert Matrix(complement).rank() == m - rank
    assert all(inner(h, u) == 0 for h in complement for u in vectors)
    assert all(primitive(h) == h for h in complement)


@pytest.mark.parametrize(
    ("vector", "expected"), [([4, -6], [2, -3]), ([0, 0], [0, 0]), ([0, -5], [0, -1]), ([1, 7], [1, 7])]
)
def test_primitive(vector, expected):
    assert primitive(vector) == expected
