"""What hostile hands and file systems do to a run that was stopped: nothing of it is lost, and nothing is made up."""

import json
import os
import shutil
import sys
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from errno import ENOSPC
from pathlib import Path
from threading import Event

import pytest
from hypothesis.internal.conjecture import providers

from hardmax.kernels.errors import LostWorkerError
from hardmax.strategies.reproducible import no_constants_from_source
from hardmax.verify.campaigns import chunks
from hardmax.verify.campaigns.campaign import Plan, run_campaign
from hardmax.verify.campaigns.journal import Journal
from hardmax.verify.commands import verify as command
from hardmax.verify.commands.parts import output

OWN = """
import os
from hardmax import claim

@claim
def few(case):
    '''There are fewer than three tokens.'''
    return None if "FAULT" in os.environ else case.n < 3 or "three tokens or more"
"""
ASKED = ["verify", "--claims", "lemmas.norm_growth,mine.py", "--families", "lattice,faces", "--examples", "40"]
ASKED += ["--all-certificates", "--out", "out"]


def interrupt(*_, **__):
    raise KeyboardInterrupt


def files(folder: Path) -> dict[str, bytes]:
    """What a run has left, without what depends on the day."""
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    record = json.loads(found["run.json"])
    return {**found, "run.json": json.dumps(record | {"environment": None}).encode()}


@pytest.fixture
def stopped(run, tmp_path, monkeypatch):
    """A run that was interrupted when all its chunks were done, and what an unbroken one prints and leaves."""
    (tmp_path / "mine.py").write_text(OWN)
    unbroken = run(*ASKED), files(tmp_path / "out")
    assert unbroken[0][0] == 1, "the claim of ours is false"
    with monkeypatch.context() as patched:
        patched.setattr(command, "smallest_of", interrupt)
        assert run(*ASKED, "--overwrite")[0] == 1
    return unbroken


@pytest.fixture
def goes_on(run, tmp_path, stopped):
    """Whether the run, gone on with, prints and leaves what an unbroken one does."""
    return lambda: (run("verify", "--resume", "out"), files(tmp_path / "out")) == stopped


def cut_last_line(journal: Path) -> None:
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:-1]))


def test_a_run_that_is_stopped_again_before_it_counts_keeps_its_certificates(run, goes_on, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(command, "examine_sources", interrupt)
        assert run("verify", "--resume", "out")[0] == 3
    assert len(os.listdir("out/certificates")) == 40
    assert goes_on()


def test_chunks_whose_certificates_are_gone_are_done_again(goes_on):
    shutil.rmtree("out/certificates")
    assert goes_on()


def test_a_disk_that_is_full_of_certificates_loses_no_chunk(run, goes_on, monkeypatch):
    cut_last_line(Path("out/journal"))
    before = Path("out/journal").read_bytes()

    def full(path, text):
        raise OSError(ENOSPC, "No space left on device", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(chunks, "write_file", full)
        status, _, err = run("verify", "--resume", "out")
    assert (status, len(err.splitlines())) == (2, 1)
    assert "00001-000.cert.json cannot be written: No space left on device; what was finished before is in the" in err
    assert Path("out/journal").read_bytes() == before
    assert goes_on()


def test_a_fault_of_a_claim_takes_nothing_from_a_run_that_was_gone_on_with(run, goes_on, monkeypatch):
    cut_last_line(Path("out/journal"))
    before = Path("out/journal").read_bytes()
    monkeypatch.setenv("FAULT", "now")
    status, _, err = run("verify", "--resume", "out")
    assert (status, len(err.splitlines())) == (2, 1)
    assert Path("out/journal").read_bytes() == before
    monkeypatch.delenv("FAULT")
    assert goes_on()


def test_what_was_being_written_when_the_run_was_killed_goes(run, goes_on):
    for folder in ("out", "out/certificates"):
        Path(folder, ".run.json.77.part").write_text("{")
    assert goes_on()
    Path("out/.run.json.77.part").write_text("{")
    assert run(*ASKED, "--overwrite")[0] == 1


def test_a_run_that_was_killed_in_its_first_line_has_done_nothing(run, stopped):
    path = Path("out/journal")
    whole = path.read_bytes()
    Path("out/run.json").unlink()
    for cut in (0, 5, 30, whole.index(b"\n")):
        path.write_bytes(whole[:cut])
        status, _, err = run("verify", "--resume", "out")
        assert (status, "out holds no journal of a run; give --resume" in err) == (2, True)
        assert path.read_bytes() == whole[:cut]


def test_a_run_that_ends_while_another_asks_for_it_has_nothing_left_to_do(run, stopped, monkeypatch):
    assert run("verify", "--resume", "out")[0] == 1
    left, lock = files(Path("out")), output._lock
    Path("out/journal").write_bytes(b"of the run that is about to end\n")

    def late(out):
        lock(out)
        (out / "journal").unlink()

    monkeypatch.setattr(output, "_lock", late)
    status, _, err = run("verify", "--resume", "out")
    assert (status, "nothing is left to do" in err) == (2, True)
    assert files(Path("out")) == left


@pytest.mark.parametrize("name", ["verify", "prove"])
def test_another_version_may_have_other_options(run, name):
    Path("out").mkdir()
    Journal(Path("out/journal"), {"command": name, "version": "9.9"})
    status, _, err = run(name, "--resume", "out")
    assert (status, "out was begun by hardmax 9.9, this is " in err) == (2, True)


def test_a_module_that_has_changed_is_refused(run, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "ours_of_late.py").write_text(OWN)
    asked = [word.replace("mine.py", "ours_of_late:few") for word in ASKED]
    with monkeypatch.context() as patched:
        patched.setattr(command, "smallest_of", interrupt)
        run(*asked)
    (tmp_path / "ours_of_late.py").write_text(OWN.replace("3", "4"))
    status, _, err = run("verify", "--resume", "out")
    sys.modules.pop("ours_of_late")
    assert (status, "ours_of_late has changed since out was begun; start anew" in err) == (2, True)


def test_proofs_gone_on_with_elsewhere_lose_nothing(run, tmp_path, monkeypatch):
    """From another folder no input is found: what is proved already does not go for that."""
    for name in "ab":
        (tmp_path / f"{name}.json").write_text(json.dumps({"tokens": [[1], [2]]}))
    (tmp_path / "never.json").write_text("none")
    given = ["a.json", "never.json", "b.json"]
    unbroken = run("prove", *given, "--out", "out"), files(tmp_path / "out")
    shutil.rmtree("out")
    from hardmax.verify.commands import prove

    right = prove.prove_configuration
    with monkeypatch.context() as patched:
        many = iter((right, interrupt))
        patched.setattr(prove, "prove_configuration", lambda *a, **k: next(many)(*a, **k))
        run("prove", *given, "--out", "out")
    left = files(tmp_path / "out")
    (tmp_path / "b.json").rename("c.json")
    status, _, err = run("prove", "--resume", "out")
    assert (status, len(err.splitlines())) == (2, 1)
    assert "; it could be read when out was begun: put it back, or start anew with --out" in err
    assert files(tmp_path / "out") == left
    (tmp_path / "c.json").rename("b.json")
    (tmp_path / "out" / "a.cert.json").unlink()  # what is gone is made again
    assert (run("prove", "--resume", "out"), files(tmp_path / "out")) == unbroken


# -- executors --------------------------------------------------------------------------------------------------------


def test_threads_do_not_draw_in_one_anothers_way():
    plan, outside = Plan(("lemmas.norm_growth",), ("lattice", "faces")), providers._get_local_constants
    alone = list(run_campaign(plan, examples=40))
    with ThreadPoolExecutor(4) as executor:
        assert list(run_campaign(plan, examples=40, executor=executor, jobs=4)) == alone
        here, leave = Event(), Event()

        def other():
            with no_constants_from_source():
                here.set()
                leave.wait(10)

        with no_constants_from_source():
            second = executor.submit(other)
            assert not here.wait(0.1), "what it changes is changed for all threads"
        assert here.wait(10)
        leave.set()
        second.result()
    assert providers._get_local_constants is outside


def test_an_executor_that_drops_its_work_is_a_lost_worker():
    class Dropping(Executor):
        def submit(self, fn, /, *args):
            future = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    with pytest.raises(LostWorkerError):
        list(run_campaign(Plan(("lemmas.norm_growth",), ("lattice",)), examples=20, executor=Dropping()))
