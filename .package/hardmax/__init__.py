"""Exact verdicts on hardmax transformers, and a truth for attention kernels that does not depend on tolerances.

    >>> import hardmax
    >>> square = hardmax.Configuration([[1, 1], [1, -1], [-1, 1], [-1, -1], [2, 0]], alpha=1)
    >>> result = hardmax.prove(square)
    >>> result.verdict, sorted(result.outcome.leaders)
    ('verified', [2, 3, 4])

The rooms are `hardmax.kernels`, `hardmax.strategies`, `hardmax.verify` and `hardmax.reports`. Names and rooms are
loaded when first used: `import hardmax` alone costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.metadata import version

    from . import kernels as kernels
    from . import reports as reports
    from . import strategies as strategies
    from . import verify as verify
    from .kernels.bounds.certify import certify
    from .kernels.bounds.crosscheck import crosscheck
    from .kernels.errors import ExactnessError, HardmaxError, InputError
    from .kernels.exact.configuration import Configuration
    from .kernels.exact.configuration_file import read_configuration
    from .kernels.exact.hardmax import Hardmax
    from .kernels.exact.model import Model
    from .kernels.exact.model import register as register_model
    from .kernels.exact.step import ConstantStep, HarmonicStep
    from .kernels.protocol import Kernel, kernel
    from .kernels.registry import load as load_kernel
    from .reports.records.store import read_records
    from .reports.report import write_report
    from .strategies.configurations import configurations
    from .strategies.families.family import Family
    from .verify.claims.conclusion import Result, examine, prove
    from .verify.claims.own.claim import ClaimRefuted, claim
    from .verify.claims.own.view import NotDecided
    from .verify.claims.registry import Claim, all_claims
    from .verify.conformance.check import kernel_check
    from .verify.conformance.suite import assert_conforms, check_kernel, run_conformance
    from .verify.provers.freeze.budget import Budget
    from .verify.provers.freeze.outcome import Frozen, SelfSimilar, Undecided
    from .verify.pytest_plugin import parametrize_checks

    __version__ = version("hardmax")

_ROOMS = ("kernels", "reports", "strategies", "verify")
_HOMES = {
    # inputs
    "Configuration": "kernels.exact.configuration",
    "Hardmax": "kernels.exact.hardmax",
    "Model": "kernels.exact.model",
    "register_model": "kernels.exact.model:register",
    "ConstantStep": "kernels.exact.step",
    "HarmonicStep": "kernels.exact.step",
    "read_configuration": "kernels.exact.configuration_file",
    "configurations": "strategies.configurations",
    "Family": "strategies.families.family",
    # proofs about one configuration
    "prove": "verify.claims.conclusion",
    "Result": "verify.claims.conclusion",
    "Budget": "verify.provers.freeze.budget",
    "Frozen": "verify.provers.freeze.outcome",
    "SelfSimilar": "verify.provers.freeze.outcome",
    "Undecided": "verify.provers.freeze.outcome",
    # claims
    "Claim": "verify.claims.registry",
    "all_claims": "verify.claims.registry",
    "examine": "verify.claims.conclusion",
    "claim": "verify.claims.own.claim",
    "ClaimRefuted": "verify.claims.own.claim",
    "NotDecided": "verify.claims.own.view",
    # kernels
    "Kernel": "kernels.protocol",
    "kernel": "kernels.protocol",
    "load_kernel": "kernels.registry:load",
    "certify": "kernels.bounds.certify",
    "crosscheck": "kernels.bounds.crosscheck",
    "kernel_check": "verify.conformance.check",
    "run_conformance": "verify.conformance.suite",
    "assert_conforms": "verify.conformance.suite",
    "check_kernel": "verify.conformance.suite",
    "parametrize_checks": "verify.pytest_plugin",
    # reports
    "read_records": "reports.records.store",
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
    "ClaimRefuted",
    "Configuration",
    "ConstantStep",
    "ExactnessError",
    "Family",
    "Frozen",
    "Hardmax",
    "HardmaxError",
    "HarmonicStep",
    "InputError",
    "Kernel",
    "Model",
    "NotDecided",
    "Result",
    "SelfSimilar",
    "Undecided",
    "all_claims",
    "assert_conforms",
    "certify",
    "check_kernel",
    "claim",
    "configurations",
    "crosscheck",
    "examine",
    "kernel",
    "kernel_check",
    "load_kernel",
    "parametrize_checks",
    "prove",
    "read_configuration",
    "read_records",
    "register_model",
    "run_conformance",
    "write_report",
]
