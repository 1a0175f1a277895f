"""Checks of memory: layouts of every array, input left as it is, fresh output, nothing kept between calls.

Neighbours: `trial.laid_out` lays arrays out.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .....kernels.attention.protocol import AttentionKernel, as_reals
from ...check import Check, NotApplicableError, Subject
from ...inputs.trial import NotTestedError
from ...record import CheckFinding
from ..examine import AttentionFault
from ..inputs import changed, offered, option, problem
from ..judged import DrawTrials, failure, judged
from ..trial import LAYOUTS, NUMPY_ONLY, AttentionTrial, WrongAnswerError, called, native, run

SHAPES = ((2, 2, 3, 5, 4), (1, 3, 17, 33, 8), (2, 2, 4, 66, 16))
"""(B, H, Lq, Lk, D)."""


def layouts(kernel: AttentionKernel) -> tuple[str, ...]:
    """The layouts that arrays of the kernel's kind can have."""
    if kernel.arrays == "jax":
        raise NotApplicableError("JAX arrays have no layout in memory")
    return tuple(how for how in LAYOUTS if kernel.arrays == "numpy" or how not in NUMPY_ONLY)


def _all(*names: str, of: tuple[str, ...] = ("qkv",)) -> DrawTrials:
    """All of q, k, v, or some of them, in each of some layouts."""

    def trials(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
        those = [x for x in names if x in layouts(kernel)]
        if not those:
            raise NotApplicableError("torch tensors have no negative strides and are never read-only")
        for how in those:
            for B, H, Lq, Lk, D in SHAPES:
                one = problem(kernel, rng, dtype, B=B, H=H, Lq=Lq, Lk=Lk, D=D)
                yield from (AttentionTrial(one, dict.fromkeys(which, how)) for which in of)

    return trials


def _mixed(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """One of q, k, v laid out otherwise than the others."""
    for how in (x for x in layouts(kernel) if x not in NUMPY_ONLY):
        for name in "qkv":
            B, H, Lq, Lk, D = SHAPES[int(rng.integers(len(SHAPES)))]
            yield AttentionTrial(problem(kernel, rng, dtype, B=B, H=H, Lq=Lq, Lk=Lk, D=D), {name: how})


def _expanded(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """Stride 0: one head of k or v for all, one set for all, one query for all."""
    layouts(kernel)
    for B, H, Lq, Lk, D in SHAPES:
        one = problem(kernel, rng, dtype, B=B, H=H, Lq=Lq, Lk=Lk, D=D)
        for names in ("k", "v", "kv", "q"):
            for axis in (0, 1, 2):
                same = {n: np.repeat(getattr(one, n).take([0], axis), getattr(one, n).shape[axis], axis) for n in names}
                yield AttentionTrial(changed(one, **same), dict.fromkeys(names, "expanded"))


def _scores(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """Masks and biases in every layout."""
    names = [n for n in ("mask", "bias") if n in kernel.keywords]
    if not names:
        raise NotApplicableError("the kernel has no parameter mask or bias")
    for how in (*layouts(kernel), "narrow"):
        for name in names:
            B, H, Lq, Lk, D = SHAPES[int(rng.integers(len(SHAPES)))]
            shape = (B, H, Lq, Lk) if how not in ("expanded", "narrow") else (B, 1, 1, Lk)
            values: Any = rng.random(shape) < 0.7 if name == "mask" else rng.standard_normal(shape)
            if name == "mask":
                values[..., 0] = True
            one = problem(kernel, rng, dtype, B=B, H=H, Lq=Lq, Lk=Lk, D=D, **{name: values})
            yield AttentionTrial(one, {name: how})


def _refilled(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """The same arrays, filled anew."""
    if kernel.arrays == "jax":
        raise NotApplicableError("JAX arrays cannot be filled anew")
    for Lq, Lk in ((3, 5), (17, 33)):
        first, second = (problem(kernel, rng, dtype, H=2, Lq=Lq, Lk=Lk, D=4) for _ in range(2))
        yield AttentionTrial(second, before=(first,), refilled=True)
        for name in "qkv":
            other = changed(first, **{name: getattr(second, name)})
            yield AttentionTrial(other, before=(first,), refilled=True)


def _sequence(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """After a larger call, a smaller one, one with other options or other numbers of the same size."""
    large = problem(kernel, rng, dtype, B=2, H=2, Lq=40, Lk=70, D=8, kind="mean")
    for Lq, Lk in ((40, 70), (3, 5), (40, 3), (3, 70), (1, 1)):
        yield AttentionTrial(problem(kernel, rng, dtype, B=2, H=2, Lq=Lq, Lk=Lk, D=8), before=(large,))
    plain = problem(kernel, rng, dtype, H=2, Lq=9, D=8)
    for name in offered(kernel):
        value = option(name, rng, (1, 2, 9, 9))
        one = changed(plain, **{name: value})
        yield AttentionTrial(one, before=(plain,))
        yield AttentionTrial(plain, before=(one,))
        if name in ("mask", "bias"):
            yield AttentionTrial(changed(plain, **{name: np.flip(value, axis=2)}), before=(one,))


AnswerQuestion = Callable[[AttentionKernel, AttentionTrial], str]
"""(kernel, trial) → what is wrong, or nothing."""


def asked(name: str, title: str, question: AnswerQuestion) -> Check:
    """The check that asks `question` of a few trials; what is wrong is shown with the call."""

    def run_(subject: Subject) -> CheckFinding:
        kernel, count = subject.kernel, 0
        for dtype in kernel.dtypes:
            rng = np.random.default_rng(subject.random(f"{name}/{dtype}").getrandbits(64))
            for trial in _few(kernel, dtype, rng):
                try:
                    subject.sizes.require(trial.size)
                    wrong = question(kernel, trial)
                except (NotApplicableError, NotTestedError):
                    continue
                except WrongAnswerError as error:
                    return failure(subject, kernel, trial, AttentionFault(error.kind, str(error)))
                if wrong:
                    fault = AttentionFault("returned", wrong, problem=trial.problem)
                    return shown(subject, kernel, trial, fault)
                count += 1
        if not count:
            raise NotApplicableError("no trial is of the kernel's kind")
        return CheckFinding("pass", f"{count} calls")

    return Check(name, title, run_)


def shown(subject: Subject, kernel: AttentionKernel, trial: AttentionTrial, fault: AttentionFault) -> CheckFinding:
    """The finding of what `examine` does not see, so that it cannot be made smaller."""
    from ..words import in_words, snippet

    text = snippet(kernel, subject.spec, trial, fault) + f"# {fault.detail}\n"
    return CheckFinding("fail", in_words(trial, fault), snippet=text)


def _few(kernel: AttentionKernel, dtype: str, rng: np.random.Generator) -> Iterator[AttentionTrial]:
    """A plain call, and one for each option; small and larger ones."""
    for H, Lq, Lk, D in ((1, 2, 2, 2), (2, 5, 9, 4), (1, 33, 70, 8)):
        yield AttentionTrial(problem(kernel, rng, dtype, H=H, Lq=Lq, Lk=Lk, D=D))
        mask = rng.random((1, H, Lq, Lk)) < 0.7
        mask[..., 0] = True
        yield AttentionTrial(problem(kernel, rng, dtype, H=H, Lq=Lq, Lk=Lk, D=D, mask=mask))
        yield AttentionTrial(problem(kernel, rng, dtype, H=H, Lq=Lq, Lk=Lk, D=D, bias=rng.standard_normal(mask.shape)))
    yield AttentionTrial(problem(kernel, rng, dtype, Lq=5, D=4, causal=True))


def _unchanged(kernel: AttentionKernel, trial: AttentionTrial) -> str:
    arrays, keywords = native(kernel, trial)
    every = dict(zip("qkv", arrays, strict=True)) | {n: x for n, x in keywords.items() if hasattr(x, "dtype")}
    before = {name: as_reals(x).copy() for name, x in every.items()}
    called(kernel, arrays, keywords)
    touched = [name for name, x in every.items() if not np.array_equal(as_reals(x), before[name], equal_nan=True)]
    return f"the call changed {', '.join(touched)}" if touched else ""


def _fresh(kernel: AttentionKernel, trial: AttentionTrial) -> str:
    """Neither memory of the input nor of an earlier result: what is written into it changes nothing else."""
    if kernel.arrays == "jax":
        raise NotApplicableError("JAX arrays cannot be written to")
    arrays, keywords = native(kernel, trial)
    first = called(kernel, arrays, keywords)
    first = first[0] if isinstance(first, tuple | list) else first
    kept = as_reals(first).copy()
    inputs = [as_reals(x).copy() for x in arrays]
    second = called(kernel, native(kernel, trial)[0], keywords)
    second = second[0] if isinstance(second, tuple | list) else second
    if second is first:
        return "two calls return the same array"
    try:
        second[...] = 7.0
    except (ValueError, RuntimeError):
        return "the result cannot be written to"
    if not np.array_equal(as_reals(first), kept, equal_nan=True):
        return "what is written into a result changes the result of an earlier call"
    first[...] = 7.0
    changed_ = [n for n, x, y in zip("qkv", arrays, inputs, strict=True) if not np.array_equal(as_reals(x), y)]
    return f"the result shares memory with {', '.join(changed_)}" if changed_ else ""


def _bits(kernel: AttentionKernel, trial: AttentionTrial) -> str:
    if not kernel.deterministic:
        raise NotApplicableError("the kernel declares deterministic = False")
    first = run(kernel, trial)
    for _ in range(2):
        again = run(kernel, trial)
        if not np.array_equal(first.out, again.out, equal_nan=True):
            return "equal calls return different bits"
    return ""


def _batch(subject: Subject) -> CheckFinding:
    """The bits of a set alone and in a batch; reported, and a failure only if they are declared equal."""
    kernel, different, count = subject.kernel, 0, 0
    for dtype in kernel.dtypes:
        rng = np.random.default_rng(subject.random(f"batch/{dtype}").getrandbits(64))
        for B, H, Lq, Lk, D in ((2, 1, 3, 5, 4), (3, 2, 17, 33, 8), (9, 2, 4, 70, 16), (65, 1, 2, 9, 8)):
            trial = AttentionTrial(problem(kernel, rng, dtype, B=B, H=H, Lq=Lq, Lk=Lk, D=D))
            p = trial.problem
            try:
                whole = run(kernel, trial).out
                alone = run(kernel, AttentionTrial(changed(p, q=p.q[1:2], k=p.k[1:2], v=p.v[1:2]))).out
            except WrongAnswerError as error:
                return failure(subject, kernel, trial, AttentionFault(error.kind, str(error)))
            count += 1
            if not np.array_equal(whole[1:2], alone, equal_nan=True):
                different += 1
                if kernel.batch_invariant:
                    fault = AttentionFault("returned", "set 1 alone gives other bits than in the batch", problem=p)
                    return shown(subject, kernel, trial, fault)
    said = f"; in {different} of them the bits of a set depend on the others" if different else ""
    return CheckFinding("pass", f"{count} batches{said}")


CHECKS = (
    judged("layout.transposed", "Heads and tokens may be exchanged in memory", _all("transposed", "turned")),
    judged("layout.packed", "Arrays may be parts of larger ones", _all("packed", "sliced", "strided", "offset")),
    judged("layout.expanded", "Arrays may have stride 0", _expanded),
    judged("layout.views", "Arrays may be read-only or have negative strides", _all(*NUMPY_ONLY, of=("qkv", *"qkv"))),
    judged("layout.mixed", "q, k and v may be laid out each in its own way", _mixed),
    judged("layout.scores", "Masks and biases may have any layout and broadcast", _scores),
    asked("memory.unchanged", "Input is not modified", _unchanged),
    asked("memory.fresh", "The result is memory of its own", _fresh),
    judged("state.refilled", "Arrays that are filled anew are read anew", _refilled),
    judged("state.sequence", "Nothing of an earlier call enters a later one", _sequence),
    asked("repeat.equal", "Equal calls give equal bits, unless it is declared that they do not", _bits),
    Check("batch.alone", "The bits of a set do not depend on the batch, if that is declared", _batch),
)
