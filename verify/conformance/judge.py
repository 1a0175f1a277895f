"""The judgement on one layer: does what a kernel returned follow from the exact scores?

Each layer is judged by itself: the kernel's own tokens, read as the dyadic rationals they are, are moved by the exact
kernel, and the kernel's next tokens are compared with that. So the first layer that is wrong is found, however long
the run, and no error of an earlier layer is blamed on a later one. No tolerance is chosen by hand:

- *Values.* A next token must lie within `tolerance.tolerances` of the exact one: a bound that every correct kernel
  keeps, whatever its order of summation and whichever form of the update it uses.
- *Decisions.* The follow set of token i must be the exact one if all its scores are *exact in the dtype* (small
  integers and dyadic rationals: every partial sum of every order of summation is representable, so equal scores are
  equal in floats and different ones differ), or if the exact gap to the next score exceeds `filter.decision_bound`.
- *Fragile.* Otherwise no float kernel can know, and any non-empty set of tokens within the bound of the best passes.
- *Not judged.* In half precision scores of ordinary tokens overflow. Where no bound holds, nothing is known: `unjudged`
  says which tokens these are. Next tokens keep the sharper bounds of `kernels.bounds.half` there.

Neighbours: `trial` runs kernels, `ties` tells which rows are exact in a dtype.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import combinations
from math import frexp, lcm
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...kernels.bounds.exact_scores import PRECISION, exact_scores
from ...kernels.bounds.filter import decision_bound
from ...kernels.exact.configuration import Configuration, Matrix, Vector
from ...kernels.exact.dynamics import Dynamics, Sets
from ...kernels.protocol import Kernel, TieRule
from .inputs.trial import Call, NotTestedError, Trial, apply, floats, stored
from .tolerance import tolerances, unjudged

MOST_SUBSETS = 8
"""With more near-maximisers than this, the subsets are not tried one by one: their convex hull's box is used."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the exact kernel says about one token.

    Args:
        expected: the follow set by the kernel's tie rule.
        gap: the best score minus the best one outside C_i, None if nothing is outside.
        gap_ulps: the same in units in the last place of the best score, in the dtype; 0 if C_i holds different tokens.
        determined: whether a float kernel must get it right.
        near: the tokens whose score is within the bound of the best; C_i if determined.
    """

    expected: tuple[int, ...]
    gap: Fraction | None
    gap_ulps: float | None
    determined: bool
    near: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong in a trial.

    Args:
        kind: "value": a next token is not the exact one; "shape": the result has another shape; "raised": the kernel
            raised an error.
        call: which call.
        row: which row of its batch.
        layer: which layer.
        token: which token; 0 unless kind is "value".
        detail: what was returned, in words (an error, a shape), empty for "value".
        tokens: the exact tokens that the kernel got at that layer.
        got: what it returned for the row, (n, d), for "value".
        decision: what the exact kernel says about the token, for "value".
        expected: the exact next token under the kernel's tie rule, for "value".
        tolerance: (d,) how far the kernel's may be from it, for "value".
    """

    kind: Literal["value", "shape", "raised"]
    call: int
    row: int
    layer: int
    token: int
    detail: str
    tokens: Matrix
    got: NDArray[np.float64] | None = None
    decision: Decision | None = None
    expected: Vector = ()
    tolerance: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Examination:
    """What a trial showed.

    Args:
        fault: the first thing that is wrong.
        lost: for each fragile decision that did not come out as the exact one, whether it was an exact tie.
        unjudged: for each token set that was not judged, or not all of it, the reason.
    """

    fault: Fault | None
    lost: tuple[bool, ...] = ()
    unjudged: tuple[str, ...] = ()


class ExactLayer:
    """One layer of one configuration, exactly, under a tie rule; immutable and shared between kernels by a cache."""

    __slots__ = ("dynamics", "expected", "gaps", "next_tokens", "sets", "ties", "tops", "unit")

    def __init__(self, tokens: Matrix, A: Matrix, alpha: Fraction, ties: TieRule) -> None:
        self.ties = ties
        self.dynamics = Dynamics(Configuration(tokens, A, alpha))
        first = self.dynamics.first
        # scores() are integers: numerators over D² times the common denominator of A
        self.unit = Fraction(1, int(first.denominator) ** 2 * lcm(*(v.denominator for row in A for v in row)))
        rows = _small_rows(self.dynamics) or [_decided(row) for row in self.dynamics.scores(first)]
        self.sets: Sets = tuple([C for C, _, _ in rows])
        self.tops: tuple[int, ...] = tuple([top for _, top, _ in rows])
        self.gaps: tuple[int | None, ...] = tuple([gap for _, _, gap in rows])
        self.expected: Sets = self.sets if ties == "all" else tuple([C[:1] for C in self.sets])
        self.next_tokens: Matrix = self.dynamics.next_layer(first, self.expected).tokens()

    def decision(self, i: int, dtype: str, exact: bool, bound: float) -> Decision:
        """The decision of token i for a kernel that computes in `dtype`.

        Args:
            i: the token.
            dtype: what it computes in.
            exact: whether its scores are exact in the dtype.
            bound: `filter.decision_bound` of the token.
        """
        C, gap = self.sets[i], self.gaps[i]
        several = len({self.dynamics.configuration.tokens[j] for j in C}) > 1
        real = None if gap is None else gap * self.unit
        size = (self.tops[i] or gap or 0) * self.unit  # a best score of 0 is compared with the next one
        ulps = 0.0 if several else None if real is None else float(real / _ulp(size, dtype))
        if exact:  # under the rule "any" every maximiser is right, and `near` says which they are
            return Decision(self.expected[i], real, ulps, not (self.ties == "any" and several), C)
        scores = self.dynamics.scores(self.dynamics.first, [i])[0]
        top = int(max(scores))
        limit = Fraction(bound) / self.unit if np.isfinite(bound) else top - int(min(scores))  # no bound: all are near
        near = tuple([j for j, score in enumerate(scores) if top - int(score) <= limit])
        determined = near == C and len(C) == 1
        return Decision(self.expected[i], real, ulps, determined, near)


def _decided(row: Sequence[Any]) -> tuple[tuple[int, ...], int, int | None]:
    """Maximisers, maximum, and gap to the next value of a row of integer scores."""
    top = max(row)
    members = tuple([j for j, score in enumerate(row) if score == top])
    return members, int(top), None if len(members) == len(row) else int(top - max(s for s in row if s != top))


def _small_rows(dynamics: Dynamics) -> list[tuple[tuple[int, ...], int, int | None]] | None:
    """`_decided` of every row in 64-bit integers; None where a partial sum of a score might not fit in them."""
    N = [[int(v) for v in row] for row in dynamics.first.numerators.to_list()]
    M = [[int(v) for v in row] for row in dynamics.form.to_list()]
    largest = [max(map(abs, column)) for column in zip(*N, strict=True)]
    # bounds |N||M| entry by entry as well, since every |N| that enters a score is an integer, 0 or at least 1
    bound = sum(
        max(r, 1) * abs(m) * max(s, 1)
        for r, row in zip(largest, M, strict=True)
        for m, s in zip(row, largest, strict=True)
    )
    if bound >= 1 << 62:
        return None
    Z = np.array(N, dtype=np.int64)
    scores = Z @ np.array(M, dtype=np.int64) @ Z.T
    best = scores.max(axis=1, keepdims=True)
    mask = scores == best
    gaps = (best[:, 0] - np.where(mask, -(1 << 62), scores).max(axis=1)).tolist()
    count = mask.sum(axis=1)
    return [
        (tuple(np.flatnonzero(row).tolist()), top, None if m == len(N) else gap)
        for row, top, gap, m in zip(mask, best[:, 0].tolist(), gaps, count.tolist(), strict=True)
    ]


@lru_cache(maxsize=2048)
def exact_layer(tokens: Matrix, A: Matrix, alpha: Fraction, ties: TieRule) -> ExactLayer:
    """The exact layer; computed once for all kernels, dtypes and arrangements that are judged by it."""
    return ExactLayer(tokens, A, alpha, ties)


def _ulp(value: Fraction, dtype: str) -> Fraction:
    """The unit in the last place of the binade that |value| lies in, in `dtype`."""
    if value == 0:
        return Fraction(1)
    return Fraction(2) ** (frexp(float(value))[1] - PRECISION[dtype])


def read_exactly(tokens: NDArray[np.floating]) -> Matrix:
    """Floats (n, d) as the dyadic rationals they are."""
    return tuple(tuple(Fraction(v) for v in row) for row in tokens.astype(np.float64).tolist())


def judge_layer(
    before: NDArray[np.floating],
    one: Call,
    A: NDArray[np.floating],
    after: NDArray[np.float64],
    ties: TieRule,
    dtype: str = "",
) -> tuple[tuple[int, ExactLayer, Decision, NDArray[np.float64]] | None, list[bool]]:
    """Judge one layer of one token set.

    Args:
        before: (n, d) what the kernel got.
        one: the call that it belongs to, for A and α.
        A: (d, d) its A in the dtype.
        after: (n, d) what the kernel returned, read as float64.
        ties: the kernel's tie rule.
        dtype: what it computes in, if that is not the dtype of `before`.

    Returns:
        The first wrong token with its exact layer, decision and the (d,) tolerance, or None; and for each
        fragile decision that was lost, whether it was an exact tie.

    Raises:
        NotTestedError: nothing is wrong with the tokens that can be judged, and there are others.
    """
    dtype = dtype or str(before.dtype)
    tokens = read_exactly(before)
    exact = exact_layer(tokens, one.A, one.alpha, ties)
    target = np.array(exact.next_tokens, dtype=np.float64)
    size = max(map(len, exact.expected))
    suspects = _beyond(after, target, tolerances(before, exact.expected, one.alpha, dtype))
    if not len(suspects):
        return None, []
    rows_exact = exact_scores(tokens, one.A, dtype)
    bounds = decision_bound(before[None], A, dtype=dtype)[0]
    lost: list[bool] = []
    reason = ""
    for i in suspects.tolist():
        decision = exact.decision(i, dtype, rows_exact[i], float(bounds[i]))
        if why := unjudged(before, i, decision.near, float(bounds[i]), one.alpha, after[i], dtype, exact=rows_exact[i]):
            reason = why
            continue
        tolerance = tolerances(before, [decision.near], one.alpha, dtype, of=(i,), size=size)[0]
        if ties == "any" and _allowed(exact, i, exact.sets[i], after[i], tolerance, ties):
            continue
        if decision.determined or not _allowed(exact, i, decision.near, after[i], tolerance, ties):
            return (i, exact, decision, tolerance), lost
        lost.append(len({tokens[j] for j in exact.sets[i]}) > 1)
    if reason:
        raise NotTestedError(reason)
    return None, lost


def _beyond(
    after: NDArray[np.float64], target: NDArray[np.float64], tolerance: NDArray[np.float64]
) -> NDArray[np.integer]:
    """The tokens farther from `target` than allowed (its own rounding to float64 included), NaN counting as far."""
    near = np.abs(after - target) <= tolerance + np.abs(target) * 2.0**-52
    return np.flatnonzero(~near.all(axis=1))


def _allowed(
    exact: ExactLayer,
    i: int,
    near: tuple[int, ...],
    got: NDArray[np.float64],
    tolerance: NDArray[np.float64],
    ties: TieRule,
) -> bool:
    """Whether `got` is the next token of i for a non-empty set of near-maximisers: one of them unless ties is "all"."""
    configuration = exact.dynamics.configuration
    rate = configuration.step.rate(0)
    rows = np.array([configuration.tokens[j] for j in near], dtype=object)
    own = np.array(configuration.tokens[i], dtype=object)
    distinct = len({configuration.tokens[j] for j in near})

    def fits(mean: NDArray) -> bool:
        target = (own + rate * (mean - own)).astype(np.float64)
        return not len(_beyond(got[None], target[None], tolerance))

    if ties != "all" or distinct == 1:
        return any(fits(row) for row in rows)
    if len(near) <= MOST_SUBSETS:
        return any(fits(rows[list(chosen)].sum(axis=0) / len(chosen)) for chosen in _subsets(len(near)))
    low, high = ((own + rate * (ends - own)).astype(np.float64) for ends in (rows.min(axis=0), rows.max(axis=0)))
    return bool(((low - tolerance <= got) & (got <= high + tolerance)).all())


def _subsets(size: int) -> Iterator[tuple[int, ...]]:
    """The non-empty subsets of range(size), the largest first."""
    for k in range(size, 0, -1):
        yield from combinations(range(size), k)


def examine(kernel: Kernel, trial: Trial) -> Examination:
    """Run a trial and judge every layer of every row of every call, up to the first fault.

    Args:
        kernel: the kernel under test.
        trial: the trial.

    Raises:
        NotTestedError: no token set of it can be judged.
    """
    lost: list[bool] = []
    reasons: list[str] = []
    judged = 0
    for c, one in enumerate(trial.calls):
        A = floats(one.A, trial.dtype)
        current = floats(one.tokens, trial.dtype)
        gone: set[int] = set()  # sets that are no numbers any more, through no fault of the kernel
        for k in range(trial.layers):
            try:
                after = apply(kernel, current, one, A, trial.dtype)
            except (Exception, SystemExit) as error:
                detail = " ".join(f"raised {type(error).__name__}: {error}".split())
                return Examination(Fault("raised", c, 0, k, 0, detail, read_exactly(current[0])), tuple(lost))
            if after.shape != current.shape or after.dtype.kind != "f":
                detail = f"returned {after.dtype} values of shape {after.shape} for tokens of shape {current.shape}"
                return Examination(Fault("shape", c, 0, k, 0, detail, read_exactly(current[0])), tuple(lost))
            values = after.astype(np.float64)
            seen: set[tuple[bytes, bytes]] = set()  # batches repeat few sets: each answer is judged once
            for b in range(len(current)):
                if b in gone:
                    continue
                if (key := (current[b].tobytes(), values[b].tobytes())) in seen and np.isfinite(values[b]).all():
                    continue
                seen.add(key)
                try:
                    wrong, ties = judge_layer(current[b], one, A, values[b], kernel.ties, trial.dtype)
                except NotTestedError as error:
                    reasons.append(str(error))
                    if not np.isfinite(values[b]).all():
                        gone.add(b)
                    continue
                judged += 1
                lost += ties
                if wrong is not None:
                    i, exact, decision, tolerance = wrong
                    expected = exact.next_tokens[i]
                    tokens = exact.dynamics.configuration.tokens
                    fault = Fault(
                        "value", c, b, k, i, "", tokens, values[b], decision, expected, tuple(tolerance.tolist())
                    )
                    return Examination(fault, tuple(lost))
            current = stored(after, trial.dtype)
    if reasons and not judged:
        raise NotTestedError(reasons[0])
    return Examination(None, tuple(lost), tuple(reasons))
