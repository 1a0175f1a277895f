"""The exact kernel against plain `sympy.Matrix` arithmetic on the same configuration, in one run.

    python -m pytest tests/benchmarks --benchmark-only -o python_files='bench_*.py' -s

n = 128 tokens in the plane with float32 values, A = I, α = 1, 8 layers. The matrices of Rationals are the oracle of the
tests. "Layers" computes all 8 layers, "captured" ends as soon as a freeze proof decides all layers there are.
"""

from itertools import islice
from time import process_time

import numpy as np
import pytest

from hardmax.kernels import Configuration
from hardmax.kernels.exact.dynamics import Dynamics
from hardmax.verify.provers.freeze.outcome import Frozen
from hardmax.verify.provers.freeze.prover import decide

from ..kernels.oracle import matrix_layers

LAYERS = 8


@pytest.fixture(scope="module")
def configuration():
    rng = np.random.default_rng(20240701)
    return Configuration.from_array(rng.normal(size=(128, 2)).astype(np.float32))


@pytest.fixture(scope="module")
def oracle(configuration):
    """What the oracle finds, and its seconds."""
    start = process_time()
    layers = [sets for _, sets in islice(matrix_layers(configuration), LAYERS)]
    return layers, process_time() - start


def layers(configuration):
    return [sets for _, sets in islice(Dynamics(configuration).layers(), LAYERS)]


def report(benchmark, what, seconds):
    ratio = seconds / benchmark.stats.stats.median
    benchmark.extra_info["times the oracle"] = round(ratio, 1)
    print(
        f"\n{what}: oracle {seconds:.2f} s, here {benchmark.stats.stats.median * 1e3:.2f} ms, {ratio:.0f} times as fast"
    )


@pytest.mark.benchmark(timer=process_time, min_rounds=5)
def test_layers(benchmark, configuration, oracle):
    found, seconds = oracle
    assert benchmark(layers, configuration) == found
    report(benchmark, "layers", seconds)


@pytest.mark.benchmark(timer=process_time, min_rounds=5)
def test_captured(benchmark, configuration, oracle):
    found, seconds = oracle
    outcome = benchmark(decide, configuration)
    assert isinstance(outcome, Frozen)
    proved = [phase.sets for phase in outcome.phases for _ in range(phase.layers)]
    assert (proved + [outcome.sets] * LAYERS)[:LAYERS] == found
    report(benchmark, "captured", seconds)
