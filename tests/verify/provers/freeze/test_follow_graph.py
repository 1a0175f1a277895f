"""The order of the follow graph: every token after those that it follows, cycles refused, any depth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardmax.kernels.errors import FollowGraphError
from hardmax.verify.provers.freeze.follow_graph import follow_order


@st.composite
def acyclic(draw):
    """Follow sets in which a token follows tokens of lower rank and perhaps itself; the ranks are shuffled."""
    n = draw(st.integers(1, 8))
    rank = draw(st.permutations(range(n)))
    sets = []
    for i in range(n):
        lower = [j for j in range(n) if rank[j] <= rank[i]]
        sets.append(tuple(sorted(draw(st.sets(st.sampled_from(lower), min_size=1)))))
    return tuple(sets)


@given(acyclic())
def test_every_token_comes_after_those_it_follows(sets):
    order = follow_order(sets, range(len(sets)))
    assert sorted(order) == list(range(len(sets)))
    assert all(order.index(j) <= order.index(i) for i, C in enumerate(sets) for j in C)


@pytest.mark.parametrize("sets", [((1,), (0,)), ((1,), (2,), (0,), (3,)), ((0, 1), (0, 1))])
def test_cycles_are_refused(sets):
    with pytest.raises(FollowGraphError, match=r"in a cycle, among them \[0, 1"):
        follow_order(sets, range(len(sets)))


def test_tokens_at_rest_break_a_cycle():
    assert follow_order(((1,), (0,)), range(2), at_rest={1}) == [1, 0]


def test_twins_are_one():
    # Tokens 0 and 1 share a position and follow each other; 2 follows both.
    assert follow_order(((0, 1), (0, 1), (0, 1)), (0, 0, 2)) == [0, 2]


def test_graphs_may_be_deeper_than_pythons_stack():
    n = 3_000
    chain = tuple((min(i + 1, n - 1),) for i in range(n))
    assert follow_order(chain, range(n)) == list(reversed(range(n)))
