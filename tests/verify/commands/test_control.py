"""`hardmax control`: status, output for people and programs, files, and one line for what cannot be asked."""

import json
from pathlib import Path

import pytest

from hardmax import Configuration
from hardmax.reports import read_records
from hardmax.verify import control
from hardmax.verify.certificates import checker
from hardmax.verify.cli import main

FOUR = {
    "tokens": [["1", "0"], ["0", "1"], ["6/5", "-1"], ["1/10", "21/20"]],
    "labels": ["right", "up", "down", "almost"],
}


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run `hardmax control …` in a folder with a few inputs: (status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    Path("four.json").write_text(json.dumps(FOUR))
    Path("three.json").write_text(json.dumps({key: values[:3] for key, values in FOUR.items()}))
    Path("zero.json").write_text('{"tokens": [["1", "0"], ["0", "0"]]}')
    Path("twice.json").write_text('{"tokens": [["1", "0"], ["0", "2"], ["1", "0"], ["1", "1"]]}')

    def call(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["control", *arguments])
        return ended.value.code, *capsys.readouterr()

    return call


def test_possible_ends_with_0_an_A_and_the_certificate_of_prove(run):  # noqa: N802 the paper's symbol
    status, out, _ = run("four.json", "--exactly", "up,down", "--json", "--out", "out")
    found = json.loads(out)
    assert status == 0
    assert found["input"] == "four.json"
    assert (found["question"], found["tokens"], found["verdict"]) == ("exactly", [1, 2], "possible")
    assert found["follows"] == {"0": 2, "3": 1}
    assert found["condition"] == pytest.approx(3.866, abs=1e-2)
    assert set(checker.check(Path(found["certificate"]).read_text()).values()) == {"verified"}
    certified = json.loads(Path(found["certificate"]).read_text())
    assert certified["problem"]["A"] == found["A"]
    assert certified["leaders"] == [{"token": 1, "layer": 0}, {"token": 2, "layer": 0}]


def test_impossible_ends_with_1_its_sense_and_the_certificate_of_the_multipliers(run):
    status, out, _ = run("four.json", "--lead", "0,1", "--out", "out")
    assert status == 1
    lines = out.splitlines()
    assert lines[0] == "four.json: impossible: all of these lead"
    assert lines[1] == "  0 (right), 1 (up) of 4 tokens in R^2"
    assert "at layer 0" in lines[2]
    assert "later" in lines[2]
    assert checker.check(Path("out/no-A.cert.json").read_text()) == {"control.layer_0": "refuted"}
    status, out, _ = run("four.json", "--lead", "0,1", "--json")
    assert json.loads(out)["certificate"] is None
    assert json.loads(out)["A"] is None


def test_undecided_ends_with_3_and_the_reason(run, monkeypatch):
    monkeypatch.setattr("hardmax.verify.provers.control.search.BUDGET", 0)
    status, out, _ = run("four.json", "--lead", "0,1", "--json")
    assert status == 3
    assert json.loads(out)["verdict"] == "undecided"
    assert "the budget ended" in json.loads(out)["reason"]


def test_equal_tokens_are_merged_and_named_as_in_the_file(run):
    status, out, _ = run("twice.json", "--exactly", "1,2", "--json")
    found = json.loads(out)
    assert (status, found["tokens"], found["follows"]) in [(0, [1, 2], {"3": 1}), (0, [1, 2], {"3": 0})]
    assert "4 tokens in R^2, 3 once equal ones are merged" in run("twice.json", "--lead", "0,1")[1]


def test_labels_with_commas_or_of_digits_are_given_as_a_json_list(run):
    labels = ["yes, of course", "1", "[UNK]", 'say "no"']
    Path("odd.json").write_text(json.dumps({**FOUR, "labels": labels}))
    asked = {
        '["yes, of course"]': [0],
        '["1", "say \\"no\\""]': [1, 3],
        '["1", 0]': [0, 1],
        "[2]": [2],
        "[UNK]": [2],
        "[UNK],1": [1, 2],
        "1": [1],
    }
    for text, tokens in asked.items():
        _, out, _ = run("odd.json", "--lead", text, "--json")
        assert json.loads(out)["tokens"] == tokens, text


def test_several_files_share_one_A_and_say_where_it_holds(run):  # noqa: N802
    status, out, _ = run("three.json", "four.json", "--lead", "right,up", "--json", "--out", "out")
    found = json.loads(out)
    assert status == 1
    assert found["input"] == ["three.json", "four.json"]
    assert found["held"] == ["three.json"]
    assert found["tokens"] == [[0, 1], [0, 1]]
    words = [set(checker.check(Path(path).read_text()).values()) for path in found["certificate"]]
    assert words == [{"refuted"}, {"verified"}]
    _, out, _ = run("three.json", "four.json", "--lead", "right,up")
    assert "one A for a largest part found greedily, 1 of 2: three.json" in out
    assert run("three.json", "three.json", "--lead", "right,up")[0] == 0


def test_the_page_shows_the_answer_and_its_figures(run):
    run("four.json", "--lead", "0,1", "--out", "out", "--report")
    page = Path("out/report.html").read_text()
    assert "Impossible" in page
    assert page.count('class="half half-') == 2
    assert 'href="no-A.cert.json"' in page
    run("four.json", "--lead", "0", "--out", "out", "--report", "--overwrite")
    page = Path("out/report.html").read_text()
    assert 'class="ellipse"' in page
    assert 'class="found"' in page
    record = read_records(Path("out")).run.control
    assert record.inputs[0].can == (0, 1, 2, 3)
    assert record.inputs[0].before == (2, 3)
    assert 0 in record.inputs[0].after


def test_the_page_shows_what_holds_whomever_a_token_follows(run):
    tokens = [["-4", "0"], ["-3", "-2"], ["2", "2"], ["3", "-2"], ["3", "2"]]
    Path("maps.json").write_text(json.dumps({"tokens": tokens}))
    assert run("maps.json", "--exactly", "0,1", "--out", "out", "--report")[0] == 1
    record = read_records(Path("out")).run.control
    (forms,) = record.whomever
    assert {(N.input, N.token) for N in forms} == {(0, 2), (0, 3)}
    page = Path("out/report.html").read_text()
    assert page.count("whomever 2 follows") == 3  # a line of the table, the caption of the disc and its name
    assert page.count('class="half half-') == len(record.excluded[0]) + len(forms)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["four.json"], "give one of --lead, --alone, --exactly"),
        (["four.json", "--lead", "0", "--alone", "1"], "give one of --lead, --alone, --exactly"),
        (["four.json", "--lead", ""], "no token is given"),
        (["four.json", "--lead", "0,0"], "0 is given twice"),
        (["four.json", "--lead", "0,right"], "token 0 is given twice"),
        (["four.json", "--lead", "9" * 5000], "no token is so labelled"),
        (["four.json", "--lead", "4"], "there is no token 4; they are numbered from 0 to 3"),
        (["four.json", "--lead", "left"], "'left': no token is so labelled"),
        (["four.json", "--lead", "[]"], "no token is given"),
        (["four.json", "--lead", "[true]"], "True is no token; give an index or a label"),
        (["four.json", "--lead", "[0.5]"], "0.5 is no token"),
        (["four.json", "--lead", "[null]"], "None is no token"),
        (["four.json", "--lead", "[[0], 1]"], "[0] is no token"),
        (["four.json", "--lead", '["0"]'], "'0': no token is so labelled"),
        (["four.json", "--lead", "[-1]"], "there is no token -1"),
        (["four.json", "--lead", '["right'], "'[\"right': no token is so labelled"),
        (["four.json", "--lead", "[" * 100_000], "no token is so labelled"),
        (["four.json", "--alone", '["up", "down"]'], "give the one that all others are to follow"),
        (["four.json", "three.json", "--lead", "left"], "'left': no token is so labelled"),
        (["zero.json", "--lead", "1"], "token 1 is the origin"),
        (["zero.json", "--lead", "one"], "the tokens have no labels"),
        (["four.json", "--alone", "0,1"], "give the one that all others are to follow"),
        (["none.json", "--lead", "0"], "none.json: cannot be read"),
        (["four.json", "--lead", "0", "--report"], "--report needs --out DIR"),
        (["four.json", "--lead", "0", "--seconds", "0"], "no time limit"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(run, arguments, message):
    status, out, err = run(*arguments, *(["--out", "out"] if "--report" not in arguments else []))
    assert status == 2
    assert out == ""
    assert message in err.splitlines()[-1]
    assert err.count("\n") == 1
    assert not Path("out").exists()


def test_in_python_the_answer_plots():
    answer = control.lead(Configuration([(1, 0), (0, 1), (-2, -1)]), leaders=[0])
    assert answer.verdict == "possible"
    assert "ellipse" in answer.plot() or "circle" in answer.plot()
    assert answer._repr_html_() == answer.plot()
    assert control.alone([Configuration([[1], [-1]])], 0).verdict == "impossible"
    assert control.exactly(Configuration([(1, 0, 0), (0, 1, 0), (0, 0, 1)]), [0, 1]).follows in ({2: 0}, {2: 1})


def test_in_python_a_single_token_needs_no_list():
    c = Configuration([(1, 0), (0, 1)], labels=["ab", "a"])
    assert control.lead(c, "ab").inputs[0].tokens == control.lead(c, 0).inputs[0].tokens == (0,)
