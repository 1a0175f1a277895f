"""A campaign that is stopped in any way goes on from its journal, and finds what an unbroken one finds."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from hardmax.kernels.errors import JournalError
from hardmax.verify.campaigns.campaign import Plan, run_campaign, run_chunk
from hardmax.verify.campaigns.entries import tally_from_json, tally_to_json
from hardmax.verify.campaigns.journal import Journal
from hardmax.verify.campaigns.tally import Tally

CLAIMS = ("lemmas.norm_growth", "mine.py:few")
OWN = """
from hardmax import claim

@claim
def few(case):
    '''There are fewer than nine tokens.'''
    return case.n < 9 or "nine tokens or more"
"""
COMMAND = [sys.executable, "-m", "hardmax.verify.cli", "verify"]
ASKED = ["--claims", "lemmas.norm_growth,necessity.distinct,mine.py", "--examples", "1400"]


def verify(folder, *arguments, **options):
    (folder / "mine.py").write_text(OWN)
    return subprocess.run([*COMMAND, *arguments], cwd=folder, capture_output=True, text=True, timeout=300, **options)


def files(folder: Path) -> dict[str, str]:
    """What a run has left, without where it is, what was typed and on what it ran."""
    here = str(folder.parent)
    found = {str(p.relative_to(folder)): p.read_text().replace(here, "") for p in folder.rglob("*") if p.is_file()}
    run = json.loads(found.pop("run.json"))
    return {**found, "run.json": json.dumps(run | {"arguments": None, "environment": None})}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unbroken")
    done = verify(folder, *ASKED, "--out", "out")
    assert done.returncode == 1, done.stderr  # the claim of ours is false
    return done.stdout, files(folder / "out")


@pytest.mark.skipif(os.name != "posix", reason="kills processes by signals")
def test_a_run_that_is_killed_five_times_ends_as_one_that_is_not(unbroken, tmp_path):
    (tmp_path / "mine.py").write_text(OWN)
    lines, rng, out = [], random.Random(5), tmp_path / "out"
    for _ in range(5):
        known = (out / "journal").is_file() and (out / "journal").stat().st_size
        begin = ["--resume", "out"] if known else [*ASKED, "--out", "out", "--overwrite"]
        process = subprocess.Popen([*COMMAND, *begin, "--jobs", "2"], cwd=tmp_path, stderr=subprocess.DEVNULL)
        target = (lines[-1] if lines else 0) + rng.choice([1, 1, 2])
        while process.poll() is None and (sum(1 for _ in _lines(out)) < target):
            time.sleep(0.02)
        process.kill()
        process.wait()
        lines.append(sum(1 for _ in _lines(out)))
    assert lines == sorted(lines)
    assert lines[-1] > 1
    done = verify(tmp_path, "--resume", "out")
    assert done.returncode == 1, done.stderr
    assert done.stdout == unbroken[0]
    assert files(out) == unbroken[1]
    assert not (out / "journal").exists()


@pytest.mark.skipif(os.name != "posix", reason="kills processes by signals")
def test_proofs_that_are_killed_go_on(tmp_path):
    """Inputs of one name, an invalid and a refuted one among them: files, records and what is printed are the same."""
    asked = []
    for k in range(12):
        (tmp_path / str(k)).mkdir()
        asked.append(f"{k}/c.json")
        tokens = [[1], [-1], [0]] if k % 5 == 1 else "none" if k == 7 else [[k + 1, j * j] for j in range(24)]
        (tmp_path / asked[-1]).write_text(json.dumps({"tokens": tokens}))
    command = [sys.executable, "-m", "hardmax.verify.cli", "prove"]
    how = {"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 300}
    whole = subprocess.run([*command, *asked, "--out", "out"], **how)
    unbroken = files(tmp_path / "out")
    shutil.rmtree(tmp_path / "out")
    begin = [*asked, "--out", "out"]
    for target in (3, 7, 10):
        process = subprocess.Popen([*command, *begin], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while process.poll() is None and sum(1 for _ in _lines(tmp_path / "out")) < target:
            time.sleep(0.005)
        process.kill()
        process.communicate()
        begin = ["--resume", "out"]
    assert (tmp_path / "out" / "journal").exists(), "killed before its end"
    done = subprocess.run([*command, *begin], **how)
    assert (done.returncode, done.stdout, done.stderr) == (whole.returncode, whole.stdout, whole.stderr)
    assert files(tmp_path / "out") == unbroken


def _lines(out: Path):
    try:
        yield from (out / "journal").read_bytes().splitlines()
    except OSError:
        return


def test_what_is_in_the_journal_is_not_examined_again(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(OWN)
    plan = Plan(("lemmas.norm_growth", f"{tmp_path / 'mine.py'}:few"), ("lattice",), kernels=("numpy",))
    path = tmp_path / "journal"
    first = list(run_campaign(plan, examples=1200, journal=Journal(path)))
    monkeypatch.setattr("hardmax.verify.campaigns.campaign.run_chunk", lambda *_, **__: pytest.fail("done already"))
    assert list(run_campaign(plan, examples=1200, journal=Journal(path))) == first


def test_a_chunk_that_was_lost_in_the_midst_is_done_again(tmp_path):
    plan, path = Plan(("lemmas.norm_growth",), ("lattice",)), tmp_path / "journal"
    first = list(run_campaign(plan, examples=1400, journal=Journal(path)))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], *lines[2:]]))
    assert list(run_campaign(plan, examples=1400, journal=Journal(path))) == first


def test_a_tally_comes_back_from_json_as_it_was(tmp_path):
    (tmp_path / "wrong.py").write_text(
        "def first(tokens, A, alpha): return tokens + 1\ndef none(tokens, A, alpha): raise ValueError('no')"
    )
    kernels = tuple(f"{tmp_path / 'wrong.py'}:{name}" for name in ("first", "none"))
    (tmp_path / "mine.py").write_text(OWN)
    claims = ("clustering.vertices", f"{tmp_path / 'mine.py'}:few")
    tally = run_chunk(Plan(claims, ("lattice",), kernels=kernels), 0, 60)
    assert tally.refutations
    assert tally.disagreements
    assert tally.failures
    assert tally.coverage
    assert tally_from_json(json.loads(json.dumps(tally_to_json(tally)))) == tally
    assert tally_from_json(json.loads(json.dumps(tally_to_json(Tally())))) == Tally()


def test_any_executor_does_the_chunks():
    plan = Plan(("lemmas.norm_growth",), ("lattice",))
    alone = list(run_campaign(plan, examples=1200))
    with ThreadPoolExecutor(1) as executor:
        assert list(run_campaign(plan, examples=1200, executor=executor)) == alone


def test_chunks_are_written_down_as_they_end_and_counted_in_order(tmp_path):
    class Backwards(Executor):
        """Ends chunk 1 before chunk 0."""

        def __init__(self):
            self.waiting = []

        def submit(self, fn, /, *args):
            future = Future()
            self.waiting.append((future, fn, args))
            if len(self.waiting) == 2:
                for future_, fn_, args_ in reversed(self.waiting):
                    future_.set_result(fn_(*args_))
                self.waiting = []
            return future

    path = tmp_path / "journal"
    plan = Plan(("lemmas.norm_growth",), ("lattice",))
    tallies = run_campaign(plan, examples=1000, executor=Backwards(), journal=Journal(path))
    assert list(tallies) == list(run_campaign(plan, examples=1000))
    assert re.findall(r'\["chunk (\d)', path.read_text()) in (["0", "1"], ["1", "0"])


@pytest.mark.skipif(os.name != "posix", reason="limits the size of files")
def test_a_full_disk_ends_the_run_in_one_line_and_loses_no_chunk(unbroken, tmp_path):
    import resource

    def small():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))

    full = verify(tmp_path, *ASKED, "--out", "out", preexec_fn=small)
    assert full.returncode == 2
    assert full.stderr.splitlines()[-1] == (
        "hardmax: error: out/journal cannot be written: File too large; what was finished before is in the journal, so "
        "go on from there when there is space again"
    )
    text = (tmp_path / "out" / "journal").read_bytes()
    assert text.endswith(b"\n")
    assert len(text) < 6000
    assert verify(tmp_path, "--resume", "out").stdout == unbroken[0]
    assert files(tmp_path / "out") == unbroken[1]


def test_a_journal_that_cannot_be_written_is_as_it_was(tmp_path):
    journal = Journal(tmp_path / "journal")
    (tmp_path / "journal").unlink()
    (tmp_path / "journal").mkdir()
    with pytest.raises(JournalError, match="go on from there"):
        journal.add("key", 1)


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A run that its time has stopped."""
    folder = tmp_path_factory.mktemp("stopped")
    done = verify(folder, *ASKED, "--out", "out", "--seconds", "0.001")
    assert done.returncode in (1, 3), done.stderr  # 1 where it had time enough to refute the claim of ours
    assert done.stdout.splitlines()[-1] == "to go on: hardmax verify --resume out"
    return folder


def copy(stopped, tmp_path):
    shutil.copytree(stopped, tmp_path, dirs_exist_ok=True)
    return tmp_path / "out"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--resume", "out", "--claims", "x"], "--resume goes on with the plan in out; leave --claims out, or begin"),
        (["--resume", "out", "--all-certificates"], "leave --all-certificates out"),
        (["--resume", "nowhere"], "nowhere holds no journal of a run; give --resume the --out of a run that was stop"),
        ([*ASKED, "--out", "out"], "out holds a run that was stopped; give --resume out to go on with it, --overwrite"),
    ],
)
def test_another_plan_or_folder_is_one_line(stopped, tmp_path, arguments, said):
    before = (copy(stopped, tmp_path) / "journal").read_bytes()
    done = verify(tmp_path, *arguments)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr
    assert (tmp_path / "out" / "journal").read_bytes() == before


def test_a_run_that_has_ended_has_nothing_left_to_do(tmp_path):
    assert verify(tmp_path, "--claims", "necessity.distinct", "--out", "out").returncode == 0
    done = verify(tmp_path, "--resume", "out")
    assert (done.returncode, "holds a run that was not stopped: nothing is left to do" in done.stderr) == (2, True)


def test_claims_that_have_changed_are_refused(stopped, tmp_path):
    copy(stopped, tmp_path)
    (tmp_path / "mine.py").write_text(OWN + "# another one\n")
    done = subprocess.run([*COMMAND, "--resume", "out"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        2,
        "hardmax: error: mine.py has changed since out was begun; start anew with --out and --overwrite\n",
    )


def test_a_damaged_line_is_named(stopped, tmp_path):
    path = copy(stopped, tmp_path) / "journal"
    Journal(path).add("chunk 0", 1)
    Journal(path).add("chunk 1", 1)
    path.write_bytes(path.read_bytes().replace(b'"chunk 0"', b'"chunk 7"'))
    number = len(path.read_bytes().splitlines()) - 1
    done = verify(tmp_path, "--resume", "out")
    assert done.returncode == 2
    assert done.stderr == f"hardmax: error: out/journal is damaged (line {number}); delete it to start anew\n"


def test_another_version_is_refused(stopped, tmp_path):
    path = copy(stopped, tmp_path) / "journal"
    about = Journal(path).about
    path.unlink()
    Journal(path, {**about, "version": f"9.{about['version']}"})
    done = verify(tmp_path, "--resume", "out")
    assert done.returncode == 2
    assert re.search(r"out was begun by hardmax 9\.\S+, this is \S+; go on with that one", done.stderr)
