"""Search: the smallest configuration that refutes a claim expected to be false, found and shrunk by Hypothesis.

Neighbours: `inputs` says where to look; `campaigns` asks for what is to be found.
"""

from collections.abc import Callable, Mapping
from itertools import product
from random import Random
from typing import Any

from hypothesis import Phase, find
from hypothesis.errors import Flaky, NoSuchExample
from hypothesis.strategies import SearchStrategy

from ...kernels.errors import InputError
from ...kernels.exact.configuration import Configuration
from ...strategies.reproducible import no_constants_from_source, quiet
from .case import Case
from .inputs import SMALL, Searched
from .registry import Claim

MOST_N, MOST_D = 5, 3
STARTS, RESTART = 5, 1_000_003

STAGES: tuple[Mapping[str, Any], ...] = ({"families": ["lattice"], "steps": ["one"]}, {})
"""Looked at first: integer lattices with α = 1; then every family."""

Search = Callable[..., SearchStrategy[Configuration]]
"""Keyword arguments of `strategies.configurations` (n, d and others) → where to look."""


def find_counterexample(claim: Claim, source: Searched, *, seed: int = 0, examples: int = 200) -> Configuration | None:
    """The smallest configuration found that meets the hypotheses of a claim and refutes it, None if none was found.

    Args:
        claim: the claim.
        source: where to look.
        seed: the search is the same for the same seed.
        examples: how many configurations to try for each size.
    """

    def refutes(c: Configuration) -> bool:
        case = Case(c, SMALL)
        return claim.judge(case).verdict == "refuted" and (source.accepts is None or source.accepts(case))

    return smallest(
        refutes,
        source.where,
        source.stages,
        least_n=source.least_n,
        least_d=source.least_d,
        seed=seed,
        examples=examples,
    )


def smallest(
    refutes: Callable[[Configuration], bool],
    search: Search,
    stages: tuple[Mapping[str, Any], ...],
    *,
    least_n: int = 1,
    least_d: int = 1,
    most: tuple[int, int] = (MOST_N, MOST_D),
    seed: int = 0,
    examples: int = 200,
) -> Configuration | None:
    """The smallest configuration found that refutes a claim.

    Sizes are searched in ascending order (tokens, then dimension), so what is found first has few tokens; Hypothesis
    then shrinks its integers.

    Args:
        refutes: whether a configuration is a counterexample.
        search: where to look.
        stages: further arguments of `search`, one stage after the other, the simplest first.
        least_n: the fewest tokens that can do it.
        least_d: the lowest dimension.
        most: the most tokens, and the highest dimension with so many.
        seed: the search is the same for the same seed.
        examples: how many configurations to try for each size.

    Returns:
        A shrunk counterexample, or None if none was found.
    """
    for where in stages:
        for n, d in product(range(least_n, MOST_N + 1), range(least_d, MOST_D + 1)):
            if (n, d) > most:
                break
            try:
                strategy = search(n=n, d=d, **where)
            except InputError:  # no room for that size, e.g. a zero token and another in one token
                continue
            # Shrinking can end in a local minimum, where two numbers would have to change at once: several starts.
            starts = (shrunk(refutes, strategy, seed + RESTART * k, examples) for k in range(STARTS))
            first = next(starts)
            if first is not None:
                return min((first, *(c for c in starts if c is not None)), key=_digits)
    return None


def _digits(c: Configuration) -> int:
    """How much there is to read: Σ |numerator| + denominator over all numbers."""
    return sum(abs(v.numerator) + v.denominator for row in (*c.tokens, *c.A) for v in row)


def shrunk(
    refutes: Callable[[Configuration], bool], strategy: SearchStrategy[Configuration], seed: int, examples: int
) -> Configuration | None:
    """A configuration of a strategy that refutes, shrunk by Hypothesis; None if so many examples held none."""
    options = quiet(examples, Phase.generate, Phase.shrink)
    try:
        with no_constants_from_source():
            return find(strategy, refutes, settings=options, random=Random(seed))
    except (NoSuchExample, Flaky):  # Flaky: a check that answers now this, now that
        return None
