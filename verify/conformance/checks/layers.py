"""Checks of one layer's values: within the derived bound, with any A, α, and any number of tokens and coordinates.

Neighbours: `cases` has the tables.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product

from ....kernels.bounds.exact_scores import PRECISION
from ..check import Check, NotApplicableError, Subject, failure, judged
from ..inputs.cases import CHAINS, FORMS, INDEFINITE, NONSYMMETRIC, InputCase, lattice_without_ties, random_points
from ..inputs.trial import NotTestedError, Trial, call
from ..judge import examine
from ..record import CheckFinding
from .ties import each

Trials = Callable[[Subject], Iterator[Trial]]


PLAIN_SHAPES = ((2, 3, 2), (3, 5, 4), (2, 24, 16), (1, 128, 64))
"""(B, n, d) of plain inputs; a kernel that answers to none of them is asked for nothing else."""


def _call(subject: Subject) -> CheckFinding:
    """Only whether next tokens come back, for one of the plain inputs; whether they are right the other checks ask."""
    silent, ruled_out = [], ""
    for dtype in subject.kernel.dtypes:
        faults = []
        for B, n, d in PLAIN_SHAPES:
            rows = [[[(5 * b + 3 * i + 2 * c) % 7 - 3 for c in range(d)] for i in range(n)] for b in range(B)]
            trial = Trial((call(*rows),), dtype)
            try:
                fault = examine(subject.kernel, trial).fault
            except NotTestedError as reason:
                ruled_out = str(reason)
                continue
            if fault is None or fault.kind == "value":
                break
            faults.append((trial, fault))
        else:
            if not faults:
                raise NotTestedError(ruled_out)
            silent.append((dtype, *faults[0]))
    if not silent:
        return CheckFinding("pass", ", ".join(subject.kernel.dtypes))
    (dtype, trial, fault), lost = silent[0], [dtype for dtype, *_ in silent]
    others = tuple([dtype for dtype in subject.kernel.dtypes if dtype not in lost])
    remedy = f"; if it does not compute in {' or '.join(lost)}, declare step.dtypes = {others}" if others else ""
    found = failure(subject, trial, fault)
    return replace(found, message=f"{found.message}; no plain input gives next tokens{remedy}")


def _bound(subject: Subject) -> Iterator[Trial]:
    rng = subject.random("values.bound")
    for dtype in subject.kernel.dtypes:
        for n, d in ((2, 1), (3, 2), (5, 2), (8, 3), (16, 4), (12, 16), (33, 7), (64, 8)):
            yield Trial((random_points(rng, n, d, dtype, alpha=rng.choice((1, Fraction(1, 2), 5))).call(),), dtype)
        far = random_points(rng, 500, 2, dtype)  # sums of all are far larger than each
        yield Trial((replace(far, tokens=[[abs(v) for v in row] for row in far.tokens]).call(),), dtype)


def _chains(subject: Subject) -> Iterator[Trial]:
    yield from each(subject, CHAINS)


def _forms(cases: Sequence[InputCase]) -> Trials:
    def trials(subject: Subject) -> Iterator[Trial]:
        if not subject.kernel.supports_A:
            raise NotApplicableError("the kernel declares supports_A = False")
        yield from each(subject, cases)

    return trials


def _close(subject: Subject) -> Iterator[Trial]:
    """Unit vectors: their scores are the entries of A, which are exact and differ by few units of the last place."""
    if not subject.kernel.supports_A:
        raise NotApplicableError("the kernel declares supports_A = False")
    rng = subject.random("A.close")
    for dtype in subject.kernel.dtypes:
        for d in (2, 3, 4, 6, 9, 17):
            # d entries below 2^(p - bits of d) have a sum of at most p bits
            bits = PRECISION[dtype] - d.bit_length()
            lags = [rng.sample(range(4 * d), d) for _ in range(d)]
            A = [[Fraction((1 << bits) - 1 - lag, 1 << bits) for lag in row] for row in lags]
            units = [[int(a == b) for b in range(d)] for a in range(d)]
            yield Trial((call(units, A=A),), dtype)
        # (1, 1) ties for (3, 1) and (1, 3) under the identity, and one entry a little larger decides
        for d, row in product((2, 3, 5), (0, -1)):
            A = [[Fraction(int(a == b)) for b in range(d)] for a in range(d)]
            A[row][-1] += Fraction(1, 1 << (PRECISION[dtype] - 4))
            tokens = [[x, *[0] * (d - 2), y] for x, y in ((1, 1), (3, 1), (1, 3))]
            yield Trial((call(tokens, A=A),), dtype)


def _alphas(values: Sequence[Fraction]) -> Trials:
    tokens = [(2, 1), (1, 3), (-1, 3), (4, 0), (1, 2)]
    return lambda subject: each(subject, [InputCase(f"alpha = {alpha}", tokens, alpha=alpha) for alpha in values])


def _padding(subject: Subject) -> Iterator[Trial]:
    """Where a row of zeros would be seen: beside a token at the origin, and where every score is negative."""
    for n in range(1, 18):
        yield from each(subject, [InputCase("the origin among others", [(i, (3 * i) % 5) for i in range(n)])])
        if subject.kernel.supports_A:
            tokens = [(1 + i, 1 + i % 3) for i in range(n)]
            yield from each(subject, [InputCase("all scores negative", tokens, [(-1, 0), (0, -2)])])


def _repeated(subject: Subject) -> Iterator[Trial]:
    """Reviews filled up with copies of one padding token: literally tokens like all others."""
    rng = subject.random("padding.rows")
    for words, length in ((3, 8), (5, 16), (9, 32)):
        case = lattice_without_ties(rng, words, 2)
        for pad in ((0, 0), (1, 1), tuple(case.tokens[0])):
            yield from each(subject, [replace(case, tokens=[*case.tokens, *[pad] * (length - words)])])


def _one_token(subject: Subject) -> Iterator[Trial]:
    yield from each(subject, [InputCase("one token", [row]) for row in ((3, -1), (0, 0), (5,), (1, 2, 3, 4))])
    for dtype in subject.kernel.dtypes:
        for B in (2, 3, 70):  # each is alone in its set
            yield Trial((call(*([(b % 5 + 1, -(b % 7))] for b in range(B))),), dtype)
    if subject.kernel.supports_A:
        yield from each(subject, [InputCase("one token", [(3, -1)], [(-1, 2), (0, -1)])])


def _one_dimension(subject: Subject) -> Iterator[Trial]:
    rng = subject.random("shape.one_dimension")
    fixed = [[(1,), (-1,)], [(3,), (1,), (2,)], [(-2,), (-3,), (1,)], [(4,), (-4,), (1,), (-1,)]]
    yield from each(subject, [InputCase("on a line", rows) for rows in fixed])
    yield from each(subject, [lattice_without_ties(rng, n, 1) for n in range(2, 9)])


ALPHAS = [Fraction(p, q) for p, q in product((1, 3, 5, 100), (1, 2, 8))]
DECIMAL_ALPHAS = [Fraction(x) for x in (0.1, 1 / 3, 0.7, 1.1)]
DECIMAL_ALPHAS += [Fraction(digits * 10.0**e) for e in range(-7, 8) for digits in (1 / 3, 1 / 7)]
EXTREME_ALPHAS = [Fraction(2) ** e for e in (-1000, -200, -60, -20, 20, 60, 200, 1000)]

CALL = Check("call.plain", "A call returns next tokens of the shape of the tokens", _call, gate=True)
"""The first check: where it fails the others are not run."""
CHECKS: tuple[Check, ...] = (
    judged("values.bound", "Next tokens lie within the rounding error that every right kernel keeps", _bound),
    judged("values.simultaneous", "All tokens move at once, also those that follow a moving one", _chains),
    judged("alpha.fractions", "Any step alpha moves tokens by alpha/(1 + alpha)", _alphas(ALPHAS)),
    judged("alpha.decimals", "An alpha that float32 cannot hold is not rounded to it", _alphas(DECIMAL_ALPHAS)),
    judged(
        "alpha.extreme", "Very small and very large alpha lose nothing and overflow nowhere", _alphas(EXTREME_ALPHAS)
    ),
    judged("A.symmetric", "Scores use A", _forms(FORMS)),
    judged("A.nonsymmetric", "Scores are z_i^T A z_l, not z_l^T A z_i", _forms(NONSYMMETRIC)),
    judged("A.close", "Entries of A that differ in their last bits decide", _close),
    judged("A.indefinite", "A need not be positive definite", _forms(INDEFINITE)),
    judged("shape.one_token", "One token alone stays where it is", _one_token),
    judged("shape.one_dimension", "Tokens may have one coordinate", _one_dimension),
    judged("padding.zeros", "Rows of zeros that a kernel adds never take part", _padding),
    judged("padding.rows", "Copies of a padding token are tokens like all others", _repeated),
)
