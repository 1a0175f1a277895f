"""Configurations: tokens, A, step and the rest, combined, with or without each hypothesis of the theorem.

`FAMILIES` names every way of choosing tokens; `matrices.MATRICES` and `steps.STEPS` do the same for A and the step, so
that a campaign can ask for some of them and report what each of them met.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ..kernels import Configuration, InputError, Step
from ..kernels.configuration import Follow
from .degenerate import DEGENERATE
from .family import UNBOUNDED, Family, Room, Tokens, choose
from .matrices import MATRICES, Form, MatrixFamily
from .scalars import check_integer
from .steps import STEPS
from .tokens import GENERAL

FAMILIES: dict[str, Family] = {family.name: family for family in (*GENERAL, *DEGENERATE)}
"""The families of tokens by name, the simplest first: FAMILIES[name].tokens is a strategy factory."""

Range = int | tuple[int, int]
"""A number, or the least and the largest."""

MOST_COPIES = 3
"""How many tokens are repeated at most where tokens may repeat."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A configuration and the families that it was drawn from, by name."""

    configuration: Configuration
    family: str
    matrix: str
    step: str


def configurations(
    *,
    n: Range = (1, 12),
    d: Range = (1, 4),
    families: Iterable[str] | None = None,
    nonzero: bool | None = True,
    distinct: bool | None = True,
    spd: bool | None = True,
    symmetric: bool | None = None,
    matrices: Iterable[str] | None = None,
    steps: Iterable[str] | None = None,
    max_multiplicity: int = 1,
    labels: SearchStrategy[str] | None = None,
    follow: Follow = "largest",
) -> SearchStrategy[Configuration]:
    """Configurations of every kind, the degenerate ones included.

    Shrinks towards one token (1) on the line, A = I and α = 1: few tokens, low dimension, small integers, the first
    of the families, matrices and steps that were asked for.

    Each hypothesis is guaranteed (True), guaranteed to be broken (False) or left open (None): then both kinds occur.

    Args:
        n: the number of tokens, or its range (least, largest).
        d: the dimension, or its range.
        families: names of `FAMILIES`; all of them if None.
        nonzero: whether no token is the origin; False puts the origin among the tokens.
        distinct: whether all tokens differ; False repeats one to `MOST_COPIES` tokens.
        spd: whether A is symmetric positive definite.
        symmetric: whether A is symmetric.
        matrices: names of `MATRICES`; all that agree with `spd` and `symmetric` if None.
        steps: names of `STEPS`; those that are the default there if None.
        max_multiplicity: the largest multiplicity; above 1 tokens are no longer distinct.
        labels: what one label is drawn from, or None for no labels.
        follow: which inner product tokens follow. What families promise about scores holds for "largest".

    Raises:
        InputError: an argument is out of range, or no configuration agrees with all of them.
    """
    return samples(
        n=n,
        d=d,
        families=families,
        nonzero=nonzero,
        distinct=distinct,
        spd=spd,
        symmetric=symmetric,
        matrices=matrices,
        steps=steps,
        max_multiplicity=max_multiplicity,
        labels=labels,
        follow=follow,
    ).map(attrgetter("configuration"))


def samples(
    *,
    n: Range = (1, 12),
    d: Range = (1, 4),
    families: Iterable[str] | None = None,
    nonzero: bool | None = True,
    distinct: bool | None = True,
    spd: bool | None = True,
    symmetric: bool | None = None,
    matrices: Iterable[str] | None = None,
    steps: Iterable[str] | None = None,
    max_multiplicity: int = 1,
    labels: SearchStrategy[str] | None = None,
    follow: Follow = "largest",
) -> SearchStrategy[Sample]:
    """What `configurations` draws, each with the names of its families: for reports of coverage.

    The arguments, the errors and what it shrinks towards are those of `configurations`.
    """
    sizes, dimensions = _range("n", n), _range("d", d)
    for name, flag in (("nonzero", nonzero), ("distinct", distinct), ("spd", spd), ("symmetric", symmetric)):
        if flag not in (True, False, None):
            raise InputError(f"{name} is {flag!r}; give True (guaranteed), False (guaranteed broken) or None (open)")
    check_integer("max_multiplicity", max_multiplicity, least=1)
    if distinct and max_multiplicity > 1:
        raise InputError(
            f"max_multiplicity is {max_multiplicity} but distinct is True, and a token of multiplicity 2 is not "
            f"distinct; give distinct=False or None, or max_multiplicity=1"
        )
    if distinct is False and sizes[1] < 2:
        raise InputError(f"distinct is False but n is {n!r}; repeating a token takes two: give n >= 2")
    if follow not in ("largest", "smallest"):
        raise InputError(f'follow is {follow!r}; it must be "largest" or "smallest"')
    offered = _matrices(matrices, spd, symmetric, dimensions)
    additions = _additions(nonzero, distinct)
    plans = []
    for family in _named("families", families, FAMILIES, FAMILIES):
        plan = _plan_family(family, sizes, dimensions, additions, offered)
        if plan is not None:
            plans.append(plan)
        elif families is not None:
            raise InputError(_no_room(family, sizes, dimensions, additions, offered))
    default_steps = [name for name, family in STEPS.items() if family.default]
    chosen_steps = [(family.name, family.steps()) for family in _named("steps", steps, STEPS, default_steps)]
    if not plans:
        raise InputError(
            f"no family has room for n in {sizes[0]}..{sizes[1]} and d in {dimensions[0]}..{dimensions[1]}"
        )
    return _draw_sample(choose(plans), choose(chosen_steps), max_multiplicity, labels, follow)


@dataclass(frozen=True, slots=True)
class _Additions:
    """What is added to the distinct nonzero tokens of a family: the origin or not, and copies."""

    zero: bool
    copies: int

    @property
    def count(self) -> int:
        return self.zero + self.copies


@dataclass(frozen=True, slots=True)
class _Dimension:
    """What may be drawn in R^d: tokens with their additions, and the matrix families."""

    d: int
    tokens: SearchStrategy[tuple[_Additions, SearchStrategy[Tokens]]]
    matrices: SearchStrategy[MatrixFamily]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What may be drawn from one family: everything is decided before the first draw, which keeps draws cheap."""

    family: Family
    dimensions: SearchStrategy[_Dimension]


@st.composite
def _draw_sample(
    draw: DrawFn,
    plans: SearchStrategy[_Plan],
    steps: SearchStrategy[tuple[str, SearchStrategy[Step]]],
    max_multiplicity: int,
    labels: SearchStrategy[str] | None,
    follow: Follow,
) -> Sample:
    plan = draw(plans)
    dimension = draw(plan.dimensions)
    additions, strategy = draw(dimension.tokens)
    tokens = draw(strategy)
    matrix = draw(dimension.matrices)
    form = draw(_forms(matrix.name, dimension.d))
    if form.isometry is not None and (plan.family.about_scores or draw(_BOOLEANS)):
        tokens = form.carry(tokens)
    if additions.zero:
        place = draw(_below(len(tokens) + 1))
        tokens = (*tokens[:place], (0,) * dimension.d, *tokens[place:])
    for _ in range(additions.copies):
        tokens = (*tokens, tokens[draw(_below(len(tokens)))])
    step, strategy = draw(steps)
    configuration = Configuration(
        tokens,
        form.A,
        draw(strategy),
        labels=None if labels is None else [draw(labels) for _ in tokens],
        multiplicities=None if max_multiplicity == 1 else [1 + draw(_below(max_multiplicity)) for _ in tokens],
        follow=follow,
    )
    return Sample(configuration, plan.family.name, matrix.name, step)


_BOOLEANS = st.booleans()

_Item = TypeVar("_Item")


@cache
def _below(count: int) -> SearchStrategy[int]:
    """0, 1, …, count − 1."""
    return st.integers(0, count - 1)


@cache
def _forms(name: str, d: int) -> SearchStrategy[Form]:
    return MATRICES[name].forms(d)


@cache
def _tokens(name: str, d: int, min_size: int, max_size: int) -> SearchStrategy[Tokens]:
    return FAMILIES[name].tokens(d, min_size=min_size, max_size=max_size)


def _range(name: str, value: Range) -> tuple[int, int]:
    """The least and the largest value that `value` allows."""
    bounds = (value, value) if isinstance(value, int) else value
    if not isinstance(bounds, tuple) or len(bounds) != 2:
        raise InputError(f"{name} is {value!r}; give a whole number or a pair (least, largest)")
    least, largest = bounds
    check_integer(f"{name}: the least", least, least=1)
    check_integer(f"{name}: the largest", largest, least=least)
    return least, largest


def _named(kind: str, names: Iterable[str] | None, known: Mapping[str, _Item], default: Iterable[str]) -> list[_Item]:
    """The families with these names, in the order of the registry."""
    chosen = list(default if names is None else [names] if isinstance(names, str) else names)
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise InputError(f"{kind} holds {unknown[0]!r}; choose from {', '.join(known)}")
    if not chosen:
        raise InputError(f"{kind} is empty; name one at least, or give None for all")
    return [family for name, family in known.items() if name in chosen]


def _matrices(
    names: Iterable[str] | None, spd: bool | None, symmetric: bool | None, dimensions: tuple[int, int]
) -> list[MatrixFamily]:
    """The matrix families that agree with the flags and exist in one of the dimensions."""
    if spd and symmetric is False:
        raise InputError("spd is True but symmetric is False; an SPD matrix is symmetric: give symmetric=None")
    chosen = []
    for family in _named("matrices", names, MATRICES, MATRICES):
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


def _additions(nonzero: bool | None, distinct: bool | None) -> list[_Additions]:
    """What may be added to distinct nonzero tokens, the least first."""
    zeros = {True: [False], False: [True], None: [False, True]}[nonzero]
    copies = {True: [0], False: range(1, MOST_COPIES + 1), None: range(MOST_COPIES + 1)}[distinct]
    return sorted((_Additions(zero, count) for zero in zeros for count in copies), key=lambda a: a.count)


def _plan_family(
    family: Family,
    sizes: tuple[int, int],
    dimensions: tuple[int, int],
    additions: list[_Additions],
    matrices: list[MatrixFamily],
) -> _Plan | None:
    """What may be drawn from the family, None if nothing."""
    result = []
    for d in range(dimensions[0], dimensions[1] + 1):
        tokens = []
        for added in additions:
            room = _room(family, d, sizes, added)
            if room is not None:
                tokens.append((added, _tokens(family.name, d, *room)))
        forms = [matrix for matrix in matrices if matrix.least_dimension <= d]
        if family.about_scores:
            forms = [matrix for matrix in forms if matrix.carries] or forms
        if tokens and forms:
            result.append(_Dimension(d, choose(tokens), choose(forms)))
    return _Plan(family, choose(result)) if result else None


def _room(family: Family, d: int, sizes: tuple[int, int], added: _Additions) -> tuple[int, int] | None:
    """How many tokens of the family make n tokens with the additions, None if no number does."""
    room = family.room(d)
    if room is None:
        return None
    least, most = room
    # Without the origin there must be a token to begin with.
    lo = max(sizes[0] - added.count, least, 0 if added.zero else 1)
    hi = min(sizes[1] - added.count, most)
    return (lo, hi) if lo <= hi else None


def _no_room(
    family: Family,
    sizes: tuple[int, int],
    dimensions: tuple[int, int],
    additions: list[_Additions],
    matrices: list[MatrixFamily],
) -> str:
    """Why the family has nothing for these sizes and matrices."""
    every = range(dimensions[0], dimensions[1] + 1)
    roomy = [d for d in every if any(_room(family, d, sizes, added) for added in additions)]
    if roomy:
        return (
            f"families holds {family.name!r}, which has room for n in {sizes[0]}..{sizes[1]} in d = {roomy} alone, where "
            f"none of the matrices {[matrix.name for matrix in matrices]} exists; change n or d, or name other matrices"
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


__all__ = ["FAMILIES", "MOST_COPIES", "Range", "Sample", "configurations", "samples"]
