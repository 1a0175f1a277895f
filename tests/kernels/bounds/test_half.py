"""The bound on next tokens of half precision: right evaluations of every admitted form keep it, in exact arithmetic.

Every operation is rounded here from rationals, so that no library is trusted; the order of sums, fused operations, the
place where α is rounded and the numbers are drawn. `MUTANTS` takes parts out of the bound, and some evaluation must
then exceed it.
"""

import inspect
from collections.abc import Iterator
from fractions import Fraction
from random import Random
from types import ModuleType

import numpy as np
import pytest

from hardmax.kernels.bounds import half as real
from hardmax.kernels.bounds.exact_scores import LEAST_EXPONENT, PRECISION, largest

FORMS = ("A", "A'", "B", "C", "D", "D'", "E")
ALPHAS = (1.0, 0.1, 1 / 3, 3.0, 7.3, 1e-3, 1e-5, 2.0**-14, 2.0**-17, 2.0**-20, 3e-8, 100.0, 1000.0, 0.9, 30.0, 3e4, 1e6)


class Arithmetic:
    """Half precision: to nearest even, gradual underflow; `OverflowError` beyond the largest number."""

    def __init__(self, dtype: str, rng: Random) -> None:
        self.dtype, self.rng, self.p, self.least = dtype, rng, PRECISION[dtype], LEAST_EXPONENT[dtype]
        self.most = Fraction(largest(dtype))

    def __call__(self, x: Fraction) -> Fraction:
        if not x:
            return x
        e = abs(x).numerator.bit_length() - abs(x).denominator.bit_length()
        e -= Fraction(2) ** e > abs(x)
        unit = Fraction(2) ** (max(e, self.least) - self.p + 1)
        rounded = round(x / unit) * unit
        if abs(rounded) > self.most:
            raise OverflowError
        return rounded

    def fused(self, a: Fraction, b: Fraction, c: Fraction) -> Fraction:
        return self(a * b + c) if self.rng.random() < 0.3 else self(self(a * b) + c)

    def total(self, values: list[Fraction]) -> Fraction:
        values = self.rng.choice((list, sorted, lambda v: sorted(v, key=abs), lambda v: sorted(v, reverse=True)))(
            values
        )
        tree = self.rng.random() < 0.4
        while len(values) > 1:
            a = values.pop(self.rng.randrange(len(values)) if tree else 0)
            k = self.rng.randrange(len(values)) if tree else 0
            values[k] = self(a + values[k])
        return values[0]

    def mean(self, values: list[Fraction]) -> Fraction:
        if self.rng.random() < 0.5:
            return self(self.total(values) / len(values))
        weight = self(Fraction(1, len(values)))
        return self.total([self(weight * v) for v in values])

    def rate(self, alpha: Fraction, *, once: bool = False) -> Fraction:
        kind = 0 if once else self.rng.randrange(3)
        if kind == 0:
            return self(alpha / (1 + alpha))
        rounded = self(alpha)
        if kind == 1:
            return self(rounded / self(1 + rounded))
        try:
            return self(1 / self(1 + self(1 / rounded))) if rounded else rounded
        except OverflowError:
            return Fraction(0)

    def rest(self, alpha: Fraction) -> Fraction:
        return self(1 / (1 + alpha)) if self.rng.random() < 0.5 else self(1 / self(1 + self(alpha)))

    def step(self, form: str, z: Fraction, y: Fraction, alpha: Fraction) -> Fraction:
        if form == "A":
            return self.fused(self.rate(alpha), self(y - z), z)
        if form == "A'":
            return self(y - self(self(y - z) * self(1 - self.rate(alpha, once=True))))
        if form == "B":
            rate = self.rate(alpha)
            return self.fused(rate, y, self(self(1 - rate) * z))
        if form == "D":
            return self.fused(self.rate(alpha), y, self(z * self.rest(alpha)))
        moved = self.fused(self(alpha), y, z)
        return {"C": lambda: self(moved / self(1 + self(alpha))), "D'": lambda: self(moved * self.rest(alpha))}.get(
            form, lambda: moved / (1 + alpha)
        )()


def evaluations(form: str, dtype: str, seed: int, count: int) -> Iterator[tuple]:
    """(z, all y, α, what the form gives or None where it overflows, exactly)."""
    rng = Random(f"{form}/{dtype}/{seed}")
    rounded = Arithmetic(dtype, rng)
    ulp = 2.0 ** (1 - PRECISION[dtype])
    scales = (0, 0, 3, -3, 6, -9, -14, -18, -22, 9, 12) if dtype == "float16" else (0, 0, 5, -20, -126, -130, 60)
    while count:
        scale, kind, m = Fraction(2) ** rng.choice(scales), rng.randrange(5), rng.choice((1, 1, 1, 2, 3, 4, 7, 17, 50))
        alpha = Fraction(rng.choice((*ALPHAS, rng.random(), 2 ** rng.uniform(-12, 12))))
        alpha = max(alpha, 1 / alpha) if form == "A'" else alpha

        def draw(kind: int = kind, scale: Fraction = scale) -> Fraction:
            near = 1 + rng.choice((1, 2, 3, 5, 9)) * ulp
            value = (
                rng.gauss(0, 1),
                rng.choice((1, -1)) * near,
                near,
                rng.choice((0, 1, -1, ulp)),
                rng.uniform(1, 1.06),
            )
            return rounded(Fraction(value[kind]) * scale)

        try:
            ys = [draw() for _ in range(m)]
            z = draw(rng.choice((kind, 0, 3))) if rng.random() < 0.8 else -ys[0]
        except OverflowError:
            continue
        count -= 1
        exact = (z + alpha * sum(ys) / m) / (1 + alpha)
        try:
            yield z, ys, alpha, rounded.step(form, z, rounded.mean(ys), alpha), exact
        except OverflowError:
            yield z, ys, alpha, None, exact


def keeps(module: ModuleType, form: str, dtype: str, seed: int, count: int) -> bool:
    """Whether every evaluation keeps the bound, and overflows only where that is foreseen."""
    for z, ys, alpha, got, exact in evaluations(form, dtype, seed, count):
        arguments = [np.array([float(v)]) for v in (z, min(ys), max(ys))]
        bound = float(module.token_error(*arguments, len(ys), float(alpha), dtype)[0])
        if not np.isfinite(bound):
            continue
        if got is None:
            if 4 * (1 + alpha) < largest(dtype) and not module.sums_overflow(*arguments, float(alpha), dtype)[0]:
                return False
        elif abs(got - exact) > Fraction(bound):
            return False
    return True


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("count", [400, pytest.param(10_000, marks=pytest.mark.deep)])
def test_right_evaluations_keep_the_bound(form, dtype, count):
    assert keeps(real, form, dtype, 1, count)


MUTANTS = {
    "no error of the mean": ("rate * mean + np", "0 * mean + np"),
    "no rounding of the step": ("np.maximum(differences, weights)", "0 * weights"),
    "no weights": ("np.maximum(differences, weights)", "differences"),
    "no underflow": ("small = (m + 16)", "small = 0 * (m + 16)"),
    "no reciprocal that overflows": ("alpha * largest(dtype) <= 1", "alpha < 0"),
    "no sum that overflows": ("4 * (np.abs(own) + alpha *", "0 * (np.abs(own) + alpha *"),
    "half the roundoff": ("gamma(k, dtype)", "gamma(k, dtype) / 4"),
}


@pytest.mark.parametrize(("old", "new"), MUTANTS.values(), ids=MUTANTS.keys())
def test_every_part_is_needed(old, new):
    source = inspect.getsource(real)
    assert source.count(old) == 1
    mutant = ModuleType("mutant")
    mutant.__package__ = real.__package__
    exec(compile(source.replace(old, new), "mutant", "exec"), mutant.__dict__)
    assert not all(keeps(mutant, form, dtype, 1, 1500) for form in FORMS for dtype in ("float16", "bfloat16"))


@pytest.mark.parametrize(("dtype", "u"), [("float16", 2.0**-11), ("bfloat16", 2.0**-8)])
def test_the_bound_of_a_token_at_rest_is_few_roundings_of_what_it_follows(dtype, u):
    zero, one = np.zeros(1), np.ones(1)
    bound = real.token_error(zero, one, one, 1, 1.0, dtype)[0]
    assert 3 * u < bound < 4.5 * u  # λ = 1/2: half of 8 roundings
    assert np.isinf(real.token_error(zero, one, one, 200 if dtype == "bfloat16" else 1100, 1.0, dtype)[0])
    assert np.isinf(real.token_error(zero, one * 1e300, one * 1e300, 1, 1.0, dtype)[0])
