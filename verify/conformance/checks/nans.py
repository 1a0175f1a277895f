"""Checks of values that are no numbers: a NaN is seen, and it stays within its own token set.

The policy is that of the kernels of this project: with a NaN among its tokens no row of scores of a token set has a
maximum, so no token of the set may come out finite, and a token that holds an infinity may not either. The other sets
of the batch are not touched. A kernel that raises an error instead hides nothing, but gives no result for the others.

Neighbours: `batches` has the same question for finite values.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ....kernels.protocol import to_numpy
from ..check import Check, Finding, Subject
from ..snippet import array, loading
from ..trial import raw_step

SETS = [[[2.0, 1.0], [1.0, 2.0], [1.0, 1.0]]] * 3
"""Three token sets; one value of the middle one is spoiled."""

Verdict = Callable[[NDArray, NDArray, int, float], tuple[str, str] | None]
"""(result, result without the bad value, token, value) -> what is wrong and what was to hold, or None."""


def _visible(found: NDArray, clean: NDArray, token: int, value: float) -> tuple[str, str] | None:
    if np.isnan(value) and np.isfinite(found[1]).all(axis=1).any():
        return "no score has a maximum, yet tokens came out finite", "not np.isfinite(found[1]).all(axis=1).any()"
    if np.isfinite(found[1, token]).all():
        return "the token came out finite", f"not np.isfinite(found[1, {token}]).all()"
    return None


def _contained(found: NDArray, clean: NDArray, token: int, value: float) -> tuple[str, str] | None:
    # integers and halves: the same bits, whatever else is in the batch
    if np.array_equal(found[[0, 2]], clean[[0, 2]]):
        return None
    return "the other sets of the batch come out different", "np.array_equal(found[[0, 2]], clean[[0, 2]])"


def _spoiled(verdict: Verdict, *, may_raise: bool) -> Callable[[Subject], Finding]:
    """The check that puts NaN, ∞ and −∞ into each token of the middle set."""

    def run(subject: Subject) -> Finding:
        kernel = subject.kernel
        for dtype in kernel.dtypes:
            tokens = np.array(SETS, dtype=dtype)
            for value in (np.nan, np.inf, -np.inf):
                for token in range(3):
                    spoiled = tokens.copy()
                    spoiled[1, token, 0] = value
                    A = np.eye(2, dtype=dtype)
                    try:
                        clean, found = (
                            to_numpy(raw_step(kernel, kernel.arrays_for(z, dtype), kernel.arrays_for(A, dtype), 1.0))
                            for z in (tokens, spoiled)
                        )
                    except (Exception, SystemExit) as error:
                        wrong = None if may_raise else (f"raised {type(error).__name__}: {error}", "True")
                    else:
                        wrong = verdict(found, clean, token, value)
                    if wrong is not None:
                        return _fail(subject, dtype, value, token, *wrong)
        return Finding("pass", "NaN, inf and -inf in each of three tokens")

    return run


def _fail(subject: Subject, dtype: str, value: float, token: int, message: str, wanted: str) -> Finding:
    lines = [
        *loading(subject.kernel, subject.spec),
        f"tokens = {array(SETS, dtype)}",
        "clean = kernel(tokens)",
        f'tokens[1, {token}, 0] = float("{value}")',
        "found = kernel(tokens)",
        f"assert {wanted}, found",
    ]
    message = f"{dtype}: {value} in token {token} of the middle one of three sets: {' '.join(message.split())}"
    return Finding("fail", message, snippet="\n".join(lines) + "\n")


CHECKS: tuple[Check, ...] = (
    Check("nan.visible", "A NaN is never turned into a finite number", _spoiled(_visible, may_raise=True)),
    Check("nan.contained", "A NaN or an infinity stays within its token set", _spoiled(_contained, may_raise=False)),
)

__all__ = ["CHECKS"]
