"""Cone membership, decided by the exact simplex method and checked before it is believed.

Neighbours: `exact_lp` is the method; `polytope` asks.
"""

from collections.abc import Sequence

from ....kernels.errors import HardmaxError
from .exact_lp import Combination, Farkas, IntVector, cone_membership, dot


class UnprovedError(HardmaxError):
    """An answer failed its exact check: a bug in this package, never a fact about the input."""


def proves(answer: Combination | Farkas, generators: Sequence[IntVector], target: IntVector) -> bool:
    """Whether `answer` proves what it says about target ∈ cone(generators), by its equations and inequalities."""
    if isinstance(answer, Farkas):
        h = answer.normal
        return dot(h, target) > 0 and all(dot(h, g) <= 0 for g in generators)
    if answer.den <= 0 or any(x <= 0 for x in answer.weights.values()):
        return False
    total = [answer.den * t for t in target]
    for j, x in answer.weights.items():
        total = [r - x * v for r, v in zip(total, generators[j])]  # noqa: B905 both have m entries
    return not any(total)


def decide(generators: Sequence[IntVector], target: IntVector) -> Combination | Farkas:
    """Whether target = Σ x_j g_j for some x ≥ 0, with a checked proof either way.

    Args:
        generators: (n, m) integers, n ≥ 1.
        target: m integers.

    Raises:
        UnprovedError: the simplex method failed its check, which cannot happen.
    """
    answer = cone_membership(generators, target)
    if not proves(answer, generators, target):
        raise UnprovedError(
            f"the simplex method's {type(answer).__name__} of {len(generators)} generators proves nothing"
        )
    return answer


def relative_interior(directions: Sequence[IntVector]) -> Combination | Farkas:
    """Whether 0 is in the relative interior of conv{u_j}: Σ x_j u_j = 0 with every x_j > 0 (Stiemke's lemma).

    Args:
        directions: u_1 … u_n, (n, d) integers, n ≥ 1.

    Returns:
        `Combination` with target 0 and a positive weight for every u_j, or `Farkas`: h · u_j ≤ 0 for every j, < 0 for
        one of them (its target is −Σ u_j).
    """
    # x = 1 + y turns x > 0 (which may be scaled) into y ≥ 0.
    answer = decide(directions, [-sum(column) for column in zip(*directions, strict=True)])
    if isinstance(answer, Farkas):
        return answer
    den, weights = answer.den, answer.weights
    return Combination({j: den + weights.get(j, 0) for j in range(len(directions))}, den)
