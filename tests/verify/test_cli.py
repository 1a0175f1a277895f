"""The command line as a user meets it: output, files, exit status, and one clear line for every fault."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from hardmax.kernels.exact.configuration_file import read_configuration
from hardmax.kernels.exact.rational_text import rational_text
from hardmax.verify.certificates import self_check
from hardmax.verify.certificates.writer import seal
from hardmax.verify.claims import certified, registry
from hardmax.verify.claims.families.clustering import figures
from hardmax.verify.cli import COMMANDS
from hardmax.verify.commands import prove as prove_command
from hardmax.verify.commands import verify as verify_command

from .gallery import copy_of_a_run

SQUARE = {"tokens": [["1", "1"], ["1", "-1"], ["-1", "1"], ["-1", "-1"], ["1/2", "0"]], "alpha": "1/2"}


def environment(buffered):
    """The variables of this process, with or without Python's buffer between a program and its standard output."""
    others = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return others if buffered else {**others, "PYTHONUNBUFFERED": "1"}


def write(name, data):
    Path(name).write_text(data if isinstance(data, str) else json.dumps(data))
    return name


def test_prove_prints_the_contracted_json_in_the_order_of_the_inputs(run):
    write("square.json", SQUARE)
    write("line.json", {"tokens": [[1], [-1], [0]]})
    status, out, err = run("prove", "square.json", "line.json", "--json", "--out", "out")
    square, line = map(json.loads, out.splitlines())
    assert (status, err) == (1, "")
    assert square == {
        "input": "square.json",
        "verdict": "verified",
        "hypotheses": {"nonzero": True, "distinct": True, "spd": True},
        "freeze_layer": 0,
        "leaders": {"0": 0, "1": 0, "2": 0, "3": 0},
        "limits": [["1", "1"], ["1", "-1"], ["-1", "1"], ["-1", "-1"], ["1", "0"]],
        "cluster_points": [["-1", "-1"], ["-1", "1"], ["1", "-1"], ["1", "0"], ["1", "1"]],
        "vertices": [["-1", "-1"], ["-1", "1"], ["1", "-1"], ["1", "1"]],
        "claims": {f"clustering.{c}": "verified" for c in ("convergence", "boundary", "vertices", "cluster_points")},
        "certificate": "out/square.cert.json",
    }
    assert line["verdict"] == "refuted"
    assert line["hypotheses"] == {"nonzero": False, "distinct": True, "spd": True}
    assert line["claims"]["clustering.boundary"] == "refuted"
    assert "interior" in line["reasons"]["clustering.boundary"]
    assert run("check", "out")[:2] == (0, run("check", "out")[1])


def test_one_bad_input_loses_no_other(run):
    write("good.json", SQUARE)
    write("bad.json", {"tokens": [[1], [2, 3]]})
    status, out, err = run("prove", "bad.json", "good.json", "--json")
    bad, good = map(json.loads, out.splitlines())
    assert status == 2
    assert (bad["verdict"], bad["limits"], good["verdict"]) == ("invalid", None, "verified")
    assert err == "hardmax: error: bad.json: tokens[1] has 2 coordinates but tokens[0] has 1; all must have the same\n"
    assert sorted(os.listdir()) == ["bad.json", "good.json"], "nothing else may be written"


def test_prove_reports_what_repeats_and_what_merges(run):
    write("twice.json", {"tokens": [[1, 0], [1, 0], [0, 1]], "labels": ["good", "good", "film"]})
    status, out, _ = run("prove", "twice.json", "--json")
    data = json.loads(out)
    assert (status, data["verdict"], data["merged"]["verdict"]) == (1, "refuted", "verified")
    assert data["merged"]["multiplicities"] == [2, 1]
    assert data["merged"]["hypotheses"]["distinct"]
    assert "with equal tokens merged: verified" in run("prove", "twice.json")[1]


def test_prove_ends_undecided_with_nulls(run):
    write("late.json", {"tokens": [[2, -1], [2, 1], [1, -3], [1, 0], [-1, 2], [1, 3]], "alpha": "1/10000000"})
    status, out, _ = run("prove", "late.json", "--json", "--seconds", "0.2")
    data = json.loads(out)
    assert (status, data["verdict"]) == (3, "undecided")
    assert [data[k] for k in ("freeze_layer", "leaders", "limits", "cluster_points", "vertices", "certificate")] == [
        None
    ] * 6


@pytest.fixture
def unchecked(monkeypatch):
    """Certificates are checked in another process, and reach its limits."""
    monkeypatch.setattr(self_check, "answer_to", lambda document, seconds: ("not checked", "it takes too long"))


def test_prove_keeps_a_certificate_that_is_not_checked_and_says_so(run, unchecked):
    write("square.json", SQUARE)
    write("line.json", {"tokens": [[1], [-1], [0]]})
    status, out, _ = run("prove", "square.json", "line.json", "--out", "out")
    assert status == 1
    for name in ("square", "line"):
        assert f"  certificate: out/{name}.cert.json, not checked: it takes too long" in out.splitlines()
    assert json.loads(Path("out/counterexamples/line/record.json").read_text())["certificate"] == "proof.cert.json"
    status, out, _ = run("check", "out")
    assert (status, out.splitlines()[-1]) == (0, "3 accepted, 0 refused, 0 not checked, 0 unreadable")


def test_check_ends_in_3_where_a_limit_is_reached(run):
    write("square.json", SQUARE)
    run("prove", "square.json", "--out", "out")
    certificate = json.loads(Path("out/square.cert.json").read_text())
    certificate["itinerary"][0]["layers"] = 10**14
    certificate["seal"] = seal(certificate)
    write("slow.cert.json", certificate)
    status, out, err = run("check", "--seconds", "1", "slow.cert.json", "out")
    assert (status, err) == (3, "")
    assert out.startswith("not checked slow.cert.json: it takes longer than 1 seconds")
    assert out.splitlines()[-1] == "1 accepted, 0 refused, 1 not checked, 0 unreadable"
    assert run("check", "--seconds", "0", "out")[0] == 2


@pytest.fixture
def forged(monkeypatch):
    """The writer moves every cluster point of the certificates that it makes, and seals them."""
    true = certified.certificate

    def wrong(*arguments):
        document = true(*arguments)
        for entry in document["cluster_points"]:
            entry["point"][0] = rational_text(Fraction(entry["point"][0]) + 1)
        return {**document, "seal": seal(document)}

    monkeypatch.setattr(certified, "certificate", wrong)


@pytest.mark.parametrize(
    "command",
    [
        ["prove", "square.json"],
        ["prove", "line.json", "--json"],
        ["verify", "--claims", "clustering.*", "--examples", "20"],
        ["verify", "--claims", "necessity.distinct"],
    ],
    ids=" ".join,
)
def test_a_certificate_of_ones_own_that_is_refused_is_a_bug(run, forged, command):
    write("square.json", SQUARE)
    write("line.json", {"tokens": [[1], [-1], [0]]})
    status, _, err = run(*command, "--out", "out")
    assert status == 4
    assert err.splitlines()[-1].startswith(
        "hardmax: error: a bug of hardmax, please report it with the input: "
        "the independent checker says to a certificate of this program: refused, "
    )
    assert [path.name for path in Path("out").rglob("*") if path.is_file()] == ["journal"], "not even records"


def test_report_prints_a_summary_and_what_it_wrote(run):
    write("line.json", {"tokens": [[1], [-1], [0]]})
    run("prove", "line.json", "--out", "out")
    status, out, _ = run("report", "out")
    assert status == 0
    assert out.startswith("REFUTED")
    assert "replay: hardmax replay out/counterexamples/line" in out
    assert {"out/report.html", "out/junit.xml"} <= set(out.splitlines())


def test_prove_that_is_interrupted_keeps_the_records_of_what_it_finished(run, monkeypatch):
    write("square.json", SQUARE)
    write("line.json", {"tokens": [[1], [-1], [0]]})
    right = prove_command.prove_configuration

    def impatient(configuration, budget, also):
        if configuration.n == 3:
            raise KeyboardInterrupt
        return right(configuration, budget, also=also)

    monkeypatch.setattr(prove_command, "prove_configuration", impatient)
    status, out, err = run("prove", "square.json", "line.json", "square.json", "--json", "--out", "out", "--report")
    assert (status, len(out.splitlines())) == (3, 1)
    assert err.splitlines() == [
        "hardmax: interrupted after 1 of 3 configurations",
        "to go on: hardmax prove --resume out",
    ]
    record = json.loads(Path("out/run.json").read_text())
    assert (record["interrupted"], record["verdict"], record["results"]) == (True, "undecided", 1)
    assert record["counts"]["inputs"] == record["counts"]["verified"] == 1
    assert {"square.cert.json", "results.jsonl", "report.html"} <= set(os.listdir("out"))
    monkeypatch.setattr(prove_command, "prove_configuration", right)
    for wrong, message in (
        (("--resume", "out", "--json"), "leave --json out"),
        (("square.json", "--resume", "out"), "leave configurations out"),
        (("square.json", "--out", "out"), "holds a run that was stopped; give --resume out"),
    ):
        status, _, err = run("prove", *wrong)
        assert (status, len(err.splitlines())) == (2, 1)
        assert message in err
    assert "the folder of another command" in run("verify", "--resume", "out")[2]
    assert {"square.cert.json", "run.json", "report.html"} <= set(os.listdir("out")), "what is refused stays as it was"
    write("square.json", {**SQUARE, "alpha": "1/3"})
    status, out, err = run("prove", "--resume", "out")
    assert (status, err, [json.loads(line)["verdict"] for line in out.splitlines()]) == (
        1,
        "",
        ["verified", "refuted", "verified"],
    )
    assert json.loads(Path("out/square.cert.json").read_text())["problem"]["step"]["alpha"] == "1/3", "it has changed"
    assert not Path("out/journal").exists()
    monkeypatch.setattr(prove_command, "prove_configuration", impatient)
    status, _, _ = run("prove", "line.json", "--out", "out", "--overwrite")
    assert (status, json.loads(Path("out/run.json").read_text())["counts"]["inputs"]) == (3, 0)
    assert run("report", "out")[0] == 0, "a run that finished nothing has records too"


def test_prove_leaves_out_of_the_record_what_takes_too_long(run, monkeypatch):
    def endless(*_):
        while True:
            pass

    write("square.json", SQUARE)
    monkeypatch.setattr(prove_command, "trajectory_record", endless)
    monkeypatch.setattr(certified, "certificate_of", endless)
    status, out, err = run("prove", "square.json", "--json", "--out", "out", "--seconds", "0.5")
    assert (status, err) == (0, "")
    assert json.loads(out)["certificate"] is None
    assert "trajectory" not in json.loads(Path("out/results.jsonl").read_text())


@pytest.mark.parametrize(
    ("redirected", "status"),
    [
        ("hardmax claims >&-", 0),
        ("hardmax kernel numpy --checks ties.exact >&-", 0),
        ("hardmax verify --claims lemmas.norm_growth --examples 20 >&- 2>&-", 0),
        ("hardmax prove absent.json 2>&-", 2),
        ("set -o pipefail; hardmax claims | true", 0),
        ("set -o pipefail; hardmax claims | head -1 >/dev/null", 0),
        ("set -o pipefail; hardmax --help | true", 0),
        ("set -o pipefail; hardmax prove square.json | true", 0),
        ("set -o pipefail; hardmax prove line.json line.json --json | true", 1),
        ("set -o pipefail; hardmax check absent.json 2>/dev/null | true", 2),
        ("set -o pipefail; hardmax verify --claims necessity.distinct --out o >&- 2>&-; hardmax report o | true", 0),
    ],
)
@pytest.mark.parametrize("buffered", [True, False])
def test_streams_that_are_closed_change_no_verdict(tmp_path, redirected, status, buffered):
    (tmp_path / "square.json").write_text(json.dumps(SQUARE))
    (tmp_path / "line.json").write_text('{"tokens": [[1], [-1], [0]]}')
    command = redirected.replace("hardmax", f"{shlex.quote(sys.executable)} -m hardmax.verify.cli")
    ended = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=environment(buffered), capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (status, "")


@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize("command", [["prove", "square.json"], ["verify", "--claims", "necessity.distinct"]])
def test_who_reads_no_more_lines_does_not_end_a_run_with_records(tmp_path, command, buffered):
    (tmp_path / "square.json").write_text(json.dumps(SQUARE))
    process = subprocess.Popen(
        [sys.executable, "-m", "hardmax.verify.cli", *command, "--out", "out"],
        cwd=tmp_path,
        env=environment(buffered),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    with process.stderr as errors:
        assert (process.wait(timeout=60), errors.read()) == (0, b"")
    assert json.loads((tmp_path / "out" / "run.json").read_text())["exit_status"] == 0


def test_prove_with_records_and_report(run):
    write("square.json", SQUARE)
    status, _, err = run("prove", "square.json", "--out", "out", "--report")
    assert (status, err) == (0, "")
    assert {"run.json", "results.jsonl", "report.html", "square.cert.json"} <= set(os.listdir("out"))
    assert run("report", "out")[0] == 0
    record = json.loads(Path("out/run.json").read_text())
    assert (record["verdict"], record["counts"]["verified"], record["results"]) == ("verified", 1, 1)


def test_the_papers_configurations_are_shipped_and_verified(run):
    folder = Path(registry.__file__).parent / "figures"
    paths = {name: folder / f"{name}.json" for name, _ in figures()}
    assert list(paths) == ["figure2a_emerging_leader", "figure2b_triangle", "figure2c_square", "figure2d_lasting_ties"]
    status, out, _ = run("prove", *paths.values(), "--json")
    results = dict(zip(paths, map(json.loads, out.splitlines()), strict=True))
    assert status == 0
    assert results["figure2a_emerging_leader"]["leaders"] == {"0": 0, "1": 1, "2": 0}, "token 1 emerges at layer 1"
    assert ["1", "0"] in results["figure2d_lasting_ties"]["cluster_points"]
    assert all(read_configuration(path).alpha * 2 == 1 for path in paths.values())


def test_verify_writes_a_bundle_for_each_refutation_that_replays_and_runs_alone(run):
    status, out, _ = run("verify", "--examples", "34", "--kernels", "numpy", "--out", "out", "--report")
    assert status == 0
    assert "0 undecided: everything came out as expected" in out
    for name in os.listdir("out/counterexamples"):
        folder = Path("out/counterexamples") / name
        files = {"config.json", "record.json", "repro.py"}
        certificate = json.loads((folder / "record.json").read_text())["certificate"]
        assert files | ({certificate} - {None}) == set(os.listdir(folder))
        alone = subprocess.run([sys.executable, "-I", folder / "repro.py"], capture_output=True, text=True, check=False)
        attention = json.loads((folder / "config.json").read_text()).get("attention", "hardmax")
        if attention != "hardmax" and "softmax" in attention:  # no layers in rationals: its certificate is the proof
            assert (alone.returncode, alone.stderr) == (2, "")
            assert "`hardmax replay` on this folder" in alone.stdout
            assert run("check", folder)[0] == 0
        else:
            assert (alone.returncode, alone.stderr) == (1, "")
            assert "The claim fails on this configuration." in alone.stdout
        status, replayed, _ = run("replay", folder)
        assert (status, replayed.splitlines()[-1]) == (1, "It still fails.")
    status, checked, _ = run("check", "out")
    assert status == 0
    assert checked.splitlines()[-1].endswith("accepted, 0 refused, 0 not checked, 0 unreadable")
    run_record = json.loads(Path("out/run.json").read_text())
    assert {c["id"]: c["verdict"] for c in run_record["claims"]}["necessity.nonzero"] == "refuted"
    assert run_record["coverage"]


USER_KERNELS = """
import sys
import numpy as np
from hardmax.kernels.floats.numpy_kernel import step as right
def raises(tokens, A, alpha): raise ValueError("no way")
def stays(tokens, A, alpha): return tokens
def half(tokens, A, alpha): return right(tokens, None, alpha)
half.supports_A = False
def absent(tokens, A, alpha): return tokens
absent.missing = "kernel absent needs a device: use another machine"
"""


def test_verify_goes_on_with_a_kernel_that_raises_and_says_on_which_configurations(run):
    write("mine.py", USER_KERNELS)
    specs = "mine.py:raises,mine.py:stays,mine.py:half,mine.py:raises"
    chosen = ("--claims", "lemmas.*", "--families", "lattice", "--examples", "300", "--kernels", specs)
    status, out, err = run("verify", *chosen, "--out", "out", "--report")
    assert (status, "Traceback" in err) == (1, False)
    lines = [line.strip() for line in out.splitlines()]
    raises = next(i for i, line in enumerate(lines) if line.startswith("DISAGREES  mine.py:raises (float64): 0 agree"))
    assert lines[raises].endswith("of them calls without an answer)")
    assert lines[raises + 1] == "no answer: it raised ValueError: no way"
    stays = next(i for i, line in enumerate(lines) if line.startswith("DISAGREES  mine.py:stays"))
    assert lines[stays + 1].startswith("first: at layer 0 token ")
    for line in (lines[raises + 2], lines[stays + 2]):
        assert line.startswith("on tokens (")
        assert ", alpha = " in line
    assert any(line.startswith("mine.py:half declares supports_A = False: it is compared where A is") for line in lines)
    record = json.loads(Path("out/run.json").read_text())
    first, second, third = record["kernels"]
    assert first["first_failure"]["message"] == "it raised ValueError: no way"
    assert first["failed"] == first["disagree"] > 0
    assert (first["first_disagreement"], "first_failure" in second, third["disagree"]) == (None, False, 0)
    assert {"tokens", "A"} <= set(first["first_failure"]["configuration"])
    assert record["notes"][0].startswith("mine.py:half declares supports_A = False")
    for name in ("report.html", "junit.xml", "report.sarif"):
        assert "it raised ValueError: no way" in Path("out", name).read_text()


def test_verify_refuses_a_kernel_that_cannot_run_here_before_any_work(run):
    write("mine.py", USER_KERNELS)
    status, out, err = run("verify", "--kernels", "numpy,mine.py:absent", "--out", "out")
    assert (status, out, err) == (2, "", "hardmax: error: kernel absent needs a device: use another machine\n")
    assert not Path("out").exists()


def test_a_long_configuration_is_named_by_its_place_in_the_record(run, monkeypatch):
    write("mine.py", USER_KERNELS)
    monkeypatch.setattr("hardmax.verify.commands.parts.verify_text.LONGEST_INPUT", 10)
    arguments = (
        "verify",
        "--claims",
        "lemmas.norm_growth",
        "--examples",
        "34",
        "--kernels",
        "mine.py:raises,mine.py:stays",
    )
    _, out, _ = run(*arguments, "--out", "out")
    assert "too long to print: see out/run.json, kernels[0].first_failure.configuration" in out
    assert "too long to print: see out/run.json, kernels[1].first_disagreement.configuration" in out
    assert "too long to print: give --out DIR to have it recorded" in run(*arguments)[1]


def test_a_repro_script_sees_when_the_claim_holds(run):
    copy_of_a_run()
    script = Path("out/counterexamples/necessity.nonzero/repro.py").read_text()
    assert '"-1"' in script
    Path("held.py").write_text(script.replace('"-1"', '"3"'))
    alone = subprocess.run([sys.executable, "-I", "held.py"], capture_output=True, text=True, check=False)
    assert alone.returncode == 0, alone.stdout


def test_hypothesis_own_observability_shows_the_regimes(tmp_path):
    arguments = ["verify", "--claims", "clustering.vertices", "--examples", "17", "--families", "lattice"]
    subprocess.run(
        [sys.executable, "-c", "from hardmax.verify.cli import main; main()", *arguments],
        cwd=tmp_path,
        env={**os.environ, "HYPOTHESIS_EXPERIMENTAL_OBSERVABILITY": "1"},
        check=True,
    )
    (file,) = (tmp_path / ".hypothesis" / "observed").glob("*testcases.jsonl")
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    features = [line["features"] for line in lines if line.get("status") == "passed"]
    assert len(features) >= 17
    assert all({"family", "outcome", "leaders", "lasting ties", "freeze layer"} <= set(f) for f in features)


def test_the_same_seed_gives_the_same_records(run):
    texts = []
    for folder in ("a", "b"):
        run("verify", "--claims", "clustering.*,necessity.distinct", "--examples", "34", "--seed", "5", "--out", folder)
        texts.append(Path(folder, "run.json").read_text())
    assert texts[0] == texts[1]


def contents(folder):
    """{path: bytes} of all files below a folder."""
    return {path: path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["prove", "square.json"], "holds the results of an earlier run; give --overwrite to replace them, or another"),
        (["verify", "--claims", "lemmas.*", "--examples", "20"], "give --overwrite"),
        (["kernel", "numpy"], "give --overwrite"),
        (["prove", "absent.json"], "absent.json: cannot be read"),
        (["prove", "absent.json", "--overwrite"], "absent.json: cannot be read"),
        (["prove", "square.json", "ragged.json", "--overwrite"], "ragged.json: tokens[1] has 2 coordinates"),
        (["prove", "square.json", "absent.json", "--overwrite", "--report", "--json"], "absent.json: cannot be read"),
        (["verify", "--claims", "nothing", "--overwrite"], "no claim matches"),
        (["verify", "--families", "nothing", "--overwrite"], "no family"),
        (["verify", "--kernels", "nothing", "--overwrite"], "nothing"),
        (["kernel", "nothing", "--overwrite"], "nothing"),
        (["kernel", "numpy", "--known", "absent.txt", "--overwrite"], "absent.txt"),
    ],
)
def test_what_an_earlier_run_has_left_stays(run, arguments, message):
    write("square.json", SQUARE)
    write("ragged.json", {"tokens": [[1], [2, 3]]})
    assert run("prove", "square.json", "--out", "good", "--report")[0] == 0
    before = contents("good")
    assert len(before) > 5
    status, _, err = run(*arguments, "--out", "good")
    assert (status, err.count("\n")) == (2, 1)
    assert err.startswith("hardmax: error: ")
    assert message in err
    assert contents("good") == before


def test_bad_input_alone_makes_no_folder(run):
    assert run("prove", "absent.json", "--out", "new")[0] == 2
    assert not Path("new").exists()


def test_counterexamples_that_nobody_expected_never_replace_earlier_ones(run, monkeypatch):
    wrong = "tests claim: the norm of a token never grows"
    claim = next(c for c in registry.all_claims() if c.id == "lemmas.norm_growth")
    false = replace(claim, examine=lambda _: registry.Finding("refuted", wrong, 0, 0), proof=())
    monkeypatch.setattr(verify_command, "select_claims", lambda _: (false,))
    for _ in range(2):
        assert run("verify", "--claims", "lemmas.norm_growth", "--examples", "1", "--families", "lattice")[0] == 1
    assert sorted(os.listdir("hardmax-out/counterexamples")) == ["lemmas.norm_growth", "lemmas.norm_growth-2"]


@pytest.mark.parametrize(
    ("verdict", "status", "line"),
    [
        ("refuted", 1, "It still fails."),
        ("verified", 0, "It does not fail any more."),
        ("undecided", 3, "Whether it still fails is not known."),
        ("vacuous", 3, "Whether it still fails was not examined: the claim says nothing about this configuration."),
    ],
)
def test_replay_says_no_more_than_it_knows(run, monkeypatch, verdict, status, line):
    copy_of_a_run()
    monkeypatch.setattr("hardmax.verify.commands.replay.examine", lambda *_: registry.Finding(verdict, "so it is"))
    ended, out, _ = run("replay", "out/counterexamples/necessity.nonzero")
    assert (ended, out.splitlines()[-1]) == (status, line)


def test_a_bug_is_no_verdict_and_says_what_to_report(run, monkeypatch):
    write("square.json", SQUARE)
    monkeypatch.setattr(prove_command, "prove_configuration", lambda *_, **__: [][0])
    status, out, err = run("prove", "square.json")
    assert (status, out) == (4, "")
    assert err.startswith("Traceback ")
    assert "this is a bug of hardmax" in err.splitlines()[-1]
    assert "IndexError: list index out of range" in err.splitlines()[-1]
    assert "please report it with the lines above, the command and its input" in err.splitlines()[-1]


def test_a_verdict_outside_the_hypotheses_does_not_touch_the_theorem(run):
    write("square.json", SQUARE)
    write("line.json", {"tokens": [[1], [-1], [0]]})
    assert run("prove", "line.json")[1].startswith(
        "line.json: refuted, outside the theorem's hypotheses (a token is the origin): its conclusion fails here, so "
        "the theorem is not touched\n"
    )
    assert run("prove", "square.json")[1].startswith(
        "square.json: verified: the theorem's hypotheses hold, and so does its conclusion\n"
    )


def test_the_seconds_of_verify_are_for_the_whole_command(run, monkeypatch):
    # The clock stands still in tests: the alarm that ends the work is rung by the work itself.
    monkeypatch.setattr(
        "hardmax.verify.campaigns.sources.find_counterexample", lambda *_, **__: signal.raise_signal(signal.SIGALRM)
    )
    status, out, _ = run("verify", "--seconds", "1000", "--out", "out")
    assert status == 3
    last = r"out of time after \d+ configurations, 0 undecided: the rest was not examined"
    assert re.fullmatch(last, out.splitlines()[-3])
    record = json.loads(Path("out/run.json").read_text())
    assert (record["interrupted"], record["notes"]) == (False, ["The time was up before all was done."])
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_what_went_into_loading_is_taken_off_the_seconds(run, monkeypatch):
    left = []

    class Recorded(verify_command.Interruption):
        def __init__(self, seconds):
            left.append(seconds)
            super().__init__(seconds)

    monkeypatch.setattr(verify_command, "Interruption", Recorded)
    monkeypatch.setattr(verify_command, "monotonic", lambda: time.monotonic() + 900)
    assert run("verify", "--claims", "lemmas.norm_growth", "--examples", "20", "--seconds", "1000")[0] == 0
    assert 0 < left[0] <= 100


def test_a_second_run_replaces_the_first_if_told_so_but_spares_what_is_not_its_own(run):
    write("square.json", SQUARE)
    write("line.json", {"tokens": [[1], [-1], [0]]})
    assert run("prove", "line.json", "--out", "out", "--report")[0] == 1
    assert run("prove", "square.json", "--out", "out", "--overwrite")[0] == 0
    assert "counterexamples" not in os.listdir("out")
    assert "report.html" not in os.listdir("out")
    write("out/notes.txt", "precious")
    status, _, err = run("prove", "square.json", "--out", "out", "--overwrite")
    assert (status, "'notes.txt'" in err) == (2, True)
    assert {"run.json", "square.cert.json", "notes.txt"} <= set(os.listdir("out"))


def test_a_killed_run_leaves_nothing_that_stops_the_next(run):
    write("square.json", SQUARE)
    assert run("prove", "square.json", "--out", "out")[0] == 0
    os.remove("out/run.json")
    assert run("prove", "square.json", "--out", "out")[0] == 2, "nothing says that this is ours"
    write("out/journal", "")
    assert run("prove", "square.json", "--out", "out")[0] == 2, "its certificates may be worth something"
    assert run("prove", "square.json", "--out", "out", "--overwrite")[0] == 0
    assert run("prove", "square.json", "--out", "begun")[0] == 0
    for path in Path("begun").iterdir():
        path.unlink()
    write("begun/journal", "")
    assert run("prove", "square.json", "--out", "begun")[0] == 0, "a run that left nothing but its mark"
    assert "journal" not in os.listdir("out")


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX file locks")
def test_a_folder_that_another_run_is_writing_to_is_refused_and_left_as_it_is(run):
    write("square.json", SQUARE)
    lines = ["import sys", "from pathlib import Path", "from hardmax.verify.commands.parts.output import prepare"]
    code = "\n".join([*lines, "prepare(Path('out'))", "print('begun', flush=True)", "sys.stdin.read()"])
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "begun\n"
        write("out/mine.cert.json", "theirs")
        refused = run("prove", "square.json", "--out", "out")
        left = sorted(os.listdir("out"))
        other.kill()
    assert refused == (
        2,
        "",
        "hardmax: error: another run is writing to out; wait for its end, or give --out another folder\n",
    )
    assert left == ["journal", "mine.cert.json"]
    assert run("prove", "square.json", "--out", "out", "--overwrite")[0] == 0, "a killed run holds nothing"
    assert "journal" not in os.listdir("out")


def test_claims_lists_the_registry(run):
    status, out, _ = run("claims", "--json")
    assert status == 0
    claims = [json.loads(line) for line in out.splitlines()]
    assert {"id", "statement", "hypotheses", "source", "expected"} <= set(claims[0])
    assert [c["id"] for c in claims if c["expected"] == "needs_hypothesis"]
    text = run("claims")[1]
    assert all(c["id"] in text for c in claims)
    standing = {c["id"]: c["standing"] for c in claims}
    assert standing["lemmas.injective"] == "proved"
    assert standing["lemmas.hull_nested"] == standing["lemmas.equilibrium"] == "rests on"
    assert standing["metamorphic.permutation"] is None
    assert "lemmas.injective  [theorem, proved for all inputs]" in text
    assert "lemmas.hull_nested  [theorem, rests on identities that are shown]" in text
    assert "assumes spd, rate_below_one; " in text


def test_claims_prints_the_proof_of_one(run):
    status, out, _ = run("claims", "lemmas.injective")
    assert status == 0
    assert out.splitlines()[:2] == [
        "lemmas.injective  [theorem, proved for all inputs]",
        "    tokens that are distinct at one layer are distinct at the next",
    ]
    assert "a ∈ C(x): ⟨x, a⟩ ≥ ⟨x, t⟩ for every token t" in out
    assert "+ (1 − λ) ‖x − y‖²   > 0: λ < 1, x ≠ y" in out
    (fields,) = map(json.loads, run("claims", "lemmas.injective", "--json")[1].splitlines())
    assert fields["standing"] == "proved"
    assert all(line in out for line in fields["derivation"])
    assert run("claims", "lemma.*")[0] == 2


USAGE = {
    "no input": (["prove"], "CONFIG"),
    "missing file": (["prove", "nowhere.json"], "nowhere.json: cannot be read"),
    "a directory": (["prove", "."], "is a directory"),
    "unknown command": (["proof"], "No such command 'proof'; did you mean `hardmax prove`?"),
    "nothing like a command": (["xyzzy"], "No such command 'xyzzy'; `hardmax --help` lists them"),
    "a file in place of a command": (["square.json"], "did you mean `hardmax prove square.json`?"),
    "unknown option": (["verify", "--exampels", "3"], "--exampels"),
    "no such claim": (["verify", "--claims", "clustering.*,lemma.*"], "no claim matches 'lemma.*'"),
    "no such kernel": (["verify", "--kernels", "nump"], "nump"),
    "no such family": (["verify", "--families", "latice"], "no family matches 'latice'"),
    "negative": (["verify", "--examples", "-3"], "-3"),
    "no jobs": (["verify", "--jobs", "0"], "--jobs"),
    "report without out": (["verify", "--report"], "--out DIR"),
    "certificates without out": (["verify", "--all-certificates"], "--out DIR"),
    "report of nothing": (["report", "nowhere"], "nowhere"),
    "replay of nothing": (["replay", "nowhere"], "nowhere"),
    "out is a file": (["verify", "--out", "file"], "is a file"),
    "out holds other things": (["prove", "square.json", "--out", "other"], "no run.json of an earlier run"),
    "out holds a folder of ours by name alone": (["prove", "square.json", "--out", "figures"], "no run.json"),
    **{
        f"{command} for {seconds} seconds": (
            [command, *files, f"--seconds={seconds}", "--out", "new"],
            f"'{seconds}' is no time limit; give a finite number of seconds above 0",
        )
        for command, files in (("prove", ["square.json"]), ("verify", []))
        for seconds in ("0", "-1", "nan", "inf", "-inf", "1e999", "soon")
    },
}


@pytest.mark.parametrize("name", USAGE)
def test_a_fault_is_one_line_and_status_2(run, name):
    write("square.json", SQUARE)
    write("file", "precious")
    Path("other").mkdir()
    write("other/thesis.tex", "precious")
    Path("figures").mkdir()
    Path("figures/figures").mkdir()
    before = sorted(map(str, Path().rglob("*")))
    arguments, wanted = USAGE[name]
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("hardmax: error: ")
    assert err.count("\n") == 1
    assert wanted in err
    assert sorted(map(str, Path().rglob("*"))) == before
    assert Path("file").read_text() == Path("other/thesis.tex").read_text() == "precious"


def test_help_names_every_command_and_loads_nothing_heavy():
    lines = ["import sys", "from hardmax.verify.cli import main"]
    code = "\n".join([*lines, "try:", "    main(['--help'])", "finally:", "    print('sympy' in sys.modules)"])
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert shown.returncode == 0
    assert all(f"  {name}" in shown.stdout for name in COMMANDS)
    assert shown.stdout.splitlines()[-1] == "False"


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.parametrize(("jobs", "number"), [("1", signal.SIGINT), ("2", signal.SIGINT), ("2", signal.SIGTERM)])
def test_ctrl_c_ends_cleanly_with_what_was_found(tmp_path, jobs, number):
    command = [sys.executable, "-m", "hardmax.verify.cli", "verify", "--claims", "clustering.*"]
    process = subprocess.Popen(
        [*command, "--examples", "60000", "--jobs", jobs, "--out", "out"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        start_new_session=True,
    )
    for _ in range(1200):
        if list((tmp_path / "out" / "certificates").glob("0000[3-9]*")) or process.poll() is not None:
            break
        time.sleep(0.05)
    for _ in range(3):  # as a terminal does: to every process of the group
        os.killpg(process.pid, number)
        time.sleep(0.05)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 3, err
    assert "Traceback" not in err
    last, *_, how = out.splitlines()[-3:]
    assert last.startswith("interrupted after ")
    assert last.endswith(": the rest was not examined")
    assert how == "to go on: hardmax verify --resume out"
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["interrupted"]
    assert record["counts"]["inputs"] > 4
