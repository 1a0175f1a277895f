"""A campaign on a Dask cluster finds what one process finds, also where workers die in the midst."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from hardmax.kernels.errors import InputError
from hardmax.verify.campaigns.campaign import Plan, run_campaign
from hardmax.verify.campaigns.cluster import cluster

distributed = pytest.importorskip("distributed", reason="distributed is not installed: pip install 'hardmax[dask]'")

PLAN = Plan(("lemmas.norm_growth", "clustering.vertices"), ("lattice",), kernels=("numpy",))
EXAMPLES = 2000


@pytest.fixture(scope="module")
def local():
    """A cluster of two processes, each with one thread."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", host="127.0.0.1"
    ) as made:
        yield made


@pytest.fixture(scope="module")
def alone():
    return list(run_campaign(PLAN, examples=EXAMPLES))


def test_a_cluster_gives_the_verdicts_of_one_process(local, alone):
    with cluster(local.scheduler_address) as (executor, workers):
        assert workers == 2
        assert list(run_campaign(PLAN, examples=EXAMPLES, executor=executor, jobs=workers)) == alone


def test_the_chunks_of_a_lost_worker_are_done_again(local, alone):
    pids = [worker.process.pid for worker in local.workers.values()]
    with cluster(local.scheduler_address) as (executor, workers):
        tallies = run_campaign(PLAN, examples=EXAMPLES, executor=executor, jobs=workers)
        found = [next(tallies)]
        os.kill(pids[0], signal.SIGKILL)
        found += tallies
    assert found == alone


def test_the_command_works_on_a_cluster_and_ends_with_the_same_line(local, tmp_path):
    command = [
        sys.executable,
        "-m",
        "hardmax.verify.cli",
        "verify",
        "--claims",
        "lemmas.norm_growth",
        "--examples",
        "300",
    ]
    alone = subprocess.run(command, capture_output=True, text=True, check=True)
    shared = subprocess.run(
        [*command, "--dask", local.scheduler_address, "--out", "out"], cwd=tmp_path, capture_output=True, text=True
    )
    assert shared.returncode == 0, shared.stderr
    assert shared.stdout.splitlines()[:-1] == alone.stdout.splitlines()
    assert list((tmp_path / "out" / "certificates").iterdir()), "they come back with the tallies"


def test_a_scheduler_that_nobody_reaches_is_one_line(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "hardmax.verify.cli", "verify", "--dask", address, "--out", "out"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert not (tmp_path / "out").exists()
    assert done.returncode == 2
    assert done.stderr.startswith(f"hardmax: error: there is no Dask scheduler at {address} (")
    assert done.stderr.endswith("; start one: dask scheduler\n")
    assert len(done.stderr.splitlines()) == 1
    assert time.monotonic() - begun < 60


@pytest.mark.parametrize(
    ("threads", "said"),
    [({}, "has no workers; start some"), ({"a": 1, "b": 2}, "has several threads; start workers with --nthreads 1")],
)
def test_workers_that_cannot_serve_are_one_line(monkeypatch, threads, said):
    class Client(contextlib.nullcontext):
        """Of a scheduler with such workers."""

        def __init__(self, **_):
            super().__init__()

        def nthreads(self):
            return threads

    monkeypatch.setattr(distributed, "Client", Client)
    with pytest.raises(InputError, match=said), cluster("tcp://127.0.0.1:1"):
        pass
