"""Campaigns: two processes against one, a Dask cluster against a pool, resuming, throughput of a hunt, memory.

    python tests/benchmarks/bench_campaign.py [jobs] [resume] [hunt] [memory]

Ratios are of one run on one machine, of the medians of rounds that take turns; `hunt` is processor time, `memory` the
most that the process ever held. Without words all parts run, in about eight minutes on two cores that do nothing else.
"""

import os
import resource
import sys
import tempfile
from concurrent.futures import Executor, ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import monotonic, process_time

from hardmax.verify.campaigns.campaign import Plan, completed, run_campaign, run_chunk
from hardmax.verify.campaigns.hunt import run_hunt
from hardmax.verify.campaigns.journal import Journal
from hardmax.verify.claims.registry import select_claims
from hardmax.verify.provers.freeze.budget import Budget

EXAMPLES, ROUNDS = 12_000, 3


def seconds(plan: Plan, executor: Executor, jobs: int) -> float:
    """Of one campaign; the processes have begun and loaded everything before."""
    for future in [executor.submit(run_chunk, completed(plan, EXAMPLES)[0], k, 20) for k in range(4 * jobs)]:
        future.result()
    start = monotonic()
    done = sum(t.configurations for t in run_campaign(plan, examples=EXAMPLES, jobs=jobs, executor=executor))
    return (monotonic() - start) * EXAMPLES / done


def jobs() -> None:
    """Two processes and a Dask cluster of two workers against one process, chunks of about a second, in turns."""
    claims = tuple(c.id for c in select_claims("clustering.*,lemmas.*") if c.every is not None)
    plan = Plan(claims, seed=1)
    context = get_context("spawn")
    os.environ.setdefault("DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED", "False")  # a look a hundred times a second
    took: dict[str, list[float]] = {"one process": [], "two processes": [], "Dask, two workers": []}
    for _ in range(ROUNDS):
        for name, count in (("one process", 1), ("two processes", 2)):
            with ProcessPoolExecutor(count, mp_context=context) as pool:
                took[name].append(seconds(plan, pool, count))
        try:
            from distributed import Client, LocalCluster
        except ImportError:
            continue
        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as local, Client(local) as client:
            took["Dask, two workers"].append(seconds(plan, client.get_executor(), 2))
    middle = {name: median(rounds) for name, rounds in took.items() if rounds}
    for name, value in middle.items():
        print(f"{EXAMPLES} configurations, {name}: {value:.1f} s ({', '.join(f'{s:.1f}' for s in took[name])})")
    print(f"two processes are {middle['one process'] / middle['two processes']:.2f} times as fast as one")
    if "Dask, two workers" in middle:
        print(f"Dask: {middle['Dask, two workers'] / middle['two processes'] - 1:+.1%} of two processes")
    else:
        print("Dask: not installed")


def resume() -> None:
    """A journal of 2,000 chunks, a million configurations, read and counted again."""
    plan = Plan(("lemmas.norm_growth",), ("lattice",), seed=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        journal = Journal(path)
        next(run_campaign(plan, examples=500, journal=journal))
        (entry,) = Journal(path).known.values()
        for number in range(1, 2_000):
            journal.add(f"chunk {number}", {**entry, "configurations": 500})
        start = monotonic()
        done = sum(t.configurations for t in run_campaign(plan, examples=999_000, journal=Journal(path)))
        print(f"resuming after {done} configurations, {path.stat().st_size / 1e6:.1f} MB: {monotonic() - start:.2f} s")


def hunt() -> None:
    """Configurations a second and core of the open statement, a family each."""
    (claim,) = select_claims("freezing.every_itinerary")
    (source,) = claim.inputs
    rates: dict[str, list[int | float]] = {}
    batches = run_hunt(claim, source, seed=1, examples=10**9, budget=Budget())
    next(batches)
    start = process_time()
    for tally in islice(batches, 30):
        (family,) = [regime for regime, counts in tally.coverage.items() if "screened" in counts]
        known = rates.setdefault(family, [0, 0, 0.0])
        known[0] += tally.configurations
        known[1] += tally.coverage[family]["examined"]
        now = process_time()
        known[2] += now - start
        start = now
    for family, (configurations, examined, took) in rates.items():
        print(f"{family}: {configurations / took:,.0f} a second and core, {examined / configurations:.1%} proved")


def memory() -> None:
    """The most memory after a tenth of a million configurations, and after a million."""
    (claim,) = select_claims("freezing.every_itinerary")
    (source,) = claim.inputs
    done, marks = 0, [100_000, 1_000_000]
    for tally in run_hunt(claim, source, seed=1, examples=marks[-1], budget=Budget()):
        done += tally.configurations
        while marks and done >= marks[0]:
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"after {marks.pop(0):,} configurations: {most:.0f} MB")


if __name__ == "__main__":
    print(f"load average {os.getloadavg()[0]:.1f}")
    for part in (jobs, resume, hunt, memory):
        if part.__name__ in (sys.argv[1:] or ("jobs", "resume", "hunt", "memory")):
            part()
