"""Curves: who leads among samples of a closed curve, the theorem of CURVES.md, checked on exact samples.

A trigonometric curve with rational coefficients has rational points wherever tan(s/2) is rational, and steps of one
rational rotation are equal steps of s. So the tokens, and with them the follow sets, are exact; what the theorem says
of their number is compared by balls, which exclude what they do not contain.

Neighbours: CURVES.md has the theorem and its constants under the same letters.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from flint import arb, ctx

from ....kernels.errors import InputError
from ....kernels.exact.configuration import Configuration
from ....kernels.exact.dynamics import over_one_denominator
from ....kernels.exact.json_values import number
from ....kernels.exact.matrix import identity
from ...geometry.waves import ONE, ZERO, Curve, Wave, ball, fitted, inner, samples
from ..case import Case
from ..inputs import Drawn, Listed
from ..registry import Claim, Finding, Source, assumed

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

BITS = 256
"""Of the balls."""
FINEST, NARROW = Fraction(1, 4096), 1e-12
"""Zeros of b' that pieces of this part of a turn do not isolate count as degenerate; others are enclosed so far."""


def _parameters(c: Configuration) -> list[Fraction] | None:
    """tan(s/2) of the tokens by their labels; None if these are no equal steps, at most once round."""
    try:
        t = [number("label", label) for label in c.labels or ()]
    except InputError:
        return None
    if len(t) < 4 or any(x >= y for x, y in pairwise(t)):
        return None
    steps = {(y - x) / (1 + x * y) if 1 + x * y > 0 else ZERO for x, y in pairwise(t)}  # tan of half of them
    return t if len(steps) == 1 and ZERO not in steps else None


def _curve(case: Case) -> tuple[list[Fraction], Curve] | None:
    """The parameters of the tokens and the curve, None if they are no samples of one."""
    t = _parameters(case.configuration)
    curve = None if t is None else fitted(t, case.configuration.tokens)
    return None if t is None or curve is None else (t, curve)


def sampled(c: Configuration) -> bool:
    """Labels are tan(s/2) at equal steps once round, the tokens are on a trigonometric curve there, and A = I."""
    return c.A == identity(c.d) and c.follow == "largest" and _parameters(c) is not None and _curve(Case(c)) is not None


# -- the theorem ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Constants:
    """What CURVES.md calls b, a and the bounds."""

    curve: Curve
    b1: Wave
    b2: Wave
    a: Wave
    A1: arb
    B2: arb
    B3: arb
    Q: arb
    VR: arb

    @classmethod
    def of(cls, curve: Curve) -> "Constants":
        """Of γ. A wave's bound is the sum of its coefficients' sizes; products of norms are roots of two of them."""
        first = tuple(w.derivative() for w in curve)
        second = tuple(w.derivative() for w in first)
        third = tuple(w.derivative() for w in second)
        b1, minus = inner(curve, first), Wave((-ONE,), (ZERO,))
        a, b2 = inner(curve, second) * minus, b1.derivative()
        R2, V2, M2 = (ball(inner(w, w).bound()) for w in (curve, first, third))
        A1, B2, B3 = (ball(w.bound()) for w in (a.derivative(), b2, b2.derivative()))
        return cls(curve, b1, b2, a, A1, B2, B3, (R2 * M2).sqrt(), (R2 * V2).sqrt())


def share(a: arb, b2: arb) -> arb:
    """a/|b''|: how many leaders a simple zero of b' carries."""
    return a / abs(b2)


def reach(a: arb, step: arb, Q: arb) -> arb:
    """A leader has |b'| < aΔ/2 + QΔ²/6."""
    return a * step / 2 + Q * step**2 / 6


def zeros(k: Constants) -> Iterator[tuple[arb, bool]]:
    """Enclosures of all zeros of b' in an interval of length 2π, and whether they are simple and isolated."""
    start, pieces = arb(-3) - arb(1) / 7, [(Fraction(i, 64), Fraction(i + 1, 64)) for i in reversed(range(64))]
    turn = 2 * arb.pi()
    if not any((*k.b1.c, *k.b1.d)):  # a sphere round the origin
        yield start.union(start + turn), False
        return
    while pieces:
        lo, hi = pieces.pop()
        left, right = start + turn * ball(lo), start + turn * ball(hi)
        whole = left.union(right)
        if not k.b1.at(whole).contains(0):
            continue
        if k.b2.at(whole).contains(0):
            if hi - lo < FINEST:
                yield whole, False
            else:
                pieces += [((lo + hi) / 2, hi), (lo, (lo + hi) / 2)]
            continue
        rises = k.b2.at(whole) > 0
        if not k.b1.at(left) * k.b1.at(right) > 0:
            for _ in range(50):  # a sign that a ball leaves open says that the zero is hardly farther than its radius
                middle = (left + right) / 2
                left, right = (left, middle) if (k.b1.at(middle) > 0) == rises else (middle, right)
            left, right = left - NARROW, right + NARROW
            yield left.union(right), bool(k.b1.at(left) * k.b1.at(right) < 0)


@dataclass(frozen=True)
class Predicted:
    """Of a simple zero: how many leaders are within `radius` of it."""

    radius: arb
    least: int
    most: int
    share: arb


def predicted(
    k: Constants, zero: arb, s: Sequence[arb], step: arb, tokens: Sequence[Sequence[arb]]
) -> Iterator[Predicted]:
    """Theorems 2 and 3 at a simple zero, in two windows; none where samples are too coarse, or an end too near."""
    a, beta = k.a.at(zero), abs(k.b2.at(zero))
    p = share(a, k.b2.at(zero))
    here = [wave.at(zero) for wave in k.curve]
    height = _dot(here, here)
    above = [_dot(here, z) - height for z in tokens]
    apart = [abs(_turned(x - zero)) for x in s]

    def slack(rho: arb) -> arb:
        return 2 * (k.B3 * rho**2 / 2 + k.A1 * rho * step / 2 + k.Q * step**2 / 6) / (beta * step)

    rho = step
    while not (p + slack(rho)) * step / 2 <= rho:
        rho *= arb("1.1")
        if not rho < 1:
            return
    for radius in (rho, 2 * rho):
        if not (s[0] < zero - radius and zero + radius < s[-1]):
            return
        e, margin, sigma = slack(radius), radius * k.VR + k.B2 * radius**2, (a - k.A1 * radius) / k.Q
        if any(v >= margin for v in above):
            yield Predicted(radius, 0, 0, p)
            continue
        far = [v for v, x in zip(above, apart, strict=True) if not x < sigma - radius]
        holds = sigma > radius and all(v < -margin for v in far)
        least = _ceiling(p - e, up=False) - 1 if holds else 0
        yield Predicted(radius, max(0, least), max(0, _ceiling(p + e, up=True)), p)


def check_leaders(case: Case) -> Finding:
    """Where the leaders of layer 0 are, how many each zero of b' carries, and when all lead."""
    with ctx.workprec(BITS):
        return _check(case)


def _check(case: Case) -> Finding:
    known = case.once(_curve)
    if known is None:
        return Finding("vacuous", "the tokens are no samples of a trigonometric curve")
    t, curve = known
    sets = next(iter(case.configuration.dynamics().layers()))[1]
    leaders = [i for i, C in enumerate(sets) if C == (i,)]
    fault = _all_lead_fault(case.configuration, len(leaders) == len(sets))
    if fault:
        return Finding("refuted", fault, 0)
    k, s = Constants.of(curve), [2 * ball(x).atan() for x in t]
    step = 2 * ball((t[1] - t[0]) / (1 + t[0] * t[1])).atan()
    for i in leaders:
        if 0 < i < len(t) - 1 and abs(k.b1.at(s[i])) >= reach(k.a.at(s[i]), step, k.Q):
            return Finding("refuted", f"token {i} leads where |b'| is not below aΔ/2 + QΔ²/6", 0, i)
    tokens = [[wave.at(x) for wave in curve] for x in s]
    resolved = degenerate = 0
    for zero, simple in zeros(k):
        zero = _turned(zero)
        foretold = list(predicted(k, zero, s, step, tokens)) if simple else []
        degenerate += not simple
        for found in foretold:
            near = sum(bool(abs(s[i] - zero) <= found.radius) for i in leaders)
            maybe = sum(not abs(s[i] - zero) > found.radius for i in leaders)
            if near > found.most or maybe < found.least:
                wanted = f"{found.least} to {found.most}, for a/|b''| = {float(found.share.mid()):.4g}"
                return Finding("refuted", f"{near} leaders at the zero {float(zero.mid()):.4g} of b', not {wanted}", 0)
        resolved += any(found.most < 2 or found.most <= found.share + 2 for found in foretold)
    what = f"{len(leaders)} of {len(t)} lead, {resolved} zeros of b' with the number that is foretold"
    return Finding("verified", what + (", others are degenerate" if degenerate else ""), trivial=resolved == 0)


def _all_lead_fault(c: Configuration, all_lead: bool) -> str | None:
    """All lead exactly if ||z_j|² − |z_k|²| < |z_j − z_k|² for all j ≠ k."""
    rows, _ = over_one_denominator(c.tokens)
    squares = [sum(x * x for x in row) for row in rows]
    apart = all(
        abs(squares[j] - squares[k]) < sum((x - y) ** 2 for x, y in zip(rows[j], rows[k], strict=True))
        for j in range(c.n)
        for k in range(j)
    )
    if apart == all_lead:
        return None
    return f"{'all' if all_lead else 'not all'} lead, and norms differ by {'less' if apart else 'more'} than distances"


# -- balls ------------------------------------------------------------------------------------------------------------


def _dot(x: Sequence[arb], y: Sequence[arb]) -> arb:
    return sum((p * q for p, q in zip(x, y, strict=True)), arb(0))


def _turned(x: arb) -> arb:
    """x less full turns: in (−π, π], or near it."""
    return x - 2 * arb.pi() * round(float(x.mid()) / 6.283185307179586)


def _ceiling(x: arb, *, up: bool) -> int:
    """⌈x⌉ of the upper or of the lower end of a ball."""
    found = (x.upper() if up else x.lower()).ceil().unique_fmpz()
    return int(found if found is not None else x.ceil().upper().unique_fmpz() or 0)


# -- inputs -----------------------------------------------------------------------------------------------------------


def _wave(*pairs: tuple[int, int]) -> Wave:
    return Wave(tuple(Fraction(c) for c, _ in pairs), tuple(Fraction(d) for _, d in pairs))


ELLIPSE = (_wave((0, 0), (6, -8)), _wave((0, 0), (4, 3)))
"""Of axes 10 and 5, its vertices away from s = π: two maxima of b with a/|b''| = 4/3, two minima with 1/3."""
CIRCLE = (_wave((0, 0), (3, 4)), _wave((0, 0), (-4, 3)))
"""b' ≡ 0: all lead, however fine the samples."""
FLAT = (_wave((4, 0), (11, 0), (4, 0), (-1, 0)), _wave((0, 0), (0, 13), (0, 4), (0, -1)))
"""r(s) (cos s, sin s) with r = 6 + 4 cos s − cos 2s, whose derivative has a threefold zero at s = 0."""
OUTSHONE = (_wave((25, 0), (15, -20), (-7, -24)), _wave((0, 0), (20, 15), (24, -7)))
"""A limaçon, r = 1 + 2 cos: at the tip of its inner loop b has a maximum and a > 0; the outer loop scores higher."""
INWARD = (_wave((4, 0), (2, 1)), _wave((0, 0), (-1, 2)))
"""A circle that leaves the origin out: a < 0 at its nearest point."""
NAMED = {
    "an ellipse": ELLIPSE,
    "a circle round the origin": CIRCLE,
    "a threefold zero": FLAT,
    "another maximiser": OUTSHONE,
    "a negative": INWARD,
}


def named_curves() -> Iterator[tuple[str, Configuration]]:
    """The curves on which the theorem's conditions hold or fail in one way each."""
    for name, curve in NAMED.items():
        yield name, samples(curve, 40)


def inputs() -> "SearchStrategy[Configuration]":
    """Samples of curves with small whole coefficients, up to three harmonics, in two to four dimensions."""
    from hypothesis import strategies as st

    pair = st.tuples(st.integers(-3, 3), st.integers(-3, 3))
    waves = st.integers(1, 3).flatmap(lambda m: st.lists(pair, min_size=m + 1, max_size=m + 1).map(lambda w: _wave(*w)))
    curves = st.lists(waves, min_size=2, max_size=4).map(tuple)
    return st.builds(samples, curves, st.integers(10, 40))


CLAIMS = (
    Claim(
        "curves.leaders",
        "of samples of a closed curve γ at equal steps every leader is where b' is small, b = ½‖γ‖²; a simple zero of "
        "b' carries a number of leaders within 1 of a/abs(b''), a = −⟨γ, γ''⟩, up to an explicit error that vanishes "
        "with the step, if nothing scores higher there, and none if a sample does; all lead if and only if squared "
        "norms differ by less than the squared distance of the tokens",
        assumed(sampled),
        Source("hardmax", "this version", "CURVES.md, theorems 1 to 4"),
        "theorem",
        check_leaders,
        inputs=(
            Listed(
                "Samples of closed curves: where the theorem's conditions hold, and where each of them fails",
                named_curves,
            ),
            Drawn("Samples of random trigonometric curves", inputs, 25),
        ),
        example=samples(ELLIPSE, 30),
    ),
)
