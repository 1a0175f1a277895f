"""The same seed draws the same configurations in every process.

Hypothesis mixes constants that it finds in the source of loaded local modules into what it draws. Which modules are
loaded differs from process to process (and, with an editable install, this package counts as local), so the same seed
would draw other configurations in a worker than in its parent. Hypothesis has no public switch for it.

Neighbours: `campaigns` and `claims.search` run Hypothesis inside this context, with these settings.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis.internal.conjecture import providers

_api: Any = providers  # private to Hypothesis: what is missing in another version is left alone
_alone = RLock()


@contextmanager
def no_constants_from_source() -> Iterator[None]:
    """Within this context, one thread at a time, Hypothesis draws no constants from the source of local modules."""
    with _alone:
        if not all(hasattr(_api, name) for name in ("_get_local_constants", "Constants", "CONSTANTS_CACHE")):
            yield
            return
        original, nothing = _api._get_local_constants, _api.Constants()
        _api._get_local_constants = lambda: nothing
        _api.CONSTANTS_CACHE.cache.clear()
        try:
            yield
        finally:
            _api._get_local_constants = original
            _api.CONSTANTS_CACHE.cache.clear()


def quiet(examples: int, *phases: Phase) -> settings:
    """Settings for Hypothesis inside a program: what it does is decided by the seed alone, and it prints nothing.

    Args:
        examples: how many at most.
        phases: what it does.
    """
    return settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=False,
        phases=phases,
        suppress_health_check=list(HealthCheck),  # pyright: ignore[reportArgumentType] its metaclass hides the enum
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        print_blob=False,
    )
