"""The trials: which classifiers are trained on which seeds, what is measured on each.

A seed fixes the split, the initial values, the order and the dropout, so the spread over seeds includes the choice of
the test reviews, and twins of one seed are compared on the same split.

Neighbours: `training` trains, `measures` and `interventions` measure, `journal` keeps the results, `claims` reads them.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from math import log
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import numpy as np

from .....strategies.corpus import ReviewSource, read_reviews
from ....campaigns.journal import Journal, key_of
from ..classifier import baseline
from ..classifier.data import Dataset, Padding, encode, texts_of
from ..classifier.training import Recipe, train
from . import interventions, measures

Kind = Literal["hard", "twin", "alpha", "depth", "learned", "padding", "softmax", "published", "words"]
"""What a trial is for: the classifier itself; its twin without attention; another fixed α; another depth; α learned;
padding kept; trained through softmax; all of the paper's choices together; the bag-of-words regression."""

DIMENSIONS = (2, 4, 8, 16)
ALPHAS = (0.1, 0.3, 3.0, 10.0)
DEPTHS = (1, 2, 4, 16)
SOFTMAX_SEEDS = 3
"""Training through softmax costs fifty times as much, so fewer seeds do it."""


@dataclass(frozen=True, slots=True)
class TrainingTrial:
    """One classifier on one seed.

    Args:
        kind: what it is for.
        seed: of the split and of the training.
        recipe: how it is trained (for "words" nothing of it counts).
        padding: "masked" or "kept".
    """

    kind: Kind
    seed: int
    recipe: Recipe
    padding: Padding = "masked"


@dataclass(frozen=True, slots=True)
class Corpus:
    """Where the reviews come from: a CSV file (the installed package's if None) and which of its rows."""

    path: Path | None = None
    source: ReviewSource = "imdb"
    size: int = 10_000


def plan(
    seeds: Sequence[int], dimensions: Sequence[int] = DIMENSIONS, epochs: int = 8, softmax: bool = True
) -> list[TrainingTrial]:
    """Every trial for these seeds, the longest first.

    Args:
        seeds: distinct seeds ≥ 0.
        dimensions: the d at which everything is measured; α and depth are varied at the smallest.
        epochs: of every training.
        softmax: whether the first `SOFTMAX_SEEDS` seeds are also trained through softmax.
    """
    trials: list[TrainingTrial] = []
    low = min(dimensions)
    for position, seed in enumerate(seeds):
        recipe = Recipe(seed=seed, epochs=epochs, dimension=low)
        if softmax and position < SOFTMAX_SEEDS:
            trials.append(TrainingTrial("softmax", seed, replace(recipe, attention="softmax")))
            trials.append(
                TrainingTrial("published", seed, replace(recipe, attention="softmax", learn_alpha=True), "kept")
            )
        trials += [TrainingTrial("words", seed, recipe)]
        trials += [TrainingTrial("alpha", seed, replace(recipe, alpha=alpha)) for alpha in ALPHAS]
        trials += [TrainingTrial("depth", seed, replace(recipe, depth=depth)) for depth in DEPTHS]
        for d in dimensions:
            at = replace(recipe, dimension=d)
            trials += [
                TrainingTrial("hard", seed, at),
                TrainingTrial("twin", seed, replace(at, depth=0)),
                TrainingTrial("learned", seed, replace(at, learn_alpha=True)),
                TrainingTrial("padding", seed, at, "kept"),
            ]
    return sorted(trials, key=lambda trial: trial.recipe.attention == "hard")


def run_trial(trial: TrainingTrial, corpus: Corpus) -> dict[str, Any]:
    """Train and measure; the result as plain JSON values."""
    dataset = _dataset(corpus, trial.seed, trial.padding)
    about = {
        "trial": asdict(trial),
        "data": {
            **{name: len(getattr(dataset, name)) for name in ("train", "validation", "test")},
            "duplicates": dataset.duplicates,
            "dropped": dataset.dropped,
            "words": len(dataset.vocabulary.words),
        },
    }
    test = dataset.part("test")
    if trial.kind == "words":
        return about | {"accuracy": {"test": baseline.fit(dataset).accuracy(*test)}}
    began = perf_counter()
    trained = train(dataset, trial.recipe, watch={"test": test})
    seconds = perf_counter() - began
    rng = np.random.default_rng((trial.seed, 1))
    return about | {
        "accuracy": {
            "test": trained.history[trained.chosen].watched["test"],
            "best_test": max(epoch.watched["test"] for epoch in trained.history),
        },
        "epoch": trained.chosen + 1,
        "alpha": trained.model.alpha,
        "log_alpha": log(trained.model.alpha),
        "digest": trained.model.digest(),
        "epoch_seconds": seconds / trial.recipe.epochs,
        "measures": _measures(trial, trained.model, dataset, corpus, rng),
    }


def _measures(
    trial: TrainingTrial, model: Any, dataset: Dataset, corpus: Corpus, rng: np.random.Generator
) -> dict[str, Any]:
    """What is measured on a trial of this kind besides its accuracy."""
    bags, labels = dataset.part("test")
    if trial.kind in ("padding", "published"):
        return {"leaders": measures.leader_counts(model, bags), "padding_leads": measures.padding_leads(model, bags)}
    if trial.kind != "hard":
        return {}
    sentiment = _sentiment(corpus, trial.seed)
    return {
        "leaders": measures.leader_counts(model, bags),
        "untrained_leaders": measures.leader_counts(measures.untrained(model, rng), bags),
        "against_others": measures.leaders_against_others(model, bags, sentiment, rng),
        "frequent": measures.frequent_leaders(model, bags, labels, sentiment, rng),
        "spread": measures.spread(model, bags, rng),
        "softmax": measures.softmax_agreement(model, bags, rng),
        "interventions": interventions.accuracies(model, dataset, rng),
    }


@lru_cache(maxsize=1)
def _texts(path: Path | None, source: ReviewSource) -> tuple[list[list[str]], list[int]]:
    reviews = read_reviews(path, source)
    return texts_of(reviews), [review.label for review in reviews]


@lru_cache(maxsize=4)
def _dataset(corpus: Corpus, seed: int, padding: Padding) -> Dataset:
    texts, labels = _texts(corpus.path, corpus.source)
    return encode(texts, labels, seed=seed, size=corpus.size, padding=padding)


@lru_cache(maxsize=4)
def _sentiment(corpus: Corpus, seed: int) -> Any:
    """The weights of the bag-of-words regression of one seed's training part."""
    return baseline.fit(_dataset(corpus, seed, "masked")).weights


def run_trials(
    trials: Sequence[TrainingTrial],
    corpus: Corpus,
    *,
    journal: Journal | None = None,
    jobs: int = 1,
    progress: Callable[[int], None] | None = None,
) -> list[dict[str, Any]]:
    """The results of all trials, in that order.

    Args:
        trials: from `plan`.
        corpus: the reviews.
        journal: takes each result as soon as it is there; those in it already are taken from there.
        jobs: processes, ≥ 1.
        progress: called with the number of results that are there.

    Raises:
        InputError: the reviews are too few for a measure.
    """
    reviews = key_of(_texts(corpus.path, corpus.source), corpus.size)
    keys = [key_of("trial", reviews, asdict(trial)) for trial in trials]
    work = partial(run_trial, corpus=corpus)
    return (journal or Journal()).run(work, keys, trials, jobs=jobs, progress=progress)
