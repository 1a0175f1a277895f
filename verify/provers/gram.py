"""Tokens known by their Gram matrix (`kernels.exact.gram`): layers of the matrix itself, S ← P S Pᵀ, on integers.

P has in row i the weight 1 − λ at i and λ/|C_i| at the members of C_i, so a layer costs n² products, not n³. The rules
of `freeze` hold for any form (CERTIFICATE.md §14). Here R1 alone is looked for; what needs another rule goes to
`freeze`, where there are not too many tokens for it.

Neighbours: `freeze` does the rest, `claims.gram` draws the conclusions.
"""

from fractions import Fraction
from math import lcm

from sympy import ZZ

from ...kernels.exact.configuration import Configuration
from ...kernels.exact.dynamics import Sets, maximisers, over_one_denominator, reduced
from ...kernels.exact.gram import Combinations
from ...kernels.exact.step import ConstantStep, HarmonicStep
from .freeze.budget import Work
from .freeze.outcome import Frozen, Outcome, Phase, Undecided
from .freeze.prover import follow_itinerary

FEW, LAYERS = 100, 200
"""Tokens up to which `freeze` goes on where R1 does not decide, and layers after which R1 has had its chance."""


def decide(configuration: Configuration, work: Work) -> Outcome:
    """The itinerary for all layers: `Frozen`, with limits as combinations of the first tokens, or `Undecided`.

    Args:
        configuration: of a Gram matrix.
        work: where operations are counted.
    """
    c, n = configuration, configuration.n
    if not isinstance(c.step, ConstantStep | HarmonicStep):
        return Undecided(c, (), "the limits of steps that are neither constant nor harmonic have no rule")
    dynamics = Combinations(c)
    S = [list(map(int, row)) for row in dynamics.scores(dynamics.first)]
    N, D = over_one_denominator(c.tokens)
    leaders: dict[int, int] = {}
    phases: list[Phase] = []
    for k in range(LAYERS):
        work.do(2 * n * n * max(1, k))
        sets = tuple(map(maximisers, S))
        leaders |= {i: k for i, C in enumerate(sets) if C == (i,) and i not in leaders}
        if phases and phases[-1].sets == sets:
            phases[-1] = Phase(phases[-1].first, phases[-1].layers + 1, sets)
        else:
            phases.append(Phase(k, 1, sets))
        rate = c.step.rate(k)
        if rate < 1 and all(len(C) == 1 and C[0] in leaders for C in sets):
            return _frozen(c, tuple(phases), leaders, N, D)
        if n <= FEW and k >= 1:
            break
        L = lcm(*(sum(c.multiplicities[j] for j in C) for C in sets))
        keep, pull = (rate.denominator - rate.numerator) * L, rate.numerator * L
        N, D = mixed(N, sets, c.multiplicities, keep, pull), D * rate.denominator * L
        half = mixed(S, sets, c.multiplicities, keep, pull)
        S = mixed([*map(list, zip(*half, strict=True))], sets, c.multiplicities, keep, pull)
    if n <= FEW:
        return follow_itinerary(c, work, dynamics)
    why = f"after {LAYERS} layers some of {n} tokens follow no leader alone, and above {FEW} no other rule is tried"
    return Undecided(c, tuple(phases), why)


def mixed(rows: list[list[int]], sets: Sets, w: tuple[int, ...], keep: int, pull: int) -> list[list[int]]:
    """keep · row_i + pull · (weighted mean of the rows of C_i): P times the rows, times a common denominator."""
    moved = []
    for i, C in enumerate(sets):
        if C == (i,):
            whole = keep + pull
            moved.append([whole * x for x in rows[i]])
        elif len(C) == 1:
            moved.append([keep * x + pull * y for x, y in zip(rows[i], rows[C[0]], strict=True)])
        else:
            part = pull // sum(w[j] for j in C)
            sums = [sum(column) for column in zip(*([w[j] * x for x in rows[j]] for j in C), strict=True)]
            moved.append([keep * x + part * y for x, y in zip(rows[i], sums, strict=True)])
    return moved


def _frozen(c: Configuration, phases: tuple[Phase, ...], leaders: dict[int, int], N: list[list[int]], D: int) -> Frozen:
    """Every token leads or follows a leader alone."""
    sets, last = phases[-1].sets, phases[-1].first + phases[-1].layers - 1
    state = reduced(last, [[ZZ(x) for x in row] for row in N], ZZ(D))
    places = {i: tuple(Fraction(x, D) if x else Fraction(0) for x in N[i]) for i in leaders}
    return Frozen(
        configuration=c,
        phases=phases,
        layer=last,
        rules=tuple("leader" if C == (i,) else "R1" for i, C in enumerate(sets)),
        state=state,
        limits=tuple(places[C[0]] for C in sets),
        weights=tuple({C[0]: Fraction(1)} for C in sets),
        leaders=leaders,
    )
