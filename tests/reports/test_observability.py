"""Observability lines: what Hypothesis itself writes, with the features that matter here."""

import dataclasses
import json

import jsonschema
import pytest
from hypothesis.internal.observability import TestCaseObservation

from hardmax.reports import RecordError, record
from hardmax.reports.observability import observation_line

# The test-case half of Hypothesis' "PBT Observations" schema, as its documentation describes it.
TEST_CASE = {
    "type": "object",
    "properties": {
        "type": {"const": "test_case"},
        "status": {"enum": ["passed", "failed", "gave_up"]},
        "status_reason": {"type": "string"},
        "representation": {"type": "string"},
        "arguments": {"type": "object"},
        "how_generated": {"type": ["string", "null"]},
        "features": {"type": "object"},
        "coverage": {"type": ["object", "null"]},
        "timing": {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}},
        "metadata": {"type": "object"},
        "property": {"type": "string"},
        "run_start": {"type": "number"},
    },
    "required": [f.name for f in dataclasses.fields(TestCaseObservation)],
    "additionalProperties": False,
}


@pytest.fixture
def case(made):
    return record.CaseRecord(
        property="clustering", verdict="verified", reason="", configuration=made.zero_token().configuration,
        origin="family lattice, seed 7", leaders=3, ties=1, freeze_layer=2, minimal_gap="1/8", seconds=0.25,
    )  # fmt: skip


def test_a_line_has_the_fields_of_hypothesis_own_observations(case):
    line = observation_line(case, run_start=12.5)
    assert line.endswith("\n")
    assert line.count("\n") == 1
    data = json.loads(line)
    jsonschema.validate(data, TEST_CASE)
    assert set(TEST_CASE["properties"]) == set(TEST_CASE["required"])  # the installed Hypothesis has the same fields


def test_the_features_are_those_of_the_configuration(case):
    features = json.loads(observation_line(case, run_start=0))["features"]
    assert features == {
        "verdict": "verified", "tokens": 4, "dimension": 2, "leaders": 3, "ties": 1, "freeze_layer": 2,
        "minimal_gap": "1/8", "minimal_gap_log2": -3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "status"),
    [("verified", "passed"), ("refuted", "failed"), ("undecided", "gave_up"), ("invalid", "gave_up")],
)
def test_verdicts_become_statuses(case, verdict, status):
    line = observation_line(dataclasses.replace(case, verdict=verdict, reason="why"), run_start=0)
    assert json.loads(line)["status"] == status


@pytest.mark.parametrize(
    ("gap", "log2"),
    [("1", 0), ("3/2", 0), ("2", 1), ("1/3", -2), ("7/8", -1), (f"1/{2**3000}", -3000), (str(2**900), 900)],
)
def test_the_gap_is_binned_by_its_power_of_two(case, gap, log2):
    features = json.loads(observation_line(dataclasses.replace(case, minimal_gap=gap), run_start=0))["features"]
    assert features["minimal_gap_log2"] == log2


def test_unknown_features_are_left_out(case):
    unknown = dataclasses.replace(case, leaders=None, ties=None, freeze_layer=None, minimal_gap=None, seconds=None)
    data = json.loads(observation_line(unknown, run_start=0))
    jsonschema.validate(data, TEST_CASE)
    assert set(data["features"]) == {"verdict", "tokens", "dimension"}


def test_an_invalid_record_makes_no_line(case):
    with pytest.raises(RecordError, match="leaders"):
        observation_line(dataclasses.replace(case, leaders=1.5), run_start=0)
