"""The whole of it: every trial, every proof, every claim, written as one record that a page can be made of.

    DIR/trials/*.json    one trial each, written as they end
    DIR/proofs.jsonl     one review a line, written as they come
    DIR/sentiment.json   the record: settings, data, claims with verdicts, tables, proofs, an example; written last

A run that is stopped goes on from what is there. Neighbours: `trials`, `proofs` and `claims` do the work.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from .....strategies.corpus import Review, read_reviews
from ..classifier.data import Dataset, encode, texts_of
from ..classifier.model import Classifier
from ..explain import explain
from ..proofs import prove_reviews, summary
from .claims import CLAIMS, PUBLISHED
from .judgement import Evidence, Judged, judge
from .statistics import Estimate
from .trials import DIMENSIONS, Corpus, plan, run_trials

FORMAT = "hardmax-sentiment"
VERSION = 1
RECORD = "sentiment.json"

Progress = Callable[[str, int, int], None]
"""Called with the stage, how much of it is done, and how much there is."""


def verify(
    folder: Path,
    model: Classifier,
    *,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    dimensions: Sequence[int] = DIMENSIONS,
    epochs: int = 8,
    softmax: bool = True,
    reviews: int | None = None,
    jobs: int = 1,
    corpus: Corpus | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Run what is missing in `folder`, judge every claim, and write the record.

    Args:
        folder: where everything is written.
        model: the classifier whose test reviews are proved.
        seeds: of the trials.
        dimensions: d at which classifiers are trained.
        epochs: of each training.
        softmax: whether some are trained through softmax (needs torch).
        reviews: how many test reviews are proved; all if None.
        jobs: processes.
        corpus: the reviews; the installed package's if None.
        progress: told how far the run is.

    Returns:
        The record, as it is written to `sentiment.json`.

    Raises:
        InputError: the reviews are not installed, or the folder holds another run.
    """
    began = perf_counter()
    corpus = corpus or Corpus()
    report = progress or (lambda stage, done, total: None)
    folder.mkdir(parents=True, exist_ok=True)

    # The proofs come first: what is wrong with the folder or the model shows before anything is trained.
    reviews_read = read_reviews(corpus.path, corpus.source)
    dataset = dataset_of(model, corpus)
    chosen = dataset.test if reviews is None else dataset.test[:reviews]
    proofs = prove_reviews(
        model,
        dataset.bags.take(chosen),
        chosen,
        jobs=jobs,
        journal=folder / "proofs.jsonl",
        progress=lambda done: report("proofs", done, len(chosen)),
    )
    proved = perf_counter()
    trials = plan(seeds, dimensions, epochs, softmax)
    ended = iter(range(1, len(trials) + 1))
    results = run_trials(
        trials, folder / "trials", corpus, jobs=jobs, progress=lambda _: report("trials", next(ended), len(trials))
    )
    trained = perf_counter()

    evidence = Evidence(results)
    record = {
        "format": FORMAT,
        "version": VERSION,
        "settings": {
            "seeds": list(seeds),
            "dimensions": list(dimensions),
            "epochs": epochs,
            "softmax": softmax,
            "source": corpus.source,
        },
        "data": results[0]["data"],
        "claims": [judged_to_json(judged) for judged in judge(CLAIMS, evidence)],
        "accuracy": accuracy_table(evidence),
        "leaders": leader_table(evidence),
        "frequent": _first(evidence.by_seed("hard", "measures", "frequent", dimension=min(dimensions))),
        "spread": {
            str(d): _mean_curves(evidence.by_seed("hard", "measures", "spread", dimension=d)) for d in dimensions
        },
        "speed": speed_table(evidence),
        "proofs": summary(proofs),
        "model": {
            "digest": model.digest(),
            **{name: model.provenance.get(name) for name in ("command", "test_accuracy", "twin_test_accuracy")},
        },
        "reproduced": any(result.get("digest") == model.digest() for result in results),
        "example": example_json(model, dataset, reviews_read),
        "trainings": {
            "all": sum("epoch" in result for result in results),
            "longest": sum(result.get("epoch") == epochs for result in results),
        },
        "seconds": {"trials": trained - proved, "proofs": proved - began, "all": perf_counter() - began},
    }
    write_record(folder / RECORD, record)
    return record


def remove(folder: Path) -> None:
    """Remove what a run has left in a folder, and nothing else."""
    for name in (RECORD, "proofs.jsonl", "sentiment.html"):
        (folder / name).unlink(missing_ok=True)
    for trial in (folder / "trials").glob("*.json"):
        trial.unlink()


def dataset_of(model: Classifier, corpus: Corpus) -> Dataset:
    """The corpus with the split on which the model was trained, in the model's vocabulary."""
    reviews = read_reviews(corpus.path, corpus.source)
    seed = model.provenance.get("recipe", {}).get("seed", 0)
    labels = [review.label for review in reviews]
    return encode(texts_of(reviews), labels, seed=seed, padding=model.padding, vocabulary=model.vocabulary)


def example_review(model: Classifier, dataset: Dataset) -> tuple[int, str]:
    """The index of the review that the page shows, and the rule by which it was taken.

    Among the test reviews of 25 to 45 distinct words that are classified correctly with a probability above 0.95, the
    first one; if there is none, the first test review.
    """
    bags, labels = dataset.part("test")
    sizes = np.diff(bags.start)
    probability = 1 / (1 + np.exp(-model.logits(bags)))
    fits = (sizes >= 25) & (sizes <= 45) & (np.abs(probability - (1 - labels)) > 0.95)
    rule = "the first test review of 25 to 45 distinct words that is classified correctly and confidently"
    return int(dataset.test[np.argmax(fits)]), rule if fits.any() else "the first test review"


def example_json(model: Classifier, dataset: Dataset, reviews: Sequence[Review]) -> dict[str, Any]:
    """The explanation of the example review, with its place in the corpus and its label."""
    index, rule = example_review(model, dataset)
    label = "positive" if reviews[index].label else "negative"
    return {"review": index, "rule": rule, "label": label} | explain(model, reviews[index].text).to_json()


def judged_to_json(judged: Judged) -> dict[str, Any]:
    """A claim with its parts, effects, intervals and verdicts, as plain JSON values."""
    claim = judged.claim
    return {
        "id": claim.id,
        "origin": claim.origin,
        "statement": claim.statement,
        "why": claim.why,
        "verdict": judged.verdict,
        "parts": [
            {
                "label": part.label,
                "quantity": part.quantity,
                "verdict": part.verdict,
                "comparisons": [
                    {"verdict": comparison.verdict, **_plain(asdict(comparison))} for comparison in part.comparisons
                ],
            }
            for part in judged.parts
        ],
    }


def accuracy_table(evidence: Evidence) -> list[dict[str, Any]]:
    """One row a dimension: test accuracies of every kind, with intervals, beside the published figure."""
    columns = {
        "hard": ("hard", "test"),
        "best": ("hard", "best_test"),
        "twin": ("twin", "test"),
        "learned": ("learned", "test"),
        "padding": ("padding", "test"),
        "softmax": ("softmax", "test"),
    }
    rows = []
    for d in evidence.dimensions:
        row: dict[str, Any] = {"dimension": d, "published": PUBLISHED.get(d)}
        for name, (kind, which) in columns.items():
            row[name] = _estimate(evidence.by_seed(kind, "accuracy", which, dimension=d))
        row["words"] = _estimate(evidence.by_seed("words", "accuracy", "test"))
        row["learned_alpha"] = _estimate(evidence.by_seed("learned", "alpha", dimension=d))
        rows.append(row)
    return rows


def leader_table(evidence: Evidence) -> list[dict[str, Any]]:
    """One row a dimension and treatment of the padding: leaders per review, over all seeds."""
    rows = []
    for kind, padding in (("hard", "masked"), ("padding", "kept")):
        for d in evidence.dimensions:
            by_seed = evidence.by_seed(kind, "measures", "leaders", dimension=d)
            if not by_seed:
                continue
            found = list(by_seed.values())
            rows.append(
                {
                    "dimension": d,
                    "padding": padding,
                    **{name: _estimate({s: one[name] for s, one in by_seed.items()}) for name in LEADER_COLUMNS},
                    "min": min(one["min"] for one in found),
                    "max": max(one["max"] for one in found),
                    "histogram": found[0]["histogram"],
                }
            )
    return rows


LEADER_COLUMNS = ("mean", "deviation", "initial", "share")


def speed_table(evidence: Evidence) -> list[dict[str, Any]]:
    """Seconds an epoch through the hard and through the softmax layers, where both were trained."""
    rows = []
    for d in evidence.dimensions:
        hard = evidence.by_seed("hard", "epoch_seconds", dimension=d)
        soft = evidence.by_seed("softmax", "epoch_seconds", dimension=d)
        if hard and soft:
            hard_mean, soft_mean = (float(np.mean(list(one.values()))) for one in (hard, soft))
            rows.append({"dimension": d, "hard": hard_mean, "softmax": soft_mean, "ratio": soft_mean / hard_mean})
    return rows


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write the record, all of it or nothing."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(record, indent=1, allow_nan=False, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(partial, path)


def _estimate(values: Mapping[int, float]) -> dict[str, Any] | None:
    return _plain(asdict(Estimate.of(list(values.values())))) if values else None


def _first(values: Mapping[int, Any]) -> Any:
    """The value of the first seed: words differ between seeds, and no seed is picked for its words."""
    return values[min(values)] if values else None


def _mean_curves(by_seed: Mapping[int, Mapping[str, Sequence[float]]]) -> dict[str, list[float]]:
    if not by_seed:
        return {}
    names = next(iter(by_seed.values()))
    return {name: np.mean([one[name] for one in by_seed.values()], axis=0).tolist() for name in names}


def _plain(value: Any) -> Any:
    """Tuples as lists, all the way down."""
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, list | tuple) else value


__all__ = [
    "FORMAT",
    "RECORD",
    "VERSION",
    "accuracy_table",
    "dataset_of",
    "example_review",
    "judged_to_json",
    "leader_table",
    "speed_table",
    "verify",
    "write_record",
]
