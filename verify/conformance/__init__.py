"""Someone else's kernel against the exact one: is it right, also on ties, near-ties, padding, other A and long runs?

    from hardmax.verify.conformance import assert_conforms

    def test_conformance():
        assert_conforms("my_package.kernels:step")

Job: a suite of named checks for any kernel of `kernels.protocol`, with results that a stranger understands: the first
divergent layer, the gap in ulps, a minimal exact configuration and a snippet to paste.

May import: `kernels`. Stable: the names in `__all__`, the check ids and the JSON of the records.
"""

from .engine.bench import Limits, Options
from .inputs.trial import arranged
from .known import read_known
from .record import CheckResult, ConformanceReport, Status
from .suite import assert_conforms, check_ids, check_kernel, run_conformance

__all__ = [
    "CheckResult",
    "ConformanceReport",
    "Limits",
    "Options",
    "Status",
    "arranged",
    "assert_conforms",
    "check_ids",
    "check_kernel",
    "read_known",
    "run_conformance",
]
