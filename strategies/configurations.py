"""Configurations: tokens, A, step and the rest, combined, with or without each hypothesis of the theorem.

`FAMILIES` names every way of choosing tokens; `matrices.MATRICES` and `steps.STEPS` do the same for A and the step, so
that a campaign can ask for some of them and report what each of them met. Neighbours: `planning` turns the arguments
into what may be drawn.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, wraps
from operator import attrgetter
from typing import Any, ParamSpec

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from ..kernels import Configuration, InputError, Step
from ..kernels.exact.configuration import Follow
from ..kernels.exact.step import Exact
from ..kernels.loading import attribute, collect, lasting
from .families.degenerate import DEGENERATE
from .families.family import Family, choose
from .families.late_leaders import LATE_LEADERS
from .families.near_ties import NEAR_TIES
from .given import GIVEN, GivenMatrix, given_matrix, given_step
from .matrices import Form, MatrixFamily
from .planning import FamilyPlan, Range, bounds, named, offered_matrices, plan_families, possible_additions
from .scalars import check_integer
from .steps import STEPS
from .tokens import GENERAL

FAMILIES: dict[str, Family] = {family.name: family for family in (*GENERAL, *DEGENERATE, *NEAR_TIES, *LATE_LEADERS)}
"""The families of tokens by name, the simplest first: FAMILIES[name].tokens is a strategy factory."""


GROUP = "hardmax.strategies"
"""The entry-point group under which other packages offer families of tokens."""


def select_families(wanted: str = "*") -> dict[str, Family]:
    """The families that are asked for, by name, or by place where they are not shipped.

    Args:
        wanted: a comma-separated list of globs of names and of places ("mine.py", "mine.py:grid", "pkg.module:grid").

    Raises:
        InputError: one matches no family, cannot be loaded, or takes the name of another.
    """
    found = collect(
        wanted,
        Family,
        shipped=tuple(FAMILIES.values()),
        group=GROUP,
        name_of=attrgetter("name"),
        what="family",
        hint="make one with hardmax.Family(name, tokens, room)",
        listed=f"known are {', '.join(FAMILIES)}",
    )
    chosen: dict[str, Family] = {}
    owners = dict.fromkeys(FAMILIES, "a shipped one")
    for place, family in found:
        spec = family.name if place is None else lasting(place)
        if place is not None and owners.setdefault(family.name, spec) != spec:
            raise InputError(f"{spec} is called {family.name}, as {owners[family.name]} is already; rename the family")
        chosen[spec] = family
    return chosen


@cache
def family_of(spec: str) -> Family:
    """The family of a name or place that `select_families` gives."""
    return FAMILIES[spec] if spec in FAMILIES else attribute(spec, what="a family")


@dataclass(frozen=True, slots=True)
class Sample:
    """A configuration and the families that it was drawn from, by name."""

    configuration: Configuration
    family: str
    matrix: str
    step: str


def samples(
    *,
    n: Range = (1, 12),
    d: Range = (1, 4),
    families: Iterable[str | Family] | None = None,
    nonzero: bool | None = True,
    distinct: bool | None = True,
    spd: bool | None = True,
    symmetric: bool | None = None,
    matrices: Iterable[str] | None = None,
    steps: Iterable[str] | None = None,
    max_multiplicity: int = 1,
    labels: SearchStrategy[str] | None = None,
    follow: Follow = "largest",
    alpha: Exact | SearchStrategy[Any] | None = None,
    step: Step | SearchStrategy[Any] | None = None,
    A: GivenMatrix | None = None,
) -> SearchStrategy[Sample]:
    """Configurations of every kind, the degenerate ones included, each with the names of its families: for reports.

    Shrinks towards one token (1) on the line, A = I and α = 1: few tokens, low dimension, small integers, the first
    of the families, matrices and steps that were asked for.

    Each hypothesis is guaranteed (True), guaranteed to be broken (False) or left open (None): then both kinds occur.

    Args:
        n: the number of tokens, or its range (least, largest).
        d: the dimension, or its range.
        families: names of `FAMILIES`, and families; all that are shipped if None.
        nonzero: whether no token is the origin; False puts the origin among the tokens.
        distinct: whether all tokens differ; False repeats one to `MOST_COPIES` tokens.
        spd: whether A is symmetric positive definite.
        symmetric: whether A is symmetric.
        matrices: names of `MATRICES`; all that agree with `spd` and `symmetric` if None.
        steps: names of `STEPS`; those that are the default there if None.
        max_multiplicity: the largest multiplicity; above 1 tokens are no longer distinct.
        labels: what one label is drawn from, or None for no labels.
        follow: which inner product tokens follow. What families promise about scores holds for "largest".
        alpha: an exact number in place of the families of steps, or a strategy of numbers.
        step: likewise a `Step`, or a strategy of steps.
        A: (d, d) exact numbers in place of the families of matrices, a strategy of matrices (then d is one number), or
            a function of d that returns either. What `spd` and `symmetric` say is checked of each.

    Raises:
        InputError: an argument is out of range, or no configuration agrees with all of them.
    """
    sizes, dimensions = bounds("n", n), bounds("d", d)
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
    own_step = given_step(alpha, step, steps)
    if A is None:
        offered = offered_matrices(matrices, spd, symmetric, dimensions)
    else:
        own_matrix, dimensions = given_matrix(A, dimensions, matrices, spd, symmetric)
        offered = [own_matrix]
    plans = plan_families(
        named("families", families, FAMILIES, FAMILIES),
        sizes,
        dimensions,
        possible_additions(nonzero, distinct),
        offered,
        all_of_them=families is not None,
    )
    default_steps = [name for name, family in STEPS.items() if family.default]
    chosen_steps = [(family.name, family.steps()) for family in named("steps", steps, STEPS, default_steps)]
    if own_step is not None:
        chosen_steps = [(GIVEN, own_step)]
    return _draw_sample(choose(plans), choose(chosen_steps), max_multiplicity, labels, follow)


@st.composite
def _draw_sample(
    draw: DrawFn,
    plans: SearchStrategy[FamilyPlan],
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
    form = draw(_forms(matrix, dimension.d))
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


Arguments = ParamSpec("Arguments")


def _of(factory: Callable[Arguments, SearchStrategy[Sample]]) -> Callable[Arguments, SearchStrategy[Configuration]]:
    """The configurations of the samples, by the same arguments."""

    @wraps(factory)
    def configurations(*args: Arguments.args, **kwargs: Arguments.kwargs) -> SearchStrategy[Configuration]:
        return factory(*args, **kwargs).map(attrgetter("configuration"))

    configurations.__name__ = configurations.__qualname__ = "configurations"
    return configurations


configurations = _of(samples)
"""What `samples` draws, without the names of the families."""

_BOOLEANS = st.booleans()


@cache
def _below(count: int) -> SearchStrategy[int]:
    """0, 1, …, count − 1."""
    return st.integers(0, count - 1)


@cache
def _forms(matrix: MatrixFamily, d: int) -> SearchStrategy[Form]:
    return matrix.forms(d)
