"""What the checker's polynomials, places and sign tables compute, against python-flint and against proofs made by hand.

The conformance set has what occurs in proofs; here is what each function promises, at its edges, too.
"""

from collections.abc import Iterator
from fractions import Fraction as Q
from itertools import pairwise, product
from math import isqrt
from types import ModuleType
from typing import Any

from flint import arb, ctx, fmpq, fmpz_poly

from . import bounds_truth
from .bounds_truth import Facts, answer
from .handmade import FALSE_PROOFS, TRUE_PROOFS

POLYNOMIALS = [
    *([], [1], [-3], [0, 1], [1, 1], [-1, 2], [2, -1], [-2, 0, 1], [2, 0, -1], [1, 0, 1], [6, -5, 1], [0, 0, 2, 4]),
    *([1, -5, 3], [4, 0, -4, 0, 1], [-1, 3, -3, 1], [2, -4, 2], [-6, 11, -6, 1], [1, -1, 1, -1, 1], [0, 0, 0, -7]),
    [36, 0, -13, 0, 1, 0, 0, 5],
]
NUMBERS = [Q(0), Q(1), Q(-1), Q(1, 2), Q(7, 3), Q(-5, 4), Q(12), Q(3, 1000)]
SQUARES = [[-2, 0, 1], [1, -5, 3], [-1, 1], [-3, 1], [1, 1]]
"""Factors with roots ±√2, (5 ± √13)/6, 1, 3, −1."""


def problems(checker: ModuleType) -> Iterator[str]:
    """Everything that these parts of a checker get wrong."""
    for facts in (_algebra, _signs, _roots, _places, _tables, bounds_truth.lengths, bounds_truth.intervals):
        for what, found, expected in facts(checker):
            if found() != expected:
                yield what


def _coefficients(f: Any) -> list[int]:
    return [int(c) for c in f.coeffs()]


def _primitive(f: fmpz_poly) -> list[int]:
    content = f.content() if f != 0 else 1
    return _coefficients(f / (content if f.leading_coefficient() > 0 else -content)) if f != 0 else []


def _algebra(checker: ModuleType) -> Facts:
    p = checker.polynomials
    for f, g in product(POLYNOMIALS, repeat=2):
        F, G = fmpz_poly(f), fmpz_poly(g)
        yield "sum", lambda f=f, g=g: p.plus(f, g), _coefficients(F + G)
        yield "difference", lambda f=f, g=g: p.minus(f, g), _coefficients(F - G)
        yield "product", lambda f=f, g=g: p.product(f, g), _coefficients(F * G)
        if f and g:
            common = F.gcd(G)
            yield "gcd", lambda f=f, g=g: _primitive(fmpz_poly(p.common(f, g))), _primitive(common)
        if g:
            quotient = _coefficients(F / G) if F % G == 0 and (F / G) * G == F else None
            yield "quotient", lambda f=f, g=g: p.divided(f, g), quotient
        if g and g[-1] == 1:
            yield "remainder", lambda f=f, g=g: p.remainder(f, g), _coefficients(F % G)
    yield "quotient, not whole", lambda: p.divided([1, 1], [2]), None
    yield "quotient, not whole after all", lambda: p.divided([1, 3, 2], [1, 2, 0, 5]), None
    yield "trimmed", lambda: p.trimmed([0, 1, 0, 0]), [0, 1]
    for f, x in product(POLYNOMIALS, NUMBERS):
        at = fmpz_poly(f)(fmpq(x.numerator, x.denominator)) * x.denominator ** max(0, len(f) - 1)
        yield "value", lambda f=f, x=x: p.value(f, x), int(at.p) if f else 0
    yield "sign", lambda: [p.sign(x) for x in (-(10**9), -1, 0, 1, 10**9)], [-1, -1, 0, 1, 1]
    for f in POLYNOMIALS:
        F = fmpz_poly(f)
        yield "shift", lambda f=f: p.trimmed(p.shifted(f)), _coefficients(F(fmpz_poly([1, 1])))
        if len(f) > 1:
            simple = F / F.gcd(F.derivative())
            yield "squares", lambda f=f: _primitive(fmpz_poly(p.without_multiple_roots(f))), _primitive(simple)


def _transformed(f: list[int], low: Q, high: Q | None) -> list[Q]:
    """(1+t)^n f((high + low t)/(1+t)), or f(low + t), by sums."""
    result = [Q(0)] * len(f)
    for k, c in enumerate(f):
        term = [Q(c)]
        for _ in range(k):
            term = _by(term, [low, Q(1)] if high is None else [high, low])
        for _ in range(len(f) - 1 - k if high is not None else 0):
            term = _by(term, [Q(1), Q(1)])
        result = [x + (term[i] if i < len(term) else 0) for i, x in enumerate(result)]
    while result and not result[-1]:
        result.pop()
    return result


def _by(f: list[Q], g: list[Q]) -> list[Q]:
    result = [Q(0)] * (len(f) + len(g) - 1)
    for (i, x), (j, y) in product(enumerate(f), enumerate(g)):
        result[i + j] += x * y
    return result


def _signs(checker: ModuleType) -> Facts:
    p = checker.polynomials
    for f, (low, high) in product(
        POLYNOMIALS[1:], [(Q(0), None), (Q(1, 3), None), (Q(0), Q(1)), (Q(1, 3), Q(7, 2)), (Q(2), Q(3))]
    ):
        expected = _transformed(f, low, high)

        def ratio(f: Any = f, low: Any = low, high: Any = high, expected: Any = expected) -> bool:
            found = p.between(f, low, high)
            factor = found[-1] / expected[-1]
            return factor > 0 and found == [factor * x for x in expected]

        yield f"between {f} {low} {high}", ratio, True
    for roots in product([-2, 1, 3, 5], repeat=3):  # real roots alone: Descartes' bound is met
        f = fmpz_poly([1])
        for r in roots:
            f *= fmpz_poly([-r, 1])
        for sign in (1, -1):
            c = _coefficients(sign * f)
            yield f"variations {c}", lambda c=c: p.variations(c), sum(r > 0 for r in roots)
    for f in ([-1, 0, 1], [1, 1, 1], [2, 0, 0], [1, -1, 0, 1], [-1, 1, -1]):
        signs = [c > 0 for c in f if c]
        count = sum(x is not y for x, y in pairwise(signs))
        yield f"variations {f}", lambda f=f: p.variations(f), count
    for powers in product(range(3), repeat=len(SQUARES)):
        f = fmpz_poly([1])
        for base, e in zip(SQUARES, powers, strict=True):
            f *= fmpz_poly(base) ** e
        if sum(powers) < 5:
            yield f"no root {powers}", lambda f=f: p.has_no_root(_coefficients(f)), not any(powers[:4])
    for f in ([3, -2, 1], [9, -6, 2], [101, -20, 1], [1, -2, 2], [5, -4, 1, -2, 3]):  # signs change, and no root
        yield f"no root {f}", lambda f=f: p.has_no_root(f), True
        square = _coefficients(fmpz_poly(f) ** 2)
        yield f"no root {square}", lambda square=square: p.has_no_root(square), True
    for f in ([-3, 1], [1, -3], [2, -3, 1], [1, -3, 2]):
        yield f"no root {f}", lambda f=f: p.has_no_root(f), False


def _roots(checker: ModuleType) -> Facts:
    def root(p: list[int], low: Q, high: Q) -> Any:
        return checker.polynomials.Root([*map(Q, p)], [low, high], "root")

    for p, low, high, good in [
        ([-2, 0, 1], Q(1), Q(2), True),
        ([-2, 0, 1], Q(-2), Q(2), False),
        ([-2, 0, 1], Q(2), Q(3), False),
        ([-2, 0, 1], Q(2), Q(1), False),
        ([2, 0, -1], Q(1), Q(2), False),
        ([-2, 0, 1, 0], Q(1), Q(2), False),
        ([3], Q(1), Q(2), False),
        ([-4, 0, 1], Q(1), Q(2), False),
        ([-4, 0, 1], Q(2), Q(3), False),
        ([2, -3, 1], Q(1), Q(3), False),
        ([2, -3, 1], Q(0), Q(2), False),
        ([0, -2, 1], Q(0), Q(3), False),
        ([0, -2, 1], Q(1), Q(2), False),
        ([-2, 1], Q(2), Q(2), True),
        ([-4, 2], Q(2), Q(2), False),
        ([2, -1], Q(2), Q(2), False),
        ([-1, 0], Q(1), Q(1), False),
        ([-4, 0, 1], Q(2), Q(2), False),
    ]:
        yield (
            f"root {p} {low} {high}",
            lambda p=p, low=low, high=high: answer(checker, root, p, low, high) != "refused",
            good,
        )
    yield (
        "halves of a fraction",
        lambda: answer(checker, checker.polynomials.Root, [Q(-1, 2), Q(1)], [Q(0), Q(1)], ""),
        "refused",
    )

    def halved(times: int, p: list[int], low: Q, high: Q) -> Any:
        found = root(p, low, high)
        for _ in range(times):
            found.halve()
        return found.low, found.high

    def truth(times: int, p: list[int], low: Q, high: Q) -> tuple[Q, Q]:
        f = fmpz_poly(p)
        for _ in range(times):
            middle = (low + high) / 2
            above = (f(fmpq(middle.numerator, middle.denominator)) > 0) == (
                f(fmpq(high.numerator, high.denominator)) > 0
            )
            low, high = (low, middle) if above else (middle, high)
        return low, high

    for args in ((5, [-2, 0, 1], Q(1), Q(2)), (7, [1, -5, 3], Q(0), Q(1)), (7, [1, -5, 3], Q(1), Q(2))):
        yield f"halved {args}", lambda args=args: halved(*args), truth(*args)
    yield "halved at a root", lambda: answer(checker, halved, 1, [-4, 0, 1], Q(1), Q(3)), "refused"

    def scaled() -> Any:
        found = root([1, -5, 3], Q(1), Q(2)).monic()
        return found.p, found.low, found.high

    yield "times 3", scaled, ([3, -5, 1], Q(3), Q(6))
    for f in POLYNOMIALS[1:]:
        for p, low, high in (([-2, 0, 1], Q(1), Q(2)), ([1, -5, 3], Q(0), Q(1)), ([-3, 2], Q(3, 2), Q(3, 2))):
            rest = [Q(c) for c in f]
            while len(rest) >= len(p):  # modulo p
                top = rest.pop() / p[-1]
                for i, c in enumerate(p[:-1]):
                    rest[len(rest) - len(p) + 1 + i] -= top * c
            lcd = 1
            for c in rest:
                lcd *= c.denominator
            whole = [int(c * lcd) for c in rest]
            while whole and not whole[-1]:
                whole.pop()
            if whole:

                def sign(whole: Any = whole, p: Any = p, low: Any = low, high: Any = high) -> Any:
                    return root(p, low, high).sign_of(whole)

                yield f"sign {whole} at a root of {p}", sign, _sign_at(whole, p, low, high)
    near = [-(isqrt(2 * 10**24) + 1), 10**12]  # just above the root of 2: all halvings are needed
    yield "near sign", lambda: root([-2, 0, 1], Q(1), Q(2)).sign_of(near), -1
    near = [-isqrt(2 * 10**40), 10**20]
    yield "nearer sign", lambda: root([-2, 0, 1], Q(1), Q(2)).sign_of(near), 1
    reducible = [6, 0, -5, 0, 1]  # (α² − 2)(α² − 3)
    yield (
        "not irreducible",
        lambda: answer(checker, lambda: root(reducible, Q(6, 5), Q(3, 2)).sign_of([-2, 0, 1])),
        "refused",
    )
    yield "not irreducible, but no root", lambda: root(reducible, Q(6, 5), Q(3, 2)).sign_of([-3, 0, 1]), -1


def _sign_at(f: list[int], p: list[int], low: Q, high: Q) -> int:
    before, ctx.prec = ctx.prec, 400
    try:
        if low == high:
            at = arb(low.numerator) / low.denominator
        else:
            (at,) = [r.real for r, _ in fmpz_poly(p).complex_roots() if r.imag == 0 and low < _mid(r.real) < high]
        value = arb(0)
        for c in reversed(f):
            value = value * at + c
        return 1 if value > 0 else -1
    finally:
        ctx.prec = before


def _mid(x: arb) -> float:
    return float(x.mid())


TWO, SMALL, LARGE = ([-2, 0, 1], Q(1), Q(2)), ([1, -5, 3], Q(0), Q(1)), ([1, -5, 3], Q(1), Q(2))
"""√2, and (5 ± √13)/6 ≈ 0.232, 1.434."""


def _rational(x: Q) -> tuple[list[int], Q, Q]:
    return [-x.numerator, x.denominator], x, x


PLACES: list[tuple[Any, Any, Q, list[tuple[list[int], Any]]]] = [
    # from, to, sample, and signs on the interval
    (_rational(Q(0)), None, Q(1), [([1, 1], 1), ([-1, 1], "refused"), ([-1, -2], -1), ([0, 1], 1), ([2, -2, 1], 1)]),
    (_rational(Q(1, 2)), _rational(Q(2)), Q(1), [([-1, 2], 1), ([2, -1], 1), ([-2, 0, 1], "refused"), ([-2, 1], -1)]),
    (
        TWO,
        None,
        Q(2),
        [([-2, 0, 1], 1), ([2, 0, -1], -1), ([-4, 0, 0, 0, 1], 1), ([-3, 0, 1], "refused"), ([-1, 1], 1)],
    ),
    (
        TWO,
        _rational(Q(3)),
        Q(5, 2),
        [([-2, 0, 1], 1), ([-9, 0, 1], -1), ([18, 0, -11, 0, 1], -1), ([-2, 1], "refused")],
    ),
    (
        _rational(Q(0)),
        TWO,
        Q(1),
        [([-2, 0, 1], -1), ([-1, 1], "refused"), ([4, 0, -4, 0, 1], 1), ([-4, 0, 1], -1), ([-3, 0, 1], "refused")],
    ),
    (_rational(Q(0)), TWO, Q(1, 4), [([-2, 0, 1], -1), ([0, -2, 0, 1], -1), ([-1, 2], "refused")]),
    (SMALL, LARGE, Q(1), [([1, -5, 3], -1), ([-1, 5, -3], 1), ([1, -10, 31, -30, 9], 1), ([-1, 2], "refused")]),
    (TWO, _rational(Q(3)), Q(2), [([-2, 0, 1], 1), ([2, 0, -1], -1)]),
    (_rational(Q(1)), ([-2, 0, 1], Q(5, 4), Q(2)), Q(9, 8), [([-2, 0, 1], -1), ([2, 0, -1], 1)]),
    # the other root of an end's polynomial lies inside: there it has not one sign
    (_rational(Q(0)), LARGE, Q(1), [([1, -5, 3], "refused"), ([1, 1], 1)]),
    (SMALL, _rational(Q(2)), Q(3, 2), [([1, -5, 3], "refused"), ([-2, 1], -1)]),
    (SMALL, None, Q(3), [([1, -5, 3], "refused"), ([0, 1], 1)]),
    # ends are known by their outer bounds: up to 2 there are other roots
    (SMALL, TWO, Q(1), [([1, -5, 3], "refused"), ([-2, 0, 1], -1)]),
    (([1, -5, 3], Q(0), Q(1)), ([1, -5, 3], Q(5, 4), Q(2)), Q(1), [([1, -5, 3], -1)]),
]
AT_ENDS = [
    # from, to, sample, whether it is inside
    (_rational(Q(1)), None, Q(1), False),
    (_rational(Q(1)), _rational(Q(2)), Q(2), False),
    (_rational(Q(-1)), None, Q(1), False),
    (TWO, None, Q(2), True),
    (TWO, None, Q(3, 2), False),
    (_rational(Q(0)), TWO, Q(1), True),
    (_rational(Q(0)), TWO, Q(3, 2), False),
    (TWO, _rational(Q(2)), Q(2), False),
    (_rational(Q(1)), TWO, Q(1), False),
]


def _places(checker: ModuleType) -> Facts:
    def cell(low: Any, high: Any, sample: Q) -> Any:
        ends = [x and checker.polynomials.Root([*map(Q, x[0])], list(x[1:]), "end") for x in (low, high)]
        return checker.step_places.Cell(*ends, sample, "cell")

    for low, high, sample, signs in PLACES:
        for f, expected in signs:

            def sign(low: Any = low, high: Any = high, sample: Any = sample, f: Any = f) -> Any:
                place = cell(low, high, sample)
                total: list[int] = []  # u^n f(v/u)
                for k, c in enumerate(f):
                    term = [c] if c else []
                    for factor in [place.v] * k + [place.u] * (len(f) - 1 - k):
                        term = checker.polynomials.product(term, factor)
                    total = checker.polynomials.plus(total, term)
                return place.sign(total)

            yield f"sign of {f} from {low} to {high}", lambda sign=sign: answer(checker, sign), expected
    for low, high, sample, inside in AT_ENDS:
        yield (
            f"{sample} from {low} to {high}",
            lambda low=low, high=high, sample=sample: answer(checker, cell, low, high, sample) != "refused",
            inside,
        )
    for p, sample, good in (
        (TWO, Q(1), True),
        (TWO, Q(2), True),
        (TWO, Q(7, 3), False),
        (SMALL, Q(0), True),
        (_rational(Q(0)), Q(0), False),
        (_rational(Q(3)), Q(3), True),
        (([-3, 0, 1], Q(-2), Q(-1)), Q(-3, 2), False),
        (([-1, 1, 1], Q(-1, 2), Q(1)), Q(1, 2), False),
    ):

        def point(p: Any = p, sample: Any = sample) -> Any:
            return checker.step_places.Point(
                checker.polynomials.Root([*map(Q, p[0])], list(p[1:]), "at"), sample, "point"
            )

        yield f"point {p} {sample}", lambda point=point: answer(checker, point) != "refused", good


def _tables(checker: ModuleType) -> Facts:
    """Rule R3 on scores made by hand, where one entry of a table is wrong; over an interval and at a point."""
    proofs = [(name, c, "proved") for name, c in TRUE_PROOFS.items()]
    proofs += [
        (name, c, "refused")
        for name, (c, _) in FALSE_PROOFS.items()
        if name.startswith("R3") and c["problem"]["tokens"]
    ]
    for name, c, expected in proofs:
        alpha = Q(c["problem"]["step"]["alpha"])
        for place in ("point", "interval")[: 1 if name == "R3-scores" else 2]:  # that one holds at its step alone
            yield f"{name}, {place}", lambda c=c, alpha=alpha, place=place: _run(checker, c, alpha, place), expected
    for name, c in TRUE_PROOFS.items():  # rule R3 for all that move
        weaker = {**c, "proof": {"rules": [rule.replace("R1", "R3") for rule in c["proof"]["rules"]]}}
        yield f"{name}, R3", lambda c=weaker: _run(checker, c, Q(c["problem"]["step"]["alpha"]), "point"), "proved"
    follow_each_other = {
        "problem": {"tokens": [["1", "0"], ["0", "1"]], "A": [["0", "1"], ["1", "0"]]},
        "itinerary": [{"sets": [[0, [1]], [1, [0]]]}],
        "proof": {"rules": ["R3", "R3"]},
        "leaders": [],
    }
    yield "a cycle", lambda: _run(checker, follow_each_other, Q(1), "point"), "refused"


def _run(checker: ModuleType, c: Any, alpha: Q, place: str) -> str:
    """Whether the checker's run over a place takes the proof; A need not be symmetric."""
    root, near = checker.polynomials.Root, Q(1, 1000)

    def end(x: Q) -> Any:
        return root([Q(-x.numerator), Q(x.denominator)], [x, x], "end")

    at = (
        checker.step_places.Point(end(alpha), alpha, "place")
        if place == "point"
        else checker.step_places.Cell(end(alpha - near), end(alpha + near), alpha, "place")
    )
    Z, unit = checker.exact.integers([[*map(Q, row)] for row in c["problem"]["tokens"]], *_size(c), "tokens")
    A, _ = checker.exact.integers([[*map(Q, row)] for row in c["problem"]["A"]], *[_size(c)[1]] * 2, "A")
    run = checker.all_steps.Run(Z, unit, A, [1] * len(Z), at, "piece")
    proof = {
        "itinerary": [{"first": 0, "sets": c["itinerary"][0]["sets"]}],
        "layer": 0,
        "rules": c["proof"]["rules"],
        "leaders": c["leaders"],
    }
    return "refused" if answer(checker, run.must_prove, proof) == "refused" else "proved"


def _size(c: Any) -> tuple[int, int]:
    return len(c["problem"]["tokens"]), len(c["problem"]["tokens"][0])
