"""Whether what float kernels prove is true: everything they state on adversarial configurations, by exact arithmetic.

    python -m tests.kernels.soundness [kernel …] [--count N] [--seed S] [--large N] [--tokens n]     (make soundness)

The truth is computed once for each configuration, in Python's integers by the formula of the layer: every value of the
configuration is an integer over a power of two, and a layer multiplies numerators and denominator by integers. Nothing
of the code under test is used for it. Every kernel is then asked for all it states: follow sets and margins of a layer,
the error of the next tokens, itineraries, `frozen`, limits, final tokens within their error, and what it replays.

Exit status: 0 all is true, 1 a false fact was found (each is printed as a call that shows it), 2 bad usage.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hardmax.kernels import registry
from hardmax.kernels.bounds import certify as certify_module
from hardmax.kernels.bounds.certify import Certified, certify
from hardmax.kernels.bounds.rounding import decision_bound, layer_error, proved
from hardmax.kernels.follow_sets import FollowSets
from hardmax.kernels.protocol import Kernel, to_numpy

from .adversary import Batch, batches, large

DYADIC_HALF = 2.0**-40
"""Room for the rounding of a comparison made in floats first; what is closer is compared in integers."""


# -- the truth ---------------------------------------------------------------------------------------------------------


def dyadic(rows: list[list[float]]) -> tuple[list[list[int]], int]:
    """(N, s) with rows = N / 2^s, N integers."""
    pairs = [[v.as_integer_ratio() for v in row] for row in rows]
    s = max(q.bit_length() - 1 for row in pairs for _, q in row)
    return [[p << (s - q.bit_length() + 1) for p, q in row] for row in pairs], s


def quotient(p: int, q: int) -> float:
    """p / q to the nearest float, infinite beyond the largest."""
    try:
        return p / q
    except OverflowError:
        return np.inf if p > 0 else -np.inf


@dataclass(slots=True)
class Truth:
    """The exact dynamics of one configuration: sets of layers 0 … K−1, tokens of layers 1 and K, gaps of layer 0."""

    sets: list[tuple[tuple[int, ...], ...]]
    frozen: int
    scores: list[list[int]]  # of layer 0, times 2^unit
    unit: int
    tokens: dict[int, tuple[list[list[int]], int]]  # k → numerators, denominator
    floats: dict[int, NDArray[np.float64]]  # k → the same to the nearest float

    @classmethod
    def of(cls, batch: Batch, b: int) -> "Truth":
        """Configuration b of the batch."""
        N, s = dyadic(batch.tokens[b].tolist())
        initial = [tuple(row) for row in N]
        M, t = (None, 0) if batch.A is None else dyadic(batch.A.tolist())
        p, q = batch.alpha.as_integer_ratio()
        D, d, frozen = 1 << s, len(N[0]), -1
        every, zeroth, tokens = [], [], {}
        for k in range(batch.layers):
            rows = N if M is None else [[sum(z[a] * M[a][c] for a in range(d)) for c in range(d)] for z in N]
            scores = [[sum(x * y for x, y in zip(row, z, strict=True)) for z in N] for row in rows]
            tops = [max(row) for row in scores]
            sets = tuple(tuple(j for j, v in enumerate(row) if v == top) for row, top in zip(scores, tops, strict=True))
            every.append(sets)
            if k == 0:
                zeroth = scores
            one = [all(initial[j] == initial[C[0]] for j in C) for C in sets]
            leads = [one[i] and i in C for i, C in enumerate(sets)]
            if frozen < 0 and all(one[i] and leads[C[0]] for i, C in enumerate(sets)):
                frozen = k
            # λ = p/(p+q): z ← (q z + p mean)/(p + q), over the common denominator of all means.
            L = int(np.lcm.reduce([len(C) for C in sets]))
            N = [
                [q * L * x + p * (L // len(C)) * sum(N[j][c] for j in C) for c, x in enumerate(N[i])]
                for i, C in enumerate(sets)
            ]
            D *= (p + q) * L
            if k in (0, batch.layers - 1):
                tokens[k + 1] = (N, D)
        floats = {k: np.array([[quotient(x, D) for x in row] for row in N]) for k, (N, D) in tokens.items()}
        return cls(every, frozen, zeroth, 2 * s + t, tokens, floats)

    def beyond(self, k: int, values: NDArray, error: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Where `values` (n, d) of layer k are farther from the exact ones than `error` (d,); infinity is no bound."""
        near, values = self.floats[k], values.astype(np.float64)
        error = np.broadcast_to(error, near.shape)
        with np.errstate(all="ignore"):
            sure = np.abs(values - near) * (1 + DYADIC_HALF) + 2 * np.spacing(np.abs(near)) <= error
        wrong = ~(sure | np.isposinf(error))
        N, D = self.tokens[k]
        for i, c in np.argwhere(wrong).tolist():
            value, limit = float(values[i, c]), float(error[i, c])
            if np.isfinite(value) and np.isfinite(limit):
                (p, q), (e, f) = value.as_integer_ratio(), limit.as_integer_ratio()
                wrong[i, c] = abs(p * D - N[i][c] * q) * f > e * q * D
        return wrong


# -- what is stated ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Report:
    """Counts of one kernel, and its false facts as calls that show them."""

    configurations: int = 0
    facts: Counter = field(default_factory=Counter)
    false: Counter = field(default_factory=Counter)
    shown: list[str] = field(default_factory=list)
    wrong: set = field(default_factory=set)

    def state(self, what: str, holds: bool, where: Callable[[], str], number: int = 1) -> None:
        """Count facts; remember the call `where` if they do not hold."""
        self.facts[what] += number
        if not holds:
            self.false[what] += 1
            self.wrong.add(where())
            if self.false[what] <= 3:
                self.shown.append(f"{what}: {where()}")


def call_of(kernel: Kernel, batch: Batch, b: int) -> str:
    """The call that shows what a kernel states of configuration b."""
    form = None if batch.A is None else f"np.array({batch.A.tolist()}, np.{batch.A.dtype})"
    tokens = f"np.array({[batch.tokens[b].tolist()]}, np.{batch.tokens.dtype})"
    if batch.tokens[b].size > 64:
        tokens = f"tokens of {batch.kind}"
    return f"certify(load({kernel.name!r}), {tokens}, {form}, {batch.alpha!r}, {batch.layers})  # {batch.kind}"


@contextmanager
def replays_shared() -> Iterator[dict]:
    """Replays of the exact kernel, which depend on the configuration alone, are made once for all float kernels."""
    real, memo = certify_module._replay, {}

    def replay(result, b, A, alpha):
        key = result.initial[b].tobytes()
        if key not in memo:
            sets = real(result, b, A, alpha)
            memo[key] = (sets, result.first[:, b].copy(), result.frozen[b], result.tokens[b].copy(), result.error[b])
        sets, result.first[:, b], result.frozen[b], result.tokens[b], result.error[b] = memo[key]
        return sets

    certify_module._replay = replay
    try:
        yield memo
    finally:
        certify_module._replay = real


def compare(kernel: Kernel, batch: Batch, truths: list[Truth], report: Report) -> None:
    """Everything that `kernel` states about a batch, against the truth."""
    report.configurations += len(truths)
    result = certify(kernel, batch.tokens, batch.A, batch.alpha, batch.layers)
    limit = result.limit
    for b, truth in enumerate(truths):
        where = partial(call_of, kernel, batch, b)
        route = "replayed" if b in result.replayed else "proved"
        report.state(f"{route} sets", result.itinerary(b) == tuple(truth.sets), where)
        report.state(f"{route} frozen", int(result.frozen[b]) == truth.frozen, where)
        last = truth.sets[truth.frozen]
        expected = [C[0] for C in last] if truth.frozen >= 0 else [-1] * len(last)
        report.state(f"{route} limits", limit[b].tolist() == expected, where)
        stored = batch.layers if truth.frozen < 0 else truth.frozen + 1
        firsts = [[C[0] for C in sets] for sets in truth.sets[:stored]]
        report.state(f"{route} first", result.first[:stored, b].tolist() == firsts, where)
        wrong = truth.beyond(batch.layers, result.tokens[b], result.error[b])
        report.state(f"{route} tokens", not wrong.any(), where)
    if kernel.name == "compiled":
        compare_run(kernel, batch, truths, result, report)
    if kernel.layer is not None:
        compare_layer(kernel, batch, truths, report)


def compare_run(kernel: Kernel, batch: Batch, truths: list[Truth], result: Certified, report: Report) -> None:
    """`run` takes the decisions that are proved, so its tokens are within the same error."""
    from hardmax.kernels.floats.compiled_kernel import run

    moved = run(batch.tokens, batch.A, batch.alpha, batch.layers)
    for b, truth in enumerate(truths):
        if b not in result.replayed:
            wrong = truth.beyond(batch.layers, moved[b], result.error[b])
            report.state("run", not wrong.any(), partial(call_of, kernel, batch, b))


def one_layer(kernel: Kernel, batch: Batch) -> tuple[NDArray, FollowSets]:
    """Next tokens and follow sets of layer 0."""
    dtype = str(batch.tokens.dtype)
    form = np.eye(batch.tokens.shape[2], dtype=dtype) if batch.A is None else batch.A
    assert kernel.layer is not None
    with np.errstate(all="ignore"):
        moved, sets = kernel.layer(kernel.arrays_for(batch.tokens, dtype), kernel.arrays_for(form, dtype), batch.alpha)
    return to_numpy(moved), sets


def compare_layer(kernel: Kernel, batch: Batch, truths: list[Truth], report: Report) -> None:
    """Sets proved by their margins, margins within the bound, next tokens within the error where the sets are right."""
    moved, sets = one_layer(kernel, batch)
    bound = decision_bound(batch.tokens, batch.A)
    certain = proved(sets, bound, batch.tokens)
    error = layer_error(batch.tokens, sets.count, batch.alpha)
    # What is computed beside C_i may be a lower bound on the margin where keys are left out.
    one_sided = kernel.name == "large"
    for b, truth in enumerate(truths):
        where, found = partial(call_of, kernel, batch, b), sets.sets(b)
        wrong = truth.beyond(1, moved[b], error[b]).any(axis=1)
        for i, (C, row) in enumerate(zip(found, truth.scores, strict=True)):
            exact = truth.sets[0][i]
            if certain[b, i]:
                report.state("layer sets", exact == C, where)
            if np.isfinite(bound[b, i]) and np.isfinite(sets.margin[b, i]):
                best = max(row[j] for j in C)
                rest = max(v for j, v in enumerate(row) if j not in C)
                margin = quotient(best - rest, 1 << truth.unit)
                room = bound[b, i] + 8 * np.finfo(batch.tokens.dtype).eps * abs(margin)
                off = float(sets.margin[b, i]) - margin
                report.state("layer margin", (off if one_sided else abs(off)) <= room, where)
            if exact == C and np.isfinite(bound[b, i]):  # else what stands for scores that overflow may be anything
                report.state("layer tokens", not wrong[i], where)


# -- large sets -------------------------------------------------------------------------------------------------------


def compare_large(kernel: Kernel, batch: Batch, rng: np.random.Generator, report: Report) -> None:
    """Facts of a layer about the tokens that come nearest to the bound, and about a few more, of one large set."""
    report.configurations += 1
    where, tokens = call_of(kernel, batch, 0), batch.tokens[0]
    n, d = tokens.shape
    columns, s = dyadic(tokens.T.tolist())
    keys = [np.array(column, dtype=object) for column in columns]
    M, _ = (None, 0) if batch.A is None else dyadic(batch.A.tolist())
    p, q = batch.alpha.as_integer_ratio()

    def follow_set(i: int) -> tuple[int, ...]:
        z = [int(column[i]) for column in keys]
        query = z if M is None else [sum(z[a] * M[a][c] for a in range(d)) for c in range(d)]
        scores = sum(x * column for x, column in zip(query, keys, strict=True))
        return tuple(np.flatnonzero(scores == scores.max()).tolist())

    def fact(what: str, i: int, holds: bool) -> None:
        report.state(f"large {what}", holds, lambda: f"{where} token {i}")

    moved, sets = one_layer(kernel, batch)
    bound = decision_bound(batch.tokens, batch.A)
    certain, error = proved(sets, bound, batch.tokens)[0], layer_error(batch.tokens, sets.count, batch.alpha)[0]
    proof = None if kernel.prove is None else kernel.prove(batch.tokens, _form(batch), batch.alpha, 1)
    whole = proof is not None and proof.unproved[0] == 0
    with np.errstate(all="ignore"):
        ratio = np.where(certain, sets.margin[0] / bound[0], np.inf)
    rows = np.unique(np.r_[np.argsort(ratio, kind="stable")[:6], rng.integers(0, n, 6)])
    for i in rows.tolist():
        low, high = np.searchsorted(sets.tied[:, 1], [i, i + 1])
        computed = tuple(sets.tied[low:high, 2].tolist()) or (int(sets.first[0, i]),)
        exact = follow_set(i)
        if certain[i]:
            fact("sets", i, computed == exact)
        total = [sum(int(column[j]) for j in exact) for column in keys]
        N = [[q * len(exact) * int(column[i]) + p * total[c] for c, column in enumerate(keys)]]
        D = ((p + q) * len(exact)) << s
        truth = Truth([], -1, [], 0, {1: (N, D)}, {1: np.array([[quotient(x, D) for x in N[0]]])})
        if computed == exact and np.isfinite(bound[0, i]):
            fact("tokens", i, not truth.beyond(1, moved[0, i : i + 1], error).any())
        if whole:
            fact("proved first", i, proof.first[0, 0, i] == exact[0])
            fact("proved one token", i, all((tokens[j] == tokens[exact[0]]).all() for j in exact))
            fact("proved tokens", i, not truth.beyond(1, proof.tokens[0, i : i + 1], proof.error[0]).any())
            if proof.frozen[0] == 0:
                fact("frozen", i, exact[0] in follow_set(exact[0]))


def _form(batch: Batch) -> NDArray:
    return np.eye(batch.tokens.shape[2], dtype=batch.tokens.dtype) if batch.A is None else batch.A


# -- campaigns ---------------------------------------------------------------------------------------------------------


def campaign(
    kernels: list[Kernel], count: int, seed: int, *, size: int = 64, progress: float = np.inf
) -> dict[str, Report]:
    """`count` small configurations, each given to every kernel that declares its dtype.

    Args:
        kernels: kernels that state facts.
        count: how many configurations.
        seed: of `numpy.random.default_rng`; the same one makes the same configurations.
        size: configurations in one batch; they share A and α.
        progress: print a line every so many seconds.
    """
    reports = {kernel.name: Report() for kernel in kernels}
    done, start = 0, time.monotonic()
    last = start
    for batch in batches(np.random.default_rng(seed), size):
        if done >= count:
            break
        batch = batch._replace(tokens=batch.tokens[: count - done])
        truths = [Truth.of(batch, b) for b in range(len(batch.tokens))]
        with replays_shared():
            for kernel in kernels:
                if str(batch.tokens.dtype) in kernel.dtypes:
                    compare(kernel, batch, truths, reports[kernel.name])
        done += len(truths)
        if time.monotonic() - last > progress:
            last = time.monotonic()
            wrong = {name: len(report.wrong) for name, report in reports.items()}
            print(f"{done} configurations, {done / (last - start):.0f} a second, with false facts: {wrong}", flush=True)
    return reports


def large_campaign(kernels: list[Kernel], count: int, seed: int, n: int, progress: float = np.inf) -> dict[str, Report]:
    """`count` sets of n to 10 n tokens, most near n, sampled tokens of each; see `campaign`."""
    reports = {kernel.name: Report() for kernel in kernels}
    last = time.monotonic()
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        batch = large(rng, int(n * 10 ** (rng.random() ** 6)), ("float64", "float32")[index % 2])
        batch = batch._replace(kind=f"set {index} of seed {seed}, {batch.kind}")
        for kernel in kernels:
            compare_large(kernel, batch, np.random.default_rng(index), reports[kernel.name])
        if time.monotonic() - last > progress:
            last = time.monotonic()
            print(f"{index + 1} large sets", {name: len(r.wrong) for name, r in reports.items()}, flush=True)
    return reports


def proving(names: list[str]) -> list[Kernel]:
    """The kernels of these names, or all shipped ones that state facts and can run here."""
    found = [registry.load(name) for name in names or registry.SHIPPED]
    return [kernel for kernel in found if names or not kernel.missing]


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.kernels.soundness", description=__doc__.splitlines()[0])
    parser.add_argument("kernels", nargs="*", help="names, import strings or files; all that can run here if none")
    parser.add_argument("--count", type=int, default=100_000, help="small configurations for each kernel")
    parser.add_argument("--large", type=int, default=20, help="large sets for each kernel")
    parser.add_argument("--tokens", type=int, default=10_000, help="tokens of a large set, at least")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    kernels = proving(options.kernels)
    print(f"seed {options.seed}: {', '.join(kernel.name for kernel in kernels)}", flush=True)
    several = [
        campaign(kernels, options.count, options.seed, progress=60),
        large_campaign(kernels, options.large, options.seed, options.tokens, progress=60),
    ]
    status = 0
    for name in several[0]:
        for title, reports in zip(("small", "large"), several, strict=True):
            report = reports[name]
            print(f"{name}: {report.configurations} {title} configurations, {len(report.wrong)} with false facts")
            for what, number in sorted(report.facts.items()):
                print(f"    {what}: {number} facts, {report.false[what]} false")
            for line in report.shown:
                print(f"    {line}")
            status |= bool(report.wrong)
    return status


if __name__ == "__main__":
    sys.exit(main())
