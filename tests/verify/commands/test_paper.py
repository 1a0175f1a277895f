"""`hardmax paper`: papers are data, one file each; the table says each verdict and how it is known."""

import json
import re
from importlib.resources import files

import pytest

from hardmax.kernels import InputError
from hardmax.reports.records.run_record import PaperRecord
from hardmax.reports.records.store import read_records
from hardmax.verify.campaigns.judgement import Findings
from hardmax.verify.claims.papers.paper import read_paper, shipped_papers
from hardmax.verify.claims.registry import all_claims
from hardmax.verify.cli import main
from hardmax.verify.commands.paper import paper_record

PAPERS = {name: read_paper(name) for name in shipped_papers()}
MINE = """
id = "arXiv:0000.00000"
version = "v1"
title = "A paper of one's own"
authors = ["A. Author", "B. Author"]

[[statements]]
label = "Lemma 1"
claim = "lemmas.follow_norm"

[[statements]]
label = "Theorem 2"
claim = "mine.py:few"
note = "folklore"

[[statements]]
label = "Remark 3"
statement = "the limit of infinitely many tokens"
why = "no finite run settles it"
"""
CLAIM = '''
from hardmax import claim


@claim{arguments}
def few(case):
    """There is at most one leader."""
    return len(case.leaders) <= 1 or f"{{len(case.leaders)}} leaders"
'''


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([*map(str, arguments)])
        text = capsys.readouterr()
        return ended.value.code, text.out, text.err

    return call


def write_mine(tmp_path, arguments="", text=MINE):
    (tmp_path / "mine.py").write_text(CLAIM.format(arguments=arguments))
    (tmp_path / "mine.toml").write_text(text)


@pytest.mark.parametrize("name", PAPERS)
def test_a_shipped_paper_is_complete(name):
    paper = PAPERS[name]
    assert paper.id == f"arXiv:{name}"
    labels = [statement.label for statement in paper.statements]
    assert len(set(labels)) == len(labels)
    for statement in paper.statements:
        assert statement.says
        if statement.claim is None:
            assert statement.why
        else:
            assert statement.claim.example is not None
    (entry,) = (e for e in files("hardmax.verify.claims.papers").iterdir() if e.name == f"{name}.toml")
    assert read_paper(f"arXiv:{name}{paper.version.split()[0]}") == read_paper(name) == read_paper(str(entry))


def test_every_claim_about_a_paper_that_ships_stands_in_its_table():
    for claim in all_claims():
        number = claim.source.paper.removeprefix("arXiv:")
        if number in PAPERS:
            assert claim in PAPERS[number].claims, claim.id
    assert any(claim.family == "lemmas" for claim in PAPERS["2508.09628"].claims)


def test_the_lean_proof_that_came_first_is_cited():
    (printed,) = (s for s in PAPERS["2508.09628"].statements if s.claim and s.claim.id == "frank_wolfe.rate")
    assert "not_fw_cluster" in printed.note
    assert "fxeqxmulfx/transformer" in printed.note


def test_without_an_id_papers_are_listed(run):
    status, text, _ = run("paper")
    assert status == 0
    assert [line.split()[0] for line in text.splitlines() if line[0] != " "] == [paper.id for paper in PAPERS.values()]
    status, text, _ = run("paper", "--json")
    listed = [json.loads(line) for line in text.splitlines()]
    assert [one["title"] for one in listed] == [paper.title for paper in PAPERS.values()]
    assert all(one["examined"] < one["statements"] for one in listed)


def test_a_paper_of_ones_own_is_one_file(run, tmp_path):
    write_mine(tmp_path, "(expected='false_as_printed')")
    status, text, _ = run("paper", "mine.toml", "--examples", 60)
    assert status == 0
    assert re.search(r"^proved     Lemma 1   \[lemmas.follow_norm\]$", text, re.M)
    assert re.search(r"^refuted    Theorem 2   \[mine.few\]$", text, re.M)
    assert "counterexample: tokens" in text
    assert "2 leaders" in text
    assert re.search(r"^open       Remark 3$", text, re.M)
    assert "cannot be settled here: no finite run settles it" in text
    assert "\n3 statements: 1 proved, 1 refuted, 1 open\n" in text
    assert text.endswith(" configurations, 0 undecided: everything came out as expected\n")


def test_a_theorem_that_is_refuted_is_status_1_and_says_so(run, tmp_path):
    write_mine(tmp_path)
    status, text, _ = run("paper", "mine.toml", "--examples", 60)
    assert status == 1
    assert "NOT AS EXPECTED" in text
    assert text.endswith("NOT everything came out as expected\n")


def test_a_printed_statement_that_is_not_refuted_is_status_1(run, tmp_path):
    text = MINE.replace("mine.py:few", "mine.py:none")
    write_mine(tmp_path, text=text)
    empty = '@claim(expected="false_as_printed")\ndef none(case):\n    "Nothing."\n    return True\n'
    (tmp_path / "mine.py").write_text(f"from hardmax import claim\n\n\n{empty}")
    status, text, _ = run("paper", "mine.toml", "--examples", 30)
    assert status == 1
    assert "NOT AS EXPECTED" in text


def test_what_a_run_that_was_interrupted_did_not_examine_is_no_surprise():
    paper = PAPERS["2508.09628"]
    for interrupted, says in ((True, "not examined to its end, the run was interrupted"), (False, "NOT AS EXPECTED")):
        rows = paper_record(paper, Findings(paper.claims, interrupted=interrupted)).statements
        assert all((s.verdict, s.known) == ("undecided", says) for s in rows if s.claim)


def test_the_records_and_the_page_have_the_table(run, tmp_path):
    write_mine(tmp_path, "(expected='false_as_printed')")
    status, text, _ = run("paper", "mine.toml", "--examples", 60, "--out", "out", "--report")
    assert status == 0
    assert "report: out" in text
    record = read_records(tmp_path / "out").run
    assert record.command == "paper"
    assert isinstance(record.paper, PaperRecord)
    assert [s.verdict for s in record.paper.statements] == ["proved", "refuted", "open"]
    assert record.paper.statements[2].claim is None
    page = (tmp_path / "out" / "report.html").read_text()
    for text in ("A paper of one", "Theorem 2", "no finite run settles it", "folklore", 'href="#mine.few"'):
        assert text in page
    markdown = (tmp_path / "out" / "report.md").read_text()
    assert "| Remark 3 | open | the limit of infinitely many tokens |" in markdown
    assert run("replay", "out/counterexamples/mine.few")[0] == 1
    assert run("paper", "mine.toml", "--out", "out")[0] == 2  # what is there stays


def test_the_table_as_json(run, tmp_path):
    write_mine(tmp_path, "(expected='false_as_printed')")
    status, text, _ = run("paper", "mine.toml", "--examples", 60, "--json", "--out", "out")
    assert status == 0
    data = json.loads(text)
    assert (data["id"], data["exit_status"]) == ("arXiv:0000.00000", 0)
    assert [s["label"] for s in data["statements"]] == ["Lemma 1", "Theorem 2", "Remark 3"]
    assert data["statements"][0]["example"]["tokens"][0] == ["1", "1"]
    assert data["statements"][2]["example"] is None
    known = data["statements"][0]["known"]
    numbers = re.search(r"exactly on (\d+) inputs, (\d+) not trivial \((\d+) %\)", known)
    assert numbers is not None, known
    counts = read_records(tmp_path / "out").run.claims[0].counts
    told = counts.verified - counts.trivial
    assert [int(x) for x in numbers.groups()] == [counts.verified, told, 100 * told // counts.verified]
    assert 0 < told < counts.verified


def test_json_stays_json_where_something_is_refuted_that_should_not_be(run, tmp_path):
    write_mine(tmp_path)
    status, text, error = run("paper", "mine.toml", "--examples", 60, "--json")
    assert status == 1
    assert json.loads(text)["exit_status"] == 1
    assert "COUNTEREXAMPLE to mine.few" in error


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('id = "arXiv:0000.00000"', ""), "id must be a line of text"),
        (('authors = ["A. Author", "B. Author"]', 'authors = "A"'), "authors must be a list"),
        (("[[statements]]", "[[claims]]"), "unknown key 'claims'"),
        (('claim = "lemmas.follow_norm"', 'claim = "lemmas.*"'), "is 6 claims; give the id of one"),
        (('claim = "lemmas.follow_norm"', 'claim = "lemmas.none"'), "no claim matches"),
        (('claim = "lemmas.follow_norm"', 'claim = "lemmas.follow_norm"\nwhy = "no"'), "give claim or why, not both"),
        (('why = "no finite run settles it"', ""), "'Remark 3': without a claim it needs statement and why"),
        (('note = "folklore"', "note = 1"), "'Theorem 2': note must be a line of text"),
        (('note = "folklore"', 'notes = ""'), "'Theorem 2': unknown key 'notes'"),
        (("version", "version ="), "is no TOML"),
    ],
)
def test_a_file_that_is_no_paper_is_one_line_and_status_2(run, tmp_path, change, says):
    write_mine(tmp_path, text=MINE.replace(*change))
    with pytest.raises(InputError, match=re.escape(says)):
        read_paper("mine.toml")
    status, text, error = run("paper", "mine.toml", "--out", "out")
    assert (status, text) == (2, "")
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["0000.0"],
            "there is no paper '0000.0'; known are 2305.05465, 2407.01602, 2508.09628, and files of yours, *.toml",
        ),
        (["2508.09628v2"], "2508.09628v2: what is said here is said of v1; give arXiv:2508.09628 for that"),
        (["2508.09628vfoo"], "2508.09628vfoo: what is said here is said of v1"),
        (["none.toml"], "none.toml cannot be read: No such file or directory"),
        (["2508.09628", "--report"], "--report needs --out DIR"),
    ],
)
def test_bad_usage(run, arguments, says):
    status, _, error = run("paper", *arguments)
    assert status == 2
    assert says in error
    assert error.count("\n") == 1


def test_the_second_paper_with_its_false_statements(run):
    """The whole table, with a short campaign: each false statement is refuted in the run, each repair has its share."""
    status, text, _ = run("paper", "2508.09628", "--examples", 30, "--json")
    assert status == 0
    rows = {s["claim"] or s["label"]: s for s in json.loads(text)["statements"]}
    false = {name for name, s in rows.items() if s["verdict"] == "refuted"}
    named = ("hulls_preconditioned", "null_sets", "rate", "exponential", "polytope_condition")
    assert false == {f"frank_wolfe.{name}" for name in named}
    assert all(rows[name]["known"].startswith("counterexample: tokens ") for name in false)
    assert "exceeds the bound from layer" in rows["frank_wolfe.rate"]["known"]
    for name, s in rows.items():
        if name.startswith("frank_wolfe.") and name not in false:
            share = re.search(r"exactly on (\d+) inputs, (\d+) not trivial \((\d+) %\)", s["known"])
            assert share is not None, s
            assert int(share[2]) > int(share[1]) // 2
    assert sum(s["verdict"] == "open" for s in rows.values()) == 5
