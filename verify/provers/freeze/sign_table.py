"""Sign tables: while the follow sets are constant, the sign of every score gap at all later layers from finitely many.

Suppose the sets are constant from layer k on. Then Z^{k+m} = P^m Z^k, and on integers N(m+1) = M N(m) with
Z^{k+m} = N(m) / (D c^m), c = bL, λ = a/b, L = lcm W_i and

    M_ij = (b − a) L [i = j] + a (L / W_i) w_j [j ∈ C_i],

both divided by what divides c and all M_ij.

M is triangular once tokens are ordered by the follow graph, so z_i is annihilated by a product of (E − μ), E the shift
m → m+1 and μ diagonal entries of M along the chains that start at i. The gap F(m) = ⟨N_i, N_j − N_l⟩(m) is therefore
annihilated by a product Π_s (E − σ_s) over products σ of two such entries. Order σ ascending, F_0 = F and
F_{s+1} = (E − σ_s) F_s; the last one vanishes.

*For ever*: F_0(0) > 0 and all F_s(0) ≥ 0 give F(m) > 0 for all m ≥ 0, since F_s(m+1) = σ_s F_s(m) + F_{s+1}(m).
*Between* two offsets a < b: if at every s the values F_s(a) and F_s(b) have the same weak sign and F_0 > 0 at both,
then F > 0 at every offset from a to b. Downwards from the last s: F_{s+1} of constant weak sign makes F_s(m)/σ_s^m
monotone, so it keeps between its end values.
*Ties*: F ≡ 0 if as many consecutive values vanish as the product has factors.

*Jumps* need no power of M. With nodes μ_0 ≤ μ_1 ≤ … that annihilate every coordinate and f(x) = x^m, Newton's form of
the polynomial that agrees with f on them, with multiplicities, gives

    N(m) = Σ_s f[μ_0, …, μ_s] V_s,    V_0 = N(0),    V_{s+1} = (M − μ_s) V_s,

where V_s is small, and the divided differences f[μ_0, …, μ_s] = Σ_{|e| = m − s} Π μ_t^{e_t} are positive integers.

Neighbours: `prover` decides when to build one; the checker derives the same table on its own from CERTIFICATE.md.
Source: CERTIFICATE.md §4, sign tables; §5, rule R3.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import comb, gcd, lcm
from typing import Any

from sympy import ZZ
from sympy.polys.matrices import DomainMatrix

from ....kernels.errors import FollowGraphError
from ....kernels.exact.dynamics import Dynamics, Layer, Sets, integer_matrix
from ....kernels.exact.step import ConstantStep
from . import balls
from .budget import CALL, Budget, Work, common_factor, product
from .follow_graph import follow_order

BALLS_FROM = 64
"""Offset from which on signs are first asked of balls: below it exact integers are small."""

Orders = Mapping[int, int]
"""A product of shifts Π (E − μ)^p as {μ: p}."""


@dataclass(frozen=True, slots=True)
class Column:
    """One inequality of the sets: token i scores j at least as high as l (equal if `tie`), and the shifts σ_s."""

    i: int
    j: int
    l: int  # noqa: E741 the paper's index
    tie: bool
    shifts: tuple[int, ...]


SignTable = tuple[tuple[int, ...], ...]
"""For each column the signs (−1, 0, 1) of F_0, F_1, … at one offset; for a tie the signs of F(0), F(1), …"""


class ConstantSets:
    """The layers from `layer` on, as long as the follow sets stay `sets`.

    Args:
        dynamics: the dynamics; its step must be constant.
        layer: the layer k that offsets count from.
        sets: the follow sets at layer k.
        stationary: tokens proved never to move again.
        open_tokens: the tokens whose sets are to be proved; those of all others are known to stay.
        representative: for each token the first token at the same position at layer k.
        work: where operations are counted before they are done; what it raises ends the work.

    Raises:
        FollowGraphError: the step depends on the layer, or the follow graph has a cycle other than self-loops.
    """

    def __init__(
        self,
        dynamics: Dynamics,
        layer: Layer,
        sets: Sets,
        stationary: Collection[int],
        open_tokens: Collection[int],
        representative: Sequence[int],
        work: Work | None = None,
    ) -> None:
        configuration = dynamics.configuration
        if not isinstance(configuration.step, ConstantStep):
            raise FollowGraphError("sign tables need a constant step")
        self._dynamics, self._layer = dynamics, layer
        self._work = work or Work(Budget.unlimited())
        rate = configuration.step.rate(0)
        w, n = configuration.multiplicities, configuration.n
        totals = [sum(w[j] for j in C) for C in sets]
        L = lcm(*totals)
        a, b = rate.numerator, rate.denominator
        self.scale = b * L
        rows = [[0] * n for _ in range(n)]
        for i, C in enumerate(sets):
            if i in stationary:
                rows[i][i] = self.scale
                continue
            rows[i][representative[i]] += (b - a) * L
            for j in C:
                rows[i][representative[j]] += a * (L // totals[i]) * w[j]
        common = gcd(self.scale, *(v for row in rows for v in row))  # every layer would multiply by it
        self.scale //= common
        rows = [[v // common for v in row] for row in rows]
        self._rows = rows
        self._stationary, self._sets, self._representative = stationary, sets, representative
        self._bits = max(int(v).bit_length() for row in layer.numerators.to_list() for v in row)
        annihilators = self._annihilators()
        self._nodes = _common_multiple(annihilators.values())
        self._columns = self._make_columns(sorted({representative[i] for i in open_tokens}), annihilators)
        self._open = sorted({c.i for c in self._columns})
        self._window = max((len(c.shifts) for c in self._columns), default=0)
        self._M = integer_matrix(rows, (n, n))
        self._newton: list[DomainMatrix] = []  # V_0, V_1, …
        self._tables: dict[int, SignTable] = {}
        self._ball_runs: dict[int, balls.BallRun] = {}

    def _annihilators(self) -> dict[int, Orders]:
        """For each representative a product of shifts that annihilates every coordinate of N_i."""
        known: dict[int, Orders] = {}
        for i in follow_order(self._sets, self._representative, self._stationary):
            own = self._rows[i][i]
            orders = {own: 1}
            if i not in self._stationary:
                for j in {self._representative[j] for j in self._sets[i]} - {i}:
                    for mu, p in known[j].items():
                        # One power of the own root comes on top of those of the tokens that i follows.
                        orders[mu] = max(orders.get(mu, 0), p + (mu == own))
            known[i] = orders
        return known

    def _make_columns(self, open_tokens: Sequence[int], annihilators: Mapping[int, Orders]) -> tuple[Column, ...]:
        r = self._representative
        columns = []
        for i in open_tokens:
            targets = {r[j] for j in self._sets[i]}
            j = r[self._sets[i][0]]
            first, one = annihilators[i], annihilators[j]
            for l in sorted(set(r) - {j}):  # noqa: E741
                other = annihilators[l]
                both = {mu: max(one.get(mu, 0), other.get(mu, 0)) for mu in {*one, *other}}
                self._work.do(CALL * len(first) * len(both))
                columns.append(Column(i, j, l, l in targets, _product_shifts(first, both)))
        return tuple(columns)

    def layer_at(self, offset: int) -> Layer:
        """Layer k + offset, provided the sets are constant up to the layer before.

        Every prime that divides D c^offset divides q = D c: the common factor is sought in q first, and as long as it
        grows in the square of what was found.
        """
        rows = self._numerators(offset).to_list()
        found, power = None, 1
        common = self._common_factor(offset, rows, self._layer.denominator * ZZ(self.scale))
        while common != found and power <= offset:  # q^(offset + 1) has all that the denominator has
            found, common, power = common, self._common_factor(offset, rows, common**2), 2 * power
        denominator = self._layer.denominator * ZZ(self.scale) ** offset
        common = ZZ.gcd(common, denominator)
        if common != 1:
            rows, denominator = [[v // common for v in row] for row in rows], denominator // common
        return Layer(self._layer.index + offset, integer_matrix(rows, self._layer.numerators.shape), denominator)

    def _common_factor(self, offset: int, rows: Sequence[Sequence[Any]], factor: Any) -> Any:
        """What divides `factor` and all entries of N(offset)."""
        self._work.do(self._reduction_operations(offset, factor.bit_length()))
        for v in (v for row in rows for v in row):
            if factor == 1:
                break
            factor = ZZ.gcd(factor, v)
        return factor

    def _reduction_operations(self, offset: int, factor: int) -> int:
        """A common factor of N(offset) and a number of `factor` bits."""
        n, d = self._layer.numerators.shape
        return common_factor(factor) + n * d * product(self._bits_at(offset), 64 + factor)

    def operations(self, offset: int) -> int:
        """About how many operations `layer_at` costs, at most."""
        factor = 2 * (int(self._layer.denominator).bit_length() + self.scale.bit_length())
        return self._newton_operations(offset) + 3 * self._reduction_operations(offset, factor)

    def _bits_at(self, offset: int) -> int:
        """A bound on the size of N(offset): tokens are convex combinations of those at layer k."""
        return self._bits + offset * self.scale.bit_length()

    def _newton_operations(self, offset: int) -> int:
        """Powers of the nodes, differences, and their products with small numbers."""
        bits, (n, d), r = self._bits_at(offset), self._layer.numerators.shape, len(self._nodes)
        return 3 * len(set(self._nodes)) * product(bits, bits) + r * (r + n * d) * product(bits, self._bits)

    def _numerators(self, offset: int) -> DomainMatrix:
        """N(offset) = M^offset N(0), by Newton's form."""
        self._work.do(self._newton_operations(offset))
        if not self._newton:
            n, V = len(self._rows), self._layer.numerators
            for mu in self._nodes:
                self._newton.append(V)
                V = (self._M - integer_matrix([[mu * (i == j) for j in range(n)] for i in range(n)], (n, n))) * V
        differences = _divided_differences(self._nodes, offset)
        N = self._newton[0] * differences[0]
        for V, h in zip(self._newton[1:], differences[1:], strict=True):
            if h:
                N += V * h
        return N

    def table(self, offset: int) -> SignTable:
        """The signs of every column at `offset` (remembered: bisection comes back to its ends)."""
        known = self._tables.get(offset)
        if known is None:
            known = self._tables[offset] = self._make_table(offset)
        return known

    def _make_table(self, offset: int) -> SignTable:
        """The signs at `offset`: by balls if they settle all of them and numbers are large, else exactly."""
        if offset >= BALLS_FROM:
            for precision in balls.PRECISIONS:
                table = self._ball_table(offset, precision)
                if table is not None:
                    return table
        return self._exact_table(offset)

    def _ball_table(self, offset: int, precision: int) -> SignTable | None:
        """The signs by balls of one precision, None if one of them stays open.

        F_s vanishes at all offsets if it and all later ones vanish at offset 0; there no ball could tell.
        """
        run = self._ball_runs.get(precision)
        if run is None:
            run = balls.BallRun(
                self._rows, self.scale, self._layer.numerators, self._dynamics.form, precision, self._work
            )
            self._ball_runs[precision] = run
        table = []
        for signs, at_start in zip(run.signs(offset, self._columns, self._window), self.table(0), strict=True):
            known = len(at_start)
            while known and at_start[known - 1] == 0:
                known -= 1
            if None in signs[:known]:
                return None
            table.append(tuple([s for s in signs[:known] if s is not None] + [0] * (len(signs) - known)))
        return tuple(table)

    def _exact_table(self, offset: int) -> SignTable:
        position = {i: p for p, i in enumerate(self._open)}
        scores = []
        N = self._numerators(offset)
        bits, (n, d), form = self._bits_at(offset), N.shape, 64
        for s in range(self._window + 1):
            bits = self._bits_at(offset + s)
            self._work.do(n * d * (n + d) * product(bits, form) + len(self._open) * n * d * product(bits, bits))
            scores.append(self._dynamics.scores(Layer(0, N, 1), self._open))
            N = self._M * N
        table = []
        for c in self._columns:
            self._work.do(len(c.shifts) * (CALL + (0 if c.tie else len(c.shifts) * product(2 * bits, form))))
            values = [S[position[c.i]][c.j] - S[position[c.i]][c.l] for S in scores[: len(c.shifts) + 1]]
            table.append(tuple(map(_sign, values)) if c.tie else _shifted_signs(values, c.shifts))
        return tuple(table)

    def holds_for_ever(self, offset: int = 0) -> bool:
        """Whether the table at `offset` proves the sets constant from there on, for all layers."""
        return all(
            not any(signs) if c.tie else signs[0] > 0 and min(signs) >= 0
            for c, signs in zip(self._columns, self.table(offset), strict=True)
        )

    def _holds_at(self, offset: int) -> bool:
        return all(
            (signs[0] == 0) if c.tie else signs[0] > 0
            for c, signs in zip(self._columns, self.table(offset), strict=True)
        )

    def _holds_between(self, a: int, b: int) -> bool:
        """Whether the sets are constant from a to b, given that they hold at both."""
        return all(
            c.tie or all(s * t >= 0 for s, t in zip(x, y, strict=True))
            for c, x, y in zip(self._columns, self.table(a), self.table(b), strict=True)
        )

    def constant_until(self, end: int, start: int = 0) -> list[int]:
        """How far the sets stay constant from `start` on, at most up to `end`, with the offsets that prove it.

        Args:
            end: how far to look, > start.
            start: an offset up to which the sets are known to be constant.

        Returns:
            Ascending offsets from `start` on, such that the sets are constant between neighbours by the tables at both.
            The last one is `end`, or one less than the first offset at which a set changes.
        """
        for c, signs in zip(self._columns, self.table(0), strict=True):
            if c.tie and any(signs):  # a tie that its own window breaks
                end = min(end, next(m for m, s in enumerate(signs) if s))
        points = [start]

        def constant(a: int, b: int) -> bool:
            """Append the offsets that prove the sets constant from a to b, as far as they are."""
            if self._holds_at(b) and (b == a + 1 or self._holds_between(a, b)):
                points.append(b)
                return True
            if b == a + 1:
                return False
            middle = (a + b) // 2
            return constant(a, middle) and constant(middle, b)

        if end > start:  # not so where a wrong kernel states a tie that is none
            constant(start, end)
        return points


def _common_multiple(orders: Collection[Orders]) -> tuple[int, ...]:
    """The nodes of the least product of shifts that all of `orders` divide, ascending and with multiplicity."""
    most: dict[int, int] = {}
    for one in orders:
        for mu, p in one.items():
            most[mu] = max(most.get(mu, 0), p)
    return tuple(mu for mu in sorted(most) for _ in range(most[mu]))


def _divided_differences(nodes: Sequence[int], m: int) -> list[Any]:
    """f[μ_0], f[μ_0, μ_1], … of f(x) = x^m at ascending positive nodes: integers, so every division is exact."""
    powers = {mu: ZZ(mu) ** m for mu in set(nodes)}
    column, result = [powers[mu] for mu in nodes], []
    for s in range(1, len(nodes) + 1):
        result.append(column[0])
        column = [
            (column[i + 1] - column[i]) // (nodes[i + s] - nodes[i])
            if nodes[i + s] != nodes[i]
            else comb(m, s) * powers[nodes[i]] // nodes[i] ** s  # C(m, s) = 0 where s > m
            for i in range(len(nodes) - s)
        ]
    return result


def _product_shifts(one: Orders, two: Orders) -> tuple[int, ...]:
    """The shifts that annihilate a product of sequences: roots multiply, of multiplicities p and q comes p + q − 1."""
    orders: dict[int, int] = {}
    for mu, p in one.items():
        for nu, q in two.items():
            orders[mu * nu] = max(orders.get(mu * nu, 0), p + q - 1)
    return tuple(sigma for sigma in sorted(orders) for _ in range(orders[sigma]))


def _shifted_signs(values: Sequence[Any], shifts: Sequence[int]) -> tuple[int, ...]:
    """The signs of F_0(0), F_1(0), …, where `values` are F(0), F(1), … and the last F_s vanishes."""
    row, signs = list(values), []
    for sigma in shifts:
        signs.append(_sign(row[0]))
        row = [after - sigma * before for before, after in pairwise(row)]
    return tuple(signs)


def _sign(value: Any) -> int:
    return (value > 0) - (value < 0)
