"""Softmax layers: how long enclosures, proofs and checks take, and how many inputs a growing β decides.

    python tests/benchmarks/bench_softmax.py [INSTANCES]

Times are processor time. Enclosures: n = 8, d = 2, 4,000 layers at 128 bits, against as many float layers with their
bound. Growing β: α = 1/2, g = (1 + α)², random
tokens in thousandths, n ≤ 12, d ≤ 3, A = I.
"""

import random
import sys
from fractions import Fraction
from itertools import islice
from math import log2
from statistics import median
from time import process_time

import numpy as np

from hardmax.kernels import Configuration
from hardmax.kernels.softmax.float_layer import layer
from hardmax.kernels.softmax.model import Softmax
from hardmax.verify.certificates import checker
from hardmax.verify.certificates.softmax import softmax_certificate
from hardmax.verify.certificates.writer import to_text
from hardmax.verify.provers.freeze.budget import Budget, Work
from hardmax.verify.provers.freeze.outcome import Enclosed
from hardmax.verify.provers.softmax.prover import decide


def drawn(seed: int, n: int, d: int, model: Softmax) -> Configuration:
    """Random tokens in [−1, 1]."""
    r = random.Random(seed)
    return Configuration([[Fraction(r.randint(-1000, 1000), 1000) for _ in range(d)] for _ in range(n)], model)


def identity(d: int) -> list[list[int]]:
    return [[int(i == j) for j in range(d)] for i in range(d)]


def enclosures() -> None:
    for beta in (1, 4, 16):
        c = drawn(1, 8, 2, Softmax(identity(2), 1, beta))
        start = process_time()
        last = next(islice(c.dynamics().enclosed(128), 4000, None))
        radius, taken = log2(float(last.radius)), process_time() - start
        x, A = np.array(c.tokens, dtype=float), np.eye(2)
        start = process_time()
        for _ in range(4000):
            x, _bound = layer(x, A, 0.5, float(beta))
        ratio = taken / (process_time() - start)
        print(f"beta {beta}: 4,000 layers in {taken:.2f} s, {ratio:.1f} times float layers, radius 2^{radius:.0f}")


def growing(instances: int) -> None:
    times, checks, layers, sizes, decided = [], [], [], [], 0
    for seed in range(instances):
        r = random.Random(seed)
        n, d = r.randint(2, 12), r.randint(1, 3)
        c = drawn(seed, n, d, Softmax(identity(d), Fraction(1, 2), 1, Fraction(9, 4)))
        start = process_time()
        outcome = decide(c, Work(Budget()))
        times.append(process_time() - start)
        if isinstance(outcome, Enclosed):
            text = to_text(softmax_certificate(outcome))
            start = process_time()
            checker.check(text)
            checks.append(process_time() - start)
            decided, sizes, layers = decided + 1, [*sizes, len(text)], [*layers, outcome.layer]
    print(f"growing: {decided} of {instances} decided, at layer {max(layers)} at the latest")
    print(f"prover: median {1000 * median(times):.0f} ms, longest {1000 * max(times):.0f} ms")
    print(f"checker: median {1000 * median(checks):.0f} ms, longest {1000 * max(checks):.0f} ms")
    print(f"certificates: up to {max(sizes):,} characters")


if __name__ == "__main__":
    enclosures()
    growing(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
