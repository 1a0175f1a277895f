"""Tokens known by their Gram matrix (`kernels.exact.gram`), where there are too many for `freeze`: R1 alone.

GramScores move by S ← P S Pᵀ, P with 1 − λ at i and λ times the mean over C_i in row i. That is done with floats, whose
errors are bounded; what they leave open is decided by the exact coefficients, which are few in each row. A token that
follows a leader alone does so for ever (R1 of CERTIFICATE.md §5, for any form) and is not looked at again.

Neighbours: `freeze` takes up to `FEW` tokens, `claims.gram` draws the conclusions.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm

import numpy as np
from sympy import ZZ

from ...kernels.exact.configuration import Configuration
from ...kernels.exact.dynamics import Sets, over_one_denominator, reduced
from ...kernels.exact.gram import Combinations
from ...kernels.exact.step import ConstantStep, HarmonicStep
from .freeze.budget import CALL, OutOfBudgetError, Work
from .freeze.outcome import Frozen, Outcome, Phase, Undecided
from .freeze.prover import follow_itinerary

FEW, LAYERS = 100, 1000
"""Tokens that `freeze` decides, with all of its rules, and layers after which R1 has had its chance."""
EPS = 2.0**-52
LAYER = 20
"""Operations of a layer for each two tokens, by floats."""
GramRow = Mapping[int, int]
"""The numerators of a token's coefficients that are not 0."""


def decide(configuration: Configuration, work: Work) -> Outcome:
    """The itinerary for all layers: `Frozen`, with limits as combinations of the first tokens, or `Undecided`.

    Args:
        configuration: of a Gram matrix.
        work: where operations are counted.
    """
    c, n = configuration, configuration.n
    if not isinstance(c.step, ConstantStep | HarmonicStep):
        return Undecided(c, (), "the limits of steps that are neither constant nor harmonic have no rule")
    if n <= FEW:
        return follow_itinerary(c, work, Combinations(c))
    phases: list[Phase] = []
    try:
        return _decide(c, work, phases)
    except OutOfBudgetError as error:
        return Undecided(c, tuple(phases), str(error))


def _decide(c: Configuration, work: Work, phases: list[Phase]) -> Outcome:
    n = c.n
    work.do(2 * CALL * n * n)
    tokens, D = over_one_denominator(c.tokens)
    N: list[GramRow] = [{p: x for p, x in enumerate(row) if x} for row in tokens]
    if any(min(row.values(), default=0) < 0 or sum(row.values()) > D for row in N):
        return follow_itinerary(c, work, Combinations(c))  # the floats' error is that of convex combinations
    scores = GramScores(over_one_denominator(c.A)[0], N, D)
    found: dict[int, tuple[int, ...]] = {}
    leaders: dict[int, int] = {}
    captured: set[int] = set()
    for k in range(LAYERS):
        found |= scores.follow_sets([i for i in range(n) if i not in captured], N, work)
        sets = tuple(found[i] for i in range(n))
        leaders |= {i: k for i, C in enumerate(sets) if C == (i,) and i not in leaders}
        if phases and phases[-1].sets == sets:
            phases[-1] = Phase(phases[-1].first, phases[-1].layers + 1, sets)
        else:
            phases.append(Phase(k, 1, sets))
        rate = c.step.rate(k)
        if rate < 1:
            captured |= {i for i, C in enumerate(sets) if len(C) == 1 and C[0] in leaders}
        if len(captured) == n:
            return _frozen(c, tuple(phases), leaders, N, D)
        work.do(LAYER * n * n + CALL * sum(map(len, N)))
        L = lcm(*(sum(c.multiplicities[j] for j in C) for C in sets))
        keep, pull = (rate.denominator - rate.numerator) * L, rate.numerator * L
        N, D = [moved(N, i, C, c.multiplicities, keep, pull) for i, C in enumerate(sets)], D * (keep + pull)
        scores.move(sets, c.multiplicities, rate)
    why = f"after {LAYERS} layers some of {n} tokens follow no leader alone, and above {FEW} no other rule is tried"
    return Undecided(c, tuple(phases), why)


def moved(N: Sequence[GramRow], i: int, C: tuple[int, ...], w: Sequence[int], keep: int, pull: int) -> GramRow:
    """keep · row_i + pull · (weighted mean of the rows of C)."""
    if C == (i,):
        return {p: (keep + pull) * x for p, x in N[i].items()}
    row = {p: keep * x for p, x in N[i].items()} if keep else {}
    part = pull // sum(w[j] for j in C)
    for j in C:
        for p, x in N[j].items():
            row[p] = row.get(p, 0) + part * w[j] * x
    return row


class GramScores:
    """⟨z_i, z_l⟩ of all tokens by floats, in units of the largest number of G; none is off by more than `error`.

    Args:
        G: the Gram matrix times a positive number.
        N, D: the coefficients N / D of tokens at layer 0, not negative and of sum 1 at most.
    """

    def __init__(self, G: Sequence[Sequence[int]], N: Sequence[GramRow], D: int) -> None:
        self.G = G
        unit = max(max(map(abs, row)) for row in G) or 1
        self.gram = np.array([[x / unit for x in row] for row in G])
        first = np.array([[row.get(p, 0) / D for p in range(len(G))] for row in N])
        self.floats = first @ self.gram @ first.T
        self.error = 4 * (max(map(len, N)) + 2) * EPS  # zeros add no error

    def follow_sets(self, tokens: Sequence[int], N: Sequence[GramRow], work: Work) -> dict[int, tuple[int, ...]]:
        """C_i of these tokens i; N has the coefficients of all tokens."""
        rows = self.floats[tokens]
        near = rows >= rows.max(axis=1, keepdims=True) - 2 * (self.error + EPS)
        found: dict[int, tuple[int, ...]] = {i: (int(j),) for i, j in zip(tokens, near.argmax(axis=1), strict=True)}
        for at in np.flatnonzero(near.sum(axis=1) > 1).tolist():
            rivals = np.flatnonzero(near[at]).tolist()
            work.do(CALL * sum(len(N[j]) for j in rivals))
            found[tokens[at]] = self._best(N[tokens[at]], rivals, N, work)
        return found

    def _best(self, x: GramRow, rivals: Sequence[int], N: Sequence[GramRow], work: Work) -> tuple[int, ...]:
        """The rivals that score most for x, all ties.

        Of two that are near one another floats tell which scores more by their difference, made as large as x.
        """
        size = sum(map(abs, x.values()))
        image = np.array([v / size for v in x.values()]) @ self.gram[list(x)] if x else None
        best = [rivals[0]]
        for j in rivals[1:]:
            old, new = N[best[0]], N[j]
            apart = {p: new.get(p, 0) - old.get(p, 0) for p in {*new, *old}}
            length = sum(map(abs, apart.values()))
            if image is None or not length:
                best.append(j)
                continue
            sign = sum(v / length * float(image[p]) for p, v in apart.items())
            if abs(sign) <= 2 * (len(x) + len(apart) + 8) * EPS:
                work.do(CALL * len(x) * len(apart))
                sign = sum(v * sum(c * self.G[q][p] for q, c in x.items()) for p, v in apart.items())
            best = [j] if sign > 0 else best if sign < 0 else [*best, j]
        return tuple(best)

    def move(self, sets: Sets, w: Sequence[int], rate: Fraction) -> None:
        """To the next layer.

        Half of it, P times a matrix, makes of entries at most 1 sums of m + 1 of them, m the size of the largest set,
        with weights of sum 1: numbers are rounded, and added, m + 7 times at most, each time by 2^−53 of 1.
        """
        keep, pull = float(1 - rate), float(rate)
        heads = [C[0] for C in sets]
        shared = {i: np.array([w[j] for j in C]) / sum(w[j] for j in C) for i, C in enumerate(sets) if len(C) > 1}
        for _ in range(2):  # S is symmetric, so P S Pᵀ = P (P S)ᵀ
            means = self.floats[heads]
            for i, weights in shared.items():
                means[i] = weights @ self.floats[list(sets[i])]
            self.floats = np.ascontiguousarray((keep * self.floats + pull * means).T)
        self.error += (max(map(len, sets)) + 8) * EPS


def _frozen(
    c: Configuration, phases: tuple[Phase, ...], leaders: dict[int, int], N: Sequence[GramRow], D: int
) -> Frozen:
    """Every token leads or follows a leader alone."""
    sets, last = phases[-1].sets, phases[-1].first + phases[-1].layers - 1
    zero = Fraction(0)
    places = {}
    for i in leaders:
        place = [zero] * c.d
        for p, x in N[i].items():
            place[p] = Fraction(x, D)
        places[i] = tuple(place)
    return Frozen(
        configuration=c,
        phases=phases,
        layer=last,
        rules=tuple("leader" if C == (i,) else "R1" for i, C in enumerate(sets)),
        state=reduced(last, [[ZZ(row.get(p, 0)) for p in range(c.d)] for row in N], ZZ(D)),
        limits=tuple(places[C[0]] for C in sets),
        weights=tuple({C[0]: Fraction(1)} for C in sets),
        leaders=leaders,
    )
