"""`hardmax prove`: what it takes, and what it says to a person."""

import io
import json
import shlex
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from hardmax.kernels import Configuration, HarmonicStep
from hardmax.verify.claims.conclusion import prove
from hardmax.verify.commands.parts.prove_text import MOST_TOKENS, describe, number_text, point_text

CLOUD = np.array([[0.5, 1.0], [1.0, 0.25], [-1.0, -1.0], [0.125, 0.25]])


def test_a_point_cloud_goes_from_its_file_to_limits_and_a_certificate(run, monkeypatch):
    np.save("cloud.npy", CLOUD)
    status, out, err = run("prove", "cloud.npy", "--out", "out")
    assert (status, err) == (0, "")
    assert out.splitlines()[:2] == [
        "cloud.npy: verified: the theorem's hypotheses hold, and so does its conclusion",
        "  4 tokens in R^2, alpha = 1 (the default), A = I",
    ]
    assert run("check", "out")[0] == 0
    with Path("cloud.npy").open("rb") as file:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(file))
        assert run("prove", "-")[1].splitlines()[0].startswith("-: verified")


def test_alpha_is_given_on_the_command_line_and_kept_in_the_record(run):
    np.save("cloud.npy", CLOUD)
    Path("c.json").write_text('{"tokens": [[1]], "step": {"rule": "harmonic", "numerator": 2, "offset": 2}}')
    status, out, _ = run("prove", "cloud.npy", "c.json", "--alpha", "1/3", "--out", "out")
    assert status == 0
    assert out.count("alpha = 1/3, A = I") == 2
    assert json.loads(Path("out/run.json").read_text())["arguments"] == ["cloud.npy", "c.json", "--alpha", "1/3"]
    assert json.loads(Path("out/cloud.cert.json").read_text())["problem"]["step"]["alpha"] == "1/3"
    for wrong, message in (("0", "alpha is 0; a step must be positive"), ("half", 'alpha is "half"; a number')):
        status, out, err = run("prove", "cloud.npy", "--alpha", wrong)
        assert (status, out, err.startswith(f"hardmax: error: {message}")) == (2, "", True)


@pytest.mark.parametrize(
    "known",
    [
        {"tokens": [["2", "1"], ["1", "3"]]},
        {"tokens": [["2", "1"], ["1", "3"]], "attention": {"softmax": {"beta": "1"}}},
        {"gram": [["2", "1"], ["1", "3"]]},
    ],
)
def test_multiplicities_that_are_read_are_no_longer_than_certificates_have_them(known, run):
    Path("c.json").write_text(json.dumps({**known, "multiplicities": [10**15 - 1, 1]}))
    status, _, err = run("prove", "c.json", "--out", "out")
    assert (status, err) == (0, "")
    assert run("check", "out")[0] == 0
    Path("c.json").write_text(json.dumps({**known, "multiplicities": [10**15, 1]}))
    status, _, err = run("prove", "c.json")
    assert (status, "at most 15 digits" in err) == (2, True)


def test_every_token_is_shown_with_its_label_its_limit_and_when_it_leads(run):
    given = {"tokens": [[1, 1], [1, -1], [-1, 0], ["1/2", 0]], "alpha": "1/2", "labels": ["a", "b", "dog", "'s"]}
    Path("c.json").write_text(json.dumps(given))
    lines = run("prove", "c.json")[1].splitlines()
    assert lines[1:7] == [
        "  4 tokens in R^2, alpha = 1/2, A = I",
        "  0 'a'   -> (1, 1)   leads from layer 0 on",
        "  1 'b'   -> (1, -1)  leads from layer 0 on",
        "  2 'dog' -> (-1, 0)  leads from layer 0 on",
        '  3 "\'s"  -> (1, 0)',
        "  3 leaders, 4 cluster points; all follow sets are constant from layer 0 on",
    ]
    Path("zero.json").write_text(json.dumps({"tokens": [[1], [-1], [0]], "labels": ["x", "y", "still"]}))
    status, out, _ = run("prove", "zero.json")
    assert status == 1
    assert "refuted   clustering.boundary: token 2 (still) tends to (0), an interior point" in out


def test_the_headline_says_whether_the_theorem_is_touched():
    def headline(*arguments, **more):
        return describe("c", prove(Configuration(*arguments, **more))).splitlines()[0]

    assert headline([[1], [-1]]) == "c: verified: the theorem's hypotheses hold, and so does its conclusion"
    assert headline([[1], [-1]], [[-1]]) == (
        "c: refuted, outside the theorem's hypotheses (A is not symmetric positive definite): its conclusion fails "
        "here, so the theorem is not touched"
    )
    assert "outside the theorem's hypotheses (a token is the origin, tokens repeat): " in headline([[0], [0], [1]])
    assert headline([[1], [0]]) == (
        "c: verified, outside the theorem's hypotheses (a token is the origin): its conclusion holds here all the same"
    )


def test_the_model_is_shown():
    def shown(*arguments, **more):
        return describe("c", prove(Configuration(*arguments, **more))).splitlines()[1]

    assert shown([[1, 0]], [[2, "1/2"], ["1/2", 1]], "7/3") == ("  1 token in R^2, alpha = 7/3, A = (2, 1/2) (1/2, 1)")
    assert shown([[1]], step=HarmonicStep(2, 3), follow="smallest") == (
        "  1 token in R^1, lambda_k = 2/(k + 3), A = I, tokens follow the smallest scores"
    )
    large = [[Fraction(i == j, 7) + 1 for j in range(30)] for i in range(30)]
    assert shown([[1] * 30], large).endswith("alpha = 1 (the default), A 30 x 30")


@pytest.mark.parametrize(
    ("point", "shown"),
    [
        ([1, "-1/2"], "(1, -1/2)"),
        ([0, "999/998"], "(0, 999/998)"),
        (["1000/999", 2], "(1000/999, 2) ≈ (1.0010, 2)"),
        (["-23250/9999", 123456], "(-7750/3333, 123456) ≈ (-2.3252, 1.2346e+05)"),
        ([Fraction(0.1), 1], "≈ (0.10000, 1)"),
        ([Fraction(-93, 40) + Fraction(1, 10**4000)], "≈ (-2.3250)"),
        ([Fraction(1, 10**4000), Fraction(10) ** 4000], "≈ (2^-13287, 2^13287)"),
    ],
)
def test_a_fraction_that_nobody_can_read_has_its_decimal(point, shown):
    point = [Fraction(v) for v in point]
    assert point_text(point) == shown
    assert number_text(point[0]).startswith(("≈", str(point[0])))
    full = point_text(point, exact=True)[1:-1].split(", ")
    assert len(full) == len(point)
    assert all("≈" not in v and Fraction(v) == w for v, w in zip(full, point, strict=True) if len(v) < 4000)


def test_exact_shows_every_fraction_and_every_token(run):
    np.save("cloud.npy", CLOUD / 3)
    rounded, full = run("prove", "cloud.npy")[1], run("prove", "cloud.npy", "--exact")[1]
    assert "(≈ is rounded; --exact shows every fraction in full)" in rounded
    assert "≈" not in full
    first = f"({', '.join(str(Fraction(v)) for v in CLOUD[0] / 3)})"
    assert (first in rounded, first in full) == (False, True)
    np.save("many.npy", np.arange(1.0, 101)[:, None])
    rounded, full = run("prove", "many.npy")[1], run("prove", "many.npy", "--exact")[1]
    assert (rounded.count(" -> "), full.count(" -> ")) == (MOST_TOKENS, 100)
    assert "  and 40 more tokens; --exact shows all of them\n" in rounded


def test_multiplicities_are_shown():
    shown = describe("c", prove(Configuration([[1], [-1], [-2]], multiplicities=[3, 1, 1])))
    assert [line for line in shown.splitlines() if "->" in line] == [
        "  0 -> (1)   leads from layer 0 on  x3",
        "  1 -> (-2)",
        "  2 -> (-2)  leads from layer 0 on",
    ]


def test_the_examples_in_its_help_run(tmp_path):
    shown = subprocess.run([sys.executable, "-m", "hardmax", "prove", "--help"], capture_output=True, text=True)
    _, _, rest = shown.stdout.partition("Examples:\n")
    examples = [line.strip() for line in rest.partition("\n\n")[0].splitlines()]
    assert len(examples) == 3
    (tmp_path / "square.json").write_text("[[1, 1], [1, -1], [-1, 1], [-1, -1]]")
    np.save(tmp_path / "cloud.npy", CLOUD)
    for line in examples:
        command = line.replace("hardmax", f"{shlex.quote(sys.executable)} -m hardmax")
        done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        assert ("hardmax check" in line) == ("1 accepted" in done.stdout)
    assert (tmp_path / "proof" / "report.html").exists()
