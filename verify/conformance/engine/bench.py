"""Where checks are run: the kernel as reports name it, and one check after the other.

A kernel that is named by a SPEC gets a process of its own (`worker.Worker`). A Python object cannot be handed to
another process: it runs in this one (`InProcess`), so that a crash ends the caller and a hang stays one.

Neighbours: `probe` is called first; `suite` and the pytest plugin use what is here.
"""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ....kernels.errors import InputError
from ....kernels.registry import as_any, load_any
from ..check import Check, Subject, finding_of
from ..inputs.trial import Sizes
from ..record import CheckFinding
from .protocols import protocol_of


@dataclass(frozen=True, slots=True)
class Limits:
    """What one check of a kernel in a process of its own may use.

    Args:
        seconds: wall-clock time.
        memory: GiB, beyond what the process had when the kernel was loaded (Linux only).
    """

    seconds: float = 60.0
    memory: float = 4.0


@dataclass(frozen=True, slots=True)
class Options:
    """How a kernel is tested.

    Args:
        seed: decides the random cases.
        overrides: declarations in place of its author's: arrays, dtypes.
        sizes: the sizes of batches that it is asked for; any if empty.
        limits: for a kernel named by a SPEC.
    """

    seed: int = 0
    overrides: Mapping[str, Any] = field(default_factory=dict)
    sizes: Sizes = field(default_factory=Sizes)
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class About:
    """A kernel as reports name it.

    Args:
        name: its name.
        spec: how it was named, or where it comes from; empty if unknown.
        file: the file that defines its step function, None if unknown.
        line: the line there.
        declared: property → value.
        protocol: what it is: the key of `protocols.PROTOCOLS`.
        ties: the tie rule of a layer.
        known: known deviations that it declares: check id → reason.
    """

    name: str
    spec: str
    file: str | None
    line: int | None
    declared: Mapping[str, str]
    protocol: str
    ties: str
    known: Mapping[str, str]


class Bench(Protocol):
    """A loaded kernel on which checks are run."""

    about: About
    seed: int
    shut: str
    """Why no other check is to be run; empty if they are."""

    def run(self, check: Check) -> CheckFinding:
        """What a check finds."""
        ...

    def close(self) -> None:
        """End what was started."""
        ...


class InProcess:
    """A kernel in this process.

    Args:
        kernel: a `Kernel` or a step function.
        options: how it is tested; the limits have no effect.

    Raises:
        InputError: it is no kernel, is `missing`, or fails the probe.
    """

    shut = ""

    def __init__(self, kernel: object, options: Options) -> None:
        self.subject = resolved(kernel, options)
        self.seed = options.seed
        self.compiles = protocol_of(self.subject.kernel).probe(self.subject.kernel)
        self.about = about(self.subject)

    def run(self, check: Check) -> CheckFinding:
        """What a check finds."""
        if not self.compiles:
            return finding_of(self.subject, check)
        import torch

        if check.alone:
            torch._dynamo.reset()
            return finding_of(self.subject, check)
        with torch.compiler.set_stance("force_eager"):  # other checks would use up its recompilations
            return finding_of(self.subject, check)

    def close(self) -> None:
        """Nothing is held."""


def resolved(kernel: object, options: Options) -> Subject:
    """The kernel that is meant.

    Args:
        kernel: a SPEC, a `Kernel` or a step function.
        options: how it is to be tested.

    Raises:
        InputError: no such kernel, or one whose optional dependency is missing.
    """
    spec = kernel if isinstance(kernel, str) else ""
    if isinstance(kernel, str):
        found = load_any(kernel, **options.overrides)
    else:
        found = as_any(kernel, name=getattr(kernel, "__name__", "kernel"), **options.overrides)
    if found.missing:
        raise InputError(found.missing)
    return Subject(protocol_of(found).limited(options.sizes, found), spec, options.seed, options.sizes)


def about(subject: Subject) -> About:
    """What reports say about a kernel."""
    kernel, protocol = subject.kernel, protocol_of(subject.kernel)
    code = getattr(inspect.unwrap(protocol.function(kernel)), "__code__", None)  # None for builtins and compiled ones
    file, line = (None, None) if code is None else (code.co_filename, code.co_firstlineno)
    spec, declared = subject.spec or kernel.source, protocol.declared(kernel)
    ties = getattr(kernel, "ties", "")
    return About(kernel.name, spec, file, line, declared, protocol.name, ties, kernel.known)
