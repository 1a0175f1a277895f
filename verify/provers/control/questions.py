"""What is asked of A, as strict inequalities that are linear in A, over the integers.

"Token i follows token j alone" says z_iᵀA(z_j − z_p) > 0 for every p ≠ j. Both factors are scaled to primitive integer
vectors x and u, so that the row of the inequality, the coefficients of A_ab, a ≤ b, in xᵀAu, is integral.

Neighbours: `linear`, `rounding` and `search` answer; `certificates.no_a` writes the proof that there is no A.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd, lcm
from typing import Any, Literal, NamedTuple

from ....kernels.errors import InputError
from ....kernels.exact.configuration import Configuration, Matrix, Vector
from ....kernels.exact.matrix import is_positive_definite
from ...geometry.polytopes.exact_lp import dot

LeadingKind = Literal["lead", "alone", "exactly"]
At = tuple[int, int]
"""(configuration, token)."""
Follows = Mapping[At, int]
"""The leader that a token is to follow."""
Coefficients = tuple[int, ...]
"""Coefficients of A_11, A_12, …, A_22, …: the upper triangle, row by row."""


class Wish(NamedTuple):
    """z_iᵀA(z_j − z_p) > 0 in configuration c."""

    c: int
    i: int
    j: int
    p: int


class Multiplier(NamedTuple):
    """y > 0 for one inequality."""

    wish: Wish
    y: Fraction


@dataclass(frozen=True, slots=True)
class Whomever:
    """⟨A, N⟩ > 0 for every A for which a token follows one of its leaders, whomever of them.

    Attributes:
        place: the token.
        form: the coefficients of A_ab, a ≤ b, in ⟨A, N⟩.
        cases: for each leader multipliers y > 0 of the inequalities that the token follows it, with N − Σ y M positive
            semidefinite.
    """

    place: At
    form: tuple[Fraction, ...]
    cases: tuple[tuple[Multiplier, ...], ...]

    def matrix(self) -> list[list[Fraction]]:
        """2 N, as a certificate has it."""
        d = next(d for d in range(len(self.form) + 1) if d * (d + 1) == 2 * len(self.form))
        return symmetric(self.form, d)


@dataclass(frozen=True, slots=True)
class Excluded:
    """No A satisfies the inequalities of the question and of `follows`, whomever the other tokens follow.

    Attributes:
        follows: what of σ the multipliers are about; empty unless the question is of kind "exactly".
        multipliers: y > 0.
        whomever: of tokens that are not in `follows`; −Σ y M − Σ N is positive semidefinite.
    """

    follows: Follows
    multipliers: tuple[Multiplier, ...]
    whomever: tuple[Whomever, ...] = ()


@dataclass(frozen=True)
class Leading:
    """Which tokens are to lead, in one configuration or several with one A.

    Args:
        kind: "lead": all of them lead at layer 0; "alone": every token follows the one; "exactly": they lead and every
            other token follows one of them, so that they are the leaders for ever.
        configurations: of distinct tokens, in one space.
        leaders: for each configuration the tokens asked for, ascending, none of them the origin; () where there are
            none in a "lead".

    Raises:
        InputError: a question that cannot be asked.
    """

    kind: LeadingKind
    configurations: tuple[Configuration, ...]
    leaders: tuple[tuple[int, ...], ...]
    _rows: dict[Wish, Coefficients] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        if len({c.d for c in self.configurations}) != 1:
            dimensions = sorted({c.d for c in self.configurations})
            raise InputError(f"the configurations have dimensions {dimensions}; one A needs tokens of one space")
        if not any(self.leaders):
            raise InputError("no token is asked to lead; give one at least")
        for L in self.leaders:
            if self.kind == "alone" and len(L) != 1:
                raise InputError(f"{len(L)} tokens are given; give the one that all others are to follow")
            if self.kind == "exactly" and not L:
                raise InputError("a configuration has none of the tokens; give one that leads in each")

    @property
    def d(self) -> int:
        """The dimension."""
        return self.configurations[0].d

    def wishes(self, follows: Follows | None = None) -> list[Wish]:
        """The inequalities: of the question itself, and that tokens follow whom `follows` says.

        Args:
            follows: for a question of kind "exactly".
        """
        targets: dict[At, int] = {(c, i): i for c, L in enumerate(self.leaders) for i in L}
        if self.kind == "alone":
            targets = {(c, i): L[0] for c, L in enumerate(self.leaders) for i in range(self.configurations[c].n)}
        targets |= follows or {}
        return [Wish(c, i, j, p) for (c, i), j in targets.items() for p in range(self.configurations[c].n) if p != j]

    def factors(self, wish: Wish) -> tuple[list[int], list[int], Fraction]:
        """x, u and s > 0 with z_i = a x, z_j − z_p = b u, s = a b; x and u primitive integer vectors."""
        tokens = self.configurations[wish.c].tokens
        x, a = primitive(tokens[wish.i])
        u, b = primitive([v - w for v, w in zip(tokens[wish.j], tokens[wish.p], strict=True)])
        return x, u, a * b

    def row(self, wish: Wish) -> Coefficients:
        """The coefficients of the upper triangle of A in xᵀAu."""
        if wish not in self._rows:
            x, u, _ = self.factors(wish)
            d = len(x)
            self._rows[wish] = tuple(
                x[a] * u[b] + (x[b] * u[a] if a != b else 0) for a in range(d) for b in range(a, d)
            )
        return self._rows[wish]

    def holds(self, A: Matrix, wishes: Iterable[Wish]) -> bool:
        """Whether A is symmetric positive definite and all the inequalities hold, exactly."""
        if A != tuple(zip(*A, strict=True)) or not is_positive_definite(A):
            return False
        upper, _ = primitive([v for a, row in enumerate(A) for v in row[a:]])
        return all(dot(self.row(wish), upper) > 0 for wish in wishes)

    def excludes(self, multipliers: Sequence[Multiplier], whomever: Sequence[Whomever] = ()) -> bool:
        """Whether −Σ y sym(z_i (z_j − z_p)ᵀ) − Σ N is positive semidefinite, and every N what it has to be.

        Then there is no A (CONTROL.md, theorems B and G). Which tokens the multipliers are about is not looked at.
        """
        proofs = [multipliers] if multipliers else []
        proofs += [case for one in whomever for case in one.cases]
        if not proofs or not all(proofs) or any(y <= 0 for case in proofs for _, y in case):
            return False
        total = self._sum(multipliers)
        for one in whomever:
            total = [a + b for a, b in zip(total, one.form, strict=True)]
            for case in one.cases:
                if not self._is_form([a - b for a, b in zip(one.form, self._sum(case), strict=True)]):
                    return False
        return self._is_form([-v for v in total])

    def _sum(self, multipliers: Iterable[Multiplier]) -> list[Fraction]:
        """The coefficients of Σ y M."""
        scaled = [(y * self.factors(wish)[2], self.row(wish)) for wish, y in multipliers]
        D = lcm(*(y.denominator for y, _ in scaled))
        whole = [(int(y * D), row) for y, row in scaled]
        return [Fraction(sum(y * row[k] for y, row in whole), D) for k in range(self.d * (self.d + 1) // 2)]

    def _is_form(self, upper: Sequence[Fraction]) -> bool:
        """Whether these are the coefficients of a positive semidefinite matrix."""
        return is_positive_semidefinite(symmetric(primitive(upper)[0], self.d))


def primitive(vector: Sequence[Fraction]) -> tuple[list[int], Fraction]:
    """The integer vector without common factor on the same ray, and the positive number that leads back from it."""
    D = lcm(*(v.denominator for v in vector))
    whole = [v.numerator * (D // v.denominator) for v in vector]
    common = gcd(*whole) or 1
    return [v // common for v in whole], Fraction(common, D)


def symmetric(upper: Sequence[int] | Sequence[Fraction], d: int) -> list[list[Any]]:
    """Twice the symmetric matrix M with ⟨A, M⟩ = Σ_{a ≤ b} upper_ab A_ab."""
    M = [[upper[0]] * d for _ in range(d)]
    values = iter(upper)
    for a in range(d):
        for b in range(a, d):
            value = next(values)
            M[a][b] = M[b][a] = value if a != b else 2 * value
    return M


def is_positive_semidefinite(S: Sequence[Sequence[int]]) -> bool:
    """Whether a symmetric matrix of integers is positive semidefinite: LDLᵀ on integers.

    A pivot 0 needs a row of zeros; each division is exact (Bareiss).
    """
    rows, before = [list(row) for row in S], 1
    for k, pivot_row in enumerate(rows):
        pivot = pivot_row[k]
        if pivot < 0 or (pivot == 0 and any(pivot_row[k:])):
            return False
        if pivot == 0:
            continue
        for row in rows[k + 1 :]:
            factor = row[k]
            for j in range(k, len(rows)):
                row[j] = (pivot * row[j] - factor * pivot_row[j]) // before
        before = pivot
    return True


def as_matrix(upper: Sequence[int], d: int) -> Matrix:
    """The symmetric matrix with this upper triangle."""
    A = [[Fraction(0)] * d for _ in range(d)]
    values = iter(upper)
    for a in range(d):
        for b in range(a, d):
            A[a][b] = A[b][a] = Fraction(next(values))
    return tuple(map(tuple, A))


def outer(h: Vector, g: Vector, factor: Fraction) -> list[list[Fraction]]:
    """factor · h gᵀ."""
    return [[factor * a * b for b in g] for a in h]
