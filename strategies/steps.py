"""Steps: one, tiny, huge, and shrinking with the layer.

`STEPS` lists the families. Neighbours: `kernels.step` defines what a step is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..kernels import ConstantStep, GeometricStep, HarmonicStep, ListedStep, Step
from .scalars import positive_rationals


@dataclass(frozen=True, slots=True)
class StepFamily:
    """A named family of steps.

    Args:
        name: what reports call it.
        steps: the strategy factory.
        default: whether it is drawn where no steps are asked for: a step that suits the clustering theorem and whose
            configurations are proved in milliseconds.
    """

    name: str
    steps: Callable[[], SearchStrategy[Step]]
    default: bool = True


def one() -> SearchStrategy[Step]:
    """α = 1, λ = 1/2."""
    return st.just(ConstantStep(Fraction(1)))


def simple() -> SearchStrategy[Step]:
    """α = p/q with 1 ≤ p, q ≤ 5.

    Shrinks towards 1, integers before fractions.
    """
    return positive_rationals().map(ConstantStep)


def tiny() -> SearchStrategy[Step]:
    """α = 2^-k, 3 ≤ k ≤ 7, or 1/10 or 1/100: sets change late, so a proof needs jumps.

    Shrinks towards 1/8.
    """
    return st.sampled_from([ConstantStep(Fraction(1, v)) for v in [2**k for k in range(3, 8)] + [10, 100]])


def minute() -> SearchStrategy[Step]:
    """α = 2^-k, 8 ≤ k ≤ 60, or 10^-k, 3 ≤ k ≤ 18: a float may not move at all.

    For single layers: sets that change after some 1/α layers can be out of reach of exact proofs. Shrinks towards 2^-8.
    """
    return st.sampled_from(
        [ConstantStep(Fraction(1, v)) for v in [2**k for k in range(8, 61)] + [10**k for k in range(3, 19)]]
    )


def huge() -> SearchStrategy[Step]:
    """α = 2^k, 3 ≤ k ≤ 40, or 10^k, 1 ≤ k ≤ 12: one layer all but reaches the mean.

    Shrinks towards 8.
    """
    return st.sampled_from(
        [ConstantStep(Fraction(v)) for v in [2**k for k in range(3, 41)] + [10**k for k in range(1, 13)]]
    )


def harmonic() -> SearchStrategy[Step]:
    """λ_k = m/(k + s) with 1 ≤ m ≤ s ≤ 4.

    Shrinks towards 2/(k + 2), the step of the Frank–Wolfe paper.
    """
    pairs = [(2, 2), *((m, s) for s in range(1, 5) for m in range(1, s + 1) if (m, s) != (2, 2))]
    return st.sampled_from([HarmonicStep(m, s) for m, s in pairs])


def geometric() -> SearchStrategy[Step]:
    """λ_k = first · ratio^k with first and ratio of 1/2, 1/3, 2/3, 1/4, 3/4: the sum of all steps is finite.

    Shrinks towards 2^−(k+1).
    """
    parts = st.sampled_from([Fraction(1, 2), Fraction(1, 3), Fraction(2, 3), Fraction(1, 4), Fraction(3, 4)])
    return st.builds(GeometricStep, parts, parts)


def listed() -> SearchStrategy[Step]:
    """One to five steps in (0, 1), the last one for ever.

    Shrinks towards 1/2.
    """
    parts = [Fraction(p, q) for q in range(2, 6) for p in range(1, q)]
    return st.lists(st.sampled_from(parts), min_size=1, max_size=5).map(ListedStep)


STEPS = {
    family.name: family
    for family in (
        StepFamily("one", one),
        StepFamily("simple", simple),
        StepFamily("tiny", tiny),
        StepFamily("huge", huge),
        StepFamily("minute", minute, default=False),
        StepFamily("harmonic", harmonic, default=False),
        StepFamily("geometric", geometric, default=False),
        StepFamily("listed", listed, default=False),
    )
}
"""The families of steps by name."""
