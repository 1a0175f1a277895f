"""The trusted checker against the conformance set, alone, under -O, and on hostile files."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from hardmax.verify.certificates import checker

from . import suite
from .refused import EDITED, refused

SOURCE = Path(checker.__file__)
ACCEPT, REFUSE = suite.texts("accept"), suite.texts("refuse")


@pytest.mark.parametrize("name", ACCEPT)
def test_a_proof_is_accepted(name):
    assert suite.not_accepted(checker, ACCEPT[name]) is None


@pytest.mark.parametrize("name", REFUSE)
def test_what_is_no_proof_is_refused_for_its_reason(name):
    assert suite.not_refused(checker, REFUSE[name], suite.reasons()[name]) is None


def test_each_refusing_example_has_a_reason():
    assert set(suite.reasons()) == set(REFUSE)


def test_the_refusing_files_are_the_accepted_ones_with_one_change():
    made = refused({name: json.loads(text) for name, text in ACCEPT.items()})
    assert {name: text for name, (text, _) in made.items()} == REFUSE
    assert {name: reason for name, (_, reason) in made.items()} == suite.reasons()
    assert all(made[name][0] != ACCEPT[base] for name, (base, _, _) in EDITED.items())


def test_the_set_shows_every_rule_and_place_and_verdict():
    documents = [json.loads(text) for text in ACCEPT.values()]
    rules = {rule for c in documents for rule in c["proof"].get("rules", ())}
    assert rules == {"leader", "stationary", "R1", "R2", "R3"}
    places = {(entry["place"] or {"kind": None})["kind"] for c in documents for entry in c["cluster_points"]}
    assert places == {"vertex", "projection", "neither", "interior", "outside", None}
    assert {c["proof"]["kind"] for c in documents} == {"frozen", "self-similar"}
    assert {c["problem"]["step"]["rule"] for c in documents} == {"constant", "harmonic"}
    assert {c["problem"]["follow"] for c in documents} == {"largest", "smallest"}
    assert any(phase["jumps"] for c in documents for phase in c["itinerary"])
    verdicts = {item for c in documents for item in c["claims"].items()}
    ids = ["convergence", "vertices", "boundary", "cluster_points"]
    assert verdicts == {(f"clustering.{i}", v) for i in ids for v in ("verified", "refuted", None)}


def test_the_whole_suite_finds_nothing_wrong():
    assert list(suite.problems(checker, suite.costs(checker))) == []


def test_the_whole_suite_notices_a_careless_checker(monkeypatch):
    """The suite itself can fail: a checker that believes every certificate, and one that believes none."""
    costs = suite.costs(checker)
    with monkeypatch.context() as patch:
        patch.setattr(checker, "check", lambda text: json.loads(text)["claims"])
        found = list(suite.problems(checker, costs))
    assert sum(problem.startswith("refuse/") for problem in found) == len(REFUSE)
    with monkeypatch.context() as patch:
        patch.setattr(checker, "must", lambda *_: (_ for _ in ()).throw(checker.Refused("no")))
        found = list(suite.problems(checker, costs))
    assert sum(problem.startswith("accept/") for problem in found) == len(ACCEPT)


OPTIMISED = """
import importlib.util, pathlib, sys, types
if sys.flags.optimize != 1 or __debug__:
    sys.exit("not optimised")
package = types.ModuleType("certificates")
package.__path__ = [sys.argv[1]]
sys.modules["certificates"] = package
from certificates import suite
from hardmax.verify.certificates import checker
costs = suite.costs(checker)
if sys.argv[2]:
    checker.check = lambda text: {}
found = list(suite.problems(checker, costs))
print(len(found))
"""


@pytest.mark.parametrize("careless", [False, True])
def test_python_without_asserts_checks_the_same(careless, tmp_path):
    folder = str(Path(suite.__file__).parent)
    command = [sys.executable, "-O", "-c", OPTIMISED, folder, "careless" if careless else ""]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert run.returncode == 0, run.stderr
    problems = int(run.stdout)
    assert problems > 100 if careless else problems == 0, run.stdout


def test_the_checker_stands_alone(tmp_path):
    """No environment, no site-packages, another folder: only the file and the standard library."""
    copy = tmp_path / "alone.py"
    copy.write_bytes(SOURCE.read_bytes())
    command = [sys.executable, "-I", "-S", "-O", str(copy), str(suite.FOLDER / "accept")]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env={}, check=False)
    assert run.stderr == ""
    assert run.stdout.splitlines()[-1] == f"{len(ACCEPT)} accepted, 0 refused, 0 unreadable"
    assert run.returncode == 0
    run = subprocess.run([*command[:-1], str(suite.FOLDER / "refuse")], capture_output=True, text=True, check=False)
    assert run.stdout.splitlines()[-1] == f"0 accepted, {len(REFUSE)} refused, 0 unreadable"
    assert run.returncode == 1


def test_the_checker_is_small_and_imports_only_the_standard_library():
    source = SOURCE.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 400
    tree = ast.parse(source)
    imported = set()
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Assert)
        if isinstance(node, ast.Import):
            imported |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(str(node.module).split(".")[0])
    assert imported
    assert imported <= sys.stdlib_module_names
    uses = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not uses & {"eval", "exec", "compile", "__import__", "open", "float"}


def test_numbers_beyond_the_interpreters_limit_on_digits_are_read():
    """Late leaders have long coordinates; the interpreter's limit stays as it is."""
    limit = sys.get_int_max_str_digits()
    long = f"1/1{'0' * 6000}"
    text = suite.changed("leaders-and-R1", lambda c: c["problem"]["tokens"].__setitem__(2, [long]))
    assert suite.not_accepted(checker, text) is None
    assert sys.get_int_max_str_digits() == limit


def test_a_certificate_about_another_input_is_refused():
    """A proof says nothing about a neighbouring problem, not even with a new seal."""
    text = suite.changed("R2-tie", lambda c: c["problem"]["tokens"].__setitem__(4, ["1/1000000", "1/2"]))
    assert suite.not_refused(checker, text, "follow set of token 4") is None


@pytest.mark.deep
@pytest.mark.parametrize("name", suite.HOSTILE)
def test_hostile_files_end_at_the_real_limits_within_a_gigabyte(name, tmp_path):
    resource = pytest.importorskip("resource", reason="memory is limited by POSIX means")
    larger = {"huge tokens": lambda: suite.huge_tokens(80_000), "many multiplicities": lambda: suite.many_leaders(6000)}
    text = larger[name]() if name in larger else suite.HOSTILE[name][0]
    (tmp_path / "hostile.cert.json").write_text(text, encoding="utf-8")
    gigabyte = (1 << 30, 1 << 30)
    run = subprocess.run(
        [sys.executable, "-I", "-S", str(SOURCE), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, gigabyte),
    )
    assert run.returncode == 1, run
    assert run.stdout.splitlines()[-1] == "0 accepted, 1 refused, 0 unreadable"
    assert "Error" not in run.stdout
