"""Examine one claim on one configuration.

Neighbours: `claims.registry` has the claims, `conclusion` examines the clustering theorem's conclusion as a whole.
"""

from ...kernels.errors import InputError
from ...kernels.exact.configuration import Configuration
from ..provers.freeze.prover import Budget
from .case import Case
from .registry import Finding, all_claims


def examine(claim: str, configuration: Configuration, budget: Budget | None = None) -> Finding:
    """What one claim's exact check finds on one configuration, whether or not its hypotheses hold.

    Args:
        claim: the id of a claim, like "clustering.boundary".
        configuration: the input.
        budget: for the freeze proof.

    Raises:
        InputError: there is no claim of that id.
    """
    for known in all_claims():
        if known.id == claim:
            return known.check(Case(configuration, budget))
    raise InputError(f"no claim has the id {claim!r}; `hardmax claims` lists them")


__all__ = ["examine"]
