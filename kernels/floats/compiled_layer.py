"""Raw loops of one layer for the compiled kernel: arrays in, arrays out, nothing checked.

Tokens are held by coordinate, (d, n), d padded with zeros to 2 or to a multiple of 4 (zeros change no sum), so that the
inner loops run over tokens and the compiler turns them into vector instructions. Four keys are offered at a time to
every query; for each query only the largest score, its first index and the second largest are kept, so no score is
ever stored, whatever n is. A query whose two largest scores are equal, or too close for a proof, is done again by
`scores_of`, one token at a time.

The sums are ordered as the code says and may be fused (`contract`): both are covered by the bound of `rounding`.
Nothing here calls another file, because numba's cache of machine code notices changes of a function's own file only.
Neighbours: `compiled_kernel` checks the input, allocates, and calls these; `compiled_loops` runs many layers.
"""

import numpy as np
from numba import njit

FLAGS = {"cache": True, "error_model": "numpy", "fastmath": {"contract"}, "nogil": True}


@njit(**FLAGS)
def columns(tokens, out):
    """`tokens` (n, d) by coordinate into `out` (≥ d, ≥ n); whether all values are finite."""
    n, d = tokens.shape
    broken = 0
    for c in range(d):
        row = out[c]
        for i in range(n):
            row[i] = tokens[i, c]
        for i in range(n):
            broken += not (abs(row[i]) < np.inf)
    return broken == 0


@njit(cache=True, nogil=True, fastmath={"nnan", "nsz"})
def largest(row, n):
    """max |row[i]| over i < n; the values must be finite, which the flags tell the compiler."""
    result = abs(row[0])
    for i in range(n):
        result = max(result, abs(row[i]))
    return result


@njit(**FLAGS)
def queries_of(keys, A, d, rows, m, out):
    """Aᵀ z_i for i = rows[0], …, rows[m−1] by coordinate into `out`; A of size 0 stands for the identity."""
    if A.size == 0:
        for c in range(d):
            source, target = keys[c], out[c]
            for a in range(m):
                target[a] = source[rows[a]]
        return
    for c in range(d):
        target = out[c]
        for a in range(m):
            target[a] = 0
        for b in range(d):
            source, weight = keys[b], A[b, c]
            for a in range(m):
                target[a] += source[rows[a]] * weight


@njit(**FLAGS)
def top_two(queries, keys, m, n, top, second, first, scores, index):
    """For queries 0 … m−1 the largest score over keys 0 … n−1, its first index, and the second largest score.

    Equal largest scores give second = top. `scores` (4, ≥ m) is workspace; `index` is 0, 1, … in the type of `first`,
    which is as wide as a score, or the vectors would be twice as long.
    """
    # The four updates are written out: through a helper function the compiler no longer vectorises them.
    for i in range(m):
        top[i] = -np.inf
        second[i] = -np.inf
        first[i] = 0
    d = len(queries)
    whole = n - n % 4
    s0, s1, s2, s3 = scores[0], scores[1], scores[2], scores[3]
    for j in range(0, whole, 4):
        j0, j1, j2, j3 = index[j], index[j + 1], index[j + 2], index[j + 3]
        if d == 2:
            q0, q1 = queries[0], queries[1]
            a0, b0, c0, d0 = keys[0, j], keys[0, j + 1], keys[0, j + 2], keys[0, j + 3]
            a1, b1, c1, d1 = keys[1, j], keys[1, j + 1], keys[1, j + 2], keys[1, j + 3]
            for i in range(m):
                x, y = q0[i], q1[i]
                t, v, w = top[i], second[i], first[i]
                s = x * a0 + y * a1
                low = s if s < t else t
                v = low if low > v else v
                w = j0 if s > t else w
                t = s if s > t else t
                s = x * b0 + y * b1
                low = s if s < t else t
                v = low if low > v else v
                w = j1 if s > t else w
                t = s if s > t else t
                s = x * c0 + y * c1
                low = s if s < t else t
                v = low if low > v else v
                w = j2 if s > t else w
                t = s if s > t else t
                s = x * d0 + y * d1
                low = s if s < t else t
                v = low if low > v else v
                w = j3 if s > t else w
                t = s if s > t else t
                top[i], second[i], first[i] = t, v, w
            continue
        for i in range(m):
            s0[i] = 0
            s1[i] = 0
            s2[i] = 0
            s3[i] = 0
        for c in range(0, d, 4):
            q0, q1, q2, q3 = queries[c], queries[c + 1], queries[c + 2], queries[c + 3]
            a0, a1, a2, a3 = keys[c, j], keys[c + 1, j], keys[c + 2, j], keys[c + 3, j]
            b0, b1, b2, b3 = keys[c, j + 1], keys[c + 1, j + 1], keys[c + 2, j + 1], keys[c + 3, j + 1]
            c0, c1, c2, c3 = keys[c, j + 2], keys[c + 1, j + 2], keys[c + 2, j + 2], keys[c + 3, j + 2]
            d0, d1, d2, d3 = keys[c, j + 3], keys[c + 1, j + 3], keys[c + 2, j + 3], keys[c + 3, j + 3]
            for i in range(m):
                w, x, y, z = q0[i], q1[i], q2[i], q3[i]
                s0[i] += w * a0 + x * a1 + y * a2 + z * a3
                s1[i] += w * b0 + x * b1 + y * b2 + z * b3
                s2[i] += w * c0 + x * c1 + y * c2 + z * c3
                s3[i] += w * d0 + x * d1 + y * d2 + z * d3
        for i in range(m):
            t, v, w = top[i], second[i], first[i]
            s = s0[i]
            low = s if s < t else t
            v = low if low > v else v
            w = j0 if s > t else w
            t = s if s > t else t
            s = s1[i]
            low = s if s < t else t
            v = low if low > v else v
            w = j1 if s > t else w
            t = s if s > t else t
            s = s2[i]
            low = s if s < t else t
            v = low if low > v else v
            w = j2 if s > t else w
            t = s if s > t else t
            s = s3[i]
            low = s if s < t else t
            v = low if low > v else v
            w = j3 if s > t else w
            t = s if s > t else t
            top[i], second[i], first[i] = t, v, w
    for j in range(whole, n):
        for i in range(m):
            s0[i] = 0
        for c in range(d):
            q0, a0 = queries[c], keys[c, j]
            for i in range(m):
                s0[i] += q0[i] * a0
        for i in range(m):
            s, t, v = s0[i], top[i], second[i]
            low = s if s < t else t
            second[i] = low if low > v else v
            first[i] = index[j] if s > t else first[i]
            top[i] = s if s > t else t


@njit(**FLAGS)
def scores_of(queries, a, keys, n, out):
    """The scores of query a against keys 0 … n−1 into `out`; returns the largest, −∞ if all are NaN."""
    for j in range(n):
        out[j] = 0
    for c in range(len(queries)):
        q, row = queries[c, a], keys[c]
        for j in range(n):
            out[j] += q * row[j]
    best = -np.inf  # as in `top_two`, so that scores which overflow to NaN are passed over by both
    for j in range(n):
        best = out[j] if out[j] > best else best
    return best


@njit(**FLAGS)
def average(keys, n, d, scores, best, copies, mean):
    """The mean of the tokens with score `best` into `mean`; their number, first index, and the margin to the rest.

    Token j counts copies[j] times in both.
    """
    count, first, below = 0, 0, -np.inf
    for c in range(d):
        mean[c] = 0
    for j in range(n):
        if scores[j] == best:
            first = j if count == 0 else first
            count += copies[j]
            for c in range(d):
                mean[c] += copies[j] * keys[c, j]
        elif scores[j] > below:
            below = scores[j]
    if count == 0:  # the scores overflowed to NaN
        mean[:d] = np.nan
        return 1, 0, np.nan
    for c in range(d):
        mean[c] /= count
    return count, first, best - below


@njit(**FLAGS)
def layer_blocks(low, high, tokens, A, rate, width, first, count, margin, moved):
    """One layer of blocks `low` … `high` − 1 of `width` queries: sets, margins and next tokens.

    Blocks are numbered through all configurations, so that one large configuration can be shared out as well.
    """
    _, n, d = tokens.shape
    padded = 2 if d <= 2 else (d + 3) // 4 * 4
    blocks = (n + width - 1) // width
    keys = np.zeros((padded, n), tokens.dtype)
    queries = np.zeros((padded, width), tokens.dtype)
    space = np.empty((4, width), tokens.dtype)
    top, second = np.empty(width, tokens.dtype), np.empty(width, tokens.dtype)
    best, index = np.empty(width, np.int64), np.arange(n)
    scores, mean = np.empty(n, tokens.dtype), np.empty(d, tokens.dtype)
    rows, copies = np.empty(width, np.int64), np.ones(n, np.int64)
    loaded, finite = -1, True
    for item in range(low, high):
        b, start = item // blocks, item % blocks * width
        m = min(width, n - start)
        if b != loaded:
            finite = columns(tokens[b], keys)
            loaded = b
        if not finite:
            for i in range(start, start + m):
                first[b, i], count[b, i], margin[b, i] = 0, 1, np.nan
                for c in range(d):
                    moved[b, i, c] = np.nan
            continue
        for a in range(m):
            rows[a] = start + a
        queries_of(keys, A, d, rows, m, queries)
        top_two(queries, keys, m, n, top, second, best, space, index)
        for a in range(m):
            i = start + a
            if top[a] > second[a]:
                j = best[a]
                first[b, i], count[b, i], margin[b, i] = j, 1, top[a] - second[a]
                for c in range(d):
                    mean[c] = keys[c, j]
            else:
                largest_score = scores_of(queries, a, keys, n, scores)
                count[b, i], first[b, i], margin[b, i] = average(keys, n, d, scores, largest_score, copies, mean)
            for c in range(d):
                moved[b, i, c] = keys[c, i] + rate * (mean[c] - keys[c, i])


@njit(**FLAGS)
def tied_members(tokens, A, rows, starts, out):
    """The rows (b, i, j) of all j in C_i for the tied tokens `rows` (b, i), from starts[r] on into `out`."""
    _, n, d = tokens.shape
    padded = 2 if d <= 2 else (d + 3) // 4 * 4
    keys, queries = np.zeros((padded, n), tokens.dtype), np.zeros((padded, 1), tokens.dtype)
    scores, index = np.empty(n, tokens.dtype), np.empty(1, np.int64)
    loaded = -1
    for r in range(len(rows)):
        b, index[0] = rows[r, 0], rows[r, 1]
        if b != loaded:
            columns(tokens[b], keys)
            loaded = b
        queries_of(keys, A, d, index, 1, queries)
        best = scores_of(queries, 0, keys, n, scores)
        place = starts[r]
        for j in range(n):
            if scores[j] == best:
                out[place, 0], out[place, 1], out[place, 2] = b, index[0], j
                place += 1
