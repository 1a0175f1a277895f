"""The judgement on one layer of a float kernel: right, lost to rounding, or wrong. No other code decides it.

Exact tokens z_i and A are known; the kernel got floats ẑ with |ẑ − z| ≤ E and Â with |Â − A| ≤ H (0 where it got the
values themselves) and returned next tokens, and its follow sets if it tells them. No tolerance is chosen by hand:

- *Decisions.* Let 2B_i be `rounding.decision_bound` of (ẑ, Â, E), plus what H adds, and near_i the tokens whose exact
  score lies within 2B_i of the best. The set that token i follows must be a non-empty part of near_i: one token, unless
  the tie rule is "all". It must be *the* exact one (C_i under the rule "all", its first token under "first", any one of
  it under "any") if near_i = C_i is one token, or if the scores are *exact in the dtype* (E = H = 0, `exact_scores`).
- *Values.* The next token must lie within `rounding.layer_error` of (1 − λ) z_i + λ mean(S), for the set S that the
  kernel tells, else for some S that it may follow. With more than `MOST_SUBSETS` near tokens the box of their hull
  stands for all S.
  In half precision, where the tokens are exact, `half.token_error` of z_i and S takes the place of that one number.
- *Lost*: it came out otherwise than in the exact layer, and may. Anything else is *wrong*, NaN too, and an update whose
  αR overflows where its result does not (nor does λ): E⁺ is taken at α = 1, and (2) of `rounding` holds for every α if
  nothing overflows. Where E⁺ is infinite, values are not judged.

**A right kernel is never called wrong.** A kernel is right if its operations are those of `rounding` (sums in any
order, any of the three updates, FMA, flushing; none that overflows in an update), if S_i maximises its own float scores
ŝ_ij (all of them, the first, or one, as it declares), and if it moves i by its mean over S_i.
(a) |ŝ_ij − s_ij| ≤ B_i by (1) there, for s_ij = z_iᵀAz_j: what Â changes in a score is at most Σ |x_b| H_bc |y_c| over
|x|, |y| ≤ R + E, and is part of B_i. For j in S_i and a maximiser c of s_i: s_ij ≥ ŝ_ij − B_i ≥ ŝ_ic − B_i ≥
s_ic − 2B_i, so j is in near_i. Where 2B_i is infinite, near_i is every token.
(b) If near_i = C_i is one token, S_i, not empty, is C_i. If the scores are exact in the dtype, ŝ = s whatever the order
of summation, so S_i is what the rule makes of C_i.
(c) Equation (2) of `rounding` is about the mean over any one set of m tokens: with |S_i| ≤ m, m the larger
of |near_i| and the largest follow set, its E⁺ bounds the distance to the exact mean over S_i, and the box over near_i
contains that mean. α comes as a float64: for float64 that is one of its 4 factors, for shorter dtypes a factor 1 + 2⁻⁵³
more, at most 4 in all, which SLACK (2⁻²⁰ of at least 17u) exceeds.
(d) The comparison with E⁺ is one of rationals; floats only accept what is far inside it, see `beyond`.

Neighbours: `rounding` has the bounds, `exact_scores` tells which rows are exact; `crosscheck` applies this to any
configuration, the conformance suite to trials made for it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import combinations
from math import frexp, lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..exact.configuration import Configuration, Matrix
from ..exact.dynamics import Dynamics, Layer, Sets
from ..protocol import TieRule
from .exact_scores import PRECISION, exact_scores
from .half import HALVES, followed, token_error
from .rounding import decision_bound, layer_error

MOST_SUBSETS = 8
"""With more near-maximisers than this, the subsets are not tried one by one: their convex hull's box is used."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the exact kernel says about one token.

    Args:
        expected: the follow set by the kernel's tie rule.
        gap: the best score minus the best one outside C_i, None if nothing is outside.
        gap_ulps: the same in units in the last place of the best score, in the dtype; 0 if C_i holds different tokens.
        determined: whether a float kernel must get it right.
        near: the tokens whose score is within the bound of the best; C_i if determined.
    """

    expected: tuple[int, ...]
    gap: Fraction | None
    gap_ulps: float | None
    determined: bool
    near: tuple[int, ...]

    def allows(self, told: tuple[int, ...]) -> bool:
        """Whether a right kernel may follow this set."""
        return told == self.expected if self.determined else bool(told) and set(told) <= set(self.near)


class ExactLayer:
    """One layer of one configuration, exactly, under a tie rule; immutable.

    Args:
        dynamics: of a configuration without multiplicities whose tokens follow the largest score.
        layer: one of its layers.
        ties: the rule.
    """

    __slots__ = (
        "dynamics",
        "expected",
        "gaps",
        "layer",
        "next",
        "next_tokens",
        "sets",
        "ties",
        "tokens",
        "tops",
        "unit",
    )

    def __init__(self, dynamics: Dynamics, layer: Layer, ties: TieRule) -> None:
        self.dynamics, self.layer, self.ties = dynamics, layer, ties
        self.tokens: Matrix = layer.tokens()
        # scores() are integers: numerators over D² times the common denominator of A
        A = dynamics.configuration.A
        self.unit = Fraction(1, int(layer.denominator) ** 2 * lcm(*(v.denominator for row in A for v in row)))
        rows = _small_rows(dynamics, layer) or [_decided(row) for row in dynamics.scores(layer)]
        self.sets: Sets = tuple([C for C, _, _ in rows])
        self.tops: tuple[int, ...] = tuple([top for _, top, _ in rows])
        self.gaps: tuple[int | None, ...] = tuple([gap for _, _, gap in rows])
        self.expected: Sets = self.sets if ties == "all" else tuple([C[:1] for C in self.sets])
        self.next = dynamics.next_layer(layer, self.expected)
        self.next_tokens: Matrix = self.next.tokens()

    def tied(self, i: int) -> bool:
        """Whether C_i holds different tokens."""
        return len({self.tokens[j] for j in self.sets[i]}) > 1

    def scores(self, i: int) -> list[Fraction]:
        """⟨z_i, z_l⟩ for every l."""
        return [int(score) * self.unit for score in self.dynamics.scores(self.layer, [i])[0]]

    def decision(self, i: int, dtype: str, exact: bool, bound: float) -> Decision:
        """The decision of token i for a kernel that computes in `dtype`.

        Args:
            i: the token.
            dtype: what it computes in.
            exact: whether its scores are exact in the dtype.
            bound: `rounding.decision_bound` of the token.
        """
        C, gap = self.sets[i], self.gaps[i]
        several = self.tied(i)
        real = None if gap is None else gap * self.unit
        size = (self.tops[i] or gap or 0) * self.unit  # a best score of 0 is compared with the next one
        ulps = 0.0 if several else None if real is None else float(real / _ulp(size, dtype))
        if exact:  # under the rule "any" every maximiser is right, and `near` says which they are
            return Decision(self.expected[i], real, ulps, not (self.ties == "any" and several), C)
        scores = self.scores(i)
        top = max(scores)
        limit = Fraction(bound) if np.isfinite(bound) else top - min(scores)  # no bound: all are near
        near = tuple([j for j, score in enumerate(scores) if top - score <= limit])
        return Decision(self.expected[i], real, ulps, near == C and len(C) == 1, near)


def _decided(row: Sequence[Any]) -> tuple[tuple[int, ...], int, int | None]:
    """Maximisers, maximum, and gap to the next value of a row of integer scores."""
    top = max(row)
    members = tuple([j for j, score in enumerate(row) if score == top])
    return members, int(top), None if len(members) == len(row) else int(top - max(s for s in row if s != top))


def _small_rows(dynamics: Dynamics, layer: Layer) -> list[tuple[tuple[int, ...], int, int | None]] | None:
    """`_decided` of every row in 64-bit integers; None where a partial sum of a score might not fit in them."""
    N = [[int(v) for v in row] for row in layer.numerators.to_list()]
    M = [[int(v) for v in row] for row in dynamics.form.to_list()]
    largest = [max(map(abs, column)) for column in zip(*N, strict=True)]
    # bounds |N||M| entry by entry as well, since every |N| that enters a score is an integer, 0 or at least 1
    bound = sum(
        max(r, 1) * abs(m) * max(s, 1)
        for r, row in zip(largest, M, strict=True)
        for m, s in zip(row, largest, strict=True)
    )
    if bound >= 1 << 62:
        return None
    Z = np.array(N, dtype=np.int64)
    scores = Z @ np.array(M, dtype=np.int64) @ Z.T
    best = scores.max(axis=1, keepdims=True)
    mask = scores == best
    gaps = (best[:, 0] - np.where(mask, -(1 << 62), scores).max(axis=1)).tolist()
    count = mask.sum(axis=1)
    return [
        (tuple(np.flatnonzero(row).tolist()), top, None if m == len(N) else gap)
        for row, top, gap, m in zip(mask, best[:, 0].tolist(), gaps, count.tolist(), strict=True)
    ]


KEPT_LAYERS, KEPT_NUMBERS = 512, 8192
"""How many exact layers are kept, and how many numbers one of them may have: some hundred megabytes at most."""


def exact_layer(tokens: Matrix, A: Matrix, alpha: Fraction, ties: TieRule) -> ExactLayer:
    """The exact layer; computed once for all kernels, dtypes and arrangements that are judged by it."""
    n, d = len(tokens), len(A)
    return (_kept if n * max(n, d) <= KEPT_NUMBERS else _kept.__wrapped__)(tokens, A, alpha, ties)


@lru_cache(maxsize=KEPT_LAYERS)
def _kept(tokens: Matrix, A: Matrix, alpha: Fraction, ties: TieRule) -> ExactLayer:
    dynamics = Dynamics(Configuration(tokens, A, alpha))
    return ExactLayer(dynamics, dynamics.first, ties)


def _ulp(value: Fraction, dtype: str) -> Fraction:
    """The unit in the last place of the binade that |value| lies in, in `dtype`."""
    if value == 0:
        return Fraction(1)
    return Fraction(2) ** (frexp(float(value))[1] - PRECISION[dtype])


@dataclass(frozen=True, slots=True)
class JudgedToken:
    """A token that did not come out as in the exact layer.

    Args:
        token: its index.
        wrong: whether no right kernel does that; else it is lost to rounding.
        decision: what the exact kernel says about it.
        bound: 2B_i, infinite if there is none.
        tolerance: (d,) how far its next token may be from where a set leads it.
    """

    token: int
    wrong: bool
    decision: Decision
    bound: float
    tolerance: NDArray[np.float64]


def judged(
    exact: ExactLayer,
    tokens: NDArray[np.floating],
    A: NDArray[np.floating],
    after: NDArray[np.float64],
    dtype: str,
    *,
    error: NDArray[np.float64] | None = None,
    form_error: Sequence[Sequence[Fraction]] | None = None,
    told: Sets | None = None,
) -> Iterator[JudgedToken]:
    """The tokens of one layer that are not as in the exact one, in order; of those not given nothing is wrong.

    Args:
        exact: the exact layer, under the kernel's tie rule.
        tokens: (n, d) ẑ, what the kernel got.
        A: (d, d) Â, what it got.
        after: (n, d) what it returned, as float64.
        dtype: what it computes in.
        error: (d,) E with |ẑ − z| ≤ E; None if ẑ = z.
        form_error: (d, d) H = |Â − A|; None if Â = A.
        told: the follow sets that it tells, None if it tells none.
    """
    E = None if error is None else error[None]

    size = max(map(len, exact.expected))
    rate = exact.dynamics.configuration.step.rate(exact.layer.index)
    alpha = float(rate / (1 - rate))

    def tolerance_for(sets: Sequence[Sequence[int]], of: Sequence[int] | None = None) -> NDArray[np.float64]:
        """(d,), or (k, d) in half precision."""
        if dtype in HALVES and error is None:
            return token_error(*followed(tokens, sets, of), alpha, dtype)
        return layer_error(tokens[None], max(size, *map(len, sets)), 1.0, E, dtype)[0]

    suspects = set(beyond(after, exact.next_tokens, tolerance_for(exact.expected)))
    if told is not None:
        suspects |= {i for i, (S, C) in enumerate(zip(told, exact.expected, strict=True)) if S != C}
    if not suspects:
        return
    visible = (False,) * len(tokens)
    if error is None and form_error is None:
        visible = exact_scores(exact.tokens, exact.dynamics.configuration.A, dtype)
    bounds = decision_bound(tokens[None], A, E, dtype)[0] + _form_bound(tokens, E, form_error)
    for i in sorted(suspects):
        decision = exact.decision(i, dtype, visible[i], float(bounds[i]))
        S = None if told is None else told[i]
        tolerance = tolerance_for([decision.near if S is None else S], (i,)).reshape(-1)
        if exact.ties == "any" and _may(exact, i, exact.sets[i], S, after[i], tolerance):
            continue
        wrong = decision.determined or not _may(exact, i, decision.near, S, after[i], tolerance)
        yield JudgedToken(i, wrong, decision, float(bounds[i]), tolerance)


def _form_bound(
    tokens: NDArray[np.floating], error: NDArray[np.float64] | None, form_error: Sequence[Sequence[Fraction]] | None
) -> float:
    """What H adds to 2B_i: twice Σ (R + E)_b H_bc (R + E)_c, rounded up."""
    if form_error is None:
        return 0.0
    largest = np.abs(tokens.astype(np.float64)).max(axis=0).tolist()
    E = [0.0] * len(largest) if error is None else error[0].tolist()
    if not np.isfinite([*largest, *E]).all():
        return np.inf
    reach = [Fraction(v) + Fraction(e) for v, e in zip(largest, E, strict=True)]
    return up(
        2 * sum(x * h * y for x, row in zip(reach, form_error, strict=True) for h, y in zip(row, reach, strict=True))
    )


def up(value: Fraction | int) -> float:
    """A float ≥ value ≥ 0, and 0 for 0."""
    return float(np.nextafter(float(value), np.inf)) if value else 0.0


def beyond(
    after: NDArray[np.float64], target: Sequence[Sequence[Fraction]], tolerance: NDArray[np.float64]
) -> list[int]:
    """The rows of `after` (k, d) farther from `target` than `tolerance`, (d,) or (k, d); NaN is far, ∞ is never passed.

    Rationals decide. Floats only accept: where fl(|v − fl(t)|) is at most half the tolerance less 2⁻⁵⁰ |fl(t)|, the
    roundings of t, of the difference and of the limit, of 2⁻⁵³ relative each, do not reach the other half.
    """
    with np.errstate(all="ignore"):
        floats = np.array(target, dtype=np.float64)
        clear = (np.abs(after - floats) <= tolerance / 2 - 2.0**-50 * np.abs(floats)).all(axis=1)

    def far(v: float, t: Fraction, allowed: float) -> bool:
        return np.isfinite(allowed) and not (np.isfinite(v) and abs(Fraction(v) - t) <= Fraction(allowed))

    limits = np.broadcast_to(tolerance, after.shape).tolist()
    return [i for i in np.flatnonzero(~clear).tolist() if any(map(far, after[i].tolist(), target[i], limits[i]))]


def _may(
    exact: ExactLayer,
    i: int,
    near: tuple[int, ...],
    told: tuple[int, ...] | None,
    got: NDArray[np.float64],
    tolerance: NDArray[np.float64],
) -> bool:
    """Whether `got` is the next token of i for the set told, or any, that is a non-empty part of `near` by the rule."""
    rate = exact.dynamics.configuration.step.rate(exact.layer.index)
    own = exact.tokens[i]

    def distinct(chosen: Sequence[int]) -> int:
        return len({exact.tokens[j] for j in chosen})

    def moved(mean: Sequence[Fraction]) -> list[Fraction]:
        return [x + rate * (m - x) for x, m in zip(own, mean, strict=True)]

    def fits(chosen: Sequence[int]) -> bool:
        mean = [
            sum(column, Fraction(0)) / len(chosen) for column in zip(*(exact.tokens[j] for j in chosen), strict=True)
        ]
        return not beyond(got[None], [moved(mean)], tolerance)

    if told is not None:
        one = exact.ties == "all" or distinct(told) == 1
        return bool(told) and set(told) <= set(near) and one and fits(told)
    if exact.ties != "all" or distinct(near) == 1:
        return any(fits([j]) for j in near)
    if len(near) <= MOST_SUBSETS:
        return any(fits(chosen) for k in range(len(near), 0, -1) for chosen in combinations(near, k))
    columns = list(zip(*(exact.tokens[j] for j in near), strict=True))
    low, high = moved([min(column) for column in columns]), moved([max(column) for column in columns])
    return all(
        not np.isfinite(e) or (np.isfinite(v) and a - Fraction(e) <= Fraction(v) <= b + Fraction(e))
        for v, a, b, e in zip(got.tolist(), low, high, tolerance.tolist(), strict=True)
    )


def read_exactly(tokens: NDArray[np.floating]) -> Matrix:
    """Floats (n, d) as the dyadic rationals they are."""
    return tuple(tuple(Fraction(v) for v in row) for row in tokens.astype(np.float64).tolist())
