"""One layer of a hardmax transformer, computed by many kernels under one protocol.

Job: the configuration (tokens, A, step), the exact kernel that every other one is measured against, and float
kernels with rigorous error bounds.

May import: the standard library, SymPy, NumPy, and optional accelerators inside the kernel that needs them.
Imports nothing from `strategies`, `verify` or `reports`.

Stable: the names in `__all__` below and the modules without a leading underscore.
"""

from .errors import ExactnessError, HardmaxError, InputError
from .exact.configuration import Configuration
from .exact.step import ConstantStep, GeometricStep, HarmonicStep, ListedStep, Step

__all__ = [
    "Configuration",
    "ConstantStep",
    "ExactnessError",
    "GeometricStep",
    "HardmaxError",
    "HarmonicStep",
    "InputError",
    "ListedStep",
    "Step",
]
