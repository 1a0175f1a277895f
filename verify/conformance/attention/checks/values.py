"""Checks of plain attention: the call itself, the scale, values by the bound, ties.

Neighbours: `inputs` draws problems.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from .....kernels.attention.protocol import AttentionKernel
from ...check import Check, NotApplicableError, Subject
from ...record import CheckFinding
from ..examine import AttentionFault
from ..first_call import PLAIN_SHAPES, plain_problem
from ..inputs import ProblemKind, changed, chosen_rows, problem
from ..judged import DrawTrials, failure, judged
from ..trial import AttentionTrial, WrongAnswerError, run


def _call(subject: Subject) -> CheckFinding:
    """Only whether an answer comes back, for one of the plain problems; whether it is right the other checks ask."""
    for dtype in subject.kernel.dtypes:
        faults, refused = [], ""
        for shape in PLAIN_SHAPES:
            trial = AttentionTrial(plain_problem(dtype, shape))
            try:
                run(subject.kernel, trial)
                break
            except WrongAnswerError as wrong:
                faults.append((trial, AttentionFault(wrong.kind, str(wrong), problem=trial.problem)))
            except NotApplicableError as reason:
                refused = str(reason)
        else:
            if not faults:
                return CheckFinding("fail", f"{dtype}: {refused}; no plain input gives an answer")
            found = failure(subject, subject.kernel, *faults[0])
            return replace(found, message=f"{found.message}; no plain input gives an answer")
    return CheckFinding("pass", f"{', '.join(subject.kernel.dtypes)}")


def needs(kernel: AttentionKernel, *names: str) -> None:
    """Raise `NotApplicableError` if the function lacks one of these parameters."""
    if lacking := [name for name in names if name not in kernel.keywords]:
        raise NotApplicableError(f"the kernel has no parameter {', '.join(lacking)}")


def of_kind(
    *kinds: ProblemKind, sizes: tuple[tuple[int, int, int], ...] = ((5, 7, 4), (9, 33, 16), (3, 70, 64))
) -> DrawTrials:
    """DrawTrials of problems of some kinds, (Lq, Lk, D) each."""

    def trials(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
        for kind in kinds:
            for Lq, Lk, D in sizes:
                yield AttentionTrial(problem(kernel, rng, dtype, H=2, Lq=Lq, Lk=Lk, D=D, kind=kind))

    return trials


def _long(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """Long sequences, on some rows."""
    for L, D in ((1025, 8), (2048, 4)):
        for kind in ("plain", "rising"):
            one = problem(kernel, rng, dtype, Lq=L, D=D, kind=kind)  # type: ignore[arg-type]
            yield AttentionTrial(one, rows=chosen_rows(rng, L, 4))


def _default_scale(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """Peaked scores, in dimensions whose root rounds badly in each dtype, and in powers of 4.

    Then all that a row sums up has weights near e^-17 (float16: e^-9), which an error of the scale changes 17-fold.
    """
    for D in (1, 2, 3, 4, 7, 16, 28, 57, 58, 64, 80, 96, 128, 192):
        one = problem(kernel, rng, dtype, Lq=48 if D == 58 else 6, Lk=9, D=D, kind="peaked")
        yield AttentionTrial(changed(one, k=one.k * (2 if dtype == "float16" else 4)))
    for D in (7, 28, 57, 64):
        one = problem(kernel, rng, dtype, Lq=4, Lk=9, D=D, kind="faint")
        yield AttentionTrial(changed(one, v=one.v * (np.arange(9) < 8)[:, None]))


def _given_scale(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    needs(kernel, "scale")
    for scale in (1.0, 0.1, 0.5, -0.7, 2.0, 0.0, 1 / 3, 1e-3):
        for D in (4, 9):
            yield AttentionTrial(problem(kernel, rng, dtype, H=2, Lq=5, Lk=11, D=D, scale=scale))
    large = (
        2048.0 if dtype == "float64" else 256.0
    )  # scores so far apart that only their own maximum can be shifted to 0
    for scale in (large, -large):
        yield AttentionTrial(problem(kernel, rng, dtype, H=2, Lq=5, Lk=11, D=4, scale=scale))
    for scale in (-0.7, 0.0) if "causal" in kernel.keywords else ():  # what is hidden before it is scaled turns around
        yield AttentionTrial(problem(kernel, rng, dtype, H=2, Lq=9, D=4, scale=scale, causal=True))


def _equal(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """All scores equal, also where they are large: the mean of v. Some of the largest equal."""
    for Lk in (1, 2, 3, 17, 64, 100):
        one = problem(kernel, rng, dtype, Lq=4, Lk=Lk, D=4, kind="equal")
        yield AttentionTrial(one)
        yield AttentionTrial(changed(one, q=one.q * 64))
        whole = problem(kernel, rng, dtype, Lq=4, Lk=Lk, D=4, kind="whole")
        yield AttentionTrial(changed(whole, q=whole.q * 16))


CHECKS = (
    Check("call.plain", "A call returns out of the shape, dtype and device that q and v have", _call, gate=True),
    judged("values.softmax", "Weights are the softmax of the scores, each row its own", of_kind("plain", "whole")),
    judged("values.peaked", "Peaked scores and an outlier channel lose no precision", of_kind(
        "peaked", "outlier", sizes=((5, 7, 4), (48, 9, 16), (3, 70, 64)))),
    judged("values.negative", "Scores that are all negative and large are like all others", of_kind(
        "negative", "low", "sunk")),
    judged("values.maxima", "Maxima may rise and fall from block to block", of_kind(
        "rising", "falling", sizes=((3, 33, 8), (3, 150, 8), (2, 300, 4)))),
    judged("values.large", "Large values, and values with a large mean, keep their precision", of_kind(
        "huge", "mean", sizes=((5, 7, 4), (4, 65, 8)))),
    judged("values.faint", "Small weights count where they meet large values", of_kind(
        "faint", sizes=((2, 3, 4), (2, 20, 16), (2, 80, 8)))),
    judged("values.subnormal", "Subnormal values and zeros of either sign are numbers like all others", of_kind(
        "subnormal", "signed", sizes=((3, 5, 4), (3, 40, 8)))),
    judged("values.long", "Long sequences lose no precision", _long),
    judged("scale.default", "Without a scale scores are divided by the square root of D", _default_scale),
    judged("scale.given", "A scale that is given is used as it is, 0 and negative ones too", _given_scale),
    judged("ties.equal", "Equal scores get equal weights, however large they are", _equal),
)  # fmt: skip
