"""Checks of batches: any size, no token set changes another one's result, nothing is left over from an earlier call.

Neighbours: `arrays` looks at memory within one call, `nans` at values that are no numbers.
"""

import random
from collections.abc import Iterator

import numpy as np

from ..cases import FORMS, NONSYMMETRIC, TIES, Case, random_lattice
from ..check import Check, Finding, Subject, judged
from ..snippet import loading
from ..trial import Call, Trial, call, raw_step


def _sets(rng: random.Random, B: int, n: int, d: int, size: int = 4) -> list[list[list[int]]]:
    return [[[rng.randint(-size, size) for _ in range(d)] for _ in range(n)] for _ in range(B)]


def _batch(subject: Subject, sets: list[list[list[int]]]) -> Call:
    A = [[int(i == j) * (i + 1) for j in range(len(sets[0][0]))] for i in range(len(sets[0][0]))]
    return call(*sets, A=A if subject.kernel.supports_A else None)


def _sizes(subject: Subject) -> Iterator[Trial]:
    rng = subject.random("batch.sizes")
    for dtype in subject.kernel.dtypes:
        for B in (2, 3, 4, 7, 16, 33, 65):
            yield Trial((_batch(subject, _sets(rng, B, rng.randint(2, 6), rng.randint(1, 3))),), dtype)


def _crosstalk(subject: Subject) -> Iterator[Trial]:
    """Neighbours that would win every score, and rows that tie with the neighbour's."""
    rng = subject.random("batch.crosstalk")
    for dtype in subject.kernel.dtypes:
        for case in TIES[:6]:
            rows = [list(map(int, row)) for row in case.tokens]
            huge = [[1000 * v for v in row] for row in rows[::-1]]
            for sets in ([rows, huge], [huge, rows], [rows, rows], [huge, rows, huge]):
                yield Trial((call(*sets),), dtype)
        yield Trial((call(*_sets(rng, 5, 4, 2), *_sets(rng, 5, 4, 2, 500)),), dtype)


def _workspace(subject: Subject) -> Iterator[Trial]:
    """A large call, then smaller ones with fewer sets, tokens and coordinates, then another A and α."""
    rng = subject.random("batch.workspace")
    for dtype in subject.kernel.dtypes:
        large = call(*_sets(rng, 6, 9, 4, 60))
        fewer = call(*_sets(rng, 2, 9, 4, 3))
        small = call(*_sets(rng, 1, 4, 2, 3))
        calls = [large, fewer, small, call(*_sets(rng, 2, 4, 2, 3), alpha=3), large]
        if subject.kernel.supports_A:
            calls += [case.call() for case in (*FORMS[:3], *NONSYMMETRIC[:2])]
        yield Trial(tuple(calls), dtype, linked=True)
        again = random_lattice(rng, most_tokens=6, most_dimensions=3)
        other = Case("the same shape", [[v + i for v in row] for i, row in enumerate(again.tokens)])
        yield Trial((again.call(), other.call(), again.call()), dtype, linked=True)


def _empty(subject: Subject) -> Finding:
    kernel = subject.kernel
    dtype = kernel.dtypes[0]
    problem = ""
    try:
        tokens, A = np.zeros((0, 3, 2), dtype=dtype), np.eye(2, dtype=dtype)
        found = raw_step(kernel, kernel.arrays_for(tokens, dtype), kernel.arrays_for(A, dtype), 1.0)
        if tuple(found.shape) != (0, 3, 2):
            problem = f"returned shape {tuple(found.shape)} for a batch of shape (0, 3, 2)"
    except (Exception, SystemExit) as error:
        problem = " ".join(f"raised {type(error).__name__}: {error}".split())
    if not problem:
        return Finding("pass", "a batch of shape (0, 3, 2) gives one of the same shape")
    lines = [
        *loading(kernel, subject.spec),
        f'tokens = kernel.arrays_for(np.zeros((0, 3, 2)), "{dtype}")',
        f'found = kernel.step(tokens, kernel.arrays_for(np.eye(2), "{dtype}"), 1.0)',
        "assert tuple(found.shape) == (0, 3, 2), found.shape",
    ]
    return Finding("fail", f"{dtype}: {problem}", snippet="\n".join(lines) + "\n")


CHECKS: tuple[Check, ...] = (
    judged("batch.sizes", "Batches of any size are right row by row", _sizes),
    judged("batch.crosstalk", "No token set of a batch sees another one's tokens", _crosstalk),
    judged("batch.workspace", "Nothing of an earlier call enters a later one", _workspace),
    Check("batch.empty", "An empty batch gives an empty batch", _empty),
)

__all__ = ["CHECKS"]
