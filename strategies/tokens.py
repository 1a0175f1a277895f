"""Tokens in general position and on lattices: distinct, nonzero, exact.

Each function is a strategy factory `(d, *, min_size, max_size)` and shrinks towards fewer tokens with small integer
coordinates; `GENERAL` lists them as families. Neighbours: `points` holds the sets chosen from, `degenerate` the
families made to be hard.
"""

from fractions import Fraction
from functools import lru_cache

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .family import UNBOUNDED, Family, Room, Tokens, choose, fit, subsets, unbounded
from .points import Point, Points, lattice_points, primitive_points, simplest_first
from .scalars import dyadics as dyadic_scalars
from .scalars import float32_dyadics, large_denominators

# Small enough for ties to be frequent, large enough to choose 16 of them in many ways.
_FEW = 128


def lattice(d: int, *, min_size: int = 1, max_size: int = 12) -> SearchStrategy[Tokens]:
    """Nonzero integer points, small enough that ties are frequent.

    Shrinks towards (1, 0, …), (0, 1, …).

    Args:
        d: the dimension, ≥ 1.
        min_size: the least number of tokens, ≥ 0.
        max_size: the largest.

    Raises:
        InputError: an argument is out of range.
    """
    lo, hi = fit("lattice", unbounded, d, min_size, max_size)
    return subsets(lattice_points(d, max(_FEW, 4 * hi)), lo, hi)


def lattice_fractions(d: int, *, min_size: int = 1, max_size: int = 12) -> SearchStrategy[Tokens]:
    """Points p, p/2, p/3 and p/4 of small integer points p, so that tokens lie on common rays and between each other.

    Shrinks towards integer points.

    Args:
        d: the dimension, ≥ 1.
        min_size: the least number of tokens, ≥ 0.
        max_size: the largest.

    Raises:
        InputError: an argument is out of range.
    """
    lo, hi = fit("lattice_fractions", unbounded, d, min_size, max_size)
    return subsets(_fractions(d, max(_FEW // 2, 2 * hi)), lo, hi)


def dyadic(d: int, *, min_size: int = 1, max_size: int = 12) -> SearchStrategy[Tokens]:
    """Coordinates m/2^e with |m| ≤ 1000 and e ≤ 20.

    Shrinks towards integer points.

    Args:
        d: the dimension, ≥ 1.
        min_size: the least number of tokens, ≥ 0.
        max_size: the largest.

    Raises:
        InputError: an argument is out of range.
    """
    return _by_coordinate("dyadic", dyadic_scalars(), d, min_size, max_size)


def large_denominator(d: int, *, min_size: int = 1, max_size: int = 12) -> SearchStrategy[Tokens]:
    """Coordinates with denominators near 10^9 that no float holds.

    Shrinks towards integer points.

    Args:
        d: the dimension, ≥ 1.
        min_size: the least number of tokens, ≥ 0.
        max_size: the largest.

    Raises:
        InputError: an argument is out of range.
    """
    return _by_coordinate("large_denominator", large_denominators(), d, min_size, max_size)


def float32(d: int, *, min_size: int = 1, max_size: int = 12) -> SearchStrategy[Tokens]:
    """Coordinates that are float32 numbers with a full mantissa: what a trained embedding looks like.

    Shrinks towards integer points.

    Args:
        d: the dimension, ≥ 1.
        min_size: the least number of tokens, ≥ 0.
        max_size: the largest.

    Raises:
        InputError: an argument is out of range.
    """
    return _by_coordinate("float32", float32_dyadics(), d, min_size, max_size)


def orthant(d: int, *, min_size: int = 1, max_size: int = 12) -> SearchStrategy[Tokens]:
    """Nonzero integer points of one closed orthant: for A = I no two tokens have a negative inner product.

    The origin is outside the hull or on its boundary, never inside. Shrinks towards the nonnegative orthant.

    Args:
        d: the dimension, ≥ 1.
        min_size: the least number of tokens, ≥ 0.
        max_size: the largest.

    Raises:
        InputError: an argument is out of range.
    """
    lo, hi = fit("orthant", unbounded, d, min_size, max_size)
    # 2^min(d, 8) sign patterns of the first axes are enough.
    patterns = st.integers(0, 2 ** min(d, 8) - 1)
    points = _nonnegative_points(d, max(_FEW, 4 * hi))

    def reflect(pattern: int, tokens: Tokens) -> Tokens:
        if not pattern:
            return tokens
        signs = [-1 if pattern >> c & 1 else 1 for c in range(d)]
        return tuple([tuple([s * x for s, x in zip(signs, p, strict=True)]) for p in tokens])

    return st.builds(reflect, patterns, subsets(points, lo, hi))


def scaled(d: int, *, min_size: int = 1, max_size: int = 12) -> SearchStrategy[Tokens]:
    """Small integer points times one huge or tiny factor: a power of 2 or 10 that overflows float32 or float64 scores.

    Shrinks towards the factor 2^30.

    Args:
        d: the dimension, ≥ 1.
        min_size: the least number of tokens, ≥ 0.
        max_size: the largest.

    Raises:
        InputError: an argument is out of range.
    """
    return st.builds(_scale, choose(_FACTORS), lattice(d, min_size=min_size, max_size=max_size))


def mixed_scales(d: int, *, min_size: int = 1, max_size: int = 12) -> SearchStrategy[Tokens]:
    """Coprime integer points, each times its own power 10^e, |e| ≤ 20: a sum of two of them in floats loses one.

    Shrinks towards e = 0.

    Args:
        d: the dimension, ≥ 1.
        min_size: the least number of tokens, ≥ 0.
        max_size: the largest.

    Raises:
        InputError: an argument is out of range.
    """
    lo, hi = fit("mixed_scales", _mixed_room, d, min_size, max_size)
    rays = primitive_points(d, max(_FEW, 4 * hi))

    def decode(codes: list[int]) -> Tokens:
        # Points on different rays differ whatever their powers, so distinct codes are distinct tokens.
        parts = [divmod(code, len(rays)) for code in codes]
        return tuple([tuple([_POWERS[e] * x for x in rays[ray]]) for e, ray in parts])

    codes = st.lists(st.sampled_from(range(len(rays) * len(_POWERS))), min_size=lo, max_size=hi, unique=True)
    return codes.map(decode)


_POWERS = tuple(Fraction(10) ** (sign * e) for e in range(21) for sign in ((1, -1) if e else (1,)))
_FACTORS = tuple(
    Fraction(base) ** (sign * k) for base, k in ((2, 30), (10, 10), (2, 70), (10, 40), (2, 530)) for sign in (1, -1)
)


def _mixed_room(d: int) -> Room:
    """On the line there are two rays only."""
    return (0, 2 * len(_POWERS) if d == 1 else UNBOUNDED)


def _scale(factor: Fraction, tokens: Tokens) -> Tokens:
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
    name: str, scalars: SearchStrategy[Fraction], d: int, min_size: int, max_size: int
) -> SearchStrategy[Tokens]:
    """Tokens whose coordinates are drawn one by one."""
    lo, hi = fit(name, unbounded, d, min_size, max_size)
    token = st.tuples(*[scalars] * d).filter(any)
    return st.lists(token, min_size=lo, max_size=hi, unique=True).map(tuple)


GENERAL = (
    Family("lattice", lattice, unbounded),
    Family("lattice_fractions", lattice_fractions, unbounded),
    Family("dyadic", dyadic, unbounded),
    Family("large_denominator", large_denominator, unbounded),
    Family("float32", float32, unbounded),
    Family("orthant", orthant, unbounded),
    Family("scaled", scaled, unbounded),
    Family("mixed_scales", mixed_scales, _mixed_room),
)

__all__ = [
    "GENERAL",
    "dyadic",
    "float32",
    "large_denominator",
    "lattice",
    "lattice_fractions",
    "mixed_scales",
    "orthant",
    "scaled",
]
