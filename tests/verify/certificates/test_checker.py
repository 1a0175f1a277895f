"""The trusted checker against the conformance set, alone, under -O, and on hostile files, which it does not check."""

import ast
import json
import re
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardmax.kernels.exact.configuration import Configuration
from hardmax.verify.certificates import checker
from hardmax.verify.certificates.checker import command
from hardmax.verify.certificates.checker.reading import whole
from hardmax.verify.certificates.no_a import no_a_certificate
from hardmax.verify.certificates.writer import to_text

from . import suite
from .edits import put
from .refused import EDITED, refused

FOLDER = Path(checker.__file__).parent
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
    documents = [c for text in ACCEPT.values() if (c := json.loads(text))["format"] == "hardmax certificate"]
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


def test_the_set_shows_every_rule_without_coordinates():
    documents = [c for text in ACCEPT.values() if (c := json.loads(text))["format"] == "hardmax Gram"]
    assert {rule for c in documents for rule in c["proof"]["rules"]} == {"leader", "stationary", "R1", "R2", "R3"}
    assert {c["problem"]["step"]["rule"] for c in documents} == {"constant", "harmonic"}
    verdicts = {item for c in documents for item in c["claims"].items()}
    assert {("clustering.vertices", v) for v in ("verified", "refuted")} <= verdicts
    assert {("clustering.boundary", v) for v in ("verified", "refuted", None)} <= verdicts


def test_the_set_shows_every_question_about_no_a():
    documents = [c for text in ACCEPT.values() if "question" in (c := json.loads(text))]
    assert {c["question"] for c in documents} == {"lead", "alone", "exactly"}
    verdicts = {item for c in documents for item in c["claims"].items()}
    assert verdicts == {(f"control.{name}", v) for name in ("layer_0", "for_ever") for v in ("refuted", None)}
    assert any(len(c["configurations"]) > 1 for c in documents)
    exclusions = [c["excluded"] for c in documents]
    assert any(len(several) > 1 for several in exclusions)
    assert {(bool(e["follows"]), "whomever" in e) for several in exclusions for e in several} == {
        (follows, whomever) for follows in (True, False) for whomever in (True, False)
    }


def test_the_set_shows_every_rule_and_kind_of_end_for_all_steps():
    documents = [c for text in ACCEPT.values() if "pieces" in (c := json.loads(text))]
    pieces = [piece for c in documents for piece in c["pieces"]]
    proofs = [piece["proof"] for piece in pieces if piece["proof"]]
    assert {rule for proof in proofs for rule in proof["rules"]} == {"leader", "stationary", "R1", "R2", "R3", "open"}
    assert {proof["kind"] for proof in proofs} == {"frozen", "small steps"}
    points = [piece["from"] for piece in pieces if piece["from"] == piece["to"]]
    assert {end["between"][0] == end["between"][1] for end in points} == {True, False}
    assert len(proofs) < len(pieces)
    assert {c["claims"]["steps.all"] for c in documents} == {"verified", None}


def test_the_rules_answer_everything_rightly():
    assert list(suite.problems(checker)) == []


def test_the_command_answers_everything_rightly():
    assert list(suite.command_problems(FOLDER)) == []


def test_the_suite_notices_a_careless_checker(monkeypatch):
    """The suite itself can fail: a checker that believes every certificate, and one that believes none."""
    with monkeypatch.context() as patch:
        patch.setattr(checker, "check", lambda text: json.loads(text)["claims"])
        found = list(suite.problems(checker))
    assert sum(problem.startswith("refuse/") for problem in found) == len(REFUSE)

    def refuse(text):
        raise checker.Refused("no")

    with monkeypatch.context() as patch:
        patch.setattr(checker, "check", refuse)
        found = list(suite.problems(checker))
    assert sum(problem.startswith("accept/") for problem in found) == len(ACCEPT)


OPTIMISED = """
import importlib.util, pathlib, sys, types
if sys.flags.optimize != 1 or __debug__:
    sys.exit("not optimised")
package = types.ModuleType("certificates")
package.__path__ = [sys.argv[1]]
sys.modules["certificates"] = package
from certificates import suite
from hardmax.kernels.exact.configuration import Configuration
from hardmax.verify.certificates import checker
print(len(list(suite.problems(checker))))
checker.check = lambda text: {}
print(len(list(suite.problems(checker))))
"""


def test_python_without_asserts_checks_the_same(tmp_path):
    folder = str(Path(suite.__file__).parent)
    command = [sys.executable, "-O", "-c", OPTIMISED, folder]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert run.returncode == 0, run.stderr
    problems, of_a_careless_checker = map(int, run.stdout.split())
    assert problems == 0
    assert of_a_careless_checker > 100


def test_the_checker_stands_alone(tmp_path):
    """No environment, no site-packages, another folder: only its files and the standard library.

    Nothing that lies beside its files is taken for a module of the library.
    """
    copy = shutil.copytree(FOLDER, tmp_path / "alone")
    (copy / "json.py").write_text("raise SystemExit('not the library')\n")
    command = [sys.executable, "-I", "-S", "-O", str(copy), str(suite.FOLDER / "accept")]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env={}, check=False)
    assert run.stderr == ""
    assert run.stdout.splitlines()[-1] == f"{len(ACCEPT)} accepted, 0 refused, 0 not checked, 0 unreadable"
    assert run.returncode == 0
    run = subprocess.run([*command[:-1], str(suite.FOLDER / "refuse")], capture_output=True, text=True, check=False)
    assert run.stdout.splitlines()[-1] == f"0 accepted, {len(REFUSE)} refused, 0 not checked, 0 unreadable"
    assert run.returncode == 1


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_a_file_of_the_checker_is_small_and_imports_only_the_standard_library(path):
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 300
    tree = ast.parse(source)
    imported = {"checker"}  # by `__main__`, itself
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Assert)
        if isinstance(node, ast.Import):
            imported |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            imported.add(str(node.module).split(".")[0])
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 1
    assert imported - {"checker"} <= sys.stdlib_module_names
    assert path.stem not in sys.stdlib_module_names - {"__main__"}
    uses = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not uses & {"eval", "exec", "compile", "__import__", "open", "float"}


def test_numbers_beyond_the_interpreters_limit_on_digits_are_read():
    """Late leaders have long coordinates; the interpreter's limit stays as it is."""
    limit = sys.get_int_max_str_digits()
    long = f"1/1{'0' * 300_000}"
    text = suite.changed("leaders-and-R1", lambda c: c["problem"]["tokens"].__setitem__(2, [long]))
    assert suite.not_accepted(checker, text) is None
    assert sys.get_int_max_str_digits() == limit


LONG = "9" * 5_000


@pytest.mark.parametrize(
    ("name", "edit", "why"),
    [
        ("softmax-mean", put(LONG, "consensus", "radius"), None),
        ("softmax-mean", put(LONG, "consensus", "limit", 0), "consensus, radius: .*thousands of digits"),
        ("softmax-metastable", put(LONG, "metastable", "layers"), "metastable, layers: .*thousands of digits"),
        ("softmax-growing", put(f"1/{LONG}", "problem", "growth"), "growing: "),
        ("steps-rational-end", put([LONG, LONG], "pieces", 0, "to", "between"), "piece 0: .*thousands of digits"),
        ("matrices-two", put([LONG], "nodes", 0, "cut"), "node 0: .*thousands of digits"),
    ],
)
def test_messages_bear_numbers_of_any_length(name, edit, why):
    text = suite.changed(name, edit)
    said = suite.not_accepted(checker, text) if why is None else suite.not_refused(checker, text, why)
    assert said is None


@given(st.integers(0, 5_000), st.randoms(use_true_random=False))
def test_long_texts_of_digits_are_read_as_they_stand(length, random):
    digits = "".join(random.choices("0123456789", k=length)) + "7"
    value = 0
    for digit in digits:
        value = 10 * value + int(digit)
    assert whole(digits) == value


def test_a_certificate_about_another_input_is_refused():
    """A proof says nothing about a neighbouring problem, not even with a new seal."""
    text = suite.changed("R2-tie", lambda c: c["problem"]["tokens"].__setitem__(4, ["1/1000000", "1/2"]))
    assert suite.not_refused(checker, text, "follow set of token 4") is None


def test_the_certificate_that_the_specification_reads_is_accepted():
    page = (FOLDER.parent / "CERTIFICATE.md").read_text(encoding="utf-8")
    (text,) = re.findall("```json\n(.*?)```", page, flags=re.DOTALL)
    assert set(checker.check(text).values()) == {"verified"}


def test_a_fault_of_the_checker_accepts_nothing(tmp_path, monkeypatch):
    path = tmp_path / "square.cert.json"
    path.write_text(ACCEPT["R2-tie"], encoding="utf-8")

    def fail(text):
        return {}["not there"]

    monkeypatch.setattr(command, "check", fail)
    assert command.answer_for(str(path)) == ("refused", "KeyError('not there')")


def test_a_worker_that_is_killed_has_checked_nothing(tmp_path, monkeypatch):
    """Nor do the files after it suffer."""
    paths = [tmp_path / name for name in ("a.cert.json", "b.cert.json")]
    for path in paths:
        path.write_text(ACCEPT["R2-tie"], encoding="utf-8")
    start, started = command.start, []

    def killed(*limits):
        worker = start(*limits)
        if not started:
            worker.kill()
        started.append(worker)
        return worker

    monkeypatch.setattr(command, "start", killed)
    (first, why), (second, _) = command.answers(paths)
    assert (first, second, len(started)) == ("not checked", "accepted", 2)
    assert re.fullmatch("the process that checked it ended with status -?[0-9]+, perhaps for want of memory; .*", why)
    assert all(worker.poll() is not None for worker in started)


@pytest.mark.deep
@pytest.mark.parametrize("name", suite.HOSTILE)
def test_hostile_files_are_not_checked_under_small_limits(name, tmp_path):
    pytest.importorskip("resource", reason="limits are set by POSIX means")
    (tmp_path / "hostile.cert.json").write_text(suite.HOSTILE[name](), encoding="utf-8")
    command = [sys.executable, "-I", "-S", str(FOLDER), "--seconds", "2", "--memory", "500", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (3, "")
    assert run.stdout.splitlines()[-1] == "0 accepted, 0 refused, 1 not checked, 0 unreadable"


def test_multipliers_of_many_digits_and_maps_of_many_tokens_are_checked():
    layer_0 = {"control.layer_0": True, "control.for_ever": False}
    line = Configuration([[k] for k in range(1, 1201)])
    everywhere = {(0, i): 0 for i in range(1, line.n)}
    for question, follows, y in (("lead", {}, 10**5000), ("exactly", everywhere, 1)):
        document = no_a_certificate(question, [line], [[0]], [(follows, [((0, 0, 1), Fraction(y))], [])], layer_0)
        assert checker.check(to_text(document)) == {"control.layer_0": "refuted"}
