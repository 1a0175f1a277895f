"""Integer configurations of any size in which every end decides, judged fast: each kernel is tried with many sizes.

In a *decisive* configuration the leaders are vertices of a convex polygon and stand where tails are: on the last
place, on the ends of blocks of 8 to 256, and anywhere. For each of them some query has it as its sole winner and some
query has it in a tie of two; the last coordinate, and the ends of blocks of coordinates, decide for some query alone. A
map of the queries carries all that from A = I to other A. One more coordinate, the same for all tokens, moves all
scores by the same amount: far below zero (`sunk`), or so far up that they differ by few units in the last place
(`near`).

All is integers times a power of two, so the exact next tokens are computed by matrix products without rounding. What is
not within half of the judge's tolerance of them goes to the judge; what is would pass there.

Neighbours: `checks.sizes` runs through the sizes; `trial` is the form that is judged, shrunk and shown.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from math import gcd
from random import Random
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ....kernels.bounds.exact_scores import GREATEST_EXPONENT, LEAST_EXPONENT, PRECISION
from ....kernels.bounds.rounding import layer_error
from ....kernels.protocol import Kernel, TieRule
from .trial import HALVES, Arrangement, Call, NotTestedError, apply, stored

LatticeKind = Literal["plain", "near", "sunk"]
"""Scores as they come; all moved up by 2^23 or 2^52; all moved below zero."""
Shape = Literal["identity", "diagonal", "negative", "permutation", "shear", "dense"]
"""What A is."""
SHAPES: tuple[Shape, ...] = get_args(Shape)

BLOCKS = (256, 128, 64, 32, 16, 8)
LIFT = {"bfloat16": 12, "float16": 33, "float32": 2900, "float64": 67_108_900}
"""h with h² just above 2^(p−1): scores moved up by h² differ by units in the last place. Neither a square of few bits
nor, in float64, a number that float32 holds."""
DEPTH = {"bfloat16": 12, "float16": 33, "float32": 3000, "float64": 3000}
"""Scores moved down by its square are negative: all, but for some leaders in bfloat16."""
ALPHAS = (Fraction(1), Fraction(1, 2), Fraction(3), Fraction(0.1), Fraction(1 / 3))
MOST_SCORES = 1 << 22
"""How many scores are looked at at once: 32 MB in float64."""
MOST_SETS = 3
"""Different token sets in a batch; odd, so that blocks of a power of two do not hide which set is which."""


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """One call in integers.

    Args:
        sets: (k, n, d) int64, the different token sets.
        A: (d, d) int64.
        B: size of the batch: row b is set b mod k.
        exponent: all tokens are multiplied by 2^exponent.
        alpha: α, a dyadic rational.
        arrangement: how tokens lie in memory.
        form: how A lies in memory.
    """

    sets: NDArray[np.int64]
    A: NDArray[np.int64]
    B: int
    exponent: int = 0
    alpha: Fraction = Fraction(1)
    arrangement: Arrangement = "contiguous"
    form: Arrangement = "contiguous"

    @property
    def shape(self) -> tuple[int, int, int]:
        """(B, n, d)."""
        return self.B, *self.sets.shape[1:]

    def floats(self, dtype: str) -> NDArray[np.floating]:
        """(k, n, d) the different sets in a dtype; exact, or `is_exact` is False."""
        return stored(np.ldexp(self.sets.astype(np.float64), self.exponent), dtype)

    def batch(self, dtype: str) -> NDArray[np.floating]:
        """(B, n, d) the tokens of all rows."""
        return self.floats(dtype)[np.arange(self.B) % len(self.sets)]

    def is_exact(self, dtype: str) -> bool:
        """Whether every score is exact in the dtype in any order of summation: see `kernels.bounds.exact_scores`."""
        e, p = self.exponent, PRECISION[dtype]
        if min(e, 2 * e) < LEAST_EXPONENT[dtype] or max(e, 2 * e) + p > GREATEST_EXPONENT[dtype]:
            return False
        size, A = np.abs(self.sets).astype(np.float64), np.abs(self.A).astype(np.float64)
        R = size.max(axis=1)
        left, right = size @ A, R @ A.T
        total = (size @ right[:, :, None]).max(initial=0)
        return bool(max(total, left.max(initial=0), right.max(initial=0), R.max(initial=0)) <= 2**p)

    def _followed(self, ties: TieRule) -> Iterator[tuple[int, int, NDArray[np.bool_]]]:
        """(s, i, mask): whom tokens i, i + 1, … of set s follow, (rows, n); right if scores are exact in float64."""
        Z, A = self.sets.astype(np.float64), self.A.astype(np.float64)
        n = Z.shape[1]
        rows = max(1, MOST_SCORES // n)
        for s, i in product(range(len(Z)), range(0, n, rows)):
            scores = (Z[s, i : i + rows] @ A) @ Z[s].T
            if ties == "first":
                yield s, i, np.arange(n) == scores.argmax(axis=1)[:, None]
            else:
                yield s, i, scores == scores.max(axis=1, keepdims=True)

    def masks(self, ties: TieRule) -> NDArray[np.bool_]:
        """(k, n, n) who follows whom; right if the scores are exact in float64."""
        k, n, _ = self.sets.shape
        found = np.empty((k, n, n), dtype=np.bool_)
        for s, i, mask in self._followed(ties):
            found[s, i : i + len(mask)] = mask
        return found

    def excess(self, after: NDArray, dtype: str, ties: TieRule) -> NDArray[np.float64]:
        """(B, n) how far a kernel's next tokens are from the exact ones, in units of the judge's tolerance.

        The rounding here is half a unit at most: what is below `PLAIN` would pass the judge. Infinite where
        nothing is known, because the scores are not exact or a number is not finite, and in half precision, where
        all is left to the judge.

        Args:
            after: (B, n, d) what a kernel returned, normalised.
            dtype: the dtype that it computed in.
            ties: its tie rule.
        """
        if dtype in HALVES or not self.is_exact(dtype):
            return np.full(after.shape[:2], np.inf)
        Z = self.floats("float64")
        count, mean = np.empty(Z.shape[:2], dtype=np.int64), np.empty(Z.shape)
        for s, i, mask in self._followed(ties):
            rows = np.s_[s, i : i + len(mask)]
            count[rows] = mask.sum(axis=1)
            mean[rows] = (mask.astype(np.float64) @ Z[s]) / count[rows][:, None]
        rate = float(self.alpha / (1 + self.alpha))
        place = np.arange(self.B) % len(Z)
        allowed = layer_error(self.floats(dtype), count, 1.0)[place, None, :]

        def ratio(found: NDArray, own: NDArray, mean: NDArray, most: NDArray) -> NDArray[np.float64]:
            with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
                error = np.abs(found.astype(np.float64) - (own + rate * (mean - own)))
                units = np.where(error == 0, 0.0, error / most)
            return np.where(np.isfinite(units) & np.isfinite(most), units, np.inf).max(axis=-1)

        if ties != "any":
            return ratio(after, Z[place], mean[place], allowed)
        nearest = np.full(after.shape[:2], np.inf)
        for s, first, mask in self._followed(ties):
            i, j = np.nonzero(mask)
            i += first
            units = ratio(after[s :: len(Z), i], Z[s, i], Z[s, j], allowed[s :: len(Z)])
            np.minimum.at(nearest[s :: len(Z)].T, i, units.T)
        return nearest

    def call(self) -> Call:
        """The same as a call of exact numbers; equal sets are one object."""
        unit = Fraction(2) ** self.exponent
        sets = [tuple([tuple([unit * v for v in row]) for row in rows]) for rows in self.sets.tolist()]
        A = tuple([tuple([Fraction(v) for v in row]) for row in self.A.tolist()])
        tokens = tuple([sets[b % len(sets)] for b in range(self.B)])
        return Call(tokens, A, self.alpha, self.arrangement, self.form)


PLAIN, CERTAIN = 0.5, 2.0
"""Excess below which a kernel is right, and above which it is wrong, without asking the judge."""


def excess(kernel: Kernel, one: Lattice, dtype: str) -> float:
    """The largest `Lattice.excess` of the kernel's answer; infinite if it raises or returns something else."""
    tokens = one.batch(dtype)
    try:
        after = apply(kernel, tokens, one, stored(one.A, dtype), dtype)
    except (Exception, SystemExit):
        return np.inf
    return float(one.excess(after, dtype, kernel.ties).max())


REDUCTIONS = 150
"""Kernel calls that `reduced` makes at most."""


def reduced(kernel: Kernel, one: Lattice, dtype: str) -> Lattice:
    """A smaller lattice that the kernel is still not plainly right on: rows, sets, tokens and coordinates are left out.

    The judge and the shrinking that follow work with fractions, so they should not meet thousands of numbers.
    """
    left = REDUCTIONS
    progress = True
    while progress:
        progress = False
        for smaller in _smaller(one):
            if left == 0:
                return one
            left -= 1
            with suppress(NotTestedError):  # sizes that the kernel is not asked for
                if excess(kernel, smaller, dtype) > PLAIN:
                    one, progress = smaller, True
                    break
    return one


def _smaller(one: Lattice) -> Iterator[Lattice]:
    k, n, d = one.sets.shape
    if one.B > 1:
        for s in range(k):
            yield replace(one, sets=one.sets[s : s + 1], B=1)
        yield from (replace(one, B=B) for B in (one.B // 2, one.B - one.B // 8, one.B - 1) if k <= B < one.B)
    for axis, size in ((1, n), (2, d)):
        length = size // 2
        while length >= max(1, size // 16):
            for start in range(0, size, length):
                kept = np.delete(np.arange(size), np.s_[start : start + length])
                sets = one.sets.take(kept, axis=axis)
                yield replace(one, sets=sets) if axis == 1 else replace(one, sets=sets, A=one.A[np.ix_(kept, kept)])
            length //= 2


# --- decisive configurations ---------------------------------------------------------------------------------------


def _edges(size: int) -> NDArray[np.int64]:
    """Primitive vectors of coordinates up to `size`, by angle: the edges of a convex polygon."""
    span = range(-size, size + 1)
    found = [(x, y) for x in span for y in span if gcd(x, y) == 1]
    return np.array(sorted(found, key=lambda v: np.arctan2(v[1], v[0])))


POLYGONS = tuple(_edges(size) for size in (1, 2, 3))


def ends(size: int) -> list[int]:
    """Where tails are among `size` places: the last, the ends of the last block of each usual size, the first."""
    last = size - 1
    found = [last]
    for block in BLOCKS:
        start = last - last % block
        found += [start - 1, start] if start else []
    return list(dict.fromkeys([*found, 0, last // 2]))


def decisive(
    rng: Random, n: int, d: int, *, last_leads: bool, tied: bool, small: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(n, d) tokens for A = I, and which of them are queries only (short ones, that no token follows).

    Args:
        rng: the source.
        n: how many tokens.
        d: how many coordinates.
        last_leads: whether the last token is a leader; a query if not.
        tied: whether some queries have ties.
        small: whether numbers must be small, for a dtype of few bits.
    """
    m = min(6 if small and d > 1 else 32, max(1, n // 3))
    places = ends(n) if last_leads else ends(n)[1:]
    places += rng.sample(range(n), min(n, 2 * m))
    places = [p for p in dict.fromkeys(places) if last_leads or p != n - 1 or n == 1][:m]
    queries = [p for p in range(n) if p not in set(places)]
    rng.shuffle(queries)
    tokens = np.zeros((n, d), dtype=np.int64)
    mask = np.ones(n, dtype=np.bool_)
    mask[places] = False
    if d == 1:
        values = [8, 8, -8, 5, -8] if rng.random() < 0.5 else [8, -8, -8, 3]
        values = values if tied else [8, -8, *range(1, 8)]
        tokens[places, 0] = [values[k % len(values)] for k in range(len(places))]
        tokens[queries, 0] = [rng.choice((1, -1, 2, -2, 0) if tied else (1, -1, 2, -2)) for _ in queries]
        return tokens, mask
    edges = POLYGONS[0 if m <= 6 else 1 if m <= 16 else 2]
    K = len(edges)
    vertices = 2 * np.cumsum(edges, axis=0)
    vertices = (2 if small else 4) * (vertices - (vertices[0] + vertices[K // 2]) // 2)
    normals = np.stack([edges[:, 1], -edges[:, 0]], axis=1)  # vertex k − 1 and vertex k tie along normal k
    names = (np.arange(m) + rng.randrange(K)) % K
    order = np.roll(names, rng.randrange(m))
    a, b = _plane(rng, d)
    most = 3 if small else 9
    others = np.array([[rng.randint(-most, most) for _ in range(d)] for _ in places])
    if not tied:  # the largest and the smallest are of one leader each
        others = np.array([rng.sample(range(-m, m + 1), m) for _ in range(d)]).T
    others[:, [a, b]] = vertices[order]
    tokens[places] = others
    sole = [normals[k] + normals[(k + 1) % K] for k in order]
    shared = [normals[(k + 1) % K] if (k + 1) % K in names else normals[k] for k in order]
    axes = [c for c in [*ends(d), *rng.sample(range(d), min(d, 4))] if c not in (a, b)]
    wanted = [q for pair in zip(sole, shared, strict=True) for q in pair] if tied else sole
    for number, place in enumerate(queries):
        if number % 2 and axes:
            tokens[place, axes[number // 2 % len(axes)]] = rng.choice((1, -1))
        else:
            number = number // 2 if axes else number
            q = wanted[number] if number < len(wanted) else rng.choice(wanted)
            tokens[place, [a, b]] = q * rng.randint(1, 2)
    return tokens, mask


def _plane(rng: Random, d: int) -> tuple[int, int]:
    """Two coordinates for the polygon, the last as often as not."""
    a = d - 1 if rng.random() < 0.5 else rng.choice(ends(d))
    return a, rng.choice([c for c in range(d) if c != a])


def _form(rng: Random, d: int, shape: Shape) -> tuple[NDArray[np.int64], Callable[[NDArray], NDArray]]:
    """A, and the map of queries q → q' with q'ᵀA z = c qᵀz, c > 0 (none is known for a dense A)."""
    unit = np.eye(d, dtype=np.int64)
    if shape in ("diagonal", "negative"):
        sign = -1 if shape == "negative" else 1
        entries = np.array([rng.choice((1, 2, 4)) for _ in range(d)])
        return sign * unit * entries, lambda q: sign * q * (4 // entries)
    if shape == "permutation" and d > 1:
        signs = np.array([rng.choice((1, -1)) for _ in range(d)])
        A = np.roll(unit, rng.randrange(1, d), axis=1) * signs[:, None]
        return A, lambda q: q @ A.T
    if shape == "shear" and d > 1:
        a, b = rng.choice(((0, d - 1), (d - 1, 0), tuple(rng.sample(range(d), 2))))
        A, inverse = unit.copy(), unit.copy()
        A[a, b], inverse[a, b] = 3, -3
        return A, lambda q: q @ inverse
    if shape == "dense":
        return np.array([[rng.randint(-2, 2) for _ in range(d)] for _ in range(d)]), lambda q: q
    return unit, lambda q: q


def _has_ties(tokens: NDArray[np.int64], A: NDArray[np.int64]) -> bool:
    """Whether different tokens tie for one of them."""
    Z = tokens.astype(np.float64)
    masks = (mask for _, _, mask in Lattice(tokens[None], A, 1)._followed("all"))
    return any((m @ Z != m.sum(axis=1)[:, None] * Z[m.argmax(axis=1)]).any() for m in masks)


def lattice(
    rng: Random,
    n: int,
    d: int,
    dtype: str,
    *,
    B: int = 1,
    variant: LatticeKind = "plain",
    shape: Shape = "identity",
    exponent: int = 0,
    alpha: Fraction | None = None,
    last_leads: bool | None = None,
    tied: bool = False,
    arrangement: Arrangement = "contiguous",
    form: Arrangement = "contiguous",
) -> Lattice:
    """A decisive configuration of n tokens with d coordinates, or a batch of them.

    Args:
        rng: the source.
        n: tokens.
        d: coordinates; "near" and "sunk" use one of them.
        dtype: whose last bits decide where variant is "near".
        B: size of the batch, of up to three different sets.
        variant: what is done to all scores.
        shape: what A is.
        exponent: tokens are multiplied by 2^exponent.
        alpha: α; one of `ALPHAS` if None.
        last_leads: whether the last token is a leader; in every other set if None.
        tied: whether some queries have ties; if not, nothing shows a mistake about ties, and a dense A is a shear.
        arrangement: how tokens lie in memory.
        form: how A lies in memory.
    """
    lift = 0 if d == 1 else {"plain": 0, "near": LIFT[dtype], "sunk": DEPTH[dtype]}[variant]
    inner, small = d - 1 if lift else d, dtype in HALVES
    if small and variant == "plain" and not exponent:
        exponent = rng.choice((0, -3, 2))  # not integers alone
    A, carried = _form(rng, inner, "shear" if shape == "dense" and not tied else shape)
    sets = []
    for s in range(min(B, MOST_SETS)):
        leads = (s % 2 == 0) if last_leads is None else last_leads
        tokens = np.empty((0, inner), dtype=np.int64)
        for _ in range(20):
            tokens, queries = decisive(rng, n, inner, last_leads=leads, tied=tied, small=small)
            tokens[queries] = carried(tokens[queries])
            if tied or not _has_ties(tokens, A):
                break
        sets.append(tokens)
    whole = np.stack(sets)
    if lift:
        c = rng.choice((0, inner, rng.randint(0, inner)))
        whole = np.insert(whole, c, lift, axis=2)
        A = np.insert(np.insert(A, c, 0, axis=0), c, 0, axis=1)
        A[c, c] = -1 if variant == "sunk" else 1
    return Lattice(whole, A, B, exponent, rng.choice(ALPHAS) if alpha is None else alpha, arrangement, form)
