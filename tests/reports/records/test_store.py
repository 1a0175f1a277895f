"""The folder of a run: all of it is read, or nothing."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from hardmax.reports import RecordError, read_records
from hardmax.reports.records import files, record, store

BUNDLE = "counterexamples/no-zero-token-1"


@pytest.fixture
def folder(made, tmp_path):
    found = made.zero_token(certificate="certificate.json")
    records = made.verify_records(found)
    return made.write(records, tmp_path / "out")


@pytest.fixture
def proved(made, tmp_path):
    c = made.Configuration([(1, 0), (0, 1)])
    return made.write(made.prove_records([made.result(c, name=f"{i}.json") for i in range(3)]), tmp_path / "proved")


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
    with pytest.raises(RecordError, match=r"results\.jsonl: line 2: verdict: Invalid enum value 'perhaps'"):
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
    path = folder / BUNDLE / "record.json"
    path.write_text(path.read_text("utf-8").replace('"id": "no-zero-token-1"', '"id": "other"'), "utf-8")
    with pytest.raises(RecordError, match="id is other in the folder no-zero-token-1; they must be the same"):
        read_records(folder)


def test_a_counterexample_is_read_from_any_place_and_under_any_name(folder, tmp_path, monkeypatch):
    shutil.copytree(folder / BUNDLE, tmp_path / "sent by a friend")
    wanted = read_records(folder).counterexamples[0]
    assert store.read_counterexample(tmp_path / "sent by a friend") == wanted
    monkeypatch.chdir(tmp_path / "sent by a friend")
    assert store.read_counterexample(Path()) == wanted


def test_what_is_no_counterexample_says_what_to_give(folder, proved, tmp_path):
    def said(place):
        with pytest.raises(RecordError) as caught:
            store.read_counterexample(place)
        return str(caught.value)

    assert said(tmp_path / "nowhere") == f"{tmp_path}/nowhere: does not exist; give the folder of a counterexample"
    assert said(folder / BUNDLE / "config.json").endswith("config.json: is a file; give the folder of a counterexample")
    assert said(folder) == f"{folder}: holds counterexamples; give {folder}/{BUNDLE}"
    shutil.copytree(folder / BUNDLE, folder / "counterexamples/second")
    assert said(folder / "counterexamples").endswith(f"; give {folder}/{BUNDLE}, one of 2")
    shutil.rmtree(folder)
    assert said(tmp_path) == f"{tmp_path}/record.json: is missing; give the folder of a counterexample"
    assert said(Path()) == "record.json: is missing; give the folder of a counterexample"


def test_a_run_without_a_counterexample_is_told_apart(proved):
    with pytest.raises(RecordError, match="is the folder of a run that found no counterexample"):
        store.read_counterexample(proved)


def test_runs_of_version_1_are_read_whatever_they_call_vacuous(made, tmp_path):
    vacuous = made.claim(verdict="vacuous", note='say "not_met": or "verdict": "not_met"')
    wanted = made.run(claims=(vacuous,), counterexamples=())
    path = store.write_run(tmp_path, wanted)
    today = path.read_text("utf-8").replace('"version": 2', '"version": 1')
    early = today.replace('"vacuous":', '"not_met":').replace('"verdict": "vacuous"', '"verdict": "not_met"')
    assert early.count('"not_met"') == 2
    for text in (today, early):
        path.write_text(text, "utf-8")
        assert read_records(tmp_path).run == replace(wanted, version=1)
    path.write_text(early.replace('"version": 1', '"version": 2'), "utf-8")
    with pytest.raises(RecordError, match=r"'not_met'|unknown field not_met"):
        read_records(tmp_path)


@pytest.mark.parametrize("name", ["run.json", f"{BUNDLE}/record.json", f"{BUNDLE}/config.json"])
def test_what_is_endless_or_never_opens_is_refused_at_once(folder, name):
    path = folder / name
    for make in (lambda: path.symlink_to("/dev/zero"), lambda: os.mkfifo(path), lambda: path.symlink_to("/dev/tty")):
        path.unlink()
        make()
        with pytest.raises(RecordError, match=rf"{re.escape(str(path))}: is no regular file"):
            read_records(folder)


def test_files_above_the_stated_size_are_refused(folder, proved, monkeypatch):
    monkeypatch.setattr(store, "MAX_BYTES", 100)
    with pytest.raises(RecordError, match=r"run\.json: is larger than 100 bytes"):
        read_records(folder)
    monkeypatch.setattr(store, "MAX_BYTES", 600)
    with pytest.raises(RecordError, match=r"results\.jsonl: line 1 is longer than 600 bytes"):
        read_records(proved)


@pytest.mark.parametrize("escape", [r"\ud800", r"\uDFFF", r"\ude00\ud83d"])
def test_a_string_that_is_no_text_is_refused_wherever_it_stands(folder, proved, escape):
    damaged = {folder / "run.json": '"--examples"', folder / BUNDLE / "record.json": '"necessity.nonzero"'}
    damaged |= {proved / "results.jsonl": '"0.json"', proved / "run.json": '"prove"'}
    for path, old in damaged.items():
        text = path.read_text("utf-8")
        path.write_text(text.replace(old, f'{old[:-1]}{escape}"', 1), "utf-8")
        with pytest.raises(RecordError, match=r"(run|record|results)\.json.*: is not JSON: .") as caught:
            read_records(path.parent.parent.parent if path.name == "record.json" else path.parent)
        assert str(caught.value).isprintable()
        path.write_text(text, "utf-8")


def test_whole_pairs_and_escaped_backslashes_are_text(folder):
    path = folder / "run.json"
    text = path.read_text("utf-8")
    path.write_text(text.replace('"--examples"', r'"\ud83d\ude00 \\ud800"', 1), "utf-8")
    assert read_records(folder).run.arguments[0] == r"😀 \ud800"


def test_a_run_with_a_file_name_that_is_not_utf_8_is_written_and_read(made, tmp_path):
    name = os.fsdecode(b"caf\xe9.json")
    records = made.prove_records([made.result(made.Configuration([(1, 0), (0, 1)]), name=name)])
    again = read_records(made.write(records, tmp_path))
    assert again.results[0].input == again.run.arguments[0] == r"caf\udce9.json"


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
    files.write_file(path, "old")

    def fail(self, target):
        raise OSError("disk full")

    monkeypatch.setattr(type(path), "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        files.write_file(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"]


def content(folder):
    return {str(p.relative_to(folder)): p.read_text() if p.is_file() else None for p in sorted(folder.rglob("*"))}


@pytest.mark.parametrize("which", range(3))
@pytest.mark.parametrize("damage", ["a folder", "writing", "interrupted"])
def test_files_that_belong_together_are_all_written_or_none(tmp_path, monkeypatch, which, damage):
    names = ["a", "new/b", "c"]
    (tmp_path / "a").write_text("old a")
    (tmp_path / "c").write_text("old c")
    bad = tmp_path / names[which]
    if damage == "a folder":
        bad.unlink(missing_ok=True)
        bad.mkdir(parents=True)
    else:
        write = Path.write_bytes

        def fail(path, *arguments, **options):
            write(path, *arguments, **options)
            if path.parent == bad.parent and bad.name in path.name:
                raise KeyboardInterrupt if damage == "interrupted" else OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "write_bytes", fail)
    before = content(tmp_path)
    with pytest.raises(KeyboardInterrupt if damage == "interrupted" else OSError) as caught:
        files.write_files({tmp_path / name: f"new {name}" for name in names})
    assert damage == "interrupted" or caught.value.filename == str(bad)
    assert content(tmp_path) == before


def test_a_rename_that_fails_after_others_says_which_files_are_new(tmp_path, monkeypatch):
    names = ["a", "b", "c"]
    files.write_files({tmp_path / name: "old" for name in names})
    replace = Path.replace

    def fail(path, target):
        if target.name == "c":
            raise PermissionError(1, "Operation not permitted")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="Operation not permitted; new already: a, b") as caught:
        files.write_files({tmp_path / name: "new" for name in names})
    assert caught.value.filename == str(tmp_path / "c")
    assert content(tmp_path) == {"a": "new", "b": "new", "c": "old"}


def test_files_are_replaced_together_and_nothing_else_stays(tmp_path):
    for text in ("one", "two"):
        files.write_files({tmp_path / name: text for name in ("a", "b/c")})
        assert content(tmp_path) == {"a": text, "b": None, "b/c": text}
