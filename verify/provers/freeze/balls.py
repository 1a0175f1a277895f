"""Signs by ball arithmetic: rigorous where they are certain, silent where they are not.

At layer k + m the exact integers have a number of bits proportional to m; a ball of a few hundred bits around the same
value costs the same for every m. A sign is reported only if the ball excludes zero, so it is as good as an exact one.

Neighbours: `sign_table` asks for signs and turns to exact integers where a ball leaves one open.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import flint
from sympy.polys.matrices import DomainMatrix

from .budget import Budget, Work, product

PRECISIONS = (192, 768, 3072)
"""Bits tried one after the other."""
OVERHEAD = 150
"""Operations that one ball costs beyond the product of its bits."""


class BallRun:
    """Z^{k+m} = P^m Z^k in balls of one precision.

    Args:
        rows: the integer matrix M, P = M / scale.
        scale: c > 0.
        tokens: (n, d) integer matrix: a positive multiple of Z^k.
        form: (d, d) integer matrix of the scores.
        precision: bits.
        work: where operations are counted before they are done; what it raises ends the work.
    """

    def __init__(
        self,
        rows: Sequence[Sequence[int]],
        scale: int,
        tokens: DomainMatrix,
        form: DomainMatrix,
        precision: int,
        work: Work | None = None,
    ) -> None:
        self._precision, self._scale, self._work = precision, scale, work or Work(Budget.unlimited())
        self._product = OVERHEAD + product(precision, precision)
        with flint.ctx.workprec(precision):
            self._powers = [flint.arb_mat([[flint.arb(flint.fmpq(v, scale)) for v in row] for row in rows])]
            self._tokens, self._form = (
                flint.arb_mat([[flint.arb(int(v)) for v in row] for row in matrix.to_list()])
                for matrix in (tokens, form)
            )

    def signs(self, offset: int, columns: Sequence[Any], window: int) -> list[list[int | None]]:
        """For each column the signs of F_0, F_1, … at `offset` (for a tie: of F(0), F(1), …), None where open."""
        with flint.ctx.workprec(self._precision):
            Z = self._at(offset)
            n, d = Z.nrows(), Z.ncols()
            scores = []
            for _ in range(window + 1):
                self._work.do(n * (n + d) * d * self._product)
                scores.append((Z * self._form * Z.transpose()).tolist())
                Z = self._powers[0] * Z
            square = self._scale**2
            table = []
            for c in columns:
                self._work.do(len(c.shifts) * (len(c.shifts) + 4) * self._product)
                row = [S[c.i][c.j] - S[c.i][c.l] for S in scores[: len(c.shifts) + 1]]
                signs: list[int | None] = []
                for sigma in c.shifts:
                    signs.append(_sign(row[0]))
                    if c.tie:
                        row = row[1:]
                    else:
                        rho = flint.arb(flint.fmpq(sigma, square))
                        row = [after - rho * before for before, after in pairwise(row)]
                table.append(signs)
            return table

    def _at(self, offset: int) -> Any:
        Z, bit = self._tokens, 0
        while offset >> bit:
            if len(self._powers) <= bit:
                self._work.do(self._powers[-1].nrows() ** 3 * self._product)
                self._powers.append(self._powers[-1] * self._powers[-1])
            if offset >> bit & 1:
                self._work.do(Z.nrows() ** 2 * Z.ncols() * self._product)
                Z = self._powers[bit] * Z
            bit += 1
        return Z


def _sign(ball: Any) -> int | None:
    return 1 if ball > 0 else -1 if ball < 0 else None
