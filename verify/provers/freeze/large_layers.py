"""Follow sets of layers whose numbers are large: leading bits first, exact products where those leave it open.

With N = 2^s (T + E), T = ⌊N / 2^s⌋ and E in [0, 1) entry by entry, the score ⟨N_i, N_j⟩ / 4^s differs from
Σ F_ab T_ia T_jb by at most Σ |F_ab| (|T_ia| + |T_jb| + 1), F the form. A token j whose score so bounded stays below
that of another one is no maximiser. Those that remain are compared exactly; a tie always remains.

Neighbours: `prover` asks at each layer, `dynamics` compares.
"""

from collections.abc import Sequence

from ....kernels.exact.dynamics import Dynamics, Layer, Sets
from .budget import Work, product

LARGE = 20_000
"""Bits of the numbers from which on leading bits are asked first."""
LEADING = 512
"""How many leading bits."""


def operations(n: int, d: int, bits: int, form_bits: int) -> int:
    """What the exact scores of one token with n tokens cost."""
    return d * d * product(bits, form_bits) + n * d * product(bits, bits)


def follow_sets(dynamics: Dynamics, layer: Layer, rows: Sequence[int], bits: int, work: Work) -> Sets:
    """C_i at one layer for i in `rows`.

    Args:
        dynamics: the exact kernel.
        layer: the tokens.
        rows: the tokens i.
        bits: a bound on the size of all numerators.
        work: where the operations are counted.

    Raises:
        OutOfBudgetError: the budget does not allow it.
    """
    n, d = layer.numerators.shape
    if bits < LARGE:
        work.do(len(rows) * operations(n, d, bits, 64))
        return dynamics.follow_sets(layer, None if len(rows) == n else rows)
    form_bits = max(int(v).bit_length() for row in dynamics.form.to_list() for v in row)
    work.do(n * d * (bits >> 6) + len(rows) * operations(n, d, LEADING, form_bits))
    found = []
    for i, open_tokens in zip(rows, _possible(dynamics, layer, rows), strict=True):
        if len(open_tokens) > 1:
            work.do(operations(len(open_tokens), d, bits, form_bits))
            some = Layer(layer.index, layer.numerators.extract([i, *open_tokens], range(d)), layer.denominator)
            (scores,) = dynamics.scores(some, [0])
            best = max(scores[1:])
            open_tokens = [j for j, v in zip(open_tokens, scores[1:], strict=True) if v == best]
        found.append(tuple(open_tokens))
    return tuple(found)


def _possible(dynamics: Dynamics, layer: Layer, rows: Sequence[int]) -> list[list[int]]:
    """For each token of `rows` the tokens that may be among its maximisers, by the leading bits."""
    numerators = [[int(v) for v in row] for row in layer.numerators.to_list()]
    form = [[int(v) for v in row] for row in dynamics.form.to_list()]
    s = max(0, max(abs(v).bit_length() for row in numerators for v in row) - LEADING)
    T = [[v >> s for v in row] for row in numerators]
    columns = list(zip(*form, strict=True))
    right = [sum(map(abs, column)) for column in columns]  # Σ_a |F_ab|
    left = [sum(map(abs, row)) for row in form]  # Σ_b |F_ab|
    total = sum(left)
    result = []
    for i in rows:
        image = [sum(x * f for x, f in zip(T[i], column, strict=True)) for column in columns]
        own = sum(abs(x) * f for x, f in zip(T[i], left, strict=True)) + total
        scores = [sum(x * y for x, y in zip(image, row, strict=True)) for row in T]
        errors = [own + sum(abs(y) * f for y, f in zip(row, right, strict=True)) for row in T]
        best = max(v - e for v, e in zip(scores, errors, strict=True))
        result.append([j for j, (v, e) in enumerate(zip(scores, errors, strict=True)) if v + e >= best])
    return result
