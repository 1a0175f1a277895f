"""Theorem S5: β grows so fast that several clusters stay for ever.

Neighbours: `prover` tries one layer after the other; `bounds` has the sizes of a layer.
"""

from dataclasses import dataclass
from fractions import Fraction

from ....kernels.exact.configuration import Configuration
from ....kernels.exact.dynamics import maximisers
from ....kernels.softmax.enclosure import EnclosedLayer
from ....kernels.softmax.model import Softmax
from .bounds import Bounds, exponential, rounded_up
from .evidence import Growing

ROUNDS = 40
"""Values of η that are tried: η ← (9/8) S(η)."""
LEAST = Fraction(1, 1 << 24)
"""Below this an exponent counts as 0."""
MARGIN = Fraction(33, 32)
"""S(η) has to be less than η by this factor, since the checker rounds otherwise."""


@dataclass(frozen=True, slots=True)
class StillOpen:
    """Why the theorem does not apply at a layer."""

    reason: str


@dataclass(frozen=True, slots=True)
class GapSizes:
    """The numbers of Theorem S5 at a layer; a gap is None where there is no pair that it is about."""

    a: Fraction
    B: Fraction
    alpha: Fraction
    g: Fraction
    R: Fraction
    D: Fraction
    E: Fraction
    inner: Fraction | None
    outer: Fraction | None
    N_in: Fraction
    N_out: Fraction

    def total(self, eta: Fraction) -> Fraction | None:
        """An upper bound of S(η); None if x ≤ 0 or y ≤ 1, or hardly more."""
        S, s = Fraction(0), 1 + self.alpha
        if self.inner is not None:
            x = self.B * (self.inner - self.a * eta * (self.R + 2 * self.E + 2 * eta))
            if (self.g / s - 1) * x < LEAST:
                return None
            S += self.N_in * (self.E + eta) * _tail(x, (self.g / s - 1) * x)
        if self.outer is not None:
            y = self.B * (self.outer - self.a * eta * (2 * self.D + 3 * self.R + 6 * eta))
            if (self.g - 1) * (y - 1) < LEAST:
                return None
            S += self.N_out * (self.D + 3 * eta) * _tail(y, (self.g - 1) * (y - 1))
        return rounded_up(2 * self.alpha * S)


def growing(configuration: Configuration, model: Softmax, alpha: Fraction, here: EnclosedLayer) -> Growing | StillOpen:
    """The certificate of Theorem S5 at a layer, or why there is none.

    Args:
        configuration: tokens and multiplicities.
        model: their model, g > 1 + α.
        alpha: its step.
        here: the layer.
    """
    bounds = Bounds(here, model.A, model.norm)
    scores = bounds.scores()
    follows: list[int] = []
    for i, row in enumerate(scores):
        first, *others = maximisers(row)
        if others:
            tokens, tied = configuration.tokens, ", ".join(map(str, [first, *others]))
            if all(tokens[j] == tokens[first] for j in others):
                return StillOpen(f"tokens {tied} are equal, so no row tells them apart: merge them")
            return StillOpen(f"token {i} attends to tokens {tied} alike")
        follows.append(first)
    f = tuple(follows)
    loose = [i for i, j in enumerate(f) if f[j] != j]
    if loose:
        moving = loose[0]
        return StillOpen(f"token {moving} attends to token {f[moving]}, which attends to token {f[f[moving]]}")
    found = sizes(configuration, model, alpha, bounds, scores, f)
    for gap, what in ((found.inner, "its own cluster"), (found.outer, "two clusters")):
        if gap is not None and gap <= 0:
            return StillOpen(f"scores inside {what} are not told apart")
    eta = Fraction(0)
    for _ in range(ROUNDS):
        S = found.total(eta)
        if S is None:
            break
        if S <= eta:
            radius = rounded_up(here.radius + eta / (2 * (1 + alpha)))
            return Growing(here.index, f, eta, radius)
        eta = rounded_up(S * 9 / 8)
    return StillOpen("the gaps are still too small for the bound to close")


def sizes(
    configuration: Configuration,
    model: Softmax,
    alpha: Fraction,
    bounds: Bounds,
    scores: list[list[Fraction]],
    f: tuple[int, ...],
) -> GapSizes:
    """The numbers of Theorem S5 for the map f."""
    tokens, w, C = range(configuration.n), configuration.multiplicities, bounds.here.centers
    inner = [scores[i][f[i]] - scores[i][j] for i in tokens for j in tokens if f[i] == f[j] != j]
    outer = [scores[i][f[i]] - scores[i][j] for i in tokens for j in tokens if f[i] != f[j]]
    leaders = sorted({*f})
    own = {i: sum(w[j] for j in tokens if f[j] == i != j) for i in leaders}
    offsets = max(abs(x - y) for i in tokens for x, y in zip(C[i], C[f[i]], strict=True))
    return GapSizes(
        model.norm,
        model.beta_at(bounds.here.index),
        alpha,
        model.growth,
        bounds.R,
        bounds.D,
        offsets + 2 * bounds.here.radius,
        min(inner) - bounds.loss if inner else None,
        min(outer) - bounds.loss if outer else None,
        max(Fraction(own[i], w[i]) for i in leaders),
        max(Fraction(sum(w) - own[i] - w[i], w[i]) for i in leaders),
    )


def _tail(x: Fraction, z: Fraction) -> Fraction:
    """At least e^(−x) / (1 − e^(−z))."""
    return exponential(-_short(x), up=True) / (1 - exponential(-_short(z), up=True))


def _short(x: Fraction) -> Fraction:
    """A number ≤ x > 0 that is not beyond 1,000, so that no exponential has thousands of digits."""
    return min(x, Fraction(1000))
