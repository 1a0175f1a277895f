"""Verdicts a second: `prove` in one process on lattice configurations, claims included.

    python -m pytest tests/benchmarks --benchmark-only -o python_files='bench_*.py' -s

2 to 12 distinct nonzero tokens on a lattice in R^1 to R^4, A = I, α = 1: the main job of a campaign, without the
drawing. Time is that of the process, so that other processes on the machine do not count.
"""

import random
from time import process_time

import pytest

from hardmax.kernels import Configuration
from hardmax.verify.claims.conclusion import prove

COUNT = 2_000


@pytest.fixture(scope="module")
def batch():
    rng = random.Random(20240701)
    configurations = []
    while len(configurations) < COUNT:
        d, n, size = rng.randint(1, 4), rng.randint(2, 12), rng.choice([2, 3, 5])
        tokens = {tuple(rng.randint(-size, size) for _ in range(d)) for _ in range(n)} - {(0,) * d}
        if len(tokens) > 1:
            configurations.append(sorted(tokens))
    return configurations


def verdicts(batch):
    # Made anew in each round: what a configuration remembers of itself is part of the work.
    return [prove(Configuration(tokens)).verdict for tokens in batch]


@pytest.mark.benchmark(timer=process_time, min_rounds=5)
def test_prove(benchmark, batch):
    assert set(benchmark(verdicts, batch)) == {"verified"}
    rate = COUNT / benchmark.stats.stats.median
    benchmark.extra_info["configurations a second"] = round(rate)
    print(f"\nprove: {rate:.0f} configurations a second and core")
