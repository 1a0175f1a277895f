"""One set of very many tokens: a layer without n² scores, and a run until leaders have captured all.

**When.** One set of some thousands of tokens or more in few dimensions; other kernels are for batches of small sets.
**Cost.** n h scores if only h ≤ 1024 tokens may lie on the hull (d ≤ 3; Gaussian tokens: some dozens or hundreds). Else
O(n log n) in the plane; a query near an edge beside which rounding leaves many candidates, and all queries in d ≠ 2,
score the keys whose norm times their own reaches their best score: few for Gaussian tokens, n at worst.
**Proved** are the margins, so that `rounding` proves the sets of `layer` as if all scores were computed, and `certify`
takes this kernel. The sets of `run` are those of computed scores, unproved.

**Margins.** Let q be the computed query ẑ_iᵀA (token i itself if A is the identity), f(w) = ⟨q, w⟩ exactly, ŝ_j the
computed score of a key that is scored, ŝ_m the largest and C_i where it is attained. By the derivation of (1) in
`rounding`, d roundings in each product, |ŝ_j − f(ẑ_j)| ≤ e and |f(ẑ_l) − ⟨z_i, z_l⟩| ≤ e' with e + e' ≤ B_i.

*Theorem.* Let t be at least ŝ_j for every scored j outside C_i, and let every key l that is not scored have
  (a) f(ẑ_l) ≤ t, or
  (b) f(ẑ_l) ≤ f(ẑ_a) for an a outside C_i that is scored, or
  (c) f(ẑ_l) ≤ f(ẑ_j) − δ‖q‖ ≤ f(ẑ_j) for some j that is scored or has (a) or (b), and t ≥ ŝ_m − δ‖q‖.
If the margin ŝ_m − t exceeds 2 B_i, then ⟨z_i, z_l⟩ < ⟨z_i, z_m⟩ for every l outside C_i.
*Proof.* f(ẑ_l) ≤ t + e: under (a) at once; if l is scored, f(ẑ_l) ≤ ŝ_l + e; under (b), f(ẑ_a) ≤ ŝ_a + e; under (c),
f(ẑ_j) ≤ ŝ_m + e by these. So ⟨z_i, z_l⟩ ≤ t + e + e' ≤ t + B_i < ŝ_m − B_i ≤ ⟨z_i, z_m⟩. ∎

(c) holds for what `hull` leaves out, with its depth δ; what is left, the candidates, is searched in one of three ways.
*All scored*, if they are few: nothing is to be shown.
*By norm*, largest first, until ‖q‖‖ẑ_l‖ ≤ t for the rest: (a), by Cauchy–Schwarz.
*Windows of the polygon* (d = 2). A window scores a run of vertices of the candidates' convex polygon and all that hangs
on them, and closes once a vertex of it is above both its ends for certain. Then (b) holds for all other candidates: the
proof is in `polygon`. A window that does not close is made wider, and what never closes is searched by norm.

    guard or cast                             what it bounds
    _guard: 4 ε Σ|q_c| max|ẑ| + 16 ω (…)      twice |ŝ − f|, γ_2 Σ|q_c||ẑ_c| + underflow: what is below by more, is
    scores q_1 x + q_2 y, products, sums      2 roundings; matrix products elsewhere: at most d (`rounding`)
    _lengths in float64                       relative error (d + 4) ε, scaled so that no square over- or underflows
    reach: (1 + 8 (d + 4) ε) ‖ẑ‖, + `least`   the lengths, their product, its cast to the scores' dtype; what underflows
    t = ŝ_m − δ‖q‖ cast to that dtype         errs by u ‖q‖(‖ẑ‖ + δ), less than what `hull` keeps back of δ
    margin ŝ_m − t in that dtype              one rounding: SLACK of `rounding`
    rows of the scan as float64               indices below 2⁵³ and scores, exact
    overflow, NaN                             nothing closes; the margin is NaN, or `rounding`'s bound infinite

Sets are those of the computed scores. Neighbours: `hull` proves what lies inside, `polygon` where a window may end.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..follow_sets import FollowSets, move
from ..protocol import BLOCK_BYTES, Kernel, checked, is_identity
from .hull import hull_candidates
from .polygon import Indices, PlaneFloats, convex_polygon, hung_points, proposed

FEW = 1024
"""Up to so many keys are scored all; so many captured tokens of one leader are kept without looking for their hull."""


@dataclass(frozen=True, slots=True)
class _Decisions:
    """Follow sets of m queries: largest score, largest score below it (or a bound on it), and rows (query, key)."""

    top: PlaneFloats
    second: PlaneFloats
    members: Indices  # (T, 2), sorted

    def record(self) -> FollowSets:
        """As `FollowSets` of one configuration."""
        rows, keys = self.members.T
        starts = np.searchsorted(rows, np.arange(len(self.top)))
        count = np.diff(np.r_[starts, len(rows)])
        shared = count[rows] > 1
        tied = np.column_stack([np.zeros(shared.sum(), dtype=np.int64), self.members[shared]])
        # Scores that overflow to NaN have no maximiser: token 0 stands in, with a margin that is NaN.
        first = np.where(count > 0, np.r_[keys, 0][starts], 0)
        margin = np.where(count > 0, self.top - self.second, np.nan).astype(self.top.dtype)
        return FollowSets(first[None], np.maximum(count, 1)[None], tied, margin[None])


def decide(queries: PlaneFloats, keys: PlaneFloats) -> FollowSets:
    """The maximisers of ⟨q, key⟩ for every query, all ties kept.

    Args:
        queries: (m, d), finite.
        keys: (n, d), finite, of the same dtype.

    Returns:
        One configuration's `FollowSets` with m tokens; indices are those of `keys`. A margin is that of all computed
        scores, or a lower bound of it where keys were left out.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return _decide(queries, keys)


def _decide(queries: PlaneFloats, keys: PlaneFloats) -> FollowSets:
    few = len(queries) <= 32  # then a hull would cost more than it saves
    candidates, depth = (np.arange(len(keys)), np.inf) if few else hull_candidates(keys)
    zero = np.flatnonzero(~queries.any(axis=1))  # a zero query ties all keys, those inside the hull too
    if few or len(candidates) <= FEW:
        found = _score_all(queries, keys, candidates)
    elif keys.shape[1] == 2:
        found = _search_polygon(queries, keys, candidates)
    else:
        found = _scan_by_norm(queries, keys, candidates)
    if np.isfinite(depth):  # what was left out may still be second
        lengths = _lengths(queries)
        np.maximum(found.second, found.top - depth * lengths, out=found.second, casting="same_kind")
    if len(zero):
        everything = np.stack([np.repeat(zero, len(keys)), np.tile(np.arange(len(keys)), len(zero))], axis=1)
        members = np.concatenate([found.members[~np.isin(found.members[:, 0], zero)], everything])
        found.top[zero], found.second[zero] = 0, -np.inf
        found = _Decisions(found.top, found.second, members[np.lexsort(members.T[::-1])])
    return found.record()


def _score_all(queries: PlaneFloats, keys: PlaneFloats, candidates: Indices) -> _Decisions:
    """All scores of a few keys, in blocks."""
    columns = keys[candidates].T
    m = len(queries)
    top, second, members = np.empty(m, queries.dtype), np.empty(m, queries.dtype), [np.empty((0, 2), dtype=np.int64)]
    rows = max(1, BLOCK_BYTES // (queries.itemsize * len(candidates)))
    for i in range(0, m, rows):
        scores = queries[i : i + rows] @ columns
        best = scores.max(axis=1)
        equal = scores == best[:, None]
        row, column = np.nonzero(equal)
        members.append(np.stack([row + i, candidates[column]], axis=1))
        scores[equal] = -np.inf
        top[i : i + rows], second[i : i + rows] = best, scores.max(axis=1)
    return _Decisions(top, second, np.concatenate(members))


def _search_polygon(queries: PlaneFloats, keys: PlaneFloats, candidates: Indices) -> _Decisions:
    """d = 2: windows of the exact polygon around the vertex that slopes propose; the rest by `_scan_by_norm`."""
    x, y = keys[candidates].T
    points = keys[candidates].astype(np.float64)
    lower, upper = convex_polygon(points)
    ring = np.r_[lower, upper[::-1]]  # counter-clockwise; the ends may stand twice
    hung, starts = hung_points(points, lower, upper)
    centre, guard = proposed(queries, points[lower], points[upper]), _guard(queries, keys)
    m = len(queries)
    top, second = np.empty(m, queries.dtype), np.empty(m, queries.dtype)
    members, left = [np.empty((0, 2), dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    open_, width = np.arange(m), 9
    while len(open_) and width < len(ring):
        again = []
        offsets = np.arange(width) - width // 2
        rows = max(1, BLOCK_BYTES // (8 * width))
        for block in (open_[i : i + rows] for i in range(0, len(open_), rows)):
            window = np.take(ring, centre[block, None] + offsets, mode="wrap")
            scores = queries[block, :1] * x[window] + queries[block, 1:] * y[window]
            best = scores.max(axis=1)
            closed = best - np.maximum(scores[:, 0], scores[:, -1]) > guard[block]
            again.append(block[~closed])
            begin = (centre[block] + offsets[0]) % len(ring)
            count = starts[begin + width] - starts[begin]
            many = closed & (count > 8 * width)
            left.append(block[many])
            closed &= ~many
            block, scores, best, window = block[closed], scores[closed], best[closed], window[closed]
            begin, count = starts[begin[closed]], count[closed]
            # What hangs in the windows, one after the other: rows of the block, and keys.
            row = np.repeat(np.arange(len(block)), count)
            key = hung[np.arange(len(row)) + np.repeat(begin - np.cumsum(count) + count, count)]
            value = queries[block[row], 0] * x[key] + queries[block[row], 1] * y[key]
            np.maximum.at(best, row, value)
            equal, alike = scores == best[:, None], value == best[row]
            at, column = np.nonzero(equal)
            who, what = np.r_[at, row[alike]], np.r_[window[at, column], key[alike]]
            members.append(np.stack([block[who], candidates[what]], axis=1))
            scores[equal], value[alike] = -np.inf, -np.inf
            below = scores.max(axis=1)
            np.maximum.at(below, row, value)
            top[block], second[block] = best, below
        open_, width = np.concatenate(again), 4 * width
    rest = np.sort(np.concatenate([open_, *left]))
    if len(rest):
        found = _scan_by_norm(queries[rest], keys, candidates)
        top[rest], second[rest] = found.top, found.second
        members.append(np.stack([rest[found.members[:, 0]], found.members[:, 1]], axis=1))
    listed = np.concatenate(members)
    codes = np.sort(listed[:, 0] * len(keys) + listed[:, 1])
    codes = codes[np.r_[True, codes[1:] != codes[:-1]][: len(codes)]]  # a key may hang in a window twice
    return _Decisions(top, second, np.stack(np.divmod(codes, len(keys)), axis=1))


def _guard(queries: PlaneFloats, keys: PlaneFloats) -> NDArray[np.float64]:
    """By how much computed scores must differ for the exact ones to differ alike, d = 2."""
    info = np.finfo(keys.dtype)
    most, length = float(np.abs(keys).max()), np.abs(queries.astype(np.float64)).sum(axis=1)
    return 4 * float(info.eps) * most * length + 16 * float(info.tiny) * (1 + most) * (1 + length)


def _scan_by_norm(queries: PlaneFloats, keys: PlaneFloats, candidates: Indices) -> _Decisions:
    """Keys in the order of decreasing norm, a query leaving once ‖q‖ ‖key‖ is below its best score."""
    d = keys.shape[1]
    norms = _lengths(keys[candidates])
    order = np.argsort(-norms, kind="stable")
    candidates, norms = candidates[order], norms[order]
    # Computed scores may exceed the product of computed norms by their rounding and, if they underflow, by `least`.
    info = np.finfo(keys.dtype)
    reach = (1 + 8 * (d + 4) * float(info.eps)) * norms
    least = 8 * (d + 4) * float(info.tiny)
    columns = keys[candidates].T
    m = len(queries)
    top, second = np.full(m, -np.inf, queries.dtype), np.full(m, -np.inf, queries.dtype)
    near: list[NDArray] = [np.empty((0, 3))]
    lengths = _lengths(queries)
    rows = max(1, BLOCK_BYTES // (queries.itemsize * 256))
    for start in range(0, m, rows):
        active = np.arange(start, min(start + rows, m))
        at = 0
        while len(active):
            width = min(256, len(candidates) - at)
            scores = queries[active] @ columns[:, at : at + width]
            best = scores.max(axis=1)
            news = np.flatnonzero(best > second[active])
            if len(news):
                which, scores, best = active[news], scores[news], best[news]
                equal = scores == best[:, None]
                reached = np.flatnonzero(best >= top[which])
                row, column = np.nonzero(equal[reached])
                near.append(np.stack([which[reached][row], candidates[at + column], best[reached][row]], axis=1))
                scores[equal] = -np.inf
                below = scores.max(axis=1)
                old = top[which]
                second[which] = np.where(
                    best > old, np.maximum(old, below), np.where(best == old, np.maximum(second[which], below), best)
                )
                top[which] = np.maximum(old, best)
            at += width
            if at == len(candidates):
                break
            most = lengths[active] * reach[at] + least
            over = most < top[active]
            second[active[over]] = np.maximum(second[active[over]], most[over])
            active = active[~over]
    listed = np.concatenate(near)
    listed = listed[listed[:, 2] == top[listed[:, 0].astype(np.int64)], :2].astype(np.int64)
    return _Decisions(top, second, listed[np.lexsort(listed.T[::-1])])


def _lengths(rows: PlaneFloats) -> NDArray[np.float64]:
    """‖x‖ of every row to a relative error of (d + 4) ε, also where squares overflow or underflow."""
    values = np.abs(rows.astype(np.float64))
    size = values.max(axis=1, keepdims=True)
    size[size == 0] = 1
    return size[:, 0] * np.sqrt(np.square(values / size).sum(axis=1))


def layer(tokens: PlaneFloats, A: PlaneFloats | None, alpha: float) -> tuple[PlaneFloats, FollowSets]:
    """The next tokens and the follow sets of one large set.

    Args:
        tokens: (n, d) finite, float32 or float64.
        A: (d, d), the identity if None.
        alpha: α > 0.

    Returns:
        The next tokens (n, d), and their `FollowSets` as those of a batch of one.

    Raises:
        InputError: the shapes do not fit, or a value is not finite.
    """
    values, form = _one_set(tokens, A, alpha)
    with np.errstate(over="ignore", invalid="ignore"):
        queries = values if is_identity(form) else values @ form
    sets = decide(queries, values)
    return move(values[None], sets, alpha)[0], sets


def _one_set(tokens: PlaneFloats, A: PlaneFloats | None, alpha: float) -> tuple[PlaneFloats, PlaneFloats]:
    values = np.asarray(tokens)
    if values.ndim != 2:
        raise InputError(f"tokens has shape {values.shape}; one set (n, d) is required")
    batch, form = checked(values[None], A, alpha)
    if not np.isfinite(batch).all():
        raise InputError("a token is not finite; every value must be")
    dtype = values.dtype if values.dtype in (np.float32, np.float64) else np.dtype(np.float64)
    return batch[0].astype(dtype), form.astype(dtype)


@dataclass(frozen=True, slots=True, eq=False)
class LargeRun:
    """A run of one large set.

    Args:
        tokens: (n, d) after `layers` layers.
        leader: (n,) the leader that has captured token i by the computed sets (itself for a leader), or −1.
        captured: (n,) the layer at which it did, or −1.
        layers: how many layers were run: until all are captured, or as many as were allowed.
    """

    tokens: PlaneFloats
    leader: Indices
    captured: Indices
    layers: int


def run(tokens: PlaneFloats, A: PlaneFloats | None, alpha: float, max_layers: int) -> LargeRun:
    """Layers until leaders have captured every token (rule R1), at a cost of few layers.

    A captured token is a query no more, and its later positions are a geometric series. As a key it matters only if
    it is on the hull of the tokens of the same leader at the time: these all move by the same map for ever, so the
    others stay inside.

    Args:
        tokens: (n, d) finite, float32 or float64.
        A: (d, d), the identity if None.
        alpha: α > 0.
        max_layers: at most so many layers are run.

    Raises:
        InputError: the shapes do not fit, or a value is not finite.
    """
    values, form = _one_set(tokens, A, alpha)
    n = len(values)
    position = values.copy()
    leader, captured = np.full(n, -1), np.full(n, -1)
    rate = values.dtype.type(alpha / (1 + alpha))
    free, bound = np.arange(n), np.empty(0, dtype=np.int64)  # queries; captured tokens that may still be maximisers
    k = 0
    while k < max_layers and len(free):
        keys = np.r_[free, bound]
        points = position[keys]
        with np.errstate(over="ignore", invalid="ignore"):
            queries = points[: len(free)] if is_identity(form) else points[: len(free)] @ form
        sets = decide(queries, points)
        first = keys[sets.first[0]]
        single = sets.count[0] == 1
        itself = free[single & (first == free)]
        leader[itself] = itself
        taken = single & (leader[first] == first)
        leader[free[taken]], captured[free[taken]] = first[taken], k
        moved = move(points[None], _with_keys(sets, len(bound)), alpha)[0]
        position[bound] += rate * (position[leader[bound]] - position[bound])
        bound = np.r_[bound, _hull_of_groups(position, free[taken], first[taken])]
        position[free] = moved[: len(free)]
        free = free[~taken]
        k += 1
    # Captured tokens off the hull were left where the layer of their capture put them.
    left = captured >= 0
    left[bound] = False
    rest = np.flatnonzero(left)
    goal = position[leader[rest]]
    for step in range(int((k - 1 - captured[rest]).max(initial=0))):
        late = captured[rest] + 1 + step < k
        position[rest[late]] += rate * (goal[late] - position[rest[late]])
    return LargeRun(position, leader, captured, k)


def _with_keys(sets: FollowSets, extra: int) -> FollowSets:
    """The sets of the queries, followed by keys that follow nothing (themselves)."""
    m = sets.first.shape[1]
    own = np.arange(m, m + extra)[None]
    ones = np.ones((1, extra), dtype=sets.count.dtype)
    return FollowSets(
        np.concatenate([sets.first, own], axis=1),
        np.concatenate([sets.count, ones], axis=1),
        sets.tied,
        np.concatenate([sets.margin, np.zeros((1, extra), sets.margin.dtype)], axis=1),
    )


def _hull_of_groups(position: PlaneFloats, tokens: Indices, leaders: Indices) -> Indices:
    """Of the tokens of each leader those that may be on their hull; small groups are kept whole."""
    order = np.argsort(leaders, kind="stable")
    tokens, leaders = tokens[order], leaders[order]
    starts = np.flatnonzero(np.r_[True, leaders[1:] != leaders[:-1]]) if len(tokens) else np.empty(0, dtype=np.int64)
    sizes = np.diff(np.r_[starts, len(tokens)])
    kept = [tokens[np.repeat(sizes <= FEW, sizes)]]
    for start, size in zip(starts[sizes > FEW], sizes[sizes > FEW], strict=True):
        group = tokens[start : start + size]
        kept.append(group[hull_candidates(position[group])[0]])
    return np.concatenate(kept)


def _batch_layer(tokens: PlaneFloats, A: PlaneFloats | None, alpha: float) -> tuple[PlaneFloats, FollowSets]:
    """`layer` for a batch, one set after the other."""
    values, _ = checked(tokens, A, alpha)
    broken = np.array([not np.isfinite(one).all() for one in values], dtype=bool)
    form = None if broken.all() else A  # A itself may be what is not finite
    results = [layer(np.where(lost, 0, one), form, alpha) for one, lost in zip(values, broken, strict=True)]
    if not results:
        empty = np.empty(values.shape[:2], dtype=np.int64)
        return values, FollowSets(empty, empty, np.empty((0, 3), dtype=np.int64), np.empty(values.shape[:2]))
    moved = np.stack([moved for moved, _ in results])
    first, count, margin = (
        np.concatenate([getattr(s, name) for _, s in results]) for name in ("first", "count", "margin")
    )
    tied = np.concatenate([sets.tied + np.array([b, 0, 0]) for b, (_, sets) in enumerate(results)])
    moved[broken], first[broken], count[broken], margin[broken] = np.nan, 0, 1, np.nan
    return moved, FollowSets(first, count, tied[~broken[tied[:, 0]]], margin)


def step(tokens: PlaneFloats, A: PlaneFloats | None, alpha: float) -> PlaneFloats:
    """The next tokens of a batch of large sets, one set after the other."""
    return _batch_layer(tokens, A, alpha)[0]


kernel = Kernel("large", step, dtypes=("float64", "float32"), layer=_batch_layer)
