"""Witnesses: small rational vectors, forms and numbers that satisfy what a derivation is given, and break a statement.

A step that is refused may still be true. Where a witness is found it is false: everything given holds, and it does not.
Means are those of one member.

Neighbours: `derivation` says what is given.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from random import Random

import sympy

from .derivation import Derivation, Fact, given_facts, statement
from .formulas import Scalar

Values = Mapping[str, tuple[int, ...]]
Numbers = Mapping[str, Fraction]
TRIALS = 8_000
COORDINATES = (0, 1, -1, 2, -2, 3)
SCALARS = tuple(map(Fraction, ("1/2", "1", "1/3", "2", "3/4", "0", "3", "-1")))
_DEFINITE = (((1,),), ((1, 0), (0, 1)), ((2, 1), (1, 2)), ((1, 0), (0, 3)))
_INDEFINITE = (((-1,),), ((0,),), ((1, 0), (0, -1)), ((0, 1), (1, 0)), ((-1, 0), (0, -1)))
_SKEW = (((1, 1), (-1, 1)), ((1, 3), (-3, 1)), ((1, 2), (-2, 2)))
_NEITHER = (((0, 1), (0, 0)), ((1, 1), (0, 0)), ((0, 1), (-1, 0)), ((1, 2), (0, -1)))


@dataclass(frozen=True)
class Witness:
    """Values of every name of a derivation.

    Args:
        vectors: name → coordinates.
        form: A.
        numbers: the scalars.
        maps: name → matrix.
    """

    vectors: Values
    form: tuple[tuple[int, ...], ...]
    numbers: Numbers
    maps: Mapping[str, tuple[tuple[int, ...], ...]]

    def __str__(self) -> str:
        parts = [f"{name} = ({', '.join(map(str, v))})" for name, v in self.vectors.items()]
        parts += [f"{name} = {value}" for name, value in self.numbers.items()]
        parts += [f"{name} = {[list(row) for row in H]}" for name, H in self.maps.items()]
        return ", ".join([*parts, f"A = {[list(row) for row in self.form]}"])


def find_witness(derivation: Derivation, against: str | None) -> Witness | None:
    """Values that satisfy everything given and break the statement `against`, or None if none were found.

    Args:
        derivation: what is given.
        against: a statement in its language; None to look for any values that satisfy everything given.
    """
    givens = [_test(fact) for fact in given_facts(derivation)]
    broken = None if against is None else _test(statement(against, derivation.language))
    for witness in _candidates(derivation):
        if all(holds(witness) for holds in givens) and (broken is None or not broken(witness)):
            return witness
    return None


def breaking(derivation: Derivation, at: int) -> tuple[str, Witness] | None:
    """A statement from step `at` on that is false, with a witness; None if none was found."""
    for step in derivation.steps[at:]:
        witness = find_witness(derivation, step.text)
        if witness is not None:
            return step.text, witness
    return None


def _candidates(d: Derivation) -> Iterator[Witness]:
    forms = list(_DEFINITE)
    forms += [] if d.definite else list(_INDEFINITE)
    forms += [] if d.symmetric else list(_SKEW)
    forms += [] if d.symmetric or d.definite else list(_NEITHER)
    names = (*d.named_tokens, *d.others)
    means = {p: a for group in d.means for p, a in group.items()}
    random = Random(0)
    for trial in range(TRIALS):
        form = random.choice(forms)
        width = 3 if trial < TRIALS // 4 else len(COORDINATES)  # the smallest coordinates first
        dimension = len(form)
        vectors = {name: tuple(COORDINATES[random.randrange(width)] for _ in range(dimension)) for name in names}
        vectors |= {p: vectors[a] for p, a in means.items()}
        numbers = {name: random.choice(SCALARS) for name in d.scalars}
        maps = {
            name: tuple(tuple(random.choice((0, 1, -1)) for _ in range(dimension)) for _ in range(dimension))
            for name in d.maps
        }
        yield Witness(vectors, form, numbers, maps)


def _test(fact: Fact) -> Callable[[Witness], bool]:
    """Whether a fact holds for a witness, exactly."""
    if isinstance(fact.value, dict):
        parts = [(name, _compiled(c)) for name, c in fact.value.items()]

        def vanishes(w: Witness) -> bool:
            columns = [[c(w) * x for x in _vector(name, w)] for name, c in parts]
            return not any(map(sum, zip(*columns, strict=True)))

        return vanishes if fact.relation == "=" else lambda w: not vanishes(w)
    value = _compiled(fact.value)
    if fact.relation == "=":
        return lambda w: value(w) == 0
    return (lambda w: value(w) > 0) if fact.relation == ">" else lambda w: value(w) >= 0


def _compiled(value: Scalar) -> Callable[[Witness], Fraction]:
    """A polynomial as a function of a witness."""
    symbols = sorted(value.free_symbols, key=str)
    if not symbols:
        constant = Fraction(str(value))
        return lambda w: constant
    terms = [(Fraction(str(c)), powers) for powers, c in sympy.Poly(value, *symbols).terms()]
    getters = [_getter(str(symbol)) for symbol in symbols]

    def evaluate(w: Witness) -> Fraction:
        values = [get(w) for get in getters]
        total = Fraction(0)
        for c, powers in terms:
            for x, power in zip(values, powers, strict=True):
                c *= x**power
            total += c
        return total

    return evaluate


def _getter(symbol: str) -> Callable[[Witness], Fraction]:
    if not symbol.startswith("⟨"):
        return lambda w: w.numbers[symbol]
    a, b = symbol[1:-1].split(", ")

    def inner(w: Witness) -> Fraction:
        u, v = _vector(a, w), _vector(b, w)
        return Fraction(sum(x * c * y for x, row in zip(u, w.form, strict=True) for c, y in zip(row, v, strict=True)))

    return inner


def _vector(name: str, w: Witness) -> tuple[int, ...]:
    linear, _, rest = name.partition(" ")
    if not rest:
        return w.vectors[name]
    v = _vector(rest, w)
    return tuple(sum(c * x for c, x in zip(row, v, strict=True)) for row in w.maps[linear])
