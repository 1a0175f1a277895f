"""The kinds of kernels that the suite knows, and what differs between them: checks, the first call, what is shown.

A *layer* is step(tokens, A, alpha), judged by exact arithmetic; an *attention* kernel is attention(q, k, v, …), judged
by derived bounds. Everything else (processes, limits, statuses, reports) is the same for both.

Neighbours: `bench`, `served` and `suite` ask here for the protocol of a kernel.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ....kernels.attention.protocol import AttentionKernel
from ....kernels.protocol import Kernel
from .. import attention
from ..check import Check
from ..checks import CHECKS
from ..inputs.trial import Sizes
from .probe import probe
from .trace import Trace, traced_layer


@dataclass(frozen=True, slots=True)
class KernelProtocol:
    """What the suite must know about a kind of kernel.

    Args:
        name: "layer" or "attention".
        article: the name after an article, for headlines.
        checks: its checks, in the order of the report.
        function: the function that its author wrote.
        declared: property → value, for headers and reports.
        probe: one call before the checks; whether torch compiled it. It raises InputError for wrong declarations.
        traced: the kernel, each of whose calls leaves its input in the file.
        limited: the kernel, which is never called with sizes other than these.
    """

    name: str
    article: str
    checks: tuple[Check, ...]
    function: Callable[[Any], Callable[..., Any]]
    declared: Callable[[Any], dict[str, str]]
    probe: Callable[[Any], bool]
    traced: Callable[[Trace, Any], Any]
    limited: Callable[[Sizes, Any], Any]


def declared_layer(kernel: Kernel) -> dict[str, str]:
    """What the author of a layer declares, for headers and reports; what few kernels declare only where it is."""
    shown = {
        "dtypes": ", ".join(kernel.dtypes),
        "arrays": kernel.arrays,
        "device": kernel.device,
        "ties": kernel.ties,
        "A": "any" if kernel.supports_A else "identity only",
        "follow sets": "yes" if kernel.layer is not None else "no",
    }
    if kernel.form != "normalised":
        shown["form"] = kernel.form
    if kernel.batch_invariant:
        shown["batch invariant"] = "yes"
    if not kernel.gradients:
        shown["gradients"] = "no"
    return shown


def _traced_attention(trace: Trace, kernel: AttentionKernel) -> AttentionKernel:
    return attention.with_function(kernel, trace.traced(kernel.function, attention.given))


PROTOCOLS = {
    one.name: one
    for one in (
        KernelProtocol(
            "layer",
            "a layer",
            CHECKS,
            lambda kernel: kernel.step,
            declared_layer,
            probe,
            traced_layer,
            lambda sizes, kernel: sizes.limited(kernel),
        ),
        KernelProtocol(
            "attention",
            "an attention kernel",
            attention.CHECKS,
            lambda kernel: kernel.function,
            attention.declared,
            attention.probe,
            _traced_attention,
            lambda sizes, kernel: kernel,
        ),
    )
}
"""The protocols by name."""


def protocol_of(kernel: Kernel | AttentionKernel) -> KernelProtocol:
    """The protocol that a kernel follows."""
    return PROTOCOLS["attention" if isinstance(kernel, AttentionKernel) else "layer"]
