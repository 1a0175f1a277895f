"""Checks of many layers: every layer of a run on the kernel's own output is right, and the orbit stays near the exact.

With right decisions the error grows by one rounding a layer (a layer is an average and does not enlarge it), so the
drift has a bound. Where a decision is *fragile* (an exact tie that rounding hides) the orbit may leave the exact one by
any distance; the check then says how far it went.

Neighbours: `judge` looks at each layer by itself.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ....kernels.bounds.rounding import decision_bound, layer_error
from ....kernels.exact.configuration import Matrix
from ....kernels.exact.configuration_file import configuration_to_json
from ..check import Check, Subject, failure
from ..failures.snippet import assignments, loading
from ..inputs.cases import BASES, FORMS, TIES, TURNS, InputCase, in_basis, random_points, turned
from ..inputs.trial import NotTestedError, Trial, apply, floats, stored
from ..judge import ExactLayer, exact_layer, examine
from ..record import CheckFinding


@dataclass(frozen=True, slots=True)
class Orbit:
    """The kernel's orbit beside the exact one; lengths in units of R = max |z_i^0|.

    Args:
        stray: the largest |ẑ_i^k − z_i^k| over tokens, coordinates and layers.
        farthest: the layer where it was largest.
        allowed: the bound on it at the last layer, if all decisions are right.
        left: the layer whose decision made the kernel leave the exact orbit, None if it stayed.
        token: the token of that decision.
        gap_ulps: the exact gap of that decision; 0 for a tie.
        hidden: whether no float kernel can know that decision.
    """

    stray: float
    farthest: int
    allowed: float
    left: int | None
    token: int
    gap_ulps: float | None
    hidden: bool


def follow(subject: Subject, trial: Trial) -> Orbit:
    """Run the kernel and the exact kernel side by side.

    Args:
        subject: the kernel.
        trial: one call of one token set.
    """
    (one,) = trial.calls
    current, A = floats(one.tokens, trial.dtype), floats(one.A, trial.dtype)
    size = float(np.abs(current).max()) or 1.0
    tokens, error = one.tokens[0], np.zeros((1, current.shape[2]))
    stray, farthest = 0.0, 0
    left, token, gap_ulps, hidden = None, 0, None, True
    for k in range(trial.layers):
        exact = exact_layer(tokens, one.A, one.alpha, subject.kernel.ties)
        bounds = decision_bound(current, A, error, trial.dtype)[0]
        error = layer_error(current, current.shape[1], 1.0, error, trial.dtype)
        current = stored(apply(subject.kernel, current, one, A, trial.dtype), trial.dtype)
        tokens = exact.next_tokens if subject.kernel.ties != "any" else _nearest(exact, current[0])
        off = np.abs(current[0].astype(np.float64) - np.array(tokens, dtype=np.float64))
        if not off.max() <= stray:
            stray, farthest = float(off.max()), k + 1
        beyond = np.flatnonzero((off > error[0]).any(axis=1))
        if left is None and len(beyond):
            left, token = k, int(beyond[0])
            decision = exact.decision(token, trial.dtype, False, float(bounds[token]))
            gap_ulps, hidden = decision.gap_ulps, not decision.determined
    return Orbit(stray / size, farthest, float(error.max()) / size, left, token, gap_ulps, hidden)


def _nearest(exact: ExactLayer, moved: NDArray[np.floating]) -> Matrix:
    """The next tokens of the maximisers, one for each token, that are nearest to those of the kernel."""
    tokens, rate = exact.tokens, exact.dynamics.configuration.step.rate(0)
    chosen = []
    for z, C, found in zip(tokens, exact.sets, moved.astype(np.float64).tolist(), strict=True):
        targets = [tuple([x + rate * (y - x) for x, y in zip(z, goal, strict=True)]) for goal in {tokens[j] for j in C}]
        chosen.append(min(targets, key=lambda t: sum((float(x) - y) ** 2 for x, y in zip(t, found, strict=True))))
    return tuple(chosen)


def _followed(check_id: str, title: str, trials: Callable[[Subject], Iterator[Trial]]) -> Check:
    """The check that examines runs layer by layer and compares their orbits with the exact ones."""

    def run(subject: Subject) -> CheckFinding:
        strayed: list[tuple[Orbit, Trial]] = []
        count, layers, worst, allowed, reason = 0, 0, 0.0, 0.0, ""
        for trial in trials(subject):
            try:
                found = examine(subject.kernel, trial)
            except NotTestedError as error:
                reason = str(error)
                continue
            if found.fault is not None:
                return failure(subject, trial, found.fault)
            if found.unjudged:  # no orbit is known to be right
                reason = found.unjudged[0]
                continue
            orbit = follow(subject, trial)
            if not orbit.hidden:
                return _drifted(subject, trial, orbit)
            if orbit.left is not None:
                strayed.append((orbit, trial))
            else:
                worst, allowed = max(worst, orbit.stray), max(allowed, orbit.allowed)
            count, layers = count + 1, max(layers, trial.layers)
        if not count:
            raise NotTestedError(reason or "no trial is of the kernel's kind")
        stayed = (
            f"{count - len(strayed)} of {count} runs of up to {layers} layers stay within {worst:.2g} of the exact "
            f"orbit (allowed {allowed:.2g}; unit: the largest coordinate)"
        )
        return _fragile(strayed, stayed) if strayed else CheckFinding("pass", stayed)

    return Check(check_id, title, run)


def _fragile(strayed: list[tuple[Orbit, Trial]], stayed: str) -> CheckFinding:
    """The run that strayed farthest stands for all that rounding led away."""
    orbit, trial = max(strayed, key=lambda pair: pair[0].stray)
    (one,) = trial.calls
    what = "an exact tie" if orbit.gap_ulps == 0 else f"a gap of {orbit.gap_ulps:.2g} ulps"
    message = (
        f"{trial.dtype}: at layer {orbit.left} rounding hides {what} of token {orbit.token}, which no float kernel can "
        f"know; the free-running orbit strays from the exact one by up to {orbit.stray:.2g} of the largest coordinate "
        f"(layer {orbit.farthest}); {stayed}"
    )
    return CheckFinding("fragile", message, orbit.left, orbit.gap_ulps, configuration_to_json(one.configuration(0)))


def _drifted(subject: Subject, trial: Trial, orbit: Orbit) -> CheckFinding:
    """The orbit left the exact one although its decisions were beyond doubt and each layer looked right by itself."""
    (one,) = trial.calls
    message = (
        f"{trial.dtype}: the orbit leaves the exact one at layer {orbit.left} (token {orbit.token}) though its error "
        f"was within the bound until then; it strays by up to {orbit.stray:.2g} of the largest coordinate"
    )
    lines = [
        *loading(subject.kernel, subject.spec),
        *assignments(one, trial.dtype),
        f"for _ in range({trial.layers}):",
        "    tokens = kernel(tokens, A, alpha).astype(A.dtype)",
        "    print(tokens)",
    ]
    configuration = configuration_to_json(one.configuration(0))
    return CheckFinding("fail", message, orbit.left, orbit.gap_ulps, configuration, "\n".join(lines) + "\n")


def _short(subject: Subject) -> Iterator[Trial]:
    rng = subject.random("run.layers")
    for dtype in subject.kernel.dtypes:
        for n, d in ((4, 1), (6, 2), (10, 3), (24, 4)):
            yield Trial((random_points(rng, n, d, dtype, alpha=rng.choice((1, Fraction(1, 2)))).call(),), dtype, 12)
        if subject.kernel.supports_A:
            for case in FORMS:
                yield Trial((case.call(),), dtype, 6)


def _long(subject: Subject) -> Iterator[Trial]:
    rng = subject.random("run.long")
    for dtype in subject.kernel.dtypes:
        yield Trial((random_points(rng, 12, 2, dtype).call(),), dtype, 120)
        yield Trial((random_points(rng, 8, 3, dtype, alpha=Fraction(1, 16)).call(),), dtype, 80)


def _hidden(subject: Subject) -> Iterator[Trial]:
    """Ties that persist in exact arithmetic while α = 1/2 (λ = 1/3) rounds every layer after the first."""
    symmetric = [case for case in TIES if len(case.tokens[0]) in (2, 3)]
    for dtype in subject.kernel.dtypes:
        for case in symmetric:
            d = len(case.tokens[0])
            shapes = [turned(case, TURNS[d][0])]
            if subject.kernel.supports_A:
                shapes.append(in_basis(case, BASES[d][0]))
            for shape in shapes:
                yield Trial((InputCase(shape.name, shape.tokens, shape.A, Fraction(1, 2)).call(),), dtype, 10)


CHECKS: tuple[Check, ...] = (
    _followed("run.layers", "Every layer of a run is right", _short),
    _followed("run.long", "Long runs stay near the exact orbit", _long),
    _followed("run.ties", "Ties that rounding hides are decided among the tied tokens", _hidden),
)
