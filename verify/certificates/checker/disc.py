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
    """A region with these corners, counterclockwise around it; one may come twice."""

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
        return min([at(form, p) for p in self.corners]) < 0 and not misses_disc(self.where(minus(form)))

    def where(self, form: Form) -> list[Corner]:
        """The corners of where the form is not negative."""
        found: list[Corner] = []
        for p, q in edges(self.corners):
            f, g = at(form, p), at(form, q)
            if f >= 0:
                found.append(p)
            if f * g < 0:
                found.append(crossing(p, q, f, g))
        return found

    def sides(self, form: Form) -> list["Region"]:
        """Where the form is negative, zero and positive, if it is negative and positive somewhere."""
        below, above = self.where(minus(form)), self.where(form)
        return [Region(below), Region([p for p in above if at(form, p) == 0]), Region(above)]


def minus(form: Form) -> Form:
    """The form with the other sign."""
    return -form[0], -form[1], -form[2]


def edges(corners: Sequence[Corner]) -> list[tuple[Corner, Corner]]:
    """Each corner with the next one; of a segment there and back."""
    return [*zip(corners, [*corners[1:], *corners[:1]], strict=True)]


def crossing(p: Corner, q: Corner, f: int, g: int) -> Corner:
    """Where a form vanishes between p and q, if it is f at p and g at q, of other signs."""
    x, y, w = (abs(g) * u + abs(f) * v for u, v in zip(p, q, strict=True))
    unit = math.gcd(x, y, w)
    return x // unit, y // unit, w // unit


def misses_disc(corners: Sequence[Corner]) -> bool:
    """Whether a convex polygon, segment or point has no point in the open disc.

    It has none if and only if some side has the disc wholly on its right, the polygon being on its left; or the corner
    nearest to the origin, with all others not before the line through it that faces the origin, lies outside.
    """
    for x, y, w in corners:
        square = x * x + y * y
        if square >= w * w and all((x * u + y * v) * w >= square * s for u, v, s in corners):
            return True
    for (x, y, w), (u, v, s) in edges(corners):
        a, b, c = y * s - w * v, w * u - x * s, x * v - y * u  # ax + by + c = 0 through both, positive on the left
        if c < 0 and c * c >= a * a + b * b:
            return True
    return False
