"""Bundles that a stranger can run: numbers of any size, any folder, and never a crash that reads as a proof."""

import inspect
import json
import os
import subprocess
import sys
from fractions import Fraction
from importlib import import_module
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import example

from hardmax.kernels import Configuration, HarmonicStep
from hardmax.kernels.exact.dynamics import Dynamics
from hardmax.kernels.exact.rational_text import integer_text
from hardmax.verify.claims.case import Case
from hardmax.verify.claims.registry import MOST_LAYERS, Claim, Finding, Source, all_claims
from hardmax.verify.cli import main
from hardmax.verify.commands.parts.output import write_counterexample
from hardmax.verify.records.bundle import python_configuration
from hardmax.verify.records.repro_script import SHOWN_BY

from ...examples import late_leader
from ..gallery import copy_of_a_run

GIANT = 10**4_800 + 1
"""More digits than Python converts at once, and than it reads in one literal."""


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs the command line in a folder of its own: status, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return call


@pytest.fixture
def out(run):
    """A run that found counterexamples, in `out` of that folder."""
    copy_of_a_run()


def alone(script, *options):
    """The script by itself, outside the package."""
    return subprocess.run([sys.executable, "-I", *options, script], capture_output=True, text=True, check=False)


def giant_bundle(run):
    """The origin between two tokens that are far away, refuted: the folder of its bundle."""
    far = integer_text(GIANT)
    Path("giant.json").write_text(json.dumps({"tokens": [["0"], [far], ["-" + far]], "alpha": f"1/{far}"}))
    assert run("prove", "giant.json", "--out", "out", "--report")[0] == 1
    return Path("out/counterexamples/giant")


def test_numbers_of_any_size_are_shown_by_the_script_the_snippet_and_the_example(run, capsys):
    folder = giant_bundle(run)
    script = alone(folder / "repro.py")
    assert (script.returncode, script.stderr) == (1, "")
    assert "The claim fails on this configuration." in script.stdout
    assert max(map(len, script.stdout.splitlines())) < 500
    record = json.loads((folder / "record.json").read_text())
    scope = {}
    exec(record["snippet"], scope)
    assert "refuted" in capsys.readouterr().out
    assert scope["configuration"].tokens[1] == (GIANT,)
    assert callable(eval(record["example"][1:], {**scope, "example": example}))
    assert run("replay", str(folder))[0] == 1


@pytest.mark.parametrize("limit", [640, 4300])
def test_python_text_is_the_configuration_whatever_limit_python_has(limit):
    before = sys.get_int_max_str_digits()
    try:
        sys.set_int_max_str_digits(limit)
        for c in (
            Configuration([[GIANT, -GIANT], [0, 1]], alpha=Fraction(1, GIANT), labels=["a'\n\x1b", "\u202e"]),
            Configuration([[1], [2]], step=HarmonicStep(3, GIANT), follow="smallest", multiplicities=[GIANT, 1]),
        ):
            text = python_configuration(c)
            assert text.isprintable()
            scope = {"Configuration": Configuration, "Fraction": Fraction, "HarmonicStep": HarmonicStep}
            assert eval(text, scope) == c
    finally:
        sys.set_int_max_str_digits(before)


@pytest.mark.usefixtures("out")
@pytest.mark.parametrize("damage", ["no number", "no key", "cut off", "another lemma"])
def test_a_script_that_cannot_find_out_does_not_end_like_one_that_shows_a_failure(damage):
    script = Path("out/counterexamples/necessity.nonzero/repro.py").read_text()
    damaged = {
        "no number": script.replace('"-1"', '"one"'),
        "no key": script.replace('"configuration": {', '"other": {'),
        "cut off": script.replace("'\n\nif __name__", "[[['\n\nif __name__"),
        "another lemma": script.replace('"shown_by": "place"', '"shown_by": "lemma"'),
    }[damage]
    assert damaged != script
    Path("damaged.py").write_text(damaged)
    done = alone("damaged.py")
    assert done.returncode == 2
    assert done.stderr.startswith("This script could not find out whether the claim fails: ")
    assert (
        "Exit status 1: the claim fails here, as reported. 0: it does not. 2: this script could not find out" in script
    )


@pytest.mark.usefixtures("out")
def test_a_script_runs_where_the_terminal_knows_ascii_only():
    script = Path("out/counterexamples/necessity.symmetric/repro.py")
    text = script.read_text().replace('"statement": "', '"statement": "\\\\u27e8x, y\\\\u27e9 ')
    Path("letters.py").write_text(text)
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "letters.py"], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert r"\u27e8x, y\u27e9" in done.stdout


def test_names_that_are_not_utf_8_lose_nothing(run, tmp_path):
    name, out = os.fsdecode(b"caf\xe9\x1b.json"), os.fsdecode(b"o\xe9't")
    Path(name).write_text('{"tokens": [[0], [1], [-1]], "labels": ["a\\u001b[2J", "b", "c"]}')
    command = [sys.executable, "-m", "hardmax.verify.cli"]
    done = subprocess.run([*command, "prove", name, "--out", out, "--report"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith(
        "caf\\udce9\\u001b.json: refuted, outside the theorem's hypotheses (a token is the origin): its"
    )
    assert "\x1b" not in done.stdout
    (result,) = map(json.loads, Path(out, "results.jsonl").read_text().splitlines())
    assert result["input"] == "caf\\udce9\x1b.json"
    (bundle,) = Path(out, "counterexamples").iterdir()
    replay = json.loads((bundle / "record.json").read_text())["replay"]
    assert replay == r"hardmax replay $'o\xe9\x27t/counterexamples/caf__'"
    shell = ["bash", "-c", replay.replace("hardmax", " ".join(command), 1)]
    again = subprocess.run(shell, capture_output=True, text=True)
    assert (again.returncode, again.stderr) == (1, "")
    assert subprocess.run([*command, "prove", name, "--json"], capture_output=True, text=True).returncode == 1


@pytest.mark.usefixtures("out")
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "record.json: is missing; give the folder of a counterexample"),
        ("out", "out: holds counterexamples; give out/counterexamples/necessity.definite, one of 6"),
        ("out/run.json", "out/run.json: is a file; give the folder of a counterexample"),
        ("nowhere", "nowhere: does not exist; give the folder of a counterexample"),
    ],
)
def test_replay_says_what_to_give(run, given, message):
    assert run("replay", given) == (2, "", f"hardmax: error: {message}\n")


@pytest.mark.usefixtures("out")
def test_replay_works_in_the_folder_itself(run, monkeypatch):
    monkeypatch.chdir("out/counterexamples/necessity.nonzero")
    assert run("replay", ".")[0] == 1


def bundle_of(claim, configuration, folder):
    """The folder of a refutation by a claim that refutes everything it is asked about."""
    case = Case(configuration)
    finding = case.finding(claim)
    assert finding.verdict == "refuted"
    return write_counterexample(folder, "it", claim, case, finding)


def test_a_claim_that_does_not_say_how_it_is_refuted_gets_the_exact_layers_and_no_verdict(tmp_path):
    third = Fraction(1, 3)
    claim = Claim(
        "mine.stays",
        "no token ever moves",
        (),
        Source("nowhere", "0", "x"),
        "open",
        lambda _: Finding("refuted", "token 1 moves", 2, 1),
    )
    folder = bundle_of(claim, Configuration([[third], [1], [-1]], alpha=third), tmp_path)
    done = alone(folder / "repro.py")
    assert done.returncode == 2
    assert f"hardmax replay {folder}" in done.stderr
    assert "reported: token 1 moves" in done.stdout
    assert "does not fail" not in done.stdout
    dynamics = Dynamics(Configuration([[third], [1], [-1]], alpha=third))
    for layer, sets in islice(dynamics.layers(), 4):
        assert f"layer {layer.index}\n" in done.stdout
        for i, (row, C) in enumerate(zip(layer.tokens(), sets, strict=True)):
            assert f"  token {i} at ({row[0]}) follows {list(C)}\n" in done.stdout
    record = json.loads((folder / "record.json").read_text())
    assert (record["certificate"], record["tokens"], record["layer"]) == (None, [1], 2)


def test_a_script_whose_test_would_not_come_as_far_ends_without_a_verdict(tmp_path):
    # The late leader twice: no strict leader there, so its limit lies outside of K; known from layer 101 on.
    twice = Configuration([*late_leader(100).tokens, (1, 0)], alpha=Fraction(1, 100))
    claim = next(c for c in all_claims() if c.id == "clustering.boundary")
    folder = bundle_of(claim, twice, tmp_path)
    done = alone(folder / "repro.py")
    assert done.returncode == 2
    assert "hardmax replay" in done.stderr
    record = json.loads((folder / "record.json").read_text())
    assert (record["certificate"], record["dropped"], record["tokens"]) == ("proof.cert.json", ["distinct"], [3])


@pytest.mark.parametrize("claim", [c for c in all_claims() if c.shown], ids=lambda c: c.id)
def test_what_a_claim_says_of_its_script_is_in_the_script(claim):
    other = claim.example is not None and claim.example.model.kind != "hardmax"
    case = Case(claim.example if other else Configuration([[1], [-1], [0]]))
    shown = claim.shown(case, case.finding(claim))
    assert shown is None or shown.by is None or shown.by in SHOWN_BY
    assert shown is None or shown.layers <= MOST_LAYERS


def test_no_script_is_chosen_by_the_name_of_a_family():
    for module in ("records.bundle", "commands.parts.output"):
        assert ".family" not in inspect.getsource(import_module(f"hardmax.verify.{module}"))
