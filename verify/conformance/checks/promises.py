"""Checks of what few kernels promise: bits that do not depend on the batch, and code that torch compiles.

Neighbours: `batches` asks for right values only, whatever else is in the batch.
"""

import random
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from fractions import Fraction
from typing import Any

from ....kernels.protocol import to_numpy
from ..check import Check, NotApplicableError, Subject, unshrunk
from ..failures.snippet import assignments, loading
from ..inputs.cases import random_points
from ..inputs.draws import FORMS, Draw, TokenKind
from ..inputs.trial import NotTestedError, Trial, call, floats, raw_step
from ..judge import examine
from ..record import CheckFinding

BATCHES = (2, 3, 8, 17, 64, 257)
"""Sizes of batches whose sets must come out as they do alone."""
SHAPES = ((2, 5, 3), (3, 17, 4), (1, 33, 2))
"""(B, n, d) for which compiled code is judged: few, since torch gives up compiling after a handful."""
KINDS: tuple[TokenKind, ...] = ("tied", "lattice", "near", "full", "integers")
ALPHAS = (Fraction(1), Fraction(1, 2), Fraction(3))


def _uneven(rng: random.Random, n: int, d: int, dtype: str) -> list[list[Fraction]]:
    """Tokens whose sums round, and one at the origin, which follows all: its bits show the order of summation."""
    rows = random_points(rng, n - 1, d, dtype).tokens
    return [*([Fraction(v) / (1 << i % 6) for v in row] for i, row in enumerate(rows)), [Fraction(0)] * d]


def _invariant(subject: Subject) -> CheckFinding:
    if not subject.kernel.batch_invariant:
        raise NotApplicableError("the kernel does not declare batch_invariant = True")
    kernel, rng, count = subject.kernel, subject.random("batch.invariant"), 0
    for dtype in kernel.dtypes:
        for B in BATCHES:
            n, d = rng.choice(((3, 2), (9, 4), (20, 7)))
            few = [_uneven(rng, n, d, dtype) for _ in range(min(B, 5))]
            one = call(*(few[b % len(few)] for b in range(B)), alpha=rng.choice(ALPHAS))
            tokens, A = floats(one.tokens, dtype), kernel.arrays_for(floats(one.A, dtype), dtype)
            whole = to_numpy(raw_step(kernel, kernel.arrays_for(tokens, dtype), A, one.alpha))
            for b in range(len(few)):
                alone = to_numpy(raw_step(kernel, kernel.arrays_for(tokens[b : b + 1], dtype), A, one.alpha))
                if alone[0].tobytes() != whole[b].tobytes():
                    lines = [
                        *loading(kernel, subject.spec),
                        *assignments(one, dtype),
                        f"native, form = (kernel.arrays_for(values, {dtype!r}) for values in (tokens, A))",
                        "whole = kernel.step(native, form, alpha)",
                        f"alone = kernel.step(native[{b} : {b + 1}], form, alpha)",
                        f"assert (whole[{b}] == alone[0]).all(), whole[{b}] - alone[0]",
                    ]
                    place = f"{dtype}, n = {n}, d = {d}: set {b} of a batch of {B}"
                    return CheckFinding("fail", f"{place} has other bits alone", snippet="\n".join(lines) + "\n")
                count += 1
    return CheckFinding("pass", f"{count} sets alone and in batches of up to {max(BATCHES)}")


def compiled_frames() -> int:
    """How many functions torch has compiled, or tried to compile, in this process."""
    return _counted("frames", "total")


def _graphs() -> int:
    return _counted("stats", "unique_graphs")


def _counted(group: str, name: str) -> int:
    utils: Any = sys.modules.get("torch._dynamo.utils")
    return 0 if utils is None else int(utils.counters[group][name])


def _compiled(subject: Subject) -> CheckFinding:
    """Each shape is called before it is judged, and judged where torch raises rather than run code not compiled."""
    if subject.kernel.arrays != "torch":
        raise NotApplicableError("the kernel does not compute with torch tensors")
    before, graphs_before = compiled_frames(), _graphs()
    rng, count = subject.random("compiled.shapes"), 0
    for dtype in subject.kernel.dtypes:
        for shape in SHAPES:
            trials = list(_trials(subject, rng, dtype, *shape))
            for trial in trials[: len(ALPHAS)]:
                _compile(subject, trial)
            if compiled_frames() == before:
                raise NotApplicableError("the kernel is not compiled by torch")
            import torch

            for trial in trials:
                with torch.compiler.set_stance("fail_on_recompile"):
                    fault = examine(subject.kernel, trial).fault
                if fault is not None and "recompil" in fault.detail:
                    raise NotTestedError(
                        f"torch did not keep compiled code for (B, n, d) = {shape}: {fault.detail[:200]}"
                    )
                if fault is not None:
                    return unshrunk(subject, trial, fault)
                count += 1
    graphs = _graphs() - graphs_before
    if not graphs:
        raise NotTestedError("torch compiled nothing of it in the end")
    return CheckFinding("pass", f"{count} trials of {len(SHAPES)} shapes, {graphs} compiled graphs")


def _trials(subject: Subject, rng: random.Random, dtype: str, B: int, n: int, d: int) -> Iterator[Trial]:
    for number, kind in enumerate(KINDS * 2):
        form = rng.choice(FORMS) if subject.kernel.supports_A else "identity"
        one = Draw(B, n, d, kind, form, "contiguous").call(rng, dtype)
        yield Trial((replace(one, alpha=ALPHAS[number % len(ALPHAS)]),), dtype)


def _compile(subject: Subject, trial: Trial) -> None:
    """Let torch compile the kernel for the shape of a trial; its own errors, no compiler say, are not the kernel's."""
    (one,) = trial.calls
    tokens, A = (subject.kernel.arrays_for(floats(v, trial.dtype), trial.dtype) for v in (one.tokens, one.A))
    dynamo: Any = sys.modules.get("torch._dynamo")
    strict = nullcontext() if dynamo is None else dynamo.config.patch(fail_on_recompile_limit_hit=True)
    try:
        with strict:  # else torch runs the code as it stands from there on
            raw_step(subject.kernel, tokens, A, one.alpha)
    except Exception as error:
        if type(error).__module__.startswith(("torch._inductor", "torch._dynamo")):
            raise NotTestedError(" ".join(f"torch could not compile it: {error}".split())[:300]) from error


CHECKS: tuple[Check, ...] = (
    Check("batch.invariant", "The bits of a set do not depend on the batch, if that is declared", _invariant),
    Check("compiled.shapes", "Code that torch compiles is right in three shapes", _compiled, alone=True),
)
