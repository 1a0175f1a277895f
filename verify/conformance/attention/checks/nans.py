"""Checks of values that are no numbers: a NaN that a row sees is seen in its result, other heads are not touched.

No bound holds in a head that holds a NaN, and no kernel that multiplies matrices can keep it out of rows that do not
see the key; so only rows that see it, and other heads, are judged. Keys that no row sees are `masks`' affair.
"""

from collections.abc import Iterator

import numpy as np

from .....kernels.attention.protocol import AttentionKernel
from ...check import Check, NotApplicableError, Subject
from ...inputs.trial import NotTestedError
from ...record import CheckFinding
from ..examine import AttentionFault
from ..inputs import changed, problem
from ..judged import failure, judged
from ..trial import AttentionTrial, WrongAnswerError, run
from .memory import shown

Shapes = tuple[tuple[int, int, int, int, int], ...]
SHAPES: Shapes = ((1, 1, 1, 1, 1), (1, 1, 2, 3, 2), (2, 2, 5, 9, 4), (1, 2, 17, 33, 8), (1, 1, 3, 70, 16))
"""(B, H, Lq, Lk, D); the last set and head are spoiled."""
OTHERS = ((2, 2, 5, 40, 4), (1, 2, 17, 33, 8), (3, 1, 3, 70, 16))
"""The same with other heads or sets beside it, and keys enough that no NaN gets lost in the one that holds it."""


def _spoiled(
    kernel: AttentionKernel, dtype: str, rng: np.random.Generator, value: float, names: str, shapes: Shapes = SHAPES
) -> Iterator[tuple[AttentionTrial, tuple[slice, ...], str]]:
    """A trial with `value` in one place, the elements that must not be finite, and the place in words."""
    if kernel.hard:
        raise NotApplicableError("hard attention compares scores: what it makes of a NaN is not judged")
    for B, H, Lq, Lk, D in shapes:
        clean = problem(kernel, rng, dtype, B=B, H=H, Lq=Lq, Lk=Lk, D=D, kind="whole")
        for name in names:
            array = getattr(clean, name)
            for i in sorted({0, array.shape[2] - 1}):
                spoiled = array.copy()
                spoiled[B - 1, H - 1, i, D - 1] = value
                rows = slice(i, i + 1) if name == "q" else slice(None)
                columns = slice(D - 1, D) if name == "v" else slice(None)
                where = (slice(B - 1, B), slice(H - 1, H), rows, columns)
                yield AttentionTrial(changed(clean, **{name: spoiled})), where, f"{value} in {name}[{i}]"


def _seen(name: str, title: str, value: float, names: str) -> Check:
    """The check that `value` in one place of some arrays is not turned into a number."""

    def run_(subject: Subject) -> CheckFinding:
        kernel, count, reason = subject.kernel, 0, ""
        for dtype in kernel.dtypes:
            rng = np.random.default_rng(subject.random(f"{name}/{dtype}").getrandbits(64))
            for trial, where, words in _spoiled(kernel, dtype, rng, value, names):
                try:
                    subject.sizes.require(trial.size)
                    out = run(kernel, trial).out
                except (NotApplicableError, NotTestedError) as error:
                    reason = str(error)
                    continue
                except WrongAnswerError as error:
                    if error.kind == "raised":  # an error hides nothing
                        count += 1
                        continue
                    return failure(subject, kernel, trial, AttentionFault(error.kind, str(error)))
                count += 1
                if np.isfinite(out[where]).any():
                    place = [int(x) for x in np.argwhere(np.isfinite(out[where]))[0]]
                    at = tuple(p + (s.start or 0) for p, s in zip(place, where, strict=True))
                    detail = f"{words} came out as {out[at]:g} in out[{', '.join(map(str, at))}]"
                    return shown(subject, kernel, trial, AttentionFault("out", detail, at, float(out[at]), value))
        if not count:
            raise NotApplicableError(reason or "no trial is of the kernel's kind")
        return CheckFinding("pass", f"{count} calls")

    return Check(name, title, run_)


def _contained(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """NaN and infinity in one head of one set: the others are right, and so are other rows where q is spoiled."""
    for value, names in ((np.nan, "qkv"), (np.inf, "v")):
        yield from (trial for trial, _, _ in _spoiled(kernel, dtype, rng, value, names, OTHERS))


def _infinite_scores(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """An infinity in q or k: where it makes a score that is seen +∞, or meets 0, NaN is due."""
    for value in (np.inf, -np.inf):
        yield from (trial for trial, _, _ in _spoiled(kernel, dtype, rng, value, "qk"))


CHECKS = (
    _seen("nan.query", "A NaN in a query makes its whole row NaN", np.nan, "q"),
    _seen("nan.key", "A NaN in a key or value is seen in every row that sees the key", np.nan, "kv"),
    _seen("nan.infinity", "An infinite value is seen in every row that sees its key", np.inf, "v"),
    judged(
        "nan.scores",
        "A score of plus infinity, and 0 times infinity, make their row NaN",
        _infinite_scores,
        may_refuse=True,  # an error hides nothing
    ),
    judged("nan.contained", "A NaN or an infinity stays within its set and head", _contained),
)
