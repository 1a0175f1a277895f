"""Cone membership, decided and checked: floats propose, exact arithmetic disposes.

Small questions go straight to the exact simplex method. Larger ones get a proposal from a float solver, an exact
solution on the proposed support, and if that is no proof after a few exchanges, the exact simplex method after all.
Whatever the route, `proves` has accepted the answer before it is returned.

Neighbours: `exact_lp`, `exact_nnls` and `proposals` are the routes; `polytope` asks.
"""

from collections.abc import Sequence

from ..kernels.errors import HardmaxError
from .exact_lp import Combination, Farkas, IntVector, cone_membership, dot, primitive
from .exact_nnls import project_on_cone
from .proposals import nonnegative, unit_rows

_SMALL = 80
"""Up to this many integers in the generators the exact simplex method is faster than any proposal (measured)."""

_EXCHANGES = 4
"""A proposal that is off by more than this many generators is dropped: the simplex method then costs less."""


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


def decide(generators: Sequence[IntVector], target: IntVector, *, affine: bool = False) -> Combination | Farkas:
    """Whether target = Σ x_j g_j for some x ≥ 0, with a checked proof either way.

    Args:
        generators: (n, m) integers, n ≥ 1.
        target: m integers.
        affine: all last entries are positive (homogeneous points), so that a normal may be shifted along the last
            axis: rounded normals then separate unless the point is very near.

    Raises:
        UnprovedError: the exact simplex method failed its check, which cannot happen.
    """
    if len(generators) * len(target) > _SMALL:
        answer = _propose(generators, target, affine)
        if answer is not None and proves(answer, generators, target):
            return answer
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


def _propose(generators: Sequence[IntVector], target: IntVector, affine: bool) -> Combination | Farkas | None:
    """What a float solver suggests, made exact; None if it suggests nothing useful. Not checked yet."""
    floats = unit_rows([*generators, target])
    proposal = nonnegative(floats[:-1], floats[-1])
    if proposal is None:
        return None
    if affine and proposal.is_apart:
        for normal in proposal.normals():
            answer = Farkas(_shifted(normal[:-1], generators))
            if dot(answer.normal, target) > 0:
                return answer
    exact = project_on_cone(generators, target, support=proposal.support, exchanges=_EXCHANGES)
    if exact is None:
        return None
    return Farkas(primitive(exact.normal)) if any(exact.residual) else Combination(exact.weights, exact.den)


def _shifted(h: IntVector, rows: Sequence[IntVector]) -> list[int]:
    """The homogeneous normal y of the hyperplane h · v = max: y · (D v, D) ≤ 0 for every row, = 0 at the maximum."""
    top, D = dot(h, rows[0]), rows[0][-1]
    for row in rows:
        value = dot(h, row)
        if value * D > top * row[-1]:
            top, D = value, row[-1]
    return primitive([*[D * v for v in h], -top])


__all__ = ["UnprovedError", "decide", "proves", "relative_interior"]
