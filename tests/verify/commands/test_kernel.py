"""`hardmax kernel`: status, output for people and programs, files."""

import json
import runpy
from itertools import islice

import pytest

from hardmax.kernels.exact.configuration_file import read_configuration
from hardmax.kernels.exact.dynamics import Dynamics
from hardmax.verify.cli import main
from hardmax.verify.conformance import check_ids, run_conformance
from hardmax.verify.conformance.text import print_report

TIES = ("--checks", "ties.*", "--checks", "values.*", "--skip", "ties.signed")


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(["kernel", *map(str, arguments)])
    return ended.value.code


def test_a_right_kernel_ends_with_0_and_a_line_that_says_so(capsys):
    assert run("numpy", "--checks", "shape.*, array.*") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("kernel numpy")
    assert lines[-1] == "conforms: 18 pass"
    assert "pass        18 checks (-v lists them)" in lines
    assert run("numpy", "-v", "--checks", "shape.*", "--skip", "shape.precision") == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("pass ") for line in lines) == 4


def test_a_wrong_kernel_ends_with_1_a_reason_and_a_snippet(capsys, first):
    assert run(first, *TIES) == 1
    out = capsys.readouterr().out
    assert out.splitlines()[2].startswith("5 checks fail, one cause: keeps only the first of several maximisers")
    assert "ties.exact: Exact ties keep every maximiser" in out
    assert "also ties.forms, ties.turned, " in out
    words = " ".join(out.split())
    assert "must follow {0, 1} (an exact tie) and move to (5/4, 5/4)" in words
    assert "the kernel returned (1.5, 1) as if it followed {0}" in words
    assert f"kernel = load({first!r})" in out
    assert out.splitlines()[-1].startswith("does not conform: ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nump"], "no kernel is called 'nump'"),
        (["absent.py:step"], "absent.py is not a file"),
        (["numpy", "--seed", "-1"], "--seed"),
        (["numpy", "--known", "absent"], "absent cannot be read"),
        (["numpy", "--report"], "--report needs --out"),
        (["numpy", "--checks", "tie"], "no check matches 'tie'"),
        (["numpy", "--checks", "ties.*", "--skip", "ties.*"], "no check is left"),
        (["numpy", "--sizes", "m=3"], "names no sizes"),
        (["numpy", "--sizes", "n=5-3"], "names no sizes"),
        (["numpy", "--check-seconds", "0"], "finite number of seconds above 0"),
        (["numpy", "--arrays", "cupy"], "--arrays"),
        ([], "SPEC"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(capsys, arguments, message):
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert message in line


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_what_a_kernel_says_of_itself_is_safe_to_show(capsys, tmp_path, options):
    path = tmp_path / "rude.py"
    path.write_text("def rude(tokens, A, alpha):\n    raise ValueError('no \\x1b[31m red \\u202e')\n")
    assert run(f"{path}:rude", *options, "--checks", "values.*") == 1
    out = capsys.readouterr().out
    assert "no \\u001b[31m red \\u202e" in out
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_json_is_one_object_with_every_check_asked_for(capsys, first):
    assert run(first, "--json", "--skip", "[!tv]*") == 1
    data = json.loads(capsys.readouterr().out)
    assert [result["id"] for result in data["results"]] == [i for i in check_ids() if i[0] in "tv"]


def test_out_holds_the_record_configurations_and_snippets_and_is_replaced(tmp_path, capsys, first):
    out = tmp_path / "out"
    known = tmp_path / "known.txt"
    known.write_text("ties.exact we take the first\n")
    assert run(first, *TIES, "--out", out, "--known", known) == 1
    record = json.loads((out / "run.json").read_text())
    assert record["command"] == "kernel"
    assert record["verdict"] == "refuted"
    assert record["subject"]["spec"] == first
    status = {check["id"]: check["status"] for check in record["checks"]}
    assert status["ties.exact"] == "known"
    failing = sorted(name for name, value in status.items() if value in ("fail", "known"))
    assert sorted(path.stem for path in (out / "checks").glob("*.py")) == failing
    configuration = read_configuration(out / "checks" / "ties.exact.json")
    assert configuration.n == 3
    with pytest.raises(AssertionError, match="in place of"):
        runpy.run_path(str(out / "checks" / "ties.exact.py"))
    assert run("numpy", "--out", out) == 2
    assert (out / "checks").exists()
    assert run("numpy", *TIES, "--out", out, "--overwrite") == 0
    assert not (out / "checks").exists()


def test_the_record_has_the_exact_layers_and_where_the_kernel_put_the_token(tmp_path, capsys, first, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "known.txt").write_text("values.bound not since the rewrite\n")
    assert run(first, *TIES, "--out", "out", "--known", "known.txt") == 1
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["subject"]["file"] == "first.py"  # below the working directory, as code hosts name it
    assert record["notes"] == ["values.bound is listed as a known deviation, but the check is pass; remove the entry."]
    checks = {check["id"]: check for check in record["checks"]}
    shown = checks["ties.exact"]
    layers = list(islice(Dynamics(read_configuration(tmp_path / "out" / "checks" / "ties.exact.json")).layers(), 3))
    for k, (layer, sets) in enumerate(layers):
        assert shown["trajectory"]["layers"][k] == [list(map(str, row)) for row in layer.tokens()]
        assert shown["trajectory"]["follow_sets"][k] == [list(C) for C in sets]
    right = shown["trajectory"]["layers"][shown["first_divergent_layer"] + 1][shown["token"]]
    assert (right, shown["returned"]) == (["5/4", "5/4"], ["3/2", "1"])
    assert not any("trajectory" in check for check in checks.values() if check["status"] == "pass")


def test_out_with_files_of_others_is_refused_and_left_alone(tmp_path, capsys):
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "thesis.tex").write_text("x")
    assert run("numpy", "--out", tmp_path) == 2
    assert (tmp_path / "checks" / "thesis.tex").read_text() == "x"


@pytest.mark.parametrize("record", [None, '{"command": "verify"}', '["kernel"]', "no JSON"])
def test_a_folder_that_is_no_earlier_run_keeps_its_checks(tmp_path, capsys, record):
    mine = tmp_path / "keep" / "checks" / "ties.exact.py"
    mine.parent.mkdir(parents=True)
    mine.write_text("my test")
    if record is not None:
        (tmp_path / "keep" / "run.json").write_text(record)
    assert run("numpy", "--out", tmp_path / "keep") == 2
    assert mine.read_text() == "my test"
    assert "give --out an empty folder" in capsys.readouterr().err


def test_a_refused_folder_keeps_the_checks_of_the_earlier_run_too(tmp_path, capsys, first):
    out = tmp_path / "out"
    assert run(first, *TIES, "--out", out) == 1
    before = sorted(out.rglob("*"))
    assert run("absent.py:step", "--out", out, "--overwrite") == 2, "a SPEC that cannot be loaded"
    assert sorted(out.rglob("*")) == before
    (out / "notes.txt").write_text("x")
    assert run("numpy", "--out", out, "--overwrite") == 2
    assert sorted(out.rglob("*")) == sorted([*before, out / "notes.txt"])
    (out / "notes.txt").unlink()
    (out / "run.json").unlink()
    (out / "journal").touch()  # the mark of a killed run
    assert run("numpy", *TIES, "--out", out, "--overwrite") == 0
    assert not (out / "checks").exists()


def test_snippets_of_a_relative_file_run_from_any_folder(tmp_path, capsys, first, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("first.py:step", *TIES, "--out", "out") == 1
    assert f"kernel = load({first!r})" in capsys.readouterr().out
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    scripts = sorted((tmp_path / "out" / "checks").glob("*.py"))
    assert scripts
    for script in scripts:
        with pytest.raises(AssertionError, match="in place of"):
            runpy.run_path(str(script))


def test_a_terminal_gets_a_table_with_the_same_content(first):
    import io

    from rich.console import Console

    file = io.StringIO()
    report = run_conformance(first, only=["ties.exact", "ties.duplicates", "values.bound", "run.long"])
    print_report(report, Console(file=file, width=160, force_terminal=False))
    text = file.getvalue()
    for name in ("ties.exact", "ties.duplicates", "2 checks fail, one cause", "does not conform"):
        assert name in text
