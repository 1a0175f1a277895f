"""What tests of strategies ask: the smallest example, any example, and a property of all examples.

Fixtures, because test modules cannot import each other under importlib mode. Every search is reproducible.
"""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, seed, settings
from hypothesis.strategies import SearchStrategy

Condition = Callable[[Any], bool]

# Otherwise a search goes on for a while after its first find, for another kind of failure.
COMMON = settings(
    database=None,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
    max_examples=1_000,
)


@pytest.fixture
def minimal() -> Callable[..., Any]:
    """minimal(strategy, condition): what examples with the condition shrink to; another start gives another search."""

    def search(strategy: SearchStrategy[Any], condition: Condition = lambda _: True, *, start: int = 0) -> Any:
        options = settings(COMMON, phases=[Phase.generate, Phase.shrink])
        return find(strategy, condition, settings=options, random=Random(start))

    return search


@pytest.fixture
def find_any() -> Callable[..., Any]:
    """find_any(strategy, condition): some example with the condition, not shrunk; raises NoSuchExample otherwise."""

    def search(strategy: SearchStrategy[Any], condition: Condition, *, max_examples: int = 1_000) -> Any:
        options = settings(COMMON, max_examples=max_examples, phases=[Phase.generate])
        return find(strategy, condition, settings=options, random=Random(0))

    return search


@pytest.fixture
def assert_all_examples() -> Callable[..., None]:
    """assert_all_examples(strategy, condition): the condition holds for every example; shows the smallest otherwise."""

    def check(strategy: SearchStrategy[Any], condition: Condition, *, max_examples: int = 100) -> None:
        seen = []

        @seed(0)
        @settings(COMMON, max_examples=max_examples)
        @given(strategy)
        def every(example: Any) -> None:
            seen.append(example)
            assert condition(example), f"the condition fails for {example!r}"

        every()
        assert seen, "the strategy gave no example"

    return check
