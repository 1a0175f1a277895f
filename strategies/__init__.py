"""Hypothesis strategies for configurations: general, degenerate, and with chosen hypotheses broken.

Job: draw exact inputs on which claims and kernels fail if they can: ties that last, near ties that floats lose,
tokens on faces, huge and tiny scales, leaders that come late. Each strategy says what it shrinks towards, and refuses
impossible arguments by an `InputError` when it is called.

May import: the standard library, Hypothesis and `kernels`. Imports nothing from `verify` or `reports`.

Stable: the names in `__all__` below, the names of the families in the three registries, and the strategy factories in
the modules `scalars`, `tokens`, `degenerate`, `matrices` and `steps`.
"""

from .configurations import FAMILIES, Sample, configurations, samples
from .families.family import Family
from .matrices import MATRICES, Form, MatrixFamily
from .steps import STEPS, StepFamily

__all__ = [
    "FAMILIES",
    "MATRICES",
    "STEPS",
    "Family",
    "Form",
    "MatrixFamily",
    "Sample",
    "StepFamily",
    "configurations",
    "samples",
]
