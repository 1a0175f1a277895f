"""Proofs about hardmax transformers, and the tools that find, check and run them.

Job: freeze proofs, control of the leaders, polytopes, claims, campaigns, certificates with an independent checker,
kernel conformance, the movie-review classifier, the command line.

May import: `kernels`, `strategies`, SymPy, NumPy, SciPy, cvxpy, Hypothesis; `commands` alone also imports `reports`.

Stable: the names in `__all__`, the claims' ids, the certificate format (CERTIFICATE.md). They are loaded when first
used: the pytest plugin and `hardmax --help` live in this package and must cost nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .claims.conclusion import Result, examine, prove
    from .provers.by_kind import decide
    from .provers.freeze.budget import Budget
    from .provers.freeze.outcome import Frozen, Outcome, SelfSimilar, Undecided

_HOMES = {
    "Budget": ".provers.freeze.budget",
    "Frozen": ".provers.freeze.outcome",
    "Outcome": ".provers.freeze.outcome",
    "Result": ".claims.conclusion",
    "SelfSimilar": ".provers.freeze.outcome",
    "Undecided": ".provers.freeze.outcome",
    "decide": ".provers.by_kind",
    "examine": ".claims.conclusion",
    "prove": ".claims.conclusion",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value


__all__ = ["Budget", "Frozen", "Outcome", "Result", "SelfSimilar", "Undecided", "decide", "examine", "prove"]
