"""Algebra with symbols: identities between inner products of vectors, in any dimension and for any symmetric A.

A vector is a combination of named vectors with symbolic coefficients; the inner product of two of them expands into the
Gram symbols ⟨x, y⟩, which are all that symmetry and bilinearity know. An identity that expands to 0 therefore holds for
every choice of vectors, dimension and symmetric A.

Neighbours: `lemmas` and `metamorphic` state the identities behind their claims.
"""

from collections.abc import Callable
from dataclasses import dataclass

import sympy

from .registry import Finding

Scalar = sympy.Expr


@dataclass(frozen=True, slots=True)
class Combination:
    """A linear combination Σ coefficient · vector of named vectors, with symbolic coefficients."""

    terms: tuple[tuple[str, Scalar], ...]

    def __add__(self, other: "Combination") -> "Combination":
        terms = dict(self.terms)
        for name, value in other.terms:
            terms[name] = terms.get(name, sympy.Integer(0)) + value
        return Combination(tuple(terms.items()))

    def __mul__(self, factor: Scalar | int) -> "Combination":
        return Combination(tuple((name, factor * value) for name, value in self.terms))

    def __sub__(self, other: "Combination") -> "Combination":
        return self + other * -1


def vector(name: str) -> Combination:
    """The vector of that name."""
    return Combination(((name, sympy.Integer(1)),))


def inner(x: Combination, y: Combination) -> Scalar:
    """⟨x, y⟩ expanded into Gram symbols; ⟨a, b⟩ and ⟨b, a⟩ are one symbol, since A is symmetric."""
    return sympy.expand(
        sum(
            (a * b * sympy.Symbol("<{},{}>".format(*sorted((p, q)))) for p, a in x.terms for q, b in y.terms),
            start=sympy.Integer(0),
        )
    )


def shown_by(*differences: Callable[[], Scalar]) -> Callable[[], Finding]:
    """The check that every one of the expressions is identically zero.

    Args:
        differences: left side minus right side of an identity, each made when asked for. A function with a docstring
            that says what follows from it.
    """

    def show() -> Finding:
        for difference in differences:
            rest = sympy.simplify(sympy.expand(difference()))
            if rest != 0:
                return Finding("refuted", f"{difference.__doc__} fails: the difference is {rest}")
        return Finding("proved", "; ".join(str(difference.__doc__) for difference in differences))

    return show


__all__ = ["Combination", "inner", "shown_by", "vector"]
