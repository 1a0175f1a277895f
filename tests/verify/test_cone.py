import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardmax.verify import cone
from hardmax.verify.cone import UnprovedError, decide, proves, relative_interior
from hardmax.verify.exact_lp import Combination, Farkas, cone_membership
from hardmax.verify.proposals import Proposal, coordinates, largest, min_norm_support, nonnegative, unit_rows

SQUARE = [(1, 1, 1), (-1, 1, 1), (1, -1, 1), (-1, -1, 1)]
"""Homogeneous rows of the corners of [−1, 1]²."""


@pytest.fixture
def always_propose(monkeypatch):
    """Every question takes the route by proposals, however small it is."""
    monkeypatch.setattr(cone, "_SMALL", 0)


@pytest.mark.parametrize(
    ("answer", "target", "holds"),
    [
        (Combination({0: 1, 3: 1}, 2), (0, 0, 1), True),
        (Combination({0: 1, 3: 1}, 1), (0, 0, 1), False),  # the weights sum to 2
        (Combination({0: 1, 3: 1, 1: 0}, 2), (0, 0, 1), False),  # a weight that is not positive
        (Combination({0: 2, 1: -1}, 1), (3, 1, 1), False),  # an affine combination is not convex
        (Combination({0: -1, 3: -1}, -2), (0, 0, 1), False),  # negative throughout
        (Combination({}, 0), (2, 0, 1), False),  # zero times the target
        (Combination({}, 1), (0, 0, 0), True),
        (Farkas([1, 0, -1]), (2, 0, 1), True),
        (Farkas([1, 0, -1]), (1, 0, 1), False),  # weak separation of a point on the boundary
        (Farkas([1, 0, 0]), (2, 0, 1), False),  # some generator is above
        (Farkas([0, 0, 0]), (2, 0, 1), False),
    ],
)
def test_proves_accepts_exactly_proofs(answer, target, holds):
    assert proves(answer, SQUARE, target) is holds


WRONG = {
    "weights off by one": lambda g, t: Combination({0: 2, 3: 1}, 2),
    "negative weight": lambda g, t: Combination({0: 2, 1: -1}, 1),
    "weak separation": lambda g, t: Farkas([1, 0, -1]),
    "no separation at all": lambda g, t: Farkas([0, 0, 0]),
}


@pytest.mark.parametrize("broken", WRONG.values(), ids=WRONG)
def test_an_exact_route_that_errs_is_an_error_not_an_answer(broken, monkeypatch):
    monkeypatch.setattr(cone, "cone_membership", broken)
    with pytest.raises(UnprovedError):
        decide(SQUARE, (1, 0, 1))


def is_inside(generators, target):
    return isinstance(cone_membership(generators, target), Combination)


@st.composite
def homogeneous(draw):
    d = draw(st.integers(1, 3))
    coordinates = st.lists(st.one_of(st.integers(-3, 3), st.integers(-(2**60), 2**60)), min_size=d, max_size=d)
    rows = draw(st.lists(st.tuples(coordinates, st.integers(1, 5)), min_size=1, max_size=7))
    point = draw(st.one_of(coordinates, st.sampled_from([row for row, _ in rows])))
    return [(*row, D) for row, D in rows], (*point, draw(st.integers(1, 5)))


@given(homogeneous())
def test_both_routes_agree(case):
    rows, target = case
    for affine in (False, True):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cone, "_SMALL", 0)
            answer = decide(rows, target, affine=affine)
        assert proves(answer, rows, target)
        assert isinstance(answer, Combination) is is_inside(rows, target)


@given(homogeneous(), st.data())
def test_lying_proposals_cost_time_and_nothing_else(case, data):
    rows, target = case
    support = data.draw(st.lists(st.integers(0, len(rows) - 1), unique=True))
    residual = data.draw(st.lists(st.floats(), min_size=len(target), max_size=len(target)))
    lie = Proposal(support, np.array(residual), data.draw(st.booleans()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cone, "_SMALL", 0)
        patch.setattr(cone, "nonnegative", lambda G, t: lie)
        answer = decide(rows, target, affine=True)
    assert proves(answer, rows, target)
    assert isinstance(answer, Combination) is is_inside(rows, target)


@pytest.mark.usefixtures("always_propose")
def test_the_proposal_decides_without_the_simplex_method(monkeypatch):
    def unused(generators, target):
        raise AssertionError("the simplex method was asked")

    monkeypatch.setattr(cone, "cone_membership", unused)
    assert isinstance(decide(SQUARE, (1, 0, 2), affine=True), Combination)
    assert isinstance(decide(SQUARE, (1, 1, 1), affine=True), Combination)
    assert isinstance(decide(SQUARE, (3, 0, 1), affine=True), Farkas)
    assert isinstance(decide(SQUARE, (3, 0, 1)), Farkas)


@pytest.mark.usefixtures("always_propose")
def test_rounding_separates_with_short_normals(monkeypatch):
    def unused(*arguments, **options):
        raise AssertionError("an exact solve was asked for")

    monkeypatch.setattr(cone, "cone_membership", unused)
    monkeypatch.setattr(cone, "project_on_cone", unused)
    for rows, target in (
        (SQUARE, (3, 0, 1)),
        ([(7, 7, 7), (-1, 1, 1), (3, -3, 3), (-2, -2, 2)], (300, 1, 100)),
        ([(100, 100, 1), (101, 100, 1), (100, 101, 1)], (100, 98, 1)),
        ([(-1, 2), (5, 3)], (9, 5)),
        ([(5, 3), (-1, 2)], (-6, 11)),
    ):
        answer = decide(rows, target, affine=True)
        assert isinstance(answer, Farkas)
        assert max(abs(v) for v in answer.normal) < 2**14
        assert max(sum(a * b for a, b in zip(answer.normal, row, strict=True)) for row in rows) == 0


@pytest.mark.usefixtures("always_propose")
def test_a_failing_solver_is_not_a_fact(monkeypatch):
    monkeypatch.setattr(cone, "nonnegative", lambda G, t: None)
    assert isinstance(decide(SQUARE, (1, 0, 2), affine=True), Combination)
    assert isinstance(decide(SQUARE, (3, 0, 1), affine=True), Farkas)


@pytest.mark.usefixtures("always_propose")
def test_numbers_beyond_floats_are_decided_exactly():
    huge = 10**400
    rows = [(huge, 1), (-huge, 1)]
    assert isinstance(decide(rows, (huge - 1, 1), affine=True), Combination)
    assert isinstance(decide(rows, (huge + 1, 1), affine=True), Farkas)
    assert isinstance(decide([(1, 1), (2, 1)], (huge, 1), affine=True), Farkas)


def test_rows_become_floats_whatever_their_size():
    assert unit_rows([(3, -6), (0, 0)]).tolist() == [[0.5, -1.0], [0.0, 0.0]]
    assert unit_rows([(3 * 10**400, -6 * 10**400), (0, 0), (10**400, 1)]).tolist() == [
        [0.5, -1.0],
        [0.0, 0.0],
        [1.0, 0.0],
    ]
    assert [largest(row) for row in ((3, -6), (0, 0), (10**400, 1))] == [6, 1, 10**400]
    assert coordinates([(3, -6, 2), (10**400, 0, 10**400)]).tolist() == [[1.5, -3.0], [1.0, 0.0]]
    assert np.isnan(coordinates([(1, 1), (10**400, 1)])).all()


def test_residuals_that_are_no_normals():
    assert Proposal([], np.zeros(2), False).normals() == []
    assert Proposal([], np.array([np.inf, 1.0]), True).normals() == []
    assert Proposal([], np.array([np.nan, 1.0]), True).normals() == []
    assert Proposal([], np.array([-0.5, 0.25]), True).normals()[0] == [-1024, 512]


def test_a_solver_that_gives_up_proposes_nothing(monkeypatch):
    def gives_up(A, b):
        raise RuntimeError("Maximum number of iterations reached.")

    monkeypatch.setattr("scipy.optimize.nnls", gives_up)
    assert nonnegative(np.eye(2), np.ones(2)) is None
    assert min_norm_support([(1, 2, 1)], np.eye(2)) == []


def test_the_support_of_the_least_norm_is_proposed():
    rows = [(2, 0, 1), (0, 2, 1), (5, 5, 1), (30, 30, 10)]
    assert min_norm_support(rows, np.eye(2)) == [0, 1]
    assert min_norm_support([(2, 0, 1), (1, 2, 1)], np.eye(2)) == [0, 1]
    assert min_norm_support([(2, 0, 1), (1, 2, 1)], np.diag([10.0, 1.0])) == [1]
    assert min_norm_support(rows, None) == []
    assert min_norm_support([(10**400, 1)], np.eye(1)) == []
    assert min_norm_support([(10**300, 1), (1, 1)], np.eye(1)) == [1]


def test_relative_interior():
    edge = [(1, 0), (-1, 0)]
    inside = relative_interior(edge)
    assert isinstance(inside, Combination)
    assert set(inside.weights) == {0, 1}
    corner = relative_interior([(0, 0), (1, 0), (0, 1)])
    assert isinstance(corner, Farkas)
    assert max(sum(a * b for a, b in zip(corner.normal, u, strict=True)) for u in [(1, 0), (0, 1)]) <= 0
    alone = relative_interior([(0, 0)])
    assert isinstance(alone, Combination)
    assert alone.weights == {0: 1}
