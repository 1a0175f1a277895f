"""Checks of symmetries: the layer commutes with relabelling, scaling and A-orthogonal maps.

Both sides of a relation are judged by the exact layer, each on its own; a kernel that passes satisfies the relation
within its rounding error, and one that breaks it is shown on the side where it is wrong.

Neighbours: `cases` has the maps.
"""

from collections.abc import Iterator
from fractions import Fraction

from ....kernels.bounds.exact_scores import PRECISION
from ..check import Check, Subject, judged
from ..inputs.cases import CHAINS, TURNS, InputCase, lattice_without_ties, permuted, random_points, scaled, turned
from ..inputs.trial import Trial


def _both(subject: Subject, case: InputCase, image: InputCase, dtype: str) -> Trial:
    return Trial((case.call(), image.call()), dtype)


def _permutation(subject: Subject) -> Iterator[Trial]:
    rng = subject.random("relation.permutation")
    for dtype in subject.kernel.dtypes:
        for case in (*CHAINS, lattice_without_ties(rng, 12, 3), random_points(rng, 40, 6, dtype)):
            order = rng.sample(range(len(case.tokens)), len(case.tokens))
            yield _both(subject, case, permuted(case, order), dtype)
            yield _both(subject, case, permuted(case, range(len(case.tokens))[::-1]), dtype)


def _scaling(subject: Subject) -> Iterator[Trial]:
    """Powers of two keep every rounding, so they reach from tiny to huge; 3 and 5 do not."""
    rng = subject.random("relation.scaling")
    for dtype in subject.kernel.dtypes:
        reach = 40 if dtype == "float32" else 300
        factors = [3, 5, *(Fraction(2) ** e for e in (-reach, -20, -3, 7, 20, reach))]
        for case in (*CHAINS, random_points(rng, 12, 3, dtype)):
            small = max(abs(v).numerator for row in case.tokens for v in row) < 1 << (PRECISION[dtype] // 2)
            for factor in factors if small else factors[2:]:
                yield _both(subject, case, scaled(case, factor), dtype)


def _isometry(subject: Subject) -> Iterator[Trial]:
    """Signed permutations of the axes, and rotations by integer matrices of lattice points."""
    rng = subject.random("relation.isometry")
    for dtype in subject.kernel.dtypes:
        for d in (2, 3):
            lattice = lattice_without_ties(rng, 9, d, size=30)
            for Q in TURNS[d]:
                yield _both(subject, lattice, turned(lattice, Q), dtype)
        for d in (1, 2, 5, 9):
            points = random_points(rng, 15, d, dtype)
            axes, signs = rng.sample(range(d), d), [rng.choice((1, -1)) for _ in range(d)]
            moved = [[s * row[a] for s, a in zip(signs, axes, strict=True)] for row in points.tokens]
            yield _both(subject, points, InputCase(f"{points.name}, axes permuted", moved), dtype)


CHECKS: tuple[Check, ...] = (
    judged("relation.permutation", "Relabelling the tokens relabels the result", _permutation),
    judged("relation.scaling", "Scaling the tokens scales the result", _scaling),
    judged("relation.isometry", "Turning the tokens turns the result", _isometry),
)
