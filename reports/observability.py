"""Hypothesis' observability format: one JSON line a configuration, so that existing viewers open our campaigns.

A line is a test case of the "PBT Observations" schema of Hypothesis (type, status, representation, features, …); the
features are what matters here: leaders, ties, freeze layer, smallest gap. Pure text: whoever runs a campaign writes it.

Neighbour: `record.CaseRecord` is the input.
"""

from decimal import ROUND_FLOOR, Decimal

from .codec import encode
from .geometry import decimal
from .printable import json_text
from .record import CaseRecord

_STATUS = {"verified": "passed", "refuted": "failed", "undecided": "gave_up", "invalid": "gave_up"}


def observation_line(case: CaseRecord, *, run_start: float) -> str:
    """The JSON line (newline included) of one examined configuration.

    Args:
        case: the configuration and what was found of it.
        run_start: Unix time at which the campaign began; viewers group cases by it.

    Raises:
        RecordError: the record is not valid.
    """
    record = encode(case)
    features = {
        "verdict": case.verdict,
        "tokens": case.configuration.n,
        "dimension": case.configuration.d,
        "leaders": case.leaders,
        "ties": case.ties,
        "freeze_layer": case.freeze_layer,
        "minimal_gap": case.minimal_gap,
        "minimal_gap_log2": None if case.minimal_gap is None else _log2(case.minimal_gap),
    }
    line = {
        "type": "test_case",
        "run_start": run_start,
        "property": case.property,
        "status": _STATUS[case.verdict],
        "status_reason": case.reason,
        "representation": json_text(record["configuration"]),
        "arguments": {"configuration": record["configuration"]},
        "how_generated": case.origin,
        "features": {name: value for name, value in features.items() if value is not None},
        "coverage": None,
        "timing": {} if case.seconds is None else {"execute:test": case.seconds},
        "metadata": {"tool": "hardmax"},
    }
    return json_text(line) + "\n"


def _log2(gap: str) -> int:
    """⌊log2 gap⌋ of a positive exact number of any size: a feature to bin by."""
    return int(round(decimal(gap).ln() / Decimal(2).ln(), 9).to_integral_value(ROUND_FLOOR))


__all__ = ["observation_line"]
