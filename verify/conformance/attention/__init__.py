"""Checks of attention kernels, attention(q, k, v, …): judged element by element by the bounds of `kernels.attention`.

Job: what the suite must know about such kernels: their checks, the first call, how failures are made small and shown.

May import: `kernels` and the suite's own modules, not `engine`. Stable: `AttentionTrial` and `run`, which snippets use.
"""

from .checks import CHECKS
from .first_call import declared, given, probe, with_function
from .trial import AttentionTrial, run

__all__ = ["CHECKS", "AttentionTrial", "declared", "given", "probe", "run", "with_function"]
