"""The prover of many tokens known by their Gram matrix against exact layers of the same tokens, in one run.

    python tests/benchmarks/bench_gram.py

Samples of a closed curve, until every token leads or follows a leader. The exact layers are those of
`kernels.exact.gram`, whose sets are compared as well.
"""

from time import process_time

import numpy as np

from hardmax.kernels import Configuration
from hardmax.kernels.exact.dynamics import itinerary
from hardmax.verify.claims.case import Case


def main(n: int = 120) -> None:
    s = 2 * np.pi * np.arange(n) / n
    X = np.rint(np.stack([3 * np.cos(s), 2 * np.sin(s), np.cos(2 * s), np.sin(3 * s)], axis=1) * 2**16)
    X = np.concatenate([X, np.random.default_rng(0).integers(-9, 9, (n, 2 * n))], axis=1)
    c = Configuration.from_gram(X @ X.T, 1)
    start = process_time()
    outcome = Case(c).outcome
    ours = process_time() - start
    layers = [phase.sets for phase in outcome.phases for _ in range(phase.layers)]
    start = process_time()
    assert itinerary(c, len(layers)) == layers
    exact = process_time() - start
    print(f"{n} tokens, {len(layers)} layers: proved in {ours:.3f} s, exact layers {exact:.3f} s, {exact / ours:.1f} x")


if __name__ == "__main__":
    main()
