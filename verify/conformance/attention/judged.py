"""What a check of attention kernels is: trials, judged one by one; the first failure is made small and explained.

Neighbours: `checks` holds the checks, `examine` judges, `shrink`, `explain` and `words` make a failure small and named.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice

import numpy as np

from ....kernels.attention.protocol import AttentionKernel
from ....kernels.attention.verdict import VERDICTS
from ....kernels.errors import HardmaxError, InputError
from ....kernels.registry import load_any
from ..check import Check, NotApplicableError, Subject
from ..failures.explain import BLAME
from ..failures.snippet import importable
from ..inputs.trial import NotTestedError
from ..record import CheckFinding
from .examine import AttentionFault, examine
from .explain import explain
from .shrink import shrink
from .trial import AttentionTrial, native
from .words import in_words, picture, snippet

MOST_COMPILED = 6
"""Signatures that a check tries where each is compiled (0.1 to 0.5 s by XLA)."""

DrawTrials = Callable[[AttentionKernel, str, np.random.Generator], Iterator[AttentionTrial]]
"""(kernel, dtype, random numbers) → trials."""


def judged(name: str, title: str, trials: DrawTrials, *, may_refuse: bool = False) -> Check:
    """The check that examines trials in every dtype of the kernel.

    Args:
        name: its id.
        title: what a right kernel does.
        trials: the trials; it may raise `NotApplicableError`.
        may_refuse: whether a kernel need not take such inputs: what it raises is then shown, and no failure.
    """

    def run(subject: Subject) -> CheckFinding:
        kernel, counts, reasons = subject.kernel, Counter[str](), Counter[str]()
        tried, left_out, ratio, looser, empty, shown = 0, 0, 0.0, 1.0, set[str](), ""
        for dtype in kernel.dtypes:
            seed = subject.random(f"{name}/{dtype}").getrandbits(64)
            drawn, left_out = affordable(kernel, trials(kernel, dtype, np.random.default_rng(seed)))
            for trial in drawn:
                try:
                    subject.sizes.require(trial.size)
                    found = examine(kernel, trial)
                except (NotApplicableError, NotTestedError) as reason:
                    reasons[str(reason)] += 1
                    continue
                if found.fault is not None and may_refuse and found.fault.kind == "raised":
                    reasons[f"the kernel does not take such inputs: {found.fault.detail}"] += 1
                    continue
                if found.fault is not None:
                    return failure(subject, kernel, trial, found.fault, drawn)
                tried += 1
                counts.update(found.counts)
                ratio, looser = max(ratio, found.ratio), max(looser, found.looser)
                empty |= set(found.empty)
                if (
                    len(found.alignments) == 1
                    and kernel.causal_alignment is None
                    and trial.problem.depends_on_alignment
                ):
                    kernel = replace(kernel, causal_alignment=found.alignments[0])
                    shown = f"; the diagonal is anchored at the {found.alignments[0].replace('_', ' ')}"
        if not tried:
            reason = reasons.most_common(1)[0][0] if reasons else "no trial is of the kernel's kind"
            raise NotApplicableError(reason)
        if left_out:
            shown += f"; {left_out} other shapes left out, since each is compiled"
        if may_refuse and reasons:
            shown += f"; {sum(reasons.values())} calls not judged: {reasons.most_common(1)[0][0]}"
        return _passed(counts, tried, ratio, looser, empty, shown)

    return Check(name, title, run)


def affordable(kernel: AttentionKernel, trials: Iterator[AttentionTrial]) -> tuple[Iterator[AttentionTrial], int]:
    """The trials, and how many signatures are left out: of `MOST_COMPILED` at most, first to last, if JAX runs them."""
    if kernel.arrays != "jax":
        return trials, 0
    every = list(trials)
    signatures = list(dict.fromkeys(trial.signature for trial in every))
    few = min(len(signatures), MOST_COMPILED)
    kept = {signatures[round(n)] for n in np.linspace(0, len(signatures) - 1, few)}
    return iter([trial for trial in every if trial.signature in kept]), len(signatures) - few


def _passed(counts: Counter[str], tried: int, ratio: float, looser: float, empty: set[str], shown: str) -> CheckFinding:
    told = counts["within"] + counts["implausible"]
    judged_ = told + counts["fragile"]
    words = ", ".join(f"{counts[v]} {v}" for v in VERDICTS if counts[v])
    message = f"{tried} calls, elements: {words or 'none'}; largest error {ratio:.2g} of the bound{shown}"
    if looser > 1.05:
        message += f"; the declarations make the bound {looser:.2g} times that of the defaults"
    if empty:
        message += f"; rows without keys come out as {' and '.join(sorted(empty))}"
    if not judged_ and not counts["empty"] and counts["unjudged"]:
        raise NotTestedError(f"no bound holds for these inputs ({message})")
    return CheckFinding("fragile" if 2 * told < judged_ else "pass", message)


def failure(
    subject: Subject,
    kernel: AttentionKernel,
    trial: AttentionTrial,
    fault: AttentionFault,
    others: Iterable[AttentionTrial] = (),
) -> CheckFinding:
    """The finding of a failing trial: shrunk, explained, with a snippet; what explains it must explain `others` too."""
    where = picture(fault)
    subject.found(_finding(subject, kernel, trial, fault, "", where))
    small, found = shrink(kernel, trial, fault)
    note = corners(subject.kernel, kernel, small, found)
    place = subject.spec or importable(kernel)
    if place:
        for candidate in (small, trial):
            again = _again(place, kernel, candidate)
            if again is not None and again.kind == fault.kind:
                small, found = candidate, again
                break
        else:
            note += "; a freshly loaded kernel passes this: it keeps state between calls"
    more = _more(kernel, fault, others)
    words = (
        ""
        if note
        else explain(kernel, [found, fault, *more]) or explain(kernel, [fault, *more]) or explain(kernel, [found])
    )
    return _finding(subject, kernel, small, found, note + (f"; {BLAME}{words}" if words else ""), where)


def corners(declared: AttentionKernel, kernel: AttentionKernel, trial: AttentionTrial, fault: AttentionFault) -> str:
    """What to say of a kernel that declares no diagonal, where another call showed the one that it is judged by."""
    if declared.causal_alignment == kernel.causal_alignment or fault.out is None or fault.problem is None:
        return ""
    if not fault.problem.depends_on_alignment or examine(declared, trial).fault is not None:
        return ""
    return f"; in another call the diagonal was anchored at the {str(kernel.causal_alignment).replace('_', ' ')}"


def _more(kernel: AttentionKernel, fault: AttentionFault, others: Iterable[AttentionTrial]) -> list[AttentionFault]:
    """Further failures of the same kind, of a few trials."""
    found: list[AttentionFault] = []
    for trial in islice(others, 6):
        with suppress(NotApplicableError, NotTestedError):
            one = examine(kernel, trial).fault
            found += [one] if one is not None and one.kind == fault.kind else []
    return found[:3]


def _again(place: str, kernel: AttentionKernel, trial: AttentionTrial) -> AttentionFault | None:
    """The fault of a freshly loaded kernel."""
    try:
        fresh = load_any(place, **kernel.overrides)
        assert isinstance(fresh, AttentionKernel)
        return examine(replace(fresh, causal_alignment=kernel.causal_alignment), trial).fault
    except (HardmaxError, InputError, NotApplicableError):
        return None


def _finding(
    subject: Subject,
    kernel: AttentionKernel,
    trial: AttentionTrial,
    fault: AttentionFault,
    note: str,
    where: tuple[str, ...] | None,
) -> CheckFinding:
    message = f"{in_words(trial, fault, implementation(kernel, trial))}{note}"
    return CheckFinding("fail", message, snippet=snippet(kernel, subject.spec, trial, fault), errors=where)


def implementation(kernel: AttentionKernel, trial: AttentionTrial) -> str:
    """What the library runs for these arrays, if the kernel can tell."""
    if kernel.chooses is None:
        return ""
    try:
        arrays, keywords = native(kernel, trial)
        if trial.grad_out is not None:
            arrays = [x.detach().requires_grad_() for x in arrays]
        return kernel.chooses(*arrays, **keywords)
    except Exception:  # what it says is an ornament
        return ""
