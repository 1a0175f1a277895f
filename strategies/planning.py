"""Planning: from the arguments of `configurations` to what may be drawn, decided before the first draw.

Impossible arguments are refused here, each with its value, the reason and a remedy; and a draw stays cheap, because it
only walks through strategies that exist already. Neighbours: `configurations` draws from the plans.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from hypothesis.strategies import SearchStrategy

from ..kernels import InputError
from .families.family import UNBOUNDED, Family, Item, Room, Tokens, choose
from .matrices import MATRICES, MatrixFamily
from .scalars import check_integer

Range = int | tuple[int, int]
"""A number, or the least and the largest."""

MOST_COPIES = 3
"""How many tokens are repeated at most where tokens may repeat."""


@dataclass(frozen=True, slots=True)
class Additions:
    """What is added to the distinct nonzero tokens of a family: the origin or not, and copies."""

    zero: bool
    copies: int

    @property
    def count(self) -> int:
        """How many tokens are added."""
        return self.zero + self.copies


@dataclass(frozen=True, slots=True)
class Dimension:
    """What may be drawn in R^d: tokens with their additions, and the matrix families."""

    d: int
    tokens: SearchStrategy[tuple[Additions, SearchStrategy[Tokens]]]
    matrices: SearchStrategy[MatrixFamily]


@dataclass(frozen=True, slots=True)
class FamilyPlan:
    """What may be drawn from one family: everything is decided before the first draw, which keeps draws cheap."""

    family: Family
    dimensions: SearchStrategy[Dimension]


def bounds(name: str, value: Range) -> tuple[int, int]:
    """The least and the largest value that `value` allows."""
    pair = (value, value) if isinstance(value, int) else value
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise InputError(f"{name} is {value!r}; give a whole number or a pair (least, largest)")
    least, largest = pair
    check_integer(f"{name}: the least", least, least=1)
    check_integer(f"{name}: the largest", largest, least=least)
    return least, largest


def named(
    kind: str, names: Iterable[str | Item] | None, known: Mapping[str, Item], default: Iterable[str]
) -> list[Item]:
    """The families with these names, in the order of the registry, and after them those that are given themselves."""
    chosen: list[Any] = list(default if names is None else [names] if isinstance(names, str) else names)
    own: list[Any] = [family for family in chosen if isinstance(family, Family) and kind == "families"]
    chosen = [name for name in chosen if name not in own]
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise InputError(f"{kind} holds {unknown[0]!r}; choose from {', '.join(known)}")
    if not chosen and not own:
        raise InputError(f"{kind} is empty; name one at least, or give None for all")
    return [*(family for name, family in known.items() if name in chosen), *own]


def offered_matrices(
    names: Iterable[str] | None, spd: bool | None, symmetric: bool | None, dimensions: tuple[int, int]
) -> list[MatrixFamily]:
    """The matrix families that agree with the flags and exist in one of the dimensions."""
    if spd and symmetric is False:
        raise InputError("spd is True but symmetric is False; an SPD matrix is symmetric: give symmetric=None")
    chosen = []
    for family in named("matrices", names, MATRICES, MATRICES):
        conflicts = [
            f"{flag} is {wanted} but matrices holds {family.name!r}; leave out one of them"
            for flag, wanted in (("spd", spd), ("symmetric", symmetric))
            if wanted not in (None, getattr(family, flag))
        ]
        if family.least_dimension > dimensions[1]:
            conflicts.append(f"matrices holds {family.name!r}, which needs d >= {family.least_dimension}; raise d")
        if not conflicts:
            chosen.append(family)
        elif names is not None:
            raise InputError(conflicts[0])
    if not chosen:
        raise InputError(
            f"spd={spd} and symmetric={symmetric} leave no matrix for d = {dimensions[1]}; every 1 x 1 matrix is "
            f"symmetric: raise d to 2"
        )
    return chosen


def possible_additions(nonzero: bool | None, distinct: bool | None) -> list[Additions]:
    """What may be added to distinct nonzero tokens, the least first."""
    zeros = {True: [False], False: [True], None: [False, True]}[nonzero]
    copies = {True: [0], False: range(1, MOST_COPIES + 1), None: range(MOST_COPIES + 1)}[distinct]
    return sorted((Additions(zero, count) for zero in zeros for count in copies), key=lambda a: a.count)


def plan_families(
    families: list[Family],
    sizes: tuple[int, int],
    dimensions: tuple[int, int],
    additions: list[Additions],
    matrices: list[MatrixFamily],
    *,
    all_of_them: bool,
) -> list[FamilyPlan]:
    """The plans of the families that have room for the sizes, as `lattice` always has.

    Args:
        families: in the order in which they are tried first while shrinking.
        sizes: the least and the largest n.
        dimensions: the least and the largest d.
        additions: what may be added to a family's tokens, the least first.
        matrices: the matrix families to draw A from.
        all_of_them: whether a family without room is an error, because it was asked for by name.

    Raises:
        InputError: a family that was asked for has no room.
    """
    plans = []
    for family in families:
        plan = _plan_family(family, sizes, dimensions, additions, matrices)
        if plan is not None:
            plans.append(plan)
        elif all_of_them:
            raise InputError(_no_room(family, sizes, dimensions, additions, matrices))
    return plans


def _plan_family(
    family: Family,
    sizes: tuple[int, int],
    dimensions: tuple[int, int],
    additions: list[Additions],
    matrices: list[MatrixFamily],
) -> FamilyPlan | None:
    """What may be drawn from the family, None if nothing."""
    result = []
    for d in range(dimensions[0], dimensions[1] + 1):
        tokens = []
        for added in additions:
            room = _room(family, d, sizes, added)
            if room is not None:
                tokens.append((added, _tokens(family, d, *room)))
        forms = [matrix for matrix in matrices if matrix.least_dimension <= d]
        if family.about_scores:
            forms = [matrix for matrix in forms if matrix.carries] or forms
        if tokens and forms:
            result.append(Dimension(d, choose(tokens), choose(forms)))
    return FamilyPlan(family, choose(result)) if result else None


def _room(family: Family, d: int, sizes: tuple[int, int], added: Additions) -> tuple[int, int] | None:
    """How many tokens of the family make n tokens with the additions, None if no number does."""
    room = family.room(d)
    if room is None:
        return None
    if not (isinstance(room, tuple) and len(room) == 2 and all(isinstance(n, int) for n in room)):
        raise InputError(f"family {family.name} has room {room!r} for d = {d}; give a pair (least, largest), or None")
    least, most = room
    # Without the origin there must be a token to begin with.
    lo = max(sizes[0] - added.count, least, 0 if added.zero else 1)
    hi = min(sizes[1] - added.count, most)
    return (lo, hi) if lo <= hi else None


def _no_room(
    family: Family,
    sizes: tuple[int, int],
    dimensions: tuple[int, int],
    additions: list[Additions],
    matrices: list[MatrixFamily],
) -> str:
    """Why the family has nothing for these sizes and matrices."""
    every = range(dimensions[0], dimensions[1] + 1)
    roomy = [d for d in every if any(_room(family, d, sizes, added) for added in additions)]
    if roomy:
        return (
            f"families holds {family.name!r}, which has room for n in {sizes[0]}..{sizes[1]} in d = {roomy} alone, "
            f"where none of the matrices {[matrix.name for matrix in matrices]} exists; change n or d, or name other "
            f"matrices"
        )
    added = additions[0].count
    asked = f"n in {sizes[0]}..{sizes[1]}" + (f", {added} of them the origin or copies" if added else "")
    has = "; ".join(f"d = {d}: {_in_words(family.room(d))}" for d in every)
    return (
        f"families holds {family.name!r}, which cannot give {asked}; it has distinct nonzero tokens for {has}; "
        f"change n or d, or leave the family out"
    )


def _in_words(room: Room | None) -> str:
    if room is None:
        return "none"
    least, most = room
    return f"{least} or more" if most == UNBOUNDED else f"{least} to {most}"


@cache
def _tokens(family: Family, d: int, min_size: int, max_size: int) -> SearchStrategy[Tokens]:
    """What a family draws for these sizes; of one that is not shipped, each draw is looked at."""
    if getattr(family.tokens, "__module__", "").startswith(str(__package__)):
        return family.tokens(d, min_size=min_size, max_size=max_size)
    return _looked_at(family, d, min_size, max_size)


@st.composite
def _looked_at(draw: st.DrawFn, family: Family, d: int, min_size: int, max_size: int) -> Tokens:
    try:
        drawn = draw(family.tokens(d, min_size=min_size, max_size=max_size))
        rows = tuple(tuple(row) for row in drawn)
        right = all(len(row) == d and all(isinstance(v, int | Fraction) for v in row) and any(row) for row in rows)
        right = right and min_size <= len(rows) <= max_size and len(set(rows)) == len(rows)
    except (HypothesisException, InputError):
        raise
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise InputError(f"family {family.name} gives no tokens of {d} coordinates: {what}") from error
    if not right:
        raise InputError(
            f"family {family.name} drew {drawn!r:.200}; {min_size} to {max_size} distinct nonzero tokens of {d} "
            "integers or Fractions each are required"
        )
    return rows
