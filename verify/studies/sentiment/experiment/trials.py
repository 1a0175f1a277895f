"""The trials: which classifiers are trained on which seeds, what is measured on each, kept in a folder to go on from.

A seed fixes the split, the initial values, the order and the dropout, so the spread over seeds includes the choice of
the test reviews, and twins of one seed are compared on the same split.

Neighbours: `training` trains, `measures` and `interventions` measure, `claims` reads the results.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import numpy as np

from .....kernels.errors import InputError
from .....strategies.corpus import ReviewSource, read_reviews
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
class Trial:
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

    @property
    def name(self) -> str:
        """The name of its file."""
        recipe = self.recipe
        return f"{self.kind}-d{recipe.dimension}-K{recipe.depth}-a{recipe.alpha:g}-seed{self.seed}"


@dataclass(frozen=True, slots=True)
class Corpus:
    """Where the reviews come from: a CSV file (the installed package's if None) and which of its rows."""

    path: Path | None = None
    source: ReviewSource = "imdb"
    size: int = 10_000


def plan(
    seeds: Sequence[int], dimensions: Sequence[int] = DIMENSIONS, epochs: int = 8, softmax: bool = True
) -> list[Trial]:
    """Every trial for these seeds, the longest first.

    Args:
        seeds: distinct seeds ≥ 0.
        dimensions: the d at which everything is measured; α and depth are varied at the smallest.
        epochs: of every training.
        softmax: whether the first `SOFTMAX_SEEDS` seeds are also trained through softmax.
    """
    trials: list[Trial] = []
    low = min(dimensions)
    for position, seed in enumerate(seeds):
        recipe = Recipe(seed=seed, epochs=epochs, dimension=low)
        if softmax and position < SOFTMAX_SEEDS:
            trials.append(Trial("softmax", seed, replace(recipe, attention="softmax")))
            trials.append(Trial("published", seed, replace(recipe, attention="softmax", learn_alpha=True), "kept"))
        trials += [Trial("words", seed, recipe)]
        trials += [Trial("alpha", seed, replace(recipe, alpha=alpha)) for alpha in ALPHAS]
        trials += [Trial("depth", seed, replace(recipe, depth=depth)) for depth in DEPTHS]
        for d in dimensions:
            at = replace(recipe, dimension=d)
            trials += [
                Trial("hard", seed, at),
                Trial("twin", seed, replace(at, depth=0)),
                Trial("learned", seed, replace(at, learn_alpha=True)),
                Trial("padding", seed, at, "kept"),
            ]
    order: list[Kind] = ["published", "softmax"]
    return sorted(trials, key=lambda trial: order.index(trial.kind) if trial.kind in order else len(order))


def run_trial(trial: Trial, corpus: Corpus) -> dict[str, Any]:
    """Train and measure; the result as plain JSON values."""
    dataset = _dataset(corpus, trial.seed, trial.padding)
    began = perf_counter()
    if trial.kind == "words":
        regression = baseline.fit(dataset)
        parts = {name: regression.accuracy(*dataset.part(name)) for name in ("validation", "test")}
        return _described(trial, dataset) | {"accuracy": parts, "penalty": regression.penalty}
    test = dataset.part("test")
    trained = train(dataset, trial.recipe, watch={"test": test})
    seconds = perf_counter() - began
    chosen = trained.history[trained.chosen]
    rng = np.random.default_rng((trial.seed, 1))
    return _described(trial, dataset) | {
        "accuracy": {
            "validation": chosen.validation,
            "test": chosen.watched["test"],
            "best_test": max(epoch.watched["test"] for epoch in trained.history),
        },
        "epoch": trained.chosen + 1,
        "alpha": trained.model.alpha,
        "digest": trained.model.digest(),
        "epoch_seconds": seconds / trial.recipe.epochs,
        "history": [asdict(epoch) for epoch in trained.history],
        "measures": _measures(trial, trained.model, dataset, corpus, rng),
    }


def _measures(trial: Trial, model: Any, dataset: Dataset, corpus: Corpus, rng: np.random.Generator) -> dict[str, Any]:
    """What is measured on a trial of this kind besides its accuracy."""
    bags, labels = dataset.part("test")
    if trial.kind in ("padding", "published"):
        return {"leaders": measures.leader_counts(model, bags), "padding": measures.padding_role(model, bags)}
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


def _described(trial: Trial, dataset: Dataset) -> dict[str, Any]:
    """What the trial is, so that a folder can tell whether it still holds the same one."""
    return {
        "trial": asdict(trial),
        "data": {
            "train": len(dataset.train),
            "validation": len(dataset.validation),
            "test": len(dataset.test),
            "duplicates": dataset.duplicates,
            "dropped": dataset.dropped,
            "words": len(dataset.vocabulary.words),
        },
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
    trials: Sequence[Trial],
    folder: Path,
    corpus: Corpus,
    *,
    jobs: int = 1,
    progress: Callable[[Trial], None] | None = None,
) -> list[dict[str, Any]]:
    """The results of all trials, those in the folder already taken from there.

    Args:
        trials: from `plan`.
        folder: a file `NAME.json` a trial is written there as soon as it ends.
        corpus: the reviews.
        jobs: processes, ≥ 1.
        progress: called with each trial when its result is there.

    Returns:
        One result a trial, in the order of `trials`.

    Raises:
        InputError: a file in the folder is damaged, of a trial with other settings or of other reviews; or the reviews
            are too few for a measure.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digest = _corpus_digest(corpus)
    results: dict[str, dict[str, Any]] = {}
    missing: list[Trial] = []
    for trial in trials:
        known = _read(folder, trial, digest)
        if known is None:
            missing.append(trial)
        else:
            results[trial.name] = known
            if progress is not None:
                progress(trial)
    for trial, result in _computed(missing, corpus, jobs):
        _write(folder, trial, result, digest)
        results[trial.name] = result
        if progress is not None:
            progress(trial)
    return [results[trial.name] for trial in trials]


def _computed(trials: Sequence[Trial], corpus: Corpus, jobs: int) -> Iterator[tuple[Trial, dict[str, Any]]]:
    """Each trial with its result, as they end."""
    if jobs == 1 or len(trials) < 2:
        for trial in trials:
            yield trial, run_trial(trial, corpus)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        running = {pool.submit(run_trial, trial, corpus): trial for trial in trials}
        try:
            for done in as_completed(running):
                yield running[done], done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _one_thread() -> None:
    """Processes share the cores already: torch and BLAS must not start threads of their own in each."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"


@lru_cache(maxsize=1)
def _corpus_digest(corpus: Corpus) -> str:
    """A digest of the reviews, their classes and the size of the vocabulary."""
    return sha256(json.dumps([_texts(corpus.path, corpus.source), corpus.size]).encode()).hexdigest()


def _read(folder: Path, trial: Trial, corpus: str) -> dict[str, Any] | None:
    """The result in the folder, or None if there is none."""
    path = folder / f"{trial.name}.json"
    if not path.exists():
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        result, seal = document["result"], document["seal"]
        found = result["trial"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{path} is damaged ({error}); delete it to run this trial again") from None
    if seal != _seal(result):
        raise InputError(f"{path} is damaged (its content was changed); delete it to run this trial again")
    if found != json.loads(json.dumps(asdict(trial))):
        raise InputError(f"{path} holds a trial with other settings; give another folder or delete it")
    if document.get("corpus") != corpus:
        raise InputError(f"{path} holds a trial on other reviews; give another folder or delete it")
    return result


def _write(folder: Path, trial: Trial, result: dict[str, Any], corpus: str) -> None:
    try:
        text = json.dumps({"corpus": corpus, "seal": _seal(result), "result": result}, allow_nan=False)
    except ValueError:
        raise InputError(
            f"there are too few reviews for the trial {trial.name}: a mean has no value; give more"
        ) from None
    partial = folder / f"{trial.name}.partial"
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, folder / f"{trial.name}.json")


def _seal(result: Any) -> str:
    return sha256(json.dumps(result, sort_keys=True).encode()).hexdigest()


__all__ = ["ALPHAS", "DEPTHS", "DIMENSIONS", "Corpus", "Kind", "Trial", "plan", "run_trial", "run_trials"]
