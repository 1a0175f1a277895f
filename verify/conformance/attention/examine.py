"""Run a trial of an attention kernel and judge it by the bounds of `kernels.attention`.

Neighbours: `trial` runs kernels, `kernels.attention.verdict` judges each element.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ....kernels.attention.gradients import gradients, judge_gradients
from ....kernels.attention.problem import Problem, Reals
from ....kernels.attention.protocol import AttentionKernel
from ....kernels.attention.truth.balls import ball_rows
from ....kernels.attention.truth.hard import hard_rows
from ....kernels.attention.verdict import BEYOND, VERDICTS, Judgement, judge
from ....kernels.errors import InputError
from ..inputs.trial import NotTestedError
from .trial import GRADIENTS, AttentionTrial, KernelAnswer, WrongAnswerError, run


@dataclass(frozen=True, slots=True, eq=False)
class AttentionFault:
    """What is wrong in a trial: its worst element.

    Args:
        kind: "raised", "returned" (no answer), "out", "lse", "dq", "dk" or "dv".
        detail: what it raised or returned, in words.
        place: the indices of the element.
        got: what the kernel returned there.
        expected: the exact value, rounded to float64.
        W: how far a right kernel may be from it.
        out: all that the kernel returned, for explanations; None if it is no answer or a gradient.
        levels: (rows, components) of the head: 0 within W, n from 1 to 9 beyond it by 10^(n-1) times, -1 not judged.
        problem: the problem as it was judged, with its diagonal.
        right_for: whether the answer is right for a kernel that declares something else.
    """

    kind: str
    detail: str = ""
    place: tuple[int, ...] = ()
    got: float = 0.0
    expected: float = 0.0
    W: float = 0.0
    out: Reals | None = None
    levels: NDArray[np.int8] | None = None
    problem: Problem | None = None
    right_for: Callable[[AttentionKernel], bool] = lambda other: False

    @property
    def finite(self) -> bool:
        """Whether the wrong element is a number."""
        return bool(np.isfinite(self.got))


@dataclass(frozen=True, slots=True)
class Examined:
    """What a trial showed.

    Args:
        fault: what is wrong, or None.
        counts: verdict → how many elements have it.
        ratio: the largest error over W.
        looser: W over that of the default declarations.
        alignments: the causal diagonals by which the answer is right, of those that were asked for.
        empty: what rows without keys came out as, where the kernel does not declare it: "zero", "nan", "other".
    """

    fault: AttentionFault | None
    counts: Mapping[str, int] = field(default_factory=dict)
    ratio: float = 0.0
    looser: float = 1.0
    alignments: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()


def examine(kernel: AttentionKernel, trial: AttentionTrial) -> Examined:
    """Run a trial and judge every element.

    Raises:
        NotApplicableError: the kernel has no parameter for it, or refuses it.
    """
    try:
        answer = run(kernel, trial)
    except WrongAnswerError as wrong:
        return Examined(AttentionFault(wrong.kind, str(wrong), problem=trial.problem))
    found = _judged(kernel, trial, answer)
    if found.fault is not None:
        fault = replace(found.fault, right_for=lambda other: _judged(other, trial, answer).fault is None)
        found = replace(found, fault=fault)
    return found


def _judged(kernel: AttentionKernel, trial: AttentionTrial, answer: KernelAnswer) -> Examined:
    problem, rows = trial.problem, None if trial.rows is None else np.array(trial.rows)
    choices: tuple[str, ...] = (kernel.causal_alignment or problem.alignment,)
    if kernel.causal_alignment is None and problem.depends_on_alignment:
        choices = ("top_left", "bottom_right")
    try:
        tried = [
            (choice, judge(replace(kernel, causal_alignment=choice), problem, answer.out, answer.lse, rows))
            for choice in choices
        ]
    except InputError as error:  # such a problem cannot be judged
        raise NotTestedError(str(error)) from None
    except ValueError:
        if kernel.hard and not all(len(problem.head(b, h).k) for b, h in problem.heads()):
            raise NotTestedError("hard attention of a head without keys is not judged") from None
        raise
    right = tuple(choice for choice, one in tried if one.verdict != "fail")
    if right and trial.grad_out is not None:
        several = [_gradients(kernel, replace(problem, alignment=x), trial.grad_out, answer) for x in right]
        return next((one for one in several if one.fault is None), several[0])
    _, found = min(tried, key=lambda pair: pair[1].counts["beyond"])
    with np.errstate(invalid="ignore", divide="ignore"):
        known = np.isfinite(found.W) & (found.W > 0) & (found.codes != VERDICTS.index("empty"))
        ratio = min(1.0, float(np.where(known, found.error / found.W, 0.0).max(initial=0.0)))
    fault = None if right else _fault(kernel, replace(problem, alignment=found.alignment), answer, found)
    return Examined(fault, found.counts, ratio, found.default, right, _empty(answer, found))


def _fault(kernel: AttentionKernel, problem: Problem, answer: KernelAnswer, found: Judgement) -> AttentionFault:
    out, beyond = answer.out, found.codes == BEYOND
    if not beyond.any():
        assert found.lse is not None
        assert answer.lse is not None
        b, h, r = (int(x) for x in np.argwhere(found.lse == BEYOND)[0])
        i = int(found.rows[r])
        head = problem.head(b, h, [i])
        exact = float(ball_rows(head)[0].lse.mid()) if head.n[0] else -np.inf
        exact = exact / np.log(2) if kernel.lse == "log2" else exact
        wrong = (found.lse[b, h] == BEYOND)[:, None].astype(np.int8)
        return AttentionFault("lse", "", (b, h, i), float(answer.lse[b, h, i]), exact, 0.0, out, wrong, problem)
    element = found.worst(1)[0]
    finite = beyond & np.isfinite(np.take(out, found.rows, axis=2))
    if finite.any() and not np.isfinite(out[element.place]):  # a number that is wrong says more than a NaN
        ratio = np.where(finite, np.where(np.isfinite(found.W), found.error, 0.0), -1.0)
        b, h, r, d = (int(x) for x in np.unravel_index(int(np.argmax(ratio)), ratio.shape))
        element = element._replace(place=(b, h, int(found.rows[r]), d), W=float(found.W[b, h, r, d]))
    b, h, i, d = element.place
    exact = exact_value(kernel, problem, element.place)
    got, W = float(out[element.place]), element.W if np.isfinite(element.W) else 0.0
    levels = _levels(found.codes[b, h], found.error[b, h], found.W[b, h])
    return AttentionFault("out", "", element.place, got, exact, W, out, levels, problem)


def _levels(codes: NDArray[np.int8], error: Reals, W: Reals) -> NDArray[np.int8]:
    """How far beyond W elements are, by powers of ten."""
    with np.errstate(all="ignore"):
        powers = np.nan_to_num(np.log10(error / W), nan=9.0, posinf=9.0, neginf=0.0)
    levels = np.where(codes == BEYOND, np.clip(1 + np.floor(powers), 1, 9), 0)
    return np.where(codes == VERDICTS.index("unjudged"), -1, levels).astype(np.int8)


def exact_value(kernel: AttentionKernel, problem: Problem, place: tuple[int, ...]) -> float:
    """The exact output at a place, rounded to float64; NaN or infinite where inputs are."""
    b, h, i, d = place
    head = problem.head(b, h, [i])
    if not head.n[0]:
        every = problem.v[b, h * problem.v.shape[1] // problem.q.shape[1], :, d]
        if kernel.empty_rows == "mean" and every.size:
            return float(every.mean())
        return 0.0 if kernel.empty_rows == "zero" else float("nan")
    if not head.finite[0]:  # the pattern of what is not finite decides
        seen = problem.v[b, h * problem.v.shape[1] // problem.q.shape[1], head.seen, d][head.allowed[0]]
        infinite = seen[np.isinf(seen)]
        return float(infinite[0]) if len(infinite) and not np.isnan(seen).any() else float("nan")
    if kernel.hard:
        return float(hard_rows(head, kernel.hard == "first")[0].o[d])
    return float(ball_rows(head)[0].o[d].mid())


def _gradients(kernel: AttentionKernel, problem: Problem, grad_out: Reals, answer: KernelAnswer) -> Examined:
    for name, wanted in zip(GRADIENTS, (problem.q.shape, problem.k.shape, problem.v.shape), strict=True):
        if answer.gradients[name].shape != wanted:
            detail = f"the gradient {name} has shape {answer.gradients[name].shape}; {wanted} is required"
            return Examined(AttentionFault("returned", detail, problem=problem))
    verdicts = judge_gradients(kernel, problem, grad_out, dict(answer.gradients))
    counts: Counter[str] = Counter()
    worst, fault = 0.0, None
    for name, one in verdicts.items():
        counts.update({VERDICTS[c]: int((one.codes == c).sum()) for c in range(len(VERDICTS))})
        with np.errstate(invalid="ignore", divide="ignore"):
            known = np.isfinite(one.W) & (one.W > 0)
            ratio = np.where(known, one.error / one.W, 0.0)
        worst = max(worst, min(1.0, float(ratio.max(initial=0.0))))  # the distance includes that of the enclosure
        beyond = one.codes == BEYOND
        if beyond.any() and fault is None:
            place = tuple(int(x) for x in np.unravel_index(int(np.argmax(np.where(beyond, ratio, -1))), ratio.shape))
            exact = gradients(problem, kernel.arithmetic(problem.dtype), grad_out)[name].value[place]
            got = float(answer.gradients[name][place])
            at = (x[place[:2]] for x in (one.codes, one.error, one.W))
            fault = AttentionFault(name, "", place, got, float(exact), float(one.W[place]), None, _levels(*at), problem)
    return Examined(fault, counts, worst)


def _empty(answer: KernelAnswer, found: Judgement) -> tuple[str, ...]:
    """What rows without keys, which the kernel leaves open, came out as."""
    codes = found.codes == VERDICTS.index("empty")
    values = np.take(answer.out, found.rows, axis=2)[codes]
    kinds = {"zero": values == 0, "nan": np.isnan(values)}
    kinds["other"] = ~(kinds["zero"] | kinds["nan"])
    return tuple(name for name, which in kinds.items() if which.any())
