"""Hunts: batches of screened inputs are counted, shared out, kept in a journal, and what refutes is kept."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from hardmax.kernels import Configuration
from hardmax.verify.campaigns.hunt import run_hunt
from hardmax.verify.campaigns.journal import Journal
from hardmax.verify.claims.inputs import Batch, Screened
from hardmax.verify.claims.registry import Finding, all_claims
from hardmax.verify.provers.freeze.budget import Budget

(CLAIM,) = (claim for claim in all_claims() if claim.id == "freezing.every_itinerary")


def draw(seed, number):
    """Ten that are decided, and one that is left."""
    return Batch("tens", 10, (Configuration([[1, seed], [number + 1, 1]]),), latest=number)


SOURCE = Screened("Tens", draw, 11, lambda case: [("tokens", case.configuration.n)])
OWN = replace(CLAIM, inputs=(SOURCE,), examine=lambda case: Finding("verified", "so it is"))


def hunt(claim=OWN, **how):
    return list(run_hunt(claim, claim.inputs[0], seed=3, budget=Budget(), **how))


def test_decided_and_examined_configurations_are_counted():
    tallies = hunt(examples=30)
    assert [tally.configurations for tally in tallies] == [11, 11, 11]
    assert tallies[0].claims == {CLAIM.id: {"verified": 11}}
    assert tallies[0].coverage == {
        f"{CLAIM.id}: tens": {"screened": 10, "examined": 1},
        f"{CLAIM.id}: latest freeze of a batch": {0: 1},
        f"{CLAIM.id}: tokens": {2: 1},
    }


def test_what_refutes_is_kept_with_its_configuration():
    claim = replace(OWN, examine=lambda case: Finding("refuted", "no"))
    (tally,) = hunt(claim, examples=5)
    assert tally.claims[CLAIM.id] == {"verified": 10, "refuted": 1}
    assert [r.configuration.tokens for r in tally.refutations] == [((1, 3), (1, 1))]


def test_a_hunt_goes_on_from_its_journal(tmp_path):
    first = hunt(examples=30, journal=Journal(tmp_path / "journal"))
    stopped = replace(SOURCE, draw=lambda *_: pytest.fail("done already"))
    again = replace(OWN, inputs=(stopped,))
    assert hunt(again, examples=30, journal=Journal(tmp_path / "journal")) == first


def test_the_command_hunts_for_a_time_and_for_a_number(tmp_path):
    pytest.importorskip("numba", reason="numba is not installed: pip install 'hardmax[compiled]'")
    command = [sys.executable, "-m", "hardmax.verify.cli", "verify", "--claims", CLAIM.id, "--out", "out"]
    counted = subprocess.run([*command, "--examples", "9"], cwd=tmp_path, capture_output=True, text=True)
    assert counted.returncode == 0, counted.stderr
    assert counted.stdout.startswith("Integer configurations with mirrors: does every itinerary freeze?\n  ")
    run = json.loads((tmp_path / "out" / "run.json").read_text())
    names = {histogram["name"] for histogram in run["coverage"]}
    assert {"freezing.every_itinerary: mirror", "freezing.every_itinerary: rule"} <= names
    timed = subprocess.run([*command, "--overwrite", "--seconds", "5"], cwd=tmp_path, capture_output=True, text=True)
    assert timed.returncode in (0, 3), timed.stderr
    assert timed.stdout.splitlines()[-1] == "to go on: hardmax verify --resume out"


def test_without_its_package_a_hunt_is_skipped_in_one_line(monkeypatch, tmp_path, capsys):
    from hardmax.verify.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hardmax.verify.commands.verify.find_spec", lambda name: None)
    with pytest.raises(SystemExit) as ended:
        main(["verify", "--claims", f"{CLAIM.id},necessity.distinct"])
    assert ended.value.code == 3
    assert "freeze?: skipped, it needs numba; pip install 'hardmax[compiled]'" in capsys.readouterr().out
