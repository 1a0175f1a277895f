"""How far tokens and A may move before the itinerary changes: exact lower bounds, and a move that does change it.

Theorems with proofs: MANY_INPUTS.md §4. Up to the layer at which a token is captured each of its gaps has to stay
positive: gap − aε − bε² > 0 for moves |δ_p| ≤ ε w_p, with numbers that come from P_k, Z^k = P_k Z^0.

Neighbours: `certificates.radius` writes what is found; the checker computes every bound again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import count, pairwise
from math import isqrt
from typing import Any

import numpy as np

from ....kernels.exact.configuration import Configuration, Vector, with_changes
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
    z = [list(row) for row in configuration.tokens]
    rate = configuration.step.rate(0)
    norm = max(sum(map(abs, row), Fraction(0)) for row in configuration.A)
    sizes = sizes or [root_above(sum((v * v for v in row), Fraction(0))) for row in configuration.tokens]
    ones = [Fraction(1)] * n
    P: list[dict[int, Fraction]] = [{i: Fraction(1)} for i in range(n)]
    hull = hull_radius(configuration, [i for i, k in outcome.leaders.items() if k == 0])
    captured: set[int] = set()
    follows, found = [], []
    phases = [*outcome.phases]
    for k in count():
        while len(phases) > 1 and phases[1].first <= k:
            phases.pop(0)
        sets = phases[0].sets
        for i in range(n):
            if i not in captured and len(sets[i]) > 1:
                tie = Constraint(k, i, sets[i][0], sets[i][1])
                zero = Fraction(0)
                return Radius(configuration, zero, zero, zero, hull, tie, zero)
        follows.append(tuple([C[0] for C in sets]))
        found += _constraints(
            configuration.A, z, P, k, follows[-1], [i for i in range(n) if i not in captured], (ones, sizes), norm
        )
        captured = {i for i, j in enumerate(follows[-1]) if follows[-1][j] == j}
        if len(captured) == n:
            break
        z = [[(1 - rate) * x + rate * y for x, y in zip(z[i], z[j], strict=True)] for i, j in enumerate(follows[-1])]
        P = [_mixed(P[i], P[j], rate) for i, j in enumerate(follows[-1])]
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


def _mixed(x: dict[int, Fraction], y: dict[int, Fraction], rate: Fraction) -> dict[int, Fraction]:
    return {p: (1 - rate) * x.get(p, 0) + rate * y.get(p, 0) for p in {**x, **y}}


class _Gap:
    """One inequality ⟨z_i, z_j − z_l⟩ > 0 at a layer, and what moves of the tokens do to it."""

    def __init__(self, A: Any, z: Any, P: Sequence[dict[int, Fraction]], at: Constraint) -> None:
        self.at, i, j, other = at, at.token, at.follows, at.rival
        self._A, self._own = A, P[i]
        self._z = z[i]
        self._ahead = [x - y for x, y in zip(z[j], z[other], strict=True)]
        self.gap = _inner(A, self._z, self._ahead)
        self._turn = {p: P[j].get(p, Fraction(0)) - P[other].get(p, Fraction(0)) for p in {**P[j], **P[other]}}

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
    z: list[list[Fraction]],
    P: list[dict[int, Fraction]],
    k: int,
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
    n = len(z)
    pairs = np.array([(i, p) for i in tokens for p in range(n) if p != follows[i]])
    if not len(pairs):
        return []
    i, other = pairs.T

    def at(c: int) -> _Gap:
        return _Gap(A, z, P, Constraint(k, int(i[c]), int(follows[i[c]]), int(other[c])))

    if not all(_is_moderate(x) for rows in (A, z, weights) for row in rows for x in row):
        return [at(c) for c in range(len(pairs))]
    j = np.array(follows)[i]
    points = np.array([[float(v) for v in row] for row in z])
    form = np.array([[float(v) for v in row] for row in A])
    scores = points @ form @ points.T
    gap = scores[i, j] - scores[i, other]
    far = np.linalg.norm((points[j] - points[other]) @ form, axis=1)
    reach = np.linalg.norm(points @ form, axis=1)[i]
    keep = gap < CLEAR * np.abs(scores).max()

    def rule_out(bound: Any, exactly: Any, nearer: Any = None) -> None:
        """Keep what may be less than a true radius: by a bound of all, and a better one of what that leaves."""
        least = SPARE * float(exactly(at(int(bound.argmin()))))
        for c in np.flatnonzero(bound < least):
            keep[c] |= nearer is None or nearer(c) < least

    form_bound = gap / (np.linalg.norm(points[i], axis=1) * np.linalg.norm(points[j] - points[other], axis=1))
    rule_out(form_bound, _Gap.of_form)
    mixed = np.zeros((n, n))
    for p, row in enumerate(P):
        mixed[p, [*row]] = [float(x) for x in row.values()]
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


def _is_moderate(x: Fraction) -> bool:
    """Whether products of several such numbers neither leave the range of floats nor lose digits there."""
    return not x or abs(x.numerator.bit_length() - x.denominator.bit_length()) < MODERATE


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
    n, tokens = configuration.n, [list(row) for row in configuration.tokens]
    P: list[dict[int, Fraction]] = [{i: Fraction(1)} for i in range(n)]
    norm = max(sum(map(abs, row), Fraction(0)) for row in configuration.A)
    ones = [Fraction(1)] * n
    gaps = _constraints(configuration.A, tokens, P, 0, tuple(range(n)), [*leading], (ones,), norm)
    best, _ = _least(gaps, ones, norm)
    edges = _hull([tuple(configuration.tokens[i]) for i in leading])
    for p in {*range(n)} - {*leading}:
        for (x, y), (u, v) in edges:
            side = (u - x) * (tokens[p][1] - y) - (v - y) * (tokens[p][0] - x)
            best = min(best, side / (2 * root_above((u - x) ** 2 + (v - y) ** 2)))
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


def _area(a: Any, b: Any, c: Any) -> Fraction:
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
