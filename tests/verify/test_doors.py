"""Doors for outsiders: a check, a family of tokens and a kind of model in files that are not ours, by the commands."""

import json
import subprocess
import sys

import pytest

from hardmax.kernels import InputError, loading
from hardmax.strategies import Family
from hardmax.strategies.configurations import configurations, select_families
from hardmax.verify.cli import main
from hardmax.verify.conformance.check import kernel_check
from hardmax.verify.conformance.suite import check_kernel, selected

CHECKS = """
import hardmax

@hardmax.kernel_check("mine.square", "The corners of a square stay, the others follow them")
def square(subject):
    yield hardmax.Configuration([[1, 1], [1, -1], [-1, 1], [-1, -1], [hardmax.Fraction(1, 3), 0]])

@hardmax.kernel_check("mine.finite", "Large tokens give no NaN")
def finite(subject):
    moved = subject.kernel([[[1e100, 0.0], [0.0, 1e100]]])
    return bool((moved == moved).all()) or f"it returned {moved.tolist()}"

@hardmax.kernel_check("mine.false", "Says no")
def says_no(subject):
    return False
""".replace("hardmax.Fraction(1, 3)", "1")
KERNELS = """
import numpy as np
from hardmax.kernels.floats.numpy_kernel import layer

def right(tokens, A, alpha):
    return layer(tokens, A, alpha)[0]

def argmax(tokens, A, alpha):
    best = (tokens @ A @ tokens.swapaxes(1, 2)).argmax(axis=2)
    return tokens + alpha / (1 + alpha) * (np.take_along_axis(tokens, best[:, :, None], axis=1) - tokens)
"""
BROKEN_CHECKS = """
import hardmax

@hardmax.kernel_check("broken.nothing", "Forgets to return")
def nothing(subject):
    subject.kernel([[[1.0]]])

@hardmax.kernel_check("broken.rows", "Yields no configuration")
def rows(subject):
    yield [[1, 0]]

@hardmax.kernel_check("broken.raises", "Raises before the kernel is called")
def raises(subject):
    yield hardmax.Configuration([[0.5]])

@hardmax.kernel_check("ties.exact", "Takes a name")
def taken(subject):
    return True
"""
FAMILIES = """
from hypothesis import strategies as st
import hardmax

def rows(d, *, min_size, max_size):
    return st.lists(st.tuples(*[st.integers(1, 3)] * d), min_size=min_size, max_size=max_size, unique=True)

grid = hardmax.Family("grid", tokens=rows, room=lambda d: (1, 3**d))
ZERO = hardmax.Family("zero", tokens=lambda d, min_size, max_size: st.just([(0,) * d]), room=lambda d: (1, 9))
FLOAT = hardmax.Family("float", tokens=lambda d, min_size, max_size: st.just([(0.5,) * d]), room=lambda d: (1, 9))
NONE = hardmax.Family("none", tokens=lambda d, min_size, max_size: None, room=lambda d: (1, 9))
RAISES = hardmax.Family("raises", tokens=lambda d, **_: st.integers().map(lambda x: 1 / 0), room=lambda d: (1, 9))
ROOM = hardmax.Family("room", tokens=rows, room=lambda d: 7)
TAKEN = hardmax.Family("lattice", tokens=rows, room=lambda d: (1, 9))
"""
MODEL = '''
from dataclasses import dataclass, replace
from fractions import Fraction
import hardmax
from hardmax import Hardmax, Model
from hardmax.kernels.exact.json_values import number
from hardmax.kernels.exact.matrix import identity
from hardmax.verify.provers.freeze import prover

@dataclass(frozen=True)
class Half(Model):
    """Tokens that move half as far."""

    kind = "half"
    keys = ("alpha",)
    prover = f"{__name__}:decide"
    claims = f"{__name__}:CLAIMS"

    d: int
    alpha: Fraction

    @classmethod
    def from_json(cls, fields, d):
        return cls(d, number("alpha", fields.get("alpha", 1)))

    def to_json(self):
        return {"alpha": str(self.alpha)}

    def must_fit(self, d):
        if d != self.d:
            raise hardmax.InputError(f"the model acts on R^{self.d}")

    def dynamics(self, configuration):
        return same(configuration).dynamics()

    def hypotheses(self):
        return {"short": self.alpha < 1}

def same(c):
    return hardmax.Configuration(c.tokens, Hardmax(identity(c.d), c.model.alpha / (2 + c.model.alpha)))

def decide(configuration, work):
    return replace(prover.decide(same(configuration), work=work), configuration=configuration)

@hardmax.claim(given=[])
def arrives(case):
    """All tokens meet."""
    return len(set(case.limits)) == 1

CLAIMS = (arrives,)
'''
HALF = '{"tokens": [[1, 1], [1, -1], [-1, 1], ["1/2", 0]], "attention": {"half": {}}}'


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """A folder of a user's own, who stands in it."""
    files = {"checks.py": CHECKS, "kernels.py": KERNELS, "broken.py": BROKEN_CHECKS, "families.py": FAMILIES}
    for name, text in (files | {"model.py": MODEL, "half.json": HALF, "syntax.py": "def x(:\n"}).items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hardmax.kernels.exact.model._kinds", {"hardmax": "hardmax.kernels.exact.hardmax:Hardmax"})
    return tmp_path


def command(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
    return ended.value.code


def refused(capsys, *arguments):
    """The one line with which a command refuses."""
    assert command(*arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


# --- checks of kernels -------------------------------------------------------------------------------------------


def test_a_check_in_a_file_is_run_in_the_kernels_process(outside, capsys):
    assert command("kernel", "kernels.py:right", "--checks", "checks.py:*i*e,ties.exact", "-v") == 0
    out = capsys.readouterr().out
    assert all(name in out for name in ("mine.finite", "ties.exact"))
    assert command("kernel", "kernels.py:right", "--checks", "checks.py:square,checks.py:finite", "-v") == 0
    assert command("kernel", "kernels.py:argmax", "--checks", "checks.py", "--skip", "mine.false", "--out", "out") == 1
    out = capsys.readouterr().out
    assert "mine.square: The corners of a square stay, the others follow them" in out
    assert "keeps only the first of several maximisers" in " ".join(out.split())
    results = {check["id"]: check for check in json.loads((outside / "out" / "run.json").read_text())["checks"]}
    assert {name: check["status"] for name, check in results.items()} == {"mine.square": "fail", "mine.finite": "pass"}
    assert len(results["mine.square"]["configuration"]["tokens"]) <= 5
    assert (outside / "out" / "checks" / "mine.square.py").exists()
    snippet = subprocess.run([sys.executable, "out/checks/mine.square.py"], capture_output=True, check=False)
    assert b"AssertionError" in snippet.stderr
    assert command("kernel", "kernels.py:argmax", "--checks", "checks.py:says_no", "--out", "out", "--overwrite") == 1
    assert "mine.false" in capsys.readouterr().out
    (outside / "known").write_text("mine.false it always says so\n")
    assert command("kernel", "numpy", "--checks", "checks.py:says_no", "--known", "known") == 0


@pytest.mark.parametrize(
    ("checks", "words"),
    [
        ("broken.py:nothing", "the check broken.nothing said None; return True"),
        ("broken.py:rows", "the check broken.rows yields [[1, 0]]; give hardmax configurations"),
        ("broken.py:raises", "the check broken.raises raised ExactnessError: tokens[0][0] is 0.5"),
        ("broken.py", "broken.py:taken has the id ties.exact, which another check has already; rename it"),
        ("syntax.py", "importing syntax.py failed: SyntaxError"),
        ("kernels.py", "kernels.py has no check; put @hardmax.kernel_check"),
        ("checks.py:other", "checks.py has no check 'other'; it has square, finite, says_no"),
        ("nowhere.py", "nowhere.py is not a file"),
    ],
)
def test_what_is_no_check_is_no_finding_about_the_kernel(outside, capsys, checks, words):
    assert words in refused(capsys, "kernel", "numpy", "--checks", checks, "--out", "out")
    assert not (outside / "out").exists() or not list((outside / "out").iterdir())


def test_checks_as_objects_and_offered_by_a_package(outside, monkeypatch):
    (square,) = selected("checks.py:square")
    assert [r.status for r in check_kernel("kernels.py:right", only=square)] == ["pass"]
    own = kernel_check("here.no", "Says no")(lambda subject: "no")
    assert [(r.status, r.message) for r in check_kernel(lambda z, A, a: z, only=[own])] == [("fail", "no")]
    with pytest.raises(InputError, match="a SPEC runs in another process"):
        check_kernel("numpy", only=own)
    with pytest.raises(InputError, match="give it a name like mine"):
        kernel_check("here", "Has no group")
    offer(monkeypatch, "hardmax.checks", {"mine": "checks.py:square", "ties": "nowhere.py"})
    assert [c.id for c in selected("mine.*,ties.exact")] == ["ties.exact", "mine.square"]


def offer(monkeypatch, group, what):
    monkeypatch.setattr(loading, "entry_points", lambda group: [Point(*p) for p in given.get(group, {}).items()])
    given = {group: what}


class Point:
    def __init__(self, name, value):
        self.name, self.value = name, value


# --- families of tokens ------------------------------------------------------------------------------------------


def test_a_family_in_a_file_is_drawn_from_in_every_process(outside):
    common = ("verify", "--claims", "lemmas.hull_nested", "--examples", "40", "--families", "families.py:grid,lattice")
    assert command(*common, "--out", "one") == 0
    assert command(*common, "--jobs", "2", "--out", "two") == 0
    one, two = (json.loads((outside / name / "run.json").read_text())["coverage"] for name in ("one", "two"))
    assert one == two
    drawn = {bar["label"] for histogram in one if histogram["name"] == "family" for bar in histogram["bins"]}
    assert drawn == {"grid", "lattice"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ZERO", "family zero drew [(0,)]; 1 to 9 distinct nonzero tokens of 1 integers or Fractions each"),
        ("FLOAT", "family float drew [(0.5,)]"),
        ("NONE", "family none gives no tokens of 1 coordinates: "),
        ("RAISES", "family raises gives no tokens of 1 coordinates: ZeroDivisionError"),
        ("ROOM", "family room has room 7 for d = 1; give a pair (least, largest), or None"),
        ("TAKEN", "families.py:TAKEN is called lattice, as a shipped one is already; rename the family"),
        ("other", "families.py has no family 'other'; it has grid, ZERO"),
    ],
)
def test_what_is_no_family_is_refused(outside, capsys, name, words):
    given = ("verify", "--claims", "lemmas.hull_nested", "--examples", "4", "--families", f"families.py:{name}")
    assert words in refused(capsys, *given)


def test_families_as_objects_and_offered_by_a_package(outside, monkeypatch):
    offer(monkeypatch, "hardmax.strategies", {"grid": "families.py:grid", "lattice": "nowhere.py"})
    (place, grid), *others = select_families("grid,lattice").items()
    assert place.endswith("families.py:grid")
    assert isinstance(grid, Family)
    assert [name for name, _ in others] == ["lattice"]
    configurations(families=[grid, "lattice"], d=1).validate()
    with pytest.raises(InputError, match="families holds 'grid'"):
        configurations(families=["grid"])
    with pytest.raises(InputError, match="families is empty"):
        configurations(families=[])


# --- models ------------------------------------------------------------------------------------------------------


def test_a_model_in_a_file_goes_through_every_command(outside, capsys):
    assert "there is no kind of model 'half'" in refused(capsys, "prove", "half.json")
    assert (
        command("prove", "half.json", "--models", "model.py", "--claims", "model.py", "--out", "out", "--report") == 1
    )
    out = capsys.readouterr().out
    assert "half.json: refuted, outside the hypotheses of what is claimed (not short): its conclusion" in out
    page = (outside / "out" / "report.html").read_text()
    assert "theorem" not in page.partition("<body")[2].partition("<script")[0].lower()
    record = json.loads((outside / "out" / "counterexamples" / "half" / "record.json").read_text())
    assert record["replay"].endswith(f"--models {outside / 'model.py'}")
    assert command(*record["replay"].split()[1:]) == 1
    shown = subprocess.run([sys.executable, "-c", record["snippet"]], capture_output=True, text=True, check=True)
    assert "verdict='refuted'" in shown.stdout


def test_a_model_that_a_package_offers_is_found_by_its_kind(outside, monkeypatch):
    offer(monkeypatch, "hardmax.models", {"half": "model.py:Half", "other": "nowhere.py"})
    assert command("prove", "half.json") == 1
    monkeypatch.setenv(loading.NO_PLUGINS, "1")
    monkeypatch.setattr("hardmax.kernels.exact.model._kinds", {"hardmax": "hardmax.kernels.exact.hardmax:Hardmax"})
    assert command("prove", "half.json") == 2


@pytest.mark.parametrize(
    ("models", "words"),
    [
        ("checks.py", "checks.py has no model; define a subclass of hardmax.Model"),
        ("model.py:arrives", "model.py:arrives is of type OwnClaim, and no model"),
        ("thief.py", "a kind of model 'hardmax' is known already; give Half a kind of its own"),
        ("syntax.py", "importing syntax.py failed: SyntaxError"),
        ("nowhere.mod:Half", "No module named 'nowhere'"),
    ],
)
def test_what_is_no_model_is_refused(outside, capsys, models, words):
    (outside / "thief.py").write_text(MODEL.replace('kind = "half"', 'kind = "hardmax"'))
    assert words in refused(capsys, "prove", "half.json", "--models", models, "--out", "out")
    assert not (outside / "out").exists()
