"""Numbers that depend on α: elements of Z[α] on an open cell of α, or of Q[α]/(p) at one point, and their signs.

A cell shrinks as what is asked of it forbids more: it is the largest interval around its sample on which every sign
that was relied on is constant. A point never changes.

Neighbours: `follow` runs the dynamics over either; `roots` finds where a sign changes.
"""

from typing import Any

from flint import arb, ctx, fmpq, fmpq_poly, fmpz_poly

from .roots import Root, brackets, root_in, transformed, variations


class SpecialSampleError(Exception):
    """At the sample a difference vanishes that does not vanish on the cell."""


class Cell:
    """The open interval (low, high) of α, `high` None for ∞, with a rational sample inside."""

    def __init__(self, low: Root, high: Root | None, sample: fmpq) -> None:
        self.low, self.high, self.sample = low, high, sample

    @staticmethod
    def element(value: int) -> fmpz_poly:
        """A whole number."""
        return fmpz_poly([value])

    alpha = fmpz_poly([0, 1])

    @staticmethod
    def reduced(value: fmpz_poly) -> fmpz_poly:
        """The element itself."""
        return value

    def sign(self, value: fmpz_poly) -> int:
        """The sign at the sample.

        Raises:
            SpecialSampleError: it is 0 there alone.
        """
        if value.is_zero():
            return 0
        at = value(self.sample)
        if at == 0:
            raise SpecialSampleError
        return 1 if at > 0 else -1

    def is_constant(self, value: fmpz_poly, *, shrink: bool) -> bool:
        """Whether the sign is the same on the cell.

        Args:
            value: not 0 at the sample.
            shrink: make it so, by shrinking the cell to between the roots next to the sample.
        """
        if not variations(value.coeffs()):
            return True
        high = None if self.high is None else self.high.high
        if not variations(transformed(value, self.low.low, high)):
            return True
        for a, b in brackets(value, self.sample, high):
            root = root_in(value, a, b)
            if self.high is None or root.compare(self.high) < 0:
                if not shrink:
                    return False
                self.high = root
            break
        for a, b in brackets(value, self.low.low, self.sample, downwards=True):
            root = root_in(value, a, b)
            if root.compare(self.low) > 0:
                if not shrink:
                    return False
                self.low = root
            break
        return True


class AlgebraicPoint:
    """One algebraic α."""

    def __init__(self, root: Root) -> None:
        self.root = Root(root.p, root.low, root.high)
        self._p = fmpq_poly(root.p)
        self.alpha = self.reduced(fmpq_poly([0, 1]))

    @property
    def sample(self) -> fmpq:
        """A rational as near as was needed so far."""
        return (self.root.low + self.root.high) / 2

    @staticmethod
    def element(value: int) -> fmpq_poly:
        """A whole number."""
        return fmpq_poly([value])

    def reduced(self, value: fmpq_poly) -> fmpq_poly:
        """Modulo p."""
        return value % self._p

    def sign(self, value: fmpq_poly) -> int:
        """The sign; p is irreducible, so only 0 vanishes."""
        if value.is_zero():
            return 0
        if value.degree() == 0:
            return 1 if value[0] > 0 else -1
        bits = 64
        while True:
            self.root.refine(fmpq(1, 2**bits))
            before, ctx.prec = ctx.prec, 2 * bits + 64
            try:
                low, high = arb(self.root.low), arb(self.root.high)
                at, total = low.union(high), arb(0)
                for c in reversed(value.coeffs()):
                    total = total * at + arb(c)
                if not total.contains(0):
                    return 1 if total > 0 else -1
            finally:
                ctx.prec = before
            bits *= 2

    def is_constant(self, value: Any, *, shrink: bool) -> bool:
        """A point is not divided further."""
        return True
