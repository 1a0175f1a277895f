"""A float kernel against the exact one, layer by layer and token by token: agree, disagree, or too close to call.

Two variants, which answer different questions:

- "per_layer": every layer starts from the exact tokens of that layer, rounded to the kernel's dtype. Each layer is a
  fair test of the kernel by itself. Rounding the input may already break an exact tie.
- "free": the kernel runs on its own output, as it would in use. The comparison ends at the first layer at which it
  followed other tokens than the exact ones (`lost`), because from there on it is on another orbit.

The verdict on a token never rests on a tolerance: a follow set that is not the exact one is a *disagreement* only if
the exact scores differ by more than the bound that `filter` derives for any correct float kernel; below it no float
kernel can be asked to know, and the decision is *too close to call*: if the next token is where some tokens within the
bound would draw it, and if the scores are not all exact in the dtype, for then ties and gaps are there to be seen. An
exact tie of different tokens that rounding has split is too close, with gap 0, and is counted by itself (`ties_lost`).

Neighbours: `dynamics` is the reference, `filter` has the bounds, `protocol` the kernels. `verify.conformance` tests a
kernel on inputs made for it; here any configuration serves.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..exact.configuration import Configuration
from ..exact.dynamics import Dynamics, Layer, Sets
from ..exact.rational_text import short_text
from ..protocol import Kernel, to_numpy
from .exact_scores import exact_scores
from .filter import decision_bound, layer_error

Variant = Literal["per_layer", "free"]
FollowSet = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One token whose float follow set is not the exact one.

    Args:
        layer: the layer k.
        token: the index i, in the configuration with repeated tokens written out.
        exact_set: C_i of the exact tokens.
        float_set: what the kernel followed; None if it does not tell, and only its next token is wrong.
        gap: exact difference of the scores at stake, in the units of the configuration: how much worse the worst
            token is that only one of the two sets holds; 0 on an exact tie.
        bound: what the gap must exceed so that every correct float kernel decides right; None if infinite.
    """

    layer: int
    token: int
    exact_set: FollowSet
    float_set: FollowSet | None
    gap: Fraction
    bound: Fraction | None


@dataclass(frozen=True, slots=True)
class CrossCheck:
    """The comparison of one kernel with the exact one on one configuration.

    Args:
        kernel: its name.
        dtype: what it computed in.
        variant: "per_layer" or "free".
        layers: how many layers were compared.
        agree: decisions (token, layer) with the exact follow set and a next token within the derived error.
        too_close: decisions that differ while the exact gap is within the bound.
        ties_lost: those of them that are exact ties of different tokens, split by the kernel.
        disagree: decisions that differ although the gap exceeds the bound, or next tokens beyond the derived error.
        first_disagreement: the first of the latter.
        first_too_close: the first of the former.
        lost: "free": the layer at which the kernel left the exact orbit, None if it did not.
        drift: the largest |ẑ − z| over tokens and coordinates of the last layer compared, in the configuration's units;
            None if one is not finite.
    """

    kernel: str
    dtype: str
    variant: Variant
    layers: int
    agree: int
    too_close: int
    ties_lost: int
    disagree: int
    first_disagreement: Difference | None
    first_too_close: Difference | None
    lost: int | None
    drift: Fraction | None

    @property
    def passed(self) -> bool:
        """Whether no decision disagrees."""
        return self.disagree == 0


def written_out(configuration: Configuration) -> Configuration:
    """The configuration with every token repeated w_i times, A signed so that tokens follow the largest score.

    The dynamics is the same; a float kernel knows neither multiplicities nor the rule of the smallest score.
    """
    if max(configuration.multiplicities) == 1 and configuration.follow == "largest":
        return configuration
    pairs = zip(configuration.tokens, configuration.multiplicities, strict=True)
    sign = 1 if configuration.follow == "largest" else -1
    return Configuration(
        [row for row, w in pairs for _ in range(w)],
        [[sign * v for v in row] for row in configuration.A],
        configuration.step,
    )


def crosscheck(
    configuration: Configuration,
    kernel: Kernel,
    layers: int,
    *,
    variant: Variant = "per_layer",
    dtype: str | None = None,
) -> CrossCheck:
    """Compare `kernel` with the exact kernel on one configuration.

    Args:
        configuration: any configuration with a constant step α; tokens and A of any size (both are scaled by powers
            of two into the floats' range, which changes no follow set).
        kernel: the kernel; one without `layer` is judged by its next tokens alone.
        layers: how many layers, ≥ 1.
        variant: "per_layer" or "free", see the module.
        dtype: one of the kernel's dtypes, its first if None.

    Returns:
        The counts, and the first difference of each kind.

    Raises:
        InputError: a model of another kind, a step that depends on the layer or that no float64 can hold, an A the
            kernel does not support, or a missing dependency.
    """
    if configuration.model.kind != "hardmax":
        raise InputError(f"the model is of kind {configuration.model.kind!r}; float kernels compute hardmax layers")
    if configuration.alpha is None:
        raise InputError(
            f"step {configuration.step} depends on the layer; a float kernel takes one alpha for all layers"
        )
    if not 2.0**-1074 <= configuration.alpha <= 2**1023:
        raise InputError(f"alpha is {short_text(configuration.alpha)}; a float kernel takes one that float64 can hold")
    if layers < 1:
        raise InputError(f"layers is {layers}; at least one is required")
    check = _Comparison(written_out(configuration), kernel, dtype or kernel.dtypes[0], variant)
    for _ in range(layers):
        if not check.layer():
            break
    return check.result()


class _Comparison:
    """The running state of `crosscheck`: the exact layer, the float tokens and their error, and the counts."""

    def __init__(self, configuration: Configuration, kernel: Kernel, dtype: str, variant: Variant) -> None:
        self.kernel, self.dtype = kernel, dtype
        self.variant: Variant = variant
        self.alpha = float(configuration.alpha or 0)
        self.dynamics = Dynamics(configuration)
        self.exact = self.dynamics.first
        # Powers of two that bring the largest |token| and |A| into [1/2, 1): no follow set changes, nothing is rounded.
        self.unit = _power_of_two(max(abs(v) for row in configuration.tokens for v in row))
        form_unit = (
            _power_of_two(max(abs(v) for row in configuration.A for v in row)) if kernel.supports_A else Fraction(1)
        )
        self.score_unit = self.unit**2 * form_unit
        form = [[v / form_unit for v in row] for row in configuration.A]
        self.A = np.array(form, dtype=np.float64).astype(dtype)
        if not kernel.supports_A and not np.array_equal(self.A, np.eye(len(self.A))):
            raise InputError(
                f"kernel {kernel.name} declares supports_A = False; give a configuration with A = identity"
            )
        # |A − its rounding| shifts every score by at most the sum of |x||ΔA||y|: counted with the scores' bound.
        self.A_error = [
            [abs(a - Fraction(f)) for a, f in zip(row, floats, strict=True)]
            for row, floats in zip(form, self.A.tolist(), strict=True)
        ]
        self.tokens, self.error = self._rounded()
        self.counts = {"agree": 0, "too_close": 0, "ties_lost": 0, "disagree": 0}
        self.first: dict[str, Difference | None] = {"too_close": None, "disagree": None}
        self.compared: int = 0
        self.lost: int | None = None
        self.drift: Fraction | None = None

    def _rounded(self) -> tuple[NDArray[np.floating], NDArray[np.float64]]:
        """The exact tokens rounded to the dtype, (1, n, d), and a bound (1, d) on the rounding."""
        exact = self._exact_tokens()
        tokens = np.array([[[float(v) for v in row] for row in exact]]).astype(self.dtype)
        return tokens, np.array([[_up(gap) for gap in _gaps(tokens[0], exact)]])

    def _exact_tokens(self) -> list[list[Fraction]]:
        return [[v / self.unit for v in row] for row in self.exact.tokens()]

    def layer(self) -> bool:
        """Compare one layer; whether the next one can be compared."""
        if self.variant == "per_layer" and self.compared:
            self.tokens, self.error = self._rounded()
        k, exact_layer = self.compared, self.exact
        sets = self.dynamics.follow_sets(exact_layer)
        self.exact = self.dynamics.next_layer(exact_layer, sets)
        moved, float_sets = self._run()
        bound = decision_bound(self.tokens, self.A, self.error)[0] + self._form_bound()
        visible = self._visible()
        size = max(len(C) for C in sets)
        self.error = layer_error(self.tokens, size, self.alpha, self.error)
        target = self._exact_tokens()
        wrong = self._beyond(moved, target)
        left = False
        for i, C in enumerate(sets):
            found = None if float_sets is None else float_sets[i]
            if not wrong[i] and (found is None or found == C):
                self.counts["agree"] += 1
                continue
            gap, tie = self._gap(exact_layer, i, C, found)
            limit = _fraction(bound[i], self.score_unit)
            # Equal sets leave no decision to be close: a next token beyond its error is then the kernel's own fault.
            seen = visible[i] and not (tie and self.kernel.ties == "first")
            close = found != C and not seen and (limit is None or gap <= limit)
            close = close and self._is_drawn(moved[i], exact_layer, i, limit)
            kind = "too_close" if close else "disagree"
            self.counts[kind] += 1
            self.counts["ties_lost"] += close and tie
            self.first[kind] = self.first[kind] or Difference(k, i, C, found, gap, limit)
            left |= wrong[i]
        self.compared += 1
        self.drift = max(_gaps(moved, target)) * self.unit if np.isfinite(moved).all() else None
        self.tokens = moved[None]
        if left and self.variant == "free":
            self.lost = k
            return False
        return True

    def _visible(self) -> tuple[bool, ...]:
        """For each token whether the kernel sees the exact tokens, and its scores are exact in any order of sums."""
        if self.error.any() or any(any(row) for row in self.A_error):
            return (False,) * self.tokens.shape[1]
        tokens, form = (
            tuple([tuple([Fraction(v) for v in row]) for row in array.tolist()]) for array in (self.tokens[0], self.A)
        )
        return exact_scores(tokens, form, self.dtype)

    def _is_drawn(self, moved: NDArray[np.floating], layer: Layer, i: int, limit: Fraction | None) -> bool:
        """Whether a next token lies in the box of those that a mean of tokens within the bound of the best can give."""
        if not np.isfinite(moved).all():
            return False
        if limit is None:
            return True
        tokens = layer.tokens()
        inner = self.dynamics.configuration.inner
        scores = [inner(tokens[i], z) for z in tokens]
        near = [z for z, s in zip(tokens, scores, strict=True) if s >= max(scores) - limit]
        rate = self.dynamics.configuration.step.rate(layer.index)
        for c, (value, e) in enumerate(zip(moved.tolist(), self.error[0].tolist(), strict=True)):
            ends = [(tokens[i][c] + rate * (z[c] - tokens[i][c])) / self.unit for z in near]
            if np.isfinite(e) and not min(ends) - Fraction(e) <= Fraction(value) <= max(ends) + Fraction(e):
                return False
        return True

    def _run(self) -> tuple[NDArray[np.floating], Sets | None]:
        """The kernel's next tokens (n, d), and its follow sets if it tells them."""
        tokens, A = self.kernel.arrays_for(self.tokens, self.dtype), self.kernel.arrays_for(self.A, self.dtype)
        if self.kernel.layer is None:
            return to_numpy(self.kernel.step(tokens, A, self.alpha))[0], None
        moved, sets = self.kernel.layer(tokens, A, self.alpha)
        return to_numpy(moved)[0], sets.sets(0)

    def _form_bound(self) -> NDArray[np.float64]:
        """(n,) what the rounding of A adds to the bound of each token's decisions."""
        n = self.tokens.shape[1]
        if not any(any(row) for row in self.A_error):
            return np.zeros(n)
        largest = np.abs(self.tokens[0]).max(axis=0).tolist()
        reach = [Fraction(v) + Fraction(e) for v, e in zip(largest, self.error[0].tolist(), strict=True)]
        shift = sum(
            x * e * y for x, row in zip(reach, self.A_error, strict=True) for e, y in zip(row, reach, strict=True)
        )
        return np.full(n, _up(2 * shift))

    def _beyond(self, moved: NDArray[np.floating], target: list[list[Fraction]]) -> list[bool]:
        """Which next tokens are farther from the exact ones than the derived error allows (or are not finite)."""
        return [
            any(
                not np.isfinite(v) or (np.isfinite(e) and abs(Fraction(v) - z) > Fraction(e))
                for v, z, e in zip(row, exact, self.error[0].tolist(), strict=True)
            )
            for row, exact in zip(moved.tolist(), target, strict=True)
        ]

    def _gap(
        self, layer: Layer, i: int, exact: tuple[int, ...], found: tuple[int, ...] | None
    ) -> tuple[Fraction, bool]:
        """The exact gap at stake for token i, in the configuration's units, and whether different tokens tie there.

        Without the kernel's set the decision at stake is that between C_i and the best other token, or, if C_i holds
        different tokens, the tie among those.
        """
        configuration = self.dynamics.configuration
        tokens = layer.tokens()
        scores = [configuration.inner(tokens[i], z) for z in tokens]
        best = scores[exact[0]]
        if found is None:
            tie = len({tokens[j] for j in exact}) > 1
            others = [best - s for j, s in enumerate(scores) if j not in exact]
            return (Fraction(0), True) if tie or not others else (min(others), False)
        disputed = set(exact) ^ set(found)
        gap = max((best - scores[j] for j in disputed), default=Fraction(0))
        return gap, gap == 0 and len({tokens[j] for j in exact}) > 1

    def result(self) -> CrossCheck:
        return CrossCheck(
            self.kernel.name,
            self.dtype,
            self.variant,
            self.compared,
            **self.counts,
            first_disagreement=self.first["disagree"],
            first_too_close=self.first["too_close"],
            lost=self.lost,
            drift=self.drift,
        )


def _power_of_two(size: Fraction) -> Fraction:
    """2^e with size / 2^e in [1/2, 1); 1 for size 0."""
    if size == 0:
        return Fraction(1)
    e = size.numerator.bit_length() - size.denominator.bit_length()
    e += 1 if abs(size) >= Fraction(2) ** e else 0
    return Fraction(2) ** e


def _gaps(tokens: NDArray[np.floating], exact: list[list[Fraction]]) -> list[Fraction]:
    """For each coordinate the largest |ẑ − z| over the tokens; tokens (n, d)."""
    columns = zip(tokens.T.tolist(), zip(*exact, strict=True), strict=True)
    return [max(abs(Fraction(v) - z) for v, z in zip(c, e, strict=True)) for c, e in columns]


def _up(value: Fraction | int) -> float:
    """The smallest convenient float ≥ value ≥ 0."""
    return float(np.nextafter(float(value), np.inf)) if value else 0.0


def _fraction(bound: Any, unit: Fraction) -> Fraction | None:
    """A float bound in the configuration's units, None if infinite."""
    return Fraction(float(bound)) * unit if np.isfinite(bound) else None
