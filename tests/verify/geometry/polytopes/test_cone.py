import pytest

from hardmax.verify.geometry.polytopes import cone
from hardmax.verify.geometry.polytopes.cone import UnprovedError, decide, proves, relative_interior
from hardmax.verify.geometry.polytopes.exact_lp import Combination, Farkas

SQUARE = [(1, 1, 1), (-1, 1, 1), (1, -1, 1), (-1, -1, 1)]
"""Homogeneous rows of the corners of [−1, 1]²."""


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


@pytest.mark.parametrize(
    ("rows", "target", "kind"),
    [
        (SQUARE, (1, 0, 2), Combination),
        (SQUARE, (1, 1, 1), Combination),
        (SQUARE, (3, 0, 1), Farkas),
        ([(10**400, 1), (-(10**400), 1)], (10**400 - 1, 1), Combination),
        ([(10**400, 1), (-(10**400), 1)], (10**400 + 1, 1), Farkas),
        ([(1, 1), (2, 1)], (10**400, 1), Farkas),
    ],
)
def test_what_is_decided_is_proved(rows, target, kind):
    answer = decide(rows, target)
    assert isinstance(answer, kind)
    assert proves(answer, rows, target)


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
