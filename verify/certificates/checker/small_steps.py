"""Proofs of the kind `small steps` (CERTIFICATE.md, section 15): who leads for every α in (0, a), by enclosures.

Numbers are intervals (low, high) of integers over 2^BITS, rounded outwards. While every set stays, a token is known at
every layer from its place at the phase's first one; where a set changes, all that it may be is followed.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import reduce

from .polynomials import Poly
from .reading import must

BITS = 80
ONE = 1 << BITS
COARSEST, LONGEST, TRIES = 8, 40, 12
"""Parts of a unit of time at first, units of time of a phase, and enlargements of a window."""
Interval = tuple[int, int]
Box = list[Interval]


def rational(low: Fraction, high: Fraction) -> Interval:
    """The interval of two rationals."""
    return (low.numerator << BITS) // low.denominator, -((-high.numerator << BITS) // high.denominator)


def plus(x: Interval, y: Interval) -> Interval:
    """x + y."""
    return x[0] + y[0], x[1] + y[1]


def minus(x: Interval, y: Interval) -> Interval:
    """x − y."""
    return x[0] - y[1], x[1] - y[0]


def times(x: Interval, y: Interval) -> Interval:
    """x y."""
    corners = x[0] * y[0], x[0] * y[1], x[1] * y[0], x[1] * y[1]
    return min(corners) >> BITS, -(-max(corners) >> BITS)


def hull(x: Interval, y: Interval) -> Interval:
    """The least interval that contains both."""
    return min(x[0], y[0]), max(x[1], y[1])


def scaled(c: Interval, x: Box) -> Box:
    """c x."""
    return [times(c, value) for value in x]


def added(x: Box, y: Box) -> Box:
    """x + y."""
    return [*map(plus, x, y)]


def difference(x: Box, y: Box) -> Box:
    """x − y."""
    return [*map(minus, x, y)]


def enclosures(Z: Sequence[Sequence[Poly]], denominator: Poly) -> list[Box]:
    """Tokens f(t)/g(t) for t > 0: with g's coefficients positive, a mean of the quotients of coefficients."""
    boxes = []
    for row in Z:
        box = []
        for f in row:
            padded = f + [0] * (len(denominator) - len(f))
            quotients = [Fraction(c, d) for c, d in zip(padded, denominator, strict=True)]
            box.append(rational(min(quotients), max(quotients)))
        boxes.append(box)
    return boxes


class Flow:
    """All tokens, of which the sets at one layer are known, from there on.

    Args:
        A: the matrix, whole.
        w: multiplicities.
        a: 0 < α < a.
        fineness: parts of a unit of time at last; a power of two.
    """

    def __init__(self, A: Sequence[Sequence[int]], w: list[int], a: Fraction, fineness: int) -> None:
        self.A, self.w, self.a, self.fineness = A, w, a, fineness
        powers = [i for i in range(3, 13) if 1 << i == fineness]
        must(powers and a <= Fraction(1, 4), "small steps", (fineness, str(a)), "8 to 4096 parts, a <= 1/4 are needed")
        self.rate = rational(Fraction(0), a / (1 + a))
        term, sums = Fraction(1), [Fraction(1)]
        for q in range(1, 22):  # e^(−1/fineness): sums of an alternating series
            term *= Fraction(-1, fineness * q)
            sums.append(sums[-1] + term)
        self._decay = [(ONE, ONE)]
        self._unit = rational(*sorted(sums[-2:]))

    def decay(self, k: int) -> Interval:
        """e^(−k/fineness)."""
        while len(self._decay) <= k:
            self._decay.append(times(self._decay[-1], self._unit))
        return self._decay[k]

    def inner(self, x: Box, y: Box) -> Interval:
        """xᵀAy."""
        result = (0, 0)
        for row, u in zip(self.A, x, strict=True):
            for c, v in zip(row, y, strict=True):
                if c:
                    low, high = times(u, v)
                    result = plus(result, (c * low, c * high) if c > 0 else (c * high, c * low))
        return result

    def leaders(self, z: list[Box], sets: list[tuple[int, ...]], kept: set[int]) -> set[int]:
        """Who leads in the end; refused if that is not shown.

        Args:
            z: where the tokens are at a layer.
            sets: whom they follow there.
            kept: tokens whose sets are known to stay.
        """
        while True:
            leading = {i for i, C in enumerate(sets) if C == (i,)}
            kept |= leading | {i for i, C in enumerate(sets) if len(C) == 1 and C[0] in leading}
            waiting = [i for i in range(len(sets)) if i not in kept]
            if not waiting:
                return leading
            ties = [i for i in waiting if len(sets[i]) > 1]
            must(not ties, "small steps", "sets that stay", f"tokens {ties} follow several, and nothing keeps that")
            z, sets = self.window(*self.phase(z, sets, waiting), sets, waiting)

    def mean(self, points: Sequence[Box] | dict[int, Box], C: tuple[int, ...]) -> Box:
        """The mean of C."""
        W = sum([self.w[j] for j in C])
        parts = [scaled(rational(Fraction(self.w[j], W), Fraction(self.w[j], W)), points[j]) for j in C]
        return reduce(added, parts)

    # -- while all sets stay ------------------------------------------------------------------------------------------

    def phase(
        self, z: list[Box], sets: list[tuple[int, ...]], waiting: list[int]
    ) -> tuple[list[Box], dict[tuple[int, int], int]]:
        """The tokens at the first layer after a time up to which all sets stay, and how far rivals may be behind."""
        terms = self.terms(z, sets)
        gaps = [(i, other) for i in waiting for other in range(len(z)) if other != sets[i][0]]
        rising, k, part = {*gaps}, 0, self.fineness // COARSEST
        while True:
            must(k < LONGEST * self.fineness, "small steps", "that sets change or are captured", "neither is seen")
            tube = self.tokens(terms, k, k + part)
            closing, risen = [], set()
            for gap in gaps:
                i, other = gap
                if self.inner(tube[i], difference(tube[sets[i][0]], tube[other]))[0] > 0:
                    risen.add(gap)
                elif gap not in rising or not self.grows(tube, sets, i, sets[i][0], other):
                    closing.append(gap)
            if not closing:
                rising -= risen
                k += part
                part = self.fineness // COARSEST if k % (self.fineness // COARSEST) == 0 else part
            elif part > 1:
                part //= 2
            else:
                soon = -(-self.fineness * self.a.numerator // self.a.denominator)
                must(not rising & {*closing}, "small steps", "gaps that open", "one of them closes at once")
                tubes = [self.tokens(terms, q, q + 1) for q in range(k, k + soon)]
                behind: dict[tuple[int, int], int] = {}
                for i, other in closing:  # at the first layer after time k; narrow boxes are better than their hull
                    gaps_at = [self.inner(tube[i], difference(tube[other], tube[sets[i][0]])) for tube in tubes]
                    behind[i, other] = min([low for low, _ in gaps_at])
                boxes = [[reduce(hull, values) for values in zip(*at, strict=True)] for at in zip(*tubes, strict=True)]
                return boxes, behind

    def terms(self, z: list[Box], sets: list[tuple[int, ...]]) -> list[tuple[Box, list[Box]]]:
        """For each token its limit c and z, N ε, N² ε, …, ε = z − c, N means over the sets; only c at rest."""
        limits: dict[int, Box] = {i: z[i] for i, C in enumerate(sets) if i in C}
        order: list[int] = [*limits]
        while len(order) < len(z):
            ready = [i for i, C in enumerate(sets) if i not in limits and limits.keys() >= {*C}]
            must(ready, "small steps", "a follow graph with a cycle", "it needs one without")
            for i in ready:
                limits[i] = self.mean(limits, sets[i])
            order += ready
        zero = [(0, 0)] * len(z[0])
        known: dict[int, list[Box]] = {}
        for i in order:
            own = [zero if i in sets[i] else difference(z[i], limits[i])]
            for p in range(0 if i in sets[i] else max([len(known[j]) for j in sets[i]])):
                points = {j: known[j][p] if p < len(known[j]) else zero for j in sets[i]}
                own.append(self.mean(points, sets[i]))
            known[i] = own
        return [(limits[i], [] if i in sets[i] else [z[i], *known[i][1:]]) for i in range(len(z))]

    def tokens(self, terms: list[tuple[Box, list[Box]]], start: int, end: int) -> list[Box]:
        """Where the tokens are at all layers m with start ≤ m ln(1+α) fineness ≤ end.

        z(m) = (1 − θ) c + θ (z + Σ_p b_p N^p ε), θ = (1+α)^−m, b_p = s(s−α)…(s−(p−1)α)/p!, s = αm, 1 ≤ s/t ≤ 1 + a/2.
        """
        theta = self.decay(end)[0], self.decay(start)[1]
        rest = ONE - theta[1], ONE - theta[0]
        first, last = Fraction(start, self.fineness), Fraction(end, self.fineness) * (1 + self.a / 2)
        longest, b, factors = max([len(own) for _, own in terms]), (Fraction(1), Fraction(1)), [theta]
        for p in range(1, longest):
            b = b[0] * max(Fraction(0), first - (p - 1) * self.a) / p, b[1] * last / p
            factors.append(times(theta, rational(*b)))
        sums = [[scaled(rest, c), *map(scaled, factors, own)] if own else [c] for c, own in terms]
        return [reduce(added, parts) for parts in sums]

    def grows(self, z: list[Box], sets: list[tuple[int, ...]], i: int, ahead: int, other: int) -> bool:
        """Whether ⟨z_i, z_ahead − z_other⟩ grows from each layer with tokens in these boxes to the next."""
        moves = [difference(z[j] if j in sets[j] else self.mean(z, sets[j]), z[j]) for j in (i, ahead, other)]
        return self.growth(z, i, ahead, other, *moves) > 0

    def growth(self, z: list[Box], i: int, ahead: int, other: int, of_i: Box, of_ahead: Box, of_other: Box) -> int:
        """A lower bound of the growth at a layer, over λ, where m − z is this for the three tokens."""
        turn = difference(of_ahead, of_other)
        first = plus(self.inner(of_i, difference(z[ahead], z[other])), self.inner(z[i], turn))
        return first[0] + times(self.rate, self.inner(of_i, turn))[0]

    # -- where sets change --------------------------------------------------------------------------------------------

    def window(
        self, z: list[Box], closing: dict[tuple[int, int], int], sets: list[tuple[int, ...]], waiting: list[int]
    ) -> tuple[list[Box], list[tuple[int, ...]]]:
        """The tokens and the sets at a layer at which those gaps have closed, for each token at most one."""
        rivals = dict(closing.keys())
        must(len(rivals) == len(closing), "small steps", "sets that change", "a token has two rivals at once")
        length, T = self.rate[1], z
        for _ in range(TRIES):
            T, inside = self.reach(z, T, sets, rivals, length)
            if not inside:
                continue
            growths = {i: self.closes(T, sets, rivals, i) for i in rivals}
            if min(growths.values()) <= 0:
                break
            times_needed = [-(min(0, closing[i, rivals[i]]) << BITS) // g + 2 for i, g in growths.items()]
            needed = max(times_needed) + self.rate[1]
            if needed <= length:
                self.must_keep(T, sets, rivals, waiting)
                return T, [(rivals[i],) if i in rivals else C for i, C in enumerate(sets)]
            length = needed * 9 // 8
        must(None, "small steps", f"a change of the sets of {[*rivals]}", "it is not shown to happen and to last")
        return z, sets

    def reach(
        self, z: list[Box], T: list[Box], sets: list[tuple[int, ...]], rivals: dict[int, int], length: int
    ) -> tuple[list[Box], bool]:
        """Boxes that the tokens do not leave while Σ λ ≤ length; whether `T` are already such."""
        moved = []
        for i, C in enumerate(sets):
            target = T[i] if i in C else self.mean(T, C)
            if i in rivals:
                target = [*map(hull, target, T[rivals[i]])]
            pulls = scaled((0, length), difference(target, T[i]))
            moved.append([hull(x, plus(x, pull)) for x, pull in zip(z[i], pulls, strict=True)])
        pairs = [pair for b, t in zip(moved, T, strict=True) for pair in zip(b, t, strict=True)]
        inside = all(y[0] <= x[0] and x[1] <= y[1] for x, y in pairs)
        if inside:
            return T, True
        return [[(x[0] - (x[1] - x[0]) // 16 - 1, x[1] + (x[1] - x[0]) // 16 + 1) for x in box] for box in moved], False

    def closes(self, T: list[Box], sets: list[tuple[int, ...]], rivals: dict[int, int], i: int) -> int:
        """A lower bound of the growth of ⟨z_i, z_rival − z_ahead⟩ over λ, while token i follows one of the two or both.

        λ's factor is linear in the mean that token i follows, so least at one of the two; λ² gets their hull.
        """
        ahead, rival = sets[i][0], rivals[i]

        def move(j: int, target: Box) -> Box:
            if j != i and j in sets[j]:
                return [(0, 0)] * len(T[j])
            if j != i:
                target = self.mean(T, sets[j])
                target = [*map(hull, target, T[rivals[j]])] if j in rivals else target
            return difference(target, T[j])

        def parts(target: Box) -> tuple[Interval, Interval]:
            of_i, turn = move(i, target), difference(move(rival, target), move(ahead, target))
            first = plus(self.inner(of_i, difference(T[rival], T[ahead])), self.inner(T[i], turn))
            return first, times(self.rate, self.inner(of_i, turn))

        both = [*map(hull, T[ahead], T[rival])]
        return min(parts(T[ahead])[0][0], parts(T[rival])[0][0]) + parts(both)[1][0]

    def must_keep(self, T: list[Box], sets: list[tuple[int, ...]], rivals: dict[int, int], waiting: list[int]) -> None:
        """Refuse unless no token follows any but its own and its rival, with tokens in these boxes."""
        for i in waiting:
            own = [sets[i][0], *([rivals[i]] if i in rivals else [])]
            for other in {*range(len(T))} - {*own}:
                beaten = any(self.inner(T[i], difference(T[j], T[other]))[0] > 0 for j in own)
                must(beaten, "small steps", f"{own} for token {i}", f"{other} may be ahead of them")
