"""Formulas: text that reads like the paper and that the machine computes with.

    ‖x + λ (p − x)‖² ≥ 2 ⟨x, y⟩ − (1 − λ)² ⟨H x, z⟩

A formula is a sum of products of numbers, scalars, squares ( )², inner products ⟨u, v⟩ = uᵀAv, squared norms
‖v‖² = ⟨v, v⟩ and vectors; `H v` applies a linear map. Its value is a polynomial in the scalars and in the Gram symbols
⟨a, b⟩ of the named vectors, or a linear combination of the named vectors with polynomial coefficients. Bilinearity and
linearity are built in, and ⟨a, b⟩ and ⟨b, a⟩ are one symbol only where the form is declared symmetric. So two formulas
of the same value are equal for all vectors, in any dimension, and for all forms (all symmetric ones).

What is printed is what is computed with: there is no second, hand-written rendering.

Neighbours: `derivation` proves statements between formulas.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy

Scalar = sympy.Expr
Terms = dict[str, sympy.Expr]
"""Σ coefficient · named vector; coefficients that are 0 are left out."""

NAME = r"[A-Za-zαγλ][⁺′]*"
"""What a vector, a scalar or a linear map may be called: one letter, with ⁺ or ′ after it."""
_TOKEN = re.compile(rf"\s*([0-9]+(?:/[1-9][0-9]*)?|{NAME}|[⟨⟩‖()+−·,²])")
_RELATION = re.compile(r"[=≥>≤<≠]")


class FormulaError(ValueError):
    """Text that is no formula of the language, or names something that is not declared."""


@dataclass(frozen=True)
class Language:
    """The names that formulas may use.

    Args:
        vectors: names of vectors.
        scalars: names of real numbers.
        maps: names of linear maps.
        symmetric: whether ⟨a, b⟩ = ⟨b, a⟩.
        definitions: name → its value, for vectors that abbreviate others.
    """

    vectors: tuple[str, ...]
    scalars: tuple[str, ...] = ()
    maps: tuple[str, ...] = ()
    symmetric: bool = True
    definitions: Mapping[str, Terms] = field(default_factory=dict)

    def gram(self, a: str, b: str) -> sympy.Symbol:
        """The symbol of the inner product of two named vectors."""
        return sympy.Symbol("⟨{}, {}⟩".format(*(sorted((a, b)) if self.symmetric else (a, b))))

    def inner(self, u: Terms, v: Terms) -> Scalar:
        """⟨u, v⟩, expanded."""
        terms = [s * t * self.gram(a, b) for a, s in u.items() for b, t in v.items()]
        return sympy.expand(sympy.Add(*terms))


def combined(*terms: tuple[Scalar, Terms]) -> Terms:
    """Σ coefficient · vector."""
    total: Terms = {}
    for factor, v in terms:
        for name, c in v.items():
            total[name] = total.get(name, sympy.Integer(0)) + factor * c
    expanded = {name: sympy.expand(c) for name, c in total.items()}
    return {name: c for name, c in expanded.items() if c != 0}


@dataclass(frozen=True)
class Factor:
    """One factor of a product.

    Args:
        text: as it stands.
        value: what it is, squared if it is `squared`.
        base: the value under the square.
        norm: v, where it is ‖v‖².
        squared: whether it is written as the square of a scalar.
    """

    text: str
    value: Scalar | Terms
    base: Scalar | Terms
    norm: Terms | None = None
    squared: bool = False


@dataclass(frozen=True)
class Term:
    """One summand: ± a product of factors."""

    text: str
    negative: bool
    factors: tuple[Factor, ...]

    @property
    def value(self) -> Scalar | Terms:
        """The product with its sign."""
        scalar, vector = sympy.Integer(-1 if self.negative else 1), None
        for factor in self.factors:
            if isinstance(factor.value, dict):
                if vector is not None:
                    raise FormulaError(f"{self.text!r} multiplies two vectors; write ⟨u, v⟩")
                vector = factor.value
            else:
                scalar = scalar * factor.value
        return sympy.expand(scalar) if vector is None else combined((scalar, vector))


def terms_of(text: str, language: Language) -> tuple[Term, ...]:
    """The summands of a formula; none of an empty text.

    Raises:
        FormulaError: it is no formula of the language.
    """
    return _Parser(text, language).whole() if text.strip() else ()


def value_of(text: str, language: Language) -> Scalar | Terms:
    """The value of a formula: a polynomial, or a combination of vectors."""
    return total(terms_of(text, language))


def total(terms: tuple[Term, ...]) -> Scalar | Terms:
    """The sum of terms, which must all be scalars or all be vectors."""
    values = [term.value for term in terms]
    vectors = [v for v in values if isinstance(v, dict)]
    if vectors and len(vectors) < len(values):
        raise FormulaError(f"{' '.join(t.text for t in terms)!r} adds a vector and a scalar")
    if vectors:
        return combined(*((sympy.Integer(1), v) for v in vectors))
    return sympy.expand(sympy.Add(*(v for v in values if not isinstance(v, dict))))


def sides(text: str) -> tuple[str, str, str]:
    """Left side, relation and right side of a statement.

    Raises:
        FormulaError: there is not exactly one of = ≥ > ≤ < ≠ in it.
    """
    found = _RELATION.findall(text)
    if len(found) != 1:
        raise FormulaError(f"{text!r} needs exactly one of = ≥ > ≤ < ≠")
    left, right = text.split(found[0])
    return left.strip(), found[0], right.strip()


class _Parser:
    """Recursive descent; juxtaposition multiplies."""

    def __init__(self, text: str, language: Language) -> None:
        self.text, self.language = text, language
        self.tokens: list[tuple[str, int, int]] = []
        place = 0
        while text[place:].strip():
            match = _TOKEN.match(text, place)
            if match is None:
                raise FormulaError(f"{text!r}: {text[place:].strip()[0]!r} is no part of a formula")
            self.tokens.append((match[1], match.start(1), match.end(1)))
            place = match.end()
        self.at = 0

    def whole(self) -> tuple[Term, ...]:
        terms = self.sum()
        if self.at < len(self.tokens):
            raise FormulaError(f"{self.text!r}: {self.peek()!r} is out of place")
        return terms

    def peek(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.peek()
        if not token or (expected and token != expected):
            raise FormulaError(f"{self.text!r}: {expected or 'something'} is missing before {token or 'the end'!r}")
        self.at += 1
        return token

    def since(self, start: int) -> str:
        return self.text[self.tokens[start][1] : self.tokens[self.at - 1][2]]

    def sum(self) -> tuple[Term, ...]:
        terms = []
        negative = self.peek() == "−"
        if self.peek() in ("+", "−"):
            self.take()
        while True:
            start, factors = self.at, []
            while self.peek() and self.peek() not in ("+", "−", ")", ",", "⟩") and not (factors and self.closes()):
                if self.peek()[0].isdecimal() and self.at > start and self.tokens[self.at - 1][0][0].isdecimal():
                    raise FormulaError(f"{self.text!r}: write · between numbers")
                factors.append(self.factor())
                while self.peek() == "·":
                    self.take()
                    factors.append(self.factor())
            if not factors:
                raise FormulaError(f"{self.text!r}: a summand is missing")
            terms.append(Term(self.since(start), negative, tuple(factors)))
            if self.peek() not in ("+", "−"):
                return tuple(terms)
            negative = self.take() == "−"

    def closes(self) -> bool:
        """Whether the bar that comes next closes a norm: it does where ² follows, since ‖v‖ is written ‖v‖² alone."""
        return self.peek() == "‖" and self.at + 1 < len(self.tokens) and self.tokens[self.at + 1][0] == "²"

    def factor(self) -> Factor:
        start = self.at
        base, norm = self.atom()
        if norm is not None:
            return Factor(self.since(start), base, base, norm)
        if self.peek() != "²":
            return Factor(self.since(start), base, base)
        self.take()
        if isinstance(base, dict):
            raise FormulaError(f"{self.since(start)!r} squares a vector; write ‖v‖²")
        if "/" in self.tokens[start][0]:
            raise FormulaError(f"{self.since(start)!r} may be read in two ways; write ( )²")
        return Factor(self.since(start), sympy.expand(base**2), base, None, squared=True)

    def atom(self) -> tuple[Scalar | Terms, Terms | None]:
        token, lang = self.take(), self.language
        if token[0].isdecimal():
            return sympy.Rational(token), None
        if token == "(":
            inside = total(self.sum())
            self.take(")")
            return inside, None
        if token == "⟨":
            u = self.vector()
            self.take(",")
            v = self.vector()
            self.take("⟩")
            return lang.inner(u, v), None
        if token == "‖":
            v = self.vector()
            self.take("‖")
            self.take("²")
            return lang.inner(v, v), v
        if token in lang.maps:
            argument = self.atom()[0]
            if not isinstance(argument, dict):
                raise FormulaError(f"{self.text!r}: {token} is a linear map and needs a vector")
            return {f"{token} {name}": c for name, c in argument.items()}, None
        if token in lang.definitions:
            return dict(lang.definitions[token]), None
        if token in lang.vectors:
            return {token: sympy.Integer(1)}, None
        if token in lang.scalars:
            return sympy.Symbol(token), None
        raise FormulaError(f"{self.text!r}: {token!r} is not declared")

    def vector(self) -> Terms:
        value = total(self.sum())
        if isinstance(value, dict):
            return value
        raise FormulaError(f"{self.text!r}: an inner product is of two vectors")
