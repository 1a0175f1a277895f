"""The strict JSON of records: what is written is read back, and every damage is one line that names the place."""

import copy
import json
import os
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardmax.reports.records import codec, configuration_record, record, run_record
from hardmax.reports.records.codec import RecordError
from hardmax.reports.records.schema import schema

SCHEMAS = Path(record.__file__).parent / "schemas"
PUBLISHED = {
    "run": run_record.RunRecord,
    "result": record.ResultRecord,
    "counterexample": record.CounterexampleRecord,
    "report": record.ReportRecord,
}


@pytest.fixture(scope="session")
def samples(made) -> dict[str, Any]:
    """One record of each published class, every optional part filled in somewhere."""
    kernel, verify = made.kernel_records(), made.verify_records()
    c = made.zero_token().configuration
    divergence = run_record.Divergence(
        layer=1, token=2, exact=(0, 1), computed=None, gap="1/4", configuration=c, bound="1/1000"
    )
    numpy = run_record.KernelRecord(
        spec="numpy",
        dtype="float32",
        layers=4,
        agree=3,
        too_close=0,
        disagree=1,
        ties_lost=0,
        first_disagreement=divergence,
    )
    result = made.result(made.Configuration([(1, 0), (0, 1), (1, 0)]))
    outcome = {f: getattr(result, f) for f in record.OutcomeRecord.__dataclass_fields__}
    result = record.ResultRecord(
        **{f: getattr(result, f) for f in result.__dataclass_fields__}
        | {"merged": record.OutcomeRecord(**outcome), "reason": "it is open", "verdict": "undecided"}
    )
    run = made.run(
        kernels=(numpy,),
        claims=verify.run.claims,
        counterexamples=verify.run.counterexamples,
        seconds=1.5,
        subject=kernel.run.subject,
        checks=kernel.run.checks,
        notes=("one stale entry",),
    )
    return {
        "run": run,
        "result": result,
        "counterexample": verify.counterexamples[0],
        "report": record.ReportRecord(run=run, results=(result,), counterexamples=verify.counterexamples),
    }


@pytest.mark.parametrize("name", PUBLISHED)
def test_records_survive_a_round_trip(samples, name):
    text = codec.dumps(samples[name])
    assert codec.loads(PUBLISHED[name], text, "x.json") == samples[name]
    assert codec.dumps(codec.loads(PUBLISHED[name], text, "x.json")) == text


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_schema_is_the_one_of_the_record_class(name):
    if os.environ.get("HARDMAX_UPDATE") == "1":
        text = json.dumps(schema(PUBLISHED[name]), indent=1, ensure_ascii=False)
        (SCHEMAS / f"{name}.schema.json").write_text(f"{text}\n", "utf-8")
    published = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    assert published == schema(PUBLISHED[name])
    jsonschema.Draft202012Validator.check_schema(published)


def test_no_schema_is_published_without_a_record_class():
    assert {p.name for p in SCHEMAS.iterdir()} == {f"{name}.schema.json" for name in PUBLISHED}


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_is_written_meets_the_schema(samples, name):
    jsonschema.validate(codec.encode(samples[name]), schema(PUBLISHED[name]))


def test_every_field_of_a_published_record_is_described():
    for cls in PUBLISHED.values():
        for name, definition in schema(cls)["$defs"].items():
            bare = [k for k, v in definition["properties"].items() if "description" not in v and "const" not in v]
            assert not bare, f"{name} does not describe {bare}"


def places(value: Any, path: tuple = ()) -> list[tuple]:
    """The path of every value inside a JSON value."""
    found = [path] if path else []
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        found += places(entry, (*path, key))
    return found


def damaged(data: Any, path: tuple, damage: str) -> Any:
    """A copy of `data` with one damage at `path`."""
    data = copy.deepcopy(data)
    owner = data
    for key in path[:-1]:
        owner = owner[key]
    key = path[-1]
    if damage == "drop" and isinstance(owner, dict):
        del owner[key]
    elif damage == "rename" and isinstance(owner, dict):
        owner[f"{key}x"] = owner.pop(key)
    elif damage == "number as text":
        owner[key] = str(owner[key])
    elif damage == "text as number":
        owner[key] = 0.5
    elif damage == "list":
        owner[key] = [owner[key]]
    elif damage == "object":
        owner[key] = {"x": owner[key]}
    elif damage == "null":
        owner[key] = None
    else:
        owner[key] = "two words"
    return data


DAMAGES = ("drop", "rename", "number as text", "text as number", "list", "object", "null", "text")


@pytest.mark.parametrize("name", PUBLISHED)
@given(data=st.data())
def test_reader_and_schema_agree_on_every_damage_and_a_refusal_is_one_line(samples, name, data):
    value = codec.encode(samples[name])
    path = data.draw(st.sampled_from(places(value)))
    changed = damaged(value, path, data.draw(st.sampled_from(DAMAGES)))
    valid = jsonschema.Draft202012Validator(schema(PUBLISHED[name])).is_valid(changed)
    try:
        codec.decode(PUBLISHED[name], changed, "dir/x.json")
    except RecordError as error:
        message = str(error)
        assert message.startswith("dir/x.json: ")
        assert "\n" not in message
        assert len(message) < 400
        # what the schema cannot say: that parts of a record fit together
        together = (
            "rows of",
            "entries for",
            "names the token",
            "cites",
            "exactly one",
            "needs",
            "is empty",
            "sets of",
            "no configuration",
        )
        assert not valid or any(word in message for word in together), message
    else:
        assert valid, f"the reader accepts {path}, the schema does not"


BROKEN = {
    '{"a": 1': "is not JSON",
    "[1, 2]": "an object (RunRecord) is required",
    '{"format": "hardmax-run", "version": 1}': 'lacks the key "tool_version"',
    '{"format": "hardmax-run", "version": 2}': 'has "version" 2; 1 is required: read it with the release of hardmax',
    '{"format": "hardmax-run", "version": true}': 'has "version" true',
    '{"format": "other", "version": 1}': 'has "format" "other"',
    '{"format": "hardmax-run", "version": 1, "format": "x"}': 'the key "format" is given twice',
    '{"format": "hardmax-run", "version": NaN}': "holds NaN",
    '{"format": "hardmax-run", "version": 1, "colour": 3}': 'has the unknown key "colour"',
    "[" * 100_000: "nested too deeply",
    '{"format": ' + "9" * 5000 + "}": "x.json: ",
}


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: text[:40])
def test_broken_text_is_refused_with_its_reason(text):
    with pytest.raises(RecordError, match=re.escape(BROKEN[text])) as caught:
        codec.loads(run_record.RunRecord, text, "x.json")
    assert "\n" not in str(caught.value)


WRONG = {
    "claims[0].verdict": (("claims", 0, "verdict"), "maybe", "one of"),
    "counts.inputs": (("counts", "inputs"), 1.5, "a whole number is required"),
    "interrupted": (("interrupted",), 0, "true or false is required"),
    "coverage[0].bins[1].count": (("coverage", 0, "bins", 1, "count"), "900", "a whole number is required"),
    "counterexamples[0]": (("counterexamples", 0), "../../etc", "a name of letters"),
    "checks[1].configuration.tokens[0][1]": (("checks", 1, "configuration", "tokens", 0, 1), "0.5", '"-1/2"'),
}


@pytest.mark.parametrize("place", WRONG)
def test_a_refusal_names_the_place_and_what_is_required_there(samples, place):
    path, value, required = WRONG[place]
    data = codec.encode(samples["run"])
    owner = data
    for key in path[:-1]:
        owner = owner[key]
    owner[path[-1]] = value
    with pytest.raises(RecordError, match=re.escape(f"x.json: {place} is ")) as caught:
        codec.decode(run_record.RunRecord, data, "x.json")
    assert required in str(caught.value)


@pytest.mark.parametrize(
    "text", ["1.5", "+1", "01", "-0", "1/0", "1/02", "2/-3", "", " 1", "1 ", "٣", "1e3", "0/5", "inf"]
)
def test_only_canonical_rationals_are_exact_numbers(text):
    with pytest.raises(RecordError):
        codec.decode(configuration_record.ConfigurationRecord, {"tokens": [[text]], "A": [["1"]], "alpha": "1"}, "x")


def test_a_record_that_could_not_be_read_is_not_written(made):
    wrong = made.run(seed="7")
    with pytest.raises(RecordError, match="seed"):
        codec.dumps(wrong)


def test_a_claim_cannot_cite_a_counterexample_that_the_run_does_not_list(made):
    with pytest.raises(RecordError, match=r"cites the counterexample nowhere"):
        made.run(claims=(made.refuted_claim(["nowhere"]),))
