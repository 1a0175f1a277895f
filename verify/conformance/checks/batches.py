"""Checks of batches: any size, no token set changes another one's result, nothing is left over from an earlier call.

Neighbours: `arrays` looks at memory within one call, `nans` at values that are no numbers.
"""

import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ....kernels.protocol import Kernel, normalised
from ..check import Check, Subject, failure, judged
from ..failures.snippet import assignments, expectation, loading
from ..inputs.cases import CHAINS, FORMS, Integers, lattice_without_ties
from ..inputs.lattices import CERTAIN, Lattice, LatticeKind, lattice
from ..inputs.trial import HALVES, Call, NoTokensError, NotTestedError, Trial, call, next_tokens, raised, raw_step
from ..judge import exact_layer, examine, judge_layer
from ..record import CheckFinding
from ..tolerance import tolerance_of
from .sizes import screened


def _batch(rng: random.Random, B: int, n: int, d: int, A: Integers | None = None, *, size: int = 50) -> Call:
    """B token sets without ties."""
    return call(*(lattice_without_ties(rng, n, d, A, size=size).tokens for _ in range(B)), A=A)


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


def _one_thing(subject: Subject) -> Iterator[tuple[list[Lattice], str]]:
    """Calls that differ in one thing from the call before: one number, the order, A, α; and stale tails.

    Whatever a kernel keeps of a call, under whatever key, it must not meet again in another one.
    """
    rng = subject.random("batch.memory")
    for dtype in subject.kernel.dtypes:
        for B, n, d in ((1, 4, 2), (2, 9, 3), (3, 33, 2), (70, 3, 2)):
            one = lattice(rng, n, d, dtype, B=B, alpha=Fraction(1))
            calls = [one]
            for place in ((0, 0, 0), (-1, -1, -1), (-1, 0, -1)):
                sets = one.sets.copy()
                sets[place] += 40
                calls += [replace(one, sets=sets), one]
            calls += [replace(one, sets=sets) for sets in (one.sets[:, ::-1], -one.sets, one.sets[:, :, ::-1])]
            calls += [one, replace(one, alpha=Fraction(3)), replace(one, alpha=Fraction(0.1)), one]
            if subject.kernel.supports_A:
                for place in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
                    A = one.A.copy()
                    A[place] -= 3
                    calls += [replace(one, A=A), one]
                calls += [replace(one, A=A) for A in (calls[-2].A, calls[-4].A.T, -one.A, 2 * one.A, one.A)]
            yield calls, dtype
        sunk: LatticeKind = "sunk" if subject.kernel.supports_A else "plain"
        for large, *small in (
            [(1, 200, 3), (1, 199, 3), (1, 129, 3), (1, 65, 3), (1, 33, 3), (1, 7, 3), (1, 2, 3)],
            [(1, 20, 130), (1, 20, 65), (1, 20, 33), (1, 20, 17), (1, 20, 5), (1, 20, 2)],
            [(300, 3, 2), (257, 3, 2), (70, 3, 2), (33, 3, 2), (5, 3, 2), (1, 3, 2)],
            [(9, 40, 9), (7, 30, 7), (3, 11, 5), (1, 5, 3), (2, 2, 2)],
        ):
            B, n, d = large
            first = lattice(rng, n, d, dtype, B=B, exponent=4)
            rest = [lattice(rng, n, d, dtype, B=B, variant=sunk) for B, n, d in small]
            yield [first, *rest, first], dtype


def _refilled(subject: Subject) -> CheckFinding:
    """The same array objects with other values: tokens, A, or both, all of them or one number, and back again."""
    kernel, rng, count = subject.kernel, subject.random("batch.refilled"), 0
    for dtype in subject.kernel.dtypes:
        for B, n, d in ((1, 4, 2), (3, 9, 3), (70, 3, 2), (1, 40, 2)):
            one = lattice(rng, n, d, dtype, B=B)
            last = one.sets.copy()
            last[-1, -1, -1] += 40
            others = [replace(one, sets=lattice(rng, n, d, dtype, B=B).sets), replace(one, sets=last)]
            if kernel.supports_A:
                A = one.A.copy()
                A[-1, -1] -= 3
                others += [
                    replace(one, A=A),
                    replace(one, A=-one.A.T),
                    lattice(rng, n, d, dtype, B=B, shape="dense"),
                ]
            for other in others:
                wrong = _after_refill(kernel, one, other, dtype)
                if wrong is not None:
                    fresh = Trial((wrong[1].call(),), dtype)
                    with suppress(NotTestedError):
                        fault = examine(kernel, fresh).fault
                        if fault is not None:  # wrong in arrays of its own as well: what it kept is not to blame
                            return failure(subject, fresh, fault)
                    return _refill_failure(subject, one, other, dtype, *wrong)
                count += 1
    return CheckFinding("pass", f"{count} pairs of calls")


def _after_refill(kernel: Kernel, one: Lattice, other: Lattice, dtype: str) -> tuple[str, Lattice, int, int] | None:
    """What is wrong when `one`, `other` and `one` are put into the same arrays: with which, in which set and token."""
    tokens, A = (kernel.arrays_for(values, dtype) for values in (one.batch(dtype), one.A))
    try:
        raw_step(kernel, tokens, A, one.alpha)
        for now in (other, one):
            tokens[...] = kernel.arrays_for(now.batch(dtype), dtype)
            A[...] = kernel.arrays_for(now.A, dtype)
            after = next_tokens(raw_step(kernel, tokens, A, now.alpha), now.shape)
            after = normalised(kernel, after, float(now.alpha))
            off = now.excess(after, dtype, kernel.ties) if dtype not in HALVES else _judged(kernel, now, after, dtype)
            if off.max() > CERTAIN:
                b, i = np.argwhere(off > CERTAIN)[0]
                return f"token {i} of set {b} is not that of the values that the arrays hold now", now, int(b), int(i)
    except NoTokensError as error:
        return str(error), other, 0, 0
    except (Exception, SystemExit) as error:
        return raised(error), other, 0, 0
    return None


def _judged(kernel: Kernel, now: Lattice, after: NDArray, dtype: str) -> NDArray[np.float64]:
    """(B, n) infinite where the judge calls a next token wrong, else 0."""
    one, before, A = now.call(), now.batch(dtype), now.A.astype(np.float64)
    off = np.zeros(after.shape[:2])
    for b in range(now.B):
        with suppress(NotTestedError):
            wrong, _ = judge_layer(before[b], one, A, after[b].astype(np.float64), kernel.ties, dtype)
            if wrong is not None:
                off[b, wrong[0]] = np.inf
    return off


def _refill_failure(
    subject: Subject, one: Lattice, other: Lattice, dtype: str, message: str, now: Lattice, b: int, i: int
) -> CheckFinding:
    before, after = (x.call() for x in ((one, other) if now is other else (other, one)))
    exact = exact_layer(after.tokens[b], after.A, after.alpha, subject.kernel.ties)
    allowed = tolerance_of(now.batch(dtype)[b], i, exact.expected[i], now.alpha, dtype).tolist()
    fill = f'tokens, A = (kernel.arrays_for(values, "{dtype}") for values in (tokens, A))'
    lines = [
        *loading(subject.kernel, subject.spec, "from hardmax.kernels.protocol import to_numpy"),
        *assignments(before, dtype),
        fill,
        "held, form = tokens, A",
        "kernel.step(held, form, alpha)",
        *assignments(after, dtype),
        fill,
        "held[...], form[...] = tokens, A",
        "found = to_numpy(kernel.step(held, form, alpha))",
        *expectation(f"found[{b}, {i}]", exact.next_tokens[i], allowed),
    ]
    B, n, d = one.shape
    place = f"{dtype}, n = {n}, d = {d}, a batch of {B}, the same arrays filled anew"
    return CheckFinding("fail", f"{place}: {message}", snippet="\n".join(lines) + "\n")


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
        next_tokens(raw_step(kernel, kernel.arrays_for(tokens, dtype), kernel.arrays_for(A, dtype), 1.0), shape)
    except NoTokensError as error:
        return str(error)
    except (Exception, SystemExit) as error:
        return f"{raised(error)} for a batch of shape {shape}"
    return ""


CHECKS: tuple[Check, ...] = (
    judged("batch.crosstalk", "No token set of a batch sees another one's tokens", _crosstalk),
    judged("batch.workspace", "Nothing of an earlier call enters a later one", _workspace),
    screened("batch.memory", "A call that differs from an earlier one in one thing is a new call", _one_thing),
    Check("batch.refilled", "Arrays that are filled anew are read anew", _refilled),
    Check("batch.empty", "An empty batch gives an empty batch", _empty),
)
