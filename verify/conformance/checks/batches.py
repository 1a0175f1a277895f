"""Checks of batches: any size, no token set changes another one's result, nothing is left over from an earlier call.

Neighbours: `arrays` looks at memory within one call, `nans` at values that are no numbers.
"""

import random
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np

from ..check import Check, Subject, judged
from ..failures.snippet import loading
from ..inputs.cases import CHAINS, FORMS, Integers, lattice_without_ties
from ..inputs.trial import Call, Trial, call, raw_step
from ..record import CheckFinding


def _batch(rng: random.Random, B: int, n: int, d: int, A: Integers | None = None, *, size: int = 50) -> Call:
    """B token sets without ties."""
    return call(*(lattice_without_ties(rng, n, d, A, size=size).tokens for _ in range(B)), A=A)


def _diagonal(subject: Subject, d: int) -> list[list[int]] | None:
    return [[(i + 1) * (i == j) for j in range(d)] for i in range(d)] if subject.kernel.supports_A else None


def _sizes(subject: Subject) -> Iterator[Trial]:
    rng = subject.random("batch.sizes")
    for dtype in subject.kernel.dtypes:
        for B in (2, 3, 4, 7, 16, 33, 65):
            d = rng.randint(1, 3)
            yield Trial((_batch(rng, B, rng.randint(2, 6), d, _diagonal(subject, d)),), dtype)


def _crosstalk(subject: Subject) -> Iterator[Trial]:
    """Neighbours whose tokens would win every score, and equal neighbours."""
    rng = subject.random("batch.crosstalk")
    for dtype in subject.kernel.dtypes:
        for case in CHAINS:
            rows = case.tokens
            huge = [[1000 * v for v in row] for row in rows[::-1]]
            for sets in ([rows, huge], [huge, rows], [rows, rows], [huge, rows, huge]):
                yield Trial((call(*sets),), dtype)
        small, large = (lattice_without_ties(rng, 4, 2, size=size) for size in (9, 900))
        yield Trial((call(*[small.tokens, large.tokens] * 3),), dtype)


def _workspace(subject: Subject) -> Iterator[Trial]:
    """A large call, then smaller ones with fewer sets, tokens and coordinates, then another A and α."""
    rng = subject.random("batch.workspace")
    for dtype in subject.kernel.dtypes:
        large, fewer, small = _batch(rng, 6, 9, 4, size=200), _batch(rng, 2, 9, 4, size=9), _batch(rng, 1, 4, 2, size=9)
        calls = [large, fewer, small, replace(_batch(rng, 2, 4, 2, size=9), alpha=Fraction(3)), large]
        if subject.kernel.supports_A:
            calls += [case.call() for case in FORMS]
        yield Trial(tuple(calls), dtype, linked=True)
        again, other = _batch(rng, 1, 6, 3), _batch(rng, 1, 6, 3)
        yield Trial((again, other, again), dtype, linked=True)


EMPTY = ((0, 3, 2), (0, 1, 1), (0, 70, 3), (0, 2, 40))
"""Shapes of batches without a token set; without tokens or coordinates there is no layer (`protocol.checked`)."""


def _empty(subject: Subject) -> CheckFinding:
    kernel = subject.kernel
    for dtype in kernel.dtypes:
        for shape in EMPTY:
            problem = _empty_problem(subject, dtype, shape)
            if problem:
                lines = [
                    *loading(kernel, subject.spec),
                    f'tokens = kernel.arrays_for(np.zeros({shape}), "{dtype}")',
                    f'found = kernel.step(tokens, kernel.arrays_for(np.eye({shape[2]}), "{dtype}"), 1.0)',
                    f"assert tuple(found.shape) == {shape}, found.shape",
                ]
                return CheckFinding("fail", f"{dtype}: {problem}", snippet="\n".join(lines) + "\n")
    return CheckFinding("pass", f"batches of shape {', '.join(map(str, EMPTY))} give batches of the same shape")


def _empty_problem(subject: Subject, dtype: str, shape: tuple[int, int, int]) -> str:
    """What is wrong with the answer to an empty batch, empty if nothing is."""
    kernel = subject.kernel
    tokens, A = np.zeros(shape), np.eye(shape[2])
    try:
        found = raw_step(kernel, kernel.arrays_for(tokens, dtype), kernel.arrays_for(A, dtype), 1.0)
        if tuple(found.shape) != shape:
            return f"returned shape {tuple(found.shape)} for a batch of shape {shape}"
    except (Exception, SystemExit) as error:
        return " ".join(f"raised {type(error).__name__}: {error} for a batch of shape {shape}".split())
    return ""


CHECKS: tuple[Check, ...] = (
    judged("batch.sizes", "Batches of any size are right row by row", _sizes),
    judged("batch.crosstalk", "No token set of a batch sees another one's tokens", _crosstalk),
    judged("batch.workspace", "Nothing of an earlier call enters a later one", _workspace),
    Check("batch.empty", "An empty batch gives an empty batch", _empty),
)
