"""Is what an attention kernel returned right? A verdict for each element, by its distance from the truth.

In this order:

    unjudged      W is infinite: an intermediate may overflow; or inputs that are not finite allow anything
    beyond        wrong for what the kernel declares: the result is not finite, or its distance from the truth exceeds
                  W; or NaN or infinity must come out (`nonfinite`) and does not
    fragile       W reaches as far as all values that the row may see: no kernel could be told from another one
    implausible   the distance may exceed T: worth a look, no failure
    within        otherwise

`empty` marks rows without keys whose result the kernel leaves open. The truth is enclosed in floats (`truth`); rows in
which that does not decide, and rows with an element beyond W, are judged again in balls.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import BugError
from .arithmetic import Arithmetic
from .bound import SLACK, ErrorBound, forward_bound
from .nonfinite import FREE, LEAKS, MINUS, NAN, PLUS, USUAL, patterns
from .problem import FORMATS, Enclosure, Head, Problem, Reals
from .protocol import AttentionKernel
from .truth.balls import ball_rows, distance, enclosure_of
from .truth.floats import enclose
from .truth.hard import hard_bound, hard_rows

VERDICTS = ("within", "implausible", "fragile", "beyond", "unjudged", "empty")
"""What is said of an element, by its code."""

WITHIN, IMPLAUSIBLE, FRAGILE, BEYOND, UNJUDGED, EMPTY = range(6)

MOST_CONFIRMED = 32
"""How many rows of a head are judged in balls only because they fail; rows that floats cannot judge all go there."""


class Element(NamedTuple):
    """One element of the output: where it is, its verdict, |ô − o| (at most), W and T, and whether balls judged it."""

    place: tuple[int, int, int, int]
    verdict: str
    error: float
    W: float
    T: float
    by_balls: bool


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """The verdict on one call.

    Args:
        codes: (B, H, R, Dv) index into VERDICTS of every element of the rows that were looked at.
        error: (B, H, R, Dv) upper bounds of |ô − o|.
        W, T: (B, H, R, Dv).
        lse: (B, H, R) codes of the log-sum-exp, or None.
        balls: (B, H, R): rows that balls judged.
        rows: (R,) the rows of q.
        default: the median of W over that of default declarations; 1 where nothing is declared.
        alignment: the diagonal that was judged by.
    """

    codes: NDArray[np.int8]
    error: Reals
    W: Reals
    T: Reals
    lse: NDArray[np.int8] | None
    balls: NDArray[np.bool_]
    rows: NDArray[np.integer]
    default: float
    alignment: str

    @property
    def counts(self) -> dict[str, int]:
        """How many elements have which verdict; log-sum-exps count too."""
        every = self.codes.ravel() if self.lse is None else np.concatenate([self.codes.ravel(), self.lse.ravel()])
        found = np.bincount(every, minlength=len(VERDICTS))
        return {name: int(count) for name, count in zip(VERDICTS, found, strict=True)}

    @property
    def verdict(self) -> str:
        """ "fail", "fragile" (fewer than half of the elements that were judged say anything), or "pass"."""
        counts = self.counts
        if counts["beyond"]:
            return "fail"
        judged = sum(counts.values()) - counts["empty"]
        return "fragile" if 2 * (counts["within"] + counts["implausible"]) < judged else "pass"

    def worst(self, most: int = 1) -> list[Element]:
        """The elements with the largest ratio of error to W, those beyond W first."""
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where(np.isfinite(self.W), self.error / self.W, 0.0)
        ratio = np.where(self.codes == BEYOND, np.inf, np.nan_to_num(ratio, nan=0.0))
        found = []
        for flat in np.argsort(-ratio, axis=None, kind="stable")[:most]:
            b, h, r, d = (int(x) for x in np.unravel_index(flat, ratio.shape))
            at = (b, h, r, d)
            error, W, T = (float(x[at]) for x in (self.error, self.W, self.T))
            place = (b, h, int(self.rows[r]), d)
            found.append(Element(place, VERDICTS[self.codes[at]], error, W, T, bool(self.balls[b, h, r])))
        return found


def judge(
    kernel: AttentionKernel,
    problem: Problem,
    out: Reals,
    lse: Reals | None = None,
    rows: NDArray[np.integer] | None = None,
) -> Judgement:
    """The verdict on what `kernel` returned for `problem`, for some rows of q (all if None).

    A kernel that does not declare its causal alignment, where that matters, is judged by the one it fails less of.

    Raises:
        BugError: floats and balls exclude each other: a bug here, or a NumPy that breaks what `truth` assumes.
    """
    if problem.depends_on_alignment:
        declared = kernel.causal_alignment
        choices = ("top_left", "bottom_right") if declared is None else (declared,)
        tried = [_judge(kernel, replace(problem, alignment=choice), out, lse, rows) for choice in choices]
        return min(tried, key=lambda one: one.counts["beyond"])
    return _judge(kernel, problem, out, lse, rows)


def _judge(
    kernel: AttentionKernel, problem: Problem, out: Reals, lse: Reals | None, rows: NDArray[np.integer] | None
) -> Judgement:
    how = kernel.arithmetic(problem.dtype)
    plain = Arithmetic.of(problem.dtype)
    B, H, Lq, _ = problem.scores
    at = np.arange(Lq) if rows is None else np.asarray(rows)
    shape = (B, H, len(at), problem.v.shape[3])
    codes, balls = np.full(shape, UNJUDGED, dtype=np.int8), np.zeros(shape[:3], dtype=np.bool_)
    error, W, T = (np.full(shape, np.inf) for _ in range(3))
    lse_codes = None if lse is None else np.full(shape[:3], UNJUDGED, dtype=np.int8)
    ratios = [1.0]
    for b, h in problem.heads():
        head = problem.head(b, h, at)
        if kernel.hard:
            one = _judge_hard(head, how, out[b, h, at], kernel.hard == "first")
        else:
            one = _judge_head(head, how, out[b, h, at], int(np.prod(shape)), sample=b == h == 0)
        codes[b, h], error[b, h], balls[b, h] = one.codes, one.error, one.balls
        W[b, h], T[b, h] = one.bound.W, one.bound.T
        empty = head.n == 0
        codes[b, h, empty] = _empty(kernel, problem, b, h, out[b, h, at][empty])
        if lse is not None and lse_codes is not None:
            lse_codes[b, h] = _judge_lse(kernel, head, one, lse[b, h, at])
        if not head.clean:
            p = one.known.log_p - one.known.log_p_error - one.bound.tau - how.dtype.u
            sure = head.allowed & (p > np.log(2 * how.lost_weight)) & (kernel.hard is False)
            out_pattern, lse_pattern = patterns(problem, b, h, at.astype(np.intp), sure)
            codes[b, h] = _overlaid(codes[b, h], out_pattern, out[b, h, at])
            unusual = out_pattern != USUAL
            W[b, h][unusual] = T[b, h][unusual] = error[b, h][unusual] = np.inf
            if lse is not None and lse_codes is not None:
                lse_codes[b, h] = _overlaid(lse_codes[b, h], lse_pattern, lse[b, h, at])
        if how != plain and not kernel.hard:
            usual = forward_bound(head, plain, one.known, int(np.prod(shape))).W
            finite = np.isfinite(usual) & np.isfinite(one.bound.W) & (usual > 0)
            ratios += [float(np.median(one.bound.W[finite] / usual[finite]))] if finite.any() else []
    default = float(np.median(ratios[1:])) if len(ratios) > 1 else 1.0
    return Judgement(codes, error, W, T, lse_codes, balls, at, default, problem.alignment)


def _overlaid(codes: NDArray[np.int8], pattern: NDArray[np.int_], got: Reals) -> NDArray[np.int8]:
    """The verdicts where inputs are not finite: by the pattern that must come out."""
    wrong = [(NAN, ~np.isnan(got)), (PLUS, ~np.isposinf(got)), (MINUS, ~np.isneginf(got))]
    codes = np.where((pattern == FREE) | ((pattern == LEAKS) & np.isnan(got)), UNJUDGED, codes)
    for kind, other in wrong:
        codes = np.where(pattern == kind, np.where(other, BEYOND, WITHIN), codes)
    return codes.astype(np.int8)


class _Judged(NamedTuple):
    codes: NDArray[np.int8]
    error: Reals
    balls: NDArray[np.bool_]
    bound: ErrorBound
    known: Enclosure


def _classify(low: Reals, high: Reals, bound: ErrorBound, out: Reals) -> NDArray[np.int8]:
    """Codes, given that |ô − o| lies between `low` and `high`."""
    wrong = ~np.isfinite(out) | (low > bound.W)
    return np.select(
        [np.isinf(bound.W), wrong, bound.clipped, ~(high <= bound.T)],
        [UNJUDGED, BEYOND, FRAGILE, IMPLAUSIBLE],
        WITHIN,
    ).astype(np.int8)


def _judge_head(head: Head, how: Arithmetic, out: Reals, elements: int, sample: bool) -> _Judged:
    known = enclose(head)
    bound = forward_bound(head, how, known, elements)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(out - known.o)
        low = np.maximum(error * (1 - 2.0**-40) - known.o_error, 0.0)
        high = error * (1 + 2.0**-40) + known.o_error
    low, high = (np.where(np.isnan(x), y, x) for x, y in ((low, 0.0), (high, np.inf)))
    codes = _classify(low, high, bound, out)
    # What floats leave open: the enclosure is wide, the verdict differs between its ends, or it is a failure.
    wide = ~(known.o_error <= 2.0**-8 * np.minimum(bound.W, bound.T)) & head.finite[:, None]
    doubtful = wide | (codes != _classify(high, high, bound, out)) | (codes == BEYOND)
    doubtful &= (head.n > 0)[:, None]
    clear = (doubtful & (codes == BEYOND) & ~wide).any(axis=1)
    left_open = (doubtful & ((codes != BEYOND) | wide)).any(axis=1)
    if sample and (head.n > 0).any():  # the row whose enclosure is widest, whatever its verdict
        left_open[np.argmax(np.where((head.n > 0)[:, None], known.o_error, -1.0).max(axis=1, initial=-1.0))] = True
    chosen = np.flatnonzero(left_open | (clear & (np.cumsum(clear & ~left_open) <= MOST_CONFIRMED)))
    balls = np.zeros(len(head.n), dtype=np.bool_)
    if len(chosen):
        part, own = head.select(chosen), out[chosen]
        exact = ball_rows(part)
        known_part = enclosure_of(part, exact)
        if not (np.abs(known.o[chosen] - known_part.o) <= known.o_error[chosen] + known_part.o_error).all():
            raise BugError("the enclosure of an attention output in floats and that in balls exclude each other")
        again = forward_bound(part, how, known_part, elements)
        pairs = [zip(row.o, got.tolist(), strict=True) for row, got in zip(exact, own, strict=True)]
        ends = [distance(x, y) for row in pairs for x, y in row]
        low_part, high_part = np.moveaxis(np.array(ends).reshape(*own.shape, 2), 2, 0)
        codes[chosen], high[chosen], balls[chosen] = _classify(low_part, high_part, again, own), high_part, True
        for field in ("W", "T", "lse", "lse_typical", "clipped"):
            getattr(bound, field)[chosen] = getattr(again, field)
        for field in ("o", "o_error", "lse", "lse_error"):
            getattr(known, field)[chosen] = getattr(known_part, field)
    return _Judged(codes, high, balls, bound, known)


def _judge_hard(head: Head, how: Arithmetic, out: Reals, first: bool) -> _Judged:
    """In exact rationals throughout."""
    rows = hard_rows(head, first)
    bound = hard_bound(head, how, rows)
    error = np.full(out.shape, np.inf)
    for i, row in enumerate(rows):
        for d, exact in enumerate(row.o):
            if np.isfinite(out[i, d]):
                error[i, d] = float(abs(Fraction(float(out[i, d])) - exact))
    codes = _classify(error * (1 - 2.0**-50), error * (1 + 2.0**-50), bound, out)
    return _Judged(codes, error, np.ones(len(rows), dtype=np.bool_), bound, enclose(head))


def _judge_lse(kernel: AttentionKernel, head: Head, one: _Judged, lse: Reals) -> NDArray[np.int8]:
    """Codes of the log-sum-exps; −∞ is required of rows without keys."""
    unit = 1 / np.log(2) if kernel.lse == "log2" else 1.0
    exact = one.known.lse * unit
    W, T = (x * unit * (1 + 2.0**-50) + 2.0**-52 * np.abs(exact) for x in (one.bound.lse, one.bound.lse_typical))
    if kernel.lse_dtype is not None:  # rounded once more
        form = FORMATS[kernel.lse_dtype]
        size = np.abs(exact) + one.known.lse_error * unit + W
        last = (form.u * size + form.eta / 2 + form.tiny * (kernel.flushes or form.name != "float16")) * SLACK
        W, T = (np.where(size <= form.largest, x + last, np.inf) for x in (W * SLACK, T * SLACK))
    with np.errstate(invalid="ignore"):
        distance_, error = np.abs(lse - exact), one.known.lse_error * unit
        wrong = ~np.isfinite(lse) | (distance_ * (1 - 2.0**-40) - error > W)
        unusual = distance_ * (1 - 2.0**-40) - error > T
    codes = np.select([np.isinf(W), wrong, unusual], [UNJUDGED, BEYOND, IMPLAUSIBLE], WITHIN)
    return np.where(head.n == 0, np.where(np.isneginf(lse), WITHIN, BEYOND), codes).astype(np.int8)


def _empty(kernel: AttentionKernel, problem: Problem, b: int, h: int, out: Reals) -> NDArray[np.int8]:
    """Codes of rows without keys, by what the kernel declares."""
    every = problem.v[b, h * problem.v.shape[1] // problem.scores[1]]
    if kernel.empty_rows == "zero":
        right = out == 0
    elif kernel.empty_rows == "nan":
        right = np.isnan(out)
    elif kernel.empty_rows == "mean" and len(every):  # of nothing there is no mean
        how, mean = kernel.arithmetic(problem.dtype), every.mean(axis=0)
        room = 1.01 * ((len(every) + 8) * how.accumulation.u + 2 * how.dtype.u) * np.abs(every).mean(axis=0)
        with np.errstate(invalid="ignore"):
            right = (np.abs(out - mean) <= room + 2 * how.dtype.tiny) | ~np.isfinite(mean)
    else:
        return np.full(out.shape, EMPTY, dtype=np.int8)
    return np.where(right, WITHIN, BEYOND).astype(np.int8)
