"""`hardmax prove --all-alpha` as a user runs it."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from hardmax import verify
from hardmax.verify.certificates.checker.command import run as check_files
from hardmax.verify.cli import main
from hardmax.verify.commands import many

FIGURES = Path(verify.__file__).parent / "claims" / "figures"


@pytest.fixture
def files(tmp_path):
    """Configurations by name."""
    made = {
        "line": {"tokens": [["1"], ["-1"], ["1/2"]]},
        "plane": {"tokens": [["1", "0"], ["-1", "0"], ["0", "1"]], "labels": ["a", "b", "c"]},
        "beyond floats": {"tokens": [["1e400", "0"], ["0", "1e-400"], ["3e400", "1e400"]], "alpha": "1e400"},
        "plane-twins": {"tokens": [["1", "0"], ["1", "0"]]},
        "softmax": {"tokens": [["1", "0"], ["0", "1"]], "attention": {"softmax": {"beta": "16"}}},
        "twins": {"tokens": [["1"], ["-1"], ["1"]]},
        "zero": {"tokens": [["1"], ["0"]]},
        "negative": {"tokens": [["1", "0"], ["0", "1"]], "A": [["-1", "0"], ["0", "-1"]]},
        "harmonic": {"tokens": [["1"], ["2"]], "step": {"rule": "harmonic", "numerator": 1, "offset": 1}},
    }
    for name, content in made.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    return tmp_path


def run(*arguments):
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    return end.value.code


def test_json_has_the_cells_of_the_contract(files, capsys):
    assert run("prove", files / "line.json", "--all-alpha", "--alpha-min", "1/2", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["verdict"] == "verified"
    common = {"leaders": {"0": 0, "1": 0}, "freeze_layer": 0, "verdict": "verified"}
    assert said["cells"] == [{"from": "1/2", "to": "1/2", **common}, {"from": "1/2", "to": "inf", **common}]


def test_text_and_certificate_and_report(files, capsys):
    out = files / "out"
    status = run("prove", files / "line.json", "--all-alpha", "--out", out, "--report")
    assert status == 0
    text = capsys.readouterr().out
    assert "every alpha: leaders 0, 1; frozen from layer 0 on" in text
    assert check_files([str(out)]) == 0
    assert "steps.all verified" in capsys.readouterr().out
    assert (out / "report.html").exists()
    assert json.loads((out / "run.json").read_text())["verdict"] == "verified"


def test_radius_is_beside_what_prove_says(files, capsys):
    out = files / "out"
    assert run("prove", files / "line.json", "--radius", "--json", "--out", out) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["leaders"] == {"0": 0, "1": 0}
    assert set(said["radius"]) == {
        "tokens",
        "relative",
        "A",
        "alpha",
        "leaders",
        "binding",
        "broken_at",
        "move",
        "alpha_ends",
    }
    assert said["radius"]["alpha"] == ["0", None]
    assert said["radius"]["alpha_ends"] == ["0", "inf"]
    assert check_files([str(out)]) == 0
    capsys.readouterr()
    assert run("prove", files / "line.json", "--radius") == 0
    assert "the itinerary stays; what binds: at layer 0" in capsys.readouterr().out


def test_the_interval_of_alpha_is_said_exactly(files, capsys):
    figure = FIGURES / "figure2a_emerging_leader.json"
    assert run("prove", figure, "--radius") == 0
    said = "0.23241 (root of 3α^2 - 5α + 1) < alpha < 1.4343 (root of 3α^2 - 5α + 1): the itinerary stays"
    assert said in capsys.readouterr().out
    assert run("prove", figure, "--radius", "--json") == 0
    radius = json.loads(capsys.readouterr().out)["radius"]
    assert [end["polynomial"] for end in radius["alpha_ends"]] == [[1, -5, 3]] * 2
    low, high = map(Fraction, radius["alpha"])
    assert Fraction(radius["alpha_ends"][0]["between"][1]) == low
    assert Fraction(radius["alpha_ends"][1]["between"][0]) == high


def test_bounds_are_rounded_to_the_safe_side(files, capsys):
    assert run("prove", files / "line.json", "--radius") == 0
    text = capsys.readouterr().out
    assert run("prove", files / "line.json", "--radius", "--json") == 0
    radius = json.loads(capsys.readouterr().out)["radius"]
    said = [Fraction(line.replace("(a move of", "").split()[0].rstrip(":")) for line in text.splitlines()[2:5]]
    exact = [Fraction(radius[key]) for key in ("tokens", "broken_at", "relative")]
    assert said[0] <= exact[0] < said[0] + Fraction(1, 10**4)
    assert said[1] >= exact[1] > said[1] - Fraction(1, 10**4)
    assert said[2] <= exact[2] < said[2] + Fraction(1, 10**4)


def test_the_radius_is_undecided_without_an_inner_product(files, capsys):
    out = files / "out"
    assert run("prove", files / "negative.json", "--radius", "--json", "--out", out) == 3
    said = json.loads(capsys.readouterr().out)
    bounds = dict.fromkeys(("tokens", "relative", "A", "alpha", "leaders"))
    assert said["radius"] == {**bounds, "reason": "A is not symmetric positive definite"}
    assert (said["hypotheses"]["spd"], said["verdict"], said["certificate"]) == (False, "undecided", None)
    assert said["claims"]["clustering.vertices"] == "refuted", "the verdict on the input itself is told all the same"
    assert run("prove", files / "negative.json", "--radius") == 3
    assert "radius undecided: A is not symmetric positive definite" in capsys.readouterr().out


def test_all_matrices_are_cells_with_a_certificate(files, capsys):
    out = files / "out"
    assert run("prove", files / "plane.json", "--all-A", "--out", out, "--report") == 0
    text = capsys.readouterr().out
    assert "every A in 5 polygons, 4 segments, one itinerary each" in text
    assert "leaders 0 (a), 1 (b), 2 (c): 1 polygon, such as A = [[1, 0], [0, 1]]" in text
    assert check_files([str(out)]) == 0
    assert "matrices.all verified" in capsys.readouterr().out
    assert run("prove", files / "plane.json", "--all-A", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert set(said) == {"input", "verdict", "hypotheses", "sets", "cells", "certificate"}
    assert said["hypotheses"] == {"nonzero": True, "distinct": True}
    wall = next(cell for cell in said["cells"] if cell["kind"] == "segment")
    assert set(wall) == {"kind", "corners", "A", "leaders", "freeze_layer", "verdict"}
    assert len(wall["corners"]) == 2


def test_numbers_beyond_floats_have_their_cells_and_their_page(files, capsys):
    assert run("prove", files / "beyond floats.json", "--all-A", "--out", files / "out", "--report") == 0
    assert "leaders" in capsys.readouterr().out
    (record,) = json.loads((files / "out" / "run.json").read_text())["atlases"]
    assert max(abs(x) for token in record["tokens"] for x in token) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["line", "--alpha-min", "1"], "give both"),
        (["line", "--all-alpha", "--alpha-min", "0"], "must be positive"),
        (["line", "--all-alpha", "--alpha-min", "-1/2"], "must be positive"),
        (["line", "--all-alpha", "--alpha-min", "one"], "a number is required"),
        (["line", "--all-alpha", "--alpha", "1"], "leave them out"),
        (["zero", "--all-alpha"], "a token is zero"),
        (["harmonic", "--all-alpha"], "the step"),
        (["negative", "--all-alpha"], "A is not symmetric positive definite"),
        (["missing", "--all-alpha"], "missing.json"),
        (["line", "--all-alpha", "--radius"], "give one of them"),
        (["plane", "--all-A", "--radius"], "give one of them"),
        (["plane", "--all-A", "--alpha-min", "1"], "give both"),
        (["plane", "--all-A", "--alpha", "1"], "leave them out"),
        (["line", "--all-A"], "tokens in the plane"),
        (["plane-twins", "--all-A"], "tokens 0 and 1 are equal"),
        (["harmonic", "--all-A"], "tokens in the plane"),
        (["softmax", "--all-A"], "models of kind 'softmax'"),
        (["line", "--radius", "--alpha-min", "1"], "give both"),
        (["zero", "--radius"], "a token is zero"),
        (["twins", "--radius"], "tokens 0 and 2 are equal"),
        (["twins", "--all-alpha"], "tokens 0 and 2 are equal"),
        (["harmonic", "--radius"], "the step"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(files, capsys, arguments, message):
    name, *options = arguments
    out = files / "out"
    assert run("prove", files / f"{name}.json", *options, "--out", out) == 2
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert message in errors
    assert not out.exists()


@pytest.mark.parametrize("option", ["--all-alpha", "--all-A", "--radius"])
def test_a_run_that_was_stopped_goes_on_to_what_an_unbroken_one_writes(files, capsys, monkeypatch, option):
    monkeypatch.chdir(files)
    (files / "other.json").write_text(json.dumps({"tokens": [["1", "0"], ["0", "1"], ["1/3", "1/4"]]}))
    asked = ["plane.json", "other.json", "plane.json", option]
    status = run("prove", *asked, "--out", "unbroken", "--report")
    unbroken = capsys.readouterr().out
    right, answered = many.RegionQuestion.answer, []

    def impatient(question, given):
        if answered:
            raise KeyboardInterrupt
        answered.append(given)
        return right(question, given)

    monkeypatch.setattr(many.RegionQuestion, "answer", impatient)
    assert run("prove", *asked, "--out", "out") == 3
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "hardmax: interrupted after 1 of 3 configurations",
        "to go on: hardmax prove --resume out",
    ]
    assert json.loads(Path("out/run.json").read_text())["counts"]["inputs"] == 1
    assert run("prove", "--resume", "out", option) == 2
    assert f"leave {option} out" in capsys.readouterr().err
    asked_again = []
    monkeypatch.setattr(many.RegionQuestion, "answer", lambda *a: asked_again.append(a) or right(*a))
    assert run("prove", "--resume", "out", "--report") == status == 0
    assert capsys.readouterr().out.replace("out/", "unbroken/") == unbroken
    assert len(asked_again) == 2
    written = {path.name: path.read_text().replace("unbroken/", "out/") for path in Path("unbroken").glob("*.*")}
    assert written == {path.name: path.read_text() for path in Path("out").glob("*.*")}
    assert not Path("out/journal").exists()
    assert check_files(["out"]) == 0


def test_of_several_inputs_the_good_ones_are_answered(files, capsys):
    out = files / "out"
    assert run("prove", files / "line.json", files / "zero.json", "--all-alpha", "--json", "--out", out) == 2
    said = capsys.readouterr()
    assert [json.loads(line)["verdict"] for line in said.out.splitlines()] == ["verified", "invalid"]
    assert said.err.count("\n") == 1
    assert f"{files / 'zero.json'}: a token is zero" in said.err
    assert json.loads((out / "run.json").read_text())["counts"]["invalid"] == 1
    assert check_files([str(out)]) == 0
