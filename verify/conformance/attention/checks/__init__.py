"""The checks of attention kernels, one module a subject, in the order of the report."""

from ...check import Check
from . import gradients, masks, memory, nans, sizes, special, values

CHECKS: tuple[Check, ...] = (
    *values.CHECKS,
    *masks.CHECKS,
    *sizes.CHECKS,
    *special.CHECKS,
    *gradients.CHECKS,
    *memory.CHECKS,
    *nans.CHECKS,
)

__all__ = ["CHECKS"]
