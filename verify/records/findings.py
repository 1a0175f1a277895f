"""The records of what was proved, of which files and reports are made.

Neighbours: `conclusion` and `campaign` find, `bundle` turns a refutation into something to replay.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import islice

import numpy as np
from msgspec.structs import asdict

from ...kernels.bounds.rounding import decision_bound, layer_error
from ...kernels.exact.configuration import Configuration
from ...kernels.exact.configuration_file import configuration_to_json
from ...kernels.exact.dynamics import Layer, Sets
from ...kernels.exact.rational_text import rational_text
from ...reports.records.configuration_record import ConfigurationRecord, Rational, TrajectoryRecord
from ...reports.records.record import ResultRecord
from ..claims.conclusion import Result, rows
from ..provers.freeze.outcome import Enclosed, Frozen, Outcome

SHOWN_LAYERS = 40
"""Layers of a trajectory that a record carries."""


def gap_bounds(configuration: Configuration, run: Sequence[tuple[Layer, Sets]]) -> tuple[Rational, ...] | None:
    """For each layer how large a gap must be for a float64 kernel on its own orbit to see it; None if unbounded.

    Source: the bounds (1) and (2) of `kernels.bounds.rounding`.
    """
    if configuration.model.kind != "hardmax":  # what float kernels compute
        return None
    alpha = configuration.alpha
    try:
        form = np.array([[float(v) for v in row] for row in configuration.A])
        orbit = [np.array([[[float(v) for v in row] for row in layer.tokens()]]) for layer, _ in run]
    except OverflowError:
        return None
    exact_form = all(
        Fraction(x) == v
        for xs, vs in zip(form.tolist(), configuration.A, strict=True)
        for x, v in zip(xs, vs, strict=True)
    )
    if alpha is None or not exact_form or max(configuration.multiplicities) > 1:
        return None
    error = np.abs(orbit[0]).max(axis=1) * np.finfo(np.float64).eps
    bounds = []
    for tokens, (_, sets) in zip(orbit, run, strict=True):
        bound = float(decision_bound(tokens, form, error).max())
        if not np.isfinite(bound):
            return None
        bounds.append(rational_text(Fraction(bound)))
        error = layer_error(tokens, max(map(len, sets)), float(alpha), error)
    return tuple(bounds)


def configuration_record(configuration: Configuration) -> ConfigurationRecord:
    """The record of a configuration."""
    return ConfigurationRecord.of(configuration_to_json(configuration))


def trajectory_record(configuration: Configuration, outcome: Outcome, at_least: int = 0) -> TrajectoryRecord:
    """The first layers with follow sets and gaps: up to two after the freeze, at most `SHOWN_LAYERS`.

    Args:
        configuration: the input.
        outcome: its itinerary.
        at_least: a layer that should be among those shown.
    """
    dynamics = configuration.dynamics()
    frozen = outcome.freeze_layer if isinstance(outcome, Frozen) else None
    shows = outcome.layer if isinstance(outcome, Enclosed) else 0
    wanted = max(shows + 2, 8 if frozen is None else frozen + 8, at_least + 2)
    run = list(islice(dynamics.layers(), min(wanted, SHOWN_LAYERS)))
    gaps = (dynamics.smallest_gap(layer, sets) for layer, sets in run)
    return TrajectoryRecord(
        layers=tuple(rows(layer.tokens()) for layer, _ in run),
        follow_sets=tuple(sets for _, sets in run),
        gaps=tuple(None if gap is None else rational_text(gap) for gap in gaps),
        bounds=gap_bounds(configuration, run),
        complete=frozen is not None and len(run) > frozen,
    )


def result_record(
    proved: Result, name: str, certificate: str | None, trajectory: TrajectoryRecord | None
) -> ResultRecord:
    """One line of results.jsonl: what `hardmax prove --json` prints, with the configuration and its first layers."""
    reasons = proved.reasons()
    return ResultRecord(
        **asdict(proved.record(certificate)),
        input=name,
        reason=None if proved.verdict == "verified" else "; ".join(dict.fromkeys(reasons.values())) or None,
        merged=None if proved.merged is None else proved.merged.record(),
        configuration=configuration_record(proved.configuration),
        trajectory=trajectory,
        rules=rules_in_words(proved.outcome),
    )


def rules_in_words(outcome: Outcome) -> tuple[str, ...] | None:
    """Why each token's follow set never changes again, with the layer from which on; None if not all freeze."""
    if not isinstance(outcome, Frozen):
        return None
    names, layer = outcome.configuration.labels, outcome.layer

    def called(tokens: Iterable[int]) -> str:
        return ", ".join(str(j) if names is None else f"{j} ({names[j]})" for j in tokens)

    said = {
        "leader": "leader: follows itself alone",
        "stationary": "at rest: the mean of tokens at rest",
        "R1": "R1: captured by leader {}",
        "R2": "R2: captured by the tie of {}",
        "R3": "R3: the signs of its sign table keep its set {}",
    }
    return tuple(
        f"{said[rule].format(called(outcome.sets[i]))}"
        + ("" if rule == "leader" else f", from layer {outcome.freeze_layer} on (shown at layer {layer})")
        for i, rule in enumerate(outcome.rules)
    )
