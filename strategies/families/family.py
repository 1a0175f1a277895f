"""Family: a named way of choosing tokens, with the room it has for them.

Neighbours: `tokens` and `degenerate` define the families, `configurations` combines them.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from inspect import cleandoc
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ...kernels import InputError
from ..points import Points
from ..scalars import check_integer

Tokens = Points
"""n distinct nonzero tokens, each a tuple of d exact numbers (int or Fraction)."""

Room = tuple[int, int]
"""The least and the largest number of tokens that a family has in some dimension."""

Item = TypeVar("Item")

UNBOUNDED = sys.maxsize
ARGUMENTS = """
Args:
    d: the dimension, ≥ 1.
    min_size: the least number of tokens, ≥ 0.
    max_size: the largest.

Raises:
    InputError: an argument is out of range, or the family has no set of such a size in R^d.
"""


@dataclass(frozen=True, slots=True)
class Family:
    """A named family of token sets.

    Args:
        name: what reports call it.
        tokens: the strategy factory (d, *, min_size, max_size); every set that it draws has distinct nonzero tokens.
        room: the range of n for a dimension d, None if the family has no tokens there; `tokens` refuses the rest.
        about_scores: whether the family promises something about inner products. The promise is made for A = I, for
            these tokens alone, each of multiplicity 1; `configurations` carries it over to another A by an isometry.
    """

    name: str
    tokens: Callable[..., SearchStrategy[Tokens]]
    room: Callable[[int], Room | None]
    about_scores: bool = False


def unbounded(d: int) -> Room:
    """Any number of tokens in any dimension d ≥ 1."""
    return (0, UNBOUNDED)


def family(
    table: list[Family], room: Callable[[int], Room | None] = unbounded, *, about_scores: bool = False
) -> Callable[[Callable[..., SearchStrategy[Tokens]]], Callable[..., SearchStrategy[Tokens]]]:
    """Makes a strategy factory of a function (d, lo, hi) for lo to hi tokens, and lists it as a family of its name.

    The factory also takes the options of the function; the rest of it is `ARGUMENTS`, which its docstring ends with.

    Args:
        table: where the family is listed.
        room: the sizes that the family has in a dimension.
        about_scores: as for `Family`.
    """

    def factory(draw: Callable[..., SearchStrategy[Tokens]]) -> Callable[..., SearchStrategy[Tokens]]:
        name = draw.__name__

        @wraps(draw)
        def tokens(d: int, *, min_size: int = 1, max_size: int = 12, **options: Any) -> SearchStrategy[Tokens]:
            return draw(d, *_fit(name, room, d, min_size, max_size), **options)

        tokens.__doc__ = f"{cleandoc(draw.__doc__ or '')}\n{ARGUMENTS}"
        table.append(Family(name, tokens, room, about_scores))
        return tokens

    return factory


def _fit(name: str, room: Callable[[int], Room | None], d: int, min_size: int, max_size: int) -> Room:
    """The sizes between min_size and max_size for which the family has room."""
    check_integer("d", d, least=1)
    check_integer("min_size", min_size, least=0)
    check_integer("max_size", max_size, least=min_size)
    sizes = room(d)
    if sizes is None:
        raise InputError(f"{name} has no tokens for d = {d}; give a larger d or another family")
    least, most = sizes
    if min_size > most:
        raise InputError(f"{name} has at most {most} tokens for d = {d}, below min_size = {min_size}; lower min_size")
    if max_size < least:
        raise InputError(
            f"{name} needs at least {least} tokens for d = {d}, above max_size = {max_size}; raise max_size"
        )
    return max(min_size, least), min(max_size, most)


# Every family draws the same first: a list of n distinct places, one a token. So an example keeps its tokens' number
# when Hypothesis tries a simpler family, and no family passes for simpler than `lattice` by drawing less. Places, not
# items: a strategy that held the items would hash them, and show all of them in its repr.


def places(count: int, min_size: int, max_size: int) -> SearchStrategy[list[int]]:
    """Distinct integers in 0 … count − 1, in any order; shrinks towards fewer, then towards 0, 1, 2, …."""
    return st.lists(st.sampled_from(range(count)), min_size=min_size, max_size=max_size, unique=True)


def subsets(items: Sequence[Item], min_size: int, max_size: int) -> SearchStrategy[tuple[Item, ...]]:
    """Some of the distinct `items`, in any order; shrinks towards fewer and towards the first of them."""
    return places(len(items), min_size, max_size).map(lambda chosen: tuple([items[i] for i in chosen]))


def at_places(items: Sequence[Item], chosen: Iterable[int]) -> list[Item]:
    """An item of its own for each of at most len(items) integers: at that place, modulo their number, or the next."""
    count = len(items)
    taken: dict[int, None] = {}
    for place in chosen:
        taken[next(p % count for p in range(place, place + count) if p % count not in taken)] = None
    return [items[i] for i in taken]


def beside(core: int, items: Sequence[Item], min_size: int, max_size: int) -> SearchStrategy[list[Item]]:
    """Some of `items`, to stand beside `core` tokens that are not drawn: min_size to max_size tokens with these.

    Shrinks towards fewer items and towards the first of them.
    """
    chosen = places(core + len(items), min_size, max_size)
    return chosen.map(lambda chosen: at_places(items, [place - core for place in chosen[core:]]))


def choose(items: Sequence[Item]) -> SearchStrategy[Item]:
    """One of `items`, without a draw where there is no choice; shrinks towards the first."""
    if len(items) == 1:
        return st.just(items[0])
    return st.integers(0, len(items) - 1).map(lambda i: items[i])
