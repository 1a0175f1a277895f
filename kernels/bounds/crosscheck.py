"""A float kernel against the exact one, layer by layer and token by token: agree, disagree, or too close to call.

Two variants, which answer different questions:

- "per_layer": every layer starts from the exact tokens of that layer, rounded to the kernel's dtype. Each layer is a
  fair test of the kernel by itself. Rounding the input may already break an exact tie.
- "free": the kernel runs on its own output, as it would in use. The comparison ends at the first layer at which it
  followed other tokens than the exact ones (`lost`), because from there on it is on another orbit.

The verdict on a token is that of `judge`, under the kernel's tie rule: *too close to call* is what rounding may have
decided, a *disagreement* what no right kernel does. An exact tie of different tokens that rounding has split is too
close, with gap 0, and is counted by itself (`ties_lost`).

Neighbours: `judge` decides, `dynamics` is the reference, `protocol` has the kernels. `verify.conformance` tests a
kernel on inputs made for it; here any configuration serves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..exact.configuration import Configuration, Matrix, identity
from ..exact.dynamics import Dynamics, Sets
from ..exact.rational_text import short_text
from ..protocol import Kernel, normalised, stored, to_numpy
from .exact_scores import largest
from .judge import ExactLayer, beyond, judged, up
from .rounding import layer_error

Variant = Literal["per_layer", "free"]
FollowSet = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One token whose float follow set is not the exact one.

    Args:
        layer: the layer k.
        token: the index i, in the configuration with repeated tokens written out.
        exact_set: what the kernel's tie rule makes of C_i of the exact tokens.
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
        too_close: decisions that came out otherwise and may, or for which there is no bound.
        ties_lost: those of them that are exact ties of different tokens, split by the kernel.
        disagree: decisions that no right kernel makes.
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
    dtype = dtype or kernel.dtypes[0]
    if kernel.form == "residual" and 4 * (1 + configuration.alpha) > Fraction(largest(dtype)):
        raise InputError(f"alpha is {short_text(configuration.alpha)}; z + alpha m may be beyond the largest {dtype}")
    if layers < 1:
        raise InputError(f"layers is {layers}; at least one is required")
    check = _Comparison(written_out(configuration), kernel, dtype, variant)
    for _ in range(layers):
        if not check.layer():
            break
    return check.result()


class _Comparison:
    """The running state of `crosscheck`: the exact layer, the float tokens, and the counts.

    All of it is scaled by the powers of two that bring the largest |token| and |A| into [1/2, 1): no follow set
    changes, nothing is rounded.
    """

    def __init__(self, configuration: Configuration, kernel: Kernel, dtype: str, variant: Variant) -> None:
        self.kernel, self.dtype = kernel, dtype
        self.variant: Variant = variant
        self.alpha = float(configuration.alpha or 0)
        self.unit, form_unit = _power_of_two(configuration.tokens), _power_of_two(configuration.A)
        if not kernel.supports_A:
            if configuration.A != identity(configuration.d):
                raise InputError(
                    f"kernel {kernel.name} declares supports_A = False; give a configuration with A = identity"
                )
            form_unit = Fraction(1)
        self.score_unit = self.unit**2 * form_unit
        A = [[v / form_unit for v in row] for row in configuration.A]
        tokens = [[v / self.unit for v in row] for row in configuration.tokens]
        self.dynamics = Dynamics(Configuration(tokens, A, configuration.step))
        self.A = _floats(A, dtype)
        H = [
            [abs(a - Fraction(f)) for a, f in zip(*rows, strict=True)] for rows in zip(A, self.A.tolist(), strict=True)
        ]
        self.form_error = H if any(map(any, H)) else None
        self.exact = ExactLayer(self.dynamics, self.dynamics.first, kernel.ties)
        self.tokens = _floats(self.exact.tokens, dtype)
        self.counts = {"agree": 0, "too_close": 0, "ties_lost": 0, "disagree": 0}
        self.first: dict[str, Difference | None] = {"too_close": None, "disagree": None}
        self.compared: int = 0
        self.lost: int | None = None
        self.drift: Fraction | None = None

    def layer(self) -> bool:
        """Compare one layer; whether the next one can be compared."""
        exact = self.exact
        moved, told = self._run()
        given = _gaps(self.tokens, exact.tokens)
        error = np.array([up(gap) for gap in given]) if any(given) else None
        reached = layer_error(
            self.tokens[None], max(map(len, exact.expected)), 1.0, None if error is None else error[None], self.dtype
        )[0]
        others = list(
            judged(exact, self.tokens, self.A, moved, self.dtype, error=error, form_error=self.form_error, told=told)
        )
        self.counts["agree" if np.isfinite(reached).all() else "too_close"] += len(moved) - len(others)
        for found in others:
            i, kind = found.token, "disagree" if found.wrong else "too_close"
            S = None if told is None else told[i]
            gap = _gap(exact, i, S)
            limit = Fraction(found.bound) * self.score_unit if np.isfinite(found.bound) else None
            self.counts[kind] += 1
            self.counts["ties_lost"] += not found.wrong and not gap and exact.tied(i)
            difference = Difference(self.compared, i, exact.expected[i], S, gap * self.score_unit, limit)
            self.first[kind] = self.first[kind] or difference
        finite = bool(np.isfinite(moved).all())
        self.drift = max(_gaps(moved, exact.next_tokens)) * self.unit if finite else None
        self.exact = ExactLayer(self.dynamics, exact.next, self.kernel.ties)
        if self.variant == "per_layer":
            self.tokens = _floats(self.exact.tokens, self.dtype)
        elif not finite or beyond(moved, exact.next_tokens, reached):
            self.lost = self.compared
        else:
            self.tokens = stored(moved, self.dtype)
        self.compared += 1
        return self.lost is None

    def _run(self) -> tuple[NDArray[np.float64], Sets | None]:
        """The kernel's next tokens (n, d), and its follow sets if it tells them."""
        kernel, dtype = self.kernel, self.dtype
        tokens, A = kernel.arrays_for(self.tokens[None], dtype), kernel.arrays_for(self.A, dtype)
        if kernel.layer is None:
            moved, told = normalised(kernel, to_numpy(kernel.step(tokens, A, self.alpha)), self.alpha), None
        else:
            moved, sets = kernel.layer(tokens, A, self.alpha)
            moved, told = to_numpy(moved), sets.sets(0)
        return moved[0].astype(np.float64), told

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


def _gap(exact: ExactLayer, i: int, told: FollowSet | None) -> Fraction:
    """How much worse the worst token is that only one of the two sets holds; without a set, the best outside C_i."""
    if told is None:
        return Fraction(0) if exact.tied(i) else (exact.gaps[i] or 0) * exact.unit
    scores = exact.scores(i)
    return max((max(scores) - scores[j] for j in set(exact.expected[i]) ^ set(told)), default=Fraction(0))


def _power_of_two(rows: Matrix) -> Fraction:
    """2^e with the largest |value| / 2^e in [1/2, 1); 1 if all are 0."""
    size = max(abs(v) for row in rows for v in row)
    if size == 0:
        return Fraction(1)
    e = size.numerator.bit_length() - size.denominator.bit_length()
    return Fraction(2) ** (e + (size >= Fraction(2) ** e))


def _floats(rows: Sequence[Sequence[Fraction]], dtype: str) -> NDArray[np.floating]:
    return stored(np.array([[float(v) for v in row] for row in rows]), dtype)


def _gaps(tokens: NDArray[np.floating], exact: Matrix) -> list[Fraction]:
    """For each coordinate the largest |ẑ − z| over the tokens; tokens (n, d)."""
    columns = zip(tokens.T.tolist(), zip(*exact, strict=True), strict=True)
    return [max(abs(Fraction(v) - z) for v, z in zip(c, e, strict=True)) for c, e in columns]
