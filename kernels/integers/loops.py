"""Raw loops of the screen: arrays in, arrays out, nothing checked but the range of 64 bits.

Signed overflow is undefined in compiled code, so each guard is a comparison of numbers that fit, made before the
operation that might not. Neighbours: `screen` has the mathematics and checks the input.
"""

import numpy as np
from numba import njit

FLAGS = {"cache": True, "error_model": "numpy", "nogil": True}
LARGEST = np.int64(2**63 - 1)
ONE = np.uint64(1)


@njit(**FLAGS)
def magnitude(N):
    """max |N|, or −1 if an entry is −2⁶³, whose absolute value does not fit."""
    result = np.int64(0)
    for row in N:
        for v in row:
            if v == -LARGEST - 1:
                return np.int64(-1)
            result = max(result, abs(v))
    return result


@njit(**FLAGS)
def gcd(x, y):
    """The greatest common divisor of two nonnegative integers."""
    while y:
        x, y = y, x % y
    return x


@njit(**FLAGS)
def fill_scores(N, query, row):
    """query · N_j for every j into `row`; the largest of them."""
    n, d = N.shape
    for j in range(n):
        row[j] = 0
    for c in range(d):
        q = query[c]
        for j in range(n):
            row[j] += q * N[j, c]
    best = row[0]
    for j in range(n):
        best = max(best, row[j])
    return best


@njit(**FLAGS)
def maximisers(row, best):
    """The j with row_j = best: as bits, their number, and the last of them."""
    mask, count, last = np.uint64(0), np.int64(0), np.int64(0)
    for j in range(len(row)):
        if row[j] == best:
            mask |= ONE << np.uint64(j)
            count += 1
            last = j
    return mask, count, last


@njit(**FLAGS)
def total(rows, mask, count, last, out):
    """Σ_{j ∈ mask} rows_j into `out`."""
    for c in range(rows.shape[1]):
        out[c] = rows[last, c]
    if count > 1:
        for j in range(last):
            if mask >> np.uint64(j) & ONE:
                for c in range(rows.shape[1]):
                    out[c] += rows[j, c]


@njit(**FLAGS)
def is_frozen(N, queries, masks, count, last, M, reach, sums, row):
    """Whether every token is stationary or captured; needs n M ≤ 2⁶³ − 1. `sums` (d,) and `row` (n,) are workspace."""
    n, d = N.shape
    still = np.uint64(0)
    for i in range(n):
        total(N, masks[i], count[i], last[i], sums)
        moves = False
        for c in range(d):
            moves = moves or sums[c] != count[i] * N[i, c]
        if not moves:
            still |= ONE << np.uint64(i)
    changed = True
    while changed:
        changed = False
        for i in range(n):
            bit = ONE << np.uint64(i)
            if still & bit and masks[i] & ~still:
                still ^= bit
                changed = True
    for i in range(n):
        if not still >> np.uint64(i) & ONE and masks[i] & ~still:
            return False
    for i in range(n):
        # A single stationary token that follows itself alone is a leader (R1): nothing more to show.
        if still >> np.uint64(i) & ONE or (count[i] == 1 and masks[last[i]] == masks[i]):
            continue
        # |Σ_{C_i} query| ≤ |C_i| f M, so the scores below are at most d f M² |C_i|.
        if count[i] > 1 and M > reach // count[i]:
            return False
        total(queries, masks[i], count[i], last[i], sums)
        if masks[i] & ~maximisers(row, fill_scores(N, sums, row))[0]:
            return False
    return True


@njit(**FLAGS)
def update(N, D, masks, count, last, a, b, M, new, sums):
    """Layer k+1 into `new`; its denominator, or 0 if it might not fit."""
    n, d = N.shape
    L = np.int64(1)
    for i in range(n):
        if count[i] > 1 and L % count[i]:
            factor = count[i] // gcd(count[i], L)
            if L > LARGEST // factor:
                return np.int64(0)
            L *= factor
    if b > LARGEST // L or max(M, D) > LARGEST // (b * L):
        return np.int64(0)
    common = D * (b * L)
    for i in range(n):
        total(N, masks[i], count[i], last[i], sums)
        pull = a * (L // count[i])
        for c in range(d):
            new[i, c] = (b - a) * L * N[i, c] + pull * sums[c]
            if common > 1:
                common = gcd(common, abs(new[i, c]))
    if common > 1:
        for i in range(n):
            for c in range(d):
                new[i, c] //= common
    return D * (b * L) // common


@njit(**FLAGS)
def run_configurations(low, high, tokens, form, a, b, reach, layers, patience, frozen):
    """Layers of configurations `low` … `high` − 1, each until frozen, given up, `layers` on, or at the range's end.

    Args:
        low, high: which configurations.
        tokens: (B, n, d) the integers.
        form: (d, d) the integer A.
        a, b: λ = a/b.
        reach: the largest M for which scores fit; −1 if there is none.
        layers: how many layers are followed at most.
        patience: after so many layers with the same sets a configuration is given up.
        frozen: (B,) −1, to be filled with the layer from which on the sets are constant.
    """
    n, d = tokens.shape[1:]
    queries, new = np.zeros((n, d), np.int64), np.zeros((n, d), np.int64)
    row, count, last = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    sums = np.zeros(d, np.int64)
    masks, before = np.zeros(n, np.uint64), np.zeros(n, np.uint64)
    for item in range(low, high):
        N = tokens[item].copy()
        D = np.int64(1)
        same = 0
        before[:] = 0
        for k in range(layers):
            M = magnitude(N)
            if M < 0 or M > reach or M > LARGEST // n:
                break
            for i in range(n):
                for c in range(d):
                    queries[i, c] = 0
                    for e in range(d):
                        queries[i, c] += N[i, e] * form[e, c]
            for i in range(n):
                masks[i], count[i], last[i] = maximisers(row, fill_scores(N, queries[i], row))
            if is_frozen(N, queries, masks, count, last, M, reach, sums, row):
                frozen[item] = k
                break
            same += 1
            for i in range(n):
                if masks[i] != before[i]:
                    same = 1
            before[:] = masks
            D = update(N, D, masks, count, last, a, b, M, new, sums)
            if D == 0 or same >= patience:
                break
            N[:] = new
