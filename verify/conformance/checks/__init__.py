"""The checks, one module a subject; `CHECKS` is all of them in the order of the report.

A check either gives trials, which `check.judged` examines, shrinks and explains, or runs by itself where the question
is not whether next tokens are right (memory, NaN, determinism, gradients).
"""

from ..check import Check
from . import (
    arrays,
    autograd,
    batches,
    cross,
    gradients,
    layers,
    nans,
    promises,
    proofs,
    relations,
    runs,
    sets,
    sizes,
    ties,
)

CHECKS: tuple[Check, ...] = (
    layers.CALL,
    *ties.CHECKS,
    *layers.CHECKS,
    *sizes.CHECKS,
    *sets.CHECKS,
    *proofs.CHECKS,
    *relations.CHECKS,
    *runs.CHECKS,
    *batches.CHECKS,
    *arrays.CHECKS,
    *nans.CHECKS,
    *cross.CHECKS,
    *gradients.CHECKS,
    *autograd.CHECKS,
    *promises.CHECKS,
)

__all__ = ["CHECKS"]
