"""Exact verdicts on hardmax transformers, and a truth for attention kernels that does not depend on tolerances.

    >>> import hardmax
    >>> square = hardmax.Configuration([[1, 1], [1, -1], [-1, 1], [-1, -1], ["1/2", 0]], step="1/2")
    >>> result = hardmax.prove(square)
    >>> result.verdict, sorted(result.leaders)
    ('verified', [0, 1, 2, 3])

The rooms are `hardmax.kernels`, `hardmax.strategies`, `hardmax.verify` and `hardmax.reports`. Names and rooms are loaded
when first used: `import hardmax` alone costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.metadata import version

    from . import kernels, reports, strategies, verify
    from .kernels.certify import certify
    from .kernels.configuration import Configuration
    from .kernels.configuration_file import read_configuration
    from .kernels.crosscheck import crosscheck
    from .kernels.errors import ExactnessError, HardmaxError, InputError
    from .kernels.protocol import Kernel
    from .kernels.registry import load as load_kernel
    from .kernels.step import ConstantStep, HarmonicStep
    from .reports.report import write_report
    from .reports.store import read_records
    from .strategies.configurations import configurations
    from .verify.claims.registry import Claim, all_claims
    from .verify.conformance.suite import assert_conforms, run_conformance
    from .verify.examination import examine
    from .verify.freeze import Budget
    from .verify.proof import Frozen, SelfSimilar, Undecided
    from .verify.verdict import Proved, prove

    __version__ = version("hardmax")

_ROOMS = ("kernels", "reports", "strategies", "verify")
_HOMES = {
    # inputs
    "Configuration": "kernels.configuration",
    "ConstantStep": "kernels.step",
    "HarmonicStep": "kernels.step",
    "read_configuration": "kernels.configuration_file",
    "configurations": "strategies.configurations",
    # proofs about one configuration
    "prove": "verify.verdict",
    "Proved": "verify.verdict",
    "Budget": "verify.freeze",
    "Frozen": "verify.proof",
    "SelfSimilar": "verify.proof",
    "Undecided": "verify.proof",
    # claims
    "Claim": "verify.claims.registry",
    "all_claims": "verify.claims.registry",
    "examine": "verify.examination",
    # kernels
    "Kernel": "kernels.protocol",
    "load_kernel": "kernels.registry:load",
    "certify": "kernels.certify",
    "crosscheck": "kernels.crosscheck",
    "run_conformance": "verify.conformance.suite",
    "assert_conforms": "verify.conformance.suite",
    # reports
    "read_records": "reports.store",
    "write_report": "reports.report",
    # errors
    "HardmaxError": "kernels.errors",
    "InputError": "kernels.errors",
    "ExactnessError": "kernels.errors",
}
"""Public name → the module that defines it (":" and its name there, where that is another)."""


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f".{name}", __name__)
    if name == "__version__":
        from importlib.metadata import version

        return version("hardmax")
    if name not in _HOMES:
        raise AttributeError(f"module 'hardmax' has no attribute {name!r}")
    module, _, original = _HOMES[name].partition(":")
    value = getattr(import_module(f".{module}", __name__), original or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_ROOMS, "__version__"})


__all__ = [
    "Budget",
    "Claim",
    "Configuration",
    "ConstantStep",
    "ExactnessError",
    "Frozen",
    "HardmaxError",
    "HarmonicStep",
    "InputError",
    "Kernel",
    "Proved",
    "SelfSimilar",
    "Undecided",
    "all_claims",
    "assert_conforms",
    "certify",
    "configurations",
    "crosscheck",
    "examine",
    "load_kernel",
    "prove",
    "read_configuration",
    "read_records",
    "run_conformance",
    "write_report",
]
