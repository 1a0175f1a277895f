"""Plain records of what was proved: the dictionaries that files and reports are made of.

Exact numbers are strings in lowest terms. The shape is the one of `hardmax.reports.records.record`, which the
command line checks record by record when it writes them; nothing here knows how they are shown.

Neighbours: `conclusion` and `campaign` find, `bundle` turns a refutation into something to replay.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import islice
from math import lcm
from typing import Any

import numpy as np

from ...kernels.bounds.filter import decision_bound, layer_error
from ...kernels.exact.configuration import Configuration
from ...kernels.exact.configuration_file import configuration_to_json
from ...kernels.exact.dynamics import Dynamics, Layer, Sets
from ...kernels.exact.rational_text import rational_text
from ..claims.conclusion import Result
from ..claims.registry import Claim
from ..provers.freeze.outcome import Frozen, Outcome

SHOWN_LAYERS = 40
"""Layers of a trajectory that a record carries."""


def smallest_gap(dynamics: Dynamics, layer: Layer, sets: Sets) -> Fraction | None:
    """min_i (max_l ⟨z_i, z_l⟩ − max_{l ∉ C_i} ⟨z_i, z_l⟩) at one layer, None if every C_i holds all tokens."""
    gaps = []
    for C, row in zip(sets, dynamics.scores(layer), strict=True):
        members = set(C)
        outside = [v for l, v in enumerate(row) if l not in members]  # noqa: E741 the paper's index
        if outside:
            gaps.append(row[C[0]] - max(outside))
    if not gaps:
        return None
    unit = lcm(*(v.denominator for row in dynamics.configuration.A for v in row))
    return Fraction(int(min(gaps)), int(layer.denominator) ** 2 * unit)


def gap_bounds(configuration: Configuration, run: Sequence[tuple[Layer, Sets]]) -> list[str] | None:
    """For each layer how large a gap must be for a float64 kernel on its own orbit to see it; None if unbounded.

    Source: the bounds (1) and (2) of `kernels.filter`.
    """
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
    return bounds


def trajectory_record(configuration: Configuration, outcome: Outcome, at_least: int = 0) -> dict[str, Any]:
    """The first layers with follow sets and gaps: up to two after the freeze, at most `SHOWN_LAYERS`.

    Args:
        configuration: the input.
        outcome: its itinerary.
        at_least: a layer that should be among those shown.
    """
    dynamics = Dynamics(configuration)
    frozen = outcome.freeze_layer if isinstance(outcome, Frozen) else None
    wanted = max(8 if frozen is None else frozen + 8, at_least + 2)
    run = list(islice(dynamics.layers(), min(wanted, SHOWN_LAYERS)))
    layers, sets, gaps = [], [], []
    for layer, follow in run:
        layers.append([list(map(rational_text, row)) for row in layer.tokens()])
        sets.append([list(C) for C in follow])
        gap = smallest_gap(dynamics, layer, follow)
        gaps.append(None if gap is None else rational_text(gap))
    return {
        "layers": layers,
        "follow_sets": sets,
        "gaps": gaps,
        "bounds": gap_bounds(configuration, run),
        "complete": frozen is not None and len(layers) > frozen,
    }


def result_record(proved: Result, name: str, certificate: str | None = None) -> dict[str, Any]:
    """One line of results.jsonl: what `hardmax prove --json` prints, with the configuration.

    The first layers are for `trajectory_record` to add: they may cost more than the proof.
    """
    data = proved.to_json(name, certificate)
    reasons = data.pop("reasons", None)
    merged = data.pop("merged", None)
    if merged is not None:
        merged.pop("multiplicities")
        data["merged"] = {**merged, "certificate": None}
    return {
        **data,
        "reason": None if not reasons else "; ".join(dict.fromkeys(reasons.values())),
        "configuration": configuration_to_json(proved.configuration),
    }


def claim_record(
    claim: Claim,
    verdict: str,
    counts: Mapping[str, int],
    *,
    as_expected: bool,
    counterexamples: Sequence[str] = (),
    note: str = "",
) -> dict[str, Any]:
    """What became of one claim over all inputs; `counts` maps verdicts (and "trivial") to inputs."""
    return {
        "id": claim.id,
        "family": claim.family,
        "statement": claim.statement,
        "hypotheses": list(claim.assumes),
        "source": {"paper": claim.source.paper, "version": claim.source.version, "label": claim.source.label},
        "expected": claim.expected,
        "verdict": verdict,
        "as_expected": as_expected,
        "counts": {name: counts.get(name, 0) for name in ("verified", "trivial", "refuted", "undecided", "vacuous")},
        "counterexamples": list(counterexamples),
        "note": note,
    }
