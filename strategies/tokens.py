"""Tokens in general position and on lattices: distinct, nonzero, exact.

Each function is a strategy factory `(d, *, min_size, max_size)` and shrinks towards fewer tokens with small integer
coordinates; `GENERAL` lists them as families. Neighbours: `points` holds the sets chosen from, `degenerate` the
families made to be hard.
"""

from fractions import Fraction
from functools import lru_cache

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from .families.family import UNBOUNDED, Family, Room, Tokens, choose, family, places, subsets
from .points import Point, Points, lattice_points, primitive_points, simplest_first
from .scalars import Codes, dyadic_codes, float32_dyadics, large_denominator_codes, zigzag

# Small enough for ties to be frequent, large enough to choose 16 of them in many ways.
_FEW = 128

GENERAL: list[Family] = []


@family(GENERAL)
def lattice(d: int, lo: int, hi: int) -> SearchStrategy[Tokens]:
    """Nonzero integer points, small enough that ties are frequent.

    Shrinks towards (1, 0, …), (0, 1, …).
    """
    return subsets(lattice_points(d, max(_FEW, 4 * hi)), lo, hi)


@family(GENERAL)
def lattice_fractions(d: int, lo: int, hi: int) -> SearchStrategy[Tokens]:
    """Points p, p/2, p/3 and p/4 of small integer points p, so that tokens lie on common rays and between each other.

    Shrinks towards integer points.
    """
    return subsets(_fractions(d, max(_FEW // 2, 2 * hi)), lo, hi)


@family(GENERAL)
def dyadic(d: int, lo: int, hi: int) -> SearchStrategy[Tokens]:
    """Coordinates m/2^e with |m| ≤ 1000 and e ≤ 20.

    Shrinks towards integer points.
    """
    return _by_coordinate(dyadic_codes(), d, lo, hi)


@family(GENERAL)
def large_denominator(d: int, lo: int, hi: int) -> SearchStrategy[Tokens]:
    """Coordinates with denominators near 10^9 that no float holds.

    Shrinks towards integer points.
    """
    return _by_coordinate(large_denominator_codes(), d, lo, hi)


@family(GENERAL)
def float32(d: int, lo: int, hi: int) -> SearchStrategy[Tokens]:
    """Coordinates that are float32 numbers with a full mantissa: what a trained embedding looks like.

    Shrinks towards integer points.
    """
    mantissas = Codes(2**24, lambda code: Fraction(zigzag(code)))

    def shift(tokens: Tokens, exponent: int) -> Tokens:
        # One exponent for all first coordinates, which keeps them distinct; `float32_dyadics` has one for each value.
        return tuple([(z[0] * Fraction(1, 1 << exponent), *z[1:]) for z in tokens])

    return st.builds(shift, _by_coordinate(mantissas, d, lo, hi, float32_dyadics()), st.integers(0, 31))


@family(GENERAL)
def orthant(d: int, lo: int, hi: int) -> SearchStrategy[Tokens]:
    """Nonzero integer points of one closed orthant: for A = I no two tokens have a negative inner product.

    The origin is outside the hull or on its boundary, never inside. Shrinks towards the nonnegative orthant.
    """

    def reflect(tokens: Tokens, pattern: int) -> Tokens:
        if not pattern:
            return tokens
        signs = [-1 if pattern >> c & 1 else 1 for c in range(d)]
        return tuple([tuple([s * x for s, x in zip(signs, p, strict=True)]) for p in tokens])

    points = _nonnegative_points(d, max(_FEW, 4 * hi))
    # The sign patterns of the first eight axes are enough.
    return st.builds(reflect, subsets(points, lo, hi), st.integers(0, 2 ** min(d, 8) - 1))


@family(GENERAL)
def scaled(d: int, lo: int, hi: int) -> SearchStrategy[Tokens]:
    """Small integer points times one huge or tiny factor: a power of 2 or 10 that overflows float32 or float64 scores.

    Shrinks towards the factor 2^30.
    """
    return st.builds(_scale, lattice(d, min_size=lo, max_size=hi), choose(_FACTORS))


def _mixed_room(d: int) -> Room:
    """On the line there are two rays only."""
    return (0, 2 * len(_POWERS) if d == 1 else UNBOUNDED)


@family(GENERAL, _mixed_room)
def mixed_scales(d: int, lo: int, hi: int) -> SearchStrategy[Tokens]:
    """Coprime integer points, each times its own power 10^e, |e| ≤ 20: a sum of two of them in floats loses one.

    Shrinks towards e = 0.
    """
    rays = primitive_points(d, max(_FEW, 4 * hi))

    def decode(codes: list[int]) -> Tokens:
        # Points on different rays differ whatever their powers, so distinct codes are distinct tokens.
        parts = [divmod(code, len(rays)) for code in codes]
        return tuple([tuple([_POWERS[e] * x for x in rays[ray]]) for e, ray in parts])

    return places(len(rays) * len(_POWERS), lo, hi).map(decode)


_POWERS = tuple(Fraction(10) ** (sign * e) for e in range(21) for sign in ((1, -1) if e else (1,)))
_FACTORS = tuple(
    Fraction(base) ** (sign * k) for base, k in ((2, 30), (10, 10), (2, 70), (10, 40), (2, 530)) for sign in (1, -1)
)


def _scale(tokens: Tokens, factor: Fraction) -> Tokens:
    return tuple([tuple([factor * x for x in p]) for p in tokens])


@lru_cache
def _fractions(d: int, count: int) -> Points:
    """Points p/q, 1 ≤ q ≤ 4, of at least `count` integer points p."""
    return simplest_first(tuple(Fraction(x, q) for x in p) for q in (1, 2, 3, 4) for p in lattice_points(d, count))


@lru_cache
def _nonnegative_points(d: int, count: int) -> tuple[Point, ...]:
    """At least `count` nonzero points with nonnegative integer coordinates, smallest first."""
    size = count
    while len(points := [p for p in lattice_points(d, size) if min(p) >= 0]) < count:
        size *= 2
    return tuple(points)


def _by_coordinate(
    codes: Codes, d: int, min_size: int, max_size: int, other: SearchStrategy[Fraction] | None = None
) -> SearchStrategy[tuple[tuple[Fraction, ...], ...]]:
    """Tokens whose coordinates are drawn one by one: distinct nonzero `codes` first, `other` scalars in the rest.

    Distinct first coordinates make distinct tokens without rejecting any. `other` is the strategy of `codes` if None.
    """
    scalar = codes.strategy() if other is None else other
    rows = {}  # n: a strategy for the n (d − 1) coordinates after the first

    @st.composite
    def tokens(draw: DrawFn) -> tuple[tuple[Fraction, ...], ...]:
        first = [codes.decode(place + 1) for place in draw(places(codes.count - 1, min_size, max_size))]
        n = len(first)
        if n not in rows:
            rows[n] = st.tuples(*[scalar] * (n * (d - 1)))
        rest = draw(rows[n])
        return tuple([(x, *rest[i * (d - 1) : (i + 1) * (d - 1)]) for i, x in enumerate(first)])

    return tokens()
