"""Regions of the open unit disc (CERTIFICATE.md, section 17): what sign a form c + ax + by has on them.

A region is what the disc has of the relative interior of a convex polygon, of a segment, or of a point. A corner
(x, y, w) stands for (x/w, y/w), w > 0.
"""

import math
from collections.abc import Sequence

Corner = tuple[int, int, int]
Form = tuple[int, int, int]
SQUARE: list[Corner] = [(-1, -1, 1), (1, -1, 1), (1, 1, 1), (-1, 1, 1)]


def product(u: Sequence[int], v: Sequence[int]) -> Form:
    """uᵀAv for A = [[1 + x, y], [y, 1 − x]]."""
    (p, q), (r, s) = u, v
    return p * r + q * s, p * r - q * s, p * s + q * r


def at(form: Form, corner: Corner) -> int:
    """The form at a point, times w."""
    (c, a, b), (x, y, w) = form, corner
    return c * w + a * x + b * y


class Region:
    """A region with these corners, in order around it."""

    def __init__(self, corners: Sequence[Corner]) -> None:
        self.corners = corners

    def is_zero(self, form: Form) -> bool:
        """Whether the form vanishes on the region."""
        return not any(at(form, p) for p in self.corners)

    def is_positive(self, form: Form) -> bool:
        """Whether the form is positive on all of the region: nowhere negative, and not 0 all over."""
        return not self.is_zero(form) and not self.has_negative(form)

    def has_negative(self, form: Form) -> bool:
        """Whether the form is negative somewhere on the region."""
        return min([at(form, p) for p in self.corners]) < 0 and meets_disc(self.where((-form[0], -form[1], -form[2])))

    def where(self, form: Form) -> list[Corner]:
        """The corners of where the form is not negative."""
        found: list[Corner] = []
        for p, q in self.edges():
            f, g = at(form, p), at(form, q)
            if f >= 0:
                found.append(p)
            if f * g < 0:
                found.append(crossing(p, q, f, g))
        return found

    def edges(self) -> list[tuple[Corner, Corner]]:
        """Each corner with the next one; the last one of a segment with itself."""
        following = [*self.corners[1:], self.corners[0 if len(self.corners) > 2 else -1]]
        return [*zip(self.corners, following, strict=True)]

    def sides(self, form: Form) -> list["Region"]:
        """Where the form is negative, zero and positive, if it is negative and positive somewhere."""
        below, above = self.where((-form[0], -form[1], -form[2])), self.where(form)
        return [Region(below), Region([p for p in above if at(form, p) == 0]), Region(above)]


def crossing(p: Corner, q: Corner, f: int, g: int) -> Corner:
    """Where a form vanishes between p and q, if it is f at p and g at q, of other signs."""
    x, y, w = (abs(g) * u + abs(f) * v for u, v in zip(p, q, strict=True))
    unit = math.gcd(x, y, w)
    return x // unit, y // unit, w // unit


def meets_disc(corners: list[Corner]) -> bool:
    """Whether a convex polygon, segment or point has a point in the open disc.

    If so a corner lies in it, or a chord of it is a side, or the origin is inside.
    """
    if any(x * x + y * y < w * w for x, y, w in corners):
        return True
    turns = []
    for p, q in Region(corners).edges():
        (x, y, w), (u, v, s) = p, q
        a, b, c = y * s - w * v, w * u - x * s, x * v - y * u  # the line ax + by + c = 0 through both
        inner = x * u + y * v
        if c * c < a * a + b * b and inner * s < (u * u + v * v) * w and inner * w < (x * x + y * y) * s:
            return True
        turns.append(c)
    return len(corners) > 2 and (min(turns) > 0 or max(turns) < 0)
