"""What the statements of the paper assume, as predicates on configurations; each speaks for itself.

Neighbours: `rate`, `hulls`, `cells` and `vertices` assume them.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

import sympy

from .....kernels.exact.configuration import Configuration, Matrix
from .....kernels.exact.dynamics import Dynamics
from .....kernels.exact.layered import Layered
from .....kernels.exact.step import ConstantStep, HarmonicStep, ListedStep
from ....geometry.polytopes.polytope import Inside, convex_weights
from ...case import Case
from ...registry import Claim, Finding, Source, assumed

SOURCE = "arXiv:2508.09628"
VERSION = "version 1"
STEP = HarmonicStep(2, 2)
"""γ_t = 2/(t + 2)."""


def printed(label: str) -> Source:
    """Where a statement of this paper stands."""
    return Source(SOURCE, VERSION, label)


def claim_about(
    name: str,
    statement: str,
    given: tuple[str | Callable[[Configuration], bool], ...],
    label: str,
    expected: Any,
    check: Callable[[Case], Finding],
    **more: Any,
) -> Claim:
    """A claim of this paper, by its parts."""
    return Claim(f"frank_wolfe.{name}", statement, assumed(*given), printed(label), expected, check, **more)


def forms(c: Configuration) -> tuple[Matrix, ...]:
    """B_0, B_1, …, the last one for ever."""
    return c.model.forms if isinstance(c.model, Layered) else (c.A,)


@cache
def is_semidefinite(B: Matrix) -> bool:
    """Whether B is symmetric positive semidefinite, exactly."""
    return B == tuple(zip(*B, strict=True)) and bool(sympy.Matrix(B).is_positive_semidefinite)


def follows_smallest(c: Configuration) -> bool:
    """Tokens follow the smallest inner product."""
    return c.follow == "smallest"


def follows_largest(c: Configuration) -> bool:
    """Tokens follow the largest inner product."""
    return c.follow == "largest"


def step_of_theorem(c: Configuration) -> bool:
    """The step is 2/(k + 2), and nothing else scales it."""
    return c.step == STEP and getattr(c.model, "P", None) is None


def semidefinite(c: Configuration) -> bool:
    """Every form is symmetric positive semidefinite."""
    return all(map(is_semidefinite, forms(c)))


def decreasing(c: Configuration) -> bool:
    """B_t − B_{t+1} is positive semidefinite for every t."""
    pairs = (zip(*pair, strict=True) for pair in pairwise(forms(c)))
    return all(is_semidefinite(tuple(tuple(x - y for x, y in zip(*r, strict=True)) for r in rows)) for rows in pairs)


def origin_in_hull(c: Configuration) -> bool:
    """0 ∈ conv{z_1, …, z_n}."""
    return origin_inside(c.tokens)


@lru_cache(4096)
def origin_inside(tokens: Matrix) -> bool:
    """Whether 0 ∈ conv{z_1, …, z_n}."""
    return isinstance(convex_weights((Fraction(0),) * len(tokens[0]), tokens), Inside)


def rate_below_one(c: Configuration) -> bool:
    """λ_k < 1 at every layer."""
    return c.step.largest < 1


def step_bounded_below(c: Configuration) -> bool:
    """λ_k ≥ c for some c > 0: no step tends to 0."""
    return isinstance(c.step, ConstantStep | ListedStep)


def invertible(c: Configuration) -> bool:
    """Every form is invertible."""
    return all(sympy.Matrix(B).det() != 0 for B in forms(c))


def diagonal_preconditioner(c: Configuration) -> bool:
    """P is diagonal with entries in (0, 1), and the step is 1."""
    P = getattr(c.model, "P", None)
    if P is None or c.step != ListedStep([1]):
        return False
    return all(0 < v < 1 if i == j else v == 0 for i, row in enumerate(P) for j, v in enumerate(row))


@lru_cache(4096)
def vertices(tokens: Matrix) -> tuple[int, ...]:
    """One token at each vertex of conv{z_1, …, z_n}, ascending."""
    places = dict(zip(reversed(tokens), range(len(tokens) - 1, -1, -1), strict=True))
    if len(places) == 1:
        return tuple(places.values())
    inner = {z for z in places if isinstance(convex_weights(z, [y for y in places if y != z]), Inside)}
    return tuple(sorted(i for z, i in places.items() if z not in inner))


@lru_cache(4096)
def vertices_own_cells(c: Configuration) -> bool:
    """Each vertex of the hull has itself alone as its best token, and every token has one best token, a vertex."""
    first = Dynamics(c).first
    sets = Dynamics(c).follow_sets(first)
    return all(len(C) == 1 for C in sets) and all(sets[i] == (i,) for i in vertices(c.tokens))


def guarded(check: Callable[[Case], Finding], *assumed: Callable[[Configuration], bool]) -> Callable[[Case], Finding]:
    """The check, vacuous where one of these does not hold: outside them the statement has no meaning."""

    def examined(case: Case) -> Finding:
        missing = unmet(case.configuration, *assumed)
        if missing:
            return Finding("vacuous", f"it is about inputs with {missing[0]}")
        return check(case)

    return examined


def unmet(c: Configuration, *assumed: Callable[[Configuration], bool]) -> list[str]:
    """The names of those that do not hold."""
    return [h.__name__ for h in assumed if not h(c)]
