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
from ..check import Check, Subject
from ..failures.snippet import array, loading
from ..inputs.cases import lattice_without_ties
from ..inputs.trial import raw_step, stored
from ..record import CheckFinding

SHAPES = ((3, 3, 2), (1, 4, 2), (5, 4, 3), (70, 3, 2), (3, 20, 1), (2, 9, 6), (2, 70, 3))
"""(B, n, d) of the batches; one value of the set in the middle is spoiled."""


def _tokens(subject: Subject, shape: tuple[int, int, int]) -> NDArray[np.float64]:
    """Integer points without ties: their next tokens have the same bits, whatever else is in the batch."""
    B, n, d = shape
    rng = subject.random(f"nan/{shape}")
    few = [lattice_without_ties(rng, n, d, size=999).tokens for _ in range(min(B, 5))]
    return np.array([few[b % len(few)] for b in range(B)], dtype=np.float64)


Accepts = Callable[[NDArray, NDArray, int, float], tuple[str, str] | None]
"""(result, result without the bad value, token, value) -> what is wrong and what was to hold, or None."""


def _visible(found: NDArray, clean: NDArray, token: int, value: float) -> tuple[str, str] | None:
    b = len(found) // 2
    if np.isnan(value) and np.isfinite(found[b]).all(axis=1).any():
        return "no score has a maximum, yet tokens came out finite", f"not np.isfinite(found[{b}]).all(axis=1).any()"
    if np.isfinite(found[b, token]).all():
        return "the token came out finite", f"not np.isfinite(found[{b}, {token}]).all()"
    return None


def _contained(found: NDArray, clean: NDArray, token: int, value: float) -> tuple[str, str] | None:
    b = len(found) // 2
    if np.array_equal(np.delete(found, b, axis=0), np.delete(clean, b, axis=0)):
        return None
    wanted = f"np.array_equal(np.delete(found, {b}, axis=0), np.delete(clean, {b}, axis=0))"
    return "the other sets of the batch come out different", wanted


def _spoiled(verdict: Accepts, *, may_raise: bool) -> Callable[[Subject], CheckFinding]:
    """The check that puts NaN, ∞ and −∞ into the first, a middle and the last token of the middle set."""

    def run(subject: Subject) -> CheckFinding:
        count = 0
        for dtype in subject.kernel.dtypes:
            for shape in SHAPES:
                tokens = stored(_tokens(subject, shape), dtype)
                for value in (np.nan, np.inf, -np.inf):
                    for token in sorted({0, shape[1] // 2, shape[1] - 1}):
                        wrong = _wrong(subject, tokens, value, token, verdict, dtype, may_raise=may_raise)
                        if wrong is not None:
                            return _fail(subject, tokens, value, token, *wrong)
                        count += 1
        return CheckFinding("pass", f"NaN, inf and -inf in tokens of {len(SHAPES)} shapes, {count} calls")

    return run


def _wrong(
    subject: Subject, tokens: NDArray, value: float, token: int, verdict: Accepts, dtype: str, *, may_raise: bool
) -> tuple[str, str] | None:
    """What is wrong with one spoiled call and what was to hold, or None."""
    kernel = subject.kernel
    A = np.eye(tokens.shape[2])
    results = []
    for name, values in (("clean", tokens), ("found", _with(tokens, token, value))):
        try:
            result = to_numpy(raw_step(kernel, kernel.arrays_for(values, dtype), kernel.arrays_for(A, dtype), 1.0))
        except (Exception, SystemExit) as error:
            return None if may_raise and name == "found" else (f"raised {type(error).__name__}: {error}", "True")
        if result.shape != tokens.shape or result.dtype.kind != "f":
            message = f"returned {result.dtype} values of shape {result.shape} for tokens of shape {tokens.shape}"
            return message, f"({name}.shape, {name}.dtype.kind) == ({tokens.shape}, 'f')"
        results.append(result)
    clean, found = results
    return verdict(found, clean, token, value)


def _with(tokens: NDArray, token: int, value: float) -> NDArray:
    spoiled = tokens.copy()
    spoiled[len(tokens) // 2, token, 0] = value
    return spoiled


def _fail(subject: Subject, tokens: NDArray, value: float, token: int, message: str, wanted: str) -> CheckFinding:
    b = len(tokens) // 2
    lines = [
        *loading(subject.kernel, subject.spec),
        f"tokens = {array(tokens.tolist(), str(tokens.dtype))}",
        "clean = kernel(tokens)",
        f'tokens[{b}, {token}, 0] = float("{value}")',
        "found = kernel(tokens)",
        f"assert {wanted}, found",
    ]
    place = f"{tokens.dtype}: {value} in token {token} of set {b} of a batch of shape {tokens.shape}"
    return CheckFinding("fail", f"{place}: {' '.join(message.split())}", snippet="\n".join(lines) + "\n")


CHECKS: tuple[Check, ...] = (
    Check("nan.visible", "A NaN is never turned into a finite number", _spoiled(_visible, may_raise=True)),
    Check("nan.contained", "A NaN or an infinity stays within its token set", _spoiled(_contained, may_raise=False)),
)
