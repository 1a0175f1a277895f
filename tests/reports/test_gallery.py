"""The gallery `reports/examples/` is what the commands write today: real runs, compared file by file.

HARDMAX_UPDATE=1 writes it anew.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

import hardmax.reports
import hardmax.verify
from hardmax.reports import read_records
from hardmax.reports.pages.cylinder_page import render as render_cylinder
from hardmax.reports.records import store
from hardmax.reports.records.codec import loads
from hardmax.reports.records.cylinder_record import CylinderRecord
from hardmax.reports.report import render_all
from hardmax.verify.certificates import checker
from hardmax.verify.studies.cylinder.study import conclusion

GALLERY = Path(hardmax.reports.__file__).parent / "examples"
PAPER = Path(hardmax.verify.__file__).parent / "claims" / "figures"
PANELS = ("a_emerging_leader", "b_triangle", "c_square", "d_lasting_ties")
RUNS = {
    "emerging-leader": (["prove", "figure2a_emerging_leader.json"], 0),
    "persistent-tie": (["prove", "figure2d_lasting_ties.json"], 0),
    "late-leader": (["prove", "late_leader.json"], 0),
    "dropped-hypotheses": (["verify", "--claims", "necessity.*"], 0),
    "paper-2508.09628": (["paper", "2508.09628"], 0),
    "softmax": (
        [
            "prove",
            "figure2a_emerging_leader.json",
            *(f"figure2a_{name}.json" for name in ("beta4", "beta16", "beta64", "growing")),
        ],
        0,
    ),
    "every-step": (
        ["prove", *(f"figure2{panel}.json" for panel in PANELS), "--all-alpha"],
        0,
    ),
    "every-matrix": (["prove", "figure2a_emerging_leader.json", "--all-A"], 0),
    "control": (["control", "four_tokens.json", "--lead", "right,up"], 1),
    "first-maximiser": (["kernel", "first_maximiser.py:step"], 1),
}
"""Folder → the command that fills it, and the exit status that it must have."""
INPUTS = (
    *(f"figure2a_{name}.json" for name in ("beta4", "beta16", "beta64", "growing")),
    "late_leader.json",
    "four_tokens.json",
    "first_maximiser.py",
    "hard_attention.py",
)
LEFT_OUT = ("report.json", "report.sarif", "junit.xml", "figures")
"""What the same command writes too; the gallery keeps what people read, and the records."""


def texts(folder: Path) -> dict[str, str]:
    """The files of a run that the gallery keeps."""
    return {
        str(path.relative_to(folder)): path.read_text("utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in LEFT_OUT
    }


def regenerated(name: str, work: Path) -> dict[str, str]:
    """The files that the command of an example writes, run in an empty folder."""
    arguments, status = RUNS[name]
    for source in (*PAPER.glob("*.json"), *(GALLERY / name for name in INPUTS)):
        shutil.copy(source, work)
    command = [sys.executable, "-m", "hardmax.verify.cli", *arguments, "--out", name, "--report"]
    environment = os.environ | {"PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True)
    assert done.returncode == status, done.stderr
    run = read_records(work / name).run  # what it ran on is told, but is no part of an example
    assert {"python", "numpy", "processor"} <= set(run.environment)
    store.write_run(work / name, replace(run, environment={}))
    for file, text in render_all(read_records(work / name)).items():
        (work / name / file).write_text(text, "utf-8")
    here = str(work.resolve()) + os.sep  # a kernel's file is named by its absolute path
    return {file: text.replace(here, "") for file, text in texts(work / name).items()}


@pytest.mark.parametrize("name", RUNS)
def test_an_example_is_what_its_command_writes(name, tmp_path):
    found = regenerated(name, tmp_path)
    if os.environ.get("HARDMAX_UPDATE") == "1":
        shutil.rmtree(GALLERY / name, ignore_errors=True)
        for file, text in found.items():
            path = GALLERY / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    committed = texts(GALLERY / name)
    assert sorted(found) == sorted(committed)
    for file, text in found.items():
        assert committed[file] == text, f"{name}/{file} has drifted; HARDMAX_UPDATE=1 pytest {__file__} writes it anew"


@pytest.mark.parametrize("name", RUNS)
def test_the_page_of_an_example_is_made_of_its_records(name):
    records = read_records(GALLERY / name)
    assert render_all(records)["report.html"] == (GALLERY / name / "report.html").read_text("utf-8")


def test_the_gallery_is_small_and_has_nothing_else():
    inputs = {"README.md", "attention-findings.md", *INPUTS, "screenshots", "cylinder"}
    assert {path.name for path in GALLERY.iterdir() if path.name[0] not in "._"} == inputs | set(RUNS)
    kept = [path for path in GALLERY.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert sum(path.stat().st_size for path in kept) < 2_500_000  # of a clone of a few megabytes


def test_the_page_of_the_flow_is_that_of_its_record():
    folder = GALLERY / "cylinder"
    record = loads(CylinderRecord, (folder / "cylinder.json").read_bytes(), "cylinder.json")
    assert render_cylinder(record) == (folder / "cylinder.html").read_text("utf-8")
    assert record.conclusion == conclusion(record.questions)
    verdicts = {question.id: question.verdict for question in record.questions}
    assert verdicts["cylinder.solver"] == verdicts["cylinder.theorem"] == verdicts["cylinder.energy"] == "supported"
    assert verdicts["cylinder.law"] == verdicts["cylinder.universal"] == verdicts["cylinder.lift"] == "refuted"
    assert {flow.reynolds for flow in record.flows} == {60, 80, 100, 120, 150}  # of a sweep


def test_the_readme_of_the_gallery_names_every_example_and_its_command():
    readme = (GALLERY / "README.md").read_text("utf-8")
    for name, (arguments, _) in RUNS.items():
        assert f"[{name}]({name}/report.html)" in readme
        assert " ".join(["hardmax", *(f"'{a}'" if "*" in a else a for a in arguments)]) in readme


def test_the_main_job_prints_what_the_readme_of_the_gallery_says(tmp_path):
    pytest.importorskip("numba", reason="numba is not installed")
    readme = (GALLERY / "README.md").read_text("utf-8")
    head, command, shown, tail = re.fullmatch(
        r"(.*```console\n)\$ hardmax (.*?)\n(.*?)(```\n.*)", readme, re.S
    ).groups()
    arguments = [sys.executable, "-m", "hardmax.verify.cli", *command.split()]
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = done.stdout.strip("\n") + "\n"
    if os.environ.get("HARDMAX_UPDATE") == "1":
        (GALLERY / "README.md").write_text(f"{head}$ hardmax {command}\n{found}{tail}", "utf-8")
    else:
        assert found == shown, f"the output has drifted; HARDMAX_UPDATE=1 pytest {__file__} writes it anew"


@pytest.mark.parametrize("folder", ["dropped-hypotheses", "paper-2508.09628"])
def test_every_counterexample_of_the_gallery_is_shown_again_by_its_script_and_by_its_snippet(folder, capsys):
    records = read_records(GALLERY / folder)
    for c in records.counterexamples:
        script = GALLERY / folder / "counterexamples" / c.id / "repro.py"
        done = subprocess.run([sys.executable, "-I", script], capture_output=True, text=True)
        assert done.returncode == 1, done.stdout + done.stderr
        exec(c.snippet, {})
        assert "refuted" in capsys.readouterr().out


def test_the_examples_show_what_they_are_for():
    emerging = read_records(GALLERY / "emerging-leader").results[0]
    assert max(emerging.leaders.values()) > 0
    tie = read_records(GALLERY / "persistent-tie").results[0]
    assert any(len(C) > 1 for C in tie.trajectory.follow_sets[-1])
    assert tie.trajectory.complete
    late = read_records(GALLERY / "late-leader").results[0]
    assert max(late.leaders.values()) == 21
    dropped = read_records(GALLERY / "dropped-hypotheses")
    assert len(dropped.counterexamples) == len(dropped.run.claims) == 6
    (four,) = read_records(GALLERY / "control").run.control.inputs
    assert four.can == (0, 1, 2, 3)
    assert four.asked == (0, 1)
    assert checker.check((GALLERY / "control" / "no-A.cert.json").read_text()) == {"control.layer_0": "refuted"}
    kernel = read_records(GALLERY / "first-maximiser").run
    assert "ties.exact" in {check.id for check in kernel.checks if check.status == "fail"}
