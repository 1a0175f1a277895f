"""Training the classifier: mini-batches, Adam, word dropout, the epoch chosen on validation; stops and goes on again.

The same loop serves both paths; they differ in where the gradient comes from. Through the hard layers it is a
recursion on weights: with g = σ(⟨v, z̄⟩ + b) − y and the weights c of `hard_attention`,

    ∂/∂E_i = g c_i v,      ∂/∂v = g z̄,      ∂/∂b = g,      ∂/∂log α = g ⟨v, ∂z̄/∂λ⟩ λ (1 − λ),

so embeddings move along the decoder's direction v alone: what is selected is never itself learned.

Neighbours: `data` has the splits, `model` is the result, `softmax_attention` the other gradient.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from .....kernels.errors import InputError
from .data import Bags, Dataset
from .hard_attention import Floats, pool
from .model import ALPHAS, DEEPEST, Classifier, read_arrays
from .softmax_attention import TEMPERATURE, require_torch, softmax_gradients

Parameters = dict[str, Floats]
BETAS = (0.9, 0.999)
EPSILON = 1e-8
LARGEST = {"dimension": 4096, "depth": DEEPEST}
RANGES = {"alpha": ALPHAS, "temperature": (1e-9, 1e9), "rate": (1e-12, 1.0)}


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that a training run depends on besides the reviews.

    Args:
        dimension: d, 1 … 4096.
        depth: K, 0 … 1000; 0 is the twin without attention.
        alpha: α in `model.ALPHAS`, fixed unless `learn_alpha`.
        learn_alpha: whether α is trained too, from that start (as in the paper).
        attention: "hard" or "softmax": the layers through which the gradient flows. Accuracy is always that of the
            hard layers.
        temperature: τ of softmax attention, 1e-9 … 1e9.
        epochs: ≥ 1.
        batch: reviews a step, ≥ 1.
        rate: Adam's step size, 1e-12 … 1.
        dropout: the probability in [0, 1) with which each word of a training review is left out.
        seed: of initial values, order and dropout.

    Raises:
        InputError: a value is out of range.
    """

    dimension: int = 2
    depth: int = 8
    alpha: float = 1.0
    learn_alpha: bool = False
    attention: Literal["hard", "softmax"] = "hard"
    temperature: float = TEMPERATURE
    epochs: int = 8
    batch: int = 64
    rate: float = 1e-2
    dropout: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        for name, low in (("dimension", 1), ("depth", 0), ("epochs", 1), ("batch", 1), ("seed", 0)):
            if getattr(self, name) < low:
                raise InputError(f"{name} is {getattr(self, name)}; give at least {low}")
        for name, high in LARGEST.items():
            if getattr(self, name) > high:
                raise InputError(f"{name} is {getattr(self, name)}; give at most {high}")
        for name, (low, high) in RANGES.items():
            if not low <= getattr(self, name) <= high:
                raise InputError(f"{name} is {getattr(self, name)}; give a number between {low:g} and {high:g}")
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout is {self.dropout}; give a probability in [0, 1)")
        if self.attention not in ("hard", "softmax"):
            raise InputError(f'attention is {self.attention!r}; it must be "hard" or "softmax"')


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch ended with.

    Args:
        loss: the mean cross-entropy of its batches, under dropout, by the layers that are trained through.
        validation: the accuracy of the hard layers on the validation part.
        watched: the same on parts that are looked at but never chosen by.
        alpha: α at its end.
    """

    loss: float
    validation: float
    watched: Mapping[str, float]
    alpha: float


@dataclass(frozen=True, slots=True)
class Trained:
    """The result of a run: the classifier of the epoch with the best validation accuracy (the first of equals)."""

    model: Classifier
    chosen: int
    history: tuple[Epoch, ...]


@dataclass(frozen=False, slots=True)
class _State:
    """A run between two epochs: all that is needed to go on as if it had not stopped."""

    parameters: Parameters
    first: Parameters
    second: Parameters
    step: int
    rng: np.random.Generator
    best: Parameters
    history: list[Epoch] = field(default_factory=list)

    @property
    def chosen(self) -> int:
        """The epoch with the best validation accuracy so far, the first of equals."""
        scores = [epoch.validation for epoch in self.history]
        return scores.index(max(scores))


def hard_gradients(parameters: Parameters, bags: Bags, labels: Floats, depth: int) -> tuple[float, Parameters]:
    """The mean cross-entropy of a batch and its gradients through the selected values.

    Args:
        parameters: "embeddings" (V, d), "direction" (d,), "bias" () and "log_alpha" (), float64.
        bags: the batch of m reviews.
        labels: (m,) 0 or 1.
        depth: K.

    Returns:
        The loss and one array for each parameter.
    """
    E, v = parameters["embeddings"], parameters["direction"]
    rate = _sigmoid(parameters["log_alpha"])  # λ = α / (1 + α)
    pooled = pool(E, bags, float(rate), depth)
    logits = pooled.mean @ v + parameters["bias"]
    loss = np.mean(np.logaddexp(0.0, logits) - labels * logits)
    g = (_sigmoid(logits) - labels) / len(bags)
    along = np.bincount(bags.tokens, weights=pooled.weights * g[bags.rows], minlength=len(E))
    return float(loss), {
        "embeddings": along[:, None] * v,
        "direction": g @ pooled.mean,
        "bias": np.asarray(g.sum()),
        "log_alpha": np.asarray(g @ (pooled.slope @ v) * rate * (1 - rate)),
    }


def train(
    dataset: Dataset,
    recipe: Recipe,
    *,
    watch: Mapping[str, tuple[Bags, Floats]] | None = None,
    checkpoint: Path | None = None,
    progress: Callable[[int, float], None] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Trained:
    """A classifier trained by the recipe on the training part, its epoch chosen on the validation part.

    Args:
        dataset: the encoded reviews; the test part is not touched.
        recipe: the run's settings.
        watch: parts whose accuracy is written down each epoch.
        checkpoint: a file that holds the state after each epoch; if it exists the run goes on from there, with the
            same result as without a stop.
        progress: called after each step with the epoch and the share of it that is done.
        provenance: written into the model, the recipe and accuracies added.

    Raises:
        InputError: the checkpoint is of another recipe, of other reviews or damaged; torch is needed and absent; a
            learned α runs away; or the embeddings do not fit in memory.
    """
    if recipe.attention == "softmax":
        require_torch()
    train_part, validation_part = dataset.part("train"), dataset.part("validation")
    watch = dict(watch or {})
    identity = _identity(dataset, recipe)
    rows = len(dataset.vocabulary.words) + (dataset.padding == "kept")
    with _memory_for(rows, recipe.dimension):
        state = _start(rows, recipe)
        if checkpoint is not None and checkpoint.exists():
            state = _restore(checkpoint, identity, state)
            if len(state.history) > recipe.epochs:
                raise InputError(
                    f"{checkpoint} holds {len(state.history)} epochs and {recipe.epochs} are asked for;"
                    " give at least as many, or delete it to start anew"
                )
        while len(state.history) < recipe.epochs:
            loss = _epoch(state, *train_part, recipe, progress)
            model = _classifier(dataset, recipe, state.parameters, {})
            state.history.append(
                Epoch(
                    loss=loss,
                    validation=model.accuracy(*validation_part),
                    watched={name: model.accuracy(*part) for name, part in watch.items()},
                    alpha=model.alpha,
                )
            )
            if state.chosen == len(state.history) - 1:
                state.best = {name: value.copy() for name, value in state.parameters.items()}
            if checkpoint is not None:
                _store(checkpoint, identity, state)
    record = dict(provenance or {}) | {
        "recipe": asdict(recipe),
        "epoch": state.chosen + 1,
        "validation_accuracy": state.history[state.chosen].validation,
    }
    return Trained(_classifier(dataset, recipe, state.best, record), state.chosen, tuple(state.history))


@contextmanager
def _memory_for(rows: int, dimension: int) -> Iterator[None]:
    """Turns a lack of memory into one line that names the size."""
    try:
        yield
    except MemoryError:
        raise InputError(
            f"{rows} embeddings of dimension {dimension}, {rows * dimension * 8 / 2**30:.1f} GiB in each of several"
            " copies, do not fit in memory; give a smaller dimension or a smaller vocabulary"
        ) from None


def _start(rows: int, recipe: Recipe) -> _State:
    """The state before the first epoch: E ~ N(0, 1), v and b uniform in ±1/√d, moments zero."""
    rng = np.random.default_rng(recipe.seed)
    d = recipe.dimension
    parameters = {
        "embeddings": rng.standard_normal((rows, d)),
        "direction": rng.uniform(-1, 1, d) / np.sqrt(d),
        "bias": np.asarray(rng.uniform(-1, 1) / np.sqrt(d)),
        "log_alpha": np.asarray(np.log(recipe.alpha)),
    }
    zeros = [{name: np.zeros_like(value) for name, value in parameters.items()} for _ in range(2)]
    return _State(parameters, *zeros, step=0, rng=rng, best={})


def _epoch(
    state: _State, bags: Bags, labels: Floats, recipe: Recipe, progress: Callable[[int, float], None] | None
) -> float:
    """One pass over the training part; updates `state`, returns the mean loss of its steps."""
    order = state.rng.permutation(len(bags))
    losses = []
    for begin in range(0, len(order), recipe.batch):
        chosen = order[begin : begin + recipe.batch]
        batch = bags.take(chosen).thinned(recipe.dropout, state.rng) if recipe.dropout else bags.take(chosen)
        if recipe.attention == "hard":
            loss, gradients = hard_gradients(state.parameters, batch, labels[chosen], recipe.depth)
        else:
            loss, gradients = softmax_gradients(
                state.parameters, batch, labels[chosen], recipe.depth, recipe.temperature
            )
        if not recipe.learn_alpha:
            del gradients["log_alpha"]
        _adam(state, gradients, recipe.rate)
        if recipe.learn_alpha:
            _check_learned(float(np.exp(state.parameters["log_alpha"])))
        losses.append(loss)
        if progress is not None:
            progress(len(state.history), min(1.0, (begin + recipe.batch) / len(order)))
    return float(np.mean(losses))


def _check_learned(alpha: float) -> None:
    """Stops a run whose α has gone where λ is 0 or 1."""
    low, high = ALPHAS
    if not low <= alpha <= high:
        raise InputError(f"the learned alpha has run away to {alpha:g}; give a smaller rate, or do not learn it")


def _adam(state: _State, gradients: Parameters, rate: float) -> None:
    """One step of Adam, in place."""
    state.step += 1
    b1, b2 = BETAS
    scale = rate * np.sqrt(1 - b2**state.step) / (1 - b1**state.step)
    for name, gradient in gradients.items():
        first, second = state.first[name], state.second[name]
        first += (1 - b1) * (gradient - first)
        second += (1 - b2) * (gradient * gradient - second)
        state.parameters[name] -= scale * first / (np.sqrt(second) + EPSILON)


def _classifier(dataset: Dataset, recipe: Recipe, parameters: Parameters, provenance: Mapping[str, Any]) -> Classifier:
    """The classifier with these parameters, rounded to float32; a fixed α stays the number it was given as."""
    alpha = float(np.exp(parameters["log_alpha"])) if recipe.learn_alpha else recipe.alpha
    return Classifier(
        vocabulary=dataset.vocabulary,
        embeddings=parameters["embeddings"].astype(np.float32),
        direction=parameters["direction"].astype(np.float32),
        bias=np.float32(parameters["bias"]),
        alpha=alpha,
        depth=recipe.depth,
        padding=dataset.padding,
        provenance=provenance,
    )


def _sigmoid(x: Any) -> Any:
    with np.errstate(over="ignore"):  # exp(−x) = ∞ gives the right limit, 0
        return 1.0 / (1.0 + np.exp(-x))


def _identity(dataset: Dataset, recipe: Recipe) -> dict[str, Any]:
    """What a checkpoint must agree with to be gone on from; `epochs` may grow."""
    settings = asdict(recipe)
    del settings["epochs"]
    return settings | {
        "vocabulary": len(dataset.vocabulary.words),
        "padding": dataset.padding,
        "training reviews": len(dataset.train),
        "sha256 of reviews, labels and split": dataset.digest(),
    }


def _store(path: Path, identity: Mapping[str, Any], state: _State) -> None:
    """Write the state after an epoch, all of it or nothing."""
    groups = {"parameters": state.parameters, "first": state.first, "second": state.second, "best": state.best}
    arrays: dict[str, Any] = {
        f"{group}.{name}": value for group, values in groups.items() for name, value in values.items()
    }
    about = {
        "identity": identity,
        "step": state.step,
        "rng": state.rng.bit_generator.state,
        "history": [asdict(epoch) for epoch in state.history],
    }
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        os.replace(partial, path)
    finally:
        if partial.is_file():
            partial.unlink()


def _restore(path: Path, identity: Mapping[str, Any], like: _State) -> _State:
    """The state that `_store` wrote.

    Args:
        path: the checkpoint.
        identity: what it must agree with.
        like: a state whose arrays have the same names, shapes and types.

    Raises:
        InputError: the file is damaged, or of a run with other settings or other reviews.
    """

    def damaged(error: Exception) -> InputError:
        reason = f"{error} is missing" if isinstance(error, KeyError) else error
        return InputError(f"{path} is damaged or not a checkpoint ({reason}); delete it to start anew")

    try:
        arrays = read_arrays(path)
        about = json.loads(arrays.pop("about").tobytes())
        found = dict(about["identity"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise damaged(error) from None
    for name, value in identity.items():
        if found.get(name) != value:
            raise InputError(
                f"{path} is the checkpoint of another run: {name} is {found.get(name)} there and {value} here;"
                " delete it or give another name"
            )
    try:
        groups = [_group(arrays, group, like.parameters) for group in ("parameters", "first", "second", "best")]
        rng = np.random.default_rng()
        rng.bit_generator.state = about["rng"]
        history = [_past_epoch(epoch) for epoch in about["history"]]
        step = about["step"]
        if type(step) is not int or step < 1 or not history:
            raise ValueError(f"step is {step!r} after {len(history)} epochs")
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise damaged(error) from None
    parameters, first, second, best = groups
    return _State(parameters, first, second, step, rng, best, history)


def _group(arrays: Mapping[str, Any], group: str, like: Parameters) -> Parameters:
    """The arrays of one group, which must be as those of `like`."""
    found = {name: arrays[f"{group}.{name}"] for name in like}
    for name, array in found.items():
        if array.shape != like[name].shape or array.dtype != np.float64 or not np.isfinite(array).all():
            raise ValueError(f"{group}.{name} is not {like[name].shape} finite float64 numbers")
    return found


def _past_epoch(entry: Mapping[str, Any]) -> Epoch:
    """An epoch from its JSON object."""
    epoch = Epoch(**entry)
    if not all(type(x) is float for x in (epoch.loss, epoch.validation, epoch.alpha, *dict(epoch.watched).values())):
        raise ValueError(f"{entry} is no epoch")
    return epoch


__all__ = ["Epoch", "Parameters", "Recipe", "Trained", "hard_gradients", "train"]
