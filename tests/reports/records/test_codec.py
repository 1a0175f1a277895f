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
from msgspec.structs import asdict

from hardmax.reports.records import codec, configuration_record, record, run_record
from hardmax.reports.records.codec import RecordError, schema

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
    outcome = {f: getattr(result, f) for f in record.ConclusionRecord.__struct_fields__}
    merged = record.ConclusionRecord(**outcome)
    changes = {"merged": merged, "reason": "it is open", "verdict": "undecided"}
    changes["enclosure"] = record.EnclosureRecord("1/8", 3, 10, "20", 7, (0, 0, 2), 2, "40", "1/9", "1/50", 1, 2)
    result = record.ResultRecord(**asdict(result) | changes)
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
        "report": record.ReportRecord("hardmax-report", 1, run, (result,), verify.counterexamples),
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
    assert published == json.loads(json.dumps(schema(PUBLISHED[name])))
    jsonschema.Draft202012Validator.check_schema(published)


def test_no_schema_is_published_without_a_record_class():
    assert {p.name for p in SCHEMAS.iterdir()} == {f"{name}.schema.json" for name in PUBLISHED}


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_is_written_meets_the_schema(samples, name):
    jsonschema.validate(codec.encode(samples[name]), schema(PUBLISHED[name]))


def test_every_field_of_a_published_record_is_described():
    for cls in PUBLISHED.values():
        for name, definition in schema(cls)["$defs"].items():
            described = definition["description"]
            bare = [k for k in definition["properties"] if f"    {k}: " not in described]
            assert not set(bare) - {"format", "version", *INHERITED.get(name, ())}, f"{name} does not describe {bare}"


INHERITED = dict.fromkeys(("ConclusionRecord", "ResultRecord"), record.OutcomeRecord.__struct_fields__)


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
        codec.loads(PUBLISHED[name], json.dumps(changed), "dir/x.json")
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


HEAD = '{"format": "hardmax-run", "version": 2'
BROKEN = {
    HEAD: "is not JSON: ",
    "": "is not JSON: ",
    "[1, 2]": "found array; object is required",
    HEAD + "}": "Object missing required field tool_version",
    HEAD.replace("2", "3") + "}": "version: Invalid enum value 3; read it with the release of hardmax that wrote it",
    HEAD.replace("2", "true") + "}": "version: found bool; int is required; read it with",
    HEAD.replace("-run", "") + "}": "format: Invalid enum value 'hardmax'; read it with",
    HEAD.replace("2", "NaN") + "}": "is not JSON: ",
    HEAD + ', "seconds": 1e999}': "seconds: Number out of range",
    HEAD + ', "seconds": -Infinity}': "is not JSON: ",
    HEAD + ', "colour": 3}': "unknown field colour",
    HEAD + ', "two\\nlines\\u001b": 3}': r"unknown field two lines\u001b",
    HEAD + f', "{"long" * 1000}": 3' + "}": "nglo...",
    "[" * 100_000: "found array; object is required",
    HEAD + ', "claims": ' + "[" * 100_000: "claims[0]: found array; object is required",
    HEAD + ', "seed": ' + "9" * 5000 + "}": "seed: Integer value out of range",
    HEAD + r', "tool_version": "\ud800 and more"}': "is not JSON: ",
    HEAD + r', "tool_version": "\ude00"}': "is not JSON: ",
    HEAD + ', "tool_version": "\ud800"}': "is not JSON: ",
}


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: ascii(text)[:60])
def test_broken_text_is_refused_with_its_reason(text):
    with pytest.raises(RecordError, match=re.escape(BROKEN[text])) as caught:
        codec.loads(run_record.RunRecord, text, "x.json")
    assert str(caught.value).startswith("x.json: ")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_of_a_key_that_is_given_twice_the_last_one_counts(samples):
    text = codec.dumps(samples["run"])
    twice = text.replace('"seed": 7', '"seed": 8, "seed": 7')
    assert codec.loads(run_record.RunRecord, twice, "x.json") == samples["run"] != twice


WRONG = {
    "claims[0].verdict": (("claims", 0, "verdict"), "maybe", "Invalid enum value 'maybe'"),
    "counts.inputs": (("counts", "inputs"), 1.5, "found float; int is required"),
    "interrupted": (("interrupted",), 0, "found int; bool is required"),
    "coverage[0].bins[1].count": (("coverage", 0, "bins", 1, "count"), "900", "found str; int is required"),
    "counterexamples[0]": (("counterexamples", 0), "../../etc", "str matching regex '^[A-Za-z0-9]"),
    "checks[1].configuration.tokens[0][1]": (("checks", 1, "configuration", "tokens", 0, 1), "0.5", "is required"),
    "subject.declared[...]": (("subject", "declared", "ties"), 1, "found int; str is required"),
}


@pytest.mark.parametrize("place", WRONG)
def test_a_refusal_names_the_place_and_what_is_required_there(samples, place):
    path, value, required = WRONG[place]
    data = codec.encode(samples["run"])
    owner = data
    for key in path[:-1]:
        owner = owner[key]
    owner[path[-1]] = value
    with pytest.raises(RecordError, match=re.escape(f"x.json: {place}: ")) as caught:
        codec.loads(run_record.RunRecord, json.dumps(data), "x.json")
    assert required in str(caught.value)


@pytest.mark.parametrize(
    "text", ["1.5", "+1", "01", "-0", "1/0", "1/02", "2/-3", "", " 1", "1 ", "٣", "1e3", "0/5", "inf", "1\n"]
)
def test_only_canonical_rationals_are_exact_numbers(text):
    with pytest.raises(RecordError):
        codec.loads(
            configuration_record.ConfigurationRecord, json.dumps({"tokens": [[text]], "A": [["1"]], "alpha": "1"}), "x"
        )


@pytest.mark.parametrize("key", ["-1", "01", "1.0", " 1", "x", ""])
def test_only_whole_numbers_are_keys_of_tokens(samples, key):
    data = codec.encode(samples["result"]) | {"leaders": {key: 0}}
    with pytest.raises(RecordError, match="x: a key of leaders: "):
        codec.loads(record.ResultRecord, json.dumps(data), "x")


def test_a_record_that_could_not_be_read_is_not_written(made):
    wrong = made.run(seed="7")
    with pytest.raises(RecordError, match="seed"):
        codec.dumps(wrong)


def test_a_claim_cannot_cite_a_counterexample_that_the_run_does_not_list(made):
    with pytest.raises(RecordError, match=r"cites the counterexample nowhere"):
        made.run(claims=(made.refuted_claim(["nowhere"]),))
