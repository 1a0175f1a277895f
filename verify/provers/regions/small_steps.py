"""All α in (0, a) at once, where cells accumulate: who leads, by enclosures (MANY_INPUTS.md §2).

The first layers are followed exactly; the rest is proposed, and enclosed by the checker's own rules.

Neighbours: `steps` asks where its intervals get too many; `checker/small_steps` encloses.
"""

from fractions import Fraction

from flint import fmpq

from ....kernels.exact.configuration import Configuration, with_changes
from ...certificates.all_steps import SmallSteps, all_steps_certificate
from ...certificates.self_check import answer_to
from ..freeze.outcome import Frozen
from ..freeze.prover import decide
from .cells import Cell, SpecialSampleError
from .follow import Follower, Meter
from .roots import Root

FIRST_LAYERS, FINENESS = 6, (256, 1024, 4096)
"""Layers in which first ties may break, and how finely time is divided."""


def small_steps(configuration: Configuration, a: Fraction, meter: Meter) -> SmallSteps | None:
    """Who leads for every α in (0, a), None if it is not shown.

    Args:
        configuration: as in `steps.all_steps`.
        a: at most 1/4.
        meter: counts the work of the first layers.
    """
    end = Root.rational(fmpq(a.numerator, a.denominator))
    cell = Cell(Root.rational(fmpq(0)), end, end.low / 2)
    follower = Follower(configuration, cell, meter)
    try:
        found = follower.start(FIRST_LAYERS)
    except SpecialSampleError:
        return None
    if found is None or cell.high is not end or cell.low.high != 0:
        return None
    phases, rules = found
    outcome = decide(with_changes(configuration, alpha=a / 3))
    if not isinstance(outcome, Frozen):
        return None
    for fineness in FINENESS:
        proof = SmallSteps(phases, follower.layer, rules, sorted(outcome.leaders), fineness)
        at = ([-a.numerator, a.denominator], a, a)
        pieces = [(([0, 1], Fraction(0), Fraction(0)), at, a / 2, proof), (at, at, a, None), (at, None, a + 1, None)]
        if answer_to(all_steps_certificate(configuration, pieces))[0] == "accepted":
            return proof
    return None
