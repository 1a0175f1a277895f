"""A claim in a user's own file, through every door, from outside the package: three claims, true, false and vacuous."""

import hashlib
import importlib
import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

import hardmax
from hardmax.kernels import Configuration, InputError, loading
from hardmax.strategies import configurations
from hardmax.verify.certificates import checker
from hardmax.verify.claims.own.claim import ClaimFailed, ClaimRefuted, own_claims
from hardmax.verify.claims.registry import Finding, Source, all_claims, select_claims
from hardmax.verify.cli import main

from ....examples import SQUARE

MINE = '''
from hardmax import claim

@claim
def inside(case):
    """Every limit has as many coordinates as the tokens."""
    return all(len(s) == case.d for s in case.limits)

@claim
def few_leaders(case):
    """There are at most d + 1 leaders."""
    return len(case.leaders) <= case.d + 1 or f"{len(case.leaders)} leaders in dimension {case.d}"

def crowded(configuration):
    return configuration.n > 100

@claim(given=[crowded, "spd"], source="folklore")
def crowds(case):
    """In a crowd token 0 leads."""
    return 0 in case.leaders
'''
FALSE = '''
from hardmax import claim

@claim(given=["nonzero", "spd"], expected="false_as_printed")
def fast(case):
    """Every itinerary is frozen at once."""
    return case.freeze_layer == 0

@claim(expected="false_as_printed")
def true(case):
    """There are as many limits as tokens."""
    return len(case.limits) == case.n
'''
CORNERS = Configuration(SQUARE)


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """mine.py in an empty working folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return path


@pytest.fixture
def run(capsys):
    """Run `hardmax …`: (status, standard output, standard error)."""

    def call(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([*map(str, arguments)])
        return ended.value.code, *capsys.readouterr()

    return call


def write(path, *bodies):
    """A file of claims with the given bodies."""
    path.write_text("import numpy as np\nfrom hardmax import claim\n" + "\n".join(bodies))
    return path


def of(body, **arguments):
    """A claim with this check."""

    def made(case):
        """It holds."""
        return body(case)

    return hardmax.claim(**arguments)(made)


# -- what a claim is --------------------------------------------------------------------------------------------------


def test_the_decorator_makes_a_record_and_registers_nothing(mine):
    before = all_claims(), select_claims()
    inside, few_leaders, crowds = select_claims("mine.py")
    assert (all_claims(), select_claims()) == before
    assert [str(c) for c in (inside, few_leaders, crowds)] == ["mine.inside", "mine.few_leaders", "mine.crowds"]
    assert few_leaders.statement == "There are at most d + 1 leaders."
    assert few_leaders.assumes == ("nonzero", "distinct", "spd", "constant_step")
    assert (few_leaders.expected, few_leaders.every) == ("theorem", 1)
    assert crowds.assumes == ("crowded", "spd")
    assert crowds.source == Source("folklore")
    assert few_leaders.place == f"{mine}:few_leaders"
    assert few_leaders.sha256 == hashlib.sha256(mine.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("answer", "verdict", "message"),
    [
        (True, "verified", "the claim holds here"),
        (np.True_, "verified", "the claim holds here"),
        (False, "refuted", "the claim fails here"),
        (np.False_, "refuted", "the claim fails here"),
        ("two\n  lines", "refuted", "two lines"),
        ("", "refuted", "the claim fails here"),
    ],
)
def test_what_a_check_may_answer(answer, verdict, message):
    assert of(lambda case: answer)(CORNERS) == Finding(verdict, message)


@pytest.mark.parametrize("answer", [None, 1, 0, 1.0, [], ["it fails"], np.array([True]), Finding("verified", "so")])
def test_anything_else_is_bad_input_and_verifies_nothing(answer):
    with pytest.raises(InputError, match=r"test_claim.made returned .*; a check returns True where") as caught:
        of(lambda case: answer)(CORNERS)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("error", [ZeroDivisionError("by\nzero"), SystemExit(0), InputError("bad"), AssertionError()])
def test_what_a_check_raises_is_bad_input_in_one_line(error):
    def body(case):
        raise error

    with pytest.raises(InputError, match=rf"raised {type(error).__name__} \(test_claim.py, line \d+: ") as caught:
        of(body)(CORNERS)
    assert "\n" not in str(caught.value)


def test_what_is_not_decided_ends_the_check():
    reached = []

    def body(case):
        reached.append(case.layers(2))
        reached.append(case.leaders)
        return "never"

    start = hardmax.Budget(steps=0)
    late = Configuration([(2, -1), (2, 1), (1, -3), (1, 0), (-1, 2), (1, 3)], step=hardmax.ConstantStep(1))
    for name in ("leaders", "limits", "freeze_layer", "vertices", "proved"):
        undecided = of(lambda case, name=name: getattr(case, name) and "never")(late, start)
        assert undecided.verdict == "undecided", name
        assert undecided.message
    assert of(body)(late, start).verdict == "undecided"
    assert len(reached) == 1


def test_what_a_check_sees_is_what_is_proved():
    seen = {}

    def body(case):
        names = ("configuration", "n", "d", "leaders", "limits", "freeze_layer", "vertices", "proved")
        seen.update({name: getattr(case, name) for name in names}, layers=case.layers(3))
        return True

    assert of(body)(CORNERS).certified
    known = hardmax.prove(CORNERS)
    assert (seen["configuration"], seen["n"], seen["d"]) == (CORNERS, 4, 2)
    assert (seen["leaders"], seen["limits"], seen["freeze_layer"]) == (dict.fromkeys(range(4), 0), CORNERS.tokens, 0)
    assert seen["vertices"] == tuple(sorted(CORNERS.tokens))
    assert (seen["proved"].verdict, seen["proved"].findings) == (known.verdict, known.findings)
    assert seen["layers"] == [(CORNERS.tokens, ((0,), (1,), (2,), (3,)))] * 3


def test_a_spiral_has_limits_and_no_freeze_layer():
    spiral = Configuration([(1, 0), (0, 1), (0, -1), (-1, 0)], [[1, 1], [-1, 1]])
    assert of(lambda case: all(s == (0, 0) for s in case.limits) and case.leaders == {}, given=[])(spiral).verdict in (
        "verified",
        "undecided",
    )
    assert of(lambda case: case.freeze_layer >= 0, given=[])(spiral).verdict == "undecided"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"expected": "true"}, "expected is 'true'; give one of theorem, false_as_printed, open, needs_hypothesis"),
        ({"given": ["positive"]}, "'positive' is no hypothesis; give nonzero, distinct, spd"),
        ({"given": "spd"}, "given is 'spd'; give a list, given=['spd']"),
        ({"source": 3}, "source is 3; give a text or a Source"),
        ({"inputs": [CORNERS]}, "inputs is of type list; give a Hypothesis strategy of configurations"),
        ({"every": 0}, "every is 0; give a whole number of at least 1"),
        ({"inputs": configurations(), "every": 2}, "give one of the two"),
    ],
)
def test_a_bad_argument_is_one_line(arguments, words):
    with pytest.raises(InputError) as caught:
        of(lambda case: True, **arguments)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("thing", [lambda case: True, "mine.py", print, 3])
def test_what_is_no_function_is_no_claim(thing):
    with pytest.raises(InputError, match="put it above a function"):
        hardmax.claim(thing)


def test_a_claim_states_something():
    def silent(case):
        return True

    with pytest.raises(InputError, match=r"the claim test_claim.silent has no docstring; write what it claims"):
        hardmax.claim(silent)


def test_a_hypothesis_answers_yes_or_no():
    def many(c):
        return c.n

    with pytest.raises(InputError, match=r"the hypothesis many of test_claim.made returned 4; it must return"):
        of(lambda case: True, given=[many])(CORNERS)
    assert of(lambda case: False, given=[lambda c: c.n > 4])(CORNERS).verdict == "vacuous"


# -- where claims are found -------------------------------------------------------------------------------------------


def test_files_modules_names_and_globs(mine, monkeypatch):
    def ids(wanted):
        return [c.id.removeprefix("mine.") for c in select_claims(wanted)]

    assert ids("mine.py:few_leaders") == ids(f"{mine}:few*") == ["few_leaders"]
    assert ids("mine.py:crowds, mine.py:*s*") == ["crowds", "inside", "few_leaders"]
    assert ids("mine.py:inside,lemmas.injective") == ["lemmas.injective", "inside"]
    monkeypatch.syspath_prepend(mine.parent)
    assert ids("mine:few_leaders") == ["few_leaders"]
    assert select_claims("mine:inside")[0].place == "mine:inside"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("mine.py:fast", "mine.py has no claim 'fast'; it has inside, few_leaders, crowds"),
        ("mine.py:crowded", "mine.py:crowded is of type function, and no claim; put @hardmax.claim above a function"),
        ("empty.py", "empty.py has no claim; put @hardmax.claim above a function"),
        ("absent.py", "absent.py is not a file"),
        ("absent:few", "No module named 'absent'; install it"),
        ("broken.py", "importing broken.py failed: ZeroDivisionError"),
        ("mine.*", "no claim matches 'mine.*'"),
        ("mine.py,other/mine.py", "has the id mine.inside, which"),
        ("lemmas.py", "lemmas.py has the name of a shipped family of claims; rename the file"),
    ],
)
def test_what_is_not_found_is_one_line(mine, run, wanted, words):
    (mine.parent / "empty.py").write_text("")
    (mine.parent / "broken.py").write_text("1 / 0")
    (mine.parent / "other").mkdir()
    (mine.parent / "other" / "mine.py").write_text(MINE)
    (mine.parent / "lemmas.py").write_text(MINE)
    for command in (("verify", "--claims"), ("claims",)):
        status, out, err = run(*command, wanted)
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert words in err


def test_a_claim_itself_is_taken_as_it_is(mine):
    claim = of(lambda case: True)
    assert select_claims([claim, "lemmas.injective"]) == (*select_claims("lemmas.injective"), claim)
    assert hardmax.examine(claim, CORNERS).verdict == "verified"


def test_other_packages_offer_claims_and_are_loaded_when_asked_for(mine, monkeypatch):
    monkeypatch.syspath_prepend(mine.parent)
    sys.modules.pop("mine", None)
    offered = [EntryPoint("mine", "mine", "hardmax.claims"), EntryPoint("lemmas", "nowhere", "hardmax.claims")]
    monkeypatch.setattr(loading, "entry_points", lambda group: offered if group == "hardmax.claims" else [])
    assert select_claims("lemmas.injective")
    assert "mine" not in sys.modules
    assert [c.id for c in select_claims("mine.few*")] == ["mine.few_leaders"]
    assert {c.id for c in select_claims()} > {"mine.inside", "lemmas.injective"}
    monkeypatch.setenv("HARDMAX_NO_PLUGINS", "1")
    with pytest.raises(InputError, match="no claim matches"):
        select_claims("mine.few*")


# -- the doors --------------------------------------------------------------------------------------------------------


def test_the_command_checks_them_and_its_folder_tells_all(mine, run):
    status, out, _ = run("verify", "--claims", "mine.py", "--examples", "60", "--out", "out", "--report")
    assert status == 1
    assert "  verified   mine.inside: " in out
    assert "  refuted    mine.few_leaders: " in out
    assert "  vacuous    mine.crowds: " in out
    assert "COUNTEREXAMPLE to mine.few_leaders: hardmax replay out/counterexamples/mine.few_leaders\n" in out
    folder = mine.parent / "out" / "counterexamples" / "mine.few_leaders"
    record = json.loads((folder / "record.json").read_text())
    assert (record["place"], record["sha256"]) == (f"{mine}:few_leaders", hashlib.sha256(MINE.encode()).hexdigest())
    assert len(record["configuration"]["tokens"]) == 4, "the square, and nothing larger"
    assert record["because"] == "4 leaders in dimension 2"
    certified = checker.check((folder / record["certificate"]).read_text())
    assert certified["clustering.vertices"] == "verified"
    repro = subprocess.run([sys.executable, "-I", folder / "repro.py"], capture_output=True, text=True, check=False)
    assert repro.returncode == 2
    assert "layer 1" in repro.stdout
    assert "hardmax replay" in repro.stderr
    shown = subprocess.run([sys.executable, "-c", record["snippet"]], capture_output=True, text=True, check=False)
    assert "verdict='refuted', message='4 leaders in dimension 2'" in shown.stdout, shown.stderr
    page = (mine.parent / "out" / "report.html").read_text()
    for text in ("There are at most d + 1 leaders.", "4 leaders in dimension 2", "folklore", "crowded"):
        assert text in page
    assert "()" not in page[page.index('id="claims"') : page.index('id="claims"') + 4000].replace('()"', "")


def test_replay_finds_the_claim_again_and_says_when_its_file_has_changed(mine, run):
    run("verify", "--claims", "mine.py:few_leaders", "--examples", "30", "--out", "out")
    folder = "out/counterexamples/mine.few_leaders"
    assert run("replay", folder)[:2] == (
        1,
        ("mine.few_leaders: There are at most d + 1 leaders.\nrefuted: 4 leaders in dimension 2\nIt still fails.\n"),
    )
    mine.write_text(MINE.replace("case.d + 1 or", "2 * case.d or"))
    status, out, _ = run("replay", folder)
    assert status == 0
    assert f"The claim's file has changed since then: {mine}:few_leaders\n" in out
    assert "It does not fail any more." in out
    mine.rename(mine.parent / "moved.py")
    status, out, err = run("replay", folder)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "the claim mine.few_leaders cannot be loaded" in err
    assert run("replay", folder, "--claims", "moved.py:few_leaders")[0] == 0


def test_two_processes_find_what_one_finds(mine, run):
    (mine.parent / "wrong.py").write_text(FALSE)
    lines = []
    claims = "mine.py:inside,mine.py:crowds,wrong.py:fast"  # what few_leaders refutes takes long to make small
    for jobs in (1, 2):
        status, out, err = run("verify", "--claims", claims, "--examples", "60", "--jobs", jobs)
        assert status == 3, err
        lines.append([line for line in out.splitlines() if not line.startswith("COUNTEREXAMPLE")])
    assert lines[0] == lines[1]


def test_the_status_of_claims_that_must_be_refuted_and_of_those_that_meet_nothing(mine, run):
    (mine.parent / "wrong.py").write_text(FALSE)
    assert run("verify", "--claims", "wrong.py:fast", "--examples", "60")[0] == 0
    assert run("verify", "--claims", "wrong.py:true", "--examples", "30")[0] == 1
    assert run("verify", "--claims", "mine.py:crowds", "--examples", "30")[0] == 3
    assert run("verify", "--claims", "mine.py:inside", "--examples", "30")[0] == 0


def test_inputs_of_its_own(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    head = "from hardmax import configurations\nfrom hypothesis import strategies as st\n"
    small = 'def small(case):\n    """There are two tokens."""\n    return case.n < 3 or "three"\n'
    odd = 'def odd(case):\n    """Nothing."""\n    return True\n'
    write(tmp_path / "own.py", head, "@claim(inputs=configurations(n=(2, 6)))", small, "@claim(inputs=st.just(3))", odd)
    status, out, _ = run("verify", "--claims", "own.py:small", "--examples", "40", "--out", "out")
    assert status == 1
    assert "40 configurations" in out
    record = json.loads((tmp_path / "out/counterexamples/own.small/record.json").read_text())
    assert len(record["configuration"]["tokens"]) == 3
    status, _, err = run("verify", "--claims", "own.py:odd", "--out", "out2")
    assert (status, err.count("\n")) == (2, 1)
    assert "the inputs of own.odd drew int; give a strategy of hardmax.Configuration" in err
    assert list((tmp_path / "out2").iterdir()) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_forgotten_return_ends_the_command_and_leaves_nothing(tmp_path, run, monkeypatch, jobs):
    monkeypatch.chdir(tmp_path)
    body = '@claim\ndef forgot(case):\n    """It holds."""\n    len(case.leaders) >= 1\n'
    write(tmp_path / "mine.py", body)
    status, _, err = run("verify", "--claims", "mine.py", "--examples", "30", "--out", "out", "--jobs", jobs)
    assert status == 2
    assert "hardmax: error: the check of mine.forgot returned None; a check returns True" in err
    assert "Traceback" not in err
    assert list((tmp_path / "out").iterdir()) == []


def test_a_check_that_answers_now_this_now_that_is_refuted_by_what_it_said(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    body = "calls = []\n@claim\ndef moody(case):\n    'It holds.'\n    calls.append(1)\n    return len(calls) % 7 > 0\n"
    write(tmp_path / "mine.py", body)
    status, out, err = run("verify", "--claims", "mine.py", "--examples", "30")
    assert (status, "Traceback" in err) == (1, False)
    assert "COUNTEREXAMPLE to mine.moody" in out


def test_the_list_prove_and_examine_take_them(mine, run):
    status, out, _ = run("claims", "mine.py", "--json")
    listed = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [c["id"] for c in listed] == ["mine.inside", "mine.few_leaders", "mine.crowds"]
    assert listed[2]["hypotheses"] == ["crowded", "spd"]
    text = json.dumps({"tokens": [[str(x) for x in row] for row in SQUARE]})
    (mine.parent / "square.json").write_text(text)
    status, out, _ = run("prove", "square.json", "--claims", "mine.py", "--json", "--out", "out")
    claims = json.loads(out)["claims"]
    assert status == 1
    assert claims["clustering.vertices"] == claims["mine.inside"] == "verified"
    assert (claims["mine.few_leaders"], claims["mine.crowds"]) == ("refuted", "vacuous")
    assert run("replay", "out/counterexamples/square")[0] == 1
    assert hardmax.examine("mine.py:few_leaders", CORNERS).message == "4 leaders in dimension 2"
    with pytest.raises(InputError, match=r"'mine.py' is 3 claims; give one"):
        hardmax.examine("mine.py", CORNERS)


def test_a_notebook(mine, monkeypatch):
    monkeypatch.syspath_prepend(mine.parent)
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    module = importlib.import_module("mine")
    few_leaders = module.few_leaders
    assert few_leaders(CORNERS) == Finding("refuted", "4 leaders in dimension 2", certified=True)
    with pytest.raises(InputError, match=r"mine.few_leaders got list; give a hardmax.Configuration"):
        few_leaders([[1, 2]])
    assert module.inside.search(examples=30) is None
    found = few_leaders.search(examples=30)
    assert (found.configuration.n, found.configuration.d) == (4, 2)
    assert "examine(" in found.snippet
    folder = found.save("out")
    assert sorted(p.name for p in folder.iterdir()) == ["config.json", "proof.cert.json", "record.json", "repro.py"]
    assert found.save("out").name == "mine.few_leaders-2", "nothing is replaced"
    picture = found._repr_html_()
    assert picture.count("<img") == 1
    assert "4 leaders in dimension 2" in picture
    assert few_leaders.search(examples=30).configuration == found.configuration


def test_what_is_saved_is_what_the_command_writes(mine, run):
    run("verify", "--claims", "mine.py:few_leaders", "--examples", "30", "--out", "command")
    (few_leaders,) = select_claims("mine.py:few_leaders")
    few_leaders.search(examples=30).save("notebook")
    command, notebook = (
        {p.name: p.read_text().replace(f"{out}/", "") for p in (mine.parent / out).glob("counterexamples/*/*")}
        for out in ("command", "notebook")
    )
    assert command == notebook


def test_a_claim_that_no_file_has(monkeypatch, tmp_path, run):
    space = {"__name__": "__main__"}
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    exec(compile(MINE, "<cell 3>", "exec"), space)
    claim = space["few_leaders"]
    assert (claim.id, claim.place) == ("notebook.few_leaders", "")
    found = claim.search(examples=30)
    assert found.snippet.endswith("print(few_leaders(configuration))\n")
    status, _, err = run("replay", found.save(tmp_path / "out"))
    assert status == 2
    assert "the claim notebook.few_leaders cannot be loaded" in err


def test_check_is_for_tests(mine):
    inside, few_leaders, crowds = select_claims("mine.py")
    assert inside.check(examples=30) is None
    with pytest.raises(ClaimRefuted) as caught:
        few_leaders.check(examples=30)
    for text in ("mine.few_leaders is refuted: 4 leaders in dimension 2", "(1, 0)", "examine("):
        assert text in str(caught.value)
    assert caught.value.refutation.configuration.n == 4
    assert isinstance(caught.value, AssertionError)
    with pytest.raises(ClaimFailed, match=r"mine.crowds, expected theorem, is vacuous: 3. vacuous"):
        crowds.check(examples=30)
    (mine.parent / "wrong.py").write_text(FALSE)
    fast, true = select_claims("wrong.py")
    assert fast.check(examples=60) is None
    with pytest.raises(ClaimFailed, match=r"wrong.true, expected false_as_printed, is verified"):
        true.check(examples=30)
    with pytest.raises(InputError, match="examples is 0"):
        inside.check(examples=0)


def test_shipped_claims_have_the_same_doors():
    (claim,) = own_claims("lemmas.injective")
    assert claim.check(examples=20) is None
    assert claim(CORNERS).verdict == "verified"


def test_a_finding_is_derived_once():
    seen = []
    claim = of(lambda case: seen.append(case) or True)
    case = hardmax.verify.claims.case.Case(CORNERS)
    assert claim.judge(case) is case.finding(claim) is case.finding(claim)
    assert len(seen) == 1


def test_draws_of_anything_but_configurations_are_refused():
    with pytest.raises(InputError, match=r"drew int; give a strategy of hardmax.Configuration"):
        of(lambda case: True, inputs=st.integers()).check(examples=3)


def test_the_page_says_what_happens(tmp_path, monkeypatch, run):
    """HARDMAX_UPDATE=1 writes the output anew."""
    page = Path(hardmax.verify.claims.registry.__file__).resolve().parent / "README.md"
    text = page.read_text(encoding="utf-8")
    head, _, rest = text.partition("```python\n# mine.py\n")
    code, _, rest = rest.partition("```")
    between, _, rest = rest.partition("```text\n")
    printed, _, tail = rest.partition("```")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(code)
    status, out, _ = run("verify", "--claims", "mine.py", "--examples", "200")
    assert status == 1
    if os.environ.get("HARDMAX_UPDATE"):
        page.write_text(f"{head}```python\n# mine.py\n{code}```{between}```text\n{out}```{tail}", encoding="utf-8")
        return
    assert out == printed
