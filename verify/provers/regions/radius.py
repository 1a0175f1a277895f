"""How far tokens and A may move before the itinerary changes: exact lower bounds, and a move that does change it.

Theorems with proofs: MANY_INPUTS.md §3. Up to the layer at which a token is captured each of its gaps has to stay
positive: gap − aε − bε² > 0 for moves |δ_p| ≤ ε w_p, with numbers that come from P_k, Z^k = P_k Z^0.

Neighbours: `certificates.radius` writes what is found; the checker computes every bound again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from itertools import pairwise
from math import isqrt
from typing import Any

import numpy as np

from ....kernels.exact.configuration import Configuration, Vector, with_changes
from ....kernels.exact.dynamics import over_one_denominator
from ....kernels.exact.matrix import is_positive_definite
from ..freeze.outcome import Frozen, Undecided
from ..freeze.prover import Budget, decide

UNBOUNDED = Fraction(10**6)
"""A radius where nothing binds, as for a single token."""
KEPT_BITS = 40
"""Leading bits of a radius that are kept."""
CLEAR, SPARE = 1e-9, 1.001
"""Floats rule an inequality out if its gap is more than this part of the largest score, a thousand times their error
and more, and its bound a thousandth larger than a radius."""
MODERATE = 120
"""Of numbers beyond 2^±120 floats say nothing: what is bounded has five factors at most."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """Token i has to be ahead for j over l at layer k: what binds.

    Args:
        layer, token, follows, rival: k, i, j, l.
    """

    layer: int
    token: int
    follows: int
    rival: int


@dataclass(frozen=True, slots=True)
class Radius:
    """Lower bounds: every smaller move leaves the itinerary (`leaders`: the leaders) as it is.

    Args:
        configuration: the input.
        tokens, relative, A: absolute, as part of each token's length, and the Frobenius norm of a symmetric change;
            0 at a tie, None where nothing is decided.
        hull: how far tokens may move so that those that lead at layer 0 lead, and the others stay in their hull.
        binding: what binds `tokens`; the tie where it is 0.
        above: a move of the tokens of at most this size changes the itinerary; None where none was found.
        move: that move, (n, d).
        follows: for each layer up to the last capture whom each token follows; () at a tie.
        reason: why nothing is decided.
    """

    configuration: Configuration
    tokens: Fraction | None
    relative: Fraction | None
    A: Fraction | None
    hull: Fraction
    binding: Constraint | None = None
    above: Fraction | None = None
    move: tuple[Vector, ...] | None = None
    follows: tuple[tuple[int, ...], ...] = ()
    reason: str = ""

    @property
    def leaders(self) -> Fraction | None:
        """How far tokens may move without another leader, absolute."""
        return None if self.tokens is None else max(self.tokens, self.hull)


def radius(
    configuration: Configuration,
    budget: Budget | None = None,
    *,
    adversary: bool = True,
    sizes: Sequence[Fraction] | None = None,
) -> Radius:
    """How far the tokens and A may move.

    Args:
        configuration: nonzero, distinct tokens, a constant step; A symmetric positive definite.
        budget: for the proof of its itinerary.
        adversary: whether to look for a move that changes the itinerary.
        sizes: w_p, of which `relative` is a multiple; |z_p| if left out.

    Returns:
        Lower bounds that hold for every move; `A` also keeps A positive definite.
    """
    outcome = decide(configuration, budget)
    if not isinstance(outcome, Frozen):
        why = outcome.reason if isinstance(outcome, Undecided) else "the follow sets never become constant"
        return Radius(configuration, None, None, None, Fraction(0), reason=why)
    n = configuration.n
    rate = configuration.step.rate(0)
    norm = max(sum(map(abs, row), Fraction(0)) for row in configuration.A)
    sizes = sizes or [root_above(sum((v * v for v in row), Fraction(0))) for row in configuration.tokens]
    ones = [Fraction(1)] * n
    layer = _Layer.first(configuration)
    hull = hull_radius(configuration, [i for i, k in outcome.leaders.items() if k == 0])
    captured: set[int] = set()
    follows, found = [], []
    phases = [*outcome.phases]
    while True:
        while len(phases) > 1 and phases[1].first <= layer.k:
            phases.pop(0)
        sets = phases[0].sets
        for i in range(n):
            if i not in captured and len(sets[i]) > 1:
                tie = Constraint(layer.k, i, sets[i][0], sets[i][1])
                zero = Fraction(0)
                return Radius(configuration, zero, zero, zero, hull, tie, zero)
        follows.append(tuple([C[0] for C in sets]))
        moving = [i for i in range(n) if i not in captured]
        found += _constraints(configuration.A, layer, follows[-1], moving, (ones, sizes), norm)
        captured = {i for i, j in enumerate(follows[-1]) if follows[-1][j] == j}
        if len(captured) == n:
            break
        layer = layer.next(follows[-1], rate)
    absolute, binding = _least(found, ones, norm)
    relative, _ = _least(found, sizes, norm)
    of_A = _short(min([c.of_form() for c in found], default=UNBOUNDED))
    while not is_positive_definite(
        [[x - of_A * (i == j) for j, x in enumerate(r)] for i, r in enumerate(configuration.A)]
    ):
        of_A = of_A * 7 / 8
    above, move = _adversary(configuration, found, ones, norm, follows) if adversary else (None, None)
    return Radius(
        configuration,
        absolute,
        relative,
        _short(of_A),
        hull,
        binding and binding.at,
        above,
        move,
        tuple(follows),
    )


@dataclass(frozen=True, slots=True)
class _Layer:
    """Layer k in integers over one denominator each: z_i = points[i] / scale, P_ip = parts[i][p] / whole."""

    k: int
    points: list[list[int]]
    scale: int
    parts: list[dict[int, int]]
    whole: int

    @classmethod
    def first(cls, configuration: Configuration) -> "_Layer":
        return cls(0, *over_one_denominator(configuration.tokens), [{i: 1} for i in range(configuration.n)], 1)

    def next(self, follows: Sequence[int], rate: Fraction) -> "_Layer":
        """The layer after this one, of tokens that follow one each."""
        b, keep, pull = rate.denominator, rate.denominator - rate.numerator, rate.numerator
        points, parts = [], []
        for z, own, j in zip(self.points, self.parts, follows, strict=True):
            points.append([keep * x + pull * y for x, y in zip(z, self.points[j], strict=True)])
            row = {p: keep * x for p, x in own.items()}
            for p, y in self.parts[j].items():
                row[p] = row.get(p, 0) + pull * y
            parts.append(row)
        return _Layer(self.k + 1, points, b * self.scale, parts, b * self.whole)

    def token(self, i: int) -> list[Fraction]:
        return [Fraction(x, self.scale) for x in self.points[i]]

    def row(self, i: int) -> dict[int, Fraction]:
        """P_i, without zeros."""
        return {p: Fraction(x, self.whole) for p, x in self.parts[i].items()}


class _Gap:
    """One inequality ⟨z_i, z_j − z_l⟩ > 0 at a layer, and what moves of the tokens do to it."""

    def __init__(self, A: Any, layer: _Layer, token: int, follows: int, rival: int) -> None:
        self.at = Constraint(layer.k, token, follows, rival)
        self._A, self._own, ahead, behind = A, layer.row(token), layer.row(follows), layer.row(rival)
        self._z = layer.token(token)
        self._ahead = [x - y for x, y in zip(layer.token(follows), layer.token(rival), strict=True)]
        self.gap = _inner(A, self._z, self._ahead)
        self._turn = {p: ahead.get(p, 0) - behind.get(p, Fraction(0)) for p in {**ahead, **behind}}

    @cached_property
    def pulls(self) -> dict[int, list[Fraction]]:
        """A [P_ip (z_j − z_l) + (P_jp − P_lp) z_i] for each token p that matters."""
        result = {}
        for p in {**self._own, **self._turn}:
            own, turn = self._own.get(p, 0), self._turn.get(p, 0)
            v = [own * x + turn * y for x, y in zip(self._ahead, self._z, strict=True)]
            result[p] = [sum((a * x for a, x in zip(row, v, strict=True)), Fraction(0)) for row in self._A]
        return result

    @cached_property
    def lengths(self) -> dict[int, Fraction]:
        """Of these, rounded up."""
        return {p: root_above(sum((x * x for x in v), Fraction(0))) for p, v in self.pulls.items()}

    def radius(self, w: Sequence[Fraction], norm: Fraction) -> Fraction:
        """At most the positive root of gap − aε − bε²."""
        a = sum((w[p] * x for p, x in self.lengths.items()), Fraction(0))
        reach = sum((x * w[p] for p, x in self._own.items()), Fraction(0))
        b = norm * reach * sum((abs(x) * w[p] for p, x in self._turn.items()), Fraction(0))
        limit = a + root_above(a * a + 4 * b * self.gap)
        return _short(2 * self.gap / limit) if limit else UNBOUNDED

    def of_form(self) -> Fraction:
        """gap / |sym(z_i (z_j − z_l)ᵀ)|, rounded down."""
        pairs = list(zip(self._z, self._ahead, strict=True))
        square = sum(((x * v + y * u) ** 2 for x, u in pairs for y, v in pairs), Fraction(0))
        return 2 * self.gap / root_above(square)


def _inner(A: Any, x: Sequence[Fraction], y: Sequence[Fraction]) -> Fraction:
    return sum((u * a * v for row, u in zip(A, x, strict=True) for a, v in zip(row, y, strict=True)), Fraction(0))


def _constraints(
    A: Any,
    layer: _Layer,
    follows: tuple[int, ...],
    tokens: list[int],
    weights: Sequence[Sequence[Fraction]],
    norm: Fraction,
) -> list[_Gap]:
    """The inequalities of a layer that may bind: floats rule out those whose bound is above another's true radius.

    With W_i = Σ_p P_ip w_p the triangle inequality gives a ≤ W_i |A(z_j − z_l)| + (W_j + W_l)|Az_i| and
    b ≤ ‖A‖ W_i (W_j + W_l), and |sym(xyᵀ)| ≤ |x||y|. Of what that leaves a itself is summed, and what the sum may be
    wrong by is added.
    """
    n = len(follows)
    i, other = np.repeat(np.array(tokens, dtype=int), n), np.tile(np.arange(n), len(tokens))
    j = np.array(follows)[i]
    i, j, other = i[j != other], j[j != other], other[j != other]
    if not len(i):
        return []

    @cache
    def at(c: int) -> _Gap:
        return _Gap(A, layer, int(i[c]), int(j[c]), int(other[c]))

    if not (
        all(_is_moderate(v.numerator, v.denominator) for rows in (A, weights) for row in rows for v in row)
        and all(_is_moderate(v, layer.scale) for row in layer.points for v in row)
    ):
        return [at(c) for c in range(len(i))]
    points = np.array([[v / layer.scale for v in row] for row in layer.points])
    form = np.array([[float(v) for v in row] for row in A])
    scores = points @ form @ points.T
    gap = scores[i, j] - scores[i, other]
    far = np.linalg.norm((points[j] - points[other]) @ form, axis=1)
    reach = np.linalg.norm(points @ form, axis=1)[i]
    keep = gap < CLEAR * np.abs(scores).max()

    def rule_out(bound: Any, exactly: Any, nearer: Any = None) -> None:
        """Keep what may be less than a true radius: by a bound of all, and a better one of what that leaves."""
        least = SPARE * float(exactly(at(int(bound.argmin()))))
        for c in np.flatnonzero((bound < least) & ~keep):
            keep[c] = nearer is None or nearer(c) < least

    form_bound = gap / (np.linalg.norm(points[i], axis=1) * np.linalg.norm(points[j] - points[other], axis=1))
    rule_out(form_bound, _Gap.of_form)
    mixed = np.zeros((n, n))
    for p, row in enumerate(layer.parts):
        mixed[p, [*row]] = [x / layer.whole for x in row.values()]
    for w in weights:
        sizes = np.array([float(v) for v in w])
        W = mixed @ sizes
        a, b = W[i] * far + (W[j] + W[other]) * reach, float(norm) * W[i] * (W[j] + W[other])

        def root(a: Any, b: Any, gap: Any) -> Any:
            return 2 * gap / (a + np.sqrt(a * a + 4 * b * np.maximum(gap, 0)) + 1e-300)

        def nearer(c: int, sizes: Any = sizes, a: Any = a, b: Any = b) -> Any:
            ahead, turn = points[j[c]] - points[other[c]], mixed[j[c]] - mixed[other[c]]
            pulls = np.outer(mixed[i[c]], ahead) + np.outer(turn, points[i[c]])
            return root(sizes @ np.linalg.norm(pulls @ form, axis=1) + 1e-12 * a[c], b[c], gap[c])

        rule_out(root(a, b, gap), lambda one, w=w: one.radius(w, norm), nearer)
    return [at(int(c)) for c in np.flatnonzero(keep)]


def _is_moderate(x: int, unit: int) -> bool:
    """Whether products of several such x / unit neither leave the range of floats nor lose digits there."""
    return not x or abs(x.bit_length() - unit.bit_length()) < MODERATE


def _least(found: list[_Gap], w: Sequence[Fraction], norm: Fraction) -> tuple[Fraction, _Gap | None]:
    """The least radius, and what binds."""
    return min(((c.radius(w, norm), c) for c in found), key=lambda pair: pair[0], default=(UNBOUNDED, None))


def root_above(q: Fraction) -> Fraction:
    """A rational that is at least √q, by less than a part in 2^60."""
    shift = max(0, 64 + (q.denominator.bit_length() - q.numerator.bit_length()) // 2)
    return Fraction(isqrt((q.numerator << 2 * shift) // q.denominator) + 1, 1 << shift) if q else q


def _short(value: Fraction) -> Fraction:
    """The value rounded down to a few digits."""
    bits = KEPT_BITS + value.denominator.bit_length() - value.numerator.bit_length()
    unit = Fraction(2) ** bits
    return Fraction(int(value * unit)) / unit


# -- the leaders alone -----------------------------------------------------------------------------------------------


def hull_radius(configuration: Configuration, leading: Sequence[int]) -> Fraction:
    """How far tokens may move so that these lead at layer 0 and all others stay in their hull, d = 2; else 0."""
    if configuration.d != 2 or len(leading) < 3:
        return Fraction(0)
    n, layer = configuration.n, _Layer.first(configuration)
    norm = max(sum(map(abs, row), Fraction(0)) for row in configuration.A)
    ones = [Fraction(1)] * n
    best, _ = _least(_constraints(configuration.A, layer, tuple(range(n)), [*leading], (ones,), norm), ones, norm)
    others = [layer.points[p] for p in {*range(n)} - {*leading}]
    for (x, y), (u, v) in _hull([layer.points[i] for i in leading]) if others else ():
        side = min((u - x) * (q - y) - (v - y) * (p - x) for p, q in others)
        length = root_above(Fraction((u - x) ** 2 + (v - y) ** 2, layer.scale**2))
        best = min(best, Fraction(side, layer.scale**2) / (2 * length))
    return _short(best) if best > 0 else Fraction(0)


def _hull(points: list[Any]) -> list[tuple[Any, Any]]:
    """The edges of a convex hull in the plane, counterclockwise."""
    chains: list[Any] = []
    for half in (sorted(points), sorted(points, reverse=True)):
        chain: list[Any] = []
        for p in half:
            while len(chain) > 1 and _area(chain[-2], chain[-1], p) <= 0:
                chain.pop()
            chain.append(p)
        chains += chain[:-1]
    return list(pairwise([*chains, chains[0]]))


def _area(a: Any, b: Any, c: Any) -> int:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


# -- a move that changes the itinerary -------------------------------------------------------------------------------


def _adversary(
    configuration: Configuration, found: list[_Gap], w: Sequence[Fraction], norm: Fraction, follows: list[Any]
) -> tuple[Fraction | None, tuple[Vector, ...] | None]:
    """The least of the moves against the gradients of the tightest inequalities that changes the itinerary."""
    best: tuple[Fraction | None, tuple[Vector, ...] | None] = (None, None)
    for gap in sorted(found, key=lambda c: c.radius(w, norm))[:3]:
        units = {}
        for p, v in gap.pulls.items():
            size = gap.lengths[p]
            if size:
                units[p] = [_short(abs(x) / size) * (-1 if x > 0 else 1) if x else x for x in v]
        least = gap.radius(w, norm)
        for percent in (1, 2, 3, 5, 8, 12, 20, 40, 80, 200):
            eps = least * (100 + percent) / 100
            if best[0] is not None and eps >= best[0]:
                break
            move = tuple(
                tuple(eps * x for x in units[p]) if p in units else (Fraction(0),) * len(row)
                for p, row in enumerate(configuration.tokens)
            )
            if _changes(configuration, move, follows, gap.at.layer):
                best = (eps, move)
                break
    return best


def _changes(configuration: Configuration, move: Sequence[Vector], follows: list[Any], last: int) -> bool:
    """Whether a set at a layer up to `last` is another one for the moved tokens."""
    tokens = [
        [x + y for x, y in zip(z, delta, strict=True)] for z, delta in zip(configuration.tokens, move, strict=True)
    ]
    moved = with_changes(configuration, tokens=tokens).dynamics()
    for (layer, sets), before, _ in zip(moved.layers(), follows, range(last + 1), strict=False):  # type: ignore[attr-defined]
        del layer
        if sets != tuple((j,) for j in before):
            return True
    return False
