"""The folder of a run: all of it is read, or nothing."""

import json
import re

import pytest

from hardmax.reports import RecordError, read_records, record, store

BUNDLE = "counterexamples/no-zero-token-1"


@pytest.fixture
def folder(made, tmp_path):
    found = made.zero_token(certificate="certificate.json")
    records = made.verify_records(found)
    return made.write(records, tmp_path / "out")


@pytest.fixture
def proved(made, tmp_path):
    c = made.Configuration([(1, 0), (0, 1)])
    return made.write(made.prove_records([made.result(c, name=f"{i}.json") for i in range(3)]), tmp_path / "out")


def test_what_is_written_is_read_back(made, tmp_path):
    records = made.verify_records()
    assert read_records(made.write(records, tmp_path)) == records
    results = made.prove_records([made.result(made.Configuration([(1, 0), (0, 1)]))])
    assert read_records(made.write(results, tmp_path / "other")) == results


def test_the_layout_is_the_documented_one(folder):
    files = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    inside = {
        f"counterexamples/no-zero-token-1/{n}" for n in ("record.json", "config.json", "repro.py", "certificate.json")
    }
    assert files == {"run.json"} | inside
    assert "config.json     the configuration alone" in record.__doc__


REMOVED = [
    "run.json",
    *(f"counterexamples/no-zero-token-1/{n}" for n in ("record.json", "config.json", "certificate.json")),
]


@pytest.mark.parametrize("name", REMOVED)
@pytest.mark.parametrize("damage", ["removed", "cut", "emptied", "not text", "a folder"])
def test_a_damaged_file_is_an_error_that_names_it(folder, name, damage):
    path = folder / name
    text = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(text[: len(text) // 2])
    elif damage == "emptied":
        path.write_bytes(b"")
    elif damage == "not text":
        path.write_bytes(b"\xff" + text)
    elif damage == "a folder":
        path.mkdir()
    if name.endswith("certificate.json") and damage not in ("removed", "a folder"):
        return  # reports show that it is there; `hardmax check` reads it
    with pytest.raises(RecordError, match=re.escape(str(path))) as caught:
        read_records(folder)
    assert "\n" not in str(caught.value)


def test_a_folder_that_no_run_wrote_says_what_to_give(tmp_path):
    with pytest.raises(
        RecordError, match=r"run\.json: cannot be read: No such file .*; give the folder that --out named"
    ):
        read_records(tmp_path / "nowhere")


def test_a_results_file_that_was_cut_off_is_an_error(proved):
    path = proved / "results.jsonl"
    text = path.read_text("utf-8")
    path.write_text(text[:-1], "utf-8")
    with pytest.raises(RecordError, match="line 3 is cut off"):
        read_records(proved)
    path.write_text("".join(text.splitlines(keepends=True)[:2]), "utf-8")
    with pytest.raises(RecordError, match=r"has 2 lines but run\.json says 3"):
        read_records(proved)


def test_a_damaged_line_is_named_by_its_number(proved):
    path = proved / "results.jsonl"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    data = json.loads(lines[1])
    data["verdict"] = "perhaps"
    path.write_text(lines[0] + json.dumps(data) + "\n" + lines[2], "utf-8")
    with pytest.raises(RecordError, match=r'results\.jsonl: line 2: verdict is "perhaps"'):
        read_records(proved)


def test_results_that_the_run_does_not_mention_are_an_error(folder):
    (folder / "results.jsonl").write_text("", "utf-8")
    with pytest.raises(RecordError, match="belongs to another run"):
        read_records(folder)


def test_a_configuration_that_is_not_the_one_of_the_record_is_an_error(folder, made):
    path = folder / f"{BUNDLE}/config.json"
    path.write_text(path.read_text("utf-8").replace('"2"', '"3"'), "utf-8")
    with pytest.raises(RecordError, match="differs from the configuration"):
        read_records(folder)


def test_a_counterexample_in_the_wrong_folder_is_an_error(folder):
    (folder / BUNDLE).rename(folder / "counterexamples/other")
    with pytest.raises(RecordError, match="in the folder other; they must be the same"):
        store.read_counterexample(folder / "counterexamples/other")


def test_names_cannot_leave_the_folder(made, tmp_path):
    for name in ("../out", "/etc/passwd", "a/b", "..", ".hidden", "", "x" * 200, "a\nb"):
        with pytest.raises(RecordError):
            store.write_counterexample(tmp_path / "out", made.zero_token(name=name), repro="")
    assert not list(tmp_path.rglob("*"))


def test_an_invalid_record_leaves_nothing_behind(made, tmp_path):
    with pytest.raises(RecordError):
        store.write_run(tmp_path, made.run(seed=1.5))
    with pytest.raises(RecordError):
        store.write_results(tmp_path, [made.result(made.Configuration([(1,)]), freeze_layer="0")])
    with pytest.raises(RecordError, match="certificate"):
        store.write_counterexample(tmp_path, made.zero_token(certificate="certificate.json"), repro="")
    assert not list(tmp_path.iterdir())


def test_a_write_that_fails_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "run.json"
    store.write_text(path, "old")

    def fail(self, target):
        raise OSError("disk full")

    monkeypatch.setattr(type(path), "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        store.write_text(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"]
