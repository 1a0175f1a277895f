"""Trials judged: every layer of every call by `kernels.bounds.judge`, up to the first that is wrong.

Each layer is judged by itself: the kernel's own tokens, read as the dyadic rationals they are, are moved by the exact
kernel, and the kernel's next tokens are compared with that. So the first layer that is wrong is found, however long
the run, and no error of an earlier layer is blamed on a later one. In half precision scores of ordinary tokens
overflow: where no bound holds nothing is judged, and `tolerance.unjudged` says why.

Neighbours: `kernels.bounds.judge` decides, `trial` runs kernels, `ties` tells which rows are exact in a dtype.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ...kernels.bounds.exact_scores import exact_scores
from ...kernels.bounds.judge import Decision, ExactLayer, exact_layer, judged, read_exactly
from ...kernels.exact.configuration import Matrix, Vector
from ...kernels.protocol import Kernel, TieRule
from .inputs.trial import HALVES, Call, NoTokensError, NotTestedError, Trial, apply, floats, raised, stored
from .tolerance import unjudged, value_tolerance


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
    if dtype not in HALVES:
        value_tolerance(before, max(map(len, exact.expected)), dtype)  # there is one
    lost: list[bool] = []
    reason = ""
    for found in judged(exact, before, A, after, dtype):
        i = found.token
        known = np.isfinite(found.bound) or exact_scores(tokens, one.A, dtype)[i]
        if why := unjudged(before, i, found.decision.near, one.alpha, after[i], dtype, scores=known):
            reason = why
            continue
        if found.wrong:
            return (i, exact, found.decision, found.tolerance), lost
        lost.append(exact.tied(i))
    if reason:
        raise NotTestedError(reason)
    return None, lost


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
            except NoTokensError as error:
                return Examination(Fault("shape", c, 0, k, 0, str(error), read_exactly(current[0])), tuple(lost))
            except (Exception, SystemExit) as error:
                return Examination(Fault("raised", c, 0, k, 0, raised(error), read_exactly(current[0])), tuple(lost))
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
