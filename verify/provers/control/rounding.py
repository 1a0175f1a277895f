"""Proposals made exact: A with short whole numbers, multipliers whose sum is exactly positive semidefinite.

A strict inequality and a positive definite sum survive rounding. At the optimum 0 the sum is singular and does not; it
is then looked for as Σ u v vᵀ over a few directions v, by the exact simplex method on the tight rows.

Neighbours: `questions` says what is exact, `proposals` proposes, `search` calls.
"""

import sys
from collections.abc import Callable, Hashable, Sequence
from fractions import Fraction

import numpy as np

from ....kernels.exact.configuration import Matrix
from ...geometry.polytopes.cone import decide
from ...geometry.polytopes.exact_lp import Combination
from ...geometry.second_route.frame import FloatArray
from .independent import from_flint, to_flint
from .proposals import Relaxation
from .questions import Leading, Multiplier, Whomever, Wish, as_matrix, primitive

_BITS = (1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 28, 36, 48)
"""How finely floats are rounded, short ones first."""
_WORSE = 1.05
"""A rounded A may have a condition number larger by this factor; otherwise it is rounded more finely."""
_TRUSTED = 1e10
"""Condition numbers up to which floats give them."""
_SMALL, _TIGHT = 1e-7, 1e-4
"""Multipliers and margins that may be 0, relative to the largest multiplier and to unit rows."""
_MOST_ROWS, _MOST_RAYS = 120, 400
"""The most rows and directions that are given to the exact simplex method."""


class FloatRows:
    """The rows of some inequalities as floats of about unit length.

    Args:
        question: what is asked.
        wishes: the inequalities.
    """

    def __init__(self, question: Leading, wishes: Sequence[Wish]) -> None:
        self.question, self.wishes = question, list(wishes)
        exact = [question.row(wish) for wish in self.wishes]
        self._bits = [max(map(int.bit_length, row)) for row in exact]
        self.floats = np.array([[v / (1 << bits) for v in row] for row, bits in zip(exact, self._bits, strict=True)])

    def multiplier(self, k: int, y: Fraction) -> Multiplier:
        """y times the row k of floats, as a multiple of the inequality."""
        wish = self.wishes[k]
        return Multiplier(wish, y / (self.question.factors(wish)[2] * (1 << self._bits[k])))


def condition(A: Matrix | FloatArray) -> float:
    """The condition number of a symmetric positive definite matrix in the Euclidean norm, in floats."""
    largest = max(abs(v) for row in A for v in row) or 1
    sizes = np.linalg.eigvalsh(np.array([[float(v / largest) for v in row] for row in A]))
    return float(sizes[-1] / sizes[0]) if sizes[0] > 0 else float("inf")


def exact_condition(A: Matrix) -> float:
    """The condition number λ_max(A) λ_max(A⁻¹), with A⁻¹ exact where floats lose it; at most the largest float."""
    if (value := condition(A)) < _TRUSTED:
        return value
    product = Fraction(1)
    for M in (A, from_flint(to_flint(A).inv())):
        largest = max(v for row in M for v in row)  # of a positive definite matrix it is on the diagonal
        scaled = np.array([[float(v / largest) for v in row] for row in M])
        product *= largest * Fraction(float(np.linalg.eigvalsh(scaled)[-1]))
    return float(min(product, Fraction(sys.float_info.max)))


def short_form(rows: FloatRows, proposal: FloatArray) -> Matrix | None:
    """A matrix of short whole numbers near the proposal (up to scale) that is SPD and meets all inequalities."""
    upper = proposal[np.triu_indices(rows.question.d)]
    upper = upper / np.abs(upper).max()
    wanted, best, found = condition(proposal), None, float("inf")
    for bits in _BITS:
        rounded = np.rint(upper * 2.0**bits)
        if (rows.floats @ rounded <= -1e-6 * 2.0**bits).any():
            continue  # it fails by far, so it need not be tried exactly
        A = as_matrix(primitive([Fraction(int(v)) for v in rounded])[0], rows.question.d) if rounded.any() else ()
        if A and condition(A) < found and rows.question.holds(A, rows.wishes):
            best, found = A, condition(A)
            if found <= _WORSE * wanted:
                break
    return best


def sum_of(rows: FloatRows, y: FloatArray) -> FloatArray:
    """S = −Σ y M in floats."""
    d = rows.question.d
    upper = -(y @ rows.floats)
    S = np.zeros((d, d))
    S[np.triu_indices(d)] = upper
    return (S + S.T) / 2


def short_multipliers(
    rows: FloatRows, y: FloatArray, group: Callable[[Wish], Hashable] | None = None
) -> tuple[Multiplier, ...] | None:
    """Few short multipliers near the proposed ones with an exactly positive semidefinite sum, or None.

    Args:
        rows: the inequalities.
        y: (m,) proposed multipliers.
        group: inequalities that had better be left out together; None for each by itself.
    """
    y = np.where(y > _SMALL * y.max(initial=0.0), y, 0.0)
    if not y.any():
        return None
    y = y / y.max()
    for key in (group, None) if group else (None,):
        y = _sparse(rows, y, [k if key is None else key(wish) for k, wish in enumerate(rows.wishes)])
    for bits in _BITS:
        found = _rounded(rows, y, bits)
        if found and _semidefinite(rows, np.rint(y * 2.0**bits) / 2.0**bits) and rows.question.excludes(found):
            return found
    return None


def _semidefinite(rows: FloatRows, y: FloatArray) -> bool:
    """Whether the sum may be positive semidefinite, as far as floats can tell."""
    S = sum_of(rows, y)
    return bool(np.linalg.eigvalsh(S)[0] >= -1e-9 * max(1.0, np.abs(S).max()))


def _sparse(rows: FloatRows, y: FloatArray, keys: Sequence[Hashable]) -> FloatArray:
    """y without the lightest groups, as many as leave the sum positive definite by a margin, in floats."""
    weight: dict[Hashable, float] = {}
    for key, value in zip(keys, y.tolist(), strict=True):
        weight[key] = weight.get(key, 0.0) + value
    order = sorted((key for key, value in weight.items() if value > 0), key=weight.__getitem__)
    least = np.linalg.eigvalsh(sum_of(rows, y))[0] / 4
    low, high = 0, len(order)  # that many may be left out; so many may not
    while high - low > 1 and least > 0:
        middle = (low + high) // 2
        out = set(order[:middle])
        kept = np.where([key in out for key in keys], 0.0, y)
        if kept.any() and np.linalg.eigvalsh(sum_of(rows, kept))[0] >= least:
            low = middle
        else:
            high = middle
    out = set(order[:low])
    return np.where([key in out for key in keys], 0.0, y)


def whomever_multipliers(
    rows: FloatRows, blocks: Sequence[Sequence[FloatRows]], proposal: Relaxation
) -> tuple[tuple[Multiplier, ...], tuple[Whomever, ...]] | None:
    """Short multipliers, and forms for tokens whomever they follow, that exclude every A exactly, or None.

    Args:
        rows: the inequalities that hold whatever σ is.
        blocks: for every token and every leader the inequalities that the one follows the other.
        proposal: of negative t. Half of |t| is shared among the forms, so that rounding loses neither side.
    """
    largest = max(y.max(initial=0.0) for y in (proposal.y, *(y for case in proposal.cases for y in case)))
    if largest <= 0:
        return None
    diagonal = np.array([a == b for a, b in zip(*np.triu_indices(rows.question.d), strict=True)])
    forms = [form - proposal.t / (2 * len(blocks)) * diagonal for form in proposal.forms]
    for bits in _BITS:
        found = _rounded(rows, proposal.y / largest, bits)
        whomever = []
        for block, form, case in zip(blocks, forms, proposal.cases, strict=True):
            cases = tuple(_rounded(of, y / largest, bits) for of, y in zip(block, case, strict=True))
            if all(cases):  # else N ⪰ 0, and is not needed
                place = block[0].wishes[0][:2]
                short = np.rint(form / largest * 2.0**bits).tolist()
                whomever.append(Whomever(place, tuple(Fraction(int(v), 1 << bits) for v in short), cases))
        if rows.question.excludes(found, whomever):
            return found, tuple(whomever)
    return None


def _rounded(rows: FloatRows, y: FloatArray, bits: int) -> tuple[Multiplier, ...]:
    """Multipliers that are whole multiples of 2**-bits, in the units of the rows."""
    whole = np.rint(y * 2.0**bits).tolist()
    return tuple(rows.multiplier(k, Fraction(int(v), 1 << bits)) for k, v in enumerate(whole) if v > 0)


def multipliers_on_a_face(rows: FloatRows, A: FloatArray, y: FloatArray) -> tuple[Multiplier, ...] | None:
    """Multipliers with −Σ y M = Σ u v vᵀ, u ≥ 0, exactly, for directions v suggested by a singular optimum; or None.

    Args:
        rows: the inequalities.
        A: the proposed A, on the boundary.
        y: (m,) the proposed multipliers.
    """
    question, d = rows.question, rows.question.d
    margins = rows.floats @ A[np.triu_indices(d)]
    tight = [k for k in np.argsort(margins).tolist() if y[k] > _SMALL * y.max() or margins[k] <= _TIGHT][:_MOST_ROWS]
    directions = _directions(rows, tight, A, sum_of(rows, y))[:_MOST_RAYS]
    generators = [[*question.row(rows.wishes[k]), 1] for k in tight]
    generators += [
        [v[a] * v[b] * (1 if a == b else 2) for a in range(d) for b in range(a, d)] + [0] for v in directions
    ]
    answer = decide(generators, [0] * (len(generators[0]) - 1) + [1])
    if not isinstance(answer, Combination):
        return None
    found = tuple(
        Multiplier(rows.wishes[tight[k]], Fraction(x, answer.den) / question.factors(rows.wishes[tight[k]])[2])
        for k, x in answer.weights.items()
        if k < len(tight)
    )
    return found if question.excludes(found) else None


def _directions(rows: FloatRows, tight: Sequence[int], A: FloatArray, S: FloatArray) -> list[tuple[int, ...]]:
    """Integer directions of which the range of S may be made: of S and of the kernel of A, and those of the data."""
    found: list[list[int]] = []
    for M, near in ((S, slice(None, None, -1)), (A, slice(None))):  # largest of S, smallest of A first
        sizes, vectors = np.linalg.eigh(M)
        chosen = vectors[:, near].T[: max(1, int((np.abs(sizes) > _TIGHT * np.abs(sizes).max()).sum()))]
        for v in chosen:
            v = v / v[np.abs(v).argmax()]
            for most in (8, 100, 10_000):
                found.append(primitive([Fraction(float(x)).limit_denominator(most) for x in v])[0])
    for k in tight:
        x, u, _ = rows.question.factors(rows.wishes[k])
        found += [x, u, [a + b for a, b in zip(x, u, strict=True)], [a - b for a, b in zip(x, u, strict=True)]]
    d = rows.question.d
    units = [[int(a == b) for b in range(d)] for a in range(d)]
    found += units
    found += [
        [s + sign * t for s, t in zip(units[a], units[b], strict=True)]
        for a in range(d)
        for b in range(a)
        for sign in (1, -1)
    ]
    return list(dict.fromkeys(tuple(row) for row in found if any(row)))
