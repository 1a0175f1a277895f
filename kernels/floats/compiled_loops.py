"""Raw loops of K layers for the compiled kernel, with what proves their follow sets: nothing checked.

The layout of the arrays, and the sums, are those of `compiled_layer`, whose functions are compiled into those of this
file. numba's cache of machine code would not notice a change of them, so the names under which it keeps the functions
of this file end in a digest of that one (`compiled`).
Neighbours: `compiled_kernel` checks the input, allocates, and calls these; `rounding` derives the bounds.
"""

import inspect
from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from numba import njit

from . import compiled_layer
from .compiled_layer import FLAGS, average, columns, largest, queries_of, scores_of, top_two

LAYER = sha256(inspect.getsource(compiled_layer).encode()).hexdigest()[:16]


def compiled(function: Callable) -> Callable:
    """`njit`, cached for this text of `compiled_layer` only: numba keeps one index per qualified name."""
    function.__qualname__ += f"_{LAYER}"
    return njit(**FLAGS)(function)


class ErrorModel(NamedTuple):
    """The numbers of `rounding`'s bound for one dtype, A, α and n."""

    score: float  # γ_q
    layer: float  # γ_{m+16}, m = 1: a proved token follows one token
    underflow: float  # 32 d ω (1 + a)
    layer_underflow: float  # (m + 16) ω
    largest: float
    slack: float


@compiled
def move(keys, target, n, d, rate, layers, goal):
    """z_i ← z_i + λ (z_j − z_i), j = target[i], `layers` times; targets are tokens that do not move."""
    for c in range(d):
        row = keys[c]
        for i in range(n):
            goal[i] = row[target[i]]
        for _ in range(layers):
            for i in range(n):
                row[i] += rate * (goal[i] - row[i])


@compiled
def follow(keys, target, n, d, rate, out):
    """One layer z_i + λ (z_j − z_i), j = target[i], into `out`."""
    for c in range(d):
        row, new = keys[c], out[c]
        for i in range(n):
            new[i] = row[i] + rate * (row[target[i]] - row[i])


@compiled
def same(tokens, i, j):
    """Whether tokens i and j of (n, d) are equal."""
    for c in range(tokens.shape[1]):  # noqa: SIM110 generators are not compiled
        if tokens[i, c] != tokens[j, c]:
            return False
    return True


@compiled
def grown(error, reach, d, model):
    """E ← E⁺ of equation (2) for one layer, in place; false if the layer might overflow."""
    fits = True
    for c in range(d):
        R = reach[c] + error[c]
        fits = fits and 4 * R < model.largest
        error[c] = model.slack * (error[c] + model.layer * R + model.layer_underflow * (1 + 2 * R))
    return fits


@compiled
def bounds(keys, queries, A, rows, m, d, weights, reach, error, model, weight, bound):
    """2 B_i of equation (1) for tokens i = rows[0], …, rows[m−1] into `bound`, with R = reach + E.

    Infinite unless scores, queries and keys fit the dtype of the model, to which the caller may round the latter two.
    """
    common, total, far, highest = 0.0, 0.0, 0.0, 0.0
    for c in range(d):
        column, row = 0.0, 0.0  # (|A|ᵀR)_c and (|A|ᵀE)_c
        for b in range(d):
            column += (reach[b] + error[b]) * weights[b, c]
            row += error[b] * weights[b, c]
        R = reach[c] + error[c]
        weight[c] = model.score * R + error[c]
        common += row * (R + error[c])
        total += R
        far += column * R
        highest = max(highest, column, R)
    common += model.underflow * (1 + total) * (1 + total)
    if not 4 * (far + highest) < model.largest:
        common = np.inf
    factor = 2 * model.slack
    for a in range(m):
        bound[a] = factor * common
    for c in range(d):
        if A.size == 0:  # p_i = |z_i|, and the queries are the tokens
            row, own = queries[c], factor * weight[c]
            for a in range(m):
                bound[a] += abs(row[a]) * own
            continue
        for b in range(d):
            row, own = keys[b], factor * weights[b, c] * weight[c]
            if weights[b, c] != 0:
                for a in range(m):
                    bound[a] += abs(row[rows[a]]) * own


@compiled
def find_distinct(tokens, keys, image, codes, table, equal, place, copies):
    """The number of distinct tokens, numbered as they come: token i is number equal[i], which is token place[equal[i]].

    Number a occurs copies[a] times. A linear image of the tokens is hashed; `image` and `codes` are one (n,) array, as
    float64 and as its bits.
    """
    n, d = tokens.shape
    image[:] = 0
    for c in range(d):
        row, factor = keys[c], 1 + 0.618 * c
        for i in range(n):
            image[i] += factor * row[i]
    table[:] = -1
    copies[:] = 0
    count, last = 0, np.uint64(len(table) - 1)
    for i in range(n):
        code = np.uint64(codes[i]) * np.uint64(0x9E3779B97F4A7C15)
        slot = (code >> np.uint64(40)) & last
        # No branch asks whether the token is new, which no processor predicts: as number `count` it equals itself.
        place[count] = i
        a = table[slot] if table[slot] >= 0 else count
        while not same(tokens, i, place[a]):
            slot = (slot + np.uint64(1)) & last
            a = table[slot] if table[slot] >= 0 else count
        table[slot], equal[i] = a, a
        copies[a] += 1
        count += a == count
    return count


@compiled
def shorten(vectors, d, n, out):
    """The vectors (≥ d, ≥ n) rounded to float32 into `out`."""
    for c in range(d):
        source, short = vectors[c], out[c]
        for i in range(n):
            short[i] = source[i]


@compiled
def only_candidate(initial, queries, a, keys, n, limit, scores):
    """The first token whose score is within `limit` of the largest, if all such tokens are equal; else −1."""
    best = scores_of(queries, a, keys, n, scores)
    first = -1
    for j in range(n):
        if not scores[j] < best - limit:
            if first < 0:
                first = j
            elif not same(initial, first, j):
                return -1
    return first


@compiled
def write(keys, moved, n, d):
    """Tokens by coordinate back into (n, d)."""
    for i in range(n):
        for c in range(d):
            moved[i, c] = keys[c, i]


@compiled
def compact(initial, keys, image, codes, table, equal, place, copies, distinct):
    """Each distinct token once into `distinct` and, if some repeat, `keys`; the number of distinct tokens.

    Token i is then token `equal[i]` of the shorter list, which occurs copies[equal[i]] times; and token a of that list
    is token `place[a]` of the whole one.
    """
    n, d = initial.shape
    count = find_distinct(initial, keys, image, codes, table, equal, place, copies)
    if count == n:
        return count
    for a in range(count):
        for c in range(d):
            distinct[a, c] = initial[place[a], c]
    columns(distinct[:count], keys)
    return count


@compiled
def expand(equal, place, layers, first, moved):
    """Undo `compact` in `first` (K, n) up to `layers`, and in `moved` (n, d), in place."""
    n, d = moved.shape
    # Downwards, since a token stands in the shorter list no later than in the whole one.
    for i in range(n - 1, -1, -1):
        for c in range(d):
            moved[i, c] = moved[equal[i], c]
    for k in range(layers):
        row = first[k]
        for i in range(n - 1, -1, -1):
            row[i] = place[row[equal[i]]]


@compiled
def run_configurations(
    low, high, tokens, A, weights, rate, model, short_model, layers, prove, first, frozen, moved, error, unproved
):
    """K layers of configurations `low` … `high` − 1.

    Tokens captured by leaders are not scored again (rule R1), and when all are, the rest is a geometric series.
    Repeated tokens tie for ever, so where some are seen each is taken once, with its multiplicity.

    Args:
        tokens: (B, n, d).
        A: (d, d) in the dtype of the tokens, or of size 0 for the identity.
        weights: (d, d) float64 |A|.
        rate: λ in the dtype of the tokens.
        model: the numbers of the bound, for the dtype of the tokens.
        short_model: the same for scores of tokens and queries that are first rounded to float32.
        layers: K.
        prove: whether every set must be proved; a configuration is given up at the first layer where one is not. If
            not, ties of the computed scores are averaged, and first, error and unproved are left alone.
        first, frozen, moved, error, unproved: the fields of `protocol.FloatProof`, to be filled.
    """
    # One function with all its arrays, since handing that many on for each configuration costs as much as a layer;
    # and one array each, since of slices of a common one the compiler cannot tell that they do not overlap.
    _, n, d = tokens.shape
    padded = 2 if d <= 2 else (d + 3) // 4 * 4
    wide, size = (n + 15) // 16 * 16, 2
    while size < 4 * n:
        size *= 2
    keys, spare = np.zeros((padded, wide), tokens.dtype), np.zeros((padded, wide), tokens.dtype)
    queries, row = np.zeros((padded, wide), tokens.dtype), np.zeros(n, tokens.dtype)
    short_keys, short_queries = np.zeros((padded, wide), np.float32), np.zeros((padded, wide), np.float32)
    scores, top, second = np.zeros((4, wide), np.float32), np.zeros(wide, np.float32), np.zeros(wide, np.float32)
    best, index = np.zeros(wide, np.int32), np.arange(n).astype(np.int32)
    bound, rows, target = np.zeros(n), np.zeros(n, np.int64), np.zeros(n, np.int64)
    leader, tied, table = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(size, np.int32)
    equal, place, copies = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    distinct, mean = np.zeros((n, d), tokens.dtype), np.zeros(d, tokens.dtype)
    image = np.zeros(n)
    codes = image.view(np.int64)
    weight, reach, E = np.zeros(d), np.zeros(d), np.zeros(d)
    for b in range(low, high):
        initial, number, given_up, done = tokens[b], n, 0, -1
        copies[:] = 1
        # Padding repeats a token at the end; other repeated tokens are looked for when something ties.
        searched = n > 1 and same(initial, n - 1, n - 2)
        if not columns(initial, keys):
            moved[b] = np.nan
            given_up = n
        elif searched:
            number = compact(initial, keys, image, codes, table, equal, place, copies, distinct)
            initial = distinct[:number] if number < n else initial
        # |z| of every later layer is at most that of the first: the tokens stay in its convex hull.
        for c in range(d):
            reach[c] = 0 if given_up else largest(keys[c], number)
            E[c] = 0
        for i in range(number):
            rows[i] = i
        m, k = number, 0
        while k < layers and not given_up:
            own = A.size == 0 and m == number  # then the tokens are the queries
            shorten(keys, d, number, short_keys)
            if not own:
                queries_of(keys, A, d, rows, m, queries)
                shorten(queries, d, m, short_queries)
            asked, short = (keys, short_keys) if own else (queries, short_queries)
            # First in float32, with its own bound: that decides nearly all. Whole vectors only: up to 15 stale queries
            # more are cheaper than single ones.
            top_two(short, short_keys, (m + 15) // 16 * 16, number, top, second, best, scores, index)
            bounds(keys, asked, A, rows, m, d, weights, reach, E, short_model, weight, bound)
            close, several = 0, 0
            for a in range(m):
                leader[a] = not (top[a] - second[a] > bound[a])
                close += leader[a]
            if close and not searched:
                searched = True
                number = compact(initial, keys, image, codes, table, equal, place, copies, distinct)
                if number < n:  # from the beginning
                    initial, m, k = distinct[:number], number, 0
                    E[:] = 0
                    for i in range(number):
                        rows[i] = i
                    continue
            for a in range(m):
                target[rows[a]] = best[a]
            if close:
                if prove:
                    bounds(keys, asked, A, rows, m, d, weights, reach, E, model, weight, bound)
                for a in range(m):
                    if leader[a]:
                        j = only_candidate(initial, asked, a, keys, number, bound[a] if prove else 0.0, row)
                        if j < 0:
                            tied[several] = a
                            several += 1
                            j = rows[a]
                        target[rows[a]] = j
            if prove and several:
                given_up = several
                break
            follow(keys, target, number, d, rate, spare)
            for t in range(several):
                a = tied[t]
                average(keys, number, d, row, scores_of(asked, a, keys, number, row), copies, mean)
                for c in range(d):
                    spare[c, rows[a]] += rate * (mean[c] - keys[c, rows[a]])
            # Captured for ever: what follows a token that follows itself alone (up to equal ones), and that token.
            for i in range(number):
                leader[i] = target[i] == i
            for t in range(several):
                leader[rows[tied[t]]] = 0
            kept = 0
            for a in range(m):
                rows[kept] = rows[a]
                kept += 1 - leader[target[rows[a]]]
            m = kept
            if prove:
                for i in range(number):
                    first[k, b, i] = target[i]
                if not grown(E, reach, d, model):
                    given_up = n
            keys, spare = spare, keys
            k += 1
            if m == 0:
                done = k - 1
                move(keys, target, number, d, rate, layers - k, row)
                for _ in range(k, layers if prove else 0):
                    if not grown(E, reach, d, model):
                        given_up = n
                break
        if done >= 0 or not given_up:
            write(keys, moved[b], number, d)
        if number < n:
            expand(equal, place, k if prove else 0, first[:, b if prove else 0], moved[b])
        frozen[b] = -1 if given_up else done
        if prove:
            unproved[b] = given_up
            for c in range(d):
                error[b, c] = E[c]
