"""The whole of it: every trial, every proof, every claim, as one record that a page can be made of.

Proofs and trials are kept in a journal as they come, so a run that is stopped goes on from there.

Neighbours: `trials`, `proofs` and `claims` do the work; the command `verify` writes the record and its page.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import fmean
from time import perf_counter

import numpy as np
from msgspec import convert

from .....kernels.exact.configuration import Configuration
from .....reports.records.sentiment_record import (
    AccuracyRow,
    DataRecord,
    EstimateRecord,
    ExampleRecord,
    ExplanationRecord,
    FrequentRecord,
    LeaderRow,
    ModelRecord,
    SecondsRecord,
    SentimentRecord,
    SettingsRecord,
    SpeedRow,
    TrainingsRecord,
)
from .....strategies.corpus import Review, read_reviews
from ....campaigns.journal import Journal
from ..classifier.data import Dataset, encode, texts_of
from ..classifier.model import Classifier, shipped_model
from ..explain import explain
from ..near_hardmax import merged, nearness
from ..near_hardmax import summary as near_hardmax
from ..proofs import prove_reviews, summary
from ..rounding import roundings
from .claims import CLAIMS, PUBLISHED
from .judgement import Evidence, estimate, judge
from .trials import Corpus, plan, run_trials

Progress = Callable[[str, int, int], None]
"""Called with the stage, how much of it is done, and how much there is."""
ROUNDED = 300
"""Test reviews whose embedding is rounded: a tenth of a second each."""


def verify(
    model: Classifier,
    *,
    journal: Journal,
    seeds: Sequence[int],
    dimensions: Sequence[int],
    epochs: int,
    softmax: bool,
    reviews: int | None,
    jobs: int,
    corpus: Corpus,
    progress: Progress,
) -> SentimentRecord:
    """Do what is missing in the journal, judge every claim, and return the record.

    Args:
        model: the classifier whose test reviews are proved.
        journal: takes every result as it comes.
        seeds: of the trials.
        dimensions: d at which classifiers are trained.
        epochs: of each training.
        softmax: whether some are trained through softmax (needs torch).
        reviews: how many test reviews are proved; all if None.
        jobs: processes.
        corpus: the reviews.
        progress: told how far the run is.

    Raises:
        InputError: the reviews are not installed or too few.
    """
    began = perf_counter()
    dataset = dataset_of(model, corpus)
    chosen = dataset.test[:reviews]
    proofs = prove_reviews(
        model,
        dataset.bags.take(chosen),
        jobs=jobs,
        journal=journal,
        progress=lambda done: progress("proofs", done, len(chosen)),
    )
    rounded = roundings(
        model,
        dataset.bags.take(chosen[:ROUNDED]),
        lambda done: progress("roundings", done, min(ROUNDED, len(chosen))),
    )
    near = []
    for done, r in enumerate(map(int, chosen), 1):
        near.append(nearness(merged(model.configuration(*dataset.bags.bag(r)))))
        progress("softmax rows", done, len(chosen))
    proved = perf_counter()
    trials = plan(seeds, dimensions, epochs, softmax)
    results = run_trials(
        trials, corpus, journal=journal, jobs=jobs, progress=lambda done: progress("trials", done, len(trials))
    )
    trained = perf_counter()
    evidence = Evidence(results)
    origin = {name: model.provenance.get(name) for name in ("command", "test_accuracy", "twin_test_accuracy")}
    # The first seed's: words differ between seeds, and no seed is picked for its words.
    frequent = evidence.by_seed("hard", "measures frequent", dimension=min(dimensions))[min(seeds)]
    curves = {d: evidence.by_seed("hard", "measures spread", dimension=d) for d in dimensions}
    return SentimentRecord(
        "hardmax-sentiment",
        1,
        settings=SettingsRecord(tuple(seeds), tuple(dimensions), epochs, softmax, corpus.source),
        data=convert(results[0]["data"], DataRecord),
        claims=tuple(judge(claim, evidence) for claim in CLAIMS),
        accuracy=accuracy_table(evidence),
        leaders=leader_table(evidence),
        frequent=convert(frequent, FrequentRecord | None),
        spread={d: _mean_curves(by_seed) for d, by_seed in curves.items()},
        speed=speed_table(evidence),
        proofs=summary(proofs),
        model=ModelRecord(digest=model.digest(), **origin),
        roundings=tuple(rounded),
        near_hardmax=near_hardmax(near),
        reproduced=any(result.get("digest") == model.digest() for result in results),
        example=example(model, dataset, read_reviews(corpus.path, corpus.source)),
        trainings=TrainingsRecord(
            all=sum("epoch" in result for result in results),
            longest=sum(result.get("epoch") == epochs for result in results),
        ),
        seconds=SecondsRecord(trials=trained - proved, proofs=proved - began, all=perf_counter() - began),
    )


def dataset_of(model: Classifier, corpus: Corpus) -> Dataset:
    """The corpus with the split on which the model was trained, in the model's vocabulary."""
    reviews = read_reviews(corpus.path, corpus.source)
    seed = model.provenance.get("recipe", {}).get("seed", 0)
    labels = [review.label for review in reviews]
    return encode(texts_of(reviews), labels, seed=seed, padding=model.padding, vocabulary=model.vocabulary)


def review_configurations(most: int | None = None) -> Iterator[tuple[str, Configuration]]:
    """The test reviews of the shipped classifier with equal words merged: (name, configuration) pairs.

    Args:
        most: the first so many; all if None.

    Raises:
        InputError: the reviews are not installed.
    """
    model = shipped_model()
    dataset = dataset_of(model, Corpus(None, "imdb"))
    for review in map(int, dataset.test[:most]):
        yield f"review {review}", model.configuration(*dataset.bags.bag(review))


def shipped_accuracy() -> str:
    """What can be said of the paper's accuracies without a training: that of the shipped classifier, computed anew.

    Raises:
        InputError: the reviews are not installed.
    """
    model = shipped_model()
    dataset = dataset_of(model, Corpus(None, "imdb"))
    found = model.accuracy(*dataset.part("test"))
    sizes = f"{len(dataset.test):,} test reviews"
    return (
        f"the shipped classifier, d = {model.dimension}, has {found:.4f} on {sizes}; published is "
        f"{PUBLISHED[model.dimension]} from 35,000 training reviews"
    )


def example(model: Classifier, dataset: Dataset, reviews: Sequence[Review]) -> ExampleRecord:
    """The review that the page shows, explained, with its place in the corpus, its label and the rule it was taken by.

    Among the test reviews of 25 to 45 distinct words that are classified correctly with a probability above 0.95, the
    first one; if there is none, the first test review.
    """
    bags, labels = dataset.part("test")
    sizes = np.diff(bags.start)
    probability = 1 / (1 + np.exp(-model.logits(bags)))
    fits = (sizes >= 25) & (sizes <= 45) & (np.abs(probability - (1 - labels)) > 0.95)
    rule = "the first test review of 25 to 45 distinct words that is classified correctly and confidently"
    index = int(dataset.test[np.argmax(fits)])
    explained = explain(model, reviews[index].text)
    return ExampleRecord(
        *(getattr(explained, field) for field in ExplanationRecord.__struct_fields__),
        review=index,
        rule=rule if fits.any() else "the first test review",
        label="positive" if reviews[index].label else "negative",
    )


def accuracy_table(evidence: Evidence) -> tuple[AccuracyRow, ...]:
    """One row a dimension: test accuracies of every kind, with intervals, beside the published figure."""
    columns = {kind: (kind, "accuracy test") for kind in ("hard", "twin", "learned", "padding", "softmax")}
    columns |= {"best": ("hard", "accuracy best_test"), "learned_alpha": ("learned", "alpha")}
    return tuple(
        AccuracyRow(
            dimension=d,
            published=PUBLISHED.get(d),
            words=_estimate(evidence.by_seed("words", "accuracy test")),
            **{name: _estimate(evidence.by_seed(kind, path, dimension=d)) for name, (kind, path) in columns.items()},
        )
        for d in evidence.dimensions
    )


def leader_table(evidence: Evidence) -> tuple[LeaderRow, ...]:
    """One row a dimension and treatment of the padding: leaders per review, over all seeds."""
    rows = []
    for kind, padding in (("hard", "masked"), ("padding", "kept")):
        for d in evidence.dimensions:
            found = list(evidence.by_seed(kind, "measures leaders", dimension=d).values())
            names = ("mean", "deviation", "initial", "share")
            rows.append(
                LeaderRow(
                    dimension=d,
                    padding=padding,
                    **{name: estimate(one[name] for one in found) for name in names},
                    min=min(one["min"] for one in found),
                    max=max(one["max"] for one in found),
                    histogram={int(number): count for number, count in found[0]["histogram"].items()},
                )
            )
    return tuple(rows)


def speed_table(evidence: Evidence) -> tuple[SpeedRow, ...]:
    """Seconds an epoch through the hard and through the softmax layers, where both were trained."""
    rows = []
    for d in evidence.dimensions:
        hard, soft = (evidence.by_seed(kind, "epoch_seconds", dimension=d).values() for kind in ("hard", "softmax"))
        if soft:
            means = fmean(hard), fmean(soft)
            rows.append(SpeedRow(d, *means, ratio=means[1] / means[0]))
    return tuple(rows)


def _estimate(values: Mapping[int, float]) -> EstimateRecord | None:
    return estimate(values.values()) if values else None


def _mean_curves(by_seed: Mapping[int, Mapping[str, Sequence[float]]]) -> dict[str, tuple[float, ...]]:
    names = next(iter(by_seed.values()))
    return {name: tuple(np.mean([one[name] for one in by_seed.values()], axis=0).tolist()) for name in names}
