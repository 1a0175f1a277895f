"""The follow graph at one layer: arrows i → j for j ∈ C_i, tokens at one position taken as one.

Neighbours: `sign_table` and `prover` work up this graph, from the tokens that nobody moves to those that follow them.
"""

from collections.abc import Collection, Sequence

from ....kernels.errors import FollowGraphError
from ....kernels.exact.dynamics import Sets


def follow_order(sets: Sets, representative: Sequence[int], at_rest: Collection[int] = ()) -> list[int]:
    """The representatives, each after those that it follows.

    Args:
        sets: the follow sets of n tokens.
        representative: for each token the first token at the same position.
        at_rest: tokens whose arrows do not matter.

    Raises:
        FollowGraphError: the graph has a cycle other than self-loops.
    """
    # Not by recursion: the graph can be as deep as there are tokens. Three times as fast as graphlib on small graphs.
    arrows = {
        i: set() if i in at_rest else {representative[j] for j in sets[i]} - {i} for i in dict.fromkeys(representative)
    }
    order: dict[int, None] = {}
    while arrows:
        ready = [i for i, targets in arrows.items() if targets <= order.keys()]
        if not ready:
            raise FollowGraphError(f"tokens follow each other in a cycle, among them {sorted(arrows)}")
        for i in ready:
            order[i] = None
            del arrows[i]
    return list(order)
