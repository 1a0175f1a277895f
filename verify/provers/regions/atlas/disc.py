"""Convex parts of the open unit disc, exactly: each stands for the A = [[1 + x, y], [y, 1 − x]], x² + y² < 1, in it.

A part is the relative interior of a convex polygon, segment or point, as far as it lies in the disc. Points are
homogeneous: (X, Y, W) stands for (X/W, Y/W), W > 0, whole numbers. What is asked of A is linear in it: a form
c + ax + by, here the polynomial with the coefficients c, a, b.

Neighbours: `walk` runs the dynamics over a part, and cuts it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from typing import Any

from flint import fmpq, fmpq_poly

Homogeneous = tuple[int, int, int]
AffineForm = tuple[int, int, int]
SQUARE: tuple[Homogeneous, ...] = ((-1, -1, 1), (1, -1, 1), (1, 1, 1), (-1, 1, 1))
"""Counterclockwise, as all polygons are; what lies between it and the disc is no part of anything."""


class CutError(Exception):
    """A sign is asked for that is not the same on the whole part: there is a cut along this form."""

    def __init__(self, form: AffineForm) -> None:
        super().__init__(form)
        unit = gcd(*form)
        self.form: AffineForm = (form[0] // unit, form[1] // unit, form[2] // unit)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the disc, not empty.

    Args:
        corners: of its polygon (counterclockwise) or segment, or the point; they may lie outside the disc.
        sample: a point of it.
        line: of a segment, the form that vanishes on it.
    """

    corners: tuple[Homogeneous, ...]
    sample: Homogeneous
    line: AffineForm | None = None

    @property
    def dimension(self) -> int:
        """2 for a polygon, 1 for a segment, 0 for a point."""
        return min(len(self.corners), 3) - 1

    def simple_point(self) -> Homogeneous:
        """A point of the part: with a small denominator if there is one near the sample, in a polygon."""
        X, Y, W = self.sample
        pairs = list(zip(self.corners, (*self.corners[1:], self.corners[0]), strict=True))
        for w in range(1, 65) if self.dimension == 2 else ():
            near = x, y, _ = (2 * X * w + W) // (2 * W), (2 * Y * w + W) // (2 * W), w
            if x * x + y * y < w * w and all(at(_line(p, q), near) > 0 for p, q in pairs):
                return near
        return self.sample

    def cut(self, form: AffineForm) -> tuple["Part", "Part", "Part"]:
        """Where the form is negative, zero and positive; none is empty, for its sign changes inside."""
        values = [at(form, p) for p in self.corners]
        on, line = border(self.corners, values), form if self.dimension == 2 else None
        sides = [clipped(self.corners, [s * v for v in values]) for s in (-1, 1)]
        below, above = (Part(side, _inside(side), self.line) for side in sides)
        return below, Part(on, _inside(on), line), above


class OnPart:
    """What `follow.Follower` asks of where it runs: numbers are rational, scores are forms on a part.

    Args:
        part: where A lies.
        alpha: the step; `sample`, that of many steps, is the same.
    """

    def __init__(self, part: Part, alpha: fmpq) -> None:
        self.part, self.alpha, self.sample = part, alpha, alpha

    @staticmethod
    def element(value: int) -> fmpq:
        """A whole number."""
        return fmpq(value)

    def reduced(self, value: Any) -> Any:
        """The form on this part: 0 only if it is identically zero there. (Numbers stay what they are.)"""
        if self.part.dimension == 2 or not isinstance(value, fmpq_poly):
            return value
        if self.part.line is None:
            X, Y, W = self.part.sample
            return fmpq_poly([value[0] + (value[1] * X + value[2] * Y) / W])
        c, a, b = self.part.line
        share = value[1] / a if a else value[2] / b
        return value - fmpq_poly([share * c, share * a, share * b])

    def sign(self, value: fmpq_poly) -> int:
        """The sign at the sample."""
        v = at(whole(value), self.part.sample)
        return (v > 0) - (v < 0)

    def is_constant(self, value: fmpq_poly, *, shrink: bool) -> bool:
        """Whether the sign of a form, not negative at the sample, is the same on the part.

        Raises:
            CutError: it is not, and `shrink`.
        """
        form = whole(value)
        if not is_somewhere_negative(self.part.corners, [at(form, p) for p in self.part.corners]):
            return True
        if shrink:
            raise CutError(form)
        return False


def whole(value: fmpq_poly) -> AffineForm:
    """The form times a positive number."""
    c, a, b = (int(v) for v in (value.numer()[k] for k in range(3)))
    return c, a, b


def at(form: AffineForm, point: Homogeneous) -> int:
    """The form at a point, times W."""
    return form[0] * point[2] + form[1] * point[0] + form[2] * point[1]


def _line(p: Homogeneous, q: Homogeneous) -> AffineForm:
    """The form that vanishes at both, positive to the left of the way from p to q."""
    return p[0] * q[1] - p[1] * q[0], p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2]


def _between(p: Homogeneous, f: int, q: Homogeneous, g: int) -> Homogeneous:
    """Where the form that is f > 0 at p and g < 0 at q vanishes between them."""
    X, Y, W = (f * v - g * u for u, v in zip(p, q, strict=True))
    unit = gcd(X, Y, W)
    return X // unit, Y // unit, W // unit


def border(corners: Sequence[Homogeneous], values: Sequence[int]) -> tuple[Homogeneous, ...]:
    """Where a form with these values at the corners vanishes on a polygon or a segment: its end points."""
    found = []
    for k, (p, f) in enumerate(zip(corners, values, strict=True)):
        q, g = corners[k - 1], values[k - 1]
        if f == 0:
            found.append(p)
        elif f * g < 0 and (k or len(corners) > 2):
            found.append(_between(p, f, q, g) if f > 0 else _between(q, g, p, f))
    return tuple(found)


def clipped(corners: Sequence[Homogeneous], values: Sequence[int]) -> tuple[Homogeneous, ...]:
    """The corners of where a form with these values at the corners is not negative; () for nowhere."""
    found = []
    for k, (q, g) in enumerate(zip(corners, values, strict=True)):
        p, f = corners[k - 1], values[k - 1]
        if f * g < 0 and (k or len(corners) > 2):
            found.append(_between(p, f, q, g) if f > 0 else _between(q, g, p, f))
        if g >= 0:
            found.append(q)
    return tuple(found)


def is_somewhere_negative(corners: Sequence[Homogeneous], values: Sequence[int]) -> bool:
    """Whether a form with these values at the corners is negative somewhere on the part, in the disc."""
    return min(values) < 0 and within_disc(clipped(corners, [-v for v in values])) is not None


def within_disc(corners: Sequence[Homogeneous]) -> Homogeneous | None:
    """A point in the open disc of a convex polygon, segment or point; None if there is none.

    The one nearest to the origin is a corner, the foot of a perpendicular on a side, or the origin.
    """
    for X, Y, W in corners:
        if X * X + Y * Y < W * W:
            return X, Y, W
    around = len(corners) > 2
    for k, (u, v, w) in enumerate(corners):
        X, Y, W = corners[k - 1]
        c, a, b = _line((X, Y, W), (u, v, w))
        around = around and c > 0
        inner = u * X + v * Y
        if c * c < a * a + b * b and inner * w < (u * u + v * v) * W and inner * W < (X * X + Y * Y) * w:
            return -a * c, -b * c, a * a + b * b
    return (0, 0, 1) if around else None


def _inside(corners: tuple[Homogeneous, ...]) -> Homogeneous:
    """A point of the part with these corners."""
    middle, near = corners[0], within_disc(corners)
    for p in corners[1:]:
        middle = (middle[0] + p[0], middle[1] + p[1], middle[2] + p[2])
    assert near is not None
    X, Y, W = middle
    while X * X + Y * Y >= W * W:
        X, Y, W = X + near[0], Y + near[1], W + near[2]
        near = (2 * near[0], 2 * near[1], 2 * near[2])
    unit = gcd(X, Y, W)
    return X // unit, Y // unit, W // unit
